//! LDAP on the wire (RFC 4511): [`ber`] is the encoding, [`message`] requests and answers, [`filter`] search filters,
//! [`control`] the controls in use, [`sync`] a search that goes on, [`code`] what result codes mean.
//!
//! Our own, and not the `ldap3` crate, because what a server sends must not be able to stop a whole run: `ldap3` panics
//! on malformed answers, follows nested elements until the stack is used up, and takes messages of any size. Here every
//! length and depth is bounded, and a malformed answer is an error. Entries are decoded in place, without a tree.

pub mod ber;
pub mod code;
pub mod control;
pub mod filter;
pub mod message;
pub mod sync;

pub use ber::{Malformed, Reader, Writer};
pub use code::Code;
pub use control::Control;
pub use filter::Filter;
pub use message::{Answer, Entry, Modification, Scope, Search};
