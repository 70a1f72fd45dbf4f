//! What a repair opens that nobody asked for: that is reported with it.

use std::collections::BTreeSet;

use super::Blocker;
use crate::address::{AddressSet, of_range};
use crate::change::{Change, End, Shift, changes, merged};
use crate::engine::Engine;
use crate::exposure::some;
use crate::selector::{Selected, Selector};
use crate::service::ServiceSet;

/// What was asked for: between whom, and which services.
pub(super) struct Asked<'p> {
    from: &'p Selector,
    to: &'p Selector,
    over: ServiceSet,
    sources: BTreeSet<String>,
    targets: BTreeSet<String>,
    outside: AddressSet,
}

/// How many of the openings are reported.
const TOLD_MAX: usize = 3;

impl<'p> Asked<'p> {
    pub fn of(engine: &Engine<'_>, from: &'p Selector, to: &'p Selector, over: ServiceSet) -> Self {
        let names = |selector: &Selector| {
            let hosts = selector.interfaces(engine).into_iter();
            hosts
                .map(|host| engine.network.interfaces[host].named.name.clone())
                .collect()
        };
        let packet_ends = from.selected(engine).unwrap_or_default();
        let outside = packet_ends.iter().filter_map(|one| {
            if let Selected::Outside(packet_end) = one {
                Some(packet_end.set())
            } else {
                None
            }
        });
        let outside = outside.fold(AddressSet::none(), |all, set| all.union(&set));
        let outside = if let Selector::Range(range) = from {
            outside.union(&of_range(range))
        } else {
            outside
        };
        Self {
            from,
            to,
            over,
            sources: names(from),
            targets: names(to),
            outside,
        }
    }

    /// Writes into a repair what each of its changes opens: beside those before it, because a route may open
    /// nothing and then a public address all that the route has left. A change that has no form says that of
    /// itself, and so the others count as if it came last.
    pub fn report(&self, engine: &Engine<'_>, repair: &mut [Blocker]) {
        let mut before = engine.network.clone();
        for proposal in repair.iter_mut().filter_map(|blocker| blocker.proposal.as_mut()) {
            let Some(edit) = proposal.edit() else { continue };
            let mut after = before.clone();
            edit.apply(&mut after);
            let (mut old, mut new) = (Engine::new(&before), Engine::new(&after));
            (old.client_ports, new.client_ports) = (engine.client_ports, engine.client_ports);
            let opened: Vec<Change> = changes(&old, &new)
                .into_iter()
                .flat_map(|change| self.others(change))
                .collect();
            proposal.looked_at(reported(&opened), opened.iter().any(Change::is_exposure));
            before = after;
        }
    }

    /// What of a change is more than was asked for.
    fn others(&self, change: Change) -> Vec<Change> {
        let Change { from, to, shift } = change;
        if shift.after <= shift.before {
            return Vec::new();
        }
        // What is open between the two besides. Out of the network it is nearly all that there is, and easier
        // to read with what was asked for than without.
        let is_out = matches!(to, End::Internet | End::Service(_));
        let mut left = shift.over.subtract(&self.over);
        if is_out && !left.is_empty() {
            left = shift.over.clone();
        }
        let (own, other) = self.split_from(&from);
        let (asked, beside) = self.split_to(&to);
        let parts = [
            (own.clone(), asked, left),
            (own, beside, shift.over.clone()),
            (other, Some(to), shift.over.clone()),
        ];
        let part = |(from, to, over): (Option<End>, Option<End>, ServiceSet)| {
            (!over.is_empty()).then_some(Change {
                from: from?,
                to: to?,
                shift: Shift {
                    over,
                    ..shift.clone()
                },
            })
        };
        parts
            .into_iter()
            .filter_map(part)
            .filter(|change| !is_self(change))
            .collect()
    }

    /// Of who asks, those who were asked about, and the others.
    fn split_from(&self, end: &End) -> (Option<End>, Option<End>) {
        match end {
            End::Hosts(names) => split(names, &self.sources),
            End::Outside(outside) => {
                let part = |set: AddressSet| (!set.is_empty()).then(|| End::Outside(outside.part(set)));
                (
                    part(outside.set.intersect(&self.outside)),
                    part(outside.set.subtract(&self.outside)),
                )
            }
            End::Internet => (
                Some(End::Internet).filter(|_| *self.from == Selector::Internet),
                None,
            ),
            End::Service(_) => (None, Some(end.clone())),
        }
    }

    fn split_to(&self, end: &End) -> (Option<End>, Option<End>) {
        let is_asked = match end {
            End::Hosts(names) => return split(names, &self.targets),
            End::Internet => *self.to == Selector::Internet,
            End::Service(name) => matches!(self.to, Selector::Service(own) if own == name),
            End::Outside(_) => false,
        };
        if is_asked {
            (Some(end.clone()), None)
        } else {
            (None, Some(end.clone()))
        }
    }
}

/// A host and itself is no pair.
fn is_self(change: &Change) -> bool {
    matches!((&change.from, &change.to), (End::Hosts(from), End::Hosts(to)) if from.len() == 1 && from == to)
}

fn split(names: &[String], asked: &BTreeSet<String>) -> (Option<End>, Option<End>) {
    let (own, others): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|name| asked.contains(name));
    let end = |names: Vec<String>| (!names.is_empty()).then_some(End::Hosts(names));
    (end(own), end(others))
}

/// What opens, in words: the worst first, and how many more there are.
fn reported(opened: &[Change]) -> Vec<String> {
    let rows = merged(opened);
    let words = |row: &crate::change::Row| {
        format!(
            "{} from {} to {}",
            row.reported.over,
            some(&row.reported.from),
            some(&row.reported.to)
        )
    };
    let mut all: Vec<String> = rows.iter().map(words).collect();
    let more = all.len().saturating_sub(TOLD_MAX);
    all.truncate(TOLD_MAX);
    all.extend((more > 0).then(|| format!("and {more} more")));
    all
}
