//! apply is killed at random moments, again and again, and run again: in the end the world is the one that an apply
//! makes which nobody disturbs, nothing stands twice, and the record tells of every call what came of it.
//!
//! The seed is printed; `CRASH_SEED=N cargo test --test crash` runs that one again (the moments are as the machine's
//! load lets them be).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "run/mod.rs"]
mod run;
#[path = "../providers/tests/servers/mod.rs"]
mod servers;
#[path = "run/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use run::Folder;
use serde_json::{Value, json};
use servers::{Server, TOKEN};
use world::{World, of_directory, of_scim};

/// Kills that have to land while changes are being carried out.
const KILLS: usize = 50;
/// Kills of one stage; then it is left alone.
const KILLS_OF_A_STAGE: usize = 8;

const PEOPLE: &str = r#"
settings { state = "crash.tenure" }
variable "url" {
  type    = string
  default = ""
}

locals { data = jsondecode(file("data.json")) }

people "all" {
  from  = local.data.people
  key   = row.key
  title = row.title
}

role "everybody" {
  members = [for one in local.data.people : person[one.key]]
  access  = [system.target]
}
"#;

const DIRECTORY: &str = r#"
system "target" {
  provider    = "directory"
  account_key = "login"
  group_key   = "name"
  match       = self.key == account.login
  account {
    login = self.key
    title = self.title
  }
}

group "target" "team" {
  for_each = local.data.teams
  name     = each.key
  members  = [for key in each.value : person[key]]
}
"#;

/// A killed request is lost after `timeout` and `visibility`; the next apply waits for that.
const SCIM: &str = r#"
system "target" {
  provider   = "scim"
  url        = var.url
  token      = env("SCIM_TOKEN")
  timeout    = 2
  visibility = 1
  match      = self.key == account.userName
  account {
    userName = self.key
    title    = self.title
  }
}

group "target" "team" {
  for_each    = local.data.teams
  displayName = each.key
  members     = [for key in each.value : person[key]]
}
"#;

const COUNT: usize = 80;
const TEAMS: usize = 10;

/// First everybody is new. Later some are gone, some have come, some do something else, some are in other teams.
fn data(later: bool) -> String {
    let name = |n: usize| format!("p{n:02}");
    let gone = |n: usize| later && matches!(n, 5 | 17 | 40);
    let count = if later { COUNT + 2 } else { COUNT };
    let mut teams: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut people = Vec::new();
    for n in (0..count).filter(|n| !gone(*n)) {
        let title = if later && n % 6 == 1 { "lead" } else { "engineer" };
        people.push(json!({"key": name(n), "title": title}));
        let moved = if later && n % 13 == 2 { 5 } else { 0 };
        let own = [(n + moved) % TEAMS, (n * 7 + 3) % TEAMS];
        for (place, team) in own.iter().enumerate() {
            if place == 0 || own[0] != *team {
                teams.entry(format!("team-{team}")).or_default().push(name(n));
            }
        }
    }
    json!({"people": people, "teams": teams}).to_string()
}

fn folder(system: &str, url: &str) -> Folder {
    let mut folder = Folder::new(&[("people.hcl", PEOPLE), ("system.hcl", system)]);
    folder.environment = vec![("TENURE_VAR_url".into(), url.into()), ("SCIM_TOKEN".into(), TOKEN.into())];
    folder
}

/// The worlds after both stages, and how long an apply took to write.
struct Clean {
    stages: [World; 2],
    writing: Duration,
}

fn clean(folder: &Folder, look: impl Fn() -> World) -> Clean {
    let mut writing = Duration::ZERO;
    let stages = [false, true].map(|later| {
        folder.write("data.json", &data(later));
        if !later {
            folder.run("init", 0);
        }
        // Of several leavers one goes first: the next run takes the others.
        for held in [true, false] {
            let attempt = apply(folder, None);
            assert!(attempt.finished);
            writing = writing.max(attempt.writing);
            assert!(!attempt.held || (later && held), "a safeguard holds what it let through before");
            if !attempt.held {
                break;
            }
        }
        look()
    });
    assert_ne!(stages[0], stages[1]);
    Clean { stages, writing }
}

struct Attempt {
    /// It came to its end by itself.
    finished: bool,
    /// A safeguard held something.
    held: bool,
    /// It was killed while changes were being carried out.
    midway: bool,
    /// From its first word in the record to its end.
    writing: Duration,
}

