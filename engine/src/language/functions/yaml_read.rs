//! YAML to values, as Terraform reads it: `yes` is a bool, `2026-12-31` a time, `0o17` a number, unless quoted.

use std::sync::Arc;

use jiff::civil::DateTime;
use rustc_hash::FxHashMap;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::super::{Failure, Number, Value};
use super::arguments::Answer;

/// How deep lists and maps may nest; whoever walks the value recurses.
const MAX_DEPTH: usize = 128;
/// Most values that a document may stand for, aliases written out: nine lines of aliases can stand for a billion.
const MAX_VALUES: usize = 10_000_000;

/// The value of a text with exactly one document.
pub fn decode(text: &str) -> Answer {
    let mut loader = Loader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| at(error.marker().line(), error.info()))?;
        loader.event(event).map_err(|why| at(line(&span), &why))?;
    }
    loader.root.ok_or_else(|| Failure::new("argument 1 is not YAML: there is no document in it"))
}

fn line(span: &Span) -> usize {
    span.start.line()
}

fn at(line: usize, why: &str) -> Failure {
    Failure::new(format!("argument 1 is not YAML: line {line}: {why}"))
}

#[derive(Default)]
struct Loader {
    open: Vec<Open>,
    /// What an anchor stands for, and of how many values it is made.
    anchors: FxHashMap<usize, (Value, usize)>,
    root: Option<Value>,
    values: usize,
}

/// A list or map that has begun.
struct Open {
    anchor: usize,
    /// How many values there were when it began.
    before: usize,
    content: Content,
}

enum Content {
    List(Vec<Value>),
    Map { pairs: Vec<(Arc<str>, Value)>, key: Option<Arc<str>> },
}

impl Loader {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err("a second document begins here".into()),
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref())?;
                self.done(value, 1, anchor)
            }
            Event::Alias(anchor) => {
                let (value, count) =
                    self.anchors.get(&anchor).cloned().ok_or("an alias stands inside what it names")?;
                self.done(value, count, 0)
            }
            Event::SequenceStart(anchor, tag) => self.begin(anchor, tag.as_deref(), "seq", Content::List(Vec::new())),
            Event::MappingStart(anchor, tag) => {
                self.begin(anchor, tag.as_deref(), "map", Content::Map { pairs: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let value = match open.content {
                    Content::List(items) => Value::list(items),
                    Content::Map { pairs, .. } => Value::object(pairs),
                };
                let count = self.values - open.before + 1;
                self.values = open.before;
                self.done(value, count, open.anchor)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, anchor: usize, tag: Option<&Tag>, kind: &str, content: Content) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} lists and maps within each other"));
        }
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && tag.suffix == kind)
        {
            return Err(format!("the tag {} is not supported here", tag_text(tag)));
        }
        self.open.push(Open { anchor, before: self.values, content });
        Ok(())
    }

    /// A value, made of `count` values, is complete.
    fn done(&mut self, value: Value, count: usize, anchor: usize) -> Result<(), String> {
        self.values = self.values.saturating_add(count);
        if self.values > MAX_VALUES {
            return Err(format!("with its aliases written out the document has more than {MAX_VALUES} values"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), count));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(value),
            Some(Content::List(items)) => items.push(value),
            Some(Content::Map { pairs, key }) => match key.take() {
                None => {
                    *key = Some(
                        value.to_text().map_err(|_| format!("a key must be a string, and is {}", value.describe()))?,
                    )
                }
                // A map merged here; of two values for one key the last wins.
                Some(merge) if &*merge == "<<" => match value {
                    Value::Object(object) => {
                        pairs.extend(object.iter().map(|(key, value)| (key.clone(), value.clone())))
                    }
                    other => return Err(format!("<< merges a map, and this is {}", other.describe())),
                },
                Some(name) => pairs.push((name, value)),
            },
        }
        Ok(())
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let Some(tag) = tag else {
        return if style == ScalarStyle::Plain { plain(text) } else { Ok(Value::string(text)) };
    };
    if !tag.is_yaml_core_schema() {
        return Err(format!("the tag {} is not supported", tag_text(tag)));
    }
    if style != ScalarStyle::Plain {
        return Ok(Value::string(text));
    }
    let value = plain(text)?;
    match (tag.suffix.as_str(), &value) {
        ("str" | "binary", _) => Ok(Value::string(text)),
        ("int", Value::Number(number)) if number.is_integer() => Ok(value),
        ("float", Value::Number(_)) | ("bool", Value::Bool(_)) | ("null", Value::Null) => Ok(value),
        ("timestamp", Value::String(_)) if timestamp(text).is_some() => Ok(value),
        _ => Err(format!("the tag {} does not fit this value", tag_text(tag))),
    }
}

