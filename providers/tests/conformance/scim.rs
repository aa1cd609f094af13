//! The conformance list on real SCIM servers.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use state::{Attributes, Symbol, Value};
use tenure_providers::conformance::{Mirrored, Subject, System, Verdict, run};
use tenure_providers::scim::Scim;
use tenure_providers::{Provider, Settings};

use crate::servers::{Server, TOKEN};

/// A server, and what it needs and lacks.
struct Real {
    server: Server,
    /// One server can hold many systems apart: each check gets one. Else all checks share one, under names of their own.
    tenants: bool,
    check: AtomicU32,
    text: &'static str,
    misses_stale: Option<&'static str>,
    takes_absent: Option<&'static str>,
}

impl Real {
    /// A name that no other check uses on the same system.
    fn own(&self, name: &str) -> String {
        if self.tenants { name.to_owned() } else { format!("{name}@{}", self.check.load(Ordering::Relaxed)) }
    }
}

#[async_trait]
impl Subject for Real {
    async fn fresh(&self) -> Result<System, String> {
        let check = self.check.fetch_add(1, Ordering::Relaxed) + 1;
        let url = match self.tenants {
            true => format!("{}/t{check}/v2", self.server.origin()),
            false => self.server.url.clone(),
        };
        let settings = Settings {
            system: "conformance".into(),
            values: vec![(Symbol::new("url"), Value::text(url))],
            secrets: vec![(Symbol::new("token"), TOKEN.to_owned())],
            ..Settings::default()
        };
        Ok(System {
            reader: Scim.reader(settings.clone()).await.map_err(|error| error.to_string())?,
            writer: Scim.writer(settings).await.map_err(|error| error.to_string())?,
        })
    }

    fn account(&self, name: &str) -> Attributes {
        let name = &self.own(name);
        let parts = [("formatted", name), ("familyName", name)];
        let parts = Value::map(parts.map(|(part, value)| (Symbol::new(part), Value::text(value))));
        [
            (Symbol::new("userName"), Value::text(name)),
            (Symbol::new("name"), parts),
            (
                Symbol::new("emails"),
                Value::list([Value::map([(
                    Symbol::new("value"),
                    Value::text(format!("{}@acme.example", name.replace('@', "."))),
                )])]),
            ),
        ]
        .into_iter()
        .collect()
    }

    fn group(&self, name: &str) -> Attributes {
        [(Symbol::new("displayName"), Value::text(self.own(name)))].into_iter().collect()
    }

    fn account_text(&self) -> Symbol {
        Symbol::new(self.text)
    }

    fn group_text(&self) -> Option<Symbol> {
        self.tenants.then(|| Symbol::new("externalId"))
    }

    fn misses_stale(&self) -> Option<&'static str> {
        self.misses_stale
    }

    fn takes_absent_members(&self) -> Option<&'static str> {
        self.takes_absent
    }

    fn many(&self) -> usize {
        120
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scim2_server_conforms() {
    let real = Real {
        server: Server::scim2_server_tenants(),
        tenants: true,
        check: AtomicU32::new(0),
        text: "title",
        misses_stale: None,
        takes_absent: Some("scim2-server takes members that are not there"),
    };
    let mirrored = Mirrored::new(&real, Scim.manners(&Settings::default()));
    let report = run(&mirrored).await;
    assert!(report.passed(), "\n{report}");
    insta::assert_debug_snapshot!(mirrored.differences(), @"[]");
    insta::assert_debug_snapshot!(report.skipped(), @r#"
        [
            "an account is archived and brought back whole",
            "an account is deleted",
            "what an account owns is counted and named",
            "what an account owns is handed over and given back",
            "what is owned by now is not handed over unseen",
            "a second group with the same key is refused",
            "a group has a parent",
            "a membership of what is absent is not given",
            "a membership has qualifiers",
            "a grant is given and taken",
            "a grant is changed",
            "a grant is not doubled",
            "a call with a wrong order is answered order by order",
        ]
        "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn canaille_conforms_but_for_what_it_cannot() {
    let report = run(&Real {
        server: Server::canaille(),
        tenants: false,
        check: AtomicU32::new(0),
        text: "title",
        misses_stale: Some("Canaille's ETags change at most once a second"),
        takes_absent: None,
    })
    .await;
    // Canaille says that userName is unique and does not see to it; it answers 500 to a new userName, which its schema
    // says cannot be changed; what it does not know as a user it leaves out of a group, and answers 200.
    let failed: Vec<&str> =
        report.0.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Failed(_))).map(|(name, _)| *name).collect();
    insta::assert_debug_snapshot!(failed, @r#"
        [
            "a second account with the same key is refused",
            "account keys that differ in case are told apart as declared",
            "a renamed account keeps its id and its groups",
            "a membership of what is absent is not given",
            "a group is a member of a group",
        ]
        "#);
    insta::assert_debug_snapshot!(report.skipped(), @r#"
        [
            "an account is archived and brought back whole",
            "an account is deleted",
            "what an account owns is counted and named",
            "what an account owns is handed over and given back",
            "what is owned by now is not handed over unseen",
            "an account that others changed is stale",
            "a second group with the same key is refused",
            "a group has a parent",
            "a membership has qualifiers",
            "a grant is given and taken",
            "a grant is changed",
            "a grant is not doubled",
            "a call with a wrong order is answered order by order",
        ]
        "#);
}
