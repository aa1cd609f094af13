//! A fold as bytes.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::super::checkpoint::few;
use super::super::recorded::{Origin, Recorded, RecordedObject};
use super::super::stage::{Stage, StageKind};
use super::layout::{DEPTH, address, object, target, value};
use super::{Beside, Header, LAYOUT, at_rest};
use crate::{Address, Attributes, Digest, Member, Symbol, Target, Value};

/// A snapshot of a fold, which the code called `by` made. None within a run, or where something cannot be written down.
pub fn write(recorded: &Recorded, by: &str) -> Option<Vec<u8>> {
    let head = recorded.head.filter(|_| at_rest(recorded))?;
    let mut columns = Columns::default();
    columns.number(recorded.objects.len() as u64);
    for (address, object) in &recorded.objects {
        columns.address(*address);
        columns.object(object)?;
    }
    columns.number(recorded.identities.len() as u64);
    for (address, attributes) in &recorded.identities {
        columns.address(*address);
        columns.attributes(attributes)?;
    }
    columns.number(recorded.numbers.len() as u64);
    for ((system, attribute), given) in &recorded.numbers {
        columns.symbol(*system);
        columns.symbol(*attribute);
        columns.number(given.len() as u64);
        for (number, holder) in given {
            columns.signed(*number);
            columns.symbol(*holder);
        }
    }
    let mut began: Vec<_> = recorded.began.iter().map(|(system, at)| (*system, *at)).collect();
    began.sort_unstable();
    let beside = Beside {
        lineage: recorded.lineage,
        last: recorded.last,
        began,
        oddities: recorded.oddities.clone(),
        later: recorded.later.clone(),
        items: few(recorded).collect(),
    };
    let header = Header { snapshot: LAYOUT, by: by.to_owned(), line: recorded.head_line, head };
    let mut bytes = vec![b'0'; super::DIGITS - 1];
    bytes.push(b' ');
    serde_json::to_writer(&mut bytes, &header).ok()?;
    bytes.push(b'\n');
    let Columns { bytes: columns, texts, .. } = columns;
    number(&mut bytes, texts.len() as u64);
    for text in texts {
        number(&mut bytes, text.len() as u64);
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(&columns);
    serde_json::to_writer(&mut bytes, &beside).ok()?;
    let digest = Digest::of(bytes.get(super::DIGITS..)?).hex();
    bytes.get_mut(..digest.len())?.copy_from_slice(&digest);
    Some(bytes)
}

/// The bytes so far, and the table of the texts that they name.
#[derive(Default)]
struct Columns {
    bytes: Vec<u8>,
    texts: Vec<&'static str>,
    numbers: HashMap<Symbol, u64, BuildHasherDefault<rustc_hash::FxHasher>>,
}

fn number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

impl Columns {
    fn number(&mut self, value: u64) {
        number(&mut self.bytes, value);
    }

    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    fn symbol(&mut self, symbol: Symbol) {
        let next = self.texts.len() as u64;
        let number = *self.numbers.entry(symbol).or_insert(next);
        if number == next {
            self.texts.push(symbol.as_str());
        }
        self.number(number);
    }

    fn marked(&mut self, mark: u8, symbols: &[Symbol]) {
        self.bytes.push(mark);
        symbols.iter().for_each(|symbol| self.symbol(*symbol));
    }

    fn address(&mut self, at: Address) {
        match at {
            Address::Person(key) => self.marked(address::PERSON, &[key]),
            Address::Service(name) => self.marked(address::SERVICE, &[name]),
            Address::System(name) => self.marked(address::SYSTEM, &[name]),
            Address::Role(name) => self.marked(address::ROLE, &[name]),
            Address::Account { system, holder } => self.marked(address::ACCOUNT, &[system, holder]),
            Address::Group { system, group } => self.marked(address::GROUP, &[system, group]),
            Address::Membership { system, group, member: Member::Holder(holder) } => {
                self.marked(address::MEMBER, &[system, group, holder]);
            }
            Address::Membership { system, group, member: Member::Group(nested) } => {
                self.marked(address::NESTED, &[system, group, nested]);
            }
            Address::Grant { system, group, grant } => self.marked(address::GRANT, &[system, group, grant]),
        }
    }

    fn object(&mut self, recorded: &RecordedObject) -> Option<()> {
        let RecordedObject { id, target, active, deactivated_by_us, origin, attributes, until, why, stage, since } =
            recorded;
        let flags = [
            (*active, object::ACTIVE),
            (*deactivated_by_us, object::DEACTIVATED_BY_US),
            (*origin == Origin::Adopted, object::ADOPTED),
            (target.is_some(), object::TARGET),
            (!attributes.is_empty(), object::ATTRIBUTES),
            (until.is_some(), object::UNTIL),
            (!why.is_empty(), object::WHY),
            (stage.is_some(), object::STAGE),
        ];
        self.bytes.push(flags.iter().filter(|(is, _)| *is).map(|(_, flag)| flag).sum());
        self.symbol(*id);
        self.signed(since.millis());
        if let Some(target) = target {
            self.target(*target);
        }
        if !attributes.is_empty() {
            self.attributes(attributes)?;
        }
        if let Some(until) = until {
            self.signed(until.millis());
        }
        if !why.is_empty() {
            self.number(why.len() as u64);
            for reason in why {
                self.symbol(reason.because);
                self.number(reason.place.is_some().into());
                reason.place.into_iter().for_each(|place| self.symbol(place));
            }
        }
        if let Some(Stage { stage, since }) = stage {
            self.bytes.push(StageKind::ALL.iter().position(|kind| kind == stage)? as u8);
            self.number(since.is_some().into());
            since.iter().for_each(|since| self.signed(since.millis()));
        }
        Some(())
    }

    fn target(&mut self, at: Target) {
        match at {
            Target::Account(id) => self.marked(target::ACCOUNT, &[id]),
            Target::Group(id) => self.marked(target::GROUP, &[id]),
            Target::Membership { group, member, nested: false } => self.marked(target::MEMBERSHIP, &[group, member]),
            Target::Membership { group, member, nested: true } => self.marked(target::NESTED, &[group, member]),
            Target::Grant { group, grant } => self.marked(target::GRANT, &[group, grant]),
            Target::Owned(id) => self.marked(target::OWNED, &[id]),
        }
    }

    fn attributes(&mut self, attributes: &Attributes) -> Option<()> {
        self.number(attributes.len() as u64);
        attributes.iter().try_for_each(|(name, value)| {
            self.symbol(*name);
            self.value(value, 0)
        })
    }

    fn value(&mut self, of: &Value, depth: u32) -> Option<()> {
        if depth == DEPTH {
            return None;
        }
        match of {
            Value::Null => self.bytes.push(value::NULL),
            Value::Bool(false) => self.bytes.push(value::FALSE),
            Value::Bool(true) => self.bytes.push(value::TRUE),
            Value::Integer(number) => {
                self.bytes.push(value::INTEGER);
                self.signed(*number);
            }
            Value::Float(number) => {
                self.bytes.push(value::FLOAT);
                self.bytes.extend_from_slice(&number.to_bits().to_le_bytes());
            }
            Value::Text(text) => self.marked(value::TEXT, &[*text]),
            Value::List(items) => {
                self.bytes.push(value::LIST);
                self.number(items.len() as u64);
                items.iter().try_for_each(|item| self.value(item, depth + 1))?;
            }
            Value::Map(pairs) => {
                self.bytes.push(value::MAP);
                self.number(pairs.len() as u64);
                pairs.iter().try_for_each(|(name, value)| {
                    self.symbol(*name);
                    self.value(value, depth + 1)
                })?;
            }
        }
        Some(())
    }
}
