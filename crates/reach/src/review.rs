//! The review of a plan: what it does to who can talk to whom, and what of that the spec does not allow.

use std::collections::BTreeSet;

use trueup_model::{
    Finding, Guard, Kind, Observed, Plan, ReachChange, Reachability, Refusal, Refused, Status, Topology,
};

use crate::before_after::{BeforeAfter, after, is_elsewhere, is_read};
use crate::change::{ROWS_MAX, Row, causes, changes, merged};
use crate::engine::{Engine, Ready};
use crate::exposure::{exposures, opened};
use crate::findings;
use crate::lint::stranded;
use crate::sources::{public_subnets, source_changes};

/// Why nothing is reported of what changes.
const UNREAD: &str = "not everything was read";

/// Writes into a plan what it does to who can talk to whom and how the spec's expectations fare, and refuses
/// it where they do not hold; with `deny_exposure` also where the internet would reach something new that no
/// expectation says it can. `networks` are the plan's.
pub fn review(
    plan: &mut Plan,
    topology: &Topology,
    observed: &Observed,
    networks: Option<&BeforeAfter>,
    deny_exposure: bool,
) {
    let mut reported = Reachability {
        findings: found(plan, topology, observed, networks),
        ..Reachability::default()
    };
    // What cannot be told because something could not be read is no fault of the plan, which is not carried
    // out as it is.
    let is_complete = plan.is_complete();
    let is_fault =
        |finding: &&Finding| finding.status == Status::Failed || (finding.is_failure() && is_complete);
    plan.refused
        .extend(reported.findings.iter().filter(is_fault).map(|finding| {
            let place = &finding.place;
            let help = finding
                .help
                .as_ref()
                .map(|help| format!(" ({help})"))
                .unwrap_or_default();
            let why = format!(
                "{}:{}: it is expected that {}: {}{help}",
                place.file, place.line, finding.expectation, finding.why
            );
            Refusal::new(
                &finding.from,
                Refused::Reachability {
                    guard: Guard::Expect,
                    found: why,
                },
            )
        }));
    if !is_read(plan) {
        reported.untold = Some(UNREAD.to_owned());
    } else if let Some(networks) = networks {
        let (old, new) = (networks.before(), networks.after());
        let found = changes(&old, &new);
        if deny_exposure {
            plan.refused.extend(exposures(&new, topology, &found));
        }
        let opened = opened(&old, &new, deny_exposure);
        plan.diagnostics.extend(opened.diagnostics);
        plan.refused.extend(opened.refused);
        reported.opened_groups = opened.groups;
        reported.public_subnets = public_subnets(&old, &new);
        reported.hosts = Some(hosts([&old, &new]));
        let mut causes = causes(topology, observed, plan, (&old, &new));
        report(&mut reported, merged(&found), |row| ReachChange {
            because: causes.of(&row),
            ..row.reported
        });
        reported.source_changes = source_changes(&old, &new, plan);
        reported.source_changes_more = reported.source_changes.len().saturating_sub(ROWS_MAX);
        reported.source_changes.truncate(ROWS_MAX);
    }
    if is_read(plan)
        && topology
            .resources
            .keys()
            .any(|address| address.kind == Kind::NatGateway)
    {
        let own = networks.is_none().then(|| after(plan, topology, observed));
        let engine = own
            .as_ref()
            .map(Ready::engine)
            .or_else(|| networks.map(BeforeAfter::after));
        plan.diagnostics.extend(engine.iter().flat_map(stranded));
    }
    plan.reachability = Some(reported);
}

/// What drift does to who can talk to whom, as seen from the spec: what is live against what the plan would
/// leave. And how the spec's expectations fare on what is live.
pub fn drifted(plan: &Plan, topology: &Topology, observed: &Observed) -> Reachability {
    if is_elsewhere(plan) {
        // Nothing was read.
        return Reachability::default();
    }
    let mut reported = Reachability {
        findings: findings::live(topology, observed),
        ..Reachability::default()
    };
    if !is_read(plan) {
        reported.untold = Some(UNREAD.to_owned());
    } else if let Some(networks) = BeforeAfter::of(plan, topology, observed) {
        let (live, wanted) = (networks.before(), networks.after());
        reported.hosts = Some(hosts([&live, &wanted]));
        let rows = merged(&changes(&wanted, &live));
        // The reasons are differences, which the plan has from what is live to what is wanted.
        let mut causes = causes(topology, observed, plan, (&live, &wanted));
        report(&mut reported, rows, |row| {
            let reported = row.reported.clone();
            ReachChange {
                because: causes.of(&row.reversed()),
                ..reported
            }
        });
    }
    reported
}

/// How many hosts are known in any of these networks.
fn hosts(engines: [&Engine<'_>; 2]) -> usize {
    let hosts = engines
        .into_iter()
        .flat_map(|engine| &engine.network.interfaces)
        .map(|host| &host.named.name);
    hosts.collect::<BTreeSet<_>>().len()
}

/// Writes the first rows, and how many there are beyond.
fn report(reported: &mut Reachability, rows: Vec<Row>, with_reasons: impl FnMut(Row) -> ReachChange) {
    reported.more = rows.len().saturating_sub(ROWS_MAX);
    reported.changes = rows.into_iter().take(ROWS_MAX).map(with_reasons).collect();
}

/// How the expectations fare on the network that the plan leaves. In another account or region nothing was
/// read, and the spec is all that is known.
fn found(
    plan: &Plan,
    topology: &Topology,
    observed: &Observed,
    networks: Option<&BeforeAfter>,
) -> Vec<Finding> {
    match networks {
        _ if topology.expect.is_empty() => Vec::new(),
        _ if is_elsewhere(plan) => findings::wanted(topology),
        Some(networks) => findings::left(topology, &networks.after()),
        None => findings::left(topology, &after(plan, topology, observed).engine()),
    }
}
