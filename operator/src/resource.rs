//! The kinds of objects a project becomes.

use hanko_crds::HankoProject;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, PersistentVolumeClaim, Service, ServiceAccount},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};
use kube::{Resource, core::ApiResource};

/// The kind `K` as a value.
pub(crate) fn of<K: Resource<DynamicType = ()>>() -> ApiResource {
    ApiResource::erase::<K>(&())
}

/// The kind of a project. Projects are read untyped, so that one that this version cannot read hides no other.
pub(crate) fn project() -> ApiResource {
    of::<HankoProject>()
}

/// Every kind that is applied and watched, in the order of application: what a pod needs comes before the pods, what leads
/// to them after.
pub(crate) fn all() -> [ApiResource; 8] {
    [
        of::<ServiceAccount>(),
        of::<ConfigMap>(),
        of::<PersistentVolumeClaim>(),
        of::<NetworkPolicy>(),
        of::<Service>(),
        of::<Deployment>(),
        of::<PodDisruptionBudget>(),
        of::<Ingress>(),
    ]
}

/// Holds users' data: never owned, never collected, deleted only under `deletionPolicy: Delete`.
pub(crate) fn is_data(resource: &ApiResource) -> bool {
    *resource == of::<PersistentVolumeClaim>()
}
