//! The other regions: where nothing of a topology is here, it may live there, and the region be another by
//! mistake.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use aws_sdk_ec2::config::Region;
use futures_util::future::join_all;
use trueup_model::{Kind, Object, Scope, tags};

use super::pages;
use crate::call::CallContext;
use crate::failure::Failure;
use crate::{Ec2, filter};

/// The other side of the world answers within this time, or is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many objects with the topology's tags there are in which other region, where nothing of it is here.
pub async fn elsewhere(ec2: &Ec2, scope: &Scope, objects: &[Object]) -> BTreeMap<String, usize> {
    let is_ours = |object: &Object| object.is_of(&scope.topology);
    if scope.declared.is_empty() || objects.iter().any(is_ours) {
        return BTreeMap::new();
    }
    let regions = answer(regions(ec2)).await.unwrap_or_default();
    let looks = regions
        .into_iter()
        .filter(|name| *name != ec2.site.region)
        .map(|name| async move {
            let count = answer(count(ec2, name.clone(), &scope.topology))
                .await
                .unwrap_or_default();
            (name, count)
        });
    join_all(looks)
        .await
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// An answer that comes in time.
async fn answer<T>(asked: impl Future<Output = Result<T, Failure>>) -> Option<T> {
    tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()
}

/// The regions that the account uses.
async fn regions(ec2: &Ec2) -> Result<Vec<String>, Failure> {
    const ACTION: &str = "DescribeRegions";
    let regions = ec2
        .caller
        .call(
            &CallContext::read(ACTION),
            ACTION,
            ec2.client.describe_regions(),
            |request| request.send(),
        )
        .await?;
    Ok(regions
        .regions
        .unwrap_or_default()
        .into_iter()
        .filter_map(|region| region.region_name)
        .collect())
}

/// How many objects of another region carry the topology's tag.
async fn count(ec2: &Ec2, region: String, topology: &str) -> Result<usize, Failure> {
    let there = aws_sdk_ec2::Client::from_conf(
        ec2.client
            .config()
            .to_builder()
            .region(Region::new(region))
            .build(),
    );
    let request = there.describe_tags().max_results(1000);
    let request = request
        .filters(filter::of("key", [tags::TOPOLOGY]))
        .filters(filter::of("value", [filter::escaped(topology)]));
    // Tags that outlive what they are on do not say that a topology lives somewhere.
    let lasting = Kind::ALL.into_iter().filter(|kind| !kind.def().tags_outlive);
    let types = lasting.map(|kind| kind.schema().tag_type);
    let request = request.filters(filter::of("resource-type", types));
    let mut count = 0;
    pages!(
        ec2,
        "DescribeTags",
        request,
        tags,
        |_: aws_sdk_ec2::types::TagDescription| {
            count += 1;
            Ok::<_, Failure>(())
        }
    );
    Ok(count)
}
