//! `dhcp_options`, live.

use aws_sdk_ec2::types::{DhcpConfiguration, NewDhcpConfiguration};
use trueup_model::kinds::dhcp_options::{DhcpOptions, Servers, action, attr, servers};
use trueup_model::{Acted, Attr, Object, Record, Waiter};

use crate::act::{Task, made_until};
use crate::answer::{Reader, needed_text, some};
use crate::failure::Failure;
use crate::kinds::{Live, Which, asked, list_and_act};
use crate::read::{Found, pages};
use crate::{Ec2, ownership, tags};

/// Sets of DHCP options, live.
pub struct DhcpOptionsSets;

impl Live for DhcpOptionsSets {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("dhcp-options-id")
    }
}

const ACTION: &str = "DescribeDhcpOptions";

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2.client.describe_dhcp_options();
    let request = asked!(request, which, set_dhcp_options_ids, set_filters, 1000);
    pages!(
        ec2,
        "DescribeDhcpOptions",
        request,
        dhcp_options,
        |set: aws_sdk_ec2::types::DhcpOptions| {
            let object = fold(set)?;
            if let Some(owner) = &object.owner {
                found
                    .links
                    .dhcp_options
                    .insert(object.id.clone(), owner.topology.clone());
            }
            found.objects.push(object);
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

/// How EC2 calls the option of an attribute.
fn key(attribute: &str) -> String {
    attribute.replace('_', "-")
}

fn fold(set: aws_sdk_ec2::types::DhcpOptions) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let mut typed = DhcpOptions::default();
    // An option may be in any set, and no set is without one.
    let options = set.dhcp_configurations.unwrap_or_default();
    if options.is_empty() {
        for name in ALL {
            reader.missing(name, "dhcpConfigurationSet");
        }
    }
    for option in options {
        let name = needed_text(ACTION, "key", option.key.clone())?;
        let Some(attribute) = ALL.into_iter().find(|known| key(known) == name) else {
            // One that came to EC2 after this was written, and that no spec has.
            continue;
        };
        fold_option(&mut reader, &mut typed, attribute, option)?;
    }
    reader.object(ACTION, set.dhcp_options_id, &typed, set.tags, Record::new())
}

/// The attributes, each of which is an option.
const ALL: [&str; 6] = [
    attr::DOMAIN_NAME.name,
    attr::DOMAIN_NAME_SERVERS.name,
    attr::NTP_SERVERS.name,
    attr::NETBIOS_NAME_SERVERS.name,
    attr::NETBIOS_NODE_TYPE.name,
    attr::IPV6_ADDRESS_PREFERRED_LEASE_TIME.name,
];

fn fold_option(
    reader: &mut Reader,
    typed: &mut DhcpOptions,
    attribute: &'static str,
    option: DhcpConfiguration,
) -> Result<(), Failure> {
    let mut values = Vec::new();
    for value in option.values.unwrap_or_default() {
        values.push(needed_text(ACTION, "value", some(value.value))?);
    }
    let Some(first) = values.first().cloned() else {
        reader.missing(attribute, "valueSet");
        return Ok(());
    };
    let number = |reader: &mut Reader| {
        let number = first.parse().ok();
        if number.is_none() {
            let why = format!(
                "EC2 says `{first}` as its `{}`, which is no number",
                key(attribute)
            );
            reader.unknown(attribute, why);
        }
        number
    };
    if attribute == attr::DOMAIN_NAME.name {
        typed.domain_name = Some(first);
    } else if attribute == attr::DOMAIN_NAME_SERVERS.name {
        typed.domain_name_servers = Some(Servers::Many(values));
    } else if attribute == attr::NTP_SERVERS.name {
        typed.ntp_servers = Some(Servers::Many(values));
    } else if attribute == attr::NETBIOS_NAME_SERVERS.name {
        typed.netbios_name_servers = Some(Servers::Many(values));
    } else if attribute == attr::NETBIOS_NODE_TYPE.name {
        typed.netbios_node_type = number(reader);
    } else {
        typed.ipv6_address_preferred_lease_time = number(reader);
    }
    Ok(())
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => create(task).await,
        action::DELETE => {
            delete(task, task.id()?).await?;
            Ok(Acted::default())
        }
        _ => Err(task.unknown_action()),
    }
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let sets = task.sets();
    let mut request = task.ec2.client.create_dhcp_options();
    let option = |name: &str, values: Vec<String>| {
        NewDhcpConfiguration::builder()
            .key(key(name))
            .set_values(Some(values))
            .build()
    };
    if let Some(domain) = task.text(attr::DOMAIN_NAME) {
        request = request.dhcp_configurations(option(attr::DOMAIN_NAME.name, vec![domain]));
    }
    let lists: [Attr<_>; 3] = [
        attr::DOMAIN_NAME_SERVERS,
        attr::NTP_SERVERS,
        attr::NETBIOS_NAME_SERVERS,
    ];
    for list in lists {
        let values: Vec<String> = servers(sets, list).into_iter().map(str::to_owned).collect();
        if !values.is_empty() {
            request = request.dhcp_configurations(option(list.name, values));
        }
    }
    for number in [attr::NETBIOS_NODE_TYPE, attr::IPV6_ADDRESS_PREFERRED_LEASE_TIME] {
        if let Some(value) = sets.get(number) {
            request = request.dhcp_configurations(option(number.name, vec![value.to_string()]));
        }
    }
    let specification = tags::specification(task);
    let made = ownership::create_exclusive(
        task,
        request.tag_specifications(specification.clone()),
        |request| request.send(),
        |answer| answer.dhcp_options()?.dhcp_options_id(),
        async |task, id| delete(task, id).await,
    )
    .await?;
    let set = made.answer.as_ref().and_then(|answer| answer.dhcp_options());
    // EC2 answers what it has written. What is built on moto drops the tags of a new set, and with them whose it
    // is.
    if set.is_some_and(|set| set.tags().is_empty()) {
        let request = task.ec2.client.create_tags().resources(&made.id);
        let request = request.set_tags(specification.tags);
        task.call(trueup_model::tags::action::CREATE, request, |request| {
            request.send()
        })
        .await?;
    }
    Ok(made_until(made.id, Waiter::SHOWN, None))
}

