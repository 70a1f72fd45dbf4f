//! Who can talk to whom: in all formats, bounded, and with what the internet newly reaches first.

use trueup_model::{
    Action, Barrier, Finding, Interrupted, Label, Level, Loss, OpenedGroup, Place, Plan, PublicSubnet,
    ReachChange, Reachability, SourceAddress, SourceChange, Status,
};
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
    let help = (status != Status::Passed)
        .then(|| "it goes by instance.bastion: security_group.bastion-sg ingress: tcp/22".to_owned());
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
    let hosts = [
        "instance.a",
        "instance.b",
        "instance.c",
        "instance.d",
        "instance.e",
    ];
    let changes = vec![
        change(
            &["internet"],
            &hosts,
            "tcp/22",
            (Level::Blocked, Level::Allowed),
            "security_group.web",
        ),
        change(
            &["internet"],
            &["instance.<b>"],
            "tcp/80",
            (Level::Blocked, Level::Partial),
            "security_group.web",
        ),
        change(
            &["internet"],
            &["instance.x"],
            "tcp/81",
            (Level::Blocked, Level::Unknown),
            "route_table.a",
        ),
        change(
            &["instance.private-host"],
            &["s3"],
            "tcp/all, icmp/8/0",
            (Level::Blocked, Level::Allowed),
            "vpc_endpoint.s3",
        ),
        change(
            &["instance.a"],
            &["instance.b"],
            "tcp/443",
            (Level::Allowed, Level::Partial),
            "security_group.web",
        ),
    ];
    let findings = vec![
        finding(Status::Passed, "instance.private-host cannot reach internet", ""),
        finding(
            Status::Failed,
            "internet cannot reach instance.bastion",
            "internet -> instance.bastion works over tcp/22",
        ),
        finding(
            Status::Warned,
            "tag/tier=web cannot reach internet",
            "tag/tier=web has no hosts",
        ),
    ];
    Plan {
        reachability: Some(Reachability {
            changes,
            more: 7,
            untold: None,
            findings,
            ..Reachability::default()
        }),
        ..sample::replacement()
    }
}

/// What a plan says from here on.
fn from<'t>(text: &'t str, start: &str) -> &'t str {
    &text[text
        .find(start)
        .unwrap_or_else(|| panic!("{start} is not in {text}"))..]
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
        assert!(
            text.len() <= most
                && (text.contains("12 changes to who can talk to whom") || text.contains("- and 7 more")),
            "{text}"
        );
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
    told.changes = vec![
        ReachChange {
            to: names,
            ..told.changes[0].clone()
        };
        100
    ];
    let mut text = Clean::default();
    trueup_report::text::plan(&mut text, &plan, &PlanOptions::default()).unwrap();
    assert!(
        text.contains("tcp/22 of 5000 hosts becomes reachable from the internet (instance.h0, instance.h1, instance.h2 and 4997 more)"),
        "{text}"
    );
    assert!(text.contains("and 87 more; --format json lists them") && text.lines().count() < 80);
    assert!(trueup_report::json::plan(&plan).to_string().len() < 200_000);
    assert!(
        trueup_report::markdown::plan(&plan, sample::SPEC, 65536)
            .matches("Exposure")
            .count()
            == 20
    );
}

#[test]
fn drift_tells_what_does_not_hold() {
    let told = plan().reachability;
    let drift = Plan {
        reachability: told,
        ..sample::nothing()
    };
    let mut text = Clean::default();
    trueup_report::text::drift(&mut text, &drift, &[], trueup_report::Style::default()).unwrap();
    insta::assert_snapshot!(text);
    assert_eq!(
        trueup_report::json::drift(&drift, None)["expectations"][1]["status"],
        "failed"
    );
}

#[test]
fn a_can_that_may_not_hold_in_between_is_told_with_its_line() {
    let interrupted = Interrupted {
        expectation: "instance.app can reach s3".into(),
        place: Place {
            file: "net.yaml".into(),
            line: 12,
            ..Place::default()
        },
        because: vec!["vpc_endpoint.s3".into()],
    };
    let plan = Plan {
        reachability: Some(Reachability {
            interrupted: vec![interrupted],
            ..Reachability::default()
        }),
        ..sample::replacement()
    };
    let mut text = Clean::default();
    trueup_report::text::plan(&mut text, &plan, &PlanOptions::default()).unwrap();
    let line = "it is expected that instance.app can reach s3 (net.yaml:12), and in between it may not be so (vpc_endpoint.s3)";
    assert!(text.contains(&format!("Gap: {line}\n")), "{text}");
    let markdown = trueup_report::markdown::plan(&plan, sample::SPEC, 65536);
    assert!(
        markdown.contains(
            "- **Gap:** it is expected that instance.app can reach s3 (net.yaml:12), and in between"
        ),
        "{markdown}"
    );
    let json = &trueup_report::json::plan(&plan)["reachability"]["interrupted"][0];
    assert_eq!(
        (json["because"][0].as_str(), json["source"]["line"].as_u64()),
        (Some("vpc_endpoint.s3"), Some(12)),
        "{json:#}"
    );
}

