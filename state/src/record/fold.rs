//! The fold: how each event changes what the record says is managed.

use super::damage::Fault;
use super::event::{CheckpointItem, Event, Result as EventResult};
use super::in_force::Former;
use super::line::Line;
use super::recorded::{OpenIntent, Origin, Recorded, RecordedObject, Removal, Seen, Suspension, Undone};
use super::stage::{Stage, StageKind};
use crate::object::ARCHIVED;
use crate::{
    Action, Address, Attributes, Fact, FactKind, Object, Reason, SourceRead, Symbol, Target, Timestamp, Value, Wanted,
};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// The longest window of the safeguards; nothing older is ever asked for.
const REMOVALS: i64 = 7 * DAY;
const POPULATIONS: i64 = 8 * DAY;

type Folded = Result<(), Fault>;

impl Recorded {
    /// Folds one more line.
    ///
    /// # Errors
    /// A line that cannot stand where it stands. What makes no sense otherwise (an outcome without its intent) is
    /// noted in [`Recorded::oddities`] and passed over: a state file must stay readable.
    pub fn apply(&mut self, line: Line) -> Folded {
        let Line { n, at, event } = line;
        self.fold(n, at, event)?;
        self.head_line = n;
        self.last = self.last.max(at);
        Ok(())
    }

    fn fold(&mut self, n: u64, at: Timestamp, event: Event) -> Folded {
        self.begin(&event)?;
        match event {
            Event::Opened { lineage, .. } => {
                self.lineage = Some(lineage);
            }
            Event::RunStarted(run) => {
                self.unfinished = Some(run.run);
                self.limits = run.limits;
                if let Some(in_force) = run.in_force {
                    self.in_force = in_force;
                }
                if let Some(rules) = run.approvals {
                    self.approval_rules = rules;
                }
                for (address, count) in run.populations {
                    self.populations.entry(address).or_default().push((at, count));
                }
                self.expire(at);
            }
            Event::Fact { run, fact, why } => match fact.kind {
                FactKind::Undone | FactKind::Released | FactKind::Suspended | FactKind::Lifted => {
                    self.hold(run, &fact, at);
                }
                _ => self.fact(*fact, why, at),
            },
            Event::Approved(approved) => self.approved(*approved),
            Event::Intent { run, intent, change, kind, target, key, settle_after, why } => {
                let change = *change;
                let open = OpenIntent {
                    run,
                    intent,
                    at,
                    change,
                    kind,
                    target,
                    key,
                    settle_after,
                    why,
                    error: None,
                    transaction: None,
                    made: None,
                    taken: false,
                };
                self.allocate(&open);
                self.open.push(open);
            }
            Event::Transaction { run, intents, transaction } => {
                for intent in intents {
                    match self.open.get_mut(run, intent) {
                        Some(open) => open.transaction = Some(transaction),
                        None => {
                            self.odd(n, &format!("a transaction names intent {intent} of run {run}, which is not open"))
                        }
                    }
                }
            }
            Event::Outcome { run, intent, result } => {
                if let EventResult::Unknown { error, made, taken } = &result
                    && let Some(open) = self.open.get_mut(run, intent)
                {
                    open.error = Some(error.clone());
                    open.made = *made;
                    open.taken = *taken;
                } else if let Some(open) = self.open.take(run, intent) {
                    self.settle(open, result, at);
                } else {
                    self.odd(n, &format!("the outcome of intent {intent} of run {run} has no open intent"));
                }
            }
            Event::CheckpointItem { item } => self.item(*item),
            Event::Later { kind } => {
                self.later.get_or_insert(kind);
            }
            Event::RunFinished { .. } => self.unfinished = None,
            Event::CheckpointBegin {} | Event::CheckpointEnd { .. } => {}
        }
        Ok(())
    }

