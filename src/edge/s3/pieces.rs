//! Which objects are a record, told by their names alone.
//!
//! ```text
//! lines/00000000000000000042                            a batch as it was flushed; its first line is number 42
//! sealed/00000000000000000001-00000000000000000041.gz   lines 1 to 41, put together and compressed
//! begin/00000000000000000042                            the record begins anew at line 42 (`state archive`)
//! lock/00000000000000000007                             who holds the lease
//! ```

/// An object that holds lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A batch as it was flushed.
    Loose { first: u64 },
    /// Several of them.
    Sealed { first: u64, last: u64 },
}

impl Piece {
    /// Its name below the prefix.
    pub fn name(self) -> String {
        match self {
            Piece::Loose { first } => format!("lines/{first:020}"),
            Piece::Sealed { first, last } => format!("sealed/{first:020}-{last:020}.gz"),
        }
    }

    /// The object of this name below the prefix; none where it is none with lines.
    pub fn parse(name: &str) -> Option<Piece> {
        if let Some(first) = name.strip_prefix("lines/") {
            return Some(Piece::Loose { first: number(first)? });
        }
        let (first, last) = name.strip_prefix("sealed/")?.strip_suffix(".gz")?.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        (first <= last).then_some(Piece::Sealed { first, last })
    }

    /// The number of its first line.
    pub fn first(self) -> u64 {
        match self {
            Piece::Loose { first } | Piece::Sealed { first, .. } => first,
        }
    }
}

/// A number as names have it.
fn number(digits: &str) -> Option<u64> {
    (digits.len() == 20).then(|| digits.parse().ok()).flatten()
}

/// The name of the mark that a record begins anew at line `first`.
pub fn begin(first: u64) -> String {
    format!("begin/{first:020}")
}

/// The objects of a record, found by a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Numbers of first lines, sorted.
    loose: Vec<u64>,
    /// First and last, sorted.
    sealed: Vec<(u64, u64)>,
    /// Where it begins anew, sorted.
    begins: Vec<u64>,
}

impl Listing {
    /// Out of the names below the prefix; others are not looked at.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Listing {
        let mut listing = Listing::default();
        for name in names {
            match Piece::parse(name) {
                Some(Piece::Loose { first }) => listing.loose.push(first),
                Some(Piece::Sealed { first, last }) => listing.sealed.push((first, last)),
                None => listing.begins.extend(name.strip_prefix("begin/").and_then(number)),
            }
        }
        listing.loose.sort_unstable();
        listing.sealed.sort_unstable();
        listing.begins.sort_unstable();
        listing
    }

    /// The number of the line with which the record begins: the last mark behind which there is something.
    pub fn start(&self) -> u64 {
        let holds =
            |first: &&u64| self.loose.binary_search(first).is_ok() || self.sealed.iter().any(|(own, _)| own == *first);
        self.begins.iter().rev().find(holds).copied().unwrap_or(1)
    }

    /// The objects to read, in order. Where a sealed object and loose ones hold the same lines (whoever sealed them was
    /// killed before the loose ones were removed), the sealed one is read.
    pub fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut next = self.start();
        let mut loose = self.loose.iter().copied().peekable();
        let mut sealed = self.sealed.iter().copied().peekable();
        loop {
            while loose.next_if(|first| *first < next).is_some() {}
            while sealed.next_if(|(first, _)| *first < next).is_some() {}
            match (sealed.peek().copied(), loose.peek().copied()) {
                (Some((first, mut last)), own) if own.is_none_or(|own| first <= own) => {
                    while let Some((_, longer)) = sealed.next_if(|(own, _)| *own == first) {
                        last = last.max(longer);
                    }
                    pieces.push(Piece::Sealed { first, last });
                    next = last.saturating_add(1);
                }
                (_, Some(first)) => {
                    pieces.push(Piece::Loose { first });
                    next = first.saturating_add(1);
                }
                // The first arm has taken every sealed one that has no loose one before it.
                (_, None) => return pieces,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names
            .iter()
            .map(|name| {
                let (kind, numbers) = name.split_once('/').unwrap();
                let numbers: Vec<String> =
                    numbers.split('-').map(|n| format!("{:020}", n.parse::<u64>().unwrap())).collect();
                format!("{kind}/{}{}", numbers.join("-"), if kind == "sealed" { ".gz" } else { "" })
            })
            .collect();
        let short = |piece: Piece| match piece {
            Piece::Loose { first } => format!("lines/{first}"),
            Piece::Sealed { first, last } => format!("sealed/{first}-{last}"),
        };
        Listing::new(names.iter().map(String::as_str)).pieces().into_iter().map(short).collect()
    }

    #[test]
    fn what_is_read() {
        for (names, read) in [
            (&[][..], &[][..]),
            (&["lines/1", "lines/7", "lines/3"], &["lines/1", "lines/3", "lines/7"]),
            (&["sealed/1-6", "lines/7"], &["sealed/1-6", "lines/7"]),
            // Sealed, and killed before the loose ones were removed.
            (&["sealed/1-6", "lines/1", "lines/3", "lines/7"], &["sealed/1-6", "lines/7"]),
            // Sealed again in a larger one.
            (&["sealed/1-6", "sealed/1-9", "lines/7", "lines/10"], &["sealed/1-9", "lines/10"]),
            (&["sealed/1-6", "sealed/7-9", "lines/7"], &["sealed/1-6", "sealed/7-9"]),
            // Archived: what was before is not read.
            (&["sealed/1-6", "lines/7", "begin/8", "lines/8", "lines/9"], &["lines/8", "lines/9"]),
            // Killed between the mark and the lines.
            (&["lines/1", "lines/7", "begin/8"], &["lines/1", "lines/7"]),
        ] {
            assert_eq!(pieces(names), read, "{names:?}");
        }
    }

    #[test]
    fn other_objects_are_left_alone() {
        let listing = Listing::new(["lock", "lines/7", "lines/x", "sealed/1-2.gz", "clock", "begin/"]);
        assert_eq!(listing, Listing::default());
    }

    #[test]
    fn names_sort_as_numbers() {
        let names: Vec<String> = [9, 10, 99, 100].map(|first| Piece::Loose { first }.name()).into();
        assert!(names.is_sorted());
        assert_eq!(Listing::new(names.iter().map(String::as_str)).pieces().len(), 4);
    }
}
