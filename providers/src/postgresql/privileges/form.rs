//! An entry of `grants` as it is written, and the grants that it comes to: one privilege each.
//!
//! ```hcl
//! { database = "sales", privileges = ["CONNECT"] }
//! { database = "sales", schema = "public", privileges = ["USAGE"] }
//! { database = "sales", schema = "public", objects = "tables", privileges = ["SELECT"] }
//! { database = "sales", schema = "public", objects = "tables", name = "orders", privileges = ["SELECT"] }
//! { database = "sales", schema = "*", objects = "tables", pattern = "report_*", privileges = ["SELECT"] }
//! { database = "sales", schema = "public", objects = "functions", name = "refresh(integer)", privileges = ["EXECUTE"] }
//! { database = "sales", schema = "public", objects = "future tables", owner = "etl", privileges = ["SELECT"] }
//! ```

use state::{Attributes, GrantError, Symbol, Value};

use super::kind::{Facts, KINDS, Kind, Privilege, Reach};
use super::pattern::Pattern;
use super::signature;

/// One grant: a privilege on things of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grant {
    pub place: Place,
    pub privilege: Privilege,
    /// With the right to pass it on.
    pub grant_option: bool,
}

/// What a privilege is on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub database: String,
    pub kind: Kind,
    /// A name or a pattern (`*`); none for what stands in no schema.
    pub schema: Option<Pattern>,
    pub which: Which,
}

/// Which of the things in a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Which {
    All,
    Named(String),
    Like(Pattern),
    /// A column of a table.
    Column(String, String),
    /// What this owner makes.
    Owner(String),
}

const OWN: [&str; 10] =
    ["database", "schema", "objects", "name", "pattern", "column", "owner", "privilege", "privileges", "grant_option"];

/// The grants that an entry comes to, as they stand in plans and in the record: the function of
/// [`state::GrantForm`].
pub fn form(entry: &Attributes) -> Result<Vec<Attributes>, GrantError> {
    Ok(read(entry)?.iter().map(Grant::attributes).collect())
}

/// Reads an entry; each of its privileges is a grant of its own.
pub fn read(entry: &Attributes) -> Result<Vec<Grant>, GrantError> {
    if let Some((unknown, _)) = entry.iter().find(|(name, _)| !OWN.contains(&name.as_str())) {
        return Err(wrong(format!("a grant has no attribute `{unknown}`"), format!("it may have {}", OWN.join(", "))));
    }
    let database = name_of(entry, "database")?
        .ok_or_else(|| wrong("a grant names no database", "say which one: database = \"sales\""))?;
    let schema = name_of(entry, "schema")?;
    let objects = text(entry, "objects")?;
    let facts = kind(objects.as_deref(), schema.is_some())?;
    let place = Place { which: which(entry, facts)?, database, kind: facts.kind, schema: in_schema(facts, schema)? };
    let grant_option = match entry.get(Symbol::new("grant_option")) {
        None => false,
        Some(value) => {
            value.as_bool().ok_or_else(|| wrong("`grant_option` is true or false", "write true or false"))?
        }
    };
    let privileges = privileges(entry, facts)?;
    Ok(privileges.into_iter().map(|privilege| Grant { place: place.clone(), privilege, grant_option }).collect())
}

fn kind(objects: Option<&str>, in_schema: bool) -> Result<&'static Facts, GrantError> {
    let found = match objects {
        None => Some(if in_schema { Kind::Schema } else { Kind::Database }.facts()),
        Some(objects) => KINDS.iter().find(|facts| facts.objects == Some(objects)),
    };
    found.ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().filter_map(|facts| facts.objects).collect();
        wrong(
            format!("there are no objects \"{}\"", objects.unwrap_or_default()),
            format!("write one of {}; or leave it out for the schema or the database itself", known.join(", ")),
        )
    })
}

fn in_schema(facts: &Facts, schema: Option<String>) -> Result<Option<Pattern>, GrantError> {
    let many = facts.objects.unwrap_or(facts.many);
    match (facts.kind, facts.reach, schema) {
        (Kind::Database, ..) | (_, Reach::InDatabase, None) => Ok(None),
        (Kind::FutureSchema, _, None) => Ok(None),
        (Kind::FutureSchema, _, Some(_)) | (_, Reach::InDatabase, Some(_)) => {
            Err(wrong(format!("{many} stand in no schema"), "leave `schema` out"))
        }
        (_, Reach::Future, Some(schema)) if schema == "*" => Ok(None),
        (_, Reach::Future, Some(schema)) => {
            let pattern = Pattern::new(&schema);
            match pattern.literal() {
                Some(_) => Ok(Some(pattern)),
                None => Err(wrong(
                    format!("`schema` of {many} is one schema or \"*\", and this is {schema:?}"),
                    "write an entry for each schema",
                )),
            }
        }
        (.., Some(schema)) => Ok(Some(Pattern::new(&schema))),
        (.., None) => Err(wrong(
            format!("a grant on {many} names no schema"),
            "say which one: schema = \"public\", or \"*\" for all",
        )),
    }
}

