//! The tenant's pods. Passes the restricted Pod Security profile.

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        core::v1::{
            Capabilities, Container, ContainerPort, HTTPGetAction, Lifecycle, LifecycleHandler, PodSecurityContext,
            PodSpec, PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecurityContext, SleepAction,
            TopologySpreadConstraint,
        },
    },
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};

use super::{
    ADMIN_PORT, PUBLIC_PORT, annotations, may_be_many, on_a_claim, owned, port, replicas,
    volumes::{DATA_DIR, PROJECT_DIR, SECRETS_DIR, volumes},
};
use crate::{
    labels::{MASTER_KEY, RESTART, labels, selector},
    validate::ValidatedProject,
};

/// The user and group of the image.
const USER: i64 = 65532;

pub(super) fn deployment(project: &ValidatedProject) -> Deployment {
    Deployment {
        metadata: ObjectMeta {
            annotations: Some(annotations([(MASTER_KEY, &project.master_key_id)])),
            ..owned(project, &project.names.runtime)
        },
        spec: Some(DeploymentSpec {
            replicas: replicas(project),
            revision_history_limit: Some(2),
            progress_deadline_seconds: Some(120),
            selector: LabelSelector { match_labels: Some(selector(&project.label)), match_expressions: None },
            strategy: Some(strategy(project)),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels(&project.label)),
                    annotations: Some(annotations([(RESTART, &project.restart_revision)])),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod(project)),
            },
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

/// Two processes must never open one SQLite file; everybody else always has as many pods as before.
fn strategy(project: &ValidatedProject) -> DeploymentStrategy {
    if on_a_claim(project) {
        return DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None };
    }
    DeploymentStrategy {
        type_: Some("RollingUpdate".to_owned()),
        rolling_update: Some(RollingUpdateDeployment {
            max_unavailable: Some(IntOrString::Int(0)),
            max_surge: Some(IntOrString::Int(1)),
        }),
    }
}

fn pod(project: &ValidatedProject) -> PodSpec {
    let (volumes, mounts) = volumes(project);
    PodSpec {
        service_account_name: Some(project.names.runtime.clone()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(30),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
            ..PodSecurityContext::default()
        }),
        topology_spread_constraints: may_be_many(project)
            .then(|| ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map(|key| spread(project, key)).into()),
        containers: vec![Container { volume_mounts: Some(mounts), ..container(project) }],
        volumes: Some(volumes),
        ..PodSpec::default()
    }
}

fn container(project: &ValidatedProject) -> Container {
    Container {
        name: "runtime".to_owned(),
        image: Some(project.installation.runtime_image.clone()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        args: Some(arguments()),
        ports: Some(vec![container_port("public", PUBLIC_PORT), container_port("admin", ADMIN_PORT)]),
        startup_probe: Some(Probe { period_seconds: Some(1), failure_threshold: Some(60), ..probe("/livez") }),
        liveness_probe: Some(Probe { period_seconds: Some(10), failure_threshold: Some(3), ..probe("/livez") }),
        readiness_probe: Some(Probe { period_seconds: Some(5), failure_threshold: Some(2), ..probe("/readyz") }),
        // Proxies learn of the end before the listener closes; Recreate has nobody to take over anyway.
        lifecycle: (!on_a_claim(project)).then(|| Lifecycle {
            pre_stop: Some(LifecycleHandler { sleep: Some(SleepAction { seconds: 3 }), ..LifecycleHandler::default() }),
            ..Lifecycle::default()
        }),
        resources: Some(resources(project)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            ..SecurityContext::default()
        }),
        ..Container::default()
    }
}

fn arguments() -> Vec<String> {
    let (public, admin) = (format!("0.0.0.0:{PUBLIC_PORT}"), format!("0.0.0.0:{ADMIN_PORT}"));
    [
        "serve",
        PROJECT_DIR,
        "--secrets-dir",
        SECRETS_DIR,
        "--data-dir",
        DATA_DIR,
        "--public-address",
        &public,
        "--admin-address",
        &admin,
        "--log-format",
        "json",
    ]
    .map(str::to_owned)
    .into()
}

fn container_port(name: &str, number: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

fn probe(path: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction { path: Some(path.to_owned()), port: port("admin"), ..HTTPGetAction::default() }),
        timeout_seconds: Some(2),
        ..Probe::default()
    }
}

fn resources(project: &ValidatedProject) -> ResourceRequirements {
    let quantities = |map: &std::collections::BTreeMap<String, String>| {
        Some(map.iter().map(|(name, amount)| (name.clone(), Quantity(amount.clone()))).collect())
    };
    let deployment = &project.project.deployment;
    ResourceRequirements {
        requests: quantities(&deployment.requests),
        limits: quantities(&deployment.limits),
        ..ResourceRequirements::default()
    }
}

fn spread(project: &ValidatedProject, key: &str) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: key.to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(LabelSelector { match_labels: Some(selector(&project.label)), match_expressions: None }),
        ..TopologySpreadConstraint::default()
    }
}
