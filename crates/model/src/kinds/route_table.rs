//! `route_table`: where packets go that leave a subnet.

mod inside;

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::action::Role;
use crate::action::actions;
use crate::attr::attributes;
use crate::call::Call;
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kind::is_id_tail;
use crate::kinds::vpc_endpoint;
use crate::net::{Complaint, Format, RANGE, id_tail, is_word, range};
use crate::observed::Object;
use crate::reason::Note;
use crate::room::{self, Counts, Lists, NO_LISTS, Portion};
use crate::rules::{After, Context, Home, Rules, Update, View, members_record};
use crate::schema::{Attribute, Follow, Members, Quota, Schema, Type, none, resets};
use crate::topology::{Resource, Topology};
use crate::value::{Record, Value};
use crate::{Address, Kind, Ref, Sought, fact};

/// A route table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct RouteTable {
    pub vpc: Ref,
    pub routes: Vec<Route>,
}

/// One route: a destination and one target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct Route {
    pub destination: String,
    pub local_target: Option<bool>,
    pub internet_gateway: Option<Ref>,
    pub nat_gateway: Option<Ref>,
    pub vpc_endpoint: Option<Ref>,
    pub egress_only_internet_gateway: Option<Ref>,
    pub network_interface: Option<Ref>,
    pub transit_gateway: Option<Ref>,
    pub vpc_peering_connection: Option<Ref>,
    pub vpn_gateway: Option<Ref>,
}

impl Typed for RouteTable {
    const KIND: Kind = Kind::RouteTable;
}

/// The pattern of what [`prefix_list`] reads.
macro_rules! list {
    () => {
        concat!(
            "pl-",
            crate::net::id_tail!(),
            r"|(aws/|com\.amazonaws\.)[a-z0-9.-]+"
        )
    };
}
pub(crate) use list;

static DESTINATION: Format = Format {
    what: "a range such as 0.0.0.0/0, or a prefix list such as aws/s3",
    pattern: concat!("^(", range!(), "|", list!(), ")$"),
    number: false,
    read: |text| {
        let is_named = ["com.", "aws/"].iter().any(|prefix| text.starts_with(prefix));
        if text.contains(['.', ':']) && !is_named {
            (RANGE.read)(text)
        } else {
            prefix_list(text)
        }
    },
};

/// Reads a prefix list: an id, an AWS-managed list as `aws/s3`, or a full name.
pub fn prefix_list(text: &str) -> Result<String, Complaint> {
    let id = text.strip_prefix("pl-").is_some_and(is_id_tail);
    let named = ["aws/", "com.amazonaws."]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix));
    if id || named.is_some_and(|name| is_word(name, ".-")) {
        return Ok(text.to_owned());
    }
    Err(Complaint::new(format!(
        "`{text}` is not a prefix list: `pl-…`, or `aws/s3`"
    )))
}

fn read_id(text: &str, prefix: &str) -> Result<String, Complaint> {
    match text.strip_prefix(prefix) {
        Some(tail) if is_id_tail(tail) => Ok(text.to_owned()),
        _ => Err(Complaint::new(format!(
            "`{text}` is not an EC2 id: `{prefix}` and 8 or 17 hex digits"
        ))),
    }
}

macro_rules! id_format {
    ($name:ident, $prefix:literal) => {
        pub(crate) static $name: Format = Format {
            what: concat!("an EC2 id such as ", $prefix, "0123456789abcdef0"),
            pattern: concat!("^", $prefix, id_tail!(), "$"),
            number: false,
            read: |text| read_id(text, $prefix),
        };
    };
}
id_format!(ENI, "eni-");
id_format!(TGW, "tgw-");
id_format!(VGW, "vgw-");

