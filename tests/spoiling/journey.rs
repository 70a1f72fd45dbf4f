//! Journeys over example networks, whose answers are spoiled, and what must hold about each.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trueup_ec2::{Connect, Ec2, Transport};
use trueup_engine::Options;
use trueup_model::{Action, Change, Cloud, Event, Files, Interfaces, Observed, Plan, Topology};
use trueup_sandbox::Sandbox;

use super::document::elements;
use super::how::{How, all};
use super::legal;
use super::transport::{Log, SharedLog, Spoiling, is_read, locked, spoiler};
use crate::{EVERY_KIND, PUBLIC_KEY, paused, read_with, transport};

/// What a journey is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// To plan, where everything is as it should be: there is nothing to do.
    Plan,
    /// To build the network.
    Apply,
    /// To take it away.
    Destroy,
}

/// A network and what is done with it.
#[derive(Debug)]
pub struct Journey {
    /// Its name.
    pub name: &'static str,
    spec: &'static str,
    goal: Goal,
}

const fn journey(name: &'static str, spec: &'static str, goal: Goal) -> Journey {
    Journey { name, spec, goal }
}

const SEED: &str = include_str!("../../specs/gateway-endpoint.yaml");
const NAT: &str = include_str!("../../specs/nat-gateway.yaml");
const ACL: &str = include_str!("../../specs/network-acl.yaml");
const PRODUCTION: &str = include_str!("../../specs/production.yaml");
const POLICY: &str = include_str!("../../specs/endpoint-policy.yaml");

/// All journeys.
pub const JOURNEYS: &[Journey] = &[
    journey("plan gateway-endpoint", SEED, Goal::Plan),
    journey("plan nat-gateway", NAT, Goal::Plan),
    journey("plan network-acl", ACL, Goal::Plan),
    journey("plan production", PRODUCTION, Goal::Plan),
    journey("plan endpoint-policy", POLICY, Goal::Plan),
    journey("plan every-kind", EVERY_KIND, Goal::Plan),
    journey("apply gateway-endpoint", SEED, Goal::Apply),
    journey("apply nat-gateway", NAT, Goal::Apply),
    journey("apply every-kind", EVERY_KIND, Goal::Apply),
    journey("destroy gateway-endpoint", SEED, Goal::Destroy),
    journey("destroy every-kind", EVERY_KIND, Goal::Destroy),
];

/// No read of these networks makes more calls, whatever is answered.
const READ_CALLS_MAX: usize = 2_000;
/// No read takes longer.
const READ_TIME_MAX: Duration = Duration::from_secs(1_200);
/// No apply or destroy makes more calls.
const CALLS_MAX: usize = 12_000;
/// None takes longer.
const TIME_MAX: Duration = Duration::from_secs(3 * 3_600);
/// After the spoiling at most so many runs lead to the goal.
const RUNS_MAX: usize = 3;

/// The files beside the example specs, and one key for all key files.
struct Examples;

impl Files for Examples {
    fn text(&self, path: &str) -> Result<String, String> {
        let path = format!("{}/../specs/{path}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
    }

    fn public_key(&self, _path: &str) -> Result<Option<String>, String> {
        Ok(Some(PUBLIC_KEY.to_owned()))
    }
}

/// A journey that was made once with whole answers.
pub struct Prepared {
    goal: Goal,
    topology: Topology,
    /// The network where everything is as it should be; each run of a plan reads it, and changes nothing.
    sandbox: Arc<Sandbox>,
    answers: Vec<(String, String)>,
    /// The interfaces as whole answers tell them; each run of a plan that is told others was told so.
    interfaces: Interfaces,
}

impl Prepared {
    /// Makes the journey.
    ///
    /// # Panics
    /// Where even that does not work.
    pub fn new(journey: &Journey) -> Self {
        // What is protected is not destroyed.
        let text = journey
            .spec
            .replace("    protect: true\n", "")
            .replace("protect: true, ", "");
        let topology = read_with(&text, &Examples)
            .topology
            .unwrap_or_else(|| panic!("{} is no spec", journey.name));
        let sandbox = Arc::new(Sandbox::new(trueup_sandbox::Options::default()));
        let log = SharedLog::default();
        let mut prepared = Self {
            goal: journey.goal,
            topology,
            sandbox,
            answers: Vec::new(),
            interfaces: Interfaces::default(),
        };
        paused(async {
            let way = transport(&prepared.sandbox);
            if prepared.goal != Goal::Apply {
                prepared.reach(Goal::Apply, &way).await;
            }
            locked(&log).answers = Some(Vec::new());
            prepared
                .once(prepared.goal, &spoiler(Arc::clone(&way), None, Arc::clone(&log)))
                .await
                .unwrap_or_else(|why| panic!("{}: {why}", journey.name));
            let answers = locked(&log).answers.take();
            prepared.answers = answers.unwrap_or_default();
            let observed = prepared
                .observed(&way)
                .await
                .unwrap_or_else(|why| panic!("{}: {why}", journey.name));
            prepared.interfaces = observed.interfaces;
        });
        prepared
    }

