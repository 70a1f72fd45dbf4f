//! The network interfaces of a region: one more list of the bulk read. They say who else is there and uses
//! what; where one of them is not whole, that is not known.

use std::net::IpAddr;

use aws_sdk_ec2::types;
use trueup_model::kind::is_id_tail;
use trueup_model::{Interfaces, Kind, NetworkInterface};

use super::pages;
use crate::Ec2;
use crate::answer::{Reader, STATE, needed, some};
use crate::failure::Failure;

const ACTION: &str = "DescribeNetworkInterfaces";

/// The states of an interface, in EC2's words.
const STATES: [&str; 5] = ["available", "associated", "attaching", "in-use", "detaching"];

/// All network interfaces. Whoever may not read them still gets plans: who uses a group is then not known,
/// and is said so.
pub async fn interfaces(ec2: &Ec2) -> Interfaces {
    let mut found = Vec::new();
    let request = ec2.client.describe_network_interfaces().max_results(1000);
    let read = async {
        pages!(
            ec2,
            "DescribeNetworkInterfaces",
            request,
            network_interfaces,
            |interface: types::NetworkInterface| {
                found.push(fold(interface)?);
                Ok::<_, Failure>(())
            }
        );
        Ok::<_, Failure>(())
    };
    if let Err(failure) = read.await {
        return Interfaces::Unread(trueup_model::CloudError::from(failure).message);
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Interfaces::Read(found)
}

fn fold(interface: types::NetworkInterface) -> Result<NetworkInterface, Failure> {
    let is_id = |id: &String| id.strip_prefix("eni-").is_some_and(is_id_tail);
    let id = needed(
        ACTION,
        "networkInterfaceId",
        interface.network_interface_id.filter(is_id),
    )?;
    let mut reader = Reader::default();
    let status = reader.word(
        STATE,
        "status",
        interface.status.as_ref().map(|status| status.as_str()),
        &STATES,
    );
    let attachment = interface.attachment;
    if let Some(attachment) = &attachment {
        reader.text("attachment", "attachmentId", attachment.attachment_id.clone());
    }
    let instance = attachment
        .as_ref()
        .and_then(|attachment| some(attachment.instance_id.clone()));
    let groups = reader.always("groups", "groupSet", interface.groups);
    let mut addresses = addresses(
        interface.private_ip_addresses,
        interface.private_ip_address,
        &mut reader,
    );
    addresses.extend(ipv6(interface.ipv6_addresses, &mut reader));
    let read = NetworkInterface {
        vpc: id_of(Kind::Vpc, "vpc", "vpcId", interface.vpc_id, &mut reader),
        subnet: id_of(
            Kind::Subnet,
            "subnet",
            "subnetId",
            interface.subnet_id,
            &mut reader,
        ),
        addresses,
        groups: groups
            .into_iter()
            .map(|group| {
                id_of(
                    Kind::SecurityGroup,
                    "groups",
                    "groupId",
                    group.group_id,
                    &mut reader,
                )
            })
            .collect(),
        interface_type: reader.text(
            "interface_type",
            "interfaceType",
            interface.interface_type.map(|kind| kind.as_str().to_owned()),
        ),
        description: interface.description.unwrap_or_default(),
        owner: interface.owner_id.unwrap_or_default(),
        requester: some(interface.requester_id),
        instance: instance.map(|id| id_of(Kind::Instance, "instance", "instanceId", Some(id), &mut reader)),
        attached: attachment.is_some() || status == "in-use",
        source_dest_check: reader.always(
            "source_dest_check",
            "sourceDestCheck",
            interface.source_dest_check,
        ),
        id,
    };
    match reader.first_unread() {
        Some(why) => Err(Failure::invalid(
            ACTION,
            format!("of {} not everything is known: {why}", read.id),
        )),
        None => Ok(read),
    }
}

/// An id that EC2 always sends, of this kind.
fn id_of(
    kind: Kind,
    name: &'static str,
    element: &'static str,
    id: Option<String>,
    reader: &mut Reader,
) -> String {
    let id = reader.text(name, element, id);
    if !id.is_empty() && !kind.is_id(&id) {
        reader.unknown(
            name,
            format!("EC2 says `{id}` as its `{element}`, which is no id of kind {kind}"),
        );
    }
    id
}

/// The IPv6 addresses, which no internet gateway puts others in the place of. Where there are none, EC2 says so.
fn ipv6(
    set: Option<Vec<types::NetworkInterfaceIpv6Address>>,
    reader: &mut Reader,
) -> Vec<(IpAddr, Option<IpAddr>)> {
    const NAME: &str = "ipv6_addresses";
    let mut found = Vec::new();
    for own in reader.always(NAME, "ipv6AddressesSet", set) {
        let text = reader.text(NAME, "ipv6Address", own.ipv6_address);
        match text.parse() {
            Ok(address) => found.push((IpAddr::V6(address), None)),
            Err(_) if text.is_empty() => {}
            Err(_) => reader.unknown(
                NAME,
                format!("EC2 says `{text}` as its `ipv6Address`, which is no IPv6 address"),
            ),
        }
    }
    found
}

/// The private addresses, the primary one first, each with its public one. EC2 says the primary one twice.
fn addresses(
    set: Option<Vec<types::NetworkInterfacePrivateIpAddress>>,
    primary: Option<String>,
    reader: &mut Reader,
) -> Vec<(IpAddr, Option<IpAddr>)> {
    const NAME: &str = "addresses";
    let mut set = reader.always(NAME, "privateIpAddressesSet", set);
    set.sort_by_key(|address| address.primary != Some(true));
    let mut found = Vec::new();
    for own in set {
        let private = reader.text(NAME, "privateIpAddress", own.private_ip_address);
        let public = own
            .association
            .map(|association| reader.text(NAME, "publicIp", association.public_ip));
        let mut parsed = |text: &str| {
            let parsed = text.parse::<IpAddr>().ok();
            if parsed.is_none() {
                reader.unknown(NAME, format!("EC2 says `{text}`, which is no address"));
            }
            parsed
        };
        let public = public.map(|public| parsed(&public));
        found.extend(parsed(&private).map(|private| (private, public.flatten())));
    }
    let first = found.first().map(|(private, _)| private.to_string());
    if some(primary) != first {
        reader.unknown(
            NAME,
            "its `privateIpAddress` is not the primary one of its `privateIpAddressesSet`".to_owned(),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::builders::NetworkInterfaceBuilder;
    use types::{
        GroupIdentifier, NetworkInterfaceAssociation, NetworkInterfaceAttachment,
        NetworkInterfacePrivateIpAddress as Own, NetworkInterfaceStatus,
    };

    /// An interface as EC2 answers it.
    fn whole() -> NetworkInterfaceBuilder {
        let public = NetworkInterfaceAssociation::builder()
            .public_ip("34.1.1.1")
            .build();
        let first = Own::builder()
            .primary(true)
            .private_ip_address("10.0.1.4")
            .association(public)
            .build();
        let second = Own::builder()
            .primary(false)
            .private_ip_address("10.0.1.5")
            .build();
        types::NetworkInterface::builder()
            .set_ipv6_addresses(Some(Vec::new()))
            .network_interface_id("eni-00000001")
            .vpc_id("vpc-00000001")
            .subnet_id("subnet-00000001")
            .status(NetworkInterfaceStatus::Available)
            .private_ip_address("10.0.1.4")
            .private_ip_addresses(second)
            .private_ip_addresses(first)
            .groups(GroupIdentifier::builder().group_id("sg-00000001").build())
            .source_dest_check(true)
            .interface_type("network_load_balancer".into())
            .description("ELB app/shop/50dc6c495c0c9188")
            .requester_id("amazon-elb")
    }

    #[test]
    fn the_primary_address_comes_first_with_its_public_one() {
        let read = fold(whole().build()).unwrap();
        let public = Some("34.1.1.1".parse().unwrap());
        assert_eq!(
            read.addresses,
            [
                ("10.0.1.4".parse().unwrap(), public),
                ("10.0.1.5".parse().unwrap(), None)
            ]
        );
        assert_eq!(
            read.to_string(),
            "interface eni-00000001 (ELB app/shop/50dc6c495c0c9188)"
        );
        assert!(!read.attached && read.source_dest_check);
    }

    #[test]
    fn ipv6_addresses_come_after_the_private_ones() {
        let own = |text: &str| {
            types::NetworkInterfaceIpv6Address::builder()
                .ipv6_address(text)
                .build()
        };
        let read = fold(whole().ipv6_addresses(own("2001:DB8::9")).build()).unwrap();
        assert_eq!(read.addresses[2], ("2001:db8::9".parse().unwrap(), None));
        assert!(fold(whole().ipv6_addresses(own("10.0.0.9")).build()).is_err());
    }

    #[test]
    fn what_ec2_always_says_and_did_not_is_not_guessed() {
        let group = |id: &str| Some(vec![GroupIdentifier::builder().group_id(id).build()]);
        let own = |text: &str| Own::builder().primary(true).private_ip_address(text);
        let address = |text: &str| Some(vec![own(text).build()]);
        let public = |text: &str| {
            let association = NetworkInterfaceAssociation::builder().public_ip(text).build();
            Some(vec![own("10.0.1.4").association(association).build()])
        };
        let attached = || NetworkInterfaceAttachment::builder().attachment_id("eni-attach-00000001");
        for (element, spoiled) in [
            ("networkInterfaceId", whole().set_network_interface_id(None)),
            ("networkInterfaceId", whole().network_interface_id("zzz")),
            ("vpcId", whole().set_vpc_id(None)),
            ("vpcId", whole().vpc_id("zzz")),
            ("subnetId", whole().set_subnet_id(None)),
            ("status", whole().set_status(None)),
            ("status", whole().status("zzz".into())),
            ("interfaceType", whole().set_interface_type(None)),
            ("groupSet", whole().set_groups(None)),
            ("groupId", whole().set_groups(group(""))),
            ("groupId", whole().set_groups(group("zzz"))),
            ("sourceDestCheck", whole().set_source_dest_check(None)),
            ("ipv6AddressesSet", whole().set_ipv6_addresses(None)),
            ("privateIpAddressesSet", whole().set_private_ip_addresses(None)),
            (
                "privateIpAddressesSet",
                whole().set_private_ip_addresses(Some(Vec::new())),
            ),
            (
                "10.0.1.400",
                whole().set_private_ip_addresses(address("10.0.1.400")),
            ),
            ("privateIpAddress", whole().private_ip_address("10.0.1.5")),
            ("publicIp", whole().set_private_ip_addresses(public(""))),
            ("zzz", whole().set_private_ip_addresses(public("zzz"))),
            (
                "attachmentId",
                whole().attachment(NetworkInterfaceAttachment::builder().build()),
            ),
            (
                "instanceId",
                whole().attachment(attached().instance_id("zzz").build()),
            ),
        ] {
            let why = fold(spoiled.build()).unwrap_err().message;
            assert!(why.contains(element), "{element}: {why}");
        }
        // What somebody else's service has attached is no instance.
        let by_a_service = whole()
            .attachment(attached().build())
            .status(NetworkInterfaceStatus::InUse);
        assert!(fold(by_a_service.build()).is_ok_and(|read| read.attached && read.instance.is_none()));
    }
}
