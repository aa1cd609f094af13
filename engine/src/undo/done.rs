//! What a run did, and what came after it, off the lines of the record.

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::index::renamed;
use state::record::{Damage, Event, EventResult, Line, RunStarted, Text};
use state::{Action, Address, Attributes, Change, FactKind, Object, Symbol, Target, Timestamp};

use super::find::{Run, find};

/// One change that was carried out and seen.
#[derive(Clone, Debug)]
pub struct Deed {
    /// With its pre-image and post-image; the address is the one of today.
    pub change: Change,
    pub target: Option<Target>,
    /// What was seen afterwards.
    pub object: Object,
}

/// A change that a later run made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Later {
    pub(crate) run: Symbol,
    pub(crate) action: Action,
    /// Attributes that it set.
    pub(crate) names: Vec<Symbol>,
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct Done {
    pub started: RunStarted,
    pub at: Timestamp,
    /// In the order in which they were seen to be done.
    pub deeds: Vec<Deed>,
    /// What it took under management: nothing on a system changed by that.
    pub adopted: Vec<Address>,
    /// What later runs changed, by address.
    pub(crate) later: FxHashMap<Address, Vec<Later>>,
    /// Runs that undid it, and when.
    pub undone_by: Vec<(Symbol, Timestamp)>,
}

/// Why a run cannot be undone.
#[derive(Debug)]
pub enum Refused {
    /// What is wrong with the question, and what to do.
    Not { message: String, hint: String },
    /// The record cannot be read.
    Damaged(Damage),
}

impl From<Damage> for Refused {
    fn from(damage: Damage) -> Refused {
        Refused::Damaged(damage)
    }
}

/// Reads what the run that `asked` means did. `settled` is what was found out about earlier calls since the last line
/// was written.
///
/// # Errors
/// Where no such run is recorded, several are meant, it is still open, or the record is damaged.
pub fn read(text: &Text<'_>, settled: &[Event], asked: &str) -> Result<Done, Refused> {
    let lines = || {
        let written = text.read().map(|read| read.map(|(_, line)| (line.at, line.event)));
        written.chain(settled.iter().map(|event| Ok((Timestamp::default(), event.clone()))))
    };
    let runs = runs(lines())?;
    let run = find(&runs, asked).map_err(|(message, hint)| Refused::Not { message, hint })?;
    let id = run.started.run;
    let mut reading = Reading::new(run);
    for line in lines() {
        let (at, event) = line?;
        reading.take(Line { n: 0, at, event });
    }
    if !reading.open.is_empty() {
        let message =
            format!("run {id} is still open: nobody knows what became of {} of its calls", reading.open.len());
        let hint = "`tenure apply` settles them by looking; undo the run after that".to_owned();
        return Err(Refused::Not { message, hint });
    }
    if reading.done.deeds.is_empty() && reading.done.adopted.is_empty() {
        let message = format!("run {id} changed nothing, so there is nothing to undo");
        return Err(Refused::Not { message, hint: format!("`tenure history` shows what it did; started {}", run.at) });
    }
    Ok(reading.into_done())
}

/// The runs of the record, in the order in which they began.
fn runs(lines: impl Iterator<Item = Result<(Timestamp, Event), Damage>>) -> Result<Vec<Run>, Damage> {
    let mut runs: Vec<Run> = Vec::new();
    let mut places: FxHashMap<Symbol, usize> = FxHashMap::default();
    for line in lines {
        let (at, event) = line?;
        match event {
            Event::RunStarted(started) => {
                places.insert(started.run, runs.len());
                runs.push(Run { started: *started, at, finished: false, changed: false });
            }
            Event::Outcome { run, result: EventResult::Done { .. }, .. } => {
                if let Some(run) = places.get(&run).and_then(|place| runs.get_mut(*place)) {
                    run.changed = true;
                }
            }
            Event::RunFinished { run, .. } => {
                if let Some(run) = places.get(&run).and_then(|place| runs.get_mut(*place)) {
                    run.finished = true;
                }
            }
            _ => {}
        }
    }
    Ok(runs)
}

/// One pass over the lines.
struct Reading {
    done: Done,
    /// Intents of this run and of later ones that have no outcome yet, by run and number.
    intents: FxHashMap<(Symbol, u32), (Change, Option<Target>)>,
    /// Of those the ones of this run that are in doubt at the end.
    open: FxHashSet<u32>,
    began: bool,
    /// Renamings that follow each other without another line between them happened at once: names may be swapped.
    moves: Vec<Moves>,
    moving: bool,
    /// How many renamings there had been at each deed, and at each later change.
    deed_moves: Vec<usize>,
    later: Vec<(Address, usize, Later)>,
}

