//! Step 5: what the project's author sees. Pure: computed from what was applied and what the pods acknowledged.

mod conditions;
mod rollout;

use hanko_crds::HankoProjectStatus;
use hanko_model::project::Database;
use k8s_openapi::jiff::Timestamp;

use crate::{
    acknowledge::{Answer, PodReport},
    validate::{Refusal, ValidatedProject},
};

pub(crate) use conditions::{Transition, stranding, transition};
pub(crate) use rollout::Rollout;

use conditions::{Verdict, merged};

/// How far a reconciliation came.
pub(crate) enum Outcome<'a> {
    /// The document or what it refers to is not good enough; nothing was touched.
    Refused(&'a Refusal),
    /// An object could not be read or written.
    Failed(Failure),
    /// Everything is applied.
    Applied(Applied<'a>),
}

/// What the API server would not do.
pub(crate) struct Failure {
    pub(crate) step: FailedStep,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// Where it failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FailedStep {
    /// Reading what the project refers to.
    Dereference,
    /// Writing objects.
    Apply,
}

/// The applied project and its pods.
pub(crate) struct Applied<'a> {
    pub(crate) project: &'a ValidatedProject,
    pub(crate) pods: &'a [PodReport],
    pub(crate) rollout: &'a Rollout,
}

/// The four conditions, before times.
pub(super) struct Verdicts {
    accepted: Verdict,
    resolved: Verdict,
    programmed: Verdict,
    ready: Verdict,
}

/// The status to write. Whatever the outcome says nothing of stays as it was.
pub(crate) fn status(
    before: &HankoProjectStatus,
    generation: Option<i64>,
    outcome: &Outcome<'_>,
    now: Timestamp,
) -> HankoProjectStatus {
    let verdicts = match outcome {
        Outcome::Refused(refusal) => refused(refusal),
        Outcome::Failed(failure) => failed(failure),
        Outcome::Applied(applied) => judged(applied),
    };
    let mut status = before.clone();
    status.observed_generation = generation;
    if let Outcome::Applied(Applied { project, pods, .. }) = outcome {
        let count = |n: usize| i32::try_from(n).ok();
        status.tenant_id = Some(project.project.tenant_id.to_string());
        status.public_url = Some(project.project.public_url.origin().ascii_serialization());
        status.hosts.clone_from(&project.project.hosts);
        status.database = Some(database(&project.project.database).to_owned());
        status.admin_key_secret = project.project.admin_api.generated.as_ref().map(|key| key.secret.clone());
        status.document_revision = Some(project.document_revision.clone());
        if verdicts.programmed.is_true() {
            status.secrets_revision = Some(project.secrets_revision.clone());
        }
        status.replicas = count(pods.len());
        status.ready_replicas = count(pods.iter().filter(|pod| pod.ready).count());
        status.stranded_credentials = stranded(pods).or(status.stranded_credentials);
    }
    status.conditions = merged(&before.conditions, verdicts, generation, now);
    status
}

/// All pods read one database; one that has just begun may have seen less.
fn stranded(pods: &[PodReport]) -> Option<i64> {
    let serving = pods.iter().filter(|pod| pod.answer == Answer::Serves);
    serving.filter_map(|pod| pod.stranded).max().and_then(|count| i64::try_from(count).ok())
}

fn database(database: &Database) -> &'static str {
    match database {
        Database::Sqlite { .. } => "SQLite",
        Database::Postgres { .. } => "PostgreSQL",
    }
}

fn refused(refusal: &Refusal) -> Verdicts {
    let blamed = Verdict::no(refusal.reason(), refusal);
    let (accepted, resolved) = if refusal.is_of_document() {
        (
            blamed.clone(),
            Verdict::unknown("NotAccepted", "References are not looked at before the document is accepted."),
        )
    } else {
        (accepted(), blamed.clone())
    };
    let programmed = Verdict::no("NotApplied", "Nothing was changed; a running tenant keeps its last good state.");
    Verdicts { accepted, resolved, programmed, ready: blamed }
}

