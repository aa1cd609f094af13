//! What the configuration is told about the outside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::configuration::Sources;

use super::files::Readable;
use super::{Failure, Operator, run_command};

/// Answers `file()` and its like, `env()` and `command()`.
#[derive(Clone, Debug)]
pub struct Outside {
    readable: Readable,
    operator: Option<Operator>,
    offline: bool,
}

/// How long a program may take where the operator file does not say.
const DEADLINE: u32 = 30;

impl Outside {
    /// For the configuration in `folder`; `operator` is `--operator FILE`, `allowed` each `--allow-path PATH`.
    ///
    /// # Errors
    /// Where a path is not there, or the operator file is not understood.
    pub fn new(folder: &Path, operator: Option<&Path>, allowed: &[PathBuf]) -> Result<Outside, Failure> {
        let operator = operator.map(|path| Operator::read(path, folder)).transpose()?;
        Ok(Outside { readable: Readable::new(folder, allowed)?, operator, offline: false })
    }
}

impl Outside {
    /// Without credentials: what they would say is unknown, and no program runs.
    pub fn offline(self) -> Outside {
        Outside { offline: true, ..self }
    }
}

impl Sources for Outside {
    fn offline(&self) -> bool {
        self.offline
    }

    fn may_lack(&self, provider: &str, setting: &str) -> bool {
        providers::find(provider).is_some_and(|provider| provider.only_to_listen().contains(&setting))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.readable.read(path)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        self.readable.list(folder)
    }

    fn environment(&self, name: &str) -> Result<Option<String>, String> {
        if self.operator.as_ref().is_some_and(|operator| !operator.allows_variable(name)) {
            return Err(format!(
                "the operator file does not allow env(\"{name}\"); its `environment` lists what may be read"
            ));
        }
        match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(format!("the environment variable {name} is not UTF-8")),
        }
    }

    fn command(&self, arguments: &[String]) -> Result<String, String> {
        let Some((name, arguments)) = arguments.split_first() else {
            return Err("command() needs the name of a program".to_owned());
        };
        let Some(operator) = &self.operator else {
            return Err(format!(
                "command(\"{name}\") is refused: programs run only when an operator file outside the configuration folder \
                 allows them; write `commands = [\"{name}\"]` into one and give --operator FILE"
            ));
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = operator.program(name, &path, self.readable.folder())?;
        let deadline = Duration::from_secs(operator.command_timeout.unwrap_or(DEADLINE).into());
        run_command::run(&program, arguments, self.readable.folder(), deadline)
    }
}

/// The outside with some files as they would be, by path: nothing of them is on the disk yet.
pub struct Overlaid {
    pub outside: Outside,
    pub texts: BTreeMap<String, Arc<str>>,
}

impl Sources for Overlaid {
    fn offline(&self) -> bool {
        self.outside.offline
    }

    fn may_lack(&self, provider: &str, setting: &str) -> bool {
        self.outside.may_lack(provider, setting)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.texts.get(path).map_or_else(|| self.outside.read(path), |text| Ok(text.as_bytes().to_vec()))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        self.outside.list(folder)
    }

    fn environment(&self, name: &str) -> Result<Option<String>, String> {
        self.outside.environment(name)
    }

    fn command(&self, arguments: &[String]) -> Result<String, String> {
        self.outside.command(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_run_only_when_the_operator_allows_them() {
        let (outside, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = outside.path().join("operator.toml");
        std::fs::write(&file, "commands = [\"echo\"]\nenvironment = [\"PATH\"]\n").unwrap();
        let sources = |operator| Outside::new(folder.path(), operator, &[]).unwrap();
        let run = |operator, arguments: &[&str]| {
            sources(operator).command(&arguments.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(run(Some(&*file), &["echo", "$HOME; ls"]), Ok("$HOME; ls".to_owned()));
        for (operator, arguments, part) in [
            (None, &["echo"][..], "give --operator FILE"),
            (Some(&*file), &["sh", "-c", "echo"], "does not list it"),
            (Some(&*file), &["/bin/echo"], "does not list it"),
            (Some(&*file), &[], "needs the name"),
        ] {
            let error = run(operator, arguments).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        assert!(sources(Some(&file)).environment("PATH").unwrap().is_some());
        assert!(sources(Some(&file)).environment("HOME").unwrap_err().contains("does not allow env(\"HOME\")"));
        assert_eq!(sources(None).environment("TENURE_NO_SUCH_VARIABLE"), Ok(None));
    }
}
