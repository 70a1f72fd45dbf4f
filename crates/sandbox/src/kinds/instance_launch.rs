//! `RunInstances`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::image::{self, Image};
use super::instance::{self, Instance, MetadataOptions};
use super::instance_network::{self, Plug};
use super::instance_type::{self, InstanceType};
use super::network_interface::{self, Attachment, New};
use super::subnet::{self, Subnet};
use super::volume::{self, Volume, VolumeAttachment};
use super::volume_shape::{self, Asked, Shape};
use super::{instance_profile, key_pair, tag};
use crate::call::{Answer, Call};
use crate::due::What;
use crate::state::clock::SECOND;
use crate::state::region::Tags;
use crate::wire::filter::Seen;
use crate::wire::{Fault, Node, Xml};

/// The types of resources that a launch can tag.
const TAGGED: &[&str] = &[
    "instance",
    "volume",
    "network-interface",
    "spot-instances-request",
];
/// The most user data, decoded, in bytes.
const USER_DATA_LIMIT: usize = 16 * 1024;

/// One volume of every instance launched.
struct Disk {
    device: String,
    shape: Shape,
    encrypted: bool,
    kms_key: Option<String>,
    snapshot: Option<String>,
    delete_on_termination: bool,
}

/// What the launch makes, apart from ids.
struct Launch {
    template: Instance,
    plugs: Vec<Plug>,
    disks: Vec<Disk>,
    instance_tags: Tags,
    volume_tags: Tags,
    interface_tags: Tags,
}

/// `RunInstances`.
pub fn run(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let least: u32 = p.number("MinCount")?.ok_or_else(|| Fault::missing("MinCount"))?;
    let most: u32 = p.number("MaxCount")?.ok_or_else(|| Fault::missing("MaxCount"))?;
    if least == 0 || least > most {
        return Err(Fault::invalid(
            &least.to_string(),
            "minCount",
            "it must be at least 1 and at most maxCount",
        ));
    }
    let launch = read(call, most)?;
    if call.goes_wrong(12) {
        return Err(Fault::server(
            "InsufficientInstanceCapacity",
            500,
            "There is no Spot or On-Demand capacity available that matches your request.",
        ));
    }
    let count = fitting(call, &launch, least, most)?;
    let mut ids = Vec::new();
    for index in 0..count {
        ids.push(start_one(call, &launch, index)?);
    }
    let region = &*call.region;
    let members: Vec<Seen<'_, Instance>> = ids
        .iter()
        .filter_map(|id| region.instances.entry(id))
        .map(|(id, row)| Seen { id, row, region })
        .collect();
    instance::write_reservation(x, &launch.template.reservation, &members);
    Ok(())
}

/// How many instances the subnet has addresses for.
fn fitting(call: &Call<'_>, launch: &Launch, least: u32, most: u32) -> Result<u32, Fault> {
    let subnet = &launch.template.subnet;
    let net = call.find::<Subnet>(subnet)?.net;
    let each = launch.plugs.iter().filter(|plug| plug.existing.is_none()).count() as u64;
    let room = subnet::free(call.region, subnet, &net)
        .checked_div(each)
        .unwrap_or(u64::from(most));
    if room < u64::from(least) {
        return Err(Fault::new(
            "InsufficientFreeAddressesInSubnet",
            format!(
                "There are not enough free addresses in subnet '{subnet}' to satisfy the requested number of instances."
            ),
        ));
    }
    Ok(u32::try_from(room).unwrap_or(most).min(most))
}

