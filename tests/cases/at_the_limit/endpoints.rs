//! The rows of endpoints.

use serde_json::{Value as Json, json};

use super::rows::{Case, Row, mixed, row};

/// What makes an interface endpoint without more of it.
const INTERFACE: &str = "CreateVpcEndpoint&VpcId={vpc.main}&ServiceName=com.amazonaws.us-west-2.ssm&VpcEndpointType=Interface&PrivateDnsEnabled=false";

/// The limits of an endpoint.
pub fn endpoints() -> Vec<Row> {
    let policy = |length: usize| {
        let statement =
            json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Sid": ""});
        let empty = json!({"Statement": [statement.clone()]}).to_string().len();
        let mut document = json!({"Statement": [statement]});
        document["Statement"][0]["Sid"] = json!("x".repeat(length - empty));
        document
    };
    vec![
        mixed(
            "vpc_endpoint.service",
            &json!({"vpc_endpoint.x": {"vpc": "main", "service": "$"}}),
            "CreateVpcEndpoint&VpcId={vpc.main}&ServiceName=",
            &[
                (json!("s3"), "com.amazonaws.us-west-2.s3"),
                (json!("dynamodb"), "com.amazonaws.us-west-2.dynamodb"),
            ],
            &[
                (json!("com.amazonaws.us-east-1.s3"), "com.amazonaws.us-east-1.s3"),
                (json!("s4"), "com.amazonaws.us-west-2.s4"),
            ],
        ),
        types(),
        mixed(
            "vpc_endpoint.ip_address_type",
            &json!({"vpc_endpoint.x": {"vpc": "main", "service": "ssm", "type": "interface", "private_dns_enabled": false, "ip_address_type": "$"}}),
            &format!("{INTERFACE}&IpAddressType="),
            &["ipv4", "dualstack", "ipv6"].map(|word| (json!(word), word)),
            &[(json!("ipv5"), "ipv5")],
        ),
        mixed(
            "vpc_endpoint.dns_options.dns_record_ip_type",
            &json!({"vpc_endpoint.x": {
                "vpc": "main", "service": "ssm", "type": "interface", "private_dns_enabled": false,
                "ip_address_type": "dualstack", "dns_options": {"dns_record_ip_type": "$"},
            }}),
            &format!("{INTERFACE}&IpAddressType=dualstack&DnsOptions.DnsRecordIpType="),
            &["ipv4", "dualstack", "ipv6", "service-defined"].map(|word| (json!(word), word)),
            &[(json!("ipv5"), "ipv5")],
        ),
        row(
            "vpc_endpoint.policy",
            &json!({"vpc_endpoint.x": {"vpc": "main", "service": "s3", "policy": "$"}}),
            "CreateVpcEndpoint&VpcId={vpc.main}&ServiceName=com.amazonaws.us-west-2.s3&PolicyDocument=$",
            &[policy(20_480)],
            &[
                policy(20_481),
                json!({"Version": "2012-10-17"}),
                json!({"Statement": []}),
            ],
        ),
    ]
}

/// Endpoints of each type, which have nothing else in common.
fn types() -> Row {
    let case = |more: Json, service: &str, query: &str| {
        let mut endpoint = json!({"vpc": "main"});
        for (name, value) in more.as_object().into_iter().flatten() {
            endpoint[name] = value.clone();
        }
        Case {
            spec: json!({"vpc_endpoint.x": endpoint}),
            query: format!(
                "CreateVpcEndpoint&VpcId={{vpc.main}}&ServiceName={service}&VpcEndpointType={query}"
            ),
        }
    };
    let offered = "com.amazonaws.vpce.us-west-2.vpce-svc-0123456789abcdef0";
    let (s3, ssm) = ("com.amazonaws.us-west-2.s3", "com.amazonaws.us-west-2.ssm");
    Row {
        of: "vpc_endpoint.type",
        at: vec![
            case(json!({"service": "s3", "type": "gateway"}), s3, "Gateway"),
            case(
                json!({"service": "s3", "type": "interface"}),
                s3,
                "Interface&PrivateDnsEnabled=false",
            ),
            case(
                json!({"service": offered, "type": "gateway_load_balancer", "subnet": "main"}),
                offered,
                "GatewayLoadBalancer&SubnetId.1={subnet.main}",
            ),
        ],
        past: vec![
            case(json!({"service": "s3", "type": "door"}), s3, "door"),
            case(json!({"service": "ssm", "type": "gateway"}), ssm, "Gateway"),
            case(
                json!({"service": offered, "type": "gateway_load_balancer"}),
                offered,
                "GatewayLoadBalancer",
            ),
        ],
    }
}
