//! People that are pushed: `tenure watch --listen`, with real clients, and with those that no server should have to meet.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

mod client;
mod events;
mod held;
mod hostile;
mod issuer;
mod kill;
#[path = "../run/mod.rs"]
mod run;
mod tls;
mod watching;

use reqwest::Method;
use serde_json::json;

use run::Folder;
use watching::{ACCESS, GROUP, TOKEN, Watching, check};

#[tokio::test(flavor = "multi_thread")]
async fn who_is_pushed_gets_access_and_who_is_switched_off_loses_it() {
    let watching = Watching::start();
    let ada = watching.user("ada").await;
    watching.until("directory/chat/accounts.jsonl", |accounts| accounts.contains("ada"));
    let group = json!({"schemas": [GROUP], "displayName": "Engineering", "members": [{"value": ada}]});
    let group = watching.send(Method::POST, "/Groups", &group).await.expect(201);
    watching.until("directory/chat/memberships.jsonl", |members| members.contains("ada"));
    let member = format!("/Groups/{}", group["id"].as_str().unwrap());
    let operation = json!({"op": "remove", "path": format!("members[value eq \"{ada}\"]")});
    watching.patch(&member, operation).await.expect(200);
    watching.until("directory/chat/memberships.jsonl", |members| !members.contains("ada"));
    // As Entra writes it.
    let operation = json!({"op": "Replace", "path": "active", "value": "False"});
    assert_eq!(watching.patch(&format!("/Users/{ada}"), operation).await.expect(200)["active"], false);
    let accounts = watching.until("directory/chat/accounts.jsonl", |accounts| accounts.contains("\"active\":false"));
    assert_eq!(accounts, "{\"id\":\"ada\",\"active\":false,\"attributes\":{\"login\":\"ada\"}}\n");
    let folder = watching.stop();
    assert!(folder.read("watch.log").ends_with("\"event\":\"stopped\"}\n"), "{}", folder.read("watch.log"));
    // Any command reads what was pushed.
    assert!(folder.run("plan", 0).starts_with("Nothing to change"));
    assert!(!folder.read("watch.log").contains(TOKEN) && !folder.read("acme.tenure").contains(TOKEN));
}

/// Who only reads what was pushed needs no token, and comes to the same plan.
#[tokio::test(flavor = "multi_thread")]
async fn only_who_listens_needs_the_token() {
    let watching = Watching::start();
    watching.user("ada").await;
    watching.until("directory/chat/accounts.jsonl", |accounts| accounts.contains("ada"));
    let mut folder = watching.stop();
    folder.write("access.hcl", &ACCESS.replace("login = self.login\n", "login = upper(self.login)\n"));
    let digest = |folder: &Folder| folder.plan(2)["digest"].as_str().unwrap().to_owned();
    let with = digest(&folder);
    folder.environment.clear();
    assert_eq!(digest(&folder), with);
    let said = |arguments: &str| {
        let output = folder.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap().trim().to_owned()
    };
    insta::assert_snapshot!(said("watch --listen 127.0.0.1:0"), @r#"
    error: env: the environment variable HR_PUSH_TOKEN is not set
      --> access.hcl:11:14
       |
    11 |   token    = env("HR_PUSH_TOKEN")
       |              ^^^^^^^^^^^^^^^^^^^^
       |
       = hint: set it where tenure runs: export HR_PUSH_TOKEN=...

    1 error in 1 file
    "#);
    folder.run("apply --auto-approve", 0);
    folder.run("watch --once", 0);
    folder.run("who person.ada", 0);
    // What else is wrong with it is told as ever.
    folder.write("access.hcl", &ACCESS.replace("env(\"HR_PUSH_TOKEN\")", "envv(\"HR_PUSH_TOKEN\")"));
    insta::assert_snapshot!(said("plan"), @r#"
    error: there is no function "envv"
      --> access.hcl:11:14
       |
    11 |   token    = envv("HR_PUSH_TOKEN")
       |              ^^^^
       |
       = hint: did you mean "env"?

    1 error in 1 file
    "#);
}

/// They keep nobody else out, and are told once.
#[tokio::test(flavor = "multi_thread")]
async fn members_who_are_not_there_are_told_and_keep_nobody_out() {
    let watching = Watching::start();
    let ada = watching.user("ada").await;
    let group = json!({"schemas": [GROUP], "displayName": "Engineering", "members": [{"value": "stale"}]});
    let group = watching.send(Method::POST, "/Groups", &group).await.expect(201);
    let group = format!("/Groups/{}", group["id"].as_str().unwrap());
    let members =
        json!({"op": "replace", "path": "members", "value": [{"value": "stale"}, {"value": "x"}, {"value": ada}]});
    for _ in 0..2 {
        let shown = watching.patch(&group, members.clone()).await.expect(200);
        assert_eq!(shown["members"].as_array().unwrap().len(), 3);
    }
    watching.until("directory/chat/memberships.jsonl", |members| members.contains("ada"));
    let log = watching.stop().read("watch.log");
    let told = log.lines().filter(|line| line.contains("\"event\":\"pushed\""));
    let told: Vec<&str> = told.map(|line| line.split_once("\"what\":").unwrap().1).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "the group \"Engineering\" has members who are not here: \"stale\""}
    "the group \"Engineering\" has members who are not here: \"x\""}
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checks_for_scim_servers_pass() {
    let watching = Watching::start();
    let base = watching.base();
    let header = format!("Authorization: Bearer {TOKEN}");
    let told = check("scim2", &["--url", &base, "--header", &header, "test"]);
    let results: Vec<&str> = told.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase())).collect();
    let results: Vec<&str> = results.into_iter().filter(|line| !line.starts_with("Performing ")).collect();
    assert!(results.len() >= 133 && results.iter().all(|line| line.starts_with("SUCCESS ")), "{told}");
    let told = check("scim-sanity", &["probe", &base, "--token", TOKEN, "--i-accept-side-effects"]);
    assert!(told.contains("28 passed, 3 skipped, 31 total"), "{told}");
}

/// The client of others resolves nothing by itself: what refers to what is ours to find.
#[tokio::test(flavor = "multi_thread")]
async fn the_bulk_request_of_anothers_client_is_answered_as_it_expects() {
    let watching = Watching::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/inbound/bulk.py");
    let told = check("python", &[script, &watching.base(), TOKEN]);
    assert_eq!(told, "POST 201 all made\nPOST 201 ada made\nDELETE 404 None not made\n");
    let all = watching.get("/Groups").await.expect(200);
    assert_eq!(all["Resources"][0]["members"][0]["display"], "ada");
    assert_eq!(watching.total().await, 1);
}
