//! From system blocks to providers: their settings checked, their readers and writers made.

use std::path::Path;
use std::sync::Arc;

use engine::configuration::{Setting, System};
use engine::language::Diagnostic;
use engine::language::diagnostic::did_you_mean;
use providers::{Provider, SettingType, Settings};
use state::{Symbol, Value};

/// A system with its provider and the settings for it.
pub struct Connection {
    pub name: Symbol,
    pub provider: Arc<dyn Provider>,
    pub settings: Settings,
    /// What it lacks, and nobody needs who only reads and writes.
    pub lacks: Vec<Diagnostic>,
}

/// The connections of all `systems`.
///
/// # Errors
/// All that is wrong with their settings, as the providers' schemas say: without contacting anything.
pub fn connections<'a>(
    systems: impl IntoIterator<Item = &'a System>,
    folder: &Path,
) -> Result<Vec<Connection>, Vec<Diagnostic>> {
    let mut connections = Vec::new();
    let mut diagnostics = Vec::new();
    for system in systems {
        match connection(system, folder) {
            Ok(connection) => connections.push(connection),
            Err(wrong) => diagnostics.extend(wrong),
        }
    }
    // Instances of one block are wrong alike: said once.
    diagnostics.dedup();
    if diagnostics.is_empty() { Ok(connections) } else { Err(diagnostics) }
}

fn connection(system: &System, folder: &Path) -> Result<Connection, Vec<Diagnostic>> {
    let Some(provider) = providers::find(system.provider.as_str()) else {
        let names = providers::names();
        let hint = did_you_mean(system.provider.as_str(), names.iter().copied())
            .unwrap_or_else(|| format!("there are {}", names.join(", ")));
        let message = format!("there is no provider {:?}", system.provider.as_str());
        return Err(vec![Diagnostic::new(system.span, message).hint(hint)]);
    };
    let (mut diagnostics, mut lacks) = (Vec::new(), Vec::new());
    let mut settings = Settings { system: system.name.to_string(), folder: folder.to_owned(), ..Settings::default() };
    for (name, setting, span) in &system.settings {
        let schema = provider.settings().iter().find(|schema| *name == schema.name);
        match (schema, setting) {
            (None, _) if !provider.open_settings() => {
                let message = format!("the provider `{}` has no setting `{name}`", provider.name());
                let names: Vec<&str> = provider.settings().iter().map(|schema| schema.name).collect();
                let hint = did_you_mean(name.as_str(), names.iter().copied())
                    .unwrap_or_else(|| format!("it has {}", names.join(", ")));
                diagnostics.push(Diagnostic::new(*span, message).hint(hint));
            }
            (Some(schema), Setting::Known(_)) if schema.value == SettingType::Secret => diagnostics.push(
                Diagnostic::new(*span, format!("`{name}` must not stand in the files in the clear"))
                    .hint(format!("take it from outside: `{name} = env(\"{}\")`", name.as_str().to_uppercase())),
            ),
            (Some(schema), Setting::Known(value)) if !fits(schema.value, value) => {
                let message = format!("`{name}` must be {}, and this is a {}", wanted(schema.value), value.type_name());
                diagnostics.push(Diagnostic::new(*span, message).hint(schema.help));
            }
            (_, Setting::Known(value)) => settings.values.push((*name, value.clone())),
            (_, Setting::Absent(wrong)) => lacks.push((**wrong).clone()),
            (_, Setting::Secret(secret)) => settings.secrets.push((*name, secret.clone())),
        }
    }
    for schema in provider.settings().iter().filter(|schema| schema.required) {
        if !system.settings.iter().any(|(name, ..)| *name == schema.name) {
            let message = format!("system.{} lacks `{}`", system.name, schema.name);
            diagnostics.push(Diagnostic::new(system.span, message).hint(schema.help));
        }
    }
    if diagnostics.is_empty() {
        diagnostics.extend(provider.check(&settings).into_iter().map(|wrong| {
            let own = system.settings.iter().find(|(name, ..)| *name == *wrong.setting);
            let span = own.map_or(system.span, |(.., span)| *span);
            Diagnostic::new(span, wrong.to_string()).hint(wrong.hint)
        }));
    }
    if diagnostics.is_empty() {
        Ok(Connection { name: system.name, provider: Arc::new(provider), settings, lacks })
    } else {
        Err(diagnostics)
    }
}

fn fits(wanted: SettingType, value: &Value) -> bool {
    match wanted {
        SettingType::Text => matches!(value, Value::Text(_)),
        SettingType::Bool => matches!(value, Value::Bool(_)),
        SettingType::Integer => matches!(value, Value::Integer(_)),
        SettingType::Secret | SettingType::Any => true,
    }
}

fn wanted(wanted: SettingType) -> &'static str {
    match wanted {
        SettingType::Text | SettingType::Secret => "a string",
        SettingType::Bool => "true or false",
        SettingType::Integer => "a whole number",
        SettingType::Any => "a value",
    }
}
