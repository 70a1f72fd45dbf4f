//! Judge: what differs at each address, and what that comes to: keep, create, update, replace or delete.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::rules::{Update, make};
use trueup_model::{
    Action, Address, AttributeChange, Call, Change, Claim, Diagnostic, Disruption, Effect, Kind, Object,
    Order, Plan, Record, Refusal, Resource, Role, Type, Value,
};

use crate::diff::{diff, unknowns};
use crate::fold::{DOUBLED, Folded, unfold};
use crate::guard::{Foreign, is_free};
use crate::marks::{is_unfinished, marks, protect, retire, stops};
use crate::{replacement, tags, unread};

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
    /// Which comes first in a replacement.
    pub order: Option<Order>,
    /// Why it must be delete first.
    pub constraint: Option<String>,
    /// The calls that make or change the object.
    pub calls: Vec<Call>,
    /// The calls that end the live object.
    pub ends: Vec<Call>,
    /// Changes of the tags of ownership: the mark of retiring or of protection.
    pub marks: Vec<Call>,
}

impl Verdict<'_> {
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
}

/// Decides about every address of the spec and every object of ours.
pub fn judge<'a>(folded: &'a Folded, plan: &mut Plan) -> Vec<Verdict<'a>> {
    let mut judge = Judge::new(folded);
    judge.settle_replacements();
    let foreign = Foreign::new(folded);
    let mut verdicts = Vec::new();
    for (address, resource) in &folded.wanted {
        if judge.is_out(address) {
            continue;
        }
        if let Some((verdict, change)) = judge.wanted(address, resource, plan)
            && foreign.allows(&verdict, plan)
            && is_free(folded, &verdict, plan)
        {
            verdicts.push(verdict);
            plan.changes.push(change);
        }
    }
    for (address, object) in unwanted(folded) {
        if let Some((verdict, change)) = judge.unwanted(&address, object, plan)
            && is_free(folded, &verdict, plan)
        {
            verdicts.push(verdict);
            plan.changes.push(change);
        }
    }
    plan.changes
        .sort_by(|a, b| (&a.address, a.action, &a.id).cmp(&(&b.address, b.action, &b.id)));
    replacement::order(&mut verdicts);
    verdicts
}

