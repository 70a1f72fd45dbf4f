//! What one answer leaves out: calls that only some objects need, and what one kind's answer says about
//! another kind.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use trueup_model::{CloudError, Kind, Object, Scope};

use super::{Links, Unreadable};
use crate::failure::Failure;
use crate::kinds::{instance, subnet, vpc};
use crate::{Ec2, prefix_list};

/// The sets of a kind whose members may speak of a prefix list, and the field that does.
const LISTED: [(Kind, &[&str], &str); 2] = [
    (Kind::SecurityGroup, &["ingress", "egress"], "prefix_list"),
    (Kind::RouteTable, &["routes"], "destination"),
];

/// Completes the records of all kinds.
pub async fn complete(
    ec2: &Ec2,
    scope: &Scope,
    by_kind: &mut BTreeMap<Kind, Vec<Object>>,
    links: &Links,
    unreadable: &mut Unreadable,
) -> Result<(), CloudError> {
    let mut take = |kind: Kind| by_kind.get_mut(&kind).map(std::mem::take).unwrap_or_default();
    let (mut vpcs, mut instances) = (take(Kind::Vpc), take(Kind::Instance));
    let (mut groups, mut tables) = (take(Kind::SecurityGroup), take(Kind::RouteTable));
    let (vpc, instance) = join(dns(ec2, scope, &mut vpcs), details(ec2, scope, &mut instances)).await;
    for (kind, done) in [(Kind::Vpc, vpc), (Kind::Instance, instance)] {
        if let Err(failure) = done {
            unreadable.note(kind, failure)?;
        }
    }
    for (kind, objects) in [
        (Kind::SecurityGroup, &mut groups),
        (Kind::RouteTable, &mut tables),
    ] {
        if let Err(failure) = prefix_lists(ec2, scope, kind, objects).await {
            unreadable.note(kind, failure)?;
        }
    }
    for (kind, objects) in [
        (Kind::Vpc, vpcs),
        (Kind::Instance, instances),
        (Kind::SecurityGroup, groups),
        (Kind::RouteTable, tables),
    ] {
        by_kind.entry(kind).and_modify(|slot| *slot = objects);
    }
    for object in by_kind.values_mut().flatten() {
        match object.kind {
            Kind::Subnet => subnet::complete(object, links, declares(scope, object, "network_acl")),
            Kind::Instance => instance::complete(object, &links.addresses),
            // What is in the default VPC is EC2's, as far as nobody says that it is theirs.
            Kind::InternetGateway => {
                let vpc = object.record.reference("vpc").and_then(|vpc| vpc.id());
                object.implicit =
                    object.owner.is_none() && vpc.is_some_and(|vpc| links.default_vpcs.contains(vpc));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether the spec declares an attribute of an object.
fn declares(scope: &Scope, object: &Object, name: &str) -> bool {
    object
        .address(&scope.topology)
        .and_then(|address| scope.declared.get(&address))
        .is_some_and(|declared| declared.contains(name))
}

fn is_ours(object: &Object, scope: &Scope) -> bool {
    object
        .owner
        .as_ref()
        .is_some_and(|owner| owner.topology == scope.topology)
}

/// Two calls for each VPC of ours.
async fn dns(ec2: &Ec2, scope: &Scope, vpcs: &mut [Object]) -> Result<(), Failure> {
    let reads = vpcs
        .iter_mut()
        .filter(|vpc| is_ours(vpc, scope))
        .map(|object| vpc::dns(ec2, object));
    join_all(reads).await.into_iter().collect()
}

/// What the spec declares of each instance of ours, or did once, and costs calls.
async fn details(ec2: &Ec2, scope: &Scope, instances: &mut [Object]) -> Result<(), Failure> {
    let declares = |object: &Object, names: &[&str]| names.iter().any(|name| declares(scope, object, name));
    let with_volume = instances
        .iter_mut()
        .filter(|object| declares(object, &["root_volume"]))
        .collect();
    instance::root_volumes(ec2, with_volume).await?;
    let reads = instances.iter_mut().filter_map(|object| {
        let user_data = declares(object, &["user_data", "user_data_file"]);
        let asked = is_ours(object, scope)
            && object
                .owner
                .as_ref()
                .is_some_and(|owner| owner.read.contains("disable_api_termination"));
        let termination = asked || declares(object, &["disable_api_termination"]);
        (user_data || termination).then(|| instance::attributes(ec2, object, user_data, termination))
    });
    join_all(reads).await.into_iter().collect()
}

/// The names of AWS's own prefix lists, where something of ours speaks of one.
async fn prefix_lists(ec2: &Ec2, scope: &Scope, kind: Kind, objects: &mut [Object]) -> Result<(), Failure> {
    let Some((_, sets, field)) = LISTED.iter().find(|(listed, ..)| *listed == kind) else {
        return Ok(());
    };
    if !objects
        .iter()
        .any(|object| is_ours(object, scope) && prefix_list::is_used(object, sets, field))
    {
        return Ok(());
    }
    if !ec2.memory.knows_prefix_lists() {
        prefix_list::learn(ec2).await?;
    }
    for object in objects
        .iter_mut()
        .filter(|object| prefix_list::is_used(object, sets, field))
    {
        prefix_list::name(ec2, object, sets, field);
    }
    Ok(())
}
