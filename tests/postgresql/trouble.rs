//! Bad input and bad luck, through the whole program: a clear error with the address, nothing half-done, and a record that
//! tells of every intent what came of it. What others of the provider's tests show without the program is not repeated:
//! certificates (`providers/tests/postgresql/connection.rs`), kills (`postgresql.rs`).

use state::record::Text;

use super::cluster::{Cluster, PASSWORD};
use super::run::{Folder, texts};
use super::{psql, until};

const SYSTEM: &str = r#"
settings { state = "company.tenure" }
variable "url" { type = string }
system "warehouse" {
  provider     = "postgresql"
  url          = var.url
  password     = env("WAREHOUSE_PASSWORD")
  lock_timeout = 1
  match        = self.login == account.name
  account {
    name    = self.login
    comment = self.title
  }
}
role "staff" {
  when   = true
  access = [system.warehouse]
}
"#;

/// A folder whose system is reached as `user`.
fn folder(cluster: &Cluster, user: &str, files: &str) -> Folder {
    let url = cluster.url_of(user, "postgres");
    let environment = [("TENURE_VAR_url", url.as_str()), ("WAREHOUSE_PASSWORD", PASSWORD)];
    Folder::begun(&[("system.hcl", SYSTEM), ("files.hcl", files)], &environment)
}

fn person(key: &str, login: &str, title: &str) -> String {
    format!("person {key:?} {{\n  login = {login:?}\n  title = {title:?}\n}}\n")
}

/// All that the program says, where it ends with this code.
#[track_caller]
fn said(folder: &Folder, arguments: &str, code: i32) -> String {
    let output = folder.command(arguments).output().unwrap();
    let (printed, said) = texts(&output);
    let all = format!("{printed}{said}");
    assert_eq!(output.status.code(), Some(code), "tenure {arguments}\n{all}");
    assert!(!all.contains(PASSWORD) && !all.contains("not-the-password"), "{all}");
    all
}

#[track_caller]
fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

/// The record verifies, and every intent has its outcome.
#[track_caller]
fn complete(folder: &Folder) {
    folder.run("state verify", 0);
    let bytes = std::fs::read(folder.path().join("company.tenure")).unwrap();
    let recorded = Text::new(&bytes).unwrap().replay().unwrap();
    assert!(recorded.open.is_empty(), "{:?}", recorded.open);
    assert!(recorded.oddities.is_empty(), "{:?}", recorded.oddities);
}

/// The comment of a role; empty where there is none.
fn comment(cluster: &Cluster, role: &str) -> String {
    cluster
        .run("postgres", &format!("SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '{role}'"))
}

/// Waits, in a transaction, until tenure waits for its locks.
const TENURE_WAITS: &str = "DO $$ BEGIN LOOP PERFORM pg_stat_clear_snapshot(); \
    EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'tenure' AND wait_event_type = 'Lock'); \
    PERFORM pg_sleep(0.01); END LOOP; END $$";

#[test]
fn a_wrong_password_and_a_catalog_that_may_not_be_read_are_no_empty_system() {
    let cluster = Cluster::start();
    cluster.run("postgres", &format!("CREATE ROLE tenure LOGIN CREATEROLE PASSWORD '{PASSWORD}'"));
    let mut folder = folder(&cluster, "tenure", &person("ada", "ada", "Countess"));
    folder.run("apply --auto-approve", 0);
    folder.environment[1].1 = "not-the-password".into();
    let all = said(&folder, "apply --auto-approve", 3);
    contains(
        &all,
        &[
            "incomplete-read",
            "password authentication failed for user \"tenure\"",
            "check password in the system block",
        ],
    );

    // As on servers that somebody else runs: no superuser, and parts of the catalog are closed.
    cluster.run("postgres", "REVOKE SELECT ON pg_auth_members FROM PUBLIC");
    folder.environment[1].1 = PASSWORD.into();
    folder.write("files.hcl", "");
    let all = said(&folder, "apply --auto-approve", 3);
    contains(&all, &["incomplete-read", "permission denied for table pg_auth_members", "give the role that tenure"]);
    assert_eq!(comment(&cluster, "ada"), "Countess");
    complete(&folder);

    // With the rest closed that others than a superuser need not see, everything works.
    cluster.run(
        "postgres",
        "GRANT SELECT ON pg_auth_members TO PUBLIC; \
         REVOKE ALL ON pg_authid, pg_shadow, pg_db_role_setting, pg_user_mappings, pg_file_settings FROM PUBLIC",
    );
    folder.write("files.hcl", &(person("ada", "ada", "Lady") + &person("grace", "grace", "Admiral")));
    folder.run("apply --auto-approve", 0);
    folder.run("plan --detailed-exitcode", 0);
    assert_eq!([comment(&cluster, "ada"), comment(&cluster, "grace")], ["Lady", "Admiral"]);
    complete(&folder);
}

