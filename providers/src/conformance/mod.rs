//! The conformance list: what every provider must do, asked of a real system through its reader and writer.
//!
//! `subject` says how a provider's system is had and what its objects look like; `bench` carries orders out and keeps
//! the world as it is expected; `accounts`, `stages`, `groups`, `memberships`, `grants` and `calls` are the checks; `report` says
//! what passed, what failed, and what was skipped because the system declares that it cannot do it. `mirror` asks the twin
//! of a system the same, and says where it answers otherwise.

mod accounts;
mod bench;
mod calls;
mod grants;
mod groups;
mod memberships;
mod mirror;
mod report;
mod stages;
mod subject;

use std::future::Future;
use std::pin::Pin;

pub use bench::Bench;
pub use mirror::Mirrored;
pub use report::{Report, Verdict};
pub use subject::{Subject, System};

/// Why a check ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is not as it must be.
    Failed(String),
    /// The system declares that it cannot do this.
    Skipped(String),
}

impl From<String> for Stop {
    fn from(what: String) -> Stop {
        Stop::Failed(what)
    }
}

type Running<'b> = Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'b>>;

/// One line of the list.
struct Check {
    name: &'static str,
    run: for<'b, 's> fn(&'b mut Bench<'s>) -> Running<'b>,
}

/// The list, in the order in which it is run.
const CHECKS: &[Check] = &[
    Check { name: "an account is created, listed and read back", run: |b| Box::pin(accounts::created(b)) },
    Check { name: "an attribute is set, changed and cleared, others stay", run: |b| Box::pin(accounts::updated(b)) },
    Check { name: "odd text survives", run: |b| Box::pin(accounts::odd_text(b)) },
    Check { name: "a second account with the same key is refused", run: |b| Box::pin(accounts::same_key(b)) },
    Check { name: "account keys that differ in case are told apart as declared", run: |b| Box::pin(accounts::case(b)) },
    Check { name: "a renamed account keeps its id and its groups", run: |b| Box::pin(accounts::renamed(b)) },
    Check { name: "an account is deactivated and reactivated", run: |b| Box::pin(accounts::deactivated(b)) },
    Check { name: "an account is archived and brought back whole", run: |b| Box::pin(stages::archived(b)) },
    Check { name: "an account is deleted", run: |b| Box::pin(stages::deleted(b)) },
    Check { name: "what an account owns is counted and named", run: |b| Box::pin(stages::owned(b)) },
    Check { name: "what an account owns is handed over and given back", run: |b| Box::pin(stages::handed_over(b)) },
    Check { name: "what is owned by now is not handed over unseen", run: |b| Box::pin(stages::owned_by_now(b)) },
    Check { name: "an order about an absent account is not done", run: |b| Box::pin(accounts::absent(b)) },
    Check { name: "an account that others changed is stale", run: |b| Box::pin(accounts::stale(b)) },
    Check { name: "a group is created, changed and read back", run: |b| Box::pin(groups::created(b)) },
    Check { name: "a second group with the same key is refused", run: |b| Box::pin(groups::same_key(b)) },
    Check { name: "a group has a parent", run: |b| Box::pin(groups::parent(b)) },
    Check { name: "a membership is given and taken", run: |b| Box::pin(memberships::given(b)) },
    Check { name: "a membership is not doubled", run: |b| Box::pin(memberships::not_doubled(b)) },
    Check { name: "a membership of what is absent is not given", run: |b| Box::pin(memberships::absent(b)) },
    Check { name: "a membership that is not there is not taken", run: |b| Box::pin(memberships::not_there(b)) },
    Check { name: "a membership has qualifiers", run: |b| Box::pin(memberships::qualifiers(b)) },
    Check { name: "a group is a member of a group", run: |b| Box::pin(memberships::nested(b)) },
    Check { name: "a grant is given and taken", run: |b| Box::pin(grants::given(b)) },
    Check { name: "a grant is changed", run: |b| Box::pin(grants::changed(b)) },
    Check { name: "a grant is not doubled", run: |b| Box::pin(grants::not_doubled(b)) },
    Check {
        name: "targets are read in the order in which they are asked for",
        run: |b| Box::pin(calls::read_order(b)),
    },
    Check { name: "a call with a wrong order is answered order by order", run: |b| Box::pin(calls::mixed(b)) },
    Check { name: "many objects are all listed, in order", run: |b| Box::pin(calls::many(b)) },
];

/// Runs the list. Each check starts on a fresh system, and ends with the whole inventory compared with what is expected.
pub async fn run(subject: &dyn Subject) -> Report {
    let mut report = Report::default();
    for check in CHECKS {
        report.add(check.name, one(subject, check).await);
    }
    report
}

/// Runs the one check of that name; none where the list has no such check.
pub async fn run_one(subject: &dyn Subject, name: &str) -> Option<Verdict> {
    let check = CHECKS.iter().find(|check| check.name == name)?;
    Some(one(subject, check).await.into())
}

async fn one(subject: &dyn Subject, check: &Check) -> Result<(), Stop> {
    let mut bench = Bench::new(subject).await?;
    let verdict = (check.run)(&mut bench).await;
    match verdict {
        Ok(()) => Ok(bench.finish().await?),
        stop => {
            // The check's own verdict counts, whether or not the system could be let go of.
            let _ = bench.finish().await;
            stop
        }
    }
}
