//! Questions are asked at a terminal, and answered by typing: nothing else counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

mod run;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::Stdio;

use run::Folder;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

const CONFIGURATION: &str = r#"
person "ada" {}
system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account { login = self.key }
}
role "employee" {
  when   = true
  access = [system.chat]
}
"#;

/// A terminal: the end at which one types, and the end that a program reads.
fn terminal() -> (File, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (File::from(master), slave)
}

/// Runs `tenure apply` with `typed` at its terminal: exit code, and what stands on the system then.
fn applied(folder: &Folder, typed: &str) -> (i32, bool, String) {
    let (mut keyboard, slave) = terminal();
    keyboard.write_all(typed.as_bytes()).unwrap();
    let output = folder.command("apply").stdin(Stdio::from(slave)).output().unwrap();
    let (_, told) = run::texts(&output);
    let accounts = folder.path().join("directory/chat/accounts.jsonl");
    let there = std::fs::read_to_string(accounts).is_ok_and(|text| text.contains("ada"));
    (output.status.code().unwrap(), there, told)
}

#[test]
fn only_a_typed_yes_goes_on() {
    let folder = Folder::new(&[("access.hcl", CONFIGURATION)]);
    folder.run("init", 0);
    // The fourth character ends the input, as Ctrl-D does.
    for typed in ["no\n", "y\n", "\n", "\u{4}"] {
        let (code, there, told) = applied(&folder, typed);
        assert_eq!((code, there), (1, false), "{typed:?}: {told}");
        assert!(told.contains("Only `yes` does") && told.contains("nothing was changed"), "{typed:?}: {told}");
    }
    let (code, there, told) = applied(&folder, "yes\n");
    assert_eq!((code, there), (0, true), "{told}");
}
