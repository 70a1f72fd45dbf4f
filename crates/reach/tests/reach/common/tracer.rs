//! A second opinion: follows one concrete packet through a network, hop by hop, and then its answer.
//!
//! Written from what EC2 documents and not from the engine, with which it shares the description of the
//! network only. It knows nothing of sets: one source address and port, one destination address and port.

mod filters;
mod internet;
mod transit;

use std::net::IpAddr;

use ipnet::IpNet;
use trueup_reach::ServiceSet;
use trueup_reach::address::Family;
use trueup_reach::network::{
    Assignment, Behind, Destination, EndpointKind, Network, Origin, PublicAccess, Route, Target,
};

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    Tcp(u16, u16),
    Udp(u16, u16),
    Icmp(u8, u8),
    Other(u8),
}

#[derive(Clone, Copy, Debug)]
struct Packet {
    from: IpAddr,
    to: IpAddr,
    load: Load,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Arrives,
    Dies,
    /// EC2's documentation does not say.
    Unsure,
    /// EC2 picks one of several, and does not say which.
    Tie,
    /// EC2 would not have accepted the network.
    Refused,
}

type Hop<T> = Result<T, Fate>;

enum Place {
    Host(usize),
    Internet,
    Service,
    Amazon,
}

/// What the network remembers of the flow.
#[derive(Default)]
struct Memory {
    nat: Option<(usize, Packet)>,
    egress_only: bool,
    there: Vec<usize>,
    back: Vec<usize>,
    answering: bool,
    hops: usize,
    /// Whether something that nobody knows has let it through.
    unsure: bool,
}

pub struct Tracer<'n> {
    pub net: &'n Network,
    /// The port that a NAT gateway picks.
    pub nat_port: u16,
    /// Whether one did.
    pub translated: std::cell::Cell<bool>,
}

fn never_public(address: IpAddr) -> bool {
    let ranges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
    ranges
        .iter()
        .any(|range| range.parse::<IpNet>().unwrap().contains(&address))
}

fn is_global_v6(address: IpAddr) -> bool {
    "2000::/3".parse::<IpNet>().unwrap().contains(&address)
}

impl Load {
    fn answer(self) -> Option<Self> {
        match self {
            Self::Tcp(source, target) => Some(Self::Tcp(target, source)),
            Self::Udp(source, target) => Some(Self::Udp(target, source)),
            Self::Icmp(8, 0) => Some(Self::Icmp(0, 0)),
            Self::Icmp(13, 0) => Some(Self::Icmp(14, 0)),
            Self::Icmp(128, 0) => Some(Self::Icmp(129, 0)),
            Self::Icmp(..) => None,
            Self::Other(number) => Some(Self::Other(number)),
        }
    }

    fn service(self, v4: bool) -> ServiceSet {
        match self {
            Self::Tcp(_, port) => ServiceSet::tcp(port, port),
            Self::Udp(_, port) => ServiceSet::udp(port, port),
            Self::Icmp(ty, code) => {
                ServiceSet::icmp(if v4 { Family::V4 } else { Family::V6 }, Some(ty), Some(code))
            }
            Self::Other(number) => ServiceSet::protocol(number),
        }
    }
}

