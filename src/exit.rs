//! Exit codes.

/// How the program ends when nothing failed, or what failed was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or nothing to change.
    Done,
    /// 1: an error, which was shown.
    Failed,
    /// 2: there are changes or drift (`--detailed-exitcode`), or files to format (`fmt --check`).
    Changes,
    /// 3: a safeguard holds something.
    Held,
    /// 141: whoever reads standard output went away, as for a program that SIGPIPE ended.
    Unread,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Changes => 2,
            Exit::Held => 3,
            Exit::Unread => 141,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        exit.code().into()
    }
}
