//! The embedded directory, as it is by default and with every setting that changes its rules.

use async_trait::async_trait;
use state::{Attributes, Symbol, Value};
use tenure_providers::conformance::{self, Subject, System};
use tenure_providers::directory::Directory;
use tenure_providers::twin::Manners;
use tenure_providers::{Provider as _, Settings};

pub struct Folder {
    /// Where the systems' folders are; each system has its own.
    root: tempfile::TempDir,
    settings: Vec<(Symbol, Value)>,
    /// Where the system is that was made last.
    newest: std::sync::Mutex<std::path::PathBuf>,
}

impl Folder {
    pub fn new(settings: &[(&str, Value)]) -> Folder {
        let settings = settings.iter().map(|(name, value)| (Symbol::new(name), value.clone())).collect();
        Folder { root: tempfile::tempdir().unwrap(), settings, newest: Default::default() }
    }
}

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(name, value)| (Symbol::new(name), Value::text(*value))).collect()
}

#[async_trait]
impl Subject for Folder {
    async fn fresh(&self) -> Result<System, String> {
        let settings = Settings {
            system: "conformance".into(),
            folder: tempfile::tempdir_in(&self.root).unwrap().keep(),
            values: self.settings.clone(),
            secrets: Vec::new(),
        };
        *self.newest.lock().unwrap() = settings.folder.clone();
        let reader = Directory.reader(settings.clone()).await.map_err(|error| error.to_string())?;
        let writer = Directory.writer(settings).await.map_err(|error| error.to_string())?;
        Ok(System { reader, writer })
    }

    fn account(&self, name: &str) -> Attributes {
        attributes(&[("login", name)])
    }

    fn group(&self, name: &str) -> Attributes {
        attributes(&[("name", name)])
    }

    fn account_text(&self) -> Symbol {
        "title".into()
    }

    fn group_text(&self) -> Option<Symbol> {
        Some("description".into())
    }

    async fn give(&self, _system: &System, account: Symbol, name: &str) -> Result<(), String> {
        // Files may be edited by hand at any time.
        let folder = self.newest.lock().unwrap().clone();
        let path = folder.join("directory/conformance/owned.jsonl");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let mut lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let thing = serde_json::json!({"kind": "table", "name": name, "place": "sales"});
        match lines.iter_mut().find(|line| line["account"] == account.as_str()) {
            Some(line) => line["owned"].as_array_mut().unwrap().push(thing),
            None => lines.push(serde_json::json!({"account": account.as_str(), "owned": [thing]})),
        }
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(path, text).map_err(|error| error.to_string())
    }

    fn grant(&self, n: usize) -> Attributes {
        attributes(&[("repository", &format!("repository {n}")), ("permission", "push")])
    }

    fn grant_change(&self) -> Attributes {
        attributes(&[("permission", "admin")])
    }
}

#[tokio::test]
async fn directory() {
    let folder = Folder::new(&[]);
    let mirrored = conformance::Mirrored::new(&folder, Manners::default());
    let report = conformance::run(&mirrored).await;
    assert_eq!(mirrored.differences(), Vec::<String>::new());
    println!("{report}");
    assert!(report.passed(), "{report}");
    assert_eq!(
        report.skipped(),
        [
            "a second account with the same key is refused",
            "account keys that differ in case are told apart as declared",
            "a second group with the same key is refused",
            "a grant is changed",
        ]
    );
}

#[tokio::test]
async fn directory_with_keys() {
    let grant_key = Value::list(["repository".into()]);
    let keys = [("account_key", "login".into()), ("group_key", "name".into()), ("grant_key", grant_key)];
    let folder = Folder::new(&keys);
    let mirrored = conformance::Mirrored::new(&folder, Manners::default());
    let report = conformance::run(&mirrored).await;
    assert_eq!(mirrored.differences(), Vec::<String>::new());
    assert!(report.passed(), "{report}");
    assert_eq!(report.skipped(), [""; 0]);
}

#[tokio::test]
async fn directory_without_nested_groups() {
    let folder = Folder::new(&[("nested_groups", false.into())]);
    let mirrored = conformance::Mirrored::new(&folder, Manners::default());
    let report = conformance::run(&mirrored).await;
    assert_eq!(mirrored.differences(), Vec::<String>::new());
    assert!(report.passed(), "{report}");
    assert!(report.skipped().contains(&"a group is a member of a group"));
}
