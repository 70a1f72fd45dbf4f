//! What others do beside us: a network of their own, and changes of ours by hand.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::sleep;
use trueup_model::{Cloud, Kind, Object, Observed, Topology};
use trueup_sandbox::DEFAULT_REGION;

use super::invariants::is_ours;
use super::luck::moment;
use super::network::TOPOLOGY;
use super::process::Ground;
use crate::World;

/// What somebody sweeps away by how its ids begin, the call that ends it, and what must be there first: EC2
/// lets go of what these use, and repeats the answers of creates long after what they made has ended.
const SWEPT: [(&str, &str, &str); 3] = [
    ("rtb-", "DeleteRouteTable&RouteTableId", "vpce-"),
    ("key-", "DeleteKeyPair&KeyPairId", "i-"),
    ("nat-", "DeleteNatGateway&NatGatewayId", "nat-"),
];

/// So often at most somebody sweeps away what was made just now.
const SWEEPS_MAX: usize = 4;
/// So often at most somebody looks for it.
const LOOKS_MAX: usize = 40;

/// By then everybody knows what was made.
const SHOWN_AFTER_SECONDS: u32 = 60;

/// Makes what is nobody's business here: networks that no topology has, and some of another one, at addresses
/// that ours has too.
pub async fn settle_neighbours(world: &World, rng: &mut Rng) {
    for (owned, cidr) in [(false, 172), (true, 173)] {
        let tags = |resource: &str, address: &str| {
            let tags = format!(
                "&TagSpecification.1.ResourceType={resource}&TagSpecification.1.Tag.1.Key=trueup:topology\
                 &TagSpecification.1.Tag.1.Value=simulated-2&TagSpecification.1.Tag.2.Key=trueup:address\
                 &TagSpecification.1.Tag.2.Value={address}"
            );
            if owned { tags } else { String::new() }
        };
        let made = world
            .call(&format!(
                "CreateVpc&CidrBlock={cidr}.20.0.0/16{}",
                tags("vpc", "vpc.v1")
            ))
            .await;
        let vpc = made
            .split_once("<vpcId>")
            .and_then(|(_, rest)| rest.split_once('<'))
            .map_or("", |(id, _)| id);
        for (resource, address, call) in [
            (
                "elastic-ip",
                "elastic_ip.e8",
                "AllocateAddress&Domain=vpc".to_owned(),
            ),
            (
                "internet-gateway",
                "internet_gateway.i2",
                "CreateInternetGateway".to_owned(),
            ),
            (
                "network-acl",
                "network_acl.n2",
                format!("CreateNetworkAcl&VpcId={vpc}"),
            ),
            (
                "subnet",
                "subnet.s4",
                format!("CreateSubnet&VpcId={vpc}&CidrBlock={cidr}.20.1.0/24"),
            ),
            (
                "route-table",
                "route_table.r3",
                format!("CreateRouteTable&VpcId={vpc}"),
            ),
            (
                "security-group",
                "security_group.s6",
                format!("CreateSecurityGroup&VpcId={vpc}&GroupName=others&GroupDescription=Others"),
            ),
            (
                "vpc-endpoint",
                "vpc_endpoint.v9",
                format!("CreateVpcEndpoint&VpcId={vpc}&ServiceName=com.amazonaws.us-west-2.s3"),
            ),
        ] {
            if rng.bool() {
                make(world, &format!("{call}{}", tags(resource, address))).await;
            }
        }
    }
}

