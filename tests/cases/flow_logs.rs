//! Flow logs: what EC2 tells only in a list or only later, and which of two comes first.

use trueup_model::{Action, Note};
use trueup_tests::{World, calls_of, paused, topology};

const SPEC: &str = include_str!("../../specs/flow-log.yaml");
const ARN: &str = "arn:aws:logs:us-west-2:123456789012:log-group:/vpc/rejects";

#[test]
fn the_example_is_applied_is_stable_and_is_destroyed() {
    paused(async {
        let world = World::new().await;
        let spec = topology(SPEC);
        assert_eq!(world.apply(&spec).await.summary().create, 4);
        assert_eq!(world.destroy(&spec).await.summary().delete, 4);
    });
}

#[test]
fn a_log_group_by_its_name_and_by_its_arn_is_one() {
    paused(async {
        let by_arn = topology(&SPEC.replace(
            "log_group_name: /vpc/rejects",
            &format!("log_destination: {ARN}:*"),
        ));
        for (first, second) in [(&topology(SPEC), &by_arn), (&by_arn, &topology(SPEC))] {
            let world = World::new().await;
            world.apply(first).await;
            assert!(world.plan(second).await.is_empty());
        }
        // One of another account is another one.
        let world = World::new().await;
        world.apply(&by_arn).await;
        let other = SPEC.replace(
            "log_group_name: /vpc/rejects",
            &format!("log_destination: {}", ARN.replace("123456789012", "210987654321")),
        );
        assert_eq!(
            calls_of(&world.plan(&topology(&other)).await),
            ["DeleteFlowLogs", "CreateFlowLogs"]
        );
    });
}

#[test]
fn what_is_ec2s_default_is_no_difference() {
    paused(async {
        let world = World::new().await;
        let short = SPEC.replace("\n    max_aggregation_interval: 60", "");
        world.apply(&topology(&short)).await;
        let long = short.replace(
            "log_group_name: /vpc/rejects",
            "log_group_name: /vpc/rejects\n    log_destination_type: cloud-watch-logs\n    max_aggregation_interval: 600\n    \
             log_format: ${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} \
             ${bytes} ${start} ${end} ${action} ${log-status}",
        );
        let long = long.replace("flow-logs/main", "flow-logs/main/");
        assert!(world.plan(&topology(&long)).await.is_empty());
    });
}

/// The same traffic of the same VPC to the same place is taken once; anywhere else there is time for both.
#[test]
fn a_replacement_deletes_first_only_where_ec2_takes_one() {
    paused(async {
        let world = World::new().await;
        world.apply(&topology(SPEC)).await;
        for (from, to, order) in [
            (
                "max_aggregation_interval: 60",
                "max_aggregation_interval: 600",
                ["DeleteFlowLogs", "CreateFlowLogs"],
            ),
            (
                "file_format: parquet",
                "file_format: plain-text",
                ["DeleteFlowLogs", "CreateFlowLogs"],
            ),
            (
                "traffic_type: reject",
                "traffic_type: accept",
                ["CreateFlowLogs", "DeleteFlowLogs"],
            ),
            (
                "flow-logs/main",
                "flow-logs/other",
                ["CreateFlowLogs", "DeleteFlowLogs"],
            ),
        ] {
            let plan = world.plan(&topology(&SPEC.replace(from, to))).await;
            let order_of: Vec<&str> = calls_of(&plan)
                .into_iter()
                .filter(|call| call.ends_with("FlowLogs"))
                .collect();
            assert_eq!(order_of, order, "{to}");
            world.apply(&topology(&SPEC.replace(from, to))).await;
            world.apply(&topology(SPEC)).await;
        }
    });
}

#[test]
fn a_vpc_that_is_replaced_takes_its_flow_logs_along() {
    paused(async {
        let world = World::new().await;
        world.apply(&topology(SPEC)).await;
        let other = SPEC
            .replace("10.0.0.0/16", "10.1.0.0/16")
            .replace("10.0.1.0", "10.1.1.0");
        let plan = world.apply(&topology(&other)).await;
        let replaced = plan
            .changes
            .iter()
            .filter(|change| change.action == Action::Replace);
        assert_eq!(replaced.count(), 4);
        world.destroy(&topology(&other)).await;
    });
}

#[test]
fn what_is_not_delivered_is_a_remark_and_no_change() {
    paused(async {
        let world = World::new().await;
        let denied = topology(&SPEC.replace("role/flow-logs", "role/denied"));
        world.apply(&denied).await;
        let plan = world.plan(&denied).await;
        assert!(plan.is_empty());
        let notes: Vec<&Note> = plan.changes.iter().flat_map(|change| &change.notes).collect();
        let remarks: Vec<&Note> = plan.remarks.iter().map(|remark| &remark.note).collect();
        let why = Note::NotDelivered {
            why: "Access error".to_owned(),
        };
        assert!(
            notes.contains(&&why) || remarks.contains(&&why),
            "{notes:?} {remarks:?}"
        );
    });
}

/// EC2 answers 200 and lists what it did not do: that is a failure, with EC2's code and words.
#[test]
fn what_ec2_lists_as_unsuccessful_has_failed() {
    paused(async {
        let world = World::new().await;
        let spec = topology(SPEC);
        let without = topology(&SPEC[..SPEC.find("flow_log:").unwrap()]);
        world.apply(&without).await;
        let plan = world.plan(&spec).await;
        let observed = world.observe(&spec).await;
        let own = observed.objects.iter().filter(|object| object.owner.is_some());
        let vpc = &own
            .map(|object| &object.id)
            .find(|id| id.starts_with("vpc-"))
            .unwrap();
        world
            .call(&format!(
                "CreateFlowLogs&ResourceType=VPC&ResourceId.1={vpc}&TrafficType=REJECT&LogGroupName=/vpc/rejects\
                 &DeliverLogsPermissionArn=arn:aws:iam::123456789012:role/flow-logs"
            ))
            .await;
        let failed = world.try_run(&plan).await.unwrap_err();
        assert!(
            failed.contains("FlowLogAlreadyExists") && failed.contains("existing Flow Log"),
            "{failed}"
        );
    });
}
