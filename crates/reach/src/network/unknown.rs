//! For each kind of parts, one of which nothing is known: what a place leads to that no list has.

use std::sync::LazyLock;

use super::table::Part;
use super::{
    Assignment, Attachment, Behind, EgressOnlyGateway, Endpoint, EndpointKind, Interface, InternetGateway,
    NOWHERE, Named, NatGateway, NetworkAcl, Peering, PrefixList, RouteTable, SecurityGroup, Subnet,
    TransitGateway, TransitTable, Unread, Vpc,
};

macro_rules! unknown {
    ($kind:ty, $part:expr) => {
        impl Part for $kind {
            fn unknown() -> &'static Self {
                static UNKNOWN: LazyLock<$kind> = LazyLock::new(|| $part);
                &UNKNOWN
            }
        }
    };
}

unknown!(
    Vpc,
    Vpc {
        named: Named::new("a VPC that is not known"),
        unread: Unread::ALL,
        ..Vpc::default()
    }
);
unknown!(
    Subnet,
    Subnet {
        named: Named::new("a subnet that is not known"),
        vpc: NOWHERE,
        ..Subnet::default()
    }
);
unknown!(
    RouteTable,
    RouteTable {
        named: Named::new("a route table that is not known"),
        vpc: NOWHERE,
        unread: true,
        ..RouteTable::default()
    }
);
unknown!(
    NetworkAcl,
    NetworkAcl {
        named: Named::new("a network ACL that is not known"),
        vpc: NOWHERE,
        unread: true,
        ..NetworkAcl::default()
    }
);
unknown!(
    SecurityGroup,
    SecurityGroup::unread(Named::new("a security group that is not known"), NOWHERE)
);
unknown!(
    Interface,
    Interface {
        named: Named::new("a network interface that is not known"),
        subnet: NOWHERE,
        behind: Behind::Service,
        running: true,
        ..Interface::default()
    }
);
unknown!(
    InternetGateway,
    InternetGateway {
        named: Named::new("an internet gateway that is not known"),
        ..InternetGateway::default()
    }
);
unknown!(
    NatGateway,
    NatGateway {
        named: Named::new("a NAT gateway that is not known"),
        vpc: NOWHERE,
        subnet: None,
        private: Assignment::Unassigned,
        public: Some(Assignment::Unassigned),
        available: true,
    }
);
unknown!(
    Endpoint,
    Endpoint {
        named: Named::new("an endpoint that is not known"),
        vpc: NOWHERE,
        kind: EndpointKind::Other,
        available: true,
        ..Endpoint::default()
    }
);
unknown!(
    Peering,
    Peering {
        named: Named::new("a peering connection that is not known"),
        vpcs: [None, None],
        active: true
    }
);
unknown!(
    EgressOnlyGateway,
    EgressOnlyGateway {
        named: Named::new("an egress-only internet gateway that is not known"),
        vpc: NOWHERE
    }
);
unknown!(
    TransitGateway,
    TransitGateway {
        named: Named::new("a transit gateway that is not known"),
        unread: true,
        ..TransitGateway::default()
    }
);
unknown!(
    Attachment,
    Attachment {
        named: Named::new("an attachment that is not known"),
        unread: true,
        ..Attachment::default()
    }
);
unknown!(
    TransitTable,
    TransitTable {
        named: Named::new("a transit gateway's route table that is not known"),
        unread: true,
        ..TransitTable::default()
    }
);
unknown!(
    PrefixList,
    PrefixList {
        named: Named::new("a prefix list that is not known"),
        ..PrefixList::default()
    }
);
