//! The tracer through route tables: which route takes the packet, and which one a relaxed trace imagines.

use super::traced::End;
use super::{Step, Tracer};
use crate::code::Code;
use crate::forwarding_rules::ForwardingRule;
use crate::lookup::{Chosen, is_forbidden, lookup};
use crate::network::{Destination, Target};
use crate::packet_end::{Addresses, Match, Owner};
use crate::trace::{Check, Repair, Stop};

/// What a relaxed trace imagines a table to say.
#[derive(Clone, Debug)]
pub(super) enum Carrier {
    /// A route to this.
    Route(Target),
    /// A route to the internet gateway that the VPC does not have yet.
    NewGateway,
    /// A gateway endpoint that the VPC does not have yet.
    NewEndpoint,
    /// Nothing but the local route.
    Local,
}

/// A route that a relaxed trace imagines.
#[derive(Clone, Debug)]
pub(super) struct Imagined {
    pub carrier: Carrier,
    /// What the table has it for; none where it is the local route.
    pub destination: Option<Destination>,
}

/// What was taken from a table before.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub table: usize,
    /// For which target.
    pub at: Addresses,
    /// The destination of the route; none where it is the local route.
    pub destination: Option<Destination>,
    /// What a relaxed trace imagined it to lead to; none where the table has it.
    pub imagined: Option<Carrier>,
}

impl Tracer<'_, '_> {
    /// Through a subnet's route table.
    pub(super) fn route(&mut self, subnet: usize) -> Step<End> {
        let network = self.network();
        let place = &network.subnets[subnet];
        let table = if self.holds(ForwardingRule::ExplicitTableBeforeMain) {
            network.table_of(subnet)
        } else {
            network.vpcs[place.vpc].main_table
        };
        let never = ["169.254.168.0/22", "fd00:ec2::/32"];
        let local = |range: &&str| {
            range
                .parse()
                .is_ok_and(|range: ipnet::IpNet| self.target.is_in(&range) == Match::Yes)
        };
        if self.holds(ForwardingRule::LinkLocalIsNeverForwarded) && never.iter().any(local) {
            return self.recorder.dead(Code::LinkLocal, &place.named, "");
        }
        let Some(table) = table else {
            return Err(Stop::Unknown(format!(
                "the route table of {} is not known",
                place.named.name
            )));
        };
        if network.route_tables[table].unread {
            return Err(Stop::Unknown(format!(
                "the routes of {} are not known",
                network.route_tables[table].named.name
            )));
        }
        let chosen = lookup(self.recorder.engine, table, &self.target);
        let taken = *self.recorder.pick(&chosen, 0)?;
        if chosen.len() > 1 {
            let name = &network.route_tables[table].named.name;
            let target = self.recorder.engine.describe(&self.target);
            self.recorder.assume(format!(
                "which route of {name} takes {target} depends on addresses that are not known"
            ));
        }
        self.take(table, taken, subnet)
    }

