//! Elastic IP addresses and their association with an interface.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::instance::Instance;
use super::network_interface::NetworkInterface;
use super::{Kind, internet_gateway, range, tag};
use crate::call::{ACCOUNT, Answer, Call, Listing};
use crate::state::Region;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::Limits;
use crate::wire::{Fault, Xml};

/// What an address is associated with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Link {
    /// `eipassoc-…`.
    pub id: String,
    /// The interface.
    pub interface: String,
    /// Which of its private addresses.
    pub private_ip: Ipv4Addr,
    /// The NAT gateway that owns the association, if one does.
    pub nat_gateway: Option<String>,
}

/// An elastic IP address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Address {
    /// The address.
    pub ip: Ipv4Addr,
    /// Where it leads.
    pub link: Option<Link>,
}

impl Row for Address {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.ip.to_string());
        if let Some(link) = &self.link {
            add(&link.id);
            add(&link.interface);
        }
    }
}

fn link<'s>(seen: &'s Seen<'_, Address>) -> Option<&'s Link> {
    seen.row.link.as_ref()
}

fn instance_of(region: &Region, link: &Link) -> Option<String> {
    region
        .network_interfaces
        .get(&link.interface)?
        .attachment
        .as_ref()?
        .instance
        .clone()
}

impl Kind for Address {
    const PREFIX: &'static str = "eipalloc";
    const RESOURCE: &'static str = "elastic-ip";
    const NOUN: &'static str = "allocation ID";
    const NOT_FOUND: &'static str = "InvalidAllocationID.NotFound";
    const MALFORMED: &'static str = "InvalidAllocationID.NotFound";
    const FIELDS: &'static [Field<Self>] = fields![Address:
        "allocation-id" => |seen, add| add(seen.id),
        "public-ip" => |seen, add| add(&seen.row.ip.to_string()),
        "domain" => |_, add| add("vpc"),
        "association-id" => |seen, add| link(seen).into_iter().for_each(|l| add(&l.id)),
        "network-interface-id" => |seen, add| link(seen).into_iter().for_each(|l| add(&l.interface)),
        "network-interface-owner-id" => |seen, add| link(seen).into_iter().for_each(|_| add(ACCOUNT)),
        "private-ip-address" => |seen, add| link(seen).into_iter().for_each(|l| add(&l.private_ip.to_string())),
        "instance-id" => |seen, add| if let Some(id) = link(seen).and_then(|l| instance_of(seen.region, l)) { add(&id) },
        "network-border-group" => |seen, add| add(&seen.region.name),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.addresses
    }
}

fn write(x: &mut Xml, seen: &Seen<'_, Address>) {
    x.text("publicIp", seen.row.ip);
    x.text("allocationId", seen.id);
    x.text("domain", "vpc");
    x.text("publicIpv4Pool", "amazon");
    x.text("networkBorderGroup", &seen.region.name);
    if let Some(link) = &seen.row.link {
        x.text("associationId", &link.id);
        x.maybe("instanceId", instance_of(seen.region, link));
        x.text("networkInterfaceId", &link.interface);
        x.text("networkInterfaceOwnerId", ACCOUNT);
        x.text("privateIpAddress", link.private_ip);
    }
    tag::write_if_any(x, seen.region, seen.id);
}

/// `AllocateAddress`.
pub fn allocate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    if let Some(domain) = p.filled("Domain").filter(|domain| *domain != "vpc") {
        return Err(Fault::invalid(domain, "domain", "it must be vpc"));
    }
    if let Some(group) = p
        .filled("NetworkBorderGroup")
        .filter(|group| *group != call.region.name)
    {
        return Err(Fault::invalid(
            group,
            "networkBorderGroup",
            "it is not a network border group of this Region",
        ));
    }
    if let Some(pool) = p.filled("PublicIpv4Pool").filter(|pool| *pool != "amazon") {
        return Err(Fault::new(
            "InvalidPublicIpv4PoolID.NotFound",
            format!("The pool ID '{pool}' does not exist"),
        ));
    }
    let tags = call.tags_for("elastic-ip", &["elastic-ip"])?;
    let id = call.new_id("eipalloc");
    let ip = call.new_public_ip();
    call.region.addresses.insert(&id, Address { ip, link: None });
    call.tag(&id, tags);
    x.text("publicIp", ip);
    x.text("allocationId", id);
    x.text("publicIpv4Pool", "amazon");
    x.text("networkBorderGroup", &call.region.name);
    x.text("domain", "vpc");
    Ok(())
}