static ROUTE: [Attribute; 10] = [
    Attribute::new(
        attr::DESTINATION,
        Type::Text(&DESTINATION),
        "The range or prefix list that the route is for.",
    )
    .required(),
    Attribute::new(
        attr::LOCAL_TARGET,
        Type::Bool,
        "Target: the VPC itself. Trueup says so where it puts a local route back that somebody \
         redirected; a spec leaves local routes out.",
    ),
    Attribute::new(
        attr::INTERNET_GATEWAY,
        Type::Ref(Kind::InternetGateway, Follow::Id),
        "Target: an internet gateway of the same VPC.",
    )
    .in_own_vpc(),
    Attribute::new(
        attr::NAT_GATEWAY,
        Type::Ref(Kind::NatGateway, Follow::Id),
        "Target: a NAT gateway.",
    )
    .in_own_vpc(),
    Attribute::new(
        attr::VPC_ENDPOINT,
        Type::Ref(Kind::VpcEndpoint, Follow::Id),
        "Target: a Gateway Load Balancer endpoint, by its id.",
    )
    .in_own_vpc(),
    Attribute::new(
        attr::EGRESS_ONLY_INTERNET_GATEWAY,
        Type::Ref(Kind::EgressOnlyInternetGateway, Follow::Id),
        "Target: an egress-only internet gateway.",
    )
    .in_own_vpc(),
    Attribute::new(
        attr::NETWORK_INTERFACE,
        Type::Id(&ENI),
        "Target: a network interface, by its id.",
    ),
    Attribute::new(
        attr::TRANSIT_GATEWAY,
        Type::Id(&TGW),
        "Target: a transit gateway, by its id.",
    ),
    Attribute::new(
        attr::VPC_PEERING_CONNECTION,
        Type::Ref(Kind::VpcPeeringConnection, Follow::Id),
        "Target: a peering connection of the same VPC.",
    ),
    Attribute::new(
        attr::VPN_GATEWAY,
        Type::Id(&VGW),
        "Target: a virtual private gateway, by its id.",
    ),
];

static ROUTES: Members = Members::keyed(Type::Object(&ROUTE), &[attr::DESTINATION.name], destination);

attributes! {
    [VPC];
    DESTINATION: str = "destination";
    LOCAL_TARGET: bool = "local_target";
    INTERNET_GATEWAY: Ref = "internet_gateway";
    NAT_GATEWAY: Ref = "nat_gateway";
    VPC_ENDPOINT: Ref = "vpc_endpoint";
    EGRESS_ONLY_INTERNET_GATEWAY: Ref = "egress_only_internet_gateway";
    NETWORK_INTERFACE: Ref = "network_interface";
    TRANSIT_GATEWAY: Ref = "transit_gateway";
    VPC_PEERING_CONNECTION: Ref = "vpc_peering_connection";
    VPN_GATEWAY: Ref = "vpn_gateway";
    ROUTES: [Value] = "routes";
}

actions! {
    CREATE = create "CreateRouteTable" under_token;
    FIND = find "DescribeRouteTables";
    CREATE_ROUTE = modify "CreateRoute";
    REPLACE_ROUTE = modify "ReplaceRoute";
    DELETE_ROUTE = modify "DeleteRoute";
    DELETE = delete "DeleteRouteTable";
}

static SCHEMA: Schema = Schema {
    kind: Kind::RouteTable,
    arn_type: "route-table",
    tag_type: "route-table",
    doc: "Where packets go that leave a subnet. The local routes are EC2's, and so are the routes of \
     gateway endpoints and those that a virtual private gateway propagates: none of them is \
     declared here or shows as drift.",
    example: "\
route_table:
  public:
    vpc: main
    routes:
      - {destination: 0.0.0.0/0, internet_gateway: main}
  private:
    vpc: main
    routes:
      - {destination: 0.0.0.0/0, nat_gateway: main}
",
    notes: &[
        "Subnets name their table by [`route_table`](subnet.md); one table may serve many.",
        "A route's destination is its identity: another target under the same destination is one \
         `ReplaceRoute`, without a gap.",
        "A route whose target was deleted goes nowhere. The plan that makes the target anew also \
         points the route at it.",
        "A local route that somebody redirected to an interface or an endpoint is put back \
         (`ReplaceRoute` with `LocalTarget`); EC2 deletes no local route.",
        "The VPC's main table is EC2's, and nobody looks at it unless the VPC declares [`main_route_table`](vpc.md). Give \
         every subnet a table of its own where its routes matter.",
    ],
    attributes: &[
        Attribute::new(
            attr::VPC,
            Type::Ref(Kind::Vpc, Follow::Id),
            "The VPC it belongs to.",
        )
        .required()
        .replace("a route table cannot move to another VPC"),
        Attribute::new(
            attr::ROUTES,
            Type::Set(&ROUTES),
            "The routes, one for each destination.",
        )
        .granted(ROUTES_GRANTED)
        .loose()
        .disrupts(resets)
        .default(none),
    ],
    selected_by_tags: false,
    quota: Quota::Vpc(200),
};

fn destination(route: &Value) -> String {
    route
        .as_map()
        .map(|route| route.text(attr::DESTINATION).to_owned())
        .unwrap_or_default()
}

/// The routes of one address family that every account may have in a table.
const ROUTES_GRANTED: usize = 500;

