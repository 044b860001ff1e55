//! The Secret with the generated key of the Admin API. It goes with its project; another one can be made at any time.

use hanko_model::project::{GENERATED_KEY, GENERATED_KEY_PREVIOUS};
use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::owned;
use crate::{
    admin_key::{Entries, Step},
    labels::{PREVIOUS_KEY_UNTIL, ROTATED_ADMIN_KEY},
    resource,
    validate::ValidatedProject,
};

/// What happens to the Secret. Never printed.
pub(crate) enum AdminKey {
    /// Nothing.
    Keep,
    /// It is created, so that none is ever overwritten.
    Create(Secret),
    /// It gets these values, if it still is of the version that was read.
    Patch { name: String, patch: Value },
    /// It goes.
    Delete(DynamicObject),
}

pub(super) fn admin_key(project: &ValidatedProject) -> AdminKey {
    let name = &project.names.admin_key;
    match &project.admin_key.step {
        Step::Keep => AdminKey::Keep,
        Step::Make(entries) => AdminKey::Create(secret(project, entries)),
        Step::Replace { entries, version } => {
            AdminKey::Patch { name: name.clone(), patch: patch(project, entries, version) }
        }
        Step::Remove { uid } => {
            let mut object = DynamicObject::new(name, &resource::of::<Secret>()).within(&project.identity.namespace);
            object.metadata.uid = Some(uid.clone());
            AdminKey::Delete(object)
        }
    }
}

fn secret(project: &ValidatedProject, entries: &Entries) -> Secret {
    let annotations = Some(entries.annotations()).filter(|annotations| !annotations.is_empty());
    Secret {
        metadata: ObjectMeta { annotations, ..owned(project, &project.names.admin_key) },
        data: Some(entries.data()),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}

/// A merge patch (RFC 7396): what is not there any more is `null`.
fn patch(project: &ValidatedProject, entries: &Entries, version: &str) -> Value {
    let whole = owned(project, &project.names.admin_key);
    let bytes = |value: &Option<Vec<u8>>| value.clone().map(ByteString);
    json!({
        "metadata": {
            "resourceVersion": version,
            "labels": whole.labels,
            "ownerReferences": whole.owner_references,
            "annotations": {PREVIOUS_KEY_UNTIL: entries.until, ROTATED_ADMIN_KEY: entries.rotation},
        },
        "data": {GENERATED_KEY: bytes(&entries.key), GENERATED_KEY_PREVIOUS: bytes(&entries.previous)},
    })
}
