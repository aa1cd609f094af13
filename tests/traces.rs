//! Traces of runs: read by OpenTelemetry's own messages; and receivers that are down, slow or refuse, which hold up nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use insta::assert_snapshot;

const FILES: &str = r#"
settings {
  watch {
    interval = "1h"
    apply    = ["deactivate", "revoke"]
  }
}
people "staff" {
  from = csvdecode(file("people.csv"))
  key  = row.id
}
system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account {
    on_create {
      login = self.key
      code  = sensitive("hunter2")
    }
  }
}
role "all" {
  when   = true
  access = [group.chat.all]
}
group "chat" "all" {
  name = "All"
}
"#;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// One who is sent traces.
struct Receiver {
    address: String,
    /// The first lines, headers and bodies of requests.
    requests: Arc<Mutex<Vec<(String, String, String)>>>,
}

impl Receiver {
    /// Answers with this status line, after so long.
    fn start(status: &'static str, after: Duration) -> Receiver {
        Receiver::saying(status, after, "{}".to_owned())
    }

    /// The same with an answer of its own.
    fn saying(status: &'static str, after: Duration, says: String) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, seen, says) = (stream.unwrap(), Arc::clone(&seen), says.clone());
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut first = String::new();
                    while reader.read_line(&mut first).unwrap_or(0) > 0 {
                        let (mut headers, mut line) = (String::new(), String::new());
                        while reader.read_line(&mut line).unwrap() > 2 {
                            headers.push_str(&line.to_lowercase());
                            line.clear();
                        }
                        let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
                        let mut body = vec![0; length.unwrap().trim().parse().unwrap()];
                        reader.read_exact(&mut body).unwrap();
                        let body = String::from_utf8(body).unwrap();
                        seen.lock().unwrap().push((first.trim().to_owned(), headers, body));
                        std::thread::sleep(after);
                        let length = says.len();
                        let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{says}");
                        first.clear();
                    }
                });
            }
        });
        Receiver { address, requests }
    }

    /// What came, as others read it.
    fn tree(&self) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let missing = "the reader of traces is not installed: run scripts/servers/install otlp";
        assert!(root.join(".venv/otlp/pins.txt").exists(), "{missing}");
        let mut command = Command::new(root.join(".venv/otlp/bin/python"));
        command.arg(root.join("tests/traces/check.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        for (first, headers, body) in self.requests.lock().unwrap().iter() {
            assert_eq!(first, "POST /v1/traces HTTP/1.1");
            assert!(headers.contains("content-type: application/json\r\n"), "{headers}");
            assert!(headers.contains("authorization: bearer s3cret\r\n"), "{headers}");
            assert!(!body.contains("hunter2") && !body.contains("s3cret"), "{body}");
            writeln!(input, "{body}").unwrap();
        }
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let hidden = |word: &str| match word.split_once('=') {
            Some((key @ ("tenure.plan" | "tenure.run"), _)) => format!("{key}=[..]"),
            _ => word.to_owned(),
        };
        let line = |line: &str| line.split(' ').map(hidden).collect::<Vec<_>>().join(" ");
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    }
}

struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("access.hcl"), FILES).unwrap();
        let scene = Scene(folder);
        scene.people(2);
        assert!(scene.run(&["init"], &[]).status.success());
        scene
    }

    fn people(&self, count: usize) {
        let rows: String = (1..=count).map(|n| format!("P{n}\n")).collect();
        std::fs::write(self.0.path().join("people.csv"), format!("id\n{rows}")).unwrap();
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        command.args(arguments).current_dir(self.0.path()).envs(variables.iter().copied());
        command.output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_runs_did_is_read_by_others() {
    let (scene, receiver) = (Scene::new(), Receiver::start("200 OK", Duration::ZERO));
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.address.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret"),
        ("OTEL_SERVICE_NAME", "access"),
        ("TRACEPARENT", PARENT),
    ];
    let run = |arguments: &[&str], code: i32| {
        let output = scene.run(arguments, &variables);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "");
    };
    run(&["apply", "--auto-approve"], 0);
    scene.people(0);
    run(&["plan"], 3);
    scene.people(1);
    run(&["watch", "--once"], 0);
    run(&["drift"], 0);
    run(&["suspend", "person.P1", "--reason", "stolen laptop", "--auto-approve"], 0);
    assert!(
        scene.run(&["suspend", "person.P1", "--lift", "--reason", "found", "--auto-approve"], &[]).status.success()
    );
    run(&["undo", "last", "--auto-approve"], 0);
    assert_snapshot!(receiver.tree(), @"
    below 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331:
      tenure apply process.exit.code=0
        evaluate tenure.identities=2
        -> read tenure.accounts=0 tenure.groups=0 tenure.system=chat
        plan tenure.changes=5 tenure.held=0 tenure.plan=[..]
        apply tenure.done=5 tenure.run=[..]
          -> create tenure.address=account.chat.P1 tenure.outcome=done
          -> create tenure.address=account.chat.P2 tenure.outcome=done
          -> create tenure.address=group.chat.all tenure.outcome=done
          -> grant tenure.address=membership.chat.all.P1 tenure.outcome=done
          -> grant tenure.address=membership.chat.all.P2 tenure.outcome=done
    below 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331:
      tenure plan process.exit.code=3
        evaluate tenure.identities=0
        -> read tenure.accounts=2 tenure.groups=1 tenure.system=chat
        plan tenure.changes=4 tenure.held=4 tenure.plan=[..]
          ! finding tenure.addresses=4 tenure.code=source-shrank tenure.severity=holds
          ! finding tenure.addresses=2 tenure.code=mass-removal tenure.severity=holds
    below 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331:
      tenure watch tenure.why=started
        evaluate tenure.identities=1
        -> read tenure.accounts=2 tenure.groups=1 tenure.system=chat
        plan tenure.changes=2 tenure.held=0 tenure.plan=[..]
        plan tenure.changes=2 tenure.held=0 tenure.plan=[..]
        evaluate tenure.identities=1
        -> read tenure.accounts=2 tenure.groups=1 tenure.system=chat
        plan tenure.changes=2 tenure.held=0 tenure.plan=[..]
        apply tenure.done=2 tenure.run=[..]
          -> deactivate tenure.address=account.chat.P2 tenure.outcome=done
          -> revoke tenure.address=membership.chat.all.P2 tenure.outcome=done
    below 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331:
      tenure drift process.exit.code=0
        evaluate tenure.identities=1
        -> read tenure.accounts=2 tenure.groups=1 tenure.system=chat
        plan tenure.changes=0 tenure.held=0 tenure.plan=[..]
    below 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331:
      tenure suspend process.exit.code=0
        apply tenure.done=1 tenure.run=[..]
          -> deactivate tenure.address=account.chat.P1 tenure.outcome=done
    below 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331:
      tenure undo process.exit.code=0
        evaluate tenure.identities=1
        -> read tenure.accounts=2 tenure.groups=1 tenure.system=chat
        plan tenure.changes=1 tenure.held=0 tenure.plan=[..]
        apply tenure.done=1 tenure.run=[..]
          -> reactivate tenure.address=account.chat.P1 tenure.outcome=done
    ");
}

