//! One domain controller for all tests; each test has an organizational unit of its own in it.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use state::{Attributes, Symbol, Value};
use tenure_providers::conformance::System;
use tenure_providers::ldap::Ldap;
use tenure_providers::{ConnectError, Provider, Settings};

use crate::servers::active_directory::{ActiveDirectory, DOMAIN};

/// The domain controller. It ends with the process: its script notices that nobody holds its input any more.
pub fn domain() -> &'static ActiveDirectory {
    static RUNNING: OnceLock<ActiveDirectory> = OnceLock::new();
    RUNNING.get_or_init(|| ActiveDirectory::start(None))
}

/// A branch of the domain.
pub struct Unit {
    pub number: u32,
    pub dn: String,
}

impl Unit {
    /// A new one.
    pub fn new() -> Unit {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
        let dn = format!("OU=unit{number},{DOMAIN}");
        ldif(&format!("dn: {dn}\nchangetype: add\nobjectClass: organizationalUnit\n"));
        Unit { number, dn }
    }

    /// A branch below it for accounts that are put away; its DN.
    pub fn archive(&self) -> String {
        let dn = format!("OU=archive,{}", self.dn);
        ldif(&format!("dn: {dn}\nchangetype: add\nobjectClass: organizationalUnit\n"));
        dn
    }

    /// Names of accounts are unique in the domain.
    pub fn name(&self, name: &str) -> String {
        format!("{name}.{}", self.number)
    }

    /// What the system block says, with more settings; a text with `secret:` before it is sensitive.
    pub fn settings(&self, more: &[(&str, &str)]) -> Settings {
        let domain = domain();
        let mut settings = Settings { system: "ad".into(), folder: "/".into(), ..Settings::default() };
        let ca = domain.ca.to_str().unwrap();
        let own = [
            ("url", domain.url.as_str()),
            ("ca_file", ca),
            ("base", self.dn.as_str()),
            ("account_base", &self.dn),
            ("group_base", &self.dn),
            ("bind", &domain.user),
        ];
        for (name, value) in own.iter().filter(|(name, _)| !more.iter().any(|(own, _)| own == name)).chain(more) {
            settings.values.push((Symbol::new(name), Value::text(*value)));
        }
        settings.secrets.push((Symbol::new("password"), domain.password.clone()));
        settings
    }

    /// Reader and writer.
    pub async fn system(&self) -> System {
        self.connect(&self.settings(&[])).await.unwrap()
    }

    pub async fn connect(&self, settings: &Settings) -> Result<System, ConnectError> {
        Ok(System { reader: Ldap.reader(settings.clone()).await?, writer: Ldap.writer(settings.clone()).await? })
    }

    /// What a new account needs.
    pub fn account(&self, name: &str) -> Attributes {
        let name = self.name(name);
        attributes(&[("cn", &name), ("sAMAccountName", &name)])
    }

    /// What a new group needs.
    pub fn group(&self, name: &str) -> Attributes {
        attributes(&[("cn", &self.name(name))])
    }
}

pub fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(name, value)| (Symbol::new(name), Value::text(*value))).collect()
}

fn tool(name: &str) -> Command {
    let domain = domain();
    let mut command = Command::new(name);
    command.env("LDAPTLS_CACERT", &domain.ca).args([
        "-x",
        "-H",
        &domain.url,
        "-D",
        &domain.user,
        "-w",
        &domain.password,
    ]);
    command
}

/// Somebody else's changes, by OpenLDAP's `ldapmodify`.
pub fn ldif(text: &str) {
    let mut child =
        tool("ldapmodify").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("ldapmodify of ldap-utils");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
}

/// What stands there, by OpenLDAP's `ldapsearch`: the lines of LDIF.
pub fn search(base: &str, filter: &str, attributes: &[&str]) -> String {
    let output =
        tool("ldapsearch").args(["-LLL", "-o", "ldif-wrap=no", "-b", base, filter]).args(attributes).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

/// Whether somebody can sign on with this password; else what the server says.
pub fn signs_on(account: &str, password: &str) -> Result<(), String> {
    let domain = domain();
    let mut command = Command::new("ldapsearch");
    command.env("LDAPTLS_CACERT", &domain.ca).args(["-x", "-H", &domain.url, "-w", password, "-s", "base", "-b", ""]);
    let output = command.args(["-D", &format!("{account}@ad.example.test")]).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
