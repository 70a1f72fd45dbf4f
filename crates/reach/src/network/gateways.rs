//! What leads out of a VPC: gateways, endpoints, and what joins VPCs.

use ipnet::IpNet;
use serde_json::Value as Json;

use super::{Assignment, Named, Table};

/// An internet gateway.
#[derive(Clone, Debug, Default)]
pub struct InternetGateway {
    /// Its name.
    pub named: Named,
    /// The VPC it is attached to.
    pub vpc: Option<usize>,
    /// The table by which what comes in is led to an appliance.
    pub edge_table: Option<usize>,
}

/// A NAT gateway.
#[derive(Clone, Debug)]
pub struct NatGateway {
    /// Its name.
    pub named: Named,
    /// Its VPC.
    pub vpc: usize,
    /// The subnet it stands in; a regional gateway stands in none.
    pub subnet: Option<usize>,
    /// Its address in the subnet.
    pub private: Assignment,
    /// Its Elastic IP address; a private gateway has none.
    pub public: Option<Assignment>,
    /// Whether it works.
    pub available: bool,
}

/// A VPC endpoint.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// Its name.
    pub named: Named,
    /// Its VPC.
    pub vpc: usize,
    /// The service's full name, such as `com.amazonaws.us-west-2.s3`.
    pub service: String,
    /// How it works.
    pub kind: EndpointKind,
    /// The policy; without one, everyone may do everything.
    pub policy: Option<Json>,
    /// Whether it works.
    pub available: bool,
    /// Whether the service's usual name resolves to it in the VPC.
    pub private_dns: bool,
    /// Whether that, or where it resolves to, is not the same at any time.
    pub is_unsure: bool,
}

impl Endpoint {
    /// Its interfaces, where it works by such.
    pub fn interfaces(&self) -> &[usize] {
        match &self.kind {
            EndpointKind::Interface(interfaces) => interfaces,
            EndpointKind::Gateway | EndpointKind::Other => &[],
        }
    }
}

/// How an endpoint works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EndpointKind {
    /// By routes to the service's prefix list.
    #[default]
    Gateway,
    /// By interfaces in subnets.
    Interface(Vec<usize>),
    /// Another way, which is not modelled.
    Other,
}

/// A peering connection.
#[derive(Clone, Debug)]
pub struct Peering {
    /// Its name.
    pub named: Named,
    /// The two VPCs; `None` is one that is not known here.
    pub vpcs: [Option<usize>; 2],
    /// Whether both sides have accepted it and it works.
    pub active: bool,
}

/// An egress-only internet gateway.
#[derive(Clone, Debug, Default)]
pub struct EgressOnlyGateway {
    /// Its name.
    pub named: Named,
    /// The VPC it is attached to.
    pub vpc: usize,
}

/// A transit gateway.
#[derive(Clone, Debug, Default)]
pub struct TransitGateway {
    /// Its name.
    pub named: Named,
    /// What is attached to it.
    pub attachments: Table<Attachment>,
    /// Its route tables.
    pub route_tables: Table<TransitTable>,
    /// Whether security groups may be referenced across it.
    pub group_references: bool,
    /// Whether what is attached to it is not all known.
    pub unread: bool,
}

/// What is attached to a transit gateway.
#[derive(Clone, Debug, Default)]
pub struct Attachment {
    /// Its name.
    pub named: Named,
    /// The VPC; `None` is another transit gateway, or a VPN or another thing that is not modelled.
    pub vpc: Option<usize>,
    /// Of a peering of two transit gateways: the other one, and which of its attachments the peering is
    /// there.
    pub peer: Option<(usize, usize)>,
    /// The subnets in which it has interfaces.
    pub subnets: Vec<usize>,
    /// The table that what comes from it is looked up in.
    pub route_table: Option<usize>,
    /// Whether its subnets or its table are not all known.
    pub unread: bool,
}

/// A route table of a transit gateway.
#[derive(Clone, Debug, Default)]
pub struct TransitTable {
    /// Its name.
    pub named: Named,
    /// Its routes.
    pub routes: Vec<TransitRoute>,
    /// Whether they are not all known.
    pub unread: bool,
}

/// A route of a transit gateway.
#[derive(Clone, Debug)]
pub struct TransitRoute {
    /// What it is for.
    pub range: IpNet,
    /// The attachment it leads to; `None` is a blackhole.
    pub attachment: Option<usize>,
    /// Whether it is static; of two routes to one range a static one wins.
    pub is_static: bool,
}
