//! A fold out of the bytes that it was written as. No bytes make it panic, or take more room than a small multiple of theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::recorded::{Origin, Recorded, RecordedObject};
use super::super::stage::{Stage, StageKind};
use super::layout::{DEPTH, address, object, target, value};
use super::{Beside, DIGITS, Header};
use crate::{Address, Attributes, Digest, Member, Reason, Symbol, Target, Timestamp, Value};

/// Why bytes are not a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(&'static str);

type Read<T> = Result<T, Unreadable>;

const SHORT: Unreadable = Unreadable("it ends too early");

/// The fold that a snapshot keeps.
///
/// # Errors
/// Where the bytes are not as the code called `by` wrote them.
pub fn read(bytes: &[u8], by: &str) -> Read<Recorded> {
    let header = Header::of(bytes, by).ok_or(Unreadable("it is not a snapshot that this version wrote"))?;
    let (digits, rest) = bytes.split_at_checked(DIGITS).ok_or(SHORT)?;
    if digits.strip_suffix(b" ") != Some(&Digest::of(rest).hex()) {
        return Err(Unreadable("it is not as it was written"));
    }
    let start = memchr::memchr(b'\n', rest).ok_or(SHORT)? + 1;
    let mut recorded = body(rest.get(start..).ok_or(SHORT)?)?;
    recorded.head = Some(header.head);
    recorded.head_line = header.line;
    Ok(recorded)
}

/// The same of what follows the header, whose digest is not asked for.
///
/// # Errors
/// Where it is not what is written there.
pub fn body(bytes: &[u8]) -> Read<Recorded> {
    let mut columns = Columns { bytes, texts: Vec::new() };
    columns.texts()?;
    let mut recorded = Recorded::default();
    let objects = columns.count()?;
    recorded.objects.reserve(objects);
    for _ in 0..objects {
        let address = columns.address()?;
        let object = columns.object()?;
        recorded.objects.insert(address, object);
    }
    let identities = columns.count()?;
    recorded.identities.reserve(identities);
    for _ in 0..identities {
        let address = columns.address()?;
        let attributes = columns.attributes()?;
        recorded.identities.insert(address, attributes);
    }
    for _ in 0..columns.count()? {
        let attribute = (columns.symbol()?, columns.symbol()?);
        let count = columns.count()?;
        let given: Read<BTreeMap<i64, Symbol>> =
            (0..count).map(|_| Ok((columns.signed()?, columns.symbol()?))).collect();
        recorded.numbers.insert(attribute, given?);
    }
    let beside = serde_json::from_slice(columns.bytes).map_err(|_| Unreadable("its last part makes no sense"))?;
    let Beside { lineage, last, began, oddities, later, items } = beside;
    (recorded.lineage, recorded.last, recorded.oddities, recorded.later) = (lineage, last, oddities, later);
    items.into_iter().for_each(|item| recorded.item(item));
    recorded.began = began.into_iter().collect();
    Ok(recorded)
}

/// What is left of the bytes, and the texts that they name.
struct Columns<'a> {
    bytes: &'a [u8],
    texts: Vec<Symbol>,
}

impl<'a> Columns<'a> {
    fn byte(&mut self) -> Read<u8> {
        let (first, rest) = self.bytes.split_first().ok_or(SHORT)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(SHORT)?;
        self.bytes = rest;
        Ok(taken)
    }

