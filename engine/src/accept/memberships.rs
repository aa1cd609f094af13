//! Memberships: entries of the `members` of a group, and exceptions from what roles give.

use std::ops::Range;

use state::{Address, Member, Symbol, Value};

use super::attributes::group_block;
use super::literal::hcl;
use super::splice::{Edit, add_attribute, add_item, range, remove_item};
use super::{Texts, Verdict, lost, refused};
use crate::configuration::{Configuration, Membership, named};
use crate::language::expr::Kind;
use crate::language::{Block, Expr, Value as Literal};

/// Somebody was put into a group.
pub(super) fn give(texts: &mut Texts<'_>, configuration: &Configuration, address: Address) -> Result<Verdict, Verdict> {
    let (block, member) = ends(texts, configuration, address)?;
    append(texts, &block, "members", &member.to_string())
}

/// Somebody was taken out of a group.
pub(super) fn take(texts: &mut Texts<'_>, configuration: &Configuration, address: Address) -> Result<Verdict, Verdict> {
    let (block, member) = ends(texts, configuration, address)?;
    let wanted = wanted(configuration, address)
        .ok_or_else(|| refused(format!("no file gives {address}"), "there is nothing to accept: apply records it"))?;
    let group = address.parent_group().ok_or_else(lost)?;
    let direct = wanted.why.iter().filter(|why| why.because.as_str().starts_with(&group.to_string())).count();
    if direct == wanted.why.len()
        && let Some((list, number)) = entry(&block, "members", member)?
    {
        let file = block.span.file.0 as usize;
        let text = texts.files.0.get(file).map(|file| file.text.clone()).ok_or_else(lost)?;
        let place = list.get(number).map(|item| texts.place(item)).ok_or_else(lost)?;
        let edit = remove_item(&text, &ranges(&list), number).ok_or_else(lost)?;
        texts.splice(file, &[edit])?;
        return Ok(Verdict::Written { place });
    }
    let because: Vec<&str> = wanted.why.iter().map(|why| why.because.as_str()).collect();
    let because = because.join(" and ");
    // A role that gives nothing else can leave somebody out itself.
    let role = match &wanted.why[..] {
        [only] => only.because.as_str().strip_prefix("role.").and_then(|name| texts.block("role", &[name])),
        _ => None,
    };
    let only = |role: &Block| match role.attribute("access").map(|access| &*access.value.kind) {
        Some(Kind::List(items)) => items.len() == 1,
        _ => false,
    };
    let block = role.filter(only).unwrap_or(block);
    match append(texts, &block, "except", &member.to_string())? {
        Verdict::Written { place } | Verdict::Proposed { place, .. } => {
            Ok(Verdict::Proposed { place, why: format!("it is given by {because}: this is an exception from it") })
        }
        refused => Err(refused),
    }
}

/// A qualifier of a membership has another value.
pub(super) fn qualify(
    texts: &mut Texts<'_>,
    configuration: &Configuration,
    address: Address,
    name: Symbol,
    value: Value,
) -> Result<Verdict, Verdict> {
    let (block, member) = ends(texts, configuration, address)?;
    let Some((list, number)) = entry(&block, "members", member)? else {
        return Err(refused(
            format!("{address} is not an entry of the group\'s own `members`"),
            format!("change `{name}` where it is given"),
        ));
    };
    let item = list.get(number).ok_or_else(lost)?;
    let place = texts.place(item);
    let written = hcl(&value)?;
    let edit = match &*item.kind {
        Kind::Object(pairs) => match pairs.iter().find(|(key, _)| is_name(key, name.as_str())) {
            Some((_, own)) if own.as_literal().is_some() => Edit::replace(range(own.span), written),
            Some(_) => {
                let hint = "change it by hand";
                return Err(refused(format!("{address}: `{name}` comes from an expression"), hint));
            }
            None => {
                let last = pairs.last().map(|(_, value)| value.span.end as usize).ok_or_else(lost)?;
                Edit::insert(last, format!(", {name} = {written}"))
            }
        },
        _ => Edit::replace(range(item.span), format!("{{ who = {}, {name} = {written} }}", texts.source(item))),
    };
    texts.splice(item.span.file.0 as usize, &[edit])?;
    Ok(Verdict::Written { place })
}

