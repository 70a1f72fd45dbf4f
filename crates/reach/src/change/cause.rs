//! Causes: the resources of a plan whose change is the reason for a change of reachability.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trueup_model::attr::ELASTIC_IP;
use trueup_model::{Address, Observed, Plan, Ref, Topology};

use super::{Change, End, Row, Sets, Shift, packet_end, sets, shifts};
use crate::engine::{Engine, Ready};
use crate::fill::{after_plan, left};
use crate::network::{Endpoint, Network, Target};
use crate::question::{between, reach};
use crate::selector::{Selected, Selector};

/// How many networks with one change less are tried for one plan.
const TRIED_MAX: usize = 40;

/// Pairs of a row that are all looked at; of more, as many as show each end once.
const PAIRS_MAX: usize = 64;

/// Pairs of a row for which changes are left out, one at a time; of them the first ones anyhow, and others
/// where other changes are near.
const PAIRS_TRIED_MAX: usize = 16;
const PAIRS_TRIED_ANYHOW: usize = 4;

/// The reasons for changes, of one plan.
pub struct Causes<'a> {
    topology: &'a Topology,
    live: &'a Observed,
    plan: &'a Plan,
    before: &'a Engine<'a>,
    after: &'a Engine<'a>,
    /// The Elastic IPs that an instance or a NAT gateway has before or after, all by name.
    elastic_ips: BTreeMap<String, BTreeSet<String>>,
    /// What the plan changes, by name.
    changed: BTreeMap<String, Address>,
    /// The hosts before and after, by name.
    hosts: [HashMap<&'a str, usize>; 2],
    /// The endpoints that interfaces are of, by name.
    owners: HashMap<&'a str, &'a str>,
    /// The network without the change at an address.
    without: BTreeMap<Address, Ready>,
}

/// What differs and may be a reason.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Near {
    /// What is an end's own.
    own: BTreeSet<Address>,
    /// What packets of its VPC may go through.
    through: BTreeSet<Address>,
}

impl Near {
    fn and(&self, other: &Self) -> Self {
        let own = &self.own | &other.own;
        let through = &(&self.through | &other.through) - &own;
        Self { own, through }
    }
}

/// Looks for reasons of what changes from one network to another.
pub fn causes<'a>(
    topology: &'a Topology,
    live: &'a Observed,
    plan: &'a Plan,
    engines: (&'a Engine<'a>, &'a Engine<'a>),
) -> Causes<'a> {
    let (before, after) = engines;
    let changed = plan
        .changes
        .iter()
        .map(|change| (change.address.to_string(), change.address.clone()))
        .collect();
    let hosts = [before, after].map(|engine| {
        let interfaces = engine.network.interfaces.iter().enumerate();
        interfaces
            .map(|(index, interface)| (interface.named.name.as_str(), index))
            .collect()
    });
    let elastic_ips = elastic_ips(topology, live);
    Causes {
        topology,
        live,
        plan,
        before,
        after,
        elastic_ips,
        changed,
        hosts,
        owners: [before, after].into_iter().flat_map(owners).collect(),
        without: BTreeMap::new(),
    }
}

/// The interfaces of endpoints with what they are of, by name.
fn owners<'a>(engine: &'a Engine<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let network = engine.network;
    network.endpoints.iter().flat_map(|endpoint| {
        endpoint.interfaces().iter().map(|own| {
            (
                network.interfaces[*own].named.name.as_str(),
                endpoint.named.name.as_str(),
            )
        })
    })
}

fn elastic_ips(topology: &Topology, live: &Observed) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeMap<&str, &str> = live
        .objects
        .iter()
        .filter_map(|object| Some((object.id.as_str(), object.claim(&topology.name)?)))
        .collect();
    let reported = |reference: &Ref| match reference {
        Ref::Name(address) => Some(address.to_string()),
        Ref::Id(id) => names.get(id.as_str()).map(|name| (*name).to_owned()),
    };
    let wanted = topology
        .resources
        .values()
        .map(|resource| (resource.address.to_string(), &resource.record));
    let there = live
        .objects
        .iter()
        .filter_map(|object| Some((object.claim(&topology.name)?.to_owned(), &object.record)));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (user, record) in wanted.chain(there) {
        if let Some(name) = record.get(ELASTIC_IP).and_then(reported) {
            found.entry(user).or_default().insert(name);
        }
    }
    found
}

