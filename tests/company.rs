//! examples/company over three real servers, each killed in the middle of an apply and started again: the next apply
//! looks at what was under way, does the rest, and the world is as planned.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "test-password-4711";

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port()
}

/// Whether somebody listens there. A connection to a free port of loopback may come about with its own socket.
fn answers(port: u16) -> bool {
    let stream = TcpStream::connect(("127.0.0.1", port));
    stream.is_ok_and(|stream| stream.local_addr().ok() != stream.peer_addr().ok())
}

/// A server that can be killed and started again with its data, on the same port.
struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    port: u16,
    child: Child,
}

impl Server {
    fn new(program: &str, arguments: impl Fn(u16) -> Vec<String>) -> Server {
        let (program, port) = (repository().join(program), free_port());
        let arguments = arguments(port);
        let child = Server::run(&program, &arguments, port);
        Server { program, arguments, port, child }
    }

    fn run(program: &Path, arguments: &[String], port: u16) -> Child {
        let mut command = Command::new(program);
        // The scripts stop their servers when this end of the pipe goes, however that comes about.
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        // Whatever else it prints must have somewhere to go.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let begun = Instant::now();
        while !answers(port) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{command:?} does not start: {line}");
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }

    /// As a machine that loses its power.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        while answers(self.port) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn start_again(&mut self) {
        self.child = Server::run(&self.program, &self.arguments, self.port);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < Duration::from_millis(200) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The three servers, and a copy of the example.
struct Company {
    folder: PathBuf,
    /// LDAP, PostgreSQL, SCIM.
    servers: [Server; 3],
    _place: tempfile::TempDir,
}

/// The systems in the order of the servers, with what stands in the record about them.
const SYSTEMS: [&str; 3] = ["corp", "warehouse", "chat"];

impl Company {
    fn new() -> Company {
        // PostgreSQL runs as a user of its own, and has to get to its data.
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
        let script = |folder: String| {
            move |port: u16| vec!["--folder".into(), folder.clone(), port.to_string(), PASSWORD.into()]
        };
        let ldap = Server::new("scripts/servers/slapd/start", script(at("ldap")));
        let warehouse = Server::new("scripts/servers/postgresql/start", script(at("warehouse")));
        let chat = Server::new(".venv/scim2-server/bin/python", |port| {
            let kept = repository().join("scripts/servers/scim2_server_kept.py").to_str().unwrap().to_owned();
            let arguments = [kept, at("chat.json"), "--hostname".into(), "127.0.0.1".into(), "--port".into()];
            arguments.into_iter().chain([port.to_string(), "--bearer-token".into(), PASSWORD.into()]).collect()
        });
        let folder = place.path().join("company");
        copy(&repository().join("examples/company"), &folder);
        // What is in doubt is settled once it cannot happen any more: shorter here than anybody would have it.
        let systems = folder.join("systems/systems.hcl");
        let text = std::fs::read_to_string(&systems).unwrap();
        let text = text
            .replace("\n  match ", "\n  timeout = 3\n  match ")
            .replace("\n  token ", "\n  visibility = 1\n  token ");
        std::fs::write(&systems, text).unwrap();
        let company = Company { folder, servers: [ldap, warehouse, chat], _place: place };
        company.psql(&["--file", "servers/sales.sql"]);
        company
    }

