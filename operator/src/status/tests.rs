//! Every outcome has four conditions with reasons.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::*;
use crate::validate::tests::validated;

const SPEC: &str = "{hosts: [auth.acme.example]}";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn pod(ready: bool, answer: Answer) -> PodReport {
    PodReport { name: "acme-1".into(), ready, running: true, answer, stranded: None, trouble: None }
}

fn applied(
    spec: &str,
    pods: &[PodReport],
    rollout: &Rollout,
    before: &HankoProjectStatus,
    second: i64,
) -> HankoProjectStatus {
    let project = validated(spec);
    status(before, Some(3), &Outcome::Applied(Applied { project: &project, pods, rollout }), at(second))
}

fn first(pods: &[PodReport], rollout: &Rollout) -> HankoProjectStatus {
    applied(SPEC, pods, rollout, &HankoProjectStatus::default(), 1)
}

fn available() -> Rollout {
    Rollout { available: true, failure: None }
}

fn condition<'a>(status: &'a HankoProjectStatus, name: &str) -> &'a Condition {
    status.conditions.iter().find(|condition| condition.type_ == name).unwrap()
}

fn summary(status: &HankoProjectStatus) -> Vec<String> {
    status.conditions.iter().map(|c| format!("{}={} {}", c.type_, c.status, c.reason)).collect()
}

#[test]
fn a_served_project_is_ready_and_says_where() {
    let status = first(&[pod(true, Answer::Serves)], &available());
    assert_eq!(
        summary(&status),
        ["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=True Programmed", "Ready=True Ready"]
    );
    assert!(condition(&status, "Ready").message.contains("https://auth.acme.example"));
    assert!(status.conditions.iter().all(|condition| condition.observed_generation == Some(3)));
    assert_eq!((status.observed_generation, status.replicas, status.ready_replicas), (Some(3), Some(1), Some(1)));
    assert_eq!(status.hosts, ["auth.acme.example"]);
    assert!(status.tenant_id.is_some() && status.secrets_revision.is_some());
    assert_eq!(status.admin_key_secret.as_deref(), Some("acme-admin-key"));
}

#[test]
fn a_generated_key_that_is_no_longer_wanted_is_no_longer_named() {
    let before = first(&[pod(true, Answer::Serves)], &available());
    let spec = "{hosts: [auth.acme.example], adminApi: {generatedKey: {enabled: false}}}";
    let status = applied(spec, &[pod(true, Answer::Serves)], &available(), &before, 2);
    assert_eq!(status.admin_key_secret, None);
}

#[test]
fn one_running_pod_that_lags_or_is_silent_is_enough_to_wait() {
    for (ready, answer) in [(true, Answer::Lags), (true, Answer::Silent), (false, Answer::Silent)] {
        let status = first(&[pod(true, Answer::Serves), pod(ready, answer)], &available());
        assert_eq!(condition(&status, "Programmed").reason, "WaitingForPods");
        assert_eq!(condition(&status, "Ready").status, "False");
        assert_eq!(status.secrets_revision, None);
    }
}

#[test]
fn a_pod_that_does_not_run_is_not_waited_for() {
    let starting = PodReport { running: false, ..pod(false, Answer::Silent) };
    let status = first(&[pod(true, Answer::Serves), starting.clone()], &available());
    assert_eq!(condition(&status, "Ready").status, "True");
    for pods in [&[][..], &[starting]] {
        assert_eq!(condition(&first(pods, &available()), "Programmed").reason, "WaitingForPods");
    }
}

#[test]
fn a_project_whose_pods_serve_but_are_not_ready_is_programmed_and_not_ready() {
    let status = first(&[pod(false, Answer::Serves)], &Rollout::default());
    assert_eq!(condition(&status, "Programmed").status, "True");
    assert_eq!(condition(&status, "Ready").reason, "WaitingForPods");
}

#[test]
fn a_refused_document_says_what_the_pod_said() {
    let status = first(&[pod(true, Answer::Refuses("spec.mail: no".into()))], &available());
    for name in ["Programmed", "Ready"] {
        assert_eq!(condition(&status, name).reason, "DocumentRefused");
        assert!(condition(&status, name).message.contains("spec.mail: no"));
    }
}

#[test]
fn credentials_of_another_relying_party_are_told_once_and_counted_as_long_as_they_are_there() {
    let pod = |stranded| PodReport { stranded, ..pod(true, Answer::Serves) };
    let look = |before: &HankoProjectStatus, pods: &[PodReport]| applied(SPEC, pods, &available(), before, 2);
    let before = first(&[pod(Some(0))], &available());
    assert_eq!((before.stranded_credentials, stranding(&HankoProjectStatus::default(), &before)), (Some(0), None));
    let lost = look(&before, &[pod(Some(3)), pod(None)]);
    assert_eq!(lost.stranded_credentials, Some(3));
    assert!(condition(&lost, "Programmed").message.contains("3 passkeys and security keys of another relying party"));
    let told = stranding(&before, &lost).unwrap();
    assert!(told.warning && told.message.starts_with("3 passkeys and security keys"), "{told:?}");

    let fewer = look(&lost, &[pod(Some(2))]);
    assert_eq!((fewer.stranded_credentials, stranding(&lost, &fewer)), (Some(2), None));
    let silent = look(&fewer, &[pod(None), PodReport { answer: Answer::Lags, ..pod(Some(9)) }]);
    assert_eq!(silent.stranded_credentials, Some(2), "who does not serve the document does not count");
}

