//! The sentences of a plan's reasons, which are data everywhere else: a nicer wording is a change of this file
//! alone.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use trueup_model::{
    Address, Cause, Consent, Constraint, Diagnostic, Mention, Note, Plan, Refusal, Refused, Site, Sought,
    StepReason, TakenBy, Unchangeable, Zone, tags,
};

use crate::words;

/// One link of a chain of reasons: `subnet.a.cidr_block (net.yaml:7): EC2 cannot change a subnet's range`.
pub fn cause(cause: &Cause) -> String {
    let Cause {
        address,
        attribute,
        place,
        reason,
    } = cause;
    format!(
        "{address}.{attribute} ({}:{}): {}",
        place.file,
        place.line,
        reason.unwrap_or("follows in place")
    )
}

/// A remark about a change or a resource.
pub fn note(note: &Note) -> String {
    match note {
        Note::DeleteFirst(constraint) => self::constraint(constraint),
        Note::Implicit { noun, vpc } => format!("the {noun} of {vpc}, which EC2 makes with it"),
        Note::LetsGo { noun, vpc } => format!(
            "the {noun} goes with {vpc}; its rules that name other groups are taken away before, because EC2 deletes no group that \
             another one names"
        ),
        Note::NotBroughtBack => "the old one has gone when EC2 is asked for the new one: where EC2 refuses that, nothing brings \
                                 the old one back"
            .to_owned(),
        Note::OtherName {
            attribute,
            name,
            taken,
        } => format!("its {attribute} at EC2 is {name} from now on: the one that goes still has {taken}"),
        Note::Duplicate => "two runs made it at the same time: this is the one that is used less".to_owned(),
        Note::LeftOver => "left over from an earlier replacement".to_owned(),
        Note::Reclaimed { id } => format!(
            "{id} was made for it by an equal call and lost its tags: it gets them back, and nothing else is done"
        ),
        Note::KeyFileAbsent { file } => {
            format!("the key is live and {file} is not here: the key is kept as it is")
        }
        Note::KeyFileWritten { file } => format!("{file} will be written, readable by you alone"),
        Note::AddressHeld { address, id, holder } => {
            format!("{address} ({id}) is associated with {holder}, which is not of this topology")
        }
        Note::AclFull { direction, quota } => format!(
            "{direction} is full (an account's quota is {quota} entries unless it was raised): old entries go before new ones come, \
             and what they allow does not work until those are there"
        ),
        Note::NoRoom {
            late,
            what,
            quota,
            portion,
        } => format!(
            "there is no room for {late} new {what} beside the old ones (an account's quota is {quota} unless it was raised): old \
             ones go first, {portion} at a time, and what they allow does not work until the new ones are there"
        ),
        Note::AwaitsAcceptance => "the owner of its service has yet to accept it: until then nobody reaches the service through it"
            .to_owned(),
        Note::PeerAwaitsAcceptance => "whoever owns the peer has yet to accept it, within seven days: until then nothing passes it, and its options \
                                       are not set"
            .to_owned(),
        Note::AddressesAssigned(count) => {
            let plural = if *count == 1 { "" } else { "es" };
            format!("EC2 assigns {count} IPv6 address{plural} of its choice")
        }
        Note::FirstBootOnly => {
            "user data runs at the first boot only: the new one does not run by itself".to_owned()
        }
        Note::StaysStopped => "where EC2 takes the new type and has no room for it, the instance stays stopped: nothing puts the \
                               old type back"
            .to_owned(),
        Note::UnmountFirst { device, instance } => format!(
            "EC2 takes it from {instance}, where it is {device}: unmount it there before, or stop the instance; what is not written to it \
             by then is lost, and EC2 may wait for it until that is done"
        ),
        Note::VolumeFailed { id } => format!(
            "EC2 says that {id} is in its state `error`: nothing can be read from it or written to it any more. Restore what was on it \
             from a snapshot, as a volume of another name, and remove this one"
        ),
        Note::NotDelivered { why } => format!(
            "EC2 delivers nothing ({}): look at the destination, and at who may write there",
            why.trim_end_matches('.')
        ),
    }
}

/// Why a step waits for another one.
pub fn step(reason: &StepReason) -> String {
    match reason {
        StepReason::Needs { call, other } => format!("{call} needs {other}"),
        StepReason::WhileThere { call, other } => format!("EC2 refuses {call} while {other} is there"),
        StepReason::UntilChanged {
            call,
            other,
            attribute,
        } => format!("{call} waits until {other}.{attribute} has changed"),
        StepReason::WhileMember {
            call,
            member,
            other,
            attribute,
        } => format!("EC2 refuses {call} while {member} is in {other}.{attribute}"),
        StepReason::OnlyOne(what) => format!("only one at a time can have {what}"),
        StepReason::TakenFirst { by, what } => format!("{by} takes {what} before EC2 can give it away"),
        StepReason::Continuity => "what works before and after is to work in between".to_owned(),
        StepReason::Turn(host) => {
            format!("{host} is back before: hosts that do the same work go one after the other")
        }
        StepReason::Barrier => {
            "done earlier, it might open for a moment what is expected to be closed".to_owned()
        }
    }
}

