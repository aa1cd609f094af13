//! What a directory may send, and what files may say of one: messages, distinguished names, filters, schemas.
//!
//! The parsers are taken in as files: with the whole crate of providers, and the HTTP and TLS that it needs, this would take
//! ten times as long to build.

#![no_main]
#![allow(dead_code, unused_imports, reason = "parts of files that hold more")]

#[path = "../../providers/src/ldap/schema/definition.rs"]
mod definition;
#[path = "../../providers/src/ldap/protocol/mod.rs"]
mod protocol;

use definition::{AttributeType, ObjectClass};
use libfuzzer_sys::fuzz_target;
use protocol::message::Message;
use protocol::{Entry, Filter, Writer, ber, control, sync};
use tenure_state::dn::{Dn, normal};

fuzz_target!(|bytes: &[u8]| {
    let _ = ber::element_length(bytes, 1 << 20);
    if let Ok(message) = Message::read(bytes) {
        let _ = (message.entry(), message.reference(), sync::read(&message));
        if let Ok(answer) = message.answer() {
            let _ = (answer.said(), control::cookie(&answer.controls), control::post_read(&answer.controls));
        }
    }
    let _ = Entry::of_control(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(dn) = Dn::parse(text) {
        // What is written is read as the same.
        assert_eq!(Dn::parse(&dn.to_string()), Ok(dn));
    }
    let once = normal(text);
    assert_eq!(normal(&once), once);
    if let Ok(filter) = Filter::parse(text) {
        filter.write(&mut Writer::new());
    }
    let _ = (AttributeType::read(text), ObjectClass::read(text));
});
