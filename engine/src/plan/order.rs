//! The order of the changes: what needs what, how deep, and which go together.

use rustc_hash::FxHashMap;
use state::{Action, Address, Batch, Capabilities, Change, Member, Ranks, Symbol, Wanted};

use super::book::covers;
use super::planner::{Draft, Phase};
use crate::configuration::Conflict;

/// Changes in their order, with the batches that cover them; or a cycle, as the addresses on its way.
pub(crate) fn order(
    mut drafts: Vec<Draft>,
    targets: &[Address],
    leaver: impl Fn(Symbol) -> bool,
    conflicts: &[Conflict],
    capabilities: impl Fn(Symbol) -> Capabilities,
) -> Result<(Vec<Change>, Vec<Batch>), Vec<Address>> {
    if !targets.is_empty() {
        drafts = targeted(drafts, targets, &leaver, conflicts);
    }
    let edges = edges(&drafts, &leaver, conflicts);
    let depths = depths(&edges)
        .map_err(|cycle| cycle.into_iter().map(|n| drafts[n as usize].change.address).collect::<Vec<_>>())?;
    let sorted = sorted(&drafts, &depths);
    let (batches, of) = batches(&drafts, &sorted, &depths, &edges, capabilities);
    debug_assert!(of.iter().all(|batch| (*batch as usize) < batches.len()));
    let mut changes: Vec<Option<Change>> = drafts.into_iter().map(|draft| Some(draft.change)).collect();
    let changes = sorted.iter().filter_map(|n| changes[*n as usize].take()).collect();
    Ok((changes, batches))
}

/// The drafts that `targets` cover, and whatever those need.
fn targeted(
    drafts: Vec<Draft>,
    targets: &[Address],
    leaver: &impl Fn(Symbol) -> bool,
    conflicts: &[Conflict],
) -> Vec<Draft> {
    let edges = edges(&drafts, leaver, conflicts);
    let mut keep = vec![false; drafts.len()];
    let covered = |n: &u32| targets.iter().any(|target| covers(*target, drafts[*n as usize].change.address));
    let mut left: Vec<u32> = (0..drafts.len() as u32).filter(covered).collect();
    while let Some(n) = left.pop() {
        if !std::mem::replace(&mut keep[n as usize], true) {
            left.extend(edges.of(n));
        }
    }
    drafts.into_iter().zip(keep).filter_map(|(draft, keep)| keep.then_some(draft)).collect()
}

/// The numbers of the drafts by depth, phase, system, remote object, address and action.
fn sorted(drafts: &[Draft], depths: &[u32]) -> Vec<u32> {
    let ranks = Ranks::of(drafts.iter().map(|draft| draft.change.address));
    let key = |(n, Draft { change, phase }): (u32, &Draft)| {
        (depths[n as usize], *phase, position(&ranks, change), n) // as many depths as drafts
    };
    let mut keys: Vec<(u32, Phase, u128, u32)> = (0u32..).zip(drafts).map(key).collect();
    // Mostly runs that are in order already, one a system and phase: what the stable sort is made for.
    keys.sort();
    keys.into_iter().map(|(.., n)| n).collect()
}

/// A number that stands to those of other changes as system, remote object, address and action to theirs. Grants come
/// behind everything else, so that they go together: systems read what privileges there are for each call that has any.
fn position(ranks: &Ranks, change: &Change) -> u128 {
    let rank = |symbol: Symbol| u128::from(ranks.symbol(symbol));
    let action = change.action as u128;
    // From the left: system (33 bits, 0 for none), kind and rank of the remote object, kind of the address, what it has
    // besides (33 bits), action.
    let key = |system: Option<Symbol>, remote: u128, object: u128, own: u128, rest: u128| {
        let system = system.map_or(0, |system| rank(system) + 1);
        system << 76 | remote << 73 | object << 41 | own << 38 | rest << 5 | action
    };
    match change.address {
        Address::Person(symbol) => key(None, 0, rank(symbol), 0, 0),
        Address::Service(symbol) => key(None, 1, rank(symbol), 0, 0),
        Address::Role(symbol) => key(None, 3, rank(symbol), 0, 0),
        Address::System(system) => key(Some(system), 0, 0, 0, 0),
        Address::Account { system, holder } => key(Some(system), 1, rank(holder), 0, 0),
        Address::Group { system, group } => key(Some(system), 2, rank(group), 0, 0),
        Address::Membership { system, group, member: Member::Holder(member) } => {
            key(Some(system), 2, rank(group), 1, rank(member))
        }
        Address::Membership { system, group, member: Member::Group(member) } => {
            key(Some(system), 2, rank(group), 1, 1 << 32 | rank(member))
        }
        Address::Grant { system, group, grant } => key(Some(system), 3, rank(group), 0, rank(grant)),
    }
}

