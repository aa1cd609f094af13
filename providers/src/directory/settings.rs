//! The settings of a directory: where its folder is, and what tells its objects apart.

use std::path::{Component, Path, PathBuf};

use state::{AttributeSchema, AttributeType, Capabilities, Key, Mutability, Schema, Shape, Symbol, Value};

use super::problem::Problem;
use crate::provider::{SettingSchema, SettingType, Settings};

/// What the system block may say; other settings are taken and ignored, since a directory stands in for other systems.
pub const SETTINGS: &[SettingSchema] = &[
    SettingSchema {
        name: "path",
        value: SettingType::Text,
        required: false,
        help: "The directory's folder, below the configuration folder; `directory/<system>` by default",
    },
    SettingSchema {
        name: "account_key",
        value: SettingType::Text,
        required: false,
        help: "An attribute that no two accounts share (`login`), compared without regard to case",
    },
    SettingSchema {
        name: "group_key",
        value: SettingType::Text,
        required: false,
        help: "An attribute that no two groups share (`name`), compared without regard to case",
    },
    SettingSchema {
        name: "grant_key",
        value: SettingType::Any,
        required: false,
        help: "The attributes that tell the grants of one group apart (`[\"repository\"]`); all of them by default",
    },
    SettingSchema {
        name: "nested_groups",
        value: SettingType::Bool,
        required: false,
        help: "Whether groups may be members of groups; true by default",
    },
];

/// The settings of one directory, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The folder.
    pub folder: PathBuf,
    pub schema: Schema,
    pub capabilities: Capabilities,
}

impl Options {
    /// Checks the settings. The folder need not exist.
    pub fn new(settings: &Settings) -> Result<Options, Problem> {
        let relative = match value(settings, "path") {
            None => format!("directory/{}", safe(&settings.system)),
            Some(Value::Text(path)) if !path.as_str().is_empty() => path.as_str().to_owned(),
            Some(other) => return Err(wrong(settings, "path", other, "a folder, such as \"directory/corp\"")),
        };
        let folder = inside(&settings.folder, &relative).map_err(|why| {
            Problem::new(
                format!("system.{}: `path` leads to {relative}, {why}", settings.system),
                "choose a folder below the configuration folder",
            )
        })?;
        let account_key = text(settings, "account_key")?;
        let group_key = text(settings, "group_key")?;
        let grant_key = texts(settings, "grant_key")?;
        let nested_groups = match value(settings, "nested_groups") {
            None => true,
            Some(Value::Bool(truth)) => *truth,
            Some(other) => return Err(wrong(settings, "nested_groups", other, "true or false")),
        };
        Ok(Options {
            folder,
            schema: schema(account_key, group_key, grant_key),
            capabilities: capabilities(account_key, group_key, nested_groups),
        })
    }
}

/// What directories can do.
pub fn capabilities(account_key: Option<Symbol>, group_key: Option<Symbol>, nested_groups: bool) -> Capabilities {
    let key = |attribute| Key { attribute, unique: true, case_exact: false };
    Capabilities {
        groups: true,
        nested_groups,
        grants: true,
        deactivate: true,
        account_key: account_key.map(key),
        group_key: group_key.map(key),
        parent_attribute: Some(Symbol::new("parent")),
        batch: 500,
        batch_objects: true,
        // What one call changes becomes durable together; but each order is judged by itself, so that one wrong order
        // does not keep 499 right ones from being carried out.
        atomic: false,
        concurrency: 1,
        deadline: 5_000,
        visibility: 0,
        // The lock on the folder dies with the process, and so does whatever it was doing.
        outlives: 0,
        transfer: true,
        archive: true,
        delete: true,
        ..Capabilities::default()
    }
}

/// Open accounts and groups; roles in groups from weakest to strongest.
pub fn schema(account_key: Option<Symbol>, group_key: Option<Symbol>, grant_key: Vec<Symbol>) -> Schema {
    let text = |name, case_exact| AttributeSchema {
        name,
        value: AttributeType::Text,
        shape: Shape::One,
        mutability: Mutability::ReadWrite,
        case_exact,
        required: false,
    };
    let parent = text(Symbol::new("parent"), true);
    Schema {
        account: account_key.map(|name| text(name, false)).into_iter().collect(),
        account_open: true,
        group: group_key.map(|name| text(name, false)).into_iter().chain([parent]).collect(),
        group_open: true,
        qualifiers: vec![("role".into(), ["member", "maintainer", "admin", "owner"].map(Symbol::new).to_vec())],
        grant_key,
        ..Schema::default()
    }
}

fn value<'a>(settings: &'a Settings, name: &str) -> Option<&'a Value> {
    settings.values.iter().find(|(own, value)| own.as_str() == name && !value.is_null()).map(|(_, value)| value)
}

fn wrong(settings: &Settings, name: &str, found: &Value, expected: &str) -> Problem {
    Problem::new(
        format!("system.{}: `{name}` is {} ({found})", settings.system, found.type_name()),
        format!("set it to {expected}, or leave it out"),
    )
}

fn text(settings: &Settings, name: &str) -> Result<Option<Symbol>, Problem> {
    match value(settings, name) {
        None => Ok(None),
        Some(Value::Text(text)) if !text.as_str().is_empty() => Ok(Some(*text)),
        Some(other) => Err(wrong(settings, name, other, "the name of an attribute")),
    }
}

fn texts(settings: &Settings, name: &str) -> Result<Vec<Symbol>, Problem> {
    let Some(found) = value(settings, name) else { return Ok(Vec::new()) };
    found
        .as_list()
        .and_then(|items| items.iter().map(Value::as_text).collect::<Option<Vec<Symbol>>>())
        .ok_or_else(|| wrong(settings, name, found, "a list of attribute names"))
}

/// A system's name as the name of a folder, another for each: `chat`, `k8s.kubernetes` for `k8s["kubernetes"]`; what
/// file names or git would stumble over is written as `%` and two hex digits per byte.
pub fn safe(system: &str) -> String {
    let mut name = String::with_capacity(system.len());
    for byte in dotted(system).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    name
}

/// A name with an instance in a plainer form: `team.kubernetes/sig-x` for `team["kubernetes/sig-x"]`.
pub fn dotted(name: &str) -> String {
    let plain = name.split_once("[\"").and_then(|(block, rest)| {
        let key: String = serde_json::from_str(&format!("\"{}", rest.strip_suffix(']')?)).ok()?;
        Some(format!("{block}.{key}"))
    });
    plain.unwrap_or_else(|| name.to_owned())
}

/// `relative` below `base`; an error that completes "leads to X, ..." where it leads out, also through links.
pub fn inside(base: &Path, relative: &str) -> Result<PathBuf, String> {
    let path = Path::new(relative);
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err("out of the configuration folder".into());
    }
    let folder = base.join(path);
    // Links are resolved in the part that exists; the rest holds no `..`. A base that is not there has no links in it.
    let Ok(real_base) = base.canonicalize() else { return Ok(folder) };
    match folder.ancestors().find_map(|ancestor| ancestor.canonicalize().ok()) {
        Some(real) if !real.starts_with(&real_base) => {
            Err(format!("which a link leads out of the configuration folder to {}", real.display()))
        }
        _ => Ok(folder),
    }
}
