//! Services as bits: the line of services is cut where any rule begins or ends, and a piece is a bit.

use crate::interval::IntervalSet;
use crate::network::Network;
use crate::service::ServiceSet;

/// The pieces of the line of services that no rule tells apart.
#[derive(Clone, Debug)]
pub(super) struct Atoms {
    /// Where each piece begins; the last one ends where the line does.
    starts: Vec<u32>,
}

impl Atoms {
    /// The atoms of a network: its rules' edges, and those of what gateways carry and of what is answered.
    pub fn of(network: &Network) -> Self {
        let mut starts = Vec::new();
        let mut cut = |set: &ServiceSet| {
            starts.extend(set.line().intervals().iter().flat_map(|(from, to)| [*from, *to]));
        };
        cut(&ServiceSet::all());
        cut(&ServiceSet::conversations());
        // Echo and timestamp requests one by one: each has its own answer.
        for text in [
            "tcp",
            "udp",
            "icmp/8/0",
            "icmp/13/0",
            "icmpv6/128/0",
            "icmp/all",
            "icmpv6/all",
        ] {
            cut(&ServiceSet::read(text).unwrap_or_default());
        }
        for group in &network.security_groups {
            group
                .ingress
                .iter()
                .chain(&group.egress)
                .for_each(|rule| cut(&rule.services));
        }
        for acl in &network.network_acls {
            acl.ingress
                .iter()
                .chain(&acl.egress)
                .for_each(|entry| cut(&entry.services));
        }
        starts.sort_unstable();
        starts.dedup();
        Self { starts }
    }

    /// How many words a set takes.
    pub fn words(&self) -> usize {
        self.starts.len().div_ceil(64)
    }

    /// A set as bits.
    pub fn bits(&self, set: &ServiceSet) -> Vec<u64> {
        let mut bits = vec![0; self.words()];
        for &(from, to) in set.line().intervals() {
            let (first, end) = (
                self.starts.partition_point(|start| *start < from),
                self.starts.partition_point(|start| *start < to),
            );
            for atom in first..end {
                bits.get_mut(atom / 64)
                    .into_iter()
                    .for_each(|word| *word |= 1 << (atom % 64));
            }
        }
        bits
    }

    /// Bits as a set.
    pub fn set(&self, bits: &[u64]) -> ServiceSet {
        let each = bits
            .iter()
            .flat_map(|word| (0..64).map(move |bit| word & (1_u64 << bit) != 0));
        let atoms = self.starts.iter().zip(self.starts.iter().skip(1)).zip(each);
        ServiceSet::at(IntervalSet::of(
            atoms.filter(|(_, has)| *has).map(|((from, to), _)| (*from, *to)),
        ))
    }
}
