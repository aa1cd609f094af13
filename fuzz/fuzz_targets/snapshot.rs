//! No bytes make the reader of snapshots panic; and what it reads is written and read as the same.
//!
//! The bytes stand for what lies behind the digest, which no fuzzer guesses.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenure_state::Digest;
use tenure_state::record::snapshot::{Header, body, read, same, write};

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes, "fuzz");
    let _ = Header::of(bytes, "fuzz");
    let Ok(mut recorded) = body(bytes) else { return };
    recorded.head = Some(Digest::of(bytes));
    let Some(snapshot) = write(&recorded, "fuzz") else { return };
    let again = read(&snapshot, "fuzz").expect("a snapshot can be read");
    assert!(same(&again, &recorded));
});
