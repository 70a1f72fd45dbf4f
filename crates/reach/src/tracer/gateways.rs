//! The tracer through internet gateways, NAT gateways, gateway endpoints and egress-only gateways.

use super::{End, Entered, Step, Tracer};
use crate::address::{Family, public};
use crate::code::Code;
use crate::edit::Edit;
use crate::filter::Direction;
use crate::forwarding_rules::ForwardingRule;
use crate::lookup::{Chosen, lookup};
use crate::network::{EndpointKind, Named, PublicAccess, Target};
use crate::packet_end::{Addresses, Match, Owner, PacketEnd};
use crate::proposal::{Form, Proposal, Unformed};
use crate::service::ServiceSet;
use crate::trace::{Check, Repair, Role, Stop};

impl Tracer<'_, '_> {
    /// Out of a VPC by its internet gateway.
    pub(super) fn internet_gateway(&mut self, gateway: usize, vpc: usize, subnet: usize) -> Step<End> {
        let network = self.network();
        let gateway = &network.internet_gateways[gateway];
        if gateway.vpc != Some(vpc) {
            return self
                .recorder
                .dead(Code::Blackhole, &gateway.named, "it is not attached to this VPC");
        }
        self.out(vpc, Some(subnet), false)
    }

    /// Out of a VPC by its internet gateway, or by one that a relaxed trace imagines; `subnet` is the one whose
    /// route leads there.
    pub(super) fn out(&mut self, vpc: usize, subnet: Option<usize>, imagined: bool) -> Step<End> {
        let network = self.network();
        let at = match self.recorder.engine.gateway_of(vpc) {
            Some(gateway) => network.internet_gateways[gateway].named.clone(),
            None if imagined && !network.vpcs[vpc].unread.gateway => {
                let fix = format!("attach an internet gateway to {}", network.vpcs[vpc].named.name);
                let repair = Repair {
                    proposal: Proposal::new(fix, Edit::Gateway(vpc)),
                    to: (),
                };
                self.recorder.fail(
                    Code::NoInternetGateway,
                    &network.vpcs[vpc].named,
                    String::new(),
                    self.role,
                    &[repair],
                )?;
                Named::new("internet gateway")
            }
            None => return self.no_gateway(vpc),
        };
        let from_nat = matches!(self.source.owner, Owner::Nat(_));
        let access = network.public_access(vpc, subnet);
        if access == PublicAccess::BlockBidirectional || (access == PublicAccess::BlockIngress && !from_nat) {
            return self
                .recorder
                .dead(Code::PublicAccessBlocked, &network.vpcs[vpc].named, "");
        }
        if self.is_private(&self.target) && self.holds(ForwardingRule::GatewayDropsPrivateDestinations) {
            return self.recorder.dead(
                Code::PrivateDestination,
                &at,
                self.recorder.engine.describe(&self.target),
            );
        }
        if self.source.family == Family::V6 {
            if self.source.is_among(&public(Family::V6)) != Match::Yes {
                return self.recorder.dead(
                    Code::NoPublicAddress,
                    &at,
                    "the IPv6 address is not a global one",
                );
            }
            self.pass(&at, "to the internet")?;
            return self.outside();
        }
        let outer = match self.source.owner {
            Owner::Interface(index, place) if network.vpc_of(index) == vpc => {
                Some(Owner::Public(index, place))
            }
            Owner::Nat(index) if network.nat_gateways[index].vpc == vpc => Some(Owner::NatPublic(index)),
            _ => None,
        };
        let packet_end = outer.and_then(|owner| self.recorder.engine.packet_end(owner));
        self.source = match packet_end {
            Some(packet_end) => packet_end,
            None if !self.holds(ForwardingRule::GatewayNeedsPublicAddress) => PacketEnd {
                owner: outer.unwrap_or(Owner::Outside),
                ..self.source.clone()
            },
            None => self.without_public(outer)?,
        };
        self.pass(
            &at,
            format!(
                "to the internet, from {}",
                self.recorder.engine.describe(&self.source)
            ),
        )?;
        self.outside()
    }