/// What stands on the system as one object: a membership travels with its group.
fn remote(change: &Change) -> Address {
    change.address.parent_group().unwrap_or(change.address)
}

/// For each draft the drafts that must be done before it, in one flat list.
struct Edges {
    starts: Vec<u32>,
    needs: Vec<u32>,
}

impl Edges {
    fn of(&self, n: u32) -> &[u32] {
        &self.needs[self.starts[n as usize] as usize..self.starts[n as usize + 1] as usize]
    }
}

fn edges(drafts: &[Draft], leaver: &impl Fn(Symbol) -> bool, conflicts: &[Conflict]) -> Edges {
    let excluding = Excluding::new(drafts, conflicts);
    let mut makes = Makes::default();
    let mut sets: FxHashMap<Address, u32> = FxHashMap::default();
    let mut gives: FxHashMap<(Symbol, Symbol), Vec<u32>> = FxHashMap::default();
    // What is given matters only to those who lose something on the same system.
    for Draft { change, .. } in drafts.iter().filter(|draft| draft.phase == Phase::Take) {
        if let (Address::Membership { system, member: Member::Holder(holder), .. }, Action::Revoke) =
            (change.address, change.action)
        {
            gives.entry((system, holder)).or_default();
        }
    }
    for (n, Draft { change, .. }) in (0u32..).zip(drafts) {
        if matches!(change.action, Action::Create | Action::Reactivate) {
            makes.insert(change.address, n);
        }
        if matches!(change.action, Action::Update | Action::Rename) {
            sets.insert(change.address, n);
        }
        if let (Address::Membership { system, member: Member::Holder(holder), .. }, Action::Grant) =
            (change.address, change.action)
        {
            gives.get_mut(&(system, holder)).into_iter().for_each(|gives| gives.push(n));
        }
    }
    let mut edges = Edges { starts: Vec::with_capacity(drafts.len() + 1), needs: Vec::new() };
    for (n, Draft { change, phase }) in (0u32..).zip(drafts) {
        edges.starts.push(edges.needs.len() as u32);
        let made = |address: Address| makes.get(address).filter(|made| *made != n);
        for (_, wanted) in &change.after {
            if let Wanted::Deferred { needs, .. } = wanted {
                edges.needs.extend(needs.iter().filter_map(|address| made(*address)));
                // A value that is itself known only after apply may be what is waited for.
                edges.needs.extend(needs.iter().filter_map(|address| sets.get(address)).filter(|set| **set != n));
            }
        }
        match change.action {
            Action::Grant => {
                edges.needs.extend(change.address.parent_group().and_then(made));
                edges.needs.extend(change.address.member().and_then(made));
                edges.needs.extend(excluding.taken_before(change.address));
            }
            // What an undo makes anew and switches off.
            Action::Deactivate => edges.needs.extend(made(change.address)),
            Action::Update | Action::Rename => edges.needs.extend(made(change.address)),
            // New access before old access is taken, but not for those who leave.
            Action::Revoke if *phase == Phase::Take => {
                if let Address::Membership { system, member: Member::Holder(holder), .. } = change.address
                    && !leaver(holder)
                {
                    let gives = gives.get(&(system, holder)).into_iter().flatten();
                    edges.needs.extend(gives.filter(|give| !excluding.waits(**give, n)));
                }
            }
            _ => {}
        }
    }
    edges.starts.push(edges.needs.len() as u32);
    edges
}

