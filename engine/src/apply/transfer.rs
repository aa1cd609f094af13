//! Handing over what an account owns: counted against the plan, named in the intent, proved by reading both accounts
//! back.

use rustc_hash::FxHashSet;
use state::owned::{OWNED, TO};
use state::{Action, Attributes, Change, Object, Owns, Symbol, Target, Value, Wanted};

use super::compare::Standing;

/// What tells one owned thing from another: place, kind and name.
type Thing = (Symbol, Symbol, Symbol);

/// The account to which everything goes, as what it owns is read; none where the change is no transfer.
pub(super) fn heir(change: &Change) -> Option<Target> {
    let to = known(change, TO).filter(|_| change.action == Action::Transfer)?;
    to.as_text().map(Target::Owned)
}

/// The transfer with all that it hands over by name, as `seen` is owned now; none where nothing of it is owned any more.
/// The pre-image names everything that the account owned, the post-image what goes, and to whom.
///
/// # Errors
/// What is owned now is not what the plan rests on, and how.
pub(super) fn named(change: &Change, seen: Option<&Object>, id: Symbol) -> Result<Option<Change>, String> {
    if heir(change).is_none() {
        return Err("the plan does not say to whom it goes: plan again".to_owned());
    }
    let all = seen.map_or(&[][..], |seen| list(&seen.attributes));
    let wanted = match known(change, OWNED).and_then(Value::as_list) {
        Some(wanted) => {
            let there = things(all);
            let missing = wanted.iter().filter(|one| !thing(one).is_some_and(|one| there.contains(&one))).count();
            if missing == wanted.len() {
                return Ok(None);
            }
            if missing > 0 {
                return Err(format!("{missing} of the {} that are to go are not owned by it any more", wanted.len()));
            }
            wanted
        }
        None if all.is_empty() => return Ok(None),
        None => {
            let planned = change.before.as_deref().map(Owns::of).unwrap_or_default();
            let counted = seen.and_then(|seen| Owns::counted(&seen.attributes)).unwrap_or_default();
            if sorted(planned.clone()) != counted {
                return Err(format!("it owns {} now, and owned {} before", shown(&counted), shown(&planned)));
            }
            all
        }
    };
    let owned = |things: &[Value]| (Symbol::new(OWNED), Value::list(things.iter().cloned()));
    let mut image = change.clone();
    let active = change.before.as_ref().is_none_or(|before| before.active);
    let attributes: Attributes = [owned(all)].into_iter().collect();
    image.before = Some(Box::new(Object { active, ..Object::new(id, attributes) }));
    let (name, wanted) = owned(wanted);
    let rest = change.after.iter().filter(|(own, _)| own.as_str() != OWNED).cloned();
    let mut after: Vec<(Symbol, Wanted)> = rest.chain([(name, Wanted::Known(wanted))]).collect();
    after.sort_by_key(|(name, _)| *name);
    image.after = after.into();
    Ok(Some(image))
}

/// How the two accounts stand to a transfer that [`named`] made: `own` and `heir` are what each owns (none: nothing).
pub(super) fn standing(change: &Change, own: Option<&Object>, heir: Option<&Object>) -> Standing {
    let handed = known(change, OWNED).and_then(Value::as_list).unwrap_or_default();
    let among = |object: Option<&Object>| {
        let there = object.map(|object| things(list(&object.attributes))).unwrap_or_default();
        handed.iter().filter(|one| thing(one).is_some_and(|one| there.contains(&one))).count()
    };
    match (among(own), among(heir)) {
        (0, arrived) if arrived == handed.len() => Standing::AsWanted,
        (left, 0) if left == handed.len() => Standing::AsBefore,
        (left, arrived) => Standing::Other(format!(
            "of {} that were to go, {left} are still owned by it and {arrived} by the heir",
            handed.len()
        )),
    }
}

fn known<'a>(change: &'a Change, name: &str) -> Option<&'a Value> {
    change.after.iter().find_map(|(own, wanted)| match wanted {
        Wanted::Known(value) if own.as_str() == name => Some(value),
        _ => None,
    })
}

fn list(attributes: &Attributes) -> &[Value] {
    attributes.get(Symbol::new(OWNED)).and_then(Value::as_list).unwrap_or_default()
}

fn things(list: &[Value]) -> FxHashSet<Thing> {
    list.iter().filter_map(thing).collect()
}

fn thing(one: &Value) -> Option<Thing> {
    let text = |name| one.get(Symbol::new(name)).and_then(Value::as_text);
    Some((text("place")?, text("kind")?, text("name")?))
}

fn sorted(mut own: Vec<Owns>) -> Vec<Owns> {
    own.retain(|own| own.count > 0);
    own.sort_unstable();
    own
}

fn shown(own: &[Owns]) -> String {
    if own.is_empty() { "nothing".to_owned() } else { Owns::shown(own) }
}
