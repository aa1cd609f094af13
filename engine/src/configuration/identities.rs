//! People and services: who there is, and their attributes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Address, Symbol};

use super::errors::{did_you_mean, follows};
use super::instances::Each;
use super::program::{IdentityBlock, IdentityKind};
use super::view::View;
use super::world::{Memo, Node, Run, World, cells};
use crate::language::expr::Kind;
use crate::language::{Diagnostic, Expr, Failure, Reference, Value, evaluate};

/// A person by number, or a service by numbers of block and instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Who {
    Person(u32),
    Service(u32, u32),
}

/// The attributes that a system knows, where people come from one.
type Known<'a> = Option<&'a BTreeSet<Symbol>>;

/// The columns of a source, sorted, each with how many rows have it.
type Columns = Vec<(Arc<str>, u64)>;

/// Those that one kind of block declares.
#[derive(Default)]
pub(super) struct Identities {
    pub items: Vec<Record>,
    numbers: FxHashMap<Symbol, u32>,
    /// Lower-case keys: looked at where a key is not there as it is written.
    folded: OnceLock<FxHashMap<String, u32>>,
    /// References to all of them.
    list: OnceLock<Value>,
    /// Rows and columns of each `people` block, by number of the block, and what it speaks of and no row has.
    pub sources: Vec<(u32, u64, Columns, Vec<Symbol>)>,
    /// Whether some could not be found out.
    pub incomplete: bool,
}

/// One identity.
pub(super) struct Record {
    pub address: Address,
    pub key: Symbol,
    key_text: Arc<str>,
    pub block: u32,
    /// Of people from a source: their row, and its number from 1.
    row: Option<(Value, u32)>,
    /// Of services with `for_each`.
    pub each: Option<Each>,
    /// By number of the attribute in the block.
    values: Box<[Memo<Value>]>,
}

/// How many rows with the same complaint are named.
const NAMED_ROWS: usize = 3;

impl Record {
    /// The number of its row, from 1, where it comes from a source.
    pub(super) fn row_number(&self) -> Option<u32> {
        self.row.as_ref().map(|(_, number)| *number)
    }

    /// Its row, where it comes from a source.
    pub(super) fn row(&self) -> Option<&Value> {
        self.row.as_ref().map(|(row, _)| row)
    }
}

impl Identities {
    fn add(&mut self, record: Record) {
        self.numbers.entry(record.key).or_insert(self.items.len() as u32);
        self.items.push(record);
    }

    /// References to all of them, in the order of their keys.
    pub(super) fn list(&self) -> Value {
        let reference = |record: &Record| Value::Reference(Reference::To(record.address));
        self.list.get_or_init(|| Value::list(self.items.iter().map(reference).collect())).clone()
    }

    /// Puts them in the order of their keys.
    fn sort(&mut self) {
        self.items.sort_by_key(|record| record.key);
        self.numbers = FxHashMap::default();
        for (number, record) in (0u32..).zip(&self.items) {
            self.numbers.entry(record.key).or_insert(number);
        }
    }

    /// The number of a key; without regard to case where it is not there as it is written.
    pub(super) fn number(&self, key: &str) -> Option<u32> {
        if let Some(number) = self.numbers.get(&Symbol::new(key)) {
            return Some(*number);
        }
        let fold =
            || (0u32..).zip(&self.items).map(|(number, one)| (one.key.as_str().to_lowercase(), number)).collect();
        self.folded.get_or_init(fold).get(&key.to_lowercase()).copied()
    }
}

impl World {
    /// All people.
    pub(super) fn people(&self, run: &Run) -> Result<&Identities, Failure> {
        if let Some(people) = self.people.get() {
            return Ok(people);
        }
        let people = self.within(run, Node::People, || Ok(self.read_people(run)))?;
        if people.incomplete && self.observed.get().is_none() && self.source_systems(run).is_ok_and(|s| !s.is_empty()) {
            run.volatile();
            return Err(Failure::new("people come from a system that has not been read yet")
                .hint("settings of systems cannot depend on people who are read from a system"));
        }
        Ok(self.people.get_or_init(|| people))
    }

