//! Network ACLs, their entries and which subnet uses which.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::vpc::Vpc;
use super::{Kind, range, tag, yes};
use crate::call::{ACCOUNT, Answer, Call, Listing};
use crate::state::Region;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::USUAL;
use crate::wire::{Fault, Xml};

/// The most entries of one direction and one address family that AWS grants, EC2's own last one included.
const ENTRIES_LIMIT: usize = 40;
/// The rule that ends each direction and denies.
const LAST: u32 = 32767;
/// The same of IPv6.
const LAST_IPV6: u32 = 32768;

/// The addresses of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Peer {
    /// IPv4.
    V4(Ipv4Net),
    /// IPv6.
    V6(Ipv6Net),
}

/// An entry; its key is direction and number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Its direction.
    pub egress: bool,
    /// Its number: lower ones are tried first.
    pub number: u32,
    /// A protocol number, or `-1`.
    pub protocol: String,
    /// `allow` or `deny`.
    pub action: String,
    /// Whom it concerns.
    pub peer: Peer,
    /// First and last port, of TCP and UDP.
    pub ports: Option<(i32, i32)>,
    /// Type and code, of ICMP.
    pub icmp: Option<(i32, i32)>,
}

impl Entry {
    fn all(egress: bool, number: u32, action: &str) -> Self {
        Self {
            egress,
            number,
            protocol: "-1".into(),
            action: action.to_owned(),
            peer: Peer::V4(Ipv4Net::default()),
            ports: None,
            icmp: None,
        }
    }

    fn all_ipv6(egress: bool, number: u32, action: &str) -> Self {
        Self {
            peer: Peer::V6(Ipv6Net::default()),
            ..Self::all(egress, number, action)
        }
    }
}

/// A network ACL.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NetworkAcl {
    /// Its VPC.
    pub vpc: String,
    /// Whether EC2 made it with the VPC.
    pub is_default: bool,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// Association ids with their subnets.
    pub associations: Vec<(String, String)>,
}

impl Row for NetworkAcl {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.vpc);
        for (id, subnet) in &self.associations {
            add(id);
            add(subnet);
        }
    }
}

type See<'a, 'b> = &'a Seen<'b, NetworkAcl>;

fn entries(seen: See<'_, '_>, add: &mut dyn FnMut(&str), value: fn(&Entry) -> Option<String>) {
    seen.row
        .entries
        .iter()
        .filter_map(value)
        .for_each(|text| add(&text));
}

impl Kind for NetworkAcl {
    const PREFIX: &'static str = "acl";
    const RESOURCE: &'static str = "network-acl";
    const NOUN: &'static str = "networkAcl ID";
    const NOT_FOUND: &'static str = "InvalidNetworkAclID.NotFound";
    const MALFORMED: &'static str = "InvalidNetworkAclId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![NetworkAcl:
        "network-acl-id" => |seen, add| add(seen.id),
        "vpc-id" => |seen, add| add(&seen.row.vpc),
        "owner-id" => |_, add| add(ACCOUNT),
        "default" => |seen, add| add(yes(seen.row.is_default)),
        "association.association-id" => |seen, add| seen.row.associations.iter().for_each(|(id, _)| add(id)),
        "association.network-acl-id" => |seen, add| if !seen.row.associations.is_empty() { add(seen.id) },
        "association.subnet-id" => |seen, add| seen.row.associations.iter().for_each(|(_, subnet)| add(subnet)),
        "entry.cidr" => |seen, add| entries(seen, add, |e| match &e.peer { Peer::V4(net) => Some(net.to_string()), Peer::V6(_) => None }),
        "entry.ipv6-cidr" => |seen, add| entries(seen, add, |e| match &e.peer { Peer::V6(net) => Some(net.to_string()), Peer::V4(_) => None }),
        "entry.egress" => |seen, add| entries(seen, add, |e| Some(yes(e.egress).to_owned())),
        "entry.icmp.type" => |seen, add| entries(seen, add, |e| e.icmp.map(|(kind, _)| kind.to_string())),
        "entry.icmp.code" => |seen, add| entries(seen, add, |e| e.icmp.map(|(_, code)| code.to_string())),
        "entry.port-range.from" => |seen, add| entries(seen, add, |e| e.ports.map(|(from, _)| from.to_string())),
        "entry.port-range.to" => |seen, add| entries(seen, add, |e| e.ports.map(|(_, to)| to.to_string())),
        "entry.protocol" => |seen, add| entries(seen, add, |e| Some(e.protocol.clone())),
        "entry.rule-action" => |seen, add| entries(seen, add, |e| Some(e.action.clone())),
        "entry.rule-number" => |seen, add| entries(seen, add, |e| Some(e.number.to_string())),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.network_acls
    }
}