    /// A VPC without an internet gateway, as far as is known.
    fn no_gateway<T>(&mut self, vpc: usize) -> Step<T> {
        let place = &self.network().vpcs[vpc];
        if place.unread.gateway {
            return Err(Stop::Unknown(format!(
                "whether {} has an internet gateway is not known",
                place.named.name
            )));
        }
        self.recorder.dead(Code::NoInternetGateway, &place.named, "")
    }

    /// The source has no public address. A relaxed trace gives it one.
    fn without_public(&mut self, outer: Option<Owner>) -> Step<PacketEnd> {
        let network = self.network();
        let (at, repairs) = match outer {
            Some(Owner::Public(index, _)) => {
                let host = &network.interfaces[index].named;
                let fix = public_fix(&host.name);
                let packet_end = PacketEnd::among(
                    Family::V4,
                    public(Family::V4),
                    Owner::Public(index, 0),
                    crate::packet_end::Listed::Never,
                );
                // What was mended on the way there is mended.
                if self
                    .recorder
                    .trace
                    .passed
                    .iter()
                    .any(|passed| passed.proposal.fix() == fix)
                {
                    return Ok(packet_end);
                }
                (
                    host.clone(),
                    vec![Repair {
                        proposal: Proposal::new(fix, Edit::Publish(index)),
                        to: packet_end,
                    }],
                )
            }
            Some(Owner::NatPublic(index)) => (network.nat_gateways[index].named.clone(), Vec::new()),
            _ => (Named::new(self.source.to_string()), Vec::new()),
        };
        self.recorder
            .fail(Code::NoPublicAddress, &at, String::new(), self.role, &repairs)
    }

    /// On the internet, with a public source.
    pub(super) fn outside(&mut self) -> Step<End> {
        if self.target.owner == Owner::Unresolved {
            let Addresses::One(number) = self.target.at else {
                return Ok(End::Outside);
            };
            self.target.owner = self
                .recorder
                .engine
                .public_owner(number)
                .unwrap_or(Owner::Outside);
        }
        match self.target.owner {
            Owner::Outside => Ok(End::Outside),
            Owner::Interface(..) if self.target.family == Family::V4 => {
                self.recorder
                    .dead(Code::PrivateDestination, &Named::new("internet"), "")
            }
            _ => self.arrive(),
        }
    }

    /// From the internet to a public address of ours, in by the internet gateway of its VPC.
    pub(super) fn arrive(&mut self) -> Step<End> {
        let network = self.network();
        if self.target.owner == Owner::Unresolved {
            let owner = if let Addresses::One(number) = self.target.at {
                self.recorder.engine.public_owner(number)
            } else {
                None
            };
            self.target.owner = owner.unwrap_or(Owner::Outside);
        }
        let host = |index: usize, place| {
            let subnet = network.interfaces[index].subnet;
            (
                network.vpc_of(index),
                Some(subnet),
                Owner::Interface(index, place),
            )
        };
        let (vpc, subnet, inner) = match self.target.owner {
            Owner::Public(index, place) => host(index, place),
            Owner::Interface(index, place) if self.target.family == Family::V6 => host(index, place),
            Owner::NatPublic(index) => {
                let gateway = &network.nat_gateways[index];
                (gateway.vpc, gateway.subnet, Owner::Nat(index))
            }
            _ => {
                return self.recorder.dead(
                    Code::NoSuchHost,
                    &Named::new("internet"),
                    self.recorder.engine.describe(&self.target),
                );
            }
        };
        let home = &network.vpcs[vpc];
        // What an egress-only gateway started comes back through it.
        let returning = self.is_answer().then_some(self.flow.egress_only).flatten();
        if let Some(gateway) = returning {
            self.pass(&network.egress_only_gateways[gateway].named, "an answer")?;
            return self.deliver(vpc, None);
        }
        let Some(gateway) = self.recorder.engine.gateway_of(vpc) else {
            return self.no_gateway(vpc);
        };
        let named = &network.internet_gateways[gateway].named;
        let to_nat = matches!(inner, Owner::Nat(_));
        let held = match network.public_access(vpc, subnet) {
            PublicAccess::Open => false,
            PublicAccess::BlockIngress => !(to_nat && self.is_answer()),
            PublicAccess::BlockBidirectional => true,
        };
        if held {
            return self.recorder.dead(Code::PublicAccessBlocked, &home.named, "");
        }
        if self.is_private(&self.source) {
            return self.recorder.dead(
                Code::PrivateSource,
                named,
                self.recorder.engine.describe(&self.source),
            );
        }
        if let Owner::Public(index, _) = self.target.owner
            && !self.is_answer()
            && self.recorder.engine.packet_end(self.target.owner).is_none()
        {
            let interface = &network.interfaces[index];
            let host = &interface.named;
            // What EC2 gave it went with its last run, and comes with the next one.
            if !interface.running && self.holds(ForwardingRule::StoppedHostsAreSilent) {
                return self.recorder.dead(Code::NotRunning, host, "");
            }
            let repair = Repair {
                proposal: Proposal::new(public_fix(&host.name), Edit::Publish(index)),
                to: (),
            };
            self.recorder
                .fail(Code::NotPublic, host, String::new(), self.role, &[repair])?;
        }
        if let Some(packet_end) = self.recorder.engine.packet_end(inner) {
            self.target = packet_end;
        }
        self.pass(
            named,
            format!(
                "from the internet, to {}",
                self.recorder.engine.describe(&self.target)
            ),
        )?;
        match network.internet_gateways[gateway].edge_table {
            Some(table) => self.through_edge(table, vpc),
            None => self.deliver(vpc, None),
        }
    }

