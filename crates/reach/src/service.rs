//! Services on one line of numbers: TCP ports, UDP ports, ICMP types and codes, other protocols, ICMPv6.
//!
//! For two given addresses every filter of EC2 is a set on this line, and a path lets through the
//! intersection.

use std::fmt;

use serde::{Serialize, Serializer};
pub use trueup_model::service::ServiceError;
use trueup_model::service::{Service, services};

use crate::address::Family;
use crate::interval::IntervalSet;

const TCP: u32 = 0;
const UDP: u32 = 0x1_0000;
const ICMP: u32 = 0x2_0000;
const OTHER: u32 = 0x3_0000;
const ICMPV6: u32 = 0x3_0100;
const END: u32 = 0x4_0100;

/// A set of services.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceSet(IntervalSet<u32>);

impl ServiceSet {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every service.
    pub fn all() -> Self {
        Self(IntervalSet::span(TCP, END))
    }

    /// Every service that a packet of this family can carry.
    pub fn of_family(family: Family) -> Self {
        match family {
            Family::V4 => Self(IntervalSet::span(TCP, ICMPV6)),
            Family::V6 => Self(IntervalSet::of([(TCP, ICMP), (OTHER, END)])),
        }
    }

    /// TCP to the ports from `from` to `to`, both included.
    pub fn tcp(from: u16, to: u16) -> Self {
        Self(IntervalSet::span(TCP + u32::from(from), TCP + u32::from(to) + 1))
    }

    /// UDP to the ports from `from` to `to`, both included.
    pub fn udp(from: u16, to: u16) -> Self {
        Self(IntervalSet::span(UDP + u32::from(from), UDP + u32::from(to) + 1))
    }

    /// ICMP (or ICMPv6) of this type and code; `None` is any.
    pub fn icmp(family: Family, ty: Option<u8>, code: Option<u8>) -> Self {
        let base = if family == Family::V4 { ICMP } else { ICMPV6 };
        let (from, to) = match (ty, code) {
            (None, _) => (0, 0x1_0000),
            (Some(ty), None) => (u32::from(ty) << 8, (u32::from(ty) + 1) << 8),
            (Some(ty), Some(code)) => (
                (u32::from(ty) << 8) + u32::from(code),
                (u32::from(ty) << 8) + u32::from(code) + 1,
            ),
        };
        Self(IntervalSet::span(base + from, base + to))
    }

    /// All of one IP protocol.
    pub fn protocol(number: u8) -> Self {
        match number {
            1 => Self::icmp(Family::V4, None, None),
            6 => Self::tcp(0, u16::MAX),
            17 => Self::udp(0, u16::MAX),
            58 => Self::icmp(Family::V6, None, None),
            other => Self(IntervalSet::span(
                OTHER + u32::from(other),
                OTHER + u32::from(other) + 1,
            )),
        }
    }

    /// What is answered: all but the ICMP messages that nobody answers.
    pub fn conversations() -> Self {
        let icmp = Self::icmp(Family::V4, None, None).union(&Self::icmp(Family::V6, None, None));
        let asks = ECHOES
            .iter()
            .map(|(family, ask, _)| Self::icmp(*family, Some(*ask), Some(0)));
        asks.fold(Self::all().subtract(&icmp), |all, ask| all.union(&ask))
    }

    /// For people: as it is printed, or `all` where it is everything that is answered, because who reads what
    /// works has no use for the rest. All that is none of TCP, UDP and ICMP is `other protocols`.
    pub fn in_words(&self) -> String {
        let others = Self(IntervalSet::span(OTHER, ICMPV6));
        if self.is_everything() {
            return "all".to_owned();
        }
        if !self.is_superset(&others) || self.is_whole() {
            return self.to_string();
        }
        let named = self.subtract(&others);
        if named.is_empty() {
            "other protocols".to_owned()
        } else {
            format!("{named}, other protocols")
        }
    }

    /// Whether it is every service, of one family or of both.
    fn is_whole(&self) -> bool {
        [
            Self::all(),
            Self::of_family(Family::V4),
            Self::of_family(Family::V6),
        ]
        .contains(self)
    }

    /// Whether it is all that is answered, in one family or in both.
    pub(crate) fn is_everything(&self) -> bool {
        let all = Self::conversations();
        *self == all
            || [Family::V4, Family::V6]
                .iter()
                .any(|family| *self == all.intersect(&Self::of_family(*family)))
    }

    /// Echo requests of a family: what `ping` sends.
    pub fn ping(family: Family) -> Self {
        Self::icmp(family, Some(if family == Family::V4 { 8 } else { 128 }), Some(0))
    }

