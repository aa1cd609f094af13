//! Names and texts as parts of statements, where PostgreSQL takes no parameters (`CREATE ROLE`, `GRANT`).
//!
//! Quoted by the rules of PostgreSQL's own lexer (documentation, 4.1.1 and 4.1.2), with the functions that its protocol
//! crate has for that; sessions have `standard_conforming_strings = on`.

use postgres_protocol::escape;

use super::failure::Failure;

/// Bytes of a name at most, as servers are built (`NAMEDATALEN` - 1). Longer ones would be cut, and two names that
/// differ only behind the cut would be one.
pub const LONGEST: usize = 63;

/// A name as an identifier: `Ada "the" King` is `"Ada ""the"" King"`. Refused where the server would cut it or cannot
/// hold it.
pub fn identifier(name: &str) -> Result<String, Failure> {
    checked(name)?;
    Ok(escape::escape_identifier(name))
}

/// A text as a literal: `O'Brien` is `'O''Brien'`.
pub fn literal(text: &str) -> Result<String, Failure> {
    if text.contains('\0') {
        return Err(Failure::new("a text holds a NUL, which PostgreSQL cannot", "take it out"));
    }
    Ok(escape::escape_literal(text).trim_start().to_owned())
}

/// A name that the server can hold as it is.
pub fn checked(name: &str) -> Result<(), Failure> {
    if name.is_empty() {
        return Err(Failure::new("the name is empty", "give it a name"));
    }
    if name.contains('\0') {
        return Err(Failure::new(format!("the name {name:?} holds a NUL"), "take it out"));
    }
    if name.len() > LONGEST {
        return Err(Failure::new(
            format!("the name {name:?} has {} bytes: PostgreSQL would cut it after {LONGEST}", name.len()),
            "give it a shorter name",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        for (name, quoted) in [
            ("ada", r#""ada""#),
            ("Ada King", r#""Ada King""#),
            (r#"a"b"#, r#""a""b""#),
            (r#""; DROP ROLE postgres; --"#, r#""""; DROP ROLE postgres; --""#),
            (r"back\slash", r#""back\slash""#),
            ("🦀", "\"🦀\""),
            ("$$", r#""$$""#),
        ] {
            assert_eq!(identifier(name).unwrap(), quoted);
        }
        for (text, quoted) in [
            ("", "''"),
            ("O'Brien", "'O''Brien'"),
            ("'; DROP ROLE postgres; --", "'''; DROP ROLE postgres; --'"),
            (r"a\'b", r"E'a\\''b'"),
        ] {
            assert_eq!(literal(text).unwrap(), quoted);
        }
    }

    #[test]
    fn names_that_a_server_would_change_are_refused() {
        for name in ["", "a\0b", &"x".repeat(64), &"é".repeat(32)] {
            assert!(identifier(name).is_err(), "{name:?}");
        }
        assert!(identifier(&"x".repeat(63)).is_ok());
        assert!(literal("a\0b").is_err());
    }
}
