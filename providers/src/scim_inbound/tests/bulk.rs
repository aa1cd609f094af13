//! Bulk requests, and what becomes of each operation.

use serde_json::{Value, json};

use super::super::bulk::OPERATIONS;
use super::{Bench, open};
use crate::scim::rfc;

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

fn user(name: &str) -> Value {
    json!({"schemas": [rfc::USER], "userName": name})
}

fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|member| json!({"value": member})).collect();
    json!({"schemas": [rfc::GROUP], "displayName": name, "members": members})
}

fn post(bulk_id: &str, data: Value) -> Value {
    let path = if data["schemas"][0] == rfc::GROUP { "/Groups" } else { "/Users" };
    json!({"method": "POST", "path": path, "bulkId": bulk_id, "data": data})
}

fn patch(path: &str, operation: Value) -> Value {
    json!({"method": "PATCH", "path": path, "data": {"schemas": [rfc::PATCH], "Operations": [operation]}})
}

impl Bench {
    fn bulk(&self, fail_on_errors: Value, operations: Vec<Value>) -> Value {
        let request = json!({"schemas": [SCHEMA], "failOnErrors": fail_on_errors, "Operations": operations});
        let answer = self.ask("POST /Bulk", &request);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
        answer.body["Operations"].clone()
    }

    /// `STATUS BULKID` of each that was carried out, or why one was not.
    fn outcomes(&self, fail_on_errors: Value, operations: Vec<Value>) -> String {
        let told = self.bulk(fail_on_errors, operations);
        let outcome = |told: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let why = told["response"]["detail"].as_str().map(|why| format!(": {why}")).unwrap_or_default();
            let why = match why.split_once("by way of") {
                Some((before, _)) => format!("{before}by way of \"[ID]\""),
                None => why,
            };
            // Where a resource is stands there, but for one that was not made.
            let (is_done, is_told) = (told["response"].is_null(), told["location"].is_string());
            assert!(if is_done { is_told } else { !is_told || told["method"] != "POST" }, "{told}");
            format!("{} {} {}{why}\n", text(&told["status"]), text(&told["method"]), text(&told["bulkId"]))
        };
        told.as_array().unwrap().iter().map(outcome).collect()
    }

    fn names(&self, path: &str) -> String {
        let list = self.get(path);
        let name = |one: &Value| one["userName"].as_str().or(one["displayName"].as_str()).unwrap().to_owned();
        list["Resources"].as_array().unwrap().iter().map(name).collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn references_lead_to_what_the_request_makes_whatever_the_order() {
    let bench = Bench::new();
    let chief = json!({"schemas": [rfc::USER, rfc::ENTERPRISE], "userName": "bob",
        rfc::ENTERPRISE: {"manager": {"value": "bulkId:ada"}}});
    let operation = json!({"op": "add", "path": "members", "value": [{"value": "bulkId:bob"}]});
    let told = bench.bulk(
        Value::Null,
        vec![
            patch("/Groups/bulkId:all", operation),
            post("all", group("All", &["bulkId:ada"])),
            post("bob", chief),
            post("ada", user("ada")),
            json!({"method": "put", "path": "/Users/bulkId:ada", "data": user("lovelace")}),
        ],
    );
    let told = told.as_array().unwrap();
    let statuses: Vec<&str> = told.iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["200", "201", "201", "201", "200"]);
    let path = |number: usize| told[number]["location"].as_str().unwrap().strip_prefix("http://x/scim/hr/v2").unwrap();
    let id = |number: usize| path(number).rsplit('/').next().unwrap();
    let all = bench.get(path(1));
    let members: Vec<&str> = all["members"].as_array().unwrap().iter().map(|m| m["value"].as_str().unwrap()).collect();
    assert!(members.len() == 2 && members.contains(&id(2)) && members.contains(&id(3)), "{members:?}");
    assert_eq!(bench.get(path(2))[rfc::ENTERPRISE]["manager"]["value"], id(3));
    assert_eq!(bench.get(path(3))["userName"], "lovelace");
    // The version is the one that it had then.
    let tag = |version: &Value, title: &str| {
        let version = version.as_str().unwrap();
        let operation = json!({"op": "add", "path": "title", "value": title});
        bench.with(&format!("PATCH {}", path(4)), &[("if-match", version)], &patch("", operation)["data"]).status
    };
    assert_eq!((tag(&told[3]["version"], "x"), tag(&told[4]["version"], "x")), (412, 200));
}

