//! A plan kept in a file, to be reviewed and then applied exactly as it was.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use state::{Digest, Plan};

use crate::Error;
use crate::edge::{Identities, Recipients, encryption};

/// The form of plan files that this program writes, and the only one that it reads.
const FORMAT: u32 = 1;

/// What stands in a plan file. The digest is over the plan's bytes as they stand: also findings, which the plan's own
/// digest leaves out, cannot be changed unseen.
#[derive(Serialize, Deserialize)]
struct Envelope<P> {
    tenure_plan: u32,
    tenure_version: String,
    sha256: Digest,
    plan: P,
}

/// Only what tells the form: of a later form nothing else may be expected.
#[derive(Deserialize)]
struct Form {
    tenure_plan: u32,
    tenure_version: String,
}

/// Keeps a plan in a file that its owner alone may read (mode 0600), whole or not at all, encrypted where there are
/// recipients. A former file is replaced.
pub fn write(path: &Path, plan: &Plan, to: Option<&Recipients>) -> Result<(), Error> {
    let cannot = |error: &dyn std::fmt::Display| {
        Error::new(format!("cannot write the plan to {}: {error}", path.display()))
            .hint("--out names a file in a folder that you may write to")
    };
    let plan = serde_json::value::to_raw_value(plan).map_err(|error| cannot(&error))?;
    let envelope = Envelope {
        tenure_plan: FORMAT,
        tenure_version: env!("CARGO_PKG_VERSION").to_owned(),
        sha256: Digest::of(plan.get().as_bytes()),
        plan,
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| cannot(&error))?;
    put(std::io::BufWriter::new(&mut file), &envelope, to).map_err(|error| cannot(&error))?;
    file.as_file().sync_all().map_err(|error| cannot(&error))?;
    file.persist(path).map_err(|error| cannot(&error.error))?;
    Ok(())
}

fn put(mut file: impl Write, envelope: &impl Serialize, to: Option<&Recipients>) -> std::io::Result<()> {
    match to {
        None => line(&mut file, envelope)?,
        Some(recipients) => {
            let mut encrypted = recipients.encrypt(&mut file)?;
            line(&mut encrypted, envelope)?;
            encrypted.finish()?;
        }
    }
    file.flush()
}

fn line(mut to: impl Write, envelope: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut to, envelope)?;
    to.write_all(b"\n")
}

