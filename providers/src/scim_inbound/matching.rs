//! Filters, applied: their names found in the schema once, their values brought to the type that is compared, and then
//! asked of many resources (RFC 7644 section 3.4.2.2).

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::contents::folded;
use super::filter::{Filter, Operator};
use super::path::Name;
use super::refusal::quoted;
use super::schema::{Found, Kind, Place, find_place};
use crate::scim::json::{Json, member};
use crate::scim::schema::{Attribute, Kind as Type};

/// A filter whose names are found.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Present(At),
    Compare { at: At, operator: Operator, operand: Operand },
    Values { at: At, test: Box<Test> },
}

/// Where a value stands, in the schema's spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// URN of the extension.
    pub urn: Option<String>,
    pub attribute: String,
    pub part: Option<String>,
}

/// What is compared with, in the type of the attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Null,
    Bool(bool),
    Number(f64),
    /// Case matters.
    Exact(String),
    /// Folded.
    Folded(String),
    Moment(jiff::Timestamp),
}

/// Where a name leads, and what the schema says of it; none for what no schema knows.
type Named = (At, Option<&'static Attribute>);

/// Whose attributes are looked at.
pub trait Look {
    /// The value of an attribute of the core schema, in its spelling, or of an extension by its URN.
    fn attribute(&self, name: &str) -> Option<Cow<'_, Value>>;
}

/// One value of an attribute, or a resource as it is shown.
impl Look for Json {
    fn attribute(&self, name: &str) -> Option<Cow<'_, Value>> {
        member(self, name).map(Cow::Borrowed)
    }
}

impl Test {
    /// A filter on resources of a kind.
    ///
    /// # Errors
    /// What it cannot be asked, for people.
    pub fn of(kind: Kind, filter: &Filter) -> Result<Test, String> {
        Test::read(filter, &|name| {
            Ok(match find_place(kind, name)? {
                Place::Core(found) => (at(None, &found), leaf(&found)),
                Place::Extension(urn, found) => (at(Some(urn), &found), leaf(&found)),
                Place::Whole(urn) => (At { urn: None, attribute: urn, part: None }, None),
                Place::Open { urn, attribute, part } => (At { urn: Some(urn), attribute, part }, None),
            })
        })
    }

    /// A filter on the values of an attribute; none stands for an attribute of no known type.
    ///
    /// # Errors
    /// What it cannot be asked, for people.
    pub fn of_values(attribute: Option<&'static Attribute>, filter: &Filter) -> Result<Test, String> {
        Test::read(filter, &|name| {
            let Name { urn: None, attribute: Some(word), part: None } = name else {
                return Err("in brackets stand names of sub-attributes".to_owned());
            };
            let part = match attribute {
                None => None,
                Some(attribute) => Some(
                    attribute
                        .part(word)
                        .ok_or_else(|| format!("{} has no sub-attribute {}", attribute.name, quoted(word)))?,
                ),
            };
            let name = part.map_or(word.as_str(), |part| part.name.as_str()).to_owned();
            Ok((At { urn: None, attribute: name, part: None }, part))
        })
    }

    fn read(filter: &Filter, find: &dyn Fn(&Name) -> Result<Named, String>) -> Result<Test, String> {
        let all = |filters: &[Filter]| -> Result<Vec<Test>, String> {
            filters.iter().map(|filter| Test::read(filter, find)).collect()
        };
        Ok(match filter {
            Filter::All(filters) => Test::All(all(filters)?),
            Filter::Any(filters) => Test::Any(all(filters)?),
            Filter::Not(filter) => Test::Not(Box::new(Test::read(filter, find)?)),
            Filter::Present(name) => Test::Present(find(name)?.0),
            Filter::Compare { name, operator, value } => {
                let (at, attribute) = find(name)?;
                // An element of a list is compared by its value.
                let attribute = match attribute {
                    Some(complex) if complex.kind == Type::Complex => match complex.part("value") {
                        Some(part) => Some(part),
                        None if value.is_null() => Some(complex),
                        None => return Err(format!("{} is compared by one of its sub-attributes", complex.name)),
                    },
                    other => other,
                };
                Test::Compare { at, operator: *operator, operand: operand(attribute, *operator, value)? }
            }
            Filter::Values { name, filter } => {
                let (at, attribute) = find(name)?;
                Test::Values { at, test: Box::new(Test::of_values(attribute, filter)?) }
            }
        })
    }

    /// Whether this is so.
    pub fn holds(&self, of: &dyn Look) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.holds(of)),
            Test::Any(tests) => tests.iter().any(|test| test.holds(of)),
            Test::Not(test) => !test.holds(of),
            Test::Present(at) => at.any(of, &mut is_something),
            Test::Compare { at, operator, operand } => match (operator, operand) {
                // Null and nothing are the same (RFC 7643 section 2.5).
                (Operator::Equal, Operand::Null) => !at.any(of, &mut is_something),
                (Operator::NotEqual, Operand::Null) => at.any(of, &mut is_something),
                (Operator::NotEqual, _) => !at.any(of, &mut |value| compare(Operator::Equal, value, operand)),
                _ => at.any(of, &mut |value| compare(*operator, value, operand)),
            },
            Test::Values { at, test } => {
                at.any_element(of, &mut |value| value.as_object().is_some_and(|value| test.holds(value)))
            }
        }
    }

    /// The values of which one must be equal to this text, as far as a filter says so without looking at anything else:
    /// for looking resources up instead of asking each.
    pub fn must_equal(&self) -> Option<(&str, &str)> {
        match self {
            Test::All(tests) => tests.iter().find_map(Test::must_equal),
            Test::Compare { at, operator: Operator::Equal, operand: Operand::Exact(text) | Operand::Folded(text) }
                if at.urn.is_none() && at.part.is_none() =>
            {
                Some((&at.attribute, text))
            }
            _ => None,
        }
    }
}

