//! Verdicts: what is decided about one object or address.

use trueup_model::{Action, Address, Call, Change, Claim, Constraint, Home, Object, Order, Resource};

/// What is decided about one object or address, and what is told of it.
#[derive(Debug)]
pub struct Judged<'a> {
    /// For whoever makes steps of it.
    pub verdict: Verdict<'a>,
    /// For the reader.
    pub change: Change,
}

/// What is decided about one object or address, with the calls that it takes.
#[derive(Debug)]
pub struct Verdict<'a> {
    /// Whose verdict.
    pub address: Address,
    /// What is decided; never `Forget` yet.
    pub action: Action,
    /// The live object, where there is one.
    pub object: Option<&'a Object>,
    /// What is wanted, where something is.
    pub resource: Option<&'a Resource>,
    /// What that is in.
    pub home: Option<Home<'a>>,
    /// Which comes first in a replacement.
    pub order: Option<Order>,
    /// Why it must be delete first.
    pub constraint: Option<Constraint>,
    /// The calls that make or change the object.
    pub calls: Vec<Call>,
    /// The calls that end the live object.
    pub ends: Vec<Call>,
    /// Changes of the tags of ownership: the mark of retiring or of protection.
    pub tag_calls: Vec<Call>,
}

impl<'a> Verdict<'a> {
    /// What its calls take that only one object can have.
    pub fn takes(&self) -> Vec<Claim> {
        self.calls
            .iter()
            .flat_map(|call| self.address.kind.rules().claims(&self.address, &call.sets))
            .collect()
    }

    /// What the end of its live object gives up.
    pub fn gives_up(&self) -> Vec<Claim> {
        self.ends
            .iter()
            .flat_map(|call| self.address.kind.rules().claims(&self.address, &call.unsets))
            .collect()
    }

    /// A verdict with these calls, and nothing else yet.
    pub fn new(
        address: &Address,
        action: Action,
        object: Option<&'a Object>,
        resource: Option<&'a Resource>,
        calls: Vec<Call>,
    ) -> Self {
        Self {
            address: address.clone(),
            action,
            object,
            resource,
            home: None,
            order: None,
            constraint: None,
            calls,
            ends: Vec::new(),
            tag_calls: Vec::new(),
        }
    }
}
