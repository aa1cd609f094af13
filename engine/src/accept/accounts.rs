//! Accounts that are switched on, switched off, or gone. The files say of people that they left, not of one account: what
//! can be said of one is that `account.when` leaves it out. That takes what it has, so it is never written unasked.

use std::sync::Arc;

use state::{Address, Symbol};

use super::attributes::holder_of;
use super::step::{Added, Draft, Edit, Step};
use super::{Texts, Verdict, base, lost, refused};
use crate::configuration::{AccountEntry, Configuration, Identity};
use crate::language::write::quoted;

/// An account was switched off.
pub(super) fn off(
    texts: &Texts<'_>,
    configuration: &Configuration,
    (system, holder): (Symbol, Symbol),
) -> Result<Draft, Verdict> {
    let address = Address::Account { system, holder };
    let identity = active(texts, configuration, (system, holder))?;
    let (place, step) = leave_out(texts, (system, holder))?;
    let why = format!(
        "no file says of one account alone that it is off: this leaves {address} out, with all that it has on \
         system.{system}. Where {} left: {}",
        identity.address,
        leaving(texts, identity)
    );
    Ok(Draft { verdict: Verdict::Proposed { place, why }, steps: vec![step] })
}

/// An account was switched on. Whoever left comes back on all systems or on none, so nothing is even proposed.
pub(super) fn on(
    texts: &Texts<'_>,
    configuration: &Configuration,
    (system, holder): (Symbol, Symbol),
) -> Result<Draft, Verdict> {
    let address = Address::Account { system, holder };
    let back = "apply switches it off again";
    let Some(identity) = configuration.identity(holder) else {
        return Err(refused(
            format!("{address} was switched on, and no file names whose it is any more"),
            format!("if the person is back, put them back into the source of the people; else {back}"),
        ));
    };
    let who = identity.address;
    let own = texts.block("person", &[identity.key.as_str()]).filter(|block| block.span == identity.span);
    let named = |name: &str| own.as_ref().and_then(|block| block.attribute(name)).map(|attribute| attribute.span);
    let says = match &identity.leaver {
        Some(_) => named("status").or_else(|| named("ends")),
        None => named("starts"),
    };
    let at = texts.position(says.unwrap_or(identity.span));
    Err(match &identity.leaver {
        Some(leaver) => refused(
            format!("{address} was switched on, and {who} is a leaver: {leaver}"),
            format!("if {who} is back, take that out at {at}, for all systems; else {back}"),
        ),
        None if identity.starts_later => refused(
            format!("{address} was switched on, and {who} has not started yet"),
            format!("write an earlier `starts` at {at}, for all systems; else {back}"),
        ),
        None => refused(
            format!("{address} was switched on, and nothing in the files gives {who} an account there"),
            format!(
                "write {who} into the `members` of a role with access = [system.{system}], or end their suspension \
                 (`tenure suspend {who} --lift`); else {back}"
            ),
        ),
    })
}

/// An account is not there any more.
pub(super) fn gone(
    texts: &Texts<'_>,
    configuration: &Configuration,
    (system, holder): (Symbol, Symbol),
) -> Result<Draft, Verdict> {
    let address = Address::Account { system, holder };
    let block = texts.block("system", &[base(system)]).ok_or_else(lost)?;
    let text = format!("forget {{\n  address = {}\n}}", quoted(&address.to_string()));
    let text = if texts.text(block.span).contains("\r\n") { text.replace('\n', "\r\n") } else { text };
    let edit = Edit::Block { file: block.span.file.0 as usize, text };
    let forget = Step { what: format!("forget {address}"), edit };
    let Ok(identity) = active(texts, configuration, (system, holder)) else {
        let why = "the block lets go of it; take it out again after the next apply".to_owned();
        let verdict = Verdict::Proposed { place: texts.place(block.span), why };
        return Ok(Draft { verdict, steps: vec![forget] });
    };
    let (place, step) = leave_out(texts, (system, holder))?;
    let why = format!(
        "this leaves {address} out, with all that it had on system.{system}, and lets go of it (take the `forget` block \
         out again after the next apply; alone, it has the account created anew). Where {} left: {}",
        identity.address,
        leaving(texts, identity)
    );
    Ok(Draft { verdict: Verdict::Proposed { place, why }, steps: vec![step, forget] })
}

/// Whose account the files want.
fn active<'c>(
    texts: &Texts<'_>,
    configuration: &'c Configuration,
    (system, holder): (Symbol, Symbol),
) -> Result<&'c Identity, Verdict> {
    let order = |entry: &AccountEntry| (entry.system, entry.holder).cmp(&(system, holder));
    let wanted = configuration.accounts.binary_search_by(order).is_ok();
    configuration.identity(holder).filter(|_| wanted).ok_or_else(|| {
        let address = Address::Account { system, holder };
        let at = texts.block("system", &[base(system)]).map(|block| texts.position(block.span)).unwrap_or_default();
        refused(
            format!("no file wants {address} (system.{system}: {at})"),
            "there is nothing to accept: apply records it",
        )
    })
}

/// An exception from `account.when`, and where it stands.
fn leave_out(texts: &Texts<'_>, (system, holder): (Symbol, Symbol)) -> Result<(String, Step), Verdict> {
    let block = texts.block("system", &[base(system)]).ok_or_else(lost)?;
    let inner = block.blocks.iter().find(|block| &*block.kind == "account").ok_or_else(|| {
        let at = texts.position(block.span);
        refused(
            format!("system.{system} has no account block"),
            format!("write account {{ when = self.key != {} }} into {at}", quoted(holder.as_str())),
        )
    })?;
    let case = holder_of(&block, system, holder);
    let (span, edit) = match inner.attribute("when") {
        Some(when) => (when.value.span, Edit::Unless { of: when.value.clone(), case }),
        None => {
            let (block, name) = (Arc::new(inner.clone()), "when".to_owned());
            (inner.span, Edit::Attribute { block, name, value: Added::Unless(case) })
        }
    };
    let what = format!("account.when of account.{system} for {holder}");
    Ok((format!("{} (when)", texts.place(span)), Step { what, edit }))
}

/// What to write instead where somebody left altogether.
fn leaving(texts: &Texts<'_>, identity: &Identity) -> String {
    let at = texts.position(identity.span);
    match identity.source {
        Some(source) => format!("put an end (`ends`, `status`) into their row of people.{source} ({at}) instead"),
        None => format!("write status = \"left\" at {at} instead"),
    }
}
