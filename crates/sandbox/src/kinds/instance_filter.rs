//! The filters of instances. Those of their interfaces are the filters of interfaces.

use super::instance::{Instance, interfaces, primary, state_code, volumes};
use super::network_interface::{self, NetworkInterface};
use super::volume::Volume;
use super::{Kind, yes};
use crate::call::ACCOUNT;
use crate::state::Region;
use crate::state::clock::stamp;
use crate::wire::filter::{Field, Seen, fields};

type See<'a, 'b> = &'a Seen<'b, Instance>;
type Add<'a> = &'a mut dyn FnMut(&str);

fn each_interface(seen: See<'_, '_>, mut each: impl FnMut(&str, &NetworkInterface)) {
    for (id, eni) in interfaces(seen.region, seen.id) {
        each(id, eni);
    }
}

fn each_group(seen: See<'_, '_>, mut each: impl FnMut(&str)) {
    if let Some((_, eni)) = primary(seen.region, seen.id) {
        eni.groups.iter().for_each(|group| each(group));
    }
}

fn public_ip(seen: See<'_, '_>) -> Option<String> {
    let (id, eni) = primary(seen.region, seen.id)?;
    network_interface::public(seen.region, id, eni, eni.private_ip()).map(|public| public.ip.to_string())
}

fn unless_gone(seen: See<'_, '_>, add: Add<'_>, value: &str) {
    if seen.row.state != "terminated" {
        add(value);
    }
}

fn each_volume(seen: See<'_, '_>, add: Add<'_>, value: fn(&str, &str, &Volume) -> String) {
    for (device, (id, volume)) in volumes(seen.region, seen.id) {
        add(&value(device, id, volume));
    }
}

fn public_dns_name(seen: See<'_, '_>) -> Option<String> {
    let (id, eni) = primary(seen.region, seen.id)?;
    let public = network_interface::public(seen.region, id, eni, eni.private_ip())?;
    network_interface::public_name(seen.region, &eni.vpc, public.ip)
}

/// The values that the instance's interfaces have for one of their own filters.
fn of_interfaces(seen: See<'_, '_>, add: Add<'_>, name: &str) {
    let Some(field) = NetworkInterface::FIELDS.iter().find(|field| field.name == name) else {
        return;
    };
    for (id, row) in interfaces(seen.region, seen.id) {
        (field.values)(
            &Seen {
                id,
                row,
                region: seen.region,
            },
            add,
        );
    }
}

fn group_name(region: &Region, id: &str) -> String {
    region
        .security_groups
        .get(id)
        .map(|group| group.name.clone())
        .unwrap_or_default()
}

