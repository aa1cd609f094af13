//! Accounts and groups as the files want them, evaluated when the planner knows what they refer to.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Address, Attributes, Object, Symbol};

use super::authority;
use super::conditions::for_whom;
use super::errors::Errors;
use super::identities::Who;
use super::instances::Each;
use super::matching::Matching;
use super::program::Declared;
use super::view::{Next, View};
use super::walk::{calls, mentions};
use super::world::{Run, World};
use super::{Configuration, Evaluate, Known, Rejected, WantedAccount, WantedValue};
use crate::language::expr::{Kind, Part, Step};
use crate::language::{Block, Diagnostic, Expr, Reference, Scope, Span, Value, evaluate};

/// Evaluates what depends on observed systems.
pub(super) struct Evaluator {
    pub world: Arc<World>,
    pub systems: FxHashMap<Symbol, SystemRules>,
    pub groups: FxHashMap<(Symbol, Symbol), GroupRules>,
    /// In the order of their keys: they are mostly asked for in that order.
    pub holders: Vec<Holder>,
    /// Their numbers by key.
    pub numbers: FxHashMap<Symbol, u32>,
}

/// Whom an account is for.
pub(super) struct Holder {
    pub who: Who,
    pub address: Address,
    pub attributes: Attributes,
}

/// A system's `match`, `ignore` and `account` block.
pub(super) struct SystemRules {
    each: Option<Each>,
    matching: Option<Matching>,
    ignore: Option<Expr>,
    when: Option<Expr>,
    attributes: Vec<(Symbol, Rule)>,
    /// `attributes = {}`.
    more: Option<Expr>,
    on_create: Vec<(Symbol, Rule)>,
    /// What `match` compares, for accounts that are created; by attribute.
    matched: Vec<(Symbol, Rule)>,
    /// What the system decides: never written.
    authority: Vec<Symbol>,
}

