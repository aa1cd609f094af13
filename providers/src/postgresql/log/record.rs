//! Records of a server's log in its two forms that programs can read: `csvlog` (PostgreSQL documentation, 20.8.4) and
//! `jsonlog` (20.8.5, from PostgreSQL 15 on).
//!
//! What is read may begin and end in the middle of a record. In `jsonlog` each record is one line. In `csvlog` a text may
//! hold line breaks, and what looks like a record may be part of a statement that somebody sent: inside such a text each
//! quote is doubled, so a record whose texts are in quotes, strictly, begins nowhere inside another.

use std::borrow::Cow;

use serde::Deserialize;

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
}

/// A record as it stands. Its texts may hold passwords: it is never shown, and only [`super::line`] looks into it.
#[derive(Default)]
pub struct Record<'a> {
    /// `2026-11-28 08:48:53.238 UTC`.
    pub time: Cow<'a, str>,
    pub user: Cow<'a, str>,
    pub database: Cow<'a, str>,
    /// `127.0.0.1:56964`, `[local]`.
    pub from: Cow<'a, str>,
    /// `6b0a9575.66ea`.
    pub session: Cow<'a, str>,
    /// What the process title showed: `idle`, `idle in transaction`, `ALTER ROLE`.
    pub title: Cow<'a, str>,
    /// `3/17`.
    pub transaction: Cow<'a, str>,
    pub severity: Cow<'a, str>,
    /// SQLSTATE.
    pub state: Cow<'a, str>,
    pub message: Cow<'a, str>,
    /// Where in a function it came about.
    pub context: Cow<'a, str>,
    pub application: Cow<'a, str>,
    /// `client backend`; empty before PostgreSQL 13.
    pub backend: Cow<'a, str>,
}

/// Calls `each` with all whole records, in their order.
pub fn records<'a>(format: Format, bytes: &'a [u8], mut each: impl FnMut(Record<'a>)) {
    let mut rest = bytes;
    while !rest.is_empty() {
        match read(format, rest) {
            Some((record, after)) => {
                each(record);
                rest = rest.get(after..).unwrap_or_default();
            }
            // No record begins here: it is looked for in the next line.
            None => rest = rest.get(line_end(rest)..).unwrap_or_default(),
        }
    }
}

/// The first whole record, if there is one.
pub fn first(format: Format, bytes: &[u8]) -> Option<Record<'_>> {
    let mut rest = bytes;
    while !rest.is_empty() {
        if let Some((record, _)) = read(format, rest) {
            return Some(record);
        }
        rest = rest.get(line_end(rest)..).unwrap_or_default();
    }
    None
}

fn read(format: Format, bytes: &[u8]) -> Option<(Record<'_>, usize)> {
    match format {
        Format::Csv => csv(bytes),
        Format::Json => json(bytes),
    }
}

fn line_end(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1)
}

/// Columns of `csvlog`: 23 up to PostgreSQL 12, 24 in 13, 26 from 14 on; some room for later ones.
const FEWEST: usize = 23;
const MOST: usize = 32;

/// The columns whose texts the server always puts in quotes: user, database, connection, title, message, context,
/// application, kind of process.
const QUOTED: [usize; 8] = [1, 2, 4, 7, 13, 18, 22, 23];

/// A record at the beginning, and where the next one begins.
fn csv(bytes: &[u8]) -> Option<(Record<'_>, usize)> {
    if !begins_with_a_moment(bytes) {
        return None;
    }
    let mut fields: [&[u8]; MOST] = [b""; MOST];
    let (mut count, mut at) = (0, 0);
    loop {
        let after = field_end(bytes, at)?;
        let field = bytes.get(at..after)?;
        if QUOTED.contains(&count) && !field.is_empty() && !field.starts_with(b"\"") {
            return None;
        }
        *fields.get_mut(count)? = field;
        count += 1;
        at = after + 1;
        if bytes.get(after) == Some(&b'\n') {
            break;
        }
    }
    if count < FEWEST {
        return None;
    }
    let column = |n: usize| unquoted(fields.get(n).copied().unwrap_or_default());
    let record = Record {
        time: column(0),
        user: column(1),
        database: column(2),
        from: column(4),
        session: column(5),
        title: column(7),
        transaction: column(9),
        severity: column(11),
        state: column(12),
        message: column(13),
        context: column(18),
        application: column(22),
        backend: column(23),
    };
    Some((record, at))
}

/// `2026-11-28 `: what each record begins with, and few lines of statements.
fn begins_with_a_moment(bytes: &[u8]) -> bool {
    let form = b"0000-00-00 ";
    let fits = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    bytes.len() > form.len() && bytes.iter().zip(form).all(fits)
}

