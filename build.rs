//! Names the commit and the build for `tenure --version`, and the code that folds records (`edge::snapshot`). Works without git
//! and outside a repository.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Takes all files below `folder` in, in the order of their names.
fn sources(folder: &Path, hasher: &mut DefaultHasher) {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, hasher);
        } else {
            path.file_name().hash(hasher);
            std::fs::read(&path).unwrap_or_default().hash(hasher);
        }
    }
}

fn main() {
    // HEAD's own log changes with every commit, checkout and rebase; without it, the manifest alone decides.
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| std::path::Path::new(log).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let profile = std::env::var("PROFILE").unwrap_or_default();
    let target = std::env::var("TARGET").unwrap_or_default();
    let commit = git(&["log", "-1", "--format=%h %cs"]).unwrap_or_else(|| "no commit".to_owned());
    println!("cargo::rustc-env=TENURE_VERSION={version} ({commit}, {profile} build for {target})");

    println!("cargo::rerun-if-changed=state/src");
    let mut hasher = DefaultHasher::new();
    sources(Path::new("state/src"), &mut hasher);
    println!(
        "cargo::rustc-env=TENURE_FOLD={} {:016x}",
        std::env::var("CARGO_PKG_VERSION").unwrap_or_default(),
        hasher.finish()
    );
}