    /// By the table of a gateway, which may lead to an appliance.
    fn through_edge(&mut self, table: usize, vpc: usize) -> Step<End> {
        let network = self.network();
        let chosen = lookup(self.recorder.engine, table, &self.target);
        let Chosen::Route(index) = *self.recorder.pick(&chosen, 0)? else {
            return self.deliver(vpc, None);
        };
        let named = &network.route_tables[table].named;
        match &network.route_tables[table].route(index).target {
            Target::Interface(appliance) => {
                let public = network.interfaces[*appliance]
                    .addresses
                    .iter()
                    .any(|own| own.public.is_some());
                if !public {
                    return self.recorder.dead(
                        Code::AppliancePublicAddress,
                        &network.interfaces[*appliance].named,
                        "",
                    );
                }
                self.step(Check::Table {
                    table,
                    route: Some(index),
                    target: self.target.clone(),
                })?;
                self.appliance(*appliance, usize::MAX)
            }
            Target::Blackhole(name) => self.recorder.dead(Code::Blackhole, named, name.as_str()),
            _ => Err(Stop::Unknown(format!(
                "{} leads to something that is not modelled",
                named.name
            ))),
        }
    }

    /// Into a NAT gateway, by a route.
    pub(super) fn nat(&mut self, nat: usize, vpc: usize, subnet: usize) -> Step<End> {
        let network = self.network();
        let gateway = &network.nat_gateways[nat];
        let at = gateway.named.clone();
        if !gateway.available {
            return self.recorder.dead(Code::Blackhole, &at, "it is not available");
        }
        if self.is_answer() && self.holds(ForwardingRule::NatDropsReplies) {
            return self.recorder.dead(Code::NatReply, &at, "");
        }
        if self.source.family == Family::V6 {
            if "64:ff9b::/96"
                .parse()
                .is_ok_and(|range| self.target.is_in(&range) != Match::No)
            {
                return Err(Stop::Unknown(format!(
                    "what {} does with IPv6 packets for IPv4 hosts (NAT64) is not modelled",
                    at.name
                )));
            }
            return self.recorder.dead(Code::NatFamily, &at, "");
        }
        let is_own = matches!(self.source.owner, Owner::Interface(index, _) if network.vpc_of(index) == vpc);
        if self.flow.nat.is_some() || (self.entered == Entered::Transit && gateway.vpc == vpc) {
            return Err(Stop::Unknown(format!(
                "whether {} takes what does not start in its VPC is not modelled",
                at.name
            )));
        }
        if [vpc, gateway.vpc]
            .iter()
            .any(|vpc| network.vpcs[*vpc].unread.identity)
        {
            return Err(Stop::Unknown(format!("in which VPC {} is is not known", at.name)));
        }
        if gateway.vpc != vpc || !is_own {
            return self.recorder.dead(Code::NatSource, &at, "");
        }
        if gateway.subnet == Some(subnet) && self.holds(ForwardingRule::NatIsUselessInItsOwnSubnet) {
            return self.recorder.dead(Code::NatOwnSubnet, &at, "");
        }
        if let Some(own) = gateway
            .subnet
            .filter(|_| self.holds(ForwardingRule::NatIsFilteredOnAllLegs))
        {
            self.acl(own, Direction::Ingress)?;
        }
        let three = [1, 6, 17]
            .into_iter()
            .map(ServiceSet::protocol)
            .fold(ServiceSet::none(), |all, one| all.union(&one));
        let services = if self.holds(ForwardingRule::NatCarriesThreeProtocols) {
            three
        } else {
            ServiceSet::all()
        };
        self.step(Check::Gate {
            at: at.clone(),
            services,
            code: Code::NatProtocol,
        })?;
        let Some(inner) = self.recorder.engine.packet_end(Owner::Nat(nat)) else {
            return Err(Stop::Unknown(format!("the address of {} is not known", at.name)));
        };
        self.flow.nat = Some((nat, self.source.clone(), self.target.clone()));
        self.source = inner;
        self.pass(
            &at,
            format!("translates to {}", self.recorder.engine.describe(&self.source)),
        )?;
        match gateway.subnet {
            Some(own) => self.out_of_subnet(own, self.holds(ForwardingRule::NatIsFilteredOnAllLegs)),
            None => {
                self.recorder.assume(format!(
                    "{} is regional: no network ACL is taken to hold for it",
                    at.name
                ));
                self.out(vpc, None, false)
            }
        }
    }

