//! Peered transit gateways, read from saved answers: each gateway decides by its own table, by static routes
//! only, and where one of them is of others nobody knows what becomes of a packet.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use trueup_reach::fill::saved;
use trueup_reach::{Engine, Network, Selector, ServiceSet, Verdict, explain, reach};

use crate::common::answers::{acl, group, interface, subnet, table, vpc};

type Entries = Vec<(&'static str, &'static str, Json)>;

/// One side: its account and region, a VPC with a host, and a transit gateway with an attachment of the VPC
/// and one of the peering.
fn side(folder: &'static str, name: &str, number: u8, far: u8) -> Entries {
    let (own, vpc_attachment) = (format!("vpc-{name}"), format!("tgw-attach-{name}"));
    let (gateway, rtb) = (format!("tgw-{name}"), format!("tgw-rtb-{name}"));
    let range = |number: u8| format!("10.{number}.0.0/16");
    let zone = format!("{name}-zone");
    let all = json!({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]});
    let host = format!("eni-{name}");
    let route = json!([{"DestinationCidrBlock": range(far), "TransitGatewayId": gateway, "State": "active"}]);
    let associated = json!({"TransitGatewayRouteTableId": rtb, "State": "associated"});
    let attachment = |id: &str, ty: &str, resource: &str| {
        json!({"TransitGatewayAttachmentId": id, "TransitGatewayId": gateway, "ResourceType": ty, "ResourceId": resource,
               "State": "available", "Association": associated})
    };
    let statics = json!({"TransitGatewayRouteTableId": rtb, "Routes": [
        {"DestinationCidrBlock": range(far), "State": "active", "Type": "static",
         "TransitGatewayAttachments": [{"TransitGatewayAttachmentId": "tgw-attach-peering", "ResourceType": "peering"}]}]});
    let propagations = json!({"TransitGatewayRouteTableId": rtb, "TransitGatewayRouteTablePropagations": [
        {"TransitGatewayAttachmentId": vpc_attachment, "ResourceType": "vpc", "State": "enabled"}]});
    let subnet_id = format!("subnet-{name}");
    vec![
        (folder, "Vpcs", vpc(&own, &range(number), folder)),
        (
            folder,
            "Subnets",
            subnet(&subnet_id, &own, &format!("10.{number}.1.0/24"), &zone),
        ),
        (folder, "NetworkAcls", acl(&format!("acl-{name}"), &own)),
        (folder, "SecurityGroups", group(&format!("sg-{name}"), &own, &all)),
        (
            folder,
            "NetworkInterfaces",
            interface(
                &host,
                &subnet_id,
                &format!("10.{number}.1.10"),
                "",
                &format!("sg-{name}"),
            ),
        ),
        (
            folder,
            "Reservations",
            json!({"ReservationId": "r", "Instances": [{"InstanceId": format!("i-{host}"), "State": {"Name": "running"}}]}),
        ),
        (
            folder,
            "RouteTables",
            table(&format!("rtb-{name}"), &own, &[&subnet_id], &route),
        ),
        (
            folder,
            "TransitGateways",
            json!({"TransitGatewayId": gateway, "State": "available", "OwnerId": folder}),
        ),
        (
            folder,
            "TransitGatewayAttachments",
            attachment(&vpc_attachment, "vpc", &own),
        ),
        (
            folder,
            "TransitGatewayAttachments",
            attachment("tgw-attach-peering", "peering", "another gateway"),
        ),
        (
            folder,
            "TransitGatewayVpcAttachments",
            json!({"TransitGatewayAttachmentId": vpc_attachment, "SubnetIds": [subnet_id]}),
        ),
        (
            folder,
            "TransitGatewayRouteTables",
            json!({"TransitGatewayRouteTableId": rtb, "TransitGatewayId": gateway}),
        ),
        (folder, "TransitGatewayStaticRoutes", statics),
        (folder, "TransitGatewayPropagations", propagations),
    ]
}

/// Ours in one region and account, theirs in another.
fn both() -> Entries {
    let mut entries = side("1", "ours", 1, 2);
    entries.extend(side("2", "theirs", 2, 1));
    entries
}

/// The answers by path: those of the second account are of another region.
fn files(entries: &Entries) -> BTreeMap<String, String> {
    let mut lists: BTreeMap<(String, &str), Vec<Json>> = BTreeMap::new();
    for (account, name, item) in entries {
        let region = if *account == "1" { "eu-west-1" } else { "us-east-1" };
        lists
            .entry((format!("accounts/{account}/{region}/{name}.json"), name))
            .or_default()
            .push(item.clone());
    }
    lists
        .into_iter()
        .map(|((path, name), items)| (path, json!({name: items}).to_string()))
        .collect()
}

fn network(entries: &Entries) -> Network {
    saved::network(&files(entries)).unwrap()
}

fn verdict(network: &Network) -> (Verdict, Option<String>) {
    let engine = Engine::new(network);
    let (from, to) = (
        Selector::read(&engine, "eni-ours").unwrap(),
        Selector::Address("10.2.1.10".parse().unwrap()),
    );
    let over = ServiceSet::read("tcp/443").unwrap();
    let verdict = reach(&engine, &from, &to).unwrap().verdict(Some(&over));
    let reported = explain(&engine, &from, &to, Some(&over)).unwrap();
    (
        verdict,
        reported
            .blockers
            .first()
            .map(|blocker| format!("{} {}", blocker.component, blocker.code.as_str())),
    )
}

