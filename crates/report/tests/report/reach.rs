//! Who can talk to whom: in all formats, bounded, and with what the internet newly reaches first.

use trueup_model::{Barrier, Finding, Label, Level, Plan, ReachChange, Reachability, Status};
use trueup_report::Clean;
use trueup_report::text::PlanOptions;

use crate::sample;

fn change(from: &[&str], to: &[&str], over: &str, levels: (Level, Level), because: &str) -> ReachChange {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let exposure = from == ["internet"] && levels.1 > levels.0;
    ReachChange {
        from: own(from),
        to: own(to),
        over: over.into(),
        before: levels.0,
        after: levels.1,
        ranges: Vec::new(),
        so_far: Vec::new(),
        exposure,
        because: vec![because.into()],
    }
}

fn finding(status: Status, expectation: &str, why: &str) -> Finding {
    let help = (status != Status::Passed).then(|| "it goes by instance.bastion: security_group.bastion-sg ingress: tcp/22".to_owned());
    let because = Vec::<Label>::new();
    Finding {
        expectation: expectation.into(),
        status,
        says_nothing: status == Status::Warned && why.contains("has no hosts"),
        why: why.into(),
        because,
        help,
        from: "internet".into(),
        place: sample::place(70),
    }
}

fn plan() -> Plan {
    let hosts = ["instance.a", "instance.b", "instance.c", "instance.d", "instance.e"];
    let changes = vec![
        change(&["internet"], &hosts, "tcp/22", (Level::Blocked, Level::Allowed), "security_group.web"),
        change(&["internet"], &["instance.<b>"], "tcp/80", (Level::Blocked, Level::Partial), "security_group.web"),
        change(&["internet"], &["instance.x"], "tcp/81", (Level::Blocked, Level::Unknown), "route_table.a"),
        change(&["instance.private-host"], &["s3"], "tcp/all, icmp/8/0", (Level::Blocked, Level::Allowed), "vpc_endpoint.s3"),
        change(&["instance.a"], &["instance.b"], "tcp/443", (Level::Allowed, Level::Partial), "security_group.web"),
    ];
    let findings = vec![
        finding(Status::Passed, "instance.private-host cannot reach internet", ""),
        finding(Status::Failed, "internet cannot reach instance.bastion", "internet -> instance.bastion works over tcp/22"),
        finding(Status::Warned, "tag/tier=web cannot reach internet", "tag/tier=web has no hosts"),
    ];
    Plan {
        reachability: Some(Reachability { changes, more: 7, untold: None, findings, ..Reachability::default() }),
        ..sample::replacement()
    }
}

/// What a plan says from here on.
fn from<'t>(text: &'t str, start: &str) -> &'t str {
    &text[text.find(start).unwrap_or_else(|| panic!("{start} is not in {text}"))..]
}

#[test]
fn text() {
    let mut text = Clean::default();
    trueup_report::text::plan(&mut text, &plan(), &PlanOptions::default()).unwrap();
    insta::assert_snapshot!(from(&text, "Reachability"));
}

#[test]
fn markdown() {
    let text = trueup_report::markdown::plan(&plan(), sample::SPEC, 65536);
    insta::assert_snapshot!(from(&text, "**Reachability").split("**Why").next().unwrap());
}

#[test]
fn a_comment_that_is_cut_still_counts_them() {
    for most in [1100, 1500, 2000, 2500] {
        let text = trueup_report::markdown::plan(&plan(), sample::SPEC, most);
        assert!(text.len() <= most && (text.contains("12 changes to who can talk to whom") || text.contains("- and 7 more")), "{text}");
    }
}

#[test]
fn json() {
    let json = trueup_report::json::plan(&plan());
    insta::assert_snapshot!(serde_json::to_string_pretty(&json["reachability"]).unwrap());
}

#[test]
fn many_changes_are_bounded_everywhere() {
    let mut plan = plan();
    let told = plan.reachability.as_mut().unwrap();
    let names: Vec<String> = (0..5000).map(|n| format!("instance.h{n}")).collect();
    told.changes = vec![ReachChange { to: names, ..told.changes[0].clone() }; 100];
    let mut text = Clean::default();
    trueup_report::text::plan(&mut text, &plan, &PlanOptions::default()).unwrap();
    assert!(
        text.contains("tcp/22 of 5000 hosts becomes reachable from the internet (instance.h0, instance.h1, instance.h2 and 4997 more)"),
        "{text}"
    );
    assert!(text.contains("and 87 more; --format json lists them") && text.lines().count() < 80);
    assert!(trueup_report::json::plan(&plan).to_string().len() < 200_000);
    assert!(trueup_report::markdown::plan(&plan, sample::SPEC, 65536).matches("Exposure").count() == 20);
}

#[test]
fn drift_tells_what_does_not_hold() {
    let told = plan().reachability;
    let drift = Plan { reachability: told, ..sample::nothing() };
    let mut text = Clean::default();
    trueup_report::text::drift(&mut text, &drift, &[], trueup_report::Style::default()).unwrap();
    insta::assert_snapshot!(text);
    assert_eq!(trueup_report::json::drift(&drift, None)["expectations"][1]["status"], "failed");
}

#[test]
fn a_barrier_is_told_with_what_it_costs() {
    let gap = change(&["internet"], &["instance.web"], "tcp/443", (Level::Allowed, Level::Blocked), "");
    let partly = change(&["instance.<a>"], &["instance.web"], "tcp/22", (Level::Allowed, Level::Partial), "");
    let told = |waits: bool, gaps: Vec<ReachChange>, more: usize| {
        let barrier = Barrier { expectations: vec!["internet cannot reach instance.web except tcp/443".into()], waits, gaps, more };
        let plan = Plan { reachability: Some(Reachability { barrier: Some(barrier), ..Reachability::default() }), ..sample::replacement() };
        let mut text = Clean::default();
        trueup_report::text::plan(&mut text, &plan, &PlanOptions::default()).unwrap();
        (text, trueup_report::markdown::plan(&plan, sample::SPEC, 65536), trueup_report::json::plan(&plan))
    };
    let (text, markdown, json) = told(true, vec![gap, partly], 3);
    for line in [
        "Barrier: one step at a time, and what opens waits for what closes: ",
        "for a moment: internet cannot reach instance.web except tcp/443\n",
        "  gap: internet -> instance.web  tcp/443  does not work in between\n",
        "  gap: instance.<a> -> instance.web  tcp/22  works in part only in between\n",
        "  gap: and 3 more\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(
        markdown.contains("- **Barrier:** one step at a time") && markdown.contains("  - instance.&lt;a&gt; -&gt; instance.web"),
        "{markdown}"
    );
    let barrier = &json["reachability"]["barrier"];
    assert_eq!((barrier["gaps"][0]["after"].as_str(), barrier["more"].as_u64()), (Some("blocked"), Some(3)), "{json:#}");
    let (text, _, json) = told(true, Vec::new(), 0);
    assert!(text.contains("  gap: none: all that works before and after works in between\n"), "{text}");
    assert!(json["reachability"]["barrier"]["gaps"].as_array().is_some_and(Vec::is_empty), "{json:#}");
    // Where no step waits, that is not said either.
    let (text, markdown, json) = told(false, Vec::new(), 0);
    let order = "one step at a time, in the usual order: side by side this might not hold for a moment: internet cannot reach instance.web";
    assert!(text.contains(order) && markdown.contains(order) && !text.contains("gap: "), "{text}{markdown}");
    assert_eq!(json["reachability"]["barrier"]["waits"], false);
}
