//! What was probably only renamed, and what is left by its users before it goes.

use crate::world::{changes, live, number, seed, steps, topology, with};
use serde_json::{Value as Json, json};
use trueup_model::{Disruption, Renamed};
use trueup_plan::plan;

type Resources = Vec<(&'static str, Json)>;

/// The resources with other addresses, where they are declared and where they are referred to.
fn renamed(resources: Resources, names: &[(&'static str, &'static str)]) -> Resources {
    let rename = |(address, attributes): (&'static str, Json)| {
        let quoted = |name: &str| format!("\"{name}\"");
        let text = names.iter().fold(attributes.to_string(), |text, (from, to)| {
            text.replace(&quoted(from), &quoted(to))
        });
        let address = names
            .iter()
            .find(|(from, _)| *from == address)
            .map_or(address, |(_, to)| *to);
        (address, serde_json::from_str(&text).unwrap())
    };
    resources.into_iter().map(rename).collect()
}

fn told(before: &Resources, after: &Resources) -> Vec<String> {
    let line = |renamed: &Renamed| {
        let keep: Vec<String> = renamed
            .keep
            .iter()
            .map(|(name, value)| format!(", keeping {name} {value}"))
            .collect();
        format!(
            "{} {} -> {}{}",
            renamed.id.split('-').next().unwrap(),
            renamed.from,
            renamed.to,
            keep.concat()
        )
    };
    plan(&topology(after), &live(&topology(before)))
        .renamed
        .iter()
        .map(line)
        .collect()
}

#[test]
fn what_is_made_again_just_so_was_probably_renamed() {
    let host = [("instance.private-host", "instance.worker")];
    assert_eq!(
        told(&seed(), &renamed(seed(), &host)),
        ["i instance.private-host -> instance.worker"]
    );
    assert!(told(&seed(), &seed()).is_empty());
    // What refers to something that was renamed as well is recognised by that.
    let all = [
        ("vpc.main", "vpc.net"),
        ("subnet.public", "subnet.front"),
        ("instance.bastion", "instance.jump"),
    ];
    let found = told(&seed(), &renamed(seed(), &all));
    assert_eq!(
        found,
        [
            "vpc vpc.main -> vpc.net",
            "subnet subnet.public -> subnet.front",
            "i instance.bastion -> instance.jump"
        ]
    );
}

#[test]
fn what_is_also_changed_or_could_be_another_was_not_renamed() {
    let host = [("instance.bastion", "instance.jump")];
    let changed = with(
        renamed(seed(), &host),
        "instance.jump",
        "image",
        json!("ami-0d6621c01e8c2de2c"),
    );
    assert!(told(&seed(), &changed).is_empty());
    let addresses = |names: [&'static str; 2]| {
        seed()
            .into_iter()
            .chain(names.map(|name| (name, json!({}))))
            .collect::<Resources>()
    };
    let (old, new) = (
        addresses(["elastic_ip.a", "elastic_ip.b"]),
        addresses(["elastic_ip.c", "elastic_ip.d"]),
    );
    assert!(told(&old, &new).is_empty());
    assert_eq!(
        told(&old, &addresses(["elastic_ip.a", "elastic_ip.d"])),
        ["eipalloc elastic_ip.b -> elastic_ip.d"]
    );
}

#[test]
fn a_group_must_keep_the_name_that_ec2_cannot_change() {
    let after = renamed(seed(), &[("security_group.private-sg", "security_group.hosts")]);
    assert_eq!(
        told(&seed(), &after),
        ["sg security_group.private-sg -> security_group.hosts, keeping group_name private-sg"]
    );
}

#[test]
fn what_its_users_leave_for_another_one_is_no_outage() {
    let nat =
        |name: &'static str, subnet: &str| (name, json!({"subnet": subnet, "connectivity_type": "private"}));
    let via = |name: &str| json!([{"destination": "0.0.0.0/0", "nat_gateway": name}]);
    let both: Resources = seed()
        .into_iter()
        .chain([
            nat("nat_gateway.a", "subnet.public"),
            nat("nat_gateway.b", "subnet.public"),
        ])
        .collect();
    let one: Resources = seed()
        .into_iter()
        .chain([nat("nat_gateway.a", "subnet.public")])
        .collect();
    let before = with(both, "route_table.private", "routes", via("nat_gateway.b"));
    let disruption = |after: Resources| {
        let plan = plan(&topology(&after), &live(&topology(&before)));
        assert_eq!(
            changes(&plan),
            ["Delete nat_gateway.b", "Update route_table.private"]
        );
        let left = plan
            .steps
            .iter()
            .find(|step| step.address.to_string() == "route_table.private")
            .unwrap()
            .number;
        assert!(
            left < number(&plan, "nat_gateway.b", "DeleteNatGateway"),
            "{:?}",
            steps(&plan)
        );
        plan.changes
            .iter()
            .find(|change| change.address.to_string() == "nat_gateway.b")
            .unwrap()
            .disruption
    };
    assert_eq!(
        disruption(with(
            one.clone(),
            "route_table.private",
            "routes",
            via("nat_gateway.a")
        )),
        Disruption::Reset
    );
    assert_eq!(disruption(one), Disruption::Outage);
}
