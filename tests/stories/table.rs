//! The list in docs/safeguards.md and the tests are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const SYSTEMS: [&str; 3] = ["directory", "postgresql", "scim"];

/// The stories of this binary, and the systems on which each is told.
fn told() -> BTreeMap<String, BTreeSet<String>> {
    let output = std::process::Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap();
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for test in String::from_utf8(output.stdout).unwrap().lines().filter_map(|line| line.strip_suffix(": test")) {
        if let Some((story, system)) = test.rsplit_once("::").filter(|(_, system)| SYSTEMS.contains(system)) {
            told.entry(story.to_owned()).or_default().insert(system.to_owned());
        }
    }
    told
}

#[test]
fn every_story_is_in_the_list_and_every_test_of_the_list_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let page = read("docs/safeguards.md");
    let (_, section) = page.split_once("## What happened elsewhere").unwrap();
    let (list, untold) = section.split_once("### Where a story has no meaning").unwrap();
    let named: BTreeSet<&str> = list.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    let told = told();
    for name in &named {
        // Of the engine's own tests the file is named too.
        if let Some((file, test)) = name.split_once(".rs::") {
            let text = read(&format!("engine/tests/plan/{file}.rs"));
            assert!(text.contains(&format!("#[test]\nfn {test}()")), "there is no test {name}");
        } else {
            assert!(told.contains_key(*name), "there is no story {name}: {:?}", told.keys());
        }
    }
    for (story, systems) in &told {
        assert!(named.contains(story.as_str()), "docs/safeguards.md does not list {story}");
        for system in SYSTEMS.iter().filter(|system| !systems.contains(**system)) {
            let item = untold.split("\n- ").find(|item| item.contains(&format!("`{story}`"))).unwrap_or_default();
            assert!(item.contains(&format!("`{system}`")), "nothing says why {story} is not told on {system}");
        }
    }
}
