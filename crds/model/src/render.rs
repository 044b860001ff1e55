//! The document as the operator hands it to the runtime.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    document::{API_VERSION, Document, KIND},
    project::Project,
    revision::document_revision,
    spec::{KeysSpec, SecretRef},
};

/// Annotation of a rendered document: the [`document_revision`] of the document it was rendered from.
pub const REVISION_ANNOTATION: &str = "hanko-operator.dev/revision";
/// Annotation of a rendered document: the version of the operator that rendered it.
pub const RENDERED_BY_ANNOTATION: &str = "hanko-operator.dev/rendered-by";
/// Annotation of a pod that the operator touches after a change, so that the kubelet syncs the pod's mounts at once.
pub const SYNC_ANNOTATION: &str = "hanko-operator.dev/sync";

/// Annotation of a project, written by its author: accepts that everything sealed with lost master keys is lost, and names the
/// new key (`spec/decisions.md` 9). One acknowledgement is good for one key.
pub const ACKNOWLEDGE_ANNOTATION: &str = "hanko-operator.dev/acknowledge-new-master-key";

/// Annotation of a project, written by its author: accepts that passkeys and security keys of the RP ID before stop working, and
/// names the new RP ID (`spec/decisions.md` 4). One acknowledgement is good for one RP ID.
pub const ACKNOWLEDGE_RELYING_PARTY_ANNOTATION: &str = "hanko-operator.dev/acknowledge-new-relying-party";

/// The document with every name resolved (tenant id, hosts, public URL, master keys) as YAML for the ConfigMap.
/// `version` is the operator's. Reading it gives the same [`Project`].
pub fn render(project: &Project, document: &Document, version: &str) -> String {
    let mut annotations = BTreeMap::from([
        (REVISION_ANNOTATION, document_revision(document)),
        (RENDERED_BY_ANNOTATION, version.to_owned()),
    ]);
    if let Some(key) = &project.keys.acknowledged {
        annotations.insert(ACKNOWLEDGE_ANNOTATION, key.clone());
    }
    let webauthn = &project.settings.webauthn;
    if webauthn.acknowledged {
        annotations.insert(ACKNOWLEDGE_RELYING_PARTY_ANNOTATION, webauthn.relying_party_id.clone());
    }
    let mut spec = document.spec.clone();
    spec.tenant_id = Some(project.tenant_id);
    spec.hosts.clone_from(&project.hosts);
    spec.public_url = Some(project.public_url.origin().ascii_serialization());
    spec.keys = Some(KeysSpec {
        master_key_ref: Some(SecretRef { name: project.keys.master_key_secret.clone() }),
        ..spec.keys.unwrap_or_default()
    });
    let rendered = json!({
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": { "name": document.name, "namespace": document.namespace, "annotations": annotations },
        "spec": spec,
    });
    // JSON is YAML; the other form is only easier to read for a person.
    serde_saphyr::to_string(&rendered).unwrap_or_else(|_| rendered.to_string())
}
