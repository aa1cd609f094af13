//! Checks of what happens to the account of somebody who left: handed over, put away and brought back, deleted.

use state::object::ARCHIVED;
use state::owned::{OWNED, TO};
use state::{Action, Attributes, Owns, Presence, Symbol, Target, Value};

use super::accounts::one;
use super::{Bench, Stop};

fn account(id: Symbol) -> Option<Target> {
    Some(Target::Account(id))
}

/// Whether an account is put away, as it is read.
async fn is_archived(b: &Bench<'_>, id: Symbol) -> Result<bool, String> {
    match b.look(Target::Account(id)).await? {
        Presence::Here(object) => Ok(object.attributes.get(Symbol::new(ARCHIVED)).is_some()),
        other => Err(format!("an account that is archived, or was, is {other:?}")),
    }
}

pub async fn archived(b: &mut Bench<'_>) -> Result<(), Stop> {
    if !b.capabilities.archive {
        return Err(Stop::Skipped("accounts cannot be archived".into()));
    }
    let id = b.create_account("ada", &one(b.subject.account_text(), "stays")).await?;
    b.create_account("grace", &Attributes::new()).await?;
    if b.capabilities.groups {
        let group = b.create_group("engineering", &Attributes::new()).await?;
        b.done(b.membership(Action::Grant, group, id, Attributes::new())).await?;
    }
    let out = || [(Symbol::new(ARCHIVED), Value::text(""))].into_iter().collect::<Attributes>();
    for (action, archived) in [
        (Action::Deactivate, false),
        (Action::Archive, true),
        // Out of the archive, and switched off as before.
        (Action::Update, false),
        (Action::Archive, true),
        (Action::Reactivate, false),
        (Action::Archive, true),
    ] {
        let after = if action == Action::Update { out() } else { Attributes::new() };
        b.done(b.account(action, "ada", account(id), after)).await?;
        let active = matches!(b.look(Target::Account(id)).await?, Presence::Here(object) if object.active);
        if active != (action == Action::Reactivate) {
            return Err(Stop::Failed(format!("after `{}` the account says that active is {active}", action.word())));
        }
        if is_archived(b, id).await? != archived {
            return Err(Stop::Failed(format!(
                "after `{}` the account says that archived is {}",
                action.word(),
                !archived
            )));
        }
    }
    Ok(())
}

pub async fn deleted(b: &mut Bench<'_>) -> Result<(), Stop> {
    if !b.capabilities.delete {
        return Err(Stop::Skipped("accounts cannot be deleted".into()));
    }
    let id = b.create_account("ada", &Attributes::new()).await?;
    b.create_account("grace", &Attributes::new()).await?;
    if b.capabilities.groups {
        let group = b.create_group("engineering", &Attributes::new()).await?;
        b.done(b.membership(Action::Grant, group, id, Attributes::new())).await?;
        if b.capabilities.deactivate {
            b.done(b.account(Action::Deactivate, "ada", account(id), Attributes::new())).await?;
        }
        b.done(b.membership(Action::Revoke, group, id, Attributes::new())).await?;
    }
    let order = b.fresh(b.account(Action::Delete, "ada", account(id), Attributes::new())).await?;
    b.done(order.clone()).await?;
    // What is gone cannot be deleted once more.
    b.not_done(&order).await?;
    Ok(())
}

fn needs_transfer(b: &Bench<'_>) -> Result<(), Stop> {
    match b.capabilities.transfer {
        true => Ok(()),
        false => Err(Stop::Skipped("accounts own nothing that could be handed over".into())),
    }
}

