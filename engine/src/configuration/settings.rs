//! The `settings` block, `safeguards` blocks, and what system blocks set.

use std::collections::BTreeMap;

use state::record::ApprovalRules;
use state::{Action, Symbol};

use super::errors::Errors;
use super::instances::Each;
use super::moments;
use super::program::Declared;
use super::view::View;
use super::world::{Run, Used, World};
use super::{Safeguards, Setting, Settings, System, Watching};
use crate::language::expr::Kind;
use crate::language::{Block, Diagnostic, Expr, Value, evaluate};

/// Answers of the outside that a setting of a system rests on. Whether it is only a credential is known once its provider
/// has been asked.
pub(super) struct Rest {
    pub system: Symbol,
    pub setting: Symbol,
    pub used: Used,
}

/// How far a system or group is managed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manage {
    Observe,
    All,
}

/// Attributes of a system block that are not the provider's.
const OWN: [&str; 7] = ["for_each", "provider", "match", "exclusive", "ignore", "offboarding", "manage"];

impl World {
    /// The `settings` block.
    pub(super) fn settings(&self, run: &Run, errors: &mut Errors) -> Settings {
        let mut settings = Settings {
            state: None,
            timezone: Symbol::new("UTC"),
            safeguards: Safeguards::default(),
            approvals: ApprovalRules::default(),
            watch: Watching::default(),
        };
        let Some(block) = &self.program.settings else { return settings };
        let view = View::new(self, run);
        if let Some(state) = block.attribute("state") {
            let text = errors.keep(self.known_text(&view, &state.value, "`state`"));
            settings.state = text.map(|text| text.to_string());
        }
        if let Some(zone) = block.attribute("timezone")
            && let Some(name) = errors.keep(self.known_text(&view, &zone.value, "`timezone`"))
        {
            match moments::zone(&name) {
                Ok(_) => settings.timezone = Symbol::new(&name),
                Err(message) => errors.push(
                    Diagnostic::new(zone.value.span, message)
                        .hint("write an IANA name, such as \"Europe/Berlin\" or \"UTC\""),
                ),
            }
        }
        settings.safeguards = self.safeguards(&view, block, errors);
        settings.approvals = self.approvals(&view, block, errors);
        settings.watch = self.watching(&view, block, errors);
        settings
    }

    /// The `watch` block inside `block`.
    fn watching(&self, view: &View, block: &Block, errors: &mut Errors) -> Watching {
        let mut watching = Watching::default();
        let Some(block) = block.blocks.iter().find(|inner| &*inner.kind == "watch") else { return watching };
        for attribute in &block.attributes {
            let expr = &attribute.value;
            match &*attribute.name {
                "interval" => {
                    let text = errors.keep(self.known_text(view, expr, "`interval`"));
                    watching.interval = text.and_then(|text| errors.keep(interval(&text, expr)));
                }
                "apply" => {
                    let value = errors.keep(self.known_value(view, expr, "`apply`"));
                    watching.apply = value.and_then(|value| errors.keep(actions(&value, expr))).unwrap_or_default();
                }
                "propose" => {
                    let text = errors.keep(self.known_text(view, expr, "`propose`"));
                    watching.propose = text.and_then(|text| errors.keep(patch_file(&text, expr)));
                }
                // The grammar has refused it.
                _ => {}
            }
        }
        watching
    }

    /// The `approvals` block inside `block`.
    fn approvals(&self, view: &View, block: &Block, errors: &mut Errors) -> ApprovalRules {
        let mut rules = ApprovalRules::default();
        let Some(block) = block.blocks.iter().find(|inner| &*inner.kind == "approvals") else { return rules };
        for attribute in &block.attributes {
            let expr = &attribute.value;
            match &*attribute.name {
                "signatures" => {
                    let value = errors.keep(self.known_value(view, expr, "`signatures`"));
                    rules.signatures = value.and_then(|value| errors.keep(count(&value, expr))).unwrap_or(0);
                }
                "not_by_runner" => {
                    let value = errors.keep(self.known_bool(view, expr, "`not_by_runner`"));
                    rules.not_by_runner = value.unwrap_or(false);
                }
                "allowed_signers" => {
                    let value = errors.keep(self.known_text(view, expr, "`allowed_signers`"));
                    rules.allowed_signers = value.map(|path| path.to_string());
                }
                // The grammar has refused it.
                _ => {}
            }
        }
        if rules.signatures > 0 && rules.allowed_signers.is_none() {
            errors.push(
                Diagnostic::new(block.span, "signatures are demanded, and nothing says whose keys count")
                    .hint("add `allowed_signers`, the path of a file outside the configuration folder, such as \"/etc/tenure/allowed_signers\""),
            );
        }
        rules
    }

