//! For whom a condition holds, without asking everybody: hundreds of roles over a hundred thousand people.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::identities::Who;
use super::instances::Each;
use super::view::View;
use super::walk::mentions;
use super::world::{Run, World};
use crate::language::expr::{Binary, Kind, Step};
use crate::language::{Diagnostic, Expr, Value, evaluate};

/// Identities by the text of their attributes; made when first asked for.
pub(super) struct Conditions<'a> {
    world: &'a World,
    run: &'a Run<'a>,
    /// In the order of the keys.
    everybody: &'a [Who],
    by_attribute: RefCell<FxHashMap<Arc<str>, Rc<ByText>>>,
}

/// Numbers of identities by the text of one attribute.
#[derive(Default)]
struct ByText {
    texts: FxHashMap<Arc<str>, Vec<u32>>,
    /// Those whose value may equal a text in other ways, or fails: they are always asked.
    others: Vec<u32>,
}

/// Numbers among which all are for whom an expression holds.
struct Candidates {
    /// Sorted.
    numbers: Vec<u32>,
    /// Whether it holds for all of them.
    exact: bool,
}

impl<'a> Conditions<'a> {
    pub(super) fn new(world: &'a World, run: &'a Run<'a>, everybody: &'a [Who]) -> Conditions<'a> {
        Conditions { world, run, everybody, by_attribute: RefCell::default() }
    }

    /// Numbers of the identities for whom `condition` holds, sorted.
    pub(super) fn matching(&self, condition: &Expr, each: Option<&Each>, what: &str) -> Result<Vec<u32>, Diagnostic> {
        let mut view = View::new(self.world, self.run);
        view.each = each;
        if !mentions(condition, "self") {
            let all = self.world.known_bool(&view, condition, what)?;
            return Ok(if all { (0..self.everybody.len() as u32).collect() } else { Vec::new() });
        }
        let candidates = self
            .candidates(condition, &view)
            .unwrap_or_else(|| Candidates { numbers: (0..self.everybody.len() as u32).collect(), exact: false });
        if candidates.exact {
            return Ok(candidates.numbers);
        }
        let mut holds = Vec::new();
        for number in candidates.numbers {
            let Some((who, record)) = self.record(number) else { continue };
            view.own = Some((who, record));
            let truth = self.world.known_bool(&view, condition, what);
            if truth.map_err(|diagnostic| for_whom(diagnostic, record.address))? {
                holds.push(number);
            }
        }
        Ok(holds)
    }

    fn record(&self, number: u32) -> Option<(Who, &'a super::identities::Record)> {
        let who = *self.everybody.get(number as usize)?;
        Some((who, self.world.identity(who)?))
    }

    fn candidates(&self, expr: &Expr, view: &View) -> Option<Candidates> {
        match &*expr.kind {
            Kind::Binary(Binary::Equal, left, right) => {
                let (name, other) = match (own_attribute(left), own_attribute(right)) {
                    (Some(name), None) => (name, right),
                    (None, Some(name)) => (name, left),
                    _ => return None,
                };
                let text = self.text(other, view)?;
                let by_text = self.by_text(name);
                let own = by_text.texts.get(&text).map_or(&[] as &[u32], Vec::as_slice);
                Some(Candidates { numbers: union(own, &by_text.others), exact: by_text.others.is_empty() })
            }
            Kind::Binary(Binary::And, left, right) => {
                let (left, right) = (self.candidates(left, view), self.candidates(right, view));
                let (left, right) = match (left, right) {
                    (Some(left), Some(right)) => (left, right),
                    (one, other) => return one.or(other).map(|some| Candidates { exact: false, ..some }),
                };
                let exact = left.exact && right.exact;
                Some(Candidates { numbers: intersection(&left.numbers, &right.numbers), exact })
            }
            Kind::Binary(Binary::Or, left, right) => {
                let (left, right) = (self.candidates(left, view)?, self.candidates(right, view)?);
                let exact = left.exact && right.exact;
                Some(Candidates { numbers: union(&left.numbers, &right.numbers), exact })
            }
            Kind::Call(call) if &*call.name == "contains" && !call.expand => {
                let [list, item] = call.arguments.as_slice() else { return None };
                let name = own_attribute(item)?;
                if mentions(list, "self") {
                    return None;
                }
                let list = evaluate(list, view).ok()?;
                let by_text = self.by_text(name);
                let mut numbers = by_text.others.clone();
                for text in list.as_items()? {
                    let Value::String(text) = text else { return None };
                    numbers = union(&numbers, by_text.texts.get(text).map_or(&[] as &[u32], Vec::as_slice));
                }
                Some(Candidates { numbers, exact: by_text.others.is_empty() })
            }
            _ => None,
        }
    }

    /// The text of an expression that says nothing about `self`.
    fn text(&self, expr: &Expr, view: &View) -> Option<Arc<str>> {
        if mentions(expr, "self") {
            return None;
        }
        match evaluate(expr, view).ok()? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    fn by_text(&self, name: &Arc<str>) -> Rc<ByText> {
        if let Some(known) = self.by_attribute.borrow().get(name) {
            return known.clone();
        }
        let mut by_text = ByText::default();
        for (number, who) in (0u32..).zip(self.everybody) {
            match self.world.identity_attribute(self.run, *who, name) {
                Ok(Value::String(text)) => by_text.texts.entry(text).or_default().push(number),
                // A text never equals these.
                Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Reference(_)) => {}
                _ => by_text.others.push(number),
            }
        }
        let by_text = Rc::new(by_text);
        self.by_attribute.borrow_mut().insert(name.clone(), by_text.clone());
        by_text
    }
}

/// The diagnostic, with whom it is about.
pub(super) fn for_whom(diagnostic: Diagnostic, address: state::Address) -> Diagnostic {
    if diagnostic.label.is_empty() { diagnostic.label(format!("for {address}")) } else { diagnostic }
}

/// The name in `self.NAME`, for attributes with a value.
fn own_attribute(expr: &Expr) -> Option<&Arc<str>> {
    match &*expr.kind {
        Kind::Traversal { of, steps } => match (&*of.kind, steps.as_slice()) {
            (Kind::Variable(root), [Step::Attribute(name, _)]) if &**root == "self" && &**name != "accounts" => {
                Some(name)
            }
            _ => None,
        },
        _ => None,
    }
}

fn union(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    all
}

fn intersection(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    few.iter().copied().filter(|number| many.binary_search(number).is_ok()).collect()
}
