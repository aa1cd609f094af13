//! The invariants that the manifests and `clippy.toml` hold, tried from outside: which crate may know which, and that
//! `state` and `engine` cannot touch a clock, a disk, a network, randomness or threads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cargo() -> Command {
    Command::new(env!("CARGO"))
}

/// Names of the packages that each workspace crate depends on to run (not to test or to build).
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = cargo()
        .args(["metadata", "--format-version=1", "--no-deps", "--offline", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let needs = package["dependencies"].as_array().unwrap().iter();
            (
                text(&package["name"]),
                needs.filter(|needs| needs["kind"].is_null()).map(|needs| text(&needs["name"])).collect(),
            )
        })
        .collect()
}

#[test]
fn arrows_point_one_way() {
    let crates = dependencies();
    let ours = |name: &str| -> Vec<&str> {
        crates[name].iter().filter(|needs| needs.starts_with("tenure")).map(String::as_str).collect()
    };
    assert_eq!(ours("tenure-state"), [""; 0]);
    assert_eq!(ours("tenure-engine"), ["tenure-state"]);
    assert_eq!(ours("tenure-providers"), ["tenure-state"]);
    assert_eq!(ours("tenure"), ["tenure-engine", "tenure-providers", "tenure-state"]);
}

#[test]
fn the_pure_crates_depend_on_nothing_that_touches_the_outside() {
    let crates = dependencies();
    for name in ["tenure-state", "tenure-engine"] {
        for outside in ["tokio", "reqwest", "hyper", "rustix", "libc", "getrandom", "rand", "tempfile", "rayon", "mio"]
        {
            assert!(!crates[name].contains(outside), "{name} depends on {outside}");
        }
    }
}

#[test]
fn nothing_in_engine_or_src_names_a_provider() {
    let registry = std::fs::read_to_string(root().join("providers/src/registry.rs")).unwrap();
    let names = providers::names();
    assert!(names.len() >= 2 && registry.contains("PROVIDERS"));
    let mut named = Vec::new();
    for folder in ["engine/src", "state/src", "src"] {
        for file in rust_files(&root().join(folder)) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, line) in (1..).zip(code.lines()) {
                let line = line.split("//").next().unwrap_or_default();
                let quoted =
                    |name: &&str| line.contains(&format!("\"{name}\"")) || line.contains(&format!("providers::{name}"));
                named.extend(
                    names.iter().filter(|name| quoted(name)).map(|name| format!("{}:{number}: {name}", file.display())),
                );
            }
        }
    }
    assert!(named.is_empty(), "these lines name a provider:\n{}", named.join("\n"));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Tests stand in `tests.rs`, or in files of a folder.
        if path.is_dir() && !path.ends_with("tests") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !["tests.rs", "sample.rs"].iter().any(|tests| path.ends_with(tests))
        {
            files.push(path);
        }
    }
    files
}

/// Lines that a pure crate must not have: each must be refused by the crate's own `clippy.toml`.
const IMPURE: &[&str] = &[
    "pub fn a() -> std::time::SystemTime { std::time::SystemTime::now() }",
    "pub fn b() -> std::io::Result<Vec<u8>> { std::fs::read(\"x\") }",
    "pub fn c() -> std::io::Result<()> { std::fs::write(\"x\", \"y\") }",
    "pub fn d() -> Option<String> { std::env::var(\"HOME\").ok() }",
    "pub fn e() { std::thread::sleep(std::time::Duration::ZERO) }",
    "pub fn f() { drop(std::thread::spawn(|| ())) }",
    "pub fn g() { drop(std::net::TcpStream::connect(\"127.0.0.1:1\")) }",
    "pub fn h() { drop(std::process::Command::new(\"true\").status()) }",
    "pub fn i() { drop(std::fs::File::open(\"x\")) }",
    "pub fn j() { println!() }",
    "pub fn k() { drop(std::fs::remove_file(\"x\")) }",
    "pub fn l() { drop(std::fs::read_dir(\"x\")) }",
    "pub fn m() -> std::time::Instant { std::time::Instant::now() }",
];

#[test]
fn impure_lines_are_refused() {
    for name in ["state", "engine"] {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir(at("src")).unwrap();
        std::fs::write(at("Cargo.toml"), "[package]\nname = \"impure\"\nedition = \"2024\"\n[workspace]\n").unwrap();
        std::fs::write(at("src/lib.rs"), IMPURE.join("\n")).unwrap();
        std::fs::copy(root().join(name).join("clippy.toml"), at("clippy.toml")).unwrap();
        let output = cargo()
            .args(["clippy", "--offline", "--quiet", "--message-format=json", "--manifest-path"])
            .arg(at("Cargo.toml"))
            .env("CARGO_TARGET_DIR", at("target"))
            .output()
            .unwrap();
        let refused: BTreeSet<u64> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|entry| {
                entry["message"]["code"]["code"].as_str().is_some_and(|code| code.starts_with("clippy::disallowed"))
            })
            .filter_map(|entry| entry["message"]["spans"][0]["line_start"].as_u64())
            .collect();
        let passed: Vec<&str> =
            (1..).zip(IMPURE).filter(|(line, _)| !refused.contains(line)).map(|(_, text)| *text).collect();
        assert!(passed.is_empty(), "{name}/clippy.toml lets these pass:\n{}", passed.join("\n"));
    }
}
