//! VPCs: `CreateVpc` and what belongs to it.

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::ipv6::{self, Range6};
use super::route_table::Destination;
use super::{
    Kind, block_public_access, flow_log, network_acl, range, route_table, security_group, tag, vpc_ipv6,
    vpc_peering_connection, yes,
};
use crate::call::{ACCOUNT, Answer, Call, Listing};
use crate::due::What;
use crate::state::Region;
use crate::state::clock::SECOND;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::USUAL;
use crate::wire::{Fault, Xml};

/// The greatest number of IPv4 ranges that AWS grants to a VPC.
pub const RANGES_LIMIT: usize = 50;

/// A range of a VPC.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cidr {
    /// `vpc-cidr-assoc-…`.
    pub id: String,
    /// The range.
    pub net: Ipv4Net,
    /// `associating`, `associated`, `disassociating` or `disassociated`.
    pub state: String,
}

impl Cidr {
    fn counts(&self) -> bool {
        self.state == "associated" || self.state == "associating"
    }
}

/// A VPC.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vpc {
    /// Its ranges; the first is the primary one.
    pub cidrs: Vec<Cidr>,
    /// Its IPv6 ranges.
    #[serde(default)]
    pub ipv6: Vec<Range6>,
    /// `default` or `dedicated`.
    pub tenancy: String,
    /// Whether it is the region's default VPC.
    pub is_default: bool,
    /// Its DHCP options set.
    pub dhcp_options: String,
    /// The attribute of that name.
    pub dns_support: bool,
    /// The attribute of that name.
    pub dns_hostnames: bool,
    /// The attribute of that name.
    pub usage_metrics: bool,
    /// `pending` or `available`.
    pub state: String,
}

impl Vpc {
    /// The primary range.
    pub fn cidr(&self) -> Option<&Ipv4Net> {
        self.cidrs.first().map(|cidr| &cidr.net)
    }

    /// All ranges in use.
    pub fn ranges(&self) -> impl Iterator<Item = &Ipv4Net> {
        self.cidrs
            .iter()
            .filter(|cidr| cidr.counts())
            .map(|cidr| &cidr.net)
    }

    /// All IPv6 ranges in use.
    pub fn ipv6_ranges(&self) -> impl Iterator<Item = &Range6> {
        self.ipv6.iter().filter(|range| range.counts())
    }
}

impl Row for Vpc {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.dhcp_options);
        self.cidrs.iter().for_each(|cidr| add(&cidr.id));
        self.ipv6.iter().for_each(|range| add(&range.id));
    }
}

impl Kind for Vpc {
    const PREFIX: &'static str = "vpc";
    const RESOURCE: &'static str = "vpc";
    const NOUN: &'static str = "vpc ID";
    const NOT_FOUND: &'static str = "InvalidVpcID.NotFound";
    const MALFORMED: &'static str = "InvalidVpcId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![Vpc:
        "vpc-id" => |seen, add| add(seen.id),
        "state" => |seen, add| add(&seen.row.state),
        "cidr" => |seen, add| primary(seen, add),
        "cidr-block" => |seen, add| primary(seen, add),
        "cidrBlock" => |seen, add| primary(seen, add),
        "cidr-block-association.cidr-block" => |seen, add| seen.row.cidrs.iter().for_each(|c| add(&c.net.to_string())),
        "cidr-block-association.association-id" => |seen, add| seen.row.cidrs.iter().for_each(|c| add(&c.id)),
        "cidr-block-association.state" => |seen, add| seen.row.cidrs.iter().for_each(|c| add(&c.state)),
        "dhcp-options-id" => |seen, add| add(&seen.row.dhcp_options),
        "dhcpOptionsId" => |seen, add| add(&seen.row.dhcp_options),
        "is-default" => |seen, add| add(yes(seen.row.is_default)),
        "isDefault" => |seen, add| add(yes(seen.row.is_default)),
        "owner-id" => |_, add| add(ACCOUNT),
        "ipv6-cidr-block-association.ipv6-cidr-block" => |seen, add| seen.row.ipv6.iter().for_each(|r| add(&r.shown())),
        "ipv6-cidr-block-association.ipv6-pool" => |seen, add| seen.row.ipv6.iter().filter_map(|r| r.pool.as_ref()).for_each(|pool| add(pool)),
        "ipv6-cidr-block-association.association-id" => |seen, add| seen.row.ipv6.iter().for_each(|r| add(&r.id)),
        "ipv6-cidr-block-association.state" => |seen, add| seen.row.ipv6.iter().for_each(|r| add(&r.state)),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.vpcs
    }
}

