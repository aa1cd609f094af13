//! The machine under a clock that the test moves.

use proptest::prelude::*;
use state::{Address, Digest, Timestamp};

use super::*;

const PACE: Pace = Pace {
    interval: 300_000,
    files: Rest { quiet: 1_000, longest: 10_000 },
    systems: Rest { quiet: 200, longest: 1_000 },
    gap: 500,
    longest_gap: 30_000,
    retry: 2_000,
};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis)
}

/// Plays a story, a line for each event: its moment, then `files` or `hr` (a system) that something is heard of, `news`
/// (the next round sees something new), `fails` and `works`, `due MOMENT`, `takes MILLIS`, `clock BY`, `writes` (each
/// round from now on sees something new, changes an account of `hr`, and is heard of), `stop`. A round takes 100 ms. Gives
/// the rounds that begin until the last moment.
fn play(story: &str, until: i64) -> String {
    let mut watch = Watch::new(PACE);
    let mut events: Vec<(i64, &str)> = story
        .lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(moment, event)| (moment.parse().unwrap(), event.trim()))
        .collect();
    events.sort();
    events.reverse();
    let hr = Source::System("hr".into());
    let (mut passed, mut shift, mut takes, mut due, mut fails, mut writes) = (0, 0, 100, None, false, false);
    let mut seen: u64 = 0;
    let mut rounds = Vec::new();
    while passed <= until {
        while let Some((_, event)) = events.pop_if(|(moment, _)| *moment <= passed) {
            let now = at(passed + shift);
            match event.split_once(' ') {
                None if event == "files" => watch.heard(Source::Files, now),
                None if event == "hr" => watch.heard(hr, now),
                None if event == "news" => seen += 1,
                None if event == "fails" => fails = true,
                None if event == "works" => fails = false,
                None if event == "writes" => writes = true,
                None if event == "stop" => watch.stop(),
                Some(("clock", by)) => shift += by.parse::<i64>().unwrap(),
                Some(("takes", millis)) => takes = millis.parse().unwrap(),
                Some(("due", moment)) => due = Some(at(moment.parse().unwrap())),
                _ => panic!("{event}"),
            }
        }
        match watch.next(at(passed + shift)) {
            Step::Wait(wait) => passed += wait.min(events.last().map_or(wait, |(moment, _)| (moment - passed).max(1))),
            Step::Round(why) => {
                rounds.push(format!("{passed} {why}"));
                passed += takes;
                let now = at(passed + shift);
                let account = Address::Account { system: "hr".into(), holder: "P1".into() };
                let applied = if writes { vec![account] } else { Vec::new() };
                seen += u64::from(writes);
                let seen = Some(Digest::of(&seen.to_be_bytes()));
                watch.done(now, Round { failed: fails, due, seen, applied });
                if writes {
                    watch.heard(hr, now);
                }
            }
            Step::Stop => {
                rounds.push("stop".to_owned());
                break;
            }
        }
    }
    rounds.join(", ")
}

#[test]
fn rounds_begin_when_something_is_heard_or_due() {
    for (story, until, expected) in [
        ("", 700_000, "0 started, 300100 interval, 600200 interval"),
        // Debounced: once the files rest, and a system a little.
        ("5000 files\n5500 files\n5900 files", 100_000, "0 started, 6900 files"),
        ("5000 hr\n5100 hr", 100_000, "0 started, 5300 system.hr"),
        // Files that are being written are waited for.
        ("5000 files\n5100 hr\n5900 files", 100_000, "0 started, 6900 files"),
        // What is heard during a round or right after it waits for the gap.
        ("50 files", 100_000, "0 started, 1100 files"),
        ("50 hr", 100_000, "0 started, 600 system.hr"),
        // The longer rounds take, the longer the time between them.
        ("0 takes 60000\n5 hr\n70000 hr", 250_000, "0 started, 120000 system.hr"),
        ("10 due 45000", 100_000, "0 started"),
        ("0 due 45000", 100_000, "0 started, 45000 due"),
        // What lies behind is not due for ever.
        ("0 due -5", 310_000, "0 started, 300100 interval"),
        // Failures come again, later and later.
        ("0 fails", 70_000, "0 started, 4100 again, 12200 again, 28300 again, 60400 again"),
        ("0 fails\n5000 works", 100_000, "0 started, 4100 again, 12200 again"),
        // Whoever waits for a change that is being written all the time does not wait for ever.
        (&every("files", 500, 5_000, 40_000), 60_000, "0 started, 15000 files, 25500 files, 36000 files, 41000 files"),
        // A clock that jumps ahead makes it early, within the gap too, once; one that is set back never late.
        ("1000 clock 86400000", 10_000, "0 started, 1000 interval"),
        ("1000 clock -86400000", 400_000, "0 started, 301000 interval"),
        ("900 hr\n1000 clock -86400000", 10_000, "0 started, 1500 system.hr"),
        ("1000 stop", 10_000, "0 started, stop"),
    ] {
        assert_eq!(play(story, until), expected, "{story}");
    }
}

