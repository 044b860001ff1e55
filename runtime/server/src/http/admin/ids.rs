//! What a text must look like to be an id (`spec/admin-api.md` §1.7).

use uuid::{Uuid, Variant};

/// With or without hyphens, braces and `urn:uuid:`, in any case.
pub(crate) fn lenient(text: &str) -> Option<Uuid> {
    let text = text.strip_prefix("urn:uuid:").unwrap_or(text);
    let text = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    Uuid::try_parse(text).ok().filter(|_| matches!(text.len(), 32 | 36))
}

/// The canonical form, in any case.
pub(crate) fn any(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}

/// The canonical form of a version 4, in lower case.
pub(crate) fn v4(text: &str) -> Option<Uuid> {
    let is_v4 = |uuid: &Uuid| uuid.get_version_num() == 4 && uuid.get_variant() == Variant::RFC4122;
    any(text).filter(|uuid| is_v4(uuid) && !text.bytes().any(|byte| byte.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_accepts_its_own_forms() {
        for (text, forms) in [
            ("f2882293-f1d6-4a9d-91a2-b3b28f6a4c50", "lenient any v4"),
            ("F2882293-F1D6-4A9D-91A2-B3B28F6A4C50", "lenient any"),
            ("f2882293-f1d6-1a9d-91a2-b3b28f6a4c50", "lenient any"),
            ("f2882293-f1d6-4a9d-c1a2-b3b28f6a4c50", "lenient any"),
            ("00000000-0000-0000-0000-000000000000", "lenient any"),
            ("f2882293f1d64a9d91a2b3b28f6a4c50", "lenient"),
            ("{f2882293-f1d6-4a9d-91a2-b3b28f6a4c50}", "lenient"),
            ("{f2882293f1d64a9d91a2b3b28f6a4c50}", "lenient"),
            ("urn:uuid:f2882293-f1d6-4a9d-91a2-b3b28f6a4c50", "lenient"),
            ("urn:uuid:f2882293f1d64a9d91a2b3b28f6a4c50", "lenient"),
            ("{f2882293-f1d6-4a9d-91a2-b3b28f6a4c50", ""),
            ("f2882293-f1d6-4a9d-91a2-b3b28f6a4c5", ""),
            ("f2882293-f1d6-4a9d-91a2-b3b28f6a4c5g", ""),
            (" f2882293-f1d6-4a9d-91a2-b3b28f6a4c50", ""),
            ("", ""),
        ] {
            let checks = [("lenient", lenient(text)), ("any", any(text)), ("v4", v4(text))];
            let accepted: Vec<&str> = checks.iter().filter(|(_, id)| id.is_some()).map(|(name, _)| *name).collect();
            assert_eq!(accepted.join(" "), forms, "{text}");
        }
    }
}
