//! The small model of a network that reach works on: what forwards and filters packets, and nothing else.
//!
//! It is filled from a spec, from what is live, or from saved answers of EC2 (see [`crate::fill`]). Parts
//! refer to each other by their place in the lists of [`Network`]; see [`Table`].

mod gateways;
mod table;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::{IpNet, Ipv6Net};
use serde::Serialize;
use trueup_model::Place;

use crate::address::Family;
use crate::service::ServiceSet;

pub use gateways::{
    Attachment, EgressOnlyGateway, Endpoint, EndpointKind, InternetGateway, NatGateway, Peering,
    TransitGateway, TransitRoute, TransitTable,
};
pub use table::{NOWHERE, Part, Table};

/// What a part is called, and where it is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Named {
    /// Its address in the spec, such as `subnet.public`, or EC2's id where it has none.
    pub name: String,
    /// EC2's id, where it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where the spec declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
}

impl Named {
    /// A part of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            id: None,
            source: None,
        }
    }
}

/// One or several regions' networks, as far as they are known.
#[derive(Clone, Debug, Default)]
#[expect(
    missing_docs,
    reason = "the fields are the lists of what their types document"
)]
pub struct Network {
    pub vpcs: Table<Vpc>,
    pub subnets: Table<Subnet>,
    pub route_tables: Table<RouteTable>,
    pub network_acls: Table<NetworkAcl>,
    pub security_groups: Table<SecurityGroup>,
    pub interfaces: Table<Interface>,
    pub internet_gateways: Table<InternetGateway>,
    pub nat_gateways: Table<NatGateway>,
    pub endpoints: Table<Endpoint>,
    pub peerings: Table<Peering>,
    pub egress_only_gateways: Table<EgressOnlyGateway>,
    pub transit_gateways: Table<TransitGateway>,
    pub prefix_lists: Table<PrefixList>,
    /// Where it comes from.
    pub origin: NetworkOrigin,
    /// Why it is not known who is there besides those who are: network interfaces could not be read.
    pub unread_interfaces: Option<String>,
    /// What could not be filled in, in sentences: every answer carries them as assumptions.
    pub gaps: Vec<String>,
}

/// Where ranges lie that stand for those that Amazon has yet to give: a range for documentation (RFC 9637), which
/// is of the internet's form and nobody's.
pub(crate) static STAND_INS: LazyLock<Ipv6Net> =
    LazyLock::new(|| Ipv6Net::new(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20).unwrap_or_default());

/// Whether a range stands for one that Amazon has yet to give.
pub(crate) fn is_stand_in(range: &IpNet) -> bool {
    matches!(range, IpNet::V6(range) if STAND_INS.contains(range))
}

/// Where a network comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkOrigin {
    /// From a spec: what is there besides is not looked at.
    Spec,
    /// From what EC2 answered.
    #[default]
    Read,
}

/// A VPC.
#[derive(Clone, Debug, Default)]
pub struct Vpc {
    /// Its name.
    pub named: Named,
    /// Its ranges: the destinations of its local routes.
    pub ranges: Vec<IpNet>,
    /// Those of them that may not be its own at the time.
    pub unsure_ranges: Vec<IpNet>,
    /// Its region; empty where there is only one.
    pub region: String,
    /// The table of subnets that are not associated with one.
    pub main_table: Option<usize>,
    /// The network ACL of subnets that are not associated with one; without it, EC2's initial one, which
    /// allows everything.
    pub default_acl: Option<usize>,
    /// Whether Amazon's DNS server answers and hosts get DNS names, which private names of endpoints need;
    /// none where that is not known.
    pub dns: Option<bool>,
    /// What VPC Block Public Access leaves of the internet for its subnets.
    pub public_access: PublicAccess,
    /// What of it is not known.
    pub unread: Unread,
}

/// What is not known of a VPC, because it is outside of what was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Its ranges: those of its subnets are some of them, and there may be others.
    pub ranges: bool,
    /// Whether it has an internet gateway, where none is known.
    pub gateway: bool,
    /// Who is in it, besides those who are known.
    pub hosts: bool,
    /// Which one it is: it may be any of the others.
    pub identity: bool,
}

