//! Creates that make one object, whatever happens to their answers and whoever else is at it. Without a
//! client token, what may have been made is looked for by its tags before it is made again; with one, what is
//! answered must still be there. Where EC2 would take two of them (VPCs, internet gateways, addresses), a
//! create makes sure afterwards that it was the only one.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::time::Instant;
use trueup_model::{Act, Kind, Object, Record, Scope, Settled, Wait};

use crate::act::Task;
use crate::call::{CallContext, Purpose};
use crate::classify::Class;
use crate::failure::Failure;
use crate::retry::jitter_seed;
use crate::token::token;
use crate::{Ec2, filter, kinds, read};

/// What was made is there without anybody knowing what it is called: the next run finds it by its tags.
pub const WITHOUT_ID: &str =
    "EC2 answered without the id of what it made: run this again, which looks for it by its tags";
/// For how long a create is repeated whose outcome is not known.
const AMBIGUOUS: Duration = Duration::from_secs(180);
/// A new object may take a while until it can be found.
const LOOKUPS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(10),
];
/// What was made under a client token and is not shown for so long is gone: the answer was about something
/// that ended before.
const UNSEEN_MAX: Duration = Duration::from_secs(120);
/// The same where everything is shown at once, or nearly so: at an endpoint that is not AWS's own.
const UNSEEN_ELSEWHERE_MAX: Duration = Duration::from_secs(15);
/// So many client tokens are used up before a create fails.
const TOKENS_MAX: u32 = 50;

/// So often two processes may get into each other's way.
const ROUNDS_MAX: u32 = 5;

/// What a create made.
#[derive(Debug)]
pub struct Made<T> {
    /// The object's id.
    pub id: String,
    /// EC2's answer; none where the answer was lost and the object was found by its tags.
    pub answer: Option<T>,
    /// Whether this process made it, as far as that can be known.
    own: bool,
}

/// Makes an object once. After a failure that may have made it all the same, and where EC2 says that it is
/// there already, the object is looked for by the tags that its create writes.
pub async fn create<B, T, E, F>(
    task: &Task<'_>,
    request: B,
    send: impl Fn(B) -> F,
    id: impl Fn(&T) -> Option<&str>,
) -> Result<Made<T>, Failure>
where
    B: Clone,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    create_or_find(task, request, send, id, &|_| true).await
}

/// The same, where what was made is `own`.
async fn create_or_find<B, T, E, F>(
    task: &Task<'_>,
    request: B,
    send: impl Fn(B) -> F,
    id: impl Fn(&T) -> Option<&str>,
    own: &dyn Fn(&Object) -> bool,
) -> Result<Made<T>, Failure>
where
    B: Clone,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    let action = task.act.action.name;
    let context = task.context.to(Purpose::Create);
    let start = Instant::now();
    loop {
        let failure = match task
            .ec2
            .caller
            .call(&context, action, request.clone(), &send)
            .await
        {
            Ok(answer) => match known(task, id(&answer)) {
                Some(id) => {
                    return Ok(Made {
                        id,
                        answer: Some(answer),
                        own: true,
                    });
                }
                None => without_id(task),
            },
            Err(failure) if failure.class.is_ambiguous() || failure.class == Class::Duplicate => failure,
            Err(failure) => return Err(failure),
        };
        // guard: look before a repeat
        if let Some(object) = look_up(task, &failure, own).await? {
            return Ok(Made {
                own: own(&object),
                id: object.id,
                answer: None,
            });
        }
        if failure.class == Class::Duplicate || failure.foreign || start.elapsed() > AMBIGUOUS {
            return Err(failure);
        }
        (task.context.retrying)(&format!(
            "{}; nothing with its tags is there, so it is made again",
            failure.message
        ));
    }
}

/// The id that a create was answered with, where it is one.
fn known(task: &Task<'_>, id: Option<&str>) -> Option<String> {
    id.filter(|id| task.act.address.kind.is_id(id)).map(str::to_owned)
}

/// Something was made, and it is not known what.
fn without_id(task: &Task<'_>) -> Failure {
    Failure::unusable(task.act.action.name, WITHOUT_ID)
}

/// Looks for the object that a create may have made all the same. What is not its own is what somebody else
/// made meanwhile.
async fn look_up(
    task: &Task<'_>,
    failure: &Failure,
    own: &dyn Fn(&Object) -> bool,
) -> Result<Option<Object>, Failure> {
    let looks = if failure.foreign {
        &LOOKUPS[..1]
    } else {
        &LOOKUPS[..]
    };
    let mut others = None;
    for pause in looks {
        if !task.ec2.caller.pause(*pause).await {
            return Err(failure.clone());
        }
        let (own, other) = holders(task).await?.into_iter().partition::<Vec<_>, _>(own);
        if let Some(object) = own.into_iter().next() {
            return Ok(Some(object));
        }
        others = other.into_iter().next();
    }
    Ok(others)
}

