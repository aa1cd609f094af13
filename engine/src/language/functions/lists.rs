//! Functions on lists, where the order counts.

use rustc_hash::FxHashSet;

use super::super::{Failure, Number, Value};
use super::arguments::{Answer, any, count, items, list, number, some, whole};
use super::unify::unify;

/// Most items that `range` makes, as in Terraform.
const MAX_RANGE: usize = 1024;

pub fn chunklist(arguments: &[Value]) -> Answer {
    let (items, size) = (items(arguments, 0)?, whole(arguments, 1)?);
    let size =
        usize::try_from(size).map_err(|_| Failure::new(format!("argument 2 must not be negative, and is {size}")))?;
    let items = unify(items.to_vec())?;
    // Chunks of no size are one chunk of all.
    let size = if size == 0 { items.len().max(1) } else { size };
    Ok(Value::list(items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect()))
}

/// The first list that is not empty.
pub fn coalescelist(arguments: &[Value]) -> Answer {
    for at in 0..arguments.len() {
        if !list(arguments, at)?.is_empty() {
            return Ok(any(arguments, at).clone());
        }
    }
    Err(Failure::new("all arguments are empty lists"))
}

pub fn concat(arguments: &[Value]) -> Answer {
    if let [only] = arguments {
        list(arguments, 0)?;
        return Ok(only.clone());
    }
    let mut all = Vec::new();
    for at in 0..arguments.len() {
        all.extend_from_slice(list(arguments, at)?);
    }
    Ok(Value::list(all))
}

/// Each value once, where it stands first.
pub fn distinct(arguments: &[Value]) -> Answer {
    let items = unify(items(arguments, 0)?.to_vec())?;
    let mut seen: FxHashSet<&Value> = FxHashSet::default();
    Ok(Value::list(items.iter().filter(|item| seen.insert(item)).cloned().collect()))
}

/// The index starts over at the end, in both directions.
pub fn element(arguments: &[Value]) -> Answer {
    let (items, index) = (list(arguments, 0)?, whole(arguments, 1)?);
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let place = index.checked_rem_euclid(length).and_then(|place| usize::try_from(place).ok());
    place
        .and_then(|place| items.get(place))
        .cloned()
        .ok_or_else(|| Failure::new("argument 1 is an empty list, it has no element"))
}

pub fn index(arguments: &[Value]) -> Answer {
    let (items, wanted) = (list(arguments, 0)?, some(arguments, 1)?);
    let place = items.iter().position(|item| item == wanted);
    place
        .map(Value::number)
        .ok_or_else(|| Failure::new("argument 2 is not in the list").hint("contains(list, value) asks whether it is"))
}

/// `range(limit)`, `range(start, limit)`, `range(start, limit, step)`; the limit is left out.
pub fn range(arguments: &[Value]) -> Answer {
    let numbers: Vec<Number> = (0..arguments.len()).map(|at| number(arguments, at)).collect::<Answer<_>>()?;
    let (start, limit) = match numbers.as_slice() {
        [limit] => (Number::ZERO, limit.clone()),
        [start, limit, ..] => (start.clone(), limit.clone()),
        [] => return Err(Failure::new("one to three numbers are needed")),
    };
    let down = limit < start;
    let step = match numbers.get(2) {
        Some(step) => step.clone(),
        None if down => Number::from(-1i64),
        None => Number::ONE,
    };
    if start == limit {
        return Ok(Value::list(Vec::new()));
    }
    if step.is_zero() {
        return Err(Failure::new("the step must not be zero"));
    }
    if down != step.is_negative() {
        return Err(Failure::new(format!("a step of {step} does not lead from {start} to {limit}")));
    }
    let mut made = Vec::new();
    let mut next = start;
    while if step.is_negative() { next > limit } else { next < limit } {
        if made.len() >= MAX_RANGE {
            return Err(Failure::new(format!("this makes more than {MAX_RANGE} numbers")));
        }
        made.push(Value::Number(next.clone()));
        next = next.add(&step).ok_or_else(|| Failure::new("the numbers become too large"))?;
    }
    Ok(Value::list(made))
}

/// From the first index up to the second, which is left out.
pub fn slice(arguments: &[Value]) -> Answer {
    let (items, from, to) = (list(arguments, 0)?, whole(arguments, 1)?, whole(arguments, 2)?);
    let bounds = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    match bounds.and_then(|(from, to)| items.get(from..to)) {
        Some(part) => Ok(Value::list(part.to_vec())),
        None => {
            let length = count(items.len(), "item");
            Err(Failure::new(format!("a list of {length} has no slice from {from} to {to}")))
        }
    }
}
