//! Approvals held against a plan.

use std::collections::{BTreeMap, BTreeSet};

use state::record::{Approved, Recorded};
use state::{Address, Change, Code, Digest, Finding, Plan, Severity, Symbol, Timestamp};

use super::document::{Approval, Image, by_address, images_of, says};

/// An approval as it was handed in.
#[derive(Clone, Debug)]
pub struct Given {
    pub approval: Approval,
    /// Its digest: the name under which the record knows it.
    pub digest: Digest,
    /// Whose signatures were found good, sorted.
    pub signers: Vec<String>,
}

/// What became of the approvals.
#[derive(Clone, Debug, Default)]
pub struct Lifted {
    pub uses: Vec<Use>,
    /// Places, among those given, of approvals that nothing in the plan asks for.
    pub unneeded: Vec<usize>,
}

/// What a plan makes use of.
#[derive(Clone, Debug)]
pub struct Use {
    given: Given,
    addresses: Vec<Address>,
    at_once: Vec<Address>,
}

impl Use {
    /// As the record of `run` says it.
    pub fn event(&self, run: Symbol) -> Approved {
        let Given { approval, digest, signers } = &self.given;
        Approved {
            run,
            approval: *digest,
            finding: approval.finding,
            addresses: self.addresses.clone(),
            at_once: self.at_once.clone(),
            reason: approval.reason.clone(),
            by: approval.by.clone(),
            signers: signers.clone(),
            expires: approval.expires,
        }
    }
}

/// Why an approval is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    #[error("it is for another state file: lineage {theirs}, and this one has {ours}")]
    Lineage { theirs: Symbol, ours: Symbol },
    #[error("it expired at {0}")]
    Expired(Timestamp),
    #[error("it was written at {0}, which lies ahead: one of the clocks is wrong")]
    Early(Timestamp),
    #[error("`{code}` cannot be approved: {why}")]
    NotApprovable { code: Code, why: &'static str },
    #[error("{address} was used up by run {run}: an approval is good for one time")]
    Used { address: Address, run: Symbol },
    #[error("{address}: {what}")]
    Differs { address: Address, what: String },
    #[error("it does not cover what `{code}` holds in this plan: {}", named(.held))]
    Others { code: Code, held: Vec<Address> },
}