#[test]
fn a_failed_rollout_is_not_ready_though_old_pods_serve() {
    let rollout = Rollout { available: true, failure: Some("timed out".into()) };
    let broken = PodReport { running: false, trouble: Some("ErrImagePull: x".into()), ..pod(false, Answer::Silent) };
    let status = first(&[pod(true, Answer::Serves), broken], &rollout);
    let ready = condition(&status, "Ready");
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "RolloutFailed"));
    assert!(ready.message.contains("ErrImagePull"), "{}", ready.message);
}

#[test]
fn a_suspended_project_says_so() {
    let before = HankoProjectStatus::default();
    let status = applied("{hosts: [auth.acme.example], suspend: true}", &[], &Rollout::default(), &before, 1);
    assert_eq!(condition(&status, "Ready").reason, "Suspended");
    assert!(!transition(&before, &status).unwrap().warning);
}

#[test]
fn a_refusal_keeps_what_the_tenant_still_serves() {
    let before = first(&[pod(true, Answer::Serves)], &available());
    let refusal = Refusal::Invalid("spec.hosts: bad".into());
    let status = status(&before, Some(4), &Outcome::Refused(&refusal), at(2));
    assert_eq!(
        summary(&status),
        [
            "Accepted=False Invalid",
            "ResolvedRefs=Unknown NotAccepted",
            "Programmed=False NotApplied",
            "Ready=False Invalid"
        ]
    );
    assert_eq!((&status.hosts, &status.document_revision), (&before.hosts, &before.document_revision));
    assert_eq!(status.observed_generation, Some(4));
}

#[test]
fn a_missing_secret_leaves_the_document_accepted() {
    let refusal = Refusal::SecretMissing("acme-db".into());
    let status = status(&HankoProjectStatus::default(), Some(1), &Outcome::Refused(&refusal), at(1));
    assert_eq!(
        summary(&status),
        [
            "Accepted=True Accepted",
            "ResolvedRefs=False SecretMissing",
            "Programmed=False NotApplied",
            "Ready=False SecretMissing"
        ]
    );
}

#[test]
fn an_object_that_cannot_be_written_is_named() {
    let failure =
        Failure { step: FailedStep::Apply, reason: "NameTaken", message: "Service acme-public exists".into() };
    let status = status(&HankoProjectStatus::default(), Some(1), &Outcome::Failed(failure), at(1));
    assert_eq!(condition(&status, "Programmed").reason, "NameTaken");
    assert_eq!(condition(&status, "Ready").message, "Service acme-public exists");
}

#[test]
fn an_unchanged_outcome_is_an_unchanged_status() {
    let before = first(&[pod(true, Answer::Serves)], &available());
    assert_eq!(applied(SPEC, &[pod(true, Answer::Serves)], &available(), &before, 99), before);
}

#[test]
fn the_time_of_transition_moves_only_with_the_status() {
    let before = first(&[pod(true, Answer::Lags)], &available());
    let refused = applied(SPEC, &[pod(true, Answer::Refuses("x".into()))], &available(), &before, 2);
    assert_eq!(condition(&refused, "Ready").last_transition_time.0, at(1));
    let ready = applied(SPEC, &[pod(true, Answer::Serves)], &available(), &refused, 3);
    assert_eq!(condition(&ready, "Ready").last_transition_time.0, at(3));
    assert_eq!(condition(&ready, "Accepted").last_transition_time.0, at(1));
}

#[test]
fn events_tell_of_failures_and_recovery_but_not_of_waiting() {
    let nothing = HankoProjectStatus::default();
    let waiting = first(&[], &Rollout::default());
    assert_eq!(transition(&nothing, &waiting), None);
    let ready = first(&[pod(true, Answer::Serves)], &available());
    assert_eq!(transition(&waiting, &ready).map(|t| (t.warning, t.reason)), Some((false, "Ready".to_owned())));
    assert_eq!(transition(&ready, &ready), None);
    let refusal = Refusal::SecretMissing("acme-db".into());
    let missing = status(&ready, Some(3), &Outcome::Refused(&refusal), at(2));
    assert!(transition(&ready, &missing).unwrap().warning);
}

#[test]
fn a_long_message_is_cut_to_fit_an_event() {
    let refusal = Refusal::Invalid("ü".repeat(2000));
    let status = status(&HankoProjectStatus::default(), Some(1), &Outcome::Refused(&refusal), at(1));
    assert!(condition(&status, "Ready").message.len() < 1024);
}
