//! `nat_gateway`, live.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::operation::describe_nat_gateways::builders::DescribeNatGatewaysFluentBuilder;
use aws_sdk_ec2::types::{ConnectivityType, Filter, NatGatewayAddress, NatGatewayState};
use tokio::time::Instant;
use trueup_model::kinds::nat_gateway::NatGateway;
use trueup_model::{Acted, Object, Ref, Settled, Wait};

use crate::act::{Task, made, wait};
use crate::answer::{Reader, STATE, facts, some};
use crate::failure::Failure;
use crate::kinds::{Seen, portions, settled};
use crate::read::{Found, pages};
use crate::{Ec2, filter, ownership, tags};

/// A gateway takes minutes to go; so long its address is waited for.
const RELEASED: Duration = Duration::from_secs(30 * 60);
/// Between two looks at who holds an address.
const RELEASED_LOOK: Duration = Duration::from_secs(5);

pub async fn read(ec2: &Ec2, filters: Option<Vec<Filter>>) -> Result<Found, Failure> {
    found(
        ec2,
        ec2.client
            .describe_nat_gateways()
            .max_results(1000)
            .set_filter(filters),
    )
    .await
}

/// One NAT gateway, by its id: an id that EC2 does not know is an error.
pub async fn read_one(ec2: &Ec2, id: &str) -> Result<Found, Failure> {
    found(ec2, ec2.client.describe_nat_gateways().nat_gateway_ids(id)).await
}

async fn found(ec2: &Ec2, request: DescribeNatGatewaysFluentBuilder) -> Result<Found, Failure> {
    let mut found = Found::default();
    pages!(
        ec2,
        "DescribeNatGateways",
        request,
        nat_gateways,
        |gateway: aws_sdk_ec2::types::NatGateway| {
            match gateway.state.as_ref().map(NatGatewayState::as_str) {
                Some("deleted" | "failed") => found.gone.extend(gateway.nat_gateway_id),
                Some("deleting") => {
                    found.ending = true;
                    let addresses = gateway.nat_gateway_addresses.iter().flatten();
                    found
                        .links
                        .leaving
                        .extend(addresses.filter_map(|address| address.network_interface_id.clone()));
                    found.gone.extend(gateway.nat_gateway_id);
                }
                _ => found.objects.push(fold(gateway)?),
            }
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

fn fold(gateway: aws_sdk_ec2::types::NatGateway) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let state = reader.word(
        STATE,
        "state",
        gateway.state.as_ref().map(NatGatewayState::as_str),
        &["pending", "available"],
    );
    let mut addresses = reader.always(
        "elastic_ip",
        "natGatewayAddressSet",
        gateway.nat_gateway_addresses,
    );
    let primary = match addresses.len() {
        // Where there is one, it is the primary one, whoever says so.
        0 | 1 => Some(0),
        _ => addresses
            .iter()
            .position(|address| address.is_primary == Some(true)),
    };
    let address = primary
        .filter(|primary| *primary < addresses.len())
        .map(|primary| addresses.swap_remove(primary));
    let address = address.unwrap_or_else(|| NatGatewayAddress::builder().build());
    let allocation = some(address.allocation_id);
    let connectivity = match (gateway.connectivity_type, &allocation) {
        // Only a public one has such an address.
        (None, Some(_)) => "public".to_owned(),
        (connectivity, _) => reader.text(
            "connectivity_type",
            "connectivityType",
            connectivity.map(|kind| kind.as_str().to_owned()),
        ),
    };
    if connectivity != "private" && allocation.is_none() {
        reader.missing("elastic_ip", "allocationId");
    }
    let private = reader.text("private_ip_address", "privateIp", address.private_ip);
    let typed = NatGateway {
        subnet: reader.id("subnet", "subnetId", gateway.subnet_id),
        elastic_ip: allocation.map(Ref::Id),
        connectivity_type: connectivity,
        private_ip_address: Some(private.clone()),
    };
    let facts = facts([
        (STATE, Some(state)),
        ("public_ip", address.public_ip),
        ("private_ip", Some(private)),
        ("network_interface", address.network_interface_id),
    ]);
    reader.object(
        "DescribeNatGateways",
        gateway.nat_gateway_id,
        &typed,
        gateway.tags,
        facts,
    )
}

pub async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        "CreateNatGateway" => create(task).await,
        "DeleteNatGateway" => {
            let id = task.id()?;
            let request = task.ec2.client.delete_nat_gateway().nat_gateway_id(id);
            let answer = task
                .end("DeleteNatGateway", request, |request| request.send())
                .await?;
            Ok(Acted {
                wait: answer.and_then(|_| wait(id, "deleted")),
                ..Acted::default()
            })
        }
        _ => Err(task.unknown_action()),
    }
}

