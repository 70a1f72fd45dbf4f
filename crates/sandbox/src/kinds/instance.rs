//! Instances: what one is and how it is shown. Launching, states and attributes have files of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::network_interface::{self, NetworkInterface};
use super::volume::Volume;
use super::zone::Zone;
use super::{Kind, instance_filter, security_group, tag};
use crate::call::{ACCOUNT, Answer, Call, Listing};
use crate::state::clock::stamp;
use crate::state::table::{Row, Table};
use crate::state::{Millis, Region};
use crate::wire::filter::{Field, Seen};
use crate::wire::page::Limits;
use crate::wire::{Fault, Xml};

/// How the instance metadata service answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataOptions {
    /// `pending` or `applied`.
    pub state: String,
    /// `optional` or `required`.
    pub http_tokens: String,
    /// 1 to 64.
    pub hop_limit: u32,
    /// `enabled` or `disabled`.
    pub http_endpoint: String,
    /// `enabled` or `disabled`.
    pub http_protocol_ipv6: String,
    /// `enabled` or `disabled`.
    pub instance_tags: String,
}

/// The IAM instance profile of an instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Profile {
    /// `iip-assoc-…`.
    pub association: String,
    /// Its ARN.
    pub arn: String,
    /// Its id.
    pub id: String,
    /// Since when.
    pub at: Millis,
}

/// An instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Instance {
    /// The launch that it came from.
    pub reservation: String,
    /// Its position in it.
    pub index: u32,
    /// Its image.
    pub image: String,
    /// Its type.
    pub kind: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The name of its key pair.
    pub key_name: Option<String>,
    /// Its VPC.
    pub vpc: String,
    /// Its subnet.
    pub subnet: String,
    /// Its zone.
    pub zone: Zone,
    /// `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`.
    pub state: String,
    /// Why it is off: code and message.
    pub state_reason: Option<(String, String)>,
    /// What a person did, with the time.
    pub transition: String,
    /// When it was started last.
    pub launched: Millis,
    /// The token of the launch.
    pub client_token: String,
    /// The device of its root volume.
    pub root_device: String,
    /// Whether EC2 gives it a public address while it runs.
    pub wants_public_ip: bool,
    /// `disabled`, `pending`, `enabled` or `disabling`.
    pub monitoring: String,
    /// Its IAM instance profile.
    pub profile: Option<Profile>,
    /// Its user data, in base64.
    pub user_data: Option<String>,
    /// The attribute of that name.
    pub disable_api_termination: bool,
    /// The attribute of that name.
    pub disable_api_stop: bool,
    /// `stop` or `terminate`.
    pub shutdown_behavior: String,
    /// The attribute of that name.
    pub ebs_optimized: bool,
    /// `default` or `dedicated`.
    pub tenancy: String,
    /// `standard` or `unlimited`; nothing for types without credits.
    pub cpu_credits: Option<String>,
    /// The metadata options.
    pub metadata: MetadataOptions,
    /// `default` or `disabled`.
    pub auto_recovery: String,
}

impl Instance {
    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// Whether it is on its way out, or gone.
    pub fn is_ending(&self) -> bool {
        matches!(self.state.as_str(), "shutting-down" | "terminated")
    }
}

impl Row for Instance {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.reservation);
        self.profile.iter().for_each(|profile| add(&profile.association));
    }
}

/// EC2's number for a state.
pub fn state_code(state: &str) -> u32 {
    match state {
        "pending" => 0,
        "running" => 16,
        "shutting-down" => 32,
        "terminated" => 48,
        "stopping" => 64,
        _ => 80,
    }
}

/// A state, as `name` and `code`.
pub fn write_state(x: &mut Xml, element: &str, state: &str) {
    x.element(element, |x| {
        x.text("code", state_code(state));
        x.text("name", state);
    });
}

/// The interfaces of an instance, the primary one first.
pub fn interfaces<'r>(region: &'r Region, id: &str) -> Vec<(&'r String, &'r NetworkInterface)> {
    let mut all: Vec<_> = region.network_interfaces.referring(id).collect();
    all.sort_by_key(|(_, eni)| eni.attachment.as_ref().map(|attachment| attachment.index));
    all
}

/// The primary interface of an instance.
pub fn primary<'r>(region: &'r Region, id: &str) -> Option<(&'r String, &'r NetworkInterface)> {
    interfaces(region, id).into_iter().next()
}

/// The volumes of an instance, by device.
pub fn volumes<'r>(region: &'r Region, id: &str) -> BTreeMap<&'r str, (&'r String, &'r Volume)> {
    region
        .volumes
        .referring(id)
        .filter_map(|(volume, row)| Some((row.attachment.as_ref()?.device.as_str(), (volume, row))))
        .collect()
}

