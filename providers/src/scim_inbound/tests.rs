//! Requests and what is answered, side by side.

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use state::Symbol;

use super::endpoint::Inbound;
use super::filter::Filter;
use super::incoming::Wanted;
use super::matching::Test;
use super::outgoing::Projection;
use super::path::Path;
use super::schema::Kind;
use super::settings::{Options, Token};
use super::{log, patch};
use crate::endpoint::Endpoint as _;
use crate::provider::Settings;
use crate::scim::json::Json;
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
    Inbound::open(Options::new(&settings).unwrap(), Token::new(&settings).unwrap()).unwrap()
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

#[test]
fn filters_find_whom_they_describe() {
    let bench = people();
    let id = bench.get("/Users?filter=userName%20eq%20%22bob%22")["Resources"][0]["id"].as_str().unwrap().to_owned();
    let table = [
        ("userName eq \"ADA\"", "Ada"),
        ("USERNAME Eq \"ada\"", "Ada"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"ada\"", "Ada"),
        ("userName ne \"ada\"", "bob cat"),
        ("userName sw \"a\" or userName ew \"T\"", "Ada cat"),
        ("userName co \"o\"", "bob"),
        ("userName gt \"ada\"", "bob cat"),
        ("userName ge \"bob\" and userName lt \"cat\"", "bob"),
        ("title eq \"engineer\"", "Ada bob"),
        ("title pr", "Ada bob"),
        ("title eq null", "cat"),
        ("not (title pr)", "cat"),
        ("active eq true", "Ada cat"),
        ("active eq \"False\"", "bob"),
        ("externalId eq \"C-1\"", "cat"),
        // An external id is another in another case.
        ("externalId eq \"c-1\"", ""),
        ("name.familyName eq \"kahn\"", "bob"),
        ("emails eq \"ada@home.example\"", "Ada"),
        ("emails.type eq \"work\"", "Ada"),
        ("emails[type eq \"work\" and value co \"@acme\"]", "Ada"),
        ("emails[type eq \"home\" and value co \"@acme\"]", "bob"),
        ("emails[not (type eq \"home\")]", "Ada"),
        ("emails[primary eq true]", "Ada"),
        ("emails ne \"ada@acme.example\"", "bob cat"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"sales\"", "bob"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"1\"", "Ada bob"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"1\"", "Ada bob"),
        ("urn:acme:2.0:Payroll:grade ge 7", "bob"),
        ("urn:acme:2.0:payroll:Remote eq true", "bob"),
        ("urn:acme:2.0:Payroll pr", "bob"),
        ("schemas eq \"urn:acme:2.0:Payroll\"", "bob"),
        ("meta.created gt \"2000-01-01T00:00:00Z\" and meta.resourceType eq \"User\"", "Ada bob cat"),
        ("meta.lastModified le \"2000-01-01T00:00:00+01:00\"", ""),
        // `and` binds before `or`.
        ("userName eq \"cat\" or userName eq \"bob\" and title pr", "bob cat"),
        ("(userName eq \"cat\" or userName eq \"bob\") and title pr", "bob"),
        ("userName eq \"say \\\"hi\\\" \\u00e9\"", ""),
    ];
    for (filter, expected) in table {
        assert_eq!(bench.find(&format!("filter={filter}").replace('&', "")), expected, "{filter}");
    }
    assert_eq!(bench.find(&format!("filter=id eq \"{id}\" and active eq false")), "bob");
    for filter in
        ["active co \"t\"", "emails[shoe eq 1]", "name eq \"x\"", "userName eq 5", "a.b.c pr", "id eq [1]", "x"]
    {
        assert_eq!(bench.find(&format!("filter={filter}")), "invalidFilter", "{filter}");
    }
}

