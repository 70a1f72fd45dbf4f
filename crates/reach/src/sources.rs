//! Source addresses: by which address hosts appear on the internet before a plan and after it. Whoever lets
//! in only the old one shuts them out, and nothing on this side shows it.
//!
//! It goes by routes alone: through a NAT gateway all hosts of a subnet appear as the gateway, and through an
//! internet gateway each one by its own public address. Whether groups let out anything at all is what the
//! changes of reachability are about.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ipnet::IpNet;
use trueup_model::{Plan, PublicSubnet, SourceAddress, SourceChange};

use crate::address::{AddressSet, Family, of_range, public};
use crate::engine::Engine;
use crate::lookup::{Chosen, lookup};
use crate::network::{Assignment, Destination, Interface, Named, Subnet, Table, Target};
use crate::packet_end::{Listed, Owner, PacketEnd};

/// How packets of a subnet come to the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exit {
    /// Each host by its own public address.
    AddressPair,
    /// By a NAT gateway.
    Nat(usize),
    /// By something that may put any address in the place of theirs.
    By(String),
}

/// A subnet before and after, by their indexes.
type Pair = (usize, usize);

/// What is reported together: the addresses before and after.
type Key = (SourceAddress, SourceAddress);

/// Who appears by other addresses, and the reasons.
#[derive(Default)]
struct Row {
    subnets: BTreeSet<String>,
    hosts: BTreeSet<String>,
    because: BTreeSet<String>,
}

/// Who appears on the internet by another address after a plan. What does not reach the internet before or
/// does not afterwards has no address there, and is reported as what closes or opens.
pub fn source_changes(before: &Engine<'_>, after: &Engine<'_>, plan: &Plan) -> Vec<SourceChange> {
    let changed: BTreeSet<String> = plan
        .changes
        .iter()
        .map(|change| change.address.to_string())
        .collect();
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    let mut known: HashMap<[Option<usize>; 2], Vec<(Exit, Exit)>> = HashMap::new();
    for (old, new) in same(
        before,
        after,
        |engine| &engine.network.subnets,
        |subnet: &Subnet| &subnet.named,
    ) {
        let tables = [before.network.table_of(old), after.network.table_of(new)];
        let exits = known
            .entry(tables)
            .or_insert_with(|| exits(before, after, tables));
        for (from, to) in &*exits {
            let key = addresses([(before, from, None), (after, to, None)]);
            let Some(key) = key else { continue };
            let row = rows.entry(key).or_default();
            row.subnets.insert(before.network.subnets[old].named.name.clone());
            row.because
                .insert(reason(before, after, (old, new), tables, Some((from, to))));
        }
    }
    for (old, new) in same(
        before,
        after,
        |engine| &engine.network.interfaces,
        |host: &Interface| &host.named,
    ) {
        let (host, later) = (&before.network.interfaces[old], &after.network.interfaces[new]);
        let tables = [
            before.network.table_of(host.subnet),
            after.network.table_of(later.subnet),
        ];
        let exits = known
            .entry(tables)
            .or_insert_with(|| exits(before, after, tables));
        for (from, to) in exits
            .iter()
            .filter(|(from, to)| [from, to].contains(&&Exit::AddressPair))
        {
            let key = addresses([(before, from, Some(host)), (after, to, Some(later))]);
            let Some(key) = key else { continue };
            let row = rows.entry(key).or_default();
            row.hosts.insert(host.named.name.clone());
            row.because.insert(
                if from == to || host.subnet_name(before) != later.subnet_name(after) {
                    host.named.name.clone()
                } else {
                    reason(
                        before,
                        after,
                        (host.subnet, later.subnet),
                        tables,
                        Some((from, to)),
                    )
                },
            );
        }
    }
    let reported = |((before, after), row): (Key, Row)| SourceChange {
        subnets: row.subnets.into_iter().collect(),
        hosts: row.hosts.into_iter().collect(),
        before,
        after,
        because: row
            .because
            .into_iter()
            .filter(|name| changed.contains(name))
            .collect(),
    };
    rows.into_iter().map(reported).collect()
}

