//! The fields of flow log records: how a format names them, which there are, and which EC2 writes by default.

use crate::net::{Complaint, Format};

/// The fields to write, in their order.
pub static FORMAT: Format = Format {
    what: "fields in their order, such as ${version} ${srcaddr} ${dstaddr} ${action}",
    pattern: r"^[ \n]*\$\{[a-z0-9-]+\}([ \n]+\$\{[a-z0-9-]+\})*[ \n]*$",
    number: false,
    read: |text| {
        let words: Vec<&str> = text.split([' ', '\n']).filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return Err(Complaint::new("a format has at least one field"));
        }
        let Some(wrong) = words.iter().find(|word| name(word).is_none()) else {
            return Ok(words.join(" "));
        };
        let complaint = Complaint::new(format!("`{wrong}` is not a field in the form `${{…}}`"));
        Err(match meant(text) {
            Some(meant) => complaint.instead(meant),
            None => complaint,
        })
    },
};

/// The format that is meant by words alone, with commas, or with the dollar as other tools escape it.
fn meant(text: &str) -> Option<String> {
    let outer = |c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit();
    let words = text.split([' ', '\n', ',']).map(|word| word.trim_matches(outer));
    let names: Vec<&str> = words.filter(|name| !name.is_empty()).collect();
    let all = || names.iter().map(|name| format!("${{{name}}}"));
    names
        .iter()
        .all(|name| is_known(name))
        .then(|| all().collect::<Vec<_>>().join(" "))
}

/// The name in a word such as `${srcaddr}`.
fn name(word: &str) -> Option<&str> {
    let name = word.strip_prefix("${")?.strip_suffix('}')?;
    crate::net::is_word(name, "-").then_some(name)
}

/// The names of the fields of a format.
pub fn fields(format: &str) -> impl Iterator<Item = &str> {
    format.split(' ').filter_map(name)
}

/// What EC2 writes of the traffic of interfaces by default: the fields of version 2.
pub const DEFAULT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} \
                           ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

/// What EC2 writes of a transit gateway's traffic by default: all fields that there are for it.
pub const DEFAULT_OF_TRANSIT: &str = "${version} ${resource-type} ${account-id} ${tgw-id} ${tgw-attachment-id} \
    ${tgw-src-vpc-account-id} ${tgw-dst-vpc-account-id} ${tgw-src-vpc-id} ${tgw-dst-vpc-id} ${tgw-src-subnet-id} \
    ${tgw-dst-subnet-id} ${tgw-src-eni} ${tgw-dst-eni} ${tgw-src-az-id} ${tgw-dst-az-id} ${tgw-pair-attachment-id} \
    ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${log-status} ${type} \
    ${packets-lost-no-route} ${packets-lost-blackhole} ${packets-lost-mtu-exceeded} ${packets-lost-ttl-expired} \
    ${tcp-flags} ${region} ${flow-direction} ${pkt-src-aws-service} ${pkt-dst-aws-service}";

/// The fields that came after version 2, of interfaces.
const LATER: [&str; 28] = [
    "vpc-id",
    "subnet-id",
    "instance-id",
    "tcp-flags",
    "type",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "region",
    "az-id",
    "sublocation-type",
    "sublocation-id",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "flow-direction",
    "traffic-path",
    "ecs-cluster-arn",
    "ecs-cluster-name",
    "ecs-container-instance-arn",
    "ecs-container-instance-id",
    "ecs-container-id",
    "ecs-second-container-id",
    "ecs-service-name",
    "ecs-task-definition-arn",
    "ecs-task-arn",
    "ecs-task-id",
    "reject-reason",
    "resource-id",
    "encryption-status",
];

fn known() -> impl Iterator<Item = &'static str> {
    fields(DEFAULT).chain(LATER).chain(fields(DEFAULT_OF_TRANSIT))
}

/// Whether EC2 had a field of this name when this was written.
pub fn is_known(field: &str) -> bool {
    known().any(|known| known == field)
}

/// The field that is written here with one slip of the fingers.
pub fn nearly(field: &str) -> Option<&'static str> {
    known().find(|known| is_slip(field.as_bytes(), known.as_bytes()))
}

/// Whether two words differ in one letter, or in two neighbours that have changed places.
fn is_slip(a: &[u8], b: &[u8]) -> bool {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    match (a, b) {
        ([], [_]) | ([_], [] | [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        for (slip, meant) in [
            ("vpc-idd", Some("vpc-id")),
            ("vpcid", Some("vpc-id")),
            ("scraddr", Some("srcaddr")),
            ("srcaddr", None),
            ("colour", None),
        ] {
            assert_eq!(nearly(slip), meant, "{slip}");
        }
    }

    #[test]
    fn words_without_their_braces_are_proposed_with_them() {
        let instead = |text: &str| (FORMAT.read)(text).unwrap_err().instead;
        assert_eq!(
            instead("version srcaddr").as_deref(),
            Some("${version} ${srcaddr}")
        );
        assert_eq!(
            instead("$${version} $$${action}").as_deref(),
            Some("${version} ${action}")
        );
        assert_eq!(instead("version colour"), None);
        assert_eq!(
            instead("${version},${action}").as_deref(),
            Some("${version} ${action}")
        );
        assert_eq!(
            (FORMAT.read)("${version}\n  ${action}\n").as_deref(),
            Ok("${version} ${action}")
        );
    }

    #[test]
    fn the_defaults_are_formats() {
        for default in [DEFAULT, DEFAULT_OF_TRANSIT] {
            assert_eq!((FORMAT.read)(default).as_deref(), Ok(default));
        }
        assert_eq!(
            (fields(DEFAULT).count(), fields(DEFAULT_OF_TRANSIT).count()),
            (14, 36)
        );
    }
}