#[test]
fn lists_are_sorted_and_read_page_by_page() {
    let bench = people();
    assert_eq!(bench.find("sortBy=userName"), "Ada bob cat");
    assert_eq!(bench.find("sortBy=userName&sortOrder=descending"), "cat bob Ada");
    assert_eq!(bench.find("sortBy=name.familyName"), "bob cat Ada", "who has none comes last");
    assert_eq!(bench.find("sortBy=emails.value"), "Ada bob cat");
    assert_eq!(bench.find("startIndex=2&count=1"), "bob");
    assert_eq!(bench.find("startIndex=-5&count=-1"), "");
    assert_eq!(bench.find("startIndex=9"), "");
    let page = bench.get("/Users?startIndex=2&count=5");
    assert_eq!((&page["totalResults"], &page["itemsPerPage"], &page["startIndex"]), (&json!(3), &json!(2), &json!(2)));
    for sort in ["", "&sortBy=title"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = bench.get(&format!("/Users?cursor={cursor}&count=2{sort}"));
            seen.extend(page["Resources"].as_array().unwrap().iter().map(|user| user["userName"].clone()));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen, ["Ada", "bob", "cat"], "{sort}");
    }
    // Who was seen and is gone moves nothing.
    let next = bench.get("/Users?cursor=&count=1")["nextCursor"].as_str().unwrap().to_owned();
    let ada = bench.get("/Users?count=1")["Resources"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(bench.ask(&format!("DELETE /Users/{ada}"), &Value::Null).status, 204);
    assert_eq!(bench.get(&format!("/Users?cursor={next}&count=1"))["Resources"][0]["userName"], "bob");
}

