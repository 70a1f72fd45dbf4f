//! Stakes: what a plan puts at risk, as data. Whoever has half a minute to decide must know these first.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::plan::{Action, Change, Plan};
use crate::reachability::{OpenedGroup, PublicSubnet, ReachChange};
use crate::reason::Consent;

/// Something that is gone for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Loss {
    /// An instance's address in its subnet.
    PrivateAddress {
        /// Which one.
        address: String,
    },
    /// The public address that EC2 gave to an instance.
    PublicAddress {
        /// Which one.
        address: String,
    },
    /// The address of an Elastic IP.
    ElasticIp {
        /// Which one.
        address: String,
    },
    /// An IPv6 address of an instance.
    Ipv6Address {
        /// Which one.
        address: String,
    },
    /// An IPv6 range that Amazon gave to a VPC.
    Ipv6Range {
        /// Which one.
        range: String,
    },
    /// The name of an endpoint's own, which some may use.
    DnsName {
        /// Which one.
        name: String,
    },
    /// A volume of its own, with what is on it.
    Volume {
        /// Its id.
        id: String,
        /// How large it is, where that is known.
        gib: Option<i64>,
    },
    /// The volume that an instance boots from, with what is on it.
    RootVolume {
        /// Its id.
        id: String,
        /// How large it is, where that is known.
        gib: Option<i64>,
    },
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PrivateAddress { address } => write!(f, "private address {address}"),
            Self::PublicAddress { address } => write!(f, "public address {address}"),
            Self::ElasticIp { address } => write!(f, "address {address}"),
            Self::Ipv6Address { address } => write!(f, "IPv6 address {address}"),
            Self::Ipv6Range { range } => write!(f, "IPv6 range {range}"),
            Self::DnsName { name } => write!(f, "DNS name {name}"),
            Self::Volume { id, gib: None } => write!(f, "volume {id}"),
            Self::Volume { id, gib: Some(gib) } => write!(f, "volume {id} ({gib} GiB)"),
            Self::RootVolume { id, gib: None } => write!(f, "root volume {id}"),
            Self::RootVolume { id, gib: Some(gib) } => write!(f, "root volume {id} ({gib} GiB)"),
        }
    }
}

/// One thing that is at stake.
#[derive(Clone, Debug)]
pub enum Stake<'a> {
    /// The internet reaches what it did not reach.
    Exposes(Vec<&'a ReachChange>),
    /// Groups come to let in the internet, and nobody is known to carry them.
    Opens(&'a [OpenedGroup]),
    /// Subnets come to have a route to an internet gateway.
    MakesPublic(&'a [PublicSubnet]),
    /// Objects go, and nothing takes their place.
    Deletes(Vec<&'a Change>),
    /// Objects go, and others take their place.
    Replaces(Vec<&'a Change>),
    /// Objects are stopped.
    Stops(Vec<&'a Change>),
    /// EC2's own protection is lifted from objects, so that they can go.
    Unprotects(Vec<&'a Change>),
    /// So much is gone for ever.
    Loses {
        /// Volumes with what is on them.
        volumes: usize,
        /// Addresses that others may know: those of the internet.
        addresses: usize,
        /// IPv6 ranges.
        ranges: usize,
    },
    /// Others see another address: whoever lets in only the old one shuts them out. Where that address is
    /// lost, that is reported already.
    Readdresses {
        /// Subnets, which stand for their hosts.
        subnets: Vec<&'a str>,
        /// Hosts with a public address of their own.
        hosts: Vec<&'a str>,
    },
}

impl Plan {
    /// What is at stake, the worst first; nothing where a plan only makes or changes what nobody feels.
    pub fn stakes(&self) -> Vec<Stake<'_>> {
        let exposures: Vec<&ReachChange> = self
            .reachability
            .iter()
            .flat_map(|told| &told.changes)
            .filter(|change| change.exposure)
            .collect();
        let of = |is: &dyn Fn(&Change) -> bool| {
            self.changes
                .iter()
                .filter(|change| is(change))
                .collect::<Vec<_>>()
        };
        let deleted = of(&|change| change.action == Action::Delete);
        let replaced = of(&|change| change.action == Action::Replace);
        let stopped =
            of(&|change| change.action == Action::Update && self.consent(change) == Some(Consent::Stop));
        let unprotected = of(&|change| change.lifts.is_some());
        let number = |is: fn(&Loss) -> bool| {
            self.changes
                .iter()
                .flat_map(|change| &change.losses)
                .filter(|loss| is(loss))
                .count()
        };
        let volumes = number(|loss| matches!(loss, Loss::RootVolume { .. } | Loss::Volume { .. }));
        let addresses = number(|loss| {
            matches!(
                loss,
                Loss::PublicAddress { .. } | Loss::ElasticIp { .. } | Loss::Ipv6Address { .. }
            )
        });
        let ranges = number(|loss| matches!(loss, Loss::Ipv6Range { .. }));
        let sources = || self.reachability.iter().flat_map(|told| &told.source_changes);
        let subnets: BTreeSet<&str> = sources()
            .flat_map(|change| &change.subnets)
            .map(String::as_str)
            .collect();
        let lose = self.changes.iter().filter(|change| {
            change
                .losses
                .iter()
                .any(|loss| matches!(loss, Loss::PublicAddress { .. }))
        });
        let losers: BTreeSet<String> = lose.map(|change| change.address.to_string()).collect();
        let hosts = sources().flat_map(|change| &change.hosts).map(String::as_str);
        let hosts: BTreeSet<&str> = hosts.filter(|host| !losers.contains(*host)).collect();
        let readdresses = Stake::Readdresses {
            subnets: subnets.into_iter().collect(),
            hosts: hosts.into_iter().collect(),
        };
        let is_readdressed = |stake: &Stake<'_>| matches!(stake, Stake::Readdresses { subnets, hosts } if !(subnets.is_empty() && hosts.is_empty()));
        let (groups, public) = self
            .reachability
            .as_ref()
            .map(|told| (&told.opened_groups[..], &told.public_subnets[..]))
            .unwrap_or_default();
        let stakes = [
            (exposures.is_empty(), Stake::Exposes(exposures)),
            (groups.is_empty(), Stake::Opens(groups)),
            (public.is_empty(), Stake::MakesPublic(public)),
            (deleted.is_empty(), Stake::Deletes(deleted)),
            (replaced.is_empty(), Stake::Replaces(replaced)),
            (stopped.is_empty(), Stake::Stops(stopped)),
            (unprotected.is_empty(), Stake::Unprotects(unprotected)),
            (
                volumes + addresses + ranges == 0,
                Stake::Loses {
                    volumes,
                    addresses,
                    ranges,
                },
            ),
            (!is_readdressed(&readdresses), readdresses),
        ];
        stakes
            .into_iter()
            .filter(|(is_none, _)| !is_none)
            .map(|(_, stake)| stake)
            .collect()
    }
}
