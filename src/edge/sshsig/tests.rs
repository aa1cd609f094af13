//! Against signatures that the real `ssh-keygen` makes.

use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

fn keygen(folder: &Path, arguments: &[&str]) {
    let done = Command::new("ssh-keygen")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(done.expect("ssh-keygen is needed: install openssh-client").success(), "ssh-keygen {arguments:?}");
}

/// A key of this kind, and its signature over `message`.
fn signed(folder: &Path, kind: &[&str], message: &[u8], namespace: &str) -> (String, String) {
    let name = format!("key-{}", kind.join(""));
    if !folder.join(&name).exists() {
        keygen(folder, &[&["-q", "-N", "", "-C", "ada", "-f", &name, "-t"], kind].concat());
    }
    std::fs::write(folder.join("message"), message).unwrap();
    let _ = std::fs::remove_file(folder.join("message.sig"));
    keygen(folder, &["-q", "-Y", "sign", "-n", namespace, "-f", &name, "message"]);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    (read(&format!("{name}.pub")), read("message.sig"))
}

#[test]
fn signatures_of_ssh_keygen_are_good_and_altered_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [&["ed25519"][..], &["ecdsa", "-b", "256"], &["ecdsa", "-b", "384"], &["rsa", "-b", "2048"]] {
        let (_, text) = signed(folder.path(), kind, b"message", NAMESPACE);
        let signature = Signature::parse(&text).unwrap();
        assert_eq!(signature.verify(b"message", NAMESPACE), Ok(()), "{kind:?}");
        assert_eq!(signature.verify(b"messagf", NAMESPACE), Err(Wrong::Bad), "{kind:?}");
        assert_eq!(signature.verify(b"", NAMESPACE), Err(Wrong::Bad), "{kind:?}");
        let (_, other) = signed(folder.path(), kind, b"message", "git");
        let found = Signature::parse(&other).unwrap().verify(b"message", NAMESPACE);
        assert_eq!(found, Err(Wrong::Namespace { found: "git".into(), wanted: NAMESPACE }), "{kind:?}");
    }
}

#[test]
fn no_byte_of_a_signature_can_be_altered() {
    let folder = tempfile::tempdir().unwrap();
    let (public, text) = signed(folder.path(), &["ed25519"], b"message", NAMESPACE);
    let signers = AllowedSigners::parse(&format!("ada {public}")).unwrap();
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    let good = |text: &str| {
        Signature::parse(text).is_ok_and(|signature| {
            signature.verify(b"message", NAMESPACE).is_ok() && signers.who(&signature.key, NAMESPACE, now).is_ok()
        })
    };
    assert!(good(&text));
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let body: String = text.lines().filter(|line| !line.starts_with("---")).collect();
    let blob = engine.decode(body).unwrap();
    let armoured =
        |blob: &[u8]| format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", engine.encode(blob));
    assert!(good(&armoured(&blob)));
    for at in 0..blob.len() {
        for flip in [1, 0x80] {
            let mut blob = blob.clone();
            blob[at] ^= flip;
            assert!(!good(&armoured(&blob)), "byte {at} ^ {flip}");
        }
        assert!(!good(&armoured(&blob[..at])), "{at} bytes");
    }
    for text in ["", "nonsense", "-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----"] {
        assert!(Signature::parse(text).is_err(), "{text}");
    }
    assert_eq!(split(&format!("{text}\n{text}rubbish")).len(), 2);
}

#[test]
fn who_may_sign() {
    let folder = tempfile::tempdir().unwrap();
    let (public, text) = signed(folder.path(), &["ed25519"], b"message", NAMESPACE);
    let (other, _) = signed(folder.path(), &["rsa", "-b", "2048"], b"message", NAMESPACE);
    let key = Signature::parse(&text).unwrap().key;
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    for (line, expected) in [
        (format!("ada@acme.example {public}"), "ada@acme.example"),
        (format!("# keys\n\n  ada {public}"), "ada"),
        (format!("bob {other}ada {public}"), "ada"),
        (format!("bob {other}"), "its key is not among the allowed signers"),
        (format!("ada namespaces=\"git,tenure\" {public}"), "ada"),
        (format!("ada namespaces=\"git\" {public}"), "the key of ada may not sign for \"tenure\""),
        (format!("ada valid-after=\"20261123\",valid-before=\"20261124Z\" {public}"), "ada"),
        (
            format!("ada valid-before=\"202611231200\" {public}"),
            "the key of ada was good only until 2026-11-23T12:00:00.000Z",
        ),
        (
            format!("ada valid-after=\"20261123120001Z\" {public}"),
            "the key of ada is good only after 2026-11-23T12:00:01.000Z",
        ),
        (format!("ada valid-before=\"20261101\" {public}\nada {public}"), "ada"),
        (format!("ada cert-authority {public}"), "line 1: certificates are not supported: name the keys themselves"),
        (
            format!("*@acme.example {public}"),
            "line 1: \"*@acme.example\" names nobody: write one name, such as ada@acme.example",
        ),
        (
            format!("\nada valid-before=\"soon\" {public}"),
            "line 2: \"soon\" is not a date such as 20261231 or 20261231235959Z",
        ),
        (format!("ada verify-required {public}"), "line 1: the option \"verify-required\" is not known"),
        ("ada".to_owned(), "line 1: it has no key"),
        ("ada ssh-ed25519 AAAA".to_owned(), "line 1: its key is not of the kind ssh-ed25519"),
        (format!("ada namespaces=\"git {public}"), "line 1: a quotation mark is missing"),
    ] {
        let found = match AllowedSigners::parse(&line) {
            Ok(signers) => signers.who(&key, NAMESPACE, now).map_or_else(|refused| refused.to_string(), str::to_owned),
            Err((number, error)) => format!("line {number}: {error}"),
        };
        assert_eq!(found, expected, "{line}");
    }
}
