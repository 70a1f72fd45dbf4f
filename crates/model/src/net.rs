//! Forms of text that a network is described in: ranges, addresses, ports, protocols.
//!
//! A [`Format`] reads what a person wrote into the one canonical spelling that EC2 would answer with, or says
//! what is wrong and what was probably meant.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A form of text.
#[derive(Debug)]
pub struct Format {
    /// What the text is, for messages: `an IPv4 range such as 10.0.0.0/16`.
    pub what: &'static str,
    /// A regular expression (ECMA 262) that every such text matches, for editors; empty for any text. It says
    /// what [`Format::read`] takes as far as an expression can, and `tests/model/formats.rs` lists what it cannot
    /// say.
    pub pattern: &'static str,
    /// Whether a bare YAML number, or switch, is such a text too.
    pub number: bool,
    /// Reads the text into its canonical spelling.
    pub read: fn(&str) -> Result<String, Complaint>,
}

impl Format {
    /// A text of this form as a spec has it: quoted where YAML would read a number.
    pub fn spelled(&self, text: String) -> String {
        if !self.number && text.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("\"{text}\"")
        } else {
            text
        }
    }
}

/// Why a text is not of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong, in a clause.
    pub message: String,
    /// What to write instead, where that is known exactly.
    pub instead: Option<String>,
}

impl Complaint {
    /// A complaint without a proposal.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            instead: None,
        }
    }

    /// Proposes this text instead.
    #[must_use]
    pub fn instead(mut self, text: impl Into<String>) -> Self {
        self.instead = Some(text.into());
        self
    }
}

/// The pattern of one byte in decimal, of which EC2's addresses, prefix lengths and ICMP types are made: no
/// leading zeros.
macro_rules! byte {
    () => {
        "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
    };
}

/// The pattern of an IPv4 address.
macro_rules! ipv4 {
    () => {
        concat!(
            crate::net::byte!(),
            r"\.",
            crate::net::byte!(),
            r"\.",
            crate::net::byte!(),
            r"\.",
            crate::net::byte!()
        )
    };
}

/// The pattern of an IPv6 address, which no readable expression says whole.
macro_rules! ipv6 {
    () => {
        "[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
    };
}

/// The pattern of a range of either family.
macro_rules! range {
    () => {
        concat!(
            crate::net::ipv4!(),
            "/(3[0-2]|[12]?[0-9])|",
            crate::net::ipv6!(),
            "/(12[0-8]|1[01][0-9]|[1-9]?[0-9])"
        )
    };
}

/// The pattern of a port.
macro_rules! port {
    () => {
        "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9][0-9]|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}|0)"
    };
}

/// The pattern of what follows the prefix of an EC2 id.
macro_rules! id_tail {
    () => {
        "([0-9a-f]{8}|[0-9a-f]{17})"
    };
}

pub(crate) use {byte, id_tail, ipv4, ipv6, port, range};

/// An account.
pub static ACCOUNT: Format = Format {
    what: "the account's 12 digits in quotes, as `aws sts get-caller-identity` tells them",
    pattern: "^[0-9]{12}$",
    number: false,
    read: |text| {
        let digits = text.replace(|c: char| !c.is_ascii_digit(), "");
        if digits == text && digits.len() == 12 {
            return Ok(digits);
        }
        let complaint = Complaint::new(format!("`{text}` is not an account: 12 digits"));
        // An ARN and the console's spelling hold it.
        Err(if digits.len() == 12 {
            complaint.instead(digits)
        } else {
            complaint
        })
    },
};

/// A region.
pub static REGION: Format = Format {
    what: "a region, such as us-west-2",
    pattern: "^[a-z]+(-[a-z]+)+-[0-9]+$",
    number: false,
    read: |text| {
        let region = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        Err(if is_region(text) {
            return Ok(text.to_owned());
        } else if is_region(region) {
            Complaint::new(format!("`{text}` is an availability zone, and no region")).instead(region)
        } else {
            Complaint::new(format!("`{text}` is not a region"))
        })
    },
};

