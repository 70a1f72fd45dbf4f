//! Acting: one step, whatever EC2 makes of it at first.

use std::error::Error;
use std::future::Future;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use trueup_model::attr::Spelled;
use trueup_model::{Act, Acted, ApiAction, Attr, CloudError, Record, Ref, Role, Value, Waiter};

use crate::call::{CallContext, Purpose};
use crate::classify::{Class, is_gone};
use crate::failure::Failure;
use crate::holders::Held;
use crate::ownership::WITHOUT_ID;
use crate::retry::jitter_seed;
use crate::{Ec2, kinds, tags};

/// A step that is being carried out.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// Where.
    pub ec2: &'a Ec2,
    /// What.
    pub act: &'a Act,
    /// With how much patience.
    pub context: CallContext<'a>,
}

/// Carries out one step.
pub async fn act(ec2: &Ec2, act: &Act, retrying: &dyn Fn(&str)) -> Result<Acted, CloudError> {
    let recently_created = ec2.session.recently_created_in(act);
    let context = CallContext {
        recently_created: &recently_created,
        deletion_in_flight: ec2.session.is_deletion_in_flight(),
        ..CallContext::new(
            jitter_seed(&act.topology) ^ jitter_seed(&act.address.to_string()),
            retrying,
        )
    };
    let task = Task { ec2, act, context };
    let acted = carry_out(&task).await?;
    if acted.id.as_deref() == Some("") {
        return Err(task.refused(WITHOUT_ID.to_owned()).into());
    }
    task.remember(&acted);
    Ok(acted)
}

/// Makes the calls of a step.
pub async fn carry_out(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        tags::action::CREATE => tags::create(task).await,
        tags::action::DELETE => tags::delete(task).await,
        _ => kinds::live(task.act.address.kind).act(task).await,
    }
}

impl<'a> Task<'a> {
    /// What the step establishes.
    pub fn sets(&self) -> &'a Record {
        self.act.sets.record()
    }

    /// What it takes away.
    pub fn unsets(&self) -> &'a Record {
        self.act.unsets.record()
    }

    /// The id of the object that it acts on.
    pub fn id(&self) -> Result<&'a str, Failure> {
        let target = self.act.target.as_ref().filter(|target| !target.id.is_empty());
        target
            .map(|target| target.id.as_str())
            .ok_or_else(|| self.defect("acts on an object, and none is given"))
    }

    /// A fact about the object that it acts on.
    pub fn fact(&self, name: impl AsRef<str>) -> Option<&'a str> {
        let fact = self.act.target.as_ref()?.facts.value(name.as_ref())?.as_text()?;
        Some(fact).filter(|fact| !fact.is_empty())
    }

    /// The id that the step sets as a reference.
    pub fn set_id(&self, attr: Attr<Ref>) -> Option<String> {
        id_in(self.sets(), attr)
    }

    /// The id that the step takes away as a reference.
    pub fn unset_id(&self, attr: Attr<Ref>) -> Option<String> {
        id_in(self.unsets(), attr)
    }

    /// The text that the step sets.
    pub fn text<T: Spelled + ?Sized>(&self, attr: Attr<T>) -> Option<String> {
        Some(self.sets().text(attr).to_owned()).filter(|text| !text.is_empty())
    }

    /// Whether an object is not what this step is to make: it takes its place, or it was ended, by this
    /// process or before.
    pub fn is_over(&self, id: &str) -> bool {
        let session = &self.ec2.session;
        self.act.replaces.as_deref() == Some(id) || session.is_ended(id) || session.is_dead(id)
    }

    /// A step that does not fit its action: a defect of Trueup.
    pub fn defect(&self, why: &str) -> Failure {
        Failure::invalid(
            self.act.action.name,
            format!("the step {} of {} {why}", self.act.step, self.act.address),
        )
    }

    /// A step that cannot be done, for a reason that is not EC2's.
    pub fn refused(&self, why: String) -> Failure {
        Failure::invalid(self.act.action.name, why)
    }

    /// A step with an action that its kind does not have.
    pub fn unknown_action(&self) -> Failure {
        self.defect(&format!(
            "asks for {}, which its kind does not have",
            self.act.action
        ))
    }

    /// Makes a call that changes something and may be repeated.
    pub async fn call<B, T, E, F>(
        &self,
        action: ApiAction,
        request: B,
        send: impl Fn(B) -> F,
    ) -> Result<T, Failure>
    where
        B: Clone,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.ec2
            .caller
            .call(&self.context, action.name, request, send)
            .await
    }

    /// Makes a call that ends something; what is gone already is done.
    pub async fn end<B, T, E, F>(
        &self,
        action: ApiAction,
        request: B,
        send: impl Fn(B) -> F,
    ) -> Result<Option<T>, Failure>
    where
        B: Clone,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.end_as(Purpose::Delete, action, request, send).await
    }

    /// The same, with the patience of this purpose.
    pub async fn end_as<B, T, E, F>(
        &self,
        purpose: Purpose,
        action: ApiAction,
        request: B,
        send: impl Fn(B) -> F,
    ) -> Result<Option<T>, Failure>
    where
        B: Clone,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut held = Held::default();
        let context = self.context.to(Purpose::TryDelete);
        let ended = loop {
            match self
                .ec2
                .caller
                .call(&context, action.name, request.clone(), &send)
                .await
            {
                Err(failure) if failure.class == Class::Dependency && purpose == Purpose::Delete => {
                    tokio::time::sleep(held.refused(self, failure).await?).await;
                }
                ended => break ended,
            }
        };
        match ended {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) if is_gone(failure.class, &failure.code) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// What later calls must know about this one.
    fn remember(&self, acted: &Acted) {
        let session = &self.ec2.session;
        let kind = self.act.address.kind;
        if let Some(id) = &acted.id {
            session.made(kind, id);
            return;
        }
        match &self.act.target {
            Some(target) if self.act.action.role == Role::Delete => session.ended(&target.id),
            _ if !self.unsets().is_empty() => session.deletion_begins(),
            _ => {}
        }
    }
}

fn id_in(record: &Record, attr: Attr<Ref>) -> Option<String> {
    record.get(attr)?.id().map(str::to_owned)
}

/// The ids in a set of references.
pub fn ids(record: &Record, set: Attr<[Value]>) -> Vec<String> {
    record
        .references(set)
        .filter_map(Ref::id)
        .map(str::to_owned)
        .collect()
}

/// A step that made this object, which is waited for unless EC2 has said already that it is in that state.
pub fn made_until(id: String, until: Waiter, state: Option<&str>) -> Acted {
    Acted {
        wait: (state != Some(until.state)).then(|| until.of(&id)),
        ..made(id)
    }
}

/// A step that made this object.
pub fn made(id: impl Into<String>) -> Acted {
    Acted {
        id: Some(id.into()),
        ..Acted::default()
    }
}