#[test]
fn locks_that_others_hold_end_in_a_refusal_and_the_next_apply_goes_on() {
    let cluster = Cluster::start();
    let folder = folder(&cluster, "postgres", &person("ada", "ada", "Countess"));
    folder.run("apply --auto-approve", 0);
    folder.write("files.hcl", &(person("ada", "ada", "Lady") + &person("grace", "grace", "Admiral")));
    let mut locker = psql(&cluster, "BEGIN; LOCK TABLE pg_authid IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(600)");
    until(|| {
        cluster.run(
            "postgres",
            "SELECT count(*) FROM pg_locks WHERE relation = 'pg_authid'::regclass AND mode = 'ShareRowExclusiveLock'",
        ) == "1"
    });
    let all = said(&folder, "apply --auto-approve", 1);
    contains(
        &all,
        &[
            "account.warehouse.ada",
            "account.warehouse.grace",
            "canceling statement due to lock timeout (SQLSTATE 55P03)",
            "raise lock_timeout",
        ],
    );
    assert_eq!([comment(&cluster, "ada"), comment(&cluster, "grace")], ["Countess", ""]);
    complete(&folder);
    cluster.run("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()");
    let _ = locker.wait();
    folder.run("apply --auto-approve", 0);
    folder.run("plan --detailed-exitcode", 0);
    assert_eq!([comment(&cluster, "ada"), comment(&cluster, "grace")], ["Lady", "Admiral"]);

    // A deadlock, which the server ends at tenure's cost: tried again, and done.
    folder.write("system.hcl", &SYSTEM.replace("lock_timeout = 1", "lock_timeout = 30"));
    folder.write("files.hcl", &(person("ada", "ada", "Dame") + &person("grace", "grace", "Admiral")));
    let mut other = psql(
        &cluster,
        &format!(
            "SET deadlock_timeout = '20s'; BEGIN; LOCK TABLE pg_shdescription IN SHARE ROW EXCLUSIVE MODE; {TENURE_WAITS}; \
             LOCK TABLE pg_authid IN SHARE ROW EXCLUSIVE MODE; COMMIT"
        ),
    );
    until(|| {
        cluster.run("postgres", "SELECT count(*) FROM pg_locks WHERE relation = 'pg_shdescription'::regclass AND mode = 'ShareRowExclusiveLock'") == "1"
    });
    folder.run("apply --auto-approve", 0);
    assert!(other.wait().unwrap().success());
    assert!(folder.read("company.tenure").contains("deadlock detected (SQLSTATE 40P01)"));
    assert_eq!(comment(&cluster, "ada"), "Dame");
    folder.run("plan --detailed-exitcode", 0);
    complete(&folder);
}

#[test]
fn a_role_that_is_dropped_behind_our_back() {
    let cluster = Cluster::start();
    let both = |title: &str| person("ada", "ada", title) + &person("grace", "grace", title);
    let folder = folder(&cluster, "postgres", &both("one"));
    folder.run("apply --auto-approve", 0);
    // Between a plan that is kept and its apply: the plan is refused.
    folder.write("files.hcl", &both("two"));
    folder.run("plan --out kept.plan --detailed-exitcode", 2);
    cluster.run("postgres", "CREATE ROLE unrelated LOGIN; DROP ROLE ada");
    let all = said(&folder, "apply kept.plan", 3);
    contains(&all, &["held: stale-plan", "account.warehouse.ada"]);
    assert_eq!(comment(&cluster, "grace"), "one");
    // Nobody makes her again unasked; the others go on.
    let all = said(&folder, "apply --auto-approve", 3);
    contains(&all, &["vanished", "account.warehouse.ada"]);
    assert_eq!(comment(&cluster, "grace"), "two");
    complete(&folder);

    // Between the inventory of an apply and its call.
    folder.write(
        "files.hcl",
        &(both("three") + "forget { address = \"account.warehouse.ada\" }\n")
            .replacen("person \"ada\"", "person \"eve\"", 1)
            .replace("login = \"ada\"", "login = \"eve\""),
    );
    let mut other = psql(
        &cluster,
        &format!("BEGIN; LOCK TABLE pg_authid IN SHARE ROW EXCLUSIVE MODE; {TENURE_WAITS}; DROP ROLE grace; COMMIT"),
    );
    until(|| {
        cluster.run(
            "postgres",
            "SELECT count(*) FROM pg_locks WHERE relation = 'pg_authid'::regclass AND mode = 'ShareRowExclusiveLock'",
        ) == "1"
    });
    let all = said(&folder, "apply --auto-approve", 3);
    assert!(other.wait().unwrap().success());
    contains(&all, &["account.warehouse.grace", "it changed since the plan: it is gone"]);
    // What has nothing to do with it is done.
    assert_eq!([comment(&cluster, "eve"), comment(&cluster, "grace")], ["three", ""]);
    complete(&folder);
}

