//! Causes: the resources of a plan whose change is the reason for a change of reachability.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Address, Observed, Plan, Ref, Topology};

use super::{Change, End, SERVICES, Sets, Shift, sets, shifts, spot};
use crate::engine::{Engine, Ready};
use crate::fill::{Lists, observed, planned};
use crate::party::{Member, Party, between, reach};

/// How many networks with one change less are tried for one plan.
const TRIED_MAX: usize = 40;

/// The reasons for changes, of one plan.
pub struct Causes<'a> {
    topology: &'a Topology,
    live: &'a Observed,
    plan: &'a Plan,
    before: &'a Engine<'a>,
    after: &'a Engine<'a>,
    /// The Elastic IPs that an instance or a NAT gateway has before or after, all by name.
    elastic_ips: BTreeMap<String, BTreeSet<String>>,
    /// The network without the change at an address.
    without: BTreeMap<Address, Ready>,
}

/// What differs and may be a reason.
#[derive(Default)]
struct Near {
    /// What is the ends' own.
    own: Vec<Address>,
    /// What packets of their VPCs may go through.
    through: Vec<Address>,
}

/// Looks for reasons of what changes from one network to another.
pub fn causes<'a>(topology: &'a Topology, live: &'a Observed, plan: &'a Plan, engines: (&'a Engine<'a>, &'a Engine<'a>)) -> Causes<'a> {
    let (before, after) = engines;
    Causes { topology, live, plan, before, after, elastic_ips: elastic_ips(topology, live), without: BTreeMap::new() }
}

fn elastic_ips(topology: &Topology, live: &Observed) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeMap<&str, &str> =
        live.objects.iter().filter_map(|object| Some((object.id.as_str(), object.claim(&topology.name)?))).collect();
    let told = |reference: &Ref| match reference {
        Ref::Name(address) => Some(address.to_string()),
        Ref::Id(id) => names.get(id.as_str()).map(|name| (*name).to_owned()),
    };
    let wanted = topology.resources.values().map(|resource| (resource.address.to_string(), &resource.record));
    let there = live.objects.iter().filter_map(|object| Some((object.claim(&topology.name)?.to_owned(), &object.record)));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (user, record) in wanted.chain(there) {
        if let Some(name) = record.reference("elastic_ip").and_then(told) {
            found.entry(user).or_default().insert(name);
        }
    }
    found
}

impl Causes<'_> {
    /// The addresses without whose change this one would not be, in their order. Hosts that come or go are reason enough.
    pub fn of(&mut self, change: &Change) -> Vec<String> {
        let ends: BTreeSet<Address> = [&change.from, &change.to].into_iter().flat_map(hosts).collect();
        let is_in = |engine: &Engine<'_>, name: &str| engine.network.interfaces.iter().any(|interface| interface.named.name == name);
        let names = ends.iter().map(ToString::to_string);
        let own: BTreeSet<String> = names.filter(|name| !is_in(self.before, name) || !is_in(self.after, name)).collect();
        if !own.is_empty() {
            return own.into_iter().collect();
        }
        let Near { own, through } = self.near(&ends);
        let mut needed: Vec<&Address> = Vec::new();
        let mut is_all_tried = true;
        if own.len() + through.len() > 1 {
            // Beyond the limit the ends' own parts are taken to be needed, and nothing else is.
            let all = own.iter().map(|address| (address, true)).chain(through.iter().map(|address| (address, false)));
            for (address, is_own) in all {
                let found = self.is_needed(address, change);
                is_all_tried &= found.is_some();
                needed.extend(found.unwrap_or(is_own).then_some(address));
            }
        }
        // Where each of several alone would be enough, all of them are the reason.
        let told: BTreeSet<&Address> = match (needed.is_empty(), is_all_tried) {
            (false, _) => needed.into_iter().collect(),
            (true, true) => own.iter().chain(&through).collect(),
            (true, false) => own.iter().collect(),
        };
        told.into_iter().map(ToString::to_string).collect()
    }

    /// What differs and is near the ends.
    fn near(&self, ends: &BTreeSet<Address>) -> Near {
        let names: BTreeSet<String> = ends.iter().map(ToString::to_string).collect();
        let elastic_ips = |user: &String| self.elastic_ips.get(user).into_iter().flatten().cloned();
        let mut parts = names.clone();
        parts.extend(names.iter().flat_map(elastic_ips));
        let mut through: BTreeSet<String> = BTreeSet::new();
        for network in [self.before.network, self.after.network] {
            let mut vpcs: BTreeSet<usize> = BTreeSet::new();
            for (index, interface) in network.interfaces.iter().enumerate().filter(|(_, own)| names.contains(&own.named.name)) {
                vpcs.insert(network.vpc_of(index));
                parts.insert(network.subnets[interface.subnet].named.name.clone());
                parts.insert(network.vpcs[network.vpc_of(index)].named.name.clone());
                parts.extend(network.table_of(interface.subnet).map(|table| network.route_tables[table].named.name.clone()));
                parts.extend(network.acl_of(interface.subnet).map(|acl| network.network_acls[acl].named.name.clone()));
                parts.extend(interface.security_groups.iter().map(|group| network.security_groups[*group].named.name.clone()));
            }
            let gateways = network.internet_gateways.iter().filter_map(|gateway| Some((gateway.vpc?, &gateway.named)));
            let gateways = gateways.chain(network.endpoints.iter().map(|endpoint| (endpoint.vpc, &endpoint.named)));
            let gateways = gateways.chain(network.nat_gateways.iter().map(|gateway| (gateway.vpc, &gateway.named)));
            through.extend(gateways.filter(|(vpc, _)| vpcs.contains(vpc)).map(|(_, named)| named.name.clone()));
        }
        let addresses: Vec<String> = through.iter().flat_map(elastic_ips).collect();
        through.extend(addresses);
        let mut near = Near::default();
        for address in self.plan.changes.iter().map(|change| &change.address) {
            let name = address.to_string();
            if parts.contains(&name) {
                near.own.push(address.clone());
            } else if through.contains(&name) {
                near.through.push(address.clone());
            }
        }
        near
    }

    /// Whether the change would not be, or would be less, without that of an address; `None` where too many were tried.
    fn is_needed(&mut self, address: &Address, change: &Change) -> Option<bool> {
        if !self.without.contains_key(address) {
            if self.without.len() >= TRIED_MAX {
                return None;
            }
            let left = planned(self.topology, self.live, self.plan, Some(address));
            self.without.insert(address.clone(), Ready::new(observed(&left, &self.topology.name, &Lists::new())));
        }
        let without = self.without[address].engine();
        let left = shifts(&answer(self.before, change), &answer(&without, change));
        let same = |shift: &&Shift| shift.before == change.shift.before && shift.after == change.shift.after;
        Some(!left.iter().find(same).is_some_and(|shift| shift.over.is_superset(&change.shift.over)))
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