    #[inline]
    fn number(&mut self) -> Read<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Unreadable("a number in it is too long"))
    }

    fn signed(&mut self) -> Read<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn moment(&mut self) -> Read<Timestamp> {
        self.signed().map(Timestamp::from_millis)
    }

    /// How many things follow: each takes a byte at least, so that no number makes room for more than there can be.
    fn count(&mut self) -> Read<usize> {
        let count = usize::try_from(self.number()?).map_err(|_| SHORT)?;
        if count <= self.bytes.len() { Ok(count) } else { Err(SHORT) }
    }

    fn texts(&mut self) -> Read<()> {
        let count = self.count()?;
        self.texts.reserve(count);
        for _ in 0..count {
            let length = self.count()?;
            let text = std::str::from_utf8(self.take(length)?).map_err(|_| Unreadable("a text in it is not UTF-8"))?;
            self.texts.push(Symbol::new(text));
        }
        Ok(())
    }

    fn symbol(&mut self) -> Read<Symbol> {
        let number = usize::try_from(self.number()?).map_err(|_| SHORT)?;
        self.texts.get(number).copied().ok_or(Unreadable("it names a text that it lacks"))
    }

    fn address(&mut self) -> Read<Address> {
        Ok(match self.byte()? {
            address::PERSON => Address::Person(self.symbol()?),
            address::SERVICE => Address::Service(self.symbol()?),
            address::SYSTEM => Address::System(self.symbol()?),
            address::ROLE => Address::Role(self.symbol()?),
            address::ACCOUNT => Address::Account { system: self.symbol()?, holder: self.symbol()? },
            address::GROUP => Address::Group { system: self.symbol()?, group: self.symbol()? },
            address::MEMBER => Address::Membership {
                system: self.symbol()?,
                group: self.symbol()?,
                member: Member::Holder(self.symbol()?),
            },
            address::NESTED => Address::Membership {
                system: self.symbol()?,
                group: self.symbol()?,
                member: Member::Group(self.symbol()?),
            },
            address::GRANT => Address::Grant { system: self.symbol()?, group: self.symbol()?, grant: self.symbol()? },
            _ => return Err(Unreadable("a kind of address in it is unknown")),
        })
    }

    fn object(&mut self) -> Read<RecordedObject> {
        let flags = self.byte()?;
        let has = |flag: u8| flags & flag != 0;
        Ok(RecordedObject {
            id: self.symbol()?,
            since: self.moment()?,
            active: has(object::ACTIVE),
            deactivated_by_us: has(object::DEACTIVATED_BY_US),
            origin: if has(object::ADOPTED) { Origin::Adopted } else { Origin::Made },
            target: if has(object::TARGET) { Some(self.target()?) } else { None },
            attributes: if has(object::ATTRIBUTES) { self.attributes()? } else { Attributes::new() },
            until: if has(object::UNTIL) { Some(self.moment()?) } else { None },
            why: if has(object::WHY) { self.why()? } else { Vec::new() },
            stage: if has(object::STAGE) { Some(self.stage()?) } else { None },
        })
    }

    fn why(&mut self) -> Read<Vec<Reason>> {
        let count = self.count()?;
        (0..count).map(|_| Ok(Reason { because: self.symbol()?, place: self.maybe(Columns::symbol)? })).collect()
    }

    fn stage(&mut self) -> Read<Stage> {
        let kind = StageKind::ALL.get(usize::from(self.byte()?)).copied();
        let stage = kind.ok_or(Unreadable("a stage in it is unknown"))?;
        Ok(Stage { stage, since: self.maybe(Columns::moment)? })
    }

    fn maybe<T>(&mut self, read: impl FnOnce(&mut Columns<'a>) -> Read<T>) -> Read<Option<T>> {
        match self.byte()? {
            0 => Ok(None),
            _ => read(self).map(Some),
        }
    }

    fn target(&mut self) -> Read<Target> {
        Ok(match self.byte()? {
            target::ACCOUNT => Target::Account(self.symbol()?),
            target::GROUP => Target::Group(self.symbol()?),
            kind @ (target::MEMBERSHIP | target::NESTED) => {
                Target::Membership { group: self.symbol()?, member: self.symbol()?, nested: kind == target::NESTED }
            }
            target::GRANT => Target::Grant { group: self.symbol()?, grant: self.symbol()? },
            target::OWNED => Target::Owned(self.symbol()?),
            _ => return Err(Unreadable("a kind of target in it is unknown")),
        })
    }

    fn attributes(&mut self) -> Read<Attributes> {
        let count = self.count()?;
        (0..count).map(|_| Ok((self.symbol()?, self.value(0)?))).collect()
    }

    fn value(&mut self, depth: u32) -> Read<Value> {
        if depth == DEPTH {
            return Err(Unreadable("a value in it is too deep"));
        }
        Ok(match self.byte()? {
            value::NULL => Value::Null,
            value::FALSE => Value::Bool(false),
            value::TRUE => Value::Bool(true),
            value::INTEGER => Value::Integer(self.signed()?),
            value::FLOAT => {
                let bits = self.take(8)?.try_into().map_err(|_| SHORT)?;
                let number = f64::from_bits(u64::from_le_bytes(bits));
                if !number.is_finite() {
                    return Err(Unreadable("a number in it is not finite"));
                }
                Value::Float(number)
            }
            value::TEXT => Value::Text(self.symbol()?),
            value::LIST => {
                let count = self.count()?;
                let items: Read<Vec<Value>> = (0..count).map(|_| self.value(depth + 1)).collect();
                Value::List(Arc::new(items?))
            }
            value::MAP => {
                let count = self.count()?;
                let pairs: Read<Vec<(Symbol, Value)>> =
                    (0..count).map(|_| Ok((self.symbol()?, self.value(depth + 1)?))).collect();
                Value::map(pairs?)
            }
            _ => return Err(Unreadable("a kind of value in it is unknown")),
        })
    }
}
