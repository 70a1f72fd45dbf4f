//! Route tables: their rows, their life and what other kinds do to them. Routes and associations have their
//! own files.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::route::{self, Route};
use super::vpc::Vpc;
use super::{Kind, tag, yes};
use crate::call::{ACCOUNT, Answer, Call, Listing};
use crate::state::Region;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::Limits;
use crate::wire::{Fault, Xml};

/// Where a route leads to, by destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// An IPv4 range.
    V4(Ipv4Net),
    /// An IPv6 range.
    V6(Ipv6Net),
    /// A prefix list.
    List(String),
}

impl Destination {
    /// Whether another destination is one of its addresses, or some of them.
    pub fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::V4(net), Self::V4(other)) => net.contains(other),
            (Self::V6(net), Self::V6(other)) => net.contains(other),
            _ => false,
        }
    }

    /// The IPv4 range, if it is one.
    pub fn v4(&self) -> Option<Ipv4Net> {
        match self {
            Self::V4(net) => Some(*net),
            _ => None,
        }
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::V4(net) => net.fmt(f),
            Self::V6(net) => net.fmt(f),
            Self::List(id) => f.write_str(id),
        }
    }
}

/// An explicit association, or the one that makes a table the main one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Association {
    /// `rtbassoc-…`.
    pub id: String,
    /// The subnet, unless it is the main association or one of a gateway.
    pub subnet: Option<String>,
    /// The gateway, for an edge table.
    pub gateway: Option<String>,
}

impl Association {
    /// Whether it is the main association.
    pub fn is_main(&self) -> bool {
        self.subnet.is_none() && self.gateway.is_none()
    }
}

/// A route table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RouteTable {
    /// Its VPC.
    pub vpc: String,
    /// Its routes; the local ones first.
    pub routes: Vec<Route>,
    /// Its associations.
    pub associations: Vec<Association>,
}

impl RouteTable {
    /// Whether it is its VPC's main table.
    pub fn is_main(&self) -> bool {
        self.associations.iter().any(Association::is_main)
    }
}

impl Row for RouteTable {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.vpc);
        for association in &self.associations {
            add(&association.id);
            association
                .subnet
                .iter()
                .chain(&association.gateway)
                .for_each(|id| add(id));
        }
        for route in &self.routes {
            if let Destination::List(id) = &route.destination {
                add(id);
            }
            if let Some(id) = route.target.id() {
                add(id);
            }
        }
    }
}

type See<'a, 'b> = &'a Seen<'b, RouteTable>;
type Add<'a> = &'a mut dyn FnMut(&str);

fn each_association(seen: See<'_, '_>, mut each: impl FnMut(&Association)) {
    seen.row.associations.iter().for_each(&mut each);
}

impl Kind for RouteTable {
    const PREFIX: &'static str = "rtb";
    const RESOURCE: &'static str = "route-table";
    const NOUN: &'static str = "routeTable ID";
    const NOT_FOUND: &'static str = "InvalidRouteTableID.NotFound";
    const MALFORMED: &'static str = "InvalidRouteTableId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![RouteTable:
        "route-table-id" => |seen, add| add(seen.id),
        "vpc-id" => |seen, add| add(&seen.row.vpc),
        "owner-id" => |_, add| add(ACCOUNT),
        "association.main" => |seen, add| each_association(seen, |a| add(yes(a.is_main()))),
        "association.route-table-association-id" => |seen, add| each_association(seen, |a| add(&a.id)),
        "association.route-table-id" => |seen, add| if !seen.row.associations.is_empty() { add(seen.id) },
        "association.subnet-id" => |seen, add| each_association(seen, |a| a.subnet.iter().for_each(|id| add(id))),
        "association.gateway-id" => |seen, add| each_association(seen, |a| a.gateway.iter().for_each(|id| add(id))),
        "route.destination-cidr-block" => |seen, add| destinations(seen, add, |d| matches!(d, Destination::V4(_))),
        "route.destination-ipv6-cidr-block" => |seen, add| destinations(seen, add, |d| matches!(d, Destination::V6(_))),
        "route.destination-prefix-list-id" => |seen, add| destinations(seen, add, |d| matches!(d, Destination::List(_))),
        "route.gateway-id" => |seen, add| targets(seen, add, "gatewayId"),
        "route.nat-gateway-id" => |seen, add| targets(seen, add, "natGatewayId"),
        "route.egress-only-internet-gateway-id" => |seen, add| targets(seen, add, "egressOnlyInternetGatewayId"),
        "route.instance-id" => |seen, add| targets(seen, add, "instanceId"),
        "route.transit-gateway-id" => |_, _| {},
        "route.vpc-peering-connection-id" => |seen, add| targets(seen, add, "vpcPeeringConnectionId"),
        "route.origin" => |seen, add| seen.row.routes.iter().for_each(|r| add(r.origin())),
        "route.state" => |seen, add| seen.row.routes.iter().for_each(|r| add(route::state(seen.region, &seen.row.vpc, r))),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.route_tables
    }
}

fn destinations(seen: See<'_, '_>, add: Add<'_>, wanted: fn(&Destination) -> bool) {
    for route in seen.row.routes.iter().filter(|route| wanted(&route.destination)) {
        add(&route.destination.to_string());
    }
}

