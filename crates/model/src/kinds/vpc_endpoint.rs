//! `vpc_endpoint`: a private way to an AWS service.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::action::actions;
use crate::attr::{Attr, attributes};
use crate::call::{Call, Claim, Exclusive};
use crate::json::{self, Typed};
use crate::kind::KindDef;
use crate::net::{Complaint, Format, PATH, is_word};
use crate::observed::Object;
use crate::plan::Disruption;
use crate::rules::{Context, Rules, Update, members_record};
use crate::schema::{Attribute, Follow, Members, Quota, Schema, Type, none, resets};
use crate::topology::Topology;
use crate::value::{Record, Value};
use crate::{Address, Kind, Ref, policy};

/// A gateway endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct VpcEndpoint {
    pub vpc: Ref,
    pub service: String,
    #[serde(rename = "type")]
    pub endpoint_type: String,
    pub route_tables: Vec<Ref>,
    /// `None` is EC2's default: everyone may do everything.
    pub policy: Option<Json>,
}

impl Typed for VpcEndpoint {
    const KIND: Kind = Kind::VpcEndpoint;
}

static TABLES: Members = Members::plain(Type::Ref(Kind::RouteTable, Follow::Id));

static SERVICE: Format = Format {
    what: "a service such as s3, or its full name",
    pattern: "^[a-z0-9.-]+$",
    number: false,
    read: |text| {
        if is_word(text, ".-") {
            Ok(text.to_owned())
        } else {
            Err(Complaint::new(format!("`{text}` is not a service")))
        }
    },
};

const POLICY_LENGTH_MAX: usize = 20_480;

attributes! {
    [VPC];
    SERVICE: str = "service";
    TYPE: str = "type";
    ROUTE_TABLES: [Value] = "route_tables";
    POLICY: Value = "policy";
    POLICY_FILE: str = "policy_file";
}

actions! {
    CREATE = create "CreateVpcEndpoint" under_token;
    MODIFY = modify "ModifyVpcEndpoint";
    DELETE = delete "DeleteVpcEndpoints";
}

/// What is waited for.
pub mod wait {
    use crate::Waiter;

    /// It is in its route tables.
    pub const AVAILABLE: Waiter = Waiter::until("available", 15);

    /// It is in no route table any more.
    pub const DELETED: Waiter = Waiter::until_gone("deleted", 15);
}