fn named(addresses: &[Address]) -> String {
    let names: Vec<String> = addresses.iter().take(3).map(Address::to_string).collect();
    match addresses.len().saturating_sub(3) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// A clock may be ahead of another by so many milliseconds.
const AHEAD: i64 = 300_000;

/// Takes what `given` approve out of the findings of `plan`, address by address. What they do not cover stays held.
///
/// # Errors
/// By place among those given: why it is refused. Nothing is taken out then.
pub fn lift(plan: &mut Plan, given: &[Given], recorded: &Recorded, now: Timestamp) -> Result<Lifted, (usize, Misfit)> {
    let mut lifted = Lifted::default();
    let changes = by_address(plan);
    let mut covered: Vec<(usize, BTreeSet<Address>)> = Vec::new();
    for (place, one) in given.iter().enumerate() {
        check(one, plan, recorded, now).map_err(|misfit| (place, misfit))?;
        match cover(one, plan, &changes, recorded).map_err(|misfit| (place, misfit))? {
            Some(addresses) => covered.push((place, addresses)),
            None => lifted.unneeded.push(place),
        }
    }
    for (place, addresses) in &covered {
        let Some(one) = given.get(*place) else { continue };
        let at_once = addresses.iter().copied().filter(|address| !changes.contains_key(address)).collect();
        lifted.uses.push(Use { given: one.clone(), addresses: addresses.iter().copied().collect(), at_once });
    }
    drop(changes);
    for (place, addresses) in covered {
        if let Some(one) = given.get(place) {
            take_out(plan, one, &addresses);
        }
    }
    plan.findings.sort();
    Ok(lifted)
}

/// What can be said of an approval before its changes are looked at.
fn check(given: &Given, plan: &Plan, recorded: &Recorded, now: Timestamp) -> Result<(), Misfit> {
    let approval = &given.approval;
    if let Some(why) = approval.finding.unapprovable() {
        return Err(Misfit::NotApprovable { code: approval.finding, why });
    }
    if approval.lineage != plan.lineage {
        return Err(Misfit::Lineage { theirs: approval.lineage, ours: plan.lineage });
    }
    if approval.at > now.plus_millis(AHEAD) {
        return Err(Misfit::Early(approval.at));
    }
    if approval.expires <= now {
        return Err(Misfit::Expired(approval.expires));
    }
    let used = recorded.approvals.get(&given.digest).map(|known| &known.used);
    if let Some((address, run)) = used.and_then(|used| used.iter().next())
        && approval.whole.is_empty()
        && used.is_some_and(|used| approval.addresses.keys().all(|address| used.contains_key(address)))
    {
        return Err(Misfit::Used { address: *address, run: *run });
    }
    Ok(())
}

/// The addresses of the plan's findings that the approval covers; none where nothing asks for it.
fn cover(
    given: &Given,
    plan: &Plan,
    changes: &BTreeMap<Address, Vec<&Change>>,
    recorded: &Recorded,
) -> Result<Option<BTreeSet<Address>>, Misfit> {
    let approval = &given.approval;
    let used = recorded.approvals.get(&given.digest).map(|known| &known.used);
    let mut covered = BTreeSet::new();
    let mut others = Vec::new();
    let mut whole = false;
    for finding in plan.findings.iter().filter(|finding| holds(finding, approval.finding)) {
        whole |= finding.addresses.is_empty() && approval.whole.contains(&says(finding));
        for address in &finding.addresses {
            let Some(images) = approval.addresses.get(address) else {
                others.push(*address);
                continue;
            };
            for asked in images_of(changes, *address, finding) {
                if !images.contains(&asked) {
                    return Err(Misfit::Differs { address: *address, what: difference(images, asked) });
                }
            }
            if let Some(run) = used.and_then(|used| used.get(address)) {
                return Err(Misfit::Used { address: *address, run: *run });
            }
            covered.insert(*address);
        }
    }
    if !covered.is_empty() || whole {
        return Ok(Some(covered));
    }
    if others.is_empty() { Ok(None) } else { Err(Misfit::Others { code: approval.finding, held: others }) }
}

fn holds(finding: &Finding, code: Code) -> bool {
    finding.severity == Severity::Holds && finding.code == code
}

/// What differs between what was approved at an address and what is asked for.
fn difference(approved: &[Image], asked: Image) -> String {
    let Image::Change { action, before, .. } = asked else {
        return "the finding says something else about it by now".to_owned();
    };
    let of_action = approved.iter().find_map(|image| match image {
        Image::Change { action: own, before, .. } if *own == action => Some(*before),
        _ => None,
    });
    match of_action {
        None => format!("`{}` was not approved", action.word()),
        Some(approved) if approved != before => {
            "what stands there is not what stood there when it was approved".to_owned()
        }
        Some(_) => format!("`{}` was approved to leave something else behind", action.word()),
    }
}

/// Splits what is approved off the findings.
fn take_out(plan: &mut Plan, given: &Given, covered: &BTreeSet<Address>) {
    let Approval { finding: code, reason, by, whole, expires, .. } = &given.approval;
    let signed = match given.signers.len() {
        0 => String::new(),
        _ => format!(", signed by {}", given.signers.join(", ")),
    };
    for mut finding in std::mem::take(&mut plan.findings) {
        let all = finding.addresses.is_empty() && whole.contains(&says(&finding));
        let (taken, left): (Vec<Address>, Vec<Address>) =
            finding.addresses.iter().partition(|address| covered.contains(*address));
        if !holds(&finding, *code) || (taken.is_empty() && !all) {
            plan.findings.push(finding);
            continue;
        }
        let hint = format!("approved by {by}{signed} until {expires}: {reason}");
        plan.findings.push(Finding { severity: Severity::Approved, addresses: taken, hint, ..finding.clone() });
        if !left.is_empty() {
            finding.addresses = left;
            plan.findings.push(finding);
        }
    }
}
