//! The words of tenure (address, value, object, change, plan, event, outcome) and its record.
//!
//! Nothing here touches a clock, a disk, a network or a random number: what this crate says about the world was
//! handed to it. See `ARCHITECTURE.md` for the map.

pub mod address;
pub mod attributes;
pub mod change;
pub mod digest;
pub mod dn;
pub mod finding;
mod from_text;
pub mod object;
pub mod observed;
pub mod order;
pub mod owned;
pub mod plan;
pub mod ranks;
pub mod record;
pub mod schema;
pub mod symbol;
pub mod time;
pub mod value;

pub use address::{Address, Member};
pub use attributes::Attributes;
pub use change::{Action, Change, Reason, ReasonId, Undo, Wanted, WantedAttributes};
pub use digest::Digest;
pub use finding::{Code, Finding, Scope, Severity};
pub use object::{Kind, Object, Presence, Target, Touched, TransactionState};
pub use observed::{Complete, Dangling, Grant, Membership, Observed, Owned};
pub use order::{Order, Outcome};
pub use owned::Owns;
pub use plan::{Batch, Commit, Fact, FactKind, Left, LeftKind, Plan, SourceRead, SystemRead, SystemSummary, Undoes};
pub use ranks::{Ranks, sort_by_address};
pub use schema::{
    AttributeSchema, AttributeType, Capabilities, GrantError, GrantForm, Key, Mutability, Schema, Shape,
    grant_attributes,
};
pub use symbol::Symbol;
pub use time::Timestamp;
pub use value::Value;