fn constraint(constraint: &Constraint) -> String {
    match constraint {
        Constraint::OnlyOne(what) => {
            format!("the old and the new one both need {what}, which only one can have")
        }
        Constraint::Circle(addresses) => {
            let names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            format!("{} would wait for each other otherwise", names.join(", "))
        }
        Constraint::DependsOn(address) => format!("{address}, which it depends on, goes first"),
    }
}

/// Why something will not be done, and what to do.
pub fn refusal(plan: &Plan, refusal: &Refusal) -> String {
    match &refusal.why {
        Refused::WrongAccount { wanted, is } => format!(
            "the spec is for account {wanted}, and this is account {is}: use credentials of that account, or correct `account:`"
        ),
        Refused::WrongRegion { wanted, is } => format!(
            "the spec is for region {wanted}, and this is region {is}: leave --region out, or correct `region:`"
        ),
        Refused::MadeByEc2 { id } => {
            format!("{id} was made by EC2 itself and is never touched: remove our tags from it")
        }
        Refused::WrongTag { id, kind, tag } => {
            format!("{id} is a {kind} and its tag `trueup:address` says `{tag}`: correct or remove the tag")
        }
        Refused::Copies { ids } => format!(
            "{} objects carry its tags: {}. One of them is a copy: remove `trueup:topology` and `trueup:address` from it",
            ids.len(),
            ids.join(", ")
        ),
        Refused::Taken { id, has, wanted, by } => taken(plan, refusal, [id, has, wanted], by),
        Refused::HeldByOther { id, holder } => format!(
            "{id} is associated with {holder}, which is not of this topology, and nothing is taken from others: take it off there, \
             or change the spec"
        ),
        Refused::StillNamed { user, id } => format!(
            "{user} still names {id} by its id, and the spec does not declare {0} any more: change {user}, or declare {0} again",
            refusal.address
        ),
        Refused::Protected { from, id, duplicate } => protected(refusal, *from, id, *duplicate),
        Refused::Unchangeable { id, how } => unchangeable(refusal, id, how),
        Refused::Circle { steps } => {
            let steps: Vec<String> = steps
                .iter()
                .map(|(call, address)| format!("{call} of {address}"))
                .collect();
            format!(
                "each of these would have to come before the others: {}. Apply the changes one after the other",
                steps.join(", ")
            )
        }
        Refused::GivenAway { what, other } => format!(
            "EC2 gave {what} to {other}, which stays: choose another, or let {other} have another first"
        ),
        Refused::Stays { call, other } => {
            format!(
                "EC2 refuses {call} while {other} is there, and {other} stays: change or remove it as well"
            )
        }
        Refused::TooManyEnds { ended, max } => too_many(ended, *max),
        Refused::Absent { sought, named } => unusable(&absent(plan, sought), sought, named),
        Refused::Unusable { sought, state, named } => {
            unusable(&format!("{sought} cannot be used: it is {state}"), sought, named)
        }
        Refused::OtherArchitecture {
            ty,
            runs,
            image,
            is,
            named,
        } => format!(
            "{ty} runs {} and not {}, which {image} is, and {} names it: write a type and an image of one architecture",
            any_of(runs),
            any_of(is),
            mention(named)
        ),
        Refused::OtherVpc {
            id,
            is_in,
            must,
            named,
        } => format!(
            "{id} is in {is_in}, and {} needs one in {must}: write the id of another one",
            mention(named)
        ),
        Refused::Reachability { found, .. } => found.clone(),
    }
}

fn taken(plan: &Plan, refusal: &Refusal, [id, has, wanted]: [&String; 3], by: &TakenBy) -> String {
    let holds = if has == wanted {
        format!("{id} has {has} already")
    } else {
        format!("{id} has {has} already, so nothing else can have {wanted}")
    };
    let own = refusal.address.parse().ok();
    match (by, own) {
        (TakenBy::Topology(name), _) => format!(
            "{holds}, and belongs to topology `{name}`: it is never touched. Change the spec, or remove that object yourself"
        ),
        (TakenBy::Nobody { perhaps_lost: true }, Some(own)) => {
            let command = tags::command(&plan.site.region, id, &plan.topology, &own);
            format!(
                "{holds}, and carries no topology's tags: it is never touched. If it is {own}, give it its tags: `{command}`; \
                 otherwise change the spec, or remove that object yourself"
            )
        }
        (TakenBy::Nobody { .. }, _) => format!(
            "{holds}, and carries no topology's tags: it is never touched. Change the spec, or remove that object yourself"
        ),
    }
}

