//! The process dies at every call of an apply and of a destroy, before the call and after it. Another process
//! finishes the work, and nothing is lost, doubled or left behind.

use std::collections::BTreeMap;
use std::time::Duration;

use trueup_model::{Plan, Topology};
use trueup_sandbox::Behaviour;
use trueup_tests::crash_point::{CrashPoint, Death};
use trueup_tests::{OTHER_KEY, PUBLIC_KEY, World, holders, one_each, paused, topology};

const SEED: &str = include_str!("../../specs/gateway-endpoint.yaml");
const NAT: &str = include_str!("../../specs/nat-gateway.yaml");

/// How long somebody takes to start the next process: EC2 shows by then what the dead one did.
const RESTART: Duration = Duration::from_secs(60);

/// What a process is there for.
#[derive(Clone, Copy, Debug)]
enum Aim<'a> {
    Apply(&'a Topology),
    Destroy(&'a Topology),
}

impl Aim<'_> {
    async fn plan(self, world: &World) -> Plan {
        match self {
            Self::Apply(topology) => world.plan(topology).await,
            Self::Destroy(topology) => trueup_plan::destroy(topology, &world.observe(topology).await),
        }
    }

    fn topology(&self) -> &Topology {
        match self {
            Self::Apply(topology) | Self::Destroy(topology) => topology,
        }
    }
}

/// Goes from one network to another, dying at each call on the way; `from` is nothing where it is `None`.
fn die_everywhere(from: Option<&str>, aim: Aim<'_>) {
    let from = from.map(topology);
    for death in [Death::Before, Death::After] {
        let mut call = 1;
        while dies_at(from.as_ref(), aim, death, call) {
            call += 1;
        }
        assert!(call > 2, "{aim:?} makes no calls");
    }
}

/// One life and its successor. Whether the first process died on the way.
fn dies_at(from: Option<&Topology>, aim: Aim<'_>, death: Death, call: usize) -> bool {
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        if let Some(from) = from {
            world.apply(from).await;
        }
        let crash_point = CrashPoint::default();
        let mortal = world
            .again(|transport| crash_point.within(transport, death))
            .await;
        let plan = aim.plan(&mortal).await;
        crash_point.arm(call);
        let died = tokio::select! {
            biased;
            () = crash_point.reached() => true,
            _ = mortal.run(&plan) => false,
        };
        if died {
            tokio::time::sleep(RESTART).await;
            let successor = world.again(|transport| transport).await;
            let plan = aim.plan(&successor).await;
            let done = successor.try_run(&plan).await;
            assert!(done.is_ok(), "{death:?} call {call}: {done:?}");
            let rest = aim.plan(&successor).await;
            assert!(
                rest.is_empty() && rest.refused.is_empty(),
                "{death:?} call {call}: {:#?} {:?}",
                rest.changes,
                rest.refused
            );
        }
        is_whole(&world, aim, &format!("{death:?} call {call}")).await;
        died
    })
}

/// Each resource has one object, and nothing else is there.
async fn is_whole(world: &World, aim: Aim<'_>, life: &str) {
    let live = holders(&world.observe(aim.topology()).await);
    let wanted = match aim {
        Aim::Apply(topology) => one_each(topology),
        Aim::Destroy(_) => BTreeMap::new(),
    };
    assert_eq!(live, wanted, "{life}");
}

#[test]
fn what_ec2_makes_with_a_vpc_is_found_again() {
    let keys = "default_security_group: {ingress: [{protocol: tcp, port: 22, security_group: web}], egress: []}, default_network_acl: empty";
    let spec = |range: &str| {
        format!(
            "topology: mine\nregion: us-west-2\nvpc: {{main: {{cidr_block: {range}, {keys}}}}}\nsecurity_group: {{web: {{description: W}}}}\n"
        )
    };
    let (first, second) = (spec("10.0.0.0/16"), spec("10.1.0.0/16"));
    die_everywhere(None, Aim::Apply(&topology(&first)));
    die_everywhere(Some(&first), Aim::Apply(&topology(&second)));
    die_everywhere(Some(&first), Aim::Destroy(&topology(&first)));
}

#[test]
fn the_seed_is_made_whole_after_any_death() {
    die_everywhere(None, Aim::Apply(&topology(SEED)));
}

#[test]
fn the_seed_is_gone_after_any_death() {
    die_everywhere(Some(SEED), Aim::Destroy(&topology(SEED)));
}

