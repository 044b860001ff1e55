//! Whether a live object already is what it should be. Only what we want is compared: what the API server defaulted and what
//! others added is theirs.

use serde_json::Value;

use super::quantity;

/// Lists whose elements belong to whoever wrote them, with the fields that identify an element (`x-kubernetes-list-map-keys`
/// of the API). Every other list is one value: an element more is a change.
const MAPS: &[(&str, &[&str])] = &[
    ("metadata.ownerReferences", &["uid"]),
    ("spec.ports", &["port", "protocol"]),
    ("spec.template.spec.containers", &["name"]),
    ("spec.template.spec.containers.ports", &["containerPort", "protocol"]),
    ("spec.template.spec.containers.volumeMounts", &["mountPath"]),
    ("spec.template.spec.topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("spec.template.spec.volumes", &["name"]),
];

/// Path of the first wanted field that the live object does not have, `None` when it has all. The kind is not compared: the
/// elements of a list do not say it.
pub(super) fn difference(wanted: &Value, live: &Value) -> Option<String> {
    let mut wanted = wanted.clone();
    if let Some(fields) = wanted.as_object_mut() {
        fields.retain(|field, _| field != "apiVersion" && field != "kind");
    }
    compare(&wanted, live, &mut Vec::new()).err()
}

fn compare<'a>(wanted: &'a Value, live: &Value, path: &mut Vec<&'a str>) -> Result<(), String> {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => {
            for (key, value) in wanted {
                path.push(key);
                compare(value, live.get(key).unwrap_or(&Value::Null), path)?;
                path.pop();
            }
            Ok(())
        }
        (Value::Array(wanted), Value::Array(live)) => compare_lists(wanted, live, path),
        // The API server drops what is empty.
        (wanted, Value::Null) if is_empty(wanted) => Ok(()),
        (Value::String(wanted), Value::String(live)) if is_quantity(path) && same_quantity(wanted, live) => Ok(()),
        (wanted, live) if wanted == live => Ok(()),
        _ => Err(path.join(".")),
    }
}

fn compare_lists<'a>(wanted: &'a [Value], live: &[Value], path: &mut Vec<&'a str>) -> Result<(), String> {
    let here = path.join(".");
    if let Some((_, keys)) = MAPS.iter().find(|(list, _)| *list == here) {
        for element in wanted {
            let same = |other: &&Value| keys.iter().all(|key| element.get(key) == other.get(key));
            compare(element, live.iter().find(same).unwrap_or(&Value::Null), path)?;
        }
        return Ok(());
    }
    if wanted.len() != live.len() {
        return Err(here);
    }
    wanted.iter().zip(live).try_for_each(|(wanted, live)| compare(wanted, live, path))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn is_quantity(path: &[&str]) -> bool {
    path.iter().any(|part| matches!(*part, "requests" | "limits" | "sizeLimit"))
}

fn same_quantity(a: &str, b: &str) -> bool {
    matches!((quantity::nano(a), quantity::nano(b)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z0-9]{0,4}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// What was applied and came back with more in it needs no second write.
        #[test]
        fn an_applied_object_has_no_difference(wanted in any_value(), foreign in any_value()) {
            prop_assert_eq!(difference(&wanted, &wanted), None);
            let mut live = wanted.clone();
            if let Some(fields) = live.as_object_mut() {
                fields.insert("foreign".to_owned(), foreign);
            }
            prop_assert_eq!(difference(&wanted, &live), None);
        }

        #[test]
        fn a_changed_field_is_always_seen(wanted in any_value(), a in any::<i64>(), b in any::<i64>()) {
            prop_assume!(a != b);
            let with = |n: i64| json!({"rest": wanted, "spec": {"n": n}});
            prop_assert_eq!(difference(&with(a), &with(b)), Some("spec.n".to_owned()));
        }
    }

    fn container(image: &str) -> Value {
        json!({"name": "runtime", "image": image, "args": ["serve", "x"],
               "ports": [{"name": "public", "containerPort": 8000, "protocol": "TCP"}]})
    }

    fn deployment(containers: &[Value]) -> Value {
        json!({"spec": {"template": {"spec": {"containers": containers}}}})
    }

    #[test]
    fn defaults_and_foreign_fields_are_no_difference() {
        let live = json!({"metadata": {"labels": {"ours": "1", "theirs": "2"}, "uid": "x"}, "spec": {"a": 1, "defaulted": true},
                          "status": {}});
        assert_eq!(difference(&json!({"metadata": {"labels": {"ours": "1"}}, "spec": {"a": 1}}), &live), None);
    }

    #[test]
    fn a_changed_or_removed_value_is_named_by_its_path() {
        let wanted = json!({"spec": {"a": {"b": 1}, "c": 2}});
        assert_eq!(difference(&wanted, &json!({"spec": {"a": {"b": 9}, "c": 2}})).as_deref(), Some("spec.a.b"));
        assert_eq!(difference(&wanted, &json!({"spec": {"a": {"b": 1}}})).as_deref(), Some("spec.c"));
    }

    #[test]
    fn a_foreign_side_car_is_left_alone_and_ours_is_still_compared() {
        let sidecar = json!({"name": "proxy", "image": "p"});
        let wanted = deployment(&[container("a")]);
        assert_eq!(difference(&wanted, &deployment(&[sidecar.clone(), container("a")])), None);
        assert_eq!(
            difference(&wanted, &deployment(&[sidecar, container("b")])).as_deref(),
            Some("spec.template.spec.containers.image")
        );
    }

    #[test]
    fn an_element_more_in_a_list_that_is_one_value_is_a_difference() {
        let wanted = json!({"spec": {"rules": [{"host": "a"}]}});
        assert_eq!(difference(&wanted, &json!({"spec": {"rules": [{"host": "a", "defaulted": 1}]}})), None);
        let live = json!({"spec": {"rules": [{"host": "a"}, {"host": "evil"}]}});
        assert_eq!(difference(&wanted, &live).as_deref(), Some("spec.rules"));
    }

    #[test]
    fn the_order_of_arguments_matters() {
        let mut live = container("a");
        live["args"] = json!(["x", "serve"]);
        assert!(difference(&deployment(&[container("a")]), &deployment(&[live])).is_some());
    }

    #[test]
    fn quantities_are_compared_by_value() {
        let with = |memory: &str| json!({"spec": {"resources": {"limits": {"memory": memory}}}});
        assert_eq!(difference(&with("0.5Gi"), &with("512Mi")), None);
        assert!(difference(&with("0.5Gi"), &with("513Mi")).is_some());
    }

    #[test]
    fn an_object_of_a_list_does_not_say_its_kind() {
        assert_eq!(difference(&json!({"apiVersion": "v1", "kind": "Service", "spec": {}}), &json!({"spec": {}})), None);
    }

    #[test]
    fn what_is_empty_may_be_missing() {
        assert_eq!(difference(&json!({"spec": {"podSelector": {}, "list": []}}), &json!({"spec": {}})), None);
    }
}
