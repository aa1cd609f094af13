//! A record, loaded: checked, folded, and compared with what is known of it from elsewhere.

use state::record::{Chain, Damage, FORMAT, Recorded, Tail, Text};

use super::store::Repair;
use super::{Failure, Head, Session, Store};

/// A loaded record.
#[derive(Debug)]
pub struct Record {
    /// The fold of all lines.
    pub recorded: Recorded,
    /// Its end.
    pub chain: Chain,
    /// The format that its first line names.
    pub format: u32,
    /// What an interrupted write left behind: the number of the line, and how many bytes.
    pub torn: Option<(u64, usize)>,
    /// What the next append must put right.
    pub repair: Repair,
    name: String,
}

impl Record {
    /// Loads a record to look at it: somebody else may be writing, so an unfinished last line is nothing to wonder at.
    ///
    /// # Errors
    /// Where it is missing or damaged, or lacks one of the lines in `expected` or the one that is kept beside it.
    pub fn read(store: &dyn Store, expected: &[Head]) -> Result<Record, Failure> {
        // The head goes first: it may only lag behind the record.
        let remembered = store.remembered();
        Record::new(&store.name(), &store.load()?, expected, remembered.as_ref())
    }

    /// Loads the record of a locked store, to add to it.
    ///
    /// # Errors
    /// As [`Record::read`]; and where a later version wrote it.
    pub fn lock(store: &dyn Store, session: &mut dyn Session, expected: &[Head]) -> Result<Record, Failure> {
        let remembered = store.remembered();
        let record = Record::new(&session.name(), &session.load()?, expected, remembered.as_ref())?;
        record.writable()?;
        session.repair(record.repair);
        Ok(record)
    }

    /// Checks and folds the bytes of a state file; `name` is for messages.
    ///
    /// # Errors
    /// Where they are damaged, or lack one of the lines in `expected` or the `remembered` one.
    pub fn new(name: &str, bytes: &[u8], expected: &[Head], remembered: Option<&Head>) -> Result<Record, Failure> {
        let damaged = |damage: Damage| damaged(name, &damage);
        let text = Text::new(bytes).map_err(damaged)?;
        // Two things at once, on two threads: the digits, and what the lines say. What is wrong with the digits goes
        // first, since a line that was altered may also make no sense.
        let (verified, replayed) = std::thread::scope(|scope| {
            let verifying = scope.spawn(|| text.verify(0..text.lines.len()));
            let replayed = text.replay();
            (verifying.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), replayed)
        });
        verified.map_err(damaged)?;
        let recorded = replayed.map_err(damaged)?;
        let mut chain = text.chain();
        chain.last = recorded.last;
        // What is remembered may stand in an archived file by now; a plan must not.
        let remembered = remembered.filter(|head| head.line.saturating_add(1) >= text.first);
        for head in expected.iter().chain(remembered) {
            has(name, &text, &chain, head)?;
        }
        let keep = text.kept(bytes);
        let (torn, repair) = match text.tail {
            Tail::Nothing => (None, Repair::Nothing),
            Tail::Unended => (None, Repair::End { keep }),
            Tail::Torn(torn) => {
                let line = chain.line + 1;
                (Some((line, torn.len())), Repair::Cut { keep, line })
            }
        };
        Ok(Record { recorded, chain, format: text.format, torn, repair, name: name.to_owned() })
    }

    /// Whether this version may add to it.
    ///
    /// # Errors
    /// Where a later version wrote it.
    pub fn writable(&self) -> Result<(), Failure> {
        if self.format <= FORMAT {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{} has format {}, and this version of tenure writes format {FORMAT}: it is not written to",
            self.name, self.format
        ))
        .hint("use the version of tenure that wrote it, or a later one"))
    }

    /// Where to read on: its head, as something to compare with later.
    pub fn head(&self) -> Head {
        Head { line: self.chain.line, digest: self.chain.head, known_from: self.name.clone() }
    }
}

/// Whether the file has the line `head`.
fn has(name: &str, text: &Text, chain: &Chain, head: &Head) -> Result<(), Failure> {
    let Head { line, digest, known_from } = head;
    if text.digits_of(*line) == Some(*digest) {
        return Ok(());
    }
    if line.saturating_add(1) < text.first {
        return Err(Failure::new(format!(
            "{known_from} rests on line {line} of the record, and {name} begins with line {}: it was archived since",
            text.first
        ))
        .hint("plan again"));
    }
    let what = if *line > chain.line {
        format!("the record had a line {line}, and {name} ends with line {}", chain.line)
    } else {
        format!("line {line} of the record began with {digest}, and that of {name} does not")
    };
    Err(Failure::new(format!("{what}: an older or another copy was put in its place (known from {known_from})")).hint(
        format!(
            "put the right state file back: what was done since stands in no other. Only where that is lost, go on with \
             this copy by removing {known_from} and planning anew"
        ),
    ))
}

/// Damage as an error of a file.
pub fn damaged(name: &str, damage: &Damage) -> Failure {
    Failure::new(format!("the state file {name} is damaged: {damage}"))
        .hint("nothing was changed. Compare it with a copy; lines before the damaged one can be trusted")
}
