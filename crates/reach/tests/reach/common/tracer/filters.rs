//! The tracer's filters: network ACLs and security groups for one packet.

use std::net::IpAddr;

use trueup_reach::network::{AclEntry, Assignment, Peer, Target};

use super::{Fate, Hop, Memory, Packet, Tracer};

impl Tracer<'_> {
    pub(super) fn acl(&self, subnet: usize, incoming: bool, packet: &Packet, memory: &mut Memory) -> Hop<()> {
        let place = &self.net.subnets[subnet];
        let Some(acl) = place.network_acl.or(self.net.vpcs[place.vpc].default_acl) else {
            return Ok(());
        };
        let acl = &self.net.network_acls[acl];
        if acl.unread {
            memory.unsure = true;
            return Ok(());
        }
        let (entries, peer) = if incoming {
            (&acl.ingress, packet.from)
        } else {
            (&acl.egress, packet.to)
        };
        let service = packet.load.service(packet.to.is_ipv4());
        let matching = |entry: &&AclEntry| entry.range.contains(&peer) && entry.services.overlaps(&service);
        match entries.iter().filter(matching).min_by_key(|entry| entry.number) {
            Some(entry) if entry.allow => Ok(()),
            _ => Err(Fate::Dies),
        }
    }

    /// Whether a rule of an interface's groups surely lets a packet through; one that may is remembered.
    pub(super) fn groups(
        &self,
        host: usize,
        incoming: bool,
        packet: &Packet,
        references: bool,
        memory: &mut Memory,
    ) -> Hop<()> {
        let peer = if incoming { packet.from } else { packet.to };
        let service = packet.load.service(packet.to.is_ipv4());
        let mut perhaps = false;
        for group in &self.net.interfaces[host].security_groups {
            let group = &self.net.security_groups[*group];
            let rules = if incoming { &group.ingress } else { &group.egress };
            for rule in rules.iter().filter(|rule| rule.services.overlaps(&service)) {
                match &rule.peer {
                    Peer::Range(range) if range.contains(&peer) => return Ok(()),
                    Peer::List(list)
                        if self.net.prefix_lists[*list]
                            .entries
                            .as_ref()
                            .unwrap()
                            .iter()
                            .any(|range| range.contains(&peer)) =>
                    {
                        return Ok(());
                    }
                    Peer::Group(other) if references && self.carries(*other, peer) => {
                        if self.sees(group.vpc, self.net.security_groups[*other].vpc) {
                            return Ok(());
                        }
                        perhaps |= self.leads_on(group.vpc);
                    }
                    Peer::Unread => perhaps = true,
                    _ => {}
                }
            }
        }
        memory.unsure |= perhaps;
        if perhaps { Ok(()) } else { Err(Fate::Dies) }
    }

    /// Whether something that nobody knows leads out of a VPC: perhaps to another one.
    fn leads_on(&self, vpc: usize) -> bool {
        let own = self.net.route_tables.iter().filter(|table| table.vpc == vpc);
        own.into_iter().any(|table| {
            table.unread
                || table
                    .routes
                    .iter()
                    .any(|route| matches!(route.target, Target::Other(_)))
        })
    }

    fn carries(&self, group: usize, address: IpAddr) -> bool {
        let carriers = self
            .net
            .interfaces
            .iter()
            .filter(|interface| interface.security_groups.contains(&group));
        carriers
            .flat_map(|interface| &interface.addresses)
            .any(|own| own.private == Assignment::Known(address))
    }

    fn sees(&self, own: usize, other: usize) -> bool {
        let pair = |vpcs: [Option<usize>; 2]| vpcs.contains(&Some(own)) && vpcs.contains(&Some(other));
        let peered = self
            .net
            .peerings
            .iter()
            .any(|peering| peering.active && pair(peering.vpcs));
        let same_region = self.net.vpcs[own].region == self.net.vpcs[other].region;
        let transit = self.net.transit_gateways.iter().any(|gateway| {
            let attached = |vpc| {
                gateway
                    .attachments
                    .iter()
                    .any(|attachment| attachment.vpc == Some(vpc))
            };
            gateway.group_references && attached(own) && attached(other)
        });
        own == other || (peered && same_region) || transit
    }
}
