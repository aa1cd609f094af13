//! From a world in which a promise breaks to a smaller one in which it still does.

/// Tries what `smaller` offers, largest steps first, and goes on with the first that still `breaks`, until none does or
/// `tries` are used up.
pub fn shrink<S>(
    start: S,
    mut smaller: impl FnMut(&S) -> Vec<S>,
    mut breaks: impl FnMut(&S) -> bool,
    mut tries: usize,
) -> S {
    let mut smallest = start;
    'again: loop {
        for candidate in smaller(&smallest) {
            if tries == 0 {
                return smallest;
            }
            tries -= 1;
            if breaks(&candidate) {
                smallest = candidate;
                continue 'again;
            }
        }
        return smallest;
    }
}

/// A list without each half, each quarter, ... and each item.
pub fn without<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    let mut lists = Vec::new();
    let mut size = list.len();
    while size > 0 {
        for start in (0..list.len()).step_by(size) {
            let end = (start + size).min(list.len());
            lists.push([list.get(..start).unwrap_or_default(), list.get(end..).unwrap_or_default()].concat());
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_goes() {
        let list: Vec<u32> = (0..40).collect();
        let breaks = |list: &Vec<u32>| list.contains(&7) && list.contains(&31);
        assert_eq!(shrink(list, |list| without(list), breaks, 1_000), [7, 31]);
        assert_eq!(without(&[1, 2, 3]), [vec![], vec![3], vec![1, 2], vec![2, 3], vec![1, 3], vec![1, 2]]);
    }
}
