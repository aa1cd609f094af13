//! Content synchronization (RFC 4533): a search that goes on after its end and tells of each change.

use super::ber::{self, Malformed, Reader, Writer};
use super::control::Control;
use super::message::{Message, tag};

/// The control of the search (section 2.2).
pub const SYNC_REQUEST: &str = "1.3.6.1.4.1.4203.1.9.1.1";
/// The control of an entry (section 2.3).
const SYNC_STATE: &str = "1.3.6.1.4.1.4203.1.9.1.2";
/// The name of a message in between (section 2.5).
const SYNC_INFO: &str = "1.3.6.1.4.1.4203.1.9.1.4";

/// What a message of such a search says, as far as it matters to somebody who only asks whether something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub what: What,
    /// How far the search has come: where it may go on from.
    pub cookie: Option<Vec<u8>>,
}

/// The kinds of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Entries came, changed or went, or the server tells which are there since it does not know what changed.
    Change,
    /// What had changed before the search was told: from now on it tells what changes.
    Caught,
    /// Nothing but, maybe, a cookie.
    Nothing,
    /// The search is over ([`Message::answer`]).
    Ended,
}

impl Control {
    /// Everything that changed since `cookie`, and then whatever changes, as it does.
    pub fn sync(cookie: Option<&[u8]>) -> Control {
        const REFRESH_AND_PERSIST: i64 = 3;
        let mut writer = Writer::new();
        writer.nested(ber::SEQUENCE, |writer| {
            writer.integer(ber::ENUMERATED, REFRESH_AND_PERSIST);
            if let Some(cookie) = cookie {
                writer.octets(ber::OCTETS, cookie);
            }
        });
        Control { oid: SYNC_REQUEST.to_owned(), critical: true, value: Some(writer.into_bytes()) }
    }
}

/// What a message of such a search says.
///
/// # Errors
/// Where it is not as the RFC says.
pub fn read(message: &Message<'_>) -> Result<Said, Malformed> {
    match message.tag {
        tag::ENTRY | tag::REFERENCE => {
            let controls = message.controls()?;
            let state = controls.iter().find(|control| control.oid == SYNC_STATE);
            Ok(Said { what: What::Change, cookie: state.map(state_cookie).transpose()?.flatten() })
        }
        tag::INTERMEDIATE => info(message.content),
        tag::DONE => Ok(Said { what: What::Ended, cookie: None }),
        _ => Ok(Said { what: What::Nothing, cookie: None }),
    }
}

fn state_cookie(control: &Control) -> Result<Option<Vec<u8>>, Malformed> {
    let value = control.value.as_deref().ok_or(Malformed("a state of an entry without a value"))?;
    let mut value = Reader::new(value).nested(ber::SEQUENCE)?;
    let _ = value.integer(ber::ENUMERATED)?;
    let _ = value.expect(ber::OCTETS)?;
    Ok(value.optional(ber::OCTETS)?.map(<[u8]>::to_vec))
}

