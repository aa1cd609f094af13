//! The kinds of things that privileges are on, and which privileges each knows (PostgreSQL documentation, 5.7).

use state::Symbol;

/// A kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Database,
    Schema,
    /// Tables, views, materialized views, foreign and partitioned tables: one namespace, one set of privileges.
    Table,
    Sequence,
    /// With aggregates and window functions.
    Function,
    Procedure,
    /// Types and domains.
    Type,
    /// One column of a table.
    Column,
    Language,
    ForeignServer,
    ForeignDataWrapper,
    LargeObject,
    /// What an owner's tables made later are to have (`ALTER DEFAULT PRIVILEGES`).
    FutureTable,
    FutureSequence,
    /// Functions and procedures: the server has one default for both.
    FutureRoutine,
    FutureType,
    FutureSchema,
}

/// How far a kind can be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// There is one: the database, the schema.
    Itself,
    /// All in a schema, by name, by pattern.
    All,
    /// By name, in a schema.
    InSchema,
    /// By name, in the database.
    InDatabase,
    /// An owner's, in a schema or (`*`) everywhere.
    Future,
}

/// What there is to know of a kind.
pub struct Facts {
    pub kind: Kind,
    /// As written in `objects`; none where that is left out.
    pub objects: Option<&'static str>,
    /// In the singular.
    pub one: &'static str,
    /// In the plural.
    pub many: &'static str,
    /// As in `GRANT ... ON KEYWORD`.
    pub keyword: &'static str,
    /// The tag by which the catalog query tells it.
    pub tag: &'static str,
    pub privileges: &'static [&'static str],
    pub reach: Reach,
}

const TABLE: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"];
const SEQUENCE: &[&str] = &["USAGE", "SELECT", "UPDATE"];
const SCHEMA: &[&str] = &["USAGE", "CREATE"];
const EXECUTE: &[&str] = &["EXECUTE"];
const USAGE: &[&str] = &["USAGE"];

const fn facts(
    kind: Kind,
    objects: Option<&'static str>,
    words: [&'static str; 4],
    privileges: &'static [&'static str],
    reach: Reach,
) -> Facts {
    let [one, many, keyword, tag] = words;
    Facts { kind, objects, one, many, keyword, tag, privileges, reach }
}

/// All kinds.
pub const KINDS: [Facts; 17] = [
    facts(
        Kind::Database,
        None,
        ["database", "databases", "DATABASE", "d"],
        &["CONNECT", "CREATE", "TEMPORARY"],
        Reach::Itself,
    ),
    facts(Kind::Schema, None, ["schema", "schemas", "SCHEMA", "n"], SCHEMA, Reach::Itself),
    facts(Kind::Table, Some("tables"), ["table", "tables", "TABLE", "r"], TABLE, Reach::All),
    facts(Kind::Sequence, Some("sequences"), ["sequence", "sequences", "SEQUENCE", "S"], SEQUENCE, Reach::All),
    facts(Kind::Function, Some("functions"), ["function", "functions", "FUNCTION", "f"], EXECUTE, Reach::All),
    facts(Kind::Procedure, Some("procedures"), ["procedure", "procedures", "PROCEDURE", "p"], EXECUTE, Reach::All),
    facts(Kind::Type, Some("types"), ["type", "types", "TYPE", "T"], USAGE, Reach::InSchema),
    facts(
        Kind::Column,
        Some("columns"),
        ["column", "columns", "TABLE", "c"],
        &["SELECT", "INSERT", "UPDATE", "REFERENCES"],
        Reach::InSchema,
    ),
    facts(Kind::Language, Some("languages"), ["language", "languages", "LANGUAGE", "l"], USAGE, Reach::InDatabase),
    facts(
        Kind::ForeignServer,
        Some("foreign servers"),
        ["foreign server", "foreign servers", "FOREIGN SERVER", "v"],
        USAGE,
        Reach::InDatabase,
    ),
    facts(
        Kind::ForeignDataWrapper,
        Some("foreign data wrappers"),
        ["foreign data wrapper", "foreign data wrappers", "FOREIGN DATA WRAPPER", "w"],
        USAGE,
        Reach::InDatabase,
    ),
    facts(
        Kind::LargeObject,
        Some("large objects"),
        ["large object", "large objects", "LARGE OBJECT", "L"],
        &["SELECT", "UPDATE"],
        Reach::InDatabase,
    ),
    facts(
        Kind::FutureTable,
        Some("future tables"),
        ["default for tables", "defaults for tables", "TABLES", "Dr"],
        TABLE,
        Reach::Future,
    ),
    facts(
        Kind::FutureSequence,
        Some("future sequences"),
        ["default for sequences", "defaults for sequences", "SEQUENCES", "DS"],
        SEQUENCE,
        Reach::Future,
    ),
    facts(
        Kind::FutureRoutine,
        Some("future functions"),
        ["default for functions", "defaults for functions", "ROUTINES", "Df"],
        EXECUTE,
        Reach::Future,
    ),
    facts(
        Kind::FutureType,
        Some("future types"),
        ["default for types", "defaults for types", "TYPES", "DT"],
        USAGE,
        Reach::Future,
    ),
    facts(
        Kind::FutureSchema,
        Some("future schemas"),
        ["default for schemas", "defaults for schemas", "SCHEMAS", "Dn"],
        SCHEMA,
        Reach::Future,
    ),
];

impl Kind {
    /// What there is to know of it.
    pub fn facts(self) -> &'static Facts {
        let [first, ..] = &KINDS;
        KINDS.iter().find(|facts| facts.kind == self).unwrap_or(first) // each kind has its row
    }

    /// The kind that the catalog query tags so.
    pub fn of_tag(tag: &str) -> Option<Kind> {
        KINDS.iter().find(|facts| facts.tag == tag).map(|facts| facts.kind)
    }
}

/// A privilege, by its name in the server's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Privilege(u8);

const PRIVILEGES: [&str; 13] = [
    "CONNECT",
    "CREATE",
    "DELETE",
    "EXECUTE",
    "INSERT",
    "MAINTAIN",
    "REFERENCES",
    "SELECT",
    "TEMPORARY",
    "TRIGGER",
    "TRUNCATE",
    "UPDATE",
    "USAGE",
];

impl Privilege {
    /// By its name, in capitals.
    pub fn named(name: &str) -> Option<Privilege> {
        let number = PRIVILEGES.binary_search(&name).ok()?;
        u8::try_from(number).ok().map(Privilege)
    }

    /// Its name: `SELECT`.
    pub fn name(self) -> &'static str {
        PRIVILEGES.get(usize::from(self.0)).copied().unwrap_or_default() // made from this very list
    }

    pub fn symbol(self) -> Symbol {
        Symbol::new(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_row_and_every_privilege_a_name() {
        assert!(PRIVILEGES.is_sorted());
        for facts in &KINDS {
            assert_eq!(facts.kind.facts().tag, facts.tag);
            assert_eq!(Kind::of_tag(facts.tag), Some(facts.kind));
            for name in facts.privileges {
                assert_eq!(Privilege::named(name).map(Privilege::name), Some(*name));
            }
        }
    }
}
