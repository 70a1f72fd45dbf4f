//! What lints find on small networks, and that they find nothing on one that is right.

use serde_json::{Value as Json, json};
use trueup_reach::fill::{Lists, topology};
use trueup_reach::network::{AclEntry, Assignment, Named, NetworkAcl};
use trueup_reach::{Engine, Network, ServiceSet, lint, lints};

use crate::common::spec::{endpoint, seed, spec};

fn codes(network: &Network) -> Vec<&'static str> {
    lint(&Engine::new(network))
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

fn network(change: impl Fn(&mut Vec<(&'static str, Json)>)) -> Network {
    let mut resources = seed();
    resources.push(endpoint());
    change(&mut resources);
    topology(&spec(&resources), &Lists::new())
}

fn set(resources: &mut [(&'static str, Json)], address: &str, attribute: &str, value: Json) {
    resources
        .iter_mut()
        .find(|(other, _)| *other == address)
        .unwrap()
        .1[attribute] = value;
}

#[test]
fn a_network_that_is_right_has_no_lints() {
    assert_eq!(codes(&network(|_| ())), [] as [&str; 0]);
}

#[test]
fn public_addresses_and_nat_gateways_need_a_way_out() {
    let lost = network(|resources| {
        set(
            resources,
            "subnet.public",
            "route_table",
            json!("route_table.private"),
        );
    });
    assert_eq!(codes(&lost), ["public-address-without-route", "return-blocked"]);
    let stranded = network(|resources| {
        resources.push(("elastic_ip.nat", json!({})));
        resources.push((
            "nat_gateway.main",
            json!({"subnet": "subnet.private", "elastic_ip": "elastic_ip.nat"}),
        ));
    });
    assert_eq!(codes(&stranded), ["nat-gateway-without-route"]);
    let places = lint(&Engine::new(&stranded))[0].labels.len();
    assert_eq!(places, 2, "the gateway and its subnet");
}

#[test]
fn a_public_address_that_a_rule_names_is_not_given_up_as_it_is() {
    let own = "198.51.100.7";
    let advice = |rule: &str| {
        let mut lost = network(|resources| {
            set(
                resources,
                "subnet.public",
                "route_table",
                json!("route_table.private"),
            );
            let rule = json!([{"protocol": "tcp", "port": "22", "cidr": rule}]);
            set(resources, "security_group.bastion-sg", "ingress", rule);
        });
        let addresses = lost.interfaces.iter_mut().flat_map(|host| &mut host.addresses);
        for public in addresses.filter_map(|address| address.public.as_mut()) {
            *public = Assignment::Known(own.parse().unwrap());
        }
        let lints = lints(&Engine::new(&lost));
        let code = "public-address-without-route";
        let lint = lints.into_iter().find(|lint| lint.diagnostic.code == code);
        let lint = lint.unwrap();
        (lint.removal.is_some(), lint.diagnostic.help.unwrap())
    };
    // What all may do, whoever gets the address may do as well.
    assert!(advice("0.0.0.0/0").0 && advice("198.51.100.0/24").0);
    let (is_advised, help) = advice("198.51.100.7/32");
    assert!(!is_advised && help.contains("somebody else's then"), "{help}");
}

#[test]
fn rules_that_do_nothing_are_reported() {
    let narrow = json!({"protocol": "tcp", "port": "22", "cidr": "10.0.0.0/16"});
    let anyone = json!({"protocol": "tcp", "port": "22", "cidr": "0.0.0.0/0"});
    let implied = network(|resources| {
        set(
            resources,
            "security_group.bastion-sg",
            "ingress",
            json!([anyone, narrow]),
        );
    });
    assert_eq!(codes(&implied), ["implied-rule"]);
    let spare = network(|resources| {
        resources.push((
            "security_group.spare",
            json!({"vpc": "vpc.main", "description": "Spare"}),
        ));
        let rule = json!({"protocol": "tcp", "port": "80", "security_group": "security_group.spare"});
        set(resources, "security_group.private-sg", "ingress", json!([rule]));
    });
    let mut found = codes(&spare);
    found.sort_unstable();
    assert_eq!(found, ["rule-never-matches", "unused-security-group"]);
    // A spec alone does not know who else carries a group, and gives no advice to remove it.
    let reported = lint(&Engine::new(&spare));
    assert!(
        reported
            .iter()
            .all(|reported| reported.severity == trueup_model::Severity::Note),
        "{reported:?}"
    );
    assert!(
        reported
            .iter()
            .all(|reported| !reported.help.as_ref().unwrap().contains("remove")),
        "{reported:?}"
    );
}

#[test]
fn entries_and_answers() {
    let mut network = network(|_| ());
    let entry = |number, allow, services: &str, range: &str| AclEntry {
        number,
        allow,
        services: ServiceSet::read(services).unwrap(),
        range: range.parse().unwrap(),
        source: None,
    };
    let ingress = vec![
        entry(90, false, "tcp/0-1023", "0.0.0.0/0"),
        entry(95, true, "tcp/1024-65535", "0.0.0.0/0"),
        entry(100, true, "tcp/22-2000", "10.0.0.0/8"),
        entry(110, true, "all", "0.0.0.0/0"),
    ];
    let egress = vec![entry(100, true, "tcp/0-40000", "0.0.0.0/0")];
    network.network_acls.push(NetworkAcl {
        named: Named::new("acl"),
        vpc: 0,
        ingress,
        egress,
        unread: false,
    });
    let shadowed = lint(&Engine::new(&network));
    assert_eq!(shadowed.len(), 1, "{shadowed:?}");
    assert_eq!(shadowed[0].code, "shadowed-acl-entry");
    assert!(
        shadowed[0]
            .message
            .starts_with("entry 100 of acl ingress never decides: entry 95"),
        "{}",
        shadowed[0].message
    );
    network.network_acls[0].ingress.remove(0);
    network.vpcs[0].default_acl = Some(0);
    // The client's ports above 40000 get no answer any more.
    assert!(codes(&network).contains(&"return-blocked"));
}
