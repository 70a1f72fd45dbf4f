//! A network from records: what specs and live regions have in common.
//!
//! A part is found by its key: a spec's address, or EC2's id where it is live.

mod acls;
mod endpoints;
mod hosts;
mod interfaces;
mod ipv6;
mod peerings;
mod routing;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use trueup_model::attr::{Attr, TAGS, VPC};
use trueup_model::json::Typed;
use trueup_model::kinds::egress_only_internet_gateway::EgressOnlyInternetGateway;
use trueup_model::kinds::security_group::{self, Rule};
use trueup_model::kinds::{internet_gateway, route_table, subnet, vpc};
use trueup_model::net::Ports;
use trueup_model::schema::Omitted;
use trueup_model::{Interfaces, Kind, NetworkInterface, Place, Record, Ref, Resource, Value, fact};

use super::parts::{Index, list, services};
use crate::network::{
    Assignment, EgressOnlyGateway, GroupRule, InternetGateway, Named, Network, NetworkOrigin, Peer,
    PublicAccess, RouteTable, SecurityGroup, Subnet, Unread, Vpc,
};

/// What is known about prefix lists, by name or id: EC2 tells it, and no spec does.
pub type Lists = BTreeMap<String, Vec<IpNet>>;

/// One part as it comes.
pub(super) struct Part<'a> {
    pub key: String,
    pub kind: Kind,
    pub named: Named,
    pub record: &'a Record,
    /// What is known of a live one.
    pub facts: Option<&'a Record>,
    /// What of a live one could not be read, with the reason.
    pub unread: Option<&'a BTreeMap<String, String>>,
    /// Whether EC2 made it by itself.
    pub implicit: bool,
    /// The resource of the spec.
    pub resource: Option<&'a Resource>,
}

impl Part<'_> {
    fn place(&self, path: &str) -> Option<Place> {
        self.resource.map(|resource| resource.place(path))
    }

    /// A fact, where it is known and not empty.
    fn fact(&self, fact: Attr<str>) -> Option<&str> {
        self.facts
            .map(|facts| facts.text(fact))
            .filter(|text| !text.is_empty())
    }

    /// The ids of the network interfaces that it has.
    fn network_interfaces(&self) -> impl Iterator<Item = String> {
        let all = self
            .facts
            .map_or(&[][..], |facts| facts.list(fact::NETWORK_INTERFACES));
        all.iter().filter_map(Value::as_text).map(str::to_owned)
    }

    /// What it is, or why that is not known.
    fn typed<T: Typed>(&self) -> Result<T, String> {
        let schema = self.kind.schema();
        let mut record = self.record.clone();
        for (name, why) in self.unread.into_iter().flatten() {
            match schema.attribute(name) {
                // What has no say in which packets pass may be anything.
                Some(attribute) if !schema.is_felt(name) => {
                    let any = if let Omitted::Default(default) = attribute.omitted {
                        default()
                    } else {
                        Value::text("")
                    };
                    record.set(attribute.name, any);
                }
                _ => return Err(format!("{name} could not be read ({why})")),
            }
        }
        T::from_record(&record)
            .map_err(|error| format!("its attributes are not understood ({})", error.source))
    }

    fn tags(&self) -> BTreeMap<String, String> {
        let tags = self.record.get(TAGS);
        let pairs = tags.into_iter().flat_map(Record::iter);
        pairs
            .filter_map(|(key, value)| Some((key.to_owned(), value.as_text()?.to_owned())))
            .collect()
    }
}

/// What VPC Block Public Access leaves of the internet for a live VPC or subnet.
fn public_access(part: &Part<'_>) -> Option<PublicAccess> {
    PublicAccess::of_mode(part.fact(fact::INTERNET_GATEWAY_BLOCK_MODE)?)
}

/// The key that a reference means.
fn key(reference: &Ref) -> String {
    reference.to_string()
}

/// Whether two switches are on; none where that is not known.
fn both(record: &Record, switches: [Attr<bool>; 2]) -> Option<bool> {
    let each = switches.map(|switch| record.get(switch));
    if each.contains(&Some(false)) {
        Some(false)
    } else {
        each.into_iter().try_fold(true, |all, one| Some(all && one?))
    }
}

