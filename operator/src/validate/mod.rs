//! Step 2: a resource and what it refers to become a [`ValidatedProject`], or the reason why not. Pure.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use hanko_model::{
    names::child_name,
    project::{Database, Project},
    render::{ACKNOWLEDGE_ANNOTATION, render},
    revision::{document_revision, secrets_revision},
    secrets::{MASTER_KEY_ID, is_master_key_id},
};
use k8s_openapi::jiff::Timestamp;

use crate::{
    admin_key::{self, Plan},
    claims::TakenHost,
    dereference::{References, SecretEntries},
    labels::{ROTATE_ADMIN_KEY, project_label},
};

/// What the operator knows beside the project.
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    /// Image of the tenants' pods.
    pub(crate) runtime_image: String,
    /// Where the operator runs; its pods may reach the admin port.
    pub(crate) namespace: String,
}

/// The identity of the resource, for owner references and events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Identity {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
}

/// A project that can be built: every reference is there, and no other project has its hosts.
#[derive(Debug)]
pub(crate) struct ValidatedProject {
    pub(crate) identity: Identity,
    pub(crate) project: Project,
    pub(crate) names: Names,
    /// Value of the label that selects everything of this project.
    pub(crate) label: String,
    /// The document for the ConfigMap.
    pub(crate) document: String,
    pub(crate) document_revision: String,
    pub(crate) secrets_revision: String,
    /// Changes exactly when running pods have to be replaced for what no reload can change.
    pub(crate) restart_revision: String,
    /// Id of the master key that seals new values.
    pub(crate) master_key_id: String,
    /// A master key to be created with its Secret, when there is none yet.
    pub(crate) new_key: Option<MasterKey>,
    /// What becomes of the generated key of the Admin API.
    pub(crate) admin_key: Plan,
    pub(crate) installation: Installation,
}

/// Names of the project's objects. For ever.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// Deployment, ServiceAccount, NetworkPolicy, PodDisruptionBudget.
    pub(crate) runtime: String,
    /// ConfigMap.
    pub(crate) config: String,
    /// Claim.
    pub(crate) data: String,
    /// Public Service and Ingress.
    pub(crate) public: String,
    /// Admin Service.
    pub(crate) admin: String,
    /// Secret with the master keys, unless the author named another.
    pub(crate) keys: String,
    /// Secret with the generated key of the Admin API.
    pub(crate) admin_key: String,
}

impl Names {
    pub(crate) fn of(project: &str) -> Self {
        Self {
            runtime: child_name(project, "runtime"),
            config: child_name(project, "config"),
            data: child_name(project, "data"),
            public: child_name(project, "public"),
            admin: child_name(project, "admin"),
            keys: child_name(project, "keys"),
            admin_key: child_name(project, "admin-key"),
        }
    }

    /// Whether a Secret of this name is one that we make.
    pub(crate) fn are_of_secret(&self, name: &str) -> bool {
        [&self.keys, &self.admin_key].into_iter().any(|ours| ours == name)
    }
}

/// A master key: its id and its 32 bytes.
pub(crate) struct MasterKey {
    pub(crate) id: String,
    pub(crate) bytes: [u8; 32],
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MasterKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a project cannot be built. The running tenant is left as it is.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The document itself.
    #[error("{0}")]
    Invalid(String),
    #[error("spec.hosts: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    HostConflict(Vec<TakenHost>),
    #[error("Secret {0} does not exist in this namespace; create it")]
    SecretMissing(String),
    #[error("Secret {secret} has no key {key}; add it or change the reference")]
    SecretKeyMissing { secret: String, key: String },
    #[error(
        "Secret {0}, where the key of the Admin API belongs, exists and is not managed by this operator; delete or rename it, or write \
         spec.adminApi.generatedKey.enabled: false"
    )]
    AdminKeyForeign(String),
    #[error("Secret {secret}, {reason}")]
    MasterKeyInvalid { secret: String, reason: String },
    #[error(
        "Secret {secret} with the master keys is gone; the tenant keeps running on what it has loaded. Restore the Secret. Only if \
         that is impossible, accept that everything it protects is lost by the annotation {annotation} with the id of a \
         new key, such as {suggestion}, as its value"
    )]
    MasterKeyMissing { secret: String, annotation: &'static str, suggestion: String },
}

impl Refusal {
    /// CamelCase reason for conditions and events.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "Invalid",
            Self::HostConflict(_) => "HostConflict",
            Self::SecretMissing(_) => "SecretMissing",
            Self::SecretKeyMissing { .. } => "SecretKeyMissing",
            Self::AdminKeyForeign(_) => "NameTaken",
            Self::MasterKeyInvalid { .. } => "MasterKeyInvalid",
            Self::MasterKeyMissing { .. } => "MasterKeyMissing",
        }
    }

    /// Whether the document is at fault rather than what it refers to.
    pub(crate) fn is_of_document(&self) -> bool {
        matches!(self, Self::Invalid(_) | Self::HostConflict(_))
    }
}

/// Random bytes for keys, each used only when that key has to be made.
pub(crate) struct Fresh {
    pub(crate) master_key: [u8; 32],
    pub(crate) admin_key: [u8; 32],
}

