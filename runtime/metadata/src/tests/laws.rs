//! What holds for every document and every patch.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::merge::merge;

/// Few names, so that documents and patches meet.
fn value(depth: u32) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        2 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => (0..3_i64).prop_map(Value::from),
        1 => "[a-c<&é\"]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(depth, 24, 4, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            3 => members(inner).prop_map(Value::from),
        ]
    })
    .boxed()
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::vec(("[a-d]", value), 0..5).prop_map(|members| members.into_iter().collect())
}

fn document() -> impl Strategy<Value = Map<String, Value>> {
    members(value(3))
}

fn merged(document: &Map<String, Value>, patch: &Map<String, Value>) -> Map<String, Value> {
    let mut after = document.clone();
    merge(&mut after, patch);
    after
}

fn without_arrays(value: &Value) -> Value {
    match value {
        Value::Array(_) => json!(0),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), without_arrays(value))).collect::<Map<_, _>>().into()
        }
        plain => plain.clone(),
    }
}

fn plain(document: Map<String, Value>) -> Map<String, Value> {
    document.into_iter().map(|(name, value)| (name, without_arrays(&value))).collect()
}

proptest! {
    #[test]
    fn without_arrays_it_is_rfc_7396(document in document().prop_map(plain), patch in document().prop_map(plain)) {
        let mut expected = Value::Object(document.clone());
        json_patch::merge(&mut expected, &Value::Object(patch.clone()));
        prop_assert_eq!(Value::Object(merged(&document, &patch)), expected);
    }

    #[test]
    fn a_patch_that_comes_again_changes_nothing_more(document in document(), patch in document()) {
        // An array that replaces an object keeps its nulls until it comes again.
        let once = merged(&document, &patch);
        let twice = merged(&once, &patch);
        prop_assert_eq!(&merged(&twice, &patch), &twice);
        let patch = plain(patch);
        let once = merged(&document, &patch);
        prop_assert_eq!(serde_json::to_string(&merged(&once, &patch)).unwrap(), serde_json::to_string(&once).unwrap());
    }

    #[test]
    fn what_is_named_becomes_what_was_said_and_the_rest_stays_in_its_order(document in document(), patch in document()) {
        let after = merged(&document, &patch);
        for (name, change) in &patch {
            prop_assert_eq!(after.get(name).is_none(), change.is_null());
            if !change.is_null() && !change.is_object() && !change.is_array() {
                prop_assert_eq!(after.get(name), Some(change));
            }
        }
        for (name, value) in document.iter().filter(|(name, _)| !patch.contains_key(*name)) {
            prop_assert_eq!(after.get(name), Some(value));
        }
        let old = document.keys().filter(|name| after.contains_key(*name));
        let new = patch.keys().filter(|name| !document.contains_key(*name) && after.contains_key(*name));
        prop_assert_eq!(after.keys().collect::<Vec<_>>(), old.chain(new).collect::<Vec<_>>());
    }

    #[test]
    fn patches_of_different_members_may_come_in_any_order(document in document(), one in document(), two in document()) {
        let named = |patch: Map<String, Value>, of: [&str; 2]| -> Map<String, Value> {
            patch.into_iter().filter(|(name, _)| of.contains(&name.as_str())).collect()
        };
        let (one, two) = (named(one, ["a", "b"]), named(two, ["c", "d"]));
        prop_assert_eq!(merged(&merged(&document, &one), &two), merged(&merged(&document, &two), &one));
        let both: Map<String, Value> = one.clone().into_iter().chain(two.clone()).collect();
        prop_assert_eq!(merged(&merged(&document, &one), &two), merged(&document, &both));
    }
}
