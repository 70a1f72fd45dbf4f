//! The addresses that EC2 may still give out in a subnet.

use std::collections::HashMap;

use ipnet::{IpNet, Ipv4Net};

use crate::address::{AddressSet, Family, bounds, of_range, of_ranges, public};
use crate::interval::IntervalSet;
use crate::network::Network;
use crate::packet_end::Owner;

/// The addresses that EC2 may still give out in a subnet: all but its first four, its last, and those that
/// are taken. Of a subnet whose ranges are not known, and of one that is full, it may be any of all.
pub(crate) fn free_in(
    network: &Network,
    holders: &HashMap<(usize, u128), Owner>,
    (subnet, family): (usize, Family),
) -> AddressSet {
    let subnet = &network.subnets[subnet];
    let ranges: Vec<&IpNet> = subnet
        .ranges
        .iter()
        .filter(|range| Family::of_range(range) == family)
        .collect();
    if ranges.is_empty() {
        return match family {
            Family::V4 => of_range(&IpNet::V4(Ipv4Net::default())),
            Family::V6 => public(Family::V6),
        };
    }
    let whole = of_ranges(ranges.iter().copied());
    let mut free = AddressSet::none();
    for range in ranges {
        let all = of_range(range);
        let (from, to) = bounds(range);
        let kept = if to - from > 5 {
            IntervalSet::of([(from, from + 4), (to - 1, to)])
        } else {
            AddressSet::none()
        };
        free = free.union(&all.subtract(&kept));
    }
    let taken = holders
        .keys()
        .filter(|(vpc, number)| *vpc == subnet.vpc && free.contains(*number));
    let free = free.subtract(&IntervalSet::of(taken.map(|(_, number)| (*number, number + 1))));
    if free.is_empty() { whole } else { free }
}