#[test]
fn a_barrier_is_told_with_what_it_costs() {
    let gap = change(
        &["internet"],
        &["instance.web"],
        "tcp/443",
        (Level::Allowed, Level::Blocked),
        "",
    );
    let partly = change(
        &["instance.<a>"],
        &["instance.web"],
        "tcp/22",
        (Level::Allowed, Level::Partial),
        "",
    );
    let told = |waits: bool, gaps: Vec<ReachChange>, more: usize| {
        let barrier = Barrier {
            expectations: vec!["internet cannot reach instance.web except tcp/443".into()],
            waits,
            gaps,
            more,
        };
        let plan = Plan {
            reachability: Some(Reachability {
                barrier: Some(barrier),
                ..Reachability::default()
            }),
            ..sample::replacement()
        };
        let mut text = Clean::default();
        trueup_report::text::plan(&mut text, &plan, &PlanOptions::default()).unwrap();
        (
            text,
            trueup_report::markdown::plan(&plan, sample::SPEC, 65536),
            trueup_report::json::plan(&plan),
        )
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
        markdown.contains("- **Barrier:** one step at a time")
            && markdown.contains("  - instance.&lt;a&gt; -&gt; instance.web"),
        "{markdown}"
    );
    let barrier = &json["reachability"]["barrier"];
    assert_eq!(
        (barrier["gaps"][0]["after"].as_str(), barrier["more"].as_u64()),
        (Some("blocked"), Some(3)),
        "{json:#}"
    );
    let (text, _, json) = told(true, Vec::new(), 0);
    assert!(
        text.contains("  gap: none: all that works before and after works in between\n"),
        "{text}"
    );
    assert!(
        json["reachability"]["barrier"]["gaps"]
            .as_array()
            .is_some_and(Vec::is_empty),
        "{json:#}"
    );
    // Where no step waits, that is not said either.
    let (text, markdown, json) = told(false, Vec::new(), 0);
    let order = "one step at a time, in the usual order: side by side this might not hold for a moment: internet cannot reach instance.web";
    assert!(
        text.contains(order) && markdown.contains(order) && !text.contains("gap: "),
        "{text}{markdown}"
    );
    assert_eq!(json["reachability"]["barrier"]["waits"], false);
}

