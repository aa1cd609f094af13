//! The half that reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rustc_hash::FxHashSet;
use state::{
    Capabilities, Complete, Kind, Membership, Object, Observed, Presence, Schema, Symbol, Target, Timestamp, Touched,
};
use tokio::task::JoinSet;

use crate::provider::{Ask, Authors, Difference, ReadError, Reader};

use super::client::{self, Client, Pages};
use super::connection::Frame;
use super::dn;
use super::entry::{canonical, dn_of, object, selection};
use super::error::LdapError;
use super::lookup::Looked;
use super::members::{Ghost, Names, without_uid};
use super::moments::generalized;
use super::parts::{Members, all_members};
use super::protocol::message::Message;
use super::server::{DN, id_of, search_of};
use super::settings::GroupKind;
use super::sign_in::{SIGN_IN, signed_in};

/// Reads one system.
pub struct LdapReader {
    client: Arc<Client>,
}

/// An account or group with its members.
type Read = (Object, Members);

/// All accounts or all groups.
struct Listed {
    objects: Vec<Read>,
    /// Of accounts, when they signed in last.
    signed_in: Vec<(Symbol, Timestamp)>,
    pages: u64,
    references: Vec<String>,
}

impl LdapReader {
    /// A reader.
    pub fn new(client: Arc<Client>) -> LdapReader {
        LdapReader { client }
    }

    /// All accounts or groups, page by page, decoded while the next page is on its way.
    async fn list(&self, account: bool, counted: &(dyn Fn(u64) + Sync)) -> Result<Listed, LdapError> {
        let server = &self.client.server;
        let mut select = selection(server, account);
        if !account {
            select.push(server.group_kind.member_attribute().to_owned());
        }
        if account {
            select.extend(SIGN_IN.map(str::to_owned));
        }
        let connection = self.client.another().await?;
        let mut listed = Listed { objects: Vec::new(), signed_in: Vec::new(), pages: 0, references: Vec::new() };
        let mut decoding = JoinSet::new();
        for base in self.client.bases(account) {
            let search =
                search_of(&base, server.kind(account).filter.clone(), select.iter().map(String::as_str).collect());
            let mut pages = Pages::new(&connection, search, self.client.settings.page_size);
            while let Some(page) = pages.next().await? {
                counted(page.entries.len() as u64);
                listed.references.extend(page.references);
                let client = Arc::clone(&self.client);
                decoding.spawn_blocking(move || decode(&client, account, &page.entries));
            }
            listed.pages += pages.pages;
        }
        while let Some(decoded) = decoding.join_next().await {
            let decoded = decoded
                .map_err(|error| LdapError::new(format!("decoding ended: {error}"), "report this as a defect"))?;
            let (objects, signed_in) = decoded?;
            listed.objects.extend(objects);
            listed.signed_in.extend(signed_in);
        }
        let mut seen = FxHashSet::default();
        if let Some((twice, _)) = listed.objects.iter().find(|(object, _)| !seen.insert(object.id)) {
            return Err(LdapError::new(
                format!("{}: entry {} came twice", connection.place(), twice.id),
                "it was moved while it was read, or the server pages wrongly: try again",
            ));
        }
        self.client.remember(listed.objects.iter().filter_map(|(object, _)| Some((object.id, dn_of(object)?))));
        if !account {
            self.complete_members(&connection, &mut listed).await?;
        }
        Ok(listed)
    }

    /// Asks for what a server sends in parts.
    async fn complete_members(
        &self,
        connection: &super::connection::Connection,
        listed: &mut Listed,
    ) -> Result<(), LdapError> {
        let server = &self.client.server;
        for (group, members) in listed.objects.iter_mut().filter(|(_, members)| members.next.is_some()) {
            let dn = dn_of(group).unwrap_or(group.id);
            members.values =
                all_members(connection, server.dialect.as_ref(), server.group_kind.member_attribute(), dn.as_str())
                    .await?;
            members.next = None;
        }
        Ok(())
    }

