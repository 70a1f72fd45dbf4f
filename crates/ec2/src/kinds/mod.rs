//! The kinds: one file each, with how the kind is read, how its steps are carried out and how its objects are
//! waited for.

mod elastic_ip;
pub mod instance;
mod internet_gateway;
mod key_pair;
pub mod nat_gateway;
mod network_acl;
mod route_table;
pub mod security_group;
pub mod subnet;
pub mod vpc;
mod vpc_endpoint;

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Filter;
use trueup_model::{Acted, Kind, Object, Record, Settled, Wait};

use crate::act::Task;
use crate::call::Errand;
use crate::classify::Class;
use crate::failure::Failure;
use crate::read::Found;
use crate::{Ec2, filter};

/// Reads all objects of a kind that pass the filters, page by page.
pub async fn read(ec2: &Ec2, kind: Kind, filters: &[Filter]) -> Result<Found, Failure> {
    let filters = Some(filters.to_vec()).filter(|filters| !filters.is_empty());
    match kind {
        Kind::Vpc => vpc::read(ec2, filters).await,
        Kind::Subnet => subnet::read(ec2, filters).await,
        Kind::InternetGateway => internet_gateway::read(ec2, filters).await,
        Kind::ElasticIp => elastic_ip::read(ec2, filters).await,
        Kind::NatGateway => nat_gateway::read(ec2, filters).await,
        Kind::RouteTable => route_table::read(ec2, filters).await,
        Kind::NetworkAcl => network_acl::read(ec2, filters).await,
        Kind::SecurityGroup => security_group::read(ec2, filters).await,
        Kind::KeyPair => key_pair::read(ec2, filters).await,
        Kind::Instance => instance::read(ec2, filters).await,
        Kind::VpcEndpoint => vpc_endpoint::read(ec2, filters).await,
    }
}

/// Carries out a step of its kind.
pub async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.address.kind {
        Kind::Vpc => vpc::act(task).await,
        Kind::Subnet => subnet::act(task).await,
        Kind::InternetGateway => internet_gateway::act(task).await,
        Kind::ElasticIp => elastic_ip::act(task).await,
        Kind::NatGateway => nat_gateway::act(task).await,
        Kind::RouteTable => route_table::act(task).await,
        Kind::NetworkAcl => network_acl::act(task).await,
        Kind::SecurityGroup => security_group::act(task).await,
        Kind::KeyPair => key_pair::act(task).await,
        Kind::Instance => instance::act(task).await,
        Kind::VpcEndpoint => vpc_endpoint::act(task).await,
    }
}

/// Looks once at everything of a kind that is waited for. Answers in the order of `waits`.
pub async fn settle(ec2: &Ec2, kind: Kind, waits: &[Wait]) -> Result<Vec<Settled>, Failure> {
    match kind {
        Kind::Vpc => vpc::settle(ec2, waits).await,
        Kind::Subnet => subnet::settle(ec2, waits).await,
        Kind::NatGateway => nat_gateway::settle(ec2, waits).await,
        Kind::RouteTable => route_table::settle(ec2, waits).await,
        Kind::NetworkAcl => network_acl::settle(ec2, waits).await,
        Kind::SecurityGroup => security_group::settle(ec2, waits).await,
        Kind::Instance => instance::settle(ec2, waits).await,
        Kind::VpcEndpoint => vpc_endpoint::settle(ec2, waits).await,
        // Nothing of these is ever on its way.
        Kind::InternetGateway | Kind::ElasticIp | Kind::KeyPair => {
            Ok(waits.iter().map(|_| Settled::Done(Record::new())).collect())
        }
    }
}

/// Reads the objects of a kind that have one of these ids, at most as many as one request takes.
pub async fn read_by_ids(ec2: &Ec2, kind: Kind, ids: &[String]) -> Result<Vec<Object>, Failure> {
    let filters: Vec<Filter> = id_filter(kind)
        .map(|name| filter::of(name, ids))
        .into_iter()
        .collect();
    let mut objects = read(ec2, kind, &filters).await?.objects;
    objects.retain(|object| ids.contains(&object.id));
    Ok(objects)
}

/// Whether what has ended keeps its tags for a while.
pub fn outlived_by_tags(kind: Kind) -> bool {
    matches!(kind, Kind::Instance | Kind::NatGateway | Kind::VpcEndpoint)
}

/// Asks for one object by its id, which EC2 refuses where there is none: that is more than a list without it
/// says.
macro_rules! ask {
    ($ec2:expr, $action:literal, $request:expr) => {
        $ec2.caller
            .call(&Errand::read($action), $action, $request, |request| {
                request.send()
            })
            .await
            .map(|_| Found::default())
    };
}

