//! The marks that writing and reading share.
//!
//! Numbers are LEB128, signed ones zigzag; a symbol is its number in the table of texts, from 0. An address is its kind and
//! its symbols. An object is its flags, and what they say is there, in the order of the flags.

/// Kinds of address.
pub mod address {
    pub const PERSON: u8 = 0;
    pub const SERVICE: u8 = 1;
    pub const SYSTEM: u8 = 2;
    pub const ROLE: u8 = 3;
    pub const ACCOUNT: u8 = 4;
    pub const GROUP: u8 = 5;
    pub const MEMBER: u8 = 6;
    pub const NESTED: u8 = 7;
    pub const GRANT: u8 = 8;
}

/// Kinds of value.
pub mod value {
    pub const NULL: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const INTEGER: u8 = 3;
    pub const FLOAT: u8 = 4;
    pub const TEXT: u8 = 5;
    pub const LIST: u8 = 6;
    pub const MAP: u8 = 7;
}

/// Kinds of target.
pub mod target {
    pub const ACCOUNT: u8 = 0;
    pub const GROUP: u8 = 1;
    pub const MEMBERSHIP: u8 = 2;
    pub const NESTED: u8 = 3;
    pub const GRANT: u8 = 4;
    pub const OWNED: u8 = 5;
}

/// Flags of an object.
pub mod object {
    pub const ACTIVE: u8 = 1;
    pub const DEACTIVATED_BY_US: u8 = 2;
    pub const ADOPTED: u8 = 4;
    pub const TARGET: u8 = 8;
    pub const ATTRIBUTES: u8 = 16;
    pub const UNTIL: u8 = 32;
    pub const WHY: u8 = 64;
    pub const STAGE: u8 = 128;
}

/// Values within values, at most: no deeper than a line of a record can be.
pub const DEPTH: u32 = 128;
