//! Accept: what others changed is written into the file that declares it.
//!
//! [`accept`] finds the one place that a value comes from (`attributes`, `memberships`) and splices the new one into the
//! text (`splice`, `cell`): everything else stays as it was, to the byte. Where a value comes from an expression or a
//! rule, an exception beside it is only proposed. Nothing here judges whether the new files come to what was accepted:
//! whoever calls plans with them before writing anything.

mod attributes;
mod cell;
mod find;
mod literal;
mod memberships;
pub mod splice;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use state::{Address, Symbol, Value};

use crate::configuration::Configuration;
use crate::drift::{Drift, What};
use crate::language::{Block, File, FileId, Files, parse};

pub use cell::set as set_cell;

/// The files of a configuration as they are being changed.
pub struct Texts<'a> {
    /// The `*.hcl` files.
    pub files: Files,
    /// Other files that were read or changed, by the path that the configuration names.
    pub data: BTreeMap<String, Arc<str>>,
    /// Reads such a file.
    read: &'a dyn Fn(&str) -> Result<String, String>,
    /// Of each file: only one that is changed is read again.
    blocks: Vec<Arc<Vec<Block>>>,
    /// What was written where: of one value of the files, and for which address.
    written: BTreeMap<String, (String, Address)>,
}

/// What becomes of one difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was written, at this place: `people.csv:2 (title)`.
    Written { place: String },
    /// It comes from something that speaks of others too: the exception that was written there should be looked at.
    Proposed { place: String, why: String },
    /// The files have no place for it.
    Refused { why: String, hint: String },
}

impl<'a> Texts<'a> {
    /// `read` gives other files than `*.hcl` by the path that the configuration names.
    pub fn new(files: &Files, read: &'a dyn Fn(&str) -> Result<String, String>) -> Texts<'a> {
        let numbers = 0..files.0.len();
        let blocks = numbers.map(|number| Arc::new(parse::parse_file(files, FileId(number as u32)).0)).collect();
        Texts { files: files.clone(), data: BTreeMap::new(), read, blocks, written: BTreeMap::new() }
    }

    /// Changes the file of a place of the configuration.
    fn splice(&mut self, file: usize, edits: &[splice::Edit]) -> Result<(), Verdict> {
        let Some(own) = self.files.0.get_mut(file) else { return Err(lost()) };
        let text = splice::splice(&own.text, edits).ok_or_else(lost)?;
        *own = File { path: own.path.clone(), text: text.into() };
        let (blocks, wrong) = parse::parse_file(&self.files, FileId(file as u32));
        if !wrong.is_empty() {
            return Err(Verdict::Refused {
                why: format!("what would be written into {} could not be read again", self.files.0[file].path), // just changed there
                hint: "change it by hand".to_owned(),
            });
        }
        if let Some(own) = self.blocks.get_mut(file) {
            *own = Arc::new(blocks);
        }
        Ok(())
    }

    /// The blocks of all files, as they are now.
    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().flat_map(|blocks| blocks.iter())
    }

    fn data(&mut self, path: &str) -> Result<Arc<str>, Verdict> {
        if let Some(text) = self.data.get(path) {
            return Ok(text.clone());
        }
        let text: Arc<str> = (self.read)(path)
            .map_err(|why| Verdict::Refused { why, hint: "it is written only where it can be read".to_owned() })?
            .into();
        self.data.insert(path.to_owned(), text.clone());
        Ok(text)
    }

    /// One value of the files gets one new value: two systems that hold different ones cannot both be accepted.
    fn claim(&mut self, what: String, value: &str, address: Address) -> Result<(), Verdict> {
        match self.written.get(&what) {
            Some((other, first)) if other != value => Err(Verdict::Refused {
                why: format!("{first} and {address} come from one place ({what}), and hold different values"),
                hint: "accept one of the two; apply then sets the other".to_owned(),
            }),
            _ => {
                self.written.insert(what, (value.to_owned(), address));
                Ok(())
            }
        }
    }

    /// The files as they are now, to come back to.
    pub fn saved(&self) -> Saved {
        Saved {
            files: self.files.clone(),
            data: self.data.clone(),
            blocks: self.blocks.clone(),
            written: self.written.clone(),
        }
    }

    /// Takes back what was changed since.
    pub fn restore(&mut self, saved: Saved) {
        let Saved { files, data, blocks, written } = saved;
        (self.files, self.data, self.blocks, self.written) = (files, data, blocks, written);
    }
}

impl Saved {
    /// The `*.hcl` files.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.0.iter()
    }
}

/// Files as they were.
pub struct Saved {
    files: Files,
    data: BTreeMap<String, Arc<str>>,
    blocks: Vec<Arc<Vec<Block>>>,
    written: BTreeMap<String, (String, Address)>,
}

/// Writes one difference into the files. Where that is refused, they are as before.
pub fn accept(texts: &mut Texts<'_>, configuration: &Configuration, drift: &Drift) -> Verdict {
    let saved = texts.saved();
    let address = drift.address;
    let written = match (&drift.what, address) {
        (What::Changed { attribute, after, .. }, Address::Account { system, holder }) => {
            attributes::account(texts, configuration, (system, holder), *attribute, value(after))
        }
        (What::Changed { attribute, after, .. }, Address::Group { system, group }) => {
            attributes::group(texts, (system, group), *attribute, value(after))
        }
        (What::Changed { attribute, after, .. }, Address::Membership { .. }) => {
            memberships::qualify(texts, configuration, address, *attribute, value(after))
        }
        (What::Given, Address::Membership { .. }) => memberships::give(texts, configuration, address),
        (What::Taken, Address::Membership { .. }) => memberships::take(texts, configuration, address),
        (What::SwitchedOff, _) => Err(refused(
            format!("{address} was switched off, and no file says that of one account alone"),
            "give the person an end (`ends`) or `status = \"left\"`, suspend them (`tenure suspend`), or leave the account out by `account.when`",
        )),
        (What::SwitchedOn, _) => Err(refused(
            format!("{address} was switched on, and the files have the person as a leaver"),
            "if the person is back, put them back into the source of the people",
        )),
        (What::Gone, _) => Err(refused(
            format!("{address} is gone, and the files want it"),
            "write `forget { address = ... }` for one apply, or take what gives it out of the files",
        )),
        (_, Address::Grant { .. }) => {
            Err(refused(format!("{address}: grants are not written back"), "change the `grants` of the group by hand"))
        }
        _ => Err(lost()),
    };
    written.unwrap_or_else(|verdict| {
        texts.restore(saved);
        verdict
    })
}

/// What is to be written: an attribute that is not there any more is an empty one, as the files say it.
fn value(after: &Option<Value>) -> Value {
    after.clone().unwrap_or_else(|| Value::text(""))
}

fn refused(why: impl Into<String>, hint: impl Into<String>) -> Verdict {
    Verdict::Refused { why: why.into(), hint: hint.into() }
}

/// A place that was found is not there: a defect, told rather than hidden.
fn lost() -> Verdict {
    refused("the place that declares it was not found again", "change it by hand, and please report this")
}

/// The block's name of a system, group or service: `k8s["kubernetes"]` is of `k8s`.
fn base(name: Symbol) -> &'static str {
    name.as_str().split("[\"").next().unwrap_or_default()
}
