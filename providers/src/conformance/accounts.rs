//! Checks of accounts.

use state::{Action, Attributes, Key, Outcome, Presence, Target, Value};

use super::{Bench, Stop};

/// One attribute.
pub fn one(name: state::Symbol, value: &str) -> Attributes {
    [(name, Value::text(value))].into_iter().collect()
}

/// The key of accounts, where the server itself refuses a second one.
fn unique_key(b: &Bench<'_>) -> Result<Key, Stop> {
    let key = b.capabilities.account_key.filter(|key| key.unique);
    key.ok_or_else(|| Stop::Skipped("accounts have no unique key".into()))
}

pub async fn created(b: &mut Bench<'_>) -> Result<(), Stop> {
    let (ada, grace) = (b.create_account("ada", &Attributes::new()).await?, {
        let text = one(b.subject.account_text(), "Admiral");
        b.create_account("grace", &text).await?
    });
    if ada == grace {
        return Err(Stop::Failed(format!("two accounts have the id `{ada}`")));
    }
    Ok(())
}

pub async fn updated(b: &mut Bench<'_>) -> Result<(), Stop> {
    let name = b.subject.account_text();
    let id = b.create_account("ada", &one(name, "first")).await?;
    b.create_account("grace", &one(name, "stays")).await?;
    for value in ["second", "", "third", "Third", ""] {
        b.done(b.account(Action::Update, "ada", Some(Target::Account(id)), one(name, value))).await?;
    }
    Ok(())
}

pub async fn odd_text(b: &mut Bench<'_>) -> Result<(), Stop> {
    let name = b.subject.account_text();
    for (n, text) in b.subject.odd_texts().into_iter().enumerate() {
        let key = format!("odd{n}");
        let id = b.create_account(&key, &one(name, text)).await?;
        b.done(b.account(Action::Update, &key, Some(Target::Account(id)), one(name, &format!("{text} {text}"))))
            .await?;
    }
    Ok(())
}

pub async fn same_key(b: &mut Bench<'_>) -> Result<(), Stop> {
    let key = unique_key(b)?;
    b.create_account("ada", &Attributes::new()).await?;
    b.not_done(&b.account(Action::Create, "ada", None, b.subject.account("ada"))).await?;
    let grace = b.create_account("grace", &Attributes::new()).await?;
    let Some(taken) = b.subject.account("ada").get(key.attribute).cloned() else {
        return Err(Stop::Failed(format!("an account is made without its key `{}`", key.attribute)));
    };
    let after = [(key.attribute, taken)].into_iter().collect();
    let order = b.fresh(b.account(Action::Rename, "grace", Some(Target::Account(grace)), after)).await?;
    b.not_done(&order).await?;
    Ok(())
}

pub async fn case(b: &mut Bench<'_>) -> Result<(), Stop> {
    let key = unique_key(b)?;
    b.create_account("ada.king", &Attributes::new()).await?;
    let other = b.account(Action::Create, "Ada.King", None, b.subject.account("Ada.King"));
    if key.case_exact {
        b.done(other).await?;
    } else {
        b.not_done(&other).await?;
    }
    Ok(())
}

pub async fn renamed(b: &mut Bench<'_>) -> Result<(), Stop> {
    let id = b.create_account("ada", &one(b.subject.account_text(), "stays")).await?;
    if b.capabilities.groups {
        let group = b.create_group("engineering", &Attributes::new()).await?;
        b.done(b.membership(Action::Grant, group, id, Attributes::new())).await?;
    }
    let (old, new) = (b.subject.account("ada"), b.subject.account("countess"));
    let after: Attributes = new.iter().filter(|(name, value)| old.get(*name) != Some(value)).cloned().collect();
    let object = b.done(b.account(Action::Rename, "ada", Some(Target::Account(id)), after)).await?;
    if object.id != id {
        return Err(Stop::Failed(format!("the rename answered with the id `{}` for `{id}`", object.id)));
    }
    // The old name is free again.
    b.create_account("ada", &Attributes::new()).await?;
    Ok(())
}

pub async fn deactivated(b: &mut Bench<'_>) -> Result<(), Stop> {
    if !b.capabilities.deactivate {
        return Err(Stop::Skipped("accounts cannot be deactivated".into()));
    }
    let id = b.create_account("ada", &one(b.subject.account_text(), "stays")).await?;
    b.create_account("grace", &Attributes::new()).await?;
    for action in [Action::Deactivate, Action::Reactivate, Action::Deactivate] {
        b.done(b.account(action, "ada", Some(Target::Account(id)), Attributes::new())).await?;
    }
    Ok(())
}

pub async fn absent(b: &mut Bench<'_>) -> Result<(), Stop> {
    let here = b.create_account("ada", &Attributes::new()).await?;
    let absent = Target::Account("3a9f1c52-0000-4000-8000-00000000dead".into());
    match b.look(absent).await? {
        Presence::Gone => {}
        other => return Err(Stop::Failed(format!("an account that never was there is {other:?}"))),
    }
    let Presence::Here(before) = b.look(Target::Account(here)).await? else {
        return Err(Stop::Failed("an account that was made is not there".into()));
    };
    let update = b.account(Action::Update, "nobody", Some(absent), one(b.subject.account_text(), "x"));
    b.not_done(&state::Order { before: Some(state::Object { id: absent.remote(), ..before }), ..update }).await?;
    Ok(())
}

pub async fn stale(b: &mut Bench<'_>) -> Result<(), Stop> {
    if let Some(why) = b.subject.misses_stale() {
        return Err(Stop::Skipped(why.into()));
    }
    let name = b.subject.account_text();
    let id = b.create_account("ada", &one(name, "as planned")).await?;
    let target = Some(Target::Account(id));
    let mine = b.fresh(b.account(Action::Update, "ada", target, one(name, "mine"))).await?;
    b.done(b.account(Action::Update, "ada", target, one(name, "somebody else's"))).await?;
    match b.answer(&mine).await? {
        Outcome::Stale(_) => Ok(()),
        other => Err(Stop::Failed(format!("an update of what others changed is {other:?}"))),
    }
}
