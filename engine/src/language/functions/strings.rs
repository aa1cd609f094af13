//! Functions on strings. What is counted are grapheme clusters: what a reader takes for one character.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::super::{Failure, Value};
use super::arguments::{Answer, item_text, items, text, texts, whole};

pub fn chomp(arguments: &[Value]) -> Answer {
    Ok(Value::string(text(arguments, 0)?.trim_end_matches(['\r', '\n'])))
}

pub fn endswith(arguments: &[Value]) -> Answer {
    Ok(Value::Bool(text(arguments, 0)?.ends_with(&*text(arguments, 1)?)))
}

pub fn startswith(arguments: &[Value]) -> Answer {
    Ok(Value::Bool(text(arguments, 0)?.starts_with(&*text(arguments, 1)?)))
}

pub fn strcontains(arguments: &[Value]) -> Answer {
    Ok(Value::Bool(text(arguments, 0)?.contains(&*text(arguments, 1)?)))
}

/// All lines but the first are moved in.
pub fn indent(arguments: &[Value]) -> Answer {
    let (spaces, text) = (whole(arguments, 0)?, text(arguments, 1)?);
    let width = usize::try_from(spaces).ok().filter(|width| *width <= 1000).ok_or_else(|| {
        Failure::new(format!("argument 1 must be a number of spaces between 0 and 1000, and is {spaces}"))
    })?;
    Ok(Value::string(text.replace('\n', &format!("\n{}", " ".repeat(width)))))
}

/// The items of any number of lists.
pub fn join(arguments: &[Value]) -> Answer {
    let separator = text(arguments, 0)?;
    let mut parts = Vec::new();
    for at in 1..arguments.len() {
        for (n, item) in items(arguments, at)?.iter().enumerate() {
            parts.push(item_text(at, n, item)?);
        }
    }
    Ok(Value::string(parts.join(&*separator)))
}

pub fn lower(arguments: &[Value]) -> Answer {
    Ok(Value::string(text(arguments, 0)?.chars().map(lower_char).collect::<String>()))
}

pub fn upper(arguments: &[Value]) -> Answer {
    Ok(Value::string(text(arguments, 0)?.chars().map(upper_char).collect::<String>()))
}

/// One character for one, as Terraform does: `İ` becomes `i`, `ß` stays when it grows.
fn lower_char(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ if c == 'İ' => 'i',
        _ => c,
    }
}

fn upper_char(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The first letter of each word large; the others as they are.
pub fn title(arguments: &[Value]) -> Answer {
    let mut inside = false;
    let titled: String = text(arguments, 0)?
        .chars()
        .map(|c| {
            let first = !inside;
            inside = c == '_' || c.is_alphanumeric() || (!c.is_ascii() && !c.is_whitespace());
            if first { title_char(c) } else { c }
        })
        .collect();
    Ok(Value::string(titled))
}

/// As [`upper_char`], but for the letters that are two in one: their title form has a small second half.
fn title_char(c: char) -> char {
    match c {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        other => upper_char(other),
    }
}

pub fn trim(arguments: &[Value]) -> Answer {
    let (text, set) = (text(arguments, 0)?, text(arguments, 1)?);
    Ok(Value::string(text.trim_matches(|c| set.contains(c))))
}

pub fn trimprefix(arguments: &[Value]) -> Answer {
    let (text, prefix) = (text(arguments, 0)?, text(arguments, 1)?);
    Ok(Value::string(text.strip_prefix(&*prefix).unwrap_or(&text)))
}

pub fn trimsuffix(arguments: &[Value]) -> Answer {
    let (text, suffix) = (text(arguments, 0)?, text(arguments, 1)?);
    Ok(Value::string(text.strip_suffix(&*suffix).unwrap_or(&text)))
}

pub fn trimspace(arguments: &[Value]) -> Answer {
    Ok(Value::string(text(arguments, 0)?.trim()))
}

/// An empty separator splits into characters.
pub fn split(arguments: &[Value]) -> Answer {
    let (separator, text) = (text(arguments, 0)?, text(arguments, 1)?);
    let parts = if separator.is_empty() {
        text.chars().map(|c| Value::string(c.encode_utf8(&mut [0; 4]))).collect()
    } else {
        text.split(&*separator).map(Value::string).collect()
    };
    Ok(Value::list(parts))
}

pub fn strrev(arguments: &[Value]) -> Answer {
    Ok(Value::string(text(arguments, 0)?.graphemes(true).rev().collect::<String>()))
}

/// A negative offset counts from the end; a negative length takes all that follows.
pub fn substr(arguments: &[Value]) -> Answer {
    let (text, offset, length) = (text(arguments, 0)?, whole(arguments, 1)?, whole(arguments, 2)?);
    let starts: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
    let count = starts.len() - 1;
    let saturated = |n: i64| usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
    let from = if offset < 0 { count.saturating_sub(saturated(offset)) } else { saturated(offset).min(count) };
    let to = if length < 0 { count } else { from.saturating_add(saturated(length)).min(count) };
    let bounds = starts.get(from).zip(starts.get(to));
    Ok(Value::string(bounds.and_then(|(&from, &to)| text.get(from..to)).unwrap_or("")))
}

/// Smallest first, by the bytes of the text.
pub fn sort(arguments: &[Value]) -> Answer {
    let mut texts: Vec<Arc<str>> = texts(arguments, 0)?;
    texts.sort_unstable();
    Ok(Value::list(texts.into_iter().map(Value::String).collect()))
}
