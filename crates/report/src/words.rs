//! The words that text and Markdown share.

use trueup_model::{
    Action, Blackhole, Change, Disruption, Effect, Order, Plan, Renamed, Severity, Turns, tags,
};

use crate::style::Paint;

/// The sign of an action at the beginning of a line.
pub fn sign(action: Action) -> &'static str {
    match action {
        Action::Create | Action::Adopt => "+",
        Action::Update => "~",
        Action::Replace => "!",
        Action::Delete | Action::Forget => "-",
    }
}

/// What is done.
pub fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "change",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Forget => "forget",
    }
}

/// The colour of an action.
pub fn paint(action: Action) -> Paint {
    match action {
        Action::Create | Action::Adopt => Paint::Create,
        Action::Update => Paint::Update,
        Action::Replace => Paint::Replace,
        Action::Delete | Action::Forget => Paint::Delete,
    }
}

/// What users of the network feel.
pub fn disruption(change: &Change) -> &'static str {
    match change.disruption {
        Disruption::Outage if change.action == Action::Delete => "what relies on it stops working",
        Disruption::None => "none",
        Disruption::Reset => "open connections may break",
        Disruption::Gap => "seconds without service",
        Disruption::Outage => "no service until the change is through",
        Disruption::AddressLost => "an address is lost for ever",
        Disruption::DataLost => "data is lost for ever",
    }
}

/// Which of a replacement's objects comes first.
pub fn order(order: Order) -> &'static str {
    match order {
        Order::CreateFirst => "create first, then delete the old one",
        Order::DeleteFirst => "delete the old one first",
    }
}

/// How bad a problem is.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// What an attribute's change costs, and why; nothing where it is in place or the resource is new.
pub fn cost(action: Action, effect: Effect, reason: &str) -> Option<String> {
    let cost = match (action, effect) {
        (Action::Create, _) | (_, Effect::InPlace) => return None,
        (_, Effect::Stop) => "stop and start",
        (_, Effect::Replace) => "forces replacement",
    };
    Some(if reason.is_empty() {
        cost.to_owned()
    } else {
        format!("{cost}: {reason}")
    })
}

/// What was probably only renamed, and how it would stay, in sentences.
pub fn renamed(plan: &Plan, renamed: &Renamed) -> String {
    let Renamed { from, to, id, keep } = renamed;
    let keep: Vec<String> = keep
        .iter()
        .map(|(name, value)| format!("`{name}: {value}`"))
        .collect();
    let keep = if keep.is_empty() {
        String::new()
    } else {
        format!(", write {} there", keep.join(" and "))
    };
    let command = tags::command(&plan.site.region, id, &plan.topology, to);
    format!(
        "{from} ({id}) goes, and {to} is made just like it. If it is the same one under another name, keep it{keep}: give it its new \
         address before the apply, and plan again: `{command}`"
    )
}

/// What a teardown is.
pub const TEARDOWN: &str =
    "all that carries the topology's tags goes, whatever the spec wants; `trueup destroy` does it.";

/// That a plan has nothing to do.
pub fn nothing(plan: &Plan) -> String {
    if plan.teardown {
        format!(
            "Nothing to do: nothing in {} belongs to topology {}.",
            plan.site.region, plan.topology
        )
    } else {
        "Nothing to do: the network is as the spec wants it.".to_owned()
    }
}

/// `1 step`, `2 steps`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// So many of the things that could not be read are named.
const UNREAD_NAMED_MAX: usize = 4;

/// What could not be read: `instance was not read`, `vpc and user_data of instance.web were not read`.
pub fn unread(plan: &Plan) -> Option<String> {
    let kinds = plan.unreadable.keys().map(ToString::to_string);
    let attributes = plan
        .unread
        .iter()
        .map(|unread| format!("{} of {}", unread.attribute, unread.address));
    let names: Vec<String> = kinds.chain(attributes).collect();
    Some(match &names[..] {
        [] => return None,
        [only] => format!("{only} was not read"),
        [first @ .., last] if names.len() <= UNREAD_NAMED_MAX => {
            format!("{} and {last} were not read", first.join(", "))
        }
        _ => {
            let counts = [(plan.unreadable.len(), "kind"), (plan.unread.len(), "attribute")];
            let told: Vec<String> = counts
                .iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, noun)| count(*number, noun))
                .collect();
            format!("{} were not read", told.join(" and "))
        }
    })
}

/// What an unattended apply must be allowed, as `--allow` takes it.
pub fn consents(plan: &Plan, change: &Change) -> Vec<String> {
    plan.consents(change)
        .map(|consent| format!("{}:{}", consent.code(), change.address))
        .collect()
}

/// That EC2's own protection is lifted; none where it is not.
pub fn lifts(change: &Change) -> Option<String> {
    let attribute = change.lifts?;
    Some(format!(
        "EC2 refuses to end it while `{attribute}` is on: that is turned off first, which needs --allow unprotect:{}",
        change.address
    ))
}

/// Which hosts are stopped or replaced, and how many of them at a time.
pub fn turns(plan: &Plan, turns: &Turns) -> String {
    let changes = plan
        .changes
        .iter()
        .filter(|change| turns.hosts.contains(&change.address));
    let (mut stopped, mut replaced) = (false, false);
    changes.for_each(|change| {
        if change.action == Action::Replace {
            replaced = true;
        } else {
            stopped = true;
        }
    });
    let what = match (stopped, replaced) {
        (_, false) => "stop",
        (false, true) => "are replaced",
        (true, true) => "stop or are replaced",
    };
    let hosts: Vec<String> = turns.hosts.iter().map(ToString::to_string).collect();
    format!(
        "{} that do the same work {what}, {}: {}",
        count(hosts.len(), "host"),
        at_once(turns),
        crate::reach::named(&hosts)
    )
}

/// How many of those that take turns are out of service at a time.
pub fn at_once(turns: &Turns) -> String {
    match turns.at_once {
        1 => "one at a time".to_owned(),
        all if all >= turns.hosts.len() => "all at the same time".to_owned(),
        some => format!("{some} at a time"),
    }
}

/// A route that leads nowhere.
pub fn blackhole(blackhole: &Blackhole) -> String {
    let target = if blackhole.target.is_empty() {
        String::new()
    } else {
        format!(" to {}", blackhole.target)
    };
    format!(
        "the route {}{target} leads nowhere: its target is gone or not ready, and EC2 drops what it matches",
        blackhole.destination
    )
}
