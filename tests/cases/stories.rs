//! Users' sessions with the real binary, as they see them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use trueup_tests::settled::settled;
use trueup_tests::trial::{Sandbox, Trial};

/// Asserts that a session is the one that the snapshot of this name holds.
macro_rules! session {
    ($name:expr, $($seen:expr),+ $(,)?) => {
        insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "snapshots/stories", omit_expression => true}, {
            insta::assert_snapshot!($name, [$($seen),+].map(|seen| settled(&seen)).join("\n"));
        })
    };
}

#[test]
fn a_first_apply_and_a_second_plan() {
    let trial = Trial::of_the_seed();
    session!(
        "first_apply",
        trial.see("validate seed.yaml"),
        trial.see("plan --sandbox seed.yaml"),
        trial.see("apply --sandbox --auto-approve seed.yaml"),
        trial.see("plan --sandbox --detailed-exitcode seed.yaml"),
        trial.see("drift --sandbox seed.yaml"),
        trial.see("show --sandbox seed.yaml"),
    );
    for file in ["bastion-key.pem", "private-host-key.pem"] {
        let path = trial.folder.path().join(file);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
        let public = Command::new("ssh-keygen")
            .arg("-y")
            .arg("-f")
            .arg(&path)
            .output()
            .unwrap();
        assert!(
            public.status.success() && public.stdout.starts_with(b"ssh-ed25519 "),
            "{public:?}"
        );
    }
}

#[test]
fn an_edit_is_planned_refused_without_consent_and_then_done() {
    let trial = Trial::of_the_seed();
    trial.see("apply --sandbox --auto-approve seed.yaml");
    trial.edit("cidr_block: 10.0.2.0/24", "cidr_block: 10.0.3.0/24");
    session!(
        "edit",
        trial.see("plan --sandbox --detailed-exitcode seed.yaml"),
        trial.see("plan --sandbox --format json seed.yaml"),
        trial.see("plan --sandbox --format markdown seed.yaml"),
        trial.see("apply --sandbox --auto-approve seed.yaml"),
        trial.see("apply --sandbox --auto-approve --allow replace:subnet.private --allow replace seed.yaml"),
        trial.see("plan --sandbox seed.yaml"),
    );
}