    /// The members of each group that was looked up, all of them.
    async fn members_of(&self, groups: &Looked) -> Result<BTreeMap<Symbol, Vec<String>>, LdapError> {
        let server = &self.client.server;
        let session = self.client.session().await?;
        let mut all = BTreeMap::new();
        for id in groups.here.keys() {
            let Some(entry) = groups.entry(*id) else { continue };
            let members = Members::of(server.dialect.as_ref(), server.group_kind.member_attribute(), &entry)
                .map_err(|what| LdapError::new(format!("{}: {what}", session.place()), "is this Active Directory?"))?;
            let values = match members.next {
                None => members.values,
                Some(_) => {
                    all_members(&session, server.dialect.as_ref(), server.group_kind.member_attribute(), entry.dn)
                        .await?
                }
            };
            all.insert(*id, values);
        }
        Ok(all)
    }

    /// What was seen at the start is seen still.
    async fn prove(&self, when: &str) -> Result<(), LdapError> {
        let server = &self.client.server;
        let session = self.client.session().await?;
        for sentinel in &server.sentinels {
            let lost = |what: &str| {
                LdapError::new(
                    format!("{}: {when}, {} {what}", session.place(), sentinel.dn),
                    "was it deleted, or was a right of the bind name taken away? nothing below it is taken for gone",
                )
            };
            let frame = client::entry(&session, &sentinel.dn, vec![server.dialect.id_attribute()]).await?;
            let frame = frame.ok_or_else(|| lost("cannot be seen any more"))?;
            let entry =
                Message::read(&frame).and_then(|message| message.entry()).map_err(|error| session.odd(&error))?;
            if id_of(server, &entry) != Some(sentinel.id) {
                return Err(lost("is another entry than before, or does not show its id any more"));
            }
        }
        Ok(())
    }

    fn observed(&self, accounts: Listed, groups: Listed, ask: &Ask<'_>) -> Observed {
        let server = &self.client.server;
        let kind = server.group_kind;
        let mut names = Names::default();
        let text =
            |object: &Object, name: &str| object.attributes.get(Symbol::new(name)).and_then(state::Value::as_text);
        for (listed, group) in [(&accounts, false), (&groups, true)] {
            for (object, _) in &listed.objects {
                if kind.by_dn() {
                    names.add(text(object, DN).map_or("", Symbol::as_str), object.id, group);
                } else if !group {
                    logins(object).for_each(|login| names.add_login(login, object.id));
                }
            }
        }
        let (mut memberships, mut ghosts): (Vec<Membership>, Vec<Ghost>) = (Vec::new(), Vec::new());
        for (group, members) in &groups.objects {
            let values = members.values.iter().map(String::as_str);
            names.resolve(kind, &self.client.settings.placeholder, group.id, values, &mut memberships, &mut ghosts);
        }
        memberships.sort_by_key(|place| (place.group, place.member, place.nested));
        // One member in two spellings is one member.
        memberships.dedup();
        let mut proof = format!(
            "{}: {} accounts over {} pages, {} groups over {} pages, each page ended well and the last without a cookie; {} entries seen before and after",
            self.client.settings.url,
            accounts.objects.len(),
            accounts.pages,
            groups.objects.len(),
            groups.pages,
            server.sentinels.len()
        );
        for note in notes(&server.notes, &ghosts, [&accounts.references, &groups.references]) {
            proof.push_str("; ");
            proof.push_str(&note);
        }
        let own =
            super::own::accounts(server, &self.client.settings, accounts.objects.iter().map(|(object, _)| object));
        let signed_in = accounts.signed_in.clone();
        let objects = |listed: Listed| listed.objects.into_iter().map(|(object, _)| object).collect();
        let observed = Observed::new(
            Complete::proved(proof, ask.now),
            objects(accounts),
            objects(groups),
            memberships,
            Vec::new(),
        )
        .with_own(own);
        // Where nobody ever did, the directory does not keep it.
        if signed_in.is_empty() { observed } else { observed.with_signed_in(signed_in) }
    }

