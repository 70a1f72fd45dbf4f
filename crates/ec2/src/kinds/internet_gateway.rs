//! `internet_gateway`, live.

use aws_sdk_ec2::types::InternetGatewayAttachment;
use trueup_model::attr;
use trueup_model::kinds::internet_gateway::{InternetGateway, action};
use trueup_model::{Acted, Attr, Kind, Object, Ref, Scope};

use crate::act::{Task, made};
use crate::answer::{Reader, facts};
use crate::classify::Class;
use crate::failure::Failure;
use crate::kinds::{Live, Which, asked, find_one, list_and_act};
use crate::read::{Found, Links, pages};
use crate::{Ec2, ownership, tags};

/// Internet gateways, live.
pub struct InternetGateways;

impl Live for InternetGateways {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("internet-gateway-id")
    }

    /// What is in the default VPC is EC2's, as far as nobody says that it is theirs.
    fn complete(&self, object: &mut Object, links: &Links, _scope: &Scope) {
        let vpc = object.record.get(attr::VPC).and_then(|vpc| vpc.id());
        let is_default = vpc.is_some_and(|vpc| links.default_vpcs.contains(vpc));
        object.implicit = object.owner.is_none() && is_default;
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2.client.describe_internet_gateways();
    let request = asked!(request, which, set_internet_gateway_ids, set_filters, 1000);
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

/// The VPC that a gateway of either sort is attached to, and how.
pub fn attached(
    reader: &mut Reader,
    attachments: Option<Vec<InternetGatewayAttachment>>,
) -> (Option<Ref>, Option<String>) {
    let known = ATTACHED.map(|(word, _)| word);
    let (mut vpc, mut attached) = (None, None);
    for attachment in reader.always(attr::VPC, "attachmentSet", attachments) {
        let state = reader
            .word(
                attr::VPC,
                "state",
                attachment.state.as_ref().map(|state| state.as_str()),
                &known,
            )
            .to_ascii_lowercase();
        let to = reader.id(attr::VPC, "vpcId", attachment.vpc_id);
        if ATTACHED.contains(&(state.as_str(), true)) {
            (vpc, attached) = (Some(to), Some(state));
        }
    }
    (vpc, attached)
}

/// The fact with how far its attachment is.
const ATTACHMENT: Attr<str> = Attr::new("attachment");

fn fold(gateway: aws_sdk_ec2::types::InternetGateway) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let (vpc, attached) = attached(&mut reader, gateway.attachments);
    let typed = InternetGateway { vpc };
    reader.object(
        "DescribeInternetGateways",
        gateway.internet_gateway_id,
        &typed,
        gateway.tags,
        facts([(ATTACHMENT, attached)]),
    )
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => {
            let request = task
                .ec2
                .client
                .create_internet_gateway()
                .tag_specifications(tags::specification(task));
            let made = ownership::create_exclusive(
                task,
                request,
                |request| request.send(),
                |answer| answer.internet_gateway()?.internet_gateway_id(),
                async |task, id| delete(task, id).await,
            )
            .await?;
            Ok(self::made(made.id))
        }
        action::ATTACH => attach(task).await,
        action::DETACH => {
            let vpc = task.unset_id(attr::VPC);
            let request = task
                .ec2
                .client
                .detach_internet_gateway()
                .internet_gateway_id(task.id()?)
                .set_vpc_id(vpc);
            task.end(action::DETACH, request, |request| request.send())
                .await?;
            Ok(Acted::default())
        }
        action::DELETE => {
            delete(task, task.id()?).await?;
            Ok(Acted::default())
        }
        _ => Err(task.unknown_action()),
    }
}

async fn delete(task: &Task<'_>, id: &str) -> Result<(), Failure> {
    let request = task.ec2.client.delete_internet_gateway().internet_gateway_id(id);
    task.end(action::DELETE, request, |request| request.send())
        .await
        .map(drop)
}

async fn attach(task: &Task<'_>) -> Result<Acted, Failure> {
    let (id, vpc) = (task.id()?, task.set_id(attr::VPC));
    let request = task
        .ec2
        .client
        .attach_internet_gateway()
        .internet_gateway_id(id)
        .set_vpc_id(vpc.clone());
    match task.call(action::ATTACH, request, |request| request.send()).await {
        Ok(_) => Ok(Acted::default()),
        // The first attempt did it, and its answer was lost; or somebody else did the same.
        Err(failure) if failure.maybe_done || failure.class == Class::Duplicate => {
            let found = find_one(task.ec2, Kind::InternetGateway, id).await?;
            let now = found
                .as_ref()
                .and_then(|object| object.record.get(attr::VPC)?.id());
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
    use aws_sdk_ec2::types::AttachmentStatus;

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
            fold(gateway).unwrap().record.has(attr::VPC)
        };
        assert!(with("available") && with("attached"));
        assert!(!with("detached") && !with("detaching"));
    }
}
