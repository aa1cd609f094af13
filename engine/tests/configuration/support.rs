//! One helper: files in, the evaluated configuration or its errors out, as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use state::{Address, Attributes, Observed, Schema, Symbol, Timestamp};
use tenure_engine::configuration::{
    Configuration, Facts, Given, Known, KnownObject, Loaded, Membership, PeopleSource, Rejected, Sources,
    WantedAccount, WantedValue, Why,
};
use tenure_engine::language::{Diagnostic, File, Files};

/// When the tests take place.
pub const NOW: &str = "2026-11-23T12:00:00Z";

/// What an evaluation gets from outside.
#[derive(Clone, Default)]
pub struct World {
    pub files: BTreeMap<String, Vec<u8>>,
    pub environment: BTreeMap<String, String>,
}

impl Sources for World {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.get(path).cloned().ok_or_else(|| format!("there is no file {path}"))
    }
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Ok(self.files.keys().filter(|path| path.starts_with(&prefix)).cloned().collect())
    }
    fn environment(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.environment.get(name).cloned())
    }
    fn command(&self, arguments: &[String]) -> Result<String, String> {
        match arguments {
            [program, rest @ ..] if program == "echo" => Ok(format!("{}\n", rest.join(" "))),
            _ => Err(format!("{} is not allowed", arguments.join(" "))),
        }
    }
}

/// A case: files, given variables, moment, schemas, and what source systems hold.
#[derive(Clone)]
pub struct Case {
    pub files: Files,
    pub world: World,
    pub given: Vec<Given>,
    pub now: Timestamp,
    pub schemas: BTreeMap<Symbol, Schema>,
    pub people: BTreeMap<Symbol, (Observed, Option<Symbol>)>,
    /// Settings that only serve to sign in.
    pub credentials: BTreeMap<Symbol, Vec<Symbol>>,
}

impl Case {
    /// One text: `--- PATH` lines start a file; before the first stands `main.hcl`.
    pub fn new(text: &str) -> Case {
        let mut parts: Vec<(String, String)> = vec![("main.hcl".to_owned(), String::new())];
        for line in text.lines() {
            match (line.strip_prefix("--- "), parts.last_mut()) {
                (Some(path), _) => parts.push((path.trim().to_owned(), String::new())),
                (None, Some((_, part))) => {
                    part.push_str(line);
                    part.push('\n');
                }
                (None, None) => {}
            }
        }
        parts.retain(|(path, part)| path != "main.hcl" || !part.trim().is_empty());
        parts.sort();
        let (hcl, other): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(path, _)| path.ends_with(".hcl"));
        let files = hcl.into_iter().map(|(path, text)| File { path: Arc::from(path), text: Arc::from(text) });
        Case {
            files: Files(files.collect()),
            world: World {
                files: other.into_iter().map(|(path, text)| (path, text.into_bytes())).collect(),
                environment: BTreeMap::from([("TOKEN".to_owned(), "s3cret".to_owned())]),
            },
            given: Vec::new(),
            now: NOW.parse().unwrap(),
            schemas: BTreeMap::new(),
            people: BTreeMap::new(),
            credentials: BTreeMap::new(),
        }
    }

    pub fn load(&self) -> Result<Loaded, Rejected> {
        Loaded::load(self.files.clone(), Arc::new(self.world.clone()), &self.given, self.now)
    }

    pub fn evaluate(&self) -> Result<Configuration, Rejected> {
        let nothing = Schema::default();
        let facts = Facts {
            schemas: self.schemas.iter().map(|(name, schema)| (*name, schema)).collect(),
            people: self
                .people
                .iter()
                .map(|(name, (observed, group))| {
                    let schema = self.schemas.get(name).unwrap_or(&nothing);
                    (*name, PeopleSource { observed, group_name: *group, schema })
                })
                .collect(),
            credentials: self.credentials.clone(),
        };
        self.load()?.evaluate(&facts)
    }

    /// What comes out, as text.
    pub fn text(&self) -> String {
        match self.evaluate() {
            Ok(configuration) => dump(&configuration),
            Err(rejected) => errors(&rejected),
        }
    }

    /// The configuration of a case that has no errors.
    pub fn good(&self) -> Configuration {
        self.evaluate().unwrap_or_else(|rejected| panic!("{}", errors(&rejected)))
    }
}

/// What comes out of `text`, as text.
pub fn evaluated(text: &str) -> String {
    Case::new(text).text()
}

/// A file beside the repository, which is not part of it.
pub fn shared(path: &str) -> Vec<u8> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("TENURE_SHARED").map_or(beside, PathBuf::from);
    let path = folder.join(path);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("this test needs {} ({error}); TENURE_SHARED names another folder than ../shared", path.display())
    })
}

/// `file:line:column: message [label] / hint`, one error a line.
pub fn errors(rejected: &Rejected) -> String {
    rejected.diagnostics.iter().map(|diagnostic| error(diagnostic, &rejected.files)).collect()
}

pub fn error(diagnostic: &Diagnostic, files: &Files) -> String {
    let place = diagnostic.span.map_or_else(String::new, |span| {
        let (line, column) = files.line_column(span);
        format!("{}:{line}:{column}: ", files.get(span.file).map_or("?", |file| &file.path))
    });
    let label = if diagnostic.label.is_empty() { String::new() } else { format!(" [{}]", diagnostic.label) };
    let hint = diagnostic.hint.as_deref().map_or_else(String::new, |hint| format!("\n  hint: {hint}"));
    let related: String =
        diagnostic.related.iter().map(|(span, words)| format!("\n  {}: {words}", files.place(*span))).collect();
    format!("{place}{}{label}{related}{hint}\n", diagnostic.message)
}

