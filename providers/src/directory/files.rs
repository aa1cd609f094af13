//! The files: one object a line, sorted, for people and for git.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;
use state::{Grant, Membership, Object, Schema};

use super::heart::{Contents, Possession};
use super::line::{AccountLine, GrantLine, GroupLine, MembershipLine, OwnedLine};
use super::problem::Problem;

/// The files, in the order of [`state::Kind`]; then the one that says what accounts own, which is there only where
/// something is owned.
pub const NAMES: [&str; COUNT] = ["accounts.jsonl", "groups.jsonl", "memberships.jsonl", "grants.jsonl", OWNED];

/// How many files there are.
pub const COUNT: usize = 5;

/// The file that need not be there.
pub const OWNED: &str = "owned.jsonl";

/// Tells whether somebody changed a file: its number, length and time of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(u64, u64, Option<SystemTime>);

/// The stamps of the files; none where a file is not there.
pub fn stamps(folder: &Path) -> [Option<Stamp>; COUNT] {
    NAMES.map(|name| stamp(&folder.join(name)))
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let number = 0;
    Some(Stamp(number, metadata.len(), metadata.modified().ok()))
}

/// Reads all files. What refers to what is not looked at yet: see [`super::check`].
pub fn read(folder: &Path, schema: &Schema) -> Result<Contents, Problem> {
    let [accounts, groups, memberships, grants, owned] = NAMES.map(|name| folder.join(name));
    let mut contents = Contents {
        accounts: read_file::<AccountLine, Object>(&accounts)?,
        groups: read_file::<GroupLine, Object>(&groups)?,
        memberships: read_file::<MembershipLine, Membership>(&memberships)?,
        grants: read_file::<GrantLine, Grant>(&grants)?,
        owned: read_file::<OwnedLine, Possession>(&owned)?,
    };
    sort(&accounts, &mut contents.accounts, |account| account.id, |line: &AccountLine| line.id)?;
    sort(&groups, &mut contents.groups, |group| group.id, |line: &GroupLine| line.id)?;
    sort(&owned, &mut contents.owned, |own| own.account, |line: &OwnedLine| line.account)?;
    let place = |group, member, nested| (group, member, nested);
    sort(
        &memberships,
        &mut contents.memberships,
        |m| place(m.group, m.member, m.nested),
        |line: &MembershipLine| place(line.group, line.member, line.nested),
    )?;
    // Grants are the same when their key attributes are, so this order is not the one of the inventory.
    sort(
        &grants,
        &mut contents.grants,
        |grant| (grant.group, schema.grant_text(&grant.attributes)),
        |line: &GrantLine| (line.group, schema.grant_text(&line.attributes)),
    )?;
    Ok(contents)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    let read = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.ends_with(OWNED) => Ok(Vec::new()),
        read => read,
    };
    let mut bytes = read.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::new(
            format!("{} is missing from a directory that had one", path.display()),
            "bring it back (from git or a backup); where nothing of this kind is left, make it an empty file",
        ),
        _ => Problem::io("read", path, &error),
    })?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

/// The lines that are not blank, with their numbers.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (1..).zip(bytes.split(|byte| *byte == b'\n')).filter(|(_, line)| !line.trim_ascii().is_empty())
}

/// Files shorter than this are read by one thread.
const LONG: usize = 1 << 20;

