//! One run of the program: it reads the spec, connects, plans, and carries out what its guards let through.

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::sleep;
use trueup_cli::WithKeys;
use trueup_ec2::{Connect, Ec2};
use trueup_model::{Cloud, Event, Observed, Outcome, Plan, Step, Topology};
use trueup_sandbox::{DEFAULT_REGION, Sandbox};

use super::invariants;
use super::luck::Fate;
use super::network::Network;
use super::secrets::Secrets;
use super::watch::Watch;
use crate::{SHOWN_AFTER, World, parsed_with};

/// A read is tried so often while faults come to it.
const READS_MAX: usize = 5;

/// What a run is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// To make the network true to the topology.
    Apply,
    /// To delete what the topology owns.
    Destroy,
}

/// What all processes did, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Log(Rc<RefCell<Vec<(usize, Said)>>>);

#[derive(Debug)]
enum Said {
    Event(Event),
    Word(&'static str),
}

impl Log {
    /// As text; what came before the last `runs` processes is left out.
    pub fn text(&self, runs: usize) -> String {
        let mut text = String::new();
        let lines = self.0.borrow();
        let last = lines.last().map_or(0, |(process, _)| *process);
        for (process, said) in lines.iter().filter(|(process, _)| process + runs > last) {
            let _ = match said {
                Said::Event(event) => writeln!(text, "{process}: {event:?}"),
                Said::Word(word) => writeln!(text, "{process}: {word}"),
            };
        }
        text
    }

    fn push(&self, process: usize, said: Said) {
        self.0.borrow_mut().push((process, said));
    }
}

/// What all processes of a simulation meet.
pub struct Ground {
    /// The simulated EC2.
    pub sandbox: Arc<Sandbox>,
    /// Somebody else's way there.
    pub world: World,
    /// The folder of the spec, with the key files.
    pub secrets: Arc<Secrets>,
    /// What they did.
    pub log: Log,
}

/// A spec on the disk. What it means is found out again when key files were written meanwhile.
#[derive(Debug)]
pub struct Spec {
    text: String,
    meaning: RefCell<Option<(usize, Topology)>>,
}

impl Spec {
    /// The spec of this network.
    pub fn of(network: &Network) -> Rc<Self> {
        let meaning = Some((network.files(), network.topology().clone()));
        Rc::new(Self {
            text: network.text(),
            meaning: RefCell::new(meaning),
        })
    }

    fn topology(&self, secrets: &Secrets) -> Result<Topology, String> {
        let mut meaning = self.meaning.borrow_mut();
        let files = secrets.learn();
        match &*meaning {
            Some((known, topology)) if *known == files => Ok(topology.clone()),
            _ => {
                let topology = parsed_with(&self.text, secrets)?;
                *meaning = Some((files, topology.clone()));
                Ok(topology)
            }
        }
    }
}

/// What a process is told to do: with which spec, what for, and how many objects it may end.
#[derive(Clone, Debug)]
pub struct Order {
    /// The spec.
    pub spec: Rc<Spec>,
    /// What for.
    pub aim: Aim,
    /// `max_deletes`.
    pub max_deletes: Option<u32>,
}

impl Order {
    /// What the spec means now.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn topology(&self, ground: &Ground) -> Result<Topology, String> {
        Ok(Topology {
            max_deletes: self.max_deletes,
            ..self.spec.topology(&ground.secrets)?
        })
    }
}

/// A process.
pub struct Process {
    number: usize,
    cloud: WithKeys<Ec2>,
    watch: Arc<Watch>,
    log: Log,
    secrets: Arc<Secrets>,
}

impl Aim {
    /// The plan that reaches it.
    pub fn plan(self, topology: &Topology, observed: &Observed) -> Plan {
        match self {
            Self::Apply => trueup_plan::plan(topology, observed),
            Self::Destroy => trueup_plan::destroy(topology, observed),
        }
    }
}

