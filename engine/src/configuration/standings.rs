//! Identities with all their attributes, and whether each is here, still to come, or leaving.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Address, Attributes, SourceRead, Symbol};

use super::errors::Errors;
use super::identities::{Record, Who};
use super::memberships::Standing;
use super::moments::Calendar;
use super::program::{IdentityBlock, IdentityKind};
use super::world::{Run, World};
use super::{Identity, Source};
use crate::language::{Diagnostic, Failure, Reference, Span, Value};

/// Everybody, in the order of their keys; the same numbers in all three.
pub(super) struct Everybody {
    pub who: Vec<Who>,
    pub identities: Vec<Identity>,
    pub standings: Vec<Standing>,
    /// Attributes that are plain values for everybody: neither references nor sensitive anywhere.
    pub plain: FxHashSet<Symbol>,
}

/// Complaints about one attribute of one block: the first, whom it is about, and how many more.
type Complaints = BTreeMap<(Span, String), (Diagnostic, Address, usize)>;

impl World {
    /// All identities. Reports doubled keys and attributes that fail.
    pub(super) fn everybody(&self, run: &Run, calendar: &Calendar, errors: &mut Errors) -> Everybody {
        let mut who: Vec<(Symbol, Who)> = Vec::new();
        if let Some(people) = errors.keep(self.people(run).map_err(unplaced)) {
            who.extend((0u32..).zip(&people.items).map(|(number, record)| (record.key, Who::Person(number))));
        }
        for (block, _) in (0u32..).zip(&self.program.services) {
            if let Ok(services) = self.services(run, block) {
                who.extend((0u32..).zip(&services.items).map(|(n, record)| (record.key, Who::Service(block, n))));
            }
        }
        who.sort_by_key(|(key, _)| *key);
        let who: Vec<Who> = who.into_iter().map(|(_, who)| who).collect();
        self.check_keys(&who, errors);
        let mut complaints = Complaints::new();
        let mut evaluated = Everybody {
            identities: Vec::with_capacity(who.len()),
            standings: Vec::with_capacity(who.len()),
            plain: FxHashSet::default(),
            who: Vec::new(),
        };
        let mut names = Names::default();
        for one in &who {
            let (Some(record), Some(block)) = (self.identity(*one), self.identity_block(*one)) else { continue };
            let attributes = self.attributes(run, *one, record, block, &mut names, &mut complaints);
            let own = Own { world: self, run, who: *one, record, block };
            let (identity, standing) = own.identity(attributes, calendar, &mut complaints);
            evaluated.identities.push(identity);
            evaluated.standings.push(standing);
        }
        self.leave_with_owners(run, &who, &mut evaluated, errors);
        for (diagnostic, address, more) in complaints.into_values() {
            let others = match more {
                0 => String::new(),
                1 => " and one other".to_owned(),
                more => format!(" and {more} others"),
            };
            let diagnostic = if diagnostic.label.is_empty() {
                diagnostic.label(format!("for {address}{others}"))
            } else {
                diagnostic
            };
            errors.push(diagnostic);
        }
        evaluated.plain = names.seen.difference(&names.special).copied().collect();
        evaluated.who = who;
        evaluated
    }

    /// The `people` blocks that have a source.
    pub(super) fn sources(&self) -> Vec<Source> {
        let Some(people) = self.people.get() else { return Vec::new() };
        let sources = people.sources.iter().filter_map(|(number, rows, columns, lacks)| {
            let block = self.program.people.get(*number as usize)?;
            let read = SourceRead {
                name: Symbol::new(&block.name),
                rows: *rows,
                columns: columns.iter().map(|(name, _)| Symbol::new(name)).collect(),
                having: columns.iter().map(|(_, having)| *having).collect(),
            };
            Some(Source { read, lacks: lacks.clone(), span: block.block.span })
        });
        let mut sources: Vec<Source> = sources.collect();
        sources.sort_by_key(|source| source.read.name);
        sources
    }

