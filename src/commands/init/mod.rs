//! `tenure init`: the state file of the configuration that is there, a small configuration to start with, or one out of
//! what systems hold (`from`).

mod from;

use std::io::Write as _;
use std::path::Path;

use crate::cli::{Global, InitArgs};
use crate::edge::Place;
use crate::edge::init::Created;
use crate::edge::key::KEY;
use crate::session::Session;
use crate::{Error, Exit, edge};

/// What is written into a folder without a configuration.
const FILES: [(&str, &str); 5] = [
    ("settings.hcl", include_str!("settings.hcl")),
    ("people.hcl", include_str!("people.hcl")),
    ("systems.hcl", include_str!("systems.hcl")),
    ("roles.hcl", include_str!("roles.hcl")),
    GITIGNORE,
];

/// One that is there already is left as it is.
const GITIGNORE: (&str, &str) = (".gitignore", include_str!("gitignore"));

/// Starts the state file; before that, in a folder without any configuration, writes one. Nothing is overwritten.
pub fn run(global: &Global, args: &InitArgs) -> Result<Exit, Error> {
    let here = Path::new(".");
    let mut said = String::new();
    if let Some(file) = &args.from {
        said = from::write(global, here, file)?;
    } else if !has_configuration(here)? {
        for name in write_all(here, &FILES, "go to an empty folder, or write the configuration by hand")? {
            said.push_str(&format!("wrote {name}\n"));
        }
    }
    let session = Session::offline(global)?;
    let place = &session.folder.place;
    let key = place.key(&session.folder.path);
    let created = edge::init::create(&*place.store()?, &key, session.folder.now)?;
    let short = |path: &Path| path.strip_prefix(&session.folder.path).unwrap_or(path).display().to_string();
    let key = short(&key);
    let state = match place {
        Place::File(path) => short(path),
        shared => shared.to_string(),
    };
    let mut out = anstream::stdout().lock();
    match created {
        Created::Record => write!(out, "{said}wrote {state} and its key {key}\n\n")?,
        Created::Key => writeln!(out, "wrote {key}, which was missing: every secret looks changed once")?,
    }
    if place.is_shared() {
        writeln!(
            out,
            "Whoever plans or applies elsewhere needs the same key: keep what stands in {key} as a secret of your CI, and \
             hand it to tenure as {KEY}.\n"
        )?;
    }
    if created == Created::Record {
        write!(out, "{NEXT}")?;
    }
    Ok(Exit::Done)
}

const NEXT: &str = "\
Keep the state file: it says what is managed, and records everything that is done. Keep its key out of git.

Next:
  tenure plan      shows what would change; nothing is done yet
  tenure apply     shows it again, asks, and carries it out
  tenure plan      then has nothing left to do: change a file, and look again
";

/// Whether there is any `*.hcl` file below `folder`, hidden folders aside.
fn has_configuration(folder: &Path) -> Result<bool, Error> {
    let mut found = Vec::new();
    super::fmt::collect(folder, &mut found)?;
    Ok(!found.is_empty())
}

/// Writes files (names and texts), and says which. Where one of the configuration's names is taken, none is written.
fn write_all<'f>(folder: &Path, files: &[(&'f str, &str)], hint: &str) -> Result<Vec<&'f str>, Error> {
    let taken = |name: &str| std::fs::symlink_metadata(folder.join(name)).is_ok();
    if let Some((name, _)) = files.iter().find(|(name, _)| *name != GITIGNORE.0 && taken(name)) {
        return Err(Error::new(format!("{name} is there already, and nothing is overwritten")).hint(hint));
    }
    let mut written = Vec::new();
    for (name, text) in files.iter().filter(|(name, _)| !taken(name)) {
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(folder.join(name))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| Error::new(format!("cannot write {name}: {error}")))?;
        written.push(*name);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_in_form() {
        for (name, text) in FILES.iter().filter(|(name, _)| name.ends_with(".hcl")) {
            assert_eq!(crate::format::format(text).as_deref(), Ok(*text), "{name}");
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".gitignore"), "mine").unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("roles.hcl")).unwrap();
        assert!(write_all(folder.path(), &FILES, "").unwrap_err().to_string().contains("roles.hcl is there already"));
        assert!(!folder.path().join("people.hcl").exists());
        std::fs::remove_file(folder.path().join("roles.hcl")).unwrap();
        assert_eq!(
            write_all(folder.path(), &FILES, "").unwrap(),
            ["settings.hcl", "people.hcl", "systems.hcl", "roles.hcl"]
        );
        assert_eq!(std::fs::read_to_string(folder.path().join(".gitignore")).unwrap(), "mine");
    }
}
