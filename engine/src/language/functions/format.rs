//! `format` and `formatlist`: text with verbs such as `%s`, `%05d` and `%.2f`, as in Go.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::super::{Failure, Value};
use super::arguments::{Answer, any, count, text};
use super::format_number;

/// Widest field; a width is for columns, and `%999999999d` would fill the memory.
const MAX_WIDTH: usize = 1000;

pub fn format(arguments: &[Value]) -> Answer {
    let pattern = parse(&text(arguments, 0)?)?;
    let values: Vec<&Value> = arguments.iter().skip(1).collect();
    render(&pattern, &values).map(Value::string)
}

/// As `format`, once for each item of the lists; arguments that are no lists are the same each time.
pub fn formatlist(arguments: &[Value]) -> Answer {
    let pattern = parse(&text(arguments, 0)?)?;
    let mut length: Option<(usize, usize)> = None;
    for at in 1..arguments.len() {
        if let Some(items) = any(arguments, at).as_items() {
            match length {
                Some((first, wanted)) if wanted != items.len() => {
                    let (wanted, found) = (count(wanted, "item"), count(items.len(), "item"));
                    let (first, at) = (first + 1, at + 1);
                    return Err(Failure::new(format!(
                        "argument {first} has {wanted} and argument {at} has {found}; lists must be of one length"
                    )));
                }
                Some(_) => {}
                None => length = Some((at, items.len())),
            }
        }
    }
    let rows = length.map_or(1, |(_, length)| length);
    let mut rendered = Vec::with_capacity(rows);
    for n in 0..rows {
        let values: Vec<&Value> = arguments
            .iter()
            .skip(1)
            .map(|argument| argument.as_items().map_or(argument, |items| items.get(n).unwrap_or(&Value::Null)))
            .collect();
        let text = render(&pattern, &values).map_err(|failure| match length {
            Some(_) => Failure { message: format!("item {n}: {}", failure.message), ..failure },
            None => failure,
        })?;
        rendered.push(Value::string(text));
    }
    Ok(Value::list(rendered))
}

enum Piece {
    Text(String),
    Verb(Verb),
}

/// One `%...`.
#[derive(Clone, Debug, Default)]
pub struct Verb {
    /// As it was written.
    pub raw: String,
    /// Which value it shows, from 0.
    pub argument: usize,
    pub plus: bool,
    pub minus: bool,
    pub space: bool,
    pub sharp: bool,
    pub zero: bool,
    pub width: Option<usize>,
    pub precision: Option<usize>,
    pub mode: char,
}

fn parse(pattern: &str) -> Answer<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut next_argument = 0;
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        pieces.push(Piece::Text(before.to_owned()));
        if let Some(after) = after.strip_prefix('%') {
            pieces.push(Piece::Text("%".to_owned()));
            rest = after;
            continue;
        }
        let mut verb = Verb::default();
        let mut end = after.trim_start_matches([' ', '+', '-', '#', '0']);
        for flag in after.chars().take(after.len() - end.len()) {
            match flag {
                ' ' => verb.space = true,
                '+' => verb.plus = true,
                '-' => verb.minus = true,
                '#' => verb.sharp = true,
                _ => verb.zero = true,
            }
        }
        // Zeros are for the left side only.
        verb.zero &= !verb.minus;
        verb.width = digits(&mut end)?;
        if let Some(fraction) = end.strip_prefix('.') {
            end = fraction;
            verb.precision = Some(digits(&mut end)?.unwrap_or(0));
        }
        if let Some(index) = end.strip_prefix('[') {
            end = index;
            let number = digits(&mut end)?.filter(|number| *number > 0);
            let (Some(number), Some(closed)) = (number, end.strip_prefix(']')) else {
                return Err(Failure::new("argument 1 has a verb whose [index] is no number from 1"));
            };
            end = closed;
            next_argument = number - 1;
        }
        let Some(mode) = end.chars().next() else {
            return Err(Failure::new("argument 1 ends inside a verb").hint("a percent sign is written as %%"));
        };
        end = end.get(mode.len_utf8()..).unwrap_or("");
        verb.raw = format!("%{}", after.get(..after.len() - end.len()).unwrap_or(""));
        if !"vtbdoxXeEfgGsq".contains(mode) {
            return Err(Failure::new(format!("{:?} is no verb", verb.raw))
                .hint("the verbs are %s %q %d %f %e %g %b %o %x %X %t and %v; a percent sign is written as %%"));
        }
        verb.mode = mode;
        verb.argument = next_argument;
        next_argument += 1;
        pieces.push(Piece::Verb(verb));
        rest = end;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

/// The number at the start of `rest`, if there is one.
fn digits(rest: &mut &str) -> Answer<Option<usize>> {
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(count);
    *rest = after;
    if number.is_empty() {
        return Ok(None);
    }
    match number.parse::<usize>() {
        Ok(number) if number <= MAX_WIDTH => Ok(Some(number)),
        _ => Err(Failure::new(format!("a number in a verb of argument 1 is larger than {MAX_WIDTH}"))),
    }
}

fn render(pieces: &[Piece], values: &[&Value]) -> Answer<String> {
    let mut out = String::new();
    let mut used = 0;
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Verb(verb) => {
                let Some(value) = values.get(verb.argument) else {
                    let (raw, needed, given) = (&verb.raw, verb.argument + 1, count(values.len(), "value"));
                    return Err(Failure::new(format!("{raw} needs value number {needed}, out of {given}")));
                };
                used = used.max(verb.argument + 1);
                out.push_str(&shown(verb, value)?);
            }
        }
    }
    if used < values.len() {
        let given = count(values.len(), "value");
        return Err(
            Failure::new(format!("the format uses {used} of {given}")).hint("each value needs a verb, such as %s")
        );
    }
    Ok(out)
}

fn shown(verb: &Verb, value: &Value) -> Answer<String> {
    let misfit = |wanted: &str| super::arguments::misfit(&format!("the value for {}", verb.raw), wanted, value);
    match verb.mode {
        'v' => match value {
            Value::String(text) if !verb.sharp => Ok(pad(verb, text)),
            Value::Number(number) if !verb.sharp => {
                Ok(pad(verb, &format_number::float(&Verb { mode: 'g', ..Verb::default() }, number)))
            }
            other => Ok(pad(verb, &other.to_json_text()?)),
        },
        't' => value.to_bool().map(|truth| truth.to_string()).map_err(|_| misfit("true or false")),
        's' | 'q' => {
            let text = value.to_text().map_err(|_| misfit("a string"))?;
            let text: Arc<str> = match verb.precision {
                Some(length) if length > 0 => text.graphemes(true).take(length).collect::<String>().into(),
                _ => text,
            };
            Ok(pad(verb, &if verb.mode == 'q' { Value::String(text).to_json_text()? } else { text.to_string() }))
        }
        'e' | 'E' | 'f' | 'g' | 'G' => {
            value.to_number().map(|number| format_number::float(verb, &number)).map_err(|_| misfit("a number"))
        }
        _ => {
            let number = value.to_number().map_err(|_| misfit("a whole number"))?;
            let integer = number.to_bigint().ok_or_else(|| misfit("a whole number"))?;
            Ok(format_number::integer(verb, &integer))
        }
    }
}

/// Filled up to the width, which counts grapheme clusters.
pub fn pad(verb: &Verb, text: &str) -> String {
    let missing = verb.width.unwrap_or(0).saturating_sub(text.graphemes(true).count());
    let fill = if verb.zero { "0" } else { " " }.repeat(missing);
    if verb.minus { format!("{text}{fill}") } else { format!("{fill}{text}") }
}
