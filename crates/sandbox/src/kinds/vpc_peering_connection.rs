//! Peering connections of VPCs: one VPC asks, the other one accepts. Peers in another region or account are
//! outside the sandbox: what is asked of them waits, but for one account that accepts everything.

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::vpc::Vpc;
use super::{Kind, tag};
use crate::call::{ACCOUNT, Answer, Call, Listing, has_form};
use crate::due::What;
use crate::state::clock::{HOUR, SECOND, stamp};
use crate::state::table::{Row, Table};
use crate::state::{Millis, Region};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::USUAL;
use crate::wire::{Fault, Node, Xml};

/// The account whose owner accepts every request.
const WILLING: &str = "999999999999";

/// The most active ones that AWS grants to a VPC.
const ACTIVE_LIMIT: usize = 125;

/// The most requests that may wait in an account.
const OUTSTANDING_LIMIT: usize = 25;

/// A request lives so long.
const EXPIRY: Millis = 7 * 24 * HOUR;

/// One end of a peering connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Its VPC.
    pub vpc: String,
    /// Whose that is.
    pub owner: String,
    /// Where.
    pub region: String,
    /// Whether names of its hosts lead to their private addresses for the other side.
    pub dns: bool,
}

/// A peering connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peering {
    /// Who asks.
    pub requester: Side,
    /// Who is asked.
    pub accepter: Side,
    /// How far it is: EC2's code.
    pub state: String,
    /// What EC2 says of that.
    pub message: String,
    /// Until when it may be accepted.
    pub expires: Millis,
    /// Whether EC2 finds that it cannot be.
    pub is_doomed: bool,
}

impl Peering {
    /// Whether it may still come to carry packets, or does.
    fn lives(&self) -> bool {
        matches!(
            self.state.as_str(),
            "initiating-request" | "pending-acceptance" | "provisioning" | "active"
        )
    }

    fn sides(&self) -> [&Side; 2] {
        [&self.requester, &self.accepter]
    }

    /// Whether it is one of these two VPCs, whichever asked.
    fn joins(&self, one: &str, other: &str) -> bool {
        let ids = self.sides().map(|side| side.vpc.as_str());
        ids == [one, other] || ids == [other, one]
    }

    fn set(&mut self, state: &str, message: &str) {
        state.clone_into(&mut self.state);
        message.clone_into(&mut self.message);
    }
}

impl Row for Peering {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        for side in self.sides() {
            add(&side.vpc);
        }
    }
}

type See<'a, 'b> = &'a Seen<'b, Peering>;
type Add<'a> = &'a mut dyn FnMut(&str);

fn ranges(seen: See<'_, '_>, side: &Side, add: Add<'_>) {
    if let Some(vpc) = seen.region.vpcs.get(&side.vpc) {
        vpc.ranges().for_each(|net| add(&net.to_string()));
    }
}

impl Kind for Peering {
    const PREFIX: &'static str = "pcx";
    const RESOURCE: &'static str = "vpc-peering-connection";
    const NOUN: &'static str = "vpcPeeringConnection ID";
    const NOT_FOUND: &'static str = "InvalidVpcPeeringConnectionID.NotFound";
    const MALFORMED: &'static str = "InvalidVpcPeeringConnectionId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![Peering:
        "vpc-peering-connection-id" => |seen, add| add(seen.id),
        "status-code" => |seen, add| add(&seen.row.state),
        "status-message" => |seen, add| add(&seen.row.message),
        "expiration-time" => |seen, add| if seen.row.state == "pending-acceptance" { add(&stamp(seen.row.expires)) },
        "requester-vpc-info.vpc-id" => |seen, add| add(&seen.row.requester.vpc),
        "requester-vpc-info.owner-id" => |seen, add| add(&seen.row.requester.owner),
        "requester-vpc-info.cidr-block" => |seen, add| ranges(seen, &seen.row.requester, add),
        "accepter-vpc-info.vpc-id" => |seen, add| add(&seen.row.accepter.vpc),
        "accepter-vpc-info.owner-id" => |seen, add| add(&seen.row.accepter.owner),
        "accepter-vpc-info.cidr-block" => |seen, add| ranges(seen, &seen.row.accepter, add),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.vpc_peering_connections
    }
}

/// Whether a rule of one VPC may name a group of another one: both are here, and peered.
pub fn is_active_between(region: &Region, one: &str, other: &str) -> bool {
    let mut all = region.vpc_peering_connections.referring(one);
    all.any(|(_, peering)| peering.state == "active" && peering.joins(one, other))
}

