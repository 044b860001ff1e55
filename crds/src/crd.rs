//! The CustomResourceDefinition.

use hanko_model::document::{GROUP, KIND, VERSION};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::{
    HankoProjectStatus,
    project::{CRD_NAME, PLURAL, SHORT_NAMES},
    rules,
    structural::structural,
};

/// The definition of [`crate::HankoProject`], as `hanko-operator crd` prints it.
pub fn crd() -> CustomResourceDefinition {
    let column = |name: &str, kind: &str, path: &str, priority: i32| json!({ "name": name, "type": kind, "jsonPath": path, "priority": priority });
    let definition = json!({
        "metadata": { "name": CRD_NAME },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": format!("{KIND}List"),
                "plural": PLURAL,
                "singular": "hankoproject",
                "shortNames": SHORT_NAMES,
                "categories": ["hanko"],
            },
            "versions": [{
                "name": VERSION,
                "served": true,
                "storage": true,
                "subresources": { "status": {} },
                "additionalPrinterColumns": [
                    column("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", 0),
                    column("Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", 0),
                    column("Host", "string", ".spec.hosts[0]", 0),
                    column("URL", "string", ".status.publicUrl", 1),
                    column("Database", "string", ".status.database", 1),
                    column("Pods", "integer", ".status.readyReplicas", 1),
                    column("Tenant", "string", ".status.tenantId", 1),
                    column("Age", "date", ".metadata.creationTimestamp", 0),
                ],
                "schema": { "openAPIV3Schema": object_schema() },
            }],
        },
    });
    serde_json::from_value(definition).unwrap_or_default()
}

/// Schema of the whole object.
pub(crate) fn object_schema() -> Value {
    let document = hanko_model::schema();
    let spec = document.pointer("/properties/spec").map(structural).unwrap_or_default();
    let mut schema = json!({
        "description": "One isolated authentication tenant.",
        "type": "object",
        "required": ["spec"],
        "properties": { "spec": spec, "status": structural(&status_schema()) },
    });
    rules::install(&mut schema);
    schema
}

/// Without references, as [`structural`] needs it.
pub(crate) fn status_schema() -> Value {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<HankoProjectStatus>()
        .to_value()
}
