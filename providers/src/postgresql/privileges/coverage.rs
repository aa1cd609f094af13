//! Which grants groups hold: of those that were asked for how far, of the rest what they come to.
//!
//! The server knows single objects only. A grant on all tables of a schema is held whole where each of them is, in part
//! where some are. What nobody asked for is told as `all of a schema` where that is so, else object by object.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Dangling, Symbol};

use super::catalog::{Catalog, Object};
use super::form::{Grant, Place, Which};
use super::kind::{Kind, Privilege, Reach};
use super::pattern::Pattern;
use super::scope::{Index, Nothing};

/// The asked grants on one place.
#[derive(Default)]
struct Scope {
    /// Numbers of objects.
    objects: Vec<u32>,
    /// Numbers of asked grants.
    asked: Vec<u32>,
}

/// How a holder stands to an asked grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// `on 12 of 14 tables`.
    Partly(String),
    None,
}

/// What was asked about one database, and how it is held there.
pub struct Coverage<'a> {
    catalog: &'a Catalog,
    index: Index<'a>,
    asked: &'a [Grant],
    scopes: Vec<Scope>,
    /// The scope of each asked grant.
    scope_of: Vec<Result<u32, Nothing>>,
    /// Scopes that each object is in.
    scopes_with: Vec<Vec<u32>>,
    /// On how many objects a holder holds an asked grant.
    counts: FxHashMap<(u32, u32), u32>,
    /// How many objects of a scope a holder owns.
    owned: FxHashMap<(u32, u32), u32>,
}

