//! What later servers have: from 16 on options of memberships, and roles that administrate only what they made; from 17 on
//! the privilege MAINTAIN.

use state::{Action, Kind, Outcome, Presence, Symbol, Target, Value};

use crate::cluster::{Cluster, PASSWORD};
use crate::helper::{Scene, account, attributes, membership, settings};

fn cluster() -> Cluster {
    Cluster::start_with(&["--version", "17"])
}

/// `admin inherit set` of a membership.
async fn options(scene: &Scene, target: Target) -> String {
    let Presence::Here(object) = scene.look(target).await else { return "gone".to_owned() };
    let says = |name: &str| object.attributes.get(Symbol::new(name)).map_or("-".to_owned(), Value::to_string);
    ["admin", "inherit", "set"].map(says).join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_memberships_are_given_read_changed_and_taken() {
    let cluster = cluster();
    let scene = Scene::on(&cluster).await;
    let (schema, _) = scene.reader.describe().await.unwrap();
    let names: Vec<&str> = schema.qualifiers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["admin", "inherit", "set"]);
    let (team, ada) = (scene.group("team").await, scene.account("ada").await);
    let target = Target::Membership { group: team, member: ada, nested: false };
    let order = |action, pairs: &[(&str, bool)]| {
        let pairs: Vec<(&str, Value)> = pairs.iter().map(|(name, on)| (*name, Value::Bool(*on))).collect();
        membership(action, team, ada, false, &pairs)
    };
    // What is not said is as the server has it.
    scene.done(order(Action::Grant, &[])).await;
    assert_eq!(options(&scene, target).await, "false true true");
    scene.done(order(Action::Revoke, &[])).await;
    assert_eq!(options(&scene, target).await, "gone");
    scene.done(order(Action::Grant, &[("inherit", false), ("set", false)])).await;
    assert_eq!(options(&scene, target).await, "false false false");
    scene.done(order(Action::Update, &[("set", true), ("admin", true)])).await;
    assert_eq!(options(&scene, target).await, "true false true");
    scene.done(order(Action::Update, &[("admin", false), ("inherit", true)])).await;
    assert_eq!(options(&scene, target).await, "false true true");
    let observed = scene.inventory(&[]).await;
    let own = observed.memberships.iter().find(|place| place.member == ada).unwrap();
    let expected = [("admin", Value::Bool(false)), ("inherit", Value::Bool(true)), ("set", Value::Bool(true))];
    assert_eq!(own.attributes, attributes(&expected));

    // Somebody else gives the same: one membership, of which all is taken.
    cluster.run(
        "postgres",
        "CREATE ROLE hr; GRANT team TO hr WITH ADMIN OPTION; SET ROLE hr; GRANT team TO ada WITH SET FALSE",
    );
    assert_eq!(options(&scene, target).await, "false true true");
    let rows = "SELECT count(*) FROM pg_auth_members WHERE member = 'ada'::regrole";
    assert_eq!(cluster.run("postgres", rows), "2");
    // What is changed meanwhile is stale.
    let stale = scene.fresh(order(Action::Revoke, &[])).await;
    cluster.run("postgres", "GRANT team TO ada WITH ADMIN TRUE");
    assert!(matches!(scene.execute(&stale).await, Outcome::Stale(Some(_))));
    scene.done(order(Action::Revoke, &[])).await;
    assert_eq!(cluster.run("postgres", rows), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_superuser_changes_only_what_it_made() {
    let cluster = cluster();
    cluster.run(
        "postgres",
        &format!(
            "CREATE ROLE tenure LOGIN CREATEROLE PASSWORD '{PASSWORD}'; CREATE ROLE theirs LOGIN; CREATE ROLE team; \
             GRANT team TO theirs; CREATE ROLE admins; GRANT admins TO tenure"
        ),
    );
    let scene = Scene::of(&settings(&cluster, &[("url", Value::text(cluster.url_of("tenure", "postgres")))])).await;
    let id = |name: &str| {
        Symbol::new(&cluster.run("postgres", &format!("SELECT oid FROM pg_roles WHERE rolname = '{name}'")))
    };
    let (theirs, team) = (id("theirs"), id("team"));
    let (ada, crew) = (scene.account("ada").await, scene.group("crew").await);
    scene.done(membership(Action::Grant, crew, ada, false, &[("inherit", Value::Bool(false))])).await;
    let orders = [
        account(Action::Update, theirs, &[("connection_limit", Value::Integer(3))]),
        membership(Action::Grant, team, ada, false, &[]),
        membership(Action::Revoke, team, theirs, false, &[]),
        account(Action::Deactivate, ada, &[]),
    ];
    let mut fresh = Vec::new();
    for order in orders {
        fresh.push(scene.fresh(order).await);
    }
    let outcomes = scene.writer.execute(&fresh, &tenure_providers::Unannounced).await;
    // Its own is done, whatever becomes of the others.
    assert!(matches!(outcomes[3], Outcome::Done(_)), "{outcomes:?}");
    for outcome in &outcomes[..3] {
        let Outcome::Refused { error, retry_after: None } = outcome else { panic!("{outcomes:?}") };
        assert!(error.contains("42501") && error.contains("ADMIN option"), "{error}");
    }
    // That it may administrate what it made is no membership; what others made it a member of is one.
    let observed = scene.inventory(&[]).await;
    let of_tenure: Vec<Symbol> = observed
        .memberships
        .iter()
        .filter(|place| observed.own.contains(&place.member))
        .map(|place| place.group)
        .collect();
    assert_eq!(of_tenure, [id("admins")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_know_maintain() {
    let cluster = cluster();
    cluster.run("postgres", "CREATE TABLE orders (i int)");
    let scene = Scene::on(&cluster).await;
    let group = scene.group("team").await;
    let grant = attributes(&[
        ("database", Value::text("postgres")),
        ("objects", Value::text("tables")),
        ("privilege", Value::text("MAINTAIN")),
        ("schema", Value::text("public")),
    ]);
    let (schema, _) = scene.reader.describe().await.unwrap();
    let target = Target::Grant { group, grant: schema.grant_text(&grant) };
    let order = |action| state::Order {
        target: Some(target),
        kind: Kind::Grant,
        after: grant.clone(),
        ..account(action, group, &[])
    };
    scene.done(order(Action::Grant)).await;
    assert!(matches!(scene.look(target).await, Presence::Here(_)));
    let holds = "SELECT has_table_privilege('team', 'orders', 'MAINTAIN')";
    assert_eq!(cluster.run("postgres", holds), "t");
    scene.done(state::Order { after: Default::default(), ..order(Action::Revoke) }).await;
    assert_eq!(cluster.run("postgres", holds), "f");
    // An earlier server has no such privilege, and says so.
    let earlier = Cluster::shared();
    let scene = Scene::on(earlier).await;
    let group = scene.group(&crate::cluster::unique("team")).await;
    let target = Target::Grant { group, grant: schema.grant_text(&grant) };
    earlier.run("postgres", "CREATE TABLE IF NOT EXISTS anything (i int)");
    let order = state::Order { target: Some(target), ..order(Action::Grant) };
    let outcome = scene.execute(&order).await;
    assert!(matches!(&outcome, Outcome::Refused { error, .. } if error.contains("maintain")), "{outcome:?}");
}
