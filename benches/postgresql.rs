//! plan and apply on PostgreSQL beside ldap2pg 5.9 (PyPI), which makes the same roles, memberships and grants on the same
//! server: a team for every ten people, with one grant each, SELECT on the ten tables of one of ten schemas.
//!
//! `LDAP2PG=/tmp/ldap2pg/bin/ldap2pg cargo bench --bench postgresql` (after `scripts/servers/install postgresql`); without
//! `LDAP2PG` tenure alone is measured. `PEOPLE=N` says how many people (10000); `TENURE=PATH` measures another build of
//! the program. On Debian ldap2pg comes by
//! `apt-get install python3-ldap python3-yaml`, `/usr/bin/python3 -m venv --system-site-packages /tmp/ldap2pg` and
//! `/tmp/ldap2pg/bin/pip install --no-deps ldap2pg==5.9 psycopg2-binary setuptools`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../providers/tests/servers/postgresql.rs"]
mod cluster;
#[path = "../tests/run/mod.rs"]
mod run;

use std::process::Command;
use std::time::{Duration, Instant};

use cluster::{Cluster, PASSWORD};
use run::Folder;
use serde_json::json;

const CONFIGURATION: &str = r#"
settings { state = "bench.tenure" }
variable "url" { type = string }
locals { people = jsondecode(file("people.json")) }
people "all" {
  from = local.people
  key  = row.key
  team = row.team
}
system "warehouse" {
  provider = "postgresql"
  url      = var.url
  password = env("WAREHOUSE_PASSWORD")
  match    = self.key == account.name
  account { name = self.key }
}
role "team" {
  for_each = toset([for row in local.people : row.team])
  when     = self.team == each.key
  access   = [group.warehouse.team[each.key]]
}
group "warehouse" "team" {
  for_each = toset([for row in local.people : row.team])
  name     = each.key
  grants = [{
    database   = "postgres"
    schema     = "area${substr(each.key, -1, 1)}"
    objects    = "tables"
    privileges = ["SELECT"]
  }]
}
"#;

/// Ten schemas with ten tables each.
const AREAS: &str = "DO $$ BEGIN FOR area IN 0..9 LOOP
    EXECUTE format('CREATE SCHEMA area%s', area);
    FOR n IN 0..9 LOOP EXECUTE format('CREATE TABLE area%s.t%s (i int)', area, n); END LOOP;
END LOOP; END $$";

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn check(cluster: &Cluster, count: usize, teams: usize) {
    let sql = "SELECT (SELECT count(*) FROM pg_roles WHERE rolcanlogin AND oid >= 16384), \
               (SELECT count(*) FROM pg_auth_members WHERE roleid >= 16384), \
               (SELECT count(*) FROM pg_class, aclexplode(relacl) AS one WHERE relnamespace::regnamespace::text LIKE 'area_' \
                AND relkind = 'r' AND one.grantee >= 16384 AND one.privilege_type = 'SELECT')";
    assert_eq!(cluster.run("postgres", sql), format!("{count}|{count}|{}", teams * 10));
}

fn main() {
    let count = number("PEOPLE", 10_000);
    let teams: Vec<String> = (0..(count / 10).max(1)).map(|n| format!("team{n:04}")).collect();
    let people: Vec<(String, &String)> = (0..count).map(|n| (format!("p{n:05}"), &teams[n % teams.len()])).collect();
    println!("{count} accounts, {} groups, {count} memberships, {} grants", teams.len(), teams.len());

    let cluster = Cluster::start();
    cluster.run("postgres", AREAS);
    let mut folder = Folder::new(&[("bench.hcl", CONFIGURATION)]);
    let rows: Vec<_> = people.iter().map(|(key, team)| json!({ "key": key, "team": team })).collect();
    folder.write("people.json", &json!(rows).to_string());
    folder.environment =
        vec![("TENURE_VAR_url".into(), cluster.url.clone()), ("WAREHOUSE_PASSWORD".into(), PASSWORD.into())];
    folder.run("init", 0);
    let apply = timed(|| drop(folder.run("apply --auto-approve", 0)));
    let plan = timed(|| drop(folder.run("plan --detailed-exitcode", 0)));
    check(&cluster, count, teams.len());
    println!("tenure     apply {:>6.2} s   plan, nothing to do {:>6.2} s", apply.as_secs_f64(), plan.as_secs_f64());

    let Some(program) = std::env::var_os("LDAP2PG") else { return };
    let cluster = Cluster::start();
    cluster.run("postgres", AREAS);
    let mut map = vec![json!({ "roles": [{ "names": teams, "options": "NOLOGIN" }] })];
    map.extend(teams.iter().map(|team| {
        let names: Vec<&String> = people.iter().filter(|(_, own)| *own == team).map(|(key, _)| key).collect();
        json!({ "roles": [{ "names": names, "options": "LOGIN", "parents": [team] }] })
    }));
    map.extend((0..10).map(|area| {
        let own: Vec<&String> = teams.iter().skip(area).step_by(10).collect();
        json!({ "grant": {
            "privilege": "reading", "database": "postgres", "schema": format!("area{area}"), "roles": own
        } })
    }));
    let file = json!({
        "version": 5,
        "postgres": { "roles_blacklist_query": ["postgres", "pg_*"] },
        "privileges": { "reading": ["__select_on_tables__"] },
        "sync_map": map,
    });
    folder.write("ldap2pg.yml", &file.to_string());
    let ldap2pg = |arguments: &[&str]| {
        let output = Command::new(&program)
            .args(["--config", "ldap2pg.yml"])
            .args(arguments)
            .current_dir(folder.path())
            .env("PGDSN", &cluster.url)
            .env("PGPASSWORD", PASSWORD)
            .output()
            .expect("LDAP2PG runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let their_apply = timed(|| ldap2pg(&["--real"]));
    let their_plan = timed(|| ldap2pg(&[]));
    check(&cluster, count, teams.len());
    println!(
        "ldap2pg     real {:>6.2} s      check, nothing to do {:>6.2} s",
        their_apply.as_secs_f64(),
        their_plan.as_secs_f64()
    );
    let ratio = |theirs: Duration, ours: Duration| theirs.as_secs_f64() / ours.as_secs_f64();
    println!(
        "ratio            {:>6.2}                       {:>6.2}     budget 5",
        ratio(their_apply, apply),
        ratio(their_plan, plan)
    );
}
