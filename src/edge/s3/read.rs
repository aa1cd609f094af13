//! A record read from its objects.

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

/// Whether there is a record.
pub async fn exists(objects: &Objects) -> Result<bool, Failure> {
    let names = objects.list("").await?;
    Ok(!Listing::new(names.iter().map(String::as_str)).pieces().is_empty())
}

/// There is no record where one is needed.
pub fn missing(objects: &Objects) -> Failure {
    Failure::new(format!("there is no record at {}", objects.name())).hint(
        "`tenure init` starts one, `tenure state copy` brings one; where there was one, put it back: without it tenure \
         knows nothing",
    )
}

/// Reads all of it. A listing that is late is made up for: what comes next is asked for by name.
pub async fn record(objects: &Objects) -> Result<Read, Failure> {
    let names = objects.list("").await?;
    let pieces = Listing::new(names.iter().map(String::as_str)).pieces();
    if pieces.is_empty() {
        return Err(missing(objects));
    }
    let Read { mut bytes, mut next, pieces: mut read } = parts(objects, &pieces).await?;
    loop {
        let piece = Piece::Loose { first: next };
        let Some(found) = objects.get(&piece.name()).await? else { break };
        next = add(objects, piece, found.bytes, next, &mut bytes)?;
        read.push(piece);
    }
    Ok(Read { bytes, next, pieces: read })
}

/// Reads these objects, and what is missing between them.
pub async fn parts(objects: &Objects, pieces: &[Piece]) -> Result<Read, Failure> {
    let found = objects.get_all(pieces.iter().map(|piece| piece.name()).collect()).await?;
    let mut bytes = Vec::new();
    let mut next = pieces.first().map_or(1, |piece| piece.first());
    let mut read = Vec::with_capacity(pieces.len());
    for (piece, found) in pieces.iter().copied().zip(found) {
        // What the listing did not show.
        while next < piece.first() {
            let missed = Piece::Loose { first: next };
            let Some(found) = objects.get(&missed.name()).await? else {
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
            next = add(objects, missed, found.bytes, next, &mut bytes)?;
            read.push(missed);
        }
        let Some(found) = found else {
            return Err(Failure::new(format!("{} of {} was removed while it was read", piece.name(), objects.name()))
                .hint("somebody else may have put objects together just now: try again"));
        };
        next = add(objects, piece, found.bytes, next, &mut bytes)?;
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
