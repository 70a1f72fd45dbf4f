//! Network interfaces: those of instances, those that AWS services make, and those that a caller makes.

use std::fmt::Display;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::interface_ipv6::{self, Wanted6};
use super::subnet::{self, Subnet};
use super::zone::Zone;
use super::{Kind, elastic_ip, partition, security_group, tag, yes};
use crate::call::{ACCOUNT, Answer, Call, Listing};
use crate::state::clock::stamp;
use crate::state::table::{Row, Table};
use crate::state::{Millis, Region};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::Limits;
use crate::wire::{Fault, Xml};

/// What an interface is attached to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attachment {
    /// `eni-attach-…`, or `ela-attach-…` of a service.
    pub id: String,
    /// The instance; nothing for an AWS service.
    pub instance: Option<String>,
    /// Who owns the other side: the account, or `amazon-aws`.
    pub owner: String,
    /// The position at the instance; the primary interface has 0.
    pub index: u32,
    /// Whether the interface goes when the instance does.
    pub delete_on_termination: bool,
    /// When.
    pub at: Millis,
}

impl Attachment {
    /// To a service of AWS's.
    pub fn to_service(call: &mut Call<'_>) -> Self {
        Self {
            id: call.new_id("ela-attach"),
            instance: None,
            owner: "amazon-aws".into(),
            index: 1,
            delete_on_termination: false,
            at: call.now,
        }
    }
}

/// A network interface.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NetworkInterface {
    /// Its VPC.
    pub vpc: String,
    /// Its subnet.
    pub subnet: String,
    /// Its zone.
    pub zone: Zone,
    /// What it is for.
    pub description: String,
    /// Its security groups.
    pub groups: Vec<String>,
    /// Its private addresses, the primary one first; there is always one.
    pub private_ips: Vec<Ipv4Addr>,
    /// Its IPv6 addresses.
    #[serde(default)]
    pub ipv6: Vec<Ipv6Addr>,
    /// Its hardware address.
    pub mac: String,
    /// `interface`, `nat_gateway` or `vpc_endpoint`.
    pub kind: String,
    /// The AWS service that made it.
    pub requester: Option<String>,
    /// The attribute of that name.
    pub source_dest_check: bool,
    /// Its attachment.
    pub attachment: Option<Attachment>,
    /// A public address that EC2 assigned and takes back; elastic ones are known by their own table.
    pub public_ip: Option<Ipv4Addr>,
}

impl NetworkInterface {
    /// Its primary private address.
    pub fn private_ip(&self) -> Ipv4Addr {
        self.private_ips[0]
    }
}

/// The index key of an address in a subnet.
pub fn place(subnet: &str, address: impl Display) -> String {
    format!("{subnet} {address}")
}

impl Row for NetworkInterface {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.vpc);
        add(&self.subnet);
        self.groups.iter().for_each(|group| add(group));
        self.private_ips
            .iter()
            .for_each(|address| add(&place(&self.subnet, *address)));
        self.ipv6
            .iter()
            .for_each(|address| add(&place(&self.subnet, *address)));
        if let Some(attachment) = &self.attachment {
            add(&attachment.id);
            attachment.instance.iter().for_each(|instance| add(instance));
        }
    }
}

type See<'a, 'b> = &'a Seen<'b, NetworkInterface>;

fn attached(seen: See<'_, '_>, add: &mut dyn FnMut(&str), value: fn(&Attachment) -> Option<String>) {
    if let Some(text) = seen.row.attachment.as_ref().and_then(value) {
        add(&text);
    }
}

/// The public address of an interface's primary address, with allocation and association of an elastic one.
pub struct Public {
    /// The address.
    pub ip: Ipv4Addr,
    /// Allocation and association.
    pub elastic: Option<(String, String)>,
}

/// The public address that leads to a private one.
pub fn public(region: &Region, id: &str, row: &NetworkInterface, private_ip: Ipv4Addr) -> Option<Public> {
    if let Some((allocation, address)) = elastic_ip::of_interface(region, id, private_ip) {
        let association = address.link.map(|link| link.id).unwrap_or_default();
        return Some(Public {
            ip: address.ip,
            elastic: Some((allocation, association)),
        });
    }
    row.public_ip
        .filter(|_| private_ip == row.private_ip())
        .map(|ip| Public { ip, elastic: None })
}

