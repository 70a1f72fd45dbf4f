//! What changes between two networks: the same hosts before and after, in groups that neither network tells
//! apart.

mod cause;
mod outside;
mod rows;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use trueup_model::Level;
use trueup_model::kinds::vpc_endpoint::service;

use crate::address::{AddressSet, ByFamily, Family};
use crate::answer::Answer;
use crate::classes::Matrix;
use crate::engine::Engine;
use crate::interval::IntervalSet;
use crate::packet_end::{Listed, Owner, PacketEnd};
use crate::question::{between, reach};
use crate::selector::{Selected, Selector};
use crate::service::ServiceSet;

pub use cause::causes;
pub use outside::Outside;
pub use rows::{ROWS_MAX, Row, merged};

/// The services of AWS that are looked at: those of gateway endpoints, and those whose names lead to an interface
/// endpoint before or after.
fn services(engines: [&Engine<'_>; 2]) -> BTreeSet<String> {
    let endpoints = engines
        .into_iter()
        .flat_map(|engine| engine.network.endpoints.iter());
    let named = endpoints
        .filter(|endpoint| endpoint.private_dns)
        .map(|endpoint| service::short(&endpoint.service).to_owned());
    ["s3", "dynamodb"]
        .into_iter()
        .map(str::to_owned)
        .chain(named)
        .collect()
}

/// One end of what changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Hosts that neither network tells apart, by name and in order.
    Hosts(Vec<String>),
    /// The internet, or ranges of it.
    Outside(Outside),
    /// All of the internet, as it is asked for.
    Internet,
    /// A service of AWS.
    Service(String),
}

impl End {
    /// What it is called: the names of its hosts, or its own.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Hosts(names) => names.clone(),
            Self::Outside(outside) => vec![outside.name()],
            Self::Internet => vec!["internet".to_owned()],
            Self::Service(name) => vec![name.clone()],
        }
    }

    /// What is in both.
    pub fn both(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Hosts(own), Self::Hosts(names)) => {
                let both: Vec<String> = own.iter().filter(|name| names.contains(name)).cloned().collect();
                (!both.is_empty()).then_some(Self::Hosts(both))
            }
            (Self::Outside(one), Self::Outside(other)) if one.family == other.family => {
                let both = one.set.intersect(&other.set);
                (!both.is_empty()).then(|| Self::Outside(Outside::of(one.family, both, one.whole.clone())))
            }
            _ => (self == other).then(|| self.clone()),
        }
    }
}

/// Services whose level changes between two ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Who asks.
    pub from: End,
    /// Who is asked for.
    pub to: End,
    /// How the services change.
    pub shift: Shift,
}

/// Services, with how much of them works before and after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shift {
    /// Before.
    pub before: Level,
    /// After.
    pub after: Level,
    /// Which services.
    pub over: ServiceSet,
}

impl Change {
    /// Whether the internet reaches more than before.
    pub fn is_exposure(&self) -> bool {
        matches!(self.from, End::Outside(..)) && self.shift.after > self.shift.before
    }
}

/// What works of services: allowed, partial, unknown.
type Sets = [ServiceSet; 3];

fn sets(answer: &Answer) -> Sets {
    [
        answer.allowed.clone(),
        answer.partial.clone(),
        answer.unknown.clone(),
    ]
}

/// How the services go from one level to another.
fn shifts(before: &Sets, after: &Sets) -> Vec<Shift> {
    let levels = |sets: &Sets| {
        let all = ServiceSet::conversations();
        let [allowed, partial, unknown] = sets.each_ref().map(|set| set.intersect(&all));
        let blocked = all.subtract(&allowed).subtract(&partial).subtract(&unknown);
        [
            (Level::Blocked, blocked),
            (Level::Unknown, unknown),
            (Level::Partial, partial),
            (Level::Allowed, allowed),
        ]
    };
    let (old, new) = (levels(before), levels(after));
    let pairs = old
        .iter()
        .flat_map(|old| new.iter().map(move |new| (old, new)))
        .filter(|(old, new)| old.0 != new.0);
    let shifts = pairs.map(|(old, new)| Shift {
        before: old.0,
        after: new.0,
        over: old.1.intersect(&new.1),
    });
    shifts.filter(|shift| !shift.over.is_empty()).collect()
}

/// The class of hosts and the first of them, where they are there.
type Place = Option<(usize, usize)>;

/// Hosts that neither network tells apart.
struct Group {
    names: Vec<String>,
    before: Place,
    after: Place,
}

impl Group {
    fn end(&self) -> End {
        End::Hosts(self.names.clone())
    }
}

