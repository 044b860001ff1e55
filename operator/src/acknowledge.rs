//! Asks every pod what it really serves (`/-/revision` on the admin port), and touches the pods that lag behind, so that the
//! kubelet syncs their mounts at once.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use serde::Deserialize;
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};

use hanko_model::render::SYNC_ANNOTATION;

use crate::{apply::Writer, build::ADMIN_PORT, labels::MANAGER};

/// A pod that answers later than this does not answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pods asked at once.
const AT_ONCE: usize = 8;
/// An answer is a few hundred bytes per tenant.
const LONGEST_ANSWER: usize = 1 << 20;

/// The revisions every pod should serve.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) namespace: String,
    pub(crate) project: String,
    pub(crate) document: String,
    pub(crate) secrets: String,
}

/// What one pod says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// Both wanted revisions.
    Serves,
    /// It serves older ones.
    Lags,
    /// It has not loaded the project yet.
    Loads,
    /// It does not accept the wanted document or its secrets.
    Refuses(String),
    /// No answer.
    Silent,
}

/// A pod and what became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PodReport {
    pub(crate) name: String,
    /// Receives traffic.
    pub(crate) ready: bool,
    /// Its container has started and not ended, so it can answer.
    pub(crate) running: bool,
    pub(crate) answer: Answer,
    /// Credentials of other RP IDs than the one it serves; `None` when it does not say.
    pub(crate) stranded: Option<u64>,
    /// Why its container does not run, in the kubelet's words.
    pub(crate) trouble: Option<String>,
}

/// Asks all pods, and touches those that lag.
pub(crate) async fn acknowledge(writer: &Writer, pods: &[Arc<Pod>], wanted: &Wanted) -> Vec<PodReport> {
    let reports = stream::iter(pods).map(async |pod| {
        let (answer, stranded) = match pod_address(pod) {
            Some(address) => ask(&address, wanted).await,
            None => (Answer::Silent, None),
        };
        // A refusal may be of secrets that have been corrected meanwhile.
        if matches!(answer, Answer::Lags | Answer::Refuses(_)) {
            touch(writer, pod, wanted).await;
        }
        PodReport {
            name: pod.name_any(),
            ready: is_ready(pod),
            running: is_running(pod),
            answer,
            stranded,
            trouble: trouble(pod),
        }
    });
    let mut reports: Vec<_> = reports.buffer_unordered(AT_ONCE).collect().await;
    reports.sort_by(|a, b| a.name.cmp(&b.name));
    reports
}

fn pod_address(pod: &Pod) -> Option<String> {
    let ip = pod.status.as_ref()?.pod_ip.as_ref()?;
    Some(if ip.contains(':') { format!("[{ip}]:{ADMIN_PORT}") } else { format!("{ip}:{ADMIN_PORT}") })
}

async fn ask(address: &str, wanted: &Wanted) -> (Answer, Option<u64>) {
    match timeout(PATIENCE, fetch(address)).await {
        Ok(Ok(revision)) => (revision.answer(wanted), revision.stranded(wanted)),
        Ok(Err(error)) => {
            tracing::debug!(%address, %error, "a pod does not answer");
            (Answer::Silent, None)
        }
        Err(_) => (Answer::Silent, None),
    }
}

async fn fetch(address: &str) -> Result<Revision, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends by itself when `sender` is dropped.
    tokio::spawn(connection);
    let request = Request::get("/-/revision").header(header::HOST, address).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        return Err(format!("status {}", response.status()).into());
    }
    let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await?.to_bytes();
    Ok(serde_json::from_slice(&body)?)
}

/// The answer of `/-/revision`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Revision {
    #[serde(default)]
    tenants: Vec<Served>,
    #[serde(default)]
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Served {
    namespace: String,
    name: String,
    document_revision: String,
    secrets_revision: String,
    stranded_credentials: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    namespace: String,
    name: String,
    #[serde(default)]
    document_revision: String,
    reason: String,
}

