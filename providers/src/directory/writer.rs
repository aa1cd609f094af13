//! The half that writes: one at a time, by a lock file; each call is durable in the log before it is answered, and the
//! files are brought up to date at the end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use state::{Order, Outcome};

use super::execute::Execution;
use super::files::{self, sync_folder};
use super::folder::{MARK, MARKER, View, dirty, gone, marker};
use super::log::{Log, NotWritten};
use super::problem::Problem;
use super::settings::Options;

/// The file that a writer holds locked as long as it lives; in it stands who it is.
const LOCK: &str = "lock";

/// The log is folded into the files when it is longer than this and than the last such work wrote.
const LARGE: u64 = 16 << 20;

/// A directory, open for writing. Dropping it brings the files up to date too, but cannot say whether that worked.
pub struct Store {
    options: Options,
    view: View,
    log: Log,
    /// Held, not read.
    _lock: File,
    fold_at: u64,
}

impl Store {
    /// Locks the directory for writing, makes it where there is none, and takes over what a crash left in the log.
    pub fn open(options: Options) -> Result<Store, Problem> {
        let folder = &options.folder;
        fs::create_dir_all(folder).map_err(|error| Problem::io("make", folder, &error))?;
        let lock = lock(folder)?;
        if marker(folder)?.is_none() {
            make(folder).map_err(|error| Problem::io("make a directory in", folder, &error))?;
        }
        let view = View::load(&options)?.ok_or_else(|| gone(folder))?;
        let log = Log::open(folder, view.end.clone())?;
        let mut store = Store { options, view, log, _lock: lock, fold_at: LARGE };
        store.fold()?;
        Ok(store)
    }

    /// Carries orders out as one call. What the files say is taken up first, where somebody edited them meanwhile.
    pub fn execute(&mut self, orders: &[Order]) -> Vec<Outcome> {
        let refused = |problem: &Problem| Outcome::Refused {
            error: format!("{} ({})", problem.message, problem.hint),
            retry_after: None,
        };
        if let Err(problem) = self.take_up() {
            return orders.iter().map(|_| refused(&problem)).collect();
        }
        let Execution { mut outcomes, changed } = self.view.heart.execute(orders);
        if changed.is_empty() {
            return outcomes;
        }
        if let Err(failure) = self.log.append(&changed) {
            self.view.heart.roll_back(&changed);
            for outcome in outcomes.iter_mut().filter(|outcome| matches!(outcome, Outcome::Done(_))) {
                *outcome = match &failure {
                    NotWritten::Nothing(problem) => refused(problem),
                    NotWritten::Unknown(problem) => Outcome::Unknown(problem.message.clone()),
                };
            }
            return outcomes;
        }
        let dirty = dirty(&changed);
        self.view.dirty.iter_mut().zip(dirty).for_each(|(all, dirty)| *all |= dirty);
        if self.log.length() > self.fold_at {
            // The log holds everything already: whether the files could be written is told at the end.
            let _ = self.fold();
        }
        outcomes
    }

    /// Reads again if the files are not those that were read or written last.
    fn take_up(&mut self) -> Result<(), Problem> {
        if files::stamps(&self.options.folder) != self.view.stamps {
            self.view = View::load(&self.options)?.ok_or_else(|| gone(&self.options.folder))?;
        }
        Ok(())
    }

    /// Brings the files up to date and takes the log away. A crash at any point leaves files that, with the log played
    /// over them, say the same.
    pub fn fold(&mut self) -> Result<(), Problem> {
        if self.log.is_empty() {
            return self.log.clear();
        }
        let folder = &self.options.folder;
        let marker = marker(folder)?.ok_or_else(|| gone(folder))?;
        self.take_up()?;
        let folder = &self.options.folder;
        marker.lock().map_err(|error| Problem::io("lock", &folder.join(MARKER), &error))?;
        if files::stamps(folder) != self.view.stamps {
            return Err(Problem::new(
                format!("the files in {} were edited at this very moment", folder.display()),
                "run again; the log holds what this run changed",
            ));
        }
        let contents = self.view.heart.contents();
        files::write(folder, &contents, self.view.dirty)?;
        self.log.clear()?;
        let size = |name: &&str| fs::metadata(folder.join(name)).map_or(0, |metadata| metadata.len());
        self.fold_at = LARGE.max(files::NAMES.iter().map(size).sum());
        self.view.dirty = [false; files::COUNT];
        self.view.stamps = files::stamps(folder);
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.fold();
    }
}

/// Takes the writers' lock, or says who has it.
pub fn lock(folder: &Path) -> Result<File, Problem> {
    let path = folder.join(LOCK);
    let io = |error| Problem::io("lock", &path, &error);
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Err(io(error)),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Err(Problem::new(
                format!("{} is being written by {}", folder.display(), holder.trim()),
                "wait until that run has ended",
            ));
        }
    }
    let holder = format!("process {}\n", std::process::id());
    file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).map_err(io)?;
    Ok(file)
}

/// Makes an empty directory; the marker comes last, so that one that was never finished is no directory.
fn make(folder: &Path) -> io::Result<()> {
    for name in files::NAMES.iter().filter(|name| **name != files::OWNED) {
        OpenOptions::new().append(true).create(true).open(folder.join(name))?.sync_all()?;
    }
    fs::write(folder.join(".gitignore"), "lock\n*.new\n")?;
    let new = folder.join(format!("{MARKER}.new"));
    let mut file = File::create(&new)?;
    file.write_all(MARK.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, folder.join(MARKER))?;
    // The folder, and those that had to be made for it.
    folder.ancestors().take(3).filter(|ancestor| ancestor.is_dir()).try_for_each(sync_folder)
}
