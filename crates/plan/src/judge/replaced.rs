//! Replacements: what is replaced, by its own change or because what it refers to is, and why.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use trueup_model::rules::opened;
use trueup_model::{
    Address, AttributeChange, Cause, Effect, Home, Kind, Object, Record, Ref, Resource, Type,
};

use super::Judge;
use crate::difference::{Difference, unknowns};
use crate::fold::{Folded, unfold};
use crate::unread;

/// What is not there and refers to something that could not be read, or to something else that waits.
pub fn waiting<'a>(
    folded: &'a Folded,
    users: &BTreeMap<&'a Address, Vec<&'a Address>>,
) -> BTreeSet<&'a Address> {
    let is_missing = |address: &&Address| !folded.holder.contains_key(*address);
    let unread = users
        .iter()
        .filter(|(to, _)| folded.unreadable.contains(&to.kind))
        .flat_map(|(_, users)| users);
    let mut queue: Vec<&Address> = unread.copied().filter(is_missing).collect();
    let mut found = BTreeSet::new();
    while let Some(address) = queue.pop() {
        if found.insert(address) {
            queue.extend(
                users
                    .get(address)
                    .into_iter()
                    .flatten()
                    .copied()
                    .filter(is_missing),
            );
        }
    }
    found
}

impl<'a> Judge<'a> {
    /// Compares every address with what is there, and finds everything that is replaced: by its own change, or
    /// because what it refers to is.
    ///
    /// The range of `subnet.a` (`subnet-1`) is edited, and `instance.x` stands in it:
    ///
    /// ```text
    /// look at   there is (unfolded)    wanted               differs          replaced after it
    /// x         subnet: subnet.a       subnet: subnet.a     no               {}
    /// a         10.0.1.0/24            10.0.2.0/24          yes: replace     {a: subnet-1}, x is looked at again
    /// x         subnet: subnet-1       subnet: subnet.a     yes: replace     {a: subnet-1, x: i-1}
    /// ```
    ///
    /// A name means the successor, and what is there refers to what goes: so its reference is turned back into
    /// the id, and differs. No rule of cascading is needed, and what can follow in place (a route) does so
    /// under the same comparison. Each address is replaced at most once, so this ends.
    pub fn settle_replacements(&mut self) {
        let mut queue: Vec<&'a Address> = self.folded.wanted.keys().collect();
        while let Some(address) = queue.pop() {
            let Some(object) = self.folded.live(address).filter(|_| !self.is_out(address)) else {
                continue;
            };
            if self.folded.lost.contains(&object.id) {
                continue;
            }
            let resource = &self.folded.wanted[address];
            let difference = self.difference(object, resource);
            let replaces = difference.costing(Effect::Replace).next().is_some();
            self.differences.insert(address, difference);
            if replaces
                && !self.replaced.contains_key(address)
                && !self.is_protected(object, Some(resource))
                && !self.touches_unread(address.kind)
            {
                self.replaced.insert(address.clone(), object.id.clone());
                self.new.insert(address.clone());
                // To its users it is another object now: they are compared once more.
                queue.extend(self.users.get(address).into_iter().flatten());
            }
        }
        let changes = |(address, difference): (&&'a Address, &Difference)| {
            (
                *address,
                difference.changes(&self.folded.wanted[*address], &self.new),
            )
        };
        self.changes = self.differences.iter().map(changes).collect();
    }

    /// Whether objects of a kind that could not be read may refer to those of this one, or be referred to by
    /// them.
    pub fn touches_unread(&self, kind: Kind) -> bool {
        let refers = |from: Kind, to: Kind| {
            from.schema()
                .attributes
                .iter()
                .any(|attribute| unread::kinds_of(&attribute.ty).contains(&to))
        };
        self.folded
            .unreadable
            .iter()
            .any(|unread| refers(kind, *unread) || refers(*unread, kind))
    }

    /// How what is wanted differs from what is there, of both what could be read; references to what is
    /// replaced are the ids of what goes, and what EC2 opens by this plan is open.
    fn difference(&self, object: &Object, resource: &Resource) -> Difference {
        let adrift = self.adrift(resource);
        let known =
            |record: &Record| unread::without(object, self.readable(object.kind, record)).without(adrift);
        let opens = self.home(resource).and_then(|home| home.gets_ipv6());
        let opened = opens.and_then(|_| opened(object));
        Difference::new(
            object.kind,
            known(&unfold(
                object.kind,
                opened.as_ref().unwrap_or(&object.record),
                &self.replaced,
            )),
            known(&self.fitted(resource, Some(object))),
        )
    }

