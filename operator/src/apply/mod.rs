//! Step 4: makes the cluster what [`crate::build`] says, by server-side apply in a fixed order, then deletes owned orphans. What is
//! as it should be already is not written at all.

mod difference;
mod quantity;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
    core::{ApiResource, DynamicObject, PartialObjectMeta},
};
use serde_json::{Value, json};

use crate::{
    build::{AdminKey, Desired, Objects},
    cache::Caches,
    labels::{APPLIED, MANAGED_BY, MANAGER},
    metrics::Metrics,
    resource,
    validate::Identity,
};

/// What could not be done, told to the project's author.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The API server refused or did not answer.
    #[error("{kind} {name}: {}", explain(.source))]
    Api { kind: String, name: String, source: kube::Error },
    /// The name belongs to somebody else's object.
    #[error("{kind} {name} exists and is not managed by this operator; delete or rename it")]
    Foreign { kind: String, name: String },
}

impl Error {
    /// Whether the answer will be the same until somebody changes something.
    pub(crate) fn is_permanent(&self) -> bool {
        match self {
            Self::Foreign { .. } => true,
            Self::Api { source: kube::Error::Api(status), .. } => matches!(status.code, 400 | 403 | 404 | 422),
            Self::Api { .. } => false,
        }
    }

    /// Whether the namespace is being deleted, and so the project with it.
    pub(crate) fn is_of_ending_namespace(&self) -> bool {
        let Self::Api { source: kube::Error::Api(status), .. } = self else { return false };
        let causes = status.details.iter().flat_map(|details| &details.causes);
        causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating")
    }

    /// CamelCase reason for conditions.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Foreign { .. } => "NameTaken",
            Self::Api { source: kube::Error::Api(status), .. } if status.code == 403 => "Forbidden",
            Self::Api { .. } => "ApplyFailed",
        }
    }
}

/// The API server's own words where there are any.
pub(crate) fn explain(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

/// Writes objects.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) client: Client,
    pub(crate) metrics: Arc<Metrics>,
}

impl Writer {
    /// Makes everything so; stops at the first object that cannot be written.
    ///
    /// # Errors
    ///
    /// The object and what the API server said.
    pub(crate) async fn apply(&self, caches: &Caches, owner: &Identity, objects: &Objects) -> Result<(), Error> {
        if let Some(secret) = &objects.key_secret {
            self.create(owner, secret).await?;
        }
        self.keep_admin_key(owner, &objects.admin_key).await?;
        for desired in &objects.applied {
            self.apply_one(caches, owner, desired).await?;
        }
        for (resource, orphan) in caches.owned(owner) {
            if !objects.applied.iter().any(|d| d.resource == resource && d.name == orphan.name_any()) {
                self.delete(&resource, &orphan).await?;
            }
        }
        Ok(())
    }

    /// Never overwrites: if the Secret has appeared meanwhile, this fails and the next look reads it.
    async fn create(&self, owner: &Identity, secret: &Secret) -> Result<(), Error> {
        let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let created = Api::<Secret>::namespaced(self.client.clone(), &owner.namespace).create(&params, secret).await;
        created.map_err(|source| Error::Api { kind: "Secret".to_owned(), name: secret.name_any(), source })?;
        self.metrics.wrote("Secret", "create");
        Ok(())
    }

    async fn keep_admin_key(&self, owner: &Identity, admin_key: &AdminKey) -> Result<(), Error> {
        match admin_key {
            AdminKey::Keep => Ok(()),
            AdminKey::Create(secret) => self.create(owner, secret).await,
            AdminKey::Delete(secret) => self.delete(&resource::of::<Secret>(), secret).await,
            AdminKey::Patch { name, patch } => {
                let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
                let api = Api::<Secret>::namespaced(self.client.clone(), &owner.namespace);
                let patched = api.patch_metadata(name, &params, &Patch::Merge(patch)).await;
                patched.map_err(|source| Error::Api { kind: "Secret".to_owned(), name: name.clone(), source })?;
                tracing::info!(secret = %name, namespace = %owner.namespace, "wrote the key of the Admin API anew");
                self.metrics.wrote("Secret", "patch");
                Ok(())
            }
        }
    }