/// How much of a table a route takes: a prefix list counts as all that it may hold.
fn weight(route: &Value, lists: &Lists) -> Counts {
    let destination = destination(route);
    match destination.parse() {
        Ok(ipnet::IpNet::V4(_)) => Counts { v4: 1, v6: 0 },
        Ok(ipnet::IpNet::V6(_)) => Counts { v4: 0, v6: 1 },
        Err(_) => Counts::both(room::of_list(&destination, lists)),
    }
}

/// How routes are exchanged. What is there and what is wanted is within the account's quota, and so is what
/// every account may have.
fn exchanged<'a>(update: &Update<'a>) -> Vec<Portion<'a>> {
    let routes = update.members(attr::ROUTES);
    let weight = |route: &Value| weight(route, update.lists);
    let count = |record: &Record| Counts::of(record.list(attr::ROUTES), &weight);
    let have = count(update.before);
    let most = have.max(count(update.after)).max(Counts::both(ROUTES_GRANTED));
    room::exchange(have, most, &routes.added, &routes.removed, &weight)
}

/// All that a route table is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &RouteTableRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: true,
};

/// What a route table is.
#[derive(Debug)]
struct RouteTableRules;

impl Rules for RouteTableRules {
    fn normalise(&self, record: &mut Record, context: &mut Context<'_>) {
        let Some(Value::List(routes)) = record.remove(attr::ROUTES) else {
            return;
        };
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let (mut canonical, mut origins) = (Vec::new(), Vec::new());
        for (index, route) in routes.into_iter().enumerate() {
            let Value::Map(mut route) = route else { continue };
            let full = vpc_endpoint::service::prefix_list_name(route.text(attr::DESTINATION), context.region);
            route.set(attr::DESTINATION, full.clone());
            check_targets(&route, index, context);
            check_family(&route, index, context);
            if route.has(attr::LOCAL_TARGET) {
                let help = "remove the route: a table has it by itself, and Trueup puts it back where \
                 somebody redirected it";
                context.problem(
                    format!("routes[{index}].local_target"),
                    "route-local",
                    "local routes are EC2's",
                    help,
                );
            }
            if let Some(first) = seen.insert(full.clone(), index) {
                let message = format!("two routes to {full}");
                let help =
                    format!("a table has one route for each destination: remove this one or routes[{first}]");
                context.problem(
                    format!("routes[{index}].destination"),
                    "route-twice",
                    message,
                    help,
                );
            }
            canonical.push(Value::Map(route));
            origins.push(index);
        }
        context.origins.insert("routes".to_owned(), origins);
        record.set(attr::ROUTES, canonical);
    }

    fn abridge(&self, record: &mut Record, _address: &Address, topology: &Topology) {
        vpc_endpoint::service::shorten_lists(record, attr::ROUTES, attr::DESTINATION, topology);
    }

    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::RouteTable) {
            let routes = resource.record.list(attr::ROUTES);
            for (index, route) in routes.iter().enumerate() {
                let Some(route) = route.as_map() else { continue };
                inside::check(resource, &format!("routes[{index}]"), route, topology, out);
            }
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.only(&[attr::VPC.name]))
    }

    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        let one = |route: &Value| members_record(attr::ROUTES, &[route]);
        let make = |new: &&Value| action::CREATE_ROUTE.setting(one(new));
        let end = |old: &&Value| action::DELETE_ROUTE.unsetting(one(old));
        let mut portions = exchanged(update);
        let last = portions.pop_if(|portion| matches!(portion, Portion::Take(_)));
        let mut calls = Vec::new();
        for portion in &portions {
            match portion {
                Portion::Add(routes) => calls.extend(routes.iter().map(make)),
                Portion::Take(routes) => calls.extend(routes.iter().map(end)),
            }
        }
        let altered = update.members(attr::ROUTES).altered;
        calls.extend(
            altered
                .iter()
                .map(|(old, new)| action::REPLACE_ROUTE.setting(one(new)).unsetting(one(old))),
        );
        if let Some(Portion::Take(routes)) = last {
            calls.extend(routes.iter().map(end));
        }
        calls
    }

    /// A route to a subnet of the VPC is there only while the subnet is, and another one into a range of the
    /// VPC only after the range.
    fn after(&self, _address: &Address, call: &Call, record: &Record, view: &View<'_>) -> Vec<After> {
        if call.action == action::CREATE_ROUTE {
            inside::after(call, record, view)
        } else {
            Vec::new()
        }
    }

    fn outside(&self, record: &Record) -> Vec<Sought> {
        let routes = record.records(attr::ROUTES);
        let lists = routes.map(|route| route.text(attr::DESTINATION));
        let ids = lists.filter(|list| read_id(list, "pl-").is_ok());
        ids.map(|id| Sought::Object(id.to_owned())).collect()
    }

    /// EC2's local routes are in every table, and lead to the VPC itself unless somebody redirected them.
    fn fitted(
        &self,
        resource: &Resource,
        object: Option<&Object>,
        _home: Option<Home<'_>>,
    ) -> Option<Record> {
        let redirected = object?.facts.list(fact::REDIRECTED);
        if redirected.is_empty() {
            return None;
        }
        let local = |destination: &Value| {
            Record::new()
                .with(attr::DESTINATION, destination.clone())
                .with(attr::LOCAL_TARGET, true)
                .into()
        };
        let mut record = resource.record.clone();
        let routes = record
            .list(attr::ROUTES)
            .iter()
            .cloned()
            .chain(redirected.iter().map(local))
            .collect();
        SCHEMA.set_list(&mut record, attr::ROUTES, routes);
        Some(record)
    }

    fn blackholes(&self, object: &Object) -> Vec<(String, String)> {
        let routes = object.facts.records(fact::BLACKHOLES);
        routes
            .map(|route| {
                (
                    route.text(attr::DESTINATION).to_owned(),
                    route.text(fact::TARGET).to_owned(),
                )
            })
            .collect()
    }

    /// A table has one route for each destination, and each call is about another one; only the room for a
    /// new one may be what an old one leaves.
    fn commute(&self, earlier: &Call, later: &Call) -> bool {
        earlier.role() == Role::Modify
            && later.role() == Role::Modify
            && !room::is_made(earlier, later, attr::ROUTES, &|route| weight(route, &NO_LISTS))
    }

    fn notes(&self, record: &Record, object: Option<&Object>, lists: &Lists) -> Vec<Note> {
        let Some(object) = object else { return Vec::new() };
        let update = Update::new(Kind::RouteTable, &object.record, record, false).knowing(lists);
        room::told(&exchanged(&update), "routes", ROUTES_GRANTED)
            .into_iter()
            .collect()
    }
}

