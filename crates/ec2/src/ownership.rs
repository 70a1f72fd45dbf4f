//! Creates that make one object, whatever happens to their answers. Without a client token, what may have been made is looked for
//! by its tags before it is made again; with one, what is answered must still be there.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::time::Instant;
use trueup_model::{Settled, Wait};

use crate::act::Task;
use crate::call::Purpose;
use crate::classify::Class;
use crate::failure::Failure;
use crate::token::token;
use crate::{filter, kinds};

/// For how long a create is repeated whose outcome is not known.
const AMBIGUOUS: Duration = Duration::from_secs(180);
/// A new object may take a while until it can be found.
const LOOKS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(10)];
/// How often, and after which pauses, what is answered under a client token is looked for before it counts as gone.
const SIGHTS: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(40),
    Duration::from_secs(60),
];
/// Looks after shorter pauses than this are not told.
const QUIET: Duration = Duration::from_secs(4);
/// So many client tokens are used up before a create fails.
const TOKENS_MAX: u32 = 5;

/// What a create made.
#[derive(Debug)]
pub struct Made<T> {
    /// The object's id.
    pub id: String,
    /// EC2's answer; none where the answer was lost and the object was found by its tags.
    pub answer: Option<T>,
}

/// Makes an object once. After a failure that may have made it all the same, and where EC2 says that it is there already, the
/// object is looked for by the tags that its create writes.
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
    let action = task.act.action;
    let errand = task.errand.to(Purpose::Create);
    let start = Instant::now();
    loop {
        let failure = match task.ec2.caller.call(&errand, action, request.clone(), &send).await {
            Ok(answer) => {
                let id = id(&answer).ok_or_else(|| task.defect("was answered without an id"))?.to_owned();
                return Ok(Made { id, answer: Some(answer) });
            }
            Err(failure) if failure.class.is_ambiguous() || failure.class == Class::Duplicate => failure,
            Err(failure) => return Err(failure),
        };
        if let Some(id) = look(task, &failure).await? {
            return Ok(Made { id, answer: None });
        }
        if failure.class == Class::Duplicate || failure.foreign || start.elapsed() > AMBIGUOUS {
            return Err(failure);
        }
        (task.errand.retrying)(&format!("{}; nothing with its tags is there, so it is made again", failure.message));
    }
}

/// Looks for the object that holds the address of a create: ours, not retiring, not the one that is being replaced.
async fn look(task: &Task<'_>, failure: &Failure) -> Result<Option<String>, Failure> {
    let act = task.act;
    let filters = [filter::topology(&act.topology), filter::address(&act.address.to_string())];
    let looks = if failure.foreign { &LOOKS[..1] } else { &LOOKS[..] };
    for pause in looks {
        tokio::time::sleep(*pause).await;
        let found = kinds::read(task.ec2, act.address.kind, &filters).await?;
        let holder = found.objects.into_iter().find(|object| {
            let claims = object.claim(&act.topology).is_some() && object.address(&act.topology).as_ref() == Some(&act.address);
            claims && act.replaces.as_deref() != Some(&object.id) && !task.ec2.memory.is_ended(&object.id)
        });
        if let Some(object) = holder {
            return Ok(Some(object.id));
        }
    }
    Ok(None)
}

/// Makes an object under a client token, which `with` puts into the request. A token that EC2 refuses, or under which it answers
/// something that has ended (`ended`), is used up, and the next one is tried.
pub async fn create_once<B, T, E, F>(
    task: &Task<'_>,
    nonce: &str,
    with: impl Fn(String) -> B,
    send: impl Fn(B) -> F,
    ended: impl AsyncFn(&T) -> Result<bool, Failure>,
) -> Result<T, Failure>
where
    B: Clone,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    let errand = task.errand.to(Purpose::CreateOnce);
    let mut counter = 0;
    loop {
        let request = with(token(task.act, counter, nonce));
        counter += 1;
        let last = counter >= TOKENS_MAX;
        match task.ec2.caller.call(&errand, task.act.action, request, &send).await {
            Ok(answer) if !last && ended(&answer).await? => {}
            Err(failure) if failure.class == Class::Idempotency && !last => {}
            done => return done,
        }
    }
}

/// Whether an object is there and not on its way out. Under a client token EC2 may repeat the answer of a create long after the
/// object is gone, with the state of that time; a new object may be invisible for a while.
pub async fn stands(task: &Task<'_>, id: &str) -> Result<bool, Failure> {
    if task.ec2.memory.is_ended(id) {
        return Ok(false);
    }
    let wait = [Wait { id: id.to_owned(), until: "available" }];
    for pause in SIGHTS {
        tokio::time::sleep(pause).await;
        match kinds::settle(task.ec2, task.act.address.kind, &wait).await?.pop() {
            Some(Settled::Failed(_)) => return Ok(false),
            Some(Settled::Pending(state)) if state == "deleting" => return Ok(false),
            // That a new object is invisible for a moment is nothing to tell.
            Some(Settled::Pending(state)) if state == kinds::INVISIBLE && pause < QUIET => {}
            Some(Settled::Pending(state)) if state == kinds::INVISIBLE => (task.errand.retrying)(&format!("{id} is {state}")),
            Some(Settled::Pending(_) | Settled::Done(_)) | None => return Ok(true),
        }
    }
    Ok(false)
}
