//! Checks of groups.

use state::{Action, Attributes, Target};

use super::accounts::one;
use super::{Bench, Stop};

/// Skips where there are no groups.
pub fn needs_groups(b: &Bench<'_>) -> Result<(), Stop> {
    if b.capabilities.groups { Ok(()) } else { Err(Stop::Skipped("there are no groups".into())) }
}

pub async fn created(b: &mut Bench<'_>) -> Result<(), Stop> {
    needs_groups(b)?;
    let id = b.create_group("engineering", &Attributes::new()).await?;
    b.create_group("R&D \"north\" – 研究", &Attributes::new()).await?;
    if let Some(name) = b.subject.group_text() {
        for value in ["first", "second", ""] {
            b.done(b.group(Action::Update, "engineering", Some(Target::Group(id)), one(name, value))).await?;
        }
    }
    Ok(())
}

pub async fn same_key(b: &mut Bench<'_>) -> Result<(), Stop> {
    needs_groups(b)?;
    if !b.capabilities.group_key.is_some_and(|key| key.unique) {
        return Err(Stop::Skipped("groups have no unique key".into()));
    }
    b.create_group("engineering", &Attributes::new()).await?;
    b.not_done(&b.group(Action::Create, "engineering", None, b.subject.group("engineering"))).await?;
    Ok(())
}

pub async fn parent(b: &mut Bench<'_>) -> Result<(), Stop> {
    needs_groups(b)?;
    let Some(name) = b.capabilities.parent_attribute else {
        return Err(Stop::Skipped("groups have no parents".into()));
    };
    let above = b.create_group("company", &Attributes::new()).await?;
    let below = b.create_group("engineering", &one(name, above.as_str())).await?;
    let other = b.create_group("research", &Attributes::new()).await?;
    for parent in [other.as_str(), ""] {
        b.done(b.group(Action::Update, "engineering", Some(Target::Group(below)), one(name, parent))).await?;
    }
    let nobody = b.subject.group("lost").overlaid(&one(name, "3a9f1c52-0000-4000-8000-00000000dead"));
    b.not_done(&b.group(Action::Create, "lost", None, nobody)).await?;
    Ok(())
}
