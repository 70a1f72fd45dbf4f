//! Tags: which ones a plan writes and takes away, and what it says of those that the spec does not speak of
//! any more.

use crate::world::{changes, live, number, seed, steps, topology, with};
use serde_json::{Value as Json, json};
use trueup_model::attr::TAGS;
use trueup_model::{Kind, Observed, Plan, Record, Value, tags};
use trueup_plan::plan;

type Resources = Vec<(&'static str, Json)>;

/// The seed with these tags on both subnets.
fn tagged(wanted: &Json) -> Resources {
    with(
        with(seed(), "subnet.public", "tags", wanted.clone()),
        "subnet.private",
        "tags",
        wanted.clone(),
    )
}

fn told(plan: &Plan) -> Vec<&str> {
    plan.diagnostics
        .iter()
        .map(|diagnostic| diagnostic.message.as_str())
        .collect()
}

#[test]
fn a_tag_whose_line_was_taken_out_stays_and_is_told_in_one_line() {
    let there = live(&topology(&tagged(
        &json!({"Name": "x", "team": "network", "env": "prod"}),
    )));
    let plan = plan(&topology(&tagged(&json!({"Name": "x", "env": "prod"}))), &there);
    assert!(plan.is_empty(), "{:#?}", steps(&plan));
    assert_eq!(
        told(&plan),
        ["tag `team` of subnet.private, subnet.public is no longer in the spec, and stays"]
    );
    assert!(
        plan.diagnostics[0]
            .help
            .as_ref()
            .unwrap()
            .contains("`team: null`")
    );
}

#[test]
fn of_tags_that_somebody_else_put_there_nothing_is_said() {
    let wanted = topology(&tagged(&json!({"Name": "x", "env": "prod"})));
    let mut there = live(&wanted);
    for object in &mut there.objects {
        let own = object.record.get(TAGS).cloned().unwrap_or_default();
        object.record.set("tags", own.with("cost-centre", "42"));
    }
    let plan = plan(&wanted, &there);
    assert!(
        plan.is_empty() && plan.diagnostics.is_empty(),
        "{:?}",
        told(&plan)
    );
}

/// The network as it is when the steps of a plan for tags are done.
fn done(mut there: Observed, plan: &Plan) -> Observed {
    for step in &plan.steps {
        let object = there
            .objects
            .iter_mut()
            .find(|object| Some(&object.id) == step.target.as_ref())
            .unwrap();
        let of = |record: &Record| record.get(TAGS).cloned().unwrap_or_default();
        let names = of(&step.call.unsets);
        let names: Vec<&str> = names.iter().map(|(name, _)| name).collect();
        let mut all = of(&object.record).without(&names);
        all.set_all(&of(&step.call.sets));
        let pairs: Vec<(String, String)> = all
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_string()))
            .collect();
        let (owner, rest) = tags::split(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        object.record.set("tags", rest);
        assert!(owner.is_none(), "ownership is not written again");
        let written: String = all.value(tags::WRITTEN).map(Value::to_string).unwrap_or_default();
        let owner = object.owner.as_mut().unwrap();
        let split = tags::split([
            (tags::TOPOLOGY, "t"),
            (tags::ADDRESS, "a"),
            (tags::WRITTEN, written.as_str()),
        ]);
        owner.written = split.0.unwrap().written;
    }
    there
}

#[test]
fn null_takes_it_away_and_then_nothing_is_left_to_say() {
    let before = topology(&tagged(&json!({"Name": "x", "team": "network"})));
    let mut wanted = topology(&tagged(&json!({"Name": "x"})));
    for resource in wanted
        .resources
        .values_mut()
        .filter(|resource| resource.address.kind == Kind::Subnet)
    {
        resource
            .record
            .set("tags", Record::new().with("Name", "x").with("team", Value::Null));
    }
    let taken = plan(&wanted, &live(&before));
    let call = &taken.steps[number(&taken, "subnet.public", "DeleteTags") - 1].call;
    let unsets = call.unsets.get(TAGS).unwrap();
    assert!(
        unsets.value("team").is_some() && unsets.value(tags::WRITTEN).is_some(),
        "{unsets}"
    );
    assert_eq!(changes(&taken), ["Update subnet.private", "Update subnet.public"]);
    assert_eq!(taken.steps.len(), 2, "{:#?}", steps(&taken));
    let there = done(live(&before), &taken);
    let again = plan(&topology(&tagged(&json!({"Name": "x"}))), &there);
    assert!(again.is_empty() && told(&again).is_empty(), "{:?}", told(&again));
}

#[test]
fn what_the_spec_has_written_is_remembered_with_the_tags_and_at_no_call_more() {
    let wanted = topology(&tagged(&json!({"Name": "x", "team": "network"})));
    let created = plan(&wanted, &Observed::default());
    let ownership = &created.steps[number(&created, "subnet.public", "CreateSubnet") - 1].ownership;
    assert_eq!(
        ownership.value(tags::WRITTEN),
        Some(&Value::text(tags::digest("team")))
    );
    // The name that EC2 shows is in every spec, and is not remembered.
    assert_eq!(
        created.steps[number(&created, "vpc.main", "CreateVpc") - 1]
            .ownership
            .value(tags::WRITTEN),
        None
    );
    let more = topology(&tagged(&json!({"Name": "x", "team": "network", "env": "prod"})));
    let edited = plan(&more, &live(&wanted));
    assert_eq!(
        steps(&edited),
        [
            "subnet.private CreateTags subnet-00000002",
            "subnet.public CreateTags subnet-00000003"
        ]
    );
    let text = edited.steps[0]
        .call
        .sets
        .get(TAGS)
        .unwrap()
        .value(tags::WRITTEN)
        .unwrap()
        .to_string();
    assert_eq!(text.len(), 10);
}

#[test]
fn as_many_tags_as_a_spec_may_have_are_remembered_in_one_value() {
    let many: Record = (0..43).map(|n| (format!("key-{n}"), "v".into())).collect();
    let written: String = tags::written(&Record::new().with("tags", many))
        .into_iter()
        .collect();
    assert!(written.len() <= 256, "{}", written.len());
}