impl Process {
    /// Starts one, unless it cannot even connect. Where it is `alone`, EC2 has no reason to refuse anything.
    pub async fn start(ground: &Ground, number: usize, alone: bool) -> Option<Self> {
        let watch = Arc::new(Watch::default());
        let transport = Watch::within(&watch, ground.world.transport(), &ground.secrets, &ground.sandbox);
        let transport = if alone {
            Watch::alone(&watch, transport, &ground.sandbox)
        } else {
            transport
        };
        let connect = Connect {
            transport: Some(transport),
            shown_after: Some(SHOWN_AFTER),
            heeds_dry_run: Some(true),
            ..Connect::default()
        };
        let cloud = WithKeys::new(Ec2::connect(connect).await.ok()?, ground.secrets.files());
        Some(Self {
            number,
            cloud,
            watch,
            log: ground.log.clone(),
            secrets: Arc::clone(&ground.secrets),
        })
    }

    /// What is there, once everything could be read; reading changes nothing. A plan from less says nothing
    /// about what it lacks.
    pub async fn observe(&self, topology: &Topology, aim: Aim) -> Result<Option<Observed>, String> {
        for _ in 0..READS_MAX {
            let observed = self.cloud.observe(&trueup_plan::scope(topology)).await;
            self.watch.complaint()?;
            let Ok(observed) = observed else { continue };
            if observed.unreadable.is_empty() {
                return Ok(Some(observed));
            }
            invariants::leaves_alone(&aim.plan(topology, &observed), topology, &observed)?;
        }
        Ok(None)
    }

    /// Carries out a plan. Nothing where the process dies on the way.
    pub async fn carry_out(
        &self,
        plan: &Plan,
        max_deletes: Option<u32>,
        fate: Fate,
    ) -> Result<Option<Outcome>, String> {
        let plan = &fate
            .barrier
            .map_or_else(|| plan.clone(), |draw| behind_barrier(plan, draw));
        self.watch.expect(plan, max_deletes);
        let stop = async {
            match fate.stops {
                Some(after) => sleep(after).await,
                None => std::future::pending().await,
            }
        };
        let mut sink = |event| self.log.push(self.number, Said::Event(event));
        let options = trueup_engine::Options::default();
        let run = trueup_engine::apply(plan, &self.cloud, &options, stop, &mut sink);
        let outcome = match fate.dies {
            None => Some(run.await),
            Some(after) => tokio::select! {
                biased;
                () = sleep(after) => None,
                outcome = run => Some(outcome),
            },
        };
        self.secrets.learn();
        self.watch.complaint()?;
        let Some(outcome) = outcome else {
            self.log.push(self.number, Said::Word("dies"));
            return Ok(None);
        };
        let steps = outcome.done.len() + outcome.failed.len() + outcome.pending.len() + outcome.skipped.len();
        if steps == plan.steps.len() {
            Ok(Some(outcome))
        } else {
            Err(format!("{steps} of {} steps are accounted for", plan.steps.len()))
        }
    }
}

/// The plan with its steps one after the other, and in another order than usual: as if something were
/// forbidden that one step opens and another one closes. Where EC2 takes them in no other order, the plan as
/// it is.
fn behind_barrier(plan: &Plan, draw: usize) -> Plan {
    let count = plan.steps.len().max(1);
    let (one, other) = (draw % count + 1, draw / count % count + 1);
    let (opens, closes) = (one.min(other), one.max(other));
    let is_fine = |done: &[&Step]| {
        let is_done = |number: usize| done.iter().any(|step| step.number == number);
        !is_done(opens) || is_done(closes)
    };
    let mut ordered = plan.clone();
    match trueup_plan::barrier(&mut ordered, &is_fine) {
        Ok(_) => ordered,
        Err(_) => plan.clone(),
    }
}

/// The life of a process.
///
/// # Errors
/// What does not hold that always must.
pub async fn run(ground: &Ground, number: usize, order: &Order, fate: Fate) -> Result<(), String> {
    sleep(fate.late).await;
    let topology = order.topology(ground)?;
    let Some(process) = Process::start(ground, number, false).await else {
        return Ok(());
    };
    let before = ground.sandbox.shown_tags(DEFAULT_REGION);
    let Some(observed) = process.observe(&topology, order.aim).await? else {
        return Ok(());
    };
    let plan = order.aim.plan(&topology, &observed);
    let after = ground.sandbox.shown_tags(DEFAULT_REGION);
    invariants::sees(
        &plan,
        before
            .iter()
            .filter(|(id, tags)| after.get(*id) == Some(tags))
            .map(|(_, tags)| tags),
    )?;
    if plan.refused.is_empty() {
        process.carry_out(&plan, order.max_deletes, fate).await?;
    }
    Ok(())
}
