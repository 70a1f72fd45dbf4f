//! Interface endpoints: what EC2 asks of the order in which their subnets, groups, names and addresses change.

use trueup_tests::{World, calls_of, parsed, paused, topology};

const BASE: &str = r#"
topology: t
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16, ipv6_cidr_block: amazon, enable_dns_hostnames: true}}
route_table: {r: {}}
subnet:
  a: {cidr_block: 10.0.1.0/24, ipv6_cidr_block: 1, availability_zone: us-west-2a}
  b: {cidr_block: 10.0.2.0/24, ipv6_cidr_block: 2, availability_zone: us-west-2b}
  a2: {cidr_block: 10.0.3.0/24, ipv6_cidr_block: 3, availability_zone: us-west-2a}
security_group:
  one: {description: One}
  two: {description: Two}
"#;

/// The network with these endpoints in it.
fn with(endpoints: &str) -> String {
    format!("{BASE}vpc_endpoint:\n{endpoints}")
}

/// Applies one after the other, each from what the one before left, and says the calls of the last.
fn applied(specs: &[&str]) -> Vec<String> {
    paused(async {
        let world = World::new().await;
        let mut last = Vec::new();
        for spec in specs {
            let wanted = topology(spec);
            let plan = world.apply(&wanted).await;
            last = calls_of(&plan).into_iter().map(str::to_owned).collect();
            assert!(world.plan(&wanted).await.is_empty(), "{spec}");
        }
        last
    })
}

#[test]
fn a_subnet_of_a_zone_goes_before_another_one_of_it_comes() {
    let before = with("  e: {service: ssm, type: interface, subnets: [a, b], security_groups: [one]}\n");
    let after = before.replace("[a, b]", "[a2, b]");
    assert_eq!(applied(&[&before, &after]), ["ModifyVpcEndpoint"; 2]);
    assert_eq!(applied(&[&after, &before]), ["ModifyVpcEndpoint"; 2]);
}

#[test]
fn groups_come_and_go_and_none_are_the_default_one() {
    let none = with("  e: {service: ssm, type: interface, subnets: [a]}\n");
    let one = none.replace("[a]", "[a], security_groups: [one]");
    let two = none.replace("[a]", "[a], security_groups: [two]");
    for (before, after) in [(&none, &one), (&one, &two), (&two, &none)] {
        assert_eq!(applied(&[before, after]), ["ModifyVpcEndpoint"]);
    }
}

#[test]
fn a_services_name_passes_from_one_endpoint_to_another_in_one_go() {
    let both = with(
        "  e: {service: ssm, type: interface, subnets: [a]}\n  f: {service: ssm, type: interface, subnets: [b], private_dns_enabled: false}\n",
    );
    let other = with(
        "  e: {service: ssm, type: interface, subnets: [a], private_dns_enabled: false}\n  f: {service: ssm, type: interface, subnets: [b]}\n",
    );
    assert_eq!(applied(&[&both, &other]), ["ModifyVpcEndpoint"; 2]);
    // And to one that is only made, while the old one goes.
    let made = with("  g: {service: ssm, type: interface, subnets: [a]}\n");
    assert_eq!(
        applied(&[&other, &made]),
        ["DeleteVpcEndpoints", "DeleteVpcEndpoints", "CreateVpcEndpoint"]
    );
}

#[test]
fn the_vpcs_dns_is_on_before_a_name_leads_to_an_endpoint() {
    let off = BASE.replace(", enable_dns_hostnames: true", "");
    let on = with("  e: {service: ssm, type: interface, subnets: [a]}\n");
    assert_eq!(applied(&[&off, &on]), ["ModifyVpcAttribute", "CreateVpcEndpoint"]);
}

#[test]
fn an_endpoint_for_inbound_resolvers_comes_after_the_one_for_the_vpc() {
    let both = with(
        "  e: {service: s3, type: interface, subnets: [a], private_dns_enabled: true}\n  z: {service: s3, route_tables: [r]}\n",
    );
    let made = applied(&[BASE, &both]);
    assert_eq!(made, ["CreateVpcEndpoint"; 2]);
}

#[test]
fn a_range_goes_when_no_endpoint_has_an_address_of_it() {
    let both = with("  e: {service: ssm, type: interface, subnets: [a, b], ip_address_type: dualstack}\n");
    let four = both
        .replace("dualstack", "ipv4")
        .replace("ipv6_cidr_block: 1,", "ipv6_cidr_block: 9,");
    assert_eq!(
        applied(&[&both, &four]),
        [
            "ModifyVpcEndpoint",
            "DisassociateSubnetCidrBlock",
            "AssociateSubnetCidrBlock"
        ]
    );
    let left = both
        .replace("[a, b]", "[b]")
        .replace("ipv6_cidr_block: 1,", "ipv6_cidr_block: 9,");
    assert_eq!(
        applied(&[&both, &left]),
        [
            "ModifyVpcEndpoint",
            "DisassociateSubnetCidrBlock",
            "AssociateSubnetCidrBlock"
        ]
    );
    let kept = both.replace("ipv6_cidr_block: 1,", "ipv6_cidr_block: 9,");
    paused(async {
        let world = World::new().await;
        world.apply(&topology(&both)).await;
        let refused = world.plan(&topology(&kept)).await.refused;
        let [only] = &refused[..] else {
            panic!("{refused:?}")
        };
        assert_eq!(only.why.code(), "stays");
    });
}

#[test]
fn an_endpoint_whose_groups_let_nobody_in_is_told_before_it_takes_a_name_away() {
    let spec = with("  e: {service: ssm, type: interface, subnets: [a], security_groups: [one]}\n")
        + "internet_gateway: {g: }\n\
           instance:\n  i: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: b, associate_public_ip_address: true, security_groups: [two]}\n\
           expect:\n  - {from: instance.i, can: aws/ssm}\n";
    let spec = spec
        .replace(
            "r: {}",
            "r: {routes: [{destination: 0.0.0.0/0, internet_gateway: g}]}",
        )
        .replace("ipv6_cidr_block: 2,", "ipv6_cidr_block: 2, route_table: r,");
    let wanted = parsed(&spec).unwrap();
    paused(async {
        let world = World::new().await;
        let plan = world.plan(&wanted).await;
        assert!(plan.refused.is_empty(), "{:?}", plan.refused);
        let network = trueup_reach::fill::topology(&wanted, &trueup_reach::fill::Lists::new());
        let engine = trueup_reach::Engine::new(&network);
        let checked = trueup_reach::check(&engine, &wanted.expect[0]).unwrap();
        assert_eq!(checked.why, "instance.i -> aws/ssm is blocked");
        let fix = checked.explanation.unwrap().to_string();
        assert!(fix.contains("security_group.one"), "{fix}");
        // Without the name it goes out by the gateway.
        let open =
            parsed(&spec.replace("subnets: [a],", "subnets: [a], private_dns_enabled: false,")).unwrap();
        let network = trueup_reach::fill::topology(&open, &trueup_reach::fill::Lists::new());
        let engine = trueup_reach::Engine::new(&network);
        let checked = trueup_reach::check(&engine, &open.expect[0]).unwrap();
        assert_eq!(checked.why, "");
    });
}
