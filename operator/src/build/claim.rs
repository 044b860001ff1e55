//! The volume of a SQLite project. Owned by nobody: deleting the project leaves it.

use std::collections::BTreeMap;

use hanko_model::project::Database;
use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements},
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};

use super::{annotations, kept};
use crate::{labels::MASTER_KEY, validate::ValidatedProject};

/// Only called for SQLite; the size of any other project's claim would be the class's minimum.
pub(super) fn claim(project: &ValidatedProject) -> PersistentVolumeClaim {
    let (size, class) = match &project.project.database {
        Database::Sqlite { size, storage_class_name } => (size.clone(), storage_class_name.clone()),
        Database::Postgres { .. } => Default::default(),
    };
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            annotations: Some(annotations([(MASTER_KEY, &project.master_key_id)])),
            ..kept(project, &project.names.data)
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), Quantity(size))])),
                limits: None,
            }),
            storage_class_name: class,
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }
}