    /// What is wanted of what is there, or of what is new.
    pub fn fitted<'r>(&self, resource: &'r Resource, object: Option<&Object>) -> Cow<'r, Record> {
        let rules = resource.address.kind.rules();
        let fitted = rules.fitted(resource, object, self.home(resource));
        fitted.map_or(Cow::Borrowed(&resource.record), Cow::Owned)
    }

    /// What a resource is in.
    pub fn home(&self, resource: &Resource) -> Option<Home<'a>> {
        let home = resource.address.kind.rules().home(&resource.record)?;
        let live = self.staying(home);
        let (kind, record) = match home {
            Ref::Name(address) => (address.kind, &self.folded.wanted.get(address)?.record),
            Ref::Id(_) => live.map(|object| (object.kind, &object.record))?,
        };
        let around = kind.rules().home(record).and_then(|around| self.staying(around));
        Some(Home { record, live, around })
    }

    /// What is live of what a reference means, where that stays.
    fn staying(&self, reference: &Ref) -> Option<&'a Object> {
        match reference {
            Ref::Name(address) => {
                let live = self.folded.live(address);
                live.filter(|_| !self.replaced.contains_key(address))
            }
            Ref::Id(id) => self.by_id.get(id.as_str()).copied(),
        }
    }

    /// The attributes that mean what the resource's home makes of them, where that could not be read.
    fn adrift(&self, resource: &Resource) -> &'static [&'static str] {
        let rules = resource.address.kind.rules();
        let by_home = rules.by_home();
        let is_read = |home: &Object| by_home.iter().all(|name| !home.unread.contains_key(*name));
        let is_known = match rules.home(&resource.record) {
            Some(Ref::Name(address)) => {
                !self.folded.unreadable.contains(&address.kind)
                    && self.folded.live(address).is_none_or(is_read)
            }
            Some(Ref::Id(id)) => self.by_id.get(id.as_str()).is_some_and(|home| is_read(home)),
            None => true,
        };
        if is_known { &[] } else { by_home }
    }

    /// A record without the attributes that refer to kinds that could not be read.
    fn readable(&self, kind: Kind, record: &Record) -> Record {
        if self.folded.unreadable.is_empty() {
            return record.clone();
        }
        let unread = |ty: &Type| {
            unread::kinds_of(ty)
                .iter()
                .any(|kind| self.folded.unreadable.contains(kind))
        };
        let names: Vec<&str> = kind
            .schema()
            .attributes
            .iter()
            .filter(|a| unread(&a.ty))
            .map(|a| a.name)
            .collect();
        record.without(&names)
    }
    /// The chain of reasons from the edited line to this address.
    pub fn because(&self, address: &Address, seen: &mut BTreeSet<Address>) -> Vec<Cause> {
        let (Some(resource), Some(changes)) = (self.folded.wanted.get(address), self.changes.get(address))
        else {
            return Vec::new();
        };
        if !seen.insert(address.clone()) {
            return Vec::new();
        }
        let mut attributes: Vec<&AttributeChange> = changes.iter().collect();
        attributes.sort_by_key(|attribute| std::cmp::Reverse(attribute.effect));
        let replaced = self.replaced.contains_key(address);
        for attribute in attributes
            .into_iter()
            .filter(|attribute| !replaced || attribute.effect == Effect::Replace)
        {
            let mut causes = Vec::new();
            if let Some(after) = &attribute.after {
                unknowns(after, &mut causes);
            }
            let cause = causes.into_iter().find(|to| self.replaced.contains_key(to));
            let mut chain = cause.map(|to| self.because(to, seen)).unwrap_or_default();
            if chain.is_empty() && !replaced {
                continue;
            }
            chain.push(Cause {
                address: address.clone(),
                attribute: attribute.path.clone(),
                place: attribute.place.clone().unwrap_or_else(|| resource.place.clone()),
                reason: Some(attribute.reason).filter(|reason| !reason.is_empty()),
            });
            return chain;
        }
        Vec::new()
    }
}
