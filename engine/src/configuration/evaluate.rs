//! The second phase: people, roles, groups, memberships, and who is to have an account.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use state::observed::{KEEP, PARTIAL};
use state::{Address, Attributes, GrantForm, Schema, Symbol};

use super::accounts::{Evaluator, Holder};
use super::conditions::{Conditions, for_whom};
use super::entries::{Entries, Place, Subjects};
use super::errors::Errors;
use super::facts::Facts;
use super::holders::{RoleNode, holders};
use super::instances::Each;
use super::load::{Loaded, Rejected};
use super::memberships::{Access, GroupNode, Wanted};
use super::moments::{self, Calendar};
use super::order;
use super::period::Whys;
use super::program::Declared;
use super::rules::{GroupRules, SystemRules};
use super::settings::{Manage, Rest};
use super::standings::Everybody;
use super::view::View;
use super::world::{self, Run, World};
use super::{Configuration, Group, Safeguards, System};
use crate::language::{Diagnostic, Expr, Value};

impl Loaded {
    /// Evaluates everything that does not depend on other systems' accounts. Every system that people come from must
    /// be among the facts: without it, they would look as if they had left.
    pub fn evaluate(self, facts: &Facts) -> Result<Configuration, Rejected> {
        let mut errors = Errors::default();
        for system in self.sources.iter().filter(|system| !facts.people.contains_key(*system)) {
            let span = self.systems.get(system).map(|system| system.span);
            errors.push(Diagnostic {
                message: format!("people come from system.{system}, and it was not read"),
                span,
                label: String::new(),
                related: Vec::new(),
                hint: Some("nothing can be said about people before it was: see why it could not be read".to_owned()),
            });
        }
        let (configuration, evaluator) = self.second(facts, &mut errors);
        match errors.finish() {
            Ok(()) => Ok(configuration),
            Err(diagnostics) => Err(evaluator.rejected(diagnostics)),
        }
    }

    /// Checks everything that can be checked without reading a system: also the `account` blocks and groups' own
    /// attributes, with whatever depends on systems unknown. `schemas`: those that the providers know by themselves.
    pub fn validate(self, schemas: BTreeMap<Symbol, &Schema>) -> Result<(), Rejected> {
        self.check(&Facts { schemas, ..Facts::default() }, Errors::default())
    }

    /// The same, with what is wrong already.
    pub(super) fn check(self, facts: &Facts, mut errors: Errors) -> Result<(), Rejected> {
        let unread = !self.sources.is_empty();
        let (configuration, evaluator) = self.second(facts, &mut errors);
        errors.extend(evaluator.check(&configuration));
        if unread {
            errors.forgive();
        }
        errors.finish().map_err(|diagnostics| evaluator.rejected(diagnostics))
    }

    fn second(self, facts: &Facts, errors: &mut Errors) -> (Configuration, Arc<Evaluator>) {
        let sources = facts.people.iter().map(|(system, source)| (*system, world::Rows::new(source)));
        let _ = self.world.observed.set(sources.collect());
        Second { loaded: self, facts }.run(errors)
    }
}

struct Second<'a> {
    loaded: Loaded,
    facts: &'a Facts<'a>,
}

/// Everything that has a number.
pub(super) struct Nodes {
    pub(super) roles: Vec<RoleNode>,
    pub(super) groups: Vec<GroupNode>,
    models: Vec<Group>,
    rules: FxHashMap<(Symbol, Symbol), GroupRules>,
    systems: Vec<Symbol>,
}

