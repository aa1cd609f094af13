//! Whether what files want can stand on a system at all, by the system's own schema.

use state::{AttributeSchema, Shape, Symbol, Value};

use super::planner::Planner;
use crate::configuration::WantedValue;
use crate::language::diagnostic::did_you_mean;
use crate::language::{Diagnostic, Span};

/// Of which of a system's objects attributes are checked.
#[derive(Clone, Copy)]
pub(super) struct Checked<'s> {
    /// `account.corp.ada`, for messages.
    pub(super) what: &'s dyn std::fmt::Display,
    pub(super) system: Symbol,
    pub(super) group: bool,
    pub(super) span: Span,
    pub(super) schema: &'s [AttributeSchema],
    /// Whether other attributes than those of the schema are taken.
    pub(super) open: bool,
}

impl Planner<'_> {
    /// Refuses attributes that the schema does not have, each once a system, and lists where it has single values.
    pub(super) fn check_attributes<'w>(
        &mut self,
        checked: Checked<'_>,
        wanted: impl Iterator<Item = &'w (Symbol, WantedValue)>,
    ) {
        for (at, (name, value)) in wanted.enumerate() {
            let attribute = (checked.system, checked.group, *name);
            // Objects of one system mostly have the same attributes, in the same order.
            if self.last_attributes.get(at) != Some(&attribute) {
                if self.known_attributes.insert(attribute) {
                    self.diagnostics.extend(unknown(checked, *name));
                }
                self.last_attributes.truncate(at);
                self.last_attributes.push(attribute);
            }
            if let WantedValue::Known(value @ Value::List(_)) = value {
                self.diagnostics.extend(several(checked, *name, value));
            }
        }
    }
}

fn unknown(checked: Checked<'_>, name: Symbol) -> Option<Diagnostic> {
    let kind = if checked.group { "groups" } else { "accounts" };
    match checked.schema.iter().find(|attribute| attribute.name == name) {
        None if checked.open || checked.schema.is_empty() => None,
        None => {
            let names = checked.schema.iter().map(|attribute| attribute.name.as_str());
            let hint = did_you_mean(name.as_str(), names)
                .unwrap_or_else(|| "see the system's own schema for what it has".to_owned());
            let message = format!("{kind} on {} have no attribute `{name}`", checked.system);
            Some(Diagnostic::new(checked.span, message).hint(hint))
        }
        Some(_) => None,
    }
}

fn several(checked: Checked<'_>, name: Symbol, value: &Value) -> Option<Diagnostic> {
    let attribute = checked.schema.iter().find(|attribute| attribute.name == name)?;
    let count = value.as_list().map_or(0, <[Value]>::len);
    if attribute.shape != Shape::One || count < 2 {
        return None;
    }
    let message = format!("{}: `{name}` holds one value on {}, and these are {count}", checked.what, checked.system);
    Some(Diagnostic::new(checked.span, message).hint("keep one of them"))
}

#[cfg(test)]
mod tests {
    use state::{AttributeType, Mutability};

    use super::*;

    fn attribute(name: &str, shape: Shape, mutability: Mutability) -> AttributeSchema {
        let value = AttributeType::Text;
        AttributeSchema { name: name.into(), value, shape, mutability, case_exact: true, required: false }
    }

    #[test]
    fn what_a_schema_does_not_take_is_told() {
        let schema = [
            attribute("mail", Shape::Set, Mutability::ReadWrite),
            attribute("sn", Shape::One, Mutability::ReadWrite),
            attribute("entryDN", Shape::One, Mutability::ReadOnly),
        ];
        let span = Span { file: crate::language::FileId(0), start: 0, end: 0 };
        let checked = |open| Checked {
            what: &"account.corp.ada",
            system: "corp".into(),
            group: false,
            span,
            schema: &schema,
            open,
        };
        let table = [
            ("mail", None),
            ("mial", Some(("accounts on corp have no attribute `mial`", "did you mean \"mail\"?"))),
            ("Mail", Some(("accounts on corp have no attribute `Mail`", "did you mean \"mail\"?"))),
        ];
        for (name, expected) in table {
            let told = unknown(checked(false), name.into());
            assert_eq!(
                told.as_ref().map(|told| (told.message.as_str(), told.hint.as_deref().unwrap_or(""))),
                expected,
                "{name}"
            );
        }
        assert_eq!(unknown(checked(true), "mial".into()), None);
        let two = Value::list(["a".into(), "b".into()]);
        let told = several(checked(false), "sn".into(), &two).map(|told| told.message);
        assert_eq!(told.as_deref(), Some("account.corp.ada: `sn` holds one value on corp, and these are 2"));
        assert_eq!(several(checked(false), "mail".into(), &two), None);
        assert_eq!(several(checked(false), "sn".into(), &Value::list(["a".into()])), None);
    }
}
