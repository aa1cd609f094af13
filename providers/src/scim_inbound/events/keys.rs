//! The keys of an issuer: a JSON Web Key Set (RFC 7517), from a file or as it stands in the files. A key is for one
//! algorithm, so no token can choose another one for it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256};
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::Value;

use super::super::refusal::quoted;
use super::Rejection;
use super::token::{Algorithm, Token};
use crate::Mark;
use crate::directory::Problem;

/// Bytes of a file of keys, at most.
const LARGEST: u64 = 1 << 20;

/// Keys that tokens may be signed with.
#[derive(Clone, Debug, PartialEq)]
pub struct Keys(Vec<Key>);

#[derive(Clone, Debug, PartialEq)]
struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Clone, Debug, PartialEq)]
enum Public {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Uncompressed: 4, x, y.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Key {
    fn algorithm(&self) -> Algorithm {
        match self.public {
            Public::Rsa { .. } => Algorithm::Rs256,
            Public::P256(_) => Algorithm::Es256,
            Public::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    fn signed(&self, token: &Token<'_>) -> bool {
        let (signed, signature) = (token.signed.as_bytes(), token.signature.as_slice());
        let verified = match &self.public {
            Public::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            Public::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature),
            Public::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(signed, signature),
        };
        verified.is_ok()
    }
}

impl Keys {
    /// Reads a key set. Keys for other purposes and of other kinds are passed over.
    ///
    /// # Errors
    /// What is wrong with it, for people: also where a secret stands in it, which is nobody's to know here.
    pub fn read(set: &Value) -> Result<Keys, String> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or("`keys` must be a list of keys (RFC 7517)")?;
        let read: Vec<Option<Key>> = (1..)
            .zip(keys)
            .map(|(number, key)| self::key(key).map_err(|why| format!("key {number} {why}")))
            .collect::<Result<_, _>>()?;
        let usable: Vec<Key> = read.into_iter().flatten().collect();
        if usable.is_empty() {
            return Err("there is none for signatures by RS256, ES256 or EdDSA".to_owned());
        }
        Ok(Keys(usable))
    }

    /// Whether one of the keys signed it.
    ///
    /// # Errors
    /// `invalid_key` where none is the right one; `authentication_failed` where the signature is wrong.
    pub fn verify(&self, token: &Token<'_>) -> Result<(), Rejection> {
        let named: Vec<&Key> = match &token.key {
            Some(id) => self.0.iter().filter(|key| key.id.as_ref() == Some(id)).collect(),
            None => self.0.iter().collect(),
        };
        let unknown = |what: String| Err(Rejection::new("invalid_key", what));
        let mut fitting = named.iter().filter(|key| key.algorithm() == token.algorithm).peekable();
        match (&token.key, fitting.peek()) {
            (Some(id), None) if named.is_empty() => {
                return unknown(format!("the issuer's key {} is not known here", quoted(id)));
            }
            (Some(id), None) => return unknown(format!("the issuer's key {} is for another `alg`", quoted(id))),
            (None, None) => return unknown("no key of the issuer is for this `alg`".to_owned()),
            (_, Some(_)) => {}
        }
        match fitting.any(|key| key.signed(token)) {
            true => Ok(()),
            false => Err(Rejection::new("authentication_failed", "the signature of the token is wrong")),
        }
    }
}

/// None where it is for something else.
fn key(key: &Value) -> Result<Option<Key>, String> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let kind = text("kty").ok_or("has no `kty`")?;
    if kind == "oct" || ["d", "p", "q", "dp", "dq", "qi", "k"].iter().any(|secret| key.get(secret).is_some()) {
        return Err("is a secret: only public keys belong here".to_owned());
    }
    let bytes = |name: &str| {
        let bytes = text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok());
        bytes.ok_or_else(|| format!("has no `{name}` in base64url"))
    };
    let for_signatures = text("use").is_none_or(|purpose| purpose == "sig");
    let public = match (kind, text("crv")) {
        _ if !for_signatures => return Ok(None),
        ("RSA", _) => {
            let whole = |number: Vec<u8>| number.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
            let (n, e) = (whole(bytes("n")?), whole(bytes("e")?));
            if n.len() < 256 {
                return Err(format!("has {} bits: at least 2048 are needed", n.len() * 8));
            }
            Public::Rsa { n, e }
        }
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes("x")?, bytes("y")?);
            if x.len() != 32 || y.len() != 32 {
                return Err("is no point of P-256: `x` and `y` have 32 bytes each".to_owned());
            }
            Public::P256([&[4], x.as_slice(), y.as_slice()].concat())
        }
        ("OKP", Some("Ed25519")) => {
            let x = bytes("x")?;
            if x.len() != 32 {
                return Err("is no point of Ed25519: `x` has 32 bytes".to_owned());
            }
            Public::Ed25519(x)
        }
        _ => return Ok(None),
    };
    let key = Key { id: text("kid").map(str::to_owned), public };
    // A key that is for another algorithm is not used for this one.
    let fits = text("alg").is_none_or(|name| Algorithm::named(name) == Some(key.algorithm()));
    Ok(fits.then_some(key))
}

/// Keys that are read again when their file is another one.
#[derive(Debug)]
pub struct KeyFile {
    /// With the mark of the file that the keys were read from.
    file: Option<(PathBuf, Mark)>,
    keys: Keys,
}

impl KeyFile {
    /// # Errors
    /// Where the file cannot be read, or holds no keys.
    pub fn open(path: PathBuf) -> Result<KeyFile, Problem> {
        let mark = Mark::of(&path);
        let keys = read(&path)?;
        Ok(KeyFile { file: Some((path, mark)), keys })
    }

    pub fn fixed(keys: Keys) -> KeyFile {
        KeyFile { file: None, keys }
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Reads the file again where it is another one. What is wrong with it is told, once, and the keys from before stay.
    pub fn look(&mut self) -> Option<String> {
        let (path, mark) = self.file.as_mut()?;
        let now = Mark::of(path);
        if now == *mark {
            return None;
        }
        *mark = now;
        match read(path) {
            Ok(keys) => {
                self.keys = keys;
                Some(format!("the keys of events in {} were read anew", path.display()))
            }
            Err(problem) => {
                Some(format!("the keys of events stay as they were: {} ({})", problem.message, problem.hint))
            }
        }
    }
}

fn read(path: &Path) -> Result<Keys, Problem> {
    let hint = "`events_keys` leads to a JSON Web Key Set with the issuer's public keys";
    let wrong = |why: String| Problem::new(format!("{}: {why}", path.display()), hint);
    let metadata = path.metadata().map_err(|error| Problem::io("read", path, &error))?;
    if metadata.len() > LARGEST {
        return Err(wrong(format!("is larger than {LARGEST} bytes")));
    }
    let text = std::fs::read(path).map_err(|error| Problem::io("read", path, &error))?;
    let set: Value = serde_json::from_slice(&text).map_err(|error| wrong(format!("is no JSON: {error}")))?;
    Keys::read(&set).map_err(wrong)
}
