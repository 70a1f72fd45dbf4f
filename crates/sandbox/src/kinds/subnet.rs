//! Subnets.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::ipv6::{self, Range6};
use super::vpc::Vpc;
use super::zone::{self, Zone};
use super::{Kind, block_public_access, network_acl, range, route_table, subnet_ipv6, tag, yes};
use crate::call::{ACCOUNT, Answer, Call, Listing, arn};
use crate::due::What;
use crate::state::Region;
use crate::state::clock::SECOND;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::USUAL;
use crate::wire::{Fault, Xml};

/// A subnet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subnet {
    /// Its VPC.
    pub vpc: String,
    /// Its range.
    pub net: Ipv4Net,
    /// Its IPv6 range, and those that it had.
    #[serde(default)]
    pub ipv6: Vec<Range6>,
    /// Whether its interfaces get an IPv6 address.
    #[serde(default)]
    pub assign_ipv6: bool,
    /// The attribute of that name.
    #[serde(default)]
    pub dns64: bool,
    /// Its zone.
    pub zone: Zone,
    /// `pending` or `available`.
    pub state: String,
    /// Whether it is the zone's default subnet.
    pub default_for_az: bool,
    /// The attribute of that name.
    pub map_public_ip: bool,
    /// `ip-name` or `resource-name`.
    pub hostname_type: String,
    /// The attribute of that name.
    pub dns_a_record: bool,
    /// The attribute of that name.
    pub dns_aaaa_record: bool,
}

impl Row for Subnet {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.vpc);
        self.ipv6.iter().for_each(|range| add(&range.id));
    }
}

impl Kind for Subnet {
    const PREFIX: &'static str = "subnet";
    const RESOURCE: &'static str = "subnet";
    const NOUN: &'static str = "subnet ID";
    const NOT_FOUND: &'static str = "InvalidSubnetID.NotFound";
    const MALFORMED: &'static str = "InvalidSubnetId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![Subnet:
        "subnet-id" => |seen, add| add(seen.id),
        "vpc-id" => |seen, add| add(&seen.row.vpc),
        "vpcId" => |seen, add| add(&seen.row.vpc),
        "state" => |seen, add| add(&seen.row.state),
        "availability-zone" => |seen, add| add(&seen.row.zone.name),
        "availabilityZone" => |seen, add| add(&seen.row.zone.name),
        "availability-zone-id" => |seen, add| add(&seen.row.zone.id),
        "availabilityZoneId" => |seen, add| add(&seen.row.zone.id),
        "available-ip-address-count" => |seen, add| add(&free(seen.region, seen.id, &seen.row.net).to_string()),
        "cidr" => |seen, add| add(&seen.row.net.to_string()),
        "cidr-block" => |seen, add| add(&seen.row.net.to_string()),
        "cidrBlock" => |seen, add| add(&seen.row.net.to_string()),
        "default-for-az" => |seen, add| add(yes(seen.row.default_for_az)),
        "defaultForAz" => |seen, add| add(yes(seen.row.default_for_az)),
        "map-public-ip-on-launch" => |seen, add| add(yes(seen.row.map_public_ip)),
        "assign-ipv6-address-on-creation" => |seen, add| add(yes(seen.row.assign_ipv6)),
        "map-customer-owned-ip-on-launch" => |_, add| add("false"),
        "customer-owned-ipv4-pool" => |_, _| {},
        "enable-dns64" => |seen, add| add(yes(seen.row.dns64)),
        "enable-lni-at-device-index" => |_, _| {},
        "ipv6-cidr-block-association.ipv6-cidr-block" => |seen, add| seen.row.ipv6.iter().for_each(|r| add(&r.shown())),
        "ipv6-cidr-block-association.association-id" => |seen, add| seen.row.ipv6.iter().for_each(|r| add(&r.id)),
        "ipv6-cidr-block-association.state" => |seen, add| seen.row.ipv6.iter().for_each(|r| add(&r.state)),
        "ipv6-native" => |_, add| add("false"),
        "outpost-arn" => |_, _| {},
        "owner-id" => |_, add| add(ACCOUNT),
        "private-dns-name-options-on-launch.hostname-type" => |seen, add| add(&seen.row.hostname_type),
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record" => |seen, add| add(yes(seen.row.dns_a_record)),
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record" => |seen, add| add(yes(seen.row.dns_aaaa_record)),
        "subnet-arn" => |seen, add| add(&arn(seen.region, "subnet", seen.id)),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.subnets
    }
}

/// How many addresses of a subnet are free.
pub fn free(region: &Region, id: &str, net: &Ipv4Net) -> u64 {
    let taken: u64 = region
        .network_interfaces
        .referring(id)
        .map(|(_, eni)| eni.private_ips.len() as u64)
        .sum();
    range::usable(net).saturating_sub(taken)
}