/// Whether EC2 says of an object that only its tags speak of that it is gone: an answer that shows nothing
/// says nothing.
pub async fn is_gone(ec2: &Ec2, kind: Kind, id: &str) -> Result<bool, Failure> {
    let client = &ec2.client;
    let asked = match kind {
        Kind::Instance => instance::read_one(ec2, id).await,
        Kind::NatGateway => nat_gateway::read_one(ec2, id).await,
        Kind::VpcEndpoint => vpc_endpoint::read_one(ec2, id).await,
        Kind::Vpc => ask!(ec2, "DescribeVpcs", client.describe_vpcs().vpc_ids(id)),
        Kind::Subnet => ask!(ec2, "DescribeSubnets", client.describe_subnets().subnet_ids(id)),
        Kind::InternetGateway => {
            ask!(
                ec2,
                "DescribeInternetGateways",
                client.describe_internet_gateways().internet_gateway_ids(id)
            )
        }
        Kind::ElasticIp => ask!(
            ec2,
            "DescribeAddresses",
            client.describe_addresses().allocation_ids(id)
        ),
        Kind::RouteTable => ask!(
            ec2,
            "DescribeRouteTables",
            client.describe_route_tables().route_table_ids(id)
        ),
        Kind::NetworkAcl => ask!(
            ec2,
            "DescribeNetworkAcls",
            client.describe_network_acls().network_acl_ids(id)
        ),
        Kind::SecurityGroup => ask!(
            ec2,
            "DescribeSecurityGroups",
            client.describe_security_groups().group_ids(id)
        ),
        Kind::KeyPair => key_pair::read_one(ec2, id).await,
    };
    match asked {
        Err(failure) if failure.class == Class::NotFound => Ok(true),
        asked => Ok(asked?.gone.iter().any(|gone| gone == id)),
    }
}

/// The filter that finds a kind's objects by their ids. Network ACLs are all read: moto has no such filter.
fn id_filter(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::NetworkAcl => return None,
        Kind::Vpc => "vpc-id",
        Kind::Subnet => "subnet-id",
        Kind::InternetGateway => "internet-gateway-id",
        Kind::ElasticIp => "allocation-id",
        Kind::NatGateway => "nat-gateway-id",
        Kind::RouteTable => "route-table-id",
        Kind::SecurityGroup => "group-id",
        Kind::KeyPair => "key-pair-id",
        Kind::Instance => "instance-id",
        Kind::VpcEndpoint => "vpc-endpoint-id",
    })
}

/// Whether the kind's objects are made under a client token.
pub fn has_token(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::NatGateway | Kind::RouteTable | Kind::NetworkAcl | Kind::Instance | Kind::VpcEndpoint
    )
}

/// Whether an action of a kind ends the object itself, and not only a part of it.
pub fn ends_object(kind: Kind, action: &str) -> bool {
    let own = match kind {
        Kind::Vpc => "DeleteVpc",
        Kind::Subnet => "DeleteSubnet",
        Kind::InternetGateway => "DeleteInternetGateway",
        Kind::ElasticIp => "ReleaseAddress",
        Kind::NatGateway => "DeleteNatGateway",
        Kind::RouteTable => "DeleteRouteTable",
        Kind::NetworkAcl => "DeleteNetworkAcl",
        Kind::SecurityGroup => "DeleteSecurityGroup",
        Kind::KeyPair => "DeleteKeyPair",
        Kind::Instance => "TerminateInstances",
        Kind::VpcEndpoint => "DeleteVpcEndpoints",
    };
    action == own
}

/// What a look found about one object.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The state that it is in, in EC2's words.
    state: String,
    /// Why it will never get to another one.
    failed: Option<String>,
    /// Whether somebody ended it, so that it may be made again.
    ended: bool,
    facts: Record,
}

impl Seen {
    /// What a kind without states is in once it is shown.
    fn shown() -> Self {
        Self {
            state: "available".to_owned(),
            ..Self::default()
        }
    }
}

/// What is said of an object that was made and is not shown.
pub const INVISIBLE: &str = "not visible yet";

/// The answer to each wait. What is not shown has ended, or is not visible yet.
fn settled(waits: &[Wait], mut seen: BTreeMap<String, Seen>) -> Vec<Settled> {
    let answer = |wait: &Wait| match seen.remove(&wait.id) {
        None if matches!(wait.until, "deleted" | "terminated") => Settled::Done(Record::new()),
        None => Settled::Pending(INVISIBLE.to_owned()),
        Some(seen) if seen.state == wait.until => Settled::Done(seen.facts),
        Some(Seen {
            failed: Some(why),
            ended: true,
            ..
        }) => Settled::Lost(why),
        Some(Seen {
            failed: Some(why), ..
        }) => Settled::Failed(why),
        Some(seen) => Settled::Pending(seen.state),
    };
    waits.iter().map(answer).collect()
}

/// What `shown` tells of the objects that are waited for: it is asked by id, and one id that is not there
/// fails the request. EC2 does not say which of several it is, so that then `shown` is asked for everything,
/// with no id.
async fn seen_by_ids<Look>(
    waits: &[Wait],
    shown: impl Fn(Vec<String>) -> Look,
) -> Result<BTreeMap<String, Seen>, Failure>
where
    Look: Future<Output = Result<BTreeMap<String, Seen>, Failure>>,
{
    let mut seen = BTreeMap::new();
    for ids in portions(waits) {
        let alone = ids.len() == 1;
        match shown(ids).await {
            Ok(some) => seen.extend(some),
            Err(failure) if failure.class != Class::NotFound => return Err(failure),
            Err(_) if alone => {}
            Err(_) => seen.extend(shown(Vec::new()).await?),
        }
    }
    Ok(seen)
}

/// The ids of some waits, in the portions that EC2 takes as the values of a filter or as a list.
fn portions(waits: &[Wait]) -> impl Iterator<Item = Vec<String>> {
    waits
        .chunks(crate::filter::VALUES_MAX)
        .map(|waits| waits.iter().map(|wait| wait.id.clone()).collect())
}
