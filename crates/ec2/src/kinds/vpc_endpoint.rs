//! `vpc_endpoint`, live.

use aws_sdk_ec2::types::VpcEndpointType;
use trueup_model::kinds::vpc_endpoint::{VpcEndpoint, action, attr, wait};
use trueup_model::{Acted, ApiAction, Object, Ref, policy};

use crate::act::{Task, ids, made_until};
use crate::answer::{Reader, STATE, facts};
use crate::classify::{Class, classify};
use crate::failure::Failure;
use crate::kinds::{Live, Which, asked, list_and_act};
use crate::read::{Found, ObservedState, pages};
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
const STATES: [&str; 4] = ["pendingacceptance", "pending", "available", "partial"];

/// EC2's types of endpoints, in small letters. A spec makes the first.
const TYPES: [&str; 5] = [
    "gateway",
    "interface",
    "gatewayloadbalancer",
    "resource",
    "servicenetwork",
];

fn fold(endpoint: Endpoint) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let facts = facts([(
        STATE,
        Some(reader.word(STATE, "state", Some(&state(&endpoint)), &STATES)),
    )]);
    let implicit = endpoint.requester_managed == Some(true);
    let tables = reader.always(attr::ROUTE_TABLES, "routeTableIdSet", endpoint.route_table_ids);
    let endpoint_type = match endpoint.vpc_endpoint_type {
        // Only gateway endpoints have some.
        None if !tables.is_empty() => "gateway".to_owned(),
        ty => reader
            .word(
                attr::TYPE,
                "vpcEndpointType",
                ty.as_ref().map(VpcEndpointType::as_str),
                &TYPES,
            )
            .to_ascii_lowercase(),
    };
    let policy = match document(&reader.text(attr::POLICY, "policyDocument", endpoint.policy_document)) {
        Ok(policy) => policy,
        Err(why) => {
            reader.unknown(attr::POLICY, format!("EC2's `policyDocument` is no JSON: {why}"));
            None
        }
    };
    let service = reader.text(attr::SERVICE, "serviceName", endpoint.service_name);
    // EC2 knows services by their full names only.
    if !service.contains('.') {
        reader.unknown(
            attr::SERVICE,
            format!("EC2 says `{service}` as its `serviceName`, which is no name of a service"),
        );
    }
    let typed = VpcEndpoint {
        vpc: reader.id(attr::VPC, "vpcId", endpoint.vpc_id),
        service,
        endpoint_type,
        route_tables: tables.into_iter().map(Ref::Id).collect(),
        policy,
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
    let service = task.text(attr::SERVICE).unwrap_or_default();
    // A spec that does not know its region leaves the service's short name.
    let service = if service.contains('.') {
        service
    } else {
        format!("com.amazonaws.{}.{service}", task.ec2.site.region)
    };
    let (tables, policy) = (ids(task.sets(), attr::ROUTE_TABLES), policy_text(task)?);
    let with = |token: &str| {
        task.ec2
            .client
            .create_vpc_endpoint()
            .client_token(token)
            .set_vpc_id(task.set_id(attr::VPC))
            .service_name(&service)
            .vpc_endpoint_type(VpcEndpointType::Gateway)
            .set_route_table_ids(Some(tables.clone()).filter(|tables| !tables.is_empty()))
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

async fn modify(task: &Task<'_>) -> Result<Acted, Failure> {
    let id = task.id()?;
    let some = |tables: Vec<String>| Some(tables).filter(|tables| !tables.is_empty());
    let policy = policy_text(task)?;
    let reset = policy.is_none() && task.unsets().has(attr::POLICY);
    let request = task
        .ec2
        .client
        .modify_vpc_endpoint()
        .vpc_endpoint_id(id)
        .set_add_route_table_ids(some(ids(task.sets(), attr::ROUTE_TABLES)))
        .set_remove_route_table_ids(some(ids(task.unsets(), attr::ROUTE_TABLES)))
        .set_policy_document(policy)
        .set_reset_policy(reset.then_some(true));
    task.call(action::MODIFY, request, |request| request.send())
        .await?;
    Ok(Acted {
        wait: Some(wait::AVAILABLE.of(id)),
        ..Acted::default()
    })
}

async fn delete(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: ApiAction = action::DELETE;
    let id = task.id()?;
    let request = task.ec2.client.delete_vpc_endpoints().vpc_endpoint_ids(id);
    let refused = match task.call(ACTION, request, |request| request.send()).await {
        // The call succeeds even where the deletion does not: what was refused is in its answer.
        Ok(answer) => answer
            .unsuccessful
            .unwrap_or_default()
            .into_iter()
            .find_map(|item| item.error)
            .map(|error| {
                let (code, message) = (error.code.unwrap_or_default(), error.message.unwrap_or_default());
                Failure {
                    class: classify(&code, &message, false),
                    code,
                    ..Failure::invalid(ACTION.name, message)
                }
            }),
        Err(failure) => Some(failure),
    };
    match refused {
        // Other things than the endpoint may be missing as well.
        Some(failure) if failure.class == Class::NotFound && failure.code.contains("Endpoint") => {
            Ok(Acted::default())
        }
        Some(failure) => Err(failure),
        None => Ok(Acted {
            wait: Some(wait::DELETED.of(id)),
            ..Acted::default()
        }),
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
    ObservedState {
        ended: state == "deleted",
        failed,
        ..ObservedState::new(endpoint.vpc_endpoint_id(), state)
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
