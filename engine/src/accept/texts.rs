//! The files of a configuration, and what is to change in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Address, Symbol};

use super::render::Changes;
use super::step::{Draft, Edit, Step};
use super::{Verdict, cell, lost, refused, splice};
use crate::language::{Block, Expr, File, FileId, Files, Span, parse};

/// The files of a configuration as they were read, and the changes that were taken in.
pub struct Texts<'a> {
    files: Files,
    /// Reads other files, by the path that the configuration names.
    read: &'a dyn Fn(&str) -> Result<String, String>,
    blocks: Vec<Arc<Block>>,
    by_name: FxHashMap<String, usize>,
    locals: FxHashMap<Arc<str>, Expr>,
    /// Where the lines of each file begin.
    lines: Vec<Vec<u32>>,
    tables: BTreeMap<String, cell::Table>,
    /// Where each member stands in a list, by file and start of the list.
    pub(super) entries: FxHashMap<(u32, u32), super::lists::Members>,
    /// The grants that each entry of a list comes to, likewise.
    pub(super) grants: FxHashMap<(u32, u32, Symbol), Arc<super::grants::Entries>>,
    /// What was taken in, by what is changed, and for which address.
    claims: FxHashMap<String, (String, Address)>,
    steps: Vec<Edit>,
}

/// A file as it was and as it would be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    pub path: String,
    pub before: Arc<str>,
    pub after: Arc<str>,
}

/// All files as they would be.
pub struct Written {
    /// The `*.hcl` files, also those that stay.
    pub files: Files,
    /// Sorted by path.
    pub changed: Vec<Changed>,
    /// Files that could not be read again if what is wanted were written there: they stay as they are.
    pub broken: BTreeSet<String>,
}

impl<'a> Texts<'a> {
    /// `read` gives other files than `*.hcl` by the path that the configuration names.
    pub fn new(files: &Files, read: &'a dyn Fn(&str) -> Result<String, String>) -> Texts<'a> {
        let numbers = 0..files.0.len();
        let blocks: Vec<Arc<Block>> =
            numbers.flat_map(|number| parse::parse_file(files, FileId(number as u32)).0).map(Arc::new).collect();
        let mut by_name = FxHashMap::default();
        let mut locals = FxHashMap::default();
        for (number, block) in blocks.iter().enumerate() {
            let labels: Vec<&str> = block.labels.iter().map(|(label, _)| &**label).collect();
            by_name.entry(name(&block.kind, &labels)).or_insert(number);
            if &*block.kind == "locals" {
                locals.extend(block.attributes.iter().map(|own| (own.name.clone(), own.value.clone())));
            }
        }
        let lines = |file: &File| {
            let ends = (0u32..).zip(file.text.bytes()).filter(|(_, byte)| *byte == b'\n');
            ends.map(|(at, _)| at + 1).collect()
        };
        let lines = files.0.iter().map(lines).collect();
        Texts {
            files: files.clone(),
            read,
            blocks,
            by_name,
            locals,
            lines,
            tables: BTreeMap::new(),
            entries: FxHashMap::default(),
            grants: FxHashMap::default(),
            claims: FxHashMap::default(),
            steps: Vec::new(),
        }
    }

    /// The block of this kind with these labels.
    pub(super) fn block(&self, kind: &str, labels: &[&str]) -> Option<Arc<Block>> {
        self.by_name.get(&name(kind, labels)).and_then(|number| self.blocks.get(*number)).cloned()
    }

    /// All blocks.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().map(|block| &**block)
    }

    /// The expression of `local.NAME`.
    pub(super) fn local(&self, name: &str) -> Option<Expr> {
        self.locals.get(name).cloned()
    }

    /// `people.hcl:12`
    pub(super) fn place(&self, span: Span) -> String {
        let path = self.files.get(span.file).map_or("?", |file| &file.path);
        format!("{path}:{}", self.line(span))
    }

    /// `people.hcl:12:3`
    pub(super) fn position(&self, span: Span) -> String {
        let lines = self.lines.get(span.file.0 as usize).map_or(&[][..], Vec::as_slice);
        let start = self.line(span).checked_sub(2).and_then(|before| lines.get(before)).copied().unwrap_or_default();
        let before = self.text(span).get(start as usize..span.start as usize).unwrap_or_default();
        format!("{}:{}", self.place(span), before.chars().count() + 1)
    }

    fn line(&self, span: Span) -> usize {
        let lines = self.lines.get(span.file.0 as usize).map_or(&[][..], Vec::as_slice);
        lines.partition_point(|start| *start <= span.start) + 1
    }

    pub(super) fn source(&self, expr: &Expr) -> &str {
        expr.source(&self.files)
    }

    /// The text of the file of a place.
    pub(super) fn text(&self, span: Span) -> &str {
        self.files.get(span.file).map_or("", |file| &file.text)
    }

    /// A table, as it was read.
    pub(super) fn table(&mut self, path: &str) -> Result<&mut cell::Table, Verdict> {
        if !self.tables.contains_key(path) {
            let text = (self.read)(path).map_err(|why| refused(why, "it is written only where it can be read"))?;
            self.tables.insert(path.to_owned(), cell::Table::new(text)?);
        }
        self.tables.get_mut(path).ok_or_else(lost)
    }

