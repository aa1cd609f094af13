//! Signatures as `ssh-keygen -Y sign` makes them (OpenSSH's PROTOCOL.sshsig), and who may sign.
//!
//! `wire` reads the length-prefixed strings of SSH; `signature` takes an armoured signature apart and checks it;
//! `signers` reads `allowed_signers` files (ssh-keygen(1), ALLOWED SIGNERS) and says whose key it is.

mod signature;
mod signers;
mod wire;

pub use signature::{Signature, Wrong, split};
pub use signers::{AllowedSigners, Refused};

/// What approvals are signed for: a signature for mail or a commit is none for them.
pub const NAMESPACE: &str = "tenure";

#[cfg(test)]
mod tests;
