//! IPv6 ranges of VPCs and subnets, and addresses of instances: how they are written, and which range a number
//! means.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv6Net};

use crate::attr::Attr;
use crate::kind::is_id_tail;
use crate::net::{Complaint, Format, RANGE, byte, id_tail, ipv6, number};

/// The attribute of a VPC and of a subnet.
pub const BLOCK: Attr<str> = Attr::new("ipv6_cidr_block");

/// Asks for a range of Amazon's: a /56, and which one is known when EC2 has given it.
pub const AMAZON: &str = "amazon";

/// The range of a VPC.
pub static OF_VPC: Format = Format {
    what: "`amazon`, or an IPv6 range such as 2001:db8:1::/56",
    pattern: concat!("^(amazon|", ipv6!(), "/(44|48|52|56|60))$"),
    number: false,
    read: |text| match text {
        AMAZON => Ok(text.to_owned()),
        text => range(text, 44, 60),
    },
};

/// The range of a subnet.
pub static OF_SUBNET: Format = Format {
    what: "a number from 0 to 255, or an IPv6 range such as 2001:db8:1:5::/64",
    pattern: concat!("^(", byte!(), "|", ipv6!(), "/(44|48|52|56|60|64))$"),
    number: true,
    read: |text| match number::<u8>(text) {
        Some(_) => Ok(text.to_owned()),
        None if is_open(text) => Err(Complaint::new(format!(
            "`{text}` is neither a number from 0 to 255 nor an IPv6 range"
        ))),
        None => range(text, 44, 64),
    },
};

/// An address of an instance.
pub static ADDRESS: Format = Format {
    what: "an IPv6 address such as 2001:db8:1:5::10",
    pattern: concat!("^", ipv6!(), "$"),
    number: false,
    read: |text| match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => Ok(address.to_string()),
        Ok(IpAddr::V4(_)) => Err(Complaint::new(format!(
            "`{text}` is an IPv4 address, and this takes IPv6"
        ))),
        Err(_) => Err(Complaint::new(format!("`{text}` is not an IPv6 address"))),
    },
};

/// A pool of addresses that an account has brought to AWS.
pub static POOL: Format = Format {
    what: "the id of an address pool such as ipv6pool-ec2-0123456789abcdef0",
    pattern: concat!("^ipv6pool-ec2-", id_tail!(), "$"),
    number: false,
    read: |text| {
        if text.strip_prefix("ipv6pool-ec2-").is_some_and(is_id_tail) {
            Ok(text.to_owned())
        } else {
            Err(Complaint::new(format!(
                "`{text}` is not the id of an IPv6 address pool"
            )))
        }
    },
};

/// A range of one of EC2's lengths: between these two, in steps of four bits.
fn range(text: &str, shortest: u8, longest: u8) -> Result<String, Complaint> {
    let range = (RANGE.read)(text)?;
    match range.parse() {
        Ok(IpNet::V6(net))
            if (shortest..=longest).contains(&net.prefix_len()) && net.prefix_len() % 4 == 0 =>
        {
            Ok(range)
        }
        Ok(IpNet::V6(_)) => Err(Complaint::new(format!(
            "EC2 takes prefix lengths from /{shortest} to /{longest} in steps of four here, and `{text}` has another one"
        ))),
        _ => Err(Complaint::new(format!(
            "`{text}` is an IPv4 range, and this takes IPv6"
        ))),
    }
}

/// Whether a range is known only when Amazon has given it: `amazon`, or the number of a /64 in that.
pub fn is_open(text: &str) -> bool {
    !text.contains(['.', ':'])
}

/// The /64 of this number in a range; none where the range has no such.
pub fn numbered(text: &str, range: &str) -> Option<String> {
    let range: Ipv6Net = range.parse().ok()?;
    let bits = u128::from(range.network()) | u128::from(number::<u8>(text)?) << 64;
    let net = Ipv6Net::new(bits.into(), 64).ok()?;
    range.contains(&net).then(|| net.to_string())
}

/// What a subnet's text takes among those of its VPC: a range, or the /64 of that number in a range that is
/// not known.
pub fn taken(text: &str) -> Option<IpNet> {
    numbered(text, "::/56").as_deref().unwrap_or(text).parse().ok()
}

/// The ranges in the text of a record: of what is live there may be several.
pub fn all(text: &str) -> impl Iterator<Item = &str> {
    text.split(", ").filter(|range| !range.is_empty())
}

/// Several ranges as one text.
pub fn joined(ranges: &[String]) -> Option<String> {
    Some(ranges.join(", ")).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_slash_64_of_a_range() {
        let numbered = |text, range| numbered(text, range);
        assert_eq!(
            numbered("0", "2600:1f14:ab:cd00::/56").as_deref(),
            Some("2600:1f14:ab:cd00::/64")
        );
        assert_eq!(
            numbered("10", "2600:1f14:ab:cd00::/56").as_deref(),
            Some("2600:1f14:ab:cd0a::/64")
        );
        assert_eq!(
            numbered("255", "2600:1f14:ab:cd00::/56").as_deref(),
            Some("2600:1f14:ab:cdff::/64")
        );
        assert_eq!(numbered("16", "2600:1f14:ab:cd00::/60"), None);
        assert_eq!(numbered("256", "2600:1f14:ab:cd00::/56"), None);
        assert_eq!(numbered("2001:db8::/64", "2600:1f14:ab:cd00::/56"), None);
    }

    #[test]
    fn ranges_are_of_ec2s_lengths() {
        assert_eq!((OF_VPC.read)("amazon").unwrap(), "amazon");
        assert_eq!(
            (OF_VPC.read)("2001:DB8:0:100::/56").unwrap(),
            "2001:db8:0:100::/56"
        );
        for bad in [
            "2001:db8::/58",
            "2001:db8::/64",
            "10.0.0.0/16",
            "Amazon",
            "2001:db8::1/56",
        ] {
            assert!((OF_VPC.read)(bad).is_err(), "{bad}");
        }
        for good in ["0", "255", "2001:db8:0:5::/64", "2001:db8::/48"] {
            assert_eq!((OF_SUBNET.read)(good).unwrap(), good);
        }
        for bad in ["256", "05", "-1", "a", "", "2001:db8::/65", "10.0.0.0/24"] {
            assert!((OF_SUBNET.read)(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_and_ranges_overlap_as_they_would() {
        let clash = |a: &str, b: &str| crate::net::overlap(&taken(a).unwrap(), &taken(b).unwrap());
        assert!(clash("5", "5") && clash("2001:db8::/56", "2001:db8:0:7::/64"));
        assert!(!clash("5", "6") && !clash("2001:db8:0:6::/64", "2001:db8:0:7::/64"));
    }
}
