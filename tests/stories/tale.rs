//! A company whose people have accounts on one system, and what happens to it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use ring::digest::{SHA256, digest};
use state::Timestamp;

use crate::run::{Folder, texts};
use crate::world::{Standing, Trouble, World};

/// How a system comes about for the configuration in a folder.
pub type Start = fn(&Path) -> Arc<dyn World>;

const COMPANY: &str = r#"
settings {
  state = "tried.tenure"
}
variable "url" {
  type    = string
  default = ""
}
people "hr" {
  from  = csvdecode(file("hr.csv"))
  key   = row.id
  login = row.login
  team  = row.team
}
service "breakglass" {
  login = "login-glass"
  team  = "x"
}
system "main" {
  provider = "PROVIDER"
  SETTINGS
  match = self.login == account.LOGIN
  account {
    LOGIN = self.login
    TITLE = self.team
  }
}
"#;

const ACCESS: &str = r#"
group "main" "all" {
  NAME = "all"
}
group "main" "admins" {
  NAME = "admins"
}
role "all" {
  when   = true
  access = [group.main.all]
}
role "admin" {
  when    = contains(["p01", "p02", "p03"], self.key)
  members = [service.breakglass]
  access  = [group.main.admins]
}
"#;

const PROTECT: &str = r#"
protect "admins" {
  groups          = [group.main.admins]
  minimum_members = 3
  always          = [service.breakglass]
}
"#;

/// A week and a day.
const AGE: i64 = 8 * 86_400_000;

pub struct Tale {
    pub folder: Folder,
    pub world: Arc<dyn World>,
}

/// What was refused.
pub struct Held {
    /// What was said: of each finding code, scope and message in a line, and whom it is about in another.
    pub said: String,
    /// What would allow it, as it was printed.
    pub approve: Vec<String>,
}

impl Tale {
    /// A company of `count`, a week old, in which a deactivation was seen to last. Three of them are in a protected
    /// group.
    pub fn begin(start: Start, count: usize) -> Tale {
        let folder = Folder::new(&[]);
        let world = start(&folder.path());
        Tale::begin_on(folder, world, count)
    }

    /// The same, on this system.
    pub fn begin_on(mut folder: Folder, world: Arc<dyn World>, count: usize) -> Tale {
        folder.environment = world.environment();
        let tale = Tale { folder, world };
        tale.write("company.hcl", COMPANY);
        tale.write("access.hcl", ACCESS);
        // Whoever left long ago.
        tale.hr((0..=count).map(usual));
        tale.folder.run("init", 0);
        tale.folder.run("apply --auto-approve", 0);
        tale.write("protect.hcl", PROTECT);
        tale.hr((1..=count).map(usual));
        tale.folder.run("apply --auto-approve", 0);
        tale.age(AGE);
        tale.settled();
        tale
    }

    /// Writes a file of the configuration, in the words of the system.
    pub fn write(&self, path: &str, text: &str) {
        let [login, name, title] = self.world.words();
        let text = text.replace("PROVIDER", self.world.provider()).replace("SETTINGS", &self.world.settings());
        self.folder.write(path, &text.replace("LOGIN", login).replace("NAME", name).replace("TITLE", title));
    }

