//! Saved answers of EC2, as they come out of its API.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

/// The answers by path.
pub fn files(entries: &[(&str, &str, Json)]) -> BTreeMap<String, String> {
    let mut lists: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for (account, name, item) in entries {
        lists
            .entry(format!("accounts/{account}/eu-west-1/{name}.json"))
            .or_default()
            .push(item.clone());
    }
    let name = |path: &str| {
        path.rsplit('/')
            .next()
            .unwrap()
            .trim_end_matches(".json")
            .to_owned()
    };
    lists
        .into_iter()
        .map(|(path, items)| (path.clone(), json!({name(&path): items}).to_string()))
        .collect()
}

pub fn vpc(id: &str, range: &str, owner: &str) -> Json {
    json!({"VpcId": id, "CidrBlock": range, "OwnerId": owner,
           "CidrBlockAssociationSet": [{"CidrBlock": range, "CidrBlockState": {"State": "associated"}}]})
}

pub fn subnet(id: &str, vpc: &str, range: &str, zone: &str) -> Json {
    json!({"SubnetId": id, "VpcId": vpc, "CidrBlock": range, "AvailabilityZone": zone})
}

pub fn interface(id: &str, subnet: &str, address: &str, public: &str, group: &str) -> Json {
    let mut private = json!({"Primary": true, "PrivateIpAddress": address});
    if !public.is_empty() {
        private["Association"] = json!({"PublicIp": public});
    }
    json!({"NetworkInterfaceId": id, "SubnetId": subnet, "InterfaceType": "interface", "Status": "in-use", "SourceDestCheck": true,
           "Attachment": {"InstanceId": format!("i-{id}")}, "Groups": [{"GroupId": group}], "PrivateIpAddresses": [private]})
}

pub fn group(id: &str, vpc: &str, permission: &Json) -> Json {
    let all = json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
    json!({"GroupId": id, "VpcId": vpc, "IpPermissions": [permission], "IpPermissionsEgress": all})
}

/// The default ACL of a VPC, as EC2 makes it.
pub fn acl(id: &str, vpc: &str) -> Json {
    let entry = |egress: bool| json!({"RuleNumber": 100, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0", "Egress": egress});
    json!({"NetworkAclId": id, "VpcId": vpc, "IsDefault": true, "Entries": [entry(false), entry(true)]})
}

pub fn table(id: &str, vpc: &str, subnets: &[&str], routes: &Json) -> Json {
    let associations: Vec<Json> = subnets
        .iter()
        .map(|subnet| json!({"SubnetId": subnet, "Main": false}))
        .collect();
    json!({"RouteTableId": id, "VpcId": vpc, "Associations": associations, "Routes": routes})
}