async fn delete(task: &Task<'_>, id: &str) -> Result<(), Failure> {
    let request = task.ec2.client.delete_dhcp_options().dhcp_options_id(id);
    task.end(action::DELETE, request, |request| request.send())
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::AttributeValue;

    fn set(options: &[(&str, &[&str])]) -> Object {
        let configuration = |(key, values): &(&str, &[&str])| {
            let value = |text: &&str| AttributeValue::builder().value(*text).build();
            DhcpConfiguration::builder()
                .key(*key)
                .set_values(Some(values.iter().map(value).collect()))
                .build()
        };
        let set = aws_sdk_ec2::types::DhcpOptions::builder()
            .dhcp_options_id("dopt-00000001")
            .set_dhcp_configurations(Some(options.iter().map(configuration).collect()));
        fold(set.build()).unwrap()
    }

    #[test]
    fn servers_stay_in_their_order_and_numbers_are_numbers() {
        let read = set(&[
            ("domain-name-servers", &["10.0.0.3", "10.0.0.2"]),
            ("netbios-node-type", &["2"]),
            ("something-new", &["x"]),
        ]);
        assert_eq!(
            servers(&read.record, attr::DOMAIN_NAME_SERVERS),
            ["10.0.0.3", "10.0.0.2"]
        );
        assert_eq!(read.record.get(attr::NETBIOS_NODE_TYPE), Some(2));
        assert!(read.unread.is_empty(), "{:?}", read.unread);
    }

    #[test]
    fn what_is_no_option_is_unknown() {
        let read = set(&[("netbios-node-type", &["two"]), ("ntp-servers", &[])]);
        assert!(read.unread.contains_key(attr::NETBIOS_NODE_TYPE.name));
        assert!(read.unread.contains_key(attr::NTP_SERVERS.name));
        assert_eq!(set(&[]).unread.len(), ALL.len());
    }
}