    /// Whether these are values that hold a member.
    fn holds(&self, values: &[String], member: Symbol, nested: bool, looked: &Looked) -> bool {
        let kind = self.client.server.group_kind;
        let entry = looked.entry(member);
        if kind == GroupKind::PosixGroup {
            let logins: Vec<&str> = match &entry {
                Some(entry) => entry.texts("uid").collect(),
                None => vec![member.as_str()],
            };
            return !nested && values.iter().any(|value| logins.contains(&value.as_str()));
        }
        // A ghost is called by its DN.
        let wanted = dn::normal(entry.map_or(member.as_str(), |entry| entry.dn));
        values.iter().any(|value| dn::normal(without_uid(kind, value)) == wanted)
    }
}

/// What is worth saying about an inventory.
fn notes<'a>(server: &'a [String], ghosts: &'a [Ghost], references: [&'a Vec<String>; 2]) -> Vec<String> {
    let mut notes: Vec<String> = server.to_vec();
    if let Some(first) = ghosts.first() {
        notes.push(format!(
            "{} members are neither accounts nor groups here, such as {}",
            ghosts.len(),
            canonical(&first.value)
        ));
    }
    let references: BTreeSet<&String> = references.into_iter().flatten().collect();
    if let Some(first) = references.first() {
        notes.push(format!("{} referrals were not followed, such as {first}", references.len()));
    }
    notes
}

fn logins(account: &Object) -> impl Iterator<Item = &'static str> {
    let value = account.attributes.get(Symbol::new("uid"));
    let one = value.and_then(state::Value::as_text);
    let many = value.and_then(state::Value::as_list).unwrap_or_default().iter().filter_map(state::Value::as_text);
    one.into_iter().chain(many).map(Symbol::as_str).collect::<Vec<_>>().into_iter()
}

/// The entries, and when those of them that are accounts signed in last.
#[allow(clippy::type_complexity, reason = "taken apart where it is called")]
fn decode(
    client: &Client,
    account: bool,
    frames: &[Frame],
) -> Result<(Vec<Read>, Vec<(Symbol, Timestamp)>), LdapError> {
    let server = &client.server;
    let member = server.group_kind.member_attribute();
    let place = client.settings.url.to_string();
    let (mut read, mut signed) = (Vec::with_capacity(frames.len()), Vec::new());
    for frame in frames {
        let entry = Message::read(frame)
            .and_then(|message| message.entry())
            .map_err(|error| LdapError::new(format!("{place}: {error}"), "is this an LDAP server?"))?;
        let object = object(server, account, &entry).map_err(|what| {
            LdapError::new(
                format!("{place}: {what}: what was read is not all"),
                "give the bind name the right to read the entries whole, or leave them out by account_filter or group_filter",
            )
        })?;
        if account && let Some(at) = signed_in(&entry) {
            signed.push((object.id, at));
        }
        let members = match account {
            true => Members::default(),
            false => Members::of(server.dialect.as_ref(), member, &entry)
                .map_err(|what| LdapError::new(format!("{place}: {what}"), "is this Active Directory?"))?,
        };
        read.push((object, members));
    }
    Ok((read, signed))
}

