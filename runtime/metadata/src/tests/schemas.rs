//! What a project may want of its documents.

use hanko_model::{
    document::{Unknown, parse},
    project::MetadataSchemas,
    resolve,
};
use serde_json::json;

use super::*;

fn schemas(public: Value) -> Result<Schemas, Vec<Refused>> {
    Schemas::compile(&MetadataSchemas { public: Some(public), ..MetadataSchemas::default() })
}

fn refused(public: Value) -> String {
    let refused = schemas(public).unwrap_err();
    assert_eq!((refused.len(), refused[0].category), (1, Category::Public));
    refused[0].reason.clone()
}

fn outcome(schema: &Schemas, before: &str, patch: Value) -> Result<String, String> {
    let patch = Patch::parse(&json!({"public_metadata": patch})).unwrap();
    apply(&stored(before, "", ""), &patch, schema)
        .map(|after| after.public.unwrap_or_default())
        .map_err(|error| error.to_string())
}

#[test]
fn the_document_of_afterwards_must_match() {
    let schema = schemas(json!({
        "type": "object",
        "properties": {
            "plan": {"enum": ["free", "paid"]},
            "seats": {"type": "integer", "minimum": 1},
            "contact": {"$ref": "#/$defs/contact"},
        },
        "required": ["plan"],
        "additionalProperties": false,
        "$defs": {"contact": {"type": "object", "properties": {"email": {"type": "string", "format": "email"}}}},
    }))
    .unwrap();
    assert_eq!(outcome(&schema, "", json!({"plan": "free"})), Ok(r#"{"plan":"free"}"#.to_owned()));
    assert_eq!(outcome(&schema, r#"{"plan":"free"}"#, json!({"seats": 2})), Ok(r#"{"plan":"free","seats":2}"#.into()));
    let intro = "public metadata does not match the schema of the project";
    for (before, patch, reason) in [
        ("", json!({"seats": 2}), r#": "plan" is a required property"#),
        (r#"{"plan":"free","seats":2}"#, json!({"plan": null}), r#": "plan" is a required property"#),
        (r#"{"plan":"free"}"#, json!({"seats": 0}), " at /seats: value is less than the minimum of 1"),
        (r#"{"plan":"free"}"#, json!({"x": 1}), ": Additional properties are not allowed ('x' was unexpected)"),
        (r#"{"plan":"free"}"#, json!({"contact": {"email": "no"}}), r#" at /contact/email: value is not a "email""#),
        (r#"{"plan":"secret"}"#, json!({"seats": 3}), r#" at /plan: value is not one of "free" or "paid""#),
    ] {
        assert_eq!(outcome(&schema, before, patch), Err(format!("{intro}{reason}")));
    }
}

#[test]
fn no_document_matches_every_schema() {
    let schema = schemas(json!({"required": ["plan"]})).unwrap();
    assert_eq!(outcome(&schema, r#"{"plan":1}"#, Value::Null), Ok(String::new()));
    assert_eq!(outcome(&schema, r#"{"plan":1}"#, json!({"plan": null})), Ok("{}".to_owned()));
    assert_eq!(outcome(&schema, r#"{"x":1}"#, json!({})), Ok(r#"{"x":1}"#.to_owned()));
}

#[test]
fn a_schema_is_for_its_category_alone() {
    let schema = schemas(json!({"required": ["plan"]})).unwrap();
    let patch = Patch::parse(&json!({"private_metadata": {"a": 1}, "unsafe_metadata": {"a": 1}})).unwrap();
    assert!(apply(&Metadata::default(), &patch, &schema).is_ok());
}

#[test]
fn a_schema_that_cannot_be_kept_is_refused_with_its_place() {
    let elsewhere = |reference: &str| {
        format!("$ref {reference:?} is not in the schema; refer to a part of it, as in \"#/$defs/address\"")
    };
    for reference in [
        "https://example.com/schema.json",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "other.json#/a",
        "#/$defs/nope",
        "#name",
        "#/%24defs/a",
        "https://json-schema.org/draft/2020-12/schema",
    ] {
        let schema = json!({"$defs": {"a": {}}, "properties": {"a": {"$ref": reference}}});
        assert_eq!(refused(schema), elsewhere(reference));
    }
    for (schema, reason) in [
        (json!(true), "is no object"),
        (json!({"$schema": "https://example.com/meta"}), "Unknown meta-schema: "),
        (json!({"properties": {"a": {"type": "strin"}}}), "/properties/a/type: "),
        (json!({"properties": {"a": {"pattern": "(?=look)ahead"}}}), "/properties/a/pattern: "),
        (json!({"pattern": "("}), "/pattern: "),
        (json!({"pattern": r"(\w{1000}){1000}"}), "/pattern: "),
        (json!({"$defs": {"a": {"$anchor": "x"}}}), "$anchor is not supported; "),
        (json!({"$dynamicRef": "#"}), "$dynamicRef is not supported; "),
        (json!({"properties": {"a": {"$id": "https://example.com/a"}}}), "$id stands inside; "),
    ] {
        let found = refused(schema.clone());
        assert!(found.contains(reason), "{schema}: {found}");
    }
}

#[test]
fn a_schema_must_have_an_end() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"properties": {"a": {"$ref": "#"}}}),
        json!({"properties": {"default": {"items": {"$ref": "#/properties/default"}}}}),
        json!({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}}),
        json!({"const": {"$ref": "#/const"}, "not": {"$ref": "#/const"}}),
    ] {
        assert!(refused(schema.clone()).contains("comes back to itself"), "{schema}");
    }
    let mut doubling = Map::from_iter([("d0".to_owned(), json!({}))]);
    for level in 1..40 {
        let below = format!("#/$defs/d{}", level - 1);
        doubling.insert(format!("d{level}"), json!({"allOf": [{"$ref": below}, {"$ref": below}]}));
    }
    assert!(refused(json!({"$ref": "#/$defs/d39", "$defs": doubling})).starts_with("has more than"));
    let chain = (1..200).map(|level| (format!("d{level}"), json!({"$ref": format!("#/$defs/d{}", level - 1)})));
    let chain: Map<_, _> = chain.chain([("d0".to_owned(), json!({}))]).collect();
    assert!(refused(json!({"$ref": "#/$defs/d199", "$defs": chain})).starts_with("has more than"));
    let deep = (0..120).fold(json!({}), |inner, _| json!({"not": inner}));
    assert!(refused(deep).starts_with("has more than"));
}

#[test]
fn what_looks_like_a_reference_and_is_data_is_let_through() {
    let schema = schemas(json!({
        "$id": "https://example.com/schema",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"a": {"const": {"$ref": "https://example.com"}}, "id": {"type": "string"}, "$anchor": true},
    }))
    .unwrap();
    assert!(outcome(&schema, "", json!({"a": {"$ref": "https://example.com"}, "id": "x"})).is_ok());
    assert!(outcome(&schema, "", json!({"a": 1})).is_err());
}

#[test]
fn older_drafts_are_read_as_such() {
    let schema = json!({"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"items": [{"type": "string"}]}}});
    let schema = schemas(schema).unwrap();
    assert!(outcome(&schema, "", json!({"a": ["x", 1]})).is_ok());
    assert!(outcome(&schema, "", json!({"a": [1]})).is_err());
}

#[test]
fn every_schema_that_is_refused_is_named() {
    let document = json!({
        "apiVersion": "hanko-operator.dev/v1alpha1",
        "kind": "HankoProject",
        "metadata": {"name": "acme"},
        "spec": {
            "hosts": ["auth.acme.example"],
            "mail": {"from": {"address": "login@acme.example"}, "smtp": {"host": "mail.acme.example"}},
            "settings": {"metadata": {"schemas": {"public": {"type": 1}, "private": {}, "unsafe": {"$ref": "file:///a"}}}},
        },
    });
    let documents = parse(&document.to_string(), Unknown::Refuse).unwrap().documents;
    let project = resolve(&documents[0]).unwrap();
    let problems: Vec<String> = check(&project).iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("default/acme: spec.settings.metadata.schemas.public: /type: "), "{problems:?}");
    assert!(problems[1].starts_with("default/acme: spec.settings.metadata.schemas.unsafe: $ref "), "{problems:?}");
}

#[test]
fn a_reason_quotes_no_values_and_is_short() {
    let schema = schemas(json!({"additionalProperties": false})).unwrap();
    let long: Map<_, _> = (0..200).map(|i| (format!("name{i}"), json!(1))).collect();
    assert!(outcome(&schema, "", Value::Object(long)).unwrap_err().chars().count() < 500);
    let schema = schemas(json!({"properties": {"a": {"type": "integer"}}})).unwrap();
    assert!(!outcome(&schema, "", json!({"a": "private text"})).unwrap_err().contains("private text"));
}

#[test]
fn the_dearest_schema_and_document_are_answered_soon() {
    let parts: Vec<_> = (0..300).map(|i| json!({"not": {"pattern": format!("(a*)*{i}$")}})).collect();
    let schema = schemas(
        json!({"$defs": {"all": {"allOf": parts}}, "additionalProperties": {"items": {"$ref": "#/$defs/all"}}}),
    );
    let schema = schema.unwrap();
    let document = json!({"a": (0..590).map(|_| "aa").collect::<Vec<_>>()});
    let began = std::time::Instant::now();
    assert!(outcome(&schema, "", document).is_ok());
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}
