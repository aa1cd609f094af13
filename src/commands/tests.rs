//! What the commands about the record print.

use std::path::Path;

use state::record::{Chain, Event, EventResult, RunStarted};
use state::{
    Action, Address, Attributes, Change, Digest, Fact, FactKind, Kind, Object, Reason, SourceRead, Symbol, Target,
    Timestamp, Undo, Value, Wanted,
};

use super::history::{self, Asked};
use super::state as state_command;
use super::who::Form;
use crate::Error;
use crate::edge::FileStore;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(name, value)| (Symbol::new(name), Value::text(*value))).collect()
}

fn started(run: &str, actor: &str, clean: Option<bool>) -> Event {
    Event::RunStarted(Box::new(RunStarted {
        run: Symbol::new(run),
        actor: actor.into(),
        host: "ci-1".into(),
        version: "0.1.0".into(),
        command: vec!["tenure".into(), "apply".into()],
        commit: clean.map(|_| "4f2a1c3d5e6f708192a3b4c5d6e7f80910111213".into()),
        clean,
        plan: Digest::ZERO,
        undoes: None,
        limits: [].into(),
        in_force: None,
        populations: [].into(),
        approvals: None,
    }))
}

fn fact(run: &str, fact: Fact) -> Event {
    Event::Fact { run: Symbol::new(run), fact: Box::new(fact), why: Vec::new() }
}

struct Step<'a> {
    run: &'a str,
    number: u32,
    address: &'a str,
    action: Action,
    target: Option<Target>,
    before: &'a [(&'a str, &'a str)],
    after: Vec<(Symbol, Wanted)>,
    why: &'a str,
}

fn intent(step: Step) -> Event {
    let address = address(step.address);
    let kind = match address {
        Address::Account { .. } => Kind::Account,
        _ => Kind::Membership,
    };
    let before = (!step.before.is_empty()).then(|| Box::new(Object::new("u1", attributes(step.before))));
    let change = Change {
        address,
        action: step.action,
        before,
        after: step.after.into(),
        reasons: Box::default(),
        allocated: Box::default(),
        until: None,
        undo: Undo::AnyTime,
    };
    Event::Intent {
        run: Symbol::new(step.run),
        intent: step.number,
        change: Box::new(change),
        kind,
        target: step.target,
        key: None,
        settle_after: Timestamp::from_millis(0),
        why: vec![Reason { because: Symbol::new(step.why), place: Some(Symbol::new("teams/eng.hcl:12")) }],
    }
}

fn known(name: &str, value: &str) -> (Symbol, Wanted) {
    (Symbol::new(name), Wanted::Known(Value::text(value)))
}

fn outcome(run: &str, intent: u32, result: EventResult) -> Event {
    Event::Outcome { run: Symbol::new(run), intent, result }
}

fn done(id: &str, pairs: &[(&str, &str)]) -> EventResult {
    EventResult::done(Object::new(id, attributes(pairs)))
}

fn finished(run: &str, status: &str) -> Event {
    Event::RunFinished { run: Symbol::new(run), counts: [].into(), status: status.into() }
}

/// Two runs; the second is a day later, and one of its changes is still in doubt.
fn events() -> Vec<Event> {
    let place = Target::Membership { group: Symbol::new("g7"), member: Symbol::new("u1"), nested: false };
    let account = Some(Target::Account(Symbol::new("u1")));
    let secret = (Symbol::new("password"), Wanted::Secret { hmac: Symbol::new("hmac-sha256:00ff") });
    let ada = "account.chat.ada";
    vec![
        Event::Opened { format: 1, lineage: Symbol::new("l1"), former: None },
        started("r1", "ada", Some(true)),
        fact(
            "r1",
            Fact::source(&SourceRead {
                name: Symbol::new("hr"),
                rows: 30,
                columns: vec![Symbol::new("login"), Symbol::new("mail")],
                having: vec![30, 12],
            }),
        ),
        fact("r1", Fact::identity(address("person.al"), attributes(&[("email", "ada@acme.example")]))),
        fact(
            "r1",
            Fact::new(FactKind::Adopted, address("group.chat.eng")).object(Object::new("g7", Attributes::new())),
        ),
        intent(Step {
            run: "r1",
            number: 1,
            address: "account.chat.al",
            action: Action::Create,
            target: None,
            before: &[],
            after: vec![secret, known("userName", "ada@acme.example")],
            why: "role.engineer",
        }),
        outcome("r1", 1, done("u1", &[("userName", "ada@acme.example")])),
        intent(Step {
            run: "r1",
            number: 2,
            address: "membership.chat.eng.al",
            action: Action::Grant,
            target: Some(place),
            before: &[],
            after: vec![],
            why: "role.engineer",
        }),
        outcome("r1", 2, EventResult::unknown("no answer within 30 s")),
        finished("r1", "failed"),
        started("r2", "grace (GitHub Actions)", Some(false)),
        outcome("r1", 2, EventResult::settled(Object::new("", Attributes::new()))),
        fact("r2", Fact { former: Some(address("person.al")), ..Fact::new(FactKind::Moved, address("person.ada")) }),
        fact("r2", Fact { former: Some(address("account.chat.al")), ..Fact::new(FactKind::Moved, address(ada)) }),
        intent(Step {
            run: "r2",
            number: 1,
            address: ada,
            action: Action::Update,
            target: account,
            before: &[("title", "Lady")],
            after: vec![known("title", "Countess\u{1b}[2J")],
            why: "system.chat",
        }),
        outcome("r2", 1, EventResult::NotDone { error: "403 Forbidden".into(), settled: false }),
        intent(Step {
            run: "r2",
            number: 2,
            address: "membership.chat.eng.ada",
            action: Action::Revoke,
            target: Some(place),
            before: &[],
            after: vec![],
            why: "no longer given by role.engineer",
        }),
    ]
}

