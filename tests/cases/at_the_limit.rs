//! Holds `validate` and EC2 together, limit by limit: what is just right is taken by both, what is just past
//! it by neither. A new attribute without a row here fails.

mod dhcp;
mod endpoints;
mod hosts;
mod logs;
mod peers;
mod rows;
mod volumes;

use std::collections::BTreeMap;

use rows::{Case, Row, rows};
use serde_json::{Value as Json, json};
use trueup_model::diagnostic::Severity;
use trueup_model::{Attribute, Kind, Type};
use trueup_tests::{PUBLIC_KEY, World, paused, read, topology};

/// Attributes without a limit that EC2 has a say in, with why.
const WITHOUT: &[(&str, &str)] = &[
    ("key_pair.private_key_file", "a path"),
    ("key_pair.public_key_file", "a path"),
    (
        "key_pair.key_type",
        "what is made here: EC2 sees the public half alone",
    ),
    ("instance.user_data_file", "a path"),
    (
        "volume.kms_key_id",
        "EC2 looks at a key only after it has answered",
    ),
    (
        "volume.device_name",
        "what is attached is there already: `volumes::a_device_is_one_that_ec2_takes`",
    ),
    ("vpc_endpoint.policy_file", "a path"),
];

/// Ends of a range that no spec can be applied with, with why.
const OUT_OF_REACH: &[(&str, i64, &str)] = &[(
    "instance.root_volume.size",
    1,
    "the snapshot of every image of today is larger",
)];

/// Actions of which EC2 takes no `DryRun`.
const WITHOUT_DRY_RUN: &[&str] = &["AssociateVpcCidrBlock"];

/// A pool of addresses that the account has brought.
const POOL: &str = "ipv6pool-ec2-0123456789abcdef0";

/// What every case starts from.
fn base() -> Json {
    json!({
        "vpc.main": {"cidr_block": "10.0.0.0/16"},
        "vpc.other": {"cidr_block": "10.9.0.0/16", "ipv6_cidr_block": "2001:db8::/44", "ipv6_pool": POOL},
        "vpc.six": {"cidr_block": "10.8.0.0/16", "ipv6_cidr_block": "2001:db8:60::/56", "ipv6_pool": POOL},
        "internet_gateway.main": {"vpc": "main"},
        "elastic_ip.main": {},
        "subnet.main": {"vpc": "main", "cidr_block": "10.0.0.0/24", "availability_zone": "us-west-2a"},
        "subnet.six": {"vpc": "six", "cidr_block": "10.8.2.0/24", "ipv6_cidr_block": "2001:db8:60:6::/64"},
        "route_table.main": {"vpc": "main"},
        "network_acl.main": {"vpc": "main"},
        "security_group.main": {"vpc": "main", "description": "main"},
        "key_pair.main": {"public_key": PUBLIC_KEY},
    })
}

/// The base with this laid over it, as a spec.
fn spec(over: &Json) -> String {
    let mut all = base();
    if over.get("vpc.x").is_some() {
        all.as_object_mut().unwrap().remove("vpc.other");
    }
    for (address, attributes) in over.as_object().unwrap() {
        let vpc = ["subnet.", "security_group."]
            .iter()
            .any(|kind| address.starts_with(kind))
            .then(|| json!({"vpc": "main"}));
        let resource = all
            .as_object_mut()
            .unwrap()
            .entry(address)
            .or_insert_with(|| vpc.unwrap_or_else(|| json!({})));
        for (name, value) in attributes.as_object().unwrap() {
            resource[name] = value.clone();
        }
    }
    let mut text = json!({"topology": "limits", "region": "us-west-2"});
    for (address, resource) in all.as_object().unwrap() {
        let (kind, name) = address.split_once('.').unwrap();
        text[kind][name] = resource.clone();
    }
    text.to_string()
}

