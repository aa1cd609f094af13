//! The role that tenure connects as: it is never changed, and files that would take its access are held.

use super::cluster::{Cluster, PASSWORD};
use super::run::Folder;

const SYSTEM: &str = r#"
settings { state = "company.tenure" }
variable "url" { type = string }
system "warehouse" {
  provider = "postgresql"
  url      = var.url
  password = env("WAREHOUSE_PASSWORD")
  match    = self.key == account.name
  account {
    name = self.key
  }
}
protect "admins" {
  groups          = [group.warehouse.admins]
  minimum_members = 1
}
person "grace" {}
service "tenure" {
  owners = [person.grace]
}
group "warehouse" "admins" {
  name    = "admins"
  members = [person.grace, service.tenure]
}
group "warehouse" "owners" {
  name    = "owners"
  members = [group.warehouse.robots]
}
group "warehouse" "robots" {
  name    = "robots"
  members = [service.tenure]
}
"#;

fn folder(cluster: &Cluster) -> Folder {
    cluster.run(
        "postgres",
        &format!(
            "CREATE ROLE tenure LOGIN CREATEROLE PASSWORD '{PASSWORD}'; CREATE ROLE grace LOGIN; CREATE ROLE admins; \
             CREATE ROLE owners; CREATE ROLE robots; GRANT admins TO tenure, grace; GRANT owners TO robots; \
             GRANT robots TO tenure"
        ),
    );
    let url = cluster.url_of("tenure", "postgres");
    let environment = [("TENURE_VAR_url", url.as_str()), ("WAREHOUSE_PASSWORD", PASSWORD)];
    let folder = Folder::begun(&[("system.hcl", SYSTEM)], &environment);
    // What is there is taken over, and nothing is changed.
    folder.run("apply --auto-approve", 0);
    folder.run("apply --auto-approve", 0);
    folder.run("plan --detailed-exitcode", 0);
    folder
}

/// What `plan` says with this in place of that, and that `apply` leaves everything as it is.
fn held(cluster: &Cluster, folder: &Folder, that: &str, this: &str) -> String {
    let roles = "SELECT rolname, rolcanlogin, rolconnlimit FROM pg_roles WHERE oid >= 16384 ORDER BY 1; \
                 SELECT roleid::regrole, member::regrole FROM pg_auth_members WHERE roleid >= 16384 ORDER BY 1, 2";
    let before = cluster.run("postgres", roles);
    assert!(SYSTEM.contains(that), "{that}");
    folder.write("system.hcl", &SYSTEM.replace(that, this));
    let plan = folder.run("plan", 3);
    folder.run("apply --auto-approve", 3);
    assert_eq!(cluster.run("postgres", roles), before);
    folder.run("state verify", 0);
    let id = cluster.run("postgres", "SELECT oid FROM pg_roles WHERE rolname = 'tenure'");
    plan.replace(&id, "ID")
}

#[test]
fn what_would_take_tenures_own_access_is_held() {
    let cluster = Cluster::start();
    let folder = folder(&cluster);
    let held = |that, this| held(&cluster, &folder, that, this);
    insta::assert_snapshot!(held("[person.grace, service.tenure]", "[person.grace]"), @r#"
    service.tenure
      - group.warehouse.admins  no longer given by group.warehouse.admins  held: last-admin

    held: last-admin on system.warehouse
      this would take access from the account (id "ID") that tenure itself uses on system.warehouse
      membership.warehouse.admins.tenure
      hint: give tenure another credential first, or leave its account out of this

    approve: tenure plan --out FILE; tenure approve FILE --finding last-admin --reason TEXT

    Plan: 1 to take; 1 held
    "#);
    // Out of a group that it is in through another.
    insta::assert_snapshot!(held("[group.warehouse.robots]", "[]"), @r#"
    system.warehouse
      - membership.warehouse.owners.group.robots  no longer given by group.warehouse.owners  held: last-admin

    held: last-admin on system.warehouse
      this would take access from the account (id "ID") that tenure itself uses on system.warehouse
      membership.warehouse.owners.group.robots
      hint: give tenure another credential first, or leave its account out of this

    approve: tenure plan --out FILE; tenure approve FILE --finding last-admin --reason TEXT

    Plan: 1 to take; 1 held
    "#);
    insta::assert_snapshot!(held("    name = self.key", "    when = self.key != \"tenure\"\n    name = self.key"), @r#"
    service.tenure
      - account.warehouse (deactivate)  `account.when` leaves it out  held: last-admin
          does not stop prepared transactions, and jobs that run as the role without logging in (pg_cron)
      - group.warehouse.admins          `account.when` leaves it out  held: last-admin
      - group.warehouse.robots          `account.when` leaves it out  held: last-admin

    system.warehouse  service.tenure left out by account.when

    held: last-admin on system.warehouse
      this would switch off the account (id "ID") that tenure itself uses on system.warehouse
      account.warehouse.tenure, membership.warehouse.admins.tenure, membership.warehouse.robots.tenure
      hint: give tenure another credential first, or leave its account out of this

    approve: tenure plan --out FILE; tenure approve FILE --finding last-admin --reason TEXT

    Plan: 3 to take; 3 held
    "#);
    // What the server could do, and tenure never does.
    let limit = "    connection_limit = self.key == \"tenure\" ? 5 : null\n    name = self.key";
    let plan = held("    name = self.key", limit);
    assert!(plan.contains("account.warehouse.tenure"), "{plan}");
    assert!(plan.contains("that tenure itself uses on system.warehouse, which it never does there"), "{plan}");
}