    /// Reads `tcp/443`, `udp/53`, `tcp/8000-8080`, `icmp`, `icmp/8`, `icmp/8/0`, `icmpv6`, `50`, `all`, or
    /// several of them with commas. `icmp` alone is the echo request, in either family, because that is what
    /// people ask about; `icmp/all` is all of ICMP.
    pub fn read(text: &str) -> Result<Self, ServiceError> {
        Ok(services(text)?
            .into_iter()
            .fold(Self::none(), |all, service| all.union(&Self::of(service))))
    }

    /// What a service that somebody wrote stands for.
    fn of(service: Service) -> Self {
        match service {
            Service::All => Self::all(),
            Service::Tcp(from, to) => Self::tcp(from, to),
            Service::Udp(from, to) => Self::udp(from, to),
            Service::Ping => Self::ping(Family::V4).union(&Self::ping(Family::V6)),
            Service::Icmp(ty, code) => Self::icmp(Family::V4, ty, code),
            Service::Icmpv6(ty, code) => Self::icmp(Family::V6, ty, code),
            Service::Protocol(number) => Self::protocol(number),
        }
    }

    /// The services by number on the line.
    pub fn line(&self) -> &IntervalSet<u32> {
        &self.0
    }

    /// The services at these numbers of the line.
    pub fn at(line: IntervalSet<u32>) -> Self {
        Self(line)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0))
    }

    /// What is in both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        Self(self.0.intersect(&other.0))
    }

    /// What is in this and not in the other.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        Self(self.0.subtract(&other.0))
    }

    /// Whether they share a service.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.overlaps(&other.0)
    }

    /// Whether all of `other` is in this.
    pub fn is_superset(&self, other: &Self) -> bool {
        self.0.is_superset(&other.0)
    }

    /// What is answered, given the answers that come back: TCP and UDP answers go to the client's ports
    /// `client`; an echo request (ICMP 8, ICMPv6 128) is answered by the reply, a timestamp request (13) by
    /// 14; other protocols by themselves. What has no answer, such as other ICMP, is not held up by the way
    /// back.
    pub(crate) fn answered(&self, back: &Self, client: (u16, u16), whole: bool) -> Self {
        let mut passing = Self::none();
        for (base, all) in [
            (TCP, Self::tcp(client.0, client.1)),
            (UDP, Self::udp(client.0, client.1)),
        ] {
            if if whole {
                back.is_superset(&all)
            } else {
                back.overlaps(&all)
            } {
                passing = passing.union(&Self(IntervalSet::span(base, base + 0x1_0000)));
            }
        }
        let mut silent = Self::icmp(Family::V4, None, None).union(&Self::icmp(Family::V6, None, None));
        for (family, ask, reply) in ECHOES {
            let (ask, reply) = (
                Self::icmp(family, Some(ask), Some(0)),
                Self::icmp(family, Some(reply), Some(0)),
            );
            silent = silent.subtract(&ask);
            if back.is_superset(&reply) {
                passing = passing.union(&ask);
            }
        }
        let others = Self(back.0.intersect(&IntervalSet::span(OTHER, ICMPV6)));
        self.intersect(&passing.union(&silent).union(&others))
    }
}

impl ServiceSet {
    /// The answers to these services, as they come back to the client's ports.
    pub(crate) fn answers(&self, client: (u16, u16)) -> Self {
        let mut answers = Self(self.0.intersect(&IntervalSet::span(OTHER, ICMPV6)));
        for ports in [Self::tcp as fn(u16, u16) -> Self, Self::udp] {
            if self.overlaps(&ports(0, u16::MAX)) {
                answers = answers.union(&ports(client.0, client.1));
            }
        }
        for (family, ask, reply) in ECHOES {
            if self.overlaps(&Self::icmp(family, Some(ask), Some(0))) {
                answers = answers.union(&Self::icmp(family, Some(reply), Some(0)));
            }
        }
        answers
    }
}

/// The ICMP types that are answered, and the types of the answers: echo and timestamp requests.
const ECHOES: [(Family, u8, u8); 3] = [(Family::V4, 8, 0), (Family::V4, 13, 14), (Family::V6, 128, 129)];

