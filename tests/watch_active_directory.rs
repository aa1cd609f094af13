//! `tenure watch` over a real Samba: who is switched off or deleted in the domain that people come from loses the account
//! elsewhere, though the interval is an hour.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../providers/tests/servers/mod.rs"]
mod servers;

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use servers::active_directory::{ActiveDirectory, DOMAIN};

const FILES: &str = r#"
variable "ca" { type = string }

settings {
  watch {
    interval = "1h" # what follows is heard of
    apply    = ["deactivate", "revoke"]
  }
}

people "staff" {
  from   = system.hr
  key    = row.sAMAccountName
  status = row.active ? "active" : "left"
}

system "hr" {
  provider = "ldap"
  url      = "ldaps://127.0.0.1:636"
  ca_file  = var.ca
  base     = "OU=staff,DC=ad,DC=example,DC=test"
  bind     = "Administrator@ad.example.test"
  password = env("PASSWORD")
}

system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account {
    on_create {
      login = self.key
    }
  }
}

role "all" {
  when   = true
  access = [system.chat]
}
"#;

fn tenure(domain: &ActiveDirectory, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("PASSWORD", &domain.password).env("TENURE_VAR_ca", &domain.ca);
    command
}

fn ldif(domain: &ActiveDirectory, text: &str) {
    let mut command = Command::new("ldapmodify");
    command.args(["-x", "-H", &domain.url, "-D", &domain.user, "-w", &domain.password]);
    command.env("LDAPTLS_CACERT", &domain.ca).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().expect("ldap-utils are installed: run scripts/servers/install");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
}

/// Ended when the test is.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_change_in_the_domain_is_heard_of() {
    let domain = ActiveDirectory::start(None);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("access.hcl"), FILES).unwrap();
    let people: String = (1..=5)
        .map(|n| {
            format!(
                "dn: CN=p{n},OU=staff,{DOMAIN}\nchangetype: add\nobjectClass: user\nsAMAccountName: p{n}\n\
                 userAccountControl: 544\n\n"
            )
        })
        .collect();
    ldif(&domain, &format!("dn: OU=staff,{DOMAIN}\nchangetype: add\nobjectClass: organizationalUnit\n\n{people}"));
    for arguments in [&["init"][..], &["apply", "--auto-approve"]] {
        let output = tenure(&domain, folder, arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let log = folder.join("watch.log");
    let file = std::fs::File::create(&log).unwrap();
    let mut command = tenure(&domain, folder, &["watch", "--json"]);
    let _watch = Watching(command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap());
    let told = || std::fs::read_to_string(&log).unwrap();
    let wait_for = |what: &str| {
        let began = Instant::now();
        while !told().contains(what) {
            assert!(began.elapsed() < Duration::from_secs(60), "no {what}: {}", told());
            std::thread::sleep(Duration::from_millis(20));
        }
        began.elapsed()
    };
    wait_for("\"event\":\"hears\",\"system\":\"hr\",\"how\":\"polling highestCommittedUSN\"");
    // As long as nothing changes there, nothing is heard.
    std::thread::sleep(Duration::from_secs(3));
    assert!(!told().contains("\"why\":\"system.hr\""), "{}", told());
    ldif(
        &domain,
        &format!(
            "dn: CN=p1,OU=staff,{DOMAIN}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 546\n"
        ),
    );
    let off = wait_for("\"event\":\"applied\",\"addresses\":[\"account.chat.p1\"]");
    ldif(&domain, &format!("dn: CN=p2,OU=staff,{DOMAIN}\nchangetype: delete\n"));
    let deleted = wait_for("\"event\":\"applied\",\"addresses\":[\"account.chat.p2\"]");
    println!("switched off after {off:.2?}, deleted after {deleted:.2?}");
    assert!(told().contains("\"why\":\"system.hr\""), "{}", told());
    assert!(!told().contains(&domain.password));
}
