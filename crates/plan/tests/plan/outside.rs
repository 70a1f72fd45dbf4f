//! Objects of others that a plan uses: they are looked for before anything is made.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::{changes, live, number, seed, steps, topology, with};
use serde_json::json;
use trueup_model::outside::ARCHITECTURE;
use trueup_model::{Kind, Observed, Outside, Place, Plan, Refusal, Refused, Sought, Topology, Zone};
use trueup_plan::{outside, plan};

const GATEWAY: &str = "tgw-0123456789abcdef0";
const GROUP: &str = "sg-0aaaaaaaaaaaaaaaa";

/// The seed with a route to a transit gateway and a rule for a group, neither of which is its own.
fn wanted() -> Topology {
    let rule = json!([{"protocol": "tcp", "port": "443", "security_group": GROUP}]);
    let routes = json!([{"destination": "10.0.0.0/8", "transit_gateway": GATEWAY}]);
    let resources = with(
        with(seed(), "route_table.private", "routes", routes),
        "security_group.private-sg",
        "ingress",
        rule,
    );
    let mut wanted = topology(&resources);
    let table = wanted
        .resources
        .get_mut(&"route_table.private".parse().unwrap())
        .unwrap();
    let place = Place {
        file: "net.yaml".into(),
        line: 7,
        ..Place::default()
    };
    table.places = std::sync::Arc::new(BTreeMap::from([("routes[0].transit_gateway".to_owned(), place)]));
    wanted
}

/// It is there, and nothing more is known.
const THERE: Outside = Outside::There(BTreeSet::new());

/// What a plan looks for, as a message says it.
fn sought(wanted: &Topology, observed: &Observed) -> Vec<String> {
    outside::unlisted(&plan(wanted, observed), wanted, observed)
        .iter()
        .map(Sought::to_string)
        .collect()
}

/// The seed's image and type: what its hosts are launched with.
const LAUNCHED: [&str; 2] = ["ami-003634241a8fcdec0", "t2.micro"];

/// The plan, with this to be said about whatever it looks for.
fn checked(wanted: &Topology, observed: &Observed, found: &Outside) -> Plan {
    let mut plan = plan(wanted, observed);
    let looked = outside::unlisted(&plan, wanted, observed).into_iter();
    // What a launch takes is there.
    let of = |sought: &Sought| {
        if LAUNCHED.contains(&sought.text()) {
            THERE
        } else {
            found.clone()
        }
    };
    let looked = looked.map(|sought| (sought.clone(), of(&sought))).collect();
    outside::check(&mut plan, wanted, observed, &looked);
    plan
}

#[test]
fn what_is_not_there_is_refused_at_its_line() {
    let wanted = wanted();
    let nothing = Observed {
        site: trueup_model::Site {
            account: "123456789012".into(),
            region: "us-west-2".into(),
        },
        ..Observed::default()
    };
    let before = plan(&wanted, &nothing);
    assert_eq!(
        sought(&wanted, &nothing),
        [LAUNCHED[0], GROUP, GATEWAY, LAUNCHED[1]]
    );
    assert!(
        number(&before, "route_table.private", "CreateRoute") > 0,
        "{:?}",
        steps(&before)
    );
    let refused = checked(&wanted, &nothing, &Outside::Absent).refused;
    let told: Vec<(&str, &str)> = refused
        .iter()
        .map(|refusal| (refusal.guard.code(), refusal.address.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("outside", "route_table.private"),
            ("outside", "security_group.private-sg")
        ]
    );
    let named = |refusal: &Refusal| match &refusal.why {
        Refused::Absent { sought, named } => (
            sought.text().to_owned(),
            named.path.clone(),
            named.place.as_ref().map(|place| place.line),
        ),
        other => panic!("{other:?}"),
    };
    let (gateway, path, line) = named(&refused[0]);
    assert_eq!(
        (gateway.as_str(), path.as_str(), line),
        (GATEWAY, "route_table.private.routes[0].transit_gateway", Some(7))
    );
    assert_eq!(
        named(&refused[1]).1,
        "security_group.private-sg.ingress[0].security_group"
    );

    let state = checked(&wanted, &nothing, &Outside::Unusable("deleting".into())).refused;
    assert!(matches!(&state[0].why, Refused::Unusable { state, .. } if state == "deleting"));
    assert!(checked(&wanted, &nothing, &THERE).refused.is_empty());
    // What nobody may look at is reported, and no reason to refuse anything.
    let unknown = checked(&wanted, &nothing, &Outside::Unknown("no permission".into()));
    assert!(unknown.refused.is_empty() && unknown.is_complete());
    assert_eq!(
        unknown
            .diagnostics
            .iter()
            .filter(|told| told.message.contains("no permission"))
            .count(),
        2
    );
}

