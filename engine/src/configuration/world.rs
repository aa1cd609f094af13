//! What has been evaluated so far: every value once, when it is first asked for, and no value through itself.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use state::{Observed, Symbol, Timestamp};

use super::errors::{Errors, follows};
use super::identities::{Identities, Who};
use super::inputs::{Answer, Inputs};
use super::instances::{GroupInstances, Instances};
use super::program::Program;
use super::view::View;
use super::{Known, graph};
use crate::language::{Diagnostic, Expr, Failure, Span, Value, evaluate};

/// The program, with the values that were computed of it.
pub(super) struct World {
    pub program: Program,
    pub inputs: Inputs,
    pub now: Timestamp,
    /// By number of the variable, with what was given for it.
    variables: Vec<(Value, Arc<Answer>)>,
    locals: Vec<Memo<Local>>,
    pub(super) people: OnceLock<Identities>,
    pub(super) services: Vec<OnceLock<Option<Identities>>>,
    pub(super) systems: Vec<OnceLock<Option<Instances>>>,
    pub(super) groups: Vec<OnceLock<Option<GroupInstances>>>,
    pub(super) roles: Vec<OnceLock<Option<Instances>>>,
    /// What those systems hold that people come from; not there before it was read.
    pub observed: OnceLock<BTreeMap<Symbol, Rows>>,
    /// What failed in something that others only ask about.
    failed: Mutex<Errors>,
    /// How many people were looked for among everybody.
    searches: AtomicUsize,
}

/// A value that is computed once.
pub(super) type Memo<T> = OnceLock<Result<T, Box<Failure>>>;

/// What a local came to, with the answers of the outside that it rests on: what they are for is decided where it is used.
type Local = (Result<Value, Box<Failure>>, Option<Arc<Used>>);

/// Answers that were used, each once.
pub(super) type Used = Vec<Arc<Answer>>;

/// One thing whose value is being computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Local(u32),
    People,
    Services(u32),
    Systems(u32),
    Groups(u32),
    Roles(u32),
    Attribute(Who, u32),
}

/// For how many people who are not there the nearest are looked for.
const SEARCHES: usize = 100;

/// How many values may wait for each other in a row.
const DEPTH: usize = 100;

/// One evaluation: what is under way, and what is known of other systems.
#[derive(Default)]
pub(super) struct Run<'a> {
    stack: RefCell<Vec<Node>>,
    /// Whether something was asked that may be answered differently later, so that the value must not be kept.
    volatile: Cell<bool>,
    /// Answers of the outside that were used, while it is open what rests on them; none where whatever is computed
    /// decides.
    used: RefCell<Option<Used>>,
    /// What is on other systems, where that is known.
    pub known: Option<&'a dyn Known>,
}

impl<'a> Run<'a> {
    /// An evaluation that knows what is on other systems.
    pub(super) fn with(known: &'a dyn Known) -> Run<'a> {
        Run { known: Some(known), ..Run::default() }
    }

    /// What is computed now may come out differently later.
    pub(super) fn volatile(&self) {
        self.volatile.set(true);
    }

    pub(super) fn is_volatile(&self) -> bool {
        self.volatile.get()
    }

    /// Forgets that something was asked that may change.
    pub(super) fn reset(&self) {
        self.volatile.set(false);
    }

    /// An answer of the outside is used for what is computed now.
    pub(super) fn uses(&self, answer: &Arc<Answer>) {
        match &mut *self.used.borrow_mut() {
            None => answer.decide(),
            Some(used) if answer.decides() || used.iter().any(|own| Arc::ptr_eq(own, answer)) => {}
            Some(used) => used.push(Arc::clone(answer)),
        }
    }

    /// Computes something and tells the answers that it used. Whoever gets them says what rests on them.
    pub(super) fn collecting<T>(&self, compute: impl FnOnce() -> T) -> (T, Used) {
        let outer = self.used.replace(Some(Used::new()));
        let value = compute();
        (value, self.used.replace(outer).unwrap_or_default())
    }

    /// Computes something that decides, whatever it is asked for.
    fn deciding<T>(&self, compute: impl FnOnce() -> T) -> T {
        let outer = self.used.replace(None);
        let value = compute();
        self.used.replace(outer);
        value
    }
}

/// Empty cells.
pub(super) fn cells<C: FromIterator<OnceLock<T>>, T>(count: usize) -> C {
    (0..count).map(|_| OnceLock::new()).collect()
}

impl World {
    pub(super) fn new(program: Program, inputs: Inputs, variables: Vec<(Value, Arc<Answer>)>, now: Timestamp) -> World {
        World {
            locals: cells(program.locals.len()),
            people: OnceLock::new(),
            services: cells(program.services.len()),
            systems: cells(program.systems.blocks.len()),
            groups: cells(program.groups.blocks.len()),
            roles: cells(program.roles.blocks.len()),
            observed: OnceLock::new(),
            failed: Mutex::default(),
            searches: AtomicUsize::new(0),
            program,
            inputs,
            now,
            variables,
        }
    }

