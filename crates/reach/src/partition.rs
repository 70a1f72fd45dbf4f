//! The internet in pieces: sets of addresses that no rule, route or list of the network tells apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{AddressSet, Family, of_range, public};
use crate::interval::IntervalSet;
use crate::network::Network;
use crate::packet_end::{Listed, Owner, PacketEnd};
use crate::ranges;

/// Cuts a set of outside addresses into pieces that the network treats alike, in the order of their lowest
/// addresses.
pub(crate) fn partition(
    network: &Network,
    family: Family,
    set: &AddressSet,
    listed: Listed,
) -> Vec<PacketEnd> {
    // At each number: which distinctions begin and end there.
    let mut edges: BTreeMap<u128, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, distinction) in distinctions(network).iter().enumerate() {
        for (from, to) in distinction.intersect(set).intervals() {
            edges.entry(*from).or_default().0.push(index);
            edges.entry(*to).or_default().1.push(index);
        }
    }
    for (from, to) in set.intervals() {
        edges.entry(*from).or_default();
        edges.entry(*to).or_default();
    }
    let mut pieces: BTreeMap<Vec<usize>, Vec<(u128, u128)>> = BTreeMap::new();
    let mut inside: BTreeSet<usize> = BTreeSet::new();
    let mut since = None;
    for (at, (begin, end)) in edges {
        if let Some(since) = since.filter(|since| set.contains(*since)) {
            pieces
                .entry(inside.iter().copied().collect())
                .or_default()
                .push((since, at));
        }
        end.iter().for_each(|index| {
            inside.remove(index);
        });
        inside.extend(begin);
        since = Some(at);
    }
    let mut pieces: Vec<AddressSet> = pieces.into_values().map(IntervalSet::of).collect();
    pieces.sort_by_key(AddressSet::first);
    pieces
        .into_iter()
        .map(|piece| PacketEnd::among(family, piece, Owner::Outside, listed))
        .collect()
}

/// The internet of a family in such pieces, less the addresses that are somebody's here or a service's.
pub(crate) fn internet(network: &Network, family: Family, taken: &AddressSet) -> Vec<PacketEnd> {
    let taken = ranges::of_vpcs(network)
        .map(|range| of_range(&range))
        .fold(taken.clone(), |all, range| all.union(&range));
    let left = public(family).subtract(&taken);
    partition(network, family, &left, Listed::Never)
}

/// Every distinction that the network makes between addresses: its ranges, and for prefix lists the entries
/// of each length.
fn distinctions(network: &Network) -> BTreeSet<AddressSet> {
    let ranges = ranges::of_routes(network)
        .chain(ranges::of_groups(network))
        .chain(ranges::of_acls(network))
        .chain(ranges::of_vpcs(network));
    let mut all: BTreeSet<AddressSet> = ranges.map(|range| of_range(&range)).collect();
    for list in &network.prefix_lists {
        let mut by_length: BTreeMap<u8, Vec<(u128, u128)>> = BTreeMap::new();
        for range in list.entries.iter().flatten() {
            by_length
                .entry(range.prefix_len())
                .or_default()
                .extend(of_range(range).intervals());
        }
        all.extend(by_length.into_values().map(IntervalSet::of));
    }
    all
}
