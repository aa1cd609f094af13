//! What the safeguards say, for a terminal.

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use state::{Finding, Plan, Scope, Severity};

use super::text::{BOLD, DIM, HELD};
use crate::cli::plan::Shown;
use crate::render::text::{clean, clean_lines, number};

const NOTICE: Style = AnsiColor::Blue.on_default().bold();
const APPROVED: Style = AnsiColor::Green.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Addresses named of one finding.
const NAMED: usize = 6;

/// The findings in the order in which they are shown: those that hold first.
pub fn ordered(plan: &Plan) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = plan.findings.iter().collect();
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// How far a finding reaches, in words: ` on system.chat`.
pub fn scope(finding: &Finding) -> String {
    match finding.scope {
        Scope::System(system) => format!(" on system.{system}"),
        Scope::Group(group) => format!(" on {group}"),
        Scope::Plan | Scope::Addresses => String::new(),
    }
}

/// Writes all findings, those that hold first, and how what can be approved is approved.
pub fn write(to: &mut dyn Write, plan: &Plan, shown: &Shown) -> io::Result<()> {
    ordered(plan).into_iter().try_for_each(|finding| write_one(to, finding))?;
    write_approve(to, plan, plan, shown)
}

/// The same of those that hold only, of a plan that was kept as `saved`.
pub fn write_held(to: &mut dyn Write, plan: &Plan, saved: &Plan, shown: &Shown) -> io::Result<()> {
    held(plan).try_for_each(|finding| write_one(to, finding))?;
    write_approve(to, plan, saved, shown)
}

fn held(plan: &Plan) -> impl Iterator<Item = &Finding> {
    plan.findings.iter().filter(|finding| finding.severity == Severity::Holds)
}

fn write_one(to: &mut dyn Write, finding: &Finding) -> io::Result<()> {
    let (style, word) = match finding.severity {
        Severity::Holds => (HELD, "held"),
        Severity::Observes => (NOTICE, "observed"),
        Severity::Notice => (NOTICE, "notice"),
        Severity::Approved => (APPROVED, "approved"),
    };
    match finding.severity {
        Severity::Observes => writeln!(to, "{style}{word}{style:#}{BOLD}{}{BOLD:#}", scope(finding))?,
        _ => writeln!(to, "{style}{word}: {}{style:#}{BOLD}{}{BOLD:#}", finding.code, scope(finding))?,
    }
    writeln!(to, "  {}", indented(&finding.message, 2))?;
    if !finding.addresses.is_empty() {
        writeln!(to, "  {DIM}{}{DIM:#}", addresses(finding))?;
    }
    if !finding.hint.is_empty() {
        writeln!(to, "  {HINT}hint{HINT:#}: {}", indented(&finding.hint, 8))?;
    }
    writeln!(to)
}

/// The one command for each code that would allow exactly what it holds here. What holds only since approvals lifted
/// something else is not in the plan that was kept before.
fn write_approve(to: &mut dyn Write, plan: &Plan, saved: &Plan, shown: &Shown) -> io::Result<()> {
    let approvable = held(plan).map(|finding| finding.code).filter(|code| code.unapprovable().is_none());
    let approvable: BTreeSet<&str> = approvable.map(state::Code::as_str).collect();
    let given: String = shown.approvals.iter().map(|path| format!(" --approval {}", path.display())).collect();
    let anew = match &plan.undoes {
        None => format!("tenure plan{given} --out FILE; "),
        Some(undoes) => format!("tenure undo {} --out FILE; ", clean(undoes.run.as_str())),
    };
    for code in &approvable {
        let kept = shown.kept.as_ref().filter(|_| held(saved).any(|finding| finding.code.as_str() == *code));
        let (before, file) = match kept {
            Some(path) => ("", path.display().to_string()),
            None => (anew.as_str(), "FILE".to_owned()),
        };
        writeln!(to, "{HINT}approve{HINT:#}: {before}tenure approve {file} --finding {code} --reason TEXT")?;
    }
    if !approvable.is_empty() {
        writeln!(to)?;
    }
    Ok(())
}

/// `account.chat.a, account.chat.b and 12 more`.
fn addresses(finding: &Finding) -> String {
    let named: Vec<String> = finding.addresses.iter().take(NAMED).map(|address| address.to_string()).collect();
    match finding.addresses.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {} more", named.join(", "), number(more as u64)),
    }
}

fn indented(text: &str, columns: usize) -> String {
    clean_lines(text).replace('\n', &format!("\n{:columns$}", ""))
}
