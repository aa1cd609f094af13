//! Whether the files of a configuration changed: by what the file system says of each, looked at again and again. That
//! works on every file system, and what is missed by it is found by the next round in any case.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::watch::Source;

use super::hints::Hints;

/// How often files are looked at.
const POLL: Duration = Duration::from_millis(500);

/// What the file system says of a file: seconds and nanoseconds of its last change, size, inode.
type Mark = (i64, i64, u64, u64);

/// The files of the configuration, looked at from now on.
pub struct Files {
    seen: Arc<Mutex<Seen>>,
}

/// The files as they were when they were last looked at.
#[derive(Default)]
struct Seen {
    /// Other files than `*.hcl` that a round read.
    sources: Vec<PathBuf>,
    known: BTreeMap<PathBuf, Mark>,
}

impl Files {
    /// Tells of each change from now on.
    pub fn watch(hints: Hints) -> Files {
        let mut seen = Seen::default();
        seen.known = seen.look();
        let seen = Arc::new(Mutex::new(seen));
        let files = Files { seen: Arc::clone(&seen) };
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(POLL);
                if seen.lock().unwrap_or_else(PoisonError::into_inner).changed() {
                    hints.changed(Source::Files);
                }
            }
        });
        files
    }

    /// These are looked at, too.
    pub fn also(&self, sources: Vec<PathBuf>) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).also(sources);
    }
}

impl Seen {
    fn also(&mut self, sources: Vec<PathBuf>) {
        for source in sources {
            if !self.sources.contains(&source) {
                // It was read by the round that named it: what changed since then is not known, and seen by the next.
                self.known.extend(mark(&source).map(|mark| (source.clone(), mark)));
                self.sources.push(source);
            }
        }
    }

    /// Whether one changed, came or went since this was last asked.
    fn changed(&mut self) -> bool {
        let now = self.look();
        let changed = now != self.known;
        self.known = now;
        changed
    }

    fn look(&self) -> BTreeMap<PathBuf, Mark> {
        let mut paths = Vec::new();
        // A folder that cannot be read is told by the next round.
        let _ = super::super::fmt::collect(Path::new("."), &mut paths);
        paths.extend(self.sources.iter().cloned());
        paths.into_iter().filter_map(|path| Some((path.clone(), mark(&path)?))).collect()
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.mtime(), metadata.mtime_nsec(), metadata.size(), metadata.ino()))
}
