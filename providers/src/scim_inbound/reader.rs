//! The half that reads: what was pushed, as an inventory. It reads the file, so that every command sees what
//! `tenure watch` was pushed, whether or not that runs.

use std::path::PathBuf;

use async_trait::async_trait;
use serde_json::Value;
use state::{Capabilities, Complete, Key, Membership, Object, Observed, Presence, Schema, Symbol, Target, Touched};

use super::contents::{Contents, Resource};
use super::incoming::Members;
use super::log;
use super::schema::Kind;
use crate::directory::Problem;
use crate::provider::{Ask, Authors, Difference, ReadError, Reader};
use crate::scim::resource;

/// Reads the folder of one system.
pub struct InboundReader {
    pub system: String,
    pub folder: PathBuf,
}

/// What there is to know without reading.
pub fn described() -> (Schema, Capabilities) {
    let schema = Schema {
        account: Kind::User.schema().lower(),
        account_open: true,
        group: Kind::Group.schema().lower(),
        group_open: true,
        ..Schema::default()
    };
    let key = |kind: Kind| Key { attribute: Symbol::new(kind.key()), unique: true, case_exact: false };
    let capabilities = Capabilities {
        groups: true,
        nested_groups: true,
        deactivate: true,
        account_key: Some(key(Kind::User)),
        group_key: Some(key(Kind::Group)),
        ..Capabilities::default()
    };
    (schema, capabilities)
}

impl InboundReader {
    async fn contents(&self) -> Result<Contents, ReadError> {
        let folder = self.folder.clone();
        let read = crate::directory::blocking(move || log::read(&folder)).await??;
        let nothing = || {
            // Nothing was ever pushed: that is not the same as nobody being there.
            Problem::new(
                format!("system.{}: nothing was pushed to {} yet", self.system, self.folder.display()),
                "start `tenure watch --listen ADDRESS:PORT` and have the source push to it",
            )
        };
        Ok(read.ok_or_else(nothing)?.0)
    }
}

#[async_trait]
impl Reader for InboundReader {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        Ok(described())
    }

    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError> {
        let contents = self.contents().await?;
        let (mut accounts, mut groups, mut memberships) = (Vec::new(), Vec::new(), Vec::new());
        for resource in contents.all() {
            match resource.kind {
                Kind::User => accounts.push(object(resource)?),
                Kind::Group => groups.push(object(resource)?),
            }
            let group = Symbol::new(&resource.id);
            // Ids of nobody are not told.
            let members = contents.members(&resource.id).into_iter().flat_map(Members::keys);
            for member in members.filter(|member| contents.get(member).is_some()) {
                let nested = contents.of_kind(Kind::Group, member).is_some();
                let attributes = state::Attributes::new();
                memberships.push(Membership { group, member: Symbol::new(member), nested, attributes });
            }
        }
        (ask.progress)(contents.len() as u64);
        let proof = format!("one whole file, {} users, {} groups", accounts.len(), groups.len());
        Ok(Observed::new(Complete::proved(proof, ask.now), accounts, groups, memberships, Vec::new()))
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        let contents = self.contents().await?;
        let look = |target: &Target| {
            let there = match target {
                Target::Account(id) => contents.of_kind(Kind::User, id.as_str()).map(|user| object(user)),
                Target::Group(id) => contents.of_kind(Kind::Group, id.as_str()).map(|group| object(group)),
                Target::Membership { group, member, .. } => contents
                    .members(group.as_str())
                    .filter(|members| members.contains_key(member.as_str()))
                    .map(|_| Ok(Object::new("", state::Attributes::new()))),
                _ => None,
            };
            Ok(there.transpose()?.map_or(Presence::Gone, Presence::Here))
        };
        targets.iter().map(look).collect()
    }

    async fn touched(&self, differences: &[Difference]) -> Result<Authors, ReadError> {
        let contents = self.contents().await?;
        let at = |difference: &Difference| match difference.object? {
            Target::Account(id) | Target::Group(id) => {
                let resource = contents.get(id.as_str())?;
                Some(Touched { at: Some(resource.modified), ..Touched::default() })
            }
            _ => None,
        };
        Ok(Authors { touched: differences.iter().map(at).collect(), limits: None })
    }
}

/// A resource in tenure's words, as the `scim` provider reads one.
fn object(from: &Resource) -> Result<Object, ReadError> {
    let mut json = from.body.clone();
    json.insert("id".into(), Value::from(&*from.id));
    let object = match from.kind {
        Kind::User => resource::account(&json, Kind::User.schema()),
        Kind::Group => resource::object(&json, Kind::Group.schema()),
    };
    object.map_err(|what| ReadError {
        message: format!("the {} {} {what}", from.kind.name(), from.id),
        hint: "have it pushed again".to_owned(),
    })
}
