//! The page about an existing network: its spec, its commands and what it says of the plans hold on a network
//! that somebody made.

use std::collections::BTreeMap;

use trueup_tests::trial::{Sandbox, Trial, create_tags};

const PAGE: &str = include_str!("../../docs/existing-network.md");

/// The fenced blocks of the page in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let parts = PAGE.split("```").skip(1).step_by(2);
    parts
        .filter_map(|part| part.strip_prefix(language)?.strip_prefix('\n'))
        .collect()
}

/// The text between two others in an answer.
fn between(text: &str, start: &str, end: &str) -> String {
    let rest = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start} in {text}"))
        .1;
    rest.split_once(end)
        .unwrap_or_else(|| panic!("no {end} in {text}"))
        .0
        .to_owned()
}

/// A network that somebody made without Trueup: the id of each address that the page's spec has.
fn made(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let id = |query: &str, element: &str| between(&sandbox.call(query), &format!("<{element}>"), "<");
    let name = |kind: &str, name: &str| {
        format!(
            "&TagSpecification.1.ResourceType={kind}&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value={name}"
        )
    };
    let vpc = id(
        &format!("CreateVpc&CidrBlock=10.40.0.0/16{}", name("vpc", "legacy-main")),
        "vpcId",
    );
    let gateway = id(
        &format!("CreateInternetGateway{}", name("internet-gateway", "legacy-main")),
        "internetGatewayId",
    );
    sandbox.call(&format!(
        "AttachInternetGateway&InternetGatewayId={gateway}&VpcId={vpc}"
    ));
    let table = id(
        &format!(
            "CreateRouteTable&VpcId={vpc}{}",
            name("route-table", "legacy-public")
        ),
        "routeTableId",
    );
    sandbox.call(&format!(
        "CreateRoute&RouteTableId={table}&DestinationCidrBlock=0.0.0.0/0&GatewayId={gateway}"
    ));
    let zone = format!("AvailabilityZone=us-west-2a{}", name("subnet", "legacy-web"));
    let subnet = id(
        &format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.40.1.0/24&{zone}"),
        "subnetId",
    );
    sandbox.call(&format!(
        "AssociateRouteTable&RouteTableId={table}&SubnetId={subnet}"
    ));
    let group = id(
        &format!(
            "CreateSecurityGroup&VpcId={vpc}&GroupName=web&GroupDescription=Web servers{}",
            name("security-group", "our web servers")
        ),
        "groupId",
    );
    let rule = "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=443&IpPermissions.1.ToPort=443&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0";
    sandbox.call(&format!("AuthorizeSecurityGroupIngress&GroupId={group}&{rule}"));
    let launch = "RunInstances&ImageId=ami-003634241a8fcdec0&InstanceType=t3.micro&MinCount=1&MaxCount=1";
    let instance = id(
        &format!(
            "{launch}&SubnetId={subnet}&SecurityGroupId.1={group}{}",
            name("instance", "www1")
        ),
        "instanceId",
    );
    let all = [
        ("vpc.main", vpc),
        ("internet_gateway.main", gateway),
        ("route_table.public", table),
        ("subnet.web", subnet),
        ("security_group.web", group),
        ("instance.web", instance),
    ];
    all.into_iter()
        .map(|(address, id)| (address.to_owned(), id))
        .collect()
}

#[test]
fn the_page_about_an_existing_network_is_true() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let ids = made(&sandbox);
    trial.write("legacy.yaml", blocks("yaml")[0]);
    let at = format!("--endpoint-url http://{} legacy.yaml", sandbox.address);

    // Nothing carries tags: all of it would be made a second time, and an apply asks.
    let plan = trial.see(&format!("plan {at}"));
    assert!(
        plan.contains("6 to create")
            && plan.contains(&format!("{}, which carries no topology's tags", ids["vpc.main"])),
        "{plan}"
    );
    let refused = trial.see(&format!("apply --auto-approve {at}"));
    assert!(
        refused.ends_with("[exit 3]\n") && refused.contains("--allow second:vpc.main"),
        "{refused}"
    );

    let [tags, rename] = blocks("sh")[..] else {
        panic!("the page has other commands")
    };
    // The page's ids stand for those of the same address.
    let on = |id: &str, command: &str| {
        let example = command
            .split_whitespace()
            .nth(4)
            .unwrap_or_else(|| panic!("{command}"));
        create_tags(&sandbox, &command.replace(example, id));
    };
    for command in tags.lines() {
        let (_, address) = command.rsplit_once('=').unwrap_or_else(|| panic!("{command}"));
        on(&ids[address], command);
    }
    assert_eq!(tags.lines().count(), ids.len());
    let plan = trial.see(&format!("plan {at}"));
    assert!(
        plan.contains("2 to change") && plan.contains("4 unchanged") && !plan.contains("warning"),
        "{plan}"
    );
    let counts: Vec<&str> = blocks("text")[0]
        .trim()
        .trim_start_matches("Plan: ")
        .split(", ")
        .filter(|part| !part.starts_with("0 "))
        .collect();
    assert_eq!(counts, ["2 to change", "4 unchanged"]);
    let applied = trial.see(&format!("apply --auto-approve {at}"));
    assert!(applied.ends_with("[exit 0]\n"), "{applied}");

    // A rename is a tag.
    on(&ids["subnet.web"], rename.trim());
    let renamed = blocks("yaml")[0]
        .replace("  web: {cidr_block", "  dmz: {cidr_block")
        .replace("subnet: web", "subnet: dmz");
    trial.write("legacy.yaml", renamed);
    let plan = trial.see(&format!("plan {at}"));
    assert!(
        plan.contains("1 to change") && plan.contains("5 unchanged"),
        "{plan}"
    );
}
