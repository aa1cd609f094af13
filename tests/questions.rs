//! Questions are asked at a terminal, and answered by typing: nothing else counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

mod run;
#[path = "run/terminal.rs"]
mod terminal;

use std::io::Write;
use std::process::Stdio;

use run::Folder;
use terminal::terminal;

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

/// Runs `tenure apply` with `typed` at its terminal: exit code, and what stands on the system then.
fn applied(folder: &Folder, typed: &str) -> (i32, bool, String) {
    answered(folder, "apply", typed)
}

fn answered(folder: &Folder, arguments: &str, typed: &str) -> (i32, bool, String) {
    let (mut keyboard, slave) = terminal();
    keyboard.write_all(typed.as_bytes()).unwrap();
    let output = folder.command(arguments).stdin(Stdio::from(slave)).output().unwrap();
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

/// Who is to be deleted at once, a stage a run.
const LEAVERS: &str = r#"
system "chat" {
  provider    = "directory"
  match       = self.key == account.login
  offboarding = offboarding.gone
  account { login = self.key }
}
offboarding "gone" {
  delete_after = "0d"
}
role "employee" {
  when   = true
  access = [system.chat]
}
person "eve" {}
"#;

#[test]
fn what_cannot_be_undone_asks_for_its_number() {
    let folder = Folder::new(&[("access.hcl", LEAVERS), ("leavers.hcl", "person \"ada\" {}\nperson \"bob\" {}\n")]);
    folder.run("init", 0);
    folder.run("apply --auto-approve", 0);
    folder.write("leavers.hcl", "");
    // One goes first, then the other.
    folder.run("apply --auto-approve", 3);
    folder.run("apply --auto-approve", 3);
    // Now both are to be deleted, which is approved.
    folder.run("plan --out last.plan", 3);
    folder.run("approve last.plan --finding irreversible --reason gone --out gone", 0);
    let record = folder.read("state/tenure.state");
    for typed in ["no\n", "yes\n1\n", "yes\nyes\n", "yes\n\n", "2\n2\n", "yes\n\u{4}"] {
        let (code, there, told) = answered(&folder, "apply --approval gone", typed);
        assert_eq!((code, there), (1, true), "{typed:?}: {told}");
        assert!(told.contains("nothing was changed"), "{typed:?}: {told}");
        assert_eq!(folder.read("state/tenure.state"), record, "{typed:?}");
    }
    let (code, there, told) = answered(&folder, "apply --approval gone", "yes\n2\n");
    assert_eq!((code, there), (0, false), "{told}");
    let asked = "This cannot be undone for 2 objects:\n  ! account.chat.ada  delete: lost is ";
    assert!(told.contains(asked) && told.contains("Type how many they are to go on: "), "{told}");
    assert!(folder.read("state/tenure.state").contains("\"event\":\"approved\""));
    folder.run("plan --detailed-exitcode", 0);
}
