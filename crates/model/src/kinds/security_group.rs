//! `security_group`: a stateful filter at network interfaces.

mod name;
mod rule;
mod sources;

use serde::{Deserialize, Serialize};

pub use name::fold_name;
pub use rule::Rule;

use name::{DESCRIPTION, GROUP_NAME, successor_mark};

use crate::action::actions;
use crate::action::{ApiAction, Role};
use crate::attr::{Attr, attributes};
use crate::call::{Call, Claim, Exclusive};
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::{vpc, vpc_endpoint};
use crate::observed::Object;
use crate::plan::Disruption;
use crate::reason::Note;
use crate::room::{self, Counts, Lists, NO_LISTS, Portion};
use crate::rules::{After, Context, Home, Rules, Update, View, later, members_record};
use crate::schema::{Attribute, Follow, Members, Quota, Schema, Type, none};
use crate::topology::{Resource, Topology};
use crate::value::{Record, Value};
use crate::{Address, Kind, Ref, Sought, fact, ipv6};

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct SecurityGroup {
    pub vpc: Ref,
    pub group_name: String,
    pub description: String,
    pub ingress: Vec<Rule>,
    pub egress: Vec<Rule>,
}

impl Typed for SecurityGroup {
    const KIND: Kind = Kind::SecurityGroup;
}

static RULES: Members = Members::keyed(Type::Object(&rule::FIELDS), &rule::KEY, rule::key);

attributes! {
    [VPC, INGRESS, EGRESS, PROTOCOL, PORT, ICMP_TYPE, ICMP_CODE, CIDR];
    GROUP_NAME: str = "group_name";
    DESCRIPTION: str = "description";
    SECURITY_GROUP: Ref = "security_group";
    PREFIX_LIST: str = "prefix_list";
}

actions! {
    CREATE = create "CreateSecurityGroup";
    FIND = find "DescribeSecurityGroups";
    AUTHORIZE_INGRESS = modify "AuthorizeSecurityGroupIngress";
    AUTHORIZE_EGRESS = modify "AuthorizeSecurityGroupEgress";
    DESCRIBE_INGRESS = modify "UpdateSecurityGroupRuleDescriptionsIngress";
    DESCRIBE_EGRESS = modify "UpdateSecurityGroupRuleDescriptionsEgress";
    REVOKE_INGRESS = modify "RevokeSecurityGroupIngress";
    REVOKE_EGRESS = modify "RevokeSecurityGroupEgress";
    DELETE = delete "DeleteSecurityGroup";
}

/// A rule that goes cuts what it let through.
fn takes(before: Option<&Value>, after: Option<&Value>) -> Disruption {
    if before.is_some() && after.is_none() {
        Disruption::Reset
    } else {
        Disruption::None
    }
}

static SCHEMA: Schema = Schema {
    kind: Kind::SecurityGroup,
    arn_type: "security-group",
    tag_type: "security-group",
    doc: "A stateful filter at network interfaces: what its rules do not allow is dropped, and answers \
     to what was allowed pass. A group's name cannot change, so a group that must be replaced \
     gets a successor called `<name>#<4 hex digits>`, its users move over, and then the old one \
     goes: nothing is cut.",
    example: r#"security_group:
  bastion:
    vpc: main
    description: Bastion hosts
    ingress:
      - {protocol: tcp, port: 22, cidr: 192.0.2.0/24, description: the office}
  web:
    vpc: main
    description: Web servers
    ingress:
      - {protocol: tcp, port: [80, 443], cidr: [0.0.0.0/0, "::/0"]}
      - {protocol: tcp, port: 22, security_group: bastion}
    egress:
      - {protocol: all, cidr: 0.0.0.0/0}
"#,
    notes: &[
        "Protocol, ports or ICMP type, and source are a rule's identity; its description is not. A new \
         description is an edit, anything else another rule.",
        "New rules are allowed before old ones are taken away, so a rule that is spelled differently \
         cuts nothing. Where a group has no room for both, old ones go first, ten at a time, and \
         the plan says so.",
        "Two groups may name each other: both are made first, and their rules follow.",
        "EC2 lets everything out of a new group, in a VPC with an IPv6 range over IPv6 too. Leaving \
         `egress` out means that; declare it to limit what goes out; `egress: []` lets nothing \
         out.",
        "The VPC's default group is EC2's, and nobody looks at it unless the VPC declares \
         [`default_security_group`](vpc.md).",
        "EC2 deletes a group only when no interface uses it and no other group names it.",
    ],
    attributes: &[
        Attribute::new(
            attr::VPC,
            Type::Ref(Kind::Vpc, Follow::Id),
            "The VPC it belongs to.",
        )
        .required()
        .replace("a security group cannot move to another VPC"),
        Attribute::new(
            attr::GROUP_NAME,
            Type::Text(&GROUP_NAME),
            "EC2's name for it, unique in its VPC.",
        )
        .absent("the resource's name")
        .auto()
        .wider_live()
        .replace("EC2 cannot rename a security group"),
        Attribute::new(attr::DESCRIPTION, Type::Text(&DESCRIPTION), "What it is for.")
            .required()
            .wider_live()
            .replace("EC2 cannot change a security group's description"),
        Attribute::new(attr::INGRESS, Type::Set(&RULES), "What may come in.")
            .disrupts(takes)
            .absent("nothing")
            .default(none)
            .later(),
        Attribute::new(attr::EGRESS, Type::Set(&RULES), "What may go out.")
            .disrupts(takes)
            .absent("everything, as EC2 has it; `[]` is nothing")
            .default(|| Value::List(vec![rule::allow_all()]))
            .later(),
    ],
    selected_by_tags: false,
    quota: Quota::Region(2500),
};

