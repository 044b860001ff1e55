//! What the operator sees of the cluster without asking: projects, the objects it made, and its pods. Secrets are not in it.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::{
    ResourceExt,
    core::{ApiResource, DynamicObject},
    runtime::reflector::{ObjectRef, Store},
};

use crate::{
    labels::{PROJECT, project_label},
    resource,
    validate::Identity,
};

/// The stores of one scope: the whole cluster or one namespace.
#[derive(Clone)]
pub(crate) struct Scope {
    /// `None`: all namespaces.
    pub(crate) namespace: Option<String>,
    pub(crate) projects: Store<DynamicObject>,
    pub(crate) pods: Store<Pod>,
    pub(crate) objects: Vec<(ApiResource, Store<DynamicObject>)>,
}

/// The stores of all scopes.
pub(crate) struct Caches {
    pub(crate) scopes: Vec<Scope>,
}

impl Caches {
    /// Until every store was filled once. A look before that would take what it does not see for missing.
    pub(crate) async fn synced(&self) {
        for scope in &self.scopes {
            scope.synced(|_| {}).await;
        }
    }

    /// Every project this operator is responsible for.
    pub(crate) fn projects(&self) -> impl Iterator<Item = Arc<DynamicObject>> {
        self.scopes.iter().flat_map(|scope| scope.projects.state())
    }

    /// One of our objects.
    pub(crate) fn live(&self, resource: &ApiResource, namespace: &str, name: &str) -> Option<Arc<DynamicObject>> {
        let (resource, store) = self.scope(namespace)?.objects.iter().find(|(kind, _)| kind == resource)?;
        store.get(&ObjectRef::new_with(name, resource.clone()).within(namespace))
    }

    /// Everything that goes with `owner`: labelled and owned by exactly this incarnation of the project.
    pub(crate) fn owned(&self, owner: &Identity) -> Vec<(ApiResource, Arc<DynamicObject>)> {
        let label = project_label(&owner.name);
        let is_owned = |object: &DynamicObject| {
            object.namespace().as_deref() == Some(&owner.namespace)
                && object.labels().get(PROJECT) == Some(&label)
                && object.owner_references().iter().any(|reference| reference.uid == owner.uid)
        };
        let Some(scope) = self.scope(&owner.namespace) else { return Vec::new() };
        let kinds = scope.objects.iter().filter(|(kind, _)| !resource::is_data(kind));
        kinds
            .flat_map(|(kind, store)| store.state_filter(is_owned).into_iter().map(|object| (kind.clone(), object)))
            .collect()
    }

    /// The project's pods that are not on their way out.
    pub(crate) fn pods(&self, namespace: &str, project: &str) -> Vec<Arc<Pod>> {
        let label = project_label(project);
        let Some(scope) = self.scope(namespace) else { return Vec::new() };
        scope.pods.state_filter(|pod| {
            pod.namespace().as_deref() == Some(namespace)
                && pod.labels().get(PROJECT) == Some(&label)
                && pod.metadata.deletion_timestamp.is_none()
        })
    }

    fn scope(&self, namespace: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.namespace.as_deref().is_none_or(|only| only == namespace))
    }
}

impl Scope {
    /// What [`Scope::synced`] waits for, in words.
    pub(crate) fn parts(&self) -> Vec<String> {
        let kinds = self.objects.iter().map(|(kind, _)| kind.plural.as_str());
        ["hankoprojects", "pods"].into_iter().chain(kinds).map(|kind| self.part(kind)).collect()
    }

    fn part(&self, kind: &str) -> String {
        match &self.namespace {
            Some(namespace) => format!("watch of {kind} in {namespace}"),
            None => format!("watch of {kind}"),
        }
    }

    /// Until every store was filled once; tells each part that is. A store whose watch was dropped counts as filled.
    pub(crate) async fn synced(&self, arrived: impl Fn(&str)) {
        let _ = self.projects.wait_until_ready().await;
        arrived(&self.part("hankoprojects"));
        let _ = self.pods.wait_until_ready().await;
        arrived(&self.part("pods"));
        for (kind, store) in &self.objects {
            let _ = store.wait_until_ready().await;
            arrived(&self.part(&kind.plural));
        }
    }

    /// The project an object belongs to, by its label.
    pub(crate) fn project_of(&self, namespace: &str, label: &str) -> Option<Arc<DynamicObject>> {
        let resource = resource::project();
        self.projects.get(&ObjectRef::new_with(label, resource).within(namespace)).or_else(|| {
            self.projects.find(|project| {
                project.namespace().as_deref() == Some(namespace) && project_label(&project.name_any()) == label
            })
        })
    }
}
