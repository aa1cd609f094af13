//! A folder whose people are pushed, and `tenure watch` that listens there.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::run::Folder;

pub const TOKEN: &str = "correct-horse-battery-staple";
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Who is pushed has an account in chat; who is in the pushed group Engineering is in the group there, too.
pub const ACCESS: &str = r#"
settings {
  state = "acme.tenure"
  watch {
    interval = "1h"
    apply    = ["create", "update", "grant", "revoke", "deactivate", "reactivate"]
  }
}
system "hr" {
  provider = "scim-inbound"
  token    = env("HR_PUSH_TOKEN")
}
people "hr" {
  from   = system.hr
  key    = row.externalId
  login  = row.userName
  status = row.active ? "active" : "left"
  teams  = row.groups
}
system "chat" {
  provider = "directory"
  match    = self.login == account.login
  account {
    login = self.login
  }
}
group "chat" "engineering" {}
role "employee" {
  when   = true
  access = [system.chat]
}
role "engineer" {
  when   = contains(self.teams, "Engineering")
  access = [group.chat.engineering]
}
"#;

/// A running `tenure watch --listen`; it is killed when this is dropped.
pub struct Watching {
    pub folder: Folder,
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub origin: String,
    pub client: Client,
}

impl Watching {
    /// In a new folder with a record.
    pub fn start() -> Watching {
        let mut folder = Folder::new(&[("access.hcl", ACCESS)]);
        folder.environment.push(("HR_PUSH_TOKEN".into(), TOKEN.into()));
        folder.run("init", 0);
        Watching::on(folder, "--listen 127.0.0.1:0")
    }

    /// In a folder that is there.
    pub fn on(folder: Folder, listen: &str) -> Watching {
        let command = folder.command(&format!("watch --json {listen}"));
        let scheme = if listen.contains("--tls-cert") { "https" } else { "http" };
        Watching::by(folder, command, scheme)
    }

    /// By a command that starts it.
    pub fn by(folder: Folder, mut command: Command, scheme: &str) -> Watching {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.path().join("watch.log")).unwrap();
        let before = folder.read("watch.log").len();
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let mut watching = Watching { folder, child, origin: String::new(), client: Client::new() };
        let address = eventually("it listens", || {
            let log = watching.folder.read("watch.log");
            let log = log.get(before..).unwrap();
            let line = log.lines().find(|line| line.contains(r#""event":"listening""#))?;
            let line: Value = serde_json::from_str(line).unwrap();
            Some(line["address"].as_str().unwrap().to_owned())
        });
        watching.origin = format!("{scheme}://{address}");
        watching
    }

    pub fn base(&self) -> String {
        format!("{}/scim/hr/v2", self.origin)
    }

    /// A request with the right token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base())).bearer_auth(TOKEN)
    }

    /// A request with a body; what was answered.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header("content-type", "application/scim+json");
        Answer::of(request.body(body.to_string()).send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    /// Why nothing is answered.
    pub async fn get_error(&self) -> reqwest::Error {
        self.request(Method::GET, "/Users").send().await.unwrap_err()
    }

    /// Pushes a person; the id.
    pub async fn user(&self, name: &str) -> String {
        let user = json!({"schemas": [USER], "userName": name, "externalId": name});
        self.send(Method::POST, "/Users", &user).await.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// One operation of PATCH.
    pub async fn patch(&self, path: &str, operation: Value) -> Answer {
        self.send(Method::PATCH, path, &json!({"schemas": [PATCH], "Operations": [operation]})).await
    }

    /// How many people are there.
    pub async fn total(&self) -> u64 {
        self.get("/Users?count=0").await.expect(200)["totalResults"].as_u64().unwrap()
    }

    /// The text of a file once it is as wanted.
    #[track_caller]
    pub fn until(&self, file: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let found = soon(|| {
            last = std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
            wanted(&last).then(|| last.clone())
        });
        found.unwrap_or_else(|| panic!("{file} stays\n{last}\n{}", self.folder.read("watch.log")))
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// kill -9; the folder stays.
    pub fn kill(mut self) -> Folder {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, Folder::new(&[]))
    }

    /// SIGTERM; the folder, and what was logged.
    pub fn stop(mut self) -> Folder {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        let ended = self.child.wait().unwrap();
        assert!(killed.success() && ended.success(), "{ended}: {}", self.folder.read("watch.log"));
        std::mem::replace(&mut self.folder, Folder::new(&[]))
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub async fn of(response: Response) -> Answer {
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let text = response.text().await.unwrap_or_default();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, kind: kind.unwrap_or_default(), body, text }
    }

    /// The body, where this is the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// Checks that it is an error as RFC 7644 section 3.12 wants it; `STATUS SCIMTYPE`.
    #[track_caller]
    pub fn refusal(self) -> String {
        assert!(self.kind.starts_with("application/scim+json"), "{}: {}", self.kind, self.text);
        assert_eq!(self.body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{}", self.text);
        assert_eq!(self.body["status"], self.status.to_string(), "{}", self.text);
        assert!(self.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", self.text);
        format!("{} {}", self.status, self.body["scimType"].as_str().unwrap_or_default()).trim_end().to_owned()
    }
}

/// What `look` finds within half a minute.
fn soon<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        match look() {
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(20)),
            found => return found,
        }
    }
}

#[track_caller]
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    soon(look).unwrap_or_else(|| panic!("in vain: {what}"))
}

/// Runs a program of the checks for SCIM servers; what it printed.
pub fn check(program: &str, arguments: &[&str]) -> String {
    let environment = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/scim-checks");
    let missing = "the checks for SCIM servers are not installed: run scripts/servers/install scim-checks";
    assert!(environment.join("pins.txt").exists(), "{missing}");
    let mut command = Command::new(environment.join("bin").join(program));
    let output = command.args(arguments).env("COLUMNS", "200").stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let _ = std::io::stdout().flush();
    text
}