fn write(x: &mut Xml, seen: &Seen<'_, NetworkAcl>) {
    x.text("networkAclId", seen.id);
    x.text("vpcId", &seen.row.vpc);
    x.text("ownerId", ACCOUNT);
    x.text("default", seen.row.is_default);
    x.set("entrySet", &seen.row.entries, |x, entry| {
        x.text("ruleNumber", entry.number);
        x.text("protocol", &entry.protocol);
        x.text("ruleAction", &entry.action);
        x.text("egress", entry.egress);
        match &entry.peer {
            Peer::V4(net) => x.text("cidrBlock", net),
            Peer::V6(net) => x.text("ipv6CidrBlock", net),
        }
        if let Some((kind, code)) = entry.icmp {
            x.element("icmpTypeCode", |x| {
                x.text("type", kind);
                x.text("code", code);
            });
        }
        if let Some((from, to)) = entry.ports {
            x.element("portRange", |x| {
                x.text("from", from);
                x.text("to", to);
            });
        }
    });
    x.set("associationSet", &seen.row.associations, |x, (id, subnet)| {
        x.text("networkAclAssociationId", id);
        x.text("networkAclId", seen.id);
        x.text("subnetId", subnet);
    });
    tag::write(x, seen.region, seen.id);
}

/// The default ACL of a new VPC: all is allowed.
pub fn make_default(call: &mut Call<'_>, vpc: &str) {
    let id = call.new_id("acl");
    let entries = [true, false]
        .into_iter()
        .flat_map(|egress| [Entry::all(egress, 100, "allow"), Entry::all(egress, LAST, "deny")])
        .collect();
    call.region.network_acls.insert(
        id,
        NetworkAcl {
            vpc: vpc.to_owned(),
            is_default: true,
            entries,
            associations: Vec::new(),
        },
    );
}

/// The entries that a new ACL of a VPC denies with.
fn denies(call: &Call<'_>, vpc: &str) -> Vec<Entry> {
    let row = call.region.vpcs.get(vpc);
    let has_ipv6 = row.is_some_and(|row| row.ipv6_ranges().next().is_some());
    let ipv6 = |egress| has_ipv6.then(|| Entry::all_ipv6(egress, LAST_IPV6, "deny"));
    [true, false]
        .into_iter()
        .flat_map(|egress| [Some(Entry::all(egress, LAST, "deny")), ipv6(egress)])
        .flatten()
        .collect()
}

/// The VPC has an IPv6 range: every ACL denies what no other entry allows, and the default one allows all where
/// nobody has changed that direction.
pub fn open_ipv6(call: &mut Call<'_>, vpc: &str) {
    for id in call.region.network_acls.referring_ids(vpc) {
        call.region.network_acls.update(&id, |acl| {
            for egress in [true, false] {
                let of = |acl: &NetworkAcl| {
                    let own = acl.entries.iter().filter(|entry| entry.egress == egress);
                    own.map(|entry| entry.number).collect::<Vec<_>>()
                };
                let numbers = of(acl);
                let is_untouched = acl.entries.iter().any(|entry| {
                    let made = Entry::all(egress, 100, "allow");
                    (entry.egress, entry.number, &entry.peer) == (egress, 100, &made.peer)
                        && (&entry.protocol, &entry.action) == (&made.protocol, &made.action)
                });
                let others = numbers
                    .iter()
                    .filter(|number| ![LAST, LAST_IPV6].contains(number));
                if acl.is_default && is_untouched && others.count() == 1 {
                    acl.entries.push(Entry::all_ipv6(egress, 101, "allow"));
                }
                if !numbers.contains(&LAST_IPV6) {
                    acl.entries.push(Entry::all_ipv6(egress, LAST_IPV6, "deny"));
                }
            }
            acl.entries.sort_by_key(|entry| (!entry.egress, entry.number));
        });
    }
}

/// A new subnet starts in the default ACL of its VPC.
pub fn adopt_subnet(call: &mut Call<'_>, vpc: &str, subnet: &str) {
    let default = call
        .region
        .network_acls
        .referring(vpc)
        .find(|(_, acl)| acl.is_default)
        .map(|(id, _)| id.clone());
    if let Some(default) = default {
        let association = call.new_id("aclassoc");
        call.region.network_acls.update(&default, |acl| {
            acl.associations.push((association, subnet.to_owned()));
        });
    }
}

