//! The Secret with the first master key. Created once, never applied, owned by nobody.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::{ByteString, api::core::v1::Secret};

use super::kept;
use crate::validate::ValidatedProject;

pub(super) fn key_secret(project: &ValidatedProject) -> Option<Secret> {
    let key = project.new_key.as_ref()?;
    Some(Secret {
        metadata: kept(project, &project.project.keys.master_key_secret),
        data: Some(BTreeMap::from([(key.id.clone(), ByteString(STANDARD.encode(key.bytes).into_bytes()))])),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    })
}
