//! Whether an answer is one that the description in the docs knows: its status, and its body's shape.

use serde_json::Value;

use crate::{DESCRIPTION, support::Answer};

/// Panics where the description does not know the answer.
pub fn check(method: &str, path: &str, answer: &Answer) {
    let document: Value = serde_json::from_str(DESCRIPTION).unwrap();
    let path = path.split('?').next().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let item = paths.get(path).or_else(|| paths.iter().find(|(known, _)| fits(known, path)).map(|(_, item)| item));
    let item = item.unwrap_or_else(|| panic!("{path} is not described"));
    let operation = &item[method.to_lowercase()];
    assert!(operation.is_object(), "{method} {path} is not described");
    let status = answer.status.as_u16().to_string();
    let response = &operation["responses"][&status];
    assert!(response.is_object(), "{method} {path}: {status} is not described: {}", answer.text());
    match response["content"]["application/json"]["schema"].as_object() {
        Some(schema) => {
            assert_eq!(answer.header("content-type"), "application/json", "{method} {path}");
            let at = format!("{method} {path} {status}");
            shape(&document, &Value::Object(schema.clone()), &answer.json(), &at);
        }
        None => assert_eq!(answer.text(), "", "{method} {path} {status}: a body that is not described"),
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(known, part)| known == part || known.starts_with('{'))
}

/// The part of JSON Schema that the description uses.
fn shape(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(target) = schema["$ref"].as_str() {
        let pointer = target.trim_start_matches('#');
        return shape(document, document.pointer(pointer).unwrap(), value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let nothing = value.is_null() && choices.iter().any(|choice| choice["type"] == "null");
        let other = choices.iter().find(|choice| choice["type"] != "null").unwrap();
        if !nothing {
            shape(document, other, value, at);
        }
        return;
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => return,
    };
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(types.contains(&is), "{at}: {is} instead of {types:?}: {value}");
    if let Some(members) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(members.contains_key(name.as_str().unwrap()), "{at}: {name} is missing in {value}");
        }
        let known = schema["properties"].as_object();
        for (name, value) in members {
            let at = format!("{at}.{name}");
            match known.and_then(|known| known.get(name)) {
                Some(schema) => shape(document, schema, value, &at),
                None => assert!(known.is_none(), "{at} is not described"),
            }
        }
    }
    for element in value.as_array().into_iter().flatten() {
        shape(document, &schema["items"], element, at);
    }
}
