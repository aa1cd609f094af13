//! Large plans stay readable: what is alike is shown once, what only gives is cut, and the cut is counted.
//!
//! Nothing that takes and nothing that is held is folded into a number unless there are hundreds of it.

use std::collections::HashMap;
use std::mem::discriminant;

use state::{Address, Owns, ReasonId, Symbol, WantedAttributes};

use super::counts::Counts;
use super::items::{Item, Lookup};
use super::sections::{Section, Weight};

/// A plan of more lines than this is folded.
const LARGE: usize = 120;
/// Headings whose lines are the same share them from so many on.
const ALIKE: usize = 3;

/// What stands under one heading, or under several that have the same lines.
pub struct Block<'a> {
    pub headings: Vec<Address>,
    pub rows: Vec<Row<'a>>,
    /// Whether attributes of what is given are shown.
    pub details: bool,
}

/// A line of a block.
pub enum Row<'a> {
    Item(Item<'a>),
    /// So many more of the kind just shown.
    More {
        symbol: char,
        count: usize,
        noun: &'static str,
    },
}

/// A plan as it is shown.
pub struct Folded<'a> {
    pub blocks: Vec<Block<'a>>,
    /// Headings that are not shown, and what would stand there.
    pub hidden: usize,
    pub hidden_counts: Counts,
    /// Whether anything was shortened at all.
    pub shortened: bool,
}

/// Shortens `sections` where there is much in them, unless `full`.
pub fn fold<'a>(sections: Vec<Section<'a>>, lookup: &Lookup<'a>, full: bool) -> Folded<'a> {
    let mut folded = Folded { blocks: Vec::new(), hidden: 0, hidden_counts: Counts::default(), shortened: false };
    let lines: usize = sections.iter().map(|section| section.items.len()).sum();
    if full || lines <= LARGE {
        folded.blocks = sections.into_iter().map(whole).collect();
        return folded;
    }
    folded.shortened = true;
    let alike = alike(&sections, lookup);
    let mut shown: HashMap<Weight, usize> = HashMap::new();
    let mut blocks: HashMap<usize, usize> = HashMap::new();
    for (at, section) in sections.into_iter().enumerate() {
        let weight = section.weight(lookup);
        if let Some(&block) = alike.get(&at).and_then(|first| blocks.get(first)) {
            folded.blocks[block].headings.push(section.heading);
            continue;
        }
        let count = shown.entry(weight).or_default();
        *count += 1;
        if section.is_identity() && *count > headings(weight) {
            folded.hidden += 1;
            section.items.iter().for_each(|item| folded.hidden_counts.add(*item, lookup));
            continue;
        }
        blocks.insert(at, folded.blocks.len());
        let rows = rows(&section.items, lookup);
        folded.blocks.push(Block { headings: vec![section.heading], rows, details: false });
    }
    folded
}

fn whole(section: Section<'_>) -> Block<'_> {
    Block { headings: vec![section.heading], rows: section.items.into_iter().map(Row::Item).collect(), details: true }
}

/// So many headings of a weight are shown.
fn headings(weight: Weight) -> usize {
    match weight {
        Weight::Takes => 300,
        Weight::Changes => 100,
        Weight::Gives => 30,
    }
}

/// So many lines of a kind are shown below one heading.
fn lines(weight: Weight) -> usize {
    match weight {
        Weight::Takes => 300,
        Weight::Changes => 50,
        Weight::Gives => 3,
    }
}

fn rows<'a>(items: &[Item<'a>], lookup: &Lookup<'a>) -> Vec<Row<'a>> {
    let kind = |item: &Item<'_>| {
        let address = item.address();
        let block = address.group().map(block_name);
        (item.symbol(), address.system(), discriminant(&address), block, lookup.held(*item))
    };
    let mut rows = Vec::new();
    for run in items.chunk_by(|one, other| kind(one) == kind(other)) {
        let bound = run.first().map_or(0, |item| lines(Weight::of(*item, lookup)));
        // "and 1 more" takes the line that the one would have taken.
        let shown = if run.len() > bound + 2 { bound } else { run.len() };
        rows.extend(run.iter().take(shown).map(|item| Row::Item(*item)));
        if let Some(next) = run.get(shown) {
            let noun = noun(next.address());
            rows.push(Row::More { symbol: next.symbol(), count: run.len() - shown, noun });
        }
    }
    rows
}

/// `team` of `team["kubernetes/sig-x"]`.
fn block_name(group: Symbol) -> &'static str {
    group.as_str().split('[').next().unwrap_or_default()
}

/// What it is called, in the plural.
pub(super) fn noun(address: Address) -> &'static str {
    match address {
        Address::Person(_) => "people",
        Address::Service(_) => "services",
        Address::System(_) => "systems",
        Address::Role(_) => "roles",
        Address::Account { .. } => "accounts",
        Address::Group { .. } => "groups",
        Address::Membership { .. } => "memberships",
        Address::Grant { .. } => "grants",
    }
}

/// What a line shows but for whom it is about.
type Likeness<'a> = (char, Option<Symbol>, Option<Symbol>, &'a [ReasonId], Option<&'a WantedAttributes>);

/// For each person whose lines say the same as those of several others: the first of them, by number.
fn alike(sections: &[Section<'_>], lookup: &Lookup<'_>) -> HashMap<usize, usize> {
    let mut same: HashMap<Vec<Likeness<'_>>, Vec<usize>> = HashMap::new();
    for (at, section) in sections.iter().enumerate() {
        if section.is_identity() && section.items.iter().all(|item| is_comparable(*item, lookup)) {
            same.entry(section.items.iter().map(|item| likeness(*item)).collect()).or_default().push(at);
        }
    }
    same.retain(|_, alike| alike.len() >= ALIKE);
    same.into_values()
        .flat_map(|alike| alike.first().map(|first| alike.iter().map(|at| (*at, *first)).collect::<Vec<_>>()))
        .flatten()
        .collect()
}

/// Lines whose attributes are shown, and what accounts own, differ from person to person.
fn is_comparable(item: Item<'_>, lookup: &Lookup<'_>) -> bool {
    let owns = match item {
        Item::Change(change) => change.before.as_deref().is_some_and(|before| !Owns::of(before).is_empty()),
        Item::Fact(_) => false,
    };
    !owns && Weight::of(item, lookup) != Weight::Changes && lookup.held(item).is_none()
}

fn likeness(item: Item<'_>) -> Likeness<'_> {
    let address = item.address();
    let qualifiers = match item {
        Item::Change(change) if matches!(address, Address::Membership { .. }) => Some(&change.after),
        _ => None,
    };
    (item.symbol(), address.system(), address.group(), item.reason_ids(), qualifiers)
}