/// Waits until no gateway that is being deleted holds an address: whatever takes it before would fail. Asked
/// only where something is known to be on its way out, and not while a call is rehearsed, which takes nothing.
pub async fn released(task: &Task<'_>, allocation: &str) -> Result<(), Failure> {
    let start = Instant::now();
    let takes = task.errand.rehearsal.is_none();
    while takes && task.ec2.memory.is_ending() && start.elapsed() < RELEASED {
        let mut holders = Vec::new();
        let request = task
            .ec2
            .client
            .describe_nat_gateways()
            .filter(filter::of("state", ["deleting"]));
        pages!(
            task.ec2,
            "DescribeNatGateways",
            request,
            nat_gateways,
            |gateway: aws_sdk_ec2::types::NatGateway| {
                let holds = gateway
                    .nat_gateway_addresses()
                    .iter()
                    .any(|address| address.allocation_id() == Some(allocation));
                holders.extend(gateway.nat_gateway_id.filter(|_| holds));
                Ok::<_, Failure>(())
            }
        );
        let Some(holder) = holders.first() else { break };
        (task.errand.retrying)(&format!(
            "{allocation} is still held by {holder}, which is being deleted"
        ));
        tokio::time::sleep(RELEASED_LOOK).await;
    }
    Ok(())
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    if let Some(allocation) = task.set_id("elastic_ip") {
        released(task, &allocation).await?;
    }
    let with = |token: &str| {
        task.ec2
            .client
            .create_nat_gateway()
            .client_token(token)
            .set_subnet_id(task.set_id("subnet"))
            .set_allocation_id(task.set_id("elastic_ip"))
            .set_connectivity_type(
                task.text("connectivity_type")
                    .map(|kind| ConnectivityType::from(kind.as_str())),
            )
            .set_private_ip_address(task.text("private_ip_address"))
            .tag_specifications(tags::specification_under(task, token))
    };
    let id = ownership::create_once(
        task,
        with,
        |request| request.send(),
        |answer| answer.nat_gateway()?.nat_gateway_id(),
    )
    .await?;
    Ok(Acted {
        wait: wait(&id, "available"),
        ..made(id)
    })
}

pub async fn settle(ec2: &Ec2, waits: &[Wait]) -> Result<Vec<Settled>, Failure> {
    let mut seen = BTreeMap::new();
    for ids in portions(waits) {
        let request = ec2
            .client
            .describe_nat_gateways()
            .filter(filter::of("nat-gateway-id", ids));
        pages!(
            ec2,
            "DescribeNatGateways",
            request,
            nat_gateways,
            |gateway: aws_sdk_ec2::types::NatGateway| {
                let id = gateway.nat_gateway_id.clone().unwrap_or_default();
                seen.insert(id, look(gateway)?);
                Ok::<_, Failure>(())
            }
        );
    }
    Ok(settled(waits, seen))
}

fn look(gateway: aws_sdk_ec2::types::NatGateway) -> Result<Seen, Failure> {
    let state = gateway
        .state
        .as_ref()
        .map_or_else(String::new, |state| state.as_str().to_owned());
    let failed = match state.as_str() {
        "failed" => {
            let why = gateway
                .failure_message()
                .or(gateway.failure_code())
                .unwrap_or("EC2 does not say why");
            Some(format!("the NAT gateway failed: {why}"))
        }
        // What is deleted is there where that is waited for, and lost where anything else is.
        "deleted" => Some("somebody deleted the NAT gateway".to_owned()),
        _ => None,
    };
    Ok(Seen {
        ended: state == "deleted",
        state,
        failed,
        facts: fold(gateway)?.facts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_address_counts() {
        let address = |allocation: &str, primary: Option<bool>| {
            NatGatewayAddress::builder()
                .allocation_id(allocation)
                .private_ip("10.0.0.5")
                .set_is_primary(primary)
                .build()
        };
        let gateway = |addresses: Vec<NatGatewayAddress>| {
            let gateway = aws_sdk_ec2::types::NatGateway::builder()
                .nat_gateway_id("nat-00000001")
                .subnet_id("subnet-00000001");
            fold(gateway.set_nat_gateway_addresses(Some(addresses)).build())
                .unwrap()
                .record
        };
        let two = gateway(vec![
            address("eipalloc-00000001", Some(false)),
            address("eipalloc-00000002", Some(true)),
        ]);
        assert_eq!(
            two.reference("elastic_ip"),
            Some(&Ref::Id("eipalloc-00000002".into()))
        );
        // Of several, one must be said to be the primary one.
        let none = gateway(vec![
            address("eipalloc-00000001", None),
            address("eipalloc-00000002", None),
        ]);
        assert!(none.reference("elastic_ip").is_none());
        // Where nobody says which one is primary, it is the only one.
        let one = gateway(vec![address("eipalloc-00000001", None)]);
        assert_eq!(
            one.reference("elastic_ip"),
            Some(&Ref::Id("eipalloc-00000001".into()))
        );
        assert_eq!(one.text("connectivity_type"), "public");
    }

    #[test]
    fn a_failure_says_why() {
        let gateway = aws_sdk_ec2::types::NatGateway::builder()
            .nat_gateway_id("nat-00000001")
            .state(NatGatewayState::Failed)
            .failure_message("Network vpc-00000001 has no Internet gateway attached");
        let seen = look(gateway.build()).unwrap();
        let waits = [Wait {
            id: "nat-00000001".into(),
            until: "available",
        }];
        let Settled::Failed(why) = &settled(&waits, BTreeMap::from([("nat-00000001".to_owned(), seen)]))[0]
        else {
            panic!("not failed")
        };
        assert!(why.contains("no Internet gateway"), "{why}");
    }
}
