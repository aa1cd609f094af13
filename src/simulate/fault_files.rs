//! `*.fault.hcl`: what is to go wrong in a simulation.

use engine::language::{Block, Diagnostic, Files, parse::parse};
use providers::twin;
use state::Address;

use super::fault::{Kind, Process, Rule};
use super::words;

/// All `fault` blocks of these files.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read(files: &Files) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    let (blocks, mut wrong) = parse(files);
    let rules = blocks.iter().filter_map(|block| rule(block, &mut wrong)).collect();
    if wrong.is_empty() { Ok(rules) } else { Err(wrong) }
}

fn rule(block: &Block, wrong: &mut Vec<Diagnostic>) -> Option<Rule> {
    let name = match (&*block.kind, block.labels.as_slice()) {
        ("fault", [(name, _)]) => name.to_string(),
        ("fault", _) => {
            wrong.push(Diagnostic::new(block.span, "a fault has one name").hint("write fault \"late\" { ... }"));
            return None;
        }
        (other, _) => {
            let hint = "a fault file has blocks such as fault \"late\" { kind = \"delay\" }";
            wrong.push(Diagnostic::new(block.span, format!("there is no block `{other}` here")).hint(hint));
            return None;
        }
    };
    words::only(block, &["kind", "system", "rate", "between", "from", "until", "at"], &[], wrong);
    let kind = match block.attribute("kind") {
        Some(attribute) => words::value(&attribute.value).and_then(|value| kind(attribute.value.span, &value)),
        None => Err(Diagnostic::new(block.span, format!("fault {name:?} lacks `kind`")).hint(kinds())),
    };
    let kind = kind.map_err(|diagnostic| wrong.push(diagnostic)).ok()?;
    let system = words::read(block, "system", wrong, |attribute| {
        let value = words::value(&attribute.value)?;
        match words::address(attribute.value.span, &value) {
            Ok(Address::System(name)) => Ok(name),
            _ => Err(Diagnostic::new(attribute.value.span, "this is not a system").hint("write system = system.chat")),
        }
    });
    let rate = words::read(block, "rate", wrong, |attribute| {
        let rate = words::number(attribute.value.span, &words::value(&attribute.value)?)?;
        match (0.0..=1.0).contains(&rate) {
            true => Ok(rate),
            false => Err(Diagnostic::new(attribute.value.span, "a rate lies between 0 and 1")),
        }
    });
    let between = words::read(block, "between", wrong, |attribute| match words::items(&attribute.value)?.as_slice() {
        [(low, from), (high, to)] => Ok((words::duration(*low, from)?, words::duration(*high, to)?)),
        _ => Err(Diagnostic::new(attribute.value.span, "two times are needed").hint("write [\"30s\", \"10m\"]")),
    });
    let moment = |name, wrong: &mut Vec<Diagnostic>| {
        words::read(block, name, wrong, |attribute| {
            words::moment(attribute.value.span, &words::value(&attribute.value)?)
        })
    };
    let (from, until) = (moment("from", wrong), moment("until", wrong));
    let at = words::read(block, "at", wrong, |attribute| {
        let times = words::items(&attribute.value)?.into_iter().map(|(span, value)| words::number(span, &value));
        times.map(|number| number.map(|number| number as u64)).collect::<Result<Vec<u64>, _>>()
    });
    let at = at.unwrap_or_default();
    let rate = rate.unwrap_or(if at.is_empty() { RATE } else { 0.0 });
    let between = between.unwrap_or_else(|| lasts(kind));
    Some(Rule { fault: twin::Fault { name, kind, rate, between, from, until, at }, system })
}

/// How often a fault strikes where nothing is said.
const RATE: f64 = 0.05;

/// How long it lasts where nothing is said.
fn lasts(kind: Kind) -> (i64, i64) {
    match kind {
        Kind::System(twin::Kind::Delay | twin::Kind::StaleRead) => (0, 5_000),
        Kind::System(twin::Kind::Busy) => (100, 5_000),
        Kind::System(twin::Kind::RightsLost) => (60_000, 7_200_000),
        Kind::Process(Process::ClockSkew) => (-7_200_000, 1_000),
        Kind::Process(Process::Killed) => (1_000, 600_000),
        _ => (0, 0),
    }
}

/// Every kind, now and then: what `--runs` does without any fault file.
pub fn usual() -> Vec<Rule> {
    use twin::Kind as Own;
    let rate = |kind| match kind {
        Kind::System(Own::Meddling) => 0.002,
        Kind::System(Own::Vanish) => 0.000_2,
        Kind::System(Own::RightsLost | Own::PartialPages | Own::ReorderedPages) => 0.03,
        Kind::System(_) => 0.01,
        Kind::Process(Process::Killed) => 0.002,
        Kind::Process(Process::ClockSkew) => 0.05,
        Kind::Process(_) => 0.004,
    };
    Kind::all().map(|kind| Rule::new(kind, rate(kind), lasts(kind))).collect()
}

fn kinds() -> String {
    let words: Vec<&str> = Kind::all().map(Kind::word).collect();
    format!("there is {}", words.join(", "))
}

fn kind(span: engine::language::Span, value: &engine::language::Value) -> Result<Kind, Diagnostic> {
    let written = words::text(span, value)?;
    Kind::all().find(|kind| kind.word() == written).ok_or_else(|| {
        let hint =
            engine::language::diagnostic::did_you_mean(&written, Kind::all().map(Kind::word)).unwrap_or_else(kinds);
        Diagnostic::new(span, format!("there is no kind of fault {written:?}")).hint(hint)
    })
}