#[test]
fn what_is_seen_or_not_used_is_not_looked_for() {
    let wanted = wanted();
    // What is there already uses it, and stays as it is.
    let there = live(&wanted);
    let kept = plan(&wanted, &there);
    assert!(
        changes(&kept).is_empty() && sought(&wanted, &there).is_empty(),
        "{:?}",
        changes(&kept)
    );
    // A subnet in a VPC of others, which the bulk read shows.
    let subnet = topology(&[(
        "subnet.a",
        json!({"vpc": "vpc-00000001", "cidr_block": "10.0.9.0/24"}),
    )]);
    let vpc = live(&topology(&[("vpc.main", json!({"cidr_block": "10.0.0.0/16"}))]));
    assert!(sought(&subnet, &vpc).is_empty());
    assert_eq!(sought(&subnet, &Observed::default()), ["vpc-00000001"]);
    // Nor is what could not be read: that is reported already.
    let unread = Observed {
        unreadable: [(trueup_model::Kind::Vpc, "denied".to_owned())].into(),
        ..Observed::default()
    };
    assert!(sought(&subnet, &unread).is_empty());
}

#[test]
fn what_is_in_another_vpc_than_it_must_be_is_refused() {
    let vpcs = [
        ("vpc.main", json!({"cidr_block": "10.0.0.0/16"})),
        ("vpc.other", json!({"cidr_block": "10.9.0.0/16"})),
    ];
    let table = |vpc: &str| ("route_table.t", json!({"vpc": vpc}));
    // Two VPCs of others, and a table in one of them.
    let others = Topology {
        name: "others".into(),
        ..topology(&[vpcs[0].clone(), vpcs[1].clone(), table("vpc.other")])
    };
    let there = live(&others);
    let id = |address: &str| {
        let owner = |object: &&trueup_model::Object| {
            object
                .owner
                .as_ref()
                .is_some_and(|owner| owner.address == address)
        };
        there.objects.iter().find(owner).unwrap().id.clone()
    };
    let subnet = |vpc: &str| {
        topology(&[(
            "subnet.a",
            json!({"vpc": vpc, "cidr_block": "10.0.9.0/24", "route_table": id("route_table.t")}),
        )])
    };
    assert!(
        checked(&subnet(&id("vpc.other")), &there, &THERE)
            .refused
            .is_empty()
    );
    let refused = checked(&subnet(&id("vpc.main")), &there, &THERE).refused;
    assert_eq!((refused.len(), refused[0].guard.code()), (1, "outside"));
    let Refused::OtherVpc {
        id: other,
        is_in,
        must,
        ..
    } = &refused[0].why
    else {
        panic!("{refused:?}")
    };
    assert_eq!(
        [other, is_in, must],
        [&id("route_table.t"), &id("vpc.other"), &id("vpc.main")]
    );
    // A VPC that is yet to be made has nothing of others in it.
    let new = topology(&[
        ("vpc.new", json!({"cidr_block": "10.7.0.0/16"})),
        (
            "subnet.a",
            json!({"vpc": "vpc.new", "cidr_block": "10.7.9.0/24", "route_table": id("route_table.t")}),
        ),
    ]);
    assert_eq!(checked(&new, &there, &THERE).refused.len(), 1);
}

#[test]
fn an_image_and_a_type_are_looked_for_where_a_step_launches_or_changes_the_type() {
    let with_type = |ty: &str| topology(&with(seed(), "instance.bastion", "instance_type", json!(ty)));
    let wanted = with_type("t2.micro");
    let there = live(&wanted);
    assert!(sought(&wanted, &there).is_empty());
    // A tag of a host, and a rule of its group, launch nothing.
    let tagged = topology(&with(seed(), "instance.bastion", "tags", json!({"team": "net"})));
    assert!(!changes(&plan(&tagged, &there)).is_empty() && sought(&tagged, &there).is_empty());
    assert_eq!(sought(&with_type("t9.micro"), &there), ["t9.micro"]);
    let refused = checked(&with_type("t9.micro"), &there, &Outside::Absent).refused;
    assert_eq!(
        (
            refused.len(),
            refused[0].guard.code(),
            refused[0].address.as_str()
        ),
        (1, "outside", "instance.bastion")
    );
    assert!(
        matches!(&refused[0].why, Refused::Absent { sought, named }
            if sought.text() == "t9.micro" && named.path == "instance.bastion.instance_type"),
        "{refused:?}"
    );
    let unknown = checked(
        &with_type("t9.micro"),
        &there,
        &Outside::Unknown("no permission".into()),
    );
    assert!(unknown.refused.is_empty());
    assert!(
        unknown
            .diagnostics
            .iter()
            .any(|told| told.message == "whether EC2 offers t9.micro is not known: no permission")
    );
    let image = topology(&with(
        seed(),
        "instance.bastion",
        "image",
        json!("ami-0123456789abcdef0"),
    ));
    assert_eq!(sought(&image, &there), ["ami-0123456789abcdef0", "t2.micro"]);
}

