//! Every action that the sandbox answers, by name. What is not here is answered `InvalidAction`.

use crate::call::{Answer, Call};
use crate::kinds::{
    account, dhcp_options, egress_only_gateway, elastic_ip, endpoint_service, image, instance,
    instance_attribute, instance_launch, instance_profile, instance_state, instance_type, internet_gateway,
    key_pair, nat_gateway, network_acl, network_interface, network_interface_attribute, prefix_list, route,
    route_association, route_table, security_group, security_group_rule, sts, subnet, tag, volume, vpc,
    vpc_endpoint, zone,
};
use crate::wire::Xml;

/// How an action is answered.
pub type Run = fn(&mut Call<'_>, &mut Xml) -> Answer;

/// An action.
pub struct Action {
    /// Its name.
    pub name: &'static str,
    /// What answers it.
    pub run: Run,
}

impl Action {
    /// The action of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        let at = ACTIONS.binary_search_by(|action| action.name.cmp(name)).ok()?;
        ACTIONS.get(at)
    }

    /// Whether it takes `DryRun`.
    pub fn takes_dry_run(&self) -> bool {
        !WITHOUT_DRY_RUN.contains(&self.name) && self.name != "GetCallerIdentity"
    }

    /// Whether it takes `ClientToken` and remembers its answers by it.
    pub fn takes_token(&self) -> bool {
        WITH_TOKEN.contains(&self.name)
    }
}

const WITHOUT_DRY_RUN: &[&str] = &[
    "AssociateIamInstanceProfile",
    "AssociateVpcCidrBlock",
    "DescribeIamInstanceProfileAssociations",
    "DisassociateIamInstanceProfile",
    "DisassociateVpcCidrBlock",
    "ModifySubnetAttribute",
    "ModifyVpcAttribute",
    "ReplaceIamInstanceProfileAssociation",
];

const WITH_TOKEN: &[&str] = &[
    "CreateEgressOnlyInternetGateway",
    "CreateManagedPrefixList",
    "CreateNatGateway",
    "CreateNetworkAcl",
    "CreateNetworkInterface",
    "CreateRouteTable",
    "CreateVolume",
    "CreateVpcEndpoint",
    "ModifyInstanceCreditSpecification",
    "RunInstances",
];

macro_rules! actions {
    ($($name:literal => $run:expr,)*) => {
        static ACTIONS: &[Action] = &[$(Action { name: $name, run: $run }),*];
    };
}

