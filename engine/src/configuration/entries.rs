//! Entries of `members`, `access` and `except`: a reference, or `{ who = REFERENCE, until = ..., ... }`.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use state::{Address, Attributes, Symbol};

use super::errors::Errors;
use super::holders::{Entry, Subject};
use super::moments::Calendar;
use super::period::Period;
use super::view::View;
use super::world::World;
use crate::language::expr::Kind;
use crate::language::{Diagnostic, Expr, Object, Reference, Scope, Span, Value, evaluate};

/// Numbers of everything that entries may name.
#[derive(Default)]
pub(super) struct Subjects {
    pub identities: FxHashMap<Symbol, u32>,
    pub roles: FxHashMap<Symbol, u32>,
    pub groups: FxHashMap<(Symbol, Symbol), u32>,
    pub systems: FxHashMap<Symbol, u32>,
}

/// Which list an entry stands in, and what it may name.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    RoleMembers,
    RoleAccess,
    /// On that system.
    GroupMembers(Symbol),
    RoleExcept,
    GroupExcept(Symbol),
}

/// Reads entries.
pub(super) struct Entries<'a> {
    pub world: &'a World,
    pub calendar: &'a Calendar,
    pub subjects: &'a Subjects,
}

impl Entries<'_> {
    /// The entries of a list.
    pub(super) fn read(&self, view: &View, expr: &Expr, place: Place, errors: &mut Errors) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (value, span) in self.items(view, expr, place, errors) {
            if let Some(entry) = errors.keep(self.entry(&value, place, span)) {
                entries.push(entry);
            }
        }
        entries
    }

    /// The entries of an `except`, with their text.
    pub(super) fn except(&self, view: &View, expr: &Expr, place: Place, errors: &mut Errors) -> Vec<(Subject, String)> {
        let mut subjects = Vec::new();
        for (value, span) in self.items(view, expr, place, errors) {
            let read = match &value {
                Value::Reference(Reference::To(address)) => {
                    self.subject(*address, place, span).map(|subject| (subject, address.to_string()))
                }
                Value::Object(_) => Err(Diagnostic::new(span, "`except` takes references alone")
                    .hint("take times away from the entry that gives the access instead")),
                other => Err(wrong(other, place, span)),
            };
            subjects.extend(errors.keep(read));
        }
        subjects
    }

    /// The values of a list, each with the narrowest place that is known.
    fn items(&self, view: &View, expr: &Expr, place: Place, errors: &mut Errors) -> Vec<(Value, Span)> {
        let value = evaluate(expr, view).and_then(|value| match &value {
            Value::Reference(path @ Reference::Path(_)) => view.items(path).map_err(|failure| failure.at(expr.span)),
            _ => Ok(value),
        });
        let Some(value) = errors.keep(value) else { return Vec::new() };
        let own: &[Expr] = match &*expr.kind {
            Kind::List(items) => items,
            _ => &[],
        };
        let items: Vec<Value> = match &value {
            Value::Null => return Vec::new(),
            Value::List(items) | Value::Set(items) => items.to_vec(),
            // What `for_each` made.
            Value::Object(object) if object.values().all(|value| matches!(value, Value::Reference(_))) => {
                object.values().cloned().collect()
            }
            other => {
                if errors.keep(self.world.plain(other, place.name(), expr.span)).is_some() {
                    errors.push(
                        Diagnostic::new(
                            expr.span,
                            format!("{} is a list, and this is {}", place.name(), other.describe()),
                        )
                        .hint("put brackets around it: [ ... ]"),
                    );
                }
                return Vec::new();
            }
        };
        let spans = (items.len() == own.len()).then_some(own);
        let span = |at: usize| spans.and_then(|own| own.get(at)).map_or(expr.span, |item| item.span);
        items.into_iter().enumerate().map(|(at, item)| (item, span(at))).collect()
    }

    fn entry(&self, value: &Value, place: Place, span: Span) -> Result<Entry, Diagnostic> {
        match value {
            Value::Reference(Reference::To(address)) => Ok(Entry {
                who: self.subject(*address, place, span)?,
                period: Period::ALWAYS,
                note: None,
                qualifiers: Attributes::new(),
            }),
            Value::Object(object) => self.object(object, place, span),
            other => Err(wrong(other, place, span)),
        }
    }

    fn object(&self, object: &Object, place: Place, span: Span) -> Result<Entry, Diagnostic> {
        let who = match object.get("who") {
            Some(Value::Reference(Reference::To(address))) => self.subject(*address, place, span)?,
            Some(other) => return Err(wrong(other, place, span)),
            None => {
                return Err(Diagnostic::new(span, "this entry lacks `who`")
                    .hint("write { who = person.ada, until = \"2026-12-31\" }"));
            }
        };
        let text = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() && name == "reason" => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => {
                self.world.plain(other, &format!("`{name}`"), span)?;
                Err(Diagnostic::new(span, format!("`{name}` must be a string, and this is {}", other.describe())))
            }
        };
        let moment = |name: &str| {
            let Some(text) = text(name)? else { return Ok(None) };
            let moment = self.calendar.start(&text).map_err(|message| {
                Diagnostic::new(span, format!("`{name}`: {message}"))
                    .hint("write a date, 2026-12-31, or a moment, 2026-12-31T09:00:00Z")
            })?;
            Ok(Some((text, moment)))
        };
        let (from, until, reason) = (moment("from")?, moment("until")?, text("reason")?);
        if let (Some((from_text, from)), Some((until_text, until))) = (&from, &until)
            && from >= until
        {
            return Err(Diagnostic::new(span, format!("this ends ({until_text}) before it begins ({from_text})"))
                .hint("`from` is the first moment, `until` the first one without"));
        }
        let mut qualifiers = Vec::new();
        for (name, value) in object.iter() {
            if matches!(&**name, "who" | "from" | "until" | "reason") || value.is_null() {
                continue;
            }
            self.world.plain(value, &format!("`{name}`"), span)?;
            qualifiers.push((Symbol::new(name), value.to_state().map_err(|failure| failure.at(span))?));
        }
        if let (Some((name, _)), Subject::Identity(_) | Subject::Role(_) | Subject::System(_)) =
            (qualifiers.first(), who)
            && matches!(place, Place::RoleMembers | Place::RoleAccess)
        {
            return Err(Diagnostic::new(
                span,
                format!("`{name}` says something about a group, and this entry names none"),
            )
            .hint("put it where the group stands: access = [{ who = group.chat.core, ... }]"));
        }
        let period = Period::new(from.as_ref().map(|(_, moment)| *moment), until.as_ref().map(|(_, moment)| *moment));
        let until = until.map(|(text, _)| text);
        Ok(Entry { who, period, note: note(until, reason), qualifiers: qualifiers.into_iter().collect() })
    }

    fn subject(&self, address: Address, place: Place, span: Span) -> Result<Subject, Diagnostic> {
        let subjects = self.subjects;
        let found = match (address, place) {
            (
                Address::Person(key),
                Place::RoleMembers | Place::RoleExcept | Place::GroupMembers(_) | Place::GroupExcept(_),
            )
            | (
                Address::Service(key),
                Place::RoleMembers | Place::RoleExcept | Place::GroupMembers(_) | Place::GroupExcept(_),
            ) => subjects.identities.get(&key).map(|number| Subject::Identity(*number)),
            (Address::Role(name), _) => subjects.roles.get(&name).map(|number| Subject::Role(*number)),
            (Address::Group { system, group }, Place::RoleAccess) => {
                subjects.groups.get(&(system, group)).map(|number| Subject::Group(*number))
            }
            (Address::Group { system, group }, Place::GroupMembers(own) | Place::GroupExcept(own)) => {
                if system != own {
                    return Err(Diagnostic::new(span, format!("{address} stands on another system"))
                        .hint(format!("members are groups of system.{own}, or people, services and roles")));
                }
                subjects.groups.get(&(system, group)).map(|number| Subject::Group(*number))
            }
            (Address::System(name), Place::RoleAccess) => {
                subjects.systems.get(&name).map(|number| Subject::System(*number))
            }
            _ => return Err(wrong(&Value::Reference(Reference::To(address)), place, span)),
        };
        // What a reference names is declared; were it not, its block has failed, and that is reported.
        found.ok_or_else(|| super::errors::follows().at(span))
    }
}

