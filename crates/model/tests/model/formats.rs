//! Holds the pattern and the reader of each format together: an editor underlines nothing that `trueup
//! validate` takes, and what an editor takes and `validate` refuses is listed here with its reason.

use std::collections::BTreeMap;

use fastrand::Rng;
use regex_lite::Regex;
use trueup_model::net::Format;
use trueup_model::{Attribute, Kind, Type, expect};

use crate::pattern::{Source, spoilt};

/// So many texts are tried of each format and each other format's pattern.
const DRAWS: usize = 200;

/// What an expression without look-around does not say, by the words of the format: why, and a text that
/// shows it.
const WIDER: &[(&str, &str, &str)] = &[
    (
        "an IPv4 range between /16 and /28",
        "it cannot compute host bits, and would not be read with the ranges that are no network's",
        "127.0.0.0/16",
    ),
    (
        "an IPv4 or IPv6 range such as 10.0.0.0/16",
        "it cannot compute host bits, and the spellings of IPv6 are too many",
        "2001:db8::1/64",
    ),
    (
        "`amazon`, or an IPv6 range such as 2001:db8:1::/56",
        "it cannot compute host bits, and the spellings of IPv6 are too many",
        "2001:db8::1/56",
    ),
    (
        "a number from 0 to 255, or an IPv6 range such as 2001:db8:1:5::/64",
        "it cannot compute host bits, and the spellings of IPv6 are too many",
        "2001:db8::1/64",
    ),
    (
        "an IPv6 address such as 2001:db8:1:5::10",
        "the spellings of IPv6 are too many",
        "2001:db8:::1",
    ),
    (
        "an address such as 10.0.0.2, or AmazonProvidedDNS",
        "the spellings of IPv6 are too many",
        "2001:db8:::1",
    ),
    (
        "an IPv4 or IPv6 address such as 169.254.169.123",
        "the spellings of IPv6 are too many",
        "2001:db8:::1",
    ),
    (
        "a port, or a range of ports such as 8000-8080",
        "it cannot compare the two ends",
        "90-80",
    ),
    (
        "a group name of at most 250 characters that EC2 allows",
        "it cannot leave out `sg-…`, `default` and the mark of a successor",
        "Default",
    ),
    (
        "a range such as 0.0.0.0/0, or a prefix list such as aws/s3",
        "it cannot compute host bits",
        "10.0.0.1/8",
    ),
    (
        "services such as tcp/443, udp/53, tcp/8000-8080, icmp or all, several with commas",
        "it cannot compare the two ends of a range of ports",
        "tcp/90-80",
    ),
    (
        "a party: instance.x, subnet.x, security_group.x, vpc_endpoint.x, internet, s3, dynamodb, aws/ssm, cidr/10.0.0.0/8, tag/key=value, an id or an address",
        "it cannot compute host bits, say IPv6 whole, or leave out names that have the form of an id",
        "instance.i-0123456789abcdef0",
    ),
    (
        "a gateway, endpoint or peering connection, such as vpc_endpoint.s3, or its id",
        "it cannot leave out names that have the form of an id",
        "nat_gateway.nat-0123456789abcdef0",
    ),
];

/// Every format that a spec is read by, by its words.
fn formats() -> BTreeMap<&'static str, &'static Format> {
    let mut all = BTreeMap::new();
    let tables = Kind::ALL
        .into_iter()
        .map(|kind| kind.schema().attributes)
        .chain([expect::FIELDS]);
    tables.for_each(|table| of_table(table, &mut all));
    all
}

fn of_table(table: &[Attribute], all: &mut BTreeMap<&'static str, &'static Format>) {
    table.iter().for_each(|attribute| of_type(&attribute.ty, all));
}

fn of_type(ty: &Type, all: &mut BTreeMap<&'static str, &'static Format>) {
    match ty {
        Type::Text(format) | Type::Id(format) => {
            let first = all.insert(format.what, format);
            assert!(
                first.is_none_or(|first| first.pattern == format.pattern),
                "two formats are called {}",
                format.what
            );
        }
        Type::Object(table) => of_table(table, all),
        Type::Set(members) => of_type(&members.ty, all),
        Type::OneOrMany(inner) => of_type(inner, all),
        Type::Bool | Type::Int(..) | Type::Choice(_) | Type::Ref(..) | Type::Tags | Type::Policy => {}
    }
}

/// What is wrong with a format, in sentences; at most a few.
fn faults(format: &Format, sources: &[Source], rng: &mut Rng) -> Vec<String> {
    let pattern = Regex::new(format.pattern).expect("a pattern is a regular expression");
    let is_wider = WIDER.iter().any(|(what, ..)| *what == format.what);
    let own = Source::new(format.pattern);
    let mut faults = Vec::new();
    let (mut taken, mut refused) = (0, 0);
    let mut hold = |text: &str| {
        let matches = pattern.is_match(text);
        let mut proposed = None;
        match (format.read)(text) {
            Ok(canonical) => {
                taken += 1;
                if !matches {
                    faults.push(format!(
                        "{}: the reader takes {text:?}, and the pattern does not",
                        format.what
                    ));
                } else if !pattern.is_match(&canonical)
                    || (format.read)(&canonical).as_ref() != Ok(&canonical)
                {
                    faults.push(format!(
                        "{}: {text:?} is read as {canonical:?}, which is not canonical",
                        format.what
                    ));
                }
            }
            Err(complaint) => {
                refused += 1;
                proposed = complaint.instead;
                if matches && !is_wider {
                    faults.push(format!(
                        "{}: the pattern takes {text:?}, and the reader does not",
                        format.what
                    ));
                }
            }
        }
        proposed
    };
    hold("");
    for source in [&own].into_iter().chain(sources) {
        for _ in 0..DRAWS {
            let mut text = source.draw(rng);
            // What is proposed has no host bits, no capitals and no spaces at its ends.
            if let Some(proposed) = hold(&text) {
                hold(&proposed);
                text = proposed;
            }
            for _ in 0..3 {
                text = spoilt(&text, &own.draw(rng), rng);
                hold(&text);
            }
        }
    }
    assert!(
        taken >= DRAWS / 2,
        "{}: only {taken} texts were taken",
        format.what
    );
    assert!(
        refused >= DRAWS || format.pattern.is_empty(),
        "{}: only {refused} texts were refused",
        format.what
    );
    faults.truncate(8);
    faults
}

#[test]
fn a_pattern_takes_what_its_reader_takes() {
    let formats = formats();
    let sources: Vec<Source> = formats
        .values()
        .map(|format| Source::new(format.pattern))
        .collect();
    let mut rng = Rng::with_seed(16);
    let faults: Vec<String> = formats
        .values()
        .flat_map(|format| faults(format, &sources, &mut rng))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_a_pattern_cannot_say_is_still_so() {
    let formats = formats();
    for (what, why, text) in WIDER {
        let format = formats
            .get(what)
            .unwrap_or_else(|| panic!("there is no format {what:?}"));
        let matches = Regex::new(format.pattern).unwrap().is_match(text);
        assert!(
            matches && (format.read)(text).is_err(),
            "{what}: {text:?} no longer shows that {why}"
        );
    }
}

#[test]
fn only_any_text_has_no_pattern() {
    let without: Vec<&str> = formats()
        .into_values()
        .filter(|format| format.pattern.is_empty())
        .map(|format| format.what)
        .collect();
    assert_eq!(without, ["text"]);
}
