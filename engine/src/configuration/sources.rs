//! Everything that an evaluation takes from outside goes through one trait, so that a simulation can answer it and a
//! plan's digest can cover what was answered.

/// Files, environment and commands. The caller remembers what it answered, and whether anything rests on that but
/// credentials ([`crate::configuration::Configuration::inputs`]).
pub trait Sources {
    /// The bytes of a file; `path` is relative to the configuration folder. The implementation refuses what leads out
    /// of it (also through links) and is not below an allowed path.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
    /// Paths of the files below `folder` (relative, with `/`), sorted, for `fileset`.
    fn list(&self, folder: &str) -> Result<Vec<String>, String>;
    /// An environment variable; none where it is not set.
    fn environment(&self, name: &str) -> Result<Option<String>, String>;
    /// What a program prints on standard output; refused without an operator file that allows it.
    fn command(&self, arguments: &[String]) -> Result<String, String>;
    /// Whether nothing secret is to be had (`validate`, `plan --recorded`): variables that are not set and what
    /// programs print are unknown then, and no program runs.
    fn offline(&self) -> bool {
        false
    }
    /// Whether a system of this provider can be read and written without this setting: where the variable that it is
    /// taken from is not set, it is an error only to whoever needs it ([`crate::configuration::Setting::Absent`]).
    fn may_lack(&self, _provider: &str, _setting: &str) -> bool {
        false
    }
}
