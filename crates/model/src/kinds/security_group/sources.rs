//! The groups that rules name: of the same VPC, or of one that is peered.

use super::attr;
use crate::diagnostic::Diagnostic;
use crate::kinds::{route_table, vpc};
use crate::topology::{Resource, Topology};
use crate::value::Value;
use crate::{Kind, Ref};

/// EC2 knows a group of another VPC only where the VPCs are peered. A spec shows that by a route over the
/// peering connection; whether that leads to the group's VPC nobody can tell before.
pub fn check(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let own = vpc::of(&resource.record);
    let is_peered = |vpc: &Ref| {
        let mut tables = topology
            .of(Kind::RouteTable)
            .filter(|table| vpc::of(&table.record) == Some(vpc));
        let peers = |route: &Value| {
            route
                .as_map()
                .is_some_and(|route| route.has(route_table::attr::VPC_PEERING_CONNECTION))
        };
        tables.any(|table| table.record.list(route_table::attr::ROUTES).iter().any(peers))
    };
    for direction in [attr::INGRESS, attr::EGRESS] {
        for (index, rule) in resource.record.list(direction).iter().enumerate() {
            let source = rule.as_map().and_then(|rule| rule.get(attr::SECURITY_GROUP));
            let other = topology.follow(source).and_then(|group| vpc::of(&group.record));
            if let (Some(own), Some(source), Some(other)) = (own, source, other)
                && own != other
            {
                let message = format!("{} is in {own}, and {source} in {other}", resource.address);
                let peered = is_peered(own) && is_peered(other);
                let new = if peered {
                    Diagnostic::warning
                } else {
                    Diagnostic::error
                };
                out.push(
                    new("other-vpc", message)
                        .at(
                            resource.place(format!("{direction}[{index}].{}", attr::SECURITY_GROUP)),
                            "a \
                         security group of another VPC",
                        )
                        .help(if peered {
                            "EC2 refuses it unless these two VPCs are peered"
                        } else {
                            "EC2 refuses it unless the two VPCs are peered, and no route of them leads \
                             over a `vpc_peering_connection`: name a range"
                        }),
                );
            }
        }
    }
}
