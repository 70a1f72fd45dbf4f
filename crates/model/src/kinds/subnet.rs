//! `subnet`: a range of a VPC's addresses in one availability zone.

mod ranges;

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};
use serde::{Deserialize, Serialize};

use crate::action::{ApiAction, actions};
use crate::attr::{Attr, PRIVATE_IP_ADDRESS, SUBNET, attributes};
use crate::call::{Call, Claim, Exclusive};
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::{instance, vpc, vpc_endpoint};
use crate::net::{Complaint, Format, VPC_RANGE, is_word};
use crate::observed::Object;
use crate::plan::Disruption;
use crate::rules::{After, Home, Live, Rules, Update, View, are_apart};
use crate::schema::{Attribute, Follow, Quota, Schema, Type, resets};
use crate::topology::{Resource, Topology};
use crate::value::Record;
use crate::{Address, Kind, Ref, Zone, ipv6};

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct Subnet {
    pub vpc: Ref,
    pub cidr_block: String,
    pub ipv6_cidr_block: Option<String>,
    pub availability_zone: Option<String>,
    pub availability_zone_id: Option<String>,
    pub map_public_ip_on_launch: bool,
    pub assign_ipv6_address_on_creation: bool,
    pub route_table: Option<Ref>,
    pub network_acl: Option<Ref>,
}

impl Typed for Subnet {
    const KIND: Kind = Kind::Subnet;
}

/// The name of a zone.
pub static ZONE: Format = Format {
    what: "an availability zone such as us-west-2a",
    pattern: "^[a-z]{2,}-[a-z0-9-]*([0-9][a-z]|-wlz-[0-9]+)$",
    number: false,
    read: |text| {
        if is_zone_id(text) {
            return Err(Complaint::new(format!(
                "`{text}` is the id of a zone: write it as `availability_zone_id`"
            )));
        }
        if is_zone(text) {
            Ok(text.to_owned())
        } else {
            Err(Complaint::new(format!("`{text}` is not an availability zone")))
        }
    },
};

static ZONE_ID: Format = Format {
    what: "the id of an availability zone such as usw2-az1",
    pattern: "^[a-z0-9][a-z0-9-]*-(az|wlz)[0-9]+$",
    number: false,
    read: |text| {
        if is_zone(text) {
            return Err(Complaint::new(format!(
                "`{text}` is a zone's name and no id: write it as `availability_zone`"
            )));
        }
        if is_zone_id(text) {
            Ok(text.to_owned())
        } else {
            Err(Complaint::new(format!(
                "`{text}` is not the id of an availability zone"
            )))
        }
    },
};

/// A zone's name ends in the number of its region, or of a place near it, and a letter: `us-west-2a`,
/// `us-west-2-lax-1b`. That of a carrier ends in `wlz` and a number: `us-east-1-wl1-bos-wlz-1`.
fn is_zone(text: &str) -> bool {
    let Some((area, rest)) = text.split_once('-') else {
        return false;
    };
    let region = rest.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let carrier = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    let near = region.len() + 1 == rest.len() && region.ends_with(|c: char| c.is_ascii_digit());
    area.len() >= 2
        && area.chars().all(|c| c.is_ascii_lowercase())
        && is_word(rest, "-")
        && (near || (carrier.len() < rest.len() && carrier.ends_with("-wlz-")))
}

/// A zone's id ends in `az` and a number: `usw2-az1`, `usw2-lax1-az1`, `usw2-wl1-las-wlz1`.
fn is_zone_id(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let place = number
        .strip_suffix("-az")
        .or_else(|| number.strip_suffix("-wlz"))
        .filter(|_| number.len() < text.len());
    is_word(text, "-") && place.is_some_and(|place| !place.is_empty() && !place.starts_with('-'))
}

attributes! {
    [VPC];
    CIDR_BLOCK: IpNet = "cidr_block";
    AVAILABILITY_ZONE: str = "availability_zone";
    AVAILABILITY_ZONE_ID: str = "availability_zone_id";
    MAP_PUBLIC_IP_ON_LAUNCH: bool = "map_public_ip_on_launch";
    ASSIGN_IPV6_ADDRESS_ON_CREATION: bool = "assign_ipv6_address_on_creation";
    ROUTE_TABLE: Ref = "route_table";
    NETWORK_ACL: Ref = "network_acl";
}

