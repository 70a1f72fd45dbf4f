//! What a plan does to who can talk to whom, in the words and the data that all formats share.

use serde_json::{Value as Json, json};
use trueup_model::reachability::internet;
use trueup_model::{
    Barrier, Finding, Interrupted, Level, Place, ReachChange, Reachability, SourceAddress, SourceChange,
    Status,
};

use crate::words;

/// Names that a line has at most.
const NAMES_MAX: usize = 3;
/// Names that a list for programs has at most; how many there are is reported beside it.
const LISTED_MAX: usize = 50;

/// The sign of a change at the beginning of a line: `!` for exposure, which a reviewer must see.
pub fn sign(change: &ReachChange) -> &'static str {
    match (change.exposure, change.after > change.before) {
        (true, _) => "!",
        (false, true) => "+",
        (false, false) => "-",
    }
}

/// What stands around the services of a flow: where columns are kept, and in a sentence.
pub const COLUMNS: [&str; 2] = ["  ", "  "];
pub const PROSE: [&str; 2] = [" over ", ": "];
/// Likewise before what is itself a part of the sentence.
pub const PROSE_ON: [&str; 2] = [" over ", " "];

/// A change in a sentence: what the internet newly reaches is said in full.
pub fn sentence(change: &ReachChange, [before, after]: [&str; 2]) -> String {
    let over = &change.over;
    if !change.exposure {
        let levels = format!("{} -> {}", change.before.as_str(), change.after.as_str());
        return format!(
            "{} -> {}{before}{over}{after}{levels}",
            named(&change.from),
            named(&change.to)
        );
    }
    let hosts = if change.to.len() == 1 {
        change.to[0].clone()
    } else {
        words::count(change.to.len(), "host")
    };
    let from = from(change);
    let becomes = match (change.before, change.after) {
        (_, Level::Unknown) => "may become reachable",
        (_, Level::Partial) => "becomes reachable in part",
        (Level::Partial, _) => "becomes reachable in full",
        _ => "becomes reachable",
    };
    let which = if change.to.len() == 1 {
        String::new()
    } else {
        format!(" ({})", named(&change.to))
    };
    format!("{over} of {hosts} {becomes} from {from}{which}")
}

/// What the internet newly reaches, as a clause: `exposes tcp/22 of instance.bastion to the internet`.
pub fn exposure(change: &ReachChange) -> String {
    let verb = match (change.before, change.after) {
        (_, Level::Unknown) => "may expose",
        (_, Level::Partial) => "exposes a part of",
        _ => "exposes",
    };
    let hosts = if change.to.len() <= 2 {
        change.to.join(" and ")
    } else {
        words::count(change.to.len(), "host")
    };
    format!("{verb} {} of {hosts} to {}", change.over, from(change))
}

fn from(change: &ReachChange) -> String {
    match internet(&change.from) {
        Some(internet) if change.so_far.is_empty() => format!("the {internet}"),
        Some(internet) => format!("the whole {internet} (so far: {})", some(&change.so_far)),
        None => named(&change.from),
    }
}

/// What a barrier is for and what it does, in a sentence without a full stop.
pub fn barrier(barrier: &Barrier) -> String {
    let others = named(&barrier.expectations);
    let (order, otherwise) = if barrier.waits {
        ("and what opens waits for what closes", "in another order")
    } else {
        ("in the usual order", "side by side")
    };
    format!("one step at a time, {order}: {otherwise} this might not hold for a moment: {others}")
}

/// What a barrier costs, each in a line: what works before and after it and not while steps wait. Where none
/// waits, the order costs nothing that it would not cost anyhow.
pub fn gaps(barrier: &Barrier, around: [&str; 2]) -> Vec<String> {
    if !barrier.waits {
        return Vec::new();
    }
    let mut lines: Vec<String> = barrier.gaps.iter().map(|gap| self::gap(gap, around)).collect();
    lines.extend((barrier.more > 0).then(|| format!("and {} more", barrier.more)));
    if lines.is_empty() {
        vec!["none: all that works before and after works in between".to_owned()]
    } else {
        lines
    }
}

