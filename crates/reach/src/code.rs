//! Why packets die: our codes, and those of AWS's Reachability Analyzer beside them, so that its
//! documentation can be searched.

use serde::{Serialize, Serializer};

/// Why a packet gets no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each code is the sentence that `what` gives")]
pub enum Code {
    NoRoute,
    RouteTarget,
    Blackhole,
    ForbiddenRoute,
    LinkLocal,
    NoSuchHost,
    WrongHost,
    NotRunning,
    SecurityGroup,
    NetworkAcl,
    NoIpv6Address,
    NoIpv4Address,
    NoPublicAddress,
    NotPublic,
    NoInternetGateway,
    PrivateDestination,
    PrivateSource,
    PublicAccessBlocked,
    NatProtocol,
    NatReply,
    NatInbound,
    NatOwnSubnet,
    NatWithoutRoute,
    NatFamily,
    NatSource,
    EndpointProtocol,
    EndpointFromOutside,
    EndpointReply,
    EndpointStartsNothing,
    EgressOnlyFamily,
    EgressOnlyInbound,
    PeeringInactive,
    PeeringTransitive,
    TransitZone,
    TransitAttachment,
    TransitAssociation,
    TransitNoRoute,
    TransitBlackhole,
    SourceDestCheck,
    ApplianceSubnet,
    AppliancePublicAddress,
    ReplyChanged,
    Loop,
}

