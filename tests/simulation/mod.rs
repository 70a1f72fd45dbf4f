//! Simulation: random networks, edited and meddled with at random, over an EC2 at its worst, by processes
//! that die, are stopped or are not alone. Whatever happens, nothing is lost, doubled or left behind. A seed
//! decides everything, so that what fails fails again.

mod invariants;
mod luck;
mod meddling;
pub mod network;
mod process;
mod scenario;
pub mod secrets;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::time::sleep;
use trueup_model::{Guard, Object, Observed, Plan, Refused, Standing, Topology};
use trueup_sandbox::{Behaviour, DEFAULT_REGION, Options, Sandbox};

use crate::{World, paused};
use luck::{Fate, Luck};
use network::Network;
use process::{Aim, Ground, Log, Order, Process, Spec};
pub use scenario::{Scenario, Trouble};
use secrets::Secrets;

/// After the troubles have stopped, so many applies are enough.
const APPLIES_MAX: usize = 2;
/// One in so many applies meets no trouble.
const QUIET_ONE_IN: usize = 6;
/// One in so many tries meets no faults, only what people do.
const FAULTLESS_ONE_IN: usize = 5;
/// Of so many tries of concurrent runs one has somebody who sweeps away what they make.
const SWEEPING_ONE_IN: usize = 2;
/// EC2 shows after so long what was done.
const VISIBLE: Duration = Duration::from_secs(120);
/// After so long nothing is stuck any more.
const SETTLED: Duration = Duration::from_secs(40 * 60);
/// Between one run and the next, somebody reads what the first one said.
const BETWEEN: Duration = Duration::from_secs(5);

/// What a simulation came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Calls of EC2 by action.
    pub calls: BTreeMap<String, u64>,
    /// Resources in the first network.
    pub resources: usize,
    /// Edits that the plan refused because EC2 can do them in no order.
    pub refused: usize,
    /// What happened, in one text: equal seeds have equal ones.
    pub log: String,
}

impl Tally {
    /// How many calls of EC2 there were.
    pub fn all_calls(&self) -> u64 {
        self.calls.values().sum()
    }
}

/// Runs one scenario.
///
/// # Errors
/// What does not hold that always must, with the spec at that point and what the last processes did.
pub fn simulate(scenario: &Scenario, told: bool) -> Result<Tally, String> {
    paused(async {
        let mut simulation = Simulation::new(scenario).await;
        let result = simulation.all().await;
        let Simulation {
            ground, mut tally, ..
        } = simulation;
        tally.calls = ground.sandbox.calls();
        let whole = ground.log.text(usize::MAX / 2);
        let result = match ground.secrets.told_in(&whole) {
            Some(file) => Err(format!("what was told has the private key of {file} in it")),
            None => result,
        };
        tally.log = if told { whole } else { String::new() };
        match result {
            Ok(()) => Ok(tally),
            Err(why) if told => Err(format!("{}{why}", tally.log)),
            Err(why) => Err(format!("{}{why}", ground.log.text(4))),
        }
    })
}

struct Simulation<'a> {
    ground: Ground,
    network: Network,
    /// The network as the processes read it.
    spec: Rc<Spec>,
    luck: Luck<'a>,
    scenario: &'a Scenario,
    processes: usize,
    tally: Tally,
}

impl<'a> Simulation<'a> {
    async fn new(scenario: &'a Scenario) -> Self {
        let options = Options {
            behaviour: Behaviour::Hostile,
            seed: scenario.seed,
            ..Options::default()
        };
        let sandbox = Arc::new(Sandbox::new(options));
        sandbox.set_faults(false);
        let secrets = Arc::new(Secrets::empty());
        let network = Network::new(scenario.seed, scenario.resources, &secrets);
        Self {
            spec: Spec::of(&network),
            network,
            ground: Ground {
                world: World::over(&sandbox).await,
                sandbox,
                secrets,
                log: Log::default(),
            },
            luck: Luck::new(scenario),
            scenario,
            processes: 0,
            tally: Tally::default(),
        }
    }

    async fn all(&mut self) -> Result<(), String> {
        meddling::settle_neighbours(&self.ground.world, &mut Rng::with_seed(self.scenario.seed)).await;
        sleep(VISIBLE).await;
        let topology = self.network.topology().clone();
        self.tally.resources = topology.resources.len();
        let mut observed = self.ground.world.observe(&topology).await;
        let neighbours = invariants::neighbours(&observed, &topology);
        for edit in 0..=self.scenario.edits {
            if edit > 0 {
                self.luck.next_round();
                self.edit(&observed).await?;
            }
            let result = self.reach_whole(&neighbours).await;
            observed = result.map_err(|why| format!("edit {edit}: {why}\n{}", self.network.text()))?;
        }
        self.luck.next_round();
        self.end(&neighbours)
            .await
            .map_err(|why| format!("destroy: {why}\n{}", self.network.text()))
    }