/// The block of the group, and who is meant, as the files call them.
fn ends(texts: &Texts<'_>, configuration: &Configuration, address: Address) -> Result<(Block, Address), Verdict> {
    let Address::Membership { system, group, member } = address else { return Err(lost()) };
    let block = group_block(texts, system, group)?;
    let member = match member {
        Member::Group(group) => Some(Address::Group { system, group }),
        Member::Holder(holder) => configuration.identity(holder).map(|identity| identity.address),
    };
    let member = member.filter(|member| match member {
        Address::Group { system, group } => {
            configuration.groups.iter().any(|own| (own.system, own.name) == (*system, *group))
        }
        _ => true,
    });
    let member = member.ok_or_else(|| {
        refused(
            format!("{address}: nobody in the files has this account"),
            "write the person and let tenure match the account (`match`, `adopt`); then the membership can be accepted",
        )
    })?;
    Ok((block, member))
}

fn wanted(configuration: &Configuration, address: Address) -> Option<&Membership> {
    let own = |one: &Membership| Address::Membership { system: one.system, group: one.group, member: one.member };
    configuration.memberships.iter().find(|one| own(one) == address)
}

/// The items of a list, and which of them names `member`; none where the list is no plain list or has no such.
fn entry(block: &Block, name: &str, member: Address) -> Result<Option<(Vec<Expr>, usize)>, Verdict> {
    let Some(attribute) = block.attribute(name) else { return Ok(None) };
    let Kind::List(items) = &*attribute.value.kind else { return Ok(None) };
    let names = |item: &Expr| match &*item.kind {
        Kind::Object(pairs) => {
            let who = pairs.iter().find(|(key, _)| is_name(key, "who"));
            who.is_some_and(|(_, who)| named(who) == Some(member))
        }
        _ => named(item) == Some(member),
    };
    let found: Vec<usize> = (0..items.len()).filter(|at| items.get(*at).is_some_and(names)).collect();
    match found[..] {
        [] => Ok(None),
        [only] => Ok(Some((items.clone(), only))),
        _ => Err(refused(format!("{member} stands twice in `{name}`"), "keep one of them")),
    }
}

fn is_name(key: &Expr, name: &str) -> bool {
    matches!(key.as_literal(), Some(Literal::String(key)) if **key == *name)
}

fn ranges(items: &[Expr]) -> Vec<Range<usize>> {
    items.iter().map(|item| range(item.span)).collect()
}

/// Puts an item at the end of the list `name`, or begins one. A list that an expression makes is proposed to be joined.
fn append(texts: &mut Texts<'_>, block: &Block, name: &str, item: &str) -> Result<Verdict, Verdict> {
    let file = block.span.file.0 as usize;
    let text = texts.files.0.get(file).map(|file| file.text.clone()).ok_or_else(lost)?;
    let Some(attribute) = block.attribute(name) else {
        let edit = add_attribute(&text, block, name, &format!("[{item}]")).ok_or_else(lost)?;
        let place = texts.files.place(block.span);
        texts.splice(file, &[edit])?;
        return Ok(Verdict::Written { place: format!("{place} ({name})") });
    };
    let list = attribute.value.clone();
    let place = texts.place(&list);
    if let Kind::List(items) = &*list.kind {
        let edits = add_item(&text, range(list.span), &ranges(items), item).ok_or_else(lost)?;
        texts.splice(file, &edits)?;
        return Ok(Verdict::Written { place: format!("{place} ({name})") });
    }
    let joined = format!("concat({}, [{item}])", texts.source(&list));
    texts.splice(file, &[Edit::replace(range(list.span), joined)])?;
    Ok(Verdict::Proposed { place, why: format!("`{name}` is made by an expression") })
}
