//! `elastic_ip`, live.

use aws_sdk_ec2::types::{Address, DomainType};
use trueup_model::kinds::elastic_ip::{ElasticIp, action};
use trueup_model::{Acted, fact};

use crate::act::{Task, made};
use crate::answer::{Reader, facts, needed, needed_text, some};
use crate::call::CallContext;
use crate::failure::Failure;
use crate::kinds::{Live, Which, list_and_act};
use crate::read::Found;
use crate::{Ec2, ownership, tags};

/// Elastic IP addresses, live.
pub struct ElasticIps;

impl Live for ElasticIps {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("allocation-id")
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    const ACTION: &str = "DescribeAddresses";
    let request = ec2.client.describe_addresses().set_filters(which.filters());
    let request = match which {
        Which::Ids(ids) => request.set_allocation_ids(Some(ids.to_vec())),
        Which::Passing(_) => request,
    };
    // EC2 answers all of them at once.
    let answer = ec2
        .caller
        .call(&CallContext::read(ACTION), ACTION, request, |request| {
            request.send()
        })
        .await?;
    let mut found = Found::default();
    for address in needed(ACTION, "addressesSet", answer.addresses)? {
        fold(address, &mut found)?;
    }
    Ok(found)
}

fn fold(address: Address, found: &mut Found) -> Result<(), Failure> {
    const ACTION: &str = "DescribeAddresses";
    // Those that belong to a load balancer or another service, and those from before VPCs, are nobody's to
    // manage.
    if address.service_managed.is_some() || address.domain == Some(DomainType::Standard) {
        return Ok(());
    }
    let id = needed_text(ACTION, "allocationId", address.allocation_id)?;
    let (instance, interface) = (some(address.instance_id), some(address.network_interface_id));
    let association = some(address.association_id);
    if association.is_some() || instance.is_some() || interface.is_some() {
        // Of an instance EC2 says both.
        let association = needed(ACTION, "associationId", association.clone())?;
        let users = [instance.clone(), interface.clone()];
        needed(ACTION, "networkInterfaceId", users.iter().flatten().next())?;
        found.links.addresses.extend(
            users
                .into_iter()
                .flatten()
                .map(|user| (user, (id.clone(), association.clone()))),
        );
    }
    let mut reader = Reader::default();
    let facts = facts([
        (
            fact::PUBLIC_IP,
            Some(reader.text(fact::PUBLIC_IP, "publicIp", address.public_ip)),
        ),
        (fact::ASSOCIATION, association),
        (fact::INSTANCE, instance),
        (fact::NETWORK_INTERFACE, interface),
    ]);
    found
        .objects
        .push(reader.object(ACTION, Some(id), &ElasticIp {}, address.tags, facts)?);
    Ok(())
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::ALLOCATE => {
            let request = task
                .ec2
                .client
                .allocate_address()
                .domain(DomainType::Vpc)
                .tag_specifications(tags::specification(task));
            let made = ownership::create_exclusive(
                task,
                request,
                |request| request.send(),
                |answer| answer.allocation_id(),
                async |task, id| release(task, id).await,
            )
            .await?;
            let public = made.answer.and_then(|answer| answer.public_ip);
            Ok(Acted {
                facts: facts([(fact::PUBLIC_IP, public)]),
                ..self::made(made.id)
            })
        }
        action::RELEASE => {
            release(task, task.id()?).await?;
            Ok(Acted::default())
        }
        _ => Err(task.unknown_action()),
    }
}

async fn release(task: &Task<'_>, id: &str) -> Result<(), Failure> {
    let request = task.ec2.client.release_address().allocation_id(id);
    task.end(action::RELEASE, request, |request| request.send())
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::ServiceManaged;

    #[test]
    fn empty_texts_are_absent_and_addresses_of_services_are_left_out() {
        let mut found = Found::default();
        let ours = Address::builder()
            .allocation_id("eipalloc-00000001")
            .instance_id("")
            .association_id("")
            .public_ip("192.0.2.4")
            .build();
        fold(ours, &mut found).unwrap();
        let used = Address::builder()
            .allocation_id("eipalloc-00000002")
            .instance_id("i-00000001")
            .association_id("eipassoc-1")
            .build();
        fold(used, &mut found).unwrap();
        fold(
            Address::builder()
                .allocation_id("eipalloc-00000003")
                .service_managed(ServiceManaged::Alb)
                .build(),
            &mut found,
        )
        .unwrap();
        assert_eq!(found.objects.len(), 2);
        assert_eq!(found.objects[0].facts.to_string(), "{public_ip: 192.0.2.4}");
        assert_eq!(
            found.links.addresses["i-00000001"],
            ("eipalloc-00000002".to_owned(), "eipassoc-1".to_owned())
        );
    }
}
