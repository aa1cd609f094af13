//! Approvals as the record knows them: which were used for what, and what is left of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::recorded::Recorded;
use crate::{Address, Code, Digest, Symbol, Timestamp};

/// A run makes use of an approval: what `approved` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approved {
    pub run: Symbol,
    /// The digest of the approval: its name.
    pub approval: Digest,
    pub finding: Code,
    /// What the run's plan asks for of what was approved. Each is used up once its change is done.
    pub addresses: Vec<Address>,
    /// Those for which the plan has no change: used up by this line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_once: Vec<Address>,
    pub reason: String,
    /// Who wrote the approval.
    pub by: String,
    /// Whose signatures were found good, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<String>,
    pub expires: Timestamp,
}

/// An approval of which use was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsedApproval {
    pub finding: Code,
    pub reason: String,
    pub by: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<String>,
    pub expires: Timestamp,
    /// Asked for by a run and not done so far, with the run that asked last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub open: BTreeMap<Address, Symbol>,
    /// Used up, by which run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub used: BTreeMap<Address, Symbol>,
}

/// What a configuration demands of approvals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRules {
    /// How many different people must have signed.
    #[serde(default)]
    pub signatures: u32,
    /// Who runs apply may be none of those who approve.
    #[serde(default)]
    pub not_by_runner: bool,
    /// Path of the file with the keys of those who may sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_signers: Option<String>,
}

impl ApprovalRules {
    /// Whether nothing is demanded.
    pub fn is_empty(&self) -> bool {
        *self == ApprovalRules::default()
    }
}

impl Recorded {
    pub(super) fn approved(&mut self, approved: Approved) {
        let Approved { run, approval, finding, addresses, at_once, reason, by, signers, expires } = approved;
        let known = self.approvals.entry(approval).or_insert_with(|| UsedApproval {
            finding,
            reason,
            by,
            signers: Vec::new(),
            expires,
            open: BTreeMap::new(),
            used: BTreeMap::new(),
        });
        known.signers = signers;
        for address in addresses.into_iter().filter(|address| !at_once.contains(address)) {
            known.open.insert(address, run);
        }
        known.used.extend(at_once.into_iter().map(|address| (address, run)));
    }

    /// A change of `run` is done: what was approved of it is used up. Whether it was approved as one of too many.
    pub(super) fn use_up(&mut self, run: Symbol, address: Address) -> bool {
        let mut approved = false;
        for approval in self.approvals.values_mut() {
            if approval.open.get(&address) == Some(&run) {
                approval.open.remove(&address);
                approval.used.insert(address, run);
                approved |= matches!(approval.finding, Code::MassRemoval | Code::MassChange | Code::MassGrant);
            }
        }
        approved
    }
}