fn read(call: &mut Call<'_>, most: u32) -> Result<Launch, Fault> {
    let p = call.params;
    let image = image::find(call.region, p.required("ImageId")?)?;
    let kind = p.filled("InstanceType").unwrap_or("m1.small");
    let kind = instance_type::find(kind).ok_or_else(|| {
        Fault::new(
            "InvalidParameterValue",
            format!("Invalid value '{kind}' for InstanceType."),
        )
    })?;
    if let Some(other) = image
        .architecture
        .as_ref()
        .filter(|architecture| **architecture != kind.architecture)
    {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "The architecture '{}' of the specified instance type does not match the architecture '{other}' of the specified AMI. \
                 Specify an instance type and an AMI that have matching architectures, and try again. You can use \
                 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.",
                kind.architecture
            ),
        ));
    }
    let key_name = p.filled("KeyName");
    if let Some(name) = key_name {
        key_pair::find_name(call.region, name)?;
    }
    let (subnet_id, plugs, wants) = instance_network::read(call, most)?;
    plugs.iter().try_for_each(|plug| plug.ipv6.fit(&kind.name, 0))?;
    let subnet = call.find::<Subnet>(&subnet_id)?.clone();
    let tenancy = check_placement(call, &subnet)?;
    let disks = read_disks(call, &image)?;
    let profile = instance_profile::read(call, p)?;
    let instance_tags = call.tags_for("instance", TAGGED)?;
    let volume_tags = call.tags_for("volume", TAGGED)?;
    let interface_tags = call.tags_for("network-interface", TAGGED)?;
    let template = Instance {
        reservation: call.new_id("r"),
        index: 0,
        image: image.id.clone(),
        kind: kind.name.clone(),
        architecture: kind.architecture.clone(),
        key_name: key_name.map(str::to_owned),
        vpc: subnet.vpc.clone(),
        subnet: subnet_id,
        zone: subnet.zone.clone(),
        state: "pending".into(),
        state_reason: None,
        transition: String::new(),
        launched: call.now,
        client_token: p.text("ClientToken").unwrap_or_default().to_owned(),
        root_device: image.root_device.clone(),
        wants_public_ip: wants.unwrap_or(subnet.map_public_ip),
        monitoring: monitoring(p)?,
        profile,
        user_data: p.filled("UserData").map(check_user_data).transpose()?,
        disable_api_termination: p.flag("DisableApiTermination")?.unwrap_or(false),
        disable_api_stop: p.flag("DisableApiStop")?.unwrap_or(false),
        shutdown_behavior: shutdown_behavior(
            p.filled("InstanceInitiatedShutdownBehavior").unwrap_or("stop"),
        )?,
        ebs_optimized: check_ebs_optimized(p.flag("EbsOptimized")?.unwrap_or(false), &kind)?,
        tenancy,
        cpu_credits: credits(p, &kind)?,
        metadata: read_metadata(p, &image)?,
        auto_recovery: options(p, &kind)?,
    };
    if template.metadata.instance_tags == "enabled" {
        tag::check_readable(instance_tags.keys())?;
    }
    Ok(Launch {
        template,
        plugs,
        disks,
        instance_tags,
        volume_tags,
        interface_tags,
    })
}

fn monitoring(p: &Node) -> Result<String, Fault> {
    let on = p
        .child("Monitoring")
        .map_or(Ok(None), |node| node.flag("Enabled"))?;
    Ok(if on == Some(true) { "pending" } else { "disabled" }.to_owned())
}

/// Options of a launch that have one simulated value, with it.
const FIXED: &[(&str, &str, &[&str])] = &[
    ("HibernationOptions", "Configured", &["false"]),
    ("EnclaveOptions", "Enabled", &["false"]),
    (
        "CapacityReservationSpecification",
        "CapacityReservationPreference",
        &["open", "none"],
    ),
    ("InstanceMarketOptions", "MarketType", &["on-demand"]),
    ("PrivateDnsNameOptions", "HostnameType", &["ip-name"]),
    (
        "PrivateDnsNameOptions",
        "EnableResourceNameDnsARecord",
        &["false"],
    ),
    (
        "PrivateDnsNameOptions",
        "EnableResourceNameDnsAAAARecord",
        &["false"],
    ),
    ("NetworkPerformanceOptions", "BandwidthWeighting", &["default"]),
    ("CpuOptions", "AmdSevSnp", &["disabled"]),
];

