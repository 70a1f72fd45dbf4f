//! AWS's partitions with their regions: what ARNs, host names and availability zones are called there.

/// A partition: regions that share accounts, names and a domain.
pub struct Partition {
    /// What ARNs call it, such as `aws-cn`.
    pub name: &'static str,
    /// What its host names end in.
    pub suffix: &'static str,
    /// Its regions, by name.
    pub regions: &'static [Known],
}

/// A region.
pub struct Known {
    /// `us-west-2`.
    pub name: &'static str,
    /// What the ids of its zones start with.
    pub short: &'static str,
    /// Its zones: the letter of the name, and the number of the id. Which is which differs from account to
    /// account; this is one account.
    pub zones: &'static [(char, u8)],
}

const ABC: &[(char, u8)] = &[('a', 1), ('b', 2), ('c', 3)];
const ABCD: &[(char, u8)] = &[('a', 1), ('b', 2), ('c', 3), ('d', 4)];

const fn known(name: &'static str, short: &'static str, zones: &'static [(char, u8)]) -> Known {
    Known { name, short, zones }
}

const AWS: &[Known] = &[
    known("af-south-1", "afs1", ABC),
    known("ap-east-1", "ape1", ABC),
    known("ap-east-2", "ape2", ABC),
    known("ap-northeast-1", "apne1", &[('a', 4), ('c', 1), ('d', 2)]),
    known("ap-northeast-2", "apne2", ABCD),
    known("ap-northeast-3", "apne3", ABC),
    known("ap-south-1", "aps1", &[('a', 1), ('b', 3), ('c', 2)]),
    known("ap-south-2", "aps2", ABC),
    known("ap-southeast-1", "apse1", ABC),
    known("ap-southeast-2", "apse2", ABC),
    known("ap-southeast-3", "apse3", ABC),
    known("ap-southeast-4", "apse4", ABC),
    known("ap-southeast-5", "apse5", ABC),
    known("ap-southeast-6", "apse6", ABC),
    known("ap-southeast-7", "apse7", ABC),
    known("ca-central-1", "cac1", &[('a', 1), ('b', 2), ('d', 4)]),
    known("ca-west-1", "caw1", ABC),
    known("eu-central-1", "euc1", &[('a', 2), ('b', 3), ('c', 1)]),
    known("eu-central-2", "euc2", ABC),
    known("eu-north-1", "eun1", ABC),
    known("eu-south-1", "eus1", ABC),
    known("eu-south-2", "eus2", ABC),
    known("eu-west-1", "euw1", ABC),
    known("eu-west-2", "euw2", &[('a', 2), ('b', 3), ('c', 1)]),
    known("eu-west-3", "euw3", ABC),
    known("il-central-1", "ilc1", ABC),
    known("me-central-1", "mec1", ABC),
    known("me-south-1", "mes1", ABC),
    known("mx-central-1", "mxc1", ABC),
    known("sa-east-1", "sae1", ABC),
    known(
        "us-east-1",
        "use1",
        &[('a', 1), ('b', 2), ('c', 3), ('d', 4), ('e', 5), ('f', 6)],
    ),
    known("us-east-2", "use2", ABC),
    known("us-west-1", "usw1", &[('b', 3), ('c', 1)]),
    known("us-west-2", "usw2", ABCD),
];

const CHINA: &[Known] = &[
    known("cn-north-1", "cnn1", &[('a', 1), ('b', 2), ('d', 4)]),
    known("cn-northwest-1", "cnnw1", ABC),
];

const GOVCLOUD: &[Known] = &[
    known("us-gov-east-1", "usge1", ABC),
    known("us-gov-west-1", "usgw1", ABC),
];

const ISO: &[Known] = &[
    known("us-iso-east-1", "usie1", ABC),
    known("us-iso-west-1", "usiw1", ABC),
];

const ISO_B: &[Known] = &[
    known("us-isob-east-1", "usibe1", ABC),
    known("us-isob-west-1", "usibw1", ABC),
];

const ISO_E: &[Known] = &[known("eu-isoe-west-1", "euiew1", ABC)];

const ISO_F: &[Known] = &[
    known("us-isof-east-1", "usife1", ABC),
    known("us-isof-south-1", "usifs1", ABC),
];

const SOVEREIGN: &[Known] = &[known("eusc-de-east-1", "euscde1", &[('a', 1), ('b', 2)])];

/// Where a region is that no partition has.
const USUAL: Partition = Partition {
    name: "aws",
    suffix: "amazonaws.com",
    regions: AWS,
};

/// All of them; accounts of the commercial one have opted in to every region here.
const PARTITIONS: &[Partition] = &[
    USUAL,
    Partition {
        name: "aws-cn",
        suffix: "amazonaws.com.cn",
        regions: CHINA,
    },
    Partition {
        name: "aws-us-gov",
        suffix: "amazonaws.com",
        regions: GOVCLOUD,
    },
    Partition {
        name: "aws-iso",
        suffix: "c2s.ic.gov",
        regions: ISO,
    },
    Partition {
        name: "aws-iso-b",
        suffix: "sc2s.sgov.gov",
        regions: ISO_B,
    },
    Partition {
        name: "aws-iso-e",
        suffix: "cloud.adc-e.uk",
        regions: ISO_E,
    },
    Partition {
        name: "aws-iso-f",
        suffix: "csp.hci.ic.gov",
        regions: ISO_F,
    },
    Partition {
        name: "aws-eusc",
        suffix: "amazonaws.eu",
        regions: SOVEREIGN,
    },
];

/// The region of this name.
pub fn region(name: &str) -> Option<&'static Known> {
    PARTITIONS
        .iter()
        .flat_map(|partition| partition.regions)
        .find(|region| region.name == name)
}

/// Whether EC2 has a region of this name.
pub fn is_region(name: &str) -> bool {
    region(name).is_some()
}

/// The partition of a region.
pub fn of(region: &str) -> &'static Partition {
    PARTITIONS
        .iter()
        .find(|partition| partition.regions.iter().any(|known| known.name == region))
        .unwrap_or(&USUAL)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn regions_and_their_zone_ids_are_told_apart() {
        let all: Vec<&Known> = PARTITIONS
            .iter()
            .flat_map(|partition| partition.regions)
            .collect();
        assert_eq!(
            all.iter().map(|known| known.name).collect::<BTreeSet<_>>().len(),
            all.len()
        );
        assert_eq!(
            all.iter().map(|known| known.short).collect::<BTreeSet<_>>().len(),
            all.len()
        );
        for known in all {
            let numbers: BTreeSet<u8> = known.zones.iter().map(|(_, number)| *number).collect();
            assert_eq!(numbers.len(), known.zones.len(), "{}", known.name);
        }
        assert_eq!(
            (
                of("cn-north-1").name,
                of("us-gov-west-1").name,
                of("us-west-2").name
            ),
            ("aws-cn", "aws-us-gov", "aws")
        );
    }
}
