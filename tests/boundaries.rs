//! apply is killed at every boundary of its journal, one run a boundary: before and after each line that it writes, and
//! before and after each call that it makes. The next run settles everything by looking: the world becomes the one of a
//! run that nobody disturbs, and the record tells of every intent what came of it.
//!
//! The process that dies is this test binary itself, called again: it drives the same machine with the same provider and
//! state file as `tenure apply`, and aborts where it is told to. Any system can take the directory's place: see
//! [`Subject`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../providers/tests/servers/postgresql.rs"]
mod cluster;
#[path = "boundaries/dying.rs"]
mod dying;
#[path = "boundaries/ldap.rs"]
mod ldap;
#[path = "../providers/tests/servers/openldap.rs"]
mod openldap;
#[path = "boundaries/postgresql.rs"]
mod postgresql;
#[path = "run/mod.rs"]
mod run;
#[path = "../providers/tests/servers/mod.rs"]
mod servers;
#[path = "run/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dying::{APPROVAL, At, Counts};
use run::Folder;
use servers::{Server, TOKEN};
use state::record::{Event, Text};

/// What is changed while the process dies.
trait Subject: Sync {
    /// A folder whose state file and systems are as they are before the run, and whose files want what it is to do.
    fn fresh(&self) -> Folder;
    /// What stands on the systems, for comparison.
    fn world(&self, folder: &Folder) -> String;
}

