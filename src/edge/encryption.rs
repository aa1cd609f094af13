//! Plan files for somebody's eyes only: encrypted with age (<https://age-encryption.org/v1>) to X25519 recipients, as
//! `age-keygen` makes them.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::x25519;

use super::Failure;

/// How every encrypted file begins.
const MAGIC: &[u8] = b"age-encryption.org/";
/// No file of keys is longer.
const LARGEST: u64 = 1 << 20;
const SECRET: &str = "AGE-SECRET-KEY-";

/// Whether these are the bytes of an encrypted file.
pub fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// To whom something is encrypted.
pub struct Recipients(Vec<x25519::Recipient>);

impl Recipients {
    /// Reads a file with a recipient a line; empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// Where it cannot be read, names nobody, or a line is no recipient (a secret key is not repeated).
    pub fn read(path: &Path) -> Result<Recipients, Failure> {
        let shown = path.display();
        let text = read_text(path).map_err(|error| {
            Failure::new(format!("cannot read the recipients {shown}: {error}"))
                .hint("--encrypt-to names a file with a recipient (age1...) on each line")
        })?;
        let mut found = Vec::new();
        for (number, line) in lines(&text) {
            let at = format!("{shown}:{number}");
            if line.to_ascii_uppercase().starts_with(SECRET) {
                return Err(Failure::new(format!("{at}: this is a secret key, not a recipient")).hint(
                    "put the public half there (`age-keygen -y`); where others can read this file, make a new key",
                ));
            }
            found.push(x25519::Recipient::from_str(line).map_err(|why| {
                let failure = Failure::new(format!("{at}: `{}` is not a recipient: {why}", short(line)));
                if line.starts_with("ssh-") {
                    failure.hint("keys of SSH are not taken: `age-keygen` makes one, and says its recipient")
                } else {
                    failure.hint("a recipient begins with age1: `age-keygen` makes a key, and says its recipient")
                }
            })?);
        }
        if found.is_empty() {
            return Err(Failure::new(format!("{shown} names no recipient"))
                .hint("it has a recipient (age1...) on each line: `age-keygen` makes a key, and says its recipient"));
        }
        Ok(Recipients(found))
    }

    /// What is written into this is encrypted to them; [`age::stream::StreamWriter::finish`] ends it.
    ///
    /// # Errors
    /// Where `to` cannot be written.
    pub fn encrypt<W: Write>(&self, to: W) -> std::io::Result<age::stream::StreamWriter<W>> {
        let recipients = self.0.iter().map(|recipient| recipient as &dyn age::Recipient);
        age::Encryptor::with_recipients(recipients).map_err(std::io::Error::other)?.wrap_output(to)
    }
}

/// Who somebody is: secret keys, never shown.
pub struct Identities {
    keys: Vec<x25519::Identity>,
    path: PathBuf,
}

impl Identities {
    /// Reads a file as `age-keygen` writes it; `-` is standard input.
    ///
    /// # Errors
    /// Where it cannot be read, has no key, or a line is none. Nothing of what stands there is repeated.
    pub fn read(path: &Path) -> Result<Identities, Failure> {
        let shown = path.display();
        let hint = "--identity names a file as `age-keygen` writes it, or - for standard input";
        let text = read_text(path)
            .map_err(|error| Failure::new(format!("cannot read the identity {shown}: {error}")).hint(hint))?;
        let mut keys = Vec::new();
        for (number, line) in lines(&text) {
            let wrong = |what: &str| Failure::new(format!("{shown}:{number}: {what}")).hint(hint);
            if line.starts_with("age1") {
                return Err(wrong("this is a recipient, the public half of a key"));
            }
            keys.push(x25519::Identity::from_str(line).map_err(|_| wrong("this is not a secret key of age"))?);
        }
        if keys.is_empty() {
            return Err(Failure::new(format!("{shown} has no key")).hint(hint));
        }
        Ok(Identities { keys, path: path.to_owned() })
    }

    /// What was encrypted to one of them.
    ///
    /// # Errors
    /// Where it was not, or was changed or cut since. `name` is what the message calls it.
    pub fn decrypt(&self, bytes: &[u8], name: &str) -> Result<Vec<u8>, Failure> {
        use age::DecryptError as Error;
        // Which byte, and whether one was changed or cut away, cannot be told.
        let broken =
            || Failure::new(format!("{name} was changed or cut after it was encrypted")).hint("get it once more");
        let refused = |error: Error| match error {
            Error::NoMatchingKeys => Failure::new(format!(
                "{name} is encrypted to somebody else: no key in {} opens it",
                self.path.display()
            ))
            .hint("use the key of one of the recipients that `--encrypt-to` named, or make it again for this one"),
            Error::UnknownFormat => {
                Failure::new(format!("{name} is encrypted in a form that this tenure does not know"))
                    .hint("use the same tenure for plan and apply")
            }
            _ => broken(),
        };
        let decryptor = age::Decryptor::new(bytes).map_err(refused)?;
        if decryptor.is_scrypt() {
            return Err(Failure::new(format!("{name} is encrypted with a passphrase"))
                .hint("tenure takes keys: `tenure plan --out FILE --encrypt-to RECIPIENTS`"));
        }
        let keys = self.keys.iter().map(|key| key as &dyn age::Identity);
        let mut reader = decryptor.decrypt(keys).map_err(refused)?;
        let mut whole = Vec::with_capacity(bytes.len());
        reader.read_to_end(&mut whole).map_err(|_| broken())?;
        Ok(whole)
    }
}

fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let bound = |from: &mut dyn Read, to: &mut String| from.take(LARGEST).read_to_string(to);
    if path == Path::new("-") {
        bound(&mut std::io::stdin().lock(), &mut text)?;
    } else {
        bound(&mut std::fs::File::open(path)?, &mut text)?;
    }
    Ok(text)
}

/// Lines that say something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The beginning of a line that was not understood.
fn short(line: &str) -> String {
    let mut text: String = line.chars().take(24).collect();
    if text.len() < line.len() {
        text.push_str("...");
    }
    crate::render::text::clean(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use age::secrecy::ExposeSecret as _;
    use proptest::prelude::*;

    struct Key {
        recipient: String,
        secret: String,
    }

    fn key() -> Key {
        let identity = x25519::Identity::generate();
        Key { recipient: identity.to_public().to_string(), secret: identity.to_string().expose_secret().to_owned() }
    }

    fn encrypted(text: &[u8], recipients: &Recipients) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = recipients.encrypt(&mut bytes).unwrap();
        writer.write_all(text).unwrap();
        writer.finish().unwrap();
        bytes
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn recipients(text: &str) -> Result<Recipients, String> {
        let (_folder, path) = file(text);
        Recipients::read(&path).map_err(|failure| failure.message.replace(path.to_str().unwrap(), "keys"))
    }

    fn identities(text: &str) -> Result<Identities, String> {
        let (_folder, path) = file(text);
        Identities::read(&path).map_err(|failure| failure.message.replace(path.to_str().unwrap(), "keys"))
    }

    #[test]
    fn each_recipient_can_read_it_and_nobody_else() {
        let (ada, bob, eve) = (key(), key(), key());
        let both = recipients(&format!("# the pipelines\n{}\n\n  {}\r\n", ada.recipient, bob.recipient)).unwrap();
        let bytes = encrypted(b"a plan", &both);
        assert!(is_encrypted(&bytes) && !bytes.windows(6).any(|window| window == b"a plan"));
        for who in [&ada, &bob] {
            let own = identities(&format!("# created: today\n{}\n", who.secret)).unwrap();
            assert_eq!(own.decrypt(&bytes, "it").unwrap(), b"a plan");
        }
        let several = identities(&format!("{}\n{}\n", eve.secret, bob.secret)).unwrap();
        assert_eq!(several.decrypt(&bytes, "it").unwrap(), b"a plan");
        let said = identities(&eve.secret).unwrap().decrypt(&bytes, "it").unwrap_err().message;
        assert!(said.starts_with("it is encrypted to somebody else"), "{said}");
    }

    #[test]
    fn files_of_keys_that_are_wrong() {
        let (own, other) = (key(), key());
        let said = |text: &str| recipients(text).err().unwrap();
        insta::assert_snapshot!(said(""), @"keys names no recipient");
        insta::assert_snapshot!(said("# nobody\n"), @"keys names no recipient");
        insta::assert_snapshot!(said("age1qqqq\n"), @"keys:1: `age1qqqq` is not a recipient: invalid Bech32 encoding");
        insta::assert_snapshot!(said("\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI ada@acme.example\n"), @"keys:2: `ssh-ed25519 AAAAC3NzaC1l...` is not a recipient: invalid Bech32 encoding");
        let secret = said(&format!("{}\n{}\n", other.recipient, own.secret));
        assert_eq!(secret, "keys:2: this is a secret key, not a recipient");

        let said = |text: &str| identities(text).err().unwrap();
        insta::assert_snapshot!(said("# created\n"), @"keys has no key");
        insta::assert_snapshot!(said(&own.recipient), @"keys:1: this is a recipient, the public half of a key");
        insta::assert_snapshot!(said(&own.secret[..own.secret.len() - 4]), @"keys:1: this is not a secret key of age");
        assert!(Identities::read(Path::new("/no/such/file")).is_err() && Recipients::read(Path::new("/tmp")).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        /// Whatever is done to an encrypted file, it is refused or says what it said.
        #[test]
        fn no_byte_can_be_changed_unseen(at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<prop::sample::Index>()) {
            let own = key();
            let text: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
            let bytes = encrypted(&text, &recipients(&own.recipient).unwrap());
            let identities = identities(&own.secret).unwrap();
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] ^= 1 << bit;
            prop_assert!(identities.decrypt(&changed, "it").is_err());
            prop_assert!(identities.decrypt(&bytes[..cut.index(bytes.len())], "it").is_err());
            prop_assert_eq!(identities.decrypt(&bytes, "it").unwrap(), text);
        }
    }
}
