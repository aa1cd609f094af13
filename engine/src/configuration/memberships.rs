//! Memberships and accounts out of roles and groups: sources united, times and qualifiers settled.

use std::sync::Arc;

use state::{Attributes, Member, Schema, Symbol, Timestamp, Value};

use super::holders::{Entry, Holding, RoleNode, Subject, excludes_nobody, hand_on};
use super::period::{Period, WhyId, Whys};
use super::{AccountEntry, Identity, Membership, Why, graph};
use crate::language::{Diagnostic, Span};

/// A group block, or one instance of it, evaluated.
pub(super) struct GroupNode {
    pub system: Symbol,
    /// Number of the system.
    pub system_number: u32,
    pub name: Symbol,
    /// `group.chat.engineering`.
    pub because: Symbol,
    pub span: Span,
    pub members: Vec<Entry>,
    pub except: Vec<(Subject, String)>,
    pub except_span: Span,
}

/// An identity as far as access cares.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    pub leaver: bool,
    /// When it starts, where that lies ahead.
    pub starts: Option<Timestamp>,
}

/// What all of this rests on.
pub(super) struct Access<'a> {
    pub identities: &'a [Identity],
    pub standings: &'a [Standing],
    pub roles: &'a [RoleNode],
    pub held: &'a [Vec<Holding>],
    /// Sorted by system, then name.
    pub groups: &'a [GroupNode],
    /// Sorted by name.
    pub systems: &'a [Symbol],
    /// By number of the system.
    pub schemas: &'a [Option<&'a Schema>],
    pub now: Timestamp,
}

/// What comes out.
#[derive(Default)]
pub(super) struct Wanted {
    /// Who holds each role, by number of the role.
    pub held: Vec<Vec<Holding>>,
    pub memberships: Vec<Membership>,
    pub not_in_force: Vec<Membership>,
    pub accounts: Vec<AccountEntry>,
}

/// One way in which something is in a group.
#[derive(Clone, Copy)]
struct Item<'a> {
    /// An identity's number, or [`NESTED`] and a group's number.
    member: u64,
    period: Period,
    why: WhyId,
    qualifiers: &'a Attributes,
}

const NESTED: u64 = 1 << 32;

/// Someone who is to have an account on a system.
struct Holder {
    who: u32,
    until: Option<Timestamp>,
    why: Arc<[Why]>,
}

impl<'a> Access<'a> {
    /// All memberships and accounts.
    pub(super) fn wanted(&self, whys: &mut Whys) -> Result<Wanted, Vec<Diagnostic>> {
        self.check_nesting().map_err(|cycle| vec![cycle])?;
        let mut items: Vec<Vec<Item<'a>>> = vec![Vec::new(); self.groups.len()];
        let mut holders: Vec<Vec<Holder>> = self.systems.iter().map(|_| Vec::new()).collect();
        for (role, held) in self.roles.iter().zip(self.held) {
            for entry in &role.access {
                match entry.who {
                    Subject::Group(group) => self.give(held, entry, role.span, &mut items[group as usize], whys),
                    Subject::System(system) => {
                        let mut given = Vec::new();
                        self.give(held, entry, role.span, &mut given, whys);
                        self.hold(given, whys, &mut holders[system as usize]);
                    }
                    Subject::Role(_) | Subject::Identity(_) => {}
                }
            }
        }
        let mut wanted = Wanted::default();
        let mut errors = Vec::new();
        for (group, mut items) in self.groups.iter().zip(items) {
            self.members(group, &mut items, whys);
            self.exclude(group, &mut items, &mut errors);
            items.sort_unstable_by_key(|item| (item.member, item.period, item.why));
            for same in items.chunk_by(|a, b| a.member == b.member) {
                self.settle(group, same, whys, &mut wanted, &mut holders, &mut errors);
            }
        }
        for (system, holders) in self.systems.iter().zip(holders) {
            self.accounts(*system, holders, &mut wanted.accounts);
        }
        if errors.is_empty() { Ok(wanted) } else { Err(errors) }
    }

    /// What an `access` entry gives to the holders of its role.
    fn give(&self, held: &[Holding], entry: &'a Entry, span: Span, items: &mut Vec<Item<'a>>, whys: &mut Whys) {
        let mut given = Vec::new();
        hand_on(held, entry.period, &mut given, |why| entry.note.map_or(why, |note| whys.extend(why, note, span)));
        items.extend(given.into_iter().map(|holding| Item {
            member: u64::from(holding.who),
            period: holding.period,
            why: holding.why,
            qualifiers: &entry.qualifiers,
        }));
    }

