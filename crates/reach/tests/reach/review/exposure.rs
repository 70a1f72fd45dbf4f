//! What a plan opens to the internet: refused where nothing says that it can.

use super::*;

#[test]
fn exposure_is_refused_unless_it_is_expected() {
    let after = bastion_group(&json!([
        rule("22", OPEN),
        rule("443", OPEN),
        rule("3389", "203.0.114.0/24")
    ]));
    let refused = |expect: &[Expectation]| {
        let plan = reviewed(&seed(), &after, expect, true);
        plan.refused
            .iter()
            .map(|refusal| format!("{} {}: {}", refusal.guard.code(), refusal.address, found(refusal)))
            .collect::<Vec<_>>()
    };
    let all = refused(&[]);
    assert_eq!(all.len(), 2, "{all:#?}");
    assert_eq!(
        all[0],
        "exposure instance.bastion: tcp/443 becomes reachable from the internet, and no `expect` says that it can: close it, or expect \
         `{from: internet, can: instance.bastion, over: 'tcp/443'}`"
    );
    let web = expects(
        "internet",
        Demand::Can,
        "security_group.bastion-sg",
        Some("tcp/443"),
    );
    let office = expects(
        "cidr/203.0.114.0/24",
        Demand::Can,
        "instance.bastion",
        Some("tcp/3389"),
    );
    assert_eq!(refused(std::slice::from_ref(&web)).len(), 1);
    assert_eq!(refused(&[web, office]), [""; 0]);
    // That something works does not say what may.
    assert_eq!(
        refused(&[expects("internet", Demand::Can, "instance.bastion", None)]),
        all
    );
    // Nobody asked for it.
    assert!(reviewed(&seed(), &after, &[], false).refused.is_empty());
}

#[test]
fn several_expectations_declare_an_exposure_together() {
    let office = |range: &str, ports: &str| {
        expects(
            &format!("cidr/{range}"),
            Demand::Can,
            "instance.bastion",
            Some(ports),
        )
    };
    let (first, second) = ("203.0.114.0/24", "198.51.101.0/24");
    let rules = |ports: [&str; 2]| bastion_group(&json!([rule(ports[0], first), rule(ports[1], second)]));
    let refused = |after: &Resources, expect: &[Expectation]| {
        let plan = reviewed(&bastion_group(&json!([])), after, expect, true);
        let whys = plan
            .refused
            .iter()
            .filter(|refusal| refusal.guard == Guard::Exposure)
            .map(|refusal| found(refusal).to_owned());
        whys.collect::<Vec<_>>()
    };
    // The two ranges are reported as one, and each is declared by itself.
    let both = rules(["22", "22"]);
    assert_eq!(
        refused(&both, &[office(first, "tcp/22"), office(second, "tcp/22")]),
        [""; 0]
    );
    assert_eq!(
        refused(&both, &[office(first, "tcp/22")]),
        [
            "tcp/22 becomes reachable from 198.51.101.0/24, and no `expect` says that it can: close it, or expect `{from: \
          cidr/198.51.101.0/24, can: instance.bastion, over: 'tcp/22'}`"
        ]
    );
    let all = refused(&both, &[]);
    assert_eq!(all.len(), 1, "{all:#?}");
    assert!(all[0].contains("`{from: cidr/198.51.101.0/24, can: instance.bastion, over: 'tcp/22'}` and `{from: cidr/203.0.114.0/24, "));
    // A part of a range, and a part of the services.
    let half = [office("203.0.114.0/25", "tcp/22-23"), office(second, "tcp/22")];
    let left = refused(&rules(["22-23", "22-23"]), &half);
    let starts = [
        "tcp/22-23 becomes reachable from 203.0.114.128/25, ",
        "tcp/23 becomes reachable from 198.51.101.0/24, ",
    ];
    assert!(
        left.len() == 2
            && starts
                .iter()
                .all(|start| left.iter().any(|why| why.starts_with(start))),
        "{left:#?}"
    );
    // Most of the internet is not all of it.
    let most = refused(&bastion_group(&json!([rule("22", OPEN)])), &half[..1]);
    assert!(
        most[0].contains("from internet except 203.0.114.0/25,")
            && most[0].ends_with(" and so on, for 106 ranges")
            && !most[0].contains("from: internet"),
        "{most:#?}"
    );
}

/// The bastion's group open to one office, and then to more.
fn to_office_then(cidr: &str, expect: &[Expectation]) -> Plan {
    let rule = |cidr: &str| json!([{"protocol": "tcp", "port": "22", "cidr": cidr}]);
    reviewed(
        &bastion_group(&rule("203.0.113.5/32")),
        &bastion_group(&rule(cidr)),
        expect,
        true,
    )
}

#[test]
fn the_whole_internet_is_reported_as_such_though_an_office_was_there_before() {
    let whole = to_office_then(OPEN, &[]);
    let change = &whole.reachability.as_ref().unwrap().changes[0];
    assert_eq!(
        (&change.from[..], &change.so_far[..]),
        (&["internet".to_owned()][..], &["203.0.113.5/32".to_owned()][..])
    );
    assert!(change.ranges.len() > 20 && !change.ranges.contains(&"203.0.113.5/32".to_owned()));
    let exposure = whole
        .refused
        .iter()
        .find(|refusal| refusal.guard == Guard::Exposure);
    let why = found(exposure.unwrap());
    assert!(
        why.contains("from the whole internet (so far: 203.0.113.5/32)"),
        "{why}"
    );
    assert!(
        why.ends_with("expect `{from: internet, can: instance.bastion, over: 'tcp/22'}`"),
        "{why}"
    );
    // A larger office is not the internet.
    let office = to_office_then("203.0.113.0/24", &[]);
    let change = &office.reachability.as_ref().unwrap().changes[0];
    assert_eq!(change.from, ["8 ranges of the internet"]);
    assert_eq!(
        (change.ranges.len(), &change.so_far[..]),
        (8, &["203.0.113.5/32".to_owned()][..])
    );
}

#[test]
fn a_group_that_opens_is_reported_though_nobody_carries_it() {
    let group = |cidr: &str| {
        let mut resources = seed();
        let rule = json!([{"protocol": "tcp", "port": "443", "cidr": cidr}]);
        resources.push((
            "security_group.alb",
            json!({"vpc": "vpc.main", "description": "ALB", "ingress": rule}),
        ));
        resources
    };
    let (before, after) = (spec(&group("10.0.0.0/8")), spec(&group(OPEN)));
    let opened = |interfaces: trueup_model::Interfaces| {
        let mut plan = plan(&before, &after);
        let observed = trueup_model::Observed {
            interfaces,
            ..live(&before)
        };
        let networks = BeforeAfter::of(&plan, &after, &observed);
        review(&mut plan, &after, &observed, networks.as_ref(), true);
        (
            plan.diagnostics
                .iter()
                .map(|diagnostic| diagnostic.message.clone())
                .collect::<Vec<_>>(),
            plan.refused.len(),
        )
    };
    let (reported, refused) = opened(trueup_model::Interfaces::default());
    assert_eq!(
        reported,
        [
            "security_group.alb comes to let in tcp/443 from the internet or more of it; no interface carries it now"
        ]
    );
    assert_eq!(refused, 0);
    let (reported, refused) = opened(trueup_model::Interfaces::Unread("denied".to_owned()));
    assert!(
        reported.iter().any(|reported| reported
            .ends_with("who carries it is not known: network interfaces could not be read (denied)")),
        "{reported:?}"
    );
    assert_eq!(refused, 1);
}
