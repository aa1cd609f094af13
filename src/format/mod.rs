//! The one form of configuration files.
//!
//! `token` cuts a text into tokens that keep their own text, `layout` gives each line its indentation, its spaces and
//! its alignment. Tokens are never changed, dropped or moved to another line, so comments and heredocs survive and the
//! meaning cannot change; that this held is checked before anything is written.

mod layout;
mod token;

#[cfg(test)]
mod tests;

use token::{Token, tokens};

/// The text is not one that can be brought into form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at line {line}")]
pub struct NotFormatted {
    pub what: String,
    pub line: usize,
}

/// `text` in the one form: two spaces of indentation, one space between tokens, `=` and trailing comments aligned in
/// consecutive lines, at most one blank line, none at the edges of a block. Formatting twice changes nothing more.
pub fn format(text: &str) -> Result<String, NotFormatted> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = tokens(text)?;
    let formatted = layout::write(&read);
    // Cheap beside reading the file, and a wrong space inside a user's file is not.
    match tokens(&formatted) {
        Ok(again) if same(&read, &again) => Ok(formatted),
        _ => Err(NotFormatted { what: "formatting would change the meaning (please report this)".to_owned(), line: 1 }),
    }
}

/// Where in `text` the block whose header ends at `from` is closed: the place of its `}`.
pub fn block_end(text: &str, from: usize) -> Option<usize> {
    let (mut depth, begin) = (0usize, text.as_ptr() as usize);
    for token in tokens(text).ok()? {
        let at = token.text.as_ptr() as usize - begin;
        match token.kind {
            _ if at < from => {}
            token::Kind::Open => depth += 1,
            token::Kind::Close if depth == 1 => return Some(at),
            token::Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Whether two texts have the same tokens on the same lines, blank lines aside.
fn same(one: &[Token<'_>], other: &[Token<'_>]) -> bool {
    fn bare<'a, 't>(tokens: &'a [Token<'t>]) -> impl Iterator<Item = (token::Kind, &'t str)> + 'a {
        let mut blank = true;
        let mut bare: Vec<_> = tokens
            .iter()
            .filter(move |token| {
                let drop = blank && token.kind == token::Kind::Newline;
                blank = token.kind == token::Kind::Newline;
                !drop
            })
            .map(|token| {
                (
                    token.kind,
                    match token.kind {
                        token::Kind::Newline => "",
                        token::Kind::Comment => token.text.trim_end(),
                        _ => token.text,
                    },
                )
            })
            .collect();
        if bare.last().is_some_and(|(kind, _)| *kind == token::Kind::Newline) {
            bare.pop();
        }
        bare.into_iter()
    }
    bare(one).eq(bare(other))
}
