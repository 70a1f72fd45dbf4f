//! What EC2 refuses about an endpoint, and what it would take and nobody can mean.

use std::collections::BTreeMap;

use super::{attr, endpoint_type, kind, only_inbound, service as names, subnets};
use crate::diagnostic::Diagnostic;
use crate::kinds::vpc;
use crate::rules::Context;
use crate::topology::{Resource, Topology};
use crate::value::Record;
use crate::{Kind, Ref, Zone, ipv6, json, policy as policies};

const POLICY_LENGTH_MAX: usize = 20_480;

/// A gateway endpoint leads to one of a few services, and every endpoint to one of its own region.
pub(super) fn service(record: &Record, context: &mut Context<'_>) {
    let full = record.text(attr::SERVICE);
    let short = names::short(full);
    let problem = |message: String, help: String| (attr::SERVICE, "endpoint-service", message, help);
    let told = match kind(record) {
        _ if full.is_empty() => return,
        endpoint_type::GATEWAY if !names::GATEWAY.contains(&short) => problem(
            format!("there are no gateway endpoints for `{short}`"),
            if names::is_full(full) && !names::is_of_aws(full) || names::INTERFACE.contains(&short) {
                "write `type: interface`, and in which `subnets`".to_owned()
            } else {
                "gateway endpoints are for s3, s3express and dynamodb; for other services write `type: interface`"
                    .to_owned()
            },
        ),
        endpoint_type::GATEWAY_LOAD_BALANCER if names::is_of_aws(full) || !names::is_full(full) => problem(
            format!("`{short}` is no Gateway Load Balancer endpoint service"),
            "give its full name, such as com.amazonaws.vpce.us-west-2.vpce-svc-0123456789abcdef0".to_owned(),
        ),
        _ => match (names::region(full), context.region) {
            (Some(region), Some(own)) if region != own => problem(
                format!("{full} is not a service of {own}"),
                format!("an endpoint leads to a service of its own region: write `{short}`"),
            ),
            _ => return,
        },
    };
    let (path, code, message, help) = told;
    context.problem(path, code, message, help);
}

/// What only endpoints of another type have.
pub(super) fn belongs(record: &Record, context: &mut Context<'_>) {
    const BOTH: &[&str] = &[endpoint_type::INTERFACE, endpoint_type::GATEWAY_LOAD_BALANCER];
    const INTERFACE: &[&str] = &[endpoint_type::INTERFACE];
    let own = kind(record);
    let attributes: [(&str, &[&str], &str); 9] = [
        (
            attr::ROUTE_TABLES.name,
            &[endpoint_type::GATEWAY],
            "it is in subnets: name those",
        ),
        (
            attr::SUBNETS.name,
            INTERFACE,
            if own == endpoint_type::GATEWAY {
                "name the `route_tables` of the subnets that use it, or write `type: interface`"
            } else {
                "it is in one subnet: write `subnet` and its name"
            },
        ),
        (
            attr::SUBNET.name,
            &[endpoint_type::GATEWAY_LOAD_BALANCER],
            if own == endpoint_type::GATEWAY {
                "name the `route_tables` of the subnets that use it, or write `type: interface`"
            } else {
                "write `subnets` and a list"
            },
        ),
        (
            attr::SECURITY_GROUPS.name,
            INTERFACE,
            "take it out: nothing of it has groups",
        ),
        (attr::PRIVATE_DNS_ENABLED.name, INTERFACE, "take it out"),
        (
            attr::IP_ADDRESS_TYPE.name,
            BOTH,
            "take it out: it has no addresses",
        ),
        (attr::DNS_OPTIONS.name, INTERFACE, "take it out"),
        (
            attr::POLICY.name,
            &[endpoint_type::GATEWAY, endpoint_type::INTERFACE],
            "take it out",
        ),
        (
            attr::POLICY_FILE.name,
            &[endpoint_type::GATEWAY, endpoint_type::INTERFACE],
            "take it out",
        ),
    ];
    for (name, of, help) in attributes {
        let says = record
            .value(name)
            .is_some_and(|value| value.as_set().is_none_or(|list| !list.is_empty()));
        if says && !of.contains(&own) {
            let message = format!("{} endpoint has no `{name}`", with_article(own));
            context.problem(name, "endpoint-type", message, help);
        }
    }
    if own == endpoint_type::GATEWAY_LOAD_BALANCER && !record.has(attr::SUBNET) {
        context.problem(
            "",
            "endpoint-type",
            "a Gateway Load Balancer endpoint is in one subnet, and this one in none",
            "write `subnet` and its name",
        );
    }
}

fn with_article(endpoint_type: &str) -> &'static str {
    match endpoint_type {
        endpoint_type::INTERFACE => "an interface",
        endpoint_type::GATEWAY_LOAD_BALANCER => "a Gateway Load Balancer",
        _ => "a gateway",
    }
}

