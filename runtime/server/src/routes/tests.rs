//! The description says what the router does, and stands in the docs.

use std::collections::BTreeSet;

use serde_json::Value;

use axum::Router;
use bytes::Bytes;

use super::{admin, public};

/// Each listener's name, router and description.
fn listeners() -> [(&'static str, Router, Bytes); 2] {
    let ((public, of_public), (admin, of_admin)) = (public::router(), admin::router());
    [("public", public, of_public), ("admin", admin, of_admin)]
}

fn documents() -> impl Iterator<Item = Value> {
    listeners().into_iter().map(|(_, _, description)| serde_json::from_slice(&description).unwrap())
}

/// Paths and methods of the document.
fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| (path, method)));
    operations.map(|(path, method)| (path.clone(), method.clone())).collect()
}

#[test]
fn the_description_in_the_docs_is_what_the_router_serves() {
    for (name, _, served) in listeners() {
        let path = format!("{}/../../docs/api/{name}.openapi.json", std::env::var("CARGO_MANIFEST_DIR").unwrap());
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &served).unwrap();
        }
        let written = std::fs::read(&path).unwrap_or_default();
        assert!(written == served, "docs/api/{name}.openapi.json is stale; run `make generate`");
    }
}

#[test]
fn every_route_is_described_and_every_description_has_a_route() {
    for (name, router, description) in listeners() {
        // What a router tells of itself: `"/path": Route(..)`; the paths stand in its tree.
        let told = format!("{router:?}");
        let is_path = |text: &&str| text.starts_with('/') && !text.contains("__private__axum_fallback");
        let paths: BTreeSet<String> = told.split('"').filter(is_path).map(str::to_owned).collect();
        let document: Value = serde_json::from_slice(&description).unwrap();
        let described: BTreeSet<String> = operations(&document).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, described, "{name}");
    }
}

#[test]
fn every_reference_resolves_and_every_schema_is_referred_to() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::String(target) if name == "$ref" => drop(found.insert(target.clone())),
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(elements) => elements.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    for document in documents() {
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        let schemas = document["components"]["schemas"].as_object().unwrap().keys();
        let there: BTreeSet<String> = schemas.map(|name| format!("#/components/schemas/{name}")).collect();
        assert_eq!(found, there);
    }
}

#[test]
fn every_operation_is_complete() {
    documents().for_each(|document| complete(&document));
}

fn complete(document: &Value) {
    assert_eq!(document["openapi"], "3.1.0");
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    let mut ids = BTreeSet::new();
    for (path, method) in operations(document) {
        let operation = &document["paths"][&path][&method];
        let at = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{at}: its id is taken");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{at}: no summary");
        let named = operation["tags"].as_array().unwrap();
        assert!(named.len() == 1 && tags.contains(&&named[0]), "{at}: tag");
        for requirement in operation["security"].as_array().into_iter().flatten() {
            assert!(requirement.as_object().unwrap().keys().all(|name| schemes.contains_key(name)), "{at}");
        }
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let in_path: BTreeSet<&str> =
            parameters.filter(|one| one["in"] == "path").map(|one| one["name"].as_str().unwrap()).collect();
        let wanted: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(in_path, wanted, "{at}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(response["description"].is_string(), "{at} {status}");
            let empty =
                ["204"].contains(&status.as_str()) || response["description"].as_str().unwrap().contains("No body");
            assert_eq!(response.get("content").is_none(), empty, "{at} {status}: a body, or none");
        }
    }
}
