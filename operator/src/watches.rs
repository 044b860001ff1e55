//! From changes in the cluster to projects that deserve a look. Fills the caches on the way.

use std::{fmt::Debug, hash::Hash, pin::pin, sync::Arc};

use futures::{Stream, StreamExt, future::ready, stream};
use k8s_openapi::{
    NamespaceResourceScope,
    api::core::v1::{Pod, Secret},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    core::{ApiResource, DynamicObject, PartialObjectMeta},
    runtime::{
        WatchStreamExt,
        reflector::{ObjectRef, reflector, store::Writer},
        watcher,
    },
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    cache::Scope,
    labels::{PROJECT, managed},
    resource,
    validate::Names,
};

/// References to projects that deserve a look.
pub(crate) type Triggers = futures::channel::mpsc::UnboundedSender<ObjectRef<DynamicObject>>;

/// The watches of one scope, not yet started.
pub(crate) struct Watches {
    client: Client,
    scope: Scope,
    projects: Writer<DynamicObject>,
    pods: Writer<Pod>,
    objects: Vec<(ApiResource, Writer<DynamicObject>)>,
}

impl Watches {
    /// `namespace`: `None` for the whole cluster.
    pub(crate) fn new(client: Client, namespace: Option<String>) -> Self {
        let (projects, pods) = (Writer::new(resource::project()), Writer::new(()));
        let objects: Vec<_> = resource::all().into_iter().map(|kind| (kind.clone(), Writer::new(kind))).collect();
        let scope = Scope {
            namespace,
            projects: projects.as_reader(),
            pods: pods.as_reader(),
            objects: objects.iter().map(|(kind, writer)| (kind.clone(), writer.as_reader())).collect(),
        };
        Self { client, scope, projects, pods, objects }
    }

    /// What the watches fill.
    pub(crate) fn scope(&self) -> Scope {
        self.scope.clone()
    }

    /// Watches until dropped. Runs apart from the work queue, so that a full queue lets no cache grow old.
    pub(crate) async fn run(self, triggers: Triggers) {
        let Self { client, scope, projects, pods, objects } = self;
        let scope = Arc::new(scope);
        let namespace = scope.namespace.as_deref();
        let ours = watcher::Config::default().labels(&managed());
        let mut all = Vec::new();

        let kind = resource::project();
        let api = dynamic(&client, namespace, &kind);
        let changes = touched(reflected(projects, api, watcher::Config::default(), |_| {}), kind.plural.clone());
        all.push(changes.map(|project| vec![reference(&project)]).boxed());

        for (kind, writer) in objects {
            let api = dynamic(&client, namespace, &kind);
            let changes = touched(reflected(writer, api, ours.clone(), |_| {}), kind.plural.clone());
            let scope = Arc::clone(&scope);
            all.push(changes.map(move |object| of_label(&scope, &object)).boxed());
        }

        let api = typed::<Pod>(&client, namespace);
        let changes = touched(reflected(pods, api, ours, |pod| pod.spec = None), "pods".to_owned());
        let labelled = Arc::clone(&scope);
        all.push(changes.map(move |pod| of_label(&labelled, &pod)).boxed());

        // Metadata only: no value of a Secret is read here.
        let api = typed::<PartialObjectMeta<Secret>>(&client, namespace);
        let changes = touched(watcher(api, watcher::Config::default()).default_backoff(), "secrets".to_owned());
        let referring = Arc::clone(&scope);
        all.push(changes.map(move |secret| that_name(&referring, &secret)).boxed());

        let mut all = pin!(stream::select_all(all));
        while let Some(projects) = all.next().await {
            for project in projects {
                // Nobody listens only while everything is being dropped.
                let _ = triggers.unbounded_send(project);
            }
        }
    }
}

fn dynamic(client: &Client, namespace: Option<&str>, kind: &ApiResource) -> Api<DynamicObject> {
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, kind),
        None => Api::all_with(client.clone(), kind),
    }
}

fn typed<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// Fills `writer`; what nobody reads is dropped first.
fn reflected<K>(
    writer: Writer<K>,
    api: Api<K>,
    config: watcher::Config,
    drop_unread: impl Fn(&mut K) + Send + 'static,
) -> impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send
where
    K: Resource<DynamicType: Clone + Eq + Hash + Unpin> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let changes = watcher(api, config).default_backoff().modify(move |object: &mut K| {
        object.meta_mut().managed_fields = None;
        drop_unread(object);
    });
    reflector(writer, changes)
}