fn primary(seen: &Seen<'_, Vpc>, add: &mut dyn FnMut(&str)) {
    if let Some(net) = seen.row.cidr() {
        add(&net.to_string());
    }
}

fn write(x: &mut Xml, seen: &Seen<'_, Vpc>) {
    let vpc = seen.row;
    x.text("vpcId", seen.id);
    x.text("ownerId", ACCOUNT);
    x.text("state", &vpc.state);
    x.maybe("cidrBlock", vpc.cidr());
    x.set("cidrBlockAssociationSet", &vpc.cidrs, write_cidr);
    if !vpc.ipv6.is_empty() {
        x.set("ipv6CidrBlockAssociationSet", &vpc.ipv6, |x, range| {
            ipv6::write(x, range, &seen.region.name);
        });
    }
    x.text("dhcpOptionsId", &vpc.dhcp_options);
    x.text("instanceTenancy", &vpc.tenancy);
    x.text("isDefault", vpc.is_default);
    block_public_access::write_states(x, seen.region, seen.id, None);
    tag::write_if_any(x, seen.region, seen.id);
}

fn write_cidr(x: &mut Xml, cidr: &Cidr) {
    x.text("associationId", &cidr.id);
    x.text("cidrBlock", cidr.net);
    x.element("cidrBlockState", |x| x.text("state", &cidr.state));
}

fn check_range(net: &Ipv4Net) -> Answer {
    let octets = net.network().octets();
    let special = matches!(octets[0], 0 | 127 | 224..) || octets[..2] == [169, 254];
    if special || !(16..=28).contains(&net.prefix_len()) {
        return Err(Fault::new(
            "InvalidVpc.Range",
            format!("The CIDR '{net}' is invalid."),
        ));
    }
    Ok(())
}

/// A VPC with what EC2 creates beside it: main route table, default network ACL and default group.
pub fn make(call: &mut Call<'_>, net: Ipv4Net, tenancy: &str, is_default: bool) -> String {
    let id = call.new_id("vpc");
    let cidr = Cidr {
        id: call.new_id("vpc-cidr-assoc"),
        net,
        state: "associated".into(),
    };
    let vpc = Vpc {
        cidrs: vec![cidr],
        ipv6: Vec::new(),
        tenancy: tenancy.to_owned(),
        is_default,
        dhcp_options: super::dhcp_options::default_set(call),
        dns_support: true,
        dns_hostnames: is_default,
        usage_metrics: false,
        state: call.state_at_first(),
    };
    call.region.vpcs.insert(&id, vpc);
    route_table::make_main(call, &id, net);
    network_acl::make_default(call, &id);
    security_group::make_default(call, &id);
    call.later(2 * SECOND, 5 * SECOND, What::VpcAvailable, &id);
    id
}

