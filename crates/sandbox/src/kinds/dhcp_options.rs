//! DHCP options sets.

use serde::{Deserialize, Serialize};

use super::vpc::Vpc;
use super::{Kind, tag};
use crate::call::{ACCOUNT, Answer, Call, Listing};
use crate::state::Region;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::USUAL;
use crate::wire::{Fault, Xml};

/// A DHCP options set; it never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DhcpOptions {
    /// Keys with their values.
    pub configurations: Vec<(String, Vec<String>)>,
    /// Whether EC2 made it for the region.
    pub is_default: bool,
}

impl Row for DhcpOptions {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

impl Kind for DhcpOptions {
    const PREFIX: &'static str = "dopt";
    const RESOURCE: &'static str = "dhcp-options";
    const NOUN: &'static str = "dhcpOption ID";
    const NOT_FOUND: &'static str = "InvalidDhcpOptionID.NotFound";
    const MALFORMED: &'static str = "InvalidDhcpOptionsId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![DhcpOptions:
        "dhcp-options-id" => |seen, add| add(seen.id),
        "key" => |seen, add| seen.row.configurations.iter().for_each(|(key, _)| add(key)),
        "value" => |seen, add| seen.row.configurations.iter().flat_map(|(_, values)| values).for_each(|value| add(value)),
        "owner-id" => |_, add| add(ACCOUNT),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.dhcp_options
    }
}

/// The region's default set, made where it is missing.
pub fn default_set(call: &mut Call<'_>) -> String {
    if let Some((id, _)) = call.region.dhcp_options.iter().find(|(_, row)| row.is_default) {
        return id.clone();
    }
    let id = call.new_id("dopt");
    let domain = super::network_interface::private_domain(&call.region.name);
    let configurations = vec![
        ("domain-name".to_owned(), vec![domain]),
        (
            "domain-name-servers".to_owned(),
            vec!["AmazonProvidedDNS".to_owned()],
        ),
    ];
    call.region.dhcp_options.insert(
        &id,
        DhcpOptions {
            configurations,
            is_default: true,
        },
    );
    id
}

fn write(x: &mut Xml, seen: &Seen<'_, DhcpOptions>) {
    x.text("dhcpOptionsId", seen.id);
    x.text("ownerId", ACCOUNT);
    x.set(
        "dhcpConfigurationSet",
        &seen.row.configurations,
        |x, (key, values)| {
            x.text("key", key);
            x.set("valueSet", values, |x, value| x.text("value", value));
        },
    );
    tag::write(x, seen.region, seen.id);
}

/// `DescribeDhcpOptions`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    call.describe(
        x,
        &Listing {
            ids: "DhcpOptionsId",
            set: "dhcpOptionsSet",
            pages: Some(USUAL),
        },
        write,
    )
}

/// `CreateDhcpOptions`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let mut configurations = Vec::new();
    for configuration in call.params.list("DhcpConfiguration") {
        let key = configuration.required("Key")?;
        let most = match key {
            "domain-name" | "netbios-node-type" | "ipv6-address-preferred-lease-time" => 1,
            "domain-name-servers" | "netbios-name-servers" => 4,
            "ntp-servers" => 8,
            other => {
                return Err(Fault::invalid(
                    other,
                    "dhcpConfiguration.key",
                    "it is not a DHCP option",
                ));
            }
        };
        let values: Vec<String> = configuration
            .texts("Value")
            .into_iter()
            .map(str::to_owned)
            .collect();
        if values.is_empty() || values.len() > most {
            return Err(Fault::invalid(
                &values.join(","),
                key,
                "it does not take that many values",
            ));
        }
        configurations.push((key.to_owned(), values));
    }
    if configurations.is_empty() {
        return Err(Fault::missing("DhcpConfiguration"));
    }
    let tags = call.tags_for("dhcp-options", &["dhcp-options"])?;
    let id = call.new_id("dopt");
    call.tag(&id, tags);
    let row = DhcpOptions {
        configurations,
        is_default: false,
    };
    x.element("dhcpOptions", |x| {
        write(
            x,
            &Seen {
                id: &id,
                row: &row,
                region: call.region,
            },
        );
    });
    call.region.dhcp_options.insert(id, row);
    Ok(())
}

/// `AssociateDhcpOptions`; `default` stands for none.
pub fn associate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let set = call.params.required("DhcpOptionsId")?;
    let vpc = call.params.required("VpcId")?;
    call.find::<Vpc>(vpc)?;
    if set != "default" {
        call.find::<DhcpOptions>(set)?;
    }
    call.region
        .vpcs
        .update(vpc, |vpc| set.clone_into(&mut vpc.dhcp_options));
    x.done();
    Ok(())
}

/// `DeleteDhcpOptions`.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("DhcpOptionsId")?;
    call.find::<DhcpOptions>(id)?;
    if call.region.vpcs.owner_of(id).is_some() {
        return Err(Fault::dependency("dhcpOptions", id));
    }
    call.region.dhcp_options.remove(id);
    call.region.tags.remove(id);
    x.done();
    Ok(())
}
