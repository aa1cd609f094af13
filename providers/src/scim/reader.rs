//! The half that reads.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use state::{Capabilities, Complete, Object, Observed, Presence, Schema, Symbol, Target, Touched};

use crate::http::HttpError;
use crate::provider::{Ask, Authors, Difference, ReadError, Reader};

use super::client::{Client, Found};
use super::members::{Directory, RawMember, Spelling};
use super::paging::{self, Listing, Request};
use super::{json, members, resource};

/// Reads one system.
pub struct ScimReader {
    client: Arc<Client>,
    page_size: Option<u64>,
    visibility: Duration,
}

/// Resources that are asked for where the server names no bound.
const PAGE_SIZE: u64 = 500;

/// So long the server may take to say whose the credential is.
const PATIENCE: Duration = Duration::from_secs(5);

type RawGroup = (Object, Option<Vec<RawMember>>);

impl ScimReader {
    /// A reader; `page_size` overrides what the server says, `visibility` is how long a change may take to show.
    pub fn new(client: Arc<Client>, page_size: Option<u64>, visibility: Duration) -> ScimReader {
        ScimReader { client, page_size, visibility }
    }

    fn request<'a>(&'a self, path: &'a str) -> Request<'a> {
        let service = &self.client.service;
        let size =
            self.page_size.unwrap_or_else(|| service.largest_page.map_or(PAGE_SIZE, |largest| largest.min(PAGE_SIZE)));
        Request { path, page_size: size, sort: service.sort, cursor: service.cursor, select: "" }
    }

    async fn accounts(&self, progress: &(dyn Fn(u64) + Sync)) -> Result<Listing<Object>, HttpError> {
        let schema = &self.client.service.user;
        let parse = |json: &json::Json| resource::account(json, schema).map(|account| (account.id, account));
        paging::list(&self.client.connection, self.request(&self.client.service.users), parse, progress).await
    }

    async fn groups(&self, progress: &(dyn Fn(u64) + Sync)) -> Result<Option<Listing<RawGroup>>, HttpError> {
        let service = &self.client.service;
        let Some(path) = &service.groups else { return Ok(None) };
        if !service.groups_announced && self.client.connection.get(&format!("{path}?startIndex=1")).await?.status == 404
        {
            return Ok(None);
        }
        let parse = |json: &json::Json| {
            let group = resource::object(json, &service.group)?;
            Ok((group.id, (group, members::raw(json))))
        };
        let mut listing = paging::list(&self.client.connection, self.request(path), parse, progress).await?;
        self.complete_members(&mut listing.items).await?;
        Ok(Some(listing))
    }

