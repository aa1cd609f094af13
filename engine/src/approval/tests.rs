//! Approvals held against plans: what goes, what stays, what is refused.

use state::record::{ApprovalRules, Line, Recorded, RunStarted};
use state::record::{Event, UsedApproval};
use state::*;

use super::*;

/// A plan that deactivates these accounts, all of which one finding holds.
fn plan(holders: &[&str], before: &str) -> Plan {
    let account = |holder: &&str| format!("account.chat.{holder}").parse::<Address>().unwrap();
    let change = |address| Change {
        address,
        action: Action::Deactivate,
        before: Some(Box::new(Object::new(before, Attributes::new()))),
        after: Box::default(),
        reasons: Box::default(),
        allocated: Box::default(),
        until: None,
        undo: Undo::AnyTime,
    };
    let addresses: Vec<Address> = holders.iter().map(account).collect();
    Plan {
        digest: Digest::ZERO,
        made: now(),
        inputs: Default::default(),
        lineage: "lineage".into(),
        head: Digest::ZERO,
        head_line: 1,
        commit: None,
        undoes: None,
        systems: Default::default(),
        names: Default::default(),
        reasons: Vec::new(),
        facts: Vec::new(),
        changes: addresses.iter().copied().map(change).collect(),
        batches: Vec::new(),
        findings: vec![Finding {
            code: Code::MassRemoval,
            severity: Severity::Holds,
            scope: Scope::Plan,
            addresses,
            message: "too many".to_owned(),
            hint: String::new(),
        }],
    }
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn said(only: &[Address]) -> Said<'_> {
    let (by, host) = ("ada".to_owned(), "h".to_owned());
    Said { finding: Code::MassRemoval, only, reason: "sold", by, host, at: now(), expires: now().plus_millis(1000) }
}

fn given(plan: &Plan) -> Given {
    Given { approval: draw_up(plan, said(&[])).unwrap(), digest: Digest::of(b"a"), signers: Vec::new() }
}

/// Which accounts are still held, or why the approval is refused.
fn held(plan: &mut Plan, given: Given, recorded: &Recorded, at: i64) -> String {
    match lift(plan, &[given], recorded, now().plus_millis(at)) {
        Err((_, misfit)) => misfit.to_string(),
        Ok(lifted) => {
            let held = plan.held().into_iter().map(|n| plan.changes[n as usize].address.holder().unwrap().to_string());
            let held: Vec<String> = held.collect();
            format!("held: {}; {} used, {} unneeded", held.join(" "), lifted.uses.len(), lifted.unneeded.len())
        }
    }
}

#[test]
fn an_approval_fits_a_part_of_the_same_and_nothing_else() {
    let mut other_lineage = given(&plan(&["a", "b"], "1"));
    other_lineage.approval.lineage = "other".into();
    let mut in_doubt = given(&plan(&["a", "b"], "1"));
    in_doubt.approval.finding = Code::InDoubt;
    let approved = || given(&plan(&["a", "b"], "1"));
    let mut twice = plan(&["a", "b"], "1");
    twice.changes.push(Change { action: Action::Delete, ..twice.changes[0].clone() });
    for (what, mut asked, given, at, expected) in [
        ("the same", plan(&["a", "b"], "1"), approved(), 0, "held: ; 1 used, 0 unneeded"),
        ("a part", plan(&["b"], "1"), approved(), 0, "held: ; 1 used, 0 unneeded"),
        ("more", plan(&["a", "b", "c"], "1"), approved(), 0, "held: c; 1 used, 0 unneeded"),
        ("nothing", plan(&[], "1"), approved(), 0, "held: ; 0 used, 1 unneeded"),
        (
            "others",
            plan(&["c", "d", "e", "f"], "1"),
            approved(),
            0,
            "it does not cover what `mass-removal` holds in this plan: account.chat.c, account.chat.d, account.chat.e and 1 more",
        ),
        (
            "another pre-image",
            plan(&["a", "b"], "2"),
            approved(),
            0,
            "account.chat.a: what stands there is not what stood there when it was approved",
        ),
        ("another action", twice, approved(), 0, "account.chat.a: `delete` was not approved"),
        ("late", plan(&["a"], "1"), approved(), 1000, "it expired at 2026-11-23T12:00:01.000Z"),
        (
            "early",
            plan(&["a"], "1"),
            approved(),
            -300_001,
            "it was written at 2026-11-23T12:00:00.000Z, which lies ahead: one of the clocks is wrong",
        ),
        (
            "another state file",
            plan(&["a"], "1"),
            other_lineage,
            0,
            "it is for another state file: lineage other, and this one has lineage",
        ),
        (
            "not approvable",
            plan(&["a"], "1"),
            in_doubt,
            0,
            "`in-doubt` cannot be approved: nobody knows what happened: the next apply looks and settles it",
        ),
    ] {
        assert_eq!(held(&mut asked, given, &Recorded::default(), at), expected, "{what}");
    }
}

