use http::{HeaderValue, Request};
use state::{Action, Address, Code, Finding, Scope, Severity, Timestamp};

use super::html::escaped;
use super::*;
use crate::commands::watch::board::{Sight, System};
use crate::commands::watch::log::Entry;
use crate::edge::FileStore;

const TOKEN: &str = "0123456789abcdef0123456789";

fn board() -> Board {
    let at = Timestamp::from_millis(1_795_000_000_000);
    let board = Board::new(SystemClock.now(), 60_000, true);
    let address: Address = "account.chat.ada".parse().unwrap();
    board.saw(|| Sight {
        changes: 2,
        held: 1,
        systems: vec![
            System { name: "chat".into(), provider: "scim".into(), read: Ok([3, 2, 1]) },
            System {
                name: "k8s[\"a\\b\"]".into(),
                provider: "directory".into(),
                read: Err("<b>refused</b>".to_owned()),
            },
        ],
        findings: vec![Finding {
            code: Code::MassRemoval,
            severity: Severity::Holds,
            scope: Scope::Addresses,
            addresses: vec![address],
            message: "4 of 5 & more".to_owned(),
            hint: "look".to_owned(),
        }],
        ..Sight::default()
    });
    board.stands(&[
        Entry::Waits { address, action: Action::Deactivate.word(), held: true },
        Entry::Drift { address: "person[\"<script>\"]".parse().unwrap(), what: "switched_off", fate: "put_back" },
    ]);
    board.round("started".to_owned(), (at, at.plus_millis(1_500)), true);
    board
}

fn served(method: &str, path: &str, authorization: Option<&str>) -> (u16, String) {
    let folder = tempfile::tempdir().unwrap();
    let store = Box::new(FileStore::new(folder.path().join("none.tenure")));
    let page = Page::new(board(), store, token::checked(TOKEN).unwrap());
    let mut request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
    if let Some(authorization) = authorization {
        request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_str(authorization).unwrap());
    }
    let (head, body) = request.into_parts();
    let response = match page.admit(&head) {
        Some(response) => response,
        None => page.answer(Request::from_parts(head, body), "http://here"),
    };
    (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
}

#[test]
fn only_whoever_has_the_token_may_look() {
    // `ada:` and the token; the same without its last character.
    let basic = "Basic YWRhOjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5";
    let wrong = "Basic YWRhOjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg=";
    let bearer = format!("Bearer {TOKEN}");
    for path in ["/", "/metrics", "/people?q=a", "/person/ada", "/style.css", "/../../etc/passwd"] {
        for authorization in [None, Some(wrong), Some("Basic"), Some("Bearer "), Some("Basic %%%"), Some("Digest x")] {
            assert_eq!(served("GET", path, authorization).0, 401, "{path} {authorization:?}");
        }
    }
    for authorization in [basic, &bearer] {
        assert_eq!(served("GET", "/", Some(authorization)).0, 200);
        assert_eq!(served("GET", "/nothing", Some(authorization)).0, 404);
        assert_eq!(served("POST", "/", Some(authorization)).0, 405);
        assert_eq!(served("HEAD", "/", Some(authorization)), (200, String::new()));
    }
    // Health says no more than that.
    assert_eq!(served("GET", "/healthz", None), (200, "ok\n".to_owned()));
    assert_eq!(served("GET", "/readyz", None), (503, "unwell\n".to_owned()));
    assert!(token::checked("short").is_err() && token::checked("").is_err());
}

#[test]
fn whatever_others_wrote_is_text() {
    let (_, text) = served("GET", "/", Some(&format!("Bearer {TOKEN}")));
    assert!(text.contains("&lt;b&gt;refused&lt;/b&gt;") && text.contains("4 of 5 &amp; more"));
    assert!(text.contains("person[&quot;&lt;script&gt;&quot;]"));
    assert!(text.contains("href=\"/person/%3Cscript%3E\""));
    assert!(!text.contains("<script") && !text.contains("<b>"));
    assert_eq!(escaped("a\u{202e}b\u{7}\u{1b}[0m'\""), "a\u{fffd}b\u{fffd}\u{fffd}[0m&#39;&quot;");
}

#[test]
fn metrics_are_those_of_prometheus() {
    let (_, text) = served("GET", "/metrics", Some(&format!("Bearer {TOKEN}")));
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.contains("timestamp")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    tenure_build_info{version="0.1.0"} 1
    tenure_watch_well 0
    tenure_watch_rounds_total{why="started"} 1
    tenure_watch_rounds_failed_total 1
    tenure_watch_rounds_seconds_total 1.5
    tenure_watch_round_seconds 1.5
    tenure_watch_applied_total 0
    tenure_webhook_deliveries_total{outcome="taken"} 0
    tenure_webhook_deliveries_total{outcome="given_up"} 0
    tenure_plan_changes 2
    tenure_plan_held 1
    tenure_drift 0
    tenure_findings{code="mass-removal",holds="true"} 1
    tenure_system_read{system="chat"} 1
    tenure_system_read{system="k8s[\"a\\b\"]"} 0
    tenure_system_accounts{system="chat"} 3
    tenure_system_groups{system="chat"} 2
    tenure_system_memberships{system="chat"} 1
    tenure_record_lines 0
    tenure_record_identities 0
    tenure_record_objects 0
    "#);
    // Every value has its help and its type right before it.
    for block in text.split("# HELP ").skip(1) {
        let name = block.split(' ').next().unwrap();
        let mut lines = block.lines().skip(1);
        assert!(lines.next().unwrap().starts_with(&format!("# TYPE {name} ")));
        assert!(lines.all(|line| line.starts_with(name)), "{block}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_said() {
    let (status, text) = served("GET", "/person/ada", Some(&format!("Bearer {TOKEN}")));
    assert_eq!(status, 500);
    assert!(text.contains("The record cannot be read"));
}
