//! The groups that rules name: of the same VPC, or of one that is peered.

use super::attr;
use crate::call::Call;
use crate::diagnostic::Diagnostic;
use crate::kinds::{route_table, vpc, vpc_peering_connection};
use crate::rules::{After, View};
use crate::topology::{Resource, Topology};
use crate::value::{Record, Value};
use crate::{Kind, Ref};

/// What is known of whether two VPCs are peered.
enum Peered {
    /// This peering connection of the spec joins them, and is accepted by it.
    Active,
    /// This one joins them, and somebody else accepts it.
    Asked,
    /// Both lead over peering connections that the spec does not declare: these may join them.
    Perhaps,
    No,
}

/// EC2 knows a group of another VPC only where the VPCs are peered. A spec declares that, or has routes over a
/// peering connection of others; whether that one leads to the group's VPC nobody can tell before.
pub fn check(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let own = vpc::of(&resource.record);
    for direction in [attr::INGRESS, attr::EGRESS] {
        for (index, rule) in resource.record.list(direction).iter().enumerate() {
            let source = rule.as_map().and_then(|rule| rule.get(attr::SECURITY_GROUP));
            let other = topology.follow(source).and_then(|group| vpc::of(&group.record));
            let (Some(own), Some(source), Some(other)) = (own, source, other) else {
                continue;
            };
            if own == other {
                continue;
            }
            let peered = peered(own, other, topology);
            let new = match peered {
                Peered::Active => continue,
                Peered::Asked | Peered::Perhaps => Diagnostic::warning,
                Peered::No => Diagnostic::error,
            };
            let message = format!("{} is in {own}, and {source} in {other}", resource.address);
            out.push(
                new("other-vpc", message)
                    .at(
                        resource.place(format!("{direction}[{index}].{}", attr::SECURITY_GROUP)),
                        "a security group of another VPC",
                    )
                    .help(match peered {
                        Peered::Asked => {
                            "EC2 refuses it until their peering connection is accepted: say `accept: true` there, or add \
                             the rule once it is"
                        }
                        Peered::No => {
                            "EC2 refuses it unless the two VPCs are peered: declare a `vpc_peering_connection` of them, \
                             or name a range"
                        }
                        _ => "EC2 refuses it unless these two VPCs are peered",
                    }),
            );
        }
    }
}

fn peered(own: &Ref, other: &Ref, topology: &Topology) -> Peered {
    let mut joining = topology
        .of(Kind::VpcPeeringConnection)
        .filter(|peering| vpc_peering_connection::joins(&peering.record, own, other));
    if let Some(peering) = joining.next() {
        return if vpc_peering_connection::accepts(&peering.record) {
            Peered::Active
        } else {
            Peered::Asked
        };
    }
    let leads_over_others = |vpc: &Ref| {
        let mut tables = topology
            .of(Kind::RouteTable)
            .filter(|table| vpc::of(&table.record) == Some(vpc));
        let by_id = |route: &Value| {
            let target = route
                .as_map()
                .and_then(|route| route.get(route_table::attr::VPC_PEERING_CONNECTION));
            target.is_some_and(|target| target.id().is_some())
        };
        tables.any(|table| table.record.list(route_table::attr::ROUTES).iter().any(by_id))
    };
    if leads_over_others(own) && leads_over_others(other) {
        Peered::Perhaps
    } else {
        Peered::No
    }
}

/// The peering connections that must be there before a call whose rules name groups of other VPCs.
pub fn over(call: &Call, record: &Record, view: &View<'_>) -> Vec<After> {
    let Some(own) = vpc::of(record) else {
        return Vec::new();
    };
    let rules = [attr::INGRESS, attr::EGRESS]
        .into_iter()
        .flat_map(|direction| call.sets.records(direction));
    let groups = rules.filter_map(|rule| rule.get(attr::SECURITY_GROUP));
    let vpc_of = |group: &Ref| {
        view.wanted_ref(Some(&view.named(group)), attr::VPC)
            .or_else(|| view.live_ref(Some(group), attr::VPC))
    };
    groups
        .filter_map(vpc_of)
        .flat_map(|other| vpc_peering_connection::joining(own, other, view))
        .collect()
}
