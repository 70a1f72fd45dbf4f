//! The table of `vpc_endpoint`.

use crate::Kind;
use crate::attr::attributes;
use crate::net::{Complaint, Format, PATH, is_word};
use crate::schema::{Attribute, Follow, Members, Portion, Quota, Schema, Type, none, resets};
use crate::value::Record;

static TABLES: Members = Members::plain(Type::Ref(Kind::RouteTable, Follow::Id));
static SUBNETS: Members = Members::plain(Type::Ref(Kind::Subnet, Follow::Id));
static GROUPS: Members = Members::plain(Type::Ref(Kind::SecurityGroup, Follow::Id));

static SERVICE: Format = Format {
    what: "a service such as s3 or ssm, or its full name",
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

attributes! {
    [VPC, SUBNET];
    SERVICE: str = "service";
    TYPE: str = "type";
    ROUTE_TABLES: [Value] = "route_tables";
    SUBNETS: [Value] = "subnets";
    SECURITY_GROUPS: [Value] = "security_groups";
    PRIVATE_DNS_ENABLED: bool = "private_dns_enabled";
    IP_ADDRESS_TYPE: str = "ip_address_type";
    DNS_OPTIONS: Record = "dns_options";
    DNS_RECORD_IP_TYPE: str = "dns_record_ip_type";
    ONLY_INBOUND: bool = "private_dns_only_for_inbound_resolver_endpoint";
    POLICY: Value = "policy";
    POLICY_FILE: str = "policy_file";
}

/// The types of endpoints, as a spec says them.
pub mod endpoint_type {
    /// A route to a service's prefix list.
    pub const GATEWAY: &str = "gateway";
    /// A network interface in each of some subnets.
    pub const INTERFACE: &str = "interface";
    /// A network interface to which routes lead, and behind it appliances.
    pub const GATEWAY_LOAD_BALANCER: &str = "gateway_load_balancer";
}

/// The DNS options of an interface endpoint (EC2's `DnsOptionsSpecification`).
static DNS_OPTIONS: &[Attribute] = &[
    Attribute::new(
        attr::DNS_RECORD_IP_TYPE,
        Type::Choice(&["ipv4", "dualstack", "ipv6", "service-defined"]),
        "Which records its names have.",
    )
    .auto(),
    Attribute::new(
        attr::ONLY_INBOUND,
        Type::Bool,
        "Whether the service's usual name leads to it only for those who ask an inbound resolver endpoint, \
         such as networks on premises: hosts of the VPC use the gateway endpoint, which costs nothing. Of \
         services that have both.",
    )
    .auto(),
];

/// Which endpoints a quota is about.
fn is_gateway(record: &Record) -> bool {
    super::kind(record) == endpoint_type::GATEWAY
}

fn has_interfaces(record: &Record) -> bool {
    !is_gateway(record)
}

pub(super) static SCHEMA: Schema = Schema {
    kind: Kind::VpcEndpoint,
    arn_type: "vpc-endpoint",
    tag_type: "vpc-endpoint",
    doc: "A private way to a service. A gateway endpoint puts a route for the service's prefix list into each of \
          its route tables; an interface endpoint has a network interface in each of its subnets, to which the \
          service's name leads; a Gateway Load Balancer endpoint is where routes lead to appliances of another \
          VPC.",
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
  ssm:
    vpc: main
    service: ssm
    type: interface
    subnets: [private-a, private-b]
    security_groups: [endpoints]
"#,
    notes: &[
        "Gateway endpoints cost nothing, and there are three services for them: `s3`, `s3express` and \
         `dynamodb`. The routes that EC2 adds for one are the endpoint's and never show as drift.",
        "The route goes to the service's prefix list and is more specific than a default route, so it \
         wins beside one. Subnets that use none of the endpoint's tables reach the service as \
         before.",
        "A change of tables can break open connections to the service; new ones work at once.",
        "Amazon charges for every hour and every subnet of an interface endpoint.",
        "Of an interface endpoint subnets and groups change in place. It has one subnet in a zone, so what goes \
         goes first: an endpoint that gets other subnets only is away for a moment.",
        "`private_dns_enabled` makes the service's usual name lead to the endpoint, for all of the VPC. It needs \
         `enable_dns_support` and `enable_dns_hostnames` of the VPC, and a VPC has it once for each service.",
        "Who reaches an interface endpoint is asked with it as the party: `{from: subnet.private-a, can: \
         vpc_endpoint.ssm, over: tcp/443}`; `can: aws/ssm` asks where the service's usual name leads.",
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
            "The service: `s3`, `ssm`, `ecr.api` and so on for those of the region, or a full name such as \
             `com.amazonaws.vpce.us-west-2.vpce-svc-0123456789abcdef0`.",
        )
        .required()
        .replace("an endpoint leads to one service for life"),
        Attribute::new(
            attr::TYPE,
            Type::Choice(&[
                endpoint_type::GATEWAY,
                endpoint_type::INTERFACE,
                endpoint_type::GATEWAY_LOAD_BALANCER,
            ]),
            "What sort of endpoint.",
        )
        .default(|| endpoint_type::GATEWAY.into())
        .wider_live()
        .replace("EC2 cannot change an endpoint's type"),
        Attribute::new(
            attr::ROUTE_TABLES,
            Type::Set(&TABLES),
            "Of a gateway endpoint: the route tables whose subnets use it.",
        )
        .in_own_vpc()
        .loose()
        .disrupts(resets)
        .default(none),
        Attribute::new(
            attr::SUBNETS,
            Type::Set(&SUBNETS),
            "Of an interface endpoint: the subnets in which it has a network interface, one in a zone.",
        )
        .in_own_vpc()
        .disrupts(resets)
        .default(none),
        Attribute::new(
            attr::SUBNET,
            Type::Ref(Kind::Subnet, Follow::Id),
            "Of a Gateway Load Balancer endpoint: the one subnet it is in.",
        )
        .in_own_vpc()
        .replace("EC2 takes no subnet away from a Gateway Load Balancer endpoint"),
        Attribute::new(
            attr::SECURITY_GROUPS,
            Type::Set(&GROUPS),
            "Of an interface endpoint: the security groups of its network interfaces.",
        )
        .in_own_vpc()
        .granted(5)
        .joining()
        .disrupts(resets)
        .absent("the VPC's default group")
        .default(none),
        Attribute::new(
            attr::PRIVATE_DNS_ENABLED,
            Type::Bool,
            "Of an interface endpoint: whether the service's usual name leads to it in the VPC",
        )
        .absent(
            "it does for services of AWS that have interface endpoints alone, and does not for s3, s3express, \
             dynamodb and services of others",
        )
        .disrupts(resets),
        Attribute::new(
            attr::IP_ADDRESS_TYPE,
            Type::Choice(&["ipv4", "dualstack", "ipv6"]),
            "Of an interface or Gateway Load Balancer endpoint: which addresses its network interfaces have.",
        )
        .auto(),
        Attribute::new(
            attr::DNS_OPTIONS,
            Type::Object(DNS_OPTIONS),
            "Of an interface endpoint: what its names lead to.",
        )
        .auto(),
        Attribute::new(
            attr::POLICY,
            Type::Policy,
            "Of a gateway or interface endpoint: who may do what through it, as an IAM policy.",
        )
        .unfelt()
        .absent("full access"),
        Attribute::new(
            attr::POLICY_FILE,
            Type::Text(&PATH),
            "A file with the policy, in JSON.",
        )
        .input(),
    ],
    selected_by_tags: false,
    quota: Quota::Each(&[
        Portion {
            what: "gateway endpoints",
            is: is_gateway,
            quota: Quota::Region(20),
        },
        Portion {
            what: "interface and Gateway Load Balancer endpoints",
            is: has_interfaces,
            quota: Quota::Vpc(50),
        },
    ]),
};