fn which(entry: &Attributes, facts: &Facts) -> Result<Which, GrantError> {
    let many = facts.objects.unwrap_or(facts.many);
    let (name, pattern) = (name_of(entry, "name")?, name_of(entry, "pattern")?);
    let (column, owner) = (name_of(entry, "column")?, name_of(entry, "owner")?);
    let refuse = |given: &Option<String>, attribute: &str, hint: &str| match given {
        Some(_) => Err(wrong(format!("a grant on {many} takes no `{attribute}`"), hint)),
        None => Ok(()),
    };
    if facts.kind != Kind::Column {
        refuse(&column, "column", "write objects = \"columns\" for a privilege on a column")?;
    }
    if facts.reach != Reach::Future {
        refuse(&owner, "owner", "it is for what an owner makes later: objects = \"future tables\"")?;
    }
    match facts.reach {
        Reach::Itself => {
            refuse(&name, "name", "say what is named: objects = \"tables\"")?;
            refuse(&pattern, "pattern", "say of what: objects = \"tables\"")?;
            Ok(Which::All)
        }
        Reach::Future => {
            refuse(&name, "name", "what is made later has no name yet")?;
            refuse(&pattern, "pattern", "what is made later has no name yet")?;
            owner.map(Which::Owner).ok_or_else(|| {
                wrong(
                    format!("a grant on {many} names no owner"),
                    "say whose they will be: owner = \"etl\" (the server keeps defaults per owner)",
                )
            })
        }
        Reach::All => match (name, pattern) {
            (Some(_), Some(_)) => Err(wrong("a grant has both `name` and `pattern`", "keep one of them")),
            (Some(name), None) if matches!(facts.kind, Kind::Function | Kind::Procedure) => {
                signature::canonical(&name).map(Which::Named).ok_or_else(|| {
                    wrong(
                        format!("the {} {name:?} is named without the types of its arguments", facts.one),
                        format!("write them: name = \"{name}(integer, text)\", or \"{name}()\" where it takes none"),
                    )
                })
            }
            (Some(name), None) => Ok(Which::Named(name)),
            (None, Some(pattern)) => Ok(Which::Like(Pattern::new(&pattern))),
            (None, None) => Ok(Which::All),
        },
        Reach::InSchema | Reach::InDatabase => {
            refuse(&pattern, "pattern", "name them one by one")?;
            let name =
                name.ok_or_else(|| wrong(format!("a grant on {many} names none"), "say which one: name = ..."))?;
            match (facts.kind, column) {
                (Kind::Column, Some(column)) => Ok(Which::Column(name, column)),
                (Kind::Column, None) => {
                    Err(wrong("a grant on columns names no column", "say which one of the table `name`: column = ..."))
                }
                _ => Ok(Which::Named(name)),
            }
        }
    }
}

fn privileges(entry: &Attributes, facts: &Facts) -> Result<Vec<Privilege>, GrantError> {
    let many = facts.objects.unwrap_or(facts.many);
    let hint = || format!("{many} know {}", facts.privileges.join(", "));
    let one = |value: &Value| {
        let name = value.as_text().ok_or_else(|| wrong("a privilege is a text", hint()))?;
        let name = name.as_str().trim().to_uppercase();
        let name = if name == "TEMP" { "TEMPORARY".to_owned() } else { name };
        match Privilege::named(&name).filter(|_| facts.privileges.contains(&&*name)) {
            Some(privilege) => Ok(privilege),
            None if name == "ALL" || name == "ALL PRIVILEGES" => Err(wrong(
                "`ALL` is not taken: it would mean more with a later server",
                format!("name them: {}", facts.privileges.join(", ")),
            )),
            None => Err(wrong(format!("{many} have no privilege {name:?}"), hint())),
        }
    };
    let (several, single) = (entry.get(Symbol::new("privileges")), entry.get(Symbol::new("privilege")));
    let mut privileges = match (several, single) {
        (Some(_), Some(_)) => return Err(wrong("a grant has both `privilege` and `privileges`", "keep one of them")),
        (None, Some(value)) => vec![one(value)?],
        (Some(value), None) => match value.as_list() {
            Some(list) => list.iter().map(one).collect::<Result<Vec<_>, _>>()?,
            None => vec![one(value)?],
        },
        (None, None) => Vec::new(),
    };
    if privileges.is_empty() {
        return Err(wrong("a grant names no privileges", hint()));
    }
    privileges.sort_unstable();
    privileges.dedup();
    Ok(privileges)
}