impl Unread {
    /// What is known is less than the id.
    pub const ALL: Self = Self {
        ranges: true,
        gateway: true,
        hosts: true,
        identity: true,
    };
    /// Nothing but the id is known.
    pub const BUT_ID: Self = Self {
        identity: false,
        ..Self::ALL
    };

    /// What is not known of one of the two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            ranges: self.ranges || other.ranges,
            gateway: self.gateway || other.gateway,
            hosts: self.hosts || other.hosts,
            identity: self.identity || other.identity,
        }
    }
}

/// What VPC Block Public Access leaves of an internet gateway, the most first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublicAccess {
    /// Everything.
    #[default]
    Open,
    /// Only what NAT gateways and egress-only gateways start.
    BlockIngress,
    /// Nothing.
    BlockBidirectional,
}

impl PublicAccess {
    /// That of a VPC or subnet, in EC2's word: `InternetGatewayBlockMode` of `DescribeVpcs` and `DescribeSubnets`.
    pub fn of_mode(mode: &str) -> Option<Self> {
        match mode {
            "off" => Some(Self::Open),
            "block-ingress" => Some(Self::BlockIngress),
            "block-bidirectional" => Some(Self::BlockBidirectional),
            _ => None,
        }
    }
}

/// A subnet.
#[derive(Clone, Debug, Default)]
pub struct Subnet {
    /// Its name.
    pub named: Named,
    /// Its VPC.
    pub vpc: usize,
    /// Its ranges: one of IPv4, and perhaps one of IPv6. Without any they are not known.
    pub ranges: Vec<IpNet>,
    /// Its availability zone, by name or id.
    pub zone: Option<String>,
    /// The route table it is associated with; without one, the VPC's main table.
    pub route_table: Option<usize>,
    /// The network ACL it is associated with; without one, the VPC's default ACL.
    pub network_acl: Option<usize>,
    /// What VPC Block Public Access leaves of the internet here, where that is another than for the VPC.
    pub public_access: Option<PublicAccess>,
}

/// A route table. The local routes are the VPC's ranges and are not listed.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    /// Its name.
    pub named: Named,
    /// Its VPC.
    pub vpc: usize,
    /// Its routes.
    pub routes: Vec<Route>,
    /// The places of those that may be missing at the time.
    pub unsure: BTreeSet<usize>,
    /// Whether nobody knows its routes: then it may lead anywhere.
    pub unread: bool,
}

/// A route.
#[derive(Clone, Debug)]
pub struct Route {
    /// What it is for.
    pub destination: Destination,
    /// Where it leads.
    pub target: Target,
    /// Who made it.
    pub origin: Origin,
    /// Where the spec declares it.
    pub source: Option<Place>,
}

/// What a route is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A range.
    Range(IpNet),
    /// A prefix list.
    List(usize),
}

/// Who made a route. Of two routes to one range the earlier sort wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Somebody, or an endpoint's association.
    Static,
    /// Propagated: Direct Connect, by BGP.
    DirectConnect,
    /// Propagated: a static route of a VPN.
    VpnStatic,
    /// Propagated: a VPN, by BGP.
    VpnBgp,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An internet gateway.
    InternetGateway(usize),
    /// A NAT gateway.
    NatGateway(usize),
    /// A gateway endpoint.
    Endpoint(usize),
    /// A peering connection.
    Peering(usize),
    /// A transit gateway.
    TransitGateway(usize),
    /// An egress-only internet gateway.
    EgressOnlyGateway(usize),
    /// A network interface: an appliance in the middle.
    Interface(usize),
    /// Nowhere: its target is gone or not ready. EC2 calls the route's state `blackhole`.
    Blackhole(String),
    /// Something that is not modelled, by what EC2 calls it.
    Other(String),
}

/// A network ACL: a filter at the border of subnets that forgets.
#[derive(Clone, Debug, Default)]
pub struct NetworkAcl {
    /// Its name.
    pub named: Named,
    /// Its VPC.
    pub vpc: usize,
    /// What may come in: the entry with the lowest number that matches decides, and without one nothing
    /// passes.
    pub ingress: Vec<AclEntry>,
    /// What may go out, likewise.
    pub egress: Vec<AclEntry>,
    /// Whether nobody knows its entries: then nothing is sure to pass, and nothing to be denied.
    pub unread: bool,
}

