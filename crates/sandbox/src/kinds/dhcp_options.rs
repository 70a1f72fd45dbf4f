//! DHCP options sets.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::vpc::Vpc;
use super::{Kind, tag};
use crate::call::{ACCOUNT, Answer, Call, Listing};
use crate::state::Region;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::USUAL;
use crate::wire::{Fault, Xml};

/// So many servers of one family.
const SERVERS_LIMIT: usize = 4;

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

/// What EC2 takes of one option.
fn check(key: &str, values: &[String]) -> Answer {
    let wrong = |why: &str| Err(Fault::invalid(&values.join(","), key, why));
    let is_v4 = |value: &String| value.parse::<Ipv4Addr>().is_ok();
    let is_v6 = |value: &String| value.parse::<Ipv6Addr>().is_ok();
    let count = |is: &dyn Fn(&String) -> bool| values.iter().filter(|value| is(value)).count();
    let number = |value: &String| {
        value
            .parse::<u32>()
            .ok()
            .filter(|_| !value.starts_with(['0', '+']))
    };
    match (key, values) {
        (_, []) => wrong("it has no value"),
        ("domain-name", [name]) => {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._- ".contains(&byte);
            if name.is_empty() || !name.bytes().all(allowed) || name.split(['.', ' ']).any(str::is_empty) {
                return wrong("it is no domain name");
            }
            Ok(())
        }
        ("domain-name-servers" | "ntp-servers", _) => {
            let is_amazon = |value: &String| key == "domain-name-servers" && value == "AmazonProvidedDNS";
            if values
                .iter()
                .any(|value| !is_amazon(value) && !is_v4(value) && !is_v6(value))
            {
                return wrong("it is no address");
            }
            if count(&|value| is_v4(value) || is_amazon(value)) > SERVERS_LIMIT
                || count(&is_v6) > SERVERS_LIMIT
            {
                return wrong("there are too many servers");
            }
            Ok(())
        }
        ("netbios-name-servers", _) if count(&is_v4) == values.len() && values.len() <= SERVERS_LIMIT => {
            Ok(())
        }
        ("netbios-name-servers", _) => wrong("it takes up to four IPv4 addresses"),
        ("netbios-node-type", [ty]) if ["1", "2", "4", "8"].contains(&ty.as_str()) => Ok(()),
        ("netbios-node-type", _) => wrong("it must be 1, 2, 4 or 8"),
        ("ipv6-address-preferred-lease-time", [time])
            if number(time).is_some_and(|time| (140..=2_147_483_647).contains(&time)) =>
        {
            Ok(())
        }
        ("ipv6-address-preferred-lease-time", _) => wrong("it must be from 140 to 2147483647"),
        ("domain-name", _) => wrong("it takes one value"),
        (other, _) => Err(Fault::invalid(
            other,
            "dhcpConfiguration.key",
            "it is not a DHCP option",
        )),
    }
}

/// `CreateDhcpOptions`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let mut configurations: Vec<(String, Vec<String>)> = Vec::new();
    for configuration in call.params.list("DhcpConfiguration") {
        let key = configuration.required("Key")?;
        let values: Vec<String> = configuration
            .texts("Value")
            .into_iter()
            .map(str::to_owned)
            .collect();
        check(key, &values)?;
        if configurations.iter().any(|(have, _)| have == key) {
            return Err(Fault::invalid(key, "dhcpConfiguration.key", "it is there twice"));
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
