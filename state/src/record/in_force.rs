//! What was in force at the last run beside the limits: a later run is judged by the stricter of this and its files.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Address, Attributes, Symbol, Timestamp};

/// Protections, the addresses of systems, and what is exclusive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// `protect` blocks by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub protections: BTreeMap<Symbol, Protection>,
    /// What says which system is meant (`url`, `path`), by system and setting; of sensitive ones the HMAC.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub origins: BTreeMap<Symbol, BTreeMap<Symbol, Symbol>>,
    /// Systems and groups that take what no file explains.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub exclusive: BTreeSet<Address>,
}

/// A `protect` block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    pub groups: BTreeSet<Address>,
    #[serde(default)]
    pub minimum_members: u32,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub always: BTreeSet<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_from: Option<Symbol>,
}

/// Names that an account had: after it was deleted, or before it was renamed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Former {
    pub address: Address,
    pub attributes: Attributes,
    pub at: Timestamp,
}
