//! The examples, run as their users would. `quickstart` runs with the README (`scripts.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../providers/tests/servers/mod.rs"]
mod servers;

use std::path::Path;
use std::process::Command;

/// Runs tenure in `folder`; what it printed and its exit code.
fn tenure(folder: &Path, url: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_tenure"))
        .args(arguments)
        .args(["--var", &format!("chat_url={url}")])
        .env("CHAT_SCIM_TOKEN", servers::TOKEN)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(!text.contains(servers::TOKEN), "the token was printed:\n{text}");
    (text, output.status.code())
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

fn edit(path: &Path, change: impl Fn(&str) -> Option<String>) {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<String> = text.lines().filter_map(change).collect();
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn the_company_lives_in_a_directory_and_a_chat_over_scim() {
    let server = servers::Server::scim2_server();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/company"), folder);
    let run = |arguments: &[&str]| tenure(folder, &server.url, arguments);
    let done = |arguments: &[&str]| {
        let (text, code) = run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}:\n{text}");
        text
    };
    done(&["init"]);
    let (plan, code) = run(&["plan", "--detailed-exitcode", "--full"]);
    assert_eq!(code, Some(2), "{plan}");
    assert!(plan.contains("externalId") && plan.contains("(known after apply)"), "{plan}");
    assert!(plan.contains("Plan: 160 to give"), "{plan}");
    assert!(done(&["apply", "--auto-approve"]).contains("160 done"));
    assert_eq!(run(&["plan", "--detailed-exitcode"]).1, Some(0));
    assert!(done(&["plan", "--recorded"]).contains("Nothing to change"));

    // One leaves, one moves to another department, one account is switched off by hand meanwhile.
    edit(&folder.join("people/hr.csv"), |line| match line {
        line if line.starts_with("E0013,") => None,
        line if line.starts_with("E0022,") => Some(line.replace(",Support,", ",Sales,")),
        line => Some(line.to_owned()),
    });
    let (plan, _) = run(&["plan"]);
    assert!(plan.contains("account.chat (deactivate)") && plan.contains("left the files"), "{plan}");
    assert!(plan.contains("no longer given by role.department[\"Support\"]"), "{plan}");
    assert!(done(&["apply", "--auto-approve"]).contains("done"));
    assert_eq!(run(&["plan", "--detailed-exitcode"]).1, Some(0));

    // The same person comes back, to the same account.
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/company/people/hr.csv");
    std::fs::copy(original, folder.join("people/hr.csv")).unwrap();
    let (plan, _) = run(&["plan", "--target", "person.E0013"]);
    assert!(plan.contains("account.chat (reactivate)"), "{plan}");
    done(&["apply", "--auto-approve"]);
    assert_eq!(run(&["plan", "--detailed-exitcode"]).1, Some(0));
    assert!(done(&["state", "verify"]).contains("each as it was written"));
}
