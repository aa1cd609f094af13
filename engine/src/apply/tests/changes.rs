//! Plans out of few words.

use std::collections::BTreeMap;

use state::*;

use super::world::World;

/// A plan of changes, one batch for each text: `create account.chat.ada userName=ada`, `grant membership.chat.g.ada`,
/// `update account.chat.ada mail=b` (its pre-image is taken from `world`); several changes of a batch are separated by
/// `;`, and `< 0 1` at the end names the batches before it.
pub fn plan(world: &World, batches: &[&str]) -> Plan {
    let mut changes = Vec::new();
    let mut list = Vec::new();
    for batch in batches {
        let (texts, after) = batch.split_once(" < ").unwrap_or((batch, ""));
        let first = changes.len() as u32;
        changes.extend(texts.split("; ").map(|text| change(world, text)));
        let own: &[Change] = &changes[first as usize..];
        let groups: Vec<Option<Address>> = own.iter().map(|c| c.address.parent_group()).collect();
        list.push(Batch {
            system: own[0].address.system().unwrap(),
            changes: first..changes.len() as u32,
            target: groups[0].filter(|group| groups.iter().all(|other| *other == Some(*group))),
            after: after.split_whitespace().map(|n| n.parse().unwrap()).collect(),
        });
    }
    Plan {
        digest: Digest::ZERO,
        made: world.now,
        inputs: BTreeMap::new(),
        lineage: "l".into(),
        head: Digest::ZERO,
        head_line: 0,
        commit: None,
        undoes: None,
        systems: BTreeMap::new(),
        names: BTreeMap::new(),
        reasons: Vec::new(),
        facts: Vec::new(),
        changes,
        batches: list,
        findings: Vec::new(),
    }
}

pub fn change(world: &World, text: &str) -> Change {
    let mut words = text.split_whitespace();
    let (action, address) = (words.next().unwrap(), words.next().unwrap());
    let action: Action = serde_json::from_value(action.into()).unwrap();
    let address: Address = address.parse().unwrap();
    let wanted = |word: &str| {
        let (name, value) = word.split_once('=').unwrap();
        let wanted = match (value.strip_prefix('?'), value.strip_prefix('!')) {
            (Some(needs), _) => Wanted::Deferred { expression: value.into(), needs: vec![needs.parse().unwrap()] },
            (_, Some(hmac)) => Wanted::Secret { hmac: Symbol::from(format!("hmac-sha256:{hmac}")) },
            _ => Wanted::Known(Value::text(value)),
        };
        (Symbol::new(name), wanted)
    };
    let mut after: Vec<(Symbol, Wanted)> = words.map(wanted).collect();
    after.sort_by_key(|(name, _)| *name);
    let observed = world.recorded().objects.get(&address).map(|known| Object {
        id: known.id,
        active: known.active,
        attributes: known.attributes.clone(),
        version: None,
    });
    let before = match action {
        Action::Create | Action::Grant => None,
        Action::Revoke => Some(Object::new("", Attributes::new())),
        Action::Transfer => observed.map(|known| {
            let own = world.systems.values().find_map(|remote| remote.owned.get(&known.id));
            let count = own.map_or(0, Vec::len) as u64;
            let owns = Owns { place: "sales".into(), kind: "table".into(), count };
            Object::new(known.id, Owns::attribute(&[owns]).into_iter().collect())
        }),
        _ => observed,
    };
    Change {
        address,
        action,
        before: before.map(Box::new),
        after: after.into(),
        reasons: Box::default(),
        allocated: Box::default(),
        until: None,
        undo: Undo::AnyTime,
    }
}
