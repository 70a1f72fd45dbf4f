//! Folding an instance as EC2 answers it into the spec's language.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    InstanceMetadataOptionsResponse, InstanceNetworkInterface, InstanceNetworkInterfaceAssociation,
};
use trueup_model::kinds::instance::{Instance, MetadataOptions};
use trueup_model::outside::ARCHITECTURE;
use trueup_model::{Object, Record, Ref, Value};

use super::fact;
use crate::answer::{Reader, STATE, facts, some};
use crate::failure::Failure;
use crate::kinds::security_group;

type Live = aws_sdk_ec2::types::Instance;

/// The states of an instance that is there, and what a spec calls them.
const STATES: [(&str, &str); 4] = [
    ("pending", "running"),
    ("running", "running"),
    ("stopping", "stopped"),
    ("stopped", "stopped"),
];

/// The states of detailed monitoring, and whether it is on.
const MONITORING: [(&str, bool); 4] = [
    ("disabled", false),
    ("disabling", false),
    ("enabled", true),
    ("pending", true),
];

/// The state in EC2's words; empty where it did not say any.
pub fn state(instance: &Live) -> &str {
    instance
        .state()
        .and_then(|state| state.name())
        .map_or("", |name| name.as_str())
}

pub fn fold(mut instance: Live) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let live = reader.word(
        STATE,
        "instanceState",
        Some(state(&instance)),
        &STATES.map(|(word, _)| word),
    );
    let primary = primary(&mut instance, &mut reader);
    let facts = known(&mut instance, &live, &primary);
    let check = instance.source_dest_check.or(primary.source_dest_check);
    let monitoring = instance.monitoring.and_then(|monitoring| monitoring.state);
    let monitoring = reader.word(
        "monitoring",
        "monitoring",
        monitoring.as_ref().map(|state| state.as_str()),
        &MONITORING.map(|(word, _)| word),
    );
    let profile = instance
        .iam_instance_profile
        .map(|profile| reader.text("iam_instance_profile", "arn", profile.arn));
    let typed = Instance {
        image: reader.text("image", "imageId", instance.image_id),
        instance_type: reader.text(
            "instance_type",
            "instanceType",
            instance.instance_type.map(|ty| ty.as_str().to_owned()),
        ),
        subnet: reader.id("subnet", "subnetId", instance.subnet_id),
        security_groups: groups(primary.groups.unwrap_or_default(), &mut reader),
        // EC2 leaves it out where there is none.
        key_pair: instance
            .key_name
            .map(|name| reader.id("key_pair", "keyName", Some(name))),
        // A stopped instance has lost its address, and one that starts may not have it yet.
        associate_public_ip_address: Some(public(
            &instance.public_ip_address,
            primary.association,
            &mut reader,
        ))
        .filter(|_| live == "running"),
        elastic_ip: None,
        private_ip_address: Some(reader.text(
            "private_ip_address",
            "privateIpAddress",
            instance.private_ip_address,
        )),
        user_data: None,
        iam_instance_profile: profile.map(|arn| last(&arn)),
        source_dest_check: reader.always("source_dest_check", "sourceDestCheck", check),
        monitoring: MONITORING.contains(&(monitoring.as_str(), true)),
        disable_api_termination: None,
        metadata_options: metadata(instance.metadata_options, &mut reader),
        ebs_optimized: Some(reader.always("ebs_optimized", "ebsOptimized", instance.ebs_optimized)),
        root_volume: None,
        state: STATES
            .iter()
            .find(|(word, _)| *word == live)
            .map_or_else(String::new, |(_, ours)| (*ours).to_owned()),
    };
    reader.object(
        "DescribeInstances",
        instance.instance_id,
        &typed,
        instance.tags,
        facts,
    )
}

/// The interface that the instance was launched with: its groups are the instance's, and there they change.
fn primary(instance: &mut Live, reader: &mut Reader) -> InstanceNetworkInterface {
    let index = |interface: &InstanceNetworkInterface| {
        interface
            .attachment()
            .and_then(|attachment| attachment.device_index())
    };
    let found = instance
        .network_interfaces
        .take()
        .unwrap_or_default()
        .into_iter()
        .find(|interface| index(interface) == Some(0));
    found.unwrap_or_else(|| {
        reader.unknown(
            "security_groups",
            "EC2 did not say which of its `networkInterfaceSet` is the first".to_owned(),
        );
        InstanceNetworkInterface::builder().build()
    })
}

/// Whether it has a public address. EC2 says it twice.
fn public(
    address: &Option<String>,
    association: Option<InstanceNetworkInterfaceAssociation>,
    reader: &mut Reader,
) -> bool {
    let is = address.as_ref().is_some_and(|address| !address.is_empty());
    let of_interface = association.is_some_and(|association| some(association.public_ip).is_some());
    if is != of_interface {
        let why = "EC2 says of its first interface that it has a public address, and of itself that it has none, or the reverse";
        reader.unknown("associate_public_ip_address", why.to_owned());
    }
    is
}