fn check_targets(route: &Record, index: usize, context: &mut Context<'_>) {
    let targets: Vec<&str> = route
        .iter()
        .map(|(name, _)| name)
        .filter(|name| *name != attr::DESTINATION.name)
        .collect();
    let [_] = targets[..] else {
        let names = "`internet_gateway`, `nat_gateway`, `network_interface`, `transit_gateway`, \
         `vpc_peering_connection`, …";
        let message = match targets.len() {
            0 => "a route needs a target".to_owned(),
            _ => format!(
                "a route has one target, and this one has {}: {}",
                targets.len(),
                targets.join(", ")
            ),
        };
        context.problem(
            format!("routes[{index}]"),
            "route-target",
            message,
            format!("give one of {names}"),
        );
        return;
    };
}

/// Ranges that EC2 keeps for the services that instances reach in themselves: metadata, name servers, time.
const OF_EC2: [&str; 2] = ["169.254.168.0/22", "fd00:ec2::/32"];

/// The range by which NAT64 reaches IPv4: the only IPv6 destination of a NAT gateway.
const NAT64: &str = "64:ff9b::/96";

/// What a destination allows by itself: no route into EC2's own ranges, and targets that carry its version of
/// IP.
fn check_family(route: &Record, index: usize, context: &mut Context<'_>) {
    let destination = route.text(attr::DESTINATION);
    let Ok(range) = destination.parse::<IpNet>() else {
        return;
    };
    let path = format!("routes[{index}].destination");
    if let Some(kept) = OF_EC2
        .iter()
        .find(|kept| kept.parse().is_ok_and(|kept: IpNet| kept.contains(&range)))
    {
        let message = format!("{destination} is in {kept}, which EC2 keeps for its own services");
        context.problem(
            path,
            "route-reserved",
            message,
            "remove the route: those services are reached without one",
        );
        return;
    }
    let v4 = matches!(range, IpNet::V4(_));
    if v4 && route.has(attr::EGRESS_ONLY_INTERNET_GATEWAY) {
        let message =
            format!("an egress-only internet gateway carries IPv6 alone, and {destination} is IPv4");
        context.problem(
            path,
            "route-family",
            message,
            "use a `nat_gateway`, or an IPv6 destination such as ::/0",
        );
    } else if !v4 && route.has(attr::NAT_GATEWAY) && destination != NAT64 {
        let message = format!("a NAT gateway carries IPv4 and {NAT64}, and {destination} is IPv6");
        context.problem(
            path,
            "route-family",
            message,
            "use an `egress_only_internet_gateway`, or an IPv4 destination",
        );
    }
}
