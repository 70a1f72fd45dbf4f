//! The network that several networks are overapproximated by: whatever works at any time while one becomes
//! the other step by step, in whichever order, may work in it.
//!
//! A part that is in one of them only is there as itself. Of a part of several, everything that lets packets
//! through is there that any of them has: rules, allowing entries, groups, addresses. What holds packets off
//! is there where it never changes: an entry that denies, a route that keeps packets from a less specific
//! one. The others may be missing.
//!
//! A worked example. A group is exchanged in one call, a table gets another route, and an entry that denies
//! goes:
//!
//! ```text
//!                   before                  after                   the overapproximation
//! group `web`       tcp/22 from 10.0.0.0/8  tcp/443 from 0.0.0.0/0  both rules
//! table `main`      0.0.0.0/0 -> nat        0.0.0.0/0 -> igw        both routes, each perhaps missing
//! ACL `edge`        10 deny 203.0.113.0/24  -                       - : what comes or goes holds nothing off
//!                   20 allow all            20 allow all            20 allow all
//! ```
//!
//! In it both rules work over either route, although no state has both rules: more may work than in any one
//! state, and never less. A route that may be missing is why a less specific one may take its packets: with
//! 0.0.0.0/0 -> igw beside 8.0.0.0/8 -> nat, where only the second one changes, packets to 8.8.8.8 may take
//! either.

mod join;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use ipnet::IpNet;

use crate::address::{Family, of_range, public};
use crate::network::{
    AclEntry, AddressPair, Assignment, EgressOnlyGateway, Endpoint, EndpointKind, GroupRule, Interface,
    InternetGateway, Named, NatGateway, Network, NetworkAcl, Peering, PrefixList, RouteTable, SecurityGroup,
    Subnet, Table, Unread, Vpc,
};
use crate::service::ServiceSet;
use join::{Join, Place, Places, Versions, agreed};

/// The networks overapproximated, as the head of this file shows; `None` where something changes of which
/// this cannot be told.
pub fn overapproximate(all: &[&Network]) -> Option<Network> {
    let versions = Versions::new(all)?;
    let mut network = Network {
        gaps: gaps(&versions),
        unread_interfaces: all.iter().find_map(|one| one.unread_interfaces.clone()),
        ..Network::default()
    };
    network.prefix_lists = versions.prefix_lists.each(|places| list(&versions, places))?;
    network.vpcs = versions.vpcs.each(|places| vpc(&versions, places))?;
    network.route_tables = versions
        .route_tables
        .each(|places| routes::table(&versions, places))?;
    network.network_acls = versions.network_acls.each(|places| acl_of(&versions, places))?;
    network.subnets = versions.subnets.each(|places| {
        subnet(
            &versions,
            places,
            &mut network.route_tables,
            &mut network.network_acls,
        )
    })?;
    network.security_groups = versions.security_groups.each(|places| group(&versions, places))?;
    network.interfaces = versions.interfaces.each(|places| interface(&versions, places))?;
    network.internet_gateways = versions
        .internet_gateways
        .each(|places| internet_gateway(&versions, places))?;
    network.egress_only_gateways = versions
        .egress_only_gateways
        .each(|places| egress_only_gateway(&versions, places))?;
    network.nat_gateways = versions
        .nat_gateways
        .each(|places| nat_gateway(&versions, places))?;
    network.peerings = versions.peerings.each(|places| peering(&versions, places))?;
    network.endpoints = versions.endpoints.each(|places| endpoint(&versions, places))?;
    Some(network)
}

fn gaps(versions: &Versions<'_>) -> Vec<String> {
    let all: BTreeSet<&String> = versions.of.iter().flat_map(|network| &network.gaps).collect();
    all.into_iter().cloned().collect()
}

fn list(versions: &Versions<'_>, places: &[Place]) -> Option<PrefixList> {
    versions
        .own(places, |network| &network.prefix_lists)
        .first()
        .map(|(_, list)| (*list).clone())
}