/// A region's name: `us-west-2`, `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = parts.as_slice() else {
        return false;
    };
    let word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.len() >= 2
        && words.iter().all(word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Any text.
pub static TEXT: Format = Format {
    what: "text",
    pattern: "",
    number: false,
    read: |text| Ok(text.to_owned()),
};

/// Whether a text consists of these characters and lower-case letters and digits.
pub fn is_word(text: &str, also: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c))
}

/// Refuses spaces at the ends of a text: EC2 takes them off names, and refuses them in others.
pub fn without_edges(text: &str, what: &str) -> Result<(), Complaint> {
    let trimmed = text.trim();
    if trimmed == text {
        return Ok(());
    }
    let complaint = Complaint::new(format!(
        "a {what} has no spaces at its ends: EC2 takes them off, or refuses them"
    ));
    Err(if trimmed.is_empty() {
        complaint
    } else {
        complaint.instead(trimmed)
    })
}

/// A path, relative to the spec.
pub static PATH: Format = Format {
    what: "a path relative to the spec",
    pattern: "^([^~]|~[^/]+$)",
    number: false,
    read: |text| match text.strip_prefix('~') {
        // A shell does that; who means a folder of this name writes `./~`.
        Some(rest) if rest.is_empty() || rest.contains('/') => Err(Complaint::new(format!(
            "`{text}` starts with `~`, which does not stand for a home directory here"
        ))),
        _ => not_empty(text),
    },
};

/// An IPv4 range without host bits.
pub static IPV4_RANGE: Format = Format {
    what: "an IPv4 range such as 10.0.0.0/16",
    pattern: concat!("^", ipv4!(), "/(3[0-2]|[12]?[0-9])$"),
    number: false,
    read: |text| match read_range(text)? {
        IpNet::V4(net) => Ok(net.to_string()),
        IpNet::V6(_) => Err(Complaint::new(format!(
            "`{text}` is an IPv6 range, and this takes IPv4"
        ))),
    },
};

/// What no VPC can have: this host's, loopback, link-local, multicast and reserved addresses (RFC 6890).
const NEVER_A_VPC: [&str; 4] = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"];

/// The range of a VPC or subnet: IPv4, /16 to /28.
pub static VPC_RANGE: Format = Format {
    what: "an IPv4 range between /16 and /28",
    pattern: concat!("^", ipv4!(), "/(1[6-9]|2[0-8])$"),
    number: false,
    read: |text| {
        let text = (IPV4_RANGE.read)(text)?;
        let net = text.parse::<Ipv4Net>().ok();
        if let Some(kept) = net.and_then(|net| {
            NEVER_A_VPC
                .iter()
                .find(|kept| kept.parse().is_ok_and(|kept: Ipv4Net| kept.contains(&net)))
        }) {
            return Err(Complaint::new(format!(
                "EC2 refuses `{text}`: the addresses of {kept} are not for networks"
            )));
        }
        match net.map(|net| net.prefix_len()) {
            Some(16..=28) => Ok(text),
            _ => Err(Complaint::new(format!(
                "EC2 takes prefix lengths from /16 to /28 here, and `{text}` is outside them"
            ))),
        }
    },
};

/// An IPv4 or IPv6 range without host bits.
pub static RANGE: Format = Format {
    what: "an IPv4 or IPv6 range such as 10.0.0.0/16",
    pattern: concat!("^(", range!(), ")$"),
    number: false,
    read: |text| read_range(text).map(|net| net.to_string()),
};

/// An IPv4 address.
pub static IPV4: Format = Format {
    what: "an IPv4 address such as 10.0.0.10",
    pattern: concat!("^", ipv4!(), "$"),
    number: false,
    read: |text| match text.parse::<Ipv4Addr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err(Complaint::new(format!("`{text}` is not an IPv4 address"))),
    },
};

/// A port or a range of ports.
pub static PORTS: Format = Format {
    what: "a port, or a range of ports such as 8000-8080",
    pattern: concat!("^", port!(), "( *- *", port!(), ")?$"),
    number: true,
    read: read_ports,
};

