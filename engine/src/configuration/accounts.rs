//! Accounts and groups as the files want them, evaluated when the planner knows what they refer to.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;
use state::{Address, Attributes, Object, Symbol};

use super::conditions::for_whom;
use super::errors::Errors;
use super::identities::Who;
use super::resolve::{resolve, waits_for_nothing};
use super::rules::{GroupRules, Rule, SystemRules, filled, text};
use super::view::{Next, View};
use super::world::{Run, World};
use super::{Configuration, Evaluate, Known, Rejected, WantedAccount, WantedValue};
use crate::language::{Diagnostic, Expr, Value, evaluate};

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
