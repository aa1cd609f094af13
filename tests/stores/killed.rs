//! An applier is killed at random moments; the next one goes on, and the record is whole.

use std::time::{Duration, Instant};

use crate::host::{BOTH, check, fresh, host, set};
use crate::run::Folder;

/// How often, on each store; `KILLS=50` for the long run.
fn kills() -> usize {
    std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

#[test]
fn killed_at_random_moments() {
    for kind in BOTH {
        let (place, world) = (fresh(kind), Folder::new(&[]));
        let place = place.replace("lease=3s", "lease=2s");
        let mut host = host(&place, &world);
        set(&mut host, "TENURE_VAR_people", "1");
        host.run("init", 0);
        let begun = Instant::now();
        host.run("apply --auto-approve", 0);
        let usual = begun.elapsed() * 2;
        for kill in 0..kills() {
            // `range` makes 1,024 numbers at most.
            let more = (1_000 / kills()).min(40);
            set(&mut host, "TENURE_VAR_people", &(more * (kill + 1)).to_string());
            let mut child = host.command("apply --auto-approve --lock-timeout 60s");
            let mut child =
                child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
            // Spread over the run by the golden ratio: no moment is tried twice.
            let share = (kill as f64 * 0.618_034).fract();
            std::thread::sleep(usual.mul_f64(share).max(Duration::from_millis(5)));
            child.kill().unwrap();
            child.wait().unwrap();
            host.run("state verify", 0);
        }
        host.run("apply --auto-approve --lock-timeout 60s", 0);
        host.run("plan --detailed-exitcode", 0);
        check(&host, &place);
    }
}
