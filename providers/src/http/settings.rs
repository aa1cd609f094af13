//! The settings that every HTTP provider's system block takes.

use std::time::Duration;

use reqwest::Url;
use state::{Symbol, Value};

use super::authorization::{Credential, Secret};
use super::retry::Retry;
use crate::provider::{SettingError, SettingSchema, SettingType, Settings};

/// How a system is reached.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The base of the API, without a slash at its end.
    pub url: Url,
    pub credential: Credential,
    /// PEM bytes of certificate authorities to trust besides the machine's own.
    pub authorities: Option<Vec<u8>>,
    /// From sending a request to the end of its answer.
    pub timeout: Duration,
    pub connect_timeout: Duration,
    /// Requests in flight.
    pub concurrency: usize,
    /// Requests a second.
    pub rate: Option<u32>,
    pub retry: Retry,
    /// Bytes that an answer may have.
    pub largest_body: usize,
}

/// The schema of the settings below, for providers to list among their own.
pub const SETTINGS: [SettingSchema; 13] = [
    setting("url", SettingType::Text, true, "base of the API, such as https://chat.acme.example/scim/v2"),
    setting("token", SettingType::Secret, false, "bearer token"),
    setting("username", SettingType::Text, false, "user name, with password, in place of a token"),
    setting("password", SettingType::Secret, false, "password of username"),
    setting(
        "token_url",
        SettingType::Text,
        false,
        "where to ask for tokens with client_id and client_secret (OAuth 2.0)",
    ),
    setting("client_id", SettingType::Text, false, "OAuth client"),
    setting("client_secret", SettingType::Secret, false, "secret of client_id"),
    setting("scope", SettingType::Text, false, "OAuth scope to ask for"),
    setting(
        "ca_file",
        SettingType::Text,
        false,
        "PEM file of a certificate authority to trust besides the machine's own",
    ),
    setting("timeout", SettingType::Integer, false, "seconds until a request counts as lost [30]"),
    setting("concurrency", SettingType::Integer, false, "requests in flight at once [8]"),
    setting("rate", SettingType::Integer, false, "requests a second at most [no limit]"),
    setting("insecure", SettingType::Bool, false, "allow http:// to hosts other than this one [false]"),
];

const fn setting(name: &'static str, value: SettingType, required: bool, help: &'static str) -> SettingSchema {
    SettingSchema { name, value, required, help }
}

impl HttpSettings {
    /// Reads the settings of a system block; `ca_file` is read from disk.
    pub fn read(settings: &Settings) -> Result<HttpSettings, SettingError> {
        let insecure = bool_of(settings, "insecure")?.unwrap_or(false);
        let text = text_of(settings, "url")?
            .ok_or_else(|| wrong(settings, "url", "is not set", "write the base of the API: url = \"https://...\""))?;
        let url = checked(settings, "url", &text, insecure)?;
        Ok(HttpSettings {
            credential: credential(settings, insecure)?,
            authorities: authorities(settings)?,
            timeout: Duration::from_secs(number(settings, "timeout", 1, 3600)?.unwrap_or(30)),
            connect_timeout: Duration::from_secs(10),
            concurrency: number(settings, "concurrency", 1, 256)?.map_or(8, |number| number as usize),
            rate: number(settings, "rate", 1, 100_000)?.map(|number| number as u32),
            retry: Retry::default(),
            largest_body: 64 << 20,
            url,
        })
    }
}

/// What is wrong with these settings by themselves; secrets and files are not looked for.
pub fn check(settings: &Settings) -> Vec<SettingError> {
    let insecure = bool_of(settings, "insecure");
    let allowed = *insecure.as_ref().unwrap_or(&Some(true));
    let url = |name| match text_of(settings, name) {
        Ok(Some(text)) => checked(settings, name, &text, allowed.unwrap_or(false)).err(),
        Ok(None) => None,
        Err(error) => Some(error),
    };
    let numbers = [("timeout", 3600), ("concurrency", 256), ("rate", 100_000)];
    let numbers = numbers.into_iter().filter_map(|(name, high)| number(settings, name, 1, high).err());
    [insecure.as_ref().err().cloned(), url("url"), url("token_url")].into_iter().flatten().chain(numbers).collect()
}