static SCHEMA: Schema = Schema {
    kind: Kind::VpcEndpoint,
    arn_type: "vpc-endpoint",
    tag_type: "vpc-endpoint",
    doc: "A private way to an AWS service: EC2 adds a route for the service's prefix list to each of \
     its route tables. Those routes are the endpoint's and never show as drift.",
    example: r#"vpc_endpoint:
  s3:
    vpc: main
    service: s3
    route_tables: [private]
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: "*"
          Action: s3:GetObject
          Resource: arn:aws:s3:::example-bucket/*
"#,
    notes: &[
        "Gateway endpoints cost nothing, and there are three services for them: `s3`, `s3express` and \
         `dynamodb`.",
        "The route goes to the service's prefix list and is more specific than a default route, so it \
         wins beside one. Subnets that use none of the endpoint's tables reach the service as \
         before.",
        "A change of tables can break open connections to the service; new ones work at once.",
        "Policies are compared by meaning: order, a scalar or a list of one, and the spellings of a \
         principal make no difference.",
        "A route table has one endpoint for each service.",
    ],
    attributes: &[
        Attribute::new(attr::VPC, Type::Ref(Kind::Vpc, Follow::Id), "The VPC it is in.")
            .required()
            .replace("an endpoint cannot move to another VPC"),
        Attribute::new(
            attr::SERVICE,
            Type::Text(&SERVICE),
            "The service: `s3` or `dynamodb` for those of the region, or a full name such as \
             `com.amazonaws.us-west-2.s3`.",
        )
        .required()
        .replace("an endpoint leads to one service for life"),
        Attribute::new(attr::TYPE, Type::Choice(&["gateway"]), "What sort of endpoint.")
            .refuses(&[
                ("interface", "interface endpoints are not managed yet"),
                ("Interface", "interface endpoints are not managed yet"),
                (
                    "gateway_load_balancer",
                    "Gateway Load Balancer endpoints are not managed yet",
                ),
                (
                    "GatewayLoadBalancer",
                    "Gateway Load Balancer endpoints are not managed yet",
                ),
            ])
            .default(|| "gateway".into())
            .wider_live()
            .replace("EC2 cannot change an endpoint's type"),
        Attribute::new(
            attr::ROUTE_TABLES,
            Type::Set(&TABLES),
            "The route tables whose subnets use it.",
        )
        .in_own_vpc()
        .loose()
        .disrupts(resets)
        .default(none),
        Attribute::new(
            attr::POLICY,
            Type::Policy,
            "Who may do what through it, as an IAM policy.",
        )
        .unfelt()
        .absent(
            "full \
         access",
        ),
        Attribute::new(
            attr::POLICY_FILE,
            Type::Text(&PATH),
            "A file with the policy, in JSON.",
        )
        .input(),
    ],
    selected_by_tags: false,
    quota: Quota::Region(20),
};

/// All that a vpc endpoint is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &VpcEndpointRules,
    actions: action::ALL,
    tags_outlive: true,
    is_always_read: true,
};

/// What a VPC endpoint is.
#[derive(Debug)]
struct VpcEndpointRules;

static SERVED: Exclusive = Exclusive {
    attribute: attr::ROUTE_TABLES.name,
    code: "endpoint-twice",
    help: "a route table has one endpoint for each service: take the table out of one of them",
};

impl Rules for VpcEndpointRules {
    fn normalise(&self, record: &mut Record, context: &mut Context<'_>) {
        if let Some(service) = record.get(attr::SERVICE)
            && !service.contains('.')
            && let Some(region) = context.region
        {
            record.set(attr::SERVICE, format!("com.amazonaws.{region}.{service}"));
        }
        check_service(record, context);
        read_policy_file(record, context);
        let Some(document) = record
            .get(attr::POLICY)
            .and_then(|policy| serde_json::to_value(policy).ok())
        else {
            return;
        };
        let length = document.to_string().len();
        if let Some(why) = policy::refusal(&document) {
            context.problem(
                "policy",
                "policy",
                why,
                "write `Statement:` with `Effect`, `Principal`, `Action` and `Resource`",
            );
        } else if length > POLICY_LENGTH_MAX {
            context.problem(
                "policy",
                "policy",
                format!("the policy has {length} characters, and EC2 takes {POLICY_LENGTH_MAX}"),
                "shorten it",
            );
        } else if policy::is_full_access(&document) {
            record.remove(attr::POLICY);
        }
    }

    fn abridge(&self, record: &mut Record, _address: &Address, topology: &Topology) {
        if let Some(short) = in_region(record.text(attr::SERVICE), topology).map(str::to_owned) {
            record.set(attr::SERVICE, short);
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.only(&[
            attr::VPC.name,
            attr::SERVICE.name,
            attr::TYPE.name,
            attr::ROUTE_TABLES.name,
            attr::POLICY.name,
        ]))
    }

    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        let tables = update.members(attr::ROUTE_TABLES);
        // The service goes with the tables: a table has one endpoint for each.
        let served = |tables: &[&Value]| match tables {
            [] => Record::new(),
            tables => members_record(attr::ROUTE_TABLES, tables)
                .with(attr::SERVICE, update.after.text(attr::SERVICE)),
        };
        let (mut sets, mut unsets) = (served(&tables.added), served(&tables.removed));
        let mut calls = Vec::new();
        // What is new comes before what is old goes, so that who moves from one table to another has the
        // endpoint all the time.
        let late = if sets.is_empty() {
            Record::new()
        } else {
            std::mem::take(&mut unsets)
        };
        if update.has(attr::POLICY) {
            match update.after.get(attr::POLICY) {
                Some(policy) => sets.set(attr::POLICY, policy.clone()),
                None => unsets.set_option(attr::POLICY, update.before.get(attr::POLICY).cloned()),
            }
        }
        for (sets, unsets) in [(sets, unsets), (Record::new(), late)] {
            if !sets.is_empty() || !unsets.is_empty() {
                calls.push(action::MODIFY.setting(sets).unsetting(unsets));
            }
        }
        calls
    }

    /// Two endpoints that swap their tables each give up before they take.
    fn commute(&self, earlier: &Call, later: &Call) -> bool {
        [earlier, later].iter().all(|call| call.action == action::MODIFY)
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        let service = sets.text(attr::SERVICE);
        let tables = sets.references(attr::ROUTE_TABLES);
        let claim = |table| {
            Claim::text(
                &SERVED,
                format!("endpoints in {table}"),
                service,
                format!("an endpoint for {service} in {table}"),
            )
        };
        tables.filter(|_| !service.is_empty()).map(claim).collect()
    }

    fn loss_disruption(&self, _object: &Object) -> Disruption {
        Disruption::Reset
    }
}

/// The services that have gateway endpoints, by the last part of their names.
const SERVICES: [&str; 3] = ["s3", "s3express", "dynamodb"];

/// A gateway endpoint leads to one of a few services, in its own region.
fn check_service(record: &Record, context: &mut Context<'_>) {
    let service = record.text(attr::SERVICE);
    let mut parts = service.rsplit('.');
    let (last, region) = (parts.next().unwrap_or_default(), parts.next());
    if !SERVICES.contains(&last) {
        let message = format!("there are no gateway endpoints for `{last}`");
        context.problem(
            "service",
            "endpoint-service",
            message,
            "gateway endpoints are for s3, s3express and dynamodb; interface endpoints are not managed yet",
        );
    } else if let (Some(region), Some(own)) = (region, context.region)
        && region != own
    {
        let message = format!("{service} is not a service of {own}");
        context.problem(
            "service",
            "endpoint-service",
            message,
            format!("a gateway endpoint leads to a service of its own region: write `{last}`"),
        );
    }
}

/// What sort of endpoint it is.
pub fn kind(record: &Record) -> &str {
    record.text(attr::TYPE)
}

fn read_policy_file(record: &mut Record, context: &mut Context<'_>) {
    let Some(path) = record.remove(attr::POLICY_FILE) else {
        return;
    };
    if record.has(attr::POLICY) {
        context.problem(
            "policy_file",
            "policy",
            "the policy is given twice",
            "keep `policy` or `policy_file`, not both",
        );
        return;
    }
    let path = path.as_text().unwrap_or_default().to_owned();
    let read = context
        .files
        .text(&path)
        .and_then(|text| serde_json::from_str(&text).map_err(|error| format!("{path} is not JSON: {error}")));
    match read {
        Ok(document) => record.set_option(attr::POLICY, json::value(&document, None)),
        Err(why) => context.problem(
            "policy_file",
            "policy",
            why,
            "name a file with an IAM policy in JSON",
        ),
    }
}

/// What a service, or the prefix list of one, is called among those of the topology's region.
pub fn in_region<'t>(full: &'t str, topology: &Topology) -> Option<&'t str> {
    let short = full.strip_prefix("com.amazonaws.")?;
    let short = short
        .strip_prefix(topology.region.as_deref()?)?
        .strip_prefix('.')?;
    Some(short).filter(|short| !short.contains('.'))
}

/// Writes the prefix lists of the region's services, in a field of a record's members, as a person would.
pub fn shorten_lists(record: &mut Record, set: Attr<[Value]>, field: Attr<str>, topology: &Topology) {
    let Some(Value::List(mut members)) = record.remove(set) else {
        return;
    };
    for member in &mut members {
        if let Value::Map(fields) = member
            && let Some(short) = in_region(fields.text(field), topology)
        {
            let short = format!("aws/{short}");
            fields.set(field, short);
        }
    }
    record.set(set, members);
}

/// The full name of a prefix list that is written `aws/s3`; other spellings stay as they are.
pub fn prefix_list_name(text: &str, region: Option<&str>) -> String {
    match (text.strip_prefix("aws/"), region) {
        (Some(service), Some(region)) => format!("com.amazonaws.{region}.{service}"),
        _ => text.to_owned(),
    }
}
