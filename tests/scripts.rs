//! Runs the scripts below `tests/scripts`: each folder has a `script.md` with commands and what they print, and the
//! files that these commands find.
//!
//! In a `script.md` every fenced block marked `console` is run, line by line, in one temporary copy of the folder:
//!
//! ```console
//! $ tenure fmt --check
//! ? 2
//! people.hcl
//! ```
//!
//! `$ ` starts a command for `sh`, `> ` continues it, `? 2` is its exit code (0 where no such line stands), and the
//! rest is what it prints, standard output and standard error in the order in which they come. What differs from run
//! to run is replaced by a name in brackets, see `script/normal.rs`.
//!
//! `SCRIPT=name cargo test --test scripts` runs one folder; `UPDATE=1` writes what was printed into the scripts: read
//! the difference before committing it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "script/normal.rs"]
mod normal;
#[path = "script/parts.rs"]
mod parts;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use parts::{Part, Step};

/// A command that takes longer has hung.
const LONGEST: Duration = Duration::from_secs(120);

#[test]
fn scripts_print_what_they_say() {
    let wanted = std::env::var("SCRIPT").ok();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.is_dir() && wanted.as_ref().is_none_or(|name| folder.ends_with(name)));
    folders.sort();
    assert!(!folders.is_empty(), "no script below {} is called {wanted:?}", root.display());
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failed: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let mut failed = Vec::new();
            while let Some(folder) = folders.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                failed.extend(run(folder).err());
            }
            failed
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "{}\nUPDATE=1 accepts what was printed", failed.join("\n"));
}

/// Runs one script; an error shows where it printed something else.
fn run(folder: &Path) -> Result<(), String> {
    run_page(&folder.join("script.md"), folder)
}

/// What the README shows is what the program prints, in a copy of the quickstart.
#[test]
fn the_readme_is_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if let Err(diff) = run_page(&root.join("README.md"), &root.join("examples/quickstart")) {
        panic!("{diff}\nUPDATE=1 accepts what was printed");
    }
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let example = std::fs::read_to_string(root.join("examples/quickstart/access.hcl")).unwrap();
    let shown: Vec<&str> = readme.split("```hcl\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(
        !shown.is_empty() && shown.iter().all(|part| example.contains(part)),
        "the README shows HCL that no example has"
    );
}

/// Runs the `console` blocks of a page in a copy of `folder`.
fn run_page(path: &Path, folder: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut parts = parts::read(&text);
    let place = tempfile::tempdir().unwrap();
    let work = place.path().canonicalize().unwrap().join("work");
    copy(folder, &work);
    let mut commands = 0;
    for step in parts.iter_mut().filter_map(Part::step) {
        let (printed, code) = execute(&step.command(), &work);
        step.code = code;
        step.output = normal::normal(&printed, &work);
        commands += 1;
    }
    assert!(commands > 0, "{} has no ```console block", path.display());
    let now = parts::write(&parts);
    if now == text {
        return Ok(());
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, now).unwrap();
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(&text, &now);
    Err(format!("{}", diff.unified_diff().context_radius(4).header(&path.display().to_string(), "printed")))
}

/// The folder's files but for the script, so that a script can change them.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != "script.md" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What a command prints, and its exit code (none where a signal ended it).
fn execute(command: &str, work: &Path) -> (String, Option<i32>) {
    let program = Path::new(env!("CARGO_BIN_EXE_tenure"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    let printed = work.with_file_name("printed");
    let out = File::create(&printed).unwrap();
    let mut child = Command::new("sh")
        .args(["-c", command])
        .current_dir(work)
        .env_clear()
        .env("PATH", path)
        .env("HOME", work.parent().unwrap())
        .env("USER", "tester")
        .env("LC_ALL", "C.UTF-8")
        // A configuration folder of the tests stands in no repository, whatever lies around the temporary folder.
        .env("GIT_CEILING_DIRECTORIES", work.parent().unwrap())
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out)
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > LONGEST {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("`{command}` takes longer than {LONGEST:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    (String::from_utf8_lossy(&std::fs::read(printed).unwrap()).into_owned(), status.code())
}

/// The runner's own test: a script that says something wrong must fail.
#[test]
fn a_wrong_script_fails() {
    let folder = tempfile::tempdir().unwrap();
    let script = |text: &str| {
        std::fs::write(folder.path().join("script.md"), format!("```console\n{text}```\n")).unwrap();
        run(folder.path())
    };
    assert!(script("$ echo a\na\n").is_ok());
    assert!(script("$ echo a; exit 3\n? 3\na\n").is_ok());
    if std::env::var_os("UPDATE").is_none() {
        assert!(script("$ echo a\nb\n").is_err());
        assert!(script("$ exit 3\n").is_err());
        assert!(script("$ true\n? 1\n").is_err());
        assert!(script("$ true\nmore\n").is_err());
    }
}

/// Only here to say that steps are what a console block consists of.
impl Step {
    fn command(&self) -> String {
        self.lines.join("\n")
    }
}
