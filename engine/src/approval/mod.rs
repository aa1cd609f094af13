//! Approvals: one finding, its addresses, and exactly the changes that hang on them.
//!
//! [`document`] is what an approval says and how it is drawn up from a plan; [`mod@lift`] holds approvals against a plan and
//! takes what they cover out of its findings; [`rules`] says what a configuration demands of them. Signatures are checked
//! by whoever can read keys; here only names arrive.

pub mod document;
pub mod lift;
pub mod rules;

pub use document::{Approval, Image, Refused, Said, draw_up};
pub use lift::{Given, Lifted, Misfit, Use, lift};
pub use rules::{Unmet, admit, in_force, lowered};

#[cfg(test)]
mod tests;