#[test]
fn a_search_over_everything_asks_each_kind_what_it_can() {
    let bench = people();
    bench.group("Ada", &[]);
    let names = |search: Value| {
        let search = bench.ask("POST /.search", &search);
        let found = search.body["Resources"].as_array().unwrap().clone();
        found.iter().map(|one| one["meta"]["resourceType"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let search = |filter: &str| json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter, "count": 10});
    assert_eq!(names(search("displayName eq \"ada\"")), ["Group"]);
    assert_eq!(names(search("userName eq \"ada\" or displayName pr")), ["User"], "a group has no userName");
    assert_eq!(names(search("meta.resourceType eq \"Group\" or id pr")).len(), 4);
}

#[test]
fn what_is_asked_for_is_shown_and_no_more() {
    let bench = people();
    let ada = bench.find("filter=userName eq \"ada\"");
    assert_eq!(ada, "Ada");
    let keys = |parameters: &str| {
        let list = bench.get(&format!("/Users?count=1&{parameters}"));
        let user = list["Resources"][0].as_object().unwrap().clone();
        user.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys("attributes=USERNAME"), "id schemas userName");
    assert_eq!(keys("attributes=emails.value,nothing"), "emails id schemas");
    assert_eq!(keys("attributes=meta.version"), "id meta schemas");
    assert_eq!(keys(&format!("attributes={}:department", rfc::ENTERPRISE)), format!("id schemas {}", rfc::ENTERPRISE));
    assert_eq!(
        keys("excludedAttributes=emails,meta,id,schemas,title,active"),
        format!("id schemas {} userName", rfc::ENTERPRISE)
    );
    let emails = &bench.get("/Users?count=1&attributes=emails.type")["Resources"][0]["emails"];
    assert_eq!(*emails, json!([{"type": "work"}, {"type": "home"}]));
    let some = Projection::new(Some(&["emails.value".into(), "emails".into()]), None);
    assert_eq!(some, Projection::new(Some(&["emails".into()]), None), "all of it goes before a part");
}

/// A user before, operations, and the user after or the error; ids, meta and schemas aside.
#[test]
fn patches_do_what_they_say() {
    let before = json!({"userName": "ada", "title": "Engineer", "name": {"givenName": "Ada", "familyName": "King"},
        "emails": [{"value": "a@work", "type": "work", "primary": true}, {"value": "a@home", "type": "home"}],
        "roles": [{"value": "x"}], rfc::ENTERPRISE: {"department": "R", "division": "D"}});
    let table = [
        ("add", "nickName", json!("Countess"), json!({"nickName": "Countess"})),
        ("ADD", "NICKNAME", json!("Countess"), json!({"nickName": "Countess"})),
        (
            "add",
            "name",
            json!({"familyName": "Lovelace"}),
            json!({"name": {"givenName": "Ada", "familyName": "Lovelace"}}),
        ),
        ("add", "name.familyName", json!("Lovelace"), json!({"name": {"givenName": "Ada", "familyName": "Lovelace"}})),
        ("replace", "name", json!({"familyName": "L"}), json!({"name": {"givenName": "Ada", "familyName": "L"}})),
        ("replace", "active", json!("False"), json!({"active": false})),
        ("replace", "title", json!(null), json!({"title": null})),
        ("remove", "title", json!(null), json!({"title": null})),
        ("remove", "name.givenName", json!(null), json!({"name": {"familyName": "King"}})),
        ("add", "title", json!(""), json!({"title": ""})),
        ("add", "roles", json!([{"value": "y"}]), json!({"roles": [{"value": "x"}, {"value": "y"}]})),
        ("add", "roles", json!({"value": "y"}), json!({"roles": [{"value": "x"}, {"value": "y"}]})),
        ("add", "roles", json!(["y"]), json!({"roles": [{"value": "x"}, {"value": "y"}]})),
        ("add", "roles", json!([{"value": "x"}]), json!({})),
        ("replace", "roles", json!([{"value": "y"}]), json!({"roles": [{"value": "y"}]})),
        ("replace", "roles", json!([]), json!({"roles": null})),
        ("remove", "roles", json!([{"value": "x"}]), json!({"roles": null})),
        ("remove", "roles[value eq \"z\"]", json!(null), json!({})),
        (
            "remove",
            "emails[type eq \"home\"]",
            json!(null),
            json!({"emails": [{"value": "a@work", "type": "work", "primary": true}]}),
        ),
        (
            "replace",
            "emails[type eq \"home\"].value",
            json!("b@home"),
            json!({"emails": [{"value": "a@work", "type": "work", "primary": true}, {"value": "b@home", "type": "home"}]}),
        ),
        (
            "remove",
            "emails[type eq \"work\"].primary",
            json!(null),
            json!({"emails": [{"value": "a@work", "type": "work"}, {"value": "a@home", "type": "home"}]}),
        ),
        // Made where there is none, as Entra wants it.
        (
            "add",
            "emails[type eq \"other\"].value",
            json!("o@x"),
            json!({"emails": [{"value": "a@work", "type": "work", "primary": true}, {"value": "a@home", "type": "home"},
                {"type": "other", "value": "o@x"}]}),
        ),
        ("replace", "emails[type eq \"other\"].value", json!("o@x"), json!("noTarget")),
        ("add", "emails[type ne \"work\" and type ne \"home\"].value", json!("o@x"), json!("noTarget")),
        // A new primary value takes that from the old one.
        (
            "add",
            "emails",
            json!([{"value": "n", "primary": true}]),
            json!({"emails": [{"value": "a@work", "type": "work", "primary": false}, {"value": "a@home", "type": "home"},
                {"value": "n", "primary": true}]}),
        ),
        (
            "replace",
            "emails[type eq \"home\"].primary",
            json!("True"),
            json!({"emails": [{"value": "a@work", "type": "work", "primary": false},
                {"value": "a@home", "type": "home", "primary": true}]}),
        ),
        (
            "add",
            "emails",
            json!([{"value": "n", "primary": true}, {"value": "m", "primary": true}]),
            json!("invalidValue"),
        ),
        (
            "replace",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            json!("S"),
            json!({rfc::ENTERPRISE: {"department": "S", "division": "D"}}),
        ),
        (
            "replace",
            rfc::ENTERPRISE,
            json!({"department": "S"}),
            json!({rfc::ENTERPRISE: {"department": "S", "division": "D"}}),
        ),
        ("remove", rfc::ENTERPRISE, json!(null), json!({rfc::ENTERPRISE: null})),
        (
            "add",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            json!("m1"),
            json!({rfc::ENTERPRISE: {"department": "R", "division": "D", "manager": {"value": "m1"}}}),
        ),
        ("add", "urn:acme:2.0:Payroll:grade", json!(7), json!({"urn:acme:2.0:Payroll": {"grade": 7}})),
        ("add", "urn:acme:2.0:Payroll", json!({"grade": 7, "x": null}), json!({"urn:acme:2.0:Payroll": {"grade": 7}})),
        // Without a path: names may be paths, and what is the server's own is passed over.
        (
            "replace",
            "",
            json!({"title": "Boss", "name.familyName": "L", "id": "7", "schemas": [], "unknown": 1}),
            json!({"title": "Boss", "name": {"givenName": "Ada", "familyName": "L"}}),
        ),
        (
            "add",
            "",
            json!({"emails[type eq \"home\"].value": "b", rfc::ENTERPRISE: {"department": "S"}}),
            json!({"emails": [{"value": "a@work", "type": "work", "primary": true}, {"value": "b", "type": "home"}],
                rfc::ENTERPRISE: {"department": "S", "division": "D"}}),
        ),
        ("replace", "userName", json!(""), json!("invalidValue")),
        ("remove", "userName", json!(null), json!("mutability")),
        ("replace", "userName", json!(null), json!("mutability")),
        ("replace", "groups", json!([{"value": "g"}]), json!("mutability")),
        ("replace", "meta.version", json!("1"), json!("mutability")),
        ("replace", "emails[type eq \"home\"].groups", json!("1"), json!("invalidPath")),
        ("replace", "name[type eq \"x\"].familyName", json!("1"), json!("invalidPath")),
        ("add", "title", json!({"a": 1}), json!("invalidValue")),
        ("replace", "emails[type eq 5 or].value", json!("1"), json!("invalidFilter")),
    ];
    for (op, path, value, expected) in table {
        let Value::Object(body) = before.clone() else { panic!() };
        let mut wanted = Wanted { body: body.clone(), ..Wanted::default() };
        let mut operation = json!({"op": op, "path": path, "value": value});
        if path.is_empty() {
            operation.as_object_mut().unwrap().remove("path");
        }
        let Value::Object(sent) = json!({"schemas": [rfc::PATCH], "Operations": [operation]}) else { panic!() };
        let found = match patch::patch(Kind::User, &sent, &mut wanted) {
            Ok(()) => Value::Object(wanted.body),
            Err(refusal) => refusal.kind.unwrap().into(),
        };
        let expected = match expected {
            Value::Object(changes) => {
                let mut after = body;
                after.extend(changes);
                after.retain(|_, value| !value.is_null());
                Value::Object(after)
            }
            error => error,
        };
        assert_eq!(found, expected, "{op} {path} {value}");
    }
}

#[test]
fn members_come_and_go_and_users_show_their_groups() {
    let bench = Bench::new();
    let (ada, bob) =
        (bench.user(json!({"userName": "ada", "displayName": "Ada"})), bench.user(json!({"userName": "bob"})));
    let inner = bench.group("Inner", &[&ada]);
    let outer = bench.group("Outer", &[&inner, &bob]);
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let groups = |user: &str| {
        let user = bench.get(user);
        let groups = user["groups"].as_array().cloned().unwrap_or_default();
        groups.iter().map(|group| format!("{} {}", group["display"], group["type"])).collect::<Vec<_>>().join(", ")
    };
    let members = |group: &str| {
        let group = bench.get(group);
        let members = group["members"].as_array().cloned().unwrap_or_default();
        members.iter().map(|member| format!("{} {}", member["display"], member["type"])).collect::<Vec<_>>().join(", ")
    };
    let patch = |path: &str, operation: Value| {
        bench.ask(&format!("PATCH {path}"), &json!({"schemas": [rfc::PATCH], "Operations": [operation]}))
    };
    assert_eq!(groups(&ada), r#""Inner" "direct", "Outer" "indirect""#);
    assert_eq!(members(&outer), r#""bob" "User", "Inner" "Group""#);
    // A user is another one when its groups are.
    let tag = bench.ask(&format!("GET {ada}"), &Value::Null).etag;
    patch(&inner, json!({"op": "replace", "path": "displayName", "value": "Core"}));
    assert_ne!(bench.ask(&format!("GET {ada}"), &Value::Null).etag, tag);
    // Nothing is a member of itself.
    let cycle = patch(&inner, json!({"op": "add", "path": "members", "value": [{"value": id(&outer)}]}));
    assert_eq!((cycle.status, cycle.body["scimType"].as_str()), (400, Some("invalidValue")));
    // Given twice, taken twice: nothing happens the second time.
    let again = patch(&inner, json!({"op": "add", "path": "members", "value": [{"value": id(&ada)}]}));
    assert_eq!((again.status, again.changed), (200, false));
    for (changed, operation) in [
        (true, json!({"op": "add", "path": "members", "value": [{"value": id(&bob)}]})),
        (true, json!({"op": "remove", "path": format!("members[value eq \"{}\"]", id(&ada))})),
        (false, json!({"op": "remove", "path": format!("members[value eq \"{}\"]", id(&ada))})),
        (true, json!({"op": "Remove", "path": "members", "value": [{"value": id(&bob)}]})),
        (true, json!({"op": "add", "value": {"members": [{"value": id(&ada)}, {"value": "nobody", "type": "User"}]}})),
        (true, json!({"op": "replace", "path": "members", "value": [{"value": id(&ada)}]})),
        (true, json!({"op": "remove", "path": format!("members[value eq \"{}\" or value eq \"x\"]", id(&ada))})),
    ] {
        let answer = patch(&inner, operation.clone());
        assert_eq!((answer.status, answer.changed), (200, changed), "{operation}");
    }
    assert_eq!(members(&inner), "");
    // Who is deleted is in no group any more, and the groups know.
    let tag = bench.ask(&format!("GET {outer}"), &Value::Null).etag;
    assert_eq!(bench.ask(&format!("DELETE {bob}"), &Value::Null).status, 204);
    assert_ne!(bench.ask(&format!("GET {outer}"), &Value::Null).etag, tag);
    assert_eq!(members(&outer), r#""Core" "Group""#);
}

#[test]
fn versions_guard_against_each_other() {
    let bench = Bench::new();
    let ada = bench.user(json!({"userName": "ada"}));
    let first = bench.ask(&format!("GET {ada}"), &Value::Null);
    assert_eq!(first.body["meta"]["version"], *first.etag);
    assert_eq!(bench.with(&format!("GET {ada}"), &[("if-none-match", &first.etag)], &Value::Null).status, 304);
    let patch = json!({"schemas": [rfc::PATCH], "Operations": [{"op": "add", "path": "title", "value": "x"}]});
    let patched = bench.with(&format!("PATCH {ada}"), &[("if-match", &first.etag)], &patch);
    assert_eq!((patched.status, patched.changed), (200, true));
    let late = bench.with(&format!("PATCH {ada}"), &[("if-match", &first.etag)], &patch);
    assert_eq!((late.status, late.changed), (412, false));
    let again = bench.with(&format!("PATCH {ada}"), &[("if-match", "\"0\", *, W/\"1\"")], &patch);
    assert_eq!(again.status, 412, "`*` is no tag in a list");
    let same = bench.with(&format!("PATCH {ada}"), &[("if-match", "*")], &patch);
    assert_eq!((same.status, same.changed, same.etag), (200, false, patched.etag.clone()), "nothing was changed");
    assert_eq!(same.body["meta"], patched.body["meta"]);
    assert_eq!(bench.with(&format!("DELETE {ada}"), &[("if-match", "W/\"1\"")], &Value::Null).status, 412);
    assert_eq!(bench.with(&format!("DELETE {ada}"), &[("if-match", &patched.etag)], &Value::Null).status, 204);
}

#[test]
fn a_replacement_clears_what_it_leaves_out_but_switches_nobody_on() {
    let bench = Bench::new();
    let ada = bench.user(json!({"userName": "ada", "title": "x", "active": false}));
    let put =
        bench.ask(&format!("PUT {ada}"), &json!({"schemas": [rfc::USER], "userName": "Ada", "id": "7", "meta": {}}));
    assert_eq!((put.status, &put.body["title"], &put.body["active"]), (200, &Value::Null, &json!(false)));
    assert!(ada.ends_with(put.body["id"].as_str().unwrap()));
}

#[test]
fn what_was_answered_is_there_when_it_is_opened_again() {
    let bench = Bench::new();
    let ada = bench.user(json!({"userName": "ada"}));
    let group = bench.group("All", &[&ada, "/Users/ghost"]);
    let before = (bench.get(&ada), bench.get(&group));
    let Bench { folder, inbound } = bench;
    drop(inbound);
    let bench = Bench { inbound: open(folder.path()), folder };
    assert_eq!((bench.get(&ada), bench.get(&group)), before);
    // One process writes.
    let settings = settings(bench.folder.path());
    let second = Inbound::open(Options::new(&settings).unwrap(), Token::new(&settings).unwrap());
    assert!(second.err().unwrap().message.contains("is being written by"));
}

/// A file of pushes, damaged, and what is said of it.
#[test]
fn damage_is_told_and_a_torn_end_is_none() {
    let bench = people();
    let path = bench.folder.path().join("inbound/hr").join(log::NAME);
    let folder = path.parent().unwrap().to_owned();
    let whole = std::fs::read(&path).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 4);
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        match log::read(&folder) {
            Ok(Some((contents, _))) => contents.len().to_string(),
            Ok(None) => "nothing".to_owned(),
            Err(problem) => problem.message.rsplit_once("pushed.jsonl").unwrap().1.to_owned(),
        }
    };
    assert_eq!(read(&whole), "3");
    assert_eq!(read(&whole[..whole.len() - 1]), "2", "the end of the last line never reached the disk");
    assert_eq!(read(&[&whole[..whole.len() - 9], &[0; 8], b"\n"].concat()), "2");
    assert_eq!(read(&[lines[0], lines[1], lines[3]].concat()), ":3 is not as it was written: its digits do not fit");
    let mut flipped = whole.clone();
    flipped[lines[0].len() + 40] ^= 1;
    assert_eq!(read(&flipped), ":2 is not as it was written: its digits do not fit");
    assert_eq!(read(b""), ":1 is not whole");
    assert_eq!(read(b"x\n"), ":1 is too short");
    std::fs::remove_file(&path).unwrap();
    assert!(log::read(&folder).unwrap().is_none());
    // A file that was written anew may not lack what was in it then.
    std::fs::write(&path, &whole).unwrap();
    let (contents, _) = log::read(&folder).unwrap().unwrap();
    log::Log::anew(&folder, &contents).unwrap();
    let anew = std::fs::read(&path).unwrap();
    let head = anew.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    assert_eq!(read(&anew), "3");
    assert_eq!(read(&anew[..head]), ":2 is missing: 2 lines were written");
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,3}", Just("userName".to_owned()), Just("emails".to_owned()), Just("type".to_owned())]
}

/// Texts like filters, whole and broken.
fn like_filters() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        4 => word(),
        2 => prop_oneof!["eq", "ne", "co", "pr", "gt", "and", "or", "not"],
        2 => prop_oneof![Just("\"a\"".to_owned()), Just("5".into()), Just("true".into()), Just("null".into()), Just("\"".into())],
        3 => prop_oneof![Just("(".to_owned()), Just(")".into()), Just("[".into()), Just("]".into()), Just(".".into()), Just(":".into())],
        1 => "\\PC{0,3}",
    ];
    prop::collection::vec(token, 0..14).prop_map(|tokens| tokens.join(" "))
}

