//! The rules of `spec/admin-api.md` §6.3.

mod laws;
mod schemas;

use serde_json::json;

use super::*;

fn stored(public: &str, private: &str, unsafe_: &str) -> Metadata {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Metadata { public: text(public), private: text(private), unsafe_: text(unsafe_) }
}

fn patched(before: &Metadata, patch: &Value) -> Result<Metadata, MetadataError> {
    apply(before, &Patch::parse(patch).unwrap(), &Schemas::default())
}

/// What a public document becomes.
fn public(before: &str, patch: &str) -> String {
    let patch: Value = serde_json::from_str(patch).unwrap();
    let after = patched(&stored(before, "", ""), &json!({"public_metadata": patch})).unwrap();
    after.public.unwrap_or_default()
}

#[test]
fn the_pinned_examples() {
    let before = stored(r#"{"a":1}"#, r#"{"s":"x","arr":[0,1]}"#, r#"{"o":{"k":1}}"#);
    for (patch, after) in [
        (
            json!({"private_metadata": {"arr": [9], "n": 1}}),
            stored(r#"{"a":1}"#, r#"{"s":"x","arr":[9],"n":1}"#, r#"{"o":{"k":1}}"#),
        ),
        (
            json!({"unsafe_metadata": {"o": {"k": 2}, "n": 1}}),
            stored(r#"{"a":1}"#, r#"{"s":"x","arr":[0,1]}"#, r#"{"o":{"k":2},"n":1}"#),
        ),
        (
            json!({"public_metadata": null, "private_metadata": {"s": null}}),
            stored("", r#"{"arr":[0,1]}"#, r#"{"o":{"k":1}}"#),
        ),
        (json!({"public_metadata": null, "private_metadata": null, "unsafe_metadata": null}), Metadata::default()),
        (Value::Null, Metadata::default()),
        (json!({"unknown_metadata": {"x": 1}}), before.clone()),
        (json!({}), before.clone()),
        (json!({"public_metadata": {}}), before.clone()),
    ] {
        assert_eq!(patched(&before, &patch).unwrap(), after, "{patch}");
    }
}

#[test]
fn the_merge() {
    for (before, patch, after) in [
        // Member by member, however deep; neighbours keep their place.
        (r#"{"a":1,"b":2,"c":3}"#, r#"{"a":null}"#, r#"{"b":2,"c":3}"#),
        (r#"{"a":1,"b":2,"c":3}"#, r#"{"d":4,"b":5}"#, r#"{"a":1,"b":5,"c":3,"d":4}"#),
        (r#"{"a":{"b":{"c":1,"d":2}}}"#, r#"{"a":{"b":{"c":null,"e":3}}}"#, r#"{"a":{"b":{"d":2,"e":3}}}"#),
        (r#"{"a":1}"#, r#"{"nope":null}"#, r#"{"a":1}"#),
        // What was all of it.
        (r#"{"a":1}"#, r#"{"a":null}"#, "{}"),
        ("", r#"{"a":null}"#, "{}"),
        // `{}` is no change, not even of nothing.
        ("", "{}", ""),
        (r#"{"a":1}"#, r#"{"a":{}}"#, r#"{"a":{}}"#),
        (r#"{"a":{"b":1}}"#, r#"{"a":{}}"#, r#"{"a":{"b":1}}"#),
        // Arrays are values.
        (r#"{"a":[1,2]}"#, r#"{"a":[3]}"#, r#"{"a":[3]}"#),
        // Nothing new has members that are null, in arrays neither; elements that are null stay.
        ("", r#"{"a":{"b":null,"c":{"d":null}}}"#, r#"{"a":{"c":{}}}"#),
        ("", r#"{"a":[null,{"b":null,"c":1},[{"d":null}]]}"#, r#"{"a":[null,{"c":1},[{}]]}"#),
        (r#"{"a":1}"#, r#"{"a":{"b":null}}"#, r#"{"a":{}}"#),
        (r#"{"a":[1]}"#, r#"{"a":[{"b":null}]}"#, r#"{"a":[{}]}"#),
        // But for what replaces an object.
        (r#"{"a":{"x":1}}"#, r#"{"a":[{"b":null}]}"#, r#"{"a":[{"b":null}]}"#),
        (r#"{"a":{"x":1}}"#, r#"{"a":"text"}"#, r#"{"a":"text"}"#),
        // A document that somebody has set to JSON's null is none.
        ("null", r#"{"a":1}"#, r#"{"a":1}"#),
        // Values keep what they are worth.
        (
            r#"{"f":0.1234567890123456789,"i":18446744073709551615}"#,
            r#"{"a":1}"#,
            r#"{"f":0.12345678901234568,"i":18446744073709551615,"a":1}"#,
        ),
        (r#"{ "a" : 1.50 }"#, r#"{"b":"é\u0001\n"}"#, "{\"a\":1.5,\"b\":\"é\\u0001\\n\"}"),
    ] {
        assert_eq!(public(before, patch), after, "{before} + {patch}");
    }
}

#[test]
fn what_is_no_patch() {
    for value in [json!("x"), json!(1), json!(true), json!([{}])] {
        assert_eq!(Patch::parse(&value), Err(PatchError::Shape), "{value}");
    }
    assert_eq!(PatchError::Shape.to_string(), "patch metadata must be null or object");
    for value in [json!("x"), json!(1), json!(false), json!([])] {
        let refused = Patch::parse(&json!({"public_metadata": {}, "private_metadata": value})).unwrap_err();
        assert_eq!(refused.to_string(), "private_metadata must be an object or null", "{value}");
    }
}

#[test]
fn a_document_has_at_most_3000_characters_as_it_is_stored() {
    // {"k":"…"} has eight characters of its own.
    for (value, fits) in [
        ("é".repeat(2992), true),
        ("é".repeat(2993), false),
        ("<".repeat(498), true),
        ("&".repeat(499), false),
        ("\"".repeat(1496), true),
        ("\n".repeat(1497), false),
    ] {
        let after = patched(&Metadata::default(), &json!({"unsafe_metadata": {"k": value}}));
        assert_eq!(after.is_ok(), fits, "{}", value.chars().count());
    }
    assert_eq!(public("", r#"{"<b>":"&"}"#), r#"{"\u003cb\u003e":"\u0026"}"#);
    // What it was does not count, only what it becomes.
    let long = json!({"k": "x".repeat(2992)}).to_string();
    assert_eq!(public(&long, r#"{"k":"y","l":1}"#), r#"{"k":"y","l":1}"#);
}

#[test]
fn every_document_that_is_too_long_is_named_and_nothing_is_changed() {
    let long = json!({"k": "x".repeat(3000)});
    let refused = patched(&Metadata::default(), &json!({"public_metadata": long, "private_metadata": {"a": 1}}));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "metadata limit exceeded: public metadata must not exceed 3000 characters"
    );
    let refused = patched(&Metadata::default(), &json!({"public_metadata": long, "unsafe_metadata": long}));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "metadata limit exceeded: public metadata must not exceed 3000 characters, \
         unsafe metadata must not exceed 3000 characters"
    );
}

#[test]
fn a_document_that_is_not_touched_is_not_judged() {
    let before = stored(&format!("{{\"k\":\"{}\"}}", "x".repeat(4000)), "[1]", "");
    let after = patched(&before, &json!({"public_metadata": {}, "unsafe_metadata": {"a": 1}})).unwrap();
    assert_eq!(after, Metadata { unsafe_: Some(r#"{"a":1}"#.to_owned()), ..before });
}

#[test]
fn what_is_stored_and_cannot_be_read_is_not_overwritten() {
    for text in ["[1]", "\"x\"", "{\"a\":", ""] {
        let before = Metadata { private: Some(text.to_owned()), ..Metadata::default() };
        let refused = patched(&before, &json!({"private_metadata": {"a": 1}})).unwrap_err();
        assert!(matches!(refused, MetadataError::Stored { category: Category::Private, .. }), "{text}");
        assert_eq!(patched(&before, &json!({"private_metadata": null})).unwrap(), Metadata::default());
    }
}