impl Causes<'_> {
    /// The addresses without whose change those of a row would not be, in their order. Hosts that come or go
    /// are reason enough.
    pub fn of(&mut self, row: &Row) -> Vec<String> {
        let mut reported: BTreeSet<String> = row
            .from
            .iter()
            .chain(&row.to)
            .flat_map(|end| self.passing(end))
            .collect();
        let [from, to] = [&row.from, &row.to].map(|ends| {
            let staying = ends.iter().filter(|end| self.passing(end).is_empty());
            staying.map(|end| (end, self.near(end))).collect::<Vec<_>>()
        });
        let (mut seen, mut tried) = (BTreeSet::new(), 0);
        for ((from, near_from), (to, near_to)) in pairs(&from, &to) {
            let outside = [from, to].map(|end| Some(end).filter(|end| !matches!(end, End::Hosts(_))));
            if !seen.insert((near_from, near_to, outside)) && tried >= PAIRS_TRIED_ANYHOW {
                continue;
            }
            let near = near_from.and(near_to);
            let is_plain = near.own.len() + near.through.len() <= 1;
            tried += usize::from(!is_plain);
            let found = if is_plain {
                &near.own | &near.through
            } else {
                self.needed(
                    near,
                    (tried <= PAIRS_TRIED_MAX).then(|| row.change(from, to)).as_ref(),
                )
            };
            reported.extend(found.iter().map(ToString::to_string));
        }
        reported.into_iter().collect()
    }

    /// What of that which is near a change is needed for it: each is tried to be left out. Without a change
    /// nothing is tried.
    fn needed(&mut self, near: Near, change: Option<&Change>) -> BTreeSet<Address> {
        let Near { own, through } = near;
        let mut needed: BTreeSet<Address> = BTreeSet::new();
        let mut is_all_tried = true;
        // Beyond the limit the ends' own parts are taken to be needed, and nothing else is.
        for (address, is_own) in own
            .iter()
            .map(|address| (address, true))
            .chain(through.iter().map(|address| (address, false)))
        {
            let found = change.and_then(|change| self.is_needed(address, change));
            is_all_tried &= found.is_some();
            needed.extend(found.unwrap_or(is_own).then(|| address.clone()));
        }
        // Where each of several alone would be enough, all of them are the reason.
        match (needed.is_empty(), is_all_tried) {
            (false, _) => needed,
            (true, true) => &own | &through,
            (true, false) => own,
        }
    }

    /// The hosts of an end that come or go.
    fn passing(&self, end: &End) -> Vec<String> {
        let End::Hosts(names) = end else { return Vec::new() };
        let is_passing = |name: &&String| self.hosts.iter().any(|hosts| !hosts.contains_key(name.as_str()));
        names
            .iter()
            .filter(is_passing)
            .map(|name| self.owner(name))
            .collect()
    }

    /// What a host belongs to: an interface of an endpoint to that, and any other one to itself.
    fn owner(&self, host: &str) -> String {
        (*self.owners.get(host).unwrap_or(&host)).to_owned()
    }

    /// What differs and is near an end.
    fn near(&self, end: &End) -> Near {
        let End::Hosts(names) = end else {
            return Near::default();
        };
        let elastic_ips = |user: &String| self.elastic_ips.get(user).into_iter().flatten().cloned();
        let mut parts: BTreeSet<String> = names.iter().map(|name| self.owner(name)).collect();
        parts.extend(names.iter().flat_map(elastic_ips));
        let mut through: BTreeSet<String> = BTreeSet::new();
        for (engine, hosts) in [self.before, self.after].into_iter().zip(&self.hosts) {
            let network = engine.network;
            // The hosts of an end are alike: all are in the subnet of the first, and have its groups.
            let Some(&host) = names.first().and_then(|name| hosts.get(name.as_str())) else {
                continue;
            };
            let (subnet, vpc) = (network.interfaces[host].subnet, network.vpc_of(host));
            parts.extend(of_subnet(network, subnet));
            parts.insert(network.vpcs[vpc].named.name.clone());
            parts.extend(groups(network, host));
            let gateways = network
                .internet_gateways
                .iter()
                .filter_map(|gateway| Some((gateway.vpc?, &gateway.named)));
            let gateways = gateways.chain(
                network
                    .endpoints
                    .iter()
                    .map(|endpoint| (endpoint.vpc, &endpoint.named)),
            );
            let gateways = gateways.chain(
                network
                    .nat_gateways
                    .iter()
                    .map(|gateway| (gateway.vpc, &gateway.named)),
            );
            through.extend(
                gateways
                    .filter(|(own, _)| *own == vpc)
                    .map(|(_, named)| named.name.clone()),
            );
            through.extend(behind_names(network, vpc));
            through.extend(between_subnets(network, subnet));
        }
        let addresses: Vec<String> = through.iter().flat_map(elastic_ips).collect();
        through.extend(addresses);
        let changed = |names: &BTreeSet<String>| {
            names
                .iter()
                .filter_map(|name| self.changed.get(name))
                .cloned()
                .collect()
        };
        let (own, through): (BTreeSet<Address>, BTreeSet<Address>) = (changed(&parts), changed(&through));
        Near {
            through: &through - &own,
            own,
        }
    }

    /// Whether the change would not be, or would be less, without that of an address; `None` where too many
    /// were tried.
    fn is_needed(&mut self, address: &Address, change: &Change) -> Option<bool> {
        if !self.without.contains_key(address) {
            if self.without.len() >= TRIED_MAX {
                return None;
            }
            let without = after_plan(self.topology, self.live, self.plan, Some(address));
            self.without
                .insert(address.clone(), Ready::new(left(&without, self.topology)));
        }
        let without = self.without.get(address)?.engine();
        let left = shifts(&answer(self.before, change), &answer(&without, change));
        let same = |shift: &&Shift| shift.before == change.shift.before && shift.after == change.shift.after;
        Some(
            !left
                .iter()
                .find(same)
                .is_some_and(|shift| shift.over.is_superset(&change.shift.over)),
        )
    }
}

