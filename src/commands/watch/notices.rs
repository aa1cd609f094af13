//! What the operating system tells of folders: that something in them changed. It is a reason to look at once, and no more;
//! where it tells nothing (network file systems, a limit that is reached, other systems than Linux) looking comes often.

use std::path::Path;
use std::time::Duration;

#[cfg(target_os = "linux")]
use crate::edge::filesystem::network_file_system;

/// What it tells.
pub struct Notices {
    #[cfg(target_os = "linux")]
    inner: linux::Inotify,
}

impl Notices {
    /// None where the operating system does not tell.
    pub fn begin() -> Option<Notices> {
        #[cfg(target_os = "linux")]
        return Some(Notices { inner: linux::Inotify::begin()? });
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// Tells of these folders, too, and again of those that were replaced; whether it tells of all of them.
    pub fn also<'a>(&self, folders: impl Iterator<Item = &'a Path>) -> bool {
        let told = |folder: &Path| {
            #[cfg(target_os = "linux")]
            return network_file_system(folder).is_none() && self.inner.add(folder);
            #[cfg(not(target_os = "linux"))]
            false
        };
        // Each is asked for, also behind one that it does not tell of.
        folders.filter(|folder| !told(folder)).count() == 0
    }

    /// Waits until something is told, at most for so long.
    pub fn wait(&self, at_most: Duration) {
        #[cfg(target_os = "linux")]
        self.inner.wait(at_most);
        #[cfg(not(target_os = "linux"))]
        std::thread::sleep(at_most);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, TrySendError, sync_channel};
    use std::time::Duration;

    use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};
    use rustix::io::Errno;

    /// Several changes come together: so long is waited for the others.
    const TOGETHER: Duration = Duration::from_millis(50);

    pub struct Inotify {
        file: Arc<OwnedFd>,
        told: Receiver<()>,
    }

    impl Inotify {
        pub fn begin() -> Option<Inotify> {
            let file = Arc::new(init(CreateFlags::CLOEXEC).ok()?);
            // One word says as much as a thousand: more are not kept.
            let (tell, told) = sync_channel(1);
            let read = Arc::clone(&file);
            let thread = std::thread::Builder::new().name("files".to_owned());
            let reading = thread.spawn(move || {
                let mut buffer = [MaybeUninit::uninit(); 4_096];
                let mut events = Reader::new(read, &mut buffer);
                loop {
                    let lost = match events.next() {
                        Ok(_) => false,
                        Err(Errno::INTR) => continue,
                        Err(_) => true,
                    };
                    if lost || matches!(tell.try_send(()), Err(TrySendError::Disconnected(()))) {
                        return;
                    }
                }
            });
            reading.ok().map(|_| Inotify { file, told })
        }

        pub fn add(&self, folder: &Path) -> bool {
            let what = WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::CLOSE_WRITE
                | WatchFlags::MODIFY
                | WatchFlags::MOVED_FROM
                | WatchFlags::MOVED_TO
                | WatchFlags::ATTRIB
                | WatchFlags::DELETE_SELF
                | WatchFlags::MOVE_SELF;
            add_watch(&*self.file, folder, what | WatchFlags::ONLYDIR).is_ok()
        }

        pub fn wait(&self, at_most: Duration) {
            match self.told.recv_timeout(at_most) {
                Ok(()) => {
                    std::thread::sleep(TOGETHER);
                    let _ = self.told.try_recv();
                }
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                // Nobody reads any more: as without notices.
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => std::thread::sleep(at_most),
            }
        }
    }
}
