//! PostgreSQL clusters for tests: started by `scripts/servers/postgresql/start`, gone with the process that has them.
//!
//! Uses std and `psql` only, so that the tests of any crate of the workspace can take it in:
//! `#[path = "../providers/tests/servers/postgresql.rs"] mod postgresql;`

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The password of the superuser `postgres`.
pub const PASSWORD: &str = "test-password";

/// A running cluster. Dropping it, or the end of the process in whatever way, stops it and takes its data away.
pub struct Cluster {
    /// `postgres://postgres@127.0.0.1:PORT/postgres`.
    pub url: String,
    pub port: u16,
    child: Child,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The end of its standard input is what it stops at.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Cluster {
    /// A cluster of one's own.
    pub fn start() -> Cluster {
        Cluster::start_with(&[])
    }

    /// A cluster with options of the script: `["--tls", CERTIFICATE, KEY]`, `["--set", "max_connections=20"]`.
    pub fn start_with(options: &[&str]) -> Cluster {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let script = package
            .ancestors()
            .map(|folder| folder.join("scripts/servers/postgresql/start"))
            .find(|script| script.exists())
            .expect("scripts/servers above the package");
        let mut child = Command::new(script)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/servers/postgresql/start runs");
        let mut url = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut url).expect("lines of text");
        let url = url.trim().to_owned();
        let port = url.rsplit(':').next().and_then(|rest| rest.split('/').next()?.parse().ok());
        let port = port.unwrap_or_else(|| {
            panic!("PostgreSQL did not start: see above; is it installed? (scripts/servers/install postgresql)")
        });
        Cluster { url, port, child }
    }

    /// Kills the server as a crash does, and starts it again on its data; waits until it takes connections.
    pub fn crash(&self) {
        let before = self.run("postgres", "SELECT pg_postmaster_start_time()");
        let signal = Command::new("kill").args(["-USR1", &self.child.id().to_string()]).status();
        assert!(signal.expect("kill is installed").success());
        for _ in 0..600 {
            let now = self.run_as("postgres", PASSWORD, "postgres", "SELECT pg_postmaster_start_time()");
            if now.is_ok_and(|now| now != before) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("PostgreSQL did not come back after a crash");
    }

    /// The cluster that the tests of a binary share: make databases and roles under [names of one's own](unique).
    pub fn shared() -> &'static Cluster {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Cluster::start)
    }

    /// `postgres://USER@127.0.0.1:PORT/DATABASE`.
    pub fn url_of(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements as the superuser, in one session; what they answer, a row a line, columns joined by `|`.
    pub fn run(&self, database: &str, sql: &str) -> String {
        self.run_as("postgres", PASSWORD, database, sql).unwrap_or_else(|said| panic!("{sql}: {said}"))
    }

    /// Runs statements as somebody; the error that the server answers.
    pub fn run_as(&self, user: &str, password: &str, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1", "--file", "-"])
            .args(["--host", "127.0.0.1", "--port", &self.port.to_string(), "--username", user, "--dbname", database])
            .env("PGPASSWORD", password)
            .env("PGOPTIONS", "-c client_min_messages=error")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql is installed");
        let mut stdin = psql.stdin.take().expect("a pipe");
        // At once: a pipe holds only so much of what is answered meanwhile. Whoever stops reading says why.
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(sql.as_bytes()));
            psql.wait_with_output().expect("psql ends")
        });
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()),
        }
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        let data = self.run("postgres", "SHOW data_directory");
        let log = Path::new(&data).parent().expect("a folder").join("log");
        std::fs::read_to_string(log).expect("the log of the server")
    }
}

/// A name that no other test of the binary uses: `PREFIX_7`.
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{prefix}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
