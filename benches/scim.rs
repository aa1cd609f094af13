//! apply over SCIM beside a bare client: the same requests to the same server, as many at once, over kept connections.
//!
//! `cargo bench --bench scim` (after `scripts/servers/install`); `RUNS=N` says how often (3), `PEOPLE=N` how many (400).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../tests/run/mod.rs"]
mod run;
#[path = "../providers/tests/servers/mod.rs"]
mod servers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use run::Folder;
use serde_json::{Value, json};
use servers::{Server, TOKEN};

/// As many requests at once as the provider makes by default.
const CONCURRENCY: usize = 8;
/// Members of one group in one request, as the provider sends them.
const MEMBERS: usize = 100;

const CONFIGURATION: &str = r#"
settings { state = "bench.tenure" }
variable "url" { type = string }
locals { data = jsondecode(file("data.json")) }
people "all" {
  from = [for key in local.data.people : { key = key }]
  key  = row.key
}
role "all" {
  members = [for key in local.data.people : person[key]]
  access  = [system.chat]
}
system "chat" {
  provider = "scim"
  url      = var.url
  token    = env("SCIM_TOKEN")
  match    = self.key == account.userName
  account {
    userName = self.key
    emails   = [{ value = "${self.key}@acme.example" }]
  }
}
group "chat" "team" {
  for_each    = local.data.teams
  displayName = each.key
  members     = [for key in each.value : person[key]]
}
"#;

type Teams = BTreeMap<String, Vec<String>>;

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn main() {
    let (runs, count) = (number("RUNS", 3), number("PEOPLE", 400));
    let people: Vec<String> = (0..count).map(|n| format!("p{n:05}")).collect();
    let mut teams = Teams::new();
    for (n, key) in people.iter().enumerate() {
        for team in [n % (count / 10), (n * 7 + 3) % (count / 10)] {
            let team = teams.entry(format!("team-{team:04}")).or_default();
            if !team.contains(key) {
                team.push(key.clone());
            }
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut applied, mut bare, mut requests) = (Vec::new(), Vec::new(), 0);
    for _ in 0..runs {
        // A server each: one that holds more answers more slowly.
        let server = Server::scim2_server();
        let mut folder = Folder::new(&[("bench.hcl", CONFIGURATION)]);
        folder.write("data.json", &json!({ "people": people, "teams": teams }).to_string());
        folder.environment = vec![("TENURE_VAR_url".into(), server.url.clone()), ("SCIM_TOKEN".into(), TOKEN.into())];
        folder.run("init", 0);
        let start = Instant::now();
        folder.run("apply --auto-approve", 0);
        applied.push(start.elapsed());

        let server = Server::scim2_server();
        let client =
            Arc::new(Client { url: server.url.clone(), http: reqwest::Client::new(), sent: AtomicUsize::new(0) });
        let start = Instant::now();
        runtime.block_on(all(&client, &people, &teams));
        bare.push(start.elapsed());
        requests = client.sent.load(Ordering::Relaxed);
    }
    let (applied, bare) = (median(applied), median(bare));
    let rate = |time: Duration| requests as f64 / time.as_secs_f64();
    println!("{count} accounts, {} groups: {requests} requests, {CONCURRENCY} at once, median of {runs}", teams.len());
    println!("bare client      {:>7.2} s {:>7.0} requests/s", bare.as_secs_f64(), rate(bare));
    println!("tenure apply     {:>7.2} s {:>7.0} requests/s", applied.as_secs_f64(), rate(applied));
    println!("ratio            {:>7.2}   budget 0.85", bare.as_secs_f64() / applied.as_secs_f64());
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

struct Client {
    url: String,
    http: reqwest::Client,
    sent: AtomicUsize,
}

impl Client {
    async fn send(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/scim+json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default()
    }

    /// Creates, and reads back; its id.
    async fn create(&self, path: &str, body: Value) -> String {
        let id = self.send(reqwest::Method::POST, path, Some(body)).await["id"].as_str().unwrap().to_owned();
        self.send(reqwest::Method::GET, &format!("{path}/{id}"), None).await;
        id
    }
}

/// What apply asks for: accounts and groups created and read back, members added and read back.
async fn all(client: &Arc<Client>, people: &[String], teams: &Teams) {
    let users = side_by_side(people.to_vec(), client, |client, key| async move {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": key, "emails": [{"value": format!("{key}@acme.example")}],
        });
        (key, client.create("/Users", body).await)
    });
    let users: BTreeMap<String, String> = users.await.into_iter().collect();
    let groups = side_by_side(teams.keys().cloned().collect(), client, |client, name| async move {
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name});
        (name, client.create("/Groups", body).await)
    });
    let calls = groups.await.into_iter().flat_map(|(name, id)| {
        let members: Vec<Value> = teams[&name].iter().map(|key| json!({"value": users[key]})).collect();
        members.chunks(MEMBERS).map(|members| (id.clone(), members.to_vec())).collect::<Vec<_>>()
    });
    side_by_side(calls.collect(), client, |client, (id, members)| async move {
        let path = format!("/Groups/{id}");
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "path": "members", "value": members}],
        });
        client.send(reqwest::Method::PATCH, &path, Some(body)).await;
        client.send(reqwest::Method::GET, &path, None).await;
    })
    .await;
}

async fn side_by_side<T, R, F>(items: Vec<T>, client: &Arc<Client>, work: fn(Arc<Client>, T) -> F) -> Vec<R>
where
    T: Send + 'static,
    R: Send + 'static,
    F: Future<Output = R> + Send + 'static,
{
    let queue = Arc::new(std::sync::Mutex::new(items.into_iter()));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONCURRENCY {
        let (queue, client) = (Arc::clone(&queue), Arc::clone(client));
        tasks.spawn(async move {
            let mut done = Vec::new();
            loop {
                let next = queue.lock().unwrap().next();
                match next {
                    Some(item) => done.push(work(Arc::clone(&client), item).await),
                    None => return done,
                }
            }
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}
