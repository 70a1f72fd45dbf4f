//! Lower: from verdicts to steps, one call each, in an order that EC2 accepts.

mod handover;
mod turns;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trueup_model::attr::{Attr, TAGS};
use trueup_model::schema::{Follow, Members};
use trueup_model::{
    Action, Address, After, Call, Claim, Kind, Needs, Order, Plan, Record, Ref, Refusal, Refused, Resource,
    Role, Step, StepAction, StepReason, Type, Value, tags,
};

use crate::fold::Folded;
use crate::graph::{Before, Graph, Why};
use crate::implicit;
use crate::verdict::{Judged, Verdict};

/// A step before it has a number.
struct Node<'v> {
    verdict: &'v Verdict<'v>,
    action: StepAction,
    call: &'v Call,
    target: Option<String>,
}

/// Steps that would each have to come before the others.
#[derive(Debug)]
pub struct Circle {
    /// Whose steps they are.
    pub addresses: BTreeSet<Address>,
    /// The steps: the action of each, and whose it is.
    steps: Vec<(&'static str, Address)>,
}

impl From<Circle> for Refusal {
    fn from(circle: Circle) -> Self {
        let address = circle
            .addresses
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        Self::new(&address, Refused::Circle { steps: circle.steps })
    }
}

/// Writes the steps of the verdicts into the plan, unless their demands make a circle that nothing may break.
pub fn lower(folded: &Folded, judged: &[Judged<'_>], plan: &mut Plan) -> Result<(), Circle> {
    let mut lowering = Lowering::default();
    for Judged { verdict, .. } in judged {
        lowering.verdict(verdict);
    }
    lowering.references();
    lowering.claims();
    let mut refused = lowering.hooks(folded);
    refused.extend(lowering.given_away(folded));
    lowering.handover();
    let peer_groups = lowering.turns(folded.at_once);
    let nodes = lowering.nodes;
    let mut graph = lowering.graph;
    if let Err(circle) = graph.break_cycles(nodes.len()) {
        let steps = circle
            .iter()
            .map(|&node| (nodes[node].call.action.name, nodes[node].verdict.address.clone()))
            .collect();
        let addresses = circle
            .iter()
            .map(|&node| nodes[node].verdict.address.clone())
            .collect();
        return Err(Circle { addresses, steps });
    }
    plan.refused.extend(refused);
    plan.turns = peer_groups
        .iter()
        .map(|group| group.note(&graph, folded.at_once))
        .collect();
    number(&nodes, &graph, &plan.topology.clone(), plan);
    Ok(())
}

/// Gives the steps their numbers.
fn number(nodes: &[Node<'_>], graph: &Graph, topology: &str, plan: &mut Plan) {
    // What ends something comes as late as it may.
    let keys: Vec<(bool, &Address, usize)> = nodes
        .iter()
        .enumerate()
        .map(|(index, node)| (node.action == StepAction::Delete, &node.verdict.address, index))
        .collect();
    let ordered = graph.order(&keys);
    let numbers: HashMap<usize, usize> = ordered
        .iter()
        .enumerate()
        .map(|(number, &node)| (node, number + 1))
        .collect();
    let before = graph.before();
    for &index in &ordered {
        let node = &nodes[index];
        let verdict = node.verdict;
        let mut after: Vec<Before<'_>> = before
            .get(&index)
            .into_iter()
            .flatten()
            .map(|(before, why, reason)| (numbers[before], *why, *reason))
            .collect();
        after.sort_unstable_by_key(|(number, ..)| *number);
        let creates = node.call.role() == Role::Create;
        let mut why: Vec<StepReason> = after
            .iter()
            .filter_map(|(_, _, reason)| reason.cloned())
            .collect();
        why.dedup();
        plan.steps.push(Step {
            number: numbers[&index],
            action: node.action,
            address: verdict.address.clone(),
            target: node.target.clone(),
            replaces: verdict.object.filter(|_| creates).map(|object| object.id.clone()),
            ownership: verdict
                .resource
                .filter(|resource| creates && !resource.implicit)
                .map(|resource| ownership(topology, resource, verdict))
                .unwrap_or_default(),
            call: node.call.clone(),
            why,
            yields: after
                .iter()
                .filter(|(_, why, _)| why.yields())
                .map(|(number, ..)| *number)
                .collect(),
            after: after.into_iter().map(|(number, ..)| number).collect(),
            source: verdict.resource.map(|resource| resource.place.clone()),
        });
    }
}

/// The tags of ownership that a create writes: those that no later call of its verdict does.
fn ownership(topology: &str, resource: &Resource, verdict: &Verdict<'_>) -> Record {
    let later = verdict.calls.iter().filter_map(|call| call.sets.get(TAGS));
    let later: Vec<&str> = later.flat_map(Record::iter).map(|(key, _)| key).collect();
    tags::ownership(topology, resource).without(&later)
}

#[derive(Default)]
struct Lowering<'v> {
    nodes: Vec<Node<'v>>,
    graph: Graph,
    /// The step that makes an address.
    created: HashMap<&'v Address, usize>,
    /// The last step that completes or changes an address.
    ready: HashMap<&'v Address, usize>,
    /// The step that ends an object, by its id.
    ended: HashMap<&'v str, usize>,
    /// The first step on the way to the end of an object, by its id.
    ends: HashMap<&'v str, usize>,
    /// The object that an address has now, where it ends.
    ending: HashMap<&'v Address, &'v str>,
    /// The step that opens the gap of a replacement that deletes first.
    gaps: HashMap<&'v Address, usize>,
}

impl<'v> Lowering<'v> {
    /// The steps of one verdict, each after the one before.
    fn verdict(&mut self, verdict: &'v Verdict<'v>) {
        let live = verdict.object.map(|object| object.id.clone());
        let (make, target) = match verdict.action {
            Action::Update | Action::Adopt => (StepAction::Update, live.clone()),
            _ => (StepAction::Create, None),
        };
        let mut chain: Vec<(StepAction, &Call, Option<String>)> = Vec::new();
        let tag_calls = verdict
            .tag_calls
            .iter()
            .map(|call| (StepAction::Retire, call, live.clone()));
        let calls = verdict.calls.iter().map(|call| (make, call, target.clone()));
        let ends = verdict
            .ends
            .iter()
            .map(|call| (StepAction::Delete, call, live.clone()));
        if verdict.order == Some(Order::DeleteFirst) {
            chain.extend(ends);
            chain.extend(calls);
        } else {
            chain.extend(tag_calls);
            chain.extend(calls);
            chain.extend(ends);
        }
        let (first, mut before) = (self.nodes.len(), Vec::new());
        let mut last = None;
        for (action, call, target) in chain {
            let index = self.nodes.len();
            self.nodes.push(Node {
                verdict,
                action,
                call,
                target,
            });
            match (verdict.action, last) {
                (Action::Update, _) => self.follow(first, index, &mut before),
                (_, Some(last)) => self.graph.edge(last, index, Why::Must, None),
                (_, None) => {}
            }
            last = Some(index);
            self.note(index);
        }
    }

    /// A step follows the one before it of its verdict. Where EC2 takes two calls for what is there in either
    /// order, that is only a preference, and the step follows by itself those for which it is none. `before`
    /// has for each step of the verdict, the `first` on, those that must come before it.
    fn follow(&mut self, first: usize, index: usize, before: &mut Vec<BTreeSet<usize>>) {
        let later = &self.nodes[index];
        let rules = later.verdict.address.kind.rules();
        let is_preference = |earlier: usize| {
            let earlier = &self.nodes[earlier];
            let are_updates = [earlier.action, later.action]
                .iter()
                .all(|action| *action == StepAction::Update);
            are_updates && rules.commute(earlier.call, later.call)
        };
        let mut covered: BTreeSet<usize> = BTreeSet::new();
        let mut fixed: Vec<usize> = Vec::new();
        for earlier in (first..index).rev() {
            if !is_preference(earlier) && !covered.contains(&earlier) {
                fixed.push(earlier);
                covered.insert(earlier);
                covered.extend(&before[earlier - first]);
            }
        }
        let last = index
            .checked_sub(1)
            .filter(|last| *last >= first && !fixed.contains(last));
        last.into_iter()
            .for_each(|last| self.graph.edge(last, index, Why::Keep, None));
        fixed
            .into_iter()
            .for_each(|earlier| self.graph.edge(earlier, index, Why::Must, None));
        before.push(covered);
    }

    /// Remembers what a step does to its address.
    fn note(&mut self, index: usize) {
        let node = &self.nodes[index];
        let address = &node.verdict.address;
        match (node.action, node.call.role()) {
            (_, Role::Create) => {
                self.created.insert(address, index);
                self.ready.insert(address, index);
            }
            // What is new is complete without what EC2 gave it unasked; of what is there, what only takes
            // away completes nothing.
            (StepAction::Create, Role::Modify) => {
                self.ready.insert(address, index);
            }
            // Nobody needs the tags of what it refers to, and they may come before all else: who waited for them
            // would not wait for what is needed.
            (StepAction::Update, Role::Modify) if node.call.action == tags::action::CREATE => {
                self.ready.entry(address).or_insert(index);
            }
            (StepAction::Update, Role::Modify) if !node.call.sets.is_empty() => {
                self.ready.insert(address, index);
            }
            (_, Role::Delete) => {
                if let Some(object) = node.verdict.object {
                    self.ended.insert(&object.id, index);
                    // What an address has is its holder, and not what is left over from an earlier
                    // replacement.
                    let left_over = object.owner.as_ref().is_some_and(|owner| !owner.standing.holds());
                    if !left_over || !self.ending.contains_key(address) {
                        self.ending.insert(address, &object.id);
                    }
                }
            }
            _ => {}
        }
        if let (StepAction::Delete, Some(object)) = (node.action, node.verdict.object) {
            self.ends.entry(&object.id).or_insert(index);
            if node.verdict.order == Some(Order::DeleteFirst) {
                self.gaps.entry(address).or_insert(index);
            }
        }
    }

    /// A step follows what makes the objects that it refers to, and precedes what ends the objects that it
    /// lets go of.
    ///
    /// A subnet moves from the table `old`, which goes, to the table `new`, which comes:
    ///
    /// ```text
    /// CreateRouteTable new ──must──┐
    /// CreateRoute      new ──ready─┴─> ReplaceRouteTableAssociation ──release──> DeleteRouteTable old
    ///                                  sets   route_table: new
    ///                                  unsets route_table: old
    /// ```
    ///
    /// What is in `sets` must be there (must) and complete (ready, which may give way in a circle). What is
    /// in `unsets` and not in `sets` is let go of, so it ends later; by how much EC2 insists on that, the
    /// edge is `Must`, `Release` or `Loose`.
    fn references(&mut self) {
        for index in 0..self.nodes.len() {
            let (call, action) = (self.nodes[index].call, self.nodes[index].action);
            let own = &self.nodes[index].verdict.address;
            let sets = call.sets.refs();
            for address in sets.iter().filter_map(|reference| reference.address()) {
                let maker = match call.needs {
                    Needs::Exists => self.created.get(address),
                    Needs::Ready => self.ready.get(address).filter(|_| address != own),
                };
                if let Some(&maker) = maker {
                    let why = if self.created.get(address) == Some(&maker) {
                        Why::Must
                    } else {
                        Why::Ready
                    };
                    self.graph.edge(maker, index, why, None);
                }
                // Completing may give way in a circle, existing may not.
                // guard: order of references
                if let Some(&created) = self.created.get(address) {
                    self.graph.edge(created, index, Why::Must, None);
                    if let Some(&end) = self.gaps.get(own) {
                        self.graph.edge(created, end, Why::Gap, None);
                    }
                }
            }
            let loose = loose(own.kind, &call.unsets);
            for reference in call
                .unsets
                .refs()
                .into_iter()
                .filter(|reference| !sets.contains(reference))
            {
                let id = match reference {
                    Ref::Id(id) => Some(id.as_str()),
                    Ref::Name(address) => self.ending.get(address).copied(),
                };
                // Who moves away from an object does so before anything is taken from it; what ends with it,
                // before it ends.
                let ends = if action == StepAction::Delete {
                    &self.ended
                } else {
                    &self.ends
                };
                // guard: order of releases
                if let Some(&end) = id.and_then(|id| ends.get(id)) {
                    let why = match action {
                        _ if loose.contains(reference) => Why::Loose,
                        StepAction::Delete => Why::Must,
                        _ => Why::Release,
                    };
                    self.graph.edge(index, end, why, None);
                }
            }
        }
    }

    /// A step that takes something exclusive follows the steps that give it up.
    fn claims(&mut self) {
        let mut freed: BTreeMap<String, Vec<(Claim, usize)>> = BTreeMap::new();
        let mut taken: Vec<(Claim, usize)> = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let rules = node.verdict.address.kind.rules();
            let takes = rules.claims(&node.verdict.address, &node.call.sets);
            for claim in rules.claims(&node.verdict.address, &node.call.unsets) {
                if !takes.contains(&claim) {
                    freed.entry(claim.space.clone()).or_default().push((claim, index));
                }
            }
            taken.extend(takes.into_iter().map(|claim| (claim, index)));
        }
        self.certain_before_any(&taken);
        for (claim, taker) in taken {
            for (held, holder) in freed.get(&claim.space).into_iter().flatten() {
                // guard: order of claims
                if held.clashes(&claim) {
                    self.graph.edge(
                        *holder,
                        taker,
                        Why::Must,
                        Some(StepReason::OnlyOne(claim.what.clone())),
                    );
                }
            }
        }
    }

    /// Where EC2 chooses for one step, it might choose what another one must have: that one comes first.
    /// Where that closes a circle, what EC2 might give away is held by something else until then.
    fn certain_before_any(&mut self, taken: &[(Claim, usize)]) {
        let mut certain: HashMap<&str, Vec<(&Claim, usize)>> = HashMap::new();
        for (claim, index) in taken
            .iter()
            .filter(|(_, index)| self.nodes[*index].call.role() == Role::Create)
        {
            certain.entry(&claim.space).or_default().push((claim, *index));
        }
        for (index, node) in self.nodes.iter().enumerate() {
            let spaces = node.verdict.address.kind.rules().takes_any(node.call);
            let claimed = spaces.iter().filter_map(|space| certain.get(space.as_str()));
            for (claim, first) in claimed.flatten() {
                let reason = StepReason::TakenFirst {
                    by: self.nodes[*first].verdict.address.clone(),
                    what: claim.what.clone(),
                };
                self.graph.edge(*first, index, Why::Ready, Some(reason));
            }
        }
    }

    /// What an object is to have and EC2 has given to another one that stays: no step of the plan takes it away
    /// there, so EC2 would refuse.
    fn given_away(&self, folded: &Folded) -> Vec<Refusal> {
        let claims = |address: &Address, record: &Record| address.kind.rules().claims(address, record);
        let freed = self
            .nodes
            .iter()
            .flat_map(|node| claims(&node.verdict.address, &node.call.unsets));
        let freed: BTreeSet<String> = freed.map(|claim| claim.what).collect();
        let mut given: HashMap<String, Vec<(Claim, &Address)>> = HashMap::new();
        for (address, resource) in &folded.wanted {
            let stays = folded
                .live(address)
                .filter(|object| !self.ended.contains_key(object.id.as_str()));
            let asked = claims(address, &resource.record);
            for claim in stays
                .into_iter()
                .flat_map(|object| claims(address, &object.record))
            {
                if !asked.contains(&claim) && !freed.contains(&claim.what) {
                    given
                        .entry(claim.space.clone())
                        .or_default()
                        .push((claim, address));
                }
            }
        }
        let mut refused = Vec::new();
        for node in &self.nodes {
            let address = &node.verdict.address;
            for claim in claims(address, &node.call.sets) {
                let clashes = |(held, other): &&(Claim, &Address)| held.clashes(&claim) && *other != address;
                if let Some((_, other)) = given
                    .get(&claim.space)
                    .and_then(|given| given.iter().find(clashes))
                {
                    let why = Refused::GivenAway {
                        what: claim.what,
                        other: (*other).clone(),
                    };
                    refused.push(Refusal::new(address, why));
                }
            }
        }
        refused
    }

    /// The constraints of EC2 that no reference shows; answers those that no step of the plan fulfils.
    fn hooks(&mut self, folded: &Folded) -> Vec<Refusal> {
        let mut refused = Vec::new();
        let view = folded.view();
        let empty = Record::new();
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let address = &node.verdict.address;
            let record = node.verdict.resource.map_or(&empty, |resource| &resource.record);
            let mut hooks = address.kind.rules().after(address, node.call, record, &view);
            hooks.extend(implicit::after(node.verdict));
            for after in hooks {
                let (other, step) = match &after {
                    After::Ready(other) => (other, self.ready.get(other).copied()),
                    After::Gone(other, id) => (other, self.ended.get(id.as_str()).copied()),
                    After::Changed(other, id, attribute) => (
                        other,
                        self.ended
                            .get(id.as_str())
                            .copied()
                            .or_else(|| self.changes(other, attribute)),
                    ),
                    After::Without(other, id, attribute, member) => (
                        other,
                        self.ended
                            .get(id.as_str())
                            .copied()
                            .or_else(|| self.takes_out(other, attribute, member)),
                    ),
                };
                if matches!(after, After::Gone(..)) && step.is_none() {
                    let why = Refused::Stays {
                        call: node.call.action.name,
                        other: other.clone(),
                    };
                    refused.push(Refusal::new(address, why));
                }
                // guard: order of hooks
                if let Some(step) = step.filter(|_| other != address) {
                    let reason = reason(node.call.action.name, after);
                    self.graph.edge(step, index, Why::Must, reason);
                }
            }
        }
        refused
    }

