//! kill -9 in the middle of pushes: what was answered is there, and nothing is there by half.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::Method;
use serde_json::json;

use crate::watching::{GROUP, PATCH, TOKEN, USER, Watching, eventually};

/// Users that were answered, by id; whether each was put into the group, and whether that was answered.
type Answered = Mutex<BTreeMap<String, (String, bool)>>;

/// Pushes users, each into a group, until the server is gone.
async fn push(origin: String, group: String, worker: usize, answered: &Answered) {
    let client = reqwest::Client::new();
    for number in 0.. {
        let name = format!("{origin}-{worker}-{number}");
        let user = json!({"schemas": [USER], "userName": name, "externalId": name}).to_string();
        let send = |method: Method, path: &str, body: String| {
            let request = client.request(method, format!("{origin}/scim/hr/v2{path}")).bearer_auth(TOKEN);
            request.header("content-type", "application/scim+json").body(body).send()
        };
        let Ok(created) = send(Method::POST, "/Users", user).await else { return };
        assert_eq!(created.status(), 201);
        let location = created.headers()["location"].to_str().unwrap().to_owned();
        let id = location.rsplit('/').next().unwrap().to_owned();
        answered.lock().unwrap().insert(id.clone(), (name, false));
        let operation = json!({"op": "add", "path": "members", "value": [{"value": id}]});
        let operations = json!({"schemas": [PATCH], "Operations": [operation]}).to_string();
        let Ok(given) = send(Method::PATCH, &format!("/Groups/{group}"), operations).await else { return };
        assert!(given.status().is_success(), "{}", given.status());
        answered.lock().unwrap().get_mut(&id).unwrap().1 = true;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_outlives_a_kill() {
    let mut watching = Watching::start();
    let group = json!({"schemas": [GROUP], "displayName": "Everybody"});
    let group = watching.send(Method::POST, "/Groups", &group).await.expect(201);
    let group = group["id"].as_str().unwrap().to_owned();
    let answered: &'static Answered = Box::leak(Box::default());
    for round in 1..=4 {
        let pushing: Vec<_> =
            (0..8).map(|worker| tokio::spawn(push(watching.origin.clone(), group.clone(), worker, answered))).collect();
        eventually("enough is answered", || (answered.lock().unwrap().len() >= round * 40).then_some(()));
        let folder = watching.kill();
        for worker in pushing {
            worker.await.unwrap();
        }
        watching = Watching::on(folder, "--listen 127.0.0.1:0");
        let members = watching.get(&format!("/Groups/{group}")).await.expect(200);
        let members: Vec<&str> =
            members["members"].as_array().unwrap().iter().map(|member| member["value"].as_str().unwrap()).collect();
        let known = answered.lock().unwrap().clone();
        for (id, (name, given)) in &known {
            let user = watching.get(&format!("/Users/{id}")).await.expect(200);
            assert_eq!(user["userName"], **name);
            assert!(!given || members.contains(&id.as_str()), "{name} was put into the group");
        }
        // At most what each worker was about to push is there beside it.
        let total = watching.total().await;
        assert!((known.len() as u64..=known.len() as u64 + 8 * round as u64).contains(&total), "{total}");
    }
    watching.stop().run("plan", 0);
}
