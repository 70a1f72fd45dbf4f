//! The bulk read: every kind side by side, then what only some objects need, then what one kind says about
//! another.

mod complete;
mod consistency;
mod found;
mod held;
mod interfaces;
mod lost;
mod other_regions;
mod others;
mod outside;
mod page;
mod rounds;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trueup_model::{CloudError, ErrorClass, Kind, Object, Observed, Ref, Scope, Site, implicit};

pub use consistency::tagged;
pub use found::{Found, Links, ObservedState};
pub use lost::lost;
pub use other_regions::elsewhere;
pub use others::others;
pub use outside::{Shown, States, outside};
pub use page::Pages;
pub(crate) use page::pages;

use crate::failure::Failure;
use crate::{Ec2, filter, kinds, prefix_list};

/// What this process made a moment ago may not be shown at once: the read is repeated after these pauses.
const AGAIN: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];

/// Answers that do not agree with each other are asked for so often: what is new shows in one list before it
/// shows in another.
const CONSISTENT_READS_MAX: u32 = 4;

/// Everything of a region that a plan for this scope needs.
pub async fn observe(ec2: &Ec2, scope: &Scope) -> Result<Observed, CloudError> {
    let mut pauses = AGAIN.iter();
    let mut reads = 0;
    loop {
        let (observed, whole) = once(ec2, scope).await?;
        let shown = |kind: &Kind, id: &str| {
            observed.unreadable.contains_key(kind)
                || observed
                    .objects
                    .iter()
                    .any(|object| object.kind == *kind && object.id == id)
        };
        // guard: visibility of what was made
        let missing = ec2
            .session
            .recently_created()
            .iter()
            .any(|(kind, id)| !shown(kind, id));
        reads += 1;
        match pauses.next() {
            Some(pause) if missing || (!whole && reads < CONSISTENT_READS_MAX) => {
                tokio::time::sleep(*pause).await;
            }
            _ => return Ok(observed),
        }
    }
}

async fn once(ec2: &Ec2, scope: &Scope) -> Result<(Observed, bool), CloudError> {
    let is_named = |kind: Kind| scope.declared.keys().any(|address| address.kind == kind);
    let ours = [filter::topology(&scope.topology)];
    let list = |kind| {
        // Instances are the largest answers, and others' instances say nothing that EC2 does not say when it
        // matters.
        let filters = if kind == Kind::Instance { &ours[..] } else { &[] };
        kinds::read(ec2, kind, filters)
    };
    let rounds::Rounds {
        lists,
        tagged,
        interfaces,
    } = rounds::read(
        Kind::ALL,
        is_named,
        list,
        consistency::tagged(ec2, scope),
        interfaces::interfaces(ec2),
    )
    .await;
    let mut unreadable = Unreadable::default();
    let mut by_kind = BTreeMap::new();
    let mut links = Links::default();
    let mut gone = BTreeSet::new();
    let tagged = match tagged {
        Ok(tagged) => tagged,
        Err(failure) => {
            // Whose anything is, nobody knows.
            Kind::ALL
                .into_iter()
                .try_for_each(|kind| unreadable.note(kind, failure.clone()))?;
            None
        }
    };
    for (kind, read) in lists {
        match read {
            Ok(found) => {
                if found.deletion_in_flight {
                    ec2.session.deletion_begins();
                }
                links.merge(found.links);
                gone.extend(found.gone);
                by_kind.insert(kind, found.objects);
            }
            Err(failure) => unreadable.note(kind, failure)?,
        }
    }
    ec2.session.learn_gone(gone.iter().cloned());
    let elsewhere = elsewhere_than(&ec2.site, &by_kind);
    let missing = consistency::check(&by_kind, scope, tagged.as_ref(), &|id| {
        gone.contains(id) || elsewhere.contains(id) || ec2.session.is_ended(id)
    });
    // guard: reads that fail
    let whole = consistency::confirm(ec2, missing, &mut unreadable).await?;
    let is_gone = |id: &str| gone.contains(id) || ec2.session.is_ended(id);
    held::tell(&mut by_kind, scope, &links.leaving, &is_gone);
    held::tell_volumes(&mut by_kind, scope, &is_gone);
    for objects in by_kind.values_mut() {
        objects.retain(|object| !ec2.session.is_ended(&object.id));
    }
    complete::complete(ec2, scope, &mut by_kind, &links, &mut unreadable).await?;
    // What a list that the spec names weighs. Without an answer it is one entry for all that is known, and
    // the look at what is outside tells why.
    if scope.names_lists && !ec2.session.knows_prefix_lists() {
        let _ = prefix_list::learn(ec2).await;
    }
    unreadable.spread();
    let is_stranger = |object: &&Object| !object.is_of(&scope.topology);
    let strangers = by_kind
        .values()
        .flatten()
        .filter(is_stranger)
        .map(|object| object.id.clone())
        .collect();
    let interfaces = interfaces.without(|instance| gone.contains(instance) || ec2.session.is_ended(instance));
    ec2.session.read(gone, strangers);
    let mut objects: Vec<_> = by_kind
        .into_iter()
        .filter(|(kind, _)| !unreadable.kinds.contains_key(kind))
        .flat_map(|(_, objects)| objects)
        .collect();
    objects.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
    implicit::claim(&scope.topology, &scope.implicit, &mut objects);
    Ok((
        Observed {
            site: ec2.site.clone(),
            objects,
            unreadable: unreadable.kinds,
            lists: ec2.session.prefix_list_entries(),
            interfaces,
            ..Observed::default()
        },
        whole,
    ))
}

/// The ids of what objects refer to and no list of this account and region has.
fn elsewhere_than(site: &Site, by_kind: &BTreeMap<Kind, Vec<Object>>) -> BTreeSet<String> {
    let objects = by_kind.values().flatten();
    let refers = objects.filter_map(|object| object.kind.rules().elsewhere(&object.record, site));
    refers.filter_map(Ref::id).map(str::to_owned).collect()
}

/// The kinds that could not be read.
#[derive(Debug, Default)]
pub struct Unreadable {
    kinds: BTreeMap<Kind, String>,
}

impl Unreadable {
    /// A kind could not be read. Without credentials or a connection nothing can be known at all: that is the
    /// error.
    pub fn note(&mut self, kind: Kind, failure: Failure) -> Result<(), CloudError> {
        let error = CloudError::from(failure);
        if matches!(error.class, ErrorClass::Credentials | ErrorClass::Connection) {
            return Err(error);
        }
        // guard: reads that fail
        self.kinds.entry(kind).or_insert(error.message);
        Ok(())
    }

    /// Kinds whose records need the answer about another kind are unreadable with it.
    fn spread(&mut self) {
        for kind in Kind::ALL {
            let unread = kinds::live(kind)
                .needs()
                .iter()
                .find_map(|needed| Some((needed, self.kinds.get(needed)?)));
            if let Some((needed, why)) = unread {
                let why = format!("{needed} cannot be read: {why}");
                self.kinds.entry(kind).or_insert(why);
            }
        }
    }
}
