//! `nat_gateway`, live.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::{ConnectivityType, Filter, NatGatewayState};
use tokio::time::Instant;
use trueup_model::kinds::nat_gateway::NatGateway;
use trueup_model::{Acted, Object, Ref, Settled, Wait};

use crate::act::{Task, made, wait};
use crate::answer::{facts, object, reference, some};
use crate::failure::Failure;
use crate::kinds::{Seen, portions, settled};
use crate::read::{Found, pages};
use crate::{Ec2, filter, ownership, tags};

/// A gateway takes minutes to go; so long its address is waited for.
const RELEASED: Duration = Duration::from_secs(30 * 60);
/// Between two looks at who holds an address.
const RELEASED_LOOK: Duration = Duration::from_secs(5);

pub async fn read(ec2: &Ec2, filters: Option<Vec<Filter>>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2.client.describe_nat_gateways().max_results(1000).set_filter(filters);
    pages!(ec2, "DescribeNatGateways", request, nat_gateways, |gateway: aws_sdk_ec2::types::NatGateway| {
        match gateway.state.as_ref().map(NatGatewayState::as_str) {
            Some("deleted" | "failed") => found.gone.extend(gateway.nat_gateway_id),
            Some("deleting") => {
                found.ending = true;
                let addresses = gateway.nat_gateway_addresses.iter().flatten();
                found.links.leaving.extend(addresses.filter_map(|address| address.network_interface_id.clone()));
                found.gone.extend(gateway.nat_gateway_id);
            }
            _ => found.objects.push(fold(gateway)?),
        }
        Ok::<_, Failure>(())
    });
    Ok(found)
}

fn fold(gateway: aws_sdk_ec2::types::NatGateway) -> Result<Object, Failure> {
    let mut addresses = gateway.nat_gateway_addresses.unwrap_or_default();
    let primary = addresses.iter().position(|address| address.is_primary == Some(true)).unwrap_or(0);
    let address = if addresses.is_empty() { None } else { Some(addresses.swap_remove(primary)) };
    let (allocation, private, public, interface) = match address {
        Some(address) => (address.allocation_id, some(address.private_ip), address.public_ip, address.network_interface_id),
        None => (None, None, None, None),
    };
    let facts = facts([
        ("state", gateway.state.map(|state| state.as_str().to_owned())),
        ("public_ip", public),
        ("private_ip", private.clone()),
        ("network_interface", interface),
    ]);
    let typed = NatGateway {
        subnet: Ref::Id(gateway.subnet_id.unwrap_or_default()),
        elastic_ip: reference(allocation),
        connectivity_type: gateway.connectivity_type.map_or_else(|| "public".to_owned(), |kind| kind.as_str().to_owned()),
        private_ip_address: private,
    };
    object(gateway.nat_gateway_id, &typed, gateway.tags, facts)
}

pub async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        "CreateNatGateway" => create(task).await,
        "DeleteNatGateway" => {
            let id = task.id()?;
            let request = task.ec2.client.delete_nat_gateway().nat_gateway_id(id);
            let answer = task.end("DeleteNatGateway", request, |request| request.send()).await?;
            Ok(Acted { wait: answer.and_then(|_| wait(id, "deleted")), ..Acted::default() })
        }
        _ => Err(task.unknown_action()),
    }
}

