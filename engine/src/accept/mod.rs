//! Accept: what others changed is written into the file that declares it.
//!
//! [`accept`] finds the one place that a value comes from (`attributes`, `memberships`, `grants`, `accounts`; through
//! `lists`, and `each` where a block has a `for_each`) and drafts the change of it. [`Texts`] takes drafts in, and writes
//! each file once with all of them (`render`, `splice`): everything else stays as it was, to the byte. Where a value comes
//! from an expression or a rule, an exception beside it is only proposed. Nothing here judges whether the new files come to
//! what was accepted: whoever calls plans with them before writing anything.

mod accounts;
mod attributes;
mod cell;
mod each;
mod find;
mod grants;
mod lists;
mod literal;
mod memberships;
mod render;
pub mod splice;
mod step;
#[cfg(test)]
mod tests;
mod texts;

use state::{Address, Schema, Symbol, Value};

use crate::configuration::Configuration;
use crate::drift::{Drift, What};

pub use cell::set as set_cell;
pub use step::Draft;
pub use texts::{Changed, Texts, Written};

/// What becomes of one difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was written, at this place: `people.csv:2 (title)`.
    Written { place: String },
    /// It comes from something that speaks of others too: the exception that was written there should be looked at.
    Proposed { place: String, why: String },
    /// The files have no place for it.
    Refused { why: String, hint: String },
}

/// Drafts the change of the files that one difference comes to. `schemas`: those of the systems that were read.
///
/// # Errors
/// The refusal, with what to write instead.
pub fn accept<'s>(
    texts: &mut Texts<'_>,
    configuration: &Configuration,
    schemas: &dyn Fn(Symbol) -> Option<&'s Schema>,
    drift: &Drift,
) -> Result<Draft, Verdict> {
    let schema = || drift.address.system().and_then(schemas).ok_or_else(lost);
    match (&drift.what, drift.address) {
        (What::Changed { attribute, after, .. }, Address::Account { system, holder }) => {
            attributes::account(texts, configuration, (system, holder), *attribute, value(after))
        }
        (What::Changed { attribute, after, .. }, Address::Group { system, group }) => {
            attributes::group(texts, (system, group), *attribute, value(after))
        }
        (What::Changed { attribute, after, .. }, Address::Membership { .. }) => {
            memberships::qualify(texts, configuration, drift.address, *attribute, value(after))
        }
        (What::Changed { attribute, after, .. }, Address::Grant { .. }) => {
            grants::change(texts, schema()?, drift.address, *attribute, after.as_ref())
        }
        (What::Given, Address::Membership { .. }) => memberships::give(texts, configuration, drift.address),
        (What::Taken, Address::Membership { .. }) => memberships::take(texts, configuration, drift.address),
        (What::Given, Address::Grant { .. }) => {
            grants::give(texts, drift.address, drift.held.as_ref().ok_or_else(lost)?)
        }
        (What::Taken, Address::Grant { .. }) => grants::take(texts, schema()?, drift.address),
        (What::SwitchedOff, Address::Account { system, holder }) => {
            accounts::off(texts, configuration, (system, holder))
        }
        (What::SwitchedOn, Address::Account { system, holder }) => accounts::on(texts, configuration, (system, holder)),
        (What::Gone, Address::Account { system, holder }) => accounts::gone(texts, configuration, (system, holder)),
        (What::Gone, Address::Group { system, group }) => Err(group_gone(texts, system, group)),
        _ => Err(lost()),
    }
}

/// A group is not there any more: its block speaks of all that it gives, and is never taken out unasked.
fn group_gone(texts: &Texts<'_>, system: Symbol, group: Symbol) -> Verdict {
    let address = Address::Group { system, group };
    let forget = format!("forget {{ address = {} }}", crate::language::write::quoted(&address.to_string()));
    let hint = match attributes::group_block(texts, system, group) {
        Ok((block, each)) => {
            let at = texts.position(block.span);
            let own = each.map_or_else(|| "the block".to_owned(), |each| format!("{:?} of the `for_each`", each.key));
            format!("take {own} at {at} out and write `{forget}`; that alone has the group created anew")
        }
        Err(_) => format!("write `{forget}` for one apply"),
    };
    refused(format!("{address} is gone, and the files want it"), hint)
}

/// What is to be written: an attribute that is not there any more is an empty one, as the files say it.
fn value(after: &Option<Value>) -> Value {
    after.clone().unwrap_or_else(|| Value::text(""))
}

fn refused(why: impl Into<String>, hint: impl Into<String>) -> Verdict {
    Verdict::Refused { why: why.into(), hint: hint.into() }
}

/// A place that was found is not there: a defect, told rather than hidden.
fn lost() -> Verdict {
    refused("the place that declares it was not found again", "change it by hand, and please report this")
}

/// The block's name of a system, group or service: `k8s["kubernetes"]` is of `k8s`.
fn base(name: Symbol) -> &'static str {
    name.as_str().split("[\"").next().unwrap_or_default()
}
