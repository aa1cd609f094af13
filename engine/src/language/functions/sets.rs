//! Functions on sets. Lists are taken for sets; all arguments come to one type first.

use super::super::{Failure, Value};
use super::arguments::{Answer, items};
use super::unify::unify;

/// Most rows that `setproduct` makes: beyond, a slip in a file would take all memory.
const MAX_PRODUCT: usize = 10_000_000;

/// The arguments as sorted lists of one type, each value once.
fn sets(arguments: &[Value]) -> Answer<Vec<Vec<Value>>> {
    let mut all = Vec::new();
    let mut lengths = Vec::new();
    for at in 0..arguments.len() {
        let items = items(arguments, at)?;
        lengths.push(items.len());
        all.extend_from_slice(items);
    }
    let mut rest = unify(all)?.into_iter();
    Ok(lengths
        .into_iter()
        .map(|length| {
            let mut set: Vec<Value> = rest.by_ref().take(length).collect();
            set.sort_unstable();
            set.dedup();
            set
        })
        .collect())
}

pub fn setintersection(arguments: &[Value]) -> Answer {
    let mut sets = sets(arguments)?.into_iter();
    let first = sets.next().unwrap_or_default();
    let others: Vec<Vec<Value>> = sets.collect();
    Ok(Value::set(
        first.into_iter().filter(|value| others.iter().all(|set| set.binary_search(value).is_ok())).collect(),
    ))
}

/// What the first has and the second has not.
pub fn setsubtract(arguments: &[Value]) -> Answer {
    let mut sets = sets(arguments)?.into_iter();
    let (first, second) = (sets.next().unwrap_or_default(), sets.next().unwrap_or_default());
    Ok(Value::set(first.into_iter().filter(|value| second.binary_search(value).is_err()).collect()))
}

pub fn setunion(arguments: &[Value]) -> Answer {
    Ok(Value::set(sets(arguments)?.into_iter().flatten().collect()))
}

/// Each choice of one item from each argument; a set where all arguments are sets, else a list.
pub fn setproduct(arguments: &[Value]) -> Answer {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for at in 0..arguments.len() {
        let choices = unify(items(arguments, at)?.to_vec())?;
        if rows.len().saturating_mul(choices.len()) > MAX_PRODUCT {
            return Err(Failure::new(format!("the product has more than {MAX_PRODUCT} rows")));
        }
        rows = rows
            .iter()
            .flat_map(|row| choices.iter().map(move |choice| row.iter().chain([choice]).cloned().collect()))
            .collect();
    }
    let rows = rows.into_iter().map(Value::list).collect();
    let all_sets = arguments.iter().all(|argument| matches!(argument, Value::Set(_)));
    Ok(if all_sets { Value::set(rows) } else { Value::list(rows) })
}
