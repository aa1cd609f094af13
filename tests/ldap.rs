//! Whole runs on a real OpenLDAP server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../providers/tests/servers/openldap.rs"]
mod openldap;
mod run;

use std::process::Stdio;
use std::time::Duration;

use openldap::{BASE, PASSWORD, PROV, READER, Slapd, certificate};
use run::{Folder, texts};

const SYSTEM: &str = r#"
settings { state = "corp.tenure" }
variable "url" { type = string }
variable "bind" { type = string }
variable "ca_file" {
  type    = string
  default = null
}
system "corp" {
  provider     = "ldap"
  url          = var.url
  bind         = var.bind
  password     = env("LDAP_PASSWORD")
  ca_file      = var.ca_file
  base         = "dc=example,dc=test"
  account_base = "ou=people,dc=example,dc=test"
  archive_base = "ou=archive,dc=example,dc=test"
  policy       = "cn=default,ou=policies,dc=example,dc=test"
  timeout      = 5
  match        = self.key == account.uid
  account {
    uid     = self.login
    cn      = self.name
    sn      = self.key
    title   = self.title
    manager = self.boss
    mail    = self.mail
  }
}
role "all" {
  when   = self.key != ""
  access = [system.corp]
}
"#;

/// A person; `more` are further attributes.
fn person(key: &str, more: &str) -> String {
    let own = |name: &str, otherwise: &str| match more.contains(&format!("{name} ")) {
        true => String::new(),
        false => format!("  {name} = {otherwise}\n"),
    };
    let defaults = [
        own("login", &format!("{key:?}")),
        own("name", &format!("{key:?}")),
        own("title", "null"),
        own("boss", "null"),
        own("mail", "null"),
    ];
    format!("person {key:?} {{\n{}  {}\n}}\n", defaults.concat(), more.replace("; ", "\n  "))
}

fn staff(members: &[&str]) -> String {
    let members: Vec<String> = members.iter().map(|key| format!("person.{key}")).collect();
    format!("group \"corp\" \"staff\" {{\n  cn      = \"staff\"\n  members = [{}]\n}}\n", members.join(", "))
}

fn folder(server: &Slapd, bind: &str) -> Folder {
    server.add(&format!("dn: ou=archive,{BASE}\nobjectClass: organizationalUnit\n"));
    let environment = [("TENURE_VAR_url", server.url.as_str()), ("TENURE_VAR_bind", bind), ("LDAP_PASSWORD", PASSWORD)];
    Folder::begun(&[("system.hcl", SYSTEM)], &environment)
}

/// What a run printed and said, whatever code it ended with.
fn ended(folder: &Folder, arguments: &str) -> (Option<i32>, String) {
    let output = folder.command(arguments).output().unwrap();
    let (printed, said) = texts(&output);
    assert!(!printed.contains(PASSWORD) && !said.contains(PASSWORD), "a password is printed");
    (output.status.code(), format!("{printed}{said}"))
}

/// The record is whole, and nothing stays in doubt.
fn assert_complete(folder: &Folder) {
    folder.run("state verify", 0);
    let bytes = std::fs::read(folder.path().join("corp.tenure")).unwrap();
    let recorded = state::record::Text::new(&bytes).and_then(|text| text.replay()).unwrap();
    assert!(recorded.open.is_empty() && recorded.oddities.is_empty(), "{:?}", recorded.oddities);
    assert!(!String::from_utf8_lossy(&bytes).contains(PASSWORD), "a password is recorded");
}

/// The account that tenure binds as is one of those that it manages: it does not lock itself out.
#[test]
fn tenure_does_not_take_its_own_access() {
    let server = Slapd::start();
    let own = format!("uid=svc,ou=people,{BASE}");
    server
        .add(&format!("dn: {own}\nobjectClass: inetOrgPerson\nuid: svc\ncn: svc\nsn: svc\nuserPassword: {PASSWORD}\n"));
    server.configure(&format!(
        "dn: olcDatabase={{2}}mdb,cn=config\nchangetype: modify\nadd: olcAccess\nolcAccess: {{0}}to * by dn.exact={own} write by * break\n"
    ));
    let folder = folder(&server, &own);
    folder.write("people.hcl", &[person("svc", ""), person("ada", ""), staff(&["svc", "ada"])].concat());
    for _ in 0..2 {
        folder.run("apply --auto-approve", 0);
    }
    folder.run("plan --detailed-exitcode", 0);
    // It leaves the group, then everything.
    for (files, what) in [
        ([person("svc", ""), person("ada", ""), staff(&["ada"])].concat(), "take access from"),
        ([person("svc", "status = \"left\""), person("ada", ""), staff(&["ada"])].concat(), "switch off"),
    ] {
        folder.write("people.hcl", &files);
        let (code, said) = ended(&folder, "apply --auto-approve");
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("held: last-admin"), "{said}");
        assert!(said.contains(&format!("this would {what} the account")), "{said}");
    }
    assert!(server.show(&format!("cn=staff,ou=groups,{BASE}"), &["member"]).contains(&own));
    assert_eq!(server.show(&own, &["pwdAccountLockedTime"]), "");
    assert_complete(&folder);
}