actions! {
    CREATE = create "CreateSubnet";
    MODIFY_ATTRIBUTE = modify "ModifySubnetAttribute";
    ASSOCIATE_CIDR_BLOCK = modify "AssociateSubnetCidrBlock";
    DISASSOCIATE_CIDR_BLOCK = modify "DisassociateSubnetCidrBlock";
    ASSOCIATE_ROUTE_TABLE = modify "AssociateRouteTable";
    REPLACE_ROUTE_TABLE_ASSOCIATION = modify "ReplaceRouteTableAssociation";
    DISASSOCIATE_ROUTE_TABLE = modify "DisassociateRouteTable";
    REPLACE_NETWORK_ACL_ASSOCIATION = modify "ReplaceNetworkAclAssociation";
    DELETE = delete "DeleteSubnet";
}

/// What is waited for.
pub mod wait {
    use crate::Waiter;

    /// It can be used.
    pub const AVAILABLE: Waiter = Waiter::until("available", 10);

    /// Its IPv6 range is there.
    pub const ASSOCIATED: Waiter = Waiter::until("associated", 10);

    /// No range is on its way out.
    pub const DISASSOCIATED: Waiter = Waiter::until("disassociated", 10);
}

/// A subnet is always in one: to give, to swap and to take it is one and the same call.
const SWAP_ACL: ApiAction = action::REPLACE_NETWORK_ACL_ASSOCIATION;

static SCHEMA: Schema = Schema {
    kind: Kind::Subnet,
    arn_type: "subnet",
    tag_type: "subnet",
    doc: "A range of a VPC's addresses in one availability zone. EC2 keeps the first four addresses \
     and the last one for itself.",
    example: "\
subnet:
  public:
    vpc: main
    cidr_block: 10.0.1.0/24
    ipv6_cidr_block: 1
    availability_zone: us-west-2a
    map_public_ip_on_launch: true
    assign_ipv6_address_on_creation: true
    route_table: public
    network_acl: public
",
    notes: &[
        "Give the zone by name or by id, not by both. A zone's name may mean another place in another \
         account; its id means the same everywhere.",
        "Two subnets of a VPC cannot share addresses: where a range moves from one subnet to another, \
         the old subnet goes first.",
        "Where the VPC's IPv6 range is `amazon`, EC2 chooses it, and `ipv6_cidr_block` is the number of a /64 \
         in it: 10 in 2001:db8:1:100::/56 is 2001:db8:1:10a::/64. Where the VPC's range is your own, it is \
         a range inside that.",
        "Another route table takes over in one call, without a moment in which the subnet has none. \
         With `route_table` left out, the subnet goes back to the VPC's main table.",
        "A subnet is always in exactly one network ACL, and another one takes over in one call. With \
         `network_acl` left out, the subnet goes back to the VPC's default one.",
        "EC2 deletes a subnet only when nothing is in it. Network interfaces that AWS services left \
         behind hold it up; the error names what EC2 said.",
    ],
    attributes: &[
        Attribute::new(attr::VPC, Type::Ref(Kind::Vpc, Follow::Id), "The VPC it is in.")
            .required()
            .replace("a subnet cannot move to another VPC"),
        Attribute::new(
            attr::CIDR_BLOCK,
            Type::Text(&VPC_RANGE),
            "The IPv4 range, /16 to /28, inside a range of the VPC.",
        )
        .required()
        .replace("EC2 cannot change a subnet's range"),
        Attribute::new(
            ipv6::BLOCK,
            Type::Text(&ipv6::OF_SUBNET),
            "The IPv6 range: the number of a /64 in the range that Amazon gave the VPC, 0 to 255, or a range in \
             the VPC's own.",
        )
        .wider_live()
        .open(|value| value.as_text().is_some_and(ipv6::is_open))
        .disrupts(resets),
        Attribute::new(
            attr::AVAILABILITY_ZONE,
            Type::Text(&ZONE),
            "The zone by the account's name for it, such as `us-west-2a`.",
        )
        .auto()
        .replace("a subnet cannot move to another zone"),
        Attribute::new(
            attr::AVAILABILITY_ZONE_ID,
            Type::Text(&ZONE_ID),
            "The zone by its id, such as `usw2-az1`, which means the same place in every account.",
        )
        .auto()
        .replace("a subnet cannot move to another zone"),
        Attribute::new(
            attr::MAP_PUBLIC_IP_ON_LAUNCH,
            Type::Bool,
            "Whether instances launched here get a public address unless they ask otherwise.",
        )
        .set_by(action::MODIFY_ATTRIBUTE)
        .default(|| false.into()),
        Attribute::new(
            attr::ASSIGN_IPV6_ADDRESS_ON_CREATION,
            Type::Bool,
            "Whether instances launched here get an IPv6 address unless they say how many, or which. Only with an \
             `ipv6_cidr_block`.",
        )
        .default(|| false.into()),
        Attribute::new(
            attr::ROUTE_TABLE,
            Type::Ref(Kind::RouteTable, Follow::Id),
            "The route table.",
        )
        .attached_by(
            action::ASSOCIATE_ROUTE_TABLE,
            Some(action::REPLACE_ROUTE_TABLE_ASSOCIATION),
            action::DISASSOCIATE_ROUTE_TABLE,
        )
        .joining()
        .in_own_vpc()
        .disrupts(|_, _| Disruption::Reset)
        .absent("the VPC's main one"),
        Attribute::new(
            attr::NETWORK_ACL,
            Type::Ref(Kind::NetworkAcl, Follow::Id),
            "The network ACL.",
        )
        .attached_by(SWAP_ACL, Some(SWAP_ACL), SWAP_ACL)
        .joining()
        .in_own_vpc()
        .disrupts(|_, _| Disruption::Reset)
        .absent("the VPC's default one"),
    ],
    selected_by_tags: false,
    quota: Quota::Vpc(200),
};

