//! What one answer leaves out: calls that only some objects need, and what one kind's answer says about
//! another kind.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use trueup_model::{CloudError, Kind, Object, Scope};

use super::{Links, Unreadable};
use crate::failure::Failure;
use crate::kinds::live;
use crate::{Ec2, prefix_list};

/// Completes the records of all kinds.
pub async fn complete(
    ec2: &Ec2,
    scope: &Scope,
    by_kind: &mut BTreeMap<Kind, Vec<Object>>,
    links: &Links,
    unreadable: &mut Unreadable,
) -> Result<(), CloudError> {
    let listed = speaking_of_lists(by_kind, scope);
    let enriched = by_kind
        .iter_mut()
        .map(|(kind, objects)| async { (*kind, live(*kind).enrich(ec2, scope, objects).await) });
    let (enriched, lists) = join(join_all(enriched), names(ec2, !listed.is_empty())).await;
    for (kind, done) in enriched {
        if let Err(failure) = done {
            unreadable.note(kind, failure)?;
        }
    }
    for kind in listed {
        if let Err(failure) = &lists {
            unreadable.note(kind, failure.clone())?;
        } else if let Some((sets, field)) = live(kind).prefix_lists() {
            let objects = by_kind.get_mut(&kind).into_iter().flatten();
            objects
                .filter(|object| prefix_list::is_used(object, sets, field))
                .for_each(|object| prefix_list::name(ec2, object, sets, field));
        }
    }
    for object in by_kind.values_mut().flatten() {
        live(object.kind).complete(object, links, scope);
    }
    Ok(())
}

/// The kinds of which something of ours speaks of a prefix list.
fn speaking_of_lists(by_kind: &BTreeMap<Kind, Vec<Object>>, scope: &Scope) -> Vec<Kind> {
    let speak = |kind: &Kind, objects: &[Object]| {
        live(*kind).prefix_lists().is_some_and(|(sets, field)| {
            objects
                .iter()
                .any(|object| object.is_of(&scope.topology) && prefix_list::is_used(object, sets, field))
        })
    };
    let kinds = by_kind.iter().filter(|(kind, objects)| speak(kind, objects));
    kinds.map(|(kind, _)| *kind).collect()
}

/// Learns the names of AWS's own prefix lists, where they are needed and not known.
async fn names(ec2: &Ec2, are_needed: bool) -> Result<(), Failure> {
    if are_needed && !ec2.session.knows_prefix_lists() {
        prefix_list::learn(ec2).await?;
    }
    Ok(())
}