    /// What holds at the end of a file.
    ///
    /// # Errors
    /// A checkpoint that does not end.
    pub fn finish(&mut self) -> Folded {
        if self.checkpoint.is_some() {
            return Err(Fault::Senseless("the file ends within a checkpoint: lines at its end were cut off"));
        }
        self.displaced.clear();
        self.expire(self.last);
        Ok(())
    }

    /// Whether `event` may stand here.
    fn begin(&mut self, event: &Event) -> Folded {
        if !matches!(event, Event::Fact { fact, .. } if fact.kind == FactKind::Moved) {
            self.displaced.clear();
        }
        match (event, self.checkpoint) {
            (Event::Opened { .. }, _) if self.lineage.is_some() => {
                Err(Fault::Senseless("an `opened` line stands within the file: two files were put together"))
            }
            (Event::Opened { .. }, None) => Ok(()),
            _ if self.lineage.is_none() => Err(Fault::NotOpened),
            (Event::CheckpointBegin {}, None) => {
                *self = Recorded { lineage: self.lineage, checkpoint: Some(0), ..Recorded::default() };
                Ok(())
            }
            (Event::CheckpointItem { .. }, Some(items)) => {
                self.checkpoint = Some(items + 1);
                Ok(())
            }
            (Event::CheckpointEnd { items }, Some(found)) => {
                self.checkpoint = None;
                if *items == found {
                    Ok(())
                } else {
                    Err(Fault::Senseless("the checkpoint has another number of items than its end says"))
                }
            }
            (Event::CheckpointItem { .. } | Event::CheckpointEnd { .. }, None) => {
                Err(Fault::Senseless("the line belongs to a checkpoint, and none has begun"))
            }
            (_, Some(_)) => Err(Fault::Senseless("the line stands within a checkpoint")),
            (_, None) => Ok(()),
        }
    }

    pub(super) fn item(&mut self, item: CheckpointItem) {
        match item {
            CheckpointItem::Object { address, object } => self.insert(address, object),
            CheckpointItem::Identity { address, attributes } => {
                self.identities.insert(address, attributes);
            }
            CheckpointItem::Source { name, seen } => {
                self.sources.insert(name, seen);
            }
            CheckpointItem::Open { open } => self.open.push(*open),
            CheckpointItem::Removal { removal } => self.removals.push(removal),
            CheckpointItem::Population { address, at, count } => {
                self.populations.entry(address).or_default().push((at, count));
            }
            CheckpointItem::Number { system, attribute, number, holder } => {
                self.numbers.entry((system, attribute)).or_default().insert(number, holder);
            }
            CheckpointItem::Undone { address, undone } => drop(self.undone.insert(address, undone)),
            CheckpointItem::Suspension { address, suspension } => drop(self.suspensions.insert(address, suspension)),
            CheckpointItem::Limits { limits } => self.limits = limits,
            CheckpointItem::InForce { in_force } => self.in_force = in_force,
            CheckpointItem::Former { former } => self.former.push(former),
            CheckpointItem::ApprovalRules { rules } => self.approval_rules = rules,
            CheckpointItem::Approval { digest, approval } => drop(self.approvals.insert(digest, approval)),
        }
    }