impl Kind for Instance {
    const PREFIX: &'static str = "i";
    const RESOURCE: &'static str = "instance";
    const NOUN: &'static str = "instance ID";
    const NOT_FOUND: &'static str = "InvalidInstanceID.NotFound";
    const MALFORMED: &'static str = "InvalidInstanceID.Malformed";
    const FIELDS: &'static [Field<Self>] = instance_filter::FIELDS;
    const NEVER: &'static [&'static str] = instance_filter::NEVER;

    fn table(region: &Region) -> &Table<Self> {
        &region.instances
    }
}

/// `<blockDeviceMapping>` of an instance.
pub fn write_volumes(x: &mut Xml, region: &Region, id: &str) {
    x.set(
        "blockDeviceMapping",
        volumes(region, id),
        |x, (device, (volume, row))| {
            x.text("deviceName", device);
            x.element("ebs", |x| {
                x.text("volumeId", volume);
                x.text("status", "attached");
                if let Some(attachment) = &row.attachment {
                    x.text("attachTime", stamp(attachment.at));
                    x.text("deleteOnTermination", attachment.delete_on_termination);
                }
            });
        },
    );
}

/// `<metadataOptions>`, under the element that the call uses.
pub fn write_metadata(x: &mut Xml, element: &str, options: &MetadataOptions) {
    x.element(element, |x| {
        x.text("state", &options.state);
        x.text("httpTokens", &options.http_tokens);
        x.text("httpPutResponseHopLimit", options.hop_limit);
        x.text("httpEndpoint", &options.http_endpoint);
        x.text("httpProtocolIpv6", &options.http_protocol_ipv6);
        x.text("instanceMetadataTags", &options.instance_tags);
    });
}

/// The members of an instance in `DescribeInstances` and `RunInstances`.
pub fn write(x: &mut Xml, seen: &Seen<'_, Instance>) {
    let row = seen.row;
    x.text("instanceId", seen.id);
    x.text("imageId", &row.image);
    write_state(x, "instanceState", &row.state);
    let primary = primary(seen.region, seen.id).filter(|_| row.state != "terminated");
    write_addresses(x, seen, primary);
    x.text("reason", &row.transition);
    x.maybe("keyName", row.key_name.as_ref());
    x.text("amiLaunchIndex", row.index);
    x.set("productCodes", [(); 0], |_, ()| {});
    x.text("instanceType", &row.kind);
    x.text("launchTime", stamp(row.launched));
    x.element("placement", |x| {
        x.text("availabilityZone", &row.zone.name);
        x.text("availabilityZoneId", &row.zone.id);
        x.text("groupName", "");
        x.text("tenancy", &row.tenancy);
    });
    x.element("monitoring", |x| x.text("state", &row.monitoring));
    if let Some((_, eni)) = primary {
        security_group::write_set(x, seen.region, &eni.groups);
        x.text("sourceDestCheck", eni.source_dest_check);
    } else {
        x.set("groupSet", [(); 0], |_, ()| {});
    }
    if let Some((code, message)) = &row.state_reason {
        x.element("stateReason", |x| {
            x.text("code", code);
            x.text("message", message);
        });
    }
    write_hardware(x, seen);
    x.set(
        "networkInterfaceSet",
        interfaces(seen.region, seen.id),
        |x, (id, eni)| {
            network_interface::write_common(x, seen.region, id, eni, false);
        },
    );
    if let Some(profile) = &row.profile {
        x.element("iamInstanceProfile", |x| {
            x.text("arn", &profile.arn);
            x.text("id", &profile.id);
        });
    }
    write_metadata(x, "metadataOptions", &row.metadata);
    tag::write(x, seen.region, seen.id);
}

fn write_addresses(x: &mut Xml, seen: &Seen<'_, Instance>, primary: Option<(&String, &NetworkInterface)>) {
    let Some((id, eni)) = primary else {
        x.text("privateDnsName", "");
        x.text("dnsName", "");
        return;
    };
    let public = network_interface::public(seen.region, id, eni, eni.private_ip());
    x.text(
        "privateDnsName",
        network_interface::private_name(&seen.region.name, eni.private_ip()),
    );
    let name = public
        .as_ref()
        .and_then(|public| network_interface::public_name(seen.region, &eni.vpc, public.ip));
    x.text("dnsName", name.unwrap_or_default());
    x.text("subnetId", &eni.subnet);
    x.text("vpcId", &eni.vpc);
    x.text("privateIpAddress", eni.private_ip());
    x.maybe("ipv6Address", eni.ipv6.first());
    x.maybe("ipAddress", public.map(|public| public.ip));
}

