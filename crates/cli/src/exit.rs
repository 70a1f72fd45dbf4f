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
    /// It could not do what it is for, and a person must mend that: usage, the spec, a file, no approval.
    pub error: bool,
    /// There are no valid credentials, or they may not ask whose they are.
    pub credentials: bool,
    /// The endpoint cannot be reached, or asks for more patience than we have: later it may be another
    /// matter.
    pub connection: bool,
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
    pub const OK: Self = Self {
        signal: None,
        error: false,
        credentials: false,
        connection: false,
        unfinished: false,
        refused: false,
        incomplete: false,
        changed: false,
    };
    /// The command could not do what it is for, and a person must mend that.
    pub const ERROR: Self = Self {
        error: true,
        ..Self::OK
    };
    /// Nobody is there to say whose account this is.
    pub const CREDENTIALS: Self = Self {
        credentials: true,
        ..Self::OK
    };
    /// Nothing could be asked for now.
    pub const CONNECTION: Self = Self {
        connection: true,
        ..Self::OK
    };
    /// A guard refused, and nothing was done.
    pub const REFUSED: Self = Self {
        refused: true,
        ..Self::OK
    };

    /// The command was ended by this signal.
    pub fn signal(signal: Signal) -> Self {
        Self {
            signal: Some(signal),
            ..Self::OK
        }
    }

    /// What holds about two things that were done one after the other.
    #[must_use]
    pub fn and(self, next: Self) -> Self {
        Self {
            signal: self.signal.or(next.signal),
            error: self.error || next.error,
            credentials: self.credentials || next.credentials,
            connection: self.connection || next.connection,
            unfinished: self.unfinished || next.unfinished,
            refused: self.refused || next.refused,
            incomplete: self.incomplete || next.incomplete,
            changed: self.changed || next.changed,
        }
    }

    /// The exit code: that of the first statement that holds.
    pub fn code(self) -> u8 {
        match self {
            Self {
                signal: Some(Signal::Interrupt),
                ..
            } => 130,
            Self {
                signal: Some(Signal::Terminate),
                ..
            } => 143,
            Self { error: true, .. } => 1,
            Self {
                credentials: true, ..
            } => 6,
            Self { connection: true, .. } => 7,
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
  1         error that somebody must mend: of usage, of a spec, of a file
  6         no valid credentials: somebody must mend them
  7         EC2 cannot be reached or is throttling: try again later
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
        let ordered = [
            (Exit::signal(Signal::Interrupt), 130),
            (Exit::ERROR, 1),
            (Exit::CREDENTIALS, 6),
            (Exit::CONNECTION, 7),
            (
                Exit {
                    unfinished: true,
                    ..Exit::OK
                },
                5,
            ),
            (Exit::REFUSED, 3),
            (
                Exit {
                    incomplete: true,
                    ..Exit::OK
                },
                4,
            ),
            (
                Exit {
                    changed: true,
                    ..Exit::OK
                },
                2,
            ),
            (Exit::OK, 0),
        ];
        for (index, (exit, code)) in ordered.iter().enumerate() {
            let with_later = ordered[index..]
                .iter()
                .rev()
                .fold(Exit::OK, |all, (later, _)| all.and(*later));
            assert_eq!((exit.code(), with_later.code()), (*code, *code));
        }
        assert_eq!(Exit::signal(Signal::Terminate).code(), 143);
    }
}
