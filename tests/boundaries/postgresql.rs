//! PostgreSQL: one cluster for all runs; each has roles and a schema under a prefix of its own.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::cluster::{Cluster, PASSWORD};
use super::run::Folder;
use super::{Subject, kill_everywhere};

const SYSTEM: &str = r#"
settings { state = "tried.tenure" }
variable "url" { type = string }
variable "own" { type = string }
system "warehouse" {
  provider  = "postgresql"
  url       = var.url
  password  = env("WAREHOUSE_PASSWORD")
  databases = ["postgres"]
  match     = "${var.own}_${self.login}" == account.name
  ignore    = !startswith(account.name, "${var.own}_")
  account {
    name    = "${var.own}_${self.login}"
    comment = self.title
    config  = { work_mem = self.memory }
  }
}
offboarding "standard" { transfer_to = self.manager }
"#;

const TEAM: &str = r#"
group "warehouse" "team" {
  name    = "${var.own}_team"
  members = [person.ada, person.bob]
  grants  = [{ database = "postgres", schema = var.own, objects = "tables", privileges = ["SELECT"] }]
}
person "ada" {
  login       = "ada"
  title       = "Countess"
  memory      = "8MB"
  manager     = person.bob
  offboarding = offboarding.standard
}
person "bob" {
  login  = "bob"
  title  = "engineer"
  memory = "8MB"
}
"#;

/// Ada leaves; Bob gets another title and more memory, and Eve comes; there is another group, and other privileges.
const LATER: &str = r#"
group "warehouse" "team" {
  name    = "${var.own}_team"
  members = [person.bob, person.eve]
  grants  = [{ database = "postgres", schema = var.own, objects = "tables", privileges = ["INSERT"] }]
}
group "warehouse" "crew" {
  name    = "${var.own}_crew"
  members = [person.eve]
}
person "ada" {
  login       = "ada"
  title       = "Countess"
  memory      = "8MB"
  manager     = person.bob
  offboarding = offboarding.standard
  status      = "left"
}
person "bob" {
  login  = "bob"
  title  = "lead"
  memory = "16MB"
}
person "eve" {
  login  = "eve"
  title  = "engineer"
  memory = "8MB"
}
"#;

/// Roles, memberships, privileges and owners, the prefix left out.
const WORLD: &str = "SELECT string_agg(replace(line, 'OWN', 'own'), chr(10) ORDER BY line) FROM (
    SELECT format('role %s %s %s %s', rolname, rolcanlogin, shobj_description(oid, 'pg_authid'), rolconfig) AS line
      FROM pg_roles WHERE rolname LIKE 'OWN\\_%'
    UNION ALL
    SELECT format('member %s > %s', roleid::regrole, member::regrole)
      FROM pg_auth_members WHERE roleid::regrole::text LIKE 'OWN\\_%'
    UNION ALL
    SELECT format('table %s of %s', relname, relowner::regrole) FROM pg_class WHERE relnamespace = 'OWN'::regnamespace
    UNION ALL
    SELECT format('%s on %s to %s', privilege_type, relname, grantee::regrole)
      FROM pg_class, aclexplode(relacl) WHERE relnamespace = 'OWN'::regnamespace AND grantee <> relowner
) AS all_of_it";

struct Postgresql {
    cluster: Cluster,
    runs: AtomicUsize,
    /// Whether Ada has left already, with a table that is hers.
    left: bool,
}

impl Postgresql {
    fn new(left: bool) -> Postgresql {
        Postgresql { cluster: Cluster::start(), runs: AtomicUsize::new(0), left }
    }
}

impl Subject for Postgresql {
    fn fresh(&self) -> Folder {
        let own = format!("run{:04}", self.runs.fetch_add(1, Ordering::Relaxed));
        self.cluster
            .run("postgres", &format!("CREATE SCHEMA {own} CREATE TABLE orders (i int) CREATE TABLE items (i int)"));
        let url = self.cluster.url.as_str();
        let environment = [("TENURE_VAR_url", url), ("TENURE_VAR_own", &own), ("WAREHOUSE_PASSWORD", PASSWORD)];
        let folder = Folder::begun(&[("system.hcl", SYSTEM), ("team.hcl", TEAM)], &environment);
        folder.run("apply --auto-approve", 0);
        folder.write("team.hcl", LATER);
        if self.left {
            self.cluster.run("postgres", &format!("ALTER TABLE {own}.orders OWNER TO {own}_ada"));
            folder.run("apply --auto-approve", 0);
        }
        folder
    }

    fn world(&self, folder: &Folder) -> String {
        let own = &folder.environment[1].1;
        self.cluster.run("postgres", &WORLD.replace("OWN", own)).replace(own, "own")
    }
}

#[test]
fn a_run_against_postgresql() {
    kill_everywhere(&Postgresql::new(false), &["create", "update", "grant", "revoke", "deactivate"]);
}

#[test]
fn a_run_that_hands_over_in_postgresql() {
    kill_everywhere(&Postgresql::new(true), &["transfer"]);
}
