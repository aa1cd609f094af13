//! `tenure state copy`: the same lines, digits unchanged, in another place.

use std::time::Duration;

use state::record::{Chain, Text};

use super::record::damaged;
use super::{Failure, Holder, Record, Store};

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Lines that the other place had not.
    pub added: u64,
    /// The end of both.
    pub chain: Chain,
}

/// Copies the record at `from` to `to`. Where there is one already, it must be an earlier state of the same one, and
/// gets the lines that it lacks.
///
/// # Errors
/// Where one of them is damaged or locked, `to` holds another record or more than `from`, or cannot be written to;
/// `from` is only read.
pub fn copy(from: &dyn Store, to: &dyn Store, holder: &Holder, wait: Duration) -> Result<Copied, Failure> {
    // Nobody writes to it meanwhile: what came late would not be in the copy.
    let mut source = from.lock(holder, wait)?;
    let bytes = source.load()?;
    let record = Record::new(&from.name(), &bytes, &[], from.remembered().as_ref())?;
    if record.torn.is_some() {
        return Err(Failure::new(format!("the last line of {} was never finished", from.name()))
            .hint("`tenure apply` keeps it aside with its next write; copy the record then"));
    }
    let (name, whole) = (from.name(), ended(&bytes));
    let text = Text::new(&whole).map_err(|damage| damaged(&name, &damage))?;
    let chain = record.chain;
    if !to.exists()? {
        to.create(&whole)?;
        let copied = Record::new(&to.name(), &to.load()?, &[], None)?;
        if copied.chain.head != chain.head {
            return Err(Failure::new(format!("what {} answers is not what was written to it", to.name()))
                .hint("do not use the copy; remove it, and look at the service"));
        }
        return Ok(Copied { added: text.lines.len() as u64, chain });
    }
    let mut session = to.lock(holder, wait)?;
    let other = Record::lock(to, &mut *session, &[])?;
    let refused = |what: &str, hint: &str| Err(Failure::new(format!("{} {what}", to.name())).hint(hint));
    if other.recorded.lineage != record.recorded.lineage {
        return refused(
            "holds another record: its lineage is another one",
            "copy to an empty place; two records are never put together",
        );
    }
    if other.chain.line > chain.line {
        return refused("holds more lines than the record that was to be copied", "copy the other way round");
    }
    if text.digits_of(other.chain.line) != Some(other.chain.head) {
        return refused(
            "has gone on in another way than the record that was to be copied",
            "find out which of the two was applied from; put the other one away",
        );
    }
    let known = usize::try_from(other.chain.line.saturating_add(1).saturating_sub(text.first)).unwrap_or(usize::MAX);
    let rest: Vec<u8> =
        text.lines.iter().skip(known).flat_map(|line| line.iter().copied().chain(std::iter::once(b'\n'))).collect();
    if !rest.is_empty() {
        session.append(&rest)?;
        session.remember(&chain);
    }
    Ok(Copied { added: chain.line - other.chain.line, chain })
}

/// With the line end that the last line may lack.
fn ended(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if bytes.last() == Some(&b'\n') { bytes.into() } else { [bytes, b"\n"].concat().into() }
}
