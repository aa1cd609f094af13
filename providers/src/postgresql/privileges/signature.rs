//! Functions by name and types of arguments: `add(integer, integer)`.

/// Other names of types that the server prints under one name (documentation, table 8.1).
const ALIASES: [(&str, &str); 22] = [
    ("bool", "boolean"),
    ("bpchar", "character"),
    ("char", "character"),
    ("dec", "numeric"),
    ("decimal", "numeric"),
    ("float", "double precision"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("int", "integer"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("time", "time without time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timestamptz", "timestamp with time zone"),
    ("timetz", "time with time zone"),
    ("varbit", "bit varying"),
    ("varchar", "character varying"),
    ("national character", "character"),
    ("national character varying", "character varying"),
    ("char varying", "character varying"),
    ("nchar", "character"),
];

/// A signature as the catalog tells it; none where there are no parentheses. What is quoted stays as it is.
pub fn canonical(written: &str) -> Option<String> {
    let written = written.trim();
    let inside = written.strip_suffix(')')?;
    let open = opening(inside)?;
    let (name, arguments) = (inside.get(..open)?.trim_end(), inside.get(open + 1..)?);
    if name.is_empty() {
        return None;
    }
    let types: Vec<String> = split(arguments).iter().map(|one| one_type(one)).collect();
    let none = types.iter().all(String::is_empty);
    Some(format!("{name}({})", if none { String::new() } else { types.join(", ") }))
}

/// Where the parenthesis opens that closes at the end.
fn opening(inside: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, character) in inside.char_indices().rev() {
        match character {
            ')' => depth += 1,
            '(' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Parts between commas outside of quotes and parentheses.
fn split(arguments: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut start) = (0, false, 0);
    let mut parts = Vec::new();
    for (at, character) in arguments.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.extend(arguments.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(arguments.get(start..));
    parts
}

fn one_type(written: &str) -> String {
    let written = written.trim();
    if written.contains('"') {
        return written.to_owned();
    }
    let words: Vec<&str> = written.split_whitespace().collect();
    let spaced = words.join(" ");
    let (base, array) = match spaced.strip_suffix("[]") {
        Some(base) => (base.trim_end(), "[]"),
        None => (&*spaced, ""),
    };
    let lower = base.to_lowercase();
    let base = ALIASES.iter().find(|(alias, _)| *alias == lower).map_or(&*lower, |(_, name)| name);
    format!("{base}{array}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_as_the_catalog_tells_them() {
        for (written, canonical_form) in [
            ("f()", Some("f()")),
            (" f ( ) ", Some("f()")),
            ("add(int,INT4)", Some("add(integer, integer)")),
            ("add( integer ,  double   precision)", Some("add(integer, double precision)")),
            ("f(public.mood, varchar)", Some("f(public.mood, character varying)")),
            (r#"f("My Type",text[])"#, Some(r#"f("My Type", text[])"#)),
            (r#"f("a,b")"#, Some(r#"f("a,b")"#)),
            ("f(int[])", Some("f(integer[])")),
            ("odd (name)(text)", Some("odd (name)(text)")),
            ("f(timestamptz)", Some("f(timestamp with time zone)")),
            ("f", None),
            ("(int)", None),
            ("f)", None),
            ("", None),
        ] {
            assert_eq!(canonical(written).as_deref(), canonical_form, "{written:?}");
        }
    }
}