/// Users out of few values, so that they meet.
fn users() -> impl Strategy<Value = Value> {
    let email = (prop_oneof!["work", "home"], "[ab]", prop::bool::ANY)
        .prop_map(|(kind, value, primary)| json!({"type": kind, "value": value, "primary": primary}));
    (prop::collection::vec(email, 0..3), prop::option::of("[AB]"), prop::bool::ANY).prop_map(
        |(mut emails, title, active)| {
            emails.iter_mut().skip(1).for_each(|email| email["primary"] = json!(false));
            json!({"userName": "x", "emails": emails, "title": title, "active": active})
        },
    )
}

fn operations() -> impl Strategy<Value = Value> {
    let op = prop_oneof!["add", "replace", "remove", "Replace"];
    let path = prop_oneof![
        Just("emails"),
        Just("title"),
        Just("active"),
        Just("emails[type eq \"work\"]"),
        Just("emails[type eq \"home\"].value"),
        Just("emails[primary eq true].primary"),
        Just("emails.type"),
        Just("name.familyName"),
        Just("userName"),
    ];
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!([])),
        Just(json!("a")),
        Just(json!(true)),
        Just(json!("False")),
        Just(json!([{"type": "work", "value": "b", "primary": true}])),
        Just(json!({"type": "home", "value": "c"})),
    ];
    (op, path, value).prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}))
}

