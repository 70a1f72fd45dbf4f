//! What can be wrong with what Trueup is given: each is reported with its place and remedy, ends with the
//! exit code that the commands' page names, and changes nothing.

use std::fs::File;
use std::process::Stdio;

use trueup_tests::trial::{Sandbox, Trial, proxy, silence};

/// Asserts that what a user sees is what the snapshot of this name holds.
macro_rules! sees {
    ($name:expr, $seen:expr) => {
        insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "snapshots/bad_input", omit_expression => true}, {
            insta::assert_snapshot!($name, $seen);
        })
    };
}

/// A spec that cannot be read: every command that reads one ends with 1 and has not even looked for EC2.
fn bad_spec(name: &str, contents: impl AsRef<[u8]>) {
    let trial = Trial::of_the_seed();
    trial.write("spec.yaml", contents);
    let seen = trial.see("validate spec.yaml");
    sees!(name, seen);
    for command in [
        "plan",
        "apply --auto-approve",
        "drift",
        "destroy --auto-approve --allow delete",
        "show",
    ] {
        let seen = trial.see(&format!("{command} --sandbox spec.yaml"));
        assert!(seen.ends_with("[exit 1]\n"), "{seen}");
    }
    assert!(
        !trial.folder.path().join(".trueup").exists(),
        "the sandbox was used"
    );
}

#[test]
fn specs_that_cannot_be_read() {
    bad_spec("empty", "");
    bad_spec("not_yaml", "topology: [a\nregion: us-west-2\n");
    bad_spec("tabs", "topology: a\nregion: us-west-2\nvpc:\n\tmain:\n");
    bad_spec("bomb", bomb());
    bad_spec("two_documents", "topology: a\n---\ntopology: b\n");
    bad_spec(
        "wrong_types",
        "topology: [a]\nregion: us-west-2\nvpc:\n  main: {cidr_block: 7, enable_dns_support: perhaps}\n",
    );
    bad_spec(
        "unknown_kind",
        "topology: a\nregion: us-west-2\nvpcs:\n  main: {cidr_block: 10.0.0.0/16}\n",
    );
    bad_spec("not_text", b"topology: \xff\xfe\n");
}

/// Ten lines that stand for billions of values.
fn bomb() -> String {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ('b'..='j').zip('a'..) {
        let each = vec![format!("*{before}"); 9].join(", ");
        text.push_str(&format!("{name}: &{name} [{each}]\n"));
    }
    text
}

#[test]
fn specs_that_are_not_there_or_too_large() {
    let trial = Trial::of_the_seed();
    sees!("no_file", trial.see("plan --sandbox nothing.yaml"));
    let large = File::create(trial.folder.path().join("large.yaml")).unwrap();
    large.set_len(100 * 1024 * 1024).unwrap();
    sees!("large_file", trial.see("validate large.yaml"));
    sees!("folder", trial.see("validate ."));
}

#[test]
fn credentials_that_are_missing_or_expired() {
    let trial = Trial::of_the_seed();
    let mut without = trial.command("plan seed.yaml");
    without
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    sees!("no_credentials", trial.seen("plan seed.yaml", &mut without));
    let sandbox = Sandbox::serve(trial.folder.path());
    let url = proxy(&sandbox.address, |_| {
        Some((400, "RequestExpired", "Request has expired."))
    });
    sees!(
        "expired_credentials",
        trial.see(&format!("apply --auto-approve --endpoint-url {url} seed.yaml"))
    );
    // They expire while the run is under way: what was done is reported, and nothing else is tried.
    let url = proxy(&sandbox.address, |body| {
        body.contains("Action=CreateInternetGateway").then_some((
            400,
            "RequestExpired",
            "Request has expired.",
        ))
    });
    let seen = trial.see(&format!(
        "apply --auto-approve --parallelism 1 --endpoint-url {url} seed.yaml"
    ));
    assert!(
        seen.contains("failed: internet_gateway.main CreateInternetGateway") && seen.ends_with("[exit 5]\n"),
        "{seen}"
    );
}

