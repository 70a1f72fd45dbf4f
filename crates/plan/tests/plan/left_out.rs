//! What a spec leaves out and EC2 makes by itself: it stays, and is put back where somebody changed it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::world::{changes, live, number, seed, steps, topology, with};
use serde_json::json;
use trueup_model::fact::REDIRECTED;
use trueup_model::kinds::route_table::attr::ROUTES;
use trueup_model::{Disruption, Loss, Observed, Place, Record, Value};

/// The small network with one live attribute and one fact changed.
fn meddled(address: &str, attribute: &'static str, value: Value) -> Observed {
    let mut observed = live(&topology(&seed()));
    let own = |object: &&mut trueup_model::Object| {
        object
            .owner
            .as_ref()
            .is_some_and(|owner| owner.address == address)
    };
    observed
        .objects
        .iter_mut()
        .find(own)
        .unwrap()
        .record
        .set(attribute, value);
    observed
}

#[test]
fn a_redirected_local_route_is_put_back_and_not_deleted() {
    let wanted = topology(&seed());
    let elsewhere = Record::new()
        .with("destination", "10.0.0.0/16")
        .with("network_interface", "eni-00000001");
    let internet = wanted.resources[&"route_table.private".parse().unwrap()]
        .record
        .list(ROUTES)
        .to_vec();
    let mut observed = meddled(
        "route_table.private",
        "routes",
        Value::List([internet, vec![elsewhere.into()]].concat()),
    );
    let table = observed
        .objects
        .iter_mut()
        .find(|object| object.record.list(ROUTES).len() == 1 && object.id.starts_with("rtb-"))
        .unwrap();
    table.facts.set(REDIRECTED, vec![Value::text("10.0.0.0/16")]);
    let id = table.id.clone();
    let plan = trueup_plan::plan(&wanted, &observed);
    let table_steps: Vec<String> = steps(&plan)
        .into_iter()
        .filter(|step| step.ends_with(&id))
        .collect();
    assert_eq!(
        table_steps,
        [format!("route_table.private ReplaceRoute {id}")],
        "{:?}",
        steps(&plan)
    );
    let step = &plan.steps[number(&plan, "route_table.private", "ReplaceRoute") - 1];
    assert_eq!(
        step.call.sets.to_string(),
        "{routes: [{destination: 10.0.0.0/16, local_target: true}]}"
    );
}

#[test]
fn egress_that_is_left_out_keeps_what_ec2_lets_out_over_ipv6() {
    let rule = |range: &str| Value::from(Record::new().with("protocol", "all").with("cidr", range));
    let both = Value::List(vec![rule("0.0.0.0/0"), rule("::/0")]);
    let observed = meddled("security_group.bastion-sg", "egress", both);
    let mut wanted = topology(&seed());
    assert_eq!(
        changes(&trueup_plan::plan(&wanted, &observed)),
        Vec::<String>::new()
    );
    // Whoever writes the rules means those and no other.
    let group = wanted
        .resources
        .get_mut(&"security_group.bastion-sg".parse().unwrap())
        .unwrap();
    group.places = Arc::new(BTreeMap::from([("egress".to_owned(), Place::default())]));
    let plan = trueup_plan::plan(&wanted, &observed);
    assert_eq!(changes(&plan), ["Update security_group.bastion-sg"]);
    assert_eq!(plan.steps[0].call.action.name, "RevokeSecurityGroupEgress");
}

#[test]
fn a_public_address_comes_and_goes_in_place_and_its_loss_is_told() {
    let public = |on: bool| {
        topology(&with(
            seed(),
            "instance.bastion",
            "associate_public_ip_address",
            json!(on),
        ))
    };
    let mut observed = live(&public(true));
    observed
        .objects
        .iter_mut()
        .for_each(|object| object.facts.set("public_ip", "203.0.113.9"));
    let off = trueup_plan::plan(&public(false), &observed);
    assert_eq!(changes(&off), ["Update instance.bastion"]);
    assert_eq!(
        (off.steps.len(), off.steps[0].call.action.name),
        (1, "ModifyNetworkInterfaceAttribute")
    );
    assert_eq!(
        (off.changes[0].disruption, off.changes[0].losses.as_slice()),
        (
            Disruption::AddressLost,
            &[Loss::PublicAddress {
                address: "203.0.113.9".to_owned()
            }][..]
        )
    );
    let on = trueup_plan::plan(&public(true), &live(&public(false)));
    assert_eq!(
        (changes(&on), on.changes[0].losses.len()),
        (vec!["Update instance.bastion".to_owned()], 0)
    );
    // Without it nothing keeps the gateway attached.
    let mut without = with(
        seed(),
        "instance.bastion",
        "associate_public_ip_address",
        json!(false),
    );
    without.retain(|(address, _)| *address != "internet_gateway.main");
    let without = topology(&with(without, "route_table.public", "routes", json!([])));
    let plan = trueup_plan::plan(&without, &observed);
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    let detach = &plan.steps[number(&plan, "internet_gateway.main", "DetachInternetGateway") - 1];
    assert!(detach.after.contains(&number(
        &plan,
        "instance.bastion",
        "ModifyNetworkInterfaceAttribute"
    )));
}
