//! Filters and patches over whatever comes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::filter::Filter;
use super::super::incoming::{self, Wanted};
use super::super::matching::Test;
use super::super::patch;
use super::super::path::Path;
use super::super::schema::Kind;
use crate::scim::json::Json;
use crate::scim::rfc;

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
    incoming::resource(Kind::User, user.as_object().unwrap()).unwrap()
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