/// What is wrong with a setting, and what to do.
pub fn wrong(settings: &Settings, name: &str, what: &str, hint: &str) -> SettingError {
    SettingError {
        system: settings.system.clone(),
        setting: name.to_owned(),
        what: what.to_owned(),
        hint: hint.to_owned(),
    }
}

/// A URL that credentials may be sent to.
fn checked(settings: &Settings, name: &str, text: &str, insecure: bool) -> Result<Url, SettingError> {
    let mut url = Url::parse(text)
        .map_err(|error| wrong(settings, name, &format!("is not a URL: {error}"), "write it as https://HOST/PATH"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            settings,
            name,
            "carries a user name or password",
            "set token, or username and password, in the system block: URLs are printed",
        ));
    }
    match url.scheme() {
        "https" => {}
        "http" if insecure || is_loopback(&url) => {}
        "http" => {
            return Err(wrong(
                settings,
                name,
                &format!(
                    "is plain http to {}: credentials and personal data could be read on the way",
                    url.host_str().unwrap_or("")
                ),
                "use https, or set insecure = true in the system block",
            ));
        }
        other => {
            return Err(wrong(settings, name, &format!("has the scheme {other}"), "write it as https://HOST/PATH"));
        }
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(settings, name, "has a query or fragment", "write the base of the API only"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Whether a URL leads to this machine only.
pub fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

fn credential(settings: &Settings, insecure: bool) -> Result<Credential, SettingError> {
    let username = text_of(settings, "username")?;
    let client = text_of(settings, "client_id")?;
    let several = "has more than one of token, username and client_id";
    let hint = "keep one way to authenticate";
    let needs = |name: &str, other: &str| {
        secret(settings, other)
            .ok_or_else(|| wrong(settings, name, &format!("needs {other}"), "set it with env(...) or command(...)"))
    };
    match (secret(settings, "token"), username, client) {
        (None, None, None) => Ok(Credential::None),
        (Some(token), None, None) => Ok(Credential::Bearer(token)),
        (None, Some(username), None) => Ok(Credential::Basic { username, password: needs("username", "password")? }),
        (None, None, Some(id)) => {
            let text = text_of(settings, "token_url")?
                .ok_or_else(|| wrong(settings, "client_id", "needs token_url", "set where to ask for a token"))?;
            Ok(Credential::Client {
                token_url: checked(settings, "token_url", &text, insecure)?,
                id,
                secret: needs("client_id", "client_secret")?,
                scope: text_of(settings, "scope")?,
            })
        }
        _ => Err(wrong(settings, "the block", several, hint)),
    }
}

fn authorities(settings: &Settings) -> Result<Option<Vec<u8>>, SettingError> {
    let Some(path) = text_of(settings, "ca_file")? else { return Ok(None) };
    let path = settings.folder.join(path);
    let bytes = std::fs::read(&path).map_err(|error| {
        wrong(
            settings,
            "ca_file",
            &format!("cannot be read: {}: {error}", path.display()),
            "check the path: it starts at the configuration folder",
        )
    })?;
    Ok(Some(bytes))
}

/// A setting's value in the clear.
pub fn value_of<'a>(settings: &'a Settings, name: &str) -> Option<&'a Value> {
    let name = Symbol::new(name);
    settings.values.iter().find(|(own, value)| *own == name && !value.is_null()).map(|(_, value)| value)
}

/// A setting that is text.
pub fn text_of(settings: &Settings, name: &str) -> Result<Option<String>, SettingError> {
    match value_of(settings, name) {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text.as_str().to_owned())),
        Some(other) => Err(wrong(settings, name, &format!("is a {}", other.type_name()), "write a string")),
    }
}

/// A setting that is true or false.
pub fn bool_of(settings: &Settings, name: &str) -> Result<Option<bool>, SettingError> {
    match value_of(settings, name) {
        None => Ok(None),
        Some(Value::Bool(truth)) => Ok(Some(*truth)),
        Some(other) => Err(wrong(settings, name, &format!("is a {}", other.type_name()), "write true or false")),
    }
}

