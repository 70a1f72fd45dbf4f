//! The selectors of a question: who asks, and who is asked for.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use thiserror::Error;

use crate::address::{Family, number, of_range, public};
use trueup_model::expect::{AWS_SERVICES, INTERNET_V4, INTERNET_V6};
use trueup_model::kinds::vpc_endpoint::service;

use crate::engine::Engine;
use crate::network::Assignment;
use crate::packet_end::{Addresses, Listed, Match, Owner, PacketEnd};
use crate::partition::partition;

/// One end of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The interfaces that are called this: `instance.web`, or an id.
    Named(String),
    /// Every interface in a subnet, by the subnet's name or id.
    Subnet(usize),
    /// Every interface that carries a security group.
    Group(usize),
    /// Every interface of an interface endpoint.
    Endpoint(usize),
    /// Every interface with this tag, or with this value of it.
    Tag(String, Option<String>),
    /// Every public address that is nobody's here and no service's.
    Internet,
    /// Those of one family.
    InternetOver(Family),
    /// A service of AWS by its short name: `s3`.
    Service(String),
    /// The addresses of a range: the hosts here that have one of them, and what of it lies outside.
    Range(IpNet),
    /// One address.
    Address(IpAddr),
}

/// Why a text is no selector.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SelectorError {
    /// Nothing is called this.
    #[error(
        "`{0}` is nothing in this network: name an instance, a subnet, a security group, `internet`, `s3`, `dynamodb`, `cidr/10.0.0.0/16`, `tag/key=value` or an address"
    )]
    Nothing(String),
    /// It is empty of hosts.
    #[error("`{0}` has no hosts: nobody who is known is in it, or has it")]
    NoHosts(String),
    /// Several hosts have this address.
    #[error("`{0}` is the address of several hosts: name one of {1}")]
    Several(String, String),
}

/// What a selector consists of.
#[derive(Clone, Debug)]
pub enum Selected {
    /// An interface.
    Interface(usize),
    /// A piece of the internet.
    Outside(PacketEnd),
    /// A service of AWS: its addresses.
    Service(String, PacketEnd),
}