/// Prints as it is read: `tcp/22, tcp/8000-8080, icmp/8/0`.
impl fmt::Display for ServiceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole() {
            return f.write_str("all");
        }
        let mut parts = Vec::new();
        for (name, base, size) in [
            ("tcp", TCP, 0x1_0000),
            ("udp", UDP, 0x1_0000),
            ("icmp", ICMP, 0x1_0000),
            ("", OTHER, 0x100),
            ("icmpv6", ICMPV6, 0x1_0000),
        ] {
            let section = self.0.intersect(&IntervalSet::span(base, base + size));
            for &(from, to) in section.intervals() {
                let (from, last) = (from - base, to - base - 1);
                match name {
                    "" if from + 1 < last => parts.push(format!("{from}-{last}")),
                    "" => parts.extend((from..=last).map(|number| number.to_string())),
                    _ if (from, last) == (0, size - 1) => parts.push(format!("{name}/all")),
                    "tcp" | "udp" if from == last => parts.push(format!("{name}/{from}")),
                    "tcp" | "udp" => parts.push(format!("{name}/{from}-{last}")),
                    _ if from.trailing_zeros() >= 8 && last == from + 0xff => {
                        parts.push(format!("{name}/{}", from >> 8));
                    }
                    _ if from == last => parts.push(format!("{name}/{}/{}", from >> 8, from & 0xff)),
                    _ => parts.push(format!(
                        "{name}/{}/{}-{}/{}",
                        from >> 8,
                        from & 0xff,
                        last >> 8,
                        last & 0xff
                    )),
                }
            }
        }
        f.write_str(if parts.is_empty() { "nothing" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

impl Serialize for ServiceSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_empty() {
            serializer.serialize_str("")
        } else {
            serializer.collect_str(self)
        }
    }
}

/// A set that is known only between two bounds: what surely belongs to it, and what may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Surely in it.
    pub sure: ServiceSet,
    /// Surely in it, or perhaps.
    pub perhaps: ServiceSet,
}

impl Bounds {
    /// What is surely in it.
    pub fn sure(&self) -> &ServiceSet {
        &self.sure
    }

    /// What surely or perhaps is in it.
    pub fn perhaps(&self) -> &ServiceSet {
        &self.perhaps
    }

    /// A set that is known exactly.
    pub fn exact(set: ServiceSet) -> Self {
        Self {
            sure: set.clone(),
            perhaps: set,
        }
    }

    /// What is in both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        Self {
            sure: self.sure.intersect(&other.sure),
            perhaps: self.perhaps.intersect(&other.perhaps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_read_and_printed() {
        for (text, printed) in [
            ("tcp/443", "tcp/443"),
            ("tcp/8000-8080", "tcp/8000-8080"),
            ("udp/53", "udp/53"),
            ("icmp", "icmp/8/0, icmpv6/128/0"),
            ("icmp/8", "icmp/8"),
            ("icmp/all", "icmp/all"),
            ("50", "50"),
            ("6", "tcp/all"),
            ("all", "all"),
            ("tcp/22, udp/1-2", "tcp/22, udp/1-2"),
        ] {
            assert_eq!(ServiceSet::read(text).unwrap().to_string(), printed);
        }
        for bad in ["tcp/99999", "sctp", "tcp/5-1", "", "all/3"] {
            assert!(ServiceSet::read(bad).is_err(), "{bad}");
        }
        assert_eq!(ServiceSet::none().to_string(), "nothing");
    }

    #[test]
    fn what_has_no_name_is_other_protocols_for_people() {
        let all = ServiceSet::conversations().intersect(&ServiceSet::of_family(Family::V4));
        let without_tcp = all.subtract(&ServiceSet::protocol(6));
        assert_eq!(
            without_tcp.in_words(),
            "udp/all, icmp/8/0, icmp/13/0, other protocols"
        );
        assert_eq!(
            without_tcp.subtract(&ServiceSet::protocol(50)).in_words(),
            "udp/all, icmp/8/0, icmp/13/0, 0-49, 51-255"
        );
        assert_eq!(all.in_words(), "all");
        assert_eq!(ServiceSet::all().in_words(), "all");
        assert_eq!(ServiceSet::read("50").unwrap().in_words(), "50");
    }

    #[test]
    fn answers_come_back_to_the_client() {
        let client = (32768, 60999);
        let all = ServiceSet::of_family(Family::V4);
        let half = ServiceSet::tcp(1024, 40000).union(&ServiceSet::icmp(Family::V4, Some(0), None));
        let whole = all.answered(&half, client, true);
        assert!(
            !whole.overlaps(&ServiceSet::tcp(0, 65535)),
            "some client ports get no answer"
        );
        assert!(whole.is_superset(&ServiceSet::ping(Family::V4)));
        assert!(
            whole.is_superset(&ServiceSet::icmp(Family::V4, Some(3), None)),
            "nothing answers these"
        );
        assert!(!whole.overlaps(&ServiceSet::icmp(Family::V4, Some(13), Some(0))));
        let some = all.answered(&half, client, false);
        assert!(some.is_superset(&ServiceSet::tcp(0, 65535)) && !some.overlaps(&ServiceSet::udp(0, 65535)));
    }
}
