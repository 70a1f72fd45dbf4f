//! The kinds of resource, as a closed list, and where to find what is known about each.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::kinds;
use crate::rules::Rules;
use crate::schema::Schema;

/// A kind of resource. The order is that of the documentation: what contains before what is contained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A virtual private cloud.
    Vpc,
    /// A range of a VPC's addresses in one availability zone.
    Subnet,
    /// A VPC's door to the internet.
    InternetGateway,
    /// A public IPv4 address that is kept.
    ElasticIp,
    /// Address translation for private subnets.
    NatGateway,
    /// Where packets go that leave a subnet.
    RouteTable,
    /// A stateless filter at the border of subnets.
    NetworkAcl,
    /// A stateful filter at network interfaces.
    SecurityGroup,
    /// An SSH key that instances are launched with.
    KeyPair,
    /// A virtual machine.
    Instance,
    /// A private way to an AWS service.
    VpcEndpoint,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Vpc,
        Self::Subnet,
        Self::InternetGateway,
        Self::ElasticIp,
        Self::NatGateway,
        Self::RouteTable,
        Self::NetworkAcl,
        Self::SecurityGroup,
        Self::KeyPair,
        Self::Instance,
        Self::VpcEndpoint,
    ];

    /// What this kind is: its attributes, checks and calls.
    pub fn rules(self) -> &'static dyn Rules {
        match self {
            Self::Vpc => &kinds::vpc::VpcRules,
            Self::Subnet => &kinds::subnet::SubnetRules,
            Self::InternetGateway => &kinds::internet_gateway::InternetGatewayRules,
            Self::ElasticIp => &kinds::elastic_ip::ElasticIpRules,
            Self::NatGateway => &kinds::nat_gateway::NatGatewayRules,
            Self::RouteTable => &kinds::route_table::RouteTableRules,
            Self::NetworkAcl => &kinds::network_acl::NetworkAclRules,
            Self::SecurityGroup => &kinds::security_group::SecurityGroupRules,
            Self::KeyPair => &kinds::key_pair::KeyPairRules,
            Self::Instance => &kinds::instance::InstanceRules,
            Self::VpcEndpoint => &kinds::vpc_endpoint::VpcEndpointRules,
        }
    }

    /// The kind's table of attributes.
    pub fn schema(self) -> &'static Schema {
        self.rules().schema()
    }

    /// The kind's name in a spec: singular, EC2's own noun in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vpc => "vpc",
            Self::Subnet => "subnet",
            Self::InternetGateway => "internet_gateway",
            Self::ElasticIp => "elastic_ip",
            Self::NatGateway => "nat_gateway",
            Self::RouteTable => "route_table",
            Self::NetworkAcl => "network_acl",
            Self::SecurityGroup => "security_group",
            Self::KeyPair => "key_pair",
            Self::Instance => "instance",
            Self::VpcEndpoint => "vpc_endpoint",
        }
    }

    /// Whether `text` has the form of this kind's EC2 ids: its prefix and 8 or 17 hex digits.
    pub fn is_id(self, text: &str) -> bool {
        text.strip_prefix(self.schema().id_prefix).is_some_and(is_id_tail)
    }
}

/// Whether `text` is what follows the prefix of an EC2 id.
pub fn is_id_tail(text: &str) -> bool {
    matches!(text.len(), 8 | 17) && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
