//! The schema and the code agree.

use super::*;

/// The API server refuses by the schema's bounds, a laptop by the code's: they must be the same.
#[test]
fn the_bounds_of_the_schema_are_those_of_the_code() {
    let mut bounded = Vec::new();
    bounds(crate::schema().pointer("/properties/spec").expect("spec"), &mut Vec::new(), &mut bounded);
    assert!(bounded.len() > 10, "{bounded:?}");
    for (path, least, most) in bounded {
        for (value, possible) in [
            (Some(least).filter(|least| *least > 0), true),
            (least.checked_sub(1), false),
            (Some(most), true),
            (most.checked_add(1), false),
        ] {
            let Some(value) = value.filter(|value| u32::try_from(*value).is_ok()) else { continue };
            let mut spec = json!({
                "hosts": ["auth.acme.example"],
                "database": {"postgres": {"urlRef": {"name": "db", "key": "url"}}},
                "mail": {"from": {"address": "a@b.c"}, "smtp": {"host": "a.b"}},
                "settings": {"rateLimiter": {
                    "passwordLimits": {"tokens": 5, "interval": "1m"},
                    "passcodeLimits": {"tokens": 5, "interval": "1m"},
                    "otpLimits": {"tokens": 5, "interval": "1m"},
                    "tokenLimits": {"tokens": 5, "interval": "1m"},
                    "accountLimits": {"tokens": 5, "interval": "1m"},
                    "recipientLimits": {"tokens": 5, "interval": "1m"},
                    "mailClientLimits": {"tokens": 5, "interval": "1m"},
                    "floodLimits": {"tokens": 5, "interval": "1m"},
                }},
            });
            let (last, parents) = path.split_last().expect("a path");
            let parent = parents.iter().fold(&mut spec, |object, name| &mut object[name]);
            parent[last] = json!(value);
            let path = format!("spec.{}", path.join("."));
            let Ok(spec) = serde_json::from_value(spec) else { continue };
            let document = Document { spec, ..document("{hosts: [a.acme.example]}") };
            let refused = resolve(&document).err().unwrap_or_default().0.iter().any(|problem| problem.path == path);
            assert_eq!(!refused, possible, "{path}: {value}");
        }
    }
}

/// Every whole number with bounds of its own; a least of 0 is that of any.
fn bounds(schema: &Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, u64, u64)>) {
    let schema = schema["anyOf"].get(0).unwrap_or(schema);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        path.push(name.clone());
        if let Some(most) = field["maximum"].as_u64() {
            found.push((path.clone(), field["minimum"].as_u64().unwrap_or(0), most));
        }
        bounds(field, path, found);
        path.pop();
    }
}
