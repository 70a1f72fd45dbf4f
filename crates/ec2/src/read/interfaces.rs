//! The network interfaces of a region: one more list of the bulk read.

use aws_sdk_ec2::types;
use trueup_model::{Interfaces, NetworkInterface};

use super::pages;
use crate::Ec2;
use crate::answer::some;
use crate::failure::Failure;

/// All network interfaces. Whoever may not read them still gets plans: who uses a group is then not known, and is said so.
pub async fn interfaces(ec2: &Ec2) -> Interfaces {
    let mut found = Vec::new();
    let request = ec2.client.describe_network_interfaces().max_results(1000);
    let read = async {
        pages!(ec2, "DescribeNetworkInterfaces", request, network_interfaces, |interface: types::NetworkInterface| {
            found.push(fold(interface));
            Ok::<_, Failure>(())
        });
        Ok::<_, Failure>(())
    };
    if let Err(failure) = read.await {
        return Interfaces::Unread(trueup_model::CloudError::from(failure).message);
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Interfaces::Read(found)
}

fn fold(interface: types::NetworkInterface) -> NetworkInterface {
    let own = interface.private_ip_addresses.unwrap_or_default();
    let mut own: Vec<_> = own.iter().collect();
    own.sort_by_key(|address| address.primary != Some(true));
    let address = |own: &&types::NetworkInterfacePrivateIpAddress| {
        let public = own.association().and_then(|association| association.public_ip()?.parse().ok());
        Some((own.private_ip_address()?.parse().ok()?, public))
    };
    let attachment = interface.attachment;
    NetworkInterface {
        id: interface.network_interface_id.unwrap_or_default(),
        vpc: interface.vpc_id.unwrap_or_default(),
        subnet: interface.subnet_id.unwrap_or_default(),
        addresses: own.iter().filter_map(address).collect(),
        groups: interface.groups.unwrap_or_default().into_iter().filter_map(|group| group.group_id).collect(),
        interface_type: interface.interface_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        description: interface.description.unwrap_or_default(),
        owner: interface.owner_id.unwrap_or_default(),
        requester: some(interface.requester_id),
        instance: attachment.as_ref().and_then(|attachment| some(attachment.instance_id.clone())),
        attached: attachment.is_some() || interface.status.is_some_and(|status| status.as_str() == "in-use"),
        // What EC2 does not say is on, as EC2 makes interfaces.
        source_dest_check: interface.source_dest_check != Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{NetworkInterfaceAssociation, NetworkInterfacePrivateIpAddress as Own};

    #[test]
    fn the_primary_address_comes_first_with_its_public_one() {
        let public = NetworkInterfaceAssociation::builder().public_ip("34.1.1.1").build();
        let first = Own::builder().primary(true).private_ip_address("10.0.1.4").association(public).build();
        let second = Own::builder().primary(false).private_ip_address("10.0.1.5").build();
        let interface = types::NetworkInterface::builder()
            .network_interface_id("eni-1")
            .private_ip_addresses(second)
            .private_ip_addresses(first)
            .description("ELB app/shop/50dc6c495c0c9188")
            .requester_id("amazon-elb")
            .build();
        let read = fold(interface);
        let public = Some("34.1.1.1".parse().unwrap());
        assert_eq!(read.addresses, [("10.0.1.4".parse().unwrap(), public), ("10.0.1.5".parse().unwrap(), None)]);
        assert_eq!(read.to_string(), "interface eni-1 (ELB app/shop/50dc6c495c0c9188)");
        assert!(!read.attached && read.source_dest_check);
    }
}
