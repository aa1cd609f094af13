//! Who holds which role, when and why: roles within roles resolved, `except` applied last.

use rustc_hash::FxHashSet;
use state::{Attributes, Symbol};

use super::graph;
use super::period::{Period, WhyId, Whys};
use crate::language::{Diagnostic, Span};

/// What an entry names: numbers into the tables of identities, roles, groups and systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Identity(u32),
    Role(u32),
    Group(u32),
    System(u32),
}

/// An entry of `members` or `access`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub who: Subject,
    pub period: Period,
    /// ` until 2026-12-31 (forecast project)`, where the entry says so.
    pub note: Option<Symbol>,
    pub qualifiers: Attributes,
}

/// A role block, or one instance of it, evaluated.
pub(super) struct RoleNode {
    /// `role.analyst`.
    pub because: Symbol,
    pub span: Span,
    /// Identities for which `when` holds, in order.
    pub when: Vec<u32>,
    pub members: Vec<Entry>,
    pub except: Vec<(Subject, String)>,
    pub except_span: Span,
    pub access: Vec<Entry>,
}

/// One way in which someone holds a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    pub who: u32,
    pub period: Period,
    pub why: WhyId,
}

/// How many reasons are kept for one holder and one period: lattices of roles have exponentially many.
const REASONS: usize = 4;
/// With more periods than this for one holder, those that overlap are united.
const PERIODS: usize = 64;

/// The holders of each role, sorted; an error for a circle of roles. `errors` is told of `except` that excludes nobody.
pub(super) fn holders(
    roles: &[RoleNode],
    whys: &mut Whys,
    errors: &mut Vec<Diagnostic>,
) -> Result<Vec<Vec<Holding>>, Diagnostic> {
    let mut incoming: Vec<Vec<(usize, &Entry)>> = vec![Vec::new(); roles.len()];
    let mut needs: Vec<Vec<usize>> = vec![Vec::new(); roles.len()];
    for (number, role) in roles.iter().enumerate() {
        for entry in &role.members {
            if let Subject::Role(from) = entry.who {
                incoming[number].push((from as usize, entry));
                needs[number].push(from as usize);
            }
        }
        for (subject, _) in &role.except {
            if let Subject::Role(from) = subject {
                needs[number].push(*from as usize);
            }
        }
        for entry in &role.access {
            if let Subject::Role(to) = entry.who {
                incoming[to as usize].push((number, entry));
                needs[to as usize].push(number);
            }
        }
    }
    let order = graph::order(&needs).map_err(|mut cycle| {
        // From who gives to who is given, as the files read.
        cycle.reverse();
        cycle_error(roles, &cycle)
    })?;
    let mut held: Vec<Vec<Holding>> = vec![Vec::new(); roles.len()];
    for number in order {
        let role = &roles[number];
        let mut own = direct(role, whys);
        for (from, entry) in &incoming[number] {
            let link = Symbol::from(format!(" > {}{}", role.because, entry.note.map_or("", Symbol::as_str)));
            hand_on(&held[*from], entry.period, &mut own, |why| whys.extend(why, link, role.span));
        }
        exclude(role, &held, &mut own, errors);
        normalise(&mut own);
        held[number] = own;
    }
    Ok(held)
}

/// Those of `when`, and the entries that name someone.
fn direct(role: &RoleNode, whys: &mut Whys) -> Vec<Holding> {
    let plain = whys.add(role.because, role.span);
    let mut own: Vec<Holding> =
        role.when.iter().map(|who| Holding { who: *who, period: Period::ALWAYS, why: plain }).collect();
    for entry in &role.members {
        if let Subject::Identity(who) = entry.who {
            let why = entry.note.map_or(plain, |note| whys.extend(plain, note, role.span));
            own.push(Holding { who, period: entry.period, why });
        }
    }
    own
}

