//! Plans made by hand, with one of everything.

use serde_json::{Value as Json, json};
use trueup_model::{
    Action, Address, ApiAction, AttributeChange, Cause, Change, Consent, Diagnostic, Disruption, Effect,
    Kind, Loss, MemberKey, Note, Order, Place, Plan, Record, Ref, Refusal, Refused, Step, StepAction,
    StepReason, TakenBy, Unread, Value,
};

pub const SPEC: &str = "gateway-endpoint.yaml";

pub fn place(line: usize) -> Place {
    Place {
        file: SPEC.into(),
        line,
        column: 3,
        start: 0,
        end: 0,
    }
}

pub fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub fn name(text: &str) -> Value {
    Value::Ref(Ref::Name(address(text)))
}

pub fn id(text: &str) -> Value {
    Value::Ref(Ref::Id(text.to_owned()))
}

pub fn new(text: &str) -> Value {
    Value::Unknown(address(text))
}

pub fn policy(json: &Json) -> Value {
    trueup_model::json::value(json, None).unwrap()
}

/// What differs of one attribute; the table says what that costs.
pub fn attribute(kind: Kind, path: &str, before: Option<Value>, after: Option<Value>) -> AttributeChange {
    let table = kind.schema().attribute(path);
    let effect = table.map_or(Effect::InPlace, |a| a.effect(before.as_ref(), after.as_ref()));
    let reason = table
        .filter(|_| effect != Effect::InPlace)
        .map_or("", |a| a.reason);
    AttributeChange {
        path: path.to_owned(),
        member: None,
        before,
        after,
        effect,
        reason,
        place: Some(place(26)),
    }
}

pub fn member(path: &str, key: &str, before: Option<Value>, after: Option<Value>) -> AttributeChange {
    AttributeChange {
        path: path.to_owned(),
        member: Some(MemberKey::plain(Value::text(key))),
        before,
        after,
        effect: Effect::InPlace,
        reason: "",
        place: Some(place(40)),
    }
}

pub fn cause(address: &str, attribute: &str, line: usize, reason: &'static str) -> Cause {
    Cause {
        address: address.parse().unwrap(),
        attribute: attribute.to_owned(),
        place: place(line),
        reason: Some(reason),
    }
}

pub fn change(
    action: Action,
    address_text: &str,
    id: Option<&str>,
    attributes: Vec<AttributeChange>,
) -> Change {
    Change {
        address: address(address_text),
        action,
        id: id.map(str::to_owned),
        because: Vec::new(),
        order: None,
        disruption: Disruption::None,
        lifts: None,
        losses: Vec::new(),
        notes: Vec::new(),
        source: (action != Action::Delete).then(|| place(24)),
        attributes,
    }
}

pub fn rule(port: &str, cidr: &str, description: Option<&str>) -> Value {
    let mut rule = Record::new()
        .with("protocol", "tcp")
        .with("port", port)
        .with("cidr", cidr);
    rule.set_option("description", description);
    rule.into()
}

pub fn step(
    number: usize,
    action: StepAction,
    address_text: &str,
    call: &'static str,
    after: &[usize],
) -> Step {
    Step {
        number,
        action,
        address: address(address_text),
        target: None,
        replaces: None,
        ownership: Record::new(),
        call: ApiAction::modify(call).call(),
        after: after.to_vec(),
        yields: Vec::new(),
        why: Vec::new(),
        source: Some(place(10 + number)),
    }
}

fn empty() -> Plan {
    Plan {
        topology: "gateway-endpoint".into(),
        site: trueup_model::Site {
            account: "123456789012".into(),
            region: "us-west-2".into(),
        },
        fingerprint: format!("sha256:{}", "e09b".repeat(16)),
        ..Plan::default()
    }
}

/// Nothing differs.
pub fn nothing() -> Plan {
    Plan {
        kept: vec![address("vpc.main"), address("subnet.public")],
        ..empty()
    }
}