fn write(x: &mut Xml, seen: &Seen<'_, Peering>) {
    let row = seen.row;
    x.text("vpcPeeringConnectionId", seen.id);
    x.element("requesterVpcInfo", |x| write_side(x, seen, &row.requester, true));
    x.element("accepterVpcInfo", |x| {
        write_side(x, seen, &row.accepter, row.state == "active");
    });
    x.element("status", |x| {
        x.text("code", &row.state);
        x.text("message", &row.message);
    });
    if row.state == "pending-acceptance" {
        x.text("expirationTime", stamp(row.expires));
    }
    tag::write(x, seen.region, seen.id);
}

/// One end. Of the accepter's EC2 tells ranges and options only once it has accepted, and its options to nobody
/// else.
fn write_side(x: &mut Xml, seen: &Seen<'_, Peering>, side: &Side, is_told: bool) {
    x.text("ownerId", &side.owner);
    x.text("vpcId", &side.vpc);
    x.text("region", &side.region);
    let here = seen.region.vpcs.get(&side.vpc);
    let is_here = side.owner == ACCOUNT && side.region == seen.region.name;
    if !is_told {
        return;
    }
    if let Some(vpc) = here {
        x.maybe("cidrBlock", vpc.cidr());
        x.set("cidrBlockSet", vpc.ranges(), |x, net| x.text("cidrBlock", net));
        let six: Vec<String> = vpc.ipv6_ranges().map(|range| range.net.to_string()).collect();
        if !six.is_empty() {
            x.set("ipv6CidrBlockSet", six, |x, net| x.text("ipv6CidrBlock", net));
        }
    }
    if is_here {
        x.element("peeringOptions", |x| write_options(x, side.dns));
    }
}

fn write_options(x: &mut Xml, dns: bool) {
    x.text("allowDnsResolutionFromRemoteVpc", dns);
    x.text("allowEgressFromLocalClassicLinkToRemoteVpc", false);
    x.text("allowEgressFromLocalVpcToRemoteClassicLink", false);
}

/// Whether the ranges of two VPCs overlap; one that is elsewhere has none that is known.
fn overlap(region: &Region, one: &str, other: &str) -> bool {
    let of = |id: &str| -> Vec<Ipv4Net> {
        let vpc = region.vpcs.get(id);
        vpc.map(|vpc| vpc.ranges().copied().collect()).unwrap_or_default()
    };
    let theirs = of(other);
    of(one).iter().any(|a| {
        theirs
            .iter()
            .any(|b| a.contains(&b.network()) || b.contains(&a.network()))
    })
}

/// Whether a text has the form of a region's name.
fn is_region(text: &str) -> bool {
    let mut parts = text.rsplit('-');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    parts.next().is_some_and(is_number) && parts.clone().count() >= 2 && parts.all(is_word)
}

/// `CreateVpcPeeringConnection`: of a pair that it has already it answers that one, as it is.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let vpc = p.required("VpcId")?;
    let peer = p.required("PeerVpcId")?;
    call.find::<Vpc>(vpc)?;
    let owner = p.filled("PeerOwnerId").unwrap_or(ACCOUNT);
    if owner.len() != 12 || !owner.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::invalid(owner, "peerOwnerId", "it must be an account"));
    }
    let region = p.filled("PeerRegion").unwrap_or(&call.region.name).to_owned();
    if !is_region(&region) {
        return Err(Fault::invalid(&region, "peerRegion", "it must be a region"));
    }
    let is_here = owner == ACCOUNT && region == call.region.name;
    if is_here {
        call.find::<Vpc>(peer)?;
    } else if !has_form(peer, Vpc::PREFIX) {
        return Err(Vpc::malformed(peer));
    }
    if vpc == peer {
        return Err(Fault::invalid(
            peer,
            "peerVpcId",
            "a VPC cannot be peered with itself",
        ));
    }
    let tags = call.tags_for("vpc-peering-connection", &["vpc-peering-connection"])?;
    let side = |vpc: &str, owner: &str, region: &str| Side {
        vpc: vpc.to_owned(),
        owner: owner.to_owned(),
        region: region.to_owned(),
        dns: false,
    };
    let row = Peering {
        requester: side(vpc, ACCOUNT, &call.region.name),
        accepter: side(peer, owner, &region),
        state: "initiating-request".to_owned(),
        message: "Initiating Request to".to_owned() + " " + owner,
        expires: call.now + EXPIRY,
        is_doomed: is_here && overlap(call.region, vpc, peer),
    };
    let asked = |have: &Peering| have.lives() && have.requester.vpc == vpc && have.accepter.vpc == peer;
    let all = call.region.vpc_peering_connections.referring(vpc);
    let have = all
        .into_iter()
        .find(|(_, have)| asked(have))
        .map(|(id, _)| id.clone());
    let id = match have {
        Some(id) => id,
        None => make(call, row, tags)?,
    };
    if let Some(row) = call.region.vpc_peering_connections.get(&id) {
        let (id, region) = (&id, &*call.region);
        x.element("vpcPeeringConnection", |x| write(x, &Seen { id, row, region }));
    }
    Ok(())
}

