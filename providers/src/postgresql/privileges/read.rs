//! Grants as they are read: all of a database, and single ones again.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use state::{Attributes, Dangling, Object, Presence, Schema, Symbol, grant_attributes};

use super::super::databases::{Databases, enter};
use super::super::{Client, Failure, Session};
use super::catalog::{Catalog, Question};
use super::coverage::{Coverage, Extent};
use super::form::{self, Grant};

/// Attributes that tell grants apart: all of them.
pub fn schema() -> Schema {
    Schema {
        grant_form: state::GrantForm(form::form),
        grant_overlap: vec![Symbol::new("database"), Symbol::new("privilege")],
        ..Schema::default()
    }
}

/// The grants that were asked for, by database; what cannot be read as a grant is left out (nobody holds it).
pub fn by_database(asked: &[Attributes]) -> BTreeMap<String, Vec<Grant>> {
    let mut by_database: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
    for grant in asked.iter().filter_map(|attributes| form::read(attributes).ok()).flatten() {
        by_database.entry(grant.place.database.clone()).or_default().push(grant);
    }
    for grants in by_database.values_mut() {
        grants.sort();
        grants.dedup();
    }
    by_database
}

/// What groups hold in one database.
#[derive(Debug, Default)]
pub struct Held {
    pub grants: Vec<state::Grant>,
    pub dangling: Vec<Dangling>,
}

/// All that `groups` (by oid) hold in the database that the session leads to.
pub async fn all(session: &Session, database: &str, asked: &[Grant], groups: &FxHashSet<u32>) -> Result<Held, Failure> {
    let question = Question::everything(asked.iter().map(|grant| &grant.place));
    let catalog = read(session, database, &question, asked).await?;
    let coverage = Coverage::new(&catalog, asked, groups);
    let schema = schema();
    let text = |grant: &Grant| schema.grant_text(&grant.attributes());
    Ok(Held { grants: coverage.grants(groups, id, text), dangling: coverage.dangling() })
}

/// Grants that were asked for in a database that is not there.
pub fn nowhere(database: &str, asked: &[Grant]) -> Vec<Dangling> {
    let why = Symbol::new(&format!("there is no database {database}"));
    asked.iter().map(|grant| Dangling { grant: grant.attributes(), why, named: true }).collect()
}

/// The catalog with what the places of `grants` need.
pub(super) async fn read(
    session: &Session,
    database: &str,
    question: &Question,
    grants: &[Grant],
) -> Result<Catalog, Failure> {
    let mut catalog = Catalog::read(session, database, question).await?;
    for grant in grants {
        catalog.expect(&grant.place);
    }
    Ok(catalog)
}

/// How single grants are held now: of each the group by its id and the grant by its text, in the same order. What is
/// held in part is there with [`state::observed::PARTIAL`].
pub async fn again(client: &Client, session: &Session, targets: &[(Symbol, Symbol)]) -> Result<Vec<Presence>, Failure> {
    let mut presences: Vec<Presence> = targets.iter().map(|_| Presence::Gone).collect();
    let mut by_database: BTreeMap<String, Vec<(usize, u32, Grant)>> = BTreeMap::new();
    for (number, (group, text)) in targets.iter().enumerate() {
        let (Some(holder), Some(grant)) = (oid(*group), of_text(*text)) else { continue };
        by_database.entry(grant.place.database.clone()).or_default().push((number, holder, grant));
    }
    let databases = Databases::read(client, session).await?;
    for (database, wanted) in by_database {
        let known = databases.find(&database).is_some() || databases.others.contains(&database);
        if !known {
            continue;
        }
        let inside = match enter(client, &database).await? {
            Ok(inside) => inside,
            Err(why) => {
                for (number, ..) in wanted {
                    presences[number] = Presence::Hidden(why.clone()); // numbers of these very targets
                }
                continue;
            }
        };
        let grants = distinct(wanted.iter().map(|(_, _, grant)| grant));
        let holders: FxHashSet<u32> = wanted.iter().map(|(_, holder, _)| *holder).collect();
        let question = Question::only(grants.iter().map(|grant| &grant.place), holders.clone());
        let catalog = read(&inside, &database, &question, &grants).await?;
        client.keep(inside);
        let coverage = Coverage::new(&catalog, &grants, &holders);
        for (number, holder, grant) in &wanted {
            let asked = grants.binary_search(grant).ok().and_then(|place| u32::try_from(place).ok());
            let extent = asked.map_or(Extent::None, |asked| coverage.extent(*holder, asked));
            presences[*number] = presence(grant, extent); // numbers of these very targets
        }
    }
    Ok(presences)
}

/// Each grant once, sorted: many groups may hold the same.
pub(super) fn distinct<'a>(grants: impl Iterator<Item = &'a Grant>) -> Vec<Grant> {
    let grants: FxHashSet<&Grant> = grants.collect();
    let mut grants: Vec<Grant> = grants.into_iter().cloned().collect();
    grants.sort_unstable();
    grants
}

fn presence(grant: &Grant, extent: Extent) -> Presence {
    let partial = match extent {
        Extent::None => return Presence::Gone,
        Extent::Whole => None,
        Extent::Partly(how) => Some(Symbol::new(&how)),
    };
    let held = state::Grant {
        group: Symbol::new(""),
        attributes: grant.attributes(),
        partial,
        in_parts: false,
        within: Vec::new(),
    };
    let object: Object = held.object();
    Presence::Here(object)
}

/// The grant behind a text of [`Schema::grant_text`].
pub(super) fn of_text(text: Symbol) -> Option<Grant> {
    form::read(&grant_attributes(text.as_str())?).ok()?.into_iter().next()
}

/// A role's id: its oid.
fn id(oid: u32) -> Symbol {
    Symbol::new(&oid.to_string())
}

/// The oid that is a role's id.
pub(super) fn oid(id: Symbol) -> Option<u32> {
    id.as_str().parse().ok()
}
