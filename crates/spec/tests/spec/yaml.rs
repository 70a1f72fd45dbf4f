//! Text that is no spec at all: what is said about broken YAML, and how soon.

use std::fmt::Write;

use crate::common::{self, read, told};

bad! {
    empty_file: "";
    only_a_comment: "# nothing\n";
    an_empty_mapping: "{}";
    a_scalar: "hello";
    a_list: "- a\n- b\n";
    not_yaml: "topology: [unclosed\nvpc: {";
    unclosed_quote: "topology: \"t\nvpc:\n";
    bad_indentation: "topology: t\nvpc:\n  main:\n    cidr_block: 10.0.0.0/16\n   enable_dns_support: true\n";
    colon_in_a_value: "topology: t\nsecurity_group:\n  g:\n    description: Web: public\n";
    reserved_character: "topology: t\nregion: @here\n";
    binary: "topology: t\u{0}\n";
    tab_first: "topology: t\nvpc:\n\tmain:\n";
    tab_after_spaces: "topology: t\nvpc:\n  main:\n  \tcidr_block: 10.0.0.0/16\n";
    tab_after_a_value: "topology: t\nvpc:\n  main:\n    cidr_block: 10.0.0.0/16\n\tenable_dns_support: true\n";
    tab_far_below: "topology: t\n\n# a comment\n\n\tregion: us-west-2\n";
    two_documents: "topology: t\n---\ntopology: u\n";
    deep_flow: &format!("topology: {}", "[".repeat(10_000));
    deep_block: &(0..100).fold(String::from("topology: t\nx-deep:\n"), |text, depth| format!("{text}{}a:\n", " ".repeat(depth + 1)));
    unknown_alias: "topology: t\nvpc: {main: *nowhere}\n";
    alias_in_itself: "topology: t\nx-a: &a [1, *a]\n";
    a_tag: "topology: !Ref t\n";
    a_tag_in_a_list: "topology: t\nx-a: [1, !Sub 'é', 2]\n";
    a_bare_star: "topology: t\nx-policy: {Principal: '*', Action: *}\n";
    a_bare_star_in_a_block: "topology: t\nx-policy:\n  Action: *\n  Resource: '*'\n";
    not_a_number: "topology: t\nregion: .nan\n";
    bad_keys: "topology: t\nvpc:\n  ? [a, b]\n  : c\n  ~: d\n  {}: e\n";
    merge_of_text: "topology: t\nvpc: {main: {<<: nothing, cidr_block: 10.0.0.0/16}}\n";
    doubled_keys: "topology: t\nvpc:\n  main: {cidr_block: 10.0.0.0/16, cidr_block: 10.1.0.0/16}\n  main: {}\nvpc: {}\nx-a: {b: 1, b: 2}\n";
    doubled_merge: "topology: t\nx-a: &a {cidr_block: 10.0.0.0/16}\nvpc: {main: {<<: *a, <<: *a}}\n";
    doubled_in_an_anchor_once: "topology: t\nx-a: &a {cidr_block: 10.0.0.0/16, cidr_block: 10.0.0.0/16}\nvpc: {a: *a, b: *a, c: {<<: *a}}\n";
}

#[test]
fn a_bomb_ends_quickly() {
    let mut text = String::from("topology: t\nx-a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (name, before) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .into_iter()
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        let uses = vec![format!("*{before}"); 10].join(", ");
        writeln!(text, "x-{name}: &{name} [{uses}]").unwrap();
    }
    insta::assert_snapshot!(common::bad(&text));
}

#[test]
fn too_much_is_refused_unread() {
    let text = "#".repeat(trueup_spec::BYTES_MAX + 1);
    insta::assert_snapshot!(told(&text, &read(&text).diagnostics));
}