    /// The systems that people come from, each once.
    pub(super) fn source_systems(&self, run: &Run) -> Result<Vec<Symbol>, Diagnostic> {
        let mut systems = Vec::new();
        for block in &self.program.people {
            let Some(expr) = block.expr("from").filter(|expr| is_system(expr)) else { continue };
            match evaluate(expr, &View::new(self, run))? {
                Value::Reference(Reference::To(Address::System(system))) => systems.push(system),
                other => {
                    return Err(Diagnostic::new(expr.span, format!("people cannot come from {}", other.describe()))
                        .hint("name one system, with its key where it has for_each: system.corp[\"eu\"]"));
                }
            }
        }
        systems.sort_unstable();
        systems.dedup();
        Ok(systems)
    }

    fn read_people(&self, run: &Run) -> Identities {
        let mut people = Identities::default();
        for (number, block) in (0u32..).zip(&self.program.people) {
            if block.kind == IdentityKind::Person {
                let key = Symbol::new(&block.name);
                people.add(Record {
                    address: Address::Person(key),
                    key,
                    key_text: block.name.clone(),
                    block: number,
                    row: None,
                    each: None,
                    values: cells(block.attributes.len()),
                });
            } else if let Err(diagnostic) = self.read_rows(run, number, block, &mut people) {
                people.incomplete = true;
                self.report(diagnostic);
            }
        }
        people.sort();
        people
    }

    fn read_rows(
        &self,
        run: &Run,
        number: u32,
        block: &IdentityBlock,
        people: &mut Identities,
    ) -> Result<(), Diagnostic> {
        let (Some(from), Some(key)) = (block.expr("from"), block.expr("key")) else {
            people.incomplete = true;
            return Ok(());
        };
        let Some((mut rows, known)) = self.source(run, from)? else {
            people.incomplete = true;
            return Ok(());
        };
        let columns = fill_columns(&mut rows);
        let lacks = known.map(|known| fill_known(&mut rows, &columns, known, block)).unwrap_or_default();
        people.sources.push((number, rows.len() as u64, columns, lacks));
        let mut bad: Vec<(Diagnostic, Vec<u32>)> = Vec::new();
        for (row_number, row) in (1u32..).zip(rows) {
            match self.row_key(run, key, &row) {
                Ok(key_text) => {
                    let key = Symbol::new(&key_text);
                    people.add(Record {
                        address: Address::Person(key),
                        key,
                        key_text,
                        block: number,
                        row: Some((row, row_number)),
                        each: None,
                        values: cells(block.attributes.len()),
                    });
                }
                Err(diagnostic) => match bad.iter().position(|(known, _)| known.message == diagnostic.message) {
                    Some(at) => bad[at].1.push(row_number),
                    None if bad.len() < NAMED_ROWS => bad.push((diagnostic, vec![row_number])),
                    None => {}
                },
            }
        }
        for (mut diagnostic, rows) in bad {
            people.incomplete = true;
            diagnostic.message = format!("people.{}: {}: {}", block.name, row_words(&rows), diagnostic.message);
            self.report(diagnostic);
        }
        Ok(())
    }

    /// The rows of a source; none where they come from a system that was not read.
    /// The rows of a source; of a system also the attributes that it knows.
    fn source(&self, run: &Run, from: &Expr) -> Result<Option<(Vec<Value>, Known<'_>)>, Diagnostic> {
        let view = View::new(self, run);
        let value = if is_system(from) { evaluate(from, &view)? } else { self.known_value(&view, from, "`from`")? };
        match value {
            Value::List(rows) | Value::Set(rows) => Ok(Some((Arc::unwrap_or_clone(rows), None))),
            Value::Reference(Reference::To(Address::System(system))) if is_system(from) => {
                let source = self.observed.get().and_then(|observed| observed.get(&system));
                Ok(source.map(|source| (source.rows.clone(), Some(&source.known))))
            }
            other => Err(Diagnostic::new(from.span, format!("`from` takes a list of rows, and this is {}", other.describe()))
                .hint("such as csvdecode(file(\"people.csv\")), a list of objects, or system.NAME; of an object take values(...)")),
        }
    }

