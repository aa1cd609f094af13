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

/// Seals, where there are enough small objects. The loose ones are removed only after the sealed one was read back, and
/// whoever is killed in between leaves both: the sealed one is read then.
pub async fn small_objects(objects: &Objects) -> Result<(), Failure> {
    let record = read::record(objects).await?;
    let loose = record.pieces.iter().filter(|piece| matches!(piece, Piece::Loose { .. })).count();
    if loose < LOOSE {
        return Ok(());
    }
    let sealed = record.pieces.iter().take_while(|piece| matches!(piece, Piece::Sealed { .. })).count();
    let from = if sealed >= SEALED { 0 } else { sealed };
    let Some(first) = record.pieces.get(from).map(|piece| piece.first()) else { return Ok(()) };
    let skipped = first.saturating_sub(record.pieces.first().map_or(first, |piece| piece.first()));
    let start = match skipped.checked_sub(1) {
        None => 0,
        Some(before) => {
            let end = memchr::memchr_iter(b'\n', &record.bytes).nth(usize::try_from(before).unwrap_or(usize::MAX));
            end.map_or(record.bytes.len(), |end| end + 1)
        }
    };
    let lines = record.bytes.get(start..).unwrap_or_default();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let packed = packer.write_all(lines).and_then(|()| packer.finish());
    let packed = packed.map_err(|error| Failure::new(format!("lines cannot be compressed: {error}")))?;
    let whole = Piece::Sealed { first, last: record.next.saturating_sub(1) };
    objects.create(&whole.name(), &packed).await?;
    if objects.get(&whole.name()).await?.is_some_and(|found| found.bytes == packed) {
        let done = record.pieces.into_iter().skip(from).filter(|piece| *piece != whole);
        objects.remove(done.map(Piece::name).collect()).await;
    }
    Ok(())
}