/// What one operation of two refused is told and recorded, and the next plan is about the rest.
#[test]
fn a_change_that_is_done_in_part_is_recorded_as_such() {
    let server = Slapd::start();
    let folder = folder(&server, PROV);
    folder.write("people.hcl", &person("ada", ""));
    folder.run("apply --auto-approve", 0);
    server
        .add(&format!("dn: uid=countess,ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: countess\ncn: x\nsn: x\n"));
    folder.write("people.hcl", &person("ada", "login = \"countess\"; title = \"Lady\""));
    let files = SYSTEM.replace("self.key == account.uid", "self.key == account.sn");
    folder.write("system.hcl", &files);
    let (code, said) = ended(&folder, "apply --auto-approve");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("were changed") && said.contains("was not renamed to uid=countess"), "{said}");
    assert_complete(&folder);
    let plan = folder.plan(2);
    let changes = plan["changes"].as_array().unwrap();
    assert!(
        changes.len() == 1 && changes[0].to_string().contains("countess") && !changes[0].to_string().contains("Lady"),
        "{plan:#}"
    );
    server.delete(&format!("uid=countess,ou=people,{BASE}"));
    folder.run("apply --auto-approve", 0);
    folder.run("plan --detailed-exitcode", 0);
    assert_eq!(server.show(&format!("uid=countess,ou=people,{BASE}"), &["title", "uid"]), "title: Lady\nuid: countess");
    assert_complete(&folder);
}