    /// Changes what stands in a file.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let [login, name, title] = self.world.words();
        let from = from.replace("LOGIN", login).replace("NAME", name).replace("TITLE", title);
        let text = self.folder.read(path);
        assert!(text.contains(&from), "{path} has no {from:?}:\n{text}");
        self.write(path, &text.replace(&from, to));
    }

    /// Writes the people: a row each.
    pub fn hr(&self, rows: impl IntoIterator<Item = String>) {
        let mut text = "id,login,team\n".to_owned();
        rows.into_iter().for_each(|row| writeln!(text, "{row}").unwrap());
        self.folder.write("hr.csv", &text);
    }

    /// The record, and everything in it, is so much older.
    pub fn age(&self, millis: i64) {
        static MOMENT: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").unwrap());
        let earlier =
            |found: &regex::Captures<'_>| found[0].parse::<Timestamp>().unwrap().plus_millis(-millis).to_string();
        let (mut text, mut last) = (String::new(), "0".repeat(64));
        for line in self.folder.read("tried.tenure").lines() {
            let json = MOMENT.replace_all(&line[65..], earlier);
            let digits = digest(&SHA256, format!("{last} {json}").as_bytes());
            last = digits.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
            writeln!(text, "{last} {json}").unwrap();
        }
        self.folder.write("tried.tenure", &text);
        // It says where the record ended before.
        std::fs::remove_file(self.folder.path().join("tried.tenure.head")).unwrap();
    }

    /// Nothing is left to do, and the record is whole.
    #[track_caller]
    pub fn settled(&self) {
        self.folder.run("plan --detailed-exitcode", 0);
        self.folder.run("state verify", 0);
    }

    /// Plan and apply are both held, and nothing at all is changed by them.
    #[track_caller]
    pub fn held(&self) -> Held {
        let (held, changed) = self.held_in_part();
        assert_eq!(changed, "", "this went on:\n{}", held.said);
        held
    }

    /// Plan and apply are both held; what the rest of the plan did.
    #[track_caller]
    pub fn held_in_part(&self) -> (Held, String) {
        let (before, state) = (self.world.fingerprint(), self.folder.read("tried.tenure"));
        let (said, approve) = self.plan();
        assert_eq!(self.world.fingerprint(), before, "plan changed the system");
        assert_eq!(self.folder.read("tried.tenure"), state, "plan changed the record");
        let standing = self.world.look();
        self.folder.run("apply --auto-approve", 3);
        let changed = standing.until(&self.world.look());
        if changed.is_empty() {
            assert_eq!(self.world.fingerprint(), before, "apply changed the system");
            assert!(!self.since(&state).contains("\"event\":\"intent\""), "apply had something in mind");
        }
        (Held { said, approve }, changed)
    }

    /// Apply is held, and nothing is changed by it.
    #[track_caller]
    pub fn held_quietly(&self) {
        let before = self.world.fingerprint();
        self.folder.run("apply --auto-approve", 3);
        assert_eq!(self.world.fingerprint(), before);
    }

    /// The plan, kept in a file, with what holds it.
    #[track_caller]
    fn plan(&self) -> (String, Vec<String>) {
        let _ = std::fs::remove_file(self.folder.path().join("held.plan"));
        let printed = self.folder.run("plan --out held.plan", 3);
        let approve = printed.lines().filter_map(|line| line.strip_prefix("approve: tenure "));
        (self.normal(&findings(&printed)), approve.map(str::to_owned).collect())
    }

    /// What was recorded since the record was like this.
    fn since(&self, state: &str) -> String {
        self.folder.read("tried.tenure").strip_prefix(state).expect("the record only grows").to_owned()
    }

    /// Approves what was held by the commands that were printed, and applies the plan that was kept; what that did.
    #[track_caller]
    pub fn allow(&self, held: &Held) -> String {
        assert!(!held.approve.is_empty(), "nothing says how this can be allowed:\n{}", held.said);
        // What came of the last apply is on record by now, and a plan knows what it rests on.
        assert_eq!(self.plan(), (held.said.clone(), held.approve.clone()));
        let mut apply = "apply held.plan".to_owned();
        for (n, line) in held.approve.iter().enumerate() {
            let file = format!("{n}.approval");
            let _ = std::fs::remove_file(self.folder.path().join(&file));
            let line = line.replace("TEXT", "ticket-4711");
            self.folder.run(&format!("{line} --out {file}"), 0);
            write!(apply, " --approval {file}").unwrap();
        }
        let before = self.world.look();
        self.folder.run(&apply, 0);
        let changed = before.until(&self.world.look());
        // Once is all that it is good for.
        let uses = self.folder.read("tried.tenure").matches("\"event\":\"approved\"").count();
        assert!(uses >= held.approve.len(), "the record knows of {uses} approvals");
        changed
    }

    /// No approval is to be had for this code; what is said in place of it.
    #[track_caller]
    pub fn unapprovable(&self, code: &str) -> String {
        let before = self.folder.read("tried.tenure");
        let command = format!("approve held.plan --finding {code} --reason ticket-4711");
        let said = self.refused(&command);
        assert_eq!(self.folder.read("tried.tenure"), before);
        said
    }

    /// A command that ends with 1 and changes nothing; what it says on standard error.
    #[track_caller]
    pub fn refused(&self, command: &str) -> String {
        let before = self.world.fingerprint();
        let output = self.folder.command(command).output().unwrap();
        let (printed, said) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "tenure {command}\n{printed}\n{said}");
        assert_eq!(self.world.fingerprint(), before, "tenure {command}");
        self.normal(&said)
    }

    /// A kept plan that is held, since it is not what would be planned now: nothing is changed; what is said.
    #[track_caller]
    pub fn stale(&self, plan: &str) -> String {
        let before = (self.world.fingerprint(), self.folder.read("tried.tenure"));
        let printed = self.folder.run(&format!("apply {plan}"), 3);
        assert_eq!((self.world.fingerprint(), self.folder.read("tried.tenure")), before);
        findings(&printed)
    }

    /// Applies, with nothing held; what that did.
    #[track_caller]
    pub fn apply(&self) -> String {
        let before = self.world.look();
        self.folder.run("apply --auto-approve", 0);
        before.until(&self.world.look())
    }

    /// Plan and apply while the system is in trouble: nothing is done there, whatever the files want; what is said.
    /// Afterwards the system is mended.
    #[track_caller]
    pub fn in_trouble(&self, trouble: Trouble) -> String {
        let sound = self.world.look();
        self.world.trouble(trouble);
        let (broken, state) = (self.world.fingerprint(), self.folder.read("tried.tenure"));
        let (said, approve) = self.plan();
        assert_eq!(approve, [""; 0], "nobody can approve what was not read");
        self.folder.run("apply --auto-approve", 3);
        assert_eq!(self.world.fingerprint(), broken, "something was done on a system in trouble");
        assert!(!self.since(&state).contains("\"event\":\"intent\""), "something was meant to be done");
        self.world.mend();
        assert_eq!(sound.until(&self.world.look()), "");
        said
    }

    /// The text in words that are the same on every system.
    fn normal(&self, text: &str) -> String {
        static ID: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"\bid "[^"]*""#).unwrap());
        let [login, name, title] = self.world.words();
        static OBJECT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"\("[^"]*" on "#).unwrap());
        let text = OBJECT.replace_all(text, "(\"ID\" on ");
        static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"\["id:[^"]*"\]"#).unwrap());
        let text = KEY
            .replace_all(&ID.replace_all(&text, "id \"ID\""), "[\"id:ID\"]")
            .replace(&self.folder.path().display().to_string(), "[DIR]");
        let word = |text: String, word: &str, common: &str| {
            Regex::new(&format!(r#"\b{word}( =|:)? ""#))
                .unwrap()
                .replace_all(&text, format!("{common}$1 \""))
                .into_owned()
        };
        word(word(word(text, login, "LOGIN"), name, "NAME"), title, "TITLE")
    }
}

/// The row of the `n`th person.
pub fn usual(n: usize) -> String {
    format!("p{n:02},login{n:02},x")
}

/// What a printed plan says of its findings: `held: CODE on SCOPE: MESSAGE`, then whom it is about.
fn findings(printed: &str) -> String {
    let mut said = String::new();
    let mut lines = printed.lines();
    while let Some(line) = lines.next() {
        if ["held: ", "notice: "].iter().any(|word| line.starts_with(word)) {
            writeln!(said, "{line}: {}", lines.next().unwrap_or_default().trim()).unwrap();
            for line in lines.by_ref().take_while(|line| !line.is_empty()) {
                if !line.trim_start().starts_with("hint:") {
                    writeln!(said, "{line}").unwrap();
                }
            }
        }
    }
    said
}

impl Held {
    pub fn has(&self, code: &str) -> bool {
        self.said.lines().any(|line| line.starts_with(&format!("held: {code}")))
    }
}

/// Whether each account is the one that it was.
#[track_caller]
pub fn assert_same_accounts(before: &Standing, after: &Standing) {
    let ids = |standing: &Standing| standing.ids.values().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids(before), ids(after));
}