/// ` until 2026-12-31 (forecast project)`.
fn note(until: Option<Arc<str>>, reason: Option<Arc<str>>) -> Option<Symbol> {
    if until.is_none() && reason.is_none() {
        return None;
    }
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    Some(Symbol::from(format!("{until}{reason}")))
}

fn wrong(value: &Value, place: Place, span: Span) -> Diagnostic {
    if value.has_unknown() {
        return Diagnostic::new(span, format!("an entry of {} is known only after apply", place.name()))
            .hint("what is made by apply may stand in attributes of accounts and groups only");
    }
    let what = value.describe();
    Diagnostic::new(span, format!("an entry of {} cannot be {what}", place.name())).hint(match (place, value) {
        (_, Value::List(_) | Value::Set(_)) => "the list is nested: write flatten([...]) or concat(...)".to_owned(),
        (_, Value::String(text)) if place != Place::RoleAccess => format!("name a person: person[{text:?}]"),
        (_, Value::Reference(Reference::Path(path))) => format!("name one of them, or list all: [for x in {path} : x]"),
        (Place::RoleMembers, _) => "it names a person, a service or a role".to_owned(),
        (Place::RoleAccess, _) => "it names a group, a system or a role".to_owned(),
        (Place::GroupMembers(_), _) => "it names a person, a service, a role, or a group of the same system".to_owned(),
        (Place::RoleExcept | Place::GroupExcept(_), _) => {
            "it names whom to leave out: a person, a service or a role".to_owned()
        }
    })
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Place::RoleMembers | Place::GroupMembers(_) => "`members`",
            Place::RoleAccess => "`access`",
            Place::RoleExcept | Place::GroupExcept(_) => "`except`",
        }
    }
}