    /// Makes the network true to the topology, which then is all there is.
    async fn reach_whole(&mut self, neighbours: &str) -> Result<Observed, String> {
        let max_deletes = self.luck.one_in(3).then(|| self.luck.few());
        let observed = self.reach(Aim::Apply, max_deletes).await?;
        invariants::whole(&observed, self.network.topology(), neighbours)?;
        Ok(observed)
    }

    /// Deletes everything, what is protected last.
    async fn end(&mut self, neighbours: &str) -> Result<(), String> {
        let topology = self.network.topology().clone();
        if topology.resources.values().any(|resource| resource.protect) {
            let (_, _, plan) = self.look(Aim::Destroy, None).await?;
            if !plan
                .refused
                .iter()
                .any(|refusal| refusal.guard == Guard::Protected)
            {
                return Err("what is protected would be deleted".to_owned());
            }
            self.network.unprotect(|_| true);
            self.spec = Spec::of(&self.network);
            self.reach_whole(neighbours).await?;
        }
        let left = self.reach(Aim::Destroy, None).await?;
        invariants::whole(
            &left,
            &Topology {
                resources: BTreeMap::new(),
                ..topology
            },
            neighbours,
        )
    }

    /// Somebody edits the spec, and somebody else the network. What EC2 can do in no order or not at all, and what
    /// would end something that is protected, is taken back: the plan refuses it.
    async fn edit(&mut self, observed: &Observed) -> Result<(), String> {
        let before = self.network.clone();
        self.network.edit();
        let edited = self.network.topology().clone();
        // What an edit declares for the first time is read for the first time.
        let seen = if self.network.protects() {
            Some(self.ground.world.observe(&edited).await)
        } else {
            None
        };
        let plan = Aim::Apply.plan(&edited, seen.as_ref().unwrap_or(observed));
        if let Some(refusal) = plan.refused.iter().find(|refusal| {
            !matches!(
                refusal.guard,
                Guard::Order | Guard::Protected | Guard::Unchangeable
            )
        }) {
            return Err(format!("refused: {refusal:?}"));
        }
        if !plan.refused.is_empty() || network::strands_an_instance(before.topology(), &edited) {
            self.network.back_to(before);
            self.tally.refused += 1;
        }
        self.spec = Spec::of(&self.network);
        let mut hand = self.luck.fork();
        if self.luck.may_have(Trouble::Meddling) {
            meddling::meddle(&self.ground.world, observed, &mut hand).await;
        }
        sleep(VISIBLE).await;
        Ok(())
    }

    fn order(&self, aim: Aim, max_deletes: Option<u32>) -> Order {
        Order {
            spec: Rc::clone(&self.spec),
            aim,
            max_deletes,
        }
    }

    /// Makes the network true to the topology, or deletes it: first in trouble, then without. Answers what is
    /// there then.
    async fn reach(&mut self, aim: Aim, mut max_deletes: Option<u32>) -> Result<Observed, String> {
        // Now and then nothing befalls it: then EC2 refuses nothing at all.
        if !self.luck.one_in(QUIET_ONE_IN) {
            self.try_in_trouble(aim, max_deletes).await?;
            if self.luck.one_in(3) {
                self.try_in_trouble(aim, max_deletes).await?;
            }
        }
        sleep(SETTLED).await;
        let mut applies = 0;
        loop {
            let (process, observed, plan) = self.look(aim, max_deletes).await?;
            if plan
                .refused
                .iter()
                .any(|refusal| refusal.guard == Guard::MaxDeletes)
            {
                // Who meant it says so.
                max_deletes = None;
                continue;
            }
            if !plan.refused.is_empty() {
                self.unprotect_for(&plan, &observed).await?;
                continue;
            }
            if plan.is_empty() {
                return Ok(observed);
            }
            if applies == APPLIES_MAX {
                return Err(format!("{APPLIES_MAX} applies are not enough"));
            }
            applies += 1;
            let outcome = process.carry_out(&plan, max_deletes, self.luck.order()).await?;
            if !outcome.is_some_and(|outcome| outcome.is_success()) {
                return Err("without trouble a step failed".to_owned());
            }
            self.look_again(&process, aim, max_deletes).await?;
            sleep(BETWEEN).await;
        }
    }

