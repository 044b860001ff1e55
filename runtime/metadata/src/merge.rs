//! How a patch goes into a document (`spec/admin-api.md` §6.3). It is RFC 7396 but for arrays, where the RFC keeps everything:
//! objects inside a new array lose their `null` members, too.

use serde_json::{Map, Value, map::Entry};

/// Existing members keep their place, new ones are appended.
pub(crate) fn merge(document: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, change) in patch {
        if change.is_null() {
            // Its neighbours stay where they are.
            document.shift_remove(name);
            continue;
        }
        match document.entry(name.clone()) {
            Entry::Vacant(place) => drop(place.insert(without_nulls(change))),
            Entry::Occupied(mut place) => match (place.get_mut(), change) {
                (Value::Object(inner), Value::Object(change)) => merge(inner, change),
                // What replaces an object is taken as it is.
                (Value::Object(_), change) => drop(place.insert(change.clone())),
                (_, change) => drop(place.insert(without_nulls(change))),
            },
        }
    }
}

/// Elements of arrays that are `null` stay.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        plain => plain.clone(),
    }
}
