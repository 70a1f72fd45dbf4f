//! Questions about two selectors: the answers of all pairs of what they select, in one.

use std::collections::BTreeSet;

use crate::address::{Family, number};
use crate::answer::{Answer, ask};
use crate::engine::Engine;
use crate::equivalence::{HostClass, is_named, pairs};
use crate::network::Endpoint;
use crate::packet_end::{Listed, Owner, PacketEnd};
use crate::partition::partition;
use crate::selector::{Selected, Selector, SelectorError, is_called};
use crate::service::ServiceSet;
use crate::tracer::Start;

/// Which services get from one member to another, and back.
pub fn between(engine: &Engine<'_>, from: &Selected, to: &Selected) -> Answer {
    let start = |owner: Owner, interface: usize| {
        engine
            .packet_end(owner)
            .map(|packet_end| Start::Interface(interface, packet_end))
    };
    match (from, to) {
        (Selected::Interface(from), Selected::Interface(to)) => {
            let families = [Family::V4, Family::V6].into_iter().filter_map(|family| {
                let (source, target) = (engine.primary(*from, family)?, engine.primary(*to, family)?);
                Some(ask(engine, &start(source, *from)?, &engine.packet_end(target)?))
            });
            families.reduce(|all, one| all.or(&one)).unwrap_or_default()
        }
        (Selected::Interface(from), Selected::Outside(packet_end)) => {
            let source = engine
                .primary(*from, packet_end.family)
                .and_then(|owner| start(owner, *from));
            source.map_or_else(
                || nothing(packet_end.family),
                |start| ask(engine, &start, packet_end),
            )
        }
        (Selected::Interface(from), Selected::Service(name, packet_end)) => {
            to_service(engine, *from, name, packet_end)
        }
        (Selected::Outside(packet_end), Selected::Interface(to)) => {
            let targets = match packet_end.family {
                Family::V4 => engine.publics_of(*to),
                Family::V6 => engine.primary(*to, Family::V6).into_iter().collect(),
            };
            let answers = targets.into_iter().filter_map(|owner| {
                Some(ask(
                    engine,
                    &Start::Outside(packet_end.clone()),
                    &engine.packet_end(owner)?,
                ))
            });
            answers
                .reduce(|all, one| all.or(&one))
                .unwrap_or_else(|| nothing(packet_end.family))
        }
        // Services start nothing, and what happens outside is none of this network's.
        (Selected::Service(..), _) => nothing(Family::V4),
        (Selected::Outside(packet_end), Selected::Outside(_) | Selected::Service(..)) => Answer {
            unknown: ServiceSet::of_family(packet_end.family),
            assumptions: BTreeSet::from(["what outsiders reach outside is not known here".to_owned()]),
            ..nothing(packet_end.family)
        },
    }
}

fn nothing(family: Family) -> Answer {
    Answer {
        asked: ServiceSet::of_family(family),
        ..Answer::default()
    }
}

/// The interface endpoint to which a service's usual name leads in the VPC of a host, with its interfaces.
pub(crate) fn named_endpoint<'n>(
    engine: &Engine<'n>,
    from: usize,
    name: &str,
) -> Option<(&'n Endpoint, &'n [usize])> {
    let network = engine.network;
    let vpc = network.vpc_of(from);
    let leads = |endpoint: &&Endpoint| {
        endpoint.vpc == vpc
            && endpoint.private_dns
            && endpoint.available
            && is_called(&endpoint.service, name)
    };
    let mut private = network
        .endpoints
        .iter()
        .filter(|_| network.vpcs[vpc].dns != Some(false))
        .filter(leads)
        .map(|endpoint| (endpoint, endpoint.interfaces()));
    private.find(|(_, interfaces)| !interfaces.is_empty())
}

/// To a service: its name is looked up in the host's VPC first, where an interface endpoint may answer to it.
fn to_service(engine: &Engine<'_>, from: usize, name: &str, packet_end: &PacketEnd) -> Answer {
    let Some((endpoint, interfaces)) = named_endpoint(engine, from, name) else {
        return by_routes(engine, from, packet_end);
    };
    let answers = interfaces
        .iter()
        .map(|to| between(engine, &Selected::Interface(from), &Selected::Interface(*to)));
    // The name gives all of its addresses, and a client takes any of them.
    let join = if endpoint.is_unsure {
        Answer::either
    } else {
        Answer::and
    };
    let mut private = answers.reduce(|all, one| join(&all, &one)).unwrap_or_default();
    private.via.insert(endpoint.named.name.clone());
    let vpc = engine.network.vpc_of(from);
    if engine.network.vpcs[vpc].dns == Some(true) && !endpoint.is_unsure {
        private
    } else {
        private.either(&by_routes(engine, from, packet_end))
    }
}

