//! Numbers.

/// A number. (Skeleton: see the language helper's task.)
#[derive(Clone, Debug, PartialEq)]
pub struct Number(pub i64);
