//! The AWS CLI and boto3 against the sandbox, as it is served to strangers; and the article that the seed
//! models, by its own commands and by Trueup.

use trueup_tests::equivalence::{ARTICLE, assert_same, by_hand, by_trueup, dump};
use trueup_tests::programs::{Programs, output};

#[test]
fn the_articles_commands_and_an_apply_leave_the_same_network() {
    let Some(programs) = Programs::find() else { return };
    let (ours, theirs) = (programs.sandbox(), programs.sandbox());
    let by_trueup = by_trueup(&programs, &ours, &[]);
    let by_hand = by_hand(&programs, &theirs, ARTICLE, &[]);
    assert!(
        by_trueup.matches("\"attribute userData\"").count() == 2,
        "two instances are in the network:\n{by_trueup}"
    );
    assert_same(&by_hand, &by_trueup);
}

#[test]
fn what_the_comparison_of_networks_is_made_of_shows_each_change() {
    let Some(programs) = Programs::find() else { return };
    let server = programs.sandbox();
    let folder = tempfile::tempdir().unwrap();
    let mut before = by_trueup(&programs, &server, &[]);
    let script = |text: &str| {
        output(
            programs
                .command("bash", &server.url, folder.path())
                .args(["-euo", "pipefail", "-c", text]),
            0,
        )
    };
    let id = |what: &str, query: &str| {
        script(&format!(
            "aws ec2 describe-{what} --query '{query}' --output text"
        ))
        .trim()
        .to_owned()
    };
    let vpc = id("vpcs", "Vpcs[?!IsDefault].VpcId");
    let instance = id("instances", "Reservations[0].Instances[0].InstanceId");
    let group = id(
        "security-groups --filters Name=group-name,Values=private-sg",
        "SecurityGroups[].GroupId",
    );
    let endpoint = id("vpc-endpoints", "VpcEndpoints[].VpcEndpointId");
    let policy = r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;
    for change in [
        format!("modify-vpc-attribute --vpc-id {vpc} --enable-dns-hostnames"),
        format!("modify-instance-attribute --instance-id {instance} --no-source-dest-check"),
        format!("modify-instance-attribute --instance-id {instance} --disable-api-termination"),
        format!("modify-instance-metadata-options --instance-id {instance} --http-tokens required"),
        format!("revoke-security-group-egress --group-id {group} --protocol all --cidr 0.0.0.0/0"),
        format!(
            "authorize-security-group-ingress --group-id {group} --protocol icmp --port -1 --cidr 10.0.0.0/8"
        ),
        format!("modify-vpc-endpoint --vpc-endpoint-id {endpoint} --policy-document '{policy}'"),
    ] {
        script(&format!("aws ec2 {change}"));
        let after = dump(&programs, &server, &[]);
        assert_ne!(before, after, "{change}");
        before = after;
    }
}

#[test]
fn boto3_calls_every_action_of_the_sandbox_and_knows_every_answer() {
    let Some(programs) = Programs::find() else { return };
    let server = programs.sandbox();
    let folder = tempfile::tempdir().unwrap();
    let called = output(
        &mut programs.python("boto3_tour.py", &server.url, folder.path()),
        0,
    );
    let called: Vec<&str> = called.lines().collect();
    let actions = include_str!("../../crates/sandbox/src/actions.rs");
    let served: Vec<&str> = actions
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" => "))
        .map(|(name, _)| name)
        .collect();
    assert!(
        served.len() > 100,
        "the list of actions has another form: {served:?}"
    );
    let untried: Vec<&&str> = served.iter().filter(|name| !called.contains(name)).collect();
    assert!(untried.is_empty(), "boto3_tour.py does not call {untried:?}");
}
