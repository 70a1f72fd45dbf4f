//! Judge: what differs at each address, and what that comes to: keep, create, update, replace or delete.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trueup_model::attr::TAGS;
use trueup_model::rules::just_created;
use trueup_model::rules::{Update, make, newborn};
use trueup_model::{
    Action, Address, AttributeChange, Call, Change, Consent, Disruption, Effect, Note, Object, Plan, Ref,
    Refusal, Refused, Remark, Resource, Role, Standing,
};

use crate::difference::{Difference, all_new};
use crate::fold::{Folded, unfold};
use crate::guard::{Foreign, is_free};
use crate::ownership_tags::{self, is_unfinished, protect, retire};
use crate::verdict::{Judged, Verdict};
use crate::{implicit, replacement, tags, unread};

mod finish;
mod replaced;

pub use finish::finish;

/// Decides about every address of the spec and every object of ours.
pub fn judge<'a>(folded: &'a Folded, plan: &mut Plan) -> Vec<Judged<'a>> {
    let mut judge = Judge::new(folded);
    judge.settle_replacements();
    let foreign = Foreign::new(folded);
    let mut judged = Vec::new();
    for (address, resource) in &folded.wanted {
        let goes = folded
            .live(address)
            .filter(|_| judge.comes_anew(address, resource));
        judged.extend(goes.and_then(|object| judge.leaving(address, object)));
        if !judge.is_out(address)
            && let Some(decided) = judge.wanted(address, resource, plan)
            && foreign.allows(&decided.verdict, plan)
            && is_free(folded, &decided.verdict, plan)
        {
            judged.push(decided);
        }
    }
    for (address, object) in unwanted(folded) {
        if object.implicit {
            judged.extend(judge.leaving(&address, object));
        } else if let Some(decided) = judge.unwanted(&address, object, plan)
            && is_free(folded, &decided.verdict, plan)
        {
            judged.push(decided);
        }
    }
    replacement::order(&mut judged);
    judged
}

/// Our objects whose address is not wanted, and what is left of earlier replacements.
fn unwanted(folded: &Folded) -> Vec<(Address, &Object)> {
    let gone = folded
        .holder
        .iter()
        .filter(|(address, _)| !folded.wanted.contains_key(address))
        .map(|(address, &index)| (address, index));
    let left = folded
        .retiring
        .iter()
        .flat_map(|(address, objects)| objects.iter().map(move |&index| (address, index)));
    gone.chain(left)
        .map(|(address, index)| (address.clone(), &folded.objects[index]))
        .collect()
}

struct Judge<'a> {
    folded: &'a Folded,
    /// What is there, by its id.
    by_id: HashMap<&'a str, &'a Object>,
    /// The addresses whose object is replaced, with the id of what goes.
    replaced: BTreeMap<Address, String>,
    /// The addresses whose ids this plan makes.
    new: BTreeSet<Address>,
    /// The addresses that the spec does not declare, and which resource of the spec names their objects all
    /// the same, by id.
    named: BTreeMap<Address, Address>,
    /// Who refers to each address.
    users: BTreeMap<&'a Address, Vec<&'a Address>>,
    /// What is not there and depends on something that could not be read.
    waiting: BTreeSet<&'a Address>,
    /// How each address that is there differs from what is wanted.
    differences: BTreeMap<&'a Address, Difference>,
    /// The same, as it is reported.
    changes: BTreeMap<&'a Address, Vec<AttributeChange>>,
}

