//! What the pipelines work on: a repository, a system, a record that runners share, and the service's API.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::cluster::{Cluster, PASSWORD};
use crate::run::texts;
use crate::servers::{Server, TOKEN};
use crate::yaml::example;

/// The key of the record.
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The API of the service, which ends with its input.
struct Api {
    url: String,
    child: Child,
}

impl Drop for Api {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

pub struct World {
    place: tempfile::TempDir,
    api: Api,
    chat: Server,
    /// Where the record is, and what runners need to reach it.
    store: Vec<(String, String)>,
    /// Keeps the store alive.
    _moto: Option<Server>,
    branch: AtomicU32,
}

impl World {
    /// With the record in a bucket of moto, or else in a table of PostgreSQL.
    pub fn new(bucket: bool) -> World {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(place.path().join("api/artifacts")).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines/api.py");
        let mut child = Command::new("python3")
            .arg(script)
            .arg(place.path().join("api"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let api = Api { url: url.trim().to_owned(), child };
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (store, moto) = if bucket {
            let moto = Server::moto("acme-access");
            let store = vec![
                set("TENURE_VAR_state", "s3://acme-access/prod"),
                set("AWS_ENDPOINT_URL", &moto.url),
                set("AWS_REGION", "us-east-1"),
                set("AWS_ACCESS_KEY_ID", "test"),
                set("AWS_SECRET_ACCESS_KEY", "hunter2-hunter2"),
            ];
            (store, Some(moto))
        } else {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let state = format!("{}?table=prod{}", Cluster::shared().url, NEXT.fetch_add(1, Ordering::Relaxed));
            (vec![set("TENURE_VAR_state", &state), set("PGPASSWORD", PASSWORD)], None)
        };
        let branch = AtomicU32::new(0);
        let world = World { place, api, chat: Server::scim2_server(), store, _moto: moto, branch };
        world.begin();
        world
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.place.path().join(path)
    }

    pub fn api_url(&self) -> &str {
        &self.api.url
    }

    /// A release of tenure, as the pipelines fetch it: an archive and its digest.
    pub fn release(&self) -> (String, String) {
        let archive = self.path("release/tenure.tar.gz");
        let sum = Command::new("sha256sum").arg(&archive).output().unwrap();
        (format!("file://{}", archive.display()), texts(&sum).0.split(' ').next().unwrap().to_owned())
    }

    /// What whoever runs tenure needs for the record.
    pub fn store(&self) -> &[(String, String)] {
        &self.store
    }

    /// And for the systems; without a token where there are no credentials.
    pub fn chat_url(&self) -> &str {
        &self.chat.url
    }

    pub fn secret(name: &str) -> String {
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts/encrypted-plan/pipeline.key");
        match name {
            "CHAT_SCIM_TOKEN" => TOKEN.to_owned(),
            "TENURE_STATE_KEY" => KEY.to_owned(),
            "PLAN_KEY" => std::fs::read_to_string(keys).unwrap(),
            "GITHUB_TOKEN" | "API_TOKEN" => "api-token".to_owned(),
            other => panic!("the pipelines want a secret that nobody set: {other}"),
        }
    }

    /// The repository with the example on main, the record begun, and everybody given what the files say.
    fn begin(&self) {
        std::fs::create_dir_all(self.path("release")).unwrap();
        let program = format!("#!/bin/sh\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_tenure"));
        std::fs::write(self.path("release/tenure"), program).unwrap();
        self.sh("release", "chmod +x tenure; tar -czf tenure.tar.gz tenure");
        self.sh("", "git init --quiet --bare --initial-branch main origin && git clone --quiet origin ada 2>&1");
        let example = example();
        self.sh(
            "ada",
            &format!(
                "cp -r {}/. . && git add --all && git commit --quiet -m begin && git push --quiet",
                example.display()
            ),
        );
        self.tenure("init", 0);
        self.tenure("apply --auto-approve", 0);
    }

    /// Runs something in a folder of Ada's, who has everything that a person at a desk has.
    #[track_caller]
    pub fn sh(&self, folder: &str, script: &str) -> String {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(self.path(folder));
        let output = self.output(command);
        let (printed, said) = texts(&output);
        assert!(output.status.success(), "{script}\n{printed}\n{said}");
        printed
    }

    /// Runs tenure in Ada's clone.
    #[track_caller]
    pub fn tenure(&self, arguments: &str, code: i32) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        command.args(arguments.split(' ')).current_dir(self.path("ada"));
        let output = self.output(command);
        let (printed, said) = texts(&output);
        assert_eq!(output.status.code(), Some(code), "tenure {arguments}\n{printed}\n{said}");
        printed
    }

