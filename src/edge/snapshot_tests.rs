//! A snapshot beside a state file, and what becomes of it.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use state::record::snapshot::{same, write};
use state::{Address, Attributes, Symbol};

use super::snapshot::{FOLD, agrees, refresh};
use super::tests::Kept;
use super::*;

/// A state file of five people, and a snapshot of it.
fn kept() -> Kept {
    let place = Kept::new();
    for who in ["ada", "al", "grace", "kim", "lin"] {
        place.record(who).unwrap();
    }
    refresh(&place.store(), 6).unwrap();
    place
}

/// What the lines come to without a snapshot.
fn whole(place: &Kept) -> Record {
    Record::new("acme", &place.bytes(), &[], None).unwrap()
}

#[test]
fn a_snapshot_is_kept_once_there_is_enough_to_keep() {
    let place = Kept::new();
    place.record("ada").unwrap();
    refresh(&place.store(), 3).unwrap();
    assert!(!place.beside(".fold").exists());
    place.record("grace").unwrap();
    refresh(&place.store(), 3).unwrap();
    assert_eq!(std::fs::metadata(place.beside(".fold")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(place.read().unwrap().folded, 0);
    // A new one comes when as much is there again.
    for (who, folded) in [("al", 1), ("kim", 2), ("lin", 0)] {
        place.record(who).unwrap();
        refresh(&place.store(), 3).unwrap();
        let read = place.read().unwrap();
        assert_eq!(read.folded, folded);
        assert!(same(&read.recorded, &whole(&place).recorded));
    }
}

#[test]
fn damage_in_lines_that_a_snapshot_folds_is_still_found() {
    let place = kept();
    assert_eq!(place.read().unwrap().folded, 0);
    let text = String::from_utf8(place.bytes()).unwrap();
    std::fs::write(place.path(), text.replace("person.al", "person.xl")).unwrap();
    let failure = place.read().unwrap_err().message;
    assert!(failure.contains("is damaged: line 3"), "{failure}");
}

#[test]
fn a_snapshot_of_other_lines_or_by_other_code_or_harmed_is_passed_over() {
    let other = Kept::new();
    for who in ["eve", "mallory", "oscar", "peggy", "trent"] {
        other.record(who).unwrap();
    }
    refresh(&other.store(), 6).unwrap();
    let place = kept();
    let fold = place.beside(".fold");
    let own = std::fs::read(&fold).unwrap();
    let mut harmed = own.clone();
    *harmed.last_mut().unwrap() ^= 1;
    let recorded = place.read().unwrap().recorded;
    let before = whole(&place).recorded;
    for kept in [
        std::fs::read(other.beside(".fold")).unwrap(),
        write(&recorded, "tenure 0.0.1").unwrap(),
        harmed,
        own[..own.len() / 2].to_vec(),
        Vec::new(),
    ] {
        std::fs::write(&fold, kept).unwrap();
        let read = place.read().unwrap();
        assert_eq!(read.folded, 6);
        assert!(same(&read.recorded, &before));
        assert_eq!(agrees(&place.store(), &whole(&place)).unwrap(), None);
    }
    // Nothing is kept in its place, as there are six new lines at most.
    refresh(&place.store(), 7).unwrap();
    assert_eq!(place.read().unwrap().folded, 6);
    refresh(&place.store(), 6).unwrap();
    assert_eq!((place.read().unwrap().folded, std::fs::read(&fold).unwrap()), (0, own));
}

#[test]
fn an_older_copy_of_the_record_is_not_read_over_the_snapshot_of_the_newer() {
    let place = Kept::new();
    place.record("ada").unwrap();
    let older = place.bytes();
    for who in ["al", "grace", "kim", "lin"] {
        place.record(who).unwrap();
    }
    refresh(&place.store(), 6).unwrap();
    std::fs::write(place.path(), older).unwrap();
    // The head beside it says that it is older; without it, the copy stands for itself.
    assert!(place.read().unwrap_err().message.contains("an older or another copy was put in its place"));
    std::fs::remove_file(place.beside(".head")).unwrap();
    let read = place.read().unwrap();
    assert_eq!((read.folded, read.recorded.identities.len()), (2, 1));
}

#[test]
fn a_snapshot_that_says_something_else_is_found_by_whoever_verifies() {
    let place = kept();
    assert_eq!(agrees(&place.store(), &whole(&place)).unwrap(), Some(true));
    let mut recorded = place.read().unwrap().recorded;
    recorded.identities.insert(Address::Person(Symbol::new("mallory")), Attributes::new());
    std::fs::write(place.beside(".fold"), write(&recorded, FOLD).unwrap()).unwrap();
    assert_eq!(agrees(&place.store(), &whole(&place)).unwrap(), Some(false));
}

#[test]
fn a_snapshot_of_an_archived_file_goes_with_it() {
    let place = kept();
    archive::archive(&place.store(), &place.holder(), Duration::from_secs(5), &*place.clock).unwrap();
    assert!(!place.beside(".fold").exists());
    refresh(&place.store(), 1).unwrap();
    let read = place.read().unwrap();
    assert_eq!((read.folded, read.recorded.identities.len()), (0, 5));
    assert!(same(&read.recorded, &whole(&place).recorded));
}
