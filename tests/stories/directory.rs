//! The embedded directory: its files are edited by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::world::{Standing, Trouble, World};

const KINDS: [&str; 4] = ["accounts", "groups", "memberships", "grants"];

pub struct Directory {
    /// Its files.
    folder: PathBuf,
    /// Copies: what it was like before a trouble, and what is to be answered in place of the truth.
    aside: tempfile::TempDir,
}

impl Directory {
    fn read(&self, kind: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.file(kind)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn write(&self, kind: &str, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(self.file(kind), text).unwrap();
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{kind}.jsonl"))
    }

    /// Changes the account with this login.
    fn edit(&self, login: &str, change: impl Fn(&mut Value)) {
        let mut accounts = self.read("accounts");
        let account = accounts.iter_mut().find(|account| account["attributes"]["login"] == login);
        change(account.unwrap_or_else(|| panic!("there is no {login}")));
        self.write("accounts", &accounts);
    }

    fn id(&self, kind: &str, attribute: &str, name: &str) -> Value {
        let all = self.read(kind);
        let found = all.iter().find(|one| one["attributes"][attribute] == name);
        found.unwrap_or_else(|| panic!("there is no {name}"))["id"].clone()
    }

    fn halve(&self, kind: &str) {
        let mut lines = self.read(kind);
        lines.truncate(lines.len() / 2);
        self.write(kind, &lines);
    }
}

/// A directory below a configuration folder.
pub fn start(configuration: &Path) -> Arc<dyn World> {
    Arc::new(Directory { folder: configuration.join("directory/main"), aside: tempfile::tempdir().unwrap() })
}

impl World for Directory {
    fn provider(&self) -> &'static str {
        "directory"
    }

    fn settings(&self) -> String {
        "account_key = \"login\"\n  group_key = \"name\"".to_owned()
    }

    fn words(&self) -> [&'static str; 3] {
        ["login", "name", "title"]
    }

    fn environment(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn look(&self) -> Standing {
        let named = |kind: &str, attribute: &str| -> BTreeMap<String, String> {
            let one = |one: &Value| (text(&one["id"]), text(&one["attributes"][attribute]));
            self.read(kind).iter().map(one).collect()
        };
        let (logins, names) = (named("accounts", "login"), named("groups", "name"));
        let mut groups: BTreeMap<String, BTreeSet<String>> =
            names.values().map(|name| (name.clone(), BTreeSet::new())).collect();
        for one in self.read("memberships") {
            groups.get_mut(&names[&text(&one["group"])]).unwrap().insert(logins[&text(&one["member"])].clone());
        }
        let on = |one: &Value| (text(&one["attributes"]["login"]), one["active"] != json!(false));
        let accounts = self.read("accounts").iter().map(on).collect();
        Standing { accounts, groups, ids: logins.into_iter().map(|(id, login)| (login, id)).collect() }
    }

    fn fingerprint(&self) -> String {
        let read = |kind: &str| std::fs::read_to_string(self.file(kind)).unwrap_or_default();
        KINDS.map(read).join("--\n")
    }

    fn keep(&self) {
        copy(&self.folder, &self.aside.path().join("kept"));
    }

    fn add(&self, login: &str) {
        let mut accounts = self.read("accounts");
        accounts.push(json!({ "id": format!("by-hand-{login}"), "attributes": { "login": login } }));
        self.write("accounts", &accounts);
    }

    fn rename(&self, login: &str, to: &str) {
        self.edit(login, |account| account["attributes"]["login"] = json!(to));
    }

    fn switch(&self, login: &str, on: bool) {
        self.edit(login, |account| account["active"] = json!(on));
    }

    fn join(&self, group: &str, login: &str) {
        let mut memberships = self.read("memberships");
        let (group, member) = (self.id("groups", "name", group), self.id("accounts", "login", login));
        memberships.push(json!({ "group": group, "member": member }));
        self.write("memberships", &memberships);
    }

    fn trouble(&self, trouble: Trouble) {
        copy(&self.folder, &self.aside.path().join("before"));
        let accounts = self.file("accounts");
        match trouble {
            Trouble::Empty => KINDS.iter().for_each(|kind| self.write(kind, &[])),
            Trouble::Error => {
                let text = std::fs::read_to_string(&accounts).unwrap();
                std::fs::write(&accounts, text.replacen("\"id\"", "\"id", 1)).unwrap();
            }
            Trouble::Forbidden => {
                std::fs::remove_dir_all(&self.folder).unwrap();
                symlink(self.aside.path().join("before"), &self.folder).unwrap();
            }
            Trouble::Half => self.halve("accounts"),
            Trouble::HalfUnseen => {
                self.halve("accounts");
                let there: BTreeSet<String> = self.read("accounts").iter().map(|one| text(&one["id"])).collect();
                let mut memberships = self.read("memberships");
                memberships.retain(|one| there.contains(&text(&one["member"])));
                self.write("memberships", &memberships);
            }
            Trouble::HalfBlind => unreachable!("what is listed is found by its id here"),
            Trouble::NoGroups => KINDS[1..].iter().for_each(|kind| self.write(kind, &[])),
            Trouble::Down => {
                std::fs::remove_file(&accounts).unwrap();
                std::fs::create_dir(&accounts).unwrap();
            }
            Trouble::Stale => copy(&self.aside.path().join("kept"), &self.folder),
        }
    }

    fn mend(&self) {
        if self.folder.is_symlink() {
            std::fs::remove_file(&self.folder).unwrap();
        }
        copy(&self.aside.path().join("before"), &self.folder);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The folder as the other one is.
fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
