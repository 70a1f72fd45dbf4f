//! What other tools call things: who comes from there is told the word that is meant here.

use trueup_model::Kind;

/// What is meant by a word of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// The same thing under this name.
    Name(&'static str),
    /// Something that is said in another way.
    Otherwise(&'static str),
}

use Meant::{Name, Otherwise};

const RESOURCE_NAME: Meant = Otherwise(
    "a resource is called by its key under the kind; what the console shows is the tag `Name`, which follows from it",
);
const PORTS: Meant = Otherwise("write both in one: `port: 443`, or `port: 8000-8080`");
const GATEWAY: Meant = Otherwise(
    "say what it is: `internet_gateway`, `nat_gateway`, `transit_gateway` or another target of a route",
);
const AMAZON: Meant = Otherwise("write `ipv6_cidr_block: amazon`");

/// Words for attributes of any kind, and what is meant, the most likely first: of these the first that a
/// mapping has counts.
const WORDS: [(&str, &[Meant]); 50] = [
    ("acl", &[Name("network_acl")]),
    ("accepter", &[Name("accepter_peering_connection_options")]),
    ("accepter_options", &[Name("accepter_peering_connection_options")]),
    (
        "allow_remote_vpc_dns_resolution",
        &[Name("allow_dns_resolution_from_remote_vpc")],
    ),
    ("ami", &[Name("image")]),
    ("ami_id", &[Name("image")]),
    ("amazon_provided_ipv6_cidr_block", &[AMAZON]),
    ("assign_generated_ipv6_cidr_block", &[AMAZON]),
    ("associate_public_ip", &[Name("associate_public_ip_address")]),
    ("auto_accept", &[Name("accept")]),
    ("az", &[Name("availability_zone")]),
    ("cidr", &[Name("cidr_block"), Name("cidr"), Name("destination")]),
    (
        "cidr_block",
        &[Name("destination"), Name("cidr"), Name("cidr_block")],
    ),
    ("cidr_blocks", &[Name("cidr"), Name("cidr_block")]),
    ("destination_cidr_block", &[Name("destination")]),
    ("dns_hostnames", &[Name("enable_dns_hostnames")]),
    ("dns_support", &[Name("enable_dns_support")]),
    ("eip", &[Name("elastic_ip")]),
    ("allocation_id", &[Name("elastic_ip")]),
    ("eni", &[Name("network_interface")]),
    ("from_port", &[PORTS]),
    ("to_port", &[PORTS]),
    ("gateway", &[GATEWAY]),
    ("gateway_id", &[GATEWAY]),
    ("iam_role", &[Name("iam_instance_profile")]),
    ("iam_role_arn", &[Name("deliver_logs_permission_arn")]),
    ("igw", &[Name("internet_gateway")]),
    ("ip_protocol", &[Name("protocol")]),
    ("ipv6_cidr_blocks", &[Name("cidr")]),
    ("key_name", &[Name("key_pair")]),
    ("kms_key", &[Name("kms_key_id")]),
    ("name", &[Name("group_name"), Name("key_name"), RESOURCE_NAME]),
    ("nat", &[Name("nat_gateway")]),
    ("peer_account", &[Name("peer_owner_id")]),
    ("pcx", &[Name("vpc_peering_connection")]),
    ("prefix_list_ids", &[Name("prefix_list")]),
    ("private_ip", &[Name("private_ip_address")]),
    (
        "public_ip",
        &[
            Name("associate_public_ip_address"),
            Name("map_public_ip_on_launch"),
            Name("elastic_ip"),
        ],
    ),
    ("requester", &[Name("requester_peering_connection_options")]),
    (
        "requester_options",
        &[Name("requester_peering_connection_options")],
    ),
    ("rule_no", &[Name("rule_number")]),
    (
        "self",
        &[Otherwise(
            "name the group itself: `security_group`, with this group's own name",
        )],
    ),
    ("sg", &[Name("security_group"), Name("security_groups")]),
    ("source", &[Name("cidr"), Name("security_group")]),
    ("source_security_group", &[Name("security_group")]),
    ("source_security_group_id", &[Name("security_group")]),
    ("tgw", &[Name("transit_gateway")]),
    (
        "type",
        &[
            Name("instance_type"),
            Name("connectivity_type"),
            Name("volume_type"),
        ],
    ),
    ("volume_size", &[Name("size")]),
    ("zone", &[Name("availability_zone")]),
];

/// Words for kinds.
const KINDS: [(&str, Kind); 20] = [
    ("disk", Kind::Volume),
    ("ebs", Kind::Volume),
    ("ebs_volume", Kind::Volume),
    ("acl", Kind::NetworkAcl),
    ("eip", Kind::ElasticIp),
    ("endpoint", Kind::VpcEndpoint),
    ("igw", Kind::InternetGateway),
    ("ec2", Kind::Instance),
    ("host", Kind::Instance),
    ("key", Kind::KeyPair),
    ("nacl", Kind::NetworkAcl),
    ("nat", Kind::NatGateway),
    ("natgw", Kind::NatGateway),
    ("network", Kind::Vpc),
    ("pcx", Kind::VpcPeeringConnection),
    ("peering", Kind::VpcPeeringConnection),
    ("rtb", Kind::RouteTable),
    ("sg", Kind::SecurityGroup),
    ("server", Kind::Instance),
    ("vm", Kind::Instance),
];

/// What is meant by an attribute's name that a mapping does not have; `has` tells which ones it has.
pub fn attribute(word: &str, has: impl Fn(&str) -> bool) -> Option<Meant> {
    let word = spelled(word);
    // A reference has no `_id` and, of one thing, no plural.
    let bare = word
        .strip_suffix("_ids")
        .or_else(|| word.strip_suffix("_id"))
        .unwrap_or(&word);
    let fits = |meant: &Meant| match meant {
        Name(name) => has(name),
        Otherwise(_) => true,
    };
    let listed = WORDS
        .iter()
        .filter(|(listed, _)| *listed == word || *listed == bare)
        .flat_map(|(_, all)| *all);
    listed.copied().find(fits)
}

/// What a kind is called here.
pub fn kind(word: &str) -> Option<Kind> {
    let word = spelled(word);
    let word = word.strip_prefix("aws_").unwrap_or(&word);
    let named = |word: &str| {
        word.parse().ok().or_else(|| {
            KINDS
                .iter()
                .find(|(listed, _)| *listed == word)
                .map(|(_, kind)| *kind)
        })
    };
    named(word).or_else(|| named(word.strip_suffix('s')?))
}

/// As it is spelled here: `CidrBlock` and `cidr-block` are `cidr_block`.
fn spelled(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut small = false;
    for c in word.chars() {
        if c.is_ascii_uppercase() && small {
            out.push('_');
        }
        small = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_tools_are_understood_where_they_fit() {
        let subnet = |name: &str| {
            [
                "vpc",
                "cidr_block",
                "availability_zone",
                "map_public_ip_on_launch",
            ]
            .contains(&name)
        };
        assert_eq!(attribute("cidr", subnet), Some(Name("cidr_block")));
        assert_eq!(
            attribute("public_ip", subnet),
            Some(Name("map_public_ip_on_launch"))
        );
        assert_eq!(attribute("az", subnet), Some(Name("availability_zone")));
        assert_eq!(attribute("name", subnet), Some(RESOURCE_NAME));
        assert_eq!(attribute("colour", subnet), None);
        let rule = |name: &str| ["protocol", "port", "cidr", "security_group"].contains(&name);
        assert_eq!(attribute("cidr_blocks", rule), Some(Name("cidr")));
        assert_eq!(
            attribute("sourceSecurityGroupId", rule),
            Some(Name("security_group"))
        );
        assert_eq!(attribute("FromPort", rule), Some(PORTS));
        assert_eq!(kind("aws_eip"), Some(Kind::ElasticIp));
        assert_eq!(kind("security_groups"), Some(Kind::SecurityGroup));
        assert_eq!(kind("igw"), Some(Kind::InternetGateway));
        assert_eq!(kind("outputs"), None);
    }

    #[test]
    fn every_word_that_is_proposed_is_one_of_ours() {
        let ours: Vec<&str> = Kind::ALL
            .iter()
            .flat_map(|kind| names(kind.schema().attributes))
            .collect();
        for (word, all) in WORDS {
            assert_eq!(word, spelled(word));
            for meant in all {
                if let Name(name) = meant {
                    assert!(
                        ours.contains(name),
                        "{word} is said to be {name}, which no kind has"
                    );
                }
            }
        }
    }

    /// The names of attributes, and of the fields in them.
    fn names(attributes: &'static [trueup_model::Attribute]) -> Vec<&'static str> {
        use trueup_model::Type;
        let inside = |ty: &Type| match ty {
            Type::Object(fields) => names(fields),
            Type::Set(members) => {
                if let Type::Object(fields) = members.ty {
                    names(fields)
                } else {
                    Vec::new()
                }
            }
            _ => Vec::new(),
        };
        attributes
            .iter()
            .flat_map(|a| std::iter::once(a.name).chain(inside(&a.ty)))
            .collect()
    }
}
