//! Who is let in: clients of EC2 on this machine, and no page in a browser of this machine.
//!
//! A page can send requests to loopback ports: it cannot sign them (that header needs the server's leave),
//! but a form or an image needs none, and a name of the page's own that leads to 127.0.0.1 would make the
//! answers readable. So requests must name a host that is known, must not come out of a browser, and must be
//! signed. The signature itself is not checked: there are no secrets here.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;

use crate::wire::Fault;

/// The names by which a served sandbox may be asked, beside `localhost` and loopback addresses.
#[derive(Clone, Debug, Default)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Loopback and these names or addresses.
    pub fn with(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(
            names
                .into_iter()
                .map(|name| name.into().to_ascii_lowercase())
                .collect(),
        )
    }

    fn has(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            || self.0.iter().any(|name| name == bare)
    }
}

/// Refuses what does not come from a client of EC2 that means this sandbox.
pub fn check(head: &Parts, hosts: &Hosts) -> Result<(), Fault> {
    let forbidden = |why: String| {
        Err(Fault {
            status: 403,
            ..Fault::new("Forbidden", why)
        })
    };
    match host(head) {
        Some(host) if hosts.has(&host) => {}
        Some(host) => {
            let why = "this sandbox is asked by localhost; `sandbox serve --allow-host NAME` lets it be asked by another name";
            return forbidden(format!("The host {host} is not known: {why}"));
        }
        None => return forbidden("The request must name one host".to_owned()),
    }
    if head.headers.contains_key(ORIGIN) || head.headers.contains_key("sec-fetch-site") {
        return forbidden("Requests of web pages are not answered".to_owned());
    }
    if is_signed(head) || only_reads(head) {
        return Ok(());
    }
    let message = "The request must be signed (Signature Version 4); any access key will do";
    Err(Fault {
        status: 403,
        ..Fault::new("MissingAuthenticationToken", message)
    })
}

/// The host that a request names, if it names one.
fn host(head: &Parts) -> Option<String> {
    let mut named = head.headers.get_all(HOST).iter();
    let header = match (named.next(), named.next()) {
        (Some(one), None) => Some(one.to_str().ok()?.parse::<Authority>().ok()?),
        (None, _) => None,
        (Some(_), Some(_)) => return None,
    };
    // A request for a whole URL is for its host, whatever the header says.
    head.uri
        .authority()
        .or(header.as_ref())
        .map(|authority| authority.host().to_owned())
}

fn is_signed(head: &Parts) -> bool {
    let header = head
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let parts = ["Credential=", "SignedHeaders=", "Signature="];
    header.starts_with("AWS4-HMAC-SHA256 ") && parts.iter().all(|part| header.contains(part))
}

/// Whether a request is presigned, which a page can forge, and only reads, which does no harm.
fn only_reads(head: &Parts) -> bool {
    let query: Vec<_> = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).collect();
    let has = |wanted: &str| {
        query
            .iter()
            .any(|(name, value)| name == wanted && !value.is_empty())
    };
    let mut actions = query
        .iter()
        .filter(|(name, _)| name == "Action")
        .map(|(_, action)| action);
    let reads = actions.all(|action| action.starts_with("Describe") || action.starts_with("Get"));
    head.method == http::Method::GET
        && reads
        && ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"]
            .iter()
            .all(|name| has(name))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const SIGNED: &str =
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=0";
    const PRESIGNED: &str =
        "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260101&X-Amz-Signature=0";

    fn ask(request: http::request::Builder) -> Result<(), String> {
        let (head, ()) = request.body(()).unwrap().into_parts();
        check(&head, &Hosts::with(["Sandbox.internal", "10.1.2.3"])).map_err(|fault| fault.code.into_owned())
    }

    #[test]
    fn hosts_are_loopback_or_named() {
        for host in [
            "localhost",
            "LocalHost:4566",
            "127.0.0.1:80",
            "127.9.9.9",
            "[::1]:80",
            "sandbox.internal:1",
            "10.1.2.3",
        ] {
            assert_eq!(
                ask(Request::post("/")
                    .header("host", host)
                    .header("authorization", SIGNED)),
                Ok(()),
                "{host}"
            );
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "10.1.2.4",
            "0.0.0.0",
            "",
            "a b",
            "[::2]",
        ] {
            let refused = ask(Request::post("/")
                .header("host", host)
                .header("authorization", SIGNED));
            assert_eq!(refused, Err("Forbidden".to_owned()), "{host}");
        }
        assert!(
            ask(Request::post("/").header("authorization", SIGNED)).is_err(),
            "no host"
        );
        let two = Request::post("/")
            .header("host", "localhost")
            .header("host", "localhost")
            .header("authorization", SIGNED);
        assert!(ask(two).is_err());
        let other = Request::post("http://evil.example/")
            .header("host", "localhost")
            .header("authorization", SIGNED);
        assert!(ask(other).is_err(), "the URL counts");
    }

    #[test]
    fn pages_and_unsigned_requests_stay_outside() {
        let local = |method: &str, uri: &str| {
            Request::builder()
                .method(method)
                .uri(uri)
                .header("host", "localhost")
        };
        let code = |request| ask(request).unwrap_err();
        assert_eq!(code(local("POST", "/")), "MissingAuthenticationToken");
        assert_eq!(
            code(local("GET", "/?Action=CreateVpc&CidrBlock=10.0.0.0/16")),
            "MissingAuthenticationToken"
        );
        assert_eq!(
            code(local("POST", "/").header("content-type", "text/plain")),
            "MissingAuthenticationToken"
        );
        assert_eq!(
            code(
                local("POST", "/")
                    .header("authorization", SIGNED)
                    .header("origin", "http://evil.example")
            ),
            "Forbidden"
        );
        assert_eq!(
            code(
                local("GET", "/")
                    .header("authorization", SIGNED)
                    .header("sec-fetch-site", "cross-site")
            ),
            "Forbidden"
        );
        assert_eq!(
            ask(local("GET", &format!("/?Action=DescribeVpcs{PRESIGNED}"))),
            Ok(())
        );
        assert_eq!(
            code(local("GET", &format!("/?Action=DeleteVpc{PRESIGNED}"))),
            "MissingAuthenticationToken"
        );
        assert_eq!(
            code(local(
                "GET",
                &format!("/?Action=DescribeVpcs&Action=DeleteVpc{PRESIGNED}")
            )),
            "MissingAuthenticationToken"
        );
        assert_eq!(
            code(local("POST", &format!("/?Action=DescribeVpcs{PRESIGNED}"))),
            "MissingAuthenticationToken"
        );
    }
}
