//! A database with something of every kind, and groups that get privileges on it.

use std::fmt::Write as _;

use rustc_hash::FxHashSet;
use state::{Action, Address, Attributes, Kind, Order, Outcome, Presence, Schema, Symbol, Target, Value};
use tenure_providers::postgresql::privileges::{read, write};
use tenure_providers::postgresql::{Client, Session};

use crate::cluster::{Cluster, unique};
use crate::helper::{client, settings};

/// A database of one's own with two groups, and what files ask for.
pub struct World {
    pub cluster: &'static Cluster,
    pub database: String,
    pub groups: Vec<(String, Symbol)>,
    pub asked: Vec<Attributes>,
    pub client: Client,
    pub session: Session,
    pub schema: Schema,
}

pub const SALES: &str =
    "CREATE TABLE orders (i int, price int); CREATE TABLE customers (i int); CREATE VIEW report AS SELECT 1;
    CREATE SEQUENCE numbers; CREATE SCHEMA archive; CREATE TABLE archive.orders (i int);
    CREATE TYPE mood AS ENUM ('good'); CREATE FUNCTION add(int, mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION add(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE PROCEDURE clean(int) LANGUAGE sql AS 'SELECT 1'";

impl World {
    pub async fn new(sql: &str) -> World {
        let cluster = Cluster::shared();
        let database = unique("sales");
        cluster.run("postgres", &format!("CREATE DATABASE {database}"));
        cluster.run(&database, sql);
        let mut groups = Vec::new();
        for name in ["analyst", "writer"] {
            let name = format!("{database}_{name}");
            let sql = format!("CREATE ROLE {name}; SELECT oid FROM pg_roles WHERE rolname = '{name}'");
            let id = Symbol::new(&cluster.run("postgres", &sql));
            groups.push((name, id));
        }
        let client = client(&settings(cluster, &[]));
        let session = client.connect().await.unwrap();
        World { cluster, database, groups, asked: Vec::new(), client, session, schema: read::schema() }
    }

    /// Runs statements in the database; `$A` and `$W` are its groups, `$D` the database.
    pub fn run(&self, sql: &str) -> String {
        self.cluster.run(&self.database, &self.named(sql))
    }

    pub fn named(&self, sql: &str) -> String {
        sql.replace("$A", &self.groups[0].0).replace("$W", &self.groups[1].0).replace("$D", &self.database)
    }

    /// A name of a database, a role or an oid of this world, as it is called in every run.
    pub fn tidy(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for ((name, id), tidy) in self.groups.iter().zip(["$A", "$W"]) {
            text = text.replace(name, tidy).replace(id.as_str(), tidy);
        }
        text.replace(&self.database, "$D").replace(&self.cluster.port.to_string(), "PORT")
    }

    /// An entry of `grants` as the grants that it comes to; its database is the own one where it names none.
    pub fn grants(&self, json: &str) -> Vec<Attributes> {
        let mut entry: Attributes = serde_json::from_str(&self.named(json)).unwrap();
        if entry.get("database".into()).is_none() {
            entry = entry.overlaid(&[("database".into(), Value::text(self.database.as_str()))].into_iter().collect());
        }
        (self.schema.grant_form.0)(&entry).unwrap_or_else(|error| panic!("{json}: {} ({})", error.message, error.hint))
    }

    pub fn ask(&mut self, json: &str) -> &mut World {
        let grants = self.grants(json);
        self.asked.extend(grants);
        self.asked.sort();
        self
    }

    /// The inventory of the database, a line a grant.
    pub async fn inventory(&self) -> String {
        let asked = read::by_database(&self.asked);
        let groups: FxHashSet<u32> = self.groups.iter().map(|(_, id)| id.as_str().parse().unwrap()).collect();
        let session = self.client.connect_to(&self.database).await.unwrap();
        let asked = asked.get(&self.database).map_or(&[][..], Vec::as_slice);
        let mut held = read::all(&session, &self.database, asked, &groups).await.unwrap();
        held.grants.sort_by(|a, b| (a.group, &a.attributes).cmp(&(b.group, &b.attributes)));
        let mut text = String::new();
        for grant in &held.grants {
            let partial = grant.partial.map_or(String::new(), |partial| format!(" {partial}"));
            let within: Vec<&str> = grant.within.iter().map(|text| text.as_str()).collect();
            let within = if within.is_empty() { String::new() } else { format!(" of {}", within.join(" ")) };
            let in_parts = if grant.in_parts { " (in parts)" } else { "" };
            writeln!(text, "{} {}{partial}{in_parts}{within}", grant.group, self.schema.grant_text(&grant.attributes))
                .unwrap();
        }
        for dangling in &held.dangling {
            let named = if dangling.named { " (named)" } else { "" };
            writeln!(text, "nothing: {}: {}{named}", self.schema.grant_text(&dangling.grant), dangling.why).unwrap();
        }
        self.tidy(&text).replace("database=$D,", "")
    }

    pub fn order(&self, action: Action, group: usize, grant: &Attributes, keep: &[Attributes]) -> Order {
        let (group, grant_text) = (self.groups[group].1, self.schema.grant_text(grant));
        let keep = Value::list(keep.iter().map(|kept| Value::map(kept.iter().cloned())));
        let after = match action {
            Action::Revoke => [(Symbol::new("keep"), keep)].into_iter().collect(),
            _ => grant.clone(),
        };
        Order {
            address: Address::Grant { system: "db".into(), group, grant: grant_text },
            action,
            target: Some(Target::Grant { group, grant: grant_text }),
            kind: Kind::Grant,
            before: None,
            after,
            secrets: Default::default(),
        }
    }

    /// Carries orders out in one call, as whoever `client` connects as.
    pub async fn execute_as(&self, client: &Client, orders: &[Order]) -> String {
        let numbered: Vec<(usize, &Order)> = orders.iter().enumerate().collect();
        let prepared = write::prepare(client, &numbered).await;
        let mut outcomes = prepared.answered;
        for part in prepared.parts {
            assert!(part.transaction.as_str().parse::<u64>().is_ok());
            outcomes.extend(part.commit(client).await);
        }
        outcomes.sort_by_key(|(number, _)| *number);
        assert_eq!(outcomes.len(), orders.len());
        let words = outcomes.iter().map(|(_, outcome)| match outcome {
            Outcome::Done(_) => "done".to_owned(),
            Outcome::Refused { error, .. } => format!("refused: {error}"),
            other => format!("{other:?}"),
        });
        self.tidy(&words.collect::<Vec<_>>().join("\n"))
    }

    pub async fn execute(&self, orders: &[Order]) -> String {
        self.execute_as(&self.client, orders).await
    }

    /// Gives to the first group.
    pub async fn give(&self, json: &str) -> String {
        let orders: Vec<Order> =
            self.grants(json).iter().map(|grant| self.order(Action::Grant, 0, grant, &[])).collect();
        self.execute(&orders).await
    }

    /// Takes from the first group; what stays comes behind.
    pub async fn take(&self, json: &str, keep: &[&str]) -> String {
        let keep: Vec<Attributes> = keep.iter().flat_map(|json| self.grants(json)).collect();
        let orders: Vec<Order> =
            self.grants(json).iter().map(|grant| self.order(Action::Revoke, 0, grant, &keep)).collect();
        self.execute(&orders).await
    }

    /// How the first group holds a grant now.
    pub async fn look(&self, json: &str) -> String {
        let targets: Vec<(Symbol, Symbol)> =
            self.grants(json).iter().map(|grant| (self.groups[0].1, self.schema.grant_text(grant))).collect();
        let presences = read::again(&self.client, &self.session, &targets).await.unwrap();
        let words = presences.iter().map(|presence| match presence {
            Presence::Here(object) => match object.attributes.get("partial".into()) {
                Some(partial) => partial.as_text().unwrap().to_string(),
                None => "whole".to_owned(),
            },
            Presence::Gone => "gone".to_owned(),
            Presence::Hidden(why) => format!("hidden: {why}"),
        });
        self.tidy(&words.collect::<Vec<_>>().join(", "))
    }
}

pub const TABLES: &str = r#"{"schema":"public","objects":"tables","privileges":["SELECT"]}"#;
pub const ORDERS: &str = r#"{"schema":"public","objects":"tables","name":"orders","privileges":["SELECT"]}"#;