#[test]
fn another_account_or_region_than_the_specs() {
    let trial = Trial::of_the_seed();
    trial.edit(
        "region: us-west-2",
        "region: us-west-2\naccount: \"999999999999\"",
    );
    sees!(
        "wrong_account",
        trial.see("apply --auto-approve --sandbox seed.yaml")
    );
    let trial = Trial::of_the_seed();
    sees!(
        "wrong_region",
        trial.see("apply --auto-approve --sandbox --region eu-west-1 seed.yaml")
    );
}

#[test]
fn an_endpoint_that_refuses_or_hangs() {
    let trial = Trial::of_the_seed();
    let closed = {
        let (_listener, url) = silence();
        url
    };
    sees!(
        "refused_connection",
        trial.see(&format!("plan --endpoint-url {closed} seed.yaml"))
    );
    let (_listener, url) = silence();
    sees!(
        "hanging_endpoint",
        trial.see(&format!("plan --endpoint-url {url} seed.yaml"))
    );
}

#[test]
fn a_kind_that_may_not_be_read_is_unknown_and_the_rest_is_planned() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let url = proxy(&sandbox.address, |body| {
        let refused = body.contains("Action=DescribeVpcEndpoints&");
        refused.then_some((
            403,
            "UnauthorizedOperation",
            "You are not authorized to perform this operation.",
        ))
    });
    let seen = trial.see(&format!("plan --endpoint-url {url} seed.yaml"));
    let told: Vec<&str> = seen
        .lines()
        .filter(|line| {
            line.starts_with(['$', '+', '[', 'P', '?'])
                || line.contains("vpc_endpoint")
                || line.contains("read")
        })
        .collect();
    sees!("unreadable_kind", told.join("\n"));
    let seen = trial.see(&format!("apply --auto-approve --endpoint-url {url} seed.yaml"));
    assert!(seen.ends_with("nothing was done\n[exit 4]\n"), "{seen}");
    assert!(
        !sandbox.call("DescribeVpcs").contains("10.0.0.0/16"),
        "something was done all the same"
    );
}

#[test]
fn two_live_objects_that_claim_one_address() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let tags = "TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=trueup:topology&TagSpecification.1.Tag.1.Value=gateway-endpoint\
                &TagSpecification.1.Tag.2.Key=trueup:address&TagSpecification.1.Tag.2.Value=vpc.main";
    for _ in 0..2 {
        sandbox.call(&format!("CreateVpc&CidrBlock=10.0.0.0/16&{tags}"));
    }
    let url = format!("http://{}", sandbox.address);
    let seen = trial.see(&format!("apply --auto-approve --endpoint-url {url} seed.yaml"));
    let refused: Vec<&str> = seen
        .lines()
        .filter(|line| line.starts_with("REFUSED vpc.main") || line.starts_with(['$', 'e', '[']))
        .collect();
    sees!("double_claim", refused.join("\n"));
    assert!(
        !sandbox.call("DescribeKeyPairs").contains("bastion-key"),
        "something was done all the same"
    );
}

#[test]
fn a_live_key_of_that_name_that_is_not_ours() {
    let key = "PublicKeyMaterial=c3NoLWVkMjU1MTkgQUFBQUMzTnphQzFsWkRJMU5URTVBQUFBSUdQVmhHd1ZNWjB3S2N3SjFFM01LWnZ2bjZHRXNYZkNWVng1cVZ6TXpOaFY=";
    for (name, owner) in [
        ("unowned_key", ""),
        (
            "key_of_another_topology",
            "&TagSpecification.1.ResourceType=key-pair&TagSpecification.1.Tag.1.Key=trueup:topology&TagSpecification.1.Tag.1.Value=other\
             &TagSpecification.1.Tag.2.Key=trueup:address&TagSpecification.1.Tag.2.Value=key_pair.bastion-key",
        ),
    ] {
        let trial = Trial::of_the_seed();
        let sandbox = Sandbox::serve(trial.folder.path());
        sandbox.call(&format!("ImportKeyPair&KeyName=bastion-key&{key}{owner}"));
        let before = sandbox.call("DescribeKeyPairs");
        let seen = trial.see(&format!(
            "apply --auto-approve --endpoint-url http://{} seed.yaml",
            sandbox.address
        ));
        let refused: Vec<&str> = seen
            .lines()
            .filter(|line| line.starts_with("REFUSED") || line.starts_with(['$', 'e', '[']))
            .collect();
        sees!(name, refused.join("\n"));
        let ours = |text: &str| text.split("<keySet>").nth(1).map(str::to_owned);
        assert_eq!(ours(&sandbox.call("DescribeKeyPairs")), ours(&before));
        assert!(
            !trial.folder.path().join("bastion-key.pem").exists(),
            "a key file was written"
        );
    }
}

