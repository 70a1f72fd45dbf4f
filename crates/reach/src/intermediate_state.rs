//! What a network in between opens: what a `cannot` forbids and works in it, though neither before nor after.

use std::collections::{BTreeSet, HashMap};

use trueup_model::Expectation;

use crate::address::{AddressSet, Family, of_range, public};
use crate::answer::Answer;
use crate::engine::Engine;
use crate::equivalence::{HostClass, pairs};
use crate::expect::forbidden;
use crate::network::Network;
use crate::packet_end::{Listed, Owner, PacketEnd};
use crate::partition::partition;
use crate::question::{between_any, to_address};
use crate::selector::{Selected, Selector, SelectorError};
use crate::service::ServiceSet;

/// A network in between, with those that it stands between.
pub(crate) struct IntermediateState<'e, 'a> {
    /// The network in between.
    engine: &'e Engine<'a>,
    /// The networks before and after.
    ends: [End<'e, 'a>; 2],
    /// Whether it is every network between them at a time: then whoever is meant at any time is meant, and
    /// what cannot be told counts.
    is_overapproximation: bool,
    /// For each interface a number; those of one number are told apart neither here nor at the ends.
    numbers: Vec<usize>,
}

/// What hosts of one number have in common: their class here and at each end, or that one is like nobody.
type ClassKey = (usize, [Option<usize>; 2], Option<usize>);

/// Who is asked for.
#[derive(Clone, Debug)]
enum Target {
    Selected(Selected),
    /// Whoever has this address where the packet comes by.
    Address(PacketEnd),
}

/// One of the two ends.
struct End<'e, 'a> {
    engine: &'e Engine<'a>,
    /// For each interface here, those that it is there: it keeps its id, or its name has passed to another.
    same: Vec<Vec<usize>>,
}

impl End<'_, '_> {
    /// Those at this end that an interface here is.
    fn hosts(&self, interface: usize) -> &[usize] {
        self.same.get(interface).map_or(&[], Vec::as_slice)
    }

    /// How many here each host of this end is.
    fn counts(&self) -> HashMap<usize, usize> {
        let mut counts = HashMap::new();
        self.same
            .iter()
            .flatten()
            .for_each(|host| *counts.entry(*host).or_default() += 1);
        counts
    }

    /// Who is at this end what this member is here; an address of somebody at this end is nobody outside.
    fn same(&self, one: &Selected) -> Vec<Selected> {
        match one {
            Selected::Interface(index) => self
                .hosts(*index)
                .iter()
                .copied()
                .map(Selected::Interface)
                .collect(),
            Selected::Outside(packet_end) if packet_end.set().overlaps(&self.engine.owned_publics()) => {
                Vec::new()
            }
            Selected::Outside(_) => vec![one.clone()],
            Selected::Service(name, _) => Selector::Service(name.clone())
                .selected(self.engine)
                .unwrap_or_default(),
        }
    }
}

impl<'e, 'a> IntermediateState<'e, 'a> {
    /// A network, or with `is_overapproximation` every one, between two.
    pub fn new(engine: &'e Engine<'a>, ends: [&'e Engine<'a>; 2], is_overapproximation: bool) -> Self {
        let ends = ends.map(|end| End {
            engine: end,
            same: same(engine.network, end.network),
        });
        let counts = ends.each_ref().map(End::counts);
        let mut numbers: HashMap<ClassKey, usize> = HashMap::new();
        let number = |index: usize| {
            // Who is two at an end, or one of two here, is like nobody.
            let is_shared = |end: &End<'_, '_>, counts: &HashMap<usize, usize>| {
                let own = end.hosts(index);
                own.len() > 1
                    || own
                        .iter()
                        .any(|host| counts.get(host).is_some_and(|count| *count > 1))
            };
            let is_alone = ends
                .iter()
                .zip(&counts)
                .any(|(end, counts)| is_shared(end, counts));
            let there = ends.each_ref().map(|end| {
                end.hosts(index)
                    .first()
                    .map(|host| end.engine.host_class_of(*host))
            });
            let next = numbers.len();
            *numbers
                .entry((
                    engine.host_class_of(index),
                    there,
                    Some(index).filter(|_| is_alone),
                ))
                .or_insert(next)
        };
        let numbers = (0..engine.network.interfaces.len()).map(number).collect();
        Self {
            engine,
            ends,
            is_overapproximation,
            numbers,
        }
    }

