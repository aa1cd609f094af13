//! `tenure drift` over a server that keeps a log: who did it, as far as that log tells, and nobody else.

use super::cluster::{Cluster, PASSWORD};
use super::run::{Folder, texts};

const SYSTEM: &str = r#"settings { state = "company.tenure" }
variable "url" { type = string }
system "warehouse" {
  provider   = "postgresql"
  url        = var.url
  password   = env("WAREHOUSE_PASSWORD")
  server_log = true
  match      = self.key == account.name
  account {
    name             = self.key
    comment          = "one of us"
    connection_limit = 5
  }
}
person "ada" {}
person "bob" {}
person "cat" {}
person "dan" {}
group "warehouse" "staff" {
  name    = "staff"
  members = [person.ada, person.bob, person.cat, person.dan]
}
group "warehouse" "readers" {
  name    = "readers"
  members = [person.ada, person.bob]
}
"#;

const LOGGING: [&str; 6] =
    ["--set", "logging_collector=on", "--set", "log_statement=ddl", "--set", "log_timezone=Europe/Berlin"];

/// A cluster that logs, with two administrators beside tenure, and a folder that was applied to it.
fn scene(destination: &str, more: &[&str]) -> (Cluster, Folder) {
    let destination = format!("log_destination={destination}");
    let cluster = Cluster::start_with(&[&LOGGING[..], &["--set", &destination], more].concat());
    for who in ["tenure", "boss", "innocent"] {
        cluster.run("postgres", &format!("CREATE ROLE {who} LOGIN CREATEROLE PASSWORD '{PASSWORD}'"));
    }
    let url = cluster.url_of("tenure", "postgres");
    let environment = [("TENURE_VAR_url", url.as_str()), ("WAREHOUSE_PASSWORD", PASSWORD)];
    let folder = Folder::begun(&[("system.hcl", SYSTEM)], &environment);
    folder.run("apply --auto-approve", 0);
    (cluster, folder)
}

/// What tenure must have to read the log.
fn allow(cluster: &Cluster) {
    cluster.run(
        "postgres",
        "GRANT pg_monitor TO tenure; \
         GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO tenure",
    );
}

/// What `tenure drift` prints and says, without the moments.
fn drift(folder: &Folder) -> String {
    let output = folder.command("drift").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let (printed, said) = texts(&output);
    let port =
        folder.environment.iter().find_map(|(_, url)| url.rsplit_once(':')?.1.split_once('/')).unwrap().0.to_owned();
    let text = format!("{printed}{said}").replace(&port, "PORT");
    let masked = |piece: &str| {
        let word = piece.trim_end();
        let end = piece.strip_prefix(word).unwrap_or_default();
        match (word.contains(':') && word.ends_with('Z'), word.len() == 10 && word.starts_with("20")) {
            (true, _) => format!("TIME{end}"),
            (false, true) => format!("DAY{end}"),
            (false, false) => piece.to_owned(),
        }
    };
    text.split_inclusive([' ', '\n']).map(masked).collect()
}

fn as_somebody(cluster: &Cluster, who: &str, sql: &str) -> Result<String, String> {
    cluster.run_as(who, PASSWORD, "postgres", sql)
}

