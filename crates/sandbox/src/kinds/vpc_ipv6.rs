//! IPv6 ranges of VPCs: Amazon's own, and those that an account has brought. Every address pool whose id is
//! well formed is there, and has whatever is asked of it.

use ipnet::Ipv6Net;

use super::ipv6::{self, AMAZON, Range6};
use super::route_table::Destination;
use super::vpc::{RANGES_LIMIT, Vpc};
use super::{network_acl, route_table, security_group};
use crate::call::{Answer, Call, has_form};
use crate::due::What;
use crate::state::Region;
use crate::state::clock::SECOND;
use crate::wire::{Fault, Xml};

/// What a request asks for: the pool, and a certain range of it.
pub struct Asked {
    pool: String,
    net: Option<Ipv6Net>,
}

/// The IPv6 range that a request asks for, if it does.
pub fn asked(call: &Call<'_>) -> Result<Option<Asked>, Fault> {
    let p = call.params;
    let amazon = p.flag("AmazonProvidedIpv6CidrBlock")? == Some(true);
    let (pool, text) = (p.filled("Ipv6Pool"), p.filled("Ipv6CidrBlock"));
    p.only("Ipv6CidrBlockNetworkBorderGroup", &[&call.region.name])?;
    match (amazon, pool, text) {
        (false, None, None) => Ok(None),
        (true, None, None) => Ok(Some(Asked {
            pool: AMAZON.to_owned(),
            net: None,
        })),
        (true, ..) => Err(Fault::combination(
            "Only one of amazonProvidedIpv6CidrBlock and ipv6Pool can be specified",
        )),
        (false, None, Some(_)) => Err(Fault::missing("Ipv6Pool")),
        (false, Some(pool), text) => {
            if !has_form(pool, "ipv6pool-ec2") {
                return Err(Fault::new(
                    "InvalidIpv6PoolID.NotFound",
                    format!("The IPv6 pool ID '{pool}' does not exist"),
                ));
            }
            let net = text
                .map(|text| ipv6::read(text, (44, 60), "InvalidVpc.Range"))
                .transpose()?;
            let taken = net.filter(|net| is_taken(call.region, net));
            match taken {
                Some(net) => Err(Fault::new(
                    "InvalidCidrBlock.InUse",
                    format!("The CIDR '{net}' is in use by a VPC of the account"),
                )),
                None => Ok(Some(Asked {
                    pool: pool.to_owned(),
                    net,
                })),
            }
        }
    }
}

fn is_taken(region: &Region, net: &Ipv6Net) -> bool {
    region
        .vpcs
        .iter()
        .flat_map(|(_, vpc)| &vpc.ipv6)
        .any(|range| range.state != "disassociated" && ipv6::overlap(&range.net, net))
}

/// A range of 56 bits that no VPC has.
fn allot(call: &mut Call<'_>) -> Ipv6Net {
    loop {
        let number = u128::from(call.ids.unique() & 0xff_ffff);
        let bits = (0x2600_1f14_u128 << 96) | (number << 72);
        let net = Ipv6Net::new_assert(bits.into(), 56);
        if !is_taken(call.region, &net) {
            return net;
        }
    }
}

/// Gives a VPC a range: its tables get a local route, and what EC2 made with it opens for IPv6 as it is open
/// for IPv4, unless somebody has changed it since.
pub fn give(call: &mut Call<'_>, vpc: &str, asked: Asked) -> Range6 {
    let net = match asked.net {
        Some(net) => net,
        None => allot(call),
    };
    let range = Range6 {
        id: call.new_id("vpc-cidr-assoc"),
        net,
        state: "associating".into(),
        pool: Some(asked.pool),
    };
    call.region.vpcs.update(vpc, |row| row.ipv6.push(range.clone()));
    route_table::add_local(call, vpc, &Destination::V6(net));
    network_acl::open_ipv6(call, vpc);
    security_group::open_ipv6(call, vpc);
    call.later(2 * SECOND, 6 * SECOND, What::CidrAssociated, &range.id);
    range
}

/// `AssociateVpcCidrBlock` of an IPv6 range.
pub fn associate(call: &mut Call<'_>, x: &mut Xml, id: &str, asked: Asked) -> Answer {
    let vpc = call.find::<Vpc>(id)?;
    if call.params.has("CidrBlock") {
        return Err(Fault::combination(
            "Only one of cidrBlock and an IPv6 CIDR block can be specified",
        ));
    }
    if vpc.ipv6_ranges().count() >= RANGES_LIMIT {
        return Err(Fault::new(
            "CidrLimitExceeded",
            format!("This network '{id}' has met its maximum number of allowed CIDRs"),
        ));
    }
    let range = give(call, id, asked);
    x.element("ipv6CidrBlockAssociation", |x| {
        ipv6::write(x, &range, &call.region.name);
    });
    x.text("vpcId", id);
    Ok(())
}

/// `DisassociateVpcCidrBlock` of an IPv6 range: none of a subnet's may be in it.
pub fn disassociate(call: &mut Call<'_>, x: &mut Xml, id: &str, range: &Range6) -> Answer {
    let region = &mut *call.region;
    let net = range.net;
    let has_subnet = region
        .subnets
        .referring(id)
        .flat_map(|(_, subnet)| &subnet.ipv6)
        .any(|of_subnet| of_subnet.counts() && net.contains(&of_subnet.net));
    if has_subnet {
        return Err(Fault::new(
            "InvalidCidrBlock.InUse",
            format!("The vpc {id} currently has a subnet within CIDR block {net}"),
        ));
    }
    let range = Range6 {
        state: "disassociating".into(),
        ..range.clone()
    };
    region.vpcs.update(id, |vpc| {
        vpc.ipv6
            .iter_mut()
            .filter(|have| have.id == range.id)
            .for_each(|have| *have = range.clone());
    });
    route_table::remove_local(call, id, &Destination::V6(net));
    call.later(2 * SECOND, 6 * SECOND, What::CidrDisassociated, &range.id);
    x.element("ipv6CidrBlockAssociation", |x| {
        ipv6::write(x, &range, &call.region.name);
    });
    x.text("vpcId", id);
    Ok(())
}