/// Names lead to addresses that there are, and to an endpoint for some only where there is another one for the rest.
pub(super) fn dns_options(record: &Record, context: &mut Context<'_>) {
    let Some(options) = record.get(attr::DNS_OPTIONS) else {
        return;
    };
    let (records, addresses) = (
        options.text(attr::DNS_RECORD_IP_TYPE),
        record.get(attr::IP_ADDRESS_TYPE).unwrap_or("ipv4"),
    );
    // What the service defines are records of both kinds.
    let needed = if records == "service-defined" {
        "dualstack"
    } else {
        records
    };
    if !records.is_empty() && needed != addresses && addresses != "dualstack" {
        let which = match record.get(attr::IP_ADDRESS_TYPE) {
            Some(said) => format!("is {said}"),
            None => "does not say that it has some".to_owned(),
        };
        context.problem(
            format!("{}.{}", attr::DNS_OPTIONS, attr::DNS_RECORD_IP_TYPE),
            "endpoint-dns",
            format!("its names cannot lead to {needed} addresses: its `ip_address_type` {which}"),
            format!("set `ip_address_type: {needed}`, or take `dns_record_ip_type` out"),
        );
    }
    let at = || format!("{}.{}", attr::DNS_OPTIONS, attr::ONLY_INBOUND);
    if only_inbound(record) != Some(true) {
        return;
    }
    let short = names::short(record.text(attr::SERVICE));
    if !names::GATEWAY.contains(&short) {
        context.problem(
            at(),
            "endpoint-dns",
            format!("there are no gateway endpoints for `{short}` that the VPC's own hosts could use"),
            format!("take `{}` out", attr::ONLY_INBOUND),
        );
    } else if record.get(attr::PRIVATE_DNS_ENABLED) != Some(true) {
        context.problem(
            at(),
            "endpoint-dns",
            "the service's name leads to this endpoint for nobody, so not for inbound resolvers either",
            "set `private_dns_enabled: true`",
        );
    }
}

/// A policy that EC2 takes; that everyone may do everything is none.
pub(super) fn policy(record: &mut Record, context: &mut Context<'_>) {
    read_policy_file(record, context);
    let Some(document) = record
        .get(attr::POLICY)
        .and_then(|policy| serde_json::to_value(policy).ok())
    else {
        return;
    };
    let length = document.to_string().len();
    if let Some(why) = policies::refusal(&document) {
        context.problem(
            "policy",
            "policy",
            why,
            "write `Statement:` with `Effect`, `Principal`, `Action` and `Resource`",
        );
    } else if length > POLICY_LENGTH_MAX {
        context.problem(
            "policy",
            "policy",
            format!("the policy has {length} characters, and EC2 takes {POLICY_LENGTH_MAX}"),
            "shorten it",
        );
    } else if policies::is_full_access(&document) {
        record.remove(attr::POLICY);
    }
}

fn read_policy_file(record: &mut Record, context: &mut Context<'_>) {
    let Some(path) = record.remove(attr::POLICY_FILE) else {
        return;
    };
    if record.has(attr::POLICY) {
        context.problem(
            "policy_file",
            "policy",
            "the policy is given twice",
            "keep `policy` or `policy_file`, not both",
        );
        return;
    }
    let path = path.as_text().unwrap_or_default().to_owned();
    let read = context
        .files
        .text(&path)
        .and_then(|text| serde_json::from_str(&text).map_err(|error| format!("{path} is not JSON: {error}")));
    match read {
        Ok(document) => record.set_option(attr::POLICY, json::value(&document, None)),
        Err(why) => context.problem(
            "policy_file",
            "policy",
            why,
            "name a file with an IAM policy in JSON",
        ),
    }
}

/// What the rest of the topology tells.
pub(super) fn check(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    if kind(&resource.record) == endpoint_type::GATEWAY {
        return;
    }
    unknown_service(resource, out);
    zones(resource, topology, out);
    addresses(resource, topology, out);
    if kind(&resource.record) == endpoint_type::INTERFACE {
        private_dns(resource, topology, out);
        if subnets(&resource.record).next().is_none() {
            let message = format!("{} is in no subnet: nobody reaches it", resource.address);
            out.push(
                Diagnostic::warning("endpoint-without-subnets", message)
                    .at(resource.place.clone(), "has no network interface")
                    .help("name its `subnets`, one in each zone whose hosts use it"),
            );
        }
    }
}

/// A name that is no service as far as is known here is a slip of the fingers, or newer than this list.
fn unknown_service(resource: &Resource, out: &mut Vec<Diagnostic>) {
    let full = resource.record.text(attr::SERVICE);
    let short = names::short(full);
    let plain = short.strip_suffix("-fips").unwrap_or(short);
    let is_known = names::INTERFACE.contains(&plain) || (names::is_full(full) && !names::is_of_aws(full));
    if is_known || full.is_empty() {
        return;
    }
    let near = names::INTERFACE
        .iter()
        .map(|known| (strsim::damerau_levenshtein(short, known), known))
        .filter(|(distance, _)| *distance <= 1 + short.len() / 4 && *distance < short.len())
        .min();
    let help = match near {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None => "if AWS offers it in this region, all is well; if not, EC2 refuses it".to_owned(),
    };
    let message = format!("no service of AWS that is known here is called `{short}`");
    out.push(
        Diagnostic::warning("endpoint-service", message)
            .at(resource.place(attr::SERVICE), "")
            .help(help),
    );
}

