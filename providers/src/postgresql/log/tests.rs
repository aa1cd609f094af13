//! Stories of logs, and whom they name.

use std::fmt::Write as _;

use rustc_hash::FxHashSet;
use state::Timestamp;

use super::author::{Index, Question, Silence, Wanted, author};
use super::deed::Setting;
use super::history::events;
use super::line::{Line, Zones};
use super::record::{Format, records};

/// A log out of rows `USER SESSION/TRANSACTION TITLE: MESSAGE`, a second apart; a title `!` is a complaint with its SQLSTATE
/// as the message, `?` one without effect.
fn log(rows: &str) -> String {
    let mut text = String::new();
    for (n, row) in rows.trim().lines().enumerate() {
        let (head, message) = row.trim().split_once(": ").unwrap();
        let mut words = head.splitn(3, ' ');
        let (user, of, title) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let (session, transaction) = of.split_once('/').unwrap();
        let (title, severity, state, message) = match title {
            "!" => ("x", "ERROR", message, "it failed"),
            "?" => ("x", "WARNING", message, "it had no effect"),
            "in" => ("idle in transaction", "LOG", "00000", message),
            title => (title, "LOG", "00000", message),
        };
        let message = if matches!(title, "idle" | "idle in transaction") {
            format!("statement: {message}")
        } else {
            message.to_owned()
        };
        let (user, backend) =
            if user == "-" { (String::new(), "startup") } else { (format!("\"{user}\""), "client backend") };
        let application = if user == "\"tenure\"" { "tenure" } else { "psql" };
        writeln!(
            text,
            "2026-11-28 08:{:02}:{:02}.000 CET,{user},\"db\",1,\"10.0.0.5:4\",{session},1,\"{title}\",2026-11-28 08:00:00 \
             CET,3/{transaction},0,{severity},{state},\"{}\",,,,,,,,,\"{application}\",\"{backend}\",,0",
            n / 60,
            n % 60,
            message.replace('"', "\"\"")
        )
        .unwrap();
    }
    text
}

/// Whom a log names.
fn answer(rows: &str, wanted: Wanted, open: &[&str], since: Option<&str>) -> String {
    let text = log(rows);
    let (mut lines, mut zones) = (Vec::new(), Zones::default());
    records(Format::Csv, text.as_bytes(), |record| lines.extend(Line::of(&record)));
    zones.learn("CET".to_owned(), 3_600_000);
    let open: FxHashSet<String> = open.iter().map(|open| (*open).to_owned()).collect();
    let until: Timestamp = "2026-11-28T08:00:00Z".parse().unwrap();
    let index = Index::new(events(&lines, &zones, &open, until));
    let question = Question { wanted, since: since.map(|since| since.parse().unwrap()) };
    match author(&index, &question, |event| event.line.application == "tenure") {
        Err(Silence::Nobody) => "nobody".to_owned(),
        Err(Silence::Undecided) => "undecided".to_owned(),
        Ok(found) => {
            let at = found.at.to_string();
            let before =
                if found.before.is_empty() { String::new() } else { format!(" before: {}", found.before.join(" ")) };
            format!("{} {} {}{before}", found.user, found.command, &at[14..19])
        }
    }
}

fn login(on: bool) -> Wanted {
    Wanted::Set { role: "ada".to_owned(), attribute: "login", to: Some(Setting::Truth(on)) }
}

fn member(given: bool) -> Wanted {
    Wanted::Member { group: "readers".to_owned(), member: "ada".to_owned(), given }
}

#[track_caller]
fn says(expected: &str, wanted: Wanted, rows: &str) {
    assert_eq!(answer(rows, wanted, &[], None), expected, "{rows}");
}

