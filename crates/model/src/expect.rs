//! Expectations: what a spec says must hold about who can talk to whom.
//!
//! Only what is written is here; whether it holds is worked out by the crate `reach`.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::Place;
use crate::kind::is_id_tail;
use crate::kinds::vpc_endpoint::service;
use crate::net::{Complaint, Format, RANGE, TEXT, id_tail, ipv4, ipv6, is_word, range};
use crate::schema::{Attribute, Type};
use crate::service::SERVICES;
use crate::value::Value;
use crate::{Address, Kind};

/// What is expected of one party and another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Who asks.
    pub from: String,
    /// Whether it is expected to work.
    pub demand: Demand,
    /// Who is asked for.
    pub to: String,
    /// The services meant. Without any: for `can`, TCP 443 of a service of AWS and else anything that is
    /// answered; for `cannot`, everything that is answered.
    pub over: Option<String>,
    /// Services that a `cannot` leaves out.
    pub except: Option<String>,
    /// A gateway, endpoint or connection that every packet must go through, by address or id.
    pub via: Option<String>,
    /// Whether nothing else may work.
    pub only: bool,
    /// An action that the endpoints on the way must permit, such as `s3:ListAllMyBuckets`.
    pub action: Option<String>,
    /// Whether what cannot be told is a warning only.
    pub warn_on_unknown: bool,
    /// Where the spec says so.
    pub place: Place,
    /// Where its fields stand, by name.
    pub places: BTreeMap<String, Place>,
}

/// Whether something is expected to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// From every member of the one party to every member of the other.
    Can,
    /// From no member of the one party to any member of the other, over no port and from none.
    Cannot,
}

impl Demand {
    /// The field that says so.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Can => "can",
            Self::Cannot => "cannot",
        }
    }
}

impl Expectation {
    /// That much and no more: over whatever its demand means, on any way, anywhere.
    pub fn new(from: &str, demand: Demand, to: &str) -> Self {
        Self {
            from: from.to_owned(),
            demand,
            to: to.to_owned(),
            over: None,
            except: None,
            via: None,
            only: false,
            action: None,
            warn_on_unknown: false,
            place: Place::default(),
            places: BTreeMap::new(),
        }
    }

    /// Where a field stands, or the whole where the field is not written.
    pub fn place(&self, field: &str) -> Place {
        self.places.get(field).unwrap_or(&self.place).clone()
    }
}

/// As a sentence: `instance.private-host can reach s3 over tcp/443 via vpc_endpoint.s3`.
impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} reach {}", self.from, self.demand.as_str(), self.to)?;
        for (word, services) in [
            (" over ", &self.over),
            (" except ", &self.except),
            (" via ", &self.via),
            (" action ", &self.action),
        ] {
            if let Some(services) = services {
                write!(f, "{word}{services}")?;
            }
        }
        f.write_str(if self.only { " only" } else { "" })
    }
}

/// The fields of an expectation, as a spec has them.
pub static FIELDS: &[Attribute] = &[
    Attribute::named(
        "from",
        Type::Text(&PARTY),
        "Who asks: a host, all hosts of a subnet or group, `internet`, a range, a tag.",
    )
    .required(),
    Attribute::named(
        "can",
        Type::Text(&PARTY),
        "Who is reached: from every member of the one party to every member of the other.",
    ),
    Attribute::named(
        "cannot",
        Type::Text(&PARTY),
        "Who is not reached, by any member of the one party at any member of the other.",
    ),
    Attribute::named(
        "over",
        Type::Text(&SERVICES),
        "Which services. Left out: of `can`, tcp/443 for AWS services and else anything; of `cannot`, everything.",
    ),
    Attribute::named(
        "via",
        Type::Text(&WAY),
        "With `can`: a gateway, endpoint or peering connection that every packet goes through.",
    ),
    Attribute::named("only", Type::Bool, "With `can` and `over`: nothing else works.")
        .default(|| Value::Bool(false)),
    Attribute::named(
        "except",
        Type::Text(&SERVICES),
        "With `cannot`: services that are left out.",
    ),
    Attribute::named(
        "action",
        Type::Text(&TEXT),
        "With `can`: an action that the endpoints on the way permit, such as s3:GetObject.",
    ),
    Attribute::named(
        "on_unknown",
        Type::Choice(&["fail", "warn"]),
        "What follows where it cannot be told.",
    )
    .default(|| Value::text("fail")),
];

/// The internet over IPv4 alone.
pub const INTERNET_V4: &str = "internet/ipv4";
/// The internet over IPv6 alone.
pub const INTERNET_V6: &str = "internet/ipv6";

/// The kinds whose resources are parties.
pub const PARTIES: [Kind; 4] = [
    Kind::Instance,
    Kind::Subnet,
    Kind::SecurityGroup,
    Kind::VpcEndpoint,
];

/// The kinds that packets go through.
pub const WAYS: [Kind; 4] = [
    Kind::InternetGateway,
    Kind::NatGateway,
    Kind::VpcPeeringConnection,
    Kind::VpcEndpoint,
];

/// The services of AWS that are parties by their short names alone; all others are written `aws/ssm`.
pub const AWS_SERVICES: [&str; 2] = ["s3", "dynamodb"];

/// Whether a party is a service of AWS: `s3`, `aws/ssm`, or a full name.
pub fn is_aws_service(party: &str) -> bool {
    AWS_SERVICES.contains(&party) || party.starts_with("aws/") || service::is_full(party)
}