/// `DescribeAddresses`, which does not page.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let mut wanted = Vec::new();
    for text in call.params.texts("PublicIp") {
        let ip = range::address(text, "publicIp")?;
        if call.region.addresses.owner_of(&ip.to_string()).is_none() {
            return Err(Fault::new(
                "InvalidAddress.NotFound",
                format!("Address '{text}' not found."),
            ));
        }
        wanted.push(ip);
    }
    let listing = Listing {
        ids: "AllocationId",
        set: "addressesSet",
        pages: None,
    };
    let (all, _) = call.select::<Address>(&listing, |row| wanted.is_empty() || wanted.contains(&row.ip))?;
    x.set(listing.set, all, |x, seen| write(x, &seen));
    Ok(())
}

/// `DescribeAddressesAttribute`: no address here has a reverse DNS name.
pub fn describe_attribute(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    if let Some(attribute) = call
        .params
        .filled("Attribute")
        .filter(|attribute| *attribute != "domain-name")
    {
        return Err(Fault::invalid(attribute, "attribute", "it must be domain-name"));
    }
    let listing = Listing {
        ids: "AllocationId",
        set: "addressSet",
        pages: Some(Limits {
            min: 1,
            max: 1000,
            exclusive: false,
        }),
    };
    call.describe::<Address>(x, &listing, |x, seen| {
        x.text("publicIp", seen.row.ip);
        x.text("allocationId", seen.id);
    })
}

/// `ReleaseAddress`: it must be associated with nothing.
pub fn release(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let _ = call.params.filled("NetworkBorderGroup");
    let id = call.params.required("AllocationId")?;
    let address = call.find::<Address>(id)?;
    if address.link.is_some() {
        return Err(Fault::new(
            "InvalidIPAddress.InUse",
            format!("Address {} is in use.", address.ip),
        ));
    }
    call.region.addresses.remove(id);
    call.region.tags.remove(id);
    x.done();
    Ok(())
}

fn named(call: &Call<'_>) -> Result<String, Fault> {
    if let Some(id) = call.params.filled("AllocationId") {
        call.find::<Address>(id)?;
        return Ok(id.to_owned());
    }
    let text = call
        .params
        .filled("PublicIp")
        .ok_or_else(|| Fault::missing("allocationId"))?;
    let ip = range::address(text, "publicIp")?;
    let owner = call
        .region
        .addresses
        .owner_of(&ip.to_string())
        .map(|(id, _)| id.clone());
    owner.ok_or_else(|| Fault::new("InvalidAddress.NotFound", format!("Address '{text}' not found.")))
}

/// The interface that a request means, by its own id or by the instance's only one.
fn interface(call: &Call<'_>) -> Result<String, Fault> {
    let p = call.params;
    match (p.filled("InstanceId"), p.filled("NetworkInterfaceId")) {
        (None, Some(id)) => {
            call.find::<NetworkInterface>(id)?;
            Ok(id.to_owned())
        }
        (Some(id), None) => {
            let instance = call.find::<Instance>(id)?;
            match instance.state.as_str() {
                "running" | "stopped" | "stopping" => {}
                "pending" => {
                    return Err(Fault::new(
                        "InvalidInstanceID",
                        format!("The pending instance '{id}' is not in a valid state for this operation."),
                    ));
                }
                _ => return Err(Instance::not_found(id)),
            }
            let mut all = call.region.network_interfaces.referring(id);
            match (all.next(), all.next()) {
                (Some((eni, _)), None) => Ok(eni.clone()),
                (Some(_), Some(_)) => Err(Fault::new(
                    "InvalidInstanceID",
                    format!(
                        "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID for the operation instead."
                    ),
                )),
                (None, _) => Err(Instance::not_found(id)),
            }
        }
        (None, None) => Err(Fault::missing("instanceId")),
        (Some(_), Some(_)) => Err(Fault::combination(
            "Only one of instanceId and networkInterfaceId can be specified",
        )),
    }
}

