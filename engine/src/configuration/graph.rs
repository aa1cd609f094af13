//! An order in which everything stands behind what it needs, or the cycle that prevents it.

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
                            return Err(path[from..].iter().map(|(item, _)| *item).collect());
                        }
                    }
                }
            }
        }
    }
    Ok(ordered)
}

/// `a -> b -> a`, beginning at the smallest name, so that a cycle reads alike wherever it was found.
pub(super) fn cycle_text(names: &[String]) -> String {
    let first = names.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(at, _)| at);
    let turned = names.iter().cycle().skip(first).take(names.len() + 1);
    turned.map(String::as_str).collect::<Vec<_>>().join(" -> ")
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
    fn a_cycle_reads_alike_wherever_it_begins() {
        let names = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(cycle_text(&names(&["c", "a", "b"])), "a -> b -> c -> a");
        assert_eq!(cycle_text(&names(&["a"])), "a -> a");
    }
}