    /// A NAT gateway in a subnet whose table leads nowhere from it: the gateway stands in the wrong subnet. A
    /// route would open the subnet.
    pub(super) fn stranded(&mut self, nat: usize, subnet: usize) -> Step<End> {
        let network = self.network();
        let (gateway, place) = (&network.nat_gateways[nat], &network.subnets[subnet]);
        let (named, name) = (gateway.named.clone(), &place.named.name);
        let own = self.flow.client.map(|client| network.interfaces[client].subnet);
        let is_out = |table: usize, chosen: &Chosen| match chosen {
            Chosen::Route(index) => {
                matches!(network.route_tables[table].route(*index).target, Target::InternetGateway(gateway) if network.internet_gateways[gateway].vpc == Some(place.vpc))
            }
            Chosen::Local | Chosen::Nothing => false,
        };
        // Where it stands it serves nobody, and in the subnet of its client neither.
        let leads_out = |(index, other): &(usize, &crate::network::Subnet)| {
            let table = network
                .table_of(*index)
                .filter(|table| !network.route_tables[*table].unread);
            let chosen = table.map(|table| (table, lookup(self.recorder.engine, table, &self.target)));
            let is_led = chosen.is_some_and(|(table, chosen)| {
                !chosen.is_empty() && chosen.iter().all(|one| is_out(table, one))
            });
            other.vpc == place.vpc && *index != subnet && own != Some(*index) && is_led
        };
        let mut able: Vec<(usize, &crate::network::Subnet)> =
            network.subnets.iter().enumerate().filter(leads_out).collect();
        // Only of a subnet that filters as this one does it is known that the rest of the way is the same.
        let is_alike = |other: usize| {
            let of = |subnet| {
                (
                    network.acl_of(subnet),
                    network.public_access(place.vpc, Some(subnet)),
                )
            };
            of(other) == of(subnet)
        };
        able.sort_by_key(|(index, other)| (!is_alike(*index), other.zone != place.zone, &other.named.name));
        let example = able
            .first()
            .map(|(_, other)| format!(", such as {}", other.named.name))
            .unwrap_or_default();
        let fix = format!(
            "put {} into a subnet whose route table leads to an internet gateway{example}",
            named.name
        );
        let form = match able.first() {
            Some((other, _)) if is_alike(*other) => Form::Edit(Edit::Move { nat, subnet: *other }),
            _ => Form::Unformed(Unformed::Subnet),
        };
        let proposal = Proposal::new(fix, form);
        let vpc = place.vpc;
        let detail = format!("it stands in {name}");
        self.recorder.fail(
            Code::NatWithoutRoute,
            &named,
            detail,
            self.role,
            &[Repair { proposal, to: () }],
        )?;
        self.out(vpc, Some(subnet), true)
    }

