//! The rendered document. Pods reload it; a change of it replaces no pod.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::owned;
use crate::validate::ValidatedProject;

/// The file in the pod's project folder.
const FILE: &str = "project.yaml";

pub(super) fn config_map(project: &ValidatedProject) -> ConfigMap {
    ConfigMap {
        metadata: owned(project, &project.names.config),
        data: Some(BTreeMap::from([(FILE.to_owned(), project.document.clone())])),
        ..ConfigMap::default()
    }
}
