//! Explanations: every hop there and back with the rule that decided, and for what is blocked every blocker
//! of the cheapest repair.
//!
//! Data, not prose: it is printed by [`std::fmt::Display`] and serialised as the command line shows it.

mod hops;
mod openings;
mod repair;
mod text;

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};
use trueup_model::Place;

use crate::address::Family;
use crate::answer::{Answer, ask, failure, ways};
use crate::code::Code;
use crate::engine::Engine;
use crate::network::Named;
use crate::packet_end::{Listed, Owner, PacketEnd};
use crate::proposal::Proposal;
use crate::question::{between, named_endpoint, reach};
use crate::selector::{Selected, Selector, SelectorError};
use crate::service::ServiceSet;
use crate::trace::Failure;
use crate::tracer::Start;
use crate::verdict::Verdict;

pub use hops::Hop;
pub use repair::Blocker;

/// An answer with its reasons.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Who asks.
    pub from: String,
    /// Who is asked for.
    pub to: String,
    /// The services asked about; none is any service.
    pub over: Option<ServiceSet>,
    /// The answer in a word.
    pub verdict: Verdict,
    /// The answer service by service.
    pub services: Services,
    /// The way there, of the pair that shows the verdict best.
    pub forward: Vec<Hop>,
    /// The way back.
    #[serde(rename = "return")]
    pub back: Vec<Hop>,
    /// What would have to change, all of it, so that it works: the cheapest repair.
    pub blockers: Vec<Blocker>,
    /// Other repairs, dearer or as cheap.
    pub alternatives: Vec<Vec<Blocker>>,
    /// Whether it was looked at what else they open: in large networks it is not.
    #[serde(rename = "opens_looked_at")]
    pub is_looked_at: bool,
    /// What the answer rests on.
    pub assumptions: BTreeSet<String>,
}

/// The services of an answer that count, as they are printed: those asked about, and without any, those that
/// are answered.
#[derive(Clone, Debug, Serialize)]
pub struct Services {
    /// See [`crate::Answer::allowed`].
    #[serde(serialize_with = "in_short")]
    pub allowed: ServiceSet,
    /// See [`crate::Answer::partial`].
    #[serde(serialize_with = "in_short")]
    pub partial: ServiceSet,
    /// See [`crate::Answer::unknown`].
    #[serde(serialize_with = "in_short")]
    pub unknown: ServiceSet,
    /// See [`crate::Answer::one_way`].
    #[serde(serialize_with = "in_short")]
    pub one_way: ServiceSet,
}

impl Services {
    fn of(answer: &Answer, over: Option<&ServiceSet>) -> Self {
        let counting = over.cloned().unwrap_or_else(ServiceSet::conversations);
        let [allowed, partial, unknown, one_way] =
            [&answer.allowed, &answer.partial, &answer.unknown, &answer.one_way]
                .map(|set| set.intersect(&counting));
        Self {
            allowed,
            partial,
            unknown,
            one_way,
        }
    }
}

fn in_short<S: Serializer>(set: &ServiceSet, serializer: S) -> Result<S::Ok, S::Error> {
    if set.is_everything() {
        serializer.serialize_str("all")
    } else {
        set.serialize(serializer)
    }
}

/// In larger networks it is not looked at what else a change opens: that takes a look at all pairs.
const HOSTS_MAX: usize = 300;

/// Answers with reasons.
pub fn explain(
    engine: &Engine<'_>,
    from: &Selector,
    to: &Selector,
    over: Option<&ServiceSet>,
) -> Result<Explanation, SelectorError> {
    brief(engine, from, to, over, HOSTS_MAX)
}

/// The same, where what else the changes open is looked at in a network of so many interfaces at most.
pub(crate) fn brief(
    engine: &Engine<'_>,
    from: &Selector,
    to: &Selector,
    over: Option<&ServiceSet>,
    most: usize,
) -> Result<Explanation, SelectorError> {
    let answer = reach(engine, from, to)?;
    let verdict = answer.verdict(over);
    // The first pair whose own verdict it is shows it best, else the first that is not allowed.
    let shown = shown(
        engine,
        from,
        to,
        over,
        &[&|own| own == verdict, &|own| own != Verdict::Allowed],
    )?;
    Ok(explained(engine, (from, to), over, (answer, shown), most))
}