/// The drafts that make something. A table a system: small enough to stay near while its memberships are gone through.
#[derive(Default)]
struct Makes {
    accounts: FxHashMap<Symbol, FxHashMap<Symbol, u32>>,
    groups: FxHashMap<Symbol, FxHashMap<Symbol, u32>>,
}

impl Makes {
    fn insert(&mut self, address: Address, n: u32) {
        match address {
            Address::Account { system, holder } => self.accounts.entry(system).or_default().insert(holder, n),
            Address::Group { system, group } => self.groups.entry(system).or_default().insert(group, n),
            _ => None,
        };
    }

    fn get(&self, address: Address) -> Option<u32> {
        match address {
            Address::Account { system, holder } => self.accounts.get(&system)?.get(&holder).copied(),
            Address::Group { system, group } => self.groups.get(&system)?.get(&group).copied(),
            _ => None,
        }
    }
}

/// Access that a conflict forbids together: it is taken before its counterpart is given.
#[derive(Default)]
struct Excluding {
    /// By the membership that is given, those of the same holder that are taken before.
    before: FxHashMap<Address, Vec<u32>>,
    addresses: Vec<Address>,
}

impl Excluding {
    fn new(drafts: &[Draft], conflicts: &[Conflict]) -> Excluding {
        let mut excluding = Excluding::default();
        if conflicts.is_empty() {
            return excluding;
        }
        let mut roles: FxHashMap<Address, Vec<(usize, usize)>> = FxHashMap::default();
        for (c, conflict) in conflicts.iter().enumerate() {
            for (r, role) in conflict.roles.iter().enumerate() {
                role.groups.iter().for_each(|group| roles.entry(*group).or_default().push((c, r)));
            }
        }
        let roles_of = |address: Address| address.parent_group().and_then(|group| roles.get(&group));
        let mut taken: FxHashMap<Symbol, Vec<(u32, usize, usize)>> = FxHashMap::default();
        for (n, Draft { change, .. }) in (0u32..).zip(drafts) {
            if let (Action::Revoke, Some(holder)) = (change.action, change.address.holder()) {
                let own = roles_of(change.address).into_iter().flatten();
                taken.entry(holder).or_default().extend(own.map(|(c, r)| (n, *c, *r)));
            }
        }
        for Draft { change, .. } in drafts {
            let (Action::Grant, Some(holder)) = (change.action, change.address.holder()) else { continue };
            let Some(own) = roles_of(change.address) else { continue };
            let others = taken.get(&holder).into_iter().flatten();
            let others = others.filter(|(_, c, r)| own.iter().any(|(own, role)| own == c && role != r));
            let mut others: Vec<u32> = others.map(|(n, ..)| *n).collect();
            others.sort_unstable();
            others.dedup();
            if !others.is_empty() {
                excluding.before.insert(change.address, others);
            }
        }
        excluding.addresses = drafts.iter().map(|draft| draft.change.address).collect();
        excluding
    }

    fn taken_before(&self, given: Address) -> impl Iterator<Item = u32> {
        self.before.get(&given).into_iter().flatten().copied()
    }

    /// Whether draft `give` waits for draft `take`.
    fn waits(&self, give: u32, take: u32) -> bool {
        let given = self.addresses.get(give as usize).and_then(|address| self.before.get(address));
        given.is_some_and(|before| before.contains(&take))
    }
}