impl Second<'_> {
    fn run(self, errors: &mut Errors) -> (Configuration, Arc<Evaluator>) {
        let Second { loaded, facts } = self;
        let Loaded { world, settings, systems, rests, .. } = loaded;
        let is_credential =
            |rest: &Rest| facts.credentials.get(&rest.system).is_some_and(|names| names.contains(&rest.setting));
        let deciding = rests.iter().filter(|rest| !is_credential(rest));
        deciding.flat_map(|rest| &rest.used).for_each(|answer| answer.decide());
        let world = Arc::new(world);
        // The name was checked when the settings were read.
        let zone = moments::zone(settings.timezone.as_str()).unwrap_or(jiff::tz::TimeZone::UTC);
        let calendar = Calendar::new(zone);
        let run = Run::default();
        let everybody = world.everybody(&run, &calendar, errors);
        let mut whys = Whys::default();
        let evaluation = Evaluation { world: &world, run: &run, everybody: &everybody, systems: &systems, facts };
        let nodes = evaluation.nodes(&calendar, errors);
        let wanted = evaluation.access(&nodes, &mut whys, errors);
        evaluation.rules(errors);
        let offboardings = evaluation.world.offboardings(&run, errors);
        evaluation.check_heirs(&offboardings, errors);
        let conflicts = evaluation.conflicts(&nodes, &wanted.held, errors);
        let protects = evaluation.protects(&nodes, errors);
        let role_offboardings = evaluation.role_offboardings(&nodes, &wanted.held, errors);
        let declared = evaluation.declared(&nodes);
        let moves = world.moves(&run, &declared, errors);
        let order = errors.keep(order::order(&world.program, &systems)).unwrap_or_default();
        let rules = evaluation.system_rules(errors);
        errors.absorb(world.reported());
        evaluation.locals(errors);
        errors.absorb(world.reported());
        let Everybody { who, mut identities, .. } = everybody;
        for (number, names) in role_offboardings {
            if let Some(identity) = identities.get_mut(number as usize) {
                identity.role_offboardings = names.into_iter().collect();
            }
        }
        let holders = who.iter().zip(&identities).map(|(who, identity)| {
            let attributes = identity.attributes.clone();
            Holder { who: *who, address: identity.address, attributes }
        });
        let numbers = (0u32..).zip(&identities).map(|(number, identity)| (identity.key, number));
        let evaluator = Evaluator {
            world: world.clone(),
            systems: rules,
            groups: nodes.rules,
            holders: holders.collect(),
            numbers: numbers.collect(),
        };
        let evaluator = Arc::new(evaluator);
        let sources = world.sources();
        let inputs = world.inputs.digests();
        let configuration = Configuration {
            settings,
            identities,
            sources,
            systems,
            system_order: order.systems,
            side_by_side: order.side_by_side,
            groups: nodes.models,
            memberships: wanted.memberships,
            accounts: wanted.accounts,
            not_in_force: wanted.not_in_force,
            protects,
            conflicts,
            offboardings,
            adopts: moves.adopts,
            forgets: moves.forgets,
            removes: moves.removes,
            moves: moves.moves,
            inputs,
            evaluate: evaluator.clone(),
        };
        (configuration, evaluator)
    }
}

pub(super) struct Evaluation<'a> {
    pub(super) world: &'a World,
    pub(super) run: &'a Run<'a>,
    pub(super) everybody: &'a Everybody,
    systems: &'a BTreeMap<Symbol, System>,
    facts: &'a Facts<'a>,
}

/// An instance of a role or group block, with its name.
pub(super) type Named<'a> = (&'a Declared, Symbol, Option<&'a Each>);

