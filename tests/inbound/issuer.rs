//! An issuer of security event tokens: another program, with PyJWT, signs what is pushed here.

use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};

use crate::run::Folder;
use crate::watching::{ACCESS, Answer, TOKEN, Watching};

pub const ISSUER: &str = "https://idp.acme.example";
pub const AUDIENCE: &str = "https://people.acme.example/events";

/// Another program that signs.
pub struct Issuer {
    program: RefCell<(Child, BufReader<ChildStdout>)>,
    /// For a `jti` each.
    count: Cell<u32>,
}

impl Issuer {
    /// Its public keys stand in `keys.json` of the folder then.
    pub fn start(folder: &Path) -> Issuer {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let missing = "the signer of tokens is not installed: run scripts/servers/install jwt";
        assert!(root.join(".venv/jwt/pins.txt").exists(), "{missing}");
        let mut command = Command::new(root.join(".venv/jwt/bin/python"));
        command.arg(root.join("tests/inbound/tokens.py")).arg(folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Issuer { program: RefCell::new((child, out)), count: Cell::new(0) }
    }

    /// The token for a wish, as `tokens.py` reads it.
    pub fn sign(&self, wish: &Value) -> String {
        let (child, out) = &mut *self.program.borrow_mut();
        writeln!(child.stdin.as_mut().unwrap(), "{wish}").unwrap();
        let mut token = String::new();
        out.read_line(&mut token).unwrap();
        assert!(!token.is_empty(), "it signs {wish}");
        token.trim_end().to_owned()
    }

    /// Claims of now about a resource.
    pub fn claims(&self, path: &str, events: Value) -> Value {
        self.count.set(self.count.get() + 1);
        let events = events.as_object().unwrap().iter();
        let events: Value =
            events.map(|(name, event)| (format!("urn:ietf:params:scim:event:{name}"), event.clone())).collect();
        json!({"iss": ISSUER, "aud": [AUDIENCE, "https://else.example"], "iat": now(), "jti": format!("t-{}", self.count.get()),
            "sub_id": {"format": "scim", "uri": path}, "events": events})
    }

    /// A token of now about a resource.
    pub fn token(&self, path: &str, events: Value) -> String {
        self.sign(&json!({"claims": self.claims(path, events)}))
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        let (child, _) = self.program.get_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

pub fn access() -> String {
    let own = format!(
        "env(\"HR_PUSH_TOKEN\")\n  events_issuer   = \"{ISSUER}\"\n  events_audience = \"{AUDIENCE}\"\n  \
         events_keys     = \"keys.json\""
    );
    ACCESS.replace("env(\"HR_PUSH_TOKEN\")", &own)
}

pub fn start() -> (Watching, Issuer) {
    let access = access();
    let folder = Folder::begun(&[("access.hcl", &access), ("keys.json", "")], &[("HR_PUSH_TOKEN", TOKEN)]);
    let issuer = Issuer::start(&folder.path());
    (Watching::on(folder, "--listen 127.0.0.1:0"), issuer)
}

pub async fn push(watching: &Watching, token: impl Into<String>) -> Answer {
    let request = watching.request(Method::POST, "/Events").header("content-type", "application/secevent+jwt");
    Answer::of(request.body(token.into()).send().await.unwrap()).await
}

/// Checks that it is an error as RFC 8935 section 2.3 wants it; `err`, and what is said.
#[track_caller]
pub fn refusal(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.kind.as_str()), (400, "application/json"), "{}", answer.text);
    let text = |name: &str| answer.body[name].as_str().unwrap();
    format!("{}: {}", text("err"), text("description"))
}

#[track_caller]
pub fn taken(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
}
