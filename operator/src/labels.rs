//! Labels and annotations of everything the operator makes. They are for ever: selectors are immutable.

use std::collections::BTreeMap;

use hanko_model::names::child_name;
use kube::ResourceExt;

/// The one field manager of every write.
pub(crate) const MANAGER: &str = "hanko-operator";

/// Label that selects everything of one project within its namespace.
pub(crate) const PROJECT: &str = "hanko-operator.dev/project";

/// Label of everything the operator manages.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Annotation with the hash of what was applied: a live object with this hash and these values needs no write.
pub(crate) const APPLIED: &str = "hanko-operator.dev/applied";

/// Annotation with the id of the newest master key the pods know.
pub(crate) const MASTER_KEY: &str = "hanko-operator.dev/master-key";

/// Annotation of the pod template: changes exactly when pods have to be replaced.
pub(crate) const RESTART: &str = "hanko-operator.dev/restart";

/// Annotation of a project, written by its author: any text; another text asks for another generated key of the Admin API.
pub(crate) const ROTATE_ADMIN_KEY: &str = "hanko-operator.dev/rotate-admin-key";

/// Annotation of the generated key's Secret: the text that asked for the newest key.
pub(crate) const ROTATED_ADMIN_KEY: &str = "hanko-operator.dev/rotated-admin-key";

/// Annotation of the generated key's Secret: when the key before ends.
pub(crate) const PREVIOUS_KEY_UNTIL: &str = "hanko-operator.dev/previous-key-until";

/// Selects what the operator manages.
pub(crate) fn managed() -> String {
    format!("{MANAGED_BY}={MANAGER}")
}

/// The project's name as a label value (at most 63 characters).
pub(crate) fn project_label(name: &str) -> String {
    if name.len() <= 63 { name.to_owned() } else { child_name(name, "project") }
}

/// Labels of every object of a project.
pub(crate) fn labels(project: &str) -> BTreeMap<String, String> {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    BTreeMap::from([
        pair("app.kubernetes.io/name", "hanko-runtime"),
        pair("app.kubernetes.io/instance", project),
        pair("app.kubernetes.io/part-of", "hanko"),
        pair(MANAGED_BY, MANAGER),
        pair(PROJECT, project),
    ])
}

/// Whether the operator made the object for this project.
pub(crate) fn is_of_project<K: ResourceExt>(object: &K, project: &str) -> bool {
    let has = |key: &str, value: &str| object.labels().get(key).is_some_and(|found| found == value);
    has(MANAGED_BY, MANAGER) && has(PROJECT, &project_label(project))
}

/// Selects a project's pods.
pub(crate) fn selector(project: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(PROJECT.to_owned(), project.to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_becomes_a_legal_label_value() {
        assert_eq!(project_label("acme"), "acme");
        assert_eq!(project_label(&"p".repeat(63)), "p".repeat(63));
        assert!(project_label(&"p".repeat(200)).len() <= 63);
        assert_ne!(project_label(&format!("{}a", "p".repeat(200))), project_label(&format!("{}b", "p".repeat(200))));
    }
}
