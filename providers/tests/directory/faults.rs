//! What is wrong in the folder: told with file and line, and nothing is read, since a part must not be taken for all.

use std::fs;

use state::{Outcome, Value};
use tenure_providers::{Ask, Provider as _, directory::Directory};

use crate::helper::{Bench, account};

const ADA: (&str, &str) = ("accounts.jsonl", "{\"id\":\"ada\"}\n");

/// Files, the message, the hint.
type Fault = (&'static [(&'static str, &'static str)], &'static str, &'static str);

#[tokio::test]
async fn bad_lines_are_named() {
    let mend =
        "mend this line; nothing was read from the directory, since a part of it must not be taken for the whole";
    let refer = "mend this line, or bring back what it refers to; nothing was read from the directory";
    let twice = "take one of the two lines away";
    let table: [Fault; 17] = [
        (
            &[("accounts.jsonl", "{\"id\":\"ada\"}\n\n{\"id\":\"grace\"")],
            "accounts.jsonl:3:13: EOF while parsing an object",
            mend,
        ),
        (&[("accounts.jsonl", "hello\n")], "accounts.jsonl:1:1: expected value", mend),
        (&[("accounts.jsonl", "{\"id\":\"ada\"} {\"id\":\"b\"}\n")], "accounts.jsonl:1:14: trailing characters", mend),
        (&[("accounts.jsonl", "{\"attributes\":{}}\n")], "accounts.jsonl:1:17: missing field `id`", mend),
        (
            &[("accounts.jsonl", "{\"id\":7}\n")],
            "accounts.jsonl:1:7: invalid type: integer `7`, expected a string",
            mend,
        ),
        (
            &[("accounts.jsonl", "{\"id\":\"ada\",\"mail\":\"\"}\n")],
            "accounts.jsonl:1:18: unknown field `mail`, expected one of `id`, `active`, `archived`, `attributes`",
            mend,
        ),
        (
            &[("accounts.jsonl", "{\"id\":\"ada\",\"attributes\":{\"a\":1,\"a\":2}}\n")],
            "accounts.jsonl:1:38: `a` stands twice",
            mend,
        ),
        (
            &[("accounts.jsonl", "{\"id\":\"ada\",\"attributes\":[]}\n")],
            "accounts.jsonl:1:25: invalid type: sequence, expected an object",
            mend,
        ),
        (
            &[("accounts.jsonl", "{\"id\":\"b\"}\n{\"id\":\"a\"}\n{\"id\":\"b\",\"active\":false}\n")],
            "accounts.jsonl:3: the same as line 1: each thing stands once",
            twice,
        ),
        (
            &[
                ADA,
                ("groups.jsonl", "{\"id\":\"g\"}"),
                (
                    "memberships.jsonl",
                    "{\"group\":\"g\",\"member\":\"ada\"}\n{\"group\":\"g\",\"member\":\"ada\",\"attributes\":{\"role\":\"owner\"}}\n",
                ),
            ],
            "memberships.jsonl:2: the same as line 1: each thing stands once",
            twice,
        ),
        (&[("accounts.jsonl", "{\"id\":\"a\"}\n{\"id\":\"\"}\n")], "accounts.jsonl:2: an account without an id", refer),
        (&[("groups.jsonl", "{\"id\":\"\"}\n")], "groups.jsonl:1: a group without an id", refer),
        (
            &[ADA, ("memberships.jsonl", "{\"group\":\"g\",\"member\":\"ada\"}\n")],
            "memberships.jsonl:1: there is no group with the id `g`",
            refer,
        ),
        (
            &[
                ADA,
                ("groups.jsonl", "{\"id\":\"g\"}"),
                ("memberships.jsonl", "{\"group\":\"g\",\"member\":\"ada\"}\n{\"group\":\"g\",\"member\":\"eve\"}\n"),
            ],
            "memberships.jsonl:2: there is no account with the id `eve`",
            refer,
        ),
        (
            &[
                ADA,
                ("groups.jsonl", "{\"id\":\"g\"}"),
                ("memberships.jsonl", "{\"group\":\"g\",\"member\":\"ada\",\"nested\":true}\n"),
            ],
            "memberships.jsonl:1: there is no group with the id `ada`",
            refer,
        ),
        (
            &[("grants.jsonl", "{\"group\":\"g\",\"attributes\":{\"on\":1}}\n")],
            "grants.jsonl:1: there is no group with the id `g`",
            refer,
        ),
        (
            &[("groups.jsonl", "{\"id\":\"g\",\"attributes\":{\"parent\":\"h\"}}\n")],
            "groups.jsonl:1: `parent` is \"h\", which is no group's id",
            refer,
        ),
    ];
    for (files, message, hint) in table {
        let bench = Bench::holding(files);
        assert_eq!(bench.inventory().await.map(|_| ()), Err(format!("{message}\n{hint}")), "{files:?}");
    }
    let bench = Bench::holding(&[]);
    fs::write(bench.folder.join("accounts.jsonl"), b"{\"id\":\"\xff\"}\n").unwrap();
    let error = bench.inventory().await.unwrap_err();
    assert!(error.starts_with("accounts.jsonl:1:8: invalid unicode code point"), "{error}");
}

#[tokio::test]
async fn what_is_missing_is_not_empty() {
    for name in ["accounts.jsonl", "groups.jsonl", "memberships.jsonl", "grants.jsonl"] {
        let bench = Bench::holding(&[]);
        fs::remove_file(bench.folder.join(name)).unwrap();
        let error = bench.inventory().await.unwrap_err();
        assert!(error.starts_with(&format!("{name} is missing from a directory that had one")), "{error}");
        let writer = Directory.writer(bench.settings.clone()).await;
        assert!(writer.is_err_and(|error| error.message.ends_with("is missing from a directory that had one")));
    }
    let bench = Bench::holding(&[("grants.jsonl", "\n")]);
    fs::remove_file(bench.folder.join("directory.json")).unwrap();
    let error = bench.inventory().await.unwrap_err();
    assert!(error.starts_with("directory.json is missing, but grants.jsonl is there\n"), "{error}");
}

#[tokio::test]
async fn a_directory_that_goes_away_while_it_is_looked_at_is_not_empty() {
    let bench = Bench::holding(&[ADA]);
    let reader = bench.reader().await;
    assert_eq!(
        reader
            .inventory(&Ask { now: Default::default(), grants: &[], accounts: &[], progress: &|_| {} })
            .await
            .unwrap()
            .accounts
            .len(),
        1
    );
    fs::remove_dir_all(&bench.folder).unwrap();
    let gone = "directory.json is gone, and was there in this same run";
    let inventory = reader
        .inventory(&Ask { now: Default::default(), grants: &[], accounts: &[], progress: &|_| {} })
        .await
        .map(|_| ());
    assert_eq!(inventory.map_err(|error| bench.plain(&error.message)), Err(gone.to_owned()));
    let read = reader.read(&[state::Target::Account("ada".into())]).await;
    assert_eq!(read.map_err(|error| bench.plain(&error.message)), Err(gone.to_owned()));
}

#[tokio::test]
async fn what_is_of_another_format_is_not_read() {
    for (mark, message) in [
        ("{\"format\":2}", "directory.json says format 2; this version of tenure knows format 1\n"),
        ("", "directory.json: EOF while parsing a value at line 1 column 0\n"),
        ("[]", "directory.json: invalid length 0"),
    ] {
        let bench = Bench::holding(&[]);
        bench.write("directory.json", mark);
        let error = bench.inventory().await.unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_goes_bad_under_a_running_writer_stops_it_and_stays_as_it_is() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    writer.execute(&[account("ada", "{}")]).await;
    bench.write("accounts.jsonl", "oh no\n");
    let outcomes = writer.execute(&[account("grace", "{}")]).await;
    let [Outcome::Refused { error, .. }] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(bench.plain(error).starts_with("accounts.jsonl:1:1: expected value"), "{error}");
    assert!(writer.close().await.is_err());
    assert_eq!(bench.text("accounts.jsonl").unwrap(), "oh no\n");
    bench.write("accounts.jsonl", "");
    drop(writer);
    drop(bench.writer().await);
    assert_eq!(bench.text("accounts.jsonl").unwrap(), "{\"id\":\"ada\"}\n");
}

#[tokio::test]
async fn settings_that_make_no_sense_are_told() {
    let text = |text: &str| Value::text(text);
    for (name, value, message) in [
        ("path", text("../elsewhere"), "system.corp: `path` leads to ../elsewhere, out of the configuration folder"),
        ("path", text("/etc"), "system.corp: `path` leads to /etc, out of the configuration folder"),
        ("path", text(""), "system.corp: `path` is string (\"\")"),
        ("account_key", Value::Integer(1), "system.corp: `account_key` is number (1)"),
        ("grant_key", text("repository"), "system.corp: `grant_key` is string (\"repository\")"),
        ("nested_groups", text("no"), "system.corp: `nested_groups` is string (\"no\")"),
    ] {
        let bench = Bench::with(&[(name, value)]);
        let Err(error) = Directory.reader(bench.settings.clone()).await else { panic!("{message}") };
        assert_eq!(error.message, message);
    }
    #[cfg(unix)]
    {
        let (bench, outside) = (Bench::new(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), bench.settings.folder.join("directory")).unwrap();
        let Err(error) = Directory.reader(bench.settings.clone()).await else { panic!("a link leads out") };
        let start = "system.corp: `path` leads to directory/corp, which a link leads out of the configuration folder";
        assert!(error.message.starts_with(start), "{}", error.message);
    }
}
