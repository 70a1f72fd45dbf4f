//! Every action that the sandbox answers, by name. What is not here is answered `InvalidAction`.

use crate::call::{Answer, Call};
use crate::kinds::{
    account, block_public_access, dhcp_options, egress_only_internet_gateway, elastic_ip, endpoint_service,
    flow_log, image, instance, instance_attribute, instance_launch, instance_profile, instance_state,
    instance_type, interface_ipv6, internet_gateway, key_pair, nat_gateway, network_acl, network_interface,
    network_interface_attribute, prefix_list, route, route_association, route_table, security_group,
    security_group_rule, sts, subnet, subnet_ipv6, tag, volume, volume_attachment, vpc, vpc_endpoint,
    vpc_peering_connection, zone,
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
    /// Whether it takes `DryRun`.
    pub takes_dry_run: bool,
    /// Whether it takes `ClientToken` and remembers its answers by it.
    pub takes_token: bool,
}

impl Action {
    /// The action of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        let at = ACTIONS.binary_search_by(|action| action.name.cmp(name)).ok()?;
        ACTIONS.get(at)
    }

    const fn new(name: &'static str, run: Run) -> Self {
        Self {
            name,
            run,
            takes_dry_run: true,
            takes_token: false,
        }
    }

    const fn no_dry_run(self) -> Self {
        Self {
            takes_dry_run: false,
            ..self
        }
    }

    const fn token(self) -> Self {
        Self {
            takes_token: true,
            ..self
        }
    }
}

/// A line for each action: its name, what answers it, and what else is to be said of it.
macro_rules! actions {
    ($($name:literal => $run:path $(, $says:ident)*;)*) => {
        static ACTIONS: &[Action] = &[$(Action::new($name, $run)$(.$says())*),*];
    };
}

