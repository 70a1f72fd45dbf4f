//! Why a command could not do what it is for.

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use trueup_model::{CloudError, Diagnostic, ErrorClass};

use crate::exit::{Exit, Signal};

/// Why a command could not do what it is for.
#[derive(Debug, Error)]
pub enum Error {
    /// The spec has errors, and they are reported already.
    #[error("the spec has errors")]
    Spec(Vec<Diagnostic>),
    /// A spec cannot be read.
    #[error(transparent)]
    Source(#[from] crate::source::SourceError),
    /// Nothing could be read from the cloud.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The sandbox cannot be used.
    #[error(transparent)]
    Sandbox(#[from] trueup_sandbox::OpenError),
    /// A key file cannot be used.
    #[error(transparent)]
    Keys(#[from] crate::keys::KeyError),
    /// A question about reachability is about nothing.
    #[error("{0}")]
    Question(&'static str),
    /// A selector of such a question selects nothing that is there.
    #[error(transparent)]
    Selector(#[from] trueup_reach::SelectorError),
    /// It is none, and there is one of almost that name.
    #[error("`{0}` is nothing in this network: did you mean `{1}`?")]
    Misspelt(String, String),
    /// Saved answers of EC2 cannot be used.
    #[error("{}", .folder.display())]
    Saved {
        /// Their folder.
        folder: PathBuf,
        /// What is wrong with them.
        #[source]
        source: trueup_reach::fill::saved::SavedError,
    },
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The place to listen at cannot be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which one.
        address: std::net::SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system does not give what every process gets.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Nobody approved and there is nobody to ask.
    #[error("this needs approval, and there is no terminal to ask at: {0}")]
    Unapproved(&'static str),
    /// A signal came before anything was changed.
    #[error("interrupted: nothing was changed")]
    Ended(Signal),
}

impl Error {
    /// How a command ends that failed so.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Ended(signal) => Exit::signal(*signal),
            Self::Cloud(error) => match error.class {
                ErrorClass::Credentials | ErrorClass::Denied => Exit::CREDENTIALS,
                ErrorClass::Connection | ErrorClass::Throttled => Exit::CONNECTION,
                ErrorClass::Refused | ErrorClass::Stopped => Exit::ERROR,
            },
            _ => Exit::ERROR,
        }
    }

    /// What sort of failure, in a word for programs.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Spec(_) => "spec",
            Self::Ended(_) => "interrupted",
            Self::Unapproved(_) => "unapproved",
            Self::Cloud(error) => match error.class {
                ErrorClass::Credentials => "credentials",
                ErrorClass::Denied => "denied",
                ErrorClass::Connection => "connection",
                ErrorClass::Throttled => "throttled",
                ErrorClass::Refused => "refused",
                ErrorClass::Stopped => "interrupted",
            },
            Self::Source(_) | Self::Keys(_) | Self::Saved { .. } | Self::Read { .. } | Self::Write { .. } => {
                "file"
            }
            Self::Sandbox(_) => "sandbox",
            Self::Question(_) | Self::Selector(_) | Self::Misspelt(..) => "question",
            Self::Listen { .. } | Self::System { .. } => "system",
        }
    }

    /// EC2's error code, where it is EC2's error.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Cloud(error) => Some(error.code.as_str()).filter(|code| !code.is_empty()),
            _ => None,
        }
    }

    /// What is wrong with the spec, where it is that.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Spec(diagnostics) => diagnostics,
            _ => &[],
        }
    }

    /// Whether all of it is reported already.
    pub fn is_told(&self) -> bool {
        matches!(self, Self::Spec(_))
    }

    /// The message with its causes, on one line.
    pub fn message(&self) -> String {
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.ends_with(&text) {
                message = format!("{message}: {text}");
            }
            cause = error.source();
        }
        message
    }
}