impl Reading {
    fn new(run: &Run) -> Reading {
        let done = Done {
            started: run.started.clone(),
            at: run.at,
            deeds: Vec::new(),
            adopted: Vec::new(),
            later: FxHashMap::default(),
            undone_by: Vec::new(),
        };
        Reading {
            done,
            intents: FxHashMap::default(),
            open: FxHashSet::default(),
            began: false,
            moves: Vec::new(),
            moving: false,
            deed_moves: Vec::new(),
            later: Vec::new(),
        }
    }

    fn take(&mut self, line: Line) {
        let own = self.done.started.run;
        let moved = matches!(&line.event, Event::Fact { fact, .. } if fact.kind == FactKind::Moved);
        self.moving &= moved;
        match line.event {
            Event::RunStarted(started) if started.run == own => self.began = true,
            _ if !self.began => {}
            Event::RunStarted(started) if started.undoes == Some(own) => {
                self.done.undone_by.push((started.run, line.at));
            }
            Event::Fact { run, fact, .. } => match (fact.kind, fact.former) {
                (FactKind::Moved, Some(former)) => {
                    if !std::mem::replace(&mut self.moving, true) {
                        self.moves.push(Moves::default());
                    }
                    if let Some(moves) = self.moves.last_mut() {
                        moves.add(former, fact.address);
                    }
                }
                (FactKind::Adopted, _) if run == own => self.done.adopted.push(fact.address),
                _ => {}
            },
            Event::Intent { run, intent, change, target, .. } => {
                self.intents.insert((run, intent), (*change, target));
                if run == own {
                    self.open.insert(intent);
                }
            }
            Event::Outcome { run, intent, result } => self.answered(run, intent, result),
            _ => {}
        }
    }

    fn answered(&mut self, run: Symbol, intent: u32, result: EventResult) {
        if matches!(result, EventResult::Unknown { .. }) {
            return;
        }
        let Some((change, target)) = self.intents.remove(&(run, intent)) else { return };
        let own = run == self.done.started.run;
        if own {
            self.open.remove(&intent);
        }
        let EventResult::Done { object, .. } = result else { return };
        if own {
            let id = object.id;
            let target = target.or(match change.address {
                Address::Account { .. } => Some(Target::Account(id)),
                Address::Group { .. } => Some(Target::Group(id)),
                _ => None,
            });
            self.deed_moves.push(self.moves.len());
            self.done.deeds.push(Deed { change, target, object });
        } else {
            let names = change.after.iter().map(|(name, _)| *name).collect();
            self.later.push((change.address, self.moves.len(), Later { run, action: change.action, names }));
        }
    }

    /// Everything under the names of today.
    fn into_done(self) -> Done {
        let Reading { mut done, moves, deed_moves, later, .. } = self;
        let now = |address: Address, moved: usize| {
            moves.iter().skip(moved).fold(address, |address, moves| moves.apply(address))
        };
        for (deed, moved) in done.deeds.iter_mut().zip(deed_moves) {
            deed.change.address = now(deed.change.address, moved);
        }
        for (address, moved, later) in later {
            done.later.entry(now(address, moved)).or_default().push(later);
        }
        done
    }
}

/// Renamings that happened at once.
#[derive(Clone, Debug, Default)]
struct Moves {
    exact: FxHashMap<Address, Address>,
    /// Of people, services and groups, in order: what belongs to them moves along.
    tops: Vec<(Address, Address)>,
}

impl Moves {
    fn add(&mut self, former: Address, to: Address) {
        self.exact.insert(former, to);
        if former.parent_group().is_none() && !matches!(former, Address::Account { .. }) {
            self.tops.push((former, to));
        }
    }

    fn apply(&self, address: Address) -> Address {
        if let Some(to) = self.exact.get(&address) {
            return *to;
        }
        // Each part of an address is renamed once.
        let (mut now, mut holder, mut group) = (address, false, false);
        for (former, to) in &self.tops {
            let done = match former {
                Address::Person(_) | Address::Service(_) => &mut holder,
                _ => &mut group,
            };
            let renamed = renamed(now, *former, *to);
            if !*done && renamed != now {
                (now, *done) = (renamed, true);
            }
        }
        now
    }
}

impl Done {
    /// The last run that changed something at `address` after this one: of an attribute, where one is named.
    pub(crate) fn changed_by(&self, address: Address, of: impl Fn(&Later) -> bool) -> Option<Symbol> {
        self.later.get(&address)?.iter().rev().find(|later| of(later)).map(|later| later.run)
    }

    /// The attributes that a deed set or cleared, with what they were before.
    pub(crate) fn set_by(deed: &Deed) -> impl Iterator<Item = (Symbol, Option<state::Value>)> + '_ {
        let none = Attributes::new();
        let before = deed.change.before.as_deref().map_or(none, |before| before.attributes.clone());
        deed.change.after.iter().map(move |(name, _)| (*name, before.get(*name).cloned()))
    }
}
