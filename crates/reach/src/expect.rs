//! Expectations: what must hold about a network, and whether it does.

use serde::Serialize;
use thiserror::Error;
use trueup_model::{Demand, Expectation, Status};

use crate::answer::Answer;
use crate::code::Code;
use crate::engine::Engine;
use crate::explain::{Explanation, brief, evidence};
use crate::policy::{Access, access};
use crate::question::{reach, reach_any};
use crate::selector::{Selector, SelectorError};
use crate::service::{ServiceError, ServiceSet};
use crate::verdict::Verdict;

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
    /// Whether one of the selectors has no hosts, so that nothing could be asked.
    pub is_empty: bool,
    /// The reasons, where it does not hold.
    pub explanation: Option<Box<Explanation>>,
}

/// Why an expectation means nothing. What a spec's reader has let through is never an error on the network
/// that the spec wants.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ExpectError {
    /// A selector is nothing in this network.
    #[error(transparent)]
    Selector(#[from] SelectorError),
    /// The services cannot be read.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// The services that a `cannot` forbids.
pub(crate) fn forbidden(expectation: &Expectation) -> Result<ServiceSet, ServiceError> {
    let services = |text: &Option<String>| text.as_deref().map(ServiceSet::read).transpose();
    let over = services(&expectation.over)?.unwrap_or_else(ServiceSet::conversations);
    Ok(services(&expectation.except)?.map_or_else(|| over.clone(), |except| over.subtract(&except)))
}

/// Checks an expectation. A selector that is nothing in the network is an error; to one that has no hosts
/// nothing gets, and from it neither.
pub fn check(engine: &Engine<'_>, expectation: &Expectation) -> Result<Checked, ExpectError> {
    let (from, to) = (
        Selector::read(engine, &expectation.from)?,
        Selector::read(engine, &expectation.to)?,
    );
    let over = expectation
        .over
        .as_deref()
        .map(ServiceSet::read)
        .transpose()?
        .or_else(|| match (&to, expectation.demand) {
            (Selector::Service(_), Demand::Can) => Some(ServiceSet::tcp(443, 443)),
            _ => None,
        });
    let found = match expectation.demand {
        Demand::Can => can(engine, expectation, &from, &to, over.as_ref()).map_err(ExpectError::from),
        Demand::Cannot => cannot(engine, expectation, &from, &to),
    };
    let mut checked = match found {
        Err(ExpectError::Selector(SelectorError::NoHosts(_))) => without_hosts(engine, expectation, &from),
        found => found?,
    };
    if checked.status == Status::Passed
        && let Some(why) = &engine.network.unread_interfaces
        && let Some(selector) = [(&from, &expectation.from), (&to, &expectation.to)]
            .into_iter()
            .find(|(selector, _)| is_of_many(selector))
    {
        let why = format!(
            "who else is in {} is not known: network interfaces could not be read ({why})",
            selector.1
        );
        checked = self::checked(Status::Unknown, Verdict::Unknown, why, ServiceSet::none());
    }
    if checked.status == Status::Passed
        && expectation.demand == Demand::Cannot
        && is_nobodys(engine, &from, &to)
    {
        checked = without_hosts(engine, expectation, &from);
    }
    if checked.is_empty {
        return Ok(checked);
    }
    if checked.status == Status::Unknown && expectation.warn_on_unknown {
        checked.status = Status::Warned;
    }
    if checked.status != Status::Passed {
        // What is at fault is what the explanation is about: one service of it is enough.
        let explained = match expectation.demand {
            // What works goes another way, or is more than there should be.
            Demand::Can if checked.verdict == Verdict::Allowed => evidence(
                engine,
                &from,
                &to,
                Some(&checked.services)
                    .filter(|set| !set.is_empty())
                    .or(over.as_ref()),
            ),
            Demand::Can => brief(engine, &from, &to, over.as_ref(), HOSTS_MAX),
            Demand::Cannot => evidence(
                engine,
                &from,
                &to,
                Some(&checked.services).filter(|set| !set.is_empty()),
            ),
        };
        checked.explanation = explained.ok().map(Box::new);
    }
    Ok(checked)
}

/// In larger networks what else a change opens is not looked at for an expectation: there may be many of
/// them.
const HOSTS_MAX: usize = 60;

/// Whether others than those who are known may belong to a selector.
fn is_of_many(selector: &Selector) -> bool {
    matches!(
        selector,
        Selector::Subnet(_) | Selector::Group(_) | Selector::Tag(..) | Selector::Range(_)
    )
}

/// Whether packets end where nobody has the address that is asked about: then that they get nowhere says
/// nothing.
fn is_nobodys(engine: &Engine<'_>, from: &Selector, to: &Selector) -> bool {
    let is_address =
        matches!(to, Selector::Range(_) | Selector::Address(_)) && to.interfaces(engine).is_empty();
    let reported = is_address
        .then(|| brief(engine, from, to, None, 0).ok())
        .flatten();
    reported.is_some_and(|reported| {
        reported
            .blockers
            .iter()
            .any(|blocker| blocker.code == Code::NoSuchHost)
    })
}

fn without_hosts(engine: &Engine<'_>, expectation: &Expectation, from: &Selector) -> Checked {
    let selector = if from.selected(engine).is_err() {
        &expectation.from
    } else {
        &expectation.to
    };
    let status = if expectation.demand == Demand::Can {
        Status::Failed
    } else {
        Status::Passed
    };
    Checked {
        is_empty: true,
        ..checked(
            status,
            Verdict::Blocked,
            format!("{selector} has no hosts"),
            ServiceSet::none(),
        )
    }
}

fn checked(status: Status, verdict: Verdict, why: String, services: ServiceSet) -> Checked {
    Checked {
        status,
        verdict,
        why,
        services,
        is_empty: false,
        explanation: None,
    }
}

fn can(
    engine: &Engine<'_>,
    expectation: &Expectation,
    from: &Selector,
    to: &Selector,
    over: Option<&ServiceSet>,
) -> Result<Checked, SelectorError> {
    let answer = reach(engine, from, to)?;
    let verdict = answer.verdict(over);
    let reported = format!("{} -> {}", expectation.from, expectation.to);
    let missing = over
        .map(|over| over.intersect(&answer.asked).subtract(&answer.allowed))
        .unwrap_or_default();
    Ok(match verdict {
        Verdict::Allowed => beyond(engine, expectation, &answer, over, from),
        Verdict::Unknown => checked(
            Status::Unknown,
            verdict,
            format!("whether {reported} works cannot be told"),
            missing,
        ),
        Verdict::Partial => checked(
            Status::Failed,
            verdict,
            format!("{reported} works in part only"),
            missing,
        ),
        Verdict::Blocked | Verdict::Invalid => checked(
            Status::Failed,
            verdict,
            format!("{reported} is {verdict}"),
            missing,
        ),
    })
}

/// What else is expected of something that works.
fn beyond(
    engine: &Engine<'_>,
    expectation: &Expectation,
    answer: &Answer,
    over: Option<&ServiceSet>,
    from: &Selector,
) -> Checked {
    let verdict = Verdict::Allowed;
    if let Some(via) = &expectation.via
        && !answer.via.iter().any(|name| is_called(engine, name, via))
    {
        let ways: Vec<&str> = answer.via.iter().map(String::as_str).collect();
        let ways = if ways.is_empty() {
            "nothing".to_owned()
        } else {
            ways.join(", ")
        };
        return checked(
            Status::Failed,
            verdict,
            format!("it goes through {ways}, and not always through {via}"),
            ServiceSet::none(),
        );
    }
    if expectation.only {
        let meant = over.cloned().unwrap_or_else(ServiceSet::all);
        let more = |set: &ServiceSet| set.intersect(&ServiceSet::conversations()).subtract(&meant);
        let (sure, perhaps) = (
            more(&answer.allowed.union(&answer.partial)),
            more(&answer.unknown),
        );
        if !sure.is_empty() {
            return checked(Status::Failed, verdict, format!("{sure} works as well"), sure);
        }
        if !perhaps.is_empty() {
            return checked(
                Status::Unknown,
                verdict,
                format!("{perhaps} may work as well"),
                perhaps,
            );
        }
    }
    if let Some(action) = &expectation.action {
        return permits(engine, answer, action, from);
    }
    checked(Status::Passed, verdict, String::new(), ServiceSet::none())
}

/// Whether the endpoints on the way permit an action on everything.
fn permits(engine: &Engine<'_>, answer: &Answer, action: &str, from: &Selector) -> Checked {
    let vpcs: Vec<usize> = from
        .interfaces(engine)
        .into_iter()
        .map(|interface| engine.network.vpc_of(interface))
        .collect();
    let endpoints = engine
        .network
        .endpoints
        .iter()
        .filter(|e| answer.via.contains(&e.named.name) && vpcs.contains(&e.vpc));
    for endpoint in endpoints {
        let name = &endpoint.named.name;
        let (status, why) = match access(endpoint.policy.as_ref(), action, "*") {
            Access::Full => continue,
            Access::None => (
                Status::Failed,
                format!("the policy of {name} does not permit {action}"),
            ),
            Access::Restricted(what) => (
                Status::Failed,
                format!("the policy of {name} permits only {}", what.join("; ")),
            ),
            Access::Conditional(keys) => (
                Status::Unknown,
                format!(
                    "whether the policy of {name} permits {action} depends on {}",
                    keys.join(", ")
                ),
            ),
        };
        return checked(status, Verdict::Allowed, why, ServiceSet::none());
    }
    checked(
        Status::Passed,
        Verdict::Allowed,
        String::new(),
        ServiceSet::none(),
    )
}

fn is_called(engine: &Engine<'_>, name: &str, wanted: &str) -> bool {
    let network = engine.network;
    let named = network
        .endpoints
        .iter()
        .map(|part| &part.named)
        .chain(network.internet_gateways.iter().map(|part| &part.named));
    let named = named
        .chain(network.nat_gateways.iter().map(|part| &part.named))
        .chain(network.peerings.iter().map(|part| &part.named));
    let mut named = named.chain(network.transit_gateways.iter().map(|part| &part.named));
    name == wanted || named.any(|named| named.name == name && named.id.as_deref() == Some(wanted))
}

fn cannot(
    engine: &Engine<'_>,
    expectation: &Expectation,
    from: &Selector,
    to: &Selector,
) -> Result<Checked, ExpectError> {
    let meant = forbidden(expectation)?;
    let answer = reach_any(engine, from, to)?;
    let verdict = answer.verdict(Some(&meant));
    let sure = answer.allowed.union(&answer.partial).intersect(&meant);
    let perhaps = answer.unknown.intersect(&meant);
    let reported = format!("{} -> {}", expectation.from, expectation.to);
    Ok(if answer.invalid {
        checked(
            Status::Failed,
            verdict,
            format!("{reported} is invalid"),
            ServiceSet::none(),
        )
    } else if !sure.is_empty() {
        checked(
            Status::Failed,
            verdict,
            format!("{reported} works over {}", sure.in_words()),
            sure,
        )
    } else if !perhaps.is_empty() {
        checked(
            Status::Unknown,
            verdict,
            format!(
                "whether {reported} works over {} cannot be told",
                perhaps.in_words()
            ),
            perhaps,
        )
    } else {
        checked(Status::Passed, verdict, String::new(), ServiceSet::none())
    })
}
