//! What the `@` modifiers make of a value.

use serde_json::{Map, Value};

/// The layout of JSON is not kept, so `@pretty`, `@ugly` and `@valid` change nothing.
pub(super) const NAMES: [&str; 12] =
    ["this", "valid", "ugly", "pretty", "reverse", "flatten", "join", "keys", "values", "tostr", "fromstr", "group"];

/// `None` where nothing comes of it.
pub(super) fn apply(name: &str, argument: &Value, value: &Value) -> Option<Value> {
    Some(match (name, value) {
        ("reverse", Value::Array(items)) => items.iter().rev().cloned().collect(),
        ("reverse", Value::Object(members)) => {
            Value::Object(members.iter().rev().map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        ("flatten", Value::Array(items)) => {
            let is_deep = argument.get("deep") == Some(&Value::Bool(true));
            let mut flat = Vec::new();
            flatten(items, if is_deep { usize::MAX } else { 1 }, &mut flat);
            Value::Array(flat)
        }
        ("join", Value::Array(items)) => {
            let members = items.iter().filter_map(Value::as_object).flatten();
            Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        ("keys", Value::Object(members)) => members.keys().cloned().map(Value::String).collect(),
        ("keys", Value::Array(items)) => items.iter().map(|_| Value::Null).collect(),
        ("values", Value::Object(members)) => members.values().cloned().collect(),
        ("keys" | "values", Value::Null) => Value::Array(Vec::new()),
        ("values", Value::Array(_)) => value.clone(),
        ("keys" | "values", scalar) => Value::Array(vec![scalar.clone()]),
        ("tostr", value) => Value::String(value.to_string()),
        ("fromstr", Value::String(text)) => serde_json::from_str(text).ok()?,
        ("fromstr", _) => return None,
        ("group", Value::Object(members)) => group(members),
        ("group", _) => return None,
        _ => value.clone(),
    })
}

fn flatten(items: &[Value], levels: usize, into: &mut Vec<Value>) {
    for item in items {
        match item {
            Value::Array(inner) if levels > 0 => flatten(inner, levels - 1, into),
            other => into.push(other.clone()),
        }
    }
}

/// A list of objects of an object of lists.
fn group(members: &Map<String, Value>) -> Value {
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    for (name, column) in members {
        for (at, value) in column.as_array().into_iter().flatten().enumerate() {
            if rows.len() <= at {
                rows.push(Map::new());
            }
            if let Some(row) = rows.get_mut(at) {
                row.insert(name.clone(), value.clone());
            }
        }
    }
    rows.into_iter().map(Value::Object).collect()
}