    async fn apply_one(&self, caches: &Caches, owner: &Identity, desired: &Desired) -> Result<(), Error> {
        let Desired { resource, name, .. } = desired;
        let wanted = stamped(&desired.value);
        let fail = |source| Error::Api { kind: resource.kind.clone(), name: name.clone(), source };
        if let Some(live) = caches.live(resource, &owner.namespace, name) {
            let live = serde_json::to_value(&*live).unwrap_or_default();
            let Some(path) = difference::difference(&wanted, &live) else { return Ok(()) };
            tracing::info!(kind = %resource.kind, %name, namespace = %owner.namespace, %path, "applying");
        } else {
            self.refuse_foreign(owner, resource, name).await?;
            tracing::info!(kind = %resource.kind, %name, namespace = %owner.namespace, "creating");
        }
        let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), &owner.namespace, resource);
        api.patch(name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&wanted)).await.map_err(fail)?;
        self.metrics.wrote(&resource.kind, "apply");
        Ok(())
    }

    /// An object of that name that the watch does not show is not there, not ours, or has lost its labels.
    async fn refuse_foreign(&self, owner: &Identity, resource: &ApiResource, name: &str) -> Result<(), Error> {
        let api =
            Api::<PartialObjectMeta<DynamicObject>>::namespaced_with(self.client.clone(), &owner.namespace, resource);
        let found = api.get_metadata_opt(name).await;
        let found =
            found.map_err(|source| Error::Api { kind: resource.kind.clone(), name: name.to_owned(), source })?;
        match found {
            Some(found) if !is_ours(&found, owner) => {
                Err(Error::Foreign { kind: resource.kind.clone(), name: name.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Deletes exactly this object, not one that has taken its name.
    pub(crate) async fn delete(&self, resource: &ApiResource, object: &DynamicObject) -> Result<(), Error> {
        let name = object.name_any();
        let api = Api::<DynamicObject>::namespaced_with(
            self.client.clone(),
            &object.namespace().unwrap_or_default(),
            resource,
        );
        let exactly = Preconditions { uid: object.uid(), resource_version: None };
        match api.delete(&name, &DeleteParams::background().preconditions(exactly)).await {
            Ok(_) => {
                tracing::info!(kind = %resource.kind, %name, "deleted");
                self.metrics.wrote(&resource.kind, "delete");
                Ok(())
            }
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
            Err(source) => Err(Error::Api { kind: resource.kind.clone(), name, source }),
        }
    }
}

/// Whether this operator made the object: by label, by owner, or because it once applied it.
fn is_ours<K: ResourceExt>(object: &K, owner: &Identity) -> bool {
    object.labels().get(MANAGED_BY).is_some_and(|manager| manager == MANAGER)
        || object.owner_references().iter().any(|reference| reference.uid == owner.uid)
        || object
            .managed_fields()
            .iter()
            .any(|entry| entry.manager.as_deref() == Some(MANAGER) && entry.operation.as_deref() == Some("Apply"))
}

/// Adds the hash of the whole object. A field that is no longer wanted changes it, which a comparison of wanted fields
/// with live ones could not see.
fn stamped(value: &Value) -> Value {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    let hash = digest(&SHA256, sorted.to_string().as_bytes());
    let hash: String = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut stamped = value.clone();
    if let Some(metadata) = stamped.get_mut("metadata").and_then(Value::as_object_mut) {
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(APPLIED.to_owned(), Value::String(hash));
        }
    }
    stamped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_no_longer_wanted_changes_the_stamp() {
        let before = json!({"metadata": {"name": "a", "annotations": {"x": "1"}}, "spec": {"tls": []}});
        let after = json!({"metadata": {"name": "a", "annotations": {"x": "1"}}, "spec": {}});
        assert_eq!(difference::difference(&after, &stamped(&before)), None);
        assert!(difference::difference(&stamped(&after), &stamped(&before)).is_some());
    }

    #[test]
    fn a_stamp_does_not_depend_on_the_order_of_fields() {
        let stamp = |value: &Value| stamped(value).pointer("/metadata/annotations").cloned();
        let (a, b) = (json!({"metadata": {}, "a": 1, "b": 2}), json!({"b": 2, "a": 1, "metadata": {}}));
        assert!(stamp(&a).is_some());
        assert_eq!(stamp(&a), stamp(&b));
    }

    #[test]
    fn a_refusal_because_the_namespace_ends_is_told_apart_from_a_missing_permission() {
        let refused = |causes: Value| {
            let status = json!({"status": "Failure", "code": 403, "message": "no", "reason": "Forbidden", "details": {"causes": causes}});
            let source = kube::Error::Api(Box::new(serde_json::from_value(status).unwrap()));
            Error::Api { kind: "Service".to_owned(), name: "acme-public".to_owned(), source }
        };
        assert!(refused(json!([{"reason": "NamespaceTerminating"}])).is_of_ending_namespace());
        let permission = refused(json!([]));
        assert!(!permission.is_of_ending_namespace() && permission.is_permanent());
        assert_eq!((permission.reason(), permission.to_string().as_str()), ("Forbidden", "Service acme-public: no"));
    }
}
