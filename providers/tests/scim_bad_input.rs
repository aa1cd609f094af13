//! What the `scim` provider says about servers that misbehave: a clear error, and never an inventory that is not whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

#[path = "servers/misbehaving.rs"]
mod misbehaving;

use std::sync::atomic::{AtomicU32, Ordering};

use misbehaving::{Misbehaving, Reply, Request, World, page};
use serde_json::json;
use state::{Observed, Presence, Symbol, Target, Timestamp, Value};
use tenure_providers::scim::Scim;
use tenure_providers::{Ask, Beginning, Provider, Settings};

const TOKEN: &str = "very-secret-token";

fn settings(url: &str, more: &[(&str, Value)]) -> Settings {
    let mut values = vec![(Symbol::new("url"), Value::text(url))];
    values.extend(more.iter().map(|(name, value)| (Symbol::new(name), value.clone())));
    Settings {
        system: "chat".into(),
        values,
        secrets: vec![(Symbol::new("token"), TOKEN.to_owned())],
        ..Settings::default()
    }
}

/// The inventory, or the error as a user sees it, with its hint.
async fn inventory(url: &str, more: &[(&str, Value)]) -> Result<Observed, String> {
    let reader = match Scim.reader(settings(url, more)).await {
        Ok(reader) => reader,
        Err(error) => return Err(format!("{} ({})", error.message, error.hint)),
    };
    let observed =
        reader.inventory(&Ask { now: Timestamp::default(), grants: &[], accounts: &[], progress: &|_| {} }).await;
    observed.map_err(|error| format!("{} ({})", error.message, error.hint))
}

/// `users 5 groups 1 members 2`, and that everybody is there.
fn whole(observed: &Observed) -> bool {
    let ids: Vec<&str> = observed.accounts.iter().map(|account| account.id.as_str()).collect();
    let members: Vec<&str> = observed.memberships.iter().map(|place| place.member.as_str()).collect();
    ids == ["u1", "u2", "u3", "u4", "u5"] && observed.groups.len() == 1 && members == ["u1", "u2"]
}

/// Settings besides the URL.
type More = &'static [(&'static str, Value)];
type Script = fn(&Request, &mut World) -> Option<Reply>;

/// A reply in place of the list of users.
macro_rules! users {
    ($reply:expr) => {
        |request, _| request.is("GET /Users").then(|| $reply)
    };
}