    /// Everything that can be spoiled in it. What is read before anything is changed is the plans' affair.
    pub fn spoilings(&self) -> Vec<Spoiling> {
        let first = if self.goal == Goal::Plan {
            Some(0)
        } else {
            self.answers.iter().position(|(action, _)| !is_read(action))
        };
        let mut counts = std::collections::BTreeMap::<&str, usize>::new();
        let mut found = Vec::new();
        for (index, (action, text)) in self.answers.iter().enumerate() {
            let count = counts.entry(action.as_str()).or_default();
            let nth = *count;
            *count += 1;
            if first.is_none_or(|first| index < first) {
                continue;
            }
            for how in all(text) {
                let often: &[bool] = match (how, nth) {
                    // Pages without an end are so from the first one on.
                    (How::Pages, 0) => &[true],
                    (How::Pages, _) => &[],
                    // Each of the later answers is spoiled once: with all that follow it, the first one was.
                    (_, 0) => &[false, true],
                    _ => &[false],
                };
                found.extend(often.iter().map(|&always| Spoiling {
                    action: action.clone(),
                    nth,
                    always,
                    how,
                }));
            }
        }
        found
    }

    /// Makes the journey with an answer that is spoiled; what is wrong is the error.
    pub fn attempt(&self, spoiling: &Spoiling) -> Result<(), String> {
        paused(async {
            match self.goal {
                Goal::Plan => self.plan(spoiling).await,
                goal => self.change(goal, spoiling).await,
            }
        })
    }

    /// Reads and plans. There is nothing to do, whatever the answers look like, unless EC2 said that there
    /// is.
    async fn plan(&self, spoiling: &Spoiling) -> Result<(), String> {
        let log = SharedLog::default();
        let start = Instant::now();
        let way = spoiler(transport(&self.sandbox), Some(spoiling.clone()), Arc::clone(&log));
        let observed = self.observed(&way).await;
        within(&locked(&log), start, READ_CALLS_MAX, READ_TIME_MAX)?;
        if let Some(action) = locked(&log).changed() {
            return Err(format!("a plan called {action}"));
        }
        // What cannot be read at all is an error, and nothing is said of the network.
        let Ok(observed) = observed else { return Ok(()) };
        let plan = trueup_plan::plan(&self.topology, &observed);
        if plan.is_empty() && self.is_told(spoiling, &observed.interfaces) || self.may_say(spoiling) {
            return Ok(());
        }
        Err(format!(
            "planned: {}; read: {:?}",
            told(&plan),
            observed.interfaces
        ))
    }

    /// Whether the interfaces are those that there are, or unknown: who is reached rests on them.
    fn is_told(&self, spoiling: &Spoiling, interfaces: &Interfaces) -> bool {
        spoiling.action != "DescribeNetworkInterfaces"
            || matches!(interfaces, Interfaces::Unread(_))
            || *interfaces == self.interfaces
    }

    /// Whether EC2 may answer so of a network that is otherwise.
    fn may_say(&self, spoiling: &Spoiling) -> bool {
        let mut of_action = self
            .answers
            .iter()
            .filter(|(action, _)| *action == spoiling.action);
        let Some((action, text)) = of_action.nth(spoiling.nth) else {
            return false;
        };
        let elements = elements(text);
        spoiling
            .how
            .element()
            .and_then(|number| elements.get(number))
            .is_some_and(|element| {
                let content = &text[element.inner..element.inner_end];
                legal::reason(action, element, content, spoiling.how).is_some()
            })
    }

    /// Applies or destroys with an answer that is spoiled, and then with whole ones: it gets there, and
    /// nothing is there twice.
    async fn change(&self, goal: Goal, spoiling: &Spoiling) -> Result<(), String> {
        let sandbox = Arc::new(Sandbox::new(trueup_sandbox::Options::default()));
        let way = transport(&sandbox);
        if goal == Goal::Destroy {
            self.reach(Goal::Apply, &way).await;
        }
        let log = SharedLog::default();
        let start = Instant::now();
        let spoiled = spoiler(Arc::clone(&way), Some(spoiling.clone()), Arc::clone(&log));
        // It may fail; then it says so.
        let _ = self.once(goal, &spoiled).await;
        within(&locked(&log), start, CALLS_MAX, TIME_MAX)?;
        locked(&log).over = true;
        let mut left = String::new();
        for _ in 0..RUNS_MAX {
            left = match self.once(goal, &spoiled).await {
                Ok(()) => return self.whole(goal, &way).await,
                Err(why) => why,
            };
        }
        Err(format!(
            "{RUNS_MAX} runs with whole answers do not get there: {left}"
        ))
    }

