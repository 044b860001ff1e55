//! From a JSON schema to the subset of it that an API server takes (a "structural schema").

use serde_json::{Map, Value, json};

/// Rewrites a schema without references. No `default` and no `nullable` comes out: the stored object stays as its author
/// wrote it, and the API server drops fields without a value by itself.
pub(crate) fn structural(schema: &Value) -> Value {
    let Some(schema) = schema.as_object() else { return json!({ "x-kubernetes-preserve-unknown-fields": true }) };
    let mut out = Map::new();
    if let Some(inner) = present(schema.get("anyOf")) {
        out.extend(structural(inner).as_object().cloned().unwrap_or_default());
    }
    for (keyword, value) in schema {
        match keyword.as_str() {
            "anyOf" | "default" | "title" | "$schema" => {}
            "additionalProperties" if value.is_boolean() => {}
            "type" => drop(out.insert("type".into(), one_type(value))),
            "format" => format(value, &mut out),
            "oneOf" => variants(value, &mut out),
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                let properties = properties.map(|(name, schema)| (name.clone(), structural(schema))).collect();
                out.insert("properties".into(), Value::Object(properties));
            }
            "items" | "additionalProperties" => drop(out.insert(keyword.clone(), structural(value))),
            _ => drop(out.insert(keyword.clone(), value.clone())),
        }
    }
    describe_variants(schema, &mut out);
    Value::Object(out)
}

/// The one alternative that is not null.
fn present(any: Option<&Value>) -> Option<&Value> {
    any?.as_array()?.iter().find(|schema| schema.get("type").and_then(Value::as_str) != Some("null"))
}

fn one_type(value: &Value) -> Value {
    match value.as_array() {
        Some(names) => names.iter().find(|name| *name != "null").cloned().unwrap_or_default(),
        None => value.clone(),
    }
}

/// OpenAPI has no unsigned formats.
fn format(value: &Value, out: &mut Map<String, Value>) {
    let (format, most) = match value.as_str() {
        Some("uint16") => ("int32", u64::from(u16::MAX)),
        Some("uint32") => ("int64", u64::from(u32::MAX)),
        _ => {
            out.insert("format".into(), value.clone());
            return;
        }
    };
    out.insert("format".into(), json!(format));
    out.entry("maximum").or_insert(json!(most));
}

/// An enum whose values are described one by one.
fn variants(one_of: &Value, out: &mut Map<String, Value>) {
    let values: Vec<&Value> =
        one_of.as_array().into_iter().flatten().filter_map(|variant| variant.get("const")).collect();
    out.insert("type".into(), json!("string"));
    out.insert("enum".into(), json!(values));
}

/// The values' descriptions go to the end of the field's, since an enum has room for none.
fn describe_variants(schema: &Map<String, Value>, out: &mut Map<String, Value>) {
    let one_of = schema.get("oneOf").or_else(|| present(schema.get("anyOf"))?.get("oneOf"));
    let Some(variants) = one_of.and_then(Value::as_array) else { return };
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).unwrap_or_default();
    let mut lines = vec![schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()];
    lines.extend(
        variants.iter().map(|variant| format!("`{}`: {}", text(variant, "const"), text(variant, "description"))),
    );
    out.insert("description".into(), json!(lines.join("\n")));
}
