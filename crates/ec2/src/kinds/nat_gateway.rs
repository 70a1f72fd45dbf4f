//! `nat_gateway`, live.

use std::time::Duration;

use aws_sdk_ec2::types::{ConnectivityType, NatGatewayAddress, NatGatewayState};
use tokio::time::Instant;
use trueup_model::kinds::nat_gateway::{NatGateway, action, attr, wait};
use trueup_model::{Acted, Object, Ref, fact};

use crate::act::{Task, made_until};
use crate::answer::{Reader, STATE, facts, some};
use crate::failure::Failure;
use crate::kinds::{Live, Which, asked, list_and_act};
use crate::read::{Found, ObservedState, pages};
use crate::{Ec2, filter, ownership, tags};

/// A gateway takes minutes to go; so long its address is waited for.
const RELEASED: Duration = Duration::from_secs(30 * 60);
/// Between two looks at who holds an address.
const RELEASED_LOOK: Duration = Duration::from_secs(5);

/// NAT gateways, live.
pub struct NatGateways;

impl Live for NatGateways {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("nat-gateway-id")
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let request = ec2.client.describe_nat_gateways();
    let request = asked!(request, which, set_nat_gateway_ids, set_filter, 1000);
    let mut found = Found::default();
    pages!(
        ec2,
        "DescribeNatGateways",
        request,
        nat_gateways,
        |gateway: aws_sdk_ec2::types::NatGateway| {
            found.states.push(states(&gateway));
            match gateway.state.as_ref().map(NatGatewayState::as_str) {
                Some("deleted" | "failed") => found.gone.extend(gateway.nat_gateway_id),
                Some("deleting") => {
                    found.deletion_in_flight = true;
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
        attr::ELASTIC_IP,
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
            attr::CONNECTIVITY_TYPE,
            "connectivityType",
            connectivity.map(|kind| kind.as_str().to_owned()),
        ),
    };
    if connectivity != "private" && allocation.is_none() {
        reader.missing(attr::ELASTIC_IP, "allocationId");
    }
    let private = reader.text(attr::PRIVATE_IP_ADDRESS, "privateIp", address.private_ip);
    let typed = NatGateway {
        subnet: reader.id(attr::SUBNET, "subnetId", gateway.subnet_id),
        elastic_ip: allocation.map(Ref::Id),
        connectivity_type: connectivity,
        private_ip_address: Some(private.clone()),
    };
    let facts = facts([
        (STATE, Some(state)),
        (fact::PUBLIC_IP, address.public_ip),
        (fact::PRIVATE_IP, Some(private)),
        (fact::NETWORK_INTERFACE, address.network_interface_id),
    ]);
    reader.object(
        "DescribeNatGateways",
        gateway.nat_gateway_id,
        &typed,
        gateway.tags,
        facts,
    )
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => create(task).await,
        action::DELETE => {
            let id = task.id()?;
            let request = task.ec2.client.delete_nat_gateway().nat_gateway_id(id);
            let answer = task
                .end(action::DELETE, request, |request| request.send())
                .await?;
            Ok(Acted {
                wait: answer.map(|_| wait::DELETED.of(id)),
                ..Acted::default()
            })
        }
        _ => Err(task.unknown_action()),
    }
}

/// Waits until no gateway that is being deleted holds an address: whatever takes it before would fail. Asked
/// only where something is known to be on its way out, and not while a call is rehearsed, which takes
/// nothing.
pub async fn released(task: &Task<'_>, allocation: &str) -> Result<(), Failure> {
    let start = Instant::now();
    let takes = task.context.rehearsal.is_none();
    while takes && task.ec2.session.is_deletion_in_flight() && start.elapsed() < RELEASED {
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
        (task.context.retrying)(&format!(
            "{allocation} is still held by {holder}, which is being deleted"
        ));
        tokio::time::sleep(RELEASED_LOOK).await;
    }
    Ok(())
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    if let Some(allocation) = task.set_id(attr::ELASTIC_IP) {
        released(task, &allocation).await?;
    }
    let with = |token: &str| {
        task.ec2
            .client
            .create_nat_gateway()
            .client_token(token)
            .set_subnet_id(task.set_id(attr::SUBNET))
            .set_allocation_id(task.set_id(attr::ELASTIC_IP))
            .set_connectivity_type(
                task.text(attr::CONNECTIVITY_TYPE)
                    .map(|kind| ConnectivityType::from(kind.as_str())),
            )
            .set_private_ip_address(task.text(attr::PRIVATE_IP_ADDRESS))
            .tag_specifications(tags::specification_under(task, token))
    };
    let id = ownership::create_with_token(
        task,
        with,
        |request| request.send(),
        |answer| answer.nat_gateway()?.nat_gateway_id(),
    )
    .await?;
    Ok(made_until(id, wait::AVAILABLE, None))
}

fn states(gateway: &aws_sdk_ec2::types::NatGateway) -> ObservedState {
    let state = gateway.state().map_or("", NatGatewayState::as_str);
    let failed = match state {
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
    ObservedState {
        ended: state == "deleted",
        failed,
        ..ObservedState::new(gateway.nat_gateway_id(), state)
    }
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
            two.get(attr::ELASTIC_IP),
            Some(&Ref::Id("eipalloc-00000002".into()))
        );
        // Of several, one must be said to be the primary one.
        let none = gateway(vec![
            address("eipalloc-00000001", None),
            address("eipalloc-00000002", None),
        ]);
        assert!(!none.has(attr::ELASTIC_IP));
        // Where nobody says which one is primary, it is the only one.
        let one = gateway(vec![address("eipalloc-00000001", None)]);
        assert_eq!(
            one.get(attr::ELASTIC_IP),
            Some(&Ref::Id("eipalloc-00000001".into()))
        );
        assert_eq!(one.text(attr::CONNECTIVITY_TYPE), "public");
    }

    #[test]
    fn a_failure_says_why() {
        let gateway = aws_sdk_ec2::types::NatGateway::builder()
            .nat_gateway_id("nat-00000001")
            .state(NatGatewayState::Failed)
            .failure_message("Network vpc-00000001 has no Internet gateway attached");
        let why = states(&gateway.build()).failed.unwrap();
        assert!(why.contains("no Internet gateway"), "{why}");
    }
}