#[test]
fn what_a_reviewer_approved_is_done_and_nothing_else() {
    let trial = Trial::of_the_seed();
    let plan = trial.see("plan --sandbox --format json seed.yaml");
    let fingerprint = plan
        .split("\"fingerprint\": \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap()
        .to_owned();
    trial.edit("Bastion SG", "Bastions");
    let other = trial.see(&format!("apply --sandbox --expect {fingerprint} seed.yaml"));
    assert!(
        other.contains("another than the one that was approved") && other.ends_with("[exit 3]\n"),
        "{other}"
    );
    trial.edit("Bastion SG", "Bastion SG");
    let same = trial.see(&format!("apply --sandbox --expect {fingerprint} seed.yaml"));
    assert!(
        same.contains("Done: 13 created") && same.ends_with("[exit 0]\n"),
        "{same}"
    );
}

#[test]
fn what_somebody_did_by_hand_is_told_and_taken_back() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{}", sandbox.address);
    trial.see(&format!("apply {at} --auto-approve seed.yaml"));
    let show = trial.see(&format!("show {at} --format json seed.yaml"));
    let id = |prefix: &str, after: &str| {
        let rest = show
            .split(after)
            .nth(1)
            .unwrap_or_else(|| panic!("{after} is not in {show}"));
        let start = rest
            .find(prefix)
            .unwrap_or_else(|| panic!("no {prefix} behind {after}"));
        rest[start..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect::<String>()
    };
    sandbox.call(&format!(
        "StopInstances&InstanceId.1={}",
        id("i-", "instance.bastion")
    ));
    let group = id("sg-", "security_group.private-sg");
    sandbox.call(&format!(
        "AuthorizeSecurityGroupIngress&GroupId={group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22\
         &IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
    ));
    sandbox.call(&format!(
        "DeleteTags&ResourceId.1={}&Tag.1.Key=Name",
        id("vpc-", "vpc.main")
    ));
    sandbox.call(&format!(
        "DeleteVpcEndpoints&VpcEndpointId.1={}",
        id("vpce-", "vpc_endpoint.s3")
    ));
    session!(
        "drift",
        trial.see(&format!("drift {at} seed.yaml")),
        trial.see(&format!("drift {at} --format json seed.yaml")),
        trial.see(&format!("apply {at} --auto-approve seed.yaml")),
        trial.see(&format!("drift {at} seed.yaml")),
    );
}

#[test]
fn network_acls_are_meddled_with_edited_and_asked_about() {
    let trial = Trial::of_the_seed();
    let spec = include_str!("../../specs/network-acl.yaml");
    trial.write("acl.yaml", spec);
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{}", sandbox.address);
    trial.see(&format!("apply {at} --auto-approve acl.yaml"));
    let answer = sandbox.call("DescribeNetworkAcls&Filter.1.Name=tag:Name&Filter.1.Value.1=network-acl-web");
    let acl = answer
        .split("<networkAclId>")
        .nth(1)
        .and_then(|rest| rest.split('<').next())
        .unwrap();
    sandbox.call(&format!(
        "DeleteNetworkAclEntry&NetworkAclId={acl}&RuleNumber=90&Egress=false"
    ));
    let entry = "RuleNumber=100&Egress=true&RuleAction=allow&CidrBlock=0.0.0.0/0";
    sandbox.call(&format!(
        "ReplaceNetworkAclEntry&NetworkAclId={acl}&{entry}&Protocol=6&PortRange.From=443&PortRange.To=443"
    ));
    let drift = trial.see(&format!("drift {at} acl.yaml"));
    let closed = trial.see(&format!(
        "reach {at} --live --from internet --to instance.web --over tcp/443 acl.yaml"
    ));
    trial.write(
        "acl.yaml",
        spec.replace("rule_number: 90", "rule_number: 95")
            .replace("route_table: data, network_acl: data", "route_table: data"),
    );
    session!(
        "network_acl",
        drift,
        closed,
        trial.see(&format!("plan {at} acl.yaml")),
        trial.see(&format!("apply {at} --auto-approve acl.yaml")),
        trial.see(&format!("plan {at} --detailed-exitcode acl.yaml")),
        trial.see(&format!(
            "reach {at} --live --from internet --to instance.web --over tcp/443 acl.yaml"
        )),
    );
}

#[test]
fn what_is_protected_stays_until_the_protection_is_gone() {
    let trial = Trial::of_the_seed();
    trial.edit(
        "internet_gateway:\n  main:\n",
        "internet_gateway:\n  main: {protect: true}\n",
    );
    trial.see("apply --sandbox --auto-approve seed.yaml");
    let refused = trial.see("destroy --sandbox --auto-approve --allow delete seed.yaml");
    assert!(
        refused.contains("REFUSED internet_gateway.main (protected)") && refused.ends_with("[exit 3]\n"),
        "{refused}"
    );
    // A line that is removed protects all the same.
    trial.edit("internet_gateway:\n  main:\n", "x-removed:\n");
    trial.write("gone.yaml", "topology: gateway-endpoint\nregion: us-west-2\n");
    let refused = trial.see("apply --sandbox --auto-approve --allow delete gone.yaml");
    assert!(
        refused.contains("REFUSED internet_gateway.main (protected)") && refused.ends_with("[exit 3]\n"),
        "{refused}"
    );
    trial.edit(
        "internet_gateway:\n  main:\n",
        "internet_gateway:\n  main: {protect: false}\n",
    );
    session!(
        "destroy",
        trial.see("apply --sandbox --auto-approve seed.yaml"),
        trial.see("destroy --sandbox --auto-approve --allow delete seed.yaml"),
        trial.see("destroy --sandbox --auto-approve --allow delete seed.yaml"),
    );
    assert!(
        trial.folder.path().join("bastion-key.pem").exists(),
        "a destroy leaves key files"
    );
}

#[test]
fn a_plan_that_deletes_more_than_it_may_is_refused() {
    let trial = Trial::of_the_seed();
    trial.see("apply --sandbox --auto-approve seed.yaml");
    trial.write(
        "gone.yaml",
        "topology: gateway-endpoint\nregion: us-west-2\nmax_deletes: 3\n",
    );
    let words = "apply --sandbox --auto-approve --allow delete";
    session!(
        "max_deletes",
        trial.see("plan --sandbox gone.yaml"),
        trial.see(&format!("{words} gone.yaml")),
        trial.see("plan --sandbox --detailed-exitcode seed.yaml"),
        trial.see(&format!("{words} --max-deletes 20 gone.yaml")),
    );
}

#[test]
fn key_files_are_never_overwritten_and_a_colleague_without_them_is_fine() {
    let trial = Trial::of_the_seed();
    let key = trial.folder.path().join("bastion-key.pem");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let before = fs::read(&key).unwrap();
    trial.see("apply --sandbox --auto-approve seed.yaml");
    assert_eq!(fs::read(&key).unwrap(), before);
    fs::remove_file(&key).unwrap();
    let colleague = trial.see("plan --sandbox --detailed-exitcode seed.yaml");
    fs::remove_file(trial.folder.path().join("bastion-key.pem.pub")).unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    session!(
        "keys",
        colleague,
        trial.see("apply --sandbox --auto-approve --allow replace:key_pair.bastion-key seed.yaml")
    );
}

/// The seed without its endpoint.
fn without_the_endpoint(trial: &Trial) -> String {
    let seed = fs::read_to_string(trial.folder.path().join("seed.yaml")).unwrap();
    let start = seed.find("# EC2 adds a route for S3's addresses").unwrap();
    let end = seed.find("# What must hold").unwrap();
    format!("{}{}", &seed[..start], &seed[end..]).replace(", via: vpc_endpoint.s3", "")
}

#[test]
fn what_must_hold_is_checked_before_and_a_plan_says_what_it_opens() {
    let trial = Trial::of_the_seed();
    // As the article starts: the private host reaches neither the internet nor S3, and the spec expects that
    // it does.
    trial.write("before.yaml", without_the_endpoint(&trial));
    trial.write(
        "silent.yaml",
        without_the_endpoint(&trial)
            .split("# What must hold")
            .next()
            .unwrap(),
    );
    let built = trial.see("apply --sandbox --auto-approve silent.yaml");
    assert!(built.ends_with("[exit 0]\n"), "{built}");
    session!(
        "expect",
        trial.see("validate before.yaml"),
        trial.see("apply --sandbox --auto-approve before.yaml"),
        trial.see("reach before.yaml"),
        trial.see("reach silent.yaml --from instance.private-host --to s3 --over tcp/443"),
        // The endpoint mends it, and opens nothing else.
        trial.see("plan --sandbox --deny-exposure seed.yaml"),
        trial.see("plan --sandbox --format markdown seed.yaml"),
        trial.see("apply --sandbox --auto-approve --deny-exposure seed.yaml"),
        trial.see("reach --sandbox --live seed.yaml"),
        trial.see("reach seed.yaml --format json"),
        trial.see("graph --reach seed.yaml"),
    );
}

#[test]
fn what_the_internet_newly_reaches_is_told_and_can_be_refused() {
    let trial = Trial::of_the_seed();
    trial.see("apply --sandbox --auto-approve seed.yaml");
    trial.edit("port: 22, cidr: 0.0.0.0/0", "port: [22, 3389], cidr: 0.0.0.0/0");
    // The seed expects that nothing but tcp/22 is open.
    let refused = trial.see("apply --sandbox --auto-approve seed.yaml");
    assert!(
        refused.contains("REFUSED internet (expect): seed.yaml:") && refused.ends_with("[exit 3]\n"),
        "{refused}"
    );
    let spec = fs::read_to_string(trial.folder.path().join("seed.yaml"))
        .unwrap()
        .replace("except: tcp/22", "except: 'tcp/22,tcp/3389'");
    trial.write("seed.yaml", &spec);
    let plan = trial.see("plan --sandbox seed.yaml");
    let exposed = "! tcp/3389 of instance.bastion becomes reachable from the internet   because of security_group.bastion-sg";
    assert!(plan.contains(exposed) && plan.ends_with("[exit 0]\n"), "{plan}");
    for command in [
        "plan --sandbox --deny-exposure seed.yaml",
        "apply --sandbox --auto-approve --deny-exposure seed.yaml",
    ] {
        let refused = trial.see(command);
        assert!(
            refused.contains("REFUSED instance.bastion (exposure): tcp/3389")
                && refused.ends_with("[exit 3]\n"),
            "{refused}"
        );
    }
    let more = "  - {from: internet, can: instance.bastion, over: tcp/3389, on_unknown: warn}\n";
    trial.write("seed.yaml", spec + more);
    let done = trial.see("apply --sandbox --auto-approve --deny-exposure seed.yaml");
    assert!(
        done.contains("and what it expects holds") && done.ends_with("[exit 0]\n"),
        "{done}"
    );
}

#[test]
fn what_must_hold_is_checked_on_what_is_live() {
    // A route in the VPC's main table, which no spec has, opens what the spec alone keeps shut.
    let trial = Trial::of_the_seed();
    let route_table = "availability_zone: us-west-2b\n    route_table: private";
    trial.edit(route_table, "availability_zone: us-west-2b");
    let spec = fs::read_to_string(trial.folder.path().join("seed.yaml")).unwrap();
    let spec = spec.replace(
        "associate_public_ip_address: false",
        "associate_public_ip_address: true",
    );
    let spec: String = spec
        .lines()
        .filter(|line| !line.contains("can: s3"))
        .map(|line| line.to_owned() + "\n")
        .collect();
    trial.write("seed.yaml", &spec);
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{}", sandbox.address);
    let built = trial.see(&format!("apply {at} --auto-approve seed.yaml"));
    assert!(
        built.contains("and what it expects holds") && built.ends_with("[exit 0]\n"),
        "{built}"
    );
    let tables = sandbox.call("DescribeRouteTables&Filter.1.Name=association.main&Filter.1.Value.1=true");
    let ids = |prefix: &str, text: &str| -> String {
        let start = text
            .find(prefix)
            .unwrap_or_else(|| panic!("no {prefix} in {text}"));
        text[start..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect()
    };
    let show = trial.see(&format!("show {at} --format json seed.yaml"));
    let vpc = ids("vpc-", &show);
    let own = tables
        .split("<routeTableId>")
        .skip(1)
        .find(|table| table.contains(&vpc))
        .unwrap();
    let gateway = ids("igw-", &show);
    let route = format!(
        "CreateRoute&RouteTableId={}&DestinationCidrBlock=0.0.0.0/0&GatewayId={gateway}",
        ids("rtb-", own)
    );
    sandbox.call(&route);
    let drift = trial.see(&format!("drift {at} seed.yaml"));
    let graph = trial.see("graph seed.yaml");
    assert!(
        graph.starts_with("$ trueup graph seed.yaml\nflowchart LR\n")
            && graph.contains("[\"subnet.private\"]"),
        "{graph}"
    );
    let told = "expected: instance.private-host cannot reach internet: instance.private-host -> internet works over all";
    assert!(
        drift.contains(told)
            && drift.contains("1 expectation does not hold")
            && drift.ends_with("[exit 2]\n"),
        "{drift}"
    );
    // The spec alone would hold: what an apply would leave does not, and so nothing is done.
    trial.write(
        "seed.yaml",
        spec.replace("region: us-west-2", "region: us-west-2\ntags: {team: network}"),
    );
    let applied = trial.see(&format!("apply {at} --auto-approve seed.yaml"));
    assert!(
        applied.contains("REFUSED instance.private-host (expect)") && applied.ends_with("[exit 3]\n"),
        "{applied}"
    );
}

/// A service behind a group that admits one range of ports and an ACL that admits another one.
fn service(routes: &str, group: &str, acl: &str, except: &str) -> String {
    format!(
        "\
topology: service
region: us-west-2
vpc: {{main: {{cidr_block: 10.0.0.0/16}}}}
internet_gateway: {{main: {{}}}}
route_table: {{app: {{routes: [{routes}]}}}}
network_acl:
  app:
    ingress: [{{rule_number: 100, action: allow, protocol: tcp, port: {acl}, cidr: 0.0.0.0/0}}]
    egress: [{{rule_number: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}}]
  web:
    ingress: [{{rule_number: 100, action: allow, protocol: tcp, port: 443, cidr: 0.0.0.0/0}}]
    egress: [{{rule_number: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}}]
subnet: {{app: {{cidr_block: 10.0.1.0/24, route_table: app, network_acl: app}}}}
security_group:
  admin: {{description: Admin, ingress: [{{protocol: tcp, port: 22, cidr: 0.0.0.0/0}}]}}
  app: {{description: App, ingress: [{{protocol: tcp, port: {group}, cidr: 0.0.0.0/0}}]}}
instance:
  app:
    image: ami-003634241a8fcdec0
    instance_type: t2.micro
    subnet: app
    security_groups: [app]
    associate_public_ip_address: true
expect:
  - {{from: internet, cannot: instance.app{except}}}
"
    )
}

#[test]
fn nothing_that_is_forbidden_opens_while_an_apply_runs() {
    let trial = Trial::of_the_seed();
    let (to_internet, https) = (
        "{destination: 0.0.0.0/0, internet_gateway: main}",
        ", except: tcp/443",
    );
    let admin =
        service("", "443", "0-65535", https).replace("security_groups: [app]", "security_groups: [admin]");
    let web = service(to_internet, "443", "0-65535", https);
    // Who is in another group and gets a route must not get the route first.
    trial.write("service.yaml", &admin);
    trial.see("apply --sandbox --auto-approve service.yaml");
    trial.write("service.yaml", &web);
    let moved = trial.see("plan --sandbox --steps service.yaml");
    let done = trial.see("apply --sandbox --auto-approve service.yaml");
    assert!(
        done.contains("and what it expects holds") && done.ends_with("[exit 0]\n"),
        "{done}"
    );
    // Where nothing can go wrong, the order is what it always is.
    trial.write("service.yaml", service(to_internet, "443", "80-443", https));
    let narrowed = trial.see("plan --sandbox service.yaml");
    assert!(
        narrowed.contains("~ change network_acl.app") && !narrowed.contains("Barrier"),
        "{narrowed}"
    );
    // Neither of two ranges may be exchanged while the other one is there: what works has to wait.
    trial.write("service.yaml", service(to_internet, "80-443", "443-8080", https));
    trial.see("apply --sandbox --auto-approve service.yaml");
    trial.write("service.yaml", service(to_internet, "443-8080", "80-443", https));
    let (exchanged, comment) = (
        trial.see("plan --sandbox --steps service.yaml"),
        trial.see("plan --sandbox --format markdown service.yaml"),
    );
    let done = trial.see("apply --sandbox --auto-approve service.yaml");
    assert!(
        done.contains("and what it expects holds") && done.ends_with("[exit 0]\n"),
        "{done}"
    );
    // Group and ACL are exchanged in one call each, and whichever is first opens something.
    trial.write("service.yaml", service(to_internet, "443", "22", ""));
    let built = trial.see("apply --sandbox --auto-approve service.yaml");
    assert!(built.ends_with("[exit 0]\n"), "{built}");
    let both = service(to_internet, "443", "22", "").replace("network_acl: app", "network_acl: web");
    trial.write(
        "service.yaml",
        both.replace("security_groups: [app]", "security_groups: [admin]"),
    );
    let refused = trial.see("apply --sandbox --auto-approve service.yaml");
    session!("barrier", moved, exchanged, comment, refused);
}

#[test]
fn what_cannot_be_answered_is_an_error_and_what_is_not_known_is_told() {
    let trial = Trial::of_the_seed();
    let good = "{\"src\": \"instance.private-host\", \"dst\": \"s3\", \"proto\": \"tcp\", \"port\": 443}";
    trial.write("good.jsonl", good);
    trial.write(
        "bad.jsonl",
        format!("{{\"src\": \"nobody\", \"dst\": \"s3\"}}\n{good}\n"),
    );
    let answered = trial.see("reach seed.yaml --queries good.jsonl");
    assert!(
        answered.contains("\"verdict\":\"allowed\"") && answered.ends_with("[exit 0]\n"),
        "{answered}"
    );
    let answered = trial.see("reach seed.yaml --queries bad.jsonl");
    let odd = [
        "\"over\": \"tcp/22\"",
        "\"port\": 22",
        "\"proto\": \"tcp\", \"port\": \"22\"",
        "\"proto\": 6",
    ];
    let odd = odd.map(|fields| good.replace("\"proto\": \"tcp\", \"port\": 443", fields) + "\n");
    trial.write("odd.jsonl", odd.concat());
    let refused = trial.see("reach seed.yaml --queries odd.jsonl");
    assert!(
        (1..=4).all(|line| refused.contains(&format!("\"line\":{line}}}"))) && !refused.contains("verdict"),
        "{refused}"
    );
    let both = answered.contains("`nobody` is nothing in this network")
        && answered.contains("\"verdict\":\"allowed\"");
    assert!(both && answered.ends_with("[exit 1]\n"), "{answered}");
    // A table of somebody else's is not taken for the VPC's main one, and the whole network says so.
    trial.edit(
        "availability_zone: us-west-2b\n    route_table: private",
        "availability_zone: us-west-2b\n    route_table: rtb-0123456789abcdef0",
    );
    let all = trial.see("reach seed.yaml");
    assert!(
        all.contains("assumed: rtb-0123456789abcdef0 is outside the spec, so nothing is known of it")
            && all.ends_with("[exit 3]\n"),
        "{all}"
    );
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let trial = Trial::of_the_seed();
    let plain = trial.see("plan --sandbox seed.yaml");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let colour = trial.see("plan --sandbox --color always seed.yaml");
    assert!(colour.contains("\u{1b}["), "{colour}");
    let never = trial.seen(
        "plan",
        trial
            .command("plan --sandbox --color never seed.yaml")
            .env("CLICOLOR_FORCE", "1"),
    );
    assert!(!never.contains('\u{1b}'), "{never}");
}

#[test]
fn a_network_is_not_built_twice_because_its_region_or_its_name_was_changed() {
    let trial = Trial::of_the_seed();
    trial.see("apply --sandbox --auto-approve seed.yaml");
    let spec = fs::read_to_string(trial.folder.path().join("seed.yaml")).unwrap();
    for (file, from, to, told) in [
        (
            "region.yaml",
            "us-west-2",
            "eu-west-1",
            "nothing here belongs to topology `gateway-endpoint`, which lives in us-west-2",
        ),
        (
            "name.yaml",
            "topology: gateway-endpoint",
            "topology: renamed",
            "topology `gateway-endpoint` has most of its resources",
        ),
    ] {
        fs::write(trial.folder.path().join(file), spec.replace(from, to)).unwrap();
        let refused = trial.see(&format!("apply --sandbox --auto-approve {file}"));
        assert!(
            refused.ends_with("[exit 3]\n") && refused.contains(told) && refused.contains("--allow second"),
            "{refused}"
        );
    }
    // Who means it says so. Images are of one region.
    let other = spec.replace("us-west-2", "eu-west-1");
    let (before, instances) = other.split_once("\ninstance:").unwrap();
    let (_, after) = instances.split_once("\nvpc_endpoint:").unwrap();
    let after = after.split("\nexpect:").next().unwrap();
    fs::write(
        trial.folder.path().join("region.yaml"),
        format!("{before}\nvpc_endpoint:{after}"),
    )
    .unwrap();
    let second = trial.see("apply --sandbox --auto-approve --allow second region.yaml");
    assert!(second.ends_with("[exit 0]\n"), "{second}");
}