/// To a service's public addresses, wherever the routes lead.
fn by_routes(engine: &Engine<'_>, from: usize, packet_end: &PacketEnd) -> Answer {
    let Some(start) = engine
        .primary(from, Family::V4)
        .and_then(|owner| Some(Start::Interface(from, engine.packet_end(owner)?)))
    else {
        return nothing(Family::V4);
    };
    let pieces = partition(engine.network, Family::V4, &packet_end.set(), packet_end.listed);
    let answers = pieces.iter().map(|piece| ask(engine, &start, piece));
    // Where the list is not known, the pieces are what it might hold, and not what it holds.
    let known =
        matches!(packet_end.listed, Listed::In(list) if engine.network.prefix_lists[list].entries.is_some());
    let merged = answers.reduce(|all, one| if known { all.and(&one) } else { all.either(&one) });
    merged.unwrap_or_else(|| nothing(Family::V4))
}

/// Which services get from every member of one selector to every member of another.
pub fn reach(engine: &Engine<'_>, from: &Selector, to: &Selector) -> Result<Answer, SelectorError> {
    asked(engine, from, to, (between, Answer::and))
}

/// Which services get from any address of any member of one selector to any address of any member of another.
pub fn reach_any(engine: &Engine<'_>, from: &Selector, to: &Selector) -> Result<Answer, SelectorError> {
    asked(engine, from, to, (between_any, Answer::or))
}

/// Any address of one member to any address of another: secondary addresses and public ones are ways as well.
pub(crate) fn between_any(engine: &Engine<'_>, from: &Selected, to: &Selected) -> Answer {
    let first = between(engine, from, to);
    let owners = |interface: usize, public: bool| {
        let own = &engine.network.interfaces[interface].addresses;
        let private = (0..own.len()).map(move |place| Owner::Interface(interface, place));
        let publics = if public {
            engine.publics_of(interface)
        } else {
            Vec::new()
        };
        private
            .chain(publics)
            .filter_map(|owner| engine.packet_end(owner))
            .collect::<Vec<_>>()
    };
    let starts: Vec<(Family, Start)> = match from {
        Selected::Interface(index) => owners(*index, false)
            .into_iter()
            .map(|packet_end| (packet_end.family, Start::Interface(*index, packet_end)))
            .collect(),
        Selected::Outside(packet_end) => vec![(packet_end.family, Start::Outside(packet_end.clone()))],
        Selected::Service(..) => Vec::new(),
    };
    let targets = match (from, to) {
        (Selected::Outside(packet_end), Selected::Interface(index)) => {
            let mut own = owners(*index, true);
            own.retain(|target| {
                target.family == packet_end.family
                    && (packet_end.family == Family::V6 || matches!(target.owner, Owner::Public(..)))
            });
            own
        }
        (Selected::Interface(_), Selected::Interface(index)) => owners(*index, true),
        (Selected::Interface(_), Selected::Outside(packet_end)) => vec![packet_end.clone()],
        _ => Vec::new(),
    };
    let pairs = starts.iter().flat_map(|(family, start)| {
        targets
            .iter()
            .filter(|target| target.family == *family)
            .map(move |t| (start, t))
    });
    pairs.fold(first, |all, (start, target)| all.or(&ask(engine, start, target)))
}

