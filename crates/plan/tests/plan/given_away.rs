//! What EC2 chose for one object is not there for another.

use crate::world::{live, seed, topology};
use serde_json::json;
use trueup_model::{Kind, Refused};
use trueup_plan::plan;

#[test]
fn an_address_that_ec2_gave_to_something_that_stays_is_refused_before_anything_is_done() {
    let before = topology(&seed());
    let mut observed = live(&before);
    let bastion = observed
        .objects
        .iter_mut()
        .find(|object| object.kind == Kind::Instance)
        .unwrap();
    bastion.record.set("private_ip_address", "10.0.2.9");
    let (holder, subnet) = (
        bastion.owner.clone().unwrap().address,
        bastion
            .record
            .get(trueup_model::attr::SUBNET)
            .unwrap()
            .to_string(),
    );
    let subnet = observed
        .objects
        .iter()
        .find(|object| object.id == subnet)
        .unwrap()
        .owner
        .clone()
        .unwrap()
        .address;
    let mut resources = seed();
    let inner = json!({"subnet": subnet, "connectivity_type": "private", "private_ip_address": "10.0.2.9"});
    resources.push(("nat_gateway.inner", inner));
    let plan = plan(&topology(&resources), &observed);
    let why: Vec<&Refused> = plan.refused.iter().map(|refusal| &refusal.why).collect();
    let given = Refused::GivenAway {
        what: format!("10.0.2.9 in {subnet}"),
        other: holder.parse().unwrap(),
    };
    assert_eq!(why, [&given]);
}