/// Whether the subnet gives addresses of its IPv6 range.
const ASSIGNS: Attr<bool> = attr::ASSIGN_IPV6_ADDRESS_ON_CREATION;

const OVERLAP: &str = "subnets of one VPC may not share addresses: change one of the ranges";

static RANGE: Exclusive = Exclusive {
    attribute: attr::CIDR_BLOCK.name,
    code: "subnets-overlap",
    help: OVERLAP,
};

static IPV6_RANGE: Exclusive = Exclusive {
    attribute: ipv6::BLOCK.name,
    ..RANGE
};

/// The ranges of a subnet in its VPC, each of one address family.
static RANGES: [&Exclusive; 2] = [&RANGE, &IPV6_RANGE];

static ADDRESS: Exclusive = Exclusive {
    attribute: PRIVATE_IP_ADDRESS.name,
    code: "address-twice",
    help: "give one of them another address, or let EC2 choose",
};

/// All that a subnet is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &SubnetRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: true,
};

/// What a subnet is.
#[derive(Debug)]
struct SubnetRules;

impl Rules for SubnetRules {
    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        check_addresses(topology, out);
        for resource in topology.of(Kind::Subnet) {
            check_zone(resource, attr::AVAILABILITY_ZONE, topology, out);
            check_zone_once(resource, out);
            check_assigns(resource, out);
        }
        ranges::check(topology, out);
    }

    fn ranges(&self, record: &Record) -> Vec<IpNet> {
        record.get(attr::CIDR_BLOCK).into_iter().collect()
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.only(&[
            attr::VPC.name,
            attr::CIDR_BLOCK.name,
            attr::AVAILABILITY_ZONE.name,
            attr::AVAILABILITY_ZONE_ID.name,
        ]))
    }

    fn by_home(&self) -> &'static [&'static str] {
        &[ipv6::BLOCK.name]
    }

    /// A number means a /64 of the range that Amazon gave the VPC, where that is known.
    fn fitted(
        &self,
        resource: &Resource,
        _object: Option<&Object>,
        home: Option<Home<'_>>,
    ) -> Option<Record> {
        let range = meant(resource.record.text(ipv6::BLOCK), home?.live?)?;
        Some(resource.record.clone().with(ipv6::BLOCK, range))
    }

    /// EC2 assigns addresses only of a range that is there, and keeps one that it assigns addresses of: that is
    /// off while the range goes, and on when the other one is there.
    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        let mut calls = update.calls();
        // The VPC belongs to it: that is where the range is free or taken, and what a number counts in.
        let range = |record: &Record| record.only(&[attr::VPC.name, ipv6::BLOCK.name]);
        let is_there = |record: &Record| update.has(ipv6::BLOCK) && !record.text(ipv6::BLOCK).is_empty();
        let [old, new] = [update.before, update.after].map(is_there);
        let [assigned, assigns] =
            [update.before, update.after].map(|record| record.get(ASSIGNS) == Some(true));
        let assign = |on: bool| {
            let is = |on: bool| Record::new().with(ASSIGNS, on);
            action::MODIFY_ATTRIBUTE.setting(is(on)).unsetting(is(!on))
        };
        calls.extend((assigned && (old || !assigns)).then(|| assign(false)));
        calls.extend(old.then(|| action::DISASSOCIATE_CIDR_BLOCK.unsetting(range(update.before))));
        calls.extend(new.then(|| action::ASSOCIATE_CIDR_BLOCK.setting(range(update.after))));
        calls.extend((assigns && (old || !assigned)).then(|| assign(true)));
        calls
    }

    /// A range comes only when that of the VPC has, and goes only when nobody has an address of it any more.
    fn after(&self, address: &Address, call: &Call, _record: &Record, view: &View<'_>) -> Vec<After> {
        if call.action == action::DISASSOCIATE_CIDR_BLOCK {
            return users(address, call.unsets.text(ipv6::BLOCK), view);
        }
        let vpc = vpc::of(&call.sets).and_then(Ref::address);
        let vpc = vpc.filter(|_| call.action == action::ASSOCIATE_CIDR_BLOCK);
        let changes = vpc.filter(|vpc| {
            let live = vpc::staying(vpc, view).map(|live| live.record.text(ipv6::BLOCK));
            live.is_some_and(|live| {
                view.wanted
                    .get(*vpc)
                    .is_some_and(|vpc| vpc.text(ipv6::BLOCK) != live)
            })
        });
        changes.map(|vpc| After::Ready(vpc.clone())).into_iter().collect()
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        let claim = |vpc: &Ref, of: &'static Exclusive| {
            let text = sets.value(of.attribute)?.as_text()?;
            let range = ipv6::taken(text).map_or_else(|| text.to_owned(), |range| range.to_string());
            let space = format!("ranges in {vpc}");
            let number = if ipv6::is_open(text) {
                "the /64 number "
            } else {
                ""
            };
            Some(Claim::range(
                of,
                space,
                &range,
                format!("{number}{text} in {vpc}"),
            ))
        };
        let vpc = vpc::of(sets).into_iter();
        vpc.flat_map(|vpc| RANGES.map(|of| claim(vpc, of)))
            .flatten()
            .collect()
    }

    fn zone(&self, record: &Record) -> Option<Zone> {
        let text = |zone| record.get(zone).map(str::to_owned);
        text(attr::AVAILABILITY_ZONE)
            .map(Zone::Name)
            .or_else(|| text(attr::AVAILABILITY_ZONE_ID).map(Zone::Id))
    }

    fn commute(&self, earlier: &Call, later: &Call) -> bool {
        let is_ipv6 = |call: &Call| {
            [ipv6::BLOCK.name, ASSIGNS.name]
                .iter()
                .any(|name| call.sets.has(name) || call.unsets.has(name))
        };
        are_apart(earlier, later) && !(is_ipv6(earlier) && is_ipv6(later))
    }
}