/// An address of the subnet that nobody has: the `wanted` one, or one of EC2's choice.
pub fn take_address(call: &mut Call<'_>, id: &str, wanted: Option<Ipv4Addr>) -> Result<Ipv4Addr, Fault> {
    let net = call.find::<Subnet>(id)?.net;
    let taken = |region: &Region, address| {
        region
            .network_interfaces
            .owner_of(&super::network_interface::place(id, address))
            .is_some()
    };
    if let Some(address) = wanted {
        if !net.contains(&address) || range::is_reserved(&net, address) {
            return Err(Fault::new(
                "InvalidParameterValue",
                format!("Address {address} does not fall within the subnet's address range"),
            ));
        }
        if taken(call.region, address) {
            return Err(Fault::new(
                "InvalidIPAddress.InUse",
                format!("Address {address} is in use."),
            ));
        }
        return Ok(address);
    }
    let full = || {
        Fault::new(
            "InsufficientFreeAddressesInSubnet",
            format!(
                "The specified subnet '{id}' does not have enough free addresses to satisfy the request."
            ),
        )
    };
    let usable = range::usable(&net);
    if free(call.region, id, &net) == 0 {
        return Err(full());
    }
    let start = call.ids.below(usable);
    (0..usable)
        .map(|step| {
            let offset = 4 + (start + step) % usable;
            Ipv4Addr::from(u32::from(net.network()) + u32::try_from(offset).unwrap_or_default())
        })
        .find(|address| !taken(call.region, *address))
        .ok_or_else(full)
}

fn write(x: &mut Xml, seen: &Seen<'_, Subnet>) {
    let subnet = seen.row;
    x.text("subnetId", seen.id);
    x.text("subnetArn", arn(seen.region, "subnet", seen.id));
    x.text("state", &subnet.state);
    x.text("ownerId", ACCOUNT);
    x.text("vpcId", &subnet.vpc);
    x.text("cidrBlock", subnet.net);
    x.set("ipv6CidrBlockAssociationSet", &subnet.ipv6, |x, range| {
        ipv6::write(x, range, &seen.region.name);
    });
    x.text("availableIpAddressCount", free(seen.region, seen.id, &subnet.net));
    x.text("availabilityZone", &subnet.zone.name);
    x.text("availabilityZoneId", &subnet.zone.id);
    x.text("defaultForAz", subnet.default_for_az);
    x.text("mapPublicIpOnLaunch", subnet.map_public_ip);
    x.text("mapCustomerOwnedIpOnLaunch", false);
    x.text("assignIpv6AddressOnCreation", subnet.assign_ipv6);
    x.text("enableDns64", subnet.dns64);
    x.text("ipv6Native", false);
    x.element("privateDnsNameOptionsOnLaunch", |x| {
        x.text("hostnameType", &subnet.hostname_type);
        x.text("enableResourceNameDnsARecord", subnet.dns_a_record);
        x.text("enableResourceNameDnsAAAARecord", subnet.dns_aaaa_record);
    });
    block_public_access::write_states(x, seen.region, &subnet.vpc, Some(seen.id));
    tag::write_if_any(x, seen.region, seen.id);
}

/// A subnet in the default network ACL of its VPC.
pub fn make(call: &mut Call<'_>, vpc: &str, net: Ipv4Net, zone: Zone, is_default: bool) -> String {
    let id = call.new_id("subnet");
    let subnet = Subnet {
        vpc: vpc.to_owned(),
        net,
        ipv6: Vec::new(),
        assign_ipv6: false,
        dns64: false,
        zone,
        state: call.state_at_first(),
        default_for_az: is_default,
        map_public_ip: is_default,
        hostname_type: "ip-name".into(),
        dns_a_record: false,
        dns_aaaa_record: false,
    };
    call.region.subnets.insert(&id, subnet);
    network_acl::adopt_subnet(call, vpc, &id);
    call.later(SECOND, 4 * SECOND, What::SubnetAvailable, &id);
    id
}

