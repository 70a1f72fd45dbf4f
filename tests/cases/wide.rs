//! What validates is applied: random valid specs over every attribute of every kind, each on a fresh network
//! through apply, plan, edits and destroy. None may be refused, and nothing may be left.
//!
//! `WIDE_SEEDS=5000` tries so many, `WIDE_FIRST=7 WIDE_SEEDS=1` tries one again. Seeds start at the clock, so
//! that each run tries others.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use trueup_model::{Files, Kind, Type, Value};
use trueup_sandbox::{Options, Sandbox};
use trueup_tests::simulation::network::{Network, strands_an_instance};
use trueup_tests::simulation::secrets::Secrets;
use trueup_tests::{World, parsed_with, paused};

/// So many specs in each run of the tests.
const SEEDS: u64 = 300;
/// Every network has at least so many resources, and up to as many more.
const RESOURCES: usize = 9;
/// How many times each network is edited and applied after it was made.
const EDITS: usize = 2;
const REGION: &str = "us-west-2";
/// A smaller case is looked for in so many rounds.
const ROUNDS: usize = 60;

/// What became of one spec.
#[derive(Default)]
struct Tally {
    edits: usize,
    /// Edits that the plan itself refused, with its reason, before anything was done, and those that would have
    /// to know what EC2 shows to nobody.
    refused_by_plan: usize,
}

/// Makes a network, edits it and destroys it; an error where EC2 refused a part of that, or something is left
/// to do.
async fn live_through(network: &mut Network, edits: usize) -> Result<Tally, String> {
    let sandbox = Arc::new(Sandbox::new(Options::default()));
    let world = World::over(&sandbox).await;
    let mut tally = Tally::default();
    world
        .try_apply(network.topology())
        .await
        .map_err(|why| format!("the first apply: {why}"))?;
    for number in 0..edits {
        let before = network.clone();
        network.edit();
        // What nobody can see before is no fault of the plan either.
        let is_stranding = strands_an_instance(before.topology(), network.topology());
        if is_stranding || !world.plan(network.topology()).await.refused.is_empty() {
            network.back_to(before);
            tally.refused_by_plan += 1;
            continue;
        }
        world
            .try_apply(network.topology())
            .await
            .map_err(|why| format!("edit {number}, of {}: {why}", before.text()))?;
        tally.edits += 1;
    }
    let plan = trueup_plan::destroy(network.topology(), &world.observe(network.topology()).await);
    world
        .try_run(&plan)
        .await
        .map_err(|why| format!("the destroy: {why}"))?;
    let left = sandbox.live_tags(REGION);
    if left.is_empty() {
        Ok(tally)
    } else {
        Err(format!("the destroy left {left:?}"))
    }
}

fn draw(seed: u64) -> Network {
    let resources = RESOURCES + usize::try_from(seed % 9).unwrap_or_default();
    Network::wide(seed, resources, &Arc::new(Secrets::empty()))
}

/// A smallest spec that is refused at once, so that its fault can be seen.
fn shrunk(mut network: Network) -> Network {
    for _ in 0..ROUNDS {
        let fails = |network: &mut Network| paused(live_through(network, 0)).is_err();
        match network
            .smaller()
            .into_iter()
            .find_map(|mut smaller| fails(&mut smaller).then_some(smaller))
        {
            Some(smaller) => network = smaller,
            None => break,
        }
    }
    network
}

/// What is wrong with one seed, in full.
fn fault(seed: u64) -> Result<Tally, String> {
    let mut network = draw(seed);
    let first = network.clone();
    paused(live_through(&mut network, EDITS)).map_err(|why| {
        let spec = if why.starts_with("the first") {
            shrunk(first).text()
        } else {
            network.text()
        };
        format!("seed {seed}: {why}\nwith {spec}\nagain: WIDE_FIRST={seed} WIDE_SEEDS=1")
    })
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "which seeds were tried is part of what a run says"
)]
fn what_validates_is_applied() {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.as_secs() * 1000);
    let (first, seeds) = (setting("WIDE_FIRST", now), setting("WIDE_SEEDS", SEEDS));
    let (next, faults) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let (edits, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        return;
                    }
                    match fault(seed) {
                        Ok(tally) => {
                            edits.fetch_add(tally.edits as u64, Ordering::Relaxed);
                            refused.fetch_add(tally.refused_by_plan as u64, Ordering::Relaxed);
                        }
                        Err(why) => faults.lock().unwrap().push(why),
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    eprintln!(
        "{seeds} specs from seed {first}, {} edits applied, {} refused by the plan: {} refused by EC2",
        edits.into_inner(),
        refused.into_inner(),
        faults.len()
    );
    assert!(
        faults.is_empty(),
        "{} of {seeds} specs:\n{}",
        faults.len(),
        faults.join("\n\n")
    );
}

