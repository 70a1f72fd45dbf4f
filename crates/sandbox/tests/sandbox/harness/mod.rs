//! What every test of the sandbox needs: sending a query and picking texts out of the answer.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use trueup_sandbox::{Behaviour, Options, Sandbox};

/// A sandbox with short ways to ask it.
pub struct Cloud {
    pub sandbox: Arc<Sandbox>,
}

impl Cloud {
    pub fn new() -> Self {
        Self::of(Sandbox::new(Options::default()))
    }

    pub fn behaving(behaviour: Behaviour) -> Self {
        Self::of(Sandbox::new(Options {
            behaviour,
            ..Options::default()
        }))
    }

    pub fn of(sandbox: Sandbox) -> Self {
        Self {
            sandbox: Arc::new(sandbox),
        }
    }

    /// The status and the body of the answer to `Action=query`.
    pub async fn ask(&self, query: &str) -> (u16, String) {
        let body = Bytes::from(format!("Action={query}&Version=2016-11-15"));
        let request = Request::post("http://ec2.us-west-2.amazonaws.com/")
            .body(body)
            .unwrap();
        let response = self.sandbox.handle(request).await;
        (
            response.status().as_u16(),
            String::from_utf8(response.body().to_vec()).unwrap(),
        )
    }

    /// The body of an answer that must be good.
    pub async fn ok(&self, query: &str) -> String {
        let (status, body) = self.ask(query).await;
        assert_eq!(status, 200, "{query}: {body}");
        body
    }

    /// The first text of `element` in an answer that must be good.
    pub async fn get(&self, query: &str, element: &str) -> String {
        let body = self.ok(query).await;
        first(&body, element).unwrap_or_else(|| panic!("{query}: no {element} in {body}"))
    }

    /// The code of an answer that must be a refusal.
    pub async fn code(&self, query: &str) -> String {
        let (status, body) = self.ask(query).await;
        assert_ne!(status, 200, "{query}: {body}");
        first(&body, "Code").unwrap()
    }

    /// A VPC 10.0.0.0/16.
    pub async fn vpc(&self) -> String {
        self.get("CreateVpc&CidrBlock=10.0.0.0/16", "vpcId").await
    }

    /// A subnet of a VPC.
    pub async fn subnet(&self, vpc: &str, cidr: &str) -> String {
        self.get(
            &format!("CreateSubnet&VpcId={vpc}&CidrBlock={cidr}&AvailabilityZone=us-west-2a"),
            "subnetId",
        )
        .await
    }

    /// An internet gateway attached to a VPC.
    pub async fn gateway(&self, vpc: &str) -> String {
        let id = self.get("CreateInternetGateway", "internetGatewayId").await;
        self.ok(&format!(
            "AttachInternetGateway&InternetGatewayId={id}&VpcId={vpc}"
        ))
        .await;
        id
    }

    /// A security group of a VPC.
    pub async fn group(&self, vpc: &str, name: &str) -> String {
        self.get(
            &format!("CreateSecurityGroup&VpcId={vpc}&GroupName={name}&GroupDescription=x"),
            "groupId",
        )
        .await
    }

    /// An instance in a subnet.
    pub async fn instance(&self, subnet: &str, more: &str) -> String {
        let query = format!(
            "RunInstances&ImageId=ami-0d6621c01e8c2de2c&InstanceType=t2.micro&MinCount=1&MaxCount=1&SubnetId={subnet}{more}"
        );
        self.get(&query, "instanceId").await
    }
}

/// The texts of an element, in order.
pub fn all(body: &str, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    body.split(&open)
        .skip(1)
        .filter_map(|rest| rest.split_once(&close))
        .map(|(text, _)| text.to_owned())
        .collect()
}

/// The first text of an element.
pub fn first(body: &str, element: &str) -> Option<String> {
    all(body, element).into_iter().next()
}

/// The start of a permission for SSH.
pub const TCP: &str = "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22";

/// Asks each query and compares the code of its refusal.
pub async fn refused(cloud: &Cloud, cases: &[(&str, &str)]) {
    for (query, code) in cases {
        assert_eq!(cloud.code(query).await, *code, "{query}");
    }
}

/// Replaces `{name}` by its value in each query.
pub async fn refused_with(cloud: &Cloud, names: &[(&str, &str)], cases: &[(&str, &str)]) {
    for (query, code) in cases {
        let mut query = (*query).to_owned();
        for (name, value) in names {
            query = query.replace(&format!("{{{name}}}"), value);
        }
        assert_eq!(cloud.code(&query).await, *code, "{query}");
    }
}
