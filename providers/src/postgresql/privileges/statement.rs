//! Statements that give and take privileges (documentation, `GRANT`, `REVOKE`, `ALTER DEFAULT PRIVILEGES`).

use super::super::Failure;
use super::super::quote::identifier;
use super::catalog::Object;
use super::kind::{Kind, Privilege, Reach};

/// What a statement does to a privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Take,
    /// The privilege stays, the right to pass it on goes.
    TakeOption,
    Give,
    GiveWithOption,
}

/// The statement that does this to what `objects` (of one kind) `holders` (by name) hold.
pub fn statement(verb: Verb, privilege: Privilege, objects: &[&Object], holders: &[&str]) -> Result<String, Failure> {
    let holders = holders.iter().map(|holder| identifier(holder)).collect::<Result<Vec<_>, _>>()?.join(", ");
    let mut statements = Vec::new();
    let privilege = privilege.name();
    let worded = |privilege: &str, on: &str| match verb {
        Verb::Give => format!("GRANT {privilege} ON {on} TO {holders}"),
        Verb::GiveWithOption => format!("GRANT {privilege} ON {on} TO {holders} WITH GRANT OPTION"),
        Verb::Take => format!("REVOKE {privilege} ON {on} FROM {holders}"),
        Verb::TakeOption => format!("REVOKE GRANT OPTION FOR {privilege} ON {on} FROM {holders}"),
    };
    let Some(first) = objects.first() else { return Ok(String::new()) };
    let facts = first.kind.facts();
    match (first.kind, facts.reach) {
        (_, Reach::Future) => {
            for object in objects {
                let mut text = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {}", identifier(&object.detail)?);
                if !object.schema.is_empty() {
                    text.push_str(&format!(" IN SCHEMA {}", identifier(&object.schema)?));
                }
                statements.push(format!("{text} {}", worded(privilege, facts.keyword)));
            }
        }
        (Kind::Column, _) => {
            for object in objects {
                let column = identifier(&object.detail)?;
                let table = format!("{}.{}", identifier(&object.schema)?, identifier(&object.name)?);
                statements.push(worded(&format!("{privilege} ({column})"), &format!("TABLE {table}")));
            }
        }
        _ => {
            let names = objects.iter().map(|object| name(object)).collect::<Result<Vec<_>, _>>()?;
            statements.push(worded(privilege, &format!("{} {}", facts.keyword, names.join(", "))));
        }
    }
    Ok(statements.join(";\n"))
}

/// An object as a statement names it.
pub fn name(object: &Object) -> Result<String, Failure> {
    let mut text = match object.kind {
        // A number, as the catalog gave it.
        Kind::LargeObject => return Ok(object.name.chars().filter(char::is_ascii_digit).collect()),
        _ if object.schema.is_empty() || object.kind == Kind::Schema => String::new(),
        _ => format!("{}.", identifier(&object.schema)?),
    };
    match object.kind {
        Kind::Function | Kind::Procedure => {
            // The types as the server printed them, quoted by itself.
            let types = object.name.strip_prefix(&object.detail).unwrap_or("()");
            text.push_str(&format!("{}{types}", identifier(&object.detail)?));
        }
        _ => text.push_str(&identifier(&object.name)?),
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: Kind, schema: &str, name: &str, detail: &str) -> Object {
        let (schema, name, detail) = (schema.into(), name.into(), detail.into());
        Object { kind, schema, name, detail, owner: 10, held: Vec::new() }
    }

    #[test]
    fn names_are_quoted_wherever_they_stand() {
        let table = object(Kind::Table, "public", "orders", "");
        let odd = object(Kind::Table, r#"a"b"#, "x; DROP TABLE y", "");
        let column = object(Kind::Column, "public", "orders", "the price");
        let function = object(Kind::Function, "public", r#"f(x)(integer, "my type")"#, "f(x)");
        let future = object(Kind::FutureTable, "public", "", "etl");
        let everywhere = object(Kind::FutureRoutine, "", "", "etl");
        let schema = object(Kind::Schema, "public", "public", "");
        for (verb, privilege, objects, text) in [
            (
                Verb::Give,
                "SELECT",
                vec![&table, &odd],
                r#"GRANT SELECT ON TABLE "public"."orders", "a""b"."x; DROP TABLE y" TO "g", "h i""#,
            ),
            (
                Verb::Take,
                "SELECT",
                vec![&column],
                r#"REVOKE SELECT ("the price") ON TABLE "public"."orders" FROM "g", "h i""#,
            ),
            (
                Verb::GiveWithOption,
                "EXECUTE",
                vec![&function],
                r#"GRANT EXECUTE ON FUNCTION "public"."f(x)"(integer, "my type") TO "g", "h i" WITH GRANT OPTION"#,
            ),
            (
                Verb::TakeOption,
                "USAGE",
                vec![&schema],
                r#"REVOKE GRANT OPTION FOR USAGE ON SCHEMA "public" FROM "g", "h i""#,
            ),
            (
                Verb::Give,
                "SELECT",
                vec![&future],
                r#"ALTER DEFAULT PRIVILEGES FOR ROLE "etl" IN SCHEMA "public" GRANT SELECT ON TABLES TO "g", "h i""#,
            ),
            (
                Verb::Take,
                "EXECUTE",
                vec![&everywhere],
                r#"ALTER DEFAULT PRIVILEGES FOR ROLE "etl" REVOKE EXECUTE ON ROUTINES FROM "g", "h i""#,
            ),
        ] {
            let privilege = Privilege::named(privilege).unwrap();
            assert_eq!(statement(verb, privilege, &objects, &["g", "h i"]).unwrap(), text);
        }
    }
}