fn targets(seen: See<'_, '_>, add: Add<'_>, name: &str) {
    for route in &seen.row.routes {
        for (element, id) in route::target_elements(seen.region, &route.target) {
            if element == name {
                add(&id);
            }
        }
    }
}

fn write(x: &mut Xml, seen: &Seen<'_, RouteTable>) {
    x.text("routeTableId", seen.id);
    x.text("vpcId", &seen.row.vpc);
    x.text("ownerId", ACCOUNT);
    x.set("routeSet", &seen.row.routes, |x, route| {
        route::write(x, seen.region, &seen.row.vpc, route);
    });
    x.set("associationSet", &seen.row.associations, |x, association| {
        x.text("routeTableAssociationId", &association.id);
        x.text("routeTableId", seen.id);
        x.maybe("subnetId", association.subnet.as_ref());
        x.maybe("gatewayId", association.gateway.as_ref());
        x.text("main", association.is_main());
        x.element("associationState", |x| x.text("state", "associated"));
    });
    x.set("propagatingVgwSet", [(); 0], |_, ()| {});
    tag::write(x, seen.region, seen.id);
}

fn locals(call: &Call<'_>, vpc: &str) -> Vec<Route> {
    call.region
        .vpcs
        .get(vpc)
        .into_iter()
        .flat_map(|vpc| {
            let v6 = vpc.ipv6_ranges().map(|range| Destination::V6(range.net));
            vpc.ranges().map(|net| Destination::V4(*net)).chain(v6)
        })
        .map(Route::local)
        .collect()
}

/// The main table of a new VPC.
pub fn make_main(call: &mut Call<'_>, vpc: &str, net: Ipv4Net) {
    let id = call.new_id("rtb");
    let association = Association {
        id: call.new_id("rtbassoc"),
        subnet: None,
        gateway: None,
    };
    call.region.route_tables.insert(
        id,
        RouteTable {
            vpc: vpc.to_owned(),
            routes: vec![Route::local(Destination::V4(net))],
            associations: vec![association],
        },
    );
}

/// A new range of the VPC: every table of it gets a local route.
pub fn add_local(call: &mut Call<'_>, vpc: &str, range: &Destination) {
    for id in tables_of(call.region, vpc) {
        call.region.route_tables.update(&id, |table| {
            let at = table.routes.iter().take_while(|route| route.is_local()).count();
            table.routes.insert(at, Route::local(range.clone()));
        });
    }
}

/// A range of the VPC is gone, and its local routes with it.
pub fn remove_local(call: &mut Call<'_>, vpc: &str, range: &Destination) {
    for id in tables_of(call.region, vpc) {
        call.region.route_tables.update(&id, |table| {
            table
                .routes
                .retain(|route| !(route.is_implicit() && route.destination == *range));
        });
    }
}

fn tables_of(region: &Region, vpc: &str) -> Vec<String> {
    region
        .route_tables
        .referring(vpc)
        .filter(|(_, table)| table.vpc == vpc)
        .map(|(id, _)| id.clone())
        .collect()
}

/// The main table of a VPC.
pub fn main_of(region: &Region, vpc: &str) -> Option<String> {
    region
        .route_tables
        .referring(vpc)
        .find(|(_, table)| table.vpc == vpc && table.is_main())
        .map(|(id, _)| id.clone())
}

/// A subnet is gone, and its association with it.
pub fn drop_subnet(region: &mut Region, subnet: &str) {
    for id in region.route_tables.referring_ids(subnet) {
        region.route_tables.update(&id, |table| {
            table
                .associations
                .retain(|association| association.subnet.as_deref() != Some(subnet));
        });
    }
}

/// `CreateRouteTable`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let vpc = call.params.required("VpcId")?;
    call.find::<Vpc>(vpc)?;
    let tags = call.tags_for("route-table", &["route-table"])?;
    let id = call.new_id("rtb");
    let row = RouteTable {
        vpc: vpc.to_owned(),
        routes: locals(call, vpc),
        associations: Vec::new(),
    };
    call.tag(&id, tags);
    x.element("routeTable", |x| {
        write(
            x,
            &Seen {
                id: &id,
                row: &row,
                region: call.region,
            },
        );
    });
    call.region.route_tables.insert(id, row);
    Ok(())
}

/// `DescribeRouteTables`, at most 100 to a page.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let pages = Some(Limits {
        min: 5,
        max: 100,
        exclusive: false,
    });
    call.describe(
        x,
        &Listing {
            ids: "RouteTableId",
            set: "routeTableSet",
            pages,
        },
        write,
    )
}

/// `DeleteRouteTable`: neither the main table nor one with associations.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("RouteTableId")?;
    if !call.find::<RouteTable>(id)?.associations.is_empty() {
        return Err(Fault::dependency("routeTable", id));
    }
    call.region.route_tables.remove(id);
    call.region.tags.remove(id);
    for endpoint in call.region.vpc_endpoints.referring_ids(id) {
        call.region
            .vpc_endpoints
            .update(&endpoint, |row| row.route_tables.retain(|table| table != id));
    }
    x.done();
    Ok(())
}
