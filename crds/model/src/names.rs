//! Names of what belongs to a project. They are for ever: a changed rule would orphan volumes and keys.

use aws_lc_rs::digest::{SHA256, digest};

/// Longest name of a child. Room for what Kubernetes appends to it (revision and ordinal labels, at most 63 in all).
pub const LONGEST_CHILD: usize = 52;

/// Name of a child object: `<project>-<role>`, a valid RFC 1035 label, so that it may name any kind of object, a Service too.
///
/// A project's name that does not fit (longer than a label, with dots, or starting with a digit) is made to fit and gets 8 hex
/// digits of a hash, so that two projects never meet in one name. `role` is lower-case letters, perhaps with dashes
/// between; no role ends with a dash and another role.
pub fn child_name(project: &str, role: &str) -> String {
    let plain = format!("{project}-{role}");
    let starts_well = plain.starts_with(|c: char| c.is_ascii_lowercase());
    if plain.len() <= LONGEST_CHILD && !plain.contains('.') && starts_well {
        return plain;
    }
    let hash = hex(digest(&SHA256, format!("{project}/{role}").as_bytes()).as_ref(), 8);
    let room = LONGEST_CHILD.saturating_sub(role.len() + hash.len() + 2);
    let start = if starts_well { "" } else { "p" };
    let base: String =
        start.chars().chain(project.chars()).map(|c| if c == '.' { '-' } else { c }).take(room).collect();
    format!("{}-{role}-{hash}", base.trim_end_matches('-'))
}

/// The first `digits` hex digits of `bytes`.
pub(crate) fn hex(bytes: &[u8], digits: usize) -> String {
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_that_fits_is_readable() {
        assert_eq!(child_name("acme", "config"), "acme-config");
        assert_eq!(child_name(&"p".repeat(45), "config"), format!("{}-config", "p".repeat(45)));
    }

    /// Golden: these names exist on clusters and must never change.
    #[test]
    fn names_are_for_ever() {
        for (project, role, name) in [
            (
                "pppppppppppppppppppppppppppppppppppppppppppppppppppp",
                "config",
                "pppppppppppppppppppppppppppppppppppp-config-c84d8eb4",
            ),
            ("acme.example", "keys", "acme-example-keys-9763ae87"),
            ("7eleven", "data", "p7eleven-data-132d4d29"),
            ("acme", "admin-key", "acme-admin-key"),
            ("acme.example", "admin-key", "acme-example-admin-key-9d911f6c"),
        ] {
            assert_eq!(child_name(project, role), name, "{project} {role}");
        }
    }

    #[test]
    fn dots_and_dashes_are_told_apart() {
        let names =
            ["a.b", "a-b", "a.b.", "7a", "p7a", "a--b", "a-.b"].map(|project| (child_name(project, "keys"), project));
        assert_eq!(BTreeMap::from(names.clone()).len(), names.len());
    }

    proptest! {
        #[test]
        fn every_name_is_a_label(
            project in "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?){0,3}",
            role in "[a-z]{1,8}(-[a-z]{1,7})?",
        ) {
            let name = child_name(&project, &role);
            prop_assert!(name.len() <= LONGEST_CHILD, "{}", name);
            prop_assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{}", name);
            prop_assert!(name.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()), "{}", name);
            prop_assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", name);
        }

        #[test]
        fn two_projects_never_share_a_name(a in "[a-z0-9][-.a-z0-9]{0,70}", b in "[a-z0-9][-.a-z0-9]{0,70}") {
            prop_assume!(a != b);
            prop_assert_ne!(child_name(&a, "keys"), child_name(&b, "keys"));
        }

        #[test]
        fn long_names_with_one_beginning_differ(a in "[a-z0-9]{1,10}", b in "[a-z0-9]{1,10}") {
            prop_assume!(a != b);
            let long = "x".repeat(60);
            prop_assert_ne!(child_name(&format!("{long}{a}"), "data"), child_name(&format!("{long}{b}"), "data"));
        }
    }
}