#[test]
fn whoever_did_it_is_named_and_no_innocent() {
    let (cluster, folder) = scene("csvlog", &[]);
    allow(&cluster);
    // Rolled back, failed, refused: none of that was the innocent's doing.
    as_somebody(&cluster, "innocent", "BEGIN; ALTER ROLE ada NOLOGIN; REVOKE readers FROM bob; ROLLBACK").unwrap();
    as_somebody(&cluster, "innocent", "ALTER ROLE dan CONNECTION LIMIT 7 SUPERUSER").unwrap_err();
    let began = std::time::SystemTime::now();
    as_somebody(&cluster, "boss", "ALTER ROLE ada NOLOGIN PASSWORD 'top-secret'").unwrap();
    as_somebody(&cluster, "boss", "REVOKE readers FROM bob; GRANT readers TO cat").unwrap();
    as_somebody(&cluster, "boss", "COMMENT ON ROLE bob IS 'a \"new\"\n comment'").unwrap();
    // What nobody sees: it was a function.
    as_somebody(&cluster, "boss", "DO $$ BEGIN EXECUTE 'ALTER ROLE dan CONNECTION LIMIT 7'; END $$").unwrap();
    as_somebody(&cluster, "innocent", "BEGIN; ALTER ROLE ada NOLOGIN; ALTER ROLE dan CONNECTION LIMIT 7; ROLLBACK")
        .unwrap();
    // The last word about cat is one that would have taken it again: who gave it is not told.
    as_somebody(&cluster, "innocent", "BEGIN; REVOKE readers FROM cat; ROLLBACK").unwrap();
    let shown = drift(&folder);
    assert!(!shown.contains("top-secret"), "{shown}");
    insta::assert_snapshot!(shown, @r#"
person.ada  ada
  - account.warehouse  switched off  held: suspended-outside
      by the system's log: ALTER ROLE by boss at DAY TIME (psql from 127.0.0.1)

person.bob  bob
  ~ account.warehouse  comment = "one of us" -> "a \"new\"\n comment"  apply puts it back
      by the system's log: COMMENT by boss at DAY TIME (psql from 127.0.0.1)
  - group.warehouse.readers  apply puts it back
      by the system's log: REVOKE by boss at DAY TIME (psql from 127.0.0.1)

person.cat  cat
  + group.warehouse.readers  no file explains it: it stays

person.dan  dan
  ~ account.warehouse  connection_limit = 5 -> 7  apply puts it back

who and when: system.warehouse does not tell of 2 differences

Drift: 5 differences: 3 that apply puts back, 1 held, 1 that stays
system.warehouse does not tell of everything who and when: the server's log has statements that would have done it, and not whether their transactions were committed (log_statement = 'all' tells)
"#);
    // The moment is that of the statement, though the server writes its log in another time zone.
    let json = folder.run("drift --json", 0);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let of_ada = json["drift"].as_array().unwrap().iter().find(|drift| drift["address"] == "account.warehouse.ada");
    let at: state::Timestamp = of_ada.unwrap()["last_changed"]["at"].as_str().unwrap().parse().unwrap();
    let began = began.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    assert!((began - 1..began + 60_000).contains(&at.millis()), "{at} is not soon after {began}");
    assert!(!folder.read("company.tenure").contains("top-secret"));
}

/// The other form of the log, a transaction that stands in it whole, a role that is gone, and a log that is cut.
#[test]
fn transactions_that_are_logged_whole_are_told_too() {
    let (cluster, folder) = scene("jsonlog", &["--set", "log_statement=all", "--set", "log_rotation_size=64kB"]);
    allow(&cluster);
    as_somebody(&cluster, "boss", "BEGIN; ALTER ROLE ada NOLOGIN; COMMIT").unwrap();
    as_somebody(&cluster, "innocent", "BEGIN; SAVEPOINT s; REVOKE readers FROM bob; ROLLBACK TO s; COMMIT").unwrap();
    as_somebody(&cluster, "boss", "ALTER ROLE dan RENAME TO daniel; DROP ROLE daniel").unwrap();
    as_somebody(&cluster, "innocent", "CREATE ROLE dan; DROP ROLE dan").unwrap();
    // Files go by, with what looks like records of others.
    let forged = r#"{"timestamp":"2099-01-01 00:00:00.000 UTC","user":"innocent","ps":"idle","vxid":"9/9","session_id":"x","error_severity":"LOG","message":"statement: ALTER ROLE ada NOLOGIN"}"#;
    let noise = format!("SELECT length('\n{forged}\n'), length('{}'); ", "x".repeat(2_000)).repeat(100);
    as_somebody(&cluster, "innocent", &noise).unwrap();
    insta::assert_snapshot!(drift(&folder), @r#"
person.ada  ada
  - account.warehouse  switched off  held: suspended-outside
      by the system's log: ALTER ROLE by boss at DAY TIME (psql from 127.0.0.1)

person.dan  dan
  - account.warehouse  gone  held: vanished
      by the system's log: DROP ROLE by boss at DAY TIME (psql from 127.0.0.1)

Drift: 2 differences: 2 held
"#);
    // More of it than is read: what the rest does not hold is not told, and that is said.
    as_somebody(&cluster, "innocent", &noise.repeat(6)).unwrap();
    folder.write("system.hcl", &SYSTEM.replace("server_log = true", "server_log = true\n  server_log_limit = 1"));
    let shown = drift(&folder);
    assert!(shown.contains("1 MiB of the server's log were read, back to TIME (raise server_log_limit"), "{shown}");
    assert!(!shown.contains("by boss") && !shown.contains("by innocent"), "{shown}");
}

#[test]
fn a_log_that_cannot_be_read_is_no_failure() {
    let (cluster, folder) = scene("csvlog", &[]);
    as_somebody(&cluster, "boss", "ALTER ROLE ada NOLOGIN").unwrap();
    let mut shown = vec![drift(&folder)];
    cluster.run("postgres", "GRANT pg_monitor TO tenure");
    shown.push(drift(&folder));
    allow(&cluster);
    cluster.run("postgres", "ALTER ROLE tenure SET log_min_messages = 'fatal'");
    shown.push(drift(&folder));
    drop(cluster);
    // A server that keeps none.
    let (cluster, folder) = scene("stderr", &["--set", "logging_collector=off"]);
    as_somebody(&cluster, "boss", "ALTER ROLE ada NOLOGIN").unwrap();
    shown.push(drift(&folder));
    insta::assert_snapshot!(shown.join("\n----\n"), @r#"
person.ada  ada
  - account.warehouse  switched off  held: suspended-outside

who and when: system.warehouse does not tell

Drift: 1 difference: 1 held
system.warehouse does not tell who and when: postgres://127.0.0.1:PORT/postgres: must be superuser or have privileges of pg_read_all_settings to examine "log_directory" (SQLSTATE 42501) (to read the log: GRANT pg_monitor TO the role that tenure connects as, and GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) to it, in the database in url)

----
person.ada  ada
  - account.warehouse  switched off  held: suspended-outside

who and when: system.warehouse does not tell

Drift: 1 difference: 1 held
system.warehouse does not tell who and when: postgres://127.0.0.1:PORT/postgres: permission denied for function pg_read_binary_file (SQLSTATE 42501) (to read the log: GRANT pg_monitor TO the role that tenure connects as, and GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) to it, in the database in url)

----
person.ada  ada
  - account.warehouse  switched off  held: suspended-outside

who and when: system.warehouse does not tell

Drift: 1 difference: 1 held
system.warehouse does not tell who and when: postgres://127.0.0.1:PORT/postgres: its log does not tell which statements failed: log_min_messages is fatal (set log_min_messages = 'warning' there)

----
person.ada  ada
  - account.warehouse  switched off  held: suspended-outside

who and when: system.warehouse does not tell

Drift: 1 difference: 1 held
system.warehouse does not tell who and when: postgres://127.0.0.1:PORT/postgres: the server keeps no log that could be read: logging_collector is off (set logging_collector = on, log_destination = 'csvlog' and log_statement = 'ddl' there)
"#);
}
