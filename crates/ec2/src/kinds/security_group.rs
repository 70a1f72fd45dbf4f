//! `security_group`, live.

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};
pub use trueup_model::kinds::security_group::DEFAULT;
use trueup_model::kinds::security_group::{Rule, SecurityGroup, action, attr, fold_name};
use trueup_model::net::{PROTOCOL, Ports, RANGE};
use trueup_model::{Acted, Attr, Object, Record, Ref, Value, Waiter, fact};

use crate::act::{Task, made_until};
use crate::answer::{Reader, facts, needed_text, some};
use crate::call::CallContext;
use crate::classify::Class;
use crate::failure::Failure;
use crate::kinds::{Live, Which, asked, find_implicit, list_and_act};
use crate::read::{Found, pages};
use crate::{Ec2, filter, ownership, prefix_list, tags};

/// Security groups, live.
pub struct SecurityGroups;

impl Live for SecurityGroups {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("group-id")
    }

    fn prefix_lists(&self) -> Option<prefix_list::Spoken> {
        Some((&[attr::INGRESS, attr::EGRESS], attr::PREFIX_LIST))
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2.client.describe_security_groups();
    let request = asked!(request, which, set_group_ids, set_filters, 1000);
    pages!(
        ec2,
        "DescribeSecurityGroups",
        request,
        security_groups,
        |group: aws_sdk_ec2::types::SecurityGroup| {
            found.objects.push(fold(group)?);
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

fn fold(group: aws_sdk_ec2::types::SecurityGroup) -> Result<Object, Failure> {
    const ACTION: &str = "DescribeSecurityGroups";
    let mut reader = Reader::default();
    let name = needed_text(ACTION, "groupName", group.group_name)?;
    let typed = SecurityGroup {
        vpc: reader.id(attr::VPC, "vpcId", group.vpc_id),
        group_name: fold_name(&name).to_owned(),
        description: reader.text(attr::DESCRIPTION, "groupDescription", group.description),
        ingress: rules(
            group.ip_permissions,
            (attr::INGRESS, "ipPermissions"),
            &mut reader,
        ),
        egress: rules(
            group.ip_permissions_egress,
            (attr::EGRESS, "ipPermissionsEgress"),
            &mut reader,
        ),
    };
    let implicit = name == DEFAULT;
    let mut object = reader.object(
        ACTION,
        group.group_id,
        &typed,
        group.tags,
        facts([(fact::GROUP_NAME, Some(name))]),
    )?;
    object.implicit = implicit;
    Ok(object)
}

/// One rule for each source of each permission of a direction, which is EC2's element of this name.
fn rules(
    permissions: Option<Vec<IpPermission>>,
    direction: (Attr<[Value]>, &'static str),
    reader: &mut Reader,
) -> Vec<Rule> {
    let permissions = reader.always(direction.0, direction.1, permissions);
    permissions
        .into_iter()
        .flat_map(|permission| of_permission(permission, direction.0, reader))
        .collect()
}

fn of_permission(permission: IpPermission, direction: Attr<[Value]>, reader: &mut Reader) -> Vec<Rule> {
    let protocol = match reader.text(direction, "ipProtocol", permission.ip_protocol) {
        all if all == "-1" => "all".to_owned(),
        text => (PROTOCOL.read)(&text).unwrap_or(text),
    };
    let (from, to) = (permission.from_port, permission.to_port);
    let mut base = Rule {
        protocol,
        ..Rule::default()
    };
    match base.protocol.as_str() {
        // What is -1 is every port.
        "tcp" | "udp" if from == Some(-1) => {
            base.port = Some(Ports {
                from: 0,
                to: u16::MAX,
            });
        }
        "tcp" | "udp" => {
            base.port = Some(Ports {
                from: reader.port(direction, "fromPort", from),
                to: reader.port(direction, "toPort", to),
            });
        }
        "icmp" | "icmpv6" => {
            let one = |value: i32| Some(i64::from(value)).filter(|value| *value != -1);
            base.icmp_type = one(reader.always(direction, "fromPort", from));
            base.icmp_code = one(reader.always(direction, "toPort", to)).filter(|_| base.icmp_type.is_some());
        }
        // Ports mean nothing to any other protocol.
        _ => {}
    }
    let mut rules = Vec::new();
    for source in permission.ip_ranges.unwrap_or_default() {
        let range = reader.text(direction, "cidrIp", source.cidr_ip);
        rules.push(Rule {
            cidr: Some((RANGE.read)(&range).unwrap_or(range)),
            description: some(source.description),
            ..base.clone()
        });
    }
    for source in permission.ipv6_ranges.unwrap_or_default() {
        let range = reader.text(direction, "cidrIpv6", source.cidr_ipv6);
        rules.push(Rule {
            cidr: Some((RANGE.read)(&range).unwrap_or(range)),
            description: some(source.description),
            ..base.clone()
        });
    }
    for source in permission.prefix_list_ids.unwrap_or_default() {
        let list = reader.text(direction, "prefixListId", source.prefix_list_id);
        rules.push(Rule {
            prefix_list: Some(list),
            description: some(source.description),
            ..base.clone()
        });
    }
    for source in permission.user_id_group_pairs.unwrap_or_default() {
        let group = reader.id(direction, "groupId", source.group_id);
        rules.push(Rule {
            security_group: Some(group),
            description: some(source.description),
            ..base.clone()
        });
    }
    if rules.is_empty() {
        reader.unknown(
            direction,
            format!("EC2 did not say whom a rule for {} is for", base.protocol),
        );
    }
    rules
}

/// The rules of a record as EC2 takes them.
async fn permissions(
    task: &Task<'_>,
    record: &Record,
    direction: Attr<[Value]>,
) -> Result<Vec<IpPermission>, Failure> {
    let mut permissions = Vec::new();
    for rule in record.records(direction) {
        let list = match rule.get(attr::PREFIX_LIST) {
            Some(text) => Some(prefix_list::id(task.ec2, text).await?),
            None => None,
        };
        permissions.push(permission(rule, list));
    }
    Ok(permissions)
}

fn permission(rule: &Record, prefix_list: Option<String>) -> IpPermission {
    let protocol = rule.text(attr::PROTOCOL);
    let number = |field| {
        rule.get(field)
            .and_then(|value| i32::try_from(value).ok())
            .unwrap_or(-1)
    };
    let (from, to) = match protocol {
        "icmp" | "icmpv6" => (Some(number(attr::ICMP_TYPE)), Some(number(attr::ICMP_CODE))),
        "tcp" | "udp" => rule
            .get(attr::PORT)
            .map(|ports| (i32::from(ports.from), i32::from(ports.to)))
            .unzip(),
        _ => (None, None),
    };
    let description = rule.get(attr::DESCRIPTION).map(str::to_owned);
    let builder = IpPermission::builder()
        .ip_protocol(if protocol == "all" { "-1" } else { protocol })
        .set_from_port(from)
        .set_to_port(to);
    if let Some(group) = rule.get(attr::SECURITY_GROUP).and_then(Ref::id) {
        return builder
            .user_id_group_pairs(
                UserIdGroupPair::builder()
                    .group_id(group)
                    .set_description(description)
                    .build(),
            )
            .build();
    }
    if let Some(list) = prefix_list {
        return builder
            .prefix_list_ids(
                PrefixListId::builder()
                    .prefix_list_id(list)
                    .set_description(description)
                    .build(),
            )
            .build();
    }
    let range = rule.text(attr::CIDR);
    if range.contains(':') {
        builder
            .ipv6_ranges(
                Ipv6Range::builder()
                    .cidr_ipv6(range)
                    .set_description(description)
                    .build(),
            )
            .build()
    } else {
        builder
            .ip_ranges(
                IpRange::builder()
                    .cidr_ip(range)
                    .set_description(description)
                    .build(),
            )
            .build()
    }
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => return create(task).await,
        action::FIND => return find_implicit(task).await,
        action::AUTHORIZE_INGRESS => authorize(task, attr::INGRESS).await?,
        action::AUTHORIZE_EGRESS => authorize(task, attr::EGRESS).await?,
        action::DESCRIBE_INGRESS => {
            let rules = permissions(task, task.sets(), attr::INGRESS).await?;
            let request = task
                .ec2
                .client
                .update_security_group_rule_descriptions_ingress()
                .group_id(task.id()?);
            let request = request.set_ip_permissions(Some(rules));
            task.call(action::DESCRIBE_INGRESS, request, |request| request.send())
                .await?;
        }
        action::DESCRIBE_EGRESS => {
            let rules = permissions(task, task.sets(), attr::EGRESS).await?;
            let request = task
                .ec2
                .client
                .update_security_group_rule_descriptions_egress()
                .group_id(task.id()?);
            let request = request.set_ip_permissions(Some(rules));
            task.call(action::DESCRIBE_EGRESS, request, |request| request.send())
                .await?;
        }
        action::REVOKE_INGRESS => revoke(task, attr::INGRESS).await?,
        action::REVOKE_EGRESS => revoke(task, attr::EGRESS).await?,
        action::DELETE => {
            let request = task.ec2.client.delete_security_group().group_id(task.id()?);
            task.end(action::DELETE, request, |request| request.send())
                .await?;
        }
        _ => return Err(task.unknown_action()),
    }
    Ok(Acted::default())
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let name = task.text(attr::GROUP_NAME);
    let request = task
        .ec2
        .client
        .create_security_group()
        .set_vpc_id(task.set_id(attr::VPC))
        .set_group_name(name.clone())
        .set_description(task.text(attr::DESCRIPTION))
        .tag_specifications(tags::specification(task));
    let made = ownership::create(
        task,
        request,
        |request| request.send(),
        |answer| answer.group_id(),
    )
    .await?;
    Ok(Acted {
        facts: facts([(fact::GROUP_NAME, name)]),
        ..made_until(made.id, Waiter::SHOWN, None)
    })
}

/// Allows these rules. Rules that are there already are as wanted; EC2 then takes none of the call, so they
/// go one by one.
async fn authorize(task: &Task<'_>, direction: Attr<[Value]>) -> Result<(), Failure> {
    let rules = permissions(task, task.sets(), direction).await?;
    // A rule takes nothing that another one might still be giving up: where EC2 says that it is there, it is.
    let task = &Task {
        context: CallContext {
            deletion_in_flight: false,
            ..task.context
        },
        ..*task
    };
    match authorize_some(task, direction, rules.clone()).await {
        Err(failure) if failure.class == Class::Duplicate && rules.len() > 1 => {
            for rule in rules {
                unless(
                    Class::Duplicate,
                    authorize_some(task, direction, vec![rule]).await,
                )?;
            }
            Ok(())
        }
        done => unless(Class::Duplicate, done),
    }
}

async fn authorize_some(
    task: &Task<'_>,
    direction: Attr<[Value]>,
    rules: Vec<IpPermission>,
) -> Result<(), Failure> {
    let (client, id) = (&task.ec2.client, task.id()?);
    if direction.name == attr::INGRESS.name {
        let request = client
            .authorize_security_group_ingress()
            .group_id(id)
            .set_ip_permissions(Some(rules));
        task.call(action::AUTHORIZE_INGRESS, request, |request| request.send())
            .await?;
    } else {
        let request = client
            .authorize_security_group_egress()
            .group_id(id)
            .set_ip_permissions(Some(rules));
        task.call(action::AUTHORIZE_EGRESS, request, |request| request.send())
            .await?;
    }
    Ok(())
}

/// Takes these rules away. Where one of them is gone EC2 takes none of the call, so they go one by one.
async fn revoke(task: &Task<'_>, direction: Attr<[Value]>) -> Result<(), Failure> {
    let rules = permissions(task, task.unsets(), direction).await?;
    if revoke_some(task, direction, rules.clone()).await? || rules.len() == 1 {
        return Ok(());
    }
    for rule in rules {
        revoke_some(task, direction, vec![rule]).await?;
    }
    Ok(())
}

/// Whether EC2 knew them all.
async fn revoke_some(
    task: &Task<'_>,
    direction: Attr<[Value]>,
    rules: Vec<IpPermission>,
) -> Result<bool, Failure> {
    let (client, id) = (&task.ec2.client, task.id()?);
    let known = if direction.name == attr::INGRESS.name {
        let request = client
            .revoke_security_group_ingress()
            .group_id(id)
            .set_ip_permissions(Some(rules));
        task.end(action::REVOKE_INGRESS, request, |request| request.send())
            .await?
            .is_some()
    } else {
        let request = client
            .revoke_security_group_egress()
            .group_id(id)
            .set_ip_permissions(Some(rules));
        task.end(action::REVOKE_EGRESS, request, |request| request.send())
            .await?
            .is_some()
    };
    Ok(known)
}

fn unless(class: Class, done: Result<(), Failure>) -> Result<(), Failure> {
    match done {
        Err(failure) if failure.class == class => Ok(()),
        done => done,
    }
}

/// The groups of a network interface, by id and name; those of one that has only the group that EC2 made with the
/// VPC are none.
pub fn of_interface(
    groups: Vec<(Option<String>, Option<String>)>,
    attribute: Attr<[Value]>,
    reader: &mut Reader,
) -> Vec<Ref> {
    // An interface has at least one.
    if groups.is_empty() {
        reader.missing(attribute, "groupSet");
    }
    if let [(_, name)] = &groups[..]
        && reader.text(attribute, "groupName", name.clone()) == DEFAULT
    {
        return Vec::new();
    }
    groups
        .into_iter()
        .map(|(id, _)| reader.id(attribute, "groupId", id))
        .collect()
}

/// The id of the group that EC2 made with a VPC.
pub async fn default_of(ec2: &Ec2, vpc: &str) -> Result<Option<String>, Failure> {
    const ACTION: &str = "DescribeSecurityGroups";
    let filters = vec![filter::of("vpc-id", [vpc]), filter::of("group-name", [DEFAULT])];
    let request = ec2.client.describe_security_groups().set_filters(Some(filters));
    let answer = ec2
        .caller
        .call(&CallContext::read(ACTION), ACTION, request, |request| {
            request.send()
        })
        .await?;
    let groups = answer.security_groups.unwrap_or_default();
    let own = groups
        .into_iter()
        .find(|group| group.group_name() == Some(DEFAULT) && group.vpc_id() == Some(vpc));
    Ok(own.and_then(|group| group.group_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(permission: IpPermission) -> String {
        let group = aws_sdk_ec2::types::SecurityGroup::builder()
            .group_id("sg-00000001")
            .vpc_id("vpc-00000001")
            .group_name("web#0a1f")
            .description("Web")
            .ip_permissions(permission);
        let object = fold(group.build()).unwrap();
        assert_eq!(object.record.text(attr::GROUP_NAME), "web");
        assert_eq!(object.facts.text(fact::GROUP_NAME), "web#0a1f");
        object.record.value(attr::INGRESS.name).unwrap().to_string()
    }

    #[test]
    fn every_source_is_a_rule_and_what_ec2_fills_in_is_folded_away() {
        let permission = IpPermission::builder()
            .ip_protocol("6")
            .from_port(8000)
            .to_port(8080)
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").description("").build())
            .ipv6_ranges(
                Ipv6Range::builder()
                    .cidr_ipv6("2001:DB8::/32")
                    .description("v6")
                    .build(),
            )
            .user_id_group_pairs(
                UserIdGroupPair::builder()
                    .group_id("sg-00000002")
                    .user_id("123456789012")
                    .build(),
            );
        assert_eq!(
            folded(permission.build()),
            "[{cidr: 10.0.0.0/8, port: 8000-8080, protocol: tcp}, {cidr: 2001:db8::/32, description: v6, port: 8000-8080, protocol: \
             tcp}, {port: 8000-8080, protocol: tcp, security_group: sg-00000002}]"
        );
        let range = || IpRange::builder().cidr_ip("0.0.0.0/0").build();
        let all = IpPermission::builder()
            .ip_protocol("-1")
            .from_port(-1)
            .to_port(-1)
            .ip_ranges(range())
            .build();
        assert_eq!(folded(all), "[{cidr: 0.0.0.0/0, protocol: all}]");
        let ping = IpPermission::builder()
            .ip_protocol("icmp")
            .from_port(8)
            .to_port(-1)
            .ip_ranges(range())
            .build();
        assert_eq!(folded(ping), "[{cidr: 0.0.0.0/0, icmp_type: 8, protocol: icmp}]");
        let any = IpPermission::builder()
            .ip_protocol("icmp")
            .from_port(-1)
            .to_port(-1)
            .ip_ranges(range())
            .build();
        assert_eq!(folded(any), "[{cidr: 0.0.0.0/0, protocol: icmp}]");
        let esp = IpPermission::builder()
            .ip_protocol("50")
            .from_port(0)
            .to_port(0)
            .ip_ranges(range())
            .build();
        assert_eq!(folded(esp), "[{cidr: 0.0.0.0/0, protocol: 50}]");
    }

    #[test]
    fn a_rule_goes_to_ec2_and_comes_back_the_same() {
        let rules = [
            Record::new()
                .with(attr::PROTOCOL, "tcp")
                .with(attr::PORT, "22")
                .with(attr::CIDR, "10.0.0.0/8")
                .with(attr::DESCRIPTION, "ssh"),
            Record::new()
                .with(attr::PROTOCOL, "udp")
                .with(attr::PORT, "0-65535")
                .with(attr::CIDR, "::/0"),
            Record::new()
                .with(attr::PROTOCOL, "icmp")
                .with(attr::ICMP_TYPE, 3)
                .with(attr::ICMP_CODE, 4)
                .with(attr::CIDR, "0.0.0.0/0"),
            Record::new()
                .with(attr::PROTOCOL, "all")
                .with(attr::SECURITY_GROUP, Ref::Id("sg-00000002".into())),
            Record::new()
                .with(attr::PROTOCOL, "tcp")
                .with(attr::PORT, "443")
                .with(attr::PREFIX_LIST, "pl-12345678"),
        ];
        for rule in rules {
            let list = rule.get(attr::PREFIX_LIST).map(str::to_owned);
            let back = folded(permission(&rule, list));
            assert_eq!(back, format!("[{rule}]"));
        }
    }
}
