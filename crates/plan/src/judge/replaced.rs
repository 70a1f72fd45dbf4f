//! Replacements: what is replaced, by its own change or because what it refers to is, and why.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Address, Effect, Kind, Object, Record, Resource, Type};

use super::Judge;
use crate::diff::{diff, unknowns};
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

impl Judge<'_> {
    /// Finds everything that is replaced: by its own change, or because what it refers to is.
    pub fn settle_replacements(&mut self) {
        let mut queue: Vec<&Address> = self.folded.wanted.keys().collect();
        while let Some(address) = queue.pop() {
            let Some(object) = self
                .folded
                .live(address)
                .filter(|_| !self.replaced.contains_key(address))
            else {
                continue;
            };
            let resource = &self.folded.wanted[address];
            if self.is_out(address)
                || self.is_protected(object, Some(resource))
                || self.folded.lost.contains(&object.id)
            {
                continue;
            }
            let (before, after) = self.sides(object, resource);
            let effects = address
                .kind
                .schema()
                .attributes
                .iter()
                .filter(|a| a.differs(after.get(a.name), before.get(a.name)));
            let replaces = effects
                .map(|a| a.effect(before.get(a.name), after.get(a.name)))
                .max()
                == Some(Effect::Replace);
            if replaces && !self.touches_unread(address.kind) {
                self.replaced.insert(address.clone(), object.id.clone());
                self.new.insert(address.clone());
                queue.extend(self.users.get(address).into_iter().flatten());
            }
        }
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

    /// What is there, with references to what is replaced as the ids of what goes, and what is wanted: of
    /// both what could be read.
    pub fn sides(&self, object: &Object, resource: &Resource) -> (Record, Record) {
        let known = |record: &Record| unread::without(object, self.readable(object.kind, record));
        let fitted = object.kind.rules().fitted(resource, object);
        (
            known(&unfold(object.kind, &object.record, &self.replaced)),
            known(fitted.as_ref().unwrap_or(&resource.record)),
        )
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
    pub fn because(&self, address: &Address, seen: &mut BTreeSet<Address>) -> Vec<String> {
        let (Some(resource), Some(object)) = (self.folded.wanted.get(address), self.folded.live(address))
        else {
            return Vec::new();
        };
        if !seen.insert(address.clone()) {
            return Vec::new();
        }
        let (before, after) = self.sides(object, resource);
        let mut attributes = diff(address.kind, Some(&before), &after, resource, &self.new);
        attributes.sort_by_key(|attribute| std::cmp::Reverse(attribute.effect));
        let replaced = self.replaced.contains_key(address);
        for attribute in attributes
            .iter()
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
            let place = attribute.place.clone().unwrap_or_else(|| resource.place.clone());
            let reason = if attribute.reason.is_empty() {
                "follows in place"
            } else {
                attribute.reason
            };
            chain.push(format!(
                "{address}.{} ({}:{}): {reason}",
                attribute.path, place.file, place.line
            ));
            return chain;
        }
        Vec::new()
    }
}