fn vpc(versions: &Versions<'_>, places: &[Place]) -> Option<Vpc> {
    let own = versions.own(places, |network| &network.vpcs);
    let (_, first) = *own.first()?;
    let mut ranges = first.ranges.clone();
    ranges.extend(
        own.iter()
            .flat_map(|(_, vpc)| &vpc.ranges)
            .filter(|range| !first.ranges.contains(range)),
    );
    let is_sure = |range: &IpNet| own.iter().all(|(_, vpc)| vpc.ranges.contains(range));
    let unsure_ranges: Vec<IpNet> = ranges.iter().filter(|range| !is_sure(range)).copied().collect();
    // What is inside a VPC is not on the internet: a public range would be on either side of that.
    if unsure_ranges
        .iter()
        .any(|range| of_range(range).overlaps(&public(Family::of_range(range))))
    {
        return None;
    }
    let part = |join: &Join, pick: fn(&Vpc) -> Option<usize>| {
        agreed(own.iter().map(|(version, vpc)| join.at(*version, pick(vpc))))
    };
    Some(Vpc {
        ranges,
        unsure_ranges,
        main_table: part(&versions.route_tables, |vpc| vpc.main_table)?,
        default_acl: part(&versions.network_acls, |vpc| vpc.default_acl)?,
        public_access: agreed(own.iter().map(|(_, vpc)| vpc.public_access))?,
        // Where it is on for a time only, names lead to either.
        dns: agreed(own.iter().map(|(_, vpc)| vpc.dns)).flatten(),
        unread: own
            .iter()
            .fold(Unread::default(), |all, (_, vpc)| all.or(vpc.unread)),
        ..first.clone()
    })
}

/// A subnet. What its table and its ACL are at any time is put into one for it where that changes.
fn subnet(
    versions: &Versions<'_>,
    places: &[Place],
    tables: &mut Table<RouteTable>,
    acls: &mut Table<NetworkAcl>,
) -> Option<Subnet> {
    let own = versions.own(places, |network| &network.subnets);
    let vpc = agreed(
        own.iter()
            .map(|(version, subnet)| versions.vpcs.at(*version, Some(subnet.vpc))),
    )??;
    let ranges = ranges_of(&own)?;
    let used = |join: &Join, of: fn(&Network, usize) -> Option<usize>| -> Vec<Option<usize>> {
        versions
            .at(places)
            .map(|(version, network, index)| join.at(version, of(network, index)))
            .collect()
    };
    let (table, acl) = (
        used(&versions.route_tables, Network::table_of),
        used(&versions.network_acls, Network::acl_of),
    );
    let (_, first) = *own.first()?;
    let named = &first.named;
    let route_table = match agreed(table.iter().copied()) {
        Some(table) => table,
        None => {
            let sources = table
                .iter()
                .map(|table| table.map(|table| versions.route_tables.places(table)));
            tables.push(routes::of_any(versions, named, vpc, sources)?);
            Some(tables.len() - 1)
        }
    };
    let network_acl = match agreed(acl.iter().copied()) {
        Some(acl) => acl,
        None => {
            let sources: Vec<Places> = acl
                .iter()
                .map(|acl| acl.map_or_else(Vec::new, |acl| versions.network_acls.places(acl).to_vec()))
                .collect();
            // EC2's initial ACL allows everything.
            let open = sources.iter().any(Vec::is_empty);
            let entries = acl_of(versions, &sources.concat()).unwrap_or_default();
            acls.push(NetworkAcl {
                named: of_subnet("network ACLs", named),
                vpc,
                ..if open { all_allowed() } else { entries }
            });
            Some(acls.len() - 1)
        }
    };
    Some(Subnet {
        vpc,
        ranges,
        route_table,
        network_acl,
        public_access: agreed(own.iter().map(|(_, subnet)| subnet.public_access))?,
        ..first.clone()
    })
}

/// The ranges of a subnet at any time: it has them from the first on, or gets one of a family later.
fn ranges_of(own: &[(usize, &Subnet)]) -> Option<Vec<IpNet>> {
    let mut ranges = Vec::new();
    for family in [Family::V4, Family::V6] {
        let of_family = |subnet: &Subnet| -> Vec<IpNet> {
            let all = subnet
                .ranges
                .iter()
                .filter(|range| Family::of_range(range) == family);
            all.copied().collect()
        };
        let each = own.iter().map(|(_, subnet)| of_family(subnet));
        let mut known = each.filter(|ranges| !ranges.is_empty()).peekable();
        if known.peek().is_some() {
            ranges.extend(agreed(known)?);
        }
    }
    Some(ranges)
}

/// What several parts that a subnet has one after the other are called.
fn of_subnet(what: &str, subnet: &Named) -> Named {
    Named::new(format!("the {what} of {}", subnet.name))
}

fn all_allowed() -> NetworkAcl {
    let everywhere = ["0.0.0.0/0", "::/0"]
        .into_iter()
        .filter_map(|range| range.parse().ok());
    let entries = everywhere.map(|range| AclEntry {
        number: 1,
        allow: true,
        services: ServiceSet::all(),
        range,
        source: None,
    });
    let entries: Vec<AclEntry> = entries.collect();
    NetworkAcl {
        ingress: entries.clone(),
        egress: entries,
        ..NetworkAcl::default()
    }
}

