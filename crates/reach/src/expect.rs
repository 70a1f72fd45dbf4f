//! Expectations: what must hold about a network, and whether it does.

use serde::Serialize;
use trueup_model::Place;

use crate::answer::Answer;
use crate::engine::Engine;
use crate::explain::{Explanation, explain};
use crate::party::{Party, PartyError, reach, reach_any};
use crate::policy::{Access, access};
use crate::service::ServiceSet;
use crate::verdict::Verdict;

/// What is expected of one party and another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Who asks.
    pub from: String,
    /// Whether it is expected to work.
    pub claim: Claim,
    /// Who is asked for.
    pub to: String,
    /// The services meant. Without any: for `can`, TCP 443 of a service of AWS and else anything that is answered; for `cannot`,
    /// everything that is answered.
    pub over: Option<ServiceSet>,
    /// Services that a `cannot` leaves out.
    pub except: Option<ServiceSet>,
    /// A gateway, endpoint or connection that every packet must go through, by name or id.
    pub via: Option<String>,
    /// Whether nothing else may work.
    pub only: bool,
    /// An action that the endpoints on the way must permit, such as `s3:ListAllMyBuckets`.
    pub action: Option<String>,
    /// Whether what cannot be told is a warning only.
    pub warn_on_unknown: bool,
    /// Where the spec says so.
    pub source: Option<Place>,
}

/// Whether something is expected to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// From every member of the one party to every member of the other.
    Can,
    /// From no member of the one party to any member of the other, over no port and from none.
    Cannot,
}

/// How an expectation fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It holds.
    Passed,
    /// It cannot be told, and that is said to be enough.
    Warned,
    /// It cannot be told.
    Unknown,
    /// It does not hold.
    Failed,
}

/// How an expectation fared, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// How.
    pub status: Status,
    /// The answer in a word.
    pub verdict: Verdict,
    /// Why, in a sentence without a full stop.
    pub why: String,
    /// The services at fault: those that should work and do not, or work and should not.
    pub services: ServiceSet,
    /// Where the spec says so.
    pub source: Option<Place>,
    /// The reasons, where it does not hold.
    pub explanation: Option<Box<Explanation>>,
}

/// Checks an expectation. A party that is nothing in the network is an error of the spec.
pub fn check(engine: &Engine<'_>, expectation: &Expectation) -> Result<Checked, PartyError> {
    let (from, to) = (Party::read(engine, &expectation.from)?, Party::read(engine, &expectation.to)?);
    let over = expectation.over.clone().or_else(|| match (&to, expectation.claim) {
        (Party::Service(_), Claim::Can) => Some(ServiceSet::tcp(443, 443)),
        _ => None,
    });
    let mut checked = match expectation.claim {
        Claim::Can => can(engine, expectation, &from, &to, over.as_ref())?,
        Claim::Cannot => cannot(engine, expectation, &from, &to, over.as_ref())?,
    };
    if checked.status == Status::Unknown && expectation.warn_on_unknown {
        checked.status = Status::Warned;
    }
    checked.source.clone_from(&expectation.source);
    if checked.status != Status::Passed {
        // What is at fault is what the explanation is about: one service of it is enough.
        let about = if expectation.claim == Claim::Can { over } else { Some(checked.services.clone()).filter(|set| !set.is_empty()) };
        checked.explanation = explain(engine, &from, &to, about.as_ref()).ok().map(Box::new);
    }
    Ok(checked)
}

fn checked(status: Status, verdict: Verdict, why: String, services: ServiceSet) -> Checked {
    Checked { status, verdict, why, services, source: None, explanation: None }
}

fn can(engine: &Engine<'_>, expectation: &Expectation, from: &Party, to: &Party, over: Option<&ServiceSet>) -> Result<Checked, PartyError> {
    let answer = reach(engine, from, to)?;
    let verdict = answer.verdict(over);
    let told = format!("{} -> {}", expectation.from, expectation.to);
    let missing = over.map(|over| over.intersect(&answer.asked).subtract(&answer.allowed)).unwrap_or_default();
    Ok(match verdict {
        Verdict::Allowed => beyond(engine, expectation, &answer, over, from),
        Verdict::Unknown => checked(Status::Unknown, verdict, format!("whether {told} works cannot be told"), missing),
        Verdict::Partial => checked(Status::Failed, verdict, format!("{told} works in part only"), missing),
        Verdict::Blocked | Verdict::Invalid => checked(Status::Failed, verdict, format!("{told} is {verdict}"), missing),
    })
}

