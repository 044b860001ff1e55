//! One look at one project: the five steps in their order, and when to look again.

use std::{fmt::Display, sync::Arc, time::Duration};

use aws_lc_rs::rand;
use hanko_crds::HankoProjectStatus;
use hanko_model::{Problem, Problems, document::Document, spec::ProjectSpec};
use k8s_openapi::{api::apps::v1::Deployment, jiff::Timestamp};
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::DynamicObject,
    runtime::{
        controller::Action,
        events::{Event, EventType, Recorder},
    },
};
use serde_json::{Value, json};

use crate::{
    acknowledge::{Wanted, acknowledge},
    apply::{self, Writer, explain},
    build::build,
    cache::Caches,
    deletion::{self, Step},
    dereference::{self, dereference},
    labels::MANAGER,
    metrics::Metrics,
    pace::{Again, Pace},
    resource,
    status::{Applied, FailedStep, Failure, Outcome, Rollout, Transition, WAITING, status, stranding, transition},
    validate::{Fresh, Identity, Installation, ValidatedProject, validate},
};

/// One look takes no longer; the API server hangs rather than answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every look needs.
pub(crate) struct Context {
    pub(crate) writer: Writer,
    pub(crate) caches: Caches,
    pub(crate) installation: Installation,
    pub(crate) recorder: Recorder,
    pub(crate) pace: Pace,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: fn() -> Timestamp,
}

/// A look that came to no end and is repeated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Dereference(#[from] dereference::Error),
    #[error(transparent)]
    Apply(#[from] apply::Error),
    #[error("cannot write the status: {}", explain(.0))]
    Status(kube::Error),
    #[error("the API server did not answer in time")]
    Timeout,
    #[error("no random bytes")]
    Random,
}

/// Looks once. Called by the work queue; never for one project twice at a time.
pub(crate) async fn reconcile(object: Arc<DynamicObject>, context: Arc<Context>) -> Result<Action, Error> {
    context.caches.synced().await;
    let began = (context.clock)();
    let result = match tokio::time::timeout(PATIENCE, look(&object, &context)).await {
        Ok(result) => result,
        Err(_) => Err(Error::Timeout),
    };
    let seconds = (context.clock)().duration_since(began).as_secs_f64();
    context.metrics.reconciled(if result.is_ok() { "ok" } else { "error" }, seconds);
    Ok(match result? {
        Some((again, at)) => {
            let now = (context.clock)();
            let delay = context.pace.next(&key(&object), again, now, jitter());
            let due = at.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
            Action::requeue(due.map_or(delay, |due| due.min(delay)))
        }
        None => {
            context.pace.forget(&key(&object));
            Action::await_change()
        }
    })
}

/// When to look again after an error.
pub(crate) fn after_error(object: &DynamicObject, error: &Error, context: &Context) -> Action {
    let delay = context.pace.next(&key(object), Again::Failed, (context.clock)(), jitter());
    tracing::warn!(project = %key(object), %error, retry_seconds = delay.as_secs_f64(), "reconciliation failed");
    Action::requeue(delay)
}

fn key(object: &DynamicObject) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

fn jitter() -> f64 {
    let mut byte = [0];
    rand::fill(&mut byte).map_or(0.5, |()| f64::from(byte[0]) / 255.0)
}

/// Why to look again, and when at the latest.
async fn look(object: &DynamicObject, context: &Context) -> Result<Option<(Again, Option<Timestamp>)>, Error> {
    let Context { writer, caches, clock, .. } = context;
    match deletion::next(object, clock()) {
        Step::Live => {}
        Step::Protect => writer.set_finalizer(object, true).await?,
        Step::Unprotect => writer.set_finalizer(object, false).await?,
        Step::Gone => return Ok(None),
        Step::LetGo => return writer.set_finalizer(object, false).await.map(|()| None).map_err(Error::from),
        Step::DeleteData => {
            writer.delete_data(caches, object).await?;
            writer.set_finalizer(object, false).await?;
            return Ok(None);
        }
        Step::GiveUp => {
            let message = "The claim and the key Secret could not be deleted in two minutes; delete them yourself.";
            publish(context, object, warning("DataNotDeleted", message)).await;
            writer.set_finalizer(object, false).await?;
            return Ok(None);
        }
    }
    let before = read_status(object);
    let (after, again_at) = match converge(object, &before, context).await {
        Err(Error::Apply(error)) if error.is_of_ending_namespace() => return Ok(None),
        after => after?,
    };
    if after != before {
        write_status(context, object, &after).await?;
        for transition in [transition(&before, &after), stranding(&before, &after)].into_iter().flatten() {
            publish(context, object, transition).await;
        }
    }
    Ok(Some((again(&after), again_at)))
}