fn make(call: &mut Call<'_>, row: Peering, tags: crate::state::region::Tags) -> Result<String, Fault> {
    let all = call.region.vpc_peering_connections.iter();
    let waiting = all.filter(|(_, have)| have.state == "pending-acceptance");
    if waiting.count() >= OUTSTANDING_LIMIT {
        return Err(Fault::new(
            "OutstandingVpcPeeringConnectionLimitExceeded",
            "The maximum number of outstanding VPC peering connection requests has been reached.",
        ));
    }
    check_active(call.region, &row.requester.vpc)?;
    let id = call.new_id("pcx");
    call.region.vpc_peering_connections.insert(&id, row);
    call.tag(&id, tags);
    call.later(SECOND, 3 * SECOND, What::PeeringRequested, &id);
    Ok(id)
}

fn check_active(region: &Region, vpc: &str) -> Answer {
    let all = region.vpc_peering_connections.referring(vpc);
    if all.filter(|(_, have)| have.state == "active").count() >= ACTIVE_LIMIT {
        return Err(Fault::new(
            "VpcPeeringConnectionsPerVpcLimitExceeded",
            format!("The maximum number of active VPC peering connections of {vpc} has been reached."),
        ));
    }
    Ok(())
}

/// The request has arrived, or EC2 finds that it cannot be.
pub fn requested(call: &mut Call<'_>, id: &str) {
    let Some(row) = call.region.vpc_peering_connections.get(id).cloned() else {
        return;
    };
    if row.state != "initiating-request" {
        return;
    }
    let (owner, region) = (&row.accepter.owner, &row.accepter.region);
    let is_willing = owner == WILLING && !region.is_empty();
    let is_doomed = row.is_doomed;
    let message = format!("Pending Acceptance by {owner}");
    call.region.vpc_peering_connections.update(id, |row| {
        if is_doomed {
            row.set(
                "failed",
                "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
            );
        } else {
            row.set("pending-acceptance", &message);
        }
    });
    if is_doomed {
        let at = call.now + 2 * HOUR;
        call.at(at, What::Forgotten, id);
        return;
    }
    call.at(row.expires, What::PeeringExpired, id);
    if is_willing {
        call.later(20 * SECOND, 60 * SECOND, What::PeeringActive, id);
    }
}

/// Nobody has accepted it in time.
pub fn expired(call: &mut Call<'_>, id: &str) {
    let is_over = call.region.vpc_peering_connections.update(id, |row| {
        let is_over = row.state == "pending-acceptance";
        if is_over {
            row.set("expired", "Expired");
        }
        is_over
    });
    if is_over == Some(true) {
        let at = call.now + 2 * HOUR;
        call.at(at, What::Forgotten, id);
    }
}

/// It carries packets.
pub fn active(call: &mut Call<'_>, id: &str) {
    call.region.vpc_peering_connections.update(id, |row| {
        if matches!(row.state.as_str(), "provisioning" | "pending-acceptance") {
            row.set("active", "Active");
        }
    });
}

fn wrong_state(id: &str, state: &str, what: &str) -> Fault {
    Fault::new(
        "InvalidStateTransition",
        format!("Invalid state transition for {id}, attempted to transition from {state} to {what}"),
    )
}

/// `AcceptVpcPeeringConnection`.
pub fn accept(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("VpcPeeringConnectionId")?;
    let row = call.find::<Peering>(id)?.clone();
    if row.accepter.owner != ACCOUNT || row.accepter.region != call.region.name {
        return Err(Fault::new(
            "OperationNotPermitted",
            format!("User {ACCOUNT} cannot accept peering {id}"),
        ));
    }
    if row.state != "pending-acceptance" {
        return Err(wrong_state(id, &row.state, "provisioning"));
    }
    let [one, other] = row.sides().map(|side| side.vpc.as_str());
    let is_second = |(have, peering): (&String, &Peering)| {
        have != id && peering.joins(one, other) && matches!(peering.state.as_str(), "active" | "provisioning")
    };
    if call.region.vpc_peering_connections.referring(one).any(is_second) {
        return Err(Fault::new(
            "VpcPeeringConnectionAlreadyExists",
            format!("The vpc peering connection identified by {id} already exists."),
        ));
    }
    for vpc in [one, other] {
        check_active(call.region, vpc)?;
    }
    call.region
        .vpc_peering_connections
        .update(id, |row| row.set("provisioning", "Provisioning"));
    call.later(SECOND, 5 * SECOND, What::PeeringActive, id);
    if let Some((id, row)) = call.region.vpc_peering_connections.entry(id) {
        let region = &*call.region;
        x.element("vpcPeeringConnection", |x| write(x, &Seen { id, row, region }));
    }
    Ok(())
}

