//! Files that the configuration may read: below its folder, or below a path that whoever runs tenure allows, links
//! resolved.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// The largest file that is read.
const LIMIT: u64 = 256 << 20;
/// The most files that `fileset` lists.
const MOST: usize = 200_000;

/// The folders that the configuration may read in.
#[derive(Clone, Debug)]
pub struct Readable {
    /// The configuration folder, links resolved: relative paths start here.
    folder: PathBuf,
    /// Further folders or files, links resolved.
    allowed: Vec<PathBuf>,
}

impl Readable {
    /// # Errors
    /// Where one of the paths is not there.
    pub fn new(folder: &Path, allowed: &[PathBuf]) -> Result<Readable, super::Failure> {
        let real = |path: &PathBuf| {
            std::fs::canonicalize(path)
                .map_err(|error| super::Failure::new(format!("cannot read in {}: {error}", path.display())))
        };
        Ok(Readable { folder: real(&folder.to_owned())?, allowed: allowed.iter().map(real).collect::<Result<_, _>>()? })
    }

    /// The configuration folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The bytes of the file at `path`, relative to the configuration folder.
    ///
    /// # Errors
    /// In words, with what to do: it is missing, stands outside, is no plain file, or is too large.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let real = self.resolve(path)?;
        let cannot = |error: std::io::Error| format!("cannot read `{path}`: {error}");
        // A pipe or device would wait for ever, or never end; it is not even opened.
        if !std::fs::metadata(&real).map_err(cannot)?.is_file() {
            return Err(format!("cannot read `{path}`: it is not a file"));
        }
        let file = File::open(&real).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        if metadata.len() > LIMIT {
            return Err(format!("cannot read `{path}`: it has more than 256 MiB"));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
        file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(cannot)?;
        if bytes.len() as u64 > LIMIT {
            return Err(format!("cannot read `{path}`: it has more than 256 MiB"));
        }
        Ok(bytes)
    }

    /// Paths of the files below `folder`, sorted, as they are written from the configuration folder. Links to folders
    /// are not followed, so that a circle of links has an end; hidden folders are left out.
    ///
    /// # Errors
    /// As [`Readable::read`].
    pub fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        let real = self.resolve(folder)?;
        if !real.is_dir() {
            return Err(format!("cannot list `{folder}`: it is not a folder"));
        }
        let mut found = Vec::new();
        let mut waiting = vec![(real, folder.trim_end_matches('/').trim_start_matches("./").to_owned())];
        while let Some((real, named)) = waiting.pop() {
            let cannot = |error: std::io::Error| format!("cannot list `{}`: {error}", real.display());
            for entry in std::fs::read_dir(&real).map_err(cannot)? {
                let entry = entry.map_err(cannot)?;
                let Ok(name) = entry.file_name().into_string() else {
                    return Err(format!("cannot list `{named}`: a name in it is not UTF-8"));
                };
                let path = match named.as_str() {
                    "" | "." => name.clone(),
                    named => format!("{named}/{name}"),
                };
                let kind = entry.file_type().map_err(cannot)?;
                if kind.is_dir() {
                    if !name.starts_with('.') {
                        waiting.push((entry.path(), path));
                    }
                } else if kind.is_file() || (kind.is_symlink() && entry.path().is_file() && self.resolve(&path).is_ok())
                {
                    found.push(path);
                }
                if found.len() > MOST {
                    return Err(format!("cannot list `{folder}`: there are more than {MOST} files below it"));
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Where `path` really is.
    fn resolve(&self, path: &str) -> Result<PathBuf, String> {
        let outside = || {
            format!(
                "`{path}` is outside the configuration folder; --allow-path lets files be read below another folder too"
            )
        };
        let joined = self.folder.join(path);
        let real = std::fs::canonicalize(&joined).map_err(|error| {
            // Whether something outside is there or not is none of the configuration's business.
            if self.allows(&lexical(&joined)) { format!("cannot read `{path}`: {error}") } else { outside() }
        })?;
        if self.allows(&real) { Ok(real) } else { Err(outside()) }
    }

    fn allows(&self, real: &Path) -> bool {
        real.starts_with(&self.folder) || self.allowed.iter().any(|allowed| real.starts_with(allowed))
    }
}

/// The path without `.` and `..`, by its text alone.
fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_leads_out() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in ["config/people", "config/.git", "shared", "secret"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["config/people/hr.csv", "config/a.txt", "config/.git/config", "shared/org.json", "secret/key"] {
            std::fs::write(at(file), file).unwrap();
        }
        symlink("../secret/key", at("config/link")).unwrap();
        symlink("../secret", at("config/folder")).unwrap();
        symlink("people/hr.csv", at("config/inside")).unwrap();
        symlink("people", at("config/people/circle")).unwrap();
        let readable = Readable::new(&at("config"), &[at("shared")]).unwrap();

        for (path, content) in [
            ("a.txt", "config/a.txt"),
            ("./people/../a.txt", "config/a.txt"),
            ("inside", "config/people/hr.csv"),
            ("../shared/org.json", "shared/org.json"),
            (at("config/a.txt").to_str().unwrap(), "config/a.txt"),
        ] {
            assert_eq!(readable.read(path).as_deref(), Ok(content.as_bytes()), "{path}");
        }
        for (path, part) in [
            ("../secret/key", "outside the configuration folder"),
            ("../secret/none", "outside the configuration folder"),
            ("/etc/passwd", "outside the configuration folder"),
            ("link", "outside the configuration folder"),
            ("folder/key", "outside the configuration folder"),
            ("people", "it is not a file"),
            ("none.txt", "No such file"),
            ("nul\0", "nul"),
        ] {
            let error = readable.read(path).unwrap_err();
            assert!(error.contains(part), "{path}: {error}");
        }
        assert_eq!(readable.list(".").unwrap(), ["a.txt", "inside", "people/hr.csv"]);
        assert_eq!(readable.list("people").unwrap(), ["people/hr.csv"]);
        assert!(readable.list("../secret").is_err());
        assert!(readable.list("folder").is_err());
    }

    #[test]
    fn a_pipe_does_not_hang() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let readable = Readable::new(root.path(), &[]).unwrap();
        assert_eq!(readable.read("pipe"), Err("cannot read `pipe`: it is not a file".to_owned()));
        assert!(readable.list(".").unwrap().is_empty());
    }
}
