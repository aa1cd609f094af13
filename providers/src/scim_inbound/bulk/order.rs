//! What refers to what, as an order: what is referred to comes first, what refers to each other together; otherwise it
//! stays as it was sent.

use std::collections::BTreeSet;

/// Numbers of operations, in groups that are to be carried out one after the other; each group sorted. `links` has for
/// each the numbers of those that it refers to. (Tarjan's strongly connected components, which come out in this order;
/// as deep as there are operations at most.)
pub fn groups(links: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search { links, seen: vec![None; links.len()], low: vec![0; links.len()], ..Search::default() };
    for number in 0..links.len() {
        search.visit(number);
    }
    search.groups
}

#[derive(Default)]
struct Search<'a> {
    links: &'a [BTreeSet<usize>],
    /// When each was come to.
    seen: Vec<Option<usize>>,
    /// The earliest that can be come back to from there.
    low: Vec<usize>,
    /// Those whose group is not known yet.
    open: Vec<usize>,
    is_open: BTreeSet<usize>,
    count: usize,
    groups: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn visit(&mut self, number: usize) {
        let links = self.links;
        let (Some(own), Some(None)) = (links.get(number), self.seen.get(number)) else { return };
        let moment = self.count;
        self.count += 1;
        self.open.push(number);
        self.is_open.insert(number);
        if let (Some(seen), Some(low)) = (self.seen.get_mut(number), self.low.get_mut(number)) {
            (*seen, *low) = (Some(moment), moment);
        }
        for link in own {
            self.visit(*link);
            if self.is_open.contains(link) {
                let other = self.low.get(*link).copied().unwrap_or(moment);
                if let Some(low) = self.low.get_mut(number) {
                    *low = other.min(*low);
                }
            }
        }
        if self.low.get(number) == Some(&moment) {
            let from = self.open.iter().rposition(|open| *open == number).unwrap_or(0);
            let mut group = self.open.split_off(from);
            group.iter().for_each(|member| {
                self.is_open.remove(member);
            });
            group.sort_unstable();
            self.groups.push(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0>2 1>0`: who refers to whom among three.
    fn ordered(count: usize, links: &str) -> String {
        let mut all = vec![BTreeSet::new(); count];
        for (from, to) in links.split_whitespace().filter_map(|link| link.split_once('>')) {
            all[from.parse::<usize>().unwrap()].insert(to.parse().unwrap());
        }
        let text = |group: &Vec<usize>| group.iter().map(usize::to_string).collect::<Vec<_>>().join("+");
        groups(&all).iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        assert_eq!(ordered(4, ""), "0 1 2 3");
        assert_eq!(ordered(4, "0>2"), "2 0 1 3");
        assert_eq!(ordered(4, "1>0 2>1"), "0 1 2 3");
        assert_eq!(ordered(4, "0>3 3>1"), "1 3 0 2");
        assert_eq!(ordered(4, "1>1"), "0 1 2 3");
        assert_eq!(ordered(4, "0>2 2>0"), "0+2 1 3");
        assert_eq!(ordered(5, "0>1 1>2 2>1 2>4 3>0"), "4 1+2 0 3");
        assert_eq!(ordered(3, "0>7"), "0 1 2", "what is not there");
    }

    #[test]
    fn the_longest_chain_is_no_trouble() {
        let links: Vec<BTreeSet<usize>> = (0..1_000).map(|number| BTreeSet::from([number + 1])).collect();
        let order = groups(&links);
        assert_eq!((order.len(), &order[0]), (1_000, &vec![999]));
        let around: Vec<BTreeSet<usize>> = (0..1_000).map(|number| BTreeSet::from([(number + 1) % 1_000])).collect();
        assert_eq!(groups(&around).len(), 1);
    }
}