/// A setting that is a whole number from `low` to `high`.
pub fn number(settings: &Settings, name: &str, low: u64, high: u64) -> Result<Option<u64>, SettingError> {
    match value_of(settings, name) {
        None => Ok(None),
        Some(Value::Integer(number)) => match u64::try_from(*number) {
            Ok(number) if (low..=high).contains(&number) => Ok(Some(number)),
            _ => Err(wrong(settings, name, &format!("is {number}"), &format!("write a number from {low} to {high}"))),
        },
        Some(other) => Err(wrong(settings, name, &format!("is a {}", other.type_name()), "write a whole number")),
    }
}

/// A sensitive setting.
pub fn secret(settings: &Settings, name: &str) -> Option<Secret> {
    let name = Symbol::new(name);
    settings.secrets.iter().find(|(own, _)| *own == name).map(|(_, text)| Secret::new(text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(values: &[(&str, Value)], secrets: &[&str]) -> Settings {
        Settings {
            system: "chat".into(),
            folder: "/nowhere".into(),
            values: values.iter().map(|(name, value)| (Symbol::new(name), value.clone())).collect(),
            secrets: secrets.iter().map(|name| (Symbol::new(name), format!("the {name}"))).collect(),
        }
    }

    #[test]
    fn wrong_settings_are_told_with_what_to_do() {
        let url = ("url", Value::text("https://x.example"));
        let plain = |text: &str| ("url", Value::text(text));
        let table = [
            settings(&[], &[]),
            settings(&[("url", Value::Bool(true))], &[]),
            settings(&[plain("chat")], &[]),
            settings(&[plain("ftp://x.example")], &[]),
            settings(&[plain("http://x.example/scim")], &[]),
            settings(&[plain("https://a:b@x.example")], &[]),
            settings(&[plain("https://x.example/?a=b")], &[]),
            settings(&[url.clone(), ("timeout", Value::Integer(0))], &[]),
            settings(&[url.clone(), ("rate", Value::text("fast"))], &[]),
            settings(&[url.clone(), ("username", Value::text("u"))], &[]),
            settings(&[url.clone(), ("username", Value::text("u"))], &["token", "password"]),
            settings(&[url.clone(), ("client_id", Value::text("u"))], &["client_secret"]),
            settings(&[url, ("ca_file", Value::text("ca.pem"))], &[]),
        ];
        let errors: Vec<String> = table
            .iter()
            .map(|settings| HttpSettings::read(settings).map(|_| ()).unwrap_err())
            .map(|error| format!("{error} ({})", error.hint))
            .collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        system.chat: url is not set (write the base of the API: url = "https://...")
        system.chat: url is a bool (write a string)
        system.chat: url is not a URL: relative URL without a base (write it as https://HOST/PATH)
        system.chat: url has the scheme ftp (write it as https://HOST/PATH)
        system.chat: url is plain http to x.example: credentials and personal data could be read on the way (use https, or set insecure = true in the system block)
        system.chat: url carries a user name or password (set token, or username and password, in the system block: URLs are printed)
        system.chat: url has a query or fragment (write the base of the API only)
        system.chat: timeout is 0 (write a number from 1 to 3600)
        system.chat: rate is a string (write a whole number)
        system.chat: username needs password (set it with env(...) or command(...))
        system.chat: the block has more than one of token, username and client_id (keep one way to authenticate)
        system.chat: client_id needs token_url (set where to ask for a token)
        system.chat: ca_file cannot be read: /nowhere/ca.pem: No such file or directory (os error 2) (check the path: it starts at the configuration folder)
        "#);
    }

    #[test]
    fn plain_http_goes_to_this_machine_or_where_it_is_allowed() {
        for url in ["http://localhost:1/v2", "http://127.0.0.1/v2/", "http://[::1]:80/v2"] {
            let read = HttpSettings::read(&settings(&[("url", Value::text(url))], &[])).unwrap();
            assert_eq!(read.url.path(), "/v2", "{url}");
        }
        let allowed = settings(&[("url", Value::text("http://x.example")), ("insecure", Value::Bool(true))], &[]);
        assert!(HttpSettings::read(&allowed).is_ok());
    }
}
