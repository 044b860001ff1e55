//! The running process's store and keys, for what no endpoint makes yet.

use hanko_domain::{Clock, Random};
use hanko_keys::{MasterKeys, Sealer, SigningKeys};
use hanko_store::{DatabaseUrl, PoolSize, Store, TenantStore};
use serde_json::{Map, Value};

use crate::support::TestApp;

/// The tenant's rows.
pub async fn store(app: &TestApp) -> TenantStore {
    let folder = app.documents().parent().unwrap().join("data");
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|extension| extension == "db")).unwrap();
    // The process holds the lock of its own folder.
    let beside = tempfile::tempdir().unwrap().keep().join("beside.db");
    std::os::unix::fs::symlink(file, &beside).unwrap();
    let store = Store::open(&DatabaseUrl::Sqlite(beside), PoolSize(1)).unwrap();
    store.tenant(app.revision().await["tenants"][0]["tenantId"].as_str().unwrap().parse().unwrap())
}

/// A token of the tenant's own key.
pub async fn sign(app: &TestApp, claims: &Map<String, Value>) -> String {
    let store = store(app).await;
    let key = std::fs::read(app.secrets().join("tenants/acme-keys/k1")).unwrap();
    let master = MasterKeys::from_entries([("k1".to_owned(), key)]).unwrap();
    let sealer = Sealer::new(&master, store.tenant()).unwrap();
    let clock = Clock::manual(app.clock.now());
    let keys = SigningKeys::load_or_create(&store, &sealer, 2048, false, &clock, &Random::system()).await.unwrap();
    keys.sign(claims).unwrap()
}
