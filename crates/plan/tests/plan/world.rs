//! Topologies and live networks made from a few words, for the tests of planning.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use trueup_model::{
    Address, Object, Observed, Owner, Plan, Record, Ref, Resource, Standing, Topology, Type, Value,
    json as from_json,
};
use trueup_model::{Attr, fact};

/// A topology of resources given as address and attributes.
pub fn topology(resources: &[(&str, Json)]) -> Topology {
    let resources = resources.iter().map(|(address, attributes)| {
        let address: Address = address.parse().unwrap();
        (address.clone(), resource(address, attributes))
    });
    Topology {
        name: "test".into(),
        resources: resources.collect(),
        ..Topology::default()
    }
}

fn resource(address: Address, attributes: &Json) -> Resource {
    let schema = address.kind.schema();
    let mut record = schema.defaults();
    record.set_all(&from_json::record(attributes, schema.attributes));
    if address.kind == trueup_model::Kind::SecurityGroup && record.value("group_name").is_none() {
        record.set("group_name", address.name.as_str());
    }
    let says = |word: &str| attributes.get(word) == Some(&json!(true));
    let (protect, implicit) = (says("protect"), says("implicit"));
    Resource {
        address,
        record,
        implicit,
        protect,
        place: Default::default(),
        places: Arc::default(),
    }
}

/// The network that applying a topology leaves.
pub fn live(topology: &Topology) -> Observed {
    let ids: BTreeMap<Address, String> = topology
        .resources
        .keys()
        .enumerate()
        .map(|(n, address)| {
            (
                address.clone(),
                format!("{}{:08x}", address.kind.id_prefix(), n + 1),
            )
        })
        .collect();
    let objects = topology.resources.iter().map(|(address, resource)| Object {
        kind: address.kind,
        id: ids[address].clone(),
        record: with_ids(address, &resource.record, &ids),
        facts: Record::new().with(fact::GROUP_NAME, resource.record.text(fact::GROUP_NAME)),
        owner: Some(Owner {
            topology: topology.name.clone(),
            address: address.to_string(),
            standing: Standing::Holds,
            protect: resource.protect,
            read: BTreeSet::new(),
            written: trueup_model::tags::written(&resource.record),
            run: None,
        }),
        implicit: false,
        unread: BTreeMap::new(),
    });
    Observed {
        objects: objects.collect(),
        site: trueup_model::Site {
            account: "123456789012".into(),
            region: "us-west-2".into(),
        },
        ..Observed::default()
    }
}

fn with_ids(address: &Address, record: &Record, ids: &BTreeMap<Address, String>) -> Record {
    let mut out = record.map_refs(&|reference| {
        Value::Ref(match reference {
            Ref::Name(address) => Ref::Id(ids[address].clone()),
            Ref::Id(id) => Ref::Id(id.clone()),
        })
    });
    for attribute in address.kind.schema().attributes {
        if let (Type::Ref(_, trueup_model::Follow::Name), Some(Ref::Name(to))) =
            (&attribute.ty, record.get(Attr::<Ref>::new(attribute.name)))
        {
            out.set(attribute.name, Ref::Id(to.name.to_string()));
        }
    }
    out
}

/// The steps as lines: action, call, address, target.
pub fn steps(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .map(|step| {
            let target = step
                .target
                .as_deref()
                .map(|id| format!(" {id}"))
                .unwrap_or_default();
            format!("{} {}{target}", step.address, step.call.action.name)
        })
        .collect()
}

/// The changes as lines: action and address.
pub fn changes(plan: &Plan) -> Vec<String> {
    plan.changes
        .iter()
        .map(|change| format!("{:?} {}", change.action, change.address))
        .collect()
}

/// The number of the step with this call for this address.
pub fn number(plan: &Plan, address: &str, call: &str) -> usize {
    let found = plan
        .steps
        .iter()
        .find(|step| step.address.to_string() == address && step.call.action.name == call);
    found
        .unwrap_or_else(|| panic!("no {call} of {address} in {:#?}", steps(plan)))
        .number
}

/// A small network: a VPC with a gateway, a public and a private subnet, two groups, two hosts.
pub fn seed() -> Vec<(&'static str, Json)> {
    let anyone = json!({"protocol": "tcp", "port": "22", "cidr": "0.0.0.0/0"});
    let bastion = json!({"protocol": "tcp", "port": "22", "security_group": "security_group.bastion-sg"});
    let instance = |subnet: &str, group: &str, public: bool| {
        json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": subnet, "security_groups": [group],
               "key_pair": "key_pair.key", "associate_public_ip_address": public})
    };
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
            json!({"vpc": "vpc.main", "description": "Bastion SG", "ingress": [anyone]}),
        ),
        (
            "security_group.private-sg",
            json!({"vpc": "vpc.main", "description": "Private hosts", "ingress": [bastion]}),
        ),
        (
            "key_pair.key",
            json!({"key_name": "key", "public_key": "ssh-ed25519 AAAA"}),
        ),
        (
            "instance.bastion",
            instance("subnet.public", "security_group.bastion-sg", true),
        ),
        (
            "instance.private-host",
            instance("subnet.private", "security_group.private-sg", false),
        ),
        (
            "vpc_endpoint.s3",
            json!({"vpc": "vpc.main", "service": "com.amazonaws.us-west-2.s3", "route_tables": ["route_table.private"]}),
        ),
    ]
}

/// The resources with one attribute of one of them changed.
pub fn with(
    mut resources: Vec<(&'static str, Json)>,
    address: &str,
    attribute: &str,
    value: Json,
) -> Vec<(&'static str, Json)> {
    let found = resources.iter_mut().find(|(other, _)| *other == address).unwrap();
    found.1[attribute] = value;
    resources
}

/// The same with a NAT gateway, by which the private subnet gets out.
pub fn with_nat() -> Vec<(&'static str, Json)> {
    let mut resources = with(
        seed(),
        "route_table.private",
        "routes",
        json!([{"destination": "0.0.0.0/0", "nat_gateway": "nat_gateway.main"}]),
    );
    resources.push(("elastic_ip.nat", json!({})));
    resources.push((
        "nat_gateway.main",
        json!({"subnet": "subnet.public", "elastic_ip": "elastic_ip.nat"}),
    ));
    resources
}
