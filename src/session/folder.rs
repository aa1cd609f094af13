//! The files of a configuration, read off the disk.

use std::path::{Path, PathBuf};

use engine::language::{Diagnostic, FileId, Files, parse::decode};

use crate::Error;
use crate::edge::rewrite;

/// The folder that the program was started for, links resolved.
///
/// # Errors
/// Where it is gone, or cannot be reached.
pub fn here() -> Result<PathBuf, Error> {
    std::fs::canonicalize(".").map_err(|error| Error::new(format!("cannot find out which folder this is: {error}")))
}

/// A file larger than this is not even read; the language's own limit is lower.
const LARGEST: u64 = 64 << 20;
/// The most files of one configuration.
const MOST: usize = 20_000;

/// Files that stand beside a configuration and are none of it.
pub const TESTS: &str = ".test.hcl";
pub const FAULTS: &str = ".fault.hcl";

fn is_beside(name: &str) -> bool {
    [TESTS, FAULTS].iter().any(|ending| name.ends_with(ending))
}

/// All `*.hcl` files below `folder` that are configuration, in the order of their paths. Hidden folders are left out,
/// links are not followed.
///
/// # Errors
/// Where a folder or file cannot be read, or is not text: all of them at once.
pub fn read(folder: &Path) -> Result<Files, Error> {
    if rewrite::is_unfinished(folder) {
        return Err(Error::new("a `tenure accept` is changing these files, or was interrupted while it did")
            .hint("wait for it; where none runs, `tenure accept` finishes it"));
    }
    let files = named(folder, |name| !is_beside(name))?;
    if files.0.is_empty() {
        return Err(Error::new(format!("there is no configuration in {}: no *.hcl file", shown(folder)))
            .hint("`tenure init` writes a small working one into an empty folder; --chdir names another folder"));
    }
    Ok(files)
}

/// All files below `folder` that stand beside the configuration and end in `ending`.
///
/// # Errors
/// As [`read`].
pub fn beside(folder: &Path, ending: &str) -> Result<Files, Error> {
    named(folder, |name| name.ends_with(ending))
}

fn named(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Files, Error> {
    let mut paths = Vec::new();
    find(folder, &mut paths)?;
    let mut named: Vec<(String, PathBuf)> = Vec::with_capacity(paths.len());
    for path in paths {
        let inside = path.strip_prefix(folder).unwrap_or(&path);
        let name = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        named.push((name, path));
    }
    named.retain(|(name, _)| wanted(name));
    named.sort();
    let mut files = Files::default();
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for (number, (name, path)) in (0u32..).zip(named) {
        let (file, wrong) = decode(FileId(number), name.into(), &bytes(&path)?);
        files.0.push(file);
        diagnostics.extend(wrong);
    }
    if diagnostics.is_empty() { Ok(files) } else { Err(Error::Configuration { files, diagnostics }) }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let cannot = |error: std::io::Error| Error::new(format!("cannot read {}: {error}", path.display()));
    let size = std::fs::metadata(path).map_err(cannot)?.len();
    if size > LARGEST {
        return Err(Error::new(format!("{} has {} MiB: that is no configuration", path.display(), size >> 20))
            .hint("keep large data in CSV or JSON files, and read them with csvdecode(file(...))"));
    }
    std::fs::read(path).map_err(cannot)
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Error> {
    let cannot = |error: std::io::Error| Error::new(format!("cannot read the folder {}: {error}", shown(folder)));
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let kind = entry.file_type().map_err(cannot)?;
        let path = entry.path();
        if kind.is_dir() && !hidden {
            find(&path, paths)?;
        } else if kind.is_symlink() && !hidden && holds_configuration(&path) {
            return Err(not_a_file(&path, true));
        } else if !hidden && path.extension().is_some_and(|extension| extension == "hcl") {
            if !kind.is_file() {
                return Err(not_a_file(&path, kind.is_symlink()));
            }
            paths.push(path);
        }
        if paths.len() > MOST {
            return Err(Error::new(format!("there are more than {MOST} configuration files below {}", shown(folder)))
                .hint("--chdir names the folder with the configuration; data belongs into CSV or JSON files"));
        }
    }
    Ok(())
}

/// Whether a link leads to a folder in which configuration files stand.
fn holds_configuration(link: &Path) -> bool {
    let is_configuration =
        |entry: std::fs::DirEntry| entry.path().extension().is_some_and(|extension| extension == "hcl");
    std::fs::read_dir(link).is_ok_and(|entries| entries.flatten().any(is_configuration))
}

/// Passed over in silence, its people would look as if they had left.
fn not_a_file(path: &Path, link: bool) -> Error {
    match link {
        true => Error::new(format!("{} is a link, and links are not followed", path.display())).hint(
            "put the files themselves there: who may change them should be seen from the folder that they stand in",
        ),
        false => Error::new(format!("{} is not a file", path.display()))
            .hint("what is called *.hcl is taken for configuration: give it another name"),
    }
}

fn shown(folder: &Path) -> String {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_configuration_are_refused_and_others_do_not_matter() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in ["config", "teams", "pictures"] {
            std::fs::create_dir(at(folder)).unwrap();
        }
        for file in ["config/people.hcl", "teams/teams.hcl", "pictures/ada.png"] {
            std::fs::write(at(file), "").unwrap();
        }
        std::os::unix::fs::symlink(at("pictures"), at("config/pictures")).unwrap();
        assert_eq!(read(&at("config")).unwrap().0.len(), 1);
        std::os::unix::fs::symlink(at("teams"), at("config/teams")).unwrap();
        let error = read(&at("config")).unwrap_err().to_string();
        assert!(error.ends_with("teams is a link, and links are not followed"), "{error}");
    }
}