/// What no draw can have, each with why: the sandbox has no such thing to refer to, or the file is tried
/// elsewhere.
const NOT_DRAWN: [&str; 14] = [
    "route_table.routes.local_target",
    "route_table.routes.network_interface",
    "route_table.routes.transit_gateway",
    "route_table.routes.vpc_endpoint",
    "route_table.routes.vpc_peering_connection",
    "route_table.routes.vpn_gateway",
    "flow_log.network_interface",
    "flow_log.transit_gateway",
    "flow_log.transit_gateway_attachment",
    "instance.user_data_file",
    "vpc_endpoint.policy_file",
    "key_pair.public_key_file",
    "key_pair.private_key_file",
    "key_pair.key_type",
];

#[test]
fn every_attribute_of_every_kind_is_drawn() {
    let mut drawn: BTreeSet<String> = BTreeSet::new();
    for seed in 0..600 {
        for resource in draw(seed).topology().resources.values() {
            let kind = resource.address.kind;
            for (name, value) in resource.record.iter() {
                drawn.insert(format!("{kind}.{name}"));
                let members = value
                    .as_list()
                    .iter()
                    .filter_map(|member| member.as_map())
                    .chain(value.as_map());
                drawn.extend(
                    members
                        .flat_map(|member| member.iter())
                        .map(|(field, _)| format!("{kind}.{name}.{field}")),
                );
            }
        }
    }
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for kind in Kind::ALL {
        for attribute in kind.schema().attributes {
            let name = format!("{kind}.{}", attribute.name);
            let fields = match &attribute.ty {
                Type::Object(fields) => *fields,
                Type::Set(members) => match &members.ty {
                    Type::Object(fields) => *fields,
                    _ => &[],
                },
                _ => &[],
            };
            let all = fields
                .iter()
                .map(|field| format!("{name}.{}", field.name))
                .chain([name.clone()]);
            missing.extend(all.filter(|name| !drawn.contains(name) && !NOT_DRAWN.contains(&name.as_str())));
        }
    }
    assert!(missing.is_empty(), "never drawn: {missing:#?}");
}

/// A file that is no text.
struct Compressed(&'static [u8]);

impl Files for Compressed {
    fn text(&self, path: &str) -> Result<String, String> {
        Err(format!("{path} is not UTF-8 text"))
    }

    fn bytes(&self, _path: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.to_vec())
    }

    fn public_key(&self, _path: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

#[test]
fn user_data_may_be_bytes() {
    const SPEC: &str = "topology: t\nregion: us-west-2\nvpc: {main: {cidr_block: 10.0.0.0/16}}\nsubnet: {s: {cidr_block: 10.0.0.0/24}}\n\
        instance: {i: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: s, user_data_file: boot.gz}}\n";
    let wanted = |bytes| parsed_with(SPEC, &Compressed(bytes)).unwrap();
    paused(async {
        let world = World::new().await;
        world.apply(&wanted(b"\x1f\x8b\x08\x00\xff\xfe")).await;
        let other = wanted(b"\x1f\x8b\x08\x00\xff\xfd");
        let plan = world.plan(&other).await;
        assert!(
            plan.steps
                .iter()
                .any(|step| step.call.action.name == "ModifyInstanceAttribute"),
            "{:#?}",
            plan.changes
        );
        world.apply(&other).await;
        let live = world.observe(&other).await;
        let data = live
            .objects
            .iter()
            .find_map(|object| object.record.value("user_data"));
        assert_eq!(data, Some(&Value::Bytes(b"\x1f\x8b\x08\x00\xff\xfd".to_vec())));
    });
}
