//! The newest head of a record that this host knows of, kept beside it: a chain alone cannot show that an older copy
//! was put in its place.

use std::path::{Path, PathBuf};

use state::Digest;

use super::filesystem::help;

/// A line that a record must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the line.
    pub line: u64,
    /// Its digits.
    pub digest: Digest,
    /// Where it is known from, for messages: `the plan acme.plan`.
    pub known_from: String,
}

/// Where the head of a record that other hosts share is kept on this one; none where this user has no home.
pub fn elsewhere(name: &str) -> Option<PathBuf> {
    let set = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    let digest = Digest::of(name.as_bytes()).to_string();
    Some(state.join("tenure/heads").join(digest.get(..32)?))
}

/// Reads a kept head; none where there is none, or the file says nothing that is understood.
pub fn read(path: &Path) -> Option<Head> {
    let text = std::fs::read_to_string(path).ok()?;
    let (line, digest) = text.trim_end().split_once(' ')?;
    Some(Head { line: line.parse().ok()?, digest: digest.parse().ok()?, known_from: path.display().to_string() })
}

/// Keeps a head. It is a help and not the truth: where it cannot be kept, the one that stands there stays.
pub fn keep(path: &Path, line: u64, digest: Digest) {
    help(path, format!("{line} {digest}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_kept_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.tenure.head");
        assert_eq!(read(&path), None);
        keep(&path, 7, Digest::of(b"seven"));
        let head = read(&path).unwrap();
        assert_eq!((head.line, head.digest), (7, Digest::of(b"seven")));
        std::fs::write(&path, "7 nonsense").unwrap();
        assert_eq!(read(&path), None);
    }
}