/// `CreateSubnet`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let vpc_id = p.required("VpcId")?;
    let vpc = call.find::<Vpc>(vpc_id)?;
    if p.flag("Ipv6Native")? == Some(true) {
        return Err(Fault::new(
            "UnsupportedOperation",
            "The sandbox does not simulate subnets of IPv6 alone",
        ));
    }
    let ipv6 = subnet_ipv6::asked(call, vpc_id)?;
    let net = range::v4(p.required("CidrBlock")?, "cidrBlock")?;
    if !(16..=28).contains(&net.prefix_len()) || !vpc.ranges().any(|range| range.contains(&net)) {
        return Err(Fault::new(
            "InvalidSubnet.Range",
            format!("The CIDR '{net}' is invalid."),
        ));
    }
    let region = &*call.region;
    if region
        .subnets
        .referring(vpc_id)
        .any(|(_, other)| range::overlap(&net, &other.net))
    {
        return Err(Fault::new(
            "InvalidSubnet.Conflict",
            format!("The CIDR '{net}' conflicts with another subnet"),
        ));
    }
    let chosen = zone::chosen(
        region,
        p.filled("AvailabilityZone"),
        p.filled("AvailabilityZoneId"),
    )?;
    let tags = call.tags_for("subnet", &["subnet"])?;
    let zone = match chosen {
        Some(zone) => zone,
        None => {
            let mut zones = zone::zones(&call.region.name);
            let at = call.ids.below(zones.len() as u64);
            zones.swap_remove(usize::try_from(at).unwrap_or_default())
        }
    };
    let id = make(call, vpc_id, net, zone, false);
    call.tag(&id, tags);
    if let Some(ipv6) = ipv6 {
        subnet_ipv6::give(call, &id, ipv6);
    }
    if let Some(row) = call.region.subnets.get(&id) {
        x.element("subnet", |x| {
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

/// The subnet is ready.
pub fn available(call: &mut Call<'_>, id: &str) {
    call.region
        .subnets
        .update(id, |subnet| subnet.state = "available".into());
}

/// `DescribeSubnets`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    call.describe(
        x,
        &Listing {
            ids: "SubnetId",
            set: "subnetSet",
            pages: Some(USUAL),
        },
        write,
    )
}

/// `DeleteSubnet`: whatever has an interface in it blocks it; its associations go with it.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("SubnetId")?;
    call.find::<Subnet>(id)?;
    let region = &mut *call.region;
    if region.network_interfaces.owner_of(id).is_some()
        || region
            .vpc_endpoints
            .referring(id)
            .any(|(_, endpoint)| endpoint.state != "deleted")
    {
        return Err(Fault::dependency("subnet", id));
    }
    region.subnets.remove(id);
    region.tags.remove(id);
    route_table::drop_subnet(region, id);
    network_acl::drop_subnet(region, id);
    crate::due::cancel(call, id);
    x.done();
    Ok(())
}

/// `ModifySubnetAttribute`: one attribute in each call.
pub fn modify_attribute(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("SubnetId")?;
    let has_ipv6 = call.find::<Subnet>(id)?.ipv6.iter().any(Range6::counts);
    let public = p.flag_of("MapPublicIpOnLaunch")?;
    let hostname = p.filled("PrivateDnsHostnameTypeOnLaunch");
    let a = p.flag_of("EnableResourceNameDnsARecordOnLaunch")?;
    let aaaa = p.flag_of("EnableResourceNameDnsAAAARecordOnLaunch")?;
    let ipv6 = p.flag_of("AssignIpv6AddressOnCreation")?;
    let dns64 = p.flag_of("EnableDns64")?;
    let count = [public, a, aaaa, ipv6, dns64].iter().flatten().count() + usize::from(hostname.is_some());
    match count {
        0 => return Err(Fault::missing("MapPublicIpOnLaunch")),
        1 => {}
        _ => {
            return Err(Fault::combination(
                "Only one subnet attribute can be modified in a request",
            ));
        }
    }
    let needs = [("assign-ipv6-address-on-creation", ipv6), ("enable-dns64", dns64)];
    if let Some((name, _)) = needs.iter().find(|(_, on)| *on == Some(true) && !has_ipv6) {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "Invalid value 'true' for {name}. Cannot set {name} to true unless the subnet ({id}) has an IPv6 CIDR block associated \
                 with it."
            ),
        ));
    }
    if let Some(kind) = hostname.filter(|kind| !matches!(*kind, "ip-name" | "resource-name")) {
        return Err(Fault::invalid(
            kind,
            "privateDnsHostnameTypeOnLaunch",
            "it must be ip-name or resource-name",
        ));
    }
    call.region.subnets.update(id, |subnet| {
        subnet.map_public_ip = public.unwrap_or(subnet.map_public_ip);
        subnet.assign_ipv6 = ipv6.unwrap_or(subnet.assign_ipv6);
        subnet.dns64 = dns64.unwrap_or(subnet.dns64);
        subnet.dns_a_record = a.unwrap_or(subnet.dns_a_record);
        subnet.dns_aaaa_record = aaaa.unwrap_or(subnet.dns_aaaa_record);
        if let Some(kind) = hostname {
            kind.clone_into(&mut subnet.hostname_type);
        }
    });
    x.done();
    Ok(())
}
