//! What a server says about itself: `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (RFC 7644 section 4).

use std::time::Duration;

use reqwest::Url;
use state::{Capabilities, Key, Mutability, Schema, Symbol};

use crate::http::error::clean;
use crate::http::{Connection, HttpError};

use super::json::{self, Json};
use super::schema::{Attribute, ResourceSchema, find};
use super::{message, rfc};

/// What a server can do and how its resources look; where it does not say, what the RFCs say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub patch: bool,
    pub etag: bool,
    pub sort: bool,
    /// Paging by cursor (RFC 9865).
    pub cursor: bool,
    /// The most resources that the server puts on a page, where it says so.
    pub largest_page: Option<u64>,
    /// Path of the users below the base: `/Users`.
    pub users: String,
    /// Path of the groups, where there are groups.
    pub groups: Option<String>,
    /// Whether the server itself said that there are groups.
    pub groups_announced: bool,
    pub user: ResourceSchema,
    pub group: ResourceSchema,
    /// What the server left open, for the log.
    pub notes: Vec<String>,
}

impl Default for Service {
    /// What the RFCs promise of every server.
    fn default() -> Service {
        Service {
            patch: true,
            etag: false,
            sort: false,
            cursor: false,
            largest_page: None,
            users: "/Users".to_owned(),
            groups: Some("/Groups".to_owned()),
            groups_announced: false,
            user: rfc::user(),
            group: rfc::group(),
            notes: Vec::new(),
        }
    }
}

impl Service {
    /// Asks the server. Endpoints that are not there leave what the RFCs say; anything else that is wrong is an error.
    pub async fn discover(connection: &Connection) -> Result<Service, HttpError> {
        let mut service = Service::default();
        // The first alone: a wrong URL or credential is told once, and always with the same words.
        let config = ask(connection, "/ServiceProviderConfig").await?;
        let (types, schemas) =
            futures_util::future::join(ask(connection, "/ResourceTypes"), ask(connection, "/Schemas")).await;
        let (types, schemas) = (types?, schemas?);
        match config {
            Some(config) => service.take_config(&config),
            None => service.notes.push("no /ServiceProviderConfig: PATCH is assumed, ETags are not".to_owned()),
        }
        let types = types.as_ref().and_then(|json| json::objects(json, "Resources"));
        match &types {
            Some(types) if !types.is_empty() => service.take_types(connection, types)?,
            _ => service.notes.push("no /ResourceTypes: /Users and /Groups are assumed".to_owned()),
        }
        let schemas = schemas.as_ref().and_then(|json| json::objects(json, "Resources")).unwrap_or_default();
        service.take_schemas(&schemas, types.as_deref().unwrap_or_default());
        Ok(service)
    }

    fn take_config(&mut self, config: &Json) {
        let section = |name: &str| json::member(config, name).and_then(serde_json::Value::as_object);
        let supported = |name: &str| section(name).and_then(|section| json::truth(section, "supported"));
        self.patch = supported("patch").unwrap_or(true);
        self.etag = supported("etag").unwrap_or(false);
        self.sort = supported("sort").unwrap_or(false);
        if let Some(pagination) = section("pagination") {
            self.cursor = json::truth(pagination, "cursor").unwrap_or(false);
            self.largest_page = json::number(pagination, "maxPageSize").filter(|size| *size > 0);
        }
        let results = section("filter").and_then(|filter| json::number(filter, "maxResults")).filter(|size| *size > 0);
        self.largest_page = self.largest_page.into_iter().chain(results).min();
    }

    fn take_types(&mut self, connection: &Connection, types: &[&Json]) -> Result<(), HttpError> {
        let endpoint = |schema: &str, name: &str| {
            types
                .iter()
                .find(|kind| json::text(kind, "schema").is_some_and(|urn| urn.eq_ignore_ascii_case(schema)))
                .or_else(|| types.iter().find(|kind| json::text(kind, "name") == Some(name)))
                .and_then(|kind| json::text(kind, "endpoint"))
        };
        match endpoint(rfc::USER, "User") {
            Some(users) => self.users = path(connection, users)?,
            None => self.notes.push("/ResourceTypes has no User: /Users is assumed".to_owned()),
        }
        self.groups = endpoint(rfc::GROUP, "Group").map(|groups| path(connection, groups)).transpose()?;
        self.groups_announced = self.groups.is_some();
        Ok(())
    }

