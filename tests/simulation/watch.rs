//! What is called on the way to EC2, looked at call by call: reads change nothing; a run makes no change,
//! touches nothing and ends nothing that its plan did not announce, ends no more than it may and nothing that
//! is protected; no private key goes over the wire; and where nothing else goes on, EC2 refuses nothing
//! because of its order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trueup_ec2::Transport;
use trueup_model::kinds::instance::attr::SECURITY_GROUPS;
use trueup_model::{Kind, Object, Owner, Plan, Ref, Standing, Step, StepAction, tags};
use trueup_sandbox::{DEFAULT_REGION, Sandbox};

use super::secrets::Secrets;

/// The calls that finish a step whose own call may have happened already, or that EC2 wants in its place.
const STAND_INS: [(&str, &str); 6] = [
    ("ReplaceRoute", "CreateRoute"),
    ("ModifyNetworkInterfaceAttribute", "ModifyInstanceAttribute"),
    ("DisassociateRouteTable", "DeleteRouteTable"),
    ("AssociateRouteTable", "ReplaceRouteTableAssociation"),
    ("ReplaceNetworkAclEntry", "CreateNetworkAclEntry"),
    ("ReplaceNetworkAclAssociation", "DeleteNetworkAcl"),
];

/// What gives up what this run has just made, because somebody else made the same.
const GIVES_UP: [(&str, &str); 5] = [
    ("DeleteVpc", "CreateVpc"),
    ("DeleteInternetGateway", "CreateInternetGateway"),
    ("ReleaseAddress", "AllocateAddress"),
    ("DeleteDhcpOptions", "CreateDhcpOptions"),
    ("DisassociateVpcCidrBlock", "AssociateVpcCidrBlock"),
];

/// The calls that end an object, and the parameter that names it: by its id, but for key pairs, which only
/// their names end everywhere.
const ENDS: [(&str, &str); 16] = [
    ("DeleteVolume", "VolumeId"),
    ("DeleteVpc", "VpcId"),
    ("DeleteSubnet", "SubnetId"),
    ("DeleteInternetGateway", "InternetGatewayId"),
    ("DeleteEgressOnlyInternetGateway", "EgressOnlyInternetGatewayId"),
    ("ReleaseAddress", "AllocationId"),
    ("DeleteNatGateway", "NatGatewayId"),
    ("DeleteRouteTable", "RouteTableId"),
    ("DeleteNetworkAcl", "NetworkAclId"),
    ("DeleteSecurityGroup", "GroupId"),
    ("DeleteKeyPair", "KeyName"),
    ("TerminateInstances", "InstanceId"),
    ("DeleteVpcEndpoints", "VpcEndpointId"),
    ("DeleteFlowLogs", "FlowLogId"),
    ("DeleteVpcPeeringConnection", "VpcPeeringConnectionId"),
    ("DeleteDhcpOptions", "DhcpOptionsId"),
];

/// Looks at every call.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    announced: Option<Announced>,
    /// What this run has ended that was there before it.
    ended: BTreeSet<String>,
    /// What this run's creates write as `trueup:run`.
    runs: BTreeSet<String>,
    complaint: Option<String>,
}

/// What a plan says that will be called.
#[derive(Debug)]
struct Announced {
    actions: BTreeMap<&'static str, Touched>,
    /// What may be ended: by action and id.
    ends: BTreeSet<(&'static str, String)>,
    /// The objects that were there when it was made.
    known: BTreeSet<String>,
    protected: BTreeSet<String>,
    max_deletes: Option<u32>,
}

/// What the calls of an action act on or refer to.
#[derive(Debug, Default)]
struct Touched {
    ids: BTreeSet<String>,
    addresses: BTreeSet<String>,
}

impl Touched {
    fn by(&mut self, step: &Step, plan: &Plan) {
        self.ids.extend(step.target.clone());
        self.addresses.insert(step.address.to_string());
        let (sets, unsets) = (step.call.sets.refs(), step.call.unsets.refs());
        for reference in sets.iter().chain(&unsets) {
            match reference {
                Ref::Id(id) => self.ids.insert(id.clone()),
                Ref::Name(address) => self.addresses.insert(address.to_string()),
            };
        }
        // What is taken away may lead to what an earlier run has marked as on its way out, and what EC2 made
        // with a VPC carries no address.
        let held = |object: &&Object| {
            let given = sets.iter().filter(|_| object.implicit);
            given.chain(&unsets).any(
                |held| matches!(held, Ref::Name(it) if object.address(&plan.topology).as_ref() == Some(it)),
            )
        };
        // In the place of no security group at all EC2 has the default one.
        let groups = [&step.call.sets, &step.call.unsets].map(|record| record.list(SECURITY_GROUPS));
        let stands = groups != [&[], &[]] && groups.contains(&&[][..]);
        let stands_in = |object: &&Object| object.implicit && object.kind == Kind::SecurityGroup && stands;
        self.ids.extend(
            plan.objects
                .values()
                .filter(|object| held(object) || stands_in(object))
                .map(|object| object.id.clone()),
        );
    }
}

impl Watch {
    /// This way to an EC2, watched.
    pub fn within(
        watch: &Arc<Self>,
        transport: Transport,
        secrets: &Arc<Secrets>,
        sandbox: &Arc<Sandbox>,
    ) -> Transport {
        let (watch, secrets, sandbox) = (Arc::clone(watch), Arc::clone(secrets), Arc::clone(sandbox));
        Arc::new(move |request| {
            let text = String::from_utf8_lossy(request.body());
            watch.look(&text, &sandbox);
            if let Some(file) = secrets.told_in_request(&text) {
                watch.complain(|| format!("a call carries the private key of {file}"));
            }
            transport(request)
        })
    }

