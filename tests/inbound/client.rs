//! tenure's own client on tenure's own server: the conformance list of providers.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use providers::Settings;
use providers::conformance::{Subject, System, run};
use state::{Attributes, Symbol, Value};

use crate::run::Folder;
use crate::watching::{TOKEN, Watching};

/// A system for each check.
const TENANTS: &str = r#"
system "tenant" {
  for_each = toset([for n in range(1, 40) : tostring(n)])
  provider = "scim-inbound"
  token    = env("HR_PUSH_TOKEN")
}
system "hr" {
  provider = "scim-inbound"
  token    = env("HR_PUSH_TOKEN")
}
"#;

struct Own {
    watching: Watching,
    check: AtomicU32,
}

#[async_trait]
impl Subject for Own {
    async fn fresh(&self) -> Result<System, String> {
        let check = self.check.fetch_add(1, Ordering::Relaxed) + 1;
        let url = format!("{}/scim/tenant.{check}/v2", self.watching.origin);
        let settings = Settings {
            system: "conformance".into(),
            values: vec![
                (Symbol::new("url"), Value::text(url)),
                // What was answered shows at once.
                (Symbol::new("visibility"), Value::Integer(0)),
            ],
            secrets: vec![(Symbol::new("token"), TOKEN.to_owned())],
            ..Settings::default()
        };
        let scim = providers::find("scim").ok_or("no such provider")?;
        Ok(System {
            reader: scim.reader(settings.clone()).await.map_err(|error| error.to_string())?,
            writer: scim.writer(settings).await.map_err(|error| error.to_string())?,
        })
    }

    fn account(&self, name: &str) -> Attributes {
        [(Symbol::new("userName"), Value::text(name))].into_iter().collect()
    }

    fn group(&self, name: &str) -> Attributes {
        [(Symbol::new("displayName"), Value::text(name))].into_iter().collect()
    }

    fn account_text(&self) -> Symbol {
        Symbol::new("title")
    }

    fn group_text(&self) -> Option<Symbol> {
        Some(Symbol::new("externalId"))
    }

    fn misses_stale(&self) -> Option<&'static str> {
        None
    }

    fn takes_absent_members(&self) -> Option<&'static str> {
        Some("members may be named before they are there")
    }

    fn many(&self) -> usize {
        1_200
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenures_own_client_finds_nothing_amiss() {
    let mut folder = Folder::new(&[("access.hcl", TENANTS)]);
    folder.environment.push(("HR_PUSH_TOKEN".into(), TOKEN.into()));
    let own = Own { watching: Watching::on(folder, "--listen 127.0.0.1:0"), check: AtomicU32::new(0) };
    let report = run(&own).await;
    assert!(report.passed(), "\n{report}");
    insta::assert_debug_snapshot!(report.skipped(), @r#"
    [
        "an account is archived and brought back whole",
        "an account is deleted",
        "what an account owns is counted and named",
        "what an account owns is handed over and given back",
        "what is owned by now is not handed over unseen",
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
