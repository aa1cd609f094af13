//! Interned text.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Interned text: four bytes, `Copy`, equality by number.
///
/// Order, serialisation and digests use the text, never the number, so that the order in which a process met its
/// symbols cannot leak into anything it writes. Interned text lives as long as the process; never intern a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbol(u32);

/// Number of independently locked tables, so that readers of several systems do not wait for each other.
const SHARDS: usize = 16;
/// Symbols in the first chunk of a shard; every further chunk is twice as long.
const FIRST: usize = 256;
const CHUNKS: usize = 22;

type Chunk = Box<[OnceLock<&'static str>]>;

struct Shard {
    index: Mutex<Index>,
    chunks: [OnceLock<Chunk>; CHUNKS],
}

#[derive(Default)]
struct Index {
    numbers: HashMap<Hashed<'static>, u32, BuildHasherDefault<Finished>>,
}

/// A text with its hash, so that one hash serves to choose the shard and within it.
#[derive(PartialEq, Eq)]
struct Hashed<'a> {
    hash: u64,
    text: &'a str,
}

impl Hash for Hashed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Takes a number that is a hash already.
#[derive(Default)]
struct Finished(u64);

impl Hasher for Finished {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Symbols that a thread met lately and their hashes, by a few bits of these: half of what a record or an inventory interns are
/// texts that come again and again, such as names of attributes, or again at once, such as the name of a person.
/// Small enough to stay in the nearest cache of a processor.
type Lately = [Option<(u64, Symbol)>; 512];

thread_local! {
    static LATELY: RefCell<Lately> = const { RefCell::new([None; 512]) };
}

fn shards() -> &'static [Shard; SHARDS] {
    static TABLE: OnceLock<[Shard; SHARDS]> = OnceLock::new();
    TABLE.get_or_init(|| {
        std::array::from_fn(|_| Shard { index: Mutex::default(), chunks: [const { OnceLock::new() }; CHUNKS] })
    })
}

/// The number of a text that is there already.
fn find<'a>(index: &'a Index, sought: &Hashed<'a>) -> Option<u32> {
    let numbers: &HashMap<Hashed<'a>, u32, BuildHasherDefault<Finished>> = &index.numbers;
    numbers.get(sought).copied()
}

/// Which chunk, and where in it, the `n`th symbol of a shard stands.
fn place(n: usize) -> (usize, usize) {
    let chunk = (n / FIRST + 1).ilog2() as usize;
    (chunk, n - FIRST * ((1 << chunk) - 1))
}

impl Symbol {
    /// The symbol of `text`; the same text gives the same symbol.
    pub fn new(text: &str) -> Symbol {
        let hash = FxBuildHasher.hash_one(text);
        LATELY.with_borrow_mut(|lately| match &mut lately[hash as usize % 512] {
            Some((known, symbol)) if *known == hash && symbol.as_str() == text => *symbol,
            slot => {
                let symbol = Symbol::find_or_add(hash, text);
                *slot = Some((hash, symbol));
                symbol
            }
        })
    }

    fn find_or_add(hash: u64, text: &str) -> Symbol {
        let shard_number = (hash >> 40) as usize % SHARDS;
        let shard = &shards()[shard_number];
        let mut index = shard.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = find(&index, &Hashed { hash, text }) {
            return Symbol(number);
        }
        let n = index.numbers.len();
        let (chunk, at) = place(n);
        let text: &'static str = Box::leak(Box::from(text));
        let slots = shard.chunks[chunk].get_or_init(|| (0..FIRST << chunk).map(|_| OnceLock::new()).collect());
        let _ = slots[at].set(text);
        let number = (n * SHARDS + shard_number) as u32;
        index.numbers.insert(Hashed { hash, text }, number);
        Symbol(number)
    }

    /// Whether the text is the empty one: without a look at it.
    #[inline]
    pub fn is_blank(self) -> bool {
        static EMPTY: OnceLock<Symbol> = OnceLock::new();
        self == *EMPTY.get_or_init(|| Symbol::new(""))
    }

    /// The text.
    pub fn as_str(self) -> &'static str {
        let (chunk, at) = place(self.0 as usize / SHARDS);
        shards()[self.0 as usize % SHARDS].chunks[chunk].get().and_then(|slots| slots[at].get()).copied().unwrap_or("")
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
