//! Plans, drift, live networks and diagnostics as JSON for other programs.
//!
//! The formats are versioned: an addition raises the minor number, anything else the major one. A reference
//! is its address, an outside object its id, what is known only after apply `{"unknown": address}`, and what
//! may be secret `{"sha256": hex}`.

use serde_json::{Value as Json, json};
use trueup_model::unmanaged::{Thing, Unmanaged};
use trueup_model::{
    Action, AttributeChange, Change, Diagnostic, Finding, Kind, Label, Observed, Place, Plan, Topology,
    Value, fact,
};

use crate::difference;
use crate::lines;
use crate::reach;
use crate::reasons;
use crate::shown;
use crate::stakes;

/// The version of all formats here.
pub const FORMAT_VERSION: &str = "1.1";

/// A plan: head, changes, steps, refusals and diagnostics.
pub fn plan(plan: &Plan) -> Json {
    let mut document = head(plan);
    document["teardown"] = plan.teardown.into();
    document["stakes"] = stakes::json(plan);
    document["renamed"] = json!(plan.renamed);
    document["changes"] = plan.changes.iter().map(change).collect();
    document["steps"] = plan.steps.iter().map(step).collect();
    if !plan.turns.is_empty() {
        document["turns"] = json!(plan.turns);
    }
    document["refused"] = reasons::refusals_json(plan);
    if let Some(told) = &plan.reachability {
        document["reachability"] = reach::json(told);
    }
    document["diagnostics"] = diagnostics(&reasons::diagnostics(plan));
    document
}

/// A plan's differences as seen from the cloud, and what is nobody's where that was asked for.
pub fn drift(plan: &Plan, unmanaged: Option<&[Unmanaged]>) -> Json {
    let mut document = head(plan);
    document["drift"] = crate::text::drifted(plan)
        .iter()
        .map(|drifted| {
            let change = drifted.change;
            let attributes = drifted.attributes.iter().map(|attribute| {
                let mut json = json!({
                    "path": attribute.path,
                    "spec": side(change.address.kind, attribute, attribute.after.as_ref()),
                    "live": side(change.address.kind, attribute, attribute.before.as_ref()),
                });
                details(&mut json, change.address.kind, attribute);
                json
            });
            json!({
                "address": change.address,
                "id": change.id,
                "source": place(change.source.as_ref()),
                "missing": change.action == Action::Create,
                "unmanaged": change.action == Action::Delete,
                "attributes": attributes.collect::<Vec<_>>(),
            })
        })
        .collect();
    if let Some(told) = &plan.reachability {
        document["expectations"] = reach::findings(&told.findings);
        let mut changes = reach::json(told);
        // They stand beside it, where they were before changes were reported.
        if let Some(changes) = changes.as_object_mut() {
            changes.remove("expectations");
        }
        document["reachability"] = changes;
    }
    if let Some(unmanaged) = unmanaged {
        document["unmanaged"] = unmanaged.iter().map(nobodys).collect();
    }
    document
}

fn nobodys(thing: &Unmanaged) -> Json {
    let mut json = json!({"in": thing.vpc, "id": thing.id, "name": thing.name});
    match &thing.what {
        Thing::Object(kind) => json["kind"] = json!(kind),
        Thing::Interface(what) => {
            json["kind"] = json!("interface");
            json["what"] = json!(what);
        }
        Thing::Member {
            of,
            attribute,
            key,
            value,
        } => {
            json["kind"] = json!(of);
            json["path"] = json!(attribute);
            json["member"] = json!(key.to_string());
            json["live"] = json!(value);
        }
    }
    json
}

/// Why a command could not do what it is for: the class of the failure, EC2's code where it is EC2's, a
/// sentence, and what is wrong with the spec where it is that.
pub fn failure(class: &str, code: Option<&str>, message: &str, found: &[Diagnostic]) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "error": {"class": class, "code": code, "message": message},
        "diagnostics": diagnostics(found),
    })
}

/// Problems, in their order.
pub fn diagnostics(diagnostics: &[Diagnostic]) -> Json {
    let label = |label: &Label| {
        let mut json = json!(label.place);
        json["text"] = json!(label.text);
        json
    };
    let diagnostic = |diagnostic: &Diagnostic| {
        json!({
            "code": diagnostic.code,
            "severity": diagnostic.severity,
            "message": diagnostic.message,
            "labels": diagnostic.labels.iter().map(label).collect::<Vec<_>>(),
            "help": diagnostic.help,
            "patch": diagnostic.patch.as_ref().map(|patch| json!({"place": patch.place, "text": patch.text})),
        })
    };
    diagnostics.iter().map(diagnostic).collect()
}

/// How expectations fare.
pub fn findings(findings: &[Finding]) -> Json {
    reach::findings(findings)
}