/// Kills a run at each of its boundaries, and lets the next one go on. `expected` are the actions that the run is there
/// to try.
fn kill_everywhere(subject: &dyn Subject, expected: &[&str]) {
    let undisturbed = subject.fresh();
    let counts = die(&undisturbed, None).expect("the undisturbed run ends by itself");
    let actions = actions(&undisturbed);
    go_on(&undisturbed).unwrap();
    let wanted = subject.world(&undisturbed);
    assert!(expected.iter().all(|action| actions.contains(*action)), "{expected:?} are tried: {actions:?}");
    let lines = (0..counts.lines).flat_map(|n| [At::Line { n, after: false }, At::Line { n, after: true }]);
    let calls = (0..counts.calls).flat_map(|n| [At::Call { n, after: false }, At::Call { n, after: true }]);
    let boundaries: Vec<At> = lines.chain(calls).collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(at) = boundaries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(what) = kill_at(subject, *at, &wanted) {
                        failed.lock().unwrap().push(format!("killed at {at}: {what}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "of {} boundaries\n{}", boundaries.len(), failed.join("\n"));
}

fn kill_at(subject: &dyn Subject, at: At, wanted: &str) -> Result<(), String> {
    let folder = subject.fresh();
    if die(&folder, Some(at)).is_some() {
        return Err("it was not reached".into());
    }
    go_on(&folder)?;
    folder.run("state verify", 0);
    let bytes = std::fs::read(folder.path().join("tried.tenure")).unwrap();
    let recorded = Text::new(&bytes).and_then(|text| text.replay()).map_err(|damage| format!("{damage:?}"))?;
    if let Some(open) = recorded.open.iter().next() {
        return Err(format!("{} stays in doubt", open.change.address));
    }
    if !recorded.oddities.is_empty() {
        return Err(format!("{:?}", recorded.oddities));
    }
    match subject.world(&folder) {
        world if world == wanted => Ok(()),
        world => Err(format!("the world is\n{world}\nand not\n{wanted}")),
    }
}

/// The runs that come after, until nothing is left to do: what was deactivated may be due for its next stage.
fn go_on(folder: &Folder) -> Result<(), String> {
    for arguments in ["apply --auto-approve", "plan --detailed-exitcode"].iter().cycle().take(8) {
        let output = folder.command(arguments).output().unwrap();
        match (*arguments, output.status.code()) {
            ("plan --detailed-exitcode", Some(0)) => return Ok(()),
            ("plan --detailed-exitcode", Some(2)) | ("apply --auto-approve", Some(0)) => {}
            (_, code) => {
                let (printed, said) = run::texts(&output);
                // A busy server may answer too late: in doubt, and settled by a look at the end or by the next apply.
                let doubt = match code {
                    Some(1) => printed.contains(" unknown") || printed.contains("no answer within"),
                    Some(3) => printed.contains("held: in-doubt"),
                    _ => false,
                };
                if doubt {
                    continue;
                }
                // What was not done before the kill is as good as it was approved.
                if code == Some(3) && printed.contains("held: irreversible") && folder.path().join(APPROVAL).exists() {
                    folder.run(&format!("apply --auto-approve --approval {APPROVAL}"), 0);
                    continue;
                }
                return Err(format!("tenure {arguments} ended with {code:?}\n{printed}\n{said}"));
            }
        }
    }
    Err("there is always something left to do".into())
}

/// Lets the run go as far as `at`; what it did where it went to its end.
fn die(folder: &Folder, at: Option<At>) -> Option<Counts> {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_run_that_dies", "--ignored", "--nocapture"])
        .current_dir(folder.path())
        .envs(folder.environment.iter().cloned())
        .env(dying::AT, at.map_or("never".to_owned(), |at| at.to_string()))
        .env("USER", "tester")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let counts = std::fs::read_to_string(folder.path().join(dying::COUNTS)).ok();
    match (output.status.success(), counts) {
        (true, Some(counts)) => Some(counts.parse().unwrap()),
        (false, None) if output.status.code().is_none() => None,
        _ => panic!("the run did not die as it was told to: {:?}\n{}", output.status, run::texts(&output).1),
    }
}

/// Not a test: the process that is killed.
#[test]
#[ignore = "called by the tests of this file, in a process of its own"]
fn the_run_that_dies() {
    dying::run();
}

/// The actions that the record has intents of.
fn actions(folder: &Folder) -> BTreeSet<&'static str> {
    let bytes = std::fs::read(folder.path().join("tried.tenure")).unwrap();
    let text = Text::new(&bytes).unwrap();
    let lines: Vec<_> = text.read().map(|line| line.unwrap().1.event).collect();
    let last = lines.iter().rposition(|event| matches!(event, Event::RunStarted(_))).unwrap();
    let intents = lines[last..].iter().filter_map(|event| match event {
        Event::Intent { change, .. } => Some(change.action.word()),
        _ => None,
    });
    intents.collect()
}

/// A directory, copied for each run.
struct Directory {
    before: Folder,
}

impl Directory {
    /// A folder in which each of `steps` (files, and what accounts own) but the last was applied.
    fn after(steps: &[&[(&str, &str)]]) -> Directory {
        let before = Folder::new(&[("settings.hcl", SETTINGS)]);
        for (n, files) in steps.iter().enumerate() {
            files.iter().for_each(|(path, text)| before.write(path, text));
            if n == 0 {
                before.run("init", 0);
            }
            if n + 1 < steps.len() {
                before.run("apply --auto-approve", 0);
            }
        }
        Directory { before }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

impl Subject for Directory {
    fn fresh(&self) -> Folder {
        let folder = Folder::new(&[]);
        copy(&self.before.path(), &folder.path());
        folder
    }

    fn world(&self, folder: &Folder) -> String {
        let mut world = String::new();
        for name in ["accounts", "groups", "memberships", "grants", "owned"] {
            let path = folder.path().join(format!("directory/corp/{name}.jsonl"));
            world += &format!("{name}\n{}", std::fs::read_to_string(path).unwrap_or_default());
        }
        world
    }
}

const SETTINGS: &str = r#"
settings {
  state = "tried.tenure"
}
system "corp" {
  provider    = "directory"
  account_key = "login"
  group_key   = "name"
  match       = self.login == account.login
  account {
    login = self.login
    title = self.title
  }
}
offboarding "standard" {
  transfer_to   = self.manager
  archive_after = "0d"
}
"#;

const TEAM: &str = r#"
group "corp" "team" {
  name    = "Team"
  members = [person.ada, person.bob]
  grants  = [{ repository = "website" }]
}
person "ada" {
  login       = "ada"
  title       = "Countess"
  manager     = person.bob
  offboarding = offboarding.standard
}
person "bob" {
  login = "bob"
  title = "engineer"
}
"#;

/// Ada leaves; Bob gets another title, and Eve comes; there is another group.
const LATER: &str = r#"
group "corp" "team" {
  name    = "Team"
  members = [person.bob, person.eve]
  grants  = [{ repository = "wiki" }]
}
group "corp" "crew" {
  name    = "Crew"
  members = [person.eve]
}
person "ada" {
  login       = "ada"
  title       = "Countess"
  manager     = person.bob
  offboarding = offboarding.standard
  status      = "left"
}
person "bob" {
  login = "bob"
  title = "lead"
}
person "eve" {
  login = "eve"
  title = "engineer"
}
"#;

const OWNED: &str = "{\"account\":\"ada\",\"owned\":[{\"kind\":\"table\",\"name\":\"orders\",\"place\":\"sales\"}]}\n";

#[test]
fn a_run_that_gives_changes_and_takes() {
    let subject = Directory::after(&[&[("team.hcl", TEAM)], &[("team.hcl", LATER)]]);
    kill_everywhere(&subject, &["create", "update", "grant", "revoke", "deactivate"]);
}

#[test]
fn a_run_that_hands_over() {
    let owned = ("directory/corp/owned.jsonl", OWNED);
    let subject = Directory::after(&[&[("team.hcl", TEAM)], &[("team.hcl", LATER), owned], &[]]);
    kill_everywhere(&subject, &["transfer"]);
}

#[test]
fn a_run_that_puts_away_and_one_that_brings_back() {
    let subject = Directory::after(&[&[("team.hcl", TEAM)], &[("team.hcl", LATER)], &[]]);
    kill_everywhere(&subject, &["archive"]);
    let back =
        LATER.replace("status      = \"left\"", "").replace("[person.bob, person.eve]", "[person.ada, person.bob]");
    let subject = Directory::after(&[&[("team.hcl", TEAM)], &[("team.hcl", LATER)], &[], &[("team.hcl", &back)]]);
    kill_everywhere(&subject, &["reactivate"]);
}

/// Each run is approved, and the approval is good for one deletion however often apply begins with it.
#[test]
fn a_run_that_deletes() {
    let gone = SETTINGS.replace("archive_after = \"0d\"", "archive_after = \"0d\"\n  delete_after  = \"0d\"");
    let subject = Directory::after(&[&[("settings.hcl", &gone), ("team.hcl", TEAM)], &[("team.hcl", LATER)], &[], &[]]);
    subject.before.run("plan --out last.plan", 3);
    subject.before.run(&format!("approve last.plan --finding irreversible --reason gone --out {APPROVAL}"), 0);
    kill_everywhere(&subject, &["delete"]);
}

/// A SCIM server with a tenant for each run.
struct Scim {
    server: Server,
    tenant: AtomicUsize,
}

/// A killed request is lost after a second.
const SCIM: &str = r#"
settings {
  state = "tried.tenure"
}
variable "url" {
  type = string
}
system "chat" {
  provider   = "scim"
  url        = var.url
  token      = env("SCIM_TOKEN")
  timeout    = 1
  visibility = 0
  match      = self.login == account.userName
  account {
    userName = self.login
    title    = self.title
  }
}
"#;

const CHAT: &str = r#"
group "chat" "team" {
  displayName = "Team"
  members     = [person.ada, person.bob]
}
person "ada" {
  login = "ada"
  title = "Countess"
}
person "bob" {
  login = "bob"
  title = "engineer"
}
"#;

const CHAT_LATER: &str = r#"
group "chat" "team" {
  displayName = "Team"
  members     = [person.bob, person.eve]
}
person "ada" {
  login  = "ada"
  title  = "Countess"
  status = "left"
}
person "bob" {
  login = "bob"
  title = "lead"
}
person "eve" {
  login = "eve"
  title = "engineer"
}
"#;

impl Subject for Scim {
    fn fresh(&self) -> Folder {
        let tenant = self.tenant.fetch_add(1, Ordering::Relaxed);
        let url = format!("{}/t{tenant}/v2", self.server.origin());
        let environment = [("TENURE_VAR_url", url.as_str()), ("SCIM_TOKEN", TOKEN)];
        let folder = Folder::begun(&[("settings.hcl", SCIM), ("team.hcl", CHAT)], &environment);
        folder.run("apply --auto-approve", 0);
        folder.write("team.hcl", CHAT_LATER);
        folder
    }

    fn world(&self, folder: &Folder) -> String {
        let world = world::of_scim(&folder.environment[0].1, TOKEN);
        world.assert_no_duplicates();
        format!("{world:#?}")
    }
}

#[test]
fn a_run_against_a_server() {
    let subject = Scim { server: Server::scim2_server_tenants(), tenant: AtomicUsize::new(1) };
    kill_everywhere(&subject, &["create", "update", "grant", "revoke", "deactivate"]);
}