fn protected(refusal: &Refusal, from: Consent, id: &str, duplicate: bool) -> String {
    let doing = match from {
        Consent::Stop => "stopping",
        Consent::Replace => "replacing",
        Consent::Delete | Consent::Second | Consent::Unprotect | Consent::Reclaim => "deleting",
    };
    if duplicate {
        format!(
            "{doing} {id} is refused: two runs made an object for {} at the same time, this is the one that is used less, and it is \
             protected. Remove its tag `trueup:protect`, if it really is the one that must go",
            refusal.address
        )
    } else {
        format!(
            "{doing} {id} is refused: it is protected. Set `protect: false` and apply that first, if it really must happen"
        )
    }
}

/// What EC2 cannot do, why nothing else is done in its place, and what to do.
fn unchangeable(refusal: &Refusal, id: &str, how: &Unchangeable) -> String {
    let own = &refusal.address;
    match how {
        Unchangeable::Shrinks { from, to } => format!(
            "{id} has {from} GiB, EC2 makes no volume smaller, and another one of {to} GiB would be empty: write `size: {from}`, or \
             declare the smaller one under another name, copy there what is on {own}, and remove {own} then"
        ),
        Unchangeable::MultiAttach { on, ty } => {
            let turns = if *on { "on" } else { "off" };
            let remedy = match ty.as_str() {
                "io2" => "change the type in an apply of its own".to_owned(),
                "io1" => {
                    format!("leave that as it is, or declare another volume and copy there what is on {own}")
                }
                _ => "change the type to io2 in an apply before".to_owned(),
            };
            format!(
                "EC2 turns {turns} that several instances can have a volume only of io2 that stays io2; {id} is {ty}, and another one in its \
                 place would be empty: {remedy}"
            )
        }
    }
}

fn too_many(ended: &[Address], max: u32) -> String {
    const NAMED_MAX: usize = 5;
    let named: Vec<String> = ended.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    let more = match ended.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "the plan ends {} ({}{more}), and `max_deletes` is {max}: if that is meant, raise it, or give --max-deletes {}",
        words::count(ended.len(), "object"),
        named.join(", "),
        ended.len()
    )
}

/// What the spec names of others, and cannot be used.
fn unusable(found: &str, sought: &Sought, named: &Mention) -> String {
    let remedy = match sought {
        Sought::InstanceType { .. } => "write one that is offered there",
        Sought::Object(_) | Sought::KeyPair(_) => "write the id of one that can be used, or make it first",
    };
    format!("{found}, and {} names it: {remedy}", mention(named))
}

fn any_of(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(" or ")
}

fn mention(Mention { path, place }: &Mention) -> String {
    let at = place
        .as_ref()
        .map(|place| format!(" ({}:{})", place.file, place.line))
        .unwrap_or_default();
    format!("`{path}`{at}")
}

/// What is to be said of something that was looked for and is not there.
fn absent(plan: &Plan, sought: &Sought) -> String {
    let Site { account, region } = &plan.site;
    match sought {
        Sought::InstanceType {
            name,
            zone: Zone::Any,
        } => format!("EC2 offers no {name} in {region}"),
        Sought::InstanceType { .. } => format!("EC2 offers no {sought}"),
        Sought::Object(_) | Sought::KeyPair(_) => {
            format!("there is no {sought} in {region} of account {account}")
        }
    }
}

/// What a plan will not do, for programs: a code beside each sentence.
pub fn refusals_json(plan: &Plan) -> Json {
    let json = |refusal: &Refusal| {
        json!({
            "guard": refusal.guard,
            "code": refusal.why.code(),
            "address": refusal.address,
            "why": self::refusal(plan, refusal),
        })
    };
    plan.refused.iter().map(json).collect()
}

/// A remark for programs: a code beside its sentence.
pub fn note_json(note: &Note) -> Json {
    let mut json = json!({"code": note.code(), "text": self::note(note)});
    if let Note::DeleteFirst(constraint) = note {
        json["constraint"] = json!(constraint.code());
    }
    json
}

/// All there is to say beside a plan: the problems and remarks that came with it, and those about what is as
/// it should be.
pub fn diagnostics(plan: &Plan) -> Vec<Diagnostic> {
    let remarks = plan.remarks.iter().map(|remark| {
        let message = format!("{}: {}", remark.address, note(&remark.note));
        Diagnostic::note("kept", message).at(remark.place.clone(), "")
    });
    plan.diagnostics.iter().cloned().chain(remarks).collect()
}