/// A world with the base in it, and the id of each address.
async fn built() -> (World, BTreeMap<String, String>) {
    let world = World::new().await;
    let base = topology(&spec(&json!({})));
    world.apply(&base).await;
    let objects = world.observe(&base).await.objects;
    let ids = objects
        .into_iter()
        .filter_map(|object| Some((object.address("limits")?.to_string(), object.id)))
        .collect();
    (world, ids)
}

fn with_ids(query: &str, ids: &BTreeMap<String, String>) -> String {
    ids.iter().fold(query.to_owned(), |query, (address, id)| {
        query.replace(&format!("{{{address}}}"), id)
    })
}

/// The code of a refusal.
fn code(refusal: &str) -> &str {
    refusal
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map_or(refusal, |(code, _)| code)
}

/// The attributes that have a limit, by their path.
fn limited(path: &str, ty: &'static Type, out: &mut Vec<(String, &'static Type)>) {
    match ty {
        Type::Int(..) | Type::Choice(_) | Type::Text(_) => out.push((path.to_owned(), ty)),
        Type::Object(fields) => fields
            .iter()
            .for_each(|field| limited(&format!("{path}.{}", field.name), &field.ty, out)),
        Type::Set(members) => limited(path, &members.ty, out),
        Type::OneOrMany(inner) => limited(path, inner, out),
        Type::Bool | Type::Ref(..) | Type::Id(_) | Type::Tags | Type::Policy => {}
    }
}

/// Every value of an attribute in a piece of a spec.
fn values<'j>(json: &'j Json, name: &str, out: &mut Vec<&'j Json>) {
    match json {
        Json::Array(list) => list.iter().for_each(|one| values(one, name, out)),
        Json::Object(fields) => fields.iter().for_each(|(key, value)| {
            if key == name {
                out.push(value);
            }
            values(value, name, out);
        }),
        _ => {}
    }
}

/// What the rows of an attribute lack, in sentences.
fn lacks(path: &str, ty: &Type, rows: &[Row]) -> Vec<String> {
    let own: Vec<&Row> = rows.iter().filter(|row| row.of == path).collect();
    if own.is_empty() {
        return vec![format!(
            "{path} has no row: say what is just right and what is just past it"
        )];
    }
    let name = path.rsplit('.').next().unwrap();
    let among = |cases: fn(&Row) -> &[Case]| {
        let mut found = Vec::new();
        own.iter()
            .flat_map(|row| cases(row))
            .for_each(|case| values(&case.spec, name, &mut found));
        found.into_iter().cloned().collect::<Vec<Json>>()
    };
    let (at, past) = (among(|row| &row.at), among(|row| &row.past));
    let lack = |what: String, is_there: bool| (!is_there).then(|| format!("{path}: no row has {what}"));
    match ty {
        Type::Int(from, to) => {
            let skipped = |value: i64| {
                OUT_OF_REACH
                    .iter()
                    .any(|(of, end, _)| *of == path && *end == value)
            };
            let ends = [from, to].map(|end| {
                lack(
                    format!("{end}, which is just right"),
                    skipped(*end) || at.contains(&json!(end)),
                )
            });
            let over = [from - 1, to + 1].map(|end| {
                lack(
                    format!("{end}, which is just past it"),
                    past.contains(&json!(end)),
                )
            });
            ends.into_iter().chain(over).flatten().collect()
        }
        Type::Choice(words) => {
            let words = words.iter();
            words
                .filter_map(|word| lack(format!("`{word}`"), at.contains(&json!(word))))
                .collect()
        }
        _ => lack("a value that is just past its limit".into(), !past.is_empty())
            .into_iter()
            .collect(),
    }
}

