//! What EC2's error codes mean: the only file that knows them.
//!
//! The codes follow the EC2 API's page of error codes, in every spelling that is met in the wild.

/// What sort of refusal a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Too many requests: nothing was done.
    Throttle,
    /// EC2's own trouble: what was asked for may have happened.
    Server,
    /// The connection broke or nothing answered in time: what was asked for may have happened.
    Lost,
    /// An answer came that cannot be used: it was cut off, or is not EC2's. What was asked for may have
    /// happened.
    Unusable,
    /// No connection came about: nothing was done.
    Unreachable,
    /// There is no room for it now.
    Capacity,
    /// The account may not have more of it.
    Quota,
    /// These credentials may not do this.
    Denied,
    /// No credentials, or none that are valid.
    Credentials,
    /// It is there already.
    Duplicate,
    /// Something still depends on it.
    Dependency,
    /// It is in a state that passes.
    Transient,
    /// There is no such thing, or not yet.
    NotFound,
    /// The client token was used for something else.
    Idempotency,
    /// It would have been taken: it was a dry run.
    Rehearsed,
    /// The request is wrong, or anything else that repeating does not help.
    Invalid,
}

impl Class {
    /// Whether the trouble is on the way to EC2 or EC2's own, and says nothing about what was asked for.
    pub fn is_of_transport(self) -> bool {
        matches!(
            self,
            Self::Throttle | Self::Server | Self::Lost | Self::Unusable | Self::Unreachable
        )
    }

    /// Whether what was asked for may have happened all the same.
    pub fn is_ambiguous(self) -> bool {
        matches!(self, Self::Server | Self::Lost | Self::Unusable)
    }
}

/// A code that is repeated, and why it passes.
type Passes = (&'static str, &'static str);

const THROTTLE: [Passes; 11] = [
    ("RequestLimitExceeded", REFILLS),
    ("EC2ThrottledException", REFILLS),
    ("BandwidthLimitExceeded", REFILLS),
    ("SlowDown", REFILLS),
    ("RequestThrottled", REFILLS),
    ("RequestThrottledException", REFILLS),
    ("TooManyRequestsException", REFILLS),
    ("LimitExceededException", REFILLS),
    (
        "PriorRequestNotComplete",
        "EC2 finishes an earlier request of the same sort first",
    ),
    (
        "SnapshotCreationPerVolumeRateExceeded",
        "so often it may be done, and then again",
    ),
    (
        "ConcurrentMutationLimitExceeded",
        "EC2 finishes the changes that are under way first",
    ),
];
const REFILLS: &str = "EC2's request limits refill with time";

const SERVER: [Passes; 8] = [
    ("InternalError", OWN_TROUBLE),
    ("InternalFailure", OWN_TROUBLE),
    ("InternalServerError", OWN_TROUBLE),
    ("ServerInternal", OWN_TROUBLE),
    ("ServiceUnavailable", OWN_TROUBLE),
    ("Unavailable", OWN_TROUBLE),
    ("RetryableError", OWN_TROUBLE),
    (
        "RequestTimeout",
        "the request came too slowly, and the next one may not",
    ),
];
const OWN_TROUBLE: &str = "the trouble is EC2's own, and mostly over in seconds";

const CAPACITY: [&str; 10] = [
    "InsufficientInstanceCapacity",
    "InsufficientFreeAddressesInSubnet",
    "InsufficientAddressCapacity",
    "InsufficientVolumeCapacity",
    "InsufficientCapacity",
    "InsufficientCapacityOnHost",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientCidrBlocks",
    "Unsupported",
];

/// Codes of quotas that do not end in `LimitExceeded`.
const QUOTA: [&str; 2] = ["MaxIOPSLimitExceeded", "InstanceLimit"];

const DENIED: [&str; 8] = [
    "UnauthorizedOperation",
    "AccessDenied",
    "AccessDeniedException",
    "OptInRequired",
    "Blocked",
    "PendingVerification",
    "DisallowedForDedicatedTenancyNetwork",
    "OperationNotPermittedException",
];

const CREDENTIALS: [&str; 14] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "TokenRefreshRequired",
    "RequestExpired",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "InvalidSecurity",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "MissingSecurityHeader",
    "InvalidToken",
];

