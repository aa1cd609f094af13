//! What stands in the files.

use state::Outcome;

use crate::helper::{Bench, account, account_at, done, group, place, revoke, update};

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