/// The filters that instances can pass.
pub const FIELDS: &[Field<Instance>] = fields![Instance:
    "instance-id" => |seen, add| add(seen.id),
    "instance-state-name" => |seen, add| add(&seen.row.state),
    "instance-state-code" => |seen, add| add(&state_code(&seen.row.state).to_string()),
    "instance-type" => |seen, add| add(&seen.row.kind),
    "image-id" => |seen, add| add(&seen.row.image),
    "vpc-id" => |seen, add| unless_gone(seen, add, &seen.row.vpc),
    "subnet-id" => |seen, add| unless_gone(seen, add, &seen.row.subnet),
    "availability-zone" => |seen, add| add(&seen.row.zone.name),
    "availability-zone-id" => |seen, add| add(&seen.row.zone.id),
    "architecture" => |seen, add| add(&seen.row.architecture),
    "client-token" => |seen, add| add(&seen.row.client_token),
    "key-name" => |seen, add| seen.row.key_name.iter().for_each(|name| add(name)),
    "launch-index" => |seen, add| add(&seen.row.index.to_string()),
    "launch-time" => |seen, add| add(&stamp(seen.row.launched)),
    "monitoring-state" => |seen, add| add(&seen.row.monitoring),
    "owner-id" => |_, add| add(ACCOUNT),
    "reservation-id" => |seen, add| add(&seen.row.reservation),
    "placement-tenancy" => |seen, add| add(&seen.row.tenancy),
    "tenancy" => |seen, add| add(&seen.row.tenancy),
    "platform-details" => |_, add| add("Linux/UNIX"),
    "hypervisor" => |_, add| add("xen"),
    "virtualization-type" => |_, add| add("hvm"),
    "root-device-name" => |seen, add| add(&seen.row.root_device),
    "root-device-type" => |_, add| add("ebs"),
    "state-reason-code" => |seen, add| seen.row.state_reason.iter().for_each(|(code, _)| add(code)),
    "reason" => |seen, add| add(&seen.row.transition),
    "source-dest-check" => |seen, add| if let Some((_, eni)) = primary(seen.region, seen.id) { add(yes(eni.source_dest_check)) },
    "iam-instance-profile.arn" => |seen, add| seen.row.profile.iter().for_each(|p| add(&p.arn)),
    "iam-instance-profile.id" => |seen, add| seen.row.profile.iter().for_each(|p| add(&p.id)),
    "iam-instance-profile.name" => |seen, add| seen.row.profile.iter().for_each(|p| add(p.arn.rsplit('/').next().unwrap_or_default())),
    "metadata-options.http-tokens" => |seen, add| add(&seen.row.metadata.http_tokens),
    "metadata-options.http-endpoint" => |seen, add| add(&seen.row.metadata.http_endpoint),
    "metadata-options.http-put-response-hop-limit" => |seen, add| add(&seen.row.metadata.hop_limit.to_string()),
    "instance.group-id" => |seen, add| each_group(seen, |group| add(group)),
    "group-id" => |seen, add| each_group(seen, |group| add(group)),
    "instance.group-name" => |seen, add| each_group(seen, |group| add(&group_name(seen.region, group))),
    "group-name" => |seen, add| each_group(seen, |group| add(&group_name(seen.region, group))),
    "ip-address" => |seen, add| if let Some(ip) = public_ip(seen) { add(&ip) },
    "private-ip-address" => |seen, add| if let Some((_, eni)) = primary(seen.region, seen.id) { add(&eni.private_ip().to_string()) },
    "private-dns-name" => |seen, add| if let Some((_, eni)) = primary(seen.region, seen.id) {
        add(&network_interface::private_name(&seen.region.name, eni.private_ip()));
    },
    "block-device-mapping.device-name" => |seen, add| each_volume(seen, add, |device, _, _| device.to_owned()),
    "block-device-mapping.volume-id" => |seen, add| each_volume(seen, add, |_, id, _| id.to_owned()),
    "block-device-mapping.status" => |seen, add| each_volume(seen, add, |_, _, _| "attached".to_owned()),
    "block-device-mapping.delete-on-termination" => |seen, add| each_volume(seen, add, |_, _, volume| {
        yes(volume.attachment.as_ref().is_some_and(|attachment| attachment.delete_on_termination)).to_owned()
    }),
    "network-interface.addresses.association.allocation-id" => |seen, add| of_interfaces(seen, add, "association.allocation-id"),
    "network-interface.addresses.association.association-id" => |seen, add| of_interfaces(seen, add, "association.association-id"),
    "network-interface.addresses.association.ip-owner-id" => |seen, add| of_interfaces(seen, add, "association.ip-owner-id"),
    "network-interface.addresses.association.public-dns-name" => |seen, add| of_interfaces(seen, add, "association.public-dns-name"),
    "network-interface.addresses.association.public-ip" => |seen, add| of_interfaces(seen, add, "addresses.association.public-ip"),
    "ipv6-address" => |seen, add| if let Some((_, eni)) = primary(seen.region, seen.id) {
        eni.ipv6.iter().for_each(|address| add(&address.to_string()));
    },
    "network-interface.ipv6-address" => |seen, add| of_interfaces(seen, add, "ipv6-addresses.ipv6-address"),
    "network-interface.ipv6-addresses.ipv6-address" => |seen, add| of_interfaces(seen, add, "ipv6-addresses.ipv6-address"),
    "network-interface.addresses.primary" => |seen, add| of_interfaces(seen, add, "addresses.primary"),
    "network-interface.addresses.private-dns-name" => |seen, add| of_interfaces(seen, add, "private-dns-name"),
    "network-interface.addresses.private-ip-address" => |seen, add| of_interfaces(seen, add, "addresses.private-ip-address"),
    "network-interface.association.allocation-id" => |seen, add| of_interfaces(seen, add, "association.allocation-id"),
    "network-interface.association.association-id" => |seen, add| of_interfaces(seen, add, "association.association-id"),
    "network-interface.association.ip-owner-id" => |seen, add| of_interfaces(seen, add, "association.ip-owner-id"),
    "network-interface.association.public-dns-name" => |seen, add| of_interfaces(seen, add, "association.public-dns-name"),
    "network-interface.association.public-ip" => |seen, add| of_interfaces(seen, add, "association.public-ip"),
    "network-interface.attachment.attach-time" => |seen, add| of_interfaces(seen, add, "attachment.attach-time"),
    "network-interface.attachment.attachment-id" => |seen, add| of_interfaces(seen, add, "attachment.attachment-id"),
    "network-interface.attachment.delete-on-termination" => |seen, add| of_interfaces(seen, add, "attachment.delete-on-termination"),
    "network-interface.attachment.device-index" => |seen, add| of_interfaces(seen, add, "attachment.device-index"),
    "network-interface.attachment.instance-id" => |seen, add| of_interfaces(seen, add, "attachment.instance-id"),
    "network-interface.attachment.instance-owner-id" => |seen, add| of_interfaces(seen, add, "attachment.instance-owner-id"),
    "network-interface.attachment.status" => |seen, add| of_interfaces(seen, add, "attachment.status"),
    "network-interface.availability-zone" => |seen, add| of_interfaces(seen, add, "availability-zone"),
    "network-interface.description" => |seen, add| of_interfaces(seen, add, "description"),
    "network-interface.group-id" => |seen, add| of_interfaces(seen, add, "group-id"),
    "network-interface.group-name" => |seen, add| of_interfaces(seen, add, "group-name"),
    "network-interface.mac-address" => |seen, add| of_interfaces(seen, add, "mac-address"),
    "network-interface.network-interface-id" => |seen, add| of_interfaces(seen, add, "network-interface-id"),
    "network-interface.owner-id" => |seen, add| of_interfaces(seen, add, "owner-id"),
    "network-interface.private-dns-name" => |seen, add| of_interfaces(seen, add, "private-dns-name"),
    "network-interface.private-ip-address" => |seen, add| of_interfaces(seen, add, "private-ip-address"),
    "network-interface.requester-id" => |seen, add| of_interfaces(seen, add, "requester-id"),
    "network-interface.requester-managed" => |seen, add| of_interfaces(seen, add, "requester-managed"),
    "network-interface.source-dest-check" => |seen, add| of_interfaces(seen, add, "source-dest-check"),
    "network-interface.status" => |seen, add| of_interfaces(seen, add, "status"),
    "network-interface.subnet-id" => |seen, add| of_interfaces(seen, add, "subnet-id"),
    "network-interface.vpc-id" => |seen, add| of_interfaces(seen, add, "vpc-id"),
    "ena-support" => |_, add| add("true"),
    "enclave-options.enabled" => |_, add| add("false"),
    "hibernation-options.configured" => |_, add| add("false"),
    "usage-operation" => |_, add| add("RunInstances"),
    "network-performance-options.bandwidth-weighting" => |_, add| add("default"),
    "operator.managed" => |_, add| add("false"),
    "capacity-reservation-specification.capacity-reservation-preference" => |_, add| add("open"),
    "private-dns-name-options.hostname-type" => |_, add| add("ip-name"),
    "private-dns-name-options.enable-resource-name-dns-a-record" => |_, add| add("false"),
    "private-dns-name-options.enable-resource-name-dns-aaaa-record" => |_, add| add("false"),
    "ebs-optimized" => |seen, add| add(yes(seen.row.ebs_optimized)),
    "maintenance-options.auto-recovery" => |seen, add| add(&seen.row.auto_recovery),
    "metadata-options.http-protocol-ipv4" => |seen, add| add(&seen.row.metadata.http_endpoint),
    "metadata-options.http-protocol-ipv6" => |seen, add| add(&seen.row.metadata.http_protocol_ipv6),
    "metadata-options.instance-metadata-tags" => |seen, add| add(&seen.row.metadata.instance_tags),
    "metadata-options.state" => |seen, add| add(&seen.row.metadata.state),
    "state-reason-message" => |seen, add| seen.row.state_reason.iter().for_each(|(_, message)| add(message)),
    "block-device-mapping.attach-time" => |seen, add| each_volume(seen, add, |_, _, volume| {
        volume.attachment.as_ref().map(|attachment| stamp(attachment.at)).unwrap_or_default()
    }),
    "dns-name" => |seen, add| if let Some(name) = public_dns_name(seen) { add(&name) },
    "current-instance-boot-mode" => |seen, add| add(if seen.row.architecture == "arm64" { "uefi" } else { "legacy-bios" }),
    "network-interface.attachment.network-card-index" => |seen, add| each_interface(seen, |_, _| add("0")),
];

