//! The JSON Schema's own patterns, of a spec's head, of names and of tag keys: an editor takes what is read,
//! and nothing else.

use regex_lite::Regex;
use serde_json::{Value as Json, json};
use trueup_model::Severity;

use crate::common::read;

/// What is put into a text, at every place of it.
const SPOILERS: [&str; 18] = [
    "", " ", "\n", "-", "--", ".", "_", ":", "/", "0", "9", "a", "Z", "é", "\u{a0}", "٣", "aws:", "trueup:",
];

/// A text, and all that differ from it by one insertion, one replacement or one cut.
fn near(text: &str) -> Vec<String> {
    let places: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let mut all = vec![text.to_owned(), text.to_uppercase(), text.repeat(2)];
    for (number, at) in places.iter().enumerate() {
        let next = places.get(number + 1).copied().unwrap_or(*at);
        all.extend(SPOILERS.iter().flat_map(|spoiler| {
            [text[next..].to_owned(), text[*at..].to_owned()]
                .map(|tail| format!("{}{spoiler}{tail}", &text[..*at]))
        }));
    }
    all
}

/// Whether nothing is wrong with a spec that says this.
fn is_read(spec: &Json) -> bool {
    read(&spec.to_string())
        .diagnostics
        .iter()
        .all(|diagnostic| diagnostic.severity != Severity::Error)
}

/// Whether a schema of a text takes it: its pattern, what it must not match, and its length.
fn takes(schema: &Json, text: &str) -> bool {
    let matches = |pattern: &Json| {
        pattern
            .as_str()
            .is_none_or(|pattern| Regex::new(pattern).unwrap().is_match(text))
    };
    let refuses = |schema: &Json| {
        schema["pattern"]
            .as_str()
            .is_some_and(|pattern| Regex::new(pattern).unwrap().is_match(text))
    };
    let fits = schema["maxLength"]
        .as_u64()
        .is_none_or(|most| text.chars().count() as u64 <= most);
    matches(&schema["pattern"]) && !refuses(&schema["not"]) && fits
}

#[test]
fn an_editor_takes_what_is_read() {
    let schema = trueup_spec::json_schema();
    let head = &schema["properties"];
    let long = "x".repeat(128);
    let spec = |key: &str, text: &str| {
        let mut spec = json!({"topology": "t"});
        spec[key] = json!(text);
        spec
    };
    let name = |text: &str| json!({"topology": "t", "elastic_ip": {text: {}}});
    let tag = |text: &str| json!({"topology": "t", "vpc": {"v": {"cidr_block": "10.0.0.0/16", "tags": {text: "x"}}}});
    let mut faults = Vec::new();
    let (mut right, mut wrong) = (0, 0);
    let mut hold = |what: &str, schema: &Json, texts: &[&str], spec: &dyn Fn(&str) -> Json| {
        for text in texts.iter().flat_map(|text| near(text)) {
            let (read, taken) = (is_read(&spec(&text)), takes(schema, &text));
            *(if read { &mut right } else { &mut wrong }) += 1;
            // That a key is not empty is said in words.
            if read != taken && !(text.is_empty() && what == "tag") {
                faults.push(format!(
                    "{what} {text:?}: read {read}, taken by an editor {taken}"
                ));
            }
        }
    };
    hold(
        "topology",
        &head["topology"],
        &["shop", "a.b_c-0", &long],
        &|text| spec("topology", text),
    );
    hold("account", &head["account"], &["123456789012"], &|text| {
        spec("account", text)
    });
    hold(
        "region",
        &head["region"],
        &["us-west-2", "us-gov-east-1", "eusc-de-east-1"],
        &|text| spec("region", text),
    );
    hold(
        "name",
        &head["elastic_ip"]["propertyNames"],
        &["web", "a.b_c-0"],
        &name,
    );
    let tags = &schema["definitions"]["vpc"]["properties"]["tags"]["propertyNames"];
    hold(
        "tag",
        tags,
        &["team", "cost centre", "aws", "AWS:", "trueup", &"k".repeat(128)],
        &tag,
    );
    assert!(
        right > 1000 && wrong > 1000,
        "{right} texts are right and {wrong} wrong"
    );
    faults.truncate(10);
    assert!(faults.is_empty(), "{faults:#?}");
}