/// Reads the options that have one simulated value, and gives that of automatic recovery.
fn options(p: &Node, kind: &InstanceType) -> Result<String, Fault> {
    for (structure, member, values) in FIXED {
        p.child(structure)
            .map_or(Ok(()), |node| node.only(member, values))?;
    }
    if let Some(cpu) = p.child("CpuOptions") {
        cpu.only("CoreCount", &[&(kind.vcpus / kind.threads).to_string()])?;
        cpu.only("ThreadsPerCore", &[&kind.threads.to_string()])?;
    }
    let recovery = p
        .child("MaintenanceOptions")
        .and_then(|node| node.filled("AutoRecovery"))
        .unwrap_or("default");
    if !matches!(recovery, "default" | "disabled") {
        return Err(Fault::invalid(
            recovery,
            "autoRecovery",
            "it must be default or disabled",
        ));
    }
    Ok(recovery.to_owned())
}

/// `stop` or `terminate`.
pub fn shutdown_behavior(text: &str) -> Result<String, Fault> {
    if !matches!(text, "stop" | "terminate") {
        return Err(Fault::invalid(
            text,
            "instanceInitiatedShutdownBehavior",
            "it must be stop or terminate",
        ));
    }
    Ok(text.to_owned())
}

/// Refuses EBS optimisation of a type that cannot.
pub fn check_ebs_optimized(wanted: bool, kind: &InstanceType) -> Result<bool, Fault> {
    if wanted && kind.ebs_optimized == "unsupported" {
        return Err(Fault::new(
            "Unsupported",
            "EBS-optimized instances are not supported for your requested configuration. Please check the documentation for supported configurations.",
        ));
    }
    Ok(wanted)
}

/// Checks user data: base64 of at most 16 KiB.
pub fn check_user_data(text: &str) -> Result<String, Fault> {
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(&compact).map_err(|_| {
        Fault::new(
            "InvalidUserData.Malformed",
            "Invalid BASE64 encoding of user data.",
        )
    })?;
    if bytes.len() > USER_DATA_LIMIT {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("User data is limited to {USER_DATA_LIMIT} bytes"),
        ));
    }
    Ok(compact)
}

/// The credit option that a type starts with; nothing for types without credits.
pub fn default_credits(kind: &InstanceType) -> Option<String> {
    kind.burstable.then(|| {
        if kind.name.starts_with("t2.") {
            "standard"
        } else {
            "unlimited"
        }
        .to_owned()
    })
}

fn credits(p: &Node, kind: &InstanceType) -> Result<Option<String>, Fault> {
    let Some(asked) = p
        .child("CreditSpecification")
        .and_then(|node| node.filled("CpuCredits"))
    else {
        return Ok(default_credits(kind));
    };
    if !matches!(asked, "standard" | "unlimited") {
        return Err(Fault::invalid(
            asked,
            "cpuCredits",
            "it must be standard or unlimited",
        ));
    }
    Ok(kind.burstable.then(|| asked.to_owned()))
}

fn read_metadata(p: &Node, image: &Image) -> Result<MetadataOptions, Fault> {
    let mut options = MetadataOptions {
        state: "pending".into(),
        http_tokens: if image.imds_v2 { "required" } else { "optional" }.into(),
        hop_limit: if image.imds_v2 { 2 } else { 1 },
        http_endpoint: "enabled".into(),
        http_protocol_ipv6: "disabled".into(),
        instance_tags: "disabled".into(),
    };
    if let Some(node) = p.child("MetadataOptions") {
        change_metadata(node, &mut options)?;
    }
    Ok(options)
}

/// Takes over the metadata options that a request names, of a launch or of a change.
pub fn change_metadata(node: &Node, options: &mut MetadataOptions) -> Answer {
    let others = [
        "HttpTokens",
        "HttpPutResponseHopLimit",
        "HttpProtocolIpv6",
        "InstanceMetadataTags",
    ];
    if node.filled("HttpEndpoint") == Some("disabled") && others.iter().any(|name| node.has(name)) {
        return Err(Fault::combination(
            "No other metadata option can be specified when the HTTP endpoint is disabled",
        ));
    }
    let text = |name: &str, allowed: [&str; 2], to: &mut String| {
        let Some(value) = node.filled(name) else {
            return Ok(());
        };
        if !allowed.contains(&value) {
            return Err(Fault::invalid(value, name, "Unknown value"));
        }
        value.clone_into(to);
        Ok(())
    };
    text("HttpTokens", ["optional", "required"], &mut options.http_tokens)?;
    text(
        "HttpEndpoint",
        ["enabled", "disabled"],
        &mut options.http_endpoint,
    )?;
    text(
        "HttpProtocolIpv6",
        ["enabled", "disabled"],
        &mut options.http_protocol_ipv6,
    )?;
    text(
        "InstanceMetadataTags",
        ["enabled", "disabled"],
        &mut options.instance_tags,
    )?;
    if let Some(limit) = node.number::<u32>("HttpPutResponseHopLimit")? {
        if !(1..=64).contains(&limit) {
            return Err(Fault::invalid(
                &limit.to_string(),
                "httpPutResponseHopLimit",
                "it must be between 1 and 64",
            ));
        }
        options.hop_limit = limit;
    }
    Ok(())
}

