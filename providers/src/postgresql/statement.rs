//! Attributes as the options of `CREATE ROLE`, `ALTER ROLE`, `COMMENT ON ROLE` and `GRANT`.

use postgres_protocol::password::scram_sha_256;
use state::{Attributes, Order, Symbol, Timestamp, Value};

use super::quote::{identifier, literal};

/// Parameters whose value is a list of names (`GUC_LIST_QUOTE`): written as one text, the server would take the whole
/// list for one name.
const LISTS: [&str; 6] = [
    "search_path",
    "temp_tablespaces",
    "local_preload_libraries",
    "session_preload_libraries",
    "shared_preload_libraries",
    "unix_socket_directories",
];

/// What an order's attributes come to.
#[derive(Debug, Default)]
pub struct Clauses {
    /// Options of `CREATE ROLE` and `ALTER ROLE`, each with a blank before it.
    pub options: String,
    /// The new comment; none where nothing is said.
    pub comment: Option<String>,
    /// Parameters to set, or to reset where there is no value.
    pub config: Vec<(String, Option<String>)>,
}

/// The clauses of an order; the error says what is wrong with which attribute. Passwords are sent as SCRAM verifiers
/// (RFC 5803), so that none stands in a statement, which servers may log.
pub fn clauses(order: &Order, allow_superuser: bool) -> Result<Clauses, String> {
    let mut clauses = Clauses::default();
    for (name, value) in &order.after {
        let wrong = |expected: &str| format!("{name} is {value}: write {expected}");
        match name.as_str() {
            "name" => {}
            "comment" => {
                let text = text(value).ok_or_else(|| wrong("a text"))?;
                if text.ends_with(super::role::MARK) {
                    return Err(format!("comment ends in {}, which only tenure writes", super::role::MARK));
                }
                clauses.comment = Some(text.to_owned());
            }
            "superuser" if !allow_superuser => {
                return Err("superuser is not set unless allow_superuser = true stands in the system block".to_owned());
            }
            "createdb" | "createrole" | "inherit" | "replication" | "bypassrls" | "superuser" => {
                let on = truth(value).ok_or_else(|| wrong("true or false"))?;
                clauses.options.push_str(if on { " " } else { " NO" });
                clauses.options.push_str(&name.as_str().to_uppercase());
            }
            "connection_limit" => match value {
                Value::Integer(limit @ -1..=2_147_483_647) => {
                    clauses.options.push_str(&format!(" CONNECTION LIMIT {limit}"));
                }
                _ => return Err(wrong("a whole number, -1 for no limit")),
            },
            "valid_until" => {
                let text = text(value).ok_or_else(|| wrong("a moment"))?;
                if !text.is_empty() && text.parse::<Timestamp>().is_err() {
                    return Err(wrong("a moment such as 2026-12-31T23:59:59Z, or \"\" for no end"));
                }
                let text = if text.is_empty() { "infinity" } else { text };
                clauses.options.push_str(&format!(" VALID UNTIL {}", literal(text).map_err(|wrong| wrong.message)?));
            }
            "config" => clauses.config = config(value)?,
            "password" => {
                return Err("a password must be sensitive: env(...), command(...) or sensitive(...)".to_owned());
            }
            other => return Err(format!("a role has no attribute {other}")),
        }
    }
    for (name, secret) in &order.secrets.0 {
        match name.as_str() {
            "password" if secret.is_empty() => clauses.options.push_str(" PASSWORD NULL"),
            "password" => {
                let verifier = literal(&scram_sha_256(secret.as_bytes())).map_err(|wrong| wrong.message)?;
                clauses.options.push_str(&format!(" PASSWORD {verifier}"));
            }
            other => return Err(format!("{other} cannot be set to a sensitive value: PostgreSQL would log it")),
        }
    }
    Ok(clauses)
}

/// `ALTER ROLE ... SET` and `RESET` for parameters.
pub fn set_config(role: &str, config: &[(String, Option<String>)]) -> Result<Vec<String>, String> {
    let statement = |(name, value): &(String, Option<String>)| {
        let name =
            name.split('.').map(identifier).collect::<Result<Vec<_>, _>>().map_err(|wrong| wrong.message)?.join(".");
        let Some(value) = value else { return Ok(format!("ALTER ROLE {role} RESET {name}")) };
        let list = LISTS.contains(&name.trim_matches('"'));
        let values: Vec<String> = if list { names(value) } else { vec![value.clone()] };
        let values: Result<Vec<String>, _> = values.iter().map(|value| literal(value)).collect();
        let values = values.map_err(|wrong| wrong.message)?.join(", ");
        Ok(format!("ALTER ROLE {role} SET {name} TO {values}"))
    };
    config.iter().map(statement).collect()
}

fn config(value: &Value) -> Result<Vec<(String, Option<String>)>, String> {
    let pairs = match value {
        Value::Map(pairs) => pairs,
        _ => {
            return Err(format!("config is {value}: write an object of parameters, such as {{ work_mem = \"64MB\" }}"));
        }
    };
    let pair = |(name, value): &(Symbol, Value)| {
        if name.as_str().chars().any(char::is_uppercase) {
            return Err(format!("config.{name}: write names of parameters in lower case"));
        }
        let value = match value {
            Value::Text(text) => text.as_str().to_owned(),
            Value::Null => String::new(),
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) => value.to_string(),
            _ => return Err(format!("config.{name} is {value}: write a text")),
        };
        Ok((name.as_str().to_owned(), Some(value).filter(|value| !value.is_empty())))
    };
    pairs.iter().map(pair).collect()
}

/// The names in a list as `SHOW search_path` shows it: `"$user", public`.
fn names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut quoted = false;
    let mut letters = list.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                name.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(std::mem::take(&mut name)),
            blank if !quoted && blank.is_whitespace() => {}
            letter => name.push(letter),
        }
    }
    names.push(name);
    names
}

/// A qualifier of a membership: `true`, or the text "true".
pub fn qualifier(attributes: &Attributes, name: &str) -> Result<Option<bool>, String> {
    match attributes.get(Symbol::new(name)) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => truth(value).map(Some).ok_or_else(|| format!("{name} is {value}: write true or false")),
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Text(text) => text.as_str().parse().ok(),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&'static str> {
    match value {
        Value::Text(text) => Some(text.as_str()),
        Value::List(items) if items.is_empty() => Some(""),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names_are_taken_apart() {
        for (list, expected) in [
            (r#""$user", public"#, &["$user", "public"][..]),
            ("sales", &["sales"]),
            (r#""a, ""b""",c"#, &[r#"a, "b""#, "c"]),
            ("", &[""]),
        ] {
            assert_eq!(names(list), expected, "{list}");
        }
    }

    #[test]
    fn parameters_are_set_and_reset() {
        let config = [
            ("work_mem", Some("64MB")),
            ("search_path", Some("\"$user\", sales")),
            ("a.b", Some("x'; --")),
            ("timezone", None),
        ];
        let config = config.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
        insta::assert_snapshot!(set_config("\"ada\"", &config).unwrap().join("\n"), @r#"
ALTER ROLE "ada" SET "work_mem" TO '64MB'
ALTER ROLE "ada" SET "search_path" TO '$user', 'sales'
ALTER ROLE "ada" SET "a"."b" TO 'x''; --'
ALTER ROLE "ada" RESET "timezone"
"#);
    }
}
