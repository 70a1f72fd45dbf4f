//! IPv6 ranges and addresses from records: those that are known, and those that EC2 has yet to give.

use ipnet::{IpNet, Ipv6Net};
use trueup_model::kinds::instance::Instance;
use trueup_model::kinds::subnet;
use trueup_model::{Record, Ref, hash, ipv6};

use super::{Part, Records, key};
use crate::address::Family;
use crate::network::{AddressPair, Assignment, STAND_INS};

impl Records<'_> {
    /// The IPv6 ranges of a VPC. One that Amazon has yet to give stands as one that is nobody's: all that is inside
    /// it is as it will be, and only where it lies is not known.
    pub(super) fn ipv6_ranges(&mut self, part: &Part<'_>) -> Vec<IpNet> {
        let mut ranges: Vec<IpNet> = Vec::new();
        for text in ipv6::all(part.record.text(ipv6::BLOCK)) {
            if text == ipv6::AMAZON {
                ranges.extend(stand_in(&part.key));
                self.network.gaps.push(format!(
                    "which IPv6 range {} will have is known after apply: it is taken to be in no range that a rule or a route names but ::/0",
                    part.named.name
                ));
            } else {
                ranges.extend(text.parse::<IpNet>());
            }
        }
        ranges
    }

    /// The IPv6 ranges of a subnet: a number means a /64 of its VPC's.
    pub(super) fn ipv6_ranges_in(&self, vpc: usize, record: &Record) -> Vec<IpNet> {
        let text = record.text(ipv6::BLOCK);
        let of_vpc = self.network.vpcs[vpc].ranges.iter();
        let mut of_vpc = of_vpc.filter(|range| Family::of_range(range) == Family::V6);
        if ipv6::is_open(text) {
            let range = of_vpc.find_map(|range| ipv6::numbered(text, &range.to_string()));
            return range.and_then(|range| range.parse().ok()).into_iter().collect();
        }
        ipv6::all(text).filter_map(|range| range.parse().ok()).collect()
    }

    /// The IPv6 addresses of an instance: those that it has or will have for certain, and as many of EC2's choice
    /// as it is to have besides.
    pub(super) fn ipv6_addresses(&self, typed: &Instance) -> Vec<AddressPair> {
        let certain = typed.ipv6_addresses.iter().flatten();
        let certain: Vec<Assignment> = certain
            .filter_map(|text| text.parse().ok().map(Assignment::Known))
            .collect();
        let all = match (typed.ipv6_address_count, &typed.ipv6_addresses) {
            (Some(count), _) => usize::try_from(count).unwrap_or_default(),
            (None, Some(_)) => 0,
            (None, None) => usize::from(self.assigns_ipv6(&typed.subnet)),
        };
        let any = std::iter::repeat_n(Assignment::UnassignedV6, all.saturating_sub(certain.len()));
        let pair = |private| AddressPair {
            private,
            public: None,
        };
        certain.into_iter().chain(any).map(pair).collect()
    }

    /// Whether a subnet gives an IPv6 address to instances that do not say how many they want, or which. A live
    /// instance shows what it has.
    fn assigns_ipv6(&self, subnet: &Ref) -> bool {
        let record = self.subnet_records.get(key(subnet).as_str());
        let assigns = record.and_then(|record| record.get(subnet::attr::ASSIGN_IPV6_ADDRESS_ON_CREATION));
        !self.live && assigns == Some(true)
    }
}

/// A range that stands for the one that Amazon will give a VPC: the same one for each time at which it is looked
/// at, and another one for another VPC.
fn stand_in(key: &str) -> Option<IpNet> {
    let number = u128::from(hash::of(key)) << 72;
    Ipv6Net::new((u128::from(STAND_INS.network()) | number).into(), 56)
        .ok()
        .map(IpNet::V6)
}