const DUPLICATE: [Passes; 7] = [
    ("RouteAlreadyExists", LET_GO),
    ("InvalidSubnet.Conflict", LET_GO),
    ("CidrConflict", LET_GO),
    ("Resource.AlreadyAssociated", LET_GO),
    ("Resource.AlreadyAssigned", LET_GO),
    ("DuplicateSubnetsInSameZone", LET_GO),
    ("InvalidIPAddress.AlreadyAllocated", LET_GO),
];
/// Such refusals are repeated only where this run has let something go.
const LET_GO: &str = "what has it was let go of a moment ago, and EC2 may not know yet";

const DEPENDENCY: [Passes; 6] = [
    ("DependencyViolation", "what used it is still on its way out"),
    ("VolumeInUse", "the instance that had it is still on its way out"),
    (
        "InvalidAddress.Locked",
        "what had the address is still on its way out",
    ),
    ("ResourceInUse", "what used it is still on its way out"),
    (
        "InvalidInstanceID.InUse",
        "what the instance was used for is still being ended",
    ),
    (
        "InvalidAssociation.InUse",
        "what came by the association is still on its way out",
    ),
];

const TRANSIENT: [Passes; 12] = [
    ("IncorrectState", CHANGES_STATE),
    ("IncorrectStateException", CHANGES_STATE),
    (
        "IncorrectInstanceState",
        "the instance is still on its way to the state that it was asked into",
    ),
    ("IncorrectModificationState", "the volume is still being changed"),
    ("InvalidState", CHANGES_STATE),
    ("InvalidVpcState", "the VPC is still being made"),
    (
        "InvalidInstanceID",
        "the instance is still being launched or ended",
    ),
    (
        "InvalidInstanceID.NotReady",
        "the instance is still being launched",
    ),
    (
        "InvalidParameterException",
        "what it names was made a moment ago, and EC2 may not know yet",
    ),
    ("ConcurrentTagAccess", "somebody else is tagging the same object"),
    ("ResourceNotReady", "what it names is still being made"),
    (
        "VolumeModificationInProgress",
        "the volume is still being changed",
    ),
];
const CHANGES_STATE: &str = "it is still on its way to another state";

/// Codes of what is not there that have neither `NotFound` nor `Unknown` in them.
const NOT_FOUND: [Passes; 4] = [
    ("Gateway.NotAttached", NOT_SHOWN),
    ("NatGatewayNotFound", NOT_SHOWN),
    ("InvalidSubnet", NOT_SHOWN),
    ("InvalidAMIID.Unavailable", "the image is still being made"),
];
const NOT_SHOWN: &str = "what was made a moment ago is not shown everywhere at once";

/// Codes of what no run makes: where it is not there, it does not come.
const NEVER_THERE: [&str; 2] = ["InvalidAMIID.NotFound", "LogDestinationNotFoundException"];

const IDEMPOTENCY: [&str; 3] = [
    "IdempotentParameterMismatch",
    "IdempotentInstanceTerminated",
    "InvalidClientToken",
];

/// What EC2 answers a dry run of what it would take.
const DRY_RUN: &str = "DryRunOperation";

/// Words in a message that make a refusal of parameters one that passes: what they name was made a moment
/// ago, or is being changed.
const PASSING: [Passes; 6] = [
    (
        "Invalid IAM Instance Profile",
        "IAM tells EC2 of a new profile only after seconds",
    ),
    (
        "has no associated IAM Roles",
        "IAM tells EC2 of a profile's role only after seconds",
    ),
    (
        "Unable to assume given IAM role",
        "IAM tells EC2 of a new role only after seconds",
    ),
    (
        "LaunchPlan instance type does not match",
        "the instance's type is still being changed",
    ),
    ("pending instance", "the instance is still being launched"),
    // Another run may have asked for it: then none of this one's steps waits for it.
    (
        "does not have an IPv6 CIDR block associated",
        "the subnet's range may be on its way still",
    ),
];

/// Ends of codes that stand for whole families of them.
const FAMILIES: [(Class, &str, &str); 8] = [
    (Class::NotFound, "NotFound", NOT_SHOWN),
    (Class::NotFound, "NotFoundException", NOT_SHOWN),
    (Class::NotFound, ".Unknown", NOT_SHOWN),
    (Class::Duplicate, ".Duplicate", LET_GO),
    (Class::Duplicate, "AlreadyExists", LET_GO),
    (Class::Duplicate, "AlreadyExistsException", LET_GO),
    (
        Class::Dependency,
        ".InUse",
        "what used it is still on its way out",
    ),
    (Class::Throttle, "ThrottlingException", REFILLS),
];

fn has(table: &[Passes], code: &str) -> bool {
    table.iter().any(|(known, _)| *known == code)
}