impl Selector {
    /// Reads a selector.
    pub fn read(engine: &Engine<'_>, text: &str) -> Result<Self, SelectorError> {
        let network = engine.network;
        let is = |named: &crate::network::Named, name: &str| {
            named.name == name || named.id.as_deref() == Some(name)
        };
        let subnet = |name: &str| {
            network
                .subnets
                .iter()
                .position(|subnet| is(&subnet.named, name))
                .map(Self::Subnet)
        };
        let group = |name: &str| {
            network
                .security_groups
                .iter()
                .position(|group| is(&group.named, name))
                .map(Self::Group)
        };
        // Services of AWS are written as prefix lists of theirs are: `aws/ssm`.
        if let Some(name) = text.strip_prefix("aws/") {
            return Ok(Self::Service(name.to_owned()));
        }
        match text {
            "internet" => return Ok(Self::Internet),
            INTERNET_V4 => return Ok(Self::InternetOver(Family::V4)),
            INTERNET_V6 => return Ok(Self::InternetOver(Family::V6)),
            _ => {}
        }
        if let Some(range) = text
            .strip_prefix("cidr/")
            .and_then(|range| range.parse::<IpNet>().ok())
        {
            return Ok(Self::Range(range.trunc()));
        }
        if let Some(tag) = text.strip_prefix("tag/") {
            let (key, value) = tag
                .split_once('=')
                .map_or((tag, None), |(key, value)| (key, Some(value.to_owned())));
            return Ok(Self::Tag(key.to_owned(), value));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        if network
            .interfaces
            .iter()
            .any(|interface| is(&interface.named, text))
        {
            return Ok(Self::Named(text.to_owned()));
        }
        let endpoint = || {
            let mut endpoints = network.endpoints.iter();
            endpoints
                .position(|endpoint| is(&endpoint.named, text))
                .map(Self::Endpoint)
        };
        if let Some(selector) = subnet(text).or_else(|| group(text)).or_else(endpoint) {
            return Ok(selector);
        }
        let is_served = network
            .endpoints
            .iter()
            .any(|endpoint| is_called(&endpoint.service, text));
        if AWS_SERVICES.contains(&text) || is_served || !services(engine, text).is_empty() {
            return Ok(Self::Service(text.to_owned()));
        }
        Err(SelectorError::Nothing(text.to_owned()))
    }

    /// The interfaces that belong to it.
    pub fn interfaces(&self, engine: &Engine<'_>) -> Vec<usize> {
        let all = engine.network.interfaces.iter().enumerate();
        let belongs = |(index, interface): &(usize, &crate::network::Interface)| match self {
            Self::Named(name) => interface.named.name == *name || interface.named.id.as_ref() == Some(name),
            // One that is being replaced is there twice.
            Self::Subnet(subnet) => is_same(&engine.network.subnets, interface.subnet, *subnet, |subnet| {
                &subnet.named
            }),
            Self::Group(group) => {
                let groups = &engine.network.security_groups;
                interface
                    .security_groups
                    .iter()
                    .any(|own| is_same(groups, *own, *group, |group| &group.named))
            }
            Self::Endpoint(endpoint) => of_endpoint(engine, *endpoint).contains(index),
            Self::Tag(key, value) => interface
                .tags
                .get(key)
                .is_some_and(|own| value.as_ref().is_none_or(|value| value == own)),
            Self::Range(range) => {
                addresses(engine, *index).any(|address| range.contains(&address))
                    || is_to_be_in(engine, *index, range)
            }
            Self::Address(address) => addresses(engine, *index).any(|own| own == *address),
            Self::Internet | Self::InternetOver(_) | Self::Service(_) => false,
        };
        all.filter(belongs).map(|(index, _)| index).collect()
    }

    /// The family of its addresses, where it is addresses and all of one family.
    pub(crate) fn family(&self) -> Option<Family> {
        match self {
            Self::InternetOver(family) => Some(*family),
            Self::Range(range) => Some(Family::of_range(range)),
            Self::Address(address) => Some(Family::of(*address)),
            _ => None,
        }
    }

    /// All that belongs to it.
    pub fn selected(&self, engine: &Engine<'_>) -> Result<Vec<Selected>, SelectorError> {
        let mut selected: Vec<Selected> = self
            .interfaces(engine)
            .into_iter()
            .map(Selected::Interface)
            .collect();
        match self {
            Self::Internet => {
                selected.extend(engine.internet(Family::V4).iter().cloned().map(Selected::Outside));
                selected.extend(engine.internet(Family::V6).iter().cloned().map(Selected::Outside));
            }
            Self::InternetOver(family) => {
                selected.extend(engine.internet(*family).iter().cloned().map(Selected::Outside));
            }
            Self::Service(name) => {
                selected.push(Selected::Service(name.clone(), service_spot(engine, name)?));
            }
            Self::Range(range) => {
                let family = Family::of_range(range);
                let outside = of_range(range)
                    .intersect(&public(family))
                    .subtract(&engine.owned_publics());
                selected.extend(
                    partition(engine.network, family, &outside, Listed::Unsure)
                        .into_iter()
                        .map(Selected::Outside),
                );
            }
            Self::Address(address) if selected.is_empty() => {
                let packet_end = PacketEnd::one(number(*address), Owner::Outside);
                if public(Family::of(*address)).contains(number(*address)) {
                    selected.push(Selected::Outside(packet_end));
                }
            }
            _ => {}
        }
        if selected.is_empty() {
            return Err(SelectorError::NoHosts(self.name(engine)));
        }
        Ok(selected)
    }

    /// All that packets to it may come to: addresses that nobody has are asked about too, and where their
    /// packets end is the answer.
    pub(crate) fn targets(&self, engine: &Engine<'_>) -> Result<Vec<Selected>, SelectorError> {
        match (self.selected(engine), self) {
            (Err(SelectorError::NoHosts(_)), Self::Range(range)) => {
                let family = Family::of_range(range);
                let pieces = partition(engine.network, family, &of_range(range), Listed::Unsure);
                Ok(pieces
                    .into_iter()
                    .map(|piece| {
                        Selected::Outside(PacketEnd {
                            owner: Owner::Unresolved,
                            ..piece
                        })
                    })
                    .collect())
            }
            (selected, _) => selected,
        }
    }
}

/// The interfaces of an endpoint; of one that is being replaced, those of both.
fn of_endpoint(engine: &Engine<'_>, endpoint: usize) -> Vec<usize> {
    let endpoints = &engine.network.endpoints;
    let own =
        (0..endpoints.len()).filter(|other| is_same(endpoints, *other, endpoint, |endpoint| &endpoint.named));
    own.flat_map(|own| endpoints[own].interfaces()).copied().collect()
}

/// Whether two parts are one, or have one name.
fn is_same<T: crate::network::Part>(
    parts: &crate::network::Table<T>,
    one: usize,
    other: usize,
    named: fn(&T) -> &crate::network::Named,
) -> bool {
    one == other || named(&parts[one]).name == named(&parts[other]).name
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            // In a network they have names: see [`Selector::name`].
            Self::Subnet(_) => f.write_str("subnet"),
            Self::Group(_) => f.write_str("security group"),
            Self::Endpoint(_) => f.write_str("endpoint"),
            Self::Tag(key, None) => write!(f, "tag/{key}"),
            Self::Tag(key, Some(value)) => write!(f, "tag/{key}={value}"),
            Self::Internet => f.write_str("internet"),
            Self::InternetOver(Family::V4) => f.write_str(INTERNET_V4),
            Self::InternetOver(Family::V6) => f.write_str(INTERNET_V6),
            Self::Service(name) => f.write_str(name),
            Self::Range(range) => write!(f, "cidr/{range}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// The addresses of an interface that are known, private and public.
fn addresses(engine: &Engine<'_>, interface: usize) -> impl Iterator<Item = IpAddr> {
    let known = |assigned: Assignment| {
        if let Assignment::Known(address) = assigned {
            Some(address)
        } else {
            None
        }
    };
    let own = &engine.network.interfaces[interface].addresses;
    own.iter()
        .flat_map(move |own| known(own.private).into_iter().chain(own.public.and_then(known)))
}

/// Whether an interface gets an address of a range, whichever EC2 chooses.
fn is_to_be_in(engine: &Engine<'_>, interface: usize, range: &IpNet) -> bool {
    let packet_end = engine.packet_end(Owner::Interface(interface, 0));
    packet_end.is_some_and(|packet_end| {
        matches!(packet_end.at, Addresses::Among(_)) && packet_end.is_in(range) == Match::Yes
    })
}

/// Whether a service of this full name is meant, by its short or its full name.
pub(crate) fn is_called(full: &str, name: &str) -> bool {
    full == name || service::short(full) == name
}

/// The prefix lists of a service, by its short or its full name.
fn services(engine: &Engine<'_>, name: &str) -> Vec<usize> {
    let lists = engine.network.prefix_lists.iter().enumerate();
    lists
        .filter(|(_, list)| list.is_service && is_called(&list.named.name, name))
        .map(|(index, _)| index)
        .collect()
}

/// The addresses of a service in the region of the network.
fn service_spot(engine: &Engine<'_>, name: &str) -> Result<PacketEnd, SelectorError> {
    let list = services(engine, name).first().copied();
    let set = list.and_then(|list| engine.network.prefix_lists[list].entries.as_ref());
    let set = set.map_or_else(
        || public(Family::V4),
        |entries| crate::address::of_ranges(entries).intersect(&public(Family::V4)),
    );
    Ok(PacketEnd::among(
        Family::V4,
        set,
        Owner::Outside,
        list.map_or(Listed::Unsure, Listed::In),
    ))
}
