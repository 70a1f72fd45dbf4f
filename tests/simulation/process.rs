//! One run of the program: a connection of its own, a plan, and what becomes of it.

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use trueup_ec2::{Connect, Ec2};
use trueup_model::{Cloud, Event, Observed, Outcome, Plan, Topology};

use super::luck::Fate;
use super::watch::Watch;
use crate::World;

/// A read is tried so often while faults befall it.
const READS_MAX: usize = 5;
/// So long a create waits before it looks whether it was the only one: longer than EC2 may take to show a new object.
const SHOWN_AFTER: Duration = Duration::from_secs(2);

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

/// A process.
pub struct Process {
    number: usize,
    ec2: Ec2,
    watch: Arc<Watch>,
    log: Log,
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
    /// Starts one, unless it cannot even connect.
    pub async fn start(world: &World, number: usize, log: &Log) -> Option<Self> {
        let watch = Arc::new(Watch::default());
        let transport = Some(Watch::within(&watch, world.transport()));
        let ec2 = Ec2::connect(Connect { transport, shown_after: Some(SHOWN_AFTER), ..Connect::default() }).await.ok()?;
        Some(Self { number, ec2, watch, log: log.clone() })
    }

    /// What is there, once everything could be read; reading changes nothing.
    pub async fn observe(&self, topology: &Topology) -> Result<Option<Observed>, String> {
        for _ in 0..READS_MAX {
            let observed = self.ec2.observe(&trueup_plan::scope(topology)).await;
            self.watch.complaint()?;
            if let Some(observed) = observed.ok().filter(|observed| observed.unreadable.is_empty()) {
                return Ok(Some(observed));
            }
        }
        Ok(None)
    }

    /// Carries out a plan. Nothing where the process dies on the way.
    pub async fn carry_out(&self, plan: &Plan, fate: Fate) -> Result<Option<Outcome>, String> {
        self.watch.expect(plan);
        let stop = async {
            match fate.stops {
                Some(after) => sleep(after).await,
                None => std::future::pending().await,
            }
        };
        let mut sink = |event| self.log.push(self.number, Said::Event(event));
        let options = trueup_engine::Options::default();
        let run = trueup_engine::apply(plan, &self.ec2, &options, stop, &mut sink);
        let outcome = match fate.dies {
            None => Some(run.await),
            Some(after) => tokio::select! {
                biased;
                () = sleep(after) => None,
                outcome = run => Some(outcome),
            },
        };
        self.watch.complaint()?;
        let Some(outcome) = outcome else {
            self.log.push(self.number, Said::Word("dies"));
            return Ok(None);
        };
        let steps = outcome.done.len() + outcome.failed.len() + outcome.skipped.len();
        if steps == plan.steps.len() { Ok(Some(outcome)) } else { Err(format!("{steps} of {} steps are accounted for", plan.steps.len())) }
    }
}

/// The life of a process: it reads, plans, and carries out what its guards let through.
///
/// # Errors
/// What does not hold that always must.
pub async fn run(world: &World, number: usize, log: &Log, (topology, aim): (&Topology, Aim), fate: Fate) -> Result<(), String> {
    sleep(fate.late).await;
    let Some(process) = Process::start(world, number, log).await else { return Ok(()) };
    let Some(observed) = process.observe(topology).await? else { return Ok(()) };
    let plan = aim.plan(topology, &observed);
    if plan.refused.is_empty() {
        process.carry_out(&plan, fate).await?;
    }
    Ok(())
}
