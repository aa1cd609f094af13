//! What came back: re-reads, outcomes of calls, read-backs, and looks at what was in doubt.

use state::record::EventResult;
use state::{Action, Attributes, Kind, Object, Outcome, Presence, Symbol, Target, Timestamp};

use super::compare::{Standing, keeps, managed, standing, standing_after};
use super::machine::Apply;
use super::report::{Fate, Why};
use super::transfer;
use super::work::{Call, Seen, Todo, Transaction};
use crate::mutations::on;

/// How often a change is tried again after a refusal for the moment (429) or a version that moved.
const TRIES: u32 = 3;
/// The longest `Retry-After` that is waited for, in milliseconds.
const LONGEST_WAIT: u64 = 300_000;
/// Waits between read-backs, in milliseconds: the first, and the longest.
const FIRST_LOOK: i64 = 100;
const LAST_LOOK: i64 = 2_000;

/// A transaction that was committed, and what it did is not there.
pub(super) const CHANGED_BACK: &str = "its transaction was committed, and it has been changed back since";

/// What a look says about a call.
enum Verdict {
    Done(Object),
    /// It is there, made by us, but not as wanted.
    Differs(Object, String),
    /// Neither as before nor as wanted.
    Diverged(Option<Object>, String),
    NotDone,
    Unsure(String),
}

