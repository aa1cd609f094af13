//! What passed, what failed, what was skipped and why.

use std::fmt;

use super::Stop;

/// What became of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// The system declares that it cannot do this.
    Skipped(String),
    Failed(String),
}

impl From<Result<(), Stop>> for Verdict {
    fn from(result: Result<(), Stop>) -> Verdict {
        match result {
            Ok(()) => Verdict::Passed,
            Err(Stop::Skipped(why)) => Verdict::Skipped(why),
            Err(Stop::Failed(what)) => Verdict::Failed(what),
        }
    }
}

/// What became of each check, in the order of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(pub Vec<(&'static str, Verdict)>);

impl Report {
    pub(super) fn add(&mut self, name: &'static str, result: Result<(), Stop>) {
        self.0.push((name, result.into()));
    }

    /// Whether none failed. What was skipped is to be asserted beside it: see [`Report::skipped`].
    pub fn passed(&self) -> bool {
        !self.0.is_empty() && !self.0.iter().any(|(_, verdict)| matches!(verdict, Verdict::Failed(_)))
    }

    /// The names of the checks that were skipped.
    pub fn skipped(&self) -> Vec<&'static str> {
        self.0.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Skipped(_))).map(|(name, _)| *name).collect()
    }
}

/// A line per check: `ok`, `skipped` with the reason, `FAILED` with what was found.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, verdict) in &self.0 {
            match verdict {
                Verdict::Passed => writeln!(f, "ok       {name}")?,
                Verdict::Skipped(why) => writeln!(f, "skipped  {name}: {why}")?,
                Verdict::Failed(what) => writeln!(f, "FAILED   {name}: {what}")?,
            }
        }
        Ok(())
    }
}
