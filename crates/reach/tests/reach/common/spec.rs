//! Specs made from a few words, and the live network that applying one leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use trueup_model::{
    Address, Kind, Object, Observed, Owner, Place, Record, Ref, Resource, Standing, Topology, Value,
    json as from_json,
};

/// A spec of resources, each an address with its attributes.
pub fn spec(resources: &[(&str, Json)]) -> Topology {
    let mut topology = Topology {
        name: "test".into(),
        region: Some("us-west-2".into()),
        ..Topology::default()
    };
    for (line, (address, attributes)) in resources.iter().enumerate() {
        let address: Address = address.parse().unwrap();
        let schema = address.kind.schema();
        let mut record = schema.defaults();
        record.set_all(&from_json::record(attributes, schema.attributes));
        if address.kind == Kind::SecurityGroup {
            record.set("group_name", address.name.as_str());
        }
        let place = Place {
            file: "net.yaml".into(),
            line: line + 1,
            column: 3,
            ..Place::default()
        };
        let resource = Resource {
            address: address.clone(),
            record,
            implicit: false,
            protect: false,
            place,
            places: Arc::default(),
        };
        topology.resources.insert(address, resource);
    }
    topology
}

/// What is live after a spec was applied: EC2 has given out addresses and made a main route table and a
/// default group.
pub fn live(topology: &Topology) -> Observed {
    let id = |address: &Address| format!("{}{:08x}", address.kind.id_prefix(), place(topology, address) + 1);
    let mut objects = Vec::new();
    for resource in topology.resources.values() {
        let record = resource
            .record
            .map_refs(&|reference| Value::Ref(Ref::Id(reference.address().map_or_else(String::new, id))));
        let mut facts = Record::new();
        let number = place(topology, &resource.address) + 10;
        if resource.address.kind == Kind::Instance {
            let subnet = topology
                .follow(resource.record.get(trueup_model::attr::SUBNET))
                .unwrap();
            let range = subnet
                .record
                .text(trueup_model::kinds::subnet::attr::CIDR_BLOCK)
                .rsplit_once('.')
                .unwrap()
                .0
                .to_owned();
            facts.set("state", "running");
            facts.set("private_ip", format!("{range}.{number}"));
            if record
                .value("associate_public_ip_address")
                .and_then(Value::as_bool)
                == Some(true)
            {
                facts.set("public_ip", format!("34.9.9.{number}"));
            }
        }
        objects.push(Object {
            kind: resource.address.kind,
            id: id(&resource.address),
            record,
            facts,
            owner: Some(owner(topology, &resource.address)),
            implicit: false,
            unread: BTreeMap::new(),
        });
        if resource.address.kind == Kind::Vpc {
            let vpc = Ref::Id(id(&resource.address));
            let record = Record::new()
                .with("vpc", vpc)
                .with("routes", Value::List(Vec::new()));
            objects.push(Object {
                kind: Kind::RouteTable,
                id: format!("rtb-{number:08x}"),
                record,
                facts: Record::new(),
                owner: None,
                implicit: true,
                unread: BTreeMap::new(),
            });
        }
    }
    Observed {
        site: trueup_model::Site {
            account: "123456789012".into(),
            region: "us-west-2".into(),
        },
        objects,
        ..Observed::default()
    }
}

fn place(topology: &Topology, address: &Address) -> usize {
    topology
        .resources
        .keys()
        .position(|other| other == address)
        .unwrap()
}

fn owner(topology: &Topology, address: &Address) -> Owner {
    Owner {
        topology: topology.name.clone(),
        address: address.to_string(),
        standing: Standing::Holds,
        protect: false,
        read: BTreeSet::new(),
        written: BTreeSet::new(),
        run: None,
    }
}

/// A bastion in a public subnet, a private host behind it, and nothing else.
pub fn seed() -> Vec<(&'static str, Json)> {
    let host = |subnet: &str, group: &str, public: bool| {
        json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": format!("subnet.{subnet}"),
               "security_groups": [format!("security_group.{group}")], "associate_public_ip_address": public})
    };
    let anyone = json!({"protocol": "tcp", "port": "22", "cidr": "0.0.0.0/0"});
    vec![
        ("vpc.main", json!({"cidr_block": "10.0.0.0/16"})),
        (
            "subnet.public",
            json!({"vpc": "vpc.main", "cidr_block": "10.0.1.0/24", "route_table": "route_table.public"}),
        ),
        (
            "subnet.private",
            json!({"vpc": "vpc.main", "cidr_block": "10.0.2.0/24", "route_table": "route_table.private"}),
        ),
        ("internet_gateway.main", json!({"vpc": "vpc.main"})),
        (
            "route_table.public",
            json!({"vpc": "vpc.main", "routes": [{"destination": "0.0.0.0/0", "internet_gateway": "internet_gateway.main"}]}),
        ),
        ("route_table.private", json!({"vpc": "vpc.main"})),
        (
            "security_group.bastion-sg",
            json!({"vpc": "vpc.main", "description": "Bastion", "ingress": [anyone]}),
        ),
        (
            "security_group.private-sg",
            json!({"vpc": "vpc.main", "description": "Private", "ingress": [{"protocol": "tcp", "port": "22", "security_group": "security_group.bastion-sg"}]}),
        ),
        ("instance.bastion", host("public", "bastion-sg", true)),
        ("instance.private-host", host("private", "private-sg", false)),
    ]
}

/// The gateway endpoint that gives the private host S3.
pub fn endpoint() -> (&'static str, Json) {
    (
        "vpc_endpoint.s3",
        json!({"vpc": "vpc.main", "service": "com.amazonaws.us-west-2.s3", "route_tables": ["route_table.private"]}),
    )
}