/// An IP protocol by name or number, spelled as EC2 answers it.
pub static PROTOCOL: Format = Format {
    what: "a protocol: tcp, udp, icmp, icmpv6, all, or a number from 0 to 255",
    pattern: concat!("^(tcp|udp|icmp|icmpv6|all|", byte!(), ")$"),
    number: true,
    read: read_protocol,
};

fn not_empty(text: &str) -> Result<String, Complaint> {
    if text.is_empty() {
        return Err(Complaint::new("it is empty"));
    }
    Ok(text.to_owned())
}

/// Reads a range that is spelled as EC2 spells it: no host bits, no leading zeros.
fn read_range(text: &str) -> Result<IpNet, Complaint> {
    let Ok(net) = text.parse::<IpNet>() else {
        let mut complaint = Complaint::new(format!("`{text}` is not a range of addresses"));
        if let Ok(address) = text.parse::<std::net::IpAddr>() {
            complaint.message = format!("`{text}` is an address, and a range is wanted");
            complaint = complaint.instead(format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 }));
        }
        return Err(complaint);
    };
    let canonical = net.trunc();
    if net != canonical {
        let complaint = Complaint::new(format!(
            "`{text}` has host bits set: the range that contains it is {canonical}"
        ));
        return Err(complaint.instead(canonical.to_string()));
    }
    // IPv6 has several right spellings; IPv4 and a prefix length have one, and a leading zero is read as octal
    // elsewhere.
    let prefix = text.split_once('/').map(|(_, prefix)| prefix);
    let has_zeros = prefix != Some(net.prefix_len().to_string().as_str());
    if has_zeros || (matches!(net, IpNet::V4(_)) && net.to_string() != text) {
        return Err(
            Complaint::new(format!("`{text}` is spelled with leading zeros")).instead(net.to_string())
        );
    }
    Ok(canonical)
}

fn read_ports(text: &str) -> Result<String, Complaint> {
    let port = |part: &str| {
        number::<u16>(part).ok_or_else(|| {
            let complaint = Complaint::new(format!(
                "`{text}` is not a port from 0 to 65535 or a range of them"
            ));
            match without_zeros(text) {
                Some(plain) => {
                    Complaint::new(format!("`{text}` is spelled with leading zeros")).instead(plain)
                }
                None => complaint,
            }
        })
    };
    let Some((from, to)) = text.split_once('-') else {
        return Ok(port(text)?.to_string());
    };
    let (from, to) = (
        port(from.trim_end_matches(' '))?,
        port(to.trim_start_matches(' '))?,
    );
    if from > to {
        return Err(
            Complaint::new(format!("the range `{text}` ends before it starts"))
                .instead(format!("{to}-{from}")),
        );
    }
    Ok(Ports { from, to }.to_string())
}

/// A number in plain digits: no sign, and no leading zeros, which mean octal in YAML and elsewhere.
pub fn number<T: FromStr>(text: &str) -> Option<T> {
    let plain = text == "0" || !text.starts_with('0');
    text.parse()
        .ok()
        .filter(|_| plain && text.chars().all(|c| c.is_ascii_digit()))
}

/// A number, or two of them with a hyphen, without the leading zeros that it has; none where it has none.
fn without_zeros(text: &str) -> Option<String> {
    let plain =
        |part: &str| number::<u16>(part.trim()).or_else(|| number(part.trim().trim_start_matches('0')));
    let parts: Option<Vec<String>> = text
        .split('-')
        .map(|part| plain(part).map(|number| number.to_string()))
        .collect();
    parts.map(|parts| parts.join("-")).filter(|plain| plain != text)
}

/// Ports from one to another, both included; spelled `22` or `8000-8080`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The first.
    pub from: u16,
    /// The last.
    pub to: u16,
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            self.from.fmt(f)
        } else {
            write!(f, "{}-{}", self.from, self.to)
        }
    }
}

impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|()| D::Error::custom(format!("`{text}` is no range of ports")))
    }
}