/// A record in which a run made use of the approval for `a` and `b`, and did `a`.
fn half_used() -> Recorded {
    let mut recorded = Recorded::default();
    let mut n = 0;
    let mut tell = |event| {
        n += 1;
        recorded.apply(Line { n, at: now(), event }).unwrap();
    };
    tell(Event::Opened { format: 1, lineage: "lineage".into(), former: None });
    let started = r#"{"run":"r1","actor":"","host":"","version":"","command":[],"commit":null,"clean":null}"#;
    let mut started: serde_json::Value = serde_json::from_str(started).unwrap();
    started["plan"] = Digest::ZERO.to_string().into();
    tell(Event::RunStarted(Box::new(serde_json::from_value::<RunStarted>(started).unwrap())));
    let mut asked = plan(&["a", "b"], "1");
    let lifted = lift(&mut asked, &[given(&plan(&["a", "b"], "1"))], &Recorded::default(), now()).unwrap();
    tell(Event::Approved(Box::new(lifted.uses[0].event("r1".into()))));
    let change = Box::new(asked.changes[0].clone());
    let (run, kind, settle_after) = ("r1".into(), Kind::Account, now());
    tell(Event::Intent { run, intent: 1, change, kind, target: None, key: None, settle_after, why: Vec::new() });
    let done = serde_json::json!({ "done": { "object": Object::new("1", Attributes::new()) } });
    tell(Event::Outcome { run, intent: 1, result: serde_json::from_value(done).unwrap() });
    recorded
}

#[test]
fn it_is_used_up_address_by_address_and_what_was_approved_does_not_count() {
    let recorded = half_used();
    let approval: &UsedApproval = recorded.approvals.values().next().unwrap();
    let names = |map: &std::collections::BTreeMap<Address, Symbol>| format!("{:?}", map.keys().collect::<Vec<_>>());
    assert_eq!(names(&approval.used), "[account.chat.a]");
    assert_eq!(names(&approval.open), "[account.chat.b]");
    assert!(recorded.removals.iter().all(|removal| removal.approved));
    assert_eq!(recorded.removals.len(), 1);
    let asked = |holders: &[&str]| held(&mut plan(holders, "1"), given(&plan(&["a", "b"], "1")), &recorded, 0);
    assert_eq!(asked(&["b"]), "held: ; 1 used, 0 unneeded");
    assert_eq!(asked(&["a"]), "account.chat.a was used up by run r1: an approval is good for one time");
    assert_eq!(asked(&["a", "b"]), "account.chat.a was used up by run r1: an approval is good for one time");
}

#[test]
fn nothing_is_drawn_up_for_what_is_not_held_or_cannot_be_approved() {
    let plan = plan(&["a"], "1");
    let other: [Address; 1] = ["account.chat.z".parse().unwrap()];
    let refused = |said| draw_up(&plan, said).unwrap_err().to_string();
    assert_eq!(refused(said(&other)), "`mass-removal` does not hold account.chat.z in this plan");
    assert_eq!(
        refused(Said { finding: Code::SourceShrank, ..said(&[]) }),
        "nothing in this plan is held by `source-shrank`: `mass-removal` holds something"
    );
    assert_eq!(
        refused(Said { finding: Code::Collision, ..said(&[]) }),
        "`collision` cannot be approved: two cannot share one account: make the files tell them apart"
    );
}

#[test]
fn what_is_demanded_of_approvals() {
    let rules = |signatures, not_by_runner| ApprovalRules { signatures, not_by_runner, allowed_signers: None };
    let signers = |names: &str| -> Vec<String> { names.split_whitespace().map(str::to_owned).collect() };
    for (rules, by, signed, runner, expected) in [
        (rules(0, false), "ada", "", "ada", "fine"),
        (rules(0, true), "ada", "", "ada", "ada wrote it and runs this too: somebody else must approve"),
        (
            rules(0, true),
            "ada",
            "",
            "ada (GitHub Actions)",
            "ada wrote it and runs this too: somebody else must approve",
        ),
        (rules(0, true), "ada", "", "bob", "fine"),
        (rules(1, false), "ada", "", "bob", "it needs a signature from different people, and has 0"),
        (rules(2, false), "ada", "ada", "bob", "it needs 2 signatures from different people, and has 1"),
        (rules(2, false), "ada", "ada bob", "bob", "fine"),
        (
            rules(2, true),
            "ada",
            "ada bob@acme.example",
            "bob",
            "it needs 2 signatures from different people, and has 1",
        ),
        (rules(2, true), "ada", "ada cat", "bob", "fine"),
    ] {
        let found =
            admit(&rules, by, &signers(signed), runner).map_or_else(|unmet| unmet.to_string(), |()| "fine".into());
        assert_eq!(found, expected, "{rules:?} {by} {signed} {runner}");
    }
}

#[test]
fn no_commit_lowers_what_is_demanded() {
    let path = |path: &str| Some(path.to_owned());
    let recorded = ApprovalRules { signatures: 2, not_by_runner: true, allowed_signers: path("/etc/a") };
    let lax = ApprovalRules { signatures: 1, not_by_runner: false, allowed_signers: path("/tmp/b") };
    assert_eq!(in_force(&recorded, &lax), recorded);
    assert_eq!(in_force(&ApprovalRules::default(), &lax), lax);
    assert_eq!(in_force(&lax, &recorded).signatures, 2);
    assert_eq!(
        lowered(&recorded, &lax).unwrap(),
        "the files lower what approvals must be like: signatures from 2 to 1, not_by_runner from true to false, allowed_signers from /etc/a to /tmp/b"
    );
    assert_eq!(lowered(&ApprovalRules::default(), &lax), None);
    assert_eq!(lowered(&recorded, &recorded), None);
}
