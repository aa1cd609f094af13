//! Operations of PATCH.

use serde_json::{Value, json};

use super::super::incoming::Wanted;
use super::super::patch;
use super::super::schema::Kind;
use super::Bench;
use crate::scim::rfc;

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
