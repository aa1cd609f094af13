//! A story: files and systems, plans, applies, and what changes between them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use state::record::{Chain, Event, InForce, Line, Recorded, RunStarted, Text};
use state::*;
use tenure_engine::apply::{Answer, Answers, Apply, Connected, Fate, Report, Step, settle};
use tenure_engine::configuration::{Facts, Loaded, PeopleSource, Rejected, Sources};
use tenure_engine::language::{Diagnostic, File, Files};
use tenure_engine::plan::{Alone, Inputs, Planned, Reading, Task, Workers};
use tenure_engine::undo::Refused;

use crate::dump::dump;
use crate::remote::Remote;
use crate::rules;

/// What may be done side by side, last things first.
struct Backwards;

impl Workers for Backwards {
    fn all(&self, tasks: Vec<Task<'_>>) {
        tasks.into_iter().rev().for_each(|task| task());
    }
}

/// The state of the world in a story.
#[derive(Clone)]
pub struct Story {
    files: BTreeMap<String, String>,
    /// What `env` answers; for other names `secret NAME`.
    pub environment: BTreeMap<String, String>,
    pub systems: BTreeMap<Symbol, Remote>,
    pub recorded: Recorded,
    pub now: Timestamp,
    runs: u32,
    /// `--target`.
    pub targets: Vec<Address>,
    /// Answers of the next calls about these addresses are lost; whether they are carried out.
    pub lost: BTreeMap<Address, bool>,
    /// Findings of these codes are approved.
    pub approved: BTreeSet<Code>,
    /// Files and rows come in the opposite order.
    pub reversed: bool,
    /// The record as it would stand in a file.
    pub lines: Vec<u8>,
    chain: Chain,
}

/// What configurations read.
struct Outside {
    files: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
}

impl Sources for Outside {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| format!("there is no file {path}"))
    }
    fn list(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(self.files.keys().cloned().collect())
    }
    fn environment(&self, name: &str) -> Result<Option<String>, String> {
        Ok(Some(self.environment.get(name).cloned().unwrap_or_else(|| format!("secret {name}"))))
    }
    /// `printenv NAME`.
    fn command(&self, arguments: &[String]) -> Result<String, String> {
        match arguments {
            [program, name] if program == "printenv" => Ok(self.environment(name)?.unwrap_or_default()),
            _ => Err("no commands".to_owned()),
        }
    }
}

impl Story {
    /// `--- PATH` begins a file (before the first stands `main.hcl`), `=== SYSTEM OPTIONS` what a system holds.
    pub fn new(text: &str) -> Story {
        let recorded = Recorded::default();
        let mut story = Story {
            files: BTreeMap::new(),
            environment: BTreeMap::new(),
            systems: BTreeMap::new(),
            recorded,
            now: "2026-11-23T12:00:00Z".parse().unwrap(),
            runs: 0,
            targets: Vec::new(),
            lost: BTreeMap::new(),
            approved: BTreeSet::new(),
            reversed: false,
            lines: Vec::new(),
            chain: Chain::default(),
        };
        story.event(Event::Opened { format: 1, lineage: "story".into(), former: None });
        story.tell(text);
        story
    }