/// The name of the group that EC2 makes with every VPC.
pub const DEFAULT: &str = "default";

/// The rules of one direction and one address family that every account may have.
const RULES_GRANTED: usize = 60;

/// One direction's attribute, and the actions for its rules.
struct Direction {
    rules: Attr<[Value]>,
    authorize: ApiAction,
    describe: ApiAction,
    revoke: ApiAction,
}

static DIRECTIONS: [Direction; 2] = [
    Direction {
        rules: attr::INGRESS,
        authorize: action::AUTHORIZE_INGRESS,
        describe: action::DESCRIBE_INGRESS,
        revoke: action::REVOKE_INGRESS,
    },
    Direction {
        rules: attr::EGRESS,
        authorize: action::AUTHORIZE_EGRESS,
        describe: action::DESCRIBE_EGRESS,
        revoke: action::REVOKE_EGRESS,
    },
];

/// How the rules of a direction are exchanged. What is there and what is wanted is within the account's
/// quota, and so is what every account may have.
fn exchanged<'a>(update: &Update<'a>, direction: Attr<[Value]>) -> Vec<Portion<'a>> {
    let rules = update.members(direction);
    let weight = |rule: &Value| rule::weight(rule, update.lists);
    let count = |record: &Record| Counts::of(record.list(direction), &weight);
    let have = count(update.before);
    let most = have.max(count(update.after)).max(Counts::both(RULES_GRANTED));
    room::exchange(have, most, &rules.added, &rules.removed, &weight)
}

/// All that a security group is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &SecurityGroupRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: true,
};

/// What a security group is.
#[derive(Debug)]
struct SecurityGroupRules;

static NAMES: Exclusive = Exclusive {
    attribute: attr::GROUP_NAME.name,
    code: "group-name-twice",
    help: "group names are unique in a VPC, whatever their case: give one of them a different `group_name`",
};

impl Rules for SecurityGroupRules {
    fn normalise(&self, record: &mut Record, context: &mut Context<'_>) {
        if !record.has(attr::GROUP_NAME) {
            let name = context.address.name.as_str();
            match (GROUP_NAME.read)(name) {
                Ok(name) => record.set(attr::GROUP_NAME, name),
                Err(complaint) => context.problem(
                    "",
                    "group-name",
                    complaint.message,
                    "give a `group_name`, or rename the resource",
                ),
            }
        }
        for direction in [attr::INGRESS, attr::EGRESS] {
            if let Some(Value::List(rules)) = record.remove(direction) {
                record.set(direction, rule::expand(rules, direction, context));
            }
        }
    }

