//! VPC Block Public Access: the account's mode in a region, and the VPCs and subnets that are excluded from it. It
//! hides nothing from a caller: what it holds off are packets, and VPCs and subnets say what it leaves of them.

use serde::{Deserialize, Serialize};

use super::subnet::Subnet;
use super::vpc::Vpc;
use super::{Kind, tag};
use crate::call::{ACCOUNT, Answer, Call, Listing, arn};
use crate::state::Region;
use crate::state::clock::{Millis, stamp};
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::Limits;
use crate::wire::{Fault, Xml};

/// The account's mode in a region, where somebody has set one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Options {
    mode: String,
    at: Millis,
}

impl Row for Options {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

/// The one row of its table.
const OPTIONS: &str = "options";

/// A VPC or a subnet that is excluded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exclusion {
    resource: String,
    mode: String,
    at: Millis,
}

impl Row for Exclusion {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.resource);
    }
}

impl Kind for Exclusion {
    const PREFIX: &'static str = "vpcbpa-exclude";
    const RESOURCE: &'static str = "vpc-block-public-access-exclusion";
    const NOUN: &'static str = "VPC Block Public Access exclusion ID";
    const NOT_FOUND: &'static str = "InvalidVpcBlockPublicAccessExclusionId.NotFound";
    const MALFORMED: &'static str = "InvalidVpcBlockPublicAccessExclusionId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![Exclusion:
        "internet-gateway-exclusion-mode" => |seen, add| add(&seen.row.mode),
        "resource-arn" => |seen, add| add(&resource_arn(seen.region, &seen.row.resource)),
        "state" => |_, add| add("create-complete"),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.public_access_exclusions
    }
}

fn resource_arn(region: &Region, id: &str) -> String {
    let kind = if id.starts_with("vpc-") { "vpc" } else { "subnet" };
    arn(region, kind, id)
}

/// What is left of the internet for a subnet of a VPC, or for the VPC itself: `InternetGatewayBlockMode`.
fn mode<'r>(region: &'r Region, vpc: &str, subnet: Option<&str>) -> &'r str {
    let account = region
        .public_access
        .get(OPTIONS)
        .map_or("off", |options| &options.mode);
    let excluded = |id: &str| region.public_access_exclusions.owner_of(id);
    let excluded = subnet.and_then(excluded).or_else(|| excluded(vpc));
    match excluded.map(|(_, exclusion)| exclusion.mode.as_str()) {
        Some("allow-bidirectional") => "off",
        Some(_) if account == "block-bidirectional" => "block-ingress",
        _ => account,
    }
}

/// `blockPublicAccessStates` of a VPC, or of a subnet in it.
pub fn write_states(x: &mut Xml, region: &Region, vpc: &str, subnet: Option<&str>) {
    x.element("blockPublicAccessStates", |x| {
        x.text("internetGatewayBlockMode", mode(region, vpc, subnet));
    });
}

fn write_options(x: &mut Xml, region: &Region) {
    let options = region.public_access.get(OPTIONS);
    x.element("vpcBlockPublicAccessOptions", |x| {
        x.text("awsAccountId", ACCOUNT);
        x.text("awsRegion", &region.name);
        x.text("exclusionsAllowed", "allowed");
        x.text(
            "internetGatewayBlockMode",
            options.map_or("off", |options| &options.mode),
        );
        x.maybe("lastUpdateTimestamp", options.map(|options| stamp(options.at)));
        x.text("managedBy", "account");
        x.text("state", options.map_or("default-state", |_| "update-complete"));
    });
}

/// `DescribeVpcBlockPublicAccessOptions`.
pub fn describe_options(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    write_options(x, call.region);
    Ok(())
}

/// `ModifyVpcBlockPublicAccessOptions`.
pub fn modify_options(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let name = "InternetGatewayBlockMode";
    let mode = call.params.required(name)?;
    one_of(name, mode, &["off", "block-bidirectional", "block-ingress"])?;
    let options = Options {
        mode: mode.to_owned(),
        at: call.now,
    };
    call.region.public_access.insert(OPTIONS, options);
    write_options(x, call.region);
    Ok(())
}

fn one_of(name: &str, word: &str, words: &[&str]) -> Answer {
    if words.contains(&word) {
        return Ok(());
    }
    Err(Fault::invalid(
        word,
        name,
        &format!("it must be one of {}", words.join(", ")),
    ))
}

/// The mode that a request gives an exclusion.
fn exclusion_mode(call: &Call<'_>) -> Result<String, Fault> {
    let name = "InternetGatewayExclusionMode";
    let mode = call.params.required(name)?;
    one_of(name, mode, &["allow-bidirectional", "allow-egress"])?;
    Ok(mode.to_owned())
}

fn write(x: &mut Xml, seen: &Seen<'_, Exclusion>) {
    x.text("exclusionId", seen.id);
    x.text("internetGatewayExclusionMode", &seen.row.mode);
    x.text("resourceArn", resource_arn(seen.region, &seen.row.resource));
    x.text("state", "create-complete");
    x.text("creationTimestamp", stamp(seen.row.at));
    x.text("lastUpdateTimestamp", stamp(seen.row.at));
    tag::write(x, seen.region, seen.id);
}

fn write_one(x: &mut Xml, region: &Region, id: &str, row: &Exclusion) {
    x.element("vpcBlockPublicAccessExclusion", |x| {
        write(x, &Seen { id, row, region });
    });
}

/// `CreateVpcBlockPublicAccessExclusion`.
pub fn create_exclusion(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let mode = exclusion_mode(call)?;
    let resource = match (call.params.filled("VpcId"), call.params.filled("SubnetId")) {
        (Some(vpc), None) => call.find::<Vpc>(vpc).map(|_| vpc.to_owned())?,
        (None, Some(subnet)) => call.find::<Subnet>(subnet).map(|_| subnet.to_owned())?,
        _ => {
            return Err(Fault::combination("Specify either a VPC ID or a subnet ID"));
        }
    };
    if call.region.public_access_exclusions.owner_of(&resource).is_some() {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("An exclusion already exists for {resource}"),
        ));
    }
    let tags = call.tags_for(Exclusion::RESOURCE, &[Exclusion::RESOURCE])?;
    let id = call.new_id(Exclusion::PREFIX);
    call.tag(&id, tags);
    let row = Exclusion {
        resource,
        mode,
        at: call.now,
    };
    write_one(x, call.region, &id, &row);
    call.region.public_access_exclusions.insert(id, row);
    Ok(())
}

/// `ModifyVpcBlockPublicAccessExclusion`.
pub fn modify_exclusion(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("ExclusionId")?;
    let mode = exclusion_mode(call)?;
    let row = Exclusion {
        mode,
        ..call.find::<Exclusion>(id)?.clone()
    };
    write_one(x, call.region, id, &row);
    call.region.public_access_exclusions.insert(id, row);
    Ok(())
}

/// `DescribeVpcBlockPublicAccessExclusions`.
pub fn describe_exclusions(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let pages = Some(Limits {
        min: 5,
        max: 1000,
        exclusive: false,
    });
    call.describe(
        x,
        &Listing {
            ids: "ExclusionId",
            set: "vpcBlockPublicAccessExclusionSet",
            pages,
        },
        write,
    )
}

/// `DeleteVpcBlockPublicAccessExclusion`.
pub fn delete_exclusion(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("ExclusionId")?;
    let row = call.find::<Exclusion>(id)?.clone();
    write_one(x, call.region, id, &row);
    call.region.public_access_exclusions.remove(id);
    call.region.tags.remove(id);
    Ok(())
}
