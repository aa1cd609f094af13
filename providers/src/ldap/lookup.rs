//! Entries by their ids: direct readings that never take what may not be seen for what is not there.

use std::collections::BTreeMap;

use state::Symbol;

use super::client::Client;
use super::connection::Frame;
use super::dn::{self, Dn};
use super::error::LdapError;
use super::protocol::Filter;
use super::protocol::message::Message;
use super::protocol::{Entry, filter};
use super::server::{id_of, search_of};
use super::settings::Lock;

/// Ids that one search asks for.
const AT_ONCE: usize = 100;

/// What a reading by id gave.
#[derive(Debug, Default)]
pub struct Looked {
    /// Messages with entries.
    pub here: BTreeMap<Symbol, Frame>,
    /// What cannot be told: `entry` of the base did not come either.
    pub hidden: Option<String>,
}

impl Looked {
    /// The entry with this id.
    pub fn entry(&self, id: Symbol) -> Option<Entry<'_>> {
        Message::read(self.here.get(&id)?).and_then(|message| message.entry()).ok()
    }
}

impl Client {
    /// Below what accounts or groups are: several places where accounts that are locked or put away stand on a branch of
    /// their own.
    pub fn bases(&self, account: bool) -> Vec<String> {
        let mut bases = vec![self.server.kind(account).base.clone()];
        let locked = match &self.server.lock {
            Lock::Branch(branch) => Some(branch),
            _ => None,
        };
        for branch in locked.into_iter().chain(&self.server.archive).filter(|_| account) {
            if !bases.iter().any(|base| branch.is_within(base)) {
                bases.push(branch.clone());
            }
        }
        bases.iter().map(Dn::to_string).collect()
    }

    /// Reads entries by their ids, below each of `bases`: first by what they were called when they were last seen, which
    /// servers find fast that have no index of ids, then those that were not found by their ids alone.
    pub async fn look(&self, bases: &[String], ids: &[Symbol], attributes: &[String]) -> Result<Looked, LdapError> {
        let mut looked = Looked::default();
        let known: Vec<Filter> = ids.iter().filter_map(|id| self.by_name(*id)).collect();
        for filters in known.chunks(AT_ONCE) {
            for base in bases {
                looked.here.extend(self.found(base, filters.to_vec(), attributes).await?);
            }
        }
        let left: Vec<Symbol> = ids.iter().copied().filter(|id| !looked.here.contains_key(id)).collect();
        self.look_by_id(bases, &left, attributes, &mut looked).await?;
        self.remember(left.iter().filter_map(|id| Some((*id, Symbol::new(looked.entry(*id)?.dn)))));
        Ok(looked)
    }

    /// An entry that was seen at the start is asked for with them: as long as it comes, what does not come is not there.
    async fn look_by_id(
        &self,
        bases: &[String],
        ids: &[Symbol],
        attributes: &[String],
        looked: &mut Looked,
    ) -> Result<(), LdapError> {
        for chunk in ids.chunks(AT_ONCE) {
            for base in bases {
                let normal = dn::normal(base);
                let inside = |own: &str| {
                    let own = dn::normal(own);
                    own == normal || own.ends_with(&normal) && own[..own.len() - normal.len()].ends_with(',')
                };
                let sentinels: Vec<_> = self.server.sentinels.iter().filter(|sentinel| inside(&sentinel.dn)).collect();
                let mut filters: Vec<Filter> = chunk.iter().filter_map(|id| self.by_id(*id)).collect();
                if filters.is_empty() {
                    continue;
                }
                filters.extend(sentinels.iter().filter_map(|sentinel| self.by_id(sentinel.id)));
                let found = self.found(base, filters, attributes).await?;
                if let Some(missing) = sentinels.iter().find(|sentinel| !found.contains_key(&sentinel.id)) {
                    looked.hidden = Some(format!(
                        "{} was seen before and is not now: rights were taken away, or it is gone",
                        missing.dn
                    ));
                }
                looked.here.extend(found);
            }
        }
        Ok(())
    }

    fn by_id(&self, id: Symbol) -> Option<Filter> {
        let dialect = self.server.dialect.as_ref();
        dialect.id_value(id.as_str()).map(|value| filter::equal(dialect.id_attribute(), value))
    }

    /// An entry with this id that is called as it was called when it was last seen.
    fn by_name(&self, id: Symbol) -> Option<Filter> {
        let dn = Dn::parse(self.last_seen(id)?.as_str()).ok()?;
        let mut parts: Vec<Filter> =
            dn.0.first()?.iter().map(|part| filter::equal(&part.attribute, &part.value)).collect();
        parts.push(self.by_id(id)?);
        Some(Filter::And(parts))
    }

    /// The entries below a base that fit one of these filters, by their ids.
    async fn found(
        &self,
        base: &str,
        filters: Vec<Filter>,
        attributes: &[String],
    ) -> Result<BTreeMap<Symbol, Frame>, LdapError> {
        let server = &self.server;
        let own = server.dialect.id_attribute();
        let mut select: Vec<&str> = attributes.iter().map(String::as_str).collect();
        if !select.iter().any(|name| name.eq_ignore_ascii_case(own)) {
            select.push(own);
        }
        let listing = self.find(&search_of(base, Filter::Or(filters), select)).await?;
        let mut found = BTreeMap::new();
        for frame in listing.entries {
            let entry = Message::read(&frame).and_then(|message| message.entry());
            let id = entry.ok().and_then(|entry| id_of(server, &entry));
            found.extend(id.map(|id| (id, frame)));
        }
        Ok(found)
    }
}