/// What changes from one network to another.
pub fn changes(before: &Engine<'_>, after: &Engine<'_>) -> Vec<Change> {
    let (old, new) = (Matrix::new(before), Matrix::new(after));
    let groups = groups(before, &old, after, &new);
    let mut found = inside(&groups, &old, &new);
    let (outside, services) = (Pieces::new(before, after), services([before, after]));
    for group in &groups {
        found.extend(outside.reaching(before, after, group));
        found.extend(out_of(before, after, &services, group));
    }
    found.sort();
    found
}

fn groups(before: &Engine<'_>, old: &Matrix<'_, '_>, after: &Engine<'_>, new: &Matrix<'_, '_>) -> Vec<Group> {
    let mut hosts: BTreeMap<&str, [Place; 2]> = BTreeMap::new();
    let first: fn(&mut [Place; 2]) -> &mut Place = |[before, _]| before;
    let last: fn(&mut [Place; 2]) -> &mut Place = |[_, after]| after;
    for (side, engine, matrix) in [(first, before, old), (last, after, new)] {
        for (number, class) in matrix.classes.iter().enumerate() {
            for &host in &class.hosts {
                *side(
                    hosts
                        .entry(&engine.network.interfaces[host].named.name)
                        .or_default(),
                ) = Some((number, host));
            }
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<[Option<usize>; 2], usize> = HashMap::new();
    for (name, [before, after]) in hosts {
        let key = [before, after].map(|place| place.map(|(class, _)| class));
        let next = groups.len();
        match groups.get_mut(*known.entry(key).or_insert(next)) {
            Some(group) => group.names.push(name.to_owned()),
            None => groups.push(Group {
                names: vec![name.to_owned()],
                before,
                after,
            }),
        }
    }
    groups
}

/// The answers of all pairs of classes, each distinct one once.
struct Cells {
    width: usize,
    cells: Vec<usize>,
    distinct: Vec<Sets>,
}

impl Cells {
    fn of(matrix: &Matrix<'_, '_>) -> Self {
        let (mut distinct, mut cells, mut key) = (vec![Sets::default()], Vec::new(), Vec::new());
        let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
        matrix.each(|_, _, cell| {
            if cell.is_blocked() {
                return cells.push(0);
            }
            cell.key(&mut key);
            let number = known.get(&key).copied().unwrap_or_else(|| {
                distinct.push([cell.allowed(), cell.partial(), cell.unknown()]);
                known.insert(key.clone(), distinct.len() - 1);
                distinct.len() - 1
            });
            cells.push(number);
        });
        Self {
            width: matrix.classes.len(),
            cells,
            distinct,
        }
    }

    /// The number of the answer; 0 where one of the two is not there.
    fn at(&self, from: Place, to: Place) -> usize {
        let place = from.zip(to).map(|((from, _), (to, _))| from * self.width + to);
        place
            .and_then(|place| self.cells.get(place))
            .copied()
            .unwrap_or(0)
    }
}

/// What changes between hosts.
fn inside(groups: &[Group], old: &Matrix<'_, '_>, new: &Matrix<'_, '_>) -> Vec<Change> {
    let (old, new) = (Cells::of(old), Cells::of(new));
    let mut known: HashMap<(usize, usize), Vec<Shift>> = HashMap::new();
    let mut found = Vec::new();
    for (i, from) in groups.iter().enumerate() {
        for (j, to) in groups.iter().enumerate() {
            if i == j && from.names.len() == 1 {
                continue;
            }
            let pair = (old.at(from.before, to.before), new.at(from.after, to.after));
            if pair == (0, 0) {
                continue;
            }
            let sets = old.distinct.get(pair.0).zip(new.distinct.get(pair.1));
            let shifts = known
                .entry(pair)
                .or_insert_with(|| sets.map(|(old, new)| shifts(old, new)).unwrap_or_default());
            found.extend(shifts.iter().map(|shift| Change {
                from: from.end(),
                to: to.end(),
                shift: shift.clone(),
            }));
        }
    }
    found
}

/// What changes from hosts to the internet and to services.
fn out_of(
    before: &Engine<'_>,
    after: &Engine<'_>,
    services: &BTreeSet<String>,
    group: &Group,
) -> Vec<Change> {
    let ask = |engine: &Engine<'_>, host: Place, to: &Selector| {
        let from = host.map(|(_, host)| Selector::Named(engine.network.interfaces[host].named.name.clone()));
        from.and_then(|from| reach(engine, &from, to).ok())
            .map(|answer| sets(&answer))
            .unwrap_or_default()
    };
    let ends = std::iter::once((End::Internet, Selector::Internet));
    let ends = ends.chain(
        services
            .iter()
            .map(|name| (End::Service(name.clone()), Selector::Service(name.clone()))),
    );
    let mut found = Vec::new();
    for (end, selector) in ends {
        let shifts = shifts(
            &ask(before, group.before, &selector),
            &ask(after, group.after, &selector),
        );
        found.extend(shifts.into_iter().map(|shift| Change {
            from: group.end(),
            to: end.clone(),
            shift,
        }));
    }
    found
}

/// A piece of the internet, with what works from it before and after.
type Known<'p> = (&'p PacketEnd, Sets, Sets);

