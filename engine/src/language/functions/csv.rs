//! CSV (RFC 4180): a header row, then one object of strings per row.
//!
//! Stricter than most readers, for what is read here decides who keeps access: a row with a field too few or too many,
//! a header that is missing or stands twice, and a stray quote are errors that name the line.

use std::ops::Range;
use std::sync::Arc;

use super::super::{Failure, Object, Value};
use super::arguments::{Answer, count};

/// The rows, each an object by the names of the first row. Empty lines are skipped, a byte-order mark is dropped.
pub fn decode(text: &str) -> Answer {
    Ok(Value::list(table(text)?.1))
}

/// The names in the header row, as they stand there, and the rows as [`decode`] gives them.
///
/// # Errors
/// What is wrong with the text, with the line.
pub fn table(text: &str) -> Answer<(Vec<String>, Vec<Value>)> {
    let mut reader = Reader::new(text);
    let mut fields = Vec::new();
    let header_line =
        reader.record(&mut fields)?.ok_or_else(|| Failure::new("the CSV text is empty: it has no header row"))?;
    let headers: Vec<Arc<str>> = fields.iter().map(|field| Arc::from(field.as_str())).collect();
    let order = sorted(&headers, header_line)?;

    let mut rows = Vec::new();
    while let Some(line) = reader.record(&mut fields)? {
        if fields.len() != headers.len() {
            let (row, found, wanted) = (rows.len() + 1, count(fields.len(), "field"), headers.len());
            return Err(Failure::new(format!("CSV line {line} (row {row}): {found}, and the header has {wanted}"))
                .hint("a field that has a comma or a line break in it stands in quotes"));
        }
        let mut row = Object::with_capacity_and_hasher(headers.len(), Default::default());
        for &at in &order {
            if let (Some(name), Some(field)) = (headers.get(at), fields.get(at)) {
                row.insert(name.clone(), Value::string(field));
            }
        }
        rows.push(Value::Object(Arc::new(row)));
    }
    Ok((headers.iter().map(ToString::to_string).collect(), rows))
}

/// A record with the place of each of its fields in the text, quotes and all.
pub(crate) struct Record {
    /// Line, from 1, that it starts on.
    pub(crate) line: usize,
    pub(crate) fields: Vec<(String, Range<usize>)>,
}

/// All records, the header first, as [`decode`] reads them.
pub(crate) fn records(text: &str) -> Answer<Vec<Record>> {
    decode(text)?;
    let mut reader = Reader { places: Some(Vec::new()), ..Reader::new(text) };
    let (mut fields, mut records) = (Vec::new(), Vec::new());
    while let Some(line) = reader.record(&mut fields)? {
        let ends = reader.places.take().unwrap_or_default();
        let places = ends.into_iter().map(|(start, rest)| {
            let (start, end) = (text.len() - start, text.len() - rest);
            // A carriage return at the end of everything is a line break, too.
            let end = if text.get(start..end).is_some_and(|field| field.ends_with('\r')) { end - 1 } else { end };
            start..end
        });
        records.push(Record { line, fields: fields.drain(..).zip(places).collect() });
        reader.places = Some(Vec::new());
    }
    Ok(records)
}

/// Places of the headers in the order of their names, which is the order of an object.
fn sorted(headers: &[Arc<str>], line: usize) -> Answer<Vec<usize>> {
    if let Some(at) = headers.iter().position(|name| name.is_empty()) {
        return Err(Failure::new(format!("CSV line {line}: column {} has no name", at + 1)));
    }
    let mut order: Vec<usize> = (0..headers.len()).collect();
    order.sort_by_key(|&at| headers.get(at));
    for pair in order.windows(2) {
        if let [a, b] = pair
            && let (Some(name), Some(other)) = (headers.get(*a), headers.get(*b))
            && name == other
        {
            return Err(Failure::new(format!(
                "CSV line {line}: columns {} and {} are both named {name:?}",
                a + 1,
                b + 1
            )));
        }
    }
    Ok(order)
}

struct Reader<'a> {
    rest: &'a str,
    /// Line, from 1, that `rest` starts on.
    line: usize,
    /// How much was left before and behind each field of the record, where that is asked for.
    places: Option<Vec<(usize, usize)>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Reader<'a> {
        Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1, places: None }
    }

    /// Reads the next record that is not an empty line into `fields`; its line, or none at the end.
    fn record(&mut self, fields: &mut Vec<String>) -> Answer<Option<usize>> {
        fields.clear();
        while let Some(rest) = self.rest.strip_prefix('\n').or_else(|| self.rest.strip_prefix("\r\n")) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        loop {
            let before = self.rest.len();
            let field = match self.rest.strip_prefix('"') {
                Some(rest) => {
                    self.rest = rest;
                    self.quoted(line)?
                }
                None => self.plain()?,
            };
            fields.push(field);
            if let Some(places) = &mut self.places {
                places.push((before, self.rest.len()));
            }
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None => break,
            }
        }
        if let Some(rest) = self.rest.strip_prefix('\n').or_else(|| self.rest.strip_prefix("\r\n")) {
            self.rest = rest;
            self.line += 1;
        }
        Ok(Some(line))
    }

    /// A field without quotes, up to a comma or the end of the line.
    fn plain(&mut self) -> Answer<String> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        // The carriage return of a line break stays with the rest.
        let field = if rest.starts_with(',') { field } else { field.strip_suffix('\r').unwrap_or(field) };
        if field.contains('"') {
            return Err(Failure::new(format!("CSV line {}: a quote stands inside a field without quotes", self.line))
                .hint("quote the whole field, and double the quotes inside it"));
        }
        self.rest = self.rest.get(field.len()..).unwrap_or("");
        if self.rest == "\r" {
            self.rest = "";
        }
        Ok(field.to_owned())
    }

    /// A field in quotes, after the first of them.
    fn quoted(&mut self, started: usize) -> Answer<String> {
        let mut field = String::new();
        loop {
            let Some((part, rest)) = self.rest.split_once('"') else {
                return Err(Failure::new(format!("CSV line {started}: a quoted field has no end")));
            };
            self.line += part.matches('\n').count();
            field.push_str(&part.replace("\r\n", "\n"));
            self.rest = rest;
            match self.rest.strip_prefix('"') {
                Some(rest) => {
                    field.push('"');
                    self.rest = rest;
                }
                None if self.rest.is_empty() || self.rest.starts_with([',', '\n']) || self.rest.starts_with("\r\n") => {
                    return Ok(field);
                }
                None if self.rest == "\r" => {
                    self.rest = "";
                    return Ok(field);
                }
                None => {
                    return Err(Failure::new(format!("CSV line {}: text follows a quoted field", self.line))
                        .hint("double the quotes inside a quoted field"));
                }
            }
        }
    }
}