/// The network as it grows.
pub(super) struct Records<'a> {
    parts: &'a [Part<'a>],
    region: String,
    pub network: Network,
    /// Whether the parts are live: then what is not among them is gone, and else it is outside the spec.
    live: bool,
    unreadable: Vec<Kind>,
    vpcs: Index,
    subnets: Index,
    /// What is known of each subnet, by its key.
    subnet_records: BTreeMap<&'a str, &'a Record>,
    groups: Index,
    default_groups: BTreeMap<usize, usize>,
    hosts: Index,
    /// The live interfaces of interface endpoints, by id.
    of_endpoints: BTreeMap<String, NetworkInterface>,
    internet: Index,
    egress_only: Index,
    nat: Index,
    peering_connections: Index,
    endpoints: Index,
    addresses: BTreeMap<String, Assignment>,
    tables: Index,
    acls: Index,
    lists: Index,
    /// What is spoken of and is not among the parts, by its key.
    outside: BTreeSet<String>,
    /// The parts that are there and not known, by their keys.
    unread: BTreeSet<String>,
}

/// What else one read of a live region found.
pub(super) struct Seen<'a> {
    /// The kinds that could not be read.
    pub unreadable: Vec<Kind>,
    pub interfaces: &'a Interfaces,
}

/// Fills a network with parts, of what is live or, without `seen`, of a spec.
pub(super) fn fill(parts: &[Part<'_>], region: &str, known: &Lists, seen: Option<Seen<'_>>) -> Network {
    let (live, interfaces) = (seen.is_some(), seen.as_ref().map(|seen| seen.interfaces));
    let unreadable = seen.map(|seen| seen.unreadable).unwrap_or_default();
    let mut records = Records {
        parts,
        region: region.to_owned(),
        network: Network {
            origin: if live {
                NetworkOrigin::Read
            } else {
                NetworkOrigin::Spec
            },
            ..Network::default()
        },
        live,
        unreadable,
        vpcs: Index::default(),
        subnets: Index::default(),
        subnet_records: BTreeMap::new(),
        groups: Index::default(),
        default_groups: BTreeMap::new(),
        hosts: Index::default(),
        of_endpoints: BTreeMap::new(),
        internet: Index::default(),
        egress_only: Index::default(),
        nat: Index::default(),
        peering_connections: Index::default(),
        endpoints: Index::default(),
        addresses: BTreeMap::new(),
        tables: Index::default(),
        acls: Index::default(),
        lists: Index::default(),
        outside: BTreeSet::new(),
        unread: BTreeSet::new(),
    };
    records.prefix_lists(known);
    records.vpcs();
    records.tables();
    records.network_acls();
    records.subnets();
    records.peerings();
    records.groups();
    records.addresses();
    records.gateways();
    records.unread_defaults();
    records.unread_gateways();
    records.instances();
    if let Some(interfaces) = interfaces {
        records.interfaces(interfaces);
    }
    records.endpoints();
    records.routes();
    records.unread_endpoints();
    records.gaps();
    records.network
}

impl<'a> Records<'a> {
    fn of(&self, kind: Kind) -> impl Iterator<Item = &'a Part<'a>> + use<'a> {
        self.parts.iter().filter(move |part| part.kind == kind)
    }

    fn prefix_lists(&mut self, known: &Lists) {
        for (name, entries) in known {
            let index = list(&mut self.network, &mut self.lists, name);
            self.network.prefix_lists[index].entries = Some(entries.clone());
        }
        for service in ["s3", "dynamodb"] {
            let name = format!("com.amazonaws.{}.{service}", self.region);
            list(&mut self.network, &mut self.lists, &name);
        }
    }

    fn vpcs(&mut self) {
        // An exclusion makes a VPC's mode weaker than the account's, which is what a new VPC gets.
        let modes = self.of(Kind::Vpc).filter_map(public_access);
        let new = modes.max().unwrap_or_default();
        for part in self.of(Kind::Vpc) {
            let unread = match part.typed::<vpc::Vpc>() {
                Ok(_) => Unread::default(),
                Err(why) => {
                    self.note(part, &why);
                    Unread {
                        ranges: true,
                        ..Unread::default()
                    }
                }
            };
            let index = self.unread_vpc(part.key.clone(), part.named.clone(), unread);
            let ipv6 = self.ipv6_ranges(part);
            let vpc = &mut self.network.vpcs[index];
            vpc.ranges = vpc::ranges(part.record);
            vpc.public_access = public_access(part).unwrap_or(new);
            vpc.ranges.extend(ipv6);
            vpc.dns = both(
                part.record,
                [vpc::attr::ENABLE_DNS_SUPPORT, vpc::attr::ENABLE_DNS_HOSTNAMES],
            );
        }
    }

    fn tables(&mut self) {
        for part in self.of(Kind::RouteTable) {
            let Some(reference) = part.record.get(VPC) else {
                continue;
            };
            let vpc = self.vpc(reference);
            let index = self.network.route_tables.len();
            self.tables.put(&part.key, index);
            let typed = part.typed::<route_table::RouteTable>();
            let unread = typed.is_err();
            self.network.route_tables.push(RouteTable {
                named: part.named.clone(),
                vpc,
                unread,
                ..RouteTable::default()
            });
            if let Err(why) = typed {
                self.note(part, &why);
            }
            if part.implicit {
                self.network.vpcs[vpc].main_table = Some(index);
            }
        }
        // A VPC that is yet to be made gets a main table with nothing but the local routes.
        for vpc in 0..self.network.vpcs.len() {
            let Vpc {
                main_table, unread, ..
            } = &self.network.vpcs[vpc];
            if !self.live && main_table.is_none() && *unread == Unread::default() {
                let named = Named::new(format!(
                    "the main route table of {}",
                    self.network.vpcs[vpc].named.name
                ));
                self.network.vpcs[vpc].main_table = Some(self.network.route_tables.len());
                self.network.route_tables.push(RouteTable {
                    named,
                    vpc,
                    ..RouteTable::default()
                });
            }
        }
    }

    fn subnets(&mut self) {
        for part in self.of(Kind::Subnet) {
            self.subnet_records.insert(&part.key, part.record);
            let typed = match part.typed::<subnet::Subnet>() {
                Ok(typed) => typed,
                Err(why) => {
                    self.note(part, &why);
                    let vpc = part.record.get(VPC).map(|vpc| self.vpc(vpc));
                    self.unread_subnet(part.key.clone(), part.named.clone(), vpc);
                    continue;
                }
            };
            let vpc = self.vpc(&typed.vpc);
            let network_acl = typed.network_acl.as_ref().map(|acl| self.acl(acl, vpc));
            let route_table = typed.route_table.as_ref().map(|table| self.table(table, vpc));
            let mut ranges: Vec<IpNet> = typed.cidr_block.parse().into_iter().collect();
            ranges.extend(self.ipv6_ranges_in(vpc, part.record));
            self.subnets.put(&part.key, self.network.subnets.len());
            self.network.subnets.push(Subnet {
                named: part.named.clone(),
                vpc,
                ranges,
                zone: typed.availability_zone_id.or(typed.availability_zone),
                route_table,
                network_acl,
                public_access: public_access(part),
            });
        }
    }

    fn groups(&mut self) {
        for part in self.of(Kind::SecurityGroup) {
            let Some(reference) = part.record.get(VPC) else {
                continue;
            };
            let vpc = self.vpc(reference);
            let index = self.network.security_groups.len();
            self.groups.put(&part.key, index);
            if part.implicit {
                self.default_groups.insert(vpc, index);
            }
            self.network.security_groups.push(SecurityGroup {
                named: part.named.clone(),
                vpc,
                ..SecurityGroup::default()
            });
        }
        self.carried_groups();
        for part in self.of(Kind::SecurityGroup) {
            let Some(index) = self.groups.get(&part.key) else {
                continue;
            };
            let typed = match part.typed::<security_group::SecurityGroup>() {
                Ok(typed) => typed,
                Err(why) => {
                    self.note(part, &why);
                    let own = &mut self.network.security_groups[index];
                    *own = SecurityGroup::unread(own.named.clone(), own.vpc);
                    continue;
                }
            };
            let ingress = self.rules(part, &typed.ingress, "ingress");
            let egress = self.rules(part, &typed.egress, "egress");
            let group = &mut self.network.security_groups[index];
            (group.ingress, group.egress) = (ingress, egress);
        }
    }

    fn rules(&mut self, part: &Part<'_>, rules: &[Rule], direction: &str) -> Vec<GroupRule> {
        let mut out = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let (from, to) = match rule.port {
                Some(Ports { from, to }) => (Some(i64::from(from)), Some(i64::from(to))),
                None => (
                    rule.icmp_type.filter(|ty| *ty >= 0),
                    rule.icmp_code.filter(|code| *code >= 0),
                ),
            };
            let peer = match (&rule.cidr, &rule.security_group, &rule.prefix_list) {
                (Some(range), ..) => range.parse().ok().map(Peer::Range),
                (_, Some(group), _) => {
                    let key = key(group);
                    Some(self.groups.get(&key).map_or(Peer::Stranger(key), Peer::Group))
                }
                (.., Some(name)) => Some(Peer::List(list(&mut self.network, &mut self.lists, name))),
                _ => None,
            };
            let source = part.place(&format!("{direction}[{index}]"));
            out.extend(peer.map(|peer| GroupRule {
                services: services(&rule.protocol, from, to),
                peer,
                source,
            }));
        }
        out
    }

    /// The group that EC2 makes with every VPC: its hosts may talk among themselves, and everything may go
    /// out.
    fn default_group(&mut self, vpc: usize) -> usize {
        if let Some(index) = self.default_groups.get(&vpc) {
            return *index;
        }
        let named = Named::new(format!(
            "the default security group of {}",
            self.network.vpcs[vpc].named.name
        ));
        // What others have made of it is not known.
        if self.is_unreadable(Kind::SecurityGroup) || self.network.vpcs[vpc].unread != Unread::default() {
            let index = self.unread_group(&named.name.clone(), named, vpc);
            self.default_groups.insert(vpc, index);
            return index;
        }
        let index = self.network.security_groups.len();
        let rule = |peer| GroupRule {
            services: crate::ServiceSet::all(),
            peer,
            source: None,
        };
        let everywhere = ["0.0.0.0/0", "::/0"]
            .into_iter()
            .filter_map(|range| range.parse().ok())
            .map(Peer::Range);
        let egress = everywhere.map(rule).collect();
        self.network.security_groups.push(SecurityGroup {
            named,
            vpc,
            ingress: vec![rule(Peer::Group(index))],
            egress,
        });
        self.default_groups.insert(vpc, index);
        index
    }

    fn addresses(&mut self) {
        for part in self.of(Kind::ElasticIp) {
            let known = part.fact(fact::PUBLIC_IP).and_then(|text| text.parse().ok());
            self.addresses.insert(
                part.key.clone(),
                known.map_or(Assignment::Unassigned, Assignment::Known),
            );
        }
    }

    /// The address that a reference to an Elastic IP address means.
    fn elastic(&self, reference: &Ref) -> Assignment {
        self.addresses
            .get(&key(reference))
            .copied()
            .unwrap_or(Assignment::Unassigned)
    }

    fn gateways(&mut self) {
        for part in self.of(Kind::InternetGateway) {
            let typed = match part.typed::<internet_gateway::InternetGateway>() {
                Ok(typed) => typed,
                Err(why) => {
                    self.note(part, &why);
                    continue;
                }
            };
            let vpc = typed.vpc.as_ref().map(|vpc| self.vpc(vpc));
            self.internet.put(&part.key, self.network.internet_gateways.len());
            self.network.internet_gateways.push(InternetGateway {
                named: part.named.clone(),
                vpc,
                edge_table: None,
            });
        }
        for part in self.of(Kind::EgressOnlyInternetGateway) {
            match part.typed::<EgressOnlyInternetGateway>() {
                Ok(typed) => {
                    let vpc = self.vpc(&typed.vpc);
                    let named = part.named.clone();
                    self.egress_only
                        .put(&part.key, self.network.egress_only_gateways.len());
                    self.network
                        .egress_only_gateways
                        .push(EgressOnlyGateway { named, vpc });
                }
                Err(why) => self.note(part, &why),
            }
        }
    }
}
