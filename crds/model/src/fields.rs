//! A value against the schema: unknown fields and wrong types, all of them, each with its path.

use serde_json::{Map, Value};

/// What is wrong with one field.
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) message: String,
    /// The field does not exist.
    pub(crate) unknown: bool,
}

/// Walks `value` beside `schema`. Nulls are removed (a field without a value is a field left out), and so is everything
/// that findings speak of, so that the rest can be read.
pub(crate) fn check(value: &mut Value, schema: &Value, path: &str, findings: &mut Vec<Finding>) {
    let _ = fits(value, schema, path, findings);
}

/// Whether the value may stay.
fn fits(value: &mut Value, schema: &Value, path: &str, findings: &mut Vec<Finding>) -> bool {
    let schema = with_outer(schema);
    let wrong = match (expected_type(schema.inner), &mut *value) {
        ("object", Value::Object(map)) => {
            check_object(map, schema.inner, path, findings);
            None
        }
        ("array", Value::Array(items)) => return check_list(items, &schema, path, findings),
        ("string", Value::String(text)) => check_text(text, &schema),
        ("integer", Value::Number(number)) => check_integer(number, schema.inner),
        ("boolean", Value::Bool(_)) | ("", _) => None,
        (expected, actual) => Some(mismatch(expected, actual)),
    };
    let fits = wrong.is_none();
    findings.extend(wrong.map(|message| Finding { path: path.to_owned(), message, unknown: false }));
    fits
}

fn check_object(map: &mut Map<String, Value>, schema: &Value, path: &str, findings: &mut Vec<Finding>) {
    map.retain(|_, value| !value.is_null());
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for name in required.filter(|name| !map.contains_key(*name)) {
        findings.push(Finding { path: child(path, name), message: "is missing; add it".into(), unknown: false });
    }
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let others = schema.get("additionalProperties").filter(|others| others.is_object());
    map.retain(|name, value| {
        let path = child(path, name);
        match properties.get(name).or(others) {
            Some(schema) => fits(value, schema, &path, findings),
            None => {
                findings.push(Finding { path, message: unknown(name, properties), unknown: true });
                false
            }
        }
    });
}

/// A list with one wrong item is wrong as a whole: without it the others would change their places.
fn check_list(items: &mut [Value], schema: &Schema<'_>, path: &str, findings: &mut Vec<Finding>) -> bool {
    let mut all = true;
    if let Some(most) = schema.limit("maxItems").filter(|most| items.len() as u64 > *most) {
        let message = format!("has {} entries; at most {most} are possible", items.len());
        findings.push(Finding { path: path.to_owned(), message, unknown: false });
        all = false;
    }
    let Some(item_schema) = schema.inner.get("items") else { return all };
    for (i, item) in items.iter_mut().enumerate() {
        all &= fits(item, item_schema, &format!("{path}[{i}]"), findings);
    }
    all
}

/// The path of a member, in brackets where its name would be mistaken for a path.
pub(crate) fn child(path: &str, name: &str) -> String {
    match (path.is_empty(), name.contains(['.', '/', ' '])) {
        (true, _) => name.to_owned(),
        (false, true) => format!("{path}[{name}]"),
        (false, false) => format!("{path}.{name}"),
    }
}

/// The schema of a field: of its type, and what the field adds to it.
struct Schema<'a> {
    outer: &'a Value,
    inner: &'a Value,
}

/// `Option` of a type is the type: fields without a value are gone before their type is looked at.
fn with_outer(schema: &Value) -> Schema<'_> {
    let is_null = |schema: &&Value| schema.get("type").and_then(Value::as_str) == Some("null");
    let any = schema.get("anyOf").and_then(Value::as_array);
    Schema { outer: schema, inner: any.and_then(|any| any.iter().find(|schema| !is_null(schema))).unwrap_or(schema) }
}

impl Schema<'_> {
    fn limit(&self, keyword: &str) -> Option<u64> {
        self.outer.get(keyword).or_else(|| self.inner.get(keyword))?.as_u64()
    }
}

fn expected_type(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or_default()
        }
        _ if schema.get("oneOf").is_some() => "string",
        _ => "",
    }
}

fn check_text(text: &str, schema: &Schema<'_>) -> Option<String> {
    if let Some(most) = schema.limit("maxLength").filter(|most| text.chars().count() as u64 > *most) {
        return Some(format!("is longer than {most} characters; shorten it"));
    }
    let schema = schema.inner;
    let one_of = schema.get("oneOf").and_then(Value::as_array);
    let mut values: Vec<&str> =
        one_of.into_iter().flatten().filter_map(|variant| variant.get("const")?.as_str()).collect();
    values.extend(schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str));
    values.extend(schema.get("const").and_then(Value::as_str));
    if !values.is_empty() && !values.contains(&text) {
        return Some(format!("`{text}` is not possible here; write one of {}", values.join(", ")));
    }
    if schema.get("format").and_then(Value::as_str) == Some("uuid") && uuid::Uuid::parse_str(text).is_err() {
        return Some(format!("`{text}` is not a UUID such as 018f3b9e-7a41-4d7f-9f0e-3f6d1c0a9b52"));
    }
    None
}

fn check_integer(number: &serde_json::Number, schema: &Value) -> Option<String> {
    let most = match schema.get("format").and_then(Value::as_str) {
        Some("uint16") => u64::from(u16::MAX),
        _ => u64::from(u32::MAX),
    };
    match number.as_u64() {
        Some(value) if value <= most => None,
        _ => Some(format!("{number} is not a whole number from 0 to {most}")),
    }
}

fn mismatch(expected: &str, actual: &Value) -> String {
    let article = |name: &str| match name {
        "object" => "a mapping",
        "array" => "a list",
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        _ => "nothing",
    };
    let actual_type = match actual {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let hint = match (expected, actual) {
        ("string", Value::Bool(_) | Value::Number(_)) => format!("; put it in quotes: \"{actual}\""),
        ("array", Value::String(text)) => format!("; write [{text}]"),
        ("integer", Value::String(_)) => "; write it without quotes".into(),
        ("boolean", Value::String(_)) => "; write one of the two without quotes".into(),
        _ => String::new(),
    };
    format!("must be {}, not {}{hint}", article(expected), article(actual_type))
}

fn unknown(name: &str, properties: &Map<String, Value>) -> String {
    let camel = camel_case(name);
    let near = properties
        .keys()
        .map(|known| (if *known == camel { 0 } else { distance(&known.to_lowercase(), &name.to_lowercase()) }, known))
        .min()
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4);
    let known = || properties.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    match near {
        Some((_, known)) => format!("there is no field `{name}`; did you mean `{known}`?"),
        None => format!("there is no field `{name}`; remove it, or write one of {}", known()),
    }
}

/// Upstream's own spelling, so that `user_verification` finds `userVerification`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let mut letters = word.chars();
        text + &letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default() + letters.as_str()
    })
}

/// Edit distance of Levenshtein, with one row of memory.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (pair, y) in row.windows(2).zip(&b) {
            let [diagonal, above] = pair else { continue };
            left = (left + 1).min(above + 1).min(diagonal + usize::from(x != *y));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
