//! IPv6 ranges of subnets: one each, inside a range of the VPC.

use ipnet::Ipv6Net;

use super::ipv6::{self, Range6};
use super::subnet::Subnet;
use super::vpc::Vpc;
use crate::call::{Answer, Call};
use crate::due::What;
use crate::state::clock::SECOND;
use crate::wire::{Fault, Xml};

/// The range that a request asks for, checked against the VPC and what is in it.
pub fn asked(call: &Call<'_>, vpc_id: &str) -> Result<Option<Ipv6Net>, Fault> {
    let Some(text) = call.params.filled("Ipv6CidrBlock") else {
        return Ok(None);
    };
    let net = ipv6::read(text, (44, 64), "InvalidSubnet.Range")?;
    let vpc = call.find::<Vpc>(vpc_id)?;
    if !vpc
        .ipv6
        .iter()
        .any(|range| range.state == "associated" && range.net.contains(&net))
    {
        return Err(Fault::new(
            "InvalidSubnet.Range",
            format!("The CIDR '{net}' is not contained within any of the VPC's eligible ranges"),
        ));
    }
    let conflicts = call
        .region
        .subnets
        .referring(vpc_id)
        .flat_map(|(_, subnet)| &subnet.ipv6)
        .any(|range| range.state != "disassociated" && ipv6::overlap(&range.net, &net));
    if conflicts {
        return Err(Fault::new(
            "InvalidSubnet.Conflict",
            format!("The CIDR '{net}' conflicts with another subnet"),
        ));
    }
    Ok(Some(net))
}

/// Gives a subnet its range.
pub fn give(call: &mut Call<'_>, subnet: &str, net: Ipv6Net) -> Range6 {
    let range = Range6 {
        id: call.new_id("subnet-cidr-assoc"),
        net,
        state: "associating".into(),
        pool: None,
    };
    call.region.subnets.update(subnet, |row| {
        row.ipv6.retain(Range6::counts);
        row.ipv6.push(range.clone());
    });
    call.later(SECOND, 4 * SECOND, What::CidrAssociated, &range.id);
    range
}

fn write(x: &mut Xml, call: &Call<'_>, subnet: &str, range: &Range6) {
    x.element("ipv6CidrBlockAssociation", |x| {
        ipv6::write(x, range, &call.region.name);
    });
    x.text("subnetId", subnet);
}

/// `AssociateSubnetCidrBlock`.
pub fn associate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("SubnetId")?;
    call.params.required("Ipv6CidrBlock")?;
    let subnet = call.find::<Subnet>(id)?;
    if subnet.ipv6.iter().any(|range| range.state != "disassociated") {
        return Err(Fault::new(
            "CidrLimitExceeded",
            format!("This subnet '{id}' has met its maximum number of allowed IPv6 CIDRs"),
        ));
    }
    let Some(net) = asked(call, &subnet.vpc)? else {
        return Err(Fault::missing("Ipv6CidrBlock"));
    };
    let range = give(call, id, net);
    write(x, call, id, &range);
    Ok(())
}

/// `DisassociateSubnetCidrBlock`: neither an interface nor the subnet's own setting may need it.
pub fn disassociate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let association = call.params.required("AssociationId")?;
    let region = &mut *call.region;
    let found = region.subnets.owner_of(association).and_then(|(id, subnet)| {
        let range = subnet
            .ipv6
            .iter()
            .find(|range| range.id == association && range.counts())?;
        Some((id.clone(), range.clone(), subnet.assign_ipv6))
    });
    let Some((id, mut range, assigns)) = found else {
        return Err(Fault::new(
            "InvalidSubnetCidrBlockAssociationID.NotFound",
            format!("The subnet CIDR block with association ID '{association}' does not exist"),
        ));
    };
    let in_use = |why: &str| {
        Fault::new(
            "InvalidCidrBlock.InUse",
            format!(
                "The subnet IPv6 CIDR block with association ID {association} may not be disassociated, because its subnet {why}."
            ),
        )
    };
    if assigns {
        return Err(in_use("has assign-ipv6-address-on-creation set to true"));
    }
    if region
        .network_interfaces
        .referring(&id)
        .any(|(_, interface)| !interface.ipv6.is_empty())
    {
        return Err(in_use("has network interfaces with IPv6 addresses"));
    }
    range.state = "disassociating".into();
    region.subnets.update(&id, |subnet| {
        subnet
            .ipv6
            .iter_mut()
            .filter(|have| have.id == range.id)
            .for_each(|have| *have = range.clone());
    });
    call.later(SECOND, 4 * SECOND, What::CidrDisassociated, association);
    write(x, call, &id, &range);
    Ok(())
}
