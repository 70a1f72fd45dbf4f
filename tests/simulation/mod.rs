//! Simulation: random networks, edited and meddled with at random, over an EC2 at its worst, by processes that die, are stopped
//! or are not alone. Whatever happens, nothing is lost, doubled or left behind. A seed decides everything, so that what fails
//! fails again.

mod course;
mod invariants;
mod luck;
mod meddling;
pub mod network;
mod process;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use trueup_model::{Observed, Plan, Topology};
use trueup_sandbox::{Behaviour, Options, Sandbox};

use crate::{World, paused};
pub use course::{Course, Trouble};
use luck::{Fate, Luck};
use network::Network;
use process::{Aim, Log, Process};

/// After the troubles have stopped, so many applies are enough.
const APPLIES_MAX: usize = 2;
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

/// Runs one course.
///
/// # Errors
/// What does not hold that always must, with the spec at that point and what the last processes did.
pub fn simulate(course: &Course, told: bool) -> Result<Tally, String> {
    paused(async {
        let mut simulation = Simulation::new(course).await;
        let result = simulation.all().await;
        let mut tally = simulation.tally;
        tally.calls = simulation.sandbox.calls();
        tally.log = if told { simulation.log.text(usize::MAX / 2) } else { String::new() };
        match result {
            Ok(()) => Ok(tally),
            Err(why) if told => Err(format!("{}{why}", tally.log)),
            Err(why) => Err(format!("{}{why}", simulation.log.text(4))),
        }
    })
}

struct Simulation<'a> {
    sandbox: Arc<Sandbox>,
    /// Somebody else's way to EC2, and what a process's is made of.
    world: World,
    network: Network,
    luck: Luck<'a>,
    course: &'a Course,
    processes: usize,
    log: Log,
    tally: Tally,
}

impl<'a> Simulation<'a> {
    async fn new(course: &'a Course) -> Self {
        let options = Options { behaviour: Behaviour::Hostile, seed: course.seed, ..Options::default() };
        let sandbox = Arc::new(Sandbox::new(options));
        sandbox.set_faults(false);
        Self {
            world: World::over(&sandbox).await,
            sandbox,
            network: Network::new(course.seed),
            luck: Luck::new(course),
            course,
            processes: 0,
            log: Log::default(),
            tally: Tally::default(),
        }
    }

    async fn all(&mut self) -> Result<(), String> {
        meddling::settle_neighbours(&self.world).await;
        sleep(VISIBLE).await;
        let mut topology = self.network.topology().clone();
        self.tally.resources = topology.resources.len();
        let mut observed = self.world.observe(&topology).await;
        let neighbours = invariants::neighbours(&observed, &topology);
        for edit in 0..=self.course.edits {
            if edit > 0 {
                self.edit(&topology, &observed).await?;
                topology = self.network.topology().clone();
            }
            let reached = self.reach(&topology, Aim::Apply).await;
            let result = reached.and_then(|now| invariants::whole(&now, &topology, &neighbours).map(|()| now));
            observed = result.map_err(|why| format!("edit {edit}: {why}\n{}", self.network.text()))?;
        }
        let left = self.reach(&topology, Aim::Destroy).await.map_err(|why| format!("destroy: {why}"))?;
        let nothing = Topology { resources: BTreeMap::new(), ..topology };
        invariants::whole(&left, &nothing, &neighbours).map_err(|why| format!("destroy: {why}"))
    }

    /// Somebody edits the spec, and somebody else the network. What EC2 can do in no order is taken back: the plan refuses it.
    async fn edit(&mut self, topology: &Topology, observed: &Observed) -> Result<(), String> {
        let before = self.network.clone();
        self.network.edit();
        let edited = self.network.topology().clone();
        let plan = Aim::Apply.plan(&edited, observed);
        if let Some(refusal) = plan.refused.iter().find(|refusal| refusal.guard != "order") {
            return Err(format!("refused: {refusal:?}"));
        }
        if !plan.refused.is_empty() || network::strands_an_instance(topology, &edited) {
            self.network.back_to(before);
            self.tally.refused += 1;
        }
        let mut hand = self.luck.fork();
        if self.course.troubles.contains(&Trouble::Meddling) {
            meddling::meddle(&self.world, observed, &mut hand).await;
        }
        sleep(VISIBLE).await;
        Ok(())
    }

    /// Makes the network true to the topology, or deletes it: first in trouble, then without. Answers what is there then.
    async fn reach(&mut self, topology: &Topology, aim: Aim) -> Result<Observed, String> {
        self.try_in_trouble(topology, aim).await?;
        if self.luck.one_in(3) {
            self.try_in_trouble(topology, aim).await?;
        }
        sleep(SETTLED).await;
        for _ in 0..=APPLIES_MAX {
            let (process, observed, plan) = self.look(topology, aim).await?;
            if !plan.refused.is_empty() {
                return Err(format!("refused: {:?}", plan.refused));
            }
            if plan.is_empty() {
                return Ok(observed);
            }
            let outcome = process.carry_out(&plan, Fate::default()).await?;
            if !outcome.is_some_and(|outcome| outcome.is_success()) {
                return Err("without trouble a step failed".to_owned());
            }
            sleep(BETWEEN).await;
        }
        Err(format!("{APPLIES_MAX} applies are not enough"))
    }

    /// A process without trouble, what it sees and what it would do.
    async fn look(&mut self, topology: &Topology, aim: Aim) -> Result<(Process, Observed, Plan), String> {
        self.processes += 1;
        let process = Process::start(&self.world, self.processes, &self.log).await.ok_or("no connection")?;
        let observed = process.observe(topology).await?.ok_or("a read failed")?;
        let plan = aim.plan(topology, &observed);
        Ok((process, observed, plan))
    }

    /// One or two processes at a time try it, and whatever may befall them befalls them.
    async fn try_in_trouble(&mut self, topology: &Topology, aim: Aim) -> Result<(), String> {
        let mut aims = vec![aim];
        let other = if self.luck.one_in(3) { Aim::Destroy } else { aim };
        if self.luck.has(Trouble::Company, 3) {
            aims.push(other);
        }
        let fates: Vec<Fate> = (0..aims.len()).map(|number| self.luck.fate(number == 0)).collect();
        let (mut hand, moment) = (self.luck.fork(), self.luck.moment());
        let meddles = self.luck.has(Trouble::Meddling, 4);
        let first = self.processes + 1;
        self.processes += aims.len();
        self.sandbox.set_faults(self.course.troubles.contains(&Trouble::Faults));
        let runs = aims
            .into_iter()
            .zip(fates)
            .enumerate()
            .map(|(index, (aim, fate))| process::run(&self.world, first + index, &self.log, (topology, aim), fate));
        let meddling = async {
            if meddles {
                sleep(moment).await;
                meddling::look_and_meddle(&self.world, topology, &mut hand).await;
            }
        };
        let (results, ()) = futures_util::future::join(futures_util::future::join_all(runs), meddling).await;
        self.sandbox.set_faults(false);
        // The next one comes at once, or a while later.
        sleep(self.luck.moment()).await;
        results.into_iter().collect()
    }
}