/// `CreateVpc`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let net = range::v4(p.required("CidrBlock")?, "cidrBlock")?;
    check_range(&net)?;
    let tenancy = p.filled("InstanceTenancy").unwrap_or("default");
    if !matches!(tenancy, "default" | "dedicated") {
        return Err(Fault::invalid(
            tenancy,
            "instanceTenancy",
            "it must be default or dedicated",
        ));
    }
    let ipv6 = vpc_ipv6::asked(call)?;
    let tags = call.tags_for("vpc", &["vpc"])?;
    let id = make(call, net, tenancy, false);
    call.tag(&id, tags);
    if let Some(ipv6) = ipv6 {
        vpc_ipv6::give(call, &id, ipv6);
    }
    let vpc = call.region.vpcs.get(&id).cloned();
    if let Some(row) = &vpc {
        x.element("vpc", |x| {
            write(
                x,
                &Seen {
                    id: &id,
                    row,
                    region: call.region,
                },
            );
        });
    }
    Ok(())
}

/// The VPC is ready.
pub fn available(call: &mut Call<'_>, id: &str) {
    call.region.vpcs.update(id, |vpc| vpc.state = "available".into());
}

/// `DescribeVpcs`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    call.describe(
        x,
        &Listing {
            ids: "VpcId",
            set: "vpcSet",
            pages: Some(USUAL),
        },
        write,
    )
}

/// `DeleteVpc`.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("VpcId")?;
    call.find::<Vpc>(id)?;
    let region = &mut *call.region;
    let blocked = region.subnets.owner_of(id).is_some()
        || region
            .security_groups
            .referring(id)
            .any(|(_, group)| group.vpc == id && group.name != "default")
        || region.network_acls.referring(id).any(|(_, acl)| !acl.is_default)
        || region
            .route_tables
            .referring(id)
            .any(|(_, table)| table.vpc == id && !table.is_main())
        || region.internet_gateways.owner_of(id).is_some()
        || region.egress_only_gateways.owner_of(id).is_some()
        || region
            .vpc_endpoints
            .referring(id)
            .any(|(_, endpoint)| endpoint.state != "deleted")
        || region.network_interfaces.owner_of(id).is_some();
    if blocked {
        return Err(Fault::dependency("vpc", id));
    }
    let inside: Vec<String> = region
        .security_groups
        .referring_ids(id)
        .into_iter()
        .chain(region.network_acls.referring_ids(id))
        .chain(region.route_tables.referring_ids(id))
        .collect();
    for part in inside.iter().map(String::as_str).chain([id]) {
        region.security_groups.remove(part);
        region.network_acls.remove(part);
        region.route_tables.remove(part);
        region.vpcs.remove(part);
        region.tags.remove(part);
    }
    crate::due::cancel(call, id);
    flow_log::outlived(call, id);
    vpc_peering_connection::outlived(call, id);
    x.done();
    Ok(())
}

/// `DescribeVpcAttribute`.
pub fn describe_attribute(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("VpcId")?;
    let attribute = call.params.required("Attribute")?;
    let vpc = call.find::<Vpc>(id)?;
    let value = match attribute {
        "enableDnsSupport" => vpc.dns_support,
        "enableDnsHostnames" => vpc.dns_hostnames,
        "enableNetworkAddressUsageMetrics" => vpc.usage_metrics,
        other => return Err(Fault::invalid(other, "attribute", "Unknown attribute.")),
    };
    x.text("vpcId", id);
    x.element(attribute, |x| x.text("value", value));
    Ok(())
}

/// `ModifyVpcAttribute`: one attribute in each call.
pub fn modify_attribute(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("VpcId")?;
    let vpc = call.find::<Vpc>(id)?.clone();
    let support = p.flag_of("EnableDnsSupport")?;
    let hostnames = p.flag_of("EnableDnsHostnames")?;
    let metrics = p.flag_of("EnableNetworkAddressUsageMetrics")?;
    match [support, hostnames, metrics].iter().flatten().count() {
        0 => return Err(Fault::missing("EnableDnsSupport")),
        1 => {}
        _ => {
            return Err(Fault::combination(
                "Only one attribute can be modified in a request",
            ));
        }
    }
    if hostnames == Some(true) && !vpc.dns_support {
        return Err(Fault::new(
            "InvalidParameterCombination",
            "Enabling DNS hostnames requires DNS support to be enabled for the VPC",
        ));
    }
    if support == Some(false) && vpc.dns_hostnames {
        return Err(Fault::new(
            "InvalidParameterCombination",
            "DNS support cannot be disabled while DNS hostnames are enabled for the VPC",
        ));
    }
    call.region.vpcs.update(id, |vpc| {
        vpc.dns_support = support.unwrap_or(vpc.dns_support);
        vpc.dns_hostnames = hostnames.unwrap_or(vpc.dns_hostnames);
        vpc.usage_metrics = metrics.unwrap_or(vpc.usage_metrics);
    });
    x.done();
    Ok(())
}

