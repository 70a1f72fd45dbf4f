//! What is known while a plan runs: which id each address has, and the facts of each object.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trueup_model::{Address, Object, Plan, Record, Role, Step, StepAction, Target};

/// Ids and facts, from the read before the plan and from the steps since.
#[derive(Debug)]
pub struct Known {
    /// What EC2 calls the resource of each address: an id, or a name where references follow the name.
    called: HashMap<Address, String>,
    /// What EC2 calls what each address had before the plan: what is taken away is taken from that.
    held: HashMap<Address, String>,
    /// The objects that this run made.
    made: HashMap<Address, String>,
    facts: BTreeMap<String, Record>,
}

impl Known {
    /// What the plan knows.
    pub fn new(plan: &Plan) -> Self {
        let replaced: BTreeSet<&str> = plan
            .steps
            .iter()
            .filter(|step| step.action == StepAction::Delete && step.call.role() == Role::Delete)
            .filter_map(|step| step.target.as_deref())
            .collect();
        let name = |object: &Object| {
            object
                .kind
                .rules()
                .ec2_name(&object.record)
                .unwrap_or_else(|| object.id.clone())
        };
        // What is left over from an earlier replacement comes first, so that the holder of its address takes
        // its place.
        let is_holder = |object: &&Object| object.claim(&plan.topology).is_some();
        let left_over = plan.objects.values().filter(|object| !is_holder(object));
        let objects: Vec<&Object> = left_over.chain(plan.objects.values().filter(is_holder)).collect();
        let ours = || {
            objects
                .iter()
                .filter_map(|object| Some((object.address(&plan.topology)?, *object)))
        };
        let called = ours()
            .filter(|(_, object)| !replaced.contains(object.id.as_str()))
            .map(|(address, object)| (address, name(object)))
            .collect();
        let held = ours().map(|(address, object)| (address, name(object))).collect();
        let facts = plan
            .objects
            .values()
            .map(|object| (object.id.clone(), object.facts.clone()))
            .collect();
        Self {
            called,
            held,
            made: HashMap::new(),
            facts,
        }
    }

    /// What EC2 calls the resource of an address.
    pub fn called(&self, address: &Address) -> Option<String> {
        self.called.get(address).cloned()
    }

    /// What EC2 calls what an address had before the plan, or has now where it is new.
    pub fn held(&self, address: &Address) -> Option<String> {
        self.held
            .get(address)
            .or_else(|| self.called.get(address))
            .cloned()
    }

    /// The object that a step acts on: the one that it names, or the one that this run made for its address.
    pub fn target(&self, step: &Step) -> Option<Target> {
        let id = step
            .target
            .clone()
            .or_else(|| self.made.get(&step.address).cloned())?;
        let facts = self.facts.get(&id).cloned().unwrap_or_default();
        Some(Target { id, facts })
    }

    /// A step made this object.
    pub fn made(&mut self, step: &Step, id: &str) {
        let name = step
            .address
            .kind
            .rules()
            .ec2_name(&step.call.sets)
            .unwrap_or_else(|| id.to_owned());
        self.called.insert(step.address.clone(), name);
        self.made.insert(step.address.clone(), id.to_owned());
    }

    /// A step learned these facts about an object.
    pub fn learned(&mut self, id: &str, facts: &Record) {
        self.facts.entry(id.to_owned()).or_default().set_all(facts);
    }
}