/// The objects that hold the address of a create: ours, not retiring, not the one that is being replaced,
/// none that this process has ended.
async fn holders(task: &Task<'_>) -> Result<Vec<Object>, Failure> {
    let act = task.act;
    let filters = [
        filter::topology(&act.topology),
        filter::address(&act.address.to_string()),
    ];
    let found = kinds::read(task.ec2, act.address.kind, &filters).await?;
    let holds = |object: &Object| {
        let claims = object.claim(&act.topology).is_some()
            && object.address(&act.topology).as_ref() == Some(&act.address);
        claims && act.replaces.as_deref() != Some(&object.id) && !task.ec2.session.is_ended(&object.id)
    };
    Ok(found.objects.into_iter().filter(holds).collect())
}

/// Makes an object of which EC2 would take several, as [`create`] does, and makes sure that it is the only
/// one.
///
/// Whoever sees another object at its address gives its own up: each process creates before it looks, so of
/// two at most one keeps what it made. Where both gave up, the one that comes back first makes it, and the
/// other one finds it.
pub async fn create_exclusive<B, T, E, F>(
    task: &Task<'_>,
    request: B,
    send: impl Fn(B) -> F,
    id: impl Fn(&T) -> Option<&str>,
    give_up: impl AsyncFn(&Task<'_>, &str) -> Result<(), Failure>,
) -> Result<Made<T>, Failure>
where
    B: Clone,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    let shown_after = task.ec2.shown_after;
    let run = task.ec2.session.run();
    let own = |object: &Object| {
        object
            .owner
            .as_ref()
            .is_some_and(|owner| owner.run.as_deref() == Some(run))
    };
    for _ in 0..ROUNDS_MAX {
        let made = create_or_find(task, request.clone(), &send, &id, &own).await?;
        if !made.own {
            return Ok(made);
        }
        tokio::time::sleep(shown_after).await;
        // guard: being alone
        let Some(rival) = holders(task)
            .await?
            .into_iter()
            .find(|object| object.id != made.id)
        else {
            return Ok(made);
        };
        let told = format!(
            "somebody else made {} for {} at the same time, so {} is given up",
            rival.id, task.act.address, made.id
        );
        (task.context.retrying)(&told);
        task.ec2.session.ended(&made.id);
        let recently_created = [made.id.clone()];
        give_up(
            &Task {
                context: CallContext {
                    recently_created: &recently_created,
                    ..task.context
                },
                ..*task
            },
            &made.id,
        )
        .await?;
        // Two that give up at the same time do not come back at the same time: their ids differ.
        tokio::time::sleep(shown_after * 2 + Duration::from_millis(jitter_seed(&made.id) % 8000)).await;
        if let Some(id) = lasting(task).await? {
            return Ok(Made {
                id,
                answer: None,
                own: false,
            });
        }
    }
    Err(task.refused(format!(
        "somebody else keeps making {} at the same time: let one run end before the next",
        task.act.address
    )))
}

/// The id of an object that is the only one.
fn only(objects: Vec<Object>) -> Option<String> {
    let [object] = <[Object; 1]>::try_from(objects).ok()?;
    Some(object.id)
}

/// The one object at the address of a create, if it is still there at a second look.
async fn lasting(task: &Task<'_>) -> Result<Option<String>, Failure> {
    let first = only(holders(task).await?);
    tokio::time::sleep(task.ec2.shown_after * 2).await;
    let second = only(holders(task).await?);
    Ok(second.filter(|second| first.as_ref() == Some(second)))
}

/// Makes an object under a client token, which `with` puts into the request; answers its id, which `id`
/// finds. A token that EC2 refuses, or under which it answers something that has ended, is used up, and the
/// next one is tried. Once something was lost, what holds the address is taken instead: another run may have
/// made it with what was there before, and so under another token.
pub async fn create_with_token<B, T, E, F>(
    task: &Task<'_>,
    with: impl Fn(&str) -> B,
    send: impl Fn(B) -> F,
    id: impl Fn(&T) -> Option<&str>,
) -> Result<String, Failure>
where
    B: Clone,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    // guard: what another run made meanwhile
    if task.ec2.session.has_lost()
        && let Some(object) = holders(task).await?.into_iter().next()
    {
        return Ok(object.id);
    }
    let answer = create_retrying(task, with, send, &id, |answer| {
        id(answer).is_some_and(|id| task.is_over(id))
    })
    .await?;
    let id = known(task, id(&answer)).ok_or_else(|| without_id(task))?;
    if task.ec2.session.is_stranger(&id) && !carries_tags(task, &id).await? {
        return Err(task.refused(lost_tags(task, &id)));
    }
    Ok(id)
}

