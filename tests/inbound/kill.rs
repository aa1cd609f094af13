//! kill -9 in the middle of pushes: what was answered is there, and nothing is there by half. When it is stopped, what was
//! not answered is not there, either.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Mutex;

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::run::Folder;
use crate::watching::{ACCESS, Answer, GROUP, PATCH, TOKEN, USER, Watching, eventually};

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

/// A group for everybody; its id.
async fn everybody(watching: &Watching) -> String {
    let group = json!({"schemas": [GROUP], "displayName": "Everybody"});
    let group = watching.send(Method::POST, "/Groups", &group).await.expect(201);
    group["id"].as_str().unwrap().to_owned()
}

/// Eight who push people into the group until nobody answers.
fn pushing(watching: &Watching, group: &str, answered: &'static Answered) -> Vec<JoinHandle<()>> {
    (0..8).map(|worker| tokio::spawn(push(watching.origin.clone(), group.to_owned(), worker, answered))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_outlives_a_kill() {
    let mut watching = Watching::start();
    let group = everybody(&watching).await;
    let answered: &'static Answered = Box::leak(Box::default());
    for round in 1..=4 {
        let pushing = pushing(&watching, &group, answered);
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

/// SIGTERM in the middle of pushes: what is under way is answered, and what is not answered was not done.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_all_that_is_there_after_a_stop() {
    let mut watching = Watching::start();
    let group = everybody(&watching).await;
    let answered: &'static Answered = Box::leak(Box::default());
    for round in 1..=3 {
        let pushing = pushing(&watching, &group, answered);
        eventually("enough is answered", || (answered.lock().unwrap().len() >= round * 60).then_some(()));
        let folder = watching.stop();
        for worker in pushing {
            worker.await.unwrap();
        }
        assert!(folder.read("watch.log").ends_with("\"event\":\"stopped\"}\n"));
        watching = Watching::on(folder, "--listen 127.0.0.1:0");
        let known = answered.lock().unwrap().clone();
        assert_eq!(watching.total().await, known.len() as u64);
        let members = watching.get(&format!("/Groups/{group}")).await.expect(200);
        let members = members["members"].as_array().unwrap().iter().map(|member| member["value"].as_str().unwrap());
        let given = known.iter().filter(|(_, (_, given))| *given).map(|(id, _)| id.as_str());
        assert_eq!(members.collect::<BTreeSet<_>>(), given.collect::<BTreeSet<_>>());
    }
}

/// Of a bulk request that was answered all is there; of one that was not, what came first at most.
#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_request_that_was_answered_outlives_a_kill() {
    const EACH: usize = 40;
    let watching = Watching::start();
    let answered: &'static Mutex<Vec<usize>> = Box::leak(Box::default());
    let url = format!("{}/Bulk", watching.base());
    let pushing = tokio::spawn(async move {
        let client = reqwest::Client::new();
        for request in 0.. {
            let operation = |number: usize| {
                let user = json!({"schemas": [USER], "userName": format!("u-{request}-{number}")});
                json!({"method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": user})
            };
            let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
            let operations: Vec<_> = (0..EACH).map(operation).collect();
            let body = json!({"schemas": [schema], "Operations": operations}).to_string();
            let sent = client.post(&url).bearer_auth(TOKEN).header("content-type", "application/scim+json").body(body);
            let Ok(done) = sent.send().await else { return };
            let Ok(told) = done.text().await else { return };
            assert_eq!(told.matches("\"201\"").count(), EACH, "{told}");
            answered.lock().unwrap().push(request);
        }
    });
    eventually("enough is answered", || (answered.lock().unwrap().len() >= 10).then_some(()));
    let folder = watching.kill();
    pushing.await.unwrap();
    let watching = Watching::on(folder, "--listen 127.0.0.1:0");
    let last = answered.lock().unwrap().len();
    let all = watching.total().await as usize;
    assert!((last * EACH..=(last + 1) * EACH).contains(&all), "{all} of {last} requests");
    for number in 0..all {
        let name = format!("u-{}-{}", number / EACH, number % EACH);
        let found = watching.get(&format!("/Users?count=0&filter=userName%20eq%20%22{name}%22")).await.expect(200);
        assert_eq!(found["totalResults"], 1, "{name}");
    }
}

/// No file may grow beyond 32 KiB: what is on the disk then is what was answered.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_disk_does_not_take_is_refused_and_leaves_nothing_behind() {
    let mut folder = Folder::new(&[("access.hcl", ACCESS)]);
    folder.environment.push(("HR_PUSH_TOKEN".into(), TOKEN.into()));
    let mut command = Command::new("bash");
    let limited = "trap '' XFSZ; ulimit -f 32; exec \"$0\" watch --json --listen 127.0.0.1:0";
    command.args(["-c", limited, env!("CARGO_BIN_EXE_tenure")]).current_dir(folder.path());
    command.envs(folder.environment.iter().cloned());
    let watching = Watching::by(folder, command, "http");
    let user = |name: usize| json!({"schemas": [USER], "userName": format!("u{name}"), "title": "x".repeat(1_000)});
    let send = |name: usize| {
        let request = watching.request(Method::POST, "/Users").header("content-type", "application/scim+json");
        let body = user(name).to_string();
        async move { (name, Answer::of(request.body(body).send().await.unwrap()).await) }
    };
    // For these there is room; of those that come at once, those that share a write fail together.
    let mut answers = Vec::new();
    for name in 0..15 {
        answers.push(send(name).await);
    }
    answers.extend(futures_util::future::join_all((15..40).map(send)).await);
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| answer.status == 201);
    assert!(taken.len() >= 15 && refused.len() >= 10, "{} and {}", taken.len(), refused.len());
    for (name, answer) in refused {
        assert!(answer.text.contains("pushed.jsonl") || answer.text.contains("nothing was changed"), "{}", answer.text);
        assert_eq!(answer.refusal(), "503");
        let found = watching.get(&format!("/Users?filter=userName%20eq%20%22u{name}%22")).await.expect(200);
        assert_eq!(found["totalResults"], 0);
    }
    let there = taken.len() as u64;
    assert_eq!(watching.total().await, there);
    let watching = Watching::on(watching.kill(), "--listen 127.0.0.1:0");
    assert_eq!(watching.total().await, there);
    watching.user("eve").await;
    assert_eq!(watching.total().await, there + 1);
}
