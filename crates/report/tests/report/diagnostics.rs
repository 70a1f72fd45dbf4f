//! Problems of a spec with their excerpts.

use trueup_model::{Diagnostic, Place};
use trueup_report::{Clean, Style, json, text};

const SPEC: &str = "\
topology: shop
vpc:
  main:
    cidr_block: 10.0.0.0/16
subnet:
  a:
    cidr_blok: 10.1.0.0/24
  b:
    cidr_block: 10.1.0.0/24




  # a comment with wide characters: 网络
  c:
    cidr_block: 10.1.0.0/24
";

/// The place of the `nth` time that `text` stands in the spec.
fn place(text: &str, nth: usize) -> Place {
    let start = SPEC.match_indices(text).nth(nth).unwrap().0;
    let line = SPEC[..start].matches('\n').count() + 1;
    let column = SPEC[..start].rsplit('\n').next().unwrap().chars().count() + 1;
    Place {
        file: "shop.yaml".into(),
        line,
        column,
        start,
        end: start + text.len(),
    }
}

fn told(diagnostics: &[Diagnostic], style: Style) -> String {
    let mut out = Clean::default();
    text::diagnostics(
        &mut out,
        diagnostics,
        &|file| (file == "shop.yaml").then(|| SPEC.to_owned()),
        style,
    )
    .unwrap();
    out.to_string()
}

fn all() -> Vec<Diagnostic> {
    vec![
        Diagnostic::error("unknown-attribute", "a subnet has no `cidr_blok`")
            .at(place("cidr_blok", 0), "unknown")
            .help("did you mean `cidr_block`?")
            .patch(place("cidr_blok", 0), "cidr_block"),
        Diagnostic::error(
            "subnet-outside-vpc",
            "10.1.0.0/24 is not inside vpc.main (10.0.0.0/16)",
        )
        .at(place("10.1.0.0/24", 1), "outside the VPC")
        .at(place("10.0.0.0/16", 0), "the VPC's range")
        .help("choose a range inside 10.0.0.0/16"),
        Diagnostic::error("subnets-overlap", "subnet.b and subnet.c overlap")
            .at(place("10.1.0.0/24", 2), "this range")
            .at(place("10.0.0.0/16", 0), "far away"),
        Diagnostic::warning("account-missing", "the spec names no account").help("write `account:`"),
    ]
}

#[test]
fn problems_show_where_they_are() {
    insta::assert_snapshot!(told(&all(), Style::default()));
}

#[test]
fn problems_in_colour_and_narrow() {
    insta::assert_snapshot!(
        told(
            &all()[..1],
            Style {
                color: true,
                width: Some(40),
                ..Style::default()
            }
        )
        .replace('\u{1b}', "^")
    );
}

#[test]
fn nothing_is_said_about_nothing() {
    assert_eq!(told(&[], Style::default()), "");
}

#[test]
fn places_outside_of_the_text_are_told_without_an_excerpt() {
    let at = |file: &str, line, start, end| Place {
        file: file.into(),
        line,
        column: 9,
        start,
        end,
    };
    let inside_a_character = SPEC.find('网').unwrap() + 1;
    let length = SPEC.len();
    let places = [
        at("shop.yaml", 900, 9_000, 9_004),
        at("shop.yaml", 1, 20, 10),
        at("shop.yaml", 14, inside_a_character, inside_a_character + 1),
        at("shop.yaml", 17, length, length + 1),
        at("shop.yaml", 17, length, length),
        at("shop.yaml", 0, 0, 0),
        at("gone.yaml", 3, 0, 4),
        Place::default(),
    ];
    for place in places {
        let diagnostic = Diagnostic::error("code", "wrong")
            .at(place.clone(), "here")
            .help("mend it")
            .patch(place.clone(), "x");
        let text = told(&[diagnostic], Style::default());
        assert!(
            text.contains("error[code]: wrong") && text.contains("mend it") && text.ends_with("1 error\n"),
            "{text}"
        );
        assert!(place.file.is_empty() || text.contains(&*place.file), "{text}");
    }
}

#[test]
fn problems_as_json() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&json::diagnostics(&all()[..1])).unwrap());
}

#[test]
fn a_thousand_problems_take_no_time() {
    let many: Vec<Diagnostic> = all().into_iter().cycle().take(4_000).collect();
    let text = told(&many, Style::default());
    assert!(text.ends_with("3000 errors, 1000 warnings\n"));
}
