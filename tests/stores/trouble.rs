//! Services that do not do what they should, or nothing at all.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cluster::{Cluster, PASSWORD};
use crate::host::{Host, Kind, bytes, check, fresh, host, moto, set};
use crate::proxy::{self, Fate};
use crate::run::{Folder, texts};

/// What `tenure ARGUMENTS` says where it fails.
fn refused(host: &Host<'_>, arguments: &str) -> String {
    let output = host.command(arguments).output().unwrap();
    let (printed, said) = texts(&output);
    assert!(!output.status.success(), "tenure {arguments} went through: {printed}");
    assert!(!said.contains("hunter2") && !said.contains(PASSWORD), "a credential is shown: {said}");
    said
}

#[test]
fn a_service_that_ignores_conditions_is_refused() {
    let (place, world) = (fresh(Kind::S3), Folder::new(&[]));
    let mut host = host(&place, &world);
    set(&mut host, "AWS_ENDPOINT_URL", &proxy::start(&moto().url, |_, _| Fate::Unconditional));
    let said = refused(&host, "init");
    assert!(said.contains("does not keep conditional writes"), "{said}");
}

#[test]
fn rights_that_are_missing() {
    let (place, world) = (fresh(Kind::S3), Folder::new(&[]));
    let mut host = host(&place, &world);
    host.run("init", 0);
    host.run("apply --auto-approve", 0);
    let forbid = |method: &'static str, part: &'static str| {
        proxy::start(&moto().url, move |own, path| {
            if own == method && path.contains(part) { Fate::Answer("403 Forbidden") } else { Fate::Pass }
        })
    };
    set(&mut host, "TENURE_VAR_people", "21");
    set(&mut host, "AWS_ENDPOINT_URL", &forbid("PUT", "/"));
    // Whoever may only read can plan.
    host.run("plan --detailed-exitcode", 2);
    let said = refused(&host, "apply --auto-approve");
    assert!(said.contains("s3:PutObject"), "{said}");
    set(&mut host, "AWS_ENDPOINT_URL", &forbid("GET", "list-type"));
    let said = refused(&host, "plan");
    assert!(said.contains("cannot list the objects of") && said.contains("s3:ListBucket"), "{said}");
    // Without the right to remove objects it goes on.
    set(&mut host, "AWS_ENDPOINT_URL", &forbid("DELETE", "/"));
    host.run("apply --auto-approve", 0);
    check(&host, &place);
}

#[test]
fn the_wrong_bucket_and_no_service_at_all() {
    let world = Folder::new(&[]);
    let mut host = host("s3://nobody/place", &world);
    let said = refused(&host, "init");
    assert!(said.contains("s3://nobody/place") && said.contains("NoSuchBucket"), "{said}");
    set(&mut host, "AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let said = refused(&host, "plan");
    assert!(said.contains("cannot list the objects of s3://nobody/place"), "{said}");
    set(&mut host, "AWS_ENDPOINT_URL", "http://minio.acme.example:9000");
    let said = refused(&host, "plan");
    assert!(said.contains("is plain http"), "{said}");
}

/// Every answer to a write is lost once: what was written is found, and nothing stands twice.
#[test]
fn answers_that_are_lost() {
    let (place, world) = (fresh(Kind::S3), Folder::new(&[]));
    let mut host = host(&place, &world);
    host.run("init", 0);
    let writes = AtomicUsize::new(0);
    let endpoint = proxy::start(&moto().url, move |method, path| {
        let write = method == "PUT" && path.contains("/lines/");
        if write && writes.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { Fate::Lose } else { Fate::Pass }
    });
    set(&mut host, "AWS_ENDPOINT_URL", &endpoint);
    host.run("apply --auto-approve", 0);
    host.run("plan --detailed-exitcode", 0);
    check(&host, &place);
}

/// The service goes away in the middle of an apply: nothing more is called, and the next apply settles what is in doubt.
#[test]
fn the_service_goes_away() {
    let (place, world) = (fresh(Kind::S3), Folder::new(&[]));
    let mut host = host(&place, &world);
    host.run("init", 0);
    let writes = AtomicUsize::new(0);
    let endpoint = proxy::start(&moto().url, move |method, path| {
        let write = method == "PUT" && path.contains("/lines/");
        if write && writes.fetch_add(1, Ordering::Relaxed) >= 2 { Fate::Answer("403 Forbidden") } else { Fate::Pass }
    });
    set(&mut host, "AWS_ENDPOINT_URL", &endpoint);
    let said = refused(&host, "apply --auto-approve");
    assert!(said.contains("cannot write lines/"), "{said}");
    set(&mut host, "AWS_ENDPOINT_URL", &moto().url);
    host.run("apply --auto-approve --lock-timeout 20s", 0);
    host.run("plan --detailed-exitcode", 0);
    check(&host, &place);
}

#[test]
fn a_database_that_goes_away_or_back_in_time() {
    let cluster = Cluster::start();
    let world = Folder::new(&[]);
    let place = format!("{}?table=record", cluster.url);
    let mut host = host(&place, &world);
    host.run("init", 0);
    host.run("apply --auto-approve", 0);
    let older = cluster.run("postgres", "CREATE TABLE older AS TABLE record; SELECT count(*) FROM older");
    assert!(older.parse::<u32>().unwrap() > 10);
    set(&mut host, "TENURE_VAR_people", "21");
    host.run("apply --auto-approve", 0);
    check(&host, &place);

    // A backup is played back: this host knows of a newer head.
    cluster.run("postgres", "DELETE FROM record WHERE n > (SELECT max(n) FROM older)");
    let said = refused(&host, "plan");
    assert!(said.contains("an older or another copy was put in its place"), "{said}");

    // The server ends the session that holds the lock in the middle of an apply.
    let place = format!("{}?table=other", cluster.url);
    let world = Folder::new(&[]);
    let (mut host, mut other) = (crate::host::host(&place, &world), crate::host::host(&place, &world));
    for host in [&mut host, &mut other] {
        set(host, "TENURE_VAR_people", "400");
    }
    host.run("init", 0);
    cluster.run(
        "postgres",
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF new.n > 60 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN new; END $$; \
         CREATE TRIGGER die BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION die()",
    );
    let said = refused(&host, "apply --auto-approve");
    assert!(said.contains("the lines were not written, and the lock is gone"), "{said}");
    cluster.run("postgres", "DROP TRIGGER die ON other");
    other.run("apply --auto-approve", 0);
    other.run("plan --detailed-exitcode", 0);
    check(&other, &place);
    assert!(!bytes(&other, &place).is_empty());
}

#[test]
fn whoever_may_only_read_the_table() {
    let (place, world) = (fresh(Kind::Postgres), Folder::new(&[]));
    let owner = host(&place, &world);
    owner.run("init", 0);
    owner.run("apply --auto-approve", 0);
    let cluster = Cluster::shared();
    let table = place.split("table=").nth(1).unwrap();
    cluster.run(
        "postgres",
        &format!("CREATE ROLE reader_{table} LOGIN PASSWORD '{PASSWORD}'; GRANT SELECT ON {table} TO reader_{table}"),
    );
    let place = place.replace("postgres@", &format!("reader_{table}@"));
    let mut reader = host(&place, &world);
    reader.run("plan --detailed-exitcode", 0);
    set(&mut reader, "TENURE_VAR_people", "21");
    let said = refused(&reader, "apply --auto-approve");
    assert!(said.contains("permission denied") && said.contains("SELECT and INSERT"), "{said}");
    set(&mut reader, "PGPASSWORD", "wrong");
    let said = refused(&reader, "plan");
    assert!(said.contains("password authentication failed"), "{said}");
}
