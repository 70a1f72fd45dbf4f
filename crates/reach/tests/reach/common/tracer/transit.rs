//! The tracer over transit gateways and through appliances.

use std::net::IpAddr;

use trueup_reach::network::Behind;

use super::{Fate, Hop, Memory, Packet, Place, Tracer};

impl Tracer<'_> {
    pub(super) fn transit(
        &self,
        index: usize,
        subnet: usize,
        packet: &mut Packet,
        memory: &mut Memory,
    ) -> Hop<Place> {
        let gateway = &self.net.transit_gateways[index];
        let here = &self.net.subnets[subnet];
        let attachment = gateway
            .attachments
            .iter()
            .find(|attachment| attachment.vpc == Some(here.vpc))
            .ok_or(Fate::Dies)?;
        let zone_of = |subnet: usize| &self.net.subnets[subnet].zone;
        let entry = *attachment
            .subnets
            .iter()
            .find(|entry| zone_of(**entry) == &here.zone)
            .ok_or(Fate::Dies)?;
        if entry != subnet {
            self.acl(entry, true, packet, memory)?;
        }
        let table = &gateway.route_tables[attachment.route_table.ok_or(Fate::Dies)?];
        let able = table
            .routes
            .iter()
            .filter(|route| route.range.contains(&packet.to));
        let best = able
            .clone()
            .map(|route| (route.range.prefix_len(), route.is_static))
            .max()
            .ok_or(Fate::Dies)?;
        let winners: Vec<_> = able
            .filter(|route| (route.range.prefix_len(), route.is_static) == best)
            .collect();
        let [winner] = winners[..] else {
            return Err(Fate::Tie);
        };
        let landing = &gateway.attachments[winner.attachment.ok_or(Fate::Dies)?];
        if landing.vpc.is_none() {
            return Err(Fate::Unsure);
        }
        let same: Vec<usize> = landing
            .subnets
            .iter()
            .copied()
            .filter(|other| zone_of(*other) == &here.zone)
            .collect();
        let able = if same.is_empty() { &landing.subnets } else { &same };
        match able[..] {
            [] => Err(Fate::Dies),
            [only] => self.out_of_subnet(only, true, packet, memory),
            _ => Err(Fate::Tie),
        }
    }

    pub(super) fn appliance(
        &self,
        index: usize,
        from: Option<usize>,
        packet: &mut Packet,
        memory: &mut Memory,
    ) -> Hop<Place> {
        let interface = &self.net.interfaces[index];
        if interface.running && interface.behind != Behind::Host {
            return Err(Fate::Unsure);
        }
        let vpc = self.net.vpc_of(index);
        let subnet_of = |address: IpAddr| {
            self.holder_anywhere(address, vpc)
                .map(|host| self.net.interfaces[host].subnet)
        };
        let ends = [from, subnet_of(packet.from), subnet_of(packet.to)];
        if !interface.running || interface.source_dest_check || ends.contains(&Some(interface.subnet)) {
            return Err(Fate::Dies);
        }
        if memory.answering && !memory.there.contains(&index) {
            return Err(Fate::Unsure);
        }
        let seen = if memory.answering {
            &mut memory.back
        } else {
            &mut memory.there
        };
        if seen.contains(&index) {
            return Err(Fate::Dies);
        }
        let first = seen.is_empty();
        seen.push(index);
        self.acl(interface.subnet, true, packet, memory)?;
        if !memory.answering {
            self.groups(index, true, packet, first, memory)?;
            self.groups(index, false, packet, true, memory)?;
        }
        self.out_of_subnet(interface.subnet, false, packet, memory)
    }
}
