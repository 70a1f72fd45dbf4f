//! The steps that change an instance that is there.

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, EbsInstanceBlockDeviceSpecification, HttpTokensState,
    IamInstanceProfileAssociation, IamInstanceProfileSpecification, InstanceBlockDeviceMappingSpecification,
    InstanceMetadataEndpointState, InstanceMetadataProtocolState, InstanceMetadataTagsState,
    SecureBlobAttributeValue, VolumeType,
};
use trueup_model::kinds::instance::{action, attr, wait};
use trueup_model::{Acted, ApiAction, Attr, Kind, Record, Value, Waiter};

use super::{fact, facts_now, ipv6};
use crate::act::{Task, ids};
use crate::answer::facts;
use crate::classify::{Class, wants_interface};
use crate::failure::Failure;
use crate::filter;
use crate::kinds::volume::paced;
use crate::kinds::{self, nat_gateway, security_group};
use crate::read::pages;

pub async fn modify(task: &Task<'_>) -> Result<Acted, Failure> {
    let (client, id) = (&task.ec2.client, task.id()?);
    let waiting = |until: Waiter| Acted {
        wait: Some(until.of(id)),
        ..Acted::default()
    };
    match task.act.action {
        action::START => {
            task.call(
                action::START,
                client.start_instances().instance_ids(id),
                |request| request.send(),
            )
            .await?;
            Ok(waiting(wait::RUNNING))
        }
        action::STOP => {
            task.call(
                action::STOP,
                client.stop_instances().instance_ids(id),
                |request| request.send(),
            )
            .await?;
            Ok(waiting(wait::STOPPED))
        }
        action::MONITOR => {
            task.call(
                action::MONITOR,
                client.monitor_instances().instance_ids(id),
                |request| request.send(),
            )
            .await?;
            Ok(Acted::default())
        }
        action::UNMONITOR => {
            task.call(
                action::UNMONITOR,
                client.unmonitor_instances().instance_ids(id),
                |request| request.send(),
            )
            .await?;
            Ok(Acted::default())
        }
        action::MODIFY_ATTRIBUTE => attribute(task).await,
        action::MODIFY_INTERFACE if task.sets().has(attr::ASSOCIATE_PUBLIC_IP_ADDRESS) => {
            public_address(task).await
        }
        action::MODIFY_INTERFACE => groups(task).await,
        action::ASSIGN_IPV6 => ipv6::assign(task).await,
        action::UNASSIGN_IPV6 => ipv6::unassign(task).await,
        action::MODIFY_METADATA_OPTIONS => metadata(task).await,
        action::MODIFY_VOLUME => volume(task).await,
        action::ASSOCIATE_PROFILE => associate_profile(task).await,
        action::REPLACE_PROFILE => replace_profile(task).await,
        action::DISASSOCIATE_PROFILE => disassociate_profile(task).await,
        action::ASSOCIATE_ADDRESS => associate_address(task).await,
        action::DISASSOCIATE_ADDRESS => disassociate_address(task).await,
        _ => Err(task.unknown_action()),
    }
}

/// A fact that is known, or read now.
pub async fn fact(task: &Task<'_>, fact: Attr<str>) -> Result<String, Failure> {
    if let Some(known) = task.fact(fact) {
        return Ok(known.to_owned());
    }
    let facts = facts_now(task).await?;
    let text = facts.get(fact).map(str::to_owned);
    text.ok_or_else(|| {
        task.defect(&format!(
            "needs the {fact} of the instance, which EC2 does not show"
        ))
    })
}

fn switch(on: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(on).build()
}