    /// One space of keys for people and services, without regard to case.
    fn check_keys(&self, who: &[Who], errors: &mut Errors) {
        let mut seen: FxHashMap<String, Who> = FxHashMap::default();
        seen.reserve(who.len());
        for one in who {
            let Some(record) = self.identity(*one) else { continue };
            let Some(first) = seen.insert(record.key.as_str().to_lowercase(), *one) else { continue };
            let Some(former) = self.identity(first) else { continue };
            let (place, former_place) = (self.described(*one, record), self.described(first, former));
            let same = if former.key == record.key { "" } else { " (keys are compared without regard to case)" };
            let Some(block) = self.identity_block(*one) else { continue };
            let mut error = Diagnostic::new(
                block.expr("key").map_or(block.block.span, |key| key.span),
                format!("the key {:?} stands twice: in {former_place} and in {place}{same}", record.key.as_str()),
            )
            .hint("people and services share one space of keys: give each its own");
            if let Some(other) = self.identity_block(first).filter(|other| other.block.span != block.block.span) {
                error = error.related(other.block.span, "the other is here");
            }
            errors.push(error);
        }
    }

    /// `people.hr (row 7)`, `person.ada`.
    fn described(&self, who: Who, record: &Record) -> String {
        match (self.identity_block(who), record.row_number()) {
            (Some(block), Some(row)) => format!("people.{} (row {row})", block.name),
            _ => record.address.to_string(),
        }
    }

    /// Attributes that are known, not null and not sensitive.
    fn attributes(
        &self,
        run: &Run,
        who: Who,
        record: &Record,
        block: &IdentityBlock,
        names: &mut Names,
        complaints: &mut Complaints,
    ) -> Attributes {
        let mut attributes = Vec::with_capacity(block.attributes.len());
        for (number, attribute) in (0u32..).zip(&block.attributes) {
            let name = names.symbol(&attribute.name);
            let value = match self.attribute_value(run, who, record, block, number) {
                Ok(value) => value,
                Err(failure) => {
                    complain(complaints, placed(failure, attribute.value.span), record.address);
                    continue;
                }
            };
            if value.has_unknown() {
                let error = Diagnostic::new(attribute.value.span, "this is known only after apply")
                    .hint("what is made by apply may stand in attributes of accounts and groups only");
                complain(complaints, error, record.address);
                continue;
            }
            match plain(&value, &mut |()| {
                names.special.insert(name);
            }) {
                Some(state::Value::Null) | None => {}
                Some(value) => attributes.push((name, value)),
            }
        }
        attributes.into_iter().collect()
    }

    /// Services all of whose owners leave, where they are to leave with them.
    fn leave_with_owners(&self, run: &Run, who: &[Who], everybody: &mut Everybody, errors: &mut Errors) {
        let numbers: FxHashMap<Address, usize> =
            everybody.identities.iter().enumerate().map(|(number, identity)| (identity.address, number)).collect();
        for (number, one) in who.iter().enumerate() {
            let (Who::Service(..), Some(block)) = (one, self.identity_block(*one)) else { continue };
            let Some(owners) = block.block.attribute("owners") else { continue };
            let span = owners.value.span;
            let Ok(value) = self.identity_attribute(run, *one, "owners") else { continue };
            let Some(items) = value.as_items() else {
                errors.push(
                    Diagnostic::new(span, format!("`owners` is a list of people, and this is {}", value.describe()))
                        .hint("write owners = [person.ada]"),
                );
                continue;
            };
            let mut all_leave = !items.is_empty();
            for item in items {
                match item {
                    Value::Reference(Reference::To(address @ (Address::Person(_) | Address::Service(_)))) => {
                        let owner = numbers.get(address).and_then(|number| everybody.standings.get(*number));
                        all_leave &= owner.is_some_and(|owner| owner.leaver);
                    }
                    other => errors.push(
                        Diagnostic::new(span, format!("an owner is a person, and this is {}", other.describe()))
                            .hint("write owners = [person.ada]"),
                    ),
                }
            }
            let ends = match self.identity_attribute(run, *one, "ends_with_owners") {
                Ok(Value::Bool(ends)) => ends,
                Ok(Value::Null) | Err(_) => false,
                Ok(other) => {
                    let span = block.block.attribute("ends_with_owners").map_or(span, |attribute| attribute.value.span);
                    errors.push(Diagnostic::new(
                        span,
                        format!("`ends_with_owners` is true or false, and this is {}", other.describe()),
                    ));
                    false
                }
            };
            if ends
                && all_leave
                && let (Some(identity), Some(standing)) =
                    (everybody.identities.get_mut(number), everybody.standings.get_mut(number))
                && !standing.leaver
            {
                standing.leaver = true;
                identity.leaver = Some("all its owners left".to_owned());
            }
        }
    }
}

