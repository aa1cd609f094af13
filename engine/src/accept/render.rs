//! All changes of a file become one text: each place is written once, whatever is changed there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::splice::{self, add_attributes, add_items, range, remove_items, splice};
use super::step::{Added, Case, Edit, added, exceptions, lists, unless};
use crate::language::expr::{Binary, Kind};
use crate::language::{Block, Expr};

/// What changes in one file, by place.
#[derive(Default)]
pub(super) struct Changes {
    values: BTreeMap<Place, String>,
    exceptions: BTreeMap<Place, (Vec<(Case, String)>, bool)>,
    unless: BTreeMap<Place, (Vec<Case>, bool)>,
    lists: BTreeMap<Place, Items>,
    joins: BTreeMap<Place, Vec<ForOne>>,
    pairs: BTreeMap<Place, (Vec<Range<usize>>, Vec<String>)>,
    attributes: BTreeMap<usize, NewAttributes>,
    blocks: Vec<String>,
}

/// Where something starts and ends.
type Place = (usize, usize);

/// An item, of one `each.key` alone where one is named.
type ForOne = (Option<Arc<str>>, String);

/// What a block gets.
struct NewAttributes {
    block: Arc<Block>,
    values: BTreeMap<String, Vec<Added>>,
    /// The names as they came.
    order: Vec<String>,
}

/// A list that changes.
#[derive(Default)]
struct Items {
    items: Vec<Range<usize>>,
    removed: BTreeSet<usize>,
    added: Vec<String>,
    /// What goes where all of its items go.
    within: Option<(Expr, usize)>,
}

impl Items {
    fn of(list: &Expr) -> Items {
        let items = match &*list.kind {
            Kind::List(items) => items.iter().map(|item| range(item.span)).collect(),
            _ => Vec::new(),
        };
        Items { items, ..Items::default() }
    }
}

fn place(expr: &Expr) -> Place {
    (expr.span.start as usize, expr.span.end as usize)
}

impl Changes {
    /// Takes a change in.
    pub(super) fn add(&mut self, edit: Edit) {
        match edit {
            Edit::Value { of, text } => {
                self.values.insert(place(&of), text);
            }
            Edit::Exception { of, case, value } => {
                let compound = matches!(*of.kind, Kind::Conditional { .. } | Kind::Binary(..));
                let entry = self.exceptions.entry(place(&of)).or_insert_with(|| (Vec::new(), compound));
                entry.0.push((case, value));
            }
            Edit::Unless { of, case } => {
                let compound = match &*of.kind {
                    Kind::Conditional { .. } => true,
                    Kind::Binary(operator, ..) => *operator == Binary::Or,
                    _ => false,
                };
                self.unless.entry(place(&of)).or_insert_with(|| (Vec::new(), compound)).0.push(case);
            }
            Edit::Add { list, item } => self.list(&list).added.push(item),
            Edit::Remove { list, number, within } => {
                let items = self.list(&list);
                items.removed.insert(number);
                items.within = within;
            }
            Edit::Join { of, each, item } => self.joins.entry(place(&of)).or_default().push((each, item)),
            Edit::Pair { object, name, value } => {
                let own = match &*object.kind {
                    Kind::Object(pairs) => {
                        pairs.iter().map(|(key, value)| key.span.start as usize..value.span.end as usize).collect()
                    }
                    _ => Vec::new(),
                };
                let entry = self.pairs.entry(place(&object)).or_insert_with(|| (own, Vec::new()));
                entry.1.push(format!("{name} = {value}"));
            }
            Edit::Attribute { block, name, value } => {
                let start = block.span.start as usize;
                let none = || NewAttributes { block, values: BTreeMap::new(), order: Vec::new() };
                let own = self.attributes.entry(start).or_insert_with(none);
                if !own.values.contains_key(&name) {
                    own.order.push(name.clone());
                }
                own.values.entry(name).or_default().push(value);
            }
            Edit::Block { text, .. } => self.blocks.push(text),
            // Of tables, not of these files.
            Edit::Cell { .. } => {}
        }
    }

    fn list(&mut self, list: &Expr) -> &mut Items {
        self.lists.entry(place(list)).or_insert_with(|| Items::of(list))
    }

