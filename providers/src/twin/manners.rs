//! How systems differ where the contract of providers leaves it to them.

/// What a system does that neither its schema nor its capabilities say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// Giving what is there already is taken for done.
    pub shrugs_at_given: bool,
    /// Taking what is not there is taken for done.
    pub shrugs_at_taken: bool,
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
            shrugs_at_given: false,
            shrugs_at_taken: false,
            ghosts: false,
            notices_changes: true,
            transactions: false,
            page: usize::MAX,
        }
    }
}