fn publics(seen: See<'_, '_>, add: &mut dyn FnMut(&str), value: fn(&Public) -> Option<String>) {
    for private_ip in &seen.row.private_ips {
        if let Some(text) = public(seen.region, seen.id, seen.row, *private_ip)
            .as_ref()
            .and_then(value)
        {
            add(&text);
        }
    }
}

impl Kind for NetworkInterface {
    const PREFIX: &'static str = "eni";
    const RESOURCE: &'static str = "network-interface";
    const NOUN: &'static str = "networkInterface ID";
    const NOT_FOUND: &'static str = "InvalidNetworkInterfaceID.NotFound";
    const MALFORMED: &'static str = "InvalidNetworkInterfaceId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![NetworkInterface:
        "network-interface-id" => |seen, add| add(seen.id),
        "vpc-id" => |seen, add| add(&seen.row.vpc),
        "subnet-id" => |seen, add| add(&seen.row.subnet),
        "group-id" => |seen, add| seen.row.groups.iter().for_each(|group| add(group)),
        "group-name" => |seen, add| for id in &seen.row.groups {
            if let Some(group) = seen.region.security_groups.get(id) { add(&group.name) }
        },
        "availability-zone" => |seen, add| add(&seen.row.zone.name),
        "availability-zone-id" => |seen, add| add(&seen.row.zone.id),
        "description" => |seen, add| add(&seen.row.description),
        "interface-type" => |seen, add| add(&seen.row.kind),
        "mac-address" => |seen, add| add(&seen.row.mac),
        "owner-id" => |_, add| add(ACCOUNT),
        "private-ip-address" => |seen, add| add(&seen.row.private_ip().to_string()),
        "private-dns-name" => |seen, add| add(&private_name(&seen.region.name, seen.row.private_ip())),
        "addresses.private-ip-address" => |seen, add| seen.row.private_ips.iter().for_each(|ip| add(&ip.to_string())),
        "ipv6-addresses.ipv6-address" => |seen, add| seen.row.ipv6.iter().for_each(|ip| add(&ip.to_string())),
        "addresses.primary" => |seen, add| for at in 0..seen.row.private_ips.len() { add(yes(at == 0)) },
        "addresses.association.public-ip" => |seen, add| publics(seen, add, |p| Some(p.ip.to_string())),
        "addresses.association.owner-id" => |seen, add| publics(seen, add, |p| Some(owner_of(p).to_owned())),
        "association.public-ip" => |seen, add| publics(seen, add, |p| Some(p.ip.to_string())),
        "association.ip-owner-id" => |seen, add| publics(seen, add, |p| Some(owner_of(p).to_owned())),
        "association.allocation-id" => |seen, add| publics(seen, add, |p| p.elastic.as_ref().map(|(allocation, _)| allocation.clone())),
        "association.association-id" => |seen, add| publics(seen, add, |p| p.elastic.as_ref().map(|(_, association)| association.clone())),
        "association.public-dns-name" => |seen, add| publics(seen, add, |_| None),
        "attachment.attachment-id" => |seen, add| attached(seen, add, |a| Some(a.id.clone())),
        "attachment.attach-time" => |seen, add| attached(seen, add, |a| Some(stamp(a.at))),
        "attachment.delete-on-termination" => |seen, add| attached(seen, add, |a| Some(yes(a.delete_on_termination).to_owned())),
        "attachment.device-index" => |seen, add| attached(seen, add, |a| Some(a.index.to_string())),
        "attachment.instance-id" => |seen, add| attached(seen, add, |a| a.instance.clone()),
        "attachment.instance-owner-id" => |seen, add| attached(seen, add, |a| Some(a.owner.clone())),
        "attachment.status" => |seen, add| attached(seen, add, |_| Some("attached".to_owned())),
        "requester-id" => |seen, add| seen.row.requester.iter().for_each(|id| add(id)),
        "requester-managed" => |seen, add| add(yes(seen.row.requester.is_some())),
        "source-dest-check" => |seen, add| add(yes(seen.row.source_dest_check)),
        "status" => |seen, add| add(status(seen.row)),
    ];
    const NEVER: &'static [&'static str] = &["operator.managed", "operator.principal"];

    fn table(region: &Region) -> &Table<Self> {
        &region.network_interfaces
    }
}

