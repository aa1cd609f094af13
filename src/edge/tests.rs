//! A state file in good and in bad days.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use state::record::Event;
use state::{Address, Fact, Object, Symbol, Timestamp};

use super::filesystem::beside;
use super::*;

pub(super) struct Kept {
    pub(super) folder: tempfile::TempDir,
    pub(super) clock: Arc<ManualClock>,
}

impl Kept {
    /// A folder with a new state file.
    pub(super) fn new() -> Kept {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_795_000_000_000)));
        let place = Kept { folder, clock };
        init::create(&FileStore::new(place.path()), &beside(&place.path(), ".key"), place.clock.now()).unwrap();
        place
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("acme.tenure")
    }

    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        filesystem::beside(&self.path(), suffix)
    }

    pub(super) fn store(&self) -> FileStore {
        FileStore::new(self.path())
    }

    pub(super) fn holder(&self) -> Holder {
        let since = self.clock.now();
        Holder { user: "ada".into(), host: "ci-1".into(), pid: 7, since, command: "tenure apply".into() }
    }

    fn session(&self) -> Result<Box<dyn Session>, Failure> {
        self.store().lock(&self.holder(), Duration::ZERO)
    }

    fn journal(&self) -> Result<Journal, Failure> {
        // A program that another test starts at this moment holds the lock too, until it has begun.
        let mut session = self.store().lock(&self.holder(), Duration::from_secs(5))?;
        let record = Record::lock(&self.store(), &mut *session, &[])?;
        Journal::start(session, record.chain, self.clock.clone())
    }

    /// Records that somebody is known, durably.
    pub(super) fn record(&self, who: &str) -> Result<state::record::Chain, Failure> {
        let journal = self.journal()?;
        journal.record_blocking(vec![identity(who)])?;
        journal.close()
    }

    pub(super) fn read(&self) -> Result<Record, Failure> {
        Record::read(&self.store(), &[])
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    fn write(&self, bytes: &[u8]) {
        std::fs::write(self.path(), bytes).unwrap();
    }
}

fn identity(who: &str) -> Event {
    let attributes = [(Symbol::new("login"), state::Value::text(who))].into_iter().collect();
    let fact = Fact::identity(Address::Person(Symbol::new(who)), attributes);
    Event::Fact { run: Symbol::new("r1"), fact: Box::new(fact), why: Vec::new() }
}

fn message<T>(result: Result<T, Failure>) -> String {
    match result {
        Ok(_) => "no failure".to_owned(),
        Err(failure) => failure.message,
    }
}

#[test]
fn a_new_state_file_is_private_and_is_made_once() {
    let place = Kept::new();
    for path in [place.path(), place.beside(".key")] {
        assert_eq!(std::fs::metadata(path).unwrap().mode() & 0o777, 0o600);
    }
    let before = place.bytes();
    assert!(
        message(init::create(&FileStore::new(place.path()), &beside(&place.path(), ".key"), place.clock.now()))
            .contains("there is a state file already")
    );
    assert_eq!(place.bytes(), before);
    let record = place.read().unwrap();
    assert_eq!((record.chain.line, record.format, record.torn), (1, 1, None));
}

#[test]
fn what_is_recorded_is_read() {
    let place = Kept::new();
    place.record("ada").unwrap();
    place.clock.advance(1000);
    let chain = place.record("grace").unwrap();
    let record = place.read().unwrap();
    assert_eq!(record.chain, chain);
    assert_eq!(record.recorded.identities.len(), 2);
    assert_eq!(record.recorded.last, place.clock.now());
}

#[test]
fn many_tasks_share_their_flushes() {
    let place = Kept::new();
    let journal = place.journal().unwrap();
    std::thread::scope(|scope| {
        for task in 0..32 {
            let journal = &journal;
            scope.spawn(move || {
                for n in 0..20 {
                    journal.record_blocking(vec![identity(&format!("p{task}x{n}"))]).unwrap();
                }
            });
        }
    });
    let chain = journal.close().unwrap();
    assert_eq!(chain.line, 1 + 32 * 20);
    assert_eq!(place.read().unwrap().recorded.identities.len(), 32 * 20);
}

#[test]
fn an_event_that_could_not_be_read_again_is_refused_and_the_rest_goes_on() {
    let place = Kept::new();
    let journal = place.journal().unwrap();
    let deep = (0..200).fold(state::Value::Null, |inner, _| state::Value::list([inner]));
    let object = Object::new("", [(Symbol::new("deep"), deep)].into_iter().collect());
    let fact = Fact::new(state::FactKind::Identity, Address::Person(Symbol::new("eve"))).object(object);
    let deep = Event::Fact { run: Symbol::new("r1"), fact: Box::new(fact), why: Vec::new() };
    let refused = journal.record_blocking(vec![identity("ada"), deep]);
    assert!(message(refused).contains("cannot be recorded"));
    journal.record_blocking(vec![identity("grace")]).unwrap();
    journal.close().unwrap();
    let known: Vec<_> = place.read().unwrap().recorded.identities.keys().copied().collect();
    assert_eq!(known, [Address::Person(Symbol::new("grace"))]);
}

