//! How systems differ where the contract of providers leaves it to them. What the twins of the real providers do is compared
//! with real servers: see [`crate::conformance::Mirrored`].

/// What an order is answered that is about something not as the order has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is as wanted: that will do.
    Done,
    Refused,
    /// It changed since it was read.
    Stale,
}

/// What a system does that neither its schema nor its capabilities say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// Giving a membership that is there already.
    pub given_membership: Reply,
    /// Giving a grant that is there already.
    pub given_grant: Reply,
    /// Taking a membership or a grant that is not there.
    pub not_there: Reply,
    /// Changing an account or a group that is not there.
    pub absent: Reply,
    /// Members that are not there are accepted.
    pub ghosts: bool,
    /// Whether it is noticed that somebody else changed an object between reading and writing.
    pub notices_changes: bool,
    /// Whether a call is a transaction that is announced before it is committed, and can be asked for.
    pub transactions: bool,
    /// Objects on a page of a listing.
    pub page: usize,
}

impl Default for Manners {
    /// As a directory: everything is judged, in one page.
    fn default() -> Manners {
        Manners {
            given_membership: Reply::Refused,
            given_grant: Reply::Refused,
            not_there: Reply::Stale,
            absent: Reply::Stale,
            ghosts: false,
            notices_changes: true,
            transactions: false,
            page: usize::MAX,
        }
    }
}
