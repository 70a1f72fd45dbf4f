//! Network ACLs in plans: what comes before what, and what is left alone.

use crate::world::{changes, live, number, seed, steps, topology, with};
use serde_json::{Value as Json, json};
use trueup_model::{Disruption, Kind, Plan, Ref};
use trueup_plan::{destroy, plan};

type Resources = Vec<(&'static str, Json)>;

fn entry(number: usize, action: &str, cidr: &str) -> Json {
    json!({"rule_number": number, "action": action, "protocol": "all", "cidr": cidr})
}

fn acl(entries: &[Json]) -> Json {
    json!({"vpc": "vpc.main", "ingress": entries, "egress": [entry(100, "allow", "0.0.0.0/0")]})
}

/// The seed with an ACL that the private subnet is in.
fn guarded() -> Resources {
    let mut resources = with(
        seed(),
        "subnet.private",
        "network_acl",
        json!("network_acl.inner"),
    );
    resources.push((
        "network_acl.inner",
        acl(&[
            entry(90, "deny", "192.0.2.0/24"),
            entry(100, "allow", "0.0.0.0/0"),
        ]),
    ));
    resources
}

fn without(mut resources: Resources, address: &str) -> Resources {
    resources.retain(|(other, _)| *other != address);
    resources
}

fn entries(plan: &Plan) -> Vec<String> {
    let steps = plan
        .steps
        .iter()
        .filter(|step| step.call.action.name.contains("Entry"));
    let told = steps.map(|step| {
        let record = if step.call.sets.is_empty() {
            &step.call.unsets
        } else {
            &step.call.sets
        };
        let (direction, list) = record.iter().next().unwrap();
        let number = list.as_list()[0].as_map().unwrap().value("rule_number").unwrap();
        format!(
            "{} {direction} {number}",
            step.call.action.name.trim_end_matches("NetworkAclEntry")
        )
    });
    told.collect()
}

#[test]
fn an_acl_is_complete_before_a_subnet_is_in_it_and_a_host_comes_after_both() {
    let plan = plan(&topology(&guarded()), &Default::default());
    assert_eq!(
        entries(&plan),
        ["Create ingress 90", "Create ingress 100", "Create egress 100"]
    );
    let at = |address, call| number(&plan, address, call);
    let entered = at("subnet.private", "ReplaceNetworkAclAssociation");
    let last = plan
        .steps
        .iter()
        .filter(|step| step.call.action.name == "CreateNetworkAclEntry")
        .map(|step| step.number)
        .max()
        .unwrap();
    assert!(
        at("subnet.private", "CreateSubnet") < entered && last < entered,
        "{:#?}",
        steps(&plan)
    );
    assert!(entered < at("instance.private-host", "RunInstances"));
}

#[test]
fn entries_change_in_place_by_their_numbers() {
    let changed = with(
        guarded(),
        "network_acl.inner",
        "ingress",
        json!([
            entry(80, "deny", "192.0.2.0/24"),
            entry(100, "allow", "10.0.0.0/8")
        ]),
    );
    let plan = plan(&topology(&changed), &live(&topology(&guarded())));
    assert_eq!(changes(&plan), ["Update network_acl.inner"]);
    assert_eq!(
        entries(&plan),
        ["Create ingress 80", "Replace ingress 100", "Delete ingress 90"]
    );
    let members: Vec<_> = plan.changes[0]
        .attributes
        .iter()
        .map(|change| change.member.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(members, ["90", "100", "80"]);
    assert_eq!(plan.changes[0].disruption, Disruption::Reset);
}

#[test]
fn what_only_opens_breaks_nothing() {
    let opened = with(
        guarded(),
        "network_acl.inner",
        "ingress",
        json!([entry(100, "allow", "0.0.0.0/0"), entry(200, "allow", "::/0")]),
    );
    let plan = plan(&topology(&opened), &live(&topology(&guarded())));
    assert_eq!(plan.changes[0].disruption, Disruption::None);
}

#[test]
fn a_subnet_leaves_its_acl_before_that_goes() {
    let there = live(&topology(&guarded()));
    let gone = plan(&topology(&seed()), &there);
    assert_eq!(
        changes(&gone),
        ["Update subnet.private", "Delete network_acl.inner"]
    );
    assert_eq!(steps(&gone).len(), 2, "{:#?}", steps(&gone));
    assert!(
        number(&gone, "subnet.private", "ReplaceNetworkAclAssociation")
            < number(&gone, "network_acl.inner", "DeleteNetworkAcl")
    );

    let mut renamed = with(
        without(guarded(), "network_acl.inner"),
        "subnet.private",
        "network_acl",
        json!("network_acl.core"),
    );
    renamed.push(("network_acl.core", acl(&[])));
    let moved = plan(&topology(&renamed), &there);
    assert_eq!(
        changes(&moved),
        [
            "Update subnet.private",
            "Create network_acl.core",
            "Delete network_acl.inner"
        ]
    );
    let at = |address, call| number(&moved, address, call);
    assert!(
        at("network_acl.core", "CreateNetworkAclEntry")
            < at("subnet.private", "ReplaceNetworkAclAssociation")
    );
    assert!(
        at("subnet.private", "ReplaceNetworkAclAssociation") < at("network_acl.inner", "DeleteNetworkAcl")
    );
}

#[test]
fn an_acl_goes_after_its_subnets_and_before_its_vpc() {
    let wanted = topology(&guarded());
    let plan = destroy(&wanted, &live(&wanted));
    let at = |address, call| number(&plan, address, call);
    assert!(at("subnet.private", "DeleteSubnet") < at("network_acl.inner", "DeleteNetworkAcl"));
    assert!(at("network_acl.inner", "DeleteNetworkAcl") < at("vpc.main", "DeleteVpc"));
}

#[test]
fn a_subnet_that_was_moved_by_hand_comes_back() {
    let wanted = topology(&guarded());
    let mut there = live(&wanted);
    for subnet in there
        .objects
        .iter_mut()
        .filter(|object| object.kind == Kind::Subnet)
    {
        subnet.record.set("network_acl", Ref::Id("acl-99999999".into()));
    }
    let plan = plan(&wanted, &there);
    assert_eq!(changes(&plan), ["Update subnet.private", "Update subnet.public"]);
    let shown: Vec<_> = plan
        .changes
        .iter()
        .map(|change| change.attributes[0].before.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(shown, ["acl-99999999"; 2]);
    let back = plan
        .steps
        .iter()
        .find(|step| step.address.to_string() == "subnet.public")
        .unwrap();
    assert!(
        back.call.sets.is_empty() && !back.call.unsets.is_empty(),
        "the default ACL is EC2's to name"
    );
}

#[test]
fn acls_that_cannot_be_read_are_not_compared_and_hold_nothing_else_up() {
    let mut there = live(&topology(&guarded()));
    there.objects.retain(|object| object.kind != Kind::NetworkAcl);
    there
        .unreadable
        .insert(Kind::NetworkAcl, "UnauthorizedOperation".into());
    for subnet in there
        .objects
        .iter_mut()
        .filter(|object| object.kind == Kind::Subnet)
    {
        subnet.record.remove("network_acl");
    }
    let opened = with(
        guarded(),
        "subnet.private",
        "map_public_ip_on_launch",
        json!(true),
    );
    let changed = plan(&topology(&opened), &there);
    assert_eq!(changes(&changed), ["Update subnet.private"]);
    assert_eq!(steps(&changed).len(), 1, "{:#?}", steps(&changed));
    // What may be in an ACL is neither replaced nor deleted.
    let moved = plan(
        &topology(&with(
            guarded(),
            "subnet.private",
            "cidr_block",
            json!("10.0.9.0/24"),
        )),
        &there,
    );
    assert!(changes(&moved).is_empty(), "{:?}", changes(&moved));
}
