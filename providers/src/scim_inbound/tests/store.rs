//! What is kept: over restarts, damage and the work of writing the file anew.

use proptest::prelude::*;
use serde_json::json;

use super::super::contents::{Change, Contents, Resource};
use super::super::endpoint::Inbound;
use super::super::log;
use super::super::schema::Kind;
use super::super::settings::{Options, token};
use super::super::store::Store;
use super::{Bench, open, people, settings};

#[test]
fn what_was_answered_is_there_when_it_is_opened_again() {
    let bench = Bench::new();
    let ada = bench.user(json!({"userName": "ada"}));
    let group = bench.group("All", &[&ada, "/Users/ghost"]);
    let before = (bench.get(&ada), bench.get(&group));
    let Bench { folder, inbound } = bench;
    drop(inbound);
    let bench = Bench { inbound: open(folder.path()), folder };
    assert_eq!((bench.get(&ada), bench.get(&group)), before);
    // One process writes.
    let settings = settings(bench.folder.path());
    let second = Inbound::open(Options::new(&settings).unwrap(), token(&settings).unwrap());
    assert!(second.err().unwrap().message.contains("is being written by"));
}

/// A file of pushes, damaged, and what is said of it.
#[test]
fn damage_is_told_and_a_torn_end_is_none() {
    let bench = people();
    let path = bench.folder.path().join("inbound/hr").join(log::NAME);
    let folder = path.parent().unwrap().to_owned();
    let whole = std::fs::read(&path).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 4);
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        match log::read(&folder) {
            Ok(Some((contents, _))) => contents.len().to_string(),
            Ok(None) => "nothing".to_owned(),
            Err(problem) => problem.message.rsplit_once("pushed.jsonl").unwrap().1.to_owned(),
        }
    };
    assert_eq!(read(&whole), "3");
    assert_eq!(read(&whole[..whole.len() - 1]), "2", "the end of the last line never reached the disk");
    assert_eq!(read(&[&whole[..whole.len() - 9], &[0; 8], b"\n"].concat()), "2");
    assert_eq!(read(&[lines[0], lines[1], lines[3]].concat()), ":3 is not as it was written: its digits do not fit");
    let mut flipped = whole.clone();
    flipped[lines[0].len() + 40] ^= 1;
    assert_eq!(read(&flipped), ":2 is not as it was written: its digits do not fit");
    assert_eq!(read(b""), ":1 is not whole");
    assert_eq!(read(b"x\n"), ":1 is too short");
    std::fs::remove_file(&path).unwrap();
    assert!(log::read(&folder).unwrap().is_none());
    // A file that was written anew may not lack what was in it then.
    std::fs::write(&path, &whole).unwrap();
    let (contents, _) = log::read(&folder).unwrap().unwrap();
    log::Log::anew(&folder, &contents).unwrap();
    let anew = std::fs::read(&path).unwrap();
    let head = anew.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    assert_eq!(read(&anew), "3");
    assert_eq!(read(&anew[..head]), ":2 is missing: 2 lines were written");
}

/// Changes of a few resources: who is put or gone, who comes into a group or goes.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let put = |(id, title): (String, String)| {
        let kind = if id.starts_with('g') { Kind::Group } else { Kind::User };
        let body = json!({"userName": id, "displayName": id, "title": title}).as_object().cloned().unwrap_or_default();
        let now = state::Timestamp::from_millis(0);
        let resource = Resource { id: id.into(), kind, created: now, modified: now, version: 1, body };
        vec![Change::Put(Box::new(resource))]
    };
    prop_oneof![
        4 => ("[ug][0-9]", "[a-z]{0,40}").prop_map(put),
        3 => ("g[0-9]", "[ug][0-9]", "[ug][0-9]").prop_map(|(group, come, go)| vec![Change::Members {
            group: group.into(),
            add: vec![(come.into(), None)],
            remove: vec![go.into()],
        }]),
        1 => "[ug][0-9]".prop_map(|id| vec![Change::Delete(id.into())]),
    ]
}

/// All that is in there, for comparing.
fn all(contents: &Contents) -> String {
    let members = |id: &str| contents.members(id).into_iter().flatten().collect::<Vec<_>>();
    contents.all().map(|one| format!("{one:?} {:?} {:?}\n", members(&one.id), contents.groups_of(&one.id))).collect()
}

proptest! {
    // Each line is on the disk before the next.
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn what_is_written_is_read_again_however_often_the_file_is_written_anew(
        some in prop::collection::vec((changes(), prop::bool::weighted(0.1)), 1..60),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::with(folder.path(), 600).unwrap();
        let mut plain = Contents::default();
        for (changes, again) in some {
            // Members of what is not there are none of a group.
            let there = |change: &Change| match change {
                Change::Members { group, .. } => plain.get(group).is_some(),
                _ => true,
            };
            let changes: Vec<Change> = changes.into_iter().filter(there).collect();
            changes.iter().for_each(|change| plain.apply(change));
            store.write(|_| Ok(changes), |_| ()).unwrap();
            if again {
                drop(store);
                store = Store::with(folder.path(), 600).unwrap();
            }
            let read = log::read(folder.path()).unwrap().unwrap().0;
            prop_assert_eq!(all(&read), all(&plain));
        }
    }
}
