//! Holds table and struct of each kind together: a record that follows the table is the struct, and the
//! struct is the table.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use trueup_model::json::Typed;
use trueup_model::kinds;
use trueup_model::rules::just_created;
use trueup_model::{Kind, Record};

use crate::samples;

/// What is wrong with one kind, in sentences.
fn faults<T: Typed>() -> Vec<String> {
    let (kind, schema) = (T::KIND, T::KIND.schema());
    let mut faults = Vec::new();
    let sample = samples::record(kind);
    let typed = match T::from_record(&sample) {
        Ok(typed) => typed,
        Err(error) => {
            return vec![format!(
                "{kind}: a sample of the table is not the struct: {}",
                error.source
            )];
        }
    };
    // Every field of the struct is written, also one that is empty.
    let Ok(Json::Object(fields)) = serde_json::to_value(&typed) else {
        return vec![format!("{kind}: it is no object")];
    };
    let fields: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
    let table = schema
        .attributes
        .iter()
        .filter(|attribute| !attribute.input && attribute.name != "tags");
    let table: BTreeSet<&str> = table.map(|attribute| attribute.name).collect();
    if !table.is_subset(&fields) {
        faults.push(format!(
            "{kind}: only the table has {:?}",
            table.difference(&fields)
        ));
    }
    let known: BTreeSet<&str> = schema.attributes.iter().map(|attribute| attribute.name).collect();
    if !fields.is_subset(&known) {
        faults.push(format!(
            "{kind}: only the struct has {:?}",
            fields.difference(&known)
        ));
    }
    for (what, record) in [
        ("a sample", sample.clone()),
        ("what is born", just_created(kind, &sample)),
    ] {
        let given: Record = sample
            .iter()
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        let whole: Record = given
            .iter()
            .chain(record.iter())
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        match T::from_record(&whole).and_then(|typed| typed.to_record()) {
            Ok(back) if back == whole.without(&["tags"]) => {}
            Ok(back) => faults.push(format!("{kind}: {what} comes back as another: {whole} {back}")),
            Err(error) => faults.push(format!("{kind}: {what} is not the struct: {}", error.source)),
        }
    }
    faults
}

#[test]
fn table_and_struct_are_one() {
    let all = [
        (Kind::Vpc, faults::<kinds::vpc::Vpc>()),
        (Kind::DhcpOptions, faults::<kinds::dhcp_options::DhcpOptions>()),
        (Kind::Subnet, faults::<kinds::subnet::Subnet>()),
        (
            Kind::InternetGateway,
            faults::<kinds::internet_gateway::InternetGateway>(),
        ),
        (
            Kind::EgressOnlyInternetGateway,
            faults::<kinds::egress_only_internet_gateway::EgressOnlyInternetGateway>(),
        ),
        (Kind::ElasticIp, faults::<kinds::elastic_ip::ElasticIp>()),
        (Kind::NatGateway, faults::<kinds::nat_gateway::NatGateway>()),
        (Kind::RouteTable, faults::<kinds::route_table::RouteTable>()),
        (Kind::NetworkAcl, faults::<kinds::network_acl::NetworkAcl>()),
        (
            Kind::SecurityGroup,
            faults::<kinds::security_group::SecurityGroup>(),
        ),
        (Kind::KeyPair, faults::<kinds::key_pair::KeyPair>()),
        (Kind::Instance, faults::<kinds::instance::Instance>()),
        (Kind::Volume, faults::<kinds::volume::Volume>()),
        (Kind::VpcEndpoint, faults::<kinds::vpc_endpoint::VpcEndpoint>()),
        (
            Kind::VpcPeeringConnection,
            faults::<kinds::vpc_peering_connection::VpcPeeringConnection>(),
        ),
        (Kind::FlowLog, faults::<kinds::flow_log::FlowLog>()),
    ];
    let looked_at: BTreeSet<Kind> = all.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        looked_at,
        Kind::ALL.into_iter().collect(),
        "each kind is looked at"
    );
    let faults: Vec<&String> = all.iter().flat_map(|(_, faults)| faults).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
