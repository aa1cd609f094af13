//! Remote ids of what changes point at: recorded, adopted by this plan, or made by this run.

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::Recorded;
use state::{Action, Address, Change, FactKind, Kind, Object, Plan, Symbol, Target, Wanted};

use super::Resolve;

/// The kind of thing that `address` names on its system: none for people, services, systems and roles.
pub fn kind(address: Address) -> Option<Kind> {
    match address {
        Address::Account { .. } => Some(Kind::Account),
        Address::Group { .. } => Some(Kind::Group),
        Address::Membership { .. } => Some(Kind::Membership),
        Address::Grant { .. } => Some(Kind::Grant),
        _ => None,
    }
}

/// Remote ids by address.
pub(super) struct Ids<'a> {
    recorded: &'a Recorded,
    known: FxHashMap<Address, Symbol>,
    former: FxHashMap<Address, Address>,
    /// What deferred values need, and those objects as far as this run made or changed them.
    needed: FxHashSet<Address>,
    made: FxHashMap<Address, Object>,
}

impl<'a> Ids<'a> {
    pub(super) fn new(plan: &Plan, recorded: &'a Recorded) -> Ids<'a> {
        let mut ids = Ids {
            recorded,
            known: FxHashMap::default(),
            former: FxHashMap::default(),
            needed: FxHashSet::default(),
            made: FxHashMap::default(),
        };
        for fact in &plan.facts {
            if let (Some(object), Some(Kind::Account | Kind::Group)) = (&fact.object, kind(fact.address))
                && object.id.as_str() != ""
            {
                ids.known.insert(fact.address, object.id);
            }
            if let (FactKind::Moved, Some(former)) = (fact.kind, fact.former) {
                ids.former.insert(fact.address, former);
            }
        }
        for (_, wanted) in plan.changes.iter().flat_map(|change| change.after.iter()) {
            if let Wanted::Deferred { needs, .. } = wanted {
                ids.needed.extend(needs.iter().copied());
            }
        }
        ids
    }

    /// The remote id of an account or group.
    pub(super) fn id(&self, address: Address, resolver: &dyn Resolve) -> Option<Symbol> {
        self.known_id(address).or_else(|| self.known_id(self.former(address)?)).or_else(|| resolver.remote_id(address))
    }

    fn known_id(&self, address: Address) -> Option<Symbol> {
        let recorded = || self.recorded.objects.get(&address).map(|object| object.id);
        self.known.get(&address).copied().or_else(recorded).filter(|id| id.as_str() != "")
    }

    /// The address under which the record still knows what was renamed.
    fn former(&self, address: Address) -> Option<Address> {
        let moved = |address: Address| self.former.get(&address).copied();
        moved(address).or_else(|| match address {
            Address::Account { system, holder } => {
                let former = moved(Address::Person(holder)).or_else(|| moved(Address::Service(holder)))?;
                Some(Address::Account { system, holder: former.holder()? })
            }
            _ => None,
        })
    }

    /// Which remote thing a change is about; none for what does not exist yet, or whose ids are not known.
    pub(super) fn target(&self, change: &Change, resolver: &dyn Resolve) -> Option<Target> {
        let own = || {
            let before = change.before.as_ref().map(|before| before.id).filter(|id| id.as_str() != "");
            before.or_else(|| self.id(change.address, resolver))
        };
        let parent = || self.id(change.address.parent_group()?, resolver);
        let target = match change.address {
            Address::Account { .. } if change.action == Action::Transfer => own().map(Target::Owned),
            Address::Account { .. } => own().map(Target::Account),
            Address::Group { .. } => own().map(Target::Group),
            Address::Membership { member, .. } => {
                let ends = || Some((parent()?, self.id(change.address.member()?, resolver)?));
                let nested = matches!(member, state::Member::Group(_));
                ends().map(|(group, member)| Target::Membership { group, member, nested })
            }
            Address::Grant { grant, .. } => parent().map(|group| Target::Grant { group, grant }),
            _ => None,
        };
        target.or_else(|| self.recorded.objects.get(&change.address)?.target)
    }

    /// Keeps the id of what was made, and the object itself where a deferred value needs it.
    pub(super) fn done(&mut self, address: Address, object: &Object) {
        if !matches!(kind(address), Some(Kind::Account | Kind::Group)) || object.id.as_str() == "" {
            return;
        }
        self.known.insert(address, object.id);
        if self.needed.contains(&address) {
            self.made.insert(address, object.clone());
        }
    }

    /// What this run made or changed, of what deferred values need.
    pub(super) fn made(&self, address: Address) -> Option<Object> {
        self.made.get(&address).cloned()
    }
}
