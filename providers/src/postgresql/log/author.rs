//! Who did what differs, by the deeds that a log holds.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use state::{Timestamp, Value};

use super::deed::{Deed, Setting, Who};
use super::history::{Event, Fate};

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What a statement must have done.
    pub wanted: Wanted,
    /// Statements before this are not looked at.
    pub since: Option<Timestamp>,
}

/// A difference in the names of now; of what is gone, in those of the record.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// An attribute (`login` too) was set, to this where that can be compared.
    Set {
        role: String,
        attribute: &'static str,
        to: Option<Setting>,
    },
    /// The role was given its name.
    Named {
        now: String,
        before: String,
    },
    Dropped {
        role: String,
    },
    Member {
        group: String,
        member: String,
        given: bool,
    },
    /// An option of a membership was set.
    Option {
        group: String,
        member: String,
        option: &'static str,
        on: bool,
    },
}

/// What the log answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    pub at: Timestamp,
    pub command: &'static str,
    pub user: String,
    pub application: String,
    pub from: String,
    /// Who else did the same before, and nothing in the log undid it; sorted.
    pub before: Vec<String>,
}

/// Why nobody is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Silence {
    /// Somebody's statement would have done it, and whether it took effect the log does not tell.
    Undecided,
    /// No statement did it, or the last one about it says otherwise, or it was tenure.
    Nobody,
}

/// What a deed means for a question.
enum Effect {
    /// It is about something else.
    Nothing,
    /// It makes what is looked for; whether so to the very value can be told or not.
    Makes { surely: bool },
    /// It makes something else of it, or may.
    Contrary,
    /// The role of the question had another name before.
    Named { place: usize, before: Who },
}

/// Events by the roles that they name: of many differences each looks at those about its own.
pub struct Index<'a> {
    events: Vec<Event<'a>>,
    by_name: FxHashMap<&'a str, Vec<usize>>,
    /// Of whomever they may be.
    anybody: Vec<usize>,
}

impl<'a> Index<'a> {
    /// Of what failed, nothing is kept.
    pub fn new(mut events: Vec<Event<'a>>) -> Index<'a> {
        events.retain(|event| event.fate != Fate::Failed);
        let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        let mut anybody = Vec::new();
        for (n, event) in events.iter().enumerate() {
            let (roles, name) = event.deed.named();
            let names = roles.iter().filter_map(|who| who.name()).chain(name);
            names.for_each(|name| by_name.entry(name).or_default().push(n));
            if roles.is_empty() || roles.iter().any(|who| who.name().is_none()) {
                anybody.push(n);
            }
        }
        Index { events, by_name, anybody }
    }

    /// In their order, all that may be about a role with one of these names, or with a name that it had before or got.
    fn about(&self, names: impl IntoIterator<Item = String>) -> Vec<&Event<'a>> {
        let mut places: BTreeSet<usize> = self.anybody.iter().copied().collect();
        let mut names: Vec<String> = names.into_iter().collect();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        while let Some(name) = names.pop() {
            let own = self.by_name.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
            for event in own.iter().filter_map(|n| self.events.get(*n)) {
                if let Deed::Rename { from, to } = event.deed {
                    names.extend(from.name().into_iter().chain([to.as_str()]).map(str::to_owned));
                }
            }
            places.extend(own);
            seen.insert(name);
            names.retain(|name| !seen.contains(name));
        }
        places.into_iter().filter_map(|n| self.events.get(n)).collect()
    }
}

/// The last who did it; nobody who is not known to have, and not tenure (`own`).
pub fn author(index: &Index<'_>, question: &Question, own: impl Fn(&Event<'_>) -> bool) -> Result<Author, Silence> {
    let mut wanted = question.wanted.clone();
    let events = index.about(wanted.names().into_iter().cloned());
    let since = |event: &&Event<'_>| question.since.is_none_or(|since| event.at >= since);
    if let Wanted::Dropped { role } = &question.wanted {
        return dropped(events.into_iter().filter(since), role, own).ok_or(Silence::Nobody);
    }
    let mut silence = Silence::Nobody;
    let mut found: Option<Author> = None;
    for event in events.into_iter().rev().take_while(since) {
        match wanted.effect(event.deed) {
            Effect::Nothing => {}
            Effect::Makes { .. } | Effect::Contrary if own(event) => break,
            Effect::Makes { .. } if event.fate == Fate::Committed => {
                match &mut found {
                    None => found = Some(Author::of(event)),
                    Some(found) if found.user != event.line.user => found.before.push(event.line.user.clone()),
                    Some(_) => {}
                }
                if let (Wanted::Named { now, before }, Deed::Rename { from: Who::Role(from), .. }) =
                    (&mut wanted, event.deed)
                {
                    if from == before {
                        break;
                    }
                    *now = from.clone();
                }
            }
            // It was rolled back, or did what another did for certain.
            Effect::Makes { surely: true } => silence = Silence::Undecided,
            Effect::Makes { surely: false } => {
                silence = Silence::Undecided;
                break;
            }
            Effect::Contrary => break,
            Effect::Named { place, before: Who::Role(before) } if event.fate == Fate::Committed => {
                wanted.rename(place, before);
            }
            Effect::Named { .. } => break,
        }
    }
    let mut found = found.ok_or(silence)?;
    found.before.sort_unstable();
    found.before.dedup();
    found.before.retain(|user| *user != found.user);
    Ok(found)
}

