//! The account's attributes, and the calls about EC2-Classic that clients still make.

use super::security_group::default_vpc;
use crate::call::{Answer, Call};
use crate::wire::filter::Filters;
use crate::wire::page::{Page, USUAL};
use crate::wire::{Fault, Xml};

/// `DescribeAccountAttributes`.
pub fn describe_attributes(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let names = call.params.texts("AttributeName");
    let default = default_vpc(call.region).map_or("none", String::as_str).to_owned();
    let all: [(&str, &str); 6] = [
        ("supported-platforms", "VPC"),
        ("default-vpc", &default),
        ("max-instances", "20"),
        ("vpc-max-security-groups-per-interface", "5"),
        ("max-elastic-ips", "5"),
        ("vpc-max-elastic-ips", "5"),
    ];
    if let Some(unknown) = names
        .iter()
        .find(|name| !all.iter().any(|(known, _)| known == *name))
    {
        return Err(Fault::invalid(unknown, "attributeName", "Unknown attribute."));
    }
    let shown = all
        .iter()
        .filter(|(name, _)| names.is_empty() || names.contains(name));
    x.set("accountAttributeSet", shown, |x, (name, value)| {
        x.text("attributeName", name);
        x.set("attributeValueSet", [value], |x, value| {
            x.text("attributeValue", value);
        });
    });
    Ok(())
}

/// Calls about EC2-Classic: AWS retired it.
pub fn retired(_: &mut Call<'_>, _: &mut Xml) -> Answer {
    Err(Fault::new(
        "UnsupportedOperation",
        "The functionality you requested is not available in this region.",
    ))
}

/// Lists of kinds that nothing here makes: always empty.
pub fn nothing(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let set = match call.action {
        "DescribeVpnGateways" => "vpnGatewaySet",
        "DescribeTransitGatewayVpcAttachments" => "transitGatewayVpcAttachments",
        "DescribeTransitGateways" => "transitGatewaySet",
        "DescribeSnapshots" => "snapshotSet",
        "DescribePlacementGroups" => "placementGroupSet",
        "DescribeLaunchTemplates" => "launchTemplates",
        "DescribeSpotInstanceRequests" => "spotInstanceRequestSet",
        _ => "itemSet",
    };
    Filters::read(call.params)?;
    Page::read(call.params, call.action, USUAL, false)?;
    x.set(set, [(); 0], |_, ()| {});
    Ok(())
}
