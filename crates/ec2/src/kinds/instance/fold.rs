//! Folding an instance as EC2 answers it into the spec's language.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use aws_sdk_ec2::types::{
    InstanceIpv6Address, InstanceMetadataOptionsResponse, InstanceNetworkInterface,
    InstanceNetworkInterfaceAssociation,
};
use trueup_model::kinds::instance::{Instance, MetadataOptions, attr};
use trueup_model::outside::ARCHITECTURE;
use trueup_model::{Attr, Object, Record, Ref};

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
    let mut primary = primary(&mut instance, &mut reader);
    let ipv6 = ipv6(&instance, primary.ipv6_addresses.take(), &mut reader);
    let mut facts = known(&mut instance, &live, &primary);
    facts.set_option(fact::IPV6, ipv6.as_deref().and_then(trueup_model::ipv6::joined));
    let check = instance.source_dest_check.or(primary.source_dest_check);
    let monitoring = instance.monitoring.and_then(|monitoring| monitoring.state);
    let monitoring = reader.word(
        attr::MONITORING,
        "monitoring",
        monitoring.as_ref().map(|state| state.as_str()),
        &MONITORING.map(|(word, _)| word),
    );
    let profile = instance
        .iam_instance_profile
        .map(|profile| reader.text(attr::IAM_INSTANCE_PROFILE, "arn", profile.arn));
    let typed = Instance {
        image: reader.text(attr::IMAGE, "imageId", instance.image_id),
        instance_type: reader.text(
            attr::INSTANCE_TYPE,
            "instanceType",
            instance.instance_type.map(|ty| ty.as_str().to_owned()),
        ),
        subnet: reader.id(attr::SUBNET, "subnetId", instance.subnet_id),
        security_groups: {
            let groups = primary.groups.unwrap_or_default().into_iter();
            let groups = groups.map(|group| (group.group_id, group.group_name));
            security_group::of_interface(groups.collect(), attr::SECURITY_GROUPS, &mut reader)
        },
        // EC2 leaves it out where there is none.
        key_pair: instance
            .key_name
            .map(|name| reader.id(attr::KEY_PAIR, "keyName", Some(name))),
        // A stopped instance has lost its address, and one that starts may not have it yet.
        associate_public_ip_address: Some(public(
            &instance.public_ip_address,
            primary.association,
            &mut reader,
        ))
        .filter(|_| live == "running"),
        elastic_ip: None,
        private_ip_address: Some(reader.text(
            attr::PRIVATE_IP_ADDRESS,
            "privateIpAddress",
            instance.private_ip_address,
        )),
        ipv6_address_count: ipv6.as_ref().and_then(|all| i64::try_from(all.len()).ok()),
        ipv6_addresses: ipv6,
        user_data: None,
        iam_instance_profile: profile.map(|arn| last(&arn)),
        source_dest_check: reader.always(attr::SOURCE_DEST_CHECK, "sourceDestCheck", check),
        monitoring: MONITORING.contains(&(monitoring.as_str(), true)),
        disable_api_termination: None,
        metadata_options: metadata(instance.metadata_options, &mut reader),
        ebs_optimized: Some(reader.always(attr::EBS_OPTIMIZED, "ebsOptimized", instance.ebs_optimized)),
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
            attr::SECURITY_GROUPS,
            "EC2 did not say which of its `networkInterfaceSet` is the first".to_owned(),
        );
        InstanceNetworkInterface::builder().build()
    })
}

