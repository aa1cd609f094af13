//! What an evaluation takes from outside, remembered: asked once, answered alike ever after, and digested where
//! anything rests on it but the credentials of systems.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use rustc_hash::FxHashMap;
use sha2::Sha256;
use state::Digest;

use super::Sources;
use super::world::Run;

/// Sources that anyone may share.
pub type SharedSources = Arc<dyn Sources + Send + Sync>;

/// Asks [`Sources`] at most once for each thing and digests the answers. Whoever asks hands in the evaluation that it asks
/// for: that knows whether a decision or a credential rests on the answer ([`Run::uses`]).
pub(super) struct Inputs {
    sources: SharedSources,
    /// Key of the HMACs that stand for environment variables and the output of commands.
    key: OnceLock<Vec<u8>>,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    /// By name: several where names coincide, as of a file of the configuration that is read by `file` too.
    answers: BTreeMap<String, Vec<Arc<Answer>>>,
    bytes: Answers<String, Arc<[u8]>>,
    texts: FxHashMap<String, Result<Arc<str>, String>>,
    lists: Answers<String, Arc<[String]>>,
    environment: Answers<String, Option<Arc<str>>>,
    commands: Answers<Vec<String>, Arc<str>>,
}

/// Answers by what was asked.
type Answers<K, T> = FxHashMap<K, Result<(T, Arc<Answer>), String>>;

/// One answer.
pub(super) struct Answer {
    content: Content,
    /// Whether anything rests on it but the credentials of systems: only then is it part of a plan's digest.
    decides: AtomicBool,
}

enum Content {
    Plain(Digest),
    /// Only its HMAC goes out.
    Secret(Arc<str>),
}

impl Answer {
    fn plain(bytes: &[u8]) -> Answer {
        Answer { content: Content::Plain(Digest::of(bytes)), decides: AtomicBool::new(false) }
    }

    fn secret(text: Arc<str>) -> Answer {
        Answer { content: Content::Secret(text), decides: AtomicBool::new(false) }
    }

    /// Something rests on it that is no credential.
    pub(super) fn decide(&self) {
        if !self.decides() {
            self.decides.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn decides(&self) -> bool {
        self.decides.load(Ordering::Relaxed)
    }
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

    /// Digests of everything that was asked so far and that decides something, by name.
    pub(super) fn digests(&self) -> BTreeMap<String, Digest> {
        let digest = |answer: &Arc<Answer>| match &answer.content {
            Content::Plain(digest) => *digest,
            Content::Secret(text) => self.hmac(text.as_bytes()),
        };
        let of_all = |answers: &Vec<Arc<Answer>>| {
            let mut digests: Vec<Digest> = answers.iter().filter(|answer| answer.decides()).map(digest).collect();
            digests.sort_unstable();
            digests.dedup();
            match digests[..] {
                [] => None,
                [one] => Some(one),
                _ => Some(Digest::of(digests.iter().map(Digest::to_string).collect::<String>().as_bytes())),
            }
        };
        self.asked().answers.iter().filter_map(|(name, answers)| Some((name.clone(), of_all(answers)?))).collect()
    }

    /// Adds an input that did not come through [`Sources`], and that counts whatever it is used for.
    pub(super) fn add(&self, name: String, bytes: &[u8]) -> Arc<Answer> {
        let answer = Arc::new(Answer::plain(bytes));
        answer.decide();
        self.asked().keep(name, answer)
    }

    /// Adds a secret input.
    pub(super) fn add_secret(&self, name: String, text: &str) -> Arc<Answer> {
        self.asked().keep(name, Arc::new(Answer::secret(Arc::from(text))))
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

    /// The answer to `question`: the one that was given before, else what `ask` comes to, kept under `name`.
    fn answer<K: Eq + Hash, T: Clone>(
        &self,
        run: &Run,
        table: impl Fn(&mut Asked) -> &mut Answers<K, T>,
        question: K,
        name: impl FnOnce(&K) -> String,
        ask: impl FnOnce(&K) -> Result<(T, Answer), String>,
    ) -> Result<T, String> {
        let mut asked = self.asked();
        let known = table(&mut asked).get(&question).cloned();
        let answer = known.unwrap_or_else(|| {
            let answer = ask(&question).map(|(value, answer)| (value, asked.keep(name(&question), Arc::new(answer))));
            table(&mut asked).insert(question, answer.clone());
            answer
        });
        drop(asked);
        answer.map(|(value, answer)| {
            run.uses(&answer);
            value
        })
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, run: &Run, path: &str) -> Result<Arc<[u8]>, String> {
        let read = |path: &String| {
            let bytes = self.sources.read(path).map(Arc::<[u8]>::from)?;
            let answer = Answer::plain(&bytes);
            Ok((bytes, answer))
        };
        self.answer(run, |asked| &mut asked.bytes, path.to_owned(), String::clone, read)
    }

    /// The text of a file, without a byte order mark.
    pub(super) fn text(&self, run: &Run, path: &str) -> Result<Arc<str>, String> {
        let bytes = self.bytes(run, path)?;
        if let Some(text) = self.asked().texts.get(path) {
            return text.clone();
        }
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text))),
            Err(error) => Err(format!("{path} is not UTF-8 (at byte {})", error.valid_up_to())),
        };
        self.asked().texts.insert(path.to_owned(), text.clone());
        text
    }

    /// Paths of the files below a folder.
    pub(super) fn list(&self, run: &Run, folder: &str) -> Result<Arc<[String]>, String> {
        let list = |folder: &String| {
            let paths = self.sources.list(folder).map(Arc::<[String]>::from)?;
            let answer = Answer::plain(paths.join("\n").as_bytes());
            Ok((paths, answer))
        };
        self.answer(run, |asked| &mut asked.lists, folder.to_owned(), |folder| format!("fileset.{folder}"), list)
    }

    /// Whether secrets that are not to be had are unknown.
    pub(super) fn offline(&self) -> bool {
        self.sources.offline()
    }

    /// Whether this setting may be without a value.
    pub(super) fn may_lack(&self, provider: &str, setting: &str) -> bool {
        self.sources.may_lack(provider, setting)
    }

    /// An environment variable.
    pub(super) fn environment(&self, run: &Run, name: &str) -> Result<Option<Arc<str>>, String> {
        let look = |name: &String| {
            let value = self.sources.environment(name)?.map(Arc::<str>::from);
            let answer = Answer::secret(value.clone().unwrap_or_default());
            Ok((value, answer))
        };
        self.answer(run, |asked| &mut asked.environment, name.to_owned(), |name| format!("env.{name}"), look)
    }

    /// What a program prints, without the line end behind it.
    pub(super) fn command(&self, run: &Run, arguments: &[String]) -> Result<Arc<str>, String> {
        let start = |arguments: &Vec<String>| {
            let text = self.sources.command(arguments)?;
            let text = Arc::<str>::from(text.trim_end_matches(['\r', '\n']));
            Ok((text.clone(), Answer::secret(text)))
        };
        let name = |arguments: &Vec<String>| format!("command.{}", arguments.join(" "));
        self.answer(run, |asked| &mut asked.commands, arguments.to_vec(), name, start)
    }
}

impl Asked {
    fn keep(&mut self, name: String, answer: Arc<Answer>) -> Arc<Answer> {
        self.answers.entry(name).or_default().push(Arc::clone(&answer));
        answer
    }
}