    fn take(&mut self, table: usize, chosen: Chosen, subnet: usize) -> Step<End> {
        let network = self.network();
        let (named, vpc) = (
            &network.route_tables[table].named,
            network.route_tables[table].vpc,
        );
        let before = |taken: &&Taken| taken.table == table && taken.at == self.target.at;
        let mut imagined = self
            .taken
            .iter()
            .filter(before)
            .map(|taken| taken.imagined.clone());
        if let Some(carrier) = imagined.find_map(|carrier| carrier) {
            return self.carry(&carrier, vpc, subnet);
        }
        match chosen {
            Chosen::Local => {
                self.step(Check::Table {
                    table,
                    route: None,
                    target: self.target.clone(),
                })?;
                self.deliver(vpc, None)
            }
            Chosen::Route(index) if is_forbidden(self.recorder.engine, table, index, &self.target) => {
                let failure = crate::trace::Failure {
                    code: Code::ForbiddenRoute,
                    at: named.clone(),
                    detail: format!(
                        "to {}",
                        network.name_of(&network.route_tables[table].route(index).target)
                    ),
                };
                Err(Stop::Invalid(Box::new(failure)))
            }
            Chosen::Route(index) => {
                let target = &network.route_tables[table].route(index).target;
                match target {
                    Target::Blackhole(name) => self.reroute(
                        Code::Blackhole,
                        (table, Some(index)),
                        subnet,
                        format!("it led to {name}"),
                    ),
                    _ if self.recorder.choices.wanted.is_some() && !self.leads(target, vpc) => {
                        let route = crate::wording::route(self.recorder.engine, table, index);
                        self.reroute(Code::RouteTarget, (table, Some(index)), subnet, route)
                    }
                    target => {
                        self.step(Check::Table {
                            table,
                            route: Some(index),
                            target: self.target.clone(),
                        })?;
                        let destination = network.route_tables[table].route(index).destination.clone();
                        self.remember(table, Some(destination), None);
                        self.go(target, vpc, subnet)
                    }
                }
            }
            Chosen::Nothing => self.reroute(
                Code::NoRoute,
                (table, None),
                subnet,
                format!("for {}", self.recorder.engine.describe(&self.target)),
            ),
        }
    }

    /// The table leads nowhere, or its route that matches does. A relaxed trace tries a route to each thing
    /// of the VPC that could carry the packet.
    fn reroute(
        &mut self,
        code: Code,
        (table, route): (usize, Option<usize>),
        subnet: usize,
        detail: String,
    ) -> Step<End> {
        let network = self.network();
        let vpc = network.route_tables[table].vpc;
        if let Some((nat, ..)) = self.flow.nat.as_ref().filter(|_| !self.is_answer())
            && network.nat_gateways[*nat].subnet == Some(subnet)
            && self.source.owner == Owner::Nat(*nat)
        {
            return self.stranded(*nat, subnet);
        }
        let matched = route.map(|route| network.route_tables[table].route(route));
        let mut named = network.route_tables[table].named.clone();
        named.source = matched.and_then(|route| route.source.clone()).or(named.source);
        // Another route here would also change what was taken from this table before.
        let here = || self.taken.iter().filter(|taken| taken.table == table);
        let used = here().any(|taken| taken.at == self.target.at);
        let relaxed = self.recorder.choices.wanted.is_some() && !used;
        let mut repairs = if relaxed {
            self.carriers(table, subnet, matched)
        } else {
            Vec::new()
        };
        // A table has one route for a destination. What was imagined for it before carries this packet too,
        // and where the table's own carried an earlier one, it cannot change.
        let other = |repair: &Repair<Imagined>| {
            here().find(|taken| taken.destination.is_some() && taken.destination == repair.to.destination)
        };
        let known = repairs.iter().find_map(|repair| other(repair)?.imagined.clone());
        repairs.retain(|repair| other(repair).is_none());
        if let Some(carrier) = known {
            return self.carry(&carrier, vpc, subnet);
        }
        let Imagined { carrier, destination } =
            self.recorder.fail(code, &named, detail, self.role, &repairs)?;
        self.remember(table, destination, Some(carrier.clone()));
        self.carry(&carrier, vpc, subnet)
    }

    /// Goes on as a relaxed trace imagines.
    fn carry(&mut self, carrier: &Carrier, vpc: usize, subnet: usize) -> Step<End> {
        match carrier {
            Carrier::Route(target) => self.go(target, vpc, subnet),
            Carrier::NewGateway => self.out(vpc, Some(subnet), true),
            Carrier::NewEndpoint => self.new_endpoint(vpc),
            Carrier::Local => self.deliver(vpc, None),
        }
    }

    /// Keeps in mind what a relaxed trace took from a table.
    fn remember(&mut self, table: usize, destination: Option<Destination>, imagined: Option<Carrier>) {
        if self.recorder.choices.wanted.is_some() {
            self.taken.push(Taken {
                table,
                at: self.target.at.clone(),
                destination,
                imagined,
            });
        }
    }
}
