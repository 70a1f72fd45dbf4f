//! What points at nothing: references by an id to what a plan ends, and routes and references that lead
//! nowhere already.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{
    Action, Address, Blackhole, Diagnostic, Kind, MemberKey, Object, Observed, Plan, Record, Ref, Topology,
};

use crate::fold::Folded;

/// References that are reported one by one; of more, the number is.
const TOLD_MAX: usize = 10;

/// What a plan ends, by each id that goes with it.
type Ends = BTreeMap<String, (Address, Action)>;

/// Tells what of ours and of others points, by an id, at something that the plan ends.
pub fn tell_ends(topology: &Topology, observed: &Observed, plan: &mut Plan) {
    let ends = ends(observed, plan);
    if ends.is_empty() {
        return;
    }
    let mut told: Vec<Diagnostic> = Vec::new();
    for (address, resource) in &topology.resources {
        let ids = ids(address.kind, &resource.record);
        for (id, (gone, action)) in ids
            .iter()
            .filter_map(|id| Some((id, ends.get(id)?)))
            .filter(|(_, (gone, _))| gone != address)
        {
            let message = format!(
                "{address} names {id}, which goes with this plan: {gone} is {}",
                verb(*action)
            );
            let is_object = gone.kind.is_id(id);
            let help = match action {
                Action::Replace if is_object => format!(
                    "write `{}` in place of the id: a name follows what takes its place",
                    gone.name
                ),
                Action::Replace => {
                    format!("what takes the place of {gone} has another one: write that after the apply")
                }
                _ => "write something else in the same edit, or take it out".to_owned(),
            };
            let place = crate::outside::place(topology, address, id).1;
            let warning = Diagnostic::warning("dangling", message).help(help);
            told.push(
                place
                    .into_iter()
                    .fold(warning, |warning, place| warning.at(place, "")),
            );
        }
    }
    // What EC2 made with a VPC goes with it, and an instance's root volume with that.
    let goes_along = |object: &Object| {
        let home = object.kind.rules().home(&object.record).and_then(Ref::id);
        let goes = object.implicit && home.is_some_and(|vpc| ends.contains_key(vpc));
        goes || ends.contains_key(&object.id)
    };
    let others = observed
        .objects
        .iter()
        .filter(|object| !object.is_of(&topology.name));
    for object in others.filter(|object| !goes_along(object)) {
        for (id, (gone, action)) in ids(object.kind, &object.record)
            .iter()
            .filter_map(|id| Some((id, ends.get(id)?)))
        {
            let whose = object
                .owner
                .as_ref()
                .map(|owner| format!(" of topology `{}`", owner.topology))
                .unwrap_or_default();
            let message = format!(
                "{} {}{whose} refers to {id}, which goes with this plan: {gone} is {}",
                object.kind,
                object.id,
                verb(*action)
            );
            let help = "it is never touched: whoever it belongs to must lead it elsewhere first, or it leads nowhere, or EC2 refuses the end";
            told.push(Diagnostic::warning("dangling", message).help(help));
        }
    }
    let more = told.len().saturating_sub(TOLD_MAX);
    told.truncate(TOLD_MAX);
    told.extend((more > 0).then(|| {
        Diagnostic::warning(
            "dangling",
            format!("{more} more references to what goes with this plan"),
        )
    }));
    plan.diagnostics.extend(told);
}

fn ends(observed: &Observed, plan: &Plan) -> Ends {
    let gone = plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete | Action::Replace));
    let by_id: BTreeMap<&str, (&Address, Action)> = gone
        .filter_map(|change| Some((change.id.as_deref()?, (&change.address, change.action))))
        .collect();
    let mut ends = Ends::new();
    for object in observed.objects.iter() {
        let Some((address, action)) = by_id.get(object.id.as_str()) else {
            continue;
        };
        for id in object
            .kind
            .rules()
            .along(object)
            .into_iter()
            .chain([object.id.clone()])
        {
            ends.insert(id, ((*address).clone(), *action));
        }
    }
    ends
}

fn verb(action: Action) -> &'static str {
    if action == Action::Replace {
        "replaced"
    } else {
        "deleted"
    }
}

/// Every id in a record.
fn ids(kind: Kind, record: &Record) -> BTreeSet<String> {
    let refs = record.refs().into_iter().filter_map(Ref::id).map(str::to_owned);
    refs.chain(
        kind.rules()
            .outside(record)
            .iter()
            .map(|sought| sought.text().to_owned()),
    )
    .collect()
}

/// The routes of ours that lead nowhere, as EC2 says, and that the plan leaves as they are.
pub fn blackholes(folded: &Folded, plan: &Plan) -> Vec<Blackhole> {
    let live = folded
        .wanted
        .iter()
        .filter_map(|(address, resource)| Some((address, resource, folded.live(address)?)));
    let known = live.filter(|(address, ..)| !folded.frozen.contains(address));
    let all = known.flat_map(|(address, resource, object)| {
        let of_it = address.kind.rules().blackholes(object).into_iter();
        of_it.map(move |(destination, target)| Blackhole {
            address: address.clone(),
            id: object.id.clone(),
            destination,
            target,
            place: resource.place.clone(),
        })
    });
    all.filter(|blackhole| !is_mended(plan, blackhole)).collect()
}

/// Whether the plan changes this route, or ends what has it.
fn is_mended(plan: &Plan, blackhole: &Blackhole) -> bool {
    let of_it = plan
        .changes
        .iter()
        .filter(|change| change.address == blackhole.address);
    of_it.into_iter().any(|change| {
        let touches = |member: &Option<MemberKey>| {
            member
                .as_ref()
                .is_some_and(|key| key.is_text(&blackhole.destination))
        };
        change.action != Action::Update
            || change
                .attributes
                .iter()
                .any(|attribute| touches(&attribute.member))
    })
}
