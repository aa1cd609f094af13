//! A record, loaded: checked, folded, and compared with what is known of it from elsewhere.

use std::collections::BTreeMap;

use state::Digest;
use state::record::{Chain, Damage, FORMAT, Recorded};

use super::load::{Blocks, Loaded, NotLoaded, load};
use super::store::Repair;
use super::{Failure, Head, Session, Store};

/// Bytes that are checked and read together, of a record that stands in memory.
const BLOCK: usize = 1 << 20;

/// A loaded record.
#[derive(Debug)]
pub struct Record {
    /// The fold of all lines.
    pub recorded: Recorded,
    /// Its end.
    pub chain: Chain,
    /// The format that its first line names.
    pub format: u32,
    /// How many of its lines were folded: all, or those behind a snapshot.
    pub folded: u64,
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
        let known = (expected, remembered.as_ref());
        Record::load(&store.name(), &mut |take| store.blocks(take), known, store.snapshot())
    }

    /// Loads the record of a locked store, to add to it.
    ///
    /// # Errors
    /// As [`Record::read`]; and where a later version wrote it.
    pub fn lock(store: &dyn Store, session: &mut dyn Session, expected: &[Head]) -> Result<Record, Failure> {
        let remembered = store.remembered();
        let name = session.name();
        let known = (expected, remembered.as_ref());
        let record = Record::load(&name, &mut |take| session.blocks(take), known, store.snapshot())?;
        record.writable()?;
        session.repair(record.repair);
        Ok(record)
    }

    /// Checks and folds the bytes of a state file; `name` is for messages.
    ///
    /// # Errors
    /// Where they are damaged, or lack one of the lines in `expected` or the `remembered` one.
    pub fn new(name: &str, bytes: &[u8], expected: &[Head], remembered: Option<&Head>) -> Result<Record, Failure> {
        let mut blocks = |take: &mut dyn FnMut(Vec<u8>) -> bool| {
            bytes.chunks(BLOCK).all(|block| take(block.to_vec()));
            Ok(())
        };
        Record::load(name, &mut blocks, (expected, remembered), None)
    }

    fn load(
        name: &str,
        blocks: &mut Blocks<'_>,
        (expected, remembered): (&[Head], Option<&Head>),
        snapshot: Option<Vec<u8>>,
    ) -> Result<Record, Failure> {
        let asked: Vec<u64> = expected.iter().chain(remembered).map(|head| head.line).collect();
        let Loaded { recorded, chain, end, digits, snapshot } =
            load(blocks, &asked, snapshot).map_err(|error| match error {
                NotLoaded::Unread(failure) => failure,
                NotLoaded::Damaged(damage) => damaged(name, &damage),
            })?;
        let first = end.opening.first;
        // What is remembered may stand in an archived file by now; a plan must not.
        let remembered = remembered.filter(|head| head.line.saturating_add(1) >= first);
        for head in expected.iter().chain(remembered) {
            has(name, first, &digits, &chain, head)?;
        }
        let (torn, repair) = match (end.unended, end.torn.len()) {
            (true, _) => (None, Repair::End { keep: end.kept }),
            (false, 0) => (None, Repair::Nothing),
            (false, torn) => {
                let line = chain.line + 1;
                (Some((line, torn)), Repair::Cut { keep: end.kept, line })
            }
        };
        let folded = chain.line.saturating_sub(snapshot.unwrap_or(first.saturating_sub(1)));
        Ok(Record { recorded, chain, folded, format: end.opening.format, torn, repair, name: name.to_owned() })
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
fn has(name: &str, first: u64, digits: &BTreeMap<u64, Digest>, chain: &Chain, head: &Head) -> Result<(), Failure> {
    let Head { line, digest, known_from } = head;
    if digits.get(line) == Some(digest) {
        return Ok(());
    }
    if line.saturating_add(1) < first {
        return Err(Failure::new(format!(
            "{known_from} rests on line {line} of the record, and {name} begins with line {first}: it was archived since"
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