/// An entry of a network ACL.
#[derive(Clone, Debug)]
pub struct AclEntry {
    /// Lower ones are looked at first.
    pub number: u32,
    /// Whether it lets through what it matches.
    pub allow: bool,
    /// The services it matches.
    pub services: ServiceSet,
    /// The addresses it matches, on the other side of the border.
    pub range: IpNet,
    /// Where the spec declares it.
    pub source: Option<Place>,
}

/// A security group: a filter at interfaces that remembers.
#[derive(Clone, Debug, Default)]
pub struct SecurityGroup {
    /// Its name.
    pub named: Named,
    /// Its VPC.
    pub vpc: usize,
    /// What may come in.
    pub ingress: Vec<GroupRule>,
    /// What may go out.
    pub egress: Vec<GroupRule>,
}

/// A route of which nothing is known, for a place that a table does not have.
static LOST_ROUTE: LazyLock<Route> = LazyLock::new(|| Route {
    destination: Destination::List(NOWHERE),
    target: Target::Other("a route that is not known".to_owned()),
    origin: Origin::Static,
    source: None,
});

impl RouteTable {
    /// The route at a place.
    pub fn route(&self, place: usize) -> &Route {
        self.routes.get(place).unwrap_or(&LOST_ROUTE)
    }
}

impl SecurityGroup {
    /// A group whose rules are not known: it may let through anything, and nothing surely.
    pub fn unread(named: Named, vpc: usize) -> Self {
        let rules = vec![GroupRule {
            services: ServiceSet::all(),
            peer: Peer::Unread,
            source: None,
        }];
        Self {
            named,
            vpc,
            ingress: rules.clone(),
            egress: rules,
        }
    }

    /// Whether its rules are not known.
    pub fn is_unread(&self) -> bool {
        self.ingress.iter().any(|rule| rule.peer == Peer::Unread)
    }
}

/// A rule of a security group.
#[derive(Clone, Debug)]
pub struct GroupRule {
    /// The services it allows.
    pub services: ServiceSet,
    /// Who it allows.
    pub peer: Peer,
    /// Where the spec declares it.
    pub source: Option<Place>,
}

/// Who a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// The addresses of a range.
    Range(IpNet),
    /// The addresses of a prefix list.
    List(usize),
    /// The private addresses of the interfaces that carry a group.
    Group(usize),
    /// A group that is not known here, by its id.
    Stranger(String),
    /// Nobody knows: the group has not been read, and this rule stands for all that it may have.
    Unread,
}

/// A network interface: a host, as far as the network knows.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    /// Its name: the instance's, where it is one's only interface.
    pub named: Named,
    /// Its subnet.
    pub subnet: usize,
    /// What is behind it.
    pub behind: Behind,
    /// Its private addresses and IPv6 addresses, the primary one first.
    pub addresses: Vec<AddressPair>,
    /// Its security groups.
    pub security_groups: Vec<usize>,
    /// Whether it sends and takes only packets of its own addresses.
    pub source_dest_check: bool,
    /// Whether what is behind it runs.
    pub running: bool,
    /// The tags of what is behind it.
    pub tags: BTreeMap<String, String>,
}

/// What is behind an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Behind {
    /// A host.
    #[default]
    Host,
    /// An interface endpoint: it takes TCP and starts nothing.
    Endpoint,
    /// A service of AWS: what it does with a packet that its groups let in is not modelled.
    Service,
    /// Nothing yet.
    Nothing,
}

/// An address of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressPair {
    /// The address that the host knows.
    pub private: Assignment,
    /// The public IPv4 address that internet gateways put in its place.
    pub public: Option<Assignment>,
}

/// An address that is known, or that EC2 has yet to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// This one.
    Known(IpAddr),
    /// EC2 chooses it later: one of the subnet's, or a public one that nobody else has.
    Unassigned,
    /// EC2 chooses it later: an IPv6 one of the subnet's.
    UnassignedV6,
}

impl Assignment {
    /// Its family.
    pub fn family(self) -> Family {
        match self {
            Self::Known(address) => Family::of(address),
            Self::Unassigned => Family::V4,
            Self::UnassignedV6 => Family::V6,
        }
    }
}

/// A prefix list.
#[derive(Clone, Debug, Default)]
pub struct PrefixList {
    /// Its name.
    pub named: Named,
    /// Whether it holds the addresses of a service of AWS, which are nobody else's.
    pub is_service: bool,
    /// What is in it; `None` is not known offline.
    pub entries: Option<Vec<IpNet>>,
}