/// Reads a plan back. Refuses what another form of tenure wrote, what was changed since it was written, and what is
/// encrypted to somebody else than the one whose keys stand in the file `identity`.
pub fn read(path: &Path, identity: Option<&Path>) -> Result<Plan, Error> {
    let identity = identity.map(Identities::read).transpose()?;
    let shown = path.display();
    let again = "make it again: `tenure plan --out FILE`";
    let mut bytes = std::fs::read(path)
        .map_err(|error| Error::new(format!("cannot read the plan {shown}: {error}")).hint(again))?;
    match (encryption::is_encrypted(&bytes), &identity) {
        (true, Some(identity)) => bytes = identity.decrypt(&bytes, &format!("the plan {shown}"))?,
        (true, None) => {
            return Err(Error::new(format!("the plan {shown} is encrypted"))
                .hint("--identity FILE names the key of one of its recipients, - takes it from standard input"));
        }
        (false, Some(_)) => {
            return Err(Error::new(format!("the plan {shown} is not encrypted"))
                .hint("see that it comes from where you think, then leave --identity out"));
        }
        (false, None) => {}
    }
    let form: Form = serde_json::from_slice(&bytes)
        .map_err(|error| Error::new(format!("{shown} is not a plan file: {error}")).hint(again))?;
    if form.tenure_plan != FORMAT {
        let (found, version) = (form.tenure_plan, crate::render::text::clean(&form.tenure_version).into_owned());
        return Err(Error::new(format!(
            "{shown} has form {found}, written by tenure {version}; this tenure reads form {FORMAT}"
        ))
        .hint(format!("use the same tenure for plan and apply, or {again}")));
    }
    let changed =
        |why: String| Error::new(format!("the plan {shown} was changed after it was written: {why}")).hint(again);
    let envelope: Envelope<&RawValue> =
        serde_json::from_slice(&bytes).map_err(|error| changed(format!("it cannot be read any more ({error})")))?;
    let found = Digest::of(envelope.plan.get().as_bytes());
    if found != envelope.sha256 {
        return Err(changed(format!("its SHA-256 is {found}, and {} was written down", envelope.sha256)));
    }
    let mut plan: Plan = serde_json::from_str(envelope.plan.get())
        .map_err(|error| changed(format!("it cannot be read any more ({error})")))?;
    let digest = plan.digest;
    plan.seal();
    if plan.digest != digest {
        return Err(changed(format!("its decisions have the digest {}, and {digest} was written down", plan.digest)));
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan::sample::company;

    fn kept() -> (tempfile::TempDir, std::path::PathBuf, Plan) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.plan");
        let plan = company();
        write(&path, &plan, None).unwrap();
        (folder, path, plan)
    }

    #[test]
    fn a_plan_comes_back_as_it_was() {
        let (_folder, path, plan) = kept();
        assert_eq!(read(&path, None).unwrap(), plan);
        write(&path, &plan, None).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn no_byte_can_be_changed_unseen() {
        let (_folder, path, plan) = kept();
        let bytes = std::fs::read(&path).unwrap();
        let start = bytes.windows(8).position(|window| window == b"\"sha256\"").unwrap();
        for at in (start..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            // A change of what only separates members (a space for another) is none.
            assert!(read(&path, None).map_or(true, |read| read == plan), "byte {at}");
        }
        for length in [0, 1, start, bytes.len() / 2, bytes.len() - 3] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(read(&path, None).is_err(), "{length} bytes");
        }
    }

    /// Files that were kept before members were added are read as they were meant; one that has them is as before.
    #[test]
    fn files_of_before_are_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/plan-file");
        let mut plan = company();
        assert_eq!(read(&folder.join("1-without-commit.plan"), None).unwrap(), plan);
        plan.commit = Some(state::Commit { id: "4f2a1c3b5d6e7f8091a2b3c4d5e6f708192a3b4c".to_owned(), clean: true });
        assert_eq!(read(&folder.join("1.plan"), None).unwrap(), plan);
        let written = tempfile::tempdir().unwrap().path().join("now.plan");
        std::fs::create_dir_all(written.parent().unwrap()).unwrap();
        write(&written, &plan, None).unwrap();
        let text = |path: &Path| std::fs::read_to_string(path).unwrap();
        let version = format!("\"tenure_version\":\"{}\"", env!("CARGO_PKG_VERSION"));
        let kept = text(&folder.join("1.plan")).replace("\"tenure_version\":\"0.1.0\"", &version);
        assert_eq!(text(&written), kept, "what is written has changed: keep a sample of what was written before");
    }

    #[test]
    fn refusals_say_what_to_do() {
        let (folder, path, _) = kept();
        let text = std::fs::read_to_string(&path).unwrap();
        let said = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path, None).unwrap_err().to_string().replace(folder.path().to_str().unwrap(), "")
        };
        insta::assert_snapshot!(said("{}"), @"/acme.plan is not a plan file: missing field `tenure_plan` at line 1 column 2");
        insta::assert_snapshot!(said("terraform"), @"/acme.plan is not a plan file: expected ident at line 1 column 2");
        insta::assert_snapshot!(said(r#"{"tenure_plan": 2, "tenure_version": "9.0.0"}"#), @"/acme.plan has form 2, written by tenure 9.0.0; this tenure reads form 1");
        insta::assert_snapshot!(said(&text.replace("halves a group", "harmless")), @"the plan /acme.plan was changed after it was written: its SHA-256 is 8e13d97e27536bd7a63d78ed433aad439095906a654645831fe3de783fc672ed, and d6a954ef627e08c2722a0583082e2c143eb97ce86718735252cb032e31b98fcc was written down");
        std::fs::remove_file(&path).unwrap();
        assert!(read(&path, None).unwrap_err().to_string().contains("cannot read the plan"));
        let missing = folder.path().join("no/such/folder/acme.plan");
        assert!(write(&missing, &company(), None).is_err());
    }
}