/// The filters for what no instance here has.
pub const NEVER: &[&str] = &[
    "affinity",
    "boot-mode",
    "capacity-reservation-id",
    "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id",
    "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn",
    "host-id",
    "instance-lifecycle",
    "kernel-id",
    "ramdisk-id",
    "operator.principal",
    "outpost-arn",
    "placement-group-name",
    "placement-partition-number",
    "platform",
    "product-code",
    "product-code.type",
    "requester-id",
    "spot-instance-request-id",
    "tpm-support",
    "usage-operation-update-time",
    "event.code",
    "event.description",
    "event.instance-event-id",
    "event.not-after",
    "event.not-before",
    "event.not-before-deadline",
    "network-interface.addresses.association.carrier-ip",
    "network-interface.addresses.association.customer-owned-ip",
    "network-interface.association.carrier-ip",
    "network-interface.association.customer-owned-ip",
    "network-interface.deny-all-igw-traffic",
    "network-interface.ipv4-prefixes.ipv4-prefix",
    "network-interface.ipv6-addresses.is-primary-ipv6",
    "network-interface.ipv6-native",
    "network-interface.ipv6-prefixes.ipv6-prefix",
    "network-interface.operator.managed",
    "network-interface.operator.principal",
    "network-interface.outpost-arn",
    "network-interface.public-dns-name",
    "network-interface.tag-key",
    "network-interface.tag-value",
];