impl Revision {
    fn served(&self, wanted: &Wanted) -> Option<&Served> {
        self.tenants.iter().find(|t| t.namespace == wanted.namespace && t.name == wanted.project)
    }

    fn stranded(&self, wanted: &Wanted) -> Option<u64> {
        self.served(wanted)?.stranded_credentials
    }

    fn answer(&self, wanted: &Wanted) -> Answer {
        let served = self.served(wanted);
        if served.is_some_and(|t| t.document_revision == wanted.document && t.secrets_revision == wanted.secrets) {
            return Answer::Serves;
        }
        let refused = self.refused.iter().find(|t| t.namespace == wanted.namespace && t.name == wanted.project);
        match (served, refused) {
            (_, Some(refused)) if refused.document_revision == wanted.document => {
                Answer::Refuses(refused.reason.clone())
            }
            (None, None) => Answer::Loads,
            _ => Answer::Lags,
        }
    }
}

/// How often one change touches a pod: the kubelet may look before it has heard of the change, and later it looks by itself.
const TOUCHES: u32 = 4;

/// The value of the annotation that touches the pod (again); `None` when that was done often enough.
fn next_touch(current: Option<&str>, wanted: &Wanted) -> Option<String> {
    let revision = format!("{}-{}", wanted.document, wanted.secrets);
    let done = match current.and_then(|current| current.strip_prefix(&revision)) {
        None => 0,
        Some("") => 1,
        Some(again) => again.strip_prefix('.').and_then(|n| n.parse().ok()).unwrap_or(TOUCHES),
    };
    match done {
        0 => Some(revision),
        n if n < TOUCHES => Some(format!("{revision}.{}", n + 1)),
        _ => None,
    }
}

async fn touch(writer: &Writer, pod: &Pod, wanted: &Wanted) {
    let current = pod.annotations().get(SYNC_ANNOTATION).map(String::as_str);
    let Some(value) = next_touch(current, wanted) else { return };
    let api = Api::<Pod>::namespaced(writer.client.clone(), &wanted.namespace);
    let patch = json!({"metadata": {"annotations": {SYNC_ANNOTATION: value}}});
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    match api.patch_metadata(&pod.name_any(), &params, &Patch::Merge(patch)).await {
        Ok(_) => writer.metrics.wrote("Pod", "patch"),
        // The kubelet syncs by itself within a minute or so.
        Err(error) => tracing::warn!(pod = %pod.name_any(), %error, "cannot touch the pod"),
    }
}