/// `RejectVpcPeeringConnection`.
pub fn reject(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("VpcPeeringConnectionId")?;
    let row = call.find::<Peering>(id)?;
    if row.accepter.owner != ACCOUNT || row.accepter.region != call.region.name {
        return Err(Fault::new(
            "OperationNotPermitted",
            format!("User {ACCOUNT} cannot reject peering {id}"),
        ));
    }
    if row.state != "pending-acceptance" {
        return Err(wrong_state(id, &row.state, "rejected"));
    }
    crate::due::cancel(call, id);
    call.region
        .vpc_peering_connections
        .update(id, |row| row.set("rejected", "Rejected by 123456789012"));
    let at = call.now + 2 * HOUR;
    call.at(at, What::Forgotten, id);
    x.done();
    Ok(())
}

/// `DescribeVpcPeeringConnections`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    call.describe(
        x,
        &Listing {
            ids: "VpcPeeringConnectionId",
            set: "vpcPeeringConnectionSet",
            pages: Some(USUAL),
        },
        write,
    )
}

/// What a request says of one side's options.
fn option(p: &Node, side: &str) -> Result<Option<bool>, Fault> {
    p.child(side)
        .map_or(Ok(None), |side| side.flag("AllowDnsResolutionFromRemoteVpc"))
}

/// `ModifyVpcPeeringConnectionOptions`.
pub fn modify_options(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("VpcPeeringConnectionId")?;
    let row = call.find::<Peering>(id)?.clone();
    let requester = option(p, "RequesterPeeringConnectionOptions")?;
    let accepter = option(p, "AccepterPeeringConnectionOptions")?;
    if requester.is_none() && accepter.is_none() {
        return Err(Fault::missing("accepterPeeringConnectionOptions"));
    }
    if row.state != "active" {
        return Err(Fault::new(
            "OperationNotPermitted",
            format!("Peering {id} is not active. Peering options can be added only to active peerings."),
        ));
    }
    let is_here = row.accepter.owner == ACCOUNT && row.accepter.region == call.region.name;
    if accepter.is_some() && !is_here {
        return Err(Fault::new(
            "OperationNotPermitted",
            format!("User {ACCOUNT} does not have permission to modify the accepter side peering options"),
        ));
    }
    let names_hosts = |side: &Side| {
        let vpc = call.region.vpcs.get(&side.vpc);
        vpc.is_none_or(|vpc| vpc.dns_support && vpc.dns_hostnames)
    };
    if [requester, accepter].contains(&Some(true)) && !row.sides().into_iter().all(names_hosts) {
        return Err(Fault::new(
            "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled",
            "To enable DNS hostname resolution for the VPC peering connection, DNS hostname support must be enabled for the VPCs.",
        ));
    }
    call.region.vpc_peering_connections.update(id, |row| {
        row.requester.dns = requester.unwrap_or(row.requester.dns);
        row.accepter.dns = accepter.unwrap_or(row.accepter.dns);
    });
    for (element, dns) in [
        ("requesterPeeringConnectionOptions", requester),
        ("accepterPeeringConnectionOptions", accepter),
    ] {
        if let Some(dns) = dns {
            x.element(element, |x| write_options(x, dns));
        }
    }
    Ok(())
}

/// `DeleteVpcPeeringConnection`: routes over it stay as black holes, and rules stay too.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("VpcPeeringConnectionId")?;
    let row = call.find::<Peering>(id)?;
    match row.state.as_str() {
        _ if row.lives() => {}
        "deleting" => {
            x.done();
            return Ok(());
        }
        "deleted" => return Err(Peering::not_found(id)),
        state => return Err(wrong_state(id, state, "deleted")),
    }
    end(call, id);
    x.done();
    Ok(())
}

/// It goes.
fn end(call: &mut Call<'_>, id: &str) {
    crate::due::cancel(call, id);
    call.region
        .vpc_peering_connections
        .update(id, |row| row.set("deleting", "Deleting"));
    call.later(SECOND, 10 * SECOND, What::PeeringDeleted, id);
}

/// It is gone and stays visible for two hours.
pub fn deleted(call: &mut Call<'_>, id: &str) {
    call.region
        .vpc_peering_connections
        .update(id, |row| row.set("deleted", "Deleted by 123456789012"));
    let at = call.now + 2 * HOUR;
    call.at(at, What::Forgotten, id);
}

/// A VPC goes: what joined it to others goes as well.
pub fn outlived(call: &mut Call<'_>, vpc: &str) {
    for id in call.region.vpc_peering_connections.referring_ids(vpc) {
        let lives = call
            .region
            .vpc_peering_connections
            .get(&id)
            .is_some_and(Peering::lives);
        if lives {
            end(call, &id);
        }
    }
}