/// Whether an object carries the topology's tags by now, as either of EC2's two ways to ask for them says.
pub async fn carries_tags(task: &Task<'_>, id: &str) -> Result<bool, Failure> {
    let Act {
        topology, address, ..
    } = task.act;
    let found = kinds::find_one(task.ec2, address.kind, id).await?;
    if found.is_some_and(|object| object.address(topology).as_ref() == Some(address)) {
        return Ok(true);
    }
    let scope = Scope {
        topology: topology.clone(),
        ..Scope::default()
    };
    Ok(read::tagged(task.ec2, &scope)
        .await?
        .is_some_and(|tagged| tagged.has(id)))
}

/// What EC2 answers a create with under our client token, and was there before without our tags, is no new
/// object.
fn lost_tags(task: &Task<'_>, id: &str) -> String {
    let Act {
        topology, address, ..
    } = task.act;
    let command = trueup_model::tags::command(&task.ec2.site.region, id, topology, address);
    format!(
        "EC2 answers with {id}, which was made by an equal call before and carries this topology's tags no more: nothing new was made, and \
         for about a day nothing will be. If {id} is {address}, give it its tags, and run this again: `{command}`; otherwise end it"
    )
}

/// The same, where the kind says of an answer whether it is about something that has `ended`.
pub async fn create_retrying<B, T, E, F>(
    task: &Task<'_>,
    with: impl Fn(&str) -> B,
    send: impl Fn(B) -> F,
    id: impl Fn(&T) -> Option<&str>,
    ended: impl Fn(&T) -> bool,
) -> Result<T, Failure>
where
    B: Clone,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    let context = task.context.to(Purpose::CreateWithToken);
    let mut counter = 0;
    let mut pauses = LOOKUPS.iter();
    loop {
        // guard: deterministic token
        let request = with(&token(task.act, counter));
        counter += 1;
        let last = counter >= TOKENS_MAX;
        match task
            .ec2
            .caller
            .call(&context, task.act.action.name, request, &send)
            .await
        {
            Ok(answer) if known(task, id(&answer)).is_none() => {
                // Under the same token EC2 answers it once more.
                let Some(pause) = pauses.next() else {
                    return Err(without_id(task));
                };
                counter -= 1;
                (task.context.retrying)(&without_id(task).message);
                tokio::time::sleep(*pause).await;
            }
            Ok(answer) if !last && ended(&answer) => {}
            Err(failure) if failure.class == Class::Idempotency && !last => {}
            done => return done,
        }
    }
}

/// What a look at something that was made under a client token means: EC2 may repeat the answer of a create
/// long after the object is gone. Then the token is used up, and the create is to be carried out again.
pub fn repeated(ec2: &Ec2, kind: Kind, wait: &Wait, settled: Settled) -> Settled {
    let session = &ec2.session;
    let Some(age) = session.age(&wait.id) else {
        // What this run did not make it does not make again.
        return if let Settled::Lost(why) = settled {
            Settled::Failed(why)
        } else {
            settled
        };
    };
    let unseen_max = if ec2.shown_after.is_zero() {
        UNSEEN_ELSEWHERE_MAX
    } else {
        UNSEEN_MAX
    };
    let is_invisible = matches!(&settled, Settled::Pending(state) if state == kinds::INVISIBLE);
    if !is_invisible {
        session.saw(&wait.id);
    }
    // What was seen may be left out of an answer or two.
    let is_away = is_invisible && session.unseen_for(&wait.id) > Some(unseen_max);
    if let Some(why) = kinds::live(kind).when_unseen().filter(|_| is_away) {
        session.lost(&wait.id);
        return Settled::Failed(why.to_owned());
    }
    let lost = match settled {
        // What was seen once and is not shown now was left out: what ends is shown for a while.
        Settled::Pending(_) if is_invisible && age > unseen_max && !session.was_seen(&wait.id) => {
            format!("{} is not there", wait.id)
        }
        // Another run that made the same has stopped it, as the spec wants.
        Settled::Pending(state) if state == "stopped" => return Settled::Done(Record::new()),
        Settled::Pending(state) if state == "deleting" => format!("{} is {state}", wait.id),
        // What had failed before this run began is an old answer; what fails now EC2 has refused, and would
        // refuse again.
        Settled::Failed(why) if session.was_gone(&wait.id) => why,
        Settled::Lost(why) => why,
        settled => return settled,
    };
    session.lost(&wait.id);
    Settled::Lost(lost)
}
