//! Privileges of groups on a real server: given, taken, read; in full, in part, and not at all.

use insta::assert_snapshot;
use state::{Action, Address, Attributes, Kind, Order, Outcome, Symbol, Target, Value};
use tenure_providers::postgresql::privileges::write;

use crate::helper::{client, settings};
use crate::sales::{ORDERS, SALES, TABLES, World};

#[tokio::test]
async fn every_kind_is_given_read_and_taken() {
    let mut world = World::new(SALES).await;
    world.run("CREATE ROLE $D_etl; SELECT lo_create(4711)");
    let entries = [
        r#"{"privileges":["CONNECT","CREATE","TEMPORARY"]}"#,
        r#"{"schema":"archive","privileges":["USAGE","CREATE"]}"#,
        r#"{"schema":"public","objects":"tables","privileges":["SELECT","INSERT"]}"#,
        r#"{"schema":"archive","objects":"tables","name":"orders","privileges":["UPDATE","TRUNCATE","REFERENCES","TRIGGER"]}"#,
        r#"{"schema":"*","objects":"tables","pattern":"ord*","privileges":["DELETE"]}"#,
        r#"{"schema":"public","objects":"sequences","privileges":["USAGE"]}"#,
        r#"{"schema":"public","objects":"functions","privileges":["EXECUTE"]}"#,
        r#"{"schema":"public","objects":"functions","name":"add(int,public.mood)","privileges":["EXECUTE"],"grant_option":true}"#,
        r#"{"schema":"public","objects":"procedures","name":"clean(integer)","privileges":["EXECUTE"]}"#,
        r#"{"schema":"public","objects":"types","name":"mood","privileges":["USAGE"]}"#,
        r#"{"schema":"public","objects":"columns","name":"orders","column":"price","privileges":["UPDATE"]}"#,
        r#"{"objects":"languages","name":"sql","privileges":["USAGE"]}"#,
        r#"{"objects":"large objects","name":"4711","privileges":["SELECT"]}"#,
        r#"{"schema":"public","objects":"future tables","owner":"$D_etl","privileges":["SELECT"]}"#,
        r#"{"schema":"*","objects":"future sequences","owner":"$D_etl","privileges":["USAGE"]}"#,
        r#"{"schema":"*","objects":"future functions","owner":"$D_etl","privileges":["EXECUTE"]}"#,
        r#"{"schema":"*","objects":"future types","owner":"$D_etl","privileges":["USAGE"]}"#,
        r#"{"objects":"future schemas","owner":"$D_etl","privileges":["USAGE"],"grant_option":true}"#,
    ];
    for entry in entries {
        assert_eq!(world.look(entry).await.replace("gone", "").replace(", ", ""), "", "{entry}");
        world.ask(entry);
        let done = world.give(entry).await;
        assert_eq!(done.replace("done", "").trim(), "", "{entry}");
        assert_eq!(world.look(entry).await.replace("whole", "").replace(", ", ""), "", "{entry}");
        // Again: nothing to do.
        let done = world.give(entry).await;
        assert_eq!(done.replace("done", "").trim(), "", "{entry}");
    }
    let asked = world.inventory().await;
    assert_snapshot!(asked, @r#"
    $A column=price,name=orders,objects=columns,privilege=UPDATE,schema=public
    $A grant_option=true,name="add(integer, public.mood)",objects=functions,privilege=EXECUTE,schema=public
    $A grant_option=true,objects="future schemas",owner=$D_etl,privilege=USAGE
    $A name="4711",objects="large objects",privilege=SELECT
    $A name="add(integer)",objects=functions,privilege=EXECUTE,schema=public of objects=functions,privilege=EXECUTE,schema=public
    $A name="add(integer, public.mood)",objects=functions,privilege=EXECUTE,schema=public of objects=functions,privilege=EXECUTE,schema=public grant_option=true,name="add(integer, public.mood)",objects=functions,privilege=EXECUTE,schema=public
    $A name="clean(integer)",objects=procedures,privilege=EXECUTE,schema=public
    $A name=mood,objects=types,privilege=USAGE,schema=public
    $A name=orders,objects=tables,privilege=REFERENCES,schema=archive
    $A name=orders,objects=tables,privilege=TRIGGER,schema=archive
    $A name=orders,objects=tables,privilege=TRUNCATE,schema=archive
    $A name=orders,objects=tables,privilege=UPDATE,schema=archive
    $A name=sql,objects=languages,privilege=USAGE
    $A objects=functions,privilege=EXECUTE,schema=public (in parts)
    $A objects="future functions",owner=$D_etl,privilege=EXECUTE,schema="*"
    $A objects="future sequences",owner=$D_etl,privilege=USAGE,schema="*"
    $A objects="future tables",owner=$D_etl,privilege=SELECT,schema=public
    $A objects="future types",owner=$D_etl,privilege=USAGE,schema="*"
    $A objects=sequences,privilege=USAGE,schema=public
    $A objects=tables,pattern="ord*",privilege=DELETE,schema="*"
    $A objects=tables,privilege=INSERT,schema=public
    $A objects=tables,privilege=SELECT,schema=public
    $A privilege=CONNECT
    $A privilege=CREATE
    $A privilege=CREATE,schema=archive
    $A privilege=TEMPORARY
    $A privilege=USAGE,schema=archive
    "#);
    // Without being asked the same is told in units of its own.
    let asked = std::mem::take(&mut world.asked);
    assert_snapshot!(world.inventory().await, @r#"
    $A column=price,name=orders,objects=columns,privilege=UPDATE,schema=public
    $A grant_option=true,name="add(integer, public.mood)",objects=functions,privilege=EXECUTE,schema=public
    $A grant_option=true,objects="future schemas",owner=$D_etl,privilege=USAGE
    $A name="4711",objects="large objects",privilege=SELECT
    $A name="add(integer)",objects=functions,privilege=EXECUTE,schema=public
    $A name="clean(integer)",objects=procedures,privilege=EXECUTE,schema=public
    $A name=mood,objects=types,privilege=USAGE,schema=public
    $A name=numbers,objects=sequences,privilege=USAGE,schema=public
    $A name=orders,objects=tables,privilege=DELETE,schema=archive
    $A name=orders,objects=tables,privilege=DELETE,schema=public
    $A name=orders,objects=tables,privilege=REFERENCES,schema=archive
    $A name=orders,objects=tables,privilege=TRIGGER,schema=archive
    $A name=orders,objects=tables,privilege=TRUNCATE,schema=archive
    $A name=orders,objects=tables,privilege=UPDATE,schema=archive
    $A name=sql,objects=languages,privilege=USAGE
    $A objects="future functions",owner=$D_etl,privilege=EXECUTE,schema="*"
    $A objects="future sequences",owner=$D_etl,privilege=USAGE,schema="*"
    $A objects="future tables",owner=$D_etl,privilege=SELECT,schema=public
    $A objects="future types",owner=$D_etl,privilege=USAGE,schema="*"
    $A objects=tables,privilege=INSERT,schema=public
    $A objects=tables,privilege=SELECT,schema=public
    $A privilege=CONNECT
    $A privilege=CREATE
    $A privilege=CREATE,schema=archive
    $A privilege=TEMPORARY
    $A privilege=USAGE,schema=archive
    "#);
    world.asked = asked;
    for entry in entries {
        let done = world.take(entry, &[]).await;
        assert_eq!(done.replace("done", "").trim(), "", "{entry}");
        assert_eq!(world.look(entry).await.replace("gone", "").replace(", ", ""), "", "{entry}");
    }
    assert_snapshot!(world.inventory().await, @"");
}

/// A call has its time, whatever its orders come to: the rest is left for the next.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_for_one_call_is_left_for_the_next() {
    let mut world = World::new(
        "DO $$ BEGIN FOR n IN 1..100 LOOP EXECUTE format('CREATE TABLE t%s (i int)', n); END LOOP; END $$; \
         DO $$ BEGIN FOR n IN 1..600 LOOP EXECUTE format('CREATE ROLE %I', current_database() || n); END LOOP; END $$",
    )
    .await;
    let settings = settings(world.cluster, &[("timeout", Value::Integer(10))]);
    world.client = client(&settings);
    let oids = world.run("SELECT oid FROM pg_roles WHERE rolname ~ ('^' || current_database() || '[0-9]+$')");
    world.groups.extend(oids.lines().map(|oid| (oid.to_owned(), Symbol::new(oid))));
    let grant = world.grants(r#"{"schema":"public","objects":"tables","privilege":"SELECT"}"#).remove(0);
    let mut left: Vec<Order> =
        (2..world.groups.len()).map(|group| world.order(Action::Grant, group, &grant, &[])).collect();
    assert_eq!(left.len(), 600);
    let mut calls = 0;
    while !left.is_empty() {
        calls += 1;
        let numbered: Vec<(usize, &Order)> = left.iter().enumerate().collect();
        let prepared = write::prepare(&world.client, &numbered).await;
        assert_eq!(prepared.answered, []);
        let mut outcomes = Vec::new();
        for part in prepared.parts {
            outcomes.extend(part.commit(&world.client).await);
        }
        let later: Vec<usize> =
            outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Later).map(|(number, _)| *number).collect();
        let done = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done(_))).count();
        assert_eq!(done + later.len(), left.len());
        // 3,000 privileges for each second that a statement may take.
        assert!((1..=300).contains(&done), "{done}");
        left = later.into_iter().map(|number| left[number].clone()).collect();
    }
    let held =
        "SELECT count(*) FROM pg_class, aclexplode(relacl) a WHERE relname ~ '^t[0-9]' AND a.grantee <> relowner";
    assert_eq!(world.run(held), "60000");
    assert!((2..=20).contains(&calls), "{calls}");
}

