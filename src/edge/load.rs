//! Loading a record without holding it whole: one thread reads the file in blocks, others check the digits and read the
//! lines, and they are folded here in their order. Where a snapshot keeps the fold of the first lines, only their digits are
//! checked, and another thread reads the snapshot meanwhile.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, ScopedJoinHandle};

use state::Digest;
use state::record::part::{End, Part, Parts};
use state::record::snapshot::{self, Header};
use state::record::{Chain, Damage, Line, Recorded};

use super::Failure;
use super::snapshot::FOLD;

/// Blocks that stand between two threads at most: whoever is faster waits.
const AHEAD: usize = 4;

/// Hands the bytes of a record over, block by block, until it is told `false`.
pub(super) type Blocks<'a> = dyn FnMut(&mut dyn FnMut(Vec<u8>) -> bool) -> Result<(), Failure> + Send + 'a;

/// A record as it was loaded.
pub(super) struct Loaded {
    pub recorded: Recorded,
    pub chain: Chain,
    pub end: End,
    /// The digits of the lines that were asked for, as far as they are there.
    pub digits: BTreeMap<u64, Digest>,
    /// The last line of the snapshot that was of use.
    pub snapshot: Option<u64>,
}

/// Why it was not.
pub(super) enum NotLoaded {
    Unread(Failure),
    Damaged(Damage),
}

/// What one part said.
struct Checked {
    verified: Result<(), Damage>,
    lines: Vec<Line>,
    read: Result<(), Damage>,
    /// The line of the file that the first one is.
    first: u64,
    digits: Vec<(u64, Digest)>,
}

/// Reads, checks and folds a record. `asked` are numbers of lines whose digits are wanted, `kept` is a snapshot that may be
/// of this record.
///
/// # Errors
/// Where it cannot be read, or is damaged. Digits that are wrong go before lines that make no sense, since a line that
/// was altered may also make none.
pub(super) fn load(blocks: &mut Blocks<'_>, asked: &[u64], kept: Option<Vec<u8>>) -> Result<Loaded, NotLoaded> {
    if let Some(bytes) = kept
        && let Some(header) = Header::of(&bytes, FOLD)
    {
        let asked: Vec<u64> = asked.iter().copied().chain([header.line]).collect();
        let line = header.line;
        // It is of other lines, or was harmed: then it is as if there were none.
        if let Some(loaded) = load_over(blocks, &asked, Some((header, bytes)))? {
            return Ok(Loaded { snapshot: Some(line), ..loaded });
        }
    }
    let cannot = || NotLoaded::Unread(Failure::new("the record was read and not folded"));
    load_over(blocks, asked, None)?.ok_or_else(cannot)
}

/// The same; none where the snapshot is of no use.
fn load_over(
    blocks: &mut Blocks<'_>,
    asked: &[u64],
    kept: Option<(Header, Vec<u8>)>,
) -> Result<Option<Loaded>, NotLoaded> {
    let after = kept.as_ref().map_or(0, |(header, _)| header.line);
    thread::scope(|scope| {
        let (to_check, waiting) = sync_channel::<(u64, Part)>(AHEAD);
        let (checked, to_fold) = sync_channel::<(u64, Checked)>(AHEAD);
        let waiting = Arc::new(Mutex::new(waiting));
        let checkers = thread::available_parallelism().map_or(2, |cores| cores.get().clamp(1, 4));
        for _ in 0..checkers {
            let (waiting, checked) = (Arc::clone(&waiting), checked.clone());
            thread::Builder::new()
                .spawn_scoped(scope, move || check(&waiting, &checked, asked, after))
                .map_err(no_thread)?;
        }
        drop((checked, waiting));
        let reading = thread::Builder::new().spawn_scoped(scope, move || read(blocks, &to_check)).map_err(no_thread)?;
        let kept = kept.map(|(header, bytes)| {
            let read = move || snapshot::read(&bytes, FOLD).ok();
            thread::Builder::new().spawn_scoped(scope, read).map(|reading| Kept { header, reading })
        });
        let folded = fold(&to_fold, kept.transpose().map_err(no_thread)?);
        finish(reading, folded)
    })
}

/// Reads blocks and cuts them into parts.
fn read(blocks: &mut Blocks<'_>, to_check: &SyncSender<(u64, Part)>) -> Result<End, NotLoaded> {
    let mut parts = Parts::default();
    let mut number = 0;
    let mut damage = None;
    let mut send = |part: Part| {
        let sent = to_check.send((number, part)).is_ok();
        number += 1;
        sent
    };
    let mut take = |block: Vec<u8>| match parts.push(block) {
        Ok(Some(part)) => send(part),
        Ok(None) => true,
        Err(error) => {
            damage = Some(error);
            false
        }
    };
    blocks(&mut take).map_err(NotLoaded::Unread)?;
    if let Some(damage) = damage {
        return Err(NotLoaded::Damaged(damage));
    }
    let mut end = parts.finish().map_err(NotLoaded::Damaged)?;
    if let Some(last) = end.last.take() {
        send(last);
    }
    Ok(end)
}

