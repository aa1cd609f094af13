//! Roles and memberships: what is read and what is written.

use state::{Action, Kind, Outcome, Presence, Symbol, Target, Value};

use crate::cluster::{Cluster, PASSWORD, unique};
use crate::helper::{Scene, account, create, membership, secret, settings};

/// An outcome in one line, ids and names of the test left out.
fn said(outcome: &Outcome, hidden: &[(&str, &str)]) -> String {
    let text = match outcome {
        Outcome::Done(_) => "done".to_owned(),
        Outcome::Noted(_, what) => format!("noted: {what}"),
        Outcome::Refused { error, retry_after: None } => format!("refused: {error}"),
        Outcome::Refused { error, .. } => format!("refused for now: {error}"),
        Outcome::Stale(_) => "stale".to_owned(),
        Outcome::Partly(_, what) => format!("partly: {what}"),
        Outcome::Taken(error) => format!("taken: {error}"),
        Outcome::Later => "later".to_owned(),
        Outcome::Unknown(what) => format!("unknown: {what}"),
    };
    let text = hidden.iter().fold(text, |text, (what, name)| text.replace(what, name));
    match text.find("postgres://") {
        Some(at) => format!("{}{}", &text[..at], text[at..].split_once(": ").map_or("", |(_, rest)| rest)),
        None => text,
    }
}

