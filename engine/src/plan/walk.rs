//! What is recorded on a system, looked up in its own order.

use state::Address;
use state::record::RecordedObject;

use super::book::Entry;

/// Recorded objects, sorted by address. What the files want is in the same order: the next that is looked up is mostly
/// the next that is there, and no table is needed.
pub(super) struct Walk<'e, 'a> {
    entries: &'e [Entry<'a>],
    next: usize,
}

impl<'e, 'a> Walk<'e, 'a> {
    pub(super) fn new(entries: &'e [Entry<'a>]) -> Walk<'e, 'a> {
        Walk { entries, next: 0 }
    }

    /// The object of an address, and its number. Addresses may come in any order, but should come in theirs.
    pub(super) fn find(&mut self, address: Address) -> Option<(usize, &'a RecordedObject)> {
        if !self.is_next(address) {
            let entries = self.entries;
            let before = |at: usize| entries.get(at).is_some_and(|entry| entry.address < address);
            let mut low = if self.next > 0 && !before(self.next - 1) { 0 } else { self.next };
            let mut step = 1;
            while before(low + step - 1) {
                low += step;
                step *= 2;
            }
            let high = (low + step).min(entries.len());
            self.next = low + entries[low..high].partition_point(|entry| entry.address < address);
        }
        let found = self.entries.get(self.next).filter(|entry| entry.address == address)?;
        self.next += 1;
        Some((self.next - 1, found.object))
    }

    fn is_next(&self, address: Address) -> bool {
        self.entries.get(self.next).is_some_and(|entry| entry.address == address)
    }
}

#[cfg(test)]
mod tests {
    use state::Timestamp;
    use state::record::Origin;

    use super::*;

    #[test]
    fn every_order_finds_the_same() {
        let object = RecordedObject {
            id: "".into(),
            target: None,
            active: true,
            deactivated_by_us: false,
            origin: Origin::Made,
            attributes: state::Attributes::default(),
            until: None,
            why: Vec::new(),
            stage: None,
            since: Timestamp::from_millis(0),
        };
        let address = |n: usize| Address::Person(format!("{n:03}").into());
        let entries: Vec<Entry> = (0..100).map(|n| Entry { address: address(2 * n + 1), object: &object }).collect();
        let there = |n: usize| (n % 2 == 1 && n < 200).then_some(n / 2);
        let orders: [Vec<usize>; 4] = [
            (0..220).collect(),
            (0..220).rev().collect(),
            (0..220).map(|n| n * 7 % 220).collect(),
            vec![199, 199, 0, 199, 1, 1, 0, 3, 219, 2],
        ];
        for order in orders {
            let mut walk = Walk::new(&entries);
            for n in order {
                assert_eq!(walk.find(address(n)).map(|(at, _)| at), there(n), "{n}");
            }
        }
        assert!(Walk::new(&[]).find(address(1)).is_none());
    }
}