impl Apply<'_> {
    /// The re-read before the changes of a unit.
    pub(super) fn on_read(&mut self, unit: u32, result: Result<Vec<Presence>, String>, now: Timestamp) {
        let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) else { return };
        active.reading = false;
        let result = result.and_then(|presences| {
            let asked = active.todo.iter().filter(|todo| matches!(todo.seen, Seen::Unread)).count();
            let all = asked + active.beside.asked;
            match presences.len() == all {
                true => Ok((presences, asked)),
                false => Err(format!("{} of {all} objects were answered", presences.len())),
            }
        });
        let mut unread = Vec::new();
        match result {
            Ok((mut presences, asked)) => {
                active.beside.take(presences.split_off(asked));
                let mut presences = presences.into_iter();
                active.todo.retain_mut(|todo| {
                    if !matches!(todo.seen, Seen::Unread) {
                        return true;
                    }
                    match presences.next() {
                        Some(Presence::Here(object)) => todo.seen = Seen::Here(object),
                        Some(Presence::Gone) => todo.seen = Seen::Gone,
                        Some(Presence::Hidden(why)) => unread.push((todo.change, why)),
                        None => unread.push((todo.change, "not answered".to_owned())),
                    }
                    !matches!(todo.seen, Seen::Unread)
                });
            }
            Err(error) => {
                active.todo.retain(|todo| {
                    let read = !matches!(todo.seen, Seen::Unread);
                    if !read {
                        unread.push((todo.change, error.clone()));
                    }
                    read
                });
            }
        }
        let failed = !unread.is_empty();
        for (n, error) in unread {
            self.fates.set(self.plan, n, Fate::NotDone(Why::NotRead(error)));
        }
        if failed {
            self.failed(unit);
        }
        self.advance(unit, now);
    }

    /// The outcomes of a call.
    pub(super) fn on_executed(&mut self, unit: u32, outcomes: Vec<Outcome>, now: Timestamp) {
        let Some(system) = self.system_of(unit) else { return };
        let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) else { return };
        let calls = std::mem::take(&mut active.calling);
        let took = now.millis().saturating_sub(active.called.millis());
        if let Some(system) = self.systems.get_mut(system as usize) {
            system.was_answered(took);
        }
        let (asked, answered) = (calls.len(), outcomes.len());
        let missing = || Outcome::Unknown(format!("the writer answered {answered} of {asked} changes"));
        // A call that begins nothing at all is not repeated for ever.
        let moved = outcomes.iter().any(|outcome| *outcome != Outcome::Later);
        let mut outcomes = outcomes.into_iter();
        let mut again = Vec::new();
        for call in calls {
            match outcomes.next().unwrap_or_else(missing) {
                Outcome::Done(object) => self.answered_done(unit, system, call, object, now),
                Outcome::Noted(object, what) => {
                    let noted = Call { note: Some(what), ..call };
                    self.answered_done(unit, system, noted, object, now);
                }
                Outcome::Partly(seen, error) => {
                    self.record(call.intent, EventResult::Diverged { error: error.clone(), seen: Some(seen) });
                    self.fates.set(self.plan, call.change, Fate::Diverged { error });
                    self.failed(unit);
                }
                Outcome::Refused { error, retry_after } => {
                    self.record(call.intent, EventResult::NotDone { error: error.clone(), settled: false });
                    match retry_after.filter(|wait| *wait <= LONGEST_WAIT && self.may_try_again(call.change)) {
                        Some(wait) => {
                            let until = now.plus_millis(i64::try_from(wait).unwrap_or(i64::MAX));
                            if let Some(system) = self.systems.get_mut(system as usize) {
                                system.throttled = system.throttled.max(Some(until));
                            }
                            self.wake(until);
                            again.push(call.change);
                        }
                        None => {
                            self.fates.set(self.plan, call.change, Fate::Refused { error });
                            self.failed(unit);
                        }
                    }
                }
                Outcome::Taken(error) => {
                    // Said at once, and looked at by the next run: something that passes requests on may have sent it twice.
                    let result = EventResult::Unknown { error: error.clone(), made: None, taken: true };
                    self.record(call.intent, result);
                    self.fates.set(self.plan, call.change, Fate::Refused { error });
                    self.failed(unit);
                }
                Outcome::Stale(seen) => {
                    // The version may have moved for another attribute, or by our own doing: the re-read tells.
                    let error = "the object changed since it was read again".to_owned();
                    self.record(call.intent, EventResult::NotDone { error, settled: false });
                    if call.image.action != Action::Create && self.may_try_again(call.change) {
                        again.push(call.change);
                    } else {
                        let seen = self.difference(system, &call, seen.as_ref());
                        self.fates.set(self.plan, call.change, Fate::Stale { seen });
                    }
                }
                Outcome::Later => {
                    let error = "the call was full: left for the next one".to_owned();
                    self.record(call.intent, EventResult::NotDone { error: error.clone(), settled: false });
                    if moved || self.may_try_again(call.change) {
                        again.push(call.change);
                    } else {
                        self.fates.set(self.plan, call.change, Fate::Refused { error });
                        self.failed(unit);
                    }
                }
                Outcome::Unknown(_) if on("lost-is-done") => {
                    let object = call.image.before.as_deref().cloned();
                    self.done(call, object.unwrap_or_else(|| Object::new("lost", Attributes::new())), false);
                }
                Outcome::Unknown(error) if on("lost-is-refused") => {
                    self.record(call.intent, EventResult::NotDone { error: error.clone(), settled: false });
                    self.fates.set(self.plan, call.change, Fate::Refused { error });
                }
                Outcome::Unknown(error) if on("lost-is-repeated") && self.may_try_again(call.change) => {
                    self.record(call.intent, EventResult::NotDone { error, settled: false });
                    again.push(call.change);
                }
                Outcome::Unknown(error) => self.in_doubt(unit, system, call, error),
            }
        }
        self.put_back(unit, again);
        self.advance(unit, now);
    }

    fn may_try_again(&mut self, n: u32) -> bool {
        let tries = self.attempts.entry(n).or_insert(0);
        *tries += 1;
        *tries <= TRIES
    }

    fn difference(&self, system: u32, call: &Call, seen: Option<&Object>) -> String {
        if call.image.action == Action::Transfer {
            return "what it owns keeps changing".to_owned();
        }
        let schema = self.systems.get(system as usize).and_then(|system| system.connected.as_ref());
        match schema.map(|connected| standing(&call.image, call.kind, seen, &connected.schema)) {
            Some(Standing::Other(what)) => what,
            _ => "it keeps changing while it is being changed".to_owned(),
        }
    }

    /// Changes that begin again, with a new re-read and a new intent, before those that have not begun.
    fn put_back(&mut self, unit: u32, changes: Vec<u32>) {
        let target =
            |n: &u32| self.plan.changes.get(*n as usize).and_then(|c| self.ids.target(c, self.resolver.as_ref()));
        let todo: Vec<Todo> = changes
            .into_iter()
            .map(|n| {
                let create = self.plan.changes.get(n as usize).is_none_or(|change| change.action == Action::Create);
                let seen = if create || target(&n).is_none() { Seen::New } else { Seen::Unread };
                Todo { change: n, seen }
            })
            .collect();
        if let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) {
            todo.into_iter().rev().for_each(|todo| active.todo.push_front(todo));
        }
    }

    /// Intents that were written but not called in time: taken back, and begun again.
    pub(super) fn again(&mut self, unit: u32, calls: Vec<Call>, now: Timestamp) {
        for call in &calls {
            let error = "not called in time; begun again".to_owned();
            *self.late.entry(call.change).or_insert(0) += 1;
            self.record(call.intent, EventResult::NotDone { error, settled: false });
        }
        self.put_back(unit, calls.into_iter().map(|call| call.change).collect());
        self.advance(unit, now);
    }

    /// The system says that it is done: believed where it shows it, else read back.
    fn answered_done(&mut self, unit: u32, system: u32, mut call: Call, object: Object, now: Timestamp) {
        if call.target.is_none() && object.id.as_str() != "" {
            call.target = match call.kind {
                Kind::Account => Some(Target::Account(object.id)),
                Kind::Group => Some(Target::Group(object.id)),
                Kind::Membership | Kind::Grant => self.plan_target(call.change),
            };
        }
        if call.target.is_none() {
            let error = "the system answered that it is made, but did not say under which id".to_owned();
            return self.in_doubt(unit, system, call, error);
        }
        let Some(state) = self.systems.get(system as usize) else { return };
        let visibility = if on("no-read-back") || on("visibility-ignored") { 0 } else { state.visibility() };
        // That something was handed over, or is gone for good, is never believed unseen.
        let shown = visibility == 0
            && !on("visibility-ignored")
            && !matches!(call.image.action, Action::Transfer | Action::Delete)
            && (call.image.action == Action::Revoke
                || state.connected.as_ref().is_some_and(|connected| {
                    standing(&call.image, call.kind, Some(&object), &connected.schema) == Standing::AsWanted
                }));
        if shown {
            return self.done(call, object, false);
        }
        if let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) {
            active.looking.push(call);
            active.look_until = now.plus_millis(visibility);
            active.look_delay = FIRST_LOOK;
        }
    }

    fn plan_target(&self, n: u32) -> Option<Target> {
        self.ids.target(self.plan.changes.get(n as usize)?, self.resolver.as_ref())
    }

    /// A change is done and seen.
    fn done(&mut self, call: Call, seen: Object, settled: bool) {
        let object = self.kept(&call, &seen);
        if call.image.action != Action::Transfer {
            self.ids.done(call.image.address, &object);
        }
        self.record(call.intent, EventResult::Done { object, settled, note: call.note.clone() });
        self.fates.set(self.plan, call.change, call.note.map_or(Fate::Done, |left| Fate::Noted { left }));
    }

    /// What the record keeps of what was seen: the id is the target's where the answer left it out.
    fn kept(&self, call: &Call, seen: &Object) -> Object {
        let mut object = managed(&call.image, seen);
        match call.target {
            Some(Target::Account(id) | Target::Group(id) | Target::Owned(id)) => object.id = id,
            Some(_) => object.id = Symbol::new(""),
            None => {}
        }
        object
    }

    fn in_doubt(&mut self, unit: u32, system: u32, call: Call, error: String) {
        let made = call.target.filter(|_| call.image.action == Action::Create).map(Target::remote);
        self.record(call.intent, EventResult::Unknown { error: error.clone(), made, taken: false });
        self.fates.set(self.plan, call.change, Fate::Unknown { error });
        self.doubts.push((system, call));
        self.failed(unit);
    }

    /// Counts a failure of the unit's system.
    fn failed(&mut self, unit: u32) {
        if let Some(system) = self.system_of(unit).and_then(|system| self.systems.get_mut(system as usize)) {
            system.fail();
        }
    }

    /// The read-back after the calls of a unit.
    pub(super) fn on_look(&mut self, unit: u32, result: Result<Vec<Presence>, String>, now: Timestamp) {
        let Some(system) = self.system_of(unit) else { return };
        let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) else { return };
        active.look_pending = false;
        let (until, delay) = (active.look_until, active.look_delay);
        let calls = std::mem::take(&mut active.looking);
        let last = now >= until;
        let mut presences = presences(result, calls.iter().flat_map(Call::looks).count());
        let mut unseen = Vec::new();
        for call in calls {
            let sight = sight(&call, &mut presences);
            match self.verdict(system, &call, sight) {
                Verdict::Done(object) => self.done(call, object, false),
                Verdict::NotDone if keeps(&call.image) => {
                    self.done(call, Object::new("", Attributes::new()), false);
                }
                _ if !last => unseen.push(call),
                verdict => self.conclude(unit, system, call, verdict),
            }
        }
        if !unseen.is_empty() {
            if let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) {
                active.looking = unseen;
                active.look_pending = true;
                active.look_delay = (delay * 2).min(LAST_LOOK);
            }
            self.park(unit, system);
            return self.timer(now.plus_millis(delay).min(until), unit);
        }
        self.advance(unit, now);
    }

    /// A unit that waits for a time leaves its place to others.
    fn park(&mut self, unit: u32, system: u32) {
        let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) else { return };
        if !std::mem::replace(&mut active.parked, true)
            && let Some(system) = self.systems.get_mut(system as usize)
        {
            system.busy = system.busy.saturating_sub(1);
        }
    }

    /// The visibility bound has passed since the system said that it is done.
    fn conclude(&mut self, unit: u32, system: u32, call: Call, verdict: Verdict) {
        match verdict {
            Verdict::Done(object) => self.done(call, object, true),
            Verdict::Differs(object, error) => {
                let kept = self.kept(&call, &object);
                self.ids.done(call.image.address, &kept);
                self.record(call.intent, EventResult::Done { object: kept, settled: false, note: call.note });
                self.fates.set(self.plan, call.change, Fate::Diverged { error });
                self.failed(unit);
            }
            Verdict::Diverged(seen, error) => {
                self.record(call.intent, EventResult::Diverged { error: error.clone(), seen });
                self.fates.set(self.plan, call.change, Fate::Diverged { error });
                self.failed(unit);
            }
            Verdict::NotDone => {
                let error = "the system answered that it is done, but nothing changed".to_owned();
                self.record(call.intent, EventResult::NotDone { error: error.clone(), settled: true });
                self.fates.set(self.plan, call.change, Fate::Refused { error });
                self.failed(unit);
            }
            Verdict::Unsure(error) => {
                let error = format!("the system answered that it is done, but it could not be read back: {error}");
                self.in_doubt(unit, system, call, error);
            }
        }
    }

    /// What a look at the end says about what is in doubt; what stays open is left to the next run.
    pub(super) fn on_settle(&mut self, system: Symbol, calls: Vec<Call>, result: Result<Vec<Presence>, String>) {
        let Some(system) = self.systems.iter().position(|state| state.name == system) else { return };
        let mut presences = presences(result, calls.iter().flat_map(Call::looks).count());
        for call in calls {
            let sight = sight(&call, &mut presences);
            let committed = call.transaction == Transaction::Committed;
            let verdict = match self.verdict(system as u32, &call, sight) {
                Verdict::NotDone if committed => Verdict::Diverged(None, CHANGED_BACK.to_owned()),
                verdict => verdict,
            };
            match verdict {
                Verdict::Done(_) if call.has_secrets() && call.image.action != Action::Create && !committed => {
                    let error = "a secret cannot be looked at: it will be set again".to_owned();
                    self.record(call.intent, EventResult::Diverged { error: error.clone(), seen: None });
                    self.fates.set(self.plan, call.change, Fate::Diverged { error });
                }
                Verdict::Done(object) => self.done(call, object, true),
                Verdict::Differs(object, error) => {
                    let kept = self.kept(&call, &object);
                    self.record(call.intent, EventResult::settled(kept));
                    self.fates.set(self.plan, call.change, Fate::Diverged { error });
                }
                Verdict::Diverged(seen, error) => {
                    self.record(call.intent, EventResult::Diverged { error: error.clone(), seen });
                    self.fates.set(self.plan, call.change, Fate::Diverged { error });
                }
                Verdict::NotDone => {
                    let error = match self.fates.get(call.change) {
                        Some(Fate::Unknown { error }) => format!("{error}; looked at later: it did not happen"),
                        _ => "looked at later: it did not happen".to_owned(),
                    };
                    self.record(call.intent, EventResult::NotDone { error: error.clone(), settled: true });
                    self.fates.set(self.plan, call.change, Fate::Refused { error });
                }
                Verdict::Unsure(_) => {}
            }
        }
    }

    fn verdict(&self, system: u32, call: &Call, sight: Result<Sight, String>) -> Verdict {
        let Some(connected) = self.systems.get(system as usize).and_then(|system| system.connected.as_ref()) else {
            return Verdict::Unsure("there is no connection to the system".to_owned());
        };
        let (seen, heir) = match sight {
            Ok(Sight { own, heir }) => (own, heir),
            Err(why) => return Verdict::Unsure(why),
        };
        if call.image.action == Action::Transfer {
            return match transfer::standing(&call.image, seen.as_ref(), heir.as_ref()) {
                Standing::AsWanted => Verdict::Done(Object::new("", Attributes::new())),
                Standing::AsBefore => Verdict::NotDone,
                Standing::Other(what) => Verdict::Diverged(seen, what),
            };
        }
        let create = call.image.action == Action::Create;
        match (standing_after(&call.image, call.kind, seen.as_ref(), &connected.schema), seen) {
            (Standing::AsWanted, seen) => {
                let gone = || Object::new("", Attributes::new());
                Verdict::Done(seen.unwrap_or_else(gone))
            }
            // Whether a creation happened is not told by an id alone.
            (Standing::AsBefore, None) if create => Verdict::Unsure("it is not there".to_owned()),
            (Standing::AsBefore, _) => Verdict::NotDone,
            (Standing::Other(what), Some(object)) if create => Verdict::Differs(object, what),
            (Standing::Other(what), seen) => Verdict::Diverged(seen, what),
        }
    }
}

