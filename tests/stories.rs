//! Users' sessions with the real binary, as they see them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use trueup_tests::trial::{Sandbox, Trial};

/// Asserts that a session is the one that the snapshot of this name holds.
macro_rules! session {
    ($name:expr, $($seen:expr),+ $(,)?) => {
        insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "snapshots/stories", omit_expression => true}, {
            insta::assert_snapshot!($name, [$($seen),+].map(|seen| settled(&seen)).join("\n"));
        })
    };
}

/// A transcript without what is another in each run: ids, addresses that EC2 gives, digests, keys, times, and the order in which
/// steps that run side by side end.
fn settled(seen: &str) -> String {
    let lines = seen.lines().filter(|line| !line.starts_with('[') || line.starts_with("[exit"));
    // The columns of a table are as wide as what was taken out of them.
    let even = |line: String| if line.contains(" arn:") { line.split_whitespace().collect::<Vec<_>>().join("  ") } else { line };
    lines.map(|line| even(words(line)) + "\n").collect()
}

fn words(line: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '+' | '/' | '=') {
            word.push(c);
        } else {
            out.push_str(&hidden(&word));
            out.push(c);
            word.clear();
        }
    }
    out.trim_end().to_owned()
}

fn hidden(word: &str) -> String {
    let hex = |text: &str, count: usize| text.len() >= count && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some((head, tail)) = word.rsplit_once('-')
        && hex(tail, 17)
    {
        return format!("{head}-ID");
    }
    if let Some((head, tail)) = word.split_once("sha256:")
        && hex(tail, 64)
    {
        return format!("{head}sha256:DIGEST");
    }
    let given =
        word.starts_with("54.") || word.starts_with("10.0.2.") && !word.contains('/') || word.starts_with("10.0.1.") && !word.contains('/');
    match word {
        _ if given => "ADDRESS".to_owned(),
        _ if word.starts_with("AAAA") => "KEY".to_owned(),
        _ => word.to_owned(),
    }
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
        let public = Command::new("ssh-keygen").arg("-y").arg("-f").arg(&path).output().unwrap();
        assert!(public.status.success() && public.stdout.starts_with(b"ssh-ed25519 "), "{public:?}");
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
    let fingerprint = plan.split("\"fingerprint\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    trial.edit("Bastion SG", "Bastions");
    let other = trial.see(&format!("apply --sandbox --expect {fingerprint} seed.yaml"));
    assert!(other.contains("another than the one that was approved") && other.ends_with("[exit 3]\n"), "{other}");
    trial.edit("Bastion SG", "Bastion SG");
    let same = trial.see(&format!("apply --sandbox --expect {fingerprint} seed.yaml"));
    assert!(same.contains("Done: 13 created") && same.ends_with("[exit 0]\n"), "{same}");
}

#[test]
fn what_somebody_did_by_hand_is_told_and_taken_back() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{}", sandbox.address);
    trial.see(&format!("apply {at} --auto-approve seed.yaml"));
    let show = trial.see(&format!("show {at} --format json seed.yaml"));
    let id = |prefix: &str, after: &str| {
        let rest = show.split(after).nth(1).unwrap_or_else(|| panic!("{after} is not in {show}"));
        let start = rest.find(prefix).unwrap_or_else(|| panic!("no {prefix} behind {after}"));
        rest[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>()
    };
    sandbox.call(&format!("StopInstances&InstanceId.1={}", id("i-", "instance.bastion")));
    let group = id("sg-", "security_group.private-sg");
    sandbox.call(&format!(
        "AuthorizeSecurityGroupIngress&GroupId={group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22\
         &IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
    ));
    sandbox.call(&format!("DeleteTags&ResourceId.1={}&Tag.1.Key=Name", id("vpc-", "vpc.main")));
    sandbox.call(&format!("DeleteVpcEndpoints&VpcEndpointId.1={}", id("vpce-", "vpc_endpoint.s3")));
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
    let spec = include_str!("../specs/network-acl.yaml");
    trial.write("acl.yaml", spec);
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{}", sandbox.address);
    trial.see(&format!("apply {at} --auto-approve acl.yaml"));
    let answer = sandbox.call("DescribeNetworkAcls&Filter.1.Name=tag:Name&Filter.1.Value.1=network-acl-web");
    let acl = answer.split("<networkAclId>").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    sandbox.call(&format!("DeleteNetworkAclEntry&NetworkAclId={acl}&RuleNumber=90&Egress=false"));
    let entry = "RuleNumber=100&Egress=true&RuleAction=allow&CidrBlock=0.0.0.0/0";
    sandbox.call(&format!("ReplaceNetworkAclEntry&NetworkAclId={acl}&{entry}&Protocol=6&PortRange.From=443&PortRange.To=443"));
    let drift = trial.see(&format!("drift {at} acl.yaml"));
    let closed = trial.see(&format!("reach {at} --live --from internet --to instance.web --over tcp/443 acl.yaml"));
    trial.write(
        "acl.yaml",
        spec.replace("rule_number: 90", "rule_number: 95").replace("route_table: data, network_acl: data", "route_table: data"),
    );
    session!(
        "network_acl",
        drift,
        closed,
        trial.see(&format!("plan {at} acl.yaml")),
        trial.see(&format!("apply {at} --auto-approve acl.yaml")),
        trial.see(&format!("plan {at} --detailed-exitcode acl.yaml")),
        trial.see(&format!("reach {at} --live --from internet --to instance.web --over tcp/443 acl.yaml")),
    );
}

#[test]
fn what_is_protected_stays_until_the_protection_is_gone() {
    let trial = Trial::of_the_seed();
    trial.edit("internet_gateway:\n  main:\n", "internet_gateway:\n  main: {protect: true}\n");
    trial.see("apply --sandbox --auto-approve seed.yaml");
    let refused = trial.see("destroy --sandbox --auto-approve seed.yaml");
    assert!(refused.contains("REFUSED internet_gateway.main (protected)") && refused.ends_with("[exit 3]\n"), "{refused}");
    // A line that is removed protects all the same.
    trial.edit("internet_gateway:\n  main:\n", "x-removed:\n");
    trial.write("gone.yaml", "topology: gateway-endpoint\nregion: us-west-2\n");
    let refused = trial.see("apply --sandbox --auto-approve --allow delete gone.yaml");
    assert!(refused.contains("REFUSED internet_gateway.main (protected)") && refused.ends_with("[exit 3]\n"), "{refused}");
    trial.edit("internet_gateway:\n  main:\n", "internet_gateway:\n  main: {protect: false}\n");
    session!(
        "destroy",
        trial.see("apply --sandbox --auto-approve seed.yaml"),
        trial.see("destroy --sandbox --auto-approve seed.yaml"),
        trial.see("destroy --sandbox --auto-approve seed.yaml"),
    );
    assert!(trial.folder.path().join("bastion-key.pem").exists(), "a destroy leaves key files");
}

#[test]
fn key_files_are_never_overwritten_and_a_colleague_without_them_is_fine() {
    let trial = Trial::of_the_seed();
    let key = trial.folder.path().join("bastion-key.pem");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&key).status().unwrap();
    assert!(made.success());
    let before = fs::read(&key).unwrap();
    trial.see("apply --sandbox --auto-approve seed.yaml");
    assert_eq!(fs::read(&key).unwrap(), before);
    fs::remove_file(&key).unwrap();
    let colleague = trial.see("plan --sandbox --detailed-exitcode seed.yaml");
    fs::remove_file(trial.folder.path().join("bastion-key.pem.pub")).unwrap();
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&key).status().unwrap();
    assert!(made.success());
    session!("keys", colleague, trial.see("apply --sandbox --auto-approve --allow replace:key_pair.bastion-key seed.yaml"));
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let trial = Trial::of_the_seed();
    let plain = trial.see("plan --sandbox seed.yaml");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let colour = trial.see("plan --sandbox --color always seed.yaml");
    assert!(colour.contains("\u{1b}["), "{colour}");
    let never = trial.seen("plan", trial.command("plan --sandbox --color never seed.yaml").env("CLICOLOR_FORCE", "1"));
    assert!(!never.contains('\u{1b}'), "{never}");
}

