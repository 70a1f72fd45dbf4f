//! How long each sort of refusal is waited out, and how long the pauses are: a function of the context, so
//! that equal runs are equal.

use std::time::Duration;

use trueup_model::kind::is_id_tail;

use crate::call::{CallContext, Purpose};
use crate::classify::{Class, is_of_object};
use crate::failure::Failure;

/// For how long after the first refusal of this sort a call is repeated. Zero is not at all.
pub fn retry_budget(context: &CallContext<'_>, failure: &Failure) -> Duration {
    // What is only asked about is not waited for: what may pass is no answer.
    let purpose = if context.rehearsal.is_some() {
        Purpose::Read
    } else {
        context.purpose
    };
    let recently_created = is_about_recently_created(context, &failure.message);
    let seconds = match (failure.class, purpose) {
        (Class::Throttle, Purpose::Read) => 60,
        (Class::Throttle, _) => 600,
        // A create without a token is looked up before it is repeated: not here.
        (Class::Server | Class::Lost | Class::Unusable, Purpose::Create) => 0,
        // A server that is not EC2 answers so what it does not know.
        (Class::Server | Class::Unusable, _) if failure.foreign => 4,
        (Class::Server | Class::Lost | Class::Unusable | Class::Unreachable, Purpose::Read) => 30,
        (Class::Server | Class::Lost | Class::Unusable | Class::Unreachable, _) => 180,
        (Class::NotFound, Purpose::Read) => 0,
        // What was made a moment ago is not gone because it is not shown. After an attempt that may have
        // ended it, it is.
        (Class::NotFound, Purpose::Delete | Purpose::TryDelete)
            if recently_created && !failure.maybe_done && is_of_object(&failure.code) =>
        {
            60
        }
        (Class::NotFound, Purpose::Delete | Purpose::TryDelete) => 0,
        // guard: visibility of what is referred to
        (Class::NotFound, _) if recently_created => 300,
        // guard: visibility of what is referred to
        (Class::NotFound, _) => 10,
        (Class::Dependency, Purpose::Delete | Purpose::Change) if context.deletion_in_flight => 900,
        (Class::Dependency, Purpose::Delete | Purpose::Change) => 60,
        // What held it was let go of a moment ago.
        (Class::Duplicate, Purpose::Change | Purpose::Create | Purpose::CreateWithToken)
            if context.deletion_in_flight && !failure.maybe_done =>
        {
            60
        }
        (Class::Transient, Purpose::Read) => 0,
        (Class::Transient, _) => 240,
        _ => 0,
    };
    Duration::from_secs(seconds)
}

/// What EC2 makes along with something else: an id of such a thing says nothing of how old that is.
const MADE_ALONG: [&str; 8] = [
    "eni",
    "vol",
    "rtbassoc",
    "aclassoc",
    "eipassoc",
    "vpc-cidr-assoc",
    "subnet-cidr-assoc",
    "sgr",
];

/// Whether a refusal may be about something that was made a moment ago: it names it, or nothing by its id
/// that was not.
fn is_about_recently_created(context: &CallContext<'_>, message: &str) -> bool {
    let words = || {
        message
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .filter_map(|word| Some((word, word.rsplit_once('-')?)))
    };
    let is_other = |(prefix, tail): (&str, &str)| is_id_tail(tail) && !MADE_ALONG.contains(&prefix);
    let names = |recently_created: &String| message.contains(recently_created.as_str());
    !context.recently_created.is_empty()
        && (context.recently_created.iter().any(names) || !words().any(|(_, parts)| is_other(parts)))
}

/// The pause before the attempt after `attempt` (from 1): it doubles, up to a limit, and is a little
/// different for every context.
pub fn pause(context: &CallContext<'_>, action: &str, class: Class, attempt: u32) -> Duration {
    let limit = match class {
        Class::Throttle => 20_000,
        Class::NotFound | Class::Transient => 5_000,
        _ => 10_000,
    };
    let first: u64 = if context.purpose == Purpose::Read {
        250
    } else {
        500
    };
    let full = (first << attempt.saturating_sub(1).min(10)).min(limit);
    let draw = mix(context.jitter_seed ^ jitter_seed(action) ^ u64::from(attempt));
    // From half to whole, so that those who failed together do not come back together.
    Duration::from_millis(full / 2 + draw % (full / 2 + 1))
}

