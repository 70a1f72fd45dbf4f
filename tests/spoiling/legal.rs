//! What EC2 may say of a network that is as it should be, and would then be otherwise: the answer alone does
//! not tell that it was spoiled, and a plan that believes it is right. Everything else must be seen to be
//! wrong.

mod volumes;

use super::document::Element;
use super::how::How;

/// Something that EC2 may say.
struct May {
    /// The action; empty for all.
    action: &'static str,
    /// What the element is in, past the items of lists; empty for whatever.
    parent: &'static str,
    /// The element.
    element: &'static str,
    /// In which ways it may be spoiled and mean something else.
    ways: &'static [Way],
    /// Why EC2 may say so.
    reason: &'static str,
}

/// A way to spoil an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    LeftOut,
    Emptied,
    Word,
    Bounds,
}

use Way::{Bounds, Emptied, LeftOut, Word};

const fn may(
    action: &'static str,
    parent: &'static str,
    element: &'static str,
    ways: &'static [Way],
    reason: &'static str,
) -> May {
    May {
        action,
        parent,
        element,
        ways,
        reason,
    }
}

/// All that EC2 may say.
const MAY: &[May] = &[
    may("", "tagSet", "key", &[Word], "a tag may have any key"),
    may(
        "",
        "tagSet",
        "value",
        &[Emptied, Word, Bounds],
        "a tag may have any value",
    ),
    may(
        "",
        "tagSet",
        "item",
        &[LeftOut],
        "an object may be without a tag that the spec wants",
    ),
    may(
        "DescribeInternetGateways",
        "internetGatewaySet",
        "attachmentSet",
        &[Emptied],
        "a gateway may be attached to nothing",
    ),
    may(
        "DescribeInternetGateways",
        "attachmentSet",
        "item",
        &[LeftOut],
        "a gateway may be attached to nothing",
    ),
    may(
        "DescribeRouteTables",
        "routeTableSet",
        "associationSet",
        &[Emptied],
        "a table may be that of no subnet",
    ),
    may(
        "DescribeRouteTables",
        "associationSet",
        "item",
        &[LeftOut],
        "a table may be that of fewer subnets",
    ),
    may(
        "DescribeRouteTables",
        "routeSet",
        "item",
        &[LeftOut],
        "a route may not be there",
    ),
    may(
        "DescribeVpcs",
        "cidrBlockAssociationSet",
        "item",
        &[LeftOut],
        "a VPC may be without a secondary range",
    ),
    may(
        "",
        "",
        "ipv6CidrBlockAssociationSet",
        &[Emptied],
        "a VPC or a subnet may have no IPv6 range",
    ),
    may(
        "DescribeVpcs",
        "vpcSet",
        "ipv6CidrBlockAssociationSet",
        &[LeftOut],
        "EC2 leaves it out where a VPC has none",
    ),
    may(
        "",
        "ipv6CidrBlockAssociationSet",
        "item",
        &[LeftOut],
        "a VPC or a subnet may have no IPv6 range",
    ),
    may(
        "",
        "",
        "ipv6AddressesSet",
        &[Emptied],
        "an interface may have no IPv6 address",
    ),
    may(
        "",
        "ipv6AddressesSet",
        "item",
        &[LeftOut],
        "an interface may have fewer IPv6 addresses",
    ),
    may(
        "DescribeVpcEndpoints",
        "vpcEndpointSet",
        "routeTableIdSet",
        &[Emptied],
        "an endpoint may be in no table",
    ),
    may(
        "DescribeVpcEndpoints",
        "routeTableIdSet",
        "item",
        &[LeftOut],
        "an endpoint may be in fewer tables",
    ),
    may(
        "DescribeSecurityGroups",
        "securityGroupInfo",
        "groupName",
        &[Word, Bounds],
        "a group may have any name",
    ),
    may(
        "DescribeSecurityGroups",
        "securityGroupInfo",
        "groupDescription",
        &[Word, Bounds],
        "a group may have any description",
    ),
    may(
        "DescribeSecurityGroups",
        "securityGroupInfo",
        "ipPermissions",
        &[Emptied],
        "a group may let nothing in",
    ),
    may(
        "DescribeSecurityGroups",
        "securityGroupInfo",
        "ipPermissionsEgress",
        &[Emptied],
        "a group may let nothing out",
    ),
    may(
        "DescribeSecurityGroups",
        "ipPermissions",
        "item",
        &[LeftOut],
        "a group may have fewer rules",
    ),
    may(
        "DescribeSecurityGroups",
        "ipPermissionsEgress",
        "item",
        &[LeftOut],
        "a group may have fewer rules",
    ),
    may(
        "DescribeSecurityGroups",
        "ipPermissions",
        "ipRanges",
        &[LeftOut, Emptied],
        "rules may be for others than ranges",
    ),
    may(
        "DescribeSecurityGroups",
        "ipPermissions",
        "ipv6Ranges",
        &[LeftOut, Emptied],
        "rules may be for others than ranges",
    ),
    may(
        "DescribeSecurityGroups",
        "ipPermissions",
        "groups",
        &[LeftOut, Emptied],
        "rules may be for others than groups",
    ),
    may(
        "DescribeSecurityGroups",
        "ipPermissions",
        "prefixListIds",
        &[LeftOut, Emptied],
        "rules may be for others than prefix lists",
    ),
    may(
        "DescribeSecurityGroups",
        "ipPermissionsEgress",
        "ipRanges",
        &[LeftOut, Emptied],
        "rules may be for others than ranges",
    ),
    may(
        "DescribeSecurityGroups",
        "ipPermissionsEgress",
        "ipv6Ranges",
        &[LeftOut, Emptied],
        "rules may be for others than ranges",
    ),
    may(
        "DescribeSecurityGroups",
        "ipPermissionsEgress",
        "groups",
        &[LeftOut, Emptied],
        "rules may be for others than groups",
    ),
    may(
        "DescribeSecurityGroups",
        "ipPermissionsEgress",
        "prefixListIds",
        &[LeftOut, Emptied],
        "rules may be for others than prefix lists",
    ),
    may(
        "DescribeSecurityGroups",
        "ipRanges",
        "item",
        &[LeftOut],
        "a group may have fewer rules",
    ),
    may(
        "DescribeSecurityGroups",
        "ipv6Ranges",
        "item",
        &[LeftOut],
        "a group may have fewer rules",
    ),
    may(
        "DescribeSecurityGroups",
        "groups",
        "item",
        &[LeftOut],
        "a group may have fewer rules",
    ),
    may(
        "DescribeSecurityGroups",
        "prefixListIds",
        "item",
        &[LeftOut],
        "a group may have fewer rules",
    ),
    may(
        "DescribeSecurityGroups",
        "ipRanges",
        "description",
        &[LeftOut, Emptied, Word, Bounds],
        "a rule may have any description",
    ),
    may(
        "DescribeSecurityGroups",
        "ipv6Ranges",
        "description",
        &[LeftOut, Emptied, Word, Bounds],
        "a rule may have any description",
    ),
    may(
        "DescribeSecurityGroups",
        "groups",
        "description",
        &[LeftOut, Emptied, Word, Bounds],
        "a rule may have any description",
    ),
    may(
        "DescribeSecurityGroups",
        "prefixListIds",
        "description",
        &[LeftOut, Emptied, Word, Bounds],
        "a rule may have any description",
    ),
    may(
        "DescribeNetworkAcls",
        "networkAclSet",
        "entrySet",
        &[Emptied],
        "some endpoints show no entries where nobody declared any",
    ),
    may(
        "DescribeNetworkAcls",
        "entrySet",
        "item",
        &[LeftOut],
        "an ACL may have fewer entries",
    ),
    may(
        "DescribeNetworkAcls",
        "entrySet",
        "icmpTypeCode",
        &[LeftOut],
        "some endpoints never say it; at EC2 it would be every type",
    ),
    may(
        "DescribeKeyPairs",
        "keySet",
        "keyName",
        &[Word, Bounds],
        "a key may have any name",
    ),
    may(
        "DescribeInstances",
        "instancesSet",
        "keyName",
        &[LeftOut, Word],
        "an instance may have no key, or another one",
    ),
    may(
        "DescribeInstances",
        "instancesSet",
        "iamInstanceProfile",
        &[LeftOut],
        "an instance may have no profile",
    ),
    may(
        "DescribeInstances",
        "iamInstanceProfile",
        "arn",
        &[Word],
        "a profile may have any name",
    ),
    may(
        "DescribeInstances",
        "groupSet",
        "item",
        &[LeftOut],
        "an interface may be in fewer groups",
    ),
    may(
        "DescribeInstances",
        "metadataOptions",
        "httpEndpoint",
        &[LeftOut],
        "some endpoints say only what was changed",
    ),
    may(
        "DescribeInstances",
        "metadataOptions",
        "httpTokens",
        &[LeftOut],
        "some endpoints say only what was changed",
    ),
    may(
        "DescribeInstances",
        "metadataOptions",
        "httpPutResponseHopLimit",
        &[LeftOut],
        "some endpoints say only what was changed",
    ),
    may(
        "DescribeInstances",
        "metadataOptions",
        "instanceMetadataTags",
        &[LeftOut],
        "some endpoints say only what was changed",
    ),
    may(
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "item",
        &[LeftOut],
        "an interface may not be there",
    ),
    may(
        "DescribeNetworkInterfaces",
        "DescribeNetworkInterfacesResponse",
        "networkInterfaceSet",
        &[Emptied],
        "there may be none",
    ),
    may(
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "groupSet",
        &[Emptied],
        "an interface may be in no group",
    ),
    may(
        "DescribeNetworkInterfaces",
        "groupSet",
        "item",
        &[LeftOut],
        "an interface may be in fewer groups",
    ),
    may(
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "attachment",
        &[LeftOut],
        "what has it may be a service's",
    ),
    may(
        "DescribeNetworkInterfaces",
        "attachment",
        "instanceId",
        &[LeftOut, Emptied],
        "what has it may be no instance",
    ),
    may(
        "DescribeNetworkInterfaces",
        "privateIpAddressesSet",
        "association",
        &[LeftOut],
        "an address may have no public one",
    ),
    may(
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "description",
        &[LeftOut, Emptied, Word, Bounds],
        "it may be any, or none",
    ),
    may(
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "requesterId",
        &[LeftOut, Emptied, Word, Bounds],
        "it may be any, or none",
    ),
    may(
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "ownerId",
        &[LeftOut, Emptied, Word, Bounds],
        "it is told as it is",
    ),
    may(
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "interfaceType",
        &[Word],
        "EC2 makes new types: it is told as it is",
    ),
    may(
        "DescribeDhcpOptions",
        "dhcpConfigurationSet",
        "item",
        &[LeftOut],
        "a set may be without an option",
    ),
    may(
        "DescribeDhcpOptions",
        "dhcpConfigurationSet",
        "key",
        &[Word, Bounds],
        "EC2 may have options that are not known here",
    ),
    may(
        "DescribeDhcpOptions",
        "valueSet",
        "item",
        &[LeftOut],
        "an option may have fewer values",
    ),
    may(
        "DescribeDhcpOptions",
        "valueSet",
        "value",
        &[Word, Bounds],
        "a domain may have any name",
    ),
    may(
        "DescribeVpcs",
        "vpcSet",
        "dhcpOptionsId",
        &[Word],
        "a VPC may have another set, or none",
    ),
    may(
        "DescribeFlowLogs",
        "flowLogSet",
        "deliverLogsStatus",
        &[LeftOut, Emptied, Word, Bounds],
        "it is told where it is `FAILED`, and is no attribute",
    ),
    may(
        "DescribeFlowLogs",
        "flowLogSet",
        "trafficType",
        &[Word],
        "a flow log may be of other traffic",
    ),
    may(
        "DescribeFlowLogs",
        "flowLogSet",
        "logDestination",
        &[Bounds],
        "it may be any",
    ),
    may(
        "DescribeFlowLogs",
        "flowLogSet",
        "logGroupName",
        &[Word, Bounds],
        "it may be any",
    ),
    may(
        "DescribeFlowLogs",
        "flowLogSet",
        "destinationOptions",
        &[LeftOut],
        "EC2 need not say what nobody chose",
    ),
    may(
        "DescribeManagedPrefixLists",
        "prefixListSet",
        "prefixListName",
        &[Word, Bounds],
        "a list may have any name",
    ),
    may(
        "DescribeInstanceAttribute",
        "DescribeInstanceAttributeResponse",
        "userData",
        &[Emptied],
        "so EC2 says that there is none",
    ),
    may(
        "DescribeInstanceAttribute",
        "userData",
        "value",
        &[LeftOut],
        "so EC2 says that there is none",
    ),
];

/// Why EC2 may answer so; none where it never would.
pub fn reason(action: &str, element: &Element, _content: &str, how: How) -> Option<&'static str> {
    let way = match how {
        How::LeftOut(_) => LeftOut,
        How::Emptied(_) => Emptied,
        How::Word(_) => Word,
        How::Bounds(_) => Bounds,
        _ => return None,
    };
    let fits = |may: &&May| {
        (may.action.is_empty() || may.action == action)
            && (may.parent.is_empty() || may.parent == element.parent())
            && may.element == element.name()
            && may.ways.contains(&way)
    };
    MAY.iter().chain(volumes::MAY).find(fits).map(|may| may.reason)
}