    /// The entries of a group's own `members`.
    fn members(&self, group: &'a GroupNode, items: &mut Vec<Item<'a>>, whys: &mut Whys) {
        let plain = whys.add(group.because, group.span);
        for entry in &group.members {
            let link = entry.note.map_or("", Symbol::as_str);
            let member = match entry.who {
                Subject::Identity(who) => u64::from(who),
                Subject::Group(nested) => NESTED | u64::from(nested),
                Subject::Role(role) => {
                    let link = Symbol::from(format!(" > {}{link}", group.because));
                    let mut given = Vec::new();
                    hand_on(&self.held[role as usize], entry.period, &mut given, |why| {
                        whys.extend(why, link, group.span)
                    });
                    items.extend(given.into_iter().map(|holding| Item {
                        member: u64::from(holding.who),
                        period: holding.period,
                        why: holding.why,
                        qualifiers: &entry.qualifiers,
                    }));
                    continue;
                }
                Subject::System(_) => continue,
            };
            let why = entry.note.map_or(plain, |note| whys.extend(plain, note, group.span));
            items.push(Item { member, period: entry.period, why, qualifiers: &entry.qualifiers });
        }
    }

    fn exclude(&self, group: &GroupNode, items: &mut Vec<Item<'a>>, errors: &mut Vec<Diagnostic>) {
        for (subject, text) in &group.except {
            let before = items.len();
            match subject {
                Subject::Identity(who) => items.retain(|item| item.member != u64::from(*who)),
                Subject::Group(nested) => items.retain(|item| item.member != NESTED | u64::from(*nested)),
                Subject::Role(role) => {
                    let held = &self.held[*role as usize];
                    items.retain(|item| {
                        held.binary_search_by_key(&item.member, |holding| u64::from(holding.who)).is_err()
                    });
                }
                Subject::System(_) => {}
            }
            if items.len() == before {
                errors.push(excludes_nobody(&group.because, text, group.except_span));
            }
        }
    }