impl FromStr for Ports {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let port = |text| number(text).ok_or(());
        Ok(Self {
            from: port(from)?,
            to: port(to)?,
        })
    }
}

fn read_protocol(text: &str) -> Result<String, Complaint> {
    if matches!(text, "tcp" | "udp" | "icmp" | "icmpv6" | "all") {
        return Ok(text.to_owned());
    }
    if text == "-1" {
        return Err(Complaint::new("`-1` is EC2's spelling of every protocol").instead("all"));
    }
    match number(text) {
        Some(number) => Ok(protocol_name(number)),
        None => {
            let lower = text.to_ascii_lowercase();
            let complaint = Complaint::new(format!(
                "`{text}` is not a protocol: tcp, udp, icmp, icmpv6, all, or a number from 0 to 255"
            ));
            Err(
                if matches!(lower.as_str(), "tcp" | "udp" | "icmp" | "icmpv6" | "all") {
                    complaint.instead(lower)
                } else {
                    complaint
                },
            )
        }
    }
}

/// The name that EC2 answers for a protocol number, or the number where it has none.
fn protocol_name(number: u8) -> String {
    match number {
        1 => "icmp".into(),
        6 => "tcp".into(),
        17 => "udp".into(),
        58 => "icmpv6".into(),
        other => other.to_string(),
    }
}

/// Whether two ranges share an address.
pub fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_canonical_or_corrected() {
        assert_eq!((IPV4_RANGE.read)("10.0.0.0/16").unwrap(), "10.0.0.0/16");
        assert_eq!(
            (IPV4_RANGE.read)("10.0.0.5/16").unwrap_err().instead.unwrap(),
            "10.0.0.0/16"
        );
        assert_eq!(
            (IPV4_RANGE.read)("010.0.0.0/8").unwrap_err().instead.as_deref(),
            Some("10.0.0.0/8")
        );
        assert_eq!((RANGE.read)("2001:DB8:0:0::/64").unwrap(), "2001:db8::/64");
        assert_eq!(
            (RANGE.read)("10.0.0.1").unwrap_err().instead.unwrap(),
            "10.0.0.1/32"
        );
        assert!((VPC_RANGE.read)("10.0.0.0/8").is_err());
        assert!((VPC_RANGE.read)("10.0.0.0/29").is_err());
        for kept in [
            "0.1.0.0/16",
            "127.0.0.0/16",
            "169.254.0.0/24",
            "224.0.0.0/16",
            "255.255.0.0/16",
        ] {
            assert!((VPC_RANGE.read)(kept).is_err(), "{kept}");
        }
        for free in [
            "1.0.0.0/16",
            "100.64.0.0/16",
            "172.17.0.0/16",
            "198.19.0.0/16",
            "203.0.113.0/24",
        ] {
            assert_eq!((VPC_RANGE.read)(free).unwrap(), free);
        }
    }

    #[test]
    fn ports_and_protocols_have_one_spelling() {
        assert_eq!((PORTS.read)("22").unwrap(), "22");
        assert_eq!((PORTS.read)("80-80").unwrap(), "80");
        assert_eq!((PORTS.read)("90-80").unwrap_err().instead.unwrap(), "80-90");
        assert!((PORTS.read)("70000").is_err());
        assert!((PORTS.read)("+22").is_err());
        assert_eq!((PORTS.read)("8000 - 8080").unwrap(), "8000-8080");
        assert_eq!((PORTS.read)("022").unwrap_err().instead.unwrap(), "22");
        assert_eq!((PORTS.read)("080-0090").unwrap_err().instead.unwrap(), "80-90");
        assert!((PROTOCOL.read)("006").is_err());
        assert_eq!((PROTOCOL.read)("6").unwrap(), "tcp");
        assert_eq!((PROTOCOL.read)("50").unwrap(), "50");
        assert_eq!((PROTOCOL.read)("TCP").unwrap_err().instead.unwrap(), "tcp");
        assert_eq!((PROTOCOL.read)("-1").unwrap_err().instead.unwrap(), "all");
    }
}