/// Steps 1 to 5 but for writing the status; and when something of the project comes to its end.
async fn converge(
    object: &DynamicObject,
    before: &HankoProjectStatus,
    context: &Context,
) -> Result<(HankoProjectStatus, Option<Timestamp>), Error> {
    let Context { writer, caches, installation, clock, .. } = context;
    let conclude =
        |outcome: &Outcome<'_>, again_at| Ok((status(before, object.metadata.generation, outcome, clock()), again_at));
    let references = match dereference(&writer.client, caches, object, read_document(object)).await {
        Ok(references) => references,
        Err(error) if error.is_permanent() => {
            return conclude(&failure(FailedStep::Dereference, "SecretUnreadable", &error), None);
        }
        Err(error) => return Err(error.into()),
    };
    let fresh = Fresh { master_key: random()?, admin_key: random()? };
    let validated = validate(identity(object), references, installation.clone(), &fresh, clock());
    let project = match validated {
        Ok(project) => project,
        Err(refusal) => return conclude(&Outcome::Refused(&refusal), None),
    };
    match writer.apply(caches, &project.identity, &build(&project)).await {
        Ok(()) => {}
        Err(error) if error.is_of_ending_namespace() => return Err(error.into()),
        Err(error) if error.is_permanent() => {
            return conclude(&failure(FailedStep::Apply, error.reason(), &error), None);
        }
        Err(error) => return Err(error.into()),
    }
    let identity = &project.identity;
    let pods = caches.pods(&identity.namespace, &identity.name);
    let pods = acknowledge(writer, &pods, &wanted(&project)).await;
    let deployment = caches.live(&resource::of::<Deployment>(), &identity.namespace, &project.names.runtime);
    let rollout = Rollout::of(deployment.as_deref());
    let applied = Applied { project: &project, pods: &pods, rollout: &rollout };
    conclude(&Outcome::Applied(applied), project.admin_key.again_at)
}

fn failure<'a>(step: FailedStep, reason: &'static str, error: &impl Display) -> Outcome<'a> {
    Outcome::Failed(Failure { step, reason, message: error.to_string() })
}

fn wanted(project: &ValidatedProject) -> Wanted {
    Wanted {
        namespace: project.identity.namespace.clone(),
        project: project.identity.name.clone(),
        document: project.document_revision.clone(),
        secrets: project.secrets_revision.clone(),
    }
}

fn again(status: &HankoProjectStatus) -> Again {
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
    match ready.map(|condition| (condition.status.as_str(), condition.reason.as_str())) {
        // Only an edit or an event of a watch can change these.
        Some(("True", _) | (_, "Invalid" | "Suspended")) => Again::Idle,
        // The host's holder may go, which no watch of ours tells; asking costs no request.
        Some((_, "HostConflict" | "DocumentRefused" | WAITING | "RolloutFailed")) => Again::Waiting,
        _ => Again::Failed,
    }
}

fn identity(object: &DynamicObject) -> Identity {
    Identity {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
    }
}

/// The object as a document. One that this version cannot read is invalid, and no other project suffers.
fn read_document(object: &DynamicObject) -> Result<Document, Problems> {
    let spec = object.data.get("spec").cloned().unwrap_or_else(|| json!({}));
    let spec = serde_json::from_value::<ProjectSpec>(spec).map_err(|error| {
        Problems(vec![Problem {
            document: key(object),
            path: "spec".to_owned(),
            message: format!("{error}; the operator and the CustomResourceDefinition are of different versions"),
        }])
    })?;
    Ok(Document {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        annotations: object.annotations().clone(),
        spec,
    })
}

fn read_status(object: &DynamicObject) -> HankoProjectStatus {
    object.data.get("status").cloned().and_then(|status| serde_json::from_value(status).ok()).unwrap_or_default()
}

/// With the object's uid, so that a namesake made meanwhile gets nobody else's status.
async fn write_status(context: &Context, object: &DynamicObject, status: &HankoProjectStatus) -> Result<(), Error> {
    let kind = resource::project();
    let api = Api::<DynamicObject>::namespaced_with(
        context.writer.client.clone(),
        &object.namespace().unwrap_or_default(),
        &kind,
    );
    let patch: Value = json!({
        "apiVersion": kind.api_version, "kind": kind.kind,
        "metadata": {"name": object.name_any(), "uid": object.uid()},
        "status": status,
    });
    let params = PatchParams::apply(MANAGER).force();
    api.patch_status(&object.name_any(), &params, &Patch::Apply(patch)).await.map_err(Error::Status)?;
    context.metrics.wrote(&kind.kind, "status");
    Ok(())
}

fn warning(reason: &str, message: &str) -> Transition {
    Transition { warning: true, reason: reason.to_owned(), message: message.to_owned() }
}

/// An event that cannot be written is no reason to stop.
async fn publish(context: &Context, object: &DynamicObject, transition: Transition) {
    let event = Event {
        type_: if transition.warning { EventType::Warning } else { EventType::Normal },
        reason: transition.reason,
        note: Some(transition.message),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    if let Err(error) = context.recorder.publish(&event, &object.object_ref(&resource::project())).await {
        tracing::warn!(project = %key(object), error = %explain(&error), "cannot write an event");
    }
}

fn random() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}
