//! Who runs this, where, and from which commit: what `run_started` and the lock say.

use std::path::Path;
use std::process::{Command, Stdio};

use state::{Commit, Timestamp};

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

/// Where the run of CI that this is can be looked at; none outside CI.
pub fn run_url() -> Option<String> {
    run_url_of(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

fn run_url_of(get: impl Fn(&str) -> Option<String>) -> Option<String> {
    let github = || {
        let (server, repository) = (get("GITHUB_SERVER_URL")?, get("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/actions/runs/{}", get("GITHUB_RUN_ID")?))
    };
    let others = ["CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL"];
    let url = github().or_else(|| others.iter().find_map(|name| get(name)))?;
    // It is put into pages as it stands.
    let plain = |character: char| character.is_ascii_alphanumeric() || "-._~:/?#=&%+".contains(character);
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url).filter(|url| url.chars().all(plain))
}

/// The commit that `folder` is checked out at. None where there is no git or no repository.
pub fn commit(folder: &Path) -> Option<Commit> {
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
    let id = git(&["rev-parse", "--verify", "HEAD"])?;
    let clean = git(&["status", "--porcelain", "--", "."]).is_some_and(|text| text.is_empty());
    Some(Commit { id, clean })
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
        assert_eq!(commit(folder.path()), None);
    }

    #[test]
    fn the_run_of_ci_has_an_address() {
        let url = |set: &[(&str, &str)]| {
            run_url_of(|name| set.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned()))
        };
        let github = [("GITHUB_SERVER_URL", "https://github.com"), ("GITHUB_REPOSITORY", "acme/access")];
        assert_eq!(url(&[]), None);
        assert_eq!(url(&github), None);
        let run = [github[0], github[1], ("GITHUB_RUN_ID", "7")];
        assert_eq!(url(&run).as_deref(), Some("https://github.com/acme/access/actions/runs/7"));
        let job = "https://gitlab.example/acme/access/-/jobs/7";
        assert_eq!(url(&[("CI_JOB_URL", job)]).as_deref(), Some(job));
        for bad in ["javascript:alert(1)", "https://a.example/)[x](https://b.example", "https://a.example/ b"] {
            assert_eq!(url(&[("CI_JOB_URL", bad)]), None, "{bad}");
        }
    }
}