/// What works before and after a plan and not while it is carried out, each in a line.
pub fn meanwhile(told: &Reachability, around: [&str; 2]) -> Vec<String> {
    let line = |gap: &ReachChange| format!("{} ({})", self::gap(gap, around), because(gap));
    let mut lines: Vec<String> = told.interrupted.iter().map(interrupted).collect();
    lines.extend(told.gaps.iter().map(line));
    lines.extend((told.gaps_more > 0).then(|| format!("and {} more", told.gaps_more)));
    lines.extend((told.gaps_unlooked > 0).then(|| {
        let steps = words::count(told.gaps_unlooked, "more step");
        format!(
            "{steps} that take something away or give it were looked at together only: there may be others"
        )
    }));
    lines
}

fn interrupted(told: &Interrupted) -> String {
    let Place { file, line, .. } = &told.place;
    format!(
        "it is expected that {} ({file}:{line}), and in between it may not be so ({})",
        told.expectation,
        named(&told.because)
    )
}

fn gap(gap: &ReachChange, [before, after]: [&str; 2]) -> String {
    let meanwhile = match gap.after {
        Level::Blocked => "does not work",
        Level::Unknown => "may not work",
        _ => "works in part only",
    };
    format!(
        "{} -> {}{before}{}{after}{meanwhile} in between",
        named(&gap.from),
        named(&gap.to),
        gap.over
    )
}

/// The reasons of a change; nothing where none is known.
pub fn because(change: &ReachChange) -> String {
    reasons(&change.because)
}

fn reasons(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("because of {}", named(names))
    }
}

/// Subnets that come to be public ones, in a sentence without a full stop.
pub fn public(told: &Reachability) -> Option<String> {
    let subnets: Vec<String> = told
        .public_subnets
        .iter()
        .map(|public| public.subnet.clone())
        .collect();
    let verb = if subnets.len() == 1 { "gets" } else { "get" };
    let whoever = "whoever has a public address there is on the internet";
    (!subnets.is_empty()).then(|| {
        format!(
            "{} {verb} a route to the internet gateway: {whoever}",
            named(&subnets)
        )
    })
}

/// Who appears on the internet by another address, each in a line, and in the first one what that comes to.
pub fn sources(told: &Reachability, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = told.source_changes.iter().take(most).map(source).collect();
    lines
        .iter_mut()
        .take(1)
        .for_each(|line| line.push_str(": whoever lets in only the old one shuts them out"));
    let more = told.source_changes.len() + told.source_changes_more - lines.len();
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}

fn source(change: &SourceChange) -> String {
    let subnets = if change.subnets.is_empty() {
        String::new()
    } else {
        format!("hosts of {}", named(&change.subnets))
    };
    let who: Vec<String> = [subnets, named(&change.hosts)]
        .into_iter()
        .filter(|who| !who.is_empty())
        .collect();
    let verb = if change.subnets.is_empty() && change.hosts.len() == 1 {
        "appears"
    } else {
        "appear"
    };
    let why = reasons(&change.because);
    let why = if why.is_empty() { why } else { format!(" ({why})") };
    let [before, after] = [&change.before, &change.after].map(|address| by(address, change));
    format!(
        "{} {verb} on the internet as {before} now, and afterwards as {after}{why}",
        who.join(" and ")
    )
}

/// An address and whose it is; of a host that is spoken of that is plain.
fn by(address: &SourceAddress, change: &SourceChange) -> String {
    let is_own = |of: &String| change.subnets.is_empty() && change.hosts == [of.clone()];
    match address {
        SourceAddress::Known { address, of } if is_own(of) => address.clone(),
        SourceAddress::Known { address, of } => format!("{address} of {of}"),
        SourceAddress::New { of } if is_own(of) => "another address that EC2 chooses".to_owned(),
        SourceAddress::New { of } => format!("another address of {of} that EC2 chooses"),
        SourceAddress::Unknown { by } => format!("an address that is not known (by {by})"),
    }
}

