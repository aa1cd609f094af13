//! Samba as an Active Directory domain controller, started by `scripts/servers/samba/start`.
//!
//! Its ports are fixed, so that there is one at a time on a machine: the script waits for the one before.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::repository;

/// A running domain controller of `DC=ad,DC=example,DC=test`, stopped when dropped.
pub struct ActiveDirectory {
    /// `ldaps://127.0.0.1:636`.
    pub url: String,
    /// The authority that signed its certificate, PEM.
    pub ca: PathBuf,
    /// The administrator's name, as a simple bind takes it.
    pub user: String,
    pub password: String,
    child: Child,
}

/// The domain.
pub const DOMAIN: &str = "DC=ad,DC=example,DC=test";

impl ActiveDirectory {
    /// A domain of its own with temporary data. Takes about ten seconds the first time, two from the `cache` folder.
    pub fn start(cache: Option<&std::path::Path>) -> ActiveDirectory {
        let script = repository().join("scripts/servers/samba/start");
        let mut child = Command::new(script)
            .args(cache)
            .stdin(Stdio::piped()) // the script stops when this end is closed, also where the test is killed
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/servers/samba/start can be run");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut line = |starts: &str| {
            let line = lines.next().and_then(Result::ok).unwrap_or_default();
            let rest = line.strip_prefix(starts);
            rest.unwrap_or_else(|| panic!("no Samba came up; try scripts/servers/samba/start by hand")).to_owned()
        };
        let url = format!("ldaps:{}", line("ldaps:"));
        let ca = PathBuf::from(line("ca "));
        let bind = line("bind ");
        let (user, password) = bind.split_once(' ').expect("a name and a password");
        ActiveDirectory { url, ca, user: user.to_owned(), password: password.to_owned(), child }
    }
}

impl Drop for ActiveDirectory {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
