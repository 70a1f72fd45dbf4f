//! `egress_only_internet_gateway`, live.

use trueup_model::attr;
use trueup_model::kinds::egress_only_internet_gateway::{EgressOnlyInternetGateway, action};
use trueup_model::{Acted, Object, Record, Waiter};

use crate::act::{Task, made_until};
use crate::answer::Reader;
use crate::failure::Failure;
use crate::kinds::internet_gateway::attached;
use crate::kinds::{Live, Which, asked, list_and_act};
use crate::read::{Found, pages};
use crate::{Ec2, ownership, tags};

/// Egress-only internet gateways, live.
pub struct EgressOnlyInternetGateways;

impl Live for EgressOnlyInternetGateways {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        // EC2 filters them by their tags alone.
        None
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2.client.describe_egress_only_internet_gateways();
    let request = asked!(
        request,
        which,
        set_egress_only_internet_gateway_ids,
        set_filters,
        255
    );
    pages!(
        ec2,
        "DescribeEgressOnlyInternetGateways",
        request,
        egress_only_internet_gateways,
        |gateway: aws_sdk_ec2::types::EgressOnlyInternetGateway| {
            found.objects.push(fold(gateway)?);
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

fn fold(gateway: aws_sdk_ec2::types::EgressOnlyInternetGateway) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let (vpc, _) = attached(&mut reader, gateway.attachments);
    let vpc = vpc.unwrap_or_else(|| reader.id(attr::VPC, "vpcId", None));
    let typed = EgressOnlyInternetGateway { vpc };
    reader.object(
        "DescribeEgressOnlyInternetGateways",
        gateway.egress_only_internet_gateway_id,
        &typed,
        gateway.tags,
        Record::new(),
    )
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    let client = &task.ec2.client;
    match task.act.action {
        action::CREATE => {
            let with = |token: &str| {
                client
                    .create_egress_only_internet_gateway()
                    .client_token(token)
                    .set_vpc_id(task.set_id(attr::VPC))
                    .tag_specifications(tags::specification_under(task, token))
            };
            let id = ownership::create_with_token(
                task,
                with,
                |request| request.send(),
                |answer| {
                    answer
                        .egress_only_internet_gateway()?
                        .egress_only_internet_gateway_id()
                },
            )
            .await?;
            Ok(made_until(id, Waiter::SHOWN, None))
        }
        action::DELETE => {
            let request = client.delete_egress_only_internet_gateway();
            let request = request.egress_only_internet_gateway_id(task.id()?);
            task.end(action::DELETE, request, |request| request.send())
                .await?;
            Ok(Acted::default())
        }
        _ => Err(task.unknown_action()),
    }
}
