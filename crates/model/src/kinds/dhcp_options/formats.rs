//! What a set of DHCP options has: domain names and servers' addresses, as EC2 keeps them.

use std::net::{IpAddr, Ipv4Addr};

use crate::net::{Complaint, Format, ipv4, ipv6};

/// Amazon's own DNS server, in the place of an address.
pub const AMAZON: &str = "AmazonProvidedDNS";

/// A domain name, or several with a space between them.
pub static DOMAIN: Format = Format {
    what: "a domain name such as corp.example",
    pattern: "^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*( [A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*)*$",
    number: true,
    read: |text| {
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        if text.split(' ').all(|name| name.split('.').all(is_label)) {
            Ok(text.to_owned())
        } else {
            Err(Complaint::new(format!("`{text}` is not a domain name")))
        }
    },
};

/// A DNS server.
pub static DNS_SERVER: Format = Format {
    what: "an address such as 10.0.0.2, or AmazonProvidedDNS",
    pattern: concat!("^(AmazonProvidedDNS|", ipv4!(), "|", ipv6!(), ")$"),
    number: false,
    read: |text| match text {
        AMAZON => Ok(text.to_owned()),
        text if text.eq_ignore_ascii_case(AMAZON) => {
            Err(Complaint::new(format!("EC2 spells `{text}` otherwise")).instead(AMAZON))
        }
        text => address(text),
    },
};

/// A time server.
pub static SERVER: Format = Format {
    what: "an IPv4 or IPv6 address such as 169.254.169.123",
    pattern: concat!("^(", ipv4!(), "|", ipv6!(), ")$"),
    number: false,
    read: address,
};

fn address(text: &str) -> Result<String, Complaint> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err(Complaint::new(format!("`{text}` is not an address"))),
    }
}

/// Whether a server is reached over IPv4: Amazon's counts as one that is.
pub fn is_ipv4(server: &str) -> bool {
    server == AMAZON || server.parse::<Ipv4Addr>().is_ok()
}
