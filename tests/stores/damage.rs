//! Objects that were removed, altered, or come from another record.

use crate::host::{Kind, fresh, host, http, moto, send, set};
use crate::run::{Folder, texts};

fn prefix(place: &str) -> String {
    place.trim_start_matches("s3://acme/").split('?').next().unwrap().to_owned()
}

/// Names of the objects that hold lines.
fn lines(prefix: &str) -> Vec<String> {
    let listing = http(&moto().url, "GET", &format!("/acme?list-type=2&prefix={prefix}/lines/"));
    listing.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_owned()).collect()
}

fn content(object: &str) -> Vec<u8> {
    let answer = http(&moto().url, "GET", &format!("/acme/{object}"));
    answer.split_once("\r\n\r\n").unwrap().1.as_bytes().to_vec()
}

#[test]
fn objects_that_are_not_as_they_were_written() {
    let (place, world) = (fresh(Kind::S3), Folder::new(&[]));
    let mut host = host(&place, &world);
    host.run("init", 0);
    host.run("apply --auto-approve", 0);
    set(&mut host, "TENURE_VAR_people", "22");
    host.run("apply --auto-approve", 0);
    let prefix = prefix(&place);
    let objects = lines(&prefix);
    assert!(objects.len() >= 3, "{objects:?}");
    let refused = |what: &str| {
        let output = host.command("plan").output().unwrap();
        let said = texts(&output).1;
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        said
    };
    let victim = &objects[1];
    let name = victim.strip_prefix(&format!("{prefix}/")).unwrap();
    let kept = content(victim);

    http(&moto().url, "DELETE", &format!("/acme/{victim}"));
    let said = refused("removed");
    assert!(said.contains(name) && said.contains("is missing"), "{said}");

    let altered = String::from_utf8_lossy(&kept).replacen("\"at\":\"2026", "\"at\":\"2025", 1);
    send(&moto().url, "PUT", &format!("/acme/{victim}"), altered.as_bytes());
    let said = refused("altered");
    assert!(said.contains("is damaged"), "{said}");

    // The last object is removed: the chain does not show it, but this host remembers.
    send(&moto().url, "PUT", &format!("/acme/{victim}"), &kept);
    host.run("plan --detailed-exitcode", 0);
    let last = objects.last().unwrap();
    let end = content(last);
    http(&moto().url, "DELETE", &format!("/acme/{last}"));
    let said = refused("cut");
    assert!(said.contains("an older or another copy"), "{said}");

    // In its place an object of another record.
    let (other_place, other_world) = (fresh(Kind::S3), Folder::new(&[]));
    let other = crate::host::host(&other_place, &other_world);
    other.run("init", 0);
    other.run("apply --auto-approve", 0);
    let foreign = content(&lines(&self::prefix(&other_place))[1]);
    send(&moto().url, "PUT", &format!("/acme/{victim}"), &foreign);
    let said = refused("foreign");
    assert!(said.contains("is damaged"), "{said}");

    send(&moto().url, "PUT", &format!("/acme/{victim}"), &kept);
    send(&moto().url, "PUT", &format!("/acme/{last}"), &end);
    host.run("plan --detailed-exitcode", 0);
}