/// The subnets that are there before and after, and from which a route leads to an internet gateway only
/// afterwards.
pub fn public_subnets(before: &Engine<'_>, after: &Engine<'_>) -> Vec<PublicSubnet> {
    let (mut old_tables, mut new_tables): (HashMap<usize, bool>, HashMap<usize, bool>) = Default::default();
    let is_public = |known: &mut HashMap<usize, bool>, engine: &Engine<'_>, table: Option<usize>| {
        let leads_out = |table: usize| {
            pieces(&[(engine, table)])
                .iter()
                .any(|piece| exit(engine, table, piece) == Some(Exit::AddressPair))
        };
        table.is_some_and(|table| *known.entry(table).or_insert_with(|| leads_out(table)))
    };
    let mut public = BTreeSet::new();
    for (old, new) in same(
        before,
        after,
        |engine| &engine.network.subnets,
        |subnet: &Subnet| &subnet.named,
    ) {
        let tables = [before.network.table_of(old), after.network.table_of(new)];
        if is_public(&mut new_tables, after, tables[1]) && !is_public(&mut old_tables, before, tables[0]) {
            let because = reason(before, after, (old, new), tables, None);
            public.insert(PublicSubnet {
                subnet: after.network.subnets[new].named.name.clone(),
                because,
            });
        }
    }
    public.into_iter().collect()
}

/// What is there before and after: it keeps its id, or its name has passed to another.
fn same<'e, 'a, T: 'a>(
    before: &'e Engine<'a>,
    after: &'e Engine<'a>,
    list: impl Fn(&'e Engine<'a>) -> &'a Table<T>,
    named: impl Fn(&'a T) -> &'a Named,
) -> Vec<Pair> {
    let (mut names, mut ids) = (HashMap::new(), HashMap::new());
    for (index, part) in list(after).iter().enumerate() {
        names.insert(named(part).name.as_str(), index);
        ids.extend(named(part).id.as_deref().map(|id| (id, index)));
    }
    let find = |part: &'a T| {
        named(part)
            .id
            .as_deref()
            .and_then(|id| ids.get(id))
            .or_else(|| names.get(named(part).name.as_str()))
    };
    list(before)
        .iter()
        .enumerate()
        .filter_map(|(old, part)| Some((old, *find(part)?)))
        .collect()
}

/// How packets come to the internet before and after, from two tables, for each part of it that they lead in
/// other ways.
fn exits(before: &Engine<'_>, after: &Engine<'_>, tables: [Option<usize>; 2]) -> Vec<(Exit, Exit)> {
    let [Some(old), Some(new)] = tables else {
        return Vec::new();
    };
    let mut found: Vec<(Exit, Exit)> = Vec::new();
    for piece in pieces(&[(before, old), (after, new)]) {
        let pair = exit(before, old, &piece).zip(exit(after, new, &piece));
        found.extend(pair.filter(|pair| !found.contains(pair)));
    }
    found
}

