//! A real organisation end to end: the Kubernetes project's people, teams and permissions, as ../shared/data has them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "run/organisations.rs"]
mod on_one_system;
#[path = "../providers/tests/servers/openldap.rs"]
mod openldap;
#[path = "../providers/tests/servers/postgresql.rs"]
mod postgresql;
#[path = "run/mod.rs"]
mod run;
#[path = "../providers/tests/servers/mod.rs"]
mod servers;
#[path = "run/world.rs"]
mod world;

use std::collections::BTreeSet;

use on_one_system::{ALL, OPENLDAP};
use run::{Folder, shared};
use serde_json::Value;
use servers::{Server, TOKEN};
use world::{World, of_directory, of_scim};

/// The configuration as it is written for GitHub, on directories.
fn organisations() -> Folder {
    let configuration = shared("language/kubernetes.hcl").replace("\"github\"", "\"directory\"");
    Folder::new(&[("kubernetes.hcl", &configuration), ("org.json", &shared("data/kubernetes-org.json"))])
}

fn data() -> serde_json::Map<String, Value> {
    match serde_json::from_str(&shared("data/kubernetes-org.json")).unwrap() {
        Value::Object(organisations) => organisations,
        other => panic!("not an object: {other}"),
    }
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn counted(plan: &Value, kind: &str, action: &str) -> usize {
    let changes = plan["changes"].as_array().unwrap();
    let is = |change: &&Value| change["address"].as_str().unwrap().starts_with(&format!("{kind}."));
    changes.iter().filter(is).filter(|change| change["action"] == action).count()
}

/// One organisation, read plainly.
fn expected(organisation: &Value) -> World {
    let admins = names(&organisation["admins"]);
    let mut world = World::default();
    let people: BTreeSet<String> = admins.iter().cloned().chain(names(&organisation["members"])).collect();
    for login in people {
        let role = if admins.contains(&login) { "admin" } else { "member" };
        world.accounts.push((login.clone(), true, serde_json::json!({"login": login, "role": role}).to_string()));
    }
    for (name, team) in organisation["teams"].as_object().unwrap() {
        let mut attributes = serde_json::Map::new();
        attributes.insert("name".into(), name.as_str().into());
        for attribute in ["description", "privacy", "parent"] {
            if team[attribute].as_str().is_some_and(|text| !text.is_empty()) {
                attributes.insert(attribute.into(), team[attribute].clone());
            }
        }
        world.groups.push((name.clone(), Value::Object(attributes).to_string()));
        let members = names(&team["members"]).into_iter().map(|login| (login, ""));
        for (login, role) in members.chain(names(&team["maintainers"]).into_iter().map(|login| (login, "maintainer"))) {
            world.memberships.push((name.clone(), login, role.to_owned()));
        }
        for (repository, permission) in team["repos"].as_object().unwrap() {
            let grant = serde_json::json!({"permission": permission, "repository": repository});
            world.grants.push((name.clone(), grant.to_string()));
        }
    }
    world.accounts.sort();
    world.groups.sort();
    world.memberships.sort();
    world.grants.sort();
    world
}

#[test]
fn eight_organisations_on_directories() {
    let folder = organisations();
    folder.run("init", 0);
    let plan = folder.plan(2);
    assert_eq!(counted(&plan, "group", "create"), 766);
    assert_eq!(counted(&plan, "membership", "grant"), 3615);
    assert_eq!(counted(&plan, "grant", "grant"), 631);
    let people = |organisation: &Value| expected(organisation).accounts.len();
    assert_eq!(counted(&plan, "account", "create"), data().values().map(people).sum::<usize>());
    let maintains = |change: &&Value| {
        let address = change["address"].as_str().unwrap();
        address.starts_with("membership.") && change["after"].to_string().contains("\"maintainer\"")
    };
    assert_eq!(plan["changes"].as_array().unwrap().iter().filter(maintains).count(), 133);

    folder.run("apply --auto-approve", 0);
    for (name, organisation) in data() {
        let world = of_directory(&folder.path().join(format!("directory/k8s.{name}")));
        let wanted = expected(&organisation);
        world.assert_no_duplicates();
        assert_eq!(world.accounts, wanted.accounts, "{name}");
        assert_eq!(world.groups, wanted.groups, "{name}");
        assert_eq!(world.memberships, wanted.memberships, "{name}");
        assert_eq!(world.grants, wanted.grants, "{name}");
    }

    assert_eq!(folder.plan(0)["changes"], serde_json::json!([]));
    folder.run("state verify", 0);
}

/// One organisation over SCIM: teams as groups; SCIM knows neither grants nor roles in a group.
const CSI: &str = r#"
settings { state = "csi.tenure" }
variable "url" { type = string }

locals { csi = jsondecode(file("org.json"))["kubernetes-csi"] }

people "csi" {
  from = [for login in distinct(concat(local.csi.admins, local.csi.members)) : { login = login }]
  key  = row.login
}

system "csi" {
  provider  = "scim"
  url       = var.url
  token     = env("SCIM_TOKEN")
  exclusive = true
  match     = self.key == lower(account.userName)
  account {
    userName = self.key
    name     = { formatted = self.key, familyName = self.key }
    emails   = [{ value = "${self.key}@kubernetes.example" }]
  }
}

role "csi" {
  members = [for login in concat(local.csi.admins, local.csi.members) : person[login]]
  access  = [system.csi]
}

group "csi" "team" {
  for_each    = local.csi.teams
  displayName = each.key
  exclusive   = true
  members     = [for login in distinct(concat(each.value.members, each.value.maintainers)) : person[login]]
}
"#;

fn csi_over_scim(server: &Server) {
    let mut folder = Folder::new(&[("csi.hcl", CSI), ("org.json", &shared("data/kubernetes-org.json"))]);
    folder.environment = vec![("TENURE_VAR_url".into(), server.url.clone()), ("SCIM_TOKEN".into(), TOKEN.to_owned())];
    let wanted = expected(&data()["kubernetes-csi"]);
    folder.run("init", 0);
    let plan = folder.plan(2);
    assert_eq!(counted(&plan, "account", "create"), wanted.accounts.len());
    assert_eq!(counted(&plan, "group", "create"), wanted.groups.len());
    assert_eq!(counted(&plan, "membership", "grant"), wanted.memberships.len());

    folder.run("apply --auto-approve", 0);
    let world = of_scim(&server.url, TOKEN);
    world.assert_no_duplicates();
    let first = |accounts: &[(String, bool, String)]| -> Vec<(String, bool)> {
        accounts.iter().map(|(name, active, _)| (name.clone(), *active)).collect()
    };
    let names = |groups: &[(String, String)]| -> Vec<String> { groups.iter().map(|(name, _)| name.clone()).collect() };
    let ends = |memberships: &[(String, String, String)]| -> Vec<(String, String)> {
        memberships.iter().map(|(group, member, _)| (group.clone(), member.clone())).collect()
    };
    assert_eq!(first(&world.accounts), first(&wanted.accounts));
    assert_eq!(names(&world.groups), names(&wanted.groups));
    assert_eq!(ends(&world.memberships), ends(&wanted.memberships));

    assert_eq!(folder.plan(0)["changes"], serde_json::json!([]));
    folder.run("state verify", 0);
}

#[test]
fn one_organisation_on_scim2_server() {
    csi_over_scim(&Server::scim2_server());
}

#[test]
fn one_organisation_on_canaille() {
    csi_over_scim(&Server::canaille());
}

const POSTGRESQL: &str = r#"
system "k8s" {
  provider = "postgresql"
  url      = var.url
  password = env("K8S_PASSWORD")
  match    = self.key == lower(account.name)
  account {
    name = self.key
  }
}
"#;

/// Applies, and compares accounts and members (team and login) as the server itself lists them, in lower case.
fn all_on(system: &str, name: &str, url: &str, list: impl Fn() -> (BTreeSet<String>, BTreeSet<(String, String)>)) {
    let configuration = ALL.replace("NAME", name);
    let files = [("all.hcl", configuration.as_str()), ("system.hcl", system)];
    let mut folder = Folder::new(&files);
    folder.write("org.json", &shared("data/kubernetes-org.json"));
    folder.environment =
        vec![("TENURE_VAR_url".into(), url.into()), ("K8S_PASSWORD".into(), openldap::PASSWORD.to_owned())];
    let (mut people, mut members) = (BTreeSet::new(), BTreeSet::new());
    for (organisation, content) in data() {
        people.extend(
            names(&content["admins"]).into_iter().chain(names(&content["members"])).map(|name| name.to_lowercase()),
        );
        for (team, content) in content["teams"].as_object().unwrap() {
            let logins = names(&content["members"]).into_iter().chain(names(&content["maintainers"]));
            members.extend(logins.map(|login| {
                (format!("{}:{team}", organisation.replace("kubernetes", "k8s")).to_lowercase(), login.to_lowercase())
            }));
        }
    }
    folder.run("init", 0);
    let plan = folder.plan(2);
    assert_eq!(counted(&plan, "account", "create"), people.len());
    assert_eq!(counted(&plan, "group", "create"), 766);
    assert_eq!(counted(&plan, "membership", "grant"), members.len());
    folder.run("apply --auto-approve", 0);
    let (accounts, listed) = list();
    assert_eq!(accounts, people);
    assert_eq!(listed, members);
    assert_eq!(folder.plan(0)["changes"], serde_json::json!([]));
    folder.run("state verify", 0);
}

#[test]
fn eight_organisations_on_openldap() {
    let server = openldap::Slapd::start();
    let list = || {
        let search = |filter: &str, attributes: &[&str]| {
            let output = std::process::Command::new("ldapsearch")
                .args([
                    "-x",
                    "-LLL",
                    "-o",
                    "ldif-wrap=no",
                    "-H",
                    &server.url,
                    "-D",
                    openldap::PROV,
                    "-w",
                    openldap::PASSWORD,
                ])
                .args(["-b", openldap::BASE, filter])
                .args(attributes)
                .output()
                .unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap().to_lowercase()
        };
        let accounts = search("(objectClass=inetOrgPerson)", &["uid"]);
        let accounts = accounts.lines().filter_map(|line| line.strip_prefix("uid: ")).map(str::to_owned).collect();
        let groups = search("(objectClass=groupOfNames)", &["cn", "member"]);
        let mut members = BTreeSet::new();
        for group in groups.split("\n\n") {
            let name = group.lines().find_map(|line| line.strip_prefix("cn: ")).unwrap_or_default();
            let logins = group.lines().filter_map(|line| line.strip_prefix("member: uid=")?.split(',').next());
            members.extend(logins.map(|login| (name.to_owned(), login.to_owned())));
        }
        (accounts, members)
    };
    all_on(OPENLDAP, "cn", &server.url, list);
}

#[test]
fn eight_organisations_on_postgresql() {
    let cluster = postgresql::Cluster::start();
    let list = || {
        let accounts =
            cluster.run("postgres", "select lower(rolname) from pg_roles where rolcanlogin and rolname <> 'postgres'");
        let members = cluster.run(
            "postgres",
            "select lower(g.rolname), lower(m.rolname) from pg_auth_members a join pg_roles g on g.oid = a.roleid \
             join pg_roles m on m.oid = a.member where g.rolname !~ '^pg_'",
        );
        let pair = |line: &str| line.split_once('|').map(|(group, member)| (group.to_owned(), member.to_owned()));
        (accounts.lines().map(str::to_owned).collect(), members.lines().filter_map(pair).collect())
    };
    all_on(POSTGRESQL, "name", &cluster.url, list);
}
