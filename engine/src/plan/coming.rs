//! What time alone will bring: stages of offboarding, access that ends, people who leave; and accounts whose person is
//! gone. Told from files and record, without asking any system.

use jiff::civil::Date;
use state::record::{RecordedObject, StageKind};
use state::{Action, Address, Symbol, Timestamp};

use super::inputs::Inputs;
use super::offboarding::{Means, day};
use super::planner::Planner;
use crate::guard::{legal_hold, no_owner};

/// What is to come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coming {
    /// By due date.
    pub stages: Vec<ComingStage>,
    /// Access that ends by itself, by its end.
    pub expiring: Vec<(Timestamp, Address)>,
    /// People and services whose `ends` lies ahead, with their last day.
    pub leaving: Vec<(Symbol, Address)>,
    /// Managed accounts whose person no file knows.
    pub orphans: Vec<Orphan>,
    /// Services all of whose owners left.
    pub ownerless: Vec<Address>,
    /// Whose accounts must stay as they are (`legal_hold`).
    pub on_hold: Vec<Address>,
}

/// The next stage of a leaver's account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComingStage {
    pub due: Timestamp,
    /// The day, in the zone of the settings.
    pub day: Symbol,
    pub account: Address,
    pub action: Action,
    /// `legal_hold` keeps it from happening.
    pub on_hold: bool,
}

/// An account without a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Orphan {
    pub account: Address,
    pub active: bool,
    /// When it came to be managed.
    pub since: Timestamp,
    pub stage: Option<StageKind>,
}

/// What is to come after `inputs.now`.
pub fn coming(inputs: Inputs<'_>) -> Coming {
    let mut planner = Planner::new(inputs);
    planner.find_leavers();
    let mut coming = Coming {
        ownerless: no_owner::ownerless(&planner),
        on_hold: legal_hold::on_hold(&planner),
        ..Coming::default()
    };
    for (address, object) in &inputs.recorded.objects {
        if let Some(until) = object.until.filter(|until| *until > inputs.now && object.active) {
            coming.expiring.push((until, *address));
        }
        if let Address::Account { holder, .. } = *address {
            if !planner.identities.contains_key(&holder) {
                let stage = object.stage.map(|stage| stage.stage);
                coming.orphans.push(Orphan { account: *address, active: object.active, since: object.since, stage });
            }
            coming.stages.extend(stage(&planner, *address, holder, object));
        }
    }
    let today = day(inputs.now, inputs.configuration.settings.timezone);
    for identity in inputs.configuration.identities.iter().filter(|identity| identity.leaver.is_none()) {
        let ends = identity.attributes.get(Symbol::new("ends")).and_then(|ends| ends.as_text());
        let ends = ends.and_then(|ends| ends.as_str().get(..10)?.parse::<Date>().ok());
        if let Some(ends) = ends.map(|ends| Symbol::new(&ends.to_string())).filter(|ends| *ends >= today) {
            coming.leaving.push((ends, identity.address));
        }
    }
    // In the order of a hash table until here.
    coming.stages.sort();
    coming.expiring.sort();
    coming.leaving.sort();
    coming.orphans.sort();
    coming
}

fn stage(planner: &Planner<'_>, account: Address, holder: Symbol, object: &RecordedObject) -> Option<ComingStage> {
    let system = account.system()?;
    let stage = object.stage.filter(|_| planner.leavers.contains_key(&holder))?;
    let policy = planner.policy(holder, system).filter(|policy| !policy.keep)?;
    let capabilities = &planner.inputs.readings.get(&system)?.capabilities;
    // Whether it owns something only its system can tell: a hand-over is announced wherever there may be one.
    let means = Means {
        owns: true,
        transfer: capabilities.transfer,
        archive: capabilities.archive,
        delete: capabilities.delete,
    };
    let next = policy.next(stage, means)?;
    let on_hold = planner.identities.get(&holder).is_some_and(|identity| identity.legal_hold);
    let day = day(next.due, planner.inputs.configuration.settings.timezone);
    Some(ComingStage { due: next.due, day, account, action: next.action, on_hold })
}