impl Evaluation<'_> {
    /// What is wrong with a local that nobody uses (yet) is said too; what others use was computed before.
    fn locals(&self, errors: &mut Errors) {
        for (number, local) in (0u32..).zip(&self.world.program.locals) {
            // Nothing rests on what is only looked at.
            if let (Err(failure), _) = self.run.collecting(|| self.world.local(self.run, number)) {
                let mut diagnostic = Diagnostic::new(failure.span.unwrap_or(local.value.span), failure.message);
                diagnostic.hint = failure.hint;
                errors.push(diagnostic);
            }
        }
    }

    pub(super) fn view<'v>(&'v self, each: Option<&'v Each>) -> View<'v> {
        let mut view = View::new(self.world, self.run);
        view.each = each;
        view
    }

    /// Instances of all role blocks, sorted by name.
    pub(super) fn role_instances(&self) -> Vec<Named<'_>> {
        let mut roles: Vec<Named> = Vec::new();
        for (number, declared) in (0u32..).zip(&self.world.program.roles.blocks) {
            if let Ok(instances) = self.world.role_instances(self.run, number) {
                roles.extend(instances.items.iter().map(|item| (declared, item.name, item.each.as_ref())));
            }
        }
        roles.sort_by_key(|(_, name, _)| *name);
        roles
    }

    /// Instances of all group blocks, sorted by system, then name.
    fn group_instances(&self) -> Vec<(Symbol, Named<'_>)> {
        let mut groups: Vec<(Symbol, Named)> = Vec::new();
        for (number, declared) in (0u32..).zip(&self.world.program.groups.blocks) {
            if let Ok(found) = self.world.group_instances(self.run, number) {
                let items = found.instances.items.iter().zip(&found.systems);
                groups.extend(items.map(|(item, system)| (*system, (declared, item.name, item.each.as_ref()))));
            }
        }
        groups.sort_by_key(|(system, (_, name, _))| (*system, *name));
        groups
    }

    /// Roles and groups with their entries.
    fn nodes(&self, calendar: &Calendar, errors: &mut Errors) -> Nodes {
        let (roles, groups) = (self.role_instances(), self.group_instances());
        let systems: Vec<Symbol> = self.systems.keys().copied().collect();
        let subjects = Subjects {
            identities: (0u32..).zip(&self.everybody.identities).map(|(n, identity)| (identity.key, n)).collect(),
            roles: (0u32..).zip(&roles).map(|(n, (_, name, _))| (*name, n)).collect(),
            groups: (0u32..).zip(&groups).map(|(n, (system, (_, name, _)))| ((*system, *name), n)).collect(),
            systems: (0u32..).zip(&systems).map(|(n, name)| (*name, n)).collect(),
        };
        let entries = Entries { world: self.world, calendar, subjects: &subjects };
        let conditions = Conditions::new(self.world, self.run, &self.everybody.who);
        let role_nodes = roles.iter().map(|role| self.role(role, &entries, &conditions, errors)).collect();
        let mut nodes = Nodes {
            roles: role_nodes,
            groups: Vec::with_capacity(groups.len()),
            models: Vec::with_capacity(groups.len()),
            rules: FxHashMap::default(),
            systems,
        };
        for (system, named @ (declared, name, each)) in &groups {
            let system_number = subjects.systems.get(system).copied().unwrap_or_default();
            if self.systems.get(system).is_some_and(|system| system.read_only) {
                errors.push(read_only(declared.block.span, *system));
            }
            nodes.groups.push(self.group(*system, system_number, named, &entries, errors));
            nodes.models.push(self.model(*system, named, errors));
            nodes.rules.insert((*system, *name), GroupRules::new(declared, *each));
        }
        nodes
    }

    fn role(
        &self,
        (declared, name, each): &Named,
        entries: &Entries,
        conditions: &Conditions,
        errors: &mut Errors,
    ) -> RoleNode {
        let view = self.view(*each);
        let mut read = |attribute: &str, place: Place| {
            declared.expr(attribute).map_or_else(Vec::new, |expr| entries.read(&view, expr, place, errors))
        };
        let (members, access) = (read("members", Place::RoleMembers), read("access", Place::RoleAccess));
        let when = declared.expr("when").map(|when| conditions.matching(when, *each, "`when`"));
        let except = declared.expr("except");
        RoleNode {
            because: Symbol::from(Address::Role(*name).to_string()),
            span: declared.block.span,
            when: when.and_then(|when| errors.keep(when)).unwrap_or_default(),
            members,
            except: except.map_or_else(Vec::new, |expr| entries.except(&view, expr, Place::RoleExcept, errors)),
            except_span: except.map_or(declared.block.span, |expr| expr.span),
            access,
        }
    }

    fn group(
        &self,
        system: Symbol,
        system_number: u32,
        (declared, name, each): &Named,
        entries: &Entries,
        errors: &mut Errors,
    ) -> GroupNode {
        let view = self.view(*each);
        let except = declared.expr("except");
        GroupNode {
            system,
            system_number,
            name: *name,
            because: Symbol::from(Address::Group { system, group: *name }.to_string()),
            span: declared.block.span,
            members: declared
                .expr("members")
                .map_or_else(Vec::new, |expr| entries.read(&view, expr, Place::GroupMembers(system), errors)),
            except: except
                .map_or_else(Vec::new, |expr| entries.except(&view, expr, Place::GroupExcept(system), errors)),
            except_span: except.map_or(declared.block.span, |expr| expr.span),
        }
    }

    fn model(&self, system: Symbol, (declared, name, each): &Named, errors: &mut Errors) -> Group {
        let view = self.view(*each);
        let exclusive = declared.expr("exclusive").map(|expr| self.world.known_bool(&view, expr, "`exclusive`"));
        let grants = declared.expr("grants").map(|expr| {
            let form = self.facts.schemas.get(&system).map(|schema| schema.grant_form).unwrap_or_default();
            grants(self.world, &view, expr, form)
        });
        let safeguards: Safeguards = self.world.safeguards(&view, &declared.block, errors);
        let manage = declared.expr("manage");
        let managed = manage.and_then(|expr| errors.keep(self.world.manage(&view, expr)));
        if let (Some(Manage::Observe), Some(expr)) = (managed, manage) {
            errors.push(
                Diagnostic::new(expr.span, "a group is not observed by itself")
                    .hint("write `manage = \"observe\"` in the block of its system, and \"all\" in those of groups that are managed all the same"),
            );
        }
        Group {
            system,
            name: *name,
            manage: managed == Some(Manage::All),
            exclusive: exclusive.and_then(|exclusive| errors.keep(exclusive)).unwrap_or(false),
            grants: grants.and_then(|grants| errors.keep(grants)).flatten(),
            safeguards,
            span: declared.block.span,
        }
    }

    /// Memberships and accounts.
    fn access(&self, nodes: &Nodes, whys: &mut Whys, errors: &mut Errors) -> Wanted {
        for role in &nodes.roles {
            for entry in &role.access {
                if let super::holders::Subject::System(number) = entry.who
                    && let Some(system) = nodes.systems.get(number as usize)
                    && self.systems.get(system).is_some_and(|system| system.read_only)
                {
                    errors.push(read_only(role.span, *system));
                }
            }
        }
        // What failed above leaves gaps, and a gap would look like an `except` without effect.
        let whole = errors.is_empty();
        let mut found = Vec::new();
        let Some(held) = errors.keep(holders(&nodes.roles, whys, &mut found)) else { return Wanted::default() };
        keep_some(found, whole, errors);
        let schemas: Vec<Option<&Schema>> =
            nodes.systems.iter().map(|system| self.facts.schemas.get(system).copied()).collect();
        let access = Access {
            identities: &self.everybody.identities,
            standings: &self.everybody.standings,
            roles: &nodes.roles,
            held: &held,
            groups: &nodes.groups,
            systems: &nodes.systems,
            schemas: &schemas,
            now: self.world.now,
        };
        match access.wanted(whys) {
            Ok(wanted) => Wanted { held, ..wanted },
            Err(found) => {
                keep_some(found, whole, errors);
                Wanted::default()
            }
        }
    }

    /// `rule` blocks: each must hold for everybody who is not leaving.
    fn rules(&self, errors: &mut Errors) {
        const SHOWN: usize = 10;
        for declared in &self.world.program.rules.blocks {
            let (Some(condition), Some(message)) = (declared.expr("condition"), declared.expr("message")) else {
                continue;
            };
            if !super::walk::mentions(condition, "self") {
                let view = self.view(None);
                if let Some(false) = errors.keep(self.world.known_bool(&view, condition, "`condition`")) {
                    let text = errors.keep(self.world.known_text(&view, message, "`message`"));
                    errors.push(broken(declared, text.as_deref().unwrap_or_default(), condition));
                }
                continue;
            }
            let mut failed = 0;
            for (who, identity) in self.everybody.who.iter().zip(&self.everybody.identities) {
                let Some(record) = self.world.identity(*who).filter(|_| identity.leaver.is_none()) else { continue };
                let mut view = self.view(None);
                view.own = Some((*who, record));
                let holds = self.world.known_bool(&view, condition, "`condition`");
                match holds.map_err(|error| for_whom(error, record.address)) {
                    Ok(true) => continue,
                    Ok(false) => failed += 1,
                    Err(error) => {
                        errors.push(error);
                        continue;
                    }
                }
                if failed <= SHOWN {
                    let text = self.world.known_text(&view, message, "`message`");
                    if let Some(text) = errors.keep(text.map_err(|error| for_whom(error, record.address))) {
                        errors.push(broken(declared, &text, condition).label(format!("for {}", record.address)));
                    }
                }
            }
            if failed > SHOWN {
                errors.push(broken(declared, &format!("{} more are not shown", failed - SHOWN), condition));
            }
        }
    }

    /// The addresses that stand in the files.
    fn declared(&self, nodes: &Nodes) -> FxHashSet<Address> {
        let mut declared: FxHashSet<Address> =
            self.everybody.identities.iter().map(|identity| identity.address).collect();
        declared.extend(nodes.groups.iter().map(|group| Address::Group { system: group.system, group: group.name }));
        declared.extend(self.role_instances().iter().map(|(_, name, _)| Address::Role(*name)));
        declared
    }

    fn system_rules(&self, errors: &mut Errors) -> FxHashMap<Symbol, SystemRules> {
        let mut rules = FxHashMap::default();
        for (number, declared) in (0u32..).zip(&self.world.program.systems.blocks) {
            let Ok(instances) = self.world.system_instances(self.run, number) else { continue };
            for item in &instances.items {
                let own = SystemRules::new(declared, item.each.as_ref(), &self.everybody.plain);
                if let Some(own) = errors.keep(own) {
                    rules.insert(item.name, own);
                }
            }
        }
        rules
    }
}

