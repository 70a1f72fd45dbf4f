//! The rows of instances and of what comes with them.

use base64::Engine as _;
use serde_json::{Value as Json, json};

use super::rows::{Case, Row, mixed, put, row, texts};

const LAUNCH: &str =
    "RunInstances&ImageId=ami-003634241a8fcdec0&MinCount=1&MaxCount=1&SubnetId={subnet.main}";
const LAUNCH_SIX: &str =
    "RunInstances&ImageId=ami-003634241a8fcdec0&MinCount=1&MaxCount=1&SubnetId={subnet.six}";
const DISK: &str = "RunInstances&ImageId=ami-003634241a8fcdec0&InstanceType=m5.large&MinCount=1&MaxCount=1&SubnetId={subnet.main}\
                    &BlockDeviceMapping.1.DeviceName=/dev/sda1";

/// The limits of an instance.
pub fn hosts() -> Vec<Row> {
    let host = |fields: Json| {
        let mut all =
            json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "main"});
        for (name, value) in fields.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        json!({"instance.x": all})
    };
    let encoded = |length: usize| {
        let text = base64::engine::general_purpose::STANDARD.encode(vec![b'#'; length]);
        format!(
            "&UserData={}",
            form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
        )
    };
    let (full, over) = (encoded(16 * 1024), encoded(16 * 1024 + 1));
    vec![
        row(
            "instance.image",
            &host(json!({"image": "$"})),
            "RunInstances&InstanceType=t2.micro&MinCount=1&MaxCount=1&SubnetId={subnet.main}&ImageId=$",
            &texts(&["ami-003634241a8fcdec0", "ami-12345678"]),
            &texts(&["ami-1234567", "ami-123456789", "ami-003634241A8FCDEC0", "image"]),
        ),
        row(
            "instance.instance_type",
            &host(json!({"instance_type": "$"})),
            &format!("{LAUNCH}&InstanceType=$"),
            &texts(&["t2.micro", "m5.large"]),
            &texts(&["t2", "T2.micro", "t2.micro.large"]),
        ),
        row(
            "instance.private_ip_address",
            &host(json!({"private_ip_address": "$"})),
            &format!("{LAUNCH}&InstanceType=t2.micro&PrivateIpAddress=$"),
            &texts(&["10.0.0.4", "10.0.0.254"]),
            &texts(&["10.0.0.3", "10.0.0.0", "10.0.0.255", "10.0.1.4", "10.0.0.256"]),
        ),
        row(
            "instance.ipv6_address_count",
            &host(json!({"instance_type": "m5.24xlarge", "subnet": "six", "ipv6_address_count": "$"})),
            &format!("{LAUNCH_SIX}&InstanceType=m5.24xlarge&Ipv6AddressCount=$"),
            &[json!(0), json!(50)],
            &[json!(-1), json!(51)],
        ),
        row(
            "instance.ipv6_addresses",
            &host(json!({"subnet": "six", "ipv6_addresses": ["$"]})),
            &format!("{LAUNCH_SIX}&InstanceType=t2.micro&Ipv6Address.1.Ipv6Address=$"),
            &texts(&["2001:db8:60:6::4", "2001:db8:60:6:ffff:ffff:ffff:fffe"]),
            &texts(&[
                "2001:db8:60:6::",
                "2001:db8:60:6::3",
                "2001:db8:60:6:ffff:ffff:ffff:ffff",
                "2001:db8:60:7::4",
                "10.8.2.9",
            ]),
        ),
        mixed(
            "instance.user_data",
            &host(json!({"user_data": "$"})),
            &format!("{LAUNCH}&InstanceType=t2.micro"),
            &[(json!("#".repeat(16 * 1024)), &full)],
            &[(json!("#".repeat(16 * 1024 + 1)), &over)],
        ),
        row(
            "instance.iam_instance_profile",
            &host(json!({"iam_instance_profile": "$"})),
            &format!("{LAUNCH}&InstanceType=t2.micro&IamInstanceProfile.Name=$"),
            &texts(&["x", "a+b=c,d.e@f-g_h", &"x".repeat(128)]),
            &texts(&["a b", "ä", "a/b", &"x".repeat(129)]),
        ),
        mixed(
            "instance.state",
            &host(json!({"state": "$"})),
            &format!("{LAUNCH}&InstanceType=t2.micro"),
            &[(json!("running"), ""), (json!("stopped"), "")],
            &[],
        ),
    ]
}

