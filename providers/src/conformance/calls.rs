//! Checks of calls as such: many things at once, and answers in the order of the questions.

use state::{Action, Attributes, Outcome, Presence, Target};

use super::{Bench, Stop};
use crate::Unannounced;

pub async fn read_order(b: &mut Bench<'_>) -> Result<(), Stop> {
    let grace = b.create_account("grace", &Attributes::new()).await?;
    let ada = b.create_account("ada", &Attributes::new()).await?;
    let nobody = Target::Account("3a9f1c52-0000-4000-8000-00000000dead".into());
    let targets = [nobody, Target::Account(grace), nobody, Target::Account(ada), Target::Account(grace)];
    let read = b.system.reader.read(&targets).await.map_err(|error| error.to_string())?;
    let ids: Vec<_> = read
        .iter()
        .map(|presence| match presence {
            Presence::Here(object) => Some(object.id),
            _ => None,
        })
        .collect();
    if ids != [None, Some(grace), None, Some(ada), Some(grace)] {
        return Err(Stop::Failed(format!("asked for {targets:?}, was answered {ids:?}")));
    }
    let nothing = b.system.reader.read(&[]).await.map_err(|error| error.to_string())?;
    if !nothing.is_empty() || !b.system.writer.execute(&[], &Unannounced).await.is_empty() {
        return Err(Stop::Failed("no question was answered".into()));
    }
    Ok(())
}

pub async fn mixed(b: &mut Bench<'_>) -> Result<(), Stop> {
    if b.capabilities.batch < 3 || !b.capabilities.batch_objects {
        return Err(Stop::Skipped("calls carry one change, or changes of one object".into()));
    }
    let nobody = Some(Target::Account("3a9f1c52-0000-4000-8000-00000000dead".into()));
    let orders = [
        b.account(Action::Create, "ada", None, b.subject.account("ada")),
        b.account(Action::Deactivate, "nobody", nobody, Attributes::new()),
        b.account(Action::Create, "grace", None, b.subject.account("grace")),
    ];
    let outcomes = b.system.writer.execute(&orders, &Unannounced).await;
    let done: Vec<bool> = outcomes.iter().map(|outcome| matches!(outcome, Outcome::Done(_))).collect();
    let right = if b.capabilities.atomic { [false, false, false] } else { [true, false, true] };
    if done != right {
        return Err(Stop::Failed(format!("one wrong order among three was answered {outcomes:?}")));
    }
    for (order, outcome) in orders.iter().zip(&outcomes) {
        if let Outcome::Done(object) = outcome {
            b.expect(order, object)?;
        }
    }
    Ok(())
}

pub async fn many(b: &mut Bench<'_>) -> Result<(), Stop> {
    let group = match b.capabilities.groups {
        true => Some(b.create_group("everybody", &Attributes::new()).await?),
        false => None,
    };
    let orders: Vec<_> = (0..b.subject.many())
        .map(|n| {
            // In no order.
            let name = format!("person{:05}", n * 7_919 % 99_991);
            b.account(Action::Create, &name, None, b.subject.account(&name))
        })
        .collect();
    let accounts = all(b, &orders).await?;
    if let Some(group) = group {
        let members = accounts.into_iter().map(|id| b.membership(Action::Grant, group, id, Attributes::new()));
        let members: Vec<_> = members.collect();
        all(b, &members).await?;
    }
    Ok(())
}

/// Carries out orders that must all be done, in calls as large as the system takes; the ids.
async fn all(b: &mut Bench<'_>, orders: &[state::Order]) -> Result<Vec<state::Symbol>, Stop> {
    let one_object = matches!(orders.first(), Some(order) if order.kind == state::Kind::Membership);
    let size = if b.capabilities.batch_objects || one_object { b.capabilities.batch.max(1) } else { 1 };
    let mut ids = Vec::with_capacity(orders.len());
    for call in orders.chunks(size) {
        let outcomes = b.system.writer.execute(call, &Unannounced).await;
        if outcomes.len() != call.len() {
            return Err(Stop::Failed(format!("{} answers to {} orders", outcomes.len(), call.len())));
        }
        for (order, outcome) in call.iter().zip(outcomes) {
            match outcome {
                Outcome::Done(object) => {
                    b.expect(order, &object)?;
                    ids.push(object.id);
                }
                other => return Err(Stop::Failed(format!("{}: {other:?}", order.address))),
            }
        }
    }
    Ok(ids)
}
