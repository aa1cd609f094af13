//! The examples, run as their users would. `quickstart` runs with the README (`scripts.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The company's systems, started by the example's own script. They end when this end of its input goes.
struct Company {
    environment: Vec<(String, String)>,
    folder: PathBuf,
    script: Child,
    _place: tempfile::TempDir,
}

impl Drop for Company {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}

impl Company {
    fn start() -> Company {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/company");
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("company");
        copy(&example, &folder);
        let mut script = Command::new(example.join("start"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("examples/company/start can be run");
        let mut environment = Vec::new();
        for line in BufReader::new(script.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let Some(export) = line.strip_prefix("export ") else { break };
            let (name, value) = export.split_once('=').unwrap();
            environment.push((name.to_owned(), value.to_owned()));
        }
        assert_eq!(environment.len(), 6, "the servers did not start: try examples/company/start by hand");
        Company { environment, folder, script, _place: place }
    }

    fn variable(&self, name: &str) -> &str {
        &self.environment.iter().find(|(own, _)| own == name).unwrap().1
    }

    /// Runs tenure; what it printed and its exit code.
    fn run(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let output = Command::new(env!("CARGO_BIN_EXE_tenure"))
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        for secret in ["LDAP_PASSWORD", "WAREHOUSE_PASSWORD", "CHAT_SCIM_TOKEN"] {
            assert!(!text.contains(self.variable(secret)), "{secret} was printed:\n{text}");
        }
        (text, output.status.code())
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let (text, code) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}:\n{text}");
        text
    }

    fn psql(&self, user: &str, password: &str, database: &str) -> Command {
        let url = self.variable("TENURE_VAR_warehouse_url").replace("postgres@", &format!("{user}@"));
        let url = format!("{}/{database}", url.rsplit_once('/').unwrap().0);
        let mut command = Command::new("/usr/lib/postgresql/15/bin/psql");
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]).arg(url).env("PGPASSWORD", password);
        command
    }

    /// What a statement answers the superuser.
    fn sql(&self, statement: &str) -> String {
        self.sql_in("postgres", statement)
    }

    fn sql_in(&self, database: &str, statement: &str) -> String {
        let mut psql = self.psql("postgres", self.variable("WAREHOUSE_PASSWORD"), database);
        let output = psql.args(["-c", statement]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The values of attributes of a person's LDAP entry.
    fn ldap(&self, login: &str, attribute: &str) -> Vec<String> {
        let output = Command::new("ldapsearch")
            .args(["-x", "-LLL", "-H", self.variable("TENURE_VAR_ldap_url"), "-D", "cn=prov,dc=example,dc=test"])
            .args([
                "-w",
                self.variable("LDAP_PASSWORD"),
                "-b",
                "dc=example,dc=test",
                &format!("(uid={login})"),
                attribute,
            ])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().filter_map(|line| line.strip_prefix(&format!("{attribute}: "))).map(str::to_owned).collect()
    }

    /// A person's account in the chat: its id, externalId, and whether it is active.
    fn chat(&self, login: &str) -> (String, String, bool) {
        let output = Command::new("curl")
            .args(["--silent", "--header", &format!("Authorization: Bearer {}", self.variable("CHAT_SCIM_TOKEN"))])
            .arg(format!("{}/Users?count=1000", self.variable("TENURE_VAR_chat_url")))
            .output()
            .unwrap();
        let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let users = list["Resources"].as_array().unwrap();
        let user =
            users.iter().find(|user| user["userName"].as_str().is_some_and(|name| name.starts_with(login))).unwrap();
        let text = |name: &str| user[name].as_str().unwrap().to_owned();
        (text("id"), text("externalId"), user["active"] != serde_json::Value::Bool(false))
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn edit(path: &Path, change: impl Fn(&str) -> Option<String>) {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<String> = text.lines().filter_map(change).collect();
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn the_company_lives_in_ldap_postgresql_and_a_chat_over_scim() {
    let company = Company::start();
    company.done(&["init"]);
    let (plan, code) = company.run(&["plan", "--detailed-exitcode", "--full"]);
    assert_eq!(code, Some(2), "{plan}");
    assert!(plan.contains("externalId") && plan.contains("(known after apply)"), "{plan}");
    assert!(plan.contains("Plan: 187 to give"), "{plan}");
    assert!(company.done(&["apply", "--auto-approve"]).contains("187 done"));
    assert_eq!(company.run(&["plan", "--detailed-exitcode"]).1, Some(0));
    assert!(company.done(&["plan", "--recorded"]).contains("Nothing to change"));

    // One id, made by LDAP, is known everywhere.
    let id = company.ldap("mnowak", "entryUUID").concat();
    let chat = company.chat("mateusz.nowak");
    assert_eq!((chat.1.as_str(), chat.2), (id.as_str(), true));
    assert_eq!(company.sql("select shobj_description('mnowak'::regrole, 'pg_authid')"), format!("corp {id}"));

    // One leaves while he is logged in; one moves to another department.
    company.sql("alter role mnowak password 'Made-by-hand-1'");
    let mut session = company
        .psql("mnowak", "Made-by-hand-1", "postgres")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = session.stdin.take().unwrap();
    writeln!(input, "select 1;").unwrap();
    let sessions = || company.sql("select count(*) from pg_stat_activity where usename = 'mnowak'");
    for _ in 0..100 {
        if sessions() == "1" {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(sessions(), "1");
    edit(&company.folder.join("people/hr.csv"), |line| match line {
        line if line.starts_with("E0013,") => None,
        line if line.starts_with("E0022,") => Some(line.replace(",Support,", ",Sales,")),
        line => Some(line.to_owned()),
    });
    let (plan, _) = company.run(&["plan"]);
    for system in ["corp", "warehouse", "chat"] {
        assert!(plan.contains(&format!("account.{system} (deactivate)")), "{plan}");
    }
    assert!(plan.contains("left the files"), "{plan}");
    assert!(plan.contains("no longer given by role.department[\"Support\"]"), "{plan}");
    assert!(company.done(&["apply", "--auto-approve"]).contains("done"));
    assert_eq!(company.run(&["plan", "--detailed-exitcode"]).1, Some(0));
    assert_eq!(sessions(), "0");
    drop(input);
    let _ = session.wait();
    let login = || company.sql("select rolcanlogin from pg_roles where rolname = 'mnowak'");
    assert_eq!(login(), "f");
    assert_eq!(company.ldap("mnowak", "pwdAccountLockedTime"), ["000001010000Z"]);
    assert!(!company.chat("mateusz.nowak").2);

    // What may be read hangs on the group.
    let reads = "select has_table_privilege('analyst', 'orders', 'select')";
    assert_eq!(company.sql_in("sales", reads), "t");

    // The same person comes back, to the same accounts.
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/company/people/hr.csv");
    std::fs::copy(original, company.folder.join("people/hr.csv")).unwrap();
    let (plan, _) = company.run(&["plan", "--target", "person.E0013"]);
    assert!(plan.contains("account.chat (reactivate)"), "{plan}");
    company.done(&["apply", "--auto-approve"]);
    assert_eq!(company.run(&["plan", "--detailed-exitcode"]).1, Some(0));
    assert_eq!(company.ldap("mnowak", "entryUUID").concat(), id);
    assert!(company.ldap("mnowak", "pwdAccountLockedTime").is_empty());
    assert_eq!(company.chat("mateusz.nowak"), chat);
    assert_eq!(login(), "t");
    assert!(company.done(&["state", "verify"]).contains("each as it was written"));
}
