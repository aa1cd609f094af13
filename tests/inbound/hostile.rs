//! Clients that no server should have to meet: each gets a proper answer or none, and nothing is changed by it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::watching::{Answer, GROUP, PATCH, TOKEN, USER, Watching};

/// What a connection answers to these bytes, up to its end.
fn raw(watching: &Watching, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(watching.origin.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // The server may have closed it already.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(request: &str) -> Vec<u8> {
    format!("{request} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_are_refused_in_scims_words_and_change_nothing() {
    let watching = Watching::start();
    let ada = watching.user("ada").await;
    watching.user("bob").await;
    let group = json!({"schemas": [GROUP], "displayName": "Engineering", "members": [{"value": ada}]});
    let group = watching.send(Method::POST, "/Groups", &group).await.expect(201)["id"].as_str().unwrap().to_owned();
    let before = watching.folder.read("inbound/hr/pushed.jsonl");
    let own = format!("/Users/{ada}");
    let group = format!("/Groups/{group}");
    let other = own.replace("Users", "Groups");
    let deep = format!("{{\"schemas\":[\"{USER}\"],\"userName\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let user = |rest: &str| format!("{{\"schemas\":[\"{USER}\"],{rest}}}");
    let patch = |operation: &str| format!("{{\"schemas\":[\"{PATCH}\"],\"Operations\":[{operation}]}}");
    let many = vec![r#"{"op":"add","path":"title","value":"x"}"#; 100_000].join(",");
    let filter = |filter: &str| format!("/Users?filter={}", percent(filter));
    let long = format!("userName eq \"x\"{}", " or userName eq \"x\"".repeat(100_000));
    let nested = format!("?{}userName pr{}", "(".repeat(5_000), ")".repeat(5_000));
    let table: Vec<(&str, &str, &str, String)> = vec![
        // No JSON, or not the right one.
        ("400 invalidSyntax", "POST", "/Users", "{".into()),
        ("400 invalidSyntax", "POST", "/Users", "[]".into()),
        ("400 invalidSyntax", "POST", "/Users", String::new()),
        ("400 invalidSyntax", "POST", "/Users", "\u{0}".into()),
        ("400 invalidSyntax", "POST", "/Users", deep),
        ("400 invalidSyntax", "POST", "/Users", r#"{"userName":"eve"}"#.into()),
        ("400 invalidSyntax", "POST", "/Users", user(r#""userName":"eve","USERNAME":"mallory""#)),
        ("400 invalidValue", "POST", "/Users", user(r#""displayName":"Eve""#)),
        ("400 invalidValue", "POST", "/Users", user(r#""userName":"  ""#)),
        ("400 invalidValue", "POST", "/Users", user(r#""userName":{"a":1}"#)),
        ("400 invalidValue", "POST", "/Users", user(r#""userName":"eve","active":"perhaps""#)),
        (
            "400 invalidValue",
            "POST",
            "/Users",
            user(r#""userName":"eve","emails":"eve""#.replace("\"eve\"", "7").as_str()),
        ),
        ("409 uniqueness", "POST", "/Users", user(r#""userName":"ADA""#)),
        ("409 uniqueness", "PUT", &own, user(r#""userName":"bob""#)),
        ("400 invalidValue", "PUT", &own, user(r#""title":"x""#)),
        ("404", "PUT", "/Users/none", user(r#""userName":"eve""#)),
        ("404", "DELETE", "/Users/none", String::new()),
        ("404", "DELETE", &other, String::new()),
        // PATCH.
        ("400 invalidSyntax", "PATCH", &own, patch("")),
        ("400 invalidSyntax", "PATCH", &own, patch(r#"{"op":"move"}"#)),
        ("400 invalidSyntax", "PATCH", &own, r#"{"Operations":[{"op":"add","path":"title","value":"x"}]}"#.into()),
        ("400 invalidPath", "PATCH", &own, patch(r#"{"op":"add","path":"titel","value":"x"}"#)),
        ("400 invalidPath", "PATCH", &own, patch(r#"{"op":"add","path":"a]b","value":"x"}"#)),
        ("400 invalidFilter", "PATCH", &own, patch(r#"{"op":"add","path":"emails[type eq].value","value":"x"}"#)),
        ("400 noTarget", "PATCH", &own, patch(r#"{"op":"remove"}"#)),
        ("400 noTarget", "PATCH", &own, patch(r#"{"op":"replace","path":"emails[type eq \"x\"].value","value":"x"}"#)),
        ("400 mutability", "PATCH", &own, patch(r#"{"op":"replace","path":"id","value":"x"}"#)),
        ("400 mutability", "PATCH", &own, patch(r#"{"op":"replace","path":"groups","value":[]}"#)),
        ("400 mutability", "PATCH", &own, patch(r#"{"op":"remove","path":"userName"}"#)),
        ("400 invalidValue", "PATCH", &own, patch(r#"{"op":"replace","path":"active","value":7}"#)),
        ("400 invalidValue", "PATCH", &own, patch(r#"{"op":"replace","value":"x"}"#)),
        ("409 uniqueness", "PATCH", &own, patch(r#"{"op":"replace","path":"userName","value":"Bob"}"#)),
        ("400 invalidValue", "PATCH", &group, patch(r#"{"op":"add","path":"members","value":[{"display":"x"}]}"#)),
        ("413", "PATCH", &own, patch(&many)),
        // The first operation is not kept without the second.
        (
            "400 invalidPath",
            "PATCH",
            &own,
            patch(r#"{"op":"add","path":"title","value":"x"},{"op":"remove","path":"z"}"#),
        ),
        // Filters and pages.
        ("400 invalidFilter", "GET", "?userName", String::new()),
        ("400 invalidFilter", "GET", "?userName eq", String::new()),
        ("400 invalidFilter", "GET", "?userName eq \"x\" and", String::new()),
        ("400 invalidFilter", "GET", "?(userName eq \"x\"", String::new()),
        ("400 invalidFilter", "GET", "?salary gt 5", String::new()),
        ("400 invalidFilter", "GET", "?active gt true", String::new()),
        ("400 invalidFilter", "GET", "?meta.created gt \"yesterday\"", String::new()),
        ("400 invalidFilter", "GET", &nested, String::new()),
        ("400 invalidValue", "GET", "/Users?count=many", String::new()),
        ("400 invalidPath", "GET", "/Users?sortBy=shoeSize", String::new()),
        ("400 invalidCursor", "GET", "/Users?cursor=made-up", String::new()),
        ("400 invalidValue", "GET", "/Users?filter=%ff", String::new()),
        // Paths and methods.
        ("404", "GET", "/users", String::new()),
        ("404", "GET", "/Users/x/y", String::new()),
        ("404", "GET", "/Users/..%2f..%2f..%2fetc%2fpasswd", String::new()),
        ("404", "GET", "/Schemas/urn:none", String::new()),
        ("405", "PUT", "/Users", "{}".into()),
        ("405", "POST", &own, "{}".into()),
        ("405", "DELETE", "/Schemas", String::new()),
        ("501", "GET", "/Me", String::new()),
        ("400 invalidSyntax", "POST", "/Bulk", "{}".into()),
        ("405", "GET", "/Bulk", String::new()),
        ("403", "GET", "/Schemas?filter=name%20pr", String::new()),
    ];
    let mut wrong = Vec::new();
    for (expected, method, path, body) in table {
        let path = path.strip_prefix('?').map_or(path.to_owned(), filter);
        let request = watching.request(method.parse().unwrap(), &path).header("content-type", "application/scim+json");
        let answer = Answer::of(request.body(body.clone()).send().await.unwrap()).await.refusal();
        if answer != expected {
            wrong.push(format!("{method} {path:.80} {body:.80}: {answer}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": long});
    let fine = watching.send(Method::POST, "/.search", &search).await;
    assert_eq!(fine.expect(200)["totalResults"], 0, "a long filter is none that is wrong");
    assert_eq!(watching.folder.read("inbound/hr/pushed.jsonl"), before);
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_is_told_nothing() {
    let watching = Watching::start();
    let base = watching.base();
    for token in [None, Some(""), Some("wrong"), Some(&TOKEN[1..]), Some(&format!("{TOKEN}x"))] {
        for path in ["/Users", "/ServiceProviderConfig", "/nowhere", "/Users/1"] {
            let request = watching.client.post(format!("{base}{path}")).header("content-type", "application/scim+json");
            let request = match token {
                Some(token) => request.header("authorization", format!("Bearer {token}")),
                None => request,
            };
            let response = request.body("{").send().await.unwrap();
            assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
            assert_eq!(Answer::of(response).await.refusal(), "401");
        }
    }
    let basic = watching.client.get(format!("{base}/Users")).basic_auth("tenure", Some(TOKEN)).send().await.unwrap();
    assert_eq!(Answer::of(basic).await.refusal(), "401");
    let form = watching.request(Method::POST, "/Users").form(&[("userName", "eve")]).send().await.unwrap();
    assert_eq!(Answer::of(form).await.refusal(), "415");
    assert_eq!(watching.total().await, 0);
    let log = watching.stop().read("watch.log");
    assert!(!log.contains(TOKEN), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_heads_and_times_are_bounded() {
    let watching = Watching::start();
    // Half a head, and then nothing: the connection ends. In the meantime all the rest.
    let origin = watching.origin.strip_prefix("http://").unwrap().to_owned();
    let slow = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(origin).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(b"GET /scim/hr/v2/Users HTTP/1.1\r\nHost: x\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let large = vec![b' '; 100 << 20];
    let told = watching.request(Method::POST, "/Users").header("content-type", "application/scim+json");
    match told.body(large.clone()).send().await {
        Ok(response) => assert_eq!(Answer::of(response).await.refusal(), "413"),
        // The server hangs up on who goes on sending.
        Err(error) => assert!(error.is_request(), "{error:?}"),
    }
    let announced = format!(
        "POST /scim/hr/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 104857600\r\n\r\n"
    );
    assert!(raw(&watching, announced.as_bytes()).starts_with("HTTP/1.1 413 "));
    let chunks = announced.replace("Content-Length: 104857600", "Transfer-Encoding: chunked").into_bytes();
    let chunk = [format!("{:x}\r\n", 1 << 20).as_bytes(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    let chunked = raw(&watching, &[chunks, chunk.repeat(9)].concat());
    assert!(chunked.is_empty() || chunked.starts_with("HTTP/1.1 413 "), "{chunked:.200}");
    // A body that breaks off.
    let half = announced.replace("104857600\r\n", "100\r\nConnection: close\r\n") + "{";
    let mut stream = TcpStream::connect(watching.origin.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(half.as_bytes()).unwrap();
    drop(stream);
    // Heads and paths.
    let long = format!("GET /scim/hr/v2/Users?filter={}", "x".repeat(200_000));
    assert!(["HTTP/1.1 414", "HTTP/1.1 431"].iter().any(|status| raw(&watching, &head(&long)).starts_with(status)));
    for (request, status) in [
        ("GET /scim/hr/v2/../../../../etc/passwd", "404"),
        ("GET /scim/hr/v2/%2e%2e/%2e%2e/etc/passwd", "404"),
        ("GET //scim/hr/v2/Users", "404"),
        ("GET /scim/hr/v2x/Users", "404"),
        ("GET /scim/none/v2/Users", "404"),
        ("GET /", "404"),
        ("GET http://evil.example/scim/hr/v2/Users", "200"),
        ("OPTIONS *", "404"),
        ("CONNECT evil.example:443", "404"),
        ("TRACE /scim/hr/v2/Users", "405"),
        ("G\0T /scim/hr/v2/Users", "400"),
        ("\x16\x03\x01", "400"),
    ] {
        let answer = raw(&watching, &head(request));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {answer}");
        assert!(!answer.contains("root:"), "{answer}");
    }
    slow.join().unwrap();
    watching.user("ada").await;
    assert_eq!(watching.total().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_do_no_harm() {
    let watching = Watching::start();
    let origin = watching.origin.strip_prefix("http://").unwrap();
    let idle: Vec<TcpStream> = (0..1_000).map(|_| TcpStream::connect(origin).unwrap()).collect();
    let before = memory(&watching);
    for number in 0..50 {
        watching.user(&format!("user-{number}")).await;
    }
    assert_eq!(watching.total().await, 50);
    assert!(memory(&watching) < before + (64 << 10), "{before} KiB, then {} KiB", memory(&watching));
    drop(idle);
    // All at once, and each writes.
    let one = |number: usize| {
        let user = json!({"schemas": [USER], "userName": format!("storm-{number}")});
        let request = watching.request(Method::POST, "/Users").header("content-type", "application/scim+json");
        request.body(user.to_string()).send()
    };
    let answers = futures_util::future::join_all((0..1_000).map(one)).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().status() == 201));
    assert_eq!(watching.total().await, 1_050);
}

/// Resident memory of the server, in KiB.
fn memory(watching: &Watching) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", watching.process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}