/// The whole configuration, compact.
pub fn dump(configuration: &Configuration) -> String {
    let mut text = String::new();
    for identity in &configuration.identities {
        let state = match (&identity.leaver, identity.starts_later) {
            (Some(why), _) => format!(" LEAVER ({why})"),
            (None, true) => " STARTS LATER".to_owned(),
            (None, false) => String::new(),
        };
        let _ = writeln!(text, "{}{state} {:?}", identity.address, identity.attributes);
    }
    for system in configuration.systems.values() {
        let settings: String = system.settings.iter().map(|(name, value, _)| format!(" {name}={value:?}")).collect();
        let flags = [(system.exclusive, " exclusive"), (system.read_only, " read-only")];
        let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
        let _ = writeln!(text, "system.{} = {}{settings}{flags}", system.name, system.provider);
    }
    for group in &configuration.groups {
        let address = Address::Group { system: group.system, group: group.name };
        let grants = group.grants.as_ref().map_or_else(String::new, |grants| format!(" grants {grants:?}"));
        let _ = writeln!(text, "{address}{}{grants}", if group.exclusive { " exclusive" } else { "" });
    }
    for (word, memberships) in [("", &configuration.memberships), ("later: ", &configuration.not_in_force)] {
        for membership in memberships {
            let _ = writeln!(text, "{word}{}", membership_line(membership));
        }
    }
    for account in &configuration.accounts {
        let address = Address::Account { system: account.system, holder: account.holder };
        let until = account.until.map_or_else(String::new, |until| format!(" until {until}"));
        let _ = writeln!(text, "{address}{until}: {}", whys(&account.why));
    }
    for one in &configuration.moves {
        let _ = writeln!(text, "moved {} -> {}", one.from, one.to);
    }
    for adopt in &configuration.adopts {
        let _ = writeln!(text, "adopt {} = {}", adopt.address, adopt.id);
    }
    for (word, addresses) in [("forget", &configuration.forgets), ("remove", &configuration.removes)] {
        for (address, _) in addresses {
            let _ = writeln!(text, "{word} {address}");
        }
    }
    text
}

pub fn membership_line(membership: &Membership) -> String {
    let Membership { system, group, member, qualifiers, from, until, why } = membership;
    let address = Address::Membership { system: *system, group: *group, member: *member };
    let from = from.map_or_else(String::new, |from| format!(" from {from}"));
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    let qualifiers = if qualifiers.is_empty() { String::new() } else { format!(" {qualifiers:?}") };
    format!("{address}{qualifiers}{from}{until}: {}", whys(why))
}

fn whys(whys: &[Why]) -> String {
    whys.iter().map(|why| why.because.as_str()).collect::<Vec<_>>().join("; ")
}

/// Nothing is known of other systems but what stands here.
#[derive(Default)]
pub struct Made {
    pub accounts: BTreeMap<(&'static str, &'static str), KnownObject>,
    pub groups: BTreeMap<(&'static str, &'static str), KnownObject>,
}

/// An object with an id, or one that is to be made.
pub fn made(id: Option<&str>, attributes: &[(&str, &str)]) -> KnownObject {
    KnownObject {
        id: id.map(Symbol::new),
        attributes: attributes.iter().map(|(name, value)| (Symbol::new(name), state::Value::text(*value))).collect(),
        deferred: Vec::new(),
        unplanned: false,
    }
}

impl Known for Made {
    fn account(&self, system: Symbol, holder: Symbol) -> Option<KnownObject> {
        self.accounts.get(&(system.as_str(), holder.as_str())).cloned()
    }
    fn group(&self, system: Symbol, group: Symbol) -> Option<KnownObject> {
        self.groups.get(&(system.as_str(), group.as_str())).cloned()
    }
    fn next(&self, _: Symbol, _: Symbol, _: Symbol, low: i64, _: i64) -> Option<i64> {
        Some(low)
    }
}

/// The account of `holder`, as text.
pub fn account(configuration: &Configuration, files: &Files, system: &str, holder: &str, known: &dyn Known) -> String {
    match configuration.evaluate.account(system.into(), holder.into(), known) {
        Ok(Some(WantedAccount { attributes, on_create })) => {
            let on_create = wanted(&on_create);
            let on_create = if on_create.is_empty() { on_create } else { format!("on create\n{on_create}") };
            format!("{}{on_create}", wanted(&attributes))
        }
        Ok(None) => "left out\n".to_owned(),
        Err(diagnostic) => error(&diagnostic, files),
    }
}

/// Attributes, one a line.
pub fn wanted(attributes: &[(Symbol, WantedValue)]) -> String {
    attributes
        .iter()
        .map(|(name, value)| match value {
            WantedValue::Deferred { expression, needs } => format!("{name} = after {needs:?}: {expression}\n"),
            other => format!("{name} = {other:?}\n"),
        })
        .collect()
}

/// Attributes out of texts.
pub fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(name, value)| (Symbol::new(name), state::Value::text(*value))).collect()
}
