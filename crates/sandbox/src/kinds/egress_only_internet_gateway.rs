//! Egress-only internet gateways: bound to a VPC from their creation.

use serde::{Deserialize, Serialize};

use super::vpc::Vpc;
use super::{Kind, tag};
use crate::call::{Answer, Call, Listing};
use crate::state::Region;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::Limits;
use crate::wire::{Fault, Xml};

/// An egress-only internet gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EgressOnlyGateway {
    /// Its VPC.
    pub vpc: String,
}

impl Row for EgressOnlyGateway {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.vpc);
    }
}

impl Kind for EgressOnlyGateway {
    const PREFIX: &'static str = "eigw";
    const RESOURCE: &'static str = "egress-only-internet-gateway";
    const NOUN: &'static str = "egressOnlyInternetGateway ID";
    const NOT_FOUND: &'static str = "InvalidEgressOnlyInternetGatewayId.NotFound";
    const MALFORMED: &'static str = "InvalidEgressOnlyInternetGatewayId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![EgressOnlyGateway:];

    fn table(region: &Region) -> &Table<Self> {
        &region.egress_only_gateways
    }
}

fn write(x: &mut Xml, seen: &Seen<'_, EgressOnlyGateway>) {
    x.text("egressOnlyInternetGatewayId", seen.id);
    x.set("attachmentSet", [&seen.row.vpc], |x, vpc| {
        x.text("vpcId", vpc);
        x.text("state", "attached");
    });
    tag::write(x, seen.region, seen.id);
}

/// `CreateEgressOnlyInternetGateway`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let vpc = call.params.required("VpcId")?;
    call.find::<Vpc>(vpc)?;
    if call.region.egress_only_gateways.owner_of(vpc).is_some() {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("Network {vpc} already has an egress-only internet gateway attached"),
        ));
    }
    let tags = call.tags_for("egress-only-internet-gateway", &["egress-only-internet-gateway"])?;
    let id = call.new_id("eigw");
    call.tag(&id, tags);
    let row = EgressOnlyGateway { vpc: vpc.to_owned() };
    x.element("egressOnlyInternetGateway", |x| {
        write(
            x,
            &Seen {
                id: &id,
                row: &row,
                region: call.region,
            },
        );
    });
    call.region.egress_only_gateways.insert(id, row);
    Ok(())
}

/// `DescribeEgressOnlyInternetGateways`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let pages = Some(Limits {
        min: 5,
        max: 255,
        exclusive: false,
    });
    call.describe(
        x,
        &Listing {
            ids: "EgressOnlyInternetGatewayId",
            set: "egressOnlyInternetGatewaySet",
            pages,
        },
        write,
    )
}

/// `DeleteEgressOnlyInternetGateway`.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("EgressOnlyInternetGatewayId")?;
    call.find::<EgressOnlyGateway>(id)?;
    call.region.egress_only_gateways.remove(id);
    call.region.tags.remove(id);
    x.text("returnCode", true);
    Ok(())
}
