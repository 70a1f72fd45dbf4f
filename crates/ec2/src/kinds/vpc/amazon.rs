//! A range of Amazon's for a VPC that is there: EC2 gives another one each time that it is asked, so it is
//! asked once, whatever happens to its answers and whoever else is at it.

use std::time::Duration;

use trueup_model::kinds::vpc::{AMAZON_RANGES, action, wait};
use trueup_model::{Acted, ApiAction, Kind, Value};

use crate::act::Task;
use crate::answer::facts;
use crate::call::Purpose;
use crate::cidr_block;
use crate::failure::Failure;
use crate::kinds::find_one;
use crate::retry::jitter_seed;

const ACTION: ApiAction = action::ASSOCIATE_CIDR_BLOCK;

/// So often a range is asked for whose answer is lost, or that two processes ask for at the same time.
const ROUNDS_MAX: u32 = 5;
/// So long after an answer was lost, what it was about is shown.
const LOST: Duration = Duration::from_secs(5);

/// Asks for a range, unless there is one. Whoever sees another one beside its own gives its own up, as
/// creates do that must be alone: each process asks before it looks.
pub async fn associate(task: &Task<'_>) -> Result<Acted, Failure> {
    let id = task.id()?;
    let shown_after = task.ec2.shown_after;
    let mut lost = None;
    for _ in 0..ROUNDS_MAX {
        if let Some(association) = associations(task, id).await?.into_iter().next() {
            return Ok(done(id, association));
        }
        let request = task
            .ec2
            .client
            .associate_vpc_cidr_block()
            .vpc_id(id)
            .amazon_provided_ipv6_cidr_block(true);
        let context = task.context.to(Purpose::Create);
        let caller = &task.ec2.caller;
        let own = match caller
            .call(&context, ACTION.name, request, |request| request.send())
            .await
        {
            Ok(answer) => answer
                .ipv6_cidr_block_association
                .and_then(|association| association.association_id)
                .ok_or_else(|| Failure::unusable(ACTION.name, "EC2 did not say its `associationId`"))?,
            Err(failure) if failure.class.is_ambiguous() => {
                tokio::time::sleep(shown_after + LOST).await;
                lost = Some(failure);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        tokio::time::sleep(shown_after).await;
        if associations(task, id).await?.iter().all(|other| *other == own) {
            return Ok(done(id, own));
        }
        (task.context.retrying)("EC2 shows another range beside it, so this one is given up");
        let spread = Duration::from_millis(jitter_seed(&own) % 8000);
        super::end(task, ACTION, own).await?;
        tokio::time::sleep(shown_after * 2 + spread).await;
    }
    Err(lost.unwrap_or_else(|| {
        task.refused(format!(
            "EC2 shows another IPv6 range of {id} each time that one is asked for: let no other run be at it, and try again"
        ))
    }))
}

/// The associations of the ranges that Amazon has given a VPC.
async fn associations(task: &Task<'_>, id: &str) -> Result<Vec<String>, Failure> {
    let Some(object) = find_one(task.ec2, Kind::Vpc, id).await? else {
        return Ok(Vec::new());
    };
    let given = object.facts.list(AMAZON_RANGES).iter().filter_map(Value::as_text);
    let association = |range| {
        object
            .facts
            .value(&cidr_block::fact(range))?
            .as_text()
            .map(str::to_owned)
    };
    Ok(given.filter_map(association).collect())
}

fn done(id: &str, association: String) -> Acted {
    Acted {
        facts: facts([(cidr_block::fact(trueup_model::ipv6::AMAZON), Some(association))]),
        wait: Some(wait::ASSOCIATED.of(id)),
        ..Acted::default()
    }
}
