//! `RunInstances`: all that a launch takes, in one call.

use aws_sdk_ec2::operation::run_instances::RunInstancesOutput;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, HttpTokensState, IamInstanceProfileSpecification, Instance,
    InstanceIpv6Address, InstanceMetadataEndpointState, InstanceMetadataOptionsRequest,
    InstanceMetadataTagsState, InstanceNetworkInterfaceSpecification, RunInstancesMonitoringEnabled,
    VolumeType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use trueup_model::kinds::instance::{attr, wait};
use trueup_model::{Acted, Record, Value};

use super::fold;
use crate::act::{Task, ids, made};
use crate::failure::Failure;
use crate::kinds::key_pair;
use crate::{image, ownership, tags};

pub async fn launch(task: &Task<'_>) -> Result<Acted, Failure> {
    let sets = task.sets();
    let key = match task.set_id(attr::KEY_PAIR) {
        Some(key) => Some(key_pair::name(task.ec2, &key).await?),
        None => None,
    };
    let root = match sets.get(attr::ROOT_VOLUME) {
        Some(volume) if asks(volume) => Some(mapping(
            &image::root_device(task.ec2, &task.text(attr::IMAGE).unwrap_or_default()).await?,
            volume,
        )),
        _ => None,
    };
    let with = |token: &str| {
        let request = task
            .ec2
            .client
            .run_instances()
            .client_token(token)
            .min_count(1)
            .max_count(1)
            .set_image_id(task.text(attr::IMAGE))
            .set_instance_type(task.text(attr::INSTANCE_TYPE).map(|ty| ty.as_str().into()))
            .set_key_name(key.clone())
            .set_user_data(
                sets.get(attr::USER_DATA)
                    .and_then(Value::as_bytes)
                    .map(|bytes| STANDARD.encode(bytes)),
            )
            .set_disable_api_termination(sets.get(attr::DISABLE_API_TERMINATION))
            .set_ebs_optimized(sets.get(attr::EBS_OPTIMIZED))
            .set_block_device_mappings(root.clone().map(|mapping| vec![mapping]))
            .tag_specifications(tags::specification_under(task, token));
        options(network(request, task), sets)
    };
    let ended = |answer: &RunInstancesOutput| {
        let over = |instance: &Instance| {
            let id = instance.instance_id().unwrap_or_default();
            task.is_over(id) || matches!(fold::state(instance), "shutting-down" | "terminated")
        };
        answer.instances().first().is_some_and(over)
    };
    let answer = ownership::create_retrying(
        task,
        with,
        |request| request.send(),
        |answer| answer.instances().first()?.instance_id(),
        ended,
    )
    .await?;
    let instance = answer
        .instances
        .and_then(|instances| instances.into_iter().next());
    let object = fold::fold(instance.ok_or_else(|| task.defect("was answered without an instance"))?)?;
    Ok(Acted {
        facts: object.facts,
        wait: Some(wait::RUNNING.of(&object.id)),
        ..made(object.id)
    })
}

/// The IPv6 addresses that are asked for: how many, or which. To ask for none overrules the subnet.
fn ipv6(sets: &Record) -> (Option<i32>, Option<Vec<InstanceIpv6Address>>) {
    let of = |text| InstanceIpv6Address::builder().ipv6_address(text).build();
    let listed: Vec<InstanceIpv6Address> = sets
        .list(attr::IPV6_ADDRESSES)
        .iter()
        .filter_map(Value::as_text)
        .map(of)
        .collect();
    let count = match sets.get(attr::IPV6_ADDRESS_COUNT) {
        Some(count) => i32::try_from(count).ok(),
        None => (sets.has(attr::IPV6_ADDRESSES) && listed.is_empty()).then_some(0),
    };
    (count, Some(listed).filter(|listed| !listed.is_empty()))
}

