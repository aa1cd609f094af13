//! No bytes make the reader of state files panic; and what it reads can be written down as a checkpoint and read again.
//!
//! The bytes are tried as they are, and then as the events of a record, one a line, without the digits, number and time that
//! stand before each: no fuzzer guesses a SHA-256.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenure_state::Digest;
use tenure_state::record::{Event, Text, checkpoint};

const OPENED: &[u8] = br#""event":"opened","format":1,"lineage":"fuzz"}"#;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    read(&recorded(bytes));
});

/// A record of these events.
fn recorded(events: &[u8]) -> Vec<u8> {
    let (mut record, mut head) = (Vec::new(), [b'0'; 64]);
    let lines = std::iter::once(OPENED).chain(events.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()));
    for (n, line) in lines.enumerate() {
        let begin = format!(r#"{{"n":{},"at":"2026-11-27T12:00:00.000Z","#, n + 1);
        head = Digest::of_parts([&head[..], b" ", begin.as_bytes(), line]).hex();
        for part in [&head[..], b" ", begin.as_bytes(), line, b"\n"] {
            record.extend_from_slice(part);
        }
    }
    record
}

fn read(bytes: &[u8]) {
    let Ok(text) = Text::new(bytes) else { return };
    let _ = text.verify(0..text.lines.len());
    let Ok(recorded) = text.replay() else { return };
    let (mut chain, mut again) = (text.chain(), Vec::new());
    let lineage = recorded.lineage.expect("a file that was read has a lineage");
    let opened = Event::Opened { format: 1, lineage, former: Some(chain.head) };
    for event in std::iter::once(opened).chain(checkpoint(&recorded)) {
        if chain.append(recorded.last, &event, &mut again).is_err() {
            return;
        }
    }
    let again = Text::new(&again).and_then(|text| text.replay()).expect("a checkpoint can be read");
    assert_eq!(again.objects, recorded.objects);
}