    fn fact(&mut self, mut fact: Fact, why: Vec<Reason>, at: Timestamp) {
        let address = fact.address;
        if fact.kind == FactKind::Source {
            return self.source(&fact, at);
        }
        if let Some(stage) = fact.as_stage() {
            return self.staged(address, stage, at);
        }
        match (fact.kind, fact.object.take().map(|object| *object)) {
            (FactKind::Adopted, Some(object)) => {
                let adopted = adopted(self.ends(address), object, why, fact.until, at);
                self.insert(address, adopted);
            }
            (FactKind::Explained, object) => match (self.objects.get_mut(&address), object) {
                (Some(known), _) => {
                    known.why = why;
                    known.until = fact.until;
                }
                (None, Some(object)) => {
                    let adopted = adopted(self.ends(address), object, why, fact.until, at);
                    self.insert(address, adopted);
                }
                (None, None) => {}
            },
            (FactKind::Drifted, Some(object)) => self.drifted(address, &object, at),
            // A place in a group that somebody else took away; of an account or group the record remembers the id,
            // so that it stays known as vanished until somebody says `forget`.
            (FactKind::Drifted, None) if address.parent_group().is_some() => {
                self.objects.swap_remove(&address);
            }
            (FactKind::Moved, _) => {
                if let Some(former) = fact.former {
                    self.moved(former, address);
                }
            }
            (FactKind::Forgotten, _) => self.forget(address),
            (FactKind::Identity, Some(object)) => {
                self.identities.insert(address, object.attributes);
            }
            (FactKind::Settled | FactKind::Stage | FactKind::Source, _)
            | (FactKind::Undone | FactKind::Released | FactKind::Suspended | FactKind::Lifted, _)
            | (FactKind::Adopted | FactKind::Drifted | FactKind::Identity, None) => {}
        }
    }

    /// What is held from now on, or is not any more.
    fn hold(&mut self, run: Symbol, fact: &Fact, at: Timestamp) {
        match fact.kind {
            FactKind::Undone => {
                if let Some((undone, again)) = fact.as_undone() {
                    self.undone.insert(fact.address, Undone { run: undone, by: run, at, again });
                }
            }
            FactKind::Released => drop(self.undone.remove(&fact.address)),
            FactKind::Suspended => {
                if let Some((reason, by)) = fact.as_suspension() {
                    self.suspensions.insert(fact.address, Suspension { reason, by, since: at, run });
                }
            }
            _ => drop(self.suspensions.remove(&fact.address)),
        }
    }

    fn source(&mut self, fact: &Fact, at: Timestamp) {
        let Some(SourceRead { name, rows, columns, having }) = fact.as_source() else { return };
        let mut before = Vec::new();
        if let Some(seen) = self.sources.remove(&name).filter(|_| !fact.is_accepted()) {
            before = seen.before;
            before.push((seen.at, seen.rows));
            while before.get(1).is_some_and(|(next, _)| *next <= at.plus_millis(-DAY)) {
                before.remove(0);
            }
        }
        self.sources.insert(name, Seen { rows, columns, having, at, before });
    }

    /// The remote ids at both ends of a membership or grant, where the record knows them.
    fn ends(&self, address: Address) -> Option<Target> {
        let group = self.objects.get(&address.parent_group()?)?.id;
        match address {
            Address::Membership { .. } => {
                let member = address.member()?;
                let nested = matches!(member, Address::Group { .. });
                Some(Target::Membership { group, member: self.objects.get(&member)?.id, nested })
            }
            Address::Grant { grant, .. } => Some(Target::Grant { group, grant }),
            _ => None,
        }
    }

    /// What others did to a known object.
    fn drifted(&mut self, address: Address, object: &Object, at: Timestamp) {
        if let Some(known) = self.objects.get_mut(&address) {
            let secrets = known.attributes.iter().filter(|(_, value)| is_hmac(value)).cloned();
            known.attributes = object.attributes.iter().cloned().chain(secrets).collect();
            known.active = object.active;
            known.deactivated_by_us &= !object.active;
            if object.active {
                known.stage = None;
            } else {
                known.seen_inactive(at);
            }
        }
    }

    /// What became of an intent, other than that nobody knows.
    fn settle(&mut self, open: OpenIntent, result: EventResult, at: Timestamp) {
        match result {
            EventResult::Done { object, .. } => self.done(open, object, at),
            EventResult::Diverged { seen, .. } => {
                // It may have been taken, and somebody else went on from there: what counts is what was taken.
                if open.change.action.removes() {
                    self.removed(&open, false, at);
                }
                match (open.change.action, seen) {
                    // What was seen is what it owns.
                    (Action::Transfer, _) | (_, None) => {}
                    (_, Some(seen)) => self.drifted(open.change.address, &seen, at),
                }
            }
            EventResult::NotDone { .. } | EventResult::Unknown { .. } => {}
        }
    }