    /// The `safeguards` block inside `block`.
    pub(super) fn safeguards(&self, view: &View, block: &Block, errors: &mut Errors) -> Safeguards {
        let mut safeguards = Safeguards::default();
        let Some(block) = block.blocks.iter().find(|inner| &*inner.kind == "safeguards") else { return safeguards };
        for attribute in &block.attributes {
            let expr = &attribute.value;
            let Some(value) = errors.keep(self.known_value(view, expr, &format!("`{}`", attribute.name))) else {
                continue;
            };
            match &*attribute.name {
                "mass_removal" => safeguards.mass_removal = errors.keep(share(&value, expr)),
                "mass_change" => safeguards.mass_change = errors.keep(share(&value, expr)),
                "mass_grant" => safeguards.mass_grant = errors.keep(share(&value, expr)),
                "source_shrank" => safeguards.source_shrank = errors.keep(share(&value, expr)),
                "max_failures" => safeguards.max_failures = errors.keep(count(&value, expr)),
                // The grammar has refused it.
                _ => {}
            }
        }
        safeguards
    }

    /// All systems, instances each for itself, with their settings and what these rest on.
    pub(super) fn evaluated_systems(&self, run: &Run, errors: &mut Errors) -> (BTreeMap<Symbol, System>, Vec<Rest>) {
        let sources = errors.keep(self.source_systems(run)).unwrap_or_default();
        let (mut systems, mut rests) = (BTreeMap::new(), Vec::new());
        for (number, declared) in (0u32..).zip(&self.program.systems.blocks) {
            let Ok(instances) = self.system_instances(run, number) else { continue };
            for instance in &instances.items {
                let read_only = sources.contains(&instance.name);
                let (name, each) = (instance.name, instance.each.as_ref());
                if let Some(mut system) = self.system(run, declared, name, each, &mut rests, errors) {
                    system.read_only = read_only;
                    if read_only && system.has_account_block {
                        errors.push(
                            Diagnostic::new(
                                declared.block.span,
                                format!("system.{} is a source of people, and is only read", instance.name),
                            )
                            .hint("take out its `account` block: what people come from is never written"),
                        );
                    }
                    systems.insert(instance.name, system);
                }
            }
        }
        (systems, rests)
    }

    fn system(
        &self,
        run: &Run,
        declared: &Declared,
        name: Symbol,
        each: Option<&Each>,
        rests: &mut Vec<Rest>,
        errors: &mut Errors,
    ) -> Option<System> {
        let mut view = View::new(self, run);
        view.each = each;
        let provider = declared.expr("provider")?;
        let provider = errors.keep(self.known_text(&view, provider, "`provider`"))?;
        let exclusive = declared.expr("exclusive").map(|expr| self.known_bool(&view, expr, "`exclusive`"));
        let mut settings = Vec::new();
        for attribute in &declared.block.attributes {
            if OWN.contains(&&*attribute.name) {
                continue;
            }
            let setting_name = Symbol::new(&attribute.name);
            let (setting, used) = run.collecting(|| {
                self.setting(&view, &attribute.value).or_else(|wrong| {
                    let may_lack = self.inputs.may_lack(&provider, &attribute.name);
                    match may_lack && is_absent(&view, &attribute.value) {
                        true => Ok(Some(Setting::Absent(Box::new(wrong)))),
                        false => Err(wrong),
                    }
                })
            });
            if !used.is_empty() {
                rests.push(Rest { system: name, setting: setting_name, used });
            }
            if let Some(Some(setting)) = errors.keep(setting) {
                settings.push((setting_name, setting, attribute.value.span));
            }
        }
        settings.sort_by_key(|(name, ..)| *name);
        Some(System {
            name,
            provider: Symbol::new(&provider),
            settings,
            exclusive: exclusive.and_then(|exclusive| errors.keep(exclusive)).unwrap_or(false),
            read_only: false,
            observe: declared.expr("manage").and_then(|expr| errors.keep(self.manage(&view, expr)))
                == Some(Manage::Observe),
            has_account_block: declared.inner("account").is_some(),
            offboarding: declared
                .expr("offboarding")
                .and_then(|expr| errors.keep(self.offboarding_reference(&view, expr)).flatten()),
            safeguards: self.safeguards(&view, &declared.block, errors),
            span: declared.block.span,
        })
    }

