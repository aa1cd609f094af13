//! What accounts own: counted, listed and handed over, in several databases.

use insta::assert_snapshot;
use state::{Action, Address, Attributes, Kind, Observed, Order, Outcome, Owns, Presence, Symbol, Target, Value};
use tenure_providers::postgresql::Postgresql;
use tenure_providers::{Ask, Provider, Reader, Settings, Unannounced, Writer};

use crate::cluster::{Cluster, PASSWORD};
use crate::helper::settings;

/// Two databases and two accounts.
struct World {
    cluster: Cluster,
    ids: [Symbol; 2],
    reader: Box<dyn Reader>,
    writer: Box<dyn Writer>,
}

const LEAVER: &str = "CREATE TABLE orders (id serial PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY);
    CREATE VIEW \"a view; DROP\" AS SELECT 1; CREATE MATERIALIZED VIEW seen AS SELECT 1; CREATE SEQUENCE numbers;
    CREATE TYPE mood AS ENUM ('good'); CREATE DOMAIN short AS text; CREATE SCHEMA archive;
    CREATE FUNCTION add(int, mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE PROCEDURE clean(int) LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int); SELECT lo_create(4711);
    CREATE COLLATION own FROM \"C\"; CREATE STATISTICS linked ON id, i FROM orders;
    CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
    CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int);
    ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC";

impl World {
    async fn new(more: &[(&str, Value)]) -> World {
        let cluster = Cluster::start();
        cluster.run(
            "postgres",
            &format!(
                "CREATE ROLE eve LOGIN SUPERUSER; CREATE ROLE \"h\"\"eir x\" LOGIN; CREATE DATABASE sales; CREATE DATABASE crm;
                 CREATE ROLE tenure LOGIN CREATEROLE PASSWORD '{PASSWORD}'"
            ),
        );
        cluster.run("sales", &format!("SET ROLE eve; {LEAVER}"));
        cluster.run("crm", "SET ROLE eve; CREATE TABLE people (i int); CREATE TABLE notes (i int)");
        cluster.run("postgres", "ALTER ROLE eve NOSUPERUSER");
        let oid = |name: &str| {
            Symbol::new(&cluster.run("postgres", &format!("SELECT oid FROM pg_roles WHERE rolname = '{name}'")))
        };
        let ids = [oid("eve"), oid("h\"eir x")];
        let (reader, writer) = halves(settings(&cluster, more)).await;
        World { ids, cluster, reader, writer }
    }

    async fn inventory(&self) -> Result<Observed, String> {
        inventory(&*self.reader, &[]).await
    }

    /// The names of what an account owns, by place.
    async fn owned(&self, of: usize) -> String {
        let presence = self.reader.read(&[Target::Owned(self.ids[of])]).await.unwrap().remove(0);
        match presence {
            Presence::Gone => "nothing".to_owned(),
            Presence::Hidden(why) => format!("hidden: {}", why.replace(&self.cluster.port.to_string(), "PORT")),
            Presence::Here(object) => list(&object.attributes).iter().map(line).collect::<Vec<_>>().join("\n"),
        }
    }

    async fn list(&self, of: usize) -> Vec<Value> {
        match self.reader.read(&[Target::Owned(self.ids[of])]).await.unwrap().remove(0) {
            Presence::Here(object) => list(&object.attributes),
            other => panic!("{other:?}"),
        }
    }

    async fn hand_over(&self, from: usize, to: usize, owned: Vec<Value>) -> String {
        transfer(&*self.writer, self.ids[from], self.ids[to], owned)
            .await
            .replace(&self.cluster.port.to_string(), "PORT")
    }
}

async fn halves(settings: Settings) -> (Box<dyn Reader>, Box<dyn Writer>) {
    (Postgresql.reader(settings.clone()).await.unwrap(), Postgresql.writer(settings).await.unwrap())
}

async fn inventory(reader: &dyn Reader, grants: &[Attributes]) -> Result<Observed, String> {
    let ask = Ask { now: "2026-11-23T12:00:00Z".parse().unwrap(), grants, accounts: &[], progress: &|_| {} };
    reader.inventory(&ask).await.map_err(|error| format!("{} ({})", error.message, error.hint))
}

fn list(attributes: &Attributes) -> Vec<Value> {
    attributes.get("owned".into()).and_then(Value::as_list).unwrap().to_vec()
}

fn line(item: &Value) -> String {
    let text = |name: &str| item.get(name.into()).and_then(Value::as_text).unwrap();
    format!("{}: {} {}", text("place"), text("kind"), text("name"))
}