    fn row_key(&self, run: &Run, key: &Expr, row: &Value) -> Result<Arc<str>, Diagnostic> {
        let mut view = View::new(self, run);
        view.row = Some(row);
        let value = self.known_value(&view, key, "`key`")?;
        let hint = "every row needs a key of its own that never changes, such as an employee id";
        let text = match &value {
            Value::String(text) => text.clone(),
            Value::Number(number) => Arc::from(number.to_string()),
            Value::Null => return Err(Diagnostic::new(key.span, "the key is null").hint(hint)),
            other => {
                return Err(Diagnostic::new(key.span, format!("a key is a string, and this is {}", other.describe()))
                    .hint(hint));
            }
        };
        if text.trim().is_empty() {
            return Err(Diagnostic::new(key.span, "the key is empty").hint(hint));
        }
        Ok(text)
    }

    /// The services that a block declares.
    pub(super) fn services(&self, run: &Run, number: u32) -> Result<&Identities, Failure> {
        let (Some(block), Some(cell)) =
            (self.program.services.get(number as usize), self.services.get(number as usize))
        else {
            return Err(follows());
        };
        self.table(run, Node::Services(number), cell, || {
            let instances = self.instances(run, &block.name, block.expr("for_each"))?;
            let mut services = Identities::default();
            for item in instances.items {
                services.add(Record {
                    address: Address::Service(item.name),
                    key: item.name,
                    key_text: Arc::from(item.name.as_str()),
                    block: number,
                    row: None,
                    each: item.each,
                    values: cells(block.attributes.len()),
                });
            }
            Ok(services)
        })
    }

    /// An identity that is there already.
    pub(super) fn identity(&self, who: Who) -> Option<&Record> {
        match who {
            Who::Person(number) => self.people.get()?.items.get(number as usize),
            Who::Service(block, number) => {
                self.services.get(block as usize)?.get()?.as_ref()?.items.get(number as usize)
            }
        }
    }

    /// The block that declares an identity.
    pub(super) fn identity_block(&self, who: Who) -> Option<&IdentityBlock> {
        match who {
            Who::Person(_) => self.program.people.get(self.identity(who)?.block as usize),
            Who::Service(block, _) => self.program.services.get(block as usize),
        }
    }

    /// Who has that address.
    pub(super) fn who(&self, run: &Run, address: Address) -> Option<Who> {
        match address {
            Address::Person(key) => Some(Who::Person(self.people(run).ok()?.numbers.get(&key).copied()?)),
            Address::Service(name) => {
                let block = name.as_str().split("[\"").next().unwrap_or_default();
                let block = *self.program.service_numbers.get(block)?;
                Some(Who::Service(block, self.services(run, block).ok()?.numbers.get(&name).copied()?))
            }
            _ => None,
        }
    }

    /// An attribute of an identity: null where others have it and this one does not.
    pub(super) fn identity_attribute(&self, run: &Run, who: Who, name: &str) -> Result<Value, Failure> {
        let (Some(record), Some(block)) = (self.identity(who), self.identity_block(who)) else {
            return Err(follows());
        };
        if let Some(number) = block.numbers.get(name) {
            return self.attribute_value(run, who, record, block, *number);
        }
        match name {
            "key" => Ok(Value::String(record.key_text.clone())),
            "kind" => Ok(Value::string(if matches!(who, Who::Person(_)) { "person" } else { "service" })),
            "email" | "manager" | "starts" | "ends" | "status" | "owners" | "ends_with_owners" | "offboarding"
            | "legal_hold" => Ok(Value::Null),
            _ if self.program.identity_attributes.contains(name) => Ok(Value::Null),
            _ => Err(self.no_attribute(record, name)),
        }
    }

    /// The system that decides an attribute of identities, where one does.
    pub(super) fn deciding(&self, run: &Run, name: &str) -> Option<Symbol> {
        let authority = self.program.authorities.get(name)?;
        // One with several instances was reported.
        Some(self.system_instances(run, authority.system).ok()?.items.first()?.name)
    }

    fn no_attribute(&self, record: &Record, name: &str) -> Failure {
        let all: FxHashSet<&str> = self.program.identity_attributes.iter().map(AsRef::as_ref).collect();
        let mut all: Vec<&str> = all
            .into_iter()
            .chain(self.program.authorities.keys().map(AsRef::as_ref))
            .chain(["key", "kind", "accounts", "email", "manager", "starts", "ends", "status"])
            .collect();
        all.sort_unstable();
        all.dedup();
        let hint = did_you_mean(name, all.iter().copied(), || format!("they have: {}", all.join(", ")));
        Failure::new(format!("{} has no attribute {name:?}, nor has any other person or service", record.address))
            .hint(hint)
    }

