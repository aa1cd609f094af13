//! How orders are judged by the heart, in memory.

use state::{Action, Capabilities, Kind, Object, Order, Outcome, Symbol, Target};
use tenure_providers::directory::{Execution, Heart, capabilities, schema};

use crate::helper::{account, attributes, done, group, place, revoke, update};

/// `ada` and `grace`, `all` and `engineering` below it; ada in engineering, engineering in all.
fn heart(change: impl FnOnce(&mut Capabilities)) -> Heart {
    let mut capabilities = capabilities(Some("login".into()), Some("name".into()), true);
    change(&mut capabilities);
    let mut heart = Heart::new(schema(Some("login".into()), Some("name".into()), vec!["on".into()]), capabilities);
    let call = [
        account("ada", r#"{"login":"ada","address":{"city":"London","street":"St James's"}}"#),
        account("grace", r#"{"login":"Grace"}"#),
        group("all", r#"{"name":"All"}"#),
        group("engineering", r#"{"name":"Engineering","parent":"all"}"#),
    ];
    done(heart.execute(&call[..3]).outcomes);
    done(heart.execute(&call[3..]).outcomes);
    done(heart.execute(&[place("engineering", "ada", r#"{"role":"member"}"#), nest("all", "engineering")]).outcomes);
    let owned = attributes(&format!(r#"{{"owned":{}}}"#, tables(&["a", "b"])));
    heart.put(Target::Owned("grace".into()), Some(Object::new("", owned)));
    done(heart.execute(&[grant("all", "wiki", r#"{"on":"wiki","may":"read"}"#)]).outcomes);
    heart
}

fn nest(outer: &str, inner: &str) -> Order {
    let target = Target::Membership { group: outer.into(), member: inner.into(), nested: true };
    Order { target: Some(target), ..place(outer, inner, "{}") }
}

fn grant(group: &str, on: &str, after: &str) -> Order {
    let target = Target::Grant { group: group.into(), grant: format!("on={on}").into() };
    Order { kind: Kind::Grant, target: Some(target), ..place(group, on, after) }
}

const ARCHIVED: &str =
    r#"done: {"@archived": true, "address": {"city":"London","street":"St James's"}, "login": "ada"}"#;

fn stage(id: &str, action: Action, before: &str) -> Order {
    with(update(id, before, "{}"), action)
}

/// Tables of the database `sales`.
fn tables(names: &[&str]) -> String {
    let tables = names.iter().map(|name| format!(r#"{{"kind":"table","name":"{name}","place":"sales"}}"#));
    format!("[{}]", tables.collect::<Vec<_>>().join(","))
}

fn hand_over(from: &str, to: &str, names: &[&str]) -> Order {
    let after = attributes(&format!(r#"{{"to":"{to}","owned":{}}}"#, tables(names)));
    let order = stage(from, Action::Transfer, "{}");
    Order { target: Some(Target::Owned(from.into())), before: None, after, ..order }
}

fn change_group(id: &str, after: &str) -> Order {
    Order { action: Action::Update, target: Some(Target::Group(id.into())), ..group(id, after) }
}

fn with(order: Order, action: Action) -> Order {
    Order { action, ..order }
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Noted(..) => "noted".to_owned(),
        Outcome::Done(object) => format!("done: {:?}", object.attributes),
        Outcome::Refused { error, .. } => format!("refused: {error}"),
        Outcome::Stale(None) => "stale: gone".into(),
        Outcome::Stale(Some(now)) => format!("stale: {:?}", now.attributes),
        Outcome::Partly(_, error) => format!("partly: {error}"),
        Outcome::Taken(error) => format!("taken: {error}"),
        Outcome::Later => "later".to_owned(),
        Outcome::Unknown(error) => format!("unknown: {error}"),
    }
}

#[test]
fn each_order_gets_its_answer() {
    let ada = r#"{"login":"ada"}"#;
    for (order, answer) in [
        (account("eve", r#"{"login":"ADA"}"#), "taken: `login` is to be unique, and `ada` is that of `ada` already"),
        (account("eve", r#"{"login":"","mail":[]}"#), "done: {}"),
        (group("eve", r#"{"name":"all"}"#), "taken: `name` is to be unique, and `all` is that of `all` already"),
        (
            update("ada", ada, r#"{"login":"GRACE"}"#),
            "refused: `login` is to be unique, and `grace` is that of `grace` already",
        ),
        (
            update("ada", ada, r#"{"login":"Ada"}"#),
            r#"done: {"address": {"city":"London","street":"St James's"}, "login": "Ada"}"#,
        ),
        (
            update("ada", r#"{"login":"eve"}"#, r#"{"mail":"x"}"#),
            r#"stale: {"address": {"city":"London","street":"St James's"}, "login": "ada"}"#,
        ),
        // Somebody else set what was not there when it was read.
        (
            update("ada", "{}", r#"{"login":"x"}"#),
            r#"stale: {"address": {"city":"London","street":"St James's"}, "login": "ada"}"#,
        ),
        (update("eve", "{}", r#"{"mail":"x"}"#), "stale: gone"),
        // Objects key by key, before and after.
        (
            update("ada", r#"{"address":{"city":"London"}}"#, r#"{"address":{"city":"","zip":"SW1"}}"#),
            r#"done: {"address": {"street":"St James's","zip":"SW1"}, "login": "ada"}"#,
        ),
        (
            update("ada", r#"{"address":{"city":"Paris"}}"#, r#"{"address":{"city":"Rome"}}"#),
            r#"stale: {"address": {"city":"London","street":"St James's"}, "login": "ada"}"#,
        ),
        (place("engineering", "ada", "{}"), "refused: `ada` is in the group `engineering` already"),
        (place("engineering", "eve", "{}"), "refused: there is no account with the id `eve`"),
        (place("nowhere", "ada", "{}"), "refused: there is no group with the id `nowhere`"),
        (place("engineering", "all", "{}"), "refused: there is no account with the id `all`"),
        (with(place("engineering", "ada", r#"{"role":"owner"}"#), Action::Update), r#"done: {"role": "owner"}"#),
        (revoke("engineering", "ada"), "done: {}"),
        (revoke("engineering", "grace"), "stale: gone"),
        (nest("engineering", "all"), "refused: the group `engineering` is itself within `all`"),
        (nest("all", "all"), "refused: the group `all` is itself within `all`"),
        (nest("all", "ada"), "refused: there is no group with the id `ada`"),
        (change_group("all", r#"{"parent":"engineering"}"#), "refused: `parent` leads from the group `all` back to it"),
        (change_group("all", r#"{"parent":"ada"}"#), "refused: `parent` is \"ada\", which is no group's id"),
        (grant("all", "wiki", r#"{"on":"wiki"}"#), "refused: the group `all` holds this grant already"),
        (
            grant("all", "wiki", r#"{"on":"blog"}"#),
            "refused: the grant is called `on=wiki`, but what it says is `on=blog`",
        ),
        (with(grant("all", "wiki", r#"{"may":"write"}"#), Action::Update), r#"done: {"may": "write", "on": "wiki"}"#),
        (
            with(grant("all", "wiki", r#"{"on":"blog"}"#), Action::Update),
            "refused: what a grant is about cannot be changed: revoke it and give another",
        ),
        (stage("ada", Action::Archive, "{}"), ARCHIVED),
        (stage("eve", Action::Archive, "{}"), "stale: gone"),
        (stage("ada", Action::Delete, "{}"), "done: {}"),
        (stage("eve", Action::Delete, "{}"), "stale: gone"),
        (stage("grace", Action::Delete, "{}"), "refused: `grace` owns 2 things: they are to be handed over first"),
        (hand_over("grace", "ada", &["a", "b"]), "done: {}"),
        (hand_over("grace", "ada", &["b"]), r#"done: {"owned": [{"kind":"table","name":"a","place":"sales"}]}"#),
        (
            hand_over("grace", "ada", &["b", "c"]),
            r#"stale: {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"}]}"#,
        ),
        (hand_over("ada", "grace", &["a"]), "stale: gone"),
        (hand_over("grace", "eve", &["a"]), "refused: the account to which everything is to go is not there"),
        (hand_over("grace", "grace", &["a"]), "refused: the account to which everything is to go is not there"),
        (
            with(stage("grace", Action::Update, "{}"), Action::Transfer),
            "refused: the order does not say what is to be handed over",
        ),
        (with(group("all", "{}"), Action::Delete), "refused: a directory cannot `delete` an object of the kind group"),
        (with(account("ada", "{}"), Action::Update), "refused: the order does not say which account is meant"),
    ] {
        let mut heart = heart(|_| {});
        let before = heart.contents();
        let Execution { outcomes, changed } = heart.execute(std::slice::from_ref(&order));
        assert_eq!(outcomes.iter().map(said).collect::<Vec<_>>(), [answer], "{order:?}");
        assert_eq!(changed.is_empty(), !answer.starts_with("done"));
        heart.roll_back(&changed);
        assert_eq!(heart.contents(), before, "{order:?} rolled back");
    }
}

#[test]
fn a_call_is_judged_by_what_stood_there_when_it_began() {
    let mut heart = heart(|_| {});
    let Some(seen) = heart.get(Target::Account("ada".into())).cloned() else { panic!("ada is there") };
    let before = Some(heart.versioned(Target::Account("ada".into()), seen));
    let first = Order { before: before.clone(), ..update("ada", "{}", r#"{"mail":"one"}"#) };
    let second = Order { before, ..with(update("ada", "{}", "{}"), Action::Deactivate) };
    done(heart.execute(&[first.clone(), second]).outcomes);
    let now =
        heart.get(Target::Account("ada".into())).map(|ada| (ada.active, ada.attributes.get("mail".into()).cloned()));
    assert_eq!(now, Some((false, Some("one".into()))));
    assert!(matches!(heart.execute(&[first]).outcomes[..], [Outcome::Stale(Some(_))]));
}

#[test]
fn an_atomic_call_happens_whole_or_not_at_all() {
    let mut heart = heart(|capabilities| capabilities.atomic = true);
    let before = heart.contents();
    let call = [account("eve", r#"{"login":"eve"}"#), revoke("engineering", "grace"), revoke("engineering", "ada")];
    let Execution { outcomes, changed } = heart.execute(&call);
    assert_eq!(
        outcomes.iter().map(said).collect::<Vec<_>>(),
        [
            "refused: undone, because membership.corp.engineering.grace in the same transaction was not done",
            "stale: gone",
            "refused: undone, because membership.corp.engineering.grace in the same transaction was not done",
        ]
    );
    assert!(changed.is_empty());
    assert_eq!(heart.contents(), before);
    done(heart.execute(&[call[0].clone(), call[2].clone()]).outcomes);
    assert_ne!(heart.contents(), before);
}

#[test]
fn ids_are_told_apart_and_keys_are_free_again() {
    let mut heart = heart(|_| {});
    let ids = done(heart.execute(&[account("ada", "{}"), account("ada", "{}"), group("ada", "{}")]).outcomes);
    assert_eq!(ids, ["ada-2", "ada-3", "ada"]);
    // Two accounts swap their keys over a third value.
    for (id, from, to) in [("ada", "ada", "tmp"), ("grace", "Grace", "ada"), ("ada", "tmp", "grace")] {
        let login = |value: &str| format!(r#"{{"login":"{value}"}}"#);
        done(heart.execute(&[update(id, &login(from), &login(to))]).outcomes);
    }
    let login =
        |id: &str| heart.get(Target::Account(id.into())).and_then(|it| it.attributes.get("login".into()).cloned());
    assert_eq!((login("ada"), login("grace")), (Some("grace".into()), Some("ada".into())));
    assert_eq!(heart.keyed(Target::Account(Symbol::new("")), "ada".into()), Some("grace".into()));
    assert_eq!(heart.read(Target::Account("nobody".into())), state::Presence::Gone);
    let object = Object::new("ada-2", attributes("{}"));
    assert_eq!(heart.read(Target::Account("ada-2".into())), state::Presence::Here(object));
}
