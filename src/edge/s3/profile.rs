//! Credentials from a profile of the AWS command line, where the environment holds none.
//!
//! The files are those of the AWS SDKs: `~/.aws/credentials` (AWS_SHARED_CREDENTIALS_FILE) and `~/.aws/config`
//! (AWS_CONFIG_FILE), the profile is AWS_PROFILE or `default`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

use crate::edge::Failure;

/// What a profile says.
#[derive(Default)]
pub struct Profile {
    values: BTreeMap<String, String>,
    pub endpoint: Option<String>,
}

/// Shows no value.
impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// The profile, where the environment holds no credentials, or names one.
///
/// # Errors
/// Where AWS_PROFILE names one that does not exist, or its credentials are of a kind that is not known.
pub fn needed() -> Result<Option<Profile>, Failure> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if set("AWS_ACCESS_KEY_ID").is_some() || set("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() {
        return Ok(None);
    }
    let home = set("HOME").map(PathBuf::from);
    let file = |variable: &str, name: &str| {
        let path = set(variable).map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".aws").join(name)))?;
        std::fs::read_to_string(path).ok()
    };
    let named = set("AWS_PROFILE");
    let name = named.as_deref().unwrap_or("default");
    let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials").unwrap_or_default();
    let config = file("AWS_CONFIG_FILE", "config").unwrap_or_default();
    let profile = Profile::read(&config, &credentials, name);
    match (profile, &named) {
        (None, Some(name)) => Err(Failure::new(format!("there is no AWS profile `{name}` (AWS_PROFILE)"))
            .hint("it must stand in ~/.aws/credentials or, as [profile NAME], in ~/.aws/config")),
        (None, None) => Ok(None),
        (Some(profile), _) => profile.usable(name).map(Some),
    }
}

impl Profile {
    fn read(config: &str, credentials: &str, name: &str) -> Option<Profile> {
        let own = if name == "default" { name.to_owned() } else { format!("profile {name}") };
        let mut values = section(config, &own);
        let secrets = section(credentials, name);
        if values.is_none() && secrets.is_none() {
            return None;
        }
        let mut values = values.take().unwrap_or_default();
        values.extend(secrets.unwrap_or_default());
        Some(Profile { endpoint: values.get("endpoint_url").cloned(), values })
    }

    fn usable(self, name: &str) -> Result<Profile, Failure> {
        let has = |key: &str| self.values.contains_key(key);
        if has("aws_access_key_id") || has("web_identity_token_file") {
            return Ok(self);
        }
        let other = ["credential_process", "sso_session", "sso_start_url", "source_profile", "credential_source"];
        match other.into_iter().find(|key| has(key)) {
            Some(key) => Err(Failure::new(format!(
                "the AWS profile `{name}` gets its credentials by {key}, which tenure does not know"
            ))
            .hint("`eval \"$(aws configure export-credentials --format env)\"` puts them into the environment")),
            None => Ok(self),
        }
    }

    /// Hands over what the profile says and the environment does not.
    pub fn apply(&self, mut builder: AmazonS3Builder) -> AmazonS3Builder {
        let keys = [
            ("aws_access_key_id", AmazonS3ConfigKey::AccessKeyId),
            ("aws_secret_access_key", AmazonS3ConfigKey::SecretAccessKey),
            ("aws_session_token", AmazonS3ConfigKey::Token),
            ("web_identity_token_file", AmazonS3ConfigKey::WebIdentityTokenFile),
            ("role_arn", AmazonS3ConfigKey::RoleArn),
            ("role_session_name", AmazonS3ConfigKey::RoleSessionName),
            ("region", AmazonS3ConfigKey::Region),
        ];
        for (name, key) in keys {
            if let Some(value) = self.values.get(name).filter(|_| builder.get_config_value(&key).is_none()) {
                builder = builder.with_config(key, value);
            }
        }
        builder
    }
}

/// The `key = value` lines below `[name]`.
fn section(text: &str, name: &str) -> Option<BTreeMap<String, String>> {
    let mut found = None;
    let mut within = false;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            within = header.split_whitespace().eq(name.split_whitespace());
            if within {
                found.get_or_insert_with(BTreeMap::new);
            }
        } else if within
            && !line.starts_with(['#', ';'])
            && let (Some(values), Some((key, value))) = (&mut found, line.split_once('='))
        {
            values.insert(key.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[default]\nregion = eu-central-1\n\n[profile ci]\n# why\nregion=eu-west-1\nendpoint_url = https://minio.acme\n[profile people]\nsso_session = acme\n";
    const CREDENTIALS: &str = "[default]\naws_access_key_id = A\naws_secret_access_key = hunter2\n[ci]\nAWS_ACCESS_KEY_ID=B\naws_secret_access_key=hunter3\n";

    #[test]
    fn profiles_are_read_from_both_files() {
        let ci = Profile::read(CONFIG, CREDENTIALS, "ci").unwrap();
        let value = |key: &str| ci.values.get(key).map(String::as_str);
        assert_eq!((value("region"), value("aws_access_key_id")), (Some("eu-west-1"), Some("B")));
        assert_eq!(ci.endpoint.as_deref(), Some("https://minio.acme"));
        assert!(!format!("{ci:?}").contains("hunter"));
        assert!(Profile::read(CONFIG, CREDENTIALS, "nobody").is_none());
        let builder = ci.apply(AmazonS3Builder::new());
        assert_eq!(builder.get_config_value(&AmazonS3ConfigKey::AccessKeyId).as_deref(), Some("B"));
    }

    #[test]
    fn credentials_of_another_kind_are_refused() {
        let people = Profile::read(CONFIG, CREDENTIALS, "people").unwrap();
        assert!(people.usable("people").unwrap_err().message.contains("sso_session"));
    }
}
