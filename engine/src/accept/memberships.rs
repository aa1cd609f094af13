//! Memberships: entries of the `members` of a group, and exceptions from what roles give.

use std::sync::Arc;

use state::{Address, Member, Symbol, Value};

use super::attributes::group_block;
use super::each::{Each, is_text};
use super::lists::{List, append, list_of};
use super::literal::hcl;
use super::step::{Draft, Edit, Step};
use super::{Texts, Verdict, lost, refused};
use crate::configuration::{Configuration, Membership};
use crate::language::Block;
use crate::language::expr::Kind;

/// A membership, as the files call its ends.
struct Ends {
    block: Arc<Block>,
    each: Option<Each>,
    member: Address,
}

impl Ends {
    /// The list that `members` or `except` comes to, and where the member stands in it. A list that an expression for all
    /// instances holds is none of one instance alone.
    fn entry(&self, texts: &mut Texts<'_>, name: &str) -> Result<Option<(List, usize)>, Verdict> {
        let Some(attribute) = self.block.attribute(name) else { return Ok(None) };
        let list = list_of(texts, &attribute.value, self.each.as_ref());
        let own = |list: &List| self.each.is_none() || list.expr.span != attribute.value.span;
        let Some(list) = list.filter(own) else { return Ok(None) };
        let number = list.entry(texts, self.member)?;
        Ok(number.map(|number| (list, number)))
    }

    fn append(&self, texts: &Texts<'_>, name: &str) -> Result<Draft, Verdict> {
        append(texts, &self.block, self.each.as_ref(), name, |list| match list {
            Some(list) => list.written(self.member),
            None => Some(self.member.to_string()),
        })
    }
}

/// Somebody was put into a group.
pub(super) fn give(texts: &mut Texts<'_>, configuration: &Configuration, address: Address) -> Result<Draft, Verdict> {
    let ends = ends(texts, configuration, address)?;
    // Whom an exception leaves out is given it by something else.
    if let Some((list, number)) = ends.entry(texts, "except")? {
        return list.remove(texts, number);
    }
    ends.append(texts, "members")
}

/// Somebody was taken out of a group.
pub(super) fn take(texts: &mut Texts<'_>, configuration: &Configuration, address: Address) -> Result<Draft, Verdict> {
    let ends = ends(texts, configuration, address)?;
    let wanted = wanted(configuration, address)
        .ok_or_else(|| refused(format!("no file gives {address}"), "there is nothing to accept: apply records it"))?;
    let group = address.parent_group().ok_or_else(lost)?;
    let own = group.to_string();
    let direct = |because: &str| because.strip_prefix(&own).is_some_and(|rest| !rest.starts_with(['.', '[']));
    if wanted.why.iter().all(|why| direct(why.because.as_str()))
        && let Some((list, number)) = ends.entry(texts, "members")?
    {
        return list.remove(texts, number);
    }
    let because: Vec<&str> = wanted.why.iter().map(|why| why.because.as_str()).collect();
    let because = because.join(" and ");
    // A role that gives nothing else can leave somebody out itself.
    let role = match &wanted.why[..] {
        [only] => only.because.as_str().strip_prefix("role.").and_then(|name| texts.block("role", &[name])),
        _ => None,
    };
    let only = |role: &Arc<Block>| match role.attribute("access").map(|access| &*access.value.kind) {
        Some(Kind::List(items)) => items.len() == 1 && role.attribute("for_each").is_none(),
        _ => false,
    };
    let ends = match role.filter(only) {
        Some(block) => Ends { block, each: None, member: ends.member },
        None => ends,
    };
    let Draft { verdict, steps } = ends.append(texts, "except")?;
    let verdict = match verdict {
        Verdict::Written { place } | Verdict::Proposed { place, .. } => {
            Verdict::Proposed { place, why: format!("it is given by {because}: this is an exception from it") }
        }
        refused => refused,
    };
    Ok(Draft { verdict, steps })
}

/// A qualifier of a membership has another value.
pub(super) fn qualify(
    texts: &mut Texts<'_>,
    configuration: &Configuration,
    address: Address,
    name: Symbol,
    value: Value,
) -> Result<Draft, Verdict> {
    let ends = ends(texts, configuration, address)?;
    let written = hcl(&value)?;
    let Some((list, number)) = ends.entry(texts, "members")? else {
        let at = ends.block.attribute("members").map_or(ends.block.span, |members| members.span);
        return Err(refused(
            format!("{address} is not an entry of the group\'s own `members`"),
            format!(
                "change `{name}` where it is given, or write {{ who = {}, {name} = {written} }} into the `members` at {}",
                ends.member,
                texts.position(at)
            ),
        ));
    };
    let item = list.items().get(number).ok_or_else(lost)?;
    let place = texts.place(item.span);
    let edit = match &*item.kind {
        Kind::Object(pairs) => match pairs.iter().find(|(key, _)| is_text(key, name.as_str())) {
            Some((_, own)) if own.as_literal().is_some() => Edit::Value { of: own.clone(), text: written },
            Some((_, own)) => {
                let hint = format!("write {written} at {} by hand", texts.position(own.span));
                return Err(refused(format!("{address}: `{name}` comes from an expression"), hint));
            }
            None => Edit::Pair { object: item.clone(), name: name.to_string(), value: written },
        },
        _ if list.keys => {
            let hint = format!("write {{ who = {}, {name} = {written} }} as an entry of its own", ends.member);
            let place = texts.position(item.span);
            return Err(refused(format!("{address}: the list at {place} takes keys alone"), hint));
        }
        _ => {
            let text = format!("{{ who = {}, {name} = {written} }}", texts.source(item));
            Edit::Value { of: item.clone(), text }
        }
    };
    let what = format!("{} ({name})", texts.position(item.span));
    let verdict = match &list.local {
        None => Verdict::Written { place },
        Some(local) => Verdict::Proposed { place, why: format!("it comes from {local}, which others may use too") },
    };
    Ok(Draft { verdict, steps: vec![Step { what, edit }] })
}

/// The block of the group, and who is meant, as the files call them.
fn ends(texts: &Texts<'_>, configuration: &Configuration, address: Address) -> Result<Ends, Verdict> {
    let Address::Membership { system, group, member } = address else { return Err(lost()) };
    let (block, each) = group_block(texts, system, group)?;
    let member = match member {
        Member::Group(group) => {
            let order = |own: &crate::configuration::Group| (own.system, own.name).cmp(&(system, group));
            let known = configuration.groups.binary_search_by(order).is_ok();
            known.then_some(Address::Group { system, group })
        }
        Member::Holder(holder) => configuration.identity(holder).map(|identity| identity.address),
    };
    let member = member.ok_or_else(|| {
        refused(
            format!("{address}: nobody in the files has this account"),
            "write the person and let tenure match the account (`match`, `adopt`); then the membership can be accepted",
        )
    })?;
    Ok(Ends { block, each, member })
}

/// What the files say of a membership.
fn wanted(configuration: &Configuration, address: Address) -> Option<&Membership> {
    let Address::Membership { system, group, member } = address else { return None };
    let order = |one: &Membership| (one.system, one.group, one.member).cmp(&(system, group, member));
    configuration.memberships.get(configuration.memberships.binary_search_by(order).ok()?)
}
