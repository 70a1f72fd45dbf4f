//! The kinds of resource, as a closed list with their names and what their ids start with. What is known
//! about each stands in [`kinds`](crate::kinds); this file depends on none of it.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::action::ApiAction;
use crate::rules::Rules;
use crate::schema::Schema;

/// All that is known about a kind, in one value.
pub struct KindDef {
    /// Its attributes, with their documentation.
    pub schema: &'static Schema,
    /// Its checks and calls.
    pub rules: &'static dyn Rules,
    /// The actions of its calls.
    pub actions: &'static [ApiAction],
    /// Whether EC2 shows an object's tags for a while after its end.
    pub tags_outlive: bool,
    /// Whether every plan reads it: guards and reach ask about it, whatever a spec says. Other kinds are read
    /// where the spec, the topology's tags or another object speak of one.
    pub is_always_read: bool,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $id_prefix:literal;)*) => {
        /// A kind of resource. The order is that of the documentation: what contains before what is contained.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The kind's name in a spec: singular, EC2's own noun in snake case.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What EC2's ids of this kind start with, such as `subnet-`.
            pub const fn id_prefix(self) -> &'static str {
                match self {
                    $(Self::$variant => $id_prefix,)*
                }
            }
        }
    };
}

kinds! {
    /// A virtual private cloud.
    Vpc = "vpc", "vpc-";
    /// What instances learn from DHCP.
    DhcpOptions = "dhcp_options", "dopt-";
    /// A range of a VPC's addresses in one availability zone.
    Subnet = "subnet", "subnet-";
    /// A VPC's door to the internet.
    InternetGateway = "internet_gateway", "igw-";
    /// A VPC's way out to the internet over IPv6.
    EgressOnlyInternetGateway = "egress_only_internet_gateway", "eigw-";
    /// A public IPv4 address that is kept.
    ElasticIp = "elastic_ip", "eipalloc-";
    /// Address translation for private subnets.
    NatGateway = "nat_gateway", "nat-";
    /// Where packets go that leave a subnet.
    RouteTable = "route_table", "rtb-";
    /// A stateless filter at the border of subnets.
    NetworkAcl = "network_acl", "acl-";
    /// A stateful filter at network interfaces.
    SecurityGroup = "security_group", "sg-";
    /// An SSH key that instances are launched with.
    KeyPair = "key_pair", "key-";
    /// A virtual machine.
    Instance = "instance", "i-";
    /// A volume that outlives the instances that use it.
    Volume = "volume", "vol-";
    /// A way between two VPCs.
    VpcPeeringConnection = "vpc_peering_connection", "pcx-";
    /// A private way to an AWS service.
    VpcEndpoint = "vpc_endpoint", "vpce-";
    /// Records of traffic.
    FlowLog = "flow_log", "fl-";
}

impl Kind {
    /// Whether `text` has the form of this kind's EC2 ids: its prefix and 8 or 17 hex digits.
    pub fn is_id(self, text: &str) -> bool {
        text.strip_prefix(self.id_prefix()).is_some_and(is_id_tail)
    }
}

/// What the ids start with of what routes lead to and no spec declares.
const OUTSIDE: [&str; 3] = ["eni-", "tgw-", "vgw-"];

/// Whether `text` is the id of something that no spec declares.
pub fn is_outside_id(text: &str) -> bool {
    OUTSIDE
        .iter()
        .any(|prefix| text.strip_prefix(prefix).is_some_and(is_id_tail))
}

/// Whether `text` is what follows the prefix of an EC2 id.
pub fn is_id_tail(text: &str) -> bool {
    matches!(text.len(), 8 | 17) && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}

impl Kind {
    /// The kind in a sentence, in EC2's words: `network ACL`.
    pub fn noun(self) -> String {
        let words = self.as_str().split('_').map(|word| match word {
            "vpc" | "acl" | "nat" | "ip" => word.to_uppercase(),
            word => word.to_owned(),
        });
        match self {
            Self::DhcpOptions => "set of DHCP options".to_owned(),
            Self::ElasticIp => "Elastic IP address".to_owned(),
            Self::EgressOnlyInternetGateway => "egress-only internet gateway".to_owned(),
            _ => words.collect::<Vec<_>>().join(" "),
        }
    }

    /// Several of the kind in a sentence: `network ACLs`.
    pub fn plural(self) -> String {
        if self == Self::DhcpOptions {
            return "sets of DHCP options".to_owned();
        }
        let noun = self.noun();
        let end = if noun.ends_with('s') { "es" } else { "s" };
        format!("{noun}{end}")
    }

    /// One of the kind in a sentence: `a network ACL`.
    pub fn one(self) -> String {
        format!("{} {}", self.article(), self.noun())
    }

    /// `a` or `an`, as goes before the kind's name.
    pub fn article(self) -> &'static str {
        if self.as_str().starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        }
    }
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