/// The same about a pair for which something of it works, or may: who wants it shut must see what is open.
pub(crate) fn evidence(
    engine: &Engine<'_>,
    from: &Selector,
    to: &Selector,
    over: Option<&ServiceSet>,
) -> Result<Explanation, SelectorError> {
    let answer = reach(engine, from, to)?;
    let open = |own| matches!(own, Verdict::Allowed | Verdict::Partial | Verdict::Unknown);
    let shown = shown(engine, from, to, over, &[&open])?;
    Ok(explained(engine, (from, to), over, (answer, shown), 0))
}

fn explained(
    engine: &Engine<'_>,
    (from, to): (&Selector, &Selector),
    over: Option<&ServiceSet>,
    (answer, shown): (Answer, Option<(Start, PacketEnd)>),
    most: usize,
) -> Explanation {
    let verdict = answer.verdict(over);
    let mut explanation = Explanation {
        from: from.name(engine),
        to: to.name(engine),
        over: over.cloned(),
        verdict,
        services: Services::of(&answer, over),
        forward: Vec::new(),
        back: Vec::new(),
        blockers: Vec::new(),
        alternatives: Vec::new(),
        is_looked_at: true,
        assumptions: answer.assumptions,
    };
    explanation
        .assumptions
        .extend(engine.network.gaps.iter().cloned());
    let Some((start, target)) = shown else {
        if verdict == Verdict::Blocked {
            explanation.blockers = without_family(engine, from, to).into_iter().collect();
        }
        return explanation;
    };
    let wanted = wanted(engine, over, &start, &target);
    if let Some(way) = ways(engine, &start, &target).and_then(|ways| ways.into_iter().next()) {
        (explanation.forward, explanation.back) = hops::hops(engine, &way.traced, &wanted);
    }
    if verdict != Verdict::Allowed {
        let mut repairs = repair::repairs(engine, &start, &target, &wanted);
        explanation.is_looked_at = engine.network.interfaces.len() <= most;
        if explanation.is_looked_at {
            let asked = openings::Asked::of(engine, from, to, wanted);
            repairs.iter_mut().for_each(|repair| asked.report(engine, repair));
        }
        // What opens more to the internet than was asked for comes last, if it comes at all.
        let rank = |blocker: &Blocker| blocker.proposal.as_ref().map(Proposal::rank);
        repairs.sort_by_key(|repair| repair.iter().filter_map(rank).max());
        let mut repairs = repairs.into_iter();
        explanation.blockers = repairs.next().unwrap_or_default();
        explanation.alternatives = repairs.collect();
        if explanation.blockers.is_empty() {
            explanation.blockers = dead_end(engine, &start, &target);
        }
    }
    explanation
}

/// Where the one end is addresses of one family: the first host of the other end that has none of that.
fn without_family(engine: &Engine<'_>, from: &Selector, to: &Selector) -> Option<Blocker> {
    let (family, hosts, back) = match (from.family(), to.family()) {
        (_, Some(family)) => (family, from, false),
        (Some(family), _) => (family, to, true),
        (None, None) => return None,
    };
    let hosts = hosts.interfaces(engine).into_iter();
    let host = hosts
        .into_iter()
        .find(|host| engine.primary(*host, family).is_none())?;
    let code = match family {
        Family::V4 => Code::NoIpv4Address,
        Family::V6 => Code::NoIpv6Address,
    };
    let failure = Failure {
        code,
        at: engine.network.interfaces[host].named.clone(),
        detail: String::new(),
    };
    Some(Blocker::at(&failure, back, 0))
}

/// The question of the first pair whose verdict is as the first wish has it, else as the next one has it,
/// else of the first pair.
fn shown(
    engine: &Engine<'_>,
    from: &Selector,
    to: &Selector,
    over: Option<&ServiceSet>,
    wishes: &[&dyn Fn(Verdict) -> bool],
) -> Result<Option<(Start, PacketEnd)>, SelectorError> {
    let sources = from.selected(engine)?;
    if let Selector::Address(address) = to {
        let packet_end = PacketEnd::one(crate::address::number(*address), Owner::Unresolved);
        return Ok(sources
            .iter()
            .find_map(|source| start(engine, source, packet_end.family))
            .map(|start| (start, packet_end)));
    }
    let targets = to.targets(engine)?;
    let pairs = || {
        sources
            .iter()
            .flat_map(|source| targets.iter().map(move |target| (source, target)))
    };
    const LOOKED_AT: usize = 2000;
    let first = |wish: &&dyn Fn(Verdict) -> bool| {
        pairs()
            .take(LOOKED_AT)
            .find(|(source, target)| wish(between(engine, source, target).verdict(over)))
    };
    let found = wishes.iter().find_map(first);
    Ok(found
        .or_else(|| pairs().next())
        .and_then(|(source, target)| question(engine, source, target)))
}

