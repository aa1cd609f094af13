//! What the `scim` provider makes of the answers to its writes: nothing is sent twice, nothing that may have happened
//! is called refused, and nothing of others is overwritten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

#[path = "servers/misbehaving.rs"]
mod misbehaving;

use misbehaving::{Misbehaving, Reply, Request, World};
use serde_json::{Value as Json, json};
use state::{Action, Address, Attributes, Kind, Object, Order, Outcome, Symbol, Target, Value};
use tenure_providers::scim::Scim;
use tenure_providers::{Provider, Settings, Unannounced};

const TOKEN: &str = "very-secret-token";

async fn execute(server: &Misbehaving, orders: &[Order]) -> Vec<Outcome> {
    let settings = Settings {
        system: "chat".into(),
        values: vec![
            (Symbol::new("url"), Value::text(server.url.as_str())),
            (Symbol::new("timeout"), Value::Integer(1)),
        ],
        secrets: vec![(Symbol::new("token"), TOKEN.to_owned())],
        ..Settings::default()
    };
    Scim.writer(settings).await.unwrap().execute(orders, &Unannounced).await
}

fn attributes(json: Json) -> Attributes {
    serde_json::from_value(json).unwrap()
}

fn order(action: Action, kind: Kind, target: Option<Target>, before: Option<Object>, after: Json) -> Order {
    Order {
        address: Address::Account { system: "chat".into(), holder: "ada".into() },
        action,
        target,
        kind,
        before,
        after: attributes(after),
        secrets: Default::default(),
    }
}

fn create() -> Order {
    order(
        Action::Create,
        Kind::Account,
        None,
        None,
        json!({ "userName": "ada", "title": "", "name": { "givenName": "Ada" } }),
    )
}

/// `u1` as the server holds it at first.
fn before() -> Object {
    let attributes = attributes(json!({ "userName": "user1", "name": { "givenName": "G", "familyName": "F" } }));
    Object { version: Some("W/\"1\"".into()), ..Object::new("u1", attributes) }
}

fn change(action: Action, after: Json) -> Order {
    order(action, Kind::Account, Some(Target::Account("u1".into())), Some(before()), after)
}

fn member(action: Action, member: &str) -> Order {
    let target = Target::Membership { group: "g1".into(), member: member.into(), nested: false };
    order(action, Kind::Membership, Some(target), None, json!({}))
}

/// One line: `refused after 7000 ms: ...`.
fn told(server: &Misbehaving, outcome: &Outcome) -> String {
    let text = match outcome {
        Outcome::Noted(_, what) => format!("noted: {what}"),
        Outcome::Done(object) => {
            format!("done: {} {} {:?}", object.id, if object.active { "active" } else { "inactive" }, object.attributes)
        }
        Outcome::Refused { error, retry_after: None } => format!("refused: {error}"),
        Outcome::Refused { error, retry_after: Some(wait) } => format!("refused for {wait} ms: {error}"),
        Outcome::Stale(None) => "stale".to_owned(),
        Outcome::Stale(Some(object)) => format!("stale: {:?}", object.attributes),
        Outcome::Partly(_, error) => format!("partly: {error}"),
        Outcome::Taken(error) => format!("taken: {error}"),
        Outcome::Later => "later".to_owned(),
        Outcome::Unknown(error) => format!("unknown: {error}"),
    };
    assert!(!text.contains(TOKEN), "{text}");
    text.replace(server.url.trim_end_matches("/v2"), "http://HOST")
}

