//! The language of fault and test files: blocks and expressions as in a configuration, where references name things and
//! are not looked up.

use std::sync::Arc;

use engine::language::{Attribute, Block, Diagnostic, Expr, Failure, Reference, Scope, Span, Value, evaluate};
use state::{Address, Member, Symbol, Timestamp};

use crate::cli::parse;

/// What such an expression can see: names of things, and perhaps one row of a table.
pub struct Names<'a> {
    pub row: Option<&'a Value>,
}

const ROOTS: [&str; 7] = ["person", "service", "system", "group", "role", "account", "membership"];

fn to(address: Address) -> Value {
    Value::Reference(Reference::To(address))
}

fn path(text: String) -> Value {
    Value::Reference(Reference::Path(Arc::from(text)))
}

impl Names<'_> {
    fn below(of: &Reference, name: &str) -> Result<Value, Failure> {
        let symbol = Symbol::new(name);
        let unknown = || Failure::new(format!("{of}.{name} is not the name of anything"));
        match of {
            Reference::Path(text) => {
                let parts: Vec<&str> = text.split('\u{1f}').collect();
                let deeper = || path([&parts[..], &[name]].concat().join("\u{1f}"));
                match parts.as_slice() {
                    ["person"] => Ok(to(Address::Person(symbol))),
                    ["service"] => Ok(to(Address::Service(symbol))),
                    ["system"] => Ok(to(Address::System(symbol))),
                    ["role"] => Ok(to(Address::Role(symbol))),
                    ["group" | "account" | "membership"] => Ok(deeper()),
                    ["group", system] => Ok(to(Address::Group { system: Symbol::new(system), group: symbol })),
                    ["account", system] => Ok(to(Address::Account { system: Symbol::new(system), holder: symbol })),
                    ["membership", _] => Ok(deeper()),
                    ["membership", system, group] => {
                        let (system, group) = (Symbol::new(system), Symbol::new(group));
                        Ok(to(Address::Membership { system, group, member: Member::Holder(symbol) }))
                    }
                    _ => Err(unknown()),
                }
            }
            // An instance of a block with for_each.
            Reference::To(Address::Group { system, group }) => {
                let group = state::address::instance(group.as_str(), name);
                Ok(to(Address::Group { system: *system, group }))
            }
            // membership.chat.department["Tools"].E1: the key of the group was taken for a member.
            Reference::To(Address::Membership { system, group, member: Member::Holder(key) }) => {
                let group = state::address::instance(group.as_str(), key.as_str());
                Ok(to(Address::Membership { system: *system, group, member: Member::Holder(symbol) }))
            }
            Reference::To(Address::System(block)) => {
                Ok(to(Address::System(state::address::instance(block.as_str(), name))))
            }
            Reference::To(Address::Role(block)) => {
                Ok(to(Address::Role(state::address::instance(block.as_str(), name))))
            }
            Reference::To(_) => Err(unknown()),
        }
    }
}