/// Puts into the changes what only the whole plan decides: which object of a replacement comes first, and
/// what that is felt as.
pub fn finish(verdicts: &[Verdict<'_>], plan: &mut Plan) {
    let key = |address: &Address, id: Option<&String>| (address.clone(), id.cloned());
    let by_object: BTreeMap<_, _> = verdicts
        .iter()
        .map(|v| (key(&v.address, v.object.map(|o| &o.id)), v))
        .collect();
    let moved = moved(plan);
    for change in &mut plan.changes {
        if let Some(verdict) = by_object.get(&key(&change.address, change.id.as_ref())) {
            complete(change, verdict, moved.contains(&change.address));
        }
    }
}

/// What goes and is left by its users before that: each of them has something else in its place.
fn moved(plan: &Plan) -> BTreeSet<Address> {
    let gone: BTreeSet<&Address> = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .map(|change| &change.address)
        .collect();
    let mut left: BTreeMap<&Address, bool> = BTreeMap::new();
    for attribute in plan
        .changes
        .iter()
        .filter(|change| change.action != Action::Delete)
        .flat_map(|change| &change.attributes)
    {
        let Some(before) = &attribute.before else { continue };
        before.each_ref(&mut |reference| {
            if let Some(address) = reference.address().filter(|address| gone.contains(address)) {
                *left.entry(address).or_insert(true) &= attribute.after.is_some();
            }
        });
    }
    left.into_iter()
        .filter(|(_, moves)| *moves)
        .map(|(address, _)| address.clone())
        .collect()
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

/// What is not there and refers to something that could not be read, or to something else that waits.
fn waiting<'a>(folded: &'a Folded, users: &BTreeMap<&'a Address, Vec<&'a Address>>) -> BTreeSet<&'a Address> {
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

struct Judge<'a> {
    folded: &'a Folded,
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
        let waiting = waiting(folded, &users);
        Self {
            folded,
            replaced: BTreeMap::new(),
            new,
            named: named.collect(),
            users,
            waiting,
        }
    }

    /// Finds everything that is replaced: by its own change, or because what it refers to is.
    fn settle_replacements(&mut self) {
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

    /// Whether nothing may be said about an address: it is refused, or its kind could not be read.
    fn is_out(&self, address: &Address) -> bool {
        self.folded.frozen.contains(address)
            || self.folded.unreadable.contains(&address.kind)
            || self.waiting.contains(address)
    }

    /// Whether objects of a kind that could not be read may refer to those of this one, or be referred to by
    /// them.
    fn touches_unread(&self, kind: Kind) -> bool {
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
    fn sides(&self, object: &Object, resource: &Resource) -> (Record, Record) {
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

    fn is_protected(&self, object: &Object, resource: Option<&Resource>) -> bool {
        // guard: protection
        object.owner.as_ref().is_some_and(|owner| owner.protect)
            || resource.is_some_and(|resource| resource.protect)
    }

    /// Whether an object is one of two that were made for one address, has nothing that could be lost, and is
    /// used by nothing that stays: protection keeps the other one.
    fn is_spare(&self, object: &Object) -> bool {
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

    fn wanted(
        &self,
        address: &Address,
        resource: &'a Resource,
        plan: &mut Plan,
    ) -> Option<(Verdict<'a>, Change)> {
        let rules = address.kind.rules();
        let Some(object) = self.folded.live(address) else {
            let attributes = diff(address.kind, None, &resource.record, resource, &self.new);
            let mut calls = make(address.kind, &resource.record, None);
            if resource.protect
                && stops(address.kind, &rules.born(&resource.record), &resource.record)
                    .next()
                    .is_some()
            {
                calls.push(protect());
            }
            let mut change = change(address, Action::Create, None, Some(resource), attributes);
            change
                .notes
                .extend(rules.notes(&resource.record, None, &self.folded.lists));
            return Some((
                verdict(address, Action::Create, None, Some(resource), calls),
                change,
            ));
        };
        if self.folded.lost.contains(&object.id) {
            return Some(reclaim(&self.folded.topology, object, resource));
        }
        let (before, after) = self.sides(object, resource);
        let mut attributes = diff(address.kind, Some(&before), &after, resource, &self.new);
        let (marks, marked) = marks(object, resource, &attributes);
        attributes.extend(marked);
        let notes = rules.notes(&resource.record, Some(object), &self.folded.lists);
        if attributes.is_empty() && marks.is_empty() {
            if unread::is_partly_known(object, Some(resource)) {
                return None;
            }
            plan.kept.push(address.clone());
            plan.diagnostics.extend(notes.into_iter().map(|note| {
                Diagnostic::note("kept", format!("{address}: {note}")).at(resource.place.clone(), "")
            }));
            return None;
        }
        let worst = trueup_model::rules::worst(attributes.iter().map(|attribute| attribute.effect));
        let finishes = worst == Effect::Stop
            && is_unfinished(address.kind, &before, &after)
            && !self.is_protected(object, None);
        if worst != Effect::InPlace && self.is_protected(object, Some(resource)) && !finishes {
            plan.refused.push(protected(
                address,
                object,
                if worst == Effect::Stop {
                    "stopping"
                } else {
                    "replacing"
                },
            ));
            return None;
        }
        let replaced = self.replaced.contains_key(address);
        if worst == Effect::Replace && !replaced {
            // What its replacement would meet could not be read.
            return None;
        }
        let mut calls = Vec::new();
        let mut verdict_marks = marks;
        let mut losses = Vec::new();
        if replaced {
            calls = make(address.kind, &resource.record, Some(&self.unfolded(object)));
            verdict_marks = retire(object, resource);
        } else {
            // Some tags are refused beside what is there before, others beside what is there after: those
            // that go are first, new ones last.
            let (gone, new): (Vec<Call>, Vec<Call>) = tags::calls(object, &before, &after)
                .into_iter()
                .partition(|call| call.sets.is_empty());
            calls.extend(gone);
            let update = Update::new(address.kind, &before, &after, false).knowing(&self.folded.lists);
            calls.extend(rules.update(&update));
            calls.extend(new);
            losses = rules.losses_by_update(object, &update, worst);
            if finishes {
                // Protection comes last, as in a launch.
                let (late, first) = verdict_marks.into_iter().partition(|mark| *mark == protect());
                verdict_marks = first;
                calls.extend::<Vec<Call>>(late);
            }
        }
        let action = if replaced { Action::Replace } else { Action::Update };
        let mut change = change(address, action, Some(object), Some(resource), attributes);
        change.because = self.because(address, &mut BTreeSet::new());
        change.notes.extend(notes);
        let mut verdict = verdict(address, action, Some(object), Some(resource), calls);
        verdict.marks = verdict_marks;
        if replaced {
            verdict.ends = self.ends(object);
            losses = rules.losses(object);
            change.lifts = rules.lifts(object);
        }
        change.losses = losses;
        Some((verdict, change))
    }

    fn unwanted(
        &self,
        address: &Address,
        object: &'a Object,
        plan: &mut Plan,
    ) -> Option<(Verdict<'a>, Change)> {
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
            let why = format!(
                "{user} still names {} by its id, and the spec does not declare {address} any more: change {user}, or declare {address} again",
                object.id
            );
            plan.refused.push(Refusal {
                guard: "in_use",
                address: address.to_string(),
                why,
            });
            return None;
        }
        if self.is_protected(object, None) && !self.is_spare(object) {
            plan.refused.push(protected(address, object, "deleting"));
            return None;
        }
        let rules = address.kind.rules();
        let mut change = change(address, Action::Delete, Some(object), None, Vec::new());
        change.losses = rules.losses(object);
        change.lifts = rules.lifts(object);
        change.notes.extend(
            match object.owner.as_ref().and_then(|owner| owner.retiring.as_deref()) {
                Some(DOUBLED) => {
                    Some("two runs made it at the same time: this is the one that is used less".to_owned())
                }
                Some(_) => Some("left over from an earlier replacement".to_owned()),
                None => None,
            },
        );
        let mut verdict = verdict(address, Action::Delete, Some(object), None, Vec::new());
        verdict.ends = self.ends(object);
        Some((verdict, change))
    }

    /// The calls that end an object. Its tags hold nothing, and others may have put some there.
    fn ends(&self, object: &Object) -> Vec<Call> {
        let mut calls = object.kind.rules().delete(&self.unfolded(object));
        calls.iter_mut().for_each(|call| drop(call.unsets.remove("tags")));
        calls
    }

    fn unfolded(&self, object: &Object) -> Object {
        Object {
            record: unfold(object.kind, &object.record, &self.replaced),
            ..object.clone()
        }
    }

    /// The chain of reasons from the edited line to this address.
    fn because(&self, address: &Address, seen: &mut BTreeSet<Address>) -> Vec<String> {
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

fn verdict<'a>(
    address: &Address,
    action: Action,
    object: Option<&'a Object>,
    resource: Option<&'a Resource>,
    calls: Vec<Call>,
) -> Verdict<'a> {
    Verdict {
        address: address.clone(),
        action,
        object,
        resource,
        order: None,
        constraint: None,
        calls,
        ends: Vec::new(),
        marks: Vec::new(),
    }
}

/// What lost its tags gets them back, and nothing else happens to it: what else differs is another plan's.
fn reclaim<'a>(topology: &str, object: &'a Object, resource: &'a Resource) -> (Verdict<'a>, Change) {
    let address = &resource.address;
    let mut change = change(address, Action::Adopt, Some(object), Some(resource), Vec::new());
    change.notes.push(format!(
        "{} was made for it by an equal call and lost its tags: it gets them back, and nothing else is done",
        object.id
    ));
    let calls = vec![tags::give_back(topology, resource)];
    (
        verdict(address, Action::Adopt, Some(object), Some(resource), calls),
        change,
    )
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
    object
        .owner
        .as_ref()
        .is_some_and(|owner| owner.retiring.as_deref() == Some(DOUBLED))
}

fn protected(address: &Address, object: &Object, what: &str) -> Refusal {
    let id = &object.id;
    let why = if is_doubled(object) {
        format!(
            "{what} {id} is refused: two runs made an object for {address} at the same time, this is the one that is used less, and it \
             is protected. Remove its tag `trueup:protect`, if it really is the one that must go"
        )
    } else {
        format!(
            "{what} {id} is refused: it is protected. Set `protect: false` and apply that first, if it really must happen"
        )
    };
    Refusal {
        guard: "protected",
        address: address.to_string(),
        why,
    }
}

/// What a successor is made with instead of what the spec says, because the old one still has that.
fn differently_named(verdict: &Verdict<'_>) -> Option<String> {
    let wanted = &verdict.resource?.record;
    let create = verdict.calls.iter().find(|call| call.role == Role::Create)?;
    let differs = |(name, value): &(&str, &Value)| {
        value
            .as_text()
            .zip(wanted.get(name))
            .is_some_and(|(text, wanted)| wanted.as_text() != Some(text))
    };
    let (name, value) = create.sets.iter().find(differs)?;
    Some(format!(
        "its {name} at EC2 is {value} from now on: the one that goes still has {}",
        wanted.text(name)
    ))
}

/// Puts into a change what its verdict says in the end.
fn complete(change: &mut Change, verdict: &Verdict<'_>, moved: bool) {
    let rules = change.address.kind.rules();
    change.order = verdict.order;
    change.notes.extend(verdict.constraint.iter().cloned());
    change.notes.extend(differently_named(verdict));
    let is_felt = |object: &Object| rules.loss_disruption(object) >= Disruption::Outage;
    if verdict.order == Some(Order::DeleteFirst) && verdict.object.is_some_and(is_felt) {
        change
            .notes
            .push("the old one has gone when EC2 is asked for the new one: where EC2 refuses that, nothing brings the old one back".into());
    }
    let in_place = change.attributes.iter().map(|a| {
        let name = a.path.split('.').next().unwrap_or_default();
        rules.disruption(name, a.before.as_ref(), a.after.as_ref())
    });
    change.disruption = match (change.action, verdict.object) {
        (Action::Create | Action::Adopt, _) | (_, None) => Disruption::None,
        (Action::Update, _) if !change.losses.is_empty() => Disruption::AddressLost,
        (Action::Update, _) => in_place.max().unwrap_or_default(),
        (_, Some(object)) => match (rules.loss_disruption(object), verdict.order) {
            // The successor is there before the old one goes: only what is open breaks.
            (Disruption::Outage, Some(Order::CreateFirst)) => Disruption::Reset,
            // Without a successor nothing works again, unless its users have gone to another one before.
            (Disruption::Reset | Disruption::Gap | Disruption::Outage, None) => {
                if moved {
                    Disruption::Reset
                } else {
                    Disruption::Outage
                }
            }
            (disruption, _) => disruption,
        },
    };
}
