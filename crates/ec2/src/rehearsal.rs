//! Rehearsing: asking EC2 with `DryRun` whether it would take a call, which it then does not carry out.
//!
//! EC2 promises no more of it than that it checks the permission. What it says beyond that (that an id is not
//! there, that a parameter is wrong) is believed; that it says nothing is no promise that the call will
//! succeed.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use trueup_model::{Act, CloudError};

use crate::act::Task;
use crate::call::Errand;
use crate::classify::is_for_good;
use crate::failure::Failure;
use crate::patience::seed;
use crate::{Ec2, kinds};

/// What is rehearsed: what stops and ends what works, and what stands between that and the end of the plan.
/// All of them take `DryRun`; an action that does not would be carried out.
const ASKED: [&str; 5] = [
    "ModifyInstanceAttribute",
    "RunInstances",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
];

/// Whether an action may be called while a call is rehearsed.
pub fn is_asked(action: &str) -> bool {
    ASKED.contains(&action)
}

/// Whether EC2 would take a call. An error is one that the call would meet later too, as far as that can be
/// known.
pub async fn rehearse(ec2: &Ec2, act: &Act) -> Result<(), CloudError> {
    if !is_asked(act.action) || kinds::instance::is_about_volume(act) {
        return Ok(());
    }
    let rehearsing = ec2.rehearsing();
    let hears = |_: &str| {};
    let errand = Errand {
        rehearsing: true,
        ..Errand::new(seed(&act.topology) ^ seed(&act.address.to_string()), &hears)
    };
    match kinds::act(&Task {
        ec2: &rehearsing,
        act,
        errand,
    })
    .await
    {
        Ok(_) => {
            let why = format!(
                "{} does not heed `DryRun`: it carried out what it was only asked about",
                ec2.caller.endpoint().url
            );
            Err(Failure::invalid(act.action, why).into())
        }
        Err(failure) if is_for_good(failure.class, &failure.code) => Err(failure.into()),
        // It would be taken, or what is in its way may be gone by then.
        Err(_) => Ok(()),
    }
}

impl Ec2 {
    /// The same EC2, of which every call that changes something is only asked about.
    fn rehearsing(&self) -> Self {
        let config = self.client.config().to_builder().interceptor(AsDryRun).build();
        Self {
            client: aws_sdk_ec2::Client::from_conf(config),
            caller: Arc::clone(&self.caller),
            memory: Arc::clone(&self.memory),
            shown_after: self.shown_after,
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }
}

/// Adds `DryRun` to what changes something, before it is signed.
#[derive(Debug)]
struct AsDryRun;

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
        if let Some(dry) = dry(asked)? {
            request
                .headers_mut()
                .insert("content-length", dry.len().to_string());
            *request.body_mut() = SdkBody::from(dry);
        }
        Ok(())
    }
}

/// A request as a dry run; none where it only reads. Without its client token, which is for the call itself.
fn dry(asked: &str) -> Result<Option<String>, String> {
    let parameters = || asked.split('&');
    let action = parameters()
        .find_map(|pair| pair.strip_prefix("Action="))
        .unwrap_or_default();
    if action.starts_with("Describe") || action.starts_with("Get") {
        return Ok(None);
    }
    if !is_asked(action) {
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
        let dry_run = dry("Action=RunInstances&Version=2016-11-15&ClientToken=abc&MinCount=1")
            .unwrap()
            .unwrap();
        assert_eq!(
            dry_run,
            "Action=RunInstances&Version=2016-11-15&MinCount=1&DryRun=true"
        );
        assert_eq!(dry("Action=DescribeImages&Version=2016-11-15"), Ok(None));
        // Some actions would be carried out.
        assert!(dry("Action=ModifyVpcAttribute&VpcId=vpc-1").is_err() && dry("").is_err());
    }
}
