//! What looks like the network that a plan would build: a topology under another name, in another region,
//! without its tags.

use crate::world::{changes, live, number, seed, steps, topology, with};
use serde_json::{Value as Json, json};
use trueup_model::{
    ExistingElsewhere, Likeness, Note, Object, Observed, Plan, Record, Refused, TakenBy, Topology, Untagged,
    Value,
};
use trueup_plan::{consent, plan};

fn named(name: &str, topology: &Topology) -> Topology {
    Topology {
        name: name.into(),
        ..topology.clone()
    }
}

fn needs(plan: &Plan) -> Vec<String> {
    consent::needs(plan).iter().map(ToString::to_string).collect()
}

/// The seed with all its ranges elsewhere: what a second environment is.
fn elsewhere() -> Vec<(&'static str, Json)> {
    let ranges = [
        ("vpc.main", "10.9.0.0/16"),
        ("subnet.public", "10.9.1.0/24"),
        ("subnet.private", "10.9.2.0/24"),
    ];
    ranges.into_iter().fold(seed(), |resources, (address, range)| {
        with(resources, address, "cidr_block", json!(range))
    })
}

/// The object of an address, and the rest without its tags.
fn without_tags(observed: &mut Observed, address: &str) -> String {
    let found = observed
        .objects
        .iter_mut()
        .find(|object| {
            object
                .owner
                .as_ref()
                .is_some_and(|owner| owner.address == address)
        })
        .unwrap();
    found.owner = None;
    found.id.clone()
}

fn untagged(plan: &Plan) -> Vec<(String, String, Likeness)> {
    let Some(ExistingElsewhere::Untagged(all)) = &plan.existing else {
        panic!("{:?}", plan.existing)
    };
    all.iter()
        .map(|(address, Untagged { id, by })| (address.to_string(), id.clone(), by.clone()))
        .collect()
}

fn told(plan: &Plan, code: &str) -> (String, String) {
    let found = plan
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.code == code)
        .unwrap_or_else(|| panic!("{:?}", plan.diagnostics));
    (found.message.clone(), found.help.clone().unwrap_or_default())
}

#[test]
fn a_second_network_beside_one_of_another_name_is_asked_about() {
    let wanted = topology(&seed());
    let asked = plan(&named("renamed", &wanted), &live(&wanted));
    assert_eq!(asked.existing, Some(ExistingElsewhere::Topology("test".into())));
    assert!(needs(&asked)[0].starts_with("second:"), "{:?}", needs(&asked));
    assert!(
        told(&asked, "second-topology")
            .0
            .contains("topology `test` has most of its resources")
    );
    // Where something of its own is there, nothing is to be asked.
    assert_eq!(plan(&wanted, &live(&wanted)).existing, None);
}

#[test]
fn a_second_environment_with_the_same_names_and_other_ranges_is_no_renamed_one() {
    let production = live(&topology(&seed()));
    let staging = plan(&named("staging", &topology(&elsewhere())), &production);
    assert_eq!((&staging.existing, needs(&staging).len()), (&None, 0));
    // One range that was changed with the name is no second environment.
    let renamed = with(seed(), "subnet.public", "cidr_block", json!("10.0.7.0/24"));
    assert_eq!(
        plan(&named("renamed", &topology(&renamed)), &production).existing,
        Some(ExistingElsewhere::Topology("test".into()))
    );
}

#[test]
fn groups_in_a_vpc_of_others_are_told_apart_by_the_vpc() {
    let groups = |vpc: &str| {
        let group = |text: &str| json!({"vpc": vpc, "description": text});
        topology(&[("security_group.a", group("a")), ("security_group.b", group("b"))])
    };
    let there = live(&groups("vpc-00000001"));
    assert_eq!(
        plan(&named("renamed", &groups("vpc-00000001")), &there).existing,
        Some(ExistingElsewhere::Topology("test".into()))
    );
    assert_eq!(
        plan(&named("staging", &groups("vpc-00000002")), &there).existing,
        None
    );
}

