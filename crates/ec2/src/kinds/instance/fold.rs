//! Folding an instance as EC2 answers it into the spec's language.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{InstanceMetadataOptionsResponse, InstanceNetworkInterface};
use trueup_model::kinds::instance::{Instance, MetadataOptions};
use trueup_model::{Object, Record, Ref, Value};

use super::fact;
use crate::answer::{facts, object, reference, some};
use crate::failure::Failure;
use crate::kinds::security_group;

type Live = aws_sdk_ec2::types::Instance;

/// The state in EC2's words.
pub fn state(instance: &Live) -> &str {
    instance.state().and_then(|state| state.name()).map_or("pending", |name| name.as_str())
}

pub fn fold(mut instance: Live) -> Result<Object, Failure> {
    let live = state(&instance).to_owned();
    let primary = primary(&mut instance);
    let facts = known(&mut instance, &live, primary.as_ref());
    // The instance's groups are those of its primary interface, and there they change.
    let own = primary.and_then(|interface| interface.groups).filter(|groups| !groups.is_empty());
    let security_groups = groups(own.or(instance.security_groups.take()).unwrap_or_default());
    let public = some(instance.public_ip_address).is_some();
    let typed = Instance {
        image: instance.image_id.unwrap_or_default(),
        instance_type: instance.instance_type.map_or_else(String::new, |ty| ty.as_str().to_owned()),
        subnet: Ref::Id(instance.subnet_id.unwrap_or_default()),
        security_groups,
        key_pair: reference(instance.key_name),
        // A stopped instance has lost its address, and one that starts may not have it yet.
        associate_public_ip_address: Some(public).filter(|_| live == "running"),
        elastic_ip: None,
        private_ip_address: some(instance.private_ip_address),
        user_data: None,
        iam_instance_profile: instance.iam_instance_profile.and_then(|profile| some(profile.arn)).map(|arn| last(&arn)),
        source_dest_check: instance.source_dest_check.unwrap_or(true),
        monitoring: instance.monitoring.and_then(|m| m.state).is_some_and(|s| matches!(s.as_str(), "enabled" | "pending")),
        disable_api_termination: None,
        metadata_options: instance.metadata_options.map(metadata),
        ebs_optimized: instance.ebs_optimized,
        root_volume: None,
        state: if matches!(live.as_str(), "stopping" | "stopped") { "stopped" } else { "running" }.to_owned(),
    };
    object(instance.instance_id, &typed, instance.tags, facts)
}

/// The interface that the instance was launched with.
fn primary(instance: &mut Live) -> Option<InstanceNetworkInterface> {
    let index = |interface: &InstanceNetworkInterface| interface.attachment().and_then(|attachment| attachment.device_index()).unwrap_or(0);
    instance.network_interfaces.take().unwrap_or_default().into_iter().min_by_key(index)
}

/// What acts need and plans tell, and no spec declares.
fn known(instance: &mut Live, live: &str, primary: Option<&InstanceNetworkInterface>) -> Record {
    let root = instance.root_device_name.clone();
    let mappings = instance.block_device_mappings.take().unwrap_or_default();
    let volume = mappings.into_iter().find(|mapping| mapping.device_name == root).and_then(|mapping| mapping.ebs);
    let mut facts = facts([
        ("state", Some(live.to_owned())),
        ("public_ip", instance.public_ip_address.clone()),
        ("private_ip", instance.private_ip_address.clone()),
        (fact::VPC, instance.vpc_id.take()),
        (fact::INTERFACE, primary.and_then(|interface| interface.network_interface_id.clone())),
        (fact::CLIENT_TOKEN, instance.client_token.take()),
        (fact::ROOT_DEVICE, root),
        (fact::ROOT_VOLUME, volume.as_ref().and_then(|volume| volume.volume_id.clone())),
    ]);
    facts.set_option("root_volume_deleted_on_termination", volume.and_then(|volume| volume.delete_on_termination));
    if let Some(options) = &instance.metadata_options {
        facts.set(fact::METADATA, every_option(options));
    }
    facts
}

/// The groups; those of an instance that has only the one that EC2 made with the VPC are none.
fn groups(groups: Vec<aws_sdk_ec2::types::GroupIdentifier>) -> Vec<Ref> {
    if let [only] = &groups[..]
        && only.group_name() == Some(security_group::DEFAULT)
    {
        return Vec::new();
    }
    groups.into_iter().filter_map(|group| reference(group.group_id)).collect()
}

