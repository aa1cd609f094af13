//! The state file as other programs see it, and on disks that are full or may not be written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use state::record::Event;
use state::{Address, Fact, Symbol, Timestamp};
use tenure::edge::{FileStore, Holder, Journal, ManualClock, Record, Store, init};

fn clock() -> ManualClock {
    ManualClock::new(Timestamp::from_millis(1_795_000_000_000))
}

fn identity(n: u32) -> Event {
    let attributes = [(Symbol::new("login"), state::Value::text(format!("p{n}")))].into_iter().collect();
    let fact = Fact::identity(Address::Person(Symbol::new(&format!("p{n}"))), attributes);
    Event::Fact { run: Symbol::new("r1"), fact: Box::new(fact), why: Vec::new() }
}

/// Records people one by one; how many became durable, and what went wrong.
fn record(path: &Path, people: u32) -> (u32, Option<String>) {
    let clock = clock();
    let store = FileStore::new(path);
    let holder =
        Holder { user: "ada".into(), host: "h".into(), pid: 7, since: Timestamp::default(), command: "test".into() };
    let journal = store.lock(&holder, Duration::ZERO).and_then(|mut session| {
        let record = Record::lock(&store, &mut *session, &[])?;
        Journal::start(session, record.chain, Arc::new(clock))
    });
    let journal = match journal {
        Ok(journal) => journal,
        Err(failure) => return (0, Some(failure.message)),
    };
    let failure =
        (0..people).find_map(|n| journal.record_blocking(vec![identity(n)]).err().map(|failure| (n, failure)));
    match failure {
        Some((n, failure)) => {
            assert_eq!(
                journal.record_blocking(vec![identity(0)]).unwrap_err(),
                failure,
                "nothing goes on after a failure"
            );
            (n, Some(failure.message))
        }
        None => (people, journal.close().err().map(|failure| failure.message)),
    }
}

/// Not a test of its own: what a test has done by another process, under other conditions.
#[test]
#[ignore = "run by the other tests"]
fn in_a_process_of_its_own() {
    let Ok(path) = std::env::var("TENURE_TEST_STATE") else { return };
    let (durable, said) = record(Path::new(&path), 500);
    println!("durable={durable}\nsaid={}", said.unwrap_or_default());
}

/// Runs that in a shell that sets the conditions first; the two answers.
fn child(conditions: &str, program: &Path, path: &Path) -> (u32, String) {
    let output = Command::new("sh")
        .args(["-c", &format!("{conditions} \"$0\" --ignored --exact --nocapture in_a_process_of_its_own")])
        .arg(program)
        .env("TENURE_TEST_STATE", path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let answer = |name: &str| {
        let line = text.lines().find_map(|line| line.split_once(name).map(|(_, rest)| rest.to_owned()));
        line.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
    };
    (answer("durable=").parse().unwrap(), answer("said="))
}

/// A file that may not grow fails as a full disk does, in the middle of a line.
#[test]
fn a_full_disk_stops_everything_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.tenure");
    init::create(&FileStore::new(&path), &path.with_extension("tenure.key"), Timestamp::from_millis(1_795_000_000_000))
        .unwrap();
    let (durable, said) = child("trap '' XFSZ; ulimit -f 40; exec", &std::env::current_exe().unwrap(), &path);
    assert!(said.contains("cannot write to the state file") && said.contains("nothing more is called"), "{said}");
    assert!(durable > 10, "{durable}");

    let record_after = Record::read(&FileStore::new(&path), &[]).unwrap();
    assert_eq!(record_after.recorded.identities.len() as u32, durable);
    assert!(record_after.torn.is_some(), "the line that did not fit");
    // With room again it goes on, and what was torn is kept aside.
    assert_eq!(record(&path, 500), (500, None));
    let aside = folder.path().join(format!("acme.tenure.torn-{}", durable + 2));
    assert_eq!(std::fs::read(aside).unwrap().len(), record_after.torn.unwrap().1);
    assert_eq!(Record::read(&FileStore::new(&path), &[]).unwrap().recorded.identities.len(), 500);
}

#[test]
fn a_file_that_may_not_be_written_is_said_before_anything_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.tenure");
    init::create(&FileStore::new(&path), &path.with_extension("tenure.key"), Timestamp::from_millis(1_795_000_000_000))
        .unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
    let before = std::fs::read(&path).unwrap();
    // Root may write to everything, so somebody else tries.
    let (durable, said) = if record(&folder.path().join("none"), 0).1.is_some() && is_root() {
        let program = folder.path().join("program");
        std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
        chown(&path, Some(0), Some(0)).unwrap();
        child("exec setpriv --reuid=65534 --regid=65534 --clear-groups", &program, &path)
    } else {
        let (durable, said) = record(&path, 5);
        (durable, said.unwrap_or_default())
    };
    assert!(said.contains("cannot write to the state file") && said.contains("Permission denied"), "{said}");
    assert_eq!((durable, std::fs::read(&path).unwrap()), (0, before));
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// The script in the documentation agrees with tenure: about a good file, an archived one, and one with a changed byte.
#[test]
fn the_documented_script_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.tenure");
    init::create(&FileStore::new(&path), &path.with_extension("tenure.key"), Timestamp::from_millis(1_795_000_000_000))
        .unwrap();
    assert_eq!(record(&path, 20), (20, None));
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/state-file.md")).unwrap();
    let script = document.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let verify = || {
        let output = Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let head = || Record::read(&FileStore::new(&path), &[]).unwrap().chain;
    assert_eq!(verify(), (true, format!("21 lines, head {}\n", head().head)));

    let holder =
        Holder { user: "ada".into(), host: "h".into(), pid: 7, since: Timestamp::default(), command: "test".into() };
    let archived = tenure::edge::archive::archive(&FileStore::new(&path), &holder, Duration::ZERO, &clock()).unwrap();
    assert_eq!(verify(), (true, format!("{} lines, head {}\n", archived.lines, head().head)));

    let harmed = std::fs::read_to_string(&path).unwrap().replacen("\"p7\"", "\"p8\"", 1);
    std::fs::write(&path, harmed).unwrap();
    let (good, said) = verify();
    assert!(!good && said.contains("is not as it was written"), "{said}");
    let ours = Record::read(&FileStore::new(&path), &[]).unwrap_err().message;
    let line =
        |text: &str| text.split("line ").nth(1).and_then(|rest| rest.split([':', ' ']).next().map(str::to_owned));
    assert_eq!(line(&ours), line(&said), "{ours} / {said}");
}
