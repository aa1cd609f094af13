//! Text from outside, made fit to be shown.

use std::borrow::Cow;

/// `text` without what could steer a terminal or turn the reading direction: control characters and the marks of
/// Unicode's bidirectional algorithm are written as escapes (`\u{1b}`). Line breaks too, so that one value cannot
/// look like several lines of output.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(misleads) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if misleads(character) { cleaned.extend(character.escape_default()) } else { cleaned.push(character) }
    }
    Cow::Owned(cleaned)
}

/// Of text of several lines each line by itself; tabs become two spaces.
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    if !text.contains(misleads) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.lines().map(|line| clean(&line.replace('\t', "  ")).into_owned()).collect::<Vec<_>>().join("\n"))
}

fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// How many columns of a terminal `text` takes.
pub fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// `1234567` as `1,234,567`.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 error`, `3 errors`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", number(count as u64), if count == 1 { one } else { many })
}

/// `4f2a1c3b5d`, and whether that is all.
pub fn commit(commit: &state::Commit) -> String {
    let id = clean(commit.id.get(..10).unwrap_or(&commit.id)).into_owned();
    if commit.clean { id } else { format!("{id} with changes that are not in it") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        for (text, shown) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("Zoë 李", "Zoë 李"),
            ("\u{1b}[2Jhello", "\\u{1b}[2Jhello"),
            ("two\nlines\r", "two\\nlines\\r"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            ("\u{9b}31m", "\\u{9b}31m"),
        ] {
            assert_eq!(clean(text), shown);
        }
        assert_eq!(clean_lines("a\tb\r\n\u{7}c"), "a  b\n\\u{7}c");
    }

    #[test]
    fn numbers() {
        for (given, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(given), shown);
        }
        assert_eq!(counted(1, "error", "errors"), "1 error");
        assert_eq!(counted(0, "error", "errors"), "0 errors");
    }
}
