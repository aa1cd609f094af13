//! One field of a CSV text.

use crate::language::functions::csv;

use super::{Verdict, refused};

/// A field that was found.
pub(super) struct Cell {
    pub range: std::ops::Range<usize>,
    /// Line from 1.
    pub line: usize,
    /// How many fields its row has.
    pub fields: usize,
}

/// The field in `column` of the rows whose field in `key` is `id`.
pub(super) fn find(text: &str, key: &str, id: &str, column: &str) -> Result<Vec<Cell>, Verdict> {
    let records = csv::records(text).map_err(|error| refused(error.message, "mend the file first"))?;
    let Some((header, rows)) = records.split_first() else { return Ok(Vec::new()) };
    let at = |name: &str| header.fields.iter().position(|(field, _)| field == name);
    let (Some(key), Some(column)) = (at(key), at(column)) else { return Ok(Vec::new()) };
    let same = |row: &&csv::Record| row.fields.get(key).is_some_and(|(field, _)| field == id);
    Ok(rows
        .iter()
        .filter(same)
        .filter_map(|row| {
            Some(Cell { range: row.fields.get(column)?.1.clone(), line: row.line, fields: row.fields.len() })
        })
        .collect())
}

/// A field as it is written, in quotes where it was or where it must be.
pub(super) fn quoted(value: &str, former: &str, fields: usize) -> String {
    let needs = value.contains(['"', ',', '\n', '\r']) || (value.is_empty() && fields == 1);
    if needs || former.starts_with('"') { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.to_owned() }
}

/// The text with one field changed, in the one row whose field in `key` is `id`; none where there is not exactly one.
pub fn set(text: &str, key: &str, id: &str, column: &str, value: &str) -> Option<String> {
    let cells = find(text, key, id, column).ok()?;
    let [cell] = &cells[..] else { return None };
    let written = quoted(value, text.get(cell.range.clone())?, cell.fields);
    super::splice::splice(text, &[super::splice::Edit::replace(cell.range.clone(), written)])
}
