//! The tracer's border: out to the internet, in from it, and which addresses are public.

use std::net::IpAddr;

use trueup_reach::network::{Assignment, PublicAccess, Target};

use super::{Fate, Hop, Memory, Packet, Place, Tracer, is_global_v6, never_public};

impl Tracer<'_> {
    /// What becomes of a packet where no internet gateway is known.
    pub(super) fn no_gateway(&self, vpc: usize) -> Fate {
        if self.net.vpcs[vpc].unread.gateway {
            Fate::Unsure
        } else {
            Fate::Dies
        }
    }

    /// A subnet's own mode, or its VPC's.
    pub(super) fn access(&self, vpc: usize, subnet: Option<usize>) -> PublicAccess {
        match subnet.map(|subnet| self.net.subnets[subnet].public_access) {
            Some(Some(own)) => own,
            _ => self.net.vpcs[vpc].public_access,
        }
    }

    pub(super) fn go_out(
        &self,
        vpc: usize,
        subnet: Option<usize>,
        packet: &mut Packet,
        memory: &mut Memory,
    ) -> Hop<Place> {
        let nat = self
            .net
            .nat_gateways
            .iter()
            .find(|nat| nat.vpc == vpc && nat.private == Assignment::Known(packet.from));
        let blocked = match self.access(vpc, subnet) {
            PublicAccess::Open => false,
            PublicAccess::BlockIngress => nat.is_none(),
            PublicAccess::BlockBidirectional => true,
        };
        if blocked || never_public(packet.to) {
            return Err(Fate::Dies);
        }
        if packet.from.is_ipv6() {
            if !is_global_v6(packet.from) {
                return Err(Fate::Dies);
            }
        } else {
            let hosts = (0..self.net.interfaces.len()).filter(|host| self.net.vpc_of(*host) == vpc);
            let mut own = hosts.flat_map(|host| &self.net.interfaces[host].addresses);
            let public = own
                .find(|own| own.private == Assignment::Known(packet.from))
                .and_then(|own| own.public);
            let Some(Assignment::Known(public)) = public.or(nat.and_then(|nat| nat.public)) else {
                return Err(Fate::Dies);
            };
            packet.from = public;
        }
        if self.public_owner(packet.to) {
            self.come_in(packet, memory)
        } else {
            Ok(Place::Internet)
        }
    }

    pub(super) fn public_owner(&self, address: IpAddr) -> bool {
        self.public_place(address).is_some()
    }

    /// The VPC, the subnet where there is one, and the private address behind a public one.
    pub(super) fn public_place(&self, address: IpAddr) -> Option<(usize, Option<usize>, IpAddr)> {
        for (host, interface) in self.net.interfaces.iter().enumerate() {
            for own in &interface.addresses {
                let Assignment::Known(private) = own.private else {
                    continue;
                };
                if own.public == Some(Assignment::Known(address)) || (address.is_ipv6() && private == address)
                {
                    return Some((self.net.vpc_of(host), Some(interface.subnet), private));
                }
            }
        }
        let nat = self
            .net
            .nat_gateways
            .iter()
            .find(|nat| nat.public == Some(Assignment::Known(address)))?;
        let Assignment::Known(private) = nat.private else {
            return None;
        };
        Some((nat.vpc, nat.subnet, private))
    }

    pub(super) fn come_in(&self, packet: &mut Packet, memory: &mut Memory) -> Hop<Place> {
        let (vpc, subnet, private) = self.public_place(packet.to).ok_or(Fate::Dies)?;
        if memory.egress_only && memory.answering {
            return self.local(vpc, None, packet, memory);
        }
        let gateway = self
            .net
            .internet_gateways
            .iter()
            .find(|gateway| gateway.vpc == Some(vpc))
            .ok_or(self.no_gateway(vpc))?;
        let to_nat = self
            .net
            .nat_gateways
            .iter()
            .any(|nat| nat.vpc == vpc && nat.private == Assignment::Known(private));
        let blocked = match self.access(vpc, subnet) {
            PublicAccess::Open => false,
            PublicAccess::BlockIngress => !(memory.answering && to_nat),
            PublicAccess::BlockBidirectional => true,
        };
        if blocked || never_public(packet.from) {
            return Err(Fate::Dies);
        }
        packet.to = private;
        let Some(table) = gateway.edge_table else {
            return self.local(vpc, None, packet, memory);
        };
        let Some(route) = self.pick(table, packet.to)? else {
            return self.local(vpc, None, packet, memory);
        };
        match &route.target {
            Target::Interface(index)
                if self.net.interfaces[*index]
                    .addresses
                    .iter()
                    .all(|own| own.public.is_none()) =>
            {
                Err(Fate::Dies)
            }
            Target::Interface(index) => self.appliance(*index, None, packet, memory),
            Target::Blackhole(_) => Err(Fate::Dies),
            _ => Err(Fate::Unsure),
        }
    }
}