    /// Takes in all changes of a draft, or none: one place gets one value, and two systems that hold different ones
    /// cannot both be accepted.
    ///
    /// # Errors
    /// The refusal.
    pub fn take(&mut self, draft: &Draft, address: Address) -> Result<(), Verdict> {
        for Step { what, edit } in &draft.steps {
            match self.claims.get(what) {
                Some((other, first)) if *other != value(edit) => {
                    return Err(refused(
                        format!("{first} and {address} come from one place ({what}), and hold different values"),
                        "accept one of the two; apply then sets the other",
                    ));
                }
                _ => {}
            }
        }
        for Step { what, edit } in &draft.steps {
            let known = self.claims.insert(what.clone(), (value(edit), address));
            if known.is_none() {
                self.steps.push(edit.clone());
            }
        }
        Ok(())
    }

    /// The files with everything that was taken in.
    pub fn written(&self) -> Written {
        self.render(&self.steps)
    }

    /// The files that a draft alone would change.
    pub fn alone(&self, draft: &Draft) -> Vec<Changed> {
        let edits: Vec<Edit> = draft.steps.iter().map(|step| step.edit.clone()).collect();
        self.render(&edits).changed
    }

    /// The paths of the files that a draft changes.
    pub fn paths<'d>(&self, draft: &'d Draft) -> FxHashSet<String> {
        let path = |step: &'d Step| match &step.edit {
            Edit::Cell { path, .. } => path.clone(),
            edit => self.files.0.get(file(edit)).map_or_else(String::new, |file| file.path.to_string()),
        };
        draft.steps.iter().map(path).collect()
    }

    fn render(&self, edits: &[Edit]) -> Written {
        let mut files: BTreeMap<usize, Changes> = BTreeMap::new();
        let mut cells: BTreeMap<&str, Vec<splice::Edit>> = BTreeMap::new();
        for edit in edits {
            match edit {
                Edit::Cell { path, range, text } => {
                    cells.entry(path).or_default().push(splice::Edit::replace(range.clone(), text.as_str()));
                }
                edit => files.entry(file(edit)).or_default().add(edit.clone()),
            }
        }
        let mut written = Written { files: self.files.clone(), changed: Vec::new(), broken: BTreeSet::new() };
        for (number, changes) in files {
            let Some(own) = self.files.0.get(number) else { continue };
            let after = changes.render(&own.text).map(Arc::<str>::from);
            let readable = after.filter(|after| {
                let alone = Files(vec![File { path: own.path.clone(), text: after.clone() }]);
                parse::parse_file(&alone, FileId(0)).1.is_empty()
            });
            match (readable, written.files.0.get_mut(number)) {
                (Some(after), Some(file)) => {
                    file.text = after.clone();
                    let changed = Changed { path: own.path.to_string(), before: own.text.clone(), after };
                    written.changed.push(changed);
                }
                _ => drop(written.broken.insert(own.path.to_string())),
            }
        }
        for (path, edits) in cells {
            let Some(table) = self.tables.get(path) else { continue };
            match splice::splice(&table.text, &edits) {
                Some(after) => written.changed.push(Changed {
                    path: path.to_owned(),
                    before: table.text.clone(),
                    after: after.into(),
                }),
                None => drop(written.broken.insert(path.to_owned())),
            }
        }
        written.changed.retain(|changed| changed.before != changed.after);
        written.changed.sort();
        written
    }
}

/// `group chat core`
fn name(kind: &str, labels: &[&str]) -> String {
    let mut name = kind.to_owned();
    for label in labels {
        name.push('\n');
        name.push_str(label);
    }
    name
}

/// The number of the file that changes.
fn file(edit: &Edit) -> usize {
    let span = match edit {
        Edit::Value { of, .. } | Edit::Exception { of, .. } | Edit::Unless { of, .. } | Edit::Join { of, .. } => {
            of.span
        }
        Edit::Add { list, .. } | Edit::Remove { list, .. } => list.span,
        Edit::Pair { object, .. } => object.span,
        Edit::Attribute { block, .. } => block.span,
        Edit::Block { file, .. } => return *file,
        Edit::Cell { .. } => return usize::MAX,
    };
    span.file.0 as usize
}

/// What two changes of one place must agree in.
fn value(edit: &Edit) -> String {
    match edit {
        Edit::Value { text, .. } | Edit::Cell { text, .. } => text.clone(),
        Edit::Exception { value, .. } | Edit::Pair { value, .. } => value.clone(),
        Edit::Attribute { value, .. } => match value {
            super::step::Added::Value(value) | super::step::Added::Case(_, value, _) => value.clone(),
            super::step::Added::Item(..) | super::step::Added::Unless(_) => String::new(),
        },
        Edit::Unless { .. } | Edit::Add { .. } | Edit::Remove { .. } | Edit::Join { .. } | Edit::Block { .. } => {
            String::new()
        }
    }
}
