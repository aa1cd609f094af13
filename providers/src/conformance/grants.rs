//! Checks of grants.

use state::{Action, Attributes, Outcome};

use super::groups::needs_groups;
use super::{Bench, Stop};

fn needs_grants(b: &Bench<'_>) -> Result<(), Stop> {
    needs_groups(b)?;
    if b.capabilities.grants { Ok(()) } else { Err(Stop::Skipped("groups hold no grants".into())) }
}

pub async fn given(b: &mut Bench<'_>) -> Result<(), Stop> {
    needs_grants(b)?;
    let group = b.create_group("analyst", &Attributes::new()).await?;
    let other = b.create_group("auditor", &Attributes::new()).await?;
    let (first, second) = (b.subject.grant(0), b.subject.grant(1));
    for (action, group, grant) in [
        (Action::Grant, group, &first),
        (Action::Grant, group, &second),
        (Action::Grant, other, &first),
        (Action::Revoke, group, &first),
        (Action::Grant, group, &first),
        (Action::Revoke, group, &second),
    ] {
        let after = if action == Action::Grant { grant.clone() } else { Attributes::new() };
        b.done(b.grant(action, group, grant, after)).await?;
    }
    Ok(())
}

pub async fn changed(b: &mut Bench<'_>) -> Result<(), Stop> {
    needs_grants(b)?;
    let change = b.subject.grant_change();
    if b.schema.grant_key.is_empty() || change.is_empty() {
        return Err(Stop::Skipped("a grant is its key alone".into()));
    }
    let group = b.create_group("analyst", &Attributes::new()).await?;
    let (first, second) = (b.subject.grant(0), b.subject.grant(1));
    b.done(b.grant(Action::Grant, group, &first, first.clone())).await?;
    b.done(b.grant(Action::Grant, group, &second, second.clone())).await?;
    b.done(b.grant(Action::Update, group, &first, change)).await?;
    Ok(())
}

pub async fn not_doubled(b: &mut Bench<'_>) -> Result<(), Stop> {
    needs_grants(b)?;
    let group = b.create_group("analyst", &Attributes::new()).await?;
    let grant = b.subject.grant(0);
    b.done(b.grant(Action::Grant, group, &grant, grant.clone())).await?;
    match b.answer(&b.grant(Action::Grant, group, &grant, grant.clone())).await? {
        Outcome::Unknown(error) => Err(Stop::Failed(error)),
        _ => Ok(()),
    }
}
