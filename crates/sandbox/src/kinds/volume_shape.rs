//! What a volume is like: size, type, operations and throughput, within the documented limits.

use serde::{Deserialize, Serialize};

use crate::call::Answer;
use crate::wire::{Fault, Node};

/// Size, type and speed of a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// In GiB.
    pub size: u32,
    /// `gp2`, `gp3`, `io1`, `io2`, `st1`, `sc1` or `standard`.
    pub kind: String,
    /// Operations a second.
    pub iops: Option<u32>,
    /// MiB a second.
    pub throughput: Option<u32>,
}

/// What is asked of a volume's shape; what is absent stays or gets EC2's default.
#[derive(Debug, Default)]
pub struct Asked<'p> {
    /// In GiB.
    pub size: Option<u32>,
    /// The type.
    pub kind: Option<&'p str>,
    /// Operations a second.
    pub iops: Option<u32>,
    /// MiB a second.
    pub throughput: Option<u32>,
}

impl<'p> Asked<'p> {
    /// Reads the parameters of these names.
    pub fn read(p: &'p Node, size: &str) -> Result<Self, Fault> {
        Ok(Self {
            size: p.number(size)?,
            kind: p.filled("VolumeType"),
            iops: p.number("Iops")?,
            throughput: p.number("Throughput")?,
        })
    }
}

/// The shape that EC2 makes of it, within the documented ranges.
pub fn shape(asked: &Asked<'_>, size: u32, default_kind: &str) -> Result<Shape, Fault> {
    let kind = asked.kind.unwrap_or(default_kind);
    let size = asked.size.unwrap_or(size);
    let (sizes, iops_range) = match kind {
        "gp2" => (1..=16384, None),
        "gp3" => (1..=65536, Some(3000..=80_000)),
        "io1" => (4..=16384, Some(100..=64_000)),
        "io2" => (4..=65536, Some(100..=256_000)),
        "st1" | "sc1" => (125..=16384, None),
        "standard" => (1..=1024, None),
        other => return Err(Fault::invalid(other, "volumeType", "Unknown volume type")),
    };
    if !sizes.contains(&size) {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "Volume of {size}GiB is out of range; a {kind} volume has {} to {} GiB.",
                sizes.start(),
                sizes.end()
            ),
        ));
    }
    let iops = match (asked.iops, &iops_range) {
        (Some(iops), Some(range)) if range.contains(&iops) => Some(iops),
        (Some(iops), Some(_)) => {
            return Err(Fault::new(
                "InvalidParameterValue",
                format!("Volume iops of {iops} is out of range for {kind}"),
            ));
        }
        (Some(_), None) => {
            return Err(Fault::combination(format!(
                "The parameter iops is not supported for {kind} volumes."
            )));
        }
        (None, _) if kind == "gp3" => Some(3000),
        (None, _) if kind == "gp2" => Some((size * 3).clamp(100, 16_000)),
        (None, Some(_)) => {
            return Err(Fault::new(
                "MissingParameter",
                format!("The parameter iops must be specified for {kind} volumes."),
            ));
        }
        (None, None) => None,
    };
    check_iops_ratio(kind, size, iops)?;
    let throughput = match (asked.throughput, kind) {
        (Some(rate), "gp3") if (125..=2000).contains(&rate) => Some(rate),
        (Some(rate), "gp3") => {
            return Err(Fault::new(
                "InvalidParameterValue",
                format!("Throughput of {rate} MiB/s is out of range"),
            ));
        }
        (Some(_), _) => {
            return Err(Fault::combination(format!(
                "The parameter throughput is not supported for {kind} volumes."
            )));
        }
        (None, "gp3") => Some(125),
        (None, _) => None,
    };
    if let (Some(rate), Some(iops)) = (throughput, iops)
        && rate * 4 > iops
    {
        let ratio = f64::from(rate) / f64::from(iops);
        return Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "Throughput (MiBps) to iops ratio of {ratio:.6} is too high; maximum is 0.250000 MiBps per iops."
            ),
        ));
    }
    Ok(Shape {
        size,
        kind: kind.to_owned(),
        iops,
        throughput,
    })
}

/// How many operations a second a volume of a size may have; 3,000 come with every gp3.
fn check_iops_ratio(kind: &str, size: u32, iops: Option<u32>) -> Answer {
    let (most, free) = match kind {
        "gp3" => (500, 3000),
        "io1" => (50, 0),
        "io2" => (1000, 0),
        _ => return Ok(()),
    };
    match iops {
        Some(iops) if iops > (size * most).max(free) => Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "Iops to volume size ratio of {:.6} is too high; maximum is {most}.",
                f64::from(iops) / f64::from(size)
            ),
        )),
        _ => Ok(()),
    }
}

/// EC2 boots from no HDD volume.
pub fn check_boots(kind: Option<&str>) -> Answer {
    match kind {
        Some(kind @ ("st1" | "sc1")) => Err(Fault::new(
            "InvalidParameterValue",
            format!("The volume type {kind} cannot be used for a root device."),
        )),
        _ => Ok(()),
    }
}
