//! How a command ended, and the one place that turns it into an exit code.

use std::process::ExitCode;

/// A signal that ended a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill`, systemd and CI runners send.
    Terminate,
}

/// All that holds about the end of a command. Several may: [`Exit::code`] knows which one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// It was ended by a signal.
    pub signal: Option<Signal>,
    /// It could not do what it is for: usage, the spec, credentials, the connection, no approval.
    pub error: bool,
    /// It began to change the network and did not finish, or the closing check found differences.
    pub unfinished: bool,
    /// A guard refused, and nothing was done.
    pub refused: bool,
    /// Something could not be read.
    pub incomplete: bool,
    /// There are changes or drift, where the command was asked to tell that by its exit code.
    pub changed: bool,
}

impl Exit {
    /// All is as it should be.
    pub const OK: Self = Self { signal: None, error: false, unfinished: false, refused: false, incomplete: false, changed: false };
    /// The command could not do what it is for.
    pub const ERROR: Self = Self { error: true, ..Self::OK };
    /// A guard refused, and nothing was done.
    pub const REFUSED: Self = Self { refused: true, ..Self::OK };

    /// The command was ended by this signal.
    pub fn signal(signal: Signal) -> Self {
        Self { signal: Some(signal), ..Self::OK }
    }

    /// The exit code: that of the first statement that holds.
    pub fn code(self) -> u8 {
        match self {
            Self { signal: Some(Signal::Interrupt), .. } => 130,
            Self { signal: Some(Signal::Terminate), .. } => 143,
            Self { error: true, .. } => 1,
            Self { unfinished: true, .. } => 5,
            Self { refused: true, .. } => 3,
            Self { incomplete: true, .. } => 4,
            Self { changed: true, .. } => 2,
            _ => 0,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What the exit codes mean, for `--help`.
pub const HELP: &str = "\
Exit codes, the first that holds:
  130, 143  ended by a signal
  1         error, usage errors included
  5         an apply or destroy began and did not finish, or its closing check failed
  3         refused by a guard, nothing done
  4         something could not be read; apply and destroy then change nothing
  2         there are changes (plan --detailed-exitcode) or drift (drift)
  0         all is as it should be";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_holds_counts() {
        let all = Exit { signal: Some(Signal::Interrupt), error: true, unfinished: true, refused: true, incomplete: true, changed: true };
        assert_eq!(all.code(), 130);
        assert_eq!(Exit { signal: Some(Signal::Terminate), ..all }.code(), 143);
        let all = Exit { signal: None, ..all };
        assert_eq!(all.code(), 1);
        let all = Exit { error: false, ..all };
        assert_eq!(all.code(), 5);
        let all = Exit { unfinished: false, ..all };
        assert_eq!(all.code(), 3);
        let all = Exit { refused: false, ..all };
        assert_eq!(all.code(), 4);
        let all = Exit { incomplete: false, ..all };
        assert_eq!(all.code(), 2);
        assert_eq!(Exit { changed: false, ..all }.code(), 0);
    }
}
