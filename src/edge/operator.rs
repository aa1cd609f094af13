//! The operator file: what whoever runs tenure allows the configuration, which others may write.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Failure;

/// What the configuration may reach outside its folder. Without an operator file: every environment variable, and no
/// program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Programs that `command()` may run: names that are looked up in PATH, or absolute paths.
    #[serde(default)]
    pub commands: Vec<String>,
    /// Names that `env()` may read; a `*` at the end stands for any rest. Where this is absent, all.
    pub environment: Option<Vec<String>>,
    /// How long a program may take, in seconds.
    pub command_timeout: Option<u32>,
}

impl Operator {
    /// Reads an operator file (TOML). It must not stand in the configuration folder: whoever can change the
    /// configuration could change it too.
    ///
    /// # Errors
    /// Where it cannot be read, is not understood, or stands in `configuration`.
    pub fn read(path: &Path, configuration: &Path) -> Result<Operator, Failure> {
        let shown = path.display();
        let cannot = |error: std::io::Error| Failure::new(format!("cannot read the operator file {shown}: {error}"));
        let real = std::fs::canonicalize(path).map_err(cannot)?;
        if std::fs::canonicalize(configuration).is_ok_and(|folder| real.starts_with(folder)) {
            return Err(Failure::new(format!("the operator file {shown} stands in the configuration folder"))
                .hint("move it out: whoever can change the configuration must not be able to change what it may run"));
        }
        let text = std::fs::read_to_string(&real).map_err(cannot)?;
        let operator: Operator = toml::from_str(&text).map_err(|error| {
            Failure::new(format!("the operator file {shown} is not understood: {}", error.to_string().trim_end()))
                .hint("it may hold commands = [\"pass\"], environment = [\"CHAT_*\"] and command_timeout = 30")
        })?;
        match operator.commands.iter().find(|command| !named_well(command)) {
            Some(command) => Err(Failure::new(format!("the operator file {shown} allows the program `{command}`"))
                .hint("name a program of PATH (`pass`) or an absolute path (`/usr/bin/pass`)")),
            None => Ok(operator),
        }
    }

    /// Whether `env(name)` may be answered.
    pub fn allows_variable(&self, name: &str) -> bool {
        self.environment.as_ref().is_none_or(|allowed| {
            allowed.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == pattern,
            })
        })
    }

    /// The program to run for `command(name, ...)`, where it is allowed: an absolute path. A name is looked up in those
    /// folders of PATH (`path`) that are absolute and not in the configuration folder, so that nothing in there can
    /// pass for it.
    ///
    /// # Errors
    /// In words: it is not allowed, or not found.
    pub fn program(&self, name: &str, path: &OsStr, configuration: &Path) -> Result<PathBuf, String> {
        if !self.commands.iter().any(|allowed| allowed == name) {
            return Err(format!(
                "command(\"{name}\") is refused: the operator file does not list it in its `commands`"
            ));
        }
        if name.starts_with('/') {
            return Ok(PathBuf::from(name));
        }
        std::env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .filter_map(|folder| std::fs::canonicalize(folder.join(name)).ok().map(|real| (folder.join(name), real)))
            .find(|(_, real)| real.is_file() && !real.starts_with(configuration))
            .map(|(program, _)| program)
            .ok_or_else(|| format!("command(\"{name}\") finds no such program in PATH"))
    }
}

fn named_well(command: &str) -> bool {
    !command.is_empty() && (command.starts_with('/') || !command.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_file_allows() {
        let (outside, configuration) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = outside.path().join("operator.toml");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Operator::read(&file, configuration.path()).map_err(|failure| failure.message)
        };
        let operator = read("commands = [\"pass\", \"/bin/echo\"]\nenvironment = [\"CHAT_*\", \"HOME\"]\n").unwrap();
        assert!(operator.allows_variable("CHAT_TOKEN") && operator.allows_variable("HOME"));
        assert!(!operator.allows_variable("HOMER") && !operator.allows_variable("AWS_SECRET"));
        assert!(Operator::default().allows_variable("ANY"));
        for (text, part) in [
            ("commands = \"pass\"", "is not understood"),
            ("command = [\"pass\"]", "is not understood"),
            ("commands = [\"bin/pass\"]", "allows the program `bin/pass`"),
            ("commands = [\"\"]", "allows the program ``"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let inside = configuration.path().join("operator.toml");
        std::fs::write(&inside, "commands = [\"sh\"]").unwrap();
        std::os::unix::fs::symlink(&inside, outside.path().join("link.toml")).unwrap();
        for path in [inside, outside.path().join("link.toml")] {
            let error = Operator::read(&path, configuration.path()).unwrap_err();
            assert!(error.message.contains("stands in the configuration folder"), "{error}");
        }
    }
    #[test]
    fn what_the_configuration_holds_never_runs() {
        let (outside, configuration) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [outside.path(), configuration.path()] {
            std::fs::write(folder.join("pass"), "#!/bin/sh\n").unwrap();
        }
        let configuration = configuration.path().canonicalize().unwrap();
        let operator = Operator { commands: vec!["pass".into(), "/bin/echo".into()], ..Operator::default() };
        let program = |name, path: &[&Path]| {
            let path = std::env::join_paths(path).unwrap();
            operator.program(name, &path, &configuration).map_err(|error| error.contains("refused"))
        };
        assert_eq!(program("pass", &[Path::new("."), &configuration, outside.path()]), Ok(outside.path().join("pass")));
        assert_eq!(program("pass", &[&configuration]), Err(false));
        assert_eq!(program("/bin/echo", &[]), Ok(PathBuf::from("/bin/echo")));
        assert_eq!(program("echo", &[Path::new("/bin")]), Err(true));
    }
}
