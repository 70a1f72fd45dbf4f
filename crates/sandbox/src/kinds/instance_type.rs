//! Instance types with the figures that matter for networks and launches: exact ones of a selection, those of
//! the others by their family and size.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::kinds::{yes, zone};
use crate::state::table::Row;
use crate::wire::filter::{Field, Filters, Seen, fields};
use crate::wire::page::{Limits, Page, USUAL};
use crate::wire::{Fault, Xml};

/// An instance type.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstanceType {
    /// `t2.micro`.
    pub name: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `xen` or `nitro`.
    pub hypervisor: String,
    /// Virtual processors.
    pub vcpus: u32,
    /// Threads of a core.
    pub threads: u32,
    /// In MiB.
    pub memory: u32,
    /// How many interfaces it can have.
    pub interfaces: u32,
    /// How many addresses each.
    pub addresses: u32,
    /// Whether it earns CPU credits.
    pub burstable: bool,
    /// Whether EBS optimisation is `unsupported`, `supported` or `default`.
    pub ebs_optimized: String,
}

impl Row for InstanceType {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

/// Name, vCPUs, threads, memory in MiB, interfaces, addresses each.
type Figures = (&'static str, u32, u32, u32, u32, u32);

const TYPES: &[Figures] = &[
    ("t2.nano", 1, 1, 512, 2, 2),
    ("t2.micro", 1, 1, 1024, 2, 2),
    ("t2.small", 1, 1, 2048, 3, 4),
    ("t2.medium", 2, 1, 4096, 3, 6),
    ("t2.large", 2, 1, 8192, 3, 12),
    ("t2.xlarge", 4, 1, 16384, 3, 15),
    ("t3.nano", 2, 2, 512, 2, 2),
    ("t3.micro", 2, 2, 1024, 2, 2),
    ("t3.small", 2, 2, 2048, 3, 4),
    ("t3.medium", 2, 2, 4096, 3, 6),
    ("t3.large", 2, 2, 8192, 3, 12),
    ("t3.xlarge", 4, 2, 16384, 4, 15),
    ("t3a.micro", 2, 2, 1024, 2, 2),
    ("t3a.small", 2, 2, 2048, 2, 4),
    ("t4g.nano", 2, 1, 512, 2, 2),
    ("t4g.micro", 2, 1, 1024, 2, 2),
    ("t4g.small", 2, 1, 2048, 3, 4),
    ("t4g.medium", 2, 1, 4096, 3, 6),
    ("m4.large", 2, 2, 8192, 2, 10),
    ("m5.large", 2, 2, 8192, 3, 10),
    ("m5.xlarge", 4, 2, 16384, 4, 15),
    ("m6i.large", 2, 2, 8192, 3, 10),
    ("m6g.medium", 1, 1, 4096, 2, 4),
    ("m6g.large", 2, 1, 8192, 3, 10),
    ("m7g.medium", 1, 1, 4096, 2, 4),
    ("c5.large", 2, 2, 4096, 3, 10),
    ("c5.xlarge", 4, 2, 8192, 4, 15),
    ("c6g.medium", 1, 1, 2048, 2, 4),
    ("c7g.medium", 1, 1, 2048, 2, 4),
    ("r5.large", 2, 2, 16384, 3, 10),
];

fn read(figures: &Figures) -> InstanceType {
    let (name, vcpus, threads, memory, interfaces, addresses) = *figures;
    let family = name.split('.').next().unwrap_or(name);
    of_family(family, name, (vcpus, threads, memory, interfaces, addresses))
}

/// A type of a family, of these vCPUs, threads of a core, MiB, interfaces, and addresses each.
fn of_family(family: &str, name: &str, figures: (u32, u32, u32, u32, u32)) -> InstanceType {
    let (vcpus, threads, memory, interfaces, addresses) = figures;
    let xen = is_xen(family);
    InstanceType {
        name: name.to_owned(),
        architecture: if is_arm(family) { "arm64" } else { "x86_64" }.to_owned(),
        hypervisor: if xen { "xen" } else { "nitro" }.to_owned(),
        vcpus,
        threads,
        memory,
        interfaces,
        addresses,
        burstable: family.starts_with('t'),
        ebs_optimized: if matches!(family, "t1" | "t2") {
            "unsupported"
        } else {
            "default"
        }
        .to_owned(),
    }
}

fn is_xen(family: &str) -> bool {
    matches!(
        family,
        "c1" | "c3"
            | "c4"
            | "d2"
            | "f1"
            | "g3"
            | "i2"
            | "m1"
            | "m2"
            | "m3"
            | "m4"
            | "p2"
            | "p3"
            | "r3"
            | "r4"
            | "t1"
            | "t2"
            | "x1"
            | "x1e"
    )
}

/// Whether a family has Graviton processors: a `g` among the letters behind its generation.
fn is_arm(family: &str) -> bool {
    family == "a1" || parts(family).is_some_and(|(_, _, options)| options.starts_with('g'))
}

/// What a family's name says: its series, its generation, and the letters behind it.
fn parts(family: &str) -> Option<(&str, u32, &str)> {
    let digit = family.find(|c: char| c.is_ascii_digit())?;
    let (series, rest) = family.split_at(digit);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (generation, options) = rest.split_at(end);
    Some((series, generation.parse().ok()?, options))
}

/// The series of EC2, with the MiB that a vCPU of theirs has.
const SERIES: &[(&str, u32)] = &[
    ("a", 2048),
    ("c", 2048),
    ("d", 8192),
    ("dl", 8192),
    ("f", 15_616),
    ("g", 4096),
    ("gr", 8192),
    ("h", 4096),
    ("hpc", 4096),
    ("i", 8192),
    ("im", 4096),
    ("inf", 2048),
    ("is", 6144),
    ("m", 4096),
    ("p", 15_616),
    ("r", 8192),
    ("t", 2048),
    ("trn", 4096),
    ("u", 16_384),
    ("vt", 2048),
    ("x", 16_384),
    ("z", 8192),
];

/// So many generations a series has, with one to come.
const GENERATIONS: std::ops::RangeInclusive<u32> = 1..=9;

/// Sizes: vCPUs, interfaces, addresses each.
fn size(name: &str) -> Option<(u32, u32, u32)> {
    const TIMES: [u32; 17] = [2, 3, 4, 6, 8, 9, 10, 12, 16, 18, 24, 32, 48, 56, 96, 112, 224];
    Some(match name {
        "nano" | "micro" => (2, 2, 2),
        "small" => (2, 3, 4),
        "medium" => (1, 2, 4),
        "large" => (2, 3, 10),
        "xlarge" => (4, 4, 15),
        "metal" => (96, 15, 50),
        _ => {
            let times = name
                .strip_prefix("metal-")
                .map_or_else(|| name.strip_suffix("xlarge"), |rest| rest.strip_suffix("xl"));
            let times: u32 = times?.parse().ok()?;
            let (interfaces, addresses) = if times > 12 {
                (15, 50)
            } else if times > 2 {
                (8, 30)
            } else {
                (4, 15)
            };
            TIMES
                .contains(&times)
                .then_some((times * 4, interfaces, addresses))?
        }
    })
}

/// The type of this name.
pub fn find(name: &str) -> Option<InstanceType> {
    TYPES
        .iter()
        .find(|figures| figures.0 == name)
        .map(read)
        .or_else(|| by_family(name))
}

/// What a type that is not in the selection is, by its family and size; nothing where EC2 has no such family
/// or size.
fn by_family(name: &str) -> Option<InstanceType> {
    let (family, size_name) = name.split_once('.')?;
    let (series, generation, options) = parts(family)?;
    let (_, memory) = SERIES.iter().find(|(known, _)| *known == series)?;
    // Behind a hyphen stands a variant, such as `flex`.
    let letters = options.split('-').next().unwrap_or_default();
    if !GENERATIONS.contains(&generation)
        || letters.len() > 3
        || !letters.bytes().all(|letter| b"abdefghinqsz".contains(&letter))
    {
        return None;
    }
    let (vcpus, interfaces, addresses) = size(size_name)?;
    // The small sizes are those of the burstable series, which has none of the great ones.
    let small = matches!(size_name, "nano" | "micro" | "small");
    if (series == "t" && vcpus > 8) || (series != "t" && small) {
        return None;
    }
    let threads = if is_arm(family) || vcpus == 1 { 1 } else { 2 };
    let memory = match size_name {
        "nano" => 512,
        "micro" => 1024,
        _ => memory * vcpus,
    };
    Some(of_family(
        family,
        name,
        (vcpus, threads, memory, interfaces, addresses),
    ))
}

const FIELDS: &[Field<InstanceType>] = fields![InstanceType:
    "instance-type" => |seen, add| add(&seen.row.name),
    "bare-metal" => |_, add| add("false"),
    "burstable-performance-supported" => |seen, add| add(yes(seen.row.burstable)),
    "current-generation" => |seen, add| add(yes(!seen.row.name.starts_with("m4."))),
    "free-tier-eligible" => |seen, add| add(yes(free(seen.row))),
    "hypervisor" => |seen, add| add(&seen.row.hypervisor),
    "memory-info.size-in-mib" => |seen, add| add(&seen.row.memory.to_string()),
    "processor-info.supported-architecture" => |seen, add| add(&seen.row.architecture),
    "supported-root-device-type" => |_, add| add("ebs"),
    "supported-virtualization-type" => |_, add| add("hvm"),
    "vcpu-info.default-vcpus" => |seen, add| add(&seen.row.vcpus.to_string()),
    "vcpu-info.default-cores" => |seen, add| add(&(seen.row.vcpus / seen.row.threads).to_string()),
    "network-info.ena-support" => |seen, add| add(if seen.row.hypervisor == "nitro" { "required" } else { "unsupported" }),
    "network-info.maximum-network-interfaces" => |seen, add| add(&seen.row.interfaces.to_string()),
    "ebs-info.ebs-optimized-support" => |seen, add| add(&seen.row.ebs_optimized),
];

fn free(row: &InstanceType) -> bool {
    matches!(row.name.as_str(), "t2.micro" | "t3.micro")
}

/// The types that a call asks for by name, filtered.
fn chosen(call: &Call<'_>, names: &[&str]) -> Result<Vec<InstanceType>, Fault> {
    let filters = Filters::read(call.params)?.bind(FIELDS)?;
    let mut all: Vec<InstanceType> = if names.is_empty() {
        TYPES.iter().map(read).collect()
    } else {
        Vec::new()
    };
    for name in names {
        all.push(find(name).ok_or_else(|| unknown(name))?);
    }
    let region = &*call.region;
    all.retain(|row| {
        filters.holds(&Seen {
            id: &row.name,
            row,
            region,
        })
    });
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup_by(|a, b| a.name == b.name);
    Ok(all)
}

fn unknown(name: &str) -> Fault {
    Fault::new(
        "InvalidInstanceType",
        format!("The following supplied instance types do not exist: [{name}]"),
    )
}

/// `DescribeInstanceTypes`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let names = call.params.texts("InstanceType");
    let page = Page::read(
        call.params,
        call.action,
        Limits {
            min: 5,
            max: 100,
            exclusive: true,
        },
        !names.is_empty(),
    )?;
    let all = chosen(call, &names)?
        .into_iter()
        .filter(|row| page.after.as_ref().is_none_or(|after| row.name > *after));
    let (shown, next) = page.cut(call.action, all.collect(), |row| &row.name);
    x.set("instanceTypeSet", &shown, write);
    x.maybe("nextToken", next);
    Ok(())
}

fn write(x: &mut Xml, row: &InstanceType) {
    let nitro = row.hypervisor == "nitro";
    x.text("instanceType", &row.name);
    x.text("currentGeneration", !row.name.starts_with("m4."));
    x.text("freeTierEligible", free(row));
    x.texts("supportedUsageClasses", ["on-demand", "spot"]);
    x.texts("supportedRootDeviceTypes", ["ebs"]);
    x.texts("supportedVirtualizationTypes", ["hvm"]);
    x.text("bareMetal", false);
    x.text("hypervisor", &row.hypervisor);
    x.element("processorInfo", |x| {
        x.texts("supportedArchitectures", [&row.architecture]);
        x.text("sustainedClockSpeedInGhz", "2.5");
        x.text(
            "manufacturer",
            if row.architecture == "arm64" {
                "AWS"
            } else {
                "Intel"
            },
        );
    });
    x.element("vCpuInfo", |x| {
        x.text("defaultVCpus", row.vcpus);
        x.text("defaultCores", row.vcpus / row.threads);
        x.text("defaultThreadsPerCore", row.threads);
    });
    x.element("memoryInfo", |x| x.text("sizeInMiB", row.memory));
    x.text("instanceStorageSupported", false);
    x.element("ebsInfo", |x| {
        x.text("ebsOptimizedSupport", &row.ebs_optimized);
        x.text("encryptionSupport", "supported");
        x.text("nvmeSupport", if nitro { "required" } else { "unsupported" });
    });
    x.element("networkInfo", |x| {
        x.text(
            "networkPerformance",
            if nitro {
                "Up to 5 Gigabit"
            } else {
                "Low to Moderate"
            },
        );
        x.text("maximumNetworkInterfaces", row.interfaces);
        x.text("maximumNetworkCards", 1);
        x.text("defaultNetworkCardIndex", 0);
        x.text("ipv4AddressesPerInterface", row.addresses);
        x.text("ipv6AddressesPerInterface", row.addresses);
        x.text("ipv6Supported", true);
        x.text("enaSupport", if nitro { "required" } else { "unsupported" });
        x.text("efaSupported", false);
        x.text("encryptionInTransitSupported", false);
        x.text("enaSrdSupported", false);
    });
    x.element("placementGroupInfo", |x| {
        x.texts("supportedStrategies", ["partition", "spread"]);
    });
    x.text("hibernationSupported", row.architecture == "x86_64");
    x.text("burstablePerformanceSupported", row.burstable);
    x.text("dedicatedHostsSupported", !row.burstable);
    x.text("autoRecoverySupported", true);
    x.texts(
        "supportedBootModes",
        if row.architecture == "arm64" {
            vec!["uefi"]
        } else {
            vec!["legacy-bios", "uefi"]
        },
    );
    x.text("nitroEnclavesSupport", "unsupported");
    x.text("nitroTpmSupport", "unsupported");
    x.text("phcSupport", "unsupported");
}

/// `DescribeInstanceTypeOfferings`: every type in every place.
pub fn describe_offerings(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let by = call.params.filled("LocationType").unwrap_or("region");
    let zones = zone::zones(&call.region.name);
    let places: Vec<&str> = match by {
        "region" => vec![&call.region.name],
        "availability-zone" => zones.iter().map(|zone| zone.name.as_str()).collect(),
        "availability-zone-id" => zones.iter().map(|zone| zone.id.as_str()).collect(),
        other => return Err(Fault::invalid(other, "locationType", "it is not simulated")),
    };
    let filters = Filters::read(call.params)?;
    // Types that no list has are made up from their families, where they are named.
    let listed = TYPES.iter().map(|figures| figures.0.to_owned());
    let names: BTreeSet<String> = listed
        .chain(
            filters
                .plain("instance-type")
                .into_iter()
                .filter(|name| find(name).is_some()),
        )
        .collect();
    let filters = filters.bind(OFFERING_FIELDS)?;
    let page = Page::read(call.params, call.action, USUAL, false)?;
    let region = &*call.region;
    let mut all: Vec<(String, Offering)> = Vec::new();
    for name in &names {
        for place in &places {
            let offering = Offering {
                name: name.clone(),
                place: (*place).to_owned(),
            };
            let key = format!("{name}\t{place}");
            let later = page.after.as_ref().is_none_or(|after| key > *after);
            if later
                && filters.holds(&Seen {
                    id: &key,
                    row: &offering,
                    region,
                })
            {
                all.push((key, offering));
            }
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let (shown, next) = page.cut(call.action, all, |(key, _)| key);
    x.set("instanceTypeOfferingSet", shown, |x, (_, offering)| {
        x.text("instanceType", offering.name);
        x.text("locationType", by);
        x.text("location", offering.place);
    });
    x.maybe("nextToken", next);
    Ok(())
}

/// A type at a place.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Offering {
    name: String,
    place: String,
}

impl Row for Offering {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

const OFFERING_FIELDS: &[Field<Offering>] = fields![Offering:
    "instance-type" => |seen, add| add(&seen.row.name),
    "location" => |seen, add| add(&seen.row.place),
];
