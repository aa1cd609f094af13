//! Whatever the files say and the systems hold: plans lead to where there is nothing more to do, and the same inputs
//! give the same plan. That every plan covers its changes once, in an order that can be done, without touching what
//! nobody named or what cannot be seen, is checked by `rules` on the way.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::dump::dump;
use crate::story::{Story, errors};

pub const PEOPLE: [&str; 5] = ["ada", "bob", "eve", "kim", "lou"];
const GROUPS: [&str; 3] = ["core", "ops", "side"];

/// What the files say.
#[derive(Clone, Debug)]
pub struct Said {
    people: Vec<&'static str>,
    /// Of whom a last day is past.
    ended: Vec<&'static str>,
    roles: Vec<&'static str>,
    groups: Vec<Group>,
    exclusive: bool,
    when: bool,
    /// Whose title is the other one.
    titled: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub struct Group {
    members: Vec<&'static str>,
    nested: Option<usize>,
    until: Option<bool>,
    qualified: bool,
    exclusive: bool,
}

fn some() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(PEOPLE.to_vec(), 0..=PEOPLE.len())
}

fn group() -> impl Strategy<Value = Group> {
    let until = prop_oneof![3 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    (some(), prop::option::weighted(0.3, 0..GROUPS.len()), until, any::<bool>(), prop::bool::weighted(0.2)).prop_map(
        |(members, nested, until, qualified, exclusive)| Group { members, nested, until, qualified, exclusive },
    )
}

pub fn said() -> impl Strategy<Value = Said> {
    let flags = (prop::bool::weighted(0.1), prop::bool::weighted(0.2));
    let ended = subsequence(PEOPLE.to_vec(), 0..2);
    (some(), ended, some(), prop::collection::vec(group(), 3), flags, some()).prop_map(
        |(people, ended, roles, groups, (exclusive, when), titled)| Said {
            people,
            ended,
            roles,
            groups,
            exclusive,
            when,
            titled,
        },
    )
}

impl Said {
    pub fn hcl(&self) -> String {
        let here = |who: &&&str| self.people.contains(*who);
        let mut text = String::new();
        for who in &self.people {
            let ends = if self.ended.contains(who) { "\n  ends = \"2026-01-31\"" } else { "" };
            let title = if self.titled.contains(who) { "Countess" } else { "Lady" };
            let _ = writeln!(
                text,
                "--- {who}.hcl\nperson \"{who}\" {{\n  login = \"{who}\"\n  title = \"{title}\"{ends}\n}}"
            );
        }
        let exclusive = if self.exclusive { "  exclusive = true\n" } else { "" };
        let when = if self.when { "    when = self.login != \"eve\"\n" } else { "" };
        let _ = writeln!(
            text,
            "--- systems.hcl\nsystem \"corp\" {{\n  provider = \"directory\"\n{exclusive}  match = self.login == account.userName\n  \
             account {{\n{when}    on_create {{\n      number = next(1, 99)\n    }}\n  }}\n}}\nsystem \"chat\" {{\n  \
             provider = \"directory\"\n  match = self.login == account.userName\n  account {{\n    title = self.title\n    externalId = \
             self.accounts.corp.id\n    number = self.accounts.corp.number\n  }}\n}}"
        );
        let holders: Vec<String> = self.roles.iter().filter(here).map(|who| format!("person.{who}")).collect();
        let _ = writeln!(
            text,
            "--- roles.hcl\nrole \"staff\" {{\n  members = [{}]\n  access = [system.corp, group.chat.core]\n}}",
            holders.join(", ")
        );
        for (number, (name, group)) in GROUPS.iter().zip(&self.groups).enumerate() {
            let until = match group.until {
                None => "",
                Some(true) => ", until = \"2026-12-24\"",
                Some(false) => ", until = \"2026-01-31\"",
            };
            let role = if group.qualified { ", role = \"maintainer\"" } else { "" };
            let entry = |who: &&str| format!("{{ who = person.{who}{until}{role} }}");
            let mut members: Vec<String> = group.members.iter().filter(here).map(entry).collect();
            // Only later groups are in earlier ones: no circle.
            if let Some(inner) = group.nested.filter(|inner| *inner > number) {
                members.push(format!("group.chat.{}", GROUPS[inner]));
            }
            let exclusive = if group.exclusive { "\n  exclusive = true" } else { "" };
            let _ = writeln!(
                text,
                "--- {name}.hcl\ngroup \"chat\" \"{name}\" {{\n  members = [{}]{exclusive}\n}}",
                members.join(", ")
            );
        }
        text
    }
}

/// Lines about what stands on a system.
pub fn held() -> impl Strategy<Value = String> {
    let logins = ["ada", "bob", "eve", "kim", "lou", "x", "y"];
    let account = (subsequence(logins.to_vec(), 0..4), prop::collection::vec(any::<bool>(), 7));
    let groups = subsequence(GROUPS.to_vec(), 0..=3);
    let members = prop::collection::vec((0..3usize, 0..7usize), 0..5);
    (account, groups, members).prop_map(move |((accounts, off), groups, members)| {
        let mut text = String::from("=== chat\n");
        for (login, off) in accounts.iter().zip(off) {
            let _ = writeln!(text, "account a-{login}{} {{\"userName\":\"{login}\"}}", if off { " off" } else { "" });
        }
        for group in &groups {
            let _ = writeln!(text, "group g-{group} {{\"displayName\":\"{group}\"}}");
        }
        for (group, member) in members {
            if groups.contains(&GROUPS[group]) && accounts.contains(&logins[member]) {
                let _ = writeln!(text, "member g-{} a-{}", GROUPS[group], logins[member]);
            }
        }
        text
    })
}

/// Applies until nothing changes any more: what stays is held.
fn until_settled(story: &mut Story) {
    let mut last = String::new();
    for _ in 0..6 {
        story.apply();
        let plan = story.plan();
        let open = story.with(|planned, _| match planned {
            Ok(planned) => {
                let held = planned.plan.held().len();
                planned.plan.changes.len() - held + planned.plan.facts.len()
            }
            Err((files, wrong)) => panic!("{}", errors(&files, &wrong)),
        });
        if open == 0 || plan == last {
            return;
        }
        last = plan;
    }
    panic!("there is always something to do:\n{}", story.plan());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn plans_come_to_an_end(first in said(), second in said(), held in held(), flat in any::<bool>(), gone in 0..4usize) {
        let mut story = Story::new(if flat { "=== corp\n=== chat flat" } else { "=== corp\n=== chat" });
        story.tell(&held);
        story.tell(&first.hcl());
        until_settled(&mut story);
        // Something happens behind tenure's back.
        let mut lines = String::from("=== chat\n");
        let there = |kind: &str, id: &str| {
            let remote = &story.systems[&state::Symbol::new("chat")];
            match kind {
                "account" => remote.accounts.contains_key(&state::Symbol::new(id)),
                _ => remote.groups.contains_key(&state::Symbol::new(id)),
            }
        };
        match gone {
            1 if there("account", "chat-1") => lines.push_str("remove account chat-1\n"),
            2 if there("account", "chat-2") => lines.push_str("account chat-2 off {\"userName\":\"bob\"}\n"),
            3 if there("group", "g-ops") => lines.push_str("remove group g-ops\n"),
            _ => {}
        }
        story.tell(&lines);
        story.at("2026-12-24T00:00:00Z");
        let files: Vec<String> = PEOPLE.iter().map(|who| format!("--- {who}.hcl\n")).collect();
        story.tell(&files.concat());
        story.tell(&second.hcl());
        until_settled(&mut story);
    }

    #[test]
    fn the_order_of_files_and_rows_says_nothing(first in said(), second in said(), held in held()) {
        let mut story = Story::new(&held);
        story.tell(&first.hcl());
        story.apply();
        let files: Vec<String> = PEOPLE.iter().map(|who| format!("--- {who}.hcl\n")).collect();
        story.tell(&files.concat());
        story.tell(&second.hcl());
        let bytes = |story: &Story| story.with(|planned, _| {
            let plan = planned.unwrap_or_else(|(files, wrong)| panic!("{}", errors(&files, &wrong))).plan;
            (plan.digest, dump(&plan), serde_json::to_string(&plan).unwrap())
        });
        let one = bytes(&story);
        story.reversed = true;
        prop_assert_eq!(&one, &bytes(&story));
        // When it is made says nothing either, as long as no day and no end lies between.
        story.now = story.now.plus_millis(3_600_000);
        prop_assert_eq!(one.0, bytes(&story).0);
    }

    #[test]
    fn nothing_is_planned_where_nothing_can_be_seen(first in said(), second in said(), held in held(), corp in any::<bool>()) {
        let mut story = Story::new(&held);
        story.tell(&first.hcl());
        story.apply();
        let files: Vec<String> = PEOPLE.iter().map(|who| format!("--- {who}.hcl\n")).collect();
        story.tell(&files.concat());
        story.tell(&second.hcl());
        story.tell(if corp { "=== corp\nunreadable: 503" } else { "=== chat\nunreadable: 503" });
        // `rules` says what this is about.
        until_settled(&mut story);
        story.tell(if corp { "=== corp\nreadable" } else { "=== chat\nreadable" });
        until_settled(&mut story);
    }
}
