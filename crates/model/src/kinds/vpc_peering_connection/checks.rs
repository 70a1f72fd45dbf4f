//! What EC2 would refuse about a peering connection, as far as the spec tells it.

use ipnet::IpNet;

use super::{OPTIONS, accepts, attr, sides};
use crate::diagnostic::Diagnostic;
use crate::kinds::vpc;
use crate::net::overlap;
use crate::topology::{Resource, Topology};
use crate::{Attr, Record, Ref};

/// Checks one peering connection against the rest of the topology.
pub(super) fn check(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let own = vpc::of(&resource.record);
    if own.is_some() && own == resource.record.get(attr::PEER_VPC) {
        let message = format!("{} joins a VPC with itself", resource.address);
        out.push(
            Diagnostic::error("peering-itself", message)
                .at(resource.place(attr::PEER_VPC), "the VPC that asks")
                .help("name another VPC"),
        );
        return;
    }
    if resource.record.get(attr::ACCEPT) == Some(false) {
        let message = format!(
            "{}: what was accepted stays accepted, and EC2 takes nothing back",
            resource.address
        );
        out.push(
            Diagnostic::error("peering-accept", message)
                .at(resource.place(attr::ACCEPT), "")
                .help("leave `accept` out: then whoever owns the peer accepts"),
        );
    }
    elsewhere(resource, topology, out);
    ranges(resource, topology, out);
    dns(resource, topology, out);
}

/// What is said of where the peer is, and what the topology says of where it is itself.
struct Said<'a> {
    attribute: Attr<str>,
    own_key: &'static str,
    noun: &'static str,
    peer: &'a str,
    own: Option<&'a str>,
}

/// What another account or region keeps from this one: its VPCs have ids and no names here, accept by
/// themselves, and set their own options.
fn elsewhere(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let record = &resource.record;
    let said = |attribute: Attr<str>, own_key, noun, own| {
        Some(Said {
            attribute,
            own_key,
            noun,
            peer: record.get(attribute)?,
            own,
        })
    };
    let all = [
        said(
            attr::PEER_OWNER_ID,
            "account",
            "account",
            topology.account.as_deref(),
        ),
        said(attr::PEER_REGION, "region", "region", topology.region.as_deref()),
    ];
    for said in all
        .into_iter()
        .flatten()
        .filter(|said| said.own != Some(said.peer))
    {
        if let Some(Ref::Name(address)) = record.get(attr::PEER_VPC) {
            let message = format!(
                "{address} is where this topology is, and `{}` says that the peer is in {} {}",
                said.attribute, said.noun, said.peer
            );
            let help = format!(
                "remove `{}`, or give the VPC there by its id, as `vpc-…`",
                said.attribute
            );
            out.push(
                Diagnostic::error("peering-elsewhere", message)
                    .at(resource.place(said.attribute), "")
                    .help(help),
            );
            return;
        }
        for (path, what, help) in needs_here(record) {
            let message = match said.own {
                Some(own) => format!("{what}, and it is in {} {}, not in {own}", said.noun, said.peer),
                None => format!(
                    "{what}, and whether {} {} is this one the spec does not say",
                    said.noun, said.peer
                ),
            };
            let help = match said.own {
                Some(_) => help.to_owned(),
                None => format!("say `{}:` at the head of the spec; or {help}", said.own_key),
            };
            out.push(
                Diagnostic::error("peering-elsewhere", message)
                    .at(resource.place(path), "")
                    .at(
                        resource.place(said.attribute),
                        format!("the peer's {} is given here", said.noun),
                    )
                    .help(help),
            );
        }
    }
}

/// What is done where the peer is: the path, what that is, and what to do otherwise.
fn needs_here(record: &Record) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut needs = Vec::new();
    if accepts(record) {
        needs.push((
            attr::ACCEPT.name,
            "a request is accepted where the peer is",
            "leave `accept` out, and accept the request there: plans say for how long it waits",
        ));
    }
    let options = record.get(attr::ACCEPTER_OPTIONS);
    if options.is_some_and(|options| options.get(attr::ALLOW_DNS) == Some(true)) {
        needs.push((
            attr::ACCEPTER_OPTIONS.name,
            "the accepter's options are set where the peer is",
            "leave them out, and set them there",
        ));
    }
    needs
}

/// EC2 makes no peering connection of VPCs whose IPv4 ranges overlap: it is `failed` as soon as it is made.
fn ranges(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let [Some(own), Some(peer)] =
        [vpc::of(&resource.record), resource.record.get(attr::PEER_VPC)].map(|side| topology.follow(side))
    else {
        return;
    };
    let v4 = |vpc: &Resource| {
        let all = vpc::ranges(&vpc.record).into_iter();
        all.filter(|range| matches!(range, IpNet::V4(_)))
            .collect::<Vec<_>>()
    };
    let theirs = v4(peer);
    let pairs = v4(own)
        .into_iter()
        .flat_map(|one| theirs.iter().map(move |other| (one, *other)));
    if let Some((one, other)) = pairs.into_iter().find(|(one, other)| overlap(one, other)) {
        let message = format!(
            "{} ({one}) and {} ({other}) overlap, and EC2 peers no such VPCs",
            own.address, peer.address
        );
        out.push(
            Diagnostic::error("peering-overlap", message)
                .at(resource.place(attr::PEER_VPC), "")
                .at(own.place(vpc::attr::CIDR_BLOCK), "one of them")
                .at(peer.place(vpc::attr::CIDR_BLOCK), "the other one")
                .help("give one of them another range, or join them by something that translates addresses"),
        );
    }
}

/// EC2 resolves names over a peering connection only where both VPCs give names to their hosts.
fn dns(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let allows = |side: &Attr<Record>| {
        let options = resource.record.get(*side);
        options.is_some_and(|options| options.get(attr::ALLOW_DNS) == Some(true))
    };
    let Some(side) = OPTIONS.into_iter().find(allows) else {
        return;
    };
    for vpc in sides(&resource.record).filter_map(|side| topology.follow(Some(side))) {
        let off = [vpc::attr::ENABLE_DNS_SUPPORT, vpc::attr::ENABLE_DNS_HOSTNAMES]
            .into_iter()
            .find(|switch| vpc.record.get(*switch) != Some(true));
        if let Some(off) = off {
            let message = format!(
                "{} lets names be resolved over it, and {} has `{off}` off",
                resource.address, vpc.address
            );
            out.push(
                Diagnostic::error("peering-dns", message)
                    .at(resource.place(format!("{side}.{}", attr::ALLOW_DNS)), "")
                    .at(vpc.place(off), "off")
                    .help(format!("set `{off}: true` of {}", vpc.address)),
            );
        }
    }
}
