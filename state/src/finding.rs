//! What a safeguard says about a plan.

use serde::{Deserialize, Serialize};

use crate::{Address, Symbol};

/// The codes of the safeguards that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    IncompleteRead,
    SourceShrank,
    MassRemoval,
    Collision,
    ProbableRename,
    SuspendedOutside,
    Vanished,
    Replaced,
    /// Attributes of too many would change.
    MassChange,
    /// Too many would be given something.
    MassGrant,
    /// Somebody gains a protected group, or rights over others.
    PrivilegedGrant,
    /// What cannot be undone.
    Irreversible,
    /// A protected group would have too few left, or tenure would lock itself out.
    LastAdmin,
    /// Limits or protections are looser than those on record.
    GuardLowered,
    /// A system is another one than on record.
    OriginChanged,
    /// A name that was somebody else's.
    ReusedIdentifier,
    /// A group or system takes what no file explains for the first time.
    FirstExclusive,
    /// A group that others can fill stands in a protected or exclusive one.
    OpenNesting,
    /// Somebody whose accounts must stay as they are.
    LegalHold,
    /// An account that still owns something.
    OwnedData,
    /// Nobody is there to whom a leaver's things could go.
    NoHeir,
    /// Somebody would have what two roles must not give to one.
    Conflict,
    /// No deactivation was seen to survive on this system yet.
    FirstDeactivation,
    /// A service all of whose owners left; shown, holds nothing.
    NoOwner,
    /// An outcome that could not be settled by looking.
    InDoubt,
    /// Access that no file explains; shown, holds nothing.
    Unexplained,
    /// An account that no file explains; shown, holds nothing.
    Unmanaged,
    /// The files would do again what was undone.
    Undone,
    /// A person or service that is suspended; shown, holds nothing.
    Suspended,
    /// A grant on something that is not there.
    DanglingGrant,
    /// What a plan rests on changed since it was made.
    StalePlan,
    /// Changes on a system that is only observed: shown, never made.
    Observed,
}

impl Code {
    /// As written in output and approvals: `mass-removal`.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::IncompleteRead => "incomplete-read",
            Code::SourceShrank => "source-shrank",
            Code::MassRemoval => "mass-removal",
            Code::Collision => "collision",
            Code::ProbableRename => "probable-rename",
            Code::SuspendedOutside => "suspended-outside",
            Code::Vanished => "vanished",
            Code::Replaced => "replaced",
            Code::MassChange => "mass-change",
            Code::MassGrant => "mass-grant",
            Code::PrivilegedGrant => "privileged-grant",
            Code::Irreversible => "irreversible",
            Code::LastAdmin => "last-admin",
            Code::GuardLowered => "guard-lowered",
            Code::OriginChanged => "origin-changed",
            Code::ReusedIdentifier => "reused-identifier",
            Code::FirstExclusive => "first-exclusive",
            Code::OpenNesting => "open-nesting",
            Code::LegalHold => "legal-hold",
            Code::OwnedData => "owned-data",
            Code::NoHeir => "no-heir",
            Code::Conflict => "conflict",
            Code::FirstDeactivation => "first-deactivation",
            Code::NoOwner => "no-owner",
            Code::InDoubt => "in-doubt",
            Code::Unexplained => "unexplained",
            Code::Unmanaged => "unmanaged",
            Code::Undone => "undone",
            Code::Suspended => "suspended",
            Code::DanglingGrant => "dangling-grant",
            Code::StalePlan => "stale-plan",
            Code::Observed => "observed",
        }
    }
}

impl Code {
    /// Why nobody can approve findings of this code, and what to do instead; none where they can be approved.
    pub fn unapprovable(self) -> Option<&'static str> {
        match self {
            Code::SourceShrank
            | Code::MassRemoval
            | Code::MassChange
            | Code::MassGrant
            | Code::ProbableRename
            | Code::PrivilegedGrant
            | Code::Irreversible
            | Code::LastAdmin
            | Code::GuardLowered
            | Code::OriginChanged
            | Code::ReusedIdentifier
            | Code::FirstExclusive
            | Code::OpenNesting
            | Code::FirstDeactivation
            | Code::Undone => None,
            Code::LegalHold => {
                Some("somebody must keep it as it is: take `legal_hold` out of the files once it is over")
            }
            Code::OwnedData => Some("what it owns would be lost: have it handed over first, see `transfer_to`"),
            Code::NoHeir => Some("nobody would get what it owns: name somebody in `transfer_to`"),
            Code::Conflict => Some("nobody may have both: change the roles, or the `conflict` block"),
            Code::DanglingGrant => Some("what it is on is not there: correct the files"),
            Code::StalePlan => Some("what it rests on changed: plan again, and have that plan reviewed"),
            Code::Observed => Some("its system is only observed: take `manage` out of its block"),
            Code::IncompleteRead => Some("what could not be read cannot be judged: make the system readable"),
            Code::Collision => Some("two cannot share one account: make the files tell them apart"),
            Code::InDoubt => Some("nobody knows what happened: the next apply looks and settles it"),
            Code::SuspendedOutside => Some("somebody else switched it off: ask them to switch it on again"),
            Code::Vanished => Some("what is gone cannot be given back: write `forget` for it"),
            Code::Replaced => Some("it is another account by now: write `forget` for it"),
            Code::Unexplained | Code::Unmanaged | Code::NoOwner | Code::Suspended => Some("it holds nothing"),
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// How far a finding reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Plan,
    System(Symbol),
    Group(Address),
    /// Only its own addresses.
    Addresses,
}

/// Whether a finding holds what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// What it covers is not applied; exit code 3.
    Holds,
    /// What it covers is shown and never applied, since its system is only observed: nothing is amiss.
    Observes,
    /// Shown only.
    Notice,
    /// Would hold, and was approved: its hint says by whom.
    Approved,
}

/// What a safeguard says: it reports and never edits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    pub scope: Scope,
    /// What it is about, and, where it holds, the changes (by address) that are held; sorted.
    pub addresses: Vec<Address>,
    /// What was found, with the numbers (how many, of how many, over which window, the limit).
    pub message: String,
    /// What to do next.
    pub hint: String,
}