/// EC2 changes one attribute a call: the step names one.
async fn attribute(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: ApiAction = action::MODIFY_ATTRIBUTE;
    let request = task
        .ec2
        .client
        .modify_instance_attribute()
        .instance_id(task.id()?);
    let sets = task.sets();
    let check = sets.get(attr::SOURCE_DEST_CHECK);
    let request = if let Some(ty) = sets.get(attr::INSTANCE_TYPE) {
        request.instance_type(AttributeValue::builder().value(ty).build())
    } else if let Some(bytes) = sets.get(attr::USER_DATA).and_then(Value::as_bytes) {
        let data = SecureBlobAttributeValue::builder().value(Blob::new(bytes));
        request.user_data(data.build())
    } else if let Some(on) = sets.get(attr::EBS_OPTIMIZED) {
        request.ebs_optimized(switch(on))
    } else if let Some(on) = sets.get(attr::DISABLE_API_TERMINATION) {
        request.disable_api_termination(switch(on))
    } else if let Some(on) = check {
        request.source_dest_check(switch(on))
    } else if let Some(volume) = sets.get(attr::ROOT_VOLUME) {
        let volume = EbsInstanceBlockDeviceSpecification::builder()
            .set_delete_on_termination(volume.get(attr::DELETE_ON_TERMINATION))
            .build();
        let device = fact(task, fact::ROOT_DEVICE).await?;
        request.block_device_mappings(
            InstanceBlockDeviceMappingSpecification::builder()
                .device_name(device)
                .ebs(volume)
                .build(),
        )
    } else {
        return Err(task.defect(&format!("sets {sets}, which {ACTION} does not have")));
    };
    match task.call(ACTION, request, |request| request.send()).await {
        // Of an instance with several interfaces each has its own switch; the spec means the primary one's.
        Err(failure) if check.is_some() && wants_interface(&failure.code) => {
            let interface = fact(task, fact::NETWORK_INTERFACE).await?;
            let request = task
                .ec2
                .client
                .modify_network_interface_attribute()
                .network_interface_id(interface);
            task.call(
                action::MODIFY_INTERFACE,
                request.set_source_dest_check(check.map(switch)),
                |request| request.send(),
            )
            .await?;
        }
        done => {
            done?;
        }
    }
    Ok(Acted::default())
}

/// The groups of the primary interface. None are the one that EC2 made with the VPC: an interface has at
/// least one.
async fn groups(task: &Task<'_>) -> Result<Acted, Failure> {
    let interface = fact(task, fact::NETWORK_INTERFACE).await?;
    let mut groups = ids(task.sets(), attr::SECURITY_GROUPS);
    if groups.is_empty() {
        let vpc = fact(task, fact::VPC).await?;
        let default = security_group::default_of(task.ec2, &vpc).await?;
        groups.push(default.ok_or_else(|| {
            task.defect(&format!(
                "needs the default group of {vpc}, which EC2 does not show"
            ))
        })?);
    }
    let request = task
        .ec2
        .client
        .modify_network_interface_attribute()
        .network_interface_id(interface)
        .set_groups(Some(groups));
    task.call(action::MODIFY_INTERFACE, request, |request| request.send())
        .await?;
    Ok(Acted::default())
}

/// Whether the primary interface has a public address of EC2's choice.
async fn public_address(task: &Task<'_>) -> Result<Acted, Failure> {
    let interface = fact(task, fact::NETWORK_INTERFACE).await?;
    let on = task
        .sets()
        .get(attr::ASSOCIATE_PUBLIC_IP_ADDRESS)
        .unwrap_or_default();
    let request = task
        .ec2
        .client
        .modify_network_interface_attribute()
        .network_interface_id(&interface)
        .associate_public_ip_address(on);
    task.call(action::MODIFY_INTERFACE, request, |request| request.send())
        .await?;
    Ok(Acted {
        wait: Some(
            if on {
                wait::INTERFACE_PUBLIC
            } else {
                wait::INTERFACE_PRIVATE
            }
            .of(&interface),
        ),
        ..Acted::default()
    })
}

