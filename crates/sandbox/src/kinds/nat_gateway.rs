//! NAT gateways: what goes wrong with one shows in its state, after the call that made it.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::elastic_ip::{Address, Link};
use super::interface_ipv6::Wanted6;
use super::network_interface::{self, Attachment, New};
use super::subnet::{self, Subnet};
use super::{Kind, internet_gateway, range, tag};
use crate::call::{Answer, Call, Listing};
use crate::due::What;
use crate::state::clock::{HOUR, SECOND, stamp};
use crate::state::table::{Row, Table};
use crate::state::{Millis, Region};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::USUAL;
use crate::wire::{Fault, Xml};

/// The service that owns the interfaces of NAT gateways.
const REQUESTER: &str = "583328430953";

/// A NAT gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NatGateway {
    /// Its VPC.
    pub vpc: String,
    /// Its subnet.
    pub subnet: String,
    /// `pending`, `available`, `failed`, `deleting` or `deleted`.
    pub state: String,
    /// `public` or `private`.
    pub connectivity: String,
    /// The elastic address of a public one.
    pub allocation: Option<String>,
    /// That address, which stays known when the gateway is gone.
    pub public_ip: Option<Ipv4Addr>,
    /// The association of the address.
    pub association: Option<String>,
    /// Its interface.
    pub interface: Option<String>,
    /// Its private address.
    pub private_ip: Option<Ipv4Addr>,
    /// When it was made.
    pub created: Millis,
    /// When its deletion was asked for.
    pub deleted: Option<Millis>,
    /// Code and message of a failure.
    pub failure: Option<(String, String)>,
}

impl Row for NatGateway {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.vpc);
        add(&self.subnet);
        self.allocation
            .iter()
            .chain(&self.interface)
            .for_each(|id| add(id));
    }
}

impl Kind for NatGateway {
    const PREFIX: &'static str = "nat";
    const RESOURCE: &'static str = "natgateway";
    const NOUN: &'static str = "natGateway ID";
    const NOT_FOUND: &'static str = "NatGatewayNotFound";
    const MALFORMED: &'static str = "NatGatewayMalformed";
    const FIELDS: &'static [Field<Self>] = fields![NatGateway:
        "nat-gateway-id" => |seen, add| add(seen.id),
        "state" => |seen, add| add(&seen.row.state),
        "subnet-id" => |seen, add| add(&seen.row.subnet),
        "vpc-id" => |seen, add| add(&seen.row.vpc),
        "connectivity-type" => |seen, add| add(&seen.row.connectivity),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.nat_gateways
    }

    fn not_found(id: &str) -> Fault {
        Fault::new(Self::NOT_FOUND, format!("NatGateway {id} was not found"))
    }
}

fn is_pending(state: &str) -> bool {
    matches!(state, "pending" | "preparing")
}

fn write(x: &mut Xml, seen: &Seen<'_, NatGateway>) {
    let row = seen.row;
    x.text("natGatewayId", seen.id);
    x.text("subnetId", &row.subnet);
    x.text("vpcId", &row.vpc);
    x.text("state", &row.state);
    x.text("connectivityType", &row.connectivity);
    x.text("availabilityMode", "zonal");
    x.text("createTime", stamp(row.created));
    x.maybe("deleteTime", row.deleted.map(stamp));
    if let Some((code, message)) = &row.failure {
        x.text("failureCode", code);
        x.text("failureMessage", message);
    }
    x.set("natGatewayAddressSet", [row], |x, row| {
        x.maybe("allocationId", row.allocation.as_ref());
        x.maybe("associationId", row.association.as_ref());
        x.maybe("networkInterfaceId", row.interface.as_ref());
        x.maybe("privateIp", row.private_ip);
        x.maybe("publicIp", row.public_ip.filter(|_| !is_pending(&row.state)));
        x.text("isPrimary", true);
        let status = match row.state.as_str() {
            state if is_pending(state) => "associating",
            "failed" => "failed",
            "deleting" => "disassociating",
            _ => "succeeded",
        };
        x.text("status", status);
    });
    tag::write(x, seen.region, seen.id);
}

/// `CreateNatGateway`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let subnet_id = p.required("SubnetId")?;
    let row = call.find::<Subnet>(subnet_id)?.clone();
    let connectivity = p.filled("ConnectivityType").unwrap_or("public");
    if let Some(mode) = p.filled("AvailabilityMode").filter(|mode| *mode != "zonal") {
        return Err(Fault::invalid(
            mode,
            "availabilityMode",
            "the sandbox simulates zonal NAT gateways alone",
        ));
    }
    let allocation = p.filled("AllocationId");
    match (connectivity, allocation) {
        ("public", None) => return Err(Fault::missing("AllocationId")),
        ("public", Some(id)) => {
            call.find::<Address>(id)?;
        }
        ("private", None) => {}
        ("private", Some(_)) => {
            return Err(Fault::combination(
                "AllocationId cannot be specified for a private NAT gateway",
            ));
        }
        (other, _) => {
            return Err(Fault::invalid(
                other,
                "connectivityType",
                "it must be public or private",
            ));
        }
    }
    let wanted = p
        .filled("PrivateIpAddress")
        .map(|text| range::address(text, "privateIpAddress"))
        .transpose()?;
    let tags = call.tags_for("natgateway", &["natgateway"])?;
    let public_ip = allocation
        .and_then(|id| call.region.addresses.get(id))
        .map(|address| address.ip);
    let id = call.new_id("nat");
    let mut nat = NatGateway {
        vpc: row.vpc,
        subnet: subnet_id.to_owned(),
        state: call.state_at_first(),
        connectivity: connectivity.to_owned(),
        allocation: allocation.map(str::to_owned),
        public_ip,
        association: None,
        interface: None,
        private_ip: None,
        created: call.now,
        deleted: None,
        failure: None,
    };
    nat.failure = if call.goes_wrong(12) {
        Some((
            "InternalError".to_owned(),
            "Network interface could not be created".to_owned(),
        ))
    } else {
        build(call, &id, &mut nat, wanted)?
    };
    call.region.nat_gateways.insert(&id, nat);
    call.tag(&id, tags);
    call.later(60 * SECOND, 90 * SECOND, What::NatReady, &id);
    if let Some(row) = call.region.nat_gateways.get(&id) {
        // A failure shows only later.
        let shown = NatGateway {
            failure: None,
            ..row.clone()
        };
        x.element("natGateway", |x| {
            write(
                x,
                &Seen {
                    id: &id,
                    row: &shown,
                    region: call.region,
                },
            );
        });
    }
    x.maybe("clientToken", p.text("ClientToken"));
    Ok(())
}