/// An endpoint has one subnet in a zone.
fn zones(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let mut by_zone: BTreeMap<Zone, &Ref> = BTreeMap::new();
    for (index, reference) in resource.record.references(attr::SUBNETS).enumerate() {
        let Some(subnet) = topology.follow(Some(reference)) else {
            continue;
        };
        let zone = Kind::Subnet.rules().zone(&subnet.record);
        let Some(zone) = zone.filter(|zone| *zone != Zone::Any) else {
            continue;
        };
        if let Some(other) = by_zone.insert(zone, reference) {
            let message =
                format!("{other} and {reference} are in one zone, and an endpoint has one subnet in each");
            out.push(
                Diagnostic::error("endpoint-zone-twice", message)
                    .at(
                        resource.place(format!("{}[{index}]", attr::SUBNETS)),
                        "the second one of its zone",
                    )
                    .at(subnet.place.clone(), "declared here")
                    .help("keep one of them: hosts of both reach the endpoint in it"),
            );
        }
    }
}

/// An endpoint has IPv6 addresses where its subnets have a range.
fn addresses(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let wanted = resource.record.text(attr::IP_ADDRESS_TYPE);
    if wanted.is_empty() || wanted == "ipv4" {
        return;
    }
    let mut own = subnets(&resource.record).filter_map(|subnet| topology.follow(Some(subnet)));
    if wanted == "ipv6" {
        if let Some(subnet) = own.next() {
            let message = format!(
                "{} is to have IPv6 addresses alone, and {} has an IPv4 range",
                resource.address, subnet.address
            );
            out.push(
                Diagnostic::error("endpoint-with-ipv4-range", message)
                    .at(
                        resource.place(attr::IP_ADDRESS_TYPE),
                        "of subnets that are IPv6 only",
                    )
                    .at(subnet.place.clone(), "has a `cidr_block`")
                    .help("write `ip_address_type: dualstack`"),
            );
        }
        return;
    }
    let lacks = own.find(|subnet| subnet.record.text(ipv6::BLOCK).is_empty());
    if let Some(subnet) = lacks {
        let message = format!(
            "{} is to have IPv6 addresses, and {} has no IPv6 range",
            resource.address, subnet.address
        );
        out.push(
            Diagnostic::error("endpoint-without-ipv6-range", message)
                .at(
                    resource.place(attr::IP_ADDRESS_TYPE),
                    "there is no range to take them from",
                )
                .at(subnet.place.clone(), "has no `ipv6_cidr_block`")
                .help(format!(
                    "give {} an `ipv6_cidr_block`, or leave `ip_address_type` out",
                    subnet.address
                )),
        );
    }
}

/// A service's name leads to an endpoint where the VPC's own DNS answers.
fn private_dns(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    if resource.record.get(attr::PRIVATE_DNS_ENABLED) != Some(true) {
        return;
    }
    let Some(vpc) = topology.follow(vpc::of(&resource.record)) else {
        return;
    };
    let off = [vpc::attr::ENABLE_DNS_SUPPORT, vpc::attr::ENABLE_DNS_HOSTNAMES]
        .into_iter()
        .find(|switch| vpc.record.get(*switch) == Some(false));
    if let Some(switch) = off {
        let message = format!(
            "the name of {} is to lead to {}, and {} has `{switch}` off",
            names::short(resource.record.text(attr::SERVICE)),
            resource.address,
            vpc.address
        );
        out.push(
            Diagnostic::error("private-dns-without-vpc-dns", message)
                .at(resource.place(attr::PRIVATE_DNS_ENABLED), "needs the VPC's DNS")
                .at(vpc.place(switch), "off")
                .help(format!(
                    "set `{switch}: true` on {}, or `private_dns_enabled: false` here",
                    vpc.address
                )),
        );
    }
    if only_inbound(&resource.record) != Some(true) {
        return;
    }
    let serves = |other: &&Resource| {
        kind(&other.record) == endpoint_type::GATEWAY
            && names::short(other.record.text(attr::SERVICE))
                == names::short(resource.record.text(attr::SERVICE))
            && vpc::of(&other.record) == vpc::of(&resource.record)
    };
    if topology.of(Kind::VpcEndpoint).find(serves).is_none() {
        let short = names::short(resource.record.text(attr::SERVICE));
        let message = format!("{} has no gateway endpoint for {short} here", vpc.address);
        out.push(
            Diagnostic::error("endpoint-dns", message)
                .at(
                    resource.place(format!("{}.{}", attr::DNS_OPTIONS, attr::ONLY_INBOUND)),
                    "EC2 takes this only where the VPC has one",
                )
                .help(format!(
                    "declare a `vpc_endpoint` with `service: {short}` and `route_tables`, or set `{}: false`",
                    attr::ONLY_INBOUND
                )),
        );
    }
}
