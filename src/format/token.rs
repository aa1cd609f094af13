//! A configuration file as tokens (HCL native syntax specification, "Lexical Elements").

use super::NotFormatted;

/// What a token is, as far as its surroundings depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Newline,
    /// `# ...` or `// ...`, without its line break.
    Comment,
    /// `/* ... */`, perhaps over several lines.
    BlockComment,
    Identifier,
    Number,
    /// `"..."`, with all templates inside.
    Quoted,
    /// From `<<` to the end of its last line, without the line break.
    Heredoc,
    /// `{`, `[` or `(`.
    Open,
    /// `}`, `]` or `)`.
    Close,
    /// `=`.
    Assign,
    Comma,
    Dot,
    /// `...`.
    Ellipsis,
    /// Everything else: arithmetic, comparison, logic, `?`, `:`, `=>`.
    Operator,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'t> {
    pub kind: Kind,
    pub text: &'t str,
}

const OPERATORS: [&str; 9] = ["==", "!=", "<=", ">=", "&&", "||", "=>", "::", "..."];

/// Cuts `text` into tokens. White space between them is left out.
pub fn tokens(text: &str) -> Result<Vec<Token<'_>>, NotFormatted> {
    let mut found = Vec::with_capacity(text.len() / 4);
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if matches!(first, ' ' | '\t') || (first == '\r' && rest.starts_with("\r\n")) {
            at += 1;
            continue;
        }
        let fail = |what: &str| NotFormatted { what: what.to_owned(), line: text[..at].matches('\n').count() + 1 };
        let (kind, length) = match first {
            '\n' => (Kind::Newline, 1),
            '#' => (Kind::Comment, line_length(rest)),
            '/' if rest.starts_with("//") => (Kind::Comment, line_length(rest)),
            '/' if rest.starts_with("/*") => {
                (Kind::BlockComment, rest.find("*/").ok_or_else(|| fail("a comment is not closed"))? + 2)
            }
            '"' => (Kind::Quoted, quoted_length(rest).ok_or_else(|| fail("a string is not closed"))?),
            '<' if rest.starts_with("<<") && heredoc_name(rest).is_some() => {
                (Kind::Heredoc, heredoc_length(rest).ok_or_else(|| fail("a heredoc is not closed"))?)
            }
            '{' | '[' | '(' => (Kind::Open, 1),
            '}' | ']' | ')' => (Kind::Close, 1),
            ',' => (Kind::Comma, 1),
            '0'..='9' => (Kind::Number, number_length(rest)),
            character if character.is_alphabetic() || character == '_' => (Kind::Identifier, identifier_length(rest)),
            _ => match OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
                Some(&"...") => (Kind::Ellipsis, 3),
                Some(operator) => (Kind::Operator, operator.len()),
                None => match first {
                    '=' => (Kind::Assign, 1),
                    '.' => (Kind::Dot, 1),
                    '+' | '-' | '*' | '/' | '%' | '<' | '>' | '!' | '?' | ':' | '&' | '|' => (Kind::Operator, 1),
                    other => return Err(fail(&format!("`{}` has no place here", other.escape_debug()))),
                },
            },
        };
        match (kind, open.last(), first) {
            (Kind::Open, ..) => open.push(first),
            (Kind::Close, Some('{'), '}') | (Kind::Close, Some('['), ']') | (Kind::Close, Some('('), ')') => {
                open.pop();
            }
            (Kind::Close, ..) => return Err(fail(&format!("`{first}` closes nothing"))),
            _ => {}
        }
        found.push(Token { kind, text: rest[..length].trim_end_matches('\r') });
        at += length;
    }
    match open.last() {
        Some(open) => {
            Err(NotFormatted { what: format!("`{open}` is not closed"), line: text.matches('\n').count() + 1 })
        }
        None => Ok(found),
    }
}

fn line_length(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

fn identifier_length(rest: &str) -> usize {
    rest.find(|character: char| !character.is_alphanumeric() && character != '_' && character != '-')
        .unwrap_or(rest.len())
}

/// Digits, a fraction, an exponent.
fn number_length(rest: &str) -> usize {
    let digits = |from: usize| {
        rest[from..].find(|character: char| !character.is_ascii_digit()).map_or(rest.len(), |length| from + length)
    };
    let mut end = digits(0);
    if rest[end..].starts_with('.') && rest[end + 1..].starts_with(|character: char| character.is_ascii_digit()) {
        end = digits(end + 1);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

/// Bytes from the opening to the closing quote; templates inside may hold strings and braces of their own.
fn quoted_length(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    // What is open, innermost last: a string (`"`) or the braces of a template (`{`).
    let mut inside = vec![b'"'];
    let mut at = 1;
    while let Some(&innermost) = inside.last() {
        let byte = *bytes.get(at)?;
        let two = bytes.get(at..at + 2);
        match (innermost, byte) {
            (_, b'\n') if inside.len() == 1 => return None,
            (b'"', b'\\') => at += 1,
            (b'"', b'"') => {
                inside.pop();
            }
            (b'"', _) if two == Some(b"${") || two == Some(b"%{") => {
                // `$${` and `%%{` are the characters themselves.
                if bytes.get(at - 1) == Some(&byte) {
                    at += 1;
                } else {
                    inside.push(b'{');
                    at += 1;
                }
            }
            (b'{', b'"') => inside.push(b'"'),
            (b'{', b'{') => inside.push(b'{'),
            (b'{', b'}') => {
                inside.pop();
            }
            _ => {}
        }
        at += 1;
    }
    Some(at)
}

fn heredoc_name(rest: &str) -> Option<&str> {
    let after = rest.strip_prefix("<<")?;
    let after = after.strip_prefix('-').unwrap_or(after);
    let name = &after[..identifier_length(after)];
    let line = after[name.len()..].split('\n').next()?;
    (!name.is_empty() && line.trim_end_matches('\r').is_empty()).then_some(name)
}

/// Bytes up to the end of the line that holds nothing but the name.
fn heredoc_length(rest: &str) -> Option<usize> {
    let name = heredoc_name(rest)?;
    let mut at = line_length(rest) + 1;
    while at < rest.len() {
        let line = &rest[at..at + line_length(&rest[at..])];
        if line.trim() == name {
            return Some(at + line.len());
        }
        at += line.len() + 1;
    }
    None
}