/// `AssociateAddress`. Moves the address unless `AllowReassociation` is false.
pub fn associate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = named(call)?;
    let eni_id = interface(call)?;
    let eni = call.find::<NetworkInterface>(&eni_id)?.clone();
    let address = call.find::<Address>(&id)?.clone();
    let private_ip = match call.params.filled("PrivateIpAddress") {
        Some(text) => range::address(text, "privateIpAddress")?,
        None => eni.private_ips[0],
    };
    if !eni.private_ips.contains(&private_ip) {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("Address {private_ip} is not assigned to interface {eni_id}"),
        ));
    }
    if !internet_gateway::is_attached(call.region, &eni.vpc) {
        return Err(Fault::new(
            "Gateway.NotAttached",
            format!("Network {} is not attached to any internet gateway", eni.vpc),
        ));
    }
    let may_move = call.params.flag("AllowReassociation")?.unwrap_or(true);
    let already = |what: &str| {
        Fault::new(
            "Resource.AlreadyAssociated",
            format!("resource {what} is already associated"),
        )
    };
    if let Some(link) = &address.link {
        if link.interface == eni_id && link.private_ip == private_ip {
            x.done();
            x.text("associationId", &link.id);
            return Ok(());
        }
        if !may_move || link.nat_gateway.is_some() {
            return Err(already(&id));
        }
    }
    let other = call.region.addresses.referring(&eni_id).find_map(|(other, row)| {
        row.link
            .as_ref()
            .filter(|link| link.private_ip == private_ip)
            .map(|_| other.clone())
    });
    if let Some(other) = other {
        if !may_move {
            return Err(already(&eni_id));
        }
        call.region.addresses.update(&other, |row| row.link = None);
    }
    // An elastic address takes the place of one that EC2 assigned.
    call.region.network_interfaces.update(&eni_id, |eni| {
        if private_ip == eni.private_ips[0] {
            eni.public_ip = None;
        }
    });
    let association = call.new_id("eipassoc");
    let link = Link {
        id: association.clone(),
        interface: eni_id,
        private_ip,
        nat_gateway: None,
    };
    call.region.addresses.update(&id, |row| row.link = Some(link));
    x.done();
    x.text("associationId", association);
    Ok(())
}

/// `DisassociateAddress`: twice is as good as once.
pub fn disassociate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let owner = match (p.filled("AssociationId"), p.filled("PublicIp")) {
        (Some(id), _) => call
            .region
            .addresses
            .owner_of(id)
            .map(|(owner, _)| owner.clone())
            .ok_or_else(|| {
                Fault::new(
                    "InvalidAssociationID.NotFound",
                    format!("The association ID '{id}' does not exist"),
                )
            })?,
        (None, Some(_)) => named(call)?,
        (None, None) => return Err(Fault::missing("associationId")),
    };
    let link = call.region.addresses.get(&owner).and_then(|row| row.link.clone());
    if link.as_ref().is_some_and(|link| link.nat_gateway.is_some()) {
        return Err(Fault::new(
            "AuthFailure",
            "You do not have permission to access the specified resource.",
        ));
    }
    call.region.addresses.update(&owner, |row| row.link = None);
    // An instance that EC2 gave an address before gets another one.
    let instance = link.and_then(|link| instance_of(call.region, &link));
    if let Some(instance) = instance {
        super::instance_launch::give_public_ip(call, &instance);
    }
    x.done();
    Ok(())
}

/// The address that leads to a private address of an interface.
pub fn of_interface(region: &Region, interface: &str, private_ip: Ipv4Addr) -> Option<(String, Address)> {
    region
        .addresses
        .referring(interface)
        .find(|(_, row)| {
            row.link
                .as_ref()
                .is_some_and(|link| link.private_ip == private_ip)
        })
        .map(|(id, row)| (id.clone(), row.clone()))
}

/// The interface is gone, and its associations with it.
pub fn drop_interface(region: &mut Region, interface: &str) {
    for id in region.addresses.referring_ids(interface) {
        region.addresses.update(&id, |row| row.link = None);
    }
}