/// Runs apply; as soon as it writes to the record, `delay` says when it is killed, if it is.
fn apply(folder: &Folder, delay: Option<Duration>) -> Attempt {
    let record = folder.path().join("crash.tenure");
    let length = || std::fs::metadata(&record).map_or(0, |metadata| metadata.len());
    let before = length();
    // A run that was killed while it asked git for the commit leaves a child that holds the lock until it has become git.
    let mut command = folder.command("apply --auto-approve --lock-timeout 10s");
    let said = std::fs::File::create(folder.path().join("said")).unwrap();
    command.stdout(Stdio::null()).stderr(said);
    let mut child = command.spawn().unwrap();
    let mut status = None;
    while length() == before && status.is_none() {
        std::thread::sleep(Duration::from_millis(1));
        status = child.try_wait().unwrap();
    }
    let begun = Instant::now();
    if let (None, Some(delay)) = (status, delay) {
        std::thread::sleep(delay);
        status = child.try_wait().unwrap();
        if status.is_none() {
            // SIGKILL: nothing in the program can be prepared for it.
            child.kill().unwrap();
            child.wait().unwrap();
            let text = std::fs::read(&record).unwrap();
            let written = String::from_utf8_lossy(&text[before.min(text.len() as u64) as usize..]).into_owned();
            let midway = written.contains("\"run_started\"") && !written.contains("\"run_finished\"");
            return Attempt { finished: false, held: false, midway, writing: begun.elapsed() };
        }
    }
    let status = status.unwrap_or_else(|| child.wait().unwrap());
    let said = folder.read("said");
    assert!(matches!(status.code(), Some(0 | 3)), "{status}: {said}");
    Attempt { finished: true, held: status.code() == Some(3), midway: false, writing: begun.elapsed() }
}

/// Numbers that a seed decides (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

fn seed() -> u64 {
    let given = std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| u64::from(std::process::id()) * 2_654_435_761 + 1);
    println!("CRASH_SEED={seed}");
    seed
}

/// Both stages under kills; how many landed midway.
fn disturbed(folder: &Folder, clean: &Clean, random: &mut Random, look: impl Fn() -> World) -> usize {
    let mut midway = 0;
    for later in [false, true] {
        folder.write("data.json", &data(later));
        if !later {
            folder.run("init", 0);
        }
        let mut kills = 0;
        loop {
            let moment = Duration::from_micros(random.below(clean.writing.as_micros() as u64));
            let attempt = apply(folder, (kills < KILLS_OF_A_STAGE).then_some(moment));
            midway += usize::from(attempt.midway);
            kills += 1;
            assert!(kills < KILLS_OF_A_STAGE + 5, "a safeguard goes on holding");
            if attempt.finished && !attempt.held {
                break;
            }
        }
        let world = look();
        world.assert_no_duplicates();
        assert_eq!(world, clean.stages[usize::from(later)], "after {kills} kills");
        assert_eq!(folder.plan(0)["changes"], json!([]));
    }
    folder.run("state verify", 0);
    assert_every_intent_has_an_outcome(&folder.read("crash.tenure"));
    midway
}

fn assert_every_intent_has_an_outcome(record: &str) {
    let mut open: BTreeMap<(String, u64), Value> = BTreeMap::new();
    for line in record.lines() {
        let event: Value = serde_json::from_str(&line[65..]).unwrap();
        let key = || (event["run"].as_str().unwrap().to_owned(), event["intent"].as_u64().unwrap());
        match event["event"].as_str() {
            Some("intent") => assert!(open.insert(key(), event.clone()).is_none(), "twice: {event}"),
            // What is unknown is looked at, and has another outcome then.
            Some("outcome") if !event.to_string().contains("\"unknown\"") => drop(open.remove(&key())),
            _ => {}
        }
    }
    assert!(open.is_empty(), "{} intents without an outcome, such as {:?}", open.len(), open.values().next());
}

#[test]
fn directory() {
    let mut random = Random(seed());
    let undisturbed = folder(DIRECTORY, "");
    let look = |folder: &Folder| of_directory(&folder.path().join("directory/target"));
    let clean = clean(&undisturbed, || look(&undisturbed));
    let (mut midway, mut rounds) = (0, 0);
    while midway < KILLS {
        let folder = folder(DIRECTORY, "");
        midway += disturbed(&folder, &clean, &mut random, || look(&folder));
        rounds += 1;
        assert!(rounds < KILLS, "only {midway} kills landed midway in {rounds} rounds");
    }
    println!("{midway} kills midway in {rounds} rounds; an apply writes for {:?}", clean.writing);
}

#[test]
fn scim() {
    let seed = seed();
    let server = Server::scim2_server_tenants();
    let url = |tenant: &str| format!("{}/{tenant}/v2", server.origin());
    let undisturbed = folder(SCIM, &url("clean"));
    let clean = clean(&undisturbed, || of_scim(&url("clean"), TOKEN));
    let (midway, rounds) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // Most of the time goes into waiting until a killed request is lost for sure; so several runs wait side by side.
    std::thread::scope(|scope| {
        for lane in 1..=10u64 {
            let (midway, rounds, clean, url) = (&midway, &rounds, &clean, &url);
            scope.spawn(move || {
                let mut random = Random(seed.wrapping_add(lane.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1);
                while midway.load(Ordering::Relaxed) < KILLS {
                    let round = rounds.fetch_add(1, Ordering::Relaxed);
                    assert!(round < KILLS, "too few kills land midway");
                    let url = url(&format!("round{round}"));
                    let folder = folder(SCIM, &url);
                    let landed = disturbed(&folder, clean, &mut random, || of_scim(&url, TOKEN));
                    midway.fetch_add(landed, Ordering::Relaxed);
                }
            });
        }
    });
    println!("{midway:?} kills midway in {rounds:?} rounds; an apply writes for {:?}", clean.writing);
}