/// Errors about access; without those about `except` where something is missing anyway.
fn keep_some(found: Vec<Diagnostic>, whole: bool, errors: &mut Errors) {
    errors.extend(found.into_iter().filter(|error| whole || !error.message.starts_with("`except`")));
}

fn read_only(span: crate::language::Span, system: Symbol) -> Diagnostic {
    Diagnostic::new(span, format!("system.{system} is a source of people, and is only read"))
        .hint("give access on other systems: what people come from is never written")
}

fn broken(rule: &Declared, message: &str, condition: &Expr) -> Diagnostic {
    Diagnostic::new(condition.span, format!("rule.{}: {message}", rule.name))
        .hint("change what the rule is about, or the rule")
}

/// A list of objects, as the system writes them; none where it is null.
fn grants(world: &World, view: &View, expr: &Expr, form: GrantForm) -> Result<Option<Vec<Attributes>>, Diagnostic> {
    let value = world.known_value(view, expr, "`grants`")?;
    let items = match &value {
        Value::Null => return Ok(None),
        Value::List(items) | Value::Set(items) => items,
        other => {
            return Err(Diagnostic::new(
                expr.span,
                format!("`grants` is a list of objects, and this is {}", other.describe()),
            )
            .hint("put brackets around it: [{ ... }]"));
        }
    };
    let mut grants = Vec::with_capacity(items.len());
    for item in items.iter() {
        let Value::Object(object) = item else {
            return Err(Diagnostic::new(expr.span, format!("a grant is an object, and this is {}", item.describe()))
                .hint("such as { database = \"sales\", privileges = [\"SELECT\"] }"));
        };
        let pairs = object.iter().filter(|(_, value)| !value.is_null());
        let pairs = pairs
            .map(|(name, value)| Ok((Symbol::new(name), value.to_state().map_err(|failure| failure.at(expr.span))?)));
        let entry: Attributes = pairs.collect::<Result<Vec<_>, Diagnostic>>()?.into_iter().collect();
        if let Some(own) = [PARTIAL, KEEP].iter().find(|own| entry.get(Symbol::new(own)).is_some()) {
            return Err(Diagnostic::new(expr.span, format!("a grant has no attribute `{own}`"))
                .hint("it is what tenure itself says of a grant: use another name"));
        }
        let made = (form.0)(&entry).map_err(|error| {
            let shown = state::Value::map(entry.iter().cloned());
            Diagnostic::new(expr.span, error.message).label(format!("in {shown}")).hint(error.hint)
        });
        grants.extend(made?);
    }
    grants.sort();
    grants.dedup();
    Ok(Some(grants))
}