/// Checks parts, and reads those of their lines whose number is greater than `after`, until there are no more.
fn check(waiting: &Mutex<Receiver<(u64, Part)>>, checked: &SyncSender<(u64, Checked)>, asked: &[u64], after: u64) {
    loop {
        let next = waiting.lock().map(|waiting| waiting.recv());
        let Ok(Ok((number, part))) = next else { return };
        let (lines, read) = part.read_after(after);
        let digits = asked.iter().filter_map(|line| Some((*line, part.digits_of(*line)?))).collect();
        let first = part.first_line() + part.until(after);
        let done = Checked { verified: part.verify(), lines, read, first, digits };
        if checked.send((number, done)).is_err() {
            return;
        }
    }
}

fn no_thread(error: std::io::Error) -> NotLoaded {
    let failure = Failure::new(format!("cannot start a thread to read the state file: {error}"));
    NotLoaded::Unread(failure.hint("give the process more memory or threads, and run again"))
}

/// A snapshot that another thread reads.
struct Kept<'scope> {
    header: Header,
    reading: ScopedJoinHandle<'scope, Option<Recorded>>,
}

#[derive(Default)]
struct Folded {
    recorded: Recorded,
    digits: BTreeMap<u64, Digest>,
    /// The first line whose digits are wrong, and the first that makes no sense.
    altered: Option<Damage>,
    senseless: Option<Damage>,
    /// What the snapshot is of, and whether it cannot be read.
    kept: Option<Header>,
    unreadable: bool,
}

/// Folds what was read, in order.
fn fold(to_fold: &Receiver<(u64, Checked)>, mut kept: Option<Kept<'_>>) -> Folded {
    let mut folded = Folded::default();
    let mut early: BTreeMap<u64, Checked> = BTreeMap::new();
    let mut due = 0;
    while let Ok((number, part)) = to_fold.recv() {
        early.insert(number, part);
        while let Some(part) = early.remove(&due) {
            due += 1;
            if !part.lines.is_empty() {
                folded.begin(kept.take());
            }
            folded.part(part);
        }
    }
    folded.begin(kept);
    folded
}

impl Folded {
    /// Takes the snapshot over, once it is needed.
    fn begin(&mut self, kept: Option<Kept<'_>>) {
        let Some(Kept { header, reading }) = kept else { return };
        match reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
            Some(recorded) => self.recorded = recorded,
            None => self.unreadable = true,
        }
        self.kept = Some(header);
    }

    /// Whether the snapshot is not of the lines that stand here.
    fn useless(&self, end: &End) -> bool {
        let of_others =
            |header: &Header| header.line < end.opening.first || self.digits.get(&header.line) != Some(&header.head);
        self.unreadable || self.kept.as_ref().is_some_and(of_others)
    }

    fn part(&mut self, part: Checked) {
        let Checked { verified, lines, read, first, digits } = part;
        self.digits.extend(digits);
        if self.altered.is_none() {
            self.altered = verified.err();
        }
        if self.senseless.is_some() || self.altered.is_some() {
            return;
        }
        for (number, line) in (first..).zip(lines) {
            if let Err(fault) = self.recorded.apply(line) {
                self.senseless = Some(Damage { line: number, fault });
                return;
            }
        }
        self.senseless = read.err();
    }
}

fn finish(reading: ScopedJoinHandle<'_, Result<End, NotLoaded>>, folded: Folded) -> Result<Option<Loaded>, NotLoaded> {
    let end = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    if let Some(damage) = folded.altered {
        return Err(NotLoaded::Damaged(damage));
    }
    let end = end?;
    if folded.useless(&end) {
        return Ok(None);
    }
    let Folded { mut recorded, digits, senseless, .. } = folded;
    if let Some(damage) = senseless {
        return Err(NotLoaded::Damaged(damage));
    }
    recorded.finish().map_err(|fault| NotLoaded::Damaged(Damage { line: end.lines, fault }))?;
    recorded.head = Some(end.head);
    let line = end.opening.first.saturating_add(end.lines).saturating_sub(1);
    let chain = Chain { head: end.head, line, last: recorded.last };
    Ok(Some(Loaded { recorded, chain, end, digits, snapshot: None }))
}
