//! What deleting a project does to its data. `Retain`: no finalizer, nothing is touched. `Delete`: one finalizer, bounded in time
//! (decision 10), that deletes the claim and the generated key Secret.

use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, Secret},
    jiff::{SignedDuration, Timestamp},
};
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
    core::{DynamicObject, PartialObjectMeta},
};
use serde_json::json;

use crate::{
    apply::{Error, Writer},
    cache::Caches,
    labels::{MANAGER, is_of_project},
    resource,
    validate::Names,
};

/// Stands on a project with `deletionPolicy: Delete`.
pub(crate) const FINALIZER: &str = "hanko-operator.dev/delete-data";

/// After this long the finalizer goes whatever happened to the data.
const PATIENCE: SignedDuration = SignedDuration::from_mins(2);

/// What to do about deletion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// Go on with the project.
    Live,
    /// Put the finalizer on, then go on.
    Protect,
    /// Take the finalizer off, then go on.
    Unprotect,
    /// Delete the data, then take the finalizer off.
    DeleteData,
    /// The data would not go: take the finalizer off and say so.
    GiveUp,
    /// Take the finalizer off and leave the data.
    LetGo,
    /// Being deleted, and nothing of it is ours to do.
    Gone,
}

/// Decides from the object alone.
pub(crate) fn next(object: &DynamicObject, now: Timestamp) -> Step {
    let delete = object.data.pointer("/spec/deletionPolicy").and_then(|policy| policy.as_str()) == Some("Delete");
    let protected = object.finalizers().iter().any(|finalizer| finalizer == FINALIZER);
    match (&object.metadata.deletion_timestamp, protected, delete) {
        (None, false, true) => Step::Protect,
        (None, true, false) => Step::Unprotect,
        (None, ..) => Step::Live,
        (Some(_), false, _) => Step::Gone,
        (Some(_), true, false) => Step::LetGo,
        (Some(since), true, true) if now.duration_since(since.0) > PATIENCE => Step::GiveUp,
        (Some(_), true, true) => Step::DeleteData,
    }
}

impl Writer {
    /// Puts the finalizer on or takes it off.
    ///
    /// # Errors
    ///
    /// Also when the object has changed meanwhile; the next look sees that.
    pub(crate) async fn set_finalizer(&self, object: &DynamicObject, wanted: bool) -> Result<(), Error> {
        let mut finalizers = object.finalizers().to_vec();
        finalizers.retain(|finalizer| finalizer != FINALIZER);
        if wanted {
            finalizers.push(FINALIZER.to_owned());
        }
        let kind = resource::project();
        let api =
            Api::<DynamicObject>::namespaced_with(self.client.clone(), &object.namespace().unwrap_or_default(), &kind);
        let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": object.resource_version()}});
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        match api.patch_metadata(&object.name_any(), &params, &Patch::Merge(patch)).await {
            Ok(_) => self.metrics.wrote(&kind.kind, "patch"),
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(source) => return Err(Error::Api { kind: kind.kind, name: object.name_any(), source }),
        }
        Ok(())
    }

    /// Deletes the claim and the generated key Secret, each only if this operator made it for this project. A claim in use
    /// stays, marked, until the pods are gone.
    ///
    /// # Errors
    ///
    /// What the API server would not delete.
    pub(crate) async fn delete_data(&self, caches: &Caches, object: &DynamicObject) -> Result<(), Error> {
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let claim = resource::of::<PersistentVolumeClaim>();
        if let Some(live) = caches.live(&claim, &namespace, &Names::of(&name).data)
            && is_of_project(&*live, &name)
        {
            self.delete(&claim, &live).await?;
        }
        let secret = resource::of::<Secret>();
        let keys = Names::of(&name).keys;
        let api = Api::<PartialObjectMeta<DynamicObject>>::namespaced_with(self.client.clone(), &namespace, &secret);
        let found = api.get_metadata_opt(&keys).await;
        let found = found.map_err(|source| Error::Api { kind: secret.kind.clone(), name: keys, source })?;
        if let Some(found) = found.filter(|found| is_of_project(found, &name)) {
            let object = DynamicObject { types: None, metadata: found.metadata, data: serde_json::Value::Null };
            self.delete(&secret, &object).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(policy: Option<&str>, finalizers: &[&str], deleted_at: Option<i64>) -> DynamicObject {
        let deleted = deleted_at.map(|second| Timestamp::from_second(second).unwrap().to_string());
        serde_json::from_value(json!({
            "apiVersion": "hanko-operator.dev/v1alpha1", "kind": "HankoProject",
            "metadata": {"name": "acme", "finalizers": finalizers, "deletionTimestamp": deleted},
            "spec": {"deletionPolicy": policy}}))
        .unwrap()
    }

    fn step(policy: Option<&str>, finalizers: &[&str], deleted_at: Option<i64>) -> Step {
        next(&project(policy, finalizers, deleted_at), Timestamp::from_second(1000).unwrap())
    }

    #[test]
    fn under_retain_there_is_no_finalizer() {
        assert_eq!(step(None, &[], None), Step::Live);
        assert_eq!(step(Some("Retain"), &[FINALIZER], None), Step::Unprotect);
        assert_eq!(step(Some("Retain"), &[], Some(999)), Step::Gone);
    }

    #[test]
    fn under_delete_the_data_goes_first_and_the_finalizer_gives_up_after_two_minutes() {
        assert_eq!(step(Some("Delete"), &["other"], None), Step::Protect);
        assert_eq!(step(Some("Delete"), &[FINALIZER], None), Step::Live);
        assert_eq!(step(Some("Delete"), &[FINALIZER], Some(999)), Step::DeleteData);
        assert_eq!(step(Some("Delete"), &[FINALIZER], Some(1000 - 121)), Step::GiveUp);
        assert_eq!(step(Some("Delete"), &["other"], Some(999)), Step::Gone);
    }

    #[test]
    fn who_changes_to_retain_while_deleting_keeps_the_data() {
        assert_eq!(step(Some("Retain"), &[FINALIZER], Some(999)), Step::LetGo);
    }
}