/// Names of entries in other spellings than the server's are no difference.
#[test]
fn names_of_entries_are_compared_as_the_server_does() {
    let server = Slapd::start();
    let folder = folder(&server, PROV);
    folder.write("people.hcl", &person("ada", &format!("boss = \"UID=Grace, OU=People,{BASE}\"")));
    folder.run("apply --auto-approve", 0);
    folder.run("plan --detailed-exitcode", 0);
    folder.write("people.hcl", &person("ada", &format!(r#"boss = "uid=gr\\61ce,ou=people,{BASE}""#)));
    folder.run("plan --detailed-exitcode", 0);
}

/// Somebody leaves: locked, put away, and given back by undo; away again, and deleted once that is approved.
#[test]
fn a_leaver_is_put_away_given_back_and_deleted() {
    let server = Slapd::start();
    let folder = folder(&server, PROV);
    let stages = "offboarding \"all\" {\n  archive_after = \"0d\"\n  delete_after  = \"0d\"\n}\n";
    let all = |ada: &str| {
        [person("ada", ada), person("bob", ""), person("eve", ""), staff(&["ada", "bob", "eve"]), stages.into()]
            .concat()
    };
    let (here, gone) = (
        "offboarding = offboarding.all; title = \"Lady\"",
        "offboarding = offboarding.all; title = \"Lady\"; status = \"left\"",
    );
    folder.write("people.hcl", &all(here));
    folder.run("apply --auto-approve", 0);
    let dn = format!("uid=ada,ou=people,{BASE}");
    let shown = || {
        let mut lines: Vec<String> = server.show(&dn, &["*", "entryUUID"]).lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let before = shown();
    folder.write("people.hcl", &all(gone));
    folder.run("apply --auto-approve", 0);
    let first = last_run(&folder);
    assert_eq!(server.show(&dn, &["pwdAccountLockedTime"]), "pwdAccountLockedTime: 000001010000Z");
    folder.run("apply --auto-approve", 0);
    assert!(shown().is_empty());
    let away = || server.show(&format!("uid=ada,ou=archive,{BASE}"), &["title"]);
    assert!(away().contains("Lady"));
    // Undone for itself, the archive gives it back to where it stood, locked as it was; the files would put it away again
    // at once, which is held. That undo is undone too.
    let said = folder.run("undo last --auto-approve", 0);
    assert!(said.contains("archived"), "{said}");
    assert_eq!(server.show(&dn, &["pwdAccountLockedTime"]), "pwdAccountLockedTime: 000001010000Z");
    assert_eq!(server.show(&dn, &["title"]), "title: Lady");
    assert!(folder.run("apply --auto-approve", 3).contains("undone"));
    folder.run("undo last --auto-approve", 0);
    assert!(shown().is_empty() && away().contains("Lady"));
    assert!(folder.run("plan", 3).contains("irreversible"));
    // Undo lets nobody in whom the files say has left; what undoes the deactivation brings the account back whole, from
    // where it was put away, with its place in the group.
    let said = folder.run(&format!("undo {first} --auto-approve"), 0);
    assert!(said.contains("account.corp.ada, membership.corp.staff.ada: status = \"left\""), "{said}");
    folder.write("people.hcl", &all(here));
    let said = folder.run(&format!("undo {first} --auto-approve"), 0);
    assert_eq!(shown(), before, "{said}");
    assert!(server.show(&format!("cn=staff,ou=groups,{BASE}"), &["member"]).contains(&dn));
    folder.run("plan --detailed-exitcode", 0);
    // Once more, to the end: that cannot be undone.
    folder.write("people.hcl", &all(gone));
    for code in [0, 0, 3] {
        folder.run("apply --auto-approve", code);
    }
    folder.run("plan --out last.plan", 3);
    folder.run("approve last.plan --finding irreversible --reason gone --out delete.approval", 0);
    folder.run("apply last.plan --approval delete.approval", 0);
    assert!(!server.search(BASE, &["uid", "member"]).contains("uid=ada"));
    folder.run("plan --detailed-exitcode", 0);
    assert_complete(&folder);
}

fn last_run(folder: &Folder) -> String {
    let bytes = std::fs::read(folder.path().join("corp.tenure")).unwrap();
    let text = state::record::Text::new(&bytes).unwrap();
    let runs = text.read().filter_map(|line| match line.unwrap().1.event {
        state::record::Event::RunStarted(started) => Some(started.run.to_string()),
        _ => None,
    });
    runs.last().unwrap()
}

/// Each is a clear error with the address; what is right in the same run is done, and the record is complete.
#[test]
fn what_the_server_refuses_stops_itself_only() {
    let server = Slapd::start();
    let folder = folder(&server, PROV);
    let odd = r#"login = "o'brien, jr. \\ #1"; name = "Ö, \"B\" <x>;=+"; title = "a,b=c""#;
    let files = [
        person("ada", ""),
        person("bad", "mail = \"ö@acme.example\""),
        person("odd", odd),
        // Another case of the same name: the server takes them for one.
        person("cat", ""),
        person("clash", "login = \"CAT\""),
        staff(&["ada", "odd"]),
    ];
    folder.write("people.hcl", &files.concat());
    let (code, said) = ended(&folder, "apply --auto-approve");
    assert!(code == Some(1) || code == Some(3), "{said}");
    assert!(said.contains("account.corp.bad") && said.contains("invalidAttributeSyntax (21)"), "{said}");
    assert!(said.contains("account.corp.clash"), "{said}");
    assert_complete(&folder);
    let odd = server.show(&format!("uid=o'brien\\, jr. \\\\ \\#1,ou=people,{BASE}"), &["title"]);
    assert_eq!(odd, "title: a,b=c", "{said}");
    let members = server.show(&format!("cn=staff,ou=groups,{BASE}"), &["member"]);
    assert!(members.contains("uid=ada") && members.contains("brien"), "{members}");
}

/// One login twice in the directory, members that nobody is, an account of another spelling.
#[test]
fn what_stands_oddly_in_the_directory_is_told_and_left_alone() {
    let server = Slapd::start();
    let folder = folder(&server, PROV);
    let entry = |dn: &str, uid: &str| {
        format!("dn: {dn},{BASE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\n\n")
    };
    server.add(&format!("dn: ou=berlin,ou=people,{BASE}\nobjectClass: organizationalUnit\n"));
    server.add(
        &[
            entry("uid=ada,ou=people", "ada"),
            entry("uid=ada,ou=berlin,ou=people", "ada"),
            entry("uid=Grace,ou=people", "Grace"),
        ]
        .concat(),
    );
    server.add(&format!(
        "dn: cn=staff,ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: staff\nmember: uid=ghost,ou=people,{BASE}\n"
    ));
    folder.write(
        "people.hcl",
        &[person("ada", ""), person("grace", ""), person("bob", ""), staff(&["grace", "bob"])].concat(),
    );
    let (code, said) = ended(&folder, "apply --auto-approve");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("collision") && said.contains("account.corp.ada"), "{said}");
    // Nor is Grace made once more as grace; what is right goes on, the ghost stays and is told.
    assert!(said.contains("uid \"grace\" is taken"), "{said}");
    ended(&folder, "apply --auto-approve");
    let (_, said) = ended(&folder, "plan");
    assert!(said.contains("uid=ghost"), "{said}");
    let members = server.show(&format!("cn=staff,ou=groups,{BASE}"), &["member"]);
    assert!(["uid=ghost", "uid=bob"].iter().all(|member| members.contains(member)), "{members}");
    assert_eq!(server.show(&format!("uid=ada,ou=berlin,ou=people,{BASE}"), &["uid"]), "uid: ada");
    assert_complete(&folder);
}

/// Who cannot read everything, or is not let in, changes nothing.
#[test]
fn what_cannot_be_read_is_said_and_nothing_is_done() {
    let pki = tempfile::tempdir().unwrap();
    let pem = certificate(pki.path(), &["--expired"], "old");
    certificate(pki.path(), &[], "any");
    let (key, ca) = (pem.with_extension("key"), pki.path().join("ca.pem"));
    let server = Slapd::start_with(&["--tls", pem.to_str().unwrap(), key.to_str().unwrap(), ca.to_str().unwrap()]);
    let mut folder = folder(&server, PROV);
    folder.write("people.hcl", &person("ada", ""));
    folder.run("apply --auto-approve", 0);
    let before = folder.read("corp.tenure");
    folder.write("people.hcl", &[person("ada", "status = \"left\""), person("bob", "")].concat());
    let many: String = (0..600)
        .map(|n| format!("dn: uid=p{n},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: p\nsn: p\n\n"))
        .collect();
    server.add(&many);
    let right = folder.environment.clone();
    for (name, value, said) in [
        ("LDAP_PASSWORD", "a wrong one", "invalidCredentials (49)"),
        ("TENURE_VAR_bind", READER, "sizeLimitExceeded (4)"),
        ("TENURE_VAR_url", server.tls.as_str(), "certificate expired"),
        ("TENURE_VAR_url", "ldap://127.0.0.1:1", "Connection refused"),
    ] {
        folder.environment = right.clone();
        folder.environment.push((name.into(), value.into()));
        folder.environment.push(("TENURE_VAR_ca_file".into(), ca.to_str().unwrap().into()));
        let (code, printed) = ended(&folder, "apply --auto-approve");
        assert_eq!(code, Some(3), "{printed}");
        assert!(
            printed.contains("incomplete-read") && printed.contains("system.corp") && printed.contains(said),
            "{printed}"
        );
        assert!(!printed.contains("a wrong one"), "{printed}");
    }
    assert_eq!(
        folder.read("corp.tenure").lines().filter(|line| line.contains("\"intent\"")).count(),
        before.lines().filter(|line| line.contains("\"intent\"")).count()
    );
    assert_eq!(server.show(&format!("uid=ada,ou=people,{BASE}"), &["pwdAccountLockedTime"]), "");
    assert_complete(&folder);
}

/// Killed with calls in flight, with the usual deadlines: the next apply says for what it waits, and that is seconds.
#[test]
fn after_a_kill_the_next_apply_waits_for_seconds_only() {
    let server = Slapd::start();
    let folder = folder(&server, PROV);
    folder.write("system.hcl", &SYSTEM.replace("  timeout      = 5\n", ""));
    let people: Vec<String> = (0..400).map(|n| person(&format!("p{n}"), "")).collect();
    folder.write("people.hcl", &people.concat());
    let mut killed =
        folder.command("apply --auto-approve").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let intents = || folder.read("corp.tenure").matches("\"event\":\"intent\"").count();
    while intents() == 0 {
        assert!(killed.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::sleep(Duration::from_millis(1));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let (code, said) = ended(&folder, "apply --auto-approve");
    assert_eq!(code, Some(0), "{said}");
    let waited = said.lines().find(|line| line.contains("waiting ")).unwrap_or_else(|| panic!("{said}"));
    let (_, rest) = waited.split_once("waiting ").unwrap();
    let seconds: u32 = rest.split_once(" s:").unwrap().0.parse().unwrap();
    assert!((1..=6).contains(&seconds) && waited.contains("on system.corp"), "{waited}");
    folder.run("plan --detailed-exitcode", 0);
    let entries = server.search(&format!("ou=people,{BASE}"), &["uid"]);
    assert_eq!(entries.matches("uid: ").count(), 400);
    assert_complete(&folder);
}