/// Subnet, groups and addresses. Only where a spec says whether there is a public address does the interface
/// have to be spelled out.
fn network(request: RunInstancesFluentBuilder, task: &Task<'_>) -> RunInstancesFluentBuilder {
    let groups = Some(ids(task.sets(), attr::SECURITY_GROUPS)).filter(|groups| !groups.is_empty());
    let (subnet, address) = (task.set_id(attr::SUBNET), task.text(attr::PRIVATE_IP_ADDRESS));
    let (count, listed) = ipv6(task.sets());
    match task.sets().get(attr::ASSOCIATE_PUBLIC_IP_ADDRESS) {
        None => request
            .set_subnet_id(subnet)
            .set_private_ip_address(address)
            .set_ipv6_address_count(count)
            .set_ipv6_addresses(listed)
            .set_security_group_ids(groups),
        Some(public) => {
            let interface = InstanceNetworkInterfaceSpecification::builder()
                .device_index(0)
                .associate_public_ip_address(public)
                .delete_on_termination(true)
                .set_subnet_id(subnet)
                .set_private_ip_address(address)
                .set_ipv6_address_count(count)
                .set_ipv6_addresses(listed)
                .set_groups(groups);
            request.network_interfaces(interface.build())
        }
    }
}

fn options(request: RunInstancesFluentBuilder, sets: &Record) -> RunInstancesFluentBuilder {
    let profile = sets.get(attr::IAM_INSTANCE_PROFILE);
    let profile = profile.map(|name| IamInstanceProfileSpecification::builder().name(name).build());
    let monitoring = sets
        .get(attr::MONITORING)
        .map(|on| RunInstancesMonitoringEnabled::builder().enabled(on).build());
    let metadata = sets.get(attr::METADATA_OPTIONS).map(metadata);
    request
        .set_iam_instance_profile(profile)
        .set_monitoring(monitoring)
        .set_metadata_options(metadata)
}

fn metadata(options: &Record) -> InstanceMetadataOptionsRequest {
    let limit = options.get(attr::HTTP_PUT_RESPONSE_HOP_LIMIT);
    InstanceMetadataOptionsRequest::builder()
        .set_http_endpoint(
            options
                .get(attr::HTTP_ENDPOINT)
                .map(InstanceMetadataEndpointState::from),
        )
        .set_http_tokens(options.get(attr::HTTP_TOKENS).map(HttpTokensState::from))
        .set_http_put_response_hop_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
        .set_instance_metadata_tags(
            options
                .get(attr::INSTANCE_METADATA_TAGS)
                .map(InstanceMetadataTagsState::from),
        )
        .build()
}

/// Whether anything is left to ask of the root volume at launch: EC2 takes no empty mapping.
fn asks(volume: &Record) -> bool {
    volume
        .iter()
        .any(|(name, value)| name != attr::ENCRYPTED.name || value == &Value::Bool(true))
}

fn mapping(device: &str, volume: &Record) -> BlockDeviceMapping {
    let number = |field| volume.get(field).and_then(|value| i32::try_from(value).ok());
    let volume = EbsBlockDevice::builder()
        .set_volume_size(number(attr::SIZE))
        .set_volume_type(volume.get(attr::TYPE).map(VolumeType::from))
        .set_iops(number(attr::IOPS))
        .set_throughput(number(attr::THROUGHPUT))
        // The image's snapshot decides, unless encryption is asked for: EC2 does not take a no.
        .set_encrypted(volume.get(attr::ENCRYPTED).filter(|on| *on))
        .set_delete_on_termination(volume.get(attr::DELETE_ON_TERMINATION))
        .build();
    BlockDeviceMapping::builder()
        .device_name(device)
        .ebs(volume)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_declared_is_asked_for() {
        let declared = mapping(
            "/dev/xvda",
            &Record::new().with(attr::SIZE, 20).with(attr::ENCRYPTED, false),
        );
        let ebs = declared.ebs().unwrap();
        assert_eq!(
            (ebs.volume_size(), ebs.encrypted(), ebs.iops(), ebs.volume_type()),
            (Some(20), None, None, None)
        );
        assert!(
            asks(&Record::new().with(attr::DELETE_ON_TERMINATION, false))
                && asks(&Record::new().with(attr::ENCRYPTED, true))
        );
        assert!(!asks(&Record::new()) && !asks(&Record::new().with(attr::ENCRYPTED, false)));
        let options = metadata(&Record::new().with(attr::HTTP_TOKENS, "required"));
        assert_eq!(
            (options.http_tokens(), options.http_endpoint()),
            (Some(&HttpTokensState::Required), None)
        );
    }
}
