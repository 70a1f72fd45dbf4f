//! Whose an object is, as people meet it: a second environment beside the first, a network that was there before, tags that are gone.

use trueup_tests::trial::{Sandbox, Trial};

/// A small network, with names and ranges that can be told apart from another one's.
fn spec(topology: &str, net: &str) -> String {
    format!(
        "topology: {topology}\nregion: us-west-2\nvpc: {{main: {{cidr_block: {net}.0.0/16}}}}\n\
         subnet: {{a: {{cidr_block: {net}.1.0/24, route_table: private}}, b: {{cidr_block: {net}.2.0/24, route_table: private}}}}\n\
         route_table: {{private: }}\nsecurity_group: {{web: {{description: Web}}}}\n\
         key_pair: {{ops: {{public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPVhGwVMZ0wKcwJ1E3MKZvvn6GEsXfCVVx5qVzMzNhV}}}}\n"
    )
}

/// The first id in a text that starts so.
fn id_in(text: &str, prefix: &str) -> String {
    let start = text.find(prefix).unwrap_or_else(|| panic!("no {prefix} in {text}"));
    text[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

/// Runs a command of the AWS CLI that a message or a page proposes: `aws ec2 create-tags`, sent as the CLI sends it.
fn create_tags(sandbox: &Sandbox, command: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    assert_eq!(words[..3], ["aws", "ec2", "create-tags"], "{command}");
    let values = |option: &str| {
        let rest = words.iter().skip_while(|word| **word != option).skip(1);
        rest.take_while(|word| !word.starts_with("--")).copied().collect::<Vec<_>>()
    };
    let mut query = "CreateTags".to_owned();
    for (number, id) in (1..).zip(values("--resources")) {
        query += &format!("&ResourceId.{number}={id}");
    }
    for (number, tag) in (1..).zip(values("--tags")) {
        let (key, value) = tag.strip_prefix("Key=").and_then(|tag| tag.split_once(",Value=")).unwrap_or_else(|| panic!("{tag}"));
        query += &format!("&Tag.{number}.Key={key}&Tag.{number}.Value={value}");
    }
    let answer = sandbox.call(&query);
    assert!(answer.contains("<return>true</return>"), "{query}: {answer}");
}

/// The commands that a text proposes, between backquotes.
fn proposed(text: &str) -> Vec<&str> {
    text.split('`').filter(|part| part.starts_with("aws ec2 create-tags ")).collect()
}

#[test]
fn a_second_environment_with_the_same_names_is_applied_beside_the_first() {
    let trial = Trial::of_the_seed();
    trial.write("production.yaml", spec("production", "10.31"));
    trial.write("staging.yaml", spec("staging", "10.32"));
    for file in ["production.yaml", "staging.yaml"] {
        let applied = trial.see(&format!("apply --sandbox --auto-approve {file}"));
        assert!(applied.ends_with("[exit 0]\n") && !applied.contains("warning"), "{applied}");
    }
    let plan = trial.see("plan --sandbox production.yaml");
    assert!(plan.contains("Nothing to do"), "{plan}");
}

#[test]
fn a_vpc_that_lost_its_tags_is_not_built_twice_and_the_command_that_is_told_gives_them_back() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    trial.write("net.yaml", spec("net", "10.40"));
    let at = format!("--endpoint-url http://{} net.yaml", sandbox.address);
    let applied = trial.see(&format!("apply --auto-approve {at}"));
    assert!(applied.ends_with("[exit 0]\n"), "{applied}");
    let vpc = id_in(&trial.see(&format!("show {at}")), "vpc-0");
    sandbox.call(&format!("DeleteTags&ResourceId.1={vpc}&Tag.1.Key=trueup:topology&Tag.2.Key=trueup:address"));

    let plan = trial.see(&format!("plan {at}"));
    assert!(plan.contains("carries no topology's tags") && plan.contains(&vpc) && plan.contains("second:vpc.main"), "{plan}");
    let refused = trial.see(&format!("apply --auto-approve --allow replace --allow delete {at}"));
    assert!(refused.ends_with("[exit 3]\n") && refused.contains("--allow second:vpc.main"), "{refused}");

    let commands = proposed(&plan);
    assert_eq!(commands.len(), 1, "{plan}");
    create_tags(&sandbox, commands[0]);
    let plan = trial.see(&format!("plan {at}"));
    assert!(plan.contains("Nothing to do"), "{plan}");
}

#[test]
fn a_group_of_others_in_the_way_is_adopted_by_the_command_that_the_refusal_tells() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    trial.write("net.yaml", spec("net", "10.40"));
    let at = format!("--endpoint-url http://{} net.yaml", sandbox.address);
    trial.see(&format!("apply --auto-approve {at}"));
    let group = id_in(&trial.see(&format!("show {at}")), "sg-0");
    sandbox.call(&format!("DeleteTags&ResourceId.1={group}&Tag.1.Key=trueup:topology&Tag.2.Key=trueup:address"));
    let refused = trial.see(&format!("plan {at}"));
    assert!(refused.contains("REFUSED security_group.web (foreign)") && refused.ends_with("[exit 3]\n"), "{refused}");
    create_tags(&sandbox, proposed(&refused)[0]);
    let plan = trial.see(&format!("plan {at}"));
    assert!(plan.contains("Nothing to do"), "{plan}");
}

#[test]
fn a_typo_in_an_id_of_others_costs_a_second_and_makes_nothing() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{} net.yaml", sandbox.address);
    let ids = |gateway: &str, group: &str| {
        let text =
            spec("net", "10.40").replace("{private: }", &format!("{{private: {{routes: [{{destination: 10.0.0.0/8, {gateway}}}]}}}}"));
        text.replace(
            "{description: Web}",
            &format!("{{description: Web, ingress: [{{protocol: tcp, port: 443, security_group: {group}}}]}}"),
        )
    };
    trial.write("net.yaml", ids("transit_gateway: tgw-0123456789abcdef0", "sg-0aaaaaaaaaaaaaaaa"));
    for command in ["plan", "apply --auto-approve"] {
        let start = std::time::Instant::now();
        let refused = trial.see(&format!("{command} {at}"));
        assert!(refused.ends_with("[exit 3]\n"), "{refused}");
        for told in ["there is no tgw-0123456789abcdef0", "there is no sg-0aaaaaaaaaaaaaaaa", "(net.yaml:5)", "(net.yaml:6)"] {
            assert!(refused.contains(told), "{told}: {refused}");
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    }
    assert!(!sandbox.call("DescribeVpcs").contains("10.40.0.0/16"), "something was made");

    // What is there is used: an interface and a group of others.
    let vpc = id_in(&sandbox.call("CreateVpc&CidrBlock=10.99.0.0/16"), "vpc-");
    let subnet = id_in(&sandbox.call(&format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.99.1.0/24")), "subnet-");
    let gateway = id_in(&sandbox.call(&format!("CreateEgressOnlyInternetGateway&VpcId={vpc}")), "eigw-");
    let interface = id_in(&sandbox.call(&format!("CreateNetworkInterface&SubnetId={subnet}")), "eni-");
    for target in [format!("network_interface: {interface}"), format!("egress_only_internet_gateway: {gateway}")] {
        trial.write("net.yaml", ids(&target, "web"));
        let plan = trial.see(&format!("plan {at}"));
        assert!(plan.ends_with("[exit 0]\n") && !plan.contains("warning"), "{plan}");
    }
}
