//! The machine under a clock that the test moves.

use proptest::prelude::*;
use state::Timestamp;

use super::*;

const PACE: Pace = Pace { interval: 300_000, quiet: 1_000, longest: 10_000, gap: 2_000 };

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis)
}

/// Plays a story: `at 1000 changed`, `fails`, `due 5000` (of the next rounds), `clock 0`; each round takes 100 ms. Gives the
/// rounds that begin until the last moment.
fn play(story: &str, until: i64) -> String {
    let mut watch = Watch::new(PACE);
    let mut events: Vec<(i64, &str)> = story
        .lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(moment, event)| (moment.parse().unwrap(), event.trim()))
        .collect();
    events.sort();
    events.reverse();
    let (mut passed, mut shift, mut due, mut fails) = (0, 0, None, false);
    let mut rounds = Vec::new();
    while passed <= until {
        while let Some((_, event)) = events.pop_if(|(moment, _)| *moment <= passed) {
            match event.split_once(' ') {
                None if event == "changed" => watch.changed(at(passed + shift)),
                None if event == "fails" => fails = true,
                None if event == "works" => fails = false,
                None if event == "stop" => watch.stop(),
                Some(("clock", by)) => shift += by.parse::<i64>().unwrap(),
                Some(("due", moment)) => due = Some(at(moment.parse().unwrap())),
                _ => panic!("{event}"),
            }
        }
        match watch.next(at(passed + shift)) {
            Step::Wait(wait) => passed += wait.min(events.last().map_or(wait, |(moment, _)| (moment - passed).max(1))),
            Step::Round(why) => {
                rounds.push(format!("{passed} {}", why.word()));
                passed += 100;
                watch.done(at(passed + shift), Round { failed: fails, due });
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
        // Debounced: once the files rest.
        ("5000 changed\n5500 changed\n5900 changed", 100_000, "0 started, 6900 files"),
        // What is heard during a round or right after it waits for the gap.
        ("50 changed", 100_000, "0 started, 2100 files"),
        ("10 due 45000", 100_000, "0 started"),
        ("0 due 45000", 100_000, "0 started, 45000 due"),
        // What lies behind is not due for ever.
        ("0 due -5", 310_000, "0 started, 300100 interval"),
        // Failures come again, later and later.
        ("0 fails", 70_000, "0 started, 4100 again, 12200 again, 28300 again, 60400 again"),
        ("0 fails\n5000 works", 100_000, "0 started, 4100 again, 12200 again"),
        // Whoever waits for a change that is being written all the time does not wait for ever.
        (&restless(5_000, 40_000), 60_000, "0 started, 15000 files, 25500 files, 36000 files, 41000 files"),
        // A clock that jumps ahead makes it early, within the gap too, once; one that is set back never late.
        ("1000 clock 86400000", 10_000, "0 started, 1000 interval"),
        ("1000 clock -86400000", 400_000, "0 started, 301000 interval"),
        ("1000 stop", 10_000, "0 started, stop"),
    ] {
        assert_eq!(play(story, until), expected, "{story}");
    }
}

fn restless(from: i64, until: i64) -> String {
    (from..=until).step_by(500).map(|moment| format!("{moment} changed\n")).collect()
}

#[test]
fn a_storm_is_few_rounds() {
    let storm: String = (0..10_000).map(|n| format!("{} changed\n", 1_000 + n * 6)).collect();
    let rounds = play(&storm, 100_000);
    assert!(rounds.split(", ").count() <= 8, "{rounds}");
}

proptest! {
    #[test]
    fn no_hint_is_lost_and_no_round_comes_too_soon(
        hints in prop::collection::vec(0..100_000i64, 0..40),
        fails in any::<bool>(),
    ) {
        let mut story: String = hints.iter().map(|moment| format!("{moment} changed\n")).collect();
        story.push_str(if fails { "0 fails" } else { "" });
        let rounds: Vec<i64> = play(&story, 500_000)
            .split(", ")
            .map(|round| round.split(' ').next().unwrap().parse().unwrap())
            .collect();
        for pair in rounds.windows(2) {
            prop_assert!(pair[1] - pair[0] >= PACE.gap + 100, "{rounds:?}");
            prop_assert!(pair[1] - pair[0] <= PACE.interval + 100, "{rounds:?}");
        }
        for hint in hints {
            let late = PACE.longest + PACE.gap + 100;
            prop_assert!(rounds.iter().any(|round| (hint..=hint + late).contains(round)), "{hint}: {rounds:?}");
        }
    }
}