#[test]
fn a_network_is_not_built_twice_because_its_region_or_its_name_was_changed() {
    let trial = Trial::of_the_seed();
    trial.see("apply --sandbox --auto-approve seed.yaml");
    let spec = fs::read_to_string(trial.folder.path().join("seed.yaml")).unwrap();
    for (file, from, to, told) in [
        ("region.yaml", "us-west-2", "eu-west-1", "nothing here belongs to topology `gateway-endpoint`, which lives in us-west-2"),
        ("name.yaml", "topology: gateway-endpoint", "topology: renamed", "most of its addresses belong to topology `gateway-endpoint`"),
    ] {
        fs::write(trial.folder.path().join(file), spec.replace(from, to)).unwrap();
        let refused = trial.see(&format!("apply --sandbox --auto-approve {file}"));
        assert!(refused.ends_with("[exit 3]\n") && refused.contains(told) && refused.contains("--allow second"), "{refused}");
    }
    // Who means it says so. Images are of one region.
    let other = spec.replace("us-west-2", "eu-west-1");
    let (before, instances) = other.split_once("\ninstance:").unwrap();
    let (_, after) = instances.split_once("\nvpc_endpoint:").unwrap();
    fs::write(trial.folder.path().join("region.yaml"), format!("{before}\nvpc_endpoint:{after}")).unwrap();
    let second = trial.see("apply --sandbox --auto-approve --allow second region.yaml");
    assert!(second.ends_with("[exit 0]\n"), "{second}");
}