    fn abridge(&self, record: &mut Record, address: &Address, topology: &Topology) {
        if record.text(attr::GROUP_NAME) == address.name.as_str() {
            record.remove(attr::GROUP_NAME);
        }
        for direction in [attr::INGRESS, attr::EGRESS] {
            vpc_endpoint::service::shorten_lists(record, direction, attr::PREFIX_LIST, topology);
        }
    }

    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::SecurityGroup) {
            let record = &resource.record;
            sources::check(resource, topology, out);
            for direction in [attr::INGRESS, attr::EGRESS] {
                // EC2 counts the address families apart, and of a prefix list all that it may hold.
                let counts = Counts::of(record.list(direction), &|rule| rule::weight(rule, &NO_LISTS));
                let count = counts.v4.max(counts.v6);
                if count > RULES_GRANTED {
                    let message = format!(
                        "{} has {count} {direction} rules; an account's quota is {RULES_GRANTED} \
                         unless it was raised",
                        resource.address
                    );
                    out.push(Diagnostic::warning("quota", message).at(resource.place(direction), ""));
                }
            }
        }
    }

    /// A default group lets in what is in it, and lets everything out, over IPv6 too where the VPC has such
    /// ranges.
    fn implicit(&self, own: &Ref, ipv6: bool, record: &mut Record) {
        record.set(attr::GROUP_NAME, DEFAULT);
        record.set(attr::DESCRIPTION, "default VPC security group");
        let from_itself = Record::new()
            .with(attr::PROTOCOL, "all")
            .with(attr::SECURITY_GROUP, own.clone());
        record.set(attr::INGRESS, vec![from_itself.into()]);
        let everywhere = ipv6.then(rule::allow_all_ipv6);
        let egress = std::iter::once(rule::allow_all()).chain(everywhere).collect();
        SCHEMA.set_list(record, attr::EGRESS, egress);
    }

    fn create(&self, record: &Record, replaced: Option<&Object>) -> Call {
        let mut sets = record.only(&[attr::VPC.name, attr::GROUP_NAME.name, attr::DESCRIPTION.name]);
        let name = record.text(attr::GROUP_NAME);
        // The old group keeps its name until it goes: the new one needs another, which the reader folds back.
        if let Some(old) = replaced.filter(|old| {
            old.facts.text(fact::GROUP_NAME).eq_ignore_ascii_case(name)
                && old.record.get(attr::VPC) == record.get(attr::VPC)
        }) {
            sets.set(attr::GROUP_NAME, format!("{name}#{}", successor_mark(&old.id)));
        }
        action::CREATE.setting(sets)
    }

    /// What is new is allowed before what is old goes, as far as there is room: a renamed source loses
    /// nothing.
    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        let (mut calls, mut last) = (Vec::new(), Vec::new());
        for direction in &DIRECTIONS {
            let mut portions = exchanged(update, direction.rules);
            let take = |rules: &[&Value]| direction.revoke.unsetting(members_record(direction.rules, rules));
            if let Some(Portion::Take(rules)) = portions.pop_if(|portion| matches!(portion, Portion::Take(_)))
            {
                last.push(take(&rules));
            }
            calls.extend(portions.iter().map(|portion| {
                match portion {
                    Portion::Add(rules) => later(
                        direction
                            .authorize
                            .setting(members_record(direction.rules, rules)),
                    ),
                    Portion::Take(rules) => take(rules),
                }
            }));
            let new: Vec<&Value> = update
                .members(direction.rules)
                .altered
                .iter()
                .map(|(_, new)| *new)
                .collect();
            if !new.is_empty() {
                calls.push(later(
                    direction.describe.setting(members_record(direction.rules, &new)),
                ));
            }
        }
        calls.extend(last);
        calls
    }

    fn delete(&self, object: &Object) -> Vec<Call> {
        let own = object.owner.as_ref().map(|owner| owner.address.as_str());
        let mut calls = Vec::new();
        // Two groups that refer to each other hold each other up: their rules go first.
        for (name, revoke) in [
            (attr::INGRESS, action::REVOKE_INGRESS),
            (attr::EGRESS, action::REVOKE_EGRESS),
        ] {
            let refers = |rule: &&Value| {
                let source = rule
                    .as_map()
                    .and_then(|rule| rule.get(attr::SECURITY_GROUP))
                    .map(ToString::to_string);
                source.is_some_and(|source| Some(source.as_str()) != own && source != object.id)
            };
            let rules: Vec<&Value> = object.record.list(name).iter().filter(refers).collect();
            if !rules.is_empty() {
                calls.push(revoke.unsetting(members_record(name, &rules)));
            }
        }
        // What it holds is its name as EC2 has it, a successor's mark included.
        let mut unsets = object.record.only(&[attr::VPC.name, attr::GROUP_NAME.name]);
        if !object.facts.text(fact::GROUP_NAME).is_empty() {
            unsets.set(attr::GROUP_NAME, object.facts.text(fact::GROUP_NAME));
        }
        calls.push(action::DELETE.unsetting(unsets));
        calls
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        let name = sets.get(attr::GROUP_NAME).map(str::to_ascii_lowercase);
        let claim = |(vpc, name): (&Ref, String)| {
            Claim::text(
                &NAMES,
                format!("group names in {vpc}"),
                &name,
                format!("the group name {name} in {vpc}"),
            )
        };
        let claim = vpc::of(sets).zip(name).map(claim);
        claim.into_iter().collect()
    }

    fn outside(&self, record: &Record) -> Vec<Sought> {
        let rules = DIRECTIONS
            .iter()
            .flat_map(|direction| record.list(direction.rules));
        let lists = rules.filter_map(|rule| rule.as_map()?.get(attr::PREFIX_LIST));
        lists
            .filter(|list| list.starts_with("pl-"))
            .map(|list| Sought::Object(list.to_owned()))
            .collect()
    }

    /// EC2 lets everything out of a new group, over IPv6 too where the VPC has such a range: a spec that
    /// leaves `egress` out means that.
    fn fitted(&self, resource: &Resource, object: Option<&Object>, home: Option<Home<'_>>) -> Option<Record> {
        if resource.places.contains_key(attr::EGRESS.name)
            || resource.record.list(attr::EGRESS) != [rule::allow_all()]
        {
            return None;
        }
        let is_open = |rule: &&Value| RULES.key(rule) == RULES.key(&rule::allow_all_ipv6());
        let open = match object {
            Some(object) => object.record.list(attr::EGRESS).iter().find(is_open)?.clone(),
            None => home.filter(Home::has_ipv6).map(|_| rule::allow_all_ipv6())?,
        };
        let mut record = resource.record.clone();
        SCHEMA.set_list(&mut record, attr::EGRESS, vec![rule::allow_all(), open]);
        Some(record)
    }

    fn initial_state(&self, born: &mut Record, home: Home<'_>) {
        if home.has_ipv6() {
            SCHEMA.set_list(
                born,
                attr::EGRESS,
                vec![rule::allow_all(), rule::allow_all_ipv6()],
            );
        }
    }

    /// What EC2 lets out of a new group depends on whether its VPC has an IPv6 range, and one that goes has
    /// gone. A group of another VPC is known over a peering connection alone.
    fn after(&self, _address: &Address, call: &Call, record: &Record, view: &View<'_>) -> Vec<After> {
        if call.role() == Role::Modify {
            return sources::over(call, record, view);
        }
        let vpc = vpc::of(&call.sets).and_then(Ref::address);
        let vpc = vpc.filter(|_| call.role() == Role::Create).and_then(|vpc| {
            let stays = vpc::staying(vpc, view)?;
            let loses = view.wanted.get(vpc)?.text(ipv6::BLOCK).is_empty();
            (loses && !stays.record.text(ipv6::BLOCK).is_empty()).then_some((vpc, stays.id))
        });
        vpc.map(|(vpc, id)| After::Changed(vpc.clone(), id.to_owned(), ipv6::BLOCK.name))
            .into_iter()
            .collect()
    }

    /// Each call is about other rules; only the room for a new one may be what an old one leaves.
    fn commute(&self, earlier: &Call, later: &Call) -> bool {
        let are_changes = earlier.role() == Role::Modify && later.role() == Role::Modify;
        are_changes
            && DIRECTIONS.iter().all(|direction| {
                !room::is_made(earlier, later, direction.rules, &|rule| {
                    rule::weight(rule, &NO_LISTS)
                })
            })
    }

    fn notes(&self, record: &Record, object: Option<&Object>, lists: &Lists) -> Vec<Note> {
        let Some(object) = object else { return Vec::new() };
        let update = Update::new(Kind::SecurityGroup, &object.record, record, false).knowing(lists);
        DIRECTIONS
            .iter()
            .filter_map(|direction| {
                room::told(
                    &exchanged(&update, direction.rules),
                    &format!("{} rules", direction.rules),
                    RULES_GRANTED,
                )
            })
            .collect()
    }
}