    /// Reads each group itself where the list shows no group's members: some servers leave them out of lists.
    async fn complete_members(&self, groups: &mut Vec<RawGroup>) -> Result<(), HttpError> {
        if groups.iter().any(|(_, members)| members.is_some()) {
            return Ok(());
        }
        let ids: Vec<Symbol> = groups.iter().map(|(group, _)| group.id).collect();
        let found: Vec<(Symbol, Found)> = self.fetch_all(ids.into_iter().map(Target::Group)).await?;
        let found: HashMap<Symbol, Found> = found.into_iter().collect();
        for (group, members) in groups {
            match found.get(&group.id) {
                Some(Found::Here(resource)) => *members = Some(resource.members.clone().unwrap_or_default()),
                Some(Found::Gone) => {
                    return Err(HttpError::new(
                        format!("group {} was in the list, but is gone when read", group.id),
                        "it was deleted meanwhile, or the server's list is stale: try again",
                    ));
                }
                Some(Found::Hidden(why)) => {
                    return Err(HttpError::new(
                        format!("the list shows no members of groups, and group {} cannot be read: {why}", group.id),
                        "give the credential the right to read groups",
                    ));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// The id of the account whose credential is used, where the server tells (RFC 7644 section 3.11). Most do not, and
    /// answer with 404 or 501; nothing is waited for.
    async fn own(&self) -> Option<Symbol> {
        let asked = tokio::time::timeout(PATIENCE, self.client.connection.get("/Me")).await;
        let answer = asked.ok()?.ok().filter(|answer| answer.status == 200)?;
        json::text(answer.json().ok()?.as_object()?, "id").map(Symbol::new)
    }

    /// Reads remote objects at the same time, each once.
    async fn fetch_all(&self, targets: impl Iterator<Item = Target>) -> Result<Vec<(Symbol, Found)>, HttpError> {
        futures_util::stream::iter(targets.map(|target| async move {
            let id = target.remote();
            Ok((id, self.client.fetch(target.kind() == state::Kind::Account, id).await?))
        }))
        .buffer_unordered(self.client.connection.settings().concurrency)
        .try_collect()
        .await
    }
}

#[async_trait]
impl Reader for ScimReader {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        let service = &self.client.service;
        let settings = self.client.connection.settings();
        Ok((service.schema(), service.capabilities(settings.timeout, self.visibility, settings.concurrency)))
    }

    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError> {
        let Ask { now, progress, .. } = *ask;
        // Callers are told a running count, over both lists.
        let count = Mutex::new(0u64);
        let counted = |more: u64| {
            let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
            *count += more;
            progress(*count);
        };
        let lists = futures_util::future::try_join(self.accounts(&counted), self.groups(&counted));
        let (lists, own) = futures_util::future::join(lists, self.own()).await;
        let (accounts, groups) = lists?;
        let name = Symbol::new("userName");
        let names = accounts
            .items
            .iter()
            .map(|account| (account.id, account.attributes.get(name).and_then(state::Value::as_text)));
        let (groups, groups_proof) = match groups {
            Some(listing) => (listing.items, listing.proof),
            None => (Vec::new(), "the server has none".to_owned()),
        };
        let directory = Directory::new(names.clone(), groups.iter().map(|(group, _)| group.id));
        let resolved =
            directory.resolve(groups.iter().map(|(group, members)| (group.id, members.as_deref().unwrap_or_default())));
        self.client.learn(resolved.spelling, names);

        let mut proof = format!("users: {}; groups: {groups_proof}", accounts.proof);
        if resolved.spelling == Spelling::UserNames {
            proof.push_str("; members are listed by user name, and were found by it");
        }
        if resolved.dangling > 0 {
            proof.push_str(&format!("; {} members are neither users nor groups here", resolved.dangling));
        }
        for note in &self.client.service.notes {
            proof.push_str("; ");
            proof.push_str(note);
        }
        let groups = groups.into_iter().map(|(group, _)| group).collect();
        let observed =
            Observed::new(Complete::proved(proof, now), accounts.items, groups, resolved.memberships, Vec::new());
        Ok(observed.with_own(own))
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        // Members of one group are answered by one reading of the group.
        let unique: BTreeSet<(bool, Symbol)> =
            targets.iter().map(|target| (target.kind() == state::Kind::Account, target.remote())).collect();
        let unique =
            unique.into_iter().map(|(account, id)| if account { Target::Account(id) } else { Target::Group(id) });
        let found: BTreeMap<Symbol, Found> = {
            let (accounts, groups): (Vec<Target>, Vec<Target>) =
                unique.partition(|target| target.kind() == state::Kind::Account);
            let accounts = self.fetch_all(accounts.into_iter()).await?;
            let groups = self.fetch_all(groups.into_iter()).await?;
            // An account and a group may have the same id.
            let prefixed = |kind: &str, (id, found): (Symbol, Found)| (Symbol::new(&format!("{kind}{id}")), found);
            accounts
                .into_iter()
                .map(|pair| prefixed("u", pair))
                .chain(groups.into_iter().map(|pair| prefixed("g", pair)))
                .collect()
        };
        let mut answers = Vec::with_capacity(targets.len());
        for target in targets {
            let kind = if target.kind() == state::Kind::Account { "u" } else { "g" };
            let found = found.get(&Symbol::new(&format!("{kind}{}", target.remote())));
            answers.push(match (found, target) {
                (Some(Found::Gone), _) => Presence::Gone,
                (Some(Found::Hidden(why)), _) => Presence::Hidden(why.clone()),
                (Some(Found::Here(group)), Target::Membership { member, nested, .. }) => {
                    match self
                        .client
                        .find_member(group.members.as_deref().unwrap_or_default(), *member, *nested)
                        .await?
                    {
                        Some(_) => Presence::Here(Object {
                            version: group.object.version,
                            ..Object::new("", Default::default())
                        }),
                        None => Presence::Gone,
                    }
                }
                (Some(Found::Here(resource)), Target::Account(_) | Target::Group(_)) => {
                    Presence::Here(resource.object.clone())
                }
                (Some(Found::Here(_)), Target::Grant { .. } | Target::Owned(_)) => Presence::Gone,
                (None, _) => Presence::Hidden("it was not read".to_owned()),
            });
        }
        Ok(answers)
    }

    /// From `meta.lastModified` (RFC 7643 section 3.1); nothing there says who it was.
    async fn touched(&self, differences: &[Difference]) -> Result<Authors, ReadError> {
        let mut touched: HashMap<Target, Touched> = HashMap::new();
        let objects: BTreeSet<Target> = differences.iter().filter_map(|difference| difference.object).collect();
        for target in objects {
            let found = self.client.fetch(target.kind() == state::Kind::Account, target.remote()).await?;
            let Found::Here(resource) = found else { continue };
            let meta = json::member(&resource.json, "meta").and_then(serde_json::Value::as_object);
            let at = meta.and_then(|meta| json::text(meta, "lastModified")).and_then(|text| text.parse().ok());
            touched.extend(at.map(|at| (target, Touched { at: Some(at), ..Touched::default() })));
        }
        let of = |difference: &Difference| touched.get(&difference.object?).cloned();
        Ok(Authors { touched: differences.iter().map(of).collect(), limits: None })
    }
}
