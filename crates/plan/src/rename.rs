//! Renames: what a plan deletes, and creates again just so at another address. Retagging would keep the
//! object.

use std::collections::BTreeMap;

use trueup_model::attr::Attr;
use trueup_model::{Action, Address, Kind, Object, Record, Ref, Renamed, Resource, Value};

use crate::difference::Difference;
use crate::verdict::Judged;

/// Comparisons for one kind: of thousands that go and come nobody would take one by one back.
const COMPARED_MAX: usize = 40_000;

/// What goes and what comes, of one kind.
type Sides<'a> = (Vec<(&'a Address, &'a Object)>, Vec<(&'a Address, &'a Resource)>);

/// What was probably only renamed: a deletion and a creation that are equal, and of which neither is equal to
/// another one.
pub fn renames(judged: &[Judged<'_>]) -> Vec<Renamed> {
    let mut kinds: BTreeMap<Kind, Sides<'_>> = BTreeMap::new();
    for Judged { verdict, .. } in judged {
        let sides = kinds.entry(verdict.address.kind).or_default();
        match (verdict.action, verdict.object, verdict.resource) {
            (Action::Delete, Some(object), _)
                if !object.implicit && object.owner.as_ref().is_some_and(|owner| owner.standing.holds()) =>
            {
                sides.0.push((&verdict.address, object));
            }
            (Action::Create, None, Some(resource)) if !resource.implicit => {
                sides.1.push((&verdict.address, resource));
            }
            _ => {}
        }
    }
    kinds.retain(|_, (gone, new)| {
        !gone.is_empty() && gone.len() * new.len() <= COMPARED_MAX && !new.is_empty()
    });
    let mut found: Vec<Renamed> = Vec::new();
    // What refers to something that was renamed is equal only under its new name.
    loop {
        let names: BTreeMap<Address, Address> = found
            .iter()
            .map(|renamed| (renamed.from.clone(), renamed.to.clone()))
            .collect();
        let before = found.len();
        for (gone, new) in kinds.values() {
            found.extend(pairs(gone, new, &names));
        }
        if found.len() == before {
            found.sort_by(|a, b| a.from.cmp(&b.from));
            return found;
        }
    }
}

/// The pairs of equal ones that are not known yet and that no other one is equal to.
fn pairs(
    gone: &[(&Address, &Object)],
    new: &[(&Address, &Resource)],
    names: &BTreeMap<Address, Address>,
) -> Vec<Renamed> {
    let known = |address: &Address| names.keys().chain(names.values()).any(|name| name == address);
    let mut equal: Vec<Renamed> = Vec::new();
    for (from, object) in gone.iter().filter(|(address, _)| !known(address)) {
        let record = object.record.map_refs(&|reference| {
            let named = reference.address().and_then(|address| names.get(address));
            Value::Ref(named.map_or_else(|| reference.clone(), |name| Ref::Name(name.clone())))
        });
        for (to, resource) in new.iter().filter(|(address, _)| !known(address)) {
            if let Some(keep) = differences(from, &record, resource) {
                equal.push(Renamed {
                    from: (*from).clone(),
                    to: (*to).clone(),
                    id: object.id.clone(),
                    keep,
                });
            }
        }
    }
    let alone = |renamed: &&Renamed| {
        equal
            .iter()
            .filter(|other| other.from == renamed.from || other.to == renamed.to)
            .count()
            == 1
    };
    equal.iter().filter(alone).cloned().collect()
}

/// The attributes in which an object is only called otherwise than the resource, and how; none where more
/// than that differs. Tags change in place and say nothing.
fn differences(from: &Address, live: &Record, resource: &Resource) -> Option<BTreeMap<&'static str, String>> {
    let (to, wanted) = (&resource.address, &resource.record);
    let mut keep = BTreeMap::new();
    for name in Difference::new(to.kind, live.clone(), wanted.clone()).attributes {
        // What follows from the resource's own name differs because of that.
        let (old, new) = (
            live.text(Attr::<str>::new(name)),
            wanted.text(Attr::<str>::new(name)),
        );
        let rest = old.strip_suffix(from.name.as_str())?;
        if new.strip_suffix(to.name.as_str()) != Some(rest) {
            return None;
        }
        keep.insert(name, old.to_owned());
    }
    Some(keep)
}
