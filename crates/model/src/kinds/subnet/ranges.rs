//! What the ranges of subnets must be: inside one of their VPC, and no two of them with one address.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::RANGES;
use super::attr;
use crate::attr::Attr;
use crate::diagnostic::Diagnostic;
use crate::kinds::vpc;
use crate::topology::{Resource, Topology};
use crate::{Kind, Ref, ipv6};

/// The subnets of a VPC with their ranges of one address family.
type Ranges<'a> = Vec<(IpNet, &'a Resource)>;

/// Checks the ranges of all subnets.
pub fn check(topology: &Topology, out: &mut Vec<Diagnostic>) {
    for attribute in RANGES {
        let mut by_vpc: BTreeMap<&Ref, Ranges<'_>> = BTreeMap::new();
        for resource in topology.of(Kind::Subnet) {
            let Some(range) = ipv6::taken(resource.record.text(attribute)) else {
                continue;
            };
            if attribute.name == ipv6::BLOCK.name {
                check_ipv6(resource, range, topology, out);
            } else {
                check_inside(resource, range, topology, out);
            }
            if let Some(vpc) = vpc::of(&resource.record) {
                by_vpc.entry(vpc).or_default().push((range, resource));
            }
        }
        for (vpc, subnets) in by_vpc {
            if attribute.name == attr::CIDR_BLOCK.name && subnets.len() > 200 {
                let message = format!(
                    "{vpc} has {} subnets; an account's quota is 200 unless it was raised",
                    subnets.len()
                );
                out.push(Diagnostic::warning("quota", message).at(subnets[200].1.place.clone(), "the 201st"));
            }
            check_overlaps(attribute, subnets, out);
        }
    }
}

/// Sorted by start and then from wide to narrow, a range overlaps an earlier one exactly if it overlaps the one
/// that reaches furthest.
fn check_overlaps(attribute: Attr<str>, mut subnets: Ranges<'_>, out: &mut Vec<Diagnostic>) {
    subnets.sort_by_key(|(range, resource)| (range.network(), range.prefix_len(), resource.address.clone()));
    let mut furthest: Option<(IpNet, &Resource)> = None;
    for (range, resource) in subnets {
        let Some((_, earlier)) = furthest.filter(|(other, _)| other.contains(&range)) else {
            furthest = Some((range, resource));
            continue;
        };
        let [own, other] = [resource, earlier].map(|subnet| subnet.record.text(attribute));
        out.push(
            Diagnostic::error(
                "subnets-overlap",
                format!(
                    "{} ({own}) and {} ({other}) overlap",
                    resource.address, earlier.address
                ),
            )
            .at(resource.place(attribute), format!("inside {other}"))
            .at(earlier.place(attribute), "the other range")
            .help("subnets of one VPC may not share addresses: change one of the ranges"),
        );
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