#[test]
fn a_missing_state_file_is_no_first_run() {
    let place = Kept::new();
    std::fs::remove_file(place.path()).unwrap();
    assert!(!place.store().exists().unwrap());
    for failure in [place.read().map(|_| ()), place.session().map(|_| ())] {
        let failure = failure.unwrap_err();
        assert_eq!(failure.message, format!("there is no state file at {}", place.path().display()));
        assert!(failure.hint.unwrap().contains("tenure init"));
    }
    assert!(!place.beside(".lock").exists());
}

#[test]
fn what_is_no_file_is_no_state_file() {
    let place = Kept::new();
    std::fs::remove_file(place.path()).unwrap();
    std::fs::create_dir(place.path()).unwrap();
    assert!(message(place.read()).contains("is not a file"));
}

#[test]
fn damage_is_named_and_nothing_is_changed() {
    let place = Kept::new();
    for who in ["ada", "grace", "joan"] {
        place.record(who).unwrap();
    }
    let good = place.bytes();
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    let newer = {
        let opened = Event::Opened { format: 2, lineage: Symbol::new("l"), former: None };
        let mut bytes = Vec::new();
        state::record::Chain::default().append(place.clock.now(), &opened, &mut bytes).unwrap();
        bytes
    };
    let flipped = String::from_utf8(good.clone()).unwrap().replace("grace", "grape").into_bytes();
    for (bytes, part) in [
        (&flipped[..], "line 3: the line begins with the digits"),
        (
            &lines[..2].concat().into_iter().chain(lines[3].to_vec()).collect::<Vec<_>>(),
            "line 3: the line has the number 4 where 3 was due: the line numbered 3 is missing before it",
        ),
        (&[lines[0], lines[2], lines[1], lines[3]].concat(), "line 2: the line has the number 3 where 2 was due"),
        (
            &[lines[0], lines[1], lines[1]].concat(),
            "line 3: the line has the number 2 where 3 was due: it stands in the wrong place, or twice",
        ),
        (&lines[1..].concat(), "line 1: the file does not begin with an `opened` line"),
        (b"", "line 1: the file is empty"),
        (b"hello\n", "line 1: a line of a state file begins with 64 hex digits"),
        (&[&good[..], b"\n"].concat(), "line 5: a line of a state file begins with 64 hex digits"),
        (&[&good[..], &good[..]].concat(), "line 5: the line has the number 1 where 5 was due"),
        (&newer, "has format 2, and this version of tenure writes format 1"),
    ] {
        place.write(bytes);
        let _ = std::fs::remove_file(place.beside(".head"));
        let said = message(place.record("eve"));
        assert!(said.contains(part), "{said}\n not: {part}");
        assert_eq!(place.bytes(), bytes);
    }
}

#[test]
fn a_torn_line_is_kept_aside_and_cut_by_the_next_write() {
    let place = Kept::new();
    place.record("ada").unwrap();
    let good = place.bytes();
    place.record("grace").unwrap();
    let whole = place.bytes();
    let _ = std::fs::remove_file(place.beside(".head"));
    for cut in good.len() + 1..whole.len() - 1 {
        let torn = &whole[..cut];
        place.write(torn);
        let record = place.read().unwrap();
        assert_eq!(record.torn, Some((3, cut - good.len())));
        assert_eq!(record.chain.line, 2);
        assert_eq!(place.bytes(), torn, "reading changes nothing");
        if cut % 40 != 0 {
            continue;
        }
        place.record("joan").unwrap();
        let aside: Vec<_> = std::fs::read_dir(place.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains(".torn-3"))
            .collect();
        assert_eq!(std::fs::read(&aside[0]).unwrap(), &torn[good.len()..]);
        std::fs::remove_file(&aside[0]).unwrap();
        assert!(place.bytes().starts_with(&good));
        assert_eq!(place.read().unwrap().recorded.identities.len(), 2);
        std::fs::remove_file(place.beside(".head")).unwrap();
    }
    // All but the line end: the line counts.
    place.write(&whole[..whole.len() - 1]);
    assert_eq!(place.read().unwrap().chain.line, 3);
    place.record("joan").unwrap();
    assert!(place.bytes().starts_with(&whole));
    assert_eq!(place.read().unwrap().recorded.identities.len(), 3);
}

