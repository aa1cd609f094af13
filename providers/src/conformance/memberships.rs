//! Checks of memberships.

use state::{Action, Attributes, Outcome, Presence, Symbol, Target, Value};

use super::accounts::one;
use super::groups::needs_groups;
use super::{Bench, Stop};

const NOBODY: &str = "3a9f1c52-0000-4000-8000-00000000dead";

/// A group and two accounts.
async fn scene(b: &mut Bench<'_>) -> Result<(Symbol, Symbol, Symbol), Stop> {
    needs_groups(b)?;
    let ada = b.create_account("ada", &Attributes::new()).await?;
    let grace = b.create_account("grace", &Attributes::new()).await?;
    Ok((b.create_group("engineering", &Attributes::new()).await?, ada, grace))
}

pub async fn given(b: &mut Bench<'_>) -> Result<(), Stop> {
    let (group, ada, grace) = scene(b).await?;
    let other = b.create_group("research", &Attributes::new()).await?;
    for (action, group, member) in [
        (Action::Grant, group, ada),
        (Action::Grant, group, grace),
        (Action::Grant, other, ada),
        (Action::Revoke, group, ada),
        (Action::Grant, group, ada),
        (Action::Revoke, group, ada),
        // The last one leaves too.
        (Action::Revoke, group, grace),
    ] {
        b.done(b.membership(action, group, member, Attributes::new())).await?;
    }
    Ok(())
}

pub async fn not_doubled(b: &mut Bench<'_>) -> Result<(), Stop> {
    let (group, ada, grace) = scene(b).await?;
    b.done(b.membership(Action::Grant, group, ada, Attributes::new())).await?;
    b.done(b.membership(Action::Grant, group, grace, Attributes::new())).await?;
    // Whether a server refuses or shrugs is its own; two of them it must not make.
    match b.answer(&b.membership(Action::Grant, group, ada, Attributes::new())).await? {
        Outcome::Unknown(error) => Err(Stop::Failed(error)),
        _ => Ok(()),
    }
}

pub async fn absent(b: &mut Bench<'_>) -> Result<(), Stop> {
    let (group, ada, _) = scene(b).await?;
    b.not_done(&b.membership(Action::Grant, NOBODY.into(), ada, Attributes::new())).await?;
    if let Some(why) = b.subject.takes_absent_members() {
        return Err(Stop::Skipped(why.into()));
    }
    b.not_done(&b.membership(Action::Grant, group, NOBODY.into(), Attributes::new())).await?;
    Ok(())
}

pub async fn not_there(b: &mut Bench<'_>) -> Result<(), Stop> {
    let (group, ada, grace) = scene(b).await?;
    b.done(b.membership(Action::Grant, group, grace, Attributes::new())).await?;
    let order = b.membership(Action::Revoke, group, ada, Attributes::new());
    match b.look(Target::Membership { group, member: ada, nested: false }).await? {
        Presence::Gone => {}
        other => return Err(Stop::Failed(format!("a membership that never was there is {other:?}"))),
    }
    // Some servers take the removal of nothing for done; nobody else may lose anything by it.
    match b.answer(&order).await? {
        Outcome::Unknown(error) => Err(Stop::Failed(error)),
        _ => Ok(()),
    }
}

pub async fn qualifiers(b: &mut Bench<'_>) -> Result<(), Stop> {
    if b.schema.qualifiers.is_empty() {
        return Err(Stop::Skipped("memberships have no qualifiers".into()));
    }
    let (group, ada, grace) = scene(b).await?;
    b.done(b.membership(Action::Grant, group, grace, Attributes::new())).await?;
    let qualifier = |name: Symbol, value: &Symbol| match value.as_str() {
        "true" => [(name, Value::Bool(true))].into_iter().collect(),
        "false" => [(name, Value::Bool(false))].into_iter().collect(),
        text => one(name, text),
    };
    for (name, values) in b.schema.qualifiers.clone() {
        let Some((first, others)) = values.split_first() else { continue };
        b.done(b.membership(Action::Grant, group, ada, qualifier(name, first))).await?;
        for value in others {
            b.done(b.membership(Action::Update, group, ada, qualifier(name, value))).await?;
        }
        b.done(b.membership(Action::Revoke, group, ada, Attributes::new())).await?;
    }
    Ok(())
}

pub async fn nested(b: &mut Bench<'_>) -> Result<(), Stop> {
    let (group, ada, _) = scene(b).await?;
    if !b.capabilities.nested_groups {
        return Err(Stop::Skipped("groups cannot be members of groups".into()));
    }
    let all = b.create_group("all", &Attributes::new()).await?;
    b.done(b.membership(Action::Grant, group, ada, Attributes::new())).await?;
    b.done(b.nesting(Action::Grant, all, group)).await?;
    b.done(b.membership(Action::Grant, all, ada, Attributes::new())).await?;
    b.done(b.nesting(Action::Revoke, all, group)).await?;
    b.done(b.nesting(Action::Grant, all, group)).await?;
    Ok(())
}