#[test]
fn every_limit_of_every_attribute_has_a_row() {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let attributes: &[Attribute] = kind.schema().attributes;
        // Both directions of rules have one table.
        for attribute in attributes.iter().filter(|attribute| attribute.name != "egress") {
            limited(&format!("{kind}.{}", attribute.name), &attribute.ty, &mut all);
        }
    }
    let rows = rows();
    let is_without = |path: &str| WITHOUT.iter().any(|(without, _)| *without == path);
    let lacking: Vec<String> = all
        .iter()
        .filter(|(path, _)| !is_without(path))
        .flat_map(|(path, ty)| lacks(path, ty, &rows))
        .collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
    let known = |path: &str| all.iter().any(|(known, _)| known == path);
    let strange: Vec<&str> = WITHOUT
        .iter()
        .map(|(path, _)| *path)
        .filter(|path| !known(path))
        .collect();
    assert!(strange.is_empty(), "{strange:?} are no attributes");
}

#[test]
fn what_is_just_right_is_taken_by_both() {
    paused(async {
        let mut faults = Vec::new();
        for (row, case) in rows()
            .iter()
            .flat_map(|row| row.at.iter().map(move |case| (row, case)))
        {
            let parsed = read(&spec(&case.spec));
            let Some(topology) = parsed.topology else {
                let said: Vec<&String> = parsed
                    .diagnostics
                    .iter()
                    .map(|diagnostic| &diagnostic.message)
                    .collect();
                faults.push(format!(
                    "{}: validate refuses {}: {said:?}",
                    row.of,
                    short(&case.spec)
                ));
                continue;
            };
            if let Err(failed) = World::new().await.try_apply(&topology).await {
                faults.push(format!(
                    "{}: an apply of {} fails: {failed}",
                    row.of,
                    short(&case.spec)
                ));
            }
        }
        // The calls themselves, so that a refusal of what is just past it is not one of the call's form.
        let (world, ids) = built().await;
        for (row, case) in rows()
            .iter()
            .flat_map(|row| row.at.iter().map(move |case| (row, case)))
        {
            let taken = if WITHOUT_DRY_RUN
                .iter()
                .any(|action| case.query.starts_with(action))
            {
                let (world, ids) = built().await;
                world.try_call(&with_ids(&case.query, &ids)).await
            } else {
                let asked = world
                    .try_call(&format!("{}&DryRun=true", with_ids(&case.query, &ids)))
                    .await;
                asked.or_else(|refusal| {
                    if code(&refusal) == "DryRunOperation" {
                        Ok(refusal)
                    } else {
                        Err(refusal)
                    }
                })
            };
            if let Err(answer) = taken {
                faults.push(format!(
                    "{}: EC2 refuses {}: {answer}",
                    row.of,
                    short(&json!(case.query))
                ));
            }
        }
        assert!(faults.is_empty(), "{}: {faults:#?}", faults.len());
    });
}

#[test]
fn what_is_just_past_it_is_taken_by_neither() {
    /// Refusals of a call's form, which say nothing about a value.
    const FORM: [&str; 4] = [
        "InvalidAction",
        "UnknownParameter",
        "InvalidSubnetID.NotFound",
        "InvalidVpcID.NotFound",
    ];
    paused(async {
        let mut faults = Vec::new();
        let (world, ids) = built().await;
        for (row, case) in rows()
            .iter()
            .flat_map(|row| row.past.iter().map(move |case| (row, case)))
        {
            if read(&spec(&case.spec)).topology.is_some() {
                faults.push(format!("{}: validate takes {}", row.of, short(&case.spec)));
            }
            match world.try_call(&with_ids(&case.query, &ids)).await {
                Ok(_) => faults.push(format!("{}: EC2 takes {}", row.of, short(&json!(case.query)))),
                Err(refusal) if FORM.contains(&code(&refusal)) => {
                    faults.push(format!("{}: {}: {refusal}", row.of, case.query));
                }
                Err(_) => {}
            }
        }
        assert!(faults.is_empty(), "{}: {faults:#?}", faults.len());
    });
}