#[test]
fn a_network_that_lives_in_another_region_is_asked_about() {
    let wanted = topology(&seed());
    let there = std::collections::BTreeMap::from([("eu-west-1".to_owned(), 9)]);
    let asked = plan(
        &wanted,
        &Observed {
            elsewhere: there.clone(),
            ..Observed::default()
        },
    );
    assert_eq!(asked.existing, Some(ExistingElsewhere::Regions(there)));
    assert!(needs(&asked)[0].starts_with("second:"));
    let (message, _) = told(&asked, "second-topology");
    assert!(
        message.ends_with("which lives in eu-west-1 (9 objects)"),
        "{message}"
    );
}

#[test]
fn a_vpc_of_the_same_range_or_name_without_tags_is_asked_about_with_the_command_that_adopts_it() {
    let mut wanted = topology(&[("vpc.main", json!({"cidr_block": "10.0.0.0/16"}))]);
    let vpc = wanted.resources.get_mut(&"vpc.main".parse().unwrap()).unwrap();
    vpc.record.set("tags", Record::new().with("Name", "test-main"));
    let mut there = live(&wanted);
    let id = without_tags(&mut there, "vpc.main");
    let asked = plan(&wanted, &there);
    assert_eq!(
        untagged(&asked),
        [(
            "vpc.main".to_owned(),
            id.clone(),
            Likeness::Range("10.0.0.0/16".parse().unwrap())
        )]
    );
    assert_eq!(
        (changes(&asked), needs(&asked)),
        (
            vec!["Create vpc.main".to_owned()],
            vec!["second:vpc.main".to_owned()]
        )
    );
    let (message, help) = told(&asked, "untagged-twin");
    assert!(
        message.contains(&id) && message.contains("10.0.0.0/16"),
        "{message}"
    );
    let command = format!(
        "`aws ec2 create-tags --region us-west-2 --resources {id} --tags Key=trueup:topology,Value=test Key=trueup:address,Value=vpc.main`"
    );
    assert!(help.contains(&command), "{help}");

    there.objects[0].record.set("cidr_block", "10.5.0.0/16");
    assert_eq!(
        untagged(&plan(&wanted, &there))[0].2,
        Likeness::Name("test-main".into())
    );
    // Who approved of the plan without a twin did not approve of this one.
    let alone = plan(
        &wanted,
        &Observed {
            objects: Vec::new(),
            ..there.clone()
        },
    );
    assert_ne!(alone.fingerprint, asked.fingerprint);
    // Another name and another range, EC2's own, one of another topology: nothing is alike.
    let object = |change: &dyn Fn(&mut Object)| {
        let mut there = live(&wanted);
        without_tags(&mut there, "vpc.main");
        change(&mut there.objects[0]);
        plan(&wanted, &there).existing
    };
    let other = |object: &mut Object| {
        object.record.set("cidr_block", "10.5.0.0/16");
        object.record.set("tags", Record::new().with("Name", "other"));
    };
    assert_eq!(object(&other), None);
    assert_eq!(object(&|object| object.implicit = true), None);
    assert_eq!(plan(&named("other", &wanted), &live(&wanted)).existing, None);
}

#[test]
fn what_is_ours_still_uses_what_lost_its_tags() {
    let mut resources = seed();
    resources.push(("elastic_ip.nat", json!({})));
    resources.push((
        "nat_gateway.main",
        json!({"subnet": "subnet.public", "elastic_ip": "elastic_ip.nat"}),
    ));
    let wanted = topology(&resources);
    for (lost, user) in [
        ("vpc.main", "vpc_endpoint.s3"),
        ("route_table.public", "subnet.public"),
        ("elastic_ip.nat", "nat_gateway.main"),
    ] {
        let mut there = live(&wanted);
        let id = without_tags(&mut there, lost);
        let asked = plan(&wanted, &there);
        assert_eq!(
            untagged(&asked),
            [(lost.to_owned(), id, Likeness::UsedBy(user.parse().unwrap()))],
            "{lost}"
        );
        assert_eq!(needs(&asked)[0], format!("second:{lost}"));
    }
}