fn at(urn: Option<String>, found: &Found) -> At {
    At { urn, attribute: found.attribute.name.clone(), part: found.part.map(|part| part.name.clone()) }
}

fn leaf(found: &Found) -> Option<&'static Attribute> {
    Some(found.part.unwrap_or(found.attribute))
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

impl At {
    /// Whether one of the values here is as `test` says; an element of a list stands for its `value`.
    fn any(&self, of: &dyn Look, test: &mut dyn FnMut(&Value) -> bool) -> bool {
        self.any_element(of, &mut |element| match (element, &self.part) {
            (Value::Object(element), Some(part)) => member(element, part).is_some_and(&mut *test),
            (Value::Object(object), None) => match object.get("value") {
                Some(value) => test(value),
                None => test(element),
            },
            (_, Some(_)) => false,
            (value, None) => test(value),
        })
    }

    fn any_element(&self, of: &dyn Look, test: &mut dyn FnMut(&Value) -> bool) -> bool {
        let whole = of.attribute(self.urn.as_deref().unwrap_or(&self.attribute));
        let value = match (&self.urn, whole.as_deref()) {
            (None, value) => value,
            (Some(_), Some(Value::Object(extension))) => member(extension, &self.attribute),
            (Some(_), _) => None,
        };
        match value {
            Some(Value::Array(items)) => items.iter().any(test),
            Some(value) => test(value),
            None => false,
        }
    }
}

fn operand(attribute: Option<&Attribute>, operator: Operator, value: &Value) -> Result<Operand, String> {
    let ordered =
        matches!(operator, Operator::Greater | Operator::GreaterOrEqual | Operator::Less | Operator::LessOrEqual);
    let partial = matches!(operator, Operator::Contains | Operator::StartsWith | Operator::EndsWith);
    let name = attribute.map_or("it", |attribute| attribute.name.as_str());
    let wrong =
        |wanted: &str| Err(format!("{name} is compared with {wanted}, not with {}", quoted(&value.to_string())));
    if value.is_null() {
        return if ordered || partial { wrong("a value") } else { Ok(Operand::Null) };
    }
    let kind = attribute.map(|attribute| attribute.kind);
    match (kind, value) {
        (Some(Type::Bool | Type::Binary), _) if ordered => Err(format!("{name} has no order")),
        (Some(Type::Bool | Type::Integer | Type::Decimal | Type::Moment), _) if partial => {
            Err(format!("{name} is no text"))
        }
        (Some(Type::Bool) | None, Value::Bool(truth)) => Ok(Operand::Bool(*truth)),
        (Some(Type::Bool), Value::String(truth)) if truth.eq_ignore_ascii_case("true") => Ok(Operand::Bool(true)),
        (Some(Type::Bool), Value::String(truth)) if truth.eq_ignore_ascii_case("false") => Ok(Operand::Bool(false)),
        (Some(Type::Bool), _) => wrong("true or false"),
        (Some(Type::Integer | Type::Decimal) | None, Value::Number(number)) => {
            Ok(Operand::Number(number.as_f64().unwrap_or(f64::NAN)))
        }
        (Some(Type::Integer | Type::Decimal), _) => wrong("a number"),
        (Some(Type::Moment), Value::String(moment)) => match moment.parse() {
            Ok(moment) => Ok(Operand::Moment(moment)),
            Err(_) => wrong("a moment such as \"2026-11-27T09:00:00Z\""),
        },
        (Some(Type::Moment), _) => wrong("a moment"),
        (None, Value::String(text)) => Ok(Operand::Exact(text.clone())),
        (Some(_), Value::String(text)) if attribute.is_some_and(|attribute| attribute.case_exact) => {
            Ok(Operand::Exact(text.clone()))
        }
        (Some(_), Value::String(text)) => Ok(Operand::Folded(folded(text))),
        _ => wrong("a string"),
    }
}

fn compare(operator: Operator, value: &Value, operand: &Operand) -> bool {
    match (value, operand) {
        (Value::Bool(own), Operand::Bool(wanted)) => operator == Operator::Equal && own == wanted,
        (Value::Number(own), Operand::Number(wanted)) => {
            own.as_f64().and_then(|own| own.partial_cmp(wanted)).is_some_and(|order| ordering(operator, order))
        }
        (Value::String(own), Operand::Exact(wanted)) => text(operator, own, wanted),
        (Value::String(own), Operand::Folded(wanted)) => text(operator, &folded(own), wanted),
        (Value::String(own), Operand::Moment(wanted)) => {
            own.parse::<jiff::Timestamp>().is_ok_and(|own| ordering(operator, own.cmp(wanted)))
        }
        _ => false,
    }
}

fn text(operator: Operator, own: &str, wanted: &str) -> bool {
    match operator {
        Operator::Contains => own.contains(wanted),
        Operator::StartsWith => own.starts_with(wanted),
        Operator::EndsWith => own.ends_with(wanted),
        _ => ordering(operator, own.cmp(wanted)),
    }
}

fn ordering(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        // Equality of the others is asked for by its name.
        Operator::NotEqual | Operator::Contains | Operator::StartsWith | Operator::EndsWith => false,
    }
}