#[test]
fn circles_are_made_whole_or_not_at_all() {
    let bench = Bench::new();
    let chief = |name: &str, manager: &str| json!({"schemas": [rfc::USER], "userName": name, rfc::ENTERPRISE: {"manager": {"value": manager}}});
    let around = || vec![post("a", chief("ada", "bulkId:b")), post("b", chief("bob", "bulkId:a"))];
    insta::assert_snapshot!(bench.outcomes(Value::Null, around()), @"
    201 POST a
    201 POST b
    ");
    assert_eq!(bench.names("/Users"), "ada bob");
    // Groups in each other are a circle that no group may be in.
    let mut request = vec![post("a", group("A", &["bulkId:b"])), post("b", group("B", &["bulkId:a", "bulkId:c"]))];
    request.extend([post("c", user("cat")), post("d", group("D", &["bulkId:a"]))]);
    insta::assert_snapshot!(bench.outcomes(Value::Null, request), @r#"
    409 POST a: operations that it refers to, and they to it, cannot be carried out
    400 POST b: the group would be a member of itself, by way of "[ID]"
    201 POST c
    409 POST d: the operation "a" that it refers to was not carried out
    "#);
    assert_eq!((bench.names("/Users"), bench.names("/Groups")), ("ada bob cat".into(), String::new()));
    let cat = bench.get("/Users?filter=userName%20eq%20%22cat%22");
    assert!(cat["Resources"][0]["groups"].is_null(), "{cat}");
    // What stays is what is on the disk.
    let Bench { folder, inbound } = bench;
    drop(inbound);
    let bench = Bench { inbound: open(folder.path()), folder };
    assert_eq!((bench.names("/Users"), bench.names("/Groups")), ("ada bob cat".into(), String::new()));
}

#[test]
fn each_operation_is_answered_for_itself() {
    let bench = Bench::new();
    let ada = bench.user(json!({"userName": "ada"}));
    let title = |title: &str| json!({"op": "add", "path": "title", "value": title});
    let mut stale = patch(&ada, title("x"));
    stale["version"] = "W/\"7\"".into();
    let half = json!({"method": "PATCH", "path": ada, "data": {"schemas": [rfc::PATCH],
        "Operations": [title("y"), {"op": "remove", "path": "nothing"}]}});
    let request = vec![
        post("1", user("bob")),
        post("2", user("ADA")),
        post("3", group("Of nobody", &["bulkId:2"])),
        post("4", group("Of somebody unknown", &["bulkId:9"])),
        post("1", user("cat")),
        json!({"method": "POST", "path": "/Users", "data": user("cat")}),
        json!({"method": "POST", "path": "/Users/1", "bulkId": "5", "data": user("cat")}),
        json!({"method": "PUT", "path": "/Users", "data": user("cat")}),
        json!({"method": "GET", "path": "/Users/1"}),
        json!({"method": "DELETE", "path": "/Users/none"}),
        json!({"method": "DELETE", "path": "/Users/bulkId:9"}),
        json!({"method": "DELETE", "path": "/Devices/1"}),
        json!({"method": "DELETE", "path": "/Users/1/2"}),
        json!({"method": "DELETE"}),
        json!({"path": "/Users"}),
        json!("DELETE /Users/1"),
        json!({"method": "POST", "path": "/Users", "bulkId": "6"}),
        json!({"method": "POST", "path": "/Users", "bulkId": "7", "data": {"userName": "cat"}}),
        stale,
        half,
        patch("/Users/bulkId:1", title("z")),
        json!({"method": "DELETE", "path": "/Users/bulkId:1"}),
        post("8", group("Late", &["bulkId:1"])),
    ];
    insta::assert_snapshot!(bench.outcomes(Value::Null, request), @r#"
    201 POST 1
    409 POST 2: another User has the userName "ADA"
    409 POST 3: the operation "2" that it refers to was not carried out
    409 POST 4: no operation makes a resource with the bulkId "9"
    400 POST 1: another operation has the same `bulkId`
    400 POST -: POST needs a `bulkId` (section 3.7)
    405 POST 5: POST is not for the path "/Users/1"
    405 PUT -: PUT is not for the path "/Users"
    400 GET -: `method` must be POST, PUT, PATCH or DELETE
    404 DELETE -: there is no User "none" here
    409 DELETE -: no operation makes a resource with the bulkId "9"
    404 DELETE -: there is no path "/Devices/1" here
    404 DELETE -: there is no path "/Users/1/2" here
    400 DELETE -: `path` is missing
    400  -: `method` is missing
    400  -: an operation must be an object
    400 POST 6: `data` must be an object
    400 POST 7: `schemas` must be a list that names urn:ietf:params:scim:schemas:core:2.0:User
    412 PATCH -: the resource is at the version W/"1"
    400 PATCH -: operation 2 of 2: a User has no attribute "nothing"
    200 PATCH -
    204 DELETE -
    201 POST 8
    "#);
    assert_eq!((bench.names("/Users"), bench.names("/Groups")), ("ada".into(), "Late".into()));
    assert!(bench.get(&ada)["title"].is_null(), "nothing of an operation that fails is kept");
}

#[test]
fn it_ends_after_as_many_errors_as_it_is_told() {
    let names = |text: &str| text.split(' ').map(|name| post(name, user(name))).collect::<Vec<_>>();
    let request = || {
        names("a b").into_iter().chain(names("A B")).map(|mut operation| {
            if operation["data"]["userName"].as_str().unwrap().chars().all(char::is_uppercase) {
                operation["bulkId"] = format!("{}2", operation["bulkId"].as_str().unwrap()).into();
            }
            operation
        })
    };
    for (most, carried_out) in [(json!(1), 3), (json!(0), 3), (json!(2), 4), (json!(3), 5), (Value::Null, 5)] {
        let bench = Bench::new();
        let operations = request().chain(names("c")).collect();
        assert_eq!(bench.bulk(most.clone(), operations).as_array().unwrap().len(), carried_out, "{most}");
        assert_eq!(bench.names("/Users"), if carried_out == 5 { "a b c" } else { "a b" });
    }
}

#[test]
fn requests_that_are_none_change_nothing() {
    let bench = Bench::new();
    let said = |request: Value| {
        let answer = bench.ask("POST /Bulk", &request);
        assert!(!answer.changed);
        format!("{} {}\n", answer.status, answer.body["detail"].as_str().unwrap())
    };
    let one = json!([post("1", user("ada"))]);
    let many: Vec<Value> =
        (0..=OPERATIONS).map(|number| post(&number.to_string(), user(&number.to_string()))).collect();
    let said: String = [
        json!({"Operations": one}),
        json!({"schemas": [SCHEMA]}),
        json!({"schemas": [SCHEMA], "Operations": []}),
        json!({"schemas": [SCHEMA], "Operations": one, "failOnErrors": "many"}),
        json!({"schemas": [SCHEMA], "Operations": many}),
    ]
    .map(said)
    .concat();
    insta::assert_snapshot!(said, @"
    400 `schemas` must be a list that names urn:ietf:params:scim:api:messages:2.0:BulkRequest
    400 `Operations` must be a list with at least one operation
    400 `Operations` must be a list with at least one operation
    400 `failOnErrors` must be a whole number
    413 more than 1000 operations: send them in several requests
    ");
    let service = bench.get("/ServiceProviderConfig")["bulk"].clone();
    assert_eq!(service, json!({"supported": true, "maxOperations": OPERATIONS, "maxPayloadSize": 8 << 20}));
    let most: Vec<Value> = (0..OPERATIONS).map(|number| post(&number.to_string(), user(&number.to_string()))).collect();
    assert_eq!(bench.bulk(Value::Null, most).as_array().unwrap().len(), OPERATIONS);
    assert_eq!(bench.get("/Users?count=0")["totalResults"], OPERATIONS);
}
