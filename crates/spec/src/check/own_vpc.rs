//! What a resource may refer to in its own VPC alone: the tables say which attributes those are, and one check
//! serves all kinds.

use trueup_model::{Diagnostic, Kind, Ref, Resource, Topology};

/// Checks every reference that must stay in the VPC of its resource. Where it is not known in which VPC one of
/// the two is, nothing is said: a plan looks at what is live.
pub fn check(topology: &Topology, out: &mut Vec<Diagnostic>) {
    for resource in topology.resources.values() {
        let refers = resource.address.kind.schema().in_own_vpc(&resource.record);
        for (path, reference) in refers {
            let Some(target) = topology.follow(Some(reference)) else {
                continue;
            };
            let (Some(own), Some(other)) = (vpc_of(resource, topology), vpc_of(target, topology)) else {
                continue;
            };
            if own != other {
                let message = format!(
                    "{} is in {own}, and {} in {other}",
                    resource.address, target.address
                );
                let kind = target.address.kind;
                let noun = kind.one();
                let mut others = topology.of(kind).filter_map(|other| vpc_of(other, topology));
                let do_what = if others.any(|vpc| vpc == own) {
                    "name"
                } else {
                    "declare"
                };
                out.push(
                    Diagnostic::error("other-vpc", message)
                        .at(resource.place(path), format!("{noun} of another VPC"))
                        .help(format!("{do_what} {noun} of {own}")),
                );
            }
        }
    }
}

/// The VPC of a resource: the one that it names, or that of the subnet that it is in.
fn vpc_of<'a>(resource: &'a Resource, topology: &'a Topology) -> Option<&'a Ref> {
    let home = resource.address.kind.rules().home(&resource.record)?;
    let is_vpc = match home {
        Ref::Name(address) => address.kind == Kind::Vpc,
        Ref::Id(id) => Kind::Vpc.is_id(id),
    };
    if is_vpc {
        Some(home)
    } else {
        vpc_of(topology.follow(Some(home))?, topology)
    }
}
