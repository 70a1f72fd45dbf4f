//! EC2's request token buckets: one per region and action, as its throttling page documents them.

use std::collections::HashMap;

use tokio::time::Instant;

/// The size of a bucket and how much of it comes back each second.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    size: f64,
    refill: f64,
}

const fn bucket(size: f64, refill: f64) -> Bucket {
    Bucket { size, refill }
}

/// Reads that cost more where neither a filter nor a page size is sent.
const HEAVY_READS: &[&str] = &[
    "DescribeInstances",
    "DescribeInstanceStatus",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeVolumes",
];

fn bucket_of(action: &str, bounded: bool) -> Bucket {
    match action {
        "RunInstances" | "StartInstances" => bucket(5.0, 2.0),
        "TerminateInstances"
        | "CreateNetworkInterface"
        | "DeleteNetworkInterface"
        | "ModifyNetworkInterfaceAttribute"
        | "CreateVolume"
        | "DeleteVolume"
        | "AssignIpv6Addresses"
        | "ModifyInstanceMetadataOptions"
        | "AssociateIamInstanceProfile"
        | "DisassociateIamInstanceProfile" => bucket(100.0, 5.0),
        "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => bucket(4.0, 0.3),
        "CreateNatGateway" | "DeleteNatGateway" => bucket(10.0, 1.0),
        "CreateTags" | "DeleteTags" => bucket(100.0, 10.0),
        "DescribeSecurityGroupReferences" => bucket(20.0, 5.0),
        read if HEAVY_READS.contains(&read) && !bounded => bucket(50.0, 10.0),
        read if read.starts_with("Describe") || read.starts_with("Get") => bucket(100.0, 20.0),
        _ => bucket(50.0, 5.0),
    }
}

/// The size of an action's bucket and how much of it comes back each second; of a read, where it is filtered
/// or paged.
#[must_use]
pub fn documented(action: &str) -> (f64, f64) {
    let Bucket { size, refill } = bucket_of(action, true);
    (size, refill)
}

/// What is left in each bucket.
#[derive(Debug, Default)]
pub struct Throttle {
    levels: HashMap<(String, &'static str), (f64, Instant)>,
}

impl Throttle {
    /// Takes a token; false means that the request comes too soon. `bounded` says that it has a filter or a
    /// page size.
    pub fn admits(&mut self, region: &str, action: &'static str, bounded: bool) -> bool {
        let Bucket { size, refill } = bucket_of(action, bounded);
        let now = Instant::now();
        let (level, since) = self
            .levels
            .entry((region.to_owned(), action))
            .or_insert((size, now));
        *level = (*level + now.duration_since(*since).as_secs_f64() * refill).min(size);
        *since = now;
        if *level < 1.0 {
            return false;
        }
        *level -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_bucket_empties_and_refills() {
        let mut throttle = Throttle::default();
        for _ in 0..4 {
            assert!(throttle.admits("us-west-2", "CreateVpcEndpoint", false));
        }
        assert!(!throttle.admits("us-west-2", "CreateVpcEndpoint", false));
        assert!(
            throttle.admits("eu-west-1", "CreateVpcEndpoint", false),
            "each region has its own"
        );
        assert!(
            throttle.admits("us-west-2", "DeleteVpcEndpoints", false),
            "each action has its own"
        );
        tokio::time::advance(Duration::from_millis(3400)).await;
        assert!(throttle.admits("us-west-2", "CreateVpcEndpoint", false));
        assert!(!throttle.admits("us-west-2", "CreateVpcEndpoint", false));
    }

    #[test]
    fn buckets_follow_the_documentation() {
        for (action, bounded, expected) in [
            ("CreateVpc", false, bucket(50.0, 5.0)),
            ("DescribeVpcs", false, bucket(100.0, 20.0)),
            ("DescribeInstances", false, bucket(50.0, 10.0)),
            ("DescribeInstances", true, bucket(100.0, 20.0)),
            ("RunInstances", false, bucket(5.0, 2.0)),
            ("CreateTags", false, bucket(100.0, 10.0)),
        ] {
            assert_eq!(bucket_of(action, bounded), expected, "{action}");
        }
    }
}
