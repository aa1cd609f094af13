//! What a release says about itself. The build of it takes minutes: `scripts/release/build` is run by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn the_list_of_crates_is_complete_and_no_more() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join("scripts/release/sbom")).arg("x86_64-unknown-linux-gnu").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["bomFormat"], &document["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    assert_eq!(document["metadata"]["component"]["version"], env!("CARGO_PKG_VERSION"));
    let components = document["components"].as_array().unwrap();
    let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
    let names: BTreeSet<String> = components.iter().map(name).collect();
    for linked in ["tenure-state", "tokio", "ring", "object_store", "age"] {
        assert!(names.contains(linked), "{linked} is missing");
    }
    for not in ["tenure", "insta", "proptest", "jsonschema", "cc"] {
        assert!(!names.contains(not), "{not} is not linked");
    }
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
    for one in components {
        assert!(one["licenses"][0]["expression"].is_string(), "{one} has no licence");
        let checksum = one["hashes"][0]["content"].as_str();
        assert!(checksum.is_some_and(|sum| lock.contains(sum)) || name(one).starts_with("tenure-"), "{one}");
    }
    // Whatever is needed is listed.
    let listed: BTreeSet<&str> =
        document["dependencies"].as_array().unwrap().iter().map(|one| one["ref"].as_str().unwrap()).collect();
    for one in document["dependencies"].as_array().unwrap() {
        assert!(one["dependsOn"].as_array().unwrap().iter().all(|other| listed.contains(other.as_str().unwrap())));
    }
}