/// Checks everything.
pub(crate) fn validate(
    identity: Identity,
    references: References,
    installation: Installation,
    fresh: &Fresh,
    now: Timestamp,
) -> Result<ValidatedProject, Refusal> {
    let (document, project) = references.project.map_err(|problems| {
        Refusal::Invalid(problems.0.iter().map(|p| format!("{}: {}", p.path, p.message)).collect::<Vec<_>>().join("\n"))
    })?;
    if !references.taken_hosts.is_empty() {
        return Err(Refusal::HostConflict(references.taken_hosts));
    }
    let entries = referenced(&project, &references.secrets)?;
    let (keys, new_key) =
        master_keys(&project, references.master_keys.as_ref(), &references.last_key, fresh.master_key)?;
    let rotation = document.annotations.get(ROTATE_ADMIN_KEY);
    let found = references.admin_key.as_ref();
    let admin_key = admin_key::plan(&project.admin_api, found, rotation, &identity, &fresh.admin_key, now)?;
    let generated = generated(&project, &admin_key);
    let newest = keys.last().ok_or_else(|| Refusal::MasterKeyInvalid {
        secret: project.keys.master_key_secret.clone(),
        reason: "it has no entry; add one".to_owned(),
    })?;
    let oldest = keys.first().unwrap_or(newest);
    Ok(ValidatedProject {
        names: Names::of(&project.name),
        label: project_label(&project.name),
        document: render(&project, &document, env!("CARGO_PKG_VERSION")),
        document_revision: document_revision(&document),
        secrets_revision: secrets_revision(&newest.bytes, entries.iter().copied().chain(generated)),
        restart_revision: restart_revision(&project, oldest, &entries),
        master_key_id: newest.id.clone(),
        identity,
        project,
        new_key,
        admin_key,
        installation,
    })
}

type Entry<'a> = (&'a str, &'a str, &'a [u8]);

fn referenced<'a>(
    project: &Project,
    secrets: &'a BTreeMap<String, Option<SecretEntries>>,
) -> Result<Vec<Entry<'a>>, Refusal> {
    let mut entries = Vec::new();
    for (name, keys) in project.secret_refs() {
        let Some((name, Some(data))) = secrets.get_key_value(&name) else { return Err(Refusal::SecretMissing(name)) };
        for key in keys {
            let Some((key, value)) = data.0.get_key_value(&key) else {
                return Err(Refusal::SecretKeyMissing { secret: name.clone(), key });
            };
            entries.push((name.as_str(), key.as_str(), value.as_slice()));
        }
    }
    Ok(entries)
}

/// What the pods will read of the generated key of the Admin API.
fn generated<'a>(project: &'a Project, plan: &'a Plan) -> impl Iterator<Item = Entry<'a>> {
    let both = project.admin_api.generated.as_ref().zip(plan.entries.as_ref());
    both.into_iter()
        .flat_map(|(generated, entries)| entries.named().map(|(name, value)| (generated.secret.as_str(), name, value)))
}

/// All master keys sorted by id, and the one that has to be created, if any.
fn master_keys(
    project: &Project,
    found: Option<&SecretEntries>,
    last_key: &Option<String>,
    fresh: [u8; 32],
) -> Result<(Vec<MasterKey>, Option<MasterKey>), Refusal> {
    let secret = &project.keys.master_key_secret;
    if let Some(found) = found {
        return Ok((found.0.iter().map(|(id, value)| parse_key(secret, id, value)).collect::<Result<_, _>>()?, None));
    }
    if project.keys.named {
        return Err(Refusal::SecretMissing(secret.clone()));
    }
    let id = match last_key {
        None => "k1".to_owned(),
        Some(last) => match &project.keys.acknowledged {
            Some(id) if id != last => id.clone(),
            _ => {
                return Err(Refusal::MasterKeyMissing {
                    secret: secret.clone(),
                    annotation: ACKNOWLEDGE_ANNOTATION,
                    suggestion: successor(last),
                });
            }
        },
    };
    let key = || MasterKey { id: id.clone(), bytes: fresh };
    Ok((vec![key()], Some(key())))
}

/// An id that sorts after `last`.
fn successor(last: &str) -> String {
    match last.strip_prefix('k').and_then(|n| n.parse::<u32>().ok()) {
        Some(n) if n < 9 => format!("k{}", n + 1),
        _ => format!("{}-2", last.chars().take(30).collect::<String>()),
    }
}

fn parse_key(secret: &str, id: &str, value: &[u8]) -> Result<MasterKey, Refusal> {
    let invalid = |reason: String| Refusal::MasterKeyInvalid { secret: secret.to_owned(), reason };
    if !is_master_key_id(id) {
        return Err(invalid(format!("entry {id}: the name of a key is {MASTER_KEY_ID}")));
    }
    let text = value.trim_ascii_end();
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| invalid(format!("entry {id}: not the base64 text of exactly 32 bytes")))?;
    Ok(MasterKey { id: id.to_owned(), bytes })
}

/// The kind of database and its URL; the URL only as a MAC under the oldest master key, which outlives rotations.
fn restart_revision(project: &Project, key: &MasterKey, entries: &[Entry<'_>]) -> String {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key.bytes));
    match &project.database {
        Database::Sqlite { .. } => mac.update(b"sqlite"),
        Database::Postgres { url_ref, .. } => {
            mac.update(b"postgres ");
            let url = entries.iter().find(|(name, key, _)| *name == url_ref.name && *key == url_ref.key);
            mac.update(url.map(|(_, _, value)| value.trim_ascii_end()).unwrap_or_default());
        }
    }
    mac.sign().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(crate) mod tests;