/// At its own place where that lies within the attribute, else at the attribute, which needs what failed elsewhere.
fn placed(failure: Failure, attribute: Span) -> Diagnostic {
    match failure.span {
        Some(span) if span.file == attribute.file && attribute.start <= span.start && span.end <= attribute.end => {
            failure.at(span)
        }
        _ => failure.at(attribute),
    }
}

fn unplaced(failure: Failure) -> Diagnostic {
    Diagnostic {
        message: failure.message,
        span: failure.span,
        label: String::new(),
        related: Vec::new(),
        hint: failure.hint,
    }
}

fn complain(complaints: &mut Complaints, diagnostic: Diagnostic, address: Address) {
    let Some(span) = diagnostic.span else { return };
    complaints
        .entry((span, diagnostic.message.clone()))
        .and_modify(|(_, _, more)| *more += 1)
        .or_insert((diagnostic, address, 0));
}

/// Symbols of attribute names, and which of them have values that are not plain.
#[derive(Default)]
struct Names {
    symbols: FxHashMap<std::sync::Arc<str>, Symbol>,
    seen: FxHashSet<Symbol>,
    special: FxHashSet<Symbol>,
}

impl Names {
    fn symbol(&mut self, name: &std::sync::Arc<str>) -> Symbol {
        if let Some(symbol) = self.symbols.get(name) {
            return *symbol;
        }
        let symbol = Symbol::new(name);
        self.symbols.insert(name.clone(), symbol);
        self.seen.insert(symbol);
        symbol
    }
}

/// The value as the record keeps it: references as their address; none where something in it is sensitive. `special`
/// is told of both.
fn plain(value: &Value, special: &mut dyn FnMut(())) -> Option<state::Value> {
    match value {
        Value::Sensitive(_) | Value::Unknown(_) => {
            special(());
            None
        }
        Value::Reference(reference) => {
            special(());
            Some(state::Value::text(reference.to_string()))
        }
        Value::List(items) | Value::Set(items) => {
            Some(state::Value::list(items.iter().map(|item| plain(item, special)).collect::<Option<Vec<_>>>()?))
        }
        Value::Object(object) => {
            let pairs = object.iter().map(|(name, value)| Some((Symbol::new(name), plain(value, special)?)));
            Some(state::Value::map(pairs.collect::<Option<Vec<_>>>()?))
        }
        other => match other.to_state() {
            Ok(value) => Some(value),
            Err(_) => {
                special(());
                None
            }
        },
    }
}

/// One identity, looked at.
struct Own<'a> {
    world: &'a World,
    run: &'a Run<'a>,
    who: Who,
    record: &'a Record,
    block: &'a IdentityBlock,
}

