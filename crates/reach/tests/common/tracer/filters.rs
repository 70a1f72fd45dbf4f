//! The tracer's filters: network ACLs and security groups for one packet.

use std::net::IpAddr;

use trueup_reach::network::{AclEntry, Assigned, Peer};

use super::{Fate, Hop, Packet, Tracer};

impl Tracer<'_> {
    pub(super) fn acl(&self, subnet: usize, incoming: bool, packet: &Packet) -> Hop<()> {
        let place = &self.net.subnets[subnet];
        let Some(acl) = place.network_acl.or(self.net.vpcs[place.vpc].default_acl) else { return Ok(()) };
        let acl = &self.net.network_acls[acl];
        let (entries, peer) = if incoming { (&acl.ingress, packet.from) } else { (&acl.egress, packet.to) };
        let service = packet.load.service(packet.to.is_ipv4());
        let matching = |entry: &&AclEntry| entry.range.contains(&peer) && entry.services.overlaps(&service);
        match entries.iter().filter(matching).min_by_key(|entry| entry.number) {
            Some(entry) if entry.allow => Ok(()),
            _ => Err(Fate::Dies),
        }
    }

    pub(super) fn group_allows(&self, host: usize, incoming: bool, peer: IpAddr, packet: &Packet, references: bool) -> bool {
        let service = packet.load.service(packet.to.is_ipv4());
        let mut rules = self.net.interfaces[host].security_groups.iter().flat_map(|group| {
            let group = &self.net.security_groups[*group];
            if incoming { &group.ingress } else { &group.egress }.iter().map(move |rule| (group.vpc, rule))
        });
        rules.any(|(vpc, rule)| {
            rule.services.overlaps(&service)
                && match &rule.peer {
                    Peer::Range(range) => range.contains(&peer),
                    Peer::List(list) => self.net.prefix_lists[*list].entries.as_ref().unwrap().iter().any(|range| range.contains(&peer)),
                    Peer::Group(group) => references && self.sees(vpc, self.net.security_groups[*group].vpc) && self.carries(*group, peer),
                    Peer::Stranger(_) => false,
                }
        })
    }

    fn carries(&self, group: usize, address: IpAddr) -> bool {
        let carriers = self.net.interfaces.iter().filter(|interface| interface.security_groups.contains(&group));
        carriers.flat_map(|interface| &interface.addresses).any(|own| own.private == Assigned::Known(address))
    }

    fn sees(&self, own: usize, other: usize) -> bool {
        let pair = |vpcs: [Option<usize>; 2]| vpcs.contains(&Some(own)) && vpcs.contains(&Some(other));
        let peered = self.net.peerings.iter().any(|peering| peering.active && pair(peering.vpcs));
        let same_region = self.net.vpcs[own].region == self.net.vpcs[other].region;
        let transit = self.net.transit_gateways.iter().any(|gateway| {
            let attached = |vpc| gateway.attachments.iter().any(|attachment| attachment.vpc == Some(vpc));
            gateway.group_references && attached(own) && attached(other)
        });
        own == other || (peered && same_region) || transit
    }
}