#[test]
fn names_that_cannot_be_and_names_that_are_only_odd() {
    let cluster = Cluster::start();
    // Cut after 63 bytes, two of them would be one.
    let long = "l".repeat(63);
    let files =
        person("one", &format!("{long}1"), "") + &person("two", &format!("{long}2"), "") + &person("three", &long, "");
    let all = said(&folder(&cluster, "postgres", &files), "apply --auto-approve", 1);
    contains(
        &all,
        &[
            "account.warehouse.one",
            "account.warehouse.two",
            "has 64 bytes: PostgreSQL would cut it after 63",
            "give it a shorter name",
        ],
    );
    let names = || cluster.run("postgres", "SELECT rolname FROM pg_roles WHERE oid >= 16384 ORDER BY oid");
    assert_eq!(names(), long);

    let odd = ["O'Brien", "say \"hi\"", "two words", "🦀", "x\"; DROP ROLE postgres; --", "Ünïcode", "$$", "\\"];
    let mut files: String = odd.iter().enumerate().map(|(n, name)| person(&format!("p{n}"), name, name)).collect();
    let members: Vec<String> = (0..odd.len()).map(|n| format!("person.p{n}")).collect();
    files += &format!(
        "group \"warehouse\" \"odd\" {{\n  name = \"g\\\"; DROP TABLE t; --\"\n  members = [{}]\n  grants = [{{ database = \
         \"postgres\", schema = \"s'x\", objects = \"tables\", name = \"t \\\"🦀\\\"\", privileges = [\"SELECT\"] }}]\n}}\n",
        members.join(", ")
    );
    cluster.run("postgres", "CREATE SCHEMA \"s'x\" CREATE TABLE \"t \"\"🦀\"\"\" (i int)");
    let folder = folder(&cluster, "postgres", &files);
    folder.run("apply --auto-approve", 0);
    folder.run("plan --detailed-exitcode", 0);
    assert_eq!(names().lines().skip(1).filter(|name| odd.contains(name)).count(), odd.len(), "{}", names());
    let held = "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE r.rolname LIKE 'g\"; DROP%'; \
                SELECT grantee::regrole FROM pg_class, aclexplode(relacl) WHERE relname LIKE 't %' AND grantee <> relowner";
    assert_eq!(cluster.run("postgres", held), format!("{}\n\"g\"\"; DROP TABLE t; --\"", odd.len()));
    // They leave as they came.
    folder.write("files.hcl", &files.replacen("person.p0, ", "", 1));
    folder.run("apply --auto-approve", 0);
    folder.run("plan --detailed-exitcode", 0);
    complete(&folder);
}

#[test]
fn groups_in_a_circle_are_refused_by_the_server_where_the_files_cannot_know() {
    let cluster = Cluster::start();
    cluster.run("postgres", "CREATE ROLE inner_one; CREATE ROLE outer_one; GRANT inner_one TO outer_one");
    let files = "group \"warehouse\" \"inner\" {\n  name = \"inner_one\"\n}\n\
                 group \"warehouse\" \"outer\" {\n  name = \"outer_one\"\n  members = [group.warehouse.inner]\n}\n";
    let folder = folder(&cluster, "postgres", files);
    folder.run("apply --auto-approve", 0);
    let all = said(&folder, "apply --auto-approve", 1);
    contains(&all, &["membership.warehouse.outer.group.inner", "(SQLSTATE 0LP01)", "take one out of the other"]);
    complete(&folder);
}

#[test]
fn what_a_leaver_owns_in_a_closed_database_is_not_half_handed_over() {
    let cluster = Cluster::start();
    cluster.run(
        "postgres",
        &format!("CREATE ROLE tenure LOGIN CREATEROLE IN ROLE pg_signal_backend PASSWORD '{PASSWORD}'"),
    );
    cluster.run("postgres", "CREATE DATABASE closed");
    cluster.run("postgres", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
    let policy = "offboarding \"standard\" { transfer_to = person.grace }\n";
    let ada = person("ada", "ada", "Countess").replace("}\n", "  offboarding = offboarding.standard\n}\n");
    let files = policy.to_owned() + &ada + &person("grace", "grace", "Admiral");
    let folder = folder(&cluster, "tenure", &files);
    folder.run("apply --auto-approve", 0);
    cluster.run("closed", "CREATE TABLE theirs (i int); ALTER TABLE theirs OWNER TO ada");
    cluster.run("postgres", "CREATE TABLE here (i int); ALTER TABLE here OWNER TO ada; GRANT ada, grace TO tenure");
    folder.write("files.hcl", &files.replace("  offboarding =", "  status = \"left\"\n  offboarding ="));
    folder.run("apply --auto-approve", 0);
    let all = said(&folder, "apply --auto-approve", 1);
    contains(&all, &["account.warehouse.ada", "permission denied for database \"closed\""]);
    let owners = |database: &str| {
        cluster.run(database, "SELECT relowner::regrole FROM pg_class WHERE relname IN ('here', 'theirs')")
    };
    assert_eq!([owners("postgres"), owners("closed")], ["ada", "ada"]);
    complete(&folder);
    cluster.run("postgres", "GRANT CONNECT ON DATABASE closed TO tenure");
    cluster.run("closed", "GRANT CREATE ON SCHEMA public TO PUBLIC");
    cluster.run("postgres", "GRANT CREATE ON SCHEMA public TO PUBLIC");
    folder.run("apply --auto-approve", 0);
    assert_eq!([owners("postgres"), owners("closed")], ["grace", "grace"]);
    complete(&folder);
}
