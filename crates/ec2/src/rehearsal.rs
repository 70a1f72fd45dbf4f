//! Rehearsing: asking EC2 with `DryRun` whether it would take a call, which it then does not carry out.
//!
//! EC2 promises no more of it than that it checks the permission. What it says beyond that (that an id is not
//! there, that a parameter is wrong) is believed; that it says nothing is no promise that the call will
//! succeed.

use std::cell::Cell;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::sync::oneshot;
use trueup_model::{Act, CloudError};

use crate::act::{Task, carry_out};
use crate::call::CallContext;
use crate::classify::is_for_good;
use crate::failure::Failure;
use crate::retry::jitter_seed;
use crate::{Ec2, kinds};

/// A list of actions, each with the request of the SDK that has to have `DryRun`: an action without it would
/// be carried out.
macro_rules! with_dry_run {
    ($(#[$doc:meta])* $list:ident: $($action:literal $request:ident,)*) => {
        $(#[$doc])*
        const $list: &[&str] = &[$($action),*];

        #[cfg(test)]
        #[expect(non_snake_case, reason = "it is the list of that name")]
        mod $list {
            /// Compiles only where each of the requests has the parameter.
            pub fn requests(client: &aws_sdk_ec2::Client) -> Vec<(&'static str, &'static str)> {
                vec![$({
                    drop(client.$request().dry_run(true));
                    ($action, stringify!($request))
                }),*]
            }
        }
    };
}

with_dry_run! {
    /// What is rehearsed wherever EC2 is asked: moto, too, does not carry out what has `DryRun`.
    ANYWHERE:
    "AllocateAddress" allocate_address,
    "AssociateAddress" associate_address,
    "AttachInternetGateway" attach_internet_gateway,
    "AttachVolume" attach_volume,
    "AuthorizeSecurityGroupEgress" authorize_security_group_egress,
    "AuthorizeSecurityGroupIngress" authorize_security_group_ingress,
    "CreateInternetGateway" create_internet_gateway,
    "CreateSecurityGroup" create_security_group,
    "CreateTags" create_tags,
    "CreateVolume" create_volume,
    "DeleteInternetGateway" delete_internet_gateway,
    "DeleteKeyPair" delete_key_pair,
    "DeleteSecurityGroup" delete_security_group,
    "DeleteTags" delete_tags,
    "DeleteVolume" delete_volume,
    "DetachInternetGateway" detach_internet_gateway,
    "DetachVolume" detach_volume,
    "DisassociateAddress" disassociate_address,
    "ImportKeyPair" import_key_pair,
    "ModifyInstanceAttribute" modify_instance_attribute,
    "ModifyNetworkInterfaceAttribute" modify_network_interface_attribute,
    "ModifyVolume" modify_volume,
    "MonitorInstances" monitor_instances,
    "ReleaseAddress" release_address,
    "RevokeSecurityGroupEgress" revoke_security_group_egress,
    "RevokeSecurityGroupIngress" revoke_security_group_ingress,
    "RunInstances" run_instances,
    "StartInstances" start_instances,
    "StopInstances" stop_instances,
    "TerminateInstances" terminate_instances,
    "UnmonitorInstances" unmonitor_instances,
}

with_dry_run! {
    /// What is rehearsed only where `DryRun` is heeded as EC2 heeds it: moto, and what is built on it,
    /// carries these out whatever they ask.
    WHERE_HEEDED:
    "AcceptVpcPeeringConnection" accept_vpc_peering_connection,
    "AssociateDhcpOptions" associate_dhcp_options,
    "AssociateRouteTable" associate_route_table,
    "CreateDhcpOptions" create_dhcp_options,
    "CreateEgressOnlyInternetGateway" create_egress_only_internet_gateway,
    "CreateFlowLogs" create_flow_logs,
    "CreateNatGateway" create_nat_gateway,
    "CreateNetworkAcl" create_network_acl,
    "CreateNetworkAclEntry" create_network_acl_entry,
    "CreateRoute" create_route,
    "CreateRouteTable" create_route_table,
    "CreateSubnet" create_subnet,
    "CreateVpc" create_vpc,
    "CreateVpcEndpoint" create_vpc_endpoint,
    "CreateVpcPeeringConnection" create_vpc_peering_connection,
    "DeleteDhcpOptions" delete_dhcp_options,
    "DeleteEgressOnlyInternetGateway" delete_egress_only_internet_gateway,
    "DeleteFlowLogs" delete_flow_logs,
    "DeleteNatGateway" delete_nat_gateway,
    "DeleteNetworkAcl" delete_network_acl,
    "DeleteNetworkAclEntry" delete_network_acl_entry,
    "DeleteRoute" delete_route,
    "DeleteRouteTable" delete_route_table,
    "DeleteSubnet" delete_subnet,
    "DeleteVpc" delete_vpc,
    "DeleteVpcEndpoints" delete_vpc_endpoints,
    "DeleteVpcPeeringConnection" delete_vpc_peering_connection,
    "DisassociateRouteTable" disassociate_route_table,
    "ModifyInstanceMetadataOptions" modify_instance_metadata_options,
    "ModifyVpcEndpoint" modify_vpc_endpoint,
    "ModifyVpcPeeringConnectionOptions" modify_vpc_peering_connection_options,
    "ModifyVpcTenancy" modify_vpc_tenancy,
    "ReplaceNetworkAclAssociation" replace_network_acl_association,
    "ReplaceNetworkAclEntry" replace_network_acl_entry,
    "ReplaceRoute" replace_route,
    "ReplaceRouteTableAssociation" replace_route_table_association,
    "UpdateSecurityGroupRuleDescriptionsEgress" update_security_group_rule_descriptions_egress,
    "UpdateSecurityGroupRuleDescriptionsIngress" update_security_group_rule_descriptions_ingress,
}

/// What a call was answered; none where it was not made.
type Asked = Option<Result<(), Failure>>;

/// One act that is rehearsed: its first call that changes something is asked about, and nothing comes after.
pub struct Rehearsal {
    heeded: bool,
    tell: Cell<Option<oneshot::Sender<Asked>>>,
}

impl Rehearsal {
    /// Whether an action may be called while an act is rehearsed.
    pub fn asks(&self, action: &str) -> bool {
        is_asked(action, self.heeded)
    }

    /// What a call was answered; none where it was not made. What the act would do then (look for what was
    /// made, wait, make another call, remember) is for the act itself, so that it goes no further.
    pub async fn ends<T>(&self, answer: Option<Result<T, Failure>>) -> T {
        if let Some(tell) = self.tell.take() {
            // Nobody listens any more where the run was stopped meanwhile.
            let _ = tell.send(answer.map(|answer| answer.map(drop)));
        }
        std::future::pending().await
    }
}

/// Whether an action is asked about where `DryRun` is `heeded` as EC2 heeds it, or where it is not.
fn is_asked(action: &str, heeded: bool) -> bool {
    ANYWHERE.contains(&action) || (heeded && WHERE_HEEDED.contains(&action))
}

/// Whether EC2 would take a call. An error is one that the call would meet later too, as far as that can be
/// known.
pub async fn rehearse(ec2: &Ec2, act: &Act) -> Result<(), CloudError> {
    let heeded = ec2.heeds_dry_run;
    // Of an instance's attributes moto changes those of its volume at once.
    if !is_asked(act.action.name, heeded) || (!heeded && kinds::instance::is_about_volume(act)) {
        return Ok(());
    }
    let (tell, answer) = oneshot::channel();
    let rehearsal = Rehearsal {
        heeded,
        tell: Cell::new(Some(tell)),
    };
    let rehearsing = ec2.rehearsing();
    let hears = |_: &str| {};
    let task = Task {
        ec2: &rehearsing,
        act,
        context: CallContext {
            rehearsal: Some(&rehearsal),
            ..CallContext::new(
                jitter_seed(&act.topology) ^ jitter_seed(&act.address.to_string()),
                &hears,
            )
        },
    };
    let asked = tokio::select! {
        biased;
        // An act may end without a call: with a read that fails, or because nothing is left to do.
        done = carry_out(&task) => done.err().map(Err),
        answer = answer => answer.ok().flatten(),
    };
    match asked {
        Some(Ok(())) => {
            let why = format!(
                "{} does not heed `DryRun`: it carried out what it was only asked about",
                ec2.caller.endpoint().url
            );
            Err(Failure::invalid(act.action.name, why).into())
        }
        Some(Err(failure)) if is_for_good(failure.class, &failure.code) => Err(failure.into()),
        // It would be taken, or what is in its way may be gone by then.
        Some(Err(_)) | None => Ok(()),
    }
}

impl Ec2 {
    /// The same EC2, of which every call that changes something is only asked about.
    fn rehearsing(&self) -> Self {
        let as_dry_run = AsDryRun {
            heeded: self.heeds_dry_run,
        };
        let config = self.client.config().to_builder().interceptor(as_dry_run).build();
        Self {
            client: aws_sdk_ec2::Client::from_conf(config),
            caller: Arc::clone(&self.caller),
            session: Arc::clone(&self.session),
            shown_after: self.shown_after,
            heeds_dry_run: self.heeds_dry_run,
            site: self.site.clone(),
        }
    }
}

/// Adds `DryRun` to what changes something, before it is signed.
#[derive(Debug)]
struct AsDryRun {
    heeded: bool,
}

impl Intercept for AsDryRun {
    fn name(&self) -> &'static str {
        "AsDryRun"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let asked = std::str::from_utf8(request.body().bytes().unwrap_or_default())?;
        if let Some(dry) = dry(asked, self.heeded)? {
            request
                .headers_mut()
                .insert("content-length", dry.len().to_string());
            *request.body_mut() = SdkBody::from(dry);
        }
        Ok(())
    }
}

/// A request as a dry run; none where it only reads. Without its client token, which is for the call itself.
fn dry(asked: &str, heeded: bool) -> Result<Option<String>, String> {
    let parameters = || asked.split('&');
    let action = parameters()
        .find_map(|pair| pair.strip_prefix("Action="))
        .unwrap_or_default();
    if action.starts_with("Describe") || action.starts_with("Get") {
        return Ok(None);
    }
    if !is_asked(action, heeded) {
        return Err(format!("{action} is not rehearsed"));
    }
    let kept: Vec<&str> = parameters()
        .filter(|pair| !pair.starts_with("ClientToken="))
        .chain(["DryRun=true"])
        .collect();
    Ok(Some(kept.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_is_the_call_without_its_token() {
        let dry_run = dry(
            "Action=RunInstances&Version=2016-11-15&ClientToken=abc&MinCount=1",
            false,
        )
        .unwrap()
        .unwrap();
        assert_eq!(
            dry_run,
            "Action=RunInstances&Version=2016-11-15&MinCount=1&DryRun=true"
        );
        assert_eq!(dry("Action=DescribeImages&Version=2016-11-15", true), Ok(None));
        // Some actions would be carried out: by EC2 too, or by what stands in for it.
        assert!(dry("Action=ModifyVpcAttribute&VpcId=vpc-1", true).is_err() && dry("", true).is_err());
        let subnet = "Action=CreateSubnet&VpcId=vpc-1";
        assert!(dry(subnet, true).is_ok() && dry(subnet, false).is_err());
    }

    #[test]
    fn every_action_of_every_kind_is_asked_or_has_no_dry_run() {
        const WITHOUT: [&str; 15] = [
            "AssignIpv6Addresses",
            "AssociateIamInstanceProfile",
            "AssociateSubnetCidrBlock",
            "AssociateVpcCidrBlock",
            // These change nothing.
            "DescribeNetworkAcls",
            "DescribeRouteTables",
            "DescribeSecurityGroups",
            "DisassociateIamInstanceProfile",
            "DisassociateSubnetCidrBlock",
            "DisassociateVpcCidrBlock",
            "ModifySubnetAttribute",
            "ModifyVpcAttribute",
            "ReplaceIamInstanceProfileAssociation",
            "UnassignIpv6Addresses",
            // Done here.
            "WriteKeyFile",
        ];
        let actions = trueup_model::Kind::ALL
            .into_iter()
            .flat_map(|kind| kind.def().actions);
        for action in actions.chain(trueup_model::tags::action::ALL) {
            let is_without = WITHOUT.contains(&action.name);
            assert_ne!(is_asked(action.name, true), is_without, "{action}");
        }
    }

    #[test]
    fn every_action_that_is_asked_has_the_parameter_and_stands_once() {
        let config = aws_sdk_ec2::Config::builder()
            .behavior_version(aws_sdk_ec2::config::BehaviorVersion::latest())
            .build();
        let client = aws_sdk_ec2::Client::from_conf(config);
        let listed = [ANYWHERE::requests(&client), WHERE_HEEDED::requests(&client)].concat();
        for (action, request) in &listed {
            assert_eq!(action.to_lowercase(), request.replace('_', ""));
        }
        let once: std::collections::BTreeSet<_> = listed.iter().collect();
        assert_eq!(once.len(), listed.len());
    }
}
