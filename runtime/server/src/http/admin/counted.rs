//! Calls that change nothing and calls that had no right, counted here and written down in few rows, so that no read waits for the
//! database and no stranger fills the audit log.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hanko_domain::{Actor, ApiKeyId, AuditEntry, AuditKind, Random, RequestMeta, TenantId, Timestamp, UserId};
use hanko_store::StoreError;
use http::Method;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{app::App, served::Served};

/// Between two writings.
const EVERY: Duration = Duration::from_secs(10);
/// Users that a row names.
const USERS: usize = 100;
/// A key's last use is written down at most so often.
const USES_EVERY: Duration = Duration::from_secs(60);

/// A call, as far as it is written down.
pub(super) struct Call<'a> {
    pub(super) tenant: TenantId,
    pub(super) method: &'a Method,
    /// The pattern, not the path.
    pub(super) route: &'a str,
    /// Whom it is about.
    pub(super) user: Option<UserId>,
    pub(super) meta: &'a RequestMeta,
}

/// What is counted together. Keys, methods and routes are few.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Sort {
    tenant: TenantId,
    refused: bool,
    key: Option<String>,
    method: Method,
    route: String,
}

#[derive(Debug)]
struct Tally {
    count: u64,
    users: BTreeSet<UserId>,
    /// The circumstances of the first of them.
    first: RequestMeta,
}

/// The counts since the last writing.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    calls: Mutex<HashMap<Sort, Tally>>,
    uses: Mutex<Uses>,
}

/// Uses of keys of the database.
#[derive(Debug, Default)]
struct Uses {
    waiting: HashMap<(TenantId, ApiKeyId), Timestamp>,
    written: HashMap<(TenantId, ApiKeyId), Timestamp>,
}

impl Counted {
    pub(super) fn read(&self, call: &Call<'_>, key: &str) {
        self.add(call, Some(key), false);
    }

    /// `key`: a good one that may not do this.
    pub(super) fn refused(&self, call: &Call<'_>, key: Option<&str>) {
        self.add(call, key, true);
    }

    fn add(&self, call: &Call<'_>, key: Option<&str>, refused: bool) {
        let sort = Sort {
            tenant: call.tenant,
            refused,
            key: key.map(str::to_owned),
            method: call.method.clone(),
            route: call.route.to_owned(),
        };
        let mut calls = lock(&self.calls);
        let tally = calls.entry(sort).or_insert_with(|| Tally::new(call.meta.clone()));
        tally.count += 1;
        if tally.users.len() < USERS {
            tally.users.extend(call.user);
        }
    }

    /// A key of the database was good for a call.
    pub(super) fn used(&self, tenant: TenantId, key: ApiKeyId, now: Timestamp) {
        lock(&self.uses).waiting.insert((tenant, key), now);
    }

    /// What has been counted of a tenant; from here on it counts anew.
    fn take(&self, tenant: TenantId) -> HashMap<Sort, Tally> {
        let mut calls = lock(&self.calls);
        let (own, others) = mem::take(&mut *calls).into_iter().partition(|(sort, _)| sort.tenant == tenant);
        *calls = others;
        own
    }

    /// What could not be written is counted again.
    fn put_back(&self, counts: HashMap<Sort, Tally>) {
        let mut calls = lock(&self.calls);
        for (sort, tally) in counts {
            match calls.get_mut(&sort) {
                Some(newer) => {
                    newer.count += tally.count;
                    newer.users.extend(tally.users);
                    while newer.users.len() > USERS {
                        newer.users.pop_last();
                    }
                    newer.first = tally.first;
                }
                None => drop(calls.insert(sort, tally)),
            }
        }
    }

    /// The uses of a tenant's keys that are to be written now.
    fn due(&self, tenant: TenantId, now: Timestamp) -> Vec<(ApiKeyId, Timestamp)> {
        let mut uses = lock(&self.uses);
        let Uses { waiting, written } = &mut *uses;
        written.retain(|_, at| now.since(*at) < USES_EVERY);
        let due = |of: &(TenantId, ApiKeyId)| of.0 == tenant && !written.contains_key(of);
        let due: Vec<_> = waiting.iter().filter(|(of, _)| due(of)).map(|(of, at)| (*of, *at)).collect();
        for (of, _) in &due {
            waiting.remove(of);
            written.insert(*of, now);
        }
        due.into_iter().map(|((_, key), at)| (key, at)).collect()
    }
}

impl Tally {
    fn new(first: RequestMeta) -> Self {
        Self { count: 0, users: BTreeSet::new(), first }
    }
}

