//! Saved answers of EC2: two accounts whose VPCs are peered, one of them with a NAT gateway, and what was
//! deleted before.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use trueup_reach::fill::saved;
use trueup_reach::{Engine, Network, Selector, ServiceSet, Verdict, explain, reach};

use crate::common::answers::{acl, files, group, interface, subnet, table, vpc};

fn network() -> Network {
    let route = |range: &str, field: &str, id: &str| json!({"DestinationCidrBlock": range, field: id, "State": "active"});
    let running = |id: &str| json!({"ReservationId": format!("r-{id}"), "Instances": [{"InstanceId": format!("i-{id}"), "State": {"Name": "running"}}]});
    let peering = json!({"VpcPeeringConnectionId": "pcx-1", "Status": {"Code": "active"},
                         "RequesterVpcInfo": {"VpcId": "vpc-a"}, "AccepterVpcInfo": {"VpcId": "vpc-b"}});
    let gone = json!({"RouteTableId": "rtb-main", "VpcId": "vpc-a", "Associations": [{"Main": true}],
                      "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-old", "State": "blackhole"}]});
    let from_other = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": "sg-a"}]});
    let ssh =
        json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]});
    let entries = [
        ("1", "Vpcs", vpc("vpc-a", "10.1.0.0/16", "1")),
        ("2", "Vpcs", vpc("vpc-b", "10.2.0.0/16", "2")),
        (
            "1",
            "Subnets",
            subnet("subnet-public", "vpc-a", "10.1.1.0/24", "eu-west-1a"),
        ),
        (
            "1",
            "Subnets",
            subnet("subnet-private", "vpc-a", "10.1.2.0/24", "eu-west-1a"),
        ),
        (
            "1",
            "Subnets",
            subnet("subnet-lost", "vpc-a", "10.1.3.0/24", "eu-west-1a"),
        ),
        (
            "2",
            "Subnets",
            subnet("subnet-b", "vpc-b", "10.2.1.0/24", "eu-west-1b"),
        ),
        (
            "1",
            "InternetGateways",
            json!({"InternetGatewayId": "igw-a", "Attachments": [{"VpcId": "vpc-a", "State": "available"}]}),
        ),
        (
            "1",
            "NatGateways",
            json!({"NatGatewayId": "nat-old", "State": "deleted", "VpcId": "vpc-a", "SubnetId": "subnet-public"}),
        ),
        (
            "1",
            "NatGateways",
            json!({"NatGatewayId": "nat-a", "State": "available", "VpcId": "vpc-a", "SubnetId": "subnet-public",
            "NatGatewayAddresses": [{"PrivateIp": "10.1.1.9", "PublicIp": "54.1.1.9"}]}),
        ),
        ("1", "NetworkAcls", acl("acl-a", "vpc-a")),
        ("2", "NetworkAcls", acl("acl-b", "vpc-b")),
        ("1", "VpcPeeringConnections", peering.clone()),
        ("2", "VpcPeeringConnections", peering),
        ("1", "SecurityGroups", group("sg-a", "vpc-a", &ssh)),
        ("2", "SecurityGroups", group("sg-b", "vpc-b", &from_other)),
        ("1", "Reservations", running("web")),
        ("1", "Reservations", running("app")),
        ("2", "Reservations", running("db")),
        (
            "1",
            "NetworkInterfaces",
            interface("web", "subnet-public", "10.1.1.10", "54.1.1.10", "sg-a"),
        ),
        (
            "1",
            "NetworkInterfaces",
            interface("app", "subnet-private", "10.1.2.10", "", "sg-a"),
        ),
        (
            "1",
            "NetworkInterfaces",
            interface("old", "subnet-lost", "10.1.3.10", "", "sg-a"),
        ),
        (
            "2",
            "NetworkInterfaces",
            interface("db", "subnet-b", "10.2.1.10", "", "sg-b"),
        ),
        ("1", "RouteTables", gone),
        (
            "1",
            "RouteTables",
            table(
                "rtb-public",
                "vpc-a",
                &["subnet-public"],
                &json!([
                    route("10.1.0.0/16", "GatewayId", "local"),
                    route("0.0.0.0/0", "GatewayId", "igw-a")
                ]),
            ),
        ),
        (
            "1",
            "RouteTables",
            table(
                "rtb-private",
                "vpc-a",
                &["subnet-private"],
                &json!([
                    route("10.2.0.0/16", "VpcPeeringConnectionId", "pcx-1"),
                    route("0.0.0.0/0", "NatGatewayId", "nat-a")
                ]),
            ),
        ),
        (
            "2",
            "RouteTables",
            table(
                "rtb-b",
                "vpc-b",
                &["subnet-b"],
                &json!([route("10.1.2.0/24", "VpcPeeringConnectionId", "pcx-1")]),
            ),
        ),
    ];
    saved::network(&files(&entries)).unwrap()
}