fn every(event: &str, millis: usize, from: i64, until: i64) -> String {
    (from..=until).step_by(millis).map(|moment| format!("{moment} {event}\n")).collect()
}

#[test]
fn a_system_that_is_never_at_rest_is_read_ever_more_seldom_until_there_is_something_new() {
    assert_eq!(
        play(&every("hr", 50, 1_000, 200_000), 200_000),
        "0 started, 2000 system.hr, 3100 system.hr, 5200 system.hr, 9300 system.hr, 17400 system.hr, \
         33500 system.hr, 63600 system.hr, 93700 system.hr, 123800 system.hr, 153900 system.hr, 184000 system.hr"
    );
    let news = format!("{}60000 news", every("hr", 50, 1_000, 67_000));
    let rounds = play(&news, 67_000);
    assert!(rounds.ends_with("33500 system.hr, 63600 system.hr, 64700 system.hr, 65800 system.hr"), "{rounds}");
}

#[test]
fn who_changes_the_same_again_and_again_does_so_ever_more_seldom() {
    assert_eq!(
        play("1000 writes\n1000 hr", 100_000),
        "0 started, 1200 system.hr, 1800 system.hr, 2900 system.hr, 5000 system.hr, 9100 system.hr, \
         17200 system.hr, 33300 system.hr, 63400 system.hr, 93500 system.hr"
    );
}

#[test]
fn a_storm_is_few_rounds() {
    for (source, most) in [("files", 8), ("hr", 12)] {
        let storm: String = (0..10_000).map(|n| format!("{} {source}\n", 1_000 + n * 6)).collect();
        let rounds = play(&storm, 100_000);
        assert!(rounds.split(", ").count() <= most, "{rounds}");
        // All of it new: still no more than a round takes.
        let storm: String = (0..10_000).map(|n| format!("{0} {source}\n{0} news\n", 1_000 + n * 6)).collect();
        let rounds = play(&storm, 100_000);
        assert!(rounds.split(", ").count() <= 60, "{rounds}");
    }
}

proptest! {
    #[test]
    fn no_hint_is_lost_and_no_round_comes_too_soon(
        hints in prop::collection::vec((0..100_000i64, any::<bool>()), 0..40),
        fails in any::<bool>(),
    ) {
        let mut story: String = hints
            .iter()
            .map(|(moment, files)| format!("{moment} {}\n", if *files { "files" } else { "hr" }))
            .collect();
        story.push_str(if fails { "0 fails" } else { "" });
        let rounds: Vec<i64> = play(&story, 500_000)
            .split(", ")
            .map(|round| round.split(' ').next().unwrap().parse().unwrap())
            .collect();
        for pair in rounds.windows(2) {
            prop_assert!(pair[1] - pair[0] >= PACE.gap + 100, "{rounds:?}");
            prop_assert!(pair[1] - pair[0] <= PACE.interval + 100, "{rounds:?}");
        }
        for (hint, files) in hints {
            let late = if files { PACE.files.longest + PACE.gap + 100 } else { PACE.files.longest + PACE.longest_gap + 100 };
            prop_assert!(rounds.iter().any(|round| (hint..=hint + late).contains(round)), "{hint}: {rounds:?}");
        }
    }
}