    /// Reports what failed in a table; whoever asks for a thing in it is told [`follows`].
    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).push(diagnostic);
    }

    /// Whether one more look for the nearest of all people is worth its time.
    pub(super) fn may_search(&self) -> bool {
        self.searches.fetch_add(1, Ordering::Relaxed) < SEARCHES
    }

    /// What was reported so far, taken out.
    pub(super) fn reported(&self) -> Errors {
        std::mem::take(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Computes something, unless it is under way already.
    pub(super) fn within<T>(
        &self,
        run: &Run,
        node: Node,
        compute: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.enter(run, node)?;
        let result = run.deciding(compute);
        run.stack.borrow_mut().pop();
        result
    }

    /// Begins to compute something; fails where that leads back to itself, or too deep.
    fn enter(&self, run: &Run, node: Node) -> Result<(), Failure> {
        let mut stack = run.stack.borrow_mut();
        if let Some(at) = stack.iter().position(|open| *open == node) {
            let names: Vec<String> = stack[at..].iter().map(|open| self.name(*open)).collect();
            return Err(Failure::new(format!("values lead in a circle: {}", graph::cycle_text(&names)))
                .hint("references to whole blocks may go in circles, values cannot: break it at one of these"));
        }
        if stack.len() >= DEPTH {
            let first = stack.first().map_or_else(String::new, |open| self.name(*open));
            return Err(Failure::new(format!(
                "more than {DEPTH} values wait for each other, from {first} to {}",
                self.name(node)
            ))
            .hint("shorten the chain: compute such a thing over a list instead"));
        }
        stack.push(node);
        Ok(())
    }

    /// The value of `cell`, computed if need be, and kept unless it depends on what may change. What it asks the outside
    /// for decides: others get the value without asking.
    pub(super) fn once<T: Clone>(
        &self,
        run: &Run,
        node: Node,
        cell: &Memo<T>,
        compute: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Some(value) = cell.get() {
            return value.clone().map_err(|failure| *failure);
        }
        // What leads back to itself fails here, and is kept where it began: it may have a value otherwise.
        self.enter(run, node)?;
        let outer = run.volatile.replace(false);
        let value = run.deciding(compute);
        run.stack.borrow_mut().pop();
        if run.volatile.get() {
            return value;
        }
        run.volatile.set(outer);
        cell.get_or_init(|| value.map_err(Box::new)).clone().map_err(|failure| *failure)
    }

    /// A table of what a block declares: computed once; none where that failed, which is reported.
    pub(super) fn table<'t, T>(
        &self,
        run: &Run,
        node: Node,
        cell: &'t OnceLock<Option<T>>,
        compute: impl FnOnce() -> Result<T, Diagnostic>,
    ) -> Result<&'t T, Failure> {
        if cell.get().is_none() {
            let outer = run.volatile.replace(false);
            let table = self.within(run, node, || Ok(compute().map_err(|diagnostic| self.report(diagnostic)).ok()))?;
            run.volatile.set(outer);
            // A circle that went through this table may have filled it meanwhile.
            let _ = cell.set(table);
        }
        cell.get().and_then(Option::as_ref).ok_or_else(follows)
    }

    /// The value of a local.
    pub(super) fn local(&self, run: &Run, number: u32) -> Result<Value, Failure> {
        let (Some(local), Some(cell)) = (self.program.locals.get(number as usize), self.locals.get(number as usize))
        else {
            return Err(follows());
        };
        let (value, used) = self.once(run, Node::Local(number), cell, || {
            let (value, used) = run.collecting(|| evaluate(&local.value, &View::new(self, run)));
            let used = if used.is_empty() { None } else { Some(Arc::new(used)) };
            Ok((value.map_err(|diagnostic| Box::new(diagnostic.into())), used))
        })?;
        used.iter().flat_map(|used| used.iter()).for_each(|answer| run.uses(answer));
        value.map_err(|failure| *failure)
    }

    /// The value of a variable.
    pub(super) fn variable(&self, run: &Run, number: u32) -> Result<Value, Failure> {
        let (value, answer) = self.variables.get(number as usize).ok_or_else(follows)?;
        run.uses(answer);
        Ok(value.clone())
    }

    /// The name of what is computed, for paths of circles.
    fn name(&self, node: Node) -> String {
        let program = &self.program;
        let declared = |kind: &str, table: &super::program::Table, number: u32| {
            table.blocks.get(number as usize).map_or_else(String::new, |block| format!("{kind}.{}", block.name))
        };
        match node {
            Node::Local(number) => {
                program.locals.get(number as usize).map_or_else(String::new, |local| format!("local.{}", local.name))
            }
            Node::People => "people".to_owned(),
            Node::Services(number) => program
                .services
                .get(number as usize)
                .map_or_else(String::new, |block| format!("service.{}", block.name)),
            Node::Systems(number) => declared("system", &program.systems, number),
            Node::Groups(number) => declared("group", &program.groups, number),
            Node::Roles(number) => declared("role", &program.roles, number),
            Node::Attribute(who, number) => match self.identity(who) {
                Some(identity) => {
                    let block = self.identity_block(who);
                    let name = block.and_then(|block| block.attributes.get(number as usize));
                    format!("{}.{}", identity.address, name.map_or("?", |attribute| &attribute.name))
                }
                None => String::new(),
            },
        }
    }

    /// Whether the value must be known by now: an error where it is unknown or sensitive.
    pub(super) fn plain(&self, value: &Value, what: &str, span: Span) -> Result<(), Diagnostic> {
        if value.has_unknown() {
            return Err(Diagnostic::new(span, format!("{what} is known only after apply"))
                .hint("what is made by apply may stand in attributes of accounts and groups only"));
        }
        if value.has_sensitive() {
            return Err(Diagnostic::new(span, format!("{what} is sensitive"))
                .hint("sensitive values may stand in credentials and in on_create only"));
        }
        Ok(())
    }

    /// The value of an expression that must be known and not sensitive.
    pub(super) fn known_value(&self, view: &View, expr: &Expr, what: &str) -> Result<Value, Diagnostic> {
        let value = evaluate(expr, view)?;
        self.plain(&value, what, expr.span)?;
        Ok(value)
    }

    /// The text of an expression that must be text.
    pub(super) fn known_text(&self, view: &View, expr: &Expr, what: &str) -> Result<std::sync::Arc<str>, Diagnostic> {
        let value = self.known_value(view, expr, what)?;
        match value {
            Value::String(text) => Ok(text),
            other => {
                Err(Diagnostic::new(expr.span, format!("{what} must be a string, and this is {}", other.describe()))
                    .hint("write a string, such as \"name\""))
            }
        }
    }

    /// The truth of an expression that must be a bool.
    pub(super) fn known_bool(&self, view: &View, expr: &Expr, what: &str) -> Result<bool, Diagnostic> {
        let value = self.known_value(view, expr, what)?;
        match value {
            Value::Bool(truth) => Ok(truth),
            other => Err(Diagnostic::new(
                expr.span,
                format!("{what} must be true or false, and this is {}", other.describe()),
            )
            .hint("compare with == or !=, such as self.department == \"Data\"")),
        }
    }
}