#[test]
fn whoever_did_it_is_named() {
    says("bob ALTER ROLE 00:00", login(false), "bob a/1 idle: ALTER ROLE ada NOLOGIN");
    says(
        "bob ALTER ROLE 00:01",
        login(false),
        "x a/1 idle: ALTER ROLE bob NOLOGIN\nbob b/2 idle: ALTER USER \"ada\" NOLOGIN CREATEDB;",
    );
    says("bob ALTER ROLE 00:00", login(false), "bob a/1 idle: SELECT 1; ALTER ROLE ada NOLOGIN; SELECT 2");
    says("bob GRANT 00:00", member(true), "bob a/1 idle: GRANT x, readers TO carol, ada");
    says("bob CREATE ROLE 00:00", member(true), "bob a/1 idle: CREATE ROLE ada IN ROLE readers");
    says(
        "bob REVOKE 00:01",
        member(false),
        "carol a/1 idle: GRANT readers TO ada\nbob a/2 idle: REVOKE readers FROM ada",
    );
    says("bob ALTER ROLE 00:00", member(false), "bob a/1 idle: ALTER GROUP readers DROP USER ada");
    let admin = || Wanted::Option { group: "readers".into(), member: "ada".into(), option: "admin", on: true };
    says("bob GRANT 00:00", admin(), "bob a/1 idle: GRANT readers TO ada WITH ADMIN OPTION");
    says(
        "nobody",
        admin(),
        "bob a/1 idle: GRANT readers TO ada WITH ADMIN OPTION\nx b/2 idle: REVOKE readers FROM ada",
    );
}

#[test]
fn the_last_is_named_and_that_others_did_the_same() {
    let rows = "bob a/1 idle: ALTER ROLE ada NOLOGIN\ncarol b/2 idle: ALTER ROLE ada NOLOGIN";
    says("carol ALTER ROLE 00:01 before: bob", login(false), rows);
    let rows =
        "dan z/1 idle: ALTER ROLE ada NOLOGIN\nx y/1 idle: ALTER ROLE ada LOGIN\nbob a/1 idle: ALTER ROLE ada NOLOGIN";
    says("bob ALTER ROLE 00:02", login(false), rows);
}

#[test]
fn whose_statement_failed_is_not_named() {
    says("nobody", login(false), "eve a/1 idle: ALTER ROLE ada NOLOGIN\neve a/1 !: 42501");
    says(
        "bob ALTER ROLE 00:00",
        login(false),
        "bob a/1 idle: ALTER ROLE ada NOLOGIN\neve b/2 idle: ALTER ROLE ada NOLOGIN\neve b/2 !: 42501",
    );
    says("nobody", login(false), "eve a/1 idle: ALTER ROLE ada NOLOGIN; SELECT 1/0\neve a/1 !: 22012");
    // The failure of another session or transaction is none of this one.
    says(
        "bob ALTER ROLE 00:00",
        login(false),
        "bob a/1 idle: ALTER ROLE ada NOLOGIN\neve b/1 !: 42501\nbob a/2 !: 42501",
    );
    // A failed attempt to put it right changes nothing.
    says(
        "bob ALTER ROLE 00:00",
        login(false),
        "bob a/1 idle: ALTER ROLE ada NOLOGIN\neve b/2 idle: ALTER ROLE ada LOGIN\neve b/2 !: 42501",
    );
    // "role ada is not a member of role readers"
    says("undecided", member(false), "eve a/1 idle: REVOKE readers FROM ada\neve a/1 ?: 01000");
}

#[test]
fn whose_transaction_may_have_been_rolled_back_is_not_named() {
    says("undecided", login(false), "eve a/1 in: ALTER ROLE ada NOLOGIN");
    says("undecided", login(false), "eve a/1 idle: BEGIN; ALTER ROLE ada NOLOGIN; ROLLBACK");
    says("undecided", login(false), "eve a/1 idle: BEGIN\neve a/1 in: ALTER ROLE ada NOLOGIN\neve a/1 in: ROLLBACK");
    says(
        "undecided",
        login(false),
        "eve a/1 idle: BEGIN\neve a/1 in: SAVEPOINT s\neve a/1 in: ALTER ROLE ada NOLOGIN\neve a/1 in: COMMIT",
    );
    says(
        "undecided",
        login(false),
        "eve a/1 idle: BEGIN\neve a/1 in: ALTER ROLE ada NOLOGIN\neve a/1 !: 22012\neve a/1 in: COMMIT",
    );
    says("undecided", login(false), "eve a/1 ALTER ROLE: execute <unnamed>: ALTER ROLE ada NOLOGIN");
    // Before or after whoever did it for certain.
    says(
        "bob ALTER ROLE 00:01",
        login(false),
        "eve a/1 in: ALTER ROLE ada NOLOGIN\nbob b/2 idle: ALTER ROLE ada NOLOGIN",
    );
    says(
        "bob ALTER ROLE 00:00",
        login(false),
        "bob b/2 idle: ALTER ROLE ada NOLOGIN\neve a/1 in: ALTER ROLE ada NOLOGIN",
    );
    // A text is not compared: eve's may be the one.
    let comment = || Wanted::Set { role: "ada".into(), attribute: "comment", to: None };
    says("bob COMMENT 00:00", comment(), "bob b/2 idle: COMMENT ON ROLE ada IS 'x'");
    says("undecided", comment(), "bob b/2 idle: COMMENT ON ROLE ada IS 'x'\neve a/1 in: COMMENT ON ROLE ada IS 'y'");
}