/// Makes something in a VPC that was made just now: that is not known everywhere at once.
async fn make(world: &World, call: &str) {
    for _ in 0..SHOWN_AFTER_SECONDS {
        if world.try_call(call).await.is_ok() {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
    world.call(call).await;
}

/// Somebody looks, and meddles with what can be seen.
pub async fn look_and_meddle(world: &World, topology: &Topology, rng: &mut Rng) {
    if let Ok(observed) = world.ec2.observe(&trueup_plan::scope(topology)).await {
        meddle(world, &observed, rng).await;
    }
}

/// Somebody changes up to four things by hand. What EC2 refuses did not happen.
pub async fn meddle(world: &World, observed: &Observed, rng: &mut Rng) {
    let ours: Vec<&Object> = observed
        .objects
        .iter()
        .filter(|object| object.owner.as_ref().is_some_and(|o| o.topology == TOPOLOGY))
        .collect();
    for _ in 0..rng.usize(0..5) {
        if ours.is_empty() {
            return;
        }
        let object = ours[rng.usize(0..ours.len())];
        if let Some(query) = query(object, rng) {
            // What a hand cannot do is no matter here.
            let _ = world.try_call(&query).await;
        }
    }
}

/// Somebody sweeps away what others make of one kind from now on. What EC2 refuses did not happen.
pub async fn sweep(ground: &Ground, rng: &mut Rng) {
    let before = ground.sandbox.live_tags(DEFAULT_REGION);
    let (swept, end, once) = SWEPT[rng.usize(0..SWEPT.len())];
    let mut sweeps = rng.usize(1..=SWEEPS_MAX);
    for _ in 0..LOOKS_MAX {
        sleep(moment(rng, -0.5..1.0)).await;
        let there = ground.sandbox.live_tags(DEFAULT_REGION);
        let made = there
            .iter()
            .filter(|(id, tags)| !before.contains_key(*id) && is_ours(tags))
            .map(|(id, _)| id);
        let made: Vec<&String> = made.collect();
        if !made.iter().any(|id| id.starts_with(once)) {
            continue;
        }
        for id in made.iter().filter(|id| id.starts_with(swept)) {
            let _ = ground.world.try_call(&format!("{end}={id}")).await;
        }
        sweeps -= 1;
        if sweeps == 0 {
            return;
        }
    }
}

/// A call that changes this object.
fn query(object: &Object, rng: &mut Rng) -> Option<String> {
    let id = &object.id;
    let acl = |fact: &'static str| object.facts.text(trueup_model::Attr::<str>::new(fact));
    let queries = match object.kind {
        Kind::Vpc => vec![
            format!(
                "ModifyVpcAttribute&VpcId={id}&EnableDnsHostnames.Value={}",
                rng.bool()
            ),
            format!("AssociateVpcCidrBlock&VpcId={id}&CidrBlock=100.127.0.0/20"),
            format!("AssociateDhcpOptions&VpcId={id}&DhcpOptionsId=default"),
        ],
        Kind::Subnet => vec![
            format!(
                "ModifySubnetAttribute&SubnetId={id}&MapPublicIpOnLaunch.Value={}",
                rng.bool()
            ),
            format!(
                "DisassociateRouteTable&AssociationId={}",
                object
                    .facts
                    .text(trueup_model::Attr::<str>::new("route_table_association"))
            ),
            format!(
                "ReplaceNetworkAclAssociation&AssociationId={}&NetworkAclId={}",
                acl("network_acl_association"),
                acl("default_network_acl")
            ),
            format!("DeleteSubnet&SubnetId={id}"),
        ],
        Kind::InternetGateway => {
            let vpc = object
                .record
                .get(trueup_model::attr::VPC)
                .and_then(|vpc| vpc.id())
                .unwrap_or_default();
            vec![format!(
                "DetachInternetGateway&InternetGatewayId={id}&VpcId={vpc}"
            )]
        }
        Kind::EgressOnlyInternetGateway => vec![format!(
            "DeleteEgressOnlyInternetGateway&EgressOnlyInternetGatewayId={id}"
        )],
        Kind::ElasticIp => vec![format!("ReleaseAddress&AllocationId={id}")],
        Kind::NatGateway => vec![format!("DeleteNatGateway&NatGatewayId={id}")],
        Kind::RouteTable => {
            vec![
                format!("DeleteRoute&RouteTableId={id}&DestinationCidrBlock=0.0.0.0/0"),
                format!("DeleteRouteTable&RouteTableId={id}"),
            ]
        }
        Kind::NetworkAcl => vec![
            format!(
                "DeleteNetworkAclEntry&NetworkAclId={id}&RuleNumber=100&Egress={}",
                rng.bool()
            ),
            format!(
                "CreateNetworkAclEntry&NetworkAclId={id}&RuleNumber=7&Egress=false&Protocol=-1&RuleAction=allow&CidrBlock=0.0.0.0/0"
            ),
            format!(
                "ReplaceNetworkAclEntry&NetworkAclId={id}&RuleNumber=110&Egress=true&Protocol=-1&RuleAction=deny&CidrBlock=0.0.0.0/0"
            ),
            format!("DeleteNetworkAcl&NetworkAclId={id}"),
        ],
        Kind::SecurityGroup => vec![
            format!(
                "AuthorizeSecurityGroupIngress&GroupId={id}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
            ),
            format!(
                "RevokeSecurityGroupEgress&GroupId={id}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
            ),
        ],
        Kind::KeyPair => vec![format!("DeleteKeyPair&KeyPairId={id}")],
        Kind::Instance => vec![
            format!("StopInstances&InstanceId.1={id}"),
            format!("TerminateInstances&InstanceId.1={id}"),
            format!(
                "ModifyInstanceAttribute&InstanceId={id}&SourceDestCheck.Value={}",
                rng.bool()
            ),
            format!("MonitorInstances&InstanceId.1={id}"),
        ],
        Kind::VpcEndpoint => {
            vec![
                format!("ModifyVpcEndpoint&VpcEndpointId={id}&ResetPolicy=true"),
                format!("ModifyVpcEndpoint&VpcEndpointId={id}&PrivateDnsEnabled=false"),
                format!("ModifyVpcEndpoint&VpcEndpointId={id}&IpAddressType=ipv4"),
                format!("DeleteVpcEndpoints&VpcEndpointId.1={id}"),
            ]
        }
        Kind::Volume => vec![
            format!("ModifyVolume&VolumeId={id}&VolumeType=gp2"),
            format!("ModifyVolume&VolumeId={id}&VolumeType=gp3&Iops=5000&Throughput=500"),
            format!("DetachVolume&VolumeId={id}"),
            format!("DeleteVolume&VolumeId={id}"),
        ],
        Kind::DhcpOptions => vec![format!("DeleteDhcpOptions&DhcpOptionsId={id}")],
        Kind::VpcPeeringConnection => vec![
            format!("AcceptVpcPeeringConnection&VpcPeeringConnectionId={id}"),
            format!("RejectVpcPeeringConnection&VpcPeeringConnectionId={id}"),
            format!("DeleteVpcPeeringConnection&VpcPeeringConnectionId={id}"),
            format!(
                "ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId={id}\
                 &RequesterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc={}",
                rng.bool()
            ),
        ],
        Kind::FlowLog => vec![format!("DeleteFlowLogs&FlowLogId.1={id}")],
    };
    let tags = format!("DeleteTags&ResourceId.1={id}&Tag.1.Key=Name");
    let index = rng.usize(0..=queries.len());
    Some(queries.into_iter().nth(index).unwrap_or(tags))
}
