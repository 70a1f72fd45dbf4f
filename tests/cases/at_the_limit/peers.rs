//! The rows of peering connections.

use serde_json::json;

use super::rows::{Row, row, texts};

const CREATE: &str = "CreateVpcPeeringConnection&VpcId={vpc.main}&PeerVpcId=vpc-0123456789abcdef0";

/// The limits of a peering connection.
pub fn peers() -> Vec<Row> {
    let peering = |name: &str| json!({"vpc_peering_connection.x": {"vpc": "main", "peer_vpc": "vpc-0123456789abcdef0", name: "$"}});
    vec![
        row(
            "vpc_peering_connection.peer_owner_id",
            &peering("peer_owner_id"),
            &format!("{CREATE}&PeerOwnerId=$"),
            &texts(&["000000000001", "999999999998"]),
            &texts(&["12345678901", "1234567890123", "12345678901a"]),
        ),
        row(
            "vpc_peering_connection.peer_region",
            &peering("peer_region"),
            &format!("{CREATE}&PeerRegion=$"),
            &texts(&["eu-west-1", "us-gov-east-1"]),
            &texts(&["eu-west", "eu-west-1a", "EU-WEST-1"]),
        ),
    ]
}