async fn transfer(writer: &dyn Writer, from: Symbol, to: Symbol, owned: Vec<Value>) -> String {
    let order = Order {
        address: Address::Account { system: "db".into(), holder: "eve".into() },
        action: Action::Transfer,
        target: Some(Target::Owned(from)),
        kind: Kind::Account,
        before: None,
        after: [(Symbol::new("to"), Value::Text(to)), (Symbol::new("owned"), Value::list(owned))].into_iter().collect(),
        secrets: Default::default(),
    };
    match writer.execute(&[order], &Unannounced).await.remove(0) {
        Outcome::Done(object) => {
            format!("done: {} of {}", list(&object.attributes).len(), if object.id == from { "theirs" } else { "?" })
        }
        Outcome::Refused { error, .. } => format!("refused: {error}"),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn what_accounts_own_is_counted_listed_and_handed_over() {
    let world = World::new(&[]).await;
    let observed = world.inventory().await.unwrap();
    assert_snapshot!(Owns::shown(&observed.owns(world.ids[0])), @"2 tables in crm, 1 collation, 3 functions, 1 large object, 1 materialized view, 1 operator, 1 schema, 3 sequences, 1 statistics object, 1 table, 1 text search configuration, 2 types and 1 view in sales");
    assert_snapshot!(observed.complete.proof, @"16 roles and 3 memberships as counted in the same snapshot; 3 databases");
    assert_eq!(observed.owns(world.ids[1]), []);
    let all = world.list(0).await;
    // The list comes to the same counts.
    let listed: Attributes = [(Symbol::new("owned"), Value::list(all.clone()))].into_iter().collect();
    assert_eq!(Owns::counted(&listed).unwrap(), observed.owns(world.ids[0]));
    assert_snapshot!(world.owned(0).await, @r#"
    crm: table public.notes
    crm: table public.people
    sales: collation public.own
    sales: function public.add(integer,public.mood)
    sales: function public.clean(integer)
    sales: function public.total(integer)
    sales: large object 4711
    sales: materialized view public.seen
    sales: operator public.===(integer,integer)
    sales: schema archive
    sales: sequence public.numbers
    sales: sequence public.orders_i_seq
    sales: sequence public.orders_id_seq
    sales: statistics object public.linked
    sales: table public.orders
    sales: text search configuration public.words
    sales: type public.mood
    sales: type public.short
    sales: view public."a view; DROP"
    "#);
    // Some of it: object by object.
    let some: Vec<Value> = all
        .iter()
        .filter(|item| {
            line(item).contains("people")
                || line(item).contains("table public.orders")
                || line(item).contains("orders_")
        })
        .cloned()
        .collect();
    assert_eq!(world.hand_over(0, 1, some.clone()).await, "done: 4 of theirs");
    assert_snapshot!(world.owned(1).await, @"
    crm: table public.people
    sales: sequence public.orders_i_seq
    sales: sequence public.orders_id_seq
    sales: table public.orders
    ");
    // Again: it is not theirs any more.
    assert_snapshot!(world.hand_over(0, 1, some.clone()).await, @"refused: eve does not own table public.people of crm any more: plan again");
    // A sequence goes with its table, and would be lost without being named.
    assert_snapshot!(world.hand_over(1, 0, some.iter().filter(|item| !line(item).contains("_seq")).cloned().collect()).await, @"refused: sequence public.orders_i_seq of sales would go along: it must be handed over too");
    // Back, object by object.
    assert_eq!(world.hand_over(1, 0, some).await, "done: 4 of theirs");
    assert_eq!(world.owned(1).await, "nothing");
    // Everything.
    assert_eq!(world.hand_over(0, 1, all.clone()).await, format!("done: {} of theirs", all.len()));
    assert_eq!(
        [world.owned(0).await, world.owned(1).await.lines().count().to_string()],
        ["nothing".to_owned(), all.len().to_string()]
    );
    assert_eq!(world.hand_over(1, 0, all.clone()).await, format!("done: {} of theirs", all.len()));
    // A database is owned too; then everything goes object by object.
    world.cluster.run("postgres", "ALTER DATABASE crm OWNER TO eve");
    let all = world.list(0).await;
    assert!(all.iter().any(|item| line(item) == "cluster: database crm"));
    assert_eq!(world.hand_over(0, 1, all.clone()).await, format!("done: {} of theirs", all.len()));
    assert_eq!(world.owned(0).await, "nothing");
}

#[tokio::test]
async fn what_cannot_be_handed_over_is_refused_before_anything_is() {
    let world = World::new(&[]).await;
    let all = world.list(0).await;
    let tenure = ("url", Value::text(world.cluster.url_of("tenure", "postgres")));
    world.cluster.run("postgres", "REVOKE CONNECT ON DATABASE crm FROM PUBLIC; GRANT eve, \"h\"\"eir x\" TO tenure");
    let (reader, writer) = halves(settings(&world.cluster, &[tenure])).await;
    let port = world.cluster.port.to_string();
    let said = transfer(&*writer, world.ids[0], world.ids[1], all.clone()).await;
    assert_snapshot!(said.replace(&port, "PORT"), @r#"refused: nothing was handed over: postgres://127.0.0.1:PORT/crm: connect as tenure: permission denied for database "crm" (SQLSTATE 42501); User does not have CONNECT privilege."#);
    assert_eq!(world.list(0).await, all);
    // How much is owned there is told all the same.
    let observed = inventory(&*reader, &[]).await.unwrap();
    assert_snapshot!(Owns::shown(&observed.owns(world.ids[0])).split(" in ").next().unwrap(), @"2 objects");
    assert_snapshot!(observed.complete.proof.replace(&port, "PORT"), @r#"16 roles and 5 memberships as counted in the same snapshot; 2 databases; not looked into: crm (postgres://127.0.0.1:PORT/crm: connect as tenure: permission denied for database "crm" (SQLSTATE 42501); User does not have CONNECT privilege.)"#);
    let presence = reader.read(&[Target::Owned(world.ids[0])]).await.unwrap().remove(0);
    let Presence::Hidden(why) = presence else { panic!("{presence:?}") };
    assert_snapshot!(why.replace(&port, "PORT"), @r#"what it owns in a database cannot be told: postgres://127.0.0.1:PORT/crm: connect as tenure: permission denied for database "crm" (SQLSTATE 42501); User does not have CONNECT privilege."#);
    // Grants that are asked for there are another matter.
    let asked: Attributes = serde_json::from_str(r#"{"database":"crm","privilege":"CONNECT"}"#).unwrap();
    let said = inventory(&*reader, &[asked]).await.unwrap_err();
    assert_snapshot!(said.replace(&port, "PORT"), @r#"postgres://127.0.0.1:PORT/crm: connect as tenure: permission denied for database "crm" (SQLSTATE 42501); User does not have CONNECT privilege. (let the role that tenure reads as connect: GRANT CONNECT ON DATABASE crm TO ...)"#);
    // An heir who is gone, and who is nobody.
    let said = [
        transfer(&*world.writer, world.ids[0], "4294967290".into(), all.clone()).await,
        transfer(&*world.writer, world.ids[0], world.ids[0], all.clone()).await,
        transfer(&*world.writer, world.ids[0], "ada".into(), all.clone()).await,
        transfer(&*world.writer, "4294967290".into(), world.ids[1], all).await,
    ];
    assert_snapshot!(said.join("\n"), @"
    refused: there is no role with the oid 4294967290 any more
    refused: account.db.eve: it is its own heir
    refused: account.db.eve: ada is not the id of a role
    refused: there is no role with the oid 4294967290 any more
    ");
}

#[tokio::test]
async fn databases_that_are_listed_must_be_there_and_open() {
    let world = World::new(&[("databases", Value::list(["sales"].map(Value::text)))]).await;
    let observed = world.inventory().await.unwrap();
    assert_snapshot!(observed.complete.proof, @"16 roles and 3 memberships as counted in the same snapshot; 1 database");
    let asked: Attributes = serde_json::from_str(r#"{"database":"crm","privilege":"CONNECT"}"#).unwrap();
    assert_snapshot!(inventory(&*world.reader, &[asked]).await.unwrap_err().replace(&world.cluster.port.to_string(), "PORT"), @"postgres://127.0.0.1:PORT/postgres: grants on database crm are asked for, and it is not looked into (name it in databases of the system block (and let it take connections))");
    let (reader, _) =
        halves(settings(&world.cluster, &[("databases", Value::list(["nothing"].map(Value::text)))])).await;
    assert_snapshot!(inventory(&*reader, &[]).await.unwrap_err().replace(&world.cluster.port.to_string(), "PORT"), @r#"postgres://127.0.0.1:PORT/postgres: there is no database "nothing" (correct databases in the system block)"#);
}
