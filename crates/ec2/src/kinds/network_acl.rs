//! `network_acl`, live.

use aws_sdk_ec2::operation::delete_network_acl::builders::DeleteNetworkAclFluentBuilder;
use aws_sdk_ec2::types::{IcmpTypeCode, NetworkAclEntry, PortRange, RuleAction};
use ipnet::IpNet;
use trueup_model::kinds::network_acl::{Entry, NUMBER_MAX, NetworkAcl, action, attr};
use trueup_model::kinds::subnet::action::REPLACE_NETWORK_ACL_ASSOCIATION;
use trueup_model::net::{PROTOCOL, Ports, RANGE};
use trueup_model::{Acted, Attr, Kind, Object, Record, Ref, Value, Waiter};

use crate::act::{Task, made_until};
use crate::answer::{Reader, needed, needed_id, needed_text, some};
use crate::classify::Class;
use crate::failure::Failure;
use crate::kinds::{Live, Which, asked, find_implicit, has_member, list_and_act};
use crate::read::{Found, pages};
use crate::{Ec2, association, filter, kinds, ownership, tags};

/// Network ACLs, live.
pub struct NetworkAcls;

impl Live for NetworkAcls {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        // moto has no such filter.
        None
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2.client.describe_network_acls();
    let request = asked!(request, which, set_network_acl_ids, set_filters, 1000);
    pages!(
        ec2,
        "DescribeNetworkAcls",
        request,
        network_acls,
        |acl: aws_sdk_ec2::types::NetworkAcl| {
            let object = fold(acl, &mut found)?;
            found.objects.push(object);
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

fn fold(acl: aws_sdk_ec2::types::NetworkAcl, found: &mut Found) -> Result<Object, Failure> {
    const ACTION: &str = "DescribeNetworkAcls";
    let mut reader = Reader::default();
    let id = needed_id(ACTION, "networkAclId", Kind::NetworkAcl, acl.network_acl_id)?;
    let vpc = needed_id(ACTION, "vpcId", Kind::Vpc, acl.vpc_id)?;
    for association in needed(ACTION, "associationSet", acl.associations)? {
        let subnet = needed_id(ACTION, "subnetId", Kind::Subnet, association.subnet_id)?;
        let association = needed_text(
            ACTION,
            "networkAclAssociationId",
            association.network_acl_association_id,
        )?;
        found.links.acls.insert(subnet, (id.clone(), association));
    }
    let implicit = needed(ACTION, "default", acl.is_default)?;
    if implicit {
        found.links.default_acls.insert(vpc.clone(), id.clone());
    }
    let mut typed = NetworkAcl {
        vpc: Ref::Id(vpc),
        ingress: Vec::new(),
        egress: Vec::new(),
    };
    let entries = acl.entries.unwrap_or_else(|| {
        reader.missing(attr::INGRESS, "entrySet");
        reader.missing(attr::EGRESS, "entrySet");
        Vec::new()
    });
    for entry in entries {
        match entry.egress {
            Some(true) => typed.egress.extend(declared(entry, attr::EGRESS, &mut reader)),
            Some(false) => typed.ingress.extend(declared(entry, attr::INGRESS, &mut reader)),
            None => {
                reader.missing(attr::INGRESS, "egress");
                reader.missing(attr::EGRESS, "egress");
            }
        }
    }
    let mut object = reader.object(ACTION, Some(id), &typed, acl.tags, Record::new())?;
    object.implicit = implicit;
    Ok(object)
}

/// The last entries are one for each address family.
const LAST_MAX: i64 = NUMBER_MAX + 2;

/// An entry, where somebody declared it: the last ones of each direction, which deny everything, are EC2's.
fn declared(entry: NetworkAclEntry, direction: Attr<[Value]>, reader: &mut Reader) -> Option<Entry> {
    let number = i64::from(reader.always(direction, "ruleNumber", entry.rule_number));
    if number > LAST_MAX {
        reader.unknown(
            direction,
            format!("EC2 says {number} as its `ruleNumber`, which is above every number of an entry"),
        );
    }
    (number <= NUMBER_MAX).then(|| self::entry(entry, direction, reader))
}

fn entry(entry: NetworkAclEntry, direction: Attr<[Value]>, reader: &mut Reader) -> Entry {
    let protocol = match reader.text(direction, "protocol", entry.protocol) {
        all if all == "-1" => "all".to_owned(),
        text => (PROTOCOL.read)(&text).unwrap_or(text),
    };
    let range = reader.text(
        direction,
        "cidrBlock",
        some(entry.cidr_block).or(some(entry.ipv6_cidr_block)),
    );
    let action = entry.rule_action.map(|action| action.as_str().to_owned());
    let mut folded = Entry {
        rule_number: entry.rule_number.map(i64::from).unwrap_or_default(),
        action: reader.text(direction, "ruleAction", action),
        protocol,
        cidr: (RANGE.read)(&range).unwrap_or(range),
        ..Entry::default()
    };
    match folded.protocol.as_str() {
        "tcp" | "udp" => {
            let (from, to) = entry
                .port_range
                .map(|range| (range.from, range.to))
                .unwrap_or_default();
            folded.port = Some(Ports {
                from: reader.port(direction, "from", from),
                to: reader.port(direction, "to", to),
            });
        }
        "icmp" | "icmpv6" => {
            // What is -1 is every type or code.
            let one = |value: i32| Some(i64::from(value)).filter(|value| *value != -1);
            // moto never says them; then they are every one.
            if let Some(icmp) = entry.icmp_type_code {
                folded.icmp_type = one(reader.always(direction, "type", icmp.r#type));
                folded.icmp_code =
                    one(reader.always(direction, "code", icmp.code)).filter(|_| folded.icmp_type.is_some());
            }
        }
        // Ports mean nothing to any other protocol.
        _ => {}
    }
    folded
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => return create(task).await,
        action::FIND => return find_implicit(task).await,
        action::CREATE_ENTRY => create_entry(task).await?,
        action::REPLACE_ENTRY => replace_entry(task).await?,
        action::DELETE_ENTRY => delete_entry(task).await?,
        action::DELETE => delete(task).await?,
        _ => return Err(task.unknown_action()),
    }
    Ok(Acted::default())
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let with = |token: &str| {
        let request = task.ec2.client.create_network_acl().client_token(token);
        request
            .set_vpc_id(task.set_id(attr::VPC))
            .tag_specifications(tags::specification_under(task, token))
    };
    let id = ownership::create_with_token(
        task,
        with,
        |request| request.send(),
        |answer| answer.network_acl()?.network_acl_id(),
    )
    .await?;
    Ok(made_until(id, Waiter::SHOWN, None))
}

async fn delete(task: &Task<'_>) -> Result<(), Failure> {
    let request = task.ec2.client.delete_network_acl().network_acl_id(task.id()?);
    let send = |request: DeleteNetworkAclFluentBuilder| request.send();
    association::end_released(task, action::DELETE, request, send, async |task| {
        release(task).await
    })
    .await
}

/// Takes the ACL off subnets that are not there any more.
async fn release(task: &Task<'_>) -> Result<(), Failure> {
    let filters = [filter::of("association.network-acl-id", [task.id()?])];
    let found = kinds::read(task.ec2, Kind::NetworkAcl, &filters).await?;
    let vpc = found
        .objects
        .iter()
        .find_map(|acl| acl.record.get(attr::VPC)?.id());
    let gone = association::gone(task.ec2, found.links.acls.keys()).await?;
    let (Some(vpc), false) = (vpc, gone.is_empty()) else {
        return Ok(());
    };
    let Some(default) = association::default_acl_of(task.ec2, vpc).await? else {
        return Ok(());
    };
    for subnet in gone {
        let (_, association) = &found.links.acls[&subnet];
        let request = task
            .ec2
            .client
            .replace_network_acl_association()
            .association_id(association)
            .network_acl_id(&default);
        task.end(REPLACE_NETWORK_ACL_ASSOCIATION, request, |request| request.send())
            .await?;
    }
    Ok(())
}

/// The one entry of a record, and whether it is for what goes out.
fn only<'a>(task: &Task<'_>, record: &'a Record) -> Result<(&'a Record, bool), Failure> {
    let one = |direction| record.list(direction).first().and_then(Value::as_map);
    let entry = one(attr::INGRESS)
        .map(|entry| (entry, false))
        .or_else(|| Some((one(attr::EGRESS)?, true)));
    entry.ok_or_else(|| task.defect("names no entry"))
}

/// What EC2 calls an entry.
fn number(entry: &Record) -> i32 {
    entry
        .get(attr::RULE_NUMBER)
        .and_then(|number| i32::try_from(number).ok())
        .unwrap_or_default()
}

/// What an entry matches, as EC2 takes it.
#[derive(Debug, Default)]
struct Match {
    protocol: String,
    ports: Option<PortRange>,
    icmp: Option<IcmpTypeCode>,
    v4: Option<String>,
    v6: Option<String>,
}

fn matched(entry: &Record) -> Match {
    // EC2 takes and answers protocols of ACLs by their numbers only.
    let protocol = match entry.text(attr::PROTOCOL) {
        "all" => "-1",
        "icmp" => "1",
        "tcp" => "6",
        "udp" => "17",
        "icmpv6" => "58",
        number => number,
    };
    let number = |field| {
        entry
            .get(field)
            .and_then(|value| i32::try_from(value).ok())
            .unwrap_or(-1)
    };
    let ports = entry.get(attr::PORT);
    let icmp = matches!(protocol, "1" | "58");
    let range = entry.get(attr::CIDR).map(|range| range.to_string());
    let (v6, v4) = if matches!(entry.get(attr::CIDR), Some(IpNet::V6(_))) {
        (range, None)
    } else {
        (None, range)
    };
    Match {
        protocol: protocol.to_owned(),
        ports: ports.map(|Ports { from, to }| {
            PortRange::builder()
                .from(i32::from(from))
                .to(i32::from(to))
                .build()
        }),
        icmp: icmp.then(|| {
            IcmpTypeCode::builder()
                .r#type(number(attr::ICMP_TYPE))
                .code(number(attr::ICMP_CODE))
                .build()
        }),
        v4,
        v6,
    }
}

/// A request that writes the step's entry: the builders of the two actions have no trait in common.
macro_rules! with_entry {
    ($request:expr, $task:expr) => {{
        let (entry, egress) = only($task, $task.sets())?;
        let Match {
            protocol,
            ports,
            icmp,
            v4,
            v6,
        } = matched(entry);
        $request
            .network_acl_id($task.id()?)
            .rule_number(number(entry))
            .egress(egress)
            .rule_action(RuleAction::from(entry.text(attr::ACTION)))
            .protocol(protocol)
            .set_port_range(ports)
            .set_icmp_type_code(icmp)
            .set_cidr_block(v4)
            .set_ipv6_cidr_block(v6)
    }};
}

async fn create_entry(task: &Task<'_>) -> Result<(), Failure> {
    let request = with_entry!(task.ec2.client.create_network_acl_entry(), task);
    match task
        .call(action::CREATE_ENTRY, request, |request| request.send())
        .await
    {
        Ok(_) => Ok(()),
        // The first attempt may have made it, and its answer was lost: to make sure of what it says.
        Err(failure) if failure.maybe_done && failure.class == Class::Duplicate => replace_entry(task).await,
        // Another run that does the same was first.
        Err(failure) if failure.class == Class::Duplicate => {
            let (entry, egress) = only(task, task.sets())?;
            let direction = if egress { attr::EGRESS } else { attr::INGRESS };
            if has_member(task, direction, entry).await? {
                Ok(())
            } else {
                Err(failure)
            }
        }
        Err(failure) => Err(failure),
    }
}

async fn replace_entry(task: &Task<'_>) -> Result<(), Failure> {
    let request = with_entry!(task.ec2.client.replace_network_acl_entry(), task);
    task.call(action::REPLACE_ENTRY, request, |request| request.send())
        .await?;
    Ok(())
}

async fn delete_entry(task: &Task<'_>) -> Result<(), Failure> {
    let (entry, egress) = only(task, task.unsets())?;
    let request = task
        .ec2
        .client
        .delete_network_acl_entry()
        .network_acl_id(task.id()?)
        .rule_number(number(entry))
        .egress(egress);
    task.end(action::DELETE_ENTRY, request, |request| request.send())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::NetworkAclAssociation;

    type Builder = aws_sdk_ec2::types::builders::NetworkAclEntryBuilder;

    fn to(number: i32, protocol: &str, range: &str) -> Builder {
        let entry = NetworkAclEntry::builder()
            .rule_number(number)
            .egress(false)
            .rule_action(RuleAction::Allow)
            .protocol(protocol);
        if range.contains(':') {
            entry.ipv6_cidr_block(range)
        } else {
            entry.cidr_block(range)
        }
    }

    fn folded(entries: impl IntoIterator<Item = NetworkAclEntry>) -> String {
        let acl = aws_sdk_ec2::types::NetworkAcl::builder()
            .network_acl_id("acl-00000001")
            .vpc_id("vpc-00000001");
        let acl = acl
            .is_default(false)
            .set_associations(Some(Vec::new()))
            .set_entries(Some(entries.into_iter().collect()))
            .build();
        fold(acl, &mut Found::default())
            .unwrap()
            .record
            .value(attr::INGRESS.name)
            .unwrap()
            .to_string()
    }

    #[test]
    fn what_ec2_fills_in_is_folded_away() {
        let ports = PortRange::builder().from(443).to(443).build();
        let icmp = IcmpTypeCode::builder().r#type(8).code(-1).build();
        let entries = [
            to(32767, "-1", "0.0.0.0/0").rule_action(RuleAction::Deny).build(),
            to(32768, "-1", "::/0").rule_action(RuleAction::Deny).build(),
            to(1000, "-1", "2001:DB8:0::/48")
                .rule_action(RuleAction::Deny)
                .build(),
            to(100, "6", "10.0.0.0/8").port_range(ports).build(),
            to(20, "1", "10.0.0.0/8").icmp_type_code(icmp).build(),
            to(30, "50", "10.0.0.0/8")
                .port_range(PortRange::builder().from(0).to(65535).build())
                .build(),
        ];
        assert_eq!(
            folded(entries),
            "[{action: allow, cidr: 10.0.0.0/8, icmp_type: 8, protocol: icmp, rule_number: 20}, {action: allow, cidr: 10.0.0.0/8, \
             protocol: 50, rule_number: 30}, {action: allow, cidr: 10.0.0.0/8, port: 443, protocol: tcp, rule_number: 100}, {action: \
             deny, cidr: 2001:db8::/48, protocol: all, rule_number: 1000}]"
        );
    }

    #[test]
    fn an_entry_goes_to_ec2_and_comes_back_the_same() {
        let base = |protocol: &str, cidr: &str| {
            Record::new()
                .with(attr::RULE_NUMBER, 100)
                .with(attr::ACTION, "allow")
                .with(attr::PROTOCOL, protocol)
                .with(attr::CIDR, cidr)
        };
        let entries = [
            base("tcp", "10.0.0.0/8").with(attr::PORT, "22"),
            base("udp", "fd00::/8").with(attr::PORT, "0-65535"),
            base("icmp", "0.0.0.0/0")
                .with(attr::ICMP_TYPE, 3)
                .with(attr::ICMP_CODE, 4),
            base("icmpv6", "::/0").with(attr::ICMP_TYPE, 128),
            base("icmp", "0.0.0.0/0"),
            base("all", "0.0.0.0/0"),
            base("50", "::/0"),
        ];
        for entry in entries {
            let Match {
                protocol,
                ports,
                icmp,
                v4,
                v6,
            } = matched(&entry);
            let answer = NetworkAclEntry::builder()
                .rule_number(number(&entry))
                .egress(false)
                .rule_action(RuleAction::Allow)
                .protocol(protocol);
            let answer = answer
                .set_port_range(ports)
                .set_icmp_type_code(icmp)
                .set_cidr_block(v4)
                .set_ipv6_cidr_block(v6)
                .build();
            assert_eq!(folded([answer]), format!("[{entry}]"));
        }
    }

    #[test]
    fn a_default_acl_is_implicit_and_associations_tell_about_subnets() {
        let acl = aws_sdk_ec2::types::NetworkAcl::builder()
            .network_acl_id("acl-00000001")
            .vpc_id("vpc-00000001")
            .is_default(true)
            .associations(
                NetworkAclAssociation::builder()
                    .subnet_id("subnet-00000001")
                    .network_acl_association_id("aclassoc-1")
                    .build(),
            );
        let mut found = Found::default();
        assert!(fold(acl.build(), &mut found).unwrap().implicit);
        assert_eq!(
            found.links.acls["subnet-00000001"],
            ("acl-00000001".to_owned(), "aclassoc-1".to_owned())
        );
        assert_eq!(found.links.default_acls["vpc-00000001"], "acl-00000001");
    }
}
