//! What the pod sees as files. Every Secret is a volume of its own and mounted whole, so that the kubelet can exchange it.

use aws_lc_rs::digest::{SHA256, digest};
use k8s_openapi::{
    api::core::v1::{
        ConfigMapVolumeSource, EmptyDirVolumeSource, KeyToPath, PersistentVolumeClaimVolumeSource, SecretVolumeSource,
        Volume, VolumeMount,
    },
    apimachinery::pkg::api::resource::Quantity,
};

use super::on_a_claim;
use crate::validate::ValidatedProject;

pub(super) const PROJECT_DIR: &str = "/etc/hanko/project";
pub(super) const SECRETS_DIR: &str = "/etc/hanko/secrets";
pub(super) const DATA_DIR: &str = "/var/lib/hanko";

/// Readable by the pod's group, which `fsGroup` makes the runtime's.
const SECRET_MODE: i32 = 0o440;

pub(super) fn volumes(project: &ValidatedProject) -> (Vec<Volume>, Vec<VolumeMount>) {
    let mut both = vec![config(project), tmp(), secret(project, &project.project.keys.master_key_secret, None)];
    for (name, keys) in project.project.secret_refs() {
        let items = keys.into_iter().map(|key| KeyToPath { path: key.clone(), key, mode: None }).collect();
        both.push(secret(project, &name, Some(items)));
    }
    if let Some(generated) = &project.project.admin_api.generated {
        both.push(optional(secret(project, &generated.secret, None)));
    }
    if on_a_claim(project) {
        both.push(data(project));
    }
    both.into_iter().unzip()
}

fn config(project: &ValidatedProject) -> (Volume, VolumeMount) {
    let volume = Volume {
        config_map: Some(ConfigMapVolumeSource {
            name: project.names.config.clone(),
            ..ConfigMapVolumeSource::default()
        }),
        ..named("project")
    };
    (volume, mounted("project", PROJECT_DIR, true))
}

fn tmp() -> (Volume, VolumeMount) {
    let empty = EmptyDirVolumeSource { size_limit: Some(Quantity("64Mi".to_owned())), medium: None };
    (Volume { empty_dir: Some(empty), ..named("tmp") }, mounted("tmp", "/tmp", false))
}

fn data(project: &ValidatedProject) -> (Volume, VolumeMount) {
    let claim = PersistentVolumeClaimVolumeSource { claim_name: project.names.data.clone(), read_only: None };
    (Volume { persistent_volume_claim: Some(claim), ..named("data") }, mounted("data", DATA_DIR, false))
}

fn secret(project: &ValidatedProject, secret: &str, items: Option<Vec<KeyToPath>>) -> (Volume, VolumeMount) {
    let hash = digest(&SHA256, secret.as_bytes());
    let name: String =
        hash.as_ref().iter().take(4).fold("secret-".to_owned(), |name, byte| format!("{name}{byte:02x}"));
    let volume = Volume {
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.to_owned()),
            items,
            default_mode: Some(SECRET_MODE),
            optional: None,
        }),
        ..named(&name)
    };
    let path = format!("{SECRETS_DIR}/{}/{secret}", project.identity.namespace);
    (volume, mounted(&name, &path, true))
}

/// A pod starts without it.
fn optional((mut volume, mount): (Volume, VolumeMount)) -> (Volume, VolumeMount) {
    if let Some(secret) = &mut volume.secret {
        secret.optional = Some(true);
    }
    (volume, mount)
}

fn named(name: &str) -> Volume {
    Volume { name: name.to_owned(), ..Volume::default() }
}

fn mounted(name: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    }
}
