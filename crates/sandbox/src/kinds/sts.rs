//! STS on the same endpoint: who is calling.

use crate::call::{ACCOUNT, Answer, Call};
use crate::wire::Xml;

/// The version of the STS API, by which its requests are told from EC2's.
pub const VERSION: &str = "2011-06-15";

/// `GetCallerIdentity`.
pub fn get_caller_identity(_: &mut Call<'_>, x: &mut Xml) -> Answer {
    x.element("GetCallerIdentityResult", |x| {
        x.text("Arn", format_args!("arn:aws:iam::{ACCOUNT}:user/sandbox"));
        x.text("UserId", "AIDASANDBOXSANDBOX00");
        x.text("Account", ACCOUNT);
    });
    Ok(())
}
