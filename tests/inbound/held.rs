//! What a source gone mad pushes is held by the safeguards.

use reqwest::Method;
use serde_json::{Value, json};

use crate::watching::{GROUP, USER, Watching};

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_takes_everybody_away_is_held() {
    let watching = Watching::start();
    let mut members = Vec::new();
    for number in 0..12 {
        let name = format!("p{number:02}");
        let user = json!({"schemas": [USER], "userName": name, "externalId": name});
        let user = watching.send(Method::POST, "/Users", &user).await.expect(201);
        members.push(json!({"value": user["id"]}));
    }
    let group = json!({"schemas": [GROUP], "displayName": "Engineering", "members": members});
    let group = watching.send(Method::POST, "/Groups", &group).await.expect(201);
    let group = format!("/Groups/{}", group["id"].as_str().unwrap());
    let given = |text: &str| text.lines().count();
    let (accounts, memberships) = ("directory/chat/accounts.jsonl", "directory/chat/memberships.jsonl");
    watching.until(accounts, |accounts| given(accounts) == 12);
    watching.until(memberships, |memberships| given(memberships) == 12);
    // How many there are goes into the record by a run of somebody's.
    watching.folder.run("apply --auto-approve --lock-timeout 1m", 0);
    // The group is emptied by one careless request; all are deleted, one by one.
    watching.patch(&group, json!({"op": "remove", "path": "members"})).await.expect(200);
    watching.until("watch.log", |log| log.contains(r#""action":"revoke","held":true"#));
    for member in &members {
        let path = format!("/Users/{}", member["value"].as_str().unwrap());
        assert_eq!(watching.send(Method::DELETE, &path, &Value::Null).await.status, 204);
    }
    watching.until("watch.log", |log| log.matches(r#""action":"deactivate","held":true"#).count() >= 9);
    let folder = watching.stop();
    let plan = folder.plan(3);
    let codes: Vec<&str> =
        plan["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"source-shrank") && codes.contains(&"mass-removal"), "{codes:?}");
    let active = folder.read(accounts).lines().filter(|account| !account.contains(r#""active":false"#)).count();
    assert!(active >= 9, "the windows of the limits let three go at most");
    assert!(given(&folder.read(memberships)) >= 9);
}

/// What a push says of somebody are the attributes that this one has: they go with the last one who has them.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_one_who_has_an_attribute_is_not_held() {
    let watching = Watching::start();
    let mut users = Vec::new();
    for number in 0..6 {
        let name = format!("p{number:02}");
        let mut user = json!({"schemas": [USER], "userName": name, "externalId": name});
        if number == 0 {
            user["title"] = "Head of all".into();
        }
        let user = watching.send(Method::POST, "/Users", &user).await.expect(201);
        users.push(format!("/Users/{}", user["id"].as_str().unwrap()));
    }
    let accounts = "directory/chat/accounts.jsonl";
    watching.until(accounts, |accounts| accounts.lines().count() == 6);
    watching.folder.run("apply --auto-approve --lock-timeout 1m", 0);
    for (gone, user) in (1..).zip(&users[..2]) {
        assert_eq!(watching.send(Method::DELETE, user, &Value::Null).await.status, 204);
        watching.until(accounts, |accounts| accounts.matches(r#""active":false"#).count() == gone);
    }
    let folder = watching.stop();
    assert!(!folder.read("watch.log").contains("source-shrank"));
}
