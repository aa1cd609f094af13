//! What stands in the files.

use state::{Action, Order, Outcome, Target};
use tenure_providers::Ask;

use crate::helper::{Bench, account, account_at, attributes, done, group, place, revoke, update};

#[tokio::test]
async fn what_is_never_written_to_is_empty_and_is_not_made() {
    let bench = Bench::new();
    let observed = bench.inventory().await.unwrap();
    assert!(observed.accounts.is_empty() && observed.groups.is_empty());
    let writer = bench.writer().await;
    writer.close().await.unwrap();
    assert!(!bench.folder.exists());
}

#[tokio::test]
async fn files_are_sorted_and_readable_after_a_run() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    let ids = done(
        writer
            .execute(&[
                account("grace", r#"{"login":"grace","mail":"grace@acme.example"}"#),
                account("ada", r#"{"login":"ada","mail":"ada@acme.example"}"#),
                account_at("account.corp[\"0xAda\"]", r#"{"login":"0xAda"}"#),
                group("engineering", r#"{"name":"Engineering"}"#),
                group("team[\"k8s/sig-x\"]", "{}"),
            ])
            .await,
    );
    assert_eq!(ids, ["grace", "ada", "0xAda", "engineering", "team.k8s/sig-x"]);
    done(
        writer
            .execute(&[place("engineering", "grace", r#"{"role":"owner"}"#), place("engineering", "ada", "{}")])
            .await,
    );
    done(
        writer
            .execute(&[update("ada", r#"{"mail":"ada@acme.example"}"#, r#"{"mail":""}"#), revoke("engineering", "ada")])
            .await,
    );
    assert!(bench.text("log.jsonl").is_some(), "durable before the end");
    writer.close().await.unwrap();
    assert_eq!(bench.text("log.jsonl"), None);
    let text = ["directory.json", "accounts.jsonl", "groups.jsonl", "memberships.jsonl", "grants.jsonl"]
        .map(|name| format!("== {name}\n{}", bench.text(name).unwrap()));
    assert_eq!(
        text.concat(),
        r#"== directory.json
{"format":1}
== accounts.jsonl
{"id":"0xAda","attributes":{"login":"0xAda"}}
{"id":"ada","attributes":{"login":"ada"}}
{"id":"grace","attributes":{"login":"grace","mail":"grace@acme.example"}}
== groups.jsonl
{"id":"engineering","attributes":{"name":"Engineering"}}
{"id":"team.k8s/sig-x"}
== memberships.jsonl
{"group":"engineering","member":"grace","attributes":{"role":"owner"}}
== grants.jsonl
"#
    );
}

#[tokio::test]
async fn a_second_writer_is_told_who_writes() {
    let bench = Bench::new();
    let first = bench.writer().await;
    done(first.execute(&[account("ada", "{}")]).await);
    let Err(error) =
        tenure_providers::Provider::writer(&tenure_providers::directory::Directory, bench.settings.clone()).await
    else {
        panic!("two writers")
    };
    assert_eq!(
        bench.plain(&error.message).replace(&bench.folder.display().to_string(), "FOLDER"),
        format!("FOLDER is being written by process {}", std::process::id())
    );
    drop(first);
    done(bench.writer().await.execute(&[account("grace", "{}")]).await);
    assert_eq!(bench.inventory().await.unwrap().accounts.len(), 2);
}

#[tokio::test]
async fn hand_edits_are_taken_up_by_readers_and_by_a_running_writer() {
    let bench =
        Bench::holding(&[("accounts.jsonl", "{\"id\":\"z\"}\r\n\n{\"id\":\"a\",\"attributes\":{\"mail\":\"\"}}")]);
    let observed = bench.inventory().await.unwrap();
    assert_eq!(observed.accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ["a", "z"]);
    assert!(observed.accounts.iter().all(|account| account.attributes.is_empty()));

    let writer = bench.writer().await;
    done(writer.execute(&[account("b", "{}")]).await);
    bench.write("accounts.jsonl", "{\"id\":\"a\",\"attributes\":{\"mail\":\"a@acme.example\"}}\n{\"id\":\"z\"}\n");
    let outcomes = writer.execute(&[update("a", "{}", r#"{"mail":"other@acme.example"}"#)]).await;
    assert!(matches!(&outcomes[..], [Outcome::Stale(Some(_))]), "{outcomes:?}");
    writer.close().await.unwrap();
    assert_eq!(
        bench.text("accounts.jsonl").unwrap(),
        r#"{"id":"a","attributes":{"mail":"a@acme.example"}}
{"id":"b"}
{"id":"z"}
"#
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_while_another_writes_sees_whole_calls() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    done(writer.execute(&[group("all", "{}")]).await);
    let mut readers = tokio::task::JoinSet::new();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    for _ in 0..2 {
        let (reader, stop) = (bench.reader().await, std::sync::Arc::clone(&stop));
        readers.spawn(async move {
            let (mut seen, mut last) = (0, 0);
            while !stop.load(std::sync::atomic::Ordering::Relaxed) || seen == 0 {
                let observed = reader
                    .inventory(&Ask { now: Default::default(), grants: &[], accounts: &[], progress: &|_| {} })
                    .await
                    .unwrap();
                // Each call makes three accounts; the next call puts them into the group.
                let (accounts, members) = (observed.accounts.len(), observed.memberships.len());
                assert!(accounts % 3 == 0 && (members == accounts || members + 3 == accounts), "{accounts} {members}");
                assert!(accounts >= last, "{accounts} after {last}");
                (seen, last) = (seen + 1, accounts);
            }
        });
    }
    let mut writer = writer;
    for round in 0..30 {
        let names = ["a", "b", "c"].map(|letter| format!("{letter}{round}"));
        done(writer.execute(&names.each_ref().map(|name| account(name, "{}"))).await);
        done(writer.execute(&names.each_ref().map(|name| place("all", name, "{}"))).await);
        if round % 5 == 4 {
            writer.close().await.unwrap();
            writer = bench.writer().await;
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
}

#[tokio::test]
async fn the_lines_in_the_documentation_are_a_directory_and_stay_as_they_are() {
    let page = include_str!("../../../docs/providers/directory.md");
    let (mut name, mut files) = ("", std::collections::BTreeMap::<&str, String>::new());
    for line in page.lines() {
        let Some((before, json)) = line.split_once("  {\"") else { continue };
        name = if before.trim().is_empty() { name } else { before.trim() };
        files.entry(name).or_default().push_str(&format!("{{\"{json}\n"));
    }
    files.remove("directory.json");
    assert_eq!(
        files.keys().copied().collect::<Vec<_>>(),
        ["accounts.jsonl", "grants.jsonl", "groups.jsonl", "memberships.jsonl", "owned.jsonl"]
    );
    let shown: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let bench = Bench::holding(&shown);
    let writer = bench.writer().await;
    // Three of the files are touched, so that they are written anew.
    let more = [account("zoe", "{}"), group("zoo", "{}")];
    done(writer.execute(&more).await);
    done(writer.execute(&[place("zoo", "zoe", "{}")]).await);
    writer.close().await.unwrap();
    for (name, text) in shown {
        assert!(bench.text(name).unwrap().starts_with(text), "{name}");
    }
}

#[tokio::test]
async fn archived_accounts_and_what_is_owned_stand_in_files_too() {
    let bench = Bench::holding(&[
        ("accounts.jsonl", "{\"id\":\"ada\",\"attributes\":{\"login\":\"ada\"}}\n{\"id\":\"grace\"}\n"),
        (
            "owned.jsonl",
            "{\"account\":\"ada\",\"owned\":[{\"place\":\"sales\",\"kind\":\"table\",\"name\":\"orders\"}]}\n",
        ),
    ]);
    let observed = bench.inventory().await.unwrap();
    let owned = &observed.owned[..];
    assert_eq!(owned.iter().map(|own| (own.account.as_str(), own.count)).collect::<Vec<_>>(), [("ada", 1)]);
    let writer = bench.writer().await;
    let archive = Order { action: Action::Archive, before: None, ..update("ada", "{}", "{}") };
    let after = attributes(r#"{"to":"grace","owned":[{"kind":"table","name":"orders","place":"sales"}]}"#);
    let target = Some(Target::Owned("ada".into()));
    let transfer = Order { action: Action::Transfer, target, after, ..archive.clone() };
    done(writer.execute(&[archive, transfer]).await);
    // Seen while it stands in the log alone, and afterwards.
    for closed in [false, true] {
        if closed {
            writer.close().await.unwrap();
        }
        let observed = bench.inventory().await.unwrap();
        assert_eq!(observed.accounts[0].attributes.get("@archived".into()), Some(&true.into()));
        assert!(!observed.accounts[0].active);
        assert_eq!(observed.owned[0].account, "grace");
    }
    assert_eq!(
        [bench.text("accounts.jsonl").unwrap(), bench.text("owned.jsonl").unwrap()].concat(),
        r#"{"id":"ada","active":false,"archived":true,"attributes":{"login":"ada"}}
{"id":"grace"}
{"account":"grace","owned":[{"kind":"table","name":"orders","place":"sales"}]}
"#
    );
}

#[tokio::test]
async fn what_is_owned_has_one_owner_who_is_there() {
    let thing = r#"{"place":"sales","kind":"table","name":"orders"}"#;
    let owned = |account: &str, thing: &str| format!("{{\"account\":\"{account}\",\"owned\":[{thing}]}}\n");
    for (text, said) in [
        (owned("eve", thing), "owned.jsonl:1: there is no account with the id `eve`"),
        (
            owned("ada", thing) + &owned("grace", thing),
            "owned.jsonl:2: the table `orders` in sales is that of `ada` already",
        ),
        (owned("ada", thing) + &owned("ada", thing), "owned.jsonl:2: the same as line 1: each thing stands once"),
        (owned("ada", r#"{"place":"sales","kind":"table"}"#), "owned.jsonl:1:58: missing field `name`"),
        ("ada".into(), "owned.jsonl:1:1: expected value"),
    ] {
        let accounts = "{\"id\":\"ada\"}\n{\"id\":\"grace\"}\n";
        let bench = Bench::holding(&[("accounts.jsonl", accounts), ("owned.jsonl", &text)]);
        let error = bench.inventory().await.unwrap_err();
        assert_eq!(error.lines().next().unwrap(), said, "{text}");
    }
}