    /// Whether nothing is there twice, or is left.
    async fn whole(&self, goal: Goal, way: &Transport) -> Result<(), String> {
        let ec2 = connected(way).await?;
        let observed = ec2
            .observe(&trueup_plan::scope(&self.topology))
            .await
            .map_err(|error| error.to_string())?;
        let ours = observed.objects.iter().filter(|object| object.owner.is_some());
        let held: Vec<String> = ours
            .filter_map(|object| object.address(&self.topology.name))
            .map(|address| address.to_string())
            .collect();
        let different: BTreeSet<&String> = held.iter().collect();
        let wanted = if goal == Goal::Destroy {
            0
        } else {
            self.topology.resources.len()
        };
        if held.len() == wanted && different.len() == wanted {
            Ok(())
        } else {
            Err(format!("in the end there is {held:?}"))
        }
    }

    /// Makes the journey once; what is left to do is the error.
    async fn once(&self, goal: Goal, way: &Transport) -> Result<(), String> {
        let ec2 = connected(way).await?;
        let plan = self.plan_of(goal, &ec2).await?;
        if plan.is_complete() && plan.refused.is_empty() {
            let mut failed = Vec::new();
            let mut hears = |event: Event| {
                failed.extend(matches!(event, Event::StepFailed { .. }).then(|| format!("{event:?}")));
            };
            let outcome = trueup_engine::apply(
                &plan,
                &ec2,
                &Options::default(),
                std::future::pending(),
                &mut hears,
            )
            .await;
            if !outcome.is_success() {
                return Err(format!("steps failed: {failed:?}"));
            }
        }
        let left = self.plan_of(goal, &ec2).await?;
        if left.is_empty() && left.is_complete() && left.refused.is_empty() {
            Ok(())
        } else {
            Err(told(&left))
        }
    }

    /// The same with whole answers.
    async fn reach(&self, goal: Goal, way: &Transport) {
        self.once(goal, way)
            .await
            .unwrap_or_else(|why| panic!("{goal:?} of {}: {why}", self.topology.name));
    }

    async fn observed(&self, way: &Transport) -> Result<Observed, String> {
        let ec2 = connected(way).await?;
        ec2.observe(&trueup_plan::scope(&self.topology))
            .await
            .map_err(|error| error.to_string())
    }

    async fn plan_of(&self, goal: Goal, ec2: &Ec2) -> Result<Plan, String> {
        let observed = ec2
            .observe(&trueup_plan::scope(&self.topology))
            .await
            .map_err(|error| error.to_string())?;
        Ok(match goal {
            Goal::Destroy => trueup_plan::destroy(&self.topology, &observed),
            Goal::Plan | Goal::Apply => trueup_plan::plan(&self.topology, &observed),
        })
    }
}

async fn connected(way: &Transport) -> Result<Ec2, String> {
    // As at AWS, where an id that is not there is refused; and as fast as the sandbox answers.
    let connect = Connect {
        transport: Some(Arc::clone(way)),
        endpoint_url: Some("https://ec2.us-west-2.amazonaws.com".to_owned()),
        request_rate: Some(1e6),
        shown_after: Some(Duration::ZERO),
        ..Connect::default()
    };
    Ec2::connect(connect).await.map_err(|error| error.to_string())
}

/// Whether so many calls and so much time are within bounds.
fn within(log: &Log, start: Instant, calls: usize, time: Duration) -> Result<(), String> {
    if log.calls() > calls {
        return Err(format!("{} calls: {:?}", log.calls(), log.counts));
    }
    if start.elapsed() > time {
        return Err(format!(
            "it took {} s: {:?}",
            start.elapsed().as_secs(),
            log.counts
        ));
    }
    Ok(())
}

/// What a plan would do.
fn told(plan: &Plan) -> String {
    let change = |change: &Change| {
        let attributes = change
            .attributes
            .iter()
            .filter(|_| change.action != Action::Create);
        let attributes: Vec<String> = attributes
            .map(|a| format!("{} {:?} -> {:?}", a.path, a.before, a.after))
            .collect();
        format!(
            "{:?} {} [{}]",
            change.action,
            change.address,
            attributes.join(", ")
        )
    };
    let changes: Vec<String> = plan.changes.iter().map(change).collect();
    let unread: Vec<String> = plan
        .unread
        .iter()
        .map(|unread| format!("{} {}: {}", unread.address, unread.attribute, unread.why))
        .collect();
    format!(
        "{} | not read: {:?} {unread:?} | refused: {:?}",
        changes.join("; "),
        plan.unreadable,
        plan.refused
    )
}
