//! How a run ends that gets a signal: with what is under way, at once on the second one, and so that the next
//! run goes on.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use trueup_tests::trial::{Sandbox, Trial, proxy};

/// An apply in this place that gets this signal so often, once it has said `when`. What it said, and how it
/// ended.
fn apply_with_signals(
    trial: &Trial,
    place: &str,
    signal: &str,
    times: usize,
    when: &str,
) -> (String, Option<i32>) {
    let mut command = trial.command(&format!("apply {place} --auto-approve seed.yaml"));
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    let mut wait_for = |text: &mut String, words: &str| {
        while !text.contains(words) {
            assert_ne!(said.read_line(text).unwrap(), 0, "{words} is not in\n{text}");
        }
    };
    wait_for(&mut text, when);
    for number in 0..times {
        assert!(
            Command::new("kill")
                .arg(signal)
                .arg(child.id().to_string())
                .status()
                .unwrap()
                .success()
        );
        if number == 0 {
            wait_for(&mut text, "stopping: nothing new is started");
        }
    }
    said.lines()
        .map_while(Result::ok)
        .for_each(|line| text += &(line + "\n"));
    (text, child.wait().unwrap().code())
}

/// The next run does what is left, and makes nothing again that is there.
fn goes_on(trial: &Trial, place: &str) {
    let again = trial.see(&format!("apply {place} --auto-approve seed.yaml"));
    assert!(
        again.ends_with("[exit 0]\n") && !again.contains("create internet_gateway.main"),
        "{again}"
    );
}

#[test]
fn an_interrupt_ends_cleanly_and_the_next_run_goes_on() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let trial = Trial::of_the_seed();
        let (text, exit) = apply_with_signals(
            &trial,
            "--sandbox --behaviour realistic",
            signal,
            1,
            "CreateInternetGateway done",
        );
        assert_eq!(exit, Some(code), "{text}");
        for told in ["Stopped: ", "Run this again"] {
            assert!(text.contains(told), "{told} is not in\n{text}");
        }
        goes_on(&trial, "--sandbox");
    }
}

#[test]
fn a_second_interrupt_ends_at_once_and_the_next_run_goes_on() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let trial = Trial::of_the_seed();
        let sandbox = Sandbox::serve(trial.folder.path());
        // A call that is answered late: the first signal alone waits for the answer.
        let late = proxy(&sandbox.address, |body| {
            if body.contains("Action=RunInstances&") {
                std::thread::sleep(Duration::from_secs(10));
            }
            None
        });
        let (text, exit) = apply_with_signals(
            &trial,
            &format!("--endpoint-url {late}"),
            signal,
            2,
            "RunInstances …",
        );
        assert_eq!(exit, Some(code), "{text}");
        assert!(
            text.contains("ended at once: steps were under way; run the command again"),
            "{text}"
        );
        goes_on(&trial, &format!("--endpoint-url http://{}", sandbox.address));
    }
}

#[test]
fn a_signal_ends_what_is_repeated_at_once() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let trial = Trial::of_the_seed();
        let sandbox = Sandbox::serve(trial.folder.path());
        // So refused, a call is repeated for ten minutes.
        let url = proxy(&sandbox.address, |body| {
            body.contains("Action=CreateSubnet&").then_some((
                503,
                "RequestLimitExceeded",
                "Request limit exceeded.",
            ))
        });
        let mut command = trial.command(&format!("apply --auto-approve --endpoint-url {url} seed.yaml"));
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut text = String::new();
        while !text.contains("trying CreateSubnet again") {
            assert_ne!(said.read_line(&mut text).unwrap(), 0, "{text}");
        }
        // So that the pause before the next try is long.
        std::thread::sleep(Duration::from_secs(4));
        let asked = Instant::now();
        assert!(
            Command::new("kill")
                .arg(signal)
                .arg(child.id().to_string())
                .status()
                .unwrap()
                .success()
        );
        said.lines()
            .map_while(Result::ok)
            .for_each(|line| text += &(line + "\n"));
        assert_eq!(child.wait().unwrap().code(), Some(code), "{text}");
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "{:?}\n{text}",
            asked.elapsed()
        );
        assert!(
            text.contains("Request limit exceeded; it was not tried again, because the run was stopped"),
            "{text}"
        );
        assert!(text.contains("Run this again; it goes on from here"), "{text}");
        // What was made is found by the next run.
        let again = trial.see(&format!(
            "apply --auto-approve --endpoint-url http://{} seed.yaml",
            sandbox.address
        ));
        assert!(
            again.ends_with("[exit 0]\n") && !again.contains("create vpc.main"),
            "{again}"
        );
    }
}