    /// At a NAT gateway's own address: only an answer to what it sent out gets further.
    pub(super) fn unwind(&mut self, nat: usize) -> Step<End> {
        let at = self.network().nat_gateways[nat].named.clone();
        let Some((used, client, target)) = self.flow.nat.clone().filter(|_| self.is_answer()) else {
            if !self.holds(ForwardingRule::NatTakesNoFlows) {
                return Ok(End::Outside);
            }
            return self.recorder.dead(Code::NatInbound, &at, "");
        };
        if used != nat || target.at != self.source.at {
            return self.recorder.dead(Code::NatReply, &at, "");
        }
        self.pass(&at, "recognises the answer")?;
        self.target = client;
        self.role = Role::Client;
        self.entered = Entered::Here;
        match self.network().nat_gateways[nat].subnet {
            Some(own) => self.out_of_subnet(own, self.holds(ForwardingRule::NatIsFilteredOnAllLegs)),
            None => self.deliver(self.network().nat_gateways[nat].vpc, None),
        }
    }

    /// Into a gateway endpoint, by a route.
    pub(super) fn endpoint(&mut self, endpoint: usize, vpc: usize) -> Step<End> {
        let endpoint_index = endpoint;
        let endpoint = &self.network().endpoints[endpoint];
        let at = endpoint.named.clone();
        if endpoint.kind != EndpointKind::Gateway {
            return Err(Stop::Unknown(format!(
                "what {} does with a packet is not modelled",
                at.name
            )));
        }
        if !endpoint.available {
            return self.recorder.dead(Code::Blackhole, &at, "it is not available");
        }
        if endpoint.vpc != vpc || self.entered != Entered::Here {
            return self.recorder.dead(Code::EndpointFromOutside, &at, "");
        }
        if self.is_answer() {
            return self.recorder.dead(Code::EndpointReply, &at, "");
        }
        let carried = ServiceSet::tcp(0, u16::MAX).union(&ServiceSet::ping(self.target.family));
        let services = if self.holds(ForwardingRule::EndpointCarriesTcpAndEcho) {
            carried
        } else {
            ServiceSet::all()
        };
        self.step(Check::Gate {
            at,
            services,
            code: Code::EndpointProtocol,
        })?;
        Ok(End::Service(endpoint_index))
    }

    /// Into a gateway endpoint that a relaxed trace imagines.
    pub(super) fn new_endpoint(&mut self, vpc: usize) -> Step<End> {
        let services = ServiceSet::tcp(0, u16::MAX).union(&ServiceSet::ping(self.target.family));
        self.step(Check::Gate {
            at: Named::new("a new gateway endpoint"),
            services,
            code: Code::EndpointProtocol,
        })?;
        Ok(End::Imagined(vpc))
    }

    /// Out of an egress-only gateway.
    pub(super) fn egress_only(&mut self, gateway: usize, vpc: usize, subnet: usize) -> Step<End> {
        let network = self.network();
        let place = &network.egress_only_gateways[gateway];
        let at = place.named.clone();
        if self.target.family == Family::V4 {
            return self.recorder.dead(Code::EgressOnlyFamily, &at, "");
        }
        if place.vpc != vpc {
            return self
                .recorder
                .dead(Code::Blackhole, &at, "it is not attached to this VPC");
        }
        if network.public_access(vpc, Some(subnet)) == PublicAccess::BlockBidirectional {
            return self
                .recorder
                .dead(Code::PublicAccessBlocked, &network.vpcs[vpc].named, "");
        }
        if self.source.is_among(&public(Family::V6)) != Match::Yes {
            return self
                .recorder
                .dead(Code::NoPublicAddress, &at, "the IPv6 address is not a global one");
        }
        if self.is_answer() && self.holds(ForwardingRule::EgressOnlyTakesNoFlows) {
            return self.recorder.dead(Code::EgressOnlyInbound, &at, "");
        }
        self.flow.egress_only = Some(gateway).filter(|_| !self.is_answer());
        self.pass(&at, "to the internet")?;
        self.outside()
    }
}

/// What makes a host reachable from the internet, and lets it reach out by an internet gateway.
fn public_fix(host: &str) -> String {
    format!("give {host} a public address or an Elastic IP address")
}