/// What acts need and plans tell, and no spec declares.
fn known(instance: &mut Live, live: &str, primary: &InstanceNetworkInterface) -> Record {
    let root = instance.root_device_name.clone();
    let mappings = instance.block_device_mappings.take().unwrap_or_default();
    let volume = mappings
        .into_iter()
        .find(|mapping| root.is_some() && mapping.device_name == root)
        .and_then(|mapping| mapping.ebs);
    let mut facts = facts([
        (STATE, Some(live.to_owned())),
        ("public_ip", instance.public_ip_address.clone()),
        ("private_ip", instance.private_ip_address.clone()),
        (fact::VPC, instance.vpc_id.take()),
        (fact::INTERFACE, primary.network_interface_id.clone()),
        (fact::CLIENT_TOKEN, instance.client_token.take()),
        (fact::ROOT_DEVICE, root),
        (
            fact::ROOT_VOLUME,
            volume.as_ref().and_then(|volume| volume.volume_id.clone()),
        ),
    ]);
    facts.set_option(
        "root_volume_deleted_on_termination",
        volume.and_then(|volume| volume.delete_on_termination),
    );
    if let Some(architecture) = &instance.architecture {
        facts.set(ARCHITECTURE, architecture.as_str());
    }
    if let Some(options) = &instance.metadata_options {
        facts.set(fact::METADATA, every_option(options));
    }
    facts
}

/// The groups; those of an instance that has only the one that EC2 made with the VPC are none.
fn groups(groups: Vec<aws_sdk_ec2::types::GroupIdentifier>, reader: &mut Reader) -> Vec<Ref> {
    // An interface has at least one.
    if groups.is_empty() {
        reader.missing("security_groups", "groupSet");
    }
    if let [only] = &groups[..]
        && reader.text("security_groups", "groupName", only.group_name.clone()) == security_group::DEFAULT
    {
        return Vec::new();
    }
    groups
        .into_iter()
        .map(|group| reader.id("security_groups", "groupId", group.group_id))
        .collect()
}