/// A subnet's range changes, and the instance in it must follow.
pub fn replacement() -> Plan {
    let why = [cause(
        "subnet.private",
        "cidr_block",
        26,
        "EC2 cannot change a subnet's range",
    )];
    let mut subnet = change(
        Action::Replace,
        "subnet.private",
        Some("subnet-0693d03c424d9996f"),
        vec![attribute(
            Kind::Subnet,
            "cidr_block",
            Some("10.0.2.0/24".into()),
            Some("10.0.20.0/24".into()),
        )],
    );
    subnet.because = why.to_vec();
    subnet.order = Some(Order::CreateFirst);
    let mut instance = change(
        Action::Replace,
        "instance.private-host",
        Some("i-0b52d03c424d99961"),
        vec![attribute(
            Kind::Instance,
            "subnet",
            Some(id("subnet-0693d03c424d9996f")),
            Some(new("subnet.private")),
        )],
    );
    instance.because = why.to_vec();
    instance.because.push(cause(
        "instance.private-host",
        "subnet",
        55,
        "an instance cannot move to another subnet",
    ));
    instance.order = Some(Order::CreateFirst);
    instance.disruption = Disruption::DataLost;
    instance.losses = vec![
        Loss::PrivateAddress {
            address: "10.0.2.139".into(),
        },
        Loss::RootVolume {
            id: "vol-09d1d03c424d99961".into(),
            gib: Some(8),
        },
    ];
    let mut follows = change(
        Action::Update,
        "route_table.inspection",
        Some("rtb-0aaa0aaa0aaa0aaa0"),
        vec![member(
            "routes",
            "0.0.0.0/0",
            Some(
                Record::new()
                    .with("destination", "0.0.0.0/0")
                    .with("network_interface", "eni-0123456789abcdef0")
                    .into(),
            ),
            Some(
                Record::new()
                    .with("destination", "0.0.0.0/0")
                    .with("nat_gateway", new("nat_gateway.a"))
                    .into(),
            ),
        )],
    );
    follows.disruption = Disruption::Gap;
    let mut steps = vec![
        step(1, StepAction::Retire, "subnet.private", "CreateTags", &[]),
        step(2, StepAction::Create, "subnet.private", "CreateSubnet", &[1]),
        step(
            3,
            StepAction::Create,
            "instance.private-host",
            "RunInstances",
            &[2],
        ),
        step(
            4,
            StepAction::Delete,
            "instance.private-host",
            "TerminateInstances",
            &[3],
        ),
        step(5, StepAction::Delete, "subnet.private", "DeleteSubnet", &[2, 4]),
    ];
    steps[4].why = vec![StepReason::WhileThere {
        call: "DeleteSubnet",
        other: "instance.private-host".parse().unwrap(),
    }];
    Plan {
        changes: vec![subnet, follows, instance],
        kept: vec![address("vpc.main"); 11],
        steps,
        ..empty()
    }
}