/// All options are sent: what is left out of the spec as it is now.
async fn metadata(task: &Task<'_>) -> Result<Acted, Failure> {
    let known = task
        .act
        .target
        .as_ref()
        .and_then(|target| target.facts.get(fact::METADATA).cloned());
    let mut options = match known {
        Some(known) => known,
        None => facts_now(task)
            .await?
            .get(fact::METADATA)
            .cloned()
            .unwrap_or_default(),
    };
    let wanted = task
        .sets()
        .get(attr::METADATA_OPTIONS)
        .cloned()
        .unwrap_or_default();
    options.set_all(&wanted);
    // EC2 takes nothing else beside an endpoint that is switched off; one that is off already stays so by not
    // being named.
    let is_off = options.get(attr::HTTP_ENDPOINT) == Some("disabled");
    let switches_off = is_off && wanted.has(attr::HTTP_ENDPOINT);
    let endpoint = options
        .get(attr::HTTP_ENDPOINT)
        .filter(|_| switches_off || !is_off);
    let request = task
        .ec2
        .client
        .modify_instance_metadata_options()
        .instance_id(task.id()?);
    let request = request.set_http_endpoint(endpoint.map(InstanceMetadataEndpointState::from));
    let request = if switches_off {
        request
    } else {
        let limit = options.get(attr::HTTP_PUT_RESPONSE_HOP_LIMIT);
        request
            .set_http_tokens(options.get(attr::HTTP_TOKENS).map(HttpTokensState::from))
            .set_http_put_response_hop_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
            .set_http_protocol_ipv6(
                options
                    .get(fact::HTTP_PROTOCOL_IPV6)
                    .map(InstanceMetadataProtocolState::from),
            )
            .set_instance_metadata_tags(
                options
                    .get(attr::INSTANCE_METADATA_TAGS)
                    .map(InstanceMetadataTagsState::from),
            )
    };
    task.call(action::MODIFY_METADATA_OPTIONS, request, |request| request.send())
        .await?;
    let mut facts = Record::new();
    facts.set(fact::METADATA, options);
    Ok(Acted {
        facts,
        ..Acted::default()
    })
}

async fn volume(task: &Task<'_>) -> Result<Acted, Failure> {
    let volume = fact(task, fact::ROOT_VOLUME_ID).await?;
    let wanted = task
        .sets()
        .get(attr::ROOT_VOLUME)
        .ok_or_else(|| task.defect("says nothing of the volume"))?;
    let number = |field| wanted.get(field).and_then(|value| i32::try_from(value).ok());
    let request = task
        .ec2
        .client
        .modify_volume()
        .volume_id(&volume)
        .set_size(number(attr::SIZE))
        .set_volume_type(wanted.get(attr::TYPE).map(VolumeType::from))
        .set_iops(number(attr::IOPS))
        .set_throughput(number(attr::THROUGHPUT));
    task.call(action::MODIFY_VOLUME, request, |request| request.send())
        .await
        .map_err(paced)?;
    Ok(Acted {
        wait: Some(wait::VOLUME_OPTIMIZING.of(&volume)),
        ..Acted::default()
    })
}