/// What stands in the way, or the interface and the association.
fn build(
    call: &mut Call<'_>,
    id: &str,
    nat: &mut NatGateway,
    wanted: Option<Ipv4Addr>,
) -> Result<Option<(String, String)>, Fault> {
    let failure = |code: &str, message: String| Ok(Some((code.to_owned(), message)));
    let net = call.find::<Subnet>(&nat.subnet)?.net;
    if nat.connectivity == "public" && !internet_gateway::is_attached(call.region, &nat.vpc) {
        return failure(
            "Gateway.NotAttached",
            format!("Network {} has no Internet gateway attached", nat.vpc),
        );
    }
    if subnet::free(call.region, &nat.subnet, &net) == 0 {
        return failure(
            "InsufficientFreeAddressesInSubnet",
            format!(
                "{} has insufficient free addresses to create this NAT gateway",
                nat.subnet
            ),
        );
    }
    let busy = nat
        .allocation
        .as_ref()
        .and_then(|id| call.region.addresses.get(id))
        .is_some_and(|row| row.link.is_some());
    if let (true, Some(allocation)) = (busy, &nat.allocation) {
        return failure(
            "Resource.AlreadyAssociated",
            format!("Elastic IP address {allocation} is already associated"),
        );
    }
    let description = format!("Interface for NAT Gateway {id}");
    let new = New {
        subnet: &nat.subnet,
        groups: Vec::new(),
        address: wanted,
        ipv6: Wanted6::Count(0),
        description,
        kind: "nat_gateway",
        requester: Some(REQUESTER),
    };
    let interface = network_interface::make(call, new)?;
    let attachment = Attachment::to_service(call);
    call.region
        .network_interfaces
        .update(&interface, |eni| eni.attachment = Some(attachment));
    let private_ip = call
        .region
        .network_interfaces
        .get(&interface)
        .map(network_interface::NetworkInterface::private_ip);
    if let (Some(allocation), Some(private_ip)) = (&nat.allocation, private_ip) {
        let association = call.new_id("eipassoc");
        let link = Link {
            id: association.clone(),
            interface: interface.clone(),
            private_ip,
            nat_gateway: Some(id.to_owned()),
        };
        call.region
            .addresses
            .update(allocation, |row| row.link = Some(link));
        nat.association = Some(association);
    }
    nat.interface = Some(interface);
    nat.private_ip = private_ip;
    Ok(None)
}

/// It works now, or it has failed; a failed one goes by itself after an hour.
pub fn ready(call: &mut Call<'_>, id: &str) {
    let failed = call.region.nat_gateways.update(id, |nat| {
        let failed = nat.failure.is_some();
        nat.state = if failed { "failed" } else { "available" }.into();
        failed
    });
    if failed == Some(true) {
        let at = call.now + HOUR;
        call.at(at, What::NatDeleted, id);
    }
}

/// `DescribeNatGateways`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    call.describe(
        x,
        &Listing {
            ids: "NatGatewayId",
            set: "natGatewaySet",
            pages: Some(USUAL),
        },
        write,
    )
}

/// `DeleteNatGateway`: the address is set free when it is gone, the routes stay as black holes.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("NatGatewayId")?;
    let nat = call.find::<NatGateway>(id)?;
    if nat.state == "deleted" {
        return Err(NatGateway::not_found(id));
    }
    if nat.state != "deleting" {
        let now = call.now;
        crate::due::cancel(call, id);
        call.region.nat_gateways.update(id, |nat| {
            nat.state = "deleting".into();
            nat.deleted = Some(now);
        });
        call.later(30 * SECOND, 60 * SECOND, What::NatDeleted, id);
    }
    x.text("natGatewayId", id);
    Ok(())
}

/// It is gone but stays visible for an hour.
pub fn deleted(call: &mut Call<'_>, id: &str) {
    let interface = call.region.nat_gateways.update(id, |nat| {
        nat.state = "deleted".into();
        nat.interface.clone()
    });
    if let Some(Some(interface)) = interface {
        network_interface::drop(call.region, &interface);
    }
    let at = call.now + HOUR;
    call.at(at, What::Forgotten, id);
}
