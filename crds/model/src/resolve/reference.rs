//! Names of Kubernetes objects and of entries in them. The runtime makes file paths of them, so none may leave its folder.

use crate::{problem::Findings, spec::SecretKeyRef};

/// RFC 1123 subdomain, what names of objects are.
pub(super) fn is_object_name(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// A problem unless `name` can be an object's.
pub(super) fn check_object_name(path: &str, name: &str, findings: &mut Findings) {
    if !is_object_name(name) {
        findings.add(
            path,
            format!(
                "`{name}` is not the name of an object; write lower-case letters, digits, dashes and dots, at most 253"
            ),
        );
    }
}

/// A problem unless `key` can be an entry of a Secret.
pub(super) fn check_key(path: &str, key: &str, findings: &mut Findings) {
    let characters = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if key.is_empty() || key.len() > 253 || !characters || key == "." || key.starts_with("..") {
        findings.add(
            path,
            format!(
                "`{key}` is not a key of a Secret; write letters, digits, `-`, `_` and `.`, not beginning with `..`"
            ),
        );
    }
}

/// Both at once.
pub(super) fn check_ref(path: &str, reference: &SecretKeyRef, findings: &mut Findings) {
    check_object_name(&format!("{path}.name"), &reference.name, findings);
    check_key(&format!("{path}.key"), &reference.key, findings);
}

/// A problem unless `name` can name one of several in a list.
pub(super) fn check_label(path: &str, name: &str, findings: &mut Findings) {
    let characters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !(1..=63).contains(&name.len()) || !characters {
        findings
            .add(path, format!("`{name}` is not a name here; write lower-case letters, digits and dashes, 1 to 63"));
    }
}

/// A problem unless `name` can be the name of an annotation or of a resource: `cpu`, `nginx.ingress.kubernetes.io/rewrite-target`.
pub(super) fn check_qualified_name(path: &str, name: &str, findings: &mut Findings) {
    let (prefix, local) = name.rsplit_once('/').map_or((None, name), |(prefix, local)| (Some(prefix), local));
    let ends = |c: char| c.is_ascii_alphanumeric();
    let characters = local.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !(local.starts_with(ends)
        && local.ends_with(ends)
        && characters
        && local.len() <= 63
        && prefix.is_none_or(is_object_name))
    {
        findings.add(path, format!("`{name}` is not a name here; write one such as `example.com/name` or `name`"));
    }
}
