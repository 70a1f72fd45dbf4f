//! `vpc_endpoint`, live.

use aws_sdk_ec2::operation::delete_vpc_endpoints::DeleteVpcEndpointsError;
use aws_sdk_ec2::types::{
    DnsOptions, DnsOptionsSpecification, DnsRecordIpType, IpAddressType, VpcEndpointType,
};
use trueup_model::kinds::vpc_endpoint::{
    self as model, VpcEndpoint, action, attr, endpoint_type, service, wait,
};
use trueup_model::{Acted, Attr, Object, Record, Ref, Value, fact, policy};

use crate::act::{Task, ids, made_until};
use crate::answer::{Reader, STATE, facts};
use crate::classify::Class;
use crate::failure::Failure;
use crate::kinds::{Live, Which, asked, list_and_act, security_group};
use crate::read::{Found, ObservedState, pages};
use crate::unsuccessful::refused;
use crate::{Ec2, ownership, tags};

type Endpoint = aws_sdk_ec2::types::VpcEndpoint;

/// The state in small letters: EC2 answers `available`, and its model says `Available`.
fn state(endpoint: &Endpoint) -> String {
    endpoint
        .state
        .as_ref()
        .map(|state| state.as_str().to_ascii_lowercase())
        .unwrap_or_default()
}

/// VPC endpoints, live.
pub struct VpcEndpoints;

