//! The blocks by name: what is declared, before anything is evaluated.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::authority::{self, Authority};
use super::errors::Errors;
use super::grammar;
use crate::language::{Attribute, Block, Diagnostic, Expr, Files, Span};

/// Everything that the files declare.
#[derive(Default)]
pub(super) struct Program {
    pub files: Files,
    pub settings: Option<Block>,
    pub variables: Table,
    pub locals: Vec<Attribute>,
    pub local_numbers: FxHashMap<Arc<str>, u32>,
    /// `person` and `people` blocks.
    pub people: Vec<IdentityBlock>,
    pub services: Vec<IdentityBlock>,
    pub service_numbers: FxHashMap<Arc<str>, u32>,
    /// Names of the attributes that some identity has.
    pub identity_attributes: FxHashSet<Arc<str>>,
    pub systems: Table,
    pub groups: Table,
    pub roles: Table,
    pub rules: Table,
    pub conflicts: Table,
    pub protects: Table,
    pub offboardings: Table,
    pub adopts: Vec<Block>,
    pub forgets: Vec<Block>,
    pub removes: Vec<Block>,
    /// Attributes of identities that a system decides.
    pub authorities: FxHashMap<Arc<str>, Authority>,
    /// Whether a block was left out since it could not be told what it declares.
    pub incomplete: bool,
}

/// Blocks of one kind by name; a group's name is `SYSTEM.NAME`.
#[derive(Default)]
pub(super) struct Table {
    pub blocks: Vec<Declared>,
    pub numbers: FxHashMap<Arc<str>, u32>,
}

/// A block with its name.
pub(super) struct Declared {
    /// The last label.
    pub name: Arc<str>,
    pub block: Block,
}

/// Which block declares identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdentityKind {
    Person,
    People,
    Service,
}

/// A block that declares people or services, with its free attributes by number.
pub(super) struct IdentityBlock {
    pub kind: IdentityKind,
    pub name: Arc<str>,
    pub block: Block,
    pub attributes: Vec<Attribute>,
    pub numbers: FxHashMap<Arc<str>, u32>,
}

/// What an identity block says about itself rather than about an identity.
const STRUCTURE: &[&str] = &["from", "key", "for_each", "previously"];

impl Table {
    pub(super) fn get(&self, name: &str) -> Option<(u32, &Declared)> {
        let number = *self.numbers.get(name)?;
        Some((number, self.blocks.get(number as usize)?))
    }

    fn add(&mut self, full: Arc<str>, name: Arc<str>, block: Block, errors: &mut Errors) {
        let number = self.blocks.len() as u32;
        if let Some(first) = self.numbers.get(&full) {
            errors.push(twice(&block, self.blocks.get(*first as usize).map(|declared| declared.block.span)));
            return;
        }
        self.numbers.insert(full, number);
        self.blocks.push(Declared { name, block });
    }
}

impl Declared {
    pub(super) fn expr(&self, name: &str) -> Option<&Expr> {
        self.block.attribute(name).map(|attribute| &attribute.value)
    }

    pub(super) fn inner(&self, kind: &str) -> Option<&Block> {
        self.block.blocks.iter().find(|block| &*block.kind == kind)
    }
}

impl IdentityBlock {
    fn new(kind: IdentityKind, name: Arc<str>, block: Block) -> IdentityBlock {
        let people = kind == IdentityKind::People;
        let structure = |name: &str| STRUCTURE.contains(&name) && (people || name != "from");
        let attributes: Vec<Attribute> =
            block.attributes.iter().filter(|attribute| !structure(&attribute.name)).cloned().collect();
        let numbers = (0u32..).zip(&attributes).map(|(number, attribute)| (attribute.name.clone(), number)).collect();
        IdentityBlock { kind, name, block, attributes, numbers }
    }

    pub(super) fn expr(&self, name: &str) -> Option<&Expr> {
        self.block.attribute(name).map(|attribute| &attribute.value)
    }
}

fn twice(block: &Block, first: Option<Span>) -> Diagnostic {
    let labels: String = block.labels.iter().map(|(label, _)| format!(" {label:?}")).collect();
    let mut diagnostic = Diagnostic::new(block.span, format!("{}{labels} is declared twice", block.kind))
        .hint("rename one of the two, or put both into one block");
    if let Some(first) = first {
        diagnostic = diagnostic.related(first, "first declared here");
    }
    diagnostic
}