impl Own<'_> {
    fn identity(
        &self,
        attributes: Attributes,
        calendar: &Calendar,
        complaints: &mut Complaints,
    ) -> (Identity, Standing) {
        let now = self.world.now;
        let ends = self.date("ends", complaints);
        let ended = ends.and_then(|(text, span)| match calendar.end(&text) {
            Ok(end) => (end <= now).then(|| format!("ended {text}")),
            Err(message) => {
                self.wrong_date("ends", message, span, complaints);
                None
            }
        });
        let starts = self.date("starts", complaints).and_then(|(text, span)| match calendar.start(&text) {
            Ok(start) => (start > now).then_some(start),
            Err(message) => {
                self.wrong_date("starts", message, span, complaints);
                None
            }
        });
        let left = match self.value("status") {
            Some(Value::String(status)) if &*status == "left" => Some("status = \"left\"".to_owned()),
            _ => None,
        };
        self.check_manager(complaints);
        let leaver = left.or(ended);
        let identity = Identity {
            address: self.record.address,
            key: self.record.key,
            display: display(self.record.key, &attributes),
            starts_later: starts.is_some(),
            offboarding: self.offboarding(complaints),
            role_offboardings: Vec::new(),
            legal_hold: self.legal_hold(complaints),
            source: (self.block.kind == IdentityKind::People).then(|| Symbol::new(&self.block.name)),
            span: self.block.block.span,
            leaver,
            attributes,
        };
        let standing = Standing { leaver: identity.leaver.is_some(), starts };
        (identity, standing)
    }

    fn value(&self, name: &str) -> Option<Value> {
        let number = self.block.numbers.get(name)?;
        self.world.attribute_value(self.run, self.who, self.record, self.block, *number).ok()
    }

    fn span(&self, name: &str) -> Span {
        self.block.block.attribute(name).map_or(self.block.block.span, |attribute| attribute.value.span)
    }

    fn date(&self, name: &str, complaints: &mut Complaints) -> Option<(std::sync::Arc<str>, Span)> {
        match self.value(name)? {
            Value::Null => None,
            Value::String(text) => Some((text, self.span(name))),
            other => {
                let message = format!("this is {}", other.describe());
                self.wrong_date(name, message, self.span(name), complaints);
                None
            }
        }
    }

    fn wrong_date(&self, name: &str, message: String, span: Span, complaints: &mut Complaints) {
        let hint = if message.starts_with("``") {
            format!("for an empty text write null: {name} = row.x == \"\" ? null : row.x")
        } else {
            "write a date, 2026-12-31, or a moment, 2026-12-31T09:00:00Z".to_owned()
        };
        complain(complaints, Diagnostic::new(span, format!("`{name}`: {message}")).hint(hint), self.record.address);
    }

    fn offboarding(&self, complaints: &mut Complaints) -> Option<Symbol> {
        let value = self.value("offboarding")?;
        self.world.offboarding_name(&value, self.span("offboarding")).unwrap_or_else(|error| {
            complain(complaints, error, self.record.address);
            None
        })
    }

    fn legal_hold(&self, complaints: &mut Complaints) -> bool {
        match self.value("legal_hold") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(held)) => held,
            Some(other) => {
                let error = Diagnostic::new(
                    self.span("legal_hold"),
                    format!("`legal_hold` is true or false, and this is {}", other.describe()),
                )
                .hint("write legal_hold = true");
                complain(complaints, error, self.record.address);
                // Whatever was meant, nothing is lost by it.
                true
            }
        }
    }

    fn check_manager(&self, complaints: &mut Complaints) {
        match self.value("manager") {
            None | Some(Value::Null | Value::Reference(Reference::To(Address::Person(_)))) => {}
            Some(other) => {
                let error = Diagnostic::new(
                    self.span("manager"),
                    format!("`manager` is a person, and this is {}", other.describe()),
                )
                .hint("write manager = person[KEY]");
                complain(complaints, error, self.record.address);
            }
        }
    }
}

/// `Ada Lovelace <ada@acme.example>`, as far as there is a name and a mail address; else the key.
fn display(key: Symbol, attributes: &Attributes) -> String {
    let text = |name: &str| {
        attributes.get(Symbol::new(name)).and_then(state::Value::as_text).map(Symbol::as_str).filter(|t| !t.is_empty())
    };
    let name = text("name").or_else(|| text("display_name")).map(str::to_owned).or_else(|| {
        let parts: Vec<&str> = [text("given_name"), text("family_name")].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    });
    match (name, text("email")) {
        (Some(name), Some(email)) => format!("{name} <{email}>"),
        (Some(name), None) => name,
        (None, Some(email)) => format!("{key} <{email}>"),
        (None, None) => key.to_string(),
    }
}
