//! Text from outside inside Markdown.

use std::borrow::Cow;

use crate::render::text::clean;

/// As a code span: nothing inside is Markdown, HTML, a mention or a link. The fence is longer than any run of
/// backticks inside (CommonMark 0.31, section 6.1).
pub fn code(text: &str) -> String {
    let text = clean(text);
    if text.is_empty() {
        return "` `".to_owned();
    }
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') || text.starts_with(' ') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// The same in the cell of a table, where a bar ends the cell even inside a code span (GFM 0.29, section 4.10).
pub fn code_in_table(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// As plain words: what Markdown or HTML would take for its own is escaped, and nobody is mentioned. What stands
/// between backticks becomes a code span, as the messages of tenure mean it.
pub fn words(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let part = |(at, part): (usize, &&str)| match (at % 2, part.is_empty()) {
        (0, _) => plain(part),
        (_, true) => "\\`\\`".to_owned(),
        _ => code(part),
    };
    parts.iter().enumerate().map(part).collect()
}

fn plain(text: &str) -> String {
    let text: Cow<'_, str> = clean(text);
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // GitHub looks for mentions and issue numbers after it resolved entities: an empty comment parts the word.
            '@' | '#' => {
                escaped.push(character);
                escaped.push_str("<!-- -->");
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    // A URL would become a link by itself.
    escaped.replace("://", ":<!-- -->//").replace("www.", "www<!-- -->.")
}

/// Inside HTML (`<summary>`), where Markdown is not read.
pub fn html(text: &str) -> String {
    let text = clean(text);
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.replace('@', "@<!-- -->")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_hold() {
        for (text, shown) in [
            ("account.chat.ada", "`account.chat.ada`"),
            ("a`b", "``a`b``"),
            ("`x``", "``` `x`` ```"),
            ("@team <b>|", "`@team <b>|`"),
            ("", "` `"),
            ("two\nlines", "`two\\nlines`"),
        ] {
            assert_eq!(code(text), shown);
        }
        assert_eq!(code_in_table("a|b"), "`a\\|b`");
    }

    #[test]
    fn words_stay_words() {
        for (text, shown) in [
            ("14 of 60 accounts", "14 of 60 accounts"),
            ("<img src=x> @acme/all #12", "&lt;img src=x&gt; @<!-- -->acme/all #<!-- -->12"),
            ("**bold** [a](b) |", "\\*\\*bold\\*\\* \\[a\\]\\(b\\) \\|"),
            ("`adopt` takes <it>, `", "\\`adopt\\` takes &lt;it&gt;, \\`"),
            ("`adopt` takes <it>, `` `@a`", "`adopt` takes &lt;it&gt;, \\`\\` `@a`"),
            ("see https://x.example", "see https:<!-- -->//x.example"),
        ] {
            assert_eq!(words(text), shown);
        }
        assert_eq!(html("a <b> & @c"), "a &lt;b&gt; &amp; @<!-- -->c");
    }
}
