//! Who is in our groups and is none of ours: a load balancer, a database. A plan that opens a group to the
//! internet opens them, and so does a hand.

use trueup_tests::trial::{Sandbox, Trial};

const SPEC: &str = "topology: shop
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
internet_gateway: {main: {}}
route_table: {out: {routes: [{destination: 0.0.0.0/0, internet_gateway: main}]}}
subnet: {front: {cidr_block: 10.0.1.0/24, route_table: out}}
security_group:
  front: {description: Load balancers, ingress: [{protocol: tcp, port: 443, cidr: 203.0.113.0/24}]}
";

/// What an answer says first in an element.
fn element(answer: &str, name: &str) -> String {
    let text = answer
        .split_once(&format!("<{name}>"))
        .and_then(|(_, rest)| rest.split_once('<'));
    text.unwrap_or_else(|| panic!("no {name} in {answer}"))
        .0
        .to_owned()
}

#[test]
fn a_load_balancer_in_our_group_is_exposed_by_a_plan_and_by_hand() {
    let trial = Trial::of_the_seed();
    trial.write("shop.yaml", SPEC);
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{}", sandbox.address);
    trial.see(&format!("apply {at} --auto-approve shop.yaml"));
    let of = |kind: &str, address: &str, id: &str| {
        element(
            &sandbox.call(&format!(
                "Describe{kind}&Filter.1.Name=tag:trueup:address&Filter.1.Value.1={address}"
            )),
            id,
        )
    };
    let (subnet, group) = (
        of("Subnets", "subnet.front", "subnetId"),
        of("SecurityGroups", "security_group.front", "groupId"),
    );
    let call = format!(
        "CreateNetworkInterface&SubnetId={subnet}&SecurityGroupId.1={group}&Description=ELB%20app/front/1"
    );
    let interface = element(&sandbox.call(&call), "networkInterfaceId");
    let address = element(&sandbox.call("AllocateAddress&Domain=vpc"), "allocationId");
    sandbox.call(&format!(
        "AssociateAddress&AllocationId={address}&NetworkInterfaceId={interface}"
    ));
    trial.write("shop.yaml", SPEC.replace("203.0.113.0/24", "0.0.0.0/0"));
    let who = format!("interface {interface} (ELB app/front/1)");
    let told = format!(
        "! tcp/443 of {who} may become reachable from the whole internet (so far: 203.0.113.0/24)   because of security_group.front"
    );
    let plan = trial.see(&format!("plan {at} shop.yaml"));
    assert!(plan.contains(&told) && plan.ends_with("[exit 0]\n"), "{plan}");
    let denied = trial.see(&format!("plan {at} --deny-exposure shop.yaml"));
    let refused = format!("REFUSED {who} (exposure): tcp/443 may become reachable from the whole internet");
    assert!(
        denied.contains(&refused) && denied.ends_with("[exit 3]\n"),
        "{denied}"
    );
    // What it proposes to expect is taken.
    let proposed = denied
        .split_once("or expect `")
        .and_then(|(_, rest)| rest.split_once('`'))
        .unwrap()
        .0;
    trial.write(
        "shop.yaml",
        format!(
            "{}expect:\n  - {proposed}\n",
            SPEC.replace("203.0.113.0/24", "0.0.0.0/0")
        ),
    );
    let declared = trial.see(&format!("plan {at} --deny-exposure shop.yaml"));
    assert!(!declared.contains("(exposure)"), "{declared}");
    // By hand.
    trial.write("shop.yaml", SPEC);
    let rule = "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0";
    sandbox.call(&format!("AuthorizeSecurityGroupIngress&GroupId={group}&{rule}"));
    let drift = trial.see(&format!("drift {at} shop.yaml"));
    let told =
        format!("! tcp/22 of {who} may become reachable from the internet   because of security_group.front");
    assert!(drift.contains(&told) && drift.ends_with("[exit 2]\n"), "{drift}");
}

