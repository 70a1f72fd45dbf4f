//! Address ranges: reading them as EC2 does, host bits cleared.

use std::net::Ipv4Addr;

use ipnet::{Ipv4Net, Ipv6Net};

use crate::wire::Fault;

/// Reads an IPv4 range and clears its host bits.
pub fn v4(text: &str, parameter: &str) -> Result<Ipv4Net, Fault> {
    text.parse::<Ipv4Net>().map(|net| net.trunc()).map_err(|_| {
        Fault::new(
            "InvalidParameterValue",
            format!("Value ({text}) for parameter {parameter} is invalid. This is not a valid CIDR block."),
        )
    })
}

/// Reads an IPv6 range and clears its host bits.
pub fn v6(text: &str, parameter: &str) -> Result<Ipv6Net, Fault> {
    text.parse::<Ipv6Net>().map(|net| net.trunc()).map_err(|_| {
        Fault::new(
            "InvalidParameterValue",
            format!(
                "Value ({text}) for parameter {parameter} is invalid. This is not a valid IPv6 CIDR block."
            ),
        )
    })
}

/// Reads an IPv4 address.
pub fn address(text: &str, parameter: &str) -> Result<Ipv4Addr, Fault> {
    text.parse().map_err(|_| {
        Fault::new(
            "InvalidParameterValue",
            format!("Value ({text}) for parameter {parameter} is invalid. Address is malformed."),
        )
    })
}

/// Whether two ranges share an address.
pub fn overlap(a: &Ipv4Net, b: &Ipv4Net) -> bool {
    a.contains(b) || b.contains(a)
}

/// How many addresses of a range EC2 hands out: all but the first four and the last.
pub fn usable(net: &Ipv4Net) -> u64 {
    (1_u64 << (32 - u32::from(net.prefix_len()))).saturating_sub(5)
}

/// Whether EC2 keeps the address of this range for itself.
pub fn is_reserved(net: &Ipv4Net, address: Ipv4Addr) -> bool {
    let offset = u32::from(address) - u32::from(net.network());
    offset < 4 || address == net.broadcast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_are_cleared() {
        assert_eq!(
            v4("100.68.0.18/18", "cidrBlock").unwrap().to_string(),
            "100.68.0.0/18"
        );
        assert_eq!(v6("2001:DB8::1/64", "cidr").unwrap().to_string(), "2001:db8::/64");
        assert_eq!(
            v4("10.0.0.0/33", "cidrBlock").unwrap_err().code,
            "InvalidParameterValue"
        );
    }

    #[test]
    fn five_addresses_are_reserved() {
        let net = v4("10.0.0.0/28", "cidrBlock").unwrap();
        assert_eq!(usable(&net), 11);
        let reserved = net
            .hosts()
            .chain([net.network(), net.broadcast()])
            .filter(|a| is_reserved(&net, *a))
            .count();
        assert_eq!(reserved, 5);
    }
}