/// How an attribute of accounts comes about.
struct Rule {
    expr: Expr,
    /// `self.NAME`, where that is a plain value for everybody.
    own: Option<Symbol>,
    /// A template of text and such attributes.
    pieces: Option<Vec<Piece>>,
    /// The same for everybody on this system; filled at first use.
    constant: Option<OnceLock<Option<WantedValue>>>,
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
enum Piece {
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
fn filled(pieces: &[Piece], attributes: &Attributes) -> Option<String> {
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
fn text(text: &str, seen: Option<&state::Value>) -> state::Value {
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

/// Where a value goes: into what is enforced, or only into what is written once.
#[derive(Clone, Copy, PartialEq)]
enum Into {
    Enforced,
    Created,
}

impl Evaluator {
    /// What is wrong, with the files that the places are in.
    pub(super) fn rejected(&self, diagnostics: Vec<Diagnostic>) -> Rejected {
        Rejected { files: self.world.program.files.clone(), diagnostics }
    }

    fn rules(&self, system: Symbol) -> Result<&SystemRules, Diagnostic> {
        self.systems.get(&system).ok_or_else(|| gone(format!("system.{system} is not in the configuration")))
    }

    fn holder(&self, holder: Symbol) -> Result<&Holder, Diagnostic> {
        let found = self.numbers.get(&holder).and_then(|number| self.holders.get(*number as usize));
        found.ok_or_else(|| gone(format!("nobody with the key {holder:?} is in the configuration")))
    }

    fn view<'v>(&'v self, run: &'v Run<'v>, rules: &'v SystemRules, holder: &Holder) -> View<'v> {
        let mut view = View::new(&self.world, run);
        view.each = rules.each.as_ref();
        view.own = self.world.identity(holder.who).map(|record| (holder.who, record));
        view
    }

    /// One attribute; none where it is null.
    fn attribute(
        &self,
        view: &View,
        rule: &Rule,
        holder: &Holder,
        into: Into,
        seen: Option<&state::Value>,
    ) -> Result<Option<WantedValue>, Diagnostic> {
        if let Some(name) = rule.own {
            return Ok(holder.attributes.get(name).cloned().map(WantedValue::Known));
        }
        if let Some(filled) = rule.pieces.as_ref().and_then(|pieces| filled(pieces, &holder.attributes)) {
            return Ok(Some(WantedValue::Known(text(&filled, seen))));
        }
        if let Some(known) = rule.constant.as_ref().and_then(OnceLock::get) {
            return Ok(known.clone());
        }
        view.run.reset();
        let value = match evaluate(&rule.expr, view)? {
            Value::String(found) => Some(WantedValue::Known(text(&found, seen))),
            value => self.wanted_value(view, value, &rule.expr, into)?,
        };
        if let Some(constant) = &rule.constant
            && !view.run.is_volatile()
        {
            return Ok(constant.get_or_init(|| value).clone());
        }
        Ok(value)
    }

    fn wanted(&self, view: &View, expr: &Expr, into: Into) -> Result<Option<WantedValue>, Diagnostic> {
        self.wanted_value(view, evaluate(expr, view)?, expr, into)
    }

    fn wanted_value(
        &self,
        view: &View,
        value: Value,
        expr: &Expr,
        into: Into,
    ) -> Result<Option<WantedValue>, Diagnostic> {
        let Some(value) = resolve(view, &value, expr.span)? else { return Ok(None) };
        if value.has_sensitive() {
            return match (&value, into) {
                (Value::Sensitive(inner), Into::Created) => match &**inner {
                    Value::String(text) => Ok(Some(WantedValue::Secret(text.to_string()))),
                    Value::Null => Ok(None),
                    other => Err(Diagnostic::new(
                        expr.span,
                        format!("a sensitive value must be a string, and this is {}", other.describe()),
                    )),
                },
                // A secret that nobody has asked for: only where nothing is carried out (`validate`, `plan --recorded`).
                (_, Into::Created) if waits_for_nothing(&value) => {
                    let expression = Arc::from(expr.source(&self.world.program.files));
                    Ok(Some(WantedValue::Deferred { expression, needs: Vec::new() }))
                }
                (_, Into::Created) => Err(Diagnostic::new(expr.span, "only a part of this is sensitive")
                    .hint("a sensitive attribute must be a string of its own")),
                (_, Into::Enforced) => {
                    Err(Diagnostic::new(expr.span, "this is sensitive, and would be stored in the clear")
                        .hint("sensitive values may stand in credentials and in on_create only"))
                }
            };
        }
        if value.has_unknown() {
            let mut needs = Vec::new();
            value.collect_needs(&mut needs);
            needs.sort_unstable();
            needs.dedup();
            let expression = Arc::from(expr.source(&self.world.program.files));
            return Ok(Some(WantedValue::Deferred { expression, needs }));
        }
        value.to_state().map(|value| Some(WantedValue::Known(value))).map_err(|failure| failure.at(expr.span))
    }

    fn wanted_account(
        &self,
        rules: &SystemRules,
        system: Symbol,
        holder: &Holder,
        seen: &Attributes,
        run: &Run,
    ) -> Result<Option<WantedAccount>, Diagnostic> {
        let view = self.view(run, rules, holder);
        if let Some(when) = &rules.when
            && !self.world.known_bool(&view, when, "`when`")?
        {
            return Ok(None);
        }
        self.wanted_attributes(view, rules, system, holder, seen).map(Some)
    }

    /// The account of someone whom `when` does not leave out.
    fn wanted_attributes<'v>(
        &'v self,
        mut view: View<'v>,
        rules: &'v SystemRules,
        system: Symbol,
        holder: &Holder,
        seen: &Attributes,
    ) -> Result<WantedAccount, Diagnostic> {
        let mut attributes = Vec::with_capacity(rules.attributes.len());
        for (name, rule) in &rules.attributes {
            if let Some(value) = self.attribute(&view, rule, holder, Into::Enforced, seen.get(*name))? {
                attributes.push((*name, value));
            }
        }
        if let Some(more) = &rules.more {
            self.more(&view, rules, more, &mut attributes)?;
        }
        let mut on_create = Vec::with_capacity(rules.on_create.len() + rules.matched.len());
        for (name, rule) in &rules.on_create {
            view.next =
                Some(Next { system, attribute: *name, holder: view.own.map_or(*name, |(_, record)| record.key) });
            if let Some(value) = self.attribute(&view, rule, holder, Into::Created, seen.get(*name))? {
                on_create.push((*name, value));
            }
        }
        view.next = None;
        for (name, rule) in &rules.matched {
            if !attributes.iter().any(|(own, _)| own == name)
                && let Some(value) = self.attribute(&view, rule, holder, Into::Created, seen.get(*name))?
            {
                on_create.push((*name, value));
            }
        }
        if !rules.matched.is_empty() {
            on_create.sort_by_key(|(name, _)| *name);
        }
        Ok(WantedAccount { attributes, on_create })
    }

    fn wanted_group(&self, system: Symbol, group: Symbol, run: &Run) -> Result<Vec<(Symbol, WantedValue)>, Diagnostic> {
        let address = Address::Group { system, group };
        let rules = self.groups.get(&(system, group));
        let rules = rules.ok_or_else(|| gone(format!("{address} is not in the configuration")))?;
        let mut view = View::new(&self.world, run);
        view.each = rules.each.as_ref();
        let mut attributes = Vec::with_capacity(rules.attributes.len());
        for (name, expr) in &rules.attributes {
            let value = self.wanted(&view, expr, Into::Enforced).map_err(|diagnostic| for_whom(diagnostic, address))?;
            attributes.extend(value.map(|value| (*name, value)));
        }
        attributes.sort_by_key(|(name, _)| *name);
        Ok(attributes)
    }

    /// What is wrong with accounts and groups as far as that shows without knowing any system.
    pub(super) fn check(&self, configuration: &Configuration) -> Vec<Diagnostic> {
        let mut errors = Errors::default();
        for entry in &configuration.accounts {
            let (Some(rules), Ok(holder)) = (self.systems.get(&entry.system), self.holder(entry.holder)) else {
                continue;
            };
            let run = Run::default();
            // What is not known now may be when systems are read: no error yet.
            let unknown = rules.when.as_ref().is_some_and(|when| {
                evaluate(when, &self.view(&run, rules, holder)).is_ok_and(|value| value.has_unknown())
            });
            let wanted = if unknown {
                let view = self.view(&run, rules, holder);
                self.wanted_attributes(view, rules, entry.system, holder, &Attributes::default()).map(Some)
            } else {
                self.wanted_account(rules, entry.system, holder, &Attributes::default(), &run)
            };
            if let Err(diagnostic) = wanted {
                errors.push(for_whom(diagnostic, holder.address));
            }
        }
        for (system, group) in configuration.groups.iter().map(|group| (group.system, group.name)) {
            if let Err(diagnostic) = self.wanted_group(system, group, &Run::default()) {
                errors.push(diagnostic);
            }
        }
        errors.into_found()
    }

    /// `attributes = { "urn:..." = ... }`.
    fn more(
        &self,
        view: &View,
        rules: &SystemRules,
        expr: &Expr,
        to: &mut Vec<(Symbol, WantedValue)>,
    ) -> Result<(), Diagnostic> {
        let object = match evaluate(expr, view)? {
            Value::Object(object) => object,
            Value::Null => return Ok(()),
            other => {
                self.world.plain(&other, "`attributes`", expr.span)?;
                return Err(Diagnostic::new(
                    expr.span,
                    format!("`attributes` takes an object, and this is {}", other.describe()),
                )
                .hint("write attributes = { \"a-name\" = value }"));
            }
        };
        for (name, value) in object.iter() {
            let symbol = Symbol::new(name);
            if rules.attributes.iter().any(|(own, _)| *own == symbol) {
                return Err(Diagnostic::new(expr.span, format!("{name:?} stands in `attributes` and beside it, too"))
                    .hint("keep one of the two"));
            }
            if rules.authority.contains(&symbol) {
                let message = format!("{name:?} is what the system decides (`authority`), and would be written there");
                return Err(Diagnostic::new(expr.span, message).hint("take it out of one of the two"));
            }
            if let Some(value) = self.wanted_value(view, value.clone(), expr, Into::Enforced)? {
                to.push((symbol, value));
            }
        }
        to.sort_by_key(|(name, _)| *name);
        Ok(())
    }
}

impl Evaluate for Evaluator {
    fn wants_account(&self, system: Symbol, holder: Symbol, known: &dyn Known) -> Result<bool, Diagnostic> {
        let rules = self.rules(system)?;
        let Some(when) = &rules.when else { return Ok(true) };
        let holder = self.holder(holder)?;
        self.world
            .known_bool(&self.view(&Run::with(known), rules, holder), when, "`when`")
            .map_err(|diagnostic| for_whom(diagnostic, holder.address))
    }

    fn account_like(
        &self,
        system: Symbol,
        holder: Symbol,
        seen: &Attributes,
        known: &dyn Known,
    ) -> Result<Option<WantedAccount>, Diagnostic> {
        let (rules, holder) = (self.rules(system)?, self.holder(holder)?);
        self.wanted_account(rules, system, holder, seen, &Run::with(known))
            .map_err(|diagnostic| for_whom(diagnostic, holder.address))
    }

    fn group(
        &self,
        system: Symbol,
        group: Symbol,
        known: &dyn Known,
    ) -> Result<Vec<(Symbol, WantedValue)>, Diagnostic> {
        self.wanted_group(system, group, &Run::with(known))
    }

    fn identity_keys(
        &self,
        system: Symbol,
        holder: Symbol,
        known: &dyn Known,
    ) -> Result<Vec<Option<state::Value>>, Diagnostic> {
        let (rules, holder) = (self.rules(system)?, self.holder(holder)?);
        let Some(matching) = &rules.matching else { return Ok(Vec::new()) };
        let run = Run::with(known);
        let view = self.view(&run, rules, holder);
        matching.own_keys(&view, &holder.attributes).map_err(|diagnostic| for_whom(diagnostic, holder.address))
    }

    fn account_keys(&self, system: Symbol, account: &Object) -> Result<Vec<Option<state::Value>>, Diagnostic> {
        let rules = self.rules(system)?;
        let Some(matching) = &rules.matching else { return Ok(Vec::new()) };
        let run = Run::default();
        let mut view = View::new(&self.world, &run);
        view.each = rules.each.as_ref();
        view.account = Some(account);
        matching.account_keys(&view, &account.attributes).map_err(|diagnostic| for_account(diagnostic, system, account))
    }

    fn ignored(&self, system: Symbol, account: &Object) -> Result<bool, Diagnostic> {
        let rules = self.rules(system)?;
        let Some(ignore) = &rules.ignore else { return Ok(false) };
        let run = Run::default();
        let mut view = View::new(&self.world, &run);
        view.each = rules.each.as_ref();
        view.account = Some(account);
        self.world.known_bool(&view, ignore, "`ignore`").map_err(|diagnostic| for_account(diagnostic, system, account))
    }

    fn heir(&self, offboarding: Symbol, own: &Attributes) -> Result<Option<Address>, Diagnostic> {
        self.world.heir(&Run::default(), offboarding, own)
    }

    fn inputs(&self) -> BTreeMap<String, state::Digest> {
        self.world.inputs.digests()
    }
}

fn gone(message: String) -> Diagnostic {
    Diagnostic {
        message,
        span: None,
        label: String::new(),
        related: Vec::new(),
        hint: Some("this is a defect of tenure: please report it".to_owned()),
    }
}

fn for_account(diagnostic: Diagnostic, system: Symbol, account: &Object) -> Diagnostic {
    if diagnostic.label.is_empty() {
        diagnostic.label(format!("for the account with id {} on system.{system}", account.id))
    } else {
        diagnostic
    }
}

/// The value as a system may hold it: groups and accounts as their ids, nulls left out; none where nothing is left.
fn resolve(view: &View, value: &Value, span: Span) -> Result<Option<Value>, Diagnostic> {
    match value {
        Value::Null => Ok(None),
        Value::Reference(reference @ Reference::To(Address::Group { .. } | Address::Account { .. })) => {
            let id = view.attribute(reference, "id").map_err(|failure| failure.at(span))?;
            Ok((!id.is_null()).then_some(id))
        }
        Value::Reference(reference) => {
            let hint = match reference {
                Reference::To(Address::Person(_) | Address::Service(_)) => {
                    format!(
                        "name one of its attributes, such as {reference}.login, or its account: {reference}.accounts.SYSTEM.id"
                    )
                }
                _ => "name a string, a number, or the id of a group or account".to_owned(),
            };
            Err(Diagnostic::new(span, format!("{reference} is not a value that a system can hold")).hint(hint))
        }
        Value::List(items) | Value::Set(items) if items.iter().any(needs_resolving) => {
            let items = items.iter().map(|item| resolve(view, item, span));
            let items: Vec<Value> = items.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
            Ok(Some(Value::list(items)))
        }
        Value::Object(object) if object.values().any(needs_resolving) => {
            let mut pairs = Vec::with_capacity(object.len());
            for (name, value) in object.iter() {
                if let Some(value) = resolve(view, value, span)? {
                    pairs.push((name.clone(), value));
                }
            }
            // An object of nulls says nothing; an empty one would clear.
            Ok((!pairs.is_empty()).then(|| Value::object(pairs)))
        }
        other => Ok(Some(other.clone())),
    }
}

fn needs_resolving(value: &Value) -> bool {
    match value {
        Value::Null | Value::Reference(_) => true,
        Value::List(items) | Value::Set(items) => items.iter().any(needs_resolving),
        Value::Object(object) => object.values().any(needs_resolving),
        _ => false,
    }
}

/// Whether it is unknown, and no object of any system would make it known.
fn waits_for_nothing(value: &Value) -> bool {
    let mut needs = Vec::new();
    value.collect_needs(&mut needs);
    value.has_unknown() && needs.is_empty()
}
