//! The kinds: one file each, with the kind's struct, its table, its checks and its calls, and all of it in one
//! value, `DEF`.

pub mod dhcp_options;
pub mod egress_only_internet_gateway;
pub mod elastic_ip;
pub mod flow_log;
pub mod instance;
pub mod internet_gateway;
pub mod key_pair;
pub mod nat_gateway;
pub mod network_acl;
pub mod route_table;
pub mod security_group;
pub mod subnet;
pub mod volume;
pub mod vpc;
pub mod vpc_endpoint;
pub mod vpc_peering_connection;

use crate::Kind;
use crate::action::Role;
use crate::kind::KindDef;
use crate::rules::Rules;
use crate::schema::Schema;

impl Kind {
    /// All that is known about this kind.
    pub fn def(self) -> &'static KindDef {
        match self {
            Self::Vpc => &vpc::DEF,
            Self::DhcpOptions => &dhcp_options::DEF,
            Self::Subnet => &subnet::DEF,
            Self::InternetGateway => &internet_gateway::DEF,
            Self::EgressOnlyInternetGateway => &egress_only_internet_gateway::DEF,
            Self::ElasticIp => &elastic_ip::DEF,
            Self::NatGateway => &nat_gateway::DEF,
            Self::RouteTable => &route_table::DEF,
            Self::NetworkAcl => &network_acl::DEF,
            Self::SecurityGroup => &security_group::DEF,
            Self::KeyPair => &key_pair::DEF,
            Self::Instance => &instance::DEF,
            Self::Volume => &volume::DEF,
            Self::VpcPeeringConnection => &vpc_peering_connection::DEF,
            Self::VpcEndpoint => &vpc_endpoint::DEF,
            Self::FlowLog => &flow_log::DEF,
        }
    }

    /// The kind's table of attributes.
    pub fn schema(self) -> &'static Schema {
        self.def().schema
    }

    /// The kind's checks and calls.
    pub fn rules(self) -> &'static dyn Rules {
        self.def().rules
    }

    /// Whether the kind's objects are made under a client token.
    pub fn has_token(self) -> bool {
        self.def()
            .actions
            .iter()
            .any(|action| action.role == Role::Create && action.has_token)
    }
}
