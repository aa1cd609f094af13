//! The settings of a system that is pushed to.

use std::path::PathBuf;

use http::HeaderValue;

use crate::directory::{Problem, inside, safe};
use crate::endpoint::Token;
use crate::http::settings::{text_of, wrong};
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
];

/// The settings of one system, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub folder: PathBuf,
    /// `/scim/hr/v2`.
    pub mount: String,
    /// Without a slash at its end.
    pub url: Option<String>,
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
        Ok(Options { folder, mount: format!("/scim/{name}/v2"), url })
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
