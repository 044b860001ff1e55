//! The databases of the process: tenants that name the same URL share one pool.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use hanko_domain::{Secret, TenantId};
use hanko_model::project::{Database, Project};
use hanko_store::{DatabaseUrl, PoolSize, Store, StoreError};
use tokio::sync::OnceCell;

use crate::config::{
    Configuration,
    secrets::{SecretError, text},
};

/// SQLite's pool decides by itself; this is an upper bound.
const SQLITE: PoolSize = PoolSize(4);

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One database and whether its schema is up to date.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) store: Store,
    /// Connections that may be open.
    pub(crate) size: u32,
    migrated: OnceCell<()>,
}

impl Opened {
    /// Migrates once; of several callers one does it.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        self.migrated.get_or_try_init(|| self.store.migrate()).await.map(|_| ())
    }

    /// Whether the schema is known to be up to date.
    pub(crate) fn is_migrated(&self) -> bool {
        self.migrated.initialized()
    }
}

/// Open databases by URL. The URLs may hold passwords, so there is no `Debug`.
#[derive(Default)]
pub(crate) struct Stores(Mutex<HashMap<String, Arc<Opened>>>);

impl Stores {
    /// The database of a configuration; connects when first used.
    pub(crate) fn open(&self, configuration: &Configuration, data: &Path) -> Result<Arc<Opened>, OpenError> {
        let url = url(configuration, data)?;
        let mut stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = stores.get(url.expose()) {
            return Ok(opened.clone());
        }
        let size = match configuration.project.database {
            Database::Sqlite { .. } => SQLITE,
            Database::Postgres { max_connections, .. } => PoolSize(max_connections),
        };
        let store = Store::open(&url.expose().parse::<DatabaseUrl>()?, size)?;
        let opened = Arc::new(Opened { store, size: size.0, migrated: OnceCell::new() });
        stores.insert(url.expose().clone(), opened.clone());
        Ok(opened)
    }

    /// Every open database.
    pub(crate) fn all(&self) -> Vec<Arc<Opened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// The URL of a configuration's database; two are the same database when this is equal.
pub(crate) fn url(configuration: &Configuration, data: &Path) -> Result<Secret<String>, SecretError> {
    match &configuration.project.database {
        Database::Sqlite { .. } => {
            Ok(Secret::new(format!("sqlite:{}", data.join(file_name(&configuration.project)).display())))
        }
        Database::Postgres { url_ref, .. } => text(&configuration.secrets, &url_ref.name, &url_ref.key),
    }
}

fn file_name(project: &Project) -> String {
    format!("{}.db", TenantId(project.tenant_id))
}
