//! The HTTP client that providers share: one [`Connection`] per system.
//!
//! [`settings`] reads and checks a system block's settings; [`connection`] sends: reads are retried ([`retry`]), writes
//! never; [`pace`] keeps the rate; [`authorization`] knows the credential and hides it; [`answer`] and [`error`] are
//! what comes back.

pub mod answer;
pub mod authorization;
pub mod connection;
pub mod error;
pub mod pace;
pub mod retry;
pub mod settings;

pub use answer::Answer;
pub use authorization::Secret;
pub use connection::Connection;
pub use error::{HttpError, WriteFailure};
pub use settings::HttpSettings;