    /// The same, where EC2 has no reason to refuse anything but what is still on its way out.
    pub fn alone(watch: &Arc<Self>, transport: Transport, sandbox: &Arc<Sandbox>) -> Transport {
        let (watch, sandbox) = (Arc::clone(watch), Arc::clone(sandbox));
        Arc::new(move |request| {
            let (watch, sandbox, transport) =
                (Arc::clone(&watch), Arc::clone(&sandbox), Arc::clone(&transport));
            Box::pin(async move {
                let asked = request.body().clone();
                let response = transport(request).await;
                if !response.status().is_success() && !sandbox.is_releasing(DEFAULT_REGION) {
                    let text = String::from_utf8_lossy(response.body());
                    let code = text
                        .split_once("<Code>")
                        .and_then(|(_, rest)| rest.split_once("</Code>"))
                        .map_or("", |(code, _)| code);
                    if is_of_order(code) {
                        let asked = String::from_utf8_lossy(&asked);
                        watch.complain(|| format!("EC2 refuses {} for its order: {code}", action(&asked)));
                    }
                }
                response
            })
        })
    }

    /// Until now only reads were right; from now on what this plan announces is.
    pub fn expect(&self, plan: &Plan, max_deletes: Option<u32>) {
        let deletes = plan.steps.iter().filter(|step| step.action == StepAction::Delete);
        // Of what was made twice, protection keeps one, unless there is something to lose.
        let doubled = |owner: &Owner| owner.standing == Standing::Duplicate;
        let spare = |object: &Object| object.kind.rules().losses(object).is_empty();
        let protects = |object: &&Object| {
            object
                .owner
                .as_ref()
                .is_some_and(|owner| owner.protect && !(doubled(owner) && spare(object)))
        };
        let mut actions = BTreeMap::<_, Touched>::new();
        for step in &plan.steps {
            actions.entry(step.call.action.name).or_default().by(step, plan);
        }
        let mut seen = self.seen();
        seen.ended.clear();
        seen.announced = Some(Announced {
            actions,
            ends: deletes
                .filter_map(|step| {
                    Some((
                        step.call.action.name,
                        called(plan.objects.get(step.target.as_ref()?)?),
                    ))
                })
                .collect(),
            known: plan.objects.keys().cloned().collect(),
            protected: plan.objects.values().filter(protects).map(called).collect(),
            max_deletes,
        });
    }

    /// What was not right.
    ///
    /// # Errors
    /// The first such thing.
    pub fn complaint(&self) -> Result<(), String> {
        self.seen().complaint.take().map_or(Ok(()), Err)
    }

