//! Calls that are about what a plan knows, or what the answer before said.

use trueup_model::Plan;

/// A call with ids in place of addresses; `{answer#element}` is the text of an element in the last
/// answer.
///
/// # Panics
/// Where an address is not there.
#[must_use]
pub fn filled(call: &str, plan: &Plan, answer: &str) -> String {
    let mut text = String::new();
    let mut rest = call;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .unwrap_or_else(|| panic!("{call}: a brace is not closed"));
        text.push_str(before);
        text.push_str(&value(name, plan, answer));
        rest = after;
    }
    text + rest
}

fn value(name: &str, plan: &Plan, answer: &str) -> String {
    let (address, fact) = name.split_once('#').unwrap_or((name, ""));
    if address == "answer" {
        let text = answer
            .split_once(&format!("<{fact}>"))
            .and_then(|(_, rest)| rest.split_once('<'));
        return text
            .unwrap_or_else(|| panic!("no {fact} in {answer}"))
            .0
            .to_owned();
    }
    let mut objects = plan.objects.values();
    let object = objects.find(|object| {
        object
            .owner
            .as_ref()
            .is_some_and(|owner| owner.address == address)
    });
    let object = object.unwrap_or_else(|| panic!("{address} is not there"));
    if fact.is_empty() {
        object.id.clone()
    } else {
        object
            .facts
            .value(fact)
            .map(ToString::to_string)
            .unwrap_or_default()
    }
}
