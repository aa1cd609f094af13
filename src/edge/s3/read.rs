//! A record read from its objects.

use std::collections::HashMap;
use std::io::Read as _;

use super::objects::Objects;
use super::pieces::{Listing, Piece};
use crate::edge::Failure;
use crate::edge::store::first_number;

/// More than a sealed object may come to; a smaller one that says so is not one of ours.
const UNSEALED: u64 = 8 << 30;

/// A record, or a part of it, as it is now.
pub struct Read {
    /// Its lines, as a state file has them.
    pub bytes: Vec<u8>,
    /// The number of the line that comes next.
    pub next: u64,
    /// The objects that it was read from.
    pub pieces: Vec<Piece>,
}

/// Objects that were read already, by name; none for one that was not there. Lines are never written anew, so they stay
/// what they are.
pub type Fetched = HashMap<String, Option<Vec<u8>>>;

/// The objects of a record among those of this listing; without any there is no record.
pub fn pieces(names: &[String]) -> Vec<Piece> {
    Listing::new(names.iter().map(String::as_str)).pieces()
}

/// Reads what is likely to be needed soon, as a listing names it.
pub async fn ahead(objects: &Objects, names: &[String]) -> Result<Fetched, Failure> {
    let names: Vec<String> = pieces(names).into_iter().map(Piece::name).collect();
    let found = objects.get_all(names.clone()).await?;
    Ok(names.into_iter().zip(found).filter_map(|(name, found)| Some((name, Some(found?.bytes)))).collect())
}

/// The name of what would be written next, as far as what was fetched tells.
fn next(fetched: &Fetched) -> Option<String> {
    let last = fetched.iter().filter_map(|(name, bytes)| Some((Piece::parse(name)?, bytes.as_ref()?)));
    let next = last.map(|(piece, bytes)| match piece {
        Piece::Loose { first } => first.saturating_add(memchr::memchr_iter(b'\n', bytes).count() as u64),
        Piece::Sealed { last, .. } => last.saturating_add(1),
    });
    next.max().map(|first| Piece::Loose { first }.name())
}

/// There is no record where one is needed.
pub fn missing(objects: &Objects) -> Failure {
    Failure::new(format!("there is no record at {}", objects.name())).hint(
        "`tenure init` starts one, `tenure state copy` brings one; where there was one, put it back: without it tenure \
         knows nothing",
    )
}

/// Reads all of it but what was fetched before. A listing that is late is made up for: what comes next is asked for by
/// name.
pub async fn record(objects: &Objects, mut fetched: Fetched) -> Result<Read, Failure> {
    let names = match next(&fetched) {
        Some(next) => {
            let (names, found) = futures_util::future::try_join(objects.list(""), objects.get(&next)).await?;
            fetched.insert(next, found.map(|found| found.bytes));
            names
        }
        None => objects.list("").await?,
    };
    listed(objects, &names, fetched).await
}

/// The same after a listing.
pub async fn listed(objects: &Objects, names: &[String], mut fetched: Fetched) -> Result<Read, Failure> {
    let pieces = pieces(names);
    if pieces.is_empty() {
        return Err(missing(objects));
    }
    let Read { mut bytes, mut next, pieces: mut read } = parts(objects, &pieces, &mut fetched).await?;
    loop {
        let piece = Piece::Loose { first: next };
        let Some(found) = get(objects, piece, &mut fetched).await? else { break };
        next = add(objects, piece, found, next, &mut bytes)?;
        read.push(piece);
    }
    Ok(Read { bytes, next, pieces: read })
}

/// The bytes of an object; none where there is none.
async fn get(objects: &Objects, piece: Piece, fetched: &mut Fetched) -> Result<Option<Vec<u8>>, Failure> {
    let name = piece.name();
    match fetched.remove(&name) {
        Some(found) => Ok(found),
        None => Ok(objects.get(&name).await?.map(|found| found.bytes)),
    }
}

/// Reads these objects, and what is missing between them.
pub async fn parts(objects: &Objects, pieces: &[Piece], fetched: &mut Fetched) -> Result<Read, Failure> {
    let unread: Vec<String> =
        pieces.iter().map(|piece| piece.name()).filter(|name| !fetched.contains_key(name)).collect();
    let found = objects.get_all(unread.clone()).await?;
    fetched.extend(unread.into_iter().zip(found.into_iter().map(|found| found.map(|found| found.bytes))));
    let mut bytes = Vec::new();
    let mut next = pieces.first().map_or(1, |piece| piece.first());
    let mut read = Vec::with_capacity(pieces.len());
    for piece in pieces.iter().copied() {
        // What the listing did not show.
        while next < piece.first() {
            let missed = Piece::Loose { first: next };
            let Some(found) = get(objects, missed, fetched).await? else {
                return Err(Failure::new(format!(
                    "{} of {} is missing: the record goes on with {}",
                    missed.name(),
                    objects.name(),
                    piece.name()
                ))
                .hint(
                    "put the object back (an earlier version of it, or a backup): nothing can be planned without it",
                ));
            };
            next = add(objects, missed, found, next, &mut bytes)?;
            read.push(missed);
        }
        let Some(found) = fetched.remove(&piece.name()).flatten() else {
            return Err(Failure::new(format!("{} of {} was removed while it was read", piece.name(), objects.name()))
                .hint("somebody else may have put objects together just now: try again"));
        };
        next = add(objects, piece, found, next, &mut bytes)?;
        read.push(piece);
    }
    Ok(Read { bytes, next, pieces: read })
}

/// Adds the lines of an object, whose first must be number `due`; the number of the line that comes next.
fn add(objects: &Objects, piece: Piece, found: Vec<u8>, due: u64, bytes: &mut Vec<u8>) -> Result<u64, Failure> {
    let damaged = |what: String| {
        Failure::new(format!("{} of {} is damaged: {what}", piece.name(), objects.name()))
            .hint("nothing was changed. Put an earlier version of the object back; lines before it can be trusted")
    };
    let start = bytes.len();
    match piece {
        Piece::Loose { .. } => bytes.extend_from_slice(&found),
        Piece::Sealed { .. } => {
            let mut lines = flate2::read::MultiGzDecoder::new(found.as_slice()).take(UNSEALED);
            lines.read_to_end(bytes).map_err(|error| damaged(format!("it cannot be unpacked ({error})")))?;
        }
    }
    let added = bytes.get(start..).unwrap_or_default();
    if added.last() != Some(&b'\n') {
        return Err(damaged("it does not end with a line end".to_owned()));
    }
    let number = first_number(added).ok_or_else(|| damaged("its first line is none of a record".to_owned()))?;
    if number != piece.first() || number != due {
        return Err(damaged(format!("its first line is number {number}, and {due} comes next")));
    }
    let next = due.saturating_add(memchr::memchr_iter(b'\n', added).count() as u64);
    match piece {
        Piece::Sealed { last, .. } if last.saturating_add(1) != next => {
            Err(damaged(format!("its last line is number {}", next.saturating_sub(1))))
        }
        _ => Ok(next),
    }
}
