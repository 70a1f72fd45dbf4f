//! Addresses on one line of numbers, and sets of them.
//!
//! IPv4 lies where IPv6 keeps its IPv4-mapped addresses, which no packet carries; a range of one family never
//! holds an address of the other. The very last IPv6 address cannot be told, which is a multicast address and
//! nobody's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::interval::IntervalSet;

/// A set of addresses.
pub type AddressSet = IntervalSet<u128>;

const V4: u128 = 0xffff_0000_0000;
const V4_END: u128 = V4 + (1 << 32);

/// A family of addresses. The two are separate worlds: no rule or route of one ever matches the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// The family of a range.
    pub fn of_range(range: &IpNet) -> Self {
        if matches!(range, IpNet::V4(_)) {
            Self::V4
        } else {
            Self::V6
        }
    }
}

/// Something for each family.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByFamily<T> {
    pub v4: T,
    pub v6: T,
}

impl<T> ByFamily<T> {
    pub fn of(&self, family: Family) -> &T {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }
}

/// The number of an address.
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => V4 + u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// The address of a number.
pub fn address(number: u128) -> IpAddr {
    match number {
        V4..V4_END => IpAddr::V4(Ipv4Addr::from(u32::try_from(number - V4).unwrap_or(u32::MAX))),
        other => IpAddr::V6(Ipv6Addr::from(other)),
    }
}

/// The first number of a range, and the one behind its last.
pub fn bounds(range: &IpNet) -> (u128, u128) {
    (
        number(range.network()),
        number(range.broadcast()).saturating_add(1),
    )
}

/// The addresses of a range.
pub fn of_range(range: &IpNet) -> AddressSet {
    let (from, to) = bounds(range);
    let all = AddressSet::span(from, to);
    if Family::of_range(range) == Family::V6 {
        all.subtract(&AddressSet::span(V4, V4_END))
    } else {
        all
    }
}

/// The addresses of several ranges.
pub fn of_ranges<'a>(ranges: impl IntoIterator<Item = &'a IpNet>) -> AddressSet {
    ranges
        .into_iter()
        .fold(AddressSet::none(), |all, range| all.union(&of_range(range)))
}

/// Whether an address belongs to a range.
pub fn is_in(number: u128, range: &IpNet) -> bool {
    let (from, to) = bounds(range);
    (from..to).contains(&number) && ((V4..V4_END).contains(&number) == matches!(range, IpNet::V4(_)))
}

/// What an internet gateway does not carry: RFC 1918, RFC 6598, and what is no host's address anywhere.
const NOT_PUBLIC_V4: [(u32, u32); 9] = [
    (0x0000_0000, 0x0100_0000),
    (0x0a00_0000, 0x0b00_0000),
    (0x6440_0000, 0x6480_0000),
    (0x7f00_0000, 0x8000_0000),
    (0xa9fe_0000, 0xa9ff_0000),
    (0xac10_0000, 0xac20_0000),
    (0xc0a8_0000, 0xc0a9_0000),
    (0xc612_0000, 0xc614_0000),
    (0xe000_0000, 0xffff_ffff),
];

/// The addresses of the internet: public IPv4, or global unicast IPv6.
pub fn public(family: Family) -> AddressSet {
    match family {
        Family::V4 => {
            let holes = NOT_PUBLIC_V4
                .iter()
                .map(|(from, to)| (V4 + u128::from(*from), V4 + u128::from(*to)));
            AddressSet::span(V4, V4_END - 1).subtract(&AddressSet::of(holes))
        }
        Family::V6 => AddressSet::span(0x2000_u128 << 112, 0x4000_u128 << 112),
    }
}

/// RFC 1918 and RFC 6598: private addresses, which an internet gateway drops.
pub fn private_v4() -> AddressSet {
    let ranges = [
        NOT_PUBLIC_V4[1],
        NOT_PUBLIC_V4[2],
        NOT_PUBLIC_V4[5],
        NOT_PUBLIC_V4[6],
    ];
    AddressSet::of(
        ranges
            .iter()
            .map(|(from, to)| (V4 + u128::from(*from), V4 + u128::from(*to))),
    )
}

/// A set as ranges, the fewest that make it up; at most `most` of them.
pub fn ranges(set: &AddressSet, most: usize) -> Vec<IpNet> {
    let mut out = Vec::new();
    for &(mut from, to) in set.intervals() {
        while from < to && out.len() < most {
            let bits = from.trailing_zeros().min(127);
            let mut size = bits;
            while from + ((1_u128 << size) - 1) >= to {
                size -= 1;
            }
            let family = if address(from).is_ipv4() { 32 } else { 128 };
            let size = size.min(family);
            let prefix = u8::try_from(family - size).unwrap_or(0);
            out.extend(IpNet::new(address(from), prefix));
            from += 1_u128 << size;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_separate_worlds() {
        let four = number("10.0.0.1".parse().unwrap());
        let six = number("2001:db8::1".parse().unwrap());
        let (all4, all6): (IpNet, IpNet) = ("0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap());
        assert!(is_in(four, &all4) && !is_in(four, &all6));
        assert!(is_in(six, &all6) && !is_in(six, &all4));
        assert!(of_range(&all4).contains(four) && !of_range(&all6).contains(four));
        assert_eq!(address(four).to_string(), "10.0.0.1");
        assert!(public(Family::V4).contains(number("8.8.8.8".parse().unwrap())));
        assert!(!public(Family::V4).contains(number("192.168.1.1".parse().unwrap())));
    }

    #[test]
    fn sets_are_reported_in_ranges() {
        let set = of_range(&"10.0.0.0/24".parse().unwrap()).union(&of_range(&"10.0.1.0/25".parse().unwrap()));
        let reported: Vec<String> = ranges(&set, 9).iter().map(ToString::to_string).collect();
        assert_eq!(reported, ["10.0.0.0/24", "10.0.1.0/25"]);
        let all: Vec<String> = ranges(&of_range(&"0.0.0.0/0".parse().unwrap()), 9)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(all, ["0.0.0.0/0"]);
    }
}
