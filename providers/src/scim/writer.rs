//! The half that writes: nothing is sent twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::future::join_all;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, IF_MATCH, LOCATION};
use reqwest::{Method, Url};
use serde_json::{Value as Json, json};
use state::{Action, Kind, Object, Order, Outcome, Symbol, Target};

use crate::http::{Answer, WriteFailure};
use crate::provider::{Announce, Writer};

use super::answered::{informed, not_begun, refused, shown, success};
use super::client::{Client, Found};
use super::schema::{ResourceSchema, find};
use super::{patch, replace, rfc};

/// Members that one call adds or removes at most.
pub const MEMBERS_PER_CALL: usize = 100;

/// Writes to one system.
pub struct ScimWriter {
    pub(super) client: Arc<Client>,
    /// Whether PATCH was found not to be there, whatever `/ServiceProviderConfig` says.
    no_patch: AtomicBool,
}

impl ScimWriter {
    /// A writer.
    pub fn new(client: Arc<Client>) -> ScimWriter {
        ScimWriter { client, no_patch: AtomicBool::new(false) }
    }

    /// Whether PATCH can be used.
    pub(super) fn patches(&self) -> bool {
        self.client.service.patch && !self.no_patch.load(Ordering::Relaxed)
    }

    /// Whether an answer says that there is no PATCH here; it is remembered.
    pub(super) fn lacks_patch(&self, answer: &Result<Answer, WriteFailure>) -> bool {
        let lacks = matches!(answer, Ok(answer) if matches!(answer.status.as_u16(), 405 | 501));
        if lacks {
            self.no_patch.store(true, Ordering::Relaxed);
        }
        lacks
    }

    /// Sends a write. `version` becomes `If-Match` where the server has ETags.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: &Json,
        version: Option<Symbol>,
    ) -> Result<Answer, WriteFailure> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
        if let Some(version) = version.filter(|_| self.client.service.etag)
            && let Ok(version) = HeaderValue::from_str(version.as_str())
        {
            headers.insert(IF_MATCH, version);
        }
        self.client.connection.write(method, path, body.to_string().into_bytes(), headers).await
    }

    async fn single(&self, order: &Order) -> Outcome {
        let account = order.kind == Kind::Account;
        match (order.kind, order.action, order.target) {
            (Kind::Account | Kind::Group, Action::Create, _) => self.create(account, order).await,
            (
                Kind::Account | Kind::Group,
                Action::Update | Action::Rename | Action::Deactivate | Action::Reactivate,
                Some(Target::Account(id) | Target::Group(id)),
            ) => self.change(account, id, order).await,
            (kind, action, _) => refused(format!("{}: SCIM has no {} of a {kind:?}", order.address, action.word())),
        }
    }

    async fn create(&self, account: bool, order: &Order) -> Outcome {
        let service = &self.client.service;
        let (schema, path) = match (account, &service.groups) {
            (true, _) => (&service.user, service.users.as_str()),
            (false, Some(path)) => (&service.group, path.as_str()),
            (false, None) => return refused(format!("{}: the server has no groups", order.address)),
        };
        let answer = self.send(Method::POST, path, &created(schema, account, order), None).await;
        let answer = match success(&self.client, answer).await {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        match self.client.resource(account, &answer) {
            Ok(resource) => Outcome::Done(resource.object),
            Err(error) => match self.located(account, path, &answer).await {
                Some(object) => Outcome::Done(object),
                None => Outcome::Unknown(format!(
                    "{}: what was created has no id that could be recorded, so it has to be looked for",
                    error.message
                )),
            },
        }
    }

    /// What was created, by its `Location`, where the answer itself does not show it.
    async fn located(&self, account: bool, path: &str, answer: &Answer) -> Option<Object> {
        let location = Url::options().base_url(Some(&answer.url)).parse(answer.header(LOCATION)?).ok()?;
        let id = location.path_segments()?.next_back().filter(|id| !id.is_empty())?;
        let expected = self.client.connection.url(&format!("{path}/{id}")).ok()?;
        // An id that needed encoding is not taken from a URL; such servers show it in the body.
        if expected != location || id.contains('%') {
            return None;
        }
        match self.client.fetch(account, Symbol::new(id)).await {
            Ok(Found::Here(resource)) => Some(resource.object),
            _ => None,
        }
    }

    async fn change(&self, account: bool, id: Symbol, order: &Order) -> Outcome {
        let service = &self.client.service;
        let schema = if account { &service.user } else { &service.group };
        let path = match self.client.path(account, id) {
            Ok(path) => path,
            Err(error) => return not_begun(error),
        };
        let before = order.before.clone().unwrap_or_else(|| Object::new(id, state::Attributes::new()));
        let mut expected = Object { id, attributes: before.attributes.overlaid(&order.after), ..before.clone() };
        let active = match order.action {
            Action::Deactivate => Some(false),
            Action::Reactivate => Some(true),
            _ => None,
        };
        expected.active = active.unwrap_or(before.active);

        if self.patches() {
            let mut operations: Vec<Json> = active.map(patch::active).into_iter().collect();
            operations.extend(patch::operations(schema, &before.attributes, &order.after));
            operations.extend(
                order
                    .secrets
                    .0
                    .iter()
                    .map(|(name, secret)| json!({ "op": "replace", "path": name.as_str(), "value": secret })),
            );
            if operations.is_empty() {
                return Outcome::Done(before);
            }
            let answer = self.send(Method::PATCH, &path, &patch::body(operations), before.version).await;
            if !self.lacks_patch(&answer) {
                return match success(&self.client, answer).await {
                    Ok(answer) => shown(&self.client, account, &answer, expected),
                    Err(outcome) => informed(&self.client, outcome, account, id).await,
                };
            }
        }
        self.replace(account, id, &path, active, order, expected).await
    }

    /// A change without PATCH: the resource is read and written whole.
    async fn replace(
        &self,
        account: bool,
        id: Symbol,
        path: &str,
        active: Option<bool>,
        order: &Order,
        expected: Object,
    ) -> Outcome {
        let service = &self.client.service;
        let schema = if account { &service.user } else { &service.group };
        let fresh = match self.client.fetch(account, id).await {
            Ok(Found::Here(fresh)) => fresh,
            Ok(Found::Gone) => return refused(format!("{}: {path} is gone; nothing was written", order.address)),
            Ok(Found::Hidden(why)) => {
                return refused(format!("{}: cannot be read, so it cannot be written whole: {why}", order.address));
            }
            Err(error) => return not_begun(error),
        };
        // What stands there must still be what was decided upon.
        if let Some(before) = &order.before
            && (fresh.object.active != before.active
                || before.attributes.iter().any(|(name, was)| fresh.object.attributes.get(*name) != Some(was)))
        {
            return Outcome::Stale(Some(fresh.object));
        }
        let mut written = replace::overlay(schema, &fresh.json, &order.after);
        if let Some(active) = active {
            replace::set(&mut written, "active", Json::Bool(active));
        }
        for (name, secret) in &order.secrets.0 {
            replace::set(&mut written, name.as_str(), Json::from(secret.as_str()));
        }
        let answer = self.send(Method::PUT, path, &Json::Object(written), fresh.object.version).await;
        match success(&self.client, answer).await {
            Ok(answer) => shown(&self.client, account, &answer, expected),
            Err(outcome) => informed(&self.client, outcome, account, id).await,
        }
    }
}

