//! What an approval says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use state::{Action, Address, Attributes, Change, Code, Digest, Finding, Plan, Severity, Symbol, Timestamp};

/// Somebody's word that what one safeguard holds may be done: exactly these changes, for a while, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub finding: Code,
    pub reason: String,
    /// Who wrote it, and on which host.
    pub by: String,
    pub host: String,
    pub at: Timestamp,
    /// Good until then.
    pub expires: Timestamp,
    /// The state file that it is for.
    pub lineage: Symbol,
    /// The plan that it was written for. It holds for any plan that asks for a part of the same.
    pub plan: Digest,
    /// What may be done.
    pub addresses: BTreeMap<Address, Vec<Image>>,
    /// Findings that are about no address, by the digests of what they say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub whole: Vec<Digest>,
}

/// What is approved at one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Image {
    /// A change, with the digests of its pre-image and post-image.
    Change { action: Action, before: Digest, after: Digest },
    /// No change: the digest of what the finding says about it.
    Says(Digest),
}

/// Why an approval cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("`{code}` cannot be approved: {why}")]
    NotApprovable { code: Code, why: &'static str },
    #[error("nothing in this plan is held by `{code}`{}", holding(.others))]
    NoFinding { code: Code, others: Vec<Code> },
    #[error("`{code}` does not hold {address} in this plan")]
    NotHeld { code: Code, address: Address },
}

fn holding(others: &[Code]) -> String {
    let names: Vec<String> = others.iter().map(|code| format!("`{code}`")).collect();
    if names.is_empty() { String::new() } else { format!(": {} holds something", names.join(", ")) }
}

/// Who approves what, and why.
pub struct Said<'a> {
    pub finding: Code,
    /// Only these addresses; empty: all that the finding is about.
    pub only: &'a [Address],
    pub reason: &'a str,
    pub by: String,
    pub host: String,
    pub at: Timestamp,
    pub expires: Timestamp,
}

/// Writes an approval of what `said.finding` holds in `plan`.
///
/// # Errors
/// Where such findings cannot be approved, or none holds that.
pub fn draw_up(plan: &Plan, said: Said<'_>) -> Result<Approval, Refused> {
    let code = said.finding;
    if let Some(why) = code.unapprovable() {
        return Err(Refused::NotApprovable { code, why });
    }
    let held = || plan.findings.iter().filter(|finding| finding.severity == Severity::Holds);
    let findings: Vec<&Finding> = held().filter(|finding| finding.code == code).collect();
    if findings.is_empty() {
        let mut others: Vec<Code> = held().map(|finding| finding.code).collect();
        others.dedup();
        return Err(Refused::NoFinding { code, others });
    }
    let missing = said.only.iter().find(|asked| !findings.iter().any(|finding| finding.addresses.contains(asked)));
    if let Some(address) = missing {
        return Err(Refused::NotHeld { code, address: *address });
    }
    let changes = by_address(plan);
    let mut addresses: BTreeMap<Address, Vec<Image>> = BTreeMap::new();
    for finding in &findings {
        for address in finding.addresses.iter().filter(|own| said.only.is_empty() || said.only.contains(own)) {
            let images = addresses.entry(*address).or_default();
            for image in images_of(&changes, *address, finding) {
                if !images.contains(&image) {
                    images.push(image);
                }
            }
        }
    }
    let without = findings.iter().filter(|finding| finding.addresses.is_empty() && said.only.is_empty());
    let whole = without.map(|finding| says(finding)).collect();
    let Said { finding, only: _, reason, by, host, at, expires } = said;
    let reason = reason.to_owned();
    Ok(Approval { finding, reason, by, host, at, expires, lineage: plan.lineage, plan: plan.digest, addresses, whole })
}

/// Changes of a plan by their addresses.
pub(super) fn by_address(plan: &Plan) -> BTreeMap<Address, Vec<&Change>> {
    let mut map: BTreeMap<Address, Vec<&Change>> = BTreeMap::new();
    for change in &plan.changes {
        map.entry(change.address).or_default().push(change);
    }
    map
}

/// What a plan asks for at an address that `finding` is about.
pub(super) fn images_of(changes: &BTreeMap<Address, Vec<&Change>>, address: Address, finding: &Finding) -> Vec<Image> {
    match changes.get(&address) {
        Some(changes) => changes.iter().map(|change| image(change)).collect(),
        None => vec![Image::Says(says(finding))],
    }
}

/// The digest of what a finding says.
pub(super) fn says(finding: &Finding) -> Digest {
    Digest::of(finding.message.as_bytes())
}

/// Pre-image and post-image of a change; versions are outside, and so is why it is wanted.
fn image(change: &Change) -> Image {
    #[derive(Serialize)]
    struct Before<'a> {
        id: Symbol,
        active: bool,
        attributes: &'a Attributes,
    }
    let before = change.before.as_deref().map(|before| Before {
        id: before.id,
        active: before.active,
        attributes: &before.attributes,
    });
    Image::Change { action: change.action, before: digest(&before), after: digest(&(&change.after, change.until)) }
}

/// Data without maps of non-string keys is always written; an empty answer would fit nothing.
fn digest(data: &impl Serialize) -> Digest {
    Digest::of(&serde_json::to_vec(data).unwrap_or_default())
}
