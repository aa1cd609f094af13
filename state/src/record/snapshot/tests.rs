use super::super::tests::{load, opened, run_started, written};
use super::*;

#[test]
fn there_is_no_snapshot_within_a_run() {
    let (recorded, _) = load(&written(&[opened(), run_started()])).unwrap();
    assert_eq!(write(&recorded, "this"), None);
    let (recorded, _) = load(&written(&[opened()])).unwrap();
    assert!(write(&recorded, "this").is_some());
}

#[test]
fn what_is_no_snapshot_says_why() {
    let (recorded, _) = load(&written(&[opened()])).unwrap();
    let snapshot = write(&recorded, "this").unwrap();
    let said = |bytes: &[u8], by| read(bytes, by).map(|_| ()).unwrap_err().to_string();
    assert_eq!(said(b"", "this"), "it is not a snapshot that this version wrote");
    assert_eq!(said(&snapshot, "other"), "it is not a snapshot that this version wrote");
    assert_eq!(said(&snapshot[..snapshot.len() - 1], "this"), "it is not as it was written");
    let said = |bytes: &[u8]| body(bytes).map(|_| ()).unwrap_err().to_string();
    assert_eq!(said(b""), "it ends too early");
    // As many texts as no memory holds.
    assert_eq!(said(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), "it ends too early");
    assert_eq!(said(&[0xff; 11]), "a number in it is too long");
    // No text, one object: a person whose key is the text number 3.
    assert_eq!(said(&[0, 1, 0, 3, 0, 0, 0]), "it names a text that it lacks");
    assert_eq!(said(&[1, 1, b'\xff']), "a text in it is not UTF-8");
}
