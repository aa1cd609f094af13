//! Which objects of a database a grant is on.

use rustc_hash::FxHashMap;

use super::catalog::{Catalog, is_own};
use super::form::{Place, Which};
use super::kind::{Kind, Reach};

/// Objects by where they are, for finding those of a place.
pub struct Index<'a> {
    catalog: &'a Catalog,
    by_kind: FxHashMap<Kind, Vec<u32>>,
    by_schema: FxHashMap<(Kind, &'a str), Vec<u32>>,
    by_name: FxHashMap<(Kind, &'a str, &'a str), Vec<u32>>,
}

/// Why a place has nothing in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nothing {
    /// For reading: `schema public of database sales has no table orderz`.
    pub why: String,
    /// Whether something is named that is not there; otherwise nothing fits at present.
    pub named: bool,
}

impl<'a> Index<'a> {
    pub fn new(catalog: &'a Catalog) -> Index<'a> {
        let mut index = Index {
            catalog,
            by_kind: FxHashMap::default(),
            by_schema: FxHashMap::default(),
            by_name: FxHashMap::default(),
        };
        for (number, object) in (0u32..).zip(&catalog.objects) {
            index.by_kind.entry(object.kind).or_default().push(number);
            index.by_schema.entry((object.kind, &object.schema)).or_default().push(number);
            let name = if object.kind.facts().reach == Reach::Future { &object.detail } else { &object.name };
            index.by_name.entry((object.kind, &object.schema, name)).or_default().push(number);
        }
        index
    }

    /// All objects of a kind in a schema.
    pub fn in_schema<'b>(&'b self, kind: Kind, schema: &'b str) -> &'b [u32] {
        self.by_schema.get(&(kind, schema)).map_or(&[], Vec::as_slice)
    }

    /// The objects of a place, by number, ascending: at least one, or why there is none.
    pub fn find(&self, place: &Place) -> Result<Vec<u32>, Nothing> {
        let facts = place.kind.facts();
        let database = &self.catalog.database;
        let found = match &place.schema {
            Some(schema) => match schema.literal() {
                Some(name) => {
                    if self.in_schema(Kind::Schema, name).is_empty() {
                        return Err(missing(format!("database {database} has no schema {name}")));
                    }
                    self.of_schema(place, name)
                }
                None => {
                    let all = self.by_kind.get(&place.kind).map_or(&[][..], Vec::as_slice);
                    let fits = |number: &u32| {
                        let object = &self.catalog.objects[*number as usize]; // numbers of these very objects
                        !is_own(&object.schema) && schema.fits(&object.schema) && self.fits(place, *number)
                    };
                    all.iter().copied().filter(fits).collect()
                }
            },
            None => self.of_schema(place, ""),
        };
        if !found.is_empty() {
            return Ok(found);
        }
        let of = match &place.schema {
            Some(schema) if schema.literal().is_some() => format!("schema {} of database {database}", schema.text()),
            Some(schema) => format!("what {} fits of database {database}", schema.text()),
            None => format!("database {database}"),
        };
        Err(match &place.which {
            Which::All => Nothing { why: format!("{of} has no {}", facts.many), named: false },
            Which::Like(pattern) => {
                Nothing { why: format!("{of} has no {} that {} fits", facts.one, pattern.text()), named: false }
            }
            Which::Named(name) => missing(format!("{of} has no {} {name}{}", facts.one, self.others(place, name))),
            Which::Column(table, column) => missing(format!("{of} has no column {column} of a table {table}")),
            Which::Owner(owner) => missing(format!("there is no role {owner}")),
        })
    }

    fn of_schema(&self, place: &Place, schema: &str) -> Vec<u32> {
        match &place.which {
            // A schema stands under its own name.
            Which::All => self.in_schema(place.kind, schema).to_vec(),
            Which::Like(_) => {
                self.in_schema(place.kind, schema).iter().copied().filter(|number| self.fits(place, *number)).collect()
            }
            Which::Named(name) | Which::Column(name, _) | Which::Owner(name) => {
                let named = self.by_name.get(&(place.kind, schema, name)).map_or(&[][..], Vec::as_slice);
                named.iter().copied().filter(|number| self.fits(place, *number)).collect()
            }
        }
    }

    fn fits(&self, place: &Place, number: u32) -> bool {
        let object = &self.catalog.objects[number as usize]; // numbers of these very objects
        match &place.which {
            Which::All => true,
            Which::Named(name) => object.name == *name,
            Which::Like(pattern) if matches!(object.kind, Kind::Function | Kind::Procedure) => {
                pattern.fits(&object.detail)
            }
            Which::Like(pattern) => pattern.fits(&object.name),
            Which::Column(table, column) => object.name == *table && object.detail == *column,
            Which::Owner(owner) => object.detail == *owner,
        }
    }

    /// Functions of the same name with other arguments, and names that differ in case only.
    fn others(&self, place: &Place, name: &str) -> String {
        let alone = name.split('(').next().unwrap_or(name).to_lowercase();
        let all = self.by_kind.get(&place.kind).map_or(&[][..], Vec::as_slice);
        let in_place = |schema: &str| place.schema.as_ref().is_none_or(|own| own.fits(schema));
        let alike: Vec<&str> = all
            .iter()
            .map(|number| &self.catalog.objects[*number as usize]) // numbers of these very objects
            .filter(|object| {
                in_place(&object.schema) && object.name.split('(').next().unwrap_or("").to_lowercase() == alone
            })
            .map(|object| object.name.as_str())
            .take(3)
            .collect();
        if alike.is_empty() { String::new() } else { format!(" (it has {})", alike.join(", ")) }
    }
}

fn missing(why: String) -> Nothing {
    Nothing { why, named: true }
}