    /// What `manage` says.
    pub(super) fn manage(&self, view: &View, expr: &Expr) -> Result<Manage, Diagnostic> {
        match &*self.known_text(view, expr, "`manage`")? {
            "observe" => Ok(Manage::Observe),
            "all" => Ok(Manage::All),
            other => Err(Diagnostic::new(expr.span, format!("`manage` cannot be {other:?}")).hint(
                "write \"observe\" (what would change is shown, and nothing is written), or \"all\", as where it is left out",
            )),
        }
    }

    /// A setting of a provider; none where it is null.
    fn setting(&self, view: &View, expr: &Expr) -> Result<Option<Setting>, Diagnostic> {
        let value = evaluate(expr, view)?;
        match &value {
            Value::Null => return Ok(None),
            // Not to be had offline, where nothing is connected to either.
            Value::Unknown(unknown) if unknown.sensitive && unknown.needs.is_empty() => {
                return Ok(Some(Setting::Secret(String::new())));
            }
            Value::Sensitive(inner) => {
                return match &**inner {
                    Value::Null => Ok(None),
                    Value::String(text) => Ok(Some(Setting::Secret(text.to_string()))),
                    _ => Err(Diagnostic::new(expr.span, "a sensitive setting must be a string")),
                };
            }
            _ => {}
        }
        self.plain(&value, "a setting", expr.span)?;
        value.to_state().map(|value| Some(Setting::Known(value))).map_err(|failure| failure.at(expr.span))
    }
}

/// Whether this is `env(NAME)` of a variable that is not set.
fn is_absent(view: &View, expr: &Expr) -> bool {
    let Kind::Call(call) = &*expr.kind else { return false };
    let name = match call.arguments.as_slice() {
        [name] if &*call.name == "env" => evaluate(name, view),
        _ => return false,
    };
    let Ok(Value::String(name)) = name else { return false };
    matches!(view.world.inputs.environment(view.run, &name), Ok(None))
}

/// `"30s"`, `"5m"`, `"2h"`, at least a second.
fn interval(text: &str, expr: &Expr) -> Result<i64, Diagnostic> {
    let millis = state::time::length(text, &["s", "m", "h"]).filter(|millis| (1_000..=86_400_000).contains(millis));
    millis.ok_or_else(|| {
        Diagnostic::new(expr.span, "this is not a time between rounds")
            .hint("write a number and a unit: \"30s\", \"5m\", \"2h\"")
    })
}

/// `["deactivate", "revoke"]`.
fn actions(value: &Value, expr: &Expr) -> Result<Vec<Action>, Diagnostic> {
    let words: Vec<&str> = MAY.iter().map(|action| action.word()).collect();
    let action = |item: &Value| match item {
        Value::String(text) => MAY.into_iter().find(|action| action.word() == &**text),
        _ => None,
    };
    let all: Option<Vec<Action>> = value.as_items().map(|items| items.iter().map(action).collect()).unwrap_or_default();
    let mut all = all.ok_or_else(|| {
        Diagnostic::new(expr.span, "`apply` is a list of kinds of change")
            .hint(format!("of {}: such as [\"deactivate\", \"revoke\"]", words.join(", ")))
    })?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// The kinds of change that may be let go by themselves: what destroys or hands over is always somebody's decision.
const MAY: [Action; 7] = [
    Action::Create,
    Action::Update,
    Action::Rename,
    Action::Grant,
    Action::Revoke,
    Action::Deactivate,
    Action::Reactivate,
];

/// A file below the configuration folder that is none of the configuration.
fn patch_file(text: &str, expr: &Expr) -> Result<String, Diagnostic> {
    let inside =
        !text.is_empty() && !text.starts_with('/') && text.split('/').all(|part| !matches!(part, "" | "." | ".."));
    match inside && (text.ends_with(".patch") || text.ends_with(".diff")) {
        true => Ok(text.to_owned()),
        false => Err(Diagnostic::new(expr.span, "`propose` names a *.patch file below the configuration folder")
            .hint("such as propose = \"drift.patch\"")),
    }
}

/// `"10%"`, or a number from 0 to 1.
fn share(value: &Value, expr: &Expr) -> Result<f64, Diagnostic> {
    let share = match value {
        Value::String(text) => text
            .trim()
            .strip_suffix('%')
            .and_then(|text| text.trim().parse::<f64>().ok())
            .map(|percent| percent / 100.0),
        Value::Number(number) => Some(number.to_f64()),
        _ => None,
    };
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| Diagnostic::new(expr.span, "this is not a share").hint("write \"10%\", or a number from 0 to 1"))
}

pub(super) fn count(value: &Value, expr: &Expr) -> Result<u32, Diagnostic> {
    let number = match value {
        Value::Number(number) => number.to_i64(),
        _ => None,
    };
    number
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| Diagnostic::new(expr.span, "this is not a count").hint("write a whole number, such as 5"))
}