fn check_placement(call: &Call<'_>, subnet: &Subnet) -> Result<String, Fault> {
    let default = call
        .region
        .vpcs
        .get(&subnet.vpc)
        .map_or("default", |vpc| &vpc.tenancy)
        .to_owned();
    let Some(placement) = call.params.child("Placement") else {
        return Ok(default);
    };
    for (name, zone) in [
        ("AvailabilityZone", &subnet.zone.name),
        ("AvailabilityZoneId", &subnet.zone.id),
    ] {
        if let Some(asked) = placement.filled(name).filter(|asked| asked != zone) {
            return Err(Fault::new(
                "InvalidParameterValue",
                format!("The availability zone '{asked}' does not match that of the subnet, '{zone}'"),
            ));
        }
    }
    if let Some(group) = placement.filled("GroupName") {
        return Err(Fault::new(
            "InvalidPlacementGroup.Unknown",
            format!("The Placement Group '{group}' is unknown."),
        ));
    }
    match placement.filled("Tenancy") {
        None | Some("default") => Ok(default),
        Some("dedicated") => Ok("dedicated".into()),
        Some(other) => Err(Fault::invalid(
            other,
            "tenancy",
            "it must be default or dedicated",
        )),
    }
}

fn read_disks(call: &Call<'_>, image: &Image) -> Result<Vec<Disk>, Fault> {
    let mut disks: Vec<Disk> = Vec::new();
    for node in call.params.list("BlockDeviceMapping") {
        let device = node.required("DeviceName")?;
        let is_root = device == image.root_device;
        if node.has("NoDevice") || node.has("VirtualName") {
            let _ = (node.text("NoDevice"), node.text("VirtualName"));
            continue;
        }
        let Some(ebs) = node.child("Ebs") else {
            return Err(Fault::missing("BlockDeviceMapping.Ebs"));
        };
        if ![
            "VolumeSize",
            "VolumeType",
            "Iops",
            "Throughput",
            "Encrypted",
            "KmsKeyId",
            "SnapshotId",
            "DeleteOnTermination",
        ]
        .iter()
        .any(|name| ebs.has(name))
        {
            return Err(Fault::missing("ebs"));
        }
        let mut asked = Asked::read(ebs, "VolumeSize")?;
        if is_root {
            volume_shape::check_boots(asked.kind)?;
            asked.kind = asked.kind.or(Some(&image.root_type));
        } else if asked.size.is_none() {
            return Err(Fault::missing("volumeSize"));
        }
        if let Some(snapshot) = ebs
            .filled("SnapshotId")
            .filter(|id| !is_root || *id != image.snapshot())
        {
            return Err(Fault::new(
                "InvalidSnapshot.NotFound",
                format!("The snapshot '{snapshot}' does not exist."),
            ));
        }
        if is_root && asked.size.is_some_and(|size| size < image.root_size) {
            return Err(Fault::new(
                "InvalidBlockDeviceMapping",
                format!(
                    "Volume of size {}GB is smaller than snapshot '{}', expect size >= {}GB",
                    asked.size.unwrap_or_default(),
                    image.snapshot(),
                    image.root_size
                ),
            ));
        }
        let (encrypted, kms_key) = volume::encryption(call, ebs)?;
        disks.push(Disk {
            device: device.to_owned(),
            shape: volume_shape::shape(&asked, image.root_size, "gp2")?,
            encrypted,
            kms_key,
            snapshot: is_root.then(|| image.snapshot()),
            delete_on_termination: ebs.flag("DeleteOnTermination")?.unwrap_or(true),
        });
    }
    if !disks.iter().any(|disk| disk.device == image.root_device) {
        let asked = Asked {
            kind: Some(&image.root_type),
            ..Asked::default()
        };
        disks.push(Disk {
            device: image.root_device.clone(),
            shape: volume_shape::shape(&asked, image.root_size, "gp2")?,
            encrypted: false,
            kms_key: None,
            snapshot: Some(image.snapshot()),
            delete_on_termination: true,
        });
    }
    Ok(disks)
}

