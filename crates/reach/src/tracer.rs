//! The tracer: a packet from one end to the other, and its answer back, as EC2 forwards them.
//!
//! The order of checks: source/destination check and egress rules of the sending interface; inside its own
//! subnet straight to the other interface; else the subnet's network ACL, its route table, the route's
//! target, which may put the packet into another subnet; in the end the network ACL of the last subnet and
//! the ingress rules of the interface there. The answer is a second trace with addresses swapped, past the
//! same ACLs and tables, which security groups and NAT gateways recognise.
//!
//! ```text
//! host a ──egress──┐ACL┌─table─> NAT gateway ──┐ACL┌─table─> internet gateway ──> 203.0.113.9
//!        groups    └───┘ subnet 1     source    └───┘ subnet 2   source becomes
//!                                     becomes                    the Elastic IP
//!                                     10.0.2.250
//! host a <─(groups remember)─┐ACL┌─local─ NAT gateway (recognises) <─┐ACL┌─ internet gateway <── answer
//! ```

mod gateways;
mod tables;
mod traced;
mod transit;

use crate::address::{Family, bounds};
use crate::code::Code;
use crate::filter::Direction;
use crate::forwarding_rules::ForwardingRule;
use crate::network::{Behind, Named, Target, Vpc};
use crate::packet_end::{Addresses, Match, Owner, PacketEnd};
use crate::recorder::Recorder;
use crate::service::ServiceSet;
use crate::trace::{Check, Choices, Role, Stop};

use tables::Taken;
pub use traced::Start;
pub(crate) use traced::{End, Traced};

/// How many steps a packet may take: EC2 has no such paths, so it is going round in a circle.
const STEPS_MAX: usize = 60;

/// How many transit gateways a packet may go through: an inspection on the way makes two.
const TRANSITS_MAX: u32 = 4;

/// How a packet came to the router that it is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entered {
    /// From an interface of the VPC.
    Here,
    /// Over a transit gateway.
    Transit,
}

/// What the way there has left behind, for the way back.
#[derive(Clone, Debug)]
struct Flow {
    /// Where the client sent to, as it knows it.
    target: PacketEnd,
    /// The interface that started the flow; none of those here.
    client: Option<usize>,
    /// The NAT gateway that was gone through: the gateway, its client, and where the client was sending.
    nat: Option<(usize, PacketEnd, PacketEnd)>,
    /// Appliances on the way there, and on the way back.
    appliances: [Vec<usize>; 2],
    /// Whether the way there went out of an egress-only gateway.
    egress_only: Option<usize>,
}

/// A packet on its way.
pub(crate) struct Tracer<'a, 'e> {
    recorder: Recorder<'a, 'e>,
    source: PacketEnd,
    target: PacketEnd,
    role: Role,
    entered: Entered,
    /// How many transit gateways were gone through on this way.
    transits: u32,
    /// What a relaxed trace took from which table.
    taken: Vec<Taken>,
    flow: Flow,
}

/// Traces a packet from one end to the other, and its answer back.
///
/// What cannot be told, and in a relaxed trace every repair, is a choice. Whoever traces begins without
/// choices; the trace stops as undecided where it needs one, with a cost for each, and is begun again with
/// each of them:
///
/// ```text
/// [] stops at table `private`: no route; repairs: a route to the NAT gateway, or to the internet gateway [0]
/// by the NAT gateway; stops at the ACL of its subnet, which denies: pay for an entry [0, 0] arrives, and the
/// answer returns: cost 2
/// [1]     by the internet gateway; stops at the host: no public address
/// [1, 0]  arrives, and the answer returns: cost 2
/// ```
///
/// So a trace is a pure function of its choices, all ways are found by counting them up ([`crate::answer`]),
/// and the cheapest repair by taking the cheapest prefix first (`explain/repair.rs`).
pub(crate) fn trace(
    engine: &crate::Engine<'_>,
    choices: &Choices,
    start: &Start,
    target: &PacketEnd,
) -> Traced {
    let (source, client) = match start {
        Start::Interface(interface, packet_end) => (packet_end.clone(), Some(*interface)),
        Start::Outside(packet_end) => (packet_end.clone(), None),
    };
    let flow = Flow {
        target: target.clone(),
        client,
        nat: None,
        appliances: [Vec::new(), Vec::new()],
        egress_only: None,
    };
    let recorder = Recorder::new(engine, choices);
    let mut tracer = Tracer {
        recorder,
        source,
        target: target.clone(),
        role: Role::Service,
        entered: Entered::Here,
        transits: 0,
        taken: Vec::new(),
        flow,
    };
    let forward = match start {
        Start::Interface(interface, _) => tracer.leave(*interface),
        Start::Outside(_) => tracer.arrive(),
    };
    let there = tracer.recorder.trace.steps.len();
    let back = match &forward {
        Ok(End::Amazon) | Err(_) => None,
        Ok(_) if !engine.forwarding_rules.hold(ForwardingRule::RepliesNeedRoutes) => None,
        Ok(end) => Some(tracer.answer(*end)),
    };
    Traced {
        trace: tracer.recorder.trace,
        there,
        forward,
        back,
    }
}