/// The same with an item changed, or left out where nothing is left of it.
fn with(change: impl Fn(&str, &str, Json) -> Option<Json>) -> Entries {
    both()
        .into_iter()
        .filter_map(|(account, name, item)| Some((account, name, change(account, name, item)?)))
        .collect()
}

/// Without the items that are as reported.
fn without(is: impl Fn(&str, &str, &Json) -> bool) -> Entries {
    with(|account, name, item| Some(item).filter(|item| !is(account, name, item)))
}

#[test]
fn a_packet_goes_over_both_gateways_and_back() {
    let network = network(&both());
    assert_eq!(verdict(&network), (Verdict::Allowed, None));
    let engine = Engine::new(&network);
    let selector = |name: &str| Selector::read(&engine, name).unwrap();
    let reported = explain(&engine, &selector("eni-ours"), &selector("eni-theirs"), None)
        .unwrap()
        .to_string();
    let expected = [
        "10.2.0.0/16 -> tgw-attach-peering",
        "10.2.0.0/16 -> tgw-attach-theirs",
        "10.1.0.0/16 -> tgw-attach-peering",
    ];
    let places: Vec<Option<usize>> = expected.iter().map(|hop| reported.find(hop)).collect();
    assert!(places.is_sorted() && places[0].is_some(), "{reported}");
}

#[test]
fn each_gateway_decides_by_its_own_table() {
    // Ours has no static route: what it learns from its VPCs leads no farther, and a peering is never learned
    // from.
    let no_static = with(|account, name, mut item| {
        if (account, name) == ("1", "TransitGatewayStaticRoutes") {
            item["Routes"] = json!([]);
        }
        Some(item)
    });
    assert_eq!(
        verdict(&network(&no_static)),
        (Verdict::Blocked, Some("tgw-rtb-ours transit_no_route".to_owned()))
    );
    // Theirs does not know its own VPC: it is their table that says so.
    let not_learned = with(|account, name, mut item| {
        if (account, name) == ("2", "TransitGatewayPropagations") {
            item["TransitGatewayRouteTablePropagations"] = json!([]);
        }
        Some(item)
    });
    assert_eq!(
        verdict(&network(&not_learned)),
        (
            Verdict::Blocked,
            Some("tgw-rtb-theirs transit_no_route".to_owned())
        )
    );
    // Theirs has no way back.
    let no_way_back = with(|account, name, mut item| {
        if (account, name) == ("2", "TransitGatewayStaticRoutes") {
            item["Routes"] = json!([]);
        }
        Some(item)
    });
    let (reported, why) = verdict(&network(&no_way_back));
    assert_eq!(
        (reported, why),
        (
            Verdict::Blocked,
            Some("tgw-rtb-theirs transit_no_route".to_owned())
        )
    );
    // Their end of the peering has no table.
    let no_table = with(|account, name, mut item| {
        if (account, name) == ("2", "TransitGatewayAttachments") && item["ResourceType"] == "peering" {
            item.as_object_mut().unwrap().remove("Association");
        }
        Some(item)
    });
    assert_eq!(
        verdict(&network(&no_table)),
        (
            Verdict::Blocked,
            Some("tgw-attach-peering transit_association".to_owned())
        )
    );
}

#[test]
fn a_gateway_of_others_is_not_known() {
    // None of their answers, of which even their VPC is not there.
    assert_eq!(
        verdict(&network(&without(|account, _, _| account == "2"))).0,
        Verdict::Unknown
    );
    // Their gateway, its attachments, its tables, what is in them.
    for list in [
        "TransitGateways",
        "TransitGatewayAttachments",
        "TransitGatewayVpcAttachments",
        "TransitGatewayRouteTables",
        "TransitGatewayStaticRoutes",
        "TransitGatewayPropagations",
    ] {
        for side in ["1", "2"] {
            let (reported, why) = verdict(&network(&without(|account, name, _| {
                (account, name) == (side, list)
            })));
            assert_eq!(
                (reported, why),
                (Verdict::Unknown, None),
                "without {list} of {side}"
            );
        }
    }
}

/// Every object left out in turn. Where its list is there, what is not in it is not: those answers are firm.
#[test]
fn an_object_that_is_left_out_makes_no_firm_answer_but_that_it_is_not_there() {
    let mut firm = Vec::new();
    for place in 0..both().len() {
        let mut entries = both();
        let (account, name, _) = entries.remove(place);
        let network = network(&entries);
        let engine = Engine::new(&network);
        if Selector::read(&engine, "eni-ours").is_err() {
            continue;
        }
        match verdict(&network) {
            (Verdict::Unknown, _) => {}
            (Verdict::Allowed, _) if !network.gaps.is_empty() => {}
            (verdict, why) => firm.push(format!(
                "{account} {name}: {} {}",
                verdict.as_str(),
                why.unwrap_or_default()
            )),
        }
    }
    assert_eq!(
        firm,
        ["1 TransitGatewayAttachments: blocked tgw-ours transit_attachment"]
    );
}
