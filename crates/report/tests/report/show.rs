//! What is live of a topology.

use crate::sample;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trueup_model::{Kind, Object, Observed, Owner, Record, Resource, Standing, Topology};
use trueup_report::{Clean, Style, json, text};

pub fn object(kind: Kind, id: &str, address: &str, facts: Record) -> Object {
    let (read, written) = (BTreeSet::new(), BTreeSet::new());
    let owner = Owner {
        topology: "shop".into(),
        address: address.into(),
        standing: Standing::Holds,
        protect: false,
        read,
        written,
        run: None,
    };
    Object {
        kind,
        id: id.into(),
        record: Record::new(),
        facts,
        owner: Some(owner),
        implicit: false,
        unread: BTreeMap::new(),
    }
}

fn topology() -> Topology {
    let resource = |address: &str| Resource {
        address: sample::address(address),
        record: Record::new(),
        implicit: false,
        protect: false,
        place: sample::place(5),
        places: Arc::default(),
    };
    let resources = [
        "vpc.main",
        "subnet.a",
        "instance.a",
        "nat_gateway.a",
        "elastic_ip.a",
    ]
    .map(|address| (sample::address(address), resource(address)));
    Topology {
        name: "shop".into(),
        resources: resources.into(),
        ..Topology::default()
    }
}

fn observed() -> Observed {
    let none = Record::new;
    let addresses = none()
        .with("public_ip", "203.0.113.7")
        .with("private_ip", "10.0.1.5");
    let mut retiring = object(Kind::Subnet, "subnet-0aaaaaaaaaaaaaaa0", "subnet.a", none());
    retiring.owner.as_mut().unwrap().standing = Standing::Retiring("1f00".into());
    let mut foreign = object(Kind::Vpc, "vpc-0fffffffffffffff0", "vpc.main", none());
    foreign.owner.as_mut().unwrap().topology = "other".into();
    let mut observed = Observed {
        site: trueup_model::Site {
            account: "123456789012".into(),
            region: "us-gov-west-1".into(),
        },
        objects: vec![
            object(Kind::Vpc, "vpc-0aaaaaaaaaaaaaaa0", "vpc.main", none()),
            foreign,
            retiring,
            object(Kind::Subnet, "subnet-0bbbbbbbbbbbbbbb0", "subnet.a", none()),
            object(Kind::Subnet, "subnet-0ccccccccccccccc0", "subnet.old", none()),
            object(Kind::Instance, "i-0aaaaaaaaaaaaaaa0", "instance.a", addresses),
            object(
                Kind::ElasticIp,
                "eipalloc-0aaaaaaaaaaaaaaa0",
                "elastic_ip.a",
                none().with("public_ip", "203.0.113.9"),
            ),
        ],
        ..Observed::default()
    };
    observed
        .unreadable
        .insert(Kind::NatGateway, "UnauthorizedOperation".into());
    observed
}

#[test]
fn as_text() {
    let mut out = Clean::default();
    text::show(&mut out, &topology(), &observed(), Style::default()).unwrap();
    assert!(!out.contains("vpc-0fff"), "an object of another topology");
    insta::assert_snapshot!(out);
}

#[test]
fn as_json() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&json::show(&topology(), &observed())).unwrap());
}