/// One of everything: creates, changes, a deletion, policies, user data, tags, refusals, a kind that could
/// not be read.
pub fn everything() -> Plan {
    let document = |action: &str| {
        policy(&json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": [action, "s3:GetObject"], "Resource": "arn:aws:s3:::shop/*"}]}))
    };
    let mut stop = change(
        Action::Update,
        "instance.bastion",
        Some("i-0aaaaaaaaaaaaaaa0"),
        vec![
            attribute(
                Kind::Instance,
                "instance_type",
                Some("t2.micro".into()),
                Some("t3.micro".into()),
            ),
            attribute(
                Kind::Instance,
                "user_data",
                Some("#!/bin/sh\nset -e\n\techo one\nTOKEN=hunter2\n".into()),
                Some("#!/bin/sh\nset -e\n\techo two\nTOKEN=hunter3\n".into()),
            ),
        ],
    );
    stop.disruption = Disruption::Outage;
    stop.notes = vec![Note::FirstBootOnly];
    let mut gone = change(
        Action::Delete,
        "elastic_ip.old",
        Some("eipalloc-0aaaaaaaaaaaaaaa0"),
        vec![],
    );
    gone.disruption = Disruption::AddressLost;
    gone.losses = vec![Loss::ElasticIp {
        address: "203.0.113.7".into(),
    }];
    let changes = vec![
        change(
            Action::Create,
            "subnet.extra",
            None,
            vec![
                attribute(Kind::Subnet, "vpc", None, Some(name("vpc.main"))),
                attribute(Kind::Subnet, "cidr_block", None, Some("10.0.3.0/24".into())),
                attribute(Kind::Subnet, "route_table", None, Some(new("route_table.extra"))),
                member("tags", "Name", None, Some("gateway-endpoint-extra".into())),
                member("tags", "team", None, Some("".into())),
            ],
        ),
        gone,
        change(
            Action::Create,
            "security_group.extra",
            None,
            vec![
                attribute(
                    Kind::SecurityGroup,
                    "description",
                    None,
                    Some("Extra \u{1b}[31m``` </details>".into()),
                ),
                member(
                    "ingress",
                    "tcp/22 cidr 0.0.0.0/0",
                    None,
                    Some(rule("22", "0.0.0.0/0", Some("SSH"))),
                ),
                member(
                    "ingress",
                    "tcp/443 cidr 0.0.0.0/0",
                    None,
                    Some(rule("443", "0.0.0.0/0", None)),
                ),
            ],
        ),
        change(
            Action::Update,
            "security_group.private-sg",
            Some("sg-0aaaaaaaaaaaaaaa0"),
            vec![
                member(
                    "ingress",
                    "tcp/22 cidr 10.0.0.0/8",
                    Some(rule("22", "10.0.0.0/8", None)),
                    None,
                ),
                member(
                    "ingress",
                    "tcp/80 cidr 10.0.0.0/8",
                    Some(rule("80", "10.0.0.0/8", Some("web"))),
                    Some(rule("80", "10.0.0.0/8", Some("the web"))),
                ),
                member(
                    "ingress",
                    "tcp/443 cidr 0.0.0.0/0",
                    None,
                    Some(rule("443", "0.0.0.0/0", None)),
                ),
                member("tags", "old", Some("x".into()), None),
                member("tags", "team", Some("a".into()), Some("b".into())),
            ],
        ),
        stop,
        change(
            Action::Create,
            "instance.extra",
            None,
            vec![
                attribute(
                    Kind::Instance,
                    "image",
                    None,
                    Some("ami-003634241a8fcdec0".into()),
                ),
                attribute(
                    Kind::Instance,
                    "user_data",
                    None,
                    Some("#!/bin/sh\nTOKEN=hunter4\n".into()),
                ),
                member(
                    "security_groups",
                    "security_group.extra (new)",
                    None,
                    Some(new("security_group.extra")),
                ),
                member(
                    "security_groups",
                    "security_group.private-sg",
                    None,
                    Some(name("security_group.private-sg")),
                ),
            ],
        ),
        change(
            Action::Update,
            "vpc_endpoint.s3",
            Some("vpce-0aaaaaaaaaaaaaaa0"),
            vec![
                attribute(
                    Kind::VpcEndpoint,
                    "policy",
                    Some(document("s3:PutObject")),
                    Some(document("s3:ListBucket")),
                ),
                member(
                    "route_tables",
                    "route_table.private",
                    Some(name("route_table.private")),
                    None,
                ),
            ],
        ),
        change(
            Action::Create,
            "vpc_endpoint.dynamodb",
            None,
            vec![attribute(
                Kind::VpcEndpoint,
                "policy",
                None,
                Some(document("dynamodb:GetItem")),
            )],
        ),
    ];
    let refused = vec![
        Refusal::new(
            "key_pair.bastion-key",
            Refused::Taken {
                id: "key-0aaaaaaaaaaaaaaa0".into(),
                has: "the name bastion-key".into(),
                wanted: "the name bastion-key".into(),
                by: TakenBy::Topology("other".into()),
            },
        ),
        Refusal::new(
            "vpc.main",
            Refused::Protected {
                from: Consent::Replace,
                id: "<b>vpc</b> @everyone".into(),
                duplicate: false,
            },
        ),
    ];
    let mut plan = Plan {
        changes,
        kept: vec![address("vpc.main")],
        steps: vec![step(1, StepAction::Create, "subnet.extra", "CreateSubnet", &[])],
        refused,
        diagnostics: vec![
            Diagnostic::warning("quota", "the topology has more than 5 VPCs")
                .at(place(7), "the sixth")
                .help("ask for more"),
            Diagnostic::note(
                "kept",
                "key_pair.a: the key is live and a.pem is not here: the key is kept as it is",
            ),
        ],
        ..empty()
    };
    plan.unreadable.insert(
        Kind::NatGateway,
        "UnauthorizedOperation: you may not call DescribeNatGateways".into(),
    );
    plan.unread.push(unread());
    plan
}

/// A switch that EC2 did not tell.
pub fn unread() -> Unread {
    let why = "EC2 did not say `mapPublicIpOnLaunch`".to_owned();
    Unread {
        address: address("subnet.extra"),
        id: "subnet-1".into(),
        attribute: "map_public_ip_on_launch".into(),
        why,
    }
}