impl Network {
    /// The route table that a subnet uses.
    pub fn table_of(&self, subnet: usize) -> Option<usize> {
        let subnet = &self.subnets[subnet];
        subnet.route_table.or(self.vpcs[subnet.vpc].main_table)
    }

    /// The network ACL that a subnet uses; `None` is EC2's initial one, which allows everything.
    pub fn acl_of(&self, subnet: usize) -> Option<usize> {
        let subnet = &self.subnets[subnet];
        subnet.network_acl.or(self.vpcs[subnet.vpc].default_acl)
    }

    /// What VPC Block Public Access leaves of the internet in a subnet of a VPC; none where it is not one subnet.
    pub fn public_access(&self, vpc: usize, subnet: Option<usize>) -> PublicAccess {
        subnet
            .and_then(|subnet| self.subnets[subnet].public_access)
            .unwrap_or(self.vpcs[vpc].public_access)
    }

    /// The VPC of an interface.
    pub fn vpc_of(&self, interface: usize) -> usize {
        self.subnets[self.interfaces[interface].subnet].vpc
    }

    /// The internet gateway that is attached to a VPC.
    pub fn internet_gateway_of(&self, vpc: usize) -> Option<usize> {
        self.internet_gateways
            .iter()
            .position(|gateway| gateway.vpc == Some(vpc))
    }

    /// Whether no two of its interfaces and gateways have an address in common.
    pub fn is_unambiguous(&self) -> bool {
        let hosts = self.interfaces.iter().enumerate().flat_map(|(index, host)| {
            let vpc = self.vpc_of(index);
            let each = host
                .addresses
                .iter()
                .flat_map(move |own| [(Some(vpc), Some(own.private)), (None, own.public)]);
            each.map(move |address| (index, address))
        });
        let gateways = self.nat_gateways.iter().enumerate().flat_map(|(index, gateway)| {
            let each = [(Some(gateway.vpc), Some(gateway.private)), (None, gateway.public)];
            each.map(|address| (self.interfaces.len() + index, address))
        });
        let mut owners: BTreeMap<(Option<usize>, IpAddr), usize> = BTreeMap::new();
        hosts
            .chain(gateways)
            .all(|(owner, (vpc, assigned))| match assigned {
                Some(Assignment::Known(address)) => *owners.entry((vpc, address)).or_insert(owner) == owner,
                _ => true,
            })
    }

    /// What a route is for, in a word.
    pub fn name_of_destination(&self, destination: &Destination) -> String {
        match destination {
            Destination::Range(range) => range.to_string(),
            Destination::List(list) => self.prefix_lists[*list].named.name.clone(),
        }
    }

    /// Whether it is known what a route leads to.
    pub fn has(&self, target: &Target) -> bool {
        match target {
            Target::InternetGateway(index) => self.internet_gateways.known(*index).is_some(),
            Target::NatGateway(index) => self.nat_gateways.known(*index).is_some(),
            Target::Endpoint(index) => self.endpoints.known(*index).is_some(),
            Target::Peering(index) => self.peerings.known(*index).is_some(),
            Target::TransitGateway(index) => self.transit_gateways.known(*index).is_some(),
            Target::EgressOnlyGateway(index) => self.egress_only_gateways.known(*index).is_some(),
            Target::Interface(index) => self.interfaces.known(*index).is_some(),
            Target::Blackhole(_) | Target::Other(_) => true,
        }
    }

    /// The name of the thing that a route leads to.
    pub fn name_of<'a>(&'a self, target: &'a Target) -> &'a str {
        match target {
            Target::InternetGateway(index) => &self.internet_gateways[*index].named.name,
            Target::NatGateway(index) => &self.nat_gateways[*index].named.name,
            Target::Endpoint(index) => &self.endpoints[*index].named.name,
            Target::Peering(index) => &self.peerings[*index].named.name,
            Target::TransitGateway(index) => &self.transit_gateways[*index].named.name,
            Target::EgressOnlyGateway(index) => &self.egress_only_gateways[*index].named.name,
            Target::Interface(index) => &self.interfaces[*index].named.name,
            Target::Blackhole(name) | Target::Other(name) => name,
        }
    }
}
