//! Which ranges EC2 does not add to a VPC, for the ranges that it has.

use ipnet::IpNet;

use super::attr;
use crate::diagnostic::Diagnostic;
use crate::net::overlap;
use crate::topology::Resource;

/// The private ranges that EC2 does not mix in one VPC: a secondary range of one of them needs a primary
/// range of the same one.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.19.0.0/16"];

/// What a VPC whose primary range is in the first cannot add: everything in the second.
const KEPT: [(&str, &str); 1] = [("172.16.0.0/12", "172.31.0.0/16")];

/// EC2 refuses to add some ranges beside others: "IPv4 CIDR block association restrictions" in the VPC user
/// guide. Ranges that are none of these, and 100.64.0.0/10, go with all.
pub fn check(resource: &Resource, ranges: &[IpNet], out: &mut Vec<Diagnostic>) {
    let Some((primary, secondary)) = ranges.split_first() else {
        return;
    };
    for (index, range) in secondary.iter().enumerate() {
        let home = PRIVATE.iter().find(|private| is_in(range, private));
        let others = || {
            ranges
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != index + 1)
                .map(|(_, other)| other)
        };
        if others().any(|other| overlap(other, range)) {
            continue;
        }
        let why = if let Some(home) = home.filter(|home| !is_in(primary, home)) {
            format!("{range} is in {home}, and the primary range {primary} is not")
        } else if let Some((outer, kept)) = KEPT
            .iter()
            .find(|(outer, kept)| is_in(primary, outer) && is_in(range, kept))
        {
            format!("no range of {kept} can be added to a VPC of {outer}")
        } else if let Some(other) = others().find(|other| restricts(other, range)) {
            format!("no range of 10.0.0.0/16 can be added beside {other}, which is in 10.0.0.0/15")
        } else {
            continue;
        };
        out.push(
            Diagnostic::error(
                "vpc-ranges-restricted",
                format!("EC2 refuses to add {range} to {}: {why}", resource.address),
            )
            .at(resource.place(attr::SECONDARY_CIDR_BLOCKS), "cannot be added")
            .at(resource.place(attr::CIDR_BLOCK), "the primary range")
            .help(
                "choose another range: of the same private block as the primary one, of \
                 100.64.0.0/10, or a public one",
            ),
        );
    }
}

fn is_in(range: &IpNet, outer: &str) -> bool {
    outer.parse().is_ok_and(|outer: IpNet| outer.contains(range))
}

/// Whether EC2 does not add a range to a VPC while it has this other one: what is in 10.0.0.0/15 keeps out what is
/// in 10.0.0.0/16 (Amazon VPC user guide: CIDR block association restrictions).
pub fn restricts(there: &IpNet, added: &IpNet) -> bool {
    is_in(there, "10.0.0.0/15") && is_in(added, "10.0.0.0/16")
}