    /// Whether it opens something that the expectation, a `cannot`, forbids: something that works here, and
    /// neither before nor after.
    ///
    /// A worked example, for `internet cannot instance.web` while a rule and a route change:
    ///
    /// ```text
    ///            rule of web's group          table       tcp/443 from 203.0.113.5   from elsewhere
    /// before     443 from everywhere          no way out  -                          -
    /// here       443 from everywhere          igw         works                      works
    /// after      443 from 203.0.113.0/24      igw         works                      -
    /// ```
    ///
    /// From 203.0.113.5 it works afterwards as well, so the plan opens it for good and the expectations judge
    /// that. From elsewhere it works here only: that is opened. This is why the internet is cut into the
    /// pieces that neither end tells apart before the ends are asked, and why services are taken off one end
    /// at a time: tcp/22 that works before and tcp/443 that works after may both be open here.
    ///
    /// Hosts are asked about by class: of two that are alike here and at both ends one stands for both.
    pub fn opens(&self, expectation: &Expectation) -> bool {
        // A selector that is nothing here is nobody.
        let selectors = Selector::read(self.engine, &expectation.from)
            .and_then(|from| Ok((from, Selector::read(self.engine, &expectation.to)?)));
        let (from, to) = match selectors {
            Ok(selectors) => selectors,
            Err(SelectorError::Nothing(_)) => return false,
            // Of what cannot be read it is not known that it is closed.
            Err(_) => return true,
        };
        let Ok(meant) = forbidden(expectation) else {
            return true;
        };
        let sources = self.selected(&expectation.from, &from);
        let targets: Vec<Target> = match to {
            Selector::Address(address) => vec![Target::Address(PacketEnd::one(
                crate::address::number(address),
                Owner::Unresolved,
            ))],
            to => self
                .selected(&expectation.to, &to)
                .into_iter()
                .map(Target::Selected)
                .collect(),
        };
        let open = |source: &Selected, target: &Target| {
            let answer = ask(self.engine, source, target);
            let sure = answer.allowed.union(&answer.partial);
            // Of what is overapproximated, nothing is sure.
            let counts = if self.is_overapproximation || !expectation.warn_on_unknown {
                sure.union(&answer.unknown)
            } else {
                sure
            };
            counts.intersect(&meant)
        };
        // Who has an address is not like those who have not.
        let is_address = targets.iter().any(|target| matches!(target, Target::Address(_)));
        let class_of = |one: &Selected| match one {
            Selected::Interface(host) if !is_address => self.numbers.get(*host).map(|number| HostClass {
                host: *host,
                number: *number,
            }),
            _ => None,
        };
        let own: Vec<Option<HostClass>> = sources.iter().map(class_of).collect();
        let others: Vec<Option<HostClass>> = targets
            .iter()
            .map(|target| {
                if let Target::Selected(one) = target {
                    class_of(one)
                } else {
                    None
                }
            })
            .collect();
        let mut pairs =
            pairs(&own, &others).filter_map(|(source, target)| sources.get(source).zip(targets.get(target)));
        pairs.any(|(source, target)| {
            // Most pairs are closed, and then the ends need not be asked.
            is_pair(source, target)
                && !open(source, target).is_empty()
                && self
                    .pieces_of(source, target)
                    .iter()
                    .any(|(source, target)| !self.is_open_at_an_end(source, target, &open(source, target)))
        })
    }

    /// Whether all these services may work before or after, each at one of the two.
    fn is_open_at_an_end(&self, source: &Selected, target: &Target, open: &ServiceSet) -> bool {
        let left = self.ends.iter().fold(open.clone(), |left, end| {
            let targets: Vec<Target> = match target {
                Target::Selected(one) => end.same(one).into_iter().map(Target::Selected).collect(),
                address @ Target::Address(_) => vec![address.clone()],
            };
            let sources = end.same(source);
            let pairs = sources
                .iter()
                .flat_map(|source| targets.iter().map(move |target| (source, target)));
            pairs.fold(left, |left, (source, target)| {
                left.subtract(&ask(end.engine, source, target).possible())
            })
        });
        left.is_empty()
    }

    /// Two members in pairs that neither end tells apart.
    fn pieces_of(&self, source: &Selected, target: &Target) -> Vec<(Selected, Target)> {
        let outside = |one: &Selected| match one {
            Selected::Outside(packet_end) => self
                .partition_of(packet_end)
                .into_iter()
                .map(Selected::Outside)
                .collect(),
            other => vec![other.clone()],
        };
        let targets: Vec<Target> = match target {
            Target::Selected(one) => outside(one).into_iter().map(Target::Selected).collect(),
            address @ Target::Address(_) => vec![address.clone()],
        };
        outside(source)
            .into_iter()
            .flat_map(|source| targets.iter().map(move |target| (source.clone(), target.clone())))
            .collect()
    }

