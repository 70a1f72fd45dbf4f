//! Whose credentials are used, where each service is asked, and what is reported when it refuses.

use std::process::Command;

use trueup_tests::trial::{Listener, Sandbox, Trial, proxy, silence};

/// Two profiles: one with keys, one without.
const PROFILES: &str = "[profile prod]\nregion = us-west-2\naws_access_key_id = PRODKEY\naws_secret_access_key = secret\n[profile bare]\nregion = us-west-2\n";

/// `trueup` with these words, the profiles and these variables.
fn command(trial: &Trial, words: &str, variables: &[(&str, &str)]) -> Command {
    trial.write("config", PROFILES);
    let mut command = trial.command(words);
    command
        .env("AWS_CONFIG_FILE", trial.folder.path().join("config"))
        .envs(variables.iter().copied());
    command
}

/// What a user sees of it.
fn see(trial: &Trial, words: &str, variables: &[(&str, &str)]) -> String {
    trial.seen(words, &mut command(trial, words, variables))
}

#[test]
fn a_profile_that_is_asked_for_signs() {
    let trial = Trial::of_the_seed();
    for (option, variable, key) in [
        ("--profile prod", "", "PRODKEY"),
        ("", "", "test"),
        ("", "prod", "test"),
    ] {
        let listener = Listener::refusing((403, "AccessDenied", "You may not."));
        let seen = see(
            &trial,
            &format!("drift {option} --endpoint-url {} seed.yaml", listener.url),
            &[("AWS_PROFILE", variable)],
        );
        let heads = listener.heads();
        assert!(
            heads
                .iter()
                .any(|head| head.contains(&format!("Credential={key}/"))),
            "{seen}\n{heads:?}"
        );
        assert!(
            seen.contains("need the permission `sts:GetCallerIdentity`"),
            "{seen}"
        );
    }
}

#[test]
fn a_profile_that_is_not_there_or_has_no_credentials_is_an_error_that_names_it() {
    let trial = Trial::of_the_seed();
    let none = "http://127.0.0.1:1";
    for (words, variables, by) in [
        (
            format!("plan --profile nope --endpoint-url {none} seed.yaml"),
            ("AWS_PROFILE", "prod"),
            "--profile",
        ),
        (
            format!("plan --endpoint-url {none} seed.yaml"),
            ("AWS_PROFILE", "nope"),
            "AWS_PROFILE",
        ),
    ] {
        let seen = see(&trial, &words, &[variables]);
        let told = format!(
            "there is no profile `nope`, which {by} asks for: the AWS configuration files have only bare, prod"
        );
        assert!(seen.contains(&told) && seen.ends_with("[exit 1]\n"), "{seen}");
    }
    let seen = see(
        &trial,
        &format!("plan --profile bare --endpoint-url {none} seed.yaml"),
        &[],
    );
    assert!(
        seen.contains("profile `bare` has none") && seen.ends_with("[exit 6]\n"),
        "{seen}"
    );
}

#[test]
fn each_service_is_asked_and_told_where_it_is() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let here = format!("http://{}", sandbox.address);
    let (_listener, away) = silence();
    let closed = {
        let (_listener, url) = silence();
        url
    };
    let planned = see(
        &trial,
        "plan seed.yaml",
        &[
            ("AWS_ENDPOINT_URL_STS", &here),
            ("AWS_ENDPOINT_URL_EC2", &here),
            ("AWS_ENDPOINT_URL", &away),
        ],
    );
    assert!(
        planned.contains("13 to create") && planned.ends_with("[exit 0]\n"),
        "{planned}"
    );
    assert!(
        !planned.contains("does not say which account"),
        "that is asked of AWS's own accounts only: {planned}"
    );
    for (ec2, sts) in [(&closed, &here), (&here, &closed)] {
        let mut plan = command(
            &trial,
            "plan seed.yaml",
            &[("AWS_ENDPOINT_URL_EC2", ec2), ("AWS_ENDPOINT_URL_STS", sts)],
        );
        let output = plan.output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(
            said.contains(&format!("{closed} cannot be reached")) && !said.contains("amazonaws"),
            "{said}"
        );
        assert_ne!(output.status.code(), Some(0), "{said}");
    }
}

#[test]
fn the_permission_that_is_missing_is_the_one_that_ec2_names() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let url = proxy(&sandbox.address, |body| {
        let message = "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/a is not authorized to \
                       perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/web because no identity-based policy allows the \
                       iam:PassRole action. Encoded authorization failure message: abcd";
        body.contains("Action=RunInstances&")
            .then_some((403, "UnauthorizedOperation", message))
    });
    let seen = trial.see(&format!("apply --auto-approve --endpoint-url {url} seed.yaml"));
    assert!(
        seen.contains("The credentials need the permission `iam:PassRole`") && seen.ends_with("[exit 5]\n"),
        "{seen}"
    );
    assert!(!seen.contains("`ec2:RunInstances`"), "{seen}");
}

#[test]
fn what_ec2_says_cannot_steer_the_terminal() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let message = "No \u{9b}31m \u{202e}way\u{61c}\nerror: all is lost";
    for action in [
        "DescribeTags",
        "DescribeSubnets",
        "CreateVpc",
        "GetCallerIdentity",
    ] {
        let asked = format!("Action={action}&");
        let url = proxy(&sandbox.address, move |body| {
            body.contains(&asked)
                .then_some((403, "UnauthorizedOperation", message))
        });
        for words in [
            "plan",
            "plan --format json",
            "plan --format markdown",
            "drift",
            "show",
            "apply --auto-approve",
        ] {
            let seen = trial.see(&format!("{words} --endpoint-url {url} seed.yaml"));
            let hidden = seen.chars().find(|c| trueup_report::is_hidden(*c) && *c != '\n');
            assert_eq!(hidden, None, "{words}, {action}: {seen}");
            assert!(
                !seen.lines().any(|line| line.starts_with("error: all is lost")),
                "{words}, {action}: {seen}"
            );
        }
    }
}
