//! The tracer through peering connections, transit gateways and appliances, and what could carry a packet
//! that has no route.

use ipnet::IpNet;

use super::tables::{Carrier, Imagined};
use super::{End, Entered, Step, Tracer};
use crate::address::Family;
use crate::code::Code;
use crate::edit::Edit;
use crate::filter::Direction;
use crate::forwarding_rules::ForwardingRule;
use crate::lookup::{Contender, winners};
use crate::network::{
    Attachment, Behind, Destination, EndpointKind, Route, Target, TransitGateway, TransitTable,
};
use crate::packet_end::{Addresses, Match, Owner, PacketEnd};
use crate::proposal::Proposal;
use crate::trace::{Repair, Stop};

impl Tracer<'_, '_> {
    /// Over a peering connection, straight into the other VPC.
    pub(super) fn peering(&mut self, peering: usize, vpc: usize) -> Step<End> {
        let network = self.network();
        let peering = &network.peerings[peering];
        let at = peering.named.clone();
        if !peering.active && self.holds(ForwardingRule::PeeringMustBeActive) {
            return self.recorder.dead(Code::PeeringInactive, &at, "");
        }
        let other = match peering.vpcs {
            [Some(a), b] if a == vpc => b,
            [a, Some(b)] if b == vpc => a,
            _ => {
                return self
                    .recorder
                    .dead(Code::Blackhole, &at, "it does not join this VPC");
            }
        };
        let Some(other) = other else {
            return Err(Stop::Unknown(format!("the VPC behind {} is not known", at.name)));
        };
        if self.entered == Entered::Transit {
            return Err(Stop::Unknown(format!(
                "whether {} takes what comes over a transit gateway is not modelled",
                at.name
            )));
        }
        let within = |vpc: usize, packet_end: &crate::packet_end::PacketEnd| match packet_end.owner {
            Owner::Interface(index, _) if matches!(packet_end.at, crate::packet_end::Addresses::Among(_)) => {
                network.vpc_of(index) == vpc
            }
            _ => packet_end.is_in_any(&network.vpcs[vpc].ranges) == Match::Yes,
        };
        if !within(other, &self.target) && network.vpcs[other].unread.ranges {
            return Err(Stop::Unknown(format!(
                "which ranges {} has is not known",
                network.vpcs[other].named.name
            )));
        }
        if !within(other, &self.target) {
            if !self.holds(ForwardingRule::PeeringIsNotTransitive) {
                return Ok(End::Outside);
            }
            return self.recorder.dead(
                Code::PeeringTransitive,
                &at,
                self.recorder.engine.describe(&self.target),
            );
        }
        self.pass(&at, format!("to {}", network.vpcs[other].named.name))?;
        self.deliver(other, None)
    }

    /// Over a transit gateway.
    pub(super) fn transit(&mut self, transit: usize, vpc: usize, subnet: usize) -> Step<End> {
        let network = self.network();
        let gateway = &network.transit_gateways[transit];
        let Some((place, own)) = gateway
            .attachments
            .iter()
            .enumerate()
            .find(|(_, attachment)| attachment.vpc == Some(vpc))
        else {
            if gateway.unread {
                return Err(Stop::Unknown(format!(
                    "what is attached to {} is not known",
                    gateway.named.name
                )));
            }
            return self.recorder.dead(Code::TransitAttachment, &gateway.named, "");
        };
        self.transits += 1;
        if self.transits > super::TRANSITS_MAX {
            return self.recorder.dead(Code::Loop, &gateway.named, "");
        }
        let zone = &network.subnets[subnet].zone;
        let entry = own
            .subnets
            .iter()
            .copied()
            .find(|&other| &network.subnets[other].zone == zone);
        let entry = match entry {
            Some(entry) => Some(entry),
            None if !self.holds(ForwardingRule::TransitNeedsAttachmentInZone) => None,
            None if own.unread
                || own
                    .subnets
                    .iter()
                    .any(|place| network.subnets.known(*place).is_none()) =>
            {
                return Err(Stop::Unknown(format!(
                    "the subnets of {} are not known",
                    own.named.name
                )));
            }
            None => {
                let zone = zone.clone().unwrap_or_default();
                let fix = format!("add a subnet of {zone} to {}", own.named.name);
                let edit = Edit::Attach {
                    gateway: transit,
                    attachment: place,
                    subnet,
                };
                let repair = Repair {
                    proposal: Proposal::new(fix, edit),
                    to: None,
                };
                self.recorder
                    .fail(Code::TransitZone, &own.named, zone, self.role, &[repair])?
            }
        };
        if let Some(entry) =
            entry.filter(|entry| *entry != subnet && self.holds(ForwardingRule::TransitSubnetsFilter))
        {
            self.acl(entry, Direction::Ingress)?;
        }
        self.through(gateway, own, zone.as_ref())
    }

