//! Requests and what is answered, side by side.

mod bulk;
mod events;
mod filters;
mod patches;
mod properties;
mod resources;
mod store;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use state::Symbol;

use super::endpoint::Inbound;
use super::log;
use super::settings::{Options, token};
use crate::endpoint::Endpoint as _;
use crate::provider::Settings;
use crate::scim::rfc;

const TOKEN: &str = "0123456789abcdef";

fn settings(folder: &std::path::Path) -> Settings {
    Settings {
        system: "hr".into(),
        folder: folder.to_owned(),
        values: Vec::new(),
        secrets: vec![(Symbol::new("token"), TOKEN.into())],
    }
}

fn open(folder: &std::path::Path) -> Inbound {
    let settings = settings(folder);
    Inbound::open(Options::new(&settings).unwrap(), token(&settings).unwrap()).unwrap()
}

/// An endpoint in a folder of its own.
struct Bench {
    folder: tempfile::TempDir,
    inbound: Inbound,
}

/// What was answered, and whether something was written.
struct Answer {
    status: u16,
    etag: String,
    body: Value,
    changed: bool,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let inbound = open(folder.path());
        Bench { folder, inbound }
    }

    fn with(&self, request: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let (method, path) = request.split_once(' ').unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = Request::builder().method(method).uri(format!("/scim/hr/v2{path}"));
        request = request.header("authorization", format!("bearer {TOKEN}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let length = || std::fs::metadata(self.folder.path().join("inbound/hr").join(log::NAME)).unwrap().len();
        let before = length();
        let answered = self.inbound.answer(request.body(Bytes::from(body)).unwrap(), "http://x");
        let header = |name| answered.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Answer {
            status: answered.status().as_u16(),
            etag: header("etag").unwrap_or_default(),
            body: serde_json::from_slice(answered.body()).unwrap_or(Value::Null),
            changed: length() != before,
        }
    }

    fn ask(&self, request: &str, body: &Value) -> Answer {
        self.with(request, &[], body)
    }

    fn get(&self, path: &str) -> Value {
        self.ask(&format!("GET {path}"), &Value::Null).body
    }

    /// Makes a user; its path.
    fn user(&self, mut user: Value) -> String {
        user["schemas"] = json!([rfc::USER]);
        let made = self.ask("POST /Users", &user);
        assert_eq!(made.status, 201, "{}", made.body);
        format!("/Users/{}", made.body["id"].as_str().unwrap())
    }

    fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> =
            members.iter().map(|path| json!({"value": path.rsplit('/').next().unwrap()})).collect();
        let group = json!({"schemas": [rfc::GROUP], "displayName": name, "members": members});
        let made = self.ask("POST /Groups", &group);
        assert_eq!(made.status, 201, "{}", made.body);
        format!("/Groups/{}", made.body["id"].as_str().unwrap())
    }

    /// The names of those that a query finds, in order; the error where there is one.
    fn find(&self, query: &str) -> String {
        let url: String = query
            .bytes()
            .map(|byte| match byte {
                b'&' | b'=' => char::from(byte).to_string(),
                byte => format!("%{byte:02x}"),
            })
            .collect();
        let list = self.get(&format!("/Users?{url}"));
        match list["Resources"].as_array() {
            Some(found) => {
                found.iter().map(|user| user["userName"].as_str().unwrap_or("?")).collect::<Vec<_>>().join(" ")
            }
            None => list["scimType"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

fn people() -> Bench {
    let bench = Bench::new();
    let work = |department: &str| json!({"department": department, "manager": {"value": "1"}});
    bench.user(json!({"userName": "Ada", "title": "Engineer", "active": true, "emails": [
        {"value": "ada@acme.example", "type": "work", "primary": true}, {"value": "ada@home.example", "type": "home"}],
        rfc::ENTERPRISE: work("Research")}));
    bench.user(json!({"userName": "bob", "title": "engineer", "active": false, "name": {"familyName": "Kahn"},
        "emails": [{"value": "bob@acme.example", "type": "home"}], rfc::ENTERPRISE: work("Sales"),
        "urn:acme:2.0:Payroll": {"grade": 7, "remote": true}}));
    bench.user(json!({"userName": "cat", "externalId": "C-1", "name": {"familyName": "Stevens"}}));
    bench
}