type Step<T> = Result<T, Stop>;

impl<'a> Tracer<'a, '_> {
    fn network(&self) -> &'a crate::Network {
        self.recorder.engine.network
    }

    fn holds(&self, forwarding_rule: ForwardingRule) -> bool {
        self.recorder.engine.forwarding_rules.hold(forwarding_rule)
    }

    fn step(&mut self, check: Check) -> Step<()> {
        if self.recorder.trace.steps.len() > STEPS_MAX {
            let last = self
                .recorder
                .trace
                .via
                .last()
                .map_or("the network", String::as_str);
            return self.recorder.dead(Code::Loop, &Named::new(last), "");
        }
        self.recorder.step(check, self.role)
    }

    fn pass(&mut self, at: &Named, does: impl Into<String>) -> Step<()> {
        self.step(Check::Pass {
            at: at.clone(),
            does: does.into(),
        })
    }

    fn is_answer(&self) -> bool {
        self.recorder.trace.back
    }

    /// The appliances that were gone through on this way.
    fn appliances(&mut self) -> &mut Vec<usize> {
        let [there, back] = &mut self.flow.appliances;
        if self.recorder.trace.back { back } else { there }
    }

    /// Out of an interface.
    fn leave(&mut self, interface: usize) -> Step<End> {
        let network = self.network();
        let host = &network.interfaces[interface];
        if !host.running && self.holds(ForwardingRule::StoppedHostsAreSilent) {
            return self.recorder.dead(Code::NotRunning, &host.named, "");
        }
        if host.behind == Behind::Endpoint && !self.is_answer() {
            return self.recorder.dead(Code::EndpointStartsNothing, &host.named, "");
        }
        if let Some(place) = self.own_address(interface) {
            self.pass(&host.named, "its own address")?;
            return Ok(End::Interface(interface, place));
        }
        if self.is_amazon(network.vpc_of(interface)) {
            return Ok(End::Amazon);
        }
        if !matches!(host.behind, Behind::Service) || !host.security_groups.is_empty() {
            self.groups(interface, Direction::Egress, self.target.clone(), true)?;
        }
        self.is_modelled(interface)?;
        self.entered = Entered::Here;
        self.out_of_subnet(host.subnet, true)
    }

    /// The place of the target among the interface's own addresses.
    fn own_address(&self, interface: usize) -> Option<usize> {
        if let Owner::Interface(owner, place) = self.target.owner {
            return Some(place).filter(|_| owner == interface);
        }
        let Addresses::One(number) = self.target.at else {
            return None;
        };
        match self
            .recorder
            .engine
            .holder(self.network().vpc_of(interface), number)
        {
            Some(Owner::Interface(owner, place))
                if owner == interface && self.target.owner == Owner::Unresolved =>
            {
                Some(place)
            }
            _ => None,
        }
    }

    /// Amazon's own servers: no security group and no network ACL is asked about them, and nothing is routed
    /// there.
    fn is_amazon(&self, vpc: usize) -> bool {
        let Addresses::One(number) = self.target.at else {
            return false;
        };
        let resolver = |range: &ipnet::IpNet| bounds(range).0 + 2;
        let local = [
            "169.254.169.253",
            "169.254.169.254",
            "169.254.169.123",
            "fd00:ec2::253",
            "fd00:ec2::254",
            "fd00:ec2::123",
        ];
        self.network().vpcs[vpc]
            .ranges
            .first()
            .is_some_and(|range| resolver(range) == number)
            || local.iter().any(|text| {
                text.parse()
                    .is_ok_and(|address| crate::address::number(address) == number)
            })
    }

    /// Asks an interface's security groups about a new flow; they remember answers.
    fn groups(
        &mut self,
        interface: usize,
        direction: Direction,
        peer: PacketEnd,
        references: bool,
    ) -> Step<()> {
        let tracked = self.is_answer() && self.holds(ForwardingRule::GroupsRemember);
        let references = references || !self.holds(ForwardingRule::AppliancesHideGroupMembers);
        self.step(if tracked {
            Check::Tracked { interface }
        } else {
            Check::Groups {
                interface,
                direction,
                peer,
                references,
            }
        })
    }

    fn acl(&mut self, subnet: usize, direction: Direction) -> Step<()> {
        if self.is_answer() && !self.holds(ForwardingRule::AclsForget) {
            return Ok(());
        }
        let peer = if direction == Direction::Ingress {
            self.source.clone()
        } else {
            self.target.clone()
        };
        self.step(Check::Acl {
            subnet,
            direction,
            peer,
        })
    }

    /// Out of something that stands in a subnet, past its ACL where `filtered`.
    fn out_of_subnet(&mut self, subnet: usize, filtered: bool) -> Step<End> {
        let place = &self.network().subnets[subnet];
        let inside = match self.target.owner {
            Owner::Interface(index, _) if matches!(self.target.at, Addresses::Among(_)) => {
                if self.network().interfaces[index].subnet == subnet {
                    Match::Yes
                } else {
                    Match::No
                }
            }
            Owner::Nat(index) if matches!(self.target.at, Addresses::Among(_)) => {
                if self.network().nat_gateways[index].subnet == Some(subnet) {
                    Match::Yes
                } else {
                    Match::No
                }
            }
            _ => self.target.is_in_any(&place.ranges),
        };
        if inside == Match::Yes && self.holds(ForwardingRule::OwnSubnetSkipsAclAndRoutes) {
            return self.deliver(place.vpc, Some(subnet));
        }
        if filtered {
            self.acl(subnet, Direction::Egress)?;
        }
        self.route(subnet)
    }

    /// Puts the packet into the hands of a route's target.
    fn go(&mut self, target: &Target, vpc: usize, subnet: usize) -> Step<End> {
        let name = self.network().name_of(target).to_owned();
        if !self.network().has(target) {
            return Err(Stop::Unknown(format!("a route leads to {name}")));
        }
        self.recorder.trace.via.push(name);
        match target {
            Target::InternetGateway(index) => self.internet_gateway(*index, vpc, subnet),
            Target::NatGateway(index) => self.nat(*index, vpc, subnet),
            Target::Endpoint(index) => self.endpoint(*index, vpc),
            Target::Peering(index) => self.peering(*index, vpc),
            Target::TransitGateway(index) => self.transit(*index, vpc, subnet),
            Target::EgressOnlyGateway(index) => self.egress_only(*index, vpc, subnet),
            Target::Interface(index) => self.appliance(*index, subnet),
            Target::Blackhole(name) => self
                .recorder
                .dead(Code::Blackhole, &Named::new(name.as_str()), ""),
            Target::Other(name) => Err(Stop::Unknown(format!(
                "what {name} does with a packet is not modelled"
            ))),
        }
    }

    /// To whoever holds the target's address in a VPC; `subnet` is the one that the packet is in already,
    /// behind its ACL.
    fn deliver(&mut self, vpc: usize, subnet: Option<usize>) -> Step<End> {
        let network = self.network();
        let engine = self.recorder.engine;
        let by_address = if let Addresses::One(number) = self.target.at {
            engine.holder(vpc, number)
        } else {
            None
        };
        let is_here = |owner: Owner| match owner {
            Owner::Interface(index, _) => network.vpc_of(index) == vpc,
            Owner::Nat(index) => network.nat_gateways[index].vpc == vpc,
            _ => false,
        };
        let Vpc {
            named: at, unread, ..
        } = &network.vpcs[vpc];
        let owner = match (self.target.owner, by_address) {
            (owner, _) if is_here(owner) => owner,
            (Owner::Unresolved, Some(owner)) => owner,
            (Owner::Interface(index, _), _)
                if unread.identity || network.vpcs[network.vpc_of(index)].unread.identity =>
            {
                return Err(Stop::Unknown(format!(
                    "in which VPC {} is is not known",
                    network.interfaces[index].named.name
                )));
            }
            (Owner::Unresolved | Owner::Outside, None) if unread.hosts || self.is_anybodys(vpc) => {
                return Err(Stop::Unknown(format!(
                    "who has {} in {} is not known",
                    engine.describe(&self.target),
                    at.name
                )));
            }
            (Owner::Interface(..) | Owner::Nat(_), Some(_)) => {
                return self
                    .recorder
                    .dead(Code::WrongHost, at, engine.describe(&self.target));
            }
            _ => {
                return self
                    .recorder
                    .dead(Code::NoSuchHost, at, engine.describe(&self.target));
            }
        };
        self.target.owner = owner;
        let border = |own: usize| subnet != Some(own);
        match owner {
            Owner::Interface(index, place) => {
                let own = network.interfaces[index].subnet;
                if border(own) {
                    self.acl(own, Direction::Ingress)?;
                }
                self.enter(index, place)
            }
            Owner::Nat(index) => {
                if let Some(own) = network.nat_gateways[index].subnet
                    && border(own)
                    && self.holds(ForwardingRule::NatIsFilteredOnAllLegs)
                {
                    self.acl(own, Direction::Ingress)?;
                }
                self.unwind(index)
            }
            _ => self.recorder.dead(Code::NoSuchHost, at, ""),
        }
    }

    /// Whether somebody who is perhaps in a VPC has the target's address, or may get it.
    fn is_anybodys(&self, vpc: usize) -> bool {
        self.target.owner == Owner::Unresolved && self.recorder.engine.may_be_held(vpc, &self.target.set())
    }

    /// Into the interface that the packet is for.
    fn enter(&mut self, interface: usize, place: usize) -> Step<End> {
        let host = &self.network().interfaces[interface];
        if !host.running && self.holds(ForwardingRule::StoppedHostsAreSilent) {
            return self.recorder.dead(Code::NotRunning, &host.named, "");
        }
        match host.behind {
            Behind::Host | Behind::Nothing | Behind::Service => {}
            Behind::Endpoint if self.is_answer() => {}
            Behind::Endpoint => {
                let tcp = ServiceSet::tcp(0, u16::MAX);
                self.step(Check::Gate {
                    at: host.named.clone(),
                    services: tcp,
                    code: Code::EndpointProtocol,
                })?;
                self.recorder.assume(
                    "interface endpoints take TCP only; UDP, which a few services take, is not modelled",
                );
            }
        }
        let references = self.appliances().is_empty();
        if !matches!(host.behind, Behind::Service) || !host.security_groups.is_empty() {
            self.groups(interface, Direction::Ingress, self.source.clone(), references)?;
        }
        self.is_modelled(interface)?;
        Ok(End::Interface(interface, place))
    }

    /// Whether it is known what is behind an interface.
    fn is_modelled(&self, interface: usize) -> Step<()> {
        let host = &self.network().interfaces[interface];
        match host.behind {
            Behind::Host | Behind::Endpoint => Ok(()),
            Behind::Service => Err(Stop::Unknown(format!(
                "what {} does with a packet is not modelled",
                host.named.name
            ))),
            Behind::Nothing => Err(Stop::Unknown(format!(
                "nothing is attached to {} as yet",
                host.named.name
            ))),
        }
    }

    /// The way back of the answer, from where the packet ended.
    fn answer(&mut self, end: End) -> Step<()> {
        self.recorder.trace.back = true;
        self.role = if self.flow.nat.is_some() {
            Role::Nat
        } else {
            Role::Client
        };
        std::mem::swap(&mut self.source, &mut self.target);
        (self.entered, self.transits) = (Entered::Here, 0);
        let came = match end {
            End::Interface(interface, _) => self.leave(interface)?,
            End::Outside => self.arrive()?,
            End::Service(endpoint) => self.deliver(self.network().endpoints[endpoint].vpc, None)?,
            End::Imagined(vpc) => self.deliver(vpc, None)?,
            End::Amazon => return Ok(()),
        };
        let at = match came {
            End::Interface(index, _) => self.network().interfaces[index].named.clone(),
            _ => Named::new("internet"),
        };
        let is_client = match (came, self.flow.client) {
            (End::Interface(index, _), Some(client)) => index == client,
            (End::Outside, None) => true,
            _ => false,
        };
        if !is_client {
            return self
                .recorder
                .dead(Code::WrongHost, &at, "the answer comes to somebody else");
        }
        if self.flow.target.at != self.source.at {
            return self.recorder.dead(
                Code::ReplyChanged,
                &at,
                format!("it comes from {}", self.recorder.engine.describe(&self.source)),
            );
        }
        let [there, back] = &self.flow.appliances;
        if there.iter().collect::<std::collections::BTreeSet<_>>() != back.iter().collect() {
            return Err(Stop::Unknown(
                "the answer does not go through the same appliance".to_owned(),
            ));
        }
        Ok(())
    }

    /// Whether the target's address is one that an internet gateway carries packets to.
    fn is_private(&self, packet_end: &PacketEnd) -> bool {
        packet_end.family == Family::V4 && packet_end.is_among(&crate::address::private_v4()) == Match::Yes
    }
}