/// Waits until no gateway that is being deleted holds an address: whatever takes it before would fail. Asked only where something is
/// known to be on its way out.
pub async fn released(task: &Task<'_>, allocation: &str) -> Result<(), Failure> {
    let start = Instant::now();
    while task.ec2.memory.is_ending() && start.elapsed() < RELEASED {
        let mut holders = Vec::new();
        let request = task.ec2.client.describe_nat_gateways().filter(filter::of("state", ["deleting"]));
        pages!(task.ec2, "DescribeNatGateways", request, nat_gateways, |gateway: aws_sdk_ec2::types::NatGateway| {
            let holds = gateway.nat_gateway_addresses().iter().any(|address| address.allocation_id() == Some(allocation));
            holders.extend(gateway.nat_gateway_id.filter(|_| holds));
            Ok::<_, Failure>(())
        });
        let Some(holder) = holders.first() else { break };
        (task.errand.retrying)(&format!("{allocation} is still held by {holder}, which is being deleted"));
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
            .set_connectivity_type(task.text("connectivity_type").map(|kind| ConnectivityType::from(kind.as_str())))
            .set_private_ip_address(task.text("private_ip_address"))
            .tag_specifications(tags::specification_under(task, token))
    };
    let id = ownership::create_once(task, with, |request| request.send(), |answer| answer.nat_gateway()?.nat_gateway_id()).await?;
    Ok(Acted { wait: wait(&id, "available"), ..made(id) })
}

pub async fn settle(ec2: &Ec2, waits: &[Wait]) -> Result<Vec<Settled>, Failure> {
    let mut seen = BTreeMap::new();
    for ids in portions(waits) {
        let request = ec2.client.describe_nat_gateways().filter(filter::of("nat-gateway-id", ids));
        pages!(ec2, "DescribeNatGateways", request, nat_gateways, |gateway: aws_sdk_ec2::types::NatGateway| {
            let id = gateway.nat_gateway_id.clone().unwrap_or_default();
            seen.insert(id, look(gateway)?);
            Ok::<_, Failure>(())
        });
    }
    Ok(settled(waits, seen))
}

fn look(gateway: aws_sdk_ec2::types::NatGateway) -> Result<Seen, Failure> {
    let state = gateway.state.as_ref().map_or_else(String::new, |state| state.as_str().to_owned());
    let failed = match state.as_str() {
        "failed" => {
            let why = gateway.failure_message().or(gateway.failure_code()).unwrap_or("EC2 does not say why");
            Some(format!("the NAT gateway failed: {why}"))
        }
        // What is deleted is there where that is waited for, and lost where anything else is.
        "deleted" => Some("somebody deleted the NAT gateway".to_owned()),
        _ => None,
    };
    Ok(Seen { ended: state == "deleted", state, failed, facts: fold(gateway)?.facts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::NatGatewayAddress;

    #[test]
    fn the_primary_address_counts() {
        let address = |allocation: &str, primary: Option<bool>| {
            NatGatewayAddress::builder().allocation_id(allocation).private_ip("10.0.0.5").set_is_primary(primary).build()
        };
        let gateway = |addresses: Vec<NatGatewayAddress>| {
            let gateway = aws_sdk_ec2::types::NatGateway::builder().nat_gateway_id("nat-1").subnet_id("subnet-1");
            fold(gateway.set_nat_gateway_addresses(Some(addresses)).build()).unwrap().record
        };
        let two = gateway(vec![address("eipalloc-1", Some(false)), address("eipalloc-2", Some(true))]);
        assert_eq!(two.reference("elastic_ip"), Some(&Ref::Id("eipalloc-2".into())));
        // Where nobody says which one is primary, it is the only one.
        let one = gateway(vec![address("eipalloc-1", None)]);
        assert_eq!(one.reference("elastic_ip"), Some(&Ref::Id("eipalloc-1".into())));
        assert_eq!(one.text("connectivity_type"), "public");
    }

    #[test]
    fn a_failure_says_why() {
        let gateway = aws_sdk_ec2::types::NatGateway::builder()
            .nat_gateway_id("nat-1")
            .state(NatGatewayState::Failed)
            .failure_message("Network vpc-1 has no Internet gateway attached");
        let seen = look(gateway.build()).unwrap();
        let waits = [Wait { id: "nat-1".into(), until: "available" }];
        let Settled::Failed(why) = &settled(&waits, BTreeMap::from([("nat-1".to_owned(), seen)]))[0] else { panic!("not failed") };
        assert!(why.contains("no Internet gateway"), "{why}");
    }
}
