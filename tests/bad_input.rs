//! Bad input that a script cannot show: one flipped byte anywhere in a state file, through the program itself.

use std::path::Path;
use std::process::{Command, Output};

/// How many places of the file are tried.
const PLACES: usize = 300;

const CONFIGURATION: &str = r#"
settings { state = "acme.tenure" }

person "ada" { name = "Ada Lovelace" }
person "bob" { name = "Bob Kahn" }
person "cat" { name = "Cat Stevens" }

system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account {
    login = self.key
    name  = self.name
  }
}

group "chat" "everyone" { name = "Everyone" }

role "employee" {
  when   = true
  access = [group.chat.everyone]
}
"#;

fn tenure(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tenure")).args(arguments).current_dir(folder).output().unwrap()
}

#[test]
fn one_flipped_byte_anywhere_is_found_and_its_line_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.tenure");
    std::fs::write(folder.path().join("access.hcl"), CONFIGURATION).unwrap();
    assert!(tenure(folder.path(), &["init"]).status.success());
    assert!(tenure(folder.path(), &["apply", "--auto-approve"]).status.success());
    let whole = std::fs::read(&path).unwrap();
    assert!(tenure(folder.path(), &["state", "verify"]).status.success());
    // Without the head that this host remembers: the file alone must show it.
    std::fs::remove_file(folder.path().join("acme.tenure.head")).unwrap();
    assert!(whole.len() > PLACES, "{} bytes", whole.len());
    for step in 0..PLACES {
        let at = step * (whole.len() - 1) / (PLACES - 1);
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (step % 8);
        std::fs::write(&path, &flipped).unwrap();
        let verified = tenure(folder.path(), &["state", "verify"]);
        let said = String::from_utf8_lossy(&verified.stdout).into_owned() + &String::from_utf8_lossy(&verified.stderr);
        let line = 1 + whole[..at].iter().filter(|byte| **byte == b'\n').count();
        // Without its last line break the last line counts as one that was being written.
        if at + 1 == whole.len() {
            assert!(said.contains(&format!("line {line}")), "byte {at}: {said}");
            continue;
        }
        assert_eq!(verified.status.code(), Some(1), "byte {at} of line {line}: {said}");
        assert!(said.contains(&format!("damaged: line {line}:")), "byte {at} of line {line}: {said}");
    }
    std::fs::write(&path, &whole).unwrap();
    assert!(tenure(folder.path(), &["state", "verify"]).status.success());
}