fn normal(user: &Value) -> Wanted {
    let mut user = user.clone();
    user["schemas"] = json!([rfc::USER]);
    super::incoming::resource(Kind::User, user.as_object().unwrap()).unwrap()
}

fn apply(operation: &Value, to: &mut Wanted) -> bool {
    let Value::Object(sent) = json!({"schemas": [rfc::PATCH], "Operations": [operation]}) else { return false };
    patch::patch(Kind::User, &sent, to).is_ok()
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error(text in like_filters(), user in users()) {
        let _ = Path::parse(&text);
        if let Ok(filter) = Filter::parse(&text)
            && let Ok(test) = Test::of(Kind::User, &filter)
        {
            let body: Json = normal(&user).body;
            // Of a condition and its opposite one holds.
            let not = Test::Not(Box::new(test.clone()));
            prop_assert_ne!(test.holds(&body), not.holds(&body));
        }
    }

    #[test]
    fn a_patch_leaves_a_resource_that_could_be_put(user in users(), operation in operations()) {
        let mut wanted = normal(&user);
        if apply(&operation, &mut wanted) {
            let put = normal(&Value::Object(wanted.body.clone()));
            prop_assert_eq!(&put.body, &wanted.body);
        }
    }

    #[test]
    fn the_same_patch_again_changes_nothing(user in users(), operation in operations()) {
        let mut once = normal(&user);
        if apply(&operation, &mut once) {
            let mut twice = once.clone();
            // Values that a filter chose may not be what it describes any more.
            let chosen = operation["path"].as_str().is_some_and(|path| path.contains('['));
            if apply(&operation, &mut twice) && !chosen {
                prop_assert_eq!(once.body, twice.body);
            }
        }
    }

    #[test]
    fn who_is_given_something_has_it(user in users(), title in "[a-z]{1,5}") {
        let mut wanted = normal(&user);
        let operation = json!({"op": "add", "path": "title", "value": title});
        prop_assert!(apply(&operation, &mut wanted));
        prop_assert_eq!(&wanted.body["title"], &json!(title));
        let others = |mut body: Json| { body.remove("title"); body };
        prop_assert_eq!(others(wanted.body), others(normal(&user).body), "and nothing else is changed");
    }
}