/// An apply that gets this signal so often, once it has said `when`. What it said, and how it ended.
fn apply_with_signals(trial: &Trial, signal: &str, times: usize, when: &str) -> (String, Option<i32>) {
    let mut command = trial.command("apply --sandbox --auto-approve --behaviour realistic seed.yaml");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    let mut wait_for = |text: &mut String, words: &str| {
        while !text.contains(words) {
            assert_ne!(said.read_line(text).unwrap(), 0, "{words} is not in\n{text}");
        }
    };
    wait_for(&mut text, when);
    for number in 0..times {
        assert!(Command::new("kill").arg(signal).arg(child.id().to_string()).status().unwrap().success());
        if number == 0 {
            wait_for(&mut text, "stopping: nothing new is started");
        }
    }
    said.lines().map_while(Result::ok).for_each(|line| text += &(line + "\n"));
    (text, child.wait().unwrap().code())
}

/// The next run does what is left, and makes nothing again that is there.
fn goes_on(trial: &Trial) {
    let again = trial.see("apply --sandbox --auto-approve seed.yaml");
    assert!(again.ends_with("[exit 0]\n") && !again.contains("create internet_gateway.main"), "{again}");
}

#[test]
fn an_interrupt_ends_cleanly_and_the_next_run_goes_on() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let trial = Trial::of_the_seed();
        let (text, exit) = apply_with_signals(&trial, signal, 1, "CreateInternetGateway done");
        assert_eq!(exit, Some(code), "{text}");
        for told in ["Stopped: ", "Run this again"] {
            assert!(text.contains(told), "{told} is not in\n{text}");
        }
        goes_on(&trial);
    }
}

#[test]
fn a_second_interrupt_ends_at_once_and_the_next_run_goes_on() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let trial = Trial::of_the_seed();
        // An instance takes long to run: the first signal alone waits for it.
        let (text, exit) = apply_with_signals(&trial, signal, 2, "RunInstances …");
        assert_eq!(exit, Some(code), "{text}");
        assert!(text.contains("ended at once: steps were under way; run the command again"), "{text}");
        goes_on(&trial);
    }
}
