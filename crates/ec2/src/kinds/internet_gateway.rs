//! `internet_gateway`, live.

use aws_sdk_ec2::types::Filter;
use trueup_model::kinds::internet_gateway::InternetGateway;
use trueup_model::{Acted, Object};

use crate::act::{Task, made};
use crate::answer::{Reader, facts};
use crate::classify::Class;
use crate::failure::Failure;
use crate::read::{Found, pages};
use crate::{Ec2, filter, ownership, tags};

pub async fn read(ec2: &Ec2, filters: Option<Vec<Filter>>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2
        .client
        .describe_internet_gateways()
        .max_results(1000)
        .set_filters(filters);
    pages!(
        ec2,
        "DescribeInternetGateways",
        request,
        internet_gateways,
        |gateway: aws_sdk_ec2::types::InternetGateway| {
            found.objects.push(fold(gateway)?);
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

/// In which states of an attachment the gateway is attached. EC2 answers `available`, a word that is not
/// among its own.
const ATTACHED: [(&str, bool); 5] = [
    ("available", true),
    ("attached", true),
    ("attaching", true),
    ("detaching", false),
    ("detached", false),
];

fn fold(gateway: aws_sdk_ec2::types::InternetGateway) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let known = ATTACHED.map(|(word, _)| word);
    let (mut vpc, mut attached) = (None, None);
    for attachment in reader.always("vpc", "attachmentSet", gateway.attachments) {
        let state = reader
            .word(
                "vpc",
                "state",
                attachment.state.as_ref().map(|state| state.as_str()),
                &known,
            )
            .to_ascii_lowercase();
        let to = reader.id("vpc", "vpcId", attachment.vpc_id);
        if ATTACHED.contains(&(state.as_str(), true)) {
            (vpc, attached) = (Some(to), Some(state));
        }
    }
    let typed = InternetGateway { vpc };
    reader.object(
        "DescribeInternetGateways",
        gateway.internet_gateway_id,
        &typed,
        gateway.tags,
        facts([("attachment", attached)]),
    )
}

pub async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        "CreateInternetGateway" => {
            let request = task
                .ec2
                .client
                .create_internet_gateway()
                .tag_specifications(tags::specification(task));
            let made = ownership::create_alone(
                task,
                request,
                |request| request.send(),
                |answer| answer.internet_gateway()?.internet_gateway_id(),
                async |task, id| delete(task, id).await,
            )
            .await?;
            Ok(self::made(made.id))
        }
        "AttachInternetGateway" => attach(task).await,
        "DetachInternetGateway" => {
            let vpc = task.unset_id("vpc");
            let request = task
                .ec2
                .client
                .detach_internet_gateway()
                .internet_gateway_id(task.id()?)
                .set_vpc_id(vpc);
            task.end("DetachInternetGateway", request, |request| request.send())
                .await?;
            Ok(Acted::default())
        }
        "DeleteInternetGateway" => {
            delete(task, task.id()?).await?;
            Ok(Acted::default())
        }
        _ => Err(task.unknown_action()),
    }
}

async fn delete(task: &Task<'_>, id: &str) -> Result<(), Failure> {
    let request = task.ec2.client.delete_internet_gateway().internet_gateway_id(id);
    task.end("DeleteInternetGateway", request, |request| request.send())
        .await
        .map(drop)
}

async fn attach(task: &Task<'_>) -> Result<Acted, Failure> {
    let (id, vpc) = (task.id()?, task.set_id("vpc"));
    let request = task
        .ec2
        .client
        .attach_internet_gateway()
        .internet_gateway_id(id)
        .set_vpc_id(vpc.clone());
    match task
        .call("AttachInternetGateway", request, |request| request.send())
        .await
    {
        Ok(_) => Ok(Acted::default()),
        // The first attempt did it, and its answer was lost; or somebody else did the same.
        Err(failure) if failure.maybe_done || failure.class == Class::Duplicate => {
            let found = read(task.ec2, Some(vec![filter::of("internet-gateway-id", [id])])).await?;
            let now = found
                .objects
                .iter()
                .find(|object| object.id == id)
                .and_then(|object| object.record.reference("vpc")?.id());
            if now.is_some() && now == vpc.as_deref() {
                Ok(Acted::default())
            } else {
                Err(failure)
            }
        }
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{AttachmentStatus, InternetGatewayAttachment};

    #[test]
    fn available_is_attached_and_detached_is_not() {
        let with = |state: &str| {
            let attachment = InternetGatewayAttachment::builder()
                .vpc_id("vpc-00000001")
                .state(AttachmentStatus::from(state))
                .build();
            let gateway = aws_sdk_ec2::types::InternetGateway::builder()
                .internet_gateway_id("igw-00000001")
                .attachments(attachment)
                .build();
            fold(gateway).unwrap().record.reference("vpc").is_some()
        };
        assert!(with("available") && with("attached"));
        assert!(!with("detached") && !with("detaching"));
    }
}