#[tokio::test]
async fn what_is_held_in_part_is_said_and_completed() {
    let mut world = World::new(SALES).await;
    world.ask(TABLES).ask(ORDERS);
    assert_eq!(world.give(TABLES).await, "done");
    world.run("CREATE TABLE later (i int); GRANT SELECT ON orders TO $W");
    assert_snapshot!(world.inventory().await, @"
    $A name=customers,objects=tables,privilege=SELECT,schema=public of objects=tables,privilege=SELECT,schema=public
    $A name=orders,objects=tables,privilege=SELECT,schema=public of objects=tables,privilege=SELECT,schema=public
    $A name=report,objects=tables,privilege=SELECT,schema=public of objects=tables,privilege=SELECT,schema=public
    $A objects=tables,privilege=SELECT,schema=public on 3 of 4 tables (in parts)
    $W name=orders,objects=tables,privilege=SELECT,schema=public of objects=tables,privilege=SELECT,schema=public
    $W objects=tables,privilege=SELECT,schema=public on 1 of 4 tables (in parts)
    ");
    assert_eq!(world.look(TABLES).await, "on 3 of 4 tables");
    assert_eq!(world.give(TABLES).await, "done");
    assert_eq!(world.look(TABLES).await, "whole");
    world.run("CREATE TABLE latest (i int)");
    assert_eq!(world.take(TABLES, &[]).await, "done");
    assert_eq!(world.look(TABLES).await, "gone");
    assert_snapshot!(world.inventory().await, @"
    $W name=orders,objects=tables,privilege=SELECT,schema=public of objects=tables,privilege=SELECT,schema=public
    $W objects=tables,privilege=SELECT,schema=public on 1 of 5 tables (in parts)
    ");
}

#[tokio::test]
async fn grants_that_share_something_are_told_by_their_parts() {
    let mut world = World::new(SALES).await;
    world.run(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO $A; GRANT SELECT ON orders, customers TO $W WITH GRANT OPTION",
    );
    world
        .ask(TABLES)
        .ask(ORDERS)
        .ask(r#"{"schema":"public","objects":"tables","pattern":"*","privileges":["SELECT"]}"#);
    world.ask(r#"{"schema":"public","objects":"tables","pattern":"c*","privileges":["SELECT"],"grant_option":true}"#);
    assert_snapshot!(world.inventory().await, @r#"
    $A name=customers,objects=tables,privilege=SELECT,schema=public of objects=tables,privilege=SELECT,schema=public objects=tables,pattern="*",privilege=SELECT,schema=public
    $A name=orders,objects=tables,privilege=SELECT,schema=public of objects=tables,privilege=SELECT,schema=public objects=tables,pattern="*",privilege=SELECT,schema=public
    $A name=report,objects=tables,privilege=SELECT,schema=public of objects=tables,privilege=SELECT,schema=public objects=tables,pattern="*",privilege=SELECT,schema=public
    $A objects=tables,pattern="*",privilege=SELECT,schema=public (in parts)
    $A objects=tables,privilege=SELECT,schema=public (in parts)
    $W grant_option=true,name=customers,objects=tables,privilege=SELECT,schema=public of grant_option=true,objects=tables,pattern="c*",privilege=SELECT,schema=public
    $W grant_option=true,name=orders,objects=tables,privilege=SELECT,schema=public
    $W grant_option=true,objects=tables,pattern="c*",privilege=SELECT,schema=public (in parts)
    $W name=customers,objects=tables,privilege=SELECT,schema=public of objects=tables,privilege=SELECT,schema=public objects=tables,pattern="*",privilege=SELECT,schema=public grant_option=true,objects=tables,pattern="c*",privilege=SELECT,schema=public
    $W name=orders,objects=tables,privilege=SELECT,schema=public of objects=tables,privilege=SELECT,schema=public objects=tables,pattern="*",privilege=SELECT,schema=public
    $W objects=tables,pattern="*",privilege=SELECT,schema=public on 2 of 3 tables (in parts)
    $W objects=tables,privilege=SELECT,schema=public on 2 of 3 tables (in parts)
    "#);
}

#[tokio::test]
async fn what_another_grant_covers_stays() {
    let mut world = World::new(SALES).await;
    world.ask(TABLES).ask(ORDERS);
    assert_eq!(world.give(TABLES).await, "done");
    assert_eq!(world.take(TABLES, &[ORDERS]).await, "done");
    assert_eq!(world.look(TABLES).await, "on 1 of 3 tables");
    assert_eq!(world.look(ORDERS).await, "whole");
    // The other way round nothing is left to take.
    assert_eq!(world.give(TABLES).await, "done");
    assert_eq!(world.take(ORDERS, &[TABLES]).await, "done");
    assert_eq!(world.look(TABLES).await, "whole");
    // Of what may be passed on, only that goes.
    let passed_on =
        r#"{"schema":"public","objects":"tables","name":"orders","privileges":["SELECT"],"grant_option":true}"#;
    assert_eq!(world.give(passed_on).await, "done");
    assert_eq!(world.look(passed_on).await, "whole");
    assert_eq!(world.take(passed_on, &[ORDERS]).await, "done");
    assert_eq!([world.look(passed_on).await, world.look(ORDERS).await], ["gone", "whole"]);
    // The server takes from columns what is taken from their table; what they had for themselves comes back.
    let column = r#"{"schema":"public","objects":"columns","name":"orders","column":"price","privileges":["SELECT"]}"#;
    assert_eq!(world.give(column).await, "done");
    assert_eq!(world.take(ORDERS, &[]).await, "done");
    assert_eq!([world.look(column).await, world.look(ORDERS).await], ["whole", "gone"]);
}

#[tokio::test]
async fn a_warning_is_no_success() {
    let world = World::new(SALES).await;
    // Owns nothing, and may pass on only some of it.
    world.run(
        "CREATE ROLE $D_tenure LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA public TO $D_tenure;
         GRANT SELECT, INSERT ON orders TO $D_tenure; GRANT INSERT ON orders TO $D_tenure WITH GRANT OPTION;
         GRANT SELECT ON customers TO $A",
    );
    let url = world.cluster.url_of(&world.named("$D_tenure"), "postgres");
    let mut weak = settings(world.cluster, &[("url", Value::text(url.as_str()))]);
    weak.secrets = vec![("password".into(), "p".to_owned())];
    let weak = client(&weak);
    let order = |action, json: &str| world.order(action, 0, &world.grants(json)[0], &[]);
    let insert = ORDERS.replace("SELECT", "INSERT");
    let customers = ORDERS.replace("orders", "customers");
    let said = world
        .execute_as(
            &weak,
            &[
                order(Action::Grant, ORDERS),
                order(Action::Grant, &insert),
                order(Action::Grant, TABLES),
                order(Action::Revoke, &customers),
            ],
        )
        .await;
    assert_snapshot!(said, @r#"
    refused: the server gave no SELECT on table "public"."orders": $D_tenure has no right to give it (let the owner give it, or give the role that tenure connects as the grant option)
    done
    refused: postgres://127.0.0.1:PORT/$D: permission denied for table report (SQLSTATE 42501) (give the role that tenure connects as the right to do that)
    refused: postgres://127.0.0.1:PORT/$D: permission denied for table customers (SQLSTATE 42501) (give the role that tenure connects as the right to do that)
    "#);
    assert_eq!([world.look(ORDERS).await, world.look(&insert).await], ["gone", "whole"]);
    assert_eq!(world.look(&customers).await, "whole");
    // What a role that is no owner gave is taken as that role.
    assert_eq!(world.take(&insert, &[]).await, "done");
    assert_eq!(world.look(&insert).await, "gone");
    // What was passed on stands in the way, and is never taken along.
    world.run("GRANT SELECT ON orders TO $A WITH GRANT OPTION; SET ROLE $A; GRANT SELECT ON public.orders TO $W");
    assert_snapshot!(world.take(ORDERS, &[]).await, @"refused: postgres://127.0.0.1:PORT/$D: dependent privileges exist (SQLSTATE 2BP01); Use CASCADE to revoke them too. (see what the server says)");
    assert_eq!(world.look(ORDERS).await, "whole");
}

#[tokio::test]
async fn names_are_names_whatever_is_in_them() {
    let mut world = World::new("SELECT 1").await;
    world.run(
        r#"CREATE SCHEMA "a ""b""; DROP TABLE x; --"; CREATE TABLE "a ""b""; DROP TABLE x; --"."🦀 O'Brien, = *" (i int);
           CREATE TABLE "a ""b""; DROP TABLE x; --".plain (i int);
           CREATE TYPE public."My, Type" AS ENUM ('x');
           CREATE FUNCTION public."f(x)"("My, Type", int) RETURNS int LANGUAGE sql AS 'SELECT 1'"#,
    );
    let entries = [
        r#"{"schema":"a \"b\"; DROP TABLE x; --","objects":"tables","name":"🦀 O'Brien, = *","privileges":["SELECT"]}"#,
        r#"{"schema":"a *","objects":"tables","pattern":"*\\*","privileges":["INSERT"]}"#,
        r#"{"schema":"a \"b\"; DROP TABLE x; --","privileges":["USAGE"]}"#,
        r#"{"schema":"public","objects":"functions","name":"f(x)(public.\"My, Type\",int)","privileges":["EXECUTE"]}"#,
    ];
    for entry in entries {
        world.ask(entry);
        assert_eq!(world.give(entry).await, "done", "{entry}");
        assert_eq!(world.look(entry).await, "whole", "{entry}");
    }
    assert_snapshot!(world.inventory().await, @r#"
    $A name="f(x)(public.\"My, Type\", integer)",objects=functions,privilege=EXECUTE,schema=public
    $A name="🦀 O'Brien, = *",objects=tables,privilege=SELECT,schema="a \"b\"; DROP TABLE x; --"
    $A objects=tables,pattern="*\\*",privilege=INSERT,schema="a *"
    $A privilege=USAGE,schema="a \"b\"; DROP TABLE x; --"
    "#);
    world.asked.clear();
    assert_snapshot!(world.inventory().await, @r#"
    $A name="f(x)(public.\"My, Type\", integer)",objects=functions,privilege=EXECUTE,schema=public
    $A name="🦀 O'Brien, = *",objects=tables,privilege=INSERT,schema="a \"b\"; DROP TABLE x; --"
    $A name="🦀 O'Brien, = *",objects=tables,privilege=SELECT,schema="a \"b\"; DROP TABLE x; --"
    $A privilege=USAGE,schema="a \"b\"; DROP TABLE x; --"
    "#);
    for entry in entries {
        assert_eq!(world.take(entry, &[]).await, "done", "{entry}");
    }
    assert_eq!(world.inventory().await, "");
}

#[tokio::test]
async fn what_is_not_there() {
    let mut world = World::new(SALES).await;
    for entry in [
        r#"{"schema":"public","objects":"tables","name":"orderz","privileges":["SELECT"]}"#,
        r#"{"schema":"public","objects":"tables","name":"Orders","privileges":["SELECT"]}"#,
        r#"{"schema":"publik","objects":"tables","privileges":["SELECT"]}"#,
        r#"{"schema":"publik","privileges":["USAGE"]}"#,
        r#"{"schema":"public","objects":"functions","name":"add(text)","privileges":["EXECUTE"]}"#,
        r#"{"schema":"public","objects":"tables","pattern":"x*","privileges":["SELECT"]}"#,
        r#"{"schema":"archive","objects":"sequences","privileges":["USAGE"]}"#,
        r#"{"schema":"x*","objects":"tables","privileges":["SELECT"]}"#,
        r#"{"schema":"public","objects":"columns","name":"orders","column":"cost","privileges":["SELECT"]}"#,
        r#"{"schema":"public","objects":"future tables","owner":"nobody at all","privileges":["SELECT"]}"#,
        r#"{"schema":"publik","objects":"future tables","owner":"postgres","privileges":["SELECT"]}"#,
    ] {
        world.ask(entry);
        assert!(world.give(entry).await.starts_with("refused: "), "{entry}");
        assert_eq!(world.take(entry, &[]).await, "done", "{entry}");
    }
    assert_snapshot!(world.inventory().await, @r#"
    nothing: privilege=USAGE,schema=publik: database $D has no schema publik (named)
    nothing: name=Orders,objects=tables,privilege=SELECT,schema=public: schema public of database $D has no table Orders (it has orders) (named)
    nothing: name=orderz,objects=tables,privilege=SELECT,schema=public: schema public of database $D has no table orderz (named)
    nothing: objects=tables,pattern="x*",privilege=SELECT,schema=public: schema public of database $D has no table that x* fits
    nothing: objects=tables,privilege=SELECT,schema=publik: database $D has no schema publik (named)
    nothing: objects=tables,privilege=SELECT,schema="x*": what x* fits of database $D has no tables
    nothing: objects=sequences,privilege=USAGE,schema=archive: schema archive of database $D has no sequences
    nothing: name="add(text)",objects=functions,privilege=EXECUTE,schema=public: schema public of database $D has no function add(text) (it has add(integer), add(integer, public.mood)) (named)
    nothing: column=cost,name=orders,objects=columns,privilege=SELECT,schema=public: schema public of database $D has no column cost of a table orders (named)
    nothing: objects="future tables",owner="nobody at all",privilege=SELECT,schema=public: there is no role nobody at all (named)
    nothing: objects="future tables",owner=postgres,privilege=SELECT,schema=publik: database $D has no schema publik (named)
    "#);
    let elsewhere = r#"{"database":"nothing at all","privileges":["CONNECT"]}"#;
    assert_eq!(world.look(elsewhere).await, "gone");
    assert_snapshot!(world.give(elsewhere).await, @r#"refused: postgres://127.0.0.1:PORT/nothing at all: connect as postgres: database "nothing at all" does not exist (SQLSTATE 3D000) (check the database in url and in databases)"#);
    // A role that was dropped meanwhile.
    let (name, id) = world.groups[0].clone();
    world.run("DROP ROLE $A");
    assert_eq!(world.look(ORDERS).await, "gone");
    assert_snapshot!(world.give(ORDERS).await.replace(id.as_str(), "OID").replace(&name, "$A"), @"refused: there is no role with the oid $A any more (plan again)");
}

/// Keeps what is announced, or cannot.
struct Announced(std::sync::Mutex<Vec<Symbol>>, Option<&'static str>);

#[async_trait::async_trait]
impl tenure_providers::Announce for Announced {
    async fn transaction(&self, transaction: Symbol) -> Result<(), String> {
        self.0.lock().unwrap().push(transaction);
        self.1.map_or(Ok(()), |why| Err(why.to_owned()))
    }
}

#[tokio::test]
async fn the_transactions_of_a_call_are_announced_together() {
    let (world, other) = (World::new(SALES).await, World::new(SALES).await);
    let (reader, writer) = {
        use tenure_providers::Provider as _;
        let settings = settings(world.cluster, &[]);
        let provider = tenure_providers::postgresql::Postgresql;
        (provider.reader(settings.clone()).await.unwrap(), provider.writer(settings).await.unwrap())
    };
    let (group, member) = (world.groups[0].1, world.groups[1].1);
    let membership = Order {
        address: Address::Group { system: "db".into(), group },
        action: Action::Grant,
        target: Some(Target::Membership { group, member, nested: true }),
        kind: Kind::Membership,
        before: None,
        after: Attributes::new(),
        secrets: Default::default(),
    };
    let orders = [
        other.order(Action::Grant, 0, &other.grants(TABLES)[0], &[]),
        membership,
        world.order(Action::Grant, 0, &world.grants(TABLES)[0], &[]),
        world.order(Action::Grant, 0, &world.grants(&TABLES.replace("public", "publik"))[0], &[]),
    ];
    let words = |outcomes: &[Outcome]| -> Vec<String> {
        outcomes.iter().map(|outcome| format!("{outcome:?}").split([' ', '(']).next().unwrap().to_owned()).collect()
    };
    let disk_full = Announced(Default::default(), Some("the disk is full"));
    let outcomes = writer.execute(&orders, &disk_full).await;
    assert_eq!(words(&outcomes), ["Refused"; 4]);
    assert_eq!([world.look(TABLES).await, other.look(TABLES).await], ["gone", "gone"]);
    let announced = Announced(Default::default(), None);
    let outcomes = writer.execute(&orders, &announced).await;
    assert_eq!(words(&outcomes), ["Done", "Done", "Done", "Refused"]);
    assert_eq!([world.look(TABLES).await, other.look(TABLES).await], ["whole", "whole"]);
    let ids = announced.0.into_inner().unwrap();
    assert_eq!(ids.len(), 1);
    assert_eq!(ids[0].as_str().split('+').count(), 3);
    assert_eq!(reader.transaction(ids[0]).await.unwrap(), state::TransactionState::Committed);
    let aborted = disk_full.0.into_inner().unwrap()[0];
    assert_eq!(reader.transaction(aborted).await.unwrap(), state::TransactionState::Aborted);
}
