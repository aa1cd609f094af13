//! Fields of a CSV text.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Verdict, refused};
use crate::language::functions::csv;
use crate::language::write::{csv_field, csv_quoted};

/// A table with the places of its fields.
pub(super) struct Table {
    pub text: Arc<str>,
    records: Vec<csv::Record>,
    /// Numbers of the records by what they have in a column.
    keys: FxHashMap<usize, Rows>,
}

/// Numbers of records by a text, and by the same without regard to case.
type Rows = [FxHashMap<String, Vec<usize>>; 2];

/// A field that was found.
pub(super) struct Cell {
    pub range: std::ops::Range<usize>,
    /// Line from 1.
    pub line: usize,
    /// How many fields its row has.
    pub fields: usize,
}

impl Table {
    pub(super) fn new(text: String) -> Result<Table, Verdict> {
        let records = csv::records(&text).map_err(|error| refused(error.message, "mend the file first"))?;
        Ok(Table { text: text.into(), records, keys: FxHashMap::default() })
    }

    /// The field in `column` of the rows whose field in `key` is `id`; where none is, of those where only case differs
    /// (the key may be made by `lower`).
    pub(super) fn find(&mut self, key: &str, id: &str, column: &str) -> Vec<Cell> {
        let header = self.records.first().map_or(&[][..], |header| header.fields.as_slice());
        let at = |name: &str| header.iter().position(|(field, _)| field == name);
        let (Some(key), Some(column)) = (at(key), at(column)) else { return Vec::new() };
        let records = &self.records;
        let rows = self.keys.entry(key).or_insert_with(|| {
            let mut rows = Rows::default();
            for (number, record) in records.iter().enumerate().skip(1) {
                if let Some((field, _)) = record.fields.get(key) {
                    let [exact, folded] = &mut rows;
                    exact.entry(field.clone()).or_default().push(number);
                    folded.entry(field.to_lowercase()).or_default().push(number);
                }
            }
            rows
        });
        let [exact, folded] = rows;
        let rows = exact.get(id).or_else(|| folded.get(&id.to_lowercase()));
        let rows = rows.map_or(&[][..], Vec::as_slice).iter().filter_map(|number| records.get(*number));
        rows.filter_map(|row| {
            Some(Cell { range: row.fields.get(column)?.1.clone(), line: row.line, fields: row.fields.len() })
        })
        .collect()
    }
}

/// A field as it is written, in quotes where it was or where it must be.
pub(super) fn quoted(value: &str, former: &str, fields: usize) -> String {
    let marks = former.starts_with('"') || (value.is_empty() && fields == 1);
    if marks { csv_quoted(value) } else { csv_field(value) }
}

/// The text with one field changed, in the one row whose field in `key` is `id`; none where there is not exactly one.
pub fn set(text: &str, key: &str, id: &str, column: &str, value: &str) -> Option<String> {
    let cells = Table::new(text.to_owned()).ok()?.find(key, id, column);
    let [cell] = &cells[..] else { return None };
    let written = quoted(value, text.get(cell.range.clone())?, cell.fields);
    super::splice::splice(text, &[super::splice::Edit::replace(cell.range.clone(), written)])
}
