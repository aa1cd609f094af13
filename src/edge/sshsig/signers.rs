//! `allowed_signers`: whose key is whose, for what, and from when until when (ssh-keygen(1), ALLOWED SIGNERS).

use base64::Engine as _;
use state::Timestamp;

/// The keys of those who may sign.
#[derive(Clone, Debug, Default)]
pub struct AllowedSigners(Vec<Signer>);

/// One line.
#[derive(Clone, Debug)]
struct Signer {
    principals: String,
    namespaces: Option<Vec<String>>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
    key: Vec<u8>,
}

/// Why a key is not one of those who may sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("its key is not among the allowed signers")]
    Unknown,
    #[error("the key of {who} may not sign for {namespace:?}")]
    Namespace { who: String, namespace: String },
    #[error("the key of {who} is good only after {at}")]
    Early { who: String, at: Timestamp },
    #[error("the key of {who} was good only until {at}")]
    Late { who: String, at: Timestamp },
}

impl AllowedSigners {
    /// Reads such a file.
    ///
    /// # Errors
    /// The number of a line that is not understood, and why: a signer that is passed over might be one who was to be
    /// kept out.
    pub fn parse(text: &str) -> Result<AllowedSigners, (usize, String)> {
        let mut signers = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                signers.push(signer(line).map_err(|error| (number, error))?);
            }
        }
        Ok(AllowedSigners(signers))
    }

    /// Who signs with `key`, for `namespace`, at `now`: of several lines with the key the first that fits.
    ///
    /// # Errors
    /// Why nobody does.
    pub fn who(&self, key: &[u8], namespace: &str, now: Timestamp) -> Result<&str, Refused> {
        let mut refused = Refused::Unknown;
        for signer in self.0.iter().filter(|signer| signer.key == key) {
            let who = signer.principals.clone();
            if signer
                .namespaces
                .as_ref()
                .is_some_and(|names| !names.iter().any(|name| name == namespace || name == "*"))
            {
                refused = Refused::Namespace { who, namespace: namespace.to_owned() };
            } else if let Some(at) = signer.after.filter(|after| now < *after) {
                refused = Refused::Early { who, at };
            } else if let Some(at) = signer.before.filter(|before| now >= *before) {
                refused = Refused::Late { who, at };
            } else {
                return Ok(&signer.principals);
            }
        }
        Err(refused)
    }
}

fn signer(line: &str) -> Result<Signer, String> {
    let mut words = words(line)?.into_iter();
    let principals = words.next().ok_or("it is empty")?;
    if principals.contains(['*', '?', '!', ',']) {
        return Err(format!("{principals:?} names nobody: write one name, such as ada@acme.example"));
    }
    let mut signer = Signer { principals, namespaces: None, after: None, before: None, key: Vec::new() };
    let mut word = words.next().ok_or("it has no key")?;
    if !is_key_type(&word) {
        for option in split_options(&word) {
            signer.option(&option)?;
        }
        word = words.next().ok_or("it has no key")?;
    }
    if !is_key_type(&word) {
        return Err(format!("{word:?} is neither an option nor a kind of key"));
    }
    let key = words.next().ok_or("it has no key")?;
    signer.key =
        base64::engine::general_purpose::STANDARD.decode(key).map_err(|_| "its key is not base64".to_owned())?;
    let kind = super::wire::Reader(&signer.key).text();
    if kind != Some(word.as_str()) {
        return Err(format!("its key is not of the kind {word}"));
    }
    Ok(signer)
}

impl Signer {
    fn option(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let name = name.to_ascii_lowercase();
        let text = value.map(|value| value.trim_matches('"').to_owned());
        match (name.as_str(), text) {
            ("namespaces", Some(names)) => self.namespaces = Some(names.split(',').map(str::to_owned).collect()),
            ("valid-after", Some(at)) => self.after = Some(moment(&at)?),
            ("valid-before", Some(at)) => self.before = Some(moment(&at)?),
            ("cert-authority", None) => {
                return Err("certificates are not supported: name the keys themselves".to_owned());
            }
            _ => return Err(format!("the option {option:?} is not known")),
        }
        Ok(())
    }
}

fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-"].iter().any(|start| word.starts_with(start))
}

/// Words at white space; quotes hold together what is between them.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        quoted ^= character == '"';
        if character.is_whitespace() && !quoted {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words.retain(|word| !word.is_empty());
    if quoted { Err("a quotation mark is missing".to_owned()) } else { Ok(words) }
}

/// Options at commas outside of quotes.
fn split_options(word: &str) -> Vec<String> {
    let mut options = vec![String::new()];
    let mut quoted = false;
    for character in word.chars() {
        quoted ^= character == '"';
        if character == ',' && !quoted {
            options.push(String::new());
        } else if let Some(option) = options.last_mut() {
            option.push(character);
        }
    }
    options
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with or without a `Z`: UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let part =
        |from: usize, to: usize| digits.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let read = || {
        let (hour, minute, second) = match digits.len() {
            8 => ("00", "00", "00"),
            12 => (part(8, 10)?, part(10, 12)?, "00"),
            14 => (part(8, 10)?, part(10, 12)?, part(12, 14)?),
            _ => return None,
        };
        let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
        format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse::<Timestamp>().ok()
    };
    read().ok_or_else(|| format!("{text:?} is not a date such as 20261231 or 20261231235959Z"))
}
