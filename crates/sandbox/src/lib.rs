//! A simulated EC2 on the wire: query protocol in, EC2's XML out, plus STS `GetCallerIdentity`.
//!
//! [`Sandbox::handle`] answers one HTTP request in process; [`serve`] puts the same thing on a port.
//! The sandbox is written from EC2's documented behaviour and knows nothing of the kinds of the rest of Trueup.

mod options;
mod serve;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use thiserror::Error;

pub use options::{Behaviour, DEFAULT_REGION, Options, UnknownBehaviour};
pub use serve::serve;

/// A simulated EC2. Cheap to share behind an [`Arc`](std::sync::Arc); requests are answered one at a time.
pub struct Sandbox {
    options: Options,
}

/// Why a state file could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process holds the file.
    #[error("{} is in use by another process; run one `trueup sandbox serve --state {}` and point the others at it with --endpoint-url", .path.display(), .path.display())]
    Locked {
        /// The state file.
        path: PathBuf,
    },
    /// The file, or its journal, is not what a sandbox writes.
    #[error("{} is not a sandbox state file: {reason}", .path.display())]
    Corrupted {
        /// The state file or its journal.
        path: PathBuf,
        /// What is wrong, with the line in a journal.
        reason: String,
    },
    /// The file, its journal or its folder cannot be read or written.
    #[error("cannot use {} as a sandbox state file", .path.display())]
    Io {
        /// What could not be used.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Sandbox {
    /// A fresh sandbox in memory.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options }
    }

    /// The sandbox that lives in the state file at `path`, which is created with its folders if it is missing.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let _ = path;
        Ok(Self { options })
    }

    /// Answers one request. The region is the one of its signature's credential scope, or else that of the options.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let _ = (request, &self.options);
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response
    }

    /// How often each action was called since the start.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    /// Writes the state file anew and empties its journal. Nothing to do in memory.
    ///
    /// # Errors
    /// What writing the file reports; the journal then still holds everything.
    pub fn close(&self) -> std::io::Result<()> {
        Ok(())
    }
}
