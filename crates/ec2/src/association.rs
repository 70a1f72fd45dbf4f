//! Who is associated with whom: subnets with their route table and their network ACL, asked about when it is
//! not known, and ended where the subnet is gone.

use std::error::Error;
use std::future::Future;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use trueup_model::attr::VPC;
use trueup_model::{ApiAction, Kind};

use crate::act::Task;
use crate::call::Purpose;
use crate::classify::Class;
use crate::failure::Failure;
use crate::read::Found;
use crate::{Ec2, filter, kinds};

/// With what a subnet is associated, and the id of the association.
pub type Association = (String, String);

/// The route table that a subnet is associated with; none is the main one.
pub async fn table(ec2: &Ec2, subnet: &str) -> Result<Option<Association>, Failure> {
    Ok(of_subnet(ec2, Kind::RouteTable, subnet)
        .await?
        .links
        .tables
        .remove(subnet))
}

/// The network ACL that a subnet is in.
pub async fn acl(ec2: &Ec2, subnet: &str) -> Result<Option<Association>, Failure> {
    Ok(of_subnet(ec2, Kind::NetworkAcl, subnet)
        .await?
        .links
        .acls
        .remove(subnet))
}

/// The network ACL that EC2 made with the VPC of a subnet.
pub async fn default_acl(ec2: &Ec2, subnet: &str) -> Result<Option<String>, Failure> {
    let found = of_subnet(ec2, Kind::NetworkAcl, subnet).await?;
    let vpc = found.objects.iter().find_map(|acl| acl.record.get(VPC)?.id());
    match vpc {
        Some(vpc) => default_acl_of(ec2, vpc).await,
        None => Ok(None),
    }
}

/// The network ACL that EC2 made with a VPC.
pub async fn default_acl_of(ec2: &Ec2, vpc: &str) -> Result<Option<String>, Failure> {
    let filters = [filter::of("vpc-id", [vpc]), filter::of("default", ["true"])];
    let mut found = kinds::read(ec2, Kind::NetworkAcl, &filters).await?;
    Ok(found.links.default_acls.remove(vpc))
}

async fn of_subnet(ec2: &Ec2, kind: Kind, subnet: &str) -> Result<Found, Failure> {
    kinds::read(ec2, kind, &[filter::of("association.subnet-id", [subnet])]).await
}

/// Those of some subnets that are not there.
pub async fn gone(ec2: &Ec2, ids: impl Iterator<Item = &String>) -> Result<Vec<String>, Failure> {
    let ids: Vec<String> = ids.cloned().collect();
    let mut gone = Vec::new();
    for ids in ids.chunks(filter::VALUES_MAX) {
        let there = kinds::find(ec2, Kind::Subnet, ids).await?.objects;
        let is_there = |id: &str| there.iter().any(|subnet| subnet.id == id);
        gone.extend(ids.iter().filter(|id| !is_there(id)).cloned());
    }
    Ok(gone)
}

/// Ends what subnets are associated with. Subnets that are not there any more may keep it: EC2 takes it off
/// them, if not at once, and moto never does. Those are released first.
pub async fn end_released<B, T, E, F>(
    task: &Task<'_>,
    action: ApiAction,
    request: B,
    send: impl Fn(B) -> F,
    release: impl AsyncFn(&Task<'_>) -> Result<(), Failure>,
) -> Result<(), Failure>
where
    B: Clone,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    match task
        .end_as(Purpose::TryDelete, action, request.clone(), &send)
        .await
    {
        Err(failure) if failure.class == Class::Dependency => {
            release(task).await?;
            task.end(action, request, send).await?;
        }
        ended => {
            ended?;
        }
    }
    Ok(())
}
