//! Two appliers at once: one goes, the other stops cleanly or comes after.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::host::{BOTH, Kind, check, fresh, host, moto, set};
use crate::proxy::{self, Fate};
use crate::run::{Folder, texts};
use crate::servers::{Server, TOKEN};

/// Rounds on each store.
const ROUNDS: usize = 20;

#[test]
fn two_appliers_at_once() {
    for kind in BOTH {
        let (place, world) = (fresh(kind), Folder::new(&[]));
        let (mut one, mut other) = (host(&place, &world), host(&place, &world));
        set(&mut one, "TENURE_VAR_people", "1");
        one.run("init", 0);
        one.run("apply --auto-approve", 0);
        let mut refused = 0;
        for round in 0..ROUNDS {
            let people = (2 + round).to_string();
            for host in [&mut one, &mut other] {
                set(host, "TENURE_VAR_people", &people);
            }
            let begun: Vec<_> = [&one, &other]
                .map(|host| {
                    let mut command = host.command("apply --auto-approve");
                    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
                    command.spawn().unwrap()
                })
                .into();
            let ended: Vec<_> = begun.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
            let done = ended.iter().filter(|output| output.status.success()).count();
            assert!(done >= 1, "{:?}", ended.iter().map(texts).collect::<Vec<_>>());
            for output in ended.iter().filter(|output| !output.status.success()) {
                let said = texts(output).1;
                assert!(said.contains("is locked by") && said.contains("--lock-timeout"), "{said}");
                refused += 1;
            }
            one.run("plan --detailed-exitcode", 0);
        }
        assert!(refused > 0, "nobody was ever in the way");
        check(&one, &place);
    }
}

/// The holder of the lock is paused in the middle of its apply until its lease has run out, another one applies, and
/// the first one wakes up.
#[test]
fn whoever_was_paused_past_the_lease_stops() {
    let (place, world) = (fresh(Kind::S3), Folder::new(&[]));
    let (mut one, mut other) = (host(&place, &world), host(&place, &world));
    // A system that whoever sleeps does not keep others out of.
    let chat = Server::scim2_server();
    let scim = "provider = \"scim\"\n  url = var.url\n  token = env(\"SCIM_TOKEN\")\n  timeout = 2\n  visibility = 1";
    let files = world.read("main.hcl").replace("provider = \"directory\"", scim).replace("  path     = \"chat\"\n", "");
    world.write("main.hcl", &format!("{files}\nvariable \"url\" {{ type = string }}\n"));
    for host in [&mut one, &mut other] {
        set(host, "TENURE_VAR_people", "60");
        set(host, "TENURE_VAR_url", &chat.url);
        set(host, "SCIM_TOKEN", TOKEN);
    }
    one.run("init", 0);
    // Its writes take their time from the third on: that is the middle.
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let slow = proxy::start(&moto().url, move |method, path| {
        if method == "PUT" && path.contains("/lines/") && counted.fetch_add(1, Ordering::Relaxed) >= 2 {
            std::thread::sleep(Duration::from_millis(400));
        }
        Fate::Pass
    });
    set(&mut one, "AWS_ENDPOINT_URL", &slow);
    let mut paused = one.command("apply --auto-approve --parallelism 1");
    let paused = paused.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while writes.load(Ordering::Relaxed) < 3 && begun.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let signal = |name: &str| {
        let sent = std::process::Command::new("kill").args([name, &paused.id().to_string()]).status().unwrap();
        assert!(sent.success());
    };
    signal("-STOP");
    let refused = texts(&other.command("apply --auto-approve").output().unwrap()).1;
    assert!(refused.contains("is locked by"), "{refused}");
    other.run("apply --auto-approve --lock-timeout 60s", 0);
    // What it adopted gets its memberships with the next one.
    other.run("apply --auto-approve", 0);
    signal("-CONT");
    let ended = paused.wait_with_output().unwrap();
    let (printed, said) = texts(&ended);
    assert!(!ended.status.success(), "{printed}\n{said}");
    assert!(said.contains("lock") || said.contains("somebody else has written"), "{printed}\n{said}");
    other.run("plan --detailed-exitcode", 0);
    check(&other, &place);
}
