//! What a network in between opens: what a `cannot` forbids and works in it, though neither before nor after.

use std::collections::BTreeSet;

use trueup_model::Expectation;

use crate::address::{AddressSet, Family, of_range, public};
use crate::answer::Answer;
use crate::engine::Engine;
use crate::expect::forbidden;
use crate::network::Named;
use crate::party::{Member, Party, between_any, to_address};
use crate::pieces::cut;
use crate::service::ServiceSet;
use crate::spot::{Listed, Owner, Spot};

/// A network in between, with those that it stands between.
pub(crate) struct Interval<'e, 'a> {
    /// The network in between.
    pub engine: &'e Engine<'a>,
    /// The networks before and after.
    pub ends: [&'e Engine<'a>; 2],
    /// Whether it is every network between them at a time: then whoever is meant at any time is meant, and what cannot be told counts.
    pub is_mixed: bool,
}

/// Who is asked for.
#[derive(Clone, Debug)]
enum Target {
    Member(Member),
    /// Whoever has this address where the packet comes by.
    Address(Spot),
}

impl Interval<'_, '_> {
    /// Whether it opens something that the expectation, a `cannot`, forbids.
    pub fn opens(&self, expectation: &Expectation) -> bool {
        // A party that is nothing here is nobody.
        let parties = Party::read(self.engine, &expectation.from).and_then(|from| Ok((from, Party::read(self.engine, &expectation.to)?)));
        let (Ok((from, to)), Ok(meant)) = (parties, forbidden(expectation)) else { return false };
        let sources = self.members(&expectation.from, &from);
        let targets: Vec<Target> = match to {
            Party::Address(address) => vec![Target::Address(Spot::one(crate::address::number(address), Owner::Whoever))],
            to => self.members(&expectation.to, &to).into_iter().map(Target::Member).collect(),
        };
        let open = |source: &Member, target: &Target| {
            let answer = ask(self.engine, source, target);
            let sure = answer.allowed.union(&answer.partial);
            // Of what is mixed, nothing is sure.
            let counts = if self.is_mixed || !expectation.warn_on_unknown { sure.union(&answer.unknown) } else { sure };
            counts.intersect(&meant)
        };
        sources.iter().any(|source| {
            targets.iter().filter(|target| is_pair(source, target)).any(|target| {
                // Most pairs are closed, and then the ends need not be asked.
                !open(source, target).is_empty()
                    && self
                        .alike(source, target)
                        .iter()
                        .any(|(source, target)| !self.is_open_at_an_end(source, target, &open(source, target)))
            })
        })
    }

    /// Whether all these services may work before or after, each at one of the two.
    fn is_open_at_an_end(&self, source: &Member, target: &Target, open: &ServiceSet) -> bool {
        let left = self.ends.iter().fold(open.clone(), |left, end| {
            let targets: Vec<Target> = match target {
                Target::Member(member) => self.same(end, member).into_iter().map(Target::Member).collect(),
                address @ Target::Address(_) => vec![address.clone()],
            };
            let sources = self.same(end, source);
            let pairs = sources.iter().flat_map(|source| targets.iter().map(move |target| (source, target)));
            pairs.fold(left, |left, (source, target)| left.subtract(&ask(end, source, target).possible()))
        });
        left.is_empty()
    }

    /// Two members in pairs that neither end tells apart.
    fn alike(&self, source: &Member, target: &Target) -> Vec<(Member, Target)> {
        let outside = |member: &Member| match member {
            Member::Outside(spot) => self.pieces(spot).into_iter().map(Member::Outside).collect(),
            other => vec![other.clone()],
        };
        let targets: Vec<Target> = match target {
            Target::Member(member) => outside(member).into_iter().map(Target::Member).collect(),
            address @ Target::Address(_) => vec![address.clone()],
        };
        outside(source).into_iter().flat_map(|source| targets.iter().map(move |target| (source.clone(), target.clone()))).collect()
    }

    /// An outside set of addresses in pieces that neither end tells apart.
    fn pieces(&self, spot: &Spot) -> Vec<Spot> {
        let mut pieces = vec![spot.clone()];
        for end in self.ends {
            let owned = end.owned_publics();
            let parts = |set: &AddressSet| [set.subtract(&owned), set.intersect(&owned)];
            pieces = pieces
                .iter()
                .flat_map(|piece| parts(&piece.set()))
                .filter(|part| !part.is_empty())
                .flat_map(|part| cut(end, spot.family, &part, spot.listed))
                .collect();
        }
        pieces
    }

    /// Who is at an end what this member is here: a host keeps its id, or its name has passed to another; an address of somebody at
    /// that end is nobody outside.
    fn same(&self, end: &Engine<'_>, member: &Member) -> Vec<Member> {
        match member {
            Member::Interface(index) => {
                let own = &self.engine.network.interfaces[*index].named;
                let hosts = end.network.interfaces.iter().enumerate().filter(|(_, host)| is_same(&host.named, own));
                hosts.map(|(index, _)| Member::Interface(index)).collect()
            }
            Member::Outside(spot) if spot.set().overlaps(&end.owned_publics()) => Vec::new(),
            Member::Outside(_) => vec![member.clone()],
            Member::Service(name, _) => Party::Service(name.clone()).members(end).unwrap_or_default(),
        }
    }

    /// Who is meant by a party here.
    fn members(&self, text: &str, party: &Party) -> Vec<Member> {
        let mut members = party.members(self.engine).unwrap_or_default();
        if !self.is_mixed {
            return members;
        }
        let mut known: BTreeSet<usize> = party.interfaces(self.engine).into_iter().collect();
        for end in self.ends {
            let there = Party::read(end, text).map(|party| party.interfaces(end)).unwrap_or_default();
            let names: Vec<&Named> = there.into_iter().map(|host| &end.network.interfaces[host].named).collect();
            for (index, host) in self.engine.network.interfaces.iter().enumerate() {
                if names.iter().any(|named| is_same(named, &host.named)) && known.insert(index) {
                    members.push(Member::Interface(index));
                }
            }
        }
        // Addresses that are ours for a part of the time are anybody's for the rest of it.
        let [before, after] = self.ends.map(Engine::owned_publics);
        let loose = before.union(&after).subtract(&before.intersect(&after)).intersect(&public(Family::V4));
        let meant = match party {
            Party::Internet => loose,
            Party::Range(range) => loose.intersect(&of_range(range)),
            _ => AddressSet::none(),
        };
        members.extend(cut(self.engine, Family::V4, &meant, Listed::Never).into_iter().map(Member::Outside));
        members
    }
}

/// Whether two are asked about: not a host and itself, and not what is outside at both ends.
fn is_pair(source: &Member, target: &Target) -> bool {
    let Target::Member(target) = target else { return true };
    match (source, target) {
        (Member::Interface(from), Member::Interface(to)) => from != to,
        (Member::Outside(_) | Member::Service(..), Member::Outside(_) | Member::Service(..)) => false,
        _ => true,
    }
}

fn ask(engine: &Engine<'_>, source: &Member, target: &Target) -> Answer {
    match target {
        Target::Member(target) => between_any(engine, source, target),
        Target::Address(spot) => to_address(engine, source, spot),
    }
}

fn is_same(one: &Named, other: &Named) -> bool {
    one.name == other.name || (one.id.is_some() && one.id == other.id)
}