fn user(id: &str) -> serde_json::Value {
    json!({ "id": id, "userName": id })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_whole_is_an_error() {
    let table: &[(&str, Script)] = &[
        ("401", |_, _| Some(Reply::error(401, "", "the token very-secret-token\u{7} has\nexpired"))),
        ("403", users!(Reply::error(403, "", "not for you"))),
        ("404", |_, _| Some(Reply::error(404, "", ""))),
        ("429 for an hour", users!(Reply::error(429, "", "slow down").with("Retry-After", "3600"))),
        ("503 for good", users!(Reply::error(503, "", "").with("Retry-After", "0"))),
        ("500", users!(Reply::error(500, "", "boom"))),
        ("HTML", users!(Reply::html(200))),
        ("HTML everywhere", |_, _| Some(Reply::html(200))),
        ("HTML with 500", users!(Reply::html(500))),
        ("not a list", users!(Reply::json(200, json!([1, 2])))),
        (
            "cut JSON",
            users!(Reply::Raw(200, vec![], br#"{"totalResults": 5, "Resources": [{"id": "u1""#.to_vec(), None)),
        ),
        ("cut body", users!(Reply::Raw(200, vec![], br#"{"totalResults": 5"#.to_vec(), Some(5000)))),
        ("huge body", users!(Reply::Raw(200, vec![], b"{".to_vec(), Some(70 << 20)))),
        ("no totalResults", users!(Reply::json(200, json!({ "Resources": [user("u1")] })))),
        ("total too large", |request, world| {
            request.is("GET /Users").then(|| match page(&world.users, request) {
                Reply::Json(status, headers, mut body) => {
                    body["totalResults"] = json!(7);
                    Reply::Json(status, headers, body)
                }
                other => other,
            })
        }),
        ("total too small", |request, world| {
            request.is("GET /Users").then(|| match page(&world.users, request) {
                Reply::Json(status, headers, mut body) => {
                    let all = body["Resources"].as_array().unwrap();
                    body["Resources"] = all.iter().take(2).cloned().collect();
                    body["totalResults"] = json!(2);
                    Reply::Json(status, headers, body)
                }
                other => other,
            })
        }),
        ("zero, but somebody", users!(Reply::list(0, vec![user("u1")]))),
        ("the same page again and again", users!(Reply::list(5, vec![user("u1"), user("u2")]))),
        ("an id twice", users!(Reply::list(2, vec![user("u1"), user("u1")]))),
        ("no id", users!(Reply::list(2, vec![user("u1"), json!({ "userName": "ghost" })]))),
        ("an item that is no object", users!(Reply::list(1, vec![json!("u1")]))),
        ("a total that never stands still", |request, _| {
            static TOTAL: AtomicU32 = AtomicU32::new(100);
            let start = request.number("startIndex").unwrap_or(1);
            request.is("GET /Users").then(|| {
                let total = TOTAL.fetch_add(1, Ordering::Relaxed) as usize;
                Reply::list(total, vec![user(&format!("u{start}"))])
            })
        }),
        ("groups fail", |request, _| request.is("GET /Groups").then(|| Reply::error(403, "", "groups are secret"))),
        ("an endpoint elsewhere", |request, _| {
            let kind = json!({ "name": "User", "schema": "urn:ietf:params:scim:schemas:core:2.0:User", "endpoint": "https://evil.example/Users" });
            request.is("GET /ResourceTypes").then(|| Reply::list(1, vec![kind]))
        }),
        ("a redirect elsewhere", users!(Reply::redirect(302, "https://evil.example/Users".into()))),
        ("a redirect in circles", users!(Reply::redirect(302, "/v2/Users".into()))),
        ("slow", users!(Reply::Hang)),
    ];
    let mut told = Vec::new();
    for (what, script) in table {
        let server = Misbehaving::start(*script);
        let error = inventory(&server.url, &[("timeout", Value::Integer(1))]).await.map(|_| ()).expect_err(what);
        assert!(!error.contains(TOKEN), "{what}: {error}");
        assert!(server.seen().iter().all(|request| request.method == "GET"), "{what}");
        told.push(format!("{what}\n  {}", error.replace(server.url.trim_end_matches("/v2"), "http://HOST")));
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
        401
          system.chat: GET http://HOST/v2/ServiceProviderConfig answered 401 Unauthorized: the token (sensitive) has expired (the credential was not accepted: check the value behind token (or username and password, or client_id))
        403
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 403 Forbidden: not for you (the credential may not do this: give it the right in the system, or use another one)
        404
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 404 Not Found (check url in the system block: it must be the base of the SCIM API, often ending in /scim/v2)
        429 for an hour
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 429 Too Many Requests and asks to wait 3600 s (try again after that, or set rate in the system block)
        503 for good
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 503 Service Unavailable (5 attempts) (the server is overloaded or away: try again later, or set rate in the system block)
        500
          GET http://HOST/v2/Users?startIndex=1 answered 500 Internal Server Error: boom (the server failed: see its log, then try again)
        HTML
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 200 OK, but with an HTML page where JSON was expected (content type text/html) (check that the URL is the base of the API, not of its web pages, and that no proxy or login page stands before it)
        HTML everywhere
          system.chat: GET http://HOST/v2/ServiceProviderConfig answered 200 OK, but with an HTML page where JSON was expected (content type text/html) (check that the URL is the base of the API, not of its web pages, and that no proxy or login page stands before it)
        HTML with 500
          GET http://HOST/v2/Users?startIndex=1 answered 500 Internal Server Error: an HTML page (the server failed: see its log, then try again)
        not a list
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 200 OK, but not with a list response (RFC 7644 section 3.4.2) (check that url in the system block is the base of a SCIM 2.0 API)
        cut JSON
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 200 OK, but its body is cut off after 45 bytes (try again; where it stays, a proxy may limit the size of answers: a smaller page_size may help)
        cut body
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 200 OK, but its body broke off: end of file before message length reached (5 attempts) (try again; where it stays, a proxy may limit the size of answers: a smaller page_size may help)
        huge body
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 200 OK, but its body is larger than 64 MiB (a smaller page_size may help)
        no totalResults
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 200 OK, but without totalResults: it cannot be proved complete (see the server's documentation; SCIM requires it (RFC 7644 section 3.4.2))
        total too large
          GET http://HOST/v2/Users: totalResults says 7, but nothing more came after 5 resources (3 readings) (the list cannot be proved complete, so nothing is concluded from it: try again when less is changing; where it stays, the server's paging is broken and a page_size of all resources may help)
        total too small
          GET http://HOST/v2/Users: totalResults says 2, but more resources came behind that (3 readings) (the list cannot be proved complete, so nothing is concluded from it: try again when less is changing; where it stays, the server's paging is broken and a page_size of all resources may help)
        zero, but somebody
          GET http://HOST/v2/Users: totalResults says 0, but 1 resources came (3 readings) (the list cannot be proved complete, so nothing is concluded from it: try again when less is changing; where it stays, the server's paging is broken and a page_size of all resources may help)
        the same page again and again
          GET http://HOST/v2/Users: page 2 repeats 2 resources that came before (3 readings) (the list cannot be proved complete, so nothing is concluded from it: try again when less is changing; where it stays, the server's paging is broken and a page_size of all resources may help)
        an id twice
          GET http://HOST/v2/Users: page 1 repeats 1 resources that came before (3 readings) (the list cannot be proved complete, so nothing is concluded from it: try again when less is changing; where it stays, the server's paging is broken and a page_size of all resources may help)
        no id
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 200 OK, but a resource in it ("ghost") has no id (the list is not used at all, since leaving the resource out would look like its absence: have the server mended)
        an item that is no object
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 200 OK, but one of its Resources is not an object (check that url in the system block is the base of a SCIM 2.0 API)
        a total that never stands still
          GET http://HOST/v2/Users: totalResults went from 104 to 105 while it was read (3 readings) (the list cannot be proved complete, so nothing is concluded from it: try again when less is changing; where it stays, the server's paging is broken and a page_size of all resources may help)
        groups fail
          GET http://HOST/v2/Groups?startIndex=1&count=500 answered 403 Forbidden: groups are secret (the credential may not do this: give it the right in the system, or use another one)
        an endpoint elsewhere
          system.chat: /ResourceTypes names an endpoint at https://evil.example; nothing was sent there (if that is where the API is, write it as url in the system block)
        a redirect elsewhere
          GET http://HOST/v2/Users?startIndex=1&count=500 answered 302 Found: it redirects to https://evil.example; nothing was sent there (if that is where the API is, write it as url in the system block)
        a redirect in circles
          GET http://HOST/v2/Users answered 302 Found: it redirects in circles (check url in the system block)
        slow
          GET http://HOST/v2/Users?startIndex=1&count=500: no answer within 1 s (5 attempts) (check the server, or raise timeout in the system block)
        "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_coped_with_is_read_whole() {
    let table: &[(&str, More, Script)] = &[
        ("no discovery at all", &[], |request, _| request.path.contains("Config").then(|| Reply::error(404, "", ""))),
        ("pages of two", &[("page_size", Value::Integer(2))], |_, _| None),
        ("pages silently capped at one", &[], |request, world| {
            let start = request.number("startIndex")?;
            let one = world.users.iter().skip(start - 1).take(1).cloned().collect();
            request.is("GET /Users").then(|| Reply::list(5, one))
        }),
        ("pages out of order", &[("page_size", Value::Integer(2))], |request, world| {
            let backwards: Vec<_> = world.users.iter().rev().cloned().collect();
            request.is("GET /Users").then(|| page(&backwards, request))
        }),
        ("the first page again behind the end", &[], |request, world| {
            (request.is("GET /Users") && request.number("startIndex") > Some(5))
                .then(|| Reply::list(5, world.users.clone()))
        }),
        ("404 behind the end", &[], |request, _| {
            (request.is("GET /Users") && request.number("startIndex") > Some(5)).then(|| Reply::error(404, "", ""))
        }),
        ("500 to count", &[], |request, _| request.number("count").map(|_| Reply::html(500))),
        ("no members in lists", &[], |request, _| {
            request.is("GET /Groups").then(|| Reply::list(1, vec![json!({ "id": "g1", "displayName": "staff" })]))
        }),
        ("members by user name", &[], |request, world| {
            world.groups[0]["members"] = json!([{ "value": "USER1" }, { "value": "user2" }]);
            request.is("GET nothing").then_some(Reply::Close)
        }),
        ("totals as text, names in other case", &[], |request, world| {
            let users: Vec<_> =
                world.users.iter().map(|user| json!({ "ID": user["id"], "USERNAME": user["userName"] })).collect();
            let all = request.number("startIndex") == Some(1);
            request.is("GET /Users").then(|| {
                Reply::json(200, json!({ "TotalResults": "5", "resources": if all { users } else { vec![] } }))
            })
        }),
        ("a redirect within", &[], |request, _| {
            request.is("GET /Users").then(|| Reply::redirect(307, format!("/v2/people?{}", request.query)))
        }),
        ("429, then well", &[], |request, _| {
            static CALLS: AtomicU32 = AtomicU32::new(0);
            (request.is("GET /Users") && CALLS.fetch_add(1, Ordering::Relaxed) < 2)
                .then(|| Reply::error(429, "", "").with("Retry-After", "0"))
        }),
        ("503 and broken connections, then well", &[], |request, _| {
            static CALLS: AtomicU32 = AtomicU32::new(0);
            match (request.is("GET /Users"), CALLS.fetch_add(1, Ordering::Relaxed)) {
                (true, n) if n % 3 == 0 => Some(Reply::Close),
                (true, n) if n % 3 == 1 => Some(Reply::html(503)),
                _ => None,
            }
        }),
        ("somebody leaves while it is read", &[("page_size", Value::Integer(2))], |request, world| {
            static CALLS: AtomicU32 = AtomicU32::new(0);
            if request.is("GET /Users") && CALLS.fetch_add(1, Ordering::Relaxed) == 0 {
                let mut more = world.users.clone();
                more.push(user("leaves"));
                return Some(page(&more, request));
            }
            None
        }),
    ];
    for (what, more, script) in table {
        let server = Misbehaving::start(move |request, world| {
            // Where the redirect leads.
            match script(request, world) {
                None if request.is("GET /people") => Some(page(&world.users, request)),
                reply => reply,
            }
        });
        let observed = inventory(&server.url, more).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(whole(&observed), "{what}: {observed:?}");
    }
}

#[tokio::test]
async fn who_is_not_there_or_speaks_no_tls_is_told_so() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let plain = Misbehaving::start(|_, _| None);
    let mut told = Vec::new();
    for url in [format!("http://127.0.0.1:{closed}/v2"), plain.url.replace("http:", "https:")] {
        let error = inventory(&url, &[]).await.map(|_| ()).unwrap_err();
        let port = url.split(':').nth(2).unwrap_or("none").trim_end_matches("/v2").to_owned();
        told.push(error.replace(&format!(":{port}"), ":PORT"));
    }
    insta::assert_snapshot!(told.join("\n"), @r"
        system.chat: GET http://127.0.0.1:PORT/v2/ServiceProviderConfig: Connection refused (os error 111) (5 attempts) (check url in the system block, the network, and whether the server runs)
        system.chat: GET https://127.0.0.1:PORT/v2/ServiceProviderConfig: tls handshake eof (5 attempts) (check url in the system block, the network, and whether the server runs)
        ");
}

#[tokio::test]
async fn no_credential_goes_where_a_redirect_leads() {
    let elsewhere = std::sync::Arc::new(Misbehaving::start(|_, _| None));
    let to = elsewhere.url.clone();
    let server = Misbehaving::start(move |request, _| {
        request.is("GET /Users").then(|| Reply::redirect(302, format!("{to}/Users")))
    });
    let error = inventory(&server.url, &[]).await.map(|_| ()).unwrap_err();
    assert!(error.contains("nothing was sent there"), "{error}");
    assert_eq!(elsewhere.seen().len(), 0);
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer very-secret-token"));
    assert!(server.seen()[0].header("user-agent").unwrap().starts_with("tenure/"));
}

#[tokio::test]
async fn a_direct_read_tells_gone_from_hidden_and_from_failure() {
    let server = Misbehaving::start(|request, _| match request.path.as_str() {
        "/Users/hidden" => Some(Reply::error(403, "", "secret")),
        "/Users/broken" => Some(Reply::html(500)),
        "/Users/other" => {
            Some(Reply::json(200, json!({ "id": "u1", "meta": { "version": "a" } })).with("ETag", "\"b\""))
        }
        _ => None,
    });
    let reader = Scim.reader(settings(&server.url, &[])).await.unwrap();
    let membership = |member: &str| Target::Membership { group: "g1".into(), member: member.into(), nested: false };
    let targets = [
        Target::Account("u1".into()),
        Target::Account("nobody".into()),
        Target::Account("hidden".into()),
        membership("u1"),
        membership("u5"),
        Target::Membership { group: "nothing".into(), member: "u1".into(), nested: false },
        Target::Group("g1".into()),
    ];
    let presences = reader.read(&targets).await.unwrap();
    let told: Vec<&str> = presences
        .iter()
        .map(|presence| match presence {
            Presence::Here(_) => "here",
            Presence::Gone => "gone",
            Presence::Hidden(why) if why.contains("403") => "hidden",
            Presence::Hidden(_) => "?",
        })
        .collect();
    assert_eq!(told, ["here", "gone", "hidden", "here", "gone", "gone", "here"]);
    // Each remote object once, and the one question how this server spells its members.
    assert_eq!(server.seen().iter().filter(|request| request.path == "/Groups/g1").count(), 1);
    let error = reader.read(&[Target::Account("broken".into())]).await.unwrap_err();
    assert!(
        error.message.ends_with("/Users/broken answered 500 Internal Server Error: an HTML page"),
        "{}",
        error.message
    );
    // An ETag that is not meta.version: nobody knows which of them If-Match means.
    let other = reader.read(&[Target::Account("other".into())]).await.unwrap();
    assert!(matches!(&other[0], Presence::Here(object) if object.version.is_none()), "{other:?}");
}

#[tokio::test]
async fn nobody_listens_to_a_server_that_cannot_be_asked_for_what_changed() {
    let meta = json!({ "lastModified": "2026-11-27T10:00:00Z" });
    let scripts: [(Script, &str); 4] = [
        (
            |_, _| None,
            "the server does not honour a filter by meta.lastModified: of 5 in /Users it finds 5 modified since 1970 and 5 \
             since the year 9000",
        ),
        (
            |request, _| request.query.contains("filter=").then(|| Reply::error(400, "invalidFilter", "no")),
            "GET URL/Users answered 400 Bad Request: no (invalidFilter)",
        ),
        (
            |request, _| request.query.contains("filter=").then(|| Reply::list(0, Vec::new())),
            "the server does not honour a filter by meta.lastModified: of 5 in /Users it finds 0 modified since 1970 and 0 \
             since the year 9000",
        ),
        (
            |request, world| {
                world.users.iter_mut().for_each(|user| user["meta"] = json!({ "lastModified": "yesterday" }));
                request.query.contains("9000").then(|| Reply::list(0, Vec::new()))
            },
            "GET URL/Users answered 200 OK, but a resource has no meta.lastModified that can be read",
        ),
    ];
    for (script, expected) in scripts {
        let meta = meta.clone();
        let server = Misbehaving::start(move |request, world| {
            world.users.iter_mut().chain(&mut world.groups).for_each(|resource| resource["meta"] = meta.clone());
            script(request, world)
        });
        let begun = Scim.listener().unwrap().begin(&settings(&server.url, &[])).await.unwrap();
        let Beginning::Never(why) = begun else { panic!("{begun:?}") };
        let why = why.replace(&server.url, "URL");
        let query = why.find("?startIndex").map_or("", |at| why[at..].split(' ').next().unwrap());
        assert_eq!(why.replace(query, ""), expected);
    }
}