    /// Through a transit gateway from an attachment, by the table that it is associated with.
    fn through(&mut self, gateway: &TransitGateway, from: &Attachment, zone: Option<&String>) -> Step<End> {
        let landing = match from.route_table {
            // A place that the list does not have is a table of which nothing is known, and not none.
            Some(table) => self.transit_route(gateway, &gateway.route_tables[table])?,
            None if from.unread => {
                return Err(Stop::Unknown(format!(
                    "which table {} is associated with is not known",
                    from.named.name
                )));
            }
            None => return self.recorder.dead(Code::TransitAssociation, &from.named, ""),
        };
        let network = self.network();
        // A peering hands the packet to the other gateway, where its own table decides.
        if let Some((other, place)) = landing.peer {
            let there = network.transit_gateways.known(other);
            let Some((there, from)) = there.and_then(|there| Some((there, there.attachments.known(place)?)))
            else {
                return Err(Stop::Unknown(format!(
                    "what is behind {} is not known",
                    landing.named.name
                )));
            };
            self.transits += 1;
            if self.transits > super::TRANSITS_MAX {
                return self.recorder.dead(Code::Loop, &there.named, "");
            }
            // The zones of one region are none of another's.
            return self.through(there, from, None);
        }
        self.land(landing, zone)
    }

