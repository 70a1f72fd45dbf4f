//! Machine images: a few public ones of each region, and behind every other id somebody's own image that
//! boots on any type.

use serde::{Deserialize, Serialize};

use crate::call::{ACCOUNT, Answer, Call, has_form};
use crate::state::Region;
use crate::state::ids::mix;
use crate::state::table::Row;
use crate::wire::filter::{Field, Filters, Seen, fields};
use crate::wire::page::{Limits, Page};
use crate::wire::{Fault, Xml};

/// A public image.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Image {
    /// `ami-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// `x86_64` or `arm64`; nothing where it is not known: such an image fits every type, and no list says
    /// what it has.
    pub architecture: Option<String>,
    /// Where its root volume is attached.
    pub root_device: String,
    /// The type of its root volume.
    pub root_type: String,
    /// In GiB.
    pub root_size: u32,
    /// Whether it asks for IMDSv2.
    pub imds_v2: bool,
    /// `amazon`, or nothing for another vendor.
    pub alias: Option<String>,
    /// The account of its vendor.
    pub owner: String,
    /// When it was published.
    pub created: String,
}

impl Row for Image {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

impl Image {
    /// The snapshot of its root volume.
    pub fn snapshot(&self) -> String {
        let number = self
            .id
            .bytes()
            .fold(17_u64, |sum, byte| mix(sum ^ u64::from(byte)));
        format!("snap-0{number:016x}")
    }
}

/// Name, architecture, root device, root type, size, IMDSv2, vendor, date.
type Published = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u32,
    bool,
    &'static str,
    &'static str,
);

const AMAZON: &str = "137112412989";
const CANONICAL: &str = "099720109477";

/// What every region offers.
const EVERYWHERE: &[Published] = &[
    (
        "al2023-ami-2023.9.20251027.0-kernel-6.1-x86_64",
        "x86_64",
        "/dev/xvda",
        "gp3",
        8,
        true,
        AMAZON,
        "2025-10-27T20:13:27.000Z",
    ),
    (
        "al2023-ami-2023.9.20251027.0-kernel-6.1-arm64",
        "arm64",
        "/dev/xvda",
        "gp3",
        8,
        true,
        AMAZON,
        "2025-10-27T20:13:27.000Z",
    ),
    (
        "amzn2-ami-hvm-2.0.20251014.0-x86_64-gp2",
        "x86_64",
        "/dev/xvda",
        "gp2",
        8,
        false,
        AMAZON,
        "2025-10-14T18:02:11.000Z",
    ),
    (
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20251022",
        "x86_64",
        "/dev/sda1",
        "gp3",
        8,
        true,
        CANONICAL,
        "2025-10-22T07:41:53.000Z",
    ),
    (
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20251022",
        "arm64",
        "/dev/sda1",
        "gp3",
        8,
        true,
        CANONICAL,
        "2025-10-22T07:40:02.000Z",
    ),
];

/// Images of certain ids in certain regions.
const NAMED: &[(&str, &str, Published)] = &[
    (
        "us-west-2",
        "ami-003634241a8fcdec0",
        (
            "ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-amd64-server-20200408",
            "x86_64",
            "/dev/sda1",
            "gp2",
            8,
            false,
            CANONICAL,
            "2020-04-09T16:44:38.000Z",
        ),
    ),
    (
        "us-west-2",
        "ami-0d6621c01e8c2de2c",
        (
            "amzn2-ami-hvm-2.0.20200406.0-x86_64-gp2",
            "x86_64",
            "/dev/xvda",
            "gp2",
            8,
            false,
            AMAZON,
            "2020-04-08T00:15:15.000Z",
        ),
    ),
];

fn image(id: String, published: &Published) -> Image {
    let (name, architecture, root_device, root_type, root_size, imds_v2, owner, created) = *published;
    Image {
        id,
        name: name.to_owned(),
        description: name.rsplit('/').next().unwrap_or(name).to_owned(),
        architecture: Some(architecture.to_owned()),
        root_device: root_device.to_owned(),
        root_type: root_type.to_owned(),
        root_size,
        imds_v2,
        alias: (owner == AMAZON).then(|| "amazon".to_owned()),
        owner: owner.to_owned(),
        created: created.to_owned(),
    }
}

