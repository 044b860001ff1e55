//! What an API server demands of a CustomResourceDefinition, and what we promise of ours.

use crate::{HankoProject, HankoProjectStatus, crd, generate::files};
use hanko_model::{
    document::{Unknown, parse},
    spec::ProjectSpec,
};
use serde_json::{Value, json};

fn object_schema() -> Value {
    let definition = serde_json::to_value(crd()).expect("serialises");
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// Calls `visit` with the path of every schema.
fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        walk(field, &format!("{path}.{name}"), visit);
    }
    for keyword in ["items", "additionalProperties"] {
        if schema[keyword].is_object() {
            walk(&schema[keyword], &format!("{path}[]"), visit);
        }
    }
}

/// A value of any kind, which an API server takes without a type.
fn is_any(schema: &Value) -> bool {
    *schema == json!({ "x-kubernetes-preserve-unknown-fields": true })
}

#[test]
fn the_schema_is_structural() {
    walk(&object_schema(), "", &mut |path, schema| {
        assert!(schema["type"].is_string() || is_any(schema), "{path} has no single type: {schema}");
        for keyword in ["$ref", "anyOf", "oneOf", "allOf", "nullable", "$defs", "title"] {
            assert!(schema.get(keyword).is_none(), "{path} has {keyword}");
        }
        assert!(schema["additionalProperties"].as_bool().is_none(), "{path} closes its properties");
    });
}

#[test]
fn the_schema_sets_no_default() {
    walk(&object_schema(), "", &mut |path, schema| {
        assert!(schema.get("default").is_none(), "{path}: the stored object stays as its author wrote it");
    });
}

#[test]
fn every_list_says_how_it_merges() {
    walk(&object_schema(), "", &mut |path, schema| {
        if schema["type"] == "array" {
            assert!(
                ["set", "map"].iter().any(|kind| schema["x-kubernetes-list-type"] == *kind),
                "{path} has no list type"
            );
        }
    });
}

#[test]
fn every_field_says_what_it_is() {
    walk(&object_schema(), "", &mut |path, schema| {
        let described =
            schema["description"].as_str().is_some_and(|text| !text.is_empty() && !text.starts_with("Default"));
        assert!(described || path.ends_with("[]"), "{path} has no description");
    });
}

/// CEL's cost is estimated from the bounds.
#[test]
fn everything_an_author_writes_is_bounded() {
    walk(&object_schema()["properties"]["spec"], "spec", &mut |path, schema| match schema["type"].as_str() {
        Some("array") => assert!(schema["maxItems"].is_number(), "{path} has no maxItems"),
        Some("string") if schema.get("enum").is_none() && schema.get("format").is_none() => {
            assert!(schema["maxLength"].is_number(), "{path} has no maxLength");
        }
        Some("object") if schema.get("properties").is_none() => {
            assert!(schema["maxProperties"].is_number(), "{path} has no maxProperties")
        }
        _ => {}
    });
}

#[test]
fn a_plain_apply_can_store_the_definition() {
    for file in files().expect("generates").iter().filter(|file| file.path.starts_with("config/crd/")) {
        assert!(file.text.len() < 200_000, "{} would not fit into the annotation of `kubectl apply`", file.path);
    }
}

#[test]
fn the_definition_names_the_kind() {
    let definition = serde_json::to_value(crd()).expect("serialises");
    assert_eq!(definition["metadata"]["name"], "hankoprojects.hanko-operator.dev");
    let names = json!({
        "kind": "HankoProject", "listKind": "HankoProjectList", "plural": "hankoprojects", "singular": "hankoproject",
        "shortNames": ["hp"], "categories": ["hanko"],
    });
    assert_eq!(definition["spec"]["names"], names);
    assert_eq!(definition["spec"]["versions"][0]["subresources"], json!({"status": {}}));
}

#[test]
fn an_object_is_the_document_a_laptop_reads() {
    let spec = ProjectSpec { hosts: vec!["Auth.Acme.Example".into()], ..ProjectSpec::default() };
    let project =
        HankoProject { status: Some(HankoProjectStatus::default()), ..HankoProject::new("tenants", "acme", spec) };
    let text = serde_json::to_string(&project).expect("serialises");
    let documents = parse(&text, Unknown::Refuse).expect("parses").documents;
    assert_eq!(documents, [project.document()]);
    assert_eq!(serde_json::from_str::<HankoProject>(&text).expect("reads back"), project);
}

/// An operator that is older than the definition meets fields it does not know; one object must not stop the watch of all.
#[test]
fn an_object_of_a_newer_version_is_still_read() {
    let newer = json!({
        "apiVersion": "hanko-operator.dev/v1alpha1", "kind": "HankoProject", "metadata": {"name": "acme"},
        "spec": {"hosts": ["a.x.y"], "future": 1, "settings": {"future": {}}}, "status": {"future": true},
    });
    let project: HankoProject = serde_json::from_value(newer).expect("reads");
    assert_eq!(project.spec.hosts, ["a.x.y"]);
}
