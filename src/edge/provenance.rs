//! Who runs this, where, and from which commit: what `run_started` and the lock say.

use std::path::Path;
use std::process::{Command, Stdio};

use state::Timestamp;

use super::Holder;

/// Who runs this: what CI says, else the operating system's user.
pub fn actor() -> String {
    const CI: [(&str, &str); 5] = [
        ("GITHUB_ACTOR", "GitHub Actions"),
        ("GITLAB_USER_LOGIN", "GitLab CI"),
        ("BUILD_REQUESTEDFOREMAIL", "Azure Pipelines"),
        ("BUILDKITE_BUILD_CREATOR_EMAIL", "Buildkite"),
        ("CIRCLE_USERNAME", "CircleCI"),
    ];
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    CI.iter().find_map(|(name, ci)| set(name).map(|who| format!("{who} ({ci})"))).unwrap_or_else(user)
}

/// The operating system's user, by name where it has one.
fn user() -> String {
    let id = rustix::process::getuid().as_raw();
    let named = std::fs::read_to_string("/etc/passwd").ok().and_then(|text| {
        text.lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.get(2).is_some_and(|field| field.parse() == Ok(id)))
            .and_then(|fields| fields.first().map(|name| (*name).to_owned()))
    });
    // A directory service may know the user though the file does not; then the environment says the name, and the
    // number stands with it, since anybody can set that.
    named.unwrap_or_else(|| match std::env::var("USER") {
        Ok(name) if !name.is_empty() => format!("{name} ({id})"),
        _ => id.to_string(),
    })
}

/// The name of this host.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Who takes a lock now, to run `command`.
pub fn holder(command: &str, now: Timestamp) -> Holder {
    Holder { user: actor(), host: host(), pid: std::process::id(), since: now, command: command.to_owned() }
}

/// The command line of this process, for the record. Values of `--var` are left out: a variable may be sensitive.
pub fn command() -> Vec<String> {
    without_values(std::env::args())
}

fn without_values(arguments: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut value = false;
    arguments
        .into_iter()
        .map(|argument| {
            let assigns = std::mem::replace(&mut value, argument == "--var") || argument.starts_with("--var=");
            let name = argument.strip_prefix("--var=").unwrap_or(&argument);
            match (assigns, name.split_once('=')) {
                (true, Some((name, _))) => format!("--var={name}=..."),
                (true, None) => "--var=...".to_owned(),
                (false, _) => argument,
            }
        })
        .filter(|argument| argument != "--var")
        .collect()
}

/// The commit that `folder` is checked out at, and whether nothing in the folder differs from it. None for both where
/// there is no git or no repository.
pub fn commit(folder: &Path) -> (Option<String>, Option<bool>) {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--verify", "HEAD"]);
    let clean = commit.as_ref().and_then(|_| git(&["status", "--porcelain", "--", "."])).map(|text| text.is_empty());
    (commit, clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_gets_no_value_of_a_variable() {
        let typed = ["tenure", "apply", "--var", "token=hunter2", "--var=key=hunter2", "--var", "odd", "-C", "a=b"];
        let kept = without_values(typed.map(str::to_owned));
        assert_eq!(kept, ["tenure", "apply", "--var=token=...", "--var=key=...", "--var=...", "-C", "a=b"]);
    }

    #[test]
    fn who_and_where_have_names() {
        assert!(!actor().is_empty() && !host().is_empty());
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(commit(folder.path()), (None, None));
    }
}
