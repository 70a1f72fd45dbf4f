//! Where a network is.

/// One account in one region: what is read and changed with one set of credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The account: 12 digits.
    pub account: String,
    /// The region, such as `us-west-2`.
    pub region: String,
}

impl Site {
    /// What ARNs call the partition of the region, such as `aws-cn`.
    pub fn partition(&self) -> &'static str {
        const PARTITIONS: [(&str, &str); 7] = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("us-iso-", "aws-iso"),
            ("us-isob-", "aws-iso-b"),
            ("eu-isoe-", "aws-iso-e"),
            ("us-isof-", "aws-iso-f"),
            ("eusc-", "aws-eusc"),
        ];
        let known = PARTITIONS.iter().find(|(head, _)| self.region.starts_with(head));
        known.map_or("aws", |(_, partition)| partition)
    }
}
