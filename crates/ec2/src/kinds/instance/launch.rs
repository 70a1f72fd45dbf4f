//! `RunInstances`: all that a launch takes, in one call.

use aws_sdk_ec2::operation::run_instances::RunInstancesOutput;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, HttpTokensState, IamInstanceProfileSpecification, Instance,
    InstanceMetadataEndpointState, InstanceMetadataOptionsRequest, InstanceMetadataTagsState,
    InstanceNetworkInterfaceSpecification, RunInstancesMonitoringEnabled, VolumeType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use trueup_model::kinds::instance::wait;
use trueup_model::{Acted, Record, Value};

use super::fold;
use crate::act::{Task, ids, made};
use crate::failure::Failure;
use crate::kinds::key_pair;
use crate::{image, ownership, tags};

pub async fn launch(task: &Task<'_>) -> Result<Acted, Failure> {
    let sets = task.sets();
    let key = match task.set_id("key_pair") {
        Some(key) => Some(key_pair::name(task.ec2, &key).await?),
        None => None,
    };
    let root = match sets.get("root_volume").and_then(Value::as_map) {
        Some(volume) if asks(volume) => Some(mapping(
            &image::root_device(task.ec2, &task.text("image").unwrap_or_default()).await?,
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
            .set_image_id(task.text("image"))
            .set_instance_type(task.text("instance_type").map(|ty| ty.as_str().into()))
            .set_key_name(key.clone())
            .set_user_data(
                sets.get("user_data")
                    .and_then(Value::as_bytes)
                    .map(|bytes| STANDARD.encode(bytes)),
            )
            .set_disable_api_termination(switch(sets, "disable_api_termination"))
            .set_ebs_optimized(switch(sets, "ebs_optimized"))
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
    let answer = ownership::create_unless(
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

fn switch(record: &Record, name: &str) -> Option<bool> {
    record.get(name).and_then(Value::as_bool)
}

/// Subnet, groups and addresses. Only where a spec says whether there is a public address does the interface
/// have to be spelled out.
fn network(request: RunInstancesFluentBuilder, task: &Task<'_>) -> RunInstancesFluentBuilder {
    let groups = Some(ids(task.sets(), "security_groups")).filter(|groups| !groups.is_empty());
    let (subnet, address) = (task.set_id("subnet"), task.text("private_ip_address"));
    match switch(task.sets(), "associate_public_ip_address") {
        None => request
            .set_subnet_id(subnet)
            .set_private_ip_address(address)
            .set_security_group_ids(groups),
        Some(public) => {
            let interface = InstanceNetworkInterfaceSpecification::builder()
                .device_index(0)
                .associate_public_ip_address(public)
                .delete_on_termination(true)
                .set_subnet_id(subnet)
                .set_private_ip_address(address)
                .set_groups(groups);
            request.network_interfaces(interface.build())
        }
    }
}

fn options(request: RunInstancesFluentBuilder, sets: &Record) -> RunInstancesFluentBuilder {
    let profile = sets.get("iam_instance_profile").and_then(Value::as_text);
    let profile = profile.map(|name| IamInstanceProfileSpecification::builder().name(name).build());
    let monitoring =
        switch(sets, "monitoring").map(|on| RunInstancesMonitoringEnabled::builder().enabled(on).build());
    let metadata = sets.get("metadata_options").and_then(Value::as_map).map(metadata);
    request
        .set_iam_instance_profile(profile)
        .set_monitoring(monitoring)
        .set_metadata_options(metadata)
}

fn metadata(options: &Record) -> InstanceMetadataOptionsRequest {
    let text = |name: &str| options.get(name).and_then(Value::as_text);
    let limit = options.get("http_put_response_hop_limit").and_then(Value::as_int);
    InstanceMetadataOptionsRequest::builder()
        .set_http_endpoint(text("http_endpoint").map(InstanceMetadataEndpointState::from))
        .set_http_tokens(text("http_tokens").map(HttpTokensState::from))
        .set_http_put_response_hop_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
        .set_instance_metadata_tags(text("instance_metadata_tags").map(InstanceMetadataTagsState::from))
        .build()
}

/// Whether anything is left to ask of the root volume at launch: EC2 takes no empty mapping.
fn asks(volume: &Record) -> bool {
    volume
        .iter()
        .any(|(name, value)| name != "encrypted" || value == &Value::Bool(true))
}

fn mapping(device: &str, volume: &Record) -> BlockDeviceMapping {
    let number = |name: &str| {
        volume
            .get(name)
            .and_then(Value::as_int)
            .and_then(|value| i32::try_from(value).ok())
    };
    let volume = EbsBlockDevice::builder()
        .set_volume_size(number("size"))
        .set_volume_type(volume.get("type").and_then(Value::as_text).map(VolumeType::from))
        .set_iops(number("iops"))
        .set_throughput(number("throughput"))
        // The image's snapshot decides, unless encryption is asked for: EC2 does not take a no.
        .set_encrypted(switch(volume, "encrypted").filter(|on| *on))
        .set_delete_on_termination(switch(volume, "delete_on_termination"))
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
            &Record::new().with("size", 20).with("encrypted", false),
        );
        let ebs = declared.ebs().unwrap();
        assert_eq!(
            (ebs.volume_size(), ebs.encrypted(), ebs.iops(), ebs.volume_type()),
            (Some(20), None, None, None)
        );
        assert!(
            asks(&Record::new().with("delete_on_termination", false))
                && asks(&Record::new().with("encrypted", true))
        );
        assert!(!asks(&Record::new()) && !asks(&Record::new().with("encrypted", false)));
        let options = metadata(&Record::new().with("http_tokens", "required"));
        assert_eq!(
            (options.http_tokens(), options.http_endpoint()),
            (Some(&HttpTokensState::Required), None)
        );
    }
}
