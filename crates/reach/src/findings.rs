//! Findings: how the expectations of a spec fare on a network, each with what to look at.

use trueup_model::{
    Demand, Diagnostic, Expectation, Finding, Kind, Label, Observed, Place, Status, Topology,
};

use crate::engine::Engine;
use crate::expect::{Checked, ExpectError, check};
use crate::explain::{Blocker, Explanation};
use crate::fill::{Lists, observed as live_network, topology as wanted_network};
use crate::selector::SelectorError;
use crate::verdict::Verdict;

/// Reasons of one finding that are reported at most.
const REASONS_MAX: usize = 4;

/// How the expectations of a spec fare on the network that it wants.
pub fn wanted(topology: &Topology) -> Vec<Finding> {
    if topology.expect.is_empty() {
        return Vec::new();
    }
    let network = wanted_network(topology, &Lists::new());
    findings(&Engine::new(&network), &topology.expect, false)
}

/// What a check of a spec warns of besides: what is there and serves nobody.
pub fn stranded(topology: &Topology) -> Vec<Diagnostic> {
    if topology.of(Kind::NatGateway).next().is_none() {
        return Vec::new();
    }
    let network = wanted_network(topology, &Lists::new());
    crate::lint::stranded(&Engine::new(&network))
}

/// How they fare on the network that a plan leaves: what is outside the spec is as it is live.
pub(crate) fn left(topology: &Topology, after: &Engine<'_>) -> Vec<Finding> {
    findings(after, &topology.expect, false)
}

/// How they fare on the network that is live. Where not all of it could be read, nothing is said.
pub fn live(topology: &Topology, observed: &Observed) -> Vec<Finding> {
    if topology.expect.is_empty() || !observed.unreadable.is_empty() {
        return Vec::new();
    }
    let network = live_network(observed, &topology.name, &Lists::new());
    findings(&Engine::new(&network), &topology.expect, true)
}

/// How expectations fare. What is not there yet counts only where `live` says that it should be: a host that
/// is missing reaches nothing, and nothing reaches it.
fn findings(engine: &Engine<'_>, expectations: &[Expectation], live: bool) -> Vec<Finding> {
    expectations
        .iter()
        .map(|expectation| finding(engine, expectation, live))
        .collect()
}

fn finding(engine: &Engine<'_>, expectation: &Expectation, live: bool) -> Finding {
    let mut finding = Finding {
        expectation: expectation.to_string(),
        status: Status::Passed,
        says_nothing: false,
        why: String::new(),
        because: Vec::new(),
        help: None,
        from: expectation.from.clone(),
        place: expectation.place.clone(),
    };
    match check(engine, expectation) {
        Ok(checked) => report(&mut finding, expectation, &checked, live),
        Err(ExpectError::Selector(SelectorError::Nothing(selector))) if live => {
            finding.status = Status::Failed;
            finding.why = format!("{selector} is not there");
            if expectation.demand == Demand::Cannot {
                says_nothing(&mut finding);
            }
        }
        Err(error) => {
            finding.status = Status::Failed;
            finding.why = error.to_string();
        }
    }
    finding
}

fn report(finding: &mut Finding, expectation: &Expectation, checked: &Checked, live: bool) {
    (finding.status, finding.why) = (checked.status, checked.why.clone());
    if checked.is_empty {
        if checked.status == Status::Passed {
            says_nothing(finding);
        }
        return;
    }
    let Some(explanation) = &checked.explanation else {
        return;
    };
    if checked.verdict == Verdict::Allowed || expectation.demand == Demand::Cannot {
        open(finding, explanation);
    } else {
        missing(finding, explanation, live);
    }
    if checked.status != Status::Failed && !explanation.assumptions.is_empty() {
        let assumptions: Vec<&str> = explanation
            .assumptions
            .iter()
            .take(REASONS_MAX)
            .map(String::as_str)
            .collect();
        let remedy = if expectation.warn_on_unknown {
            ""
        } else {
            "; `on_unknown: warn` lets that pass"
        };
        finding.help = Some(format!("{}{remedy}", assumptions.join("; ")));
    }
}

/// Of nobody everything holds: a misspelt tag would make it hold for ever.
fn says_nothing(finding: &mut Finding) {
    (finding.status, finding.says_nothing) = (Status::Warned, true);
    finding.help = Some("as long as nothing is there, this says nothing".to_owned());
}

/// What would have to change so that it works. What is live has no lines in a spec, so its reasons are
/// reported at once.
fn missing(finding: &mut Finding, explanation: &Explanation, live: bool) {
    let reported = || explanation.blockers.iter().take(REASONS_MAX);
    let reason = |blocker: &Blocker| format!("{}: {}", blocker.component, blocker.what);
    finding.because = reported()
        .filter_map(|blocker| label(blocker.source.as_ref(), reason(blocker)))
        .collect();
    let reasons: Vec<String> = reported().map(reason).collect();
    if live && !reasons.is_empty() {
        finding.why = format!("{} ({})", finding.why, reasons.join("; "));
    }
    let mut fixes: Vec<String> = reported()
        .filter_map(|blocker| Some(blocker.proposal.as_ref()?.to_string()))
        .collect();
    if !explanation.is_looked_at && !fixes.is_empty() {
        fixes.push("what else that opens was not looked at".to_owned());
    }
    finding.help = Some(fixes.join("; ")).filter(|help| !help.is_empty());
}

/// What lets it through, on the way there.
fn open(finding: &mut Finding, explanation: &Explanation) {
    let deciding = explanation.forward.iter().filter(|hop| hop.result != "end");
    let rules: Vec<(Option<&Place>, String)> = deciding
        .filter_map(|hop| {
            Some((
                hop.source.as_ref(),
                format!("{}: {}", hop.component, hop.rule.as_ref()?),
            ))
        })
        .collect();
    finding.because = rules
        .iter()
        .filter_map(|(place, text)| label(*place, text.clone()))
        .take(REASONS_MAX)
        .collect();
    let texts: Vec<String> = rules.into_iter().map(|(_, text)| text).collect();
    finding.help = Some(format!("it goes by {}", texts.join("; "))).filter(|_| !texts.is_empty());
}

fn label(place: Option<&Place>, text: String) -> Option<Label> {
    place.filter(|place| place.line > 0).map(|place| Label {
        place: place.clone(),
        text,
    })
}