/// `ModifyVpcTenancy`: from `dedicated` to `default` alone.
pub fn modify_tenancy(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("VpcId")?;
    let tenancy = call.params.required("InstanceTenancy")?;
    call.find::<Vpc>(id)?;
    if tenancy != "default" {
        return Err(Fault::new(
            "UnsupportedTenancy",
            "The tenancy of a VPC can only be changed to default",
        ));
    }
    call.region.vpcs.update(id, |vpc| vpc.tenancy = "default".into());
    x.done();
    Ok(())
}

/// `AssociateVpcCidrBlock`.
pub fn associate_cidr(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("VpcId")?;
    let vpc = call.find::<Vpc>(id)?;
    if let Some(asked) = vpc_ipv6::asked(call)? {
        return vpc_ipv6::associate(call, x, id, asked);
    }
    let net = range::v4(p.required("CidrBlock")?, "cidrBlock")?;
    check_range(&net)?;
    check_secondary(call.region, id, vpc, &net)?;
    let association = Cidr {
        id: call.new_id("vpc-cidr-assoc"),
        net,
        state: "associating".into(),
    };
    call.region
        .vpcs
        .update(id, |vpc| vpc.cidrs.push(association.clone()));
    call.later(2 * SECOND, 6 * SECOND, What::CidrAssociated, &association.id);
    route_table::add_local(call, id, &Destination::V4(net));
    x.text("vpcId", id);
    x.element("cidrBlockAssociation", |x| write_cidr(x, &association));
    Ok(())
}

fn check_secondary(region: &Region, id: &str, vpc: &Vpc, net: &Ipv4Net) -> Answer {
    if vpc.ranges().count() >= RANGES_LIMIT {
        return Err(Fault::new(
            "CidrLimitExceeded",
            format!("This network '{id}' has met its maximum number of allowed CIDRs"),
        ));
    }
    if let Some(other) = vpc.ranges().find(|other| range::overlap(net, other)) {
        return Err(Fault::new(
            "InvalidVpc.Range",
            format!("The CIDR '{net}' overlaps with another CIDR '{other}' of the VPC"),
        ));
    }
    // The guide's table of ranges that do not mix: by the primary one; public ranges and 100.64.0.0/10 go
    // with any.
    let octets = |net: &Ipv4Net| (net.network().octets()[0], net.network().octets()[1]);
    let (mine, home) = (family(net), vpc.cidr().and_then(family));
    let low = vpc.ranges().any(|range| matches!(octets(range), (10, 0 | 1)));
    if (mine.is_some() && mine != home) || octets(net) == (172, 31) || (low && octets(net) == (10, 0)) {
        return Err(restricted(net));
    }
    let blocked = region
        .route_tables
        .referring(id)
        .flat_map(|(_, table)| &table.routes)
        .any(|route| {
            !route.is_local()
                && route
                    .destination
                    .v4()
                    .is_some_and(|destination| net.contains(&destination))
        });
    if blocked {
        return Err(Fault::new(
            "InvalidVpc.Range",
            format!("The CIDR '{net}' is equal to or larger than the destination of a route of the VPC"),
        ));
    }
    Ok(())
}