/// The internet in pieces that neither network tells apart.
struct Pieces {
    pieces: Vec<PacketEnd>,
    whole: ByFamily<Arc<AddressSet>>,
}

impl Pieces {
    fn new(before: &Engine<'_>, after: &Engine<'_>) -> Self {
        let (mut pieces, mut v4, mut v6) = (Vec::new(), AddressSet::none(), AddressSet::none());
        for (family, whole) in [(Family::V4, &mut v4), (Family::V6, &mut v6)] {
            for (old, new) in before
                .internet(family)
                .iter()
                .flat_map(|old| after.internet(family).iter().map(move |new| (old, new)))
            {
                let both = old.set().intersect(&new.set());
                if !both.is_empty() {
                    *whole = whole.union(&both);
                    pieces.push(PacketEnd::among(family, both, Owner::Outside, Listed::Never));
                }
            }
        }
        Self {
            pieces,
            whole: ByFamily {
                v4: Arc::new(v4),
                v6: Arc::new(v6),
            },
        }
    }

    fn reaching(&self, before: &Engine<'_>, after: &Engine<'_>, group: &Group) -> Vec<Change> {
        let mut found: BTreeMap<(Family, Level, Level), Vec<(ServiceSet, AddressSet)>> = BTreeMap::new();
        let mut known: Vec<Known<'_>> = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let ask = |engine: &Engine<'_>, host: Place| {
                let answer = host.map(|(_, host)| {
                    between(
                        engine,
                        &Selected::Outside(piece.clone()),
                        &Selected::Interface(host),
                    )
                });
                answer.map(|answer| sets(&answer)).unwrap_or_default()
            };
            let (old, new) = (ask(before, group.before), ask(after, group.after));
            for shift in shifts(&old, &new) {
                add(
                    found
                        .entry((piece.family, shift.before, shift.after))
                        .or_default(),
                    shift.over,
                    &piece.set(),
                );
            }
            known.push((piece, old, new));
        }
        let mut changes = Vec::new();
        for ((family, before, after), parts) in found {
            let mut by_set: Vec<(AddressSet, ServiceSet)> = Vec::new();
            for (over, set) in parts {
                match by_set.iter_mut().find(|(other, _)| *other == set) {
                    Some((_, all)) => *all = all.union(&over),
                    None => by_set.push((set, over)),
                }
            }
            changes.extend(by_set.into_iter().map(|(set, over)| {
                // Who had as much before, and who has it in the end, of the addresses that are not these.
                let able = |side: for<'k, 'p> fn(&'k Known<'p>) -> &'k Sets| {
                    let able = known.iter().filter(|one| {
                        one.0.family == family && at_least(side(one), after).is_superset(&over)
                    });
                    able.fold(AddressSet::none(), |all, one| all.union(&one.0.set()))
                };
                let whole = self.whole.of(family).clone();
                let opens = after > before;
                let so_far = if opens {
                    able(|(_, old, _)| old)
                } else {
                    AddressSet::none()
                };
                let in_the_end = if opens { able(|(.., new)| new) } else { set.clone() };
                let from = End::Outside(Outside {
                    family,
                    set,
                    so_far,
                    in_the_end,
                    whole,
                });
                Change {
                    from,
                    to: group.end(),
                    shift: Shift { before, after, over },
                }
            }));
        }
        changes
    }
}

/// The services that work at least so much.
fn at_least(sets: &Sets, level: Level) -> ServiceSet {
    let [allowed, partial, unknown] = sets;
    match level {
        Level::Allowed => allowed.clone(),
        Level::Partial => allowed.union(partial),
        Level::Unknown => allowed.union(partial).union(unknown),
        Level::Blocked => ServiceSet::all(),
    }
}

/// Adds that services are the case for more addresses. No two of the parts share a service.
fn add(parts: &mut Vec<(ServiceSet, AddressSet)>, over: ServiceSet, set: &AddressSet) {
    let mut left = over;
    for (services, addresses) in std::mem::take(parts) {
        let (both, rest) = (services.intersect(&left), services.subtract(&left));
        left = left.subtract(&both);
        if !both.is_empty() {
            parts.push((both, addresses.union(set)));
        }
        if !rest.is_empty() {
            parts.push((rest, addresses));
        }
    }
    if !left.is_empty() {
        parts.push((left, set.clone()));
    }
}

/// One piece of a set of outside addresses stands for all of it.
fn packet_end(family: Family, set: &AddressSet) -> PacketEnd {
    let first = set.intervals().first().copied().unwrap_or_default();
    PacketEnd::among(family, IntervalSet::of([first]), Owner::Outside, Listed::Never)
}
