//! Changes of texts that leave everything else as it is.

use std::ops::Range;

use crate::language::{Block, Span};

/// These bytes of a text become this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    pub start: usize,
    pub end: usize,
    pub text: String,
}

impl Edit {
    /// These bytes become `text`.
    pub fn replace(range: Range<usize>, text: impl Into<String>) -> Edit {
        Edit { start: range.start, end: range.end, text: text.into() }
    }

    /// `text` comes in front of the byte `at`.
    pub fn insert(at: usize, text: impl Into<String>) -> Edit {
        Edit::replace(at..at, text)
    }
}

/// The text with these edits in it; none where two of them touch the same bytes, or one lies outside of the text or in
/// the middle of a character.
pub fn splice(text: &str, edits: &[Edit]) -> Option<String> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort();
    let mut spliced = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        spliced.push_str(text.get(at..edit.start)?);
        text.get(edit.start..edit.end)?;
        spliced.push_str(&edit.text);
        at = edit.end;
    }
    spliced.push_str(text.get(at..)?);
    Some(spliced)
}

/// The bytes of a place.
pub fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// The next byte from `at` on that is neither blank nor in a comment.
pub fn skip(text: &str, mut at: usize) -> usize {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let comment = if trimmed.starts_with('#') || trimmed.starts_with("//") {
            trimmed.find('\n').unwrap_or(trimmed.len())
        } else if trimmed.starts_with("/*") {
            trimmed.find("*/").map_or(trimmed.len(), |end| end + 2)
        } else {
            return at;
        };
        at += comment;
    }
}

/// Where the line of `at` starts, and where it ends, without its line break.
fn line(text: &str, at: usize) -> Range<usize> {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |newline| at + newline);
    let end = if text.get(start..end).is_some_and(|line| line.ends_with('\r')) { end - 1 } else { end };
    start..end
}

/// The line break that the text has at the end of the line of `at`.
fn line_break(text: &str, at: usize) -> &'static str {
    let end = line(text, at).end;
    let rest = text.get(end..).unwrap_or_default();
    if rest.starts_with("\r\n") || (rest.is_empty() && text.contains("\r\n")) { "\r\n" } else { "\n" }
}

/// The blanks that the line of `at` begins with, where nothing else stands before `at`.
fn indent(text: &str, at: usize) -> Option<&str> {
    let before = text.get(line(text, at).start..at)?;
    before.chars().all(|character| character == ' ' || character == '\t').then_some(before)
}

/// Takes an item out of a list: with its line where it has one of its own, else with its comma.
pub fn remove_item(text: &str, items: &[Range<usize>], number: usize) -> Option<Edit> {
    let item = items.get(number)?;
    let comma = skip(text, item.end);
    let has_comma = text.get(comma..).is_some_and(|rest| rest.starts_with(','));
    let own = line(text, item.start);
    let after = if has_comma { comma + 1 } else { item.end };
    let tail = line(text, item.end).end;
    // What follows on the line is the comment of this item.
    let alone = after <= tail && skip(text, after) >= tail && indent(text, item.start).is_some();
    // The bracket that opens the list may stand on the line before, that which closes it on the line behind.
    if alone && text.get(tail..).is_some_and(|rest| rest.starts_with(['\n', '\r'])) {
        let end = text.get(tail..)?.find('\n')? + tail + 1;
        return Some(Edit::replace(own.start..end, ""));
    }
    match (items.get(number + 1), number.checked_sub(1).and_then(|before| items.get(before))) {
        (Some(next), _) if has_comma && text.get(after..next.start)?.trim().is_empty() => {
            Some(Edit::replace(item.start..next.start, ""))
        }
        (Some(_), _) if has_comma => Some(Edit::replace(item.start..after, "")),
        (None, Some(before)) if text.get(before.end..item.start)?.trim() == "," => {
            Some(Edit::replace(before.end..after, ""))
        }
        _ => Some(Edit::replace(item.start..after, "")),
    }
}

/// Puts an item at the end of a list; `list` is its place, with the brackets.
pub fn add_item(text: &str, list: Range<usize>, items: &[Range<usize>], item: &str) -> Option<Vec<Edit>> {
    let Some(last) = items.last() else {
        return Some(vec![Edit::insert(list.start + 1, item)]);
    };
    let comma = skip(text, last.end);
    let has_comma = text.get(comma..)?.starts_with(',');
    let Some(indent) = indent(text, last.start) else {
        let at = if has_comma { comma + 1 } else { last.end };
        let (before, after) = if has_comma { (" ", ",") } else { (", ", "") };
        return Some(vec![Edit::insert(at, format!("{before}{item}{after}"))]);
    };
    let after = if has_comma { comma + 1 } else { last.end };
    let end = line(text, after).end;
    // The bracket that closes the list may stand on the same line.
    if skip(text, after) < end {
        let (at, before) = if has_comma { (comma + 1, " ") } else { (last.end, ", ") };
        return Some(vec![Edit::insert(at, format!("{before}{item}"))]);
    }
    let added = Edit::insert(end, format!("{}{indent}{item},", line_break(text, last.start)));
    match has_comma {
        true => Some(vec![added]),
        false if end == last.end => Some(vec![Edit::insert(end, format!(",{}", added.text))]),
        false => Some(vec![Edit::insert(last.end, ","), added]),
    }
}

/// Puts an attribute into a block: behind its last one, in the same columns.
pub fn add_attribute(text: &str, block: &Block, name: &str, value: &str) -> Option<Edit> {
    let open = skip(text, block.span.end as usize);
    if !text.get(open..)?.starts_with('{') {
        return None;
    }
    let header = line(text, block.span.start as usize);
    let outer: String = text.get(header.start..)?.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
    let newline = line_break(text, block.span.start as usize);
    let Some(last) = block.attributes.last() else {
        let close = skip(text, open + 1);
        let end = line(text, open).end;
        return Some(match text.get(close..)?.starts_with('}') && close < end {
            true => Edit::replace(open..close + 1, format!("{{{newline}{outer}  {name} = {value}{newline}{outer}}}")),
            false => Edit::insert(end, format!("{newline}{outer}  {name} = {value}")),
        });
    };
    let (first, last_end) = (last.span.start as usize, last.value.span.end as usize);
    if let Some(indent) = indent(text, first) {
        let equals = text.get(last.span.end as usize..)?.find('=')?;
        let width = (last.span.end - last.span.start) as usize + equals.saturating_sub(1);
        return Some(Edit::insert(line(text, last_end).end, format!("{newline}{indent}{name:<width$} = {value}")));
    }
    // A block on one line takes one attribute.
    let close = skip(text, last_end);
    if !text.get(close..)?.starts_with('}') || block.attributes.len() != 1 {
        return None;
    }
    let own = text.get(first..last_end)?;
    Some(Edit::replace(
        open..close + 1,
        format!("{{{newline}{outer}  {own}{newline}{outer}  {name} = {value}{newline}{outer}}}"),
    ))
}