/// An ACL that allows what any of these may come to allow.
fn acl_of(versions: &Versions<'_>, places: &[Place]) -> Option<NetworkAcl> {
    let own = versions.own(places, |network| &network.network_acls);
    let (version, first) = *own.first()?;
    let direction = |pick: fn(&NetworkAcl) -> &Vec<AclEntry>| {
        let all: Vec<&Vec<AclEntry>> = own.iter().map(|(_, acl)| pick(acl)).collect();
        entries(&all)
    };
    Some(NetworkAcl {
        named: first.named.clone(),
        vpc: versions.vpcs.at(version, Some(first.vpc))?,
        ingress: direction(|acl| &acl.ingress),
        egress: direction(|acl| &acl.egress),
        unread: own.iter().any(|(_, acl)| acl.unread),
    })
}

/// Every entry of any list that allows, and of those that deny the ones that are in all lists.
fn entries(lists: &[&Vec<AclEntry>]) -> Vec<AclEntry> {
    let same = |a: &AclEntry, b: &AclEntry| {
        (a.number, a.allow, a.range) == (b.number, b.allow, b.range) && a.services == b.services
    };
    let mut kept: Vec<AclEntry> = Vec::new();
    for entry in lists.iter().copied().flatten() {
        let everywhere = || {
            lists
                .iter()
                .all(|list| list.iter().any(|other| same(entry, other)))
        };
        if !kept.iter().any(|other| same(entry, other)) && (entry.allow || everywhere()) {
            kept.push(entry.clone());
        }
    }
    kept
}

fn group(versions: &Versions<'_>, places: &[Place]) -> Option<SecurityGroup> {
    let own = versions.own(places, |network| &network.security_groups);
    let vpc = agreed(
        own.iter()
            .map(|(version, group)| versions.vpcs.at(*version, Some(group.vpc))),
    )??;
    let direction = |pick: fn(&SecurityGroup) -> &Vec<GroupRule>| {
        let mut kept: Vec<GroupRule> = Vec::new();
        for (version, rule) in own
            .iter()
            .flat_map(|(version, group)| pick(group).iter().map(move |rule| (*version, rule)))
        {
            let rule = GroupRule {
                peer: versions.peer(version, &rule.peer),
                ..rule.clone()
            };
            if !kept
                .iter()
                .any(|other| other.peer == rule.peer && other.services == rule.services)
            {
                kept.push(rule);
            }
        }
        kept
    };
    Some(SecurityGroup {
        named: own.first()?.1.named.clone(),
        vpc,
        ingress: direction(|group| &group.ingress),
        egress: direction(|group| &group.egress),
    })
}

fn interface(versions: &Versions<'_>, places: &[Place]) -> Option<Interface> {
    let own = versions.own(places, |network| &network.interfaces);
    let subnet = agreed(
        own.iter()
            .map(|(version, host)| versions.subnets.at(*version, Some(host.subnet))),
    )??;
    let groups = own.iter().flat_map(|(version, host)| {
        host.security_groups
            .iter()
            .filter_map(|group| versions.security_groups.at(*version, Some(*group)))
    });
    let groups: BTreeSet<usize> = groups.collect();
    let mut addresses: Vec<AddressPair> = Vec::new();
    for one in own.iter().flat_map(|(_, host)| &host.addresses) {
        let same = |other: &&mut AddressPair| {
            other.private == one.private
                && (other.public == one.public || other.public.is_none() || one.public.is_none())
        };
        match addresses.iter_mut().find(same) {
            Some(other) => other.public = other.public.or(one.public),
            None => addresses.push(one.clone()),
        }
    }
    let (_, last) = *own.last()?;
    Some(Interface {
        subnet,
        behind: agreed(own.iter().map(|(_, host)| host.behind))?,
        addresses,
        security_groups: groups.into_iter().collect(),
        source_dest_check: own.iter().all(|(_, host)| host.source_dest_check),
        running: own.iter().any(|(_, host)| host.running),
        ..last.clone()
    })
}

