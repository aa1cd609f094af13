//! Real SCIM servers for tests: started on a free port of loopback, killed when dropped.
//!
//! Uses std only, so that the tests of any crate of the workspace can take it in:
//! `#[path = "../providers/tests/servers/mod.rs"] mod servers;`

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

pub mod active_directory;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The token that every server takes.
pub const TOKEN: &str = "test-token-4711";

/// A running server.
pub struct Server {
    /// Base of the SCIM API.
    pub url: String,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// scim2-server: strict, with ETags, PATCH, filters and sorting.
    pub fn scim2_server() -> Server {
        Server::scim2_server_with(&[])
    }

    /// scim2-server that makes a system of its own of each first segment of the path: `http://127.0.0.1:PORT/NAME/v2`.
    pub fn scim2_server_tenants() -> Server {
        Server::scim2_server_with(&["--dynamic-tenants"])
    }

    /// The same, shared by the tests of a binary: each uses names of its own.
    pub fn shared_scim2_server_tenants() -> &'static Server {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| {
            let server = Server::scim2_server_tenants();
            // Nothing drops a static: whoever reads to the end of this pipe knows that the process is gone.
            let mut waiting = Command::new("sh");
            waiting.args(["-c", "cat >/dev/null; kill \"$0\""]).arg(server.child.id().to_string());
            let child = waiting.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            std::mem::forget(child.expect("sh is there").stdin);
            server
        })
    }

    /// scim2-server with a `/ServiceProviderConfig` of one's own (`pagination` with `cursor` makes it page by cursor).
    pub fn scim2_server_configured(config: &str) -> Server {
        let path =
            std::env::temp_dir().join(format!("tenure-scim2-server-{}-{}.json", std::process::id(), free_port()));
        std::fs::write(&path, config).expect("the temporary folder takes a file");
        let server = Server::scim2_server_with(&["--service-provider-config", path.to_str().expect("a path in UTF-8")]);
        let _ = std::fs::remove_file(path);
        server
    }

    fn scim2_server_with(arguments: &[&str]) -> Server {
        let program = installed("scim2-server", "scim2-server");
        start(|port| {
            let mut command = Command::new(&program);
            command
                .args(["--hostname", "127.0.0.1", "--port", &port.to_string(), "--bearer-token", TOKEN])
                .args(arguments);
            (command, format!("http://127.0.0.1:{port}/v2"))
        })
    }

    /// Canaille: an identity provider whose SCIM server differs from the RFCs in many ways. Takes the OAuth client
    /// `tenure` with the secret `tenure-secret` too.
    pub fn canaille() -> Server {
        let program = installed("canaille", "python");
        let script = repository().join("scripts/servers/canaille_server.py");
        start(|port| {
            let mut command = Command::new(&program);
            command.arg(&script).arg(port.to_string()).arg(TOKEN);
            (command, format!("http://localhost:{port}/scim/v2"))
        })
    }

    /// moto: S3 with atomic conditional writes, and a bucket; `url` is the endpoint.
    pub fn moto(bucket: &str) -> Server {
        let program = installed("moto", "python");
        let script = repository().join("scripts/servers/moto_server.py");
        let server = start(|port| {
            let mut command = Command::new(&program);
            command.arg(&script).arg(port.to_string());
            (command, format!("http://127.0.0.1:{port}"))
        });
        let address = server.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("moto takes connections");
        let head =
            format!("PUT /{bucket} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("moto takes requests");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("moto answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "moto makes no bucket {bucket}: {answer}");
        server
    }

    /// An empty SCIM server behind TLS, whose self-signed certificate is written to `certificate`.
    pub fn tls(certificate: &Path) -> Server {
        let program = installed("scim2-server", "python");
        let script = repository().join("providers/tests/servers/tls.py");
        start(|port| {
            let mut command = Command::new(&program);
            command.arg(&script).arg(port.to_string()).arg(certificate);
            (command, format!("https://127.0.0.1:{port}"))
        })
    }

    /// `http://127.0.0.1:PORT` without the path.
    pub fn origin(&self) -> &str {
        self.url.match_indices('/').nth(2).map_or(self.url.as_str(), |(at, _)| &self.url[..at])
    }
}

fn start(command: impl Fn(u16) -> (Command, String)) -> Server {
    // Somebody else may take the port between the look and the start.
    for _ in 0..5 {
        let port = free_port();
        let (mut command, url) = command(port);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut server = Server { url, child };
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) {
            if answers(port) {
                return server;
            }
            if matches!(server.child.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    panic!("no server came up; try scripts/servers/start by hand");
}

/// Whether somebody listens there. A connection to a free port of loopback may come about with its own socket.
fn answers(port: u16) -> bool {
    let stream = TcpStream::connect(("127.0.0.1", port));
    stream.is_ok_and(|stream| stream.local_addr().ok() != stream.peer_addr().ok())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn installed(server: &str, program: &str) -> PathBuf {
    let environment = repository().join(".venv").join(server);
    assert!(
        environment.join("pins.txt").exists(),
        "the test server {server} is not installed: run scripts/servers/install first"
    );
    environment.join("bin").join(program)
}

fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().find(|folder| folder.join("scripts/servers/install").exists());
    root.expect("scripts/servers above the package").to_path_buf()
}
