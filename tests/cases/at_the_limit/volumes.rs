//! The rows of volumes of their own.

use serde_json::{Value as Json, json};

use super::rows::{Case, Row, put, row, texts};

/// The limits of a volume.
pub fn volumes() -> Vec<Row> {
    const CREATE: &str = "CreateVolume&AvailabilityZone=us-west-2a";
    let disk = |of: &'static str, at: &[Json], past: &[Json]| {
        let case = |volume: &Json| {
            let names = [
                ("size", "Size"),
                ("volume_type", "VolumeType"),
                ("iops", "Iops"),
                ("throughput", "Throughput"),
            ];
            let given = names.iter().filter(|(name, _)| volume.get(name).is_some());
            let values = given.map(|(name, parameter)| {
                let value = &volume[name];
                format!(
                    "&{parameter}={}",
                    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
                )
            });
            let mut spec = volume.clone();
            spec["availability_zone"] = json!("us-west-2a");
            Case {
                spec: put(&json!({"volume.x": "$"}), &spec),
                query: values.fold(CREATE.to_owned(), |all, one| all + &one),
            }
        };
        Row {
            of,
            at: at.iter().map(case).collect(),
            past: past.iter().map(case).collect(),
        }
    };
    let of = |ty: &str, size: i64| json!({"volume_type": ty, "size": size});
    let fast = |ty: &str, size: i64, iops: i64| json!({"volume_type": ty, "size": size, "iops": iops});
    let wide = |iops: i64, throughput: i64| json!({"volume_type": "gp3", "size": 200, "iops": iops, "throughput": throughput});
    let with = |name: &str| json!({"volume.x": {"availability_zone": "us-west-2a", "size": 8, name: "$"}});
    vec![
        row(
            "volume.availability_zone",
            &json!({"volume.x": {"availability_zone": "$", "size": 8}}),
            "CreateVolume&Size=8&AvailabilityZone=$",
            &texts(&["us-west-2a", "us-west-2d"]),
            &texts(&["us-east-1a", "usw2-az1", "us-west-2"]),
        ),
        disk(
            "volume.size",
            &[
                of("gp2", 1),
                of("gp2", 16_384),
                of("gp3", 65_536),
                fast("io1", 4, 100),
                fast("io2", 65_536, 100),
                of("st1", 125),
                of("sc1", 16_384),
                of("standard", 1_024),
            ],
            &[
                of("gp2", 0),
                of("gp2", 16_385),
                of("gp3", 65_537),
                fast("io1", 3, 100),
                fast("io2", 65_537, 100),
                of("st1", 124),
                of("sc1", 16_385),
                of("standard", 1_025),
                json!({"volume_type": "gp2"}),
            ],
        ),
        disk(
            "volume.volume_type",
            &[
                of("gp2", 125),
                of("gp3", 125),
                fast("io1", 125, 100),
                fast("io2", 125, 100),
                of("st1", 125),
                of("sc1", 125),
                of("standard", 125),
            ],
            &[of("gp1", 8), of("io1", 8), of("io2", 8)],
        ),
        disk(
            "volume.iops",
            &[
                fast("gp3", 160, 80_000),
                fast("io1", 8, 100),
                fast("io1", 1_280, 64_000),
                fast("io2", 256, 256_000),
            ],
            &[
                fast("gp3", 8, 2_999),
                fast("gp3", 10, 5_001),
                fast("io1", 8, 99),
                fast("io1", 8, 401),
                fast("io2", 257, 256_001),
                fast("st1", 125, 300),
            ],
        ),
        disk(
            "volume.throughput",
            &[wide(3_000, 125), wide(8_000, 2_000)],
            &[
                wide(3_000, 124),
                wide(3_000, 751),
                wide(80_000, 2_001),
                json!({"volume_type": "st1", "size": 125, "throughput": 125}),
            ],
        ),
        row(
            "volume.snapshot_id",
            &with("snapshot_id"),
            &format!("{CREATE}&Size=8&SnapshotId=$"),
            &texts(&["snap-0123456789abcdef0", "snap-12345678"]),
            &texts(&["snap-1234567", "snap-0123456789ABCDEF0", "ami-12345678"]),
        ),
    ]
}