/// Reads a file; parts of a long one side by side.
fn read_file<L: DeserializeOwned, T: From<L> + Send>(path: &Path) -> Result<Vec<T>, Problem> {
    let bytes = bytes(path)?;
    let cores = if bytes.len() < LONG { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
    let mut parts = Vec::with_capacity(cores);
    let mut rest = bytes.as_slice();
    for left in (1..=cores).rev() {
        let nominal = rest.len() / left;
        let end = rest.iter().skip(nominal).position(|byte| *byte == b'\n').map_or(rest.len(), |at| nominal + at + 1);
        let (part, after) = rest.split_at(if left == 1 { rest.len() } else { end });
        parts.push(part);
        rest = after;
    }
    let read = match parts[..] {
        [whole] => vec![read_part::<L, T>(whole)],
        _ => thread::scope(|scope| {
            // Where there is no thread to be had, this one does it all.
            let begin = |part| thread::Builder::new().spawn_scoped(scope, move || read_part::<L, T>(part)).ok();
            let reading: Vec<_> = parts.iter().map(|part| (*part, begin(*part))).collect();
            let done = |(part, reading): (_, Option<thread::ScopedJoinHandle<'_, _>>)| match reading {
                Some(reading) => reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                None => read_part::<L, T>(part),
            };
            reading.into_iter().map(done).collect()
        }),
    };
    let mut things = Vec::new();
    let mut before = 0;
    for (part, read) in parts.iter().zip(read) {
        let mut read = read.map_err(|(number, error)| malformed(path, before + number, &error))?;
        before += part.iter().filter(|byte| **byte == b'\n').count();
        if things.is_empty() {
            things = read;
        } else {
            things.append(&mut read);
        }
    }
    Ok(things)
}

/// Reads lines; an error with the number of the line.
fn read_part<L: DeserializeOwned, T: From<L>>(bytes: &[u8]) -> Result<Vec<T>, (usize, serde_json::Error)> {
    let mut things = Vec::with_capacity(bytes.len() / 100);
    for (number, line) in lines(bytes) {
        things.push(serde_json::from_slice::<L>(line).map_err(|error| (number, error))?.into());
    }
    things.shrink_to_fit();
    Ok(things)
}

fn malformed(path: &Path, number: usize, error: &serde_json::Error) -> Problem {
    let said = error.to_string();
    let said = said.split(" at line 1 column").next().unwrap_or(&said);
    Problem::new(
        format!("{}:{number}:{}: {said}", path.display(), error.column().max(1)),
        "mend this line; nothing was read from the directory, since a part of it must not be taken for the whole",
    )
}

/// Puts things in order; two with the same key are an error that names both lines.
fn sort<T, L: DeserializeOwned, K: Ord>(
    path: &Path,
    things: &mut [T],
    key: impl Fn(&T) -> K,
    line_key: impl Fn(&L) -> K,
) -> Result<(), Problem> {
    if things.is_sorted_by(|a, b| key(a) < key(b)) {
        return Ok(());
    }
    things.sort_by_cached_key(|thing| key(thing));
    let Some(twice) = things.windows(2).find_map(|pair| match pair {
        [a, b] if key(a) == key(b) => Some(key(a)),
        _ => None,
    }) else {
        return Ok(());
    };
    let found = find_lines(path, |line: &L| line_key(line) == twice);
    let at = found.get(1).or(found.first()).copied().unwrap_or(1);
    let first = found.first().copied().unwrap_or(1);
    Err(Problem::new(
        format!("{}:{at}: the same as line {first}: each thing stands once", path.display()),
        "take one of the two lines away",
    ))
}

/// Numbers of the lines of a file that are as `wanted`; for messages.
pub fn find_lines<L: DeserializeOwned>(path: &Path, wanted: impl Fn(&L) -> bool) -> Vec<usize> {
    let bytes = bytes(path).unwrap_or_default();
    let is_wanted = |line: &[u8]| serde_json::from_slice::<L>(line).is_ok_and(|line| wanted(&line));
    lines(&bytes).filter(|(_, line)| is_wanted(line)).map(|(number, _)| number).collect()
}

/// Writes the files of the kinds that `changed` names, so that a crash leaves each whole, as it was or as it is to be.
/// The files are durable before the first takes its place.
pub fn write(folder: &Path, contents: &Contents, changed: [bool; COUNT]) -> Result<(), Problem> {
    let Contents { accounts, groups, memberships, grants, owned } = contents;
    let mut staged: Vec<(PathBuf, PathBuf)> = Vec::new();
    for (name, _) in NAMES.iter().zip(changed).filter(|(_, changed)| *changed) {
        let (path, new) = (folder.join(name), folder.join(format!("{name}.new")));
        let written = match *name {
            "accounts.jsonl" => write_lines(&path, &new, accounts.iter().map(AccountLine::from)),
            "groups.jsonl" => write_lines(&path, &new, groups.iter().map(GroupLine::from)),
            "memberships.jsonl" => write_lines(&path, &new, memberships.iter().map(MembershipLine::from)),
            OWNED => write_lines(&path, &new, owned.iter().map(OwnedLine::from)),
            _ => write_lines(&path, &new, grants.iter().map(GrantLine::from)),
        };
        written.map_err(|error| Problem::io("write", &new, &error))?;
        staged.push((new, path));
    }
    for (new, path) in staged {
        fs::rename(&new, &path).map_err(|error| Problem::io("replace", &path, &error))?;
    }
    sync_folder(folder).map_err(|error| Problem::io("write", folder, &error))
}

fn write_lines<L: Serialize>(path: &Path, new: &Path, lines: impl Iterator<Item = L>) -> io::Result<()> {
    let file = File::create(new)?;
    if let Ok(metadata) = fs::metadata(path) {
        file.set_permissions(metadata.permissions())?;
    }
    let mut out = io::BufWriter::with_capacity(1 << 16, file);
    for line in lines {
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// Makes names in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

impl From<&Possession> for OwnedLine {
    fn from(own: &Possession) -> OwnedLine {
        OwnedLine { account: own.account, owned: own.things.clone() }
    }
}

impl From<&Object> for GroupLine {
    fn from(group: &Object) -> GroupLine {
        GroupLine { id: group.id, attributes: group.attributes.clone() }
    }
}

impl From<&Membership> for MembershipLine {
    fn from(place: &Membership) -> MembershipLine {
        let Membership { group, member, nested, attributes } = place;
        MembershipLine { group: *group, member: *member, nested: *nested, attributes: attributes.clone() }
    }
}

impl From<&Grant> for GrantLine {
    fn from(grant: &Grant) -> GrantLine {
        GrantLine { group: grant.group, attributes: grant.attributes.clone() }
    }
}

/// Which of [`NAMES`] a thing stands in.
pub fn place(target: state::Target) -> usize {
    match target {
        state::Target::Account(_) => 0,
        state::Target::Owned(_) => 4,
        state::Target::Group(_) => 1,
        state::Target::Membership { .. } => 2,
        state::Target::Grant { .. } => 3,
    }
}

/// The path of the file that a thing stands in, and the numbers of the lines that say it; for messages.
pub fn places(folder: &Path, schema: &Schema, target: state::Target) -> (PathBuf, Vec<usize>) {
    let path = folder.join(NAMES[place(target)]); // `place` is below the length of `NAMES`
    let found = match target {
        state::Target::Account(id) => find_lines(&path, |line: &AccountLine| line.id == id),
        state::Target::Owned(id) => find_lines(&path, |line: &OwnedLine| line.account == id),
        state::Target::Group(id) => find_lines(&path, |line: &GroupLine| line.id == id),
        state::Target::Membership { group, member, nested } => {
            find_lines(&path, |line: &MembershipLine| (line.group, line.member, line.nested) == (group, member, nested))
        }
        state::Target::Grant { group, grant } => {
            find_lines(&path, |line: &GrantLine| line.group == group && schema.grant_text(&line.attributes) == grant)
        }
    };
    (path, found)
}