/// The IPv6 addresses of the first interface. EC2 says one of them twice.
fn ipv6(
    instance: &Live,
    addresses: Option<Vec<InstanceIpv6Address>>,
    reader: &mut Reader,
) -> Option<Vec<String>> {
    let read = |address: InstanceIpv6Address| match address.ipv6_address.unwrap_or_default() {
        text if text.is_empty() => Err("EC2 did not say one of its `ipv6Address`".to_owned()),
        text => match text.parse::<Ipv6Addr>() {
            Ok(address) => Ok(address.to_string()),
            Err(_) => Err(format!("EC2 says `{text}` as its `ipv6Address`, which is none")),
        },
    };
    let all = addresses
        .ok_or_else(|| "EC2 did not say its `ipv6AddressesSet`".to_owned())
        .and_then(|all| all.into_iter().map(read).collect::<Result<Vec<_>, _>>());
    let own = instance.ipv6_address.as_deref().filter(|own| !own.is_empty());
    let is_among = |all: &[String]| own.is_none_or(|own| all.iter().any(|one| one == own));
    let why = match all {
        Ok(all) if is_among(&all) => return Some(all),
        Ok(_) => "EC2 says an `ipv6Address` that its first interface has not".to_owned(),
        Err(why) => why,
    };
    reader.unknown(attr::IPV6_ADDRESS_COUNT, why.clone());
    reader.unknown(attr::IPV6_ADDRESSES, why);
    None
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
        reader.unknown(attr::ASSOCIATE_PUBLIC_IP_ADDRESS, why.to_owned());
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
        (fact::PUBLIC_IP, instance.public_ip_address.clone()),
        (fact::PRIVATE_IP, instance.private_ip_address.clone()),
        (fact::VPC, instance.vpc_id.take()),
        (fact::NETWORK_INTERFACE, primary.network_interface_id.clone()),
        (fact::CLIENT_TOKEN, instance.client_token.take()),
        (fact::ROOT_DEVICE, root),
        (
            fact::ROOT_VOLUME_ID,
            volume.as_ref().and_then(|volume| volume.volume_id.clone()),
        ),
    ]);
    facts.set_option(
        fact::ROOT_VOLUME_GOES,
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

/// The name at the end of an ARN.
fn last(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

fn metadata(
    options: Option<InstanceMetadataOptionsResponse>,
    reader: &mut Reader,
) -> Option<MetadataOptions> {
    const OPTIONS: Attr<Record> = attr::METADATA_OPTIONS;
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
        attr::HTTP_ENDPOINT,
        options.http_endpoint.as_ref().map(|value| value.as_str()),
    );
    all.set_option(
        attr::HTTP_TOKENS,
        options.http_tokens.as_ref().map(|value| value.as_str()),
    );
    all.set_option(
        attr::HTTP_PUT_RESPONSE_HOP_LIMIT,
        options.http_put_response_hop_limit.map(i64::from),
    );
    all.set_option(
        fact::HTTP_PROTOCOL_IPV6,
        options.http_protocol_ipv6.as_ref().map(|value| value.as_str()),
    );
    all.set_option(
        attr::INSTANCE_METADATA_TAGS,
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
    let by_interface = || addresses.get(object.facts.text(fact::NETWORK_INTERFACE));
    if let Some((address, association)) = addresses.get(&object.id).or_else(by_interface) {
        object.record.set(attr::ELASTIC_IP, Ref::Id(address.clone()));
        object.record.remove(attr::ASSOCIATE_PUBLIC_IP_ADDRESS);
        object.unread.remove(attr::ASSOCIATE_PUBLIC_IP_ADDRESS.name);
        object
            .facts
            .set(fact::ELASTIC_IP_ASSOCIATION, association.clone());
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
            .set_ipv6_addresses(Some(Vec::new()))
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
        assert_eq!(object.record.list(attr::SECURITY_GROUPS), []);
        assert_eq!(object.record.text(attr::IAM_INSTANCE_PROFILE), "web");
        assert_eq!(object.record.get(attr::MONITORING), Some(false));
        assert_eq!(object.record.get(attr::KEY_PAIR), Some(&Ref::Id("my key".into())));
        assert_eq!(object.facts.text(fact::ROOT_VOLUME_ID), "vol-1");
        assert_eq!(object.facts.get(fact::ROOT_VOLUME_GOES), Some(true));
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
            object
                .record
                .value(attr::SECURITY_GROUPS.name)
                .map(ToString::to_string)
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
    fn ipv6_addresses_are_those_of_the_primary_interface() {
        let told = |addresses: Option<&[&str]>, own: Option<&str>| {
            let all = addresses.map(|all| {
                let each = all
                    .iter()
                    .map(|one| InstanceIpv6Address::builder().ipv6_address(*one).build());
                each.collect()
            });
            let first = interface(0, [group("sg-00000001", "default")]).set_ipv6_addresses(all);
            let instance = live(InstanceStateName::Stopped)
                .set_network_interfaces(Some(vec![first.build()]))
                .set_ipv6_address(own.map(str::to_owned));
            let object = fold(instance.build()).unwrap();
            let list = object
                .record
                .value(attr::IPV6_ADDRESSES.name)
                .map(ToString::to_string);
            assert_eq!(
                list.is_none(),
                object.unread.contains_key(attr::IPV6_ADDRESS_COUNT.name)
            );
            (list, object.record.get(attr::IPV6_ADDRESS_COUNT))
        };
        let known = |list: &str, count: i64| (Some(list.to_owned()), Some(count));
        assert_eq!(told(Some(&[]), None), known("[]", 0));
        assert_eq!(
            told(Some(&["2001:DB8::9", "2001:db8::8"]), Some("2001:db8::8")),
            known("[2001:db8::8, 2001:db8::9]", 2)
        );
        // Left out, no address, and not the one that EC2 says of the instance.
        assert_eq!(told(None, None), (None, None));
        assert_eq!(told(Some(&["10.0.0.4"]), None), (None, None));
        assert_eq!(told(Some(&[]), Some("2001:db8::8")), (None, None));
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
                .get(attr::ASSOCIATE_PUBLIC_IP_ADDRESS)
        };
        assert_eq!(told(with("192.0.2.4", Some("192.0.2.4"))), Some(true));
        assert_eq!(told(with("", None)), Some(false));
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
        assert_eq!(object.record.get(attr::ASSOCIATE_PUBLIC_IP_ADDRESS), None);
        assert_eq!(
            object.record.get(attr::ELASTIC_IP),
            Some(&Ref::Id("eipalloc-00000001".into()))
        );
        assert!(!object.unread.contains_key(attr::ASSOCIATE_PUBLIC_IP_ADDRESS.name));
    }
}