/// What an account owns: as it is named, and counted.
async fn look_owned(b: &Bench<'_>, id: Symbol) -> Result<(Vec<Value>, Vec<Owns>), Stop> {
    let named = match b.look(Target::Owned(id)).await? {
        Presence::Gone => (Vec::new(), Vec::new()),
        Presence::Here(object) => {
            let counted = Owns::counted(&object.attributes);
            let counted = counted.ok_or_else(|| format!("what `{id}` owns lacks a place or kind: {object:?}"))?;
            let named = object.attributes.get(Symbol::new(OWNED)).and_then(Value::as_list).unwrap_or_default();
            if let Some(odd) = named.iter().find(|one| one.get("name".into()).and_then(Value::as_text).is_none()) {
                return Err(Stop::Failed(format!("{odd} has no name")));
            }
            (named.to_vec(), counted)
        }
        Presence::Hidden(why) => return Err(Stop::Failed(format!("what `{id}` owns is hidden: {why}"))),
    };
    let listed = b.inventory().await?.owns(id);
    if listed != named.1 {
        return Err(Stop::Failed(format!("`{id}` owns {listed:?} as it is listed, and {:?} as it is read", named.1)));
    }
    Ok(named)
}

/// Asserts how many things each account owns.
async fn own(b: &Bench<'_>, counts: &[(Symbol, u64)]) -> Result<(), Stop> {
    for (id, wanted) in counts {
        let (named, counted) = look_owned(b, *id).await?;
        let count: u64 = counted.iter().map(|own| own.count).sum();
        if count != *wanted || named.len() as u64 != *wanted {
            return Err(Stop::Failed(format!("`{id}` is to own {wanted} things, and owns {named:?}")));
        }
    }
    Ok(())
}

pub async fn owned(b: &mut Bench<'_>) -> Result<(), Stop> {
    needs_transfer(b)?;
    let (ada, grace) =
        (b.create_account("ada", &Attributes::new()).await?, b.create_account("grace", &Attributes::new()).await?);
    own(b, &[(ada, 0), (grace, 0)]).await?;
    for name in ["first", "second"] {
        b.subject.give(&b.system, ada, name).await?;
    }
    b.subject.give(&b.system, grace, "third").await?;
    own(b, &[(ada, 2), (grace, 1)]).await
}

fn transfer(b: &Bench<'_>, name: &str, from: Symbol, to: Symbol, owned: Vec<Value>) -> state::Order {
    let after = [(Symbol::new(TO), Value::Text(to)), (Symbol::new(OWNED), Value::list(owned))];
    b.account(Action::Transfer, name, Some(Target::Owned(from)), after.into_iter().collect())
}

pub async fn handed_over(b: &mut Bench<'_>) -> Result<(), Stop> {
    needs_transfer(b)?;
    let (ada, grace) =
        (b.create_account("ada", &Attributes::new()).await?, b.create_account("grace", &Attributes::new()).await?);
    for name in ["first", "second"] {
        b.subject.give(&b.system, ada, name).await?;
    }
    b.subject.give(&b.system, grace, "third").await?;
    if b.capabilities.deactivate {
        b.done(b.account(Action::Deactivate, "ada", account(ada), Attributes::new())).await?;
    }
    let (all, _) = look_owned(b, ada).await?;
    b.done(transfer(b, "ada", ada, grace, all.clone())).await?;
    own(b, &[(ada, 0), (grace, 3)]).await?;
    // And what was handed over goes back, but nothing else.
    b.done(transfer(b, "grace", grace, ada, all)).await?;
    own(b, &[(ada, 2), (grace, 1)]).await
}

/// An order names what goes: what came to be owned since is not handed over with it.
pub async fn owned_by_now(b: &mut Bench<'_>) -> Result<(), Stop> {
    needs_transfer(b)?;
    let (ada, grace) =
        (b.create_account("ada", &Attributes::new()).await?, b.create_account("grace", &Attributes::new()).await?);
    b.subject.give(&b.system, ada, "first").await?;
    let (all, _) = look_owned(b, ada).await?;
    let order = b.fresh(transfer(b, "ada", ada, grace, all)).await?;
    b.subject.give(&b.system, ada, "second").await?;
    b.not_done(&order).await?;
    own(b, &[(ada, 2), (grace, 0)]).await
}