#[test]
fn a_private_key_file_that_is_no_key() {
    let trial = Trial::of_the_seed();
    trial.write("bastion-key.pem", "this is no key\n");
    sees!(
        "key_file_without_key",
        trial.see("apply --auto-approve --sandbox seed.yaml")
    );
    assert!(!trial.folder.path().join(".trueup").exists());
}

#[test]
fn places_that_cannot_be_written() {
    let trial = Trial::of_the_seed();
    // A folder below a file: not even root can write there.
    trial.edit(
        "private_key_file: bastion-key.pem",
        "private_key_file: seed.yaml/bastion-key.pem",
    );
    let seen = trial.see("apply --auto-approve --sandbox seed.yaml");
    assert!(
        !seen.contains("1 step") && !seen.contains("steps to do"),
        "{seen}"
    );
    sees!("key_file_below_a_file", seen);
    for (name, folder) in [
        ("missing_key_folder", "nowhere"),
        ("unwritable_key_folder", "/proc"),
    ] {
        let trial = Trial::of_the_seed();
        trial.edit(
            "private_key_file: bastion-key.pem",
            &format!("private_key_file: {folder}/bastion-key.pem"),
        );
        let seen = trial.see("apply --auto-approve --sandbox --allow-files-outside /proc seed.yaml");
        let told: Vec<&str> = seen
            .lines()
            .skip_while(|line| !line.starts_with("Fingerprint"))
            .skip(1)
            .collect();
        sees!(name, told.join("\n"));
    }
    sees!(
        "unwritable_sandbox",
        Trial::of_the_seed().see("plan --sandbox=seed.yaml/state.json seed.yaml")
    );
}

#[test]
fn a_sandbox_file_that_another_process_holds() {
    let trial = Trial::of_the_seed();
    let _sandbox = Sandbox::serve(trial.folder.path());
    sees!(
        "locked_sandbox",
        trial.see("apply --auto-approve --sandbox=state.json seed.yaml")
    );
}

#[test]
fn standard_output_that_is_closed_or_full() {
    let trial = Trial::of_the_seed();
    // A reader that leaves after the first line is a quiet end.
    let mut command = trial.command("plan --sandbox seed.yaml");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).as_ref()
        ),
        (Some(0), "")
    );
    // What cannot be kept is an error.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = trial
        .command("plan --sandbox seed.yaml")
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"),
        "{output:?}"
    );
}

#[test]
fn words_that_make_no_command() {
    let trial = Trial::of_the_seed();
    sees!(
        "no_approval",
        trial
            .see("apply --sandbox seed.yaml")
            .lines()
            .rev()
            .take(2)
            .collect::<Vec<_>>()
            .join("\n")
    );
    sees!("usage", trial.see("aply seed.yaml"));
}

#[test]
fn questions_about_nothing() {
    let trial = Trial::of_the_seed();
    sees!(
        "questions",
        [
            trial.see("reach seed.yaml --from instance.basion --to s3"),
            trial.see("reach seed.yaml --from nobody.knows --to s3"),
            trial.see("reach seed.yaml --explain"),
            trial.see("reach seed.yaml --from internet"),
        ]
        .join("\n")
    );
}

#[test]
fn what_a_network_says_and_never_does() {
    let trial = Trial::of_the_seed();
    let acl = include_str!("../../specs/network-acl.yaml");
    let never =
        "      - {rule_number: 300, action: deny, protocol: tcp, port: 443, cidr: 10.0.0.0/8}\n    egress:\n";
    trial.write("acl.yaml", acl.replacen("    egress:\n", never, 1));
    sees!(
        "lints",
        [
            trial.see("reach acl.yaml"),
            trial.see("reach acl.yaml --format json")
        ]
        .join("\n")
    );
}