fn start_one(call: &mut Call<'_>, launch: &Launch, index: u32) -> Result<String, Fault> {
    let id = call.new_id("i");
    let mut row = launch.template.clone();
    row.index = index;
    if let Some(profile) = &mut row.profile {
        profile.association = call.new_id("iip-assoc");
    }
    for plug in &launch.plugs {
        plug_in(call, launch, plug, &id)?;
    }
    for disk in &launch.disks {
        let volume = call.new_id("vol");
        let row = Volume {
            shape: disk.shape.clone(),
            zone: row.zone.clone(),
            state: "available".into(),
            encrypted: disk.encrypted,
            kms_key: disk.kms_key.clone(),
            snapshot: disk.snapshot.clone(),
            multi_attach: false,
            created: call.now,
            attachment: Some(VolumeAttachment {
                instance: id.clone(),
                device: disk.device.clone(),
                delete_on_termination: disk.delete_on_termination,
                at: call.now,
                state: "attached".into(),
            }),
            modification: None,
        };
        call.region.volumes.insert(&volume, row);
        call.tag(&volume, launch.volume_tags.clone());
    }
    let monitored = row.monitoring == "pending";
    call.region.instances.insert(&id, row);
    call.tag(&id, launch.instance_tags.clone());
    give_public_ip(call, &id);
    call.later(10 * SECOND, 20 * SECOND, What::InstanceRunning, &id);
    call.later(3 * SECOND, 10 * SECOND, What::MetadataApplied, &id);
    if monitored {
        call.later(5 * SECOND, 20 * SECOND, What::MonitoringSettled, &id);
    }
    Ok(id)
}

fn plug_in(call: &mut Call<'_>, launch: &Launch, plug: &Plug, instance: &str) -> Answer {
    let eni = match &plug.existing {
        Some(id) => id.clone(),
        None => {
            let new = New {
                subnet: &plug.subnet,
                groups: plug.groups.clone(),
                address: plug.address,
                ipv6: plug.ipv6.clone(),
                description: plug.description.clone(),
                kind: "interface",
                requester: None,
            };
            let id = network_interface::make(call, new)?;
            call.tag(&id, launch.interface_tags.clone());
            id
        }
    };
    let attachment = Attachment {
        id: call.new_id("eni-attach"),
        instance: Some(instance.to_owned()),
        owner: crate::call::ACCOUNT.into(),
        index: plug.index,
        delete_on_termination: plug.delete_on_termination,
        at: call.now,
    };
    call.region
        .network_interfaces
        .update(&eni, |eni| eni.attachment = Some(attachment));
    Ok(())
}

/// A public address for an instance that wants one and has none, at launch, start or when an elastic one
/// leaves.
pub fn give_public_ip(call: &mut Call<'_>, id: &str) {
    let wants = call.region.instances.get(id).is_some_and(|instance| {
        instance.wants_public_ip && matches!(instance.state.as_str(), "pending" | "running")
    });
    let primary = instance::primary(call.region, id)
        .filter(|(eni, row)| network_interface::public(call.region, eni, row, row.private_ip()).is_none())
        .map(|(eni, _)| eni.clone());
    if let Some(eni) = primary.filter(|_| wants) {
        let ip = call.new_public_ip();
        call.region
            .network_interfaces
            .update(&eni, |eni| eni.public_ip = Some(ip));
    }
}