/// Adds `from` to `to`, as long as `period` lasts.
pub(super) fn hand_on(from: &[Holding], period: Period, to: &mut Vec<Holding>, mut why: impl FnMut(WhyId) -> WhyId) {
    // Most holders of a role share one reason.
    let mut last: Option<(WhyId, WhyId)> = None;
    to.reserve(from.len());
    for holding in from {
        let period = holding.period.and(period);
        if period.is_empty() {
            continue;
        }
        let why = match last {
            Some((former, known)) if former == holding.why => known,
            _ => {
                let known = why(holding.why);
                last = Some((holding.why, known));
                known
            }
        };
        to.push(Holding { who: holding.who, period, why });
    }
}

fn exclude(role: &RoleNode, held: &[Vec<Holding>], own: &mut Vec<Holding>, errors: &mut Vec<Diagnostic>) {
    if role.except.is_empty() {
        return;
    }
    let here: FxHashSet<u32> = own.iter().map(|holding| holding.who).collect();
    let mut excluded: FxHashSet<u32> = FxHashSet::default();
    for (subject, text) in &role.except {
        let before = excluded.len();
        match subject {
            Subject::Identity(who) => excluded.extend(here.get(who)),
            Subject::Role(other) => {
                excluded.extend(held[*other as usize].iter().filter_map(|holding| here.get(&holding.who)));
            }
            Subject::Group(_) | Subject::System(_) => {}
        }
        if excluded.len() == before {
            errors.push(excludes_nobody(&role.because, text, role.except_span));
        }
    }
    own.retain(|holding| !excluded.contains(&holding.who));
}

/// The error for an entry of `except` that has no effect.
pub(super) fn excludes_nobody(from: &Symbol, entry: &str, span: Span) -> Diagnostic {
    Diagnostic::new(span, format!("`except` of {from} names {entry}, and that excludes nobody"))
        .hint(format!("take {entry} out of `except`: it would not be in {from} anyway"))
}

fn cycle_error(roles: &[RoleNode], cycle: &[usize]) -> Diagnostic {
    let names: Vec<String> = cycle.iter().map(|number| roles[*number].because.to_string()).collect();
    let first = cycle.iter().map(|number| roles[*number].span).min();
    let mut diagnostic = Diagnostic {
        message: format!("roles lead in a circle: {}", graph::cycle_text(&names)),
        span: first,
        label: String::new(),
        related: Vec::new(),
        hint: Some("take one of them out of the other's `access` or `members`".to_owned()),
    };
    const RELATED: usize = 8;
    for number in cycle.iter().take(RELATED) {
        if Some(roles[*number].span) != first {
            diagnostic = diagnostic.related(roles[*number].span, format!("{} is here", roles[*number].because));
        }
    }
    diagnostic
}

/// In order; each way once; few reasons for each period.
fn normalise(own: &mut Vec<Holding>) {
    own.sort_unstable_by_key(|holding| (holding.who, holding.period, holding.why));
    own.dedup();
    let mut same = 0;
    let mut last: Option<(u32, Period)> = None;
    own.retain(|holding| {
        same = if last == Some((holding.who, holding.period)) { same + 1 } else { 0 };
        last = Some((holding.who, holding.period));
        same < REASONS
    });
    if own.chunk_by(|a, b| a.who == b.who).any(|ways| ways.len() > PERIODS * REASONS) {
        *own = own.chunk_by(|a, b| a.who == b.who).flat_map(unite).collect();
    }
}

/// The ways of one holder with overlapping periods united.
fn unite(ways: &[Holding]) -> Vec<Holding> {
    if ways.len() <= PERIODS * REASONS {
        return ways.to_vec();
    }
    let mut united: Vec<Holding> = Vec::new();
    for way in ways {
        match united.last_mut() {
            Some(last) if way.period.from <= last.period.until => {
                last.period.until = last.period.until.max(way.period.until);
            }
            _ => united.push(*way),
        }
    }
    united
}