fn start(engine: &Engine<'_>, one: &Selected, family: Family) -> Option<Start> {
    match one {
        Selected::Interface(index) => Some(Start::Interface(
            *index,
            engine.packet_end(engine.primary(*index, family)?)?,
        )),
        Selected::Outside(packet_end) if packet_end.family == family => {
            Some(Start::Outside(packet_end.clone()))
        }
        Selected::Outside(_) | Selected::Service(..) => None,
    }
}

/// The question that a pair of members comes to. A host without a public address gets one for the sake of the
/// explanation.
fn question(engine: &Engine<'_>, from: &Selected, to: &Selected) -> Option<(Start, PacketEnd)> {
    // What a service's name leads to: the first of its addresses that does not work shows why.
    let named = match (from, to) {
        (Selected::Interface(host), Selected::Service(name, _)) => named_endpoint(engine, *host, name),
        _ => None,
    };
    let named = named.and_then(|(_, interfaces)| {
        let all = || interfaces.iter().map(|own| Selected::Interface(*own));
        all()
            .find(|to| between(engine, from, to).allowed.is_empty())
            .or_else(|| all().next())
    });
    let to = named.as_ref().unwrap_or(to);
    let target = match (from, to) {
        (Selected::Interface(from), Selected::Interface(to)) => {
            let both = |family| engine.primary(*from, family).and(engine.primary(*to, family));
            engine.packet_end(both(Family::V4).or_else(|| both(Family::V6))?)?
        }
        (_, Selected::Outside(packet_end) | Selected::Service(_, packet_end)) => packet_end.clone(),
        (Selected::Outside(packet_end), Selected::Interface(to)) if packet_end.family == Family::V6 => {
            engine.packet_end(engine.primary(*to, Family::V6)?)?
        }
        (_, Selected::Interface(to)) => match engine.publics_of(*to).first() {
            Some(owner) => engine.packet_end(*owner)?,
            None => PacketEnd::among(
                Family::V4,
                crate::address::public(Family::V4),
                Owner::Public(*to, 0),
                Listed::Never,
            ),
        },
    };
    Some((start(engine, from, target.family)?, target))
}

/// The services that an explanation is about: those asked about, or else those that get furthest.
fn wanted(engine: &Engine<'_>, over: Option<&ServiceSet>, start: &Start, target: &PacketEnd) -> ServiceSet {
    let own = ServiceSet::of_family(target.family);
    if let Some(over) = over {
        return over.intersect(&own);
    }
    let answer = ask(engine, start, target);
    let sets = [answer.allowed, answer.partial, answer.unknown, answer.one_way];
    let best = sets
        .into_iter()
        .map(|set| set.intersect(&ServiceSet::conversations()))
        .find(|set| !set.is_empty());
    best.unwrap_or_else(|| match target.owner {
        Owner::Outside | Owner::Unresolved => ServiceSet::tcp(443, 443),
        _ => ServiceSet::tcp(22, 22),
    })
}

/// Where nothing near would change the outcome: what stopped the packet.
fn dead_end(engine: &Engine<'_>, start: &Start, target: &PacketEnd) -> Vec<Blocker> {
    let ways = ways(engine, start, target).unwrap_or_default();
    let Some((failure, back, traced)) = ways
        .iter()
        .find_map(|way| failure(&way.traced).map(|(failure, back)| (failure, back, &way.traced)))
    else {
        return Vec::new();
    };
    let mut blockers = vec![Blocker::dead(failure, back, traced)];
    // Of a host that does not run, only a spec tells whether it has a public address when it does.
    if let (Code::NotRunning, Owner::Public(host, _), None) =
        (failure.code, target.owner, engine.packet_end(target.owner))
    {
        let at = engine.network.interfaces[host].named.clone();
        let detail = if at.id.is_some() {
            "EC2 may give it one when it runs"
        } else {
            ""
        };
        let private = Failure {
            code: Code::NotPublic,
            at,
            detail: detail.to_owned(),
        };
        blockers.push(Blocker::dead(&private, back, traced));
    }
    blockers
}

impl Selector {
    /// What it is called in the network.
    pub fn name(&self, engine: &Engine<'_>) -> String {
        match self {
            Self::Subnet(index) => engine.network.subnets[*index].named.name.clone(),
            Self::Group(index) => engine.network.security_groups[*index].named.name.clone(),
            Self::Endpoint(index) => engine.network.endpoints[*index].named.name.clone(),
            other => other.to_string(),
        }
    }
}

/// Where a part is declared.
fn place_of(named: &Named) -> Option<Place> {
    named.source.clone()
}
