//! STS on the same endpoint: who is calling.

use crate::call::{ACCOUNT, Answer, Call};
use crate::kinds::partition;
use crate::wire::Xml;

/// The version of the STS API, by which its requests are told from EC2's.
pub const VERSION: &str = "2011-06-15";

/// `GetCallerIdentity`.
pub fn get_caller_identity(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    x.element("GetCallerIdentityResult", |x| {
        x.text(
            "Arn",
            format_args!(
                "arn:{}:iam::{ACCOUNT}:user/sandbox",
                partition::of(&call.region.name).name
            ),
        );
        x.text("UserId", "AIDASANDBOXSANDBOX00");
        x.text("Account", ACCOUNT);
    });
    Ok(())
}