/// The name at the end of an ARN.
fn last(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

fn metadata(
    options: Option<InstanceMetadataOptionsResponse>,
    reader: &mut Reader,
) -> Option<MetadataOptions> {
    const OPTIONS: &str = "metadata_options";
    let Some(options) = options else {
        reader.missing(OPTIONS, "metadataOptions");
        return None;
    };
    let read = MetadataOptions {
        http_endpoint: options.http_endpoint.map(|value| value.as_str().to_owned()),
        http_tokens: options.http_tokens.map(|value| value.as_str().to_owned()),
        http_put_response_hop_limit: options.http_put_response_hop_limit.map(i64::from),
        instance_metadata_tags: options
            .instance_metadata_tags
            .map(|value| value.as_str().to_owned()),
    };
    // moto leaves out what it was not told in a change. EC2 says all of them: where there are none, they were
    // left out on the way.
    if read.http_endpoint.is_none() && read.http_tokens.is_none() {
        reader.missing(OPTIONS, "metadataOptions");
    }
    Some(read)
}

/// All metadata options: those that a change leaves out are sent as they are.
fn every_option(options: &InstanceMetadataOptionsResponse) -> Record {
    let mut all = Record::new();
    all.set_option(
        "http_endpoint",
        options.http_endpoint.as_ref().map(|value| value.as_str()),
    );
    all.set_option(
        "http_tokens",
        options.http_tokens.as_ref().map(|value| value.as_str()),
    );
    all.set_option(
        "http_put_response_hop_limit",
        options.http_put_response_hop_limit.map(i64::from),
    );
    all.set_option(
        "http_protocol_ipv6",
        options.http_protocol_ipv6.as_ref().map(|value| value.as_str()),
    );
    all.set_option(
        "instance_metadata_tags",
        options
            .instance_metadata_tags
            .as_ref()
            .map(|value| value.as_str()),
    );
    all
}

/// Adds what `DescribeAddresses` says: the Elastic IP address that an instance is reached by. Beside one,
/// whether the instance had a public address of its own cannot be seen.
pub fn complete(object: &mut Object, addresses: &BTreeMap<String, (String, String)>) {
    let by_interface = || addresses.get(object.facts.text(fact::INTERFACE));
    if let Some((address, association)) = addresses.get(&object.id).or_else(by_interface) {
        object
            .record
            .set("elastic_ip", Value::Ref(Ref::Id(address.clone())));
        object.record.remove("associate_public_ip_address");
        object.unread.remove("associate_public_ip_address");
        object.facts.set(fact::ASSOCIATION, association.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::builders::InstanceNetworkInterfaceBuilder;
    use aws_sdk_ec2::types::{
        EbsInstanceBlockDevice, GroupIdentifier, IamInstanceProfile, InstanceBlockDeviceMapping,
        InstanceNetworkInterfaceAttachment, InstanceState, InstanceStateName, Monitoring, MonitoringState,
    };

    fn group(id: &str, name: &str) -> GroupIdentifier {
        GroupIdentifier::builder().group_id(id).group_name(name).build()
    }

    fn interface(
        index: i32,
        groups: impl IntoIterator<Item = GroupIdentifier>,
    ) -> InstanceNetworkInterfaceBuilder {
        let attachment = InstanceNetworkInterfaceAttachment::builder()
            .device_index(index)
            .build();
        InstanceNetworkInterface::builder()
            .attachment(attachment)
            .set_groups(Some(groups.into_iter().collect()))
    }

    fn live(state: InstanceStateName) -> aws_sdk_ec2::types::builders::InstanceBuilder {
        let volume = EbsInstanceBlockDevice::builder()
            .volume_id("vol-1")
            .delete_on_termination(true)
            .build();
        Live::builder()
            .instance_id("i-00000001")
            .image_id("ami-00000001")
            .state(InstanceState::builder().name(state).build())
            .root_device_name("/dev/xvda")
            .block_device_mappings(
                InstanceBlockDeviceMapping::builder()
                    .device_name("/dev/xvda")
                    .ebs(volume)
                    .build(),
            )
            .network_interfaces(interface(0, [group("sg-00000001", "default")]).build())
            .iam_instance_profile(
                IamInstanceProfile::builder()
                    .arn("arn:aws:iam::1:instance-profile/path/web")
                    .build(),
            )
            .monitoring(Monitoring::builder().state(MonitoringState::Disabling).build())
            .key_name("my key")
    }

    #[test]
    fn what_ec2_fills_in_is_folded_away() {
        let object = fold(live(InstanceStateName::Running).build()).unwrap();
        assert_eq!(object.record.list("security_groups"), []);
        assert_eq!(object.record.text("iam_instance_profile"), "web");
        assert_eq!(object.record.get("monitoring"), Some(&Value::Bool(false)));
        assert_eq!(
            object.record.reference("key_pair"),
            Some(&Ref::Id("my key".into()))
        );
        assert_eq!(object.facts.text("root_volume_id"), "vol-1");
        assert_eq!(
            object.facts.get("root_volume_deleted_on_termination"),
            Some(&Value::Bool(true))
        );
    }

    #[test]
    fn the_groups_are_those_of_the_primary_interface() {
        let told = |interfaces: Vec<InstanceNetworkInterfaceBuilder>| {
            let interfaces = interfaces
                .into_iter()
                .map(InstanceNetworkInterfaceBuilder::build)
                .collect();
            let object = fold(
                live(InstanceStateName::Running)
                    .set_network_interfaces(Some(interfaces))
                    .build(),
            )
            .unwrap();
            object.record.get("security_groups").map(ToString::to_string)
        };
        let both = [group("sg-00000001", "default"), group("sg-00000002", "web")];
        assert_eq!(
            told(vec![interface(0, both.clone())]).unwrap(),
            "[sg-00000001, sg-00000002]"
        );
        let two = vec![
            interface(1, [group("sg-00000003", "db")]),
            interface(0, [group("sg-00000002", "web")]),
        ];
        assert_eq!(told(two).unwrap(), "[sg-00000002]");
        // Nobody says which one is the first, or what it has, or whether its group is the VPC's own.
        assert_eq!(told(vec![interface(1, both)]), None);
        assert_eq!(told(vec![interface(0, [])]), None);
        assert_eq!(
            told(vec![interface(
                0,
                [GroupIdentifier::builder().group_id("sg-00000002").build()]
            )]),
            None
        );
    }

    #[test]
    fn a_public_address_is_told_only_where_it_can_be_seen() {
        let with = |address: &str, of_interface: Option<&str>| {
            let association = of_interface.map(|address| {
                InstanceNetworkInterfaceAssociation::builder()
                    .public_ip(address)
                    .build()
            });
            let interface = interface(0, [group("sg-00000001", "default")])
                .set_association(association)
                .build();
            live(InstanceStateName::Running)
                .public_ip_address(address)
                .set_network_interfaces(Some(vec![interface]))
                .build()
        };
        let told = |instance: Live| {
            fold(instance)
                .unwrap()
                .record
                .get("associate_public_ip_address")
                .cloned()
        };
        assert_eq!(
            told(with("192.0.2.4", Some("192.0.2.4"))),
            Some(Value::Bool(true))
        );
        assert_eq!(told(with("", None)), Some(Value::Bool(false)));
        assert_eq!(told(live(InstanceStateName::Stopped).build()), None);
        // EC2 says it twice.
        assert_eq!(
            [told(with("", Some("192.0.2.4"))), told(with("192.0.2.4", None))],
            [None, None]
        );
        let mut object = fold(with("", Some("192.0.2.4"))).unwrap();
        complete(
            &mut object,
            &BTreeMap::from([(
                "i-00000001".to_owned(),
                ("eipalloc-00000001".to_owned(), "eipassoc-1".to_owned()),
            )]),
        );
        assert_eq!(object.record.get("associate_public_ip_address"), None);
        assert_eq!(
            object.record.reference("elastic_ip"),
            Some(&Ref::Id("eipalloc-00000001".into()))
        );
        assert!(!object.unread.contains_key("associate_public_ip_address"));
    }
}
