//! What accounts own: counted in inventories and plans, named one by one where it is handed over.

use std::collections::BTreeMap;

use crate::{Attributes, Object, Observed, Symbol, Value};

/// The attribute of a pre-image that says what the account owns, counted: a list of objects with `count`, `kind` and
/// `place`. Of a deactivation it is said for whoever reads the plan; of a transfer it is what the plan rests on.
pub const OWNS: &str = "owns";

/// The attribute of [`crate::Target::Owned`] that names what the account owns: a list of objects with `kind`, `name` and
/// `place`, in the system's own words; a system may say more of each.
pub const OWNED: &str = "owned";

/// The attribute of a transfer's post-image that says to which account (by id) everything goes.
pub const TO: &str = "to";

/// How many things of a kind an account owns in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owns {
    /// Where: a database, a folder.
    pub place: Symbol,
    /// What: `table`, `function`, in the singular.
    pub kind: Symbol,
    pub count: u64,
}

impl Observed {
    /// What the account with this id owns, ordered.
    pub fn owns(&self, account: Symbol) -> Vec<Owns> {
        let first = self.owned.partition_point(|owned| owned.account < account);
        let own = self.owned.iter().skip(first).take_while(|owned| owned.account == account);
        own.map(|owned| Owns { place: owned.place, kind: owned.kind, count: owned.count }).collect()
    }
}

impl Owns {
    /// What a pre-image says that the account owns; nothing where it says nothing.
    pub fn of(before: &Object) -> Vec<Owns> {
        let own = before.attributes.get(Symbol::new(OWNS)).and_then(Value::as_list).unwrap_or_default();
        let own = own.iter().filter_map(|own| {
            let text = |name| own.get(Symbol::new(name)).and_then(Value::as_text);
            let Some(Value::Integer(count)) = own.get(Symbol::new("count")) else { return None };
            Some(Owns { place: text("place")?, kind: text("kind")?, count: u64::try_from(*count).ok()? })
        });
        own.collect()
    }

    /// What is named in `owned` ([`OWNED`]), counted and ordered; none where an entry lacks its place or kind.
    pub fn counted(owned: &Attributes) -> Option<Vec<Owns>> {
        let mut counts: BTreeMap<(Symbol, Symbol), u64> = BTreeMap::new();
        for one in owned.get(Symbol::new(OWNED))?.as_list()? {
            let text = |name| one.get(Symbol::new(name)).and_then(Value::as_text);
            *counts.entry((text("place")?, text("kind")?)).or_default() += 1;
        }
        Some(counts.into_iter().map(|((place, kind), count)| Owns { place, kind, count }).collect())
    }

    /// The attribute [`OWNS`]; none where there is nothing to say.
    pub fn attribute(own: &[Owns]) -> Option<(Symbol, Value)> {
        let one = |own: &Owns| {
            let count = Value::Integer(i64::try_from(own.count).unwrap_or(i64::MAX));
            let pairs = [("count", count), ("kind", Value::Text(own.kind)), ("place", Value::Text(own.place))];
            Value::map(pairs.map(|(name, value)| (Symbol::new(name), value)))
        };
        (!own.is_empty()).then(|| (Symbol::new(OWNS), Value::list(own.iter().map(one))))
    }

    /// For reading: `14 tables and 2 indexes in sales, 1 function in crm`; empty where nothing is owned.
    pub fn shown(own: &[Owns]) -> String {
        let mut places: BTreeMap<Symbol, Vec<String>> = BTreeMap::new();
        for own in own {
            let kind = if own.count == 1 { own.kind.as_str().to_owned() } else { plural(own.kind.as_str()) };
            places.entry(own.place).or_default().push(format!("{} {kind}", own.count));
        }
        let places = places.into_iter().map(|(place, kinds)| match kinds.split_last() {
            Some((last, [])) => format!("{last} in {place}"),
            Some((last, rest)) => format!("{} and {last} in {place}", rest.join(", ")),
            None => String::new(),
        });
        places.collect::<Vec<_>>().join(", ")
    }
}

/// `tables`, `indexes`, `dictionaries`.
fn plural(kind: &str) -> String {
    let consonant = |rest: &str| !rest.ends_with(['a', 'e', 'i', 'o', 'u']);
    match kind.strip_suffix('y') {
        Some(rest) if consonant(rest) => format!("{rest}ies"),
        _ if ["s", "x", "ch", "sh"].iter().any(|end| kind.ends_with(end)) => format!("{kind}es"),
        _ => format!("{kind}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(place: &str, kind: &str, count: u64) -> Owns {
        Owns { place: place.into(), kind: kind.into(), count }
    }

    #[test]
    fn what_is_owned_is_counted_kept_and_shown() {
        let owned: Attributes = serde_json::from_str(
            r#"{"owned": [{"place": "sales", "kind": "table", "name": "public.a"},
                          {"place": "sales", "kind": "table", "name": "public.b", "database": "sales"},
                          {"place": "sales", "kind": "index", "name": "public.b_pkey"},
                          {"place": "crm", "kind": "function", "name": "f(int)"}]}"#,
        )
        .unwrap();
        let counted = Owns::counted(&owned).unwrap();
        assert_eq!(counted, [own("crm", "function", 1), own("sales", "index", 1), own("sales", "table", 2)]);
        assert_eq!(Owns::shown(&counted), "1 function in crm, 1 index and 2 tables in sales");
        let before = Object::new("a", Owns::attribute(&counted).into_iter().collect());
        assert_eq!(Owns::of(&before), counted);
        assert_eq!(
            Owns::shown(&[own("x", "dictionary", 2), own("x", "index", 3)]),
            "2 dictionaries and 3 indexes in x"
        );
    }

    #[test]
    fn what_is_not_such_a_list_says_nothing() {
        for json in [r#"{"owned": [{"place": "sales"}]}"#, r#"{"owned": 3}"#, "{}"] {
            assert_eq!(Owns::counted(&serde_json::from_str(json).unwrap()), None, "{json}");
        }
        assert_eq!(Owns::attribute(&[]), None);
        let odd: Attributes =
            serde_json::from_str(r#"{"owns": [{"count": -1, "kind": "k", "place": "p"}, 7]}"#).unwrap();
        assert_eq!(Owns::of(&Object::new("a", odd)), []);
    }
}