    /// One membership out of all the ways that lead to it.
    fn settle(
        &self,
        group: &GroupNode,
        ways: &[Item<'a>],
        whys: &Whys,
        wanted: &mut Wanted,
        holders: &mut [Vec<Holder>],
        errors: &mut Vec<Diagnostic>,
    ) {
        let Some(first) = ways.first() else { return };
        let (member, who) = if first.member & NESTED == 0 {
            let who = first.member as usize;
            (Member::Holder(self.identities[who].key), Some(who))
        } else {
            (Member::Group(self.groups[(first.member & !NESTED) as usize].name), None)
        };
        let standing = who.map_or(Standing { leaver: false, starts: None }, |who| self.standings[who]);
        if standing.leaver {
            return;
        }
        let begins = Period::new(standing.starts, None);
        let period = match ways {
            [only] => {
                let period = only.period.and(begins);
                period.contains(self.now).then_some(period)
            }
            _ => {
                let periods: Vec<Period> = ways.iter().map(|way| way.period.and(begins)).collect();
                Period::around(self.now, &periods)
            }
        };
        let Some(period) = period else {
            self.not_in_force(group, member, ways, begins, whys, &mut wanted.not_in_force);
            return;
        };
        let in_force = || ways.iter().filter(|way| way.period.contains(self.now));
        let why = match ways {
            [only] => whys.alone(only.why),
            _ => {
                let mut why: Vec<Why> = in_force().map(|way| whys.get(way.why)).collect();
                why.sort_unstable();
                why.dedup();
                why.into()
            }
        };
        let mut qualifiers = first.qualifiers;
        let united;
        if ways.len() > 1 {
            let schema = self.schemas[group.system_number as usize];
            match unite_qualifiers(group, member, &in_force().copied().collect::<Vec<_>>(), schema, whys) {
                Ok(found) => {
                    united = found;
                    qualifiers = &united;
                }
                Err(error) => errors.push(error),
            }
        }
        if let Some(who) = who {
            let holder = Holder { who: who as u32, until: period.ends(), why: why.clone() };
            holders[group.system_number as usize].push(holder);
        }
        wanted.memberships.push(Membership {
            system: group.system,
            group: group.name,
            member,
            qualifiers: qualifiers.clone(),
            from: period.begins(),
            until: period.ends(),
            why,
        });
    }

    /// The way that comes next, else the one that ended last.
    fn not_in_force(
        &self,
        group: &GroupNode,
        member: Member,
        ways: &[Item<'a>],
        begins: Period,
        whys: &Whys,
        to: &mut Vec<Membership>,
    ) {
        let ahead = ways.iter().filter(|way| way.period.and(begins).from > self.now.millis());
        let way = ahead
            .min_by_key(|way| way.period.and(begins))
            .or_else(|| ways.iter().filter(|way| !way.period.is_empty()).max_by_key(|way| way.period.until));
        let Some(way) = way else { return };
        let period = way.period.and(begins);
        to.push(Membership {
            system: group.system,
            group: group.name,
            member,
            qualifiers: way.qualifiers.clone(),
            from: period.begins(),
            until: period.ends(),
            why: whys.alone(way.why),
        });
    }

    /// What `access = [system.chat]` gives to those who are there now.
    fn hold(&self, given: Vec<Item<'a>>, whys: &Whys, to: &mut Vec<Holder>) {
        for item in given {
            let who = item.member as usize;
            let standing = self.standings[who];
            let period = item.period.and(Period::new(standing.starts, None));
            if !standing.leaver && period.contains(self.now) {
                to.push(Holder { who: who as u32, until: period.ends(), why: whys.alone(item.why) });
            }
        }
    }

    fn accounts(&self, system: Symbol, mut holders: Vec<Holder>, to: &mut Vec<AccountEntry>) {
        // Stable: reasons stay in the order in which groups and roles gave them until they are sorted below.
        holders.sort_by_key(|holder| holder.who);
        let mut holders = holders.into_iter().peekable();
        while let Some(mut holder) = holders.next() {
            let mut several: Vec<Why> = Vec::new();
            while let Some(next) = holders.next_if(|next| next.who == holder.who) {
                holder.until = holder.until.zip(next.until).map(|(a, b)| a.max(b));
                if several.is_empty() {
                    several.extend(holder.why.iter().cloned());
                }
                several.extend(next.why.iter().cloned());
            }
            if !several.is_empty() {
                several.sort_unstable();
                several.dedup();
                holder.why = several.into();
            }
            to.push(AccountEntry {
                system,
                holder: self.identities[holder.who as usize].key,
                until: holder.until,
                why: holder.why,
            });
        }
    }

    /// Groups must not contain themselves.
    fn check_nesting(&self) -> Result<(), Diagnostic> {
        let needs: Vec<Vec<usize>> = self
            .groups
            .iter()
            .map(|group| {
                group
                    .members
                    .iter()
                    .filter_map(|entry| match entry.who {
                        Subject::Group(nested) => Some(nested as usize),
                        _ => None,
                    })
                    .collect()
            })
            .collect();
        let Err(cycle) = graph::order(&needs) else { return Ok(()) };
        let names: Vec<String> = cycle.iter().map(|number| self.groups[*number].because.to_string()).collect();
        let span = cycle.iter().map(|number| self.groups[*number].span).min();
        Err(Diagnostic {
            message: format!("groups contain each other in a circle: {}", graph::cycle_text(&names)),
            span,
            label: String::new(),
            related: Vec::new(),
            hint: Some("take one of them out of the other's `members`".to_owned()),
        })
    }
}

/// The qualifiers of several ways as one: of two values the stronger.
fn unite_qualifiers(
    group: &GroupNode,
    member: Member,
    ways: &[Item<'_>],
    schema: Option<&Schema>,
    whys: &Whys,
) -> Result<Attributes, Diagnostic> {
    let mut united: Vec<(Symbol, Value, WhyId)> = Vec::new();
    for way in ways {
        for (name, value) in way.qualifiers {
            let Some(known) = united.iter_mut().find(|(own, ..)| own == name) else {
                united.push((*name, value.clone(), way.why));
                continue;
            };
            if known.1 == *value {
                continue;
            }
            match (strength(schema, *name, &known.1), strength(schema, *name, value)) {
                (Some(a), Some(b)) if b > a => (known.1, known.2) = (value.clone(), way.why),
                (Some(_), Some(_)) => {}
                // A system of which nothing is known is not planned either.
                _ if schema.is_none() => {}
                _ => {
                    let address = state::Address::Membership { system: group.system, group: group.name, member };
                    let (one, other) = (whys.get(known.2), whys.get(way.why));
                    return Err(Diagnostic::new(
                        other.span,
                        format!(
                            "{address} is asked for twice: with {name} = {} by {}, and with {name} = {value} by {}",
                            known.1, one.because, other.because
                        ),
                    )
                    .related(one.span, format!("{} is here", one.because))
                    .hint(format!("which {name} is stronger is not known for system.{}: say it once", group.system)));
                }
            }
        }
    }
    Ok(united.into_iter().map(|(name, value, _)| (name, value)).collect())
}

fn strength(schema: Option<&Schema>, name: Symbol, value: &Value) -> Option<usize> {
    let (_, values) = schema?.qualifiers.iter().find(|(own, _)| *own == name)?;
    let text =
        value.as_bool().map_or(value.as_text(), |truth| Some(Symbol::new(if truth { "true" } else { "false" })))?;
    values.iter().position(|own| *own == text)
}