    /// An attribute by its number.
    pub(super) fn attribute_value(
        &self,
        run: &Run,
        who: Who,
        record: &Record,
        block: &IdentityBlock,
        number: u32,
    ) -> Result<Value, Failure> {
        let (Some(cell), Some(attribute)) = (record.values.get(number as usize), block.attributes.get(number as usize))
        else {
            return Err(follows());
        };
        self.once(run, Node::Attribute(who, number), cell, || {
            let mut view = View::new(self, run);
            view.own = Some((who, record));
            view.row = record.row.as_ref().map(|(row, _)| row);
            view.each = record.each.as_ref();
            let value = evaluate(&attribute.value, &view)?;
            if value.any(&|part| matches!(part, Value::Reference(Reference::Path(_)))) {
                return Err(Diagnostic::new(
                    attribute.value.span,
                    "this is a name on the way to something, not a value",
                )
                .hint("name one thing, or make a list: [for x in ... : x]")
                .into());
            }
            Ok(value)
        })
    }
}

/// Whether an expression names a system itself: `system.corp`, `system.corp["eu"]`.
fn is_system(expr: &Expr) -> bool {
    match &*expr.kind {
        Kind::Traversal { of, .. } => matches!(&*of.kind, Kind::Variable(name) if &**name == "system"),
        _ => false,
    }
}

/// Gives every row of a system, as null, what the block speaks of, the system knows and nobody has at the moment: the last
/// one who had a title left. What it does not know is a mistake.
fn fill_known(rows: &mut [Value], columns: &Columns, known: &BTreeSet<Symbol>, block: &IdentityBlock) -> Vec<Symbol> {
    let spoken = block.attributes.iter().flat_map(|attribute| attribute.value.references());
    let names = spoken.filter_map(|mention| match &mention.path[..] {
        [root, name, ..] if &**root == "row" => Some(name.clone()),
        _ => None,
    });
    let has = |name: &Arc<str>| columns.binary_search_by(|(column, _)| column.cmp(name)).is_ok();
    let lacks: BTreeSet<Arc<str>> = names.filter(|name| known.contains(&Symbol::new(name)) && !has(name)).collect();
    if lacks.is_empty() {
        return Vec::new();
    }
    for row in rows.iter_mut() {
        let Some(object) = row.as_object() else { continue };
        let own = object.iter().map(|(name, value)| (name.clone(), value.clone()));
        *row = Value::object(own.chain(lacks.iter().map(|name| (name.clone(), Value::Null))));
    }
    lacks.iter().map(|name| Symbol::new(name)).collect()
}

/// Gives every row the columns of all: null where it lacks one.
fn fill_columns(rows: &mut [Value]) -> Columns {
    let mut columns: BTreeMap<Arc<str>, u64> = BTreeMap::new();
    // Most sources have the same columns in every row, in the same order: rows that have all that are known by then.
    let mut whole = 0;
    for object in rows.iter().filter_map(Value::as_object) {
        if object.len() == columns.len() && object.keys().eq(columns.keys()) {
            whole += 1;
            continue;
        }
        columns.values_mut().for_each(|having| *having += whole);
        whole = 0;
        for name in object.keys() {
            *columns.entry(name.clone()).or_default() += 1;
        }
    }
    columns.values_mut().for_each(|having| *having += whole);
    for row in rows.iter_mut() {
        let Some(object) = row.as_object().filter(|object| object.len() != columns.len()) else { continue };
        let filled = columns.keys().map(|name| (name.clone(), object.get(name).cloned().unwrap_or(Value::Null)));
        *row = Value::object(filled);
    }
    columns.into_iter().collect()
}

/// `row 3`, `rows 3, 7 and 9`, `rows 3, 7, 9 and 41 more`.
fn row_words(rows: &[u32]) -> String {
    let shown: Vec<String> = rows.iter().take(NAMED_ROWS).map(ToString::to_string).collect();
    match rows.len() {
        1 => format!("row {}", shown.join(", ")),
        count if count > NAMED_ROWS => format!("rows {} and {} more", shown.join(", "), count - NAMED_ROWS),
        _ => format!("rows {}", shown.join(", ")),
    }
}
