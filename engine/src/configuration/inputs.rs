//! What an evaluation takes from outside, remembered: asked once, answered alike ever after, and digested.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use rustc_hash::FxHashMap;
use sha2::Sha256;
use state::Digest;

use super::Sources;

/// Sources that anyone may share.
pub type SharedSources = Arc<dyn Sources + Send + Sync>;

/// Asks [`Sources`] at most once for each thing and digests the answers.
pub(super) struct Inputs {
    sources: SharedSources,
    /// Key of the HMACs that stand for environment variables and the output of commands.
    key: OnceLock<Vec<u8>>,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    digests: BTreeMap<String, Digest>,
    /// Secret inputs: only their HMACs go out.
    secrets: BTreeMap<String, Arc<str>>,
    bytes: FxHashMap<String, Result<Arc<[u8]>, String>>,
    texts: FxHashMap<String, Result<Arc<str>, String>>,
    lists: FxHashMap<String, Result<Arc<[String]>, String>>,
    environment: FxHashMap<String, Result<Option<Arc<str>>, String>>,
    commands: FxHashMap<Vec<String>, Result<Arc<str>, String>>,
}

impl Inputs {
    pub(super) fn new(sources: SharedSources) -> Inputs {
        Inputs { sources, key: OnceLock::new(), asked: Mutex::default() }
    }

    /// Sets the key of the HMACs; the first one stands.
    pub(super) fn set_key(&self, key: &[u8]) {
        let _ = self.key.set(key.to_vec());
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Digests of everything that was asked so far, by name.
    pub(super) fn digests(&self) -> BTreeMap<String, Digest> {
        let asked = self.asked();
        let secrets = asked.secrets.iter().map(|(name, text)| (name.clone(), self.hmac(text.as_bytes())));
        asked.digests.clone().into_iter().chain(secrets).collect()
    }

    /// Adds an input that did not come through [`Sources`].
    pub(super) fn add(&self, name: String, bytes: &[u8]) {
        self.asked().digests.insert(name, Digest::of(bytes));
    }

    /// Adds a secret input: only its HMAC is kept.
    pub(super) fn add_secret(&self, name: String, text: &str) {
        self.asked().secrets.insert(name, Arc::from(text));
    }

    fn hmac(&self, bytes: &[u8]) -> Digest {
        // HMAC takes keys of any length; were it to refuse one, no digest would still be better than a plain one.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.get().map_or(&[], Vec::as_slice)) else {
            return Digest::ZERO;
        };
        mac.update(bytes);
        let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        digits.parse().unwrap_or(Digest::ZERO)
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, path: &str) -> Result<Arc<[u8]>, String> {
        let mut asked = self.asked();
        if let Some(answer) = asked.bytes.get(path) {
            return answer.clone();
        }
        let answer = self.sources.read(path).map(Arc::<[u8]>::from);
        if let Ok(bytes) = &answer {
            asked.digests.insert(path.to_owned(), Digest::of(bytes));
        }
        asked.bytes.insert(path.to_owned(), answer.clone());
        answer
    }

    /// The text of a file, without a byte order mark.
    pub(super) fn text(&self, path: &str) -> Result<Arc<str>, String> {
        if let Some(answer) = self.asked().texts.get(path) {
            return answer.clone();
        }
        let answer = self.bytes(path).and_then(|bytes| match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text))),
            Err(error) => Err(format!("{path} is not UTF-8 (at byte {})", error.valid_up_to())),
        });
        self.asked().texts.insert(path.to_owned(), answer.clone());
        answer
    }

    /// Paths of the files below a folder.
    pub(super) fn list(&self, folder: &str) -> Result<Arc<[String]>, String> {
        let mut asked = self.asked();
        if let Some(answer) = asked.lists.get(folder) {
            return answer.clone();
        }
        let answer = self.sources.list(folder).map(Arc::<[String]>::from);
        if let Ok(paths) = &answer {
            asked.digests.insert(format!("fileset.{folder}"), Digest::of(paths.join("\n").as_bytes()));
        }
        asked.lists.insert(folder.to_owned(), answer.clone());
        answer
    }

    /// Whether secrets that are not to be had are unknown.
    pub(super) fn offline(&self) -> bool {
        self.sources.offline()
    }

    /// An environment variable.
    pub(super) fn environment(&self, name: &str) -> Result<Option<Arc<str>>, String> {
        let mut asked = self.asked();
        if let Some(answer) = asked.environment.get(name) {
            return answer.clone();
        }
        let answer = self.sources.environment(name).map(|value| value.map(Arc::<str>::from));
        if let Ok(value) = &answer {
            asked.secrets.insert(format!("env.{name}"), value.clone().unwrap_or_default());
        }
        asked.environment.insert(name.to_owned(), answer.clone());
        answer
    }

    /// What a program prints, without the line end behind it.
    pub(super) fn command(&self, arguments: &[String]) -> Result<Arc<str>, String> {
        let mut asked = self.asked();
        if let Some(answer) = asked.commands.get(arguments) {
            return answer.clone();
        }
        let answer = self.sources.command(arguments).map(|text| Arc::<str>::from(text.trim_end_matches(['\r', '\n'])));
        if let Ok(text) = &answer {
            asked.secrets.insert(format!("command.{}", arguments.join(" ")), Arc::clone(text));
        }
        asked.commands.insert(arguments.to_vec(), answer.clone());
        answer
    }
}