    fn complain(&self, why: impl FnOnce() -> String) {
        self.seen().complaint.get_or_insert_with(why);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, request: &str, sandbox: &Sandbox) {
        let action = action(request);
        if action.starts_with("Describe") || action.starts_with("Get") {
            return;
        }
        let mut seen = self.seen();
        let Seen {
            announced,
            ended,
            runs,
            complaint,
        } = &mut *seen;
        runs.extend(run(request).map(str::to_owned));
        let own = |id: &str| {
            sandbox
                .tags_of(DEFAULT_REGION, id)
                .get(tags::RUN)
                .is_none_or(|run| runs.contains(run))
        };
        let wrong = match announced {
            None => Some(format!("a plan calls {action}")),
            Some(announced) => announced
                .wrong(action, request, ended, &own)
                .or_else(|| announced.touches(action, request, sandbox)),
        };
        if let Some(wrong) = wrong {
            complaint.get_or_insert(wrong);
        }
    }
}

impl Announced {
    /// What is wrong with a call that changes something.
    fn wrong(
        &self,
        action: &str,
        request: &str,
        ended: &mut BTreeSet<String>,
        own: &dyn Fn(&str) -> bool,
    ) -> Option<String> {
        if self.announced(action).next().is_none() {
            return Some(format!("{action} is called, and the plan does not announce it"));
        }
        let (name, parameter) = ENDS.iter().find(|(name, _)| *name == action)?;
        let gives_up = self.in_place_of(&GIVES_UP, action).next().is_some();
        let ids: Vec<&str> = values(request, parameter).collect();
        if ids.is_empty() {
            return Some(format!(
                "{action} ends something that it does not name by {parameter}"
            ));
        }
        for id in ids {
            if self.protected.contains(id) {
                return Some(format!("{action} ends {id}, which is protected"));
            }
            if gives_up && !self.known.contains(id) {
                if own(id) {
                    continue;
                }
                return Some(format!("{action} gives up {id}, which somebody else made"));
            }
            if !self.ends.contains(&(*name, id.to_owned())) {
                return Some(format!("{action} ends {id}, and the plan does not announce it"));
            }
            ended.insert(id.to_owned());
        }
        let max = self
            .max_deletes
            .map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
        (ended.len() > max).then(|| format!("{action} ends more than the {max} objects that may go"))
    }

    /// What a call acts on or refers to that no step with its action does: by its id, or by the address in
    /// the tags that it has now.
    fn touches(&self, action: &str, request: &str, sandbox: &Sandbox) -> Option<String> {
        let touched: Vec<&Touched> = self.announced(action).collect();
        let finds = self.actions.keys().any(|action| action.starts_with("Describe"));
        let is_announced = |id: &str| {
            let tags = sandbox.tags_of(DEFAULT_REGION, id);
            let address = tags
                .get(tags::ADDRESS)
                .filter(|_| !tags.contains_key(tags::RETIRING));
            // What EC2 makes with a VPC of this plan is found, and gets the spec's tags and none of ownership.
            tags.is_empty()
                || (finds && !tags.contains_key(tags::ADDRESS))
                || touched.iter().any(|touched| {
                    touched.ids.contains(id) || address.is_some_and(|it| touched.addresses.contains(it))
                })
        };
        let values = request
            .split('&')
            .filter_map(|pair| Some(pair.split_once('=')?.1));
        let other = values
            .filter(|value| value.contains('-'))
            .find(|value| !is_announced(value))?;
        Some(format!(
            "{action} touches {other}, and the plan does not announce it"
        ))
    }

    /// What the steps touch for which an action may be called.
    fn announced<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a Touched> {
        self.actions
            .get(action)
            .into_iter()
            .chain(self.in_place_of(&STAND_INS, action))
            .chain(self.in_place_of(&GIVES_UP, action))
    }

    /// The same of the announced calls in whose place it comes.
    fn in_place_of<'a>(
        &'a self,
        pairs: &'a [(&str, &str)],
        action: &'a str,
    ) -> impl Iterator<Item = &'a Touched> {
        pairs
            .iter()
            .filter(move |(call, _)| *call == action)
            .filter_map(|(_, of)| self.actions.get(of))
    }
}

/// What the call that ends an object calls it.
fn called(object: &Object) -> String {
    if object.kind == Kind::KeyPair {
        object
            .record
            .text(trueup_model::kinds::key_pair::attr::KEY_NAME)
            .to_owned()
    } else {
        object.id.clone()
    }
}

/// Whether a refusal says that something else has to come first.
fn is_of_order(code: &str) -> bool {
    [
        "DependencyViolation",
        "InUse",
        ".Conflict",
        ".Duplicate",
        "AlreadyExists",
        "AlreadyAssociated",
    ]
    .iter()
    .any(|end| code.ends_with(end))
}

fn action(request: &str) -> &str {
    value(request, "Action").unwrap_or_default()
}

/// The value of a parameter; ids and actions need no decoding.
fn value<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The values of a parameter, or of a list of them: `InstanceId.1`, `InstanceId.2`.
fn values<'a>(request: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    request.split('&').filter_map(move |pair| {
        let (key, value) = pair.strip_prefix(name)?.split_once('=')?;
        (key.is_empty() || key.starts_with('.')).then_some(value)
    })
}

/// What a create writes as `trueup:run`.
fn run(request: &str) -> Option<&str> {
    let key = request
        .split('&')
        .find_map(|pair| pair.strip_suffix("=trueup%3Arun"))?;
    value(request, &key.replace(".Key", ".Value"))
}
