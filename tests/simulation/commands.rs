//! `tenure simulate` and `tenure test` as they are typed.

use std::path::{Path, PathBuf};
use std::process::Command;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() { copy(&path, &to) } else { assert!(std::fs::copy(&path, &to).is_ok()) }
    }
}

/// A copy of an example, with its name.
fn example(name: &str) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(name);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), &folder);
    (place, folder)
}

/// What tenure printed, and its exit code.
fn tenure(folder: &Path, arguments: &str) -> (String, Option<i32>) {
    with(folder, arguments, None)
}

/// The same, with something broken on purpose.
fn with(folder: &Path, arguments: &str, mutation: Option<&str>) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_tenure"))
        .args(arguments.split_whitespace())
        .envs(mutation.map(|mutation| ("TENURE_MUTATION", mutation)))
        .current_dir(folder)
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (text, output.status.code())
}

#[test]
fn the_policy_of_the_company_holds() {
    let (_place, folder) = example("company");
    let (text, code) = tenure(&folder, "test");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.matches("ok  ").count() >= 12, "{text}");
    assert!(!folder.join("state").exists(), "a test writes nothing");
    // A policy that is broken is told with its place.
    let broken =
        "test \"nobody leaves\" {\n  expect {\n    active = [account.chat.E0999]\n    nothing = true\n  }\n}\n";
    let given = std::fs::read_to_string(folder.join("policy.test.hcl")).unwrap();
    let given = given.split("test \"as long").next().unwrap();
    std::fs::write(folder.join("broken.test.hcl"), format!("{given}{broken}")).unwrap();
    let (text, code) = tenure(&folder, "test nobody");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("account.chat.E0999 is absent") && text.contains("--> broken.test.hcl:14:15"), "{text}");
    // It is no configuration.
    let (text, code) = tenure(
        &folder,
        "validate --var ldap_url=ldap://a --var warehouse_url=postgres://u@a --var chat_url=https://a/v2",
    );
    assert_eq!(code, Some(0), "{text}");
    let (text, code) = tenure(&folder, "fmt --check broken.test.hcl");
    assert_eq!((code, text.trim()), (Some(2), "broken.test.hcl"), "fmt formats it");
}

/// A step of apply is broken on purpose: it is found, and told as a short story that its seed tells again.
#[test]
fn a_bug_is_found_and_shrunk_to_a_story_that_its_seed_tells_again() {
    let (_place, folder) = example("quickstart");
    assert_eq!(tenure(&folder, "init").1, Some(0));
    let faults = "fault \"lost\" {\n  kind = \"lost-answer\"\n  rate = 0.2\n}\nfault \"busy\" {\n  kind = \"busy\"\n  rate = 0.2\n}\n";
    std::fs::write(folder.join("night.fault.hcl"), faults).unwrap();
    let many = "simulate --recorded --from 2026-12-01 --until 2026-12-08 --runs 20";
    assert_eq!(tenure(&folder, many).1, Some(0), "by itself nothing breaks");
    let (text, code) = with(&folder, many, Some("settle-done"));
    assert_eq!(code, Some(1), "{text}");
    insta::assert_snapshot!(text.split("A promise broke").nth(1).unwrap_or(&text));
    let seed = text.split("--seed ").nth(1).unwrap().split_whitespace().next().unwrap();
    let seed = seed.trim_matches(|c: char| !c.is_ascii_digit());
    let one = format!("simulate --recorded --from 2026-12-01 --until 2026-12-08 --seed {seed}");
    let (again, code) = with(&folder, &one, Some("settle-done"));
    assert_eq!(code, Some(1), "{again}");
    assert_eq!(with(&folder, &one, Some("settle-done")).0, again);
    assert_eq!(tenure(&folder, &one).1, Some(0), "without the bug nothing breaks");
}

#[test]
fn a_week_with_faults_is_told_by_person_and_replayed_to_the_same_bytes() {
    let (_place, folder) = example("quickstart");
    assert_eq!(tenure(&folder, "init").1, Some(0));
    let fault = "fault \"late\" {\n  kind    = \"lost-answer\"\n  rate    = 0.2\n}\n";
    std::fs::write(folder.join("night.fault.hcl"), fault).unwrap();
    let week = "simulate --recorded --from 2026-12-01 --until 2026-12-08 --seed 7";
    let (text, code) = tenure(&folder, week);
    assert_eq!(code, Some(0), "{text}");
    for part in
        ["Rehearsed 2026-12-01 to 2026-12-08", "person.P1  Ada Lovelace", "What went wrong: late ", "Promises, and"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(tenure(&folder, week).0, text);
    let (many, code) = tenure(&folder, "simulate --recorded --from 2026-12-01 --runs 10");
    assert_eq!(code, Some(0), "{many}");
    assert!(many.contains("Every promise was kept in every world."), "{many}");
    // Nothing was done anywhere.
    assert!(!folder.join("directory").exists());
    std::fs::write(folder.join("night.fault.hcl"), "fault \"late\" {\n  kind = \"lost-anwser\"\n}\n").unwrap();
    let (text, code) = tenure(&folder, week);
    assert_eq!(code, Some(1));
    assert!(text.contains("did you mean \"lost-answer\"?") && text.contains("night.fault.hcl:2:"), "{text}");
}
