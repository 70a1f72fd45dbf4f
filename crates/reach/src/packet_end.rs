//! One end of a packet as far as it is known: an address, or a set of addresses of which it is one.

use std::sync::Arc;

use crate::address::{AddressSet, Family, bounds, is_in};

/// Whether something matches, where not everything is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// Surely not.
    No,
    /// It depends on what is not known.
    Perhaps,
    /// Surely.
    Yes,
}

/// One end of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketEnd {
    /// The family of its address.
    pub family: Family,
    /// Its address.
    pub at: Addresses,
    /// Whose address it is.
    pub owner: Owner,
    /// Whether it belongs to prefix lists whose entries are not known.
    pub listed: Listed,
}

/// Where a packet end is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// At this address.
    One(u128),
    /// At one of these addresses; which, is not known or does not matter.
    Among(Arc<AddressSet>),
}

/// Whose an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Nobody's here: somewhere on the internet.
    Outside,
    /// A private (or IPv6) address of an interface, by its place in the interface's list.
    Interface(usize, usize),
    /// The public IPv4 address in the place of an interface's private one.
    Public(usize, usize),
    /// A NAT gateway's address in its subnet.
    Nat(usize),
    /// A NAT gateway's Elastic IP address.
    NatPublic(usize),
    /// Not looked up yet: whoever holds it where the packet comes by.
    Unresolved,
}

/// Whether an address belongs to prefix lists whose entries are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listed {
    /// To none of them.
    Never,
    /// To this one, and to no other service's.
    In(usize),
    /// That is not known.
    Unsure,
}

impl PacketEnd {
    /// A known address.
    pub fn one(number: u128, owner: Owner) -> Self {
        let listed = if matches!(owner, Owner::Outside | Owner::Unresolved) {
            Listed::Unsure
        } else {
            Listed::Never
        };
        Self {
            family: Family::of(crate::address::address(number)),
            at: Addresses::One(number),
            owner,
            listed,
        }
    }

    /// One of several addresses.
    pub fn among(family: Family, set: AddressSet, owner: Owner, listed: Listed) -> Self {
        let single = match set.intervals() {
            [(from, to)] if *to - *from == 1 => Some(*from),
            _ => None,
        };
        let at = single.map_or_else(|| Addresses::Among(Arc::new(set)), Addresses::One);
        Self {
            family,
            at,
            owner,
            listed,
        }
    }

    /// Whether it is in a range.
    pub fn is_in(&self, range: &ipnet::IpNet) -> Match {
        if Family::of_range(range) != self.family {
            return Match::No;
        }
        match &self.at {
            Addresses::One(number) => {
                if is_in(*number, range) {
                    Match::Yes
                } else {
                    Match::No
                }
            }
            Addresses::Among(set) => {
                let (from, to) = bounds(range);
                relation(set, &AddressSet::span(from, to))
            }
        }
    }

    /// Whether it is in a set of addresses.
    pub fn is_among(&self, other: &AddressSet) -> Match {
        match &self.at {
            Addresses::One(number) if other.contains(*number) => Match::Yes,
            Addresses::One(_) => Match::No,
            Addresses::Among(set) => relation(set, other),
        }
    }

    /// Whether it is in one of these ranges.
    pub fn is_in_any(&self, ranges: &[ipnet::IpNet]) -> Match {
        let each = ranges.iter().map(|range| self.is_in(range));
        match each.max().unwrap_or(Match::No) {
            // Several ranges may hold it together.
            Match::Perhaps => self.is_among(&crate::address::of_ranges(ranges)),
            sure => sure,
        }
    }

    /// The addresses it may have.
    pub fn set(&self) -> AddressSet {
        match &self.at {
            Addresses::One(number) => AddressSet::span(*number, *number + 1),
            Addresses::Among(set) => (**set).clone(),
        }
    }
}

fn relation(set: &AddressSet, other: &AddressSet) -> Match {
    if other.is_superset(set) {
        Match::Yes
    } else if other.overlaps(set) {
        Match::Perhaps
    } else {
        Match::No
    }
}

/// Prints the address, or the ranges of a set.
impl std::fmt::Display for PacketEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.at {
            Addresses::One(number) => crate::address::address(*number).fmt(f),
            Addresses::Among(set) => {
                const SHOWN: usize = 3;
                let ranges = crate::address::ranges(set, SHOWN + 1);
                let shown: Vec<String> = ranges.iter().take(SHOWN).map(ToString::to_string).collect();
                f.write_str(&shown.join(" "))?;
                f.write_str(if ranges.len() > SHOWN { " …" } else { "" })
            }
        }
    }
}