fn write_hardware(x: &mut Xml, seen: &Seen<'_, Instance>) {
    let row = seen.row;
    x.text("architecture", &row.architecture);
    x.text("rootDeviceType", "ebs");
    x.text("rootDeviceName", &row.root_device);
    write_volumes(x, seen.region, seen.id);
    x.text("virtualizationType", "hvm");
    x.text("clientToken", &row.client_token);
    x.text("hypervisor", "xen");
    x.text("ebsOptimized", row.ebs_optimized);
    x.text("enaSupport", true);
    if let Some(kind) = super::instance_type::find(&row.kind) {
        x.element("cpuOptions", |x| {
            x.text("coreCount", kind.vcpus / kind.threads);
            x.text("threadsPerCore", kind.threads);
        });
    }
    x.element("capacityReservationSpecification", |x| {
        x.text("capacityReservationPreference", "open");
    });
    x.element("hibernationOptions", |x| x.text("configured", false));
    x.element("enclaveOptions", |x| x.text("enabled", false));
    x.text("platformDetails", "Linux/UNIX");
    x.text("usageOperation", "RunInstances");
    x.element("privateDnsNameOptions", |x| {
        x.text("hostnameType", "ip-name");
        x.text("enableResourceNameDnsARecord", false);
        x.text("enableResourceNameDnsAAAARecord", false);
    });
    x.element("maintenanceOptions", |x| {
        x.text("autoRecovery", &row.auto_recovery);
        x.text("rebootMigration", "default");
    });
    x.text(
        "currentInstanceBootMode",
        if row.architecture == "arm64" {
            "uefi"
        } else {
            "legacy-bios"
        },
    );
    x.element("networkPerformanceOptions", |x| {
        x.text("bandwidthWeighting", "default");
    });
    x.element("operator", |x| x.text("managed", false));
}

/// The members of a reservation around its instances.
pub fn write_reservation(x: &mut Xml, reservation: &str, members: &[Seen<'_, Instance>]) {
    x.text("reservationId", reservation);
    x.text("ownerId", ACCOUNT);
    x.set("groupSet", [(); 0], |_, ()| {});
    x.set("instancesSet", members, |x, seen| write(x, seen));
}

/// How `DescribeInstances` and `DescribeInstanceStatus` page.
pub const PAGES: Option<Limits> = Some(Limits {
    min: 5,
    max: 1000,
    exclusive: true,
});

/// `DescribeInstances`, by reservation.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let listing = Listing {
        ids: "InstanceId",
        set: "reservationSet",
        pages: PAGES,
    };
    let (page, next) = call.select::<Instance>(&listing, |_| true)?;
    let mut reservations: BTreeMap<&str, Vec<Seen<'_, Instance>>> = BTreeMap::new();
    for seen in page {
        reservations.entry(&seen.row.reservation).or_default().push(seen);
    }
    x.set(listing.set, &reservations, |x, (reservation, members)| {
        write_reservation(x, reservation, members);
    });
    x.maybe("nextToken", next);
    Ok(())
}

/// `DescribeInstanceStatus`: of running instances, or of all.
pub fn describe_status(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    /// Until the checks of a fresh instance pass.
    const CHECKS: Millis = 120_000;
    let all = call.params.flag("IncludeAllInstances")? == Some(true);
    let listing = Listing {
        ids: "InstanceId",
        set: "instanceStatusSet",
        pages: PAGES,
    };
    let (instant, now) = (call.behaviour == crate::Behaviour::Instant, call.now);
    let (page, next) = call.select::<Instance>(&listing, |row| all || row.is_running())?;
    x.set(listing.set, page, |x, seen| {
        let passed = instant || now - seen.row.launched >= CHECKS;
        x.text("instanceId", seen.id);
        x.text("availabilityZone", &seen.row.zone.name);
        x.text("availabilityZoneId", &seen.row.zone.id);
        write_state(x, "instanceState", &seen.row.state);
        for element in ["systemStatus", "instanceStatus"] {
            x.element(element, |x| {
                let (status, detail) = match (seen.row.is_running(), passed) {
                    (false, _) => ("not-applicable", None),
                    (true, true) => ("ok", Some("passed")),
                    (true, false) => ("initializing", Some("initializing")),
                };
                x.text("status", status);
                x.set("details", detail, |x, detail| {
                    x.text("name", "reachability");
                    x.text("status", detail);
                });
            });
        }
    });
    x.maybe("nextToken", next);
    Ok(())
}

/// The instances that a request lists, all of which must exist.
pub fn listed(call: &Call<'_>) -> Result<Vec<String>, Fault> {
    let ids = call.params.texts("InstanceId");
    if ids.is_empty() {
        return Err(Fault::missing("InstanceId"));
    }
    for id in &ids {
        call.find::<Instance>(id)?;
    }
    Ok(ids.into_iter().map(str::to_owned).collect())
}
