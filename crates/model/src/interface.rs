//! Network interfaces that are live: of instances, and of what is no kind here, such as load balancers,
//! databases and functions.

use std::net::IpAddr;

/// All network interfaces of a region, or why they are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interfaces {
    /// They were read, in the order of their ids.
    Read(Vec<NetworkInterface>),
    /// They could not be read, for this reason: who uses a subnet or a security group is not known.
    Unread(String),
}

impl Default for Interfaces {
    fn default() -> Self {
        Self::Read(Vec::new())
    }
}

impl Interfaces {
    /// The same without those that end, by their own ids or those of their instances: what ends takes its
    /// interfaces along.
    #[must_use]
    pub fn without(mut self, ends: impl Fn(&str) -> bool) -> Self {
        if let Self::Read(interfaces) = &mut self {
            interfaces.retain(|interface| {
                !ends(&interface.id) && !interface.instance.as_deref().is_some_and(&ends)
            });
        }
        self
    }

    /// Those that are known.
    pub fn known(&self) -> &[NetworkInterface] {
        match self {
            Self::Read(interfaces) => interfaces,
            Self::Unread(_) => &[],
        }
    }
}

/// A network interface, as `DescribeNetworkInterfaces` answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Its id.
    pub id: String,
    /// Its VPC's id.
    pub vpc: String,
    /// Its subnet's id.
    pub subnet: String,
    /// Its private IPv4 addresses, the primary one first, each with the public one that internet gateways put
    /// in its place; then its IPv6 addresses.
    pub addresses: Vec<(IpAddr, Option<IpAddr>)>,
    /// The ids of its security groups.
    pub groups: Vec<String>,
    /// `interface`, `nat_gateway`, `vpc_endpoint`, `network_load_balancer`, `lambda` and so on, as EC2 says
    /// it.
    pub interface_type: String,
    /// What whoever made it wrote, such as `ELB app/shop/50dc6c495c0c9188`. Load balancers and databases are
    /// known by it.
    pub description: String,
    /// The account that it is in: 12 digits.
    pub owner: String,
    /// The principal or service that made it for somebody, such as `amazon-elb`.
    pub requester: Option<String>,
    /// The instance that it is attached to.
    pub instance: Option<String>,
    /// Whether it is attached to anything.
    pub attached: bool,
    /// Whether it sends and takes only packets of its own addresses.
    pub source_dest_check: bool,
}

impl NetworkInterface {
    /// What it is, for a person: its description, or its type, or the instance that it belongs to.
    pub fn what(&self) -> String {
        const LONGEST: usize = 60;
        let description: String = self.description.chars().take(LONGEST).collect();
        match &self.instance {
            Some(instance) => format!("instance {instance}"),
            None if !description.trim().is_empty() => description.trim().to_owned(),
            None if !matches!(self.interface_type.as_str(), "" | "interface") => {
                self.interface_type.replace('_', " ")
            }
            None => self
                .requester
                .clone()
                .unwrap_or_else(|| "attached to nothing".to_owned()),
        }
    }
}

/// `interface eni-0a1b2c3d (ELB app/shop/50dc6c495c0c9188)`.
impl std::fmt::Display for NetworkInterface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "interface {} ({})", self.id, self.what())
    }
}
