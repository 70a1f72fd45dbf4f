//! IPv6 addresses of network interfaces.

use std::net::Ipv6Addr;

use super::instance_type;
use super::network_interface::{self, NetworkInterface};
use super::subnet::Subnet;
use crate::call::{Answer, Call};
use crate::wire::{Fault, Node, Xml};

/// The addresses that an interface is to have.
#[derive(Debug, Clone, Default)]
pub enum Wanted6 {
    /// One where the subnet assigns it, and else none.
    #[default]
    AsSubnet,
    /// So many of EC2's choice.
    Count(u32),
    /// These.
    These(Vec<Ipv6Addr>),
}

impl Wanted6 {
    /// What a request says under `Ipv6AddressCount` and, as a list of structures, under `list`.
    pub fn read(p: &Node, list: &str) -> Result<Self, Fault> {
        let listed: Vec<&str> = p
            .list(list)
            .into_iter()
            .map(|member| member.required("Ipv6Address"))
            .collect::<Result<_, _>>()?;
        Self::of(p.number("Ipv6AddressCount")?, &listed)
    }

    fn of(count: Option<u32>, listed: &[&str]) -> Result<Self, Fault> {
        match (count, listed) {
            (Some(_), [_, ..]) => Err(Fault::combination(
                "Only one of ipv6AddressCount and ipv6Addresses can be specified",
            )),
            (Some(count), []) => Ok(Self::Count(count)),
            (None, []) => Ok(Self::AsSubnet),
            (None, listed) => listed
                .iter()
                .map(|text| address(text))
                .collect::<Result<_, _>>()
                .map(Self::These),
        }
    }

    /// How many the request asks for.
    fn count(&self) -> usize {
        match self {
            Self::AsSubnet => 0,
            Self::Count(count) => usize::try_from(*count).unwrap_or(usize::MAX),
            Self::These(these) => these.len(),
        }
    }

    /// Whether an interface of an instance of this type may have these, beside those that it has.
    pub fn fit(&self, kind: &str, has: usize) -> Answer {
        let limit = instance_type::find(kind).map_or(2, |kind| kind.addresses) as usize;
        if has.saturating_add(self.count()) <= limit {
            return Ok(());
        }
        Err(Fault::new(
            "InvalidParameterValue",
            format!("The number of IPv6 addresses exceeds the limit of {limit} for an interface of a {kind}"),
        ))
    }

    /// Whether the request says anything.
    pub fn is_said(&self) -> bool {
        !matches!(self, Self::AsSubnet)
    }
}

fn address(text: &str) -> Result<Ipv6Addr, Fault> {
    text.parse().map_err(|_| {
        Fault::new(
            "InvalidParameterValue",
            format!("Value ({text}) for parameter ipv6Addresses is invalid. Address is malformed."),
        )
    })
}

/// Addresses of a subnet that nobody has, as they are wanted.
pub fn take(call: &mut Call<'_>, subnet_id: &str, wanted: &Wanted6) -> Result<Vec<Ipv6Addr>, Fault> {
    let subnet = call.find::<Subnet>(subnet_id)?;
    let net = subnet
        .ipv6
        .iter()
        .find(|range| range.state == "associated")
        .map(|range| range.net);
    let count = match wanted {
        Wanted6::AsSubnet => u32::from(subnet.assign_ipv6 && net.is_some()),
        Wanted6::Count(count) => *count,
        Wanted6::These(these) => u32::try_from(these.len()).unwrap_or(u32::MAX),
    };
    if count == 0 {
        return Ok(Vec::new());
    }
    let Some(net) = net else {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("The subnet '{subnet_id}' does not have an IPv6 CIDR block associated with it"),
        ));
    };
    let mut taken: Vec<Ipv6Addr> = Vec::new();
    let is_free = |call: &Call<'_>, address: Ipv6Addr, taken: &[Ipv6Addr]| {
        let place = network_interface::place(subnet_id, address);
        !taken.contains(&address) && call.region.network_interfaces.owner_of(&place).is_none()
    };
    if let Wanted6::These(these) = wanted {
        for address in these {
            let offset = u128::from(*address) - u128::from(net.network()).min(u128::from(*address));
            // EC2 keeps the first four and the last of a range, as of an IPv4 one.
            if !net.contains(address) || offset < 4 || *address == net.broadcast() {
                return Err(Fault::new(
                    "InvalidParameterValue",
                    format!("Address {address} does not fall within the subnet's IPv6 address range"),
                ));
            }
            if !is_free(call, *address, &taken) {
                return Err(Fault::new(
                    "InvalidIPAddress.InUse",
                    format!("Address {address} is in use."),
                ));
            }
            taken.push(*address);
        }
        return Ok(taken);
    }
    let hosts = u128::MAX >> net.prefix_len();
    while taken.len() < usize::try_from(count).unwrap_or(usize::MAX) {
        let drawn = u128::from(call.ids.unique()) & hosts;
        let address = Ipv6Addr::from(u128::from(net.network()) | drawn);
        if drawn >= 4 && address != net.broadcast() && is_free(call, address, &taken) {
            taken.push(address);
        }
    }
    Ok(taken)
}

/// `<ipv6AddressesSet>` of an interface.
pub fn write(x: &mut Xml, row: &NetworkInterface) {
    x.set("ipv6AddressesSet", &row.ipv6, |x, address| {
        x.text("ipv6Address", address);
        x.text("isPrimaryIpv6", false);
    });
}

/// `AssignIpv6Addresses`.
pub fn assign(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("NetworkInterfaceId")?;
    let row = call.find::<NetworkInterface>(id)?;
    let (subnet, has) = (row.subnet.clone(), row.ipv6.len());
    let instance = row
        .attachment
        .as_ref()
        .and_then(|attachment| attachment.instance.as_ref());
    let kind = instance
        .and_then(|id| call.region.instances.get(id))
        .map(|instance| instance.kind.clone());
    let wanted = Wanted6::of(
        call.params.number("Ipv6AddressCount")?,
        &call.params.texts("Ipv6Addresses"),
    )?;
    if !wanted.is_said() {
        return Err(Fault::missing("Ipv6AddressCount"));
    }
    if let Some(kind) = kind {
        wanted.fit(&kind, has)?;
    }
    let taken = take(call, &subnet, &wanted)?;
    call.region
        .network_interfaces
        .update(id, |row| row.ipv6.extend(&taken));
    x.text("networkInterfaceId", id);
    x.texts("assignedIpv6Addresses", &taken);
    Ok(())
}

/// `UnassignIpv6Addresses`: all that are named, or none.
pub fn unassign(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("NetworkInterfaceId")?;
    let row = call.find::<NetworkInterface>(id)?;
    let mut doomed = Vec::new();
    for text in call.params.texts("Ipv6Addresses") {
        let address = address(text)?;
        if !row.ipv6.contains(&address) {
            return Err(Fault::new(
                "InvalidParameterValue",
                format!("Some of the specified addresses are not assigned to interface {id}: {address}"),
            ));
        }
        doomed.push(address);
    }
    if doomed.is_empty() {
        return Err(Fault::missing("Ipv6Addresses"));
    }
    call.region
        .network_interfaces
        .update(id, |row| row.ipv6.retain(|address| !doomed.contains(address)));
    x.text("networkInterfaceId", id);
    x.texts("unassignedIpv6Addresses", &doomed);
    Ok(())
}