impl Code {
    /// The code as text.
    pub fn as_str(self) -> &'static str {
        self.texts().0
    }

    /// The code of AWS's Reachability Analyzer for it, where it has one.
    pub fn aws(self) -> Option<&'static str> {
        Some(self.texts().1).filter(|text| !text.is_empty())
    }

    /// What is wrong, in a clause.
    pub fn what(self) -> &'static str {
        self.texts().2
    }

    fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NoRoute => ("no_route", "NO_ROUTE_TO_DESTINATION", "no route matches"),
            Self::RouteTarget => (
                "route_target",
                "CANNOT_ROUTE",
                "the route that matches leads to what cannot carry it",
            ),
            Self::Blackhole => (
                "blackhole",
                "BAD_STATE_ROUTE",
                "the route's target is gone or not ready",
            ),
            Self::ForbiddenRoute => (
                "forbidden_route",
                "VPC_LOCAL_ROUTE_CIDR_RESTRICTION",
                "EC2 refuses this route inside the VPC's ranges",
            ),
            Self::LinkLocal => (
                "link_local",
                "CANNOT_ROUTE",
                "addresses of 169.254.168.0/22 and fd00:ec2::/32 are never forwarded",
            ),
            Self::NoSuchHost => (
                "no_such_host",
                "UNKNOWN_DESTINATION",
                "nobody has this address here",
            ),
            Self::WrongHost => (
                "wrong_host",
                "DISCONNECTED_VPCS",
                "the packet comes to another host with the same address",
            ),
            Self::NotRunning => ("not_running", "BAD_STATE", "the host does not run"),
            Self::SecurityGroup => (
                "security_group",
                "ENI_SG_RULES_MISMATCH",
                "no rule of its security groups allows it",
            ),
            Self::NetworkAcl => (
                "network_acl",
                "SUBNET_ACL_RESTRICTION",
                "the network ACL denies it",
            ),
            Self::NoIpv6Address => ("no_ipv6_address", "", "it has no IPv6 address"),
            Self::NoIpv4Address => ("no_ipv4_address", "", "it has no IPv4 address"),
            Self::NoPublicAddress => (
                "no_public_address",
                "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
                "it has no public address",
            ),
            Self::NotPublic => (
                "not_public",
                "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
                "it has no public address to be reached at",
            ),
            Self::NoInternetGateway => (
                "no_internet_gateway",
                "NO_POSSIBLE_DESTINATION",
                "the VPC has no internet gateway",
            ),
            Self::PrivateDestination => (
                "private_destination",
                "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS",
                "an internet gateway carries nothing to private addresses",
            ),
            Self::PrivateSource => (
                "private_source",
                "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS",
                "an internet gateway carries nothing from private addresses",
            ),
            Self::PublicAccessBlocked => (
                "public_access_blocked",
                "VPC_BLOCK_PUBLIC_ACCESS_ENABLED",
                "VPC Block Public Access holds it off",
            ),
            Self::SourceDestCheck => (
                "source_dest_check",
                "ENI_SOURCE_DEST_CHECK_RESTRICTION",
                "its source/destination check takes only packets of its own addresses",
            ),
            Self::ApplianceSubnet => (
                "appliance_subnet",
                "CANNOT_ROUTE",
                "an appliance cannot stand in the subnet of one of the two ends",
            ),
            Self::AppliancePublicAddress => (
                "appliance_public_address",
                "INGRESS_RTB_NO_PUBLIC_IP",
                "an appliance behind an internet gateway needs a public address",
            ),
            Self::ReplyChanged => (
                "reply_changed",
                "CANNOT_ROUTE",
                "the answer comes from another address than the one that was asked",
            ),
            Self::Loop => ("loop", "CANNOT_ROUTE", "the packet goes round in a circle"),
            gateway => gateway.texts_of_gateways(),
        }
    }

    /// What NAT gateways, endpoints, peering connections and transit gateways do not carry.
    fn texts_of_gateways(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NatProtocol => (
                "nat_protocol",
                "PROTOCOL_RESTRICTION",
                "a NAT gateway carries TCP, UDP and ICMP",
            ),
            Self::NatReply => (
                "nat_reply",
                "NGW_DEST_ADDRESS_PRESERVATION",
                "a NAT gateway drops answers to what did not go out through it",
            ),
            Self::NatInbound => (
                "nat_inbound",
                "NGW_SOURCE_ADDRESS_REASSIGN",
                "nothing can be started to a NAT gateway",
            ),
            Self::NatOwnSubnet => (
                "nat_own_subnet",
                "CANNOT_ROUTE",
                "a NAT gateway does not serve the subnet it stands in",
            ),
            Self::NatWithoutRoute => (
                "nat_without_route",
                "NO_ROUTE_TO_DESTINATION",
                "the NAT gateway stands in a subnet without a route to an internet gateway",
            ),
            Self::NatFamily => ("nat_family", "PROTOCOL_RESTRICTION", "a NAT gateway carries IPv4"),
            Self::NatSource => (
                "nat_source",
                "NGW_REQUIRES_SOURCE_IN_VPC",
                "a NAT gateway serves only its own VPC",
            ),
            Self::EndpointProtocol => (
                "endpoint_protocol",
                "VPCE_GATEWAY_PROTOCOL_RESTRICTION",
                "a gateway endpoint carries TCP and echo requests",
            ),
            Self::EndpointFromOutside => (
                "endpoint_from_outside",
                "VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION",
                "a gateway endpoint serves only its own VPC",
            ),
            Self::EndpointReply => (
                "endpoint_reply",
                "VPCE_INTRA_VPC_TRAFFIC",
                "an endpoint does not carry answers to what came another way",
            ),
            Self::EndpointStartsNothing => (
                "endpoint_starts_nothing",
                "VPCE_INTRA_VPC_TRAFFIC",
                "an endpoint starts nothing",
            ),
            Self::EgressOnlyFamily => (
                "egress_only_family",
                "CANNOT_ROUTE",
                "an egress-only internet gateway carries IPv6",
            ),
            Self::EgressOnlyInbound => (
                "egress_only_inbound",
                "CANNOT_ROUTE",
                "an egress-only internet gateway lets nothing in",
            ),
            Self::PeeringInactive => (
                "peering_inactive",
                "BAD_STATE_ROUTE",
                "the peering connection is not active",
            ),
            Self::PeeringTransitive => (
                "peering_transitive",
                "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
                "a peering connection leads to the other VPC's own addresses only",
            ),
            Self::TransitZone => (
                "transit_zone",
                "TGW_ROUTE_AZ_RESTRICTION",
                "the transit gateway has no attachment in this availability zone",
            ),
            Self::TransitAttachment => (
                "transit_attachment",
                "CANNOT_ROUTE",
                "the VPC is not attached to the transit gateway",
            ),
            Self::TransitAssociation => (
                "transit_association",
                "TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION",
                "the attachment is associated with no table",
            ),
            Self::TransitNoRoute => (
                "transit_no_route",
                "TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT",
                "no route of the transit gateway matches",
            ),
            Self::TransitBlackhole => (
                "transit_blackhole",
                "TGW_RTB_BAD_STATE_ROUTE",
                "the transit gateway's route is a blackhole",
            ),
            _ => ("blocked", "", "it gets no further"),
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own() {
        let all = (Code::NoRoute as u8..=Code::Loop as u8).count();
        assert_eq!(all, ALL.len());
        let names: std::collections::BTreeSet<&str> = ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(!names.contains("blocked"));
    }

    const ALL: [Code; 43] = [
        Code::NoRoute,
        Code::RouteTarget,
        Code::Blackhole,
        Code::ForbiddenRoute,
        Code::LinkLocal,
        Code::NoSuchHost,
        Code::WrongHost,
        Code::NotRunning,
        Code::SecurityGroup,
        Code::NetworkAcl,
        Code::NoIpv6Address,
        Code::NoIpv4Address,
        Code::NoPublicAddress,
        Code::NotPublic,
        Code::NoInternetGateway,
        Code::PrivateDestination,
        Code::PrivateSource,
        Code::PublicAccessBlocked,
        Code::NatProtocol,
        Code::NatReply,
        Code::NatInbound,
        Code::NatOwnSubnet,
        Code::NatWithoutRoute,
        Code::NatFamily,
        Code::NatSource,
        Code::EndpointProtocol,
        Code::EndpointFromOutside,
        Code::EndpointReply,
        Code::EndpointStartsNothing,
        Code::EgressOnlyFamily,
        Code::EgressOnlyInbound,
        Code::PeeringInactive,
        Code::PeeringTransitive,
        Code::TransitZone,
        Code::TransitAttachment,
        Code::TransitAssociation,
        Code::TransitNoRoute,
        Code::TransitBlackhole,
        Code::SourceDestCheck,
        Code::ApplianceSubnet,
        Code::AppliancePublicAddress,
        Code::ReplyChanged,
        Code::Loop,
    ];
}
