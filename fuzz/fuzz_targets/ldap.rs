//! What a directory may send, and what files may say of one: messages, distinguished names, filters, schemas.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenure_providers::ldap::protocol::message::Message;
use tenure_providers::ldap::protocol::{Entry, Filter, Writer, ber, control};
use tenure_providers::ldap::schema::{AttributeType, ObjectClass};
use tenure_state::dn::{Dn, normal};

fuzz_target!(|bytes: &[u8]| {
    let _ = ber::element_length(bytes, 1 << 20);
    if let Ok(message) = Message::read(bytes) {
        let _ = (message.entry(), message.reference());
        if let Ok(answer) = message.answer() {
            let _ = (answer.said(), control::cookie(&answer.controls));
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
