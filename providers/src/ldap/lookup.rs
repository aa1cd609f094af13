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

    /// Reads entries by their ids, below each of `bases`. An entry that was seen at the start is asked for with them: as
    /// long as it comes, what does not come is not there.
    pub async fn look(&self, bases: &[String], ids: &[Symbol], attributes: &[String]) -> Result<Looked, LdapError> {
        let server = &self.server;
        let dialect = server.dialect.as_ref();
        let mut looked = Looked::default();
        let by_id =
            |id: Symbol| dialect.id_value(id.as_str()).map(|value| filter::equal(dialect.id_attribute(), value));
        for chunk in ids.chunks(AT_ONCE) {
            for base in bases {
                let normal = dn::normal(base);
                let inside = |own: &str| {
                    let own = dn::normal(own);
                    own == normal || own.ends_with(&normal) && own[..own.len() - normal.len()].ends_with(',')
                };
                let sentinels: Vec<_> = server.sentinels.iter().filter(|sentinel| inside(&sentinel.dn)).collect();
                let mut filters: Vec<Filter> = chunk.iter().filter_map(|id| by_id(*id)).collect();
                if filters.is_empty() {
                    continue;
                }
                filters.extend(sentinels.iter().filter_map(|sentinel| by_id(sentinel.id)));
                let mut select: Vec<&str> = attributes.iter().map(String::as_str).collect();
                if !select.iter().any(|name| name.eq_ignore_ascii_case(dialect.id_attribute())) {
                    select.push(dialect.id_attribute());
                }
                let listing = self.find(&search_of(base, Filter::Or(filters), select)).await?;
                let mut found = BTreeMap::new();
                for frame in listing.entries {
                    let entry = Message::read(&frame).and_then(|message| message.entry());
                    let id = entry.ok().and_then(|entry| id_of(server, &entry));
                    found.extend(id.map(|id| (id, frame)));
                }
                if let Some(missing) = sentinels.iter().find(|sentinel| !found.contains_key(&sentinel.id)) {
                    looked.hidden = Some(format!(
                        "{} was seen before and is not now: rights were taken away, or it is gone",
                        missing.dn
                    ));
                }
                looked.here.extend(found);
            }
        }
        Ok(looked)
    }
}
