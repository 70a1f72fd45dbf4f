//! Explanations.

use crate::code::Code;
use crate::engine::Engine;
use crate::service::ServiceSet;
use crate::trip::{Check, Failure, Passed, Step};

/// What a filter that holds up needed services says about it; `None` for what is no filter.
pub(crate) fn blocker(engine: &Engine<'_>, step: &Step, needed: &ServiceSet) -> Option<Passed> {
    let network = engine.network;
    let (code, at, fix) = match &step.check {
        Check::Groups { interface, direction, peer, .. } => {
            let host = &network.interfaces[*interface].named;
            (Code::SecurityGroup, host, format!("allow {needed} {} {peer} in a group of {}", direction.as_str(), host.name))
        }
        Check::Acl { subnet, direction, peer } => {
            let subnet = &network.subnets[*subnet].named;
            (Code::NetworkAcl, subnet, format!("allow {needed} {} {peer} in the network ACL of {}", direction.as_str(), subnet.name))
        }
        _ => return None,
    };
    let failure = Failure { code, at: at.clone(), detail: String::new() };
    Some(Passed { failure, fix, step: 0, back: false, role: step.role, source: at.source.clone(), matched: Vec::new() })
}
