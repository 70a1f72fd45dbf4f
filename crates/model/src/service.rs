//! Services as a person writes them: `tcp/443`, `udp/53`, `icmp`, `all`.

use thiserror::Error;

use crate::net::{Complaint, Format, Ports, byte, number, port};

/// A service, or a range of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Everything.
    All,
    /// TCP to the ports from the first to the last one.
    Tcp(u16, u16),
    /// UDP to the ports from the first to the last one.
    Udp(u16, u16),
    /// Echo requests, in either family: what people mean by ICMP.
    Ping,
    /// ICMP of this type and code; none is any.
    Icmp(Option<u8>, Option<u8>),
    /// ICMPv6 of this type and code.
    Icmpv6(Option<u8>, Option<u8>),
    /// All of another IP protocol, by its number.
    Protocol(u8),
}

/// Why a text is no service.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a service: write `tcp/443`, `udp/53`, `tcp/8000-8080`, `icmp`, `icmp/8`, `icmpv6`, a protocol's number, or `all`"
)]
pub struct ServiceError(pub String);

/// The numbers of IP protocols that a spec may name: GRE, ESP, AH. No service has these ports.
const PROTOCOLS: [u8; 3] = [47, 50, 51];

/// The pattern of one service, with the numbers of [`PROTOCOLS`].
macro_rules! service {
    () => {
        concat!(
            " *((tcp|udp)(/(all|[*]|",
            port!(),
            "(-",
            port!(),
            ")?))?|(icmp|ping|icmpv6)(/(all|[*]|",
            byte!(),
            "(/",
            byte!(),
            ")?))?|all|[*]|47|50|51) *"
        )
    };
}

/// Services, for the spec.
pub static SERVICES: Format = Format {
    what: "services such as tcp/443, udp/53, tcp/8000-8080, icmp or all, several with commas",
    pattern: concat!("^", service!(), "(,", service!(), ")*$"),
    number: true,
    read: |text| match services(text) {
        Ok(all) => match all
            .into_iter()
            .find(|service| matches!(service, Service::Protocol(number) if !PROTOCOLS.contains(number)))
        {
            // Who writes a port and forgets the protocol would believe that something is checked.
            Some(_) => Err(
                Complaint::new(format!("`{text}` is an IP protocol's number, not a port"))
                    .instead(format!("tcp/{text}")),
            ),
            None => Ok(text.to_owned()),
        },
        Err(_) => {
            let complaint = Complaint::new(format!("`{text}` is not a service"));
            let turned = text
                .split_once('/')
                .map(|(port, protocol)| format!("{}/{port}", protocol.to_lowercase()));
            // `443/tcp` is how others write it, and `443` means TCP to most.
            let meant = [
                text.to_lowercase().replace(':', "/"),
                turned.unwrap_or_default(),
                format!("tcp/{text}"),
            ];
            Err(match meant.into_iter().find(|meant| services(meant).is_ok()) {
                Some(meant) => complaint.instead(meant),
                None => complaint,
            })
        }
    },
};

/// Reads `tcp/443`, `udp/53`, `tcp/8000-8080`, `icmp`, `icmp/8`, `icmp/8/0`, `icmpv6`, `50`, `all`, or
/// several of them with commas. `icmp` alone is the echo request, in either family, because that is what
/// people ask about; `icmp/all` is all of ICMP.
pub fn services(text: &str) -> Result<Vec<Service>, ServiceError> {
    text.split(',')
        .map(|part| one(part.trim_matches(' ')).ok_or_else(|| ServiceError(text.to_owned())))
        .collect()
}

fn one(text: &str) -> Option<Service> {
    let (protocol, rest) = match text.split_once('/') {
        Some((protocol, rest)) => (protocol, Some(rest)),
        None => (text, None),
    };
    let ports = || match rest {
        None | Some("all" | "*") => Some((0, u16::MAX)),
        Some(text) => text
            .parse()
            .ok()
            .filter(|Ports { from, to }| from <= to)
            .map(|Ports { from, to }| (from, to)),
    };
    let icmp = |of: fn(Option<u8>, Option<u8>) -> Service| match rest {
        None => Some(Service::Ping),
        Some("all" | "*") => Some(of(None, None)),
        Some(rest) => {
            let (ty, code) = rest
                .split_once('/')
                .map_or((rest, None), |(ty, code)| (ty, Some(code)));
            Some(of(
                Some(number(ty)?),
                code.map(|code| number(code).ok_or(())).transpose().ok()?,
            ))
        }
    };
    match protocol {
        "all" | "*" if rest.is_none() => Some(Service::All),
        "tcp" => ports().map(|(from, to)| Service::Tcp(from, to)),
        "udp" => ports().map(|(from, to)| Service::Udp(from, to)),
        "icmp" | "ping" => icmp(Service::Icmp),
        "icmpv6" => icmp(Service::Icmpv6),
        other if rest.is_none() => number(other).map(Service::Protocol),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_read_or_corrected() {
        assert_eq!(
            services("tcp/443, udp/53"),
            Ok(vec![Service::Tcp(443, 443), Service::Udp(53, 53)])
        );
        assert_eq!(services("icmp/8/0"), Ok(vec![Service::Icmp(Some(8), Some(0))]));
        for (text, meant) in [
            ("443/tcp", "tcp/443"),
            ("TCP/443", "tcp/443"),
            ("tcp:443", "tcp/443"),
            ("8080-8090", "tcp/8080-8090"),
        ] {
            assert_eq!((SERVICES.read)(text).unwrap_err().instead.as_deref(), Some(meant));
        }
        assert_eq!(
            (SERVICES.read)("22").unwrap_err().instead.as_deref(),
            Some("tcp/22")
        );
        assert!((SERVICES.read)("50").is_ok());
        assert_eq!((SERVICES.read)("https").unwrap_err().instead, None);
    }
}
