//! Pipelines as their services read them, and their check by the published schemas (PyPI `check-jsonschema`, which brings
//! them along).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The folder with the example.
pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci")
}

fn installed(program: &str) -> Command {
    let environment = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/check-jsonschema");
    assert!(environment.join("pins.txt").exists(), "check-jsonschema is missing: run scripts/servers/install first");
    Command::new(environment.join("bin").join(program))
}

/// A file of the example.
pub fn load(path: &str) -> Value {
    const CONVERT: &str = "import json, sys, ruamel.yaml
json.dump(ruamel.yaml.YAML(typ='safe').load(open(sys.argv[1])), sys.stdout)";
    let output = installed("python").args(["-c", CONVERT]).arg(example().join(path)).output().unwrap();
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn check(schema: &str, path: &Path) -> bool {
    let output = installed("check-jsonschema").args(["--builtin-schema", schema]).arg(path).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

#[test]
fn pipelines_are_as_their_services_want_them() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.yml");
    for (schema, path, broken) in [
        ("vendor.github-workflows", ".github/workflows/access.yml", "runs-on:"),
        ("vendor.github-workflows", ".github/workflows/approve.yml", "runs-on:"),
        ("vendor.github-workflows", ".github/workflows/drift.yml", "cron:"),
        ("vendor.github-actions", ".github/actions/tenure/action.yml", "using:"),
        ("vendor.gitlab-ci", ".gitlab-ci.yml", "resource_group:"),
    ] {
        let path = example().join(path);
        assert!(check(schema, &path), "{}", path.display());
        // The schema is not one that takes anything.
        let text = std::fs::read_to_string(&path).unwrap().replace(broken, "no-such-key:");
        std::fs::write(&bad, text).unwrap();
        assert!(!check(schema, &bad), "{} without `{broken}`", path.display());
    }
}