    /// An outside set of addresses in pieces that neither end tells apart.
    fn partition_of(&self, packet_end: &PacketEnd) -> Vec<PacketEnd> {
        let mut pieces = vec![packet_end.clone()];
        for end in self.ends.each_ref().map(|end| end.engine) {
            let owned = end.owned_publics();
            let parts = |set: &AddressSet| [set.subtract(&owned), set.intersect(&owned)];
            pieces = pieces
                .iter()
                .flat_map(|piece| parts(&piece.set()))
                .filter(|part| !part.is_empty())
                .flat_map(|part| partition(end.network, packet_end.family, &part, packet_end.listed))
                .collect();
        }
        pieces
    }

    /// Who is meant by a selector here.
    fn selected(&self, text: &str, selector: &Selector) -> Vec<Selected> {
        let mut selected = selector.selected(self.engine).unwrap_or_default();
        if !self.is_overapproximation {
            return selected;
        }
        let mut known: BTreeSet<usize> = selector.interfaces(self.engine).into_iter().collect();
        for end in &self.ends {
            let there = Selector::read(end.engine, text)
                .map(|selector| selector.interfaces(end.engine))
                .unwrap_or_default();
            let there: BTreeSet<usize> = there.into_iter().collect();
            for (index, same) in end.same.iter().enumerate() {
                if same.iter().any(|host| there.contains(host)) && known.insert(index) {
                    selected.push(Selected::Interface(index));
                }
            }
        }
        // Addresses that are ours for a part of the time are anybody's for the rest of it.
        let [before, after] = self.ends.each_ref().map(|end| end.engine.owned_publics());
        let loose = before
            .union(&after)
            .subtract(&before.intersect(&after))
            .intersect(&public(Family::V4));
        let meant = match selector {
            Selector::Internet => loose,
            Selector::Range(range) => loose.intersect(&of_range(range)),
            _ => AddressSet::none(),
        };
        selected.extend(
            partition(self.engine.network, Family::V4, &meant, Listed::Never)
                .into_iter()
                .map(Selected::Outside),
        );
        selected
    }
}

/// Whether two are asked about: not a host and itself, and not what is outside at both ends.
fn is_pair(source: &Selected, target: &Target) -> bool {
    let Target::Selected(target) = target else {
        return true;
    };
    match (source, target) {
        (Selected::Interface(from), Selected::Interface(to)) => from != to,
        (Selected::Outside(_) | Selected::Service(..), Selected::Outside(_) | Selected::Service(..)) => false,
        _ => true,
    }
}

fn ask(engine: &Engine<'_>, source: &Selected, target: &Target) -> Answer {
    match target {
        Target::Selected(target) => between_any(engine, source, target),
        Target::Address(packet_end) => to_address(engine, source, packet_end),
    }
}

/// For each interface of one network, those of another that have its name or its id.
fn same(one: &Network, other: &Network) -> Vec<Vec<usize>> {
    let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut ids: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, host) in other.interfaces.iter().enumerate() {
        names.entry(&host.named.name).or_default().push(index);
        host.named
            .id
            .iter()
            .for_each(|id| ids.entry(id).or_default().push(index));
    }
    let of = |host: &crate::network::Interface| {
        let by_id = host.named.id.as_deref().and_then(|id| ids.get(id));
        let all: BTreeSet<usize> = names
            .get(host.named.name.as_str())
            .into_iter()
            .chain(by_id)
            .flatten()
            .copied()
            .collect();
        all.into_iter().collect()
    };
    one.interfaces.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use trueup_model::Demand;

    use super::*;
    use crate::network::{AddressPair, Assignment, Interface, Named, Subnet, Vpc};

    /// Whether a `cannot` counts as opened in a network with two hosts of one address, in two VPCs.
    fn opens(from: &str, over: &str) -> bool {
        let mut network = Network::default();
        for (vpc, name) in ["instance.a", "instance.b"].into_iter().enumerate() {
            network.vpcs.push(Vpc {
                ranges: vec!["10.0.0.0/16".parse().unwrap()],
                ..Vpc::default()
            });
            network.subnets.push(Subnet {
                vpc,
                ranges: vec!["10.0.1.0/24".parse().unwrap()],
                ..Subnet::default()
            });
            let addresses = vec![AddressPair {
                private: Assignment::Known("10.0.1.10".parse().unwrap()),
                public: None,
            }];
            network.interfaces.push(Interface {
                named: Named::new(name),
                subnet: vpc,
                addresses,
                ..Interface::default()
            });
        }
        let engine = Engine::new(&network);
        let expectation = Expectation {
            over: Some(over.to_owned()),
            ..Expectation::new(from, Demand::Cannot, "instance.b")
        };
        IntermediateState::new(&engine, [&engine, &engine], false).opens(&expectation)
    }

    #[test]
    fn only_who_is_nothing_here_is_nobody() {
        assert!(!opens("instance.a", "tcp/22"));
        assert!(!opens("instance.nobody", "tcp/22"));
        assert!(opens("instance.a", "no service"));
    }
}