/// The name at the end of an ARN.
fn last(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

fn metadata(options: InstanceMetadataOptionsResponse) -> MetadataOptions {
    MetadataOptions {
        http_endpoint: options.http_endpoint.map(|value| value.as_str().to_owned()),
        http_tokens: options.http_tokens.map(|value| value.as_str().to_owned()),
        http_put_response_hop_limit: options.http_put_response_hop_limit.map(i64::from),
        instance_metadata_tags: options.instance_metadata_tags.map(|value| value.as_str().to_owned()),
    }
}

/// All metadata options: those that a change leaves out are sent as they are.
fn every_option(options: &InstanceMetadataOptionsResponse) -> Record {
    let mut all = Record::new();
    all.set_option("http_endpoint", options.http_endpoint.as_ref().map(|value| value.as_str()));
    all.set_option("http_tokens", options.http_tokens.as_ref().map(|value| value.as_str()));
    all.set_option("http_put_response_hop_limit", options.http_put_response_hop_limit.map(i64::from));
    all.set_option("http_protocol_ipv6", options.http_protocol_ipv6.as_ref().map(|value| value.as_str()));
    all.set_option("instance_metadata_tags", options.instance_metadata_tags.as_ref().map(|value| value.as_str()));
    all
}

/// Adds what `DescribeAddresses` says: the Elastic IP address that an instance is reached by. Beside one, whether the instance
/// had a public address of its own cannot be seen.
pub fn complete(object: &mut Object, addresses: &BTreeMap<String, (String, String)>) {
    if let Some((address, association)) = addresses.get(&object.id) {
        object.record.set("elastic_ip", Value::Ref(Ref::Id(address.clone())));
        object.record.remove("associate_public_ip_address");
        object.facts.set(fact::ASSOCIATION, association.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{
        EbsInstanceBlockDevice, GroupIdentifier, IamInstanceProfile, InstanceBlockDeviceMapping, InstanceNetworkInterfaceAttachment,
        InstanceState, InstanceStateName, Monitoring, MonitoringState,
    };

    fn group(id: &str, name: &str) -> GroupIdentifier {
        GroupIdentifier::builder().group_id(id).group_name(name).build()
    }

    fn live(state: InstanceStateName) -> aws_sdk_ec2::types::builders::InstanceBuilder {
        let volume = EbsInstanceBlockDevice::builder().volume_id("vol-1").delete_on_termination(true).build();
        Live::builder()
            .instance_id("i-1")
            .image_id("ami-1")
            .state(InstanceState::builder().name(state).build())
            .root_device_name("/dev/xvda")
            .block_device_mappings(InstanceBlockDeviceMapping::builder().device_name("/dev/xvda").ebs(volume).build())
            .security_groups(group("sg-1", "default"))
            .iam_instance_profile(IamInstanceProfile::builder().arn("arn:aws:iam::1:instance-profile/path/web").build())
            .monitoring(Monitoring::builder().state(MonitoringState::Disabling).build())
            .key_name("my key")
    }

    #[test]
    fn what_ec2_fills_in_is_folded_away() {
        let object = fold(live(InstanceStateName::Running).build()).unwrap();
        assert_eq!(object.record.list("security_groups"), []);
        assert_eq!(object.record.text("iam_instance_profile"), "web");
        assert_eq!(object.record.get("monitoring"), Some(&Value::Bool(false)));
        assert_eq!(object.record.reference("key_pair"), Some(&Ref::Id("my key".into())));
        assert_eq!(object.facts.text("root_volume_id"), "vol-1");
        assert_eq!(object.facts.get("root_volume_deleted_on_termination"), Some(&Value::Bool(true)));
    }

    #[test]
    fn a_group_beside_the_default_one_is_told() {
        let object = fold(live(InstanceStateName::Running).security_groups(group("sg-2", "web")).build()).unwrap();
        assert_eq!(object.record.get("security_groups").unwrap().to_string(), "[sg-1, sg-2]");
    }

    #[test]
    fn the_groups_are_those_of_the_primary_interface() {
        let interface = |index, id| {
            let attachment = InstanceNetworkInterfaceAttachment::builder().device_index(index).build();
            InstanceNetworkInterface::builder().attachment(attachment).groups(group(id, id)).build()
        };
        let interfaces = vec![interface(1, "sg-3"), interface(0, "sg-2")];
        let object = fold(live(InstanceStateName::Running).set_network_interfaces(Some(interfaces)).build()).unwrap();
        assert_eq!(object.record.get("security_groups").unwrap().to_string(), "[sg-2]");
    }

    #[test]
    fn a_public_address_is_told_only_where_it_can_be_seen() {
        let told = |instance: Live| fold(instance).unwrap().record.get("associate_public_ip_address").cloned();
        assert_eq!(told(live(InstanceStateName::Running).public_ip_address("1.2.3.4").build()), Some(Value::Bool(true)));
        assert_eq!(told(live(InstanceStateName::Running).public_ip_address("").build()), Some(Value::Bool(false)));
        assert_eq!(told(live(InstanceStateName::Stopped).build()), None);
        let mut object = fold(live(InstanceStateName::Running).public_ip_address("1.2.3.4").build()).unwrap();
        complete(&mut object, &BTreeMap::from([("i-1".to_owned(), ("eipalloc-1".to_owned(), "eipassoc-1".to_owned()))]));
        assert_eq!(object.record.get("associate_public_ip_address"), None);
        assert_eq!(object.record.reference("elastic_ip"), Some(&Ref::Id("eipalloc-1".into())));
    }
}
