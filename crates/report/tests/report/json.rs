//! The JSON formats.

use crate::sample;

use trueup_report::json;

fn pretty(json: &serde_json::Value) -> String {
    serde_json::to_string_pretty(json).unwrap()
}

#[test]
fn a_plan() {
    insta::assert_snapshot!(pretty(&json::plan(&sample::replacement())));
}

#[test]
fn everything() {
    let text = pretty(&json::plan(&sample::everything()));
    assert!(!text.contains("hunter"), "user data is a digest");
    insta::assert_snapshot!(text);
}

#[test]
fn without_changes() {
    let plan = json::plan(&sample::nothing());
    assert_eq!(plan["changes"], serde_json::json!([]));
    assert_eq!(plan["summary"]["keep"], 2);
    assert_eq!(
        json::drift(&sample::nothing(), None)["drift"],
        serde_json::json!([])
    );
}

#[test]
fn drift() {
    let text = pretty(&json::drift(&sample::everything(), None));
    assert!(!text.contains("hunter"), "user data is a digest");
    insta::assert_snapshot!(text);
}

/// The keys of the contract, no more and no fewer.
#[test]
fn the_keys_are_those_of_the_contract() {
    let keys = |json: &serde_json::Value| {
        json.as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let plan = json::plan(&sample::everything());
    let head = "account complete fingerprint format_version region summary topology unread unreadable";
    let sorted = |text: &str| {
        let mut words: Vec<&str> = text.split(' ').collect();
        words.sort_unstable();
        words.join(" ")
    };
    assert_eq!(
        keys(&plan),
        sorted(&format!(
            "{head} teardown stakes renamed changes steps refused diagnostics"
        ))
    );
    assert_eq!(
        keys(&plan["summary"]),
        sorted("create update replace delete adopt forget keep")
    );
    assert_eq!(
        keys(&plan["changes"][0]),
        sorted("address kind action id because order disruption losses source attributes")
    );
    assert_eq!(keys(&plan["changes"][1]["losses"][0]), sorted("what address"));
    assert_eq!(keys(&plan["stakes"][0]), sorted("what addresses"));
    assert_eq!(
        keys(&plan["changes"][0]["attributes"][0]),
        sorted("path before after effect")
    );
    assert_eq!(
        keys(&plan["changes"][0]["attributes"][3]),
        sorted("path member before after effect")
    );
    assert_eq!(keys(&plan["changes"][0]["source"]), sorted("file line column"));
    assert_eq!(
        keys(&plan["steps"][0]),
        sorted("number action address calls after")
    );
    assert_eq!(keys(&plan["refused"][0]), sorted("guard code address why"));
    let drift = json::drift(&sample::everything(), None);
    assert_eq!(keys(&drift), sorted(&format!("{head} drift")));
    assert_eq!(
        keys(&drift["drift"][0]),
        sorted("address id source missing unmanaged attributes")
    );
}
