//! Patterns of names: `*` stands for any characters, `\` before one takes it as it is.

/// A name or a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    text: String,
    /// The name that this is where it has no `*`.
    literal: Option<String>,
}

impl Pattern {
    pub fn new(text: &str) -> Pattern {
        let parts = parts(text);
        let literal = match parts.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        Pattern { text: text.to_owned(), literal }
    }

    /// The pattern that fits this name only.
    pub fn exactly(name: &str) -> Pattern {
        Pattern { text: name.replace('\\', r"\\").replace('*', r"\*"), literal: Some(name.to_owned()) }
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The only name that it fits, where it has no `*`.
    pub fn literal(&self) -> Option<&str> {
        self.literal.as_deref()
    }

    /// Whether it fits a name, whole.
    pub fn fits(&self, name: &str) -> bool {
        if let Some(literal) = &self.literal {
            return literal == name;
        }
        let parts = parts(&self.text);
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
        let Some(rest) = name.strip_prefix(first.as_str()) else { return false };
        let Some(mut rest) = rest.strip_suffix(last.as_str()) else { return false };
        // Each of the others at its first place: if that does not fit, no later one does.
        for part in parts.iter().skip(1).take(parts.len().saturating_sub(2)) {
            match rest.find(part.as_str()) {
                Some(at) => rest = rest.get(at + part.len()..).unwrap_or(""),
                None => return false,
            }
        }
        true
    }
}

/// The texts between the stars.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            '*' => {
                parts.push(String::new());
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(last) = parts.last_mut() {
            last.push(literal);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names() {
        for (pattern, fits, other) in [
            ("orders", vec!["orders"], vec!["orders2", "Orders", ""]),
            ("*", vec!["", "a", "*"], vec![]),
            ("report_*", vec!["report_", "report_2026"], vec!["report", "xreport_"]),
            ("*_old", vec!["_old", "a_old"], vec!["old", "a_old_"]),
            ("a*b*c", vec!["abc", "aXbYc", "abbc"], vec!["ab", "ac", "acb", "abcX"]),
            ("a*a", vec!["aa", "aba"], vec!["a"]),
            (r"a\*b", vec!["a*b"], vec!["aXb"]),
            (r"a\\b", vec![r"a\b"], vec!["ab"]),
            (r"a\", vec![r"a\"], vec!["a"]),
            ("é*🦀", vec!["é🦀", "éx🦀"], vec!["e🦀"]),
            ("**", vec!["", "a"], vec![]),
        ] {
            let pattern = Pattern::new(pattern);
            for name in fits {
                assert!(pattern.fits(name), "{pattern:?} {name:?}");
            }
            for name in other {
                assert!(!pattern.fits(name), "{pattern:?} {name:?}");
            }
        }
        for name in ["orders", "a*b", r"a\b", r"\*", ""] {
            assert_eq!(Pattern::new(Pattern::exactly(name).text()), Pattern::exactly(name), "{name:?}");
            assert!(Pattern::exactly(name).fits(name));
        }
    }
}