/// A worker whose group comes to let in everybody over IPv6, behind a gateway that lets in nobody and behind one
/// that does; and hosts of a spec, of a plan and of what is live, which have the same IPv6 addresses.
#[test]
fn a_host_is_exposed_over_ipv6_where_a_gateway_lets_in() {
    const DUAL_STACK: &str = include_str!("../../specs/dual-stack.yaml");
    let trial = Trial::of_the_seed();
    trial.write("six.yaml", DUAL_STACK);
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{}", sandbox.address);
    let first = trial.see(&format!("plan {at} six.yaml"));
    assert!(
        first.contains("! tcp/443 of instance.web becomes reachable from the internet"),
        "{first}"
    );
    trial.see(&format!("apply {at} --auto-approve six.yaml"));
    let matrix = |live: &str| {
        let all = trial.see(&format!("reach {live} six.yaml"));
        let rows = all
            .lines()
            .filter(|line| line.contains(" -> "))
            .map(str::to_owned);
        rows.collect::<Vec<_>>()
    };
    let wanted = matrix("");
    assert!(
        wanted
            .iter()
            .any(|row| row.starts_with("internet -> instance.web  tcp/443")),
        "{wanted:#?}"
    );
    assert_eq!(wanted, matrix(&format!("--live {at}")));
    // The internet over IPv6 to the worker: its group lets it in, and then the way in is there as well.
    let open = DUAL_STACK
        .replace(
            "{protocol: tcp, port: 22, security_group: web}",
            "{protocol: tcp, port: 22, security_group: web}, {protocol: tcp, port: 22, cidr: \"::/0\"}",
        )
        .replace("  - {from: internet, cannot: instance.worker}\n", "");
    let exposed = "of instance.worker becomes reachable from the internet";
    trial.write("six.yaml", open.clone());
    let plan = trial.see(&format!("plan {at} six.yaml"));
    assert!(!plan.contains(exposed), "{plan}");
    let led = "[{destination: \"::/0\", egress_only_internet_gateway: main}]";
    trial.write(
        "six.yaml",
        open.replace(led, "[{destination: \"::/0\", internet_gateway: main}]"),
    );
    let plan = trial.see(&format!("plan {at} six.yaml"));
    assert!(plan.contains(&format!("! tcp/22 {exposed} over IPv6")), "{plan}");
    // What is proposed declares it: over IPv4 nobody comes in, and nobody has to.
    let denied = trial.see(&format!("plan {at} --deny-exposure six.yaml"));
    let wanted = "{from: internet/ipv6, can: instance.worker, over: 'tcp/22'}";
    assert!(denied.contains(&format!("or expect `{wanted}`")), "{denied}");
    let led_in = open.replace(led, "[{destination: \"::/0\", internet_gateway: main}]");
    let declared = led_in.replace("expect:\n", &format!("expect:\n  - {wanted}\n"));
    trial.write("six.yaml", declared);
    let plan = trial.see(&format!("plan {at} --deny-exposure six.yaml"));
    assert!(plan.ends_with("[exit 0]\n"), "{plan}");
    // What is blocked for want of an address says so.
    let without = DUAL_STACK.replace("ipv6_address_count: 1", "ipv6_address_count: 0");
    trial.write("six.yaml", without);
    let refused = trial.see("validate six.yaml");
    assert!(
        refused.contains("instance.worker: it has no IPv6 address"),
        "{refused}"
    );
    // Without an address there is nobody to be reached.
    let none = open
        .replace(led, "[{destination: \"::/0\", internet_gateway: main}]")
        .replace("ipv6_address_count: 1", "ipv6_address_count: 0")
        .replace(
            "  - {from: instance.worker, can: \"2606:4700:4700::1111\", over: tcp/443}\n",
            "",
        );
    trial.write("six.yaml", none);
    let plan = trial.see(&format!("plan {at} six.yaml"));
    assert!(
        !plan.contains(exposed) && plan.contains("lost for ever: IPv6 address 2600:"),
        "{plan}"
    );
}
