//! Functions that take regular expressions.

use std::sync::Arc;

use regex::{Captures, Regex};

use super::super::{Failure, Value};
use super::arguments::{Answer, text};
use super::pattern::compile;

/// The first match: its text, or its groups as a list, or its named groups as an object.
pub fn regex(arguments: &[Value]) -> Answer {
    let (pattern, text) = (compile(&text(arguments, 0)?)?, text(arguments, 1)?);
    check_groups(&pattern)?;
    match pattern.captures(&text) {
        Some(captures) => Ok(groups(&pattern, &captures)),
        None => Err(Failure::new("the pattern does not match any part of argument 2")
            .hint("can(regex(...)) asks whether it matches, try(regex(...), ...) gives another value")),
    }
}

/// All matches that do not overlap.
pub fn regexall(arguments: &[Value]) -> Answer {
    let (pattern, text) = (compile(&text(arguments, 0)?)?, text(arguments, 1)?);
    check_groups(&pattern)?;
    Ok(Value::list(pattern.captures_iter(&text).map(|captures| groups(&pattern, &captures)).collect()))
}

fn check_groups(pattern: &Regex) -> Answer<()> {
    let named = pattern.capture_names().flatten().count();
    if named > 0 && named + 1 < pattern.captures_len() {
        return Err(Failure::new("the pattern has both named and unnamed groups")
            .hint("name all of them, or write (?:...) for a group that is not captured"));
    }
    Ok(())
}

fn groups(pattern: &Regex, captures: &Captures<'_>) -> Value {
    let value = |group: Option<regex::Match<'_>>| group.map_or(Value::Null, |found| Value::string(found.as_str()));
    if captures.len() == 1 {
        return value(captures.get(0));
    }
    if pattern.capture_names().flatten().next().is_none() {
        return Value::list(captures.iter().skip(1).map(value).collect());
    }
    Value::object(pattern.capture_names().flatten().map(|name| (Arc::from(name), value(captures.name(name)))))
}

/// `/pattern/` replaces matches, with `$1` and `${name}` in the replacement; anything else is replaced as it stands.
pub fn replace(arguments: &[Value]) -> Answer {
    let (text, search, replacement) = (text(arguments, 0)?, text(arguments, 1)?, text(arguments, 2)?);
    match search.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(pattern) => Ok(Value::string(compile(pattern)?.replace_all(&text, &*replacement))),
        None => Ok(Value::string(text.replace(&*search, &replacement))),
    }
}