/// Why a refusal that is repeated passes; none where nobody knows that it does.
pub fn why_it_passes(class: Class, code: &str, message: &str) -> Option<&'static str> {
    let table: &[Passes] = match class {
        Class::Lost => return Some("the connection broke, and the next one may not"),
        Class::Unusable => return Some("the answer was spoiled on its way, and the next one may not be"),
        Class::Unreachable => return Some("the network may be away for a moment"),
        Class::Throttle => &THROTTLE,
        Class::Server => &SERVER,
        Class::Duplicate => &DUPLICATE,
        Class::Dependency => &DEPENDENCY,
        Class::NotFound => &NOT_FOUND,
        Class::Transient => &TRANSIENT,
        _ => return None,
    };
    let by_words = PASSING
        .iter()
        .find(|(words, _)| class == Class::Transient && message.contains(words))
        .map(|(_, why)| *why);
    let by_code = || {
        table
            .iter()
            .find(|(known, _)| *known == code)
            .map(|(_, why)| *why)
    };
    let by_family = || {
        FAMILIES
            .iter()
            .find(|(of, end, _)| *of == class && code.contains(end))
            .map(|(_, _, why)| *why)
    };
    // Of a status of 5xx the code may be any.
    by_words
        .or_else(by_code)
        .or_else(by_family)
        .or((class == Class::Server).then_some(OWN_TROUBLE))
}

/// The class of an error code, with the words that came with it. `server` says that the answer had an HTTP
/// status of 5xx.
pub fn classify(code: &str, message: &str, server: bool) -> Class {
    let ends = |tails: &[&str]| tails.iter().any(|tail| code.ends_with(tail));
    if has(&THROTTLE, code) || code.starts_with("Throttling") {
        Class::Throttle
    } else if has(&SERVER, code) {
        Class::Server
    } else if CREDENTIALS.contains(&code)
        || (code == "AuthFailure" && message.contains("validate the provided access credentials"))
    {
        Class::Credentials
    } else if DENIED.contains(&code) || code == "AuthFailure" {
        Class::Denied
    } else if code == DRY_RUN {
        Class::Rehearsed
    } else if IDEMPOTENCY.contains(&code) {
        Class::Idempotency
    } else if NEVER_THERE.contains(&code) {
        Class::Invalid
    } else if PASSING.iter().any(|(words, _)| message.contains(words)) {
        Class::Transient
    } else if has(&NOT_FOUND, code) || code.contains("NotFound") || ends(&[".Unknown"]) {
        Class::NotFound
    } else if CAPACITY.contains(&code) {
        Class::Capacity
    } else if QUOTA.contains(&code) || ends(&["LimitExceeded"]) {
        Class::Quota
    } else if has(&DUPLICATE, code) || ends(&[".Duplicate", "AlreadyExists", "AlreadyExistsException"]) {
        Class::Duplicate
    } else if has(&DEPENDENCY, code) || ends(&[".InUse"]) {
        Class::Dependency
    } else if has(&TRANSIENT, code) {
        Class::Transient
    } else if server {
        Class::Server
    } else {
        Class::Invalid
    }
}

/// Whether a refusal says that the object to be deleted (or the association, the rule, the route) is gone
/// already.
pub fn is_gone(class: Class, code: &str) -> bool {
    class == Class::NotFound && code != "InvalidAMIID.Unavailable"
}

/// Whether a call that was rehearsed and refused so would be refused later too: it is not permitted, or the
/// request itself is wrong. What is said of a state (`OperationNotPermitted`: EC2's own protection, which a
/// plan lifts first), of names, room or quotas may have changed by then.
pub fn is_for_good(class: Class, code: &str) -> bool {
    match class {
        Class::Denied => true,
        Class::Invalid => !matches!(code, "OperationNotPermitted" | "InvalidStateTransition"),
        _ => code == "Unsupported",
    }
}

/// Codes of a part that is not there, of an object that is.
const PARTS: [&str; 6] = [
    "InvalidPermission.NotFound",
    "InvalidRoute.NotFound",
    "InvalidNetworkAclEntry.NotFound",
    "InvalidAssociationID.NotFound",
    "InvalidVpcCidrBlockAssociationID.NotFound",
    "Gateway.NotAttached",
];

/// Whether a refusal says that the object itself is not there, and not only a part of it.
pub fn is_of_object(code: &str) -> bool {
    !PARTS.contains(&code)
}