    /// The text with all of it; none where two changes meet at one place.
    pub(super) fn render(mut self, text: &str) -> Option<String> {
        self.close();
        let mut edits = Edits::default();
        for ((start, end), value) in self.values {
            edits.push(splice::Edit::replace(start..end, value));
        }
        for ((start, end), (own, pairs)) in self.pairs {
            let pairs = if own.is_empty() { vec![format!(" {} ", pairs.join(", "))] } else { pairs };
            add_items(text, start..end, &own, &pairs)?.into_iter().for_each(|edit| edits.push(edit));
        }
        for ((start, end), (cases, compound)) in self.exceptions {
            let compound = compound && !text.get(start..end)?.starts_with('(');
            let (before, behind) = exceptions(&cases, compound);
            edits.around(start, end, before, behind);
        }
        for ((start, end), (cases, compound)) in self.unless {
            let (open, close) = if compound { ("(", ")") } else { ("", "") };
            edits.around(start, end, format!("{} && {open}", unless(&cases)), close.to_owned());
        }
        // What stands within a list is written before the list.
        let mut inner_first: Vec<(Place, Items)> = self.lists.into_iter().collect();
        inner_first.sort_by_key(|((start, end), _)| (end - start, *start));
        for ((start, end), items) in inner_first {
            edits.list(text, start..end, items)?;
        }
        for ((start, end), items) in self.joins {
            edits.around(start, end, "concat(".to_owned(), format!(", {})", lists(&items).join(", ")));
        }
        for NewAttributes { block, values, order } in self.attributes.into_values() {
            let one = |name: String| {
                let value = added(values.get(&name)?)?;
                Some((name, value))
            };
            let all: Vec<(String, String)> = order.into_iter().map(one).collect::<Option<_>>()?;
            add_attributes(text, &block, &all)?.into_iter().for_each(|edit| edits.push(edit));
        }
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        for block in self.blocks {
            let gap = if text.is_empty() || text.ends_with('\n') { newline.to_owned() } else { newline.repeat(2) };
            edits.push(splice::Edit::insert(text.len(), format!("{gap}{block}{newline}")));
        }
        splice(text, &edits.in_order())
    }

    /// Where a list loses all that it has, what stands around it may go in its place.
    fn close(&mut self) {
        let whole = |items: &Items| items.added.is_empty() && items.removed.len() == items.items.len();
        let emptied: Vec<Place> = self
            .lists
            .iter()
            .filter(|(_, items)| items.within.is_some() && whole(items))
            .map(|(place, _)| *place)
            .collect();
        for place in emptied {
            if let Some((outer, number)) = self.lists.remove(&place).and_then(|items| items.within) {
                self.list(&outer).removed.insert(number);
            }
        }
    }
}

/// Edits of one text, by where they start, those at one place in their order.
#[derive(Default)]
struct Edits {
    all: BTreeMap<(usize, usize), splice::Edit>,
    pushed: usize,
}

impl Edits {
    fn push(&mut self, edit: splice::Edit) {
        self.pushed += 1;
        self.all.insert((edit.start, self.pushed), edit);
    }

    fn around(&mut self, start: usize, end: usize, before: String, behind: String) {
        self.push(splice::Edit::insert(start, before));
        if !behind.is_empty() {
            self.push(splice::Edit::insert(end, behind));
        }
    }

    fn in_order(self) -> Vec<splice::Edit> {
        self.all.into_values().collect()
    }

    /// A list with everything that changes within it becomes one edit.
    fn list(&mut self, text: &str, list: Range<usize>, items: Items) -> Option<()> {
        let region = splice::line(text, list.start).start..splice::line(text, list.end).end;
        let local = text.get(region.clone())?;
        let shifted = |range: &Range<usize>| range.start - region.start..range.end - region.start;
        let places: Vec<Range<usize>> = items.items.iter().map(shifted).collect();
        let removals = remove_items(local, &places, &items.removed)?;
        let gone = |at: usize| {
            let next = removals.partition_point(|edit| edit.end <= at);
            removals.get(next).is_some_and(|edit| edit.start <= at)
        };
        let keys: Vec<(usize, usize)> =
            self.all.range((list.start + 1, 0)..(list.end, 0)).map(|(key, _)| *key).collect();
        let mut edits: Vec<splice::Edit> = Vec::new();
        for key in keys {
            let edit = self.all.remove(&key)?;
            let (start, end) = (edit.start - region.start, edit.end - region.start);
            if !gone(start) {
                edits.push(splice::Edit { start, end, text: edit.text });
            }
        }
        edits.extend(removals.iter().cloned());
        edits.sort_by_key(|edit| (edit.start, edit.end));
        let changed = splice(local, &edits)?;
        // Where what stays stands now.
        let mut grown = vec![0isize];
        for edit in &edits {
            let more = edit.text.len() as isize - (edit.end - edit.start) as isize;
            grown.push(grown.last().copied().unwrap_or_default() + more);
        }
        let moved = |at: usize, inclusive: bool| {
            let before = |edit: &splice::Edit| edit.end < at || (edit.end == at && (inclusive || edit.start < at));
            at.checked_add_signed(*grown.get(edits.partition_point(before))?)
        };
        let stays = places.iter().enumerate().filter(|(number, _)| !items.removed.contains(number));
        let places: Vec<Range<usize>> =
            stays.map(|(_, place)| Some(moved(place.start, false)?..moved(place.end, true)?)).collect::<Option<_>>()?;
        let (own, tail) = (list.start - region.start, region.end - list.end);
        let more = match &items.added[..] {
            [] => Vec::new(),
            added => add_items(&changed, own..changed.len() - tail, &places, added)?,
        };
        let changed = splice(&changed, &more)?;
        let written = changed.get(own..changed.len() - tail)?.to_owned();
        self.push(splice::Edit::replace(list, written));
        Some(())
    }
}
