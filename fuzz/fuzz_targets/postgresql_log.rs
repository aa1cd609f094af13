//! What a PostgreSQL server's log may hold: any bytes as its records, any text as a statement. Taken in as files, as those
//! of `ldap`.

#![no_main]
#![allow(dead_code, unused_imports, reason = "parts of files that hold more")]

extern crate tenure_state as state;

#[path = "../../providers/src/postgresql/log"]
mod log {
    pub mod author;
    pub mod deed;
    pub mod history;
    pub mod line;
    pub mod record;
    pub mod token;
}

use libfuzzer_sys::fuzz_target;
use log::author::{Index, Question, Wanted, author};
use log::history::events;
use log::line::{Line, Zones};
use log::record::{Format, first, records};

fuzz_target!(|bytes: &[u8]| {
    for format in [Format::Csv, Format::Json] {
        let mut lines = Vec::new();
        let mut whole = Vec::new();
        records(format, bytes, |record| {
            whole.push((record.user.clone().into_owned(), record.message.clone().into_owned()));
            lines.extend(Line::of(&record));
        });
        assert_eq!(first(format, bytes).is_some(), !whole.is_empty());
        // What ends earlier holds the first of them, and nothing else.
        let mut some = Vec::new();
        records(format, &bytes[..bytes.len() / 2], |record| {
            some.push((record.user.clone().into_owned(), record.message.clone().into_owned()));
        });
        assert!(whole.starts_with(&some));
        let index = Index::new(events(&lines, &Zones::default(), &Default::default(), state::Timestamp::from_millis(i64::MAX)));
        let ada = || "ada".to_owned();
        for wanted in [
            Wanted::Set { role: ada(), attribute: "login", to: None },
            Wanted::Dropped { role: ada() },
            Wanted::Named { now: ada(), before: "a".to_owned() },
            Wanted::Member { group: "a".to_owned(), member: ada(), given: true },
        ] {
            if let Ok(found) = author(&index, &Question { wanted, since: None }, |_| false) {
                assert!(!found.user.is_empty());
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = log::deed::deeds(text);
    }
});
