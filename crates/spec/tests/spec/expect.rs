//! `expect`: what is said about bad members, and what right ones come to.

use trueup_model::Demand;

use crate::common::{read, told};

const HOSTS: &str = "topology: t
vpc: {main: {cidr_block: 10.0.0.0/16}}
subnet: {private: {cidr_block: 10.0.1.0/24}}
security_group: {web: {description: d}}
instance: {app: {image: ami-12345678, instance_type: t3.micro, subnet: private}}
vpc_endpoint: {s3: {service: s3}}
";

/// A spec of a few hosts that expects this.
fn expecting(members: &str) -> String {
    format!("{HOSTS}expect:\n{members}")
}

bad! {
    no_list: &expecting("  from: internet\n  cannot: subnet.private\n");
    no_mappings: &expecting("  - internet cannot subnet.private\n  - [internet]\n");
    misspelt_fields: &expecting("  - {form: internet, cannot: subnet.private}\n  - {from: internet, cant: subnet.private}\n  - {from: internet, cannot: subnet.private, onunknown: warn}\n");
    neither_or_both: &expecting("  - {from: internet}\n  - {from: internet, can: subnet.private, cannot: instance.app}\n");
    fields_that_do_not_fit: &expecting("  - {from: instance.app, cannot: s3, via: vpc_endpoint.s3, only: true, action: s3:GetObject}\n  - {from: instance.app, can: s3, except: tcp/22, only: true}\n");
    actions_that_nobody_is_asked_for: &expecting("  - {from: instance.app, can: instance.app, action: s3:GetObject}\n  - {from: instance.app, can: s3, action: GetObject}\n");
    parties_of_no_form: &expecting("  - {from: 10.0.0.0/8, can: instance.app}\n  - {from: the internet, cannot: vpc.main}\n  - {from: cidr/10.0.0.1/8, cannot: tag/}\n");
    unknown_parties: &expecting("  - {from: instance.ap, can: s3}\n  - {from: instance.private, can: s3}\n  - {from: security_group.nobody, cannot: internet}\n  - {from: instance.app, can: s3, via: nat_gateway.main}\n");
    services_of_no_form: &expecting("  - {from: instance.app, can: s3, over: 443}\n  - {from: instance.app, can: s3, over: 443/tcp}\n  - {from: instance.app, cannot: s3, except: https}\n  - {from: instance.app, cannot: s3, over: 22}\n");
    ways_and_words: &expecting("  - {from: instance.app, can: s3, via: route_table.x, on_unknown: ignore}\n");
    // The kind is not readable, so nothing is said about its names.
    no_follow_on: &format!("{}expect: [{{from: instance.app, can: s3, via: nat_gateway.x}}]\n", HOSTS.replace("instance: {app:", "nat_gateway: []\ninstance: {app:"));
}

#[test]
fn what_is_expected_is_kept_with_its_places() {
    let text = expecting(
        "  - {from: instance.app, can: s3, over: tcp/443, via: vpc_endpoint.s3, action: s3:ListAllMyBuckets}
  - from: internet
    cannot: subnet.private
    except: icmp
    on_unknown: warn
  - {from: cidr/203.0.113.0/24, can: security_group.web, over: tcp/22, only: true}
",
    );
    let parsed = read(&text);
    let topology = parsed
        .topology
        .unwrap_or_else(|| panic!("{}", told(&text, &parsed.diagnostics)));
    let [first, second, third] = &topology.expect[..] else {
        panic!("{:?}", topology.expect)
    };
    assert_eq!(
        first.to_string(),
        "instance.app can reach s3 over tcp/443 via vpc_endpoint.s3 action s3:ListAllMyBuckets"
    );
    assert_eq!((second.demand, second.warn_on_unknown), (Demand::Cannot, true));
    assert_eq!(
        second.to_string(),
        "internet cannot reach subnet.private except icmp"
    );
    assert_eq!(
        (
            second.place.line,
            second.place("cannot").line,
            second.place("via").line
        ),
        (9, 10, 9)
    );
    assert_eq!(
        third.to_string(),
        "cidr/203.0.113.0/24 can reach security_group.web over tcp/22 only"
    );
}

#[test]
fn expecting_nothing_is_fine() {
    assert!(
        read("topology: t\nexpect: []\n")
            .topology
            .is_some_and(|topology| topology.expect.is_empty())
    );
}