/// A subnet is gone, and its association with it.
pub fn drop_subnet(region: &mut Region, subnet: &str) {
    for id in region.network_acls.referring_ids(subnet) {
        region
            .network_acls
            .update(&id, |acl| acl.associations.retain(|(_, member)| member != subnet));
    }
}

/// `CreateNetworkAcl`: it denies everything until it has entries.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let vpc = call.params.required("VpcId")?;
    call.find::<Vpc>(vpc)?;
    let tags = call.tags_for("network-acl", &["network-acl"])?;
    let id = call.new_id("acl");
    call.tag(&id, tags);
    let row = NetworkAcl {
        vpc: vpc.to_owned(),
        is_default: false,
        entries: denies(call, vpc),
        associations: Vec::new(),
    };
    x.element("networkAcl", |x| {
        write(
            x,
            &Seen {
                id: &id,
                row: &row,
                region: call.region,
            },
        );
    });
    call.region.network_acls.insert(id, row);
    Ok(())
}

/// `DescribeNetworkAcls`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    call.describe(
        x,
        &Listing {
            ids: "NetworkAclId",
            set: "networkAclSet",
            pages: Some(USUAL),
        },
        write,
    )
}

/// `DeleteNetworkAcl`: neither a default one nor one that a subnet uses.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("NetworkAclId")?;
    let acl = call.find::<NetworkAcl>(id)?;
    if acl.is_default {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("cannot delete default network ACL {id}"),
        ));
    }
    if !acl.associations.is_empty() {
        return Err(Fault::dependency("networkAcl", id));
    }
    call.region.network_acls.remove(id);
    call.region.tags.remove(id);
    x.done();
    Ok(())
}

fn read_entry(call: &Call<'_>) -> Result<Entry, Fault> {
    let p = call.params;
    let number: u32 = p
        .number("RuleNumber")?
        .ok_or_else(|| Fault::missing("ruleNumber"))?;
    if !(1..LAST).contains(&number) {
        return Err(Fault::invalid(
            &number.to_string(),
            "ruleNumber",
            "it must be between 1 and 32766",
        ));
    }
    let egress = p.flag("Egress")?.ok_or_else(|| Fault::missing("egress"))?;
    let protocol = match p.required("Protocol")?.to_ascii_lowercase().as_str() {
        "tcp" => "6".to_owned(),
        "udp" => "17".to_owned(),
        "icmp" => "1".to_owned(),
        "icmpv6" => "58".to_owned(),
        "all" => "-1".to_owned(),
        other if other == "-1" || other.parse::<u8>().is_ok() => other.to_owned(),
        other => return Err(Fault::invalid(other, "protocol", "Unknown protocol.")),
    };
    let action = p.required("RuleAction")?;
    if !matches!(action, "allow" | "deny") {
        return Err(Fault::invalid(action, "ruleAction", "it must be allow or deny"));
    }
    let peer = match (p.filled("CidrBlock"), p.filled("Ipv6CidrBlock")) {
        (Some(text), None) => Peer::V4(range::v4(text, "cidrBlock")?),
        (None, Some(text)) => Peer::V6(range::v6(text, "ipv6CidrBlock")?),
        (None, None) => return Err(Fault::missing("cidrBlock")),
        _ => {
            return Err(Fault::combination(
                "Only one of cidrBlock and ipv6CidrBlock can be specified",
            ));
        }
    };
    let ports = read_pair(call, "PortRange", ("From", "To"))?;
    let icmp = read_pair(call, "Icmp", ("Type", "Code"))?;
    let needs_icmp = protocol == "1" || (protocol == "58" && matches!(peer, Peer::V6(_)));
    let ports = match protocol.as_str() {
        "6" | "17" => {
            let (from, to) = ports.ok_or_else(|| Fault::missing("portRange"))?;
            if !(0 <= from && from <= to && to <= 65535) {
                return Err(Fault::invalid(
                    &format!("{from}-{to}"),
                    "portRange",
                    "it is not a range of ports",
                ));
            }
            Some((from, to))
        }
        _ => None,
    };
    let icmp = if needs_icmp {
        Some(icmp.ok_or_else(|| Fault::missing("icmpTypeCode"))?)
    } else {
        None
    };
    if let Some((kind, code)) = icmp.filter(|(kind, code)| {
        [kind, code]
            .into_iter()
            .any(|number| !(-1..=255).contains(number))
    }) {
        return Err(Fault::invalid(
            &format!("{kind}:{code}"),
            "icmpTypeCode",
            "a type and a code are -1 to 255",
        ));
    }
    Ok(Entry {
        egress,
        number,
        protocol,
        action: action.to_owned(),
        peer,
        ports,
        icmp,
    })
}