/// The /64 that a number means in a VPC, where that has a range of Amazon's.
fn meant(number: &str, vpc: &Object) -> Option<String> {
    let given = vpc.facts.list(vpc::AMAZON_RANGES).first()?.as_text()?;
    ipv6::numbered(number, given)
}

/// The instances that have addresses of these ranges, and the endpoints that have some in the subnet: those change,
/// or go, before the ranges do.
fn users(subnet: &Address, ranges: &str, view: &View<'_>) -> Vec<After> {
    let ranges: Vec<Ipv6Net> = ipv6::all(ranges).filter_map(|range| range.parse().ok()).collect();
    let stands_in = |live: &Live<'_>| {
        let own = live.record.get(SUBNET).map(|own| view.named(own));
        own == Some(Ref::Name(subnet.clone()))
    };
    let has_one = |live: &Live<'_>| {
        let held = live.record.list(instance::attr::IPV6_ADDRESSES).iter();
        let mut held = held.filter_map(|address| address.as_text()?.parse::<Ipv6Addr>().ok());
        held.any(|address| ranges.iter().any(|range| range.contains(&address)))
    };
    let users = view.live_of(Kind::Instance).filter(stands_in).filter(has_one);
    users
        .map(|live| {
            let addresses = instance::attr::IPV6_ADDRESSES.name;
            After::Changed(live.address.clone(), live.id.to_owned(), addresses)
        })
        .chain(vpc_endpoint::without_ipv6_in(subnet, view))
        .collect()
}

/// The IPv6 ranges that a live subnet does not keep, as far as that is known.
pub fn ranges_that_go(subnet: Home<'_>) -> Vec<Ipv6Net> {
    let Some(live) = subnet.live else {
        return Vec::new();
    };
    let text = subnet.record.text(ipv6::BLOCK);
    let kept = match (ipv6::is_open(text) && !text.is_empty(), subnet.around) {
        (false, _) => Some(text.to_owned()),
        (true, Some(vpc)) if !vpc.unread.contains_key(ipv6::BLOCK.name) => meant(text, vpc),
        (true, _) => return Vec::new(),
    };
    let ranges = ipv6::all(live.record.text(ipv6::BLOCK));
    ranges
        .filter(|range| Some(*range) != kept.as_deref())
        .filter_map(|range| range.parse().ok())
        .collect()
}