    fn take_schemas(&mut self, schemas: &[&Json], types: &[&Json]) {
        let published = |urn: &str| -> Option<Vec<Attribute>> {
            let schema = schemas
                .iter()
                .find(|schema| json::text(schema, "id").is_some_and(|id| id.eq_ignore_ascii_case(urn)))?;
            let attributes = json::objects(schema, "attributes")?;
            Some(attributes.into_iter().filter_map(Attribute::read).collect())
        };
        let extensions = |core: &str| -> Vec<(String, Vec<Attribute>)> {
            let kind =
                types.iter().find(|kind| json::text(kind, "schema").is_some_and(|urn| urn.eq_ignore_ascii_case(core)));
            let listed = kind.and_then(|kind| json::objects(kind, "schemaExtensions")).unwrap_or_default();
            let urns = listed.into_iter().filter_map(|extension| json::text(extension, "schema"));
            urns.map(|urn| (urn.to_owned(), published(urn).unwrap_or_default())).collect()
        };
        for (core, schema) in [(rfc::USER, &mut self.user), (rfc::GROUP, &mut self.group)] {
            match published(core) {
                Some(attributes) if !attributes.is_empty() => {
                    *schema = ResourceSchema {
                        core: core.to_owned(),
                        attributes,
                        extensions: extensions(core),
                        published: true,
                    };
                }
                _ => self.notes.push(format!("/Schemas has no {core}: what RFC 7643 says is assumed")),
            }
        }
    }

    /// In tenure's words. Kinds whose schema the server does not publish take any attribute.
    pub fn schema(&self) -> Schema {
        Schema {
            account: self.user.lower(),
            account_open: !self.user.published,
            group: self.group.lower(),
            group_open: !self.group.published,
            ..Schema::default()
        }
    }

    /// What planning and applying need to know; `timeout` is a request's, `concurrency` how many may be in flight.
    pub fn capabilities(&self, timeout: Duration, visibility: Duration, concurrency: usize) -> Capabilities {
        let key = |schema: &ResourceSchema, name: &str, unique: bool| {
            let attribute = find(&schema.attributes, name);
            Some(Key {
                attribute: Symbol::new(name),
                unique: attribute.map_or(unique, |attribute| attribute.unique),
                case_exact: attribute.is_some_and(|attribute| attribute.case_exact),
            })
        };
        let timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        Capabilities {
            groups: self.groups.is_some(),
            nested_groups: self.nests(),
            grants: false,
            deactivate: find(&self.user.attributes, "active")
                .is_some_and(|active| active.mutability != Mutability::ReadOnly),
            account_key: key(&self.user, "userName", true),
            group_key: key(&self.group, "displayName", false),
            parent_attribute: None,
            batch: super::writer::MEMBERS_PER_CALL,
            batch_objects: false,
            atomic: false,
            concurrency,
            // A call waits for its turn and its connection besides.
            deadline: timeout.saturating_mul(2),
            visibility: u64::try_from(visibility.as_millis()).unwrap_or(u64::MAX),
            // The network gives a request of a dead process up at once. What the server had read of it by then it may
            // still carry out: for as long as an answer is waited for, but for one request only, whatever its call had yet
            // to do; nor does a dead process wait for its turn.
            outlives: timeout,
            ..Capabilities::default()
        }
    }

    /// Whether the published schema says that groups may be members of groups.
    fn nests(&self) -> bool {
        let members = find(&self.group.attributes, "members");
        self.group.published
            && members.is_some_and(|members| {
                members.parts.iter().flat_map(|part| &part.values).any(|value| value.eq_ignore_ascii_case("Group"))
            })
    }
}

/// A discovery endpoint's JSON; none where the server has no such endpoint, or shows it to nobody.
async fn ask(connection: &Connection, path: &str) -> Result<Option<Json>, HttpError> {
    let answer = connection.get(path).await?;
    match answer.status.as_u16() {
        200..=299 => match answer.json()? {
            serde_json::Value::Object(object) => Ok(Some(object)),
            // Some servers answer with the bare list.
            serde_json::Value::Array(list) => {
                Ok(Some(Json::from_iter([("Resources".to_owned(), serde_json::Value::Array(list))])))
            }
            _ => Err(HttpError::new(format!("{}, but not with an object", answer.said()), message::hint(404))),
        },
        403 | 404 | 405 | 501 => Ok(None),
        _ => Err(message::refusal(connection, &answer).await),
    }
}

/// The path below the base that an `endpoint` means: relative, below the root, or a URL of the same origin.
fn path(connection: &Connection, endpoint: &str) -> Result<String, HttpError> {
    let base = &connection.settings().url;
    let base_path = base.path().trim_end_matches('/');
    let path = match Url::parse(endpoint) {
        Ok(url) if connection.same_origin(&url) => url.path().to_owned(),
        Ok(url) => {
            return Err(HttpError::new(
                format!(
                    "/ResourceTypes names an endpoint at {}; nothing was sent there",
                    url.origin().ascii_serialization()
                ),
                "if that is where the API is, write it as url in the system block",
            ));
        }
        Err(_) => format!("/{}", endpoint.trim_start_matches('/')),
    };
    let below =
        path.strip_prefix(base_path).filter(|below| below.starts_with('/')).unwrap_or(&path).trim_end_matches('/');
    if below.len() < 2 || below.contains(['?', '#']) || below.split('/').any(|part| part == "..") {
        return Err(HttpError::new(
            format!("/ResourceTypes names the endpoint {:?}, which cannot be used", clean(endpoint)),
            "see the server's documentation",
        ));
    }
    Ok(below.to_owned())
}
