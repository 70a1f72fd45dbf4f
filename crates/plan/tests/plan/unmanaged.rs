//! What stands in a topology's VPCs and is nobody's is reported, and nothing else is.

use std::collections::BTreeMap;

use crate::world::{live, seed, topology};
use serde_json::json;
use trueup_model::unmanaged::Thing;
use trueup_model::{
    Interfaces, Kind, NetworkInterface, Object, Observed, Owner, Record, Ref, Standing, Value,
};

fn object(kind: Kind, id: &str, record: Record) -> Object {
    Object {
        kind,
        id: id.into(),
        record,
        facts: Record::new(),
        owner: None,
        implicit: false,
        unread: BTreeMap::new(),
    }
}

fn id_of(observed: &Observed, address: &str) -> String {
    let found = observed.objects.iter().find(|object| {
        object
            .owner
            .as_ref()
            .is_some_and(|owner| owner.address == address)
    });
    found.unwrap_or_else(|| panic!("no {address}")).id.clone()
}

/// `kind id` of an object, `kind id attribute member` of a member.
fn told(observed: &Observed) -> Vec<String> {
    let words = |thing: &trueup_model::unmanaged::Unmanaged| match &thing.what {
        Thing::Object(kind) => format!("{kind} {}", thing.id),
        Thing::Interface(what) => format!("interface {} {what}", thing.id),
        Thing::Member {
            of, attribute, key, ..
        } => format!("{of} {} {attribute} {key}", thing.id),
    };
    trueup_plan::unmanaged(&topology(&seed()), observed)
        .iter()
        .map(words)
        .collect()
}

#[test]
fn only_what_is_in_a_vpc_of_ours_and_is_nobodys_is_told() {
    let mut observed = live(&topology(&seed()));
    assert_eq!(told(&observed), [""; 0]);
    let vpc = Ref::Id(id_of(&observed, "vpc.main"));
    let subnet = |vpc: &Ref| {
        Record::new()
            .with("vpc", vpc.clone())
            .with("cidr_block", "10.0.9.0/24")
    };
    observed
        .objects
        .push(object(Kind::Subnet, "subnet-0000000a", subnet(&vpc)));
    // It is in the VPC because its subnet is.
    let inside = Record::new().with("subnet", Ref::Id("subnet-0000000a".into()));
    observed
        .objects
        .push(object(Kind::Instance, "i-0000000a", inside.clone()));
    // Another topology's, one of another VPC, and one of no VPC at all.
    let owner = Owner {
        topology: "other".into(),
        address: "instance.b".into(),
        standing: Standing::Holds,
        protect: false,
        read: Default::default(),
        written: Default::default(),
        run: None,
    };
    observed.objects.push(Object {
        owner: Some(owner),
        ..object(Kind::Instance, "i-0000000b", inside)
    });
    observed.objects.push(object(
        Kind::Subnet,
        "subnet-0000000b",
        subnet(&Ref::Id("vpc-000000ff".into())),
    ));
    observed
        .objects
        .push(object(Kind::KeyPair, "key-0000000a", Record::new()));
    assert_eq!(told(&observed), ["subnet subnet-0000000a", "instance i-0000000a"]);
}

#[test]
fn interfaces_are_told_that_are_of_no_object() {
    let mut observed = live(&topology(&seed()));
    let vpc = id_of(&observed, "vpc.main");
    let interface = |id: &str, vpc: &str| NetworkInterface {
        id: id.into(),
        vpc: vpc.into(),
        interface_type: "interface".into(),
        ..NetworkInterface::default()
    };
    let balancer = NetworkInterface {
        description: "ELB app/shop/1".into(),
        ..interface("eni-00000001", &vpc)
    };
    let of_instance = NetworkInterface {
        instance: Some("i-00000001".into()),
        ..interface("eni-00000002", &vpc)
    };
    let of_gateway = NetworkInterface {
        interface_type: "nat_gateway".into(),
        ..interface("eni-00000003", &vpc)
    };
    let elsewhere = interface("eni-00000004", "vpc-000000ff");
    observed.interfaces = Interfaces::Read(vec![balancer, of_instance, of_gateway, elsewhere]);
    assert_eq!(told(&observed), ["interface eni-00000001 ELB app/shop/1"]);
}

#[test]
fn what_the_spec_names_by_its_id_is_known() {
    let mut resources = seed();
    let found = resources
        .iter_mut()
        .find(|(address, _)| *address == "instance.bastion")
        .unwrap();
    found.1["security_groups"] = json!(["sg-0000000f"]);
    let wanted = topology(&resources);
    let mut observed = live(&topology(&seed()));
    let vpc = Ref::Id(id_of(&observed, "vpc.main"));
    observed.objects.push(object(
        Kind::SecurityGroup,
        "sg-0000000f",
        Record::new().with("vpc", vpc),
    ));
    assert_eq!(told(&observed), ["security_group sg-0000000f"]);
    assert_eq!(trueup_plan::unmanaged(&wanted, &observed), []);
}

#[test]
fn of_what_ec2_made_only_what_somebody_added_is_told() {
    let mut observed = live(&topology(&seed()));
    let vpc = Value::Ref(Ref::Id(id_of(&observed, "vpc.main")));
    for (kind, id) in [
        (Kind::SecurityGroup, "sg-0000000d"),
        (Kind::RouteTable, "rtb-0000000d"),
        (Kind::NetworkAcl, "acl-0000000d"),
    ] {
        let mut record = kind.schema().defaults().with("vpc", vpc.clone());
        kind.rules().implicit(&Ref::Id(id.into()), true, &mut record);
        observed.objects.push(Object {
            implicit: true,
            ..object(kind, id, record)
        });
    }
    assert_eq!(told(&observed), [""; 0]);
    let rdp = Record::new()
        .with("protocol", "tcp")
        .with("port", "3389")
        .with("cidr", "0.0.0.0/0");
    let route = Record::new()
        .with("destination", "0.0.0.0/0")
        .with("internet_gateway", Ref::Id("igw-1".into()));
    let deny = Record::new()
        .with("rule_number", 50)
        .with("action", "deny")
        .with("protocol", "all")
        .with("cidr", "10.0.0.0/8");
    for (id, attribute, member) in [
        ("sg-0000000d", "ingress", rdp),
        ("rtb-0000000d", "routes", route),
        ("acl-0000000d", "egress", deny),
    ] {
        let object = observed
            .objects
            .iter_mut()
            .find(|object| object.id == id)
            .unwrap();
        let mut list = object.record.list(trueup_model::Attr::new(attribute)).to_vec();
        list.push(member.into());
        object.record.set(attribute, list);
    }
    let expected = [
        "security_group sg-0000000d ingress tcp/3389 cidr 0.0.0.0/0",
        "route_table rtb-0000000d routes 0.0.0.0/0",
        "network_acl acl-0000000d egress 50",
    ];
    assert_eq!(told(&observed), expected);
}