actions! {
    "AcceptVpcPeeringConnection" => vpc_peering_connection::accept;
    "AllocateAddress" => elastic_ip::allocate;
    "AssignIpv6Addresses" => interface_ipv6::assign, no_dry_run;
    "AssociateAddress" => elastic_ip::associate;
    "AssociateDhcpOptions" => dhcp_options::associate;
    "AssociateIamInstanceProfile" => instance_profile::associate, no_dry_run;
    "AssociateRouteTable" => route_association::associate;
    "AssociateSubnetCidrBlock" => subnet_ipv6::associate, no_dry_run;
    "AssociateVpcCidrBlock" => vpc::associate_cidr, no_dry_run;
    "AttachInternetGateway" => internet_gateway::attach;
    "AttachNetworkInterface" => network_interface_attribute::attach;
    "AttachVolume" => volume_attachment::attach;
    "AuthorizeSecurityGroupEgress" => security_group_rule::authorize_egress;
    "AuthorizeSecurityGroupIngress" => security_group_rule::authorize_ingress;
    "CreateDhcpOptions" => dhcp_options::create;
    "CreateEgressOnlyInternetGateway" => egress_only_internet_gateway::create, token;
    "CreateFlowLogs" => flow_log::create, token;
    "CreateInternetGateway" => internet_gateway::create;
    "CreateKeyPair" => key_pair::create;
    "CreateManagedPrefixList" => prefix_list::create, token;
    "CreateNatGateway" => nat_gateway::create, token;
    "CreateNetworkAcl" => network_acl::create, token;
    "CreateNetworkAclEntry" => network_acl::create_entry;
    "CreateNetworkInterface" => network_interface::create, token;
    "CreateRoute" => route::create;
    "CreateRouteTable" => route_table::create, token;
    "CreateSecurityGroup" => security_group::create;
    "CreateSubnet" => subnet::create;
    "CreateTags" => tag::create;
    "CreateVolume" => volume::create, token;
    "CreateVpc" => vpc::create;
    "CreateVpcBlockPublicAccessExclusion" => block_public_access::create_exclusion;
    "CreateVpcEndpoint" => vpc_endpoint::create, token;
    "CreateVpcPeeringConnection" => vpc_peering_connection::create;
    "DeleteDhcpOptions" => dhcp_options::delete;
    "DeleteEgressOnlyInternetGateway" => egress_only_internet_gateway::delete;
    "DeleteFlowLogs" => flow_log::delete;
    "DeleteInternetGateway" => internet_gateway::delete;
    "DeleteKeyPair" => key_pair::delete;
    "DeleteManagedPrefixList" => prefix_list::delete;
    "DeleteNatGateway" => nat_gateway::delete;
    "DeleteNetworkAcl" => network_acl::delete;
    "DeleteNetworkAclEntry" => network_acl::delete_entry;
    "DeleteNetworkInterface" => network_interface::delete;
    "DeleteRoute" => route::delete;
    "DeleteRouteTable" => route_table::delete;
    "DeleteSecurityGroup" => security_group::delete;
    "DeleteSubnet" => subnet::delete;
    "DeleteTags" => tag::delete;
    "DeleteVolume" => volume::delete;
    "DeleteVpc" => vpc::delete;
    "DeleteVpcBlockPublicAccessExclusion" => block_public_access::delete_exclusion;
    "DeleteVpcEndpoints" => vpc_endpoint::delete;
    "DeleteVpcPeeringConnection" => vpc_peering_connection::delete;
    "DescribeAccountAttributes" => account::describe_attributes;
    "DescribeAddresses" => elastic_ip::describe;
    "DescribeAddressesAttribute" => elastic_ip::describe_attribute;
    "DescribeAvailabilityZones" => zone::describe_zones;
    "DescribeDhcpOptions" => dhcp_options::describe;
    "DescribeEgressOnlyInternetGateways" => egress_only_internet_gateway::describe;
    "DescribeFlowLogs" => flow_log::describe;
    "DescribeIamInstanceProfileAssociations" => instance_profile::describe, no_dry_run;
    "DescribeImages" => image::describe;
    "DescribeInstanceAttribute" => instance_attribute::describe;
    "DescribeInstanceCreditSpecifications" => instance_attribute::describe_credits;
    "DescribeInstanceStatus" => instance::describe_status;
    "DescribeInstanceTypeOfferings" => instance_type::describe_offerings;
    "DescribeInstanceTypes" => instance_type::describe;
    "DescribeInstances" => instance::describe;
    "DescribeInternetGateways" => internet_gateway::describe;
    "DescribeKeyPairs" => key_pair::describe;
    "DescribeManagedPrefixLists" => prefix_list::describe;
    "DescribeNatGateways" => nat_gateway::describe;
    "DescribeNetworkAcls" => network_acl::describe;
    "DescribeNetworkInterfaceAttribute" => network_interface_attribute::describe;
    "DescribeNetworkInterfaces" => network_interface::describe;
    "DescribePrefixLists" => prefix_list::describe_services;
    "DescribeRegions" => zone::describe_regions;
    "DescribeRouteTables" => route_table::describe;
    "DescribeSecurityGroupReferences" => security_group::references;
    "DescribeSecurityGroupRules" => security_group_rule::describe;
    "DescribeSecurityGroups" => security_group::describe;
    "DescribeSubnets" => subnet::describe;
    "DescribeTags" => tag::describe;
    "DescribeTransitGateways" => account::nothing;
    "DescribeVolumeStatus" => volume::describe_status;
    "DescribeVolumes" => volume::describe;
    "DescribeVolumesModifications" => volume::describe_modifications;
    "DescribeVpcAttribute" => vpc::describe_attribute;
    "DescribeVpcBlockPublicAccessExclusions" => block_public_access::describe_exclusions;
    "DescribeVpcBlockPublicAccessOptions" => block_public_access::describe_options;
    "DescribeVpcClassicLink" => account::retired;
    "DescribeVpcClassicLinkDnsSupport" => account::retired, no_dry_run;
    "DescribeVpcEndpointServices" => endpoint_service::describe;
    "DescribeVpcEndpoints" => vpc_endpoint::describe;
    "DescribeVpcPeeringConnections" => vpc_peering_connection::describe;
    "DescribeVpcs" => vpc::describe;
    "DescribeVpnGateways" => account::nothing;
    "DetachInternetGateway" => internet_gateway::detach;
    "DetachNetworkInterface" => network_interface_attribute::detach;
    "DetachVolume" => volume_attachment::detach;
    "DisableVpcClassicLink" => account::retired;
    "DisassociateAddress" => elastic_ip::disassociate;
    "DisassociateIamInstanceProfile" => instance_profile::disassociate, no_dry_run;
    "DisassociateRouteTable" => route_association::disassociate;
    "DisassociateSubnetCidrBlock" => subnet_ipv6::disassociate, no_dry_run;
    "DisassociateVpcCidrBlock" => vpc::disassociate_cidr, no_dry_run;
    "EnableVpcClassicLink" => account::retired;
    "GetCallerIdentity" => sts::get_caller_identity, no_dry_run;
    "GetManagedPrefixListEntries" => prefix_list::entries;
    "ImportKeyPair" => key_pair::import;
    "ModifyInstanceAttribute" => instance_attribute::modify;
    "ModifyInstanceCreditSpecification" => instance_attribute::modify_credits, token;
    "ModifyInstanceMetadataOptions" => instance_attribute::modify_metadata;
    "ModifyManagedPrefixList" => prefix_list::modify;
    "ModifyNetworkInterfaceAttribute" => network_interface_attribute::modify;
    "ModifySecurityGroupRules" => security_group_rule::modify;
    "ModifySubnetAttribute" => subnet::modify_attribute, no_dry_run;
    "ModifyVolume" => volume::modify;
    "ModifyVpcAttribute" => vpc::modify_attribute, no_dry_run;
    "ModifyVpcBlockPublicAccessExclusion" => block_public_access::modify_exclusion;
    "ModifyVpcBlockPublicAccessOptions" => block_public_access::modify_options;
    "ModifyVpcEndpoint" => vpc_endpoint::modify;
    "ModifyVpcPeeringConnectionOptions" => vpc_peering_connection::modify_options;
    "ModifyVpcTenancy" => vpc::modify_tenancy;
    "MonitorInstances" => instance_attribute::monitor;
    "RebootInstances" => instance_state::reboot;
    "RejectVpcPeeringConnection" => vpc_peering_connection::reject;
    "ReleaseAddress" => elastic_ip::release;
    "ReplaceIamInstanceProfileAssociation" => instance_profile::replace, no_dry_run;
    "ReplaceNetworkAclAssociation" => network_acl::replace_association;
    "ReplaceNetworkAclEntry" => network_acl::replace_entry;
    "ReplaceRoute" => route::replace;
    "ReplaceRouteTableAssociation" => route_association::replace;
    "RevokeSecurityGroupEgress" => security_group_rule::revoke_egress;
    "RevokeSecurityGroupIngress" => security_group_rule::revoke_ingress;
    "RunInstances" => instance_launch::run, token;
    "StartInstances" => instance_state::start;
    "StopInstances" => instance_state::stop;
    "TerminateInstances" => instance_state::terminate;
    "UnassignIpv6Addresses" => interface_ipv6::unassign, no_dry_run;
    "UnmonitorInstances" => instance_attribute::unmonitor;
    "UpdateSecurityGroupRuleDescriptionsEgress" => security_group_rule::describe_egress_anew;
    "UpdateSecurityGroupRuleDescriptionsIngress" => security_group_rule::describe_ingress_anew;
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
    fn an_action_says_what_it_takes() {
        let takes = |name| Action::named(name).map(|action| (action.takes_dry_run, action.takes_token));
        assert_eq!(takes("CreateVpc"), Some((true, false)));
        assert_eq!(takes("RunInstances"), Some((true, true)));
        assert_eq!(takes("ModifySubnetAttribute"), Some((false, false)));
        assert_eq!(takes("CreateUnicorn"), None);
    }
}