fn internet_gateway(versions: &Versions<'_>, places: &[Place]) -> Option<InternetGateway> {
    let own = versions.own(places, |network| &network.internet_gateways);
    let attached = own
        .iter()
        .filter_map(|(version, gateway)| versions.vpcs.at(*version, gateway.vpc));
    // One that moves to another VPC is attached to either.
    let vpc = agreed(attached.map(Some)).or_else(|| {
        own.iter()
            .all(|(_, gateway)| gateway.vpc.is_none())
            .then_some(None)
    })?;
    let edge = own.iter().any(|(_, gateway)| gateway.edge_table.is_some());
    if edge {
        None
    } else {
        Some(InternetGateway {
            vpc,
            ..own.first()?.1.clone()
        })
    }
}

fn egress_only_gateway(versions: &Versions<'_>, places: &[Place]) -> Option<EgressOnlyGateway> {
    let own = versions.own(places, |network| &network.egress_only_gateways);
    let vpc = agreed(
        own.iter()
            .map(|(version, gateway)| versions.vpcs.at(*version, Some(gateway.vpc))),
    )??;
    Some(EgressOnlyGateway {
        vpc,
        ..own.first()?.1.clone()
    })
}

/// Over a peering connection that is active at any time groups are known, and packets pass.
fn peering(versions: &Versions<'_>, places: &[Place]) -> Option<Peering> {
    let own = versions.own(places, |network| &network.peerings);
    let vpcs = agreed(
        own.iter()
            .map(|(version, peering)| peering.vpcs.map(|vpc| versions.vpcs.at(*version, vpc))),
    )?;
    Some(Peering {
        vpcs,
        active: own.iter().any(|(_, peering)| peering.active),
        ..own.first()?.1.clone()
    })
}

fn nat_gateway(versions: &Versions<'_>, places: &[Place]) -> Option<NatGateway> {
    let own = versions.own(places, |network| &network.nat_gateways);
    let public: Vec<Assignment> = own.iter().filter_map(|(_, gateway)| gateway.public).collect();
    Some(NatGateway {
        vpc: agreed(
            own.iter()
                .map(|(version, gateway)| versions.vpcs.at(*version, Some(gateway.vpc))),
        )??,
        subnet: agreed(
            own.iter()
                .map(|(version, gateway)| versions.subnets.at(*version, gateway.subnet)),
        )?,
        private: agreed(own.iter().map(|(_, gateway)| gateway.private))?,
        public: if public.is_empty() {
            None
        } else {
            Some(agreed(public)?)
        },
        available: own.iter().any(|(_, gateway)| gateway.available),
        ..own.first()?.1.clone()
    })
}

fn endpoint(versions: &Versions<'_>, places: &[Place]) -> Option<Endpoint> {
    let own = versions.own(places, |network| &network.endpoints);
    let names = own
        .iter()
        .map(|(_, endpoint)| endpoint.private_dns && endpoint.available);
    let kinds: Vec<EndpointKind> = own
        .iter()
        .map(|(version, endpoint)| endpoint_kind(versions, *version, &endpoint.kind))
        .collect();
    let (first, kind) = (own.first()?.1, agreed(kinds.iter()).cloned());
    let is_everywhere = own.len() == versions.of.len();
    let is_same = is_everywhere && kind.is_some() && agreed(names.clone()).is_some();
    Some(Endpoint {
        vpc: agreed(
            own.iter()
                .map(|(version, endpoint)| versions.vpcs.at(*version, Some(endpoint.vpc))),
        )??,
        kind: match kind {
            Some(kind) => kind,
            None => EndpointKind::Interface(interfaces_of_any(&kinds)?),
        },
        available: own.iter().any(|(_, endpoint)| endpoint.available),
        private_dns: names.into_iter().any(|leads| leads),
        is_unsure: !is_same,
        ..first.clone()
    })
}

/// The kind of an endpoint of one version, by the interfaces here.
fn endpoint_kind(versions: &Versions<'_>, version: usize, kind: &EndpointKind) -> EndpointKind {
    match kind {
        EndpointKind::Interface(interfaces) => {
            let here = interfaces.iter();
            EndpointKind::Interface(here.map(|own| versions.interfaces.of(version, *own)).collect())
        }
        other => other.clone(),
    }
}

/// The interfaces that an interface endpoint has at any time; `None` where it is of another kind at a time.
fn interfaces_of_any(kinds: &[EndpointKind]) -> Option<Vec<usize>> {
    let each = kinds.iter().map(|kind| match kind {
        EndpointKind::Interface(interfaces) => Some(interfaces),
        _ => None,
    });
    let all: Vec<&Vec<usize>> = each.collect::<Option<_>>()?;
    let all: BTreeSet<usize> = all.into_iter().flatten().copied().collect();
    Some(all.into_iter().collect())
}
