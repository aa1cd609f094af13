//! The settings of a system that is pushed to.

use std::path::PathBuf;

use http::HeaderValue;
use state::Value;

use super::events::keys::Keys;
use super::events::{self, KeySource};
use crate::directory::{Problem, inside, safe};
use crate::endpoint::Token;
use crate::http::settings::{text_of, value_of, wrong};
use crate::provider::{SettingError, SettingSchema, SettingType, Settings};

/// Characters of a token, at least: what is shorter can be guessed.
const SHORTEST: usize = 16;

pub const SETTINGS: &[SettingSchema] = &[
    SettingSchema {
        name: "token",
        value: SettingType::Secret,
        required: true,
        help: "the bearer token that the client sends; `env(\"HR_PUSH_TOKEN\")`",
    },
    SettingSchema {
        name: "path",
        value: SettingType::Text,
        required: false,
        help: "the folder that keeps what was pushed, below the configuration folder; `inbound/<system>` by default",
    },
    SettingSchema {
        name: "url",
        value: SettingType::Text,
        required: false,
        help: "where clients reach `tenure watch --listen`, when that is not what they send as Host; \
               `https://people.acme.example`",
    },
    SettingSchema {
        name: "events_issuer",
        value: SettingType::Text,
        required: false,
        help: "who signs the security event tokens (RFC 9967) that are taken: their `iss`",
    },
    SettingSchema {
        name: "events_audience",
        value: SettingType::Text,
        required: false,
        help: "what must be among the `aud` of these tokens",
    },
    SettingSchema {
        name: "events_keys",
        value: SettingType::Any,
        required: false,
        help: "the issuer's public keys, a JSON Web Key Set: a file below the configuration folder, or the set itself",
    },
];

/// The settings of one system, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The system's name.
    pub system: String,
    pub folder: PathBuf,
    /// `/scim/hr/v2`.
    pub mount: String,
    /// Without a slash at its end.
    pub url: Option<String>,
    /// Whose events are taken, where they are.
    pub events: Option<events::Options>,
}

impl Options {
    /// # Errors
    /// What is wrong with them.
    pub fn new(settings: &Settings) -> Result<Options, SettingError> {
        let name = safe(&settings.system);
        let relative = text_of(settings, "path")?.unwrap_or_else(|| format!("inbound/{name}"));
        let folder = inside(&settings.folder, &relative).map_err(|why| {
            wrong(settings, "path", &format!("leads to {relative}, {why}"), "choose a folder below the configuration")
        })?;
        let url = text_of(settings, "url")?.map(|url| url.trim_end_matches('/').to_owned());
        let is_origin = |url: &String| {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            rest.is_some_and(|host| !host.is_empty() && HeaderValue::try_from(host).is_ok())
        };
        if let Some(url) = url.as_ref().filter(|url| !is_origin(url)) {
            let hint = "write the scheme and the host, such as \"https://people.acme.example\"";
            return Err(wrong(settings, "url", &format!("is {url:?}"), hint));
        }
        let system = settings.system.clone();
        Ok(Options { system, folder, mount: format!("/scim/{name}/v2"), url, events: events(settings)? })
    }
}

/// All of `events_...`, or nothing of it.
fn events(settings: &Settings) -> Result<Option<events::Options>, SettingError> {
    let (issuer, audience) = (text_of(settings, "events_issuer")?, text_of(settings, "events_audience")?);
    let keys = match value_of(settings, "events_keys") {
        None => None,
        Some(Value::Text(path)) => {
            let relative = path.as_str();
            let hint = "choose a file below the configuration";
            let outside = |why| wrong(settings, "events_keys", &format!("leads to {relative}, {why}"), hint);
            Some(KeySource::File(inside(&settings.folder, relative).map_err(outside)?))
        }
        Some(set @ Value::Map(_)) => {
            let hint = "give a JSON Web Key Set with the issuer's public keys (RFC 7517)";
            let set = serde_json::to_value(set).unwrap_or_default();
            Keys::read(&set).map_err(|why| wrong(settings, "events_keys", &format!("cannot be used: {why}"), hint))?;
            Some(KeySource::Here(set))
        }
        Some(other) => {
            let hint = "write the path of a file, or the key set itself, such as jsondecode(...)";
            return Err(wrong(settings, "events_keys", &format!("is a {}", other.type_name()), hint));
        }
    };
    match (issuer, audience, keys) {
        (None, None, None) => Ok(None),
        (Some(issuer), Some(audience), Some(keys)) => Ok(Some(events::Options { issuer, audience, keys })),
        (issuer, audience, _) => {
            let hint = "events are taken where all of events_issuer, events_audience and events_keys are set";
            let name = match (issuer, audience) {
                (None, _) => "events_issuer",
                (_, None) => "events_audience",
                _ => "events_keys",
            };
            Err(wrong(settings, name, "is not set", hint))
        }
    }
}

/// The token of those who push.
///
/// # Errors
/// Where there is none, or one that can be guessed.
pub fn token(settings: &Settings) -> Result<Token, Problem> {
    let hint = format!("set one of at least {SHORTEST} random characters: `openssl rand -hex 32`");
    let named = |what: &str| Problem::new(format!("system.{}: the token {what}", settings.system), hint.clone());
    let own = settings.secrets.iter().find(|(name, _)| *name == "token").map(|(_, token)| token.trim());
    let token = own.ok_or_else(|| named("is not set"))?;
    if token.len() < SHORTEST {
        return Err(named("is too short"));
    }
    Token::new(token).ok_or_else(|| Problem::new("the system has no random numbers to give", "see its log"))
}