#[tokio::test]
async fn every_attribute_is_written_read_changed_and_cleared() {
    let cluster = Cluster::shared();
    let scene = Scene::of(&settings(cluster, &[("allow_superuser", Value::Bool(true))])).await;
    let name = unique("ada");
    let config =
        |pairs: &[(&str, &str)]| Value::map(pairs.iter().map(|(name, value)| (Symbol::new(name), Value::text(*value))));
    let all = [
        ("comment", Value::text("Ada's")),
        ("connection_limit", Value::Integer(3)),
        ("valid_until", Value::text("2031-02-03T04:05:06Z")),
        ("createdb", Value::Bool(true)),
        ("createrole", Value::Bool(true)),
        ("inherit", Value::Bool(false)),
        ("replication", Value::Bool(true)),
        ("bypassrls", Value::Bool(true)),
        ("superuser", Value::Bool(true)),
        ("config", config(&[("search_path", "\"$user\", sales"), ("datestyle", "ISO, DMY"), ("app.tenant", "a'b\\c")])),
    ];
    let made = scene.done(create(Kind::Account, &name, &all)).await;
    for (attribute, value) in &all {
        assert_eq!(made.attributes.get(Symbol::new(attribute)), Some(value), "{attribute}");
    }
    let Presence::Here(read) = scene.look(Target::Account(made.id)).await else { panic!("{made:?}") };
    assert_eq!(read, made);
    // As the server itself shows it.
    let shown = format!(
        "SELECT rolconnlimit, rolvaliduntil AT TIME ZONE 'UTC', rolcreatedb, rolcreaterole, rolinherit, rolreplication, \
         rolbypassrls, rolsuper, rolconfig FROM pg_roles WHERE rolname = '{name}'"
    );
    insta::assert_snapshot!(cluster.run("postgres", &shown), @r#"3|2031-02-03 04:05:06|t|t|f|t|t|t|{"app.tenant=a'b\\c","DateStyle=ISO, DMY","search_path=\"$user\", sales"}"#);
    let cleared = [
        ("comment", Value::text("")),
        ("connection_limit", Value::Integer(-1)),
        ("valid_until", Value::text("")),
        ("createdb", Value::Bool(false)),
        ("createrole", Value::Bool(false)),
        ("inherit", Value::Bool(true)),
        ("replication", Value::Bool(false)),
        ("bypassrls", Value::Bool(false)),
        ("superuser", Value::Bool(false)),
        ("config", config(&[("search_path", ""), ("datestyle", ""), ("app.tenant", "")])),
    ];
    let cleared = scene.done(account(Action::Update, made.id, &cleared)).await;
    let plain = scene.done(create(Kind::Account, &unique("plain"), &[])).await;
    let without_name = |object: state::Object| -> Vec<_> {
        object.attributes.iter().filter(|(name, _)| *name != "name").cloned().collect()
    };
    assert_eq!(without_name(cleared), without_name(plain));
    insta::assert_snapshot!(cluster.run("postgres", &shown), @"-1|infinity|f|f|t|f|f|f|");
}

#[tokio::test]
async fn names_of_every_kind_are_names() {
    let cluster = Cluster::shared();
    let scene = Scene::on(cluster).await;
    let long = format!("{}é", "x".repeat(61));
    for odd in [
        "O'Brien \"the\" \\ slash",
        "two words",
        "🦀 Ångström 山田",
        "\"; DROP ROLE postgres; --",
        "'); SELECT pg_sleep(9); --",
        "$$ $1 %s {x}",
        "SELECT",
        "Ada",
        "ada",
        " ada ",
        &long,
    ] {
        let short: String = odd.chars().skip(1).filter(|letter| *letter != 'é').collect();
        let (person, team) = (scene.account(odd).await, scene.group(&format!("g{short}")).await);
        scene.done(membership(Action::Grant, team, person, false, &[])).await;
        let other = format!("{}!", odd.trim_end_matches('é'));
        let renamed = scene.done(account(Action::Rename, person, &[("name", Value::text(other.as_str()))])).await;
        assert_eq!(renamed.attributes.get("name".into()), Some(&Value::text(other)));
        scene.done(account(Action::Update, person, &[("comment", Value::text(odd))])).await;
        scene.done(account(Action::Deactivate, person, &[])).await;
        scene.done(membership(Action::Revoke, team, person, false, &[])).await;
        cluster.run("postgres", &format!("DO $x$ BEGIN EXECUTE (SELECT string_agg(format('DROP ROLE %I', rolname), ';') FROM pg_roles WHERE oid IN ({person}, {team})); END $x$"));
    }
    assert_eq!(cluster.run("postgres", "SELECT rolname FROM pg_roles WHERE rolname = 'postgres'"), "postgres");
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_nothing_else_is_lost() {
    let cluster = Cluster::shared();
    let scene = Scene::on(cluster).await;
    let (taken, team) = (unique("taken"), unique("team"));
    scene.account(&taken).await;
    scene.group(&team).await;
    let long = |end: &str| format!("{}{end}", "x".repeat(63));
    let with = |name: &str, value: Value| create(Kind::Account, &unique("nobody"), &[(name, value)]);
    let orders = [
        create(Kind::Account, &taken, &[]),
        create(Kind::Account, &team, &[]),
        // Cut after 63 bytes, both would be one.
        create(Kind::Account, &long("a"), &[]),
        create(Kind::Account, &long("b"), &[]),
        create(Kind::Account, "", &[]),
        create(Kind::Account, "a\0b", &[]),
        create(Kind::Account, "pg_mine", &[]),
        create(Kind::Account, "public", &[]),
        with("superuser", Value::Bool(true)),
        with("connection_limit", Value::Integer(-2)),
        with("valid_until", Value::text("tomorrow")),
        with("comment", Value::text("x [tenure: deactivated account]")),
        with("config", Value::map([(Symbol::new("no_such_parameter"), Value::text("1"))])),
        with("config", Value::map([(Symbol::new("DateStyle"), Value::text("ISO"))])),
        with("config", Value::text("work_mem")),
        with("shoe_size", Value::Integer(44)),
        secret(with("comment", Value::text("x")), "comment", "s3cret"),
        account(Action::Update, "10".into(), &[("comment", Value::text("x"))]),
        account(Action::Deactivate, "4711".into(), &[]),
        create(Kind::Account, &unique("done"), &[]),
    ];
    let outcomes = scene.writer.execute(&orders, &tenure_providers::Unannounced).await;
    let ids = cluster
        .run("postgres", &format!("SELECT oid FROM pg_roles WHERE rolname IN ('{taken}', '{team}') ORDER BY oid"));
    let ids: Vec<&str> = ids.lines().collect();
    let hidden = [(taken.as_str(), "TAKEN"), (team.as_str(), "TEAM"), (ids[0], "1"), (ids[1], "2")];
    let said: Vec<String> = outcomes.iter().map(|outcome| said(outcome, &hidden)).collect();
    assert!(said.iter().all(|said| !said.contains("s3cret")));
    insta::assert_snapshot!(said.join("\n"), @r#"
refused: a role of the name TAKEN is there already: an account, with the id 1
refused: a role of the name TEAM is there already: a group, with the id 2
refused: the name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxa" has 64 bytes: PostgreSQL would cut it after 63 (give it a shorter name)
refused: the name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxb" has 64 bytes: PostgreSQL would cut it after 63 (give it a shorter name)
refused: the name is empty (give it a name)
refused: the name "a\0b" holds a NUL (take it out)
refused: the name pg_mine is PostgreSQL's own
refused: the name public is PostgreSQL's own
refused: superuser is not set unless allow_superuser = true stands in the system block
refused: connection_limit is -2: write a whole number, -1 for no limit
refused: valid_until is "tomorrow": write a moment such as 2026-12-31T23:59:59Z, or "" for no end
refused: comment ends in [tenure: deactivated account], which only tenure writes
refused: unrecognized configuration parameter "no_such_parameter" (SQLSTATE 42704) (see what the server says)
refused: config.DateStyle: write names of parameters in lower case
refused: config is "work_mem": write an object of parameters, such as { work_mem = "64MB" }
refused: a role has no attribute shoe_size
refused: comment cannot be set to a sensitive value: PostgreSQL would log it
refused: postgres is a role that tenure never touches: predefined, the first superuser, or the role that it connects as
stale
done
"#);
    assert_eq!(cluster.run("postgres", "SELECT rolname FROM pg_roles WHERE rolname LIKE 'nobody%'"), "");
}

#[tokio::test]
async fn memberships_in_a_circle_are_refused() {
    let cluster = Cluster::shared();
    let scene = Scene::on(cluster).await;
    let names = [unique("circle"), unique("circle"), unique("circle")];
    let mut ids = Vec::new();
    for name in &names {
        ids.push(scene.group(name).await);
    }
    scene.done(membership(Action::Grant, ids[0], ids[1], true, &[])).await;
    scene.done(membership(Action::Grant, ids[1], ids[2], true, &[])).await;
    let hidden: Vec<_> = names.iter().map(String::as_str).zip(["A", "B", "C"]).collect();
    let circle = scene.execute(&membership(Action::Grant, ids[2], ids[0], true, &[])).await;
    let itself = scene.execute(&membership(Action::Grant, ids[0], ids[0], true, &[])).await;
    insta::assert_snapshot!([said(&circle, &hidden), said(&itself, &hidden)].join("\n"), @r#"
refused: role "C" is a member of role "A" (SQLSTATE 0LP01) (groups cannot contain each other in a circle: take one out of the other)
refused: role "A" is a member of role "A" (SQLSTATE 0LP01) (groups cannot contain each other in a circle: take one out of the other)
"#);
}

#[tokio::test]
async fn a_password_is_never_sent_in_clear_text() {
    // Everything is logged, statements as they came.
    let cluster = Cluster::start_with(&["--set", "log_statement=all"]);
    let scene = Scene::on(&cluster).await;
    let made = scene.done(secret(create(Kind::Account, "ada", &[]), "password", "correct horse")).await;
    assert!(cluster.run_as("ada", "correct horse", "postgres", "SELECT 1").is_ok());
    scene.done(secret(account(Action::Update, made.id, &[]), "password", "battery staple")).await;
    assert!(cluster.run_as("ada", "battery staple", "postgres", "SELECT 1").is_ok());
    assert!(cluster.run_as("ada", "correct horse", "postgres", "SELECT 1").is_err());
    let log = cluster.log();
    assert!(log.contains("ALTER ROLE \"ada\" PASSWORD 'SCRAM-SHA-256$4096:"), "{log}");
    assert!(!log.contains("correct horse") && !log.contains("battery staple"));
}

#[tokio::test]
async fn an_md5_password_does_not_survive_a_rename() {
    let cluster = Cluster::shared();
    let scene = Scene::on(cluster).await;
    let (name, other) = (unique("old"), unique("new"));
    let id = scene.account(&name).await;
    cluster.run("postgres", &format!("SET password_encryption = md5; ALTER ROLE {name} PASSWORD 'x'"));
    let order = scene.fresh(account(Action::Rename, id, &[("name", Value::text(other))])).await;
    insta::assert_snapshot!(said(&scene.execute(&order).await, &[]), @"noted: its password, kept as MD5, was cleared by the rename: set a new one");
}

#[tokio::test]
async fn tenure_leaves_its_own_roles_and_predefined_ones_alone() {
    let cluster = Cluster::start();
    cluster.run(
        "postgres",
        &format!(
            "CREATE ROLE looks LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE writes LOGIN CREATEROLE PASSWORD '{PASSWORD}'; \
             CREATE ROLE team; CREATE ROLE ada LOGIN; GRANT team TO ada, writes; GRANT pg_monitor TO ada; CREATE ROLE other; GRANT ada TO other"
        ),
    );
    let mut settings = settings(
        &cluster,
        &[("url", Value::text(cluster.url_of("looks", "postgres"))), ("write_user", Value::text("writes"))],
    );
    settings.secrets.push((Symbol::new("write_password"), PASSWORD.to_owned()));
    let scene = Scene::of(&settings).await;
    let observed = scene.inventory(&[]).await;
    let names = |objects: &[state::Object]| -> Vec<String> {
        objects.iter().filter_map(|object| Some(object.attributes.get("name".into())?.as_text()?.to_string())).collect()
    };
    assert_eq!(
        (names(&observed.accounts), names(&observed.groups)),
        (vec!["looks".into(), "writes".into(), "ada".into()], vec!["team".into(), "other".into()])
    );
    // They are read, and told to be its own.
    assert_eq!(observed.own, [observed.accounts[0].id, observed.accounts[1].id]);
    assert_eq!(observed.memberships.len(), 2, "{:?}", observed.memberships);
    insta::assert_snapshot!(observed.complete.proof, @"18 roles and 7 memberships as counted in the same snapshot; 1 database");
    // Whoever reads has no right to write, whoever writes has.
    let id = scene.account("grace").await;
    let oid = |name: &str| {
        Symbol::new(&cluster.run("postgres", &format!("SELECT oid FROM pg_roles WHERE rolname = '{name}'")))
    };
    let orders = [
        account(Action::Deactivate, oid("writes"), &[]),
        account(Action::Update, oid("looks"), &[("comment", Value::text("x"))]),
        membership(Action::Grant, oid("pg_monitor"), id, false, &[]),
        membership(Action::Revoke, oid("team"), oid("writes"), false, &[]),
        account(Action::Update, oid("postgres"), &[("comment", Value::text("x"))]),
    ];
    let outcomes = scene.writer.execute(&orders, &tenure_providers::Unannounced).await;
    let said: Vec<String> = outcomes.iter().map(|outcome| said(outcome, &[])).collect();
    insta::assert_snapshot!(said.join("\n"), @"
refused: writes is a role that tenure never touches: predefined, the first superuser, or the role that it connects as
refused: looks is a role that tenure never touches: predefined, the first superuser, or the role that it connects as
refused: pg_monitor is a role that tenure never touches: predefined, the first superuser, or the role that it connects as
refused: writes is a role that tenure never touches: predefined, the first superuser, or the role that it connects as
refused: postgres is a role that tenure never touches: predefined, the first superuser, or the role that it connects as
");
}