#[test]
fn a_type_is_looked_for_in_the_zone_of_its_subnet() {
    let zoned = |range: &str, zone: &str, value: &str| {
        let mut subnet = json!({"vpc": "vpc.main", "cidr_block": range, "route_table": "route_table.public"});
        if !zone.is_empty() {
            subnet[zone] = json!(value);
        }
        let mut resources = with(seed(), "instance.bastion", "instance_type", json!("t9.micro"));
        resources
            .iter_mut()
            .find(|(address, _)| *address == "subnet.public")
            .unwrap()
            .1 = subnet;
        topology(&resources)
    };
    let zone_of = |wanted: &Topology, observed: &Observed| {
        let all = outside::unlisted(&plan(wanted, observed), wanted, observed);
        all.into_iter().find_map(|sought| match sought {
            Sought::InstanceType { name, zone } if name == "t9.micro" => Some(zone),
            _ => None,
        })
    };
    let nothing = Observed::default();
    let name = || Some(Zone::Name("us-west-2b".into()));
    assert_eq!(
        zone_of(&zoned("10.0.1.0/24", "availability_zone", "us-west-2b"), &nothing),
        name()
    );
    assert_eq!(
        zone_of(
            &zoned("10.0.1.0/24", "availability_zone_id", "usw2-az2"),
            &nothing
        ),
        Some(Zone::Id("usw2-az2".into()))
    );
    assert_eq!(zone_of(&zoned("10.0.1.0/24", "", ""), &nothing), Some(Zone::Any));
    // A spec that leaves the zone to EC2 means the one that it chose, as long as the subnet stays.
    let there = live(&with_type_of(
        &zoned("10.0.1.0/24", "availability_zone", "us-west-2b"),
        "t2.micro",
    ));
    assert_eq!(zone_of(&zoned("10.0.1.0/24", "", ""), &there), name());
    assert_eq!(zone_of(&zoned("10.0.9.0/24", "", ""), &there), Some(Zone::Any));
    let told = checked(
        &zoned("10.0.1.0/24", "availability_zone", "us-west-2b"),
        &there,
        &Outside::Absent,
    )
    .refused;
    assert!(
        matches!(&told[0].why, Refused::Absent { sought, .. } if sought.to_string() == "t9.micro in us-west-2b"),
        "{told:?}"
    );
}

/// The same with a bastion of another type.
fn with_type_of(wanted: &Topology, ty: &str) -> Topology {
    let mut wanted = wanted.clone();
    wanted
        .resources
        .get_mut(&"instance.bastion".parse().unwrap())
        .unwrap()
        .record
        .set("instance_type", ty);
    wanted
}

#[test]
fn a_type_that_does_not_run_the_image_is_refused_and_both_are_named() {
    let there = live(&topology(&seed()));
    let refused = |attribute: &str, value: &str, image: &[&str], ty: &[&str], host: &str| {
        let wanted = topology(&with(seed(), "instance.bastion", attribute, json!(value)));
        let mut there = there.clone();
        for object in &mut there.objects {
            if !host.is_empty() && object.kind == Kind::Instance {
                object.facts.set(ARCHITECTURE, host);
            }
        }
        let mut plan = plan(&wanted, &there);
        let looked = outside::unlisted(&plan, &wanted, &there)
            .into_iter()
            .map(|sought| {
                let of = match sought {
                    Sought::InstanceType { .. } => ty,
                    _ => image,
                };
                (
                    sought,
                    Outside::There(of.iter().map(|of| (*of).to_owned()).collect()),
                )
            })
            .collect();
        outside::check(&mut plan, &wanted, &there, &looked);
        let words = |why: Refused| match why {
            Refused::OtherArchitecture {
                ty, runs, image, is, ..
            } => format!("{ty} {runs:?} {image} {is:?}"),
            other => panic!("{other:?}"),
        };
        let whys: Vec<String> = plan
            .refused
            .into_iter()
            .map(|refusal| words(refusal.why))
            .collect();
        whys.join("; ")
    };
    let image = "ami-0123456789abcdef0";
    assert_eq!(
        refused("image", image, &["arm64"], &["i386", "x86_64"], ""),
        "t2.micro {\"i386\", \"x86_64\"} ami-0123456789abcdef0 {\"arm64\"}"
    );
    // The old host's image is of no account where another one is launched.
    assert_eq!(
        refused("image", image, &["x86_64"], &["i386", "x86_64"], "arm64"),
        ""
    );
    for (image, ty) in [(&["arm64"][..], &[][..]), (&[], &["x86_64"]), (&[], &[])] {
        assert_eq!(refused("image", "ami-0123456789abcdef0", image, ty, "arm64"), "");
    }
    // A type that is changed boots what is there.
    let why = refused("instance_type", "t4g.micro", &[], &["arm64"], "x86_64");
    assert!(why.starts_with("t4g.micro {\"arm64\"} i-"), "{why}");
    assert_eq!(
        refused("instance_type", "t3.micro", &[], &["x86_64"], "x86_64"),
        ""
    );
    assert_eq!(refused("instance_type", "t4g.micro", &[], &["arm64"], ""), "");
}