impl Program {
    /// Sorts the blocks by name. What is wrong with a block is reported; the rest goes on.
    pub(super) fn new(files: Files, blocks: Vec<Block>, errors: &mut Errors) -> Program {
        let mut program = Program { files, ..Program::default() };
        for block in blocks {
            if grammar::check(&block, errors) {
                program.take(block, errors);
            } else {
                program.incomplete = true;
            }
        }
        for block in program.people.iter().chain(&program.services) {
            program.identity_attributes.extend(block.attributes.iter().map(|attribute| attribute.name.clone()));
        }
        authority::read(&mut program, errors);
        program
    }

    fn take(&mut self, block: Block, errors: &mut Errors) {
        let Some(name) = checked_name(&block, errors) else {
            self.incomplete = true;
            return;
        };
        match &*block.kind {
            "settings" => match &self.settings {
                Some(first) => errors.push(twice(&block, Some(first.span))),
                None => self.settings = Some(block),
            },
            "variable" => self.variables.add(name.clone(), name, block, errors),
            "locals" => {
                for attribute in block.attributes {
                    self.add_local(attribute, errors);
                }
            }
            "person" => self.people.push(IdentityBlock::new(IdentityKind::Person, name, block)),
            "people" => {
                let same = |other: &&IdentityBlock| other.kind == IdentityKind::People && other.name == name;
                match self.people.iter().find(same) {
                    Some(first) => errors.push(twice(&block, Some(first.block.span))),
                    None => self.people.push(IdentityBlock::new(IdentityKind::People, name, block)),
                }
            }
            "service" => match self.service_numbers.get(&name) {
                Some(first) => errors.push(twice(&block, self.services.get(*first as usize).map(|s| s.block.span))),
                None => {
                    self.service_numbers.insert(name.clone(), self.services.len() as u32);
                    self.services.push(IdentityBlock::new(IdentityKind::Service, name, block));
                }
            },
            "system" => self.systems.add(name.clone(), name, block, errors),
            "group" => {
                let system = block.labels.first().map_or("", |(label, _)| label);
                self.groups.add(Arc::from(format!("{system}.{name}")), name, block, errors);
            }
            "role" => self.roles.add(name.clone(), name, block, errors),
            "rule" => self.rules.add(name.clone(), name, block, errors),
            "conflict" => self.conflicts.add(name.clone(), name, block, errors),
            "protect" => self.protects.add(name.clone(), name, block, errors),
            "offboarding" => self.offboardings.add(name.clone(), name, block, errors),
            "adopt" => self.adopts.push(block),
            "forget" => self.forgets.push(block),
            "remove" => self.removes.push(block),
            // `grammar::check` lets no other kind through.
            _ => {}
        }
    }

    fn add_local(&mut self, attribute: Attribute, errors: &mut Errors) {
        if let Some(first) = self.local_numbers.get(&attribute.name) {
            let mut diagnostic = Diagnostic::new(attribute.span, format!("local.{} is declared twice", attribute.name))
                .hint("rename one of the two");
            if let Some(first) = self.locals.get(*first as usize) {
                diagnostic = diagnostic.related(first.span, "first declared here");
            }
            errors.push(diagnostic);
            return;
        }
        self.local_numbers.insert(attribute.name.clone(), self.locals.len() as u32);
        self.locals.push(attribute);
    }
}

/// The last label, as far as it can be a name; of blocks without labels an empty text.
fn checked_name(block: &Block, errors: &mut Errors) -> Option<Arc<str>> {
    let Some((name, _)) = block.labels.last() else { return Some(Arc::from("")) };
    for (label, span) in &block.labels {
        let good =
            if &*block.kind == "person" { !label.trim().is_empty() } else { state::address::is_identifier(label) };
        if !good {
            let error = Diagnostic::new(*span, format!("{label:?} cannot be the name of a `{}` block", block.kind));
            errors.push(if &*block.kind == "person" {
                error.hint("a person needs a key: what stays the same when name and mail change")
            } else {
                error.hint("a name is a letter or `_`, then letters, digits, `_` or `-`")
            });
            return None;
        }
    }
    Some(name.clone())
}