/// What is at the target of a call, and of a transfer what the heir owns; none where there is nothing.
struct Sight {
    own: Option<Object>,
    heir: Option<Object>,
}

/// Takes the answers about one call.
fn sight(call: &Call, presences: &mut impl Iterator<Item = Result<Presence, String>>) -> Result<Sight, String> {
    let mut seen = call.looks().map(|_| match presences.next() {
        Some(Ok(Presence::Here(object))) => Ok(Some(object)),
        Some(Ok(Presence::Gone)) => Ok(None),
        Some(Ok(Presence::Hidden(why)) | Err(why)) => Err(why),
        None => Err("not answered".to_owned()),
    });
    // All of them are taken, whatever the first says.
    let (own, heir) = (seen.next(), seen.next());
    let own = own.unwrap_or_else(|| Err("its remote id is not known".to_owned()))?;
    Ok(Sight { own, heir: heir.transpose()?.flatten() })
}

/// The answers of a read one by one; a read that failed, or answered too little or too much, says nothing about any.
fn presences(result: Result<Vec<Presence>, String>, asked: usize) -> impl Iterator<Item = Result<Presence, String>> {
    let result = result.and_then(|presences| match presences.len() == asked {
        true => Ok(presences),
        false => Err(format!("{} of {asked} objects were answered", presences.len())),
    });
    let (presences, error) = match result {
        Ok(presences) => (presences, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let failed = std::iter::repeat_n(error, asked).flatten().map(Err);
    presences.into_iter().map(Ok).chain(failed)
}
