//! Causes: the resources of a plan whose change is the reason for a change of reachability.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Address, Kind, Observed, Plan, Topology};

use super::{Change, End, SERVICES, Sets, Step, sets, spot, steps};
use crate::engine::Engine;
use crate::fill::{Lists, observed, planned};
use crate::network::Network;
use crate::party::{Member, Party, between, reach};

/// How many networks with one change less are tried for one plan.
const TRIED_MAX: usize = 40;

/// The reasons for changes, of one plan.
pub struct Causes<'a> {
    topology: &'a Topology,
    live: &'a Observed,
    plan: &'a Plan,
    before: &'a Network,
    after: &'a Network,
    /// The network without the change at an address.
    without: BTreeMap<Address, Network>,
}

/// Looks for reasons of what changes from one network to another.
pub fn causes<'a>(topology: &'a Topology, live: &'a Observed, plan: &'a Plan, networks: (&'a Network, &'a Network)) -> Causes<'a> {
    Causes { topology, live, plan, before: networks.0, after: networks.1, without: BTreeMap::new() }
}

impl Causes<'_> {
    /// The addresses without whose change this one would not be, in their order. Hosts that come or go are reason enough.
    pub fn of(&mut self, change: &Change) -> Vec<String> {
        let ends: BTreeSet<Address> = [&change.from, &change.to].into_iter().flat_map(hosts).collect();
        let is_in = |network: &Network, name: &str| network.interfaces.iter().any(|interface| interface.named.name == name);
        let names = ends.iter().map(ToString::to_string);
        let own: BTreeSet<String> = names.filter(|name| !is_in(self.before, name) || !is_in(self.after, name)).collect();
        if !own.is_empty() {
            return own.into_iter().collect();
        }
        let near = self.near(&ends);
        let needed: Vec<&Address> =
            if near.len() < 2 { Vec::new() } else { near.iter().filter(|address| self.is_needed(address, change)).collect() };
        // Where each of several alone would be enough, all of them are the reason.
        let told = if needed.is_empty() { near.iter().collect() } else { needed };
        told.into_iter().map(ToString::to_string).collect()
    }

    /// What differs and is near the ends: their own parts, and what packets of their VPCs may go through.
    fn near(&self, ends: &BTreeSet<Address>) -> Vec<Address> {
        let names: BTreeSet<String> = ends.iter().map(ToString::to_string).collect();
        let mut parts = names.clone();
        for network in [self.before, self.after] {
            for (index, interface) in network.interfaces.iter().enumerate().filter(|(_, own)| names.contains(&own.named.name)) {
                parts.insert(network.subnets[interface.subnet].named.name.clone());
                parts.insert(network.vpcs[network.vpc_of(index)].named.name.clone());
                parts.extend(network.table_of(interface.subnet).map(|table| network.route_tables[table].named.name.clone()));
                parts.extend(network.acl_of(interface.subnet).map(|acl| network.network_acls[acl].named.name.clone()));
                parts.extend(interface.security_groups.iter().map(|group| network.security_groups[*group].named.name.clone()));
            }
        }
        let carries = |kind: Kind| matches!(kind, Kind::InternetGateway | Kind::NatGateway | Kind::VpcEndpoint | Kind::ElasticIp);
        let differing = self.plan.changes.iter().map(|change| &change.address);
        differing.filter(|address| carries(address.kind) || parts.contains(&address.to_string())).cloned().collect()
    }

    /// Whether the change would not be, or would be less, without that of an address.
    fn is_needed(&mut self, address: &Address, change: &Change) -> bool {
        if !self.without.contains_key(address) {
            if self.without.len() >= TRIED_MAX {
                return true;
            }
            let left = planned(self.topology, self.live, self.plan, Some(address));
            self.without.insert(address.clone(), observed(&left, &self.topology.name, &Lists::new()));
        }
        let (old, new) = (Engine::new(self.before), Engine::new(&self.without[address]));
        let left = steps(&answer(&old, change), &answer(&new, change));
        let same = |step: &&Step| step.before == change.step.before && step.after == change.step.after;
        !left.iter().find(same).is_some_and(|step| step.over.is_superset(&change.step.over))
    }
}

fn hosts(end: &End) -> Vec<Address> {
    match end {
        End::Hosts(names) => names.iter().filter_map(|name| name.parse().ok()).collect(),
        _ => Vec::new(),
    }
}

/// What works between the ends of a change, of the first host where there are several.
fn answer(engine: &Engine<'_>, change: &Change) -> Sets {
    let find = |name: &String| engine.network.interfaces.iter().position(|interface| interface.named.name == *name);
    let host = |names: &[String]| names.first().and_then(find).map(Member::Interface);
    let named = |names: &[String]| names.first().cloned().map(Party::Named);
    let found = match (&change.from, &change.to) {
        (End::Outside(_, family, set), End::Hosts(to)) => host(to).map(|to| between(engine, &Member::Outside(spot(*family, set)), &to)),
        (End::Hosts(from), End::Hosts(to)) => {
            // Hosts of one group among each other: two of them.
            let other = if from == to { to.get(1) } else { to.first() };
            host(from).zip(other.and_then(find)).map(|(from, to)| between(engine, &from, &Member::Interface(to)))
        }
        (End::Hosts(from), End::Internet) => named(from).and_then(|from| reach(engine, &from, &Party::Internet).ok()),
        (End::Hosts(from), End::Service(name)) => {
            let service = SERVICES.into_iter().find(|service| service == name).map(|name| Party::Service(name.to_owned()));
            named(from).zip(service).and_then(|(from, to)| reach(engine, &from, &to).ok())
        }
        _ => None,
    };
    found.map(|answer| sets(&answer)).unwrap_or_default()
}
