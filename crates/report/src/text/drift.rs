//! Drift: what a plan says, told from the cloud's side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use trueup_model::unmanaged::{Thing, Unmanaged};
use trueup_model::{Action, Address, AttributeChange, Change, Finding, Plan, Ref, Status, Value};

use super::{blackholes, head, remarks, troubles};
use crate::clean::Clean;
use crate::lines::{self, Line, LineKind};
use crate::names::Names;
use crate::shown;
use crate::style::{Page, Paint, Piece, Style};
use crate::words;

/// One address at which the cloud is not as the spec wants it.
pub struct Drifted<'a> {
    /// What the plan would do about it.
    pub change: &'a Change,
    /// What differs by itself, and not only because something that it refers to must be replaced.
    pub attributes: Vec<AttributeChange>,
}

/// What is live and what is wanted.
type Pair = (Option<Value>, Option<Value>);

/// Writes what differs, and what is nobody's; one line where nothing does and nothing is.
pub fn drift(out: &mut Clean, plan: &Plan, unmanaged: &[Unmanaged], style: Style) -> fmt::Result {
    let mut page = Page::new(out, style);
    let drifted = drifted(plan);
    let findings = || plan.reachability.iter().flat_map(|told| &told.findings);
    let failing: Vec<&Finding> = findings().filter(|finding| finding.is_failure()).collect();
    let warned: Vec<&Finding> = findings()
        .filter(|finding| finding.status == Status::Warned)
        .collect();
    if drifted.is_empty()
        && failing.is_empty()
        && plan.refused.is_empty()
        && plan.is_complete()
        && unmanaged.is_empty()
        && plan.blackholes.is_empty()
    {
        let topology = format!("{}: ", plan.topology);
        let words = format!(
            "no drift, {} as the spec wants them.",
            words::count(plan.kept.len(), "resource")
        );
        let words = if plan.kept.len() == 1 {
            words.replace("wants them", "wants it")
        } else {
            words
        };
        page.line(0, 2, &[(Paint::Strong, &topology), (Paint::Create, &words)])?;
        return warned
            .into_iter()
            .try_for_each(|finding| super::reach::finding(&mut page, finding));
    }
    head(&mut page, &plan.topology, &plan.site)?;
    remarks(&mut page, plan)?;
    troubles(&mut page, plan)?;
    let names = Names::of(plan);
    for drifted in &drifted {
        one(&mut page, drifted, &names)?;
    }
    blackholes(&mut page, plan)?;
    for finding in failing.iter().chain(&warned) {
        super::reach::finding(&mut page, finding)?;
    }
    for thing in unmanaged {
        nobodys(&mut page, thing)?;
    }
    if let Some(told) = &plan.reachability {
        super::reach::changes(&mut page, told, "Reachability, live against the spec")?;
    }
    let mut counts = format!(
        "Drift: {} of {} differ",
        drifted.len(),
        words::count(drifted.len() + plan.kept.len(), "resource")
    );
    if !failing.is_empty() {
        let _ = write!(
            counts,
            ", {} not hold",
            if failing.len() == 1 {
                "1 expectation does".to_owned()
            } else {
                format!("{} expectations do", failing.len())
            }
        );
    }
    if !plan.blackholes.is_empty() {
        let verb = if plan.blackholes.len() == 1 {
            "leads"
        } else {
            "lead"
        };
        let _ = write!(
            counts,
            ", {} {verb} nowhere",
            words::count(plan.blackholes.len(), "route")
        );
    }
    if !unmanaged.is_empty() {
        let _ = write!(counts, ", {} unmanaged", unmanaged.len());
    }
    if let Some(unread) = words::unread(plan) {
        let _ = write!(counts, "; {unread}");
    }
    page.line(0, 6, &[(Paint::Strong, &counts)])
}

/// The addresses at which something differs by itself, in the order of the plan.
pub fn drifted(plan: &Plan) -> Vec<Drifted<'_>> {
    let replaced: BTreeMap<&str, &Address> = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Replace)
        .filter_map(|change| Some((change.id.as_deref()?, &change.address)))
        .collect();
    let drifted = plan.changes.iter().map(|change| {
        let attributes = if change.action == Action::Create {
            Vec::new()
        } else {
            own(change, &replaced)
        };
        Drifted { change, attributes }
    });
    // What differs in nothing of its own follows from something else that is reported, except where only its
    // tags of ownership differ.
    drifted
        .filter(|d| {
            d.change.action == Action::Create || d.change.attributes.is_empty() || !d.attributes.is_empty()
        })
        .collect()
}