/// The internet in pieces that the routes of these tables do not tell apart. Prefix lists are left out: what
/// is in them may be anything.
fn pieces(tables: &[(&Engine<'_>, usize)]) -> Vec<PacketEnd> {
    let routes = tables
        .iter()
        .flat_map(|(engine, table)| &engine.network.route_tables[*table].routes);
    let range = |destination: &Destination| match destination {
        Destination::Range(range) if Family::of_range(range) == Family::V4 => Some(*range),
        _ => None,
    };
    let ranges: BTreeSet<IpNet> = routes.filter_map(|route| range(&route.destination)).collect();
    let piece = |range: &IpNet| {
        let inner = ranges
            .iter()
            .filter(|other| *other != range && range.contains(*other));
        let inner = inner.fold(AddressSet::none(), |all, other| all.union(&of_range(other)));
        let set = of_range(range).intersect(&public(Family::V4)).subtract(&inner);
        (!set.is_empty()).then(|| PacketEnd::among(Family::V4, set, Owner::Outside, Listed::Never))
    };
    ranges.iter().filter_map(piece).collect()
}

/// How a table lets packets out to a piece of the internet; none where it does not.
fn exit(engine: &Engine<'_>, table: usize, piece: &PacketEnd) -> Option<Exit> {
    let network = engine.network;
    let own = &network.route_tables[table];
    let mut chosen = lookup(engine, table, piece)
        .into_iter()
        .filter_map(|chosen| match chosen {
            Chosen::Route(route) => {
                Some(own.route(route)).filter(|route| matches!(route.destination, Destination::Range(_)))
            }
            Chosen::Local | Chosen::Nothing => None,
        });
    match &chosen.next()?.target {
        Target::InternetGateway(gateway) => {
            (network.internet_gateways[*gateway].vpc == Some(own.vpc)).then_some(Exit::AddressPair)
        }
        Target::NatGateway(nat) => {
            let gateway = &network.nat_gateways[*nat];
            // One that stands in no subnet has its own way out, and one in a subnet has the subnet's.
            let leads_out = gateway.subnet.is_none_or(|subnet| {
                network.table_of(subnet).is_some_and(|other| {
                    other != table && exit(engine, other, piece) == Some(Exit::AddressPair)
                })
            });
            (gateway.available && gateway.public.is_some() && leads_out).then_some(Exit::Nat(*nat))
        }
        Target::Blackhole(_) | Target::Endpoint(_) | Target::Peering(_) => None,
        target => Some(Exit::By(network.name_of(target).to_owned())),
    }
}

/// The addresses of two exits, of this host or of whoever uses them; none where one of them has no address or
/// both are the same.
fn addresses(ends: [(&Engine<'_>, &Exit, Option<&Interface>); 2]) -> Option<Key> {
    let [before, after] = ends.map(|(engine, exit, host)| {
        let (public, of) = match exit {
            Exit::AddressPair => (
                host?.addresses.iter().find_map(|own| own.public),
                &host?.named.name,
            ),
            Exit::Nat(nat) => (
                engine.network.nat_gateways[*nat].public,
                &engine.network.nat_gateways[*nat].named.name,
            ),
            Exit::By(by) => return Some(SourceAddress::Unknown { by: by.clone() }),
        };
        Some(match public? {
            Assignment::Known(address) => SourceAddress::Known {
                address: address.to_string(),
                of: of.clone(),
            },
            Assignment::Unassigned | Assignment::UnassignedV6 => SourceAddress::New { of: of.clone() },
        })
    });
    let (before, after) = (before?, after?);
    let is_same = match (&before, &after) {
        (SourceAddress::Known { address, .. }, SourceAddress::Known { address: other, .. }) => {
            address == other
        }
        _ => before == after,
    };
    (!is_same).then_some((before, after))
}

/// The resource whose change is the reason that a subnet's packets leave in another way: the subnet, where it
/// has another table; the gateway, where they leave by the same one; else the table.
fn reason(
    before: &Engine<'_>,
    after: &Engine<'_>,
    subnets: Pair,
    tables: [Option<usize>; 2],
    exits: Option<(&Exit, &Exit)>,
) -> String {
    let table = |engine: &Engine<'_>, table: Option<usize>| {
        table.map(|table| engine.network.route_tables[table].named.name.clone())
    };
    let name = |engine: &Engine<'_>, exit: &Exit| match exit {
        Exit::Nat(nat) => Some(engine.network.nat_gateways[*nat].named.name.clone()),
        Exit::AddressPair | Exit::By(_) => None,
    };
    let (old, new) = (table(before, tables[0]), table(after, tables[1]));
    if old != new {
        return after.network.subnets[subnets.1].named.name.clone();
    }
    let same = exits.and_then(|(from, to)| {
        name(before, from).filter(|gateway| Some(gateway) == name(after, to).as_ref())
    });
    same.or(new).unwrap_or_default()
}

impl Interface {
    fn subnet_name<'n>(&self, engine: &Engine<'n>) -> &'n str {
        &engine.network.subnets[self.subnet].named.name
    }
}
