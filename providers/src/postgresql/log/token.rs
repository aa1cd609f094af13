//! Statements as words (PostgreSQL documentation, 4.1). What stands in string constants, passwords among it, is passed over
//! and kept nowhere.

/// A word of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A key word or a name without quotes, in lower case.
    Word(String),
    /// A name in quotes.
    Name(String),
    /// A string constant; whatever it says.
    Text,
    Number(i64),
    /// `;`, `,`, `(`, ...
    Sign(char),
}

/// A text that is no statement, or one that the settings of its session give a meaning to (`'\'`).
#[derive(Debug, PartialEq, Eq)]
pub struct Unclear;

/// Bytes of a name; the server cuts off what is beyond.
const LONGEST: usize = 63;

/// The words of one or more statements.
pub fn tokens(sql: &str) -> Result<Vec<Token>, Unclear> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(letter) = rest.chars().next() {
        rest = if letter.is_whitespace() {
            past(rest, letter.len_utf8())
        } else if rest.starts_with("--") {
            past(rest, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            past(rest, comment(rest)?)
        } else if letter == '"' {
            let (name, end) = quoted(rest, '"')?;
            tokens.push(Token::Name(cut(name)));
            past(rest, end)
        } else if letter == '\'' {
            let (text, end) = quoted(rest, '\'')?;
            // With standard_conforming_strings = off, which a session may have set, the text would end elsewhere.
            if text.contains('\\') {
                return Err(Unclear);
            }
            tokens.push(Token::Text);
            past(rest, end)
        } else if letter == '$' {
            let end = dollars(rest);
            tokens.push(if end.is_some() { Token::Text } else { Token::Sign('$') });
            past(rest, end.unwrap_or(1))
        } else if letter.is_ascii_digit() {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            tokens.push(rest.get(..end).and_then(|digits| digits.parse().ok()).map_or(Token::Sign('0'), Token::Number));
            past(rest, end)
        } else if letter.is_alphabetic() || letter == '_' {
            let inside = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
            let end = rest.find(|letter| !inside(letter)).unwrap_or(rest.len());
            let (word, after) = (rest.get(..end).unwrap_or_default(), past(rest, end));
            match (word.to_ascii_lowercase().as_str(), after.chars().next()) {
                ("e", Some('\'')) => {
                    tokens.push(Token::Text);
                    past(after, escaped(after)?)
                }
                ("b" | "x" | "n", Some('\'')) => after,
                // U&"..." and U&'...': names by numbers.
                ("u", Some('&')) if matches!(after.as_bytes().get(1), Some(b'"' | b'\'')) => return Err(Unclear),
                (lower, _) => {
                    tokens.push(Token::Word(cut(lower.to_owned())));
                    after
                }
            }
        } else {
            tokens.push(Token::Sign(letter));
            past(rest, letter.len_utf8())
        };
    }
    Ok(tokens)
}

fn past(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

/// Where a comment ends; comments nest.
fn comment(text: &str) -> Result<usize, Unclear> {
    let (mut depth, mut at) = (0_usize, 0);
    let bytes = text.as_bytes();
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'/'), Some(b'*')) => (depth, at) = (depth + 1, at + 2),
            (Some(b'*'), Some(b'/')) => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return Ok(at);
                }
            }
            (Some(_), Some(_)) => at += 1,
            _ => return Err(Unclear),
        }
    }
}

/// What stands between the quote at the beginning and the next single one, and where that ends.
fn quoted(text: &str, quote: char) -> Result<(String, usize), Unclear> {
    let mut inner = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != quote {
            inner.push(letter);
        } else if letters.next_if(|(_, next)| *next == quote).is_some() {
            inner.push(quote);
        } else {
            return Ok((inner, at + 1));
        }
    }
    Err(Unclear)
}

/// Where the text in quotes behind an E ends.
fn escaped(text: &str) -> Result<usize, Unclear> {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '\'' if letters.next_if(|(_, next)| *next == '\'').is_none() => return Ok(at + 1),
            _ => {}
        }
    }
    Err(Unclear)
}

/// Where a text between `$tag$` and `$tag$` ends; none where this begins none.
fn dollars(text: &str) -> Option<usize> {
    let tag = text.get(..text.get(1..)?.find('$')? + 2)?;
    let name = tag.get(1..tag.len() - 1)?;
    let is_name = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    if !is_name || name.starts_with(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    Some(tag.len() + past(text, tag.len()).find(tag)? + tag.len())
}

fn cut(mut name: String) -> String {
    let end = (0..=LONGEST.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    name.truncate(end);
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::postgresql::quote;

    #[test]
    fn statements_as_words() {
        let shown = |sql: &str| match tokens(sql) {
            Err(Unclear) => "unclear".to_owned(),
            Ok(tokens) => {
                let word = |token: &Token| match token {
                    Token::Word(word) => word.clone(),
                    Token::Name(name) => format!("<{name}>"),
                    Token::Text => "TEXT".to_owned(),
                    Token::Number(number) => number.to_string(),
                    Token::Sign(sign) => sign.to_string(),
                };
                tokens.iter().map(word).collect::<Vec<_>>().join(" ")
            }
        };
        for (sql, expected) in [
            ("ALTER ROLE Ada NOLOGIN;", "alter role ada nologin ;"),
            (r#"alter role "Ada ""K""" -- why; DROP"#, r#"alter role <Ada "K">"#),
            ("ALTER /* a /* b */ c */ROLE/**/x", "alter role x"),
            ("/* open", "unclear"),
            ("ALTER ROLE x PASSWORD 'it''s; DROP ROLE y'", "alter role x password TEXT"),
            ("ALTER ROLE x PASSWORD E'it\\'s; DROP ROLE y'", "alter role x password TEXT"),
            ("ALTER ROLE x PASSWORD $$it's; DROP ROLE y$$", "alter role x password TEXT"),
            ("ALTER ROLE x PASSWORD $a$it's $$ ; DROP ROLE y$a$ LOGIN", "alter role x password TEXT login"),
            ("SELECT $1", "select $ 1"),
            (r"SELECT 'a\'; DROP ROLE ada; --'", "unclear"),
            (r#"DROP ROLE U&"d\0061t""#, "unclear"),
            ("SELECT u & 'x'", "select u & TEXT"),
            ("ALTER ROLE x CONNECTION LIMIT -1", "alter role x connection limit - 1"),
            ("DROP ROLE \"open", "unclear"),
            ("DROP ROLE Été", "drop role Été"),
            ("SELECT 99999999999999999999", "select 0"),
        ] {
            assert_eq!(shown(sql), expected, "{sql}");
        }
        let long = "x".repeat(62) + "éé";
        assert_eq!(tokens(&long), Ok(vec![Token::Word("x".repeat(62))]));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(sql in ".{0,60}", like in "[-/*'\"$\\\\eEuU&;a ]{0,30}") {
            let _ = (tokens(&sql), tokens(&like));
        }

        /// Texts are passed over, names are taken, as tenure itself writes them.
        #[test]
        fn what_is_quoted_is_one_word(name in "[ -~é]{1,40}", text in "[ -~é\n]{0,40}") {
            let sql = format!("{} {};", quote::identifier(&name).unwrap(), quote::literal(&text).unwrap());
            prop_assert_eq!(tokens(&sql), Ok(vec![Token::Name(name), Token::Text, Token::Sign(';')]));
        }
    }
}