fn failed(failure: &Failure) -> Verdicts {
    let blamed = Verdict::no(failure.reason, &failure.message);
    match failure.step {
        FailedStep::Dereference => Verdicts {
            accepted: accepted(),
            resolved: Verdict::unknown(failure.reason, &failure.message),
            programmed: Verdict::no("NotApplied", "Nothing was changed; a running tenant keeps its last good state."),
            ready: blamed,
        },
        FailedStep::Apply => {
            Verdicts { accepted: accepted(), resolved: resolved(), programmed: blamed.clone(), ready: blamed }
        }
    }
}

fn judged(applied: &Applied<'_>) -> Verdicts {
    let programmed = programmed(applied);
    Verdicts { accepted: accepted(), resolved: resolved(), ready: ready(applied, &programmed), programmed }
}

fn accepted() -> Verdict {
    Verdict::yes("Accepted", "The document is valid.")
}

fn resolved() -> Verdict {
    Verdict::yes("ResolvedRefs", "Everything the document refers to is there.")
}

/// Every pod that runs serves the wanted document and secrets, and there is one.
fn programmed(applied: &Applied<'_>) -> Verdict {
    let Applied { project, pods, .. } = applied;
    if project.project.deployment.suspend {
        return Verdict::no("Suspended", "spec.suspend is true: no pod runs, everything is kept.");
    }
    let refusing = pods.iter().find_map(|pod| match &pod.answer {
        Answer::Refuses(reason) => Some(format!("Pod {} keeps its last good state: {reason}", pod.name)),
        _ => None,
    });
    if let Some(message) = refusing {
        return Verdict::no("DocumentRefused", message);
    }
    for pod in *pods {
        let lacks = match pod.answer {
            Answer::Lags => "does not serve the newest document and secrets yet",
            Answer::Loads => "has not loaded the project yet",
            Answer::Silent if pod.running => "runs but does not say what it serves",
            Answer::Silent | Answer::Serves | Answer::Refuses(_) => continue,
        };
        return Verdict::no(WAITING, format!("Pod {} {lacks}.", pod.name));
    }
    let serving = pods.iter().filter(|pod| pod.answer == Answer::Serves).count();
    if serving == 0 {
        return Verdict::no(WAITING, troubled("No pod runs yet.", pods));
    }
    let mut message = format!("{serving} of {} pods serve revision {}.", pods.len(), project.document_revision);
    if let Some(count @ 1..) = stranded(pods) {
        message += &format!(" {count} passkeys and security keys of another relying party cannot be used.");
    }
    Verdict::yes("Programmed", message)
}

fn ready(applied: &Applied<'_>, programmed: &Verdict) -> Verdict {
    let Applied { project, pods, rollout } = applied;
    if programmed.has_reason("Suspended") || programmed.has_reason("DocumentRefused") {
        return programmed.clone();
    }
    if let Some(failure) = &rollout.failure {
        return Verdict::no("RolloutFailed", troubled(failure, pods));
    }
    if !programmed.is_true() {
        return programmed.clone();
    }
    if !rollout.available || !pods.iter().any(|pod| pod.ready) {
        let ready = pods.iter().filter(|pod| pod.ready).count();
        return Verdict::no(WAITING, troubled(&format!("{ready} of {} pods are ready.", pods.len()), pods));
    }
    Verdict::yes(
        "Ready",
        format!("The tenant answers at {}.", project.project.public_url.origin().ascii_serialization()),
    )
}

/// Reason while pods need time.
pub(crate) const WAITING: &str = "WaitingForPods";

fn troubled(text: &str, pods: &[PodReport]) -> String {
    let trouble = pods.iter().find_map(|pod| Some(format!("Pod {}: {}", pod.name, pod.trouble.as_ref()?)));
    [Some(text.to_owned()), trouble].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