/// How two members are asked about, and how two answers are put together: twice the same one must come to no
/// more than once.
type Question = (
    fn(&Engine<'_>, &Selected, &Selected) -> Answer,
    fn(&Answer, &Answer) -> Answer,
);

fn asked(
    engine: &Engine<'_>,
    from: &Selector,
    to: &Selector,
    (ask, join): Question,
) -> Result<Answer, SelectorError> {
    let sources = from.selected(engine)?;
    let mut all: Option<Answer> = None;
    let mut add = |answer: Answer| {
        all = Some(
            all.as_ref()
                .map_or_else(|| answer.clone(), |all| join(all, &answer)),
        );
    };
    // An address that is asked for is whoever's the packet finds it to be.
    if let Selector::Address(address) = to {
        let packet_end = PacketEnd::one(number(*address), Owner::Unresolved);
        let same_family = |source: &&Selected| !matches!(source, Selected::Outside(outside) if outside.family != packet_end.family);
        sources
            .iter()
            .filter(same_family)
            .for_each(|source| add(to_address(engine, source, &packet_end)));
        return Ok(all.unwrap_or_default());
    }
    let targets = to.targets(engine)?;
    // A host's way to itself says something only where there is no other.
    if let ([Selected::Interface(source)], [Selected::Interface(target)]) = (&sources[..], &targets[..])
        && source == target
    {
        return Ok(ask(
            engine,
            &Selected::Interface(*source),
            &Selected::Interface(*target),
        ));
    }
    let (own, others) = (classes(engine, &sources), classes(engine, &targets));
    for place in pairs(&own, &others) {
        let Some((source, target)) = sources.get(place.0).zip(targets.get(place.1)) else {
            continue;
        };
        if !is_meant(engine, source, target) {
            continue;
        }
        let answer = ask(engine, source, target);
        let is_reported = |class: Option<&Option<HostClass>>| {
            class
                .copied()
                .flatten()
                .is_some_and(|class| is_named(engine.network, &answer.assumptions, class.host))
        };
        let is_each = is_reported(own.get(place.0)) || is_reported(others.get(place.1));
        add(answer);
        // What is said of one host is not said of those that are like it.
        if is_each {
            let (sources_like, targets_like) =
                (like(&sources, &own, place.0), like(&targets, &others, place.1));
            let pairs = sources_like
                .iter()
                .flat_map(|source| targets_like.iter().map(move |target| (source, target)));
            let is_other = |((one, a), (other, b)): &(&Like<'_>, &Like<'_>)| {
                (one.0, other.0) != place && (a.is_none() || a != b)
            };
            pairs
                .filter(is_other)
                .for_each(|((source, _), (target, _))| add(ask(engine, source.1, target.1)));
        }
    }
    Ok(all.unwrap_or_default())
}

/// A member with its place, and its class.
type Like<'m> = ((usize, &'m Selected), Option<HostClass>);

/// The member at a place, and those that are like it.
fn like<'m>(selected: &'m [Selected], classes: &[Option<HostClass>], place: usize) -> Vec<Like<'m>> {
    let own = classes.get(place).copied().flatten();
    let is_like = |((at, _), other): &Like<'_>| {
        *at == place || own.zip(*other).is_some_and(|(a, b)| a.number == b.number)
    };
    selected
        .iter()
        .enumerate()
        .zip(classes.iter().copied())
        .filter(is_like)
        .collect()
}

/// The hosts among members with their class.
fn classes(engine: &Engine<'_>, selected: &[Selected]) -> Vec<Option<HostClass>> {
    let host = |one: &Selected| {
        if let Selected::Interface(host) = one {
            Some(*host)
        } else {
            None
        }
    };
    let number = |host: usize| HostClass {
        host,
        number: engine.host_class_of(host),
    };
    selected.iter().map(|one| host(one).map(number)).collect()
}

/// Whether a pair has a family in common: the IPv6 internet is asked about only where a host has such an
/// address.
fn is_meant(engine: &Engine<'_>, from: &Selected, to: &Selected) -> bool {
    let lacks = |one: &Selected, packet_end: &PacketEnd| match one {
        Selected::Interface(interface) => {
            packet_end.family == Family::V6 && engine.primary(*interface, Family::V6).is_none()
        }
        _ => false,
    };
    match (from, to) {
        (Selected::Outside(packet_end), other) | (other, Selected::Outside(packet_end)) => {
            !lacks(other, packet_end)
        }
        _ => true,
    }
}

pub(crate) fn to_address(engine: &Engine<'_>, from: &Selected, packet_end: &PacketEnd) -> Answer {
    match from {
        Selected::Interface(from) => {
            let start = engine
                .primary(*from, packet_end.family)
                .and_then(|owner| Some(Start::Interface(*from, engine.packet_end(owner)?)));
            start.map_or_else(
                || nothing(packet_end.family),
                |start| ask(engine, &start, packet_end),
            )
        }
        Selected::Outside(outside) => ask(engine, &Start::Outside(outside.clone()), packet_end),
        Selected::Service(..) => nothing(packet_end.family),
    }
}