/// Whether a refusal names an object on the wrong number of network interfaces: EC2 then wants the interface
/// itself.
pub fn wants_interface(code: &str) -> bool {
    matches!(code, "InvalidInstanceID" | "InvalidParameterCombination")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_reference_has_its_class() {
        let table = [
            (
                Class::Throttle,
                "RequestLimitExceeded ThrottlingException EC2ThrottledException",
            ),
            (Class::Server, "InternalError Unavailable ServiceUnavailable"),
            (
                Class::Capacity,
                "InsufficientInstanceCapacity InsufficientFreeAddressesInSubnet Unsupported",
            ),
            (
                Class::Quota,
                "VpcLimitExceeded AddressLimitExceeded RulesPerSecurityGroupLimitExceeded VcpuLimitExceeded CidrLimitExceeded \
                 TagLimitExceeded InvalidInterface.IpAddressLimitExceeded",
            ),
            (Class::Denied, "UnauthorizedOperation AuthFailure OptInRequired"),
            (
                Class::Credentials,
                "ExpiredToken RequestExpired InvalidClientTokenId SignatureDoesNotMatch",
            ),
            (
                Class::Duplicate,
                "InvalidGroup.Duplicate InvalidKeyPair.Duplicate InvalidPermission.Duplicate RouteAlreadyExists InvalidSubnet.Conflict \
                 Resource.AlreadyAssociated InvalidLaunchTemplateName.AlreadyExistsException",
            ),
            (
                Class::Dependency,
                "DependencyViolation InvalidGroup.InUse InvalidIPAddress.InUse VolumeInUse",
            ),
            (
                Class::Transient,
                "IncorrectState IncorrectInstanceState ConcurrentTagAccess InvalidParameterException",
            ),
            (
                Class::NotFound,
                "InvalidVpcID.NotFound InvalidSubnetId.NotFound NatGatewayNotFound InvalidPermission.NotFound Gateway.NotAttached \
                 InvalidAssociationID.NotFound InvalidPlacementGroup.Unknown InvalidVpcEndpointId.NotFound",
            ),
            (
                Class::Idempotency,
                "IdempotentParameterMismatch IdempotentInstanceTerminated",
            ),
            (Class::Rehearsed, "DryRunOperation"),
            (
                Class::Invalid,
                "InvalidParameterValue InvalidVpcRange InvalidGroup.Reserved MissingParameter OperationNotPermitted",
            ),
        ];
        for (class, codes) in table {
            for code in codes.split_whitespace() {
                assert_eq!(classify(code, "", false), class, "{code}");
            }
        }
    }

    #[test]
    fn every_code_that_is_repeated_says_why_it_passes() {
        let tables: [(Class, &[Passes]); 6] = [
            (Class::Throttle, &THROTTLE),
            (Class::Server, &SERVER),
            (Class::Duplicate, &DUPLICATE),
            (Class::Dependency, &DEPENDENCY),
            (Class::Transient, &TRANSIENT),
            (Class::NotFound, &NOT_FOUND),
        ];
        for (class, (code, why)) in tables
            .iter()
            .flat_map(|(class, table)| table.iter().map(|passes| (*class, *passes)))
        {
            assert_eq!(
                (classify(code, "", false), why_it_passes(class, code, "")),
                (class, Some(why)),
                "{code}"
            );
        }
        for (class, end, why) in FAMILIES {
            let code = format!("Any{end}");
            let class = if class == Class::Throttle {
                classify(end, "", false)
            } else {
                classify(&code, "", false)
            };
            assert_eq!(why_it_passes(class, &code, ""), Some(why), "{code}");
        }
        for (words, why) in PASSING {
            let class = classify("InvalidParameterValue", words, false);
            assert_eq!(why_it_passes(class, "InvalidParameterValue", words), Some(why));
        }
        assert!(why_it_passes(Class::Server, "", "").is_some());
    }

    #[test]
    fn words_and_status_decide_where_the_code_does_not() {
        let key = "AWS was not able to validate the provided access credentials";
        assert_eq!(classify("AuthFailure", key, false), Class::Credentials);
        let profile =
            "Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name";
        assert_eq!(
            classify("InvalidParameterValue", profile, false),
            Class::Transient
        );
        assert_eq!(classify("", "", true), Class::Server);
        assert_eq!(classify("Whatever", "", false), Class::Invalid);
    }

    #[test]
    fn only_what_may_have_happened_is_ambiguous() {
        assert!(Class::Server.is_ambiguous() && Class::Lost.is_ambiguous());
        assert!(!Class::Throttle.is_ambiguous() && !Class::Unreachable.is_ambiguous());
    }
}
