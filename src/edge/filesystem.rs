//! Files as the state file needs them: private, flushed with their folder, and on a disk of this host.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Readable and writable for the owner alone.
pub const PRIVATE: u32 = 0o600;

/// `path` with `suffix` after its last character: `acme.tenure` and `.lock` give `acme.tenure.lock`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder that `path` stands in.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes what was created, renamed or removed in `folder` durable.
pub fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a new private file, flushed; fails where there is one already.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // It is not what it should be; the error that matters is the first one.
        let _ = std::fs::remove_file(path);
    }
    written
}

/// Puts a private file that is a help and not the truth in its place, whole: where it cannot be written, what stands there
/// stays.
pub fn help(path: &Path, bytes: &[u8]) {
    let keep = || -> io::Result<()> {
        let folder = folder_of(path);
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().permissions(PermissionsExt::from_mode(PRIVATE)).tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    let _ = keep();
}

/// The name of the network file system that `path` is on, if it is on one that is known: there, locks and flushes are
/// not to be relied upon.
pub fn network_file_system(path: &Path) -> Option<String> {
    #[cfg(target_os = "linux")]
    {
        // statfs(2), f_type.
        const KNOWN: [(u64, &str); 9] = [
            (0x6969, "NFS"),
            (0xff53_4d42, "CIFS"),
            (0xfe53_4d42, "SMB"),
            (0x517b, "SMB"),
            (0x5346_414f, "AFS"),
            (0x6b41_4653, "AFS"),
            (0x00c3_6400, "Ceph"),
            (0x7375_7245, "Coda"),
            (0x564c, "NCP"),
        ];
        const FUSE: u64 = 0x6573_5546;
        let kind = rustix::fs::statfs(path).ok()?.f_type as u64 & 0xffff_ffff;
        if kind == FUSE {
            return remote_fuse(path);
        }
        KNOWN.iter().find(|(magic, _)| *magic == kind).map(|(_, name)| (*name).to_owned())
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        None
    }
}

/// FUSE is many things, on this host and on others: what it is stands in the table of mounts.
#[cfg(target_os = "linux")]
fn remote_fuse(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    const REMOTE: [&str; 8] = ["sshfs", "rclone", "s3fs", "gcsfuse", "glusterfs", "cephfs", "davfs", "curlftpfs"];
    let device = std::fs::metadata(path).ok()?.dev();
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    // proc(5): the third field is the device, the first behind the dash the kind.
    let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some(&device))?;
    let kind = mount.split(" - ").nth(1)?.split(' ').next()?;
    REMOTE.iter().any(|name| kind.contains(name)).then(|| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beside_a_path() {
        assert_eq!(beside(Path::new("state/acme.tenure"), ".lock"), Path::new("state/acme.tenure.lock"));
        assert_eq!(folder_of(Path::new("acme.tenure")), Path::new("."));
        assert_eq!(folder_of(Path::new("state/acme.tenure")), Path::new("state"));
    }

    #[test]
    fn this_disk_is_not_a_network() {
        assert_eq!(network_file_system(&std::env::temp_dir()), None);
    }
}