/// `Expectations: 3 hold, 1 says nothing, 1 does not`; none where nothing is expected.
pub fn counts(findings: &[Finding]) -> Option<String> {
    let number = |is: fn(Status) -> bool| findings.iter().filter(|finding| is(finding.status)).count();
    let silent = findings.iter().filter(|finding| finding.says_nothing).count();
    let held = number(|status| status == Status::Passed);
    let failed = number(|status| status == Status::Failed);
    // What is said to be enough though it cannot be told does not hold either.
    let unknown = number(|status| matches!(status, Status::Unknown | Status::Warned)) - silent;
    let verb =
        |number: usize, one: &str, more: &str| format!("{number} {}", if number == 1 { one } else { more });
    let mut parts = vec![verb(held, "holds", "hold")];
    parts.extend((silent > 0).then(|| verb(silent, "says nothing", "say nothing")));
    parts.extend((failed > 0).then(|| verb(failed, "does not", "do not")));
    parts.extend((unknown > 0).then(|| format!("{unknown} cannot be told")));
    (!findings.is_empty()).then(|| format!("Expectations: {}", parts.join(", ")))
}

/// Ranges where they are few, else their number.
fn some(ranges: &[String]) -> String {
    if ranges.len() <= NAMES_MAX + 1 {
        ranges.join(", ")
    } else {
        words::count(ranges.len(), "range")
    }
}

/// The first of several names, and how many more there are: never one, which would hide a name to no use.
pub fn named(names: &[String]) -> String {
    let more = if names.len() <= NAMES_MAX + 1 {
        0
    } else {
        names.len() - NAMES_MAX
    };
    let first = names[..names.len() - more].join(", ");
    if more == 0 {
        first
    } else {
        format!("{first} and {more} more")
    }
}

/// All of it, for programs.
pub fn json(reachability: &Reachability) -> Json {
    let ends = |names: &[String]| names.iter().take(LISTED_MAX).cloned().collect::<Vec<_>>();
    let change = |change: &ReachChange| {
        json!({
            "from": ends(&change.from),
            "from_count": change.from.len(),
            "to": ends(&change.to),
            "to_count": change.to.len(),
            "ranges": ends(&change.ranges),
            "ranges_count": change.ranges.len(),
            "so_far": ends(&change.so_far),
            "so_far_count": change.so_far.len(),
            "over": change.over,
            "before": change.before,
            "after": change.after,
            "exposure": change.exposure,
            "because": ends(&change.because),
        })
    };
    let barrier = |barrier: &Barrier| {
        json!({
            "expectations": barrier.expectations,
            "waits": barrier.waits,
            "gaps": barrier.gaps.iter().map(change).collect::<Vec<_>>(),
            "more": barrier.more,
        })
    };
    let source = |change: &SourceChange| {
        json!({
            "subnets": ends(&change.subnets),
            "subnets_count": change.subnets.len(),
            "hosts": ends(&change.hosts),
            "hosts_count": change.hosts.len(),
            "before": change.before,
            "after": change.after,
            "because": ends(&change.because),
        })
    };
    let mut document = json!({
        "hosts": reachability.hosts,
        "changes": reachability.changes.iter().map(change).collect::<Vec<_>>(),
        "more": reachability.more,
        "untold": reachability.untold,
        "expectations": findings(&reachability.findings),
    });
    if let Some(told) = &reachability.barrier {
        document["barrier"] = barrier(told);
    }
    if !reachability.gaps.is_empty() || reachability.gaps_unlooked > 0 {
        document["gaps"] = reachability.gaps.iter().map(change).collect();
        document["gaps_more"] = json!(reachability.gaps_more);
        document["gaps_unlooked"] = json!(reachability.gaps_unlooked);
    }
    if !reachability.opened_groups.is_empty() {
        document["opened_groups"] = json!(reachability.opened_groups);
    }
    if !reachability.public_subnets.is_empty() {
        document["public_subnets"] = json!(reachability.public_subnets);
    }
    if !reachability.source_changes.is_empty() {
        document["source_changes"] = reachability.source_changes.iter().map(source).collect();
        document["source_changes_more"] = json!(reachability.source_changes_more);
    }
    if !reachability.interrupted.is_empty() {
        let interrupted = |told: &Interrupted| json!({"expectation": told.expectation, "because": told.because, "source": told.place});
        document["interrupted"] = reachability.interrupted.iter().map(interrupted).collect();
    }
    document
}

/// How expectations fare, for programs.
pub fn findings(findings: &[Finding]) -> Json {
    let finding = |finding: &Finding| {
        json!({
            "expectation": finding.expectation,
            "status": finding.status,
            "says_nothing": finding.says_nothing,
            "why": finding.why,
            "help": finding.help,
            "source": finding.place,
        })
    };
    findings.iter().map(finding).collect()
}
