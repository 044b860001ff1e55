//! Step 1: the only reads of other objects. Secrets one by one and by name (there is no cache of Secrets); other projects and
//! the project's own objects from the watch caches.

use std::collections::BTreeMap;

use hanko_model::{
    Problems,
    document::Document,
    project::{Database, Project},
};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{PersistentVolumeClaim, Secret},
};
use kube::{Api, Client, ResourceExt, core::DynamicObject};

use crate::{
    apply::explain,
    cache::Caches,
    claims::{Claimant, TakenHost, normal, taken},
    labels::MASTER_KEY,
    resource,
    validate::Names,
};

/// Everything a project refers to, as it is now.
pub(crate) struct References {
    /// What the document means, or what is wrong with it.
    pub(crate) project: Result<(Document, Project), Problems>,
    /// Hosts other projects have.
    pub(crate) taken_hosts: Vec<TakenHost>,
    /// Secrets by name; `None`: it does not exist.
    pub(crate) secrets: BTreeMap<String, Option<SecretEntries>>,
    /// The Secret with the master keys.
    pub(crate) master_keys: Option<SecretEntries>,
    /// The Secret with the generated key of the Admin API.
    pub(crate) admin_key: Option<Secret>,
    /// Id of the newest master key that data may be sealed with; `None`: there cannot be any data yet.
    pub(crate) last_key: Option<String>,
}

/// The entries of a Secret. Never printed.
pub(crate) struct SecretEntries(pub(crate) BTreeMap<String, Vec<u8>>);

/// The API server did not answer a read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read Secret {name}: {}", explain(.source))]
pub(crate) struct Error {
    name: String,
    source: kube::Error,
}

impl Error {
    /// Whether the answer will be the same until somebody grants the permission.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(&self.source, kube::Error::Api(status) if status.code == 403)
    }
}

/// Reads what `document` refers to.
///
/// # Errors
///
/// When the API server cannot be asked; a missing Secret is an answer.
pub(crate) async fn dereference(
    client: &Client,
    caches: &Caches,
    object: &DynamicObject,
    document: Result<Document, Problems>,
) -> Result<References, Error> {
    let project = document.and_then(|document| {
        let project = hanko_model::resolve(&document)?;
        Ok((document, project))
    });
    let mut references = References {
        project,
        taken_hosts: Vec::new(),
        secrets: BTreeMap::new(),
        master_keys: None,
        admin_key: None,
        last_key: None,
    };
    let Ok((_, project)) = &references.project else { return Ok(references) };
    references.last_key = last_key(caches, object, project);
    references.taken_hosts = taken_hosts(caches, object, project);
    if !references.taken_hosts.is_empty() {
        return Ok(references);
    }
    let api = Api::<Secret>::namespaced(client.clone(), &project.namespace);
    for name in project.secret_refs().into_keys() {
        let entries = read(&api, &name).await?;
        references.secrets.insert(name, entries);
    }
    references.master_keys = read(&api, &project.keys.master_key_secret).await?;
    references.admin_key = get(&api, &Names::of(&project.name).admin_key).await?;
    Ok(references)
}

async fn get(api: &Api<Secret>, name: &str) -> Result<Option<Secret>, Error> {
    api.get_opt(name).await.map_err(|source| Error { name: name.to_owned(), source })
}

async fn read(api: &Api<Secret>, name: &str) -> Result<Option<SecretEntries>, Error> {
    let secret = get(api, name).await?;
    Ok(secret.map(|secret| {
        SecretEntries(secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect())
    }))
}

fn taken_hosts(caches: &Caches, object: &DynamicObject, project: &Project) -> Vec<TakenHost> {
    let me = Claimant { wants: project.hosts.clone(), ..claimant(object) };
    let others: Vec<_> = caches.projects().filter(|other| other.uid() != object.uid()).collect();
    taken(&me, &others.iter().map(|other| claimant(other)).collect::<Vec<_>>())
}

fn claimant(object: &DynamicObject) -> Claimant {
    let hosts = |path| {
        let hosts = object.data.pointer(path).and_then(|hosts| hosts.as_array()).into_iter().flatten();
        hosts.filter_map(|host| normal(host.as_str()?)).collect()
    };
    Claimant {
        project: format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any()),
        created: object.metadata.creation_timestamp.as_ref().map(|time| time.0),
        wants: hosts("/spec/hosts"),
        serves: hosts("/status/hosts"),
    }
}

/// Data may exist while its claim does; with a database elsewhere, as soon as the project was programmed once.
fn last_key(caches: &Caches, object: &DynamicObject, project: &Project) -> Option<String> {
    let names = Names::of(&project.name);
    let deployment = caches.live(&resource::of::<Deployment>(), &project.namespace, &names.runtime);
    let claim = caches.live(&resource::of::<PersistentVolumeClaim>(), &project.namespace, &names.data);
    let exists = match project.database {
        Database::Sqlite { .. } => claim.is_some(),
        Database::Postgres { .. } => object.data.pointer("/status/tenantId").is_some(),
    };
    let noted = [deployment, claim].into_iter().flatten().find_map(|live| live.annotations().get(MASTER_KEY).cloned());
    exists.then(|| noted.unwrap_or_else(|| "k1".to_owned()))
}
