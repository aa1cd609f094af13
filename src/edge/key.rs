//! The key with which secrets leave an HMAC in plans and records, so that a change of a secret is seen and the secret
//! itself is not.

use std::io;
use std::path::Path;

use super::Failure;
use super::filesystem::write_new;

/// The variable that holds a key where no file does.
pub const KEY: &str = "TENURE_STATE_KEY";

/// A key of 32 random bytes; shows nothing of itself.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

impl SecretKey {
    /// The 32 bytes, for whoever computes HMACs.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Makes a key and keeps it at `path`, as 64 hex digits with mode 0600, unless there is one: that stays.
    ///
    /// # Errors
    /// Where it cannot be written, or the operating system gives no random numbers.
    pub fn create(path: &Path) -> Result<(), Failure> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| Failure::new(format!("the operating system gives no random numbers: {error}")))?;
        let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push('\n');
        match write_new(path, text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => SecretKey::read(path).map(|_| ()),
            other => other.map_err(|error| Failure::new(format!("cannot create the key {}: {error}", path.display()))),
        }
    }

    /// The key that the environment holds (`TENURE_STATE_KEY`), for hosts that share a record and no files.
    ///
    /// # Errors
    /// Where that is not a key.
    pub fn given() -> Result<Option<SecretKey>, Failure> {
        let Some(text) = std::env::var(KEY).ok().filter(|text| !text.is_empty()) else { return Ok(None) };
        let key = text.trim().parse::<state::Digest>();
        key.map(|key| Some(SecretKey(*key.as_bytes()))).map_err(|_| {
            Failure::new(format!("{KEY} is not a key: a key is 64 lower-case hex digits"))
                .hint("it holds what stands in the key file that `tenure init` made")
        })
    }

    /// Reads the key at `path`: only once a secret is to be compared.
    ///
    /// # Errors
    /// Where it is missing or not a key.
    pub fn read(path: &Path) -> Result<SecretKey, Failure> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(format!("cannot read the key {shown}, with which secrets are compared: {error}")).hint(
                "it was made by `tenure init`, beside the state file; put it back from a backup. Only where it is lost, \
                 `tenure init` makes a new one: then every secret looks changed once",
            )
        })?;
        let key = text.trim_end().parse::<state::Digest>();
        key.map(|key| SecretKey(*key.as_bytes()))
            .map_err(|_| Failure::new(format!("{shown} is not a key: a key is 64 lower-case hex digits")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_tells_secrets_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.tenure.key");
        let missing = SecretKey::read(&path).unwrap_err();
        assert!(missing.message.contains("cannot read the key"), "{missing}");
        SecretKey::create(&path).unwrap();
        let made = std::fs::read(&path).unwrap();
        SecretKey::create(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), made);
        let key = SecretKey::read(&path).unwrap();
        assert_eq!(key.bytes().len(), 32);
        assert_eq!(format!("{key:?}"), "SecretKey");
        std::fs::write(&path, "short").unwrap();
        assert!(SecretKey::create(&path).is_err());
    }
}
