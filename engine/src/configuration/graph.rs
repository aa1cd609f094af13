//! An order in which everything stands behind what it needs, or the cycle that prevents it.

use std::collections::VecDeque;

/// Puts `0..needs.len()` in an order in which each stands behind all that it needs; else a cycle: every item of it
/// needs the next, and the last needs the first. Without recursion, since chains may be long.
pub(super) fn order(needs: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; needs.len()];
    let mut ordered = Vec::with_capacity(needs.len());
    let mut path: Vec<(usize, usize)> = Vec::new();
    for start in 0..needs.len() {
        if marks.get(start) != Some(&Mark::New) {
            continue;
        }
        path.push((start, 0));
        while let Some((item, at)) = path.last_mut() {
            let item = *item;
            let next = needs.get(item).and_then(|needed| needed.get(*at)).copied();
            *at += 1;
            // Items are below `needs.len()` by contract, as are the marks.
            match next {
                None => {
                    marks[item] = Mark::Done;
                    ordered.push(item);
                    path.pop();
                }
                Some(next) => {
                    marks[item] = Mark::Open;
                    match marks[next] {
                        Mark::Done => {}
                        Mark::New => path.push((next, 0)),
                        Mark::Open => {
                            let from = path.iter().position(|(item, _)| *item == next).unwrap_or(0);
                            return Err(shortest(needs, path[from..].iter().map(|(item, _)| *item).collect()));
                        }
                    }
                }
            }
        }
    }
    Ok(ordered)
}

/// The shortest cycle through the first of a cycle: of a million edges a few may do.
fn shortest(needs: &[Vec<usize>], cycle: Vec<usize>) -> Vec<usize> {
    let Some(first) = cycle.first().copied() else { return cycle };
    // From where each was reached first, in waves around the first.
    let mut from: Vec<Option<usize>> = vec![None; needs.len()];
    let mut left = VecDeque::from([first]);
    while let Some(item) = left.pop_front() {
        for next in &needs[item] {
            if *next == first {
                let mut found: Vec<usize> = std::iter::successors(Some(item), |item| from[*item]).collect();
                found.reverse();
                return found;
            }
            if from[*next].is_none() {
                from[*next] = Some(item);
                left.push_back(*next);
            }
        }
    }
    cycle
}

/// So many names are read on a way: of longer ones the middle is left out.
const NAMED: usize = 12;

/// `a -> b -> a`, beginning at the smallest name, so that a cycle reads alike wherever it was found; of a long one its
/// beginning and its end.
pub(crate) fn cycle_text(names: &[String]) -> String {
    let first = names.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(at, _)| at);
    let turned: Vec<&str> = names.iter().cycle().skip(first).take(names.len() + 1).map(String::as_str).collect();
    way_text(&turned)
}

/// `a -> b -> c`; of a long way its beginning and its end.
pub(crate) fn way_text(names: &[&str]) -> String {
    match names.len().checked_sub(NAMED + 1) {
        None | Some(0) => names.join(" -> "),
        Some(_) => {
            let (begin, end) = (&names[..NAMED / 2], &names[names.len() - NAMED / 2..]);
            let more = names.len() - NAMED;
            format!("{} -> (and {more} more) -> {}", begin.join(" -> "), end.join(" -> "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_behind_what_it_needs() {
        assert_eq!(order(&[vec![2], vec![], vec![1]]), Ok(vec![1, 2, 0]));
        assert_eq!(order(&[vec![1], vec![2], vec![1]]), Err(vec![1, 2]));
        assert_eq!(order(&[vec![0]]), Err(vec![0]));
        let chain: Vec<Vec<usize>> =
            (0..100_000).map(|n| if n + 1 < 100_000 { vec![n + 1] } else { Vec::new() }).collect();
        assert_eq!(order(&chain).unwrap().first(), Some(&99_999));
    }

    #[test]
    fn of_a_million_edges_a_short_cycle_is_told() {
        // Everything needs the next ten; the last need the one ten before.
        let count = 100_000;
        let needs = |n: usize| (n + 1..=(n + 10).min(count - 1)).chain((n == count - 1).then(|| n - 10));
        let many: Vec<Vec<usize>> = (0..count).map(|n| needs(n).collect()).collect();
        assert_eq!(order(&many), Err(vec![count - 11, count - 1]));
        // A ring has no shorter one: it is told in part.
        let ring: Vec<Vec<usize>> = (0..count).map(|n| vec![(n + 1) % count]).collect();
        let cycle = order(&ring).unwrap_err();
        let names: Vec<String> = cycle.iter().map(|n| format!("g{n:06}")).collect();
        assert_eq!(
            cycle_text(&names),
            "g000000 -> g000001 -> g000002 -> g000003 -> g000004 -> g000005 -> (and 99989 more) -> \
             g099995 -> g099996 -> g099997 -> g099998 -> g099999 -> g000000"
        );
    }

    #[test]
    fn a_cycle_reads_alike_wherever_it_begins() {
        let names = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(cycle_text(&names(&["c", "a", "b"])), "a -> b -> c -> a");
        assert_eq!(cycle_text(&names(&["a"])), "a -> a");
    }
}