/// What is live of a topology: for each address its id, ARN and addresses; `id` is null where nothing is
/// there.
pub fn show(topology: &Topology, observed: &Observed) -> Json {
    let resource = |shown: crate::text::Shown<'_>| {
        json!({
            "address": shown.address,
            "kind": shown.address.kind,
            "id": shown.object.map(|object| &object.id),
            "arn": shown.arn(observed),
            "public_ip": shown.fact(fact::PUBLIC_IP),
            "private_ip": shown.fact(fact::PRIVATE_IP),
            "ipv6": shown.fact(fact::IPV6),
            "dns_name": shown.fact(fact::DNS_NAME),
            "in_spec": shown.resource.is_some(),
            "source": place(shown.resource.map(|resource| &resource.place)),
        })
    };
    json!({
        "format_version": FORMAT_VERSION,
        "topology": topology.name,
        "region": observed.site.region,
        "account": observed.site.account,
        "complete": observed.unreadable.is_empty(),
        "unreadable": unreadable(&observed.unreadable),
        "resources": crate::text::shown(topology, observed).into_iter().map(resource).collect::<Vec<_>>(),
    })
}

fn head(plan: &Plan) -> Json {
    let mut head = json!({
        "format_version": FORMAT_VERSION,
        "topology": plan.topology,
        "region": plan.site.region,
        "account": plan.site.account,
        "fingerprint": plan.fingerprint,
        "complete": plan.is_complete(),
        "unreadable": unreadable(&plan.unreadable),
        "unread": plan.unread,
        "summary": plan.summary(),
    });
    if !plan.blackholes.is_empty() {
        head["blackholes"] = json!(plan.blackholes);
    }
    head
}

fn unreadable(kinds: &std::collections::BTreeMap<Kind, String>) -> Json {
    kinds
        .iter()
        .map(|(kind, why)| json!({"kind": kind, "why": why}))
        .collect()
}

fn change(change: &Change) -> Json {
    let attributes = change.attributes.iter().map(|attribute| {
        let kind = change.address.kind;
        // Nothing has to give way for a new resource.
        let effect = if change.action == Action::Create {
            trueup_model::Effect::InPlace
        } else {
            attribute.effect
        };
        let mut json = json!({
            "path": attribute.path,
            "before": side(kind, attribute, attribute.before.as_ref()),
            "after": side(kind, attribute, attribute.after.as_ref()),
            "effect": effect,
        });
        details(&mut json, kind, attribute);
        json
    });
    let mut document = json!({
        "address": change.address,
        "kind": change.address.kind,
        "action": change.action,
        "id": change.id,
        "because": change.because.iter().map(reasons::cause).collect::<Vec<_>>(),
        "order": change.order,
        "disruption": change.disruption,
        "losses": change.losses,
        "source": place(change.source.as_ref()),
        "attributes": attributes.collect::<Vec<_>>(),
    });
    if !change.notes.is_empty() {
        document["notes"] = change.notes.iter().map(reasons::note_json).collect();
    }
    if let Some(lifts) = change.lifts {
        document["lifts"] = json!(lifts);
    }
    document
}

fn step(step: &trueup_model::Step) -> Json {
    json!({
        "number": step.number,
        "action": step.action,
        "address": step.address,
        "calls": [step.call.action],
        "after": step.after,
    })
}

fn place(place: Option<&Place>) -> Json {
    place
        .filter(|place| !place.file.is_empty())
        .map_or(Json::Null, |place| json!(place))
}

/// What else there is to say about a difference: whose member it is, and how much of a text differs that is
/// not shown.
fn details(json: &mut Json, kind: Kind, attribute: &AttributeChange) {
    if let Some(member) = &attribute.member {
        json["member"] = json!(member.to_string());
    }
    let table = shown::attribute(kind, &attribute.path);
    let after = attribute.after.as_ref().filter(|_| attribute.member.is_none());
    if table
        .zip(after)
        .is_some_and(|(table, after)| (table.is_open)(after))
    {
        json["known_after_apply"] = true.into();
    }
    if table.is_some_and(|table| table.digest) && attribute.before.is_some() {
        // Bytes have no lines.
        if let Some([before, after]) = lines::texts(attribute.before.as_ref(), attribute.after.as_ref()) {
            let (removed, added) = difference::counts(&before, &after);
            json["lines"] = json!({"removed": removed, "added": added});
        }
    }
}

/// One side of a difference.
fn side(kind: Kind, attribute: &AttributeChange, value: Option<&Value>) -> Json {
    let Some(value) = value else { return Json::Null };
    if shown::attribute(kind, &attribute.path).is_some_and(|table| table.digest) {
        return json!({"sha256": shown::sha256(value)});
    }
    json!(value)
}