    /// Counts for the windows of the safeguards.
    fn removed(&mut self, open: &OpenIntent, approved: bool, at: Timestamp) {
        let (address, action) = (open.change.address, open.change.action);
        let until = self.objects.get(&address).and_then(|known| known.until).or(open.change.until);
        // What the red button takes leaves no less for others to lose.
        let announced = self.was_suspended(open) || until.is_some_and(|until| until <= at);
        self.removals.push(Removal { address, action, at, announced, approved });
    }

    fn done(&mut self, open: OpenIntent, mut object: Object, at: Timestamp) {
        let (address, action) = (open.change.address, open.change.action);
        let approved = self.use_up(open.run, address);
        if action.removes() || !self.is_new(address, at) {
            self.removed(&open, approved, at);
        }
        let known = self.objects.get(&address);
        match action {
            Action::Revoke | Action::Forget => self.forget(address),
            Action::Delete => {
                if let Some(known) = self.objects.get(&address) {
                    self.former.push(Former { address, attributes: known.attributes.clone(), at });
                }
                self.forget(address);
            }
            // What is given back comes from somebody who stays.
            Action::Transfer if known.is_some_and(|known| known.active) => {}
            Action::Transfer => self.reached(address, StageKind::Transferred, at),
            Action::Archive => {
                self.reached(address, StageKind::Archived, at);
                if let Some(known) = self.objects.get_mut(&address) {
                    (known.active, known.deactivated_by_us) = (false, true);
                }
            }
            Action::Create | Action::Grant | Action::Adopt => {
                let OpenIntent { change, why, target, .. } = open;
                object.attributes = attributes(&Attributes::new(), &change.after, object.attributes);
                let target = target.filter(|_| address.parent_group().is_some()).or_else(|| self.ends(address));
                let mut made = adopted(target, object, why, change.until, at);
                if action != Action::Adopt {
                    made.origin = Origin::Made;
                }
                self.insert(address, made);
            }
            Action::Update | Action::Rename | Action::Deactivate | Action::Reactivate => {
                let OpenIntent { change, why, target, .. } = open;
                if action == Action::Rename
                    && let Some(before) = &change.before
                {
                    self.former.push(Former { address, attributes: before.attributes.clone(), at });
                }
                if !self.objects.contains_key(&address) {
                    let target = target.filter(|_| address.parent_group().is_some());
                    let found = adopted(target, object.clone(), Vec::new(), change.until, at);
                    self.insert(address, found);
                }
                let Some(now) = self.objects.get_mut(&address) else { return };
                now.attributes = attributes(&now.attributes, &change.after, object.attributes);
                now.active = object.active;
                match action {
                    Action::Deactivate => {
                        (now.active, now.deactivated_by_us) = (false, true);
                        now.seen_inactive(at);
                    }
                    Action::Reactivate => {
                        (now.active, now.deactivated_by_us, now.stage) = (true, false, None);
                    }
                    // Out of the archive: what is to come begins anew.
                    _ if change.after.iter().any(|(name, _)| name.as_str() == ARCHIVED) => {
                        now.stage = Some(Stage { stage: StageKind::Deactivated, since: Some(at) });
                    }
                    _ => now.deactivated_by_us &= !now.active,
                }
                if !why.is_empty() {
                    now.why = why;
                }
            }
        }
    }

    /// Whether the system of `address` has been known for less than a day: what is given there then is its first filling,
    /// and no window counts it.
    fn is_new(&self, address: Address, at: Timestamp) -> bool {
        let began = address.system().and_then(|system| self.began.get(&system));
        began.is_none_or(|began| *began > at.plus_millis(-DAY))
    }

    fn reached(&mut self, address: Address, stage: StageKind, at: Timestamp) {
        if let Some(known) = self.objects.get_mut(&address) {
            known.stage = Some(Stage { stage, since: Some(at) });
        }
    }

