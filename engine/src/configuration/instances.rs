//! `for_each`: one block, several things.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use state::{Address, Symbol};

use super::errors::did_you_mean;
use super::program::Declared;
use super::view::View;
use super::world::{Node, Run, World};
use crate::language::{Diagnostic, Expr, Failure, Reference, Value};

/// `each`: a key and its value.
#[derive(Clone, Debug)]
pub(super) struct Each {
    pub key: Arc<str>,
    pub value: Value,
}

/// The instances of a block: one without a key where it has no `for_each`.
pub(super) struct Instances {
    /// Sorted by key.
    pub items: Vec<Instance>,
    numbers: FxHashMap<Arc<str>, u32>,
    pub repeated: bool,
}

/// One instance.
pub(super) struct Instance {
    /// `k8s`, `k8s["kubernetes"]`.
    pub name: Symbol,
    pub each: Option<Each>,
}

/// Instances of a group block, with the system that each stands on.
pub(super) struct GroupInstances {
    pub instances: Instances,
    pub systems: Vec<Symbol>,
}

impl Instances {
    /// The instance of that key.
    pub(super) fn get(&self, key: &str) -> Option<(usize, &Instance)> {
        let number = *self.numbers.get(key)? as usize;
        Some((number, self.items.get(number)?))
    }

    /// The names of the instances, for did-you-mean.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| item.each.as_ref()).map(|each| &*each.key)
    }
}

impl World {
    /// The instances that `for_each` makes of a block called `name`.
    pub(super) fn instances(
        &self,
        run: &Run,
        name: &Arc<str>,
        for_each: Option<&Expr>,
    ) -> Result<Instances, Diagnostic> {
        let Some(expr) = for_each else {
            let item = Instance { name: Symbol::new(name), each: None };
            return Ok(Instances { items: vec![item], numbers: FxHashMap::default(), repeated: false });
        };
        let value = self.known_value(&View::new(self, run), expr, "`for_each`")?;
        let pairs: Vec<Each> = match &value {
            Value::Object(object) => {
                object.iter().map(|(key, value)| Each { key: key.clone(), value: value.clone() }).collect()
            }
            Value::Set(items) => items
                .iter()
                .map(|item| match item {
                    Value::String(key) => Ok(Each { key: key.clone(), value: item.clone() }),
                    other => Err(Diagnostic::new(
                        expr.span,
                        format!("`for_each` takes a set of strings, and this one has {} in it", other.describe()),
                    )
                    .hint("make an object of it: { for x in ... : x.name => x }")),
                })
                .collect::<Result<_, _>>()?,
            other => {
                let error = Diagnostic::new(
                    expr.span,
                    format!("`for_each` takes an object or a set of strings, and this is {}", other.describe()),
                );
                return Err(error.hint(if matches!(other, Value::List(_)) {
                    "make a set of it with toset(...), or an object: { for x in ... : x.name => x }"
                } else {
                    "write toset([\"a\", \"b\"]) or { a = 1, b = 2 }"
                }));
            }
        };
        let numbers = (0u32..).zip(&pairs).map(|(number, each)| (each.key.clone(), number)).collect();
        let items = pairs
            .into_iter()
            .map(|each| Instance { name: state::address::instance(name, &each.key), each: Some(each) })
            .collect();
        Ok(Instances { items, numbers, repeated: true })
    }

    /// The instances of a system block.
    pub(super) fn system_instances(&self, run: &Run, number: u32) -> Result<&Instances, Failure> {
        let (Some(declared), Some(cell)) =
            (self.program.systems.blocks.get(number as usize), self.systems.get(number as usize))
        else {
            return Err(super::errors::follows());
        };
        self.table(run, Node::Systems(number), cell, || self.instances(run, &declared.name, declared.expr("for_each")))
    }

    /// The instances of a role block.
    pub(super) fn role_instances(&self, run: &Run, number: u32) -> Result<&Instances, Failure> {
        let (Some(declared), Some(cell)) =
            (self.program.roles.blocks.get(number as usize), self.roles.get(number as usize))
        else {
            return Err(super::errors::follows());
        };
        self.table(run, Node::Roles(number), cell, || self.instances(run, &declared.name, declared.expr("for_each")))
    }

    /// The instances of a group block.
    pub(super) fn group_instances(&self, run: &Run, number: u32) -> Result<&GroupInstances, Failure> {
        let (Some(declared), Some(cell)) =
            (self.program.groups.blocks.get(number as usize), self.groups.get(number as usize))
        else {
            return Err(super::errors::follows());
        };
        self.table(run, Node::Groups(number), cell, || {
            let instances = self.instances(run, &declared.name, declared.expr("for_each"))?;
            let systems = instances
                .items
                .iter()
                .map(|item| self.system_of_group(run, declared, item.each.as_ref()))
                .collect::<Result<_, _>>()?;
            Ok(GroupInstances { instances, systems })
        })
    }

    /// The system that an instance of a group stands on.
    fn system_of_group(&self, run: &Run, group: &Declared, each: Option<&Each>) -> Result<Symbol, Diagnostic> {
        let (label, span) = match group.block.labels.first() {
            Some((label, span)) => (label, *span),
            None => return Err(Diagnostic::new(group.block.span, "a group needs a system and a name")),
        };
        let Some((number, _)) = self.program.systems.get(label) else {
            let known = self.program.systems.blocks.iter().map(|system| &*system.name);
            return Err(Diagnostic::new(span, format!("system {label:?} is not declared")).hint(did_you_mean(
                label,
                known,
                || format!("declare it: system {label:?} {{ ... }}"),
            )));
        };
        let systems = self.system_instances(run, number).map_err(|failure| failure.at(span))?;
        let Some(expr) = group.expr("system") else {
            return match systems.items.as_slice() {
                [only] if !systems.repeated => Ok(only.name),
                _ => Err(Diagnostic::new(
                    group.block.span,
                    format!("system.{label} has several instances, and this group does not say on which it stands"),
                )
                .hint(format!("add `system = system.{label}[\"KEY\"]`"))),
            };
        };
        let mut view = View::new(self, run);
        view.each = each;
        let value = self.known_value(&view, expr, "`system`")?;
        match value {
            Value::Reference(Reference::To(Address::System(name)))
                if systems.items.iter().any(|item| item.name == name) =>
            {
                Ok(name)
            }
            other => Err(Diagnostic::new(
                expr.span,
                format!("`system` must be an instance of system.{label}, and this is {}", other.describe()),
            )
            .hint(format!("write `system = system.{label}[\"KEY\"]`, or change the block's first label"))),
        }
    }
}
