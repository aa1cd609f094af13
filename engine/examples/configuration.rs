//! How long evaluating a configuration takes, printed:
//! `cargo run --release -p tenure-engine --example configuration [PEOPLE [SYSTEMS [ROLES]]]`.

use std::fmt::Write as _;
use std::sync::Arc;

use state::{Object, Symbol, Timestamp};
use tenure_engine::configuration::{Facts, Known, KnownObject, Loaded, Sources};
use tenure_engine::language::{File, Files};

/// One data file.
struct Data(String);

impl Sources for Data {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
    fn list(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
    fn environment(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
    fn command(&self, _: &[String]) -> Result<String, String> {
        Ok(String::new())
    }
}

struct Nothing;

impl Known for Nothing {
    fn account(&self, _: Symbol, _: Symbol) -> Option<KnownObject> {
        None
    }
    fn group(&self, _: Symbol, _: Symbol) -> Option<KnownObject> {
        None
    }
    fn next(&self, _: Symbol, _: Symbol, _: Symbol, low: i64, _: i64) -> Option<i64> {
        Some(low)
    }
}

/// Says what was done since the last time.
struct Watch(jiff::Timestamp);

impl Watch {
    #[allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a benchmark measures and prints")]
    fn lap(&mut self, what: &str) {
        let now = jiff::Timestamp::now();
        println!("{:>9.3} s  {what}", now.duration_since(self.0).as_secs_f64());
        self.0 = now;
    }
}

fn hr(people: usize, roles: usize) -> String {
    let mut csv = String::from("id,given,family,mail,login,department,country,manager,first_day,last_day,status\n");
    for n in 0..people {
        let manager = if n == 0 { String::new() } else { format!("E{:06}", n / 10) };
        let department = n % roles.max(1);
        let _ = writeln!(
            csv,
            "E{n:06},Given{},Family{n},User{n}@Acme.example,user{n},dept{department},DE,{manager},2026-01-12,,active",
            n % 977
        );
    }
    csv
}

fn hcl(systems: usize, roles: usize) -> String {
    let mut text = String::from(
        r#"
people "hr" {
  from        = csvdecode(file("hr.csv"))
  key         = row.id
  given_name  = row.given
  family_name = row.family
  email       = lower(row.mail)
  login       = row.login
  department  = row.department
  manager     = row.manager == "" ? null : person[row.manager]
  starts      = row.first_day
  ends        = row.last_day == "" ? null : row.last_day
}
"#,
    );
    for n in 0..systems {
        let _ = write!(
            text,
            r#"
system "s{n}" {{
  provider = "directory"
  match    = self.email == lower(account.mail)
  account {{
    cn         = "${{self.given_name}} ${{self.family_name}}"
    mail       = self.email
    department = self.department
    boss       = self.manager == null ? null : self.manager.login
    on_create {{ uid = self.login }}
  }}
}}
group "s{n}" "all" {{ name = "all" }}
"#
        );
    }
    let _ = write!(text, "role \"everybody\" {{\n  when = self.kind == \"person\"\n  access = [");
    for n in 0..systems {
        let _ = write!(text, "group.s{n}.all, ");
    }
    text.push_str("]\n}\n");
    for n in 0..roles {
        let _ = write!(
            text,
            "group \"s{0}\" \"g{n}\" {{ name = \"g{n}\" }}\nrole \"r{n}\" {{\n  when = self.department == \"dept{n}\"\n  access = [group.s{0}.g{n}]\n}}\n",
            n % systems.max(1)
        );
    }
    text
}

#[allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a benchmark reads the clock and prints")]
fn main() {
    let number = |at: usize, default: usize| std::env::args().nth(at).and_then(|n| n.parse().ok()).unwrap_or(default);
    let (people, systems, roles) = (number(1, 100_000), number(2, 10), number(3, 500));
    let file = File { path: Arc::from("main.hcl"), text: Arc::from(hcl(systems, roles)) };
    let data = Data(hr(people, roles));
    let mut watch = Watch(jiff::Timestamp::now());
    let now: Timestamp = jiff::Timestamp::now().into();
    let Ok(loaded) = Loaded::load(Files(vec![file]), Arc::new(data), &[], now) else {
        return println!("does not load");
    };
    watch.lap("load");
    let configuration = match loaded.evaluate(&Facts::default()) {
        Ok(configuration) => configuration,
        Err(rejected) => return println!("{:?}", rejected.diagnostics),
    };
    watch.lap(&format!(
        "evaluate: {} identities, {} memberships, {} accounts",
        configuration.identities.len(),
        configuration.memberships.len(),
        configuration.accounts.len()
    ));
    let evaluate = &configuration.evaluate;
    let failed = |n: usize| n > 0;
    let wrong =
        configuration.accounts.iter().filter(|e| evaluate.account(e.system, e.holder, &Nothing).is_err()).count();
    watch.lap(if failed(wrong) { "accounts (some failed)" } else { "wanted accounts" });
    let wrong =
        configuration.accounts.iter().filter(|e| evaluate.identity_keys(e.system, e.holder, &Nothing).is_err()).count();
    watch.lap(if failed(wrong) { "keys (some failed)" } else { "keys of identities" });
    let mail = Symbol::new("mail");
    let observed: Vec<Object> = configuration
        .identities
        .iter()
        .map(|one| {
            let mail = one.attributes.get("email".into()).cloned().map(|email| (mail, email));
            Object::new(one.key, mail.into_iter().collect())
        })
        .collect();
    watch.lap("(observed accounts made up)");
    let wrong = configuration
        .systems
        .keys()
        .flat_map(|system| observed.iter().map(move |account| (system, account)))
        .filter(|(system, account)| {
            evaluate.account_keys(**system, account).is_err() || evaluate.ignored(**system, account).is_err()
        })
        .count();
    watch.lap(if failed(wrong) { "keys (some failed)" } else { "keys of accounts, and whether they are ignored" });
    drop(configuration);
    watch.lap("(dropped)");
}
