//! Step 3: from a [`ValidatedProject`] to every object it becomes. Pure: no client, no clock, nothing that can fail.
//!
//! One file per kind. Golden files beside them (`golden/`) show whole projects; `UPDATE_GOLDEN=1` writes them anew.

mod admin_key;
mod claim;
mod config_map;
mod deployment;
mod ingress;
mod key_secret;
mod network_policy;
mod pod_disruption_budget;
mod service_account;
mod services;
mod volumes;

use std::collections::BTreeMap;

use hanko_model::project::Database;
use k8s_openapi::{
    api::core::v1::Secret,
    apimachinery::pkg::{
        apis::meta::v1::{ObjectMeta, OwnerReference},
        util::intstr::IntOrString,
    },
};
use kube::{Resource, core::ApiResource};
use serde::Serialize;
use serde_json::Value;

pub(crate) use admin_key::AdminKey;

use crate::{labels::labels, resource, validate::ValidatedProject};

/// Port of the public API.
pub(crate) const PUBLIC_PORT: i32 = 8000;
/// Port of the Admin API, the probes and `/-/revision`.
pub(crate) const ADMIN_PORT: i32 = 8001;

/// One object as it should be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Desired {
    pub(crate) resource: ApiResource,
    pub(crate) name: String,
    pub(crate) value: Value,
}

/// Everything a project becomes.
pub(crate) struct Objects {
    /// The Secret with the first master key; created, never applied, so that none is ever overwritten.
    pub(crate) key_secret: Option<Secret>,
    /// What happens to the Secret with the generated key of the Admin API.
    pub(crate) admin_key: AdminKey,
    /// In the order of application.
    pub(crate) applied: Vec<Desired>,
}

/// The whole desired state.
pub(crate) fn build(project: &ValidatedProject) -> Objects {
    let mut applied =
        vec![desired(&service_account::service_account(project)), desired(&config_map::config_map(project))];
    if on_a_claim(project) {
        applied.push(desired(&claim::claim(project)));
    }
    applied.extend([
        desired(&network_policy::network_policy(project)),
        desired(&services::public(project)),
        desired(&services::admin(project)),
        desired(&deployment::deployment(project)),
    ]);
    applied.extend(pod_disruption_budget::pod_disruption_budget(project).as_ref().map(desired));
    applied.extend(ingress::ingress(project).as_ref().map(desired));
    Objects { key_secret: key_secret::key_secret(project), admin_key: admin_key::admin_key(project), applied }
}

/// Serialisation of these types cannot fail: their keys are strings and they hold no foreign `Serialize`.
fn desired<K: Resource<DynamicType = ()> + Serialize>(object: &K) -> Desired {
    Desired {
        resource: resource::of::<K>(),
        name: object.meta().name.clone().unwrap_or_default(),
        value: serde_json::to_value(object).unwrap_or_default(),
    }
}

/// Metadata of an object that goes with its project.
fn owned(project: &ValidatedProject, name: &str) -> ObjectMeta {
    let owner = OwnerReference {
        api_version: hanko_model::document::API_VERSION.to_owned(),
        kind: hanko_model::document::KIND.to_owned(),
        name: project.identity.name.clone(),
        uid: project.identity.uid.clone(),
        controller: Some(true),
        block_owner_deletion: None,
    };
    ObjectMeta { owner_references: Some(vec![owner]), ..kept(project, name) }
}

/// Metadata of an object that outlives its project: garbage collection can never take it.
fn kept(project: &ValidatedProject, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(project.identity.namespace.clone()),
        labels: Some(labels(&project.label)),
        ..ObjectMeta::default()
    }
}

fn annotations<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn port(name: &str) -> IntOrString {
    IntOrString::String(name.to_owned())
}

fn on_a_claim(project: &ValidatedProject) -> bool {
    matches!(project.project.database, Database::Sqlite { .. })
}

/// Number of pods; `None`: an autoscaler's to decide.
fn replicas(project: &ValidatedProject) -> Option<i32> {
    let deployment = &project.project.deployment;
    if deployment.suspend {
        Some(0)
    } else if on_a_claim(project) {
        Some(1)
    } else {
        deployment.replicas.map(|n| i32::try_from(n).unwrap_or(i32::MAX))
    }
}

/// Whether there may be more than one pod.
fn may_be_many(project: &ValidatedProject) -> bool {
    replicas(project).is_none_or(|n| n > 1)
}

#[cfg(test)]
mod tests;