/// The pattern of a resource's name.
macro_rules! name {
    () => {
        "[a-z0-9][a-z0-9._-]{0,127}"
    };
}

static PARTY: Format = Format {
    what: "a party: instance.x, subnet.x, security_group.x, vpc_endpoint.x, internet, s3, dynamodb, aws/ssm, cidr/10.0.0.0/8, tag/key=value, an id or an address",
    pattern: concat!(
        "^(internet(/ipv[46])?|s3|dynamodb|aws/[a-z0-9][a-z0-9.-]*|com\\.amazonaws\\.[a-z0-9.-]+|cidr/(",
        range!(),
        ")|",
        ipv4!(),
        "|",
        ipv6!(),
        "|(eni|pcx|tgw|eigw|i|subnet|sg|vpce)-",
        id_tail!(),
        "|(instance|subnet|security_group|vpc_endpoint)\\.",
        name!(),
        ")$|^tag/[^=]"
    ),
    number: false,
    read: read_party,
};

static WAY: Format = Format {
    what: "a gateway, endpoint or peering connection, such as vpc_endpoint.s3, or its id",
    pattern: concat!(
        "^((eni|pcx|tgw|eigw|igw|nat|vpce)-",
        id_tail!(),
        "|(internet_gateway|nat_gateway|vpc_peering_connection|vpc_endpoint)\\.",
        name!(),
        ")$"
    ),
    number: false,
    read: |text| {
        read_named(text, &WAYS).unwrap_or_else(|| {
            Err(Complaint::new(format!(
                "`{text}` is no gateway, endpoint or peering connection"
            )))
        })
    },
};

fn read_party(text: &str) -> Result<String, Complaint> {
    let is_service = AWS_SERVICES.contains(&text)
        || text
            .strip_prefix("aws/")
            .is_some_and(|name| is_word(name, ".-") && !name.starts_with(['.', '-']))
        || text
            .strip_prefix("com.amazonaws.")
            .is_some_and(|name| is_word(name, ".-"));
    if matches!(text, "internet" | INTERNET_V4 | INTERNET_V6) || is_service {
        return Ok(text.to_owned());
    }
    if let Some(range) = text.strip_prefix("cidr/") {
        let prefixed = |complaint: Complaint| Complaint {
            instead: complaint.instead.map(|range| format!("cidr/{range}")),
            ..complaint
        };
        return (RANGE.read)(range)
            .map(|range| format!("cidr/{range}"))
            .map_err(prefixed);
    }
    if let Some(tag) = text.strip_prefix("tag/") {
        let key = tag.split('=').next().unwrap_or_default();
        return if key.is_empty() {
            Err(Complaint::new(format!("`{text}` names no tag")))
        } else {
            Ok(text.to_owned())
        };
    }
    if text.parse::<std::net::IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    if let Some(read) = read_named(text, &PARTIES) {
        return read;
    }
    let complaint = Complaint::new(format!("`{text}` is no party"));
    // A bare range, a bare tag, a bare service.
    let meant = [
        ("aws/", service::INTERFACE.contains(&text)),
        ("cidr/", (RANGE.read)(text).is_ok()),
        ("tag/", text.contains('=')),
    ]
    .into_iter()
    .find(|(_, is)| *is);
    Err(match meant {
        Some((prefix, _)) => complaint.instead(format!("{prefix}{text}")),
        None => complaint,
    })
}

/// Reads an address or an id of one of these kinds; none where it has neither form.
fn read_named(text: &str, kinds: &[Kind]) -> Option<Result<String, Complaint>> {
    // Network interfaces and transit gateways are no kinds here and may be named all the same, and so may what
    // else others have.
    let foreign = ["eni-", "pcx-", "tgw-", "eigw-"]
        .iter()
        .any(|prefix| text.strip_prefix(prefix).is_some_and(is_id_tail));
    if foreign || kinds.iter().any(|kind| kind.is_id(text)) {
        return Some(Ok(text.to_owned()));
    }
    let address: Address = text.parse().ok()?;
    Some(if kinds.contains(&address.kind) {
        Ok(text.to_owned())
    } else {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        Err(Complaint::new(format!(
            "`{text}` is of kind {}, and only {} are named here",
            address.kind,
            kinds.join(", ")
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_are_read_or_corrected() {
        for good in [
            "internet",
            "internet/ipv6",
            "s3",
            "instance.web",
            "i-0123456789abcdef0",
            "cidr/10.0.0.0/8",
            "tag/tier=web",
            "tag/tier",
            "203.0.113.9",
        ] {
            assert_eq!((PARTY.read)(good).as_deref(), Ok(good));
        }
        for (bad, meant) in [
            ("10.0.0.0/8", "cidr/10.0.0.0/8"),
            ("tier=web", "tag/tier=web"),
            ("cidr/10.0.0.1/8", "cidr/10.0.0.0/8"),
        ] {
            assert_eq!((PARTY.read)(bad).unwrap_err().instead.as_deref(), Some(meant));
        }
        assert_eq!(
            (PARTY.read)("vpc.main").unwrap_err().message,
            "`vpc.main` is of kind vpc, and only instance, subnet, security_group, vpc_endpoint are named here"
        );
        assert!((PARTY.read)("web").is_err() && (PARTY.read)("tag/").is_err());
        assert!(
            (WAY.read)("vpc_endpoint.s3").is_ok()
                && (WAY.read)("instance.x").is_err()
                && (WAY.read)("pcx-0123456789abcdef0").is_ok()
        );
    }
}
