//! Regions and availability zones.

use super::partition::{self, Known};
use crate::call::{Answer, Call};
use crate::state::Region;
use crate::state::table::Row;
use crate::wire::filter::{Field, Filters, Seen, fields};
use crate::wire::{Fault, Xml};

/// A zone's name and id.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Zone {
    /// `us-west-2a`.
    pub name: String,
    /// `usw2-az1`.
    pub id: String,
}

impl Row for Zone {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

/// The zones of a region, by name.
pub fn zones(region: &str) -> Vec<Zone> {
    let Some(Known { short, zones, .. }) = partition::region(region) else {
        return Vec::new();
    };
    zones
        .iter()
        .map(|(letter, number)| Zone {
            name: format!("{region}{letter}"),
            id: format!("{short}-az{number}"),
        })
        .collect()
}

/// The zone that a request names by `AvailabilityZone` or `AvailabilityZoneId`; nothing where it names none.
pub fn chosen(region: &Region, name: Option<&str>, id: Option<&str>) -> Result<Option<Zone>, Fault> {
    let wanted = match (name, id) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(Fault::combination(
                "Only one of AvailabilityZone and AvailabilityZoneId can be specified",
            ));
        }
        (Some(name), None) => (name, "availabilityZone"),
        (None, Some(id)) => (id, "availabilityZoneId"),
    };
    let zones = zones(&region.name);
    zones.iter().find(|zone| if name.is_some() { zone.name == wanted.0 } else { zone.id == wanted.0 }).cloned().map(Some).ok_or_else(|| {
        let all: Vec<&str> = zones.iter().map(|zone| zone.name.as_str()).collect();
        Fault::new(
            "InvalidParameterValue",
            format!(
                "Value ({}) for parameter {} is invalid. Subnets can currently only be created in the following availability zones: {}.",
                wanted.0,
                wanted.1,
                all.join(", ")
            ),
        )
    })
}

const ZONE_FIELDS: &[Field<Zone>] = fields![Zone:
    "zone-name" => |seen, add| add(&seen.row.name),
    "zone-id" => |seen, add| add(&seen.row.id),
    "region-name" => |seen, add| add(&seen.region.name),
    "group-name" => |seen, add| add(&format!("{}-zg-1", seen.region.name)),
    "group-long-name" => |seen, add| add(&format!("{} 1", seen.region.name)),
    "message" => |_, _| {},
    "opt-in-status" => |_, add| add("opt-in-not-required"),
    "parent-zone-id" => |_, _| {},
    "parent-zone-name" => |_, _| {},
    "state" => |_, add| add("available"),
    "zone-type" => |_, add| add("availability-zone"),
    "zone-group" => |seen, add| add(&seen.region.name),
];

/// `DescribeAvailabilityZones`.
pub fn describe_zones(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let names = call.params.texts("ZoneName");
    let ids = call.params.texts("ZoneId");
    let _ = call.params.flag("AllAvailabilityZones")?;
    let filters = Filters::read(call.params)?.bind(ZONE_FIELDS)?;
    let region = &*call.region;
    let zones = zones(&region.name);
    for wanted in names.iter().chain(&ids) {
        if !zones
            .iter()
            .any(|zone| zone.name == **wanted || zone.id == **wanted)
        {
            return Err(Fault::new(
                "InvalidParameterValue",
                format!("Invalid availability zone: [{wanted}]"),
            ));
        }
    }
    let shown = zones.iter().filter(|zone| {
        (names.is_empty() || names.contains(&zone.name.as_str()))
            && (ids.is_empty() || ids.contains(&zone.id.as_str()))
            && filters.holds(&Seen {
                id: &zone.name,
                row: *zone,
                region,
            })
    });
    x.set("availabilityZoneInfo", shown, |x, zone| {
        x.text("optInStatus", "opt-in-not-required");
        x.set("messageSet", [(); 0], |_, ()| {});
        x.text("regionName", &region.name);
        x.text("zoneName", &zone.name);
        x.text("zoneId", &zone.id);
        x.text("groupName", format_args!("{}-zg-1", region.name));
        x.text("groupLongName", format_args!("{} 1", region.name));
        x.text("networkBorderGroup", &region.name);
        x.text("zoneType", "availability-zone");
        x.text("zoneState", "available");
    });
    Ok(())
}

/// A region as its filters see it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Named(String);

impl Row for Named {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

const REGION_FIELDS: &[Field<Named>] = fields![Named:
    "region-name" => |seen, add| add(&seen.row.0),
    "endpoint" => |seen, add| add(&endpoint(&seen.row.0)),
    "opt-in-status" => |_, add| add("opt-in-not-required"),
];

fn endpoint(region: &str) -> String {
    format!("ec2.{region}.{}", partition::of(region).suffix)
}

/// `DescribeRegions`: those of the partition that the request is for.
pub fn describe_regions(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let names = call.params.texts("RegionName");
    let _ = call.params.flag("AllRegions")?;
    let filters = Filters::read(call.params)?.bind(REGION_FIELDS)?;
    let region = &*call.region;
    let regions = partition::of(&region.name).regions;
    if let Some(unknown) = names
        .iter()
        .find(|name| !regions.iter().any(|known| known.name == **name))
    {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("Invalid region: [{unknown}]"),
        ));
    }
    let shown = regions
        .iter()
        .map(|known| Named(known.name.to_owned()))
        .filter(|named| {
            (names.is_empty() || names.contains(&named.0.as_str()))
                && filters.holds(&Seen {
                    id: &named.0,
                    row: named,
                    region,
                })
        });
    x.set("regionInfo", shown, |x, named| {
        x.text("optInStatus", "opt-in-not-required");
        x.text("regionName", &named.0);
        x.text("regionEndpoint", endpoint(&named.0));
    });
    Ok(())
}