/// The images of a region, by id.
pub fn images(region: &str) -> Vec<Image> {
    let everywhere = EVERYWHERE.iter().map(|published| {
        let number = region
            .bytes()
            .chain(published.0.bytes())
            .fold(3_u64, |sum, byte| mix(sum ^ u64::from(byte)));
        image(format!("ami-0{number:016x}"), published)
    });
    let named = NAMED
        .iter()
        .filter(|(place, _, _)| *place == region)
        .map(|(_, id, published)| image((*id).to_owned(), published));
    let mut all: Vec<Image> = everywhere.chain(named).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

/// The image of this id. Callers bring ids of their own images, which nobody can have made here, so every
/// well-formed id is one; the ids of zeros alone are of images that are not there.
pub fn find(region: &Region, id: &str) -> Result<Image, Fault> {
    if !has_form(id, "ami") {
        return Err(Fault::new(
            "InvalidAMIID.Malformed",
            format!("Invalid id: \"{id}\" (expecting \"ami-...\")"),
        ));
    }
    if id.trim_start_matches("ami-").bytes().all(|byte| byte == b'0') {
        return Err(Fault::new(
            "InvalidAMIID.NotFound",
            format!("The image id '[{id}]' does not exist"),
        ));
    }
    Ok(images(&region.name)
        .into_iter()
        .find(|image| image.id == id)
        .unwrap_or_else(|| somebodys(id)))
}

/// An image that nothing is known of but its id.
fn somebodys(id: &str) -> Image {
    Image {
        id: id.to_owned(),
        name: id.to_owned(),
        description: String::new(),
        architecture: None,
        root_device: "/dev/xvda".to_owned(),
        root_type: "gp3".to_owned(),
        root_size: 8,
        imds_v2: false,
        alias: None,
        owner: ACCOUNT.to_owned(),
        created: "2025-01-01T00:00:00.000Z".to_owned(),
    }
}

const FIELDS: &[Field<Image>] = fields![Image:
    "image-id" => |seen, add| add(seen.id),
    "name" => |seen, add| add(&seen.row.name),
    "description" => |seen, add| add(&seen.row.description),
    "architecture" => |seen, add| {
        if let Some(architecture) = &seen.row.architecture {
            add(architecture);
        }
    },
    "owner-id" => |seen, add| add(&seen.row.owner),
    "owner-alias" => |seen, add| seen.row.alias.iter().for_each(|alias| add(alias)),
    "state" => |_, add| add("available"),
    "is-public" => |_, add| add("true"),
    "image-type" => |_, add| add("machine"),
    "virtualization-type" => |_, add| add("hvm"),
    "hypervisor" => |_, add| add("xen"),
    "root-device-type" => |_, add| add("ebs"),
    "root-device-name" => |seen, add| add(&seen.row.root_device),
    "block-device-mapping.volume-type" => |seen, add| add(&seen.row.root_type),
    "block-device-mapping.volume-size" => |seen, add| add(&seen.row.root_size.to_string()),
    "block-device-mapping.snapshot-id" => |seen, add| add(&seen.row.snapshot()),
    "block-device-mapping.delete-on-termination" => |_, add| add("true"),
    "block-device-mapping.device-name" => |seen, add| add(&seen.row.root_device),
    "block-device-mapping.encrypted" => |_, add| add("false"),
    "creation-date" => |seen, add| add(&seen.row.created),
    "ena-support" => |_, add| add("true"),
    "platform" => |_, _| {},
    "platform-details" => |_, add| add("Linux/UNIX"),
];

/// `DescribeImages`: the public ones, and those that are asked for by their ids, as a list or in a filter.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let ids = p.texts("ImageId");
    let owners = p.texts("Owner");
    let runners = p.texts("ExecutableBy");
    let _ = (p.flag("IncludeDeprecated")?, p.flag("IncludeDisabled")?);
    let filters = Filters::read(p)?;
    let named = filters.plain("image-id");
    let filters = filters.bind(FIELDS)?;
    let page = Page::read(
        p,
        call.action,
        Limits {
            min: 1,
            max: 1000,
            exclusive: true,
        },
        !ids.is_empty(),
    )?;
    let region = &*call.region;
    let mut all = images(&region.name);
    for id in &ids {
        let image = find(region, id)?;
        if !all.iter().any(|known| known.id == image.id) {
            all.push(image);
        }
    }
    // What a filter names exactly is found like what is asked for by its id, and is no error where it is not
    // there.
    let unlisted = named
        .iter()
        .filter(|id| !all.iter().any(|known| known.id == **id))
        .filter_map(|id| find(region, id).ok());
    let unlisted: Vec<Image> = unlisted.collect();
    all.extend(unlisted);
    all.sort_by(|a, b| a.id.cmp(&b.id));
    let shown: Vec<&Image> = all
        .iter()
        .filter(|image| {
            let owned = |owner: &&str| **owner == image.owner || Some(*owner) == image.alias.as_deref();
            (ids.is_empty() || ids.contains(&image.id.as_str()))
                && (owners.is_empty() || owners.iter().any(owned))
                && (runners.is_empty() || runners.contains(&"all"))
                && page.after.as_ref().is_none_or(|after| image.id > *after)
                && filters.holds(&Seen {
                    id: &image.id,
                    row: *image,
                    region,
                })
        })
        .collect();
    let (shown, next) = page.cut(call.action, shown, |image| &image.id);
    x.set("imagesSet", shown, write);
    x.maybe("nextToken", next);
    Ok(())
}

fn write(x: &mut Xml, image: &Image) {
    x.text("imageId", &image.id);
    x.text(
        "imageLocation",
        format_args!(
            "{}/{}",
            image.alias.as_deref().unwrap_or(&image.owner),
            image.name
        ),
    );
    x.text("imageState", "available");
    x.text("imageOwnerId", &image.owner);
    x.maybe("imageOwnerAlias", image.alias.as_ref());
    x.text("creationDate", &image.created);
    x.text("isPublic", true);
    x.maybe("architecture", image.architecture.as_deref());
    x.text("imageType", "machine");
    x.text("platformDetails", "Linux/UNIX");
    x.text("usageOperation", "RunInstances");
    x.text("name", &image.name);
    x.text("description", &image.description);
    x.text("rootDeviceType", "ebs");
    x.text("rootDeviceName", &image.root_device);
    x.set("blockDeviceMapping", [image], |x, image| {
        x.text("deviceName", &image.root_device);
        x.element("ebs", |x| {
            x.text("snapshotId", image.snapshot());
            x.text("volumeSize", image.root_size);
            x.text("deleteOnTermination", true);
            x.text("volumeType", &image.root_type);
            if image.root_type == "gp3" {
                x.text("iops", 3000);
                x.text("throughput", 125);
            }
            x.text("encrypted", false);
        });
    });
    x.text("virtualizationType", "hvm");
    x.text("hypervisor", "xen");
    x.text("enaSupport", true);
    x.text("sriovNetSupport", "simple");
    if image.imds_v2 {
        x.text("imdsSupport", "v2.0");
    }
}