fn verdict(network: &Network, from: &str, to: &str, over: &str) -> Verdict {
    let engine = Engine::new(network);
    let (from, to) = (
        Selector::read(&engine, from).unwrap(),
        Selector::read(&engine, to).unwrap(),
    );
    reach(&engine, &from, &to)
        .unwrap()
        .verdict(Some(&ServiceSet::read(over).unwrap()))
}

#[test]
fn accounts_are_one_network() {
    let network = network();
    assert_eq!(network.peerings.len(), 1, "both accounts see it");
    for (from, to, over, expected) in [
        ("internet", "i-web", "tcp/22", Verdict::Allowed),
        ("internet", "54.1.1.10", "tcp/22", Verdict::Allowed),
        ("internet", "54.1.1.9", "tcp/22", Verdict::Blocked),
        ("i-app", "internet", "tcp/443", Verdict::Allowed),
        ("i-app", "8.8.8.8", "50", Verdict::Blocked),
        // The group of the other account is named, and the peering leads there and back.
        ("i-app", "i-db", "tcp/443", Verdict::Allowed),
        ("10.1.2.10", "10.2.1.10", "tcp/443", Verdict::Allowed),
        ("i-app", "i-db", "tcp/22", Verdict::Blocked),
        // The public subnet has no route to the other VPC.
        ("i-web", "i-db", "tcp/443", Verdict::Blocked),
    ] {
        assert_eq!(
            verdict(&network, from, to, over),
            expected,
            "{from} -> {to} {over}"
        );
    }
}

#[test]
fn what_was_deleted_is_a_blackhole_and_what_is_unknown_no_host() {
    let network = network();
    let engine = Engine::new(&network);
    let read = |text: &str| Selector::read(&engine, text).unwrap();
    let reported = explain(
        &engine,
        &read("10.1.3.10"),
        &read("internet"),
        Some(&ServiceSet::tcp(443, 443)),
    )
    .unwrap();
    assert_eq!(reported.verdict, Verdict::Blocked);
    // There is no entry for its instance, so it is taken to run: it is in use.
    assert_eq!(reported.blockers[0].code.as_str(), "blackhole", "{reported}");
    assert_eq!(reported.blockers[0].detail, "it led to nat-old");
    assert!(Selector::read(&engine, "i-nobody").is_err());
}

#[test]
fn answers_that_cannot_be_read_are_errors() {
    let broken = BTreeMap::from([("eu-west-1/Vpcs.json".to_owned(), "{".to_owned())]);
    assert!(
        saved::network(&broken)
            .unwrap_err()
            .to_string()
            .contains("eu-west-1/Vpcs.json")
    );
    assert!(saved::network(&BTreeMap::new()).is_err());
}

#[test]
fn the_entries_with_which_ec2_ends_an_acl_are_not_told() {
    let entry = |number: u32, egress: bool, action: &str, range: &str| {
        let field = if range.contains(':') {
            "Ipv6CidrBlock"
        } else {
            "CidrBlock"
        };
        json!({"RuleNumber": number, "Egress": egress, "RuleAction": action, "Protocol": "-1", field: range})
    };
    let last = |egress: bool| {
        [
            entry(32767, egress, "deny", "0.0.0.0/0"),
            entry(32768, egress, "deny", "::/0"),
        ]
    };
    let acl = |ingress: &str| {
        let own = [
            entry(100, true, "allow", "0.0.0.0/0"),
            entry(100, false, "allow", ingress),
        ];
        let entries: Vec<Json> = own.into_iter().chain(last(true)).chain(last(false)).collect();
        json!({"NetworkAclId": "acl-1", "VpcId": "vpc-a", "IsDefault": true, "Entries": entries})
    };
    let network = |ingress: &str| {
        let anyone = json!({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]});
        let entries = [
            ("1", "Vpcs", vpc("vpc-a", "10.1.0.0/16", "1")),
            (
                "1",
                "Subnets",
                subnet("subnet-1", "vpc-a", "10.1.1.0/24", "eu-west-1a"),
            ),
            (
                "1",
                "Subnets",
                subnet("subnet-2", "vpc-a", "10.1.2.0/24", "eu-west-1a"),
            ),
            ("1", "SecurityGroups", group("sg-a", "vpc-a", &anyone)),
            (
                "1",
                "RouteTables",
                json!({"RouteTableId": "rtb-1", "VpcId": "vpc-a", "Associations": [{"Main": true}], "Routes": []}),
            ),
            ("1", "NetworkAcls", acl(ingress)),
            (
                "1",
                "NetworkInterfaces",
                interface("eni-1", "subnet-1", "10.1.1.10", "", "sg-a"),
            ),
            (
                "1",
                "NetworkInterfaces",
                interface("eni-2", "subnet-2", "10.1.2.10", "", "sg-a"),
            ),
        ];
        saved::network(&files(&entries)).unwrap()
    };
    let open = network("0.0.0.0/0");
    assert_eq!(trueup_reach::lint(&Engine::new(&open)), []);
    let shut = network("10.9.0.0/16");
    let engine = Engine::new(&shut);
    let selector = |name: &str| Selector::read(&engine, name).unwrap();
    let reported = explain(
        &engine,
        &selector("eni-1"),
        &selector("eni-2"),
        Some(&ServiceSet::tcp(443, 443)),
    )
    .unwrap();
    assert_eq!(
        reported.blockers[0].fix(),
        "allow tcp/443 10.1.1.10 in acl-1 ingress"
    );
    assert!(!reported.to_string().contains("32767"), "{reported}");
}

