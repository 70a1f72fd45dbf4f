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
    /// An answer came that cannot be used: it was cut off, or is not EC2's. What was asked for may have happened.
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
        matches!(self, Self::Throttle | Self::Server | Self::Lost | Self::Unusable | Self::Unreachable)
    }

    /// Whether what was asked for may have happened all the same.
    pub fn is_ambiguous(self) -> bool {
        matches!(self, Self::Server | Self::Lost | Self::Unusable)
    }
}

const THROTTLE: [&str; 11] = [
    "RequestLimitExceeded",
    "EC2ThrottledException",
    "BandwidthLimitExceeded",
    "SlowDown",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "SnapshotCreationPerVolumeRateExceeded",
    "ConcurrentMutationLimitExceeded",
];

const SERVER: [&str; 8] = [
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ServerInternal",
    "ServiceUnavailable",
    "Unavailable",
    "RetryableError",
    "RequestTimeout",
];

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

const DUPLICATE: [&str; 7] = [
    "RouteAlreadyExists",
    "InvalidSubnet.Conflict",
    "CidrConflict",
    "Resource.AlreadyAssociated",
    "Resource.AlreadyAssigned",
    "DuplicateSubnetsInSameZone",
    "InvalidIPAddress.AlreadyAllocated",
];

const DEPENDENCY: [&str; 6] =
    ["DependencyViolation", "VolumeInUse", "InvalidAddress.Locked", "ResourceInUse", "InvalidInstanceID.InUse", "InvalidAssociation.InUse"];

const TRANSIENT: [&str; 13] = [
    "IncorrectState",
    "IncorrectStateException",
    "IncorrectInstanceState",
    "IncorrectModificationState",
    "InvalidState",
    "InvalidStateTransition",
    "InvalidVpcState",
    "InvalidInstanceID",
    "InvalidInstanceID.NotReady",
    "InvalidParameterException",
    "ConcurrentTagAccess",
    "ResourceNotReady",
    "VolumeModificationInProgress",
];

/// Codes of what is not there that have neither `NotFound` nor `Unknown` in them.
const NOT_FOUND: [&str; 4] = ["Gateway.NotAttached", "NatGatewayNotFound", "InvalidSubnet", "InvalidAMIID.Unavailable"];

/// Codes of what no run makes: where it is not there, it does not come.
const NEVER_THERE: [&str; 1] = ["InvalidAMIID.NotFound"];

const IDEMPOTENCY: [&str; 3] = ["IdempotentParameterMismatch", "IdempotentInstanceTerminated", "InvalidClientToken"];

/// What EC2 answers a dry run of what it would take.
const DRY_RUN: &str = "DryRunOperation";

/// Words in a message that make a refusal of parameters one that passes: what they name was made a moment ago, or is being changed.
const PASSING: [&str; 4] =
    ["Invalid IAM Instance Profile", "has no associated IAM Roles", "LaunchPlan instance type does not match", "pending instance"];

/// The class of an error code, with the words that came with it. `server` says that the answer had an HTTP status of 5xx.
pub fn classify(code: &str, message: &str, server: bool) -> Class {
    let ends = |tails: &[&str]| tails.iter().any(|tail| code.ends_with(tail));
    if THROTTLE.contains(&code) || code.starts_with("Throttling") {
        Class::Throttle
    } else if SERVER.contains(&code) {
        Class::Server
    } else if CREDENTIALS.contains(&code) || (code == "AuthFailure" && message.contains("validate the provided access credentials")) {
        Class::Credentials
    } else if DENIED.contains(&code) || code == "AuthFailure" {
        Class::Denied
    } else if code == DRY_RUN {
        Class::Rehearsed
    } else if IDEMPOTENCY.contains(&code) {
        Class::Idempotency
    } else if NEVER_THERE.contains(&code) {
        Class::Invalid
    } else if PASSING.iter().any(|words| message.contains(words)) {
        Class::Transient
    } else if NOT_FOUND.contains(&code) || code.contains("NotFound") || ends(&[".Unknown"]) {
        Class::NotFound
    } else if CAPACITY.contains(&code) {
        Class::Capacity
    } else if QUOTA.contains(&code) || ends(&["LimitExceeded"]) {
        Class::Quota
    } else if DUPLICATE.contains(&code) || ends(&[".Duplicate", "AlreadyExists", "AlreadyExistsException"]) {
        Class::Duplicate
    } else if DEPENDENCY.contains(&code) || ends(&[".InUse"]) {
        Class::Dependency
    } else if TRANSIENT.contains(&code) {
        Class::Transient
    } else if server {
        Class::Server
    } else {
        Class::Invalid
    }
}

