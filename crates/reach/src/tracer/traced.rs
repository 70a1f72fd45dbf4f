//! Where a trace begins, where it ends, and what came of it.

use crate::packet_end::PacketEnd;
use crate::trace::{Step, Stop, Trace};

/// Where a packet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At an interface, by the place of the address in its list.
    Interface(usize, usize),
    /// On the internet.
    Outside,
    /// At the service behind a gateway endpoint.
    Service(usize),
    /// At a service, by a gateway endpoint that a relaxed trace imagines in this VPC.
    Imagined(usize),
    /// At one of Amazon's servers that are reachable from everywhere in a VPC: DNS, metadata, time.
    Amazon,
}

/// Where a trace begins.
#[derive(Clone, Debug)]
pub enum Start {
    /// At an interface, from one of its addresses.
    Interface(usize, PacketEnd),
    /// On the internet.
    Outside(PacketEnd),
}

/// What came of a trace there and back.
pub(crate) struct Traced {
    pub trace: Trace,
    /// How many of the steps are the way there.
    pub there: usize,
    /// Where the packet ended, or what ended it.
    pub forward: Result<End, Stop>,
    /// What became of the answer; `None` where there was none to wait for.
    pub back: Option<Result<(), Stop>>,
}

impl Traced {
    /// The steps of the way there, and those of the way back.
    pub fn halves(&self) -> (&[Step], &[Step]) {
        self.trace
            .steps
            .split_at_checked(self.there)
            .unwrap_or((&self.trace.steps, &[]))
    }
}
