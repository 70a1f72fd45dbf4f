//! The steps that give an instance IPv6 addresses, and take them from it.

use std::collections::BTreeSet;
use std::time::Duration;

use trueup_model::kinds::instance::{action, attr};
use trueup_model::{Acted, ApiAction, Kind, Record, Value, ipv6};

use super::fact;
use super::modify::fact as known;
use crate::act::Task;
use crate::call::Purpose;
use crate::failure::Failure;
use crate::kinds::find_one;

/// So often addresses are asked for whose answers are lost.
const ROUNDS_MAX: u32 = 5;
/// So long after an answer was lost, what it was about is shown.
const LOST: Duration = Duration::from_secs(5);

/// The addresses of a step's record.
fn listed(record: &Record) -> Vec<String> {
    let listed = record.list(attr::IPV6_ADDRESSES).iter();
    listed.filter_map(Value::as_text).map(str::to_owned).collect()
}

fn count(record: &Record) -> i64 {
    record.get(attr::IPV6_ADDRESS_COUNT).unwrap_or_default()
}

/// The addresses that EC2 shows now.
async fn shown(task: &Task<'_>) -> Result<BTreeSet<String>, Failure> {
    let object = find_one(task.ec2, Kind::Instance, task.id()?).await?;
    Ok(object.iter().flat_map(|object| listed(&object.record)).collect())
}

/// Gives these, or as many of EC2's choice as are wanted more.
pub async fn assign(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: ApiAction = action::ASSIGN_IPV6;
    let these = listed(task.sets());
    if these.is_empty() {
        return assign_any(task).await;
    }
    let request = task
        .ec2
        .client
        .assign_ipv6_addresses()
        .network_interface_id(known(task, fact::NETWORK_INTERFACE).await?)
        .set_ipv6_addresses(Some(these.clone()));
    match task.call(ACTION, request, |request| request.send()).await {
        // The first attempt did it, and its answer was lost.
        Err(failure) if failure.maybe_done => {
            let shown = shown(task).await?;
            if !these.iter().all(|address| shown.contains(address)) {
                return Err(failure);
            }
        }
        done => {
            done?;
        }
    }
    Ok(Acted::default())
}

/// EC2 gives others each time that it is asked: where an answer is lost, it is looked what came of it before any
/// more are asked for.
async fn assign_any(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: ApiAction = action::ASSIGN_IPV6;
    let interface = known(task, fact::NETWORK_INTERFACE).await?;
    let had: BTreeSet<&str> = task.fact(fact::IPV6).into_iter().flat_map(ipv6::all).collect();
    let mut left = count(task.sets()) - count(task.unsets());
    let mut lost = None;
    for _ in 0..ROUNDS_MAX {
        let wanted = i32::try_from(left).unwrap_or_default();
        if wanted <= 0 {
            return Ok(Acted::default());
        }
        let request = task
            .ec2
            .client
            .assign_ipv6_addresses()
            .network_interface_id(&interface)
            .ipv6_address_count(wanted);
        let context = task.context.to(Purpose::Create);
        let caller = &task.ec2.caller;
        match caller
            .call(&context, ACTION.name, request, |request| request.send())
            .await
        {
            Ok(_) => return Ok(Acted::default()),
            Err(failure) if failure.class.is_ambiguous() => {
                tokio::time::sleep(task.ec2.shown_after + LOST).await;
                let shown = shown(task).await?;
                let new = shown
                    .iter()
                    .filter(|address| !had.contains(address.as_str()))
                    .count();
                let all = count(task.sets()) - count(task.unsets());
                left = all - i64::try_from(new).unwrap_or(i64::MAX);
                lost = Some(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    lost.map_or_else(|| Ok(Acted::default()), Err)
}

/// Takes these away.
pub async fn unassign(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: ApiAction = action::UNASSIGN_IPV6;
    let these = listed(task.unsets());
    let request = task
        .ec2
        .client
        .unassign_ipv6_addresses()
        .network_interface_id(known(task, fact::NETWORK_INTERFACE).await?)
        .set_ipv6_addresses(Some(these.clone()));
    match task.call(ACTION, request, |request| request.send()).await {
        // The first attempt did it, and its answer was lost.
        Err(failure) if failure.maybe_done => {
            let shown = shown(task).await?;
            if these.iter().any(|address| shown.contains(address)) {
                return Err(failure);
            }
        }
        done => {
            done?;
        }
    }
    Ok(Acted::default())
}