fn owner_of(public: &Public) -> &'static str {
    if public.elastic.is_some() {
        ACCOUNT
    } else {
        "amazon"
    }
}

/// `in-use` or `available`.
pub fn status(row: &NetworkInterface) -> &'static str {
    if row.attachment.is_some() {
        "in-use"
    } else {
        "available"
    }
}

/// The domain of private host names.
pub fn private_domain(region: &str) -> String {
    if region == "us-east-1" {
        "ec2.internal".into()
    } else {
        format!("{region}.compute.internal")
    }
}

fn dashed(address: Ipv4Addr) -> String {
    address.to_string().replace('.', "-")
}

/// The private host name of an address.
pub fn private_name(region: &str, address: Ipv4Addr) -> String {
    format!("ip-{}.{}", dashed(address), private_domain(region))
}

/// The public host name of an address in a VPC; nothing where the VPC has no DNS hostnames.
pub fn public_name(region: &Region, vpc: &str, address: Ipv4Addr) -> Option<String> {
    region.vpcs.get(vpc).filter(|vpc| vpc.dns_hostnames)?;
    let domain = if region.name == "us-east-1" {
        "compute-1".to_owned()
    } else {
        format!("{}.compute", region.name)
    };
    Some(format!(
        "ec2-{}.{domain}.{}",
        dashed(address),
        partition::of(&region.name).suffix
    ))
}

/// `<association>` of one private address.
pub fn write_association(
    x: &mut Xml,
    region: &Region,
    id: &str,
    row: &NetworkInterface,
    private_ip: Ipv4Addr,
    ids: bool,
) {
    let Some(public) = public(region, id, row, private_ip) else {
        return;
    };
    x.element("association", |x| {
        if let Some((allocation, association)) = public.elastic.as_ref().filter(|_| ids) {
            x.text("allocationId", allocation);
            x.text("associationId", association);
        }
        x.text("publicIp", public.ip);
        x.text(
            "publicDnsName",
            public_name(region, &row.vpc, public.ip).unwrap_or_default(),
        );
        x.text("ipOwnerId", owner_of(&public));
    });
}

/// What is inside `<attachment>`; `ids` says whose it is as well.
pub fn write_attachment(x: &mut Xml, attachment: &Attachment, ids: bool) {
    x.text("attachmentId", &attachment.id);
    if ids {
        x.maybe("instanceId", attachment.instance.as_ref());
        x.text("instanceOwnerId", &attachment.owner);
    }
    x.text("deviceIndex", attachment.index);
    x.text("networkCardIndex", 0);
    x.text("status", "attached");
    x.text("attachTime", stamp(attachment.at));
    x.text("deleteOnTermination", attachment.delete_on_termination);
}

/// The members that `DescribeInstances` shares with `DescribeNetworkInterfaces`.
pub fn write_common(x: &mut Xml, region: &Region, id: &str, row: &NetworkInterface, ids: bool) {
    x.text("networkInterfaceId", id);
    x.text("subnetId", &row.subnet);
    x.text("vpcId", &row.vpc);
    x.text("description", &row.description);
    x.text("ownerId", ACCOUNT);
    x.text("status", status(row));
    x.text("macAddress", &row.mac);
    x.text("privateIpAddress", row.private_ip());
    x.text("privateDnsName", private_name(&region.name, row.private_ip()));
    x.text("sourceDestCheck", row.source_dest_check);
    security_group::write_set(x, region, &row.groups);
    if let Some(attachment) = &row.attachment {
        x.element("attachment", |x| write_attachment(x, attachment, ids));
    }
    write_association(x, region, id, row, row.private_ip(), ids);
    x.set(
        "privateIpAddressesSet",
        row.private_ips.iter().enumerate(),
        |x, (at, address)| {
            x.text("privateIpAddress", address);
            x.text("privateDnsName", private_name(&region.name, *address));
            x.text("primary", at == 0);
            write_association(x, region, id, row, *address, ids);
        },
    );
    interface_ipv6::write(x, row);
    x.text("interfaceType", &row.kind);
}

