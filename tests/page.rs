//! The page of `tenure watch --http` in a browser that others made, and webhooks as a receiver gets them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const TOKEN: &str = "a-token-of-the-tests-0123456789";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn tenure(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("TENURE_WATCH_TOKEN", TOKEN).env("TENURE_WEBHOOK_SECRET", SECRET);
    command
}

/// The example of the README, applied; then somebody left the files and somebody else changed a name.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
    for file in ["access.hcl", "people.csv"] {
        std::fs::copy(example.join(file), folder.path().join(file)).unwrap();
    }
    for arguments in [&["init"][..], &["apply", "--auto-approve"]] {
        let output = tenure(folder.path(), arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let rewrite = |file: &str, change: &dyn Fn(&str) -> String| {
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, change(&text)).unwrap();
    };
    rewrite("people.csv", &|text| {
        text.lines().filter(|line| !line.starts_with("P1,")).map(|line| format!("{line}\n")).collect()
    });
    rewrite("directory/corp/accounts.jsonl", &|text| {
        text.replace("Edsger Dijkstra", "<script>document.title='taken'</script>")
    });
    folder
}

struct Watch {
    child: Child,
    port: u16,
}

impl Watch {
    fn start(folder: &Path, more: &[&str]) -> Watch {
        let mut arguments = vec!["watch", "--http", "127.0.0.1:0"];
        arguments.extend(more);
        let mut child = tenure(folder, &arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let serving = lines.by_ref().map(Result::unwrap).find(|line| line.contains("shows how it goes on")).unwrap();
        let port = serving.rsplit(':').next().unwrap().trim().parse().unwrap();
        // The first round has ended once it says how it went; the rest of the log is read away.
        lines.by_ref().map(Result::unwrap).find(|line| line.contains("round (started)")).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Watch { child, port }
    }

    /// Asks until the answer to `GET path` holds `text`.
    fn get(&self, path: &str, text: &str) -> String {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
            write!(
                stream,
                "GET {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            if answer.contains(text) || Instant::now() > until {
                assert!(answer.contains(text), "{answer}");
                return answer;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the browser made of a page: its elements, and what it had to say about it.
fn browsed(watch: &Watch, path: &str) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let url = format!("http://anybody:{TOKEN}@127.0.0.1:{}{path}", watch.port);
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(url)
        .output()
        .expect("chromium: scripts/servers/install chromium");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (String::from_utf8_lossy(&output.stdout).into_owned(), said)
}

#[test]
fn a_browser_shows_the_page_and_runs_nothing() {
    let folder = folder();
    let watch = Watch::start(folder.path(), &[]);
    watch.get("/", "1 difference was made by others");
    let (overview, said) = browsed(&watch, "/");
    for shown in [
        "<h1>Overview</h1>",
        "<h2 id=\"findings\">Findings",
        "<a href=\"/person/P1\">account.<wbr>chat.<wbr>P1</a>",
        "<td>deactivate</td>",
        "<a href=\"/person/P5\">account.<wbr>corp.<wbr>P5</a></th><td>changed</td><td>put back</td>",
        "<th scope=\"row\">corp</th><td>directory</td><td>5 accounts, 0 groups, 0 memberships</td>",
        "<label for=\"q\">Person or service</label>",
    ] {
        assert!(overview.contains(shown), "{shown}\n{overview}");
    }
    assert!(!said.contains("Content Security Policy") && !said.contains("CONSOLE"), "{said}");
    let (person, _) = browsed(&watch, "/person/P5");
    assert!(
        person.contains("<h1>Edsger Dijkstra (person.P5)</h1>") && person.contains("<h2 id=\"history\">History"),
        "{person}"
    );
    let (found, _) = browsed(&watch, "/people?q=hopper");
    assert!(found.contains("<a href=\"/person/P2\">person.<wbr>P2</a>"), "{found}");
    let (missing, _) = browsed(&watch, "/person/%3Cscript%3Edocument.title=%27taken%27%3C%2Fscript%3E");
    assert!(missing.contains("The record knows nobody of this name."), "{missing}");
    // What was applied since is seen.
    let output = tenure(folder.path(), &["apply", "--auto-approve", "--target", "account.corp.P5"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    watch.get("/metrics", "tenure_drift 0\n");
    watch.get("/person/P5", "done");
}

#[test]
fn without_a_token_or_in_the_clear_it_does_not_start() {
    let folder = folder();
    let refused = |arguments: &[&str], change: &dyn Fn(&mut Command)| {
        let mut command = tenure(folder.path(), arguments);
        change(&mut command);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let no_token = refused(&["watch", "--http", "127.0.0.1:0"], &|command| {
        command.env_remove("TENURE_WATCH_TOKEN");
    });
    assert!(no_token.contains("TENURE_WATCH_TOKEN is not set"), "{no_token}");
    let clear = refused(&["watch", "--http", "0.0.0.0:0"], &|_| {});
    assert!(clear.contains("where no token may be sent in the clear") && !clear.contains(TOKEN), "{clear}");
    let hook = refused(&["watch", "--webhook", "http://hooks.acme.example/secret-path"], &|_| {});
    assert!(hook.contains("only https goes elsewhere") && !hook.contains("secret-path"), "{hook}");
}

/// One request, answered with `status`: its head and its body.
fn received(listener: &TcpListener, status: &str) -> (String, String) {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0);
    }
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok()).unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    write!(reader.get_mut(), "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn field<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("{name}: {head}"))
}

#[test]
fn webhooks_are_signed_and_tried_again() {
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let watch = Watch::start(folder.path(), &["--webhook", &address]);
    let (first, body) = received(&listener, "503 Service Unavailable");
    let (second, again) = received(&listener, "204 No Content");
    assert_eq!((field(&first, "webhook-id"), &body), (field(&second, "webhook-id"), &again));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &STANDARD.decode(&SECRET[6..]).unwrap());
    for head in [&first, &second] {
        let signed = format!("{}.{}.{body}", field(head, "webhook-id"), field(head, "webhook-timestamp"));
        let signature = STANDARD.decode(field(head, "webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
        ring::hmac::verify(&key, signed.as_bytes(), &signature).unwrap();
    }
    let message: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(message["type"], "tenure.watch");
    let events = message["data"]["events"].as_array().unwrap();
    let waits = |event: &&serde_json::Value| event["event"] == "waits" && event["address"] == "account.corp.P1";
    assert_eq!(events.iter().find(waits).unwrap()["action"], "deactivate");
    watch.get("/metrics", "tenure_webhook_deliveries_total{outcome=\"taken\"} 1");
}
