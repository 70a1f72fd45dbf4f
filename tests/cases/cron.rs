//! Drift for cron: silence where all is well, one spec after the other, failures told apart, and what is
//! nobody's.

use trueup_tests::trial::{Sandbox, Trial, silence};

/// What cron needs: who is to be woken up, and what will pass by itself.
#[test]
fn drift_tells_failures_apart_and_goes_on_to_the_next_spec() {
    let trial = Trial::of_the_seed();
    trial.write("broken.yaml", "nope");
    let (_listener, url) = silence();
    let documents = |seen: &str| {
        let printed = seen.split_once('\n').map_or("", |(_, rest)| rest);
        let documents = serde_json::Deserializer::from_str(printed).into_iter::<serde_json::Value>();
        documents.map_while(Result::ok).collect::<Vec<_>>()
    };
    let class = |document: &serde_json::Value| document["error"]["class"].as_str().map(str::to_owned);
    let drift = format!("drift --quiet --format json --endpoint-url {url} seed.yaml");
    let down = trial.see(&drift);
    assert!(down.ends_with("[exit 7]\n"), "{down}");
    assert_eq!(
        documents(&down).iter().map(class).collect::<Vec<_>>(),
        [Some("connection".to_owned())]
    );
    let mut without = trial.command("drift --format json seed.yaml");
    without
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let nobody = trial.seen("drift", &mut without);
    assert!(nobody.ends_with("[exit 6]\n"), "{nobody}");
    assert_eq!(
        documents(&nobody).iter().map(class).collect::<Vec<_>>(),
        [Some("credentials".to_owned())]
    );
    let several = trial.see("drift --sandbox --format json broken.yaml seed.yaml nothing.yaml");
    assert!(several.ends_with("[exit 1]\n"), "{several}");
    let told = documents(&several);
    assert_eq!(
        told.iter().map(class).collect::<Vec<_>>(),
        [Some("spec".to_owned()), None, Some("file".to_owned())]
    );
    assert_eq!(
        told[0]["diagnostics"].as_array().map(Vec::len),
        Some(1),
        "{several}"
    );
    assert_eq!(told[1]["drift"].as_array().map(Vec::len), Some(13), "{several}");
    assert!(
        told.iter().all(|document| document["spec"].is_string()),
        "{several}"
    );
}

#[test]
fn drift_says_nothing_about_what_is_well_when_it_is_to_be_quiet() {
    let trial = Trial::of_the_seed();
    trial.see("apply --auto-approve --sandbox seed.yaml");
    for words in [
        "drift --quiet --sandbox seed.yaml seed.yaml",
        "drift --quiet --sandbox --format json seed.yaml",
    ] {
        assert_eq!(trial.see(words), format!("$ trueup {words}\n[exit 0]\n"));
    }
    trial.write(
        "other.yaml",
        include_str!("../../specs/gateway-endpoint.yaml").replace("10.0.1.0/24", "10.0.7.0/24"),
    );
    let seen = trial.see("drift --quiet --sandbox seed.yaml other.yaml");
    assert!(
        seen.contains("subnet.public") && !seen.contains("no drift"),
        "{seen}"
    );
    assert!(
        seen.contains("2 specs: 1 as they should be, 1 with drift\n") && seen.ends_with("[exit 2]\n"),
        "{seen}"
    );
}

#[test]
fn what_is_nobodys_in_our_vpc_is_told_where_that_is_asked_for() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{}", sandbox.address);
    trial.see(&format!("apply {at} --auto-approve seed.yaml"));
    let made = |answer: &str, element: &str| {
        let found = answer
            .split(&format!("<{element}>"))
            .nth(1)
            .and_then(|rest| rest.split('<').next());
        found
            .unwrap_or_else(|| panic!("no {element} in {answer}"))
            .to_owned()
    };
    let vpc = made(
        &sandbox.call("DescribeVpcs&Filter.1.Name=tag:trueup:address&Filter.1.Value.1=vpc.main"),
        "vpcId",
    );
    assert!(
        trial
            .see(&format!("drift {at} --quiet --unmanaged seed.yaml"))
            .ends_with("seed.yaml\n[exit 0]\n")
    );
    let subnet = made(
        &sandbox.call(&format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.200.0/24")),
        "subnetId",
    );
    let launch = format!(
        "RunInstances&ImageId=ami-003634241a8fcdec0&InstanceType=t3.micro&MinCount=1&MaxCount=1&SubnetId={subnet}"
    );
    let tag = "TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=rogue";
    let instance = made(&sandbox.call(&format!("{launch}&{tag}")), "instanceId");
    let groups = sandbox.call(&format!(
        "DescribeSecurityGroups&Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}&Filter.2.Name=group-name&Filter.2.Value.1=default"
    ));
    let group = made(&groups, "groupId");
    let rule = "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=3389&IpPermissions.1.ToPort=3389&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0";
    sandbox.call(&format!("AuthorizeSecurityGroupIngress&GroupId={group}&{rule}"));
    let told = trial.see(&format!("drift {at} --quiet --unmanaged seed.yaml"));
    for line in [
        format!("unmanaged in vpc.main: subnet {subnet}\n"),
        format!("unmanaged in vpc.main: instance {instance} `rogue`\n"),
        format!(
            "unmanaged in vpc.main: security_group {group} that EC2 made: ingress tcp/3389 cidr 0.0.0.0/0\n"
        ),
    ] {
        assert!(told.contains(&line), "{line}{told}");
    }
    assert!(
        told.ends_with("Drift: 0 of 13 resources differ, 3 unmanaged\n[exit 2]\n"),
        "{told}"
    );
    let json = trial.see(&format!("drift {at} --format json --unmanaged seed.yaml"));
    assert!(json.contains("\"member\": \"tcp/3389 cidr 0.0.0.0/0\""), "{json}");
    // Nobody asked.
    assert!(
        trial
            .see(&format!("drift {at} seed.yaml"))
            .ends_with("[exit 0]\n")
    );
}