impl Tracer<'_> {
    /// Sends from an interface's address, or from the internet, and waits for the answer.
    pub fn trace(&self, from: Option<usize>, source: IpAddr, target: IpAddr, load: Load) -> Fate {
        let mut memory = Memory::default();
        match self.there_and_back(from, source, target, load, &mut memory) {
            Fate::Arrives if memory.unsure => Fate::Unsure,
            fate => fate,
        }
    }

    fn there_and_back(
        &self,
        from: Option<usize>,
        source: IpAddr,
        target: IpAddr,
        load: Load,
        memory: &mut Memory,
    ) -> Fate {
        let mut packet = Packet {
            from: source,
            to: target,
            load,
        };
        let arrived = match from {
            Some(host) => self.send(host, &mut packet, memory),
            None => self.come_in(&mut packet, memory),
        };
        let place = match arrived {
            Ok(Place::Amazon) => return Fate::Arrives,
            Ok(place) => place,
            Err(fate) => return fate,
        };
        let Some(answer) = packet.load.answer() else {
            return Fate::Arrives;
        };
        memory.answering = true;
        let mut reply = Packet {
            from: packet.to,
            to: packet.from,
            load: answer,
        };
        let back = match place {
            Place::Host(host) => self.send(host, &mut reply, memory),
            Place::Internet => self.come_in(&mut reply, memory),
            Place::Service | Place::Amazon => {
                let vpc = match from {
                    Some(host) => self.net.vpc_of(host),
                    None => return Fate::Dies,
                };
                self.local(vpc, None, &mut reply, memory)
            }
        };
        let mine = match (back, from) {
            (Err(fate), _) => return fate,
            (Ok(Place::Host(host)), Some(own)) => host == own,
            (Ok(Place::Internet), None) => true,
            _ => false,
        };
        if !mine || reply.from != target {
            return Fate::Dies;
        }
        memory.there.sort_unstable();
        memory.back.sort_unstable();
        if memory.there == memory.back {
            Fate::Arrives
        } else {
            Fate::Unsure
        }
    }

    fn send(&self, host: usize, packet: &mut Packet, memory: &mut Memory) -> Hop<Place> {
        let interface = &self.net.interfaces[host];
        match (interface.running, interface.behind) {
            (false, _) => return Err(Fate::Dies),
            (_, Behind::Endpoint) if !memory.answering => return Err(Fate::Dies),
            _ => {}
        }
        if interface
            .addresses
            .iter()
            .any(|own| own.private == Assignment::Known(packet.to))
        {
            return Ok(Place::Host(host));
        }
        let vpc = self.net.vpc_of(host);
        if let Some(IpNet::V4(range)) = self.net.vpcs[vpc].ranges.first()
            && packet.to == IpAddr::from(std::net::Ipv4Addr::from(u32::from(range.network()) + 2))
        {
            return Ok(Place::Amazon);
        }
        if ["169.254.169.253", "169.254.169.254", "169.254.169.123"]
            .iter()
            .any(|text| packet.to.to_string() == **text)
        {
            return Ok(Place::Amazon);
        }
        if !memory.answering && (interface.behind != Behind::Service || !interface.security_groups.is_empty())
        {
            self.groups(host, false, packet, true, memory)?;
        }
        if matches!(interface.behind, Behind::Service | Behind::Nothing) {
            return Err(Fate::Unsure);
        }
        self.out_of_subnet(interface.subnet, false, packet, memory)
    }

    fn out_of_subnet(
        &self,
        subnet: usize,
        foreign: bool,
        packet: &mut Packet,
        memory: &mut Memory,
    ) -> Hop<Place> {
        let place = &self.net.subnets[subnet];
        if place.ranges.iter().any(|range| range.contains(&packet.to)) {
            return self.local(place.vpc, Some(subnet), packet, memory);
        }
        self.acl(subnet, false, packet, memory)?;
        if ["169.254.168.0/22", "fd00:ec2::/32"]
            .iter()
            .any(|range| range.parse::<IpNet>().unwrap().contains(&packet.to))
        {
            return Err(Fate::Dies);
        }
        let table = place
            .route_table
            .or(self.net.vpcs[place.vpc].main_table)
            .ok_or(Fate::Unsure)?;
        if self.net.route_tables[table].unread {
            return Err(Fate::Unsure);
        }
        match self.pick(table, packet.to)? {
            None => self.local(place.vpc, None, packet, memory),
            Some(route) => self.follow(&route.target, subnet, foreign, packet, memory),
        }
    }

    /// The route for an address; no route is the local one.
    fn pick(&self, table: usize, to: IpAddr) -> Hop<Option<&Route>> {
        let table = &self.net.route_tables[table];
        let vpc = &self.net.vpcs[table.vpc];
        let is_local = vpc.ranges.iter().any(|range| range.contains(&to));
        // (prefix length, order among equals, route)
        let mut able: Vec<(u8, u8, Option<usize>)> = vpc
            .ranges
            .iter()
            .filter(|range| range.contains(&to))
            .map(|range| (range.prefix_len(), 1, None))
            .collect();
        for (index, route) in table.routes.iter().enumerate() {
            let ranges: Vec<IpNet> = match &route.destination {
                Destination::Range(range) => vec![*range],
                Destination::List(list) => self.net.prefix_lists[*list].entries.clone().unwrap(),
            };
            let order = match (route.origin, &route.destination) {
                (Origin::Static, Destination::Range(_)) => 0,
                (Origin::Static, Destination::List(_)) => 2,
                (Origin::DirectConnect, _) => 3,
                (Origin::VpnStatic, _) => 4,
                (Origin::VpnBgp, _) => 5,
            };
            if order > 2 && is_local {
                continue;
            }
            able.extend(
                ranges
                    .iter()
                    .filter(|range| range.contains(&to))
                    .map(|range| (range.prefix_len(), order, Some(index))),
            );
        }
        let best = able
            .iter()
            .map(|(length, order, _)| (std::cmp::Reverse(*length), *order))
            .min()
            .ok_or(Fate::Dies)?;
        let mut winners: Vec<Option<usize>> = able
            .iter()
            .filter(|(length, order, _)| (std::cmp::Reverse(*length), *order) == best)
            .map(|winner| winner.2)
            .collect();
        winners.dedup();
        let [winner] = winners[..] else {
            return Err(Fate::Tie);
        };
        let Some(index) = winner else { return Ok(None) };
        let route = &table.routes[index];
        let inside = |range: &IpNet| vpc.ranges.iter().any(|own| own.contains(range));
        let refused = route.origin == Origin::Static
            && !matches!(route.target, Target::Blackhole(_))
            && match &route.destination {
                Destination::Range(range) => {
                    let mut wholes = self
                        .net
                        .subnets
                        .iter()
                        .filter(|subnet| subnet.vpc == table.vpc)
                        .flat_map(|subnet| &subnet.ranges);
                    let whole = wholes.any(|own| own == range) || vpc.ranges.contains(range);
                    let middle = matches!(route.target, Target::NatGateway(_) | Target::Interface(_));
                    inside(range) && !(whole && middle)
                }
                Destination::List(list) => {
                    let entries = self.net.prefix_lists[*list].entries.as_ref().unwrap();
                    entries.iter().any(|range| inside(range) && range.contains(&to))
                }
            };
        if refused {
            Err(Fate::Refused)
        } else {
            Ok(Some(route))
        }
    }

    fn follow(
        &self,
        target: &Target,
        subnet: usize,
        foreign: bool,
        packet: &mut Packet,
        memory: &mut Memory,
    ) -> Hop<Place> {
        let vpc = self.net.subnets[subnet].vpc;
        memory.hops += 1;
        if memory.hops > 50 {
            return Err(Fate::Dies);
        }
        match target {
            Target::Blackhole(_) => Err(Fate::Dies),
            Target::Other(_) => Err(Fate::Unsure),
            Target::InternetGateway(index) if self.net.internet_gateways[*index].vpc == Some(vpc) => {
                self.go_out(vpc, Some(subnet), packet, memory)
            }
            Target::InternetGateway(_) => Err(Fate::Dies),
            Target::EgressOnlyGateway(index) => {
                let own = self.net.egress_only_gateways[*index].vpc == vpc;
                let open = self.access(vpc, Some(subnet)) != PublicAccess::BlockBidirectional;
                if !own || !open || packet.to.is_ipv4() || !is_global_v6(packet.from) || memory.answering {
                    return Err(Fate::Dies);
                }
                memory.egress_only = true;
                if self.public_owner(packet.to) {
                    self.come_in(packet, memory)
                } else {
                    Ok(Place::Internet)
                }
            }
            Target::NatGateway(index) => self.nat(*index, subnet, foreign, packet, memory),
            Target::Endpoint(index) => {
                let endpoint = &self.net.endpoints[*index];
                if endpoint.kind != EndpointKind::Gateway {
                    return Err(Fate::Unsure);
                }
                let carried = matches!(packet.load, Load::Tcp(..) | Load::Icmp(8 | 128, 0));
                let ours = endpoint.vpc == vpc && !foreign && !memory.answering && endpoint.available;
                if ours && carried {
                    Ok(Place::Service)
                } else {
                    Err(Fate::Dies)
                }
            }
            Target::Peering(index) => {
                let peering = &self.net.peerings[*index];
                if !peering.active || !peering.vpcs.contains(&Some(vpc)) {
                    return Err(Fate::Dies);
                }
                let other = peering
                    .vpcs
                    .iter()
                    .find(|other| **other != Some(vpc))
                    .copied()
                    .flatten()
                    .ok_or(Fate::Unsure)?;
                if foreign {
                    return Err(Fate::Unsure);
                }
                if !self.net.vpcs[other]
                    .ranges
                    .iter()
                    .any(|range| range.contains(&packet.to))
                {
                    return Err(Fate::Dies);
                }
                self.local(other, None, packet, memory)
            }
            Target::TransitGateway(index) => self.transit(*index, subnet, packet, memory),
            Target::Interface(index) => self.appliance(*index, Some(subnet), packet, memory),
        }
    }

    /// The host that has an address, in this VPC first.
    fn holder_anywhere(&self, address: IpAddr, vpc: usize) -> Option<usize> {
        let has = |index: &usize| {
            self.net.interfaces[*index]
                .addresses
                .iter()
                .any(|own| own.private == Assignment::Known(address))
        };
        (0..self.net.interfaces.len()).find(|index| has(index) && self.net.vpc_of(*index) == vpc)
    }

    fn nat(
        &self,
        index: usize,
        subnet: usize,
        foreign: bool,
        packet: &mut Packet,
        memory: &mut Memory,
    ) -> Hop<Place> {
        let gateway = &self.net.nat_gateways[index];
        if !gateway.available || memory.answering || packet.from.is_ipv6() {
            return Err(Fate::Dies);
        }
        if memory.nat.is_some() || foreign {
            return Err(Fate::Unsure);
        }
        let own = self.net.subnets[subnet].vpc == gateway.vpc
            && self.holder_anywhere(packet.from, gateway.vpc).is_some();
        if !own || gateway.subnet == Some(subnet) {
            return Err(Fate::Dies);
        }
        if let Some(own) = gateway.subnet {
            self.acl(own, true, packet, memory)?;
        }
        self.translated.set(true);
        memory.nat = Some((index, *packet));
        packet.load = match packet.load {
            Load::Tcp(_, port) => Load::Tcp(self.nat_port, port),
            Load::Udp(_, port) => Load::Udp(self.nat_port, port),
            Load::Icmp(ty, code) => Load::Icmp(ty, code),
            Load::Other(_) => return Err(Fate::Dies),
        };
        let Assignment::Known(address) = gateway.private else {
            return Err(Fate::Unsure);
        };
        packet.from = address;
        match gateway.subnet {
            Some(own) => self.out_of_subnet(own, false, packet, memory),
            None if self
                .net
                .internet_gateways
                .iter()
                .any(|igw| igw.vpc == Some(gateway.vpc)) =>
            {
                self.go_out(gateway.vpc, None, packet, memory)
            }
            None => Err(self.no_gateway(gateway.vpc)),
        }
    }

    /// To whoever has the address in a VPC.
    fn local(
        &self,
        vpc: usize,
        inside: Option<usize>,
        packet: &mut Packet,
        memory: &mut Memory,
    ) -> Hop<Place> {
        if let Some(host) = self.holder_anywhere(packet.to, vpc) {
            let interface = &self.net.interfaces[host];
            if inside != Some(interface.subnet) {
                self.acl(interface.subnet, true, packet, memory)?;
            }
            if !interface.running {
                return Err(Fate::Dies);
            }
            match interface.behind {
                Behind::Host | Behind::Service | Behind::Nothing => {}
                Behind::Endpoint if memory.answering || matches!(packet.load, Load::Tcp(..)) => {}
                Behind::Endpoint => return Err(Fate::Dies),
            }
            let plain = memory.there.is_empty();
            if !memory.answering
                && (interface.behind != Behind::Service || !interface.security_groups.is_empty())
            {
                self.groups(host, true, packet, plain, memory)?;
            }
            if matches!(interface.behind, Behind::Service | Behind::Nothing) {
                return Err(Fate::Unsure);
            }
            return Ok(Place::Host(host));
        }
        let is_nat = |nat: &trueup_reach::network::NatGateway| {
            nat.vpc == vpc && nat.private == Assignment::Known(packet.to)
        };
        let nobody = if self.net.vpcs[vpc].unread.hosts {
            Fate::Unsure
        } else {
            Fate::Dies
        };
        let index = self.net.nat_gateways.iter().position(is_nat).ok_or(nobody)?;
        let own = self.net.nat_gateways[index].subnet;
        if let Some(own) = own.filter(|own| inside != Some(*own)) {
            self.acl(own, true, packet, memory)?;
        }
        let Some((used, asked)) = memory.nat.filter(|_| memory.answering) else {
            return Err(Fate::Dies);
        };
        if used != index || packet.from != asked.to {
            return Err(Fate::Dies);
        }
        packet.to = asked.from;
        packet.load = asked.load.answer().ok_or(Fate::Dies)?;
        match own {
            Some(own) => self.out_of_subnet(own, false, packet, memory),
            None => self.local(vpc, None, packet, memory),
        }
    }
}
