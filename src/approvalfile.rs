//! An approval kept in a file, with its signatures beside it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use engine::approval::Approval;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use state::Digest;

use crate::Error;

/// The form of approval files that this program writes, and the only one that it reads.
const FORMAT: u32 = 1;
/// No approval is longer.
const LARGEST: u64 = 256 << 20;

/// What stands in an approval file. The digest is over the approval's bytes as they stand: it is the approval's name,
/// and shows changes that nobody meant to make; against those that somebody means there are signatures.
#[derive(Serialize, Deserialize)]
struct Envelope<A> {
    tenure_approval: u32,
    tenure_version: String,
    sha256: Digest,
    approval: A,
}

#[derive(Deserialize)]
struct Form {
    tenure_approval: u32,
    tenure_version: String,
}

/// An approval as it was read.
#[derive(Debug)]
pub struct Read {
    pub approval: Approval,
    pub digest: Digest,
    /// The bytes of the file, which is what is signed.
    pub bytes: Vec<u8>,
    /// The files with signatures, `FILE.sig` and `FILE.*.sig`, and what stands in them.
    pub signatures: Vec<(PathBuf, String)>,
}

/// Keeps an approval in a new file that its owner alone may read (mode 0600), whole or not at all.
pub fn write(path: &Path, approval: &Approval) -> Result<(), Error> {
    let cannot = |error: &dyn std::fmt::Display| {
        Error::new(format!("cannot write the approval to {}: {error}", path.display()))
            .hint("--out names a new file in a folder that you may write to")
    };
    if path.exists() {
        return Err(cannot(&"the file is there already"));
    }
    let text = serde_json::to_string_pretty(approval).map_err(|error| cannot(&error))?.replace('\n', "\n  ");
    let digest = Digest::of(text.as_bytes());
    let version = serde_json::Value::from(env!("CARGO_PKG_VERSION"));
    let whole = format!(
        "{{\n  \"tenure_approval\": {FORMAT},\n  \"tenure_version\": {version},\n  \"sha256\": \"{digest}\",\n  \"approval\": {text}\n}}\n"
    );
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| cannot(&error))?;
    file.write_all(whole.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(|error| cannot(&error))?;
    file.persist_noclobber(path).map_err(|error| cannot(&error.error))?;
    Ok(())
}

/// Reads an approval back, and the signatures beside it. Refuses what was changed since it was written.
pub fn read(path: &Path) -> Result<Read, Error> {
    let shown = path.display();
    let again = "write it again: `tenure approve PLAN --finding CODE --reason TEXT`";
    let bytes =
        bytes(path).map_err(|error| Error::new(format!("cannot read the approval {shown}: {error}")).hint(again))?;
    let form: Form = serde_json::from_slice(&bytes)
        .map_err(|error| Error::new(format!("{shown} is not an approval file: {error}")).hint(again))?;
    if form.tenure_approval != FORMAT {
        let (found, version) = (form.tenure_approval, crate::render::text::clean(&form.tenure_version).into_owned());
        return Err(Error::new(format!(
            "{shown} has form {found}, written by tenure {version}; this tenure reads form {FORMAT}"
        ))
        .hint(again));
    }
    let changed =
        |why: String| Error::new(format!("the approval {shown} was changed after it was written: {why}")).hint(again);
    let envelope: Envelope<&RawValue> =
        serde_json::from_slice(&bytes).map_err(|error| changed(format!("it cannot be read any more ({error})")))?;
    let digest = Digest::of(envelope.approval.get().as_bytes());
    if digest != envelope.sha256 {
        return Err(changed(format!("its SHA-256 is {digest}, and {} was written down", envelope.sha256)));
    }
    let approval: Approval = serde_json::from_str(envelope.approval.get())
        .map_err(|error| changed(format!("it cannot be read any more ({error})")))?;
    let signatures =
        signatures(path).map_err(|error| Error::new(format!("cannot read the signatures beside {shown}: {error}")))?;
    Ok(Read { approval, digest, bytes, signatures })
}

fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let size = std::fs::metadata(path)?.len();
    if size > LARGEST {
        return Err(std::io::Error::other(format!("it has {} MiB", size >> 20)));
    }
    std::fs::read(path)
}

/// `FILE.sig`, as `ssh-keygen -Y sign` calls it, and `FILE.NAME.sig`, where several sign; in the order of their names.
fn signatures(path: &Path) -> std::io::Result<Vec<(PathBuf, String)>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let own = entry.file_name().to_string_lossy().into_owned();
        let rest = own.strip_prefix(&name).filter(|rest| rest.starts_with('.') && rest.ends_with(".sig"));
        if rest.is_some() {
            found.push((folder.join(&own), String::from_utf8_lossy(&bytes(&entry.path())?).into_owned()));
        }
    }
    found.sort();
    Ok(found)
}