/// Writes down what was counted and which keys were used, every 10 seconds and once more at the end.
pub(crate) async fn write(app: Arc<App>, stop: CancellationToken) {
    loop {
        let ends = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(EVERY) => false,
        };
        for served in app.registry().tenants() {
            note(&app, served).await;
        }
        if ends {
            return;
        }
    }
}

async fn note(app: &App, served: &Served) {
    let counted = &app.counted;
    let tenant = served.tenant.id();
    let counts = counted.take(tenant);
    if !counts.is_empty()
        && let Err(error) = insert(&counts, served, app.random()).await
    {
        warn!(%error, "calls of the Admin API could not be written down yet; they are counted on");
        counted.put_back(counts);
    }
    for (key, at) in counted.due(tenant, served.tenant.clock().now()) {
        if let Err(error) = served.tenant.store().note_api_key_use(key, at).await {
            warn!(%error, "the use of a key of the Admin API could not be noted yet");
            counted.used(tenant, key, at);
        }
    }
}

async fn insert(counts: &HashMap<Sort, Tally>, served: &Served, random: &Random) -> Result<(), StoreError> {
    let (tenant, now) = (&served.tenant, served.tenant.clock().now());
    let mask = tenant.project().settings.audit_mask;
    let mut work = tenant.store().begin().await?;
    for (sort, tally) in counts {
        let kind = if sort.refused { AuditKind::AdminRefused } else { AuditKind::AdminRead };
        let users: Vec<String> = tally.users.iter().map(ToString::to_string).collect();
        let mut entry = AuditEntry::new(kind, Actor::none())
            .with("route", sort.route.as_str())
            .with("method", sort.method.as_str())
            .with("count", tally.count)
            .with("users", users);
        entry.api_key.clone_from(&sort.key);
        hanko_notify::audit::record(&mut work, entry, &tally.first, mask, now, random).await?;
    }
    work.commit().await
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call<'a>(tenant: TenantId, user: Option<UserId>, meta: &'a RequestMeta) -> Call<'a> {
        Call { tenant, method: &Method::GET, route: "/users/{id}", user, meta }
    }

    #[test]
    fn calls_of_one_sort_are_one_row_that_names_at_most_a_hundred_users() {
        let (random, counted) = (Random::system(), Counted::default());
        let (tenant, other) = (TenantId::random(&random), TenantId::random(&random));
        let meta = RequestMeta { id: "first".into(), ..RequestMeta::default() };
        for _ in 0..150 {
            counted.read(&call(tenant, Some(UserId::random(&random)), &meta), "generated");
        }
        counted.refused(&call(tenant, None, &meta), None);
        counted.read(&call(other, None, &meta), "generated");
        let counts = counted.take(tenant);
        let mut rows: Vec<_> =
            counts.iter().map(|(sort, tally)| (sort.refused, tally.count, tally.users.len())).collect();
        rows.sort_unstable();
        assert_eq!(rows, [(false, 150, 100), (true, 1, 0)]);
        assert_eq!((counted.take(tenant).len(), counted.take(other).len()), (0, 1));
    }

    #[test]
    fn what_could_not_be_written_is_not_lost() {
        let (random, counted) = (Random::system(), Counted::default());
        let (tenant, user) = (TenantId::random(&random), UserId::random(&random));
        let (early, late) = (RequestMeta { id: "early".into(), ..RequestMeta::default() }, RequestMeta::default());
        counted.read(&call(tenant, Some(user), &early), "k");
        let counts = counted.take(tenant);
        counted.read(&call(tenant, None, &late), "k");
        counted.put_back(counts);
        let counts = counted.take(tenant);
        let tally = counts.values().next().unwrap();
        assert_eq!((counts.len(), tally.count, tally.users.len(), tally.first.id.as_str()), (1, 2, 1, "early"));
    }

    #[test]
    fn a_keys_use_is_written_at_most_once_a_minute() {
        let (random, counted) = (Random::system(), Counted::default());
        let (tenant, key) = (TenantId::random(&random), ApiKeyId::random(&random));
        let at = Timestamp::from_seconds;
        counted.used(tenant, key, at(1));
        assert_eq!(counted.due(tenant, at(10)), [(key, at(1))]);
        counted.used(tenant, key, at(11));
        assert_eq!(counted.due(tenant, at(20)), []);
        assert_eq!(counted.due(tenant, at(69)), []);
        assert_eq!(counted.due(tenant, at(70)), [(key, at(11))]);
        assert_eq!(counted.due(tenant, at(200)), []);
    }
}
