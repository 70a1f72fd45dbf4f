//! Fills a sandbox with what an apply would make of a topology, by the fewest calls: an apply of 100,000 objects
//! takes many minutes, and what is measured is the plan after it. If something were made otherwise than an apply
//! makes it, that plan would find it, and the bench would fail.
//!
//! Only what [`Size`](crate::topologies::Size) makes is known here.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;

use trueup_model::attr::{INGRESS, SUBNET, TAGS, VPC};
use trueup_model::kinds::{instance, route_table, security_group, subnet, vpc};
use trueup_model::{Address, Attr, Kind, Record, Ref, Resource, Topology, tags};

use crate::Failure;

/// Makes everything of a topology in the sandbox at this URL.
pub fn fill(url: &str, topology: &Topology) -> Result<(), Failure> {
    let mut filler = Filler {
        line: Line::open(url)?,
        topology,
        ids: BTreeMap::new(),
    };
    // In this order what is referred to is there; groups refer to each other, so their rules come last.
    for kind in [
        Kind::Vpc,
        Kind::InternetGateway,
        Kind::RouteTable,
        Kind::Subnet,
        Kind::SecurityGroup,
        Kind::Instance,
    ] {
        topology.of(kind).try_for_each(|resource| filler.make(resource))?;
    }
    topology
        .of(Kind::SecurityGroup)
        .try_for_each(|group| filler.rules(group))
}

struct Filler<'a> {
    line: Line,
    topology: &'a Topology,
    /// What was made, by its address.
    ids: BTreeMap<&'a Address, String>,
}

impl<'a> Filler<'a> {
    fn make(&mut self, resource: &'a Resource) -> Result<(), Failure> {
        let Resource { address, record, .. } = resource;
        let (id, then) = match address.kind {
            Kind::Vpc => {
                let call = Call::new("CreateVpc").with("CidrBlock", record.text(vpc::attr::CIDR_BLOCK));
                (self.create(resource, call, "vpcId")?, None)
            }
            Kind::InternetGateway => {
                let id = self.create(resource, Call::new("CreateInternetGateway"), "internetGatewayId")?;
                let attach = Call::new("AttachInternetGateway").with("VpcId", self.id(record, VPC)?);
                let attach = attach.with("InternetGatewayId", &id);
                (id, Some(attach))
            }
            Kind::RouteTable => {
                let call = Call::new("CreateRouteTable").with("VpcId", self.id(record, VPC)?);
                let id = self.create(resource, call, "routeTableId")?;
                let mut routes = record.records(route_table::attr::ROUTES);
                let route = routes.next().ok_or_else(|| unknown(address))?;
                let then = Call::new("CreateRoute")
                    .with("RouteTableId", &id)
                    .with("DestinationCidrBlock", route.text(route_table::attr::DESTINATION))
                    .with("GatewayId", self.id(route, route_table::attr::INTERNET_GATEWAY)?);
                (id, Some(then))
            }
            Kind::Subnet => {
                let call = Call::new("CreateSubnet")
                    .with("VpcId", self.id(record, VPC)?)
                    .with("CidrBlock", record.text(subnet::attr::CIDR_BLOCK))
                    .with("AvailabilityZone", record.text(subnet::attr::AVAILABILITY_ZONE));
                let id = self.create(resource, call, "subnetId")?;
                let then = Call::new("AssociateRouteTable")
                    .with("RouteTableId", self.id(record, subnet::attr::ROUTE_TABLE)?)
                    .with("SubnetId", &id);
                (id, Some(then))
            }
            Kind::SecurityGroup => {
                let call = Call::new("CreateSecurityGroup")
                    .with("VpcId", self.id(record, VPC)?)
                    .with("GroupName", record.text(security_group::attr::GROUP_NAME))
                    .with("GroupDescription", record.text(security_group::attr::DESCRIPTION));
                (self.create(resource, call, "groupId")?, None)
            }
            Kind::Instance => {
                let group = record.references(instance::attr::SECURITY_GROUPS).next();
                let call = Call::new("RunInstances")
                    .with("ImageId", record.text(instance::attr::IMAGE))
                    .with("InstanceType", record.text(instance::attr::INSTANCE_TYPE))
                    .with("MinCount", 1)
                    .with("MaxCount", 1)
                    .with("SubnetId", self.id(record, SUBNET)?)
                    .with("SecurityGroupId.1", self.of(group)?);
                (self.create(resource, call, "instanceId")?, None)
            }
            _ => return Err(unknown(address)),
        };
        self.ids.insert(address, id);
        then.map_or(Ok(()), |then| self.line.call(&then).map(drop))
    }

