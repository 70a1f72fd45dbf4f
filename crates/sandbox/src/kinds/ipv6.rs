//! IPv6 ranges of VPCs and subnets: what they have in common.

use ipnet::Ipv6Net;
use serde::{Deserialize, Serialize};

use super::range;
use crate::wire::{Fault, Xml};

/// A range of a VPC or of a subnet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Range6 {
    /// `vpc-cidr-assoc-…` or `subnet-cidr-assoc-…`.
    pub id: String,
    /// The range.
    pub net: Ipv6Net,
    /// `associating`, `associated`, `disassociating` or `disassociated`.
    pub state: String,
    /// The pool that it is from: `Amazon`, or an address pool of the account. Of a subnet's range nothing.
    pub pool: Option<String>,
}

impl Range6 {
    /// Whether it is in use, or about to be.
    pub fn counts(&self) -> bool {
        self.state == "associated" || self.state == "associating"
    }

    /// The range as answers show it: what Amazon gives is reported once it is given.
    pub fn shown(&self) -> String {
        if self.pool.as_deref() == Some(AMAZON) && self.state == "associating" {
            String::new()
        } else {
            self.net.to_string()
        }
    }
}

/// The pool of ranges that Amazon gives.
pub const AMAZON: &str = "Amazon";

/// Whether two ranges share an address.
pub fn overlap(a: &Ipv6Net, b: &Ipv6Net) -> bool {
    a.contains(b) || b.contains(a)
}

/// Reads a range of one of EC2's lengths: from `shortest` to `longest` in steps of four bits, and without
/// host bits.
pub fn read(text: &str, lengths: (u8, u8), code: &'static str) -> Result<Ipv6Net, Fault> {
    let net = range::v6(text, "ipv6CidrBlock")?;
    let (shortest, longest) = lengths;
    let length = net.prefix_len();
    if !(shortest..=longest).contains(&length) || length % 4 != 0 {
        return Err(Fault::new(code, format!("The CIDR '{text}' is invalid.")));
    }
    Ok(net)
}

/// What is inside an association, of either kind.
pub fn write(x: &mut Xml, range: &Range6, region: &str) {
    x.text("associationId", &range.id);
    x.text("ipv6CidrBlock", range.shown());
    x.element("ipv6CidrBlockState", |x| x.text("state", &range.state));
    if let Some(pool) = &range.pool {
        x.text("networkBorderGroup", region);
        x.text("ipv6Pool", pool);
    }
    x.text("ipv6AddressAttribute", "public");
    x.text(
        "ipSource",
        match range.pool.as_deref() {
            None | Some(AMAZON) => "amazon",
            Some(_) => "byoip",
        },
    );
}
