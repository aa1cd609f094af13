//! Versions and replacements.

use serde_json::{Value, json};

use super::Bench;
use crate::scim::rfc;

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