impl Live for VpcEndpoints {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        // EC2 has `vpc-endpoint-id`, and moto does not.
        None
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let request = ec2.client.describe_vpc_endpoints();
    let request = asked!(request, which, set_vpc_endpoint_ids, set_filters, 1000);
    let mut found = Found::default();
    pages!(
        ec2,
        "DescribeVpcEndpoints",
        request,
        vpc_endpoints,
        |endpoint: Endpoint| {
            found.states.push(states(&endpoint));
            match state(&endpoint).as_str() {
                "deleted" | "rejected" | "failed" | "expired" => found.gone.extend(endpoint.vpc_endpoint_id),
                "deleting" => {
                    found.deletion_in_flight = true;
                    found.gone.extend(endpoint.vpc_endpoint_id);
                }
                _ => found.objects.push(fold(endpoint)?),
            }
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

/// The states of an endpoint that is there, in small letters.
const STATES: [&str; 4] = [model::PENDING_ACCEPTANCE, "pending", "available", "partial"];

/// EC2's types of endpoints, in small letters, with what a spec calls those that it makes.
const TYPES: [(&str, &str); 5] = [
    ("gateway", endpoint_type::GATEWAY),
    ("interface", endpoint_type::INTERFACE),
    ("gatewayloadbalancer", endpoint_type::GATEWAY_LOAD_BALANCER),
    ("resource", "resource"),
    ("servicenetwork", "servicenetwork"),
];

fn fold(endpoint: Endpoint) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let facts = known(&endpoint, &mut reader);
    let implicit = endpoint.requester_managed == Some(true);
    let tables = reader.always(attr::ROUTE_TABLES, "routeTableIdSet", endpoint.route_table_ids);
    let ty = read_type(
        endpoint.vpc_endpoint_type.as_ref(),
        !tables.is_empty(),
        &mut reader,
    );
    let is = |sort: &str| ty == sort;
    let is_interface = is(endpoint_type::INTERFACE);
    let has_addresses = is_interface || is(endpoint_type::GATEWAY_LOAD_BALANCER);
    let (mut subnets, mut subnet) = (Vec::new(), None);
    if is_interface {
        let all: Vec<String> = reader.always(attr::SUBNETS, "subnetIdSet", endpoint.subnet_ids);
        // It has one interface in each; of one that is on its way somewhere EC2 may show either first.
        let interfaces = facts.list(fact::NETWORK_INTERFACES).len();
        if interfaces > all.len() && facts.text(STATE) == wait::AVAILABLE.state {
            reader.unknown(
                attr::SUBNETS,
                format!(
                    "EC2 says {} of its `subnetIdSet` and {interfaces} of its `networkInterfaceIdSet`",
                    all.len()
                ),
            );
        }
        subnets = all.into_iter().map(Ref::Id).collect();
    } else if has_addresses {
        let only = endpoint.subnet_ids.and_then(|ids| ids.into_iter().next());
        subnet = Some(reader.id(attr::SUBNET, "subnetIdSet", only));
    }
    let security_groups = if is_interface {
        let groups = reader.always(attr::SECURITY_GROUPS, "groupSet", endpoint.groups);
        let groups = groups.into_iter().map(|group| (group.group_id, group.group_name));
        security_group::of_interface(groups.collect(), attr::SECURITY_GROUPS, &mut reader)
    } else {
        Vec::new()
    };
    let private_dns = is_interface.then(|| {
        reader.always(
            attr::PRIVATE_DNS_ENABLED,
            "privateDnsEnabled",
            endpoint.private_dns_enabled,
        )
    });
    let service = read_service(endpoint.service_name, &mut reader);
    let dns_options = if is_interface {
        let has_name = private_dns == Some(true);
        read_dns_options(endpoint.dns_options, has_name, &service, &mut reader)
    } else {
        None
    };
    let addresses = endpoint.ip_address_type.as_ref().map(IpAddressType::as_str);
    let typed = VpcEndpoint {
        vpc: reader.id(attr::VPC, "vpcId", endpoint.vpc_id),
        service,
        route_tables: tables.into_iter().map(Ref::Id).collect(),
        subnets,
        subnet,
        security_groups,
        private_dns_enabled: private_dns,
        ip_address_type: has_addresses.then(|| {
            reader.text(
                attr::IP_ADDRESS_TYPE,
                "ipAddressType",
                addresses.map(str::to_owned),
            )
        }),
        dns_options,
        policy: if is(endpoint_type::GATEWAY_LOAD_BALANCER) {
            None
        } else {
            read_policy(endpoint.policy_document, &mut reader)
        },
        endpoint_type: ty,
    };
    let mut object = reader.object(
        "DescribeVpcEndpoints",
        endpoint.vpc_endpoint_id,
        &typed,
        endpoint.tags,
        facts,
    )?;
    object.implicit = implicit;
    Ok(object)
}

fn read_type(ty: Option<&VpcEndpointType>, has_tables: bool, reader: &mut Reader) -> String {
    // Only gateway endpoints have some.
    if ty.is_none() && has_tables {
        return endpoint_type::GATEWAY.to_owned();
    }
    let words = TYPES.map(|(word, _)| word);
    let word = reader.word(
        attr::TYPE,
        "vpcEndpointType",
        ty.map(VpcEndpointType::as_str),
        &words,
    );
    let ours = TYPES
        .iter()
        .find(|(theirs, _)| theirs.eq_ignore_ascii_case(&word));
    if ours.is_none() {
        // Which of them an endpoint has, its type says.
        let of_a_type: [&'static str; 7] = [
            attr::SUBNETS.name,
            attr::SUBNET.name,
            attr::SECURITY_GROUPS.name,
            attr::PRIVATE_DNS_ENABLED.name,
            attr::IP_ADDRESS_TYPE.name,
            attr::DNS_OPTIONS.name,
            attr::POLICY.name,
        ];
        for name in of_a_type {
            reader.unknown(name, "EC2 did not say of which type it is".to_owned());
        }
    }
    ours.map_or(word, |(_, ours)| (*ours).to_owned())
}

fn read_service(name: Option<String>, reader: &mut Reader) -> String {
    let service = reader.text(attr::SERVICE, "serviceName", name);
    // EC2 knows services by their full names only.
    if !service.contains('.') {
        reader.unknown(
            attr::SERVICE,
            format!("EC2 says `{service}` as its `serviceName`, which is no name of a service"),
        );
    }
    service
}

fn read_dns_options(
    options: Option<DnsOptions>,
    has_name: bool,
    full: &str,
    reader: &mut Reader,
) -> Option<model::DnsOptions> {
    const OPTIONS: Attr<Record> = attr::DNS_OPTIONS;
    let Some(options) = options else {
        reader.missing(OPTIONS, "dnsOptions");
        return None;
    };
    let records = options.dns_record_ip_type.as_ref().map(DnsRecordIpType::as_str);
    let records = reader.text(OPTIONS, "dnsRecordIpType", records.map(str::to_owned));
    let only_inbound = options.private_dns_only_for_inbound_resolver_endpoint;
    // Said of services that have gateway endpoints as well.
    if has_name && only_inbound.is_none() && service::GATEWAY.contains(&service::short(full)) {
        reader.missing(OPTIONS, "privateDnsOnlyForInboundResolverEndpoint");
    }
    Some(model::DnsOptions {
        dns_record_ip_type: Some(records),
        private_dns_only_for_inbound_resolver_endpoint: only_inbound,
    })
}

fn read_policy(text: Option<String>, reader: &mut Reader) -> Option<serde_json::Value> {
    match document(&reader.text(attr::POLICY, "policyDocument", text)) {
        Ok(policy) => policy,
        Err(why) => {
            reader.unknown(attr::POLICY, format!("EC2's `policyDocument` is no JSON: {why}"));
            None
        }
    }
}

/// What is known of an endpoint besides its attributes.
fn known(endpoint: &Endpoint, reader: &mut Reader) -> Record {
    // The first of its names is its own; the others are the service's usual ones.
    let own = endpoint.dns_entries().first().and_then(|entry| entry.dns_name());
    let mut facts = facts([
        (
            STATE,
            Some(reader.word(STATE, "state", Some(&state(endpoint)), &STATES)),
        ),
        (fact::DNS_NAME, own.map(str::to_owned)),
    ]);
    let interfaces = endpoint.network_interface_ids().iter();
    facts.set(
        fact::NETWORK_INTERFACES,
        interfaces.map(|id| Value::text(id.as_str())).collect::<Vec<_>>(),
    );
    facts
}

/// A policy that says more than EC2's default.
fn document(text: &str) -> Result<Option<serde_json::Value>, serde_json::Error> {
    let document = serde_json::from_str(text)?;
    Ok(Some(document).filter(|document| !policy::is_full_access(document)))
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => create(task).await,
        action::MODIFY => modify(task).await,
        action::DELETE => delete(task).await,
        _ => Err(task.unknown_action()),
    }
}

fn policy_text(task: &Task<'_>) -> Result<Option<String>, Failure> {
    let text = task
        .sets()
        .get(attr::POLICY)
        .map(serde_json::to_string)
        .transpose();
    text.map_err(|error| task.defect(&format!("has a policy that is no JSON: {error}")))
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let name = task.text(attr::SERVICE).unwrap_or_default();
    let sort = model::kind(task.sets());
    // A spec that does not know its region leaves the service's short name.
    let name = if service::is_full(&name) {
        name
    } else {
        service::full(&name, &task.ec2.site.region, sort == endpoint_type::INTERFACE)
    };
    let policy = policy_text(task)?;
    let subnets = subnets_of(task.sets());
    let with = |token: &str| {
        let request = task
            .ec2
            .client
            .create_vpc_endpoint()
            .client_token(token)
            .set_vpc_id(task.set_id(attr::VPC))
            .service_name(&name)
            .vpc_endpoint_type(match sort {
                endpoint_type::INTERFACE => VpcEndpointType::Interface,
                endpoint_type::GATEWAY_LOAD_BALANCER => VpcEndpointType::GatewayLoadBalancer,
                _ => VpcEndpointType::Gateway,
            });
        request
            .set_route_table_ids(some(ids(task.sets(), attr::ROUTE_TABLES)))
            .set_subnet_ids(some(subnets.clone()))
            .set_security_group_ids(some(ids(task.sets(), attr::SECURITY_GROUPS)))
            .set_private_dns_enabled(task.sets().get(attr::PRIVATE_DNS_ENABLED))
            .set_ip_address_type(addresses(task))
            .set_dns_options(dns_options(task))
            .set_policy_document(policy.clone())
            .tag_specifications(tags::specification_under(task, token))
    };
    let id = ownership::create_with_token(
        task,
        with,
        |request| request.send(),
        |answer| answer.vpc_endpoint()?.vpc_endpoint_id(),
    )
    .await?;
    Ok(made_until(id, wait::AVAILABLE, None))
}

fn some(ids: Vec<String>) -> Option<Vec<String>> {
    Some(ids).filter(|ids| !ids.is_empty())
}

/// The subnets of an endpoint of either sort that has some.
fn subnets_of(record: &Record) -> Vec<String> {
    let of = |reference: &Ref| reference.id().map(str::to_owned);
    model::subnets(record).filter_map(of).collect()
}

fn addresses(task: &Task<'_>) -> Option<IpAddressType> {
    task.sets().get(attr::IP_ADDRESS_TYPE).map(IpAddressType::from)
}

fn dns_options(task: &Task<'_>) -> Option<DnsOptionsSpecification> {
    let options = task.sets().get(attr::DNS_OPTIONS)?;
    let records = options.get(attr::DNS_RECORD_IP_TYPE).map(DnsRecordIpType::from);
    let specification = DnsOptionsSpecification::builder()
        .set_dns_record_ip_type(records)
        .set_private_dns_only_for_inbound_resolver_endpoint(options.get(attr::ONLY_INBOUND));
    Some(specification.build())
}

async fn modify(task: &Task<'_>) -> Result<Acted, Failure> {
    let id = task.id()?;
    let policy = policy_text(task)?;
    let reset = policy.is_none() && task.unsets().has(attr::POLICY);
    let groups = (
        groups(task, task.sets()).await?,
        groups(task, task.unsets()).await?,
    );
    let request = task
        .ec2
        .client
        .modify_vpc_endpoint()
        .vpc_endpoint_id(id)
        .set_add_route_table_ids(some(ids(task.sets(), attr::ROUTE_TABLES)))
        .set_remove_route_table_ids(some(ids(task.unsets(), attr::ROUTE_TABLES)))
        .set_add_subnet_ids(some(ids(task.sets(), attr::SUBNETS)))
        .set_remove_subnet_ids(some(ids(task.unsets(), attr::SUBNETS)))
        .set_add_security_group_ids(some(groups.0))
        .set_remove_security_group_ids(some(groups.1))
        .set_private_dns_enabled(task.sets().get(attr::PRIVATE_DNS_ENABLED))
        .set_ip_address_type(addresses(task))
        .set_dns_options(dns_options(task))
        .set_policy_document(policy)
        .set_reset_policy(reset.then_some(true));
    task.call(action::MODIFY, request, |request| request.send())
        .await?;
    Ok(Acted {
        wait: Some(wait::AVAILABLE.of(id)),
        ..Acted::default()
    })
}

/// The groups that a call gives or takes. None are the one that EC2 made with the VPC: an interface has at least
/// one.
async fn groups(task: &Task<'_>, record: &Record) -> Result<Vec<String>, Failure> {
    const GROUPS: Attr<[Value]> = attr::SECURITY_GROUPS;
    let mut groups = ids(record, GROUPS);
    if groups.is_empty() && record.has(GROUPS) {
        let found = crate::kinds::find_one(task.ec2, task.act.address.kind, task.id()?).await?;
        let vpc = found
            .as_ref()
            .and_then(|endpoint| endpoint.record.get(attr::VPC)?.id())
            .unwrap_or_default();
        let default = security_group::default_of(task.ec2, vpc).await?;
        groups.push(
            default
                .ok_or_else(|| task.defect("needs the default group of its VPC, which EC2 does not show"))?,
        );
    }
    Ok(groups)
}

async fn delete(task: &Task<'_>) -> Result<Acted, Failure> {
    let id = task.id()?;
    let request = task.ec2.client.delete_vpc_endpoints().vpc_endpoint_ids(id);
    let ended = task.call(action::DELETE, request, |request| async move {
        let answer = request.send().await?;
        refused(
            answer,
            |answer| answer.unsuccessful(),
            DeleteVpcEndpointsError::generic,
        )
    });
    match ended.await {
        Ok(_) => Ok(Acted {
            wait: Some(wait::DELETED.of(id)),
            ..Acted::default()
        }),
        // Other things than the endpoint may be missing as well.
        Err(failure) if failure.class == Class::NotFound && failure.code.contains("Endpoint") => {
            Ok(Acted::default())
        }
        Err(failure) => Err(failure),
    }
}

fn states(endpoint: &Endpoint) -> ObservedState {
    let state = state(endpoint);
    let failed = matches!(
        state.as_str(),
        "failed" | "rejected" | "expired" | "deleted" | "deleting"
    )
    .then(|| {
        let why = endpoint
            .last_error()
            .and_then(|error| error.message())
            .or(endpoint.failure_reason())
            .unwrap_or_default();
        format!("the endpoint is {state}: {why}")
            .trim_end_matches([':', ' '])
            .to_owned()
    });
    // On its way out, and that is what is waited for: not yet, and no failure.
    let failed = failed.filter(|_| state != "deleting");
    // As far as it gets until the owner of its service has accepted it, which may take days.
    let is_done = state == model::PENDING_ACCEPTANCE;
    ObservedState {
        ended: state == "deleted",
        failed,
        ..ObservedState::new(
            endpoint.vpc_endpoint_id(),
            if is_done {
                wait::AVAILABLE.state.to_owned()
            } else {
                state
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::State;
    use trueup_model::Record;

    fn with_policy(text: &str) -> Record {
        let endpoint = Endpoint::builder()
            .vpc_endpoint_id("vpce-00000001")
            .vpc_id("vpc-00000001")
            .vpc_endpoint_type(VpcEndpointType::Gateway)
            .service_name("com.amazonaws.us-west-2.s3");
        fold(
            endpoint
                .policy_document(text)
                .state(State::from("available"))
                .build(),
        )
        .unwrap()
        .record
    }

    #[test]
    fn the_default_policy_is_none() {
        let default = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
        assert!(with_policy(default).get(attr::POLICY).is_none());
        assert!(with_policy("").get(attr::POLICY).is_none());
        assert!(with_policy(r#"{"Statement":["#).get(attr::POLICY).is_none());
        let own = with_policy(
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}"#,
        );
        assert!(
            own.get(attr::POLICY)
                .unwrap()
                .to_string()
                .contains("Action: s3:*")
        );
    }

    #[test]
    fn a_policy_that_was_not_said_or_is_cut_off_is_not_the_default_one() {
        let unread = |policy: Option<&str>| {
            let endpoint = Endpoint::builder()
                .vpc_endpoint_id("vpce-00000001")
                .vpc_endpoint_type(VpcEndpointType::Gateway)
                .set_policy_document(policy.map(str::to_owned));
            fold(endpoint.build())
                .unwrap()
                .unread
                .contains_key(attr::POLICY.name)
        };
        assert!(unread(None) && unread(Some("")) && unread(Some(r#"{"Statement":["#)) && !unread(Some("{}")));
    }

    #[test]
    fn states_are_compared_without_regard_to_case() {
        for text in ["available", "Available"] {
            let endpoint = Endpoint::builder()
                .vpc_endpoint_id("vpce-00000001")
                .state(State::from(text))
                .build();
            assert_eq!(states(&endpoint).state, "available");
        }
        let deleting = Endpoint::builder()
            .vpc_endpoint_id("vpce-00000001")
            .state(State::from("deleting"))
            .build();
        assert!(states(&deleting).failed.is_none());
    }
}
