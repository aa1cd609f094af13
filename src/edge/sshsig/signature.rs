//! One signature: taken apart, and checked against what was signed.

use base64::Engine as _;
use ring::digest::{self, SHA256, SHA512};
use ring::signature::{self as algorithms, RsaPublicKeyComponents, UnparsedPublicKey};

use super::wire::{Reader, put, unsigned};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";
/// Whoever uses a security key touched it.
const TOUCHED: u8 = 1;

/// A signature, not checked yet.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The public key in SSH's own form: type, then its parts.
    pub key: Vec<u8>,
    pub namespace: String,
    hash: &'static digest::Algorithm,
    hash_name: String,
    algorithm: String,
    signature: Vec<u8>,
    /// What follows the signature of a security key: flags and counter.
    trailer: Vec<u8>,
}

/// Why a signature is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("it is not an SSH signature: {0}")]
    Format(&'static str),
    #[error("its kind of key, {0}, is not supported: sign with an ed25519, ecdsa or rsa key, not with a certificate")]
    Key(String),
    #[error("it does not fit what was signed: the file or the signature was changed")]
    Bad,
    #[error("it was made for {found:?}, not for {wanted:?}")]
    Namespace { found: String, wanted: &'static str },
}

/// The armoured signatures of a text that holds one or more.
pub fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(BEGIN) {
        let Some(length) = rest[start..].find(END) else { break };
        parts.push(&rest[start..start + length + END.len()]);
        rest = &rest[start + length + END.len()..];
    }
    parts
}

impl Signature {
    /// Takes an armoured signature apart.
    ///
    /// # Errors
    /// Where it is not one, of version 1.
    pub fn parse(armoured: &str) -> Result<Signature, Wrong> {
        let body = armoured.trim().strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END));
        let body: String = body.ok_or(Wrong::Format("its first or last line is missing"))?.split_whitespace().collect();
        let blob =
            base64::engine::general_purpose::STANDARD.decode(body).map_err(|_| Wrong::Format("it is not base64"))?;
        Signature::decode(&blob).ok_or(Wrong::Format("it is cut off, or of another version"))
    }

    fn decode(blob: &[u8]) -> Option<Signature> {
        let mut reader = Reader(blob.strip_prefix(MAGIC)?);
        if reader.number()? != 1 {
            return None;
        }
        let key = reader.string()?.to_vec();
        let namespace = reader.text()?.to_owned();
        // Reserved.
        reader.string()?;
        let hash_name = reader.text()?.to_owned();
        let hash = match hash_name.as_str() {
            "sha256" => &SHA256,
            "sha512" => &SHA512,
            _ => return None,
        };
        let mut inner = Reader(reader.string()?);
        let algorithm = inner.text()?.to_owned();
        let signature = inner.string()?.to_vec();
        let trailer = inner.0.to_vec();
        reader.is_empty().then_some(Signature { key, namespace, hash, hash_name, algorithm, signature, trailer })
    }

    /// Checks that this is a signature over `message` for `namespace`.
    ///
    /// # Errors
    /// Where it is not.
    pub fn verify(&self, message: &[u8], namespace: &'static str) -> Result<(), Wrong> {
        if self.namespace != namespace {
            return Err(Wrong::Namespace { found: self.namespace.clone(), wanted: namespace });
        }
        let mut signed = MAGIC.to_vec();
        put(&mut signed, namespace.as_bytes());
        put(&mut signed, b"");
        put(&mut signed, self.hash_name.as_bytes());
        put(&mut signed, digest::digest(self.hash, message).as_ref());
        let good = self.check(&signed).ok_or_else(|| Wrong::Key(self.key_type().to_owned()))?;
        if good { Ok(()) } else { Err(Wrong::Bad) }
    }

    /// The type of the key, as SSH calls it.
    pub fn key_type(&self) -> &str {
        Reader(&self.key).text().unwrap_or("unknown")
    }

    /// Whether the signature over `signed` is good; none for kinds of key that are not known.
    fn check(&self, signed: &[u8]) -> Option<bool> {
        let mut key = Reader(&self.key);
        let kind = key.text()?;
        let good = match kind {
            "ssh-ed25519" => self.is(kind) && verify(&algorithms::ED25519, key.string()?, signed, &self.signature),
            "sk-ssh-ed25519@openssh.com" => {
                let public = key.string()?;
                let signed = self.by_security_key(key.string()?, signed);
                self.is(kind)
                    && signed.is_some_and(|signed| verify(&algorithms::ED25519, public, &signed, &self.signature))
            }
            "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" => {
                key.string()?;
                self.is(kind) && ecdsa(kind, key.string()?, signed, &self.signature)
            }
            "sk-ecdsa-sha2-nistp256@openssh.com" => {
                key.string()?;
                let public = key.string()?;
                let signed = self.by_security_key(key.string()?, signed);
                self.is(kind)
                    && signed.is_some_and(|signed| ecdsa("ecdsa-sha2-nistp256", public, &signed, &self.signature))
            }
            "ssh-rsa" => {
                let (e, n) = (unsigned(key.string()?), unsigned(key.string()?));
                let parameters = match self.algorithm.as_str() {
                    "rsa-sha2-256" => &algorithms::RSA_PKCS1_2048_8192_SHA256,
                    "rsa-sha2-512" => &algorithms::RSA_PKCS1_2048_8192_SHA512,
                    // Signatures over SHA-1 are not safe.
                    _ => return Some(false),
                };
                RsaPublicKeyComponents { n, e }.verify(parameters, signed, &self.signature).is_ok()
            }
            _ => return None,
        };
        Some(good)
    }

    fn is(&self, algorithm: &str) -> bool {
        self.algorithm == algorithm
    }

    /// What a security key signs (OpenSSH's PROTOCOL.u2f): hashes of application and message around flags and counter;
    /// none where nobody touched it.
    fn by_security_key(&self, application: &[u8], signed: &[u8]) -> Option<Vec<u8>> {
        let flags = *self.trailer.first().filter(|_| self.trailer.len() == 5)?;
        let mut message = digest::digest(&SHA256, application).as_ref().to_vec();
        message.extend_from_slice(&self.trailer);
        message.extend_from_slice(digest::digest(&SHA256, signed).as_ref());
        (flags & TOUCHED != 0).then_some(message)
    }
}

fn verify(
    algorithm: &'static dyn algorithms::VerificationAlgorithm,
    key: &[u8],
    signed: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key).verify(signed, signature).is_ok()
}

/// SSH writes the two numbers of such a signature one after the other as `mpint` (RFC 5656 section 3.1.2).
fn ecdsa(kind: &str, key: &[u8], signed: &[u8], signature: &[u8]) -> bool {
    let (algorithm, size): (&'static dyn algorithms::VerificationAlgorithm, usize) = match kind {
        "ecdsa-sha2-nistp256" => (&algorithms::ECDSA_P256_SHA256_FIXED, 32),
        _ => (&algorithms::ECDSA_P384_SHA384_FIXED, 48),
    };
    let mut reader = Reader(signature);
    let mut fixed = Vec::with_capacity(2 * size);
    for _ in 0..2 {
        let Some(number) = reader.string().map(unsigned).filter(|number| number.len() <= size) else { return false };
        fixed.resize(fixed.len() + size - number.len(), 0);
        fixed.extend_from_slice(number);
    }
    reader.is_empty() && verify(algorithm, key, signed, &fixed)
}
