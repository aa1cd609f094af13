//! What a system answered, whole.

use std::collections::BTreeSet;

use crate::{Attributes, Object, Symbol, Timestamp};

/// The proof that an inventory is complete: given out only by [`Complete::proved`], which asks how it was proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complete {
    /// How the reader knows, for the log: `totalResults 1404 = 1404 distinct ids over 15 pages`.
    pub proof: String,
    /// When the reading began.
    pub at: Timestamp,
}

impl Complete {
    /// States that the inventory is complete, and how that was proved.
    pub fn proved(proof: impl Into<String>, at: Timestamp) -> Complete {
        Complete { proof: proof.into(), at }
    }
}

/// A place in a group as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group's id.
    pub group: Symbol,
    /// The member's id: an account's or, where `nested`, a group's.
    pub member: Symbol,
    /// Whether the member is a group.
    pub nested: bool,
    /// Qualifiers, such as `role = "maintainer"`.
    pub attributes: Attributes,
}

/// A privilege as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The id of the group that holds it.
    pub group: Symbol,
    /// What it grants.
    pub attributes: Attributes,
    /// Held only in part, and how far: `on 12 of 14 tables`. Where files want it, the rest is given; where none does
    /// any more, all of it is taken.
    pub partial: Option<Symbol>,
    /// Whether what it comes to is told beside it too, in parts that name it in `within`: always where it is held in
    /// part, and where it shares something with another grant that was asked for. By itself it then says nothing to
    /// those who neither want it nor gave it.
    pub in_parts: bool,
    /// The grants that were asked for of which this is a part. Where the group is to have one of them, or is to lose it,
    /// this says nothing new. By their text ([`crate::Schema::grant_text`]).
    pub within: Vec<Symbol>,
}

impl Grant {
    /// The grant as one object: what is held only in part has the attribute [`PARTIAL`].
    pub fn object(&self) -> Object {
        let partial = self.partial.map(|partial| (Symbol::new(PARTIAL), crate::Value::Text(partial)));
        Object::new("", partial.into_iter().chain(self.attributes.iter().cloned()).collect())
    }
}

/// The attribute of a grant that is held in part when it is read or stands as a pre-image: how far it is held.
pub const PARTIAL: &str = "partial";

/// The attribute of a pre-image that names the parts of a grant that was held in part, as grants; kept beside the object,
/// none of its attributes.
pub const PARTS: &str = "@parts";

/// The attribute of an order that takes a grant: the grants of the same group that may cover some of it and stay
/// ([`crate::Schema::grant_overlap`]).
pub const KEEP: &str = "keep";

/// A grant that was asked for and has nothing to stand on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dangling {
    /// What was asked for.
    pub grant: Attributes,
    /// Why, for reading: `database sales has no table public.orderz`.
    pub why: Symbol,
    /// Whether something is named that is not there; otherwise nothing fits at present, and nothing is amiss.
    pub named: bool,
}

/// What an account owns, counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owned {
    /// The account's id.
    pub account: Symbol,
    /// Where: a database, a folder.
    pub place: Symbol,
    /// What: `table`, `function`, in the singular.
    pub kind: Symbol,
    pub count: u64,
}

/// A complete inventory of one system. There is no way to make one without [`Complete`]: partial, failed, forbidden
/// and empty are different things, and only the last of them is an `Observed`.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Proof and time.
    pub complete: Complete,
    /// All accounts, ordered by id.
    pub accounts: Vec<Object>,
    /// All groups, ordered by id.
    pub groups: Vec<Object>,
    /// All memberships, ordered by group, then member.
    pub memberships: Vec<Membership>,
    /// All grants, ordered by group, then attributes.
    pub grants: Vec<Grant>,
    /// What accounts own, ordered; empty where a system knows no owners.
    pub owned: Vec<Owned>,
    /// Grants that were asked for and have nothing to stand on, ordered.
    pub dangling: Vec<Dangling>,
    /// When accounts signed in last, by id, ordered; an account that is not there never did. None where the system does
    /// not tell.
    pub signed_in: Option<Vec<(Symbol, Timestamp)>>,
    /// The ids of the accounts whose credentials tenure itself uses here, to read and to write, where the system tells;
    /// ordered.
    pub own: Vec<Symbol>,
}

impl Observed {
    /// A complete inventory out of its parts, put in order.
    pub fn new(
        complete: Complete,
        mut accounts: Vec<Object>,
        mut groups: Vec<Object>,
        mut memberships: Vec<Membership>,
        mut grants: Vec<Grant>,
    ) -> Observed {
        accounts.sort_by_key(|account| account.id);
        groups.sort_by_key(|group| group.id);
        memberships.sort_by_key(|membership| (membership.group, membership.member, membership.nested));
        grants.sort_by(|a, b| (a.group, &a.attributes).cmp(&(b.group, &b.attributes)));
        Observed {
            complete,
            accounts,
            groups,
            memberships,
            grants,
            owned: Vec::new(),
            dangling: Vec::new(),
            signed_in: None,
            own: Vec::new(),
        }
    }

    /// The same with what its accounts own.
    pub fn with_owned(self, mut owned: Vec<Owned>) -> Observed {
        owned.sort_unstable();
        Observed { owned, ..self }
    }

    /// The same with when its accounts signed in last.
    pub fn with_signed_in(self, signed_in: impl IntoIterator<Item = (Symbol, Timestamp)>) -> Observed {
        let mut signed_in: Vec<_> = signed_in.into_iter().collect();
        signed_in.sort_unstable();
        Observed { signed_in: Some(signed_in), ..self }
    }

    /// When the account with this id signed in last, as far as the system tells.
    pub fn signed_in(&self, account: Symbol) -> Option<Timestamp> {
        let told = self.signed_in.as_ref()?;
        told.binary_search_by_key(&account, |(id, _)| *id).ok().and_then(|at| told.get(at)).map(|(_, when)| *when)
    }

    /// The same with the accounts whose credentials tenure uses.
    pub fn with_own(self, own: impl IntoIterator<Item = Symbol>) -> Observed {
        let own: BTreeSet<Symbol> = own.into_iter().collect();
        Observed { own: own.into_iter().collect(), ..self }
    }

    /// The same with the grants that have nothing to stand on.
    pub fn with_dangling(self, mut dangling: Vec<Dangling>) -> Observed {
        dangling.sort_unstable();
        Observed { dangling, ..self }
    }
}