/// Which of the ranges that do not mix a range belongs to.
fn family(net: &Ipv4Net) -> Option<u8> {
    let octets = net.network().octets();
    match (octets[0], octets[1]) {
        (10, _) => Some(0),
        (172, 16..=31) => Some(1),
        (192, 168) => Some(2),
        (198, 19) => Some(3),
        _ => None,
    }
}

fn restricted(net: &Ipv4Net) -> Fault {
    Fault::new(
        "InvalidVpc.Range",
        format!(
            "The CIDR '{net}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, \
             or use a publicly-routable CIDR."
        ),
    )
}

/// A secondary or IPv6 range is in place.
pub fn cidr_associated(call: &mut Call<'_>, association: &str) {
    set_cidr_state(call, association, "associated");
}

/// A secondary range is gone; EC2 shows it so for a while, and the sandbox until the VPC changes again.
pub fn cidr_disassociated(call: &mut Call<'_>, association: &str) {
    set_cidr_state(call, association, "disassociated");
}

fn set_cidr_state(call: &mut Call<'_>, association: &str, state: &str) {
    let set = |ranges: &mut [Range6]| {
        for range in ranges.iter_mut().filter(|range| range.id == association) {
            state.clone_into(&mut range.state);
        }
    };
    let region = &mut *call.region;
    if let Some(id) = region.vpcs.owner_of(association).map(|(id, _)| id.clone()) {
        region.vpcs.update(&id, |vpc| {
            for cidr in vpc.cidrs.iter_mut().filter(|cidr| cidr.id == association) {
                state.clone_into(&mut cidr.state);
            }
            set(&mut vpc.ipv6);
        });
    } else if let Some(id) = region.subnets.owner_of(association).map(|(id, _)| id.clone()) {
        region.subnets.update(&id, |subnet| set(&mut subnet.ipv6));
    }
}

/// `DisassociateVpcCidrBlock`.
pub fn disassociate_cidr(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let association = call.params.required("AssociationId")?;
    let region = &mut *call.region;
    let owner = region
        .vpcs
        .owner_of(association)
        .map(|(id, vpc)| (id.clone(), vpc.clone()));
    let ipv6 = owner.as_ref().and_then(|(id, vpc)| {
        let range = vpc.ipv6_ranges().find(|range| range.id == association)?;
        Some((id.clone(), range.clone()))
    });
    if let Some((id, range)) = ipv6 {
        return vpc_ipv6::disassociate(call, x, &id, &range);
    }
    let found = owner.and_then(|(id, vpc)| {
        let at = vpc
            .cidrs
            .iter()
            .position(|cidr| cidr.id == association && cidr.counts())?;
        Some((id, vpc, at))
    });
    let Some((id, vpc, at)) = found else {
        return Err(Fault::new(
            "InvalidVpcCidrBlockAssociationID.NotFound",
            format!("The vpc CIDR block association ID '{association}' does not exist"),
        ));
    };
    if at == 0 {
        return Err(Fault::new(
            "OperationNotPermitted",
            format!(
                "The vpc CIDR block with association ID {association} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
            ),
        ));
    }
    let net = vpc.cidrs[at].net;
    if region
        .subnets
        .referring(&id)
        .any(|(_, subnet)| net.contains(&subnet.net))
    {
        return Err(Fault::new(
            "DependencyViolation",
            format!("The vpc CIDR block '{net}' has dependencies and cannot be disassociated."),
        ));
    }
    region
        .vpcs
        .update(&id, |vpc| "disassociating".clone_into(&mut vpc.cidrs[at].state));
    route_table::remove_local(call, &id, &Destination::V4(net));
    call.later(2 * SECOND, 6 * SECOND, What::CidrDisassociated, association);
    let mut cidr = vpc.cidrs[at].clone();
    cidr.state = "disassociating".into();
    x.element("cidrBlockAssociation", |x| write_cidr(x, &cidr));
    x.text("vpcId", id);
    Ok(())
}