    /// Which attachment a transit gateway's table leads to.
    fn transit_route<'g>(
        &mut self,
        gateway: &'g TransitGateway,
        table: &TransitTable,
    ) -> Step<&'g Attachment> {
        if table.unread {
            return Err(Stop::Unknown(format!(
                "the routes of {} are not known",
                table.named.name
            )));
        }
        let static_wins = self.holds(ForwardingRule::TransitStaticWins);
        let contenders: Vec<Contender<Option<usize>>> = table
            .routes
            .iter()
            .enumerate()
            .map(|(index, route)| Contender {
                matches: self.target.is_in(&route.range),
                least: route.range.prefix_len(),
                most: route.range.prefix_len(),
                rank: u8::from(route.is_static != static_wins),
                what: Some(index),
            })
            .collect();
        let chosen = winners(&contenders, None);
        let Some(route) = self
            .recorder
            .pick(&chosen, 0)?
            .and_then(|route| table.routes.get(route))
        else {
            return self.recorder.dead(
                Code::TransitNoRoute,
                &table.named,
                format!("for {}", self.recorder.engine.describe(&self.target)),
            );
        };
        let Some(attachment) = route.attachment else {
            return self
                .recorder
                .dead(Code::TransitBlackhole, &table.named, route.range.to_string());
        };
        let Some(attachment) = gateway.attachments.known(attachment) else {
            return Err(Stop::Unknown(format!(
                "where the route to {} of {} leads is not known",
                route.range, table.named.name
            )));
        };
        self.pass(
            &table.named,
            format!("{} -> {}", route.range, attachment.named.name),
        )?;
        Ok(attachment)
    }

    /// Out of a transit gateway into one of an attachment's subnets: that of the zone the packet comes from,
    /// else any.
    fn land(&mut self, attachment: &Attachment, zone: Option<&String>) -> Step<End> {
        let network = self.network();
        if attachment.vpc.is_none() {
            return Err(Stop::Unknown(format!(
                "what is behind {} is not modelled",
                attachment.named.name
            )));
        }
        // One that is not known may be of any zone.
        let is_same = |place: &usize| {
            network
                .subnets
                .known(*place)
                .is_none_or(|subnet| subnet.zone.as_ref() == zone)
        };
        let same: Vec<usize> = attachment.subnets.iter().copied().filter(is_same).collect();
        let is_lost = same.is_empty() && attachment.unread;
        let able = if same.is_empty() {
            attachment.subnets.clone()
        } else {
            same
        };
        if is_lost {
            return Err(Stop::Unknown(format!(
                "the subnets of {} are not known",
                attachment.named.name
            )));
        }
        if able.is_empty() {
            return self
                .recorder
                .dead(Code::TransitAttachment, &attachment.named, "it has no subnets");
        }
        let subnet = *self.recorder.pick(&able, 0)?;
        self.entered = Entered::Transit;
        self.out_of_subnet(subnet, self.holds(ForwardingRule::TransitSubnetsFilter))
    }

    /// Through an appliance: an interface that takes packets which are not for it, and sends them on
    /// unchanged.
    pub(super) fn appliance(&mut self, interface: usize, from: usize) -> Step<End> {
        let network = self.network();
        let host = &network.interfaces[interface];
        let at = host.named.clone();
        if !host.running {
            return self.recorder.dead(Code::NotRunning, &at, "");
        }
        if host.behind != Behind::Host {
            return Err(Stop::Unknown(format!(
                "what {} does with a packet is not modelled",
                at.name
            )));
        }
        if host.source_dest_check && self.holds(ForwardingRule::CheckedInterfacesAreNoAppliances) {
            return self.recorder.dead(Code::SourceDestCheck, &at, "");
        }
        let vpc = network.vpc_of(interface);
        let ends = [
            Some(from),
            self.subnet_of(&self.source, vpc),
            self.subnet_of(&self.target, vpc),
        ];
        if ends.contains(&Some(host.subnet)) {
            return self.recorder.dead(Code::ApplianceSubnet, &at, "");
        }
        let [there, _] = &self.flow.appliances;
        if self.is_answer() && !there.contains(&interface) {
            return Err(Stop::Unknown(format!(
                "the answer goes through {}, which has not seen the question",
                at.name
            )));
        }
        if self.appliances().contains(&interface) {
            return self.recorder.dead(Code::Loop, &at, "");
        }
        self.acl(host.subnet, Direction::Ingress)?;
        let references = self.appliances().is_empty();
        self.groups(interface, Direction::Ingress, self.source.clone(), references)?;
        self.recorder
            .assume(format!("{} sends on unchanged what comes through it", at.name));
        self.appliances().push(interface);
        self.groups(interface, Direction::Egress, self.target.clone(), true)?;
        self.entered = Entered::Here;
        self.out_of_subnet(host.subnet, true)
    }

    /// The subnet of a VPC that a packet end is in.
    fn subnet_of(&self, packet_end: &PacketEnd, vpc: usize) -> Option<usize> {
        let holder = if let Addresses::One(number) = packet_end.at {
            self.recorder.engine.holder(vpc, number)
        } else {
            None
        };
        match holder.unwrap_or(packet_end.owner) {
            Owner::Interface(index, _) if self.network().vpc_of(index) == vpc => {
                Some(self.network().interfaces[index].subnet)
            }
            _ => None,
        }
    }

    /// Whether a route's target could carry the packet at all: what cannot is as good as no route, for a
    /// relaxed trace.
    pub(super) fn leads(&self, target: &Target, vpc: usize) -> bool {
        let network = self.network();
        let outside = !self.is_private(&self.target)
            && !matches!(self.target.owner, Owner::Interface(..) | Owner::Nat(_));
        let wanted = self.recorder.choices.wanted.as_ref();
        if !network.has(target) {
            return true;
        }
        match target {
            Target::InternetGateway(index) => network.internet_gateways[*index].vpc == Some(vpc) && outside,
            Target::NatGateway(index) => {
                outside
                    && self.target.family == Family::V4
                    && !self.is_answer()
                    && self.flow.nat.is_none()
                    && network.nat_gateways[*index].available
            }
            Target::Endpoint(_) => {
                let carried = crate::service::ServiceSet::tcp(0, u16::MAX)
                    .union(&crate::service::ServiceSet::ping(Family::V4));
                !self.is_answer() && wanted.is_none_or(|wanted| carried.is_superset(wanted))
            }
            Target::Peering(index) => {
                let other = network.peerings[*index]
                    .vpcs
                    .iter()
                    .flatten()
                    .find(|other| **other != vpc);
                network.peerings[*index].active
                    && other
                        .is_some_and(|other| self.target.is_in_any(&network.vpcs[*other].ranges) != Match::No)
            }
            Target::EgressOnlyGateway(index) => {
                outside
                    && self.target.family == Family::V6
                    && !self.is_answer()
                    && network.egress_only_gateways[*index].vpc == vpc
            }
            Target::Interface(index) => !network.interfaces[*index].source_dest_check,
            Target::TransitGateway(_) | Target::Blackhole(_) | Target::Other(_) => true,
        }
    }

    /// Routes that a relaxed trace may imagine, beside the one that matches or in its place: to each thing of
    /// the VPC that could carry the packet.
    pub(super) fn carriers(
        &self,
        table: usize,
        subnet: usize,
        matched: Option<&Route>,
    ) -> Vec<Repair<Imagined>> {
        let network = self.network();
        let vpc = network.route_tables[table].vpc;
        // Inside the VPC the local route carries everything, where nothing takes its place.
        if self.target.is_in_any(&network.vpcs[vpc].ranges) != Match::No {
            let fix = format!(
                "remove the route that holds {}: the local route leads there",
                self.recorder.engine.describe(&self.target)
            );
            let edit = Edit::Unroute {
                table,
                target: self.target.clone(),
            };
            return vec![Repair {
                proposal: Proposal::new(fix, edit),
                to: Imagined {
                    carrier: Carrier::Local,
                    destination: None,
                },
            }];
        }
        let mut targets: Vec<Target> = Vec::new();
        let service = self.recorder.engine.is_service(&self.target);
        let gateway = self.recorder.engine.gateway_of(vpc);
        let nats = network
            .nat_gateways
            .iter()
            .enumerate()
            .filter(|(_, nat)| nat.vpc == vpc && nat.subnet != Some(subnet));
        let public_nats = nats.filter(|(_, nat)| nat.public.is_some());
        let endpoints = network.endpoints.iter().enumerate().filter(|(_, endpoint)| {
            let listed = |list: usize| network.prefix_lists[list].named.name == endpoint.service;
            endpoint.vpc == vpc && endpoint.kind == EndpointKind::Gateway && service.is_some_and(listed)
        });
        targets.extend(endpoints.map(|(index, _)| Target::Endpoint(index)));
        targets.extend(gateway.map(Target::InternetGateway));
        targets.extend(public_nats.map(|(index, _)| Target::NatGateway(index)));
        let out_only = network.egress_only_gateways.iter().enumerate();
        let out_only = out_only.filter(|(_, gateway)| gateway.vpc == vpc);
        targets.extend(out_only.map(|(index, _)| Target::EgressOnlyGateway(index)));
        targets.extend((0..network.peerings.len()).map(Target::Peering));
        let attached = |gateway: &TransitGateway| {
            gateway
                .attachments
                .iter()
                .any(|attachment| attachment.vpc == Some(vpc))
        };
        let transits = network
            .transit_gateways
            .iter()
            .enumerate()
            .filter(|(_, gateway)| attached(gateway));
        targets.extend(transits.map(|(index, _)| Target::TransitGateway(index)));
        targets.retain(|target| self.leads(target, vpc));
        let outside = self.leads_out();
        let range = match &self.target.at {
            _ if outside && self.target.family == Family::V6 => "::/0".to_owned(),
            _ if outside => "0.0.0.0/0".to_owned(),
            Addresses::One(_) => self.target.to_string(),
            // Of an address that EC2 has yet to choose, its subnet's range.
            Addresses::Among(_) => match crate::edit::ranges(self.recorder.engine, &self.target).as_deref() {
                Some([range]) => range.to_string(),
                _ => self.target.to_string(),
            },
        };
        let mut repairs: Vec<Repair<Imagined>> = Vec::new();
        let destination = destination_of(&range, matched);
        let serves = |target: &Target| matches!(target, Target::Endpoint(_));
        if let Some(list) = service.filter(|_| !self.is_answer() && !targets.iter().any(serves)) {
            let service = &network.prefix_lists[list].named.name;
            let fix =
                format!("add a gateway endpoint for {service}, with this route table in its `route_tables`");
            repairs.push(Repair {
                proposal: Proposal::new(fix, Edit::Endpoint { table, list }),
                to: Imagined {
                    carrier: Carrier::NewEndpoint,
                    destination: Some(Destination::List(list)),
                },
            });
        }
        for target in targets {
            let name = network.name_of(&target);
            let fix = match &target {
                Target::Endpoint(_) => format!("add the route table to the `route_tables` of {name}"),
                _ => self.route_to(name, &range, matched),
            };
            let (edit, destination) = match (&target, service) {
                (Target::Endpoint(_), Some(list)) => (
                    Some(Edit::Endpoint { table, list }),
                    Some(Destination::List(list)),
                ),
                _ => (
                    edit_of(table, Some(target.clone()), destination.clone()),
                    destination.clone(),
                ),
            };
            repairs.push(Repair {
                proposal: Proposal::new(fix, edit),
                to: Imagined {
                    carrier: Carrier::Route(target),
                    destination,
                },
            });
        }
        if gateway.is_none() && outside {
            let edit = edit_of(table, None, destination.clone());
            repairs.push(Repair {
                proposal: Proposal::new(self.route_to("a new internet gateway", &range, matched), edit),
                to: Imagined {
                    carrier: Carrier::NewGateway,
                    destination: destination.clone(),
                },
            });
        }
        repairs
    }

    /// How a table comes to lead what is in a range to something. A table has one route for a destination,
    /// and beside a route that matches only a more specific one would count.
    fn route_to(&self, name: &str, range: &str, matched: Option<&Route>) -> String {
        let network = self.network();
        let Some(route) = in_the_way(range, matched) else {
            return format!("add a route: {range} -> {name}");
        };
        let destination = network.name_of_destination(&route.destination);
        let price = match &route.target {
            Target::NatGateway(nat) if network.nat_gateways[*nat].available => {
                "; hosts without a public address then no longer get out by it"
            }
            _ => "",
        };
        format!(
            "change the route: {destination} -> {name} instead of {}{price}",
            network.name_of(&route.target)
        )
    }

    fn leads_out(&self) -> bool {
        !self.is_private(&self.target) && !matches!(self.target.owner, Owner::Interface(..) | Owner::Nat(_))
    }
}

/// What a table has to have a route for: the destination of the one that matches, where that one has to
/// change.
fn destination_of(range: &str, matched: Option<&Route>) -> Option<Destination> {
    match in_the_way(range, matched) {
        Some(route) => Some(route.destination.clone()),
        None => read_range(range).map(Destination::Range),
    }
}

/// Such a route as a change of the network.
fn edit_of(table: usize, target: Option<Target>, destination: Option<Destination>) -> Option<Edit> {
    Some(Edit::Route {
        table,
        destination: destination?,
        target,
    })
}

fn read_range(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>()
        .ok()
        .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

/// The route that matches, where it is the one that would have to change.
fn in_the_way<'r>(range: &str, matched: Option<&'r Route>) -> Option<&'r Route> {
    matched.filter(|route| match &route.destination {
        Destination::Range(own) => {
            read_range(range).is_some_and(|wanted| wanted.prefix_len() <= own.prefix_len())
        }
        Destination::List(_) => true,
    })
}
