//! What the ranges of subnets must be: inside one of their VPC.

use ipnet::IpNet;

use super::RANGES;
use super::attr;
use crate::call::Exclusive;
use crate::diagnostic::Diagnostic;
use crate::kinds::vpc;
use crate::topology::{Resource, Topology};
use crate::{Kind, ipv6};

/// Checks the ranges of all subnets.
pub fn check(topology: &Topology, out: &mut Vec<Diagnostic>) {
    for Exclusive { attribute, .. } in RANGES {
        for resource in topology.of(Kind::Subnet) {
            let Some(range) = resource
                .record
                .value(attribute)
                .and_then(|range| ipv6::taken(range.as_text()?))
            else {
                continue;
            };
            if *attribute == ipv6::BLOCK.name {
                check_ipv6(resource, range, topology, out);
            } else {
                check_inside(resource, range, topology, out);
            }
        }
    }
}

/// An IPv6 range is a number where Amazon chooses the VPC's, and else a range inside that.
fn check_ipv6(resource: &Resource, range: IpNet, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let Some(vpc) = topology.follow(vpc::of(&resource.record)) else {
        return;
    };
    let (text, of_vpc) = (resource.record.text(ipv6::BLOCK), vpc.record.text(ipv6::BLOCK));
    let (subnet, address) = (&resource.address, &vpc.address);
    let (code, message, help) = match (of_vpc, ipv6::is_open(text)) {
        ("", _) => (
            "subnet-without-ipv6-vpc",
            format!("{subnet} asks for an IPv6 range, and {address} has none"),
            "give the VPC an `ipv6_cidr_block`, such as `amazon`".to_owned(),
        ),
        (ipv6::AMAZON, false) => (
            "subnet-range-of-amazon",
            format!("Amazon chooses the range of {address}, and whether {text} is inside it is not known"),
            "write the number of the /64 in it, from 0 to 255".to_owned(),
        ),
        (ipv6::AMAZON, true) => return,
        (of_vpc, true) => (
            "subnet-range-of-amazon",
            format!(
                "{text} is the number of a /64 in a range of Amazon's, and the range of {address} is {of_vpc}"
            ),
            format!("write a range inside {of_vpc}"),
        ),
        (of_vpc, false) if of_vpc.parse().is_ok_and(|of_vpc: IpNet| of_vpc.contains(&range)) => return,
        (of_vpc, false) => (
            "subnet-outside-vpc",
            format!("{text} is not inside {address} ({of_vpc})"),
            format!("choose a range inside {of_vpc}"),
        ),
    };
    let diagnostic = Diagnostic::error(code, message).at(resource.place(ipv6::BLOCK), "");
    out.push(diagnostic.at(vpc.place(ipv6::BLOCK), "the VPC").help(help));
}

fn check_inside(resource: &Resource, range: IpNet, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let Some(parent) = topology.follow(vpc::of(&resource.record)) else {
        return;
    };
    let ranges = vpc::ranges(&parent.record);
    if ranges.is_empty() || ranges.iter().any(|net| net.contains(&range)) {
        return;
    }
    let inside: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    out.push(
        Diagnostic::error(
            "subnet-outside-vpc",
            format!("{range} is not inside {} ({})", parent.address, inside.join(", ")),
        )
        .at(resource.place(attr::CIDR_BLOCK), "outside the VPC")
        .at(parent.place(attr::CIDR_BLOCK), "the VPC's range")
        .help(format!(
            "choose a range inside {}, or add one to the VPC's `secondary_cidr_blocks`",
            inside.join(" or ")
        )),
    );
}