/// The same run with and without these receivers: the answer and the exit code are the same, and one line more is said.
#[test]
fn a_receiver_that_is_down_slow_or_refuses_holds_up_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (slow, refuses) = (
        Receiver::start("200 OK", Duration::from_secs(3_600)),
        Receiver::start("500 Internal Server Error", Duration::ZERO),
    );
    let busy = Receiver::start("503 Service Unavailable", Duration::ZERO);
    let scene = Scene::new();
    let began = Instant::now();
    let plain = scene.run(&["plan"], &[]);
    let takes = began.elapsed();
    for (address, why) in [
        (format!("http://{closed}"), "it cannot be connected to"),
        (slow.address.clone(), "it takes them too slowly"),
        (refuses.address.clone(), "it answered 500 Internal Server Error"),
        (busy.address.clone(), "it answered 503 Service Unavailable"),
    ] {
        let began = Instant::now();
        let output = scene.run(&["plan"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &address)]);
        let took = began.elapsed();
        assert_eq!((text(&output.stdout), output.status.code()), (text(&plain.stdout), plain.status.code()));
        let stderr = text(&output.stderr);
        let told = stderr.lines().filter(|line| line.contains("traces do not reach")).count();
        assert!(told == 1 && stderr.contains(why), "{address}: {stderr}");
        assert!(took < takes + Duration::from_secs(3), "{address}: {took:?}, and {takes:?} without");
    }
    // What is wrong with the variables is said, and no more.
    let output = scene.run(&["plan"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")]);
    assert_eq!((text(&output.stdout), output.status.code()), (text(&plain.stdout), plain.status.code()));
    assert_snapshot!(text(&output.stderr), @"
    no traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT begins with collector:, not with http: or https:
    ");
}

/// What was not taken of a request that was: told once, sent once.
#[test]
fn a_receiver_that_takes_a_part_says_so() {
    let scene = Scene::new();
    let says = |partial: &str| format!(r#"{{"partialSuccess": {partial}}}"#);
    let told = |says: String| {
        let receiver = Receiver::saying("200 OK", Duration::ZERO, says);
        let output = scene.run(&["plan"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.address)]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(receiver.requests.lock().unwrap().len(), 1);
        text(&output.stderr).replace(&receiver.address, "RECEIVER")
    };
    assert_snapshot!(told(says(r#"{"rejectedSpans": "3", "errorMessage": "older than\u001b[31m an hour"}"#)), @r"
    RECEIVER took 1 of 4 spans: older than\u{1b}[31m an hour; the run goes on
    3 spans did not reach RECEIVER
    ");
    assert_snapshot!(told(says(r#"{"rejectedSpans": 99}"#)), @"
    RECEIVER took 0 of 4 spans: it does not say why; the run goes on
    4 spans did not reach RECEIVER
    ");
    assert_snapshot!(told(says(r#"{"errorMessage": "this address moves to /v2"}"#)), @"RECEIVER takes the traces, and says: this address moves to /v2");
    assert_eq!(told(says("{}")), "");
    assert_eq!(told(says(r#"{"rejectedSpans": "0", "errorMessage": ""}"#)), "");
    assert_eq!(told("no JSON".to_owned()), "");
    assert_eq!(told(says(&format!(r#"{{"rejectedSpans": 1, "errorMessage": "{}"}}"#, "x".repeat(100_000)))), "");
}