/// The length of the longest way of needs below each draft (Kahn's algorithm); or a cycle.
fn depths(edges: &Edges) -> Result<Vec<u32>, Vec<u32>> {
    let count = edges.starts.len() - 1;
    let mut waiting = vec![0u32; count];
    let mut heads = vec![0u32; count + 1];
    for needed in &edges.needs {
        heads[*needed as usize + 1] += 1;
    }
    for n in 0..count {
        heads[n + 1] += heads[n];
    }
    let mut dependents = vec![0u32; edges.needs.len()];
    let mut fill = heads.clone();
    for n in 0..count as u32 {
        waiting[n as usize] = edges.of(n).len() as u32;
        for needed in edges.of(n) {
            dependents[fill[*needed as usize] as usize] = n;
            fill[*needed as usize] += 1;
        }
    }
    let mut depths = vec![0u32; count];
    let mut ready: Vec<u32> = (0..count as u32).filter(|n| waiting[*n as usize] == 0).collect();
    let mut done = 0;
    while let Some(n) = ready.pop() {
        done += 1;
        for dependent in &dependents[heads[n as usize] as usize..heads[n as usize + 1] as usize] {
            let d = *dependent as usize;
            depths[d] = depths[d].max(depths[n as usize] + 1);
            waiting[d] -= 1;
            if waiting[d] == 0 {
                ready.push(*dependent);
            }
        }
    }
    if done == count { Ok(depths) } else { Err(cycle(edges, &waiting)) }
}

/// Follows unmet needs until a draft comes again: that is a cycle.
fn cycle(edges: &Edges, waiting: &[u32]) -> Vec<u32> {
    let stuck = |n: &&u32| waiting[**n as usize] > 0;
    let Some(start) = (0..waiting.len() as u32).find(|n| waiting[*n as usize] > 0) else { return Vec::new() };
    let mut position: FxHashMap<u32, usize> = FxHashMap::default();
    let mut path = Vec::new();
    let mut at = start;
    loop {
        if let Some(first) = position.get(&at) {
            let mut cycle = path.split_off(*first);
            cycle.push(at);
            return cycle;
        }
        position.insert(at, path.len());
        path.push(at);
        match edges.of(at).iter().find(stuck) {
            Some(next) => at = *next,
            None => return path,
        }
    }
}

/// Cuts the sorted changes into batches. All changes of a batch are equally deep, so batches never form a cycle.
fn batches(
    drafts: &[Draft],
    sorted: &[u32],
    depths: &[u32],
    edges: &Edges,
    capabilities: impl Fn(Symbol) -> Capabilities,
) -> (Vec<Batch>, Vec<u32>) {
    let mut known: FxHashMap<Symbol, (usize, bool)> = FxHashMap::default();
    let mut batches: Vec<Batch> = Vec::new();
    let mut of = vec![0u32; drafts.len()];
    let mut last: Option<(u32, Phase, Option<Symbol>)> = None;
    for (position, n) in (0u32..).zip(sorted) {
        let Draft { change, phase } = &drafts[*n as usize];
        let Some(system) = change.address.system() else { continue };
        let (most, across) = *known.entry(system).or_insert_with(|| {
            let capabilities = capabilities(system);
            (capabilities.batch.max(1), capabilities.batch_objects)
        });
        let class = (depths[*n as usize], *phase, Some(system));
        let target = remote(change);
        let fits = last == Some(class)
            && batches
                .last()
                .is_some_and(|batch| batch.changes.len() < most && (across || (batch.target == Some(target))));
        match batches.last_mut().filter(|_| fits) {
            Some(batch) => {
                batch.changes.end = position + 1;
                if batch.target != Some(target) {
                    batch.target = None;
                }
            }
            None => {
                batches.push(Batch { system, changes: position..position + 1, target: Some(target), after: Vec::new() })
            }
        }
        of[*n as usize] = batches.len() as u32 - 1;
        last = Some(class);
    }
    for (number, batch) in batches.iter_mut().enumerate() {
        let needs = batch.changes.clone().flat_map(|position| edges.of(sorted[position as usize]));
        let needs = needs.map(|needed| of[*needed as usize]).filter(|needed| *needed as usize != number);
        batch.after.extend(needs);
        batch.after.sort_unstable();
        batch.after.dedup();
        batch.after.shrink_to_fit();
    }
    (batches, of)
}
