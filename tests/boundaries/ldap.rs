//! A run on OpenLDAP that is killed at each boundary. One server for all; each run has a branch of its own on it.

use crate::openldap::{PASSWORD, PROV, Slapd};
use crate::run::Folder;
use crate::{Subject, kill_everywhere};

const SETTINGS: &str = r#"
settings {
  state = "tried.tenure"
}
variable "url" {
  type = string
}
variable "base" {
  type = string
}
system "corp" {
  provider     = "ldap"
  url          = var.url
  bind         = "cn=prov,dc=example,dc=test"
  password     = env("LDAP_PASSWORD")
  base         = var.base
  archive_base = "ou=archive,${var.base}"
  policy       = "cn=default,ou=policies,dc=example,dc=test"
  timeout      = 1
  match        = self.key == account.sn
  account {
    uid   = self.login
    cn    = self.login
    sn    = self.key
    title = self.title
  }
}
offboarding "standard" {
  archive_after = "0d"
}
"#;

const TEAM: &str = r#"
group "corp" "team" {
  cn          = "team"
  description = "old"
  members     = [person.ada, person.bob]
}
person "ada" {
  login       = "ada"
  title       = "Countess"
  offboarding = offboarding.standard
}
person "bob" {
  login = "bob"
  title = "engineer"
}
"#;

/// Ada leaves; Bob gets another title and another name; Eve comes; the group says something else, and there is another.
const LATER: &str = r#"
group "corp" "team" {
  cn          = "team"
  description = "new"
  members     = [person.bob, person.eve]
}
group "corp" "crew" {
  cn      = "crew"
  members = [person.eve]
}
person "ada" {
  login       = "ada"
  title       = "Countess"
  offboarding = offboarding.standard
  status      = "left"
}
person "bob" {
  login = "robert"
  title = "lead"
}
person "eve" {
  login = "eve"
  title = "engineer"
}
"#;

struct Directory {
    server: Slapd,
    /// Files that are applied one after the other; the last ones are what the run that dies is to do.
    steps: Vec<String>,
}

impl Subject for Directory {
    fn fresh(&self) -> Folder {
        let (url, base) = (&self.server.url, self.server.branch());
        let environment = [("TENURE_VAR_url", url.as_str()), ("TENURE_VAR_base", &base), ("LDAP_PASSWORD", PASSWORD)];
        let folder = Folder::begun(&[("settings.hcl", SETTINGS)], &environment);
        for (n, files) in self.steps.iter().enumerate() {
            folder.write("team.hcl", files);
            if n + 1 < self.steps.len() {
                folder.run("apply --auto-approve", 0);
            }
        }
        folder
    }

    /// Everything below the branch but what differs from run to run.
    fn world(&self, folder: &Folder) -> String {
        let base = &folder.environment[1].1;
        let said = self.server.search(base, &["*", "pwdAccountLockedTime"]);
        let mut entries: Vec<String> = said
            .replace(base.as_str(), "BASE")
            .split("\n\n")
            // The branch itself has a name of its own.
            .filter(|entry| !entry.starts_with("dn: BASE\n"))
            .map(|entry| {
                let mut lines: Vec<&str> = entry.lines().filter(|line| !line.is_empty()).collect();
                lines.sort_unstable();
                lines.join("\n")
            })
            .collect();
        entries.sort();
        entries.join("\n\n")
    }
}

fn subject(steps: &[&str]) -> Directory {
    assert!(PROV.starts_with("cn=prov,"));
    Directory { server: Slapd::start(), steps: steps.iter().map(|files| (*files).to_owned()).collect() }
}

#[test]
fn a_run_that_gives_changes_renames_and_takes_in_a_directory() {
    let subject = subject(&[TEAM, LATER]);
    kill_everywhere(&subject, &["create", "update", "rename", "grant", "revoke", "deactivate"]);
}

#[test]
fn a_run_that_puts_away_in_a_directory() {
    kill_everywhere(&subject(&[TEAM, LATER, LATER]), &["archive"]);
}

#[test]
fn a_run_that_brings_back_in_a_directory() {
    let back =
        LATER.replace("  status      = \"left\"\n", "").replace("[person.bob, person.eve]", "[person.ada, person.bob]");
    kill_everywhere(&subject(&[TEAM, LATER, LATER, &back]), &["reactivate"]);
}