impl<'a> Coverage<'a> {
    /// Looks only at `holders`.
    pub fn new(catalog: &'a Catalog, asked: &'a [Grant], holders: &FxHashSet<u32>) -> Coverage<'a> {
        let index = Index::new(catalog);
        let mut scopes: Vec<Scope> = Vec::new();
        let mut known: FxHashMap<&Place, Result<u32, Nothing>> = FxHashMap::default();
        let mut scope_of = Vec::with_capacity(asked.len());
        for (number, grant) in (0u32..).zip(asked) {
            let scope = known.entry(&grant.place).or_insert_with(|| {
                let objects = index.find(&grant.place)?;
                scopes.push(Scope { objects, asked: Vec::new() });
                Ok(scopes.len() as u32 - 1)
            });
            if let Ok(scope) = scope {
                scopes[*scope as usize].asked.push(number); // numbers of these very scopes
            }
            scope_of.push(scope.clone());
        }
        let mut scopes_with = vec![Vec::new(); catalog.objects.len()];
        for (number, scope) in (0u32..).zip(&scopes) {
            for object in &scope.objects {
                scopes_with[*object as usize].push(number); // numbers of these very objects
            }
        }
        let (counts, owned) = Default::default();
        let mut coverage = Coverage { catalog, index, asked, scopes, scope_of, scopes_with, counts, owned };
        coverage.count(holders);
        coverage
    }

    fn count(&mut self, holders: &FxHashSet<u32>) {
        for (object, scopes) in self.catalog.objects.iter().zip(&self.scopes_with) {
            if object.kind.facts().reach != Reach::Future && holders.contains(&object.owner) {
                for scope in scopes {
                    *self.owned.entry((object.owner, *scope)).or_default() += 1;
                }
            }
            if scopes.is_empty() {
                continue;
            }
            for (holder, privilege, grant_option) in held(object, holders) {
                for scope in scopes {
                    for asked in &self.scopes[*scope as usize].asked {
                        let grant = &self.asked[*asked as usize]; // numbers of these very grants
                        if grant.privilege == privilege && (grant_option || !grant.grant_option) {
                            *self.counts.entry((holder, *asked)).or_default() += 1;
                        }
                    }
                }
            }
        }
    }

    /// How far a holder holds an asked grant.
    pub fn extent(&self, holder: u32, asked: u32) -> Extent {
        let Some(Ok(scope)) = self.scope_of.get(asked as usize) else { return Extent::None };
        let all = self.scopes[*scope as usize].objects.len() as u32;
        let owned = self.owned.get(&(holder, *scope)).copied().unwrap_or(0);
        let held = self.counts.get(&(holder, asked)).copied().unwrap_or(0);
        if held + owned >= all {
            return Extent::Whole;
        }
        if held == 0 {
            return Extent::None;
        }
        let what = self.asked[asked as usize].place.kind.facts().many;
        Extent::Partly(format!("on {} of {all} {what}", held + owned))
    }

    /// The objects of an asked grant, or why there is none.
    pub fn objects(&self, asked: u32) -> Result<Vec<&'a Object>, &Nothing> {
        match self.scope_of.get(asked as usize) {
            Some(Ok(scope)) => {
                let numbers = &self.scopes[*scope as usize].objects;
                Ok(numbers.iter().map(|number| &self.catalog.objects[*number as usize]).collect())
            }
            Some(Err(nothing)) => Err(nothing),
            None => Ok(Vec::new()),
        }
    }

    /// Asked grants that have nothing to stand on.
    pub fn dangling(&self) -> Vec<Dangling> {
        let nothing = self.scope_of.iter().zip(self.asked).filter_map(|(scope, grant)| match scope {
            Ok(_) => None,
            Err(nothing) => Some((nothing, grant)),
        });
        nothing
            .map(|(nothing, grant)| Dangling {
                grant: grant.attributes(),
                why: Symbol::new(&nothing.why),
                named: nothing.named,
            })
            .collect()
    }

    /// All that `holders` hold; `text` names a grant ([`state::Schema::grant_text`]).
    pub fn grants(
        &self,
        holders: &FxHashSet<u32>,
        id: impl Fn(u32) -> Symbol,
        text: impl Fn(&Grant) -> Symbol,
    ) -> Vec<state::Grant> {
        let mut grants = Vec::new();
        let texts: Vec<Symbol> = self.asked.iter().map(&text).collect();
        let mut told: FxHashSet<(u32, u32)> = self.counts.keys().copied().collect();
        // Whoever owns all of a scope holds what is asked of it without a word.
        for ((holder, scope), owned) in &self.owned {
            let scope = &self.scopes[*scope as usize];
            if *owned as usize == scope.objects.len() {
                told.extend(scope.asked.iter().map(|asked| (*holder, *asked)));
            }
        }
        let shared = self.shared(holders);
        let numbers: FxHashMap<&Grant, u32> = self.asked.iter().zip(0..).collect();
        let mut places: FxHashMap<(u32, u32), usize> = FxHashMap::default();
        for (holder, asked) in told {
            let partial = match self.extent(holder, asked) {
                Extent::Whole => None,
                Extent::Partly(how) => Some(Symbol::new(&how)),
                Extent::None => continue,
            };
            // What is had by owning it alone is nobody's grant.
            let owned = !self.counts.contains_key(&(holder, asked));
            let in_parts = partial.is_some() || owned || shared.contains(&(holder, asked));
            let attributes = self.asked[asked as usize].attributes();
            places.insert((holder, asked), grants.len());
            grants.push(state::Grant { group: id(holder), attributes, partial, in_parts, within: Vec::new() });
        }
        self.parts(holders, &shared, |holder, grant, within| {
            let own = numbers.get(&grant);
            let others = within.iter().filter(|asked| Some(*asked) != own);
            let within = others.filter_map(|asked| texts.get(*asked as usize).copied()).collect();
            // An asked grant that is a part itself stands for both.
            let told = own.and_then(|own| places.get(&(holder, *own)));
            if let Some(told) = told.and_then(|place| grants.get_mut(*place)) {
                (told.in_parts, told.within) = (false, within);
                return;
            }
            let attributes = grant.attributes();
            grants.push(state::Grant { group: id(holder), attributes, partial: None, in_parts: false, within });
        });
        grants
    }

    /// The asked grants that a privilege on an object is part of; with `grant_option`, the right to pass it on.
    fn asked_on(&self, object: usize, privilege: Privilege, held_option: bool, grant_option: bool) -> Vec<u32> {
        let scopes = self.scopes_with.get(object).into_iter().flatten();
        let asked = scopes.flat_map(|scope| &self.scopes[*scope as usize].asked).copied();
        let mut asked: Vec<u32> = asked
            .filter(|asked| {
                let grant = &self.asked[*asked as usize]; // numbers of these very grants
                grant.privilege == privilege
                    && if grant_option { grant.grant_option } else { held_option || !grant.grant_option }
            })
            .collect();
        asked.sort_unstable();
        asked
    }

    /// Asked grants that share something that a holder holds, by holder; and those that are held in part.
    fn shared(&self, holders: &FxHashSet<u32>) -> FxHashSet<(u32, u32)> {
        let mut shared = FxHashSet::default();
        for (number, object) in self.catalog.objects.iter().enumerate() {
            if self.scopes_with.get(number).is_none_or(Vec::is_empty) {
                continue;
            }
            for (holder, privilege, grant_option) in held(object, holders) {
                let asked = self.asked_on(number, privilege, grant_option, false);
                if asked.len() > 1 {
                    shared.extend(asked.iter().map(|asked| (holder, *asked)));
                }
            }
        }
        let partly = self.counts.keys().filter(|(holder, asked)| self.extent(*holder, *asked) != Extent::Whole);
        shared.extend(partly.copied());
        shared
    }

    /// What is held beside the asked grants, and what those in `shared` come to, with the asked grants of which it is
    /// a part.
    fn parts(
        &self,
        holders: &FxHashSet<u32>,
        shared: &FxHashSet<(u32, u32)>,
        mut tell: impl FnMut(u32, Grant, &[u32]),
    ) {
        type Unit<'u> = (u32, Kind, &'u str, Privilege, bool, Vec<u32>);
        let mut units: BTreeMap<Unit<'_>, Vec<u32>> = BTreeMap::new();
        for (number, object) in self.catalog.objects.iter().enumerate() {
            for (holder, privilege, grant_option) in held(object, holders) {
                let plain = self.asked_on(number, privilege, grant_option, false);
                let option = if grant_option { self.asked_on(number, privilege, true, true) } else { Vec::new() };
                let in_parts = |asked: &[u32]| asked.iter().any(|asked| shared.contains(&(holder, *asked)));
                let mut add = |option: bool, within: Vec<u32>| {
                    let unit = (holder, object.kind, object.schema.as_str(), privilege, option, within);
                    units.entry(unit).or_default().push(number as u32);
                };
                if grant_option && (option.is_empty() || in_parts(&option)) {
                    add(true, option);
                }
                if plain.is_empty() && !grant_option || in_parts(&plain) {
                    add(false, plain);
                }
            }
        }
        for ((holder, kind, schema, privilege, grant_option, within), objects) in units {
            let all = self.index.in_schema(kind, schema).len();
            let grant = |place| Grant { place, privilege, grant_option };
            if kind.facts().reach == Reach::All && all > 1 && objects.len() == all {
                tell(holder, grant(self.place(kind, schema, Which::All)), &within);
                continue;
            }
            for number in objects {
                let object = &self.catalog.objects[number as usize]; // numbers of these very objects
                tell(holder, grant(self.place(kind, schema, which(object))), &within);
            }
        }
    }

    fn place(&self, kind: Kind, schema: &str, which: Which) -> Place {
        let schema = (!schema.is_empty()).then(|| Pattern::exactly(schema));
        Place { database: self.catalog.database.clone(), kind, schema, which }
    }
}

fn which(object: &Object) -> Which {
    match (object.kind, object.kind.facts().reach) {
        (_, Reach::Itself) => Which::All,
        (_, Reach::Future) => Which::Owner(object.detail.clone()),
        (Kind::Column, _) => Which::Column(object.name.clone(), object.detail.clone()),
        _ => Which::Named(object.name.clone()),
    }
}

/// What `holders` hold on an object, each privilege once, whoever gave it how often.
fn held(object: &Object, holders: &FxHashSet<u32>) -> Vec<(u32, Privilege, bool)> {
    let mut held: Vec<(u32, Privilege, bool)> = object
        .held
        .iter()
        .filter(|held| holders.contains(&held.holder))
        .map(|held| (held.holder, held.privilege, held.grant_option))
        .collect();
    // The one with the grant option comes last, and stays.
    held.sort_unstable();
    held.reverse();
    held.dedup_by_key(|(holder, privilege, _)| (*holder, *privilege));
    held
}
