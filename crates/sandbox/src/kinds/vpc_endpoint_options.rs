//! What a VPC endpoint leads to and how it is called: its service, its addresses, its names.

use serde::{Deserialize, Serialize};

use super::endpoint_service;
use super::vpc::Vpc;
use super::vpc_endpoint::VpcEndpoint;
use crate::call::{Answer, Call};
use crate::wire::{Fault, Xml};

/// Which addresses an endpoint's interfaces have, and what its names lead to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Options {
    /// `ipv4`, `dualstack` or `ipv6`.
    pub addresses: String,
    /// `ipv4`, `dualstack`, `ipv6` or `service-defined`; where nobody said it, as the addresses.
    pub records: Option<String>,
    /// Whether the service's usual name leads to it for inbound resolvers alone.
    pub only_inbound: Option<bool>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            addresses: "ipv4".into(),
            records: None,
            only_inbound: None,
        }
    }
}

impl Options {
    /// Takes what a request says.
    pub fn change(&mut self, call: &Call<'_>, kind: &str) -> Answer {
        let p = call.params;
        if let Some(addresses) = p.filled("IpAddressType") {
            if !matches!(addresses, "ipv4" | "dualstack" | "ipv6") {
                return Err(Fault::invalid(
                    addresses,
                    "ipAddressType",
                    "it must be ipv4, dualstack or ipv6",
                ));
            }
            addresses.clone_into(&mut self.addresses);
        }
        let Some(dns) = p.child("DnsOptions") else {
            return self.check();
        };
        if kind != "Interface" {
            return Err(Fault::new(
                "InvalidParameter",
                format!("DNS options are not supported for {kind} endpoints"),
            ));
        }
        if let Some(records) = dns.filled("DnsRecordIpType") {
            if !matches!(records, "ipv4" | "dualstack" | "ipv6" | "service-defined") {
                return Err(Fault::invalid(
                    records,
                    "dnsRecordIpType",
                    "it must be ipv4, dualstack, ipv6 or service-defined",
                ));
            }
            self.records = Some(records.to_owned());
        }
        self.only_inbound = dns
            .flag("PrivateDnsOnlyForInboundResolverEndpoint")?
            .or(self.only_inbound);
        self.check()
    }

    /// Names lead to addresses that there are.
    fn check(&self) -> Answer {
        // What the service defines are records of both kinds.
        let needed = |records| {
            if records == "service-defined" {
                "dualstack"
            } else {
                records
            }
        };
        match self.records.as_deref() {
            None => Ok(()),
            Some(records) if [needed(records), "dualstack"].contains(&self.addresses.as_str()) => Ok(()),
            Some(records) => Err(Fault::new(
                "InvalidParameter",
                format!(
                    "The DNS record IP type {records} is not compatible with the IP address type {}",
                    self.addresses
                ),
            )),
        }
    }

    /// How `DescribeVpcEndpoints` says it.
    pub fn write(&self, x: &mut Xml, row: &VpcEndpoint, region: &str) {
        let kind = &row.kind;
        if kind == "Gateway" {
            return;
        }
        // Of a service that has both, hosts of the VPC are to use the gateway endpoint unless somebody says otherwise.
        let usual = Some(true).filter(|_| row.private_dns && has_gateway(region, &row.service));
        let only_inbound = self.only_inbound.or(usual);
        x.text("ipAddressType", &self.addresses);
        if kind == "Interface" {
            x.element("dnsOptions", |x| {
                x.text(
                    "dnsRecordIpType",
                    self.records.as_ref().unwrap_or(&self.addresses),
                );
                x.maybe("privateDnsOnlyForInboundResolverEndpoint", only_inbound);
            });
        }
    }
}

/// The usual name of a service, where it has one that private DNS can lead elsewhere.
pub fn private_name(region: &str, service: &str) -> Option<String> {
    endpoint_service::services(region)
        .into_iter()
        .find(|known| known.name == service && known.kind == "Interface")
        .and_then(|known| known.private_dns)
}

/// A service that somebody offers to others: whose it is and what is behind it, only its owner knows.
fn is_offered(region: &str, service: &str) -> bool {
    let id = service
        .strip_prefix("com.amazonaws.vpce.")
        .and_then(|rest| rest.strip_prefix(region))
        .and_then(|rest| rest.strip_prefix(".vpce-svc-"));
    id.is_some_and(|id| matches!(id.len(), 8 | 17) && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')))
}

/// An endpoint is of a type that its service has.
pub fn check_service(call: &Call<'_>, service: &str, kind: &str) -> Answer {
    if is_offered(&call.region.name, service) && matches!(kind, "Interface" | "GatewayLoadBalancer") {
        return Ok(());
    }
    let known = endpoint_service::services(&call.region.name);
    let kinds: Vec<&str> = known
        .iter()
        .filter(|known| known.name == service)
        .map(|known| known.kind.as_str())
        .collect();
    if kinds.is_empty() {
        return Err(Fault::new(
            "InvalidServiceName",
            format!("The Vpc Endpoint Service '{service}' does not exist"),
        ));
    }
    if !kinds.contains(&kind) {
        return Err(Fault::new(
            "InvalidParameter",
            format!(
                "Endpoint type ({kind}) does not match available service types ([{}]).",
                kinds.join(", ")
            ),
        ));
    }
    Ok(())
}

/// Whether a service has gateway endpoints as well.
fn has_gateway(region: &str, service: &str) -> bool {
    endpoint_service::services(region)
        .iter()
        .any(|known| known.kind == "Gateway" && service.ends_with(known.short()))
}

/// What the service's usual name needs to lead to an endpoint.
pub fn check_private_dns(call: &Call<'_>, id: &str, row: &VpcEndpoint) -> Answer {
    let refused = |message: String| Err(Fault::new("InvalidParameter", message));
    let alive = |have: &VpcEndpoint| !matches!(have.state.as_str(), "deleting" | "deleted");
    let has_gateway = has_gateway(&call.region.name, &row.service);
    if !has_gateway && row.options.only_inbound == Some(true) {
        return refused(format!(
            "PrivateDnsOnlyForInboundResolverEndpoint is not supported for the service {}",
            row.service
        ));
    }
    if !row.private_dns {
        return Ok(());
    }
    // Whether a service of others has such a name, only its owner knows.
    if private_name(&call.region.name, &row.service).is_none() && !is_offered(&call.region.name, &row.service)
    {
        return refused(format!(
            "Private DNS can't be enabled because the service {} does not provide a private DNS name.",
            row.service
        ));
    }
    let vpc = call.find::<Vpc>(&row.vpc)?;
    if !(vpc.dns_support && vpc.dns_hostnames) {
        return refused(format!(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}",
            row.vpc
        ));
    }
    let others = || {
        call.region
            .vpc_endpoints
            .referring(&row.vpc)
            .filter(|(other, have)| *other != id && alive(have))
    };
    if others().any(|(_, have)| have.service == row.service && have.private_dns) {
        return refused(format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC {}",
            row.service, row.vpc
        ));
    }
    let short = row.service.rsplit('.').next().unwrap_or_default();
    let serves =
        |have: &VpcEndpoint| have.kind == "Gateway" && have.service.rsplit('.').next() == Some(short);
    if has_gateway && row.options.only_inbound.unwrap_or(true) && !others().any(|(_, have)| serves(have)) {
        return refused(format!(
            "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {} must have a Gateway endpoint for the service.",
            row.vpc
        ));
    }
    Ok(())
}