#[test]
fn who_appears_by_another_address_is_told() {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let known = |address: &str, of: &str| SourceAddress::Known {
        address: address.into(),
        of: of.into(),
    };
    let change =
        |subnets: &[&str], hosts: &[&str], before: SourceAddress, after: SourceAddress, because: &[&str]| {
            SourceChange {
                subnets: own(subnets),
                hosts: own(hosts),
                before,
                after,
                because: own(because),
            }
        };
    let source_changes = vec![
        change(
            &["subnet.private-a", "subnet.private-b"],
            &["instance.b"],
            known("203.0.113.7", "nat_gateway.a"),
            known("203.0.113.9", "nat_gateway.b"),
            &["route_table.private-a"],
        ),
        change(
            &[],
            &["instance.b"],
            known("203.0.113.8", "instance.b"),
            SourceAddress::New {
                of: "instance.b".into(),
            },
            &["instance.b"],
        ),
        change(
            &["subnet.c"],
            &[],
            known("203.0.113.7", "nat_gateway.a"),
            SourceAddress::Unknown { by: "tgw-1".into() },
            &[],
        ),
    ];
    let told = Reachability {
        source_changes,
        source_changes_more: 2,
        ..Reachability::default()
    };
    let mut plan = Plan {
        reachability: Some(told),
        ..sample::replacement()
    };
    let mut text = Clean::default();
    trueup_report::text::plan(&mut text, &plan, &PlanOptions::default()).unwrap();
    let lines = [
        "hosts of subnet.private-a, subnet.private-b and instance.b appear on the internet as 203.0.113.7 of nat_gateway.a now, and \
         afterwards as 203.0.113.9 of nat_gateway.b (because of route_table.private-a): whoever lets in only the old one shuts them out",
        "instance.b appears on the internet as 203.0.113.8 now, and afterwards as another address that EC2 chooses (because of instance.b)",
        "hosts of subnet.c appear on the internet as 203.0.113.7 of nat_gateway.a now, and afterwards as an address that is not known (by tgw-1)",
        "and 2 more",
    ];
    let markdown = trueup_report::markdown::plan(&plan, sample::SPEC, 65536);
    for line in lines {
        assert!(
            text.contains(&format!("\nSource address: {line}\n")),
            "{line} is not in\n{text}"
        );
        let escaped = line.replace("->", "-&gt;").replace("_", "\\_");
        assert!(
            markdown.contains(&format!("\n- **Source address:** {escaped}\n")),
            "{line} is not in\n{markdown}"
        );
    }
    let json = trueup_report::json::plan(&plan);
    let first = &json["reachability"]["source_changes"][0];
    assert_eq!(
        first["subnets"],
        serde_json::json!(["subnet.private-a", "subnet.private-b"])
    );
    assert_eq!(
        first["after"],
        serde_json::json!({"what": "known", "address": "203.0.113.9", "of": "nat_gateway.b"})
    );
    assert_eq!(json["reachability"]["source_changes_more"], 2);
    // It is at stake, where it is not reported as lost already.
    assert!(
        text.contains("changes the source address of 3 subnets and instance.b\n"),
        "{text}"
    );
    plan.changes.push(sample::change(
        Action::Replace,
        "instance.b",
        Some("i-1"),
        Vec::new(),
    ));
    plan.changes.last_mut().unwrap().losses = vec![Loss::PublicAddress {
        address: "203.0.113.8".into(),
    }];
    let stakes = trueup_report::json::plan(&plan)["stakes"].clone();
    let last = stakes.as_array().unwrap().last().unwrap();
    assert_eq!(
        last,
        &serde_json::json!({"what": "readdresses", "subnets": ["subnet.c", "subnet.private-a", "subnet.private-b"], "hosts": []})
    );
}

#[test]
fn what_opens_although_nobody_is_known_is_at_stake() {
    let opened_groups = vec![OpenedGroup {
        group: "security_group.alb".into(),
        over: "tcp/443".into(),
        users_known: false,
    }];
    let told = Reachability {
        hosts: Some(0),
        opened_groups,
        public_subnets: vec![PublicSubnet {
            subnet: "subnet.database-a".into(),
            because: "route_table.database".into(),
        }],
        ..Reachability::default()
    };
    let changes = vec![sample::change(
        Action::Update,
        "route_table.database",
        Some("rtb-1"),
        Vec::new(),
    )];
    let mut plan = Plan {
        reachability: Some(told),
        changes,
        ..sample::nothing()
    };
    let stakes = "opens tcp/443 of security_group.alb to the internet (who carries it is not known), gives subnet.database-a a route to the \
                  internet gateway";
    let public = "subnet.database-a gets a route to the internet gateway: whoever has a public address there is on the internet";
    let mut text = Clean::default();
    trueup_report::text::plan(&mut text, &plan, &PlanOptions::default()).unwrap();
    assert!(
        text.contains(&format!("At stake: {stakes}\n")) && text.contains(&format!("\nPublic: {public}\n")),
        "{text}"
    );
    let markdown = trueup_report::markdown::plan(&plan, sample::SPEC, 65536);
    assert!(
        markdown.contains(&format!(": {} · 1 to change\n", stakes.replace('_', "\\_"))),
        "{markdown}"
    );
    assert!(
        markdown.contains(&format!(
            "**Reachability:** no hosts are known.\n\n- **Public:** {public}\n"
        )),
        "{markdown}"
    );
    let json = trueup_report::json::plan(&plan);
    assert_eq!(
        json["stakes"][0],
        serde_json::json!({"what": "opens", "groups": [{"group": "security_group.alb", "over": "tcp/443", "users_known": false}]})
    );
    assert_eq!(
        json["stakes"][1],
        serde_json::json!({"what": "makes_public", "subnets": ["subnet.database-a"]})
    );
    assert_eq!(json["reachability"]["hosts"], 0);
    // Without hosts there is nothing that could be unchanged; with some there is.
    for (hosts, said) in [
        (
            0,
            "no hosts are known, so nothing can be told of who talks to whom.",
        ),
        (6, "unchanged between the hosts that are known (6)."),
    ] {
        plan.reachability = Some(Reachability {
            hosts: Some(hosts),
            ..Reachability::default()
        });
        let markdown = trueup_report::markdown::plan(&plan, sample::SPEC, 65536);
        assert!(
            markdown.contains(&format!("\n**Reachability:** {said}\n")),
            "{markdown}"
        );
    }
}