    /// Replaces the files that `text` names, and lays its lines over what the systems hold.
    pub fn tell(&mut self, text: &str) {
        let mut file = Some("main.hcl".to_owned());
        let mut system: Symbol = "".into();
        let mut began = false;
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("--- ") {
                self.files.insert(path.to_owned(), String::new());
                (file, began) = (Some(path.to_owned()), true);
            } else if let Some(header) = line.strip_prefix("=== ") {
                let (name, options) = header.split_once(' ').unwrap_or((header, ""));
                (file, system) = (None, name.into());
                if !self.systems.contains_key(&system) || !options.is_empty() {
                    self.systems.insert(system, Remote::new(options));
                }
            } else if let Some(path) = &file {
                if !began && !line.trim().is_empty() {
                    self.files.insert(path.clone(), String::new());
                    began = true;
                }
                if began {
                    let text = self.files.entry(path.clone()).or_default();
                    text.push_str(line);
                    text.push('\n');
                }
            } else if !line.trim().is_empty() {
                self.systems.get_mut(&system).unwrap().line(line.trim());
            }
        }
    }

    /// Rewrites one place of one file.
    pub fn edit(&mut self, old: &str, new: &str) {
        let file = self.files.values_mut().find(|text| text.contains(old)).unwrap_or_else(|| panic!("no {old:?}"));
        *file = file.replacen(old, new, 1);
    }

    /// The world goes on, to this moment.
    pub fn at(&mut self, now: &str) {
        self.now = now.parse().unwrap();
    }

    pub fn event(&mut self, event: Event) {
        self.chain.append(self.now, &event, &mut self.lines).unwrap();
        let line = Line { n: self.recorded.head_line + 1, at: self.now, event };
        self.recorded.apply(line).unwrap();
    }

    fn files(&self) -> Files {
        let hcl = self.files.iter().filter(|(path, _)| path.ends_with(".hcl"));
        let mut files: Vec<File> =
            hcl.map(|(path, text)| File { path: Arc::from(&**path), text: Arc::from(&**text) }).collect();
        if self.reversed {
            files.reverse();
        }
        Files(files)
    }

    /// Plans, and hands the plan with everything that it rests on to `look`.
    pub fn with<T>(&self, look: impl FnOnce(Result<Planned<'_>, (Files, Vec<Diagnostic>)>, &Parts) -> T) -> T {
        self.with_inputs(|inputs, parts| {
            let inputs = match inputs {
                Ok(inputs) => inputs,
                Err(wrong) => return look(Err(wrong), parts),
            };
            let mut planned = tenure_engine::plan::plan(inputs).map_err(|wrong| (inputs.files.clone(), wrong));
            if let Ok(Planned { plan, .. }) = &planned {
                self.check(plan, parts);
                let again = tenure_engine::plan::plan(Inputs { workers: &Backwards, ..inputs });
                assert_eq!(again.unwrap().plan, *plan, "the same inputs gave another plan");
            }
            if let Ok(Planned { plan, watches, .. }) = &mut planned {
                self.approve(plan);
                tenure_engine::guard::again(inputs, watches, plan);
                self.approve(plan);
                let _ = parts.in_force.set(tenure_engine::guard::in_force(&inputs, plan));
            }
            look(planned, parts)
        })
    }

    fn approve(&self, plan: &mut Plan) {
        let holds =
            |finding: &&mut Finding| finding.severity == Severity::Holds && self.approved.contains(&finding.code);
        plan.findings.iter_mut().filter(holds).for_each(|finding| finding.severity = Severity::Approved);
    }

    fn check(&self, plan: &Plan, parts: &Parts) {
        let unreadable: BTreeSet<Symbol> =
            self.systems.iter().filter(|(_, r)| r.unreadable.is_some()).map(|(name, _)| *name).collect();
        rules::check(plan, &unreadable, parts.exclusive);
    }

    /// Undoes a run; answers with the plan, what is left as it is, and what was not done.
    pub fn undo(&mut self, asked: &str) -> Result<(Plan, String), String> {
        let before = self.clone();
        let text = Text::new(&before.lines).unwrap();
        let done = tenure_engine::undo::read(&text, &[], asked).map_err(|refused| match refused {
            Refused::Not { message, hint } => format!("{message}\n  hint: {hint}\n"),
            Refused::Damaged(damage) => panic!("{damage}"),
        })?;
        Ok(before.with_inputs(|inputs, parts| {
            let inputs = inputs.unwrap_or_else(|(files, wrong)| panic!("{}", errors(&files, &wrong)));
            let planned =
                tenure_engine::undo::undo(inputs, &done).unwrap_or_else(|w| panic!("{}", errors(inputs.files, &w)));
            self.check(&planned.plan, &Parts { readings: BTreeMap::new(), exclusive: true, in_force: OnceCell::new() });
            let _ = parts.in_force.set(tenure_engine::guard::in_force(&inputs, &planned.plan));
            (planned.plan.clone(), self.carry_out(planned, parts))
        }))
    }

    /// Hands everything that a plan rests on to `look`.
    fn with_inputs<T>(&self, look: impl FnOnce(Result<Inputs<'_>, (Files, Vec<Diagnostic>)>, &Parts) -> T) -> T {
        let mut parts = Parts { readings: BTreeMap::new(), exclusive: false, in_force: OnceCell::new() };
        let outside = Outside { files: self.files.clone(), environment: self.environment.clone() };
        let loaded = match Loaded::load(self.files(), Arc::new(outside), &[], self.now) {
            Ok(loaded) => loaded,
            Err(Rejected { files, diagnostics }) => return look(Err((files, diagnostics)), &parts),
        };
        let files = loaded.files().clone();
        let people: BTreeMap<Symbol, Observed> =
            loaded.sources_of_people().iter().map(|name| (*name, self.systems[name].observed(self.now))).collect();
        parts.readings = loaded
            .systems()
            .keys()
            .map(|name| (*name, self.systems.get(name).cloned().unwrap_or_else(|| Remote::new(""))))
            .map(|(name, remote)| (name, remote.reading(self.now, self.reversed)))
            .collect();
        let facts = Facts {
            schemas: parts.readings.iter().map(|(name, reading)| (*name, &reading.schema)).collect(),
            people: people
                .iter()
                .map(|(name, observed)| {
                    let schema = &parts.readings[name].schema;
                    (*name, PeopleSource { observed, group_name: Some("displayName".into()), schema })
                })
                .collect(),
            credentials: loaded.systems().keys().map(|name| (*name, vec!["token".into()])).collect(),
        };
        let configuration = match loaded.evaluate(&facts) {
            Ok(configuration) => configuration,
            Err(Rejected { files, diagnostics }) => return look(Err((files, diagnostics)), &parts),
        };
        parts.exclusive = configuration.systems.values().any(|system| system.exclusive)
            || configuration.groups.iter().any(|group| group.exclusive);
        let inputs = Inputs {
            configuration: &configuration,
            files: &files,
            recorded: &self.recorded,
            readings: &parts.readings,
            now: self.now,
            doubts: &[],
            targets: &self.targets,
            hmac_key: b"key",
            workers: &Alone,
        };
        look(Ok(inputs), &parts)
    }

    /// The plan of files that are right.
    pub fn planned(&self) -> Plan {
        self.with(|planned, _| match planned {
            Ok(planned) => planned.plan.clone(),
            Err((files, diagnostics)) => panic!("{}", errors(&files, &diagnostics)),
        })
    }

    /// The plan as text, or what is wrong.
    pub fn plan(&self) -> String {
        self.with(|planned, _| match planned {
            Ok(planned) => dump(&planned.plan),
            Err((files, diagnostics)) => errors(&files, &diagnostics),
        })
    }

    /// What the systems hold: an item a line, then who is alike.
    pub fn discover(&self) -> String {
        use std::fmt::Write as _;
        self.with_inputs(|inputs, _| {
            let inputs = inputs.unwrap_or_else(|(files, wrong)| panic!("{}", errors(&files, &wrong)));
            let found = match tenure_engine::discover::discover(inputs, self.now.plus_millis(-90 * 86_400_000)) {
                Ok(found) => found,
                Err(wrong) => return errors(inputs.files, &wrong),
            };
            let mut text = String::new();
            for system in found.systems.iter().filter(|system| system.unread.is_some()) {
                let _ = writeln!(text, "system.{}: {}", system.name, system.unread.as_deref().unwrap_or_default());
            }
            for item in &found.items {
                let off = if item.active { "" } else { " off" };
                let stale = if item.stale { " stale" } else { "" };
                let _ = writeln!(text, "{} {} {}{off}{stale}", item.status.word(), item.address, item.name);
            }
            for alike in &found.alike {
                let evidence: Vec<String> =
                    alike.evidence.iter().map(|(kind, text)| format!("{} {text}", kind.word())).collect();
                let accounts: Vec<String> = alike.accounts.iter().map(Address::to_string).collect();
                let _ = writeln!(text, "{:?} {}: {}", alike.verdict, evidence.join(", "), accounts.join(" "));
            }
            for finding in &found.findings {
                let _ = writeln!(text, "{} {:?}", finding.code, finding.addresses);
            }
            text
        })
    }

    /// Settles what is in doubt, plans and applies; returns what was not done. Where all was, the next plan is empty,
    /// unless this one took something under management, which changes nothing in its run.
    pub fn apply(&mut self) -> String {
        self.settle();
        let before = self.clone();
        let (undone, later) = before.with(|planned, parts| match planned {
            Ok(planned) => {
                let plan = planned.plan.clone();
                let taken_over = |fact: &Fact| {
                    let nobodys =
                        |former: Address| former.holder().is_some_and(|holder| holder.as_str().starts_with("id:"));
                    fact.kind == FactKind::Adopted
                        || (fact.kind == FactKind::Explained && fact.object.is_some())
                        || fact.former.is_some_and(nobodys)
                };
                let later = plan.facts.iter().any(taken_over) || !self.targets.is_empty();
                (self.carry_out(planned, parts), later)
            }
            Err((files, diagnostics)) => panic!("{}", errors(&files, &diagnostics)),
        });
        if undone.is_empty() && !later {
            self.with(|planned, _| {
                let plan = planned.unwrap_or_else(|(files, wrong)| panic!("{}", errors(&files, &wrong))).plan;
                // What was taken is let go of once it is gone.
                let new = plan.facts.iter().filter(|fact| fact.kind != FactKind::Forgotten).count();
                assert!(plan.changes.is_empty() && new == 0, "the next plan is not empty:\n{}", dump(&plan));
            });
        }
        undone
    }

    /// A change of the plan is carried out without the machine, and seen to be done.
    pub fn done(&mut self, address: &str) {
        let address: Address = address.parse().unwrap();
        let change = self.with(|planned, _| {
            let plan = planned.unwrap_or_else(|(files, wrong)| panic!("{}", errors(&files, &wrong))).plan;
            plan.changes.into_iter().find(|change| change.address == address).expect("a change")
        });
        self.runs += 1;
        let run: Symbol = format!("run-{}", self.runs).into();
        let (system, account) = (address.system().unwrap(), *change.before.clone().unwrap());
        let remote = self.systems.get_mut(&system).unwrap();
        if change.action == Action::Transfer {
            remote.owned.retain(|owned| owned.account != account.id);
        }
        self.event(Event::Intent {
            run,
            intent: 1,
            kind: Kind::Account,
            target: Some(Target::Account(account.id)),
            change: Box::new(change),
            key: None,
            settle_after: self.now,
            why: Vec::new(),
        });
        let result = state::record::EventResult::Done { object: account, settled: false, note: None };
        self.event(Event::Outcome { run, intent: 1, result });
    }

    fn settle(&mut self) {
        let observed: BTreeMap<Symbol, Observed> = self
            .systems
            .iter()
            .filter(|(_, remote)| remote.unreadable.is_none())
            .map(|(name, remote)| (*name, remote.observed(self.now)))
            .collect();
        let observed: BTreeMap<Symbol, &Observed> = observed.iter().map(|(name, o)| (*name, o)).collect();
        let settlement = settle(&self.recorded, &observed, &Answers::default(), &self.connected(), &|_| true, self.now);
        settlement.events.into_iter().for_each(|event| self.event(event));
    }

    fn connected(&self) -> BTreeMap<Symbol, Connected> {
        let connected = |remote: &Remote| Connected {
            schema: remote.schema.clone(),
            capabilities: remote.capabilities.clone(),
            max_failures: 0,
        };
        self.systems.iter().map(|(name, remote)| (*name, connected(remote))).collect()
    }

    fn carry_out(&mut self, planned: Planned<'_>, parts: &Parts) -> String {
        self.runs += 1;
        let Planned { plan, resolver, watches } = planned;
        for name in plan.systems.keys() {
            self.systems.entry(*name).or_insert_with(|| Remote::new(""));
        }
        let started = RunStarted {
            run: format!("run-{}", self.runs).into(),
            actor: "ada".into(),
            host: "here".into(),
            version: "0".into(),
            command: Vec::new(),
            commit: None,
            clean: None,
            plan: plan.digest,
            undoes: plan.undoes.as_ref().map(|undoes| undoes.run),
            limits: parts.in_force.get().map(|(limits, _)| limits.clone()).unwrap_or_default(),
            populations: BTreeMap::new(),
            in_force: parts.in_force.get().map(|(_, in_force)| in_force.clone()),
            approvals: None,
        };
        let recorded = self.recorded.clone();
        let mut machine = Apply::new(&plan, &recorded, Box::new(resolver), self.connected(), started);
        machine.watch(watches);
        let report = self.drive(&mut machine);
        let done = |n: u32| report.fates.get(n as usize).is_some_and(Fate::is_done);
        let undone = (0u32..).zip(&plan.changes).filter(|(n, _)| !done(*n));
        undone
            .map(|(n, change)| format!("{} {}: {}\n", change.action.word(), change.address, report.fates[n as usize]))
            .collect()
    }

    fn drive(&mut self, machine: &mut Apply<'_>) -> Report {
        let start = self.now;
        let mut pending: VecDeque<Step> = VecDeque::new();
        let mut until = None;
        for _ in 0..1_000_000 {
            for step in machine.next(self.now) {
                match step {
                    Step::Finished(report) => {
                        self.now = start;
                        return *report;
                    }
                    Step::Wait { until: at } => until = Some(at),
                    step => pending.push_back(step),
                }
            }
            match pending.pop_front() {
                Some(step) => {
                    let answer = self.answer(step);
                    machine.on(self.now, answer);
                }
                None => self.now = until.take().expect("the machine stands still"),
            }
        }
        panic!("the machine does not end");
    }

    fn answer(&mut self, step: Step) -> Answer {
        match step {
            Step::Record { token, events } => {
                events.into_iter().for_each(|event| self.event(event));
                Answer::Recorded { token, result: Ok(()) }
            }
            Step::Read { token, system, targets } => {
                let remote = &self.systems[&system];
                Answer::Read { token, result: Ok(targets.iter().map(|target| remote.read(*target)).collect()) }
            }
            Step::Execute { token, system, orders } => {
                let outcomes = orders.iter().map(|order| self.execute(system, order)).collect();
                Answer::Executed { token, outcomes }
            }
            // Its systems have no transactions.
            Step::Ask { .. } | Step::Proceed { .. } | Step::Wait { .. } | Step::Finished(_) => unreachable!(),
        }
    }

    fn execute(&mut self, system: Symbol, order: &Order) -> Outcome {
        let remote = self.systems.get_mut(&system).unwrap();
        match self.lost.remove(&order.address) {
            Some(false) => Outcome::Unknown("connection reset".to_owned()),
            Some(true) => {
                remote.execute(system, order);
                Outcome::Unknown("connection reset".to_owned())
            }
            None => remote.execute(system, order),
        }
    }
}

/// What a plan rests on.
pub struct Parts {
    pub readings: BTreeMap<Symbol, Reading>,
    pub exclusive: bool,
    pub in_force: OnceCell<(BTreeMap<String, f64>, InForce)>,
}

/// `file:line:column: message / hint`.
pub fn errors(files: &Files, diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.span.map_or(String::new(), |span| format!("{}: ", files.place(span)));
            let hint = diagnostic.hint.as_deref().map_or(String::new(), |hint| format!("\n  hint: {hint}"));
            format!("error: {place}{}{hint}\n", diagnostic.message)
        })
        .collect()
}