/// What else is expected of something that works.
fn beyond(engine: &Engine<'_>, expectation: &Expectation, answer: &Answer, over: Option<&ServiceSet>, from: &Party) -> Checked {
    let verdict = Verdict::Allowed;
    if let Some(via) = &expectation.via
        && !answer.via.iter().any(|name| is_called(engine, name, via))
    {
        let ways: Vec<&str> = answer.via.iter().map(String::as_str).collect();
        let ways = if ways.is_empty() { "nothing".to_owned() } else { ways.join(", ") };
        return checked(Status::Failed, verdict, format!("it goes through {ways}, and not always through {via}"), ServiceSet::none());
    }
    if expectation.only {
        let meant = over.cloned().unwrap_or_else(ServiceSet::all);
        let more = |set: &ServiceSet| set.intersect(&ServiceSet::conversations()).subtract(&meant);
        let (sure, perhaps) = (more(&answer.allowed.union(&answer.partial)), more(&answer.unknown));
        if !sure.is_empty() {
            return checked(Status::Failed, verdict, format!("{sure} works as well"), sure);
        }
        if !perhaps.is_empty() {
            return checked(Status::Unknown, verdict, format!("{perhaps} may work as well"), perhaps);
        }
    }
    if let Some(action) = &expectation.action {
        return permits(engine, answer, action, from);
    }
    checked(Status::Passed, verdict, String::new(), ServiceSet::none())
}

/// Whether the endpoints on the way permit an action on everything.
fn permits(engine: &Engine<'_>, answer: &Answer, action: &str, from: &Party) -> Checked {
    let vpcs: Vec<usize> = from.interfaces(engine).into_iter().map(|interface| engine.network.vpc_of(interface)).collect();
    let endpoints = engine.network.endpoints.iter().filter(|e| answer.via.contains(&e.named.name) && vpcs.contains(&e.vpc));
    for endpoint in endpoints {
        let name = &endpoint.named.name;
        let (status, why) = match access(endpoint.policy.as_ref(), action, "*") {
            Access::Full => continue,
            Access::None => (Status::Failed, format!("the policy of {name} does not permit {action}")),
            Access::Restricted(what) => (Status::Failed, format!("the policy of {name} permits only {}", what.join("; "))),
            Access::Conditional(keys) => {
                (Status::Unknown, format!("whether the policy of {name} permits {action} depends on {}", keys.join(", ")))
            }
        };
        return checked(status, Verdict::Allowed, why, ServiceSet::none());
    }
    checked(Status::Passed, Verdict::Allowed, String::new(), ServiceSet::none())
}

fn is_called(engine: &Engine<'_>, name: &str, wanted: &str) -> bool {
    let network = engine.network;
    let named = network.endpoints.iter().map(|part| &part.named).chain(network.internet_gateways.iter().map(|part| &part.named));
    let named = named.chain(network.nat_gateways.iter().map(|part| &part.named)).chain(network.peerings.iter().map(|part| &part.named));
    let mut named = named.chain(network.transit_gateways.iter().map(|part| &part.named));
    name == wanted || named.any(|named| named.name == name && named.id.as_deref() == Some(wanted))
}

fn cannot(
    engine: &Engine<'_>,
    expectation: &Expectation,
    from: &Party,
    to: &Party,
    over: Option<&ServiceSet>,
) -> Result<Checked, PartyError> {
    let answer = reach_any(engine, from, to)?;
    let meant = over.cloned().unwrap_or_else(ServiceSet::conversations);
    let meant = expectation.except.as_ref().map_or(meant.clone(), |except| meant.subtract(except));
    let verdict = answer.verdict(Some(&meant));
    let sure = answer.allowed.union(&answer.partial).intersect(&meant);
    let perhaps = answer.unknown.intersect(&meant);
    let told = format!("{} -> {}", expectation.from, expectation.to);
    Ok(if answer.invalid {
        checked(Status::Failed, verdict, format!("{told} is invalid"), ServiceSet::none())
    } else if !sure.is_empty() {
        checked(Status::Failed, verdict, format!("{told} works over {sure}"), sure)
    } else if !perhaps.is_empty() {
        checked(Status::Unknown, verdict, format!("whether {told} works over {perhaps} cannot be told"), perhaps)
    } else {
        checked(Status::Passed, verdict, String::new(), ServiceSet::none())
    })
}