#[test]
fn a_transaction_that_the_log_has_whole_counts() {
    says(
        "bob ALTER ROLE 00:01",
        login(false),
        "bob a/1 idle: BEGIN\nbob a/1 in: ALTER ROLE ada NOLOGIN\nbob a/1 in: COMMIT",
    );
    says("bob ALTER ROLE 00:00", login(false), "bob a/1 idle: BEGIN; ALTER ROLE ada NOLOGIN; COMMIT");
    says(
        "bob ALTER ROLE 00:01",
        login(false),
        "bob a/1 BEGIN: execute S_1: BEGIN\nbob a/1 ALTER ROLE: execute <unnamed>: ALTER ROLE ada NOLOGIN\nbob a/1 COMMIT: execute S_2: COMMIT",
    );
    says("undecided", login(false), "bob a/1 idle: BEGIN\nbob a/1 in: ALTER ROLE ada NOLOGIN\nbob a/2 in: COMMIT");
}

#[test]
fn what_is_under_way_or_was_lost_is_not_told() {
    let rows = "bob a/1 idle: ALTER ROLE ada NOLOGIN";
    assert_eq!(answer(rows, login(false), &["3/1"], None), "undecided");
    assert_eq!(answer(rows, login(false), &["3/2"], None), "bob ALTER ROLE 00:00");
    says("undecided", login(false), &format!("{rows}\n- -/0 startup: recovery"));
    says(
        "bob ALTER ROLE 00:00",
        login(false),
        &format!("{rows}\nbob a/2 idle: ALTER ROLE x NOLOGIN\n- -/0 startup: recovery"),
    );
    assert_eq!(answer(rows, login(false), &[], Some("2026-11-28T07:00:00Z")), "bob ALTER ROLE 00:00");
    assert_eq!(answer(rows, login(false), &[], Some("2026-11-28T07:00:01Z")), "nobody");
}

#[test]
fn what_the_last_statement_contradicts_is_not_told() {
    let rows = "bob a/1 idle: ALTER ROLE ada NOLOGIN";
    for last in [
        "x b/2 idle: ALTER ROLE ada LOGIN",
        "x b/2 in: ALTER ROLE ada LOGIN",
        "x b/2 idle: ALTER ROLE CURRENT_USER LOGIN",
        "x b/2 idle: ALTER ROLE ada SOMETHING",
        "x b/2 idle: ALTER ROLE U&\"\\0061da\" LOGIN",
        "x b/2 idle: DROP ROLE ada",
        "x b/2 in: CREATE ROLE ada",
        "tenure b/2 idle: ALTER ROLE ada NOLOGIN",
        "tenure b/2 in: SAVEPOINT part; ALTER ROLE ada LOGIN; RELEASE part",
    ] {
        says("nobody", login(false), &format!("{rows}\n{last}"));
    }
    for other in
        ["x b/2 idle: ALTER ROLE eve LOGIN", "x b/2 idle: ALTER ROLE ada CREATEDB", "x b/2 idle: GRANT a TO ada"]
    {
        says("bob ALTER ROLE 00:00", login(false), &format!("{rows}\n{other}"));
    }
}