/// All answers of a folder, by their paths there.
fn collect(folder: &std::path::Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let name = format!("{prefix}{}", entry.file_name().unwrap().to_string_lossy());
        if entry.is_dir() {
            collect(&entry, &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read_to_string(&entry).unwrap());
        }
    }
}

/// Asks about all hosts and the internet; whatever comes of it, it is an answer.
fn ask_everything(files: &BTreeMap<String, String>) {
    let Ok(network) = saved::network(files) else {
        return;
    };
    let engine = Engine::new(&network);
    trueup_reach::summary(&engine);
    trueup_reach::lint(&engine);
    let mut selectors: Vec<String> = network
        .interfaces
        .iter()
        .take(6)
        .map(|interface| interface.named.name.clone())
        .collect();
    selectors.extend([
        "internet".to_owned(),
        "cidr/10.250.0.0/24".to_owned(),
        "10.20.0.7".to_owned(),
    ]);
    for (from, to) in selectors
        .iter()
        .zip(selectors.iter().skip(1))
        .chain(selectors.iter().zip(selectors.iter().rev()))
    {
        let (Ok(from), Ok(to)) = (Selector::read(&engine, from), Selector::read(&engine, to)) else {
            continue;
        };
        if let Ok(reported) = explain(&engine, &from, &to, None) {
            let _ = reported.to_string();
        }
    }
    for (from, to) in selectors
        .iter()
        .flat_map(|from| selectors.iter().map(move |to| (from, to)))
    {
        let (Ok(from), Ok(to)) = (Selector::read(&engine, from), Selector::read(&engine, to)) else {
            continue;
        };
        let _ = reach(&engine, &from, &to);
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "that nothing was tried is to be seen")]
fn real_answers_with_any_part_left_out_give_an_answer_or_unknown() {
    let labs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/labs");
    let Ok(entries) = std::fs::read_dir(&labs) else {
        eprintln!("skipped: there is no folder {}", labs.display());
        return;
    };
    let stride: usize = std::env::var("REACH_LABS_STRIDE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(7);
    let mut left_out = 0;
    for folder in entries
        .map(|entry| entry.unwrap().path().join("aws_configs"))
        .filter(|folder| folder.is_dir())
    {
        let mut files = BTreeMap::new();
        collect(&folder, "", &mut files);
        for path in files.keys() {
            let mut less = files.clone();
            let text = less.remove(path).unwrap();
            ask_everything(&less);
            let Ok(Json::Object(lists)) = serde_json::from_str::<Json>(&text) else {
                continue;
            };
            for (name, list) in lists
                .iter()
                .filter_map(|(name, list)| Some((name, list.as_array()?)))
            {
                // Each object in turn takes minutes: every so many of them are tried, and all of them where
                // that is asked for.
                for place in
                    (0..list.len()).filter(|place| (place + left_out) % stride == 0 || list.len() <= 3)
                {
                    let mut shorter = list.clone();
                    shorter.remove(place);
                    less.insert(path.clone(), json!({name.as_str(): shorter}).to_string());
                    ask_everything(&less);
                }
                left_out += list.len();
            }
        }
    }
    assert!(left_out > 100, "{left_out}");
}