#[test]
fn an_anchor_serves_as_many_resources_as_there_are() {
    let mut text = String::from(
        "topology: t\nx-tags: &tags {team: network, cost: '7'}\nvpc:\n  main: {cidr_block: 10.0.0.0/16}\nroute_table:\n",
    );
    for number in 0..3000 {
        writeln!(text, "  t{number}: {{<<: {{tags: *tags}}}}").unwrap();
    }
    let parsed = read(&text);
    let topology = parsed
        .topology
        .unwrap_or_else(|| panic!("{}", told(&text, &parsed.diagnostics)));
    let tags = topology.resources[&"route_table.t2999".parse().unwrap()]
        .record
        .value("tags")
        .unwrap()
        .as_map()
        .unwrap();
    assert_eq!(tags.value("cost"), Some(&"7".into()));
}

#[test]
fn what_stands_in_an_anchor_is_read_where_it_is_used_and_shown_where_it_is_written() {
    let text = "topology: t\nvpc: {main: {cidr_block: 10.0.0.0/16}}\nx-ssh: &ssh {protocol: tcp, port: 22}\nx-port: &port 443\nsecurity_group:\n  g:\n    description: G\n    ingress:\n      - {<<: *ssh, cidr: 10.0.0.0/8}\n      - {<<: *ssh, port: *port, cidr: 10.0.0.0/8}\n      - {<<: [{protocol: udp}, *ssh], cidr: 10.0.0.0/8}\n";
    let parsed = read(text);
    let topology = parsed
        .topology
        .unwrap_or_else(|| panic!("{}", told(text, &parsed.diagnostics)));
    let group = &topology.resources[&"security_group.g".parse().unwrap()];
    let ports: Vec<String> = group
        .record
        .list(trueup_model::attr::INGRESS)
        .iter()
        .map(ToString::to_string)
        .collect();
    let rule =
        |protocol: &str, port: &str| format!("{{cidr: 10.0.0.0/8, port: {port}, protocol: {protocol}}}");
    assert_eq!(ports, [rule("tcp", "22"), rule("tcp", "443"), rule("udp", "22")]);
    assert_eq!(group.place("ingress[0].port").line, 3);
    assert_eq!(group.place("ingress[1].port").line, 10);
}

#[test]
fn json_windows_lines_and_byte_order_marks_are_read() {
    for text in [
        "{\"topology\": \"t\",\n\t\"vpc\": {\"main\": {\"cidr_block\": \"10.0.0.0/16\", \"tags\": {\"a\": null}}}}",
        "topology: t\r\nvpc:\r\n  main:\r\n    cidr_block: 10.0.0.0/16\r\n",
        "\u{feff}topology: t\nvpc: {main: {cidr_block: 10.0.0.0/16}}\n",
        "---\ntopology: t\nvpc: {main: {cidr_block: 10.0.0.0/16}}\n...\n",
    ] {
        let parsed = read(text);
        assert!(
            parsed.topology.is_some(),
            "{text}: {}",
            told(text, &parsed.diagnostics)
        );
    }
    common::bad("\u{feff}topologie: t\r\nvpc: {main: {cidr_block: [é, *x]}}\r\n");
    common::bad("topology: t\r\nvpc:\r\n  main:\r\n    cidr_block: [é, 10.0.0.0/16]\r\n    enabled: yes\r\n");
}

#[test]
fn no_text_makes_the_reader_fall_over() {
    let seed = include_str!("../../../../specs/gateway-endpoint.yaml");
    for cut in (0..seed.len())
        .step_by(7)
        .filter(|cut| seed.is_char_boundary(*cut))
    {
        for text in [&seed[..cut], &seed[cut..]] {
            told(text, &read(text).diagnostics);
        }
    }
    for (from, to) in [
        (":", " "),
        ("{", "["),
        ("-", "\t"),
        ("\n", "\n\n  "),
        (" ", "é"),
        ("main", "*m"),
        ("1", "'"),
        ("public", "null"),
    ] {
        let text = seed.replace(from, to);
        told(&text, &read(&text).diagnostics);
    }
}
