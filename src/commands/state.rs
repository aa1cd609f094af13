//! `tenure state list | show | verify | archive`.

use std::io::Write;
use std::time::Duration;

use state::record::{Damage, Text};
use state::{Address, Digest};

use super::history::belongs;
use crate::edge::record::damaged;
use crate::edge::{Clock, Holder, Record, Store, archive, copy, snapshot};
use crate::render::state as render;
use crate::{Error, Exit};

/// Prints the addresses that are managed; of `address` only what it is or what belongs to it.
///
/// # Errors
/// Where the record is missing or damaged, or the output cannot be written.
pub fn list(store: &dyn Store, address: Option<Address>, json: bool, to: &mut dyn Write) -> Result<Exit, Error> {
    let record = Record::read(store, &[])?;
    let wanted = |own: &&Address| address.is_none_or(|wide| **own == wide || belongs(**own, wide));
    let mut addresses: Vec<Address> = record.recorded.objects.keys().filter(wanted).copied().collect();
    addresses.sort_unstable();
    render::list(to, &record.recorded, &addresses, json)?;
    Ok(Exit::Done)
}

/// Prints everything that is recorded about `address`.
///
/// # Errors
/// As [`list`]; and where nothing is recorded about it.
pub fn show(store: &dyn Store, address: Address, json: bool, to: &mut dyn Write) -> Result<Exit, Error> {
    let record = Record::read(store, &[])?;
    let shown = render::Shown::new(&record.recorded, address);
    if shown.is_empty() {
        return Err(Error::new(format!("nothing is recorded about {address}"))
            .hint("`tenure state list` lists what is managed; `tenure history` also knows what was managed once"));
    }
    shown.write(to, json)?;
    Ok(Exit::Done)
}

/// Checks every line, and that the record has the line that begins with `head`.
///
/// # Errors
/// Where the record is missing or damaged or lacks that line, or the output cannot be written.
pub fn verify(store: &dyn Store, head: Option<Digest>, json: bool, to: &mut dyn Write) -> Result<Exit, Error> {
    let remembered = store.remembered();
    let bytes = store.load()?;
    let name = store.name();
    let record = Record::new(&name, &bytes, &[], remembered.as_ref())?;
    let damage = |damage: Damage| damaged(&name, &damage);
    let text = Text::new(&bytes).map_err(damage)?;
    let found = head.map(|head| text.line_of(head).ok_or_else(|| missing(&name, head))).transpose()?;
    render::verified(to, &name, &record, &text, found, json)?;
    if snapshot::agrees(store, &record)? == Some(false) {
        return Err(Error::new(format!(
            "the snapshot beside {name} comes to something else than its lines, which are whole"
        ))
        .hint(format!(
            "remove {name}.fold: the next apply makes a new one. Plans that were made with it may be wrong"
        )));
    }
    Ok(Exit::Done)
}

fn missing(name: &str, head: Digest) -> Error {
    Error::new(format!(
        "no line of {name} begins with {head}: the record was cut or rewritten since that head was kept"
    ))
    .hint("look for the right file: former ones stand beside it as NAME.1, NAME.2, ...; a backup may have it")
}

/// Starts a new file with a checkpoint.
///
/// # Errors
/// As [`archive::archive`].
pub fn archive(
    store: &dyn Store,
    holder: &Holder,
    wait: Duration,
    clock: &dyn Clock,
    to: &mut dyn Write,
) -> Result<Exit, Error> {
    let archived = archive::archive(store, holder, wait, clock)?;
    writeln!(to, "{} begins anew with a checkpoint of {} lines.", store.name(), archived.lines)?;
    writeln!(to, "What was before is kept in {}.", archived.former)?;
    writeln!(to, "Its head is now {} (line {}).", archived.chain.head, archived.chain.line)?;
    snapshot::refresh(store, snapshot::LINES)?;
    Ok(Exit::Done)
}

/// Copies the record, or brings a copy up to date.
///
/// # Errors
/// As [`copy::copy`].
pub fn copy(
    from: &dyn Store,
    to: &dyn Store,
    holder: &Holder,
    wait: Duration,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let copied = copy::copy(from, to, holder, wait)?;
    let (line, head) = (copied.chain.line, copied.chain.head);
    match copied.added {
        0 => writeln!(out, "{} holds all {line} lines already.", to.name())?,
        added => writeln!(out, "{added} lines copied to {}, digits unchanged.", to.name())?,
    }
    writeln!(out, "Its head is {head} (line {line}).")?;
    writeln!(
        out,
        "\nNext: let `state` in the settings block name {}, hand over the key, and put {} away: what is written to it \
         from now on is not in the copy.",
        to.name(),
        from.name()
    )?;
    Ok(Exit::Done)
}
