//! The JSON schema of a document, for editors and for finding unknown fields.

use schemars::{Schema, generate::SchemaSettings, transform::Transform};
use serde_json::{Value, json};

use crate::{
    document::{API_VERSION, KIND},
    spec::ProjectSpec,
};

/// JSON schema (2020-12) of a `HankoProject` document, with every field described and no unknown field allowed.
pub fn schema() -> Value {
    let mut spec = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .into_generator()
        .into_root_schema_for::<ProjectSpec>();
    spec.remove("title");
    Closed.transform(&mut spec);
    let any = json!(true);
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": KIND,
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
        "properties": {
            "apiVersion": { "type": "string", "const": API_VERSION },
            "kind": { "type": "string", "const": KIND },
            "metadata": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": { "type": "string", "description": "Name of the project." },
                    "namespace": { "type": "string", "description": "Its namespace. Default: `default`." },
                    "annotations": texts,
                    "labels": texts,
                    "creationTimestamp": any, "deletionGracePeriodSeconds": any, "deletionTimestamp": any, "finalizers": any,
                    "generateName": any, "generation": any, "managedFields": any, "ownerReferences": any, "resourceVersion": any,
                    "selfLink": any, "uid": any,
                },
            },
            "spec": spec,
            "status": { "description": "Written by the operator, ignored in a file." },
        },
    })
}

/// An object with named properties has no others.
struct Closed;

impl Transform for Closed {
    fn transform(&mut self, schema: &mut Schema) {
        schemars::transform::transform_subschemas(self, schema);
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
            schema.insert("additionalProperties".into(), json!(false));
        }
    }
}