#[test]
fn the_nat_gateway_is_made_whole_after_any_death() {
    die_everywhere(None, Aim::Apply(&topology(NAT)));
}

#[test]
fn the_nat_gateway_goes_private_through_any_death() {
    let private = NAT.replace("    elastic_ip: nat\n", "    connectivity_type: private\n");
    assert_ne!(private, NAT);
    die_everywhere(Some(NAT), Aim::Apply(&topology(&private)));
}

#[test]
fn the_nat_gateway_is_gone_after_any_death() {
    let unprotected = NAT.replace("protect: true", "protect: false");
    die_everywhere(Some(&unprotected), Aim::Destroy(&topology(&unprotected)));
}

/// A VPC with what replacements meet: a subnet in use, a group in use, a NAT gateway with its address.
const SMALL: &str = "topology: small
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
internet_gateway: {main: {}}
route_table: {out: {routes: [{destination: 0.0.0.0/0, nat_gateway: n}]}}
subnet:
  a: {cidr_block: 10.0.1.0/24, route_table: out}
  b: {cidr_block: 10.0.2.0/24}
  c: {cidr_block: 10.0.9.0/24}
elastic_ip: {n: {}}
nat_gateway: {n: {subnet: b, elastic_ip: n}}
security_group: {web: {description: Web, ingress: [{protocol: tcp, port: 80, cidr: 10.0.0.0/8}]}}
key_pair: {k: {public_key: KEY}}
instance: {host: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: a, security_groups: [web], key_pair: k}}
";

fn small(from: &str, to: &str) -> String {
    let spec = SMALL.replace("KEY", &format!("\"{PUBLIC_KEY}\""));
    assert!(spec.contains(from), "{from}");
    spec.replacen(from, to, 1)
}

/// Dies everywhere on the way from the small network to an edited one.
fn die_while_changing(from: &str, to: &str) {
    die_on_the_way_to(&small(from, to));
}

/// Dies everywhere on the way from the small network to another one.
fn die_on_the_way_to(spec: &str) {
    die_everywhere(Some(&small("", "")), Aim::Apply(&topology(spec)));
}

#[test]
fn a_subnet_is_replaced_create_first_through_any_death() {
    die_while_changing("10.0.1.0/24", "10.0.3.0/24");
}

#[test]
fn a_subnet_is_replaced_delete_first_through_any_death() {
    die_while_changing("10.0.1.0/24", "10.0.1.0/25");
}

#[test]
fn a_nat_gateway_moves_with_its_address_through_any_death() {
    die_while_changing("{n: {subnet: b,", "{n: {subnet: c,");
}

#[test]
fn a_group_in_use_is_replaced_through_any_death() {
    die_while_changing("description: Web", "description: Hosts");
}

#[test]
fn a_network_is_replaced_whole_through_any_death() {
    let moved = small("", "")
        .replace("10.0.", "10.1.")
        .replace("10.1.0.0/8", "10.0.0.0/8");
    die_on_the_way_to(&moved);
}

#[test]
fn a_nat_gateway_gets_another_address_through_any_death() {
    let other =
        small("elastic_ip: {n: {}}", "elastic_ip: {m: {}}").replace("elastic_ip: n}", "elastic_ip: m}");
    die_on_the_way_to(&other);
}

#[test]
fn an_endpoint_is_replaced_through_any_death() {
    let with = |service: &str| {
        format!(
            "{}vpc_endpoint: {{e: {{service: {service}, route_tables: [out]}}}}\n",
            small("", "")
        )
    };
    die_everywhere(Some(&with("s3")), Aim::Apply(&topology(&with("dynamodb"))));
}

#[test]
fn a_table_changes_its_name_through_any_death() {
    let renamed = small("{out:", "{way:").replace("route_table: out", "route_table: way");
    die_on_the_way_to(&renamed);
}

#[test]
fn a_key_is_replaced_through_any_death() {
    die_while_changing(PUBLIC_KEY, OTHER_KEY);
}

#[test]
fn an_instance_is_replaced_through_any_death() {
    die_while_changing("ami-003634241a8fcdec0", "ami-0d6621c01e8c2de2c");
}

#[test]
fn a_name_in_the_spec_changes_through_any_death() {
    die_while_changing("vpc: {main: {", "vpc: {other: {");
}

#[test]
fn the_small_network_is_gone_after_any_death() {
    die_everywhere(Some(&small("", "")), Aim::Destroy(&topology(&small("", ""))));
}
