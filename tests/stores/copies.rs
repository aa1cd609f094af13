//! One record for several hosts; copied from place to place with the same digits.

use std::sync::{Arc, Mutex};

use crate::host::{BOTH, Kind, bytes, check, fresh, host, moto, set};
use crate::proxy::{self, Fate};
use crate::run::{Folder, texts};

#[test]
fn one_host_goes_on_where_another_ended() {
    for kind in BOTH {
        let (place, world) = (fresh(kind), Folder::new(&[]));
        let (mut one, mut other) = (host(&place, &world), host(&place, &world));
        let said = texts(&one.command("plan").output().unwrap()).1;
        assert!(said.contains("no state yet"), "{said}");
        let said = one.run("init", 0);
        assert!(said.contains(place.split("?lease").next().unwrap()) && said.contains("TENURE_STATE_KEY"), "{said}");
        let again = texts(&other.command("init").output().unwrap()).1;
        assert!(again.contains("there is a record already"), "{again}");
        one.run("apply --auto-approve", 0);
        other.run("plan --detailed-exitcode", 0);
        for host in [&mut other, &mut one] {
            set(host, "TENURE_VAR_people", "25");
        }
        other.run("apply --auto-approve", 0);
        one.run("plan --detailed-exitcode", 0);
        let history = one.run("history account.chat.p0024", 0);
        assert!(history.contains("+ account.chat.p0024"), "{history}");
        check(&one, &place);
    }
}

#[test]
fn copies_have_the_same_digits_everywhere() {
    let (s3, postgres, world) = (fresh(Kind::S3), fresh(Kind::Postgres), Folder::new(&[]));
    let mut first = host("state/acme.tenure", &world);
    set(&mut first, "AWS_ENDPOINT_URL", &moto().url);
    first.run("init", 0);
    first.run("apply --auto-approve", 0);
    let original = std::fs::read(first.path().join("state/acme.tenure")).unwrap();
    let copy = |from: &str, to: &str, code: i32| {
        let output = first.command("state copy").args([from, to]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{:?}", texts(&output));
        let (printed, said) = texts(&output);
        printed + &said
    };
    let said = copy("state/acme.tenure", &s3, 0);
    assert!(said.contains("digits unchanged"), "{said}");
    copy(&s3, &postgres, 0);
    assert!(bytes(&first, &postgres) == original);
    assert!(copy(&s3, &postgres, 0).contains("already"));

    // It goes on in one place, and the other is brought up to date; not the other way round.
    let mut second = host(&s3, &world);
    set(&mut second, "TENURE_VAR_people", "22");
    second.run("apply --auto-approve", 0);
    assert!(copy(&postgres, &s3, 1).contains("holds more lines"));
    copy(&s3, &postgres, 0);
    assert!(bytes(&first, &postgres) == bytes(&first, &s3));

    // Another record is never put together with this one.
    let elsewhere = Folder::new(&[]);
    let stranger = host("state/acme.tenure", &elsewhere);
    stranger.run("init", 0);
    let strange = stranger.path().join("state/acme.tenure");
    let said = copy(strange.to_str().unwrap(), &s3, 1);
    assert!(said.contains("its lineage is another one"), "{said}");
    assert!(!said.contains("hunter2"));
}

#[test]
fn an_archived_record_begins_anew() {
    for kind in BOTH {
        let (place, world) = (fresh(kind), Folder::new(&[]));
        let mut host = host(&place, &world);
        host.run("init", 0);
        host.run("apply --auto-approve", 0);
        let before = bytes(&host, &place).len();
        let said = host.run("state archive", 0);
        assert!(said.contains("begins anew"), "{said}");
        assert!(bytes(&host, &place).len() < before);
        host.run("plan --detailed-exitcode", 0);
        set(&mut host, "TENURE_VAR_people", "21");
        host.run("apply --auto-approve", 0);
        check(&host, &place);
    }
}

#[test]
fn many_small_objects_are_put_together() {
    let (place, world) = (fresh(Kind::S3), Folder::new(&[]));
    let mut host = host(&place, &world);
    host.run("init", 0);
    let read: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&read);
    let endpoint = proxy::start(&moto().url, move |method, path| {
        if method == "GET" && ["/lines/", "/sealed/"].iter().any(|part| path.contains(part)) {
            noted.lock().unwrap().push(path.to_owned());
        }
        Fate::Pass
    });
    set(&mut host, "AWS_ENDPOINT_URL", &endpoint);
    let mut sealed = 0;
    for people in 1..=28 {
        set(&mut host, "TENURE_VAR_people", &people.to_string());
        host.run("apply --auto-approve", 0);
        // What is put together is read for that, and nothing else is read again.
        let mut read = std::mem::take(&mut *read.lock().unwrap());
        sealed = read.iter().filter(|path| path.contains("/sealed/")).count();
        read.sort();
        let twice: Vec<&str> = read.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].as_str()).collect();
        let small = twice.len() >= 20 && twice.iter().all(|path| path.contains("/lines/"));
        assert!(twice.is_empty() || small, "the apply of person {people} has read these twice: {twice:?}");
    }
    assert!(sealed >= 2, "sealed objects are not sealed again before there are many");
    set(&mut host, "AWS_ENDPOINT_URL", &moto().url);
    let prefix = place.trim_start_matches("s3://acme/").split('?').next().unwrap().to_owned();
    let listing = crate::host::http(&moto().url, "GET", &format!("/acme?list-type=2&prefix={prefix}/"));
    let count = |kind: &str| listing.matches(&format!("<Key>{prefix}/{kind}/")).count();
    assert!(count("sealed") >= 1 && count("lines") < 32, "{listing}");
    check(&host, &place);
}