impl Scope for Names<'_> {
    fn root(&self, name: &str) -> Option<Value> {
        if name == "row" {
            return self.row.cloned();
        }
        ROOTS.contains(&name).then(|| path(name.to_owned()))
    }
    fn roots(&self) -> Vec<String> {
        let row = self.row.map(|_| "row".to_owned());
        ROOTS.iter().map(|root| (*root).to_owned()).chain(row).collect()
    }
    fn attribute(&self, of: &Reference, name: &str) -> Result<Value, Failure> {
        Names::below(of, name)
    }
    fn index(&self, of: &Reference, key: &Value) -> Result<Value, Failure> {
        Names::below(of, &key.to_text()?)
    }
    fn items(&self, of: &Reference) -> Result<Value, Failure> {
        Err(Failure::new(format!("{of} is only a name here, and has no items")))
    }
    fn call(&self, _: &str, _: &[Value]) -> Option<Result<Value, Failure>> {
        None
    }
    fn calls(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// The value of an attribute of a block.
pub fn value(expr: &Expr) -> Result<Value, Diagnostic> {
    evaluate(expr, &Names { row: None })
}

/// The items of a list, each with its place where it is written out; one thing that is no list is a list of one.
pub fn items(expr: &Expr) -> Result<Vec<(Span, Value)>, Diagnostic> {
    if let engine::language::expr::Kind::List(items) = &*expr.kind {
        return items.iter().map(|item| Ok((item.span, value(item)?))).collect();
    }
    let whole = value(expr)?;
    Ok(match whole.as_items() {
        Some(items) => items.iter().map(|item| (expr.span, item.clone())).collect(),
        None => vec![(expr.span, whole)],
    })
}

/// An address: a reference, or its text.
pub fn address(span: Span, value: &Value) -> Result<Address, Diagnostic> {
    match value {
        Value::Reference(Reference::To(address)) => Ok(*address),
        Value::String(text) => text.parse().map_err(|_| Diagnostic::new(span, format!("{text:?} is not an address"))),
        other => Err(Diagnostic::new(span, format!("this is {}, and not the name of anything", other.describe()))
            .hint("write it as person.ada, account.chat.ada or group.chat.core")),
    }
}

/// A text.
pub fn text(span: Span, value: &Value) -> Result<String, Diagnostic> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Diagnostic::new(span, format!("this is {}, and must be a text", value.describe())))
}

/// Whether it says so.
pub fn truth(span: Span, value: &Value) -> Result<bool, Diagnostic> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        other => Err(Diagnostic::new(span, format!("this is {}, and must be true or false", other.describe()))),
    }
}

/// A number.
pub fn number(span: Span, value: &Value) -> Result<f64, Diagnostic> {
    let json = value.to_json().ok().and_then(|json| json.as_f64());
    json.ok_or_else(|| Diagnostic::new(span, format!("this is {}, and must be a number", value.describe())))
}

/// A time in milliseconds: `30s`, `10m`; with a minus before it, one that goes back.
pub fn duration(span: Span, value: &Value) -> Result<i64, Diagnostic> {
    let written = text(span, value)?;
    let (digits, sign) = written.strip_prefix('-').map_or((written.as_str(), 1), |rest| (rest, -1));
    let long =
        parse::duration(digits).map_err(|hint| Diagnostic::new(span, format!("{written:?} is no time")).hint(hint))?;
    Ok(i64::try_from(long.as_millis()).unwrap_or(i64::MAX).saturating_mul(sign))
}

/// A moment: `2026-12-01`, or with a time behind it.
pub fn moment(span: Span, value: &Value) -> Result<Timestamp, Diagnostic> {
    let written = text(span, value)?;
    parse_moment(&written).ok_or_else(|| {
        Diagnostic::new(span, format!("{written:?} is no moment"))
            .hint("write it as 2026-12-01, or as 2026-12-01T08:00:00Z")
    })
}

/// A day is its first moment, UTC.
pub fn parse_moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok())
}

/// Complains of attributes and blocks that are not known.
pub fn only(block: &Block, attributes: &[&str], blocks: &[&str], wrong: &mut Vec<Diagnostic>) {
    let complain = |span: Span, what: String, known: &[&str]| {
        Diagnostic::new(span, what).hint(match known {
            [] => "there is nothing of that kind here".to_owned(),
            known => format!("there is {}", known.join(", ")),
        })
    };
    for attribute in &block.attributes {
        if !attributes.contains(&&*attribute.name) {
            wrong.push(complain(attribute.span, format!("`{}` has no `{}`", block.kind, attribute.name), attributes));
        }
    }
    for inner in &block.blocks {
        if !blocks.contains(&&*inner.kind) {
            wrong.push(complain(inner.span, format!("`{}` has no block `{}`", block.kind, inner.kind), blocks));
        }
    }
}

/// Reads an attribute, or complains.
pub fn read<T>(
    block: &Block,
    name: &str,
    wrong: &mut Vec<Diagnostic>,
    how: impl FnOnce(&Attribute) -> Result<T, Diagnostic>,
) -> Option<T> {
    let attribute = block.attribute(name)?;
    how(attribute).map_err(|diagnostic| wrong.push(diagnostic)).ok()
}
