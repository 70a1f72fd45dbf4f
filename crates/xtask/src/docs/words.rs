//! What a table says as a person would say it.

use trueup_model::attr::VPC;
use trueup_model::plan::Disruption;
use trueup_model::schema::{Cost, Omitted};
use trueup_model::{Attribute, Effect, Kind, Type, Value};

use super::calls;

/// The cell of a table where there is nothing to say.
const NOTHING: &str = "—";

/// How a value of this type is written.
pub fn takes(ty: &Type) -> String {
    match ty {
        Type::Bool => "`true` or `false`".into(),
        Type::Int(from, to) => format!("a number, {} to {}", grouped(*from), grouped(*to)),
        Type::Text(format) | Type::Id(format) => format.what.into(),
        Type::Choice([word]) => format!("`{word}`"),
        Type::Choice(words) => choice(words),
        Type::Ref(kind, _) => format!("{} [{kind}]({kind}.md), by name or id", kind.article()),
        Type::Object(_) => "a mapping, see below".into(),
        Type::Set(members) => match &members.ty {
            Type::Object(_) => "a list, see below".into(),
            Type::Ref(kind, _) => format!("a list of [{kind}]({kind}.md), by name or id"),
            ty => format!("a list, each {}", takes(ty)),
        },
        Type::OneOrMany(inner) => format!("{}; or a list of them", takes(inner)),
        Type::Tags => "keys and values".into(),
        Type::Policy => "an IAM policy".into(),
    }
}

fn choice(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// A number with its thousands apart.
fn grouped(number: i64) -> String {
    let digits = number.abs().to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    format!("{}{}", if number < 0 { "-" } else { "" }, groups.join(","))
}

/// What leaving an attribute of a resource out means.
pub fn omitted(attribute: &Attribute) -> String {
    if !attribute.absent.is_empty() {
        return attribute.absent.to_owned();
    }
    match attribute.omitted {
        _ if attribute.required
            && attribute.name == VPC.name
            && matches!(attribute.ty, Type::Ref(Kind::Vpc, _)) =>
        {
            "the only VPC; else required".into()
        }
        _ if attribute.required => "**required**".into(),
        _ if attribute.input => NOTHING.into(),
        Omitted::Auto => "*auto*".into(),
        Omitted::Default(value) => match value() {
            Value::List(list) if list.is_empty() => "none".into(),
            value => format!("`{value}`"),
        },
        Omitted::Absent => "none".into(),
    }
}

/// What a change of an attribute does.
pub fn change(attribute: &Attribute) -> String {
    if attribute.input {
        return NOTHING.into();
    }
    let reason = attribute.reason;
    let felt = match calls::disruption(attribute) {
        Disruption::Reset => "; open connections may break",
        Disruption::Gap => "; seconds without service",
        Disruption::Outage => "; an outage meanwhile",
        Disruption::None | Disruption::AddressLost | Disruption::DataLost => "",
    };
    match (calls::effects(attribute), attribute.effect) {
        ((_, Effect::InPlace), _) => format!("in place{felt}"),
        ((_, Effect::Stop), Cost::Fixed(_)) => format!("**stops and starts** it: {reason}"),
        ((_, Effect::Replace), Cost::Fixed(_)) => format!("**replaces** it: {reason}"),
        ((_, Effect::Stop), Cost::By(_)) => format!("in place, or **stops** it: {reason}"),
        ((_, Effect::Replace), Cost::By(_)) => format!("in place, or **replaces** it: {reason}"),
    }
}

/// What a change of one field of a mapping does to the resource.
pub fn field_change(field: &Attribute) -> String {
    match calls::effects(field).1 {
        Effect::InPlace => "in place".into(),
        Effect::Stop => format!("**stops and starts** it: {}", field.reason),
        Effect::Replace => match field.effect {
            Cost::Fixed(_) => format!("**replaces** it: {}", field.reason),
            Cost::By(_) => format!("in place, or **replaces** it: {}", field.reason),
        },
    }
}

/// Calls or attributes as a list in a sentence.
pub fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