#[test]
fn an_older_copy_is_recognised() {
    let place = Kept::new();
    place.record("ada").unwrap();
    let old = place.bytes();
    place.record("grace").unwrap();
    let newest = place.read().unwrap().head();
    place.write(&old);
    let said = message(place.read());
    assert!(said.contains("the record had a line 3") && said.contains("ends with line 2"), "{said}");
    assert!(message(place.record("eve")).contains("an older or another copy"));
    // A plan knows too.
    std::fs::remove_file(place.beside(".head")).unwrap();
    place.read().unwrap();
    let plan = Head { known_from: "the plan acme.plan".into(), ..newest };
    assert!(message(Record::read(&place.store(), std::slice::from_ref(&plan))).contains("the plan acme.plan"));
    // A copy that went on without what was lost.
    place.record("eve").unwrap();
    let said = message(Record::read(&place.store(), &[plan]));
    assert!(said.contains("line 3 of the record began with"), "{said}");
}

#[test]
fn a_file_that_changes_under_the_lock_is_left_alone() {
    type Harm = fn(&Kept);
    let harms: [(Harm, &str); 5] = [
        (|place| std::fs::write(place.path(), &place.bytes()[..100]).unwrap(), "became shorter"),
        (|place| place.write(&[place.bytes(), b"x".to_vec()].concat()), "was written to by somebody else"),
        (|place| std::fs::rename(place.path(), place.beside(".old")).unwrap(), "was removed or renamed"),
        (
            |place| {
                std::fs::copy(place.path(), place.beside(".copy")).unwrap();
                std::fs::rename(place.beside(".copy"), place.path()).unwrap();
            },
            "was replaced by another file",
        ),
        (|place| std::fs::remove_file(place.beside(".lock")).unwrap(), "lost its lock file"),
    ];
    for (harm, part) in harms {
        let place = Kept::new();
        let journal = place.journal().unwrap();
        journal.record_blocking(vec![identity("ada")]).unwrap();
        harm(&place);
        let before = std::fs::read(place.path()).ok();
        for _ in 0..2 {
            let said = message(journal.record_blocking(vec![identity("eve")]));
            assert!(said.contains(part), "{said}");
        }
        assert!(message(journal.close()).contains(part));
        assert_eq!(std::fs::read(place.path()).ok(), before);
    }
}

#[test]
fn who_lost_the_lock_file_calls_nothing_more() {
    let place = Kept::new();
    let journal = place.journal().unwrap();
    journal.held().unwrap();
    std::fs::remove_file(place.beside(".lock")).unwrap();
    let said = message(journal.held());
    assert!(said.contains("lost its lock file: nothing more is called"), "{said}");
}

#[test]
fn the_lock_says_who_holds_it() {
    let place = Kept::new();
    let _session = place.session().unwrap();
    let said = message(place.session());
    assert!(said.contains("locked by ada on ci-1 (process 7, `tenure apply`, since 2026-"), "{said}");
    place.read().unwrap();
}

#[test]
fn a_file_that_others_may_read_is_made_private() {
    let place = Kept::new();
    std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o644)).unwrap();
    place.record("ada").unwrap();
    assert_eq!(std::fs::metadata(place.path()).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn an_archived_file_goes_on() {
    let place = Kept::new();
    for who in ["ada", "grace"] {
        place.record(who).unwrap();
    }
    let old = place.bytes();
    let known = place.read().unwrap();
    let archived = archive::archive(&place.store(), &place.holder(), Duration::ZERO, &*place.clock).unwrap();
    assert_eq!(archived.former, place.store().path().with_extension("tenure.1").display().to_string());
    assert_eq!(std::fs::read(&archived.former).unwrap(), old);
    let record = place.read().unwrap();
    assert_eq!(record.recorded.identities, known.recorded.identities);
    assert_eq!(record.recorded.lineage, known.recorded.lineage);
    assert_eq!(record.chain.line, known.chain.line + archived.lines);
    assert_eq!(std::fs::metadata(place.path()).unwrap().mode() & 0o777, 0o600);
    // A plan from before, of the very last line and of one before it.
    Record::read(&place.store(), &[known.head()]).unwrap();
    let older = Head { line: 1, ..known.head() };
    assert!(message(Record::read(&place.store(), &[older])).contains("it was archived since"));
    // The new file is written to, and archived again.
    place.record("joan").unwrap();
    let archived = archive::archive(&place.store(), &place.holder(), Duration::ZERO, &*place.clock).unwrap();
    assert!(archived.former.ends_with(".2"));
    assert_eq!(place.read().unwrap().recorded.identities.len(), 3);
}

#[test]
fn an_interrupted_archiving_leaves_the_old_file_in_its_place() {
    let place = Kept::new();
    place.record("ada").unwrap();
    // As far as the second name of the old file, and a half of the new one.
    std::fs::hard_link(place.path(), place.beside(".1")).unwrap();
    std::fs::write(place.beside(".new"), "half").unwrap();
    place.record("grace").unwrap();
    let archived = archive::archive(&place.store(), &place.holder(), Duration::ZERO, &*place.clock).unwrap();
    assert!(archived.former.ends_with(".1"));
    assert_eq!(place.read().unwrap().recorded.identities.len(), 2);
}