/// A quota that may be raised: what it is of, the number that every account has, and a piece of a spec that
/// has so many.
type Quota = (&'static str, usize, fn(usize) -> Json);

fn quotas() -> Vec<Quota> {
    fn rules(count: usize) -> Json {
        let rules: Vec<Json> = (1..=count)
            .map(|port| json!({"protocol": "tcp", "port": port, "cidr": "10.0.0.0/8"}))
            .collect();
        json!({"security_group.main": {"ingress": rules}})
    }
    fn entries(count: usize) -> Json {
        let entry = |number| json!({"rule_number": number, "action": "allow", "protocol": "all", "cidr": "10.0.0.0/8"});
        json!({"network_acl.main": {"ingress": (1..=count).map(entry).collect::<Vec<_>>()}})
    }
    fn routes(count: usize) -> Json {
        let route = |n: usize| json!({"destination": format!("11.{}.{}.0/24", n / 256, n % 256), "internet_gateway": "main"});
        json!({"route_table.main": {"routes": (0..count).map(route).collect::<Vec<_>>()}})
    }
    fn ranges(count: usize) -> Json {
        json!({"vpc.main": {"secondary_cidr_blocks": (1..count).map(|n| format!("10.{n}.0.0/16")).collect::<Vec<_>>()}})
    }
    fn vpcs(count: usize) -> Json {
        // Three are in the base.
        (3..count)
            .map(|n| {
                (
                    format!("vpc.v{n}"),
                    json!({"cidr_block": format!("10.{}.0.0/16", 100 + n)}),
                )
            })
            .collect()
    }
    fn addresses(count: usize) -> Json {
        (1..count)
            .map(|n| (format!("elastic_ip.e{n}"), json!({})))
            .collect()
    }
    fn tags(count: usize) -> Json {
        // EC2's name is one more.
        json!({"vpc.main": {"tags": (1..count).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>()}})
    }
    // One of each kind is in the base.
    fn many(kind: &str, count: usize) -> Json {
        (1..count)
            .map(|n| (format!("{kind}.more{n}"), json!({"vpc": "main"})))
            .collect()
    }
    fn subnets(count: usize) -> Json {
        (1..count)
            .map(|n| {
                let range = format!("10.0.{}.{}/28", 128 + n / 16, n % 16 * 16);
                (
                    format!("subnet.more{n}"),
                    json!({"vpc": "main", "cidr_block": range}),
                )
            })
            .collect()
    }
    vec![
        ("subnets of a VPC", 200, subnets),
        ("route tables of a VPC", 200, |count| many("route_table", count)),
        ("network ACLs of a VPC", 200, |count| many("network_acl", count)),
        ("rules of a group", 60, rules),
        ("entries of an ACL", 19, entries),
        ("routes of a table", 500, routes),
        ("ranges of a VPC", 5, ranges),
        ("VPCs", 5, vpcs),
        ("Elastic IP addresses", 5, addresses),
        ("tags", 43, tags),
    ]
}

#[test]
fn what_every_account_may_have_is_taken_and_one_more_is_told() {
    paused(async {
        let mut faults = Vec::new();
        for (what, granted, make) in quotas() {
            let told = |over: &Json| {
                let parsed = read(&spec(over));
                let loud = |severity: &Severity| matches!(severity, Severity::Error | Severity::Warning);
                let said = parsed.diagnostics.iter().any(|diagnostic| {
                    loud(&diagnostic.severity) && matches!(diagnostic.code, "quota" | "tag")
                });
                (parsed.topology, said)
            };
            let (full, said) = told(&make(granted));
            let full = full.unwrap_or_else(|| panic!("{what}: {granted} are refused"));
            if said {
                faults.push(format!("{what}: {granted} are told of"));
            }
            if let Err(failed) = World::new().await.try_apply(&full).await {
                faults.push(format!("{what}: {granted} are not taken: {failed}"));
            }
            if !told(&make(granted + 1)).1 {
                faults.push(format!("{what}: nothing is said of {}", granted + 1));
            }
        }
        assert!(faults.is_empty(), "{faults:#?}");
    });
}

/// The first words of something long.
fn short(json: &Json) -> String {
    json.to_string().chars().take(240).collect()
}