    /// The step that changes an attribute of an address.
    fn changes(&self, address: &Address, attribute: &str) -> Option<usize> {
        let touches = |call: &Call| call.sets.has(attribute) || call.unsets.has(attribute);
        self.nodes
            .iter()
            .position(|node| node.verdict.address == *address && touches(node.call))
    }

    /// The step that takes the member with this key out of a set of an address.
    fn takes_out(&self, address: &Address, attribute: &'static str, member: &Value) -> Option<usize> {
        let members = members_of(address.kind, attribute)?;
        let key = members.key(member);
        let has = |record: &Record| {
            record
                .list(Attr::new(attribute))
                .iter()
                .any(|other| members.key(other) == key)
        };
        let takes = |call: &Call| has(&call.unsets) && !has(&call.sets);
        self.nodes
            .iter()
            .position(|node| node.verdict.address == *address && takes(node.call))
    }
}

/// Why a call waits for what its kind's hook names.
fn reason(call: &'static str, after: After) -> Option<StepReason> {
    Some(match after {
        After::Ready(other) => StepReason::Needs { call, other },
        After::Gone(other, _) => StepReason::WhileThere { call, other },
        After::Changed(other, _, attribute) => StepReason::UntilChanged {
            call,
            other,
            attribute,
        },
        After::Without(other, _, attribute, member) => StepReason::WhileMember {
            call,
            member: members_of(other.kind, attribute)?.key(&member),
            other,
            attribute,
        },
    })
}

/// The members of an attribute that is a set.
fn members_of(kind: Kind, attribute: &str) -> Option<&'static Members> {
    match kind.schema().attribute(attribute)?.ty {
        Type::Set(members) => Some(members),
        _ => None,
    }
}

/// The references of a record that do not hold what they lead to: those that follow the name, and those whose
/// kind says so.
fn loose(kind: Kind, record: &Record) -> Vec<Ref> {
    let named = |name: &str| {
        kind.schema()
            .attribute(name)
            .is_some_and(|a| matches!(a.ty, Type::Ref(_, Follow::Name)))
    };
    let names: Vec<&str> = record
        .iter()
        .map(|(name, _)| name)
        .filter(|name| named(name) || !kind.schema().holds(name))
        .collect();
    record.only(&names).refs().into_iter().cloned().collect()
}