fn members(server: &Misbehaving) -> String {
    server.resource("g1")["members"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|member| member["value"].as_str().unwrap().to_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

type Script = fn(&Request, &mut World) -> Option<Reply>;

/// A reply in place of what the world would do to a POST.
macro_rules! post {
    ($reply:expr) => {
        |request, _| (request.method == "POST").then(|| $reply)
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_is_sent_once_whatever_comes() {
    let table: &[(&str, Script)] = &[
        ("well", |_, _| None),
        ("no id", post!(Reply::json(201, json!({ "userName": "ada" })))),
        ("no body", post!(Reply::Raw(201, vec![], vec![], None))),
        ("no body, but a Location", |request, world| {
            (request.method == "POST").then(|| {
                let Reply::Json(_, _, body) = world.answer(request) else { return Reply::Close };
                let location = format!("{}/Users/{}", world.url, body["id"].as_str().unwrap());
                Reply::Raw(201, vec![("Location", location)], vec![], None)
            })
        }),
        (
            "a Location elsewhere",
            post!(Reply::Raw(201, vec![("Location", "https://evil.example/v2/Users/u1".into())], vec![], None)),
        ),
        ("400", post!(Reply::error(400, "invalidValue", "very-secret-token is not a title"))),
        ("401", post!(Reply::error(401, "", ""))),
        ("403", post!(Reply::error(403, "", "read only"))),
        ("409", post!(Reply::error(409, "uniqueness", "userName is taken"))),
        ("429", post!(Reply::error(429, "", "slow down").with("Retry-After", "7"))),
        ("429 without a time", post!(Reply::error(429, "", ""))),
        ("500", post!(Reply::html(500))),
        ("501", post!(Reply::error(501, "", ""))),
        ("503", post!(Reply::error(503, "", ""))),
        ("HTML", post!(Reply::html(200))),
        ("a redirect to log in", post!(Reply::redirect(302, "https://evil.example/login".into()))),
        ("a redirect of the method", post!(Reply::redirect(308, "https://evil.example/v2/Users".into()))),
        ("a broken connection", post!(Reply::Close)),
        ("a cut answer", post!(Reply::Raw(201, vec![], b"{".to_vec(), Some(100)))),
        ("slow", post!(Reply::Hang)),
    ];
    let mut lines = Vec::new();
    for (what, script) in table {
        let server = Misbehaving::start(*script);
        let outcomes = execute(&server, &[create()]).await;
        assert_eq!((outcomes.len(), server.count("POST")), (1, 1), "{what}");
        lines.push(format!("{what}\n  {}", told(&server, &outcomes[0])));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
        well
          done: new1 active {"name": {"givenName":"Ada"}, "userName": "ada"}
        no id
          unknown: POST http://HOST/v2/Users answered 201 Created, but the resource has no id: what was created has no id that could be recorded, so it has to be looked for
        no body
          unknown: POST http://HOST/v2/Users answered 201 Created, but with an empty body where JSON was expected: what was created has no id that could be recorded, so it has to be looked for
        no body, but a Location
          done: new1 active {"name": {"givenName":"Ada"}, "userName": "ada"}
        a Location elsewhere
          unknown: POST http://HOST/v2/Users answered 201 Created, but with an empty body where JSON was expected: what was created has no id that could be recorded, so it has to be looked for
        400
          refused: POST http://HOST/v2/Users answered 400 Bad Request: (sensitive) is not a title (invalidValue); the server does not accept the values or the form of the request: see its words, and /Schemas of the server
        401
          refused: POST http://HOST/v2/Users answered 401 Unauthorized; the credential was not accepted: check the value behind token (or username and password, or client_id)
        403
          refused: POST http://HOST/v2/Users answered 403 Forbidden: read only; the credential may not do this: give it the right in the system, or use another one
        409
          taken: POST http://HOST/v2/Users answered 409 Conflict: userName is taken (uniqueness); another object of the system has the same unique value: adopt it, or change the value
        429
          refused for 7000 ms: POST http://HOST/v2/Users answered 429 Too Many Requests: slow down; too many requests: set rate in the system block, or try again later
        429 without a time
          refused for 2000 ms: POST http://HOST/v2/Users answered 429 Too Many Requests; too many requests: set rate in the system block, or try again later
        500
          unknown: POST http://HOST/v2/Users answered 500 Internal Server Error: an HTML page: whether it happened is not known
        501
          refused: POST http://HOST/v2/Users answered 501 Not Implemented; the server cannot do this
        503
          unknown: POST http://HOST/v2/Users answered 503 Service Unavailable: whether it happened is not known
        HTML
          unknown: POST http://HOST/v2/Users answered 200 OK, but with an HTML page where JSON was expected (content type text/html): what was created has no id that could be recorded, so it has to be looked for
        a redirect to log in
          unknown: POST http://HOST/v2/Users answered 302 Found: it redirects to https://evil.example; nothing was sent there; write where the API is as url in the system block
        a redirect of the method
          refused: POST http://HOST/v2/Users answered 308 Permanent Redirect: it redirects to https://evil.example; nothing was sent there; write where the API is as url in the system block
        a broken connection
          unknown: POST http://HOST/v2/Users: connection closed before message completed
        a cut answer
          unknown: POST http://HOST/v2/Users answered 201 Created, but its body broke off: end of file before message length reached
        slow
          unknown: POST http://HOST/v2/Users: no answer within 1 s
        "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_sent_once_and_only_upon_what_was_seen() {
    let table: &[(&str, Order, Script)] = &[
        ("well", change(Action::Update, json!({ "title": "Countess" })), |_, _| None),
        ("204", change(Action::Update, json!({ "title": "Countess" })), |request, world| {
            (request.method == "PATCH").then(|| match world.answer(request) {
                Reply::Json(200, _, _) => Reply::json(204, json!(null)),
                other => other,
            })
        }),
        ("nothing to do", change(Action::Update, json!({ "userName": "user1", "title": "" })), |_, _| None),
        ("200, but unchanged", change(Action::Deactivate, json!({})), |request, world| {
            (request.method == "PATCH").then(|| Reply::json(200, world.find("u1").unwrap().clone()))
        }),
        ("another resource", change(Action::Update, json!({ "title": "x" })), |request, world| {
            (request.method == "PATCH").then(|| Reply::json(200, world.find("u2").unwrap().clone()))
        }),
        ("others were faster", change(Action::Rename, json!({ "userName": "ada" })), |request, world| {
            world.users[0]["meta"]["version"] = json!("W/\"2\"");
            world.users[0]["userName"] = json!("theirs");
            (request.method == "DELETE").then_some(Reply::Close)
        }),
        ("deactivated", change(Action::Deactivate, json!({})), |_, _| None),
        ("gone", change(Action::Update, json!({ "title": "x" })), |request, world| {
            world.users.retain(|user| user["id"] != "u1");
            (request.method == "DELETE").then_some(Reply::Close)
        }),
        ("500", change(Action::Update, json!({ "title": "x" })), |request, _| {
            (request.method == "PATCH").then(|| Reply::html(500))
        }),
        ("409", change(Action::Rename, json!({ "userName": "user2" })), |request, _| {
            (request.method == "PATCH").then(|| Reply::error(409, "uniqueness", ""))
        }),
    ];
    let mut lines = Vec::new();
    for (what, order, script) in table {
        let server = Misbehaving::start(*script);
        let outcomes = execute(&server, std::slice::from_ref(order)).await;
        let writes: Vec<Request> = server.seen().into_iter().filter(|request| request.method != "GET").collect();
        assert!(writes.len() <= 1, "{what}: {writes:?}");
        let sent = writes.first().map_or("nothing".to_owned(), |write| {
            format!("{} if {}: {}", write.method, write.header("if-match").unwrap_or("-"), write.body["Operations"])
        });
        lines.push(format!("{what}\n  {sent}\n  {}", told(&server, &outcomes[0])));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
        well
          PATCH if W/"1": [{"op":"add","path":"title","value":"Countess"}]
          done: u1 active {"badge": 1, "name": {"familyName":"F","givenName":"G"}, "title": "Countess", "userName": "user1"}
        204
          PATCH if W/"1": [{"op":"add","path":"title","value":"Countess"}]
          done: u1 active {"name": {"familyName":"F","givenName":"G"}, "title": "Countess", "userName": "user1"}
        nothing to do
          nothing
          done: u1 active {"name": {"familyName":"F","givenName":"G"}, "userName": "user1"}
        200, but unchanged
          PATCH if W/"1": [{"op":"replace","path":"active","value":false}]
          done: u1 active {"badge": 1, "name": {"familyName":"F","givenName":"G"}, "userName": "user1"}
        another resource
          PATCH if W/"1": [{"op":"add","path":"title","value":"x"}]
          unknown: PATCH http://HOST/v2/Users/u1 answered 200 OK, but with the resource u2 in place of u1
        others were faster
          PATCH if W/"1": [{"op":"replace","path":"userName","value":"ada"}]
          stale: {"badge": 1, "name": {"familyName":"F","givenName":"G"}, "userName": "theirs"}
        deactivated
          PATCH if W/"1": [{"op":"replace","path":"active","value":false}]
          done: u1 inactive {"badge": 1, "name": {"familyName":"F","givenName":"G"}, "userName": "user1"}
        gone
          PATCH if W/"1": [{"op":"add","path":"title","value":"x"}]
          refused: PATCH http://HOST/v2/Users/u1 answered 404 Not Found: not found; it is gone from the system: plan again
        500
          PATCH if W/"1": [{"op":"add","path":"title","value":"x"}]
          unknown: PATCH http://HOST/v2/Users/u1 answered 500 Internal Server Error: an HTML page: whether it happened is not known
        409
          PATCH if W/"1": [{"op":"replace","path":"userName","value":"user2"}]
          refused: PATCH http://HOST/v2/Users/u1 answered 409 Conflict: uniqueness; another object of the system has the same unique value: adopt it, or change the value
        "#);
}

#[tokio::test]
async fn without_patch_the_resource_is_written_whole_and_nothing_is_lost() {
    let announced: Script = |_, world| {
        world.config = json!({ "patch": { "supported": false }, "etag": { "supported": true } });
        None
    };
    let found_out: Script = |request, _| (request.method == "PATCH").then(|| Reply::error(501, "", ""));
    for (script, patches) in [(announced, 0), (found_out, 1)] {
        let server = Misbehaving::start(script);
        let order = change(Action::Update, json!({ "title": "Countess", "name": { "familyName": "L" } }));
        let outcomes = execute(&server, &[order]).await;
        assert!(matches!(&outcomes[0], Outcome::Done(_)), "{outcomes:?}");
        assert_eq!((server.count("PATCH"), server.count("PUT")), (patches, 1));
        let put = server.seen().into_iter().find(|request| request.method == "PUT").unwrap();
        assert_eq!(put.header("if-match"), Some("W/\"1\""));
        assert_eq!(
            put.body,
            json!({ "id": "u1", "userName": "user1", "active": true, "badge": 1, "title": "Countess",
                    "name": { "givenName": "G", "familyName": "L" } })
        );
        // What others changed since it was read is not overwritten.
        let mut order = change(Action::Update, json!({ "title": "Duchess" }));
        order.before = Some(Object::new("u1", attributes(json!({ "userName": "another" }))));
        assert!(matches!(&execute(&server, &[order]).await[0], Outcome::Stale(Some(_))));
        assert_eq!(server.resource("u1")["title"], "Countess");
    }
}

#[tokio::test]
async fn members_are_written_one_by_one_in_one_call() {
    let server = Misbehaving::start(|_, _| None);
    let orders = [member(Action::Grant, "u3"), member(Action::Revoke, "u1"), member(Action::Grant, "u4")];
    let outcomes = execute(&server, &orders).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))), "{outcomes:?}");
    assert_eq!(members(&server), "u2 u3 u4");
    let patches: Vec<Json> = server
        .seen()
        .into_iter()
        .filter(|request| request.method == "PATCH")
        .map(|request| request.body["Operations"].clone())
        .collect();
    assert_eq!(
        patches,
        [json!([
            { "op": "add", "path": "members", "value": [{ "value": "u3" }, { "value": "u4" }] },
            { "op": "remove", "path": "members[value eq \"u1\"]" },
        ])]
    );
}

#[tokio::test]
async fn a_server_without_filters_in_paths_never_sees_a_removal_of_all_members() {
    let server = Misbehaving::start(|request, _| {
        (request.method == "PATCH").then(|| Reply::error(400, "invalidPath", "no filters here"))
    });
    let outcomes = execute(&server, &[member(Action::Revoke, "u1")]).await;
    assert!(matches!(&outcomes[0], Outcome::Done(_)), "{outcomes:?}");
    assert_eq!(members(&server), "u2");
    let put = server.seen().into_iter().find(|request| request.method == "PUT").unwrap();
    assert_eq!(put.header("if-match"), Some("W/\"1\""));
    assert_eq!(put.body["members"], json!([{ "value": "u2", "display": "Two" }]));
}

#[tokio::test]
async fn one_bad_member_does_not_keep_the_others_out() {
    let server = Misbehaving::start(|request, _| {
        let bad = request.method == "PATCH" && request.body.to_string().contains("ghost");
        bad.then(|| Reply::error(400, "invalidValue", "ghost does not exist"))
    });
    let orders = [
        member(Action::Grant, "u3"),
        member(Action::Grant, "ghost"),
        member(Action::Grant, "u4"),
        member(Action::Grant, "u1"),
    ];
    let outcomes = execute(&server, &orders).await;
    let done: Vec<bool> = outcomes.iter().map(|outcome| matches!(outcome, Outcome::Done(_))).collect();
    assert_eq!(done, [true, false, true, true], "{outcomes:?}");
    // Who was there already is not added again.
    assert_eq!(members(&server), "u1 u2 u3 u4");
    assert!(told(&server, &outcomes[1]).contains("ghost does not exist"));
}

#[tokio::test]
async fn members_listed_by_user_name_are_removed_by_it() {
    let server = Misbehaving::start(|request, world| {
        if request.method == "GET" && request.path == "/ServiceProviderConfig" {
            world.groups[0]["members"] = json!([{ "value": "user1" }, { "value": "user2" }]);
        }
        // Finds users by name too.
        let name = request.path.strip_prefix("/Users/user")?;
        Some(Reply::json(200, world.find(&format!("u{name}"))?.clone()))
    });
    let outcomes = execute(&server, &[member(Action::Revoke, "u1"), member(Action::Revoke, "u5")]).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))), "{outcomes:?}");
    assert_eq!(members(&server), "user2");
    let patch = server.seen().into_iter().find(|request| request.method == "PATCH").unwrap();
    assert_eq!(patch.body["Operations"], json!([{ "op": "remove", "path": "members[value eq \"user1\"]" }]));
}

#[tokio::test]
async fn nobody_listening_means_that_nothing_was_sent() {
    let server = Misbehaving::start(|_, _| None);
    let settings = Settings {
        system: "chat".into(),
        values: vec![(Symbol::new("url"), Value::text(server.url.as_str()))],
        ..Settings::default()
    };
    let writer = Scim.writer(settings).await.unwrap();
    server.stop();
    let outcomes = writer.execute(&[create()], &Unannounced).await;
    assert!(
        matches!(&outcomes[0], Outcome::Refused { error, .. } if error.contains("nothing was sent")),
        "{outcomes:?}"
    );
}