    /// Of two protected objects at one address somebody chooses the one that goes, and what is protected is given up
    /// where somebody has deleted what it is of, as EC2 lets them where it holds nothing: a flow log of a subnet.
    /// Nothing else is refused.
    async fn unprotect_for(&mut self, plan: &Plan, observed: &Observed) -> Result<(), String> {
        let is_doubled = |object: &&Object| {
            object
                .owner
                .as_ref()
                .is_some_and(|owner| owner.protect && owner.standing == Standing::Duplicate)
        };
        let is_there = |id: &str| observed.objects.iter().any(|object| object.id == id);
        let is_left_behind = |object: &&Object| {
            let schema = object.kind.schema();
            let loose = object.record.iter().filter(|(name, _)| !schema.holds(name));
            let mut ids = loose.filter_map(|(_, value)| value.as_ref()?.id());
            ids.any(|id| !is_there(id))
        };
        let doubled = plan.objects.values().filter(is_doubled);
        let topology = &self.network.topology().name;
        let own = observed
            .objects
            .iter()
            .filter(|object| object.claim(topology).is_some());
        let left_behind: Vec<&Object> = own.filter(is_left_behind).collect();
        let given_up: BTreeSet<&str> = doubled
            .chain(left_behind.iter().copied())
            .map(|object| object.id.as_str())
            .collect();
        let named =
            |why: &Refused| matches!(why, Refused::Protected { id, .. } if given_up.contains(id.as_str()));
        if let Some(other) = plan.refused.iter().find(|refusal| !named(&refusal.why)) {
            return Err(format!("refused: {other:?}"));
        }
        let addresses: BTreeSet<String> = left_behind
            .iter()
            .filter_map(|object| object.claim(topology).map(str::to_owned))
            .collect();
        self.network.unprotect(|address| addresses.contains(address));
        self.spec = Spec::of(&self.network);
        for id in given_up {
            self.ground
                .world
                .call(&format!("DeleteTags&ResourceId.1={id}&Tag.1.Key=trueup:protect"))
                .await;
        }
        Ok(())
    }

    /// A process without trouble, what it sees and what it would do.
    async fn look(
        &mut self,
        aim: Aim,
        max_deletes: Option<u32>,
    ) -> Result<(Process, Observed, Plan), String> {
        self.processes += 1;
        let order = self.order(aim, max_deletes);
        let topology = order.topology(&self.ground)?;
        let process = Process::start(&self.ground, self.processes, true)
            .await
            .ok_or("no connection")?;
        let observed = process.observe(&topology, aim).await?.ok_or("a read failed")?;
        let plan = aim.plan(&topology, &observed);
        if !plan.is_empty() {
            invariants::same(&plan, &aim.plan(&topology, &observed.clone()))?;
        }
        Ok((process, observed, plan))
    }

    /// What a process has made it sees at once, whatever EC2 shows to others.
    async fn look_again(&self, process: &Process, aim: Aim, max_deletes: Option<u32>) -> Result<(), String> {
        let topology = self.order(aim, max_deletes).topology(&self.ground)?;
        let observed = process.observe(&topology, aim).await?.ok_or("a read failed")?;
        invariants::sees(
            &aim.plan(&topology, &observed),
            self.ground.sandbox.live_tags(DEFAULT_REGION).values(),
        )
    }

    /// One or two processes at a time try it, and whatever may befall them befalls them.
    async fn try_in_trouble(&mut self, aim: Aim, max_deletes: Option<u32>) -> Result<(), String> {
        let mut aims = vec![aim];
        let other = if self.luck.one_in(3) { Aim::Destroy } else { aim };
        if self.luck.has(Trouble::ConcurrentRuns, 3) {
            aims.push(other);
        }
        let fates: Vec<Fate> = (0..aims.len())
            .map(|number| self.luck.fate(number == 0))
            .collect();
        let orders: Vec<Order> = aims.into_iter().map(|aim| self.order(aim, max_deletes)).collect();
        let (mut hand, moment) = (self.luck.fork(), self.luck.moment());
        let meddles = self.luck.has(Trouble::Meddling, 4);
        let faultless = self.luck.spares_faults(FAULTLESS_ONE_IN);
        let nobody_dies = fates.iter().all(|fate| fate.dies.is_none());
        let sweeping = self.luck.sweeping(SWEEPING_ONE_IN).filter(|_| orders.len() > 1);
        let nothing_befalls = faultless && nobody_dies && !meddles && sweeping.is_none();
        let first = self.processes + 1;
        self.processes += orders.len();
        let ground = &self.ground;
        let before = nothing_befalls.then(|| ground.sandbox.live_tags(DEFAULT_REGION));
        ground
            .sandbox
            .set_faults(!faultless && self.luck.may_have(Trouble::Faults));
        let runs = orders
            .iter()
            .zip(fates)
            .enumerate()
            .map(|(index, (order, fate))| process::run(ground, first + index, order, fate));
        let meddling = async {
            if meddles {
                sleep(moment).await;
                meddling::look_and_meddle(&ground.world, self.network.topology(), &mut hand).await;
            }
        };
        let sweeping = async {
            if let Some(mut hand) = sweeping {
                meddling::sweep(ground, &mut hand).await;
            }
        };
        let (results, (), ()) =
            futures_util::future::join3(futures_util::future::join_all(runs), meddling, sweeping).await;
        ground.sandbox.set_faults(false);
        let after = ground.sandbox.live_tags(DEFAULT_REGION);
        invariants::once(&after)?;
        if let Some(before) = before {
            invariants::kept_once(&before, &after)?;
        }
        // The next one comes at once, or a while later.
        sleep(self.luck.moment()).await;
        results.into_iter().collect()
    }
}
