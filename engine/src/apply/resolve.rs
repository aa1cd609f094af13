//! Values that are known only once something else was made.

use state::{Address, Object, Symbol};

/// Evaluates the attributes that a plan leaves open: what is known only after apply, and secrets, which no plan holds.
/// `made` answers with what this run has made or changed so far, of the addresses that deferred values need.
pub trait Resolve {
    /// The values of the deferred `attributes` of the account or group at `address`, in the same order. An error says
    /// what failed and what to do; the change is then not done.
    fn resolve(
        &self,
        address: Address,
        attributes: &[Symbol],
        made: &dyn Fn(Address) -> Option<Object>,
    ) -> Result<Vec<state::Value>, String>;

    /// The sensitive `attributes` of `address` in the clear, in the same order.
    fn secrets(
        &self,
        address: Address,
        attributes: &[Symbol],
        made: &dyn Fn(Address) -> Option<Object>,
    ) -> Result<Vec<String>, String>;

    /// The remote id of an account or group that stands neither in the record nor among what this run makes (accounts
    /// that no file explains), as the planner observed it.
    fn remote_id(&self, _address: Address) -> Option<Symbol> {
        None
    }
}

/// For plans in which everything is known.
pub struct Nothing;

impl Resolve for Nothing {
    fn resolve(
        &self,
        _: Address,
        attributes: &[Symbol],
        _: &dyn Fn(Address) -> Option<Object>,
    ) -> Result<Vec<state::Value>, String> {
        missing(attributes)
    }

    fn secrets(
        &self,
        _: Address,
        attributes: &[Symbol],
        _: &dyn Fn(Address) -> Option<Object>,
    ) -> Result<Vec<String>, String> {
        missing(attributes)
    }
}

fn missing<T>(attributes: &[Symbol]) -> Result<Vec<T>, String> {
    match attributes.first() {
        None => Ok(Vec::new()),
        Some(name) => Err(format!("`{name}` is known only after apply, and there is no configuration to evaluate it")),
    }
}