#[test]
fn a_refusal_of_what_is_foreign_names_what_it_has_and_offers_its_tags() {
    let wanted = |range: &str| topology(&[("subnet.a", json!({"vpc": "vpc-00000001", "cidr_block": range}))]);
    let mut there = live(&wanted("10.40.0.0/24"));
    let id = without_tags(&mut there, "subnet.a");
    let refused = |range: &str, there: &Observed| {
        let plan = plan(&wanted(range), there);
        assert_eq!(
            plan.refused
                .iter()
                .map(|refusal| refusal.guard.code())
                .collect::<Vec<_>>(),
            ["foreign"]
        );
        plan.refused[0].why.clone()
    };
    let taken = |wanted: &str, by: TakenBy| Refused::Taken {
        id: id.clone(),
        has: "10.40.0.0/24 in vpc-00000001".into(),
        wanted: format!("{wanted} in vpc-00000001"),
        by,
    };
    let nobody = || TakenBy::Nobody { perhaps_lost: true };
    assert_eq!(refused("10.40.0.0/25", &there), taken("10.40.0.0/25", nobody()));
    assert_eq!(refused("10.40.0.0/24", &there), taken("10.40.0.0/24", nobody()));
    // What has the tags of another topology is not ours to take.
    let theirs = live(&named("other", &wanted("10.40.0.0/24")));
    let by = TakenBy::Topology("other".into());
    assert_eq!(refused("10.40.0.0/24", &theirs), taken("10.40.0.0/24", by));
}

#[test]
fn a_key_keeps_the_name_that_it_has_where_the_spec_says_none() {
    let key = |name: &str| topology(&with(seed(), "key_pair.key", "key_name", json!(name)));
    let there = live(&key("key"));
    // The default is another one than when it was made.
    let kept = plan(&key("test-key"), &there);
    assert!(kept.is_empty() && kept.refused.is_empty(), "{:?}", changes(&kept));
    let mut said = key("test-key");
    let places = std::collections::BTreeMap::from([("key_name".to_owned(), Default::default())]);
    said.resources
        .get_mut(&"key_pair.key".parse().unwrap())
        .unwrap()
        .places = std::sync::Arc::new(places);
    assert_eq!(changes(&plan(&said, &there))[0], "Replace key_pair.key");
    // Its successor has it as well.
    let mut other = key("test-key");
    other
        .resources
        .get_mut(&"key_pair.key".parse().unwrap())
        .unwrap()
        .record
        .set("public_key", "ssh-ed25519 BBBB");
    let replaced = plan(&other, &there);
    assert_eq!(
        changes(&replaced),
        ["Replace key_pair.key"],
        "{:?}",
        steps(&replaced)
    );
    let import = &replaced.steps[number(&replaced, "key_pair.key", "ImportKeyPair") - 1];
    assert_eq!(
        import.call.sets.value("key_name").and_then(Value::as_text),
        Some("key")
    );
}

#[test]
fn what_is_known_to_have_lost_its_tags_gets_them_back_with_a_consent_and_nothing_else_happens() {
    // It differs as well: that is for another plan.
    let wanted = topology(&with(
        with(seed(), "instance.bastion", "instance_type", json!("t3.small")),
        "instance.bastion",
        "protect",
        json!(true),
    ));
    let mut there = live(&topology(&seed()));
    let lost = there.objects.iter().find(|object| {
        object
            .owner
            .as_ref()
            .is_some_and(|owner| owner.address == "instance.bastion")
    });
    let id = lost.unwrap().id.clone();
    there.lost.insert(id.clone());
    let plan = plan(&wanted, &there);
    assert_eq!(
        (changes(&plan), needs(&plan)),
        (
            vec!["Adopt instance.bastion".to_owned()],
            vec!["reclaim:instance.bastion".to_owned()]
        )
    );
    assert_eq!(steps(&plan), [format!("instance.bastion CreateTags {id}")]);
    let tags = plan.steps[0]
        .call
        .sets
        .value("tags")
        .and_then(Value::as_map)
        .unwrap();
    let told = ["trueup:topology", "trueup:address", "trueup:protect"]
        .map(|key| tags.value(key).and_then(Value::as_text));
    assert_eq!(told, ["test", "instance.bastion", "true"].map(Some));
    assert!(
        matches!(plan.changes[0].notes[0], Note::Reclaimed { .. }) && plan.refused.is_empty(),
        "{:?}",
        plan.changes[0].notes
    );
}