/// Where the field that begins at `at` ends: the place of its comma or line break; none where it is cut or is none.
fn field_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    if rest.first() != Some(&b'"') {
        let end = rest.iter().position(|byte| matches!(byte, b',' | b'\n' | b'"'))?;
        return (rest.get(end) != Some(&b'"')).then_some(at + end);
    }
    let mut from = 1;
    loop {
        let quote = from + rest.get(from..)?.iter().position(|byte| *byte == b'"')?;
        match rest.get(quote + 1)? {
            b'"' => from = quote + 2,
            b',' | b'\n' => return Some(at + quote + 1),
            _ => return None,
        }
    }
}

fn unquoted(field: &[u8]) -> Cow<'_, str> {
    let inner = field.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let text = String::from_utf8_lossy(inner.unwrap_or(field));
    if inner.is_some() && text.contains("\"\"") { Cow::Owned(text.replace("\"\"", "\"")) } else { text }
}

/// What is read of a line of `jsonlog`; a key that is absent is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    user: Cow<'a, str>,
    #[serde(borrow)]
    dbname: Cow<'a, str>,
    #[serde(borrow)]
    remote_host: Cow<'a, str>,
    #[serde(borrow)]
    session_id: Cow<'a, str>,
    #[serde(borrow)]
    ps: Cow<'a, str>,
    #[serde(borrow)]
    vxid: Cow<'a, str>,
    #[serde(borrow)]
    error_severity: Cow<'a, str>,
    #[serde(borrow)]
    state_code: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow)]
    context: Cow<'a, str>,
    #[serde(borrow)]
    application_name: Cow<'a, str>,
    #[serde(borrow)]
    backend_type: Cow<'a, str>,
}