fn is_running(pod: &Pod) -> bool {
    let mut containers = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    containers.any(|container| {
        container.started == Some(true) && container.state.as_ref().is_some_and(|state| state.running.is_some())
    })
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Why the pod does not run, as far as the kubelet or the scheduler say so.
fn trouble(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let say = |reason: &Option<String>, message: &Option<String>| {
        let parts: Vec<_> = [reason, message].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(": "))
    };
    let waiting = status.container_statuses.iter().flatten().find_map(|container| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        let usual = matches!(waiting.reason.as_deref(), Some("ContainerCreating" | "PodInitializing"));
        if usual { None } else { say(&waiting.reason, &waiting.message) }
    });
    waiting.or_else(|| {
        let unscheduled = status.conditions.iter().flatten();
        unscheduled
            .filter(|condition| condition.type_ == "PodScheduled" && condition.status == "False")
            .find_map(|condition| say(&condition.reason, &condition.message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted { namespace: "tenants".into(), project: "acme".into(), document: "d2".into(), secrets: "s1".into() }
    }

    fn answer(text: &str) -> Answer {
        serde_json::from_str::<Revision>(text).unwrap().answer(&wanted())
    }

    #[test]
    fn a_pod_serves_only_with_both_revisions_of_this_project() {
        let served = |name: &str, document: &str, secrets: &str| {
            answer(&format!(
                r#"{{"version":"0.1.0","tenants":[{{"namespace":"tenants","name":"{name}","tenantId":"x",
                    "documentRevision":"{document}","secretsRevision":"{secrets}"}}],"refused":[]}}"#
            ))
        };
        assert_eq!(served("acme", "d2", "s1"), Answer::Serves);
        assert_eq!(served("acme", "d1", "s1"), Answer::Lags);
        assert_eq!(served("acme", "d2", "s0"), Answer::Lags);
        assert_eq!(served("other", "d2", "s1"), Answer::Loads);
    }

    #[test]
    fn a_pod_says_how_many_credentials_of_this_project_are_stranded() {
        let stranded = |name: &str, more: &str| {
            let text = format!(
                r#"{{"tenants":[{{"namespace":"tenants","name":"{name}","documentRevision":"d2","secretsRevision":"s1"{more}}}]}}"#
            );
            serde_json::from_str::<Revision>(&text).unwrap().stranded(&wanted())
        };
        assert_eq!(stranded("acme", r#","strandedCredentials":3"#), Some(3));
        assert_eq!(stranded("acme", ""), None, "an older runtime, or its database does not answer");
        assert_eq!(stranded("other", r#","strandedCredentials":3"#), None);
    }

    #[test]
    fn a_refusal_counts_only_for_the_wanted_document() {
        let refused = |revision: &str| {
            answer(&format!(
                r#"{{"tenants":[],"refused":[{{"namespace":"tenants","name":"acme","documentRevision":"{revision}",
                    "reason":"spec.x: no"}}]}}"#
            ))
        };
        assert_eq!(refused("d2"), Answer::Refuses("spec.x: no".into()));
        assert_eq!(refused("d1"), Answer::Lags);
    }

    #[test]
    fn a_pod_that_lags_is_touched_a_few_times_for_each_change() {
        let (mut current, mut touches) = (Some("d1-s1.4".to_owned()), Vec::new());
        while let Some(next) = next_touch(current.as_deref(), &wanted()) {
            touches.push(next.clone());
            current = Some(next);
        }
        assert_eq!(touches, ["d2-s1", "d2-s1.2", "d2-s1.3", "d2-s1.4"]);
    }

    #[test]
    fn the_kubelets_reason_is_told_but_not_that_a_container_is_being_made() {
        let pod = |reason: &str| -> Pod {
            serde_json::from_value(json!({"metadata": {}, "status": {"containerStatuses": [{
                "name": "runtime", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": reason, "message": "no such image"}}}]}}))
            .unwrap()
        };
        assert_eq!(trouble(&pod("ErrImagePull")).as_deref(), Some("ErrImagePull: no such image"));
        assert_eq!(trouble(&pod("ContainerCreating")), None);
    }

    #[test]
    fn a_pod_runs_from_its_start_to_its_end() {
        let pod = |started: bool, state: &str| -> Pod {
            serde_json::from_value(json!({"metadata": {}, "status": {"containerStatuses": [{
                "name": "runtime", "image": "", "imageID": "", "ready": false, "restartCount": 0, "started": started,
                "state": {state: {"exitCode": 1}}}]}}))
            .unwrap()
        };
        assert!(is_running(&pod(true, "running")));
        assert!(!is_running(&pod(false, "running")));
        assert!(!is_running(&pod(true, "terminated")));
    }

    #[tokio::test]
    async fn a_real_answer_is_read_over_http_and_a_closed_port_is_silence() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let body =
            r#"{"tenants":[{"namespace":"tenants","name":"acme","documentRevision":"d2","secretsRevision":"s1"}]}"#;
        let app = axum::Router::new().route("/-/revision", axum::routing::get(async move || body));
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        assert_eq!(ask(&address, &wanted()).await, (Answer::Serves, None));
        server.abort();
        let _ = server.await;
        assert_eq!(ask(&address, &wanted()).await, (Answer::Silent, None));
    }
}