#[test]
fn what_tenure_did_itself_is_nobody_elses() {
    says("nobody", login(false), "tenure a/1 idle: ALTER ROLE ada NOLOGIN");
    says(
        "nobody",
        login(false),
        "bob a/1 idle: ALTER ROLE ada NOLOGIN\ntenure b/2 idle: BEGIN; ALTER ROLE ada LOGIN; COMMIT",
    );
}

#[test]
fn names_are_those_of_the_time() {
    let renamed = "bob a/1 idle: ALTER ROLE old NOLOGIN\nx b/2 idle: ALTER ROLE old RENAME TO ada";
    says("bob ALTER ROLE 00:00", login(false), renamed);
    // Another role had the name.
    let other = "bob a/1 idle: ALTER ROLE ada NOLOGIN\nx b/2 idle: ALTER ROLE ada RENAME TO eve\nx b/3 idle: ALTER ROLE old RENAME TO ada";
    says("nobody", login(false), other);
    says(
        "nobody",
        login(false),
        "bob a/1 idle: ALTER ROLE ada NOLOGIN\nx b/2 idle: DROP ROLE ada\nx b/3 idle: CREATE ROLE ada",
    );
    says("nobody", login(false), "bob a/1 idle: ALTER ROLE old NOLOGIN\nx b/2 in: ALTER ROLE old RENAME TO ada");
    let named = |now: &str| Wanted::Named { now: now.into(), before: "ada".into() };
    says("bob ALTER ROLE 00:00", named("eve"), "bob a/1 idle: ALTER ROLE ada RENAME TO eve");
    says(
        "x ALTER ROLE 00:01 before: bob",
        named("zoe"),
        "bob a/1 idle: ALTER ROLE ada RENAME TO eve\nx a/2 idle: ALTER ROLE eve RENAME TO zoe",
    );
}

#[test]
fn who_dropped_a_role() {
    let gone = || Wanted::Dropped { role: "ada".to_owned() };
    says("bob DROP ROLE 00:00", gone(), "bob a/1 idle: DROP ROLE IF EXISTS x, ada");
    says("bob DROP ROLE 00:01", gone(), "x a/1 idle: ALTER ROLE ada RENAME TO eve\nbob a/2 idle: DROP ROLE eve");
    // The one that was made anew is dropped by somebody else.
    says(
        "bob DROP ROLE 00:00",
        gone(),
        "bob a/1 idle: DROP ROLE ada\nx a/2 idle: CREATE ROLE ada\neve a/3 idle: DROP ROLE ada",
    );
    says("nobody", gone(), "x a/2 idle: CREATE ROLE ada\neve a/3 idle: DROP ROLE ada");
    says("nobody", gone(), "x a/2 in: ALTER ROLE ada RENAME TO eve\neve a/3 idle: DROP ROLE ada");
    says("nobody", gone(), "tenure a/2 idle: DROP ROLE ada");
    says("nobody", gone(), "eve a/1 in: DROP ROLE ada\nx a/2 idle: CREATE ROLE ada\nbob a/3 idle: DROP ROLE ada");
}

#[test]
fn what_a_function_logs_is_not_believed() {
    let record = "2026-11-28 08:00:00.000 CET,\"eve\",\"db\",1,\"[local]\",a,1,\"TITLE\",2026-11-28 08:00:00 CET,3/1,0,LOG,00000,\
                  \"MESSAGE\",,,,,\"CONTEXT\",,,,\"psql\",\"client backend\",,0\n";
    let is_line = |title: &str, message: &str, context: &str| {
        let record = record.replace("TITLE", title).replace("MESSAGE", message).replace("CONTEXT", context);
        let mut lines = 0;
        records(Format::Csv, record.as_bytes(), |record| lines += usize::from(Line::of(&record).is_some()));
        lines == 1
    };
    let statement = "statement: ALTER ROLE ada NOLOGIN";
    assert!(is_line("idle", statement, ""));
    assert!(is_line("idle", "Anweisung: ALTER ROLE ada NOLOGIN", ""));
    assert!(!is_line("DO", statement, ""));
    assert!(!is_line("idle", statement, "PL/pgSQL function f() line 1 at RAISE"));
    assert!(!is_line("SELECT", "execute a: ALTER ROLE ada NOLOGIN", "PL/pgSQL function f() line 1 at RAISE"));
}