    /// A create with the tags of an apply; the id is in this element of the answer.
    fn create(&mut self, resource: &Resource, call: Call, element: &str) -> Result<String, Failure> {
        let kind = resource.address.kind.schema().tag_type;
        let mut all = tags::ownership(&self.topology.name, resource);
        if let Some(own) = resource.record.get(TAGS) {
            all.set_all(own);
        }
        let call = call.with("TagSpecification.1.ResourceType", kind);
        let call = all.iter().enumerate().fold(call, |call, (number, (key, value))| {
            let tag = format!("TagSpecification.1.Tag.{}", number + 1);
            call.with(&format!("{tag}.Key"), key)
                .with(&format!("{tag}.Value"), value)
        });
        let answer = self.line.call(&call)?;
        let (_, rest) = answer
            .split_once(&format!("<{element}>"))
            .ok_or_else(|| Failure::new(format!("no {element} in {answer}")))?;
        Ok(rest.split('<').next().unwrap_or_default().to_owned())
    }

    fn rules(&mut self, group: &Resource) -> Result<(), Failure> {
        let id = self
            .ids
            .get(&group.address)
            .ok_or_else(|| unknown(&group.address))?;
        let mut call = Call::new("AuthorizeSecurityGroupIngress").with("GroupId", id);
        for (number, rule) in group.record.records(INGRESS).enumerate() {
            let own = format!("IpPermissions.{}", number + 1);
            let ports = rule.get(security_group::attr::PORT);
            let ports = ports.ok_or_else(|| unknown(&group.address))?;
            call = call
                .with(
                    &format!("{own}.IpProtocol"),
                    rule.text(security_group::attr::PROTOCOL),
                )
                .with(&format!("{own}.FromPort"), ports.from)
                .with(&format!("{own}.ToPort"), ports.to);
            let source = match rule.get(security_group::attr::CIDR) {
                Some(range) => {
                    call = call.with(&format!("{own}.IpRanges.1.CidrIp"), range);
                    "IpRanges"
                }
                None => {
                    let other = self.id(rule, security_group::attr::SECURITY_GROUP)?;
                    call = call.with(&format!("{own}.Groups.1.GroupId"), other);
                    "Groups"
                }
            };
            if let Some(text) = rule.get(security_group::attr::DESCRIPTION) {
                call = call.with(&format!("{own}.{source}.1.Description"), text);
            }
        }
        self.line.call(&call).map(drop)
    }

    /// The id of what an attribute refers to.
    fn id(&self, record: &Record, attr: Attr<Ref>) -> Result<&str, Failure> {
        self.of(record.get(attr))
    }

    fn of(&self, reference: Option<&Ref>) -> Result<&str, Failure> {
        let address = reference.and_then(Ref::address);
        let id = address.and_then(|address| self.ids.get(address));
        id.map(String::as_str)
            .ok_or_else(|| Failure::new(format!("{reference:?} is not made")))
    }
}

fn unknown(address: &Address) -> Failure {
    Failure::new(format!("how {address} is made is not known here"))
}

/// The parameters of a call, as a form.
struct Call(String);

impl Call {
    fn new(action: &str) -> Self {
        Self(format!("Action={action}&Version=2016-11-15"))
    }

    fn with(mut self, name: &str, value: impl Display) -> Self {
        let _ = write!(self.0, "&{name}=");
        for byte in value.to_string().bytes() {
            // Writing into a string cannot fail.
            let _ = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => {
                    write!(self.0, "{}", char::from(byte))
                }
                _ => write!(self.0, "%{byte:02X}"),
            };
        }
        self
    }
}

/// A connection to a sandbox, on which one call follows the other.
struct Line {
    host: String,
    stream: BufReader<TcpStream>,
}

impl Line {
    fn open(url: &str) -> Result<Self, Failure> {
        let host = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host)
            .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
            .map_err(|error| Failure::new(format!("no connection to {url}: {error}")))?;
        Ok(Self {
            host,
            stream: BufReader::new(stream),
        })
    }

    /// The answer to a call, which must succeed.
    fn call(&mut self, Call(form): &Call) -> Result<String, Failure> {
        let (good, answer) = self
            .ask(form)
            .map_err(|error| Failure::new(format!("{form}: {error}")))?;
        if good {
            Ok(answer)
        } else {
            Err(Failure::new(format!("{form}: {answer}")))
        }
    }

    fn ask(&mut self, form: &str) -> std::io::Result<(bool, String)> {
        // Signatures are not checked, only that there is one; the region is the one in it.
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=measured/20260101/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=0\r\n\
             content-length: {}\r\n\r\n{form}",
            self.host,
            form.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut first, mut length) = (String::new(), 0);
        self.stream.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((
            first.contains(" 200 "),
            String::from_utf8_lossy(&body).into_owned(),
        ))
    }
}