impl<'a> Judge<'a> {
    fn new(folded: &'a Folded) -> Self {
        let new = folded
            .wanted
            .keys()
            .filter(|address| !folded.holder.contains_key(address))
            .cloned()
            .collect();
        let named = folded.wanted.iter().flat_map(|(user, resource)| {
            let refs = resource
                .record
                .refs()
                .into_iter()
                .filter_map(|reference| reference.address());
            refs.filter(|address| !folded.wanted.contains_key(address))
                .map(|address| (address.clone(), user.clone()))
        });
        let mut users: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
        for (address, resource) in &folded.wanted {
            for to in resource.record.refs().into_iter().filter_map(|r| r.address()) {
                users.entry(to).or_default().push(address);
            }
        }
        let waiting = replaced::waiting(folded, &users);
        let by_id = folded.objects.iter().map(|object| (object.id.as_str(), object));
        Self {
            folded,
            by_id: by_id.collect(),
            replaced: BTreeMap::new(),
            new,
            named: named.collect(),
            users,
            waiting,
            differences: BTreeMap::new(),
            changes: BTreeMap::new(),
        }
    }

    /// Whether nothing may be said about an address: it is refused, or its kind could not be read.
    fn is_out(&self, address: &Address) -> bool {
        self.folded.frozen.contains(address)
            || self.folded.unreadable.contains(&address.kind)
            || self.waiting.contains(address)
    }

    /// Whether objects of a kind that could not be read may refer to those of this one, or be referred to by
    /// them.
    fn is_protected(&self, object: &Object, resource: Option<&Resource>) -> bool {
        // guard: protection
        object.owner.as_ref().is_some_and(|owner| owner.protect)
            || resource.is_some_and(|resource| resource.protect)
    }

    /// Whether an object is one of two that were made for one address, has nothing that could be lost, and is
    /// used by nothing that stays: protection keeps the other one.
    fn is_redundant(&self, object: &Object) -> bool {
        // What EC2 made with it goes with it.
        let stays = |user: &Object| !user.implicit && !is_doubled(user);
        let uses = |user: &Object| {
            user.record
                .refs()
                .into_iter()
                .any(|reference| reference.id() == Some(&object.id))
        };
        is_doubled(object)
            && object.kind.rules().losses(object).is_empty()
            && !self.folded.objects.iter().any(|user| stays(user) && uses(user))
    }