/// A number that stands for a text: the same one always.
pub fn jitter_seed(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Spreads a number's bits (the finaliser of SplitMix64).
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::why_it_passes;

    #[test]
    fn pauses_grow_to_their_limit_and_repeat_themselves() {
        let context = CallContext::read("DescribeVpcs");
        let pauses = || {
            (1..12)
                .map(|attempt| pause(&context, "DescribeVpcs", Class::Server, attempt))
                .collect::<Vec<_>>()
        };
        assert_eq!(pauses(), pauses());
        assert!(pauses()[0] <= Duration::from_millis(250));
        assert!(pauses().iter().all(|pause| *pause <= Duration::from_secs(10)));
        assert!(*pauses().last().unwrap() >= Duration::from_secs(5));
    }

    #[test]
    fn what_cannot_pass_is_not_waited_for() {
        let hears = |_: &str| {};
        let context = CallContext {
            purpose: Purpose::Change,
            ..CallContext::new(1, &hears)
        };
        for class in [
            Class::Invalid,
            Class::Quota,
            Class::Capacity,
            Class::Denied,
            Class::Credentials,
        ] {
            let failure = Failure {
                class,
                ..Failure::invalid("X", "")
            };
            assert_eq!(retry_budget(&context, &failure), Duration::ZERO, "{class:?}");
        }
        let dependency = Failure {
            class: Class::Dependency,
            ..Failure::invalid("X", "")
        };
        let ends = |purpose| {
            retry_budget(
                &CallContext {
                    purpose,
                    deletion_in_flight: true,
                    ..CallContext::new(1, &hears)
                },
                &dependency,
            )
        };
        assert!(ends(Purpose::TryDelete).is_zero() && !ends(Purpose::Delete).is_zero());
        let made = ["sg-00000001".to_owned()];
        let gone = |code: &str, recently_created, maybe_done| {
            let failure = Failure {
                class: Class::NotFound,
                code: code.to_owned(),
                maybe_done,
                ..Failure::invalid("X", "")
            };
            let recently_created: &[String] = if recently_created { &made } else { &[] };
            retry_budget(
                &CallContext {
                    purpose: Purpose::Delete,
                    recently_created,
                    ..CallContext::new(1, &hears)
                },
                &failure,
            )
            .is_zero()
        };
        assert!(gone("InvalidGroup.NotFound", false, false) && !gone("InvalidGroup.NotFound", true, false));
        assert!(gone("InvalidGroup.NotFound", true, true) && gone("InvalidPermission.NotFound", true, false));
        let create = CallContext {
            purpose: Purpose::Create,
            ..CallContext::new(1, &hears)
        };
        let lost = Failure {
            class: Class::Lost,
            ..Failure::invalid("CreateVpc", "")
        };
        assert_eq!(retry_budget(&create, &lost), Duration::ZERO);
        // Nothing was sent: a network that is away for a moment makes nothing twice.
        let unreachable = Failure {
            class: Class::Unreachable,
            ..Failure::invalid("CreateVpc", "")
        };
        assert!(!retry_budget(&create, &unreachable).is_zero());
    }

    #[test]
    fn what_is_not_there_and_is_not_new_is_not_waited_for_because_something_else_is() {
        let hears = |_: &str| {};
        let recently_created = ["sg-00000001".to_owned(), "net-ops".to_owned()];
        let waits = |message: &str, recently_created: &[String]| {
            let failure = Failure {
                class: Class::NotFound,
                ..Failure::invalid("RunInstances", message)
            };
            retry_budget(
                &CallContext {
                    purpose: Purpose::CreateWithToken,
                    recently_created,
                    ..CallContext::new(1, &hears)
                },
                &failure,
            )
            .as_secs()
        };
        for (message, seconds) in [
            ("The security group 'sg-00000001' does not exist", 300),
            (
                "The security groups 'sg-0aaaaaaaaaaaaaaaa', 'sg-00000001' do not exist",
                300,
            ),
            ("The key pair 'net-ops' does not exist", 300),
            // Which one is not said, or it is said of what came with something.
            ("There is no such group", 300),
            ("The networkInterface ID 'eni-00000009' does not exist", 300),
            ("The security group 'sg-0aaaaaaaaaaaaaaaa' does not exist", 10),
            (
                "The transit gateway ID 'tgw-0123456789abcdef0' does not exist.",
                10,
            ),
        ] {
            assert_eq!(waits(message, &recently_created), seconds, "{message}");
            assert_eq!(waits(message, &[]), 10);
        }
    }

    #[test]
    fn only_what_is_known_to_pass_is_repeated() {
        let hears = |_: &str| {};
        let purposes = [
            Purpose::Read,
            Purpose::Create,
            Purpose::CreateWithToken,
            Purpose::Change,
            Purpose::Delete,
            Purpose::TryDelete,
        ];
        let classes = [
            (Class::Throttle, "SlowDown"),
            (Class::Server, ""),
            (Class::Lost, ""),
            (Class::Unusable, ""),
            (Class::Unreachable, ""),
            (Class::Capacity, "InsufficientInstanceCapacity"),
            (Class::Quota, "VpcLimitExceeded"),
            (Class::Denied, "UnauthorizedOperation"),
            (Class::Credentials, "ExpiredToken"),
            (Class::Duplicate, "InvalidGroup.Duplicate"),
            (Class::Dependency, "DependencyViolation"),
            (Class::Transient, "IncorrectState"),
            (Class::NotFound, "InvalidVpcID.NotFound"),
            (Class::Idempotency, "IdempotentParameterMismatch"),
            (Class::Rehearsed, "DryRunOperation"),
            (Class::Invalid, "InvalidParameterValue"),
        ];
        for (class, code) in classes {
            let failure = Failure {
                class,
                code: code.to_owned(),
                ..Failure::invalid("X", "")
            };
            let waits = |purpose| {
                !retry_budget(
                    &CallContext {
                        purpose,
                        deletion_in_flight: true,
                        ..CallContext::new(1, &hears)
                    },
                    &failure,
                )
                .is_zero()
            };
            assert_eq!(
                purposes.into_iter().any(waits),
                why_it_passes(class, code, "").is_some(),
                "{class:?}"
            );
        }
    }
}