/// Whether a refusal says that the object to be deleted (or the association, the rule, the route) is gone already.
pub fn is_gone(class: Class, code: &str) -> bool {
    class == Class::NotFound && code != "InvalidAMIID.Unavailable"
}

/// Whether a call that was rehearsed and refused so would be refused later too: it is not permitted, or the request itself is wrong. What
/// is said of a state (`OperationNotPermitted`: EC2's own protection, which a plan lifts first), of names, room or quotas may have changed
/// by then.
pub fn is_for_good(class: Class, code: &str) -> bool {
    match class {
        Class::Denied => true,
        Class::Invalid => code != "OperationNotPermitted",
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

/// Whether a refusal names an object on the wrong number of network interfaces: EC2 then wants the interface itself.
pub fn wants_interface(code: &str) -> bool {
    matches!(code, "InvalidInstanceID" | "InvalidParameterCombination")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_reference_has_its_class() {
        let table = [
            (Class::Throttle, "RequestLimitExceeded ThrottlingException EC2ThrottledException"),
            (Class::Server, "InternalError Unavailable ServiceUnavailable"),
            (Class::Capacity, "InsufficientInstanceCapacity InsufficientFreeAddressesInSubnet Unsupported"),
            (
                Class::Quota,
                "VpcLimitExceeded AddressLimitExceeded RulesPerSecurityGroupLimitExceeded VcpuLimitExceeded CidrLimitExceeded \
                 TagLimitExceeded InvalidInterface.IpAddressLimitExceeded",
            ),
            (Class::Denied, "UnauthorizedOperation AuthFailure OptInRequired"),
            (Class::Credentials, "ExpiredToken RequestExpired InvalidClientTokenId SignatureDoesNotMatch"),
            (
                Class::Duplicate,
                "InvalidGroup.Duplicate InvalidKeyPair.Duplicate InvalidPermission.Duplicate RouteAlreadyExists InvalidSubnet.Conflict \
                 Resource.AlreadyAssociated InvalidLaunchTemplateName.AlreadyExistsException",
            ),
            (Class::Dependency, "DependencyViolation InvalidGroup.InUse InvalidIPAddress.InUse VolumeInUse"),
            (Class::Transient, "IncorrectState IncorrectInstanceState ConcurrentTagAccess InvalidParameterException"),
            (
                Class::NotFound,
                "InvalidVpcID.NotFound InvalidSubnetId.NotFound NatGatewayNotFound InvalidPermission.NotFound Gateway.NotAttached \
                 InvalidAssociationID.NotFound InvalidPlacementGroup.Unknown InvalidVpcEndpointId.NotFound",
            ),
            (Class::Idempotency, "IdempotentParameterMismatch IdempotentInstanceTerminated"),
            (Class::Rehearsed, "DryRunOperation"),
            (Class::Invalid, "InvalidParameterValue InvalidVpcRange InvalidGroup.Reserved MissingParameter OperationNotPermitted"),
        ];
        for (class, codes) in table {
            for code in codes.split_whitespace() {
                assert_eq!(classify(code, "", false), class, "{code}");
            }
        }
    }

    #[test]
    fn words_and_status_decide_where_the_code_does_not() {
        let key = "AWS was not able to validate the provided access credentials";
        assert_eq!(classify("AuthFailure", key, false), Class::Credentials);
        let profile = "Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name";
        assert_eq!(classify("InvalidParameterValue", profile, false), Class::Transient);
        assert_eq!(classify("", "", true), Class::Server);
        assert_eq!(classify("Whatever", "", false), Class::Invalid);
    }

    #[test]
    fn only_what_may_have_happened_is_ambiguous() {
        assert!(Class::Server.is_ambiguous() && Class::Lost.is_ambiguous());
        assert!(!Class::Throttle.is_ambiguous() && !Class::Unreachable.is_ambiguous());
    }
}