/// Objects made, changed or deleted. A failing watch is logged and tried again.
fn touched<K>(
    changes: impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send,
    what: String,
) -> impl Stream<Item = K> + Send
where
    K: Send,
{
    changes.touched_objects().filter_map(move |change| {
        ready(change.inspect_err(|error| tracing::warn!(watch = %what, %error, "a watch failed; trying again")).ok())
    })
}

fn of_label<K: ResourceExt>(scope: &Scope, object: &K) -> Vec<ObjectRef<DynamicObject>> {
    let (Some(namespace), Some(label)) = (object.namespace(), object.labels().get(PROJECT)) else { return Vec::new() };
    let project = scope.project_of(&namespace, label);
    project.iter().map(|project| reference(project)).collect()
}

/// The projects that name the Secret anywhere in their spec, or of which one of the Secrets is that we make.
fn that_name(scope: &Scope, secret: &PartialObjectMeta<Secret>) -> Vec<ObjectRef<DynamicObject>> {
    let (namespace, name) = (secret.namespace(), secret.name_any());
    let projects = scope.projects.state_filter(|project| {
        project.namespace() == namespace
            && (project.data.get("spec").is_some_and(|spec| mentions(spec, &name))
                || Names::of(&project.name_any()).are_of_secret(&name))
    });
    projects.iter().map(|project| reference(project)).collect()
}

fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        Value::Array(list) => list.iter().any(|value| mentions(value, text)),
        Value::Object(map) => map.values().any(|value| mentions(value, text)),
        _ => false,
    }
}

fn reference(project: &DynamicObject) -> ObjectRef<DynamicObject> {
    ObjectRef::from_obj_with(project, resource::project())
}

#[cfg(test)]
mod tests {
    use kube::runtime::watcher::Event;
    use serde_json::json;

    use super::*;
    use crate::labels::project_label;

    fn scope(names: &[&str]) -> Scope {
        let mut projects = Writer::new(resource::project());
        for name in names {
            let project = json!({
                "apiVersion": "hanko-operator.dev/v1alpha1", "kind": "HankoProject",
                "metadata": {"name": name, "namespace": "tenants"},
                "spec": {"database": {"postgres": {"urlRef": {"name": format!("{name}-db"), "key": "url"}}}},
            });
            projects.apply_watcher_event(&Event::Apply(serde_json::from_value(project).unwrap()));
        }
        Scope {
            namespace: None,
            projects: projects.as_reader(),
            pods: Writer::new(()).as_reader(),
            objects: Vec::new(),
        }
    }

    fn names(references: Vec<ObjectRef<DynamicObject>>) -> Vec<String> {
        references.into_iter().map(|reference| reference.name).collect()
    }

    fn secret(namespace: &str, name: &str) -> PartialObjectMeta<Secret> {
        serde_json::from_value(json!({"metadata": {"name": name, "namespace": namespace}})).unwrap()
    }

    #[test]
    fn a_changed_secret_wakes_exactly_the_projects_that_read_it() {
        let scope = scope(&["acme", "other"]);
        assert_eq!(names(that_name(&scope, &secret("tenants", "acme-db"))), ["acme"]);
        assert_eq!(names(that_name(&scope, &secret("tenants", "other-keys"))), ["other"]);
        assert_eq!(names(that_name(&scope, &secret("tenants", "acme-admin-key"))), ["acme"]);
        assert_eq!(names(that_name(&scope, &secret("elsewhere", "acme-db"))), [""; 0]);
        assert_eq!(names(that_name(&scope, &secret("tenants", "unrelated"))), [""; 0]);
    }

    #[test]
    fn an_object_wakes_its_project_even_when_the_name_is_longer_than_a_label() {
        let long = "p".repeat(80);
        let scope = scope(&["acme", &long]);
        for name in ["acme", &long] {
            let object: PartialObjectMeta<Secret> = serde_json::from_value(
                json!({"metadata": {"name": "x", "namespace": "tenants", "labels": {PROJECT: project_label(name)}}}),
            )
            .unwrap();
            assert_eq!(names(of_label(&scope, &object)), [name]);
        }
        assert_eq!(names(of_label(&scope, &secret("tenants", "x"))), [""; 0]);
    }
}
