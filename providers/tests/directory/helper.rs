//! A directory in a temporary folder, and orders in short.

use std::fs;
use std::path::PathBuf;

use state::{Action, Address, Attributes, Kind, Object, Observed, Order, Outcome, Symbol, Target, Timestamp, Value};
use tenure_providers::{Ask, ConnectError, Provider as _, Reader, Settings, Unannounced, Writer, directory::Directory};

pub struct Bench {
    /// Removed when the bench goes.
    #[allow(dead_code, reason = "held for its drop")]
    temporary: tempfile::TempDir,
    pub settings: Settings,
    pub folder: PathBuf,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with(&[])
    }

    pub fn with(values: &[(&str, Value)]) -> Bench {
        let temporary = tempfile::tempdir().unwrap();
        let settings = Settings {
            system: "corp".into(),
            folder: temporary.path().to_owned(),
            values: values.iter().map(|(name, value)| (Symbol::new(name), value.clone())).collect(),
            secrets: Vec::new(),
        };
        Bench { folder: temporary.path().join("directory/corp"), settings, temporary }
    }

    /// With these files, and empty ones for the others.
    pub fn holding(files: &[(&str, &str)]) -> Bench {
        let bench = Bench::new();
        fs::create_dir_all(&bench.folder).unwrap();
        bench.write("directory.json", "{\"format\":1}\n");
        for name in ["accounts.jsonl", "groups.jsonl", "memberships.jsonl", "grants.jsonl"] {
            bench.write(name, "");
        }
        files.iter().for_each(|(name, text)| bench.write(name, text));
        bench
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }

    /// The text of a file; none where it is not there.
    pub fn text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(name)).ok()
    }

    pub async fn reader(&self) -> Box<dyn Reader> {
        Directory.reader(self.settings.clone()).await.unwrap()
    }

    pub async fn writer(&self) -> Plain {
        Plain(Directory.writer(self.settings.clone()).await.unwrap())
    }

    /// The inventory, or the error with its hint; the temporary folder's name is left out.
    pub async fn inventory(&self) -> Result<Observed, String> {
        let read = self
            .reader()
            .await
            .inventory(&Ask { now: Timestamp::default(), grants: &[], accounts: &[], progress: &|_| {} })
            .await;
        read.map_err(|error| self.plain(&format!("{}\n{}", error.message, error.hint)))
    }

    pub fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.display()), "")
    }
}

/// A writer that announces nothing.
pub struct Plain(Box<dyn Writer>);

impl Plain {
    pub async fn execute(&self, orders: &[Order]) -> Vec<Outcome> {
        self.0.execute(orders, &Unannounced).await
    }

    pub async fn close(&self) -> Result<(), ConnectError> {
        self.0.close().await
    }
}

pub fn attributes(json: &str) -> Attributes {
    serde_json::from_str(json).unwrap()
}

fn order(address: &str, action: Action, kind: Kind, target: Option<Target>, after: &str) -> Order {
    Order {
        address: address.parse::<Address>().unwrap(),
        action,
        target,
        kind,
        before: None,
        after: attributes(after),
        secrets: Default::default(),
    }
}

pub fn account(key: &str, after: &str) -> Order {
    account_at(&format!("account.corp.{key}"), after)
}

pub fn account_at(address: &str, after: &str) -> Order {
    order(address, Action::Create, Kind::Account, None, after)
}

pub fn group(name: &str, after: &str) -> Order {
    order(&format!("group.corp.{name}"), Action::Create, Kind::Group, None, after)
}

pub fn update(id: &str, before: &str, after: &str) -> Order {
    let target = Some(Target::Account(id.into()));
    let order = order(&format!("account.corp.{id}"), Action::Update, Kind::Account, target, after);
    Order { before: Some(Object::new(id, attributes(before))), ..order }
}

pub fn place(group: &str, member: &str, after: &str) -> Order {
    let target = Target::Membership { group: group.into(), member: member.into(), nested: false };
    order(&format!("membership.corp.{group}.{member}"), Action::Grant, Kind::Membership, Some(target), after)
}

pub fn revoke(group: &str, member: &str) -> Order {
    Order { action: Action::Revoke, ..place(group, member, "{}") }
}

/// Asserts that all were done, and gives the ids.
pub fn done(outcomes: Vec<Outcome>) -> Vec<Symbol> {
    outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Done(object) => object.id,
            other => panic!("{other:?}"),
        })
        .collect()
}
