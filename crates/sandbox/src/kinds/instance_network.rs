//! The network side of `RunInstances`: the subnet and the interfaces that a request asks for, in either of
//! its forms.

use std::net::Ipv4Addr;

use super::interface_ipv6::Wanted6;
use super::network_interface::NetworkInterface;
use super::subnet::Subnet;
use super::{range, security_group};
use crate::call::Call;
use crate::wire::{Fault, Node};

/// One interface of every instance launched.
pub struct Plug {
    /// Its position.
    pub index: u32,
    /// Where a new one is made.
    pub subnet: String,
    /// One that is there already.
    pub existing: Option<String>,
    /// Its security groups.
    pub groups: Vec<String>,
    /// A certain private address.
    pub address: Option<Ipv4Addr>,
    /// IPv6 addresses.
    pub ipv6: Wanted6,
    /// What it is for.
    pub description: String,
    /// Whether it goes when the instance does.
    pub delete_on_termination: bool,
}

/// The primary interface's subnet, the interfaces, and what the request says about a public address.
pub type Network = (String, Vec<Plug>, Option<bool>);

/// The subnet, the interfaces, and whether a public address is asked for.
pub fn read(call: &Call<'_>, most: u32) -> Result<Network, Fault> {
    let p = call.params;
    let interfaces = p.list("NetworkInterface");
    if !interfaces.is_empty() {
        for (name, what) in [
            ("SubnetId", "subnet ID"),
            ("SecurityGroupId", "security groups"),
            ("SecurityGroup", "security groups"),
            ("PrivateIpAddress", "private IP address"),
            ("Ipv6Address", "IPv6 addresses"),
            ("Ipv6AddressCount", "IPv6 address count"),
        ] {
            if p.has(name) {
                return Err(Fault::combination(format!(
                    "Network interfaces and an instance-level {what} may not be specified on the same request"
                )));
            }
        }
        return read_interfaces(call, &interfaces, most);
    }
    let subnet = match p.filled("SubnetId") {
        Some(id) => id.to_owned(),
        None => default_subnet(call)?,
    };
    let vpc = call.find::<Subnet>(&subnet)?.vpc.clone();
    let mut ids: Vec<String> = p
        .texts("SecurityGroupId")
        .into_iter()
        .map(str::to_owned)
        .collect();
    for name in p.texts("SecurityGroup") {
        let found = security_group::by_name(call.region, &vpc, name);
        ids.push(found.map(|(id, _)| id.clone()).ok_or_else(|| {
            Fault::new(
                "InvalidGroup.NotFound",
                format!("The security group '{name}' does not exist in VPC '{vpc}'"),
            )
        })?);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let plug = Plug {
        index: 0,
        subnet: subnet.clone(),
        existing: None,
        groups: security_group::for_interface(call, &ids, &vpc)?,
        address: read_address(p, most)?,
        ipv6: read_ipv6(p, "Ipv6Address", most)?,
        description: String::new(),
        delete_on_termination: true,
    };
    Ok((subnet, vec![plug], None))
}

fn read_address(p: &Node, most: u32) -> Result<Option<Ipv4Addr>, Fault> {
    let address = p
        .filled("PrivateIpAddress")
        .map(|text| range::address(text, "privateIpAddress"))
        .transpose()?;
    if address.is_some() && most > 1 {
        return Err(Fault::combination(
            "A private IP address cannot be specified for more than one instance",
        ));
    }
    Ok(address)
}

fn read_ipv6(p: &Node, list: &str, most: u32) -> Result<Wanted6, Fault> {
    let wanted = Wanted6::read(p, list)?;
    if most > 1 && matches!(wanted, Wanted6::These(_)) {
        return Err(Fault::combination(
            "IPv6 addresses cannot be specified for more than one instance",
        ));
    }
    Ok(wanted)
}

fn default_subnet(call: &Call<'_>) -> Result<String, Fault> {
    let zone = call
        .params
        .child("Placement")
        .and_then(|placement| placement.filled("AvailabilityZone"));
    let mut subnets = call.region.subnets.iter().filter(|(_, row)| row.default_for_az);
    subnets
        .find(|(_, row)| zone.is_none_or(|zone| row.zone.name == zone))
        .map(|(id, _)| id.clone())
        .ok_or_else(|| {
            Fault::new(
                "MissingInput",
                "No subnets found for the default VPC. Please specify a subnet.",
            )
        })
}

fn read_interfaces(call: &Call<'_>, interfaces: &[&Node], most: u32) -> Result<Network, Fault> {
    let mut plugs: Vec<Plug> = Vec::new();
    let mut subnet: Option<String> = None;
    let mut wants = None;
    for node in interfaces {
        let index: u32 = node
            .number("DeviceIndex")?
            .ok_or_else(|| Fault::missing("DeviceIndex"))?;
        if plugs.iter().any(|plug| plug.index == index) {
            return Err(Fault::invalid(
                &index.to_string(),
                "deviceIndex",
                "each interface requires a device index of its own",
            ));
        }
        for (name, values) in [
            ("InterfaceType", ["interface"]),
            ("NetworkCardIndex", ["0"]),
            ("PrimaryIpv6", ["false"]),
            ("SecondaryPrivateIpAddressCount", ["0"]),
        ] {
            node.only(name, &values)?;
        }
        let existing = node.filled("NetworkInterfaceId");
        let here = match (existing, node.filled("SubnetId")) {
            (Some(id), None) => existing_subnet(call, id, most)?,
            (Some(_), Some(_)) => {
                return Err(Fault::combination(
                    "A subnet cannot be specified for an existing network interface",
                ));
            }
            (None, Some(id)) => id.to_owned(),
            (None, None) => default_subnet(call)?,
        };
        let vpc = call.find::<Subnet>(&here)?.vpc.clone();
        if let Some(public) = node.flag("AssociatePublicIpAddress")? {
            if interfaces.len() > 1 || existing.is_some() || index != 0 {
                return Err(Fault::combination(
                    "The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces.",
                ));
            }
            wants = Some(public);
        }
        let ipv6 = read_ipv6(node, "Ipv6Addresses", most)?;
        if existing.is_some() && ipv6.is_said() {
            return Err(Fault::combination(
                "IPv6 addresses cannot be specified for an existing network interface",
            ));
        }
        plugs.push(Plug {
            index,
            subnet: here.clone(),
            existing: existing.map(str::to_owned),
            groups: security_group::for_interface(call, &node.texts("SecurityGroupId"), &vpc)?,
            address: read_address(node, most)?,
            ipv6,
            description: node.text("Description").unwrap_or_default().to_owned(),
            delete_on_termination: node.flag("DeleteOnTermination")?.unwrap_or(existing.is_none()),
        });
        if index == 0 {
            subnet = Some(here);
        }
    }
    let subnet = subnet.ok_or_else(|| {
        Fault::new(
            "InvalidParameterValue",
            "An interface with device index 0 is required",
        )
    })?;
    // With several interfaces EC2 assigns no public address.
    Ok((
        subnet,
        plugs,
        if interfaces.len() > 1 { Some(false) } else { wants },
    ))
}

fn existing_subnet(call: &Call<'_>, id: &str, most: u32) -> Result<String, Fault> {
    let eni = call.find::<NetworkInterface>(id)?;
    if most > 1 {
        return Err(Fault::combination(
            "An existing network interface cannot be attached to more than one instance",
        ));
    }
    if eni.attachment.is_some() {
        return Err(Fault::new(
            "InvalidNetworkInterface.InUse",
            format!("Interface: [{id}] in use."),
        ));
    }
    Ok(eni.subnet.clone())
}
