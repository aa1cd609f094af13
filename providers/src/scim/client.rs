//! What reader and writer share: the connection, what the server said about itself, and single resources.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use reqwest::header::ETAG;
use state::{Object, Symbol, Value};

use crate::http::{Answer, Connection, HttpError, HttpSettings};

use super::discovery::Service;
use super::json::{self, Json};
use super::members::{RawMember, Spelling};
use super::{members, message, resource};

/// One system as one half of the provider sees it.
#[derive(Debug)]
pub struct Client {
    pub connection: Connection,
    pub service: Service,
    names: Mutex<Names>,
}

/// How members are spelled, and the user names by id as far as they were needed.
#[derive(Debug, Default)]
struct Names {
    spelling: Spelling,
    by_id: HashMap<Symbol, Symbol>,
}

/// A resource as it stands.
#[derive(Clone, Debug)]
pub struct Resource {
    pub object: Object,
    /// Of a group; none where the answer had no `members`.
    pub members: Option<Vec<RawMember>>,
    /// As it came, for servers without PATCH.
    pub json: Json,
}

/// The answer to a direct read.
#[derive(Clone, Debug)]
pub enum Found {
    Here(Box<Resource>),
    Gone,
    Hidden(String),
}

impl Client {
    /// Connects, and asks the server about itself.
    pub async fn connect(settings: HttpSettings) -> Result<Client, HttpError> {
        let connection = Connection::new(settings, "application/scim+json, application/json;q=0.9")?;
        let service = Service::discover(&connection).await?;
        Ok(Client { connection, service, names: Mutex::default() })
    }

    /// The path of a resource below the base.
    pub fn path(&self, account: bool, id: Symbol) -> Result<String, HttpError> {
        let kind = if account { Some(&self.service.users) } else { self.service.groups.as_ref() };
        let kind =
            kind.ok_or_else(|| HttpError::new("the server has no groups", "see /ResourceTypes of the server"))?;
        let id = json::segment(id.as_str()).ok_or_else(|| {
            HttpError::new(format!("no URL can hold the id {:?}", id.as_str()), "have the server mended")
        })?;
        Ok(format!("{kind}/{id}"))
    }

    /// Reads one resource directly.
    pub async fn fetch(&self, account: bool, id: Symbol) -> Result<Found, HttpError> {
        let mut path = self.path(account, id)?;
        if !account && self.members_on_request() {
            path.push_str("?attributes=displayName,externalId,meta,members");
        }
        let answer = self.connection.get(&path).await?;
        match answer.status.as_u16() {
            200..=299 => Ok(Found::Here(Box::new(self.resource(account, &answer)?))),
            404 | 410 => Ok(Found::Gone),
            403 => Ok(Found::Hidden(message::sentence(&self.connection, &answer).await)),
            _ => Err(message::refusal(&self.connection, &answer).await),
        }
    }

    /// The resource in an answer.
    pub fn resource(&self, account: bool, answer: &Answer) -> Result<Resource, HttpError> {
        let odd = |what: &str| HttpError::new(format!("{}, but {what}", answer.said()), message::hint(0));
        let serde_json::Value::Object(json) = answer.json()? else { return Err(odd("not with a resource")) };
        let mut object = if account {
            resource::account(&json, &self.service.user)
        } else {
            resource::object(&json, &self.service.group)
        }
        .map_err(|what| odd(&format!("the resource {what}")))?;
        // Where header and meta.version differ, nobody can tell which of them If-Match is compared with.
        if let (Some(header), Some(version)) = (answer.header(ETAG), object.version)
            && opaque(header) != opaque(version.as_str())
        {
            object.version = None;
        }
        Ok(Resource { object, members: (!account).then(|| members::raw(&json)).flatten(), json })
    }

    /// Remembers how members are spelled and what accounts are called.
    pub fn learn(&self, spelling: Spelling, names: impl Iterator<Item = (Symbol, Option<Symbol>)>) {
        let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if spelling != Spelling::Unknown {
            known.spelling = spelling;
        }
        if known.spelling == Spelling::UserNames {
            known.by_id = names.filter_map(|(id, name)| Some((id, name?))).collect();
        }
    }

    /// How members are spelled, as far as it is known.
    pub fn spelling(&self) -> Spelling {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).spelling
    }

    /// The entry of `members` that means `member`: by its id, else by its user name where the server lists those.
    pub async fn find_member(
        &self,
        members: &[RawMember],
        member: Symbol,
        nested: bool,
    ) -> Result<Option<RawMember>, HttpError> {
        if let Some(found) =
            members.iter().find(|raw| raw.value == member && raw.nested.is_none_or(|own| own == nested))
        {
            if !nested {
                self.learn(Spelling::Ids, std::iter::empty());
            }
            return Ok(Some(*found));
        }
        let Some(sample) = members.iter().find(|raw| raw.nested != Some(true)).filter(|_| !nested) else {
            return Ok(None);
        };
        if self.spelling() == Spelling::Unknown {
            self.learn_from(sample.value).await?;
        }
        if self.spelling() != Spelling::UserNames {
            return Ok(None);
        }
        let Some(name) = self.user_name(member).await? else { return Ok(None) };
        Ok(members.iter().find(|raw| same_name(raw.value, name)).copied())
    }

    /// Learns the spelling from one member: what is the id of the user that the server finds under this value?
    async fn learn_from(&self, value: Symbol) -> Result<(), HttpError> {
        if let Found::Here(user) = self.fetch(true, value).await? {
            let spelling = if user.object.id == value { Spelling::Ids } else { Spelling::UserNames };
            self.learn(spelling, std::iter::empty());
        } else if let Some(name) = json::segment(&format!("userName eq {}", serde_json::Value::from(value.as_str()))) {
            let answer = self.connection.get(&format!("{}?filter={name}", self.service.users)).await?;
            let users = answer.json().ok().and_then(|json| {
                json::objects(json.as_object()?, "Resources").map(|list| {
                    list.into_iter()
                        .any(|user| json::text(user, "userName").is_some_and(|own| same_name(Symbol::new(own), value)))
                })
            });
            if users == Some(true) {
                self.learn(Spelling::UserNames, std::iter::empty());
            }
        }
        Ok(())
    }

    async fn user_name(&self, id: Symbol) -> Result<Option<Symbol>, HttpError> {
        if let Some(name) = self.names.lock().unwrap_or_else(PoisonError::into_inner).by_id.get(&id) {
            return Ok(Some(*name));
        }
        let Found::Here(user) = self.fetch(true, id).await? else { return Ok(None) };
        let name = user.object.attributes.get(Symbol::new("userName")).and_then(Value::as_text);
        if let Some(name) = name {
            self.names.lock().unwrap_or_else(PoisonError::into_inner).by_id.insert(id, name);
        }
        Ok(name)
    }

    fn members_on_request(&self) -> bool {
        super::schema::find(&self.service.group.attributes, "members").is_some_and(|members| members.on_request)
    }
}

fn same_name(a: Symbol, b: Symbol) -> bool {
    a == b || a.as_str().to_lowercase() == b.as_str().to_lowercase()
}

/// The part of an entity tag that is compared (RFC 9110 section 8.8.3.2, weakly).
fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag).trim_matches('"')
}
