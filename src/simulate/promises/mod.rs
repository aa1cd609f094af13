//! What must never happen, watched from outside of what it is about: nothing here asks the planner, the safeguards or the
//! apply machine whether they are content with themselves.
//!
//! `record` looks at the lines and compares them with the systems; `calls` at each call when it leaves and when it
//! arrives; `policy` at what the files and the record say that a call must not do; `limits` counts.

mod calls;
mod limits;
mod policy;
mod record;

use std::collections::{BTreeMap, BTreeSet};

use state::record::Recorded;
use state::{Address, Symbol, Target};

pub use limits::Taken;

/// The promises, in the order in which they are told.
pub const PROMISES: &[&str] = &[
    ANNOUNCED,
    TIMELY,
    CHAIN,
    PAIRED,
    REPLAY,
    HONEST,
    UNSEEN,
    BREAKER,
    ALONE,
    ENDS,
    CONVERGES,
    ONE_ACCOUNT,
    UNMANAGED,
    DELETED,
    LIMITS,
    ACCESS,
    OTHERS,
    LOCKED_OUT,
    PROTECTED,
    GIVEN,
    HELD,
    UNREAD,
    SUSPENDED,
    STAGES,
    NAMES,
    WANTED,
];

pub const ANNOUNCED: &str = "every outside change stands in the record before it is made";
pub const TIMELY: &str = "no call is made so late that another run may look for it already";
pub const CHAIN: &str = "the record is whole: every line as it was written";
pub const PAIRED: &str = "every intent has its outcome, or is in doubt";
pub const REPLAY: &str = "what the record says is what the systems hold";
pub const HONEST: &str = "what is in doubt or was not done is said";
pub const UNSEEN: &str = "what others changed since the plan was made is not changed unseen";
pub const BREAKER: &str = "a system that fails and fails is left alone";
pub const ALONE: &str = "two applies never write beside each other";
pub const ENDS: &str = "apply comes to its end";
pub const CONVERGES: &str = "once nothing goes wrong any more, nothing is left to do";
pub const ONE_ACCOUNT: &str = "nobody gets a second account";
pub const UNMANAGED: &str = "what is not managed is left alone";
pub const DELETED: &str = "nothing is deleted that nobody approved";
pub const LIMITS: &str = "no more is taken, changed or given at once than the limits allow";
pub const ACCESS: &str = "roles that exclude each other never meet in one person";
pub const OTHERS: &str = "what others switched off or deleted stays so";
pub const LOCKED_OUT: &str = "nobody who is still there is locked out";
pub const PROTECTED: &str = "a protected group keeps its members";
pub const GIVEN: &str = "nobody comes into a protected group unapproved";
pub const HELD: &str = "what is new to be exclusive, looser or elsewhere waits for approval";
pub const UNREAD: &str = "nothing is done on a system that could not be read, or to what is in doubt";
pub const SUSPENDED: &str = "whoever is suspended gets nothing, and what was undone is not done again";
pub const STAGES: &str = "what somebody owns, or must be kept, is neither put away nor deleted";
pub const NAMES: &str = "a name that was somebody else's goes to nobody";
pub const WANTED: &str = "in the end everybody has what the files say, and nothing else that tenure gave";

/// A promise that broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub promise: &'static str,
    pub what: String,
}

/// What is known of the truth besides what systems and files say: only whoever made a world knows it.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Accounts (by system and holder) of those who are there and are to have one, whatever a broken export says.
    pub there: BTreeSet<(Symbol, Symbol)>,
    /// Systems whose address leads elsewhere by now, until somebody approved that.
    pub moved: BTreeSet<Symbol>,
    /// The limit of what may be taken, whatever the files say by now.
    pub share: Option<f64>,
}

/// Watches the promises.
#[derive(Default)]
pub struct Promises {
    /// How often each was checked.
    pub checked: BTreeMap<&'static str, u64>,
    pub broken: Vec<Broken>,
    /// How long the story was then, where something broke.
    pub broke: Option<usize>,
    pub truth: Truth,
    /// The fold of what is durable.
    durable: Recorded,
    /// The process that wrote last.
    writer: u64,
    /// What others changed, and tenure did not since.
    touched: BTreeSet<(Symbol, Target)>,
    /// Others changed something while this apply runs.
    meddled: bool,
    /// Accounts that calls made, by address.
    made: BTreeMap<Address, Vec<Symbol>>,
    /// Accounts and groups that a call made twice because it was delivered twice.
    ghosts: BTreeSet<(Symbol, Symbol)>,
    limits: limits::Limits,
    /// Where looking found something that is neither as before nor as wanted: the record says that, too.
    diverged: BTreeSet<Address>,
    /// What calls found changed since it was read, be it by their own first copy: a later look tells how it is.
    changed: BTreeSet<Address>,
    /// What the plan says stood there.
    images: BTreeMap<(Address, state::Action), Option<state::Object>>,
    /// Active members of protected groups when this apply began to call.
    members: BTreeMap<Address, usize>,
    /// Calls of this apply that failed, by system.
    failures: BTreeMap<Symbol, u32>,
    /// Attributes that a system did not store as it was told: the outcome says so, and the fold keeps what was meant.
    dropped: BTreeSet<(Address, Symbol)>,
    /// What calls of this apply take from somebody who left.
    leaving: BTreeSet<Address>,
    /// Accounts that were switched off by a call in this apply, before one was seen to last, by system.
    first: BTreeMap<Symbol, BTreeSet<Address>>,
}

impl Promises {
    /// Whether a call found this changed since it was read, and nothing showed since that it is as the record says.
    pub fn was_changed(&self, address: Address) -> bool {
        self.changed.contains(&address)
    }

    /// A promise was looked at.
    pub fn checked(&mut self, promise: &'static str) {
        *self.checked.entry(promise).or_default() += 1;
    }

    /// A promise broke.
    pub fn broken(&mut self, promise: &'static str, what: impl Into<String>) {
        let what = what.into();
        if !self.broken.iter().any(|known| known.promise == promise && known.what == what) {
            self.broken.push(Broken { promise, what });
        }
    }

    /// A promise was looked at, and holds or does not.
    pub fn holds(&mut self, promise: &'static str, holds: bool, what: impl FnOnce() -> String) {
        self.checked(promise);
        if !holds {
            self.broken(promise, what());
        }
    }

    /// An apply begins.
    pub(super) fn begins(&mut self, process: u64, recorded: &Recorded) {
        self.durable = recorded.clone();
        self.writer = self.writer.max(process);
        self.meddled = false;
        self.first.clear();
        self.leaving.clear();
    }

    /// Somebody approved what a safeguard holds at an address.
    fn approved(&self, code: state::Code, address: Address) -> bool {
        let mut approvals = self.durable.approvals.values().filter(|approval| approval.finding == code);
        approvals.any(|approval| approval.open.contains_key(&address) || approval.used.contains_key(&address))
    }
}
