//! Worlds made by hand, each for one safeguard or step of apply that chance seldom tries: nothing breaks in them, unless
//! that one is broken on purpose.

use providers::twin::Kind as Own;
use tenure::simulate::{Kind, Rule};

use crate::organisation::{Export, Organisation, Person, Shape};
use crate::play::{Day, Event, Scenario, day};

/// The mutations that such a world is made for.
pub const DIRECTED: &[&str] = &[
    "collision",
    "conflict",
    "emptied-settles",
    "first-exclusive",
    "gate-open",
    "in-doubt",
    "late-call",
    "legal-hold",
    "mass-change",
    "mass-grant",
    "no-heir",
    "not-watched",
    "owned-data",
    "reused-identifier",
    "suspended",
    "unread-is-empty",
];

/// The world for a mutation.
pub fn directed(mutation: &str) -> Option<Scenario> {
    let small = || company(6);
    let leaves = |who| Event::Leave { who, marked: true };
    Some(match mutation {
        // Somebody else has the name that a newcomer is to get, in capitals, on a system that takes it twice.
        "collision" => {
            let mut organisation = small();
            (organisation.systems[0].unique, organisation.systems[0].case_exact) = (false, false);
            scenario(organisation, [vec![Event::Namesake]])
        }
        // Who makes is to check, too.
        "conflict" => scenario(small(), [vec![Event::Checker(2)]]),
        // A creation is lost, and then the system looks as if it held nothing.
        "emptied-settles" => {
            let mut scenario = scenario(small(), [vec![Event::Hire], vec![]]);
            scenario.seed = 8;
            scenario.faults = vec![
                during(Own::LostAnswer, 1, (0, 0)),
                Rule { system: Some("s0".into()), ..during(Own::RightsLost, 2, (3_600_000, 3_600_000)) },
            ];
            scenario
        }
        // Somebody whom no file explains is in a group that is to be exclusive from now on.
        "first-exclusive" => scenario(small(), [vec![Event::Stranger], vec![Event::Exclusive]]),
        // Who made is to check: the place that is to be taken first is not.
        "gate-open" => {
            let mut scenario = scenario(small(), [vec![Event::Swap]]);
            scenario.faults = vec![during(Own::LostAnswer, 1, (0, 0))];
            scenario.faults[0].fault.at = vec![1];
            scenario
        }
        // A creation is lost, and then nothing can be read.
        "in-doubt" => {
            let mut scenario = scenario(small(), [vec![Event::Hire], vec![]]);
            scenario.faults =
                vec![during(Own::LostAnswer, 1, (0, 0)), during(Own::RightsLost, 2, (3_600_000, 3_600_000))];
            scenario
        }
        // A system that wants a minute of peace between two calls.
        "late-call" => {
            let mut organisation = company(8);
            (organisation.systems[0].batch, organisation.systems[0].concurrency) = (1, 1);
            let mut scenario = scenario(organisation, []);
            scenario.faults = vec![during(Own::Busy, 0, (60_000, 60_000))];
            scenario.faults[0].fault.at = vec![3, 5];
            scenario
        }
        // Somebody on legal hold leaves.
        "legal-hold" => {
            let mut organisation = small();
            organisation.people[3].hold = true;
            scenario(organisation, [vec![leaves(3), Event::Weeks(9)]])
        }
        // Everybody's title changes.
        "mass-change" => scenario(company(14), [vec![Event::Weeks(1)], vec![Event::Titles]]),
        // Everybody is to be in a further group.
        "mass-grant" => scenario(company(14), [vec![Event::Weeks(1)], vec![Event::Everybody]]),
        // Nobody takes over what somebody has who leaves.
        "no-heir" => {
            let mut organisation = small();
            organisation.heirless = true;
            scenario(organisation, [vec![leaves(3), Event::Weeks(9)]])
        }
        // What is to be put away comes to own something between the plan and the call.
        "not-watched" => scenario(small(), [vec![leaves(3)], vec![Event::Weeks(3), Event::OwnsMeanwhile(3)]]),
        // Something is owned again after everything was handed over.
        "owned-data" => scenario(small(), [vec![leaves(3)], vec![Event::Owns(3), Event::Weeks(4), Event::Owns(3)]]),
        // Whoever comes gets the login of somebody who left.
        "reused-identifier" => scenario(small(), [vec![Event::Reuse(3)]]),
        // Somebody who is suspended moves to another department.
        "suspended" => scenario(small(), [vec![Event::Suspend(3), Event::Moves { who: 3, department: 0 }]]),
        // Nothing can be read for a day.
        "unread-is-empty" => {
            let mut scenario = scenario(small(), [vec![Event::Hire]]);
            scenario.seed = 4;
            scenario.faults = vec![during(Own::RightsLost, 1, (3_600_000, 3_600_000))];
            scenario
        }
        _ => return None,
    })
}

/// So many people in two departments, on one system that can do everything.
fn company(count: usize) -> Organisation {
    const NAMES: [&str; 14] =
        ["ada", "bob", "cleo", "dan", "eve", "fay", "gus", "hal", "ida", "jon", "kim", "lou", "max", "nia"];
    let people = NAMES.iter().take(count).enumerate().map(|(n, name)| Person {
        id: format!("P{n}"),
        login: (*name).to_owned(),
        department: n % 2,
        manager: (n > 0).then_some(0),
        ends: None,
        left: false,
        gone: false,
        hold: false,
    });
    let system = Shape {
        unique: true,
        case_exact: true,
        nested: true,
        batch: 1,
        batch_objects: false,
        concurrency: 2,
        visibility: 0,
        outlives: true,
        transactions: false,
        stages: true,
    };
    Organisation {
        people: people.collect(),
        systems: vec![system],
        departments: 2,
        export: Export::Right,
        admins: vec![0, 1],
        makers: vec![2],
        checkers: Vec::new(),
        limit: 10,
        moved: Vec::new(),
        exclusive: false,
        open_nesting: false,
        titles: false,
        everybody: false,
        heirless: false,
    }
}

/// The first day fills the systems; on each of the others nobody approves anything, but whoever waits for weeks does.
fn scenario<const N: usize>(organisation: Organisation, days: [Vec<Event>; N]) -> Scenario {
    let first = Day { events: Vec::new(), applies: vec![None], careless: true };
    let others = days.into_iter().map(|events| Day { events, applies: vec![None], careless: false });
    Scenario { seed: 2, organisation, days: std::iter::once(first).chain(others).collect(), faults: Vec::new() }
}

/// A fault that strikes whenever it can on a day.
fn during(kind: Own, on: i64, between: (i64, i64)) -> Rule {
    let mut rule = Rule::new(Kind::System(kind), 1.0, between);
    (rule.fault.from, rule.fault.until) = (Some(day(on)), Some(day(on + 1)));
    rule
}