    /// Keeps the numbers that a change was given by `next`, whatever becomes of it.
    fn allocate(&mut self, open: &OpenIntent) {
        let address = open.change.address;
        let (Some(system), Some(holder)) = (address.system(), address.holder().or(address.group())) else { return };
        for attribute in &open.change.allocated {
            let wanted = open.change.after.iter().find(|(name, _)| name == attribute).map(|(_, wanted)| wanted);
            let number = match wanted {
                Some(Wanted::Known(Value::Integer(number))) => Some(*number),
                Some(Wanted::Known(Value::Text(digits))) => digits.as_str().parse().ok(),
                _ => None,
            };
            if let Some(number) = number {
                self.numbers.entry((system, *attribute)).or_default().insert(number, holder);
            }
        }
    }

    pub(super) fn insert(&mut self, address: Address, object: RecordedObject) {
        if let Some(system) = address.system() {
            let began = self.began.entry(system).or_insert(object.since);
            *began = object.since.min(*began);
        }
        if self.objects.insert(address, object).is_none() {
            self.index.add(address);
        }
    }

    /// Drops what has left the windows of the safeguards.
    fn expire(&mut self, now: Timestamp) {
        let (removals, populations) = (now.plus_millis(-REMOVALS), now.plus_millis(-POPULATIONS));
        if self.removals.iter().any(|removal| removal.at < removals) {
            self.removals.retain(|removal| removal.at >= removals);
        }
        self.approvals.retain(|_, approval| approval.expires >= removals);
        self.populations.retain(|_, counts| {
            counts.retain(|(at, _)| *at >= populations);
            !counts.is_empty()
        });
    }

    fn odd(&mut self, line: u64, what: &str) {
        self.oddities.push(format!("line {line}: {what}"));
    }
}

/// An object that was there; `target` are the remote ids at both ends of a membership or grant.
fn adopted(
    target: Option<Target>,
    object: Object,
    why: Vec<Reason>,
    until: Option<Timestamp>,
    at: Timestamp,
) -> RecordedObject {
    RecordedObject {
        id: object.id,
        target,
        active: object.active,
        deactivated_by_us: false,
        origin: Origin::Adopted,
        attributes: object.attributes,
        until,
        why,
        stage: None,
        since: at,
    }
}

/// How the HMAC of a secret begins: nobody ever sees the secret on the system, so nothing that was seen replaces it.
pub const HMAC: &str = "hmac-sha256:";

fn is_hmac(value: &Value) -> bool {
    value.as_text().is_some_and(|text| text.as_str().starts_with(HMAC))
}

/// The managed attributes after a change: what was recorded, what the change set, and what was seen afterwards. Secrets
/// are never seen, only their HMACs are kept.
fn attributes(recorded: &Attributes, after: &[(Symbol, Wanted)], seen: Attributes) -> Attributes {
    let known = |name, wanted: &Wanted| match wanted {
        Wanted::Known(value) => value.is_empty() || seen.get(name).is_some(),
        Wanted::Deferred { .. } => true,
        Wanted::Secret { .. } => false,
    };
    // Which is so for nearly all: the system answered with all that was asked for.
    if recorded.is_empty() && after.iter().all(|(name, wanted)| known(*name, wanted)) {
        return seen;
    }
    let set = after.iter().filter_map(|(name, wanted)| match wanted {
        Wanted::Secret { hmac } => Some((*name, Value::Text(*hmac))),
        Wanted::Known(_) | Wanted::Deferred { .. } => None,
    });
    let known = after.iter().filter_map(|(name, wanted)| match wanted {
        Wanted::Known(value) if !value.is_empty() => Some((*name, value.clone())),
        _ => None,
    });
    let changed = |name| after.iter().any(|(own, _)| *own == name);
    let before = recorded.iter().filter(|(name, _)| !changed(*name)).cloned();
    // Of several values for one name the first wins.
    set.chain(seen.iter().cloned()).chain(known).chain(before).collect()
}