fn read_pair(call: &Call<'_>, name: &str, members: (&str, &str)) -> Result<Option<(i32, i32)>, Fault> {
    let Some(node) = call.params.child(name) else {
        return Ok(None);
    };
    let first = node.number(members.0)?.ok_or_else(|| Fault::missing(members.0))?;
    let second = node.number(members.1)?.ok_or_else(|| Fault::missing(members.1))?;
    Ok(Some((first, second)))
}

/// `CreateNetworkAclEntry`.
pub fn create_entry(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("NetworkAclId")?;
    let acl = call.find::<NetworkAcl>(id)?;
    let entry = read_entry(call)?;
    if acl
        .entries
        .iter()
        .any(|have| have.egress == entry.egress && have.number == entry.number)
    {
        return Err(Fault::new(
            "NetworkAclEntryAlreadyExists",
            format!(
                "The network acl entry identified by {} already exists.",
                entry.number
            ),
        ));
    }
    let is_v6 = |entry: &Entry| matches!(entry.peer, Peer::V6(_));
    let alike = acl
        .entries
        .iter()
        .filter(|have| have.number < LAST && have.egress == entry.egress && is_v6(have) == is_v6(&entry));
    if alike.count() + 1 >= ENTRIES_LIMIT {
        return Err(Fault::new(
            "NetworkAclEntryLimitExceeded",
            format!("Network ACL {id} has too many entries"),
        ));
    }
    call.region.network_acls.update(id, |acl| {
        acl.entries.push(entry);
        acl.entries.sort_by_key(|entry| (!entry.egress, entry.number));
    });
    x.done();
    Ok(())
}

fn unknown_entry(number: u32) -> Fault {
    Fault::new(
        "InvalidNetworkAclEntry.NotFound",
        format!("The network acl entry identified by {number} does not exist."),
    )
}

/// `ReplaceNetworkAclEntry`.
pub fn replace_entry(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("NetworkAclId")?;
    let acl = call.find::<NetworkAcl>(id)?;
    let entry = read_entry(call)?;
    let at = acl
        .entries
        .iter()
        .position(|have| have.egress == entry.egress && have.number == entry.number);
    let at = at.ok_or_else(|| unknown_entry(entry.number))?;
    call.region.network_acls.update(id, |acl| acl.entries[at] = entry);
    x.done();
    Ok(())
}

/// `DeleteNetworkAclEntry`.
pub fn delete_entry(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("NetworkAclId")?;
    let acl = call.find::<NetworkAcl>(id)?;
    let number: u32 = call
        .params
        .number("RuleNumber")?
        .ok_or_else(|| Fault::missing("ruleNumber"))?;
    let egress = call
        .params
        .flag("Egress")?
        .ok_or_else(|| Fault::missing("egress"))?;
    if number >= LAST {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("The network acl entry {number} cannot be deleted"),
        ));
    }
    let at = acl
        .entries
        .iter()
        .position(|have| have.egress == egress && have.number == number);
    let at = at.ok_or_else(|| unknown_entry(number))?;
    call.region.network_acls.update(id, |acl| acl.entries.remove(at));
    x.done();
    Ok(())
}

/// `ReplaceNetworkAclAssociation`: a subnet moves to another ACL under a new association id.
pub fn replace_association(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let association = call.params.required("AssociationId")?;
    let id = call.params.required("NetworkAclId")?;
    let unknown = || {
        Fault::new(
            "InvalidAssociationID.NotFound",
            format!("The association ID '{association}' does not exist"),
        )
    };
    let (old, row) = call
        .region
        .network_acls
        .owner_of(association)
        .ok_or_else(unknown)?;
    let subnet = row
        .associations
        .iter()
        .find(|(have, _)| have == association)
        .ok_or_else(unknown)?
        .1
        .clone();
    let (old, vpc) = (old.clone(), row.vpc.clone());
    if call.find::<NetworkAcl>(id)?.vpc != vpc {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("Network ACL {id} and subnet {subnet} belong to different networks"),
        ));
    }
    let new = call.new_id("aclassoc");
    call.region.network_acls.update(&old, |acl| {
        acl.associations.retain(|(have, _)| have != association);
    });
    call.region
        .network_acls
        .update(id, |acl| acl.associations.push((new.clone(), subnet)));
    x.text("newAssociationId", new);
    Ok(())
}
