//! Keys of people, and what they sign.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, SHA512, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

/// A folder outside of every configuration, with keys and the list of those who may sign.
pub struct Keys(tempfile::TempDir);

impl Keys {
    pub fn new() -> Keys {
        let keys = Keys(tempfile::tempdir().unwrap());
        keys.write_signers("");
        keys
    }

    /// The list.
    pub fn signers(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap().join("allowed_signers")
    }

    pub fn write_signers(&self, text: &str) {
        std::fs::write(self.signers(), text).unwrap();
    }

    /// A line each: who, options, and whose key it is; the key is there already, or of the kind ed25519.
    pub fn allow(&self, lines: &[(&str, &str, &str)]) {
        let line =
            |(who, options, key): &(&str, &str, &str)| format!("{who} {options} {}\n", self.public(key, &["ed25519"]));
        self.write_signers(&lines.iter().map(line).collect::<String>());
    }

    /// Somebody's public key; made where there is none yet.
    pub fn public(&self, name: &str, kind: &[&str]) -> String {
        let path = self.0.path().join(name);
        if !path.exists() {
            let arguments = [&["-q", "-N", "", "-C", name, "-f", name, "-t"], kind].concat();
            assert!(self.keygen(&arguments).status().unwrap().success(), "ssh-keygen {arguments:?}");
        }
        std::fs::read_to_string(path.with_extension("pub")).unwrap().trim().to_owned()
    }

    /// `ssh-keygen -Y sign` over these bytes.
    pub fn sign(&self, name: &str, kind: &[&str], namespace: &str, bytes: &[u8]) -> String {
        self.public(name, kind);
        let message = self.0.path().join("message");
        std::fs::write(&message, bytes).unwrap();
        let _ = std::fs::remove_file(message.with_extension("sig"));
        let done = self.keygen(&["-q", "-Y", "sign", "-n", namespace, "-f", name, "message"]).status().unwrap();
        assert!(done.success());
        std::fs::read_to_string(message.with_extension("sig")).unwrap()
    }

    /// Whether `ssh-keygen -Y verify` takes a signature of somebody on the list.
    pub fn ssh_keygen_takes(&self, who: &str, bytes: &[u8], signature: &str) -> bool {
        let path = |name: &str| self.0.path().join(name);
        std::fs::write(path("message"), bytes).unwrap();
        std::fs::write(path("signature"), signature).unwrap();
        let arguments = ["-Y", "verify", "-n", "tenure", "-f", "allowed_signers", "-I", who, "-s", "signature"];
        let message = std::fs::File::open(path("message")).unwrap();
        self.keygen(&arguments).stdin(message).status().unwrap().success()
    }

    fn keygen(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("ssh-keygen");
        let folder: &Path = self.0.path();
        command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// A security key without its hardware: it signs by the rules of OpenSSH's PROTOCOL.u2f.
pub enum SecurityKey {
    Ed25519(Box<Ed25519KeyPair>),
    P256(Box<EcdsaKeyPair>),
}

const APPLICATION: &str = "ssh:";

impl SecurityKey {
    pub fn ed25519() -> SecurityKey {
        let secret = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        SecurityKey::Ed25519(Box::new(Ed25519KeyPair::from_pkcs8(secret.as_ref()).unwrap()))
    }

    pub fn p256() -> SecurityKey {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let secret = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        SecurityKey::P256(Box::new(EcdsaKeyPair::from_pkcs8(algorithm, secret.as_ref(), &random).unwrap()))
    }

    fn kind(&self) -> &'static str {
        match self {
            SecurityKey::Ed25519(_) => "sk-ssh-ed25519@openssh.com",
            SecurityKey::P256(_) => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    fn blob(&self) -> Vec<u8> {
        match self {
            SecurityKey::Ed25519(key) => {
                strings(&[self.kind().as_bytes(), key.public_key().as_ref(), APPLICATION.as_bytes()])
            }
            SecurityKey::P256(key) => {
                strings(&[self.kind().as_bytes(), b"nistp256", key.public_key().as_ref(), APPLICATION.as_bytes()])
            }
        }
    }

    /// As it stands in a list of those who may sign.
    pub fn public(&self) -> String {
        format!("{} {}", self.kind(), STANDARD.encode(self.blob()))
    }

    /// An armoured signature (OpenSSH's PROTOCOL.sshsig) over these bytes; `touched` is what the hardware says.
    pub fn sign(&self, namespace: &str, bytes: &[u8], touched: bool) -> String {
        let hashed = digest(&SHA512, bytes);
        let signed = [b"SSHSIG", &strings(&[namespace.as_bytes(), b"", b"sha512", hashed.as_ref()])[..]].concat();
        // Flags, and how often it has signed.
        let trailer = [u8::from(touched), 0, 0, 0, 7];
        let (application, hashed) = (digest(&SHA256, APPLICATION.as_bytes()), digest(&SHA256, &signed));
        let message = [application.as_ref(), &trailer, hashed.as_ref()].concat();
        let signature = match self {
            SecurityKey::Ed25519(key) => key.sign(&message).as_ref().to_vec(),
            SecurityKey::P256(key) => {
                let fixed = key.sign(&SystemRandom::new(), &message).unwrap();
                let (r, s) = fixed.as_ref().split_at(32);
                strings(&[&number(r), &number(s)])
            }
        };
        let signature = [&strings(&[self.kind().as_bytes(), &signature])[..], &trailer].concat();
        let parts = strings(&[&self.blob(), namespace.as_bytes(), b"", b"sha512", &signature]);
        let blob = [b"SSHSIG", &1u32.to_be_bytes()[..], &parts].concat();
        let body = STANDARD.encode(blob);
        let lines: Vec<&str> = body.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
    }
}

/// Strings of SSH (RFC 4251 section 5): each behind its length.
fn strings(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u32).to_be_bytes()[..], part].concat()).collect()
}

/// A number without leading zeros, which is not to look negative.
fn number(bytes: &[u8]) -> Vec<u8> {
    let from = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let zero: &[u8] = if bytes.get(from).is_some_and(|byte| byte & 0x80 != 0) { &[0] } else { &[] };
    [zero, &bytes[from..]].concat()
}