/// The limits of its root volume.
pub fn volumes() -> Vec<Row> {
    let disk = |name: &'static str, at: &[Json], past: &[Json]| {
        let spec = json!({"instance.x": {
            "image": "ami-003634241a8fcdec0", "instance_type": "m5.large", "subnet": "main", "root_volume": "$",
        }});
        let case = |volume: &Json| {
            let names = [
                ("size", "VolumeSize"),
                ("type", "VolumeType"),
                ("iops", "Iops"),
                ("throughput", "Throughput"),
            ];
            let given = names.iter().filter(|(name, _)| volume.get(name).is_some());
            let values = given.map(|(name, parameter)| {
                let value = &volume[name];
                format!(
                    "&BlockDeviceMapping.1.Ebs.{parameter}={}",
                    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
                )
            });
            Case {
                spec: put(&spec, volume),
                query: values.fold(DISK.to_owned(), |all, one| all + &one),
            }
        };
        Row {
            of: name,
            at: at.iter().map(case).collect(),
            past: past.iter().map(case).collect(),
        }
    };
    let of = |ty: &str, size: i64| json!({"type": ty, "size": size});
    let fast = |ty: &str, size: i64, iops: i64| json!({"type": ty, "size": size, "iops": iops});
    let wide = |iops: i64, throughput: i64| json!({"type": "gp3", "size": 200, "iops": iops, "throughput": throughput});
    vec![
        disk(
            "instance.root_volume.size",
            &[
                of("gp2", 16_384),
                of("gp3", 65_536),
                fast("io1", 16_384, 100),
                fast("io2", 65_536, 100),
                of("standard", 1_024),
            ],
            &[
                of("gp2", 0),
                of("gp2", 16_385),
                of("gp3", 65_537),
                fast("io1", 3, 100),
                fast("io1", 16_385, 100),
                fast("io2", 65_537, 100),
                of("standard", 1_025),
            ],
        ),
        disk(
            "instance.root_volume.type",
            &[
                of("gp2", 8),
                of("gp3", 8),
                fast("io1", 8, 100),
                fast("io2", 8, 100),
                of("standard", 8),
            ],
            &[
                of("st1", 125),
                of("sc1", 125),
                of("gp1", 8),
                of("io1", 8),
                of("io2", 8),
            ],
        ),
        disk(
            "instance.root_volume.iops",
            &[
                fast("gp3", 8, 3_000),
                fast("gp3", 160, 80_000),
                fast("gp3", 10, 5_000),
                fast("io1", 8, 100),
                fast("io1", 8, 400),
                fast("io1", 1_280, 64_000),
                fast("io2", 256, 256_000),
                fast("io2", 8, 8_000),
            ],
            &[
                fast("gp3", 8, 2_999),
                fast("gp3", 200, 80_001),
                fast("gp3", 10, 5_001),
                fast("io1", 8, 99),
                fast("io1", 8, 401),
                fast("io1", 2_000, 64_001),
                fast("io2", 257, 256_001),
                fast("io2", 8, 8_001),
                fast("gp2", 100, 300),
                fast("standard", 100, 100),
            ],
        ),
        disk(
            "instance.root_volume.throughput",
            &[wide(3_000, 125), wide(3_000, 750), wide(8_000, 2_000)],
            &[
                wide(3_000, 124),
                wide(3_000, 751),
                wide(80_000, 2_001),
                json!({"type": "gp2", "size": 8, "throughput": 125}),
                json!({"type": "io2", "size": 8, "iops": 8_000, "throughput": 125}),
            ],
        ),
    ]
}

/// The limits of its metadata options.
pub fn metadata() -> Vec<Row> {
    let options = |name: &str| {
        json!({"instance.x": {
            "image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "main", "metadata_options": {name: "$"},
        }})
    };
    let launch = |parameter: &str| format!("{LAUNCH}&InstanceType=t2.micro&MetadataOptions.{parameter}=$");
    let switch = |of: &'static str, name: &str, parameter: &str| {
        row(
            of,
            &options(name),
            &launch(parameter),
            &texts(&["enabled", "disabled"]),
            &texts(&["on"]),
        )
    };
    vec![
        switch(
            "instance.metadata_options.http_endpoint",
            "http_endpoint",
            "HttpEndpoint",
        ),
        switch(
            "instance.metadata_options.instance_metadata_tags",
            "instance_metadata_tags",
            "InstanceMetadataTags",
        ),
        row(
            "instance.metadata_options.http_tokens",
            &options("http_tokens"),
            &launch("HttpTokens"),
            &texts(&["optional", "required"]),
            &texts(&["enabled"]),
        ),
        row(
            "instance.metadata_options.http_put_response_hop_limit",
            &options("http_put_response_hop_limit"),
            &launch("HttpPutResponseHopLimit"),
            &[json!(1), json!(64)],
            &[json!(0), json!(65)],
        ),
    ]
}