fn store(folder: &Path) -> FileStore {
    let (mut chain, mut bytes) = (Chain::default(), Vec::new());
    for (n, event) in (0i64..).zip(events()) {
        let later = if n >= 10 { 86_400_000 } else { 0 };
        chain.append(Timestamp::from_millis(1_795_000_000_000 + later + n * 1000), &event, &mut bytes).unwrap();
    }
    std::fs::write(folder.join("acme.tenure"), bytes).unwrap();
    FileStore::new(folder.join("acme.tenure"))
}

/// What `command` prints, without colours; errors with their hint.
fn printed(command: impl Fn(&FileStore, &mut Vec<u8>) -> Result<crate::Exit, Error>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let mut out = Vec::new();
    if let Err(error) = command(&store, &mut out) {
        error.report(&mut out);
    }
    let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
    text.replace(&store.path().display().to_string(), "acme.tenure")
}

fn history_of(address_text: Option<&str>, since: Option<&str>, json: bool) -> String {
    let form = if json { Form::Json } else { Form::Text };
    let asked = Asked {
        address: address_text.map(address),
        since: since.map(|text| text.parse().unwrap()),
        exact: false,
        form,
    };
    printed(|store, out| history::run(store, &asked, out))
}

#[test]
fn a_history() {
    insta::assert_snapshot!(history_of(None, None, false));
}

#[test]
fn the_history_of_one_account_knows_its_former_name() {
    insta::assert_snapshot!(history_of(Some("account.chat.ada"), None, false));
}

#[test]
fn a_history_since_then() {
    insta::assert_snapshot!(history_of(None, Some("2026-11-19T00:00:00Z"), false));
    assert_eq!(history_of(Some("person.nobody"), None, false), "Nothing is recorded about person.nobody.\n");
}

#[test]
fn a_history_for_programs() {
    let text = history_of(Some("membership.chat.eng.al"), None, true);
    let told: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&told).unwrap());
}

#[test]
fn lists() {
    let list =
        |wide: Option<&str>, json| printed(|store, out| state_command::list(store, wide.map(address), json, out));
    assert_eq!(list(None, false), "account.chat.ada\ngroup.chat.eng\nmembership.chat.eng.ada\n");
    assert_eq!(list(Some("person.ada"), false), "account.chat.ada\nmembership.chat.eng.ada\n");
    assert_eq!(list(Some("system.mail"), false), "");
    insta::assert_snapshot!(list(Some("account.chat.ada"), true));
}

#[test]
fn everything_about_one_address() {
    let show = |text: &str, json| printed(|store, out| state_command::show(store, address(text), json, out));
    insta::assert_snapshot!(
        ["account.chat.ada", "membership.chat.eng.ada", "person.ada", "person.grace"]
            .map(|text| show(text, false))
            .join("\n")
    );
}

#[test]
fn a_check() {
    let head = |name: &str| Digest::of(name.as_bytes());
    let verify = |head, json| printed(|store, out| state_command::verify(store, head, json, out));
    insta::assert_snapshot!(format!("{}\n{}", verify(None, false), verify(Some(head("other")), false)));
}
