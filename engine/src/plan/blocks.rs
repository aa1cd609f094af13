//! Blocks that vanished from the files while the record still holds what they declared.

use rustc_hash::FxHashSet;
use state::{Address, Symbol};

use super::book::covers;
use super::planner::Planner;
use crate::language::Diagnostic;

impl Planner<'_> {
    /// A system, group or service block that vanishes is an error until `previously`, `forget` or `remove` stands for
    /// it: a slip of the hand on a block must not take everybody's access.
    pub(super) fn check_vanished_blocks(&mut self) {
        let configuration = self.inputs.configuration;
        let groups: FxHashSet<(Symbol, Symbol)> =
            configuration.groups.iter().map(|group| (group.system, group.name)).collect();
        let mut vanished = Vec::new();
        for system in self.book.systems() {
            let address = Address::System(system);
            if !configuration.systems.contains_key(&system) {
                let what = if self.removed(address) { "only a system that has a block can be changed" } else { "" };
                vanished.push((address, what));
                continue;
            }
            for entry in self.book.on(system).iter() {
                if let Address::Group { system, group } = entry.address
                    && !groups.contains(&(system, group))
                    && !self.removed(entry.address)
                {
                    vanished.push((entry.address, ""));
                }
            }
        }
        for address in &self.book.identities {
            if let Address::Service(name) = *address
                && !self.identities.contains_key(&name)
                && !self.removed(*address)
            {
                vanished.push((*address, ""));
            }
        }
        self.diagnostics.extend(vanished.into_iter().map(|(address, what)| vanished_block(address, what)));
    }

    /// Whether a `forget` block covers this address: as long as it stands, tenure leaves alone what it names.
    pub(super) fn forgotten(&self, address: Address) -> bool {
        self.inputs.configuration.forgets.iter().any(|(forgotten, _)| covers(*forgotten, address))
    }

    /// Whether a `remove` or `forget` block covers this address: nothing is given there.
    pub(super) fn unwanted(&self, address: Address) -> bool {
        self.removed(address) || self.forgotten(address)
    }

    /// Whether a `remove` block covers this address.
    pub(super) fn removed(&self, address: Address) -> bool {
        self.inputs.configuration.removes.iter().any(|(removed, _)| covers(*removed, address))
    }
}

fn vanished_block(address: Address, what: &str) -> Diagnostic {
    let previously = match address {
        Address::System(_) => "",
        _ => "`previously` in the block that it became, ",
    };
    let what = if what.is_empty() { String::new() } else { format!(" ({what})") };
    Diagnostic {
        message: format!("the record holds {address}, but no block declares it any more{what}"),
        span: None,
        label: String::new(),
        related: Vec::new(),
        hint: Some(format!(
            "put the block back, or write {previously}`remove {{ address = \"{address}\" }}` to take away what tenure \
             gave there, or `forget {{ address = \"{address}\" }}` to leave it as it is, unmanaged"
        )),
    }
}