actions! {
    "AllocateAddress" => elastic_ip::allocate,
    "AssociateAddress" => elastic_ip::associate,
    "AssociateDhcpOptions" => dhcp_options::associate,
    "AssociateIamInstanceProfile" => instance_profile::associate,
    "AssociateRouteTable" => route_association::associate,
    "AssociateVpcCidrBlock" => vpc::associate_cidr,
    "AttachInternetGateway" => internet_gateway::attach,
    "AttachNetworkInterface" => network_interface_attribute::attach,
    "AttachVolume" => volume::attach,
    "AuthorizeSecurityGroupEgress" => security_group_rule::authorize_egress,
    "AuthorizeSecurityGroupIngress" => security_group_rule::authorize_ingress,
    "CreateDhcpOptions" => dhcp_options::create,
    "CreateEgressOnlyInternetGateway" => egress_only_gateway::create,
    "CreateInternetGateway" => internet_gateway::create,
    "CreateKeyPair" => key_pair::create,
    "CreateManagedPrefixList" => prefix_list::create,
    "CreateNatGateway" => nat_gateway::create,
    "CreateNetworkAcl" => network_acl::create,
    "CreateNetworkAclEntry" => network_acl::create_entry,
    "CreateNetworkInterface" => network_interface::create,
    "CreateRoute" => route::create,
    "CreateRouteTable" => route_table::create,
    "CreateSecurityGroup" => security_group::create,
    "CreateSubnet" => subnet::create,
    "CreateTags" => tag::create,
    "CreateVolume" => volume::create,
    "CreateVpc" => vpc::create,
    "CreateVpcEndpoint" => vpc_endpoint::create,
    "DeleteDhcpOptions" => dhcp_options::delete,
    "DeleteEgressOnlyInternetGateway" => egress_only_gateway::delete,
    "DeleteInternetGateway" => internet_gateway::delete,
    "DeleteKeyPair" => key_pair::delete,
    "DeleteManagedPrefixList" => prefix_list::delete,
    "DeleteNatGateway" => nat_gateway::delete,
    "DeleteNetworkAcl" => network_acl::delete,
    "DeleteNetworkAclEntry" => network_acl::delete_entry,
    "DeleteNetworkInterface" => network_interface::delete,
    "DeleteRoute" => route::delete,
    "DeleteRouteTable" => route_table::delete,
    "DeleteSecurityGroup" => security_group::delete,
    "DeleteSubnet" => subnet::delete,
    "DeleteTags" => tag::delete,
    "DeleteVolume" => volume::delete,
    "DeleteVpc" => vpc::delete,
    "DeleteVpcEndpoints" => vpc_endpoint::delete,
    "DescribeAccountAttributes" => account::describe_attributes,
    "DescribeAddresses" => elastic_ip::describe,
    "DescribeAddressesAttribute" => elastic_ip::describe_attribute,
    "DescribeAvailabilityZones" => zone::describe_zones,
    "DescribeDhcpOptions" => dhcp_options::describe,
    "DescribeEgressOnlyInternetGateways" => egress_only_gateway::describe,
    "DescribeFlowLogs" => account::nothing,
    "DescribeIamInstanceProfileAssociations" => instance_profile::describe,
    "DescribeImages" => image::describe,
    "DescribeInstanceAttribute" => instance_attribute::describe,
    "DescribeInstanceCreditSpecifications" => instance_attribute::describe_credits,
    "DescribeInstanceStatus" => instance::describe_status,
    "DescribeInstanceTypeOfferings" => instance_type::describe_offerings,
    "DescribeInstanceTypes" => instance_type::describe,
    "DescribeInstances" => instance::describe,
    "DescribeInternetGateways" => internet_gateway::describe,
    "DescribeKeyPairs" => key_pair::describe,
    "DescribeManagedPrefixLists" => prefix_list::describe,
    "DescribeNatGateways" => nat_gateway::describe,
    "DescribeNetworkAcls" => network_acl::describe,
    "DescribeNetworkInterfaceAttribute" => network_interface_attribute::describe,
    "DescribeNetworkInterfaces" => network_interface::describe,
    "DescribePrefixLists" => prefix_list::describe_services,
    "DescribeRegions" => zone::describe_regions,
    "DescribeRouteTables" => route_table::describe,
    "DescribeSecurityGroupReferences" => security_group::references,
    "DescribeSecurityGroupRules" => security_group_rule::describe,
    "DescribeSecurityGroups" => security_group::describe,
    "DescribeSubnets" => subnet::describe,
    "DescribeTags" => tag::describe,
    "DescribeTransitGateways" => account::nothing,
    "DescribeVolumeStatus" => volume::describe_status,
    "DescribeVolumes" => volume::describe,
    "DescribeVolumesModifications" => volume::describe_modifications,
    "DescribeVpcAttribute" => vpc::describe_attribute,
    "DescribeVpcClassicLink" => account::retired,
    "DescribeVpcClassicLinkDnsSupport" => account::retired,
    "DescribeVpcEndpointServices" => endpoint_service::describe,
    "DescribeVpcEndpoints" => vpc_endpoint::describe,
    "DescribeVpcPeeringConnections" => account::nothing,
    "DescribeVpcs" => vpc::describe,
    "DescribeVpnGateways" => account::nothing,
    "DetachInternetGateway" => internet_gateway::detach,
    "DetachNetworkInterface" => network_interface_attribute::detach,
    "DetachVolume" => volume::detach,
    "DisableVpcClassicLink" => account::retired,
    "DisassociateAddress" => elastic_ip::disassociate,
    "DisassociateIamInstanceProfile" => instance_profile::disassociate,
    "DisassociateRouteTable" => route_association::disassociate,
    "DisassociateVpcCidrBlock" => vpc::disassociate_cidr,
    "EnableVpcClassicLink" => account::retired,
    "GetCallerIdentity" => sts::get_caller_identity,
    "GetManagedPrefixListEntries" => prefix_list::entries,
    "ImportKeyPair" => key_pair::import,
    "ModifyInstanceAttribute" => instance_attribute::modify,
    "ModifyInstanceCreditSpecification" => instance_attribute::modify_credits,
    "ModifyInstanceMetadataOptions" => instance_attribute::modify_metadata,
    "ModifyManagedPrefixList" => prefix_list::modify,
    "ModifyNetworkInterfaceAttribute" => network_interface_attribute::modify,
    "ModifySecurityGroupRules" => security_group_rule::modify,
    "ModifySubnetAttribute" => subnet::modify_attribute,
    "ModifyVolume" => volume::modify,
    "ModifyVpcAttribute" => vpc::modify_attribute,
    "ModifyVpcEndpoint" => vpc_endpoint::modify,
    "ModifyVpcTenancy" => vpc::modify_tenancy,
    "MonitorInstances" => instance_attribute::monitor,
    "RebootInstances" => instance_state::reboot,
    "ReleaseAddress" => elastic_ip::release,
    "ReplaceIamInstanceProfileAssociation" => instance_profile::replace,
    "ReplaceNetworkAclAssociation" => network_acl::replace_association,
    "ReplaceNetworkAclEntry" => network_acl::replace_entry,
    "ReplaceRoute" => route::replace,
    "ReplaceRouteTableAssociation" => route_association::replace,
    "RevokeSecurityGroupEgress" => security_group_rule::revoke_egress,
    "RevokeSecurityGroupIngress" => security_group_rule::revoke_ingress,
    "RunInstances" => instance_launch::run,
    "StartInstances" => instance_state::start,
    "StopInstances" => instance_state::stop,
    "TerminateInstances" => instance_state::terminate,
    "UnmonitorInstances" => instance_attribute::unmonitor,
    "UpdateSecurityGroupRuleDescriptionsEgress" => security_group_rule::describe_egress_anew,
    "UpdateSecurityGroupRuleDescriptionsIngress" => security_group_rule::describe_ingress_anew,
}

/// The names of all actions, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    ACTIONS.iter().map(|action| action.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(ACTIONS.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn the_lists_name_actions() {
        for name in WITHOUT_DRY_RUN.iter().chain(WITH_TOKEN) {
            assert!(Action::named(name).is_some(), "{name}");
        }
        assert!(Action::named("CreateUnicorn").is_none());
    }
}