/// A message in between: its name, then what it says.
fn info(mut content: Reader<'_>) -> Result<Said, Malformed> {
    const NEW_COOKIE: u8 = 0x80;
    const REFRESH_DELETE: u8 = 0xa1;
    const REFRESH_PRESENT: u8 = 0xa2;
    const ID_SET: u8 = 0xa3;
    let nothing = Said { what: What::Nothing, cookie: None };
    if content.optional(0x80)? != Some(SYNC_INFO.as_bytes()) {
        return Ok(nothing);
    }
    let mut value = Reader::new(content.expect(0x81)?);
    let (kind, bytes) = value.any()?;
    let mut inside = Reader::new(bytes);
    match kind {
        NEW_COOKIE => Ok(Said { what: What::Nothing, cookie: Some(bytes.to_vec()) }),
        REFRESH_DELETE | REFRESH_PRESENT => {
            let cookie = inside.optional(ber::OCTETS)?.map(<[u8]>::to_vec);
            let done = inside.optional(ber::BOOLEAN)?.is_none_or(|content| content != [0]);
            Ok(Said { what: if done { What::Caught } else { What::Nothing }, cookie })
        }
        ID_SET => Ok(Said { what: What::Change, cookie: inside.optional(ber::OCTETS)?.map(<[u8]>::to_vec) }),
        _ => Ok(nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(tag: u8, content: impl FnOnce(&mut Writer), controls: &[Control]) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.nested(ber::SEQUENCE, |writer| {
            writer.integer(ber::INTEGER, 2);
            writer.nested(tag, content);
            writer.nested(0xa0, |writer| controls.iter().for_each(|control| control.write(writer)));
        });
        writer.into_bytes()
    }

    fn between(oid: &str, value: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut inner = Writer::new();
        value(&mut inner);
        message(
            tag::INTERMEDIATE,
            |writer| {
                writer.octets(0x80, oid.as_bytes());
                writer.octets(0x81, &inner.into_bytes());
            },
            &[],
        )
    }

    fn entry(state: &[u8]) -> Vec<u8> {
        let control = Control { oid: SYNC_STATE.to_owned(), critical: false, value: Some(state.to_vec()) };
        let content = |writer: &mut Writer| {
            writer.octets(ber::OCTETS, b"uid=ada");
            writer.nested(ber::SEQUENCE, |_| {});
        };
        message(tag::ENTRY, content, &[control])
    }

    #[test]
    fn messages_say_whether_something_changed_and_how_far_it_is() {
        let cookie = |bytes: &[u8]| Some(bytes.to_vec());
        let phase = |kind: u8, done: Option<bool>| {
            between(SYNC_INFO, |writer| {
                writer.nested(kind, |writer| {
                    writer.octets(ber::OCTETS, b"c1");
                    if let Some(done) = done {
                        writer.boolean(ber::BOOLEAN, done);
                    }
                });
            })
        };
        let table = [
            (entry(b"\x30\x0a\x0a\x01\x02\x04\x01u\x04\x02c1"), What::Change, cookie(b"c1")),
            (entry(b"\x30\x06\x0a\x01\x01\x04\x01u"), What::Change, None),
            (between(SYNC_INFO, |writer| writer.octets(0x80, b"c2")), What::Nothing, cookie(b"c2")),
            (phase(0xa1, None), What::Caught, cookie(b"c1")),
            (phase(0xa2, Some(false)), What::Nothing, cookie(b"c1")),
            (phase(0xa2, Some(true)), What::Caught, cookie(b"c1")),
            (
                between(SYNC_INFO, |writer| {
                    writer.nested(0xa3, |writer| writer.nested(ber::SET, |writer| writer.octets(ber::OCTETS, b"u")));
                }),
                What::Change,
                None,
            ),
            (between("1.2.3", |writer| writer.octets(0x80, b"c2")), What::Nothing, None),
            (message(tag::DONE, |writer| writer.integer(ber::ENUMERATED, 0), &[]), What::Ended, None),
        ];
        for (bytes, what, cookie) in table {
            let said = read(&Message::read(&bytes).unwrap());
            assert_eq!(said, Ok(Said { what, cookie }), "{bytes:02x?}");
        }
        let malformed = entry(b"\x30\x03\x0a\x01");
        assert!(read(&Message::read(&malformed).unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            kind in prop::sample::select(vec![tag::ENTRY, tag::INTERMEDIATE, tag::REFERENCE]),
        ) {
            let raw = message(kind, |writer| writer.raw(&bytes), &[]);
            let _ = Message::read(&raw).map(|message| read(&message));
            let _ = Message::read(&entry(&bytes)).map(|message| read(&message));
            let between = between(SYNC_INFO, |writer| writer.raw(&bytes));
            let _ = Message::read(&between).map(|message| read(&message));
        }
    }
}