/// Addresses that are given to instances and NAT gateways are of their subnet.
fn check_addresses(topology: &Topology, out: &mut Vec<Diagnostic>) {
    for resource in [Kind::NatGateway, Kind::Instance]
        .into_iter()
        .flat_map(|kind| topology.of(kind))
    {
        if let Some(address) = resource.record.get(PRIVATE_IP_ADDRESS) {
            check_address(resource, address, topology, out);
        }
    }
}

fn check_address(resource: &Resource, address: Ipv4Addr, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let Some(subnet) = topology.follow(resource.record.get(SUBNET)) else {
        return;
    };
    let Some(IpNet::V4(range)) = subnet.record.get(attr::CIDR_BLOCK) else {
        return;
    };
    let first = u32::from(range.network());
    let reserved = (first..first + 4).contains(&u32::from(address)) || address == range.broadcast();
    if range.contains(&address) && !reserved {
        return;
    }
    let why = if reserved && range.contains(&address) {
        "is one of the five that EC2 keeps in"
    } else {
        "is outside"
    };
    out.push(
        Diagnostic::error(
            "address-outside-subnet",
            format!("{address} {why} {} ({range})", subnet.address),
        )
        .at(resource.place(PRIVATE_IP_ADDRESS), "EC2 refuses this address")
        .at(subnet.place(attr::CIDR_BLOCK), "the subnet's range")
        .help("choose an address of the subnet other than its first four and its last"),
    );
}

/// What a call that fixes an address in a subnet takes.
pub fn address_claim(sets: &Record) -> Option<Claim> {
    let address = sets.get(PRIVATE_IP_ADDRESS)?;
    let subnet = sets.get(SUBNET)?;
    Some(Claim::text(
        &ADDRESS,
        addresses(subnet),
        address.to_string(),
        format!("{address} in {subnet}"),
    ))
}

/// Where EC2 chooses the address for a call that makes something in a subnet and fixes none.
pub fn any_address(sets: &Record) -> Option<String> {
    let subnet = sets.get(SUBNET).filter(|_| !sets.has(PRIVATE_IP_ADDRESS))?;
    Some(addresses(subnet))
}

/// The space of claims of the addresses in a subnet.
pub fn addresses(subnet: &Ref) -> String {
    format!("addresses in {subnet}")
}

/// EC2 assigns addresses only of a range that is there.
fn check_assigns(resource: &Resource, out: &mut Vec<Diagnostic>) {
    if resource.record.get(ASSIGNS) == Some(true) && resource.record.text(ipv6::BLOCK).is_empty() {
        let address = &resource.address;
        out.push(
            Diagnostic::error(
                "assigns-without-ipv6-range",
                format!("{address} assigns IPv6 addresses, and has no IPv6 range"),
            )
            .at(resource.place(ASSIGNS), "there is no range to take it from")
            .at(resource.place.clone(), "has no `ipv6_cidr_block`")
            .help(format!(
                "give {address} an `ipv6_cidr_block`, or leave `{ASSIGNS}` out"
            )),
        );
    }
}

/// What is in a zone is in one of the region.
pub fn check_zone(resource: &Resource, of: Attr<str>, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let zone = resource.record.text(of);
    if let Some(region) = topology
        .region
        .as_deref()
        .filter(|region| !zone.is_empty() && !zone.starts_with(region))
    {
        let diagnostic =
            Diagnostic::error("zone-outside-region", format!("{zone} is not a zone of {region}"))
                .at(resource.place(of), "in another region");
        let diagnostic = topology
            .places
            .get("region")
            .into_iter()
            .fold(diagnostic, |d, place| d.at(place.clone(), "the region"));
        out.push(diagnostic.help(format!("zones of {region} look like `{region}a`")));
    }
}

fn check_zone_once(resource: &Resource, out: &mut Vec<Diagnostic>) {
    if resource.record.has(attr::AVAILABILITY_ZONE) && resource.record.has(attr::AVAILABILITY_ZONE_ID) {
        out.push(
            Diagnostic::error("zone-twice", format!("{} gives its zone twice", resource.address))
                .at(resource.place(attr::AVAILABILITY_ZONE_ID), "by id")
                .at(resource.place(attr::AVAILABILITY_ZONE), "and by name")
                .help("keep `availability_zone` or `availability_zone_id`, not both"),
        );
    }
}
