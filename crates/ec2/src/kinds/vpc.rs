//! `vpc`, live.

mod amazon;

use aws_sdk_ec2::types::{
    AttributeBooleanValue, BlockPublicAccessStates, Tenancy, VpcAttributeName, VpcCidrBlockStateCode,
    VpcTenancy,
};
use trueup_model::kinds::vpc::{AMAZON_RANGES, Vpc, action, attr, wait};
use trueup_model::{Acted, ApiAction, Attr, Kind, Object, Record, Ref, Scope, fact, ipv6};

use crate::act::{Task, made_until};
use crate::answer::{Reader, STATE, facts, needed, some, told};
use crate::call::CallContext;
use crate::failure::Failure;
use crate::kinds::{Answer, Live, Which, asked, list_and_act, side_by_side};
use crate::read::{Found, Links, ObservedState, pages};
use crate::{Ec2, cidr_block, ownership, tags};

/// The pool of the ranges that Amazon gives.
const AMAZON: &str = "Amazon";
/// The pool of the ranges that an IPAM gives.
const IPAM: &str = "IPAM Managed";

/// What stands where a VPC has no set of DHCP options.
const NO_SET: &str = "default";

/// VPCs, live.
pub struct Vpcs;

impl Live for Vpcs {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("vpc-id")
    }

    /// Two calls for each VPC of ours.
    fn enrich<'a>(&'a self, ec2: &'a Ec2, scope: &'a Scope, objects: &'a mut [Object]) -> Answer<'a, ()> {
        let ours = objects.iter_mut().filter(|object| object.is_of(&scope.topology));
        let reads: Vec<_> = ours.map(|object| dns(ec2, object)).collect();
        Box::pin(side_by_side(reads.into_iter()))
    }

    /// Which set of DHCP options a VPC has is its own where the spec says it, and where that is the topology's.
    fn complete(&self, object: &mut Object, links: &Links, scope: &Scope) {
        let is_declared = scope.declares(object, attr::DHCP_OPTIONS.name);
        match object.facts.get(fact::DHCP_OPTIONS).map(str::to_owned) {
            None if is_declared => {
                let why = "EC2 did not say its `dhcpOptionsId`".to_owned();
                object.unread.insert(attr::DHCP_OPTIONS.into(), why);
            }
            Some(id) if Kind::DhcpOptions.is_id(&id) => {
                if is_declared || links.dhcp_options.get(&id) == Some(&scope.topology) {
                    object.record.set(attr::DHCP_OPTIONS, Ref::Id(id));
                }
            }
            Some(id) if is_declared && id != NO_SET => {
                let why = format!("EC2 says `{id}` as its `dhcpOptionsId`, which is no id of a set");
                object.unread.insert(attr::DHCP_OPTIONS.into(), why);
            }
            None | Some(_) => {}
        }
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = asked!(ec2.client.describe_vpcs(), which, set_vpc_ids, set_filters, 1000);
    pages!(
        ec2,
        "DescribeVpcs",
        request,
        vpcs,
        |vpc: aws_sdk_ec2::types::Vpc| {
            found.states.extend(states(&vpc));
            let object = fold(vpc)?;
            if object.implicit {
                found.links.default_vpcs.insert(object.id.clone());
            }
            found.objects.push(object);
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

/// What VPC Block Public Access lets through there.
pub(super) fn block_mode(states: Option<BlockPublicAccessStates>) -> (Attr<str>, Option<String>) {
    let mode = states.and_then(|states| states.internet_gateway_block_mode);
    (
        fact::INTERNET_GATEWAY_BLOCK_MODE,
        mode.map(|mode| mode.as_str().to_owned()),
    )
}

fn fold(vpc: aws_sdk_ec2::types::Vpc) -> Result<Object, Failure> {
    const ACTION: &str = "DescribeVpcs";
    let mut reader = Reader::default();
    let primary = reader.text(attr::CIDR_BLOCK, "cidrBlock", vpc.cidr_block);
    let state = reader.word(
        STATE,
        "state",
        vpc.state.as_ref().map(|state| state.as_str()),
        &["pending", "available"],
    );
    let mut facts = facts([
        (STATE, Some(state)),
        (fact::DHCP_OPTIONS, vpc.dhcp_options_id),
        block_mode(vpc.block_public_access_states),
    ]);
    let mut secondary = Vec::new();
    let associations = reader.always(
        attr::SECONDARY_CIDR_BLOCKS,
        "cidrBlockAssociationSet",
        vpc.cidr_block_association_set,
    );
    if !associations
        .iter()
        .any(|association| association.cidr_block.as_deref() == Some(primary.as_str()))
    {
        reader.unknown(
            attr::SECONDARY_CIDR_BLOCKS,
            "EC2 did not say its `cidrBlockAssociationSet` in full".to_owned(),
        );
    }
    for association in associations {
        let range = reader.text(attr::SECONDARY_CIDR_BLOCKS, "cidrBlock", association.cidr_block);
        let state = association.cidr_block_state.and_then(|state| state.state);
        let state = state.as_ref().map(|state| state.as_str());
        if !cidr_block::holds(&mut reader, attr::SECONDARY_CIDR_BLOCKS, "cidrBlockState", state) {
            continue;
        }
        facts.set_option(cidr_block::fact(&range), some(association.association_id));
        if range != primary {
            secondary.push(range);
        }
    }
    // Of a VPC EC2 leaves the set out where there is none.
    let associations = vpc.ipv6_cidr_block_association_set.unwrap_or_default();
    let (ipv6, given) = cidr_block::read(&mut reader, associations, &mut facts, |reader, pool| {
        let pool = reader.text(ipv6::BLOCK, "ipv6Pool", pool);
        let is_own = pool.is_empty() || pool == IPAM || pool.starts_with("ipv6pool-");
        if !is_own && pool != AMAZON {
            let why = format!("EC2 says `{pool}` as its `ipv6Pool`, which is no pool that is known");
            reader.unknown(ipv6::BLOCK, why);
        }
        pool == AMAZON
    });
    if !given.is_empty() {
        facts.set(AMAZON_RANGES, given);
    }
    let implicit = needed(ACTION, "isDefault", vpc.is_default)?;
    let tenancy = vpc.instance_tenancy.as_ref().map(|tenancy| tenancy.as_str());
    let typed = Vpc {
        cidr_block: primary,
        secondary_cidr_blocks: secondary,
        ipv6_cidr_block: ipv6,
        ipv6_pool: None,
        instance_tenancy: reader.word(
            attr::INSTANCE_TENANCY,
            "instanceTenancy",
            tenancy,
            &["default", "dedicated", "host"],
        ),
        // They are no part of this answer: `dns` asks for them where they matter.
        enable_dns_support: None,
        enable_dns_hostnames: None,
        // Whether it is looked at, the other answers decide.
        dhcp_options: None,
    };
    let mut object = reader.object(ACTION, vpc.vpc_id, &typed, vpc.tags, facts)?;
    object.implicit = implicit;
    Ok(object)
}

/// Asks for the DNS attributes of a VPC, one call each, and puts them into its record.
async fn dns(ec2: &Ec2, object: &mut Object) -> Result<(), Failure> {
    const ACTION: &str = "DescribeVpcAttribute";
    let ask = |attribute| {
        let request = ec2
            .client
            .describe_vpc_attribute()
            .vpc_id(&object.id)
            .attribute(attribute);
        async move {
            ec2.caller
                .call(&CallContext::read(ACTION), ACTION, request, |request| {
                    request.send()
                })
                .await
        }
    };
    let (support, hostnames) = futures_util::future::try_join(
        ask(VpcAttributeName::EnableDnsSupport),
        ask(VpcAttributeName::EnableDnsHostnames),
    )
    .await?;
    // An answer about another VPC is none about this one.
    let of_it = |id: Option<String>| id.as_ref() == Some(&object.id);
    let on = |value: Option<AttributeBooleanValue>, of_it: bool| {
        value.filter(|_| of_it).and_then(|value| value.value)
    };
    let support = on(support.enable_dns_support, of_it(support.vpc_id));
    let hostnames = on(hostnames.enable_dns_hostnames, of_it(hostnames.vpc_id));
    told(object, attr::ENABLE_DNS_SUPPORT, "enableDnsSupport", support);
    told(
        object,
        attr::ENABLE_DNS_HOSTNAMES,
        "enableDnsHostnames",
        hostnames,
    );
    Ok(())
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => create(task).await,
        action::ASSOCIATE_CIDR_BLOCK => associate(task).await,
        action::DISASSOCIATE_CIDR_BLOCK => disassociate(task).await,
        action::MODIFY_TENANCY => {
            let request = task
                .ec2
                .client
                .modify_vpc_tenancy()
                .vpc_id(task.id()?)
                .instance_tenancy(VpcTenancy::Default);
            task.call(action::MODIFY_TENANCY, request, |request| request.send())
                .await?;
            Ok(Acted::default())
        }
        action::MODIFY_ATTRIBUTE => modify(task).await,
        action::ASSOCIATE_DHCP_OPTIONS => {
            let set = task
                .set_id(attr::DHCP_OPTIONS)
                .unwrap_or_else(|| NO_SET.to_owned());
            let request = task.ec2.client.associate_dhcp_options();
            let request = request.vpc_id(task.id()?).dhcp_options_id(set);
            task.call(action::ASSOCIATE_DHCP_OPTIONS, request, |request| request.send())
                .await?;
            Ok(Acted::default())
        }
        action::DELETE => {
            delete(task, task.id()?).await?;
            Ok(Acted::default())
        }
        _ => Err(task.unknown_action()),
    }
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let request = task
        .ec2
        .client
        .create_vpc()
        .set_cidr_block(task.text(attr::CIDR_BLOCK))
        .set_amazon_provided_ipv6_cidr_block(wants_amazons(task).then_some(true))
        .set_ipv6_cidr_block(task.text(ipv6::BLOCK).filter(|_| !wants_amazons(task)))
        .set_ipv6_pool(task.text(attr::IPV6_POOL))
        .set_instance_tenancy(
            task.text(attr::INSTANCE_TENANCY)
                .map(|tenancy| Tenancy::from(tenancy.as_str())),
        )
        .tag_specifications(tags::specification(task));
    let made = ownership::create_exclusive(
        task,
        request,
        |request| request.send(),
        |answer| answer.vpc()?.vpc_id(),
        async |task, id| delete(task, id).await,
    )
    .await?;
    let vpc = made.answer.as_ref().and_then(|answer| answer.vpc());
    Ok(made_until(made.id, wait::AVAILABLE, vpc.map(state)))
}

/// Whether a step asks for a range of Amazon's.
fn wants_amazons(task: &Task<'_>) -> bool {
    task.text(ipv6::BLOCK).as_deref() == Some(ipv6::AMAZON)
}

async fn delete(task: &Task<'_>, id: &str) -> Result<(), Failure> {
    let request = task.ec2.client.delete_vpc().vpc_id(id);
    task.end(action::DELETE, request, |request| request.send())
        .await
        .map(drop)
}

/// The one range of a record.
fn range<'a>(task: &Task<'_>, record: &'a Record) -> Result<&'a str, Failure> {
    let ipv6 = Some(record.text(ipv6::BLOCK)).filter(|range| !range.is_empty());
    ipv6.or_else(|| record.list(attr::SECONDARY_CIDR_BLOCKS).first()?.as_text())
        .ok_or_else(|| task.defect("names no range"))
}

async fn associate(task: &Task<'_>) -> Result<Acted, Failure> {
    if wants_amazons(task) {
        return amazon::associate(task).await;
    }
    let range = range(task, task.sets())?;
    let ipv6 = task.text(ipv6::BLOCK);
    let request = task
        .ec2
        .client
        .associate_vpc_cidr_block()
        .vpc_id(task.id()?)
        .set_cidr_block(ipv6.is_none().then(|| range.to_owned()))
        .set_ipv6_cidr_block(ipv6)
        .set_ipv6_pool(task.text(attr::IPV6_POOL));
    let answer = task
        .call(action::ASSOCIATE_CIDR_BLOCK, request, |request| request.send())
        .await;
    let association = answer.map(|answer| {
        let ipv4 = answer
            .cidr_block_association
            .and_then(|association| association.association_id);
        ipv4.or(answer.ipv6_cidr_block_association?.association_id)
    });
    cidr_block::associated(task, range, association, wait::ASSOCIATED).await
}

async fn disassociate(task: &Task<'_>) -> Result<Acted, Failure> {
    let range = range(task, task.unsets())?;
    cidr_block::disassociate(task, range, wait::DISASSOCIATED, async |association| {
        end(task, action::DISASSOCIATE_CIDR_BLOCK, association).await
    })
    .await
}

/// Ends an association.
async fn end(task: &Task<'_>, action: ApiAction, association: String) -> Result<(), Failure> {
    let request = task
        .ec2
        .client
        .disassociate_vpc_cidr_block()
        .association_id(association);
    task.end(action, request, |request| request.send())
        .await
        .map(drop)
}

async fn modify(task: &Task<'_>) -> Result<Acted, Failure> {
    let value = |switch| {
        let on = task.sets().get(switch)?;
        Some(AttributeBooleanValue::builder().value(on).build())
    };
    let request = task
        .ec2
        .client
        .modify_vpc_attribute()
        .vpc_id(task.id()?)
        .set_enable_dns_support(value(attr::ENABLE_DNS_SUPPORT))
        .set_enable_dns_hostnames(value(attr::ENABLE_DNS_HOSTNAMES));
    task.call(action::MODIFY_ATTRIBUTE, request, |request| request.send())
        .await?;
    Ok(Acted::default())
}

/// The state of a VPC that was asked for with a range of Amazon's: it can be used when it has it.
fn state(vpc: &aws_sdk_ec2::types::Vpc) -> &str {
    let ipv6 = vpc.ipv6_cidr_block_association_set().iter();
    let mut states = ipv6.filter_map(|association| association.ipv6_cidr_block_state()?.state());
    match states.find(|state| **state == VpcCidrBlockStateCode::Associating) {
        Some(associating) => associating.as_str(),
        None => vpc.state().map_or("unknown", |state| state.as_str()),
    }
}

/// A VPC in each respect that it can be waited for.
fn states(vpc: &aws_sdk_ec2::types::Vpc) -> [ObservedState; 3] {
    let ipv4 = vpc.cidr_block_association_set().iter();
    let ipv6 = vpc.ipv6_cidr_block_association_set().iter();
    let states = ipv4
        .map(|association| association.cidr_block_state())
        .chain(ipv6.map(|association| association.ipv6_cidr_block_state()))
        .filter_map(|state| Some((state?.state()?.as_str(), state?.status_message())));
    let waits = [wait::ASSOCIATED, wait::DISASSOCIATED];
    let [associated, disassociated] = cidr_block::states(vpc.vpc_id(), waits, &states);
    let available = ObservedState {
        respect: Some(wait::AVAILABLE),
        failed: associated.failed.clone(),
        ..ObservedState::new(vpc.vpc_id(), state(vpc))
    };
    [available, associated, disassociated]
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{VpcCidrBlockAssociation, VpcCidrBlockState, VpcState};

    fn association(range: &str, state: VpcCidrBlockStateCode) -> VpcCidrBlockAssociation {
        let state = VpcCidrBlockState::builder().state(state).build();
        VpcCidrBlockAssociation::builder()
            .association_id(format!("a-{range}"))
            .cidr_block(range)
            .cidr_block_state(state)
            .build()
    }

    #[test]
    fn only_ranges_that_hold_are_read() {
        let vpc = aws_sdk_ec2::types::Vpc::builder()
            .vpc_id("vpc-00000001")
            .cidr_block("10.0.0.0/16")
            .is_default(false)
            .instance_tenancy(Tenancy::Default)
            .cidr_block_association_set(association("10.0.0.0/16", VpcCidrBlockStateCode::Associated))
            .cidr_block_association_set(association("10.2.0.0/16", VpcCidrBlockStateCode::Disassociated))
            .cidr_block_association_set(association("10.1.0.0/16", VpcCidrBlockStateCode::Associated))
            .build();
        let object = fold(vpc).unwrap();
        assert_eq!(
            object
                .record
                .value(attr::SECONDARY_CIDR_BLOCKS.name)
                .unwrap()
                .to_string(),
            "[10.1.0.0/16]"
        );
        assert_eq!(
            object.facts.value("association of 10.1.0.0/16"),
            Some(&"a-10.1.0.0/16".into())
        );
        assert_eq!(object.record.text(attr::INSTANCE_TENANCY), "default");
        assert!(!object.record.has(attr::ENABLE_DNS_SUPPORT));
    }

    #[test]
    fn ranges_of_pools_that_nobody_knows_are_not_known() {
        use aws_sdk_ec2::types::{VpcIpv6CidrBlockAssociation, builders::VpcBuilder};
        let vpc = || {
            aws_sdk_ec2::types::Vpc::builder()
                .vpc_id("vpc-00000001")
                .cidr_block("10.0.0.0/16")
                .is_default(false)
                .instance_tenancy(Tenancy::Default)
                .cidr_block_association_set(association("10.0.0.0/16", VpcCidrBlockStateCode::Associated))
        };
        let of_pool = |pool: &str| {
            let state = VpcCidrBlockState::builder().state(VpcCidrBlockStateCode::Associated);
            let association = VpcIpv6CidrBlockAssociation::builder()
                .ipv6_cidr_block("2001:db8::/56")
                .ipv6_cidr_block_state(state.build())
                .ipv6_pool(pool);
            vpc().ipv6_cidr_block_association_set(association.build())
        };
        let is_known = |vpc: VpcBuilder| !fold(vpc.build()).unwrap().unread.contains_key(ipv6::BLOCK.name);
        for pool in [AMAZON, IPAM, "ipv6pool-ec2-01234567"] {
            assert!(is_known(of_pool(pool)), "{pool}");
        }
        assert!(is_known(vpc()) && !is_known(of_pool("zzz")));
    }

    #[test]
    fn each_respect_of_a_vpc_is_waited_for_by_itself() {
        let vpc = aws_sdk_ec2::types::Vpc::builder()
            .vpc_id("vpc-00000001")
            .state(VpcState::Available)
            .cidr_block_association_set(association("10.1.0.0/16", VpcCidrBlockStateCode::Associating))
            .build();
        let states = states(&vpc).map(|seen| seen.state);
        assert_eq!(states, ["available", "associating", "disassociated"]);
    }
}