fn text(entry: &Attributes, name: &str) -> Result<Option<String>, GrantError> {
    match entry.get(Symbol::new(name)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text.as_str().to_owned())),
        Some(other) => Err(wrong(format!("`{name}` is a text, and this is {}", other.type_name()), "put it in quotes")),
    }
}

/// A text that names something.
fn name_of(entry: &Attributes, name: &str) -> Result<Option<String>, GrantError> {
    match text(entry, name)? {
        Some(own) if own.is_empty() => Err(wrong(format!("`{name}` is empty"), "name it, or leave it out")),
        Some(own) if own.contains('\0') => Err(wrong(format!("`{name}` holds a NUL"), "take it out")),
        own => Ok(own),
    }
}

fn wrong(message: impl Into<String>, hint: impl Into<String>) -> GrantError {
    GrantError { message: message.into(), hint: hint.into() }
}

impl Grant {
    /// As it stands in plans and in the record.
    pub fn attributes(&self) -> Attributes {
        let Grant { place, privilege, grant_option } = self;
        let facts = place.kind.facts();
        let mut pairs = vec![
            (Symbol::new("database"), Value::text(place.database.as_str())),
            (Symbol::new("privilege"), Value::Text(privilege.symbol())),
        ];
        let mut add = |name: &str, value: &str| pairs.push((Symbol::new(name), Value::text(value)));
        if let Some(objects) = facts.objects {
            add("objects", objects);
        }
        match &place.schema {
            Some(schema) => add("schema", schema.text()),
            None if facts.reach == Reach::Future && place.kind != Kind::FutureSchema => add("schema", "*"),
            None => {}
        }
        match &place.which {
            Which::All => {}
            Which::Named(name) => add("name", name),
            Which::Like(pattern) => add("pattern", pattern.text()),
            Which::Column(table, column) => {
                add("name", table);
                add("column", column);
            }
            Which::Owner(owner) => add("owner", owner),
        }
        if *grant_option {
            pairs.push((Symbol::new("grant_option"), Value::Bool(true)));
        }
        pairs.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(json: &str) -> Attributes {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_entry_comes_to_one_grant_for_each_privilege() {
        let text = |json: &str| {
            let grants = form(&entry(json)).unwrap();
            // What it comes to is written so already.
            for grant in &grants {
                assert_eq!(form(grant).unwrap(), std::slice::from_ref(grant), "{grant:?}");
            }
            serde_json::to_string(&grants).unwrap()
        };
        insta::assert_snapshot!(
            [
                r#"{"database":"sales","privileges":["TEMP","connect","CONNECT"]}"#,
                r#"{"database":"sales","schema":"public","privilege":"usage"}"#,
                r#"{"database":"sales","schema":"*","objects":"tables","privileges":["SELECT"],"grant_option":false}"#,
                r#"{"database":"s","schema":"p","objects":"procedures","name":"p( int )","privileges":"EXECUTE","grant_option":true}"#,
                r#"{"database":"s","schema":"*","objects":"future tables","owner":"etl","privileges":["SELECT"]}"#,
                r#"{"database":"s","schema":"p","objects":"columns","name":"t","column":"c","privileges":["SELECT"]}"#,
            ]
            .map(text)
            .join("\n"),
            @r#"
        [{"database":"sales","privilege":"CONNECT"},{"database":"sales","privilege":"TEMPORARY"}]
        [{"database":"sales","privilege":"USAGE","schema":"public"}]
        [{"database":"sales","objects":"tables","privilege":"SELECT","schema":"*"}]
        [{"database":"s","grant_option":true,"name":"p(integer)","objects":"procedures","privilege":"EXECUTE","schema":"p"}]
        [{"database":"s","objects":"future tables","owner":"etl","privilege":"SELECT","schema":"*"}]
        [{"column":"c","database":"s","name":"t","objects":"columns","privilege":"SELECT","schema":"p"}]
        "#
        );
    }

    #[test]
    fn what_is_wrong_with_an_entry_is_said() {
        let said = |json: &str| {
            let error = form(&entry(json)).unwrap_err();
            format!("{} ({})", error.message, error.hint)
        };
        insta::assert_snapshot!(
            [
                r#"{"schema":"public","privileges":["USAGE"]}"#,
                r#"{"database":"","privileges":["CONNECT"]}"#,
                r#"{"database":3,"privileges":["CONNECT"]}"#,
                r#"{"database":"s","tables":"x","privileges":["CONNECT"]}"#,
                r#"{"database":"s"}"#,
                r#"{"database":"s","privileges":[]}"#,
                r#"{"database":"s","privileges":["SELECT"]}"#,
                r#"{"database":"s","privileges":["CONNECT"],"privilege":"CREATE"}"#,
                r#"{"database":"s","privileges":["CONNECT"],"grant_option":"yes"}"#,
                r#"{"database":"s","objects":"tables","privileges":["SELECT"]}"#,
                r#"{"database":"s","schema":"p","objects":"tabels","privileges":["SELECT"]}"#,
                r#"{"database":"s","schema":"p","objects":"tables","privileges":["USAGE"]}"#,
                r#"{"database":"s","schema":"p","objects":"tables","privileges":["ALL"]}"#,
                r#"{"database":"s","schema":"p","objects":"tables","name":"a","pattern":"b","privileges":["SELECT"]}"#,
                r#"{"database":"s","schema":"p","objects":"tables","owner":"etl","privileges":["SELECT"]}"#,
                r#"{"database":"s","schema":"p","objects":"tables","column":"c","privileges":["SELECT"]}"#,
                r#"{"database":"s","schema":"p","objects":"functions","name":"f","privileges":["EXECUTE"]}"#,
                r#"{"database":"s","schema":"p","objects":"future tables","privileges":["SELECT"]}"#,
                r#"{"database":"s","schema":"p*","objects":"future tables","owner":"o","privileges":["SELECT"]}"#,
                r#"{"database":"s","schema":"p","objects":"future tables","owner":"o","name":"t","privileges":["SELECT"]}"#,
                r#"{"database":"s","schema":"p","objects":"future schemas","owner":"o","privileges":["USAGE"]}"#,
                r#"{"database":"s","schema":"p","objects":"columns","name":"t","privileges":["SELECT"]}"#,
                r#"{"database":"s","schema":"p","objects":"types","privileges":["USAGE"]}"#,
                r#"{"database":"s","schema":"p","name":"t","privileges":["USAGE"]}"#,
                r#"{"database":"s","schema":"a\u0000b","privileges":["USAGE"]}"#,
            ]
            .map(said)
            .join("\n"),
            @r#"
        a grant names no database (say which one: database = "sales")
        `database` is empty (name it, or leave it out)
        `database` is a text, and this is number (put it in quotes)
        a grant has no attribute `tables` (it may have database, schema, objects, name, pattern, column, owner, privilege, privileges, grant_option)
        a grant names no privileges (databases know CONNECT, CREATE, TEMPORARY)
        a grant names no privileges (databases know CONNECT, CREATE, TEMPORARY)
        databases have no privilege "SELECT" (databases know CONNECT, CREATE, TEMPORARY)
        a grant has both `privilege` and `privileges` (keep one of them)
        `grant_option` is true or false (write true or false)
        a grant on tables names no schema (say which one: schema = "public", or "*" for all)
        there are no objects "tabels" (write one of tables, sequences, functions, procedures, types, columns, languages, foreign servers, foreign data wrappers, large objects, future tables, future sequences, future functions, future types, future schemas; or leave it out for the schema or the database itself)
        tables have no privilege "USAGE" (tables know SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN)
        `ALL` is not taken: it would mean more with a later server (name them: SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN)
        a grant has both `name` and `pattern` (keep one of them)
        a grant on tables takes no `owner` (it is for what an owner makes later: objects = "future tables")
        a grant on tables takes no `column` (write objects = "columns" for a privilege on a column)
        the function "f" is named without the types of its arguments (write them: name = "f(integer, text)", or "f()" where it takes none)
        a grant on future tables names no owner (say whose they will be: owner = "etl" (the server keeps defaults per owner))
        `schema` of future tables is one schema or "*", and this is "p*" (write an entry for each schema)
        a grant on future tables takes no `name` (what is made later has no name yet)
        future schemas stand in no schema (leave `schema` out)
        a grant on columns names no column (say which one of the table `name`: column = ...)
        a grant on types names none (say which one: name = ...)
        a grant on schemas takes no `name` (say what is named: objects = "tables")
        `schema` holds a NUL (take it out)
        "#
        );
    }
}
