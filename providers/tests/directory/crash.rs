//! Killed at any point: what was answered is there, and what was not is there whole or not at all.

use std::fs;
use std::path::Path;

use state::{Observed, Order};

use crate::helper::{Bench, account, done, group, place, revoke, update};

/// Calls that touch the same things again and again.
fn calls() -> Vec<Vec<Order>> {
    vec![
        vec![account("ada", r#"{"mail":"ada@acme.example"}"#), account("grace", "{}"), group("engineering", "{}")],
        vec![place("engineering", "ada", r#"{"role":"owner"}"#), place("engineering", "grace", "{}")],
        vec![update("ada", r#"{"mail":"ada@acme.example"}"#, r#"{"mail":"","title":"Countess"}"#)],
        vec![revoke("engineering", "ada"), account("Zoë", r#"{"mail":"zoë@acme.example"}"#)],
        vec![place("engineering", "ada", r#"{"role":"member"}"#), revoke("engineering", "grace")],
        vec![update("ada", r#"{"title":"Countess"}"#, r#"{"title":"Lady"}"#), group("research", "{}")],
    ]
}

/// Everything, as text.
fn world(observed: &Observed) -> String {
    let Observed { accounts, groups, memberships, grants, .. } = observed;
    format!("{accounts:?} {groups:?} {memberships:?} {grants:?}")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

struct Run {
    /// After no call, after the first, ...
    worlds: Vec<String>,
    /// The length of the log then.
    lengths: Vec<usize>,
    /// The folder as the last call left it, before the end of the run.
    killed: Bench,
    /// The folder after the end of the run.
    ended: Bench,
}

async fn run() -> Run {
    let bench = Bench::holding(&[("accounts.jsonl", "{\"id\":\"before\",\"active\":false}\n")]);
    let killed = Bench::new();
    let writer = bench.writer().await;
    let mut worlds = vec![world(&bench.inventory().await.unwrap())];
    let mut lengths = vec![0];
    for call in calls() {
        done(writer.execute(&call).await);
        worlds.push(world(&bench.inventory().await.unwrap()));
        lengths.push(bench.text("log.jsonl").unwrap().len());
    }
    copy(&bench.folder, &killed.folder);
    writer.close().await.unwrap();
    Run { worlds, lengths, killed, ended: bench }
}

#[tokio::test]
async fn a_log_cut_at_any_byte_gives_the_calls_before_the_cut() {
    let Run { worlds, lengths, killed, .. } = run().await;
    let log = fs::read(killed.folder.join("log.jsonl")).unwrap();
    assert_eq!(log.len(), *lengths.last().unwrap());
    for cut in 0..=log.len() {
        fs::write(killed.folder.join("log.jsonl"), &log[..cut]).unwrap();
        let calls = lengths.iter().rposition(|length| *length <= cut).unwrap();
        assert_eq!(world(&killed.inventory().await.unwrap()), worlds[calls], "reading, cut at {cut}");
        if cut % 61 == 0 || lengths.contains(&cut) {
            let bench = Bench::new();
            copy(&killed.folder, &bench.folder);
            // The next writer goes on from there, and what it does is not lost behind the torn end.
            let writer = bench.writer().await;
            assert_eq!(world(&bench.inventory().await.unwrap()), worlds[calls], "taken over, cut at {cut}");
            done(writer.execute(&[account("later", "{}")]).await);
            let now = world(&bench.inventory().await.unwrap());
            assert_ne!(now, worlds[calls]);
            writer.close().await.unwrap();
            assert_eq!(world(&bench.inventory().await.unwrap()), now, "closed, cut at {cut}");
        }
    }
}

#[tokio::test]
async fn a_block_of_the_last_line_that_never_reached_the_disk_is_no_damage() {
    let Run { worlds, lengths, killed, .. } = run().await;
    let mut log = fs::read(killed.folder.join("log.jsonl")).unwrap();
    let start = lengths[lengths.len() - 2];
    log[start + 20..start + 60].fill(0);
    fs::write(killed.folder.join("log.jsonl"), &log).unwrap();
    assert_eq!(world(&killed.inventory().await.unwrap()), worlds[worlds.len() - 2]);
}

#[tokio::test]
async fn one_flipped_bit_anywhere_in_the_log_is_found() {
    let Run { killed, .. } = run().await;
    let log = fs::read(killed.folder.join("log.jsonl")).unwrap();
    for at in 0..log.len() {
        let mut flipped = log.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(killed.folder.join("log.jsonl"), &flipped).unwrap();
        let error = killed.inventory().await.expect_err(&format!("byte {at}"));
        assert!(error.starts_with("log.jsonl:"), "byte {at}: {error}");
    }
}

#[tokio::test]
async fn a_crash_between_any_two_steps_of_the_end_of_a_run_changes_nothing() {
    let Run { worlds, killed, ended, .. } = run().await;
    let last = worlds.last().unwrap();
    assert_eq!(world(&ended.inventory().await.unwrap()), *last);
    let names = ["accounts.jsonl", "groups.jsonl", "memberships.jsonl", "grants.jsonl"];
    for mix in 0..1 << names.len() {
        let bench = Bench::new();
        copy(&killed.folder, &bench.folder);
        for (n, name) in names.iter().enumerate() {
            if mix & 1 << n != 0 {
                fs::copy(ended.folder.join(name), bench.folder.join(name)).unwrap();
            } else {
                // A half-written new file beside it.
                bench.write(&format!("{name}.new"), "{\"id\":\"ha");
            }
        }
        assert_eq!(world(&bench.inventory().await.unwrap()), *last, "mix {mix:04b}");
        let writer = bench.writer().await;
        writer.close().await.unwrap();
        for name in names {
            assert_eq!(bench.text(name), ended.text(name), "mix {mix:04b}");
        }
        assert_eq!(bench.text("log.jsonl"), None);
    }
}

#[tokio::test]
async fn a_directory_that_was_never_finished_is_empty_and_can_be_finished() {
    for made in 0..=4 {
        let bench = Bench::new();
        fs::create_dir_all(&bench.folder).unwrap();
        for name in ["accounts.jsonl", "groups.jsonl", "memberships.jsonl", "grants.jsonl"].iter().take(made) {
            bench.write(name, "");
        }
        assert!(bench.inventory().await.unwrap().accounts.is_empty());
        let writer = bench.writer().await;
        done(writer.execute(&[account("ada", "{}")]).await);
        drop(writer);
        assert_eq!(bench.inventory().await.unwrap().accounts.len(), 1);
    }
}

#[tokio::test]
async fn an_edit_by_hand_beside_a_log_is_kept_or_told_never_lost() {
    let Run { killed, ended, .. } = run().await;
    // Of something else: both hold.
    let edited = format!("{}{}", killed.text("accounts.jsonl").unwrap(), "{\"id\":\"hand\"}\n");
    killed.write("accounts.jsonl", &edited);
    let ids = |observed: Observed| observed.accounts.iter().map(|account| account.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(killed.inventory().await.unwrap()), ["Zoë", "ada", "before", "grace", "hand"]);
    // Of the same thing: told, with the line that settles it.
    killed.write("accounts.jsonl", &format!("{edited}{{\"id\":\"ada\",\"attributes\":{{\"title\":\"Queen\"}}}}\n"));
    assert_eq!(
        killed.inventory().await.unwrap_err(),
        "accounts.jsonl:3: edited by hand while log.jsonl held a change of the same thing (Account(\"ada\")) that was \
         not in the file yet, after a run that did not end properly\n\
         let that line be {\"id\":\"ada\",\"attributes\":{\"title\":\"Lady\"}}, as the log says; run tenure, and edit \
         it again then"
    );
    killed.write("accounts.jsonl", &format!("{edited}{{\"id\":\"ada\",\"attributes\":{{\"title\":\"Lady\"}}}}\n"));
    assert_eq!(ids(killed.inventory().await.unwrap()), ["Zoë", "ada", "before", "grace", "hand"]);
    drop(killed.writer().await);
    assert_eq!(killed.text("memberships.jsonl"), ended.text("memberships.jsonl"));
    assert_eq!(killed.text("log.jsonl"), None);
}
