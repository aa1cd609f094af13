//! What is remembered of security event tokens. How they are signed and what they do is tried with tokens of others
//! (`tests/inbound/events.rs`).

use proptest::prelude::*;

use super::super::contents::{Change, Contents};
use super::super::events::heard::{Heard, Mark};
use super::super::log;
use super::super::store::Store;

fn mark(token: &str, about: &str, time: i64) -> Mark {
    Mark { token: token.into(), digest: String::new(), about: about.into(), time, told: Vec::new() }
}

#[test]
fn what_is_too_old_to_be_taken_again_is_forgotten() {
    let mut heard = Heard::default();
    for (token, about, time) in [("a", "/Users/1", 10), ("b", "/Users/1", 30), ("c", "/Users/2", 20)] {
        heard.add(&mark(token, about, time));
    }
    let known = |heard: &Heard| {
        let tokens: Vec<&str> = heard.marks().map(|mark| &*mark.token).collect();
        (tokens.join(" "), heard.newest("/Users/1"), heard.newest("/Users/2"))
    };
    assert_eq!(known(&heard), ("a c b".to_owned(), Some(30), Some(20)));
    assert!(!heard.has_before(10));
    heard.forget(11);
    assert_eq!(known(&heard), ("c b".to_owned(), Some(30), Some(20)));
    heard.forget(30);
    assert_eq!(known(&heard), ("b".to_owned(), Some(30), None));
    heard.forget(31);
    assert_eq!(known(&heard), (String::new(), None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    /// Also where the file is written anew after nearly every change.
    #[test]
    fn what_is_remembered_is_read_again(marks in prop::collection::vec((0..50u8, 0..5u8, 0..100i64), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::with(folder.path(), 100).unwrap();
        let mut plain = Contents::default();
        let mut taken = std::collections::BTreeSet::new();
        for (token, about, time) in marks {
            let mut changes = vec![Change::Forget { before: time - 50 }];
            // A name is taken once.
            if taken.insert(token) {
                changes.push(Change::Heard(mark(&token.to_string(), &format!("/Users/{about}"), time)));
            }
            changes.iter().for_each(|change| plain.apply(change));
            store.write(|_| Ok(changes), |_| ()).unwrap();
        }
        let (read, _) = log::read(folder.path()).unwrap().unwrap();
        let known = |contents: &Contents| {
            let newest: Vec<_> = (0..5).map(|about| contents.heard().newest(&format!("/Users/{about}"))).collect();
            (contents.heard().marks().cloned().collect::<Vec<_>>(), newest)
        };
        prop_assert_eq!(known(&read), known(&plain));
    }
}
