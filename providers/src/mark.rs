//! Whether a file is another one than it was.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

/// What is another one when a file is: when it was changed, its length, and which file it is, since a link may lead elsewhere,
/// as tools that renew certificates do it, and a file may be put in the place of another. That none is there is a mark, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(Option<(SystemTime, u64, u64, u64)>);

impl Mark {
    /// Of the file where `path` leads.
    pub fn of(path: &Path) -> Mark {
        let mark = |metadata: std::fs::Metadata| {
            Some((metadata.modified().ok()?, metadata.len(), metadata.dev(), metadata.ino()))
        };
        Mark(path.metadata().ok().and_then(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_replaced_or_gone_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other, link) = (folder.path().join("a"), folder.path().join("b"), folder.path().join("link"));
        let none = Mark::of(&path);
        std::fs::write(&path, "one").unwrap();
        let one = Mark::of(&path);
        assert_ne!(none, one);
        assert_eq!(one, Mark::of(&path));
        std::os::unix::fs::symlink("a", &link).unwrap();
        assert_eq!(one, Mark::of(&link));
        // As long, and as old.
        std::fs::write(&other, "two").unwrap();
        let time = path.metadata().unwrap().modified().unwrap();
        std::fs::File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
        std::fs::rename(&other, &path).unwrap();
        let two = Mark::of(&path);
        assert_ne!(one, two);
        assert_eq!(two, Mark::of(&link));
        std::fs::write(&path, "three").unwrap();
        assert_ne!(two, Mark::of(&path));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(none, Mark::of(&link));
    }
}