    fn wanted(&self, address: &Address, resource: &'a Resource, plan: &mut Plan) -> Option<Judged<'a>> {
        let rules = address.kind.rules();
        let live = self
            .folded
            .live(address)
            .filter(|_| !self.comes_anew(address, resource));
        if resource.implicit && live.is_none() {
            return Some(self.found(address, resource));
        }
        let Some(object) = live else {
            let wanted = self.fitted(resource, None);
            let attributes = all_new(resource, &wanted, &self.new);
            let home = self.home(resource);
            let mut calls = make(resource, home, None);
            if resource.protect
                && Difference::new(
                    address.kind,
                    just_created(address.kind, &wanted),
                    wanted.into_owned(),
                )
                .costing(Effect::Stop)
                .next()
                .is_some()
            {
                calls.push(protect());
            }
            let mut change = change(address, Action::Create, None, Some(resource), attributes);
            change
                .notes
                .extend(rules.notes(&resource.record, None, &self.folded.lists));
            let mut verdict = Verdict::new(address, Action::Create, None, Some(resource), calls);
            verdict.home = home;
            return Some(Judged { verdict, change });
        };
        if self.folded.lost.contains(&object.id) {
            return Some(reclaim(&self.folded.topology, object, resource));
        }
        let difference = self.differences.get(address)?;
        let mut attributes = self.changes.get(address).cloned().unwrap_or_default();
        let (tag_calls, marked) = ownership_tags::update(object, resource, &attributes);
        attributes.extend(marked);
        let notes = rules.notes(&difference.after, Some(object), &self.folded.lists);
        if attributes.is_empty() && tag_calls.is_empty() {
            if unread::is_partly_known(object, Some(resource)) {
                return None;
            }
            plan.kept.push(address.clone());
            plan.remarks.extend(notes.into_iter().map(|note| Remark {
                address: address.clone(),
                note,
                place: resource.place.clone(),
            }));
            return None;
        }
        let worst = trueup_model::rules::worst(attributes.iter().map(|attribute| attribute.effect));
        let finishes = worst == Effect::Stop
            && is_unfinished(address.kind, difference)
            && !self.is_protected(object, None);
        if worst != Effect::InPlace && self.is_protected(object, Some(resource)) && !finishes {
            plan.refused.push(protected(
                address,
                object,
                if worst == Effect::Stop {
                    Consent::Stop
                } else {
                    Consent::Replace
                },
            ));
            return None;
        }
        let replaced = self.replaced.contains_key(address);
        if worst == Effect::Replace && !replaced {
            // What its replacement would meet could not be read.
            return None;
        }
        let update = Update {
            kind: address.kind,
            before: &difference.before,
            after: &difference.after,
            changed: difference.attributes.clone(),
            just_created: false,
            lists: &self.folded.lists,
        };
        if let Some(how) = rules.refuses(&update).filter(|_| !replaced) {
            let id = object.id.clone();
            plan.refused
                .push(Refusal::new(address, Refused::Unchangeable { id, how }));
            return None;
        }
        let mut calls = Vec::new();
        let mut tags_first = tag_calls;
        let mut losses = Vec::new();
        if replaced {
            calls = make(resource, self.home(resource), Some(&self.unfolded(object)));
            tags_first = retire(object, resource);
        } else {
            // Some tags are refused beside what is there before, others beside what is there after: those
            // that go are first, new ones last.
            let (gone, new): (Vec<Call>, Vec<Call>) = tags::calls(object, difference)
                .into_iter()
                .partition(|call| call.sets.is_empty());
            calls.extend(gone);
            calls.extend(rules.update(&update));
            calls.extend(new);
            losses = rules.losses_by_update(object, &update, worst);
            if finishes {
                // Protection comes last, as in a launch.
                let (late, first) = tags_first.into_iter().partition(|mark| *mark == protect());
                tags_first = first;
                calls.extend::<Vec<Call>>(late);
            }
        }
        let action = if replaced { Action::Replace } else { Action::Update };
        let mut change = change(address, action, Some(object), Some(resource), attributes);
        change.because = self.because(address, &mut BTreeSet::new());
        change.notes.extend(implicit::note(resource));
        change.notes.extend(notes);
        let mut verdict = Verdict::new(address, action, Some(object), Some(resource), calls);
        verdict.tag_calls = tags_first;
        verdict.home = self.home(resource);
        if replaced {
            verdict.ends = self.ends(object);
            losses = rules.losses(object);
            change.lifts = rules.lifts(object);
        }
        change.losses = losses;
        Some(Judged { verdict, change })
    }

    /// Whether another one comes with another VPC in place of what EC2 made with the one that is there.
    fn comes_anew(&self, address: &Address, resource: &Resource) -> bool {
        resource.implicit && self.replaced.contains_key(address)
    }

    /// What EC2 made with a VPC that goes lets go of what else goes, which EC2 would not end otherwise. It goes
    /// itself with its VPC.
    fn leaving(&self, address: &Address, object: &'a Object) -> Option<Judged<'a>> {
        let is_ours = |reference: &Ref| match reference {
            Ref::Name(_) => true,
            Ref::Id(id) => {
                let named = self.by_id.get(id.as_str());
                named.is_some_and(|object| object.is_of(&self.folded.topology))
            }
        };
        let mut ends = self.ends(object);
        ends.retain(|call| call.role() != Role::Delete && call.unsets.refs().into_iter().any(is_ours));
        if ends.is_empty() {
            return None;
        }
        let mut change = change(address, Action::Update, Some(object), None, Vec::new());
        change.notes.extend(implicit::lets_go(object));
        let mut verdict = Verdict::new(address, Action::Delete, Some(object), None, Vec::new());
        verdict.ends = ends;
        Some(Judged { verdict, change })
    }

    /// What EC2 will make with a VPC of this plan: it is found, and changed from how it is born.
    fn found(&self, address: &Address, resource: &'a Resource) -> Judged<'a> {
        let home = self.home(resource);
        let born = newborn(resource, home);
        let wanted = self.fitted(resource, None).into_owned();
        let attributes = Difference::new(address.kind, born, wanted).changes(resource, &self.new);
        let mut verdict = Verdict::new(
            address,
            Action::Create,
            None,
            Some(resource),
            make(resource, home, None),
        );
        verdict.home = home;
        let mut change = change(address, Action::Update, None, Some(resource), attributes);
        change.notes.extend(implicit::note(resource));
        Judged { verdict, change }
    }

    fn unwanted(&self, address: &Address, object: &'a Object, plan: &mut Plan) -> Option<Judged<'a>> {
        if self.folded.unreadable.contains(&object.kind)
            || self.folded.frozen.contains(address)
            || self.touches_unread(address.kind)
        {
            return None;
        }
        if unread::is_partly_known(object, None) {
            return None;
        }
        if let Some(user) = self.named.get(address) {
            let why = Refused::StillNamed {
                user: user.clone(),
                id: object.id.clone(),
            };
            plan.refused.push(Refusal::new(address, why));
            return None;
        }
        if self.is_protected(object, None) && !self.is_redundant(object) {
            plan.refused.push(protected(address, object, Consent::Delete));
            return None;
        }
        let rules = address.kind.rules();
        let mut change = change(address, Action::Delete, Some(object), None, Vec::new());
        change.losses = rules.losses(object);
        change.lifts = rules.lifts(object);
        change.notes.extend(match object.standing() {
            Some(Standing::Duplicate) => Some(Note::Duplicate),
            Some(Standing::Retiring(_)) => Some(Note::LeftOver),
            Some(Standing::Holds | Standing::Implicit) | None => None,
        });
        let mut verdict = Verdict::new(address, Action::Delete, Some(object), None, Vec::new());
        verdict.ends = self.ends(object);
        Some(Judged { verdict, change })
    }

    /// The calls that end an object. Its tags hold nothing, and others may have put some there.
    fn ends(&self, object: &Object) -> Vec<Call> {
        let mut calls = object.kind.rules().delete(&self.unfolded(object));
        calls.iter_mut().for_each(|call| drop(call.unsets.remove(TAGS)));
        calls
    }

    fn unfolded(&self, object: &Object) -> Object {
        Object {
            record: unfold(object.kind, &object.record, &self.replaced),
            ..object.clone()
        }
    }
}

/// What lost its tags gets them back, and nothing else happens to it: what else differs is another plan's.
fn reclaim<'a>(topology: &str, object: &'a Object, resource: &'a Resource) -> Judged<'a> {
    let address = &resource.address;
    let mut change = change(address, Action::Adopt, Some(object), Some(resource), Vec::new());
    change.notes.push(Note::Reclaimed {
        id: object.id.clone(),
    });
    let calls = vec![tags::give_back(topology, resource)];
    Judged {
        verdict: Verdict::new(address, Action::Adopt, Some(object), Some(resource), calls),
        change,
    }
}

fn change(
    address: &Address,
    action: Action,
    object: Option<&Object>,
    resource: Option<&Resource>,
    attributes: Vec<AttributeChange>,
) -> Change {
    Change {
        address: address.clone(),
        action,
        id: object.map(|object| object.id.clone()),
        because: Vec::new(),
        order: None,
        disruption: Disruption::None,
        lifts: None,
        losses: Vec::new(),
        notes: Vec::new(),
        source: resource.map(|resource| resource.place.clone()),
        attributes,
    }
}

/// Whether an object is one of two that were made for one address, and not the one that has it.
fn is_doubled(object: &Object) -> bool {
    object.standing() == Some(&Standing::Duplicate)
}

fn protected(address: &Address, object: &Object, from: Consent) -> Refusal {
    let why = Refused::Protected {
        from,
        id: object.id.clone(),
        duplicate: is_doubled(object),
    };
    Refusal::new(address, why)
}
