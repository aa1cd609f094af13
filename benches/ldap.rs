//! apply over LDAP beside a bare pipelined client on the same kind of server, and an inventory beside `ldapsearch`.
//!
//! `cargo bench --bench ldap` (after `scripts/servers/install slapd`); `RUNS=N` says how often (3), `PEOPLE=N` how many
//! entries are made (10000), `ENTRIES=N` how many are read (100000). The servers flush every write, as in earnest.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../providers/tests/servers/openldap.rs"]
mod openldap;
#[path = "../tests/run/mod.rs"]
mod run;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use openldap::{BASE, PASSWORD, PROV, Slapd};
use providers::ldap::connection::Connection;
use providers::ldap::protocol::Modification;
use providers::ldap::protocol::message::Request;
use providers::ldap::settings::LdapSettings;
use providers::{Ask, Settings};
use run::Folder;
use state::{Symbol, Timestamp, Value};
use tokio::task::JoinSet;

/// Operations in flight, as the provider has them.
const IN_FLIGHT: usize = 64;
/// Members of one group in one modify, as the provider sends them.
const MEMBERS: usize = 100;

const CONFIGURATION: &str = r#"
settings { state = "bench.tenure" }
variable "url" { type = string }
locals {
  rows  = csvdecode(file("people.csv"))
  keys  = [for row in local.rows : row.key]
  teams = chunklist(local.keys, 100)
}
people "all" {
  from = local.rows
  key  = row.key
}
role "all" {
  members = [for key in local.keys : person[key]]
  access  = [system.corp]
}
system "corp" {
  provider = "ldap"
  url      = var.url
  bind     = "cn=prov,dc=example,dc=test"
  password = env("LDAP_PASSWORD")
  base     = "dc=example,dc=test"
  match    = self.key == account.uid
  account {
    uid  = self.key
    cn   = "Person ${self.key}"
    sn   = self.key
    mail = "${self.key}@acme.example"
  }
}
group "corp" "team" {
  for_each = { for n, keys in local.teams : format("team%03d", n) => keys }
  cn       = each.key
  members  = [for key in each.value : person[key]]
}
"#;

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn main() {
    let (runs, people, entries) = (number("RUNS", 3), number("PEOPLE", 10_000), number("ENTRIES", 100_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut applied, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let server = Slapd::start_with(&["--sync"]);
        let keys: String = (0..people).map(|n| format!("p{n:05}\n")).collect();
        let mut folder = Folder::new(&[("bench.hcl", CONFIGURATION), ("people.csv", &format!("key\n{keys}"))]);
        folder.environment =
            vec![("TENURE_VAR_url".into(), server.url.clone()), ("LDAP_PASSWORD".into(), PASSWORD.into())];
        folder.run("init", 0);
        let start = Instant::now();
        folder.run("apply --auto-approve", 0);
        applied.push(start.elapsed());

        let server = Slapd::start_with(&["--sync"]);
        let start = Instant::now();
        runtime.block_on(all(&server, people));
        bare.push(start.elapsed());
    }
    let (applied, bare) = (median(applied), median(bare));
    println!("{people} entries and {people} memberships, {IN_FLIGHT} operations in flight, median of {runs}");
    println!("bare client      {:>7.2} s", bare.as_secs_f64());
    println!("tenure apply     {:>7.2} s", applied.as_secs_f64());
    println!("ratio            {:>7.2}   budget 0.90", bare.as_secs_f64() / applied.as_secs_f64());

    let file = tempfile::NamedTempFile::new().unwrap();
    let person = |n: usize| {
        format!(
            "dn: uid=p{n},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: Person {n}\nsn: {n}\nmail: p{n}@acme.example\n\n"
        )
    };
    std::fs::write(file.path(), (0..entries).map(person).collect::<String>()).unwrap();
    let server = Slapd::start_with(&["--data", file.path().to_str().unwrap()]);
    let (mut read, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let start = Instant::now();
        let status = Command::new("ldapsearch")
            .args(["-x", "-LLL", "-H", &server.url, "-D", PROV, "-w", PASSWORD, "-b", BASE, "-E", "pr=1000/noprompt"])
            .args(["(objectClass=person)", "uid", "cn", "sn", "mail", "objectClass", "entryUUID", "entryCSN"])
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success());
        peer.push(start.elapsed());
        let start = Instant::now();
        let found = runtime.block_on(inventory(&server));
        read.push(start.elapsed());
        assert_eq!(found, entries);
    }
    let (read, peer) = (median(read), median(peer));
    println!("inventory of {entries} entries, median of {runs}");
    println!("ldapsearch       {:>7.2} s", peer.as_secs_f64());
    println!("inventory        {:>7.2} s   budget 2.00", read.as_secs_f64());
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn settings(server: &Slapd) -> Settings {
    let values = [("url", server.url.as_str()), ("bind", PROV), ("base", BASE)];
    Settings {
        system: "corp".into(),
        values: values.iter().map(|(name, value)| (Symbol::new(name), Value::text(*value))).collect(),
        secrets: vec![(Symbol::new("password"), PASSWORD.into())],
        ..Settings::default()
    }
}

async fn inventory(server: &Slapd) -> usize {
    let reader = providers::find("ldap").unwrap().reader(settings(server)).await.unwrap();
    let ask = Ask { now: Timestamp::default(), grants: &[], accounts: &[], progress: &|_| {} };
    reader.inventory(&ask).await.unwrap().accounts.len()
}

/// Entries, groups, and members, with nothing else: what apply makes, sent as fast as the server takes it.
async fn all(server: &Slapd, people: usize) {
    let connection = Arc::new(Connection::open(&LdapSettings::read(&settings(server), true).unwrap()).await.unwrap());
    side_by_side(&connection, vec![Request::bind(PROV, PASSWORD)]).await;
    let value = |text: String| vec![text.into_bytes()];
    let dn = |n: usize| format!("uid=p{n:05},ou=people,{BASE}");
    let adds = (0..people).map(|n| {
        let attributes = [
            ("objectClass".to_owned(), value("inetOrgPerson".into())),
            ("uid".to_owned(), value(format!("p{n:05}"))),
            ("cn".to_owned(), value(format!("Person p{n:05}"))),
            ("sn".to_owned(), value(format!("p{n:05}"))),
            ("mail".to_owned(), value(format!("p{n:05}@acme.example"))),
        ];
        Request::add(&dn(n), &attributes)
    });
    side_by_side(&connection, adds.collect()).await;
    let group = |n: usize| format!("cn=team{n:03},ou=groups,{BASE}");
    let teams = people.div_ceil(MEMBERS);
    let adds = (0..teams).map(|n| {
        let attributes = [
            ("objectClass".to_owned(), value("groupOfNames".into())),
            ("cn".to_owned(), value(format!("team{n:03}"))),
            ("member".to_owned(), value(String::new())),
        ];
        Request::add(&group(n), &attributes)
    });
    side_by_side(&connection, adds.collect()).await;
    let members = (0..teams).map(|n| {
        let own = n * MEMBERS..((n + 1) * MEMBERS).min(people);
        Request::modify(&group(n), &[Modification::add("member", own.map(|n| dn(n).into_bytes()).collect())])
    });
    side_by_side(&connection, members.collect()).await;
}

async fn side_by_side(connection: &Arc<Connection>, requests: Vec<Request>) {
    let mut running = JoinSet::new();
    for request in requests {
        while running.len() >= IN_FLIGHT {
            running.join_next().await.unwrap().unwrap();
        }
        let connection = Arc::clone(connection);
        running.spawn(async move {
            let answer = connection.call(&request, &[]).await.unwrap();
            assert_eq!(answer.code.0, 0, "{}", answer.said());
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}
