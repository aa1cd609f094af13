//! Running the built program in a folder of its own, for the tests that do whole runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The data that the project is tried on; it stands beside the repository, not in it.
pub fn shared(path: &str) -> String {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let path = std::env::var_os("TENURE_SHARED").map_or(beside, PathBuf::from).join(path);
    let missing = "this test needs the folder `shared` beside the repository, with data/ and language/; TENURE_SHARED \
                   says where it is otherwise";
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}; {missing}", path.display()))
}

/// A configuration folder.
pub struct Folder {
    place: tempfile::TempDir,
    /// Given to the program besides what it gets from the test: `TENURE_VAR_url`, tokens.
    pub environment: Vec<(String, String)>,
}

impl Folder {
    /// A folder with these files.
    pub fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder { place: tempfile::tempdir().unwrap(), environment: Vec::new() };
        files.iter().for_each(|(path, text)| folder.write(path, text));
        folder
    }

    /// A folder with these files, whose programs have this environment, and with a record that was begun.
    pub fn begun(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Folder {
        let mut folder = Folder::new(files);
        folder.environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        folder.run("init", 0);
        folder
    }

    pub fn path(&self) -> PathBuf {
        self.place.path().canonicalize().unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        std::fs::write(self.place.path().join(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        let path = self.place.path().join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The program with these arguments, not started yet. `TENURE` names another build of it.
    pub fn command(&self, arguments: &str) -> Command {
        let program = std::env::var_os("TENURE").unwrap_or_else(|| env!("CARGO_BIN_EXE_tenure").into());
        let mut command = Command::new(program);
        command
            .args(arguments.split_whitespace())
            .current_dir(self.place.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.place.path())
            .env("USER", "tester")
            .env("GIT_CEILING_DIRECTORIES", self.path().parent().unwrap())
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end; what it printed, where it ends with `code`.
    #[track_caller]
    pub fn run(&self, arguments: &str, code: i32) -> String {
        let output = self.command(arguments).output().unwrap();
        let (printed, said) = texts(&output);
        assert_eq!(output.status.code(), Some(code), "tenure {arguments}\n{}\n{said}", end(&printed));
        printed
    }

    /// The plan as JSON.
    pub fn plan(&self, code: i32) -> serde_json::Value {
        serde_json::from_str(&self.run("plan --json --detailed-exitcode", code)).unwrap()
    }
}

/// What was printed on standard output and standard error.
pub fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// The last lines of a long text.
fn end(text: &str) -> &str {
    let from = text.rmatch_indices('\n').nth(30).map_or(0, |(at, _)| at);
    &text[from..]
}
