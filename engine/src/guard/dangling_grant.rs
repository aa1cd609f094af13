//! `dangling-grant`: a grant on something that is not there. Held where the files name it; where nothing fits at
//! present it is shown only, and given once something does.

use state::{Address, Code, Dangling, Finding, Scope, Severity, Symbol};

use super::{count, holds};

pub(crate) fn findings(system: Symbol, baseless: &[(Address, &Dangling)]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = baseless
        .iter()
        .filter(|(_, dangling)| dangling.named)
        .map(|(address, dangling)| {
            let message = format!("{address} cannot be given: {}", dangling.why);
            let hint = "correct its name, make what it names, or take the grant out of the files";
            holds(Code::DanglingGrant, Scope::Addresses, vec![*address], message, hint)
        })
        .collect();
    let mut idle: Vec<(Address, Symbol)> = Vec::new();
    idle.extend(baseless.iter().filter(|(_, dangling)| !dangling.named).map(|(address, one)| (*address, one.why)));
    idle.sort_unstable();
    if let Some((_, why)) = idle.first() {
        let more = if idle.len() > 1 { ", ..." } else { "" };
        let message = format!(
            "{} of system.{system} with nothing to stand on at present: {why}{more}",
            count(idle.len(), "grant")
        );
        findings.push(Finding {
            code: Code::DanglingGrant,
            severity: Severity::Notice,
            scope: Scope::System(system),
            addresses: idle.into_iter().map(|(address, _)| address).collect(),
            message,
            hint: "nothing needs to be done: it is given once something fits".to_owned(),
        });
    }
    findings
}
