//! Bad input that a script cannot show: one flipped byte anywhere in a state file, and real SCIM servers that refuse,
//! cannot be trusted, or go away.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "../providers/tests/servers/mod.rs"]
mod servers;

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

/// People with an account in a folder and one on a SCIM server, so that one can go on without the other.
fn two_systems(url: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        r#"
settings {{ state = "acme.tenure" }}

person "ada" {{ email = "ada@acme.example" }}

system "corp" {{
  provider = "directory"
  match    = self.key == account.uid
  account {{ uid = self.key }}
}}

system "chat" {{
  provider = "scim"
  url      = "{url}"
  token    = env("CHAT_TOKEN")
  match    = self.email == account.userName
  account {{ userName = self.email }}
}}

role "employee" {{
  when   = true
  access = [system.corp, system.chat]
}}
"#
    );
    std::fs::write(folder.path().join("access.hcl"), text).unwrap();
    assert!(tenure(folder.path(), &["init"]).status.success());
    folder
}

/// Runs a command with a token; what it printed, and its exit code. No file may hold the token afterwards.
fn with_token(folder: &Path, token: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let run = Command::new(env!("CARGO_BIN_EXE_tenure"))
        .args(arguments)
        .env("CHAT_TOKEN", token)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(!said.contains(token), "the token was printed: {said}");
    let found = Command::new("grep").args(["-rl", token, "."]).current_dir(folder).output().unwrap();
    assert!(found.stdout.is_empty(), "the token is stored in {}", String::from_utf8_lossy(&found.stdout));
    (said, run.status.code())
}

#[test]
fn a_real_server_that_refuses_or_goes_away_holds_nobody_else_up() {
    let server = servers::Server::scim2_server();
    let folder = two_systems(&server.url);
    let folder = folder.path();
    let apply = ["apply", "--auto-approve"];

    let (said, code) = with_token(folder, "wr0ng-token", &apply);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("held: incomplete-read on system.chat"), "{said}");
    assert!(said.contains("401 Unauthorized") && said.contains("check the value behind token"), "{said}");
    assert!(said.contains("Applied: 1 done"), "the folder goes on: {said}");

    let (said, code) = with_token(folder, servers::TOKEN, &apply);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("+ account.chat") && said.contains("Applied: 1 done"), "{said}");
    let (said, code) = with_token(folder, servers::TOKEN, &["plan", "--detailed-exitcode"]);
    assert_eq!(code, Some(0), "{said}");

    drop(server);
    let recorded = std::fs::read(folder.join("acme.tenure")).unwrap();
    let (said, code) = with_token(folder, servers::TOKEN, &apply);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("Connection refused") && said.contains("whether the server runs"), "{said}");
    assert_eq!(std::fs::read(folder.join("acme.tenure")).unwrap(), recorded, "nothing was done, nothing is recorded");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_trusted() {
    let certificates = tempfile::tempdir().unwrap();
    let server = servers::Server::tls(&certificates.path().join("certificate.pem"));
    let folder = two_systems(&server.url);
    let (said, code) = with_token(folder.path(), servers::TOKEN, &["plan"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("the server's certificate cannot be trusted"), "{said}");
    assert!(said.contains("name it by ca_file in the system block"), "{said}");
}