/// The resource to POST.
fn created(schema: &ResourceSchema, account: bool, order: &Order) -> Json {
    let mut schemas = vec![Json::from(schema.core.as_str())];
    let mut resource = serde_json::Map::new();
    for (name, value) in order.after.iter().filter(|(_, value)| !value.is_empty()) {
        if patch::is_extension(schema, name.as_str()) {
            schemas.push(Json::from(name.as_str()));
        }
        resource.insert(name.as_str().to_owned(), patch::full(value));
    }
    for (name, secret) in &order.secrets.0 {
        resource.insert(name.as_str().to_owned(), Json::from(secret.as_str()));
    }
    if account && (!schema.published || find(&schema.attributes, "active").is_some()) {
        resource.insert("active".to_owned(), Json::Bool(true));
    }
    // Members are written one by one later: some servers drop those that come with the group.
    if !account
        && schema.core == rfc::GROUP
        && find(&schema.attributes, "members").is_some_and(|members| members.required)
    {
        resource.insert("members".to_owned(), Json::Array(Vec::new()));
    }
    resource.insert("schemas".to_owned(), Json::Array(schemas));
    Json::Object(resource)
}

#[async_trait]
impl Writer for ScimWriter {
    async fn execute(&self, orders: &[Order], _announce: &dyn Announce) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = orders.iter().map(|_| None).collect();
        // Members of one group travel together; everything else by itself, at the same time.
        let mut groups: BTreeMap<Symbol, Vec<usize>> = BTreeMap::new();
        let mut singles = Vec::new();
        for (n, order) in orders.iter().enumerate() {
            match order.target {
                Some(Target::Membership { group, .. }) => groups.entry(group).or_default().push(n),
                _ => singles.push(n),
            }
        }
        let singles = join_all(singles.into_iter().filter_map(|n| {
            let order = orders.get(n)?;
            Some(async move { (n, self.single(order).await) })
        }));
        let groups = join_all(groups.into_iter().map(|(group, numbers)| async move {
            let mut answered = Vec::new();
            for numbers in numbers.chunks(MEMBERS_PER_CALL) {
                let members: Vec<&Order> = numbers.iter().filter_map(|n| orders.get(*n)).collect();
                answered.extend(numbers.iter().copied().zip(self.change_members(group, &members).await));
            }
            answered
        }));
        let (singles, groups) = futures_util::future::join(singles, groups).await;
        for (n, outcome) in singles.into_iter().chain(groups.into_iter().flatten()) {
            if let Some(place) = outcomes.get_mut(n) {
                *place = Some(outcome);
            }
        }
        let unanswered = || Outcome::Unknown("the writer lost this order".to_owned());
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unanswered)).collect()
    }
}