/// Who dropped a role that had this name when the events begin.
fn dropped<'e, 'a: 'e>(
    events: impl Iterator<Item = &'e Event<'a>>,
    role: &str,
    own: impl Fn(&Event<'_>) -> bool,
) -> Option<Author> {
    let mut name = role.to_owned();
    for event in events {
        match event.deed {
            Deed::Drop(who) | Deed::Rename { from: who, .. } if who.may_be(&name) => {
                let certain = event.fate == Fate::Committed && *who == Who::Role(name.clone());
                match event.deed {
                    Deed::Rename { to, .. } if certain => name.clone_from(to),
                    Deed::Drop(_) if certain && !own(event) => return Some(Author::of(event)),
                    _ => return None,
                }
            }
            // The one that is asked about is younger than the record's word of it.
            Deed::Create(_) if own(event) => {}
            // Somebody else has the name now: the role was renamed or dropped by a statement that is not there.
            Deed::Create(who) if who.may_be(&name) => return None,
            Deed::Rename { to, .. } if *to == name => return None,
            Deed::Unclear(None) => return None,
            Deed::Unclear(Some(who)) if who.may_be(&name) => return None,
            _ => {}
        }
    }
    None
}

impl Author {
    fn of(event: &Event<'_>) -> Author {
        let line = event.line;
        Author {
            at: event.at,
            command: event.command,
            user: line.user.clone(),
            application: line.application.clone(),
            from: line.from.clone(),
            before: Vec::new(),
        }
    }
}

impl Wanted {
    /// The names of roles that it is about.
    fn names(&self) -> Vec<&String> {
        match self {
            Wanted::Set { role, .. } | Wanted::Dropped { role } => vec![role],
            Wanted::Named { now, .. } => vec![now],
            Wanted::Member { group, member, .. } | Wanted::Option { group, member, .. } => vec![group, member],
        }
    }

    fn rename(&mut self, place: usize, before: String) {
        let name = match (self, place) {
            (Wanted::Set { role, .. } | Wanted::Dropped { role }, 0) => role,
            (Wanted::Named { now, .. }, 0) => now,
            (Wanted::Member { group, .. } | Wanted::Option { group, .. }, 0) => group,
            (Wanted::Member { member, .. } | Wanted::Option { member, .. }, 1) => member,
            _ => return,
        };
        *name = before;
    }

    fn effect(&self, deed: &Deed) -> Effect {
        let names = self.names();
        let place = |who: &Who| names.iter().position(|name| who.may_be(name));
        match (self, deed) {
            (Wanted::Named { now, .. }, Deed::Rename { from: Who::Role(_), to }) if now == to => {
                return Effect::Makes { surely: true };
            }
            (_, Deed::Rename { from, to }) => {
                if let Some(place) = names.iter().position(|name| *name == to) {
                    return Effect::Named { place, before: from.clone() };
                }
                // The name went away, and is here now: another role has it.
                return if place(from).is_some() { Effect::Contrary } else { Effect::Nothing };
            }
            (_, Deed::Unclear(None)) => return Effect::Contrary,
            (_, Deed::Unclear(Some(who)) | Deed::Create(who) | Deed::Drop(who)) => {
                return if place(who).is_some() { Effect::Contrary } else { Effect::Nothing };
            }
            _ => {}
        }
        match (self, deed) {
            (Wanted::Set { role, attribute, to }, Deed::Set { role: who, attribute: own, to: set }) => {
                if !who.may_be(role) || attribute != own {
                    return Effect::Nothing;
                }
                match (to, set) {
                    _ if *who == Who::Somebody => Effect::Contrary,
                    (_, Setting::Text) | (None, _) => Effect::Makes { surely: false },
                    (Some(to), set) if to == set => Effect::Makes { surely: true },
                    _ => Effect::Contrary,
                }
            }
            (
                Wanted::Member { group, member, given },
                Deed::Member { group: own_group, member: own_member, given: own },
            ) => match (own_group.may_be(group) && own_member.may_be(member), own == given) {
                (false, _) => Effect::Nothing,
                (true, true) if is_role(own_group) && is_role(own_member) => Effect::Makes { surely: true },
                (true, _) => Effect::Contrary,
            },
            (
                Wanted::Option { group, member, option, on },
                Deed::Option { group: own_group, member: own_member, option: own_option, on: own_on },
            ) => match own_group.may_be(group) && own_member.may_be(member) && option == own_option {
                false => Effect::Nothing,
                true if on == own_on && is_role(own_group) && is_role(own_member) => Effect::Makes { surely: true },
                true => Effect::Contrary,
            },
            // A membership that is given or taken may have other options.
            (Wanted::Option { group, member, .. }, Deed::Member { group: own_group, member: own_member, given }) => {
                match own_group.may_be(group) && own_member.may_be(member) && !given {
                    true => Effect::Contrary,
                    false => Effect::Nothing,
                }
            }
            _ => Effect::Nothing,
        }
    }
}

fn is_role(who: &Who) -> bool {
    matches!(who, Who::Role(_))
}

/// A value of an attribute as an option sets it; none where that cannot be compared.
pub fn setting(value: Option<&Value>) -> Option<Setting> {
    match value? {
        Value::Bool(truth) => Some(Setting::Truth(*truth)),
        Value::Integer(number) => Some(Setting::Number(*number)),
        _ => None,
    }
}