/// A tag as it is usually written: `!!int`, `!mine`.
fn tag_text(tag: &Tag) -> String {
    if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { format!("{}{}", tag.handle, tag.suffix) }
}

/// What a scalar without quotes means.
fn plain(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => return Ok(true.into()),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => return Ok(false.into()),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" | ".nan" | ".NaN"
        | ".NAN" => {
            return Err("numbers are finite here; quote it if it is text".into());
        }
        _ => {}
    }
    match number(text) {
        Some(Some(number)) => Ok(Value::Number(number)),
        Some(None) => Err("the number is too large".into()),
        None => Ok(Value::string(timestamp(text).as_deref().unwrap_or(text))),
    }
}

/// The number that the text says, some none where it says one that is too large, none where it says no number.
fn number(text: &str) -> Option<Option<Number>> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let fits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            return fits.then(|| u64::from_str_radix(digits, radix).ok().map(Number::from));
        }
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let empty = exponent.is_empty() || (whole.is_empty() && fraction.is_empty());
    if empty || !digits(whole) || !digits(fraction) || !digits(exponent) {
        return None;
    }
    // `.5` gets its zero.
    let sign = text.strip_suffix(unsigned).unwrap_or("");
    let zero = if whole.is_empty() { "0" } else { "" };
    Some(Number::parse(&format!("{sign}{zero}{unsigned}")))
}

/// The moment in RFC 3339, where the text is a date or a date and time in one of YAML's forms.
fn timestamp(text: &str) -> Option<String> {
    let mut rest = text;
    let mut numbers = [0i16; 6];
    let mut take = |at: usize, most: usize, ends: &[char]| -> Option<char> {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = rest.split_at(length);
        if length == 0 || length > most {
            return None;
        }
        *numbers.get_mut(at)? = digits.parse().ok()?;
        let end = after.chars().next().unwrap_or('\0');
        rest = after.get(end.len_utf8()..).filter(|_| end != '\0').unwrap_or("");
        ends.contains(&end).then_some(end)
    };
    take(0, 4, &['-'])?;
    take(1, 2, &['-'])?;
    let between = take(2, 2, &['\0', 'T', 't', ' '])?;
    let mut zone = 'Z';
    if between != '\0' {
        take(3, 2, &[':'])?;
        take(4, 2, &[':'])?;
        zone = take(5, 2, &['\0', '.', 'Z', '+', '-'])?;
        if zone == '.' {
            let length = rest.bytes().take_while(u8::is_ascii_digit).count();
            let end = rest.get(length..)?.chars().next().unwrap_or('\0');
            rest = rest.get(length + usize::from(end != '\0')..).filter(|_| length > 0)?;
            zone = end;
        }
        // With a T there must be a zone, with a space there must be none.
        if (zone == '\0') != (between == ' ') {
            return None;
        }
    }
    let offset = match zone {
        '\0' | 'Z' if rest.is_empty() => "Z".to_owned(),
        '+' | '-' => {
            let (hours, minutes) = rest.split_once(':')?;
            let valid = |text: &str, most: u8| text.len() == 2 && text.parse::<u8>().is_ok_and(|n| n <= most);
            if !valid(hours, 23) || !valid(minutes, 59) {
                return None;
            }
            if rest == "00:00" { "Z".to_owned() } else { format!("{zone}{rest}") }
        }
        _ => return None,
    };
    let [year, month, day, hour, minute, second] = numbers;
    let small = |n: i16| i8::try_from(n).ok();
    let time = DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    Some(format!("{}{offset}", time.strftime("%Y-%m-%dT%H:%M:%S")))
}
