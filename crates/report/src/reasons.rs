//! The sentences of a plan's reasons, which are data everywhere else: a nicer wording is a change of this file
//! alone.

use serde_json::{Value as Json, json};
use trueup_model::{Cause, Constraint, Diagnostic, Note, Plan, StepReason};

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
        Note::FirstBootOnly => {
            "user data runs at the first boot only: the new one does not run by itself".to_owned()
        }
        Note::StaysStopped => "where EC2 takes the new type and has no room for it, the instance stays stopped: nothing puts the \
                               old type back"
            .to_owned(),
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
