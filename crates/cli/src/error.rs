//! Why a command could not do what it is for.

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use trueup_model::CloudError;

use crate::exit::{Exit, Signal};

/// Why a command could not do what it is for.
#[derive(Debug, Error)]
pub enum Error {
    /// The spec has errors, and they are told already.
    #[error("the spec has errors")]
    Spec,
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
    /// A party to such a question is none.
    #[error(transparent)]
    Party(#[from] trueup_reach::PartyError),
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
            _ => Exit::ERROR,
        }
    }

    /// The message with its causes, on one line; nothing where all is told already.
    pub fn message(&self) -> Option<String> {
        if let Self::Spec = self {
            return None;
        }
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.ends_with(&text) {
                message = format!("{message}: {text}");
            }
            cause = error.source();
        }
        Some(message)
    }
}
