//! Interned text.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{self, AtomicU64, AtomicUsize};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Interned text: four bytes, `Copy`, equality by number.
///
/// Order, serialisation and digests use the text, never the number, so that the order in which a process met its
/// symbols cannot leak into anything it writes. Interned text lives as long as the process; never intern a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbol(u32);

/// Number of tables, each with a lock of its own for whoever adds to it. Looking up takes no lock.
const SHARDS: usize = 16;
/// Symbols in the first chunk of a shard; every further chunk is twice as long.
const FIRST: usize = 256;
const CHUNKS: usize = 22;
/// Places in the first table of a shard; every further table is twice as long.
const PLACES: usize = 512;
/// Bytes of text that are allocated at once.
const TEXT: usize = 1 << 14;

type Chunk = Box<[OnceLock<&'static str>]>;

/// Numbers by hash, with open addressing: the upper half of a place is that of the hash, the lower half the number of
/// the symbol within its shard, from 1; 0 is an empty place. What stands in a place never changes.
type Table = Box<[AtomicU64]>;

struct Shard {
    chunks: [OnceLock<Chunk>; CHUNKS],
    /// The last one is the one in use. Those before it stay, for who is looking into them at the moment.
    tables: [OnceLock<Table>; CHUNKS],
    current: AtomicUsize,
    writer: Mutex<Writer>,
}

/// What only whoever adds a symbol needs.
struct Writer {
    /// Symbols so far.
    count: usize,
    /// Room for texts.
    room: &'static mut [u8],
}

/// Symbols that a thread met lately and their hashes, by a few bits of these: half of what a record or an inventory interns are
/// texts that come again and again, such as names of attributes, or again at once, such as the name of a person.
/// Small enough to stay in the nearest cache of a processor.
type Lately = [Option<(u64, Symbol)>; 512];

thread_local! {
    static LATELY: RefCell<Lately> = const { RefCell::new([None; 512]) };
}

static ALL: [Shard; SHARDS] = [const { Shard::new() }; SHARDS];

/// Which chunk, and where in it, the `n`th symbol of a shard stands.
fn place(n: usize) -> (usize, usize) {
    let chunk = (n / FIRST + 1).ilog2() as usize;
    (chunk, n - FIRST * ((1 << chunk) - 1))
}

impl Shard {
    const fn new() -> Shard {
        Shard {
            chunks: [const { OnceLock::new() }; CHUNKS],
            tables: [const { OnceLock::new() }; CHUNKS],
            current: AtomicUsize::new(0),
            writer: Mutex::new(Writer { count: 0, room: &mut [] }),
        }
    }

    /// The text of the `n`th symbol.
    fn text(&self, n: usize) -> Option<&'static str> {
        let (chunk, at) = place(n);
        self.chunks[chunk].get()?.get(at)?.get().copied()
    }

    fn table(&self) -> Option<&Table> {
        self.tables.get(self.current.load(atomic::Ordering::Acquire))?.get()
    }

    /// The number of a text that is there already; while somebody adds, it may be missed.
    fn find(&self, hash: u64, text: &str) -> Option<usize> {
        let table = self.table()?;
        let mut at = hash >> 32;
        loop {
            let place = table[at as usize & (table.len() - 1)].load(atomic::Ordering::Acquire);
            if place == 0 {
                return None;
            }
            let n = (place as u32 - 1) as usize;
            if place >> 32 == hash >> 32 && self.text(n) == Some(text) {
                return Some(n);
            }
            at += 1;
        }
    }

    /// The number of a text, which is added where it is not there.
    fn find_or_add(&self, hash: u64, text: &str) -> usize {
        if let Some(n) = self.find(hash, text) {
            return n;
        }
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = self.find(hash, text) {
            return n;
        }
        let n = writer.count;
        let (chunk, at) = place(n);
        let slots = self.chunks[chunk].get_or_init(|| (0..FIRST << chunk).map(|_| OnceLock::new()).collect());
        let _ = slots[at].set(writer.keep(text));
        // Three quarters full at most.
        let table = match self.table() {
            Some(table) if (n + 1) * 4 <= table.len() * 3 => table,
            _ => self.grow(),
        };
        put(table, (hash >> 32) << 32 | (n as u64 + 1));
        writer.count += 1;
        n
    }

    /// A table twice as large, with what is in the present one.
    fn grow(&self) -> &Table {
        let present = self.table();
        let next = present.map_or(0, |_| self.current.load(atomic::Ordering::Relaxed) + 1);
        let table = self.tables[next].get_or_init(|| {
            let table: Table = (0..PLACES << next).map(|_| AtomicU64::new(0)).collect();
            let filled = present.into_iter().flatten().map(|place| place.load(atomic::Ordering::Relaxed));
            filled.filter(|place| *place != 0).for_each(|place| put(&table, place));
            table
        });
        self.current.store(next, atomic::Ordering::Release);
        table
    }
}

