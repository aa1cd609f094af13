//! OpenLDAP servers for tests: started by `scripts/servers/slapd/start`, gone with the process that has them.
//!
//! Uses std and OpenLDAP's own tools only, so that the tests of any crate of the workspace can take it in:
//! `#[path = "../providers/tests/servers/openldap.rs"] mod openldap;`

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Everybody's password.
pub const PASSWORD: &str = "test-password";
/// Everything is below this.
pub const BASE: &str = "dc=example,dc=test";
/// Who writes, and knows no size limit.
pub const PROV: &str = "cn=prov,dc=example,dc=test";
/// Who may read, 500 entries at once.
pub const READER: &str = "cn=reader,dc=example,dc=test";
/// Who sees nothing.
pub const STRANGER: &str = "cn=stranger,dc=example,dc=test";
/// Who may do everything.
pub const ADMIN: &str = "cn=admin,dc=example,dc=test";

/// A running server. Dropping it, or the end of the process in whatever way, stops it.
pub struct Slapd {
    /// `ldap://127.0.0.1:PORT`.
    pub url: String,
    /// `ldapi://SOCKET`.
    pub socket: String,
    /// `ldaps://127.0.0.1:PORT`, with `--tls`.
    pub tls: String,
    branches: AtomicU32,
    child: Child,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Slapd {
    /// A server of one's own.
    pub fn start() -> Slapd {
        Slapd::start_with(&[])
    }

    /// A server with options of the script: `["--tls", CERTIFICATE, KEY, CA]`, `["--data", FILE]`.
    pub fn start_with(options: &[&str]) -> Slapd {
        let mut child = Command::new(script("slapd/start"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/servers/slapd/start runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut line = || lines.next().and_then(Result::ok).unwrap_or_default();
        let (url, socket) = (line(), line());
        assert!(
            url.starts_with("ldap://"),
            "slapd did not start: see above; is it installed? (scripts/servers/install slapd)"
        );
        let tls = if options.contains(&"--tls") { line() } else { String::new() };
        Slapd { url, socket, tls, branches: AtomicU32::new(0), child }
    }

    /// Ends it at once, as a failing machine would.
    pub fn stop(&mut self) {
        // The end of its standard input is what it stops at.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }

    /// A branch of its own with `ou=people`, `ou=groups`, `ou=former` and `ou=archive` below it; its DN.
    pub fn branch(&self) -> String {
        let dn = format!("ou=branch{},{BASE}", self.branches.fetch_add(1, Ordering::Relaxed));
        let unit = |dn: &str| format!("dn: {dn}\nobjectClass: organizationalUnit\n\n");
        let units = ["people", "groups", "former", "archive"].map(|name| unit(&format!("ou={name},{dn}")));
        self.add(&format!("{}{}", unit(&dn), units.concat()));
        dn
    }

    /// Adds entries, in LDIF.
    pub fn add(&self, ldif: &str) {
        self.run("ldapadd", ADMIN, &[], ldif).unwrap_or_else(|said| panic!("{ldif}: {said}"));
    }

    /// Changes entries, in LDIF.
    pub fn modify(&self, ldif: &str) {
        self.run("ldapmodify", ADMIN, &[], ldif).unwrap_or_else(|said| panic!("{ldif}: {said}"));
    }

    /// Changes the server's configuration, in LDIF.
    pub fn configure(&self, ldif: &str) {
        self.run("ldapmodify", "cn=config", &[], ldif).unwrap_or_else(|said| panic!("{ldif}: {said}"));
    }

    /// Deletes an entry.
    pub fn delete(&self, dn: &str) {
        self.run("ldapdelete", ADMIN, &[dn], "").unwrap_or_else(|said| panic!("{dn}: {said}"));
    }

    /// Lines of attributes of one entry, without the DN; empty where it is not there.
    pub fn show(&self, dn: &str, attributes: &[&str]) -> String {
        let mut arguments = vec!["-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", dn, "(objectClass=*)"];
        arguments.extend(attributes);
        let said = self.run("ldapsearch", ADMIN, &arguments, "").unwrap_or_default();
        said.lines().filter(|line| !line.starts_with("dn:") && !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// All entries below a DN, in LDIF, with these attributes.
    pub fn search(&self, base: &str, attributes: &[&str]) -> String {
        let mut arguments = vec!["-LLL", "-o", "ldif-wrap=no", "-b", base, "(objectClass=*)"];
        arguments.extend(attributes);
        self.run("ldapsearch", ADMIN, &arguments, "").unwrap_or_else(|said| panic!("{base}: {said}"))
    }

    /// Whether a password opens an account; else the server's own words.
    pub fn bind(&self, dn: &str, password: &str) -> Result<String, String> {
        let mut command = Command::new("ldapwhoami");
        command.args(["-x", "-H", &self.url, "-D", dn, "-w", password]);
        let output = command.output().expect("ldap-utils are installed");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
    }

    fn run(&self, program: &str, bind: &str, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = Command::new(program)
            .args(["-x", "-H", &self.url, "-D", bind, "-w", PASSWORD])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ldap-utils are installed");
        let mut stdin = child.stdin.take().expect("a pipe");
        // At once: a pipe holds only so much of what is said meanwhile. Whoever stops reading says why.
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(input.as_bytes()));
            child.wait_with_output().expect("it ends")
        });
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
    }
}

/// Certificates in a folder: `NAME.pem`, `NAME.key` and `ca.pem`, made by `scripts/servers/tls`.
pub fn certificate(folder: &Path, options: &[&str], name: &str) -> PathBuf {
    let done = Command::new(script("tls")).args(options).arg(folder).args([name, "localhost,127.0.0.1"]).status();
    assert!(done.is_ok_and(|status| status.success()), "scripts/servers/tls");
    folder.join(format!("{name}.pem"))
}

fn script(name: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script =
        package.ancestors().map(|folder| folder.join("scripts/servers").join(name)).find(|script| script.exists());
    script.expect("scripts/servers above the package")
}
