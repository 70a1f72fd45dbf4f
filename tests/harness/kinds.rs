//! A spec with all kinds, put together from a fragment for each, and what is changed in one kind's part of it.

use trueup_model::Kind;

/// A spec with all kinds: what `tests/kinds` has of each.
pub const EVERY_KIND: &str = concat!(
    include_str!("../kinds/head.yaml"),
    include_str!("../kinds/vpc.yaml"),
    include_str!("../kinds/dhcp_options.yaml"),
    include_str!("../kinds/subnet.yaml"),
    include_str!("../kinds/internet_gateway.yaml"),
    include_str!("../kinds/egress_only_internet_gateway.yaml"),
    include_str!("../kinds/elastic_ip.yaml"),
    include_str!("../kinds/nat_gateway.yaml"),
    include_str!("../kinds/route_table.yaml"),
    include_str!("../kinds/network_acl.yaml"),
    include_str!("../kinds/security_group.yaml"),
    include_str!("../kinds/key_pair.yaml"),
    include_str!("../kinds/instance.yaml"),
    include_str!("../kinds/volume.yaml"),
    include_str!("../kinds/vpc_peering_connection.yaml"),
    include_str!("../kinds/vpc_endpoint.yaml"),
    include_str!("../kinds/flow_log.yaml"),
);

/// A spec cut at the part of a kind, or at what stands before all kinds: what is before that part, the part,
/// and what is after it.
fn cut(text: &str, kind: Option<Kind>) -> (&str, &str, &str) {
    let starts: Vec<usize> = text
        .match_indices('\n')
        .map(|(at, _)| at + 1)
        .filter(|at| is_kind(&text[*at..]))
        .chain([text.len()])
        .collect();
    let start = match kind {
        None => 0,
        Some(kind) => {
            let head = format!("{kind}:\n");
            let start = starts.iter().find(|start| text[**start..].starts_with(&head));
            *start.unwrap_or_else(|| panic!("no {kind} in the network"))
        }
    };
    let end = starts.into_iter().find(|end| *end > start).unwrap_or(text.len());
    (&text[..start], &text[start..end], &text[end..])
}

/// Whether a text begins with a kind and its resources.
fn is_kind(text: &str) -> bool {
    let key = text.lines().next().and_then(|line| line.strip_suffix(':'));
    key.is_some_and(|key| Kind::ALL.into_iter().any(|kind| kind.to_string() == key))
}

/// The spec with `to` in place of the first `from` in the part of a kind, or before all kinds; nothing where it
/// has no such text.
#[must_use]
pub fn edited(text: &str, kind: Option<Kind>, from: &str, to: &str) -> Option<String> {
    let (before, part, after) = cut(text, kind);
    part.contains(from)
        .then(|| format!("{before}{}{after}", part.replacen(from, to, 1)))
}

/// The spec with one more resource of a kind, behind all others of it.
#[must_use]
pub fn with_last(text: &str, kind: Kind, resource: &str) -> String {
    let (before, part, after) = cut(text, Some(kind));
    format!("{before}{part}{resource}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_part_and_nothing_else_is_there() {
        let parts = Kind::ALL
            .into_iter()
            .map(|kind| cut(EVERY_KIND, Some(kind)).1.len());
        assert_eq!(
            parts.sum::<usize>() + cut(EVERY_KIND, None).1.len(),
            EVERY_KIND.len()
        );
    }

    #[test]
    fn an_edit_is_of_one_kind() {
        let text = "a: 1\nvpc:\n  x: a\nsubnet:\n  x: a\n";
        let of = |kind| edited(text, kind, "a", "b").unwrap_or_default();
        assert_eq!(of(Some(Kind::Subnet)), "a: 1\nvpc:\n  x: a\nsubnet:\n  x: b\n");
        assert_eq!(of(Some(Kind::Vpc)), "a: 1\nvpc:\n  x: b\nsubnet:\n  x: a\n");
        assert_eq!(of(None), "b: 1\nvpc:\n  x: a\nsubnet:\n  x: a\n");
        assert_eq!(edited(text, Some(Kind::Vpc), "subnet", "b"), None);
        assert_eq!(
            with_last(text, Kind::Vpc, "  y: c\n"),
            "a: 1\nvpc:\n  x: a\n  y: c\nsubnet:\n  x: a\n"
        );
    }
}