/// Puts `filled` into the first empty place from its own on.
fn put(table: &Table, filled: u64) {
    let mut at = filled >> 32;
    loop {
        let place = &table[at as usize & (table.len() - 1)];
        if place.load(atomic::Ordering::Relaxed) == 0 {
            return place.store(filled, atomic::Ordering::Release);
        }
        at += 1;
    }
}

impl Writer {
    /// A copy that lives as long as the process.
    fn keep(&mut self, text: &str) -> &'static str {
        if text.len() > TEXT / 8 {
            return Box::leak(Box::from(text));
        }
        if text.len() > self.room.len() {
            self.room = Box::leak(vec![0; TEXT].into_boxed_slice());
        }
        let (own, rest) = std::mem::take(&mut self.room).split_at_mut(text.len());
        self.room = rest;
        own.copy_from_slice(text.as_bytes());
        std::str::from_utf8(own).unwrap_or_default()
    }
}

impl Symbol {
    /// The symbol of `text`; the same text gives the same symbol.
    pub fn new(text: &str) -> Symbol {
        let hash = FxBuildHasher.hash_one(text);
        LATELY.with_borrow_mut(|lately| match &mut lately[hash as usize % 512] {
            Some((known, symbol)) if *known == hash && symbol.as_str() == text => *symbol,
            slot => {
                let shard = hash as usize % SHARDS;
                let symbol = Symbol((ALL[shard].find_or_add(hash, text) * SHARDS + shard) as u32);
                *slot = Some((hash, symbol));
                symbol
            }
        })
    }

    /// Whether the text is the empty one: without a look at it.
    #[inline]
    pub fn is_blank(self) -> bool {
        static EMPTY: OnceLock<Symbol> = OnceLock::new();
        self == *EMPTY.get_or_init(|| Symbol::new(""))
    }

    /// The text.
    pub fn as_str(self) -> &'static str {
        ALL[self.0 as usize % SHARDS].text(self.0 as usize / SHARDS).unwrap_or("")
    }
}

impl Ord for Symbol {
    fn cmp(&self, other: &Symbol) -> Ordering {
        if self.0 == other.0 { Ordering::Equal } else { self.as_str().cmp(other.as_str()) }
    }
}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Symbol) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<&str> for Symbol {
    fn from(text: &str) -> Symbol {
        Symbol::new(text)
    }
}

impl From<&String> for Symbol {
    fn from(text: &String) -> Symbol {
        Symbol::new(text)
    }
}

impl From<String> for Symbol {
    fn from(text: String) -> Symbol {
        Symbol::new(&text)
    }
}

impl AsRef<str> for Symbol {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Symbol {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Symbol {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Symbol, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Symbol;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E>(self, text: &str) -> Result<Symbol, E> {
                Ok(Symbol::new(text))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_symbol_and_text_survives() {
        let texts: Vec<String> = (0..20_000).map(|n| format!("symbol {n}")).collect();
        let first: Vec<Symbol> = texts.iter().map(Symbol::from).collect();
        let second: Vec<Symbol> = texts.iter().map(Symbol::from).collect();
        assert_eq!(first, second);
        assert!(first.iter().zip(&texts).all(|(symbol, text)| symbol.as_str() == text));
    }

    #[test]
    fn threads_that_meet_the_same_texts_at_the_same_time_agree() {
        let texts: Vec<String> = (0..30_000).map(|n| format!("shared {n}")).collect();
        let meet = || texts.iter().map(|text| Symbol::new(text)).collect::<Vec<_>>();
        #[allow(clippy::disallowed_methods)] // a test of threads
        let (one, other) = std::thread::scope(|scope| {
            let (one, other) = (scope.spawn(meet), scope.spawn(meet));
            (one.join().unwrap(), other.join().unwrap())
        });
        assert_eq!(one, other);
        assert!(one.iter().zip(&texts).all(|(symbol, text)| symbol.as_str() == text));
    }

    #[test]
    fn long_texts_and_short_ones_survive() {
        for length in [0, 1, 2_047, 2_048, 2_049, 16_384, 100_000] {
            let text = "ü".repeat(length);
            assert_eq!(Symbol::new(&text).as_str(), text);
        }
    }

    #[test]
    fn a_symbol_that_was_met_lately_is_the_same_symbol() {
        for n in 0..1_000 {
            // Same length, first and last letter: the same place.
            for text in ["", "a", "b", &format!("a{n:04}z"), &format!("a{:04}z", n + 1), "ü"] {
                let read: Symbol = serde_json::from_str(&format!("\"{text}\"")).unwrap();
                assert_eq!((read, read.as_str()), (Symbol::new(text), text));
            }
        }
    }

    #[test]
    fn order_is_the_order_of_the_text() {
        let late = Symbol::new("a symbol that was met late");
        let early = Symbol::new("Z symbol");
        assert!(early < late);
        assert_eq!(size_of::<Symbol>(), 4);
    }
}
