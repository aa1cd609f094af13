//! Whole processes as a user waits for them: wall time, processor time, and the most memory that they held.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

/// What one run of a process took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    pub wall: Duration,
    /// User and system, all threads.
    pub cpu: Duration,
    /// In bytes.
    pub peak: u64,
}

/// The program that is measured: the one that was built with this benchmark, or what `TENURE` names.
pub fn program() -> PathBuf {
    std::env::var_os("TENURE").map_or_else(|| env!("CARGO_BIN_EXE_tenure").into(), PathBuf::from)
}

/// Runs `tenure` in `folder` to its end; what it prints goes to `stdout.txt` and `stderr.txt` there.
///
/// Ends the benchmark where it ends with another code than one of `codes`.
pub fn tenure(folder: &Path, arguments: &str, codes: &[i32]) -> Measured {
    let mut command = Command::new(program());
    command.args(arguments.split_whitespace()).env_clear().env("HOME", folder).env("USER", "bench");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    run(&mut command, folder, arguments, codes)
}

/// Runs any program the same way.
pub fn run(command: &mut Command, folder: &Path, what: &str, codes: &[i32]) -> Measured {
    let output = |name: &str| File::create(folder.join(name)).unwrap();
    command.current_dir(folder).stdin(Stdio::null()).stdout(output("stdout.txt")).stderr(output("stderr.txt"));
    let start = Instant::now();
    let child = command.spawn().unwrap_or_else(|error| panic!("{what}: {error}"));
    let used = child.wait4().unwrap();
    let wall = start.elapsed();
    if !used.status.code().is_some_and(|code| codes.contains(&code)) {
        let said = std::fs::read_to_string(folder.join("stderr.txt")).unwrap_or_default();
        panic!("{what} in {}: {}\n{}", folder.display(), used.status, said.chars().take(4_000).collect::<String>());
    }
    Measured { wall, cpu: used.rusage.utime + used.rusage.stime, peak: used.rusage.maxrss }
}

/// The middle one of several runs, by wall time.
pub fn median(runs: usize, run: impl Fn() -> Measured) -> Measured {
    let mut measured: Vec<Measured> = (0..runs.max(1)).map(|_| run()).collect();
    measured.sort_by_key(|measured| measured.wall);
    measured[measured.len() / 2]
}
