//! Consent: what cannot be undone, and who allowed it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use trueup_model::{Address, Change, Consent, ExistingElsewhere, Plan};

/// One consent that a plan needs, printed as it is given: `replace:subnet.private`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// To what.
    pub what: Consent,
    /// For which resource.
    pub address: Address,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.what.code(), self.address)
    }
}

/// One consent given: to all of a sort, or for one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    what: Consent,
    address: Option<Address>,
}

/// Why a text is no consent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a consent: write delete, replace, stop, second, unprotect or reclaim, or one of them with an address, such as replace:subnet.private"
)]
pub struct AllowError(String);

impl FromStr for Allow {
    type Err = AllowError;

    fn from_str(text: &str) -> Result<Self, AllowError> {
        let bad = || AllowError(text.to_owned());
        let (what, address) = match text.split_once(':') {
            Some((what, address)) => (what, Some(address.parse().map_err(|_| bad())?)),
            None => (text, None),
        };
        Ok(Self {
            what: Consent::from_code(what).ok_or_else(bad)?,
            address,
        })
    }
}

impl Allow {
    fn covers(&self, need: &Need) -> bool {
        self.what == need.what
            && self
                .address
                .as_ref()
                .is_none_or(|address| *address == need.address)
    }
}

/// The consents that a plan needs, in the order of its changes.
pub fn needs(plan: &Plan) -> Vec<Need> {
    let need = |what: Consent, address: &Address| Need {
        what,
        address: address.clone(),
    };
    let of = |change: &Change| {
        plan.consents(change)
            .map(|what| need(what, &change.address))
            .collect::<Vec<_>>()
    };
    let beside: Vec<&Address> = match &plan.existing {
        Some(ExistingElsewhere::Untagged(all)) => all.keys().collect(),
        Some(ExistingElsewhere::Topology(_) | ExistingElsewhere::Regions(_)) => plan
            .changes
            .first()
            .map(|change| &change.address)
            .into_iter()
            .collect(),
        None => Vec::new(),
    };
    let second = beside.into_iter().map(|address| need(Consent::Second, address));
    second.chain(plan.changes.iter().flat_map(of)).collect()
}

/// The consents that a plan needs and nobody gave.
pub fn missing(plan: &Plan, allowed: &[Allow]) -> Vec<Need> {
    needs(plan)
        .into_iter()
        .filter(|need| !allowed.iter().any(|allow| allow.covers(need)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consents_are_read_and_cover_what_they_say() {
        let need = Need {
            what: Consent::Replace,
            address: "subnet.a".parse().unwrap(),
        };
        assert_eq!(need.to_string(), "replace:subnet.a");
        assert!("replace".parse::<Allow>().unwrap().covers(&need));
        assert!("replace:subnet.a".parse::<Allow>().unwrap().covers(&need));
        assert!(!"replace:subnet.b".parse::<Allow>().unwrap().covers(&need));
        assert!(!"delete".parse::<Allow>().unwrap().covers(&need));
        assert!("everything".parse::<Allow>().is_err());
        assert!("replace:nowhere".parse::<Allow>().is_err());
    }
}
