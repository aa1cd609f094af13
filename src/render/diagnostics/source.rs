//! The piece of a file that an error shows.

use std::ops::Range;

use engine::language::Span;

/// Longer lines (a file of 100 MB may be one line) are cut around the mark, in bytes. Those that are shorter, but too
/// wide, the renderer trims itself.
const LONGEST: usize = 4_000;

/// One line of a file, or a piece of it.
pub struct Excerpt {
    pub text: String,
    /// The place within `text`, in bytes.
    pub mark: Range<usize>,
    /// Whether `text` is the whole line.
    pub whole: bool,
}

/// The line where `span` starts. Of a span over several lines the first is marked. What looks like a literal secret
/// is masked: errors end up in logs.
pub fn excerpt(file: &str, span: Span) -> Excerpt {
    let start = boundary(file, span.start as usize);
    let end = boundary(file, span.end as usize).max(start);
    let line_start = file[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = file[start..].find('\n').map_or(file.len(), |at| start + at);
    let line = mask(file[line_start..line_end].trim_end_matches('\r'));
    let start = (start - line_start).min(line.len());
    let end = (end - line_start).clamp(start, line.len());
    if line.len() <= LONGEST {
        return Excerpt { text: line, mark: start..end, whole: true };
    }
    let from = boundary(&line, start.saturating_sub(LONGEST / 2));
    let to = boundary(&line, (from + LONGEST).min(line.len()));
    let (before, after) = (if from > 0 { "..." } else { "" }, if to < line.len() { "..." } else { "" });
    let shift = |at: usize| at.clamp(from, to) - from + before.len();
    Excerpt { mark: shift(start)..shift(end), text: format!("{before}{}{after}", &line[from..to]), whole: false }
}

/// The nearest place at or before `at` where a character of `text` starts.
fn boundary(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

const SECRET_NAMES: [&str; 8] =
    ["password", "passwd", "passphrase", "token", "secret", "credential", "private_key", "api_key"];

/// Replaces, byte for byte, the insides of string literals that are given to an attribute with a telling name
/// (`password = "..."`) or to `sensitive(...)`, and passwords in URLs.
fn mask(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(quote) = rest.find('"') {
        let (before, from_quote) = rest.split_at(quote);
        let inside = &from_quote[1..];
        let end = literal_end(inside);
        masked.push_str(before);
        masked.push('"');
        if gives_a_secret(before) {
            masked.extend(std::iter::repeat_n('*', end));
        } else {
            push_url(&mut masked, &inside[..end]);
        }
        rest = &inside[end..];
        if let Some(after) = rest.strip_prefix('"') {
            masked.push('"');
            rest = after;
        }
    }
    masked.push_str(rest);
    masked
}

/// A literal; of a URL with a password all but the password.
fn push_url(to: &mut String, literal: &str) {
    let password = literal.find("://").and_then(|scheme| {
        let start = scheme + 3;
        let host = literal[start..].find(['/', '?', '#']).map_or(literal.len(), |end| start + end);
        let at = start + literal[start..host].rfind('@')?;
        let colon = start + literal[start..at].find(':')?;
        Some(colon + 1..at)
    });
    let password = password.unwrap_or(0..0);
    to.push_str(&literal[..password.start]);
    to.extend(std::iter::repeat_n('*', password.len()));
    to.push_str(&literal[password.end..]);
}

/// Where the closing quote of a literal stands, or the end of the line.
fn literal_end(inside: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    inside.len()
}

/// Whether a literal after `before` is given to something secret.
fn gives_a_secret(before: &str) -> bool {
    let before = before.trim_end();
    if before.ends_with("sensitive(") {
        return true;
    }
    let Some(name) = before.strip_suffix(['=', ':']) else { return false };
    let name = name.trim_end().trim_end_matches('"').to_ascii_lowercase();
    let name = name.rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').next().unwrap_or_default();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::language::FileId;

    #[test]
    fn secrets_are_masked() {
        for (line, shown) in [
            (r#"  token = "abc" + 1"#, r#"  token = "***" + 1"#),
            (r#"password="a\"b" # x"#, r#"password="****" # x"#),
            (r#"db_password = "never closed"#, r#"db_password = "************"#),
            (r#"x = sensitive("abc")"#, r#"x = sensitive("***")"#),
            (r#"x = { api_key = "abc", name = "ada" }"#, r#"x = { api_key = "***", name = "ada" }"#),
            (r#"email = "ada@acme.example""#, r#"email = "ada@acme.example""#),
            (r#"password = env("LDAP_PASSWORD")"#, r#"password = env("LDAP_PASSWORD")"#),
            (r#"url = "https://ada:hun:r@2@x.example/a@b""#, r#"url = "https://ada:*******@x.example/a@b""#),
            (r#"url = "https://ada@x.example:1/a:b@c""#, r#"url = "https://ada@x.example:1/a:b@c""#),
            (r#"x == "token" ? "a" : "b""#, r#"x == "token" ? "a" : "b""#),
        ] {
            assert_eq!(mask(line), shown);
        }
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let text = format!("x = [{}\"here\", {}]\n", "1, ".repeat(5000), "ü, ".repeat(5000));
        let start = text.find("\"here\"").unwrap() as u32;
        let found = excerpt(&text, Span { file: FileId(0), start, end: start + 6 });
        assert_eq!(&found.text[found.mark.clone()], "\"here\"");
        assert!(found.text.len() <= LONGEST + 6, "{}", found.text.len());
        assert!(found.text.starts_with("...") && found.text.ends_with("..."));
    }

    #[test]
    fn of_a_block_the_first_line_is_marked() {
        let text = "a = {\n  b = 1\n}\n";
        let found = excerpt(text, Span { file: FileId(0), start: 4, end: 15 });
        assert_eq!((found.text.as_str(), found.mark, found.whole), ("a = {", 4..5, true));
    }
}
