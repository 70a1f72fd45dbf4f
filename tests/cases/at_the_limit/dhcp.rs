//! The rows of sets of DHCP options.

use serde_json::{Value as Json, json};

use super::rows::{Row, mixed, row, texts};

const CREATE: &str = "CreateDhcpOptions&DhcpConfiguration.1.Key";

fn set(name: &str, value: Json) -> Json {
    let mut set = json!({});
    set[name] = value;
    json!({"dhcp_options.x": set})
}

/// So many addresses of each family, as a spec and as a call have them.
fn servers(v4: usize, v6: usize) -> (Json, String) {
    let v4 = (1..=v4).map(|n| format!("10.0.0.{n}"));
    let all: Vec<String> = v4.chain((1..=v6).map(|n| format!("2001:db8::{n}"))).collect();
    let values = all.iter().zip(1..);
    let query = values.map(|(server, n)| format!("&DhcpConfiguration.1.Value.{n}={server}"));
    let query = query.collect();
    (json!(all), query)
}

/// Lists of servers: just right, and just too long.
fn list(of: &'static str, at: &[(Json, String)], past: &[(Json, String)]) -> Row {
    let name = of.rsplit('.').next().unwrap();
    let query = format!("{CREATE}={}", name.replace('_', "-"));
    let borrowed = |all: &[(Json, String)]| all.to_vec();
    let (at, past) = (borrowed(at), borrowed(past));
    let cases = |all: &[(Json, String)]| -> Vec<(Json, &'static str)> {
        let leak = |(json, query): &(Json, String)| (json.clone(), &*query.clone().leak());
        all.iter().map(leak).collect()
    };
    mixed(of, &set(name, json!("$")), &query, &cases(&at), &cases(&past))
}

/// The limits of a set of DHCP options.
pub fn dhcp() -> Vec<Row> {
    let amazon = || {
        (
            json!("AmazonProvidedDNS"),
            "&DhcpConfiguration.1.Value.1=AmazonProvidedDNS".to_owned(),
        )
    };
    let named = || {
        (
            json!(["dns.example"]),
            "&DhcpConfiguration.1.Value.1=dns.example".to_owned(),
        )
    };
    vec![
        row(
            "dhcp_options.domain_name",
            &set("domain_name", json!("$")),
            &format!("{CREATE}=domain-name&DhcpConfiguration.1.Value.1=$"),
            &texts(&["corp.example", "a b.c"]),
            &texts(&["", "a,b", ".a", "a..b", " a"]),
        ),
        list(
            "dhcp_options.domain_name_servers",
            &[amazon(), servers(4, 4), servers(1, 0)],
            &[servers(5, 0), servers(0, 5), named()],
        ),
        list(
            "dhcp_options.ntp_servers",
            &[servers(4, 4), servers(0, 1)],
            &[servers(5, 0), servers(0, 5), amazon(), named()],
        ),
        list(
            "dhcp_options.netbios_name_servers",
            &[servers(4, 0)],
            &[servers(5, 0), servers(0, 1), named()],
        ),
        row(
            "dhcp_options.netbios_node_type",
            &set("netbios_node_type", json!("$")),
            &format!("{CREATE}=netbios-node-type&DhcpConfiguration.1.Value.1=$"),
            &[json!(1), json!(2), json!(4), json!(8)],
            &[json!(0), json!(3), json!(9)],
        ),
        row(
            "dhcp_options.ipv6_address_preferred_lease_time",
            &set("ipv6_address_preferred_lease_time", json!("$")),
            &format!("{CREATE}=ipv6-address-preferred-lease-time&DhcpConfiguration.1.Value.1=$"),
            &[json!(140), json!(2_147_483_647)],
            &[json!(139), json!(2_147_483_648_i64)],
        ),
    ]
}
