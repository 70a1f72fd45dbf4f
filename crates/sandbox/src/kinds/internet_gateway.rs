//! Internet gateways and their attachment: one per VPC, one VPC per gateway.

use serde::{Deserialize, Serialize};

use super::vpc::Vpc;
use super::{Kind, tag};
use crate::call::{ACCOUNT, Answer, Call, Listing};
use crate::state::Region;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::USUAL;
use crate::wire::{Fault, Xml};

/// An internet gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InternetGateway {
    /// The VPC that it is attached to.
    pub vpc: Option<String>,
}

impl Row for InternetGateway {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        self.vpc.iter().for_each(|vpc| add(vpc));
    }
}

impl Kind for InternetGateway {
    const PREFIX: &'static str = "igw";
    const RESOURCE: &'static str = "internet-gateway";
    const NOUN: &'static str = "internetGateway ID";
    const NOT_FOUND: &'static str = "InvalidInternetGatewayID.NotFound";
    const MALFORMED: &'static str = "InvalidInternetGatewayId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![InternetGateway:
        "internet-gateway-id" => |seen, add| add(seen.id),
        "attachment.vpc-id" => |seen, add| seen.row.vpc.iter().for_each(|vpc| add(vpc)),
        "attachment.state" => |seen, add| if seen.row.vpc.is_some() { add("available") },
        "owner-id" => |_, add| add(ACCOUNT),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.internet_gateways
    }
}

/// Whether a VPC has an internet gateway.
pub fn is_attached(region: &Region, vpc: &str) -> bool {
    region.internet_gateways.owner_of(vpc).is_some()
}

fn write(x: &mut Xml, seen: &Seen<'_, InternetGateway>) {
    x.text("internetGatewayId", seen.id);
    x.set("attachmentSet", &seen.row.vpc, |x, vpc| {
        x.text("vpcId", vpc);
        x.text("state", "available");
    });
    x.text("ownerId", ACCOUNT);
    tag::write(x, seen.region, seen.id);
}

/// `CreateInternetGateway`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let tags = call.tags_for("internet-gateway", &["internet-gateway"])?;
    let id = call.new_id("igw");
    call.tag(&id, tags);
    let row = InternetGateway { vpc: None };
    x.element("internetGateway", |x| {
        write(
            x,
            &Seen {
                id: &id,
                row: &row,
                region: call.region,
            },
        );
    });
    call.region.internet_gateways.insert(id, row);
    Ok(())
}

/// `DescribeInternetGateways`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    call.describe(
        x,
        &Listing {
            ids: "InternetGatewayId",
            set: "internetGatewaySet",
            pages: Some(USUAL),
        },
        write,
    )
}

/// `DeleteInternetGateway`.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("InternetGatewayId")?;
    if call.find::<InternetGateway>(id)?.vpc.is_some() {
        return Err(Fault::dependency("internetGateway", id));
    }
    call.region.internet_gateways.remove(id);
    call.region.tags.remove(id);
    x.done();
    Ok(())
}

/// `AttachInternetGateway`.
pub fn attach(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("InternetGatewayId")?;
    let vpc = call.params.required("VpcId")?;
    let gateway = call.find::<InternetGateway>(id)?;
    call.find::<Vpc>(vpc)?;
    if gateway.vpc.is_some() {
        return Err(Fault::new(
            "Resource.AlreadyAssociated",
            format!(
                "resource {id} is already attached to network {}",
                gateway.vpc.as_deref().unwrap_or_default()
            ),
        ));
    }
    if is_attached(call.region, vpc) {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("Network {vpc} already has an internet gateway attached"),
        ));
    }
    call.region
        .internet_gateways
        .update(id, |gateway| gateway.vpc = Some(vpc.to_owned()));
    x.done();
    Ok(())
}

/// `DetachInternetGateway`: refused while a public address of the VPC maps to something in it.
pub fn detach(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("InternetGatewayId")?;
    let vpc = call.params.required("VpcId")?;
    let gateway = call.find::<InternetGateway>(id)?;
    call.find::<Vpc>(vpc)?;
    if gateway.vpc.as_deref() != Some(vpc) {
        return Err(Fault::new(
            "Gateway.NotAttached",
            format!("resource {id} is not attached to network {vpc}"),
        ));
    }
    let region = &*call.region;
    let mapped = region
        .network_interfaces
        .referring(vpc)
        .any(|(eni, row)| row.public_ip.is_some() || region.addresses.owner_of(eni).is_some());
    if mapped {
        return Err(Fault::new(
            "DependencyViolation",
            format!(
                "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
            ),
        ));
    }
    call.region
        .internet_gateways
        .update(id, |gateway| gateway.vpc = None);
    x.done();
    Ok(())
}