#[async_trait]
impl Reader for LdapReader {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        Ok((self.client.server.schema(), self.client.server.capabilities(&self.client.settings)))
    }

    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError> {
        let count = Mutex::new(0u64);
        let counted = |more: u64| {
            let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
            *count += more;
            (ask.progress)(*count);
        };
        self.prove("before reading").await?;
        let (accounts, groups) =
            futures_util::future::try_join(self.list(true, &counted), self.list(false, &counted)).await?;
        self.prove("after reading").await?;
        Ok(self.observed(accounts, groups, ask))
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        let server = &self.client.server;
        let of = |account: bool| {
            let ids = targets
                .iter()
                .filter(|target| (target.kind() == Kind::Account) == account)
                .map(|target| target.remote());
            ids.collect::<BTreeSet<Symbol>>().into_iter().collect::<Vec<_>>()
        };
        let members: BTreeSet<(Symbol, bool)> = targets
            .iter()
            .filter_map(|target| match target {
                Target::Membership { member, nested, .. } => Some((*member, *nested)),
                _ => None,
            })
            .collect();
        let accounts = self.client.look(&self.client.bases(true), &of(true), &selection(server, true)).await?;
        let mut select = selection(server, false);
        if !members.is_empty() {
            select.push(server.group_kind.member_attribute().to_owned());
        }
        let groups = self.client.look(&self.client.bases(false), &of(false), &select).await?;
        let held = if members.is_empty() { BTreeMap::new() } else { self.members_of(&groups).await? };
        let mut named: BTreeMap<bool, Looked> = BTreeMap::new();
        for nested in [false, true] {
            let ids: Vec<Symbol> =
                members.iter().filter(|(_, own)| *own == nested).map(|(member, _)| *member).collect();
            named.insert(nested, self.client.look(&self.client.bases(!nested), &ids, &["uid".to_owned()]).await?);
        }
        let answer = |target: &Target| {
            let account = target.kind() == Kind::Account;
            let looked = if account { &accounts } else { &groups };
            let Some(entry) = looked.entry(target.remote()) else {
                return looked.hidden.clone().map_or(Presence::Gone, Presence::Hidden);
            };
            let read = match object(server, account, &entry) {
                Ok(read) => read,
                Err(why) => return Presence::Hidden(why),
            };
            match *target {
                Target::Account(_) | Target::Group(_) => Presence::Here(read),
                Target::Membership { member, nested, .. } => match named.get(&nested) {
                    Some(looked)
                        if self.holds(
                            held.get(&target.remote()).map_or(&[], Vec::as_slice),
                            member,
                            nested,
                            looked,
                        ) =>
                    {
                        Presence::Here(Object { version: read.version, ..Object::new("", Default::default()) })
                    }
                    Some(Looked { hidden: Some(why), .. }) => Presence::Hidden(why.clone()),
                    _ => Presence::Gone,
                },
                Target::Grant { .. } | Target::Owned(_) => Presence::Gone,
            }
        };
        Ok(targets.iter().map(answer).collect())
    }

    /// From the operational attributes of RFC 4512 section 3.4; Active Directory keeps the time in one of its own, and
    /// tells nobody who it was.
    async fn touched(&self, differences: &[Difference]) -> Result<Authors, ReadError> {
        let objects = || differences.iter().filter_map(|difference| difference.object);
        let select = [MODIFIER, MODIFIED, CHANGED].map(str::to_owned);
        let of = |account: bool| {
            let ids = objects().filter(|target| (target.kind() == Kind::Account) == account);
            ids.map(|target| target.remote()).collect::<BTreeSet<Symbol>>().into_iter().collect::<Vec<_>>()
        };
        let accounts = self.client.look(&self.client.bases(true), &of(true), &select).await?;
        let groups = self.client.look(&self.client.bases(false), &of(false), &select).await?;
        let answer = |difference: &Difference| {
            let target = difference.object?;
            let looked = if target.kind() == Kind::Account { &accounts } else { &groups };
            let entry = looked.entry(target.remote())?;
            let at = [MODIFIED, CHANGED].into_iter().find_map(|name| generalized(entry.text(name)?));
            let by = entry.text(MODIFIER).map(str::to_owned);
            (by.is_some() || at.is_some()).then(|| Touched { by, at, ..Touched::default() })
        };
        Ok(Authors { touched: differences.iter().map(answer).collect(), limits: None })
    }
}

const MODIFIER: &str = "modifiersName";
const MODIFIED: &str = "modifyTimestamp";
/// Active Directory's.
const CHANGED: &str = "whenChanged";
