//! Small objects put together into a compressed one, so that a record of many runs is read with few requests.

use std::io::Write as _;

use super::objects::Objects;
use super::pieces::Piece;
use super::read;
use crate::edge::Failure;

/// So many batches are put together.
const LOOSE: usize = 32;
/// So many sealed objects are put together in turn.
const SEALED: usize = 16;

/// Seals what `pieces`, the objects of a record that nobody else writes to, come to, where enough of them are small. Only
/// what is put together is read. The loose ones are removed only after the sealed one was read back, and whoever is killed
/// in between leaves both: the sealed one is read then.
pub async fn small_objects(objects: &Objects, pieces: &[Piece]) -> Result<(), Failure> {
    let parts = together(pieces);
    let Some(first) = parts.first().map(|piece| piece.first()) else { return Ok(()) };
    let read = read::parts(objects, parts, &mut read::Fetched::new()).await?;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let packed = packer.write_all(&read.bytes).and_then(|()| packer.finish());
    let packed = packed.map_err(|error| Failure::new(format!("lines cannot be compressed: {error}")))?;
    let whole = Piece::Sealed { first, last: read.next.saturating_sub(1) };
    objects.create(&whole.name(), &packed).await?;
    if objects.get(&whole.name()).await?.is_some_and(|found| found.bytes == packed) {
        let done = read.pieces.into_iter().filter(|piece| *piece != whole);
        objects.remove(done.map(Piece::name).collect()).await;
    }
    Ok(())
}

/// Those that are to become one: all behind the sealed ones, once there are many; everything, once many are sealed.
fn together(pieces: &[Piece]) -> &[Piece] {
    let is_sealed = |piece: &&Piece| matches!(piece, Piece::Sealed { .. });
    if pieces.iter().filter(|piece| !is_sealed(piece)).count() < LOOSE {
        return &[];
    }
    let sealed = pieces.iter().take_while(is_sealed).count();
    let from = if sealed >= SEALED { 0 } else { sealed };
    pieces.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_together() {
        let pieces = |sealed: u64, loose: u64| -> Vec<Piece> {
            let whole = (0..sealed).map(|n| Piece::Sealed { first: n * 10 + 1, last: n * 10 + 10 });
            whole.chain((0..loose).map(|n| Piece::Loose { first: sealed * 10 + n + 1 })).collect()
        };
        for (sealed, loose, expected) in [
            (0, 0, None),
            (0, 31, None),
            (0, 32, Some(1)),
            (3, 31, None),
            (3, 40, Some(31)),
            (16, 31, None),
            (16, 32, Some(1)),
        ] {
            let pieces = pieces(sealed, loose);
            let parts = together(&pieces);
            assert_eq!(parts.first().map(|piece| piece.first()), expected, "{sealed} sealed, {loose} loose");
            assert!(expected.is_none() || parts.last() == pieces.last());
        }
    }
}
