//! Hosts, and the places that they share.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use state::record::{Event, Text};

use crate::cluster::{Cluster, PASSWORD};
use crate::run::{Folder, texts};
use crate::servers::Server;

/// The key of every record here, as `tenure init` would make one.
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

const CONFIGURATION: &str = r#"
settings { state = var.state }
variable "state" { type = string }
variable "people" { type = number }
people "all" {
  from = [for n in range(var.people) : { key = format("p%04d", n) }]
  key  = row.key
}
system "chat" {
  provider = "directory"
  path     = "chat"
  match    = self.key == account.userName
  account { userName = self.key }
}
role "all" {
  when   = true
  access = [group.chat.all]
}
group "chat" "all" { displayName = "All" }
"#;

/// A kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    S3,
    Postgres,
}

pub const BOTH: [Kind; 2] = [Kind::S3, Kind::Postgres];

pub fn moto() -> &'static Server {
    static MOTO: OnceLock<Server> = OnceLock::new();
    MOTO.get_or_init(|| Server::moto("acme"))
}

/// A request to the S3 service, whose answer must be a good one.
pub fn http(endpoint: &str, method: &str, path: &str) -> String {
    send(endpoint, method, path, &[])
}

pub fn send(endpoint: &str, method: &str, path: &str, body: &[u8]) -> String {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    // moto looks at whose credential it is, not at the signature; nobody's may not remove objects.
    let who = "Authorization: AWS4-HMAC-SHA256 Credential=test/20261127/us-east-1/s3/aws4_request, SignedHeaders=host, \
               Signature=00\r\n";
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{who}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 20"), "{method} {path}: {answer}");
    answer
}

/// A place that nobody uses yet.
pub fn fresh(kind: Kind) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    match kind {
        Kind::S3 => {
            moto();
            format!("s3://acme/place{n}?lease=3s")
        }
        Kind::Postgres => format!("{}?table=place{n}", Cluster::shared().url),
    }
}

/// A host: a home and an environment of its own. The configuration and the system lie in a folder that all reach.
pub struct Host<'a> {
    world: &'a Folder,
    home: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Host<'_> {
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = self.world.command(arguments);
        command.env("HOME", self.home.path()).envs(self.environment.iter().cloned());
        command
    }

    /// Runs the program to its end; what it printed, where it ends with `code`.
    #[track_caller]
    pub fn run(&self, arguments: &str, code: i32) -> String {
        let output = self.command(arguments).output().unwrap();
        let (printed, said) = texts(&output);
        assert_eq!(output.status.code(), Some(code), "tenure {arguments}\n{printed}\n{said}");
        printed
    }

    pub fn path(&self) -> PathBuf {
        self.world.path()
    }
}

/// A host whose record is at `place` and whose system lies in `world`.
pub fn host<'a>(place: &str, world: &'a Folder) -> Host<'a> {
    world.write("main.hcl", CONFIGURATION);
    let mut host = Host { world, home: tempfile::tempdir().unwrap(), environment: Vec::new() };
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    host.environment = vec![
        set("TENURE_VAR_state", place),
        set("TENURE_VAR_people", "20"),
        set("TENURE_STATE_KEY", KEY),
        set("PGPASSWORD", PASSWORD),
        set("AWS_ACCESS_KEY_ID", "test"),
        set("AWS_SECRET_ACCESS_KEY", "hunter2-hunter2"),
        set("AWS_REGION", "us-east-1"),
    ];
    if place.starts_with("s3:") {
        host.environment.push(set("AWS_ENDPOINT_URL", &moto().url));
    }
    host
}

pub fn set(host: &mut Host<'_>, name: &str, value: &str) {
    host.environment.retain(|(own, _)| own != name);
    host.environment.push((name.to_owned(), value.to_owned()));
}

/// The bytes of the record at `place`, brought into a file by `state copy`.
pub fn bytes(host: &Host<'_>, place: &str) -> Vec<u8> {
    let _ = std::fs::remove_file(host.path().join("copy.tenure"));
    let copy =
        host.command("state copy").args([place, "copy.tenure"]).args(["--lock-timeout", "20s"]).output().unwrap();
    assert!(copy.status.success(), "{:?}", texts(&copy));
    std::fs::read(host.path().join("copy.tenure")).unwrap()
}

/// Checks that the record is whole, and that runs do not stand within each other.
pub fn check(host: &Host<'_>, place: &str) {
    host.run("state verify", 0);
    let bytes = bytes(host, place);
    let mut running = None;
    for line in Text::new(&bytes).unwrap().read() {
        match line.unwrap().1.event {
            Event::RunStarted(started) => running = Some(started.run),
            Event::Intent { run, .. } => assert_eq!(Some(run), running, "an intent of a run that another one followed"),
            _ => {}
        }
    }
    assert!(running.is_some());
}