/// Pairs of what is in two lists: all of them where they are few, else enough to have each at least once.
fn pairs<'p, T>(from: &'p [T], to: &'p [T]) -> Vec<(&'p T, &'p T)> {
    if from.len() * to.len() <= PAIRS_MAX {
        return from
            .iter()
            .flat_map(|from| to.iter().map(move |to| (from, to)))
            .collect();
    }
    from.iter()
        .cycle()
        .zip(to.iter().cycle())
        .take(from.len().max(to.len()))
        .collect()
}

/// The names of a subnet and of what decides at its border.
fn of_subnet(network: &Network, subnet: usize) -> impl Iterator<Item = String> {
    let table = network
        .table_of(subnet)
        .map(|table| &network.route_tables[table].named);
    let acl = network.acl_of(subnet).map(|acl| &network.network_acls[acl].named);
    [Some(&network.subnets[subnet].named), table, acl]
        .into_iter()
        .flatten()
        .map(|named| named.name.clone())
}

/// The names of a host's groups.
fn groups(network: &Network, host: usize) -> impl Iterator<Item = String> {
    network.interfaces[host]
        .security_groups
        .iter()
        .map(|group| network.security_groups[*group].named.name.clone())
}

/// The names of what packets cross where the table of a subnet leads them through another one, by a NAT
/// gateway or an appliance.
fn between_subnets(network: &Network, subnet: usize) -> BTreeSet<String> {
    let routes = network
        .table_of(subnet)
        .into_iter()
        .flat_map(|table| &network.route_tables[table].routes);
    let mut names = BTreeSet::new();
    for route in routes {
        match route.target {
            Target::NatGateway(nat) => names.extend(
                network.nat_gateways[nat]
                    .subnet
                    .into_iter()
                    .flat_map(|own| of_subnet(network, own)),
            ),
            Target::Interface(host) => {
                names.insert(network.interfaces[host].named.name.clone());
                names
                    .extend(groups(network, host).chain(of_subnet(network, network.interfaces[host].subnet)));
            }
            _ => {}
        }
    }
    names
}

/// The names of what packets meet where services' names lead in a VPC: at the interfaces of its endpoints.
fn behind_names(network: &Network, vpc: usize) -> BTreeSet<String> {
    let endpoints = network.endpoints.iter();
    let interfaces = endpoints
        .filter(|endpoint| endpoint.vpc == vpc && endpoint.private_dns)
        .flat_map(Endpoint::interfaces);
    interfaces
        .flat_map(|own| groups(network, *own).chain(of_subnet(network, network.interfaces[*own].subnet)))
        .collect()
}

/// What works between the ends of a change, of the first host where there are several.
fn answer(engine: &Engine<'_>, change: &Change) -> Sets {
    let find = |name: &String| {
        engine
            .network
            .interfaces
            .iter()
            .position(|interface| interface.named.name == *name)
    };
    let host = |names: &[String]| names.first().and_then(find).map(Selected::Interface);
    let named = |names: &[String]| names.first().cloned().map(Selector::Named);
    let found = match (&change.from, &change.to) {
        (End::Outside(from), End::Hosts(to)) => host(to).map(|to| {
            between(
                engine,
                &Selected::Outside(packet_end(from.family, &from.set)),
                &to,
            )
        }),
        (End::Hosts(from), End::Hosts(to)) => {
            // Hosts of one group among each other: two of them.
            let other = if from == to { to.get(1) } else { to.first() };
            host(from)
                .zip(other.and_then(find))
                .map(|(from, to)| between(engine, &from, &Selected::Interface(to)))
        }
        (End::Hosts(from), End::Internet) => {
            named(from).and_then(|from| reach(engine, &from, &Selector::Internet).ok())
        }
        (End::Hosts(from), End::Service(name)) => {
            named(from).and_then(|from| reach(engine, &from, &Selector::Service(name.clone())).ok())
        }
        _ => None,
    };
    found.map(|answer| sets(&answer)).unwrap_or_default()
}
