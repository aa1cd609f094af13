//! Changes of texts that leave everything else as it is.

use std::collections::BTreeSet;
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

/// The text with these edits in it, those at one place in their order; none where two of them touch the same bytes, or one
/// lies outside of the text or in the middle of a character.
pub fn splice(text: &str, edits: &[Edit]) -> Option<String> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.start, edit.end));
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
pub(super) fn line(text: &str, at: usize) -> Range<usize> {
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

/// Takes items out of a list: with their lines where they have some of their own, else with their commas.
pub fn remove_items(text: &str, items: &[Range<usize>], removed: &BTreeSet<usize>) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut numbers = removed.iter().copied().peekable();
    while let Some(first) = numbers.next() {
        let mut last = first;
        while let Some(next) = numbers.next_if_eq(&(last + 1)) {
            last = next;
        }
        let mut from = first;
        while from <= last {
            match whole_lines(text, items, from, last) {
                Some((to, edit)) => {
                    edits.push(edit);
                    from = to + 1;
                }
                None => {
                    edits.push(within_line(text, items, from, last, from == first)?);
                    break;
                }
            }
        }
    }
    Some(edits)
}

/// The lines that hold the item `from` and no item behind `last`, and the last item on them.
fn whole_lines(text: &str, items: &[Range<usize>], from: usize, last: usize) -> Option<(usize, Edit)> {
    let start = items.get(from)?.start;
    indent(text, start)?;
    let own = line(text, start);
    (from..=last).find_map(|to| {
        let item = items.get(to)?;
        let after = behind(text, item.end);
        let tail = line(text, item.end).end;
        // What follows on the line is the comment of this item.
        let alone = after <= tail && skip(text, after) >= tail;
        // The bracket that opens the list may stand on the line before, that which closes it on the line behind.
        let ends = alone && text.get(tail..).is_some_and(|rest| rest.starts_with(['\n', '\r']));
        let end = ends.then(|| text.get(tail..)?.find('\n'))??;
        Some((to, Edit::replace(own.start..tail + end + 1, "")))
    })
}

/// Items beside others. `kept`: what stands in front of them stays.
fn within_line(text: &str, items: &[Range<usize>], from: usize, last: usize, kept: bool) -> Option<Edit> {
    let (start, end) = (items.get(from)?.start, items.get(last)?.end);
    let after = behind(text, end);
    let has_comma = after > end;
    let before = from.checked_sub(1).filter(|_| kept).and_then(|before| items.get(before));
    Some(match (items.get(last + 1), before) {
        (Some(next), _) if has_comma && text.get(after..next.start)?.trim().is_empty() => {
            Edit::replace(start..next.start, "")
        }
        (None, Some(before)) if text.get(before.end..start)?.trim() == "," => Edit::replace(before.end..after, ""),
        _ => Edit::replace(start..after, ""),
    })
}

/// The end of the comma behind an item, of the item itself where there is none.
fn behind(text: &str, end: usize) -> usize {
    let comma = skip(text, end);
    if text.get(comma..).is_some_and(|rest| rest.starts_with(',')) { comma + 1 } else { end }
}

/// Puts items at the end of a list; `list` is its place, with the brackets.
pub fn add_items(text: &str, list: Range<usize>, items: &[Range<usize>], added: &[String]) -> Option<Vec<Edit>> {
    let joined = added.join(", ");
    let lines = |indent: &str| -> String {
        let newline = line_break(text, list.start);
        added.iter().map(|item| format!("{newline}{indent}{item},")).collect()
    };
    let Some(last) = items.last() else {
        let end = line(text, list.start).end;
        // A list whose brackets stand on lines of their own.
        if list.end > end && skip(text, list.start + 1) >= end {
            return Some(vec![Edit::insert(end, lines(&format!("{}  ", blanks(text, list.start))))]);
        }
        return Some(vec![Edit::insert(list.start + 1, joined)]);
    };
    let after = behind(text, last.end);
    let has_comma = after > last.end;
    let Some(indent) = indent(text, last.start) else {
        let (before, behind) = if has_comma { (" ", ",") } else { (", ", "") };
        return Some(vec![Edit::insert(after, format!("{before}{joined}{behind}"))]);
    };
    let end = line(text, after).end;
    // The bracket that closes the list may stand on the same line.
    if skip(text, after) < end {
        let before = if has_comma { " " } else { ", " };
        return Some(vec![Edit::insert(after, format!("{before}{joined}"))]);
    }
    let added = Edit::insert(end, lines(indent));
    match has_comma {
        true => Some(vec![added]),
        false if end == last.end => Some(vec![Edit::insert(end, format!(",{}", added.text))]),
        false => Some(vec![Edit::insert(last.end, ","), added]),
    }
}

/// The blanks that the line of `at` begins with.
fn blanks(text: &str, at: usize) -> &str {
    let own = text.get(line(text, at)).unwrap_or_default();
    own.get(..own.len() - own.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
}

/// Puts attributes into a block: behind its last one, in the same columns.
pub fn add_attributes(text: &str, block: &Block, added: &[(String, String)]) -> Option<Vec<Edit>> {
    let open = skip(text, block.span.end as usize);
    if !text.get(open..)?.starts_with('{') {
        return None;
    }
    let outer = blanks(text, block.span.start as usize);
    let newline = line_break(text, block.span.start as usize);
    let lines = |indent: &str, width: usize| -> String {
        added.iter().map(|(name, value)| format!("{newline}{indent}{name:<width$} = {value}")).collect()
    };
    let inner = lines(&format!("{outer}  "), 0);
    let Some(last) = block.attributes.last() else {
        let close = skip(text, open + 1);
        let end = line(text, open).end;
        return Some(vec![match text.get(close..)?.starts_with('}') && close < end {
            true => Edit::replace(open..close + 1, format!("{{{inner}{newline}{outer}}}")),
            false => Edit::insert(end, inner),
        }]);
    };
    let (first, last_end) = (last.span.start as usize, last.value.span.end as usize);
    if let Some(indent) = indent(text, first) {
        let equals = text.get(last.span.end as usize..)?.find('=')?;
        let width = (last.span.end - last.span.start) as usize + equals.saturating_sub(1);
        return Some(vec![Edit::insert(line(text, last_end).end, lines(indent, width))]);
    }
    // A block on one line takes one attribute: it gets lines.
    let close = skip(text, last_end);
    if !text.get(close..)?.starts_with('}') || block.attributes.len() != 1 {
        return None;
    }
    let head = text.get(open + 1..first)?;
    let head = open + 1..open + 1 + (head.len() - head.trim_start().len());
    let foot = text.get(last_end..close)?;
    let foot = last_end + foot.trim_end().len()..close;
    Some(vec![
        Edit::replace(head, format!("{newline}{outer}  ")),
        Edit::replace(foot, format!("{inner}{newline}{outer}")),
    ])
}
