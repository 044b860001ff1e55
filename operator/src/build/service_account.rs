//! The runtime talks to no API server: its account has no permission, and no token is mounted.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::owned;
use crate::validate::ValidatedProject;

pub(super) fn service_account(project: &ValidatedProject) -> ServiceAccount {
    ServiceAccount {
        metadata: owned(project, &project.names.runtime),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