fn json(bytes: &[u8]) -> Option<(Record<'_>, usize)> {
    let end = line_end(bytes);
    let line: Line<'_> = serde_json::from_slice(bytes.get(..end)?.strip_suffix(b"\n")?).ok()?;
    if line.timestamp.is_empty() {
        return None;
    }
    let record = Record {
        time: line.timestamp,
        user: line.user,
        database: line.dbname,
        from: line.remote_host,
        session: line.session_id,
        title: line.ps,
        transaction: line.vxid,
        severity: line.error_severity,
        // Left out where nothing failed.
        state: if line.state_code.is_empty() { Cow::Borrowed("00000") } else { line.state_code },
        message: line.message,
        context: line.context,
        application: line.application_name,
        backend: line.backend_type,
    };
    Some((record, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CSV: &str = r#"2026-11-28 08:48:53.238 UTC,"postgres","postgres",26346,"127.0.0.1:56964",6b0a9575.66ea,1,"idle",2026-11-28 08:48:53 UTC,3/3,0,LOG,00000,"statement: COMMENT ON ROLE ""Ada"" IS 'a
b'",,,,,,,,,"psql","client backend",,0
2026-11-28 08:48:53.242 UTC,"postgres","postgres",26346,"127.0.0.1:56964",6b0a9575.66ea,6,"ALTER ROLE",2026-11-28 08:48:53 UTC,3/6,0,ERROR,42704,"role ""nobody"" does not exist",,,,,,"ALTER ROLE nobody NOLOGIN;",,,"psql","client backend",,0
2026-11-28 08:48:52.999 UTC,,,26330,,6b0a9574.66da,1,,2026-11-28 08:48:52 UTC,,0,LOG,00000,"database system is ready",,,,,,,,,"","postmaster",,0
2026-11-28 08:48:52.999 CET,"old","sales",26330,"[local]",6b0a9574.66da,1,"idle",2026-11-28 08:48:52 UTC,2/7,0,LOG,00000,"statement: DROP ROLE ada",,,,,,,,,""
"#;

    const JSON: &str = r#"{"timestamp":"2026-11-28 08:48:53.512 UTC","user":"ada \"k\"","dbname":"postgres","pid":26423,"remote_host":"127.0.0.1","remote_port":57000,"session_id":"6b0a9575.6737","line_num":11,"ps":"idle","session_start":"2026-11-28 08:48:53 UTC","vxid":"3/18","txid":0,"error_severity":"LOG","message":"statement: alter role ada nocreatedb\n;","application_name":"psql","backend_type":"client backend","query_id":0}
{"timestamp":"2026-11-28 08:48:53.513 UTC","pid":1,"session_id":"6b0a9575.1","error_severity":"ERROR","state_code":"42704","message":"no"}
"#;

    fn shown(format: Format, bytes: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        records(format, bytes, |r| {
            all.push(format!(
                "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}",
                r.time,
                r.user,
                r.database,
                r.from,
                r.session,
                r.title,
                r.transaction,
                r.severity,
                r.state,
                r.message.escape_debug(),
                r.context,
                r.application,
                r.backend
            ));
        });
        all
    }

    #[test]
    fn records_of_both_forms() {
        insta::assert_snapshot!(shown(Format::Csv, CSV.as_bytes()).join("\n"), @r#"
        2026-11-28 08:48:53.238 UTC|postgres|postgres|127.0.0.1:56964|6b0a9575.66ea|idle|3/3|LOG|00000|statement: COMMENT ON ROLE \"Ada\" IS \'a\nb\'||psql|client backend
        2026-11-28 08:48:53.242 UTC|postgres|postgres|127.0.0.1:56964|6b0a9575.66ea|ALTER ROLE|3/6|ERROR|42704|role \"nobody\" does not exist||psql|client backend
        2026-11-28 08:48:52.999 UTC||||6b0a9574.66da|||LOG|00000|database system is ready|||postmaster
        2026-11-28 08:48:52.999 CET|old|sales|[local]|6b0a9574.66da|idle|2/7|LOG|00000|statement: DROP ROLE ada|||
        "#);
        insta::assert_snapshot!(shown(Format::Json, JSON.as_bytes()).join("\n"), @r#"
        2026-11-28 08:48:53.512 UTC|ada "k"|postgres|127.0.0.1|6b0a9575.6737|idle|3/18|LOG|00000|statement: alter role ada nocreatedb\n;||psql|client backend
        2026-11-28 08:48:53.513 UTC||||6b0a9575.1|||ERROR|42704|no|||
        "#);
    }

    /// Wherever reading begins and ends: what is read are records of the whole, the last ones whatever is cut before.
    #[test]
    fn a_piece_of_a_log_holds_records_of_the_whole_and_no_others() {
        for (format, text) in [(Format::Csv, CSV), (Format::Json, JSON)] {
            let whole = shown(format, text.as_bytes());
            for at in 0..text.len() {
                let tail = shown(format, &text.as_bytes()[at..]);
                assert!(whole.ends_with(&tail), "{at}: {tail:?}");
                let head = shown(format, &text.as_bytes()[..at]);
                assert!(whole.starts_with(&head), "{at}: {head:?}");
            }
        }
    }

    /// A record as the server writes one of a statement.
    fn written(user: &str, statement: &str) -> String {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let (user, message) = (quoted(user), quoted(&format!("statement: {statement}")));
        format!(
            "2026-11-28 08:48:53.238 UTC,{user},\"db\",26346,\"[local]\",6b0a9575.66ea,1,\"idle\",\
             2026-11-28 08:48:53 UTC,3/3,0,LOG,00000,{message},,,,,,,,,\"psql\",\"client backend\",,0\n"
        )
    }

    /// Somebody sends a statement that holds the record of another: where reading begins in its middle, that one is not
    /// taken for one.
    #[test]
    fn a_record_inside_a_statement_is_none() {
        let forged = written("innocent", "ALTER ROLE ada NOLOGIN");
        for end in ["", ",", ",,\n", "\n2026-11-28 08:48:53.238 UTC,"] {
            for begin in ["", "\"", "\"\n"] {
                let log = written("mallory", &format!("SELECT '{begin}\n{forged}{forged}{end}'"))
                    + &written("carol", "SELECT 1");
                for at in 1..log.len() - 1 {
                    records(Format::Csv, &log.as_bytes()[at..], |record| {
                        assert!(record.user != "innocent", "{end:?} {at}")
                    });
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            records(Format::Csv, &bytes, |_| {});
            records(Format::Json, &bytes, |_| {});
        }

        #[test]
        fn what_is_written_is_read(user in "[ -~\n]{0,20}", statement in "[\",\n -~]{0,80}", at: usize) {
            let log = written("first", "SELECT 1") + &written(&user, &statement) + &written("last", "SELECT 2");
            let mut read = Vec::new();
            records(Format::Csv, log.as_bytes(), |record| read.push((record.user.into_owned(), record.message.into_owned())));
            prop_assert_eq!(read.len(), 3);
            prop_assert_eq!(&read[1], &(user.clone(), format!("statement: {statement}")));
            // From the middle of it: the last one is found.
            let mut users = Vec::new();
            records(Format::Csv, &log.as_bytes()[at % (log.len() - 200)..], |record| users.push(record.user.into_owned()));
            prop_assert!(users.last().is_some_and(|last| last == "last"));
        }
    }
}