    fn output(&self, mut command: Command) -> Output {
        command
            .env("HOME", self.place.path())
            .envs(["GIT_AUTHOR", "GIT_COMMITTER"].map(|who| (format!("{who}_NAME"), "Ada")))
            .envs(["GIT_AUTHOR", "GIT_COMMITTER"].map(|who| (format!("{who}_EMAIL"), "ada@acme.example")))
            .env("TENURE_VAR_chat_url", self.chat_url())
            .env("CHAT_SCIM_TOKEN", World::secret("CHAT_SCIM_TOKEN"))
            .env("TENURE_STATE_KEY", KEY)
            .envs(self.store.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// A request: a branch from main on which `script` was run, committed. What CI checks out for it is `merge/N`, its
    /// merge into main.
    pub fn request(&self, script: &str) -> String {
        let n = self.branch.fetch_add(1, Ordering::Relaxed) + 1;
        self.sh("ada", &format!("git switch --quiet main; git switch --quiet --create topic{n}"));
        self.push(script)
    }

    /// One more commit on the branch of the last request.
    pub fn push(&self, script: &str) -> String {
        let n = self.branch.load(Ordering::Relaxed);
        self.sh(
            "ada",
            &format!(
                "{script}; git add --all; git commit --quiet -m change; git switch --quiet --force-create merge{n} main; \
                 git merge --quiet --no-ff -m merge topic{n}; git push --quiet --force origin HEAD:refs/pull/{n}/merge; \
                 git switch --quiet topic{n}"
            ),
        );
        format!("refs/pull/{n}/merge")
    }

    /// Merges the branch of the last request, squashed into one commit.
    pub fn merge(&self) {
        let n = self.branch.load(Ordering::Relaxed);
        self.sh(
            "ada",
            &format!("git switch --quiet main; git merge --quiet --squash topic{n}; git commit --quiet -m merged; git push --quiet"),
        );
    }

    /// Commits to main without a request.
    pub fn commit(&self, script: &str) {
        self.sh("ada", &format!("git switch --quiet main; {script}; git commit --quiet -am direct; git push --quiet"));
    }

    /// What was posted: `comments` or `issues`.
    pub fn posted(&self, kind: &str) -> Vec<Value> {
        serde_json::from_str(&std::fs::read_to_string(self.path(&format!("api/{kind}.json"))).unwrap()).unwrap()
    }

    pub fn artifact(&self, path: &str) -> PathBuf {
        self.path("api/artifacts").join(path)
    }

    /// The display names in the chat, of those who are active; sorted.
    pub fn in_chat(&self) -> Vec<String> {
        let users = self.chat_request("GET", "Users?count=100", "");
        let name = |user: &Value| user["displayName"].as_str().unwrap_or_default().to_owned();
        let mut names: Vec<String> =
            users["Resources"].as_array().unwrap().iter().filter(|user| user["active"] != false).map(name).collect();
        names.sort();
        names
    }

    /// Somebody gives an account another name by hand.
    pub fn rename_in_chat(&self, from: &str, to: &str) {
        let users = self.chat_request("GET", "Users?count=100", "");
        let user = users["Resources"].as_array().unwrap().iter().find(|user| user["displayName"] == from).unwrap();
        let patch = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "displayName", "value": to}],
        });
        self.chat_request("PATCH", &format!("Users/{}", user["id"].as_str().unwrap()), &patch.to_string());
    }

    fn chat_request(&self, method: &str, path: &str, body: &str) -> Value {
        let output = Command::new("curl")
            .args(["-sfX", method, "-H", &format!("Authorization: Bearer {TOKEN}")])
            .args(["-H", "Content-Type: application/scim+json", "--data", body, &format!("{}/{path}", self.chat.url)])
            .output()
            .unwrap();
        assert!(output.status.success(), "{method} {path}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }
}