/// The attributes that differ even if everything that is replaced counts as what it will be.
fn own(change: &Change, replaced: &BTreeMap<&str, &Address>) -> Vec<AttributeChange> {
    let named = |value: &Option<Value>| value.as_ref().map(|value| name(value, replaced));
    let pairs: Vec<Pair> = change
        .attributes
        .iter()
        .map(|a| (named(&a.before), named(&a.after)))
        .collect();
    let side = |pick: fn(&Pair) -> Option<&Value>| -> BTreeSet<(&str, Value)> {
        let sides = change
            .attributes
            .iter()
            .zip(&pairs)
            .filter(|(a, _)| a.member.is_some());
        sides
            .filter_map(|(a, pair)| Some((a.path.as_str(), pick(pair)?.clone())))
            .collect()
    };
    let (gone, new) = (side(|pair| pair.0.as_ref()), side(|pair| pair.1.as_ref()));
    let follows = |attribute: &AttributeChange, pair: &Pair| match pair {
        (Some(before), Some(after)) => before == after,
        // A member under an id that goes and the same one under its name are one.
        (Some(before), None) => {
            attribute.member.is_some() && new.contains(&(attribute.path.as_str(), before.clone()))
        }
        (None, Some(after)) => {
            attribute.member.is_some() && gone.contains(&(attribute.path.as_str(), after.clone()))
        }
        (None, None) => false,
    };
    let own = change
        .attributes
        .iter()
        .zip(&pairs)
        .filter(|(attribute, pair)| !follows(attribute, pair));
    own.map(|(attribute, (_, after))| AttributeChange {
        after: after.clone(),
        ..attribute.clone()
    })
    .collect()
}

/// The value with ids of what is replaced, and of what is to come, as names.
fn name(value: &Value, replaced: &BTreeMap<&str, &Address>) -> Value {
    match value {
        Value::Unknown(address) => Value::Ref(Ref::Name(address.clone())),
        Value::Ref(Ref::Id(id)) => match replaced.get(id.as_str()) {
            Some(address) => Value::Ref(Ref::Name((*address).clone())),
            None => value.clone(),
        },
        Value::List(list) => Value::List(list.iter().map(|value| name(value, replaced)).collect()),
        Value::Map(map) => Value::Map(
            map.iter()
                .map(|(key, value)| (key.to_owned(), name(value, replaced)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn one(page: &mut Page<'_>, drifted: &Drifted<'_>, names: &Names<'_>) -> fmt::Result {
    let change = drifted.change;
    let id = change
        .id
        .as_ref()
        .map(|id| format!(" ({id})"))
        .unwrap_or_default();
    let address = change.address.to_string();
    let lead: [Piece<'_>; 3] = [(Paint::Strong, &address), (Paint::Dim, &id), (Paint::Plain, ": ")];
    let place = change.source.as_ref().filter(|place| !place.file.is_empty());
    let place = place
        .map(|place| format!("   {}", shown::place(place)))
        .unwrap_or_default();
    let whole = match change.action {
        Action::Create => Some((Paint::Delete, "missing")),
        Action::Delete => Some((Paint::Delete, "not in the spec: it carries this topology's tags")),
        _ if drifted.attributes.is_empty() => {
            Some((Paint::Update, "marked by a replacement that did not finish"))
        }
        _ => None,
    };
    if let Some((paint, words)) = whole {
        page.line(
            0,
            4,
            &[lead[0], lead[1], lead[2], (paint, words), (Paint::Dim, &place)],
        )?;
        for note in &change.notes {
            page.line(
                4,
                8,
                &[
                    (Paint::Dim, "note: "),
                    (Paint::Plain, &crate::reasons::note(note)),
                ],
            )?;
        }
        return Ok(());
    }
    let own = Change {
        attributes: drifted.attributes.clone(),
        ..change.clone()
    };
    for (line, attribute) in lines::of(&own, names).iter().zip(&drifted.attributes) {
        let place = attribute.place.as_ref().filter(|place| !place.file.is_empty());
        let place = place
            .map(|place| format!("   {}", shown::place(place)))
            .unwrap_or_default();
        let told = told(line);
        let name = format!("{}: ", line.name);
        page.line(
            0,
            4,
            &[
                lead[0],
                lead[1],
                lead[2],
                (Paint::Plain, &name),
                (Paint::Update, &told),
                (Paint::Dim, &place),
            ],
        )?;
        if let Some(texts) = &line.long {
            if !texts.private || page.shows_secrets() {
                page.line(8, 8, &[(Paint::Dim, "(- live, + spec)")])?;
            }
            super::plan::long(page, texts)?;
        }
    }
    Ok(())
}

fn nobodys(page: &mut Page<'_>, thing: &Unmanaged) -> fmt::Result {
    let lead = format!("unmanaged in {}: ", thing.vpc);
    let name = thing
        .name
        .as_ref()
        .map(|name| format!(" `{name}`"))
        .unwrap_or_default();
    let id = &thing.id;
    let words = match &thing.what {
        Thing::Object(kind) => format!("{kind} {id}{name}"),
        Thing::Interface(what) => format!("interface {id} ({what})"),
        Thing::Member {
            of, attribute, key, ..
        } => format!("{of} {id} that EC2 made: {attribute} {key}"),
    };
    page.line(0, 4, &[(Paint::Strong, &lead), (Paint::Update, &words)])
}

/// `spec false, live true`.
fn told(line: &Line) -> String {
    let besides = |text: &Option<String>| text.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
    match line.kind {
        LineKind::Added => format!("in the spec{}, not live", besides(&line.after)),
        LineKind::Removed => format!("not in the spec, live{}", besides(&line.before)),
        LineKind::Attribute | LineKind::Altered => {
            let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
            format!("spec {}, live {}", side(&line.after), side(&line.before))
        }
    }
}
