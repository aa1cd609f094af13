//! The rules by which accounts and groups come about, as the blocks of systems and groups declare them.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashSet;
use state::{Attributes, Symbol};

use super::instances::Each;
use super::matching::Matching;
use super::program::Declared;
use super::walk::{calls, mentions};
use super::{WantedValue, authority};
use crate::language::expr::{Kind, Part, Step};
use crate::language::{Block, Diagnostic, Expr};

/// A system's `match`, `ignore` and `account` block.
pub(super) struct SystemRules {
    pub each: Option<Each>,
    pub matching: Option<Matching>,
    pub ignore: Option<Expr>,
    pub when: Option<Expr>,
    pub attributes: Vec<(Symbol, Rule)>,
    /// `attributes = {}`.
    pub more: Option<Expr>,
    pub on_create: Vec<(Symbol, Rule)>,
    /// What `match` compares, for accounts that are created; by attribute.
    pub matched: Vec<(Symbol, Rule)>,
    /// What the system decides: never written.
    pub authority: Vec<Symbol>,
}

/// How an attribute of accounts comes about.
pub(super) struct Rule {
    pub expr: Expr,
    /// `self.NAME`, where that is a plain value for everybody.
    pub own: Option<Symbol>,
    /// A template of text and such attributes.
    pub pieces: Option<Vec<Piece>>,
    /// The same for everybody on this system; filled at first use.
    pub constant: Option<OnceLock<Option<WantedValue>>>,
}

impl Rule {
    fn new(expr: Expr, plain: &FxHashSet<Symbol>) -> Rule {
        let own = own_attribute(&expr).filter(|name| plain.contains(name));
        let constant = (!mentions(&expr, "self") && !calls(&expr, "next")).then(OnceLock::new);
        let pieces = pieces(&expr, plain);
        Rule { expr, own, pieces, constant }
    }
}

/// A part of a template.
pub(super) enum Piece {
    Text(Arc<str>),
    /// `${self.NAME}`
    Own(Symbol),
}

/// A group's own attributes.
pub(super) struct GroupRules {
    pub each: Option<Each>,
    pub attributes: Vec<(Symbol, Expr)>,
}

/// Attributes of a group block that are not the system's.
const GROUP_OWN: [&str; 8] = ["for_each", "system", "members", "except", "exclusive", "grants", "previously", "manage"];

impl GroupRules {
    pub(super) fn new(declared: &Declared, each: Option<&Each>) -> GroupRules {
        let attributes = declared.block.attributes.iter().filter(|one| !GROUP_OWN.contains(&&*one.name));
        let attributes = attributes.map(|one| (Symbol::new(&one.name), one.value.clone()));
        GroupRules { each: each.cloned(), attributes: attributes.collect() }
    }
}

impl SystemRules {
    /// `plain`: attributes of identities that are plain values for everybody.
    pub(super) fn new(
        declared: &Declared,
        each: Option<&Each>,
        plain: &FxHashSet<Symbol>,
    ) -> Result<SystemRules, Diagnostic> {
        let matching = declared.expr("match").map(|expr| Matching::compile(expr, plain)).transpose()?;
        let account = declared.inner("account");
        let inner = |kind: &str| account?.blocks.iter().find(|block| &*block.kind == kind);
        let expr = |name: &str| account?.attribute(name).map(|attribute| attribute.value.clone());
        let attributes =
            account.map_or_else(Vec::new, |block| rules(block, &["when", "attributes", "authority"], plain));
        let on_create = inner("on_create").map_or_else(Vec::new, |block| rules(block, &[], plain));
        let mut matched: Vec<(Symbol, Rule)> = Vec::new();
        for comparison in matching.iter().flat_map(|matching| matching.alternatives.iter().flatten()) {
            if let Some((name, expr)) = &comparison.created
                && !attributes.iter().chain(&on_create).any(|(own, _)| own == name)
                && !matched.iter().any(|(own, _)| own == name)
                && !matches!(name.as_str(), "id" | "active")
            {
                matched.push((*name, Rule::new(expr.clone(), plain)));
            }
        }
        let decided = authority::names(&declared.block);
        if let Some((name, span)) =
            decided.iter().find(|(name, _)| matched.iter().any(|(own, _)| own.as_str() == &**name))
        {
            let message = format!("`{name}` is what system.{} decides, and `match` compares it", declared.name);
            let hint = "compare something else: a new account gets what `match` compares, and this is never written";
            return Err(Diagnostic::new(*span, message).hint(hint));
        }
        Ok(SystemRules {
            authority: decided.iter().map(|(name, _)| Symbol::new(name)).collect(),
            each: each.cloned(),
            matching,
            ignore: declared.expr("ignore").cloned(),
            when: expr("when"),
            attributes,
            more: expr("attributes"),
            on_create,
            matched,
        })
    }
}

fn rules(block: &Block, reserved: &[&str], plain: &FxHashSet<Symbol>) -> Vec<(Symbol, Rule)> {
    let attributes = block.attributes.iter().filter(|attribute| !reserved.contains(&&*attribute.name));
    let mut rules: Vec<(Symbol, Rule)> =
        attributes.map(|attribute| (Symbol::new(&attribute.name), Rule::new(attribute.value.clone(), plain))).collect();
    rules.sort_by_key(|(name, _)| *name);
    rules
}

/// A template all of whose parts are text or attributes that are plain values for everybody.
fn pieces(expr: &Expr, plain: &FxHashSet<Symbol>) -> Option<Vec<Piece>> {
    let Kind::Template(parts) = &*expr.kind else { return None };
    let piece = |part: &Part| match part {
        Part::Text(text) => Some(Piece::Text(text.clone())),
        Part::Value(expr) => own_attribute(expr).filter(|name| plain.contains(name)).map(Piece::Own),
        Part::If { .. } | Part::For { .. } => None,
    };
    parts.iter().map(piece).collect()
}

/// The text of a template, where all the attributes in it are texts.
pub(super) fn filled(pieces: &[Piece], attributes: &Attributes) -> Option<String> {
    let mut filled = String::with_capacity(64);
    for piece in pieces {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Own(name) => filled.push_str(attributes.get(*name)?.as_text()?.as_str()),
        }
    }
    Some(filled)
}

/// A text as a value; where it is what was `seen`, without looking it up among all symbols.
pub(super) fn text(text: &str, seen: Option<&state::Value>) -> state::Value {
    match seen {
        Some(seen @ state::Value::Text(known)) if known.as_str() == text => seen.clone(),
        _ => state::Value::text(text),
    }
}

/// The name in `self.NAME`.
pub(super) fn own_attribute(expr: &Expr) -> Option<Symbol> {
    let Kind::Traversal { of, steps } = &*expr.kind else { return None };
    match (&*of.kind, steps.as_slice()) {
        (Kind::Variable(root), [Step::Attribute(name, _)]) if &**root == "self" => Some(Symbol::new(name)),
        _ => None,
    }
}