    fn psql(&self, arguments: &[&str]) -> String {
        let output = self.psql_command().args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn psql_command(&self) -> Command {
        let mut command = Command::new("/usr/lib/postgresql/15/bin/psql");
        command
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--dbname"])
            .arg(format!("postgres://postgres@127.0.0.1:{}/postgres", self.servers[1].port))
            .env("PGPASSWORD", PASSWORD)
            .current_dir(&self.folder);
        command
    }

    /// Somebody's session that lets nobody make roles until it ends: all of them are made in one short transaction,
    /// which would be over before it could be killed.
    fn roles_are_locked(&self) -> Child {
        let mut session =
            self.psql_command().stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let input = session.stdin.as_mut().unwrap();
        writeln!(input, "begin; lock table pg_authid in share row exclusive mode;").unwrap();
        let held = "select count(*) from pg_locks where mode = 'ShareRowExclusiveLock' and granted";
        let begun = Instant::now();
        while self.psql(&["--command", held]) == "0" {
            assert!(begun.elapsed() < Duration::from_secs(30), "the lock is not given");
            std::thread::sleep(Duration::from_millis(20));
        }
        session
    }

    fn tenure(&self, arguments: &[&str]) -> Command {
        let [ldap, warehouse, chat] = &self.servers;
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("TENURE_VAR_ldap_url", format!("ldap://127.0.0.1:{}", ldap.port))
            .env("TENURE_VAR_warehouse_url", format!("postgres://postgres@127.0.0.1:{}/postgres", warehouse.port))
            .env("TENURE_VAR_chat_url", format!("http://127.0.0.1:{}/v2", chat.port))
            .envs(["LDAP_PASSWORD", "WAREHOUSE_PASSWORD", "CHAT_SCIM_TOKEN"].map(|name| (name, PASSWORD)))
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32) -> String {
        let output = self.tenure(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}:\n{text}");
        assert!(!text.contains(PASSWORD), "a password was printed:\n{text}");
        text
    }

    fn record(&self) -> String {
        std::fs::read_to_string(self.folder.join("state/company.tenure")).unwrap_or_default()
    }

    /// Runs apply, and kills a server as soon as the record says that something is about to happen there; whether that
    /// was before apply had ended well.
    fn killed_in_the_middle(&mut self, victim: usize) -> bool {
        let locked = (SYSTEMS[victim] == "warehouse").then(|| self.roles_are_locked());
        let before = self.record().len();
        let mut apply = self.tenure(&["apply", "--auto-approve"]);
        let mut apply = apply.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let intent = format!("\"account.{}.", SYSTEMS[victim]);
        let begun = Instant::now();
        loop {
            let record = self.record();
            let new = record.get(before..).unwrap_or_default();
            if new.lines().any(|line| line.contains("\"intent\"") && line.contains(&intent)) {
                break;
            }
            if begun.elapsed() > Duration::from_secs(60) {
                let said = apply.wait_with_output().unwrap();
                panic!("no change of {} is begun: {}", SYSTEMS[victim], String::from_utf8_lossy(&said.stderr));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.servers[victim].kill();
        let failed = !apply.wait().unwrap().success();
        if let Some(mut session) = locked {
            session.wait().unwrap();
        }
        self.servers[victim].start_again();
        failed
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The systems alone, as somebody has them who never heard of tenure.
const CONNECTIONS: &str = r#"
variable "ldap_url" { type = string }
variable "warehouse_url" { type = string }
variable "chat_url" { type = string }
system "corp" {
  provider        = "ldap"
  url             = var.ldap_url
  base            = "dc=example,dc=test"
  bind            = "cn=prov,dc=example,dc=test"
  password        = env("LDAP_PASSWORD")
  account_classes = ["inetOrgPerson", "posixAccount"]
  policy          = "cn=default,ou=policies,dc=example,dc=test"
}
system "warehouse" {
  provider  = "postgresql"
  url       = var.warehouse_url
  password  = env("WAREHOUSE_PASSWORD")
  databases = ["sales"]
}
system "chat" {
  provider = "scim"
  url      = var.chat_url
  token    = env("CHAT_SCIM_TOKEN")
}
"#;

/// A configuration out of what stands on the three: the first plan takes everything over, the second is empty.
fn written_from_the_systems(company: &Company) {
    let folder = company.folder.with_file_name("anew");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(company.folder.with_file_name("connections.hcl"), CONNECTIONS).unwrap();
    let run = |arguments: &[&str]| {
        let output = company.tenure(arguments).current_dir(&folder).output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}:\n{text}");
        text
    };
    let said = run(&["init", "--from", "../connections.hcl"]);
    // 31 people: in LDAP and in the chat all of them, 8 roles of PostgreSQL, 13 groups.
    let first = "The first plan takes 83 accounts and groups under management, and changes nothing.";
    assert!(said.contains(first), "{said}");
    assert!(said.contains("31 people, 0 services, 13 groups"), "{said}");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains(PASSWORD), "a password stands in {}", path.display());
        }
    }
    run(&["fmt", "--check"]);
    assert!(run(&["plan"]).ends_with("Plan: 83 to adopt\n"));
    run(&["apply", "--auto-approve"]);
    assert_eq!(run(&["plan", "--detailed-exitcode"]), "Nothing to change.\n");
    let found = run(&["discover"]);
    assert!(!found.contains("unmanaged") && !found.contains("unexplained"), "{found}");
}

#[test]
fn each_server_is_killed_in_the_middle_of_an_apply() {
    let mut killed = Vec::new();
    for (victim, name) in SYSTEMS.into_iter().enumerate() {
        let mut company = Company::new();
        company.run(&["init"], 0);
        if company.killed_in_the_middle(victim) {
            killed.push(name);
        }
        company.run(&["apply", "--auto-approve"], 0);
        company.run(&["plan", "--detailed-exitcode"], 0);
        let verified = company.run(&["state", "verify"], 0);
        assert!(verified.contains("each as it was written"), "{verified}");
        // 30 people and the helpdesk; those of Data and Finance.
        let roles =
            company.psql(&["--command", "select count(*) from pg_roles where rolcanlogin and rolname <> 'postgres'"]);
        assert_eq!(roles, "8", "{name}");
        let members = company.psql(&["--command", "select count(*) from pg_auth_members m join pg_roles r on r.oid = m.roleid where r.rolname in ('analyst', 'engineer')"]);
        assert_eq!(members, "13", "{name}");
        if victim == 0 {
            written_from_the_systems(&company);
        }
    }
    assert_eq!(killed, SYSTEMS, "a kill came after everything was done");
}
