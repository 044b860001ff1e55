//! Claims of the tenant's own.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{fields::child, problem::Findings, spec::JwtTemplateSpec};

const MOST: usize = 64;
const LONGEST_NAME: usize = 128;
const DEEPEST: usize = 8;
/// As JSON.
const LARGEST: usize = 16 * 1024;

/// What a token says whatever the template (RFC 7519 §4.1, `spec/sessions-and-public-rest.md` §3.2).
const RESERVED: [&str; 13] =
    ["sub", "iat", "exp", "nbf", "aud", "iss", "email", "username", "session_id", "amr", "auth_time", "acr", "jti"];

/// Whether the templates can be evaluated is for the crate to say that evaluates them.
pub(super) fn resolve(spec: &JwtTemplateSpec, findings: &mut Findings) -> BTreeMap<String, Value> {
    let path = "spec.settings.session.jwtTemplate.claims";
    let claims = &spec.claims;
    if claims.len() > MOST {
        findings.add(path, format!("has {} claims; write at most {MOST}: every request carries them", claims.len()));
    }
    let size = serde_json::to_vec(claims).map_or(usize::MAX, |json| json.len());
    if size > LARGEST {
        findings.add(path, format!("is {size} bytes of JSON; write at most {LARGEST}: every request carries it"));
    }
    for (name, value) in claims {
        let length = name.chars().count();
        if !(1..=LONGEST_NAME).contains(&length) {
            findings.add(path, format!("has a name of {length} characters; write 1 to {LONGEST_NAME}"));
            continue;
        }
        let path = child(path, name);
        if RESERVED.contains(&&**name) {
            findings.add(&*path, "the server sets this claim itself; write another name");
        }
        if depth(value) > DEEPEST {
            findings.add(path, format!("is nested deeper than {DEEPEST} lists or mappings; write it flatter"));
        }
    }
    claims.clone()
}

/// Of lists and mappings. What reads a document stops long before this would.
pub(super) fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + deepest.unwrap_or(0)
}