/// A system that people come from.
pub(super) struct Rows {
    pub rows: Vec<Value>,
    /// Attributes that accounts may have there, by their first name.
    pub known: BTreeSet<Symbol>,
}

impl Rows {
    pub fn new(source: &super::facts::PeopleSource<'_>) -> Rows {
        let first = |name: Symbol| Symbol::new(name.as_str().split('.').next().unwrap_or_default());
        let known = source.schema.account.iter().map(|attribute| first(attribute.name)).collect();
        Rows { rows: rows(source.observed, source.group_name), known }
    }
}

/// The rows that a system holds, as a source of people: each account's attributes, its `id`, whether it is `active`,
/// and the names of its `groups` (`group_name`: the attribute that names a group; else its id).
fn rows(observed: &Observed, group_name: Option<Symbol>) -> Vec<Value> {
    let names: rustc_hash::FxHashMap<Symbol, Value> = observed
        .groups
        .iter()
        .map(|group| {
            let name = group_name.and_then(|name| group.attributes.get(name)).and_then(state::Value::as_text);
            (group.id, Value::string(name.unwrap_or(group.id).as_str()))
        })
        .collect();
    let mut groups: rustc_hash::FxHashMap<Symbol, Vec<Value>> = rustc_hash::FxHashMap::default();
    for membership in observed.memberships.iter().filter(|membership| !membership.nested) {
        if let Some(name) = names.get(&membership.group) {
            groups.entry(membership.member).or_default().push(name.clone());
        }
    }
    observed
        .accounts
        .iter()
        .map(|account| {
            let mut own = groups.remove(&account.id).unwrap_or_default();
            own.sort_unstable();
            let attributes = account.attributes.iter();
            let attributes = attributes.map(|(name, value)| (name.as_str().into(), Value::from_state(value)));
            Value::object(attributes.chain([
                ("id".into(), Value::string(account.id.as_str())),
                ("active".into(), Value::Bool(account.active)),
                ("groups".into(), Value::list(own)),
            ]))
        })
        .collect()
}
