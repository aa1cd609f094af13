//! No bytes make the reader of state files panic; and what it reads can be written down as a checkpoint and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenure_state::record::{Event, Text, checkpoint};

fuzz_target!(|bytes: &[u8]| {
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
});
