//! Ctrl-C and SIGTERM while something is under way.

use std::future::Future;
use std::io;

use tokio::signal::unix::{self, SignalKind};

use crate::error::Error;
use crate::exit::Signal;

/// Listens for the signals that end a command. From its making on they no longer end the process by
/// themselves.
#[derive(Debug)]
pub struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    /// Starts to listen. Needs a running tokio runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
        })
    }

    /// The next signal.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }

    /// The result of `work`, unless a signal comes first: work that changes nothing is simply left.
    pub async fn or<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            done = work => Ok(done),
            signal = self.next() => Err(Error::Ended(signal)),
        }
    }
}