fn write(x: &mut Xml, seen: &Seen<'_, NetworkInterface>) {
    let row = seen.row;
    write_common(x, seen.region, seen.id, row, true);
    x.text("availabilityZone", &row.zone.name);
    x.text("availabilityZoneId", &row.zone.id);
    x.maybe("requesterId", row.requester.as_ref());
    x.text("requesterManaged", row.requester.is_some());
    tag::write(x, seen.region, seen.id);
}

/// What a new interface is to be.
pub struct New<'n> {
    /// Where.
    pub subnet: &'n str,
    /// With which groups.
    pub groups: Vec<String>,
    /// A certain private address.
    pub address: Option<Ipv4Addr>,
    /// With which IPv6 addresses.
    pub ipv6: Wanted6,
    /// What for.
    pub description: String,
    /// Of which kind.
    pub kind: &'static str,
    /// The service that asks for it.
    pub requester: Option<&'static str>,
}

/// Makes an interface.
pub fn make(call: &mut Call<'_>, new: New<'_>) -> Result<String, Fault> {
    let Subnet { vpc, zone, .. } = call.find::<Subnet>(new.subnet)?.clone();
    let address = subnet::take_address(call, new.subnet, new.address)?;
    let ipv6 = interface_ipv6::take(call, new.subnet, &new.ipv6)?;
    let id = call.new_id("eni");
    let number = call.ids.unique().to_be_bytes();
    let mac = format!(
        "02:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}",
        number[0], number[1], number[2], number[3], number[4]
    );
    let row = NetworkInterface {
        vpc,
        subnet: new.subnet.to_owned(),
        zone,
        description: new.description,
        groups: new.groups,
        private_ips: vec![address],
        ipv6,
        mac,
        kind: new.kind.to_owned(),
        source_dest_check: new.requester.is_none(),
        requester: new.requester.map(str::to_owned),
        attachment: None,
        public_ip: None,
    };
    call.region.network_interfaces.insert(&id, row);
    Ok(id)
}

/// Takes an interface away, with what leads to it.
pub fn drop(region: &mut Region, id: &str) {
    elastic_ip::drop_interface(region, id);
    region.network_interfaces.remove(id);
    region.tags.remove(id);
}

/// `CreateNetworkInterface`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let subnet_id = p.required("SubnetId")?;
    let vpc = call.find::<Subnet>(subnet_id)?.vpc.clone();
    let mut address = p
        .filled("PrivateIpAddress")
        .map(|text| super::range::address(text, "privateIpAddress"))
        .transpose()?;
    for member in p.list("PrivateIpAddresses") {
        let listed = super::range::address(member.required("PrivateIpAddress")?, "privateIpAddress")?;
        if member.flag("Primary")?.unwrap_or(false) && address.is_none() {
            address = Some(listed);
        } else {
            return Err(Fault::new(
                "UnsupportedOperation",
                "The sandbox does not simulate secondary private addresses",
            ));
        }
    }
    if let Some(kind) = p.filled("InterfaceType").filter(|kind| *kind != "interface") {
        return Err(Fault::invalid(
            kind,
            "interfaceType",
            "the sandbox makes interfaces of type interface alone",
        ));
    }
    let groups = security_group::for_interface(call, &p.texts("SecurityGroupId"), &vpc)?;
    let tags = call.tags_for("network-interface", &["network-interface"])?;
    let description = p.text("Description").unwrap_or_default().to_owned();
    let new = New {
        subnet: subnet_id,
        groups,
        address,
        ipv6: Wanted6::read(p, "Ipv6Addresses")?,
        description,
        kind: "interface",
        requester: None,
    };
    let id = make(call, new)?;
    call.tag(&id, tags);
    if let Some(row) = call.region.network_interfaces.get(&id) {
        x.element("networkInterface", |x| {
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
    x.maybe("clientToken", p.text("ClientToken"));
    Ok(())
}

/// `DescribeNetworkInterfaces`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let pages = Some(Limits {
        min: 5,
        max: 1000,
        exclusive: true,
    });
    call.describe(
        x,
        &Listing {
            ids: "NetworkInterfaceId",
            set: "networkInterfaceSet",
            pages,
        },
        write,
    )
}

/// `DeleteNetworkInterface`: it must be attached to nothing.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("NetworkInterfaceId")?;
    if call.find::<NetworkInterface>(id)?.attachment.is_some() {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("Network interface '{id}' is currently in use."),
        ));
    }
    drop(call.region, id);
    x.done();
    Ok(())
}
