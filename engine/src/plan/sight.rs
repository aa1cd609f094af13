//! What planning saw of one system: whose each account and group is, and which access the files explain. Kept where
//! somebody asks for more than the plan says ([`crate::discover`]).

use rustc_hash::FxHashSet;
use state::{Address, Symbol};

/// One system, by the numbers of its inventory.
pub(crate) struct Sight {
    /// Whose each account is.
    pub(crate) holders: Vec<Option<Symbol>>,
    /// Which group of files or record each group is.
    pub(crate) groups: Vec<Option<Symbol>>,
    /// Whether the files want each membership.
    pub(crate) explained: Vec<bool>,
    /// Grants of groups whose blocks say `grants` that none of these gives.
    pub(crate) unexplained: FxHashSet<Address>,
}
