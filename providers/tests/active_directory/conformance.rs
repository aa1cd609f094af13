//! The conformance list.

use async_trait::async_trait;
use state::{Attributes, Symbol};
use std::sync::Mutex;
use tenure_providers::conformance::{Subject, System, run};

use crate::domain::Unit;

/// Each check has a unit of its own.
struct Units(Mutex<Option<Unit>>);

impl Units {
    fn with<T>(&self, what: impl Fn(&Unit) -> T) -> T {
        what(self.0.lock().unwrap().as_ref().unwrap())
    }
}

#[async_trait]
impl Subject for Units {
    async fn fresh(&self) -> Result<System, String> {
        let unit = Unit::new();
        let archive = unit.archive();
        let settings = unit.settings(&[("archive_base", &archive)]);
        let system = unit.connect(&settings).await.map_err(|error| error.to_string());
        *self.0.lock().unwrap() = Some(unit);
        system
    }

    fn account(&self, name: &str) -> Attributes {
        self.with(|unit| unit.account(name))
    }

    fn group(&self, name: &str) -> Attributes {
        self.with(|unit| unit.group(name))
    }

    fn account_text(&self) -> Symbol {
        "title".into()
    }

    fn group_text(&self) -> Option<Symbol> {
        Some("description".into())
    }

    /// Samba adds 39 entries a second, each in a transaction that it flushes.
    fn many(&self) -> usize {
        60
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn active_directory() {
    let report = run(&Units(Mutex::new(None))).await;
    assert!(report.passed(), "{report}");
    assert_eq!(
        report.skipped(),
        [
            "what an account owns is counted and named",
            "what an account owns is handed over and given back",
            "what is owned by now is not handed over unseen",
            "a group has a parent",
            "a membership has qualifiers",
            "a grant is given and taken",
            "a grant is changed",
            "a grant is not doubled"
        ],
        "{report}"
    );
}