/// What associates the instance with its profile: the association and the profile's name.
async fn profile(task: &Task<'_>) -> Result<Option<(String, String)>, Failure> {
    let mut found = None;
    let request = task
        .ec2
        .client
        .describe_iam_instance_profile_associations()
        .filters(filter::of("instance-id", [task.id()?]));
    let request = request.max_results(100);
    pages!(
        task.ec2,
        "DescribeIamInstanceProfileAssociations",
        request,
        iam_instance_profile_associations,
        |association: IamInstanceProfileAssociation| {
            let state = association
                .state
                .as_ref()
                .map_or("associated", |state| state.as_str());
            let arn = association
                .iam_instance_profile
                .and_then(|profile| profile.arn)
                .unwrap_or_default();
            let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
            if let (Some(id), "associating" | "associated") = (association.association_id, state) {
                found = Some((id, name));
            }
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

fn wanted_profile(task: &Task<'_>) -> Result<IamInstanceProfileSpecification, Failure> {
    let name = task
        .text(attr::IAM_INSTANCE_PROFILE)
        .ok_or_else(|| task.defect("names no instance profile"))?;
    Ok(IamInstanceProfileSpecification::builder().name(name).build())
}

async fn associate_profile(task: &Task<'_>) -> Result<Acted, Failure> {
    let request = task
        .ec2
        .client
        .associate_iam_instance_profile()
        .instance_id(task.id()?);
    let request = request.iam_instance_profile(wanted_profile(task)?);
    match task
        .call(action::ASSOCIATE_PROFILE, request, |request| request.send())
        .await
    {
        // The first attempt did it, and its answer was lost.
        Err(failure) if failure.maybe_done => {
            let now = profile(task).await?.map(|(_, name)| name);
            if now != task.text(attr::IAM_INSTANCE_PROFILE) {
                return Err(failure);
            }
        }
        done => {
            done?;
        }
    }
    Ok(Acted::default())
}

async fn replace_profile(task: &Task<'_>) -> Result<Acted, Failure> {
    let Some((association, name)) = profile(task).await? else {
        return associate_profile(task).await;
    };
    if Some(&name) == task.text(attr::IAM_INSTANCE_PROFILE).as_ref() {
        return Ok(Acted::default());
    }
    // EC2 swaps the profile of a running instance only: of any other it is taken, and then given.
    if task.fact(fact::STATE).is_none_or(|state| state == "running") {
        let request = task
            .ec2
            .client
            .replace_iam_instance_profile_association()
            .association_id(association);
        let request = request.iam_instance_profile(wanted_profile(task)?);
        task.call(action::REPLACE_PROFILE, request, |request| request.send())
            .await?;
        return Ok(Acted::default());
    }
    let request = task
        .ec2
        .client
        .disassociate_iam_instance_profile()
        .association_id(association);
    task.end(action::DISASSOCIATE_PROFILE, request, |request| request.send())
        .await?;
    associate_profile(task).await
}

async fn disassociate_profile(task: &Task<'_>) -> Result<Acted, Failure> {
    if let Some((association, _)) = profile(task).await? {
        let request = task
            .ec2
            .client
            .disassociate_iam_instance_profile()
            .association_id(association);
        task.end(action::DISASSOCIATE_PROFILE, request, |request| request.send())
            .await?;
    }
    Ok(Acted::default())
}

async fn associate_address(task: &Task<'_>) -> Result<Acted, Failure> {
    let address = task
        .set_id(attr::ELASTIC_IP)
        .ok_or_else(|| task.defect("names no address"))?;
    nat_gateway::released(task, &address).await?;
    // An address that is in use is not taken from where it is.
    let request = task
        .ec2
        .client
        .associate_address()
        .instance_id(task.id()?)
        .allocation_id(&address)
        .allow_reassociation(false);
    let association = match task
        .call(action::ASSOCIATE_ADDRESS, request, |request| request.send())
        .await
    {
        Ok(answer) => answer.association_id,
        Err(failure) if failure.maybe_done && failure.class == Class::Duplicate => {
            let now = association(task, &address).await?;
            Some(
                now.filter(|(instance, _)| Some(instance.as_str()) == task.id().ok())
                    .ok_or(failure)?
                    .1,
            )
        }
        Err(failure) => return Err(failure),
    };
    Ok(Acted {
        facts: facts([(fact::ELASTIC_IP_ASSOCIATION, association)]),
        ..Acted::default()
    })
}

async fn disassociate_address(task: &Task<'_>) -> Result<Acted, Failure> {
    let known = match (
        task.fact(fact::ELASTIC_IP_ASSOCIATION),
        task.unset_id(attr::ELASTIC_IP),
    ) {
        (Some(known), _) => Some(known.to_owned()),
        (None, Some(address)) => association(task, &address)
            .await?
            .map(|(_, association)| association),
        (None, None) => None,
    };
    if let Some(known) = known {
        let request = task.ec2.client.disassociate_address().association_id(known);
        task.end(action::DISASSOCIATE_ADDRESS, request, |request| request.send())
            .await?;
    }
    Ok(Acted::default())
}

/// What an address is associated with: the instance and the association.
async fn association(task: &Task<'_>, address: &str) -> Result<Option<(String, String)>, Failure> {
    let object = kinds::find_one(task.ec2, Kind::ElasticIp, address).await?;
    let text = |facts: &Record, fact| Some(facts.text(fact).to_owned()).filter(|text| !text.is_empty());
    Ok(object.and_then(|object| {
        Some((
            text(&object.facts, fact::INSTANCE)?,
            text(&object.facts, fact::ASSOCIATION)?,
        ))
    }))
}
